"""Environment variables and environments, of vaults and of the org."""
import uuid

import pytest

from harness import database
from harness.client import Api
from harness.threads import run_together


def url(vault, tail=""):
    return f"/v1/vaults/{vault}/env-vars{tail}"


def create(caller, vault, key, value, expect=201, **more):
    return caller.request("POST", url(vault), expect, json={"key": key, "value": value, **more})


def resolve(caller, vault, expect=200, **query):
    return caller.request("GET", url(vault, "/resolve"), expect, params=query)


def test_a_variables_life(owner, vault):
    made = create(owner, vault, "DB_URL", "postgres://ü", comment="main")
    assert made["value"] == "postgres://ü" and made["version"] == 1
    assert made["environments"] == ["development", "preview", "production"]
    assert made["created_by"] == owner.id and made["git_branch"] is None
    one = url(vault, "/DB_URL")
    assert owner.request("GET", one, 200).body == made.body
    assert owner.request("GET", url(vault), 200)["env_vars"] == [made.body]

    changed = owner.request("PATCH", one, 200, json={"value": "other", "comment": None})
    assert (changed["value"], changed["comment"], changed["version"]) == ("other", None, 2)
    changed = owner.request("PATCH", one, 200, json={"environments": ["preview", "preview"]})
    assert (changed["value"], changed["environments"]) == ("other", ["preview"])
    assert owner.request("GET", url(vault), 200, params={"environment": "production"})["env_vars"] == []
    owner.request("DELETE", one, 204)
    owner.request("GET", one, 404)
    owner.request("DELETE", one, 404)
    owner.request("PATCH", one, 404, json={"value": "v"})


def test_a_key_has_one_variable_in_each_environment_and_branch(owner, vault):
    create(owner, vault, "A", "dev", environments=["development"])
    create(owner, vault, "A", "rest", environments=["production", "preview"])
    create(owner, vault, "A", "of a branch", environments=["preview"], git_branch="topic")
    create(owner, vault, "A", "again", 409, environments=["preview"])
    create(owner, vault, "A", "again", 409, environments=["preview"], git_branch="topic")
    owner.request("PATCH", url(vault, "/A"), 409, params={"environment": "development"},
                  json={"environments": ["development", "production"]})
    assert owner.request("GET", url(vault, "/A"), 400).fields == {"environment"}
    for query, value in [({"environment": "development"}, "dev"),
                         ({"environment": "preview"}, "rest"),
                         ({"environment": "preview", "git_branch": "topic"}, "of a branch"),
                         ({"git_branch": "topic"}, "of a branch")]:
        assert owner.request("GET", url(vault, "/A"), 200, params=query)["value"] == value
    owner.request("GET", url(vault, "/A"), 404, params={"git_branch": "other"})

    # Out of one environment, then out of its last.
    owner.request("DELETE", url(vault, "/A"), 204, params={"environment": "preview"})
    left = owner.request("GET", url(vault, "/A"), 200, params={"environment": "production"})
    assert left["environments"] == ["production"] and left["value"] == "rest"
    owner.request("DELETE", url(vault, "/A"), 204, params={"environment": "production"})
    owner.request("GET", url(vault, "/A"), 404, params={"environment": "production"})


def test_a_slot_goes_to_one_of_many(owner, vault):
    statuses = run_together(8, lambda i: create(owner, vault, "RACED", str(i), None).status)
    assert sorted(statuses) == [201] + [409] * 7


def test_a_sensitive_value_is_given_by_resolve_alone(owner, vault):
    assert create(owner, vault, "S", "hidden", sensitive=True)["value"] is None
    assert owner.request("GET", url(vault, "/S"), 200)["value"] is None
    assert owner.request("GET", url(vault), 200)["env_vars"][0]["value"] is None
    assert owner.request("PATCH", url(vault, "/S"), 200, json={"comment": "c"})["value"] is None
    answer = resolve(owner, vault)
    assert answer["vars"] == {"S": "hidden"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_resolve_merges_and_tells_the_source(owner, vault):
    def org_var(key, value, **more):
        made = owner.request("POST", "/v1/org/env-vars", 201,
                             json={"key": key, "value": value, **more})
        owner.request("POST", f"/v1/org/env-vars/{made['id']}/link", 201, json={"vault_id": vault})

    org_var("A", "org a")
    org_var("B", "org b", sensitive=True)
    org_var("C", "org c", environments=["preview"])
    create(owner, vault, "B", "vault b")
    create(owner, vault, "D", "vault d")
    create(owner, vault, "D", "branch d", git_branch="topic")
    create(owner, vault, "E", "branch e", git_branch="topic")

    answer = resolve(owner, vault, environment="production")
    assert answer["vars"] == {"A": "org a", "B": "vault b", "D": "vault d"}
    assert answer["sources"] == {"A": "shared", "B": "vault", "D": "vault"}
    assert (answer["environment"], answer["git_branch"]) == ("production", None)
    answer = resolve(owner, vault, environment="preview", git_branch="topic")
    assert answer["vars"] == {"A": "org a", "B": "vault b", "C": "org c", "D": "branch d",
                              "E": "branch e"}
    assert answer["sources"]["D"] == answer["sources"]["E"] == "branch_override"
    assert resolve(owner, vault)["environment"] == "development"
    assert resolve(owner, vault, 400, environment="nope").fields == {"environment"}
    assert resolve(owner, vault, 400, environment="No Such").fields == {"environment"}
    assert resolve(owner, vault, 400, git_branch="").fields == {"git_branch"}


def test_custom_environments(owner, vault):
    base = f"/v1/vaults/{vault}/environments"
    built_in = owner.request("GET", base, 200)["environments"]
    assert [e["slug"] for e in built_in] == ["development", "preview", "production"]
    assert all(e["is_builtin"] for e in built_in) and len({e["id"] for e in built_in}) == 3
    create(owner, vault, "A", "v", environments=["staging"], expect=400)
    create(owner, vault, "A", "a", environments=["preview", "production"])
    create(owner, vault, "B", "b", environments=["preview"], git_branch="topic")
    create(owner, vault, "C", "c", environments=["production"])
    made = owner.request("POST", base, 201, json={"slug": "staging", "copy_from": "preview",
                                                  "description": "before production"})
    assert (made["is_builtin"], made["copied_from"], made["is_detached"]) == (False, "preview", True)
    assert made.body in owner.request("GET", base, 200)["environments"]
    assert resolve(owner, vault, environment="staging")["vars"] == {"A": "a"}
    assert resolve(owner, vault, environment="staging", git_branch="topic")["vars"] == \
        {"A": "a", "B": "b"}
    # The copy lives on its own.
    owner.request("PATCH", url(vault, "/A"), 200, params={"environment": "preview"},
                  json={"value": "changed"})
    assert resolve(owner, vault, environment="staging")["vars"] == {"A": "a"}

    owner.request("POST", base, 409, json={"slug": "staging"})
    owner.request("POST", base, 409, json={"slug": "production"})
    for slug in ("", "UPPER", "-a", "a-", "a" * 64, "a/b", 7):
        assert owner.request("POST", base, 400, json={"slug": slug}).fields == {"slug"}
    assert owner.request("POST", base, 400, json={"slug": "x", "copy_from": "nope"}).fields == \
        {"copy_from"}
    owner.request("PATCH", url(vault, "/A"), 200, params={"environment": "production"},
                  json={"environments": ["production"]})
    create(owner, vault, "D", "d", environments=["staging", "production"])
    owner.request("DELETE", f"{base}/staging", 204)
    owner.request("DELETE", f"{base}/staging", 404)
    owner.request("DELETE", f"{base}/production", 400)
    keys = [v["key"] for v in owner.request("GET", url(vault), 200)["env_vars"]]
    assert keys == ["A", "B", "C", "D"]
    assert owner.request("GET", url(vault, "/D"), 200)["environments"] == ["production"]
    assert owner.request("GET", url(vault, "/D"), 200)["value"] == "d"


def test_policies_apply_at_env_environment_key(owner, vault):
    create(owner, vault, "A", "dev a", environments=["development"])
    create(owner, vault, "A", "prod a", environments=["production"])
    create(owner, vault, "B", "b")
    agent = owner.agent()
    agent.request("GET", url(vault), 403)
    resolve(agent, vault, 403)
    agent.request("GET", url(vault, "/A"), 403)
    agent.request("GET", url(vault, "/NOPE"), 403)
    agent.request("GET", f"/v1/vaults/{vault}/environments", 403)
    owner.policy(vault, agent, "env/development/*")
    assert [v["value"] for v in agent.request("GET", url(vault), 200)["env_vars"]] == ["dev a", "b"]
    assert agent.request("GET", url(vault, "/A"), 200)["value"] == "dev a"
    agent.request("GET", url(vault, "/A"), 403, params={"environment": "production"})
    assert resolve(agent, vault, environment="development")["vars"] == {"A": "dev a", "B": "b"}
    assert resolve(agent, vault, environment="production")["vars"] == {}
    create(agent, vault, "C", "c", 403, environments=["development"])
    agent.request("DELETE", url(vault, "/A"), 403)

    owner.policy(vault, agent, "env/development/*", ["write"])
    create(agent, vault, "C", "c", 403)
    create(agent, vault, "C", "c", environments=["development"])
    agent.request("PATCH", url(vault, "/C"), 403, json={"environments": ["production"]})
    agent.request("PATCH", url(vault, "/B"), 403, json={"value": "x"})
    agent.request("PATCH", url(vault, "/C"), 200, json={"value": "c2"})
    agent.request("DELETE", url(vault, "/B"), 403)
    agent.request("DELETE", url(vault, "/B"), 204, params={"environment": "development"})
    assert resolve(agent, vault, environment="development")["vars"] == {"A": "dev a", "C": "c2"}
    agent.request("POST", f"/v1/vaults/{vault}/environments", 403, json={"slug": "mine"})
    agent.request("DELETE", f"/v1/vaults/{vault}/environments/mine", 403)
    owner.policy(vault, agent, "env/**", effect="deny", priority=9)
    assert resolve(agent, vault, environment="development")["vars"] == {}


def test_bad_input_names_its_field(owner, vault):
    for body, field in [({"key": "1A"}, "key"), ({"key": "A-B"}, "key"), ({"key": "A" * 257}, "key"),
                        ({"key": 1}, "key"), ({"key": None}, "key"), ({"value": None}, "value"),
                        ({"value": 3}, "value"), ({"value": "v" * 32769}, "value"),
                        ({"environments": []}, "environments"),
                        ({"environments": "production"}, "environments"),
                        ({"environments": ["nope"]}, "environments"),
                        ({"environments": ["production", "x y"]}, "environments[1]"),
                        ({"git_branch": ""}, "git_branch"), ({"git_branch": "b" * 256}, "git_branch"),
                        ({"sensitive": "yes"}, "sensitive"), ({"comment": 1}, "comment")]:
        answer = owner.request("POST", url(vault), 400, json={"key": "A", "value": "v", **body})
        assert answer.fields == {field}, (body, answer)
    assert owner.request("GET", url(vault), 200)["env_vars"] == []
    owner.request("POST", url(vault), 400, data=b"[]")
    owner.request("GET", url(vault), 400, params={"environment": "a b"})


def test_the_orgs_variables(owner, vault):
    made = owner.request("POST", "/v1/org/env-vars", 201, json={"key": "A", "value": "a"})
    assert made["linked_vaults"] == []
    assert owner.request("GET", "/v1/org/env-vars", 200)["env_vars"] == [made.body]
    by_id, by_key = f"/v1/org/env-vars/{made['id']}", "/v1/org/env-vars/A"
    link = {"vault_id": vault}
    owner.request("POST", by_id + "/link", 201, json=link)
    owner.request("POST", by_key + "/link", 201, json=link)
    assert owner.request("GET", "/v1/org/env-vars", 200)["env_vars"][0]["linked_vaults"] == [vault]
    changed = owner.request("PATCH", by_key, 200, json={"value": "b", "environments": ["preview"]})
    assert (changed["value"], changed["version"]) == ("b", 2) and changed["linked_vaults"] == [vault]
    assert resolve(owner, vault, environment="preview")["vars"] == {"A": "b"}
    assert resolve(owner, vault)["vars"] == {}
    owner.request("POST", "/v1/org/env-vars", 409, json={"key": "A", "value": "c",
                                                         "environments": ["preview"]})
    owner.request("DELETE", f"{by_id}/links/{vault}", 204)
    owner.request("DELETE", f"{by_id}/links/{vault}", 404)
    assert resolve(owner, vault, environment="preview")["vars"] == {}
    owner.request("POST", by_id + "/link", 201, json=link)
    owner.request("DELETE", by_id, 204)
    owner.request("DELETE", by_id, 404)
    assert resolve(owner, vault, environment="preview")["vars"] == {}
    for body, field in [({"key": "1"}, "key"), ({"value": None}, "value"),
                        ({"environments": ["A"]}, "environments[0]")]:
        answer = owner.request("POST", "/v1/org/env-vars", 400,
                               json={"key": "K", "value": "v", **body})
        assert answer.fields == {field}
    made = owner.request("POST", "/v1/org/env-vars", 201, json={"key": "K", "value": "v"})
    assert owner.request("POST", "/v1/org/env-vars/K/link", 400, json={}).fields == {"vault_id"}
    owner.request("POST", "/v1/org/env-vars/K/link", 404, json={"vault_id": str(uuid.uuid4())})


def test_the_orgs_variables_are_for_its_admins(owner, other, vault):
    made = owner.request("POST", "/v1/org/env-vars", 201, json={"key": "A", "value": "a"})
    agent = owner.agent()
    owner.policy(vault, agent, "**", ["read", "write", "delete"])
    owner.request("POST", f"/v1/org/env-vars/{made['id']}/link", 201, json={"vault_id": vault})
    for method, tail, body in [("GET", "", None), ("POST", "", {"key": "B", "value": "b"}),
                               ("PATCH", "/A", {"value": "b"}), ("DELETE", "/A", None),
                               ("POST", "/A/link", {"vault_id": vault}),
                               ("DELETE", f"/A/links/{vault}", None)]:
        agent.request(method, "/v1/org/env-vars" + tail, 403, json=body)
    assert resolve(agent, vault)["vars"] == {"A": "a"}

    assert other.request("GET", "/v1/org/env-vars", 200)["env_vars"] == []
    theirs = f"/v1/org/env-vars/{made['id']}"
    other.request("PATCH", theirs, 404, json={"value": "b"})
    other.request("DELETE", theirs, 404)
    other.request("POST", theirs + "/link", 404, json={"vault_id": vault})
    other.request("DELETE", f"{theirs}/links/{vault}", 404)


def test_another_orgs_vault_is_404(owner, other, vault):
    create(owner, vault, "A", "a")
    for method, tail, body in [("GET", "env-vars", None),
                               ("POST", "env-vars", {"key": "B", "value": "b"}),
                               ("GET", "env-vars/resolve", None), ("GET", "env-vars/A", None),
                               ("PATCH", "env-vars/A", {"value": "b"}),
                               ("DELETE", "env-vars/A", None), ("GET", "environments", None),
                               ("POST", "environments", {"slug": "x"}),
                               ("DELETE", "environments/x", None)]:
        other.request(method, f"/v1/vaults/{vault}/{tail}", 404, json=body)
    mine = other.request("POST", "/v1/org/env-vars", 201, json={"key": "A", "value": "mine"})
    other.request("POST", f"/v1/org/env-vars/{mine['id']}/link", 404, json={"vault_id": vault})
    assert resolve(owner, vault)["vars"] == {"A": "a"}


def test_every_use_is_an_event(owner, vault):
    made = create(owner, vault, "A", "never in an event")
    resolve(owner, vault, environment="production")
    agent = owner.agent()
    resolve(agent, vault, 403)
    events = owner.events(limit=1000)["events"]
    assert "never in an event" not in str(events)
    created, = [e for e in events if e["action"] == "env_var.create"]
    assert created["resource_id"] == made["id"] and created["details"]["key"] == "A"
    denied, resolved = [e for e in events if e["action"] == "env_var.resolve"]
    assert resolved["details"]["keys"] == ["A"]
    assert denied["details"]["outcome"] == "denied" and denied["actor_id"] == agent.id


@pytest.mark.parametrize("change", [
    "UPDATE env_vars SET environments = '[\"production\"]'",
    "UPDATE env_vars SET key = 'B'",
    "UPDATE env_vars SET sensitive = 0",
    "UPDATE env_vars SET version = 9",
])
def test_a_row_that_was_changed_does_not_open(new_server, change):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    create(owner, vault, "A", "sealed value", environments=["development"], sensitive=True)
    server.stop()
    if not server.database_url:
        assert b"sealed value" not in server.database.read_bytes()
    with database.opened(server) as connection:
        connection.execute(change)
    server.start()
    owner.api = Api(server.url)
    resolve(owner, vault, 500, environment="production" if "production" in change else "development")
    server.stop()


def test_a_deleted_account_leaves_none_of_it(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    create(owner, vault, "A", "v")
    owner.request("POST", f"/v1/vaults/{vault}/environments", 201, json={"slug": "staging"})
    made = owner.request("POST", "/v1/org/env-vars", 201, json={"key": "B", "value": "v"})
    owner.request("POST", f"/v1/org/env-vars/{made['id']}/link", 201, json={"vault_id": vault})
    owner.put(vault, "a", "v", rotation_policy={"interval_days": 1})
    owner.request("POST", "/v1/security/ip-rules", 201,
                  json={"rule_type": "deny", "cidr": "203.0.113.0/24"})
    owner.request("PATCH", "/v1/billing/overage-method", 200, json={"method": "credits"})
    owner.request("DELETE", "/v1/auth/me", 204, json={"confirmation": owner.email},
                  headers={"X-Auth-Confirm": owner.password})
    server.stop()
    with database.opened(server) as connection:
        for table in ("env_vars", "env_var_slots", "env_var_links", "environments",
                      "rotation_policies", "ip_rules", "org_billing"):
            count, = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
            assert count == 0, table
