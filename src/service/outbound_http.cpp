#include "service/outbound_http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/ascii.h"

namespace oneclaw::service {

namespace {

using SteadyClock = std::chrono::steady_clock;

Problem upstream(std::string detail) {
  Problem problem = problems::internal(std::move(detail));
  problem.status = 502;
  problem.code = "upstream";
  return problem;
}

struct CurlFree {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, CurlFree> owned(text);
  return text;
}

IpAddress to_address(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw = nullptr;
  if (address.sa_family == AF_INET) {
    raw = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else if (address.sa_family == AF_INET6) {
    raw = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  if (raw == nullptr || inet_ntop(address.sa_family, raw, text.data(), text.size()) == nullptr) {
    return {};  // 0.0.0.0: never public
  }
  return IpAddress::parse(text.data()).value_or(IpAddress{});
}

/// One exchange: what the callbacks of a transfer work on.
struct Exchange {
  const OutboundRules& rules;
  OutboundAnswer answer;
  std::string location;
  std::size_t most_body_bytes;
  std::size_t header_bytes = 0;
  bool refused = false;
};

curl_socket_t open_socket(void* context, curlsocktype purpose, curl_sockaddr* target) {
  auto& exchange = *static_cast<Exchange*>(context);
  const IpAddress address = to_address(target->addr);
  const bool allowed = is_public(address) || any_contains(exchange.rules.private_ranges, address);
  if (purpose != CURLSOCKTYPE_IPCXN || !allowed) {
    exchange.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* context) {
  constexpr std::size_t kMostHeaderBytes = 64U * 1024;
  auto& exchange = *static_cast<Exchange*>(context);
  std::string_view line(data, size * count);
  exchange.header_bytes += line.size();
  if (exchange.header_bytes > kMostHeaderBytes) return 0;
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    exchange.answer.headers.clear();  // of an interim answer
    return size * count;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name = ascii_lower(line.substr(0, colon));
  line.remove_prefix(colon + 1);
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  if (name == "location") exchange.location = std::string(line);
  exchange.answer.headers.emplace_back(std::move(name), SecureString(line));
  return size * count;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::size_t got = size * count;
  const std::size_t room = exchange.most_body_bytes - exchange.answer.body.size();
  exchange.answer.body.append({data, std::min(got, room)});
  if (got > room) {
    exchange.answer.cut = true;
    return 0;  // ends the transfer
  }
  return got;
}

struct HeaderList {
  curl_slist* list = nullptr;
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() {
    for (curl_slist* item = list; item != nullptr; item = item->next) {
      sodium_memzero(item->data, std::char_traits<char>::length(item->data));
    }
    curl_slist_free_all(list);
  }
  void add(std::string_view name, std::string_view value) {
    SecureString line(name);
    // libcurl's way to send a header that is empty.
    line.append(value.empty() ? std::string_view(";") : std::string_view(": "));
    line.append(value);
    line.push_back('\0');
    list = curl_slist_append(list, line.data());
  }
};

Result<void> exchange_once(const OutboundRequest& request, const std::string& method,
                           const std::string& url, bool with_body, std::chrono::milliseconds left,
                           Exchange& exchange) {
  const std::unique_ptr<CURL, CurlFree> curl(curl_easy_init());
  if (curl == nullptr) return upstream("No request can be made now.");
  HeaderList headers;
  for (const auto& [name, value] : request.headers) headers.add(name, value.view());
  headers.list = curl_slist_append(headers.list, "Expect:");
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  if (method == "HEAD") curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  curl_easy_setopt(curl.get(), CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "oneclaw/" ONECLAW_VERSION);
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETDATA, &exchange);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &exchange);
  if (with_body) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body.view().data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_COULDNT_CONNECT && exchange.refused) {
    return problems::forbidden("The host's address isn't one that may be reached.");
  }
  if (code != CURLE_OK && !exchange.answer.cut) {
    return upstream(std::string("The host gave no answer: ") + curl_easy_strerror(code) + ".");
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.answer.status = static_cast<int>(status);
  return {};
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// `location` as seen from `base`; 400 when it can't be read.
Result<std::string> resolve(const std::string& base, const std::string& location) {
  const std::unique_ptr<CURLU, CurlFree> url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return problems::bad_request("The host redirects to what is no URL.");
  }
  return url_part(url.get(), CURLUPART_URL);
}

}  // namespace

Result<OutboundUrl> OutboundUrl::parse(const std::string& text) {
  const auto wrong = [](std::string what) { return problems::validation("url", std::move(what)); };
  const std::unique_ptr<CURLU, CurlFree> url(curl_url());
  // libcurl takes `https:///x` for the host x.
  if (url == nullptr || text.find_first_of("\\\r\n\t ") != std::string::npos ||
      text.find(":///") != std::string::npos ||
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return wrong("must be an absolute URL");
  }
  OutboundUrl parsed;
  parsed.scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (parsed.scheme != "https" && parsed.scheme != "http") return wrong("must be of http or https");
  if (!url_part(url.get(), CURLUPART_USER).empty() ||
      !url_part(url.get(), CURLUPART_PASSWORD).empty()) {
    return wrong("must hold no user name or password");
  }
  parsed.host = ascii_lower(url_part(url.get(), CURLUPART_HOST));
  if (parsed.host.starts_with('[') && parsed.host.ends_with(']')) {
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  }
  while (parsed.host.ends_with('.')) parsed.host.pop_back();
  if (parsed.host.empty()) return wrong("must name a host");
  const std::string port = url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  parsed.path = url_part(url.get(), CURLUPART_PATH);
  return parsed;
}

Result<OutboundAnswer> send_outbound(const OutboundRequest& request, const OutboundRules& rules) {
  const auto end = SteadyClock::now() + request.timeout;
  std::string url = request.url;
  std::string method = request.method;
  bool with_body = request.has_body;
  for (int redirects = 0;; ++redirects) {
    TRY(const OutboundUrl parsed, OutboundUrl::parse(url));
    CHECK_OK(rules.check(parsed));
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - SteadyClock::now());
    if (left.count() <= 0) return upstream("The host took too long.");
    Exchange exchange{rules, {}, {}, request.most_body_bytes, 0, false};
    CHECK_OK(exchange_once(request, method, url, with_body, left, exchange));
    exchange.answer.redirects = redirects;
    const int status = exchange.answer.status;
    if (!is_redirect(status) || exchange.location.empty() || redirects >= rules.most_redirects) {
      return std::move(exchange.answer);
    }
    TRY(url, resolve(url, exchange.location));
    if (parsed.scheme == "https" && !url.starts_with("https:")) {
      return problems::forbidden("The host redirects from https to http.");
    }
    if (status == 303 || (method == "POST" && status <= 302)) {
      if (method != "HEAD") method = "GET";
      with_body = false;
    }
  }
}

}  // namespace oneclaw::service
