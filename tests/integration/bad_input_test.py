"""What `operations.py` found no other file to send: bad input, which changes nothing."""
import pytest


def several(owner, url):
    """Two variables of one key, so that the key alone names neither."""
    for environment in ("development", "production"):
        owner.request("POST", url, 201, json={"key": "A", "value": environment,
                                              "environments": [environment]})


@pytest.mark.parametrize("path", ["/v1/audit/verify", "/v1/billing/credits/transactions"])
def test_pages_have_bounds(owner, path):
    for limit in ("x", "0", "-1", "1000000000"):
        assert owner.request("GET", path, 400, params={"limit": limit}).fields == {"limit"}


def test_executions_have_bounds(owner):
    url = f"/v1/agents/{owner.agent().id}/executions"
    assert owner.request("GET", url, 400, params={"limit": "x"}).fields == {"limit"}
    assert owner.request("GET", url, 400, params={"offset": "-1"}).fields == {"offset"}


def test_a_device_is_denied_by_its_code(owner):
    for body in ({}, {"user_code": 1}):
        assert owner.request("POST", "/v1/auth/device/deny", 400, json=body).fields == \
            {"user_code"}


def test_a_binding_is_not_changed_by_a_bad_request(owner):
    agent = owner.agent()
    url = f"/v1/agents/{agent.id}/bindings"
    made = owner.request("POST", url, 201, json={
        "name": "api", "binding_type": "http", "credential": "secret",
        "config": {"base_url": "https://api.example.com"}})
    url += "/" + made["id"]
    assert owner.request("PATCH", url, 400, json={"is_active": 1}).fields == {"is_active"}
    owner.request("PATCH", url, 400, json={"config": {"base_url": "ftp://x"}})
    left = owner.request("GET", url, 200)
    assert left["is_active"] is True and left["config"] == made["config"]


@pytest.mark.parametrize("of", ["org", "vault"])
def test_a_variable_that_is_not_named_exactly_stays(owner, vault, of):
    url = "/v1/org/env-vars" if of == "org" else f"/v1/vaults/{vault}/env-vars"
    several(owner, url)
    assert owner.request("PATCH", f"{url}/A", 400, json={"value": "v"}).fields == {"environment"}
    assert owner.request("DELETE", f"{url}/A", 400).fields == {"environment"}
    one = {"environment": "production"}
    assert owner.request("PATCH", f"{url}/A", 400, params=one, json={"value": 1}).fields == \
        {"value"}
    if of == "org":
        owner.request("DELETE", f"{url}/A/links/{vault}", 400)
    left = owner.request("GET", url, 200)["env_vars"]
    assert sorted(item["value"] for item in left) == ["development", "production"]
