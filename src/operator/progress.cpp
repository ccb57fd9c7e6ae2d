#include "operator/progress.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <chrono>
#include <iostream>
#include <thread>

namespace oneclaw::operators {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds kPeriod{200};
constexpr std::int64_t kWidth = 40;

const json::object* find(const json::value& status, const std::string& id) {
  const json::value* const list = status.as_object().if_contains("rotations");
  if (list == nullptr || !list->is_array()) return nullptr;
  for (const json::value& rotation : list->get_array()) {
    const json::object& object = rotation.as_object();
    if (object.at("id").as_string() == id) return &object;
  }
  return nullptr;
}

std::string bar(std::int64_t done, std::int64_t total) {
  const std::int64_t filled = total > 0 ? std::min(kWidth, done * kWidth / total) : kWidth;
  const std::int64_t percent = total > 0 ? std::min<std::int64_t>(100, done * 100 / total) : 100;
  return "[" + std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(kWidth - filled), '.') + "] " +
         std::to_string(percent) + "%  " + std::to_string(done) + " of " + std::to_string(total);
}

}  // namespace

Result<void> watch(const Client& client, const std::string& id) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  std::string shown;
  for (;;) {
    TRY(const json::value status, client.call({{"command", "status"}}));
    const json::object* const rotation = find(status, id);
    if (rotation == nullptr) return problems::not_found("The server knows no such rotation.");
    const std::int64_t done = rotation->at("done").as_int64();
    const bool finished = rotation->contains("finished_at");
    // What was deleted meanwhile needs no rewrapping.
    const std::int64_t total = finished ? done : rotation->at("total").as_int64();
    const std::string line = bar(done, total);
    if (line != shown) std::cout << (terminal ? "\r" : "") << line << (terminal ? "" : "\n");
    std::cout << std::flush;
    shown = line;
    if (finished) {
      if (terminal) std::cout << "\n";
      const std::int64_t failed = rotation->at("failed").as_int64();
      if (failed > 0) {
        return problems::internal(std::to_string(failed) +
                                  " rows don't open and were left as they are: see the audit log.");
      }
      return {};
    }
    std::this_thread::sleep_for(kPeriod);
  }
}

}  // namespace oneclaw::operators
