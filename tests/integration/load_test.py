"""Everything at once: reads, refusals, writes, lists, tokens and changes of policies, from many
threads. On the tsan build this is what shows a data race; on every build, that under load an answer
is right, an acknowledged request is in the chain, and a full queue is a 503 that can be retried."""
import contextlib
import itertools
import os
import sqlite3
import threading
import time

import psycopg2
import requests

from harness.client import Api

CLUSTER_LOCK = 0x6F6E65636C617701  # src/store/pg_locks.h: all writes to PostgreSQL share it
SECONDS = float(os.environ.get("LOAD_SECONDS", "4"))


class Load:
    """Threads that each repeat one kind of work until stopped (or until the server dies)."""

    def __init__(self, dies=False):
        self.dies = dies
        self.failures = []
        self.counts = {}
        self._done = threading.Event()
        self._threads = []

    def add(self, name, work, threads=2):
        self.counts[name] = 0
        for _ in range(threads):
            self._threads.append(threading.Thread(target=self._run, args=(name, work)))

    def _run(self, name, work):
        try:
            while not self._done.is_set():
                work()
                self.counts[name] += 1
        except requests.RequestException as error:
            if not self.dies:
                self.failures.append(error)
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(error)

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._done.set()
        for thread in self._threads:
            thread.join()
        assert not self.failures, self.failures[0]


def mixed_load(owner, vault, load):
    """Adds every kind of work; what was acknowledged of reads is kept in `load.acknowledged`."""
    agent = owner.agent()
    owner.policy(vault, agent, "app/**", permissions=["read", "write"])
    for i in range(20):
        owner.put(vault, f"app/{i}", f"value {i}")
    agent.sign_in()
    numbers = itertools.count()
    load.acknowledged = []

    def read():
        i = next(numbers) % 20
        answer = agent.get(vault, f"app/{i}")
        assert answer["value"] == f"value {i}", answer
        load.acknowledged.append(answer.headers["X-Request-Id"])

    def denied():
        answer = agent.get(vault, f"private/{next(numbers) % 20}", 403)
        load.acknowledged.append(answer.headers["X-Request-Id"])

    def write():
        i = next(numbers) % 20
        answer = agent.put(vault, f"app/{i}", f"value {i}")
        load.acknowledged.append(answer.headers["X-Request-Id"])

    def page():
        assert len(agent.paths(vault, limit=7)) == 7

    def token():
        agent.api.agent_token(agent.key)

    def policy():
        made = owner.policy(vault, agent, f"x-{next(numbers)}/**", effect="deny")["id"]
        owner.request("DELETE", f"/v1/vaults/{vault}/policies/{made}", 204)

    def log_in():
        owner.api.login(owner.email, owner.password)

    def out_of_the_way():
        """Another org's requests, whose chain is another."""
        caller = agent.api.signup()
        caller.put(caller.vault(), "a", "x")

    load.add("read", read, 4)
    load.add("denied", denied)
    load.add("write", write)
    load.add("page", page)
    load.add("token", token)
    load.add("policy", policy, 1)
    load.add("log in", log_in, 1)
    load.add("sign up", out_of_the_way, 1)


def chain_ids(owner):
    """The request ids of all of the org's events."""
    found = set()
    for offset in itertools.count(0, 1000):
        events = owner.events(limit=1000, offset=offset)["events"]
        found.update(event["details"].get("request_id") for event in events)
        if len(events) < 1000:
            return found


def assert_chain_holds(owner):
    """The chain's first 10,000 events, and its last ones to the head."""
    report = owner.verify(limit=10_000)
    assert report["chain_valid"], report
    older = owner.events(limit=1, offset=9_000)["events"]
    if older:
        report = owner.verify(limit=10_000, **{"from": older[0]["created_at"]})
        assert report["chain_valid"], report


def test_all_at_once(new_server):
    server = new_server({"log": {"level": "warn"}}).start()
    owner = Api(server.url).signup()
    load = Load()
    mixed_load(owner, owner.vault(), load)
    load.start()
    time.sleep(SECONDS)
    load.stop()
    assert all(load.counts.values()), load.counts
    assert_chain_holds(owner)
    assert set(load.acknowledged) <= chain_ids(owner)
    server.stop()  # asserts exit code 0, which a sanitizer's report would change
    assert "WARNING: ThreadSanitizer" not in server.log_text()


def test_kill_9_under_mixed_load_loses_nothing_acknowledged(new_server):
    server = new_server({"log": {"level": "warn"}}).start()
    owner = Api(server.url).signup()
    for _ in range(2):
        load = Load(dies=True)
        mixed_load(owner, owner.vault(), load)
        load.start()
        time.sleep(SECONDS / 2)
        server.kill()
        load.stop()
        assert len(load.acknowledged) > 20
        server.start()
        owner.api = Api(server.url)
        owner.token = owner.sign_in().token
        assert_chain_holds(owner)
        assert set(load.acknowledged) <= chain_ids(owner)
    server.stop()


@contextlib.contextmanager
def held(server):
    """The database's write lock, held by someone else."""
    if server.database_url:
        connection = psycopg2.connect(server.database_url)
        connection.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (CLUSTER_LOCK,))
    else:
        connection = sqlite3.connect(server.database, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


def test_a_full_write_queue_is_503_and_passes(new_server):
    server = new_server({"log": {"level": "warn"}, "store": {"queued_writes": 3}}).start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    owner.put(vault, "a", "x")
    answers = []

    def read():
        answers.append(owner.get(vault, "a", (200, 503)))

    threads = [threading.Thread(target=read) for _ in range(30)]
    with held(server):
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while len(answers) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        # Those that found the queue full were told at once, while the others wait.
        refused = list(answers)
        assert 20 <= len(refused) < 30
        for answer in refused:
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) >= 1
            assert "value" not in answer.body
    for thread in threads:
        thread.join()
    assert any(answer.status == 200 for answer in answers), "those that waited were answered"
    owner.get(vault, "a")
    read_events = owner.events(action="secret.read", limit=1000)["events"]
    answered = sum(answer.status == 200 for answer in answers)
    assert len(read_events) == answered + 1
    server.stop()
