#include "store/lease_repository.h"

namespace oneclaw::store {

bool LeaseRepository::take(std::string_view name, const Uuid& holder, TimePoint at, TimePoint until,
                           TimePoint done_before) {
  connection_
      .prepare(
          "INSERT INTO leases (name, holder, held_until, done_at) VALUES (?1, ?2, 0, 0) "
          "ON CONFLICT (name) DO NOTHING")
      .bind(1, name)
      .bind(2, holder)
      .run();
  connection_
      .prepare(
          "UPDATE leases SET holder = ?2, held_until = ?4 WHERE name = (SELECT name FROM leases "
          "WHERE name = ?1 AND (held_until <= ?3 OR holder = ?2) AND done_at <= ?5 "
          "/*skip locked*/)")
      .bind(1, name)
      .bind(2, holder)
      .bind(3, at)
      .bind(4, until)
      .bind(5, done_before)
      .run();
  return connection_.changes() == 1;
}

bool LeaseRepository::keep(std::string_view name, const Uuid& holder, TimePoint until) {
  connection_.prepare("UPDATE leases SET held_until = ?3 WHERE name = ?1 AND holder = ?2")
      .bind(1, name)
      .bind(2, holder)
      .bind(3, until)
      .run();
  return connection_.changes() == 1;
}

void LeaseRepository::release(std::string_view name, const Uuid& holder,
                              std::optional<TimePoint> done_at) {
  connection_
      .prepare(
          "UPDATE leases SET held_until = 0, done_at = COALESCE(?3, done_at) "
          "WHERE name = ?1 AND holder = ?2")
      .bind(1, name)
      .bind(2, holder)
      .bind(3, done_at)
      .run();
}

}  // namespace oneclaw::store
