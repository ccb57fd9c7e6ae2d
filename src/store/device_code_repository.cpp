#include "store/device_code_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT device_mac, user_code, client_id, email, status, user_id, interval_seconds, "
    "polled_at, created_at, expires_at FROM device_codes";

std::optional<DeviceCodeRow> one(Statement& query) {
  if (!query.step()) return std::nullopt;
  return DeviceCodeRow{.device_mac = query.blob(0),
                       .user_code = query.text(1),
                       .client_id = query.text(2),
                       .email = query.text(3),
                       .status = query.text(4),
                       .user_id = query.optional_uuid(5),
                       .interval_seconds = query.integer(6),
                       .polled_at = query.optional_time(7),
                       .created_at = query.time(8),
                       .expires_at = query.time(9)};
}

}  // namespace

void DeviceCodeRepository::insert(const DeviceCodeRow& code) {
  connection_
      .prepare(
          "INSERT INTO device_codes (device_mac, user_code, client_id, email, status, "
          "interval_seconds, created_at, expires_at) "
          "VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6, ?7)")
      .bind(1, code.device_mac)
      .bind(2, code.user_code)
      .bind(3, code.client_id)
      .bind(4, code.email)
      .bind(5, code.interval_seconds)
      .bind(6, code.created_at)
      .bind(7, code.expires_at)
      .run();
}

std::optional<DeviceCodeRow> DeviceCodeRepository::find(ByteView device_mac) {
  auto query = connection_.prepare(kSelect + " WHERE device_mac = ?1");
  return one(query.bind(1, device_mac));
}

std::optional<DeviceCodeRow> DeviceCodeRepository::find_by_user_code(std::string_view user_code) {
  auto query = connection_.prepare(kSelect + " WHERE user_code = ?1");
  return one(query.bind(1, user_code));
}

bool DeviceCodeRepository::decide(std::string_view user_code, std::string_view status,
                                  const Uuid& user_id) {
  connection_
      .prepare(
          "UPDATE device_codes SET status = ?2, user_id = ?3 "
          "WHERE user_code = ?1 AND status = 'pending'")
      .bind(1, user_code)
      .bind(2, status)
      .bind(3, user_id)
      .run();
  return connection_.changes() == 1;
}

void DeviceCodeRepository::polled(ByteView device_mac, std::int64_t interval_seconds,
                                  TimePoint at) {
  connection_
      .prepare(
          "UPDATE device_codes SET interval_seconds = ?2, polled_at = ?3 WHERE device_mac = ?1")
      .bind(1, device_mac)
      .bind(2, interval_seconds)
      .bind(3, at)
      .run();
}

bool DeviceCodeRepository::remove(ByteView device_mac) {
  connection_.prepare("DELETE FROM device_codes WHERE device_mac = ?1").bind(1, device_mac).run();
  return connection_.changes() == 1;
}

void DeviceCodeRepository::remove_for_user(const Uuid& user_id) {
  connection_.prepare("DELETE FROM device_codes WHERE user_id = ?1").bind(1, user_id).run();
}

void DeviceCodeRepository::purge_expired(TimePoint before, std::int64_t limit) {
  connection_
      .prepare(
          "DELETE FROM device_codes WHERE device_mac IN (SELECT device_mac FROM device_codes "
          "WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(1, before)
      .bind(2, limit)
      .run();
}

}  // namespace oneclaw::store
