// audit list | verify
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <set>
#include <thread>

#include "cli/context.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds kFollowEvery{1};
constexpr std::int64_t kFollowPage = 1000;

const std::vector<Field> kColumns{{"TIME", "created_at"},         {"ACTION", "action"},
                                  {"WHO", "actor_type"},          {"ACTOR", "actor_id"},
                                  {"WHAT", "resource_type"},      {"PATH", "details.path"},
                                  {"OUTCOME", "details.outcome"}, {"ADDRESS", "ip_address"}};

struct ListOptions {
  std::string action;
  std::string actor;
  std::string resource;
  std::string since;
  std::string until;
  std::int64_t limit = 50;
  bool follow = false;
};

void add_query(std::string& path, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  path += path.find('?') == std::string::npos ? '?' : '&';
  path += std::string(name) + "=" + percent_encode(value);
}

std::string events_path(const ListOptions& options, const std::string& from, std::int64_t limit,
                        std::int64_t offset) {
  std::string path = "/v1/audit/events";
  add_query(path, "action", options.action);
  add_query(path, "actor_id", options.actor);
  add_query(path, "resource_id", options.resource);
  add_query(path, "from", from);
  add_query(path, "to", options.until);
  add_query(path, "limit", std::to_string(limit));
  if (offset > 0) add_query(path, "offset", std::to_string(offset));
  return path;
}

void print_event(Format format, const json::value& event) {
  if (format == Format::kJson) {
    std::cout << json::serialize(event) << "\n";
    return;
  }
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    std::cout << (i == 0                     ? ""
                  : format == Format::kPlain ? "\t"
                                             : "  ")
              << cell(event, kColumns[i].member);
  }
  std::cout << "\n";
}

/// Every event since a time, oldest first: the API lists the newest first.
Result<std::vector<json::value>> events_since(Context& context, const ListOptions& options,
                                              const std::string& from) {
  std::vector<json::value> events;
  while (true) {
    TRY(json::value page,
        context.client().get(
            events_path(options, from, kFollowPage, static_cast<std::int64_t>(events.size()))));
    json::array& rows = page.at("events").as_array();
    for (json::value& row : rows) events.push_back(std::move(row));
    if (rows.size() < static_cast<std::size_t>(kFollowPage)) break;
  }
  std::reverse(events.begin(), events.end());
  return events;
}

Result<int> follow(Context& context, const ListOptions& options, std::string from) {
  std::set<std::string> seen;  // of the newest instant: `from` is inclusive
  while (true) {
    Result<std::vector<json::value>> events = events_since(context, options, from);
    // A server that restarts is waited for; a refusal is not.
    if (!events.ok() && exit_code(events.problem()) != kUnreachable) {
      return std::move(events).problem();
    }
    if (events.ok()) {
      for (const json::value& event : *events) {
        const std::string id(event.at("id").as_string());
        const std::string at(event.at("created_at").as_string());
        if (at != from) {
          seen.clear();
          from = at;
        }
        // Watching the log is itself an event; showing that would never end.
        const bool own = event.at("action").as_string() == "audit.list";
        if (seen.insert(id).second && !own) print_event(context.format(), event);
      }
      std::cout.flush();
      if (!std::cout) return kFailed;  // the reader has gone
    }
    std::this_thread::sleep_for(kFollowEvery);
  }
}

Result<int> list(Context& context, ListOptions& options) {
  if (options.follow) {
    const std::string from = options.since.empty() ? to_rfc3339(now()) : options.since;
    return follow(context, options, from);
  }
  TRY(const json::value answer,
      context.client().get(events_path(options, options.since, options.limit, 0)));
  print_rows(context.format(), answer, "events", kColumns);
  return kDone;
}

struct VerifyOptions {
  std::string since;
  std::string until;
};

/// The reports on page after page, as one.
Result<json::value> verify_all(Context& context, const VerifyOptions& options) {
  constexpr std::int64_t kPage = 10'000;
  std::string path = "/v1/audit/verify?limit=" + std::to_string(kPage);
  add_query(path, "from", options.since);
  add_query(path, "to", options.until);
  const auto number = [](const json::value& report, std::string_view member) {
    return report.at(member).to_number<std::int64_t>();
  };
  TRY(json::value report, context.client().get(path));
  const std::int64_t rest = number(report, "head_sequence") - number(report, "last_sequence");
  Progress progress("Checking", static_cast<std::size_t>(std::max<std::int64_t>(0, rest)));
  std::int64_t verified = number(report, "events_verified");
  std::int64_t checked = number(report, "events_checked");
  while (report.at("chain_valid").as_bool() && !report.at("complete").as_bool()) {
    TRY(report, context.client().get(path + "&after_sequence=" + cell(report, "last_sequence")));
    verified += number(report, "events_verified");
    checked += number(report, "events_checked");
    progress.advance(static_cast<std::size_t>(number(report, "events_checked")));
  }
  report.as_object()["events_verified"] = verified;
  report.as_object()["events_checked"] = checked;
  return report;
}

Result<int> verify(Context& context, VerifyOptions& options) {
  TRY(const json::value report, verify_all(context, options));
  const bool valid = report.at("chain_valid").as_bool();
  if (context.format() == Format::kTable) {
    std::cout << (valid ? "The chain holds: " : "THE CHAIN IS BROKEN: ")
              << cell(report, "events_verified") << " of " << cell(report, "events_checked")
              << " events fit.\n";
    if (!valid)
      std::cout << "The first that doesn't: " << cell(report, "broken_at_event_id") << "\n";
    if (valid && !report.at("last_integrity_hash").is_null()) {
      std::cout << "Its head: event " << cell(report, "last_sequence") << ", "
                << cell(report, "last_integrity_hash") << "\n";
    }
  } else {
    print_record(context.format(), report,
                 {{"valid", "chain_valid"},
                  {"verified", "events_verified"},
                  {"checked", "events_checked"},
                  {"broken at", "broken_at_event_id"},
                  {"last event", "last_sequence"},
                  {"last hash", "last_integrity_hash"}});
  }
  return valid ? kDone : kFailed;
}

}  // namespace

void add_audit_commands(CLI::App& app, Context& context) {
  CLI::App& audit = add_group(app, "audit", "Read and check the organization's audit log.");
  add_command<ListOptions>(
      audit, context, "list", "List events, newest first; with --follow, as they happen.",
      [](CLI::App& command, ListOptions& options) {
        command.add_option("--action", options.action, "Only this action, such as secret.read");
        command.add_option("--actor", options.actor, "Only what this user or agent did")
            ->type_name("ID");
        command.add_option("--resource", options.resource, "Only what was done to this")
            ->type_name("ID");
        command.add_option("--since", options.since, "From this RFC 3339 date-time on")
            ->type_name("TIME");
        command.add_option("--until", options.until, "Before this one")->type_name("TIME");
        command.add_option("--limit,-n", options.limit, "At most so many (50)");
        command.add_flag("--follow,-f", options.follow, "Go on showing events as they come");
      },
      list);
  add_command<VerifyOptions>(
      audit, context, "verify", "Check the hash chain; exit code 1 when it is broken.",
      [](CLI::App& command, VerifyOptions& options) {
        command.add_option("--since", options.since, "From this RFC 3339 date-time on")
            ->type_name("TIME");
        command.add_option("--until", options.until, "Before this one")->type_name("TIME");
      },
      verify);
}

}  // namespace oneclaw::cli
