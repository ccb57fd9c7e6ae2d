"""A streaming replica for long lists and audit queries: never behind a node's own writes, never more
than the stated bound behind the others', and no loss when it is away."""
import time

import psycopg2
import pytest

from harness.client import Api
from harness.postgres import Postgres
from harness.server import Server

pytestmark = pytest.mark.own_database

# docs/scaling.md states the bound: PgProgress::kMostBehind.
BOUND_SECONDS = 5.0


@pytest.fixture(scope="module")
def primary():
    with Postgres() as primary:
        yield primary


@pytest.fixture
def url(primary):
    return primary.make_database()


@pytest.fixture
def replica(primary, url):
    with primary.make_replica() as replica:
        yield replica


def on(url, sql):
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def there(replica, url):
    return replica.url(url.rsplit("/", 1)[1])


def node(tmp_path, number, url, replica_url, nodes=()):
    server = Server(tmp_path / f"node-{number}", database_url=url,
                    environment={"ONECLAW_DATABASE_REPLICA": replica_url} if replica_url else {})
    if nodes:
        server.data.mkdir(mode=0o700)
        copy = server.data / "keyring.json"
        copy.write_bytes((nodes[0].data / "keyring.json").read_bytes())
        copy.chmod(0o600)
    return server


def wait_until(condition, what, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def caught_up(url, replica):
    position = on(url, "SELECT pg_current_wal_flush_lsn()")[0]
    wait_until(lambda: on(there(replica, url),
                          f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn")[0],
               "the replica does not follow")


def scans(url):
    """How often the audit log was looked into there."""
    return on(url, "SELECT seq_scan + COALESCE(idx_scan, 0) FROM pg_stat_user_tables "
                   "WHERE relname = 'audit_events'")[0]


def events(owner):
    return owner.request("GET", "/v1/audit/events", 200, params={"limit": 1000})["events"]


def paths(owner, vault):
    return [secret["path"] for secret in owner.list(vault)["secrets"]]


def test_it_answers_audit_queries_and_lists(url, replica, tmp_path):
    with node(tmp_path, 0, url, there(replica, url)) as server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "v")
        before = scans(there(replica, url)) if table_is(there(replica, url)) else 0
        # An answer is the replica's once that has caught up with the question before.
        wait_until(lambda: events(owner) and scans(there(replica, url)) > before + 3,
                   "the replica was not asked")
        assert paths(owner, vault) == ["a"]
        assert owner.verify()["chain_valid"]


def table_is(url):
    return on(url, "SELECT to_regclass('audit_events') IS NOT NULL")[0]


def test_a_node_sees_its_own_writes_at_once(url, replica, tmp_path):
    """The replica is held a little behind."""
    on(replica.url("postgres"), "ALTER SYSTEM SET recovery_min_apply_delay = '150ms'")
    on(replica.url("postgres"), "SELECT pg_reload_conf()")
    with node(tmp_path, 0, url, there(replica, url)) as server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        for i in range(30):
            owner.put(vault, f"s{i:02}", "v")
            assert len(paths(owner, vault)) == i + 1
            assert events(owner)[0]["action"] == "secret.list"
        assert owner.verify(limit=10000)["chain_valid"]


def test_it_is_passed_by_when_it_is_too_far_behind(url, replica, tmp_path):
    first = node(tmp_path, 0, url, None)
    with first, node(tmp_path, 1, url, there(replica, url), [first]) as second:
        owner = Api(first.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "v")
        reader = type(owner).with_token(owner, owner.token)
        reader.api = Api(second.url)
        assert paths(reader, vault) == ["a"]
        caught_up(url, replica)
        on(replica.url("postgres"), "SELECT pg_wal_replay_pause()")
        owner.put(vault, "b", "v")
        time.sleep(BOUND_SECONDS + 0.5)
        assert paths(reader, vault) == ["a", "b"]
        assert on(there(replica, url), "SELECT COUNT(*) FROM secrets")[0] == 1
        on(replica.url("postgres"), "SELECT pg_wal_replay_resume()")
        wait_until(lambda: on(there(replica, url), "SELECT COUNT(*) FROM secrets")[0] == 2,
                   "the replica did not go on")


def test_it_may_be_away(url, replica, tmp_path):
    with node(tmp_path, 0, url, there(replica, url)) as server:
        owner = Api(server.url).signup()
        vault = owner.vault()
        owner.put(vault, "a", "v")
        replica.kill()
        for _ in range(5):
            assert paths(owner, vault) == ["a"]
            assert events(owner)[0]["action"] == "secret.list"
        assert owner.verify()["chain_valid"]
        assert server.log_text().count("the replica is away") == 1
        replica.start()
        wait_until(lambda: events(owner) and "the replica is back" in server.log_text(),
                   "it was not asked again")
        before = scans(there(replica, url))
        wait_until(lambda: events(owner) and scans(there(replica, url)) > before,
                   "the replica was not asked")


def test_a_replica_that_never_was_is_no_hindrance(url, tmp_path):
    with node(tmp_path, 0, url, "postgresql://oneclaw:x@127.0.0.1:1/nowhere") as server:
        owner = Api(server.url).signup()
        assert events(owner)
        assert "oneclaw:x@" not in server.log_text()
