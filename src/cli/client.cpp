#include "cli/client.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "base/wiping_json.h"
#include "cli/files.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

constexpr int kMostTries = 4;
constexpr int kMostWaitSeconds = 10;

std::string string_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// The problem that an answer of 400 and above holds.
Problem read_problem(const HttpAnswer& answer) {
  Problem problem = trouble("http", "The server answered " + std::to_string(answer.status) + " " +
                                        std::string(reason_phrase(answer.status)) + ".");
  problem.status = answer.status;
  problem.retry_after_seconds = answer.retry_after_seconds;
  boost::system::error_code error;
  const json::value body = json::parse(answer.body.view(), error);
  if (error || !body.is_object()) return problem;
  const json::object& object = body.get_object();
  if (std::string detail = string_of(object, "detail"); !detail.empty()) problem.detail = detail;
  const std::string type = string_of(object, "type");
  problem.code = type.substr(type.rfind(':') + 1);
  if (const json::value* fields = object.if_contains("fields");
      fields != nullptr && fields->is_array()) {
    for (const json::value& field : fields->get_array()) {
      if (!field.is_object()) continue;
      problem.fields.push_back(
          {string_of(field.get_object(), "field"), string_of(field.get_object(), "message")});
    }
  }
  return problem;
}

bool may_repeat(std::string_view method) {
  return method == "GET" || method == "PUT" || method == "DELETE";
}

}  // namespace

Session session_from(const json::object& answer, std::string email) {
  Session session;
  session.access_token = SecureString(string_of(answer, "access_token"));
  session.refresh_token = SecureString(string_of(answer, "refresh_token"));
  session.email = std::move(email);
  std::int64_t life = 0;
  if (const json::value* const seconds = answer.if_contains("expires_in");
      seconds != nullptr && seconds->is_int64()) {
    life = seconds->get_int64();
  }
  session.expires_at = now() + std::chrono::seconds(life);
  return session;
}

Client::Client(std::string base_url, std::string ca_file)
    : base_url_(std::move(base_url)), http_(std::move(ca_file)) {
  while (base_url_.ends_with('/')) base_url_.pop_back();
}

Result<HttpAnswer> Client::raw(std::string_view method, std::string_view path,
                               const json::value* body, bool with_token) {
  HttpRequest request;
  request.method = std::string(method);
  request.url = base_url_ + std::string(path);
  if (body != nullptr) request.body = to_secure_json(*body);
  SecureString bearer;
  if (with_token) {
    TRY(bearer, token());
    request.bearer = bearer.view();
  }
  bool refreshed = false;
  for (int tried = 1;; ++tried) {
    TRY(HttpAnswer answer, http_.send(request));
    if (answer.status == 401 && with_token && !refreshed && refresh_after_refusal()) {
      refreshed = true;
      TRY(bearer, token());
      request.bearer = bearer.view();
      continue;
    }
    const bool busy = answer.status == 503 || answer.status == 429;
    if (!busy || !may_repeat(method) || tried >= kMostTries) return answer;
    const int wait = answer.retry_after_seconds.value_or(1);
    if (wait > kMostWaitSeconds) return answer;
    std::this_thread::sleep_for(std::chrono::seconds(std::max(wait, 1)));
  }
}

Result<json::value> Client::finish(Result<HttpAnswer> answer) {
  if (!answer.ok()) return std::move(answer).problem();
  if (answer->status >= 400) return read_problem(*answer);
  if (answer->status >= 300) {
    return trouble("redirect",
                   "The server sends this request elsewhere: is " + base_url_ + " the right URL?");
  }
  if (answer->body.empty()) return json::value(nullptr);
  boost::system::error_code error;
  json::value value = json::parse(answer->body.view(), error, wiping_storage());
  if (error) {
    return trouble("not-json", "What answers at " + base_url_ + " doesn't speak the oneclaw API.");
  }
  return value;
}

Result<json::value> Client::get(std::string_view path) {
  return finish(raw("GET", path, nullptr, true));
}
Result<json::value> Client::call(std::string_view method, std::string_view path,
                                 const json::value& body) {
  return finish(raw(method, path, &body, true));
}
Result<json::value> Client::call(std::string_view method, std::string_view path) {
  return finish(raw(method, path, nullptr, true));
}
Result<json::value> Client::call_public(std::string_view method, std::string_view path,
                                        const json::value& body) {
  return finish(raw(method, path, body.is_null() ? nullptr : &body, false));
}

Result<SecureString> Client::exchange(std::string_view path, const json::value& body) {
  TRY(const json::value answer, call_public("POST", path, body));
  const std::string_view access =
      answer.is_object() && answer.get_object().contains("access_token")
          ? std::string_view(answer.get_object().at("access_token").as_string())
          : std::string_view();
  if (access.empty()) return problems::unauthorized("The server gave no token for the key.");
  return SecureString(access);
}

Result<SecureString> Client::token() {
  if (!token_.empty() && !from_session_) return SecureString(token_.view());
  for (const char* name : {"ONECLAW_TOKEN", "ONECLAW_AGENT_TOKEN"}) {
    if (const auto given = environment(name)) {
      token_ = SecureString(*given);
      return SecureString(token_.view());
    }
  }
  auto key = environment("ONECLAW_API_KEY");
  if (!key) key = environment("ONECLAW_AGENT_API_KEY");
  if (key) {
    json::object body(wiping_storage());
    body["api_key"] = *key;
    const bool agent = key->starts_with("ocv_");
    if (const auto id = environment("ONECLAW_AGENT_ID"); id && agent) body["agent_id"] = *id;
    TRY(token_, exchange(agent ? "/v1/auth/agent-token" : "/v1/auth/api-key-token", body));
    return SecureString(token_.view());
  }
  from_session_ = true;
  return session_token(false);
}

Result<SecureString> Client::session_token(bool refresh_at_once) {
  // Without the lock: the file is replaced whole, and most of the time the token is good.
  TRY(std::optional<Session> session, load_session(base_url_));
  if (!session) return problems::unauthorized("You aren't signed in to " + base_url_ + ".");
  const bool refused = refresh_at_once && session->access_token.view() == token_.view();
  if (!session->expires_soon() && !refused) {
    token_ = SecureString(session->access_token.view());
    return SecureString(token_.view());
  }
  TRY(const FileLock lock, FileLock::take(credentials_lock_file()));
  TRY(session, load_session(base_url_));
  if (!session) return problems::unauthorized("You aren't signed in to " + base_url_ + ".");
  const bool still_refused = refresh_at_once && session->access_token.view() == token_.view();
  if (session->expires_soon() || still_refused) {
    if (session->refresh_token.empty()) {
      return problems::unauthorized("Your session has ended.");
    }
    json::object body(wiping_storage());
    body["refresh_token"] = session->refresh_token.view();
    Result<json::value> answer = call_public("POST", "/v1/auth/refresh", body);
    if (!answer.ok()) {
      if (answer.problem().status == 401) return problems::unauthorized("Your session has ended.");
      return std::move(answer).problem();
    }
    if (!answer->is_object()) return problems::unauthorized("Your session can't be refreshed.");
    session = session_from(answer->get_object(), session->email);
    CHECK_OK(save_session(base_url_, session));
  }
  token_ = SecureString(session->access_token.view());
  return SecureString(token_.view());
}

bool Client::refresh_after_refusal() {
  return from_session_ && session_token(true).ok();
}

std::string Client::credentials_name() {
  for (const char* name :
       {"ONECLAW_TOKEN", "ONECLAW_AGENT_TOKEN", "ONECLAW_API_KEY", "ONECLAW_AGENT_API_KEY"}) {
    if (environment(name)) return name;
  }
  const Result<std::optional<Session>> session = load_session(base_url_);
  if (!session.ok() || !*session) return {};
  return "the session of " + ((*session)->email.empty() ? "oneclaw login" : (*session)->email);
}

}  // namespace oneclaw::cli
