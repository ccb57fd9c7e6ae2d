// A failure as a value: what RFC 7807 calls a problem.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"

namespace oneclaw {

/// One field of a request that did not validate. Never carries the field's value.
struct FieldError {
  std::string field;
  std::string message;
};

/// An access that a person must approve first.
struct ApprovalNeeded {
  Uuid vault_id;
  Uuid policy_id;  ///< the policy that asks
  std::string path;
  std::string action;              ///< "secret.read", "secret.write" or "secret.delete"
  std::optional<Uuid> request_id;  ///< what to poll, once the request for it is stored
};

/// An error that a client may see. `detail` and `fields` must never hold a secret value, key,
/// password or token: they are sent to the client and written to the log.
struct Problem {
  int status = 500;
  std::string code = "internal";  ///< kebab-case; becomes `urn:oneclaw:problem:<code>`
  std::string detail;
  std::vector<FieldError> fields;
  std::optional<int> retry_after_seconds;    ///< sent as `Retry-After`
  std::vector<std::string> allow;            ///< sent as `Allow` with 405
  std::optional<ApprovalNeeded> approval{};  ///< of 403 approval_required
};

/// The RFC 9110 reason phrase of `status`; used as the problem's title.
std::string_view reason_phrase(int status);

/// The RFC 7807 body of `problem`, as JSON text.
std::string to_json(const Problem& problem);

namespace problems {
Problem bad_request(std::string detail);                     // 400 bad-request
Problem validation(std::vector<FieldError> fields);          // 400 validation
Problem validation(std::string field, std::string message);  // 400 validation
Problem unauthorized(std::string detail);                    // 401 unauthorized
Problem forbidden(std::string detail);                       // 403 forbidden
/// 403 approval_required: the name that the wire gives this type, without a URN.
Problem approval_required(ApprovalNeeded approval);
Problem not_found(std::string detail = "No such resource.");           // 404 not-found
Problem conflict(std::string detail);                                  // 409 conflict
Problem gone(std::string detail);                                      // 410 gone
Problem payload_too_large(std::string detail);                         // 413 payload-too-large
Problem too_many_requests(std::string detail, int retry_after);        // 429 too-many-requests
Problem unavailable(std::string detail, int retry_after = 1);          // 503 unavailable
Problem internal(std::string detail = "An internal error occurred.");  // 500 internal
}  // namespace problems

}  // namespace oneclaw
