"""Approvals that several people sign, and what /v1/pending-approvals does with them."""
import hashlib
import json
import uuid

import pytest

from approvals_test import decide, refused, trigger
from harness.client import Api, unique_email
from harness.mail import MailSink
from harness.threads import run_together
from organization_test import join

URL = "/v1/pending-approvals"
TWO = trigger(approval={"min_approvals": 2})


@pytest.fixture
def second(owner):
    return join(owner, "admin")


@pytest.fixture
def agent(owner, second, vault):
    owner.put(vault, "prod/db", "the value")
    agent = owner.agent().sign_in()
    agent.policy_id = owner.policy(vault, agent, "prod/**", ["read", "write", "delete"],
                                   consensus_trigger=TWO)["id"]
    return agent


def submit(agent, action="secret.read", path="prod/db", expect=202, **more):
    return agent.request("POST", URL, expect, json={
        "policy_id": agent.policy_id, "action": action, "action_payload": {"path": path}, **more})


def found(caller, approval, expect=200):
    return caller.request("GET", f"{URL}/{approval}", expect)


def sign(person, approval, decision="approve", expect=200, payload_hash=None, **more):
    payload_hash = payload_hash or found(person, approval)["payload_hash"]
    return person.request("POST", f"{URL}/{approval}/approve", expect, json={
        "decision": decision, "payload_hash": payload_hash, **more})


def execute(agent, approval, expect=200):
    return agent.request("POST", f"{URL}/{approval}/execute", expect)


def test_two_people_sign_and_the_agent_executes_once(owner, second, vault, agent):
    made = submit(agent)
    approval = made["pending_approval_id"]
    assert made["status"] == "pending" and made["required_approvals"] == 2
    assert made.headers["Location"] == f"{URL}/{approval}"
    assert submit(agent)["pending_approval_id"] == approval
    assert refused(agent.get(vault, "prod/db", 403)) == approval  # the same request
    shown = found(agent, approval)
    assert shown["action_payload"] == {"vault_id": vault, "path": "prod/db"}
    text = json.dumps({"action": "secret.read", **shown["action_payload"]}, separators=(",", ":"))
    assert shown["payload_hash"] == hashlib.sha256(text.encode()).hexdigest()
    assert shown["submitted_by"] == agent.id and shown["signatures"] == []

    first = sign(owner, approval, reason="fine", credential_type="password")
    assert first["status"] == "pending" and first["current_approvals"] == 1
    agent.get(vault, "prod/db", 403)
    execute(agent, approval, 400)
    sign(owner, approval, expect=409)  # the same person does not count twice
    answer = sign(second, approval)
    assert answer["status"] == "approved" and answer["current_approvals"] == 2
    assert [(s["approver_id"], s["decision"]) for s in answer["signatures"]] == \
        [(owner.id, "approve"), (second.id, "approve")]
    assert answer["signatures"][0]["reason"] == "fine"

    for other in (owner, second):
        execute(other, approval, 403)
    done = execute(agent, approval)
    assert done["status"] == "executed" and done["result"]["value"] == "the value"
    assert done.headers["Cache-Control"] == "no-store"
    execute(agent, approval, 400)
    assert found(agent, approval)["status"] == "executed"
    assert found(agent, approval)["executed_at"] == done["executed_at"]
    assert agent.value(vault, "prod/db") == "the value"  # the grant goes on
    actions = [e["action"] for e in owner.events(limit=100)["events"]]
    assert actions.count("approval.decide") == 2 and "approval.execute" in actions
    assert owner.verify()["chain_valid"] is True


def test_one_who_rejects_settles_it(owner, second, vault, agent):
    approval = submit(agent)["pending_approval_id"]
    sign(owner, approval)
    assert sign(second, approval, "reject", reason="no")["status"] == "rejected"
    sign(owner, approval, expect=409)
    execute(agent, approval, 400)
    assert submit(agent)["pending_approval_id"] != approval


def test_both_ways_to_decide_count(owner, second, vault, agent):
    approval = refused(agent.get(vault, "prod/db", 403))
    answer = decide(second, approval)
    assert answer["status"] == "pending" and answer["current_approvals"] == 1
    assert decide(owner, approval)["status"] == "approved"
    assert agent.value(vault, "prod/db") == "the value"


def test_as_many_signatures_as_people_at_once(owner, second, agent):
    people = [owner, second] + [join(owner, "admin") for _ in range(4)]
    approval = submit(agent)["pending_approval_id"]
    payload_hash = found(owner, approval)["payload_hash"]
    statuses = run_together(6, lambda i: sign(people[i], approval, expect=(200, 409),
                                              payload_hash=payload_hash).status)
    assert sorted(statuses) == [200] * 2 + [409] * 4
    assert found(owner, approval)["current_approvals"] == 2


def test_a_delete_is_executed_and_a_write_is_not(owner, second, vault, agent):
    for action, status in (("secret.delete", 200), ("secret.write", 400)):
        owner.put(vault, "prod/x", "v")
        approval = submit(agent, action, "prod/x")["pending_approval_id"]
        sign(owner, approval)
        sign(second, approval)
        execute(agent, approval, status)
    agent.put(vault, "prod/x", "by the grant")
    assert owner.value(vault, "prod/x") == "by the grant"


def test_scopes_hold_when_it_is_executed(owner, second, vault):
    owner.put(vault, "prod/db", "v")
    agent = owner.agent(scopes=["secrets:read"]).sign_in()
    agent.policy_id = owner.policy(vault, agent, "**", ["read", "delete"],
                                   consensus_trigger=TWO)["id"]
    approval = submit(agent, "secret.delete")["pending_approval_id"]
    sign(owner, approval)
    sign(second, approval)
    execute(agent, approval, 403)
    assert owner.value(vault, "prod/db") == "v"


def test_cancelling(owner, second, vault, agent, other):
    url = f"{URL}/{{}}/cancel"
    approval = submit(agent)["pending_approval_id"]
    owner.agent().sign_in().request("POST", url.format(approval), 403)
    join(owner).request("POST", url.format(approval), 403)
    other.request("POST", url.format(approval), 404)
    assert agent.request("POST", url.format(approval), 200)["status"] == "cancelled"
    agent.request("POST", url.format(approval), 400)
    sign(owner, approval, expect=409)
    polled = agent.request("GET", f"/v1/approvals/{approval}", 200)
    assert polled["status"] == "rejected" and polled["decided_by"] is None
    again = submit(agent)["pending_approval_id"]
    assert again != approval
    owner.request("POST", url.format(again), 200)
    sign(second, submit(agent)["pending_approval_id"])
    assert [e["resource_id"] for e in owner.events(action="approval.cancel")["events"]
            if e["details"]["outcome"] == "success"] == [again, approval]


def test_lists_are_by_state_and_agent_newest_first(owner, second, vault, agent, other):
    first = submit(agent)["pending_approval_id"]
    agent.request("POST", f"{URL}/{first}/cancel", 200)
    ids = [submit(agent, path=f"prod/{i}")["pending_approval_id"] for i in range(3)]
    agent.request("POST", "/v1/approvals/request", 202, json={
        "action": "deploy", "target_type": "host", "target_id": "a", "summary": {}})
    bystander = owner.agent().sign_in()

    def listed(caller, **query):
        answer = caller.request("GET", URL, 200, params=query)
        return [item["id"] for item in answer["pending_approvals"]], answer["total"]

    assert listed(owner) == ([*reversed(ids), first], 4) == listed(agent)
    assert listed(owner, status="pending") == ([*reversed(ids)], 3)
    assert listed(owner, status="cancelled") == ([first], 1)
    assert listed(owner, limit=1, offset=1) == ([ids[1]], 4)
    assert listed(owner, agent_id=agent.id)[1] == 4
    assert listed(owner, agent_id=bystander.id) == ([], 0) == listed(bystander)
    assert listed(bystander, agent_id=agent.id) == ([], 0) == listed(other)
    for query in ({"status": "open"}, {"agent_id": "x"}, {"limit": 101}, {"offset": -1}):
        assert owner.request("GET", URL, 400, params=query).fields == set(query)


def test_who_may(api, owner, second, vault, agent, other):
    approval = submit(agent)["pending_approval_id"]
    payload_hash = found(owner, approval)["payload_hash"]
    member, stranger = join(owner), owner.agent().sign_in()
    for caller, status in ((member, 403), (stranger, 403), (other, 404)):
        found(caller, approval, status)
        sign(caller, approval, expect=status, payload_hash=payload_hash)
        execute(caller, approval, status)
    sign(agent, approval, expect=403, payload_hash=payload_hash)
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{approval}"),
                         ("POST", f"/{approval}/approve"), ("POST", f"/{approval}/cancel"),
                         ("POST", f"/{approval}/execute")):
        api.request(method, URL + path, 401)
    unknown = str(uuid.uuid4())
    found(owner, unknown, 404)
    sign(owner, unknown, expect=404, payload_hash=payload_hash)
    execute(agent, unknown, 404)
    agent.request("POST", f"{URL}/{unknown}/cancel", 404)
    free = agent.request("POST", "/v1/approvals/request", 202, json={
        "action": "deploy", "target_type": "host", "target_id": "a", "summary": {}})["id"]
    found(owner, free, 404)
    execute(agent, free, 404)


def test_bad_input(owner, second, vault, agent):
    assert agent.request("POST", URL, 400, json={}).fields == \
        {"policy_id", "action", "action_payload"}
    assert submit(agent, "secret.steal", expect=400).fields == {"action"}
    for payload, field in (({}, "action_payload.path"), ({"path": 1}, "action_payload"),
                           ({"path": "a", "value": "s3cr3t"}, "action_payload"),
                           ({"path": "../a"}, "action_payload.path"),
                           ({"path": "prod/db", "vault_id": "x"}, "action_payload.vault_id"),
                           ({"path": "prod/db", "vault_id": str(uuid.uuid4())},
                            "action_payload.vault_id")):
        assert field in submit(agent, expect=400, action_payload=payload).fields, payload
    submit(agent, path="dev/db", expect=403)
    submit(agent, expect=404, policy_id=str(uuid.uuid4()))
    plain = owner.policy(vault, agent, "free/**")["id"]
    submit(agent, path="free/a", expect=409, policy_id=plain)
    assert submit(agent, expect=400, policy_id=plain).fields == {"policy_id"}
    approval = submit(agent)["pending_approval_id"]
    wrong = sign(owner, approval, expect=400, payload_hash="0" * 64)
    assert wrong.fields == {"payload_hash"}
    answer = owner.request("POST", f"{URL}/{approval}/approve", 400, json={"decision": "maybe"})
    assert answer.fields == {"decision", "payload_hash"}
    assert found(owner, approval)["current_approvals"] == 0


def test_too_few_people(owner, vault):
    owner.put(vault, "a", "v")
    agent = owner.agent().sign_in()
    agent.policy_id = owner.policy(vault, agent, consensus_trigger=TWO)["id"]
    assert "Fewer" in submit(agent, path="a", expect=403)["detail"]
    assert "Fewer" in agent.get(vault, "a", 403)["detail"]


def test_everybody_who_may_decide_gets_links_of_their_own(new_server):
    sink = MailSink()
    with new_server(sink.config()) as server:
        api = Api(server.url)
        owner = sink.sign_up(api)
        email = unique_email()
        owner.request("POST", "/v1/org/invite", 200, json={"email": email, "role": "admin"})
        api.signup(email, invite_token=sink.wait(email).token)
        vault = owner.vault()
        owner.put(vault, "a", "v")
        agent = owner.agent().sign_in()
        owner.policy(vault, agent, consensus_trigger=TWO)
        before = len(sink.to(owner.email)) + 1
        agent.get(vault, "a", 403)
        for person, count, status in ((owner.email, before, 403), (email, 2, 200)):
            mail = sink.wait(person, count)
            link = next(line for line in mail.text.splitlines() if line.startswith("Approve: "))
            answer = api.request("GET", link.removeprefix("Approve: " + server.url), 302)
            assert api.request("GET", answer.headers["Location"], 200)
            agent.get(vault, "a", status)
    sink.close()
