import itertools
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("harness.client", "harness.contract", "harness.server")

from harness.client import Api  # noqa: E402
from harness.google import Google  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.server import Server  # noqa: E402


# Where it makes no difference what the store is: `./test` runs these on SQLite alone, by
# -m "not any_store".
ANY_STORE = {
    "cli_test": "a client of the API",
    "contract_test": "routes, and what is refused before the store is asked",
    "docs_test": "files against files",
    "http_test": "HTTP, TLS and their limits",
    "mail_test": "SMTP; what is stored of a mail is in the other files that send some",
    "mcp_test": "a client of the API",
    "seal_test": "how the keyring opens, before the store does",
    "start_test": "files, flags and signals",
}
ON_POSTGRES = os.environ.get("ONECLAW_TEST_DATABASE") == "postgresql"


def pytest_configure(config):
    config.addinivalue_line("markers", "own_database: chooses its databases by itself")
    config.addinivalue_line("markers", "sqlite: about SQLite, or the data folder that holds it")
    config.addinivalue_line("markers", "any_store: of a file in ANY_STORE")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in ANY_STORE:
            item.add_marker(pytest.mark.any_store)
    if ON_POSTGRES:
        for item in items:
            if item.get_closest_marker("own_database"):
                item.add_marker(pytest.mark.skip(reason="the same on either database"))
            if item.get_closest_marker("sqlite"):
                item.add_marker(pytest.mark.skip(reason="about SQLite"))


@pytest.fixture(scope="session", autouse=True)
def postgres_for_all():
    """With ONECLAW_TEST_DATABASE=postgresql each server has a database in one cluster of ours."""
    if not ON_POSTGRES:
        yield
        return
    with Postgres() as postgres:
        Server.postgres = postgres
        yield
        Server.postgres = None


@pytest.fixture(scope="session")
def google():
    google = Google()
    yield google
    google.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory, google):
    """The server that most tests share; each test signs up an org of its own."""
    with Server(tmp_path_factory.mktemp("shared"), {"google": google.config()}) as server:
        yield server


@pytest.fixture(scope="session")
def api(server):
    return Api(server.url)


@pytest.fixture
def owner(api):
    return api.signup()


@pytest.fixture
def other(api):
    """The owner of another org."""
    return api.signup()


@pytest.fixture
def vault(owner):
    return owner.vault()


@pytest.fixture
def new_server(tmp_path):
    """Makes servers that belong to the test alone; none outlives it."""
    servers = []
    numbers = itertools.count()

    def make(config=None, **more):
        server = Server(tmp_path / f"server-{next(numbers)}", config, **more)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.kill()
