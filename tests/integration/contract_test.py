"""openapi/openapi.yaml and the server list the same routes."""
import re
import uuid

import pytest

from harness import contract
from harness.raw_http import exchange, head


@pytest.fixture(autouse=True)
def the_document():
    assert contract.document() is not None, f"{contract.DOCUMENT} is missing"


def test_every_operation_is_routed_and_asks_for_a_token(api):
    count = 0
    for method, template, operation in contract.operations():
        path = re.sub(r"\{[^}]*\}", str(uuid.uuid4()), template)
        answer = api.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)
        is_public = operation.get("security", contract.document().get("security")) == []
        assert answer.status != 405, answer
        if is_public:
            assert answer.status in (200, 400, 401, 404), answer
        else:
            assert answer.status == 401, answer
        count += 1
    assert count >= 30


def test_the_document_lists_what_the_issue_asks_for():
    listed = {(method, re.sub(r"\{[^}]*\}", "{}", template))
              for method, template, _ in contract.operations()}
    for methods, path in [
            ("POST", "/v1/auth/signup"), ("POST DELETE", "/v1/auth/token"),
            ("POST", "/v1/auth/google"), ("POST", "/v1/auth/api-key-token"),
            ("POST", "/v1/auth/agent-token"), ("POST", "/v1/auth/refresh"),
            ("GET PATCH", "/v1/auth/me"), ("POST", "/v1/auth/change-password"),
            ("GET", "/v1/auth/jwt-public-key"), ("GET", "/.well-known/jwks.json"),
            ("GET POST", "/v1/auth/api-keys"), ("DELETE", "/v1/auth/api-keys/{}"),
            ("GET POST", "/v1/vaults"), ("GET DELETE", "/v1/vaults/{}"),
            ("GET", "/v1/vaults/{}/secrets"), ("GET PUT DELETE", "/v1/vaults/{}/secrets/{}"),
            ("GET", "/v1/vaults/{}/secret-versions/{}"),
            ("GET", "/v1/vaults/{}/secret-version/{}/{}"),
            ("GET POST", "/v1/vaults/{}/policies"), ("PUT DELETE", "/v1/vaults/{}/policies/{}"),
            ("GET POST", "/v1/agents"), ("GET", "/v1/agents/me"),
            ("GET PATCH DELETE", "/v1/agents/{}"), ("POST", "/v1/agents/{}/rotate-key"),
            ("GET", "/v1/audit/events"), ("GET", "/v1/audit/verify"), ("GET", "/v1/health")]:
        for method in methods.split():
            assert (method, path) in listed


def test_every_reference_resolves():
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                assert contract.resolve(node) is not None
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(contract.document())


def test_secrets_in_answers_are_marked_no_store(api, server):
    owner = api.signup()
    vault = owner.vault()
    owner.put(vault, "a", "v")
    assert owner.get(vault, "a").headers["Cache-Control"] == "no-store"
    assert owner.version(vault, "a", 1).headers["Cache-Control"] == "no-store"
    raw = exchange(server.port, head("GET", f"/v1/vaults/{vault}/secrets/a", owner.token), "GET",
                   f"/v1/vaults/{vault}/secrets/a")
    assert raw.headers["Content-Length"] == str(len(raw.content))
