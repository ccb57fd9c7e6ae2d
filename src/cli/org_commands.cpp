// org members | invite | role | remove
#include <boost/json.hpp>
#include <iostream>

#include "base/uuid.h"
#include "cli/context.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

Result<int> members(Context& context, NoOptions& /*options*/) {
  TRY(const json::value answer, context.client().get("/v1/org/members"));
  print_rows(context.format(), answer, "members",
             {{"ID", "id"},
              {"EMAIL", "email"},
              {"NAME", "display_name"},
              {"ROLE", "role"},
              {"SIGNS IN BY", "auth_method"},
              {"SINCE", "created_at"}});
  return kDone;
}

struct MemberOptions {
  std::string who;
  std::string role;
  bool yes = false;
};

/// A member's id, by id or address.
Result<std::string> find_member(Context& context, const std::string& who) {
  if (Uuid::parse(who)) return who;
  TRY(const json::value answer, context.client().get("/v1/org/members"));
  for (const json::value& member : answer.at("members").as_array()) {
    if (cell(member, "email") == who) return cell(member, "id");
  }
  return problems::not_found("The organization has no member " + who + ".");
}

Result<int> invite(Context& context, MemberOptions& options) {
  json::object body;
  body["email"] = options.who;
  if (!options.role.empty()) body["role"] = options.role;
  TRY(const json::value answer, context.client().call("POST", "/v1/org/invite", body));
  if (context.format() == Format::kJson) {
    print_json(answer);
  } else {
    note(cell(answer, "message"));
  }
  return kDone;
}

Result<int> set_role(Context& context, MemberOptions& options) {
  TRY(const std::string id, find_member(context, options.who));
  json::object body;
  body["role"] = options.role;
  TRY(const json::value member, context.client().call("PATCH", "/v1/org/members/" + id, body));
  print_record(context.format(), member,
               {{"id", "id"}, {"email", "email"}, {"name", "display_name"}, {"role", "role"}});
  return kDone;
}

Result<int> remove(Context& context, MemberOptions& options) {
  TRY(const std::string id, find_member(context, options.who));
  if (!options.yes) {
    TRY(const bool sure, confirm("Remove " + options.who + " from the organization?"));
    if (!sure) return kFailed;
  }
  CHECK_OK(context.client().call("DELETE", "/v1/org/members/" + id));
  note("Removed " + options.who + ".");
  return kDone;
}

void who_option(CLI::App& command, MemberOptions& options) {
  command.add_option("member", options.who, "The member's id or address")
      ->required()
      ->type_name("MEMBER");
}

}  // namespace

void add_org_commands(CLI::App& app, Context& context) {
  CLI::App& org = add_group(app, "org", "The organization's members.");
  add_command<NoOptions>(org, context, "members", "List the members.", no_options, members);
  add_command<MemberOptions>(
      org, context, "invite", "Invite someone.",
      [](CLI::App& command, MemberOptions& options) {
        command.add_option("email", options.who, "Their address")->required()->type_name("EMAIL");
        command.add_option("--role", options.role, "owner, admin or member (member)");
      },
      invite);
  add_command<MemberOptions>(
      org, context, "role", "Change a member's role.",
      [](CLI::App& command, MemberOptions& options) {
        who_option(command, options);
        command.add_option("role", options.role, "owner, admin or member")
            ->required()
            ->type_name("ROLE");
      },
      set_role);
  add_command<MemberOptions>(
      org, context, "remove", "Remove a member.",
      [](CLI::App& command, MemberOptions& options) {
        who_option(command, options);
        command.add_flag("--yes,-y", options.yes, "Don't ask");
      },
      remove);
}

}  // namespace oneclaw::cli
