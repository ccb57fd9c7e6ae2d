// /v1/audit
#include <boost/json/array.hpp>
#include <limits>

#include "api/reply.h"
#include "api/routes.h"
#include "base/encoding.h"
#include "service/audit_log.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::AuditLog;

namespace {

json::object event_json(const domain::AuditEvent& event) {
  json::object body;
  body["id"] = event.id.to_string();
  body["action"] = event.action;
  body["actor_id"] = event.actor_id;
  body["actor_type"] = event.actor_type;
  body["resource_type"] = event.resource_type;
  body["resource_id"] = event.resource_id;
  body["org_id"] = event.org_id.to_string();
  set_json(body, "details", event.details_json);
  body["ip_address"] = event.ip_address;
  body["created_at"] = to_rfc3339(event.created_at);
  body["prev_event_id"] =
      event.prev_event_id ? json::value(event.prev_event_id->to_string()) : json::value(nullptr);
  body["integrity_hash"] = to_hex(event.integrity_hash);
  return body;
}

Result<std::optional<TimePoint>> query_time(const Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::optional<TimePoint>();
  const auto time = parse_rfc3339(*text);
  if (!time) return problems::validation(std::string(name), "must be an RFC 3339 date-time");
  return std::optional<TimePoint>(time);
}

std::optional<std::string> query_text(const Request& request, std::string_view name) {
  const auto text = request.query(name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

Result<void> require_org_admin(const Caller& caller) {
  if (caller.principal.is_org_admin()) return {};
  return problems::forbidden("Only the org's owners and admins may read its audit log.");
}

Reply list(AuditLog& audit, Request& request) {
  CO_CHECK_OK(require_org_admin(request.caller));
  service::AuditQuery query;
  query.resource_id = query_text(request, "resource_id");
  query.actor_id = query_text(request, "actor_id");
  query.action = query_text(request, "action");
  CO_TRY(query.from, query_time(request, "from"));
  CO_TRY(query.to, query_time(request, "to"));
  CO_TRY(query.limit, request.query_integer("limit", 100, 1, 1000));
  CO_TRY(query.offset, request.query_integer("offset", 0, 0, 1'000'000'000));
  CO_TRY(const auto events, co_await audit.list(request.caller, std::move(query)));
  json::object answer;
  answer["count"] = events.size();
  answer["events"] = list_of(events, event_json);
  co_return json_reply(200, answer);
}

json::value anchor_json(const store::AuditAnchor& anchor) {
  json::object body;
  body["event_id"] = anchor.event_id.to_string();
  body["sequence"] = anchor.sequence;
  body["integrity_hash"] = to_hex(anchor.hash);
  body["removed_until"] = to_rfc3339(anchor.until);
  return body;
}

Reply verify(AuditLog& audit, Request& request) {
  CO_CHECK_OK(require_org_admin(request.caller));
  service::ChainRange range;
  CO_TRY(range.from, query_time(request, "from"));
  CO_TRY(range.to, query_time(request, "to"));
  if (request.query("after_sequence")) {
    CO_TRY(range.after_sequence,
           request.query_integer("after_sequence", 0, 0, std::numeric_limits<std::int64_t>::max()));
  }
  CO_TRY(range.limit, request.query_integer("limit", 1000, 1, 10'000));
  CO_TRY(const service::ChainReport report, co_await audit.verify(request.caller, range));
  json::object scheme;
  scheme["algorithm"] = "SHA-256";
  scheme["chain_structure"] = "per-org linear hash chain";
  scheme["hash_field"] = "integrity_hash";
  scheme["link_field"] = "prev_event_id";
  scheme["documentation"] = "urn:oneclaw:docs:audit-chain";
  json::object answer;
  answer["chain_valid"] = report.valid;
  answer["events_verified"] = report.verified;
  answer["events_checked"] = report.checked;
  answer["broken_at_event_id"] =
      report.broken_at ? json::value(report.broken_at->to_string()) : json::value(nullptr);
  answer["anchor"] = report.anchor ? anchor_json(*report.anchor) : json::value(nullptr);
  answer["complete"] = report.complete;
  answer["head_sequence"] = report.head_sequence;
  answer["last_sequence"] = report.last.sequence;
  answer["last_integrity_hash"] =
      report.last.sequence > 0 ? json::value(to_hex(report.last.hash)) : json::value(nullptr);
  answer["scheme"] = std::move(scheme);
  co_return json_reply(200, answer);
}

}  // namespace

void add_audit_routes(http::Router& router, AuditLog& audit) {
  const auto add = [&](std::string pattern, std::string action,
                       Reply (*handler)(AuditLog&, Request&)) {
    router.add({.method = http::Method::kGet,
                .pattern = std::move(pattern),
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = "audit:read",
                .handler = bind_handler(handler, audit)});
  };
  add("/v1/audit/events", "audit.list", list);
  add("/v1/audit/verify", "audit.verify", verify);
}

}  // namespace oneclaw::api
