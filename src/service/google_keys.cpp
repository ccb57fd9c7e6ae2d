#include "service/google_keys.h"

#include <curl/curl.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

std::size_t collect(char* data, std::size_t size, std::size_t count, void* target) {
  auto& text = *static_cast<std::string*>(target);
  if (text.size() + size * count > GoogleKeys::kMostBytes) return 0;  // aborts the transfer
  text.append(data, size * count);
  return size * count;
}

Result<std::string> fetch(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  if (curl == nullptr) return problems::unavailable("Google's keys can't be fetched.", 5);
  std::string text;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &text);
  if (curl_easy_perform(curl.get()) != CURLE_OK) {
    return problems::unavailable("Google's keys can't be fetched.", 5);
  }
  return text;
}

}  // namespace

GoogleKeys::GoogleKeys(std::filesystem::path file, std::string url)
    : file_(std::move(file)), url_(std::move(url)) {}

Result<std::string> GoogleKeys::load() const {
  if (file_.empty()) return fetch(url_);
  std::ifstream stream(file_, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream || text.size() > kMostBytes) {
    return problems::unavailable("Google's keys can't be read.", 5);
  }
  return text;
}

asio::awaitable<Result<std::shared_ptr<const std::string>>> GoogleKeys::jwks(std::string kid) {
  const TimePoint at = now();
  {
    const std::lock_guard lock(mutex_);
    const bool names_key = document_ && document_->find('"' + kid + '"') != std::string::npos;
    if (document_ && at - loaded_at_ < (names_key ? std::chrono::seconds(kKeptFor) : kLeastAge)) {
      co_return document_;
    }
  }
  const auto work = [this] { return load(); };
  CO_TRY(std::string text, co_await pool_.run(work));
  auto document = std::make_shared<const std::string>(std::move(text));
  const std::lock_guard lock(mutex_);
  document_ = document;
  loaded_at_ = at;
  co_return document;
}

}  // namespace oneclaw::service
