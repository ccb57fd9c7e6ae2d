"""Vaults: create, list, get, delete."""
import uuid

from harness.threads import run_together


def test_a_vaults_life(owner):
    made = owner.request("POST", "/v1/vaults", 201, json={"name": "prod", "description": "Größe ✓"})
    assert (made["name"], made["description"]) == ("prod", "Größe ✓")
    assert made["created_by"] == owner.id and made["created_by_type"] == "user"
    url = f"/v1/vaults/{made['id']}"
    assert owner.request("GET", url, 200).body == made.body
    assert owner.request("GET", "/v1/vaults", 200)["vaults"] == [made.body]
    owner.put(made["id"], "a", "v")
    owner.request("DELETE", url, 204)
    owner.request("GET", url, 404)
    owner.request("DELETE", url, 404)
    owner.get(made["id"], "a", 404)
    owner.put(made["id"], "a", "v", 404)
    owner.list(made["id"], 404)
    owner.request("GET", url + "/policies", 404)
    assert owner.vault_ids() == []


def test_a_name_is_taken_once_at_a_time(owner, other):
    first = owner.vault("same")
    owner.request("POST", "/v1/vaults", 409, json={"name": "same"})
    owner.vault("Same")
    other.vault("same")
    owner.request("DELETE", f"/v1/vaults/{first}", 204)
    second = owner.vault("same")
    assert second != first
    assert owner.paths(second) == []


def test_a_name_goes_to_one_of_many(owner):
    statuses = run_together(8, lambda _: owner.request("POST", "/v1/vaults",
                                                       json={"name": "raced"}).status)
    assert sorted(statuses) == [201] + [409] * 7


def test_an_unknown_vault_is_404(owner):
    url = f"/v1/vaults/{uuid.uuid4()}"
    owner.request("GET", url, 404)
    owner.request("DELETE", url, 404)


def test_agents_see_the_vaults_they_have_a_policy_in(owner):
    seen, unseen = owner.vault(), owner.vault()
    agent = owner.agent()
    assert agent.vault_ids() == []
    policy = owner.policy(seen, agent, "some/path")["id"]
    assert agent.vault_ids() == [seen]
    agent.request("GET", f"/v1/vaults/{seen}", 200)
    agent.request("GET", f"/v1/vaults/{unseen}", 403)
    owner.request("DELETE", f"/v1/vaults/{seen}/policies/{policy}", 204)
    assert agent.vault_ids() == []
    agent.request("GET", f"/v1/vaults/{seen}", 403)


def test_agents_make_and_delete_no_vaults(owner, vault):
    agent = owner.agent()
    owner.policy(vault, agent, "**", ["read", "write", "delete"])
    agent.request("POST", "/v1/vaults", 403, json={"name": "mine"})
    agent.request("DELETE", f"/v1/vaults/{vault}", 403)
    assert owner.vault_ids() == [vault]


def test_the_vault_of_agents_keys_is_reserved(owner):
    owner.request("POST", "/v1/vaults", 400, json={"name": "__agent-keys"})
    owner.agent()
    vault = owner.keys_vault()
    owner.request("DELETE", f"/v1/vaults/{vault}", (400, 403))
    owner.request("POST", "/v1/vaults", (400, 403, 409), json={"name": "__agent-keys"})
    owner.request("GET", f"/v1/vaults/{vault}", 200)
