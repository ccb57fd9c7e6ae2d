#include "service/http_binding.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/ascii.h"
#include "service/http_fields.h"

namespace oneclaw::service {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostListed = 64;

bool host_matches(std::string_view pattern, const OutboundUrl& url, int default_port) {
  std::string_view host = pattern;
  int port = default_port;
  const std::size_t colon = pattern.rfind(':');
  const bool v6 = std::ranges::count(pattern, ':') > 1 && !pattern.starts_with('[');
  if (colon != std::string_view::npos && !v6 && !pattern.ends_with(']')) {
    host = pattern.substr(0, colon);
    port = 0;
    for (const char c : pattern.substr(colon + 1)) port = port * 10 + (c - '0');
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (url.port != port) return false;
  if (!host.starts_with("*.")) return url.host == host;
  return url.host.size() > host.size() - 1 && url.host.ends_with(host.substr(1));
}

bool path_matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return path == pattern;
  return path.starts_with(pattern.substr(0, pattern.size() - 1));
}

/// A dot segment or a separator in disguise, which the host may read otherwise than we do.
bool is_ambiguous(std::string_view path) {
  const std::string small = ascii_lower(path);
  for (const std::string_view sign : {"%2e", "%2f", "%5c", "\\", "/../", "/./", "//"}) {
    if (small.find(sign) != std::string::npos) return true;
  }
  return small.ends_with("/..") || small.ends_with("/.");
}

}  // namespace

/// Reads one of the two objects: every member must be asked for and be of the right form.
class HttpBinding::Reader {
 public:
  Reader(const json::object& object, std::string prefix, std::vector<FieldError>& mistakes)
      : object_(object), prefix_(std::move(prefix)), mistakes_(mistakes) {}

  std::string text(std::string_view name) {
    const json::value* const value = find(name);
    if (value == nullptr) return {};
    if (value->is_string()) return std::string(value->get_string());
    wrong(name, "must be a string");
    return {};
  }
  template <class T>
  void integer(std::string_view name, std::int64_t least, std::int64_t most, T& target) {
    const json::value* const value = find(name);
    if (value == nullptr) return;
    if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
      return wrong(
          name, "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    }
    target = static_cast<T>(value->get_int64());
  }
  std::vector<std::string> texts(std::string_view name, bool (*right)(std::string_view),
                                 std::string_view what) {
    const json::value* const value = find(name);
    std::vector<std::string> list;
    if (value == nullptr) return list;
    const json::array* const array = value->if_array();
    // An empty list would let nothing through: more likely a slip than a wish.
    if (array == nullptr || array->empty() || array->size() > kMostListed) {
      wrong(name, "must be an array of 1 to 64 strings");
      return list;
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
      const json::value& item = (*array)[i];
      if (item.is_string() && right(item.get_string())) {
        list.emplace_back(item.get_string());
      } else {
        wrong(std::string(name) + "[" + std::to_string(i) + "]", std::string(what));
      }
    }
    return list;
  }
  Limits limits() {
    Limits limits;
    limits.hosts = texts("allowed_hosts", is_host, "must be a host, host:port or *.domain");
    for (std::string& host : limits.hosts) host = ascii_lower(host);
    limits.paths =
        texts("allowed_paths", is_path, "must start with / and have a * at its end only");
    limits.methods = texts("allowed_methods", is_client_method, "must be a method such as GET");
    return limits;
  }
  void wrong(std::string_view name, std::string message) {
    mistakes_.push_back({prefix_ + std::string(name), std::move(message)});
  }
  void finish() {
    for (const auto& member : object_) {
      const std::string name(member.key());
      if (std::ranges::find(known_, name) == known_.end()) wrong(name, "is not known");
    }
  }

 private:
  static bool is_host(std::string_view text) {
    constexpr std::string_view kCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";
    if (text.starts_with("*.")) text.remove_prefix(2);
    const std::size_t colon = text.rfind(':');
    const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    const bool has_port = std::ranges::count(text, ':') == 1 || text.find("]:") != text.npos;
    return !text.empty() && text.size() <= 260 &&
           text.find_first_not_of(kCharacters) == std::string_view::npos &&
           (!has_port || (!port.empty() && port.size() <= 5 &&
                          port.find_first_not_of("0123456789") == std::string_view::npos));
  }
  static bool is_path(std::string_view text) {
    return text.starts_with('/') && text.size() <= 1024 && text.find('*') >= text.size() - 1;
  }
  const json::value* find(std::string_view name) {
    known_.emplace_back(name);
    const json::value* const value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  const json::object& object_;
  std::string prefix_;
  std::vector<FieldError>& mistakes_;
  std::vector<std::string> known_;
};

Result<HttpBinding> HttpBinding::parse(std::string_view config_json,
                                       std::string_view guardrails_json) {
  boost::system::error_code error;
  const json::value config = json::parse(config_json, error);
  const json::value guardrails = error ? json::value() : json::parse(guardrails_json, error);
  if (error || !config.is_object() || !guardrails.is_object()) return problems::internal();
  std::vector<FieldError> mistakes;
  HttpBinding binding;

  Reader reader(config.get_object(), "config.", mistakes);
  binding.base_url_ = reader.text("base_url");
  while (binding.base_url_.ends_with('/')) binding.base_url_.pop_back();
  auto base = OutboundUrl::parse(binding.base_url_);
  if (base.ok() && binding.base_url_.find_first_of("?#") == std::string::npos) {
    binding.base_ = std::move(*base);
  } else {
    reader.wrong("base_url", "must be an http or https URL without a query");
  }
  const std::string auth = reader.text("auth_type");
  constexpr std::array<std::pair<std::string_view, AuthType>, 6> kAuthTypes{
      {{"", AuthType::kBearer},
       {"bearer", AuthType::kBearer},
       {"basic", AuthType::kBasic},
       {"header", AuthType::kHeader},
       {"template", AuthType::kTemplate},
       {"none", AuthType::kNone}}};
  const auto known = std::ranges::find(kAuthTypes, std::string_view(auth),
                                       &std::pair<std::string_view, AuthType>::first);
  if (known != kAuthTypes.end()) {
    binding.auth_ = known->second;
  } else {
    reader.wrong("auth_type", "must be one of bearer, basic, header, template, none");
  }
  binding.header_name_ = reader.text("header_name");
  binding.header_prefix_ = reader.text("header_prefix");
  if (binding.auth_ == AuthType::kHeader &&
      (!is_token(binding.header_name_) || is_reserved_header(binding.header_name_))) {
    reader.wrong("header_name", "must be a header's name that a client may set");
  }
  if (!is_field_value(binding.header_prefix_)) reader.wrong("header_prefix", "must be one line");
  binding.config_ = reader.limits();
  const auto ranges = reader.texts(
      "allowed_private_ranges", [](std::string_view text) { return Cidr::parse(text).has_value(); },
      "must be a CIDR block");
  for (const std::string& range : ranges) binding.private_ranges_.push_back(*Cidr::parse(range));
  reader.integer("max_redirects", 0, 5, binding.most_redirects_);
  reader.integer("timeout_ms", 1, 60'000, binding.timeout_ms_);
  reader.integer("max_response_bytes", 1, 1 << 20, binding.most_response_bytes_);
  reader.finish();

  Reader guard(guardrails.get_object(), "guardrails.", mistakes);
  binding.guardrails_ = guard.limits();
  guard.integer("max_requests_per_minute", 1, 100'000, binding.most_per_minute_);
  std::int64_t longest = binding.timeout_ms_;
  guard.integer("max_duration_ms", 1, 60'000, longest);
  binding.timeout_ms_ = std::min(binding.timeout_ms_, longest);
  guard.finish();
  if (!mistakes.empty()) return problems::validation(std::move(mistakes));
  return binding;
}

Result<void> HttpBinding::check_method(std::string_view method) const {
  for (const Limits* limits : {&config_, &guardrails_}) {
    if (!limits->methods.empty() &&
        std::ranges::find(limits->methods, method) == limits->methods.end()) {
      return problems::forbidden("The binding does not allow the method " + std::string(method) +
                                 ".");
    }
  }
  return {};
}

Result<void> HttpBinding::check_url(const OutboundUrl& url) const {
  if (url.scheme != base_.scheme && url.scheme != "https") {
    return problems::forbidden("The binding sends over https only.");
  }
  const auto host_listed = [&](const std::vector<std::string>& hosts) {
    return std::ranges::any_of(hosts, [&](const std::string& host) {
      return host_matches(host, url, url.scheme == "https" ? 443 : 80) ||
             (url.port == base_.port && host_matches(host, url, base_.port));
    });
  };
  const bool is_base = url.host == base_.host && url.port == base_.port;
  const bool host_allowed = (config_.hosts.empty() ? is_base : host_listed(config_.hosts)) &&
                            (guardrails_.hosts.empty() || host_listed(guardrails_.hosts));
  if (!host_allowed) {
    return problems::forbidden("The binding does not allow the host " + url.host + ".");
  }
  const bool below = base_.path == "/" || url.path == base_.path ||
                     (url.path.starts_with(base_.path + "/") && !is_ambiguous(url.path));
  if (config_.paths.empty() && !below) {
    return problems::forbidden("The binding allows paths below its base URL only.");
  }
  for (const Limits* limits : {&config_, &guardrails_}) {
    if (limits->paths.empty()) continue;
    const bool listed = std::ranges::any_of(
        limits->paths, [&](const std::string& pattern) { return path_matches(pattern, url.path); });
    if (!listed || is_ambiguous(url.path)) {
      return problems::forbidden("The binding does not allow that path.");
    }
  }
  return {};
}

OutboundRules HttpBinding::rules() const {
  return {.check = [this](const OutboundUrl& url) { return check_url(url); },
          .private_ranges = private_ranges_,
          .most_redirects = most_redirects_};
}

OutboundRequest HttpBinding::probe() const {
  OutboundRequest request;
  request.method = "HEAD";
  request.url = base_url_ + "/";
  request.timeout = std::chrono::milliseconds(timeout_ms_);
  request.most_body_bytes = 1024;
  return request;
}

}  // namespace oneclaw::service
