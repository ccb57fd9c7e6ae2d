"""/openapi.json, /docs, and the routes against the description, both ways."""
import re
import subprocess
import sys

import pytest
import requests

from harness import contract
from harness.server import REPOSITORY, binary


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """(METHOD, path with bare parameters) of every route, and who may call it."""
    data = tmp_path_factory.mktemp("routes") / "data"
    out = subprocess.run([binary(), "server", "--data", str(data), "--listen", "127.0.0.1:0",
                          "--print-routes"], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in out.splitlines():
        method, pattern, access = line.split(" ")
        found[method, pattern.replace("{*", "{")] = access
    assert len(found) == len(out.splitlines()) > 60
    return found


def test_every_route_is_described_and_every_operation_routed(routes):
    described = {(method, template) for method, template, _ in contract.operations()}
    assert set(routes) - described == set(), "undocumented routes"
    assert described - set(routes) == set(), "operations without a route"


def test_public_routes_are_described_as_such(routes):
    for method, template, operation in contract.operations():
        # A route that takes a token but needs none is described as one that needs none.
        is_public = operation.get("security") == []
        assert is_public == (routes[method, template] in ("public", "optional")), template


def test_every_operation_has_a_name_of_its_own_and_its_parameters():
    names = [operation["operationId"] for _, _, operation in contract.operations()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in contract.document()["tags"]}
    for method, template, operation in contract.operations():
        assert operation["summary"] and set(operation["tags"]) <= tags, (method, template)
        in_path = {parameter["name"] for parameter in
                   map(contract.resolve, operation.get("parameters", []))
                   if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"\{([^}]+)\}", template)), (method, template)


def test_the_server_serves_its_description(server):
    answer = requests.get(server.url + "/openapi.json", timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.json() == contract.document()


def test_the_page_asks_nobody_else(server):
    page = requests.get(server.url + "/docs", timeout=10)
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    for name, kind in (("viewer.js", "text/javascript"), ("viewer.css", "text/css")):
        assert f"/docs/{name}" in page.text
        file = requests.get(f"{server.url}/docs/{name}", timeout=10)
        assert file.status_code == 200 and file.headers["Content-Type"].startswith(kind)
        assert "http://" not in file.text and "https://" not in file.text
    assert requests.get(server.url + "/docs/other", timeout=10).status_code == 404


def test_the_coverage_table_is_made_from_routes_and_reference(tmp_path):
    reference = tmp_path / "reference.json"
    reference.write_text('{"paths": {"/v1/health": {"get": {}}, "/v1/auth/passkeys": {"get": {}},'
                         ' "/v1/vaults/{id}": {"get": {}, "patch": {}}}}')
    out = subprocess.run([sys.executable, str(REPOSITORY / "openapi/coverage.py"), "--print",
                          "--binary", binary(), str(reference)],
                         check=True, capture_output=True, text=True).stdout
    assert "| GET | `/v1/health` | served | |" in out
    assert "| GET | `/v1/vaults/{id}` | served | |" in out
    assert re.search(r"\| GET \| `/v1/auth/passkeys` \| no \| \S+", out)
    assert "| PATCH | `/v1/vaults/{id}` | no | not yet |" in out
