#include "service/webhook_sender.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <cstring>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/ip.h"
#include "crypto/digest.h"
#include "service/curl_transfer.h"

namespace oneclaw::service {

namespace {

constexpr std::size_t kMostUrlBytes = 2048;

std::optional<IpAddress> to_ip(const curl_sockaddr& address) {
  IpAddress ip;
  if (address.family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.addr, sizeof(v4));
    std::memcpy(ip.bytes.data(), &v4.sin_addr, 4);
    return ip;
  }
  if (address.family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.addr, sizeof(v6));
    std::memcpy(ip.bytes.data(), &v6.sin6_addr, 16);
    ip.v6 = true;
    return IpAddress::parse(ip.to_string());  // a mapped address is judged as the IPv4 it is
  }
  return std::nullopt;
}

struct Guard {
  bool allow_private = false;
  bool refused = false;
};

/// libcurl asks for the socket of each address that it tries.
curl_socket_t open_allowed(void* object, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& guard = *static_cast<Guard*>(object);
  const auto ip = to_ip(*address);
  if (!ip || !(guard.allow_private || is_public(*ip))) {
    guard.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

SecureString new_webhook_secret() {
  const Key256 random = Key256::random();
  SecureString secret(kWebhookSecretPrefix);
  secret.append(SecureString(to_base64(random.view())).view());
  return secret;
}

Result<std::string> sign_webhook(std::string_view secret, std::string_view event_id, TimePoint at,
                                 std::string_view body) {
  if (!secret.starts_with(kWebhookSecretPrefix)) return problems::internal();
  auto raw = from_base64(secret.substr(kWebhookSecretPrefix.size()));
  if (!raw || raw->size() != Key256::kSize) return problems::internal();
  const Key256 key(*raw);
  sodium_memzero(raw->data(), raw->size());
  std::string signed_text(event_id);
  signed_text += "." + std::to_string(to_unix_seconds(at)) + ".";
  signed_text += body;
  return "v1," + to_base64(crypto::hmac_sha256(key, as_bytes(signed_text)));
}

Result<void> validate_webhook_url(std::string_view text, bool allow_private) {
  const auto wrong = [](std::string message) {
    return problems::validation("url", std::move(message));
  };
  const auto url = boost::urls::parse_uri(text);
  if (text.size() > kMostUrlBytes || !url ||
      (url->scheme() != "http" && url->scheme() != "https") || url->host().empty() ||
      url->has_userinfo() || url->has_fragment()) {
    return wrong("must be an http or https URL without user, password or fragment");
  }
  if (allow_private) return {};
  const std::string host = ascii_lower(url->host_address());
  const auto ip = IpAddress::parse(host);
  if ((ip && !is_public(*ip)) || host == "localhost" || host.ends_with(".localhost")) {
    return wrong("must not lead to a private, loopback or link-local address");
  }
  return {};
}

Attempt send_webhook(const WebhookOptions& options, const std::string& url, std::string_view secret,
                     std::string_view event_id, std::string_view body,
                     const std::atomic<bool>& stopping) {
  using enum Attempt::Outcome;
  const TimePoint at = now();
  const auto signature = sign_webhook(secret, event_id, at, body);
  if (!signature.ok()) return {kRefused, "the signing secret can't be used"};
  const CurlHandle curl = new_transfer(options.timeout, options.ca_file, stopping);
  Guard guard{.allow_private = options.allow_private_addresses};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETFUNCTION, open_allowed);
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETDATA, &guard);
  curl_easy_setopt(curl.get(), CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "oneclaw/" ONECLAW_VERSION);
  CurlList headers;
  append(headers, "Content-Type: application/json");
  append(headers, "Expect:");
  append(headers, "webhook-id: " + std::string(event_id));
  append(headers, "webhook-timestamp: " + std::to_string(to_unix_seconds(at)));
  append(headers, "webhook-signature: " + *signature);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  // An answer that is too long has been given all the same.
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0)) {
    if (status >= 200 && status < 300) return {};
    return {kUnreachable, "the answer was " + std::to_string(status)};
  }
  if (guard.refused)
    return {kUnreachable, "the address is private and private ones aren't allowed"};
  return {kUnreachable, curl_easy_strerror(code)};
}

}  // namespace oneclaw::service
