#include "api/json_body.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/wiping_json.h"

namespace oneclaw::api {

namespace json = boost::json;

namespace {

std::string item_name(std::string_view field, std::size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

}  // namespace

Result<JsonBody> JsonBody::parse(const http::Request& request) {
  if (request.body().empty()) return problems::bad_request("A JSON body is required.");
  boost::system::error_code error;
  json::value value = json::parse(as_text(request.body()), error, wiping_storage());
  if (error) return problems::bad_request("The body isn't valid JSON in UTF-8.");
  if (!value.is_object()) return problems::bad_request("The body must be a JSON object.");
  return JsonBody(std::move(value));
}

const json::value* JsonBody::find(std::string_view field) const {
  const json::value* value = value_.get_object().if_contains(field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const json::value* JsonBody::raw(std::string_view field) const {
  return value_.get_object().if_contains(field);
}

bool JsonBody::has(std::string_view field) const {
  return find(field) != nullptr;
}

bool JsonBody::is_null(std::string_view field) const {
  const json::value* value = value_.get_object().if_contains(field);
  return value != nullptr && value->is_null();
}

void JsonBody::mistake(std::string_view field, std::string message) {
  mistakes_.push_back({std::string(field), std::move(message)});
}

Result<void> JsonBody::check() const {
  if (mistakes_.empty()) return {};
  return problems::validation(mistakes_);
}

const json::string* JsonBody::find_text(std::string_view field, TextRule rule) {
  const json::value* value = find(field);
  if (value == nullptr) return nullptr;
  const json::string* text = value->if_string();
  if (text == nullptr) {
    mistake(field, "must be a string");
    return nullptr;
  }
  if (text->size() < rule.least || text->size() > rule.most) {
    mistake(field, "must have " + std::to_string(rule.least) + " to " + std::to_string(rule.most) +
                       " bytes");
    return nullptr;
  }
  return text;
}

std::string JsonBody::required_text(std::string_view field, TextRule rule) {
  if (!has(field)) mistake(field, "is required");
  const json::string* text = find_text(field, rule);
  return text == nullptr ? std::string() : std::string(*text);
}

SecureString JsonBody::required_secret(std::string_view field, TextRule rule) {
  if (!has(field)) mistake(field, "is required");
  const json::string* text = find_text(field, rule);
  return text == nullptr ? SecureString() : SecureString(std::string_view(*text));
}

std::optional<SecureString> JsonBody::secret(std::string_view field, TextRule rule) {
  const json::string* text = find_text(field, rule);
  if (text == nullptr) return std::nullopt;
  return SecureString(std::string_view(*text));
}

std::optional<std::string> JsonBody::text(std::string_view field, TextRule rule) {
  const json::string* text = find_text(field, rule);
  if (text == nullptr) return std::nullopt;
  return std::string(*text);
}

std::optional<bool> JsonBody::boolean(std::string_view field) {
  const json::value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) {
    mistake(field, "must be true or false");
    return std::nullopt;
  }
  return value->get_bool();
}

std::optional<std::int64_t> JsonBody::integer(std::string_view field, std::int64_t least,
                                              std::int64_t most) {
  const json::value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
    mistake(field,
            "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }
  return value->get_int64();
}

std::optional<TimePoint> JsonBody::time(std::string_view field) {
  const json::string* text = find_text(field, {.least = 1, .most = 64});
  if (text == nullptr) return std::nullopt;
  auto time = parse_rfc3339(*text);
  if (!time) mistake(field, "must be an RFC 3339 date-time");
  return time;
}

std::optional<Uuid> JsonBody::uuid(std::string_view field) {
  const json::string* text = find_text(field, {.least = 1, .most = 64});
  if (text == nullptr) return std::nullopt;
  auto id = Uuid::parse(*text);
  if (!id) mistake(field, "must be a UUID");
  return id;
}

std::optional<std::vector<std::string>> JsonBody::texts(std::string_view field, std::size_t most) {
  const json::value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || value->get_array().size() > most) {
    mistake(field, "must be an array of at most " + std::to_string(most) + " strings");
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const json::value& item : value->get_array()) {
    if (!item.is_string() || item.get_string().size() > kMostTextBytes) {
      mistake(item_name(field, texts.size()), "must be a string of at most 1024 bytes");
      return std::nullopt;
    }
    texts.emplace_back(item.get_string());
  }
  return texts;
}

std::optional<std::vector<Uuid>> JsonBody::uuids(std::string_view field, std::size_t most) {
  const auto names = texts(field, most);
  if (!names) return std::nullopt;
  std::vector<Uuid> ids;
  for (const std::string& name : *names) {
    const auto id = Uuid::parse(name);
    if (!id) {
      mistake(item_name(field, ids.size()), "must be a UUID");
      return std::nullopt;
    }
    ids.push_back(*id);
  }
  return ids;
}

std::optional<std::string> JsonBody::object_or_text(std::string_view field,
                                                    std::size_t most_bytes) {
  const json::value* value = find(field);
  if (value == nullptr || !value->is_string()) return object(field, most_bytes);
  const json::string* text = find_text(field, {.least = 0, .most = most_bytes - 64});
  if (text == nullptr) return std::nullopt;
  return json::serialize(json::object{{"text", *text}});
}

std::optional<std::string> JsonBody::object(std::string_view field, std::size_t most_bytes) {
  const json::value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) {
    mistake(field, "must be an object");
    return std::nullopt;
  }
  std::string text = json::serialize(*value);
  if (text.size() > most_bytes) {
    mistake(field, "must have at most " + std::to_string(most_bytes) + " bytes as JSON");
    return std::nullopt;
  }
  return text;
}

}  // namespace oneclaw::api
