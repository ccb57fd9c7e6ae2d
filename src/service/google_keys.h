// The JWKS that Google signs ID tokens with: from a file, or fetched and kept for a while.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "service/blocking_pool.h"

namespace oneclaw::service {

class GoogleKeys {
 public:
  static constexpr std::chrono::hours kKeptFor{1};
  /// A key id we don't know asks for a fresh copy, but not more often than this.
  static constexpr std::chrono::seconds kLeastAge{10};
  static constexpr std::size_t kMostBytes = 256U * 1024;

  /// `file` wins over `url` when it isn't empty.
  GoogleKeys(std::filesystem::path file, std::string url);

  /// The JWKS document, one that names `kid` if there is such a one. 503 when it can't be had.
  boost::asio::awaitable<Result<std::shared_ptr<const std::string>>> jwks(std::string kid);

 private:
  [[nodiscard]] Result<std::string> load() const;

  std::filesystem::path file_;
  std::string url_;
  std::mutex mutex_;
  std::shared_ptr<const std::string> document_;
  TimePoint loaded_at_{};
  BlockingPool pool_{1, 64};
};

}  // namespace oneclaw::service
