// The API as the commands call it: credentials found, kept fresh, and busy servers tried again.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/percent_encode.h"
#include "base/result.h"
#include "cli/http_client.h"
#include "cli/settings.h"

namespace oneclaw::cli {

/// Credentials, the first of: ONECLAW_TOKEN (or ONECLAW_AGENT_TOKEN), ONECLAW_API_KEY (a personal
/// or an agent's key), ONECLAW_AGENT_API_KEY with ONECLAW_AGENT_ID, the session of `oneclaw login`.
/// A session is refreshed before it ends, under a lock: of many processes one does it.
class Client {
 public:
  Client(std::string base_url, std::string ca_file);

  /// The JSON of a success (null for none), in wiped memory. A Problem is the server's own, or of
  /// status 0 when there was no answer. GET, PUT and DELETE that get 429 or 503 are tried again,
  /// up to three times, after Retry-After (10 s at most).
  Result<boost::json::value> get(std::string_view path);
  Result<boost::json::value> call(std::string_view method, std::string_view path,
                                  const boost::json::value& body);
  Result<boost::json::value> call(std::string_view method, std::string_view path);
  /// The same without credentials.
  Result<boost::json::value> call_public(std::string_view method, std::string_view path,
                                         const boost::json::value& body);

  /// The answer as it came; for what reads statuses of its own.
  Result<HttpAnswer> raw(std::string_view method, std::string_view path,
                         const boost::json::value* body, bool with_token);

  /// The bearer token that requests carry; 401 without any credentials.
  Result<SecureString> token();
  /// What the credentials are, for people: "ONECLAW_TOKEN", "the session of a@b.c".
  [[nodiscard]] std::string credentials_name();
  [[nodiscard]] const std::string& base_url() const { return base_url_; }
  HttpClient& http() { return http_; }

 private:
  Result<boost::json::value> finish(Result<HttpAnswer> answer);
  Result<SecureString> exchange(std::string_view path, const boost::json::value& body);
  Result<SecureString> session_token(bool refresh_at_once);
  /// Whether a 401 may be mended by a refresh.
  bool refresh_after_refusal();

  std::string base_url_;
  HttpClient http_;
  SecureString token_;
  bool from_session_ = false;
};

/// The tokens of a sign-in's answer.
Session session_from(const boost::json::object& answer, std::string email);

}  // namespace oneclaw::cli
