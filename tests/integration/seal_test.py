"""Sealed and unsealed: shares, passphrases, and what the server says meanwhile."""
import os
import pty
import re
import select
import signal
import stat
import subprocess
import threading
import time

import pytest

from harness.cli import Cli
from harness.client import Api
from harness.operator import Operator
from harness.server import binary, expect_refusal

PASSPHRASE = "a passphrase of some length"


def sealed(api, token=None):
    """Every route but the health routes answers 503 "sealed"."""
    health = api.request("GET", "/v1/health", 200)
    assert health["status"] == "sealed" and health["sealed"] is True
    for method, path in (("GET", "/v1/vaults"), ("POST", "/v1/auth/signup"),
                         ("POST", "/v1/auth/token"), ("GET", "/.well-known/jwks.json")):
        answer = api.request(method, path, 503, token=token,
                             json={} if method == "POST" else None)
        assert answer["type"].endswith(":sealed"), answer
        assert answer.headers["Retry-After"]


@pytest.fixture
def shamir(new_server):
    server = new_server({"keyring": "shamir:"}).start()
    return server, Operator(server)


def test_shares_from_init_to_rekey(shamir):
    server, operator = shamir
    api = Api(server.url)
    sealed(api)
    assert api.request("GET", "/v1/health/hsm", 200)["status"] == "uninitialized"
    assert operator.status()["state"] == "uninitialized"
    assert "threshold" in operator.text("init", "--shares", 3, "--threshold", 1, code=1) + \
        operator.errors
    shares = operator.shares(5, 3)
    assert "already" in operator.text("init", "--shares", 2, "--threshold", 2, code=1) + \
        operator.errors
    assert api.request("GET", "/v1/health/hsm", 200)["status"] == "sealed"
    sealed(api)

    # One keeper after the other, and one who errs.
    operator.run("unseal", stdin=shares[4] + "\n", code=1)
    assert operator.status()["entered"] == 1
    operator.run("unseal", stdin=shares[4] + "\n", code=1)
    assert "already" in operator.errors
    operator.run("unseal", stdin=shares[0][:-1] + "\n", code=1)
    assert operator.status()["entered"] == 1
    operator.unseal(shares[1], shares[2])
    owner = api.signup()
    vault = owner.vault()
    owner.put(vault, "a", "kept under shares")
    assert api.request("GET", "/v1/health", 200)["status"] == "healthy"
    assert api.request("GET", "/v1/health/hsm", 200)["provider"] == "shamir"

    operator.run("seal")
    sealed(api, owner.token)
    assert operator.run("seal", code=1) == b""
    operator.unseal(*shares[:3])
    assert owner.value(vault, "a") == "kept under shares"

    # A restart seals; new shares put the old ones out of use.
    server.restart()
    owner.api = api = Api(server.url)
    sealed(api, owner.token)
    operator.unseal(*shares[2:])
    fresh = operator.shares(2, 2, "rekey", "\n".join(shares[1:4]) + "\n")
    operator.run("seal")
    operator.run("unseal", stdin=shares[0] + "\n", code=1)
    assert "another set" in operator.errors
    operator.unseal(*fresh)
    assert owner.value(vault, "a") == "kept under shares"
    server.stop()

    log = server.log_text()
    for share in shares + fresh:
        assert share not in log and share[4:20] not in log
    for file in server.data.rglob("*"):
        if file.is_file():
            assert not any(share.encode()[4:] in file.read_bytes() for share in shares + fresh)


def test_rekey_needs_the_old_shares(shamir):
    server, operator = shamir
    shares = operator.shares(3, 2)
    operator.unseal(*shares[:2])
    operator.run("rekey", "--shares", 2, "--threshold", 2, stdin=shares[0] + "\n", code=1)
    assert operator.status()["entered_rekey"] == 1
    operator.run("rekey", "--shares", 2, "--threshold", 2, stdin="", code=1)
    operator.run("seal")
    operator.unseal(*shares[1:])  # the old ones still count
    server.stop()


def test_wrong_shares_are_forgotten(new_server):
    first, second = (new_server({"keyring": "shamir:"}).start() for _ in range(2))
    ours = Operator(first).shares(3, 2)
    theirs = Operator(second).shares(3, 2)
    Operator(first).run("unseal", stdin=f"{ours[0]}\n{theirs[1]}\n", code=1)
    Operator(first).unseal(ours[1])
    second.stop()
    first.stop()


def test_a_prompt_echoes_nothing(shamir):
    server, operator = shamir
    shares = operator.shares(2, 2)
    master, slave = pty.openpty()
    process = subprocess.Popen([binary(), "operator", "--data", str(server.data), "unseal"],
                               stdin=slave, stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    seen = b""
    for share in shares:
        while not seen.endswith(b": "):
            ready, _, _ = select.select([master], [], [], 30)
            assert ready, seen
            seen += os.read(master, 4096)
        os.write(master, share.encode() + b"\n")
        seen += b"\n"
    assert process.wait(30) == 0
    try:
        while True:
            seen += os.read(master, 4096)
    except OSError:
        pass
    os.close(master)
    assert b"Share 1 of 2" in seen and b"unsealed" in seen
    assert not any(share.encode()[4:] in seen for share in shares)
    server.stop()


@pytest.mark.parametrize("typed, said, code", [
    ("\x03", "", -signal.SIGINT), ("\x04", "Nothing was entered", 1),
    ("ocs_" + "a" * 5000 + "\n", "too long", 1)], ids=["a signal", "an end", "a long line"])
def test_a_prompt_that_is_broken_off_shows_nothing_and_leaves_the_terminal_as_it_was(
        typed, said, code, shamir, tmp_path):
    server, operator = shamir
    operator.shares(2, 2)
    terminal = Cli(tmp_path, server.url).terminal("operator", "--data", server.data, "unseal")
    terminal.read_until("Share 1 of 2: ")
    assert not terminal.echoes()
    terminal.send(typed)
    terminal.wait_for_echo(True)
    shown = terminal.finish(code)
    assert said in shown and "aaaa" not in shown
    server.stop()


def test_a_passphrase_at_a_prompt_and_from_a_file(new_server, tmp_path):
    server = new_server({"keyring": "file:?passphrase=prompt"}).start()
    operator = Operator(server)
    operator.run("init", stdin="short\n", code=1)
    operator.run("init", stdin=PASSPHRASE + "\n")
    operator.run("unseal", stdin="not the passphrase\n", code=1)
    sealed(Api(server.url))
    operator.unseal(PASSPHRASE)
    owner = Api(server.url).signup()
    vault = owner.vault()
    owner.put(vault, "a", "under a passphrase")
    assert "key\":" not in (server.data / "keyring.json").read_text()
    server.stop()

    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    file.chmod(0o600)
    server.config["keyring"] = f"file:?passphrase-file={file}"
    server.start()
    owner.api = Api(server.url)
    assert owner.value(vault, "a") == "under a passphrase"
    operator.run("rekey", stdin=f"a new passphrase\n{PASSPHRASE}\n")
    server.stop()
    assert "doesn't open" in expect_refusal(server)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "unseal").write_text("a new passphrase")
    server.config["keyring"] = "file:?passphrase-credential=unseal"
    server.environment = {"CREDENTIALS_DIRECTORY": str(credentials)}
    server.start()
    owner.api = Api(server.url)
    assert owner.value(vault, "a") == "under a passphrase"
    server.stop()


def test_a_plain_keyring_starts_without_a_question_and_says_what_it_protects(new_server):
    with new_server() as server:
        detail = Api(server.url).request("GET", "/v1/health/hsm", 200)["detail"]
        assert "not a stolen data folder" in detail
        assert detail in server.log_text()
        operator = Operator(server)
        owner = Api(server.url).signup()
        operator.run("seal")
        sealed(owner.api, owner.token)
        operator.run("unseal")
        owner.me()
        # And it can be protected later on.
        operator.run("rekey", stdin=PASSPHRASE + "\n")
        operator.run("seal")
        operator.unseal(PASSPHRASE)
        owner.me()


def test_a_bad_keyring_uri_is_refused_and_named(new_server):
    for uri in ("nonsense", "file:?passphrase=mine", "pkcs11:token=x",
                "file:?passphrase-credential=x"):
        assert "keyring" in expect_refusal(new_server({"keyring": uri})), uri
    assert "shares" in expect_refusal_of_existing(new_server)


def expect_refusal_of_existing(new_server):
    server = new_server()
    with server:
        pass
    server.config["keyring"] = "shamir:"
    return expect_refusal(server)


def test_sealing_lets_requests_in_flight_finish_and_drops_none_by_halves(shamir):
    server, operator = shamir
    shares = operator.shares(1, 1)
    operator.unseal(*shares)
    owner = Api(server.url).signup()
    vault = owner.vault()
    stop = threading.Event()
    written, wrong = [], []

    def load(number):
        for i in range(10_000):
            if stop.is_set():
                return
            answer = owner.put(vault, f"{number}/{i}", f"{number} {i}", (201, 503))
            if answer.status == 201:
                written.append((f"{number}/{i}", f"{number} {i}"))
            elif not answer["type"].endswith(":sealed"):
                wrong.append(answer)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.3)
        operator.run("seal")
        operator.unseal(*shares)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong and len(written) > 20
    for path, value in written[::7]:
        assert owner.value(vault, path) == value
    assert owner.verify(limit=10000)["chain_valid"]
    server.stop()


def test_the_socket_is_the_operators_alone(new_server, tmp_path):
    with new_server() as server:
        mode = os.stat(server.data / "operator.sock").st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    assert not (server.data / "operator.sock").exists()
    operator = Operator(server)
    operator.run("status", code=1)
    assert "No server can be reached" in operator.errors
    operator.run("status", data=tmp_path / "nowhere", code=1)
    run = subprocess.run([binary(), "operator"], capture_output=True, check=False)
    assert run.returncode != 0
    help_text = subprocess.run([binary(), "operator", "--help"], capture_output=True,
                               check=True).stdout.decode()
    for command in ("init", "unseal", "seal", "status", "rekey", "rotate-root", "rotate-vault",
                    "rotate-jwt", "backup", "restore", "verify"):
        assert re.search(rf"^  {command} ", help_text, re.M), command
