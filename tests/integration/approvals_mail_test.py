"""The one-click links of an approval's email."""
import re

import pytest

from account_mail_test import sign_up
from approvals_test import ALWAYS, refused
from harness.client import Api
from harness.mail import MailSink


@pytest.fixture(scope="module")
def sink():
    sink = MailSink()
    yield sink
    sink.close()


def test_a_person_decides_by_the_links_of_an_email(new_server, sink):
    with new_server(sink.config()) as server:
        api = Api(server.url)
        owner = sign_up(api, sink)
        vault = owner.vault()
        for name in "ab":
            owner.put(vault, name, "v")
        agent = owner.agent("a\nrobot").sign_in()
        owner.policy(vault, agent, consensus_trigger=ALWAYS)
        links = {}
        for count, name in enumerate("ab", 2):
            approval = refused(agent.get(vault, name, 403))
            mail = sink.wait(owner.email, count)
            assert "a robot asks" in mail.text and f"{vault}/{name}" in mail.text
            links[name] = dict(re.findall(r"^(Approve|Reject): (\S+)$", mail.text, re.MULTILINE))
            assert set(links[name]) == {"Approve", "Reject"}

        def follow(link, expect=302):
            return api.request("GET", link[len(server.url):], expect)

        answer = follow(links["a"]["Approve"])
        assert "Approved" in api.request("GET", answer.headers["Location"], 200).body
        assert agent.value(vault, "a") == "v"
        agent.get(vault, "b", 403)
        follow(links["b"]["Reject"])
        assert agent.request("GET", f"/v1/approvals/{approval}", 200)["status"] == "rejected"
        # Links work once, and only what they say.
        for link in (links["a"]["Approve"], links["a"]["Reject"], links["b"]["Approve"]):
            follow(link, 409)
        follow(links["a"]["Approve"][:-1] + "_", 400)
        event = owner.events(action="approval.decide")["events"][0]
        assert event["actor_id"] == owner.id and event["details"]["by_link"] is True
