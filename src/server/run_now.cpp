#include "server/run_now.h"

#include <mutex>
#include <vector>

namespace oneclaw::server {

namespace {

struct Idle {
  std::mutex mutex;
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts;
};

Idle& idle() {
  static Idle& kept = *new Idle;
  return kept;
}

}  // namespace

CallContext::CallContext() {
  const std::lock_guard lock(idle().mutex);
  if (idle().contexts.empty()) {
    context_ = std::make_unique<boost::asio::io_context>();
    return;
  }
  context_ = std::move(idle().contexts.back());
  idle().contexts.pop_back();
  context_->restart();
}

CallContext::~CallContext() {
  const std::lock_guard lock(idle().mutex);
  idle().contexts.push_back(std::move(context_));
}

}  // namespace oneclaw::server
