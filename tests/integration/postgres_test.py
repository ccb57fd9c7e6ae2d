"""oneclaw on PostgreSQL: what is different from SQLite, and what must not be."""
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import psycopg2
import pytest

from harness.client import PASSWORD, Api, unique_email
from harness.operator import Operator
from harness.postgres import Postgres
from harness.server import Server, binary, expect_refusal
from harness.threads import run_together

pytestmark = pytest.mark.own_database

UNIT_STORE = Path(binary()).parent / "tests" / "unit_store"


@pytest.fixture(scope="module")
def postgres():
    if Server.postgres is not None:
        yield Server.postgres
        return
    with Postgres() as postgres:
        yield postgres


@pytest.fixture
def node(postgres, tmp_path):
    """Makes nodes over one database; each has its own folder with a copy of the keyring."""
    url = postgres.make_database()
    nodes = []

    def make(config=None, keyring=True):
        node = Server(tmp_path / f"node-{len(nodes)}", config, database_url=url)
        if keyring and nodes:
            node.data.mkdir(mode=0o700)
            copy = node.data / "keyring.json"
            copy.write_bytes((nodes[0].data / "keyring.json").read_bytes())
            copy.chmod(0o600)
        nodes.append(node)
        return node

    make.url = url
    yield make
    for node in nodes:
        node.kill()


def test_the_store_holds_on_postgresql(postgres):
    """The unit tests of src/store once more, on PostgreSQL."""
    environment = dict(os.environ, ONECLAW_TEST_POSTGRES=postgres.url("postgres"))
    run = subprocess.run([UNIT_STORE, "--gtest_brief=1"], env=environment, capture_output=True,
                         timeout=400, check=False)
    output = run.stdout.decode(errors="replace")
    assert run.returncode == 0, output[-5000:] + run.stderr.decode(errors="replace")[-2000:]
    assert " PASSED " in output, output[-2000:]


def test_the_data_folder_holds_the_keyring_alone(node):
    with node() as server:
        owner = Api(server.url).signup()
        owner.put(owner.vault(), "a/secret")
        names = sorted(path.name for path in server.data.rglob("*"))
        assert names == ["keyring.json", "operator.sock"]


def test_it_leaves_backups_to_postgresql(node, tmp_path):
    with node() as server:
        operator = Operator(server)
        operator.run("backup", tmp_path / "backup", code=1)
        assert "pg_dump" in operator.errors
        assert not (tmp_path / "backup").exists()


def test_two_nodes_are_one(node):
    with node() as first, node() as second:
        owner = Api(first.url).signup()
        vault = owner.vault()
        agent = owner.agent()
        owner.policy(vault, agent, "a/*")
        owner.put(vault, "a/b", "one")
        agent.api = Api(second.url)
        assert agent.value(vault, "a/b") == "one"
        there = Api(second.url).login(owner.email, owner.password)["access_token"]
        assert first.data != second.data
        owner.api = Api(second.url)
        owner.put(vault, "a/b", "two")
        assert owner.me()["id"] and there
        owner.api = Api(first.url)
        assert owner.value(vault, "a/b") == "two"
        assert owner.verify()["chain_valid"]


def test_nodes_that_race_lose_nothing(node):
    """Version numbers, access counts and the chain stay exact with two nodes writing at once."""
    with node() as first, node() as second:
        owner = Api(first.url).signup()
        vault = owner.vault()
        owner.put(vault, "counted", "v", max_access_count=20)
        versions = []
        granted = []
        failures = []

        def work(server, number):
            try:
                caller = type(owner).with_token(owner, owner.token)
                caller.api = Api(server.url)
                for i in range(15):
                    versions.append(caller.put(vault, "shared", f"{number}-{i}")["version"])
                    if caller.get(vault, "counted", (200, 410)).status == 200:
                        granted.append(number)
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=work, args=(server, number))
                   for number, server in enumerate([first, second] * 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        assert sorted(versions) == list(range(1, 6 * 15 + 1))
        assert len(granted) == 20
        report = owner.verify(limit=10000)
        assert report["chain_valid"]
        # Each of the answers above has one event: signup, vault, put, and two for each turn.
        assert report["events_checked"] == 3 + 2 * 6 * 15


def test_of_sign_ups_that_race_for_an_address_one_wins(node):
    """Each is in an org of its own, so no lock orders them, but the address can be had once."""
    with node() as first, node() as second:
        apis = [Api(first.url), Api(second.url)]
        for _ in range(5):
            body = {"email": unique_email(), "password": PASSWORD}
            answers = run_together(6, lambda i, body=body: apis[i % 2].request(
                "POST", "/v1/auth/signup", (200, 400), json=body))
            refused = [answer for answer in answers if answer.status == 400]
            assert len(refused) == len(answers) - 1
            assert all("is taken" in str(answer.body) for answer in refused), refused[0]


def test_of_refreshes_that_race_one_wins_and_the_session_ends(node):
    with node() as first, node() as second:
        apis = [Api(first.url), Api(second.url)]
        owner = apis[0].signup()
        answers = run_together(
            6, lambda i: apis[i % 2].refresh(owner.refresh_token, (200, 401)))
        assert sorted(answer.status for answer in answers) == [200] + [401] * 5
        won = next(answer for answer in answers if answer.status == 200)
        apis[1].refresh(won["refresh_token"], 401)
        deadline = time.monotonic() + 10
        while owner.request("GET", "/v1/auth/me", (200, 401)).status != 401:
            assert time.monotonic() < deadline, "the session's token lives on"


def test_a_node_needs_the_keyring_of_the_others(node):
    with node() as first:
        Api(first.url).signup()
        stranger = node(keyring=False)
        assert "keyring" in expect_refusal(stranger)
        assert not (stranger.data / "keyring.json").exists()
        copied = node()
        (copied.data / "keyring.json").write_bytes(foreign_keyring(copied))
        assert "keyring" in expect_refusal(copied)


def foreign_keyring(server):
    """The keyring of another database's server."""
    with Server(server.home / "other", database_url="") as other:
        return (other.data / "keyring.json").read_bytes()


@pytest.mark.parametrize("ahead, served", [(1, True), (2, False)])
def test_old_nodes_serve_one_schema_version_ahead(node, ahead, served):
    server = node()
    with server:
        owner = Api(server.url).signup()
    connection = psycopg2.connect(node.url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT MAX(version) FROM schema_migrations")
        newest = cursor.fetchone()[0]
        for version in range(newest + 1, newest + ahead + 1):
            cursor.execute("INSERT INTO schema_migrations VALUES (%s, 0)", (version,))
        cursor.execute("ALTER TABLE vaults ADD COLUMN of_the_next_version BIGINT DEFAULT 7")
    connection.close()
    if not served:
        said = expect_refusal(server)
        assert str(newest + ahead) in said and "newer" in said, said
        return
    with server:
        owner.api = Api(server.url)
        owner.put(owner.vault(), "a", "b")


@pytest.mark.parametrize("url, named", [
    ("mysql://localhost/x", "database"),
    ("postgresql://oneclaw:wrong-password@127.0.0.1:{port}/postgres", "database can't be opened"),
    ("postgresql://oneclaw:test-password@127.0.0.1:1/postgres", "database can't be opened"),
    ("postgresql://oneclaw:test-password@127.0.0.1:{port}/nowhere", "nowhere"),
])
def test_a_database_that_cannot_be_opened_is_refused(postgres, tmp_path, url, named):
    server = Server(tmp_path / "node", database_url=url.format(port=postgres.port))
    said = expect_refusal(server)
    assert named in said, said
    assert "password@" not in said and "test-password" not in said


def test_a_database_of_another_encoding_is_refused(postgres, tmp_path):
    connection = psycopg2.connect(postgres.url("postgres"))
    connection.autocommit = True
    connection.cursor().execute(
        "CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    connection.close()
    server = Server(tmp_path / "node", database_url=postgres.url("latin1"))
    assert "UTF8" in expect_refusal(server)


def test_the_url_is_hidden_from_the_process_list(node):
    with node() as server:
        arguments = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        assert b"test-password" not in arguments
        assert "test-password" not in server.log_text()


@pytest.fixture
def own_postgres():
    """A cluster that the test may stop, with fsync on."""
    with Postgres(settings=()) as postgres:
        yield postgres


def test_a_database_that_is_down_is_503_and_comes_back(own_postgres, tmp_path):
    with Server(tmp_path / "node", database_url=own_postgres.make_database()) as server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "kept")
        own_postgres.stop()
        for _ in range(3):
            began = time.monotonic()
            for answer in (owner.get(vault, "a", 503), owner.put(vault, "a", "lost", 503)):
                assert int(answer.headers["Retry-After"]) >= 1
            assert time.monotonic() - began < 5, "it waited for a database that isn't there"
        Api(server.url).request("GET", "/v1/health", (200, 503))
        own_postgres.start()
        began = time.monotonic()
        while owner.get(vault, "a", (200, 503)).status == 503:
            assert time.monotonic() - began < 10, "it did not come back"
            time.sleep(0.1)
        assert owner.value(vault, "a") == "kept"
        assert owner.put(vault, "a", "again")["version"] == 2
        assert owner.verify()["chain_valid"]


def test_a_paused_database_is_503_in_time(own_postgres, tmp_path):
    with Server(tmp_path / "node", database_url=own_postgres.make_database()) as server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        own_postgres.signal_all(signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert owner.put(vault, "a", "v", 503).headers["Retry-After"]
            assert time.monotonic() - began < 60
        finally:
            own_postgres.signal_all(signal.SIGCONT)
        deadline = time.monotonic() + 30
        # Connections that write and those that read come back each by itself.
        while owner.put(vault, "b", "v", (201, 503)).status == 503:
            assert time.monotonic() < deadline
        while (report := owner.verify((200, 503))).status == 503:
            assert time.monotonic() < deadline
        assert report["chain_valid"]
