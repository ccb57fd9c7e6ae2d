// The server's configuration: defaults, then the config file, then environment, then flags.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "crypto/password.h"
#include "domain/login_throttle.h"
#include "http/server.h"
#include "service/delivery_options.h"
#include "service/quotas.h"
#include "store/store.h"

namespace oneclaw::server {

/// Bytes that each cache may take.
struct CacheSizes {
  std::size_t tokens = std::size_t{16} << 20U;   ///< verified tokens
  std::size_t access = std::size_t{32} << 20U;   ///< vaults and compiled policies, by principal
  std::size_t secrets = std::size_t{64} << 20U;  ///< sealed rows
};

struct Config {
  std::filesystem::path data = "oneclaw-data";
  std::string database;          ///< a PostgreSQL URL; empty: SQLite in the data folder
  std::string database_replica;  ///< for lists and audit queries; empty: the primary
  int database_readers = 4;      ///< connections for reads, and as many to the replica
  int database_writers = 3;      ///< connections for writes; one more is for those of no one org
  std::string keyring_uri = "file:";  ///< who holds the root key
  bool sign_jwts_in_token = false;    ///< with pkcs11: the JWT keys are held there too
  http::ServerOptions http;
  std::string issuer = "https://oneclaw.local";  ///< `iss` of our tokens
  std::string public_url;                        ///< where links lead; empty: the listening URL
  service::SmtpOptions smtp;
  bool verify_signups = true;  ///< with SMTP: an account is made once its address is proven
  service::WebhookOptions webhooks;
  bool log_json = false;
  std::string log_level = "info";
  int requests_per_second = 0;  ///< of the whole server; 0: no bound, here and below
  int requests_per_second_per_address = 0;
  int requests_per_second_per_principal = 0;
  service::QuotaOptions quotas;  ///< off by default
  crypto::Argon2Cost argon2;
  std::size_t password_threads = 0;  ///< as for service::Passwords::create()
  std::size_t most_waiting_passwords = 64;
  domain::LoginThrottleLimits login;
  CacheSizes cache;
  store::SqliteOptions store;  ///< all but the file
  std::chrono::seconds user_token_life{900};
  std::chrono::seconds agent_token_life{3600};
  std::chrono::seconds refresh_token_life{30LL * 24 * 3600};
  std::vector<std::string> google_client_ids;  ///< empty: Google sign-in is off
  std::filesystem::path google_jwks_file;
  std::string google_jwks_url = "https://www.googleapis.com/oauth2/v3/certs";
  std::vector<Cidr> ip_allow;  ///< empty: every address
  std::vector<Cidr> ip_deny;   ///< wins over ip_allow
};

/// `HOST:PORT`, `[V6]:PORT`; 400 that names `listen` otherwise.
Result<void> set_listen(Config& config, std::string_view listen);

/// `http://HOST:PORT` of a server that listens on `port`; https with a certificate.
std::string listening_url(const Config& config, std::uint16_t port);

/// Reads a JSON config file into `config`. 400 that names each unknown or wrong key (a typo in a
/// limit must not pass for the default). Keys: docs/configuration.md.
Result<void> read_config_file(const std::filesystem::path& file, Config& config);

}  // namespace oneclaw::server
