// Device authorization (RFC 8628): a command line without a browser signs its person in.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/action_limiter.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/passwords.h"
#include "service/tokens.h"
#include "store/device_code_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::chrono::minutes kDeviceCodeLife{10};
inline constexpr std::int64_t kPollSeconds = 5;

struct NewDeviceCode {
  SecureString device_code;
  std::string user_code;  ///< "BCDF-GHJK"
};

/// What a poll gives: a token, or one of RFC 8628 §3.5's errors.
struct DevicePoll {
  std::string error;  ///< empty: `token` is there
  IssuedToken token{};
  std::string email{};
  Uuid user_id{};
  Uuid org_id{};
};

/// User codes are eight consonants: 20^8 of them, no word and no letter that looks like another.
/// Wrong ones back off per address.
class DeviceLogin {
 public:
  DeviceLogin(store::Store& store, Tokens& tokens, Passwords& passwords, AuditLog& audit,
              const Outbox& outbox)
      : store_(store), tokens_(tokens), passwords_(passwords), audit_(audit), outbox_(outbox) {}

  /// The page that tells a person what to do with a user code.
  [[nodiscard]] std::string verification_uri() const { return outbox_.public_url() + "/device"; }

  /// `email`: only the account of that address may approve. The answer is the same whether there
  /// is one. 429 when the client begins too often.
  boost::asio::awaitable<Result<NewDeviceCode>> start(Caller& caller, std::string client_id,
                                                      std::string email);
  /// 400 "device_code" for one we did not make.
  boost::asio::awaitable<Result<DevicePoll>> poll(Caller& caller, SecureString device_code);
  /// What waits under a user code; 404.
  boost::asio::awaitable<Result<store::DeviceCodeRow>> look_up(Caller& caller,
                                                               std::string user_code);
  /// By the person whose address the device named, signed in: 404 for anybody else. 409 when it
  /// was decided before.
  boost::asio::awaitable<Result<store::DeviceCodeRow>> decide(Caller& caller, std::string user_code,
                                                              bool approve);

 private:
  /// 404, and a failure for the caller's address.
  Problem unknown(const Caller& caller);

  store::Store& store_;
  Tokens& tokens_;
  Passwords& passwords_;
  AuditLog& audit_;
  const Outbox& outbox_;
  ActionLimiter limiter_;
};

}  // namespace oneclaw::service
