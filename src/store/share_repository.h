// Shares: a secret lent to one recipient, or to whoever has the link.
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

struct ShareRow {
  Uuid id{};  ///< names it; opens nothing by itself
  Uuid org_id{};
  Uuid vault_id{};
  Uuid secret_id{};
  std::optional<Bytes> link_mac{};  ///< of the link's token; for anyone_with_link alone
  std::string recipient_type{};
  std::optional<Uuid> recipient_id{};            ///< none for a link, and until an email is claimed
  std::optional<std::string> recipient_email{};  ///< lower case; for external_email alone
  std::optional<std::string> passphrase_hash{};
  std::int64_t passphrase_tries = 0;  ///< wrong ones, and those under way
  std::vector<std::string> ip_allowlist{};
  std::optional<std::int64_t> max_access_count{};
  std::int64_t access_count = 0;
  Uuid created_by{};
  std::string created_by_type{};
  TimePoint created_at{};
  TimePoint expires_at{};
  std::optional<TimePoint> accepted_at{};
  std::optional<TimePoint> declined_at{};
  std::optional<TimePoint> revoked_at{};
};

struct ListedShare {
  ShareRow share{};
  std::string secret_path{};
};

/// Methods throw Error.
class ShareRepository {
 public:
  explicit ShareRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  void insert(const ShareRow& share);
  std::optional<ShareRow> find(const Uuid& id);
  std::optional<ShareRow> find_by_link(ByteView link_mac);
  /// Those not revoked, newest first.
  std::vector<ListedShare> by_author(const Uuid& author_id, std::int64_t limit);
  /// Those neither revoked nor declined, newest first.
  std::vector<ListedShare> by_recipient(const Uuid& recipient_id, std::int64_t limit);

  /// Of the secret's shares, those that may still be opened.
  std::int64_t count_alive(const Uuid& secret_id, TimePoint at);
  /// Removes up to `limit` that had expired by then.
  void purge_expired(TimePoint by, std::int64_t limit);

  bool has_unclaimed(std::string_view email);
  /// The email's unclaimed shares are the user's from now on; gives them.
  std::vector<ShareRow> claim(std::string_view email, const Uuid& user_id);
  /// Takes one of `most` passphrase tries; false when none is left.
  bool take_passphrase_try(const Uuid& id, std::int64_t most);
  void give_passphrase_try_back(const Uuid& id);
  /// Counts an access of a share that is alive at `at`; false when it isn't, or is used up.
  bool count_access(const Uuid& id, TimePoint at);
  /// The first time stands.
  void accept(const Uuid& id, TimePoint at);
  void decline(const Uuid& id, TimePoint at);
  void revoke(const Uuid& id, TimePoint at);
  void revoke_by_author(const Uuid& author_id, TimePoint at);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store
