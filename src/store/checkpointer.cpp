#include "store/checkpointer.h"

#include <utility>

namespace oneclaw::store {

Checkpointer::Checkpointer(std::unique_ptr<SqliteConnection> connection,
                           std::function<void(std::string_view)> tell)
    : connection_(std::move(connection)), tell_(std::move(tell)), thread_([this] { loop(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

void Checkpointer::wake() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  woken_.notify_one();
}

void Checkpointer::loop() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [this] { return wanted_ || stopping_; });
      if (stopping_) return;
      wanted_ = false;
    }
    try {
      connection_->checkpoint();
    } catch (const Error& error) {
      tell_(error.what());
    }
  }
}

}  // namespace oneclaw::store
