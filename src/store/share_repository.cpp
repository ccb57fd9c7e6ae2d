#include "store/share_repository.h"

#include "store/json_list.h"

namespace oneclaw::store {

namespace {

const std::string kColumns =
    "h.id, h.org_id, h.vault_id, h.secret_id, h.link_mac, h.recipient_type, h.recipient_id, "
    "h.recipient_email, h.passphrase_hash, h.passphrase_tries, h.ip_allowlist, "
    "h.max_access_count, h.access_count, h.created_by, h.created_by_type, h.created_at, "
    "h.expires_at, h.accepted_at, h.declined_at, h.revoked_at";
constexpr int kColumnCount = 20;

ShareRow share_row(Statement& query) {
  ShareRow row{.id = query.uuid(0),
               .org_id = query.uuid(1),
               .vault_id = query.uuid(2),
               .secret_id = query.uuid(3),
               .link_mac = std::nullopt,
               .recipient_type = query.text(5),
               .recipient_id = query.optional_uuid(6),
               .recipient_email = query.optional_text(7),
               .passphrase_hash = query.optional_text(8),
               .passphrase_tries = query.integer(9),
               .ip_allowlist = parse_string_list(query.text(10)),
               .max_access_count = query.optional_integer(11),
               .access_count = query.integer(12),
               .created_by = query.uuid(13),
               .created_by_type = query.text(14),
               .created_at = query.time(15),
               .expires_at = query.time(16),
               .accepted_at = query.optional_time(17),
               .declined_at = query.optional_time(18),
               .revoked_at = query.optional_time(19)};
  if (!query.is_null(4)) row.link_mac = query.blob(4);
  return row;
}

std::optional<ShareRow> one(Statement& query) {
  if (!query.step()) return std::nullopt;
  return share_row(query);
}

std::vector<ListedShare> listed(Statement& query) {
  std::vector<ListedShare> shares;
  while (query.step()) shares.push_back({share_row(query), query.text(kColumnCount)});
  return shares;
}

std::string list_sql(std::string_view condition) {
  return "SELECT " + kColumns +
         ", s.path FROM shares h JOIN secrets s ON s.id = h.secret_id WHERE " +
         std::string(condition) + " ORDER BY h.id DESC LIMIT ?2";
}

}  // namespace

void ShareRepository::insert(const ShareRow& share) {
  auto insert = connection_.prepare(
      "INSERT INTO shares (id, org_id, vault_id, secret_id, link_mac, recipient_type, "
      "recipient_id, recipient_email, passphrase_hash, passphrase_tries, ip_allowlist, "
      "max_access_count, access_count, created_by, created_by_type, created_at, expires_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11, 0, ?12, ?13, ?14, ?15)");
  insert.bind(1, share.id)
      .bind(2, share.org_id)
      .bind(3, share.vault_id)
      .bind(4, share.secret_id)
      .bind(5, share.link_mac)
      .bind(6, share.recipient_type)
      .bind(7, share.recipient_id)
      .bind(8, share.recipient_email)
      .bind(9, share.passphrase_hash)
      .bind(10, to_json_list(share.ip_allowlist))
      .bind(11, share.max_access_count)
      .bind(12, share.created_by)
      .bind(13, share.created_by_type)
      .bind(14, share.created_at)
      .bind(15, share.expires_at)
      .run();
}

std::optional<ShareRow> ShareRepository::find(const Uuid& id) {
  auto query = connection_.prepare("SELECT " + kColumns + " FROM shares h WHERE h.id = ?1");
  return one(query.bind(1, id));
}

std::optional<ShareRow> ShareRepository::find_by_link(ByteView link_mac) {
  auto query = connection_.prepare("SELECT " + kColumns + " FROM shares h WHERE h.link_mac = ?1");
  return one(query.bind(1, link_mac));
}

std::vector<ListedShare> ShareRepository::by_author(const Uuid& author_id, std::int64_t limit) {
  auto query = connection_.prepare(list_sql("h.created_by = ?1 AND h.revoked_at IS NULL"));
  return listed(query.bind(1, author_id).bind(2, limit));
}

std::vector<ListedShare> ShareRepository::by_recipient(const Uuid& recipient_id,
                                                       std::int64_t limit) {
  auto query = connection_.prepare(
      list_sql("h.recipient_id = ?1 AND h.revoked_at IS NULL AND h.declined_at IS NULL"));
  return listed(query.bind(1, recipient_id).bind(2, limit));
}

std::int64_t ShareRepository::count_alive(const Uuid& secret_id, TimePoint at) {
  auto query = connection_.prepare(
      "SELECT COUNT(*) FROM shares WHERE secret_id = ?1 AND expires_at > ?2 AND revoked_at IS NULL "
      "AND declined_at IS NULL AND (max_access_count IS NULL OR access_count < max_access_count)");
  query.bind(1, secret_id).bind(2, at).step();
  return query.integer(0);
}

void ShareRepository::purge_expired(TimePoint by, std::int64_t limit) {
  connection_
      .prepare(
          "DELETE FROM shares WHERE id IN "
          "(SELECT id FROM shares WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(1, by)
      .bind(2, limit)
      .run();
}

bool ShareRepository::has_unclaimed(std::string_view email) {
  auto query = connection_.prepare(
      "SELECT 1 FROM shares WHERE recipient_email = ?1 AND recipient_id IS NULL LIMIT 1");
  return query.bind(1, email).step();
}

std::vector<ShareRow> ShareRepository::claim(std::string_view email, const Uuid& user_id) {
  std::vector<ShareRow> claimed;
  {
    auto query = connection_.prepare(
        "SELECT " + kColumns +
        " FROM shares h WHERE h.recipient_email = ?1 AND h.recipient_id IS NULL");
    query.bind(1, email);
    while (query.step()) claimed.push_back(share_row(query));
  }
  if (claimed.empty()) return claimed;
  connection_
      .prepare(
          "UPDATE shares SET recipient_id = ?2 WHERE recipient_email = ?1 AND recipient_id IS NULL")
      .bind(1, email)
      .bind(2, user_id)
      .run();
  return claimed;
}

bool ShareRepository::take_passphrase_try(const Uuid& id, std::int64_t most) {
  connection_
      .prepare(
          "UPDATE shares SET passphrase_tries = passphrase_tries + 1 "
          "WHERE id = ?1 AND passphrase_tries < ?2")
      .bind(1, id)
      .bind(2, most)
      .run();
  return connection_.changes() == 1;
}

void ShareRepository::give_passphrase_try_back(const Uuid& id) {
  connection_.prepare("UPDATE shares SET passphrase_tries = passphrase_tries - 1 WHERE id = ?1")
      .bind(1, id)
      .run();
}

bool ShareRepository::count_access(const Uuid& id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE shares SET access_count = access_count + 1 "
          "WHERE id = ?1 AND revoked_at IS NULL AND declined_at IS NULL AND expires_at > ?2 "
          "AND (max_access_count IS NULL OR access_count < max_access_count)")
      .bind(1, id)
      .bind(2, at)
      .run();
  return connection_.changes() == 1;
}

void ShareRepository::accept(const Uuid& id, TimePoint at) {
  connection_.prepare("UPDATE shares SET accepted_at = ?2 WHERE id = ?1 AND accepted_at IS NULL")
      .bind(1, id)
      .bind(2, at)
      .run();
}

void ShareRepository::decline(const Uuid& id, TimePoint at) {
  connection_.prepare("UPDATE shares SET declined_at = ?2 WHERE id = ?1 AND declined_at IS NULL")
      .bind(1, id)
      .bind(2, at)
      .run();
}

void ShareRepository::revoke(const Uuid& id, TimePoint at) {
  connection_.prepare("UPDATE shares SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")
      .bind(1, id)
      .bind(2, at)
      .run();
}

void ShareRepository::revoke_by_author(const Uuid& author_id, TimePoint at) {
  connection_
      .prepare("UPDATE shares SET revoked_at = ?2 WHERE created_by = ?1 AND revoked_at IS NULL")
      .bind(1, author_id)
      .bind(2, at)
      .run();
}

}  // namespace oneclaw::store
