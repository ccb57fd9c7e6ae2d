// Agents that ask to be let in, and wait for a person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct EnrolmentRow {
  Uuid id{};         ///< the id of the agent that comes of it
  Bytes poll_mac{};  ///< 32 bytes: of the token that the agent polls with
  Bytes link_mac{};  ///< 32 bytes: of the token in the email
  std::string name{};
  std::string description{};
  std::optional<std::string> human_email{};  ///< in lower case: only this person may decide
  std::optional<std::string> fingerprint{};  ///< of the public key that the agent named
  std::string status = "pending";            ///< or "approved", "denied", "collected"
  std::optional<Uuid> org_id{};              ///< once approved
  std::optional<Uuid> decided_by{};
  std::optional<TimePoint> decided_at{};
  TimePoint created_at{};
  TimePoint expires_at{};
};

/// Methods throw Error.
class EnrolmentRepository {
 public:
  explicit EnrolmentRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  void insert(const EnrolmentRow& enrolment);
  std::optional<EnrolmentRow> find(const Uuid& id);
  std::optional<EnrolmentRow> find_by_link(ByteView link_mac);
  /// The address's newest.
  std::optional<EnrolmentRow> find_newest(std::string_view human_email);
  /// Undecided ones that name the address, newest first.
  std::vector<EnrolmentRow> list_open(std::string_view human_email, TimePoint at,
                                      std::int64_t limit);
  /// Writes status, org, who and when. True for the one caller who decided it: it was pending.
  bool decide(const EnrolmentRow& enrolment);
  /// True for the one caller who collects the key of an approved one.
  bool collect(const Uuid& id);
  /// Deletes at most `limit` that expired before `before`.
  void purge_expired(TimePoint before, std::int64_t limit);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store
