"""A member of an org, who is neither owner nor admin. No route makes one yet, so the test does."""
import pytest

from harness.client import Api
from harness.database import blob, opened


class Team:
    def __init__(self, server, role):
        server.start()
        self.owner = Api(server.url).signup()
        self.member = Api(server.url).signup()
        self.vault = self.owner.vault("the owner's")
        self.owner.put(self.vault, "open/a", "open value")
        self.owner.put(self.vault, "shut/a", "shut value")
        org = self.owner.events(limit=1)["events"][0]["org_id"]
        identity = self.member.id
        server.stop()
        with opened(server) as database:
            database.execute("UPDATE memberships SET org_id = ?, role = ? WHERE user_id = ?",
                             (blob(org), role, blob(identity)))
            database.execute("UPDATE users SET home_org_id = ? WHERE id = ?",
                             (blob(org), blob(identity)))
        server.start()
        self.owner.api = self.member.api = Api(server.url)
        self.member = self.member.sign_in()


@pytest.fixture
def team(new_server):
    return Team(new_server(), "member")


def test_a_member_reaches_what_policies_grant(team):
    owner, member, vault = team.owner, team.member, team.vault
    assert member.me()["role"] == "member"
    assert member.vault_ids() == []
    member.request("GET", f"/v1/vaults/{vault}", 403)
    member.get(vault, "open/a", 403)
    assert member.paths(vault) == []

    policy = owner.policy(vault, member, "open/**")["id"]
    assert member.vault_ids() == [vault]
    member.request("GET", f"/v1/vaults/{vault}", 200)
    assert member.value(vault, "open/a") == "open value"
    assert member.paths(vault) == ["open/a"]
    member.get(vault, "shut/a", 403)
    member.put(vault, "open/a", "w", 403)
    member.delete(vault, "open/a", 403)

    url = f"/v1/vaults/{vault}/policies"
    body = {"secret_path_pattern": "**", "principal_type": "user", "principal_id": member.id,
            "permissions": ["read"]}
    member.request("POST", url, 403, json=body)
    member.request("GET", url, 403)
    member.request("PUT", f"{url}/{policy}", 403, json={"permissions": ["write"]})
    member.request("DELETE", f"{url}/{policy}", 403)
    member.request("DELETE", f"/v1/vaults/{vault}", 403)

    owner.request("DELETE", f"{url}/{policy}", 204)
    member.get(vault, "open/a", 403)


def test_a_member_reads_no_audit(team):
    team.member.events(403)
    team.member.verify(403)
    assert team.owner.verify()["chain_valid"]


def test_a_members_own_vault_is_its_own_whole(team):
    owner, member = team.owner, team.member
    vault = member.vault("the member's")
    member.put(vault, "a", "v")
    assert member.vault_ids() == [vault]
    assert owner.value(vault, "a") == "v"
    agent = member.agent("the member's")
    member.policy(vault, agent, "a")
    assert agent.value(vault, "a") == "v"
    member.request("DELETE", f"/v1/vaults/{vault}", 204)


def test_a_member_changes_its_own_agents_alone(team):
    owner, member = team.owner, team.member
    mine, theirs = member.agent("mine"), owner.agent("theirs")
    listed = [agent["id"] for agent in member.request("GET", "/v1/agents", 200)["agents"]]
    assert listed == [mine.id]
    url = f"/v1/agents/{theirs.id}"
    for method, path in [("GET", url), ("PATCH", url), ("DELETE", url),
                         ("POST", url + "/rotate-key")]:
        member.request(method, path, 403, json={"name": "x"} if method == "PATCH" else None)
    owner.request("GET", f"/v1/agents/{mine.id}", 200)
    theirs.sign_in()


def test_a_member_does_not_read_agents_keys(team):
    agent = team.owner.agent()
    vault = team.owner.keys_vault()
    team.member.get(vault, f"agents/{agent.id}/ssh", 403)
    team.member.agent("the member's own")
    assert team.member.paths(vault) == []
    assert team.member.keys_vault() is None


def test_a_member_does_not_bind_agents_to_reach_more(team):
    agent = team.member.agent(vault_ids=[team.vault])
    agent.get(team.vault, "open/a", 403)


def test_an_admin_reaches_the_whole_org(new_server):
    team = Team(new_server(), "admin")
    admin, vault = team.member, team.vault
    assert admin.value(vault, "shut/a") == "shut value"
    assert admin.vault_ids() == [vault]
    agent = team.owner.agent()
    admin.policy(vault, agent, "shut/*")
    assert agent.value(vault, "shut/a") == "shut value"
    admin.request("PATCH", f"/v1/agents/{agent.id}", 200, json={"is_active": False})
    assert admin.verify()["chain_valid"]
