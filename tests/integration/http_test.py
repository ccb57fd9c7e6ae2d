"""The HTTP edge: routing, limits, strictness, connections, TLS."""
import json
import ssl
import time
import uuid

import pytest

from harness.client import Api
from harness.raw_http import Connection, exchange, head, send_target
from harness.server import expect_refusal
from harness.tls import self_signed

SOME_ID = "0190a1b2-0000-7000-8000-000000000000"


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/vaults", "/v1/nothing", "/v1/vaults/",
                                  "/v1/auth", "/V1/health", "/v1/health/hsm/more",
                                  f"/v1/vaults/{SOME_ID}/nothing", "/.well-known/nothing"])
def test_an_unknown_route_is_404(owner, path):
    owner.request("GET", path, (400, 404) if path in ("/", "/v1/vaults/") else 404)


@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/v1/auth/signup", {"POST"}),
    ("PUT", "/v1/auth/token", {"POST", "DELETE"}),
    ("POST", "/v1/health", {"GET"}),
    ("PATCH", "/v1/vaults", {"GET", "POST"}),
    ("PUT", f"/v1/vaults/{SOME_ID}", {"GET", "DELETE"}),
    ("POST", f"/v1/vaults/{SOME_ID}/secrets/a/b/c", {"GET", "PUT", "DELETE"}),
    ("DELETE", f"/v1/vaults/{SOME_ID}/secret-versions/a/b", {"GET"}),
    ("GET", f"/v1/vaults/{SOME_ID}/policies/{SOME_ID}", {"PUT", "DELETE"}),
    ("DELETE", "/v1/audit/events", {"GET"}),
    ("BREW", "/v1/health", {"GET"}),
])
def test_a_wrong_method_is_405_and_names_the_right_ones(api, method, path, allowed):
    answer = api.request(method, path, 405)
    named = {name.strip() for name in answer.headers["Allow"].split(",")}
    assert named - {"HEAD", "OPTIONS"} == allowed


@pytest.mark.parametrize("tail", [
    "a%2fb", "a%2Fb", "a%00b", "..", "a/../b", "%2e%2e", "a/%2e%2E/b", ".", "a/./b", "a//b",
    "a/", "/a", "", "a%", "a%2", "a%zz", "a%ff", "a%c3%28", "a%ed%a0%80", "a%0ab", "a%7f", "a*b",
    "**", "a%3fb", "a%23b", "a%5bb", "a%5cb", "a%25b", "%20a", "a%20/b", "a/" * 32 + "b",
    "x" * 513,
])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_bad_secret_path_is_400(server, owner, vault, method, tail):
    body = b'{"value": "never stored"}' if method == "PUT" else None
    target = f"/v1/vaults/{vault}/secrets/{tail}"
    answer = send_target(server.port, method, target, owner.token, body)
    # Without a path the target is that of the list, with a slash too many.
    assert answer.status == 400 or (tail == "" and answer.status in (404, 405)), answer
    assert owner.paths(vault) == []


@pytest.mark.parametrize("target", ["/v1/vaults/%2e%2e", "/v1//vaults", "/v1/./vaults",
                                    "/v1/vaults?prefix=%zz", "/v1/vaults?a=%ff",
                                    "/v1/vaults?a=1&a=2", "v1/vaults", "/v1/vaults/%00"])
def test_a_bad_target_is_400(server, owner, target):
    assert send_target(server.port, "GET", target, owner.token).status == 400


@pytest.mark.parametrize("path, encoded", [
    ("plain", "pl%61in"), ("a b/c", "a%20b/c"), ("grüße/日本", "gr%C3%BC%C3%9Fe/%E6%97%A5%E6%9C%AC"),
    ("a+b", "a+b"), ("a.b/..c/d..", "a.b/..c/d.."), ("k=v;x,y:z@w!", "k=v;x,y:z@w!"),
    ("x" * 512, "x" * 512), ("/".join("d" * 32), "/".join("d" * 32)),
])
def test_good_secret_paths_decode(server, owner, vault, path, encoded):
    url = f"/v1/vaults/{vault}/secrets/{encoded}"
    put = send_target(server.port, "PUT", url, owner.token, b'{"value": "v"}')
    assert put.status == 201 and put["path"] == path
    assert send_target(server.port, "GET", url, owner.token)["path"] == path
    assert owner.paths(vault) == [path]


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b'{"name": "x"', b'{"name": "x"}}', b'{"name": "x"} trailing',
    b"{'name': 'x'}", b'{"name": }', b'{"name": "x",}', b'{name: "x"}', b"[]", b"null", b'"x"',
    b"7", b"true", b'{"name": "\xff"}', b'{"name": "\xc3("}', b'{"name": "\xed\xa0\x80"}',
    b'{"name": "\\ud800"}', b'{"name": "\\x"}', b'{"name": "a\x00b"}', b'{"name": "a\nb"}',
    b'\xef\xbb\xbf{"name": "x"}', b'{"name": "x", "description": ' + b"[" * 200 + b"]" * 200 + b"}",
    b'{"name": ' * 5000 + b"1" + b"}" * 5000, b'{"name": "x", "name": ["y"]}',
])
def test_broken_json_is_400_and_stores_nothing(owner, body):
    owner.request("POST", "/v1/vaults", 400, data=body)
    assert owner.vault_ids() == []


NOT_TEXT = [7, True, None, ["x"], {"x": "y"}, 1.5]
WRONG_TYPES = [
    ("POST", "/v1/auth/signup", {"email": "a@b.test", "password": "long enough"},
     {"email": [*NOT_TEXT, "", "x", "@b.test", "a@", "a b@c.test", "a@@b.test", "x" * 300 + "@b.test"],
      "password": [*NOT_TEXT, "", "seven77", "x" * 257]}),
    ("POST", "/v1/auth/token", {"email": "a@b.test", "password": "x"},
     {"email": NOT_TEXT, "password": NOT_TEXT}),
    ("POST", "/v1/auth/google", {"id_token": "x"}, {"id_token": NOT_TEXT}),
    ("POST", "/v1/auth/api-key-token", {"api_key": "x"}, {"api_key": NOT_TEXT}),
    ("POST", "/v1/auth/agent-token", {"api_key": "x", "agent_id": SOME_ID},
     {"api_key": NOT_TEXT, "agent_id": [7, True, ["x"], "not-a-uuid"]}),
    ("POST", "/v1/auth/refresh", {"refresh_token": "x"}, {"refresh_token": NOT_TEXT}),
    ("POST", "/v1/auth/change-password", {"current_password": "x", "new_password": "long enough"},
     {"current_password": NOT_TEXT, "new_password": [*NOT_TEXT, "short"]}),
    ("PATCH", "/v1/auth/me", {},
     {"display_name": [7, True, ["x"], "x" * 5000], "marketing_emails": ["yes", 1, []]}),
    ("POST", "/v1/auth/api-keys", {"name": "x"},
     {"name": [*NOT_TEXT, ""], "scopes": ["secrets:read", 7, {}, ["nonsense"], ["secrets:fly"]],
      "expires_at": [7, "tomorrow", "2020-01-01T00:00:00Z", "2999-13-01T00:00:00Z"]}),
    ("POST", "/v1/vaults", {"name": "x"},
     {"name": [*NOT_TEXT, "", "x" * 5000, "__agent-keys"], "description": [7, [], "x" * 50000]}),
    ("PUT", "/v1/vaults/{vault}/secrets/a", {"value": "x"},
     {"value": NOT_TEXT, "type": [7, [], "", "nonsense", "Generic"],
      "metadata": [7, "x", [], {"k": "x" * 50000}],
      "expires_at": [7, "soon", "2020-01-01T00:00:00Z"],
      "max_access_count": ["1", 0, -1, 1.5, True]}),
    ("POST", "/v1/agents", {"name": "x"},
     {"name": [*NOT_TEXT, ""], "description": [7, []], "auth_method": [7, "magic"],
      "scopes": ["x", 7, [7], [""], ["x y"]], "vault_ids": ["x", [7], ["x"], [SOME_ID]],
      "token_ttl_seconds": ["60", 0, -5, 59, 10**9, 1.5],
      "expires_at": [7, "soon", "2020-01-01T00:00:00Z"]}),
    ("PATCH", "/v1/agents/{agent}", {},
     {"name": [7, ""], "is_active": ["no", 0], "scopes": ["x", ["x y"]],
      "vault_ids": ["x", [SOME_ID]], "token_ttl_seconds": ["60", 0], "expires_at": [7, "soon"]}),
    ("POST", "/v1/vaults/{vault}/policies",
     {"secret_path_pattern": "**", "principal_type": "agent", "principal_id": "{agent}",
      "permissions": ["read"]},
     {"secret_path_pattern": [*NOT_TEXT, "", "/a", "a//b", "a/", "../b", "[a]", "a?"],
      "principal_type": [*NOT_TEXT, "robot", "Agent"], "principal_id": [*NOT_TEXT, "x", SOME_ID],
      "permissions": ["read", 7, None, [], [7], ["fly"], ["read", "read"]],
      "effect": [7, "maybe"], "priority": ["1", -1, 1.5],
      "conditions": [7, "x", [], {"unknown": 1}, {"ip_allowlist": "10.0.0.0/8"},
                     {"ip_allowlist": ["10.0.0.0/33"]}, {"time_window": {"after": "25:00"}},
                     {"time_window": {"after": "09:00", "before": "17:00",
                                      "timezone": "Mars/Base"}}],
      "expires_at": [7, "soon"]}),
    ("PUT", "/v1/vaults/{vault}/policies/{policy}", {},
     {"permissions": ["read", [], ["fly"]], "effect": ["maybe"], "priority": [-1, "1"],
      "conditions": [7, {"unknown": 1}], "expires_at": ["soon"]}),
]


@pytest.mark.parametrize("method, path, good, bad", WRONG_TYPES,
                         ids=[f"{row[0]} {row[1]}" for row in WRONG_TYPES])
def test_a_wrong_field_is_400_and_named(owner, vault, method, path, good, bad):
    agent = owner.agent()
    names = {"vault": vault, "agent": agent.id, "policy": owner.policy(vault, agent)["id"]}
    path = path.format(**names)
    good = {key: value.format(**names) if isinstance(value, str) else value
            for key, value in good.items()}
    before = {"policies": owner.request("GET", f"/v1/vaults/{vault}/policies").body,
              "vaults": sorted(owner.vault_ids()), "me": owner.me().body,
              "agents": owner.request("GET", "/v1/agents").body,
              "keys": owner.request("GET", "/v1/auth/api-keys").body}
    for field, values in bad.items():
        for value in values:
            answer = owner.request(method, path, json={**good, field: value})
            assert answer.status == 400, f"{field}={value!r}: {answer}"
            named = {name.split(".")[0].split("[")[0] for name in answer.fields}
            assert named == {field}, f"{field}={value!r}: {answer}"
    for field in [name for name in good if None in bad.get(name, [])]:
        rest = {name: value for name, value in good.items() if name != field}
        assert field in owner.request(method, path, 400, json=rest).fields
    assert owner.paths(vault) == []
    assert before == {"policies": owner.request("GET", f"/v1/vaults/{vault}/policies").body,
                      "vaults": sorted(owner.vault_ids()), "me": owner.me().body,
                      "agents": owner.request("GET", "/v1/agents").body,
                      "keys": owner.request("GET", "/v1/auth/api-keys").body}


def test_every_wrong_field_is_named_at_once(owner):
    answer = owner.request("POST", "/v1/agents", 400,
                           json={"name": 7, "description": [], "token_ttl_seconds": "x"})
    assert answer.fields == {"name", "description", "token_ttl_seconds"}


def test_unknown_fields_are_ignored(owner):
    owner.request("POST", "/v1/vaults", 201,
                  json={"name": "x", "mpc_custody": "none", "no_such_thing": {"a": [1]}})


@pytest.mark.parametrize("kind", ["vaults", "agents"])
def test_an_id_that_is_no_uuid_is_404(owner, kind):
    for name in ("x", "0190a1b2", SOME_ID + "0", "me2"):
        owner.request("GET", f"/v1/{kind}/{name}", 404)


def test_a_body_over_the_limit_is_413(server, owner, vault):
    limit = 1024 * 1024
    url = f"/v1/vaults/{vault}/secrets/big"
    padding = b'{"value": "x", "padding": "'
    exact = padding + b"y" * (limit - len(padding) - 2) + b'"}'
    assert len(exact) == limit
    owner.request("PUT", url, 201, data=exact)
    owner.request("PUT", url, 413, data=exact + b" ")
    lie = exchange(server.port, head("PUT", url, owner.token, Content_Length=10**10), "PUT", url)
    assert lie.status == 413
    assert owner.get(vault, "big")["version"] == 1


def test_a_chunked_body_counts_too(server, owner, vault):
    url = f"/v1/vaults/{vault}/secrets/chunked"
    start = head("PUT", url, owner.token, Transfer_Encoding="chunked")
    answer = exchange(server.port, start + b'a\r\n{"value": \r\n6\r\n"abc"}\r\n0\r\n\r\n', "PUT", url)
    assert answer.status == 201
    assert owner.value(vault, "chunked") == "abc"
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    with Connection(server.port) as connection:
        connection.send(start)
        try:
            for _ in range(20):
                connection.send(chunk)
        except OSError:
            pass
        assert connection.answer("PUT", url).status == 413


def test_a_header_over_the_limit_is_431(server):
    assert exchange(server.port, head("GET", "/v1/health", X_Fill="x" * 15000)).status == 200
    assert exchange(server.port, head("GET", "/v1/health", X_Fill="x" * 17000)).status == 431
    assert exchange(server.port, head("GET", "/v1/health?q=" + "x" * 17000)).status in (414, 431)


def test_limits_come_from_the_config(new_server):
    limits = {"header_bytes": 2048, "body_bytes": 2048}
    with new_server({"limits": limits}) as server:
        assert exchange(server.port, head("GET", "/v1/health", X_Fill="x" * 3000)).status == 431
        owner = Api(server.url).signup()
        owner.put(owner.vault(), "a", "x" * 1900)
        owner.request("POST", "/v1/vaults", 413, json={"name": "x" * 3000})


@pytest.mark.parametrize("data, status", [
    (b"GET /v1/health HTTP/1.1\r\n\r\n", {400}),
    (b"GET /v1/health HTTP/2.0\r\nHost: x\r\n\r\n", {400, 505}),
    (b"GET  /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /v1/health HTTP/1.1\r\nHost : x\r\n\r\n", {400}),
    (b"GET /v1/health HTTP/1.1\nHost: x\n\n", {400}),
    (b"GET /v1/health HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", {400}),
    (b"GET /v1/health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", {400}),
    (b"GET /v1/health HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", {400}),
    (b"POST /v1/vaults HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    (b"POST /v1/vaults HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}", {400}),
    (b"POST /v1/vaults HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     {400}),
    (b"POST /v1/vaults HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     {400, 501}),
    (b"POST /v1/vaults HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", {400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello", {400}),
])
def test_malformed_http_is_refused_and_the_connection_ends(server, data, status):
    with Connection(server.port) as connection:
        connection.send(data)
        assert connection.answer().status in status
        assert connection.is_closed()


def test_keep_alive_and_pipelining(server):
    with Connection(server.port) as connection:
        for name in ("first", "second"):
            connection.send(head("GET", "/v1/health", X_Request_Id=name))
            answer = connection.answer()
            assert answer.status == 200 and answer.headers["X-Request-Id"] == name
        names = [f"piped-{i}" for i in range(20)]
        paths = ["/v1/health" if i % 2 else "/v1/nothing" for i in range(20)]
        connection.send(b"".join(head("GET", path, X_Request_Id=name)
                                 for name, path in zip(names, paths)))
        for name, path in zip(names, paths):
            answer = connection.answer("GET", path)
            assert answer.headers["X-Request-Id"] == name
            assert answer.status == (200 if path == "/v1/health" else 404)
        connection.send(head("GET", "/v1/health", Connection="close"))
        assert connection.answer().status == 200
        assert connection.is_closed()


def test_pipelined_bodies_keep_their_order(server, owner, vault):
    data = b""
    urls = []
    for i in range(10):
        url = f"/v1/vaults/{vault}/secrets/p/{i}"
        body = json.dumps({"value": f"value {i}"}).encode()
        data += head("PUT", url, owner.token, Content_Length=len(body)) + body
        urls.append(url)
    with Connection(server.port) as connection:
        connection.send(data)
        for i, url in enumerate(urls):
            assert connection.answer("PUT", url)["path"] == f"p/{i}"
    assert [owner.value(vault, f"p/{i}") for i in range(10)] == [f"value {i}" for i in range(10)]


def test_a_body_may_wait_for_100_continue(server, owner):
    body = b'{"name": "waited"}'
    with Connection(server.port) as connection:
        connection.send(head("POST", "/v1/vaults", owner.token, Content_Length=len(body),
                             Expect="100-continue"))
        assert connection.answer("POST", "/v1/vaults").status == 100
        connection.send(body)
        assert connection.answer("POST", "/v1/vaults").status == 201


def test_request_ids(server, api):
    chosen = "my-request_1.a"
    headers = {"X-Request-Id": chosen}
    assert api.request("GET", "/v1/health", 200, headers=headers).headers["X-Request-Id"] == chosen
    for bad in ("x" * 65, "a b", 'a"b', "a=b"):
        given = api.request("GET", "/v1/health", 200, headers={"X-Request-Id": bad})
        assert given.headers["X-Request-Id"] != bad
    made = {api.request("GET", "/v1/health", 200).headers["X-Request-Id"] for _ in range(20)}
    assert len(made) == 20


def test_slow_and_idle_connections_are_ended(new_server):
    limits = {"request_seconds": 1, "idle_seconds": 2}
    with new_server({"limits": limits}) as server:
        with Connection(server.port) as silent, Connection(server.port) as slow_head, \
                Connection(server.port) as slow_body:
            slow_head.send(b"GET /v1/health HT")
            slow_body.send(b"POST /v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            assert slow_head.answer().status == 408
            assert slow_body.answer("POST", "/v1/auth/token").status == 408
            assert slow_head.is_closed() and slow_body.is_closed()
            assert silent.is_closed()


def test_connections_are_bounded(new_server):
    with new_server({"limits": {"connections": 3}}) as server:
        held = [Connection(server.port) for _ in range(3)]
        for connection in held:
            connection.send(head("GET", "/v1/health"))
            assert connection.answer().status == 200
        with Connection(server.port) as extra:
            assert extra.answer().status == 503
            assert extra.is_closed()
        held.pop().close()
        for _ in range(50):
            try:
                if exchange(server.port, head("GET", "/v1/health")).status == 200:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        else:
            raise AssertionError("a freed place is never given away")
        for connection in held:
            connection.close()


def test_the_rate_limit_is_for_each_address_and_comes_before_authentication(new_server):
    with new_server({"limits": {"requests_per_second_per_address": 5}}) as server:
        api = Api(server.url)
        answers = [api.request("GET", "/v1/vaults", headers={"X-Forwarded-For": "10.1.1.1"})
                   for _ in range(40)]
        assert {answer.status for answer in answers} == {401, 429}
        refused = next(answer for answer in answers if answer.status == 429)
        assert int(refused.headers["Retry-After"]) >= 1
        api.request("GET", "/v1/vaults", 401, headers={"X-Forwarded-For": "10.1.1.2"})
        time.sleep(int(refused.headers["Retry-After"]))
        api.request("GET", "/v1/vaults", 401, headers={"X-Forwarded-For": "10.1.1.1"})


def test_ip_rules_come_after_authentication_and_hold_on_public_routes(new_server):
    config = {"ip_allow": ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"],
              "ip_deny": ["10.6.6.0/24"]}
    with new_server(config) as server:
        owner = Api(server.url).signup()
        for good in ("10.1.2.3", "2001:db8::7", "::ffff:10.1.2.3"):
            owner.at(good).request("GET", "/v1/vaults", 200)
        for bad in ("10.6.6.1", "192.168.0.1", "2001:db9::7"):
            assert owner.at(bad).request("GET", "/v1/vaults", 403)
            owner.at(bad).with_token("nonsense").request("GET", "/v1/vaults", 401)
            owner.api.login(owner.email, owner.password, 403, headers={"X-Forwarded-For": bad})
        denied = owner.events(action="vault.list")["events"]
        assert {event["ip_address"] for event in denied
                if event["details"]["outcome"] == "denied"} == {"10.6.6.1", "192.168.0.1",
                                                                "2001:db9::7"}


def test_only_a_trusted_proxy_names_the_client(new_server):
    with new_server({"trusted_proxies": [], "ip_deny": ["10.0.0.0/8"]}) as server:
        owner = Api(server.url).signup()
        owner.at("10.1.2.3").request("GET", "/v1/vaults", 200)
        assert owner.events(action="vault.list")["events"][0]["ip_address"] == "127.0.0.1"
    with new_server({"trusted_proxies": ["127.0.0.1/32", "10.9.0.0/16"]}) as server:
        owner = Api(server.url).signup()
        owner.at("6.6.6.6, 8.8.8.8, 10.9.1.1").request("GET", "/v1/vaults", 200)
        assert owner.events(action="vault.list")["events"][0]["ip_address"] == "8.8.8.8"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("by", ["config", "flags"])
def test_tls(new_server, certificate, by):
    tls = {"cert": str(certificate.cert), "key": str(certificate.key)}
    server = new_server({"tls": tls} if by == "config" else {})
    if by == "flags":
        server.arguments = [*server.command()[2:], "--tls-cert", tls["cert"], "--tls-key", tls["key"]]
    with server:
        assert server.url.startswith("https://")
        owner = Api(server.url, verify=str(certificate.cert)).signup()
        vault = owner.vault()
        big = "x" * 500_000
        owner.put(vault, "over/tls", big)
        assert owner.value(vault, "over/tls") == big
        for version, works in [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                               (ssl.TLSVersion.TLSv1_3, True)]:
            assert certificate.handshake(server.port, version) is works, version
        with Connection(server.port) as plain:
            plain.send(head("GET", "/v1/health"))
            with pytest.raises((ConnectionError, ValueError, IndexError)):
                plain.answer()


def test_bad_tls_files_are_refused(new_server, certificate, tmp_path):
    another = self_signed(tmp_path)
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for cert, key in [(certificate.cert, another.key), (nonsense, certificate.key),
                      (certificate.cert, nonsense), ("/nonexistent.pem", certificate.key)]:
        expect_refusal(new_server({"tls": {"cert": str(cert), "key": str(key)}}))
    expect_refusal(new_server({"tls": {"cert": str(certificate.cert)}}))


def test_a_query_limit_out_of_bounds_is_400(owner, vault):
    for bad in ("0", "-1", "1001", "x", "1.5", "", "99999999999999999999"):
        assert "limit" in owner.list(vault, 400, limit=bad).fields
        assert "limit" in owner.events(400, limit=bad).fields
    for bad in ("x", "-1"):
        assert "offset" in owner.events(400, offset=bad).fields
    for bad in ("x", "2026-01-01", "2026-02-30T00:00:00Z"):
        assert "from" in owner.events(400, **{"from": bad}).fields
    owner.request("GET", f"/v1/vaults/{uuid.uuid4()}/secrets", 404)
