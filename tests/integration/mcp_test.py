"""The official MCP client drives both transports; its conformance suite runs where it applies."""
import json
import os
import subprocess
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from harness.cli import clean_environment
from harness.server import binary
from harness.times import in_seconds
from harness.upstream import Upstream

MODULES = os.environ.get("ONECLAW_MCP_MODULES")
pytestmark = pytest.mark.skipif(not MODULES, reason="ONECLAW_MCP_MODULES isn't set; ./test sets it")

TOOLS = {"list_secrets", "describe_secret", "get_secret", "put_secret", "delete_secret",
         "rotate_secret", "list_vaults", "create_vault", "grant_access", "share_secret",
         "request_approval", "audit_trail", "http_request"}


def node(*arguments, stdin=b"", code=0):
    done = subprocess.run(["node", *arguments], input=stdin, capture_output=True, timeout=120,
                          cwd=MODULES)
    assert code is None or done.returncode == code, (done.stdout, done.stderr)
    return done


class Driver:
    """A way to the server, as a caller."""

    def __init__(self, kind, server, home, token, vault=None):
        self.kind = kind
        headers = {"Authorization": f"Bearer {token}"}
        environment = {**clean_environment(home, server.url), "ONECLAW_TOKEN": token}
        if vault:
            headers["X-Vault-ID"] = environment["ONECLAW_VAULT_ID"] = vault
        if kind == "http":
            self.order = {"http": {"url": server.url + "/mcp", "headers": headers}}
        else:
            self.order = {"stdio": {"command": binary(), "args": ["mcp"], "env": environment}}

    def steps(self, *steps):
        order = json.dumps({**self.order, "steps": steps}).encode()
        return json.loads(node(str(Path(MODULES) / "drive.mjs"), stdin=order).stdout)

    def calls(self, *calls):
        """Results of (name, arguments) calls."""
        return self.steps(*({"do": "call", "name": name, "arguments": arguments}
                            for name, arguments in calls))["results"]

    def call(self, name, **arguments):
        return self.calls((name, arguments))[0]


def good(result):
    assert result.get("isError") is False, result
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    return result["structuredContent"]


def bad(result, status):
    assert result.get("isError") is True, result
    error = result["structuredContent"]["error"]
    assert error["status"] == status, result
    assert error["detail"] in result["content"][0]["text"]
    assert error["next_step"] and error["next_step"] in result["content"][0]["text"]
    return error


@pytest.fixture(params=["http", "stdio"])
def drive(request, server, tmp_path):
    def make(caller, vault=None):
        if caller.token is None:
            caller.sign_in()
        return Driver(request.param, server, tmp_path, caller.token, vault)
    make.kind = request.param
    return make


def test_the_handshake_and_the_tools(drive, owner):
    seen = drive(owner).steps({"do": "ping"}, {"do": "list"})
    assert seen["server"]["name"] == "oneclaw" and "list_secrets" in seen["instructions"]
    if drive.kind == "http":
        assert seen["protocol"] == "2025-11-25"
    tools = {tool["name"]: tool for tool in seen["results"][1]["tools"]}
    assert set(tools) == TOOLS | ({"run_command"} if drive.kind == "stdio" else set())
    for tool in tools.values():
        assert tool["description"] and tool["title"]
        assert tool["inputSchema"]["type"] == "object"
        assert tool["inputSchema"]["additionalProperties"] is False
        assert set(tool["inputSchema"].get("required", [])) <= set(tool["inputSchema"]["properties"])
        assert isinstance(tool["annotations"]["readOnlyHint"], bool)
    assert tools["get_secret"]["annotations"]["readOnlyHint"] is True
    assert tools["delete_secret"]["annotations"]["destructiveHint"] is True
    assert tools["http_request"]["annotations"]["openWorldHint"] is True


def test_the_life_of_a_secret(drive, owner, vault):
    results = drive(owner).calls(
        ("put_secret", {"path": "db/password", "value": "s3cret of the db", "type": "password",
                        "metadata": {"team": "core"}}),
        ("list_secrets", {"prefix": "db/"}),
        ("describe_secret", {"path": "db/password"}),
        ("get_secret", {"path": "db/password"}),
        ("put_secret", {"path": "db/password", "value": "the second"}),
        ("get_secret", {"path": "db/password", "version": 1}),
        ("delete_secret", {"path": "db/password"}),
        ("get_secret", {"path": "db/password"}))
    assert good(results[0])["version"] == 1
    assert [secret["path"] for secret in good(results[1])["secrets"]] == ["db/password"]
    described = good(results[2])
    assert described["metadata"] == {"team": "core"} and described["versions"] == 1
    for result in results[:3]:
        assert "s3cret of the db" not in json.dumps(result)
    assert good(results[3])["value"] == "s3cret of the db"
    assert good(results[5])["value"] == "s3cret of the db"
    assert good(results[6]) == {"deleted": True}
    bad(results[7], 410)
    # The very same pipeline: each call is an event of its own.
    actions = [event["action"] for event in owner.events(limit=100)["events"]]
    for action, count in [("secret.write", 2), ("secret.read", 3), ("secret.delete", 1),
                          ("secret.versions", 1)]:
        assert actions.count(action) == count, actions
    assert owner.verify()["chain_valid"] is True


def test_rotate_secret_does_not_show_the_new_value(drive, owner, vault):
    owner.put(vault, "db/password", "old value")
    result = drive(owner).call("rotate_secret", path="db/password", length=32)
    assert good(result)["version"] == 2
    value = owner.value(vault, "db/password")
    assert value != "old value" and len(value) == 32 and value not in json.dumps(result)


def test_request_approval(drive, owner, vault):
    owner.put(vault, "prod/key", "behind a person")
    agent = owner.agent()
    owner.policy(vault, agent, "prod/**", consensus_trigger={
        "conditions": [{"type": "always"}], "approval": {"min_approvals": 1}})
    as_agent = drive(agent, vault)
    refused, asked = as_agent.calls(
        ("get_secret", {"path": "prod/key"}),
        ("request_approval", {"action": "secret.read", "target_type": "secret",
                              "target_id": f"{vault}/prod/key", "reason": "deploy"}))
    assert "request_approval" in bad(refused, 403)["next_step"]
    approval = good(asked)
    assert approval["status"] == "pending"
    owner.request("POST", f"/v1/approvals/{approval['id']}/decide", 200, json={"decision": "approve"})
    assert good(as_agent.call("get_secret", path="prod/key"))["value"] == "behind a person"


def test_request_approval_says_why_not(drive, owner, vault):
    owner.put(vault, "prod/key", "v")
    owner.put(vault, "dev/key", "v")
    agent = owner.agent()
    owner.policy(vault, agent, "prod/**", consensus_trigger={
        "conditions": [{"type": "always"}], "approval": {"min_approvals": 1}})

    def ask(path, **more):
        return ("request_approval", {"action": "secret.read", "target_type": "secret",
                                     "target_id": f"{vault}/{path}", **more})
    as_agent = drive(agent, vault)
    results = as_agent.calls(
        ask("dev/key"), ask("prod/key", risk_tier=9), ask("prod/key", summary=[1]),
        ("request_approval", {}), ("request_approval", {**ask("")[1], "target_id": "nowhere"}),
        ("request_approval", {**ask("")[1], "target_id": f"{uuid.uuid4()}/a"}),
        ask("prod/key"), ask("prod/key", reason="once more"))
    refusal = bad(results[0], 403)
    assert "with request_approval" not in refusal["next_step"]  # that is what was just refused
    fields = [{error["field"] for error in bad(result, 400)["fields"]} for result in results[1:5]]
    assert fields == [{"risk_tier"}, {"summary"}, {"action", "target_type", "target_id"},
                      {"target_id"}]
    bad(results[5], 404)
    first, again = good(results[6]), good(results[7])
    assert first["id"] == again["id"] and again["reason"] == "once more"
    owner.request("POST", f"/v1/approvals/{first['id']}/decide", 200, json={"decision": "approve"})
    granted = bad(as_agent.call(*ask("prod/key")[:1], **ask("prod/key")[1]), 409)
    assert "get_secret" in granted["next_step"]
    # People don't ask: they decide.
    assert "don't ask" in bad(drive(owner, vault).call("request_approval", **ask("prod/key")[1]),
                              403)["next_step"]


def test_share_secret(drive, owner, vault, api):
    owner.put(vault, "db/password", "what is shared")
    agent = owner.agent()
    until = in_seconds(3600)
    results = drive(owner, vault).calls(
        ("share_secret", {"path": "db/password", "recipient_type": "anyone_with_link",
                          "expires_at": until, "max_access_count": 1, "passphrase": "open sesame"}),
        ("share_secret", {"path": "db/password", "recipient_type": "agent",
                          "recipient_id": agent.id, "expires_at": until}),
        ("share_secret", {"path": "db/password", "recipient_type": "external_email",
                          "expires_at": until}),
        ("share_secret", {"path": "db/password", "recipient_type": "anyone_with_link"}),
        ("share_secret", {"path": "db/password", "recipient_type": "anyone_with_link",
                          "expires_at": "tomorrow"}),
        ("share_secret", {"path": "missing", "recipient_type": "anyone_with_link",
                          "expires_at": until}))
    by_link = good(results[0])
    assert "what is shared" not in json.dumps(results) and "open sesame" not in json.dumps(results)
    link = f"/v1/share/{by_link['share_id']}"
    assert by_link["share_url"].endswith(f"/share/{by_link['share_id']}")
    api.request("GET", link, (401, 403))
    passphrase = {"X-Share-Passphrase": "open sesame"}
    assert api.request("GET", link, 200, headers=passphrase)["value"] == "what is shared"
    api.request("GET", link, 404, headers=passphrase)  # used up
    agent.sign_in()
    shared = agent.request("GET", f"/v1/share/{good(results[1])['id']}", 200)
    assert shared["value"] == "what is shared"
    assert [{error["field"] for error in bad(result, 400)["fields"]} for result in results[2:5]] == [
        {"email"}, {"expires_at"}, {"expires_at"}]
    bad(results[5], 404)
    # Being shown a secret is not to have it: who can't read it by a policy can't share it on.
    passed_on = drive(agent, vault).call("share_secret", path="db/password",
                                         recipient_type="anyone_with_link", expires_at=until)
    bad(passed_on, 403)


def test_agents_reach_what_a_policy_lets_them(drive, owner, vault):
    agent = owner.agent()
    owner.put(vault, "open/a", "may be read")
    owner.put(vault, "shut/a", "must not")
    grant = drive(owner).call("grant_access", vault=vault, principal_id=agent.id,
                              secret_path_pattern="open/**")
    assert good(grant)["permissions"] == ["read"]
    as_agent = drive(agent, vault)
    results = as_agent.calls(
        ("list_vaults", {}), ("list_secrets", {}), ("get_secret", {"path": "open/a"}),
        ("get_secret", {"path": "shut/a"}), ("put_secret", {"path": "open/a", "value": "mine now"}),
        ("create_vault", {"name": "mine"}), ("audit_trail", {}))
    assert [item["id"] for item in good(results[0])["vaults"]] == [vault]
    assert [item["path"] for item in good(results[1])["secrets"]] == ["open/a"]
    assert good(results[2])["value"] == "may be read"
    refusal = bad(results[3], 403)
    assert "policy" in refusal["next_step"]
    for result in results[4:]:
        bad(result, 403)
    denied = owner.events(actor_id=agent.id, limit=100)["events"]
    assert sum(event["details"].get("outcome") == "denied" for event in denied) >= 4
    assert owner.value(vault, "open/a") == "may be read"


def test_errors_say_what_to_do_next(drive, owner, vault):
    owner.vault()
    results = drive(owner).calls(
        ("get_secret", {"vault": vault, "path": "missing"}), ("get_secret", {"path": "x"}),
        ("get_secret", {}), ("get_secret", {"vault": vault, "path": "a//b"}),
        ("list_secrets", {"vault": "no such vault"}), ("list_secrets", {"limit": 0, "vault": vault}),
        ("put_secret", {"vault": vault, "path": "a", "value": 5}),
        ("get_secret", {"vault": vault, "path": "a", "verison": 1}),
        ("put_secret", {"vault": vault, "path": "a", "value": "v", "type": "nonsense"}),
        ("create_vault", {"name": "once"}), ("create_vault", {"name": "once"}),
        ("no_such_tool", {}))
    assert "list_secrets" in bad(results[0], 404)["next_step"]
    fields = [{error["field"] for error in bad(result, 400)["fields"]} for result in
              (results[1], results[2], results[3], results[5], results[6], results[7], results[8])]
    assert fields == [{"vault"}, {"path"}, {"path"}, {"limit"}, {"value"}, {"verison"}, {"type"}]
    bad(results[4], 404)
    good(results[9])
    bad(results[10], 409)
    assert results[11]["thrown"]["code"] == -32602


def test_http_request_uses_a_secret_without_showing_it(drive, owner, vault):
    upstream = Upstream()
    try:
        agent = owner.agent()
        owner.put(vault, "stripe/key", "sk-of-the-service-9")
        owner.request("POST", f"/v1/agents/{agent.id}/bindings", 201, json={
            "name": "stripe", "binding_type": "http",
            "config": {"base_url": upstream.url, "allowed_private_ranges": ["127.0.0.0/8"]},
            "credential_source": {"type": "vault_ref", "vault_id": vault, "path": "stripe/key"}})
        name = owner.request("GET", f"/v1/vaults/{vault}", 200)["name"]
        results = drive(agent, vault).calls(
            ("http_request", {"binding": "stripe", "path": "/v1/a", "method": "POST",
                              "json": {"amount": 5}}),
            ("http_request", {"secret": "stripe/key", "path": "/b"}),
            ("http_request", {"secret": f"oneclaw://{vault}/stripe/key", "path": "/c"}),
            ("http_request", {"secret": "other", "path": "/"}),
            ("http_request", {"binding": "stripe", "url": "https://evil.example/"}),
            ("http_request", {"path": "/"}),
            ("get_secret", {"path": "stripe/key"}))
        assert name
        for result, path in zip(results, ("/v1/a", "/b", "/c")):
            answer = good(result)["result"]
            assert json.loads(answer["body"])["path"] == path
            assert "sk-of-the-service-9" not in json.dumps(result)
        assert [seen[2]["Authorization"] for seen in upstream.seen] == ["Bearer sk-of-the-service-9"] * 3
        assert "stripe" in bad(results[3], 404)["detail"]
        bad(results[4], 403)
        bad(results[5], 400)
        bad(results[6], 403)
    finally:
        upstream.close()


def test_run_command_scrubs_what_it_prints(server, owner, vault, tmp_path):
    owner.put(vault, "token", "tok/of+the service")
    drive = Driver("stdio", server, tmp_path, owner.token, vault)
    script = ("import os, sys, base64, urllib.parse; t = os.environ['T'];"
              "print(t); print(base64.b64encode(t.encode()).decode()); print(t.encode().hex());"
              "print(urllib.parse.quote(t, safe='')); print('err', t, file=sys.stderr);"
              "print('ONECLAW_TOKEN' in os.environ, len(t)); print(sys.stdin.read()); sys.exit(3)")
    results = drive.calls(
        ("run_command", {"command": ["python3", "-c", script], "secrets": {"T": "token"},
                         "stdin": "typed"}),
        ("run_command", {"command": ["sh", "-c", "pwd; kill -9 $$"], "cwd": str(tmp_path)}),
        ("run_command", {"command": ["sh", "-c", "echo begun; sleep 60"], "timeout_seconds": 1}),
        ("run_command", {"command": ["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]}),
        ("run_command", {"command": ["no-such-program"]}),
        ("run_command", {"command": ["true"], "secrets": {"T": "missing"}}),
        ("run_command", {"command": []}))
    first = good(results[0])
    assert "tok/of" not in json.dumps(results[0]) and "tok%2Fof" not in json.dumps(results[0])
    lines = first["stdout"].splitlines()
    assert lines[0] == lines[2] == lines[3] == "[REDACTED]" and lines[1].startswith("[REDACTED]")
    assert lines[4] == "False 18" and lines[5] == "typed"
    assert first["stderr"] == "err [REDACTED]\n"
    assert first["exit_code"] == 3 and first["redactions_applied"] == 5
    second = good(results[1])
    assert second["exit_code"] == 128 + 9 and second["stdout"].strip() == str(tmp_path)
    third = good(results[2])
    assert third["timed_out"] is True and third["stdout"] == "begun\n"
    fourth = good(results[3])
    assert fourth["truncated"] is True and len(fourth["stdout"]) == 1 << 20
    bad(results[4], 400)
    bad(results[5], 404)
    bad(results[6], 400)


# HTTP alone


def post(server, token, body, **headers):
    return requests.post(server.url + "/mcp", data=body if isinstance(body, bytes) else
                         json.dumps(body).encode(), timeout=30, headers={
                             "Content-Type": "application/json",
                             "Accept": "application/json, text/event-stream",
                             **({"Authorization": f"Bearer {token}"} if token else {}), **headers})


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def test_a_token_is_asked_for_on_each_request(server, owner, tmp_path):
    answer = post(server, None, PING)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert post(server, "nonsense", PING).status_code == 401
    seen = Driver("http", server, tmp_path, "nonsense").steps({"do": "ping"})
    assert "failed" in seen
    assert post(server, owner.token, PING).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_the_transports_rules(server, owner):
    for origin, status in [("http://localhost:3000", 200), ("http://127.0.0.1", 200),
                           ("https://evil.example", 403), ("http://localhost.evil.example", 403),
                           ("null", 403)]:
        assert post(server, owner.token, PING, Origin=origin).status_code == status, origin
    for version, status in [("2025-11-25", 200), ("2025-03-26", 200), ("1999-01-01", 400)]:
        answer = post(server, owner.token, PING, **{"MCP-Protocol-Version": version})
        assert answer.status_code == status
    note = post(server, owner.token, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert note.status_code == 202 and note.content == b""
    for method in ("GET", "DELETE"):
        answer = requests.request(method, server.url + "/mcp", timeout=30, headers={
            "Authorization": f"Bearer {owner.token}", "Accept": "text/event-stream"})
        assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
    assert post(server, owner.token, PING).headers["Cache-Control"] == "no-store"


def test_json_rpc_errors(server, owner):
    def code(body):
        return post(server, owner.token, body).json()["error"]["code"]

    assert code(b"{") == -32700
    assert code({"id": 1, "method": "ping"}) == -32600
    assert code({"jsonrpc": "2.0", "id": 1}) == -32600
    assert code({"jsonrpc": "2.0", "id": 1, "method": "no/such"}) == -32601
    assert code({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}) == -32602
    assert code([]) == -32600
    both = post(server, owner.token, [PING, {**PING, "id": "two"}]).json()
    assert [answer["id"] for answer in both] == [1, "two"]


@pytest.mark.parametrize("asked, given", [("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05"),
                                          ("1.0", "2025-11-25")])
def test_versions_are_negotiated(server, owner, asked, given):
    answer = post(server, owner.token, {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}})
    assert answer.json()["result"]["protocolVersion"] == given


@pytest.fixture
def with_token(server, owner):
    """The suite brings no token: this adds one on the way."""
    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in
                       ("host", "connection", "content-length", "transfer-encoding")}
            headers["Authorization"] = f"Bearer {owner.token}"
            answer = requests.request(self.command, server.url + self.path, data=body or None,
                                      headers=headers, timeout=60)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Allow"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET = do_DELETE = pass_on

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_address[1]}/mcp"
    proxy.shutdown()
    proxy.server_close()


@pytest.mark.parametrize("scenario", ["server-initialize", "ping", "tools-list"])
def test_conformance(with_token, scenario):
    suite = Path(MODULES) / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    done = node(str(suite), "server", "--url", with_token, "--scenario", scenario, code=None)
    text = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, text
    assert "Failed: 0" in text or "0 failed" in text, text
