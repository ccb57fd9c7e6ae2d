"""Emails through a real SMTP server: in clear, with STARTTLS, with TLS, with a log-in."""
import re
import time

import pytest

from harness.client import PASSWORD, Api, unique_email
from harness.database import opened
from harness.mail import MailSink
from harness.tls import self_signed


@pytest.fixture
def sink():
    sink = MailSink()
    yield sink
    sink.close()


def one_email(server, sink):
    """Has the server send an email, and gives it."""
    owner = sink.sign_up(Api(server.url))
    owner.api_key("for the nightly build")
    return sink.wait(owner.email)


def test_an_email_arrives_whole(new_server, sink):
    server = new_server(sink.config()).start()
    mail = one_email(server, sink)
    assert mail.sender == "oneclaw@secrets.test" and "API key was made" in mail.subject
    assert mail.message["From"] == "oneclaw <oneclaw@secrets.test>"
    assert mail.message["To"] == mail.recipients[0]
    assert re.fullmatch(r"<[0-9a-f-]{36}@secrets\.test>", mail.message["Message-ID"])
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Date"].datetime.timestamp() == pytest.approx(time.time(), abs=60)
    assert '"for the nightly build"' in mail.text and "1ck_" not in mail.text
    assert mail.content.isascii() and max(map(len, mail.content.splitlines())) <= 998
    server.stop()
    with opened(server) as database:
        assert database.execute("SELECT COUNT(*) FROM outbox").fetchone() == (0,)


def test_a_name_does_not_become_a_link_or_a_header(new_server, sink):
    server = new_server(sink.config()).start()
    owner = sink.sign_up(Api(server.url))
    owner.api_key("ok\r\nBcc: x@evil.example\r\n\r\nhttps://evil.example/ \u00e8" + "\u00e9" * 60)
    mail = sink.wait(owner.email)
    assert "http" not in mail.text.replace("https evil", "") and mail.message["Bcc"] is None
    assert len(mail.text.splitlines()) < 12
    server.stop()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_emails_go_over_tls_with_a_log_in(new_server, tmp_path, security):
    sink = MailSink(security, self_signed(tmp_path), login=("oneclaw", "mail password"))
    password_file = tmp_path / "smtp-password"
    password_file.write_text("mail password\n")
    config = sink.config()
    config["smtp"]["password_file"] = str(password_file)
    server = new_server(config).start()
    assert one_email(server, sink).over_tls
    server.stop()

    server = new_server(sink.config(), environment={"ONECLAW_SMTP_PASSWORD": "mail password"})
    assert one_email(server.start(), sink).over_tls
    server.stop()
    sink.close()


def test_a_wrong_log_in_is_tried_again(new_server, tmp_path):
    sink = MailSink("starttls", self_signed(tmp_path), login=("oneclaw", "right"))
    server = new_server(sink.config(), environment={"ONECLAW_SMTP_PASSWORD": "wr0ng passw0rd"})
    email = ask(server.start())
    wait_for_log(server, '"attempts":"2"')
    assert sink.mails == [] and "wr0ng" not in server.log_text()
    server.stop()
    server.environment = {"ONECLAW_SMTP_PASSWORD": "right"}
    server.start()
    sink.wait(email)
    server.stop()
    sink.close()


def ask(server):
    """Has the server send an email to a new address."""
    email = unique_email()
    Api(server.url).request("POST", "/v1/auth/signup",
                            json={"email": email, "password": PASSWORD})
    return email


def wait_for_log(server, text, seconds=20):
    end = time.monotonic() + seconds
    while text not in server.log_text():
        assert time.monotonic() < end, server.log_text()[-3000:]
        time.sleep(0.05)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_nothing_is_sent_to_a_server_that_is_not_trusted(new_server, tmp_path, security):
    sink = MailSink(security, self_signed(tmp_path))
    config = sink.config()
    del config["smtp"]["ca_file"]
    server = new_server(config).start()
    ask(server)
    wait_for_log(server, "not delivered yet")
    assert sink.mails == []
    server.stop()
    sink.close()


def test_starttls_is_not_optional(new_server, sink):
    config = sink.config()
    config["smtp"]["security"] = "starttls"
    server = new_server(config).start()
    ask(server)
    wait_for_log(server, "not delivered yet")
    assert sink.mails == []
    server.stop()


def test_a_refused_address_is_given_up_and_holds_up_no_other(new_server, sink):
    server = new_server(sink.config()).start()
    owners = [sink.sign_up(Api(server.url)) for _ in range(3)]
    first, second, third = [owner.email for owner in owners]
    sink.refuse[first] = "550 no such mailbox"
    sink.refuse[second] = "450 try later"
    for owner in owners:
        owner.api_key()
    sink.wait(third)
    wait_for_log(server, "given up")
    sink.refuse.clear()
    sink.wait(second)
    assert sink.to(first) == [] and first not in server.log_text()
    server.stop()
    with opened(server) as database:
        rows = database.execute("SELECT state, attempts, sealed FROM outbox").fetchall()
    assert rows == [("dead", 1, b"")]


def test_emails_wait_for_the_mail_server_through_kill_9(new_server):
    sink = MailSink()
    config = sink.config()
    sink.close()
    server = new_server(config).start()
    emails = [ask(server) for _ in range(3)]
    wait_for_log(server, "not delivered yet")
    server.kill()
    sink = MailSink()
    config["smtp"]["port"] = sink.port
    server.config["smtp"]["port"] = sink.port
    server.start()
    for email in emails:
        sink.wait(email)
    server.stop()
    sink.close()


def test_a_changed_password_is_told(new_server, sink):
    server = new_server(sink.config()).start()
    owner = sink.sign_up(Api(server.url))
    owner.request("POST", "/v1/auth/change-password", 204,
                  json={"current_password": owner.password, "new_password": "n3w passw0rd!"})
    mail = sink.wait(owner.email)
    assert mail.subject == "Your password was changed" and "n3w" not in mail.text
    server.stop()


def test_without_a_mail_server_the_log_names_the_email_by_id(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    owner.api_key()
    wait_for_log(server, "email not sent")
    assert owner.email not in server.log_text()
    server.stop()
    with opened(server) as database:
        assert database.execute("SELECT COUNT(*) FROM outbox").fetchone() == (0,)


@pytest.mark.parametrize("smtp, field", [
    ({"host": "h"}, "smtp.from"), ({"from": "a@b.test"}, "smtp.host"),
    ({"host": "h", "from": "a@b.test\r\nX: y"}, "smtp.from"),
    ({"host": "h", "from": "a@b.test", "security": "maybe"}, "smtp.security"),
    ({"host": "h", "from": "a@b.test", "port": 0}, "smtp.port"),
    ({"host": "h", "from": "a@b.test", "password_file": "/nowhere"}, "smtp.password_file")])
def test_a_wrong_configuration_is_named(new_server, smtp, field):
    from harness.server import expect_refusal
    assert field in expect_refusal(new_server({"smtp": smtp}))
