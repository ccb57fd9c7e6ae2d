"""A password recovered without a mail server: the operator hands a link over."""
import re
import stat

from harness.client import PASSWORD, Api
from harness.operator import Operator
from mfa_test import turn_on

NEW = "a new password of some length"


def reset(api, token, expect=200):
    return api.request("POST", "/v1/auth/reset-password", expect,
                       json={"token": token, "new_password": NEW})


def test_the_operator_makes_a_link_that_works_once(new_server):
    server = new_server().start()
    api, operator = Api(server.url), Operator(server)
    owner = api.signup()
    link = operator.text("reset-password", owner.email.upper()).strip()
    assert re.fullmatch(re.escape(server.url) + r"/reset-password\?token=ocp_[\w-]{43}", link)
    assert "once" in operator.errors and "ocp_" not in operator.errors
    token = link.rsplit("=", 1)[1]
    assert token not in server.log_text()
    assert 'name="new_password"' in api.request("GET", link.removeprefix(server.url), 200).body
    reset(api, token)
    reset(api, token, 400)
    api.request("GET", "/v1/auth/me", 401, token=owner.token)
    api.login(owner.email, PASSWORD, 401)
    owner.token = api.login(owner.email, NEW)["access_token"]
    event, = owner.events(action="operator.reset_password")["events"]
    assert event["actor_type"] == "operator" and event["resource_id"] == owner.id
    assert event["details"]["reset_id"] and token not in str(owner.events(limit=100).body)
    assert owner.verify()["chain_valid"]
    socket = next(path for path in server.data.iterdir() if stat.S_ISSOCK(path.stat().st_mode))
    assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
    server.stop()


def test_a_second_factor_stays_on(new_server):
    with new_server() as server:
        api = Api(server.url)
        owner = api.signup()
        app, _ = turn_on(owner)
        reset(api, Operator(server).text("reset-password", owner.email).strip().rsplit("=", 1)[1])
        answer = api.login(owner.email, NEW)
        assert "access_token" not in answer.body and answer["mfa_token"]


def test_refusals(new_server):
    server = new_server({"keyring": "shamir:"}).start()
    operator = Operator(server)
    operator.run("reset-password", "a@example.com", code=1)
    assert "sealed" in operator.errors
    operator.unseal(*operator.shares(2, 2))
    assert operator.run("reset-password", "nobody@example.com", code=1) == b""
    assert "No account" in operator.errors
    operator.run("reset-password", "no address", code=1)
    assert "email" in operator.errors
    operator.run("reset-password", code=2)
    server.stop()
