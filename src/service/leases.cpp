#include "service/leases.h"

#include "store/lease_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

// The nil org's lock serves: each statement stands for itself.

asio::awaitable<bool> Leases::take(std::string name, std::chrono::milliseconds period) {
  const auto write = [&](store::Transaction& transaction) -> Result<bool> {
    const TimePoint at = now();
    return store::LeaseRepository(transaction).take(name, node_, at, at + kTerm, at - period);
  };
  const Result<bool> taken = co_await store_.write(Uuid{}, write);
  co_return taken.ok() && *taken;
}

asio::awaitable<bool> Leases::keep(std::string name) {
  const auto write = [&](store::Transaction& transaction) -> Result<bool> {
    return store::LeaseRepository(transaction).keep(name, node_, now() + kTerm);
  };
  const Result<bool> kept = co_await store_.write(Uuid{}, write);
  co_return kept.ok() && *kept;
}

asio::awaitable<void> Leases::release(std::string name, TimePoint begun) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::LeaseRepository(transaction).release(name, node_, begun);
    return {};
  };
  static_cast<void>(co_await store_.write(Uuid{}, write));  // or it runs out by itself
}

}  // namespace oneclaw::service
