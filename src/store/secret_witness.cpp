#include "store/secret_witness.h"

#include <string>

namespace oneclaw::store {

namespace {

// The expressions of the index audit_events_of_secrets (schema_11.h): without them a query would
// walk the table. They find members of `details` by text, which is exact, since AuditLog writes
// them without spaces and within a member's text each quote has a backslash before it.

/// Details of share.access begin with {"secret_id":"….
const std::string kSecretId =
    "(CASE action WHEN 'share.access' THEN substr(details, 15, 36) ELSE resource_id END)";
/// A version and what became of it, as one number that only grows in a secret's life: a version's
/// deletion comes after all else that happens to it.
constexpr std::int64_t kStates = 4;
constexpr std::int64_t kIsDisabled = 1;
constexpr std::int64_t kIsRead = 2;  ///< and counted
constexpr std::int64_t kIsDeleted = 3;
const std::string kState =
    R"((/*postgres: CAST(substring(details FROM '"version":([0-9]{1,18})') AS BIGINT) */)"
    R"(CAST(substr(details, NULLIF(instr(details, '"version":'), 0) + 10) AS INTEGER) /*end*/ * 4)"
    " + CASE action WHEN 'secret.write' THEN 0 WHEN 'secret.rotate' THEN 0 "
    "WHEN 'secret.disable_version' THEN 1 WHEN 'secret.delete' THEN 3 ELSE 2 END)";
const std::string kAccessCount =
    R"((/*postgres: CAST(substring(details FROM '"access_count":([0-9]{1,18})') AS BIGINT) */)"
    R"(CAST(substr(details, NULLIF(instr(details, '"access_count":'), 0) + 15) AS INTEGER) )"
    "/*end*/)";

/// What succeeded and tells of the secret ?1.
const std::string kOfSecret =
    "SELECT 1 FROM audit_events WHERE "
    R"((action = 'secret.write' AND instr(details, '"version":1,') = 0 )"
    "OR action = 'secret.rotate' OR action = 'secret.delete' "
    R"(OR action = 'secret.disable_version' OR instr(details, ',"access_count":') > 0) )"
    R"(AND instr(details, '"outcome":"success"') > 0 AND )" +
    kSecretId + " = ?1";

const std::string kLaterState = kOfSecret + " AND " + kState + " > ?2 LIMIT 1";
const std::string kDisabled = kOfSecret + " AND " + kState + " = ?2 LIMIT 1";
const std::string kLaterAccess =
    kOfSecret + " AND " + kState + " = ?2 AND " + kAccessCount + " > ?3 LIMIT 1";

[[noreturn]] void refuse(std::string_view what) {
  throw Error(Error::Kind::kTampered,
              "a row is older than the audit chain says: " + std::string(what));
}

}  // namespace

void SecretWitness::check(const SecretRow& secret) {
  if (has_later_state(secret)) refuse("secrets");
}

void SecretWitness::check(const VersionRow& version) {
  if (!version.is_disabled && has_disabled(version)) refuse("secret_versions");
  if (version.max_access_count && has_later_access(version)) refuse("secret_versions");
}

std::array<std::string_view, 3> SecretWitness::queries() {
  return {kLaterState, kDisabled, kLaterAccess};
}

bool SecretWitness::has_later_state(const SecretRow& secret) {
  const std::int64_t latest = secret.deleted_at ? kIsDeleted : kIsDeleted - 1;
  auto query = connection_.prepare(kLaterState);
  query.bind(1, secret.id.to_string()).bind(2, kStates * secret.current_version + latest);
  return query.step();
}

bool SecretWitness::has_disabled(const VersionRow& version) {
  auto query = connection_.prepare(kDisabled);
  query.bind(1, version.secret_id.to_string()).bind(2, kStates * version.version + kIsDisabled);
  return query.step();
}

bool SecretWitness::has_later_access(const VersionRow& version) {
  auto query = connection_.prepare(kLaterAccess);
  query.bind(1, version.secret_id.to_string())
      .bind(2, kStates * version.version + kIsRead)
      .bind(3, version.access_count);
  return query.step();
}

}  // namespace oneclaw::store
