"""Root keys in a PKCS #11 token: SoftHSM2, with real keys."""
import time
import uuid

import pytest

from harness.client import Api
from harness.operator import Operator
from harness.server import expect_refusal
from harness.softhsm import PIN, HangingSoftHsm, SoftHsm
from harness.threads import run_together


@pytest.fixture
def token(tmp_path):
    return SoftHsm(tmp_path / "softhsm")


def start(new_server, token, **config):
    return new_server({"keyring": token.uri(), **config}, environment=token.environment)


def eventually(check, seconds=20):
    until = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def test_create_read_restart_rotate(new_server, token):
    server = start(new_server, token)
    with server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vaults = [owner.vault() for _ in range(5)]
        for number, vault in enumerate(vaults):
            owner.put(vault, "a", f"value {number}")
        hsm = owner.api.request("GET", "/v1/health/hsm", 200)
        assert (hsm["status"], hsm["provider"]) == ("ok", "pkcs11")
        assert not (server.data / "keyring.json").exists()

        server.restart()
        owner.api = Api(server.url)
        assert [owner.value(vault, "a") for vault in vaults] == [f"value {n}" for n in range(5)]

        old = operator.status()["active_root_key_id"]
        assert "5 of 5" in operator.text("rotate-root", "--watch")
        status = operator.status()
        assert status["active_root_key_id"] != old
        assert sorted(status["root_key_ids"]) == sorted([old, status["active_root_key_id"]])
        owner.put(owner.vault(), "b", "after the rotation")
        operator.run("forget-root", status["active_root_key_id"], code=1)
        operator.run("forget-root", old)
        server.restart()
        owner.api = Api(server.url)
        assert [owner.value(vault, "a") for vault in vaults] == [f"value {n}" for n in range(5)]
        assert operator.status()["root_key_ids"] == [status["active_root_key_id"]]


def test_the_token_goes_away_and_comes_back(new_server, token):
    with start(new_server, token) as server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "before")
        token.pull_out()

        def gone():
            answer = owner.request("POST", "/v1/vaults", (201, 503), json={"name": f"v{time.time()}"})
            assert answer.status == 503, answer
            assert answer.headers["Retry-After"]

        eventually(gone)
        health = owner.api.request("GET", "/v1/health/hsm", 200)
        assert health["status"] == "unavailable"
        assert owner.api.request("GET", "/v1/health", 200)["status"] == "degraded"
        assert owner.value(vault, "a") == "before"  # its KEK is at hand
        token.put_back()
        eventually(lambda: owner.request("POST", "/v1/vaults", 201,
                                         json={"name": f"v{time.time()}"}))
        assert owner.api.request("GET", "/v1/health/hsm", 200)["status"] == "ok"
        server.restart()
        owner.api = Api(server.url)
        assert owner.value(vault, "a") == "before"


@pytest.fixture
def hanging(tmp_path):
    return HangingSoftHsm(tmp_path / "softhsm")


def make_vault(owner, expect):
    return owner.request("POST", "/v1/vaults", expect, json={"name": str(uuid.uuid4())})


def keyring_is(owner, status):
    def check():
        assert owner.api.request("GET", "/v1/health/hsm", 200)["status"] == status
    eventually(check, 60)


def test_a_token_that_hangs_holds_nobody_up(new_server, hanging):
    """Its calls do not return: what needs it is 503, all else goes on, and it may come back."""
    with start(new_server, hanging, sign_jwts_in_token=True) as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "before")
        for _ in range(2):
            hanging.hang()
            answers = run_together(8, lambda _: make_vault(owner, 503))
            assert all(answer.headers["Retry-After"] for answer in answers)
            keyring_is(owner, "unavailable")
            assert owner.api.request("GET", "/v1/health", 200)["status"] == "degraded"
            assert owner.value(vault, "a") == "before"  # its KEK is at hand
            owner.put(vault, "b", "meanwhile")  # and so is the writer
            assert owner.api.login(owner.email, owner.password, 503).headers["Retry-After"]
            assert operator.status()["state"] == "unavailable"
            operator.run("rotate-root", code=1)
            assert "doesn't answer" in operator.errors
            hanging.go_on()
            keyring_is(owner, "ok")
            make_vault(owner, 201)
            owner.api.login(owner.email, owner.password)
        assert owner.verify()["chain_valid"]


def test_seal_unseal_and_stop_while_the_token_hangs(new_server, hanging):
    server = start(new_server, hanging)
    with server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "v")
        hanging.hang()
        operator.run("seal")
        assert owner.api.request("GET", "/v1/health", 200)["status"] == "sealed"
        operator.run("unseal", stdin=PIN + "\n", code=1)
        assert "doesn't answer" in operator.errors
        assert owner.api.request("GET", "/v1/health", 200)["status"] == "sealed"
        hanging.go_on()
        eventually(lambda: operator.unseal(PIN))
        assert owner.value(vault, "a") == "v"
        hanging.hang()
        make_vault(owner, 503)
        server.stop()
        assert "can't be started" in expect_refusal(server)
        hanging.go_on()
        server.start()
        owner.api = Api(server.url)
        assert owner.value(vault, "a") == "v"


def test_another_token_is_not_taken_for_ours(new_server, token):
    server = start(new_server, token)
    with server:
        owner = Api(server.url).signup()
    token.pull_out()
    token.init_token()
    assert "no root key" in expect_refusal(server)
    token.put_back()
    with server:
        owner.api = Api(server.url)
        owner.me()


def test_a_pin_unseals(new_server, token):
    server = start(new_server, token)
    with server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "v")
    server.config["keyring"] = token.uri(pin=False)
    with server:
        operator = Operator(server)
        owner.api = Api(server.url)
        assert owner.api.request("GET", "/v1/health", 200)["status"] == "sealed"
        operator.run("unseal", stdin="0000\n", code=1)
        operator.unseal(PIN)
        assert owner.value(vault, "a") == "v"
        operator.run("seal")
        owner.get(vault, "a", 503)
        operator.unseal(PIN)
        assert owner.value(vault, "a") == "v"
        assert PIN not in server.log_text()


def test_jwt_keys_in_the_token(new_server, token):
    server = start(new_server, token, sign_jwts_in_token=True)
    with server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        assert operator.status()["signing_keys"][0]["held"] == "token"
        owner.me()
        kid = operator.text("rotate-jwt").strip()
        owner.me()
        fresh = owner.api.login(owner.email, owner.password)["access_token"]
        owner.api.request("GET", "/v1/auth/me", 200, token=fresh)
        assert operator.status()["signing_keys"][0]["kid"] == kid
        server.restart()
        Api(server.url).request("GET", "/v1/auth/me", 200, token=fresh)


@pytest.mark.sqlite
def test_a_backup_opens_with_the_token_alone(new_server, token, tmp_path):
    server = start(new_server, token)
    with server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "kept")
        operator.run("backup", tmp_path / "backup")
    other = new_server({"keyring": token.uri()}, environment=token.environment)
    operator.run("restore", tmp_path / "backup", data=other.data, code=1)
    operator.run("restore", tmp_path / "backup", "--keyring", token.uri(), data=other.data,
                 environment=token.environment)
    with other:
        owner.api = Api(other.url)
        assert owner.value(vault, "a") == "kept"
