"""The audit log: every action is in it, and nobody can change what is."""
import time
import uuid

import pytest

from harness.chain import chain_hash
from harness.client import PASSWORD, Api, Person
from harness.database import blob, opened
from harness.threads import run_together
from harness.times import in_seconds, parse_time


def newest(owner, action):
    return owner.events(action=action, limit=1)["events"][0]


def outcome_of(event):
    return event["details"]["outcome"]


def test_every_action_is_an_event(api, google):
    claims = google.claims()
    id_token = google.id_token(claims)
    api.request("POST", "/v1/auth/google", 200, json={"id_token": id_token})
    answer = api.request("POST", "/v1/auth/google", 200, json={"id_token": id_token})
    by_google = Person(api, answer, claims["email"], None)
    assert {"auth.signup", "auth.google"} <= {
        event["action"] for event in by_google.events(limit=1000)["events"]}

    owner = api.signup()
    identity = owner.id
    owner.sign_in()
    api.refresh(owner.sign_in().refresh_token)
    owner.sign_in().request("DELETE", "/v1/auth/token", 204)
    api.login(owner.email, "wrong", 401)
    owner.request("PATCH", "/v1/auth/me", 200, json={"display_name": "x"})
    made = owner.api_key()
    api.key_token(made["api_key"])
    owner.request("GET", "/v1/auth/api-keys", 200)
    owner.request("DELETE", f"/v1/auth/api-keys/{made['key']['id']}", 204)
    vault = owner.vault()
    owner.vault_ids()
    owner.request("GET", f"/v1/vaults/{vault}", 200)
    owner.put(vault, "a", "v")
    owner.get(vault, "a")
    owner.list(vault)
    owner.versions(vault, "a")
    agent = owner.agent()
    policies = f"/v1/vaults/{vault}/policies"
    policy = owner.policy(vault, agent)["id"]
    owner.request("GET", policies, 200)
    owner.request("PUT", f"{policies}/{policy}", 200, json={"priority": 1})
    agent.get(vault, "a")
    agent.request("GET", "/v1/agents/me", 200)
    owner.request("DELETE", f"{policies}/{policy}", 204)
    owner.request("GET", "/v1/agents", 200)
    owner.request("GET", f"/v1/agents/{agent.id}", 200)
    owner.request("PATCH", f"/v1/agents/{agent.id}", 200, json={"name": "x"})
    owner.request("POST", f"/v1/agents/{agent.id}/rotate-key", 200)
    owner.request("DELETE", f"/v1/agents/{agent.id}", 204)
    owner.delete(vault, "a")
    owner.request("DELETE", f"/v1/vaults/{vault}", 204)
    owner.request("POST", "/v1/auth/change-password", 204,
                  json={"current_password": PASSWORD, "new_password": PASSWORD + "!"})
    owner.password = PASSWORD + "!"
    owner = owner.sign_in()
    owner.verify()
    owner.events()

    events = owner.events(limit=1000)["events"]
    succeeded = {event["action"] for event in events if outcome_of(event) == "success"}
    assert succeeded >= {
        "auth.signup", "auth.login", "auth.api_key_token", "auth.agent_token", "auth.refresh",
        "auth.logout", "auth.change_password", "user.read", "user.update", "api_key.create",
        "api_key.list", "api_key.revoke", "vault.create", "vault.list", "vault.read",
        "vault.delete", "secret.write", "secret.read", "secret.list", "secret.delete",
        "secret.versions", "policy.create", "policy.list", "policy.update", "policy.delete",
        "agent.create", "agent.list", "agent.read", "agent.update", "agent.delete",
        "agent.rotate_key", "agent.self", "audit.list", "audit.verify"}
    assert [outcome_of(event) for event in events if event["action"] == "auth.failure"] == ["denied"]
    for event in events:
        assert event["ip_address"] == "127.0.0.1"
        assert len(event["integrity_hash"]) == 64
        assert event["details"]["request_id"]
        if event["actor_type"] == "user":
            assert event["actor_id"] == identity
        elif event["actor_type"] == "agent":
            assert event["actor_id"] == agent.id
        else:
            assert event["action"] == "auth.failure"
    assert len({event["org_id"] for event in events}) == 1


def test_one_request_is_one_event(owner, vault):
    agent = owner.agent().sign_in()
    owner.put(vault, "a", "v", max_access_count=1)

    def count():
        return owner.events(limit=1000)["count"]

    requests = [lambda: owner.put(vault, "b", "v"), lambda: owner.get(vault, "a"),
                lambda: owner.get(vault, "a", 410), lambda: agent.get(vault, "b", 403),
                lambda: owner.get(vault, "none", 404), lambda: owner.delete(vault, "b"),
                lambda: owner.vault(), lambda: owner.agent(), lambda: owner.policy(vault, agent),
                lambda: owner.me(), lambda: agent.request("POST", "/v1/vaults", 403, json={}),
                lambda: owner.sign_in(),
                lambda: owner.api.login(owner.email, "wrong", 401)]
    for request in requests:
        before = count()
        request()
        # The count itself is an event.
        assert count() == before + 2


def test_refusals_are_events(owner, vault):
    agent = owner.agent().sign_in()
    owner.put(vault, "a", "v")
    narrow = owner.key_caller(scopes=["audit:read"])
    agent.get(vault, "a", 403)
    agent.put(vault, "a", "w", 403)
    agent.delete(vault, "a", 403)
    agent.request("POST", "/v1/vaults", 403, json={"name": "x"})
    agent.request("POST", "/v1/agents", 403, json={"name": "x"})
    agent.request("GET", "/v1/audit/events", 403)
    narrow.get(vault, "a", 403)
    owner.get(vault, "missing", 404)
    owner.request("DELETE", f"/v1/agents/{uuid.uuid4()}", 404)
    denied = [(event["action"], event["actor_type"], event["details"]["status"])
              for event in reversed(owner.events(limit=1000)["events"])
              if outcome_of(event) == "denied"]
    assert denied == [("secret.read", "agent", 403), ("secret.write", "agent", 403),
                      ("secret.delete", "agent", 403), ("vault.create", "agent", 403),
                      ("agent.create", "agent", 403), ("audit.list", "agent", 403),
                      ("secret.read", "user", 403), ("secret.read", "user", 404),
                      ("agent.delete", "user", 404)]
    event = owner.events(action="secret.write", actor_id=agent.id)["events"][0]
    assert event["details"]["vault_id"] == vault
    assert "a" in (event["resource_id"], event["details"].get("path"))


def test_failed_logins_are_events_of_the_account(owner):
    for _ in range(5):
        owner.api.login(owner.email, "wrong", 401)
    owner.api.login(owner.email, owner.password, 429)
    events = owner.events(action="auth.failure")["events"]
    assert [event["details"]["status"] for event in events] == [429, 401, 401, 401, 401, 401]
    owner.api.refresh(owner.refresh_token)
    owner.api.refresh(owner.refresh_token, 401)
    # The reuse ended the owner's session, so another one tells of it.
    time.sleep(1.1)
    reuse = owner.sign_in().events(action="auth.failure", limit=1)["events"][0]
    assert reuse["details"]["method"] == "refresh_reuse"


def test_a_failed_exchange_of_a_known_key_is_an_event(owner):
    made = owner.api_key()
    owner.request("DELETE", f"/v1/auth/api-keys/{made['key']['id']}", 204)
    owner.api.key_token(made["api_key"], 401)
    agent = owner.agent()
    owner.request("PATCH", f"/v1/agents/{agent.id}", 200, json={"is_active": False})
    owner.api.agent_token(agent.key, 401)
    events = owner.events(action="auth.failure")["events"]
    assert [event["details"]["status"] for event in events] == [401, 401]


def test_filters_and_paging(owner):
    vault = owner.vault()
    agent = owner.agent()
    owner.policy(vault, agent)
    for i in range(6):
        owner.put(vault, f"p/{i}", "v")
        agent.get(vault, f"p/{i}")
    writes = owner.events(action="secret.write")
    assert writes["count"] == 6 == len(writes["events"])
    times = [parse_time(event["created_at"]) for event in writes["events"]]
    assert times == sorted(times, reverse=True)
    by_agent = owner.events(actor_id=agent.id, action="secret.read")["events"]
    assert len(by_agent) == 6
    secret = writes["events"][0]["resource_id"]
    touched = owner.events(resource_id=secret)["events"]
    assert {event["action"] for event in touched} == {"secret.write", "secret.read"}
    pages = [owner.events(action="secret.write", limit=4, offset=offset)["events"]
             for offset in (0, 4, 8)]
    assert [len(page) for page in pages] == [4, 2, 0]
    assert pages[0] + pages[1] == writes["events"]
    third = writes["events"][3]["created_at"]
    since = owner.events(action="secret.write", **{"from": third})["events"]
    until = owner.events(action="secret.write", to=third)["events"]
    assert since == writes["events"][:4] and until == writes["events"][4:]
    assert owner.events(action="no.such")["events"] == []
    assert owner.events(to="2020-01-01T00:00:00Z")["events"] == []
    assert owner.events(**{"from": in_seconds(3600)})["events"] == []
    assert len(owner.events()["events"]) <= 100


def test_the_chain_links_and_verifies(owner, vault):
    for i in range(10):
        owner.put(vault, f"p/{i}", "v")
    report = owner.verify()
    assert report["chain_valid"] is True and report["broken_at_event_id"] is None
    assert report["events_verified"] == report["events_checked"] > 10
    assert report["scheme"]["algorithm"] == "SHA-256"
    assert report["scheme"]["hash_field"] == "integrity_hash"
    assert report["scheme"]["link_field"] == "prev_event_id"
    events = list(reversed(owner.events(limit=1000)["events"]))
    assert events[0]["prev_event_id"] is None
    for before, event in zip(events, events[1:]):
        assert event["prev_event_id"] == before["id"]
    assert len({event["integrity_hash"] for event in events}) == len(events)
    assert owner.verify(limit=5)["events_checked"] == 5
    assert owner.verify(**{"from": events[5]["created_at"]})["chain_valid"]


def test_a_long_chain_is_verified_page_by_page(owner, vault):
    for i in range(12):
        owner.put(vault, f"p/{i}", "v")
    pages = [owner.verify(limit=4)]
    while not pages[-1]["complete"]:
        pages.append(owner.verify(limit=4, after_sequence=pages[-1]["last_sequence"]))
    assert all(page["chain_valid"] for page in pages)
    assert len(pages) > 4  # each page is itself an event
    assert sum(page["events_verified"] for page in pages) == pages[-1]["last_sequence"]
    assert pages[-1]["last_sequence"] == pages[-1]["head_sequence"]
    newest = owner.events(action="audit.verify", limit=len(pages))["events"]
    assert pages[-1]["last_integrity_hash"] == newest[1]["integrity_hash"]
    assert not pages[0]["complete"] and pages[0]["head_sequence"] > 4
    for wrong in (10**9, -1, "x"):
        assert owner.verify(400, after_sequence=wrong).fields == {"after_sequence"}


def test_the_chain_is_as_documented(new_server):
    server = new_server()
    _, events = make_history(server)
    with opened(server) as database:
        rows = database.execute(
            "SELECT org_id, sequence, id, action, actor_type, actor_id, resource_type, "
            "resource_id, details, ip_address, created_at, prev_event_id, integrity_hash "
            "FROM audit_events WHERE org_id = ? ORDER BY sequence",
            (blob(events[0]["org_id"]),)).fetchall()
    assert len(rows) == len(events) + 1  # asking for them is one
    before = bytes(32)
    for row in rows:
        before = chain_hash(before, row[:-1])
        assert before == row[-1]


def test_a_break_on_a_later_page_is_found(new_server):
    server = new_server()
    owner, events = make_history(server)
    with opened(server) as database:
        database.execute("UPDATE audit_events SET actor_id = '' WHERE id = ?",
                         (blob(events[0]["id"]),))
    with server:
        owner.api = Api(server.url)
        first = owner.verify(limit=3)
        assert first["chain_valid"] and not first["complete"]
        second = owner.verify(after_sequence=first["last_sequence"])
        assert not second["chain_valid"] and not second["complete"]
        assert second["broken_at_event_id"] == events[0]["id"]
        assert second["last_sequence"] == len(events) - 1


def test_concurrent_writers_make_one_chain(owner, vault):
    agents = [owner.agent(f"agent {i}") for i in range(4)]
    for agent in agents:
        owner.policy(vault, agent, "**", ["read", "write"])
        agent.sign_in()

    def work(i):
        for j in range(6):
            agents[i % 4].put(vault, f"p/{i}/{j}", "v")
            agents[i % 4].get(vault, f"p/{i}/{j}")

    run_together(8, work)
    assert owner.verify(limit=10000)["chain_valid"]
    events = list(reversed(owner.events(limit=1000)["events"]))
    assert [event["prev_event_id"] for event in events[1:]] == [event["id"] for event in events[:-1]]
    assert sum(event["action"] == "secret.read" for event in events) == 48


def make_history(server):
    server.start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    for i in range(5):
        owner.put(vault, f"p/{i}", "v")
    owner.get(vault, "p/3")
    assert owner.verify()["chain_valid"]
    events = owner.events(limit=1000)["events"]
    server.stop()
    return owner, events


# (what, SQL, whether the break is at the event itself): `?` is the id of the event of p/3's read.
TAMPERING = [
    ("details", "UPDATE audit_events SET details = replace(details, 'success', 'denied') "
                "WHERE id = ?", True),
    ("actor", "UPDATE audit_events SET actor_id = '' WHERE id = ?", True),
    ("action", "UPDATE audit_events SET action = 'secret.list' WHERE id = ?", True),
    ("time", "UPDATE audit_events SET created_at = created_at + 1 WHERE id = ?", True),
    ("address", "UPDATE audit_events SET ip_address = '10.0.0.1' WHERE id = ?", True),
    ("hash", "UPDATE audit_events SET integrity_hash = zeroblob(32) WHERE id = ?", True),
    ("link", "UPDATE audit_events SET prev_event_id = NULL WHERE id = ?", True),
    ("event gone", "DELETE FROM audit_events WHERE id = ?", False),
    ("first events gone", "DELETE FROM audit_events WHERE sequence < "
                          "(SELECT sequence FROM audit_events WHERE id = ?)", True),
    ("last events gone", "DELETE FROM audit_events WHERE sequence >= "
                         "(SELECT sequence FROM audit_events WHERE id = ?)", None),
]


@pytest.mark.parametrize("sql, at_event", [row[1:] for row in TAMPERING],
                         ids=[row[0] for row in TAMPERING])
def test_tampering_is_found(new_server, sql, at_event):
    server = new_server()
    owner, events = make_history(server)
    index = next(i for i, event in enumerate(events) if event["action"] == "secret.read")
    with opened(server) as database:
        assert database.execute(sql, (blob(events[index]["id"]),)).rowcount >= 1
    with server:
        owner.api = Api(server.url)
        report = owner.verify()
        assert report["chain_valid"] is False
        if at_event is not None:
            broken = events[index] if at_event else events[index - 1]
            assert report["broken_at_event_id"] == broken["id"]
        assert report["events_verified"] < len(events)
        # The server still serves, and goes on to say so.
        owner.vault()
        assert owner.verify()["chain_valid"] is False


def move_version(database, ids):
    database.execute("DELETE FROM secret_versions WHERE secret_id = ?", (ids["b"],))
    return database.execute("UPDATE secret_versions SET secret_id = ? WHERE secret_id = ?",
                            (ids["b"], ids["a"]))


def move_ciphertext(database, ids):
    return database.execute(
        "UPDATE secret_versions SET (wrapped_dek, ciphertext) = (SELECT wrapped_dek, ciphertext "
        "FROM secret_versions WHERE secret_id = ?) WHERE secret_id = ?", (ids["a"], ids["b"]))


def swap_paths(database, ids):
    database.execute("UPDATE secrets SET path = 'x' WHERE id = ?", (ids["b"],))
    return database.execute("UPDATE secrets SET path = 'b' WHERE id = ?", (ids["a"],))


def move_vault(database, ids):
    database.execute("DELETE FROM secret_versions WHERE secret_id = ?", (ids["b"],))
    database.execute("DELETE FROM secrets WHERE id = ?", (ids["b"],))
    return database.execute("UPDATE secrets SET vault_id = ?, path = 'b' WHERE id = ?",
                            (ids["second_vault"], ids["a"]))


def renumber(database, ids):
    database.execute("UPDATE secrets SET current_version = 2 WHERE id = ?", (ids["b"],))
    return database.execute("UPDATE secret_versions SET version = 2 WHERE secret_id = ?",
                            (ids["b"],))


def flip_bit(database, ids):
    (text,) = database.execute("SELECT ciphertext FROM secret_versions WHERE secret_id = ?",
                               (ids["b"],)).fetchone()
    changed = text[:-1] + bytes([text[-1] ^ 1])
    return database.execute("UPDATE secret_versions SET ciphertext = ? WHERE secret_id = ?",
                            (changed, ids["b"]))


@pytest.mark.parametrize("change", [move_version, move_ciphertext, swap_paths, move_vault,
                                    renumber, flip_bit])
def test_a_row_moved_in_the_database_does_not_open(new_server, change):
    server = new_server()
    with server:
        owner = Api(server.url).signup()
        vault, second = owner.vault(), owner.vault()
        canary = "canary-" + uuid.uuid4().hex
        ids = {"a": blob(owner.put(vault, "a", canary)["id"]),
               "b": blob(owner.put(vault, "b", "harmless" + canary)["id"]),
               "second_vault": blob(second)}
        owner.put(vault, "c", "untouched")
    with opened(server) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        assert change(database, ids).rowcount == 1
    with server:
        owner.api = Api(server.url)
        where = second if change is move_vault else vault
        answer = owner.get(where, "b", 500)
        assert canary not in answer.content.decode()
        assert owner.value(vault, "c") == "untouched"
        failed = newest(owner, "secret.read")
        assert outcome_of(owner.events(action="secret.read", limit=2)["events"][1]) == "failed"
        assert outcome_of(failed) == "success"
    assert canary not in server.log_text()
