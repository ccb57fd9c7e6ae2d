"""Agents that enrol themselves: they ask, a person lets them in, they collect their key."""

import base64
import subprocess
import uuid

import pytest

from harness.client import Agent, Api, unique_email
from harness.database import opened
from harness.threads import run_together

_clients = iter(range(1, 1 << 16))


def client():
    """A client of its own, for the bound on enrolments counts by client."""
    number = next(_clients)
    return {"X-Forwarded-For": f"198.18.{number >> 8}.{number & 255}"}


def enroll(api, expect=201, headers=None, **body):
    body.setdefault("name", "deploy bot")
    return api.request("POST", "/v1/agents/enroll", expect, json=body,
                       headers=headers or client())


def poll(api, enrolment, expect=200, token=None):
    return api.request("GET", f"/v1/agents/enroll/{enrolment['pairing_id']}/status", expect,
                       headers={"X-Poll-Token": token or enrolment["poll_token"]})


def decide(person, enrolment, verb="approve", expect=200):
    return person.request("POST", f"/v1/agents/enroll/{enrolment['agent_id']}/{verb}", expect)


def test_an_agent_is_let_in_and_collects_its_key_once(api, server, owner, vault):
    owner.put(vault, "a", "v")
    asked = enroll(api, description="deploys things")
    assert asked["agent_id"] == asked["pairing_id"]
    assert asked["approval_url"] == f"{server.url}/approve-agent?id={asked['agent_id']}"
    assert asked["agent_id"] in api.request("GET", asked["approval_url"][len(server.url):], 200).body
    assert poll(api, asked).body == {"agent_id": asked["agent_id"], "status": "pending"}
    owner.request("GET", f"/v1/agents/{asked['agent_id']}", 404)

    assert decide(owner, asked)["status"] == "approved"
    record = owner.request("GET", f"/v1/agents/{asked['agent_id']}", 200)
    assert record["name"] == "deploy bot" and record["description"] == "deploys things"
    assert record["created_by"] == owner.id and record["ssh_public_key"]
    collected = poll(api, asked)
    assert collected["status"] == "approved" and collected.headers["Cache-Control"] == "no-store"
    assert poll(api, asked).body == {"agent_id": asked["agent_id"], "status": "approved"}

    agent = Agent(api, record.body, collected["api_key"]).sign_in()
    assert agent.request("GET", "/v1/agents/me", 200)["id"] == asked["agent_id"]
    agent.get(vault, "a", 403)  # nothing until a policy says so
    owner.policy(vault, agent)
    assert agent.value(vault, "a") == "v"
    actions = {event["action"] for event in owner.events(limit=50)["events"]}
    assert {"agent.enroll_approve", "agent.enroll_poll"} <= actions


def test_the_key_is_collected_once_in_a_race(api, owner):
    asked = enroll(api)
    decide(owner, asked)
    answers = run_together(6, lambda i: poll(api, asked))
    assert sum("api_key" in answer.body for answer in answers) == 1


def test_the_key_is_the_agent_s_alone(api, owner):
    asked = enroll(api)
    answer = decide(owner, asked)
    assert "api_key" not in answer.body and "poll_token" not in answer.body
    for token in ("x", "oce_" + "A" * 43, enroll(api)["poll_token"]):
        poll(api, asked, 404, token)
    api.request("GET", f"/v1/agents/enroll/{asked['agent_id']}/status", 400)
    api.request("GET", f"/v1/agents/enroll/{uuid.uuid4()}/status?poll=x", 404)
    # As published clients poll.
    url = f"/v1/agents/enroll/{asked['agent_id']}/status"
    answer = api.request("GET", url, 200, params={"poll": asked["poll_token"]})
    key = answer["api_key"]
    # A key that its owner rotated before it was collected isn't handed out again.
    other = enroll(api)
    decide(owner, other)
    rotated = owner.request("POST", f"/v1/agents/{other['agent_id']}/rotate-key", 200)["api_key"]
    assert "api_key" not in poll(api, other).body
    api.agent_token(rotated)
    api.agent_token(key)


def test_a_refused_agent(api, owner):
    asked = enroll(api)
    assert decide(owner, asked, "deny")["status"] == "denied"
    assert poll(api, asked).body == {"agent_id": asked["agent_id"], "status": "denied"}
    decide(owner, asked, expect=409)
    decide(owner, asked, "deny", 409)
    owner.request("GET", f"/v1/agents/{asked['agent_id']}", 404)


def test_who_may_let_in(api, owner):
    asked = enroll(api)
    agent = owner.agent().sign_in()
    decide(agent, asked, expect=403)
    decide(owner.key_caller(scopes=["agents:read"]), asked, expect=403)
    for verb in ("approve", "deny"):
        api.request("POST", f"/v1/agents/enroll/{asked['agent_id']}/{verb}", 401)
        owner.request("POST", f"/v1/agents/enroll/{uuid.uuid4()}/{verb}", 404)
        owner.request("POST", f"/v1/agents/enroll/no-uuid/{verb}", 404)
    api.request("GET", "/v1/agents/enroll", 401)
    agent.request("GET", "/v1/agents/enroll", 403)
    assert poll(api, asked)["status"] == "pending"


def test_a_member_lets_nobody_in(new_server):
    from members_test import Team
    team = Team(new_server(), "member")
    asked = enroll(team.owner.api)
    decide(team.member, asked, expect=403)
    decide(team.owner, asked)


def test_a_named_person_alone_decides(api, owner, other):
    asked = enroll(api, human_email=owner.email.upper())
    # Without a mail server the agent shows the link to its person.
    assert "approval_url" in asked.body
    decide(other, asked, expect=404)
    decide(other, asked, "deny", 404)
    listed = owner.request("GET", "/v1/agents/enroll", 200)["enrollments"]
    assert [item["agent_id"] for item in listed] == [asked["agent_id"]]
    assert other.request("GET", "/v1/agents/enroll", 200)["enrollments"] == []
    decide(owner, asked)
    assert owner.request("GET", "/v1/agents/enroll", 200)["enrollments"] == []


def test_one_enrolment_of_an_address_in_ten_minutes(new_server):
    with new_server() as server:
        api = Api(server.url)
        owner = api.signup()
        for email in (owner.email, unique_email()):
            enroll(api, human_email=email)
            answer = enroll(api, 429, human_email=email)
            assert 500 < int(answer.headers["Retry-After"]) <= 600
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE enrolments SET created_at = created_at - 600000000")
        server.start()
        api.url = server.url
        enroll(api, human_email=owner.email)


def test_enrolments_of_one_address_at_once(api):
    email = unique_email()
    answers = run_together(5, lambda i: enroll(api, (201, 429), human_email=email))
    assert sorted(answer.status for answer in answers) == [201] + [429] * 4


def test_one_client_enrols_ten_times(api):
    headers = client()
    for _ in range(10):
        enroll(api, headers=headers)
    assert enroll(api, 429, headers=headers).headers["Retry-After"]


def test_enrolments_expire(new_server):
    with new_server() as server:
        api = Api(server.url)
        owner = api.signup()
        asked = enroll(api)
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE enrolments SET expires_at = expires_at - 86400000000")
        server.start()
        api.url = server.url
        decide(owner, asked, expect=409)
        assert poll(api, asked)["status"] == "expired"


def test_a_key_has_the_fingerprint_that_ssh_keygen_shows(api, owner, tmp_path):
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    shown = subprocess.run(["ssh-keygen", "-lf", file], check=True, capture_output=True, text=True)
    fingerprint = shown.stdout.split()[1]
    line = (tmp_path / "key.pub").read_text().strip()
    raw = base64.b64encode(base64.b64decode(line.split()[1])[-32:]).decode()
    for key in (line, " ".join(line.split()[:2]), raw):
        assert enroll(api, public_key=key)["fingerprint"] == fingerprint
    enroll(api, human_email=owner.email, public_key=line)
    listed = owner.request("GET", "/v1/agents/enroll", 200)["enrollments"]
    assert listed[0]["fingerprint"] == fingerprint


@pytest.mark.parametrize("body, fields", [
    ({"name": None}, {"name"}), ({"name": ""}, {"name"}), ({"name": "x" * 101}, {"name"}),
    ({"name": "see https://evil.test"}, {"name"}), ({"name": "two\nlines"}, {"name"}),
    ({"human_email": "no address"}, {"human_email"}), ({"human_email": 1}, {"human_email"}),
    ({"description": "x" * 1025}, {"description"}),
    ({"public_key": "ssh-rsa AAAA"}, {"public_key"}),
    ({"public_key": "ssh-ed25519 AAAA"}, {"public_key"})])
def test_bad_input(api, body, fields):
    assert enroll(api, 400, **{"name": "a bot", **body}).fields == fields
