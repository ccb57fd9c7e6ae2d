"""The published Python client works against this server as it is."""
import os

import pytest

from harness.client import PASSWORD, unique_email

pytestmark = pytest.mark.skipif("ONECLAW_SDK_PATH" not in os.environ,
                                reason="ONECLAW_SDK_PATH isn't set; ./test sets it")


@pytest.fixture
def sdk(monkeypatch):
    monkeypatch.syspath_prepend(os.environ["ONECLAW_SDK_PATH"])
    import oneclaw
    return oneclaw


def data(answer, status):
    assert answer.error is None, answer.error
    assert answer.meta.status == status
    return answer.data


def test_the_golden_path(sdk, server):
    person = sdk.create_client(base_url=server.url)
    email = unique_email()
    signed_up = data(person.auth.signup(email, PASSWORD, "Ada"), 200)
    assert signed_up["email"] == email
    data(person.auth.login(email, PASSWORD), 200)
    me = data(person.auth.me(), 200)
    assert me["email"] == email and me["role"] == "owner"

    vault = data(person.vaults.create("prod", description="Production"), 201)["id"]
    assert [item["id"] for item in data(person.vaults.list(), 200)["vaults"]] == [vault]
    data(person.secrets.set(vault, "db/password", "hunter2", type="password",
                            metadata={"team": "core"}), 201)
    data(person.secrets.rotate(vault, "db/password", "hunter3"), 201)
    assert data(person.secrets.get(vault, "db/password"), 200)["value"] == "hunter3"
    assert data(person.secrets.get_version(vault, "db/password", 1), 200)["value"] == "hunter2"
    versions = data(person.secrets.list_versions(vault, "db/password"), 200)["versions"]
    assert [item["version"] for item in versions] == [2, 1]
    listed = data(person.secrets.list(vault, prefix="db/"), 200)["secrets"]
    assert [item["path"] for item in listed] == ["db/password"]

    made = data(person.agents.create("builder", description="CI"), 201)
    agent_id, key = made["agent"]["id"], made["api_key"]
    agent = sdk.create_client(base_url=server.url, api_key=key)
    refused = agent.secrets.get(vault, "db/password")
    assert refused.meta.status == 403 and refused.error.type == "auth_error"
    policy = data(person.policies.create(vault, principal_type="agent", principal_id=agent_id,
                                         secret_path_pattern="db/*", permissions=["read"]), 201)
    assert data(agent.secrets.get(vault, "db/password"), 200)["value"] == "hunter3"
    assert data(agent.agents.me(), 200)["id"] == agent_id
    # The client promises to learn the agent's id from the token exchange.
    assert agent.resolved_agent_id == agent_id
    assert agent.secrets.set(vault, "db/password", "mine").meta.status == 403

    data(person.policies.update(vault, policy["id"], permissions=["read", "write"]), 200)
    data(agent.secrets.set(vault, "db/password", "mine"), 201)
    data(person.policies.delete(vault, policy["id"]), 204)
    assert agent.secrets.get(vault, "db/password").meta.status == 403

    data(person.agents.update(agent_id, is_active=False), 200)
    assert agent.agents.me().meta.status == 401
    data(person.agents.delete(agent_id), 204)
    data(person.secrets.delete(vault, "db/password"), 204)
    assert person.secrets.get(vault, "db/password").meta.status == 410

    events = data(person.audit.list(action="secret.read", limit=50), 200)
    assert events["count"] == len(events["events"]) >= 5
    assert data(person.audit.verify(), 200)["chain_valid"] is True


def test_keys_of_people(sdk, server):
    person = sdk.create_client(base_url=server.url)
    email = unique_email()
    data(person.auth.signup(email, PASSWORD), 200)
    data(person.auth.login(email, PASSWORD), 200)
    made = data(person.api_keys.create("laptop", scopes=["vaults:write", "vaults:read"]), 201)
    by_key = sdk.create_client(base_url=server.url, api_key=made["api_key"])
    vault = data(by_key.vaults.create("by-key"), 201)["id"]
    data(by_key.secrets.set(vault, "a", "v"), 201)
    assert by_key.audit.list().meta.status == 403
    assert len(data(person.api_keys.list(), 200)["keys"]) == 1
    data(person.api_keys.delete(made["key"]["id"]), 204)
    assert by_key.vaults.list().meta.status == 401
    data(person.auth.change_password(PASSWORD, PASSWORD + "!"), 204)
    assert person.auth.me().meta.status == 401


def test_errors_read_as_the_client_expects(sdk, server):
    person = sdk.create_client(base_url=server.url)
    wrong = person.auth.login(unique_email(), PASSWORD)
    assert wrong.meta.status == 401 and wrong.error.type == "auth_error" and wrong.error.message
    taken = unique_email()
    data(person.auth.signup(taken, PASSWORD), 200)
    again = person.auth.signup(taken, PASSWORD)
    assert again.meta.status == 400 and again.error.type == "validation_error"
    data(person.auth.login(taken, PASSWORD), 200)
    missing = person.vaults.get("00000000-0000-7000-8000-000000000000")
    assert missing.meta.status == 404 and missing.error.type == "not_found"
