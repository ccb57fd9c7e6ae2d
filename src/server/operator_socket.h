// The operator's channel: a Unix socket in the data folder that nobody but the server's own user
// and root can use.
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::server {

inline constexpr std::string_view kOperatorSocket = "operator.sock";

/// One call: a JSON object in, a JSON object or a stream of bytes out.
///
/// The wire: a line of JSON, {"command": …}; then a line of JSON, {"problem": {…}} or the answer.
/// An answer with "stream": true is followed by frames, each a length (4 bytes, big-endian) and
/// that many bytes; one of length 0 ends the stream, and a connection that ends without it has
/// failed.
class OperatorCall {
 public:
  OperatorCall(int descriptor, const std::atomic<bool>& stopping)
      : descriptor_(descriptor), stopping_(stopping) {}

  /// Wiped when it goes: it may hold shares.
  [[nodiscard]] const boost::json::object& request() const { return request_->get_object(); }
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::string_view secret(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;  ///< 0 when absent
  [[nodiscard]] bool boolean(std::string_view name) const;

  bool read();
  void answer(const boost::json::value& body);
  void answer(const Problem& problem);
  /// False when the operator is gone or the server stops.
  bool write_frame(ByteView bytes);
  bool end_frames();

 private:
  bool send(ByteView bytes);

  int descriptor_;
  const std::atomic<bool>& stopping_;
  std::optional<boost::json::value> request_;
};

class OperatorSocket {
 public:
  using Handler = std::function<void(OperatorCall&)>;
  static constexpr std::size_t kMostRequestBytes = 64U * 1024;
  static constexpr std::size_t kMostCalls = 16;  ///< at once

  /// Makes DIR/operator.sock (0600). `handler` runs on a thread of each call's own.
  static Result<std::unique_ptr<OperatorSocket>> listen(const std::filesystem::path& folder,
                                                        Handler handler);
  ~OperatorSocket() { stop(); }
  OperatorSocket(const OperatorSocket&) = delete;
  OperatorSocket& operator=(const OperatorSocket&) = delete;

  /// Takes no more calls, and ends those under way.
  void stop();

 private:
  struct Call {
    int descriptor = -1;
    std::thread thread;
    std::atomic<bool> done{false};
  };
  OperatorSocket(std::filesystem::path file, int listener, Handler handler);
  void accept_loop();
  void serve(int descriptor) const;

  std::filesystem::path file_;
  int listener_;
  Handler handler_;
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<Call>> calls_;
  std::thread thread_;
};

/// Connects to, or with `listening` binds, a folder's socket: by way of /proc/self/fd, since a
/// socket's path is limited to 107 bytes. -1 and errno on failure.
int open_operator_socket(const std::filesystem::path& folder, bool listening);

}  // namespace oneclaw::server
