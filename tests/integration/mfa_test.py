"""The second factor: TOTP and recovery codes."""
import urllib.parse

import pytest

from harness import totp
from harness.client import PASSWORD, Api, Person
from harness.database import opened
from harness.threads import run_together

LENIENT = {"login": {"free_failures_per_account": 1000}}


def turn_on(person):
    """Turns the second factor on; the authenticator and the recovery codes."""
    setup = person.request("POST", "/v1/auth/mfa/setup", 200)
    app = totp.Authenticator(setup["secret"])
    answer = person.request("POST", "/v1/auth/mfa/verify-setup", 200, json={"code": app.fresh()})
    return app, answer["recovery_codes"]


def challenge(person):
    answer = person.api.login(person.email, person.password)
    assert set(answer.body) == {"mfa_required", "mfa_token"}
    assert answer["mfa_required"] is True
    return answer["mfa_token"]


def verify(api, token, code, expect=200):
    return api.request("POST", "/v1/auth/mfa/verify", expect,
                       json={"mfa_token": token, "code": code})


@pytest.fixture
def lenient(new_server):
    with new_server(LENIENT) as server:
        yield Api(server.url)


def test_log_in_with_a_code(api, owner):
    assert owner.request("GET", "/v1/auth/mfa/status", 200).body == {
        "enabled": False, "recovery_codes_left": 0}
    setup = owner.request("POST", "/v1/auth/mfa/setup", 200)
    assert setup.headers["Cache-Control"] == "no-store"
    uri = urllib.parse.urlparse(setup["otpauth_uri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert urllib.parse.unquote(uri.path) == f"/oneclaw:{owner.email}"
    assert urllib.parse.parse_qs(uri.query) == {
        "secret": [setup["secret"]], "issuer": ["oneclaw"], "algorithm": ["SHA1"],
        "digits": ["6"], "period": ["30"]}
    # Nothing changes before a code was shown.
    assert "access_token" in api.login(owner.email, PASSWORD).body
    app = totp.Authenticator(setup["secret"])
    answer = owner.request("POST", "/v1/auth/mfa/verify-setup", 200, json={"code": app.fresh()})
    assert len(set(answer["recovery_codes"])) == 8
    assert owner.me()["totp_enabled"] is True
    assert owner.request("GET", "/v1/auth/mfa/status", 200).body == {
        "enabled": True, "recovery_codes_left": 8}

    token = challenge(owner)
    issued = verify(api, token, app.fresh())
    assert Person(api, issued, owner.email, PASSWORD).me()["id"] == owner.id
    api.refresh(issued["refresh_token"])
    # A wrong password is answered as ever.
    api.login(owner.email, "wrong " + PASSWORD, 401)


def test_the_mfa_token_is_no_access_token(api, owner):
    turn_on(owner)
    token = challenge(owner)
    api.request("GET", "/v1/auth/me", 401, token=token)
    api.refresh(token, 401)


def test_a_code_works_once(api, owner):
    app, _ = turn_on(owner)
    code = app.fresh()
    verify(api, challenge(owner), code)
    verify(api, challenge(owner), code, 401)
    # Nor does the code that turned it on.
    verify(api, challenge(owner), totp.code(app.secret, app.used - 1), 401)


def test_a_code_works_once_in_a_race(lenient):
    owner = lenient.signup()
    app, _ = turn_on(owner)
    tokens = [challenge(owner) for _ in range(4)]
    code = app.fresh()
    answers = run_together(4, lambda i: verify(lenient, tokens[i], code, (200, 401)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


def test_an_mfa_token_works_once(api, owner):
    app, codes = turn_on(owner)
    token = challenge(owner)
    verify(api, token, codes[0])
    verify(api, token, codes[1], 401)
    verify(api, token, app.fresh(), 401)


def test_recovery_codes_work_once_each_as_people_type_them(api, owner):
    _, codes = turn_on(owner)
    verify(api, challenge(owner), codes[0])
    verify(api, challenge(owner), codes[0], 401)
    verify(api, challenge(owner), " " + codes[1].upper().replace("-", " "))
    assert owner.request("GET", "/v1/auth/mfa/status", 200)["recovery_codes_left"] == 6


def test_recovery_codes_are_one_person_s(api, owner, other):
    _, codes = turn_on(owner)
    turn_on(other)
    verify(api, challenge(other), codes[0], 401)
    assert owner.request("GET", "/v1/auth/mfa/status", 200)["recovery_codes_left"] == 8


def test_five_wrong_codes_end_an_mfa_token(lenient):
    owner = lenient.signup()
    app, _ = turn_on(owner)
    token = challenge(owner)
    for _ in range(5):
        verify(lenient, token, app.wrong(), 401)
    verify(lenient, token, app.fresh(), 401)
    verify(lenient, challenge(owner), app.fresh())


def test_guessing_backs_off_over_all_tokens(api, owner):
    app, _ = turn_on(owner)
    statuses = [verify(api, challenge(owner), app.wrong(), (401, 429)).status for _ in range(7)]
    assert statuses[:5] == [401] * 5 and 429 in statuses[5:]
    answer = verify(api, challenge(owner), app.fresh(), 429)
    assert int(answer.headers["Retry-After"]) >= 1


def test_an_mfa_token_lives_five_minutes(new_server):
    with new_server() as server:
        api = Api(server.url)
        owner = api.signup()
        app, _ = turn_on(owner)
        token = challenge(owner)
        server.stop()
        with opened(server) as database:
            life = database.execute(
                "SELECT expires_at - created_at FROM one_time_tokens").fetchall()
            assert life == [(300 * 10 ** 6,)]
            database.execute("UPDATE one_time_tokens SET expires_at = expires_at - 300000000")
        server.start()
        api.url = server.url
        verify(api, token, app.fresh(), 401)


def test_setting_up(api, owner):
    first = owner.request("POST", "/v1/auth/mfa/setup", 200)["secret"]
    second = owner.request("POST", "/v1/auth/mfa/setup", 200)["secret"]
    assert first != second
    code = totp.Authenticator(first).fresh()
    answer = owner.request("POST", "/v1/auth/mfa/verify-setup", 400, json={"code": code})
    assert answer.fields == {"code"}
    app = totp.Authenticator(second)
    owner.request("POST", "/v1/auth/mfa/verify-setup", 200, json={"code": app.fresh()})
    # A set-up cannot replace one that is on.
    owner.request("POST", "/v1/auth/mfa/setup", 409)
    owner.request("POST", "/v1/auth/mfa/verify-setup", 400, json={"code": app.fresh()})
    verify(api, challenge(owner), app.fresh())


def test_turning_it_off(api, owner):
    app, codes = turn_on(owner)
    pending = challenge(owner)
    url = "/v1/auth/mfa"
    assert owner.request("DELETE", url, 400, json={}).fields == {"code"}
    assert owner.request("DELETE", url, 400, json={"code": app.wrong()}).fields == {"code"}
    assert owner.request("DELETE", url, 400, json={"password": "wrong"}).fields == {"password"}
    assert owner.me()["totp_enabled"] is True
    owner.request("DELETE", url, 204, json={"code": app.fresh()})
    assert owner.me()["totp_enabled"] is False
    verify(api, pending, codes[0], 401)
    assert "access_token" in api.login(owner.email, PASSWORD).body
    owner.request("DELETE", url, 409, json={"code": codes[0]})
    # On and off again, by a recovery code, by the password and by the header.
    for more in ({"json": {"code": None}}, {"json": {"password": PASSWORD}},
                 {"json": {}, "headers": {"X-Auth-Confirm": PASSWORD}}):
        _, codes = turn_on(owner)
        if more["json"] == {"code": None}:
            more = {"json": {"code": codes[3]}}
        owner.request("DELETE", url, 204, **more)


def test_who_may(api, owner, vault):
    agent = owner.agent().sign_in()
    key = owner.key_caller()
    for method, tail, body in [("POST", "/setup", None), ("POST", "/verify-setup", {"code": "1"}),
                               ("DELETE", "", {"code": "1"})]:
        path = "/v1/auth/mfa" + tail
        api.request(method, path, 401, json=body)
        agent.request(method, path, 403, json=body)
        # A personal key can't change how its person signs in.
        key.request(method, path, 403, json=body)
    api.request("GET", "/v1/auth/mfa/status", 401)
    agent.request("GET", "/v1/auth/mfa/status", 403)
    key.request("GET", "/v1/auth/mfa/status", 200)
    owner.key_caller(scopes=["secrets:read"]).request("GET", "/v1/auth/mfa/status", 403)


def test_bad_input(api, owner):
    answer = api.request("POST", "/v1/auth/mfa/verify", 400, json={})
    assert answer.fields == {"code", "mfa_token"}
    answer = api.request("POST", "/v1/auth/mfa/verify", 400,
                         json={"code": 123456, "mfa_token": "x" * 1025})
    assert answer.fields == {"code", "mfa_token"}
    assert owner.request("POST", "/v1/auth/mfa/verify-setup", 400, json={}).fields == {"code"}
    for token in ("x", "ocm_" + "A" * 43):
        verify(api, token, "123456", 401)


def test_it_is_in_the_chain(api, owner):
    app, _ = turn_on(owner)
    verify(api, challenge(owner), app.wrong(), 401)
    verify(api, challenge(owner), app.fresh())
    actions = [event["action"] for event in owner.events(limit=50)["events"]]
    for action in ("mfa.setup", "mfa.enable", "auth.mfa_challenge", "auth.mfa_verify",
                   "auth.failure"):
        assert action in actions
    assert owner.verify()["chain_valid"] is True
