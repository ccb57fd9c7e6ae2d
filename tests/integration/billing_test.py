"""Usage, quotas and credits."""
import time
import uuid

import pytest

from harness.client import PASSWORD, Api, unique_email
from harness.server import expect_refusal
from harness.threads import run_together
from harness.times import in_seconds

BILLING = "/v1/billing"


def usage(caller):
    return caller.request("GET", f"{BILLING}/usage", 200)


def by_action(answer, principal=None):
    return {item["action"]: item["requests"] for item in answer["by_principal"]
            if principal in (None, item["principal_id"])}


def test_usage_is_exact_by_principal_and_route(owner, vault):
    agent = owner.agent()
    owner.policy(vault, agent, "a")
    owner.put(vault, "a", "v")
    for _ in range(7):
        agent.get(vault, "a")
    agent.get(vault, "b", 403)
    answer = usage(owner)
    assert answer["billing_tier"] == "self_hosted" and "free_tier_limit" not in answer.body
    assert by_action(answer, agent.id)["secret.read"] == 8
    read, = [item for item in answer["by_principal"]
             if item["principal_id"] == agent.id and item["action"] == "secret.read"]
    assert (read["method"], read["endpoint"]) == ("GET", "/v1/vaults/{vault_id}/secrets/{*path}")
    mine = by_action(answer, owner.id)
    assert mine["vault.create"] == 1 and mine["secret.write"] == 1 and mine["agent.create"] == 1
    month = answer["current_month"]
    assert month["total_requests"] == sum(i["requests"] for i in answer["by_principal"])
    assert month["free_requests"] == month["total_requests"] and month["paid_requests"] == 0
    # It was itself one request.
    assert by_action(usage(owner), owner.id)["billing.usage"] == 1


def test_the_roll_up_counts_each_event_once(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    run_together(8, lambda i: [owner.put(vault, f"{i}/{j}", "v") for j in range(20)])
    before = by_action(usage(owner))
    assert before["secret.write"] == 160
    time.sleep(11)  # a roll-up, and the tail after it
    owner.put(vault, "late", "v")
    assert by_action(usage(owner))["secret.write"] == 161
    server.kill()
    server.start()
    owner.api = Api(server.url)
    assert by_action(usage(owner))["secret.write"] == 161
    server.restart()
    owner.api = Api(server.url)
    answer = by_action(usage(owner))
    assert answer["secret.write"] == 161 and answer["billing.usage"] == 3
    server.stop()


def test_history_is_newest_first(owner, vault):
    owner.put(vault, "a", "v")
    owner.get(vault, "none", 404)
    events = owner.request("GET", f"{BILLING}/history", 200, params={"limit": 2})["events"]
    assert [event["action"] for event in events] == ["secret.read", "secret.write"]
    assert events[0]["status_code"] == 404 and "status_code" not in events[1]
    assert events[1]["endpoint"] == "/v1/vaults/{vault_id}/secrets/{*path}"
    assert events[1]["principal_id"] == owner.id
    for limit in (0, 1001, "x"):
        answer = owner.request("GET", f"{BILLING}/history", 400, params={"limit": limit})
        assert answer.fields == {"limit"}


def test_a_server_without_quotas_has_no_limits(owner, vault):
    answer = owner.request("GET", f"{BILLING}/subscription", 200)
    assert answer["tier"] == "self_hosted" and answer["overage_method"] == "none"
    assert answer["usage"]["vaults"] == {"used": 1}
    assert "X-Quota-Limit" not in answer.headers
    balance = owner.request("GET", f"{BILLING}/credits/balance", 200)
    assert (balance["balance_cents"], balance["balance_usd"]) == (0, "0.00")
    page = owner.request("GET", f"{BILLING}/credits/transactions", 200)
    assert page.body == {"transactions": [], "page": 1, "limit": 50}


def test_payments_stay_out(owner):
    for path, body in [("subscribe", {"tier": "pro", "interval": "monthly"}), ("portal", None),
                       ("credits/topup", {"amount_usd": 5})]:
        answer = owner.request("POST", f"{BILLING}/{path}", 501, json=body)
        assert "payment provider" in answer["detail"]


def test_refusals(owner, other):
    agent = owner.agent()
    for path in ("usage", "history", "subscription", "credits/balance", "credits/transactions"):
        agent.request("GET", f"{BILLING}/{path}", 403)
    agent.request("PATCH", f"{BILLING}/overage-method", 403, json={"method": "credits"})
    for method in ("x402", "cash", None, 1):
        answer = owner.request("PATCH", f"{BILLING}/overage-method", 400, json={"method": method})
        assert answer.fields == {"method"}
    answer = owner.request("PATCH", f"{BILLING}/overage-method", 200, json={"method": "credits"})
    assert answer["overage_method"] == "credits"
    assert owner.request("GET", f"{BILLING}/subscription", 200)["overage_method"] == "credits"
    assert other.request("GET", f"{BILLING}/subscription", 200)["overage_method"] == "none"
    assert agent.id not in str(usage(other).body)
    narrow = owner.key_caller(scopes=["secrets:read"])
    narrow.request("GET", f"{BILLING}/usage", 403)


def test_people_and_enrolled_agents_count(new_server):
    server = new_server({"billing": {"tier": "free", "limits": {
        "free": {"agents": 1, "team_members": 2}}}}).start()
    api = Api(server.url)
    owner = api.signup()

    def invite():
        email = unique_email()
        answer = owner.request("POST", "/v1/org/invite", 200, json={"email": email})
        return email, answer["invite_url"].rsplit("=", 1)[1]

    invited = [invite() for _ in range(4)]
    known = api.signup(invited[3][0])
    statuses = run_together(3, lambda i: api.request("POST", "/v1/auth/signup", (200, 402), json={
        "email": invited[i][0], "password": PASSWORD, "invite_token": invited[i][1]}).status)
    assert sorted(statuses) == [200, 402, 402]
    refused = known.request("POST", f"/v1/invitations/{invited[3][1]}/accept", 402)
    assert refused["type"].endswith("quota-exceeded")
    owner.request("POST", "/v1/org/invite", 402, json={"email": unique_email()})
    people = {m["email"]: m["id"] for m in owner.request("GET", "/v1/org/members", 200)["members"]}
    assert len(people) == 2
    gone = next(email for email in people if email != owner.email)
    owner.request("DELETE", f"/v1/org/members/{people[gone]}", 204)
    known.request("POST", f"/v1/invitations/{invited[3][1]}/accept", 200)

    enrolled = [api.request("POST", "/v1/agents/enroll", 201, json={"name": f"bot {i}"})["agent_id"]
                for i in range(3)]
    statuses = run_together(3, lambda i: owner.request(
        "POST", f"/v1/agents/enroll/{enrolled[i]}/approve", (200, 402)).status)
    assert sorted(statuses) == [200, 402, 402]
    owner.request("POST", "/v1/agents", 402, json={"name": "a"})
    server.stop()


FREE = {"billing": {"tier": "free", "limits": {
    "free": {"requests": 40, "vaults": 2, "secrets": 3, "agents": 1}}}}


def test_limits_hold_under_a_race(new_server):
    server = new_server({"billing": {"tier": "free", "limits": {
        "free": {"requests": 1000, "vaults": 2, "secrets": 3, "agents": 1, "shares": 2}}}}).start()
    api = Api(server.url)
    owner, other = api.signup(), api.signup()
    statuses = run_together(8, lambda i: owner.request(
        "POST", "/v1/vaults", (201, 402), json={"name": f"v{i}"}).status)
    assert sorted(statuses) == [201] * 2 + [402] * 6
    vault = owner.vault_ids()[0]
    statuses = run_together(8, lambda i: owner.put(vault, f"s{i}", "v", (201, 402)).status)
    assert sorted(statuses) == [201] * 3 + [402] * 5
    paths = owner.paths(vault)
    assert len(paths) == 3
    owner.put(vault, paths[0], "a new version")
    owner.delete(vault, paths[0])
    owner.put(vault, "other", "v")
    owner.put(vault, paths[0], "back", 402)
    statuses = run_together(4, lambda i: owner.request(
        "POST", "/v1/agents", (201, 402), json={"name": f"a{i}"}).status)
    assert sorted(statuses) == [201] + [402] * 3
    secret = owner.get(vault, "other")["id"]
    body = {"recipient_type": "anyone_with_link", "expires_at": in_seconds(3600)}
    statuses = run_together(6, lambda _: owner.request(
        "POST", f"/v1/secrets/{secret}/share", (201, 402), json=body).status)
    assert sorted(statuses) == [201] * 2 + [402] * 4
    meters = owner.request("GET", f"{BILLING}/subscription", 200)["usage"]
    assert meters["shares"] == {"used": 2, "limit": 2}
    assert meters["vaults"] == {"used": 2, "limit": 2}
    assert meters["secrets"] == {"used": 3, "limit": 3}
    assert meters["agents"] == {"used": 1, "limit": 1}
    other.vault()  # another org has limits of its own
    refused = owner.request("POST", "/v1/vaults", 402, json={"name": "more"})
    assert refused["type"].endswith("quota-exceeded") and "vaults" in refused["detail"]
    events = owner.events(action="vault.create", limit=1000)["events"]
    assert [e["details"]["outcome"] for e in events].count("denied") == 7
    server.stop()


def test_the_requests_of_a_month_are_counted_exactly(new_server):
    server = new_server(FREE).start()
    owner = Api(server.url).signup()
    first = owner.request("GET", "/v1/vaults", 200)
    assert first.headers["X-Quota-Limit"] == "40"
    assert int(first.headers["X-Quota-Reset"]) > time.time()
    used = 40 - int(first.headers["X-Quota-Remaining"])
    owner.request("POST", "/v1/vaults", 400, json={})  # comes to nothing, and costs nothing
    answers = run_together(8, lambda _: [owner.request("GET", "/v1/vaults", (200, 402))
                                         for _ in range(10)])
    statuses = [answer.status for part in answers for answer in part]
    assert statuses.count(200) == 40 - used
    refused = owner.request("GET", "/v1/vaults", 402)
    assert refused.headers["X-Quota-Remaining"] == "0"
    # What shows where one stands goes on, and a restart knows as much.
    server.restart()
    owner.api = Api(server.url)
    owner.request("GET", "/v1/vaults", 402)
    answer = usage(owner)
    assert answer["billing_tier"] == "free" and answer["free_tier_limit"] == 40
    assert answer["current_month"]["total_requests"] == 40
    server.stop()


def test_credits_pay_for_more(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    org_id = owner.me()["org_id"]
    server.stop()
    grant = {"org_id": org_id, "reference": "welcome", "amount_cents": 150}
    server.config["billing"] = {"orgs": {org_id: "pro"}, "limits": {"pro": {"requests": 5}},
                                "overage_cents": 100, "credits": [grant]}
    for _ in range(2):  # the same grant counts once
        server.start()
        owner.api = Api(server.url)
        assert owner.request("GET", f"{BILLING}/credits/balance", 200)["balance_cents"] == 150
        server.stop()
    server.start()
    owner.api = Api(server.url)
    other = owner.api.signup()
    statuses = [owner.request("GET", "/v1/vaults", (200, 402)).status for _ in range(8)]
    assert statuses[-1] == 402
    owner.request("PATCH", f"{BILLING}/overage-method", 200, json={"method": "credits"})
    answers = run_together(8, lambda _: owner.request("GET", "/v1/vaults", 200))
    assert {answer.headers["X-Quota-Limit"] for answer in answers} == {"1005"}
    page = owner.request("GET", f"{BILLING}/credits/transactions", 200)
    bought, granted = page["transactions"]
    assert (bought["type"], bought["amount_cents"], bought["balance_after_cents"]) == \
        ("usage", -100, 50)
    assert (granted["type"], granted["amount_cents"]) == ("grant", 150)
    second = owner.request("GET", f"{BILLING}/credits/transactions", 200,
                           params={"page": 2, "limit": 1})
    assert second["transactions"] == [granted]
    assert "X-Quota-Limit" not in other.request("GET", "/v1/vaults", 200).headers
    server.stop()


@pytest.mark.parametrize("billing,field", [
    ({"tier": "gold"}, "billing.tier"),
    ({"orgs": {"x": "pro"}}, "billing.orgs.x"),
    ({"orgs": {str(uuid.uuid4()): "gold"}}, "billing.orgs."),
    ({"limits": {"free": {"requests": -1}}}, "billing.limits.free.requests"),
    ({"limits": {"free": {"cats": 1}}}, "billing.limits.free.cats"),
    ({"credits": [{"org_id": "x", "reference": "r", "amount_cents": 1}]},
     "billing.credits[0].org_id"),
    ({"credits": [{"org_id": str(uuid.uuid4()), "amount_cents": 1}]},
     "billing.credits[0].reference"),
    ({"credits": {}}, "billing.credits"),
])
def test_a_bad_configuration_is_refused(new_server, billing, field):
    assert field in expect_refusal(new_server({"billing": billing}))
