// What our libcurl transfers share: bounded in time and size, ended at shutdown, never redirected.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::service {

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlFree>;
using CurlList = std::unique_ptr<curl_slist, CurlFree>;

/// A handle with no proxy and no signals, that ends after `timeout` or soon after `stopping` is
/// set, trusts `ca_file` (or the system's authorities), and takes at most 64 KiB of answer, which
/// it forgets.
CurlHandle new_transfer(std::chrono::seconds timeout, const std::filesystem::path& ca_file,
                        const std::atomic<bool>& stopping);

/// Appends a copy of `text`.
void append(CurlList& list, const std::string& text);

}  // namespace oneclaw::service
