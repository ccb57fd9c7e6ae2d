"""Agents that enrol themselves on a server that sends mail."""
import pytest

from account_mail_test import sign_up
from enrolment_test import enroll, poll
from harness.client import Api, unique_email
from harness.mail import MailSink
from harness.server import Server


@pytest.fixture(scope="module")
def sink():
    sink = MailSink()
    yield sink
    sink.close()


@pytest.fixture(scope="module")
def mail_api(tmp_path_factory, sink):
    with Server(tmp_path_factory.mktemp("mailed"), sink.config()) as server:
        yield Api(server.url)


def test_the_answer_does_not_tell_whether_an_address_has_an_account(api, mail_api, sink, owner):
    person = sign_up(mail_api, sink)
    for server, known in ((api, owner.email), (mail_api, person.email)):
        answers = [enroll(server, human_email=email) for email in (known, unique_email())]
        assert set(answers[0].body) == set(answers[1].body)
        assert answers[0]["message"] == answers[1]["message"]
        for answer in answers:
            assert poll(server, answer)["status"] == "pending"


def test_the_link_of_the_email(mail_api, sink):
    person = sign_up(mail_api, sink)
    asked = enroll(mail_api, human_email=person.email, description="it <b>deploys</b>")
    assert "approval_url" not in asked.body
    mail = sink.wait(person.email, 2)
    assert "deploy bot" in mail.text and asked["poll_token"] not in mail.text
    path = mail.link[len(mail_api.url):]
    assert path.startswith("/approve-agent?token=")
    # Opening it, as a mail scanner does, changes nothing.
    page = mail_api.request("GET", path, 200)
    assert "it &lt;b&gt;deploys" in page.body and "<b>" not in page.body
    assert poll(mail_api, asked)["status"] == "pending"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    mail_api.request("POST", "/approve-agent", 400, headers=form,
                     data=f"token={mail.token}&decision=maybe".encode())
    mail_api.request("POST", "/approve-agent", 200, headers=form,
                     data=f"token={mail.token}&decision=approved".encode())
    key = poll(mail_api, asked)["api_key"]
    assert key.startswith("ocv_") and key not in mail.text
    mail_api.agent_token(key)
    record = person.request("GET", f"/v1/agents/{asked['agent_id']}", 200)
    assert record["created_by"] == person.id
    # The link is spent.
    mail_api.request("GET", path, 404)
    mail_api.request("POST", "/approve-agent", 409, headers=form,
                     data=f"token={mail.token}&decision=denied".encode())


def test_refusing_by_the_link(mail_api, sink):
    person = sign_up(mail_api, sink)
    asked = enroll(mail_api, human_email=person.email)
    token = sink.wait(person.email, 2).token
    mail_api.request("POST", "/approve-agent", 200, data=f"token={token}&decision=denied".encode(),
                     headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert poll(mail_api, asked)["status"] == "denied"


def test_forged_links(mail_api):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for token in ("x", "ocl_" + "A" * 43):
        mail_api.request("GET", f"/approve-agent?token={token}", 404)
        mail_api.request("POST", "/approve-agent", 404, headers=form,
                         data=f"token={token}&decision=approved".encode())
    # What the poll token is good for is polling.
    asked = enroll(mail_api)
    mail_api.request("POST", "/approve-agent", 404, headers=form,
                     data=f"token={asked['poll_token']}&decision=approved".encode())


