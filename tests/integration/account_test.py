"""Addresses and passwords: proving, changing and recovering them; leaving, and taking data along."""
import re

import pytest

from harness.client import PASSWORD, Api, Person, unique_email
from harness.database import blob, opened
from harness.threads import run_together
from harness.times import in_seconds

NEW = "an entirely new password"


def forgot(api, email, expect=200, **more):
    return api.request("POST", "/v1/auth/forgot-password", expect, json={"email": email}, **more)


def reset(api, token, password=NEW, expect=200):
    return api.request("POST", "/v1/auth/reset-password", expect,
                       json={"token": token, "new_password": password})


def signup_body(email, password=PASSWORD):
    return {"email": email, "password": password}


def test_without_a_mail_server_an_address_is_taken_at_its_word(api):
    person = api.signup()
    assert person.me()["email_verified"] is True
    api.request("POST", "/v1/auth/signup", 400, json=signup_body(person.email))


def test_without_a_mail_server_the_log_names_the_person_by_id(new_server):
    with new_server() as server:
        api = Api(server.url)
        person = api.signup()
        identity = person.id
        forgot(api, person.email)
        events = person.events(action="auth.forgot_password")["events"]
        assert events[0]["resource_id"] == identity
        assert events[0]["details"]["sent"] is False
        server.stop()
        log = server.log_text()
        assert person.email not in log and not re.search(r"oc[a-z]_[\w-]{20}", log)


# Another address


def test_bad_resets(api):
    url = "/v1/auth/reset-password"
    assert api.request("POST", url, 400, json={}).fields == {"token", "new_password"}
    assert reset(api, "x", "short", 400).fields == {"new_password"}
    for token in ("x", "ocp_" + "A" * 43, "ocs_" + "A" * 43):
        assert reset(api, token, expect=400).fields == {"token"}
    for email in ("", "no address", "a@b@c"):
        assert forgot(api, email, 400).fields == {"email"}


def test_setting_a_password(api, google):
    email = unique_email()
    claims = google.claims(email=email)
    answer = api.request("POST", "/v1/auth/google", 200,
                              json={"id_token": google.id_token(claims)})
    person = Person(api, answer, email, NEW)
    assert person.request("GET", "/v1/auth/settings", 200)["has_password"] is False
    url = "/v1/auth/set-password"

    def body(password, again=None):
        return {"password": password, "password_confirm": password if again is None else again}

    assert person.request("POST", url, 400, json={}).fields == {"password", "password_confirm"}
    assert person.request("POST", url, 400, json=body("elevenchars")).fields == {"password"}
    assert person.request("POST", url, 400, json=body(NEW, NEW + "x")).fields \
        == {"password_confirm"}
    api.request("POST", url, 401, json=body(NEW))
    person.request("POST", url, 200, json=body(NEW))
    person.sign_in()
    person.request("POST", url, 400, json=body(NEW))
    assert person.request("GET", "/v1/auth/settings", 200)["has_password"] is True
    api.request("POST", "/v1/auth/google", 200, json={"id_token": google.id_token(claims)})


def change(person, email, expect=200):
    return person.request("POST", "/v1/auth/change-email", expect, json={"new_email": email})


def confirm(person, code, expect=200):
    return person.request("POST", "/v1/auth/verify-email-change", expect, json={"code": code})


def test_without_a_mail_server_the_code_is_in_the_answer(api, owner):
    new = unique_email()
    answer = change(owner, new)
    assert answer.headers["Cache-Control"] == "no-store"
    confirm(owner, answer["code"])
    assert owner.me()["email"] == new


def test_an_address_that_is_taken(api, owner, other):
    change(owner, other.email, 409)
    assert change(owner, owner.email, 400).fields == {"new_email"}
    # Taken in the meantime.
    new = unique_email()
    code = change(owner, new)["code"]
    api.signup(new)
    confirm(owner, code, 409)


def test_codes_are_few_and_short_lived(new_server):
    with new_server({"login": {"free_failures_per_account": 1000}}) as server:
        api = Api(server.url)
        person = api.signup()
        code = change(person, unique_email())["code"]
        wrong = "000000" if code != "000000" else "000001"
        for _ in range(5):
            confirm(person, wrong, 400)
        confirm(person, code, 400)
        code = change(person, unique_email())["code"]
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE one_time_tokens SET expires_at = expires_at - 900000000")
        server.start()
        api.url = server.url
        confirm(person, code, 400)
        # Five changes an hour.
        for _ in range(5):
            change(person, unique_email())
        assert change(person, unique_email(), 429).headers["Retry-After"]


def test_guessing_codes_backs_off(owner):
    code = change(owner, unique_email())["code"]
    wrong = "000000" if code != "000000" else "000001"
    statuses = [confirm(owner, wrong, (400, 429)).status for _ in range(7)]
    assert statuses[:5] == [400] * 5 and 429 in statuses[5:]


def test_a_code_is_one_person_s(owner, other):
    change(other, unique_email())
    code = change(owner, unique_email())["code"]
    confirm(other, code, (400,))
    confirm(owner, code)


def test_changing_needs_a_sign_in(api, owner):
    key = owner.key_caller()
    agent = owner.agent().sign_in()
    for path, body in [("change-email", {"new_email": unique_email()}),
                       ("verify-email-change", {"code": "123456"}),
                       ("set-password", {"password": NEW, "password_confirm": NEW})]:
        api.request("POST", "/v1/auth/" + path, 401, json=body)
        key.request("POST", "/v1/auth/" + path, 403, json=body)
        agent.request("POST", "/v1/auth/" + path, 403, json=body)
    assert change(owner, "no address", 400).fields == {"new_email"}
    assert owner.request("POST", "/v1/auth/change-email", 400, json={}).fields == {"new_email"}
    assert owner.request("POST", "/v1/auth/verify-email-change", 400, json={}).fields == {"code"}


# Settings


def test_settings(api, owner):
    url = "/v1/auth/settings"
    settings = {"require_passkey_for_vaults": False, "passkey_count": 0, "totp_enabled": False,
                "has_password": True, "email_verified": True}
    assert owner.request("GET", url, 200).body == settings
    assert owner.request("PATCH", url, 200, json={"require_passkey_for_vaults": False}).body \
        == settings
    for value in (True, 1, "no"):
        answer = owner.request("PATCH", url, 400, json={"require_passkey_for_vaults": value})
        assert answer.fields == {"require_passkey_for_vaults"}
    api.request("GET", url, 401)
    api.request("PATCH", url, 401, json={})
    agent = owner.agent().sign_in()
    agent.request("GET", url, 403)
    agent.request("PATCH", url, 403, json={})


# Taking data along


def test_an_export_has_everything_but_values(api, owner, other):
    vault = owner.vault("mine")
    owner.put(vault, "db/password", "the value itself", metadata={"team": "core"})
    agent = owner.agent("robot")
    policy = owner.policy(vault, agent, "db/**")["id"]
    key = owner.api_key("laptop")
    link = owner.request("POST", f"/v1/secrets/{owner.get(vault, 'db/password')['id']}/share", 201,
                         json={"recipient_type": "anyone_with_link",
                               "expires_at": in_seconds(3600)})
    other.vault("theirs")
    url = "/v1/auth/export-data"
    answer = owner.request("POST", url, 200, headers={"X-Auth-Confirm": PASSWORD})
    assert answer["user"]["email"] == owner.email and answer["user"]["id"] == owner.id
    assert [item["name"] for item in answer["vaults"]] == ["mine"]
    assert [item["id"] for item in answer["agents"]] == [agent.id]
    assert [(item["path"], item["metadata"]) for item in answer["secrets_metadata"]] \
        == [("db/password", {"team": "core"})]
    assert [item["id"] for item in answer["policies"]] == [policy]
    assert [item["name"] for item in answer["api_keys"]] == ["laptop"]
    assert "vault.create" in {event["action"] for event in answer["audit_events"]}
    assert answer["memberships"][0]["role"] == "owner" and answer["truncated"] is False
    assert [(item["id"], item["secret_path"]) for item in answer["shares"]] \
        == [(link["id"], "db/password")]
    assert answer["truncated_lists"] == [] and answer["limits"]["audit_events"] == 1000
    for secret in (b"the value itself", link["share_id"].encode(), key["api_key"].encode(), agent.key.encode(), b"argon2"):
        assert secret not in answer.content


def test_an_export_names_the_lists_that_it_cuts(owner, vault):
    def export():
        return owner.request("POST", "/v1/auth/export-data", 200,
                             headers={"X-Auth-Confirm": PASSWORD})

    while len(owner.events(limit=1000, offset=0)["events"]) < 1000:
        run_together(8, lambda _: [owner.vault_ids() for _ in range(30)])
    owner.vault_ids()
    answer = export()
    assert answer["truncated"] is True and answer["truncated_lists"] == ["audit_events"]
    assert len(answer["audit_events"]) == answer["limits"]["audit_events"]


def test_an_export_asks_who_it_is_again(api, owner):
    url = "/v1/auth/export-data"
    api.request("POST", url, 401)
    owner.request("POST", url, 403)
    owner.request("POST", url, 403, headers={"X-Auth-Confirm": "wrong"})
    owner.key_caller().request("POST", url, 403, headers={"X-Auth-Confirm": PASSWORD})
    owner.agent().request("POST", url, 403, headers={"X-Auth-Confirm": PASSWORD})
    statuses = [owner.request("POST", url, (403, 429), headers={"X-Auth-Confirm": "wrong"}).status
                for _ in range(6)]
    assert 429 in statuses


def test_a_code_confirms_too(api, owner):
    from mfa_test import turn_on
    app, _ = turn_on(owner)
    url = "/v1/auth/export-data"
    owner.request("POST", url, 403, headers={"X-Auth-Confirm": app.wrong()})
    owner.request("POST", url, 200, headers={"X-Auth-Confirm": app.fresh()})


# Leaving


def leave(person, confirmation=None, proof=PASSWORD, expect=204):
    headers = {} if proof is None else {"X-Auth-Confirm": proof}
    return person.request("DELETE", "/v1/auth/me", expect, headers=headers,
                          json={"confirmation": confirmation or person.email})


def test_leaving_erases_what_is_ones_own(new_server):
    with new_server() as server:
        api = Api(server.url)
        owner, other = api.signup(), api.signup()
        vault = owner.vault("a-vault-of-mine")
        owner.put(vault, "a-path-of-mine", "v")
        agent = owner.agent("an-agent-of-mine").sign_in()
        owner.policy(vault, agent)
        key = owner.api_key()["api_key"]
        assert agent.value(vault, "a-path-of-mine") == "v"
        others = other.vault()
        other.put(others, "a", "theirs")
        identity, org = owner.id, owner.me()["org_id"]
        leave(owner)
        owner.request("GET", "/v1/auth/me", 401)
        api.login(owner.email, PASSWORD, 401)
        api.refresh(owner.refresh_token, 401)
        api.key_token(key, 401)
        agent.request("GET", "/v1/agents/me", 401)
        api.agent_token(agent.key, 401)
        assert other.value(others, "a") == "theirs"
        # The address is free, and a new account starts with nothing.
        again = api.signup(owner.email)
        assert again.vault_ids() == [] and again.id != identity
        server.stop()
        with opened(server) as database:
            kept = database.execute("SELECT email, display_name, password_hash, is_active "
                                    "FROM users WHERE id = ?", (blob(identity),)).fetchone()
            assert kept == (f"{identity}@erased.invalid", "", None, 0)
            for query in ("SELECT COUNT(*) FROM vault_keks k JOIN vaults v ON v.id = k.vault_id "
                          "WHERE v.org_id = ?",
                          "SELECT COUNT(*) FROM secret_versions n JOIN secrets s "
                          "ON s.id = n.secret_id JOIN vaults v ON v.id = s.vault_id "
                          "WHERE v.org_id = ?",
                          "SELECT COUNT(*) FROM policies WHERE org_id = ?",
                          "SELECT COUNT(*) FROM memberships WHERE org_id = ?"):
                assert database.execute(query, (blob(org),)).fetchone() == (0,)
            names = database.execute("SELECT name FROM vaults WHERE org_id = ? UNION ALL "
                                     "SELECT name FROM agents WHERE org_id = ?",
                                     (blob(org), blob(org))).fetchall()
            assert {name for name, in names} == {"erased"}
            event = database.execute("SELECT action, actor_id FROM audit_events WHERE org_id = ? "
                                     "ORDER BY sequence DESC LIMIT 20", (blob(org),)).fetchall()
            assert ("user.delete", identity) in event
        server.start()


def test_leaving_asks_twice(api, owner):
    url = "/v1/auth/me"
    api.request("DELETE", url, 401, json={"confirmation": owner.email})
    assert owner.request("DELETE", url, 400, json={}).fields == {"confirmation"}
    assert leave(owner, "DELETE", expect=400).fields == {"confirmation"}
    assert leave(owner, proof=None, expect=400).fields == {"X-Auth-Confirm"}
    assert leave(owner, proof="wrong", expect=400).fields == {"X-Auth-Confirm"}
    owner.key_caller().request("DELETE", url, 403, json={"confirmation": owner.email},
                               headers={"X-Auth-Confirm": PASSWORD})
    owner.agent().request("DELETE", url, 403, json={"confirmation": owner.email})
    owner.me()


def test_an_account_without_a_password_sets_one_first(api, google):
    email = unique_email()
    answer = api.request("POST", "/v1/auth/google", 200, json={"id_token": google.id_token(email=email)})
    person = Person(api, answer, email, NEW)
    leave(person, expect=403)
    person.request("POST", "/v1/auth/set-password", 200,
                   json={"password": NEW, "password_confirm": NEW})
    leave(person, proof=NEW)


def test_members_and_last_owners(new_server):
    from members_test import Team
    team = Team(new_server(), "member")
    team.owner.policy(team.vault, team.member, "open/**")
    # The last owner can't leave the others behind.
    leave(team.owner, expect=409)
    team.owner.me()
    assert team.member.value(team.vault, "open/a") == "open value"
    # A member can; the org and what is in it stay.
    leave(team.member)
    team.member.request("GET", "/v1/auth/me", 401)
    assert team.owner.value(team.vault, "open/a") == "open value"
    policies = team.owner.request("GET", f"/v1/vaults/{team.vault}/policies", 200)["policies"]
    assert policies == []
    leave(team.owner)
