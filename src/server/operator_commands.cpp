#include "server/operator_commands.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "api/reply.h"
#include "api/wiping_json.h"
#include "server/run_now.h"
#include "service/audit_retention.h"
#include "service/backup.h"

namespace oneclaw::server {

namespace json = boost::json;

namespace {

json::object to_json(const store::KeyRotationRow& rotation) {
  json::object body;
  body["id"] = rotation.id.to_string();
  body["kind"] = rotation.kind;
  if (rotation.vault_id) body["vault_id"] = rotation.vault_id->to_string();
  body["target"] = rotation.target;
  body["total"] = rotation.total;
  body["done"] = rotation.done;
  body["failed"] = rotation.failed;
  body["started_at"] = to_rfc3339(rotation.started_at);
  if (rotation.finished_at) body["finished_at"] = to_rfc3339(*rotation.finished_at);
  return body;
}

json::object to_json(const store::SigningKeyRow& key) {
  json::object body;
  body["kid"] = key.kid;
  body["held"] = key.root_key_id == crypto::kHeldInToken ? "token" : "memory";
  body["created_at"] = to_rfc3339(key.created_at);
  if (key.retired_at) {
    body["verifies_until"] = to_rfc3339(*key.retired_at + service::SigningKeys::kOverlap);
  }
  return body;
}

json::object to_json(const crypto::KeyringStatus& status) {
  json::object body;
  body["state"] = crypto::to_string(status.state);
  body["provider"] = status.provider;
  body["detail"] = status.detail;
  body["unseal_with"] = crypto::to_string(status.unseal_with);
  if (status.shares > 0) {
    body["shares"] = status.shares;
    body["threshold"] = status.threshold;
    body["entered"] = status.entered;
    body["entered_rekey"] = status.entered_rekey;
  }
  body["active_root_key_id"] = status.active_root_key_id;
  body["root_key_ids"] = json::array(status.root_key_ids.begin(), status.root_key_ids.end());
  return body;
}

crypto::Protection protection_of(const OperatorCall& call) {
  return {
      .passphrase = SecureString(call.secret("passphrase")),
      .shares = static_cast<int>(std::clamp<std::int64_t>(call.integer("shares"), 0, 1000)),
      .threshold = static_cast<int>(std::clamp<std::int64_t>(call.integer("threshold"), 0, 1000))};
}

json::value shares_of(const crypto::ProtectionOutcome& outcome) {
  return api::list_of(
      outcome.shares, [](const SecureString& share) { return share.view(); },
      api::wiping_storage());
}

}  // namespace

void OperatorCommands::run(OperatorCall& call) {
  const std::string command = call.text("command");
  if (command == "backup") return backup(call);
  Result<json::value> answer = answer_to(command, call);
  if (command != "status") {
    spdlog::info("operator command={} outcome={}", command,
                 answer.ok() ? "success" : answer.problem().code);
  }
  if (answer.ok()) {
    call.answer(*answer);
  } else {
    call.answer(answer.problem());
  }
}

Result<json::value> OperatorCommands::answer_to(std::string_view command, OperatorCall& call) {
  if (command == "status") return status();
  if (command == "init") return init(call);
  if (command == "unseal") return unseal(call);
  if (command == "seal") return seal();
  if (command == "rekey") return rekey(call);
  if (command == "rotate-root") return rotate_root();
  if (command == "rotate-vault") return rotate_vault(call);
  if (command == "rotate-jwt") return rotate_jwt(call);
  if (command == "forget-root") return forget_root(call);
  if (command == "audit-retention") return audit_retention(call);
  if (command == "reset-password") return reset_password(call);
  return problems::bad_request("This server doesn't know that command.");
}

Result<std::shared_ptr<service::Custody>> OperatorCommands::custody() {
  auto custody = target_.custody();
  if (!custody) return crypto::sealed_problem();
  return custody;
}

Result<json::value> OperatorCommands::status() {
  json::object body = to_json(target_.keyring().status());
  body["version"] = ONECLAW_VERSION;
  const auto custody = target_.custody();
  body["sealed"] = custody == nullptr;
  if (custody) {
    TRY(const service::CustodyReport report, run_now(custody->report()));
    const auto json_of = [](const auto& row) { return to_json(row); };
    body["rotations"] = api::list_of(report.rotations, json_of);
    body["signing_keys"] = api::list_of(report.signing_keys, json_of);
  }
  return json::value(std::move(body));
}

Result<json::value> OperatorCommands::init(OperatorCall& call) {
  const std::lock_guard lock(seal_mutex_);
  TRY(const auto outcome, target_.keyring().init(protection_of(call)));
  json::object body(api::wiping_storage());
  body["shares"] = shares_of(outcome);
  return json::value(std::move(body));
}

Result<json::value> OperatorCommands::unseal(OperatorCall& call) {
  const std::lock_guard lock(seal_mutex_);
  crypto::Keyring& keyring = target_.keyring();
  if (!target_.custody()) {
    if (keyring.status().state != crypto::KeyringState::kReady) {
      auto unsealed = keyring.unseal(call.secret("input"));
      if (!unsealed.ok()) {
        ++failed_unseals_;
        return std::move(unsealed).problem();
      }
    }
    if (keyring.status().state == crypto::KeyringState::kReady) {
      if (auto opened = target_.open(); !opened.ok()) {
        keyring.seal();
        return std::move(opened).problem();
      }
      json::object details;
      details["failed_attempts"] = std::exchange(failed_unseals_, 0);
      CHECK_OK(run_now(target_.custody()->record("operator.unseal", std::move(details))));
    }
  } else {
    return problems::conflict("The server is unsealed already.");
  }
  return json::value(to_json(keyring.status()));
}

Result<json::value> OperatorCommands::seal() {
  const std::lock_guard lock(seal_mutex_);
  {
    TRY(const auto custody, this->custody());
    CHECK_OK(run_now(custody->record("operator.seal", {})));
  }
  const bool quiet = target_.close(kSealDrain);
  target_.keyring().seal();
  spdlog::warn("sealed: every request but /v1/health gets 503");
  json::object body = to_json(target_.keyring().status());
  if (!quiet) body["note"] = "Some requests that were under way are still being answered.";
  return json::value(std::move(body));
}

Result<json::value> OperatorCommands::rekey(OperatorCall& call) {
  const std::lock_guard lock(seal_mutex_);
  TRY(const auto custody, this->custody());
  crypto::Keyring& keyring = target_.keyring();
  TRY(const auto outcome, keyring.rekey(protection_of(call), call.secret("proof")));
  json::object body(api::wiping_storage());
  body["done"] = outcome.done;
  body["entered"] = keyring.status().entered_rekey;
  body["threshold"] = keyring.status().threshold;
  body["shares"] = shares_of(outcome);
  if (outcome.done) {
    // The shares must be shown even when the event can't be stored: they are the keyring's now.
    json::object details;
    details["unseal_with"] = crypto::to_string(keyring.status().unseal_with);
    const auto recorded = run_now(custody->record("operator.rekey", std::move(details)));
    if (!recorded.ok()) spdlog::error("operator.rekey could not be audited");
  }
  return json::value(std::move(body));
}

Result<json::value> OperatorCommands::rotate_root() {
  TRY(const auto custody, this->custody());
  TRY(const store::KeyRotationRow rotation, run_now(custody->rotate_root()));
  return json::value(to_json(rotation));
}

Result<json::value> OperatorCommands::rotate_vault(OperatorCall& call) {
  const auto vault_id = Uuid::parse(call.text("vault_id"));
  if (!vault_id) return problems::validation("vault_id", "must be a UUID");
  TRY(const auto custody, this->custody());
  TRY(const store::KeyRotationRow rotation, run_now(custody->rotate_vault(*vault_id)));
  return json::value(to_json(rotation));
}

Result<json::value> OperatorCommands::rotate_jwt(OperatorCall& call) {
  TRY(const auto custody, this->custody());
  json::object body;
  TRY(body["kid"], run_now(custody->rotate_jwt(call.boolean("revoke_old"))));
  return json::value(std::move(body));
}

Result<json::value> OperatorCommands::forget_root(OperatorCall& call) {
  TRY(const auto custody, this->custody());
  CHECK_OK(run_now(custody->forget_root(call.text("root_key_id"))));
  return json::value(to_json(target_.keyring().status()));
}

Result<json::value> OperatorCommands::audit_retention(OperatorCall& call) {
  std::optional<Uuid> org_id;
  if (const std::string text = call.text("org_id"); !text.empty()) {
    org_id = Uuid::parse(text);
    if (!org_id) return problems::validation("org_id", "must be a UUID");
  }
  TRY(const auto custody, this->custody());
  const auto audit = target_.audit();
  if (!audit) return crypto::sealed_problem();
  const std::chrono::days age(std::clamp<std::int64_t>(call.integer("days"), 0, 100'000));
  service::AuditRetention retention(custody->store(), *audit);
  TRY(const service::RetentionReport report, run_now(retention.remove_older(age, org_id)));
  json::object body;
  body["chains"] = report.chains;
  body["removed"] = report.removed;
  return json::value(std::move(body));
}

Result<json::value> OperatorCommands::reset_password(OperatorCall& call) {
  const auto account = target_.account();
  if (!account) return crypto::sealed_problem();
  TRY(const service::ResetLink link, run_now(account->reset_link(call.text("email"))));
  json::object body(api::wiping_storage());
  body["url"] = link.url.view();
  body["expires_at"] = to_rfc3339(link.expires_at);
  return json::value(std::move(body));
}

void OperatorCommands::backup(OperatorCall& call) {
  const auto custody = this->custody();
  if (!custody.ok()) return call.answer(custody.problem());
  bool started = false;
  const auto sink = [&](ByteView bytes) {
    if (!std::exchange(started, true)) call.answer(json::value(json::object{{"stream", true}}));
    return call.write_frame(bytes);
  };
  const auto written = service::write_backup((*custody)->store(), (*custody)->keyring(), sink);
  spdlog::info("operator command=backup outcome={}",
               written.ok() ? "success" : written.problem().code);
  if (!written.ok()) {
    if (!started) call.answer(written.problem());
    return;  // a stream that ends without its last frame has failed
  }
  json::object details;
  details["backup_id"] = written->id;
  details["sha256"] = written->sha256;
  const auto recorded = run_now((*custody)->record("operator.backup", std::move(details)));
  if (recorded.ok()) call.end_frames();
}

}  // namespace oneclaw::server
