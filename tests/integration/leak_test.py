"""No secret, key, password or token lies in clear in the data folder, the log or an error."""
import base64
import time
import uuid

from harness import totp
from harness.client import Api, Person, unique_email
from harness.mail import MailSink
from harness.receiver import Receiver
from harness.server import Server


def encodings(canary):
    """Every way in which a file might hold these bytes."""
    yield canary
    yield canary.hex().encode()
    yield canary.hex().upper().encode()
    for shift in range(3):
        # The middle of the base64 text, at each of the three alignments.
        padded = bytes(shift) + canary
        cut = padded[:len(padded) // 3 * 3]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(cut)[4 if shift else 0:]
    yield canary.decode("utf-8", "ignore").encode("utf-16-le")


def scan(files, canaries):
    found = []
    for file in files:
        try:
            content = file.read_bytes()
        except FileNotFoundError:  # PostgreSQL's own come and go
            continue
        for name, canary in canaries.items():
            found += [f"{name} in {file.name} as {text[:12]!r}…" for text in encodings(canary)
                      if text in content]
    assert not found, found


def files_of(server):
    files = [path for path in server.data.rglob("*") if path.is_file()] + [server.log_file]
    if server.database_url:
        files += Server.postgres.files_of(server.database_url)
    return files


def key_parts(key):
    """The whole key, its random text (a short prefix of it is stored to look it up), its bytes."""
    yield key
    yield key[-24:]
    body = key.split("_", 1)[1]
    try:
        yield base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))[-20:]
    except ValueError:
        pass


def test_the_scan_itself_finds(tmp_path):
    canary = b"canary-of-the-scan-itself"
    for number, text in enumerate([canary, canary.hex().encode(), base64.b64encode(canary),
                                   base64.b64encode(b"x" + canary + b"yy"),
                                   base64.urlsafe_b64encode(b"xy" + canary + b"y")]):
        file = tmp_path / str(number)
        file.write_bytes(b"before" + text + b"after")
        try:
            scan([file], {"canary": canary})
        except AssertionError:
            continue
        raise AssertionError(f"{text} was not found")


def test_nothing_in_clear_on_disk(new_server, google):
    canaries = {}

    def keep(name, text):
        canaries[name] = text.encode() if isinstance(text, str) else text
        return text

    def canary(name):
        return keep(name, f"canary-{name}-{uuid.uuid4().hex}")

    def keep_key(name, key):
        for number, part in enumerate(key_parts(key)):
            keep(f"{name} ({number})", part)
        return key

    def keep_token(name, token):
        keep(name, token)
        keep(name + "'s signature", token.rsplit(".", 1)[-1])
        return token

    config = {"google": google.config(), "log": {"level": "debug"}}
    with new_server(config) as server:
        api = Api(server.url)
        owner = api.signup(password=canary("password"))
        keep_token("access token", owner.token)
        keep_key("refresh token", owner.refresh_token)
        renewed = api.refresh(owner.refresh_token)
        keep_token("renewed access token", renewed["access_token"])
        keep_key("renewed refresh token", renewed["refresh_token"])
        api.login(owner.email, canary("wrong password"), 401)
        id_token = keep_token("ID token", google.id_token())
        answer = api.request("POST", "/v1/auth/google", 200, json={"id_token": id_token})
        keep_key("Google's refresh token", answer["refresh_token"])

        vault = owner.vault()
        for i in range(5):
            owner.put(vault, f"p/{i}", canary(f"value-{i}"))
        owner.put(vault, "p/0", canary("second-version"))
        owner.put(vault, "big", canary("big-value") * 5000)
        owner.put(vault, "deleted", canary("deleted-value"))
        owner.delete(vault, "deleted")
        owner.get(vault, "p/1")
        owner.version(vault, "p/0", 1)

        made = owner.api_key()
        keep_key("personal key", made["api_key"])
        keep_token("token of a personal key", api.key_token(made["api_key"])["access_token"])
        agent = owner.agent()
        keep_key("first agent key", agent.key)
        agent.sign_in()
        keep_token("agent token", agent.token)
        agent.get(vault, "p/1", 403)
        agent.key = owner.request("POST", f"/v1/agents/{agent.id}/rotate-key", 200)["api_key"]
        keep_key("second agent key", agent.key)
        for kind in ("ssh", "ecdh"):
            lines = owner.value(owner.keys_vault(), f"agents/{agent.id}/{kind}").splitlines()
            longest = max(lines, key=len)
            keep(f"{kind} private key", longest[-40:])
        new_password = canary("new password")
        owner.request("POST", "/v1/auth/change-password", 400,
                      json={"current_password": canary("mistaken password"),
                            "new_password": new_password})
        owner.request("POST", "/v1/auth/change-password", 204,
                      json={"current_password": owner.password, "new_password": new_password})
        Person(api, api.login(owner.email, new_password), owner.email, new_password).me()

        account_secrets(api, keep, keep_key)

        # What is sent at the wrong place, to the wrong route or broken must not come back either.
        errors = misuse(api, owner, canary)
        scan(files_of(server), canaries)
    scan(files_of(server), canaries)
    for answer in errors:
        text = answer.content + str(answer.headers).encode()
        assert not [name for name, value in canaries.items() if value in text], answer


def account_secrets(api, keep, keep_key):
    """What second factors, devices and enrolments hand out."""
    person = api.signup()
    asked = api.request("POST", "/v1/agents/enroll", 201, json={"name": "a bot"})
    keep_key("poll token", asked["poll_token"])
    person.request("POST", f"/v1/agents/enroll/{asked['agent_id']}/approve", 200)
    collected = api.request("GET", f"/v1/agents/enroll/{asked['agent_id']}/status", 200,
                            params={"poll": asked["poll_token"]})
    keep_key("collected agent key", collected["api_key"])

    device = api.request("POST", "/v1/auth/device/code", 200,
                         json={"client_id": "cli", "email": person.email})
    keep_key("device code", device["device_code"])

    setup = person.request("POST", "/v1/auth/mfa/setup", 200)
    keep("TOTP secret as text", setup["secret"])
    keep("TOTP secret", base64.b32decode(setup["secret"]))
    codes = person.request("POST", "/v1/auth/mfa/verify-setup", 200,
                           json={"code": totp.Authenticator(setup["secret"]).fresh()})
    for number, code in enumerate(codes["recovery_codes"]):
        keep(f"recovery code {number}", code)
        keep(f"recovery code {number} without its dash", code.replace("-", ""))
    challenge = api.login(person.email, person.password)["mfa_token"]
    keep_key("MFA token", challenge)
    api.request("POST", "/v1/auth/mfa/verify", 200,
                json={"mfa_token": challenge, "code": codes["recovery_codes"][0]})


def test_no_link_passphrase_or_signing_secret_in_clear(new_server):
    """While the emails and events that hold them wait to be delivered, and after."""
    canaries = {}

    def keep_token(name, token):
        for number, part in enumerate(key_parts(token)):
            canaries[f"{name} ({number})"] = part.encode() if isinstance(part, str) else part
        return token

    sink = MailSink()
    config = sink.config() | {"log": {"level": "debug"}, "webhooks": {
        "allow_private_addresses": True, "first_retry_seconds": 3600}}
    with new_server(config) as server:
        api = Api(server.url)
        owner = sink.sign_up(api)
        receiver = Receiver()
        receiver.status = 503
        hook = owner.request("POST", "/v1/webhooks", 201,
                             json={"url": receiver.url, "events": ["*"]})
        keep_token("signing secret", hook["secret"])
        passphrase = f"canary-passphrase-{uuid.uuid4().hex}"
        canaries["passphrase"] = passphrase.encode()
        canaries["wrong passphrase"] = f"canary-wrong-{uuid.uuid4().hex}".encode()
        vault = owner.vault()
        secret = owner.put(vault, "a", "v")["id"]
        body = {"recipient_type": "anyone_with_link", "passphrase": passphrase,
                "expires_at": "2027-06-01T00:00:00Z"}
        link = owner.request("POST", f"/v1/secrets/{secret}/share", 201, json=body)["share_id"]
        keep_token("share link", link)
        for status, given in [(403, canaries["wrong passphrase"].decode()), (200, passphrase)]:
            api.request("GET", f"/v1/share/{link}", status,
                        headers={"X-Share-Passphrase": given})
            api.request("GET", f"/v1/share/{link}", status, json={"passphrase": given})
        unknown = keep_token("unknown link", "och_" + uuid.uuid4().hex + uuid.uuid4().hex[:11])
        api.request("GET", f"/v1/share/{unknown}", 404)
        api.request("DELETE", f"/v1/share/{link}", 404, token=owner.token)
        api.request("POST", f"/v1/shares/{link}/accept", 404, token=owner.token)
        # This email stays in the outbox, for its recipient is refused for now.
        invited = unique_email()
        sink.refuse[invited] = "450 later"
        owner.request("POST", "/v1/org/invite", 200, json={"email": invited})
        time.sleep(1.5)
        sink.refuse.clear()
        invitation = keep_token("invitation", sink.wait(invited).token)
        api.request("GET", f"/v1/invitations/{invitation}", 200)
        api.request("GET", f"/v1/invitations/{invitation}x", 404)
        api.request("POST", f"/v1/invitations/{invitation}/accept", 403, token=owner.token)
        receiver.wait(1)
        scan(files_of(server), canaries)
        events = str(owner.events(limit=1000).body)
        assert not [name for name, text in canaries.items() if text.decode("latin-1") in events]
    scan(files_of(server), canaries)
    receiver.close()
    sink.close()


def misuse(api, owner, canary):
    token = api.signup().token
    vault = api.request("POST", "/v1/vaults", 201, token=token, json={"name": "v"})["id"]
    url = f"/v1/vaults/{vault}/secrets/a"
    errors = []

    def send(method, path, *, data=None, json=None, headers=None, token=token):
        answer = api.request(method, path, token=token, data=data, json=json, headers=headers)
        assert answer.status >= 400, answer
        errors.append(answer)

    send("PUT", url, json={"value": canary("v1"), "type": canary("as-type")})
    send("PUT", url, json={"value": [canary("v2")]})
    send("PUT", url, json={"value": canary("v3"), "metadata": canary("as-metadata")})
    send("PUT", url, json={"value": canary("v4") + "x" * 524288})
    send("PUT", url, data=('{"value": "' + canary("broken-json")).encode())
    send("PUT", url, data=b'{"value": "' + canary("bad-utf8").encode() + b'\xff"}')
    send("PUT", url, json={"value": canary("no-token")}, token="x." + canary("as-token") + ".y")
    send("PUT", "/v1/vaults/x/secrets/a", json={"value": canary("no-vault")})
    send("POST", "/v1/nothing", json={"value": canary("no-route")})
    send("PATCH", url, json={"value": canary("no-method")})
    send("GET", "/v1/auth/me", headers={"Authorization": "Basic " + canary("basic")}, token=None)
    send("GET", "/v1/nothing?token=" + canary("in-query"))
    send("GET", url + "?bad=%zz&token=" + canary("in-bad-query"))
    send("POST", "/v1/auth/signup", json={"email": canary("as-email"), "password": canary("p")})
    send("POST", "/v1/auth/api-key-token", json={"api_key": "1ck_" + canary("key")})
    send("POST", "/v1/auth/agent-token", json={"api_key": "ocv_" + canary("agent-key"),
                                               "agent_id": canary("as-agent-id")})
    send("POST", "/v1/auth/refresh", json={"refresh_token": canary("refresh")})
    send("POST", "/v1/auth/google", json={"id_token": canary("id-token")})
    send("POST", "/v1/auth/api-keys", json={"name": "x", "scopes": [canary("as-scope")]})
    return errors
