#include "store/enrolment_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, poll_mac, link_mac, name, description, human_email, fingerprint, status, org_id, "
    "decided_by, decided_at, created_at, expires_at FROM enrolments";

std::vector<EnrolmentRow> all(Statement& query) {
  std::vector<EnrolmentRow> enrolments;
  while (query.step()) {
    enrolments.push_back({.id = query.uuid(0),
                          .poll_mac = query.blob(1),
                          .link_mac = query.blob(2),
                          .name = query.text(3),
                          .description = query.text(4),
                          .human_email = query.optional_text(5),
                          .fingerprint = query.optional_text(6),
                          .status = query.text(7),
                          .org_id = query.optional_uuid(8),
                          .decided_by = query.optional_uuid(9),
                          .decided_at = query.optional_time(10),
                          .created_at = query.time(11),
                          .expires_at = query.time(12)});
  }
  return enrolments;
}

std::optional<EnrolmentRow> one(Statement& query) {
  auto enrolments = all(query);
  if (enrolments.empty()) return std::nullopt;
  return std::move(enrolments.front());
}

}  // namespace

void EnrolmentRepository::insert(const EnrolmentRow& enrolment) {
  connection_
      .prepare(
          "INSERT INTO enrolments (id, poll_mac, link_mac, name, description, human_email, "
          "fingerprint, status, created_at, expires_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?9)")
      .bind(1, enrolment.id)
      .bind(2, enrolment.poll_mac)
      .bind(3, enrolment.link_mac)
      .bind(4, enrolment.name)
      .bind(5, enrolment.description)
      .bind(6, enrolment.human_email)
      .bind(7, enrolment.fingerprint)
      .bind(8, enrolment.created_at)
      .bind(9, enrolment.expires_at)
      .run();
}

std::optional<EnrolmentRow> EnrolmentRepository::find(const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1");
  return one(query.bind(1, id));
}

std::optional<EnrolmentRow> EnrolmentRepository::find_by_link(ByteView link_mac) {
  auto query = connection_.prepare(kSelect + " WHERE link_mac = ?1");
  return one(query.bind(1, link_mac));
}

std::optional<EnrolmentRow> EnrolmentRepository::find_newest(std::string_view human_email) {
  auto query =
      connection_.prepare(kSelect + " WHERE human_email = ?1 ORDER BY created_at DESC LIMIT 1");
  return one(query.bind(1, human_email));
}

std::vector<EnrolmentRow> EnrolmentRepository::list_open(std::string_view human_email, TimePoint at,
                                                         std::int64_t limit) {
  auto query =
      connection_.prepare(kSelect +
                          " WHERE human_email = ?1 AND status = 'pending' AND expires_at > ?2 "
                          "ORDER BY created_at DESC LIMIT ?3");
  return all(query.bind(1, human_email).bind(2, at).bind(3, limit));
}

bool EnrolmentRepository::decide(const EnrolmentRow& enrolment) {
  connection_
      .prepare(
          "UPDATE enrolments SET status = ?2, org_id = ?3, decided_by = ?4, decided_at = ?5 "
          "WHERE id = ?1 AND status = 'pending'")
      .bind(1, enrolment.id)
      .bind(2, enrolment.status)
      .bind(3, enrolment.org_id)
      .bind(4, enrolment.decided_by)
      .bind(5, enrolment.decided_at)
      .run();
  return connection_.changes() == 1;
}

bool EnrolmentRepository::collect(const Uuid& id) {
  connection_
      .prepare("UPDATE enrolments SET status = 'collected' WHERE id = ?1 AND status = 'approved'")
      .bind(1, id)
      .run();
  return connection_.changes() == 1;
}

void EnrolmentRepository::purge_expired(TimePoint before, std::int64_t limit) {
  connection_
      .prepare(
          "DELETE FROM enrolments WHERE id IN (SELECT id FROM enrolments WHERE expires_at < ?1 "
          "ORDER BY expires_at LIMIT ?2)")
      .bind(1, before)
      .bind(2, limit)
      .run();
}

}  // namespace oneclaw::store
