// Fills a data folder for the benchmarks, by the same envelope, store and chain as the server uses.
//
//   oneclaw_seed --data DIR --vault UUID --secrets N            app/0 … app/N-1
//   oneclaw_seed --data DIR --vault UUID --policies N --agent UUID
//   oneclaw_seed --data DIR --vault UUID --agents N             each may read app/**; prints the
//   keys
//
// The server must not be running over the folder.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "crypto/api_key.h"
#include "crypto/keyring.h"
#include "service/secrets.h"
#include "service/server_keys.h"
#include "service/vault_keys.h"
#include "store/agent_repository.h"
#include "store/policy_repository.h"
#include "store/store.h"
#include "store/vault_repository.h"

namespace oneclaw {
namespace {

namespace asio = boost::asio;

template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.problem().detail);
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

class Seeder {
 public:
  Seeder(const std::filesystem::path& data, const Uuid& vault_id)
      : keyring_(must(crypto::open_file_keyring(data / "keyring.json", false))),
        keys_(*keyring_),
        vault_id_(vault_id) {
    store::SqliteOptions options;
    options.file = data / "oneclaw.db";
    options.on_failure = [](std::string_view what) {
      std::fprintf(stderr, "store: %.*s\n", static_cast<int>(what.size()), what.data());
    };
    const auto row_mac = std::make_shared<service::RowMac>();
    options.row_seal = row_mac;
    store_ = must(store::open_sqlite(options));
    run(take_keys(*store_, *keyring_, *row_mac, server_keys_));
    const Uuid id = vault_id;
    write([&](store::Transaction& transaction) -> Result<void> {
      auto query =
          transaction.connection().prepare("SELECT org_id, created_by FROM vaults WHERE id = ?1");
      if (!query.bind(1, id).step()) return problems::not_found();
      author_.type = PrincipalType::kUser;
      author_.org_id = query.uuid(0);
      author_.id = query.uuid(1);
      return {};
    });
  }

  void secrets(std::size_t count) {
    in_batches(count, [&](store::Transaction& transaction, std::size_t i) -> Result<void> {
      service::NewSecret secret;
      secret.value =
          SecureString("value of secret number " + std::to_string(i) + ", 48 bytes long");
      CHECK_OK(service::put_secret(transaction, keys_, author_.org_id, vault_id_,
                                   "app/" + std::to_string(i), author_, secret));
      return {};
    });
  }

  /// One that lets the agent read app/**, and the others on paths of their own.
  void policies(std::size_t count, const Uuid& agent_id) {
    in_batches(count, [&](store::Transaction& transaction, std::size_t i) -> Result<void> {
      const std::string pattern = i == 0 ? "app/**" : "team-" + std::to_string(i) + "/*/config/**";
      store::PolicyRepository(transaction).insert(policy(pattern, agent_id));
      return {};
    });
  }

  void agents(std::size_t count) {
    in_batches(count, [&](store::Transaction& transaction, std::size_t) -> Result<void> {
      const crypto::NewApiKey key =
          crypto::generate_api_key(server_keys_->mac, crypto::kAgentKeyPrefix);
      const Uuid id = Uuid::v7();
      store::AgentRepository(transaction)
          .insert({.id = id,
                   .org_id = author_.org_id,
                   .name = "bench",
                   .key_lookup = key.lookup,
                   .key_mac = Bytes(key.mac.begin(), key.mac.end()),
                   .created_by = author_.id,
                   .created_by_type = "user",
                   .created_at = now()});
      store::PolicyRepository(transaction).insert(policy("app/**", id));
      std::printf("%.*s\n", static_cast<int>(key.text.size()), key.text.view().data());
      return {};
    });
  }

 private:
  store::PolicyRow policy(const std::string& pattern, const Uuid& agent_id) const {
    return {.id = Uuid::v7(),
            .vault_id = vault_id_,
            .org_id = author_.org_id,
            .secret_path_pattern = pattern,
            .principal_type = "agent",
            .principal_id = agent_id,
            .permissions = 3,
            .created_by = author_.id,
            .created_by_type = "user",
            .created_at = now(),
            .updated_at = now()};
  }

  template <class F>
  void in_batches(std::size_t count, F f) {
    constexpr std::size_t kBatch = 5000;
    for (std::size_t first = 0; first < count; first += kBatch) {
      const std::size_t last = std::min(count, first + kBatch);
      write([&](store::Transaction& transaction) -> Result<void> {
        for (std::size_t i = first; i < last; ++i) CHECK_OK(f(transaction, i));
        return {};
      });
    }
  }

  template <class F>
  static asio::awaitable<void> run_write(store::Store& store, F& f) {
    const auto work = [&](store::Transaction& transaction) { return f(transaction); };
    must(co_await store.write(work));
  }
  template <class F>
  void write(F f) {
    run(run_write(*store_, f));
  }

  static asio::awaitable<void> take_keys(store::Store& store, crypto::Keyring& keyring,
                                         service::RowMac& row_mac,
                                         std::optional<service::ServerKeys>& keys) {
    keys.emplace(
        must(co_await service::load_server_keys(store, keyring, row_mac, "https://oneclaw.local")));
  }

  static void run(asio::awaitable<void> work) {
    asio::io_context context;
    asio::co_spawn(context, std::move(work), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
    context.run();
  }

  std::unique_ptr<crypto::Keyring> keyring_;
  service::VaultKeys keys_;
  std::unique_ptr<store::Store> store_;
  std::optional<service::ServerKeys> server_keys_;
  Uuid vault_id_;
  Principal author_;
};

int run(int count, char** arguments) {
  CLI::App app("Fills a data folder for the benchmarks.");
  std::string data;
  std::string vault;
  std::string agent;
  std::size_t secrets = 0;
  std::size_t policies = 0;
  std::size_t agents = 0;
  app.add_option("--data", data)->required();
  app.add_option("--vault", vault)->required();
  app.add_option("--agent", agent);
  app.add_option("--secrets", secrets);
  app.add_option("--policies", policies);
  app.add_option("--agents", agents);
  CLI11_PARSE(app, count, arguments);
  const auto vault_id = Uuid::parse(vault);
  const auto agent_id = Uuid::parse(agent);
  if (!vault_id || (policies > 0 && !agent_id)) throw std::runtime_error("bad id");
  Seeder seeder(data, *vault_id);
  seeder.secrets(secrets);
  if (policies > 0) seeder.policies(policies, *agent_id);
  seeder.agents(agents);
  return 0;
}

}  // namespace
}  // namespace oneclaw

int main(int count, char** arguments) {
  try {
    if (sodium_init() < 0) return 1;
    return oneclaw::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "oneclaw_seed: %s\n", error.what());
    return 1;
  }
}
