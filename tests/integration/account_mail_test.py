"""Addresses and passwords on a server that sends mail: proving, changing and recovering them."""
import re
import time

import pytest

from account_test import NEW, change, confirm, forgot, reset, signup_body
from harness.client import PASSWORD, Api, Person, unique_email
from harness.database import opened
from harness.mail import MailSink
from harness.server import Server
from harness.threads import run_together


@pytest.fixture(scope="module")
def sink():
    sink = MailSink()
    yield sink
    sink.close()


@pytest.fixture(scope="module")
def mailed(tmp_path_factory, sink, google):
    """A server that sends mail."""
    config = {**sink.config(), "google": google.config()}
    with Server(tmp_path_factory.mktemp("mailed"), config) as server:
        yield server


@pytest.fixture
def mail_api(mailed):
    return Api(mailed.url)


def sign_up(api, sink, email=None, password=PASSWORD):
    """A person whose address is proven by the link of the email."""
    email = email or unique_email()
    before = len(sink.to(email))
    answer = api.request("POST", "/v1/auth/signup", 200,
                         json={"email": email, "password": password})
    assert set(answer.body) == {"message", "email"}
    token = sink.wait(email, before + 1).token
    issued = api.request("POST", "/v1/auth/verify-email", 200, json={"token": token})
    return Person(api, issued, email, password)


@pytest.fixture
def person(mail_api, sink):
    return sign_up(mail_api, sink)


def test_an_account_is_made_when_its_address_is_proven(mail_api, sink):
    email = unique_email()
    mail_api.request("POST", "/v1/auth/signup", 200, json=signup_body(email))
    # Until then there is none.
    mail_api.login(email, PASSWORD, 401)
    mail = sink.wait(email)
    assert mail.link.startswith(mail_api.url + "/verify-email?token=")
    # Opening the link changes nothing; its button does.
    page = mail_api.request("GET", mail.link[len(mail_api.url):], 200)
    assert "<form" in page.body and mail.token in page.body
    mail_api.login(email, PASSWORD, 401)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    mail_api.request("POST", "/verify-email", 200, headers=form,
                     data=f"token={mail.token}".encode())
    person = Person(mail_api, mail_api.login(email, PASSWORD), email, PASSWORD)
    me = person.me()
    assert me["email_verified"] is True and me["role"] == "owner"
    # The link works once.
    answer = mail_api.request("POST", "/v1/auth/verify-email", 400, json={"token": mail.token})
    assert answer.fields == {"token"}
    page = mail_api.request("POST", "/verify-email", 400, headers=form,
                            data=f"token={mail.token}".encode())
    assert "did not work" in page.body


def test_a_taken_address_is_answered_alike_and_told_by_email(mail_api, sink, person):
    fresh = mail_api.request("POST", "/v1/auth/signup", 200, json=signup_body(unique_email()))
    taken = mail_api.request("POST", "/v1/auth/signup", 200,
                             json=signup_body(person.email, "another password"))
    assert set(fresh.body) == set(taken.body) and fresh["message"] == taken["message"]
    mail = sink.wait(person.email, 2)
    assert mail.subject == "You have an account already" and "http" not in mail.text
    person.sign_in()
    mail_api.login(person.email, "another password", 401)


def test_nobody_squats_an_address(mail_api, sink):
    """The one whose link is opened gets the account, with their own password."""
    email = unique_email()
    mail_api.request("POST", "/v1/auth/signup", 200, json=signup_body(email, "the squatter's"))
    first = sink.wait(email).token
    mail_api.request("POST", "/v1/auth/signup", 200, json=signup_body(email, "the owner's own"))
    second = sink.wait(email, 2).token
    mail_api.request("POST", "/v1/auth/verify-email", 200, json={"token": second})
    mail_api.login(email, "the squatter's", 401)
    mail_api.login(email, "the owner's own")
    mail_api.request("POST", "/v1/auth/verify-email", 400, json={"token": first})


def test_sign_ups_of_one_address_are_bounded(mail_api, sink):
    email = unique_email()
    for _ in range(5):
        mail_api.request("POST", "/v1/auth/signup", 200, json=signup_body(email))
    answer = mail_api.request("POST", "/v1/auth/signup", 429, json=signup_body(email))
    assert int(answer.headers["Retry-After"]) >= 1


def test_bad_verifications(mail_api):
    assert mail_api.request("POST", "/v1/auth/verify-email", 400, json={}).fields == {"token"}
    for token in ("x", "ocs_" + "A" * 43, "ocp_" + "A" * 43):
        answer = mail_api.request("POST", "/v1/auth/verify-email", 400, json={"token": token})
        assert answer.fields == {"token"}


def test_one_account_of_many_clicks_at_once(mail_api, sink):
    email = unique_email()
    mail_api.request("POST", "/v1/auth/signup", 200, json=signup_body(email))
    token = sink.wait(email).token
    answers = run_together(4, lambda i: mail_api.request(
        "POST", "/v1/auth/verify-email", (200, 400), json={"token": token}))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]


# Forgotten passwords


def test_a_forgotten_password(mail_api, sink, person):
    first = person.sign_in()
    key = person.api_key()["api_key"]
    by_key = mail_api.key_token(key)["access_token"]
    forgot(mail_api, person.email)
    mail = sink.wait(person.email, 3)  # after those of the sign-up and the key
    assert mail.subject == "Reset your password"
    assert mail.link.startswith(mail_api.url + "/reset-password?token=")
    reset(mail_api, mail.token)
    # Every session is over; the refresh families too.
    first.request("GET", "/v1/auth/me", 401)
    person.request("GET", "/v1/auth/me", 401)
    mail_api.request("GET", "/v1/auth/me", 401, token=by_key)
    mail_api.refresh(first.refresh_token, 401)
    mail_api.refresh(person.refresh_token, 401)
    mail_api.login(person.email, PASSWORD, 401)
    mail_api.login(person.email, NEW)
    assert sink.wait(person.email, 4).subject == "Your password was changed"
    # It works once.
    assert reset(mail_api, mail.token, expect=400).fields == {"token"}


def test_the_page_of_a_reset(mail_api, sink, person):
    forgot(mail_api, person.email)
    token = sink.wait(person.email, 2).token
    page = mail_api.request("GET", f"/reset-password?token={token}", 200)
    assert 'name="new_password"' in page.body
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    short = mail_api.request("POST", "/reset-password", 400, headers=form,
                             data=f"token={token}&new_password=short".encode())
    assert "8 to 256" in short.body
    mail_api.request("POST", "/reset-password", 200, headers=form,
                     data=f"token={token}&new_password=gr%C3%BCne+Wiese%21".encode())
    mail_api.login(person.email, "grüne Wiese!")
    mail_api.request("POST", "/reset-password", 400, headers=form, data=b"new_password=%zz")


def test_the_answer_does_not_tell_whether_an_address_has_an_account(mail_api, sink, google, person):
    unknown = unique_email()
    answers = [forgot(mail_api, email).body for email in (person.email, unknown)]
    token = google.id_token(email=unique_email())
    mail_api.request("POST", "/v1/auth/google", 200, json={"id_token": token})
    assert answers[0] == answers[1] == {"status": "email_sent", "message": answers[0]["message"]}
    sink.wait(person.email, 2)
    time.sleep(0.5)
    assert sink.to(unknown) == []


def test_an_account_without_a_password_is_told_so(mail_api, sink, google):
    email = unique_email()
    mail_api.request("POST", "/v1/auth/google", 200, json={"id_token": google.id_token(email=email)})
    forgot(mail_api, email)
    mail = sink.wait(email)
    assert mail.subject == "Your account has no password" and "http" not in mail.text


def test_asking_is_bounded(mail_api):
    email = unique_email()
    for _ in range(5):
        forgot(mail_api, email)
    assert int(forgot(mail_api, email, 429).headers["Retry-After"]) >= 1


def test_a_reset_lives_an_hour(new_server, sink):
    with new_server(sink.config()) as server:
        api = Api(server.url)
        person = sign_up(api, sink)
        forgot(api, person.email)
        token = sink.wait(person.email, 2).token
        server.stop()
        with opened(server) as database:
            rows = database.execute("SELECT expires_at - created_at FROM one_time_tokens")
            assert rows.fetchall() == [(3600 * 10 ** 6,)]
            database.execute("UPDATE one_time_tokens SET expires_at = expires_at - 3600000000")
        server.start()
        api.url = server.url
        assert reset(api, token, expect=400).fields == {"token"}
        api.login(person.email, PASSWORD)


def test_one_reset_of_many_at_once(mail_api, sink, person):
    forgot(mail_api, person.email)
    token = sink.wait(person.email, 2).token
    answers = run_together(3, lambda i: reset(mail_api, token, f"password number {i}", (200, 400)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400]
    winner = [i for i, answer in enumerate(answers) if answer.status == 200][0]
    mail_api.login(person.email, f"password number {winner}")


def test_changing_the_address(mail_api, sink, person):
    old, new = person.email, unique_email()
    answer = change(person, new.upper())
    assert answer["new_email"] == new and answer["expires_in_seconds"] == 900
    assert "code" not in answer.body
    code = code_of(sink.wait(new))
    assert person.me()["email"] == old
    assert confirm(person, code)["email"] == new
    assert person.me()["email"] == new and person.me()["email_verified"] is True
    assert sink.wait(old, 2).subject == "Your email address was changed"
    mail_api.login(old, PASSWORD, 401)
    mail_api.login(new, PASSWORD)
    assert confirm(person, code, 400).fields == {"code"}
    # The old address is free again.
    sign_up(mail_api, sink, old)


def code_of(mail):
    return re.search(r"^\d{6}$", mail.text, re.MULTILINE)[0]
