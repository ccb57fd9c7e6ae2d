"""Customer-managed keys: the client encrypts, and the server rotates with keys it never keeps."""
import base64
import hashlib
import os
import time
import uuid

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness.client import Api


class Key:
    def __init__(self):
        self.raw = os.urandom(32)

    @property
    def text(self):
        return base64.b64encode(self.raw).decode()

    @property
    def fingerprint(self):
        return hashlib.sha256(self.raw).hexdigest()

    def seal(self, plain):
        nonce = os.urandom(12)
        return base64.b64encode(
            b"\1" + nonce + AESGCM(self.raw).encrypt(nonce, plain.encode(), None)).decode()

    def open(self, value):
        blob = base64.b64decode(value)
        assert blob[0] == 1
        return AESGCM(self.raw).decrypt(blob[1:13], blob[13:], None).decode()


def enable(caller, vault, key, expect=200):
    return caller.request("POST", f"/v1/vaults/{vault}/cmek", expect,
                          json={"fingerprint": key.fingerprint})


def rotate(caller, vault, old, new, expect=202, **more):
    return caller.request("POST", f"/v1/vaults/{vault}/cmek-rotate", expect,
                          json={"new_fingerprint": new.fingerprint, **more},
                          headers={"X-Cmek-Old-Key": old.text, "X-Cmek-New-Key": new.text})


def job_of(caller, vault, job):
    return caller.request("GET", f"/v1/vaults/{vault}/cmek-rotate/{job}", 200)


def wait_until_done(caller, vault, job):
    for _ in range(600):
        state = job_of(caller, vault, job)
        if state["status"] in ("completed", "failed"):
            return state
        time.sleep(0.05)
    raise AssertionError("the rotation did not end")


def test_a_vault_takes_and_gives_back_its_clients_blobs(owner, vault):
    key = Key()
    owner.put(vault, "before", "in clear")
    answer = enable(owner, vault, key)
    assert answer["cmek_enabled"] is True and answer["cmek_fingerprint"] == key.fingerprint
    assert owner.request("GET", f"/v1/vaults/{vault}", 200).body == answer.body
    enable(owner, vault, key, 400)
    value = key.seal("mine")
    owner.put(vault, "a", value)
    got = owner.get(vault, "a")
    assert got["value"] == value and key.open(got["value"]) == "mine"
    assert got["cmek_encrypted"] is True and got["cmek_fingerprint"] == key.fingerprint
    assert owner.get(vault, "before")["cmek_encrypted"] is False
    for bad in ("in clear", "", base64.b64encode(b"\1" + bytes(27)).decode(),
                base64.b64encode(b"\2" + bytes(28)).decode(), value[:-1], value + "\n"):
        assert owner.put(vault, "a", bad, 400).fields == {"value"}
    assert owner.put(vault, "a", value, 400, rotation_policy={"interval_days": 1}).fields == \
        {"rotation_policy"}
    owner.request("POST", f"/v1/vaults/{vault}/secret-rotate/a", 409)
    owner.request("POST", f"/v1/vaults/{vault}/env-vars", 409, json={"key": "A", "value": "v"})
    assert owner.get(vault, "a")["version"] == 1

    answer = owner.request("DELETE", f"/v1/vaults/{vault}/cmek", 200)
    assert answer["cmek_enabled"] is False and "cmek_fingerprint" not in answer.body
    owner.request("DELETE", f"/v1/vaults/{vault}/cmek", 400)
    owner.put(vault, "b", "in clear")
    assert owner.get(vault, "a")["cmek_encrypted"] is True


def test_rotation_gives_every_version_the_new_key(owner, vault):
    old, new = Key(), Key()
    owner.put(vault, "before", "in clear")
    enable(owner, vault, old)
    for path in ("a", "b/c", "deleted"):
        for n in (1, 2, 3):
            owner.put(vault, path, old.seal(f"{path} {n}"), metadata={"n": n})
    owner.delete(vault, "deleted")
    owner.request("POST", f"/v1/vaults/{vault}/secret-version-disable/a/1", 204)
    started = rotate(owner, vault, old, new)
    assert (started["total_secrets"], started["processed"]) == (9, 0)
    assert started.headers["Location"].endswith(started["id"])
    done = wait_until_done(owner, vault, started["id"])
    assert (done["status"], done["processed"]) == ("completed", 9) and "error" not in done.body
    assert done["old_fingerprint"] == old.fingerprint and done["completed_at"]
    assert owner.request("GET", f"/v1/vaults/{vault}", 200)["cmek_fingerprint"] == new.fingerprint
    for path, n in [("a", 2), ("a", 3), ("b/c", 1), ("b/c", 2), ("b/c", 3)]:
        got = owner.version(vault, path, n)
        assert new.open(got["value"]) == f"{path} {n}" and got["metadata"] == {"n": n}
        assert got["cmek_fingerprint"] == new.fingerprint
        with pytest.raises(InvalidTag):
            old.open(got["value"])
    owner.version(vault, "a", 1, 410)
    owner.put(vault, "deleted", new.seal("deleted 4"))
    assert new.open(owner.version(vault, "deleted", 1)["value"]) == "deleted 1"
    assert owner.value(vault, "before") == "in clear"
    events = owner.events(limit=1000)["events"]
    ended, = [e for e in events if e["action"] == "cmek.rotated"]
    assert ended["actor_type"] == "system" and ended["details"]["processed"] == 9
    for key in (old, new):
        assert key.text not in str(events)


def test_versions_under_another_key_are_left_and_told_of(owner, vault):
    old, new, strange = Key(), Key(), Key()
    enable(owner, vault, old)
    owner.put(vault, "a", old.seal("a"))
    owner.put(vault, "b", strange.seal("b"))
    owner.put(vault, "c", old.seal("c"))
    done = wait_until_done(owner, vault, rotate(owner, vault, old, new)["id"])
    assert (done["status"], done["processed"]) == ("failed", 2) and "1 version" in done["error"]
    assert new.open(owner.value(vault, "a")) == "a" and new.open(owner.value(vault, "c")) == "c"
    left = owner.get(vault, "b")
    assert strange.open(left["value"]) == "b" and left["cmek_fingerprint"] == old.fingerprint


def test_refusals(owner, other, vault):
    old, new, third = Key(), Key(), Key()
    for fingerprint in ("", "zz", old.fingerprint[1:], 7, None):
        answer = owner.request("POST", f"/v1/vaults/{vault}/cmek", 400,
                               json={"fingerprint": fingerprint})
        assert answer.fields == {"fingerprint"}
    rotate(owner, vault, old, new, 400)
    enable(owner, vault, old)
    assert rotate(owner, vault, third, new, 400).fields == {"x-cmek-old-key"}
    assert rotate(owner, vault, old, new, 400, new_fingerprint=third.fingerprint).fields == \
        {"x-cmek-new-key"}
    assert rotate(owner, vault, old, old, 400).fields == {"x-cmek-new-key"}
    url = f"/v1/vaults/{vault}/cmek-rotate"
    body = {"new_fingerprint": new.fingerprint}
    assert owner.request("POST", url, 400, json=body).fields == {"x-cmek-old-key", "x-cmek-new-key"}
    short = base64.b64encode(bytes(31)).decode()
    answer = owner.request("POST", url, 400, json=body,
                           headers={"X-Cmek-Old-Key": short, "X-Cmek-New-Key": "not base64!"})
    assert answer.fields == {"x-cmek-old-key", "x-cmek-new-key"}
    assert short not in answer.content.decode()
    owner.request("GET", f"{url}/{uuid.uuid4()}", 404)

    agent = owner.agent()
    owner.policy(vault, agent, "**", ["read", "write", "delete"])
    for caller, status in ((other, 404), (agent, 403)):
        enable(caller, vault, old, status)
        caller.request("DELETE", f"/v1/vaults/{vault}/cmek", status)
        rotate(caller, vault, old, new, status)
        caller.request("GET", f"{url}/{uuid.uuid4()}", status)
    enable(owner, owner.keys_vault(), new, 400)
    timed = owner.vault()
    owner.put(timed, "a", "v", rotation_policy={"interval_days": 1})
    enable(owner, timed, new, 400)
    varied = owner.vault()
    owner.request("POST", f"/v1/vaults/{varied}/env-vars", 201, json={"key": "A", "value": "v"})
    enable(owner, varied, new, 400)


def test_a_crash_in_the_middle_of_a_rotation_loses_nothing(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    old, new, third = Key(), Key(), Key()
    enable(owner, vault, old)
    filler = "x" * 60_000
    count = 160
    for n in range(count):
        owner.put(vault, f"s/{n % 40}", old.seal(f"value {n} {filler}"))
    job = rotate(owner, vault, old, new)["id"]
    for _ in range(2000):
        state = job_of(owner, vault, job)
        if state["processed"] > 0:
            break
    server.kill()
    assert 0 < state["processed"] < count, "it was to be in the middle"

    server.start()
    owner.api = Api(server.url)
    state = job_of(owner, vault, job)
    assert state["status"] == "pending" and "keys" in state["error"]
    assert 0 < state["processed"] < count
    done_before = state["processed"]
    # Nothing is lost meanwhile, and nothing new comes under the wrong key.
    for n in range(40):
        got = owner.get(vault, f"s/{n}")
        key = new if got["cmek_fingerprint"] == new.fingerprint else old
        assert key.open(got["value"]).startswith(f"value {120 + n} ")
    owner.put(vault, "s/0", old.seal("late"), 409)
    owner.request("DELETE", f"/v1/vaults/{vault}/cmek", 409)
    rotate(owner, vault, old, third, 409)

    assert rotate(owner, vault, old, new)["id"] == job
    done = wait_until_done(owner, vault, job)
    assert (done["status"], done["processed"]) == ("completed", count) and done_before < count
    for n in range(count):
        got = owner.version(vault, f"s/{n % 40}", n // 40 + 1)
        assert new.open(got["value"]).startswith(f"value {n} ")
    owner.put(vault, "s/0", new.seal("late"))
    assert owner.verify(limit=10000)["chain_valid"]
    server.stop()
    stored = b"".join(file.read_bytes() for file in server.data.rglob("*") if file.is_file())
    for key in (old, new):
        for form in (key.raw, key.raw.hex().encode(), key.text.encode()):
            assert form not in stored and form not in server.log_file.read_bytes()
