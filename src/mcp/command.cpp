#include "mcp/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace oneclaw::mcp {

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kGrace{2};

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    close();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return problems::unavailable("No pipe can be made on this machine.");
  }
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// In the child. Gives errno through `report` when it comes back at all.
[[noreturn]] void become(const Command& command, std::vector<char*>& words,
                         std::vector<char*>& variables, const std::array<int, 3>& streams,
                         int report) {
  ::setpgid(0, 0);
  for (int i = 0; i < 3; ++i) ::dup2(streams[static_cast<std::size_t>(i)], i);
  std::signal(SIGPIPE, SIG_DFL);
  if (command.folder.empty() || ::chdir(command.folder.c_str()) == 0) {
    ::execvpe(words[0], words.data(), variables.data());
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof error);
  ::_exit(127);
}

/// One stream of the child's output.
struct Stream {
  Descriptor from;
  SecureString* to = nullptr;
  bool* cut = nullptr;
};

class Watch {
 public:
  Watch(const Command& command, CommandOutcome& outcome, pid_t child)
      : command_(command), outcome_(outcome), child_(child) {}

  /// Until both streams have ended and all input is written, or the time is up.
  void run(Descriptor in, Descriptor out, Descriptor err) {
    in_ = std::move(in);
    streams_ = {Stream{std::move(out), &outcome_.out, &outcome_.out_cut},
                Stream{std::move(err), &outcome_.err, &outcome_.err_cut}};
    if (command_.input.empty()) in_.close();
    const auto deadline = SteadyClock::now() + command_.timeout;
    auto kill_at = deadline + kGrace;
    while (in_.open() || streams_[0].from.open() || streams_[1].from.open()) {
      const auto at = SteadyClock::now();
      if (!outcome_.timed_out && at >= deadline) {
        outcome_.timed_out = true;
        ::kill(-child_, SIGTERM);
      } else if (outcome_.timed_out && at >= kill_at) {
        ::kill(-child_, SIGKILL);
        break;  // a grandchild that left the group may hold the pipes for ever
      }
      const auto until = outcome_.timed_out ? kill_at : deadline;
      turn(std::chrono::duration_cast<std::chrono::milliseconds>(until - at) +
           std::chrono::milliseconds(1));
    }
  }

 private:
  void turn(std::chrono::milliseconds wait) {
    std::array<pollfd, 3> polls{{{in_.get(), POLLOUT, 0},
                                 {streams_[0].from.get(), POLLIN, 0},
                                 {streams_[1].from.get(), POLLIN, 0}}};
    if (::poll(polls.data(), polls.size(), static_cast<int>(wait.count())) <= 0) return;
    if (polls[0].revents != 0) feed();
    if (polls[1].revents != 0) drain(streams_[0]);
    if (polls[2].revents != 0) drain(streams_[1]);
  }

  void feed() {
    const std::string_view rest = std::string_view(command_.input).substr(fed_);
    const ssize_t written = ::write(in_.get(), rest.data(), rest.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (written > 0) fed_ += static_cast<std::size_t>(written);
    if (written < 0 || fed_ == command_.input.size()) in_.close();
  }

  void drain(Stream& stream) {
    std::array<char, 16384> block{};
    const ssize_t got = ::read(stream.from.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return stream.from.close();
    const std::size_t room = command_.most_output_bytes - stream.to->size();
    const auto size = static_cast<std::size_t>(got);
    stream.to->append({block.data(), std::min(size, room)});
    if (size > room) *stream.cut = true;
    sodium_memzero(block.data(), size);
  }

  const Command& command_;
  CommandOutcome& outcome_;
  pid_t child_;
  Descriptor in_;
  std::array<Stream, 2> streams_{};
  std::size_t fed_ = 0;
};

int wait_for(pid_t child, bool timed_out) {
  int status = 0;
  for (int waited = 0; timed_out && waited < 20; ++waited) {
    if (::waitpid(child, &status, WNOHANG) == child) {
      ::kill(-child, SIGKILL);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    ::usleep(100'000);
  }
  if (timed_out) ::kill(-child, SIGKILL);
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<CommandOutcome> run_command(const Command& command, ChildEnvironment& environment) {
  std::vector<std::string> copies = command.words;
  std::vector<char*> words;
  for (std::string& word : copies) words.push_back(word.data());
  words.push_back(nullptr);
  std::vector<char*> variables = environment.pointers();
  TRY(Pipe in, make_pipe());
  TRY(Pipe out, make_pipe());
  TRY(Pipe err, make_pipe());
  TRY(Pipe report, make_pipe());
  std::signal(SIGPIPE, SIG_IGN);
  const pid_t child = ::fork();
  if (child < 0) return problems::unavailable("No process can be started on this machine.");
  if (child == 0) {
    become(command, words, variables, {in.read.get(), out.write.get(), err.write.get()},
           report.write.get());
  }
  ::setpgid(child, child);
  in.read.close();
  out.write.close();
  err.write.close();
  report.write.close();
  int error = 0;
  ssize_t told = 0;
  while ((told = ::read(report.read.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  CommandOutcome outcome;
  if (told == sizeof error) {
    wait_for(child, false);
    return problems::validation("command", "can't be run: " + std::string(std::strerror(error)));
  }
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  Watch(command, outcome, child).run(std::move(in.write), std::move(out.read), std::move(err.read));
  outcome.exit_code = wait_for(child, outcome.timed_out);
  return outcome;
}

}  // namespace oneclaw::mcp
