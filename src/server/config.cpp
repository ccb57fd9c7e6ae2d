#include "server/config.h"

#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

namespace oneclaw::server {

namespace json = boost::json;

namespace {

/// Reads one object of the file: every key must be asked for, and be of the right form.
class Section {
 public:
  Section(const json::object& object, std::string prefix, std::vector<FieldError>& mistakes)
      : object_(object), prefix_(std::move(prefix)), mistakes_(mistakes) {}

  /// Notes the keys nobody asked for.
  void finish() {
    for (const auto& member : object_) {
      if (!known_.contains(std::string(member.key()))) wrong(member.key(), "is not a known key");
    }
  }

  template <class T>
  void integer(std::string_view key, std::int64_t least, std::int64_t most, T& target) {
    const json::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
      return wrong(
          key, "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    }
    target = static_cast<T>(value->get_int64());
  }

  template <class Duration>
  void seconds(std::string_view key, std::int64_t least, std::int64_t most, Duration& target) {
    std::int64_t count = std::chrono::duration_cast<std::chrono::seconds>(target).count();
    integer(key, least, most, count);
    target = std::chrono::seconds(count);
  }

  template <class T>
  void text(std::string_view key, T& target) {
    const json::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_string() || value->get_string().empty()) return wrong(key, "must be a string");
    target = std::string(value->get_string());
  }

  void boolean(std::string_view key, bool& target) {
    const json::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_bool()) return wrong(key, "must be true or false");
    target = value->get_bool();
  }

  void choice(std::string_view key, const std::vector<std::string>& choices, std::string& target) {
    std::string chosen = target;
    text(key, chosen);
    for (const std::string& choice : choices) {
      if (chosen == choice) {
        target = chosen;
        return;
      }
    }
    wrong(key, "has a value that is not allowed");
  }

  void texts(std::string_view key, std::vector<std::string>& target) {
    const json::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return wrong(key, "must be an array of strings");
    for (const json::value& item : value->get_array()) {
      if (!item.is_string()) return wrong(key, "must be an array of strings");
      target.emplace_back(item.get_string());
    }
  }

  void cidrs(std::string_view key, std::vector<Cidr>& target) {
    std::vector<std::string> names;
    texts(key, names);
    for (const std::string& name : names) {
      const auto cidr = Cidr::parse(name);
      if (!cidr) return wrong(key, "must be an array of CIDR blocks");
      target.push_back(*cidr);
    }
  }

  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> names;
    for (const auto& member : object_) names.emplace_back(member.key());
    return names;
  }

  /// An array of objects.
  void sections(std::string_view key, const std::function<void(Section&)>& read) {
    const json::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return wrong(key, "must be an array of objects");
    std::size_t index = 0;
    for (const json::value& item : value->get_array()) {
      const std::string name = std::string(key) + "[" + std::to_string(index++) + "]";
      if (!item.is_object()) return wrong(name, "must be an object");
      Section inner(item.get_object(), prefix_ + name + ".", mistakes_);
      read(inner);
      inner.finish();
    }
  }

  void section(std::string_view key, const std::function<void(Section&)>& read) {
    const json::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_object()) return wrong(key, "must be an object");
    Section inner(value->get_object(), prefix_ + std::string(key) + ".", mistakes_);
    read(inner);
    inner.finish();
  }

  void wrong(std::string_view key, std::string message) {
    mistakes_.push_back({prefix_ + std::string(key), std::move(message)});
  }

 private:
  const json::value* find(std::string_view key) {
    known_.insert({std::string(key), true});
    return object_.if_contains(key);
  }

  const json::object& object_;
  std::string prefix_;
  std::vector<FieldError>& mistakes_;
  std::map<std::string, bool> known_;
};

/// The file's first line.
bool read_password(const std::filesystem::path& file, SecureString& password) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return false;
  for (char c = 0; stream.get(c) && c != '\n' && c != '\r';) password.push_back(c);
  return !password.empty();
}

/// Links are made by putting a path after it.
bool is_base_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  return url.has_value() && (url->scheme() == "http" || url->scheme() == "https") &&
         !url->host().empty() && !url->has_userinfo() && !url->has_query() &&
         !url->has_fragment() && !text.ends_with('/');
}

void read_smtp(Section& section, service::SmtpOptions& smtp) {
  std::string security = "starttls";
  std::string password_file;
  section.text("host", smtp.host);
  section.choice("security", {"none", "starttls", "tls"}, security);
  smtp.security = security == "none"  ? service::SmtpSecurity::kNone
                  : security == "tls" ? service::SmtpSecurity::kTls
                                      : service::SmtpSecurity::kStartTls;
  smtp.port = smtp.security == service::SmtpSecurity::kTls ? 465 : 587;
  section.integer("port", 1, 65535, smtp.port);
  section.text("username", smtp.username);
  section.text("password_file", password_file);
  section.text("from", smtp.from);
  section.text("ca_file", smtp.ca_file);
  section.seconds("timeout_seconds", 1, 300, smtp.timeout);
  section.seconds("first_retry_seconds", 1, 3600, smtp.first_retry);
  section.integer("attempts", 1, 20, smtp.most_attempts);
  if (smtp.host.empty()) section.wrong("host", "is required");
  if (!service::is_mail_address(smtp.from)) section.wrong("from", "must be an email address");
  if (!password_file.empty() && !read_password(password_file, smtp.password)) {
    section.wrong("password_file", "can't be read");
  }
}

std::optional<domain::Tier> read_tier(Section& section, std::string_view key) {
  std::string name;
  section.text(key, name);
  if (name.empty()) return std::nullopt;
  const auto tier = domain::parse_tier(name);
  if (!tier) section.wrong(key, "must be free, pro, business or enterprise");
  return tier;
}

void read_grant(Section& section, service::QuotaOptions& quotas) {
  service::CreditGrant grant;
  std::string org_id;
  section.text("org_id", org_id);
  if (const auto id = Uuid::parse(org_id)) {
    grant.org_id = *id;
  } else {
    section.wrong("org_id", "must be a UUID");
  }
  section.text("reference", grant.reference);
  if (grant.reference.empty()) section.wrong("reference", "is required");
  section.integer("amount_cents", 1, 100'000'000, grant.amount_cents);
  if (grant.amount_cents == 0) section.wrong("amount_cents", "is required");
  grant.description = "Granted by the operator";
  section.text("description", grant.description);
  quotas.grants.push_back(std::move(grant));
}

void read_billing(Section& billing, service::QuotaOptions& quotas) {
  quotas.tier = read_tier(billing, "tier");
  billing.section("orgs", [&](Section& orgs) {
    for (const std::string& key : orgs.keys()) {
      const auto tier = read_tier(orgs, key);
      const auto id = Uuid::parse(key);
      if (!id) orgs.wrong(key, "must be a UUID");
      if (id && tier) quotas.orgs[*id] = *tier;
    }
  });
  billing.section("limits", [&](Section& limits) {
    for (const domain::Tier tier : domain::kTiers) {
      limits.section(to_string(tier), [&](Section& of_tier) {
        for (const domain::Metered what : domain::kMetered) {
          std::int64_t most = -1;
          of_tier.integer(to_string(what), 0, 1'000'000'000'000, most);
          if (most >= 0) quotas.limits.at(static_cast<std::size_t>(tier)).set(what, most);
        }
      });
    }
  });
  billing.integer("overage_cents", 1, 1'000'000, quotas.overage_cents);
  billing.sections("credits", [&](Section& grant) { read_grant(grant, quotas); });
}

void read_root(Section& root, Config& config) {
  root.text("data", config.data);
  root.text("database", config.database);
  root.section("postgresql", [&](Section& section) {
    section.text("replica", config.database_replica);
    section.integer("readers", 1, 256, config.database_readers);
    section.integer("writers", 1, 256, config.database_writers);
  });
  std::string listen;
  root.text("listen", listen);
  if (!listen.empty() && !set_listen(config, listen).ok()) {
    root.wrong("listen", "must be HOST:PORT");
  }
  root.text("keyring", config.keyring_uri);
  root.boolean("sign_jwts_in_token", config.sign_jwts_in_token);
  root.text("issuer", config.issuer);
  root.text("public_url", config.public_url);
  if (!config.public_url.empty() && !is_base_url(config.public_url)) {
    root.wrong("public_url", "must be http(s)://HOST[:PORT][/PATH] without a slash at its end");
  }
  root.cidrs("ip_allow", config.ip_allow);
  root.cidrs("ip_deny", config.ip_deny);
  root.cidrs("trusted_proxies", config.http.trusted_proxies);
  root.section("log", [&](Section& log) {
    std::string format = config.log_json ? "json" : "text";
    log.choice("format", {"json", "text"}, format);
    config.log_json = format == "json";
    log.choice("level", {"debug", "info", "warn", "error"}, config.log_level);
  });
  root.section("tls", [&](Section& tls) {
    tls.text("cert", config.http.tls_cert);
    tls.text("key", config.http.tls_key);
  });
  root.section("limits", [&](Section& limits) {
    limits.integer("header_bytes", 1024, 1 << 20, config.http.most_header_bytes);
    limits.integer("body_bytes", 1024, 64 << 20, config.http.most_body_bytes);
    limits.seconds("request_seconds", 1, 3600, config.http.request_timeout);
    limits.seconds("idle_seconds", 1, 3600, config.http.idle_timeout);
    limits.seconds("drain_seconds", 0, 3600, config.http.drain_timeout);
    limits.integer("connections", 1, 1'000'000, config.http.most_connections);
    limits.integer("requests_per_second", 0, 1'000'000, config.requests_per_second);
    limits.integer("requests_per_second_per_address", 0, 1'000'000,
                   config.requests_per_second_per_address);
    limits.integer("requests_per_second_per_principal", 0, 1'000'000,
                   config.requests_per_second_per_principal);
    limits.integer("io_threads", 0, 256, config.http.threads);
  });
  root.section("password", [&](Section& password) {
    std::int64_t memory_mib = static_cast<std::int64_t>(config.argon2.memory_bytes >> 20U);
    password.integer("memory_mib", 19, 4096, memory_mib);
    config.argon2.memory_bytes = static_cast<std::size_t>(memory_mib) << 20U;
    password.integer("passes", 2, 16, config.argon2.passes);
    password.integer("threads", 0, 64, config.password_threads);
    password.integer("queue", 1, 10'000, config.most_waiting_passwords);
  });
  root.section("tokens", [&](Section& tokens) {
    tokens.seconds("user_seconds", 1, 86'400, config.user_token_life);
    tokens.seconds("agent_seconds", 1, 86'400, config.agent_token_life);
    tokens.seconds("refresh_seconds", 1, 365LL * 86'400, config.refresh_token_life);
  });
  root.section("login", [&](Section& login) {
    login.integer("free_failures_per_account", 1, 1000, config.login.free_failures_per_account);
    login.integer("free_failures_per_address", 1, 100'000, config.login.free_failures_per_address);
  });
  root.section("smtp", [&](Section& smtp) { read_smtp(smtp, config.smtp); });
  root.section("signup",
               [&](Section& signup) { signup.boolean("verify_email", config.verify_signups); });
  root.section("webhooks", [&](Section& webhooks) {
    webhooks.boolean("allow_private_addresses", config.webhooks.allow_private_addresses);
    webhooks.text("ca_file", config.webhooks.ca_file);
    webhooks.seconds("timeout_seconds", 1, 60, config.webhooks.timeout);
    webhooks.seconds("first_retry_seconds", 1, 3600, config.webhooks.first_retry);
    webhooks.integer("attempts", 1, 20, config.webhooks.most_attempts);
  });
  root.section("billing", [&](Section& billing) { read_billing(billing, config.quotas); });
  root.section("store", [&](Section& store) {
    store.integer("readers", 1, 64, config.store.readers);
    store.integer("queued_reads", 1, 1'000'000, config.store.most_queued_reads);
    store.integer("queued_writes", 1, 1'000'000, config.store.most_queued_writes);
    store.integer("writes_per_commit", 1, 4096, config.store.most_writes_per_commit);
    store.seconds("wait_seconds", 1, 600, config.store.longest_wait);
  });
  root.section("cache", [&](Section& cache) {
    const auto mebibytes = [&](std::string_view key, std::size_t& bytes) {
      std::size_t count = bytes >> 20U;
      cache.integer(key, 0, 65'536, count);
      bytes = count << 20U;
    };
    mebibytes("tokens_mib", config.cache.tokens);
    mebibytes("access_mib", config.cache.access);
    mebibytes("secrets_mib", config.cache.secrets);
  });
  root.section("google", [&](Section& google) {
    google.texts("client_ids", config.google_client_ids);
    google.text("jwks_file", config.google_jwks_file);
    google.text("jwks_url", config.google_jwks_url);
  });
}

}  // namespace

Result<void> set_listen(Config& config, std::string_view listen) {
  const auto wrong = [] { return problems::validation("listen", "must be HOST:PORT"); };
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  std::string_view host = listen.substr(0, colon);
  const std::string_view port = listen.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || host.empty()) return wrong();
  config.http.host = host;
  config.http.port = number;
  return {};
}

std::string listening_url(const Config& config, std::uint16_t port) {
  const bool v6 = config.http.host.find(':') != std::string::npos;
  return (config.http.tls_cert.empty() ? "http://" : "https://") +
         (v6 ? "[" + config.http.host + "]" : config.http.host) + ":" + std::to_string(port);
}

Result<void> read_config_file(const std::filesystem::path& file, Config& config) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream) return problems::bad_request("The config file " + file.string() + " can't be read.");
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) {
    return problems::bad_request("The config file " + file.string() + " isn't a JSON object.");
  }
  std::vector<FieldError> mistakes;
  Section root(value.get_object(), "", mistakes);
  read_root(root, config);
  root.finish();
  if (!mistakes.empty()) return problems::validation(std::move(mistakes));
  return {};
}

}  // namespace oneclaw::server
