"""Rotation into generated values, schedules, and disabled versions."""
import re
import time

import pytest

from harness import database
from harness.client import Api
from harness.threads import run_together


def rotate(caller, vault, path, expect=201, **body):
    return caller.request("POST", f"/v1/vaults/{vault}/secret-rotate/{path}", expect,
                          json=body or None)


def disable(caller, vault, path, version, expect=204):
    return caller.request("POST", f"/v1/vaults/{vault}/secret-version-disable/{path}/{version}",
                          expect)


def test_rotation_makes_a_version_with_a_generated_value(owner, vault):
    owner.put(vault, "db/pass", "old", type="password", metadata={"team": "core"})
    rotated = rotate(owner, vault, "db/pass")
    assert (rotated["version"], rotated["type"]) == (2, "password")
    assert rotated["metadata"] == {"team": "core"} and "value" not in rotated.body
    assert re.fullmatch(r"[A-Za-z0-9]{32}", owner.value(vault, "db/pass"))
    for charset, pattern in [("hex", r"[0-9a-f]{64}"), ("base64", r"[A-Za-z0-9+/]{64}"),
                             ("alphanumeric", r"[A-Za-z0-9]{64}"), ("ascii", r"[!-~]{64}")]:
        rotate(owner, vault, "db/pass", length=64, charset=charset, type="api_key")
        assert re.fullmatch(pattern, owner.value(vault, "db/pass"))
    assert owner.get(vault, "db/pass")["type"] == "api_key"
    assert owner.version(vault, "db/pass", 1)["value"] == "old"
    event, = owner.events(action="secret.rotate", limit=1)["events"]
    assert event["details"]["trigger"] == "request" and event["details"]["version"] == 6


def test_concurrent_rotations_lose_none(owner, vault):
    owner.put(vault, "a", "v")
    versions = run_together(8, lambda _: rotate(owner, vault, "a")["version"])
    assert sorted(versions) == list(range(2, 10))
    assert len({owner.version(vault, "a", n)["value"] for n in versions}) == 8


def test_rotation_is_refused(owner, other, vault):
    rotate(owner, vault, "none", 404)
    owner.put(vault, "a", "v")
    for body, field in [({"length": 7}, "length"), ({"length": 1025}, "length"),
                        ({"length": "8"}, "length"), ({"charset": "emoji"}, "charset"),
                        ({"charset": 1}, "charset"), ({"type": "nope"}, "type")]:
        assert rotate(owner, vault, "a", 400, **body).fields == {field}
    rotate(other, vault, "a", 404)
    agent = owner.agent()
    rotate(agent, vault, "a", 403)
    owner.policy(vault, agent, "a", ["read"])
    rotate(agent, vault, "a", 403)
    owner.policy(vault, agent, "a", ["write"])
    assert rotate(agent, vault, "a")["version"] == 2
    owner.delete(vault, "a")
    rotate(owner, vault, "a", 410)


def test_a_disabled_version_is_410(owner, other, vault):
    owner.put(vault, "a/b", "one")
    owner.put(vault, "a/b", "two")
    disable(owner, vault, "a/b", 1)
    disable(owner, vault, "a/b", 1)
    owner.version(vault, "a/b", 1, 410)
    assert owner.value(vault, "a/b") == "two"
    listed = owner.versions(vault, "a/b")["versions"]
    assert [v["is_disabled"] for v in listed] == [False, True]
    disable(owner, vault, "a/b", 2)
    owner.get(vault, "a/b", 410)
    owner.put(vault, "a/b", "three")
    assert owner.value(vault, "a/b") == "three"
    owner.version(vault, "a/b", 2, 410)
    for path, version in [("a/b", 4), ("a/b", 0), ("a/b", "x"), ("none", 1)]:
        disable(owner, vault, path, version, 404)
    disable(other, vault, "a/b", 3, 404)
    agent = owner.agent()
    owner.policy(vault, agent, "a/*", ["read"])
    disable(agent, vault, "a/b", 3, 403)
    owner.policy(vault, agent, "a/*", ["delete"])
    disable(agent, vault, "a/b", 3)
    owner.delete(vault, "a/b")
    disable(owner, vault, "a/b", 1, 410)


def test_a_schedules_life(owner, vault):
    put = owner.put(vault, "a", "v", rotation_policy={"interval_days": 30, "charset": "hex"})
    policy = put["rotation_policy"]
    assert (policy["interval_seconds"], policy["length"], policy["charset"]) == (2592000, 32, "hex")
    # A PUT without one keeps it and starts it anew.
    later = owner.put(vault, "a", "w")["rotation_policy"]
    assert later["next_rotation_at"] > policy["next_rotation_at"]
    assert owner.versions(vault, "a")["versions"][0]["rotation_policy"] == later
    assert "rotation_policy" not in owner.put(vault, "a", "x", rotation_policy=None).body
    assert "rotation_policy" not in owner.put(vault, "a", "y").body


@pytest.mark.parametrize("policy,field", [
    ({}, "rotation_policy.interval_days"),
    ({"interval_seconds": 59}, "rotation_policy.interval_seconds"),
    ({"interval_days": 0}, "rotation_policy.interval_days"),
    ({"interval_days": 3651}, "rotation_policy.interval_days"),
    ({"interval_days": 1, "interval_seconds": 60}, "rotation_policy.interval_seconds"),
    ({"interval_days": 1, "length": 7}, "rotation_policy.length"),
    ({"interval_days": 1, "charset": "x"}, "rotation_policy.charset"),
    ({"interval_days": 1, "webhook": "x"}, "rotation_policy.webhook"),
    ("daily", "rotation_policy"),
])
def test_a_bad_schedule_names_its_field(owner, vault, policy, field):
    assert owner.put(vault, "a", "v", 400, rotation_policy=policy).fields == {field}
    assert owner.paths(vault) == []


def wait_for_version(owner, vault, path, version, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if owner.versions(vault, path)["versions"][0]["version"] >= version:
            return
        time.sleep(0.1)
    raise AssertionError("it was not rotated in time")


def test_a_schedule_rotates_once_and_catches_up_once(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    for path in ("due", "not-due", "gone"):
        owner.put(vault, path, "first", metadata={"n": 1},
                  rotation_policy={"interval_seconds": 3600, "length": 40, "charset": "hex"})
    server.stop()
    # As if the server had been away for ten intervals and a bit.
    with database.opened(server) as connection:
        connection.execute("UPDATE rotation_policies SET next_rotation_at = next_rotation_at "
                           "- 36000000000 - 1000000000 WHERE secret_id IN "
                           "(SELECT id FROM secrets WHERE path IN ('due', 'gone'))")
    for _ in range(2):  # nor does a second start rotate again
        server.start()
        owner.api = Api(server.url)
        wait_for_version(owner, vault, "due", 2)
        time.sleep(2.5)
        server.stop()
    server.start()
    owner.api = Api(server.url)
    got = owner.get(vault, "due")
    assert got["version"] == 2 and re.fullmatch(r"[0-9a-f]{40}", got["value"])
    assert got["metadata"] == {"n": 1}
    assert owner.get(vault, "not-due")["version"] == 1
    event, = [e for e in owner.events(action="secret.rotate", limit=1000)["events"]
              if e["details"]["path"] == "due"]
    assert event["actor_type"] == "system" and event["details"]["trigger"] == "schedule"
    assert event["details"]["scheduled_by"] == owner.id
    policy = owner.versions(vault, "due")["versions"][0]["rotation_policy"]
    assert policy["next_rotation_at"] > got["created_at"]
    assert owner.verify(limit=10000)["chain_valid"]
    server.stop()


def test_a_deleted_secret_is_not_rotated(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault, dropped = owner.vault(), owner.vault()
    for where in (vault, dropped):
        owner.put(where, "a", "v", rotation_policy={"interval_seconds": 60})
    owner.delete(vault, "a")
    owner.request("DELETE", f"/v1/vaults/{dropped}", 204)
    server.stop()
    with database.opened(server) as connection:
        connection.execute("UPDATE rotation_policies SET next_rotation_at = 1")
    server.start()
    owner.api = Api(server.url)
    time.sleep(3)
    assert owner.events(action="secret.rotate")["events"] == []
    assert owner.put(vault, "a", "again")["version"] == 2
    server.stop()
