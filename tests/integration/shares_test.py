"""Sharing a secret: with people, agents, addresses and links."""
import threading
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.client import Api, unique_email
from harness.mail import MailSink
from harness.database import blob, opened
from harness.threads import run_together

VALUE = "what is shared"


def later(**delta):
    return (datetime.now(timezone.utc) + timedelta(**(delta or {"hours": 1}))).isoformat()


class Shared:
    """A secret, and ways to share it."""

    def __init__(self, owner, value=VALUE):
        self.owner = owner
        self.vault = owner.vault()
        self.secret = owner.put(self.vault, "db/password", value)["id"]

    def share(self, recipient_type="anyone_with_link", expect=201, by=None, **more):
        body = {"recipient_type": recipient_type, "expires_at": later(), **more}
        return (by or self.owner).request("POST", f"/v1/secrets/{self.secret}/share", expect,
                                          json={k: v for k, v in body.items() if v is not None})


@pytest.fixture
def shared(owner):
    return Shared(owner)


def open_share(caller, share_id, expect=200, passphrase=None, address=None, in_body=False):
    headers, body = {}, None
    if passphrase is not None and in_body:
        body = {"passphrase": passphrase}
    elif passphrase is not None:
        headers["X-Share-Passphrase"] = passphrase
    if address:
        headers["X-Forwarded-For"] = address
    return caller.request("GET", f"/v1/share/{share_id}", expect, headers=headers, json=body)


def outbound(caller):
    return caller.request("GET", "/v1/shares/outbound", 200)["shares"]


def inbound(caller):
    return caller.request("GET", "/v1/shares/inbound", 200)["shares"]


def revoke(caller, share, expect=204):
    caller.request("DELETE", f"/v1/share/{share['id']}", expect)


def code(answer):
    return answer["type"].rsplit(":", 1)[1]


def test_anyone_with_the_link_opens_the_latest_version(api, shared):
    made = shared.share()
    assert made.headers["Cache-Control"] == "no-store"
    assert made["share_url"] == f"{api.url}/share/{made['share_id']}"
    assert made["share_id"].startswith("och_") and len(made["share_id"]) == 47 and made["share_id"] != made["id"]
    opened_share = open_share(api, made["share_id"])
    assert opened_share["value"] == VALUE and opened_share["id"] == made["id"]
    assert opened_share["path"] == "db/password" and opened_share["access_count"] == 1
    shared.owner.put(shared.vault, "db/password", "newer")
    assert open_share(api, made["share_id"])["value"] == "newer"
    listed, = outbound(shared.owner)
    assert listed["id"] == made["id"] and listed["access_count"] == 2
    assert listed["secret_path"] == "db/password" and not listed["is_expired"]
    assert "share_id" not in listed and "share_url" not in listed
    # The id that lists and events show opens nothing without its author's token.
    open_share(api, made["id"], 404)
    assert open_share(shared.owner, made["id"])["access_count"] == 3


def test_a_revoked_share_is_404_at_once(api, shared, other):
    made = shared.share()
    open_share(api, made["share_id"])
    revoke(other, made, 404)
    api.request("DELETE", f"/v1/share/{made['id']}", 401)
    revoke(shared.owner.agent(), made, 404)
    revoke(shared.owner, made)
    open_share(api, made["share_id"], 404)
    revoke(shared.owner, made, 404)
    assert outbound(shared.owner) == []


def test_an_expired_share_is_404(api, server, shared):
    made = shared.share(expires_at=later(seconds=1.5))
    open_share(api, made["share_id"])
    threading.Event().wait(1.7)
    open_share(api, made["share_id"], 404)
    assert outbound(shared.owner)[0]["is_expired"] is True


def test_unknown_shares_are_404(api, owner):
    for share_id in [str(uuid.uuid4()), "och_" + "A" * 43, "x", "A" * 300]:
        open_share(api, share_id, 404)
        open_share(owner, share_id, 404)
    for share_id in (uuid.uuid4(), "x"):
        revoke(owner, {"id": share_id}, 404)
        owner.request("POST", f"/v1/shares/{share_id}/accept", 404)
        owner.request("POST", f"/v1/shares/{share_id}/decline", 404)


def test_max_access_count_is_exact_under_concurrency(api, shared):
    made = shared.share(max_access_count=7)
    statuses = []
    run_together(24, lambda _: statuses.append(
        open_share(api, made["share_id"], (200, 404)).status))
    assert sorted(statuses) == [200] * 7 + [404] * 17
    assert outbound(shared.owner)[0]["access_count"] == 7
    open_share(api, made["share_id"], 404)


def test_a_versions_own_max_access_count_holds_too(api, owner):
    shared = Shared(owner)
    owner.put(shared.vault, "db/password", "twice", max_access_count=2)
    made = shared.share()
    assert [open_share(api, made["share_id"], (200, 404)).status for _ in range(3)] == \
        [200, 200, 404]


def test_the_passphrase_is_asked_for_counted_and_locks(api, shared):
    made = shared.share(passphrase="open sesame")
    link = made["share_id"]
    assert code(open_share(api, link, 403)) == "passphrase-required"
    assert open_share(api, link, passphrase="open sesame")["value"] == VALUE
    assert open_share(api, link, passphrase="open sesame", in_body=True)["value"] == VALUE
    for _ in range(4):
        assert code(open_share(api, link, 403, passphrase="wrong")) == "wrong-passphrase"
    # Neither asking without one nor a right one uses up a try.
    open_share(api, link, 403)
    open_share(api, link, passphrase="open sesame")
    assert outbound(shared.owner)[0]["is_locked"] is False
    assert code(open_share(api, link, 403, passphrase="wrong")) == "wrong-passphrase"
    assert code(open_share(api, link, 403, passphrase="wrong")) == "share-locked"
    assert code(open_share(api, link, 403, passphrase="open sesame")) == "share-locked"
    item, = outbound(shared.owner)
    assert item["is_locked"] is True and item["has_passphrase"] is True
    assert item["access_count"] == 3
    assert shared.owner.events(action="share.lock")["events"][0]["resource_id"] == made["id"]
    # A query is no place for a passphrase.
    fresh = shared.share(passphrase="open sesame")
    answer = api.request("GET", f"/v1/share/{fresh['share_id']}", 403,
                         params={"passphrase": "open sesame"})
    assert code(answer) == "passphrase-required"


def test_guessing_in_parallel_gets_no_further(api, shared):
    made = shared.share(passphrase="open sesame")
    answers = []
    run_together(16, lambda i: answers.append(
        open_share(api, made["share_id"], 403, passphrase=f"guess {i}")))
    assert [code(answer) for answer in answers].count("wrong-passphrase") == 5
    assert code(open_share(api, made["share_id"], 403, passphrase="open sesame")) == "share-locked"


def test_the_ip_allowlist_holds(api, shared):
    made = shared.share(ip_allowlist=["10.1.0.0/16", "2001:db8::/32"])
    open_share(api, made["share_id"], 403)
    open_share(api, made["share_id"], 403, address="10.2.0.1")
    open_share(api, made["share_id"], 200, address="10.1.2.3")
    open_share(api, made["share_id"], 200, address="2001:db8::1")


def test_the_orgs_ip_rules_hold_for_guests(api, shared, other):
    owner = shared.owner.at("198.51.100.7")
    link = shared.share()["share_id"]
    mailed = shared.share("external_email", email=other.email)["id"]
    inside, outside = "198.51.100.9", "203.0.113.5"

    def rule(rule_type, cidr, applies_to):
        return owner.request("POST", "/v1/security/ip-rules", 201, json={
            "rule_type": rule_type, "cidr": cidr, "applies_to": applies_to})["id"]

    rule("allow", "198.51.100.0/24", "agents")  # a guest is no agent of the org
    open_share(api, link, address=outside)
    allowing = rule("allow", "198.51.100.0/24", "all")
    for caller, share_id in ((api, link), (other, mailed)):
        assert open_share(caller, share_id, address=inside)["value"] == VALUE
        assert "address" in open_share(caller, share_id, 403, address=outside)["detail"]
    refused = owner.events(action="share.access")["events"][0]
    assert refused["details"]["outcome"] == "denied" and refused["ip_address"] == outside
    owner.request("DELETE", f"/v1/security/ip-rules/{allowing}", 204)
    open_share(api, link, address=outside)
    rule("deny", outside, "all")
    open_share(api, link, 403, address=outside)


def test_a_secret_has_at_most_a_hundred_shares(shared):
    made = [shared.share() for _ in range(100)]
    assert "100" in shared.share(expect=409)["detail"]
    revoke(shared.owner, made[0])
    shared.share()
    shared.share(expect=409)


def test_long_expired_shares_are_removed(new_server):
    with new_server() as server:
        mine = Shared(Api(server.url).signup())
        kept, gone = mine.share(), mine.share()
        server.stop()
        with opened(server) as database:
            for share, days in ((kept, 29), (gone, 31)):
                database.execute(
                    "UPDATE shares SET expires_at = expires_at - ? WHERE id = ?",
                    (int((days * 86_400 + 3600) * 1e6), blob(share["id"])))
        server.start()
        mine.owner.api = Api(server.url)
        fresh = mine.share()
        assert [share["id"] for share in outbound(mine.owner)] == [fresh["id"], kept["id"]]


def test_an_agent_opens_what_is_shared_with_it(api, shared):
    agent, stranger = shared.owner.agent(), shared.owner.agent()
    made = shared.share("agent", recipient_id=agent.id)
    assert "share_id" not in made.body
    agent.get(shared.vault, "db/password", 403)
    assert inbound(agent)[0]["is_accepted"] is False
    open_share(api, made["id"], 401)
    open_share(stranger, made["id"], 404)
    agent.request("POST", f"/v1/shares/{made['id']}/accept", 204)
    agent.request("POST", f"/v1/shares/{made['id']}/accept", 204)
    stranger.request("POST", f"/v1/shares/{made['id']}/accept", 404)
    assert inbound(agent)[0]["is_accepted"] is True
    assert open_share(agent, made["id"])["value"] == VALUE
    assert inbound(stranger) == []
    shared.owner.request("PATCH", f"/v1/agents/{agent.id}", 200, json={"is_active": False})
    open_share(agent, made["id"], 401)


def test_declining_ends_a_share(shared):
    agent = shared.owner.agent()
    made = shared.share("agent", recipient_id=agent.id)
    agent.request("POST", f"/v1/shares/{made['id']}/decline", 204)
    open_share(agent, made["id"], 404)
    agent.request("POST", f"/v1/shares/{made['id']}/accept", 404)
    assert inbound(agent) == []
    assert outbound(shared.owner)[0]["is_declined"] is True


def test_an_agent_shares_with_its_creator(shared):
    owner = shared.owner
    agent = owner.agent()
    shared.share("creator", 403, by=agent)
    owner.policy(shared.vault, agent)
    made = shared.share("creator", by=agent)
    item, = inbound(owner)
    assert item["id"] == made["id"] and item["created_by_type"] == "agent"
    assert open_share(owner, made["id"])["value"] == VALUE
    assert inbound(owner)[0]["is_accepted"] is True
    assert shared.share("creator", 400).fields == {"recipient_type"}
    assert [share["id"] for share in outbound(agent)] == [made["id"]]
    owner.request("DELETE", f"/v1/agents/{agent.id}", 204)
    open_share(owner, made["id"], 404)


def test_an_agent_does_not_share_by_email(shared):
    agent = shared.owner.agent()
    shared.owner.policy(shared.vault, agent)
    shared.share("external_email", 403, by=agent, email="x@example.test")
    shared.share("anyone_with_link", by=agent)


def test_an_external_address_claims_its_share_when_it_signs_up(api, shared):
    address = unique_email()
    made = shared.share("external_email", email=address.upper())
    assert made["recipient_email"] == address and "share_id" not in made.body
    open_share(api, made["id"], 401)
    assert inbound(api.signup()) == []
    person = api.signup(address)
    assert [share["id"] for share in inbound(person)] == [made["id"]]
    assert open_share(person, made["id"])["value"] == VALUE
    assert inbound(person)[0]["is_accepted"] is True
    open_share(api.signup(), made["id"], 404)
    claims = shared.owner.events(action="share.claim")["events"]
    assert [event["resource_id"] for event in claims] == [made["id"]]
    # Someone who has an account opens it without having listed it first.
    again = shared.share("external_email", email=address)
    assert open_share(person, again["id"])["value"] == VALUE
    revoke(shared.owner, again)
    open_share(person, again["id"], 404)


def test_an_unverified_address_claims_nothing(new_server):
    server = new_server().start()
    shared = Shared(Api(server.url).signup())
    address = unique_email()
    made = shared.share("external_email", email=address)
    person = shared.owner.api.signup(address)
    identity = person.id
    for verified in (0, 1):
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE users SET email_verified = ? WHERE id = ?",
                             (verified, blob(identity)))
        server.start()
        api = Api(server.url)
        person.api = api
        assert len(inbound(person)) == verified
        open_share(person, made["id"], 200 if verified else 404)
    server.stop()


def test_bad_shares_are_refused_by_field(api, shared, other):
    def fields(**more):
        return shared.share(expect=400, **more).fields

    assert shared.owner.request("POST", f"/v1/secrets/{shared.secret}/share", 400,
                                json={}).fields == {"recipient_type", "expires_at"}
    assert fields(recipient_type="nobody") == {"recipient_type"}
    assert fields(recipient_type="user") == {"recipient_id"}
    assert fields(recipient_type="agent", recipient_id="x") == {"recipient_id"}
    assert fields(recipient_type="agent", recipient_id=str(uuid.uuid4())) == {"recipient_id"}
    assert fields(recipient_type="user", recipient_id=other.id) == {"recipient_id"}
    assert fields(recipient_type="agent", recipient_id=other.agent().id) == {"recipient_id"}
    assert fields(recipient_type="external_email") == {"email"}
    assert fields(recipient_type="external_email", email="nobody") == {"email"}
    assert fields(email="a@example.test") == {"email"}
    assert fields(recipient_id=str(uuid.uuid4())) == {"recipient_id"}
    assert fields(expires_at="tomorrow") == {"expires_at"}
    assert fields(expires_at=later(seconds=-1)) == {"expires_at"}
    assert fields(expires_at=later(days=400)) == {"expires_at"}
    assert fields(max_access_count=0) == {"max_access_count"}
    assert fields(passphrase="abc") == {"passphrase"}
    assert fields(passphrase="x" * 257) == {"passphrase"}
    assert fields(permissions=["read", "write"]) == {"permissions"}
    assert fields(ip_allowlist=["10.0.0.0/8", "10.0.0.1/8"]) == {"ip_allowlist[1]"}
    assert fields(ip_allowlist=["10.0.0.0/8"] * 65) == {"ip_allowlist"}
    assert outbound(shared.owner) == []
    open_share(api, "och_" + "A" * 43, 400, passphrase="", in_body=True)


def test_only_who_may_read_a_secret_shares_it(api, shared, other):
    shared.share(expect=404, by=other)
    url = f"/v1/secrets/{shared.secret}/share"
    api.request("POST", url, 401, json={})
    body = {"recipient_type": "anyone_with_link", "expires_at": later()}
    shared.owner.request("POST", f"/v1/secrets/{uuid.uuid4()}/share", 404, json=body)
    shared.owner.request("POST", "/v1/secrets/x/share", 404, json=body)
    agent = shared.owner.agent()
    shared.share(expect=403, by=agent)
    shared.owner.policy(shared.vault, agent, permissions=["write"])
    shared.share(expect=403, by=agent)
    blind = shared.owner.agent(scopes=["shares:write"])
    shared.owner.policy(shared.vault, blind)
    shared.share(expect=403, by=blind)
    both = shared.owner.agent(scopes=["shares:write", "secrets:read"])
    shared.owner.policy(shared.vault, both)
    shared.share(by=both)
    elsewhere = shared.owner.agent(vault_ids=[shared.owner.vault()])
    shared.owner.policy(shared.vault, elsewhere)
    shared.share(expect=403, by=elsewhere)
    shared.owner.delete(shared.vault, "db/password")
    shared.share(expect=410)


def test_a_share_ends_with_its_secret_and_its_vault(api, shared):
    made = shared.share()
    shared.owner.delete(shared.vault, "db/password")
    open_share(api, made["share_id"], 404)
    shared.owner.put(shared.vault, "db/password", "back")
    assert open_share(api, made["share_id"])["value"] == "back"
    shared.owner.request("DELETE", f"/v1/vaults/{shared.vault}", 204)
    open_share(api, made["share_id"], 404)


def test_a_token_that_is_sent_must_be_valid(api, shared):
    made = shared.share()
    api.request("GET", f"/v1/share/{made['share_id']}", 401, token="x.y.z")
    narrow = shared.owner.agent(scopes=["secrets:read"])
    open_share(narrow, made["share_id"], 403)


def test_every_access_and_refusal_is_audited_without_the_link(api, shared):
    made = shared.share(passphrase="open sesame")
    open_share(api, made["share_id"], 403, passphrase="wrong")
    open_share(api, made["share_id"], passphrase="open sesame")
    revoke(shared.owner, made)
    open_share(api, made["share_id"], 404)
    events = shared.owner.events(resource_id=made["id"])["events"]
    found = sorted((event["action"], event["details"]["outcome"]) for event in events)
    assert found == [("share.access", "denied"), ("share.access", "success"),
                     ("share.create", "success"), ("share.revoke", "success")]
    anonymous = [event for event in events if event["action"] == "share.access"]
    assert {event["actor_type"] for event in anonymous} == {"anonymous"}
    assert made["share_id"] not in str(shared.owner.events(limit=1000).body)
    assert shared.owner.verify()["chain_valid"]


def test_recipients_and_authors_are_told_by_email(new_server):
    sink = MailSink()
    server = new_server(sink.config() | {"public_url": "https://secrets.example.com"}).start()
    shared = Shared(sink.sign_up(Api(server.url)))
    address = unique_email()
    made = shared.share("external_email", email=address)
    mail = sink.wait(address)
    assert mail.link == made["share_url"] == f"https://secrets.example.com/share/{made['id']}"
    assert shared.owner.email in mail.text and VALUE not in mail.text
    assert "db/password" not in mail.text
    link = shared.share(passphrase="open sesame")
    for _ in range(3):
        open_share(shared.owner.api, link["share_id"], passphrase="open sesame")
    told = sink.wait(shared.owner.email)
    assert told.subject == "A secret that you shared was opened" and "db/password" in told.text
    assert link["share_id"] not in told.text
    threading.Event().wait(1)
    assert len(sink.to(shared.owner.email)) == 1
    server.stop()
    sink.close()
