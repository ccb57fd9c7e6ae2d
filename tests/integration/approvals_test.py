"""A policy that asks for a person's approval: who is asked, who decides, and for how long."""
import uuid

import pytest

from harness.client import Api
from harness.database import opened
from harness.threads import run_together

ALWAYS = {"conditions": [{"type": "always"}], "approval": {"min_approvals": 1}}


def trigger(**changes):
    return {**ALWAYS, **changes}


@pytest.fixture
def agent(owner, vault):
    """An agent that may read under prod/ with a person's approval."""
    owner.put(vault, "prod/db", "the value")
    owner.put(vault, "prod/other", "another value")
    agent = owner.agent().sign_in()
    owner.policy(vault, agent, "prod/**", ["read", "write"], consensus_trigger=ALWAYS)
    return agent


def ask(agent, vault, path="prod/db", **more):
    body = {"action": "secret.read", "target_type": "secret", "target_id": f"{vault}/{path}",
            "summary": {"why": "deploy"}, **more}
    return body


def refused(answer):
    """The id of the approval that a refusal names."""
    assert answer["type"] == "approval_required", answer
    assert answer["approval_id"] == answer["approval_request_id"]
    return answer["approval_id"]


def decide(person, approval, decision="approve", expect=200, **more):
    return person.request("POST", f"/v1/approvals/{approval}/decide", expect,
                          json={"decision": decision, **more})


def test_an_agent_asks_a_person_approves_and_the_next_request_gets_in(owner, vault, agent):
    approval = refused(agent.get(vault, "prod/db", 403))
    assert refused(agent.get(vault, "prod/db", 403)) == approval  # one open request for one thing
    polled = agent.request("GET", f"/v1/approvals/{approval}", 200).body
    assert polled["status"] == "pending" and polled["decided_by"] is None
    assert polled["agent_id"] == agent.id and polled["user_id"] == owner.id
    assert polled["action"] == "secret.read" and polled["target_id"] == f"{vault}/prod/db"

    decided = decide(owner, approval, reason="go on").body
    assert decided["status"] == "approved" and decided["decided_by"] == owner.id
    assert decided["decision_reason"] == "go on"
    assert agent.request("GET", f"/v1/approvals/{approval}", 200)["status"] == "approved"
    assert agent.value(vault, "prod/db") == "the value"
    assert agent.paths(vault) == ["prod/db"]

    # For this path and this access alone.
    assert refused(agent.get(vault, "prod/other", 403)) != approval
    refused(agent.put(vault, "prod/db", "mine", 403))
    assert owner.value(vault, "prod/db") == "the value"


def test_the_grant_ends(new_server):
    mine = new_server()
    mine.start()
    api = Api(mine.url)
    owner = api.signup()
    vault = owner.vault()
    owner.put(vault, "a", "v")
    agent = owner.agent().sign_in()
    owner.policy(vault, agent, consensus_trigger=trigger(grant_secs=60))
    approval = refused(agent.get(vault, "a", 403))
    decided = decide(owner, approval)
    assert agent.value(vault, "a") == "v"
    assert decided["grant_expires_at"] > decided["decided_at"]
    mine.stop()
    with opened(mine) as database:
        database.execute("UPDATE approvals SET grant_expires_at = grant_expires_at - 61000000")
    mine.start()
    owner.api.url = agent.api.url = mine.url
    assert refused(agent.get(vault, "a", 403)) != approval
    # An undecided request ends too.
    mine.stop()
    with opened(mine) as database:
        database.execute("UPDATE approvals SET expires_at = created_at + 1 "
                         "WHERE status = 'pending'")
    mine.start()
    owner.api.url = mine.url
    rows = owner.request("GET", "/v1/approvals?status=expired", 200)["approvals"]
    assert len(rows) == 1
    decide(owner, rows[0]["id"], expect=409)
    assert owner.request("GET", "/v1/approvals?status=pending", 200)["approvals"] == []
    agent.get(vault, "a", 403)


def test_a_rejection_lets_nobody_in(owner, vault, agent):
    approval = refused(agent.get(vault, "prod/db", 403))
    assert decide(owner, approval, "reject")["status"] == "rejected"
    again = refused(agent.get(vault, "prod/db", 403))
    assert again != approval
    decide(owner, approval, "approve", 409)
    decide(owner, approval, "reject", 409)


def test_a_removed_policy_or_a_deny_bites_at_once(owner, vault, agent):
    decide(owner, refused(agent.get(vault, "prod/db", 403)))
    assert agent.value(vault, "prod/db") == "the value"
    deny = owner.policy(vault, agent, "prod/db", effect="deny")["id"]
    assert agent.get(vault, "prod/db", 403)["type"] != "approval_required"
    owner.request("DELETE", f"/v1/vaults/{vault}/policies/{deny}", 204)
    assert agent.value(vault, "prod/db") == "the value"
    url = f"/v1/vaults/{vault}/policies"
    for policy in owner.request("GET", url, 200)["policies"]:
        owner.request("DELETE", f"{url}/{policy['id']}", 204)
    assert agent.get(vault, "prod/db", 403)["type"] != "approval_required"


def test_a_policy_asks_for_some_accesses_only(owner, vault):
    agent = owner.agent().sign_in()
    owner.put(vault, "a", "v")
    made = owner.policy(vault, agent, "**", ["read", "write"], consensus_trigger=trigger(
        conditions=[{"type": "action_in", "actions": ["secret.write", "delete"]}]))
    assert made["consensus_trigger"]["conditions"][0]["type"] == "action_in"
    assert agent.value(vault, "a") == "v"
    write = refused(agent.put(vault, "a", "w", 403))
    refused(agent.delete(vault, "a", 403))
    decide(owner, write)
    agent.put(vault, "a", "w")
    assert owner.value(vault, "a") == "w"
    refused(agent.delete(vault, "a", 403))
    # Clearing it leaves a plain policy.
    url = f"/v1/vaults/{vault}/policies/{made['id']}"
    assert "consensus_trigger" not in owner.request("PUT", url, 200,
                                                    json={"consensus_trigger": None}).body
    agent.delete(vault, "a")


def test_an_agent_asks_in_its_own_words(owner, vault, agent):
    answer = agent.request("POST", "/v1/approvals/request", 202,
                           json=ask(agent, vault, reason="a migration", risk_tier=5))
    assert answer.headers["Location"] == f"/v1/approvals/{answer['id']}"
    assert answer["summary"] == {"why": "deploy"} and answer["reason"] == "a migration"
    assert answer["risk_tier"] == 3
    # The refusal names the same request.
    assert refused(agent.get(vault, "prod/db", 403)) == answer["id"]
    again = agent.request("POST", "/v1/approvals/request", 202,
                          json=ask(agent, vault, summary="as text"))
    assert again["id"] == answer["id"] and again["summary"] == {"text": "as text"}
    secret = owner.request("GET", f"/v1/vaults/{vault}/secrets", 200)["secrets"][0]
    by_id = agent.request("POST", "/v1/approvals/request", 202,
                          json=ask(agent, vault, target_id=secret["id"]))
    assert by_id["id"] == answer["id"]
    decide(owner, answer["id"])
    assert agent.value(vault, "prod/db") == "the value"
    agent.request("POST", "/v1/approvals/request", 409, json=ask(agent, vault))


def test_anything_else_can_be_asked_for(owner, agent):
    body = {"action": "deploy.production", "target_type": "service", "target_id": "web",
            "summary": {"release": 7}}
    approval = agent.request("POST", "/v1/approvals/request", 202, json=body)
    assert approval["user_id"] == owner.id
    decide(owner, approval["id"])
    polled = agent.request("GET", f"/v1/approvals/{approval['id']}", 200)
    assert polled["status"] == "approved" and polled["grant_expires_at"]


def test_an_approval_never_widens_a_policy(owner, vault, agent):
    owner.put(vault, "dev/a", "v")
    agent.request("POST", "/v1/approvals/request", 403, json=ask(agent, vault, "dev/a"))
    agent.request("POST", "/v1/approvals/request", 403,
                  json=ask(agent, vault, action="secret.delete", path="dev/a"))
    agent.get(vault, "dev/a", 403)
    agent.request("POST", "/v1/approvals/request", 404,
                  json=ask(agent, str(uuid.uuid4())))


def test_who_sees_and_decides(api, owner, other, vault, agent):
    approval = refused(agent.get(vault, "prod/db", 403))
    url = f"/v1/approvals/{approval}"
    # The agent that asked, another agent, another org, nobody.
    agent.request("POST", url + "/decide", 403, json={"decision": "approve"})
    bystander = owner.agent().sign_in()
    bystander.request("GET", url, 403)
    assert bystander.request("GET", "/v1/approvals", 200)["approvals"] == []
    other.request("GET", url, 404)
    decide(other, approval, expect=404)
    assert other.request("GET", "/v1/approvals", 200)["approvals"] == []
    api.request("GET", url, 401)
    api.request("GET", "/v1/approvals", 401)
    api.request("POST", url + "/decide", 401, json={"decision": "approve"})
    api.request("POST", "/v1/approvals/request", 401, json=ask(agent, vault))
    owner.request("POST", "/v1/approvals/request", 403, json=ask(agent, vault))
    narrow = owner.key_caller(scopes=["secrets:read"])
    narrow.request("POST", url + "/decide", 403, json={"decision": "approve"})
    for name in (str(uuid.uuid4()), "no-uuid"):
        agent.request("GET", f"/v1/approvals/{name}", 404)
        decide(owner, name, expect=404)
    assert [row["id"] for row in agent.request("GET", "/v1/approvals", 200)["approvals"]] \
        == [approval]
    assert [row["id"] for row in owner.request("GET", "/v1/approvals", 200)["approvals"]] \
        == [approval]


def test_one_decision_of_many_at_once(owner, vault, agent):
    approval = refused(agent.get(vault, "prod/db", 403))
    answers = run_together(6, lambda i: decide(owner, approval, ["approve", "reject"][i % 2],
                                               expect=(200, 409)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 5
    won = [answer for answer in answers if answer.status == 200][0]
    agent.get(vault, "prod/db", 200 if won["status"] == "approved" else 403)


def test_asking_at_once_makes_one_request(owner, vault, agent):
    found = set(run_together(6, lambda i: refused(agent.get(vault, "prod/db", 403))))
    assert len(found) == 1


def test_open_requests_are_bounded(owner, vault, agent):
    for i in range(100):
        refused(agent.get(vault, f"prod/{i}", 403))
    answer = agent.get(vault, "prod/one-more", 429)
    assert answer.headers["Retry-After"]
    agent.request("POST", "/v1/approvals/request", 429, json={
        "action": "x", "target_type": "y", "target_id": "z", "summary": {}})
    event = owner.events(action="secret.read", limit=1)["events"][0]
    assert event["details"]["status"] == 429 and event["details"]["outcome"] == "denied"
    page = owner.request("GET", "/v1/approvals?limit=7&offset=95", 200)["approvals"]
    assert len(page) == 5


def test_everything_is_in_the_chain(owner, vault, agent):
    approval = refused(agent.get(vault, "prod/db", 403))
    decide(owner, approval)
    agent.get(vault, "prod/db")
    asked = owner.events(action="approval.request")["events"]
    assert [event["resource_id"] for event in asked] == [approval]
    assert asked[0]["actor_id"] == agent.id
    event = owner.events(action="approval.decide")["events"][0]
    assert event["actor_id"] == owner.id and event["details"]["decision"] == "approved"
    reads = owner.events(action="secret.read", actor_id=agent.id)["events"]
    assert [event["details"]["outcome"] for event in reads] == ["success", "denied"]
    assert reads[1]["details"]["approval_id"] == approval
    assert owner.verify()["chain_valid"] is True


@pytest.mark.parametrize("value, field", [
    ({}, "conditions"), ({"conditions": []}, "conditions"),
    (trigger(conditions=[{"type": "value_above", "threshold_wei": "1"}]), "conditions[0].type"),
    (trigger(conditions=[{"type": "always"}, {"type": "action_in"}]), "conditions[1].actions"),
    (trigger(conditions=[{"type": "action_in", "actions": ["sign"]}]), "conditions[0].actions"),
    (trigger(conditions=[{"type": "always", "more": 1}]), "conditions[0].more"),
    (trigger(conditions=["always"]), "conditions[0]"),
    (trigger(approval={"min_approvals": 11}), "approval.min_approvals"),
    (trigger(approval={"min_approvals": 0}), "approval.min_approvals"),
    (trigger(approval={"min_approvals": 1, "required_roles": ["member"]}),
     "approval.required_roles"),
    (trigger(approval={"min_approvals": 1, "per_role_minimums": {}}),
     "approval.per_role_minimums"),
    (trigger(approval=1), "approval"), (trigger(expiry_secs=59), "expiry_secs"),
    (trigger(grant_secs=86401), "grant_secs"), (trigger(grant_secs="60"), "grant_secs"),
    (trigger(self_approval_allowed=True), "self_approval_allowed"),
    (trigger(skip_when=[]), "skip_when")])
def test_a_trigger_that_cannot_be_kept_is_refused(owner, vault, value, field):
    agent = owner.agent()
    body = {"secret_path_pattern": "**", "principal_type": "agent", "principal_id": agent.id,
            "permissions": ["read"], "consensus_trigger": value}
    answer = owner.request("POST", f"/v1/vaults/{vault}/policies", 400, json=body)
    assert answer.fields == {"consensus_trigger." + field}
    assert owner.request("GET", f"/v1/vaults/{vault}/policies", 200)["policies"] == []


def test_a_deny_policy_asks_for_nothing(owner, vault):
    agent = owner.agent()
    body = {"secret_path_pattern": "**", "principal_type": "agent", "principal_id": agent.id,
            "permissions": ["read"], "effect": "deny", "consensus_trigger": ALWAYS}
    url = f"/v1/vaults/{vault}/policies"
    assert owner.request("POST", url, 400, json=body).fields == {"consensus_trigger"}
    policy = owner.policy(vault, agent, consensus_trigger=ALWAYS)["id"]
    assert owner.request("PUT", f"{url}/{policy}", 400,
                         json={"effect": "deny"}).fields == {"consensus_trigger"}
    owner.request("PUT", f"{url}/{policy}", 200,
                  json={"effect": "deny", "consensus_trigger": None})


def test_bad_input(owner, vault, agent):
    answer = agent.request("POST", "/v1/approvals/request", 400, json={})
    assert answer.fields == {"action", "target_type", "target_id", "summary"}
    answer = agent.request("POST", "/v1/approvals/request", 400,
                           json=ask(agent, vault, risk_tier=6, summary=[1], reason="x" * 1025))
    assert answer.fields == {"risk_tier", "summary", "reason"}
    for target in ("x", f"{vault}prod/db", f"{vault}/", f"{vault}/../a"):
        answer = agent.request("POST", "/v1/approvals/request", 400,
                               json=ask(agent, vault, target_id=target))
        assert answer.fields == {"target_id"}
    approval = refused(agent.get(vault, "prod/db", 403))
    for body in ({}, {"decision": "approved"}, {"decision": 1}):
        answer = owner.request("POST", f"/v1/approvals/{approval}/decide", 400, json=body)
        assert answer.fields == {"decision"}
    for query in ("status=open", "limit=0", "limit=101", "offset=-1", "limit=x"):
        assert owner.request("GET", f"/v1/approvals?{query}", 400).fields \
            == {query.split("=")[0]}


def test_a_forged_link_decides_nothing(api, owner, vault, agent):
    approval = refused(agent.get(vault, "prod/db", 403))
    url = "/v1/approvals/quick-decide"
    for token in ("", "x", approval, "A" * 107, "A" * 106 + "="):
        answer = api.request("GET", url, 400, params={"token": token, "decision": "approved"})
        assert answer.fields == {"token"}
    assert api.request("GET", url, 400, params={"decision": "approved"}).fields == {"token"}
    assert api.request("GET", url, 400, params={"token": "x"}).fields == {"decision"}
    assert api.request("GET", url, 400, params={"token": "x", "decision": "approve"}).fields \
        == {"decision"}
    assert agent.request("GET", f"/v1/approvals/{approval}", 200)["status"] == "pending"
    assert "rejected" in api.request("GET", "/v1/approvals/decided?decision=<b>", 200).body


