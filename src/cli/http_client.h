// One HTTP request and its answer, over libcurl.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::cli {

/// A problem of this side's, not of the server's: status 0.
Problem trouble(std::string code, std::string detail);

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::string_view bearer;           ///< empty: no Authorization header
  std::optional<SecureString> body;  ///< JSON
  std::chrono::milliseconds timeout{30'000};
};

struct HttpAnswer {
  int status = 0;
  SecureString body;
  std::optional<int> retry_after_seconds;
  std::optional<std::int64_t> date;  ///< the server's clock, Unix seconds
};

/// Keeps its connection between requests. TLS certificates and host names are always checked.
/// Proxies are those of the environment, but never for a loopback address. Redirects are not
/// followed: a token must not go where the user did not send it.
class HttpClient {
 public:
  static constexpr std::size_t kMostAnswerBytes = 64U * 1024 * 1024;

  /// `ca_file`: PEM certificates to trust instead of the system's; empty: the system's.
  explicit HttpClient(std::string ca_file);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// A Problem of status 0 when there is no whole answer: "unsent" as its code when the request
  /// never left, else "unanswered".
  Result<HttpAnswer> send(const HttpRequest& request);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string ca_file_;
};

/// `127.0.0.0/8`, `::1`, `localhost`.
bool is_loopback_url(std::string_view url);

}  // namespace oneclaw::cli
