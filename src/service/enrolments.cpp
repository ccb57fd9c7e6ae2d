#include "service/enrolments.h"

#include <utility>

#include "crypto/api_key.h"
#include "service/agents.h"
#include "service/mail_texts.h"
#include "service/one_time_tokens.h"
#include "service/session.h"
#include "store/agent_repository.h"
#include "store/user_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kMostPurged = 16;
constexpr std::int64_t kMostListed = 100;
constexpr ActionLimiter::Rule kPerClient{.most = 10, .window = kEnrolmentPause};

AuditEntry enrolment_entry(std::string action, const store::EnrolmentRow& row) {
  AuditEntry entry{.action = std::move(action),
                   .resource_type = "agent",
                   .resource_id = row.id.to_string(),
                   .details = {}};
  entry.details["name"] = row.name;
  return entry;
}

Problem unknown() {
  return problems::not_found("No such enrolment.");
}

/// The person that an address belongs to, when they may let agents into their org.
std::optional<store::UserRow> decider_of(store::Transaction& transaction, std::string_view email) {
  store::UserRepository users(transaction);
  auto user = users.find_by_email(email);
  if (!user || !user->is_active || !user->email_verified) return std::nullopt;
  const auto role = users.role(user->home_org_id, user->id);
  if (role != "owner" && role != "admin") return std::nullopt;
  return user;
}

Result<void> check_pause(store::Transaction& transaction, std::string_view email, TimePoint at) {
  const auto newest = store::EnrolmentRepository(transaction).find_newest(email);
  if (!newest || newest->created_at + kEnrolmentPause <= at) return {};
  const auto wait =
      std::chrono::ceil<std::chrono::seconds>(newest->created_at + kEnrolmentPause - at);
  return problems::too_many_requests("That address was named in the last ten minutes.",
                                     static_cast<int>(wait.count()));
}

}  // namespace

asio::awaitable<Result<OpenedEnrolment>> Enrolments::open(Caller& caller, NewEnrolment enrolment) {
  const TimePoint at = now();
  CO_CHECK_OK(limiter_.admit(client_key(caller.address), kPerClient, at));
  NewToken poll = make_token(mac_key_, kPollPrefix);
  const NewToken link = make_token(mac_key_, kEnrolPrefix);
  const store::EnrolmentRow row{.id = Uuid::v4(),
                                .poll_mac = poll.mac,
                                .link_mac = link.mac,
                                .name = std::move(enrolment.name),
                                .description = std::move(enrolment.description),
                                .human_email = std::move(enrolment.human_email),
                                .fingerprint = std::move(enrolment.fingerprint),
                                .created_at = at,
                                .expires_at = at + kEnrolmentLife};
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::EnrolmentRepository enrolments(transaction);
    enrolments.purge_expired(at, kMostPurged);
    Uuid org_id;
    if (row.human_email) {
      CHECK_OK(check_pause(transaction, *row.human_email, at));
      if (const auto user = decider_of(transaction, *row.human_email)) {
        org_id = user->home_org_id;
        outbox_.enqueue_email(
            transaction, org_id,
            mail::enrolment(user->email, outbox_.public_url(), row.name, link.text));
      }
    }
    enrolments.insert(row);
    audit_.append(transaction, org_id, caller, enrolment_entry("agent.enroll", row));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return OpenedEnrolment{
      .id = row.id,
      .poll_token = std::move(poll.text),
      .by_email = row.human_email && outbox_.mail_enabled(),
      .approval_url = outbox_.public_url() + "/approve-agent?id=" + row.id.to_string()};
}

asio::awaitable<Result<EnrolmentStatus>> Enrolments::poll(Caller& caller, Uuid id,
                                                          SecureString poll_token) {
  const Bytes mac = token_mac(mac_key_, poll_token.view());
  crypto::NewApiKey key = crypto::generate_api_key(mac_key_, crypto::kAgentKeyPrefix);
  bool collected = false;
  const auto write = [&](store::Transaction& transaction) -> Result<std::string> {
    collected = false;
    store::EnrolmentRepository enrolments(transaction);
    const auto row = enrolments.find(id);
    if (!row || !secure_equal(row->poll_mac, mac)) return unknown();
    AuditEntry entry = enrolment_entry("agent.enroll_poll", *row);
    std::string status = row->status;
    if (status == "pending" && row->expires_at <= now()) status = "expired";
    if (status == "collected") status = "approved";
    if (enrolments.collect(id)) {
      // The agent may have been deleted, or its key rotated by its owner, in the meantime.
      store::AgentRepository agents(transaction);
      const auto agent = agents.find(row->org_id.value_or(Uuid{}), id);
      collected = agent && agent->key_lookup.empty() &&
                  agents.set_key(id, key.lookup, key.mac, agent->api_key_expires_at);
    }
    entry.details["status"] = status;
    entry.details["collected"] = collected;
    audit_.append(transaction, row->org_id.value_or(Uuid{}), caller, std::move(entry));
    return status;
  };
  CO_TRY(std::string status, co_await store_.write(write));
  caller.audited = true;
  EnrolmentStatus answer{std::move(status), std::nullopt};
  if (collected) answer.api_key = std::move(key.text);
  co_return std::move(answer);
}

asio::awaitable<Result<std::vector<store::EnrolmentRow>>> Enrolments::list(Caller& caller) {
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<store::EnrolmentRow>> {
    const auto user = store::UserRepository(transaction).find(caller.principal.id);
    if (!user) return problems::not_found("No such user.");
    return store::EnrolmentRepository(transaction).list_open(user->email, now(), kMostListed);
  };
  CO_TRY(auto rows, co_await store_.read(read));
  AuditEntry entry{
      .action = "agent.enroll_list", .resource_type = "agent", .resource_id = {}, .details = {}};
  entry.details["count"] = rows.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(rows);
}

Result<store::EnrolmentRow> Enrolments::settle(store::Transaction& transaction,
                                               const Caller& decider, store::EnrolmentRow row,
                                               bool approve) const {
  const TimePoint at = now();
  row.status = approve ? "approved" : "denied";
  row.org_id = decider.principal.org_id;
  row.decided_by = decider.principal.id;
  row.decided_at = at;
  if (row.expires_at <= at || !store::EnrolmentRepository(transaction).decide(row)) {
    return problems::conflict("The enrolment was decided before or has expired.");
  }
  if (approve) {
    CHECK_OK(quotas_.check_room(transaction, *row.org_id, domain::Metered::kAgents));
    TRY(const AgentIdentity identity, generate_identity());
    CHECK_OK(insert_agent(transaction, keys_, decider.principal,
                          {.id = row.id,
                           .org_id = decider.principal.org_id,
                           .name = row.name,
                           .description = row.description,
                           .created_by = decider.principal.id,
                           .created_by_type = "user",
                           .created_at = at},
                          identity));
  }
  audit_.append(transaction, decider,
                enrolment_entry(approve ? "agent.enroll_approve" : "agent.enroll_deny", row));
  return row;
}

asio::awaitable<Result<store::EnrolmentRow>> Enrolments::decide(Caller& caller, Uuid id,
                                                                bool approve) {
  if (!caller.principal.is_org_admin()) {
    co_return problems::forbidden("Only owners and admins let agents in.");
  }
  const auto write = [&](store::Transaction& transaction) -> Result<store::EnrolmentRow> {
    auto row = store::EnrolmentRepository(transaction).find(id);
    const auto user = store::UserRepository(transaction).find(caller.principal.id);
    if (!row || !user || (row->human_email && row->human_email != user->email)) return unknown();
    return settle(transaction, caller, std::move(*row), approve);
  };
  CO_TRY(store::EnrolmentRow row, co_await store_.write(write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<store::EnrolmentRow>> Enrolments::look_up_link(Caller& /*caller*/,
                                                                      SecureString token) {
  const Bytes mac = token_mac(mac_key_, token.view());
  const auto read = [&](store::Transaction& transaction) -> Result<store::EnrolmentRow> {
    auto row = store::EnrolmentRepository(transaction).find_by_link(mac);
    if (!row || row->status != "pending" || row->expires_at <= now()) {
      return problems::not_found("The link isn't valid (any more).");
    }
    return std::move(*row);
  };
  co_return co_await store_.read(read);
}

asio::awaitable<Result<store::EnrolmentRow>> Enrolments::decide_by_link(Caller& caller,
                                                                        SecureString token,
                                                                        bool approve) {
  const Bytes mac = token_mac(mac_key_, token.view());
  const auto write = [&](store::Transaction& transaction) -> Result<store::EnrolmentRow> {
    auto row = store::EnrolmentRepository(transaction).find_by_link(mac);
    const auto user =
        row && row->human_email ? decider_of(transaction, *row->human_email) : std::nullopt;
    if (!user) return problems::not_found("The link isn't valid (any more).");
    return settle(transaction, as_user(caller, *user), std::move(*row), approve);
  };
  CO_TRY(store::EnrolmentRow row, co_await store_.write(write));
  caller.audited = true;
  co_return std::move(row);
}

}  // namespace oneclaw::service
