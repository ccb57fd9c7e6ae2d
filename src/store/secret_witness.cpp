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
const std::string kVersion =
    R"((/*postgres: CAST(substring(details FROM '"version":([0-9]{1,18})') AS BIGINT) */)"
    R"(CAST(substr(details, NULLIF(instr(details, '"version":'), 0) + 10) AS INTEGER) /*end*/))";
const std::string kAccessCount =
    R"((/*postgres: CAST(substring(details FROM '"access_count":([0-9]{1,18})') AS BIGINT) */)"
    R"(CAST(substr(details, NULLIF(instr(details, '"access_count":'), 0) + 15) AS INTEGER) )"
    "/*end*/)";

/// What succeeded and tells of the secret ?1.
const std::string kOfSecret =
    "SELECT 1 FROM audit_events WHERE "
    "(action IN ('secret.write', 'secret.rotate', 'secret.delete', 'secret.disable_version') "
    R"(OR instr(details, ',"access_count":') > 0) )"
    R"(AND instr(details, '"outcome":"success"') > 0 AND )" +
    kSecretId + " = ?1";

const std::string kLaterVersion = "SELECT 1 WHERE EXISTS (" + kOfSecret +
                                  " AND action IN ('secret.write', 'secret.rotate') AND " +
                                  kVersion + " > ?2) OR EXISTS (" + kOfSecret +
                                  " AND action = 'secret.delete' AND " + kVersion + " >= ?3)";
const std::string kDisabled =
    kOfSecret + " AND action = 'secret.disable_version' AND " + kVersion + " = ?2 LIMIT 1";
const std::string kLaterAccess =
    kOfSecret + " AND action IN ('secret.read', 'secret.use', 'share.access') AND " + kVersion +
    " = ?2 AND " + kAccessCount + " > ?3 LIMIT 1";

[[noreturn]] void refuse(std::string_view what) {
  throw Error(Error::Kind::kTampered,
              "a row is older than the audit chain says: " + std::string(what));
}

}  // namespace

void SecretWitness::check(const SecretRow& secret) {
  if (has_later_version(secret)) refuse("secrets");
}

void SecretWitness::check(const VersionRow& version) {
  if (!version.is_disabled && has_disabled(version)) refuse("secret_versions");
  if (version.max_access_count && has_later_access(version)) refuse("secret_versions");
}

std::array<std::string_view, 3> SecretWitness::queries() {
  return {kLaterVersion, kDisabled, kLaterAccess};
}

bool SecretWitness::has_later_version(const SecretRow& secret) {
  auto query = connection_.prepare(kLaterVersion);
  query.bind(1, secret.id.to_string())
      .bind(2, secret.current_version)
      .bind(3, secret.current_version + (secret.deleted_at ? 1 : 0));
  return query.step();
}

bool SecretWitness::has_disabled(const VersionRow& version) {
  auto query = connection_.prepare(kDisabled);
  query.bind(1, version.secret_id.to_string()).bind(2, version.version);
  return query.step();
}

bool SecretWitness::has_later_access(const VersionRow& version) {
  auto query = connection_.prepare(kLaterAccess);
  query.bind(1, version.secret_id.to_string())
      .bind(2, version.version)
      .bind(3, version.access_count);
  return query.step();
}

}  // namespace oneclaw::store
