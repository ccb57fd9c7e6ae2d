"""Use of a credential without seeing it: bindings and executions."""
import base64
import json
import urllib.parse
import uuid

import pytest

from harness.upstream import Upstream

VALUE = 'sk/live+42 "quoted"\\é-of the service'
LOOPBACK = {"allowed_private_ranges": ["127.0.0.0/8"]}


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def agent(owner):
    return owner.agent()


def bind(owner, agent, upstream, expect=201, name="api", config=None, **more):
    more.setdefault("credential", VALUE)
    config = {"base_url": upstream.url, **LOOPBACK, **(config or {})}
    body = {"name": name, "binding_type": "http",
            "config": {key: value for key, value in config.items() if value is not None}, **more}
    return owner.request("POST", f"/v1/agents/{agent.id}/bindings", expect, json=body)


def execute(caller, agent, expect=200, binding="api", **params):
    return caller.request("POST", f"/v1/agents/{agent.id}/execute", expect,
                          json={"binding": binding, "intent_type": "http", "params": params})


def echo(answer):
    assert answer["status"] == "success", answer
    return json.loads(answer["result"]["body"])


# Bindings


def test_the_life_of_a_binding(owner, agent, upstream):
    made = bind(owner, agent, upstream)
    assert made["credential_set"] is True and made["credential_source_type"] == "inline"
    assert VALUE not in made.content.decode()
    url = f"/v1/agents/{agent.id}/bindings/{made['id']}"
    assert owner.request("GET", url, 200).body == made.body
    assert agent.request("GET", url, 200).body == made.body
    listed = agent.request("GET", f"/v1/agents/{agent.id}/bindings", 200)["bindings"]
    assert listed == [made.body]
    changed = owner.request("PATCH", url, 200, json={"is_active": False})
    assert changed["is_active"] is False and changed["config"] == made["config"]
    execute(agent, agent, 403, path="/a")
    owner.request("PATCH", url, 200, json={"is_active": True})
    execute(agent, agent, path="/a")
    owner.request("DELETE", url, 204)
    owner.request("GET", url, 404)
    execute(agent, agent, 404, path="/a")


def test_only_people_who_manage_the_agent_make_bindings(api, owner, other, agent, upstream):
    bind(agent, agent, upstream, 403)
    bind(other, agent, upstream, 404)
    made = bind(owner, agent, upstream)
    url = f"/v1/agents/{agent.id}/bindings"
    api.request("POST", url, 401, json={})
    for method, path, body in [("GET", url, None), ("GET", f"{url}/{made['id']}", None),
                               ("PATCH", f"{url}/{made['id']}", {}),
                               ("DELETE", f"{url}/{made['id']}", None),
                               ("POST", f"{url}/{made['id']}/test", {}),
                               ("POST", f"{url}/{made['id']}/rotate-credential", {"credential": "abcde"}),
                               ("GET", f"/v1/agents/{agent.id}/executions", None)]:
        other.request(method, path, 404, json=body)
        api.request(method, path, 401, json=body)
    execute(other, agent, 404, path="/")
    stranger = owner.agent("another")
    for path in (url, f"{url}/{made['id']}", f"/v1/agents/{agent.id}/executions"):
        stranger.request("GET", path, 403)
    execute(stranger, agent, 403, path="/")
    for method, path in [("PATCH", f"{url}/{made['id']}"), ("DELETE", f"{url}/{made['id']}"),
                         ("POST", f"{url}/{made['id']}/test"),
                         ("POST", f"{url}/{made['id']}/rotate-credential")]:
        agent.request(method, path, 403, json={})


@pytest.mark.parametrize("config, field", [
    ({"base_url": "ftp://x"}, "config.base_url"), ({"base_url": "https://u:p@x"}, "config.base_url"),
    ({"base_url": "https://x/?q"}, "config.base_url"), ({"base_url": ""}, "config.base_url"),
    ({"auth_type": "magic"}, "config.auth_type"), ({"auth_type": "header"}, "config.header_name"),
    ({"auth_type": "header", "header_name": "Host"}, "config.header_name"),
    ({"auth_type": "header", "header_name": "a b"}, "config.header_name"),
    ({"allowed_hosts": []}, "config.allowed_hosts"), ({"allowed_hosts": ["a/b"]}, "config.allowed_hosts[0]"),
    ({"allowed_hosts": ["a:x"]}, "config.allowed_hosts[0]"),
    ({"allowed_paths": ["v1"]}, "config.allowed_paths[0]"), ({"allowed_paths": ["/a*b"]}, "config.allowed_paths[0]"),
    ({"allowed_methods": ["get"]}, "config.allowed_methods[0]"),
    ({"allowed_private_ranges": ["10.0.0.1/8"]}, "config.allowed_private_ranges[0]"),
    ({"max_redirects": 6}, "config.max_redirects"), ({"timeout_ms": 0}, "config.timeout_ms"),
    ({"max_response_bytes": 2 ** 21}, "config.max_response_bytes"), ({"alowed_hosts": ["a"]}, "config.alowed_hosts"),
])
def test_bad_configs_name_the_field(owner, agent, upstream, config, field):
    assert bind(owner, agent, upstream, 400, config=config).fields == {field}
    assert owner.request("GET", f"/v1/agents/{agent.id}/bindings", 200)["bindings"] == []


def test_other_bad_input(owner, agent, upstream):
    assert bind(owner, agent, upstream, 400, name="").fields == {"name"}
    assert bind(owner, agent, upstream, 400, credential=None).fields == {"credential"}
    assert bind(owner, agent, upstream, 400, credential="abc").fields == {"credential"}
    assert bind(owner, agent, upstream, 400, guardrails={"max_spend": 1}).fields == {
        "guardrails.max_spend"}
    assert bind(owner, agent, upstream, 400, credential_source={"type": "inline"}).fields == {
        "credential_source"}
    owner_body = {"name": "x", "binding_type": "postgres", "config": {}}
    url = f"/v1/agents/{agent.id}/bindings"
    assert owner.request("POST", url, 400, json=owner_body).fields == {"binding_type"}
    bind(owner, agent, upstream)
    bind(owner, agent, upstream, 409)
    execute(agent, agent, 404, binding="other", path="/")
    assert execute(agent, agent, 400, path="no-slash").fields == {"params.path"}
    assert execute(agent, agent, 400, path="/", url=upstream.url).fields == {"params.url"}
    assert execute(agent, agent, 400, method="TRACE").fields == {"params.method"}
    assert execute(agent, agent, 400, verb="GET").fields == {"params.verb"}
    assert execute(agent, agent, 400, headers={"Host": "x"}).fields == {"params.headers.Host"}
    for name in ("authorization", "Accept-Encoding", "Range", "Content-Length", "Transfer-Encoding"):
        assert execute(agent, agent, 400, headers={name: "x"}).fields == {"params.headers." + name}
    assert execute(agent, agent, 400, headers={"A": "b\r\nC: d"}).fields == {"params.headers"}
    assert execute(agent, agent, 400, body="a", json={}).fields == {"params.json"}
    agent.request("POST", f"/v1/agents/{agent.id}/execute", 400,
                  json={"binding": "api", "intent_type": "graphql", "params": {}})
    assert upstream.seen == []
    assert agent.request("GET", f"/v1/agents/{agent.id}/executions", 200)["events"] == []


# Where the value goes


def test_bearer(owner, agent, upstream):
    bind(owner, agent, upstream, credential="tok-en.of~the_service")
    sent = execute(agent, agent, method="POST", path="/v1/x?a=1", query={"b": "c d"},
                   headers={"X-Trace": "t"}, json={"k": "v"})
    method, path, headers, body = upstream.seen[0]
    assert (method, path) == ("POST", "/v1/x?a=1&b=c%20d")
    assert headers["Authorization"] == "Bearer tok-en.of~the_service"
    assert headers["X-Trace"] == "t" and headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"k": "v"}
    assert echo(sent)["headers"]["Authorization"] == "Bearer [REDACTED]"
    assert sent["redactions_applied"] == 1 and sent["execution_surface"] == "vault"


def test_basic(owner, agent, upstream):
    bind(owner, agent, upstream, config={"auth_type": "basic"},
         credential={"username": "ann", "password": "pass of ann"})
    answer = execute(agent, agent, path="/")
    encoded = base64.b64encode(b"ann:pass of ann").decode()
    assert upstream.seen[0][2]["Authorization"] == "Basic " + encoded
    text = answer.content.decode()
    assert encoded not in text and "pass of ann" not in text


def test_header(owner, agent, upstream):
    bind(owner, agent, upstream, credential="key-12345\n",
         config={"auth_type": "header", "header_name": "X-Api-Key", "header_prefix": "v1 "})
    execute(agent, agent, path="/")
    assert upstream.seen[0][2]["X-Api-Key"] == "v1 key-12345"
    assert execute(agent, agent, 400, headers={"x-api-key": "mine"}).fields == {
        "params.headers.x-api-key"}


def test_template(owner, agent, upstream):
    bind(owner, agent, upstream, config={"auth_type": "template"})
    answer = execute(agent, agent, method="POST", json={"deep": [{"key": "a {{credential}} b"}]})
    assert json.loads(upstream.seen[0][3]) == {"deep": [{"key": f"a {VALUE} b"}]}
    assert "a [REDACTED] b" in echo(answer)["body"]
    execute(agent, agent, method="POST", body="k={{credential}}", headers={"X-K": "<{{credential}}>"})
    assert upstream.seen[1][3].decode() == "k=" + VALUE
    assert execute(agent, agent, 400, path="/").fields == {"params"}


def test_braces_mean_nothing_elsewhere(owner, agent, upstream):
    bind(owner, agent, upstream)
    execute(agent, agent, method="POST", body="k={{credential}}", headers={"X-K": "{{credential}}"})
    assert upstream.seen[0][3] == b"k={{credential}}"
    assert upstream.seen[0][2]["X-K"] == "{{credential}}"


def test_a_secret_of_a_vault_is_read_at_each_use(owner, agent, vault, upstream):
    owner.put(vault, "stripe/key", "first value")
    made = bind(owner, agent, upstream, credential=None, credential_source={
        "type": "vault_ref", "vault_id": vault, "path": "stripe/key"})
    assert made["credential_source_type"] == "vault_ref"
    assert (made["credential_vault_id"], made["credential_path"]) == (vault, "stripe/key")
    agent.get(vault, "stripe/key", 403)
    execute(agent, agent, path="/")
    assert upstream.seen[-1][2]["Authorization"] == "Bearer first value"
    owner.put(vault, "stripe/key", "second value")
    execute(agent, agent, path="/")
    assert upstream.seen[-1][2]["Authorization"] == "Bearer second value"
    uses = owner.events(action="secret.use")["events"]
    assert len(uses) == 2 and uses[0]["actor_id"] == agent.id
    assert uses[0]["details"]["path"] == "stripe/key"
    assert uses[0]["details"]["binding_id"] == made["id"]
    owner.delete(vault, "stripe/key")
    execute(agent, agent, 410, path="/")
    assert owner.verify()["chain_valid"] is True


def test_who_binds_a_secret_must_read_it_and_a_denial_holds(owner, other, agent, vault, upstream):
    owner.put(vault, "k", "the value of k")
    foreign = other.vault()
    other.put(foreign, "k", "of another org")
    source = {"type": "vault_ref", "vault_id": foreign, "path": "k"}
    assert bind(owner, agent, upstream, 400, credential=None, credential_source=source).fields == {
        "credential_source.vault_id"}
    source = {"type": "vault_ref", "vault_id": vault, "path": "k"}
    bind(owner, agent, upstream, credential=None, credential_source=source)
    execute(agent, agent, path="/")
    deny = owner.policy(vault, agent, "k", effect="deny")
    execute(agent, agent, 403, path="/")
    owner.request("DELETE", f"/v1/vaults/{vault}/policies/{deny['id']}", 204)
    bound = owner.agent("bound elsewhere", vault_ids=[owner.vault()])
    bind(owner, bound, upstream, credential=None, credential_source=source)
    execute(bound, bound, 403, path="/")
    assert len(upstream.seen) == 1


def test_rotating_an_inline_credential(owner, agent, upstream):
    made = bind(owner, agent, upstream)
    url = f"/v1/agents/{agent.id}/bindings/{made['id']}"
    owner.request("POST", url + "/rotate-credential", 200, json={"credential": {"value": "a new one"}})
    execute(agent, agent, path="/")
    assert upstream.seen[0][2]["Authorization"] == "Bearer a new one"
    assert owner.request("POST", url + "/rotate-credential", 400, json={}).fields == {"credential"}


def test_people_who_manage_the_agent_may_try(owner, agent, upstream):
    made = bind(owner, agent, upstream)
    execute(owner, agent, path="/")
    url = f"/v1/agents/{agent.id}/bindings/{made['id']}/test"
    probe = owner.request("POST", url, 200)
    assert probe["success"] is True
    assert upstream.seen[-1][0] == "HEAD" and "Authorization" not in upstream.seen[-1][2]
    upstream.close()
    assert owner.request("POST", url, 200)["success"] is False


def test_scopes(owner, upstream):
    narrowed = owner.agent("reader", scopes=["secrets:read"])
    bind(owner, narrowed, upstream)
    execute(narrowed, narrowed, 403, path="/")
    user = owner.agent("user", scopes=["bindings:write"])
    bind(owner, user, upstream)
    execute(user, user, path="/")


# What comes back


def test_no_encoding_of_the_value_comes_back(owner, agent, upstream):
    bind(owner, agent, upstream, config={"auth_type": "bearer"}, credential="tok/en+1=é of it")
    answer = execute(agent, agent, path="/encodings")
    text = answer.content.decode()
    raw = "tok/en+1=é of it"
    for form in (raw, raw.encode().hex(), raw.encode().hex().upper(), urllib.parse.quote(raw, safe=""),
                 urllib.parse.quote_plus(raw), json.dumps(raw)[1:-1],
                 base64.b64encode(raw.encode()).decode()[:20]):
        assert form not in text, form
    assert answer["result"]["body"].split("\n")[0] == "[REDACTED]"
    assert answer["result"]["headers"]["x-echo"] != raw
    assert answer["redactions_applied"] >= 11


def test_compressed_answers_are_decoded_before_they_are_scrubbed(owner, agent, upstream):
    bind(owner, agent, upstream)
    assert execute(agent, agent, path="/gzip")["result"]["body"] == "[REDACTED]" * 3


def test_answers_are_cut_at_their_limit_and_leave_no_piece(owner, agent, upstream):
    bind(owner, agent, upstream, credential="0123456789abcdef", config={"max_response_bytes": 1000})
    for size in (0, 500, 990, 995, 1000, 2000):
        answer = execute(agent, agent, path=f"/big?size={size}")
        assert answer["result"]["truncated"] is (size + 800 > 1000)
        body = answer["result"]["body"].replace("[REDACTED]", "")
        assert set(body) <= {"x"}, body[-40:]


def test_binary_answers_are_base64(owner, agent, upstream):
    bind(owner, agent, upstream)
    result = execute(agent, agent, path="/binary")["result"]
    assert base64.b64decode(result["body"]) == b"\xff\xfe[REDACTED]\x00"
    assert result["body_encoding"] == "base64"


def test_times_are_limited(owner, agent, upstream):
    bind(owner, agent, upstream, config={"timeout_ms": 700})
    answer = execute(agent, agent, path="/slow")
    assert answer["status"] == "error" and answer["result"] is None
    assert 600 <= answer["duration_ms"] < 10000
    assert VALUE not in answer["error"]


# Where it may go


def test_hosts_paths_and_methods(owner, agent, upstream):
    bind(owner, agent, upstream, config={"allowed_paths": ["/v1/*", "/exact"],
                                         "allowed_methods": ["GET", "POST"]},
         guardrails={"allowed_methods": ["GET"]})
    execute(agent, agent, path="/v1/a?x=/v2")
    execute(agent, agent, path="/exact")
    execute(agent, agent, url=upstream.url + "/v1/b")
    for path in ("/exact/below", "/v2", "/v1", "/v1/../v2", "/v1/%2e%2e/v2", "/v1/..%2fv2",
                 "/v1/a//b", "/v1/%5c..%5cv2"):
        execute(agent, agent, 403, path=path)
    execute(agent, agent, 403, method="POST", path="/v1/a")
    execute(agent, agent, 403, method="DELETE", path="/v1/a")
    for url in (f"http://localhost:{upstream.port}/v1/a", f"http://127.0.0.2:{upstream.port}/v1/a",
                "http://127.0.0.1:1/v1/a", f"http://evil.example:{upstream.port}/v1/a"):
        execute(agent, agent, 403, url=url)
    for url in (f"http://user@127.0.0.1:{upstream.port}/v1/a", "file:///etc/passwd",
                f"http://127.0.0.1:{upstream.port}\\@evil.example/v1/a", "gopher://127.0.0.1/v1/"):
        execute(agent, agent, (400, 403), url=url)
    assert len(upstream.seen) == 3
    events = agent.request("GET", f"/v1/agents/{agent.id}/executions", 200, params={"limit": 100})
    statuses = [event["status"] for event in events["events"]]
    assert statuses.count("success") == 3 and statuses.count("denied") == 14


def test_paths_stay_below_the_base_url(owner, agent, upstream):
    bind(owner, agent, upstream, config={"base_url": upstream.url + "/api"})
    execute(agent, agent, path="/x")
    assert upstream.seen[0][1] == "/api/x"
    for path in ("/../admin", "/%2e%2e/admin", "/..%2fadmin"):
        execute(agent, agent, 403, path=path)
    execute(agent, agent, 403, url=upstream.url + "/apiary")
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "127.1", "2130706433",
                                  "0x7f000001", "[::ffff:127.0.0.1]", "[::]"])
def test_private_addresses_are_not_reached(owner, agent, upstream, host):
    bind(owner, agent, upstream, config={"base_url": f"http://{host}:{upstream.port}",
                                         "allowed_private_ranges": None})
    answer = execute(agent, agent, (200, 403), path="/")
    assert answer.status == 403 or answer["status"] == "error"
    assert upstream.seen == []


def test_a_private_range_opens_that_range_alone(owner, agent, upstream):
    bind(owner, agent, upstream, config={"allowed_private_ranges": ["127.0.0.2/32"]})
    assert "address" in execute(agent, agent, 403, path="/")["detail"]
    bind(owner, agent, upstream, name="metadata", config={
        "base_url": "http://169.254.169.254", "allowed_private_ranges": ["127.0.0.0/8"]})
    execute(agent, agent, 403, binding="metadata", path="/latest/meta-data/")
    assert upstream.seen == []


def test_redirects_are_not_followed_unless_told_and_are_checked_again(owner, agent, upstream):
    elsewhere = Upstream()
    try:
        bind(owner, agent, upstream)
        answer = execute(agent, agent, path="/redirect?to=/landed")
        assert answer["result"]["status"] == 302 and len(upstream.seen) == 1
        bind(owner, agent, upstream, name="follows", config={"max_redirects": 2})
        answer = execute(agent, agent, binding="follows", path="/redirect?to=/landed")
        assert answer["result"]["redirects"] == 1 and echo(answer)["path"] == "/landed"
        for target in (elsewhere.url + "/x", f"http://localhost:{upstream.port}/x",
                       f"//127.0.0.2:{upstream.port}/x", "file:///etc/passwd"):
            answer = execute(agent, agent, (400, 403), binding="follows",
                             path="/redirect?to=" + urllib.parse.quote(target, safe=""))
        assert elsewhere.seen == []
        loop = urllib.parse.quote("/redirect?to=/redirect%3Fto%3D/redirect%253Fto%253D/x", safe="")
        answer = execute(agent, agent, binding="follows", path="/redirect?to=" + loop)
        assert answer["result"]["status"] == 302 and answer["result"]["redirects"] == 2
        answer = execute(agent, agent, binding="follows", method="POST", body="b",
                         path="/redirect?status=307&to=/landed")
        assert (echo(answer)["method"], echo(answer)["body"]) == ("POST", "b")
        answer = execute(agent, agent, binding="follows", method="POST", body="b",
                         path="/redirect?status=303&to=/landed")
        assert (echo(answer)["method"], echo(answer)["body"]) == ("GET", "")
    finally:
        elsewhere.close()


def test_requests_per_minute(owner, agent, upstream):
    bind(owner, agent, upstream, guardrails={"max_requests_per_minute": 2})
    execute(agent, agent, path="/")
    execute(agent, agent, path="/")
    refused = execute(agent, agent, 429, path="/")
    assert int(refused.headers["Retry-After"]) > 0
    assert len(upstream.seen) == 2


# What is kept


def test_everything_is_on_record_and_holds_no_value(owner, agent, upstream, server):
    value = "canary-" + uuid.uuid4().hex
    made = bind(owner, agent, upstream, credential=value)
    execute(agent, agent, path="/a?q=of+mine")
    execute(agent, agent, 403, url="http://evil.example/")
    events = agent.request("GET", f"/v1/agents/{agent.id}/executions", 200)["events"]
    assert [event["status"] for event in events] == ["denied", "success"]
    assert events[1]["request_summary"] == {"method": "GET", "host": "127.0.0.1", "path": "/a"}
    assert events[1]["result_summary"]["status"] == 200 and events[1]["binding_id"] == made["id"]
    runs = owner.events(action="execution.run")["events"]
    assert [run["details"]["status"] for run in runs] == ["denied", "success"]
    assert runs[0]["actor_id"] == agent.id
    assert {event["action"] for event in owner.events(limit=1000)["events"]} >= {"binding.create"}
    assert owner.verify()["chain_valid"] is True
    kept = server.log_text().encode() + b"".join(
        file.read_bytes() for file in server.data.rglob("*") if file.is_file())
    assert value.encode() not in kept
    assert base64.b64encode(value.encode()) not in kept


def test_a_deleted_agent_uses_nothing(owner, agent, upstream):
    bind(owner, agent, upstream)
    agent.sign_in()
    owner.request("DELETE", f"/v1/agents/{agent.id}", 204)
    execute(agent, agent, 401, path="/")
    execute(owner, agent, 404, path="/")
    assert upstream.seen == []
