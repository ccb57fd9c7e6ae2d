#include "server/operator_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/json/parser.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <typeinfo>
#include <utility>

#include "api/wiping_json.h"

namespace oneclaw::server {

namespace json = boost::json;

namespace {

constexpr int kPollMillis = 200;
constexpr timeval kCallTimeout{.tv_sec = 30, .tv_usec = 0};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// The mode of the socket keeps others out; this does so too where a file system has no modes.
bool is_operator(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == ::geteuid() || peer.uid == 0);
}

}  // namespace

int open_operator_socket(const std::filesystem::path& folder, bool listening) {
  const Descriptor folder_handle(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder_handle.get() < 0) return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path =
      "/proc/self/fd/" + std::to_string(folder_handle.get()) + "/" + std::string(kOperatorSocket);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return -1;
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  if (!listening) {
    return ::connect(socket.get(), name, sizeof(address)) == 0 ? socket.release() : -1;
  }
  // The folder's lock is ours, so a socket that is there is left from a server that was killed.
  ::unlink((folder / kOperatorSocket).c_str());
  if (::bind(socket.get(), name, sizeof(address)) != 0 ||
      ::chmod((folder / kOperatorSocket).c_str(), 0600) != 0 || ::listen(socket.get(), 8) != 0) {
    return -1;
  }
  return socket.release();
}

std::string OperatorCall::text(std::string_view name) const {
  return std::string(secret(name));
}

std::string_view OperatorCall::secret(std::string_view name) const {
  const json::value* const value = request().if_contains(name);
  return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

std::int64_t OperatorCall::integer(std::string_view name) const {
  const json::value* const value = request().if_contains(name);
  return value && value->is_int64() ? value->get_int64() : 0;
}

bool OperatorCall::boolean(std::string_view name) const {
  const json::value* const value = request().if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

bool OperatorCall::read() {
  SecureString line;
  line.reserve(OperatorSocket::kMostRequestBytes);  // once, so that no copy is left behind
  while (line.view().find('\n') == std::string_view::npos) {
    const std::size_t old = line.size();
    if (old == OperatorSocket::kMostRequestBytes) return false;
    line.resize(OperatorSocket::kMostRequestBytes);
    const ssize_t got = ::recv(descriptor_, line.data() + old, line.size() - old, 0);
    line.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
  }
  json::parser parser(api::wiping_storage());
  parser.reset(api::wiping_storage());
  json::error_code error;
  parser.write(line.view(), error);
  if (error) return false;
  json::value request = parser.release();
  if (!request.is_object()) return false;
  request_.emplace(std::move(request));
  return true;
}

bool OperatorCall::send(ByteView bytes) {
  while (!bytes.empty()) {
    if (stopping_) return false;
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

void OperatorCall::answer(const json::value& body) {
  SecureString text = api::to_secure_json(body);
  text.push_back('\n');
  send(text.bytes());
}

void OperatorCall::answer(const Problem& problem) {
  json::object body;
  body["code"] = problem.code;
  body["detail"] = problem.detail;
  json::array fields;
  for (const FieldError& error : problem.fields) {
    fields.push_back(json::object{{"field", error.field}, {"message", error.message}});
  }
  body["fields"] = std::move(fields);
  answer(json::value(json::object{{"problem", std::move(body)}}));
}

bool OperatorCall::write_frame(ByteView bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::array<std::uint8_t, 4> head{
      static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
      static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  return send(head) && send(bytes);
}

bool OperatorCall::end_frames() {
  return write_frame({});
}

Result<std::unique_ptr<OperatorSocket>> OperatorSocket::listen(const std::filesystem::path& folder,
                                                               Handler handler) {
  const int listener = open_operator_socket(folder, true);
  if (listener < 0) {
    return problems::internal(
        "The operator's socket can't be made: " + std::generic_category().message(errno) + ".");
  }
  return std::unique_ptr<OperatorSocket>(
      new OperatorSocket(folder / kOperatorSocket, listener, std::move(handler)));
}

OperatorSocket::OperatorSocket(std::filesystem::path file, int listener, Handler handler)
    : file_(std::move(file)),
      listener_(listener),
      handler_(std::move(handler)),
      thread_([this] { accept_loop(); }) {}

void OperatorSocket::stop() {
  if (stopping_.exchange(true)) return;
  thread_.join();
  for (auto& call : calls_) {
    if (!call->done) ::shutdown(call->descriptor, SHUT_RD);  // one that says nothing ends now
    call->thread.join();
    ::close(call->descriptor);
  }
  ::close(listener_);
  ::unlink(file_.c_str());
}

void OperatorSocket::accept_loop() {
  while (!stopping_) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, kPollMillis);
    std::erase_if(calls_, [](const auto& call) {
      if (!call->done) return false;
      call->thread.join();
      ::close(call->descriptor);
      return true;
    });
    if (ready <= 0) continue;
    Descriptor peer(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (peer.get() < 0 || calls_.size() >= kMostCalls) continue;
    if (!is_operator(peer.get())) {
      spdlog::warn("the operator's socket was tried by another user");
      continue;
    }
    ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &kCallTimeout, sizeof(kCallTimeout));
    ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &kCallTimeout, sizeof(kCallTimeout));
    auto call = std::make_unique<Call>();
    call->descriptor = peer.release();
    call->thread = std::thread([this, descriptor = call->descriptor, &done = call->done] {
      serve(descriptor);
      ::shutdown(descriptor, SHUT_RDWR);
      done = true;
    });
    calls_.push_back(std::move(call));
  }
}

void OperatorSocket::serve(int descriptor) const {
  OperatorCall call(descriptor, stopping_);
  if (!call.read()) return;
  try {
    handler_(call);
  } catch (const std::exception& error) {
    spdlog::error("exception in an operator's command type={}", typeid(error).name());
    call.answer(problems::internal());
  }
}

}  // namespace oneclaw::server
