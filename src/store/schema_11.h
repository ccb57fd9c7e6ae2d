// Schema version 11: an index to what the audit chain says of a secret. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

// Events that tell of a secret's state, by the secret, the state and the count of accesses: see
// secret_witness.cpp, whose queries must have these very expressions. Plain reads have no entry,
// nor has what makes a secret: there is nothing older to put back.
// IF NOT EXISTS: docs/scaling.md has how to make it before the upgrade. OR and not IN: SQLite would
// build the list anew for each insert.
inline constexpr std::string_view kSchema11 = R"sql(
CREATE INDEX IF NOT EXISTS audit_events_of_secrets ON audit_events (
  (CASE action WHEN 'share.access' THEN substr(details, 15, 36) ELSE resource_id END),
  (/*postgres: CAST(substring(details FROM '"version":([0-9]{1,18})') AS BIGINT) */
   CAST(substr(details, NULLIF(instr(details, '"version":'), 0) + 10) AS INTEGER) /*end*/ * 4
   + CASE action WHEN 'secret.write' THEN 0 WHEN 'secret.rotate' THEN 0
                 WHEN 'secret.disable_version' THEN 1 WHEN 'secret.delete' THEN 3 ELSE 2 END),
  (/*postgres: CAST(substring(details FROM '"access_count":([0-9]{1,18})') AS BIGINT) */
   CAST(substr(details, NULLIF(instr(details, '"access_count":'), 0) + 15) AS INTEGER) /*end*/)
) WHERE
  (action = 'secret.write' AND instr(details, '"version":1,') = 0
   OR action = 'secret.rotate' OR action = 'secret.delete' OR action = 'secret.disable_version'
   OR instr(details, ',"access_count":') > 0)
  AND instr(details, '"outcome":"success"') > 0;
)sql";

}  // namespace oneclaw::store
