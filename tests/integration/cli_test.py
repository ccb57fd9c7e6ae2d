"""The command line against a real server."""
import json
import os
import re
import signal
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.chain import lengthen
from harness.cli import Cli, Terminal
from harness.client import Api
from harness.database import blob, opened
from harness.server import REPOSITORY, binary
from harness.slow_proxy import SlowProxy
from harness.tls import self_signed
from harness.upstream import Upstream

DONE, FAILED, USAGE, NOT_SIGNED_IN, NOT_ALLOWED, NOT_FOUND, CONFLICT, UNREACHABLE, FOUND = range(9)


@pytest.fixture
def cli(tmp_path, server, owner):
    """Signed in as the owner by ONECLAW_TOKEN."""
    return Cli(tmp_path, server.url, ONECLAW_TOKEN=owner.token)


@pytest.fixture
def in_vault(cli, vault):
    return cli.with_variables(ONECLAW_VAULT_ID=vault)


@pytest.fixture
def stranger(tmp_path, server):
    return Cli(tmp_path, server.url)


def totp(secret):
    """RFC 6238: SHA-1, 6 digits, 30 seconds."""
    import base64
    import hashlib
    import hmac
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, int(time.time() // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return "%06d" % ((int.from_bytes(mac[at:at + 4], "big") & 0x7FFFFFFF) % 10 ** 6)


def sign_in(stranger, person):
    stranger.run("login", "--email", person.email, "--password-stdin", stdin=person.password)
    return stranger


# Signing in and out


def test_login_with_a_pseudo_terminal_hides_the_password(stranger, owner):
    terminal = stranger.terminal("login", "--email")
    terminal.read_until("Email:")
    terminal.send(owner.email + "\n")
    terminal.read_until("Password:")
    time.sleep(0.3)
    terminal.send(owner.password + "\n")
    shown = terminal.finish()
    assert owner.password not in shown
    assert "Signed in" in shown
    assert json.loads(stranger.out("whoami", "--json"))["email"] == owner.email


def test_a_prompt_that_is_broken_off_leaves_the_terminal_as_it_was(stranger, owner):
    terminal = stranger.terminal("login", "--email", owner.email)
    terminal.read_until("Password:")
    assert not terminal.echoes()
    terminal.send("\x03")
    terminal.wait_for_echo(True)
    terminal.finish(code=-signal.SIGINT)


def test_a_prompt_that_is_stopped_hides_again_when_it_goes_on(stranger, owner):
    shell = Terminal(["/bin/sh", "-i"], {**stranger.environment, "PS1": "$ ", "ENV": ""},
                     stranger.home)
    shell.read_until("$ ")
    shell.send(f"{binary()} login --email {owner.email}\n")
    shell.read_until("Password:")
    shell.send("\x1a")
    shell.read_until("$ ")
    assert shell.echoes()
    shell.send("fg\n")
    shell.wait_for_echo(False)
    shell.send(owner.password + "\n")
    shell.read_until("Signed in")
    shell.send(f"{binary()} login --email {owner.email}\n")
    shell.read_until("Password:")
    shell.send("\x1a")
    shell.read_until("$ ")
    shell.send("kill %1; kill -CONT %1; sleep 1\n")
    shell.read_until("Terminated", seconds=20)
    shell.send("exit\n")
    assert owner.password not in shell.finish()


@pytest.mark.parametrize("typed, said", [("\x04", "Nothing was entered"),
                                         ("a" * 5000 + "\n", "too long")],
                         ids=["an end", "a line that is too long"])
def test_a_prompt_refuses(typed, said, stranger, owner):
    terminal = stranger.terminal("login", "--email", owner.email)
    terminal.read_until("Password:")
    terminal.send(typed)
    terminal.wait_for_echo(True)
    shown = terminal.finish(code=USAGE)
    assert said in shown and "aaaa" not in shown


def test_the_session_file_is_the_users_alone(stranger, owner):
    sign_in(stranger, owner)
    assert stat.S_IMODE(stranger.credentials.stat().st_mode) == 0o600
    assert stat.S_IMODE(stranger.config.stat().st_mode) == 0o700
    kept = stranger.credentials.read_text()
    assert owner.password not in kept
    assert list(json.loads(kept)["servers"]) == [stranger.url]


def test_a_session_goes_to_its_own_server_only(stranger, owner, new_server):
    sign_in(stranger, owner)
    other = new_server().start()
    error = stranger.with_variables(ONECLAW_BASE_URL=other.url).err("whoami", code=NOT_SIGNED_IN)
    assert "oneclaw login" in error
    stranger.run("whoami")


def test_wrong_password(stranger, owner):
    error = stranger.err("login", "--email", owner.email, "--password-stdin", stdin="not it at all",
                         code=NOT_SIGNED_IN)
    assert error.startswith("oneclaw: ")
    assert not stranger.credentials.exists()


def test_logout_ends_the_session_on_the_server_too(stranger, owner, api):
    sign_in(stranger, owner)
    token = json.loads(stranger.credentials.read_text())["servers"][stranger.url]["access_token"]
    stranger.run("logout")
    api.request("GET", "/v1/auth/me", 401, token=token)
    assert "oneclaw login" in stranger.err("whoami", code=NOT_SIGNED_IN)
    assert json.loads(stranger.credentials.read_text())["servers"] == {}


def age_session(cli):
    """Makes the kept access token look as good as expired."""
    kept = json.loads(cli.credentials.read_text())
    kept["servers"][cli.url]["expires_at"] = "2020-01-01T00:00:00Z"
    cli.credentials.write_text(json.dumps(kept))
    return kept["servers"][cli.url]


def test_a_session_refreshes_itself(stranger, owner):
    sign_in(stranger, owner)
    old = age_session(stranger)
    stranger.run("whoami")
    new = json.loads(stranger.credentials.read_text())["servers"][stranger.url]
    assert new["refresh_token"] != old["refresh_token"]
    assert stat.S_IMODE(stranger.credentials.stat().st_mode) == 0o600


def test_processes_that_race_to_refresh_all_succeed(stranger, owner):
    # A refresh token that is used twice ends its whole session: so just one of them may.
    sign_in(stranger, owner)
    for _ in range(3):
        age_session(stranger)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: stranger.run("whoami"), range(8)))
    stranger.run("whoami")


def test_a_refused_token_of_a_session_is_refreshed_once(stranger, owner):
    sign_in(stranger, owner)
    kept = json.loads(stranger.credentials.read_text())
    kept["servers"][stranger.url]["access_token"] += "x"
    stranger.credentials.write_text(json.dumps(kept))
    stranger.run("whoami")


def test_an_ended_session_says_so(stranger, owner):
    sign_in(stranger, owner)
    owner.request("POST", "/v1/auth/change-password", json={
        "current_password": owner.password, "new_password": "another long passphrase"})
    assert "oneclaw login" in stranger.err("whoami", code=NOT_SIGNED_IN)


def test_signup(stranger):
    stranger.run("signup", "--email", f"new-{time.time_ns()}@example.test", "--password-stdin",
                 stdin="a long passphrase\n")
    assert json.loads(stranger.out("whoami", "--json"))["email"].startswith("new-")


@pytest.mark.parametrize("variable", ["ONECLAW_API_KEY", "ONECLAW_AGENT_API_KEY"])
def test_agents_sign_in_with_their_key(stranger, owner, variable):
    agent = owner.agent("reader")
    as_agent = stranger.with_variables(**{variable: agent.key, "ONECLAW_AGENT_ID": agent.id})
    assert as_agent.json("whoami")["name"] == "reader"
    wrong = as_agent.with_variables(ONECLAW_AGENT_ID="00000000-0000-0000-0000-000000000000")
    assert "ONECLAW_" in wrong.err("whoami", code=NOT_SIGNED_IN)


def test_people_sign_in_with_a_personal_key(stranger, owner):
    key = owner.api_key()["api_key"]
    assert stranger.with_variables(ONECLAW_API_KEY=key).json("whoami")["email"] == owner.email


def test_device_login_and_mfa(stranger, owner, api):
    terminal = stranger.terminal("login")
    terminal.read_until("Email:")
    terminal.send(owner.email + "\n")
    shown = terminal.read_until("Waiting")
    code = re.search(r"confirm the code\s+(\S+)", shown).group(1)
    owner.request("POST", "/v1/auth/device/approve", 200, json={"user_code": code})
    assert "Signed in" in terminal.finish()
    assert stranger.json("whoami")["email"] == owner.email
    assert stranger.json("mfa", "status")["enabled"] is False

    terminal = stranger.terminal("mfa", "enable")
    shown = terminal.read_until("Code that it shows:")
    secret = re.search(r"type in the secret:\s+(\S+)", shown).group(1)
    terminal.send(totp(secret) + "\n")
    recovery = re.findall(r"(?m)^(\S{6,})\r$", terminal.finish().split("shown again:")[1])
    assert len(recovery) == 8 and stranger.json("mfa", "status")["enabled"] is True

    stranger.run("logout")
    terminal = stranger.terminal("login", "--email", owner.email)
    terminal.read_until("Password:")
    time.sleep(0.3)
    terminal.send(owner.password + "\n")
    terminal.read_until("recovery code):")
    terminal.send(recovery[0] + "\n")
    assert "Signed in" in terminal.finish()
    terminal = stranger.terminal("mfa", "disable")
    terminal.read_until("recovery code):")
    terminal.send(recovery[1] + "\n")
    terminal.finish()
    assert stranger.json("mfa", "status")["enabled"] is False


def test_a_denied_device_login(stranger, owner):
    terminal = stranger.terminal("login")
    terminal.read_until("Email:")
    terminal.send(owner.email + "\n")
    code = re.search(r"confirm the code\s+(\S+)", terminal.read_until("Waiting")).group(1)
    owner.request("POST", "/v1/auth/device/deny", 200, json={"user_code": code})
    assert "denied" in terminal.finish(code=NOT_SIGNED_IN)


# Vaults


def test_vaults(cli, owner):
    assert cli.out("vault", "list") == "none\n" or "NAME" in cli.out("vault", "list")
    vault = cli.json("vault", "create", "production", "--description", "the real thing")
    assert vault["name"] == "production"
    assert cli.json("vault", "get", "production")["id"] == vault["id"]
    assert "production" in cli.out("vault", "list")
    cli.run("vault", "link", "production")
    assert cli.out("config", "get", "default-vault").strip() == vault["id"]
    cli.run("secret", "set", "a", "v")
    cli.run("vault", "unlink")
    cli.run("vault", "create", "other")
    assert "oneclaw vault link" in cli.err("secret", "list", code=USAGE)
    cli.run("vault", "delete", "production", "--yes")
    cli.run("vault", "get", vault["id"], code=NOT_FOUND)


def test_the_only_vault_is_meant(cli, vault):
    cli.run("secret", "set", "a", "v")
    assert cli.out("secret", "get", "a") == "v"


def test_deleting_asks_first(in_vault, owner, vault):
    owner.put(vault, "a")
    terminal = in_vault.terminal("secret", "delete", "a")
    terminal.read_until("[y/N]")
    terminal.send("n\n")
    terminal.finish(code=FAILED)
    owner.get(vault, "a")
    terminal = in_vault.terminal("secret", "delete", "a")
    terminal.read_until("[y/N]")
    terminal.send("y\n")
    terminal.finish()
    owner.get(vault, "a", 410)
    assert "no terminal" in in_vault.err("secret", "delete", "a", code=USAGE)


# Secrets


def test_set_from_an_argument_a_pipe_a_file_and_a_prompt(in_vault, owner, vault, tmp_path):
    in_vault.run("secret", "set", "argument", "va lue")
    assert owner.value(vault, "argument") == "va lue"
    in_vault.run("secret", "set", "stdin", "--stdin", stdin="piped\n")
    assert owner.value(vault, "stdin") == "piped"
    in_vault.run("secret", "set", "piped", stdin="two\nlines\n")
    assert owner.value(vault, "piped") == "two\nlines"
    file = tmp_path / "value"
    file.write_text("to the byte\n")
    in_vault.run("secret", "set", "file", "--file", file)
    assert owner.value(vault, "file") == "to the byte\n"
    terminal = in_vault.terminal("secret", "set", "prompt")
    terminal.read_until("Value:")
    time.sleep(0.3)
    terminal.send("typed unseen\n")
    assert "typed unseen" not in terminal.finish()
    assert owner.value(vault, "prompt") == "typed unseen"


def test_set_from_an_empty_pipe_stores_nothing_unless_it_is_meant(in_vault, owner, vault):
    owner.put(vault, "a", "before")
    for arguments, stdin in (((), ""), ((), "\n"), (("--stdin",), "\r\n")):
        error = in_vault.err("secret", "set", "a", *arguments, stdin=stdin, code=USAGE)
        assert "nothing is stored" in error
        assert "oneclaw secret set a --stdin --allow-empty" in error
    assert owner.get(vault, "a")["version"] == 1
    for version, arguments in enumerate((("",), ("--value", ""), ("--allow-empty",),
                                         ("--stdin", "--allow-empty")), start=2):
        in_vault.run("secret", "set", "a", *arguments, stdin="")
        assert owner.get(vault, "a")["version"] == version
        assert owner.value(vault, "a") == ""
    in_vault.run("secret", "set", "a", "--allow-empty", stdin="piped\n")
    assert owner.value(vault, "a") == "piped"


def test_set_takes_all_that_the_api_takes(in_vault, owner, vault):
    in_vault.run("secret", "set", "a", "--value", "v", "--type", "password", "--metadata",
                 '{"k": [1]}', "--expires", "7d", "--max-reads", "3")
    secret = owner.get(vault, "a")
    assert secret["type"] == "password" and secret["metadata"] == {"k": [1]}
    assert secret["max_access_count"] == 3 and secret["expires_at"]


def test_bad_input_names_the_field(in_vault):
    error = in_vault.err("secret", "set", "a", "v", "--type", "nonsense", code=USAGE)
    assert error.startswith("oneclaw: type must be one of")
    in_vault.run("secret", "set", "a/../b", "v", code=USAGE)
    in_vault.run("secret", "set", "a", "v", "--expires", "soon", code=USAGE)
    in_vault.run("secret", "set", "a", stdin=b"\xff\xfe\x00", code=USAGE)
    in_vault.run("secret", "get", "a", code=NOT_FOUND)


def test_get_prints_the_bare_value_down_a_pipe(in_vault, owner, vault):
    for value in ("plain", "with a line\n", "", "grüße 🔐", "\x1b[31mred"):
        owner.put(vault, "a", value)
        assert in_vault.out("secret", "get", "a") == value
    assert in_vault.json("secret", "get", "a")["value"] == "\x1b[31mred"


def test_get_on_a_terminal_shows_the_secret(in_vault, owner, vault):
    owner.put(vault, "a", "the value", type="note")
    shown = in_vault.terminal("secret", "get", "a").finish()
    assert "the value\r\n" in shown and "note" in shown
    assert in_vault.terminal("secret", "get", "a", "-q").finish() == "the value\r\n"


def test_get_to_a_file(in_vault, owner, vault, tmp_path):
    owner.put(vault, "a", "the value")
    in_vault.run("secret", "get", "a", "--out", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "the value"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


def test_versions_and_references(cli, owner, vault):
    owner.put(vault, "db/password", "one")
    owner.put(vault, "db/password", "two")
    name = owner.request("GET", f"/v1/vaults/{vault}", 200)["name"]
    reference = f"oneclaw://{name}/db/password"
    assert cli.out("secret", "get", reference) == "two"
    assert cli.out("secret", "get", reference + "#1") == "one"
    assert cli.out("secret", "get", f"oneclaw://{vault}/db/password", "--version", 1) == "one"
    assert cli.json("secret", "describe", reference)["version"] == 2
    assert [v["version"] for v in cli.json("secret", "versions", reference)["versions"]] == [2, 1]
    assert "value" not in cli.out("secret", "describe", reference, "--json")
    cli.run("secret", "get", reference + "#0", code=USAGE)
    cli.run("secret", "get", f"oneclaw://{name}", code=USAGE)
    cli.run("secret", "get", "oneclaw://no-such/a", code=NOT_FOUND)


def test_rotate(in_vault, owner, vault):
    owner.put(vault, "a", "old value")
    in_vault.run("secret", "rotate", "a", "--length", "40", "--charset", "hex")
    assert re.fullmatch(r"[0-9a-f]{40}", owner.value(vault, "a"))
    assert in_vault.json("secret", "describe", "a")["version"] == 2


def test_lists_of_more_than_a_page_are_whole(in_vault, owner, vault):
    for i in range(1003):
        owner.put(vault, f"p/{i:04}", "v")
    owner.put(vault, "q", "v")
    rows = in_vault.out("secret", "list", "--prefix", "p/", "--output", "plain").splitlines()
    assert [row.split("\t")[0] for row in rows] == [f"p/{i:04}" for i in range(1003)]


def test_output_forms(in_vault, owner, vault):
    owner.put(vault, "a", "v", type="note")
    table = in_vault.out("secret", "list")
    assert table.splitlines()[0].split() == ["PATH", "TYPE", "VERSION", "CREATED", "EXPIRES"]
    assert "\x1b" not in table
    plain = in_vault.out("secret", "list", "-O", "plain").splitlines()
    assert plain[0].split("\t")[:3] == ["a", "note", "1"]
    assert in_vault.json("secret", "list")["secrets"][0]["path"] == "a"
    in_vault.run("secret", "list", "--output", "xml", code=USAGE)
    in_vault.run("config", "set", "output-format", "json")
    assert json.loads(in_vault.out("secret", "list"))


def test_colours_only_on_a_terminal_that_wants_them(in_vault, owner, vault):
    owner.put(vault, "a", "v")
    assert "\x1b[1m" in in_vault.terminal("secret", "list").finish()
    assert "\x1b" not in in_vault.with_variables(NO_COLOR="1").terminal("secret", "list").finish()
    assert "\x1b" not in in_vault.with_variables(TERM="dumb").terminal("secret", "list").finish()


def test_names_can_not_drive_the_terminal(cli):
    cli.run("vault", "create", "v", "--description", "\x1b]0;owned\x07 and more")
    assert "\x1b]0" not in cli.out("vault", "list")
    assert "owned" in cli.out("vault", "list")


# Exit codes and problems


def test_problems_go_to_standard_error_with_a_next_step(stranger, cli, server, owner, vault):
    done = stranger.run("vault", "list", code=NOT_SIGNED_IN)
    assert done.stdout == b"" and b"oneclaw login" in done.stderr
    agent = owner.agent()
    as_agent = stranger.with_variables(ONECLAW_AGENT_API_KEY=agent.key, ONECLAW_VAULT_ID=vault)
    done = as_agent.run("secret", "get", "a", code=NOT_ALLOWED)
    assert b"oneclaw policy create" in done.stderr
    assert b"oneclaw secret list" in cli.run("secret", "get", "a", code=NOT_FOUND).stderr
    cli.run("vault", "create", "twice")
    cli.run("vault", "create", "twice", code=CONFLICT)
    cli.run("no-such-command", code=USAGE)
    cli.run("secret", "get", code=USAGE)
    assert "oneclaw" in cli.out("--version") or re.match(r"\d", cli.out("--version"))
    assert "COMMAND" in cli.out("--help").upper()


def test_an_unreachable_server(cli, tmp_path):
    cli = cli.with_variables(ONECLAW_BASE_URL="http://127.0.0.1:9")
    error = cli.err("vault", "list", code=UNREACHABLE)
    assert "oneclaw doctor" in error and "127.0.0.1:9" in error
    assert "BAD server" in cli.out("doctor", code=FAILED)


class Answers(threading.Thread):
    """A server that gives each connection the next of some answers."""

    def __init__(self, *answers):
        super().__init__(daemon=True)
        import socket
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.answers = list(answers)
        self.requests = []
        self.start()

    def run(self):
        while self.answers:
            connection, _ = self.listener.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                self.requests.append(head)
                connection.sendall(self.answers.pop(0))


def answer(status, body=b"{}", *headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close",
             "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_busy_servers_are_asked_again_as_they_say(cli):
    server = Answers(answer(503, b"{}", "Retry-After: 1"), answer(200, b'{"vaults": []}'))
    began = time.monotonic()
    cli.with_variables(ONECLAW_BASE_URL=server.url).run("vault", "list")
    assert time.monotonic() - began >= 1 and len(server.requests) == 2


def test_what_is_not_idempotent_is_not_sent_again(cli):
    server = Answers(answer(503, b"{}", "Retry-After: 1"), answer(200))
    cli.with_variables(ONECLAW_BASE_URL=server.url).run("vault", "create", "v", code=UNREACHABLE)
    assert len(server.requests) == 1


def test_redirects_do_not_carry_a_token_away(cli):
    elsewhere = Answers(answer(200, b'{"vaults": []}'))
    server = Answers(answer(307, b"", "Location: " + elsewhere.url + "/v1/vaults"))
    cli.with_variables(ONECLAW_BASE_URL=server.url).run("vault", "list", code=UNREACHABLE)
    assert elsewhere.requests == []


def test_answers_that_are_no_json_are_told(cli):
    server = Answers(answer(200, b"<html>"), answer(200, b"[]"))
    cli = cli.with_variables(ONECLAW_BASE_URL=server.url)
    assert "API" in cli.err("vault", "list", code=UNREACHABLE)
    assert "API" in cli.err("secret", "list", code=FAILED)


def test_tls_is_verified(tmp_path, new_server):
    certificate = self_signed(tmp_path)
    cert, key = certificate.cert, certificate.key
    server = new_server({"tls": {"cert": str(cert), "key": str(key)}}).start()
    cli = Cli(tmp_path, server.url)
    error = cli.err("signup", "--email", "a@example.test", "--password-stdin",
                    stdin="a long passphrase", code=UNREACHABLE)
    assert "certificate" in error
    cli.with_variables(ONECLAW_CA_CERT=str(cert)).run(
        "signup", "--email", "a@example.test", "--password-stdin", stdin="a long passphrase")


# Environments


def test_env_run_injects_and_passes_the_exit_code_through(in_vault, owner, vault):
    owner.put(vault, "DATABASE_URL", "postgres://x")
    owner.put(vault, "db/pass-word", "p w")
    owner.put(vault, "bundle", "A_KEY=1\nexport B_KEY='two 2'\n", type="env_bundle")
    script = 'printf "%s|%s|%s|%s" "$DATABASE_URL" "$DB_PASS_WORD" "$A_KEY" "$B_KEY"; exit 42'
    done = in_vault.run("env", "run", "--", "sh", "-c", script, code=42)
    assert done.stdout == b"postgres://x|p w|1|two 2"
    assert done.stderr == b""


def test_env_run_takes_the_command_as_it_is(in_vault, owner, vault):
    arguments = ["[a,b]", "--", "--json", "-v", "", "a b", "%s"]
    done = in_vault.run("env", "run", "--", "python3", "-c",
                        "import sys, json; print(json.dumps(sys.argv[1:]))", *arguments)
    assert json.loads(done.stdout) == arguments


def test_env_run_prefix_cuts_folders_off_names(in_vault, owner, vault):
    owner.put(vault, "prod/api/key", "k")
    owner.put(vault, "dev/api/key", "other")
    assert in_vault.out("env", "run", "--prefix", "prod/", "--", "sh", "-c",
                        'printf "$API_KEY$DEV_API_KEY"') == "k"


def test_env_run_refuses_two_secrets_of_one_name(in_vault, owner, vault):
    owner.put(vault, "a/b", "1")
    owner.put(vault, "a-b", "2")
    error = in_vault.err("env", "run", "--", "true", code=CONFLICT)
    assert "a/b" in error and "a-b" in error and "A_B" in error


def test_env_run_keeps_credentials_from_the_command(in_vault):
    script = 'printf "${ONECLAW_TOKEN:-none}"'
    assert in_vault.out("env", "run", "--", "sh", "-c", script) == "none"
    kept = in_vault.out("env", "run", "--keep-credentials", "--", "sh", "-c", script)
    assert kept == in_vault.environment["ONECLAW_TOKEN"]


def test_env_run_missing_command(in_vault, tmp_path):
    in_vault.run("env", "run", "--", "no-such-program-here", code=127)
    (tmp_path / "data").write_text("x")
    in_vault.run("env", "run", "--", tmp_path / "data", code=126)
    in_vault.run("env", "run", code=USAGE)


def test_env_run_resolves_references(cli, owner, vault, tmp_path):
    owner.put(vault, "db/password", "s3cret")
    owner.put(vault, "other", "unused")
    cli = cli.with_variables(FROM_VARIABLE=f"oneclaw://{vault}/db/password")
    (tmp_path / ".env").write_text(f'URL="postgres://u:{{{{oneclaw://{vault}/db/password}}}}@h"\n'
                                   f"PLAIN=oneclaw://{vault}/db/password#1\n")
    out = cli.out("env", "run", "--references-only", "--env-file", tmp_path / ".env", "--", "sh",
                  "-c", 'printf "$URL $PLAIN $FROM_VARIABLE ${OTHER:-none}"')
    assert out == "postgres://u:s3cret@h s3cret s3cret none"


def test_env_run_passes_signals_and_the_terminal_through(in_vault, owner, vault):
    owner.put(vault, "KEY", "v")
    process = in_vault.popen("env", "run", "--", "sh", "-c",
                             'trap "echo got it; exit 7" TERM; echo ready; while :; do sleep 0.1; done',
                             stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == b"got it\n"
    process.stdout.close()
    assert process.wait(10) == 7
    process = in_vault.popen("env", "run", "--", "sh", "-c", "kill -9 $$")
    assert process.wait(20) == -9
    terminal = in_vault.terminal("env", "run", "--", "sh", "-c",
                                 'test -t 0 && test -t 1 && read x && echo "$KEY:$x"')
    terminal.send("typed\n")
    assert "v:typed" in terminal.finish()


def test_env_pull_and_push(in_vault, owner, vault, tmp_path):
    values = {"A": "plain", "B": "two\nlines", "C": "a \"quote\" and $HOME and \\ and 'x'",
              "D": "", "E": "# no comment", "F": " spaces "}
    for name, value in values.items():
        owner.put(vault, name, value)
    file = tmp_path / "out.env"
    in_vault.run("env", "pull", "--out", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(in_vault.out("env", "pull", "--format", "json")) == values
    shell = in_vault.out("env", "pull", "--format", "shell")
    dump = subprocess.run(["sh", "-c", shell + '\nprintf "%s|" "$A" "$B" "$C" "$D" "$E" "$F"'],
                          capture_output=True, check=True).stdout.decode()
    assert dump == "".join(value + "|" for value in values.values())
    other = owner.vault()
    in_vault.run("env", "push", file, "--vault", other)
    assert {path: owner.value(other, path) for path in owner.paths(other)} == values


def test_environments(in_vault, owner, vault, tmp_path):
    (tmp_path / ".env").write_text("URL=postgres://x\nKEY='k e y'\n")
    in_vault.run("env", "push", ".env", "--environment", "preview")
    assert owner.paths(vault) == []
    (tmp_path / ".env").write_text("KEY=changed\n")
    in_vault.run("env", "push", ".env", "-e", "preview")
    in_vault.run("env", "push", ".env", "-e", "preview", "--git-branch", "main")
    assert json.loads(in_vault.out("env", "pull", "-e", "preview", "--format", "json")) == {
        "URL": "postgres://x", "KEY": "changed"}
    assert in_vault.out("env", "run", "-e", "preview", "--", "sh", "-c",
                        'printf "$URL $KEY"') == "postgres://x changed"
    assert in_vault.out("env", "pull", "-e", "production") == ""
    in_vault.run("env", "pull", "-e", "no-such", code=USAGE)


def test_inject(cli, owner, vault, tmp_path):
    owner.put(vault, "db/user", "ann")
    owner.put(vault, "db/password", "p\"w")
    template = tmp_path / "template"
    template.write_text(f"user = oneclaw://{vault}/db/user\npass = '{{{{ oneclaw://{vault}/db/password }}}}'\n"
                        f"<a href=\"oneclaw://{vault}/db/user#1\">\nno {{braces}} here\n")
    expected = "user = ann\npass = 'p\"w'\n<a href=\"ann\">\nno {braces} here\n"
    assert cli.out("inject", "-i", template) == expected
    cli.run("inject", "-i", template, "-o", tmp_path / "out")
    assert (tmp_path / "out").read_text() == expected
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert cli.out("inject", "-i", "-", stdin="nothing to fill") == "nothing to fill"
    error = cli.err("inject", "-i", "-", stdin=f"x oneclaw://{vault}/missing y", code=NOT_FOUND)
    assert "missing" in error


def test_import_dotenv(in_vault, owner, vault, tmp_path):
    (tmp_path / ".env").write_text("# head\nA=1 # one\nexport B='two'\nC=\"x\\ny\"\n\nD=\"multi\nline\"\n")
    assert "store\tapp/A" in in_vault.out("import", ".env", "--prefix", "app/", "--dry-run")
    assert owner.paths(vault) == []
    in_vault.run("import", ".env", "--prefix", "app/")
    found = {path: owner.value(vault, path) for path in owner.paths(vault)}
    assert found == {"app/A": "1", "app/B": "two", "app/C": "x\ny", "app/D": "multi\nline"}
    (tmp_path / ".env").write_text("A=changed\n")
    assert "left 1" in in_vault.err("import", ".env", "--prefix", "app/")
    assert owner.value(vault, "app/A") == "1"
    in_vault.run("import", ".env", "--prefix", "app/", "--force")
    assert owner.value(vault, "app/A") == "changed"
    (tmp_path / "bad").write_text("A=1\nB='never closed\n")
    assert "Line 2" in in_vault.err("import", "bad", "--prefix", "bad/", code=USAGE)
    assert owner.paths(vault, prefix="bad/") == []


def test_import_json_and_vault_kv_exports(in_vault, owner, vault, tmp_path):
    def imported(name, document, *options):
        (tmp_path / name).write_text(json.dumps(document))
        in_vault.run("import", name, "--prefix", name + "/", *options)
        return {path.removeprefix(name + "/"): owner.value(vault, path)
                for path in owner.paths(vault, prefix=name + "/")}

    assert imported("plain", {"db": {"user": "u", "port": 5432, "tls": True, "none": None}}) == {
        "db/user": "u", "db/port": "5432", "db/tls": "true"}
    one = {"request_id": "r", "lease_duration": 0,
           "data": {"data": {"user": "u", "pass": "p"}, "metadata": {"version": 3}}}
    assert imported("v2", one) == {"user": "u", "pass": "p"}
    assert imported("v1", {"request_id": "r", "lease_duration": 1, "data": {"user": "u"}}) == {
        "user": "u"}
    assert imported("tree", {"secret/": {"app": one, "raw": {"k": "v"}}}) == {
        "secret/app/user": "u", "secret/app/pass": "p", "secret/raw/k": "v"}
    assert imported("data", {"data": {"k": "v"}}) == {"data/k": "v"}


def test_a_progress_bar_on_what_takes_over_a_second(in_vault, tmp_path):
    (tmp_path / "many.env").write_text("".join(f"V{i}=x\n" for i in range(150)))
    with SlowProxy(in_vault.url, seconds=0.02) as proxy:
        slow = in_vault.with_variables(ONECLAW_BASE_URL=proxy.url)
        shown = slow.terminal("import", "many.env").finish()
        assert re.search(r"Importing \[#+ *\] \d+/150", shown), shown[-500:]
        # Down a pipe there is none.
        assert "[#" not in slow.err("import", "many.env", "--force")


# Scanning


def test_scan_finds_stored_values_in_every_form(in_vault, owner, vault, tmp_path):
    import base64
    import urllib.parse
    value = 'pa+ss/w"ord-of the db'
    owner.put(vault, "db/password", value)
    owner.put(vault, "short", "1234")
    owner.put(vault, "once", "read me only once", max_access_count=1)
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "clean").write_text("1234 read me only once nothing\n")
    (tree / "raw").write_text("one\n  key: " + value + "\n")
    (tree / "sub" / "b64").write_text("x: " + base64.b64encode(b"a:" + value.encode()).decode())
    (tree / "url").write_text(urllib.parse.quote(value, safe=""))
    (tree / "js").write_text(json.dumps({"k": value}))
    done = in_vault.run("secret", "scan", tree, code=FOUND)
    name = owner.request("GET", f"/v1/vaults/{vault}", 200)["name"]
    found = done.stdout.decode().splitlines()
    assert f"{tree}/raw:2:8: secret oneclaw://{name}/db/password" in found
    assert {line.split(":")[0] for line in found} == {f"{tree}/{f}" for f in
                                                      ("raw", "sub/b64", "url", "js")}
    assert value not in done.stdout.decode() + done.stderr.decode()
    assert owner.value(vault, "once") == "read me only once"


KEYS = {
    "oneclaw agent key": "ocv_" + "aB3_-" * 8 + "abc",
    "AWS access key": "AKIA" + "ABCDEFGH23456723",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "Stripe secret key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "Google API key": "AIza" + "SyA1-_bcd" * 3 + "abcdefgh",
    "private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
}


def test_scan_finds_well_known_formats_without_a_server(stranger, tmp_path):
    offline = stranger.with_variables(ONECLAW_BASE_URL="http://127.0.0.1:9")
    for what, key in KEYS.items():
        (tmp_path / "file").write_text(f'let k = "{key}";\n')
        out = offline.out("secret", "scan", "--formats-only", "file", code=FOUND)
        assert out == f"file:1:10: {what}\n"
    (tmp_path / "file").write_text("xAKIAABCDEFGH23456723 AKIA short sk_live_x\neyJhbGci.b.c\n")
    offline.run("secret", "scan", "--formats-only", "file")


def test_scan_looks_at_a_git_diff_before_a_commit(in_vault, owner, vault, tmp_path):
    owner.put(vault, "token", "tok-of-the-service-42")
    repository = tmp_path / "repo"
    repository.mkdir()

    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.test", *arguments],
                       cwd=repository, check=True, capture_output=True)

    git("init", "-q")
    (repository / "old").write_text("tok-of-the-service-42 was always here\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    in_vault.run("secret", "scan", "--staged", cwd=repository)
    in_vault.run("secret", "scan", "--git-diff", cwd=repository)
    (repository / "new file").write_text("a\nb\nkey=tok-of-the-service-42\n")
    git("add", ".")
    out = in_vault.out("secret", "scan", "--staged", cwd=repository, code=FOUND)
    assert out.startswith("new file:3:5: secret oneclaw://")
    (repository / "old").write_text("x\ntok-of-the-service-42 was always here\n")
    git("commit", "-q", "-m", "second")
    in_vault.run("secret", "scan", "--staged", cwd=repository)
    in_vault.run("secret", "scan", "--git-diff", cwd=repository)
    (repository / "old").write_text("x\nAKIAABCDEFGH23456723\n")
    assert "AWS" in in_vault.out("secret", "scan", "--git-diff", cwd=repository, code=FOUND)
    in_vault.run("secret", "scan", "--staged", cwd=tmp_path, code=FAILED)


# Policies, agents, keys, audit


def test_agents_and_policies(in_vault, stranger, owner, vault):
    owner.put(vault, "db/password", "s3cret")
    owner.put(vault, "other", "x")
    created = in_vault.json("agent", "create", "deploy-bot", "--vault-ids", vault, "--token-ttl", 300)
    agent_id, key = created["agent"]["id"], created["api_key"]
    policy = in_vault.json("policy", "create", "--path", "db/**", "--agent", agent_id,
                           "--permissions", "read,write", "--expires", "1d")
    assert policy["permissions"] == ["read", "write"]
    as_agent = stranger.with_variables(ONECLAW_AGENT_API_KEY=key, ONECLAW_VAULT_ID=vault)
    assert as_agent.out("secret", "get", "db/password") == "s3cret"
    as_agent.run("secret", "get", "other", code=NOT_ALLOWED)
    token = as_agent.out("agent", "token").strip()
    assert stranger.with_variables(ONECLAW_TOKEN=token).json("whoami")["id"] == agent_id
    assert in_vault.json("agent", "get", "deploy-bot")["token_ttl_seconds"] == 300
    new_key = in_vault.out("agent", "rotate", "deploy-bot", "-q").strip()
    assert new_key.startswith("ocv_") and new_key != key
    as_agent.run("whoami", code=NOT_SIGNED_IN)
    in_vault.run("policy", "delete", policy["id"])
    assert in_vault.json("policy", "list")["policies"] == []
    in_vault.run("agent", "update", "deploy-bot", "--active", "false")
    assert in_vault.json("agent", "get", agent_id)["is_active"] is False
    in_vault.run("agent", "delete", "deploy-bot", "--yes")
    in_vault.run("agent", "get", agent_id, code=NOT_FOUND)


def test_bindings(in_vault, stranger, owner, vault):
    upstream = Upstream()
    try:
        agent = owner.agent("billing")
        owner.put(vault, "stripe/key", "sk-of-the-service")
        config = json.dumps({"allowed_private_ranges": ["127.0.0.0/8"]})
        made = in_vault.json("agent", "binding", "create", "billing", "--name", "stripe", "--url",
                             upstream.url, "--config", config, "--secret", "stripe/key")
        assert made["credential_path"] == "stripe/key"
        in_vault.run("agent", "binding", "create", "billing", "--name", "kept", "--url",
                     upstream.url, "--config", config, "--credential-stdin", stdin="kept key\n")
        assert "answers" in in_vault.out("agent", "binding", "test", "billing", "stripe")
        as_agent = stranger.with_variables(ONECLAW_AGENT_API_KEY=agent.key)
        out = as_agent.out("agent", "binding", "execute", agent.id, "stripe", "--params",
                           '{"path": "/v1/x"}')
        assert "Bearer [REDACTED]" in out and "sk-of-the-service" not in out
        as_agent.run("agent", "binding", "execute", agent.id, "kept")
        assert [seen[2].get("Authorization") for seen in upstream.seen] == [
            None, "Bearer sk-of-the-service", "Bearer kept key"]
        assert "/v1/x" in in_vault.out("agent", "binding", "executions", "billing")
        in_vault.run("agent", "binding", "delete", "billing", "stripe")
        assert [b["name"] for b in in_vault.json("agent", "binding", "list", "billing")["bindings"]
                ] == ["kept"]
        as_agent.run("agent", "binding", "execute", agent.id, "stripe", code=NOT_FOUND)
    finally:
        upstream.close()


def test_approvals(in_vault, stranger, owner, vault):
    owner.put(vault, "prod/key", "behind a person")
    agent = owner.agent()
    owner.policy(vault, agent, "prod/**", consensus_trigger={
        "conditions": [{"type": "always"}], "approval": {"min_approvals": 1}})
    as_agent = stranger.with_variables(ONECLAW_AGENT_API_KEY=agent.key, ONECLAW_VAULT_ID=vault)
    error = as_agent.err("secret", "get", "prod/key", code=NOT_ALLOWED)
    assert "oneclaw approval request" in error
    asked = as_agent.json("approval", "request", "secret.read", "prod/key", "--reason", "deploy")
    assert asked["status"] == "pending"
    assert asked["id"] in in_vault.out("approval", "list", "--status", "pending")
    in_vault.run("approval", "decide", asked["id"], "approve")
    assert as_agent.json("approval", "get", asked["id"])["status"] == "approved"
    assert as_agent.out("secret", "get", "prod/key") == "behind a person"
    in_vault.run("approval", "decide", asked["id"], "reject", code=CONFLICT)


def test_shares(in_vault, owner, vault):
    owner.put(vault, "db/password", "shared value")
    share = in_vault.json("share", "create", "db/password", "--link", "--expires", "1h",
                          "--max-reads", "2")
    assert share["recipient_type"] == "anyone_with_link" and share["share_url"]
    listed = in_vault.json("share", "list")["shares"]
    assert [item["secret_path"] for item in listed] == ["db/password"]
    assert in_vault.json("share", "list", "--inbound")["shares"] == []
    in_vault.run("share", "create", "db/password", code=USAGE)
    in_vault.run("share", "revoke", share["id"])


def test_org(cli, owner):
    members = cli.json("org", "members")["members"]
    assert [member["email"] for member in members] == [owner.email]
    cli.run("org", "role", owner.email, "nonsense", code=USAGE)
    cli.run("org", "remove", "nobody@example.test", "--yes", code=NOT_FOUND)


def test_keys(cli, stranger):
    key = cli.json("key", "create", "ci", "--scopes", "vaults:read", "--expires", "1d")
    scoped = stranger.with_variables(ONECLAW_API_KEY=key["api_key"])
    scoped.run("vault", "list")
    scoped.run("agent", "list", code=NOT_ALLOWED)
    assert cli.json("key", "list")["keys"][0]["name"] == "ci"
    cli.run("key", "delete", key["key"]["id"])
    scoped.run("vault", "list", code=NOT_SIGNED_IN)


def test_audit(in_vault, owner, vault):
    owner.put(vault, "a", "v")
    owner.get(vault, "a")
    rows = in_vault.out("audit", "list", "--action", "secret.read", "-O", "plain").splitlines()
    assert len(rows) == 1 and rows[0].split("\t")[1] == "secret.read"
    assert in_vault.out("audit", "verify").startswith("The chain holds")
    assert in_vault.json("audit", "verify")["chain_valid"] is True


def test_audit_verify_goes_over_a_long_chain(new_server, tmp_path):
    """Longer than the 10,000 events that one request checks."""
    server = new_server().start()
    owner = Api(server.url).signup()
    org = owner.me()["org_id"]
    server.stop()
    with opened(server) as database:
        lengthen(database, org, 25_000)
    with server:
        cli = Cli(tmp_path, server.url, ONECLAW_TOKEN=owner.token)
        shown = cli.out("audit", "verify")
        holds = re.match(r"The chain holds: (\d+) of (\d+) events fit.\n"
                         r"Its head: event (\d+), [0-9a-f]{64}\n$", shown)
        assert holds and len(set(holds.groups())) == 1 and int(holds[1]) > 25_000, shown
        assert cli.json("audit", "verify")["complete"] is True
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE audit_events SET actor_id = 'x' WHERE org_id = ? "
                             "AND sequence = 22222", (blob(org),))
        server.start()
        slow = cli.with_variables(ONECLAW_BASE_URL=server.url)
        broken = slow.out("audit", "verify", code=1)
        assert broken.startswith("THE CHAIN IS BROKEN: 22221 of "), broken


def test_audit_follow_shows_each_event_once(in_vault, owner, vault):
    process = in_vault.popen("audit", "list", "--follow", "--json", "--action", "secret.write",
                             stdout=subprocess.PIPE)
    try:
        time.sleep(1)
        paths = [f"p/{i}" for i in range(12)]
        for path in paths:
            owner.put(vault, path, "v")
            time.sleep(0.2)
        seen = [json.loads(process.stdout.readline())["details"]["path"] for _ in paths]
        assert seen == paths
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


# Settings, help


def test_config(stranger):
    stranger.run("config", "set", "api-url", "https://vault.example.test")
    assert stranger.out("config", "get", "api-url") == "https://vault.example.test\n"
    assert "default-vault" in stranger.out("config", "list")
    stranger.run("config", "set", "api-url", "ftp://x", code=USAGE)
    stranger.run("config", "set", "no-such", "x", code=USAGE)
    stranger.run("config", "set", "api-url", "")
    assert stranger.out("config", "get", "api-url") == "\n"


def test_doctor(stranger, owner):
    out = stranger.out("doctor", code=FAILED)
    assert "BAD credentials" in out and "ok  server" in out
    sign_in(stranger, owner)
    assert "BAD" not in stranger.out("doctor")
    stranger.credentials.chmod(0o644)
    assert "BAD credentials file" in stranger.out("doctor", code=FAILED)


@pytest.fixture
def on_path(stranger, tmp_path):
    """`oneclaw` is found by its name, and beside it lies a file."""
    links = tmp_path / "bin"
    links.mkdir()
    (links / "oneclaw").symlink_to(os.path.realpath(binary()))
    (tmp_path / "described.txt").write_text("")
    return stranger.with_variables(PATH=f"{links}:{os.environ['PATH']}", PS1="$ ")


INTERACTIVE = {"bash": (["bash", "--norc", "--noprofile", "-i"], ""),
               "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; ")}


@pytest.mark.parametrize("shell", sorted(INTERACTIVE))
def test_tab_completes(on_path, tmp_path, shell):
    """In a shell on a pseudo-terminal: what Tab made of the line is printed by an echo before it."""
    command, before = INTERACTIVE[shell]
    terminal = Terminal(command, on_path.environment, tmp_path)
    terminal.send(before + f"source <(oneclaw completion {shell}); echo rea''dy\n")
    terminal.read_until("ready")

    def line(typed):
        terminal.send(typed + "\t\x01echo '<' \x05 '>'\n")
        return terminal.read_until(" >\r\n").rsplit("< ", 1)[1].split(" >")[0].split()

    assert line("oneclaw sec") == ["oneclaw", "secret"]
    assert line("oneclaw secret desc") == ["oneclaw", "secret", "describe"]
    assert line("oneclaw secret set --ty") == ["oneclaw", "secret", "set", "--type"]
    assert line("oneclaw inject -i desc") == ["oneclaw", "inject", "-i", "described.txt"]
    terminal.send("exit\n")
    terminal.finish()


def test_fish_completes(on_path, tmp_path):
    def candidates(typed):
        script = f"oneclaw completion fish | source; complete -C '{typed}'"
        out = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, check=True,
                             env=on_path.environment, cwd=tmp_path, timeout=60)
        assert out.stderr == b"", out
        return [line.split("\t")[0] for line in out.stdout.decode().splitlines()]

    assert candidates("oneclaw sec") == ["secret"]
    assert candidates("oneclaw secret d") == ["delete", "describe"]
    assert candidates("oneclaw secret set --ty") == ["--type"]
    assert candidates("oneclaw inject -i desc") == ["described.txt"]


def test_a_wrong_command_line_says_what_there_is(stranger):
    for arguments, words in [
            (["vault", "use", "prod"], ["no command `oneclaw vault use`", "list", "create", "link"]),
            (["vault"], ["`oneclaw vault` needs a command", "There are: "]),
            (["frob"], ["no command `oneclaw frob`", "See: oneclaw --help"]),
            (["operator", "frob"], ["no command `oneclaw operator frob`", "unseal"]),
            (["secret", "get"], ["path is required.", "See: oneclaw secret get --help"]),
            (["secret", "list", "--no-such"], ["--no-such", "See: oneclaw secret list --help"])]:
        said = stranger.err(*arguments, code=USAGE)
        assert said.startswith("oneclaw: ") and all(word in said for word in words), said
        assert "__" not in said  # what is hidden stays so
    assert "oneclaw vault" in stranger.out("vault", "--help")


def test_an_error_is_said_once(in_vault):
    assert in_vault.err("secret", "set", "a//b", "x", code=USAGE).count("empty segment") == 1


def test_completion_knows_its_shells(stranger):
    stranger.run("completion", "tcsh", code=USAGE)


def test_docs_are_up_to_date(stranger):
    page = (REPOSITORY / "docs" / "cli.md").read_text()
    assert stranger.out("__docs") == page, "run packaging/cli-docs"
    assert stranger.out("__docs", "--man") == (REPOSITORY / "packaging" / "oneclaw.1").read_text()
    for command in ("login", "env run", "secret scan", "audit verify", "completion"):
        assert f"### oneclaw {command}\n" in page
