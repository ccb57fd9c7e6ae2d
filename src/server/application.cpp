#include "server/application.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "api/routes.h"
#include "crypto/keyring.h"
#include "http/pipeline.h"
#include "http/router.h"
#include "server/gate.h"
#include "server/hooks.h"
#include "server/mcp_endpoint.h"
#include "server/memory.h"
#include "server/open_store.h"
#include "server/operator_commands.h"
#include "server/operator_socket.h"
#include "server/run_now.h"
#include "service/access_cache.h"
#include "service/account.h"
#include "service/account_data.h"
#include "service/agents.h"
#include "service/api_keys.h"
#include "service/approvals.h"
#include "service/audit_log.h"
#include "service/background.h"
#include "service/billing.h"
#include "service/bindings.h"
#include "service/cmek.h"
#include "service/custody.h"
#include "service/delivery.h"
#include "service/device_login.h"
#include "service/enrolments.h"
#include "service/env_vars.h"
#include "service/field_seal.h"
#include "service/google_keys.h"
#include "service/ip_rules.h"
#include "service/leases.h"
#include "service/mfa.h"
#include "service/org_env_vars.h"
#include "service/organization.h"
#include "service/outbox.h"
#include "service/passwords.h"
#include "service/policies.h"
#include "service/profile.h"
#include "service/quotas.h"
#include "service/rotations.h"
#include "service/secrets.h"
#include "service/server_keys.h"
#include "service/shares.h"
#include "service/sign_in.h"
#include "service/step_up.h"
#include "service/tokens.h"
#include "service/usage.h"
#include "service/vault_keys.h"
#include "service/vaults.h"
#include "service/webhooks.h"
#include "store/store.h"

namespace oneclaw::server {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

/// An exclusive lock on the data folder: two servers over one folder would tear the chain.
class FolderLock {
 public:
  static Result<FolderLock> take(const fs::path& folder) {
    const int file = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return problems::internal("The data folder can't be written to.");
    FolderLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      return problems::internal("Another oneclaw server is using this data folder.");
    }
    return lock;
  }
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (file_ >= 0) ::close(file_);
  }

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

Result<void> prepare_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) {
    fs::create_directories(folder, error);
    if (error) {
      return problems::internal("The data folder can't be made: " + error.message() + ".");
    }
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  if (error || !fs::is_directory(folder, error)) {
    return problems::internal("The data folder isn't a folder that this user may use.");
  }
  const auto others = fs::perms::group_all | fs::perms::others_all;
  if ((fs::status(folder, error).permissions() & others) != fs::perms::none) {
    return problems::internal("The data folder is open to other users: chmod 700 it first.");
  }
  return {};
}

/// Whether there are no keys yet. The store is closed again: sealed, nothing is open.
Result<bool> ask_fresh(const Config& config) {
  TRY(const auto store, open_store(config, std::make_shared<service::RowMac>()));
  return run_now(is_fresh(*store));
}

/// All that needs the root key. It comes with the unsealing and goes with the sealing, and every
/// key, cache and plaintext goes with it. Members are destroyed in reverse: the store after all
/// that uses it.
struct Core {
  ~Core() { background.stop(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Core(crypto::Keyring& keyring, std::unique_ptr<store::Store> store_in,
       service::ServerKeys keys_in, std::unique_ptr<service::Passwords> passwords_in,
       const Config& config)
      : server_keys(std::move(keys_in)),
        store(std::move(store_in)),
        passwords(std::move(passwords_in)),
        google_keys(config.google_jwks_file, config.google_jwks_url),
        field_seal(server_keys.field),
        outbox(field_seal, !config.smtp.host.empty()),
        audit(*store, outbox),
        vault_keys(keyring),
        custody(*store, keyring, vault_keys, *server_keys.signing, audit, background,
                !config.database.empty()),
        access(*store, config.cache.access),
        tokens(*store, server_keys, config.issuer,
               {config.user_token_life, config.agent_token_life, config.refresh_token_life},
               config.cache.tokens),
        quotas(*store, config.quotas),
        sign_in(*store, tokens, *passwords, audit, outbox,
                config.verify_signups && !config.smtp.host.empty(), google_keys,
                config.google_client_ids, quotas),
        profile(*store, *passwords, audit, outbox),
        api_keys(*store, server_keys.mac, audit, outbox),
        usage(*store),
        billing(*store, audit, quotas),
        vaults(*store, vault_keys, audit, quotas),
        secrets(*store, vault_keys, access, audit, quotas, config.cache.secrets),
        rotations(*store, vault_keys, audit, outbox),
        cmek(*store, vault_keys, audit, outbox),
        env_vars(*store, vault_keys, audit),
        org_env_vars(*store, vault_keys, audit),
        policies(*store, audit),
        agents(*store, vault_keys, server_keys.mac, audit, quotas),
        mfa(*store, tokens, *passwords, audit, field_seal, outbox),
        step_up(*passwords, mfa),
        account(*store, *passwords, audit, outbox, server_keys.mac),
        account_data(*store, step_up, audit, outbox),
        device_login(*store, tokens, *passwords, audit, outbox),
        enrolments(*store, vault_keys, audit, outbox, server_keys.mac, quotas),
        approvals(*store, audit, outbox, server_keys.mac),
        ip_rules(*store, audit),
        shares(*store, vault_keys, *passwords, server_keys.mac, audit, outbox, quotas, ip_rules),
        organization(*store, server_keys.mac, audit, outbox, quotas),
        webhooks(*store, field_seal, audit, config.webhooks.allow_private_addresses),
        bindings(*store, secrets, field_seal, audit),
        hooks(tokens, audit, approvals, ip_rules, quotas,
              {.all = config.requests_per_second,
               .per_address = config.requests_per_second_per_address,
               .per_principal = config.requests_per_second_per_principal},
              config.ip_allow, config.ip_deny),
        leases(*store),
        background(config.database.empty() ? nullptr : &leases),
        delivery(*store, field_seal, config.smtp, config.webhooks, background.stopping()) {
    api::add_health_routes(router, keyring);
    api::add_sign_in_routes(router, sign_in);
    api::add_token_key_routes(router, tokens);
    api::add_profile_routes(router, profile);
    api::add_api_key_routes(router, api_keys);
    api::add_vault_routes(router, vaults);
    api::add_secret_routes(router, secrets);
    api::add_rotation_routes(router, rotations);
    api::add_cmek_routes(router, cmek);
    api::add_env_var_routes(router, env_vars);
    api::add_org_env_var_routes(router, org_env_vars);
    api::add_policy_routes(router, policies);
    api::add_agent_routes(router, agents);
    api::add_mfa_routes(router, mfa);
    api::add_account_routes(router, account, account_data, profile);
    api::add_device_routes(router, device_login);
    api::add_enrolment_routes(router, enrolments);
    api::add_link_pages(router, sign_in, account, enrolments);
    api::add_approval_routes(router, approvals);
    api::add_pending_approval_routes(router, approvals, secrets);
    api::add_binding_routes(router, bindings);
    api::add_audit_routes(router, audit);
    api::add_security_routes(router, ip_rules);
    api::add_billing_routes(router, billing);
    api::add_docs_routes(router);

    if (!config.database.empty()) {
      background.every_here("ip-rules", std::chrono::seconds(1), [this]() -> asio::awaitable<void> {
        const Result<void> loaded = co_await ip_rules.load();
        if (!loaded.ok()) spdlog::warn("the IP rules can't be read anew");
      });
    }
    background.every("rotations", std::chrono::seconds(2), [this] { return rotations.run_due(); });
    background.every("usage", std::chrono::seconds(10), [this] { return usage.roll_up(); });
    background.every("cmek", std::chrono::minutes(1),
                     [this] { return cmek.run(background.stopping()); });
    cmek.set_waker([this] { background.wake("cmek"); });
    background.every_here("drop-vault-keys", std::chrono::seconds(15),
                          [this]() -> asio::awaitable<void> {
                            vault_keys.drop_expired();
                            co_return;
                          });
    // So that /v1/health knows of a token that went away, however rarely it is asked.
    background.every_here("ask-keyring", std::chrono::seconds(5),
                          [&keyring]() -> asio::awaitable<void> {
                            keyring.status();
                            co_return;
                          });
    api::add_share_routes(router, shares);
    api::add_org_routes(router, organization, outbox.mail_enabled());
    api::add_webhook_routes(router, webhooks);
    background.every("delivery", service::Delivery::kPeriod, [this] { return delivery.run_due(); });
    api::add_guest_pages(router, {sign_in, mfa, tokens, ip_rules, organization, shares});
    add_mcp_route(router, hooks, {origin_of(config.public_url)});
  }

  service::ServerKeys server_keys;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<service::Passwords> passwords;
  service::GoogleKeys google_keys;
  service::FieldSeal field_seal;
  service::Outbox outbox;
  service::AuditLog audit;
  service::VaultKeys vault_keys;
  service::Custody custody;
  service::AccessCache access;
  service::Tokens tokens;
  service::Quotas quotas;
  service::SignIn sign_in;
  service::Profile profile;
  service::ApiKeys api_keys;
  service::Usage usage;
  service::Billing billing;
  service::Vaults vaults;
  service::Secrets secrets;
  service::Rotations rotations;
  service::Cmek cmek;
  service::EnvVars env_vars;
  service::OrgEnvVars org_env_vars;
  service::Policies policies;
  service::Agents agents;
  service::Mfa mfa;
  service::StepUp step_up;
  service::Account account;
  service::AccountData account_data;
  service::DeviceLogin device_login;
  service::Enrolments enrolments;
  service::Approvals approvals;
  service::IpRules ip_rules;
  service::Shares shares;
  service::Organization organization;
  service::Webhooks webhooks;
  service::Bindings bindings;
  Hooks hooks;
  http::Router router;
  service::Leases leases;
  service::Background background;
  service::Delivery delivery;
};

/// What the gate leads to: the pipeline, and the core that it runs in.
struct Opened {
  explicit Opened(std::shared_ptr<Core> core_in)
      : core(std::move(core_in)), handle([&core = *core](http::Request& request) {
          return http::run_pipeline(core.router, core.hooks, request);
        }) {}

  std::shared_ptr<Core> core;
  Gate::Handler handle;
};

}  // namespace

struct Application::Parts final : OperatorTarget {
  Parts(const Config& config_in, std::optional<FolderLock> lock_in,
        std::unique_ptr<crypto::Keyring> keyring_in)
      : config(config_in),
        lock(std::move(lock_in)),
        keyring_(std::move(keyring_in)),
        gate(*keyring_),
        commands(*this) {
    // Signals are caught from here on, so that one sent before run() stops it too.
    signals.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      spdlog::info("stopping signal={}", number);
      server->stop();
    });
  }

  crypto::Keyring& keyring() override { return *keyring_; }
  std::shared_ptr<service::Custody> custody() override {
    const std::lock_guard guard(mutex);
    return core ? std::shared_ptr<service::Custody>(core, &core->custody) : nullptr;
  }
  std::shared_ptr<service::AuditLog> audit() override {
    const std::lock_guard guard(mutex);
    return core ? std::shared_ptr<service::AuditLog>(core, &core->audit) : nullptr;
  }
  std::shared_ptr<service::Account> account() override {
    const std::lock_guard guard(mutex);
    return core ? std::shared_ptr<service::Account>(core, &core->account) : nullptr;
  }
  Result<void> open() override;
  bool close(std::chrono::milliseconds longest) override;

  const Config config;
  std::optional<FolderLock> lock;  ///< none where nodes share a database
  std::unique_ptr<crypto::Keyring> keyring_;
  asio::io_context signal_context;
  asio::signal_set signals{signal_context, SIGINT, SIGTERM};
  Gate gate;
  std::mutex mutex;  ///< of `core`
  std::shared_ptr<Core> core;
  std::unique_ptr<http::Server> server;
  OperatorCommands commands;
  std::unique_ptr<OperatorSocket> operator_socket;
};

Result<void> Application::Parts::open() {
  const auto row_mac = std::make_shared<service::RowMac>();
  TRY(auto store, open_store(config, row_mac));
  TRY(service::ServerKeys keys,
      run_now(service::load_server_keys(*store, *keyring_, *row_mac, config.issuer)));
  TRY(auto passwords, service::Passwords::create(config.argon2, config.password_threads,
                                                 config.most_waiting_passwords, config.login));
  auto opened = std::make_shared<Core>(*keyring_, std::move(store), std::move(keys),
                                       std::move(passwords), config);
  CHECK_OK(run_now(opened->ip_rules.load()));
  CHECK_OK(run_now(opened->quotas.grant_credits()));
  opened->outbox.set_public_url(config.public_url.empty() ? listening_url(config, server->port())
                                                          : config.public_url);
  opened->custody.start();
  opened->background.start();
  auto handler = std::make_shared<Opened>(opened);
  gate.open({handler, &handler->handle});
  const std::lock_guard guard(mutex);
  core = std::move(opened);
  return {};
}

bool Application::Parts::close(std::chrono::milliseconds longest) {
  const bool quiet = gate.close(longest);
  const std::lock_guard guard(mutex);
  core.reset();
  return quiet;
}

Application::Application(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Application::~Application() {
  if (!parts_) return;
  parts_->operator_socket.reset();
  parts_->server.reset();
  parts_->close({});
}

Result<std::unique_ptr<Application>> Application::create(const Config& config) {
  ::umask(0077);
  CHECK_OK(prepare_folder(config.data));
  std::optional<FolderLock> lock;
  if (config.database.empty()) {
    TRY(FolderLock taken, FolderLock::take(config.data));
    lock.emplace(std::move(taken));
  }
  protect_memory();

  // A database without its keyring must not get a new one: its data could never be read again.
  TRY(const bool fresh, ask_fresh(config));
  TRY(auto keyring, crypto::open_keyring({.uri = config.keyring_uri,
                                          .folder = config.data,
                                          .create = fresh,
                                          .sign_in_token = config.sign_jwts_in_token}));
  const crypto::KeyringStatus status = keyring->status();
  spdlog::info("keyring opened provider={} state={} root_key={}", status.provider,
               crypto::to_string(status.state), status.active_root_key_id);
  if (status.unseal_with == crypto::UnsealWith::kNothing) {
    spdlog::warn("{}", status.detail);
  } else {
    spdlog::info("{}", status.detail);
  }

  auto parts = std::make_unique<Parts>(config, std::move(lock), std::move(keyring));
  Gate& gate = parts->gate;
  const auto handle = [&gate](http::Request& request) { return gate.handle(request); };
  TRY(parts->server, http::Server::create(config.http, handle));
  if (status.ready) {
    CHECK_OK(parts->open());
  } else {
    spdlog::warn("sealed: every request but /v1/health gets 503 until `oneclaw operator {}`",
                 status.state == crypto::KeyringState::kUninitialized ? "init" : "unseal");
  }
  TRY(parts->operator_socket,
      OperatorSocket::listen(config.data,
                             [&commands = parts->commands](auto& call) { commands.run(call); }));
  return std::unique_ptr<Application>(new Application(std::move(parts)));
}

std::vector<std::string> Application::routes() const {
  std::vector<std::string> lines;
  for (const auto& route : parts_->core->router.routes()) {
    const std::string_view access = route->access == http::Access::kPublic      ? "public"
                                    : route->access == http::Access::kOptional  ? "optional"
                                    : route->access == http::Access::kPrincipal ? "principal"
                                                                                : "user";
    lines.push_back(std::string(to_string(route->method)) + " " + route->pattern + " " +
                    std::string(access));
  }
  return lines;
}

std::uint16_t Application::port() const {
  return parts_->server->port();
}

void Application::run() {
  std::thread signal_thread([this] { parts_->signal_context.run(); });
  parts_->server->run();
  parts_->operator_socket->stop();
  parts_->close({});
  parts_->signal_context.stop();
  signal_thread.join();
  spdlog::info("stopped");
}

}  // namespace oneclaw::server
