"""People: signing up, in and out, their tokens and keys."""
import base64
import json
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.client import PASSWORD, Api, Person, unique_email
from harness.google import Google
from harness.server import ISSUER
from harness.threads import run_together
from harness.times import in_seconds


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def assert_dead(caller, path="/v1/vaults"):
    caller.request("GET", path, 401)


def test_signup_gives_a_token_to_an_org_of_ones_own(api):
    email = unique_email()
    answer = api.request("POST", "/v1/auth/signup", 200,
                         json={"email": email, "password": PASSWORD, "display_name": "Ada"})
    assert answer["email"] == email and answer["token_type"] == "Bearer"
    assert answer["message"] and answer["expires_in"] == 900 and answer["refresh_token"]
    person = Person(api, answer, email, PASSWORD)
    me = person.me()
    assert (me["email"], me["display_name"], me["role"]) == (email, "Ada", "owner")
    assert me["auth_method"] == "password" and me["totp_enabled"] is False
    claims = claims_of(person.token)
    assert claims["role"] == "owner"
    assert claims["org_id"] != claims_of(api.signup().token)["org_id"]


def test_emails_are_case_insensitive_and_taken_once(api):
    email = unique_email()
    api.signup(email.upper())
    for again in (email, email.upper(), email.capitalize()):
        answer = api.request("POST", "/v1/auth/signup", 400,
                             json={"email": again, "password": PASSWORD})
        assert answer.fields == {"email"}
        api.login(again, PASSWORD)
    assert Person(api, api.login(email, PASSWORD), email, PASSWORD).me()["email"] == email


def test_one_of_many_concurrent_signups_wins(api):
    email = unique_email()
    statuses = run_together(8, lambda _: api.request(
        "POST", "/v1/auth/signup", json={"email": email, "password": PASSWORD}).status)
    assert sorted(statuses) == [200] + [400] * 7


@pytest.mark.parametrize("password", ["8 bytes!", "x" * 256, "päßwörter", "日本語パスワード", " spaces "])
def test_passwords_at_the_edges_work(api, password):
    person = api.signup(password=password)
    person.sign_in()
    for wrong in (password + "x", password[:-1], password.swapcase() + "."):
        api.login(person.email, wrong, 401)


def test_login(api, owner):
    answer = api.login(owner.email, owner.password)
    assert answer["token_type"] == "Bearer" and answer["expires_in"] == 900
    again = Person(api, answer, owner.email, owner.password)
    assert again.me().body == owner.me().body


def test_tokens_are_eddsa_and_verify_against_the_jwks(api, owner):
    jwks = api.request("GET", "/.well-known/jwks.json", 200)
    assert jwks.media_type == "application/jwk-set+json"
    agent = owner.agent(scopes=["secrets:read"]).sign_in()
    for token, kind, identity, role, life in [(owner.token, "user", owner.id, "owner", 900),
                                              (agent.token, "agent", agent.id, "agent", 3600)]:
        header = jwt.get_unverified_header(token)
        assert header["alg"] == "EdDSA" and header["typ"] == "JWT"
        jwk = next(key for key in jwks["keys"] if key["kid"] == header["kid"])
        assert (jwk["kty"], jwk["crv"], jwk["use"]) == ("OKP", "Ed25519", "sig")
        assert "d" not in jwk
        claims = jwt.decode(token, jwt.PyJWK(jwk).key, algorithms=["EdDSA"], issuer=ISSUER,
                            options={"require": ["iss", "sub", "iat", "nbf", "exp", "jti"]})
        assert claims["sub"] == f"{kind}:{identity}"
        assert claims["role"] == role
        assert claims["exp"] - claims["iat"] == life
        assert claims["scopes"] == (["secrets:read"] if kind == "agent" else [])
        uuid.UUID(claims["org_id"])
        key = api.request("GET", "/v1/auth/jwt-public-key", 200)
        assert key["alg"] == "EdDSA"
        x = base64.urlsafe_b64decode(jwk["x"] + "=")
        assert base64.b64decode(key["public_key_base64"]) == x and len(x) == 32


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forgeries(api, token):
    """(what, token) of every forgery of a good token that we can think of."""
    head, body, signature = token.split(".")
    header, claims = jwt.get_unverified_header(token), claims_of(token)
    public = base64.b64decode(
        api.request("GET", "/v1/auth/jwt-public-key", 200)["public_key_base64"])
    stranger = Ed25519PrivateKey.generate()
    kid = {"kid": header["kid"]}

    def with_header(**changes):
        changed = {name: value for name, value in {**header, **changes}.items() if value is not None}
        return encoded(json.dumps(changed).encode())

    yield "alg none", jwt.encode(claims, None, algorithm="none", headers=kid)
    for name in ("none", "None", "NONE", "", "EdDSA "):
        yield f"alg {name!r}, no signature", f"{with_header(alg=name)}.{body}."
        yield f"alg {name!r}, old signature", f"{with_header(alg=name)}.{body}.{signature}"
    yield "HS256 with the public key", jwt.encode(claims, public, algorithm="HS256", headers=kid)
    yield "a stranger's key", jwt.encode(claims, stranger, algorithm="EdDSA", headers=kid)
    yield "a stranger's key and kid", jwt.encode(claims, stranger, algorithm="EdDSA",
                                                 headers={"kid": "unknown"})
    yield "no kid", jwt.encode(claims, stranger, algorithm="EdDSA")
    stranger_x = encoded(stranger.public_key().public_bytes(serialization.Encoding.Raw,
                                                            serialization.PublicFormat.Raw))
    yield "its own jwk", jwt.encode(claims, stranger, algorithm="EdDSA", headers={
        **kid, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": stranger_x}})
    yield "jku", f"{with_header(jku='http://127.0.0.1/jwks')}.{body}.{signature}"
    yield "crit", f"{with_header(crit=['exp'])}.{body}.{signature}"
    for name, value in [("sub", "user:" + str(uuid.uuid4())), ("exp", claims["exp"] + 9999),
                        ("role", "admin"), ("org_id", str(uuid.uuid4())), ("iss", "https://evil")]:
        changed = encoded(json.dumps({**claims, name: value}).encode())
        yield f"{name} changed", f"{head}.{changed}.{signature}"
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{token}.{signature}"
    yield "padding", token + "="
    yield "a changed last byte", token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    yield "a zero signature", f"{head}.{body}.{encoded(bytes(64))}"
    yield "huge", f"{head}.{'A' * 9000}.{signature}"
    yield "nonsense", "nonsense"
    yield "dots", "..."


def test_forged_tokens_are_401_and_store_nothing(api, owner, vault):
    owner.put(vault, "a", "kept")
    for what, token in forgeries(api, owner.token):
        forger = owner.with_token(token)
        for method, path, body in [("GET", f"/v1/vaults/{vault}/secrets/a", None),
                                   ("PUT", f"/v1/vaults/{vault}/secrets/a", {"value": "forged"}),
                                   ("POST", "/v1/vaults", {"name": "forged"})]:
            answer = forger.request(method, path, json=body)
            assert answer.status == 401, f"{what}: {answer}"
    assert owner.vault_ids() == [vault]
    assert owner.get(vault, "a")["version"] == 1


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", "{token}",
                                    "Token {token}", "Bearer {token} x", "Bearer {token},x",
                                    "Bearer={token}"])
def test_other_authorization_headers_are_401(api, owner, header):
    api.request("GET", "/v1/auth/me", 401,
                headers={"Authorization": header.format(token=owner.token)})


def test_the_scheme_is_case_insensitive(api, owner):
    api.request("GET", "/v1/auth/me", 200, headers={"Authorization": f"bearer {owner.token}"})


def test_a_token_needs_our_issuer(new_server):
    server = new_server({"issuer": "https://one.example"})
    with server:
        owner = Api(server.url).signup()
        assert claims_of(owner.token)["iss"] == "https://one.example"
    server.config["issuer"] = "https://two.example"
    with server:
        owner.api = Api(server.url)
        assert_dead(owner)
        assert owner.sign_in().vault_ids() == []


def test_tokens_expire(new_server):
    tokens = {"user_seconds": 2, "agent_seconds": 2, "refresh_seconds": 3}
    with new_server({"tokens": tokens}) as server:
        owner = Api(server.url).signup()
        agent = owner.agent().sign_in()
        key_caller = owner.key_caller()
        second = owner.sign_in()
        assert claims_of(owner.token)["exp"] - claims_of(owner.token)["iat"] == 2
        agent.request("GET", "/v1/agents/me", 200)
        time.sleep(2.1)
        for caller in (owner, key_caller):
            assert_dead(caller)
        Api(server.url).request("GET", "/v1/agents/me", 401, token=agent.token)
        assert owner.api.refresh(second.refresh_token)["access_token"]
        time.sleep(1.2)
        owner.api.refresh(owner.refresh_token, 401)


def test_unknown_user_and_wrong_password_get_the_same_answer(api, owner):
    unknown = api.login(unique_email(), PASSWORD, 401)
    wrong = api.login(owner.email, "not the password", 401)
    no_email = api.login("no email at all", PASSWORD, 401)
    assert unknown.body == wrong.body == no_email.body
    for name in set(unknown.headers) | set(wrong.headers):
        if name.lower() not in ("x-request-id", "date"):
            assert unknown.headers.get(name) == wrong.headers.get(name), name


def test_unknown_user_and_wrong_password_take_the_same_time(new_server):
    config = {"login": {"free_failures_per_account": 1000}, "password": {"memory_mib": 32}}
    with new_server(config) as server:
        api = Api(server.url)
        owner = api.signup()
        times = {"unknown": [], "wrong": []}
        for _ in range(9):
            for kind, email in (("unknown", unique_email()), ("wrong", owner.email)):
                began = time.perf_counter()
                api.login(email, "not the password", 401)
                times[kind].append(time.perf_counter() - began)
        ratio = min(times["unknown"]) / min(times["wrong"])
        assert 0.5 < ratio < 2, times


def test_failed_logins_back_off_for_the_account(api, owner, other):
    for _ in range(5):
        api.login(owner.email, "wrong", 401)
    refused = api.login(owner.email, owner.password, 429)
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 2
    owner.me()
    other.sign_in()
    time.sleep(wait)
    api.login(owner.email, "wrong", 401)
    longer = int(api.login(owner.email.upper(), owner.password, 429).headers["Retry-After"])
    assert longer >= wait
    time.sleep(longer)
    owner.sign_in()
    for _ in range(4):
        api.login(owner.email, "wrong", 401)
    owner.sign_in()


def test_an_unknown_account_backs_off_alike(api):
    email = unique_email()
    statuses = [api.login(email, "wrong", (401, 429)).status for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_guessing_in_parallel_gets_no_further(api, owner):
    statuses = run_together(40, lambda i: api.login(owner.email, f"wrong {i}", (401, 429)).status)
    # Five are free, and those already being hashed may end.
    assert statuses.count(401) <= 8


def test_failed_logins_back_off_for_the_address(new_server):
    with new_server({"login": {"free_failures_per_address": 4}}) as server:
        api = Api(server.url)
        owner = api.signup()
        bad, good = {"X-Forwarded-For": "10.2.2.2"}, {"X-Forwarded-For": "10.2.2.3"}
        for _ in range(4):
            api.login(unique_email(), "wrong", 401, headers=bad)
        refused = api.login(owner.email, owner.password, 429, headers=bad)
        assert int(refused.headers["Retry-After"]) >= 1
        api.login(owner.email, owner.password, 200, headers=good)


def test_password_work_is_bounded(new_server):
    config = {"password": {"memory_mib": 64, "passes": 4, "threads": 1, "queue": 2}}
    with new_server(config) as server:
        api = Api(server.url)
        answers = run_together(12, lambda _: api.request("POST", "/v1/auth/signup", json={
            "email": unique_email(), "password": PASSWORD}))
        statuses = [answer.status for answer in answers]
        assert set(statuses) == {200, 503} and statuses.count(200) >= 2
        for answer in answers:
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) >= 1
        api.signup()


def test_refresh_rotates(api, owner):
    first = api.refresh(owner.refresh_token)
    assert first["refresh_token"] != owner.refresh_token
    assert first["expires_in"] == 900
    renewed = owner.with_token(first["access_token"])
    assert renewed.me().body == owner.me().body
    second = api.refresh(first["refresh_token"])
    owner.with_token(second["access_token"]).me()


def test_reuse_of_a_refresh_token_ends_its_family(api, owner):
    elsewhere = owner.sign_in()
    first = api.refresh(owner.refresh_token)
    api.refresh(owner.refresh_token, 401)
    api.refresh(first["refresh_token"], 401)
    assert_dead(owner)
    assert_dead(owner.with_token(first["access_token"]))
    elsewhere.me()
    api.refresh(elsewhere.refresh_token)


def test_a_refresh_token_is_spent_once_under_concurrency(api, owner):
    answers = run_together(8, lambda _: api.refresh(owner.refresh_token, (200, 401)))
    good = [answer for answer in answers if answer.status == 200]
    assert len(good) == 1
    api.refresh(good[0]["refresh_token"], 401)


def test_what_is_no_refresh_token_is_401(api, owner):
    for text in ("nonsense", owner.token, owner.refresh_token[:-1], owner.refresh_token + "A", "ocr_"):
        api.refresh(text, 401)
    api.refresh(owner.refresh_token)


def test_a_refresh_token_is_no_bearer_token(owner):
    assert_dead(owner.with_token(owner.refresh_token))


def test_logout_ends_this_token_now(api, owner):
    elsewhere = owner.sign_in()
    owner.request("DELETE", "/v1/auth/token", 204)
    assert_dead(owner)
    owner.request("DELETE", "/v1/auth/token", 401)
    api.refresh(owner.refresh_token, 401)
    elsewhere.me()
    agent = elsewhere.agent().sign_in()
    agent.request("DELETE", "/v1/auth/token", 204)
    agent.request("GET", "/v1/agents/me", 401)
    agent.sign_in().request("GET", "/v1/agents/me", 200)


def test_logout_of_a_personal_key_ends_that_token_alone(owner):
    key = owner.api_key()["api_key"]
    first, second = (owner.with_token(owner.api.key_token(key)["access_token"]) for _ in range(2))
    first.request("DELETE", "/v1/auth/token", 204)
    assert_dead(first)
    second.me()
    owner.me()


def change_password(caller, current, new, expect):
    return caller.request("POST", "/v1/auth/change-password", expect,
                          json={"current_password": current, "new_password": new})


def test_changing_the_password_ends_live_tokens(api, owner):
    elsewhere = owner.sign_in()
    key = owner.api_key()["api_key"]
    by_key = owner.with_token(api.key_token(key)["access_token"])
    new = "another long password"
    assert change_password(owner, "wrong", new, 400).fields == {"current_password"}
    assert change_password(owner, owner.password, "short", 400).fields == {"new_password"}
    owner.me()
    api.login(owner.email, new, 401)
    change_password(owner, owner.password, new, 204)
    for caller in (owner, elsewhere, by_key):
        assert_dead(caller)
    for person in (owner, elsewhere):
        api.refresh(person.refresh_token, 401)
    api.login(owner.email, owner.password, 401)
    owner.password = new
    assert owner.sign_in().me()["email"] == owner.email


def test_guessing_the_current_password_backs_off(owner):
    for _ in range(5):
        change_password(owner, "wrong", "another long password", 400)
    answer = change_password(owner, owner.password, "another long password", 429)
    assert int(answer.headers["Retry-After"]) >= 1


def test_profile(owner):
    before = owner.me()
    answer = owner.request("PATCH", "/v1/auth/me", 200,
                           json={"display_name": "Grace ✨", "marketing_emails": True})
    assert (answer["display_name"], answer["marketing_emails"]) == ("Grace ✨", True)
    assert owner.me().body == answer.body
    answer = owner.request("PATCH", "/v1/auth/me", 200, json={"marketing_emails": False})
    assert (answer["display_name"], answer["marketing_emails"]) == ("Grace ✨", False)
    same = {"id", "email", "role", "created_at"}
    assert {name: answer[name] for name in same} == {name: before[name] for name in same}
    owner.request("PATCH", "/v1/auth/me", 200, json={"email": "other@x.test", "role": "admin"})
    assert owner.me()["email"] == before["email"] and owner.me()["role"] == "owner"


def test_a_personal_key_is_shown_once(api, owner):
    answer = owner.api_key("ci", scopes=["secrets:read"], expires_at=in_seconds(3600))
    text = answer["api_key"]
    assert text.startswith("1ck_") and len(text) >= 4 + 43
    key = answer["key"]
    assert key["name"] == "ci" and key["scopes"] == ["secrets:read"] and key["is_active"]
    assert text.startswith(key["key_prefix"]) or key["key_prefix"] in text
    assert len(key["key_prefix"]) <= 16
    assert owner.request("GET", "/v1/auth/api-keys", 200)["keys"] == [key]
    token = api.key_token(text)
    assert token["token_type"] == "Bearer" and "refresh_token" not in token.body
    listed = owner.request("GET", "/v1/auth/api-keys", 200)
    assert listed["keys"][0]["last_used_at"]
    assert text not in listed.content.decode()
    assert text[-20:] not in listed.content.decode()


def test_a_personal_key_acts_as_its_person(owner, vault):
    caller = owner.key_caller()
    caller.put(vault, "by/key", "v")
    assert caller.me()["email"] == owner.email
    assert owner.get(vault, "by/key")["created_by"] == owner.id


def test_scopes_narrow_a_personal_key(owner, vault):
    owner.put(vault, "a", "v")
    reader = owner.key_caller(scopes=["secrets:read"])
    assert reader.value(vault, "a") == "v"
    assert reader.paths(vault) == ["a"]
    reader.put(vault, "a", "w", 403)
    reader.delete(vault, "a", 403)
    for method, path, body in [("GET", "/v1/vaults", None), ("POST", "/v1/vaults", {"name": "x"}),
                               ("POST", "/v1/agents", {"name": "x"}), ("GET", "/v1/agents", None),
                               ("GET", "/v1/audit/events", None),
                               ("POST", "/v1/auth/api-keys", {"name": "x"}),
                               ("PATCH", "/v1/auth/me", {"display_name": "x"})]:
        reader.request(method, path, 403, json=body)
    assert owner.value(vault, "a") == "v"

    writer = owner.key_caller(scopes=["vaults:write"])
    writer.put(vault, "b", "v")
    writer.delete(vault, "b")
    writer.get(vault, "a", 403)
    writer.vault()
    everything_read = owner.key_caller(scopes=["*:read"])
    assert everything_read.value(vault, "a") == "v"
    everything_read.vault_ids()
    everything_read.put(vault, "a", "w", 403)


def test_a_narrow_key_makes_no_wider_one(owner):
    caller = owner.key_caller(scopes=["keys:write", "secrets:read"])
    for wider in ({}, {"scopes": []}, {"scopes": ["secrets:write"]}, {"scopes": ["*"]},
                  {"scopes": ["secrets:read", "audit:read"]}, {"scopes": ["*:read"]}):
        caller.request("POST", "/v1/auth/api-keys", 403, json={"name": "wider", **wider})
    caller.request("POST", "/v1/auth/api-keys", 201, json={"name": "same", "scopes": ["secrets:read"]})


def test_revoking_a_key_ends_its_tokens_at_once(api, owner):
    made = owner.api_key()
    caller = owner.with_token(api.key_token(made["api_key"])["access_token"])
    bystander = owner.key_caller()
    caller.me()
    url = f"/v1/auth/api-keys/{made['key']['id']}"
    owner.request("DELETE", url, 204)
    assert_dead(caller)
    api.key_token(made["api_key"], 401)
    owner.request("DELETE", url, 404)
    bystander.me()
    active = {key["id"]: key["is_active"]
              for key in owner.request("GET", "/v1/auth/api-keys", 200)["keys"]}
    assert active.get(made["key"]["id"]) in (None, False)


def test_a_key_expires_with_its_tokens(api, owner):
    made = owner.api_key(expires_at=in_seconds(1.5))
    caller = owner.with_token(api.key_token(made["api_key"])["access_token"])
    caller.me()
    time.sleep(1.7)
    assert_dead(caller)
    api.key_token(made["api_key"], 401)


def test_what_is_no_key_is_401(api, owner):
    key = owner.api_key()["api_key"]
    agent_key = owner.agent().key
    for text in ("nonsense", "1ck_", key[:-1], key + "A", key.replace("1ck_", "ocv_"), agent_key,
                 key[:-1] + ("A" if key[-1] != "A" else "B"), "1ck_" + "A" * 43, owner.token):
        api.key_token(text, 401)
    for text in ("nonsense", "ocv_", agent_key[:-1], key, agent_key.replace("ocv_", "1ck_")):
        api.agent_token(text, 401)
    assert_dead(owner.with_token(key))


class TestGoogle:
    def sign_in(self, api, token, expect=200):
        return api.request("POST", "/v1/auth/google", expect, json={"id_token": token})

    def test_the_first_time_signs_up(self, api, google):
        claims = google.claims()
        answer = self.sign_in(api, google.id_token(claims))
        person = Person(api, answer, claims["email"], None)
        me = person.me()
        assert (me["email"], me["auth_method"], me["role"]) == (claims["email"], "google", "owner")
        assert me["email_verified"] is True and me["display_name"] == "A Person"
        person.put(person.vault(), "a", "v")
        again = self.sign_in(api, google.id_token(claims))
        assert person.with_token(again["access_token"]).me()["id"] == me["id"]
        api.login(claims["email"], PASSWORD, 401)

    def test_audience_and_issuer_may_take_their_other_forms(self, api, google):
        self.sign_in(api, google.id_token(iss="accounts.google.com"))
        self.sign_in(api, google.id_token(aud="another-client"))

    def test_a_changed_address_keeps_the_account(self, api, google):
        first = google.claims()
        one = self.sign_in(api, google.id_token(first))
        two = self.sign_in(api, google.id_token(google.claims(sub=first["sub"])))
        ids = {api.request("GET", "/v1/auth/me", 200, token=answer["access_token"])["id"]
               for answer in (one, two)}
        assert len(ids) == 1

    def test_an_account_with_a_password_is_not_taken_over(self, api, google, owner):
        self.sign_in(api, google.id_token(email=owner.email), 409)
        self.sign_in(api, google.id_token(email=owner.email.upper()), 409)
        assert owner.sign_in().me()["auth_method"] == "password"

    @pytest.mark.parametrize("changes", [
        {"aud": "someone-else"}, {"aud": None}, {"aud": []}, {"iss": "https://evil.example"},
        {"iss": None}, {"iss": "https://accounts.google.com.evil.example"},
        {"exp": 1}, {"exp": None}, {"exp": "soon"}, {"email_verified": False},
        {"email_verified": None}, {"email_verified": "true"}, {"email": None}, {"email": "nonsense"},
        {"sub": None}, {"sub": ""}, {"nbf": 4102444800},
    ], ids=str)
    def test_a_wrong_claim_is_401(self, api, google, changes):
        claims = google.claims(**changes)
        self.sign_in(api, google.id_token(claims), 401)
        if changes.get("email", "@") is not None and "@" in str(claims.get("email")):
            api.signup(claims["email"])

    def test_a_wrong_signature_is_401(self, api, google):
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        good = google.id_token()
        head, body, signature = good.split(".")
        tokens = [
            google.id_token(key=stranger), google.id_token(kid="unknown"),
            google.id_token(algorithm="RS512"), google.id_token(algorithm="PS256"),
            jwt.encode(google.claims(), None, algorithm="none", headers={"kid": google.kid}),
            jwt.encode(google.claims(), "secret", algorithm="HS256", headers={"kid": google.kid}),
            jwt.encode(google.claims(), google.key, algorithm="RS256"),
            f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature[:-4]}AAAA",
            f"{head}.{google.id_token().split('.')[1]}.{signature}", "nonsense", "..",
        ]
        for token in tokens:
            self.sign_in(api, token, 401)
        self.sign_in(api, good)

    def test_our_own_tokens_are_no_id_tokens(self, api, owner):
        self.sign_in(api, owner.token, 401)

    def test_the_jwks_may_be_a_file(self, new_server, google, tmp_path):
        file = tmp_path / "jwks.json"
        file.write_text(json.dumps(google.jwks()))
        config = {"google": {**google.config(), "jwks_url": "http://127.0.0.1:9/none",
                             "jwks_file": str(file)}}
        with new_server(config) as server:
            self.sign_in(Api(server.url), google.id_token())

    def test_a_new_key_is_fetched(self, new_server):
        rotating = Google()
        with new_server({"google": rotating.config()}) as server:
            api = Api(server.url)
            self.sign_in(api, rotating.id_token())
            rotating.rotate()
            # An unknown key id asks for a fresh copy, but not too often.
            for _ in range(30):
                answer = self.sign_in(api, rotating.id_token(), (200, 401))
                if answer.status == 200:
                    break
                time.sleep(0.5)
            assert answer.status == 200
        rotating.close()

    def test_without_its_keys_it_is_503(self, new_server, google):
        config = {"google": {**google.config(), "jwks_url": "http://127.0.0.1:9/none"}}
        with new_server(config) as server:
            self.sign_in(Api(server.url), google.id_token(), 503)

    def test_without_configuration_it_is_refused(self, new_server, google):
        with new_server() as server:
            self.sign_in(Api(server.url), google.id_token(), (400, 401, 404, 501))


def test_answers_never_repeat_what_was_sent(api, owner):
    canary = "canary-" + uuid.uuid4().hex
    for path, body in [("/v1/auth/token", {"email": owner.email, "password": canary}),
                       ("/v1/auth/api-key-token", {"api_key": "1ck_" + canary}),
                       ("/v1/auth/agent-token", {"api_key": "ocv_" + canary}),
                       ("/v1/auth/refresh", {"refresh_token": canary}),
                       ("/v1/auth/google", {"id_token": canary}),
                       ("/v1/auth/signup", {"email": canary, "password": canary})]:
        answer = api.request("POST", path, (400, 401), json=body)
        assert canary not in answer.content.decode()
        assert canary not in str(answer.headers)
