#include "mcp/tools.h"

#include <boost/json.hpp>

#include "base/percent_encode.h"
#include "base/uuid.h"

namespace oneclaw::mcp {

namespace asio = boost::asio;
namespace json = boost::json;

std::string text_member(const json::value& value, std::string_view name) {
  const json::value* const member =
      value.is_object() ? value.get_object().if_contains(name) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->get_string())
                                                  : std::string();
}

asio::awaitable<Result<std::string>> find_vault(ToolContext& context,
                                                std::optional<std::string> name) {
  if (!name && !context.vault.empty()) name = context.vault;
  if (name && Uuid::parse(*name)) co_return *name;
  CO_TRY(const json::value answer, co_await context.api.call({"GET", "/v1/vaults", nullptr}));
  std::string only;
  std::size_t count = 0;
  for (const json::value& vault : answer.at("vaults").as_array()) {
    const std::string known = text_member(vault, "name");
    if (name && known == *name) co_return text_member(vault, "id");
    if (known.starts_with("__")) continue;  // the server's own
    only = text_member(vault, "id");
    ++count;
  }
  if (name) co_return problems::not_found("You see no vault of the name " + *name + ".");
  if (count == 1) co_return only;
  co_return problems::validation("vault", "is needed: name one of those that list_vaults gives");
}

std::string next_step(const Tool& tool, const Problem& problem) {
  if (problem.code == "approval_required") {
    return "Call request_approval with action secret.read (or secret.write, secret.delete), "
           "target_type secret and target_id VAULT_ID/PATH; once a person has approved, call " +
           std::string(tool.name) + " again.";
  }
  if (tool.name == "request_approval") {
    // The general advice would lead back here.
    if (problem.status == 403) {
      return "No policy lets you ask for this: tell your human. People don't ask, they decide.";
    }
    if (problem.status == 404) {
      return "There is no such secret or vault that you may know of: check target_id.";
    }
    if (problem.status == 409)
      return "You need not ask: call get_secret, or the tool that you need.";
  }
  switch (problem.status) {
    case 0:
      return "The oneclaw server can't be reached. Tell your human; trying again at once won't "
             "help.";
    case 400:
      return "Mend the arguments and call " + std::string(tool.name) + " again.";
    case 401:
      return "Your token isn't accepted. Ask your human for a new agent key or token.";
    case 403:
      return "You may not do this. Ask your human for a policy on that path (they use "
             "grant_access), or ask with request_approval; don't try other paths.";
    case 404:
      return "Call list_vaults and list_secrets to see what you may read.";
    case 410:
      return "It was deleted, has expired or is used up. A human can store it anew with "
             "put_secret.";
    case 409:
      return "There is one already: look before you make another.";
    case 429:
    case 503:
      return "Wait " + std::to_string(problem.retry_after_seconds.value_or(1)) +
             " s, then call again.";
    default:
      return "This is the server's fault. Tell your human, with the time of the call.";
  }
}

}  // namespace oneclaw::mcp
