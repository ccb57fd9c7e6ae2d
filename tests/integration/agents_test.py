"""Agents: registering, narrowing, ending them, and what they may never do."""
import base64
import subprocess
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from harness.times import in_seconds


def agent_url(agent):
    return f"/v1/agents/{agent.id}"


def update(owner, agent, expect=200, **changes):
    return owner.request("PATCH", agent_url(agent), expect, json=changes)


def assert_dead(agent, token=None):
    agent.api.request("GET", "/v1/agents/me", 401, token=token or agent.token)


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_an_agents_life(owner):
    agent = owner.agent("builder", description="CI ✓")
    record = agent.record
    assert agent.key.startswith("ocv_") and len(agent.key) >= 4 + 43
    assert (record["name"], record["description"]) == ("builder", "CI ✓")
    assert record["auth_method"] == "api_key" and record["is_active"] is True
    assert record["intents_api_enabled"] is False and record["shroud_enabled"] is False
    assert record["scopes"] == [] and record["vault_ids"] == []
    assert owner.request("GET", agent_url(agent), 200).body == record
    listed = owner.request("GET", "/v1/agents", 200)
    assert listed["agents"] == [record]
    assert agent.key not in listed.content.decode() and agent.key[-20:] not in listed.content.decode()

    changed = update(owner, agent, name="renamed", scopes=["secrets:read"], token_ttl_seconds=600)
    assert (changed["name"], changed["scopes"], changed["token_ttl_seconds"]) == (
        "renamed", ["secrets:read"], 600)
    assert changed["description"] == "CI ✓"
    assert update(owner, agent, token_ttl_seconds=None)["token_ttl_seconds"] is None

    agent.sign_in()
    owner.request("DELETE", agent_url(agent), 204)
    assert_dead(agent)
    agent.api.agent_token(agent.key, 401)
    for method in ("GET", "PATCH", "DELETE"):
        owner.request(method, agent_url(agent), 404, json={} if method == "PATCH" else None)
    assert owner.request("GET", "/v1/agents", 200)["agents"] == []


def test_the_key_alone_identifies(api, owner):
    agent, another = owner.agent(), owner.agent()
    for agent_id in (None, agent.id):
        answer = api.agent_token(agent.key, agent_id=agent_id)
        assert answer["token_type"] == "Bearer" and answer["expires_in"] == 3600
        assert claims_of(answer["access_token"])["sub"] == f"agent:{agent.id}"
        assert "refresh_token" not in answer.body
    for wrong in (another.id, str(uuid.uuid4())):
        api.agent_token(agent.key, 401, agent_id=wrong)


def test_me(owner, vault):
    agent = owner.agent("self-aware", scopes=["secrets:read"])
    me = agent.request("GET", "/v1/agents/me", 200)
    assert (me["id"], me["name"], me["scopes"]) == (agent.id, "self-aware", ["secrets:read"])
    assert me["org_id"] == claims_of(owner.token)["org_id"]
    assert me["created_by"] == owner.id and me["is_active"] is True
    owner.request("GET", "/v1/agents/me", 403)
    assert owner.request("GET", agent_url(agent), 200)["last_active_at"]


def test_token_life(api, owner):
    short = owner.agent(token_ttl_seconds=60)
    answer = api.agent_token(short.key)
    assert answer["expires_in"] == 60
    claims = claims_of(answer["access_token"])
    assert claims["exp"] - claims["iat"] == 60
    ending = owner.agent(expires_at=in_seconds(100))
    assert 95 <= api.agent_token(ending.key)["expires_in"] <= 100


def test_an_agent_that_expires_takes_its_tokens_along(api, owner):
    agent = owner.agent(expires_at=in_seconds(1.8)).sign_in()
    agent.request("GET", "/v1/agents/me", 200)
    time.sleep(2)
    assert_dead(agent)
    api.agent_token(agent.key, 401)
    update(owner, agent, expires_at=None)
    agent.sign_in().request("GET", "/v1/agents/me", 200)


def test_expires_at_in_the_past_ends_live_tokens(api, owner):
    agent = owner.agent().sign_in()
    update(owner, agent, expires_at="2020-01-01T00:00:00Z")
    assert_dead(agent)
    api.agent_token(agent.key, 401)


def test_deactivating_ends_live_tokens_at_once(api, owner, vault):
    agent = owner.agent().sign_in()
    owner.put(vault, "a", "v")
    owner.policy(vault, agent, "a")
    old = agent.token
    agent.get(vault, "a")
    assert update(owner, agent, is_active=False)["is_active"] is False
    agent.get(vault, "a", 401)
    api.agent_token(agent.key, 401)
    update(owner, agent, is_active=True)
    assert_dead(agent, old)
    agent.sign_in().get(vault, "a")


def test_rotating_the_key(api, owner):
    agent = owner.agent().sign_in()
    old_key, old_token = agent.key, agent.token
    answer = owner.request("POST", agent_url(agent) + "/rotate-key", 200)
    agent.key = answer["api_key"]
    assert agent.key.startswith("ocv_") and agent.key != old_key
    assert_dead(agent, old_token)
    api.agent_token(old_key, 401)
    agent.sign_in().request("GET", "/v1/agents/me", 200)


def test_api_key_expiry(api, owner):
    agent = owner.agent(api_key_expires_at=in_seconds(1.5)).sign_in()
    time.sleep(1.7)
    api.agent_token(agent.key, 401)
    assert owner.request("GET", agent_url(agent), 200)["is_active"] is True


@pytest.fixture
def granted(owner, vault):
    """An agent that its policy lets do everything in the vault."""
    def make(**more):
        agent = owner.agent(**more)
        owner.policy(vault, agent, "**", ["read", "write", "delete"])
        return agent
    return make


@pytest.mark.parametrize("scopes, read, write, delete, vaults", [
    ([], 200, 201, 204, 200),
    (["secrets:read"], 200, 403, 403, 403),
    (["secrets:write"], 403, 201, 204, 403),
    (["secrets:delete"], 403, 403, 204, 403),
    (["vaults:read"], 200, 403, 403, 200),
    (["vaults:*"], 200, 201, 204, 200),
    (["*:read"], 200, 403, 403, 200),
    (["*"], 200, 201, 204, 200),
    (["agents:read"], 403, 403, 403, 403),
    (["secrets:read", "secrets:write"], 200, 201, 204, 403),
])
def test_scopes_narrow(owner, vault, granted, scopes, read, write, delete, vaults):
    agent = granted(scopes=scopes)
    owner.put(vault, "a", "v")
    assert claims_of(agent.sign_in().token)["scopes"] == scopes
    agent.get(vault, "a", read)
    agent.list(vault, read)
    agent.versions(vault, "a", read)
    agent.version(vault, "a", 1, read)
    agent.put(vault, "b", "v", write)
    agent.delete(vault, "a", delete)
    agent.request("GET", "/v1/vaults", vaults)
    agent.request("GET", "/v1/agents/me", 200)


def test_scopes_never_widen(owner, vault):
    agent = owner.agent(scopes=["*"])
    owner.put(vault, "a", "v")
    agent.get(vault, "a", 403)


def test_narrower_scopes_hold_for_live_tokens(owner, vault, granted):
    agent = granted().sign_in()
    agent.put(vault, "a", "v")
    update(owner, agent, scopes=["secrets:read"])
    agent.put(vault, "a", "w", 403)
    assert agent.value(vault, "a") == "v"


def test_vault_ids_bind(owner, other, vault, granted):
    second = owner.vault()
    agent = granted(vault_ids=[second])
    owner.policy(second, agent, "**", ["read", "write"])
    owner.put(vault, "a", "v")
    agent.put(second, "a", "v")
    for status, vault_id in [(403, vault), (404, other.vault())]:
        agent.get(vault_id, "a", status)
        agent.put(vault_id, "a", "w", status)
        agent.delete(vault_id, "a", status)
        agent.list(vault_id, status)
        agent.request("GET", f"/v1/vaults/{vault_id}", status)
    assert agent.vault_ids() == [second]
    update(owner, agent, vault_ids=[vault])
    agent.get(vault, "a", 200)
    agent.get(second, "a", 403)
    update(owner, agent, vault_ids=[])
    agent.get(second, "a", 200)
    for bad in ([str(uuid.uuid4())], [other.vault()]):
        answer = update(owner, agent, 400, vault_ids=bad)
        assert answer.fields & {"vault_ids", "vault_ids[0]"}
        answer = owner.request("POST", "/v1/agents", 400, json={"name": "x", "vault_ids": bad})
        assert answer.fields & {"vault_ids", "vault_ids[0]"}


def test_what_agents_may_never_do(owner, vault, granted):
    agent, another = granted(), owner.agent("another")
    key = owner.api_key()["key"]["id"]
    for method, path, body in [
            ("POST", "/v1/vaults", {"name": "x"}), ("DELETE", f"/v1/vaults/{vault}", None),
            ("POST", "/v1/agents", {"name": "x"}), ("GET", "/v1/agents", None),
            ("GET", agent_url(another), None), ("PATCH", agent_url(another), {"name": "x"}),
            ("PATCH", agent_url(agent), {"scopes": []}), ("DELETE", agent_url(another), None),
            ("DELETE", agent_url(agent), None), ("POST", agent_url(agent) + "/rotate-key", None),
            ("GET", f"/v1/vaults/{vault}/policies", None),
            ("POST", f"/v1/vaults/{vault}/policies", {
                "secret_path_pattern": "**", "principal_type": "agent", "principal_id": agent.id,
                "permissions": ["read"]}),
            ("POST", "/v1/auth/api-keys", {"name": "x"}), ("GET", "/v1/auth/api-keys", None),
            ("DELETE", f"/v1/auth/api-keys/{key}", None),
            ("GET", "/v1/audit/events", None), ("GET", "/v1/audit/verify", None),
            ("GET", "/v1/auth/me", None), ("PATCH", "/v1/auth/me", {"display_name": "x"}),
            ("POST", "/v1/auth/change-password", {"current_password": "x" * 8, "new_password": "y" * 8}),
    ]:
        answer = agent.request(method, path, json=body)
        assert answer.status == 403, answer
    assert len(owner.request("GET", "/v1/agents", 200)["agents"]) == 2
    assert owner.request("GET", "/v1/auth/api-keys", 200)["keys"][0]["is_active"]


def test_key_pairs_are_made_and_belong_together(owner, tmp_path):
    agent = owner.agent()
    vault = owner.keys_vault()
    ssh = owner.get(vault, f"agents/{agent.id}/ssh")
    ecdh = owner.get(vault, f"agents/{agent.id}/ecdh")
    assert (ssh["type"], ecdh["type"]) == ("ssh_key", "private_key")
    public = agent.record["ssh_public_key"]
    assert public.startswith("ssh-ed25519 ")
    text = ssh["value"].encode()
    load = (serialization.load_ssh_private_key if b"OPENSSH" in text
            else serialization.load_pem_private_key)
    made = load(text, None).public_key().public_bytes(serialization.Encoding.OpenSSH,
                                                      serialization.PublicFormat.OpenSSH)
    assert made.split()[1].decode() == public.split()[1]

    key = serialization.load_pem_private_key(ecdh["value"].encode(), None)
    assert key.curve.name == "secp256r1"
    point = key.public_key()
    published = agent.record["ecdh_public_key"]
    forms = {
        "pem": point.public_bytes(serialization.Encoding.PEM,
                                  serialization.PublicFormat.SubjectPublicKeyInfo),
        "point": point.public_bytes(serialization.Encoding.X962,
                                    serialization.PublicFormat.UncompressedPoint)}
    point64 = base64.b64encode(forms["point"])
    url64 = base64.urlsafe_b64encode(forms["point"]).rstrip(b"=")
    assert published.strip().encode() in {forms["pem"].strip(), point64, url64,
                                          forms["point"].hex().encode()}


def test_an_ssh_client_takes_the_private_key(owner, tmp_path):
    keygen = "/usr/bin/ssh-keygen"
    agent = owner.agent()
    file = tmp_path / "key"
    file.write_text(owner.value(owner.keys_vault(), f"agents/{agent.id}/ssh"))
    file.chmod(0o600)
    try:
        run = subprocess.run([keygen, "-y", "-f", str(file)], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("ssh-keygen isn't installed")
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()[1].decode() == agent.record["ssh_public_key"].split()[1]


def test_agents_have_different_keys(owner):
    first, second = owner.agent(), owner.agent()
    for name in ("ssh_public_key", "ecdh_public_key"):
        assert first.record[name] != second.record[name]


def test_agents_do_not_reach_the_keys_vault(owner):
    agent = owner.agent()
    vault = owner.keys_vault()
    agent.get(vault, f"agents/{agent.id}/ssh", 403)
    assert agent.paths(vault) == []
    assert agent.keys_vault() is None
    owner.policy(vault, agent, f"agents/{agent.id}/*")
    agent.get(vault, f"agents/{agent.id}/ssh", 200)


def test_deleting_an_agent_takes_its_keys_and_policies_along(owner, vault):
    agent = owner.agent()
    owner.policy(vault, agent)
    owner.request("DELETE", agent_url(agent), 204)
    for kind in ("ssh", "ecdh"):
        owner.get(owner.keys_vault(), f"agents/{agent.id}/{kind}", 410)
    assert owner.request("GET", f"/v1/vaults/{vault}/policies", 200)["policies"] == []
    owner.policy(vault, agent, expect=400)
