#include "service/device_login.h"

#include <utility>

#include "service/one_time_tokens.h"
#include "service/session.h"
#include "service/sign_in.h"
#include "store/user_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// RFC 8628 §6.1.
constexpr std::string_view kAlphabet = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t kCodeChars = 8;
constexpr ActionLimiter::Rule kStartsPerClient{.most = 100, .window = kDeviceCodeLife};
constexpr std::int64_t kMostPurged = 16;
/// RFC 8628 §3.5: each `slow_down` adds this to the interval.
constexpr std::int64_t kSlowDownSeconds = 5;

std::string make_user_code() {
  std::string code;
  for (std::size_t i = 0; i < kCodeChars; ++i) {
    code.push_back(kAlphabet[randombytes_uniform(kAlphabet.size())]);
  }
  return code;
}

/// A user code as people type it: in any case, with or without the dash.
std::string normalize_user_code(std::string_view text) {
  std::string code;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    code.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return code;
}

/// Wrong codes count for the address alone: there is no account to count them for.
std::string throttle_key(const IpAddress& address) {
  return "user-code:" + address.to_string();
}

AuditEntry device_entry(std::string action, const store::DeviceCodeRow& row) {
  AuditEntry entry{
      .action = std::move(action), .resource_type = "device", .resource_id = {}, .details = {}};
  entry.details["client_id"] = row.client_id;
  return entry;
}

bool is_open(const std::optional<store::DeviceCodeRow>& row) {
  return row && row->expires_at > now();
}

}  // namespace

asio::awaitable<Result<NewDeviceCode>> DeviceLogin::start(Caller& caller, std::string client_id,
                                                          std::string email) {
  CO_CHECK_OK(limiter_.admit(client_key(caller.address), kStartsPerClient, now()));
  NewToken token = make_token(tokens_.mac_key(), kDevicePrefix);
  const std::string user_code = make_user_code();
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    const TimePoint at = now();
    store::DeviceCodeRepository codes(transaction);
    codes.purge_expired(at, kMostPurged);
    const store::DeviceCodeRow row{.device_mac = token.mac,
                                   .user_code = user_code,
                                   .client_id = client_id,
                                   .email = email,
                                   .interval_seconds = kPollSeconds,
                                   .created_at = at,
                                   .expires_at = at + kDeviceCodeLife};
    codes.insert(row);
    audit_.append(transaction, Uuid{}, caller, device_entry("auth.device_code", row));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return NewDeviceCode{std::move(token.text),
                          user_code.substr(0, 4) + "-" + user_code.substr(4)};
}

asio::awaitable<Result<DevicePoll>> DeviceLogin::poll(Caller& caller, SecureString device_code) {
  const Bytes mac = token_mac(tokens_.mac_key(), device_code.view());
  const auto write = [&](store::Transaction& transaction) -> Result<DevicePoll> {
    store::DeviceCodeRepository codes(transaction);
    const TimePoint at = now();
    const auto row = codes.find(mac);
    if (!row) return problems::validation("device_code", "isn't one that this server gave");
    const auto refuse = [&](std::string error) {
      AuditEntry entry = device_entry("auth.device_token", *row);
      entry.details["answer"] = error;
      audit_.append(transaction, Uuid{}, caller, std::move(entry));
      return DevicePoll{.error = std::move(error)};
    };
    if (row->expires_at <= at) return refuse("expired_token");
    const auto interval = std::chrono::seconds(row->interval_seconds);
    if (row->polled_at && at - *row->polled_at < interval) {
      codes.polled(mac, row->interval_seconds + kSlowDownSeconds, at);
      return refuse("slow_down");
    }
    codes.polled(mac, row->interval_seconds, at);
    if (row->status == "pending") return refuse("authorization_pending");
    codes.remove(mac);
    const auto user = store::UserRepository(transaction).find(row->user_id.value_or(Uuid{}));
    if (row->status == "denied" || !user || !user->is_active) return refuse("access_denied");
    TRY(IssuedToken token,
        open_session(transaction, tokens_, audit_, caller, *user, "auth.device_token"));
    return DevicePoll{.error = {},
                      .token = std::move(token),
                      .email = user->email,
                      .user_id = user->id,
                      .org_id = user->home_org_id};
  };
  CO_TRY(DevicePoll answer, co_await store_.write(write));
  caller.audited = true;
  co_return std::move(answer);
}

Problem DeviceLogin::unknown(const Caller& caller) {
  passwords_.failed(throttle_key(caller.address), caller.address);
  return problems::not_found("No device waits under that code.");
}

asio::awaitable<Result<store::DeviceCodeRow>> DeviceLogin::look_up(Caller& caller,
                                                                   std::string user_code) {
  CO_TRY(const Passwords::Attempt attempt,
         passwords_.admit(throttle_key(caller.address), caller.address));
  const std::string code = normalize_user_code(user_code);
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::optional<store::DeviceCodeRow>> {
    return store::DeviceCodeRepository(transaction).find_by_user_code(code);
  };
  CO_TRY(auto row, co_await store_.read(read));
  if (!is_open(row)) co_return unknown(caller);
  CO_CHECK_OK(co_await audit_.record(caller, device_entry("auth.device_lookup", *row)));
  co_return std::move(*row);
}

asio::awaitable<Result<store::DeviceCodeRow>> DeviceLogin::decide(Caller& caller,
                                                                  std::string user_code,
                                                                  bool approve) {
  CO_CHECK_OK(require_session(caller));
  CO_TRY(const Passwords::Attempt attempt,
         passwords_.admit(throttle_key(caller.address), caller.address));
  const std::string code = normalize_user_code(user_code);
  const auto write =
      [&](store::Transaction& transaction) -> Result<std::optional<store::DeviceCodeRow>> {
    store::DeviceCodeRepository codes(transaction);
    auto row = codes.find_by_user_code(code);
    const auto user = store::UserRepository(transaction).find(caller.principal.id);
    if (!is_open(row) || !user || row->email != user->email) {
      return std::optional<store::DeviceCodeRow>();
    }
    row->status = approve ? "approved" : "denied";
    if (!codes.decide(code, row->status, user->id)) {
      return problems::conflict("That was decided before.");
    }
    audit_.append(transaction, caller,
                  device_entry(approve ? "auth.device_approve" : "auth.device_deny", *row));
    return row;
  };
  CO_TRY(auto row, co_await store_.write(write));
  if (!row) co_return unknown(caller);
  caller.audited = true;
  co_return std::move(*row);
}

}  // namespace oneclaw::service
