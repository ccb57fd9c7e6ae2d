"""Device authorization (RFC 8628)."""
import re
import time

import pytest

from harness.client import Api, Person, unique_email
from harness.database import opened
from harness.threads import run_together

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def start(api, email, expect=200, **more):
    return api.request("POST", "/v1/auth/device/code", expect,
                       json={"client_id": "oneclaw-cli", "email": email, **more})


def poll(api, code, expect=200):
    return api.request("POST", "/v1/auth/device/token", expect,
                       json={"device_code": code, "grant_type": GRANT})


def decide(person, user_code, verb="approve", expect=200):
    return person.request("POST", f"/v1/auth/device/{verb}", expect,
                          json={"user_code": user_code})


def age(server, seconds):
    """Lets device codes grow older."""
    server.stop()
    with opened(server) as database:
        for column in ("polled_at", "created_at", "expires_at"):
            database.execute(f"UPDATE device_codes SET {column} = {column} - ?",
                             (seconds * 10 ** 6,))
    server.start()


def test_a_device_signs_its_person_in(api, server, owner):
    code = start(api, owner.email.upper())
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code["user_code"])
    assert code["interval"] == 5 and code["expires_in"] == 600
    assert code["verification_uri"] == server.url + "/device"
    assert "text/html" in api.request("GET", "/device", 200).media_type
    assert poll(api, code["device_code"])["error"] == "authorization_pending"
    shown = api.request("GET", f"/v1/auth/device/code/{code['user_code']}", 200)
    assert shown["client_id"] == "oneclaw-cli" and shown["status"] == "pending"
    assert decide(owner, code["user_code"].lower().replace("-", ""))["status"] == "approved"
    time.sleep(5.1)
    answer = poll(api, code["device_code"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer["email"] == owner.email and answer["user_id"] == owner.id
    device = Person(api, answer, owner.email, owner.password)
    assert device.me()["org_id"] == answer["org_id"]
    api.refresh(answer["refresh_token"])
    # The code works once.
    assert poll(api, code["device_code"], 400).fields == {"device_code"}
    actions = {event["action"] for event in owner.events(limit=50)["events"]}
    assert {"auth.device_approve", "auth.device_token"} <= actions


def test_a_refused_device(api, owner):
    code = start(api, owner.email)
    assert decide(owner, code["user_code"], "deny")["status"] == "denied"
    assert poll(api, code["device_code"])["error"] == "access_denied"
    poll(api, code["device_code"], 400)
    decide(owner, code["user_code"], expect=404)


def test_polling_too_fast_slows_down(new_server):
    with new_server() as server:
        api = Api(server.url)
        code = start(api, unique_email())["device_code"]
        assert poll(api, code)["error"] == "authorization_pending"
        assert poll(api, code)["error"] == "slow_down"
        # Five seconds more from now on.
        age(server, 6)
        api.url = server.url
        assert poll(api, code)["error"] == "slow_down"
        age(server, 16)
        api.url = server.url
        assert poll(api, code)["error"] == "authorization_pending"


def test_codes_expire(new_server):
    with new_server() as server:
        api = Api(server.url)
        owner = api.signup()
        code = start(api, owner.email)
        age(server, 601)
        api.url = server.url
        decide(owner, code["user_code"], expect=404)
        api.request("GET", f"/v1/auth/device/code/{code['user_code']}", 404)
        assert poll(api, code["device_code"])["error"] == "expired_token"


def test_only_the_named_person_approves(api, owner, other):
    code = start(api, owner.email)
    decide(other, code["user_code"], expect=404)
    decide(other, code["user_code"], "deny", 404)
    owner.agent().request("POST", "/v1/auth/device/approve", 403,
                          json={"user_code": code["user_code"]})
    decide(owner.key_caller(), code["user_code"], expect=403)
    api.request("POST", "/v1/auth/device/approve", 401, json={"user_code": code["user_code"]})
    api.request("POST", "/v1/auth/device/deny", 401, json={"user_code": code["user_code"]})
    decide(owner, code["user_code"])
    decide(owner, code["user_code"], expect=409)
    decide(owner, code["user_code"], "deny", 409)


def test_the_answer_does_not_tell_whether_an_address_has_an_account(api, owner):
    known, unknown = start(api, owner.email), start(api, unique_email())
    assert set(known.body) == set(unknown.body)
    for answer in (known, unknown):
        assert poll(api, answer["device_code"])["error"] == "authorization_pending"


def test_one_token_for_many_polls_at_once(api, owner):
    code = start(api, owner.email)
    decide(owner, code["user_code"])
    answers = run_together(4, lambda i: poll(api, code["device_code"], (200, 400)))
    assert sum("access_token" in answer.body for answer in answers) == 1


def test_guessing_user_codes_backs_off(new_server):
    with new_server() as server:
        api = Api(server.url)
        owner = api.signup()
        code = start(api, owner.email)["user_code"]
        guesser = {"X-Forwarded-For": "203.0.113.9"}
        statuses = [api.request("GET", "/v1/auth/device/code/BBBB-BBBB", (404, 429),
                                headers=guesser).status for _ in range(7)]
        assert statuses[:5] == [404] * 5 and 429 in statuses[5:]
        answer = api.request("GET", f"/v1/auth/device/code/{code}", 429, headers=guesser)
        assert int(answer.headers["Retry-After"]) >= 1
        owner.at("203.0.113.9").request("POST", "/v1/auth/device/approve", 429,
                                        json={"user_code": code})
        # Other addresses are not held back.
        decide(owner, code)


@pytest.mark.parametrize("body, fields", [
    ({}, {"client_id", "email"}), ({"client_id": "", "email": "no address"},
                                   {"client_id", "email"}),
    ({"client_id": 1, "email": 1}, {"client_id", "email"})])
def test_bad_starts(api, body, fields):
    assert api.request("POST", "/v1/auth/device/code", 400, json=body).fields == fields


def test_bad_polls_and_decisions(api, owner):
    url = "/v1/auth/device/token"
    assert api.request("POST", url, 400, json={}).fields == {"device_code", "grant_type"}
    assert api.request("POST", url, 400, json={"device_code": "x", "grant_type": "password"}
                       ).fields == {"grant_type"}
    for code in ("x", "ocd_" + "A" * 43):
        assert poll(api, code, 400).fields == {"device_code"}
    assert owner.request("POST", "/v1/auth/device/approve", 400, json={}).fields == {"user_code"}


def test_one_client_begins_a_hundred_times(api):
    headers = {"X-Forwarded-For": "198.51.100.77"}
    body = {"client_id": "oneclaw-cli", "email": unique_email()}
    statuses = [api.request("POST", "/v1/auth/device/code", (200, 429), json=body,
                            headers=headers).status for _ in range(101)]
    assert statuses == [200] * 100 + [429]
