#include "service/curl_transfer.h"

#include <new>

namespace oneclaw::service {

namespace {

constexpr std::size_t kMostAnswerBytes = 64U * 1024;

int end_when_stopping(void* stopping, curl_off_t /*down_total*/, curl_off_t /*down*/,
                      curl_off_t /*up_total*/, curl_off_t /*up*/) {
  return *static_cast<const std::atomic<bool>*>(stopping) ? 1 : 0;
}

/// Counts in the handle's private pointer: a transfer ends when its answer is too long.
std::size_t discard(char* /*data*/, std::size_t size, std::size_t count, void* handle) {
  curl_off_t taken = 0;
  curl_easy_getinfo(static_cast<CURL*>(handle), CURLINFO_SIZE_DOWNLOAD_T, &taken);
  return taken > static_cast<curl_off_t>(kMostAnswerBytes) ? 0 : size * count;
}

}  // namespace

CurlHandle new_transfer(std::chrono::seconds timeout, const std::filesystem::path& ca_file,
                        const std::atomic<bool>& stopping) {
  CurlHandle curl(curl_easy_init());
  if (curl == nullptr) throw std::bad_alloc();
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, end_when_stopping);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &stopping);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, curl.get());
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
  if (!ca_file.empty()) curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca_file.c_str());
  return curl;
}

void append(CurlList& list, const std::string& text) {
  curl_slist* longer = curl_slist_append(list.get(), text.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  list.release();  // the same list, now longer
  list.reset(longer);
}

}  // namespace oneclaw::service
