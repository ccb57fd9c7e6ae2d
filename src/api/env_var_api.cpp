// /v1/vaults/{vault_id}/env-vars and /environments, /v1/org/env-vars.
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "service/env_vars.h"
#include "service/org_env_vars.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::EnvVars;
using service::EnvVarView;
using service::OrgEnvVars;

namespace {

constexpr std::size_t kMostBranchBytes = 255;

enum class Shape { kOfVault, kOfOrg };

json::object variable_json(const EnvVarView& view, Shape shape) {
  json::object body(wiping_storage());
  body["id"] = view.row.id.to_string();
  body["key"] = view.row.key;
  body["environments"] = to_json_array(view.row.environments);
  body["sensitive"] = view.row.sensitive;
  body["comment"] = view.row.comment ? json::value(*view.row.comment) : json::value(nullptr);
  if (view.value) {
    body["value"] = as_text(*view.value);
  } else {
    body["value"] = nullptr;
  }
  body["version"] = view.row.version;
  if (shape == Shape::kOfVault) {
    body["git_branch"] =
        view.row.git_branch ? json::value(*view.row.git_branch) : json::value(nullptr);
    body["created_by"] = view.row.created_by.to_string();
  } else {
    body["linked_vaults"] = to_json_array(view.linked_vaults);
  }
  body["created_at"] = to_rfc3339(view.row.created_at);
  body["updated_at"] = to_rfc3339(view.row.updated_at);
  return body;
}

http::Response variables_reply(const std::vector<EnvVarView>& views, Shape shape) {
  json::object answer(wiping_storage());
  answer["env_vars"] = list_of(
      views, [&](const auto& view) { return variable_json(view, shape); }, wiping_storage());
  return secret_reply(200, answer);
}

json::object environment_json(const service::Environment& environment) {
  const auto text = [](const std::optional<std::string>& value) {
    return value ? json::value(*value) : json::value(nullptr);
  };
  json::object body;
  body["id"] = environment.id.to_string();
  body["slug"] = environment.slug;
  body["description"] = text(environment.description);
  body["is_builtin"] = environment.is_built_in;
  body["copied_from"] = text(environment.copied_from);
  body["is_detached"] = environment.copied_from.has_value();
  body["created_at"] = to_rfc3339(environment.created_at);
  return body;
}

/// A query parameter of at most `most` bytes that isn't empty.
Result<std::optional<std::string>> query_text(const Request& request, std::string_view name,
                                              std::size_t most) {
  const auto text = request.query(name);
  if (!text) return std::optional<std::string>();
  if (text->empty() || text->size() > most) {
    return problems::validation(std::string(name),
                                "must have 1 to " + std::to_string(most) + " bytes");
  }
  return std::optional<std::string>(*text);
}

Result<std::optional<std::string>> query_environment(const Request& request) {
  TRY(auto environment, query_text(request, "environment", 63));
  if (environment) CHECK_OK(service::validate_environment(*environment, "environment"));
  return environment;
}

Result<service::EnvVarSelector> selector_of(const Request& request) {
  service::EnvVarSelector selector;
  selector.key = request.path_param("key");
  TRY(selector.environment, query_environment(request));
  TRY(selector.git_branch, query_text(request, "git_branch", kMostBranchBytes));
  return selector;
}

Result<service::NewEnvVar> new_variable(const Request& request, Shape shape) {
  TRY(JsonBody body, JsonBody::parse(request));
  service::NewEnvVar variable;
  variable.key = body.required_text("key", {.least = 1, .most = 256});
  variable.value = body.required_secret("value", {.least = 0, .most = service::kMostEnvVarBytes});
  variable.environments =
      body.texts("environments", service::kMostEnvironmentsNamed)
          .value_or(std::vector<std::string>{"production", "preview", "development"});
  if (shape == Shape::kOfVault) {
    variable.git_branch = body.text("git_branch", {.least = 1, .most = kMostBranchBytes});
  }
  variable.sensitive = body.boolean("sensitive").value_or(false);
  variable.comment = body.text("comment", {.least = 0, .most = kMostTextBytes});
  if (body.has("key")) body.note(service::validate_env_var_key(variable.key));
  CHECK_OK(body.check());
  return variable;
}

Result<service::EnvVarUpdate> update_of(const Request& request) {
  TRY(JsonBody body, JsonBody::parse(request));
  service::EnvVarUpdate update;
  if (body.has("value")) {
    update.value = body.required_secret("value", {.least = 0, .most = service::kMostEnvVarBytes});
  }
  update.environments = body.texts("environments", service::kMostEnvironmentsNamed);
  update.sensitive = body.boolean("sensitive");
  update.comment = body.text("comment", {.least = 0, .most = kMostTextBytes});
  update.clear_comment = body.is_null("comment");
  CHECK_OK(body.check());
  return update;
}

Reply list(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(auto environment, query_environment(request));
  CO_TRY(const auto views,
         co_await variables.list(request.caller, vault_id, std::move(environment)));
  co_return variables_reply(views, Shape::kOfVault);
}

Reply create(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(service::NewEnvVar variable, new_variable(request, Shape::kOfVault));
  CO_TRY(const EnvVarView view,
         co_await variables.create(request.caller, vault_id, std::move(variable)));
  co_return secret_reply(201, variable_json(view, Shape::kOfVault));
}

Reply get(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(service::EnvVarSelector selector, selector_of(request));
  CO_TRY(const EnvVarView view,
         co_await variables.get(request.caller, vault_id, std::move(selector)));
  co_return secret_reply(200, variable_json(view, Shape::kOfVault));
}

Reply update(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(service::EnvVarSelector selector, selector_of(request));
  CO_TRY(service::EnvVarUpdate update, update_of(request));
  CO_TRY(const EnvVarView view, co_await variables.update(request.caller, vault_id,
                                                          std::move(selector), std::move(update)));
  co_return secret_reply(200, variable_json(view, Shape::kOfVault));
}

Reply remove(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(service::EnvVarSelector selector, selector_of(request));
  CO_CHECK_OK(co_await variables.remove(request.caller, vault_id, std::move(selector)));
  co_return empty_reply();
}

Reply resolve(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const auto environment, query_environment(request));
  CO_TRY(auto git_branch, query_text(request, "git_branch", kMostBranchBytes));
  CO_TRY(const service::ResolvedEnvVars resolved,
         co_await variables.resolve(request.caller, vault_id, environment.value_or("development"),
                                    std::move(git_branch)));
  json::object values(wiping_storage());
  json::object sources;
  for (const service::ResolvedEnvVar& variable : resolved.variables) {
    values[variable.key] = as_text(variable.value);
    sources[variable.key] = to_string(variable.source);
  }
  json::object answer(wiping_storage());
  answer["vars"] = std::move(values);
  answer["sources"] = std::move(sources);
  answer["environment"] = resolved.environment;
  answer["git_branch"] =
      resolved.git_branch ? json::value(*resolved.git_branch) : json::value(nullptr);
  answer["resolved_at"] = to_rfc3339(resolved.resolved_at);
  co_return secret_reply(200, answer);
}

Reply list_environments(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const auto all, co_await variables.environments(request.caller, vault_id));
  json::object answer;
  answer["environments"] = list_of(all, environment_json);
  co_return json_reply(200, answer);
}

Reply create_environment(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string slug = body.required_text("slug", {.least = 1, .most = 63});
  auto description = body.text("description", {.least = 0, .most = kMostTextBytes});
  auto copy_from = body.text("copy_from", {.least = 1, .most = 63});
  CO_CHECK_OK(body.check());
  CO_TRY(const service::Environment made,
         co_await variables.create_environment(request.caller, vault_id, std::move(slug),
                                               std::move(description), std::move(copy_from)));
  co_return json_reply(201, environment_json(made));
}

Reply remove_environment(EnvVars& variables, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_CHECK_OK(co_await variables.remove_environment(request.caller, vault_id,
                                                    std::string(request.path_param("slug"))));
  co_return empty_reply();
}

Reply list_of_org(OrgEnvVars& variables, Request& request) {
  CO_TRY(const auto views, co_await variables.list(request.caller));
  co_return variables_reply(views, Shape::kOfOrg);
}

Reply create_of_org(OrgEnvVars& variables, Request& request) {
  CO_TRY(service::NewEnvVar variable, new_variable(request, Shape::kOfOrg));
  CO_TRY(const EnvVarView view, co_await variables.create(request.caller, std::move(variable)));
  co_return secret_reply(201, variable_json(view, Shape::kOfOrg));
}

Reply update_of_org(OrgEnvVars& variables, Request& request) {
  CO_TRY(service::EnvVarSelector selector, selector_of(request));
  CO_TRY(service::EnvVarUpdate update, update_of(request));
  CO_TRY(const EnvVarView view,
         co_await variables.update(request.caller, std::move(selector), std::move(update)));
  co_return secret_reply(200, variable_json(view, Shape::kOfOrg));
}

Reply remove_of_org(OrgEnvVars& variables, Request& request) {
  CO_TRY(service::EnvVarSelector selector, selector_of(request));
  CO_CHECK_OK(co_await variables.remove(request.caller, std::move(selector)));
  co_return empty_reply();
}

Reply link(OrgEnvVars& variables, Request& request) {
  CO_TRY(service::EnvVarSelector selector, selector_of(request));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  if (!body.has("vault_id")) body.mistake("vault_id", "is required");
  const Uuid vault_id = body.uuid("vault_id").value_or(Uuid{});
  CO_CHECK_OK(body.check());
  CO_CHECK_OK(co_await variables.link(request.caller, std::move(selector), vault_id));
  json::object answer;
  answer["vault_id"] = vault_id.to_string();
  co_return json_reply(201, answer);
}

Reply unlink(OrgEnvVars& variables, Request& request) {
  CO_TRY(service::EnvVarSelector selector, selector_of(request));
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_CHECK_OK(co_await variables.unlink(request.caller, std::move(selector), vault_id));
  co_return empty_reply();
}

}  // namespace

void add_env_var_routes(http::Router& router, EnvVars& variables) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       Reply (*handler)(EnvVars&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/vaults/{vault_id}/" + tail,
                .access = http::Access::kPrincipal,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, variables)});
  };
  add(kGet, "env-vars", "env_var.list", "secrets:read", list);
  add(kPost, "env-vars", "env_var.create", "secrets:write", create);
  add(kGet, "env-vars/resolve", "env_var.resolve", "secrets:read", resolve);
  add(kGet, "env-vars/{key}", "env_var.read", "secrets:read", get);
  add(kPatch, "env-vars/{key}", "env_var.update", "secrets:write", update);
  add(kDelete, "env-vars/{key}", "env_var.delete", "secrets:delete", remove);
  add(kGet, "environments", "environment.list", "secrets:read", list_environments);
  add(kPost, "environments", "environment.create", "vaults:write", create_environment);
  add(kDelete, "environments/{slug}", "environment.delete", "vaults:write", remove_environment);
}

void add_org_env_var_routes(http::Router& router, OrgEnvVars& variables) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       Reply (*handler)(OrgEnvVars&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/org/env-vars" + tail,
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, variables)});
  };
  add(kGet, "", "env_var.list", "secrets:read", list_of_org);
  add(kPost, "", "env_var.create", "secrets:write", create_of_org);
  add(kPatch, "/{key}", "env_var.update", "secrets:write", update_of_org);
  add(kDelete, "/{key}", "env_var.delete", "secrets:delete", remove_of_org);
  add(kPost, "/{key}/link", "env_var.link", "secrets:write", link);
  add(kDelete, "/{key}/links/{vault_id}", "env_var.unlink", "secrets:write", unlink);
}

}  // namespace oneclaw::api
