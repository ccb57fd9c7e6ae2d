"""The pages that links of invitations and shares lead to, as a browser uses them."""
import html
import re
from urllib.parse import urlencode

import pytest

from harness.client import PASSWORD, Api, unique_email
from harness.times import in_seconds
from mfa_test import turn_on
from organization_test import invite, join, members, token_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def submit(api, path, expect=200, address=None, **fields):
    headers = FORM | ({"X-Forwarded-For": address} if address else {})
    return api.request("POST", path, expect, headers=headers, data=urlencode(fields).encode())


def shown(page):
    """The secret on the page."""
    return html.unescape(re.search(r"<pre>(.*)</pre>", page.body, re.S).group(1))


@pytest.fixture
def secret(owner, vault):
    return owner.put(vault, "db/password", "<b>&\"'\nsecond line")["id"]


def share(owner, secret, recipient_type="anyone_with_link", **more):
    return owner.request("POST", f"/v1/secrets/{secret}/share", 201, json={
        "recipient_type": recipient_type, "expires_at": in_seconds(3600), **more})


def test_an_invited_person_joins_by_the_page(api, owner):
    email = unique_email()
    made = invite(owner, email, "admin")
    link = made["invite_url"]
    assert link.startswith(f"{api.url}/join?token=oci_")
    for _ in range(2):  # looking accepts nothing
        page = api.request("GET", link.removeprefix(api.url), 200)
        assert email in page.body and "admin" in page.body and owner.email in page.body
    assert members(owner).keys() == {owner.email}
    token = token_of(made)
    assert "8 to 256" in submit(api, "/join", 400, token=token, password="short").body
    page = submit(api, "/join", token=token, password=PASSWORD)
    assert "joined" in page.body and "Set-Cookie" not in page.headers
    assert members(owner)[email]["role"] == "admin"
    api.login(email, PASSWORD)
    api.request("GET", link.removeprefix(api.url), 404)
    submit(api, "/join", 404, token=token, password=PASSWORD)


def test_a_person_with_an_account_joins_by_its_password(api, owner):
    person = api.signup()
    token = token_of(invite(owner, person.email))
    submit(api, "/join", 401, token=token, password="not the password")
    assert person.email not in members(owner)
    submit(api, "/join", token=token, password=PASSWORD)
    assert members(owner)[person.email]["id"] == person.sign_in().id
    api.request("GET", "/v1/auth/me", 401, token=person.token)  # what was before has ended
    joined, = owner.events(action="member.join")["events"]
    assert joined["actor_id"] == members(owner)[person.email]["id"]


def test_a_second_factor_is_asked_for(api, owner):
    person = api.signup()
    app, _ = turn_on(person)
    token = token_of(invite(owner, person.email))
    submit(api, "/join", 401, token=token, password=PASSWORD)
    submit(api, "/join", 401, token=token, password=PASSWORD, code=app.wrong())
    submit(api, "/join", token=token, password=PASSWORD, code=app.fresh())
    assert person.email in members(owner)


def test_who_would_leave_vaults_behind_stays(api, owner, other):
    other.vault()
    page = submit(api, "/join", 409, token=token_of(invite(owner, other.email)), password=PASSWORD)
    assert "owner" in page.body


def test_a_link_opens_by_the_button_alone(api, owner, secret):
    made = share(owner, secret, max_access_count=1)
    path = made["share_url"].removeprefix(api.url)
    assert path == "/share/" + made["share_id"]
    for _ in range(3):  # a mail scanner uses nothing up
        page = api.request("GET", path, 200)
        assert "second line" not in page.body and made["share_id"] in page.body
    page = submit(api, "/share", token=made["share_id"], passphrase="")
    assert shown(page) == "<b>&\"'\nsecond line" and "<b>" not in page.body
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    submit(api, "/share", 404, token=made["share_id"])
    # The same page whether there is such a share.
    api.request("GET", "/share/och_" + "A" * 43, 200)
    submit(api, "/share", 404, token="och_" + "A" * 43)
    assert made["share_id"] not in str(owner.events(limit=100).body)


def test_a_passphrase_is_asked_for_by_the_page(api, owner, secret):
    token = share(owner, secret, passphrase="open sesame")["share_id"]
    submit(api, "/share", 403, token=token)
    submit(api, "/share", 403, token=token, passphrase="wrong")
    assert shown(submit(api, "/share", token=token, passphrase="open sesame"))


def test_the_recipient_opens_by_signing_in_on_the_page(api, owner, other, secret):
    made = share(owner, secret, "external_email", email=other.email)
    page = api.request("GET", made["share_url"].removeprefix(api.url), 200)
    assert 'name="email"' in page.body and 'name="password"' in page.body
    token = made["id"]
    submit(api, "/share", 400, token=token)
    submit(api, "/share", 401, token=token, email=other.email, password="not the password")
    submit(api, "/share", 404, token=token, email=api.signup().email, password=PASSWORD)
    page = submit(api, "/share", token=token, email=other.email, password=PASSWORD)
    assert shown(page).endswith("second line")
    # It signed in for that request alone.
    login, = [e for e in other.events(action="auth.logout")["events"]]
    assert login["actor_id"] == other.id
    opened = owner.events(action="share.access")["events"][0]
    assert opened["actor_id"] == other.id and opened["details"]["outcome"] == "success"


def test_the_orgs_ip_rules_hold_on_the_pages(api, owner, other, secret):
    other.at("198.51.100.7").request("POST", "/v1/security/ip-rules", 201, json={
        "rule_type": "allow", "cidr": "198.51.100.0/24"})
    token = share(owner, secret, "external_email", email=other.email)["id"]
    fields = {"token": token, "email": other.email, "password": PASSWORD}
    page = submit(api, "/share", 403, address="203.0.113.5", **fields)
    assert "IP rules" in page.body
    submit(api, "/share", 200, address="198.51.100.9", **fields)


def test_bad_forms(api, owner):
    for path in ("/join", "/share"):
        for data in (b"", b"token=%zz", b"token", b"\xff", b"token=oci_x&password=" + b"x" * 300):
            page = api.request("POST", path, (400, 404), headers=FORM, data=data)
            assert page.media_type == "text/html", page
    api.request("GET", "/join", 404)
    api.request("GET", "/join?token=x", 404)
