#include "service/bindings.h"

#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "base/glob_path.h"
#include "base/secret_finder.h"
#include "service/access.h"

namespace oneclaw::service {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::string_view kSealedColumn = "bindings.credential_sealed";

std::int64_t milliseconds_since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start).count();
}

AuditEntry binding_entry(std::string action, const store::BindingRow& row) {
  AuditEntry entry{.action = std::move(action),
                   .resource_type = "binding",
                   .resource_id = row.id.to_string(),
                   .details = {}};
  entry.details["agent_id"] = row.agent_id.to_string();
  entry.details["name"] = row.name;
  return entry;
}

/// The agent, when the caller manages it, or (`itself`) is it.
Result<void> require_agent(store::Transaction& transaction, const Principal& principal,
                           const Uuid& agent_id, bool itself) {
  const auto agent = store::AgentRepository(transaction).find(principal.org_id, agent_id);
  if (!agent) return problems::not_found("No such agent.");
  if (itself && principal.is_agent() && principal.id == agent_id) return {};
  if (principal.is_org_admin()) return {};
  if (principal.is_user() && agent->created_by == principal.id) return {};
  return problems::forbidden("Only the agent's maker and the org's owners and admins may do that.");
}

Result<store::BindingRow> find_binding(store::Transaction& transaction, const Principal& principal,
                                       const Uuid& agent_id, const Uuid& id, bool itself) {
  CHECK_OK(require_agent(transaction, principal, agent_id, itself));
  auto row = store::BindingRepository(transaction).find(agent_id, id);
  if (!row) return problems::not_found("No such binding.");
  return std::move(*row);
}

/// Takes the credential out of an answer; gives how often it was there.
std::int64_t scrub(OutboundAnswer& answer, const SecretFinder& finder) {
  SecretFinder::Redacted body = finder.redact(answer.body.view(), answer.cut);
  answer.body = std::move(body.text);
  std::size_t count = body.count;
  for (auto& [name, value] : answer.headers) {
    SecretFinder::Redacted clean = finder.redact(value.view());
    const SecretFinder::Redacted clean_name = finder.redact(name);
    value = std::move(clean.text);
    name = std::string(clean_name.text.view());
    count += clean.count + clean_name.count;
  }
  return static_cast<std::int64_t>(count);
}

/// Whoever binds a secret must be able to read it.
Result<void> check_source(store::Transaction& transaction, const Caller& caller,
                          const store::BindingRow& row) {
  if (!row.credential_vault_id) return {};
  auto access = VaultAccess::load(transaction, caller, *row.credential_vault_id);
  if (!access.ok()) {
    if (access.problem().status != 404) return std::move(access).problem();
    return problems::validation("credential_source.vault_id", "is no vault of this org");
  }
  return access->require(*row.credential_path, domain::Access::kRead);
}

}  // namespace

Result<void> Bindings::set_credential(store::BindingRow& row,
                                      const CredentialSource& source) const {
  row.credential_sealed.reset();
  row.credential_vault_id.reset();
  row.credential_path.reset();
  if (source.vault_id) {
    CHECK_OK(validate_secret_path(source.path, "credential_source.path"));
    row.credential_vault_id = source.vault_id;
    row.credential_path = source.path;
  } else if (source.value) {
    TRY(row.credential_sealed, seal_.seal(kSealedColumn, row.id, source.value->bytes()));
  }
  return {};
}

asio::awaitable<Result<store::BindingRow>> Bindings::create(Caller& caller, Uuid agent_id,
                                                            NewBinding binding) {
  if (binding.binding_type != "http") {
    co_return problems::validation("binding_type", "must be http: others aren't carried out yet");
  }
  CO_TRY(const HttpBinding http, HttpBinding::parse(binding.config_json, binding.guardrails_json));
  const bool given = binding.credential.value || binding.credential.vault_id;
  if (http.needs_credential() && !given) {
    co_return problems::validation("credential", "is needed, or a credential_source");
  }
  const TimePoint at = now();
  store::BindingRow row{.id = Uuid::v7(),
                        .org_id = caller.principal.org_id,
                        .agent_id = agent_id,
                        .binding_type = binding.binding_type,
                        .name = std::move(binding.name),
                        .config = std::move(binding.config_json),
                        .guardrails = std::move(binding.guardrails_json),
                        .is_active = true,
                        .created_by = caller.principal.id,
                        .created_at = at,
                        .updated_at = at};
  CO_CHECK_OK(set_credential(row, binding.credential));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    CHECK_OK(require_agent(transaction, caller.principal, agent_id, false));
    CHECK_OK(check_source(transaction, caller, row));
    store::BindingRepository bindings(transaction);
    if (bindings.find_by_name(agent_id, row.name)) {
      return problems::conflict("The agent has a binding of that name.");
    }
    bindings.insert(row);
    audit_.append(transaction, caller, binding_entry("binding.create", row));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<std::vector<store::BindingRow>>> Bindings::list(Caller& caller,
                                                                       Uuid agent_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::BindingRow>> {
    CHECK_OK(require_agent(transaction, caller.principal, agent_id, true));
    return store::BindingRepository(transaction).list(agent_id, kMostListed);
  };
  CO_TRY(auto rows, co_await store_.read(read));
  AuditEntry entry{.action = "binding.list",
                   .resource_type = "agent",
                   .resource_id = agent_id.to_string(),
                   .details = {}};
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(rows);
}

asio::awaitable<Result<store::BindingRow>> Bindings::get(Caller& caller, Uuid agent_id,
                                                         Uuid binding_id) {
  const auto read = [&](store::Transaction& transaction) {
    return find_binding(transaction, caller.principal, agent_id, binding_id, true);
  };
  CO_TRY(store::BindingRow row, co_await store_.read(read));
  CO_CHECK_OK(co_await audit_.record(caller, binding_entry("binding.read", row)));
  co_return std::move(row);
}

asio::awaitable<Result<store::BindingRow>> Bindings::update(Caller& caller, Uuid agent_id,
                                                            Uuid binding_id, BindingUpdate update) {
  const auto write = [&](store::Transaction& transaction) -> Result<store::BindingRow> {
    TRY(store::BindingRow row,
        find_binding(transaction, caller.principal, agent_id, binding_id, false));
    if (update.config_json) row.config = *update.config_json;
    if (update.guardrails_json) row.guardrails = *update.guardrails_json;
    if (update.is_active) row.is_active = *update.is_active;
    TRY(const HttpBinding http, HttpBinding::parse(row.config, row.guardrails));
    if (update.credential) CHECK_OK(set_credential(row, *update.credential));
    if (http.needs_credential() && !row.credential_sealed && !row.credential_vault_id) {
      return problems::validation("credential", "is needed, or a credential_source");
    }
    // What someone else bound stays bound; pointing it anew asks for the right to read anew. So
    // does sending it elsewhere.
    if (update.credential || update.config_json) CHECK_OK(check_source(transaction, caller, row));
    row.updated_at = now();
    store::BindingRepository(transaction).update(row);
    audit_.append(transaction, caller, binding_entry("binding.update", row));
    return row;
  };
  CO_TRY(store::BindingRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<void>> Bindings::remove(Caller& caller, Uuid agent_id, Uuid binding_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const store::BindingRow row,
        find_binding(transaction, caller.principal, agent_id, binding_id, false));
    store::BindingRepository(transaction).remove(agent_id, binding_id);
    audit_.append(transaction, caller, binding_entry("binding.delete", row));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<ProbeResult>> Bindings::test(Caller& caller, Uuid agent_id,
                                                    Uuid binding_id) {
  const auto read = [&](store::Transaction& transaction) {
    return find_binding(transaction, caller.principal, agent_id, binding_id, false);
  };
  CO_TRY(const store::BindingRow row, co_await store_.read(read));
  CO_CHECK_OK(co_await audit_.record(caller, binding_entry("binding.test", row)));
  CO_TRY(const HttpBinding http, HttpBinding::parse(row.config, row.guardrails));
  const auto start = SteadyClock::now();
  const OutboundRequest request = http.probe();
  OutboundRules rules = http.rules();
  rules.check = [](const OutboundUrl&) { return Result<void>(); };  // base_url is the binding's own
  rules.most_redirects = 0;
  const auto send = [&] { return send_outbound(request, rules); };
  const Result<OutboundAnswer> answer = co_await pool_.run(send);
  ProbeResult result{answer.ok(), milliseconds_since(start), {}};
  if (!answer.ok()) result.error = answer.problem().detail;
  co_return result;
}

asio::awaitable<Result<SecureString>> Bindings::credential_of(Caller& caller,
                                                              const store::BindingRow& row) {
  if (row.credential_sealed) {
    CO_TRY(const SecureBytes plain, seal_.open(kSealedColumn, row.id, *row.credential_sealed));
    co_return SecureString(as_text(plain));
  }
  if (!row.credential_vault_id) co_return SecureString();
  CO_TRY(const SecretValue secret,
         co_await secrets_.use(caller, *row.credential_vault_id, *row.credential_path, row.id));
  co_return SecureString(as_text(secret.value));
}

asio::awaitable<Result<Execution>> Bindings::attempt(Caller& caller, const store::BindingRow& row,
                                                     const json::object& params,
                                                     store::ExecutionRow& record) {
  if (!row.is_active) co_return problems::forbidden("The binding is not active.");
  CO_TRY(const HttpBinding http, HttpBinding::parse(row.config, row.guardrails));
  if (http.most_per_minute() > 0) {
    const auto count = [&](store::Transaction& transaction) -> Result<std::int64_t> {
      return store::BindingRepository(transaction)
          .count_executions(row.id, now() - std::chrono::minutes(1));
    };
    CO_TRY(const std::int64_t recent, co_await store_.read(count));
    if (recent >= http.most_per_minute()) {
      co_return problems::too_many_requests("The binding's requests per minute are used up.", 60);
    }
  }
  // Every mistake and refusal that can be told without the credential comes before it is read.
  CO_TRY(const OutboundRequest checked, http.make_request(params, SecureString("unread")));
  const auto parsed = OutboundUrl::parse(checked.url);
  json::object summary{{"method", checked.method}};
  if (parsed.ok()) {
    summary["host"] = parsed->host;
    summary["path"] = parsed->path;
  }
  record.request_summary = json::serialize(summary);

  CO_TRY(const SecureString credential, co_await credential_of(caller, row));
  SecretFinder finder;
  if (http.needs_credential() && !finder.add(credential.view(), 0)) {
    co_return problems::forbidden("The credential is too short to be kept out of the answer.");
  }
  // Of user:password either half is a secret too.
  if (const std::size_t colon = credential.view().find(':'); colon != std::string_view::npos) {
    finder.add(credential.view().substr(colon + 1), 0);
  }
  CO_TRY(const OutboundRequest request, http.make_request(params, credential));
  const OutboundRules rules = http.rules();
  const auto send = [&]() -> Result<OutboundAnswer> {
    TRY(OutboundAnswer answer, send_outbound(request, rules));
    record.redactions_applied = scrub(answer, finder);
    return answer;
  };
  CO_TRY(OutboundAnswer answer, co_await pool_.run(send));
  record.status = "success";
  record.result_summary = json::serialize(json::object{
      {"status", answer.status}, {"bytes", answer.body.size()}, {"redirects", answer.redirects}});
  co_return Execution{{}, std::move(answer)};
}

asio::awaitable<Result<void>> Bindings::keep(Caller& caller, const store::ExecutionRow& record,
                                             const std::string& name) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::BindingRepository(transaction).insert_execution(record);
    AuditEntry entry{.action = "execution.run",
                     .resource_type = "binding",
                     .resource_id = record.binding_id.to_string(),
                     .details = {}};
    entry.details["execution_id"] = record.id.to_string();
    entry.details["agent_id"] = record.agent_id.to_string();
    entry.details["name"] = name;
    entry.details["status"] = record.status;
    boost::system::error_code error;
    entry.details["request"] = json::parse(record.request_summary, error);
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<Execution>> Bindings::execute(Caller& caller, Uuid agent_id,
                                                     std::string binding, std::string intent_type,
                                                     json::object params) {
  if (intent_type != "http" && intent_type != "http_request") {
    co_return problems::validation("intent_type", "must be http");
  }
  const auto read = [&](store::Transaction& transaction) -> Result<store::BindingRow> {
    CHECK_OK(require_agent(transaction, caller.principal, agent_id, true));
    store::BindingRepository bindings(transaction);
    auto row = bindings.find_by_name(agent_id, binding);
    if (const auto id = Uuid::parse(binding); !row && id) row = bindings.find(agent_id, *id);
    if (!row) return problems::not_found("The agent has no such binding.");
    return std::move(*row);
  };
  CO_TRY(const store::BindingRow row, co_await store_.read(read));
  const auto start = SteadyClock::now();
  store::ExecutionRow record{.id = Uuid::v7(),
                             .org_id = row.org_id,
                             .agent_id = agent_id,
                             .binding_id = row.id,
                             .intent_type = "http",
                             .status = "error",
                             .created_at = now()};
  Result<Execution> execution = co_await attempt(caller, row, params, record);
  record.duration_ms = milliseconds_since(start);
  const int status = execution.ok() ? 200 : execution.problem().status;
  // A wrong argument, or a server that is busy, is no execution.
  if (status == 400 || status == 503) co_return std::move(execution).problem();
  if (!execution.ok()) {
    record.status = status == 403 || status == 429 ? "denied" : "error";
    record.error_message = execution.problem().detail;
  }
  CO_CHECK_OK(co_await keep(caller, record, row.name));
  if (execution.ok()) {
    execution->row = std::move(record);
  } else if (status == 502) {
    co_return Execution{std::move(record), {}};
  }
  co_return std::move(execution);
}

asio::awaitable<Result<std::vector<store::ExecutionRow>>> Bindings::executions(
    Caller& caller, Uuid agent_id, std::int64_t limit, std::int64_t offset) {
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<store::ExecutionRow>> {
    CHECK_OK(require_agent(transaction, caller.principal, agent_id, true));
    return store::BindingRepository(transaction).list_executions(agent_id, limit, offset);
  };
  CO_TRY(auto rows, co_await store_.read(read));
  AuditEntry entry{.action = "execution.list",
                   .resource_type = "agent",
                   .resource_id = agent_id.to_string(),
                   .details = {}};
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(rows);
}

}  // namespace oneclaw::service
