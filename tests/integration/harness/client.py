"""A client that holds every answer to the rules that all answers keep."""
import json as json_module
import threading
import uuid
from urllib.parse import quote

import requests

from harness import contract

SECRET_FIELDS = {"access_token", "refresh_token", "api_key", "value", "mfa_token", "secret",
                 "recovery_codes", "device_code", "poll_token"}
AGENT_KEYS = "__agent-keys"
PASSWORD = "correct horse battery staple"


class Answer:
    def __init__(self, method, path, status, headers, content):
        self.method = method
        self.path = path
        self.status = status
        self.headers = headers
        self.content = content
        self.media_type = headers.get("Content-Type", "").split(";")[0].strip() or None
        self.body = None
        if content:
            is_page = self.media_type == "text/html"
            self.body = content.decode() if is_page else json_module.loads(content)

    def __getitem__(self, key):
        return self.body[key]

    @property
    def fields(self):
        """The names of the fields that a validation problem complains of."""
        return {error["field"] for error in self.body.get("fields", [])}

    def __repr__(self):
        return f"<{self.method} {self.path}: {self.status} {self.content[:600]!r}>"


def check_problem(answer):
    assert answer.media_type == "application/problem+json", answer
    body = answer.body
    assert isinstance(body["type"], str) and body["type"], answer
    assert isinstance(body["title"], str) and body["title"], answer
    assert body["status"] == answer.status, answer
    assert isinstance(body["detail"], str) and body["detail"], answer
    for error in body.get("fields", []):
        assert set(error) >= {"field", "message"}, answer
    if answer.status == 401:
        assert answer.headers.get("WWW-Authenticate", "").startswith("Bearer"), answer


def check_answer(answer):
    """What holds for every answer of the server."""
    assert answer.headers.get("X-Request-Id"), answer
    if answer.media_type == "text/html":
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], answer
        assert "<script" not in answer.body or answer.path == "/docs", answer
    elif answer.status >= 400:
        check_problem(answer)
    elif answer.status in (204, 302):
        assert answer.content == b"", answer
    else:
        assert answer.media_type in ("application/json", "application/jwk-set+json"), answer
        if SECRET_FIELDS & set(answer.body):
            assert answer.headers.get("Cache-Control") == "no-store", answer
    contract.check(answer.method, answer.path.split("?")[0], answer.status, answer.media_type,
                   answer.body)


class Api:
    """Requests to one server, with a connection for each thread."""

    def __init__(self, url, verify=True):
        self.url = url
        self.verify = verify
        self._local = threading.local()

    def _session(self):
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        return self._local.session

    def request(self, method, path, expect=None, token=None, json=None, data=None, headers=None,
                params=None):
        """`expect`: a status or several; None takes any."""
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if json is not None:
            data = json_module.dumps(json).encode()
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        response = self._session().request(method, self.url + path, data=data, headers=headers,
                                           params=params, timeout=120, verify=self.verify,
                                           allow_redirects=False)
        answer = Answer(method, path, response.status_code, response.headers, response.content)
        if expect is not None:
            wanted = {expect} if isinstance(expect, int) else set(expect)
            assert answer.status in wanted, f"wanted {sorted(wanted)}: {answer}"
        check_answer(answer)
        return answer

    def signup(self, email=None, password=PASSWORD, **more):
        email = email or unique_email()
        answer = self.request("POST", "/v1/auth/signup", 200,
                              json={"email": email, "password": password, **more})
        return Person(self, answer, email, password)

    def login(self, email, password, expect=200, headers=None):
        return self.request("POST", "/v1/auth/token", expect, headers=headers,
                            json={"email": email, "password": password})

    def agent_token(self, key, expect=200, agent_id=None):
        body = {"api_key": key}
        if agent_id is not None:
            body["agent_id"] = agent_id
        return self.request("POST", "/v1/auth/agent-token", expect, json=body)

    def key_token(self, key, expect=200):
        return self.request("POST", "/v1/auth/api-key-token", expect, json={"api_key": key})

    def refresh(self, refresh_token, expect=200):
        return self.request("POST", "/v1/auth/refresh", expect,
                            json={"refresh_token": refresh_token})


class Caller:
    """Whoever holds a token. `address` is who the server is told the client is."""

    def __init__(self, api, token, address=None):
        self.api = api
        self.token = token
        self.address = address

    def request(self, method, path, expect=None, **more):
        headers = dict(more.pop("headers", None) or {})
        if self.address:
            headers["X-Forwarded-For"] = self.address
        return self.api.request(method, path, expect, token=self.token, headers=headers, **more)

    def at(self, address):
        return Caller(self.api, self.token, address)

    def with_token(self, token):
        return Caller(self.api, token, self.address)

    def vault(self, name=None, **more):
        body = {"name": name or "vault-" + uuid.uuid4().hex[:12], **more}
        return self.request("POST", "/v1/vaults", 201, json=body)["id"]

    def vault_ids(self):
        """The vaults that the caller sees, but for the one of the agents' keys."""
        return [vault["id"] for vault in self.request("GET", "/v1/vaults", 200)["vaults"]
                if vault["name"] != AGENT_KEYS]

    def keys_vault(self):
        """The vault of the agents' keys; None when the caller doesn't see it."""
        for vault in self.request("GET", "/v1/vaults", 200)["vaults"]:
            if vault["name"] == AGENT_KEYS:
                return vault["id"]
        return None

    def put(self, vault_id, path, value="a value", expect=201, **more):
        return self.request("PUT", secret_url(vault_id, path), expect,
                            json={"value": value, **more})

    def get(self, vault_id, path, expect=200):
        return self.request("GET", secret_url(vault_id, path), expect)

    def value(self, vault_id, path):
        return self.get(vault_id, path)["value"]

    def delete(self, vault_id, path, expect=204):
        return self.request("DELETE", secret_url(vault_id, path), expect)

    def list(self, vault_id, expect=200, **query):
        return self.request("GET", f"/v1/vaults/{vault_id}/secrets", expect, params=query)

    def paths(self, vault_id, **query):
        return [secret["path"] for secret in self.list(vault_id, **query)["secrets"]]

    def versions(self, vault_id, path, expect=200):
        return self.request("GET", f"/v1/vaults/{vault_id}/secret-versions/{quote(path)}", expect)

    def version(self, vault_id, path, number, expect=200):
        return self.request(
            "GET", f"/v1/vaults/{vault_id}/secret-version/{quote(path)}/{number}", expect)

    def agent(self, name="an agent", expect=201, **more):
        """Registers an agent; `Agent` is ready to read as it."""
        answer = self.request("POST", "/v1/agents", expect, json={"name": name, **more})
        return Agent(self.api, answer["agent"], answer["api_key"])

    def policy(self, vault_id, principal, pattern="**", permissions=("read",), expect=201, **more):
        body = {"secret_path_pattern": pattern, "principal_type": principal.kind,
                "principal_id": principal.id, "permissions": list(permissions), **more}
        return self.request("POST", f"/v1/vaults/{vault_id}/policies", expect, json=body)

    def me(self, expect=200):
        return self.request("GET", "/v1/auth/me", expect)

    def events(self, expect=200, **query):
        return self.request("GET", "/v1/audit/events", expect, params=query)

    def verify(self, expect=200, **query):
        return self.request("GET", "/v1/audit/verify", expect, params=query)


class Person(Caller):
    kind = "user"

    def __init__(self, api, answer, email, password):
        super().__init__(api, answer["access_token"])
        self.refresh_token = answer["refresh_token"]
        self.email = email
        self.password = password

    @property
    def id(self):
        return self.me()["id"]

    def sign_in(self):
        answer = self.api.login(self.email, self.password)
        return Person(self.api, answer, self.email, self.password)

    def api_key(self, name="a key", expect=201, **more):
        return self.request("POST", "/v1/auth/api-keys", expect, json={"name": name, **more})

    def key_caller(self, **more):
        return Caller(self.api, self.api.key_token(self.api_key(**more)["api_key"])["access_token"])


class Agent(Caller):
    kind = "agent"

    def __init__(self, api, record, key):
        super().__init__(api, None)
        self.record = record
        self.id = record["id"]
        self.key = key

    def sign_in(self):
        """Takes a fresh token."""
        self.token = self.api.agent_token(self.key)["access_token"]
        return self

    def request(self, method, path, expect=None, **more):
        if self.token is None:
            self.sign_in()
        return super().request(method, path, expect, **more)


def unique_email():
    return f"person-{uuid.uuid4().hex}@example.test"


def secret_url(vault_id, path):
    return f"/v1/vaults/{vault_id}/secrets/{quote(path)}"
