// Schema version 11: an index to what the audit chain says of a secret. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

// Events that tell of a secret's state, by the secret, action, version and count of accesses: see
// secret_witness.cpp, whose queries must have these very expressions. Plain reads have no entry.
// IF NOT EXISTS: docs/scaling.md has how to make it before the upgrade.
inline constexpr std::string_view kSchema11 = R"sql(
CREATE INDEX IF NOT EXISTS audit_events_of_secrets ON audit_events (
  (CASE action WHEN 'share.access' THEN substr(details, 15, 36) ELSE resource_id END),
  action,
  (/*postgres: CAST(substring(details FROM '"version":([0-9]{1,18})') AS BIGINT) */
   CAST(substr(details, NULLIF(instr(details, '"version":'), 0) + 10) AS INTEGER) /*end*/),
  (/*postgres: CAST(substring(details FROM '"access_count":([0-9]{1,18})') AS BIGINT) */
   CAST(substr(details, NULLIF(instr(details, '"access_count":'), 0) + 15) AS INTEGER) /*end*/)
) WHERE
  (action IN ('secret.write', 'secret.rotate', 'secret.delete', 'secret.disable_version')
   OR instr(details, ',"access_count":') > 0)
  AND instr(details, '"outcome":"success"') > 0;
)sql";

}  // namespace oneclaw::store
