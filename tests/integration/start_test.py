"""Starting, stopping and coming back."""
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.client import Api, unique_email
from harness.raw_http import Connection, head
from harness.server import binary, expect_refusal


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.sqlite
def test_the_data_folder_is_private(new_server):
    with new_server() as server:
        owner = Api(server.url).signup()
        owner.put(owner.vault(), "a/secret")
        assert mode(server.data) == 0o700
        files = [path for path in server.data.rglob("*") if path.is_file() or path.is_socket()]
        assert server.database in files
        for path in files:
            assert mode(path) == 0o600, path
        for path in server.data.rglob("*"):
            assert path in files or mode(path) == 0o700, path


@pytest.mark.sqlite
def test_environment_names_folder_and_address(new_server, tmp_path):
    folder = tmp_path / "from-environment"
    server = new_server(arguments=[], environment={"ONECLAW_DATA": str(folder),
                                                   "ONECLAW_LISTEN": "127.0.0.1:0"})
    with server:
        Api(server.url).request("GET", "/v1/health", 200)
        assert (folder / "oneclaw.db").exists()


@pytest.mark.sqlite
def test_flags_win_over_the_environment_and_the_config_file(new_server, tmp_path):
    unused = tmp_path / "unused"
    server = new_server({"data": str(unused), "listen": "127.0.0.1:1"},
                        environment={"ONECLAW_DATA": str(unused), "ONECLAW_LISTEN": "127.0.0.1:1"})
    with server:
        assert server.database.exists()
        assert not unused.exists()


@pytest.mark.sqlite
def test_the_config_file_alone_is_enough(new_server, tmp_path):
    folder = tmp_path / "from-config"
    server = new_server({"data": str(folder), "listen": "127.0.0.1:0"})
    server.arguments = ["--config", str(server.config_file)]
    with server:
        Api(server.url).request("GET", "/v1/health", 200)
        assert (folder / "oneclaw.db").exists()


@pytest.mark.parametrize("config, named", [
    ({"limits": {"bodybytes": 5000}}, "limits.bodybytes"),
    ({"limits": {"body_bytes": "5000"}}, "limits.body_bytes"),
    ({"limits": {"request_seconds": 0}}, "limits.request_seconds"),
    ({"listen": "nowhere"}, "listen"),
    ({"ip_deny": ["10.0.0.0/33"]}, "ip_deny"),
    ({"log": {"format": "xml"}}, "log.format"),
    ({"password": []}, "password"),
])
def test_a_config_mistake_is_named(new_server, config, named):
    assert named in expect_refusal(new_server(config))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"listen": "127.0.0.1:0"} x'])
def test_a_broken_config_file_is_refused(tmp_path, text):
    file = tmp_path / "broken.json"
    file.write_text(text)
    run = subprocess.run([binary(), "server", "--data", str(tmp_path / "data"), "--listen",
                          "127.0.0.1:0", "--config", str(file)],
                         capture_output=True, timeout=60, check=False)
    assert run.returncode > 0
    assert "broken.json" in run.stderr.decode()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", [["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:99999"],
                                       ["--nonsense"], ["--config", "/nonexistent/config.json"],
                                       ["--tls-cert", "only-one.pem"]])
def test_bad_arguments_are_refused(tmp_path, arguments):
    run = subprocess.run([binary(), "server", "--data", str(tmp_path / "data"), *arguments],
                         capture_output=True, timeout=60, check=False)
    assert run.returncode > 0
    assert run.stderr.strip()


def test_a_taken_address_is_refused(new_server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = new_server()
        server.arguments = ["--data", str(server.data), "--listen",
                            f"127.0.0.1:{taken.getsockname()[1]}"]
        expect_refusal(server)


@pytest.mark.sqlite
def test_a_folder_serves_one_server(new_server):
    with new_server() as server:
        second = new_server()
        second.data = server.data
        expect_refusal(second)
        Api(server.url).signup()


def test_sigterm_lets_a_request_finish_arriving(new_server):
    with new_server() as server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        body = b'{"value": "written while stopping"}'
        path = f"/v1/vaults/{vault}/secrets/slow"
        with Connection(server.port) as slow, Connection(server.port) as idle:
            idle.send(head("GET", "/v1/health"))
            assert idle.answer().status == 200
            slow.send(head("PUT", path, owner.token, Content_Length=len(body)) + body[:10])
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            assert idle.is_closed()
            with pytest.raises(OSError):
                Connection(server.port, seconds=5)
            assert server.process.poll() is None
            slow.send(body[10:])
            answer = slow.answer("PUT", path)
            assert answer.status == 201
            assert answer.headers.get("Connection", "").lower() == "close"
            assert slow.is_closed()
        assert server.wait() == 0
        server.start()
        reader = Api(server.url).login(owner.email, owner.password)["access_token"]
        again = Api(server.url).request("GET", path, 200, token=reader)
        assert again["value"] == "written while stopping"


def cpu_seconds(pid):
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_sigterm_lets_work_in_flight_finish(new_server):
    slow_hash = {"password": {"memory_mib": 64, "passes": 10}}
    with new_server(slow_hash) as server:
        email = unique_email()
        people = []
        signup = threading.Thread(target=lambda: people.append(Api(server.url).signup(email)))
        signup.start()
        # Until its password is being hashed: the connection is there before the request is read.
        waited = time.monotonic() + 60
        before = cpu_seconds(server.process.pid)
        while cpu_seconds(server.process.pid) - before < 0.1 and time.monotonic() < waited:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        signup.join()
        assert len(people) == 1, "the sign-up in flight was dropped"
        assert server.wait() == 0
        server.start()
        Api(server.url).login(email, people[0].password)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_at_once(new_server, number):
    server = new_server().start()
    with Connection(server.port):
        began = time.monotonic()
        server.stop(number)
        assert time.monotonic() - began < 5


def test_draining_ends_in_time(new_server):
    with new_server({"limits": {"drain_seconds": 1}}) as server:
        with Connection(server.port) as stuck:
            stuck.send(b"POST /v1/auth/signup HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            time.sleep(0.2)
            began = time.monotonic()
            server.stop()
            assert 0.5 < time.monotonic() - began < 10


def test_a_restart_keeps_everything(new_server):
    with new_server() as server:
        owner = Api(server.url).signup(display_name="Ada")
        vault = owner.vault("kept")
        owner.put(vault, "a/b", "one")
        owner.put(vault, "a/b", "two", metadata={"k": ["v"]})
        agent = owner.agent()
        owner.policy(vault, agent, "a/*")
        agent.sign_in()
        key = owner.api_key()["api_key"]
        events = owner.verify()["events_checked"]

        server.restart()
        api = Api(server.url)
        owner.api = agent.api = api
        assert owner.me()["display_name"] == "Ada"
        assert owner.get(vault, "a/b").body["metadata"] == {"k": ["v"]}
        assert owner.version(vault, "a/b", 1)["value"] == "one"
        assert agent.value(vault, "a/b") == "two"
        assert agent.sign_in().value(vault, "a/b") == "two"
        api.key_token(key)
        api.refresh(owner.refresh_token)
        report = owner.verify()
        assert report["chain_valid"] and report["events_checked"] > events


@pytest.mark.sqlite
def test_a_newer_database_is_refused(new_server):
    server = new_server()
    with server:
        owner = Api(server.url).signup()
    with sqlite3.connect(server.database) as database:
        newest = database.execute("SELECT MAX(version) FROM schema_migrations").fetchone()[0]
        database.execute("INSERT INTO schema_migrations VALUES (?, 0)", (newest + 1,))
    database.close()
    said = expect_refusal(server)
    assert str(newest + 1) in said and "newer" in said, said
    with sqlite3.connect(server.database) as database:
        database.execute("DELETE FROM schema_migrations WHERE version = ?", (newest + 1,))
    database.close()
    with server:
        Api(server.url).login(owner.email, owner.password)


@pytest.mark.sqlite
def test_a_file_that_is_no_database_is_refused_and_kept(new_server):
    server = new_server()
    server.data.mkdir(mode=0o700)
    server.database.write_bytes(b"these are not the bytes of a database" * 100)
    expect_refusal(server)
    assert server.database.read_bytes().startswith(b"these are not")


@pytest.mark.parametrize("spoil", ["lost", "torn", "of another folder"])
def test_data_without_its_keyring_is_refused(new_server, spoil):
    server = new_server()
    with server:
        Api(server.url).signup()
    keyring = server.data / "keyring.json"
    content = keyring.read_bytes()
    if spoil == "lost":
        keyring.unlink()
    elif spoil == "torn":
        keyring.write_bytes(content[:len(content) // 2])
    else:
        with new_server() as another:
            foreign = (another.data / "keyring.json").read_bytes()
        keyring.write_bytes(foreign)
    assert expect_refusal(server).strip()
    if spoil == "lost":
        assert not keyring.exists()


def test_json_logs_carry_the_request_id(new_server):
    with new_server() as server:
        api = Api(server.url)
        answer = api.request("GET", "/v1/vaults", 401, headers={"X-Request-Id": "find-me-42"})
        assert answer.headers["X-Request-Id"] == "find-me-42"
        made = api.request("GET", "/v1/health", 200).headers["X-Request-Id"]
    lines = [json.loads(line) for line in server.log_text().splitlines()]
    for line in lines:
        assert {"time", "level", "message"} <= set(line), line
    by_id = {line["id"]: line for line in lines if "id" in line}
    assert by_id["find-me-42"]["status"] in (401, "401")
    assert by_id[made]["status"] in (200, "200")


def test_text_logs_carry_the_request_id(new_server):
    with new_server({"log": {"format": "text"}}) as server:
        made = Api(server.url).request("GET", "/v1/health", 200).headers["X-Request-Id"]
    assert any(made in line and "200" in line for line in server.log_text().splitlines())


def test_the_log_level_holds(new_server):
    with new_server({"log": {"level": "error"}}) as server:
        Api(server.url).request("GET", "/v1/health", 200)
    assert server.log_text() == ""


def test_health(api):
    assert api.request("GET", "/v1/health", 200)["status"] == "healthy"
    assert api.request("GET", "/v1/health/hsm", 200)["status"] == "ok"


def test_version_and_help():
    for flag in ("--version", "--help"):
        run = subprocess.run([binary(), flag], capture_output=True, timeout=60, check=True)
        assert run.stdout.strip()
