#include "cli/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace oneclaw::cli {

namespace {

bool same_header(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::equal(name.begin(), name.end(), line.begin(),
                    [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

std::string_view header_value(std::string_view line, std::size_t name_size) {
  line.remove_prefix(name_size + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  return line;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* target) {
  auto& answer = *static_cast<HttpAnswer*>(target);
  const std::string_view line(data, size * count);
  constexpr std::string_view kRetryAfter = "Retry-After";
  constexpr std::string_view kDate = "Date";
  if (same_header(line, kRetryAfter)) {
    const std::string_view value = header_value(line, kRetryAfter.size());
    int seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && seconds >= 0) answer.retry_after_seconds = seconds;
  } else if (same_header(line, kDate)) {
    const std::string value(header_value(line, kDate.size()));
    if (const auto time = curl_getdate(value.c_str(), nullptr); time >= 0) answer.date = time;
  }
  return size * count;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* target) {
  auto& body = *static_cast<SecureString*>(target);
  if (body.size() + size * count > HttpClient::kMostAnswerBytes) return 0;
  body.append({data, size * count});
  return size * count;
}

/// Whether a failure says that the server never saw the request.
bool never_sent(CURLcode code) {
  constexpr std::array kUnsent{CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
                               CURLE_COULDNT_CONNECT,      CURLE_PEER_FAILED_VERIFICATION,
                               CURLE_SSL_CONNECT_ERROR,    CURLE_SSL_CACERT_BADFILE,
                               CURLE_URL_MALFORMAT,        CURLE_UNSUPPORTED_PROTOCOL};
  return std::ranges::find(kUnsent, code) != kUnsent.end();
}

struct Headers {
  curl_slist* list = nullptr;
  Headers() = default;
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;
  ~Headers() {
    for (curl_slist* item = list; item != nullptr; item = item->next) {
      sodium_memzero(item->data, std::char_traits<char>::length(item->data));
    }
    curl_slist_free_all(list);
  }
  void add(const char* line) { list = curl_slist_append(list, line); }
};

}  // namespace

struct HttpClient::Handle {
  Handle() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started == CURLE_OK) curl = curl_easy_init();
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (curl != nullptr) curl_easy_cleanup(curl);
  }
  CURL* curl = nullptr;
};

Problem trouble(std::string code, std::string detail) {
  Problem problem;
  problem.status = 0;
  problem.code = std::move(code);
  problem.detail = std::move(detail);
  return problem;
}

HttpClient::HttpClient(std::string ca_file)
    : handle_(std::make_unique<Handle>()), ca_file_(std::move(ca_file)) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::send(const HttpRequest& request) {
  CURL* const curl = handle_->curl;
  if (curl == nullptr) return trouble("unsent", "libcurl failed.");
  curl_easy_reset(curl);
  HttpAnswer answer;
  std::array<char, CURL_ERROR_SIZE> error{};
  Headers headers;
  headers.add("Accept: application/json, application/problem+json");
  headers.add("Expect:");
  if (request.body) headers.add("Content-Type: application/json");
  if (!request.bearer.empty()) {
    SecureString line("Authorization: Bearer ");
    line.append(request.bearer);
    line.push_back('\0');
    headers.add(line.data());
  }
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "oneclaw-cli/" ONECLAW_VERSION);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
  if (is_loopback_url(request.url)) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  if (request.body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body->view().data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    const char* const why = error[0] != '\0' ? error.data() : curl_easy_strerror(code);
    return trouble(
        never_sent(code) ? "unsent" : "unanswered",
        "No answer from " + request.url.substr(0, request.url.find('?')) + ": " + why + ".");
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

bool is_loopback_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.find('@') != std::string_view::npos) return false;
  if (host.starts_with("[::1]")) return true;
  host = host.substr(0, host.find(':'));
  return host == "localhost" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

}  // namespace oneclaw::cli
