"""Three nodes behind HAProxy: what was acknowledged stays, and what was revoked is revoked."""
import threading
import time
import uuid
from urllib.parse import quote

import psycopg2
import pytest
import requests

from harness.client import Api, Caller
from harness.cluster import Cluster
from harness.listener_proxy import ListenerProxy
from harness.postgres import Postgres

pytestmark = pytest.mark.own_database

# docs/scaling.md states the bound: PgListener::kTrusted.
BOUND_SECONDS = 1.0
WRITERS = 6
READERS = 2
ALLOWED = 400


@pytest.fixture(scope="module")
def own_postgres():
    """A cluster that a test may stop, and that keeps what it has said to keep (fsync)."""
    with Postgres(settings=()) as postgres:
        yield postgres


class Load:
    """Writers and readers through the proxy; each notes what it was told."""

    def __init__(self, url, token, vault):
        self.url = url
        self.token = token
        self.vault = vault
        self.stopping = threading.Event()
        self.written = [[] for _ in range(WRITERS)]
        self.granted = [0] * READERS
        self.wrong = []
        self.refused = 0
        self.threads = [threading.Thread(target=self._write, args=(i,)) for i in range(WRITERS)]
        self.threads += [threading.Thread(target=self._read, args=(i,)) for i in range(READERS)]
        for thread in self.threads:
            thread.start()

    def _request(self, session, method, path, body=None):
        """The answer; None when there was none, or one that says that nothing is known."""
        try:
            response = session.request(method, f"{self.url}/v1/vaults/{self.vault}/secrets/{path}",
                                       json=body, timeout=30,
                                       headers={"Authorization": f"Bearer {self.token}"})
        except requests.RequestException:
            return None
        if response.status_code in (502, 503, 504):
            self.refused += 1
            time.sleep(0.02)
            return None
        return response

    def _write(self, number):
        with requests.Session() as session:
            session.trust_env = False
            turn = 0
            while not self.stopping.is_set():
                turn += 1
                # Half of the paths are shared by all writers.
                path = f"shared/{turn % 5}" if turn % 2 else f"writer-{number}/{turn % 20}"
                value = uuid.uuid4().hex
                answer = self._request(session, "PUT", quote(path), {"value": value})
                if answer is None:
                    continue
                if answer.status_code != 201:
                    self.wrong.append((answer.status_code, answer.text[:300]))
                    continue
                self.written[number].append((path, answer.json()["version"], value))

    def _read(self, number):
        with requests.Session() as session:
            session.trust_env = False
            while not self.stopping.is_set():
                answer = self._request(session, "GET", "counted")
                if answer is None:
                    continue
                if answer.status_code == 200:
                    self.granted[number] += 1
                elif answer.status_code != 410:
                    self.wrong.append((answer.status_code, answer.text[:300]))
                time.sleep(0.01)

    def acknowledged(self):
        return sum(map(len, self.written))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive()


def wait_until_it_writes(load, least=10, seconds=30):
    before = load.acknowledged()
    deadline = time.monotonic() + seconds
    while load.acknowledged() < before + least:
        assert time.monotonic() < deadline, "writes did not come back"
        time.sleep(0.05)


def test_nothing_acknowledged_is_lost(own_postgres, tmp_path):
    with Cluster(tmp_path, own_postgres, 3) as cluster:
        owner = Api(cluster.nodes[0].url).signup()
        vault = owner.vault()
        owner.put(vault, "counted", "v", max_access_count=ALLOWED)
        load = Load(cluster.proxy_url, owner.token, vault)
        try:
            wait_until_it_writes(load, 30)
            cluster.nodes[1].kill()
            wait_until_it_writes(load)
            cluster.pause(2)
            wait_until_it_writes(load)
            time.sleep(4)  # longer than a silent transaction may hold its locks
            wait_until_it_writes(load)
            cluster.go_on(2)
            wait_until_it_writes(load)
            own_postgres.stop()
            time.sleep(0.5)
            own_postgres.start()
            wait_until_it_writes(load)
            own_postgres.kill()
            own_postgres.start()
            wait_until_it_writes(load)
            cluster.nodes[1].start()
            wait_until_it_writes(load, 30)
        finally:
            load.stop()
        assert not load.wrong, load.wrong[:3]
        assert all(load.written), "a writer got nothing done"
        check_everything(cluster, owner, vault, load)


def wait_until_it_answers(owner, vault, seconds=3):
    """A node that has lost its database tries it again within a second."""
    deadline = time.monotonic() + seconds
    while owner.list(vault, None).status == 503:
        assert time.monotonic() < deadline, "the node did not come back"
        time.sleep(0.05)


def check_everything(cluster, owner, vault, load):
    written = [item for part in load.written for item in part]
    places = [(path, version) for path, version, _ in written]
    assert len(set(places)) == len(places), "two writes were told the same version"
    for number, node in enumerate(cluster.nodes):
        owner.api = Api(node.url)
        wait_until_it_answers(owner, vault)
        report = owner.verify(limit=10_000)
        assert report["chain_valid"], report
        assert len(written) < report["events_checked"] < 10_000, "the whole chain was to be walked"
        for path, version, value in written[number::len(cluster.nodes)]:
            assert owner.version(vault, path, version)["value"] == value, (path, version)
    connection = psycopg2.connect(cluster.url)
    with connection, connection.cursor() as cursor:
        # No gaps: each version that was ever given out is there.
        cursor.execute("SELECT COUNT(*), MAX(version) FROM secret_versions GROUP BY secret_id")
        assert all(count == newest for count, newest in cursor.fetchall())
        cursor.execute("SELECT access_count FROM secret_versions WHERE max_access_count IS NOT NULL")
        used = cursor.fetchone()[0]
        cursor.execute("SELECT COUNT(*) FROM audit_events WHERE action = 'secret.write' "
                       "AND details LIKE '%\"outcome\":\"success\"%'")
        assert cursor.fetchone()[0] >= len(written)
    connection.close()
    # A grant whose answer was lost counts as used.
    assert sum(load.granted) <= used <= ALLOWED


@pytest.fixture
def cluster(own_postgres, tmp_path):
    with Cluster(tmp_path, own_postgres, 3, proxied=False) as cluster:
        yield cluster


class Reader(threading.Thread):
    """An agent that reads from one node all the time; when it was last let in."""

    def __init__(self, url, token, vault):
        super().__init__()
        self.caller = Caller(Api(url), token)
        self.vault = vault
        self.stopping = threading.Event()
        self.last_grant = 0.0
        self.grants = 0
        self.refusals = 0
        self.start()

    def run(self):
        while not self.stopping.is_set():
            began = time.monotonic()
            answer = self.caller.get(self.vault, "a", None)
            if answer.status == 200:
                self.last_grant = began
                self.grants += 1
            elif answer.status == 403:
                self.refusals += 1

    def stop(self):
        self.stopping.set()
        self.join(60)


def ask(url, sql):
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchone()[0]
    finally:
        connection.close()


OURS = ("pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND application_name LIKE ")
ALL = OURS + "'oneclaw%'"
LISTENERS = OURS + "'oneclaw listener'"


def wait_for_listeners(url, count):
    deadline = time.monotonic() + 20
    while ask(url, "SELECT COUNT(*) FROM " + LISTENERS) != count:
        assert time.monotonic() < deadline, "not every node listens"
        time.sleep(0.05)


def wait_for_grants(readers, count=20):
    before = [reader.grants for reader in readers]
    deadline = time.monotonic() + 20
    while min(reader.grants - was for reader, was in zip(readers, before)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("trouble", ["none", "listeners lost", "connections lost",
                                     "one node stands still"])
def test_a_revoked_policy_bites_on_every_node(cluster, trouble):
    owner = Api(cluster.nodes[0].url).signup()
    vault = owner.vault()
    owner.put(vault, "a", "v")
    agent = owner.agent()
    policy = owner.policy(vault, agent, "**")["id"]
    token = agent.sign_in().token
    readers = [Reader(node.url, token, vault) for node in cluster.nodes]
    try:
        wait_for_listeners(cluster.url, 3)
        wait_for_grants(readers)
        if trouble == "listeners lost":
            assert ask(cluster.url, "SELECT COUNT(pg_terminate_backend(pid)) FROM " +
                       LISTENERS) == 3
        if trouble == "connections lost":
            assert ask(cluster.url, "SELECT COUNT(pg_terminate_backend(pid)) FROM " + ALL) > 3
        if trouble == "one node stands still":
            cluster.pause(2)
        owner.request("DELETE", f"/v1/vaults/{vault}/policies/{policy}", (204, 503))
        if owner.get(vault, "a", (200, 503)) and trouble == "connections lost":
            owner.request("DELETE", f"/v1/vaults/{vault}/policies/{policy}", (204, 404))
        revoked = time.monotonic()
        if trouble == "one node stands still":
            time.sleep(2 * BOUND_SECONDS)
            cluster.go_on(2)
        time.sleep(BOUND_SECONDS + 1)
    finally:
        for reader in readers:
            reader.stop()
    for reader in readers:
        assert reader.refusals > 0
        assert reader.last_grant - revoked < BOUND_SECONDS, reader.last_grant - revoked


@pytest.mark.parametrize("mode", ["held", "closed"])
def test_a_node_that_hears_of_nothing_asks_the_database(own_postgres, tmp_path, mode):
    """The listener's connection is cut off and stays so, and all others work."""
    with ListenerProxy(own_postgres.port) as proxy:
        def url_of(number, url):
            return url if number == 0 else url.replace(f":{own_postgres.port}/", f":{proxy.port}/")

        with Cluster(tmp_path, own_postgres, 2, proxied=False, url_of=url_of) as cluster:
            owner = Api(cluster.nodes[0].url).signup()
            vault = owner.vault()
            owner.put(vault, "a", "v")
            agents = [owner.agent() for _ in range(3)]
            policies = [owner.policy(vault, agent, "**")["id"] for agent in agents]
            readers = [Reader(cluster.nodes[1].url, agent.sign_in().token, vault)
                       for agent in agents]
            try:
                wait_for_listeners(cluster.url, 2)
                wait_for_grants(readers)
                proxy.cut(mode)
                ends = [revoke(owner, vault, policies[0], readers[0])]
                wait_for_grants(readers[1:])
                ends.append(revoke(owner, vault, policies[1], readers[1]))
                proxy.restore()
                wait_for_listeners(cluster.url, 2)
                wait_for_grants(readers[2:])
                ends.append(revoke(owner, vault, policies[2], readers[2]))
            finally:
                for reader in readers:
                    reader.stop()
            for reader, end in zip(readers, ends):
                assert reader.last_grant - end < BOUND_SECONDS


def revoke(owner, vault, policy, reader):
    """Deletes a policy; when that was answered. Returns once the reader was refused."""
    owner.request("DELETE", f"/v1/vaults/{vault}/policies/{policy}", 204)
    end = time.monotonic()
    while not reader.refusals:
        assert time.monotonic() < end + 20, "it was never refused"
        time.sleep(0.02)
    return end


def test_what_is_in_memory_is_used(cluster):
    """A read that needs no table but the audit log's is let through while others are locked."""
    owner = Api(cluster.nodes[0].url).signup()
    vault = owner.vault()
    owner.put(vault, "a", "v")
    wait_for_listeners(cluster.url, 3)
    deadline = time.monotonic() + 60
    answer = None
    while answer is None or answer.status != 200:  # it fails where its caches were just distrusted
        assert time.monotonic() < deadline
        assert owner.value(vault, "a") == "v"
        connection = psycopg2.connect(cluster.url)
        try:
            connection.cursor().execute(
                "LOCK TABLE policies, secrets, secret_versions, vaults IN ACCESS EXCLUSIVE MODE")
            answer = owner.get(vault, "a", (200, 503))
        finally:
            connection.close()


def test_an_ip_rule_counts_on_every_node(cluster):
    owner = Api(cluster.nodes[0].url).signup()
    agent = owner.agent()
    owner.request("POST", "/v1/security/ip-rules", 201,
                  json={"cidr": "203.0.113.0/24", "rule_type": "deny", "applies_to": "agents"})
    agent.sign_in()
    for node in cluster.nodes:
        agent.api = Api(node.url)
        there = agent.at("203.0.113.7")
        deadline = time.monotonic() + 5
        while there.request("GET", "/v1/agents/me", (200, 403)).status != 403:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        agent.request("GET", "/v1/agents/me", 200)
