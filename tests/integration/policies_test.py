"""Policies: what members and agents reach."""
import time
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from harness.times import in_seconds


@pytest.fixture
def agent(owner):
    return owner.agent().sign_in()


def policy_url(vault, policy=None):
    return f"/v1/vaults/{vault}/policies" + (f"/{policy}" if policy else "")


def update(caller, vault, policy, expect=200, **changes):
    return caller.request("PUT", policy_url(vault, policy), expect, json=changes)


def test_a_policys_life(owner, vault, agent):
    conditions = {"ip_allowlist": ["10.0.0.0/8"],
                  "time_window": {"after": "09:00", "before": "17:00", "timezone": "Europe/Berlin"}}
    made = owner.policy(vault, agent, "prod/**", ["read", "delete"], effect="deny", priority=7,
                        conditions=conditions, expires_at=in_seconds(3600))
    assert made["vault_id"] == vault and made["secret_path_pattern"] == "prod/**"
    assert (made["principal_type"], made["principal_id"]) == ("agent", agent.id)
    assert sorted(made["permissions"]) == ["delete", "read"]
    assert (made["effect"], made["priority"], made["conditions"]) == ("deny", 7, conditions)
    assert made["created_by"] == owner.id and made["created_by_type"] == "user"
    assert owner.request("GET", policy_url(vault), 200)["policies"] == [made.body]

    changed = update(owner, vault, made["id"], permissions=["write"], conditions={})
    assert changed["permissions"] == ["write"] and changed["conditions"] == {}
    for kept in ("id", "secret_path_pattern", "effect", "priority", "expires_at", "created_at"):
        assert changed[kept] == made[kept]
    assert "expires_at" not in update(owner, vault, made["id"], expires_at=None).body
    assert owner.request("GET", policy_url(vault), 200)["policies"][0]["permissions"] == ["write"]

    owner.request("DELETE", policy_url(vault, made["id"]), 204)
    owner.request("DELETE", policy_url(vault, made["id"]), 404)
    update(owner, vault, made["id"], 404, priority=1)
    assert owner.request("GET", policy_url(vault), 200)["policies"] == []


def test_a_policy_is_an_allow_of_priority_0_unless_told(owner, vault, agent):
    made = owner.policy(vault, agent)
    assert (made["effect"], made["priority"]) == ("allow", 0)
    assert made.body.get("conditions") in (None, {})


@pytest.mark.parametrize("pattern, open_paths, shut_paths", [
    ("**", ["a", "a/b/c"], []),
    ("*", ["a"], ["a/b"]),
    ("prod/*", ["prod/a"], ["prod", "prod/a/b", "prodx/a", "Prod/a"]),
    ("prod/**", ["prod/a", "prod/a/b"], ["prod", "prods/a"]),
    ("**/key", ["key", "a/key", "a/b/key"], ["a/keys", "key/a"]),
    ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a", "z", "a/b", "b/a/z"]),
    ("a/*/c", ["a/b/c"], ["a/c", "a/b/b/c"]),
    ("db-*", ["db-1", "db-"], ["db", "db-1/x"]),
    ("a/b", ["a/b"], ["a", "a/b/c", "a/bc"]),
    ("a.b+c/(x)", ["a.b+c/(x)"], ["aXb+c/(x)", "a.bbc/(x)"]),
])
def test_globs(owner, vault, agent, pattern, open_paths, shut_paths):
    for path in open_paths + shut_paths:
        owner.put(vault, path, "value of " + path)
    owner.policy(vault, agent, pattern)
    for path in open_paths:
        assert agent.value(vault, path) == "value of " + path
        agent.versions(vault, path)
        agent.version(vault, path, 1)
    for path in shut_paths:
        agent.get(vault, path, 403)
        agent.versions(vault, path, 403)
        agent.version(vault, path, 1, 403)
    assert agent.paths(vault) == sorted(open_paths, key=lambda path: path.encode())


def test_without_a_policy_nothing(owner, vault, agent):
    owner.put(vault, "a", "v")
    agent.get(vault, "a", 403)
    agent.get(vault, "never was", 403)
    agent.put(vault, "a", "w", 403)
    agent.put(vault, "new", "w", 403)
    agent.delete(vault, "a", 403)
    assert agent.paths(vault) == []
    assert owner.value(vault, "a") == "v"
    assert owner.paths(vault) == ["a"]


@pytest.mark.parametrize("permissions", [["read"], ["write"], ["delete"], ["read", "write"],
                                         ["read", "delete"], ["write", "delete"]], ids="+".join)
def test_permissions(owner, vault, agent, permissions):
    may_read, may_write = "read" in permissions, "write" in permissions
    may_delete = may_write or "delete" in permissions
    owner.put(vault, "a", "v")
    owner.policy(vault, agent, "**", permissions)
    agent.get(vault, "a", 200 if may_read else 403)
    agent.versions(vault, "a", 200 if may_read else 403)
    assert agent.paths(vault) == (["a"] if may_read else [])
    agent.put(vault, "a", "w", 201 if may_write else 403)
    agent.put(vault, "new", "w", 201 if may_write else 403)
    agent.delete(vault, "a", 204 if may_delete else 403)
    owner.get(vault, "a", 410 if may_delete else 200)


def test_deny_wins_a_tie(owner, vault, agent):
    owner.put(vault, "prod/a", "v")
    owner.put(vault, "prod/b", "v")
    owner.policy(vault, agent, "prod/*")
    owner.policy(vault, agent, "prod/a", effect="deny")
    agent.get(vault, "prod/a", 403)
    agent.get(vault, "prod/b")
    assert agent.paths(vault) == ["prod/b"]


def test_priority_decides_before_effect(owner, vault, agent):
    owner.put(vault, "a", "v")
    owner.policy(vault, agent, "**", effect="deny", priority=5)
    allow = owner.policy(vault, agent, "a", priority=4)["id"]
    agent.get(vault, "a", 403)
    update(owner, vault, allow, priority=5)
    agent.get(vault, "a", 403)
    update(owner, vault, allow, priority=6)
    agent.get(vault, "a")


def test_a_deny_for_one_permission_leaves_the_others(owner, vault, agent):
    owner.put(vault, "a", "v")
    owner.policy(vault, agent, "**", ["read", "write"])
    owner.policy(vault, agent, "**", ["write"], effect="deny", priority=1)
    agent.get(vault, "a")
    agent.put(vault, "a", "w", 403)


def test_denies_do_not_bind_the_owner(owner, vault):
    owner.put(vault, "a", "v")
    body = {"secret_path_pattern": "**", "principal_type": "user", "principal_id": owner.id,
            "permissions": ["read", "write"], "effect": "deny", "priority": 100}
    owner.request("POST", policy_url(vault), 201, json=body)
    assert owner.value(vault, "a") == "v"


def test_a_change_holds_for_the_next_request(owner, vault, agent):
    owner.put(vault, "a", "v")
    for _ in range(5):
        agent.get(vault, "a", 403)
        policy = owner.policy(vault, agent, "a")["id"]
        agent.get(vault, "a", 200)
        update(owner, vault, policy, permissions=["write"])
        agent.get(vault, "a", 403)
        agent.put(vault, "a", "v", 201)
        update(owner, vault, policy, permissions=["read"], effect="deny")
        agent.get(vault, "a", 403)
        update(owner, vault, policy, effect="allow")
        agent.get(vault, "a", 200)
        owner.request("DELETE", policy_url(vault, policy), 204)


def test_a_policy_expires(owner, vault, agent):
    owner.put(vault, "a", "v")
    owner.policy(vault, agent, "a", expires_at=in_seconds(1.2))
    assert agent.paths(vault) == ["a"]
    agent.get(vault, "a")
    time.sleep(1.4)
    agent.get(vault, "a", 403)
    assert agent.paths(vault) == []


def test_a_policy_is_for_its_principal(owner, vault, agent):
    owner.put(vault, "a", "v")
    another = owner.agent("another")
    owner.policy(vault, another, "**")
    agent.get(vault, "a", 403)
    another.get(vault, "a", 200)


def test_a_policy_is_for_its_vault(owner, vault, agent):
    second = owner.vault()
    owner.put(vault, "a", "v")
    policy = owner.policy(second, agent, "**")["id"]
    agent.get(vault, "a", 403)
    update(owner, vault, policy, 404, priority=1)
    owner.request("DELETE", policy_url(vault, policy), 404)


@pytest.mark.parametrize("allowlist, inside, outside", [
    (["10.1.0.0/16"], ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3"], ["10.2.0.0", "10.0.255.255"]),
    (["192.0.2.7/32"], ["192.0.2.7"], ["192.0.2.6", "192.0.2.8", "2001:db8::1"]),
    (["2001:db8::/32"], ["2001:db8::1", "2001:db8:ffff::"], ["2001:db9::", "10.1.2.3"]),
    (["10.0.0.0/8", "2001:db8:1::/48"], ["10.9.9.9", "2001:db8:1::5"], ["2001:db8:2::", "11.0.0.1"]),
    (["0.0.0.0/0"], ["1.2.3.4"], []),
    ([], [], ["10.1.2.3", "2001:db8::1"]),
])
def test_ip_allowlist(owner, vault, agent, allowlist, inside, outside):
    owner.put(vault, "a", "v")
    owner.policy(vault, agent, "a", conditions={"ip_allowlist": allowlist})
    for address in inside:
        agent.at(address).get(vault, "a", 200)
    for address in outside:
        agent.at(address).get(vault, "a", 403)
        assert agent.at(address).paths(vault) == []


@pytest.mark.parametrize("timezone", [None, "UTC", "Asia/Kolkata", "America/New_York"])
def test_time_window(owner, vault, agent, timezone):
    owner.put(vault, "a", "v")
    now = datetime.now(ZoneInfo(timezone or "UTC"))
    before, after = ((now + timedelta(minutes=minutes)).strftime("%H:%M") for minutes in (-90, 90))
    more = {"timezone": timezone} if timezone else {}
    policy = owner.policy(vault, agent, "a", conditions={
        "time_window": {"after": before, "before": after, **more}})["id"]
    agent.get(vault, "a", 200)
    update(owner, vault, policy, conditions={
        "time_window": {"after": after, "before": before, **more}})
    agent.get(vault, "a", 403)


def test_both_conditions_must_hold(owner, vault, agent):
    owner.put(vault, "a", "v")
    now = datetime.now(ZoneInfo("UTC"))
    hours = [(now + timedelta(hours=hour)).strftime("%H:%M") for hour in (-2, 2)]
    open_now = {"after": hours[0], "before": hours[1]}
    shut_now = {"after": hours[1], "before": hours[0]}
    for window, address, status in [(open_now, "10.1.1.1", 200), (open_now, "10.2.1.1", 403),
                                    (shut_now, "10.1.1.1", 403)]:
        policy = owner.policy(vault, agent, "a", conditions={
            "ip_allowlist": ["10.1.0.0/16"], "time_window": window})["id"]
        agent.at(address).get(vault, "a", status)
        owner.request("DELETE", policy_url(vault, policy), 204)


def test_a_deny_whose_conditions_fail_does_not_apply(owner, vault, agent):
    owner.put(vault, "a", "v")
    owner.policy(vault, agent, "a")
    owner.policy(vault, agent, "a", effect="deny", conditions={"ip_allowlist": ["10.6.0.0/16"]})
    agent.at("10.1.1.1").get(vault, "a", 200)
    agent.at("10.6.1.1").get(vault, "a", 403)


def test_agents_see_and_change_no_policies(owner, vault, agent):
    policy = owner.policy(vault, agent, "**", ["read", "write", "delete"])["id"]
    agent.request("GET", policy_url(vault), 403)
    agent.request("POST", policy_url(vault), 403, json={
        "secret_path_pattern": "**", "principal_type": "agent", "principal_id": agent.id,
        "permissions": ["read"]})
    update(agent, vault, policy, 403, priority=9)
    agent.request("DELETE", policy_url(vault, policy), 403)
    assert owner.request("GET", policy_url(vault), 200)["policies"][0]["priority"] == 0


def test_an_unknown_policy_or_vault_is_404(owner, vault, agent):
    for unknown in (uuid.uuid4(), "x"):
        update(owner, vault, unknown, 404, priority=1)
        owner.request("DELETE", policy_url(vault, unknown), 404)
        owner.request("GET", policy_url(unknown), 404)
        owner.policy(unknown, agent, "**", expect=404)
