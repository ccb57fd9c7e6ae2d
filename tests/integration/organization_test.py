"""An org's people: invited, joined, their roles changed, removed."""
import uuid

from harness.client import PASSWORD, Api, unique_email
from harness.mail import MailSink
from harness.threads import run_together
from harness.times import in_seconds


def invite(caller, email, role=None, expect=200):
    body = {"email": email} if role is None else {"email": email, "role": role}
    return caller.request("POST", "/v1/org/invite", expect, json=body)


def token_of(invitation):
    return invitation["invite_url"].rsplit("=", 1)[1]


def members(caller):
    return {m["email"]: m for m in caller.request("GET", "/v1/org/members", 200)["members"]}


def role(caller, member, new_role, expect=200):
    return caller.request("PATCH", f"/v1/org/members/{member.id}", expect, json={"role": new_role})


def remove(caller, user_id, expect=204):
    return caller.request("DELETE", f"/v1/org/members/{user_id}", expect)


def accept(caller, token, expect=200):
    return caller.request("POST", f"/v1/invitations/{token}/accept", expect)


def join(owner, new_role="member"):
    """A new person who has signed up by invitation."""
    email = unique_email()
    return owner.api.signup(email, invite_token=token_of(invite(owner, email, new_role)))


def org_of(caller):
    return caller.events(limit=1)["events"][0]["org_id"]


def test_an_invited_person_joins_at_sign_up(api, owner):
    email = unique_email()
    made = invite(owner, email.upper())
    assert made["email"] == email and made["role"] == "member"
    assert made.headers["Cache-Control"] == "no-store"
    shown = api.request("GET", f"/v1/invitations/{token_of(made)}", 200)
    assert shown["email"] == email and shown["role"] == "member"
    person = api.signup(email, invite_token=token_of(made))
    assert person.me()["role"] == "member"
    found = members(owner)
    assert {owner.email: "owner", email: "member"} == {e: m["role"] for e, m in found.items()}
    assert found[email]["id"] == person.id and members(person).keys() == found.keys()
    api.request("GET", f"/v1/invitations/{token_of(made)}", 404)
    assert person.sign_in().me()["role"] == "member"
    joined = owner.events(action="member.join")["events"][0]
    assert joined["resource_id"] == person.id and joined["actor_id"] == person.id


def test_a_member_reaches_vaults_by_policy(owner):
    person = join(owner)
    vault = owner.vault()
    owner.put(vault, "open/a", "v")
    person.get(vault, "open/a", 403)
    assert person.vault_ids() == []
    owner.policy(vault, person, "open/*")
    assert person.value(vault, "open/a") == "v" and person.vault_ids() == [vault]


def test_an_invitation_is_for_its_address_and_for_once(api, owner):
    email = unique_email()
    token = token_of(invite(owner, email))

    def sign_up(address, invite_token, expect):
        return api.request("POST", "/v1/auth/signup", expect,
                           json={"email": address, "password": PASSWORD,
                                 "invite_token": invite_token})

    sign_up(unique_email(), token, 403)
    for wrong in ("x", "oci_" + "A" * 43):
        sign_up(email, wrong, 404)
    again = token_of(invite(owner, email, "admin"))
    sign_up(email, token, 404)
    sign_up(email, again, 200)
    sign_up(email, again, 404)
    assert members(owner)[email]["role"] == "admin"
    invite(owner, email, expect=409)


def test_a_revoked_invitation_is_worth_nothing(api, owner, other):
    email = unique_email()
    made = invite(owner, email)
    url = f"/v1/org/invitations/{made['id']}"
    listed = owner.request("GET", "/v1/org/invitations", 200)["invitations"]
    assert [item["id"] for item in listed] == [made["id"]] and "invite_url" not in listed[0]
    assert token_of(made) not in str(listed)
    other.request("DELETE", url, 404)
    owner.request("DELETE", url, 204)
    owner.request("DELETE", url, 404)
    api.request("GET", f"/v1/invitations/{token_of(made)}", 404)
    assert owner.request("GET", "/v1/org/invitations", 200)["invitations"] == []
    api.signup(email)
    assert email not in members(owner)


def test_a_person_with_an_account_moves_into_the_org(api, owner):
    person = api.signup()
    key = person.key_caller()
    token = token_of(invite(owner, person.email, "admin"))
    accept(owner, token, 403)
    api.request("POST", f"/v1/invitations/{token}/accept", 401)
    joined = accept(person, token)
    assert joined["role"] == "admin" and joined["email"] == person.email
    for old in (person, key):
        old.request("GET", "/v1/vaults", 401)
    api.refresh(person.refresh_token, 401)
    person = person.sign_in()
    assert person.me()["role"] == "admin"
    assert members(person).keys() == {owner.email, person.email}
    accept(person, token, 404)


def test_nothing_is_left_behind_without_an_owner(api, owner):
    person = api.signup()
    vault = person.vault()
    token = token_of(invite(owner, person.email))
    accept(person, token, 409)
    person.request("DELETE", f"/v1/vaults/{vault}", 204)
    agent = person.agent()
    accept(person, token, 409)
    person.request("DELETE", f"/v1/agents/{agent.id}", 204)
    colleague = join(person)
    accept(person, token, 409)
    role(person, colleague, "owner")
    accept(person, token)
    assert members(colleague).keys() == {colleague.email}
    assert person.email in members(owner)


def test_roles_are_changed_by_those_who_may(owner):
    admin, member = join(owner, "admin"), join(owner)
    role(member, admin, "member", 403)
    role(member, member, "admin", 403)
    role(admin, member, "owner", 403)
    role(admin, owner, "member", 403)
    role(admin, member, "admin")
    role(admin, member, "member")
    invite(member, unique_email(), expect=403)
    invite(admin, unique_email(), "owner", 403)
    invite(admin, unique_email(), "admin")
    member.request("GET", "/v1/org/invitations", 403)
    remove(member, admin.id, 403)
    remove(admin, owner.id, 403)
    # A new role holds at once, on the tokens that are out.
    owner.vault()
    assert member.vault_ids() == []
    assert role(owner, member, "admin")["role"] == "admin"
    assert member.vault_ids() == owner.vault_ids() != []


def test_the_last_owner_stays(owner):
    member = join(owner)
    role(owner, owner, "member", 409)
    remove(owner, owner.id, 409)
    role(owner, owner, "owner")
    role(owner, member, "owner")
    role(owner, owner, "admin")
    role(member, member, "member", 409)
    assert {m["role"] for m in members(member).values()} == {"owner", "admin"}


def test_two_owners_who_leave_at_once_leave_one_behind(owner):
    second = join(owner, "owner")
    ids = [owner.id, second.id]
    answers = run_together(2, lambda i: remove([owner, second][i], ids[i], (204, 409)).status)
    assert sorted(answers) == [204, 409]


def test_a_removed_persons_rights_end_at_once(api, owner):
    person = join(owner)
    vault = owner.vault()
    secret = owner.put(vault, "a", "v")["id"]
    policy = owner.policy(vault, person)["id"]
    key = person.key_caller()
    shared = person.request("POST", f"/v1/secrets/{secret}/share", 201, json={
        "recipient_type": "anyone_with_link", "expires_at": in_seconds(3600)})
    received = owner.request("POST", f"/v1/secrets/{secret}/share", 201, json={
        "recipient_type": "user", "recipient_id": person.id, "expires_at": "2027-06-01T00:00:00Z"})
    api.request("GET", f"/v1/share/{shared['share_id']}", 200)
    user_id = person.id
    remove(owner, user_id)
    for old in (person, key):
        old.get(vault, "a", 401)
    api.refresh(person.refresh_token, 401)
    api.request("GET", f"/v1/share/{shared['share_id']}", 404)
    listed = owner.request("GET", f"/v1/vaults/{vault}/policies", 200)["policies"]
    assert policy not in [item["id"] for item in listed]
    assert person.email not in members(owner)
    remove(owner, user_id, 404)
    # The account lives on, in an org of its own.
    person = person.sign_in()
    assert person.me()["role"] == "owner" and members(person).keys() == {person.email}
    person.get(vault, "a", 404)
    person.request("GET", f"/v1/share/{received['id']}", 404)
    person.put(person.vault(), "mine", "v")
    # Invited again, the person has no more than any new member.
    person.request("DELETE", f"/v1/vaults/{person.vault_ids()[0]}", 204)
    accept(person, token_of(invite(owner, person.email)))
    person = person.sign_in()
    person.get(vault, "a", 403)


def test_a_member_leaves(owner):
    person = join(owner)
    remove(person, person.id)
    assert person.email not in members(owner)
    person.request("GET", "/v1/org/members", 401)


def test_bad_input_is_named(owner):
    def fields(**body):
        return owner.request("POST", "/v1/org/invite", 400, json=body).fields

    assert fields() == {"email"}
    assert fields(email="nobody") == {"email"}
    assert fields(email="a@example.test", role="king") == {"role"}
    assert fields(email=7, role=7) == {"email", "role"}
    member = join(owner)
    assert role(owner, member, "king", 400).fields == {"role"}
    url = f"/v1/org/members/{member.id}"
    assert owner.request("PATCH", url, 400, json={}).fields == {"role"}


def test_others_do_not_reach_the_org(api, owner, other):
    member, agent = join(owner), owner.agent()
    made = invite(owner, unique_email())
    calls = [("GET", "/v1/org/members", None), ("POST", "/v1/org/invite", {"email": "a@b.test"}),
             ("PATCH", f"/v1/org/members/{member.id}", {"role": "admin"}),
             ("DELETE", f"/v1/org/members/{member.id}", None),
             ("GET", "/v1/org/invitations", None), ("GET", "/v1/org/agent-keys-vault", None),
             ("DELETE", f"/v1/org/invitations/{made['id']}", None)]
    for method, path, body in calls:
        api.request(method, path, 401, json=body)
        agent.request(method, path, 403, json=body)
    for method, path, body in (calls[2], calls[3]):
        other.request(method, path, 404, json=body)
        owner.request(method, path.replace(member.id, str(uuid.uuid4())), 404, json=body)
        owner.request(method, path.replace(member.id, "x"), 404, json=body)
    narrow = owner.key_caller(scopes=["org:read"])
    narrow.request("GET", "/v1/org/members", 200)
    narrow.request("DELETE", f"/v1/org/members/{member.id}", 403)


def test_the_vault_of_the_agents_keys(owner):
    url = "/v1/org/agent-keys-vault"
    owner.request("GET", url, 404)
    agent = owner.agent()
    vault = owner.request("GET", url, 200)["vault_id"]
    assert vault == owner.keys_vault()
    owner.get(vault, f"agents/{agent.id}/ssh")
    join(owner).request("GET", url, 403)


def test_an_invitation_arrives_by_email_and_not_in_the_answer(new_server):
    sink = MailSink()
    server = new_server(sink.config() | {"public_url": "https://secrets.example.com"}).start()
    api = Api(server.url)
    owner = sink.sign_up(api, display_name='Ada "https://evil.example" Ltd')
    email = unique_email()
    made = invite(owner, email)
    assert "invite_url" not in made.body
    mail = sink.wait(email)
    assert mail.link.startswith("https://secrets.example.com/join?token=oci_")
    assert owner.email in mail.text and "member" in mail.text
    person = api.signup(email, invite_token=mail.token)
    assert members(person).keys() == {owner.email, email}
    server.stop()
    sink.close()


def erase(person):
    person.request("DELETE", "/v1/auth/me", 204, json={"confirmation": person.email},
                   headers={"X-Auth-Confirm": person.password})


def test_an_erased_account_takes_its_shares_webhooks_and_invitations_along(api, owner):
    vault = owner.vault()
    secret = owner.put(vault, "a", "v")["id"]

    def share(person, **more):
        return person.request("POST", f"/v1/secrets/{secret}/share", 201, json={
            "expires_at": "2027-06-01T00:00:00Z", **more})

    member = join(owner, "admin")
    link = share(member, recipient_type="anyone_with_link")["share_id"]
    share(owner, recipient_type="user", recipient_id=member.id)
    share(owner, recipient_type="external_email", email=unique_email())
    erase(member)
    api.request("GET", f"/v1/share/{link}", 404)
    left = owner.request("GET", "/v1/shares/outbound", 200)["shares"]
    assert [item["recipient_type"] for item in left] == ["external_email"]

    link = share(owner, recipient_type="anyone_with_link")["share_id"]
    owner.request("POST", "/v1/webhooks", 201,
                  json={"url": "https://hooks.example.com/x", "events": ["*"]})
    token = token_of(invite(owner, unique_email()))
    erase(owner)
    api.request("GET", f"/v1/share/{link}", 404)
    api.request("GET", f"/v1/invitations/{token}", 404)
