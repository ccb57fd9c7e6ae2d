"""Secrets: versions, deletion, expiry, counted reads, types, values, paging."""
import json
import time
import uuid

import pytest

from harness.client import secret_url
from harness.threads import run_together
from harness.times import in_seconds, parse_time

MOST_BYTES = 512 * 1024


def test_put_and_get(owner, vault):
    expires = in_seconds(3600)
    put = owner.put(vault, "db/main/password", "hunter2", type="password",
                    metadata={"team": "core", "n": [1, {"x": None}]}, expires_at=expires)
    assert "value" not in put.body
    assert (put["path"], put["type"], put["version"]) == ("db/main/password", "password", 1)
    got = owner.get(vault, "db/main/password")
    assert got["value"] == "hunter2" and got["id"] == put["id"]
    assert got["metadata"] == {"team": "core", "n": [1, {"x": None}]}
    assert got["created_by"] == owner.id
    assert abs((parse_time(got["expires_at"]) - parse_time(expires)).total_seconds()) < 0.001
    assert abs((parse_time(got["created_at"]) - parse_time(in_seconds(0))).total_seconds()) < 30


def test_each_put_is_a_version(owner, vault):
    for number, value in enumerate(["one", "two", "three"], 1):
        put = owner.put(vault, "a", value, type="note" if number == 2 else "generic",
                        metadata={"n": number})
        assert put["version"] == number
    assert owner.value(vault, "a") == "three"
    versions = owner.versions(vault, "a")["versions"]
    assert [version["version"] for version in versions] == [3, 2, 1]
    assert [version["metadata"]["n"] for version in versions] == [3, 2, 1]
    assert versions[1]["type"] == "note"
    assert not any("value" in version for version in versions)
    assert [owner.version(vault, "a", n)["value"] for n in (1, 2, 3)] == ["one", "two", "three"]
    for number in (0, 4, -1, "x", 99999999999999999999):
        owner.version(vault, "a", number, 404)
    owner.versions(vault, "b", 404)
    owner.version(vault, "b", 1, 404)


def test_versions_count_without_gaps_under_concurrency(owner, vault):
    numbers = run_together(16, lambda i: owner.put(vault, "raced", f"value {i}")["version"])
    assert sorted(numbers) == list(range(1, 17))
    values = {owner.version(vault, "raced", n)["value"] for n in numbers}
    assert values == {f"value {i}" for i in range(16)}


def test_a_path_may_end_in_a_number(owner, vault):
    owner.put(vault, "a", "of a")
    owner.put(vault, "a/1", "of a/1")
    assert owner.version(vault, "a", 1)["value"] == "of a"
    assert owner.version(vault, "a/1", 1)["value"] == "of a/1"
    owner.version(vault, "a/1", 2, 404)
    assert len(owner.versions(vault, "a/1")["versions"]) == 1


def test_what_never_was_is_404(owner, vault):
    owner.get(vault, "nothing", 404)
    owner.delete(vault, "nothing", 404)
    owner.put(vault, "a/b", "v")
    owner.get(vault, "a", 404)
    owner.get(vault, "a/b/c", 404)
    owner.get(vault, "A/b", 404)


def test_deletion_is_soft(owner, vault):
    owner.put(vault, "a", "one")
    owner.put(vault, "b", "stays")
    owner.delete(vault, "a")
    owner.get(vault, "a", 410)
    owner.version(vault, "a", 1, 410)
    owner.delete(vault, "a", 410)
    assert owner.paths(vault) == ["b"]
    put = owner.put(vault, "a", "two")
    assert put["version"] == 2
    assert owner.value(vault, "a") == "two"
    assert owner.paths(vault) == ["a", "b"]


def test_expiry(owner, vault):
    owner.put(vault, "a", "short", expires_at=in_seconds(1.2))
    assert owner.value(vault, "a") == "short"
    time.sleep(1.4)
    owner.get(vault, "a", 410)
    owner.version(vault, "a", 1, 410)
    owner.put(vault, "a", "new")
    assert owner.value(vault, "a") == "new"
    owner.version(vault, "a", 1, 410)


def test_max_access_count(owner, vault):
    owner.put(vault, "a", "thrice", max_access_count=3)
    owner.list(vault)
    owner.versions(vault, "a")
    owner.get(vault, "a")
    owner.version(vault, "a", 1)
    owner.get(vault, "a")
    owner.get(vault, "a", 410)
    owner.version(vault, "a", 1, 410)
    owner.put(vault, "a", "again", max_access_count=1)
    assert owner.value(vault, "a") == "again"
    owner.get(vault, "a", 410)


@pytest.mark.parametrize("most", [1, 10])
def test_max_access_count_is_exact_under_concurrency(owner, vault, most):
    owner.put(vault, "a", "counted", max_access_count=most)
    statuses = run_together(32, lambda _: owner.get(vault, "a", (200, 410)).status)
    assert statuses.count(200) == most
    reads = owner.events(action="secret.read", limit=1000)["events"]
    outcomes = [event["details"]["outcome"] for event in reads]
    assert outcomes.count("success") == most and outcomes.count("denied") == 32 - most


def test_a_refused_read_is_not_counted(owner, vault):
    agent = owner.agent()
    owner.put(vault, "a", "counted", max_access_count=1)
    for _ in range(3):
        agent.get(vault, "a", 403)
    assert owner.value(vault, "a") == "counted"


@pytest.mark.parametrize("kind", ["password", "api_key", "private_key", "certificate", "file",
                                  "note", "ssh_key", "env_bundle", "generic"])
def test_types(owner, vault, kind):
    assert owner.put(vault, "a", "v", type=kind)["type"] == kind
    assert owner.get(vault, "a")["type"] == kind
    assert owner.list(vault)["secrets"][0]["type"] == kind


def test_the_type_is_generic_unless_told(owner, vault):
    assert owner.put(vault, "a")["type"] == "generic"
    assert owner.put(vault, "a", type="note")["type"] == "note"
    assert owner.put(vault, "a")["type"] == "generic"


@pytest.mark.parametrize("value", [
    "", " ", "\x00", "a\x00b", "".join(map(chr, range(0x20))), "\x7f\x80\x9f", "\ufeff\ufffe\uffff",
    "grüße 日本語 🔐 👩‍👩‍👧", "\U0010ffff", "e\u0301", '"\\/\b\f\n\r\t', "</script>\u2028\u2029",
    "line one\r\nline two\n", "-----BEGIN KEY-----\nabc=\n", "%2f%00", "null", "{\"a\": 1}",
], ids=ascii)
def test_values_come_back_as_they_went(owner, vault, value):
    owner.put(vault, "a", value)
    assert owner.value(vault, "a") == value
    # The same, written without escapes.
    raw = json.dumps({"value": value}, ensure_ascii=False).encode()
    owner.request("PUT", secret_url(vault, "a"), 201, data=raw)
    assert owner.value(vault, "a") == value


@pytest.mark.parametrize("value", ["x" * MOST_BYTES, "é" * (MOST_BYTES // 2),
                                   "\U0001f510" * (MOST_BYTES // 4)], ids=["1", "2", "4"])
def test_a_value_may_have_512_kib(owner, vault, value):
    def put(path, text, expect):
        body = json.dumps({"value": text}, ensure_ascii=False).encode()
        return owner.request("PUT", secret_url(vault, path), expect, data=body)

    put("a", value, 201)
    assert owner.value(vault, "a") == value
    assert put("b", value + "x", 400).fields == {"value"}
    assert owner.paths(vault) == ["a"]


def test_the_list_has_metadata_only(owner, vault):
    owner.put(vault, "a", "a secret value", metadata={"k": "v"}, type="note")
    owner.put(vault, "a", "a secret value", metadata={"k": "w"}, type="password")
    answer = owner.list(vault)
    assert "a secret value" not in answer.content.decode()
    (secret,) = answer["secrets"]
    assert (secret["path"], secret["version"], secret["type"]) == ("a", 2, "password")
    assert secret["metadata"] == {"k": "w"}
    assert "next_cursor" not in answer.body


def test_prefix(owner, vault):
    for path in ("a", "a/b", "a/bc", "a/b/c", "ab", "b/a", "Ünï/x"):
        owner.put(vault, path)
    assert owner.paths(vault) == sorted(["a", "a/b", "a/bc", "a/b/c", "ab", "b/a", "Ünï/x"],
                                        key=lambda path: path.encode())
    for prefix, paths in [("a/", ["a/b", "a/b/c", "a/bc"]), ("a", ["a", "a/b", "a/b/c", "a/bc", "ab"]),
                          ("a/b", ["a/b", "a/b/c", "a/bc"]), ("Ün", ["Ünï/x"]), ("zzz", []),
                          ("", 7)]:
        found = owner.paths(vault, prefix=prefix)
        assert (len(found) if isinstance(paths, int) else found) == paths
    for bad in ("/a", "a//b", "../", "*", "a%2f", "a?", "_\x01", "x" * 600):
        assert "prefix" in owner.list(vault, 400, prefix=bad).fields
    owner.list(vault, 400, prefix="a\x00")
    # No wildcard of the database's gets through.
    assert owner.paths(vault, prefix="_") == []
    assert owner.paths(vault, prefix="a_") == []


def pages(caller, vault, **query):
    """All pages of a list."""
    found, cursor = [], None
    while True:
        answer = caller.list(vault, **query, **({"cursor": cursor} if cursor else {}))
        found.append([secret["path"] for secret in answer["secrets"]])
        cursor = answer.body.get("next_cursor")
        if not cursor:
            return found


def test_paging(owner, vault):
    paths = [f"p/{i:02}" for i in range(25)]
    for path in paths:
        owner.put(vault, path)
    owner.put(vault, "q")
    assert pages(owner, vault, limit=10, prefix="p/") == [paths[:10], paths[10:20], paths[20:]]
    assert pages(owner, vault, limit=25, prefix="p/") == [paths]
    assert pages(owner, vault, limit=26) == [paths + ["q"]]
    assert sum(pages(owner, vault, limit=1), []) == paths + ["q"]
    cursor = owner.list(vault, limit=10)["next_cursor"]
    owner.put(vault, "p/055")
    owner.delete(vault, "p/12")
    rest = owner.paths(vault, cursor=cursor)
    assert rest == paths[10:12] + paths[13:] + ["q"]
    for bad in ("!!!", "a b", "/////", "=", ""):
        assert "cursor" in owner.list(vault, 400, cursor=bad).fields


def test_agents_page_over_what_they_may_read(owner, vault):
    agent = owner.agent()
    for i in range(30):
        owner.put(vault, f"{'open' if i % 3 == 0 else 'shut'}/{i:02}")
        owner.put(vault, f"mixed/{i:02}/{'open' if i % 5 == 0 else 'shut'}")
    owner.policy(vault, agent, "mixed/*/open")
    owner.policy(vault, agent, "open/**")
    readable = [f"mixed/{i:02}/open" for i in range(0, 30, 5)]
    readable += [f"open/{i:02}" for i in range(0, 30, 3)]
    for limit in (1, 3, 7, 16, 100):
        listed = pages(agent, vault, limit=limit)
        assert sum(listed, []) == readable
        assert all(len(page) == limit for page in listed[:-1])
    assert agent.paths(vault, prefix="shut/") == []


def test_a_vaults_secrets_are_its_own(owner):
    first, second = owner.vault(), owner.vault()
    owner.put(first, "a", "first")
    owner.get(second, "a", 404)
    owner.put(second, "a", "second")
    assert owner.value(first, "a") == "first"
    owner.delete(first, "a")
    assert owner.value(second, "a") == "second"


def test_an_unknown_vault_is_404(owner):
    vault = uuid.uuid4()
    owner.put(vault, "a", "v", 404)
    owner.get(vault, "a", 404)
    owner.delete(vault, "a", 404)
    owner.list(vault, 404)
    owner.versions(vault, "a", 404)
    owner.version(vault, "a", 1, 404)
