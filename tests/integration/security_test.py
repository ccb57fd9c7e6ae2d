"""IP rules of an org, and rate limits."""
import time
import uuid

from harness.client import Api
from harness.threads import run_together

RULES = "/v1/security/ip-rules"
HOME, AWAY = "198.51.100.7", "203.0.113.9"


def add(caller, rule_type, cidr, expect=201, **more):
    return caller.request("POST", RULES, expect, json={"rule_type": rule_type, "cidr": cidr, **more})


def test_a_rules_life(owner):
    home = owner.at(HOME)
    made = add(home, "allow", "198.51.100.0/24", label="office")
    assert (made["rule_type"], made["cidr"], made["label"], made["applies_to"]) == \
        ("allow", "198.51.100.0/24", "office", "all")
    assert made["created_by"] == home.me()["id"] and made["org_id"] == home.me()["org_id"]
    assert home.request("GET", RULES, 200)["rules"] == [made.body]
    add(home, "allow", "198.51.100.0/24", 409)
    # The next request meets it already.
    owner.at(AWAY).request("GET", "/v1/vaults", 403)
    owner.request("GET", "/v1/vaults", 403)
    home.request("GET", "/v1/vaults", 200)
    home.request("DELETE", f"{RULES}/{made['id']}", 204)
    home.request("DELETE", f"{RULES}/{made['id']}", 404)
    owner.at(AWAY).request("GET", "/v1/vaults", 200)


def test_a_rule_that_locks_its_author_out_is_refused(owner):
    home = owner.at(HOME)
    assert add(home, "allow", "203.0.113.0/24", 400).fields == {"cidr"}
    assert add(home, "deny", "198.51.100.7", 400).fields == {"cidr"}
    assert add(home, "deny", "0.0.0.0/0", 400).fields == {"cidr"}
    assert home.request("GET", RULES, 200)["rules"] == []
    mine = add(home, "allow", HOME)
    theirs = add(home, "allow", "203.0.113.0/24")
    home.request("DELETE", f"{RULES}/{mine['id']}", 409)
    owner.at(AWAY).request("DELETE", f"{RULES}/{theirs['id']}", 409)
    owner.at(AWAY).request("DELETE", f"{RULES}/{mine['id']}", 204)
    home.request("GET", RULES, 403)
    # Rules for agents alone lock no person out.
    add(owner.at(AWAY), "allow", "192.0.2.0/24", applies_to="agents")


def test_rules_hold_for_their_kind_of_principal_and_their_org_alone(owner, other, vault):
    owner.put(vault, "a", "v")
    agent = owner.agent()
    owner.policy(vault, agent)
    agent.sign_in()
    add(owner.at(HOME), "deny", "203.0.113.0/24", applies_to="agents")
    agent.at(AWAY).request("GET", f"/v1/vaults/{vault}/secrets/a", 403)
    agent.at(HOME).request("GET", f"/v1/vaults/{vault}/secrets/a", 200)
    owner.at(AWAY).request("GET", f"/v1/vaults/{vault}/secrets/a", 200)
    other.at(AWAY).request("GET", "/v1/vaults", 200)
    add(owner.at(HOME), "allow", "2001:db8::/32", applies_to="agents")
    agent.at("2001:db8::1").request("GET", f"/v1/vaults/{vault}/secrets/a", 200)
    agent.at(HOME).request("GET", f"/v1/vaults/{vault}/secrets/a", 403)
    denied = [e for e in owner.events(action="secret.read", actor_id=agent.id)["events"]
              if e["details"]["outcome"] == "denied"]
    assert {e["ip_address"] for e in denied} == {AWAY, HOME}


def test_bad_input_and_refusals(owner, other):
    for body, field in [({"rule_type": "maybe"}, "rule_type"), ({"rule_type": None}, "rule_type"),
                        ({"cidr": "10.0.0.1/8"}, "cidr"), ({"cidr": "home"}, "cidr"),
                        ({"cidr": 7}, "cidr"), ({"label": 7}, "label"),
                        ({"applies_to": "cats"}, "applies_to")]:
        answer = owner.request("POST", RULES, 400,
                               json={"rule_type": "allow", "cidr": "127.0.0.1", **body})
        assert answer.fields == {field}, answer
    made = add(owner, "deny", "203.0.113.0/24")
    other.request("DELETE", f"{RULES}/{made['id']}", 404)
    owner.request("DELETE", f"{RULES}/{uuid.uuid4()}", 404)
    owner.request("DELETE", f"{RULES}/none", 404)
    agent = owner.agent()
    agent.request("GET", RULES, 403)
    agent.request("POST", RULES, 403, json={"rule_type": "deny", "cidr": "10.0.0.0/8"})
    agent.request("DELETE", f"{RULES}/{made['id']}", 403)
    narrow = owner.key_caller(scopes=["secrets:read"])
    narrow.request("GET", RULES, 403)


def test_rules_outlive_a_restart_and_end_at_256(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    run_together(8, lambda i: [add(owner, "deny", f"203.0.{i}.{j}") for j in range(32)])
    add(owner, "deny", "192.0.2.1", 409)
    server.restart()
    owner.api = Api(server.url)
    assert len(owner.request("GET", RULES, 200)["rules"]) == 256
    owner.at("203.0.7.31").request("GET", "/v1/vaults", 403)
    owner.at("203.0.7.32").request("GET", "/v1/vaults", 200)
    server.stop()


def test_a_principals_rate(new_server):
    server = new_server({"limits": {"requests_per_second_per_principal": 5}}).start()
    api = Api(server.url)
    owner, other = api.signup(), api.signup()
    answers = [owner.request("GET", "/v1/auth/me", (200, 429)) for _ in range(30)]
    assert answers[0].headers["X-RateLimit-Limit"] == "10"
    assert answers[0].headers["X-RateLimit-Remaining"] == "9"
    assert answers[0].headers["RateLimit-Policy"] == '"principal";q=10;w=2'
    assert answers[0].headers["RateLimit"].startswith('"principal";r=9;t=')
    refused = [answer for answer in answers if answer.status == 429]
    assert 10 <= len(answers) - len(refused) < 25 and refused
    assert refused[0].headers["Retry-After"] == "1"
    assert refused[0].headers["X-RateLimit-Remaining"] == "0"
    other.request("GET", "/v1/auth/me", 200)  # a bucket of its own
    time.sleep(1.1)
    owner.request("GET", "/v1/auth/me", 200)
    server.stop()


def test_the_servers_rate(new_server):
    server = new_server({"limits": {"requests_per_second": 10}}).start()
    api = Api(server.url)
    statuses = run_together(4, lambda _: [api.request("GET", "/v1/health").status
                                          for _ in range(20)])
    statuses = sum(statuses, [])
    assert 20 <= statuses.count(200) < 60 and statuses.count(429) > 10
    server.stop()
