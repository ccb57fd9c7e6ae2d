#include "operator/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json/parser.hpp>
#include <cerrno>
#include <system_error>

#include "api/wiping_json.h"
#include "server/operator_socket.h"

namespace oneclaw::operators {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostAnswer = 1024UL * 1024;
constexpr std::size_t kMostFrame = 16UL * 1024 * 1024;

class Connection {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  bool send(ByteView bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool receive(std::span<std::uint8_t> out) const {
    while (!out.empty()) {
      const ssize_t got = ::recv(descriptor_, out.data(), out.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

 private:
  int descriptor_;
};

Problem broken() {
  return problems::unavailable("The server ended the connection.");
}

Problem to_problem(const json::object& body) {
  Problem problem = problems::internal();
  if (const auto* code = body.if_contains("code")) problem.code = code->get_string();
  if (const auto* detail = body.if_contains("detail")) problem.detail = detail->get_string();
  if (const auto* fields = body.if_contains("fields"); fields && fields->is_array()) {
    for (const json::value& field : fields->get_array()) {
      problem.fields.push_back({std::string(field.at("field").as_string()),
                                std::string(field.at("message").as_string())});
    }
  }
  return problem;
}

Result<json::value> ask(const Connection& connection, const std::filesystem::path& folder,
                        const json::object& request) {
  if (!connection.is_open()) {
    return problems::unavailable("No server can be reached over " +
                                 (folder / server::kOperatorSocket).string() + ": " +
                                 std::generic_category().message(errno) + ".");
  }
  SecureString line = api::to_secure_json(request);
  line.push_back('\n');
  if (!connection.send(line.bytes())) return broken();
  SecureString answer;
  answer.reserve(4096);
  // Byte by byte, for what follows the line isn't text.
  for (std::array<std::uint8_t, 1> byte{}; answer.size() < kMostAnswer;) {
    if (!connection.receive(byte)) return broken();
    if (byte[0] == '\n') break;
    answer.push_back(static_cast<char>(byte[0]));
  }
  json::parser parser(api::wiping_storage());
  parser.reset(api::wiping_storage());
  json::error_code error;
  parser.write(answer.view(), error);
  if (error) return broken();
  json::value body = parser.release();
  if (const json::object* const object = body.if_object()) {
    if (const json::value* const problem = object->if_contains("problem")) {
      return to_problem(problem->as_object());
    }
  }
  return body;
}

}  // namespace

Result<json::value> Client::call(const json::object& request) const {
  const Connection connection(server::open_operator_socket(folder_, false));
  return ask(connection, folder_, request);
}

Result<void> Client::stream(const json::object& request,
                            const std::function<Result<void>(ByteView)>& sink) const {
  const Connection connection(server::open_operator_socket(folder_, false));
  auto started = ask(connection, folder_, request);
  if (!started.ok()) return std::move(started).problem();
  Bytes frame;
  for (;;) {
    std::array<std::uint8_t, 4> head{};
    if (!connection.receive(head)) return broken();
    const std::size_t size = std::size_t{head[0]} << 24U | std::size_t{head[1]} << 16U |
                             std::size_t{head[2]} << 8U | std::size_t{head[3]};
    if (size == 0) return {};
    if (size > kMostFrame) return broken();
    frame.resize(size);
    if (!connection.receive(frame)) return broken();
    CHECK_OK(sink(frame));
  }
}

}  // namespace oneclaw::operators
