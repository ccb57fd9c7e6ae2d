// approval list | get | request | decide
#include <boost/json.hpp>

#include "base/secret_reference.h"
#include "base/uuid.h"
#include "cli/context.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

const std::vector<Field> kRecord{{"id", "id"},
                                 {"status", "status"},
                                 {"action", "action"},
                                 {"target", "target_id"},
                                 {"agent", "agent_id"},
                                 {"summary", "summary"},
                                 {"reason", "reason"},
                                 {"decided by", "decided_by"},
                                 {"decision", "decision_reason"},
                                 {"expires", "expires_at"},
                                 {"created", "created_at"}};

struct ListOptions {
  std::string status;
  std::int64_t limit = 50;
};

Result<int> list(Context& context, ListOptions& options) {
  std::string path = "/v1/approvals?limit=" + std::to_string(options.limit);
  if (!options.status.empty()) path += "&status=" + percent_encode(options.status);
  TRY(const json::value answer, context.client().get(path));
  print_rows(context.format(), answer, "approvals",
             {{"ID", "id"},
              {"STATUS", "status"},
              {"ACTION", "action"},
              {"TARGET", "target_id"},
              {"AGENT", "agent_id"},
              {"REASON", "reason"},
              {"CREATED", "created_at"}});
  return kDone;
}

struct IdOptions {
  std::string id;
};

Result<int> get(Context& context, IdOptions& options) {
  TRY(const json::value answer,
      context.client().get("/v1/approvals/" + percent_encode(options.id)));
  print_record(context.format(), answer, kRecord);
  return kDone;
}

struct RequestOptions {
  std::string action;
  std::string target_type = "secret";
  std::string target;
  std::string reason;
};

/// `VAULT_ID/PATH` of a path in the chosen vault or of a reference; what isn't a secret stays.
Result<std::string> target_of(Context& context, const RequestOptions& options) {
  if (options.target_type != "secret" || Uuid::parse(options.target.substr(0, 36))) {
    return options.target;
  }
  if (options.target.starts_with(SecretReference::kScheme)) {
    TRY(const SecretReference reference, SecretReference::parse(options.target));
    TRY(const std::string vault_id, context.find_vault(reference.vault));
    return vault_id + "/" + reference.path;
  }
  TRY(const std::string vault_id, context.vault_id());
  return vault_id + "/" + options.target;
}

Result<int> request(Context& context, RequestOptions& options) {
  json::object body;
  body["action"] = options.action;
  body["target_type"] = options.target_type;
  TRY(body["target_id"], target_of(context, options));
  body["summary"] = json::object();
  if (!options.reason.empty()) body["reason"] = options.reason;
  TRY(const json::value answer, context.client().call("POST", "/v1/approvals/request", body));
  print_record(context.format(), answer, kRecord);
  return kDone;
}

struct DecideOptions {
  std::string id;
  std::string decision;
  std::string reason;
};

Result<int> decide(Context& context, DecideOptions& options) {
  json::object body;
  body["decision"] = options.decision;
  if (!options.reason.empty()) body["reason"] = options.reason;
  TRY(const json::value answer,
      context.client().call("POST", "/v1/approvals/" + percent_encode(options.id) + "/decide",
                            body));
  print_record(context.format(), answer, kRecord);
  return kDone;
}

}  // namespace

void add_approval_commands(CLI::App& app, Context& context) {
  CLI::App& approval = add_group(app, "approval", "What agents ask a person to allow.");
  add_command<ListOptions>(
      approval, context, "list", "List requests, newest first.",
      [](CLI::App& command, ListOptions& options) {
        command.add_option("--status", options.status, "pending, approved, rejected or expired");
        command.add_option("--limit,-n", options.limit, "At most so many (50)");
      },
      list);
  add_command<IdOptions>(
      approval, context, "get", "Show a request.",
      [](CLI::App& command, IdOptions& options) {
        command.add_option("id", options.id, "Its id")->required()->type_name("ID");
      },
      get);
  add_command<RequestOptions>(
      approval, context, "request", "Ask a person, as an agent.",
      [](CLI::App& command, RequestOptions& options) {
        command.add_option("action", options.action, "Such as secret.read")
            ->required()
            ->type_name("ACTION");
        command
            .add_option("target", options.target,
                        "A secret's path in the vault, or oneclaw://VAULT/PATH")
            ->required()
            ->type_name("TARGET");
        command.add_option("--target-type", options.target_type, "What the target is (secret)");
        command.add_option("--reason", options.reason, "Why");
      },
      request);
  add_command<DecideOptions>(
      approval, context, "decide", "Approve or reject a request.",
      [](CLI::App& command, DecideOptions& options) {
        command.add_option("id", options.id, "Its id")->required()->type_name("ID");
        command.add_option("decision", options.decision, "approve or reject")
            ->required()
            ->type_name("DECISION");
        command.add_option("--reason", options.reason, "Why");
      },
      decide);
}

}  // namespace oneclaw::cli
