#include "service/passwords.h"

#include <sched.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "service/action_limiter.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// Once for each thread of the pool. A normal thread that wakes up takes the processor from an idle
/// one at once, which it does not from one that is only nice: a storm of log-ins takes what
/// requests leave.
void step_back() {
  thread_local const int once = [] {
    const sched_param none{};
    return ::sched_setscheduler(0, SCHED_IDLE, &none);
  }();
  (void)once;  // a system that refuses it loses only the order
}

/// Each hash sweeps 64 MiB through the caches: some cores are to be left alone.
std::size_t default_threads() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
}

}  // namespace

Result<std::unique_ptr<Passwords>> Passwords::create(crypto::Argon2Cost cost, std::size_t threads,
                                                     std::size_t most_waiting,
                                                     domain::LoginThrottleLimits limits) {
  const Key256 random = Key256::random();
  TRY(std::string dummy, crypto::hash_password(as_text(random.view()), cost));
  return std::unique_ptr<Passwords>(new Passwords(
      cost, std::move(dummy), threads == 0 ? default_threads() : threads, most_waiting, limits));
}

Passwords::Passwords(crypto::Argon2Cost cost, std::string dummy_phc, std::size_t threads,
                     std::size_t most_waiting, domain::LoginThrottleLimits limits)
    : cost_(cost),
      dummy_phc_(std::move(dummy_phc)),
      throttle_(limits),
      pool_(threads, most_waiting) {}

asio::awaitable<Result<std::string>> Passwords::hash(const SecureString& password) {
  const auto work = [&] {
    step_back();
    return crypto::hash_password(password.view(), cost_);
  };
  co_return co_await pool_.run(work);
}

asio::awaitable<Result<bool>> Passwords::verify(const SecureString& password,
                                                std::optional<std::string> phc) {
  const auto work = [&]() -> Result<bool> {
    step_back();
    const bool equal = crypto::verify_password(password.view(), phc ? *phc : dummy_phc_);
    return equal && phc.has_value();
  };
  co_return co_await pool_.run(work);
}

asio::awaitable<Result<bool>> Passwords::check(std::string account, IpAddress address,
                                               const SecureString& password,
                                               std::optional<std::string> phc) {
  CO_TRY(const Attempt attempt, admit(account, address));
  CO_TRY(const bool right, co_await verify(password, std::move(phc)));
  if (right) {
    succeeded(account);
  } else {
    failed(account, address);
  }
  co_return right;
}

Result<Passwords::Attempt> Passwords::admit(std::string_view account, const IpAddress& address) {
  const std::lock_guard lock(throttle_mutex_);
  const int wait = throttle_.retry_after(account, client_key(address), now());
  if (wait > 0) {
    return problems::too_many_requests("Too many failed attempts; wait before the next.", wait);
  }
  std::string name(account);
  int& under_way = attempts_[name];
  if (under_way >= kMostAttemptsPerAccount) {
    return problems::too_many_requests("Too many attempts at once; wait before the next.", 1);
  }
  ++under_way;
  return Attempt(*this, std::move(name));
}

void Passwords::end_attempt(const std::string& account) {
  const std::lock_guard lock(throttle_mutex_);
  const auto found = attempts_.find(account);
  if (--found->second == 0) attempts_.erase(found);
}

void Passwords::failed(std::string_view account, const IpAddress& address) {
  const std::lock_guard lock(throttle_mutex_);
  throttle_.failed(account, client_key(address), now());
}

void Passwords::succeeded(std::string_view account) {
  const std::lock_guard lock(throttle_mutex_);
  throttle_.succeeded(account);
}

}  // namespace oneclaw::service
