// The request that a binding makes of an agent's wish.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/percent_encode.h"
#include "base/wiping_json.h"
#include "service/http_binding.h"
#include "service/http_fields.h"

namespace oneclaw::service {

namespace json = boost::json;

namespace {

constexpr std::string_view kPlace = "{{credential}}";
constexpr std::size_t kMostHeaders = 64;

SecureString fill(std::string_view text, std::string_view value) {
  SecureString filled;
  for (std::size_t at = text.find(kPlace); at != std::string_view::npos; at = text.find(kPlace)) {
    filled.append(text.substr(0, at));
    filled.append(value);
    text.remove_prefix(at + kPlace.size());
  }
  filled.append(text);
  return filled;
}

/// Fills every string of a JSON value; escaping is the serializer's.
void fill_json(json::value& value, std::string_view credential) {
  if (value.is_string()) {
    const SecureString filled = fill(value.get_string(), credential);
    value = json::string(filled.view(), value.storage());
  } else if (value.is_array()) {
    for (json::value& item : value.get_array()) fill_json(item, credential);
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) fill_json(member.value(), credential);
  }
}

}  // namespace

/// Makes the request of one execution.
class RequestMaker {
 public:
  RequestMaker(const HttpBinding& binding, const json::object& params,
               const SecureString& credential)
      : binding_(binding), params_(params), credential_(credential) {}

  Result<OutboundRequest> make() {
    for (const auto& member : params_) {
      constexpr std::array<std::string_view, 8> kKnown{"method",  "path", "url",  "query",
                                                       "headers", "body", "json", "timeout_ms"};
      if (std::ranges::find(kKnown, std::string_view(member.key())) == kKnown.end()) {
        wrong(member.key(), "is not known");
      }
    }
    request_.method = text("method").value_or("GET");
    if (!is_client_method(request_.method)) {
      wrong("method", "must be one of GET, HEAD, POST, PUT, PATCH, DELETE");
    }
    make_url();
    make_headers();
    make_body();
    make_limits();
    if (!mistakes_.empty()) return problems::validation(std::move(mistakes_));
    CHECK_OK(binding_.check_method(request_.method));
    auto url = OutboundUrl::parse(request_.url);
    if (!url.ok()) return problems::validation("params.path", "gives no URL that can be asked");
    CHECK_OK(binding_.check_url(*url));
    if (binding_.auth_ == AuthType::kTemplate && !placed_) {
      return problems::validation("params", "must say where the value goes: {{credential}}");
    }
    return std::move(request_);
  }

 private:
  void wrong(std::string_view name, std::string message) {
    mistakes_.push_back({"params." + std::string(name), std::move(message)});
  }
  const json::value* find(std::string_view name) const {
    const json::value* const value = params_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  std::optional<std::string> text(std::string_view name) {
    const json::value* const value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return std::string(value->get_string());
    wrong(name, "must be a string");
    return std::nullopt;
  }

  void make_url() {
    const auto path = text("path");
    const auto url = text("url");
    if (path && url) return wrong("url", "must not stand beside path");
    if (path && !path->starts_with('/')) return wrong("path", "must start with /");
    request_.url = url ? *url : binding_.base_url_ + path.value_or("/");
    const json::value* const query = find("query");
    if (query == nullptr) return;
    if (!query->is_object()) return wrong("query", "must be an object of strings");
    for (const auto& member : query->get_object()) {
      if (!member.value().is_string()) return wrong("query", "must be an object of strings");
      request_.url += request_.url.find('?') == std::string::npos ? '?' : '&';
      request_.url +=
          percent_encode(member.key()) + "=" + percent_encode(member.value().get_string());
    }
  }

  void make_headers() {
    const std::string own = own_header();
    if (const json::value* const headers = find("headers")) {
      if (!headers->is_object() || headers->get_object().size() > kMostHeaders) {
        return wrong("headers", "must be an object of at most 64 strings");
      }
      for (const auto& member : headers->get_object()) {
        const std::string name(member.key());
        const json::string* const value = member.value().if_string();
        if (!is_token(name) || value == nullptr || !is_field_value(*value)) {
          wrong("headers", "must be names and values of headers");
        } else if (is_reserved_header(name) || ascii_lower(name) == own) {
          wrong("headers." + name, "is set by the server");
        } else {
          add_header(name, *value);
        }
      }
    }
    add_credential();
  }

  void add_header(const std::string& name, std::string_view value) {
    if (binding_.auth_ == AuthType::kTemplate && value.find(kPlace) != std::string_view::npos) {
      placed_ = true;
      if (!is_field_value(credential_.view())) return wrong("headers", "can't hold the credential");
      request_.headers.emplace_back(name, fill(value, credential_.view()));
    } else {
      request_.headers.emplace_back(name, SecureString(value));
    }
    if (ascii_lower(name) == "content-type") typed_ = true;
  }

  /// The header that the credential goes into, in small letters.
  [[nodiscard]] std::string own_header() const {
    if (binding_.auth_ == AuthType::kHeader) return ascii_lower(binding_.header_name_);
    const bool authorization =
        binding_.auth_ == AuthType::kBearer || binding_.auth_ == AuthType::kBasic;
    return authorization ? "authorization" : std::string();
  }

  void add_credential() {
    SecureString value;
    switch (binding_.auth_) {
      case AuthType::kBearer:
        value = SecureString("Bearer ");
        value.append(trimmed());
        break;
      case AuthType::kBasic: {
        std::string encoded = to_base64(as_bytes(trimmed()));
        value = SecureString("Basic ");
        value.append(encoded);
        sodium_memzero(encoded.data(), encoded.size());
        break;
      }
      case AuthType::kHeader:
        value = SecureString(binding_.header_prefix_);
        value.append(trimmed());
        break;
      default:
        return;
    }
    if (!is_field_value(value.view())) {
      return wrong("binding", "has a credential that no header can hold");
    }
    request_.headers.emplace_back(
        binding_.auth_ == AuthType::kHeader ? binding_.header_name_ : "Authorization",
        std::move(value));
  }

  /// A stored value may end in a line feed that isn't part of it.
  [[nodiscard]] std::string_view trimmed() const {
    const std::string_view value = credential_.view();
    return value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
  }

  void make_body() {
    const auto body = text("body");
    const json::value* const given = find("json");
    if (body && given != nullptr) return wrong("json", "must not stand beside body");
    if (!body && given == nullptr) return;
    request_.has_body = true;
    const bool placing = binding_.auth_ == AuthType::kTemplate;
    if (body) {
      placed_ = placed_ || body->find(kPlace) != std::string::npos;
      request_.body = placing ? fill(*body, credential_.view()) : SecureString(*body);
      return;
    }
    json::value value(*given, wiping_storage());
    placed_ = placed_ || json::serialize(value).find(kPlace) != std::string::npos;
    if (placing) fill_json(value, credential_.view());
    request_.body = to_secure_json(value);
    if (!typed_) {
      request_.headers.emplace_back("Content-Type", SecureString("application/json"));
    }
  }

  void make_limits() {
    std::int64_t milliseconds = binding_.timeout_ms_;
    if (const json::value* const value = find("timeout_ms")) {
      if (!value->is_int64() || value->get_int64() < 1) {
        return wrong("timeout_ms", "must be a positive integer");
      }
      milliseconds = std::min(milliseconds, value->get_int64());
    }
    request_.timeout = std::chrono::milliseconds(milliseconds);
    request_.most_body_bytes = static_cast<std::size_t>(binding_.most_response_bytes_);
  }

  const HttpBinding& binding_;
  const json::object& params_;
  const SecureString& credential_;
  OutboundRequest request_;
  bool placed_ = false;
  bool typed_ = false;
  std::vector<FieldError> mistakes_;
};

Result<OutboundRequest> HttpBinding::make_request(const json::object& params,
                                                  const SecureString& credential) const {
  return RequestMaker(*this, params, credential).make();
}

}  // namespace oneclaw::service
