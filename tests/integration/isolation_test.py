"""Another org's id is 404, never a hint."""
import uuid

import pytest

from harness import contract


class Victim:
    """An org with one of everything, and a place where each must be."""

    def __init__(self, owner):
        self.owner = owner
        self.vault = owner.vault("the victim's vault")
        owner.put(self.vault, "a/b", "the victim's value")
        self.agent = owner.agent("the victim's agent")
        self.policy = owner.policy(self.vault, self.agent)["id"]
        self.key = owner.api_key("the victim's key")["key"]["id"]

    def state(self):
        owner = self.owner
        return [owner.request("GET", path, 200).body for path in (
            "/v1/auth/me", "/v1/vaults", "/v1/auth/api-keys", "/v1/agents",
            f"/v1/vaults/{self.vault}/secrets", f"/v1/vaults/{self.vault}/policies")] + [
            owner.value(self.vault, "a/b")]


NEW_POLICY = {"secret_path_pattern": "**", "principal_type": "agent", "permissions": ["read"]}
# (method, path, body): every route with an id in it.
ROUTES = [
    ("GET", "/v1/vaults/{vault}", None),
    ("DELETE", "/v1/vaults/{vault}", None),
    ("GET", "/v1/vaults/{vault}/secrets", None),
    ("PUT", "/v1/vaults/{vault}/secrets/a/b", {"value": "stolen"}),
    ("GET", "/v1/vaults/{vault}/secrets/a/b", None),
    ("DELETE", "/v1/vaults/{vault}/secrets/a/b", None),
    ("GET", "/v1/vaults/{vault}/secret-versions/a/b", None),
    ("GET", "/v1/vaults/{vault}/secret-version/a/b/1", None),
    ("GET", "/v1/vaults/{vault}/policies", None),
    ("POST", "/v1/vaults/{vault}/policies", NEW_POLICY),
    ("PUT", "/v1/vaults/{vault}/policies/{policy}", {"priority": 3}),
    ("DELETE", "/v1/vaults/{vault}/policies/{policy}", None),
    ("GET", "/v1/agents/{agent}", None),
    ("PATCH", "/v1/agents/{agent}", {"name": "stolen"}),
    ("DELETE", "/v1/agents/{agent}", None),
    ("POST", "/v1/agents/{agent}/rotate-key", None),
    ("DELETE", "/v1/auth/api-keys/{key}", None),
    ("POST", "/v1/vaults/{vault}/secret-version-disable/a/b/1", None),
    ("POST", "/v1/vaults/{vault}/secret-rotate/a/b", {"length": 20}),
    ("POST", "/v1/vaults/{vault}/cmek", {"fingerprint": "0" * 64}),
    ("DELETE", "/v1/vaults/{vault}/cmek", None),
    ("GET", "/v1/vaults/{vault}/cmek-rotate/{job}", None),
    ("GET", "/v1/vaults/{vault}/env-vars", None),
    ("POST", "/v1/vaults/{vault}/env-vars", {"key": "STOLEN", "value": "v"}),
    ("GET", "/v1/vaults/{vault}/env-vars/resolve", None),
    ("GET", "/v1/vaults/{vault}/env-vars/NAME", None),
    ("PATCH", "/v1/vaults/{vault}/env-vars/NAME", {"value": "stolen"}),
    ("DELETE", "/v1/vaults/{vault}/env-vars/NAME", None),
    ("GET", "/v1/vaults/{vault}/environments", None),
    ("POST", "/v1/vaults/{vault}/environments", {"slug": "stolen"}),
    ("DELETE", "/v1/vaults/{vault}/environments/stolen", None),
    ("GET", "/v1/agents/{agent}/bindings", None),
    ("GET", "/v1/agents/{agent}/executions", None),
]
# Those whose own tests hold them to the same rule: what they name takes more to make.
ELSEWHERE = {
    "bindings_test.py": {"/v1/agents/{agent}/bindings", "/v1/agents/{agent}/bindings/{binding_id}",
                         "/v1/agents/{agent}/bindings/{binding_id}/test",
                         "/v1/agents/{agent}/bindings/{binding_id}/rotate-credential",
                         "/v1/agents/{agent}/execute"},
    "cmek_test.py": {"/v1/vaults/{vault}/cmek-rotate"},
    "env_vars_test.py": {"/v1/org/env-vars/NAME", "/v1/org/env-vars/NAME/link",
                         "/v1/org/env-vars/NAME/links/{vault}"},
    "approvals_test.py": {"/v1/approvals/{approval_id}", "/v1/approvals/{approval_id}/decide"},
    "pending_approvals_test.py": {"/v1/pending-approvals/{id}", "/v1/pending-approvals/{id}/approve",
                                  "/v1/pending-approvals/{id}/cancel",
                                  "/v1/pending-approvals/{id}/execute"},
    "enrolment_test.py": {"/v1/agents/enroll/{agent}/status", "/v1/agents/enroll/{agent}/approve",
                          "/v1/agents/enroll/{agent}/deny"},
    "security_test.py": {"/v1/security/ip-rules/{rule_id}"},
    "guest_pages_test.py": {"/share/{share_id}"},
    "shares_test.py": {"/v1/secrets/{secret_id}/share", "/v1/share/{share_id}",
                       "/v1/shares/{share_id}/accept", "/v1/shares/{share_id}/decline"},
    "organization_test.py": {"/v1/org/members/{user_id}", "/v1/org/invitations/{invitation_id}",
                             "/v1/invitations/{token}", "/v1/invitations/{token}/accept"},
    "webhooks_test.py": {"/v1/webhooks/{id}"},
    "device_test.py": {"/v1/auth/device/code/{user_code}"},
    "docs_test.py": {"/docs/{file}"},
}
FOR_AGENTS = [route for route in ROUTES
              if route[1].endswith(("{vault}", "/secrets", "a/b", "/1")) and route[:2] != (
                  "DELETE", "/v1/vaults/{vault}")]


def attack(caller, route, principal, **names):
    method, path, body = route
    body = {**body, "principal_id": principal} if body is NEW_POLICY else body
    return caller.request(method, path.format(**names), json=body)


@pytest.fixture
def victim(other):
    return Victim(other)


def compare(caller, routes, victim, principal):
    theirs = {"vault": victim.vault, "policy": victim.policy, "agent": victim.agent.id,
              "key": victim.key, "job": str(uuid.uuid4())}
    before = victim.state()
    for route in routes:
        answer = attack(caller, route, principal, **theirs)
        assert answer.status == 404, answer
        nobodys = {name: str(uuid.uuid4()) for name in theirs}
        unknown = attack(caller, route, principal, **nobodys)
        assert unknown.status == 404, unknown
        assert answer.body == unknown.body, "an answer tells another org's id from an unknown one"
    assert victim.state() == before


def test_another_orgs_owner_gets_404(owner, victim):
    compare(owner, ROUTES, victim, owner.agent().id)


def test_another_orgs_agent_gets_404(owner, victim):
    compare(owner.agent(), FOR_AGENTS, victim, None)


def test_another_orgs_key_holder_gets_404(owner, victim):
    compare(owner.key_caller(scopes=["*"]), ROUTES, victim, owner.agent().id)


def test_the_table_has_every_route_with_an_id():
    if contract.document() is None:
        pytest.fail("openapi/openapi.yaml is missing")
    known = {"{vault_id}": "{vault}", "{policy_id}": "{policy}", "{agent_id}": "{agent}",
             "{key_id}": "{key}", "{path}": "a/b", "{*path}": "a/b", "{version}": "1",
             "{job_id}": "{job}", "{slug}": "stolen"}
    listed = set()
    for method, template, _ in contract.operations():
        if "{" in template:
            template = template.replace("env-vars/{key}", "env-vars/NAME")
            for name, mine in known.items():
                template = template.replace(name, mine)
            listed.add((method, template))
    here = {(method, path) for method, path, _ in ROUTES}
    elsewhere = {path for paths in ELSEWHERE.values() for path in paths}
    assert here <= listed
    assert {path for _, path in listed - here} == elsewhere


def test_ids_of_two_orgs_do_not_mix(owner, vault, victim):
    mine = owner.agent()
    policy = owner.policy(vault, mine)["id"]
    for vault_id, policy_id in [(vault, victim.policy), (victim.vault, policy)]:
        url = f"/v1/vaults/{vault_id}/policies/{policy_id}"
        owner.request("PUT", url, 404, json={"priority": 1})
        owner.request("DELETE", url, 404)
    assert "principal_id" in owner.policy(vault, victim.agent, expect=400).fields
    answer = owner.request("POST", f"/v1/vaults/{vault}/policies", 400, json={
        **NEW_POLICY, "principal_type": "user", "principal_id": victim.owner.id})
    unknown = owner.request("POST", f"/v1/vaults/{vault}/policies", 400, json={
        **NEW_POLICY, "principal_type": "user", "principal_id": str(uuid.uuid4())})
    assert answer.body == unknown.body


def test_lists_hold_ones_own_alone(owner, vault, victim):
    listed = [owner.request("GET", path, 200).content.decode() for path in (
        "/v1/vaults", "/v1/agents", "/v1/auth/api-keys", f"/v1/vaults/{vault}/secrets",
        f"/v1/vaults/{vault}/policies", "/v1/audit/events")]
    for identity in (victim.vault, victim.agent.id, victim.policy, victim.key, victim.owner.id):
        assert not any(identity in text for text in listed)


def test_audit_is_each_orgs_own(owner, victim):
    theirs = victim.owner.events(limit=1000)["events"]
    org = theirs[0]["org_id"]
    for query in ({"resource_id": victim.vault}, {"actor_id": victim.owner.id}):
        assert owner.events(**query)["events"] == []
    checked = owner.verify()["events_checked"]
    victim.owner.me()
    assert owner.verify()["events_checked"] <= checked + 1
    assert all(event["org_id"] != org for event in owner.events(limit=1000)["events"])


def test_an_attack_is_in_the_attackers_own_log(owner, victim):
    owner.get(victim.vault, "a/b", 404)
    (event,) = owner.events(action="secret.read")["events"]
    assert event["details"]["outcome"] == "denied" and event["details"]["status"] == 404
    outcomes = {event["actor_id"] for event in victim.owner.events(limit=1000)["events"]}
    assert owner.id not in outcomes
