// Passwords: hashed and checked off the I/O threads, with back-off for those who guess.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/ip.h"
#include "base/result.h"
#include "base/secure.h"
#include "crypto/password.h"
#include "domain/login_throttle.h"
#include "service/blocking_pool.h"

namespace oneclaw::service {

inline constexpr std::size_t kLeastPasswordBytes = 8;
inline constexpr std::size_t kMostPasswordBytes = 256;

class Passwords {
 public:
  /// Makes the hash that stands in for an unknown account: 503 when memory is short. `threads`: 0
  /// for one for every two cores, from 1 to 4.
  static Result<std::unique_ptr<Passwords>> create(crypto::Argon2Cost cost, std::size_t threads,
                                                   std::size_t most_waiting,
                                                   domain::LoginThrottleLimits limits);

  /// The PHC string to store. 503 when too many are waiting.
  boost::asio::awaitable<Result<std::string>> hash(const SecureString& password);
  /// Whether `password` is that of `phc`; without one it takes as long and is false.
  boost::asio::awaitable<Result<bool>> verify(const SecureString& password,
                                              std::optional<std::string> phc);

  /// verify() as a try of its own that counts: 429 in back-off.
  boost::asio::awaitable<Result<bool>> check(std::string account, IpAddress address,
                                             const SecureString& password,
                                             std::optional<std::string> phc);

  /// A try that was let through and isn't over yet.
  class Attempt {
   public:
    Attempt(Passwords& passwords, std::string account)
        : passwords_(&passwords), account_(std::move(account)) {}
    Attempt(Attempt&& other) noexcept
        : passwords_(std::exchange(other.passwords_, nullptr)),
          account_(std::move(other.account_)) {}
    Attempt& operator=(Attempt&&) = delete;
    ~Attempt() {
      if (passwords_ != nullptr) passwords_->end_attempt(account_);
    }

   private:
    Passwords* passwords_;
    std::string account_;
  };

  /// Tries of one account that may be under way at once: more would get past the back-off, which
  /// knows of a failure only when it has happened.
  static constexpr int kMostAttemptsPerAccount = 4;

  /// 429 while the account or the address is in back-off, or too many tries are under way. Keep
  /// what it gives until failed() or succeeded() has been called.
  Result<Attempt> admit(std::string_view account, const IpAddress& address);
  void failed(std::string_view account, const IpAddress& address);
  void succeeded(std::string_view account);

 private:
  Passwords(crypto::Argon2Cost cost, std::string dummy_phc, std::size_t threads,
            std::size_t most_waiting, domain::LoginThrottleLimits limits);

  void end_attempt(const std::string& account);

  crypto::Argon2Cost cost_;
  std::string dummy_phc_;
  std::mutex throttle_mutex_;
  domain::LoginThrottle throttle_;
  std::unordered_map<std::string, int> attempts_;
  BlockingPool pool_;
};

}  // namespace oneclaw::service
