// Coroutines run to their end by the thread that calls.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace oneclaw::server {

/// A context for one call. It goes back to where the next call takes it from and is never
/// destroyed: a store's thread may still be inside the post() that ended the call.
class CallContext {
 public:
  CallContext();
  ~CallContext();
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  boost::asio::io_context& operator*() const { return *context_; }

 private:
  std::unique_ptr<boost::asio::io_context> context_;
};

/// Runs `call` on this thread, which must be none of the server's I/O threads.
template <class T>
T run_now(boost::asio::awaitable<T> call) {
  std::optional<T> result;
  const CallContext context;
  const auto finish = [](std::optional<T>& target,
                         boost::asio::awaitable<T> work) -> boost::asio::awaitable<void> {
    target.emplace(co_await std::move(work));
  };
  boost::asio::co_spawn(*context, finish(result, std::move(call)),
                        [](const std::exception_ptr& error) {
                          if (error) std::rethrow_exception(error);
                        });
  (*context).run();
  return std::move(*result);
}

}  // namespace oneclaw::server
