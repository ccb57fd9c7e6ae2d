"""No link of an email lies in clear in the data folder or the log."""
from account_mail_test import sign_up
from harness.client import Api
from harness.mail import MailSink
from leak_test import files_of, key_parts, scan


def test_the_links_of_emails_lie_nowhere_in_clear(new_server):
    sink = MailSink()
    canaries = {}
    try:
        with new_server({**sink.config(), "log": {"level": "debug"}}) as server:
            api = Api(server.url)
            person = sign_up(api, sink)
            api.request("POST", "/v1/auth/forgot-password", 200, json={"email": person.email})
            reset = sink.wait(person.email, 2).token
            api.request("GET", f"/reset-password?token={reset}", 200)
            api.request("POST", "/v1/agents/enroll", 201,
                        json={"name": "a bot", "human_email": person.email})
            link = sink.wait(person.email, 3).token
            api.request("GET", f"/approve-agent?token={link}", 200)
            tokens = {"sign-up": sink.to(person.email)[0].token, "reset": reset, "enrolment": link}
            for name, token in tokens.items():
                for number, part in enumerate(key_parts(token)):
                    canaries[f"{name} ({number})"] = part.encode() if isinstance(part, str) else part
            scan(files_of(server), canaries)
        scan(files_of(server), canaries)
    finally:
        sink.close()
