// Reading a JSON request body field by field, with every mistake named.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "http/message.h"

namespace oneclaw::api {

/// The most bytes a text field has when its reader names no other bound.
inline constexpr std::size_t kMostTextBytes = 1024;

/// A parsed body in memory that is wiped. Readers note mistakes and go on; check() reports all of
/// them at once. Fields that no reader asks for are ignored. `null` counts as absent.
class JsonBody {
 public:
  /// 400 unless the body is one JSON object in UTF-8, at most 32 levels deep.
  static Result<JsonBody> parse(const http::Request& request);

  struct TextRule {
    std::size_t least = 0;
    std::size_t most = kMostTextBytes;  ///< bytes
  };

  /// Present and not null.
  [[nodiscard]] bool has(std::string_view field) const;
  /// Present as an explicit null: in an update, "clear it".
  [[nodiscard]] bool is_null(std::string_view field) const;

  std::string required_text(std::string_view field, TextRule rule);
  SecureString required_secret(std::string_view field, TextRule rule);
  std::optional<std::string> text(std::string_view field, TextRule rule);
  std::optional<SecureString> secret(std::string_view field, TextRule rule);
  std::optional<bool> boolean(std::string_view field);
  std::optional<std::int64_t> integer(std::string_view field, std::int64_t least,
                                      std::int64_t most);
  std::optional<TimePoint> time(std::string_view field);
  std::optional<Uuid> uuid(std::string_view field);
  /// An array of at most `most` strings.
  std::optional<std::vector<std::string>> texts(std::string_view field, std::size_t most);
  std::optional<std::vector<Uuid>> uuids(std::string_view field, std::size_t most);
  /// An object, as JSON text of at most `most_bytes`; a text `t` counts as `{"text": t}`.
  std::optional<std::string> object_or_text(std::string_view field, std::size_t most_bytes);
  /// An object, as JSON text of at most `most_bytes`.
  std::optional<std::string> object(std::string_view field, std::size_t most_bytes);

  /// The field as it was sent; nullptr when absent.
  [[nodiscard]] const boost::json::value* raw(std::string_view field) const;

  void mistake(std::string_view field, std::string message);
  /// Notes the field errors of a failed validation elsewhere.
  template <class T>
  void note(const Result<T>& result) {
    if (result.ok()) return;
    for (const FieldError& error : result.problem().fields) mistakes_.push_back(error);
  }
  /// 400 naming each field with a mistake.
  [[nodiscard]] Result<void> check() const;

 private:
  explicit JsonBody(boost::json::value value) : value_(std::move(value)) {}
  const boost::json::value* find(std::string_view field) const;
  const boost::json::string* find_text(std::string_view field, TextRule rule);

  boost::json::value value_;
  std::vector<FieldError> mistakes_;
};

}  // namespace oneclaw::api
