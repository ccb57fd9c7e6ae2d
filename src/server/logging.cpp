#include "server/logging.h"

#include <spdlog/async.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>
#include <string_view>

#include "base/time.h"

namespace oneclaw::server {

namespace {

std::string_view level_name(spdlog::level::level_enum level) {
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

/// {"time":…,"level":…,"message":…}; the `key=value` words of a message become members.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& target) override {
    boost::json::object line;
    line["time"] = to_rfc3339(std::chrono::floor<std::chrono::microseconds>(message.time));
    line["level"] = level_name(message.level);
    std::string text;
    std::string_view rest(message.payload.data(), message.payload.size());
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
      const std::size_t equals = word.find('=');
      if (equals != std::string_view::npos && equals > 0 &&
          !line.contains(word.substr(0, equals))) {
        line[word.substr(0, equals)] = word.substr(equals + 1);
      } else {
        if (!text.empty()) text += ' ';
        text += word;
      }
    }
    line["message"] = text;
    const std::string json = boost::json::serialize(line) + "\n";
    target.append(json.data(), json.data() + json.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

}  // namespace

void set_up_logging(bool json, const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("oneclaw");
  if (json) {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc));
  }
  logger->set_level(spdlog::level::from_str(level == "warn" ? "warning" : level));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace oneclaw::server
