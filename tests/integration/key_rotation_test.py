"""Root keys, KEKs and JWT keys rotate while requests go on."""
import base64
import http.client
import json
import os
import subprocess
import threading
import time
import uuid

import jwt
import pytest

from cmek_test import Key, enable, rotate, wait_until_done
from harness.client import Api
from harness.database import blob, opened
from harness.operator import Operator
from harness.server import binary

# ONECLAW_REWRAP_VERSIONS=100000 is the full size; it takes minutes.
VERSIONS = int(os.environ.get("ONECLAW_REWRAP_VERSIONS", "3000"))
WRITERS = 6


def versions_by_kek(server, vault):
    with opened(server, to_read=True) as database:
        return dict(database.execute(
            "SELECT v.kek_version, COUNT(*) FROM secrets s JOIN secret_versions v "
            "ON v.secret_id = s.id WHERE s.vault_id = ? GROUP BY v.kek_version", (blob(vault),)))


def test_a_vaults_key(new_server):
    with new_server() as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault, other = owner.vault(), owner.vault()
        for i in range(30):
            owner.put(vault, f"a/{i}", f"value {i}")
        owner.put(vault, "a/0", "second version", max_access_count=3)
        owner.put(vault, "gone", "deleted")
        owner.delete(vault, "gone")
        owner.put(other, "b", "of another vault")
        shown = operator.text("rotate-vault", vault, "--watch")
        assert "[" + "#" * 40 + "] 100%  32 of 32" in shown
        for i in range(1, 30):
            assert owner.value(vault, f"a/{i}") == f"value {i}"
        assert owner.version(vault, "a/0", 1)["value"] == "value 0"
        assert [owner.get(vault, "a/0", (200, 410)).status for _ in range(4)] == [200] * 3 + [410]
        owner.put(vault, "new", "after")
        events = [event["action"] for event in owner.events(limit=200)["events"]]
        assert "vault.rotate_key" in events and "vault.rotate_key_done" in events
        assert owner.verify()["chain_valid"]
        operator.run("rotate-vault", "not-an-id", code=1)
        assert "vault_id" in operator.errors
        operator.run("rotate-vault", "00000000-0000-4000-8000-000000000000", code=1)
        server.stop()
        assert versions_by_kek(server, vault) == {2: 33}
        assert versions_by_kek(server, other) == {1: 1}
        server.start()
        owner.api = Api(server.url)
        assert owner.value(vault, "a/7") == "value 7"
        server.stop()
        # The old KEK is gone: a start holds no rows from before.
        assert kek_versions(server, vault) == after_start(server, [1], [2])


def after_start(server, old, kept):
    """Nodes that share a database may hold rows from before: there, old KEKs stay for a minute."""
    return sorted(old + kept) if server.database_url else kept


def kek_versions(server, vault):
    with opened(server) as database:
        return sorted(row[0] for row in database.execute(
            "SELECT version FROM vault_keks WHERE vault_id = ?", (blob(vault),)))


def test_environment_variables_follow_their_vaults_key(new_server):
    """Those of a vault, and an org's, which are in a system vault."""
    with new_server() as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "v")
        for i in range(5):
            owner.request("POST", f"/v1/vaults/{vault}/env-vars", 201,
                          json={"key": f"KEY_{i}", "value": f"value {i}", "sensitive": i == 3})
        owner.request("POST", "/v1/org/env-vars", 201,
                      json={"key": "SHARED", "value": "of the org"})
        owner.request("POST", "/v1/org/env-vars/SHARED/link", 201, json={"vault_id": vault})
        server.stop()
        with opened(server) as database:
            system = str(uuid.UUID(bytes=database.execute(
                "SELECT vault_id FROM env_vars WHERE key = 'SHARED'").fetchone()[0]))
            database.execute("UPDATE env_vars SET wrapped_dek = zeroblob(60) WHERE key = 'KEY_4'")
        server.start()
        owner.api = Api(server.url)
        operator.run("rotate-vault", vault, "--watch", code=1)
        assert "1 rows" in operator.errors
        assert "1 of 1" in operator.text("rotate-vault", system, "--watch")
        rotations = {rotation["vault_id"]: rotation for rotation in operator.status()["rotations"]}
        assert (rotations[vault]["done"], rotations[vault]["failed"]) == (6, 1)
        owner.request("PATCH", f"/v1/vaults/{vault}/env-vars/KEY_0", 200, json={"value": "new"})
        server.restart()
        server.stop()
        # The KEKs that nothing needs are gone: a start holds no rows from before.
        assert kek_versions(server, vault) == [1, 2]
        assert kek_versions(server, system) == after_start(server, [1], [2])
        with opened(server) as database:
            database.execute("DELETE FROM env_var_slots WHERE key = 'KEY_4'")
            database.execute("DELETE FROM env_vars WHERE key = 'KEY_4'")
            assert {row[0] for row in database.execute("SELECT kek_version FROM env_vars")} == {2}
        server.start()
        owner.api = Api(server.url)
        variables = owner.request("GET", f"/v1/vaults/{vault}/env-vars/resolve", 200)["vars"]
        assert variables == {"KEY_0": "new", "KEY_1": "value 1", "KEY_2": "value 2",
                             "KEY_3": "value 3", "SHARED": "of the org"}


def test_a_customers_key_rotates_beside_the_vaults(new_server):
    """Both jobs write the same rows: none is left behind, and none counts as failed."""
    with new_server({"log": {"level": "warn"}}) as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault = owner.vault()
        keys = [Key() for _ in range(4)]
        enable(owner, vault, keys[0])
        for i in range(400):
            owner.put(vault, f"s/{i}", keys[0].seal(f"value {i}"))
        for old, new in zip(keys, keys[1:]):
            job = rotate(owner, vault, old, new)["id"]
            operator.run("rotate-vault", vault, "--watch")
            state = wait_until_done(owner, vault, job)
            assert (state["status"], state["processed"]) == ("completed", 400), state.body
        assert [rotation["failed"] for rotation in operator.status()["rotations"]] == [0] * 3
        for i in range(0, 400, 7):
            assert keys[-1].open(owner.value(vault, f"s/{i}")) == f"value {i}"
        server.stop()
        assert versions_by_kek(server, vault) == {4: 400}


def test_a_row_that_was_tampered_with_is_left_and_told(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    for path in "abc":
        owner.put(vault, path, path)
    server.stop()
    with opened(server) as database:
        database.execute("UPDATE secret_versions SET wrapped_dek = zeroblob(60) WHERE secret_id = "
                         "(SELECT id FROM secrets WHERE path = 'b')")
    server.start()
    owner.api = Api(server.url)
    operator = Operator(server)
    operator.run("rotate-vault", vault, "--watch", code=1)
    assert "1 rows" in operator.errors
    assert owner.value(vault, "a") == "a" and owner.value(vault, "c") == "c"
    owner.get(vault, "b", 500)
    rotation = operator.status()["rotations"][0]
    assert (rotation["done"], rotation["failed"]) == (3, 1)
    server.stop()
    assert versions_by_kek(server, vault) == {1: 1, 2: 2}
    with opened(server) as database:
        assert len(list(database.execute("SELECT 1 FROM vault_keks WHERE vault_id = ?",
                                         (blob(vault),)))) == 2


@pytest.mark.sqlite  # nodes of a cluster have keyring files of their own
def test_the_root_key(new_server):
    with new_server() as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        agent = owner.agent()
        vaults = [owner.vault() for _ in range(5)]
        for vault in vaults:
            owner.put(vault, "a", vault)
        removed = owner.vault()
        owner.request("DELETE", f"/v1/vaults/{removed}", 204)
        old = operator.status()["active_root_key_id"]
        operator.run("rotate-root", "--watch")
        new = operator.status()["active_root_key_id"]
        assert new != old
        operator.run("forget-root", new, code=1)
        operator.run("forget-root", old)
        server.restart()
        owner.api = agent.api = Api(server.url)
        for vault in vaults:
            assert owner.value(vault, "a") == vault
        agent.sign_in()
        owner.api.refresh(owner.refresh_token)
        server.stop()
        with opened(server) as database:
            for table in ("vault_keks", "signing_keys", "server_keys"):
                assert {row[0] for row in database.execute(
                    f"SELECT DISTINCT root_key_id FROM {table}")} == {new}
        server.start()


@pytest.mark.sqlite
def test_a_root_key_that_still_wraps_something_is_not_forgotten(new_server):
    with new_server() as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        kept, spoilt = owner.vault(), owner.vault()
        owner.put(kept, "a", "v")
        operator.run("rotate-jwt")
        old = operator.status()["active_root_key_id"]
        server.stop()
        with opened(server) as database:
            wrapped, = database.execute("SELECT wrapped FROM vault_keks WHERE vault_id = ?",
                                        (blob(spoilt),)).fetchone()
            database.execute("UPDATE vault_keks SET wrapped = zeroblob(60) WHERE vault_id = ?",
                             (blob(spoilt),))
        server.start()
        operator.run("rotate-root", "--watch", code=1)
        assert "1 rows" in operator.errors
        operator.run("forget-root", old, code=1)
        assert "still wraps 1 keys" in operator.errors

        # Put back as it was, it is rewrapped by the next rotation.
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE vault_keks SET wrapped = ? WHERE vault_id = ?",
                             (wrapped, blob(spoilt)))
        server.start()
        operator.run("rotate-root", "--watch")
        new = operator.status()["active_root_key_id"]
        # JWT keys that only verify count too.
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE signing_keys SET root_key_id = ? WHERE retired_at IS NOT NULL",
                             (old,))
        server.start()
        operator.run("forget-root", old, code=1)
        assert "still wraps 1 keys" in operator.errors
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE signing_keys SET root_key_id = ?", (new,))
        server.start()
        operator.run("forget-root", old)
        owner.api = Api(server.url)
        owner.sign_in()
        assert owner.value(kept, "a") == "v"
        owner.put(spoilt, "b", "w")


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


def test_jwt_keys_overlap(new_server):
    with new_server() as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        old_token = owner.token

        def jwks():
            keys = owner.api.request("GET", "/.well-known/jwks.json", 200)["keys"]
            return {key["kid"]: key for key in keys}

        assert set(jwks()) == {kid_of(old_token)}
        kid = operator.text("rotate-jwt").strip()
        assert set(jwks()) == {kid, kid_of(old_token)}
        owner.me()  # with the old token
        fresh = owner.api.login(owner.email, owner.password)["access_token"]
        if server.database_url:  # it signs once the other nodes have had the time to hear of it
            assert kid_of(fresh) == kid_of(old_token)
            deadline = time.monotonic() + 60
            while kid_of(fresh) != kid:
                assert time.monotonic() < deadline
                time.sleep(1)
                fresh = owner.api.login(owner.email, owner.password)["access_token"]
        assert kid_of(fresh) == kid
        key = jwt.algorithms.OKPAlgorithm.from_jwk(json.dumps(jwks()[kid]))
        claims = jwt.decode(fresh, key, algorithms=["EdDSA"], issuer="https://oneclaw.local")
        assert claims["sub"].startswith("user:")
        public = owner.api.request("GET", "/v1/auth/jwt-public-key", 200)["public_key_base64"]
        assert base64.b64decode(public) == base64.urlsafe_b64decode(jwks()[kid]["x"] + "=")

        server.restart()
        owner.api = Api(server.url)
        assert set(jwks()) == {kid, kid_of(old_token)}
        owner.me()
        # A day and a bit later the old key verifies nothing, and is gone.
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE signing_keys SET retired_at = retired_at - 86800000000 "
                             "WHERE retired_at IS NOT NULL")
        server.start()
        owner.api = Api(server.url)
        assert set(jwks()) == {kid}
        owner.me(401)
        owner.with_token(fresh).request("GET", "/v1/auth/me", 200)

        # In an emergency, at once.
        newest = operator.text("rotate-jwt", "--revoke-old").strip()
        assert set(jwks()) == {newest}
        owner.with_token(fresh).request("GET", "/v1/auth/me", 401)
        again = owner.api.login(owner.email, owner.password)["access_token"]
        owner.with_token(again).request("GET", "/v1/auth/me", 200)


class Load:
    """Readers and writers who take no refusal; a killed server is waited for."""

    def __init__(self, server, owner, vault, known):
        self.server, self.owner, self.vault, self.known = server, owner, vault, known
        self.stop = threading.Event()
        self.down = threading.Event()
        self.failures, self.requests, self.written = [], 0, {}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(4)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self, number):
        paths = sorted(self.known)
        count = 0
        while not self.stop.is_set():
            if self.down.is_set():
                time.sleep(0.05)
                continue
            count += 1
            try:
                if count % 4 == 0:
                    path, value = f"new/{number}/{count}", f"new {number} {count}"
                    self.owner.put(self.vault, path, value)
                    with self.lock:
                        self.written[path] = value
                else:
                    path = paths[(count * 7919 + number * 31) % len(paths)]
                    assert self.owner.value(self.vault, path) == self.known[path]
                with self.lock:
                    self.requests += 1
            except Exception as error:  # pylint: disable=broad-except
                if not self.down.is_set():
                    self.failures.append(repr(error)[:500])
                    return


def fill(server, owner, vault, count):
    """`count` versions, by many plain writers; the newest value of some paths."""
    values = {}
    lock = threading.Lock()

    def write(number):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        headers = {"Authorization": f"Bearer {owner.token}", "Content-Type": "application/json"}
        for i in range(number, count, WRITERS):
            path = f"s/{i % (count // 3 + 1)}"
            connection.request("PUT", f"/v1/vaults/{vault}/secrets/{path}",
                               json.dumps({"value": f"value {i}"}), headers)
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
            answer.read()
            with lock:
                values[path] = None
        connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values) == count // 3 + 1
    return {path: owner.value(vault, path) for path in list(values)[:500]}


def progress(operator):
    return operator.status()["rotations"][0]


def test_rewrap_under_load_goes_on_after_kill_9(new_server):
    server = new_server({"log": {"level": "warn"}, "tokens": {"user_seconds": 86400}}).start()
    operator = Operator(server)
    owner = Api(server.url).signup()
    vault = owner.vault()
    known = fill(server, owner, vault, VERSIONS)
    began = time.monotonic()
    with Load(server, owner, vault, known) as load:
        operator.run("rotate-vault", vault)
        until = time.monotonic() + 120
        job = progress(operator)["id"]
        # By the database: a command's own start takes longer than the rest of the work may.
        while versions_by_kek(server, vault).get(2, 0) < VERSIONS // 4:
            assert time.monotonic() < until
        load.down.set()
        server.kill()
        assert versions_by_kek(server, vault).get(1), "it was over before the kill: take more"
        server.start()
        owner.api = Api(server.url)
        resumed = progress(operator)
        assert resumed["id"] == job and resumed["done"] >= VERSIONS // 4
        load.down.clear()
        until = time.monotonic() + 600
        while "finished_at" not in progress(operator):
            assert time.monotonic() < until
            time.sleep(0.1)
    took = time.monotonic() - began
    assert not load.failures, load.failures[:3]
    assert load.requests > 50
    done = progress(operator)
    assert done["done"] == done["total"] >= VERSIONS and done["failed"] == 0, done
    print(f"{VERSIONS} versions, {load.requests} requests meanwhile, {took:.1f} s")

    # Nothing is lost: what was there before and what came meanwhile, on the new key alone.
    for path, value in list(known.items())[:200] + list(load.written.items())[:200]:
        assert owner.value(vault, path) == value, path
    report = owner.verify(limit=10000)
    assert report["chain_valid"]
    server.stop()
    by_kek = versions_by_kek(server, vault)
    assert set(by_kek) == {2} and by_kek[2] >= VERSIONS + len(load.written)


@pytest.mark.sqlite
def test_a_root_rotation_goes_on_after_kill_9(new_server):
    server = new_server({"log": {"level": "warn"}}).start()
    operator = Operator(server)
    owner = Api(server.url).signup()
    vaults = [owner.vault() for _ in range(300)]
    for vault in vaults[::50]:
        owner.put(vault, "a", vault)
    operator.run("rotate-root")
    server.kill()
    server.start()
    owner.api = Api(server.url)
    until = time.monotonic() + 60
    while "finished_at" not in progress(operator):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert progress(operator)["done"] == 300
    for vault in vaults[::50]:
        assert owner.value(vault, "a") == vault
    server.stop()


@pytest.mark.parametrize("arguments", [["rotate-root"], ["rotate-jwt"], ["seal"],
                                       ["forget-root", "x"], ["backup", "-"]])
def test_a_sealed_server_rotates_nothing(new_server, arguments):
    with new_server({"keyring": "shamir:"}) as server:
        run = subprocess.run([binary(), "operator", "--data", str(server.data), *arguments],
                             capture_output=True, timeout=60, check=False)
        assert run.returncode == 1 and b"sealed" in run.stderr
