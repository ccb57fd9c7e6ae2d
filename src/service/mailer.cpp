#include "service/mailer.h"

#include <date/date.h>

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "service/curl_transfer.h"

namespace oneclaw::service {

namespace {

constexpr std::size_t kBase64Line = 76;  // RFC 2045 §6.8

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
}

/// A header's text on one line: RFC 2047 words when it is not plain ASCII.
std::string header_text(std::string_view text) {
  if (is_printable_ascii(text) && text.size() <= 900) return std::string(text);
  std::string encoded;
  // 45 bytes are 60 characters of base64; a word has at most 75 (RFC 2047 §2). A character of
  // UTF-8 is not split over two words.
  while (!text.empty()) {
    std::size_t size = std::min<std::size_t>(45, text.size());
    while (size < text.size() && size > 1 &&
           (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80) {
      --size;
    }
    encoded += (encoded.empty() ? "=?utf-8?B?" : "\r\n =?utf-8?B?") +
               to_base64(as_bytes(text.substr(0, size))) + "?=";
    text.remove_prefix(size);
  }
  return encoded;
}

void append_base64(SecureString& message, ByteView text) {
  SecureString encoded(to_base64(text));
  for (std::size_t at = 0; at < encoded.size(); at += kBase64Line) {
    message.append(encoded.view().substr(at, kBase64Line));
    message.append("\r\n");
  }
}

/// What libcurl reads the message from.
struct Upload {
  std::string_view rest;
};

std::size_t read_upload(char* target, std::size_t size, std::size_t count, void* source) {
  auto& rest = static_cast<Upload*>(source)->rest;
  const std::size_t taken = std::min(size * count, rest.size());
  std::memcpy(target, rest.data(), taken);
  rest.remove_prefix(taken);
  return taken;
}

Attempt judge(CURL* curl, CURLcode code) {
  if (code == CURLE_OK) return {};
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  std::string reason = curl_easy_strerror(code);
  if (status >= 400) reason += " (SMTP " + std::to_string(status) + ")";
  using enum Attempt::Outcome;
  switch (code) {
    case CURLE_SEND_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_QUOTE_ERROR:
      return {status >= 500 ? kRefused : kRetry, std::move(reason)};
    default:
      return {kUnreachable, std::move(reason)};
  }
}

}  // namespace

SecureString to_message(const Email& email, const std::string& from, const Uuid& id, TimePoint at) {
  SecureString message;
  const auto header = [&](std::string_view name, const std::string& value) {
    message.append(std::string(name) + ": " + value + "\r\n");
  };
  const std::string domain = from.substr(from.find('@') + 1);
  header("Date",
         date::format("%a, %d %b %Y %T +0000", std::chrono::floor<std::chrono::seconds>(at)));
  header("From", "oneclaw <" + from + ">");
  header("To", email.to);
  header("Subject", header_text(email.subject));
  header("Message-ID", "<" + id.to_string() + "@" + domain + ">");
  header("Auto-Submitted", "auto-generated");  // RFC 3834: no automatic answers, please
  header("MIME-Version", "1.0");
  header("Content-Type", "text/plain; charset=utf-8");
  header("Content-Transfer-Encoding", "base64");
  message.append("\r\n");
  append_base64(message, email.text.bytes());
  return message;
}

Attempt send_email(const SmtpOptions& options, const Email& email, const Uuid& id,
                   const std::atomic<bool>& stopping) {
  if (!is_mail_address(email.to)) {
    return {Attempt::Outcome::kRefused, "the address can't be sent to"};
  }
  const SecureString message = to_message(email, options.from, id, now());
  const CurlHandle curl = new_transfer(options.timeout, options.ca_file, stopping);
  const std::string scheme = options.security == SmtpSecurity::kTls ? "smtps://" : "smtp://";
  const std::string url = scheme + options.host + ":" + std::to_string(options.port);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  if (options.security != SmtpSecurity::kNone) {
    curl_easy_setopt(curl.get(), CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  }
  if (!options.username.empty()) {
    const SecureString password = [&] {
      SecureString text(options.password.view());
      text.push_back('\0');
      return text;
    }();
    curl_easy_setopt(curl.get(), CURLOPT_USERNAME, options.username.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, password.view().data());
  }
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, options.from.c_str());
  CurlList recipients;
  append(recipients, email.to);
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, recipients.get());
  Upload upload{message.view()};
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, read_upload);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
  const CURLcode code = curl_easy_perform(curl.get());
  return judge(curl.get(), code);
}

}  // namespace oneclaw::service
