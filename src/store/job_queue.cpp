#include "store/job_queue.h"

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace oneclaw::store {

namespace asio = boost::asio;

void complete_all(std::vector<Job*>& jobs) {
  using Group = std::vector<std::unique_ptr<Resumption>>;
  std::vector<std::pair<const void*, Group>> groups;  // one for each I/O thread
  for (Job* job : jobs) {
    const void* home = job->resumption->home();
    auto group = std::ranges::find(groups, home, &std::pair<const void*, Group>::first);
    if (group == groups.end()) group = groups.insert(groups.end(), {home, Group()});
    group->second.push_back(std::move(job->resumption));
  }
  jobs.clear();
  for (auto& [home, group] : groups) {
    Resumption& first = *group.front();
    first.post(std::move(group));
  }
}

asio::awaitable<Result<void>> JobQueue::run(WorkRef work, std::optional<Uuid> org_id) {
  Job job{.work = work, .org_id = org_id};
  auto initiate = [this, &job](auto handler) {
    job.resumption = std::make_unique<PostedResumption<decltype(handler)>>(std::move(handler));
    if (push(job)) return;
    job.outcome = problems::unavailable("The database is busy; try again soon.", 1);
    std::vector<Job*> refused{&job};
    complete_all(refused);
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate,
                                                                       asio::use_awaitable);
  co_return std::move(job.outcome);
}

bool JobQueue::push(Job& job) {
  job.queued_at = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || jobs_.size() >= most_queued_) return false;
    jobs_.push_back(&job);
  }
  filled_.notify_one();
  return true;
}

bool JobQueue::take(std::size_t most, std::vector<Job*>& batch) {
  batch.clear();
  {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return false;
    while (!jobs_.empty() && batch.size() < most) {
      batch.push_back(jobs_.front());
      jobs_.pop_front();
    }
  }
  const auto oldest = std::chrono::steady_clock::now() - longest_wait_;
  std::vector<Job*> late;
  std::erase_if(batch, [&](Job* job) {
    if (job->queued_at >= oldest) return false;
    job->outcome = problems::unavailable("The database took too long; try again soon.", 1);
    late.push_back(job);
    return true;
  });
  if (!late.empty()) complete_all(late);
  return true;
}

void JobQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
}

}  // namespace oneclaw::store
