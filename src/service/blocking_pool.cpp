#include "service/blocking_pool.h"

namespace oneclaw::service {

namespace asio = boost::asio;

asio::awaitable<void> BlockingPool::execute(WorkRef work) {
  auto initiate = [this, work](auto handler) {
    auto home = asio::get_associated_executor(handler);
    auto guard = asio::make_work_guard(home);
    asio::post(pool_,
               [work, home, guard = std::move(guard), handler = std::move(handler)]() mutable {
                 work.call(work.object);
                 asio::post(home, std::move(handler));
               });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate,
                                                                       asio::use_awaitable);
}

}  // namespace oneclaw::service
