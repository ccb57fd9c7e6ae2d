"""Backups: while serving, encrypted, checksummed; restore and verify."""
import json
import os
import random
import stat
import subprocess
import threading

import pytest

from harness.client import Api
from harness.operator import Operator
from harness.server import binary


pytestmark = pytest.mark.sqlite  # PostgreSQL has backups of its own


def snapshot_of(owner, vault):
    return {path: owner.value(vault, path) for path in owner.paths(vault)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A server under shares, and a backup of it."""
    from harness.server import Server
    home = tmp_path_factory.mktemp("backup")
    server = Server(home / "server", {"keyring": "shamir:"}).start()
    operator = Operator(server)
    shares = operator.shares(3, 2)
    operator.unseal(*shares[:2])
    owner = Api(server.url).signup()
    vault = owner.vault("backed up")
    for i in range(40):
        owner.put(vault, f"p/{i}", f"canary-value-{i}" * 1000)
    operator.run("backup", home / "backup.oneclaw")
    yield home / "backup.oneclaw", shares, owner, vault, server, home
    server.kill()


def test_it_is_private_and_holds_nothing_in_clear(made):
    file, shares, owner, _, server, _ = made
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    content = file.read_bytes()
    for text in (b"canary-value", b"backed up", owner.email.encode(), b"SQLite format",
                 *(share.encode()[4:] for share in shares)):
        assert text not in content
    assert not list(server.data.glob("*snapshot*"))


def test_verify_says_what_it_holds_without_a_key(made, tmp_path):
    file = made[0]
    run = subprocess.run([binary(), "operator", "verify", str(file)], capture_output=True,
                         check=True, cwd=tmp_path)
    said = run.stdout.decode()
    for line in ("keyring      shamir", "secrets           40", "vaults            1",
                 "users             1", "whole"):
        assert line in said, said


def test_restore_to_an_empty_folder(made, tmp_path):
    file, shares, owner, vault, server, home = made
    from harness.server import Server
    copy = Server(tmp_path / "restored", server.config)
    operator = Operator(copy)
    operator.run("restore", file, stdin=f"{shares[0]}\n", code=1)
    assert not list(copy.data.iterdir())
    operator.run("restore", file, stdin=f"{shares[2]}\n{shares[0]}\n")
    operator.run("restore", file, stdin=f"{shares[2]}\n{shares[0]}\n", code=1)
    assert "isn't empty" in operator.errors
    with copy:
        operator.unseal(*shares[1:])
        person = owner.with_token(owner.token)
        person.api = Api(copy.url)
        assert person.value(vault, "p/7") == "canary-value-7" * 1000
        assert len(person.paths(vault)) == 40
        assert person.verify()["chain_valid"]
        person.put(vault, "p/7", "goes on")


def test_each_damage_is_found(made, tmp_path):
    file, shares, *_ = made
    good = file.read_bytes()
    random.seed(1)
    cases = [good[:cut] for cut in (0, 5, 17, 25, 400, len(good) // 2, len(good) - 33,
                                    len(good) - 1)]
    cases += [good + b"x", b"x" + good]
    for _ in range(25):
        at = random.randrange(len(good))
        cases.append(good[:at] + bytes([good[at] ^ 1 << random.randrange(8)]) + good[at + 1:])
    for number, bad in enumerate(cases):
        broken = tmp_path / f"broken-{number}"
        broken.write_bytes(bad)
        run = subprocess.run([binary(), "operator", "verify", str(broken)], capture_output=True,
                             check=False)
        assert run.returncode == 1 and b"file" in run.stderr, number
        if number % 6 == 0:
            folder = tmp_path / f"folder-{number}"
            run = subprocess.run(
                [binary(), "operator", "--data", str(folder), "restore", str(broken)],
                input="\n".join(shares).encode(), capture_output=True, check=False)
            assert run.returncode == 1, number
            assert not folder.exists() or not list(folder.iterdir()), number


def test_a_backup_with_a_plain_keyring_needs_that_file(new_server, tmp_path):
    with new_server() as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "v")
        piped = operator.run("backup", "-")
        file = tmp_path / "backup"
        file.write_bytes(piped)
        keyring = (server.data / "keyring.json").read_bytes()
        assert json.loads(keyring)["keys"][0]["key"].encode() not in piped
        operator.run("backup", file, code=1)  # never over a file that is there
        assert file.read_bytes() == piped
    other = new_server()
    operator.run("restore", file, data=other.data, code=1)
    other.data.mkdir(mode=0o700, exist_ok=True)
    with new_server() as foreign:
        pass
    (other.data / "keyring.json").write_bytes((foreign.data / "keyring.json").read_bytes())
    (other.data / "keyring.json").chmod(0o600)
    operator.run("restore", file, data=other.data, code=1)
    assert "isn't the one" in operator.errors
    (other.data / "keyring.json").write_bytes(keyring)
    operator.run("restore", file, data=other.data)
    with other:
        owner.api = Api(other.url)
        assert owner.value(vault, "a") == "v"


def test_it_is_consistent_under_a_write_load(new_server, tmp_path):
    """The restored chain is whole, and each secret has just the versions that it counts."""
    with new_server({"log": {"level": "warn"}}) as server:
        operator = Operator(server)
        owner = Api(server.url).signup()
        vault = owner.vault()
        stop = threading.Event()
        failures = []

        def write(number):
            try:
                for i in range(100_000):
                    if stop.is_set():
                        return
                    owner.put(vault, f"{number}/{i % 20}", f"{number} {i}")
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while len(owner.paths(vault)) < 60:
            pass
        for number in range(3):
            operator.run("backup", tmp_path / f"backup-{number}")
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        keyring = (server.data / "keyring.json").read_bytes()
    for number in range(3):
        copy = new_server()
        copy.data.mkdir(mode=0o700)
        (copy.data / "keyring.json").write_bytes(keyring)
        (copy.data / "keyring.json").chmod(0o600)
        operator.run("restore", tmp_path / f"backup-{number}", data=copy.data)
        with copy:
            owner.api = Api(copy.url)
            assert owner.verify(limit=10000)["chain_valid"]
            for path in owner.paths(vault):
                versions = owner.versions(vault, path)["versions"]
                numbers = sorted(version["version"] for version in versions)
                assert numbers == list(range(1, len(numbers) + 1))
                assert owner.value(vault, path).startswith(path.split("/")[0])
