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

JobQueue::JobQueue(std::size_t most_queued, std::chrono::milliseconds longest_wait)
    : most_queued_(most_queued), longest_wait_(longest_wait), state_(std::make_shared<State>()) {}

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
  const void* const home = job.resumption->home();
  const std::lock_guard lock(state_->mutex);
  if (state_->closed || state_->jobs.size() >= most_queued_) return false;
  state_->jobs.push_back(&job);
  if (std::ranges::find(state_->waking, home) != state_->waking.end()) return true;
  state_->waking.push_back(home);
  // Under the lock: without it, `job` may be done and gone.
  job.resumption->post([on_its_way = std::make_shared<WakeUp>(state_, home)] {});
  return true;
}

JobQueue::WakeUp::~WakeUp() {
  std::size_t count = 0;
  {
    const std::lock_guard lock(state_->mutex);
    std::erase(state_->waking, home_);
    count = state_->jobs.size();
  }
  if (count == 1) state_->filled.notify_one();
  if (count > 1) state_->filled.notify_all();  // none when a busy thread has taken them
}

bool JobQueue::take(std::size_t most, std::vector<Job*>& batch) {
  batch.clear();
  {
    std::unique_lock lock(state_->mutex);
    state_->filled.wait(lock, [this] { return state_->closed || !state_->jobs.empty(); });
    if (state_->jobs.empty()) return false;
    while (!state_->jobs.empty() && batch.size() < most) {
      batch.push_back(state_->jobs.front());
      state_->jobs.pop_front();
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
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }
  state_->filled.notify_all();
}

}  // namespace oneclaw::store
