// The parts of a request, each alone: Google Benchmark.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crypto/digest.h"
#include "crypto/envelope.h"
#include "crypto/jwt.h"
#include "domain/policy_index.h"
#include "service/audit_log.h"
#include "service/field_seal.h"
#include "service/outbox.h"
#include "store/store.h"

namespace oneclaw {
namespace {

namespace asio = boost::asio;

domain::Policy policy(const std::string& pattern) {
  domain::Policy policy;
  policy.id = Uuid::v7();
  policy.principal_type = PrincipalType::kAgent;
  policy.pattern = GlobPath::compile(pattern).value();
  policy.permissions = domain::kRead;
  return policy;
}

std::vector<domain::Policy> policies(std::int64_t count) {
  std::vector<domain::Policy> made{policy("app/**")};
  for (std::int64_t i = 1; i < count; ++i) {
    made.push_back(policy("team-" + std::to_string(i) + "/*/config/**"));
  }
  return made;
}

domain::AccessRequest request() {
  return {.principal_type = PrincipalType::kAgent,
          .principal_id = {},
          .path = "app/database/password",
          .access = domain::Access::kRead,
          .client = {},
          .at = now()};
}

void decide_plainly(benchmark::State& state) {
  const auto list = policies(state.range(0));
  const auto asked = request();
  for (auto _ : state) benchmark::DoNotOptimize(domain::decide(list, asked));
}
BENCHMARK(decide_plainly)->Arg(10)->Arg(1000)->Arg(10'000);

void decide_by_index(benchmark::State& state) {
  const domain::PolicyIndex index(policies(state.range(0)));
  const auto asked = request();
  for (auto _ : state) benchmark::DoNotOptimize(index.decide(asked));
}
BENCHMARK(decide_by_index)->Arg(10)->Arg(1000)->Arg(10'000);

crypto::VersionBinding binding() {
  return {.org_id = Uuid::v4(),
          .vault_id = Uuid::v4(),
          .secret_id = Uuid::v7(),
          .path = "app/database/password",
          .version = 1,
          .type = "generic",
          .metadata_json = "{}",
          .created_by = "user:" + Uuid::v7().to_string(),
          .created_at = now(),
          .expires_at = std::nullopt,
          .max_access_count = std::nullopt};
}

void seal_version(benchmark::State& state) {
  const Key256 kek = Key256::random();
  const auto bound = binding();
  const std::string value(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(crypto::seal_version(kek, 1, bound, as_bytes(value)));
  }
}
BENCHMARK(seal_version)->Arg(64)->Arg(4096);

void open_version(benchmark::State& state) {
  const Key256 kek = Key256::random();
  const auto bound = binding();
  const std::string value(static_cast<std::size_t>(state.range(0)), 'x');
  const auto sealed = crypto::seal_version(kek, 1, bound, as_bytes(value)).value();
  for (auto _ : state) benchmark::DoNotOptimize(crypto::open_version(kek, 1, bound, sealed));
}
BENCHMARK(open_version)->Arg(64)->Arg(4096);

struct Token {
  crypto::Ed25519Key key = crypto::Ed25519Key::generate();
  crypto::TokenVerifier verifier{
      {{key.kid(), Bytes(key.public_key().begin(), key.public_key().end())}}, "issuer"};
  crypto::Claims claims{.issuer = "issuer",
                        .subject = "agent:" + Uuid::v7().to_string(),
                        .org_id = Uuid::v7(),
                        .role = "agent",
                        .scopes = {},
                        .vault_ids = {},
                        .issued_at = now(),
                        .not_before = now(),
                        .expires_at = now() + std::chrono::hours(1),
                        .id = Uuid::v4(),
                        .token_version = 1,
                        .api_key_id = std::nullopt,
                        .session_id = std::nullopt};
  SecureString text = crypto::sign_token(key, claims);
};

void sign_token(benchmark::State& state) {
  const Token token;
  for (auto _ : state) benchmark::DoNotOptimize(crypto::sign_token(token.key, token.claims));
}
BENCHMARK(sign_token);

void verify_token(benchmark::State& state) {
  const Token token;
  for (auto _ : state) {
    benchmark::DoNotOptimize(token.verifier.verify(token.text.view(), now()));
  }
}
BENCHMARK(verify_token);

void hash_token(benchmark::State& state) {
  const Token token;
  for (auto _ : state) benchmark::DoNotOptimize(crypto::sha256(token.text.bytes()));
}
BENCHMARK(hash_token);

/// Events in flight at once, each waiting for its own durable answer.
asio::awaitable<void> record(service::AuditLog& audit, Caller caller, const std::string& id) {
  service::AuditEntry entry{
      .action = "secret.read", .resource_type = "secret", .resource_id = id, .details = {}};
  entry.details["vault_id"] = id;
  entry.details["path"] = "app/database/password";
  entry.details["version"] = 1;
  const Result<void> recorded = co_await audit.record(caller, std::move(entry));
  if (!recorded.ok()) throw std::runtime_error("not recorded");
}

void append_audit_events(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "oneclaw-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return;
  {
    store::SqliteOptions options;
    options.file = std::filesystem::path(folder) / "oneclaw.db";
    const auto store = store::open_sqlite(options).value();
    const Key256 field_key = Key256::random();
    const service::FieldSeal seal(field_key);
    service::Outbox outbox(seal, false);
    service::AuditLog audit(*store, outbox);
    Caller caller;
    caller.principal.type = PrincipalType::kAgent;
    caller.principal.id = caller.principal.org_id = Uuid::v7();
    caller.request_id = std::string(32, 'a');
    const std::string id = Uuid::v7().to_string();
    for (auto _ : state) {
      asio::io_context context(1);
      for (std::int64_t i = 0; i < state.range(0); ++i) {
        asio::co_spawn(context, record(audit, caller, id), [](const std::exception_ptr& error) {
          if (error) std::rethrow_exception(error);
        });
      }
      context.run();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(append_audit_events)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->UseRealTime();

}  // namespace
}  // namespace oneclaw

BENCHMARK_MAIN();
