"""kill -9 in the middle of a write load: what was acknowledged is there."""
import threading
import time

import requests

from harness.client import Api

WRITERS = 8
SECONDS = 0.8


def write_until_it_dies(owner, vault, name, written):
    """Puts version after version; `written` gets each that was acknowledged."""
    try:
        for i in range(100_000):
            path = f"{name}/{i % 50}"
            value = f"value {i} of {name}"
            version = owner.put(vault, path, value)["version"]
            written.append((path, version, value))
    except requests.RequestException:
        pass


def read_all(owner, vault, parts):
    failures = []

    def read(part):
        try:
            for path, version, value in part:
                assert owner.version(vault, path, version)["value"] == value, (path, version)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=read, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_every_acknowledged_write_survives_kill_9(new_server):
    server = new_server({"log": {"level": "warn"}}).start()
    owner = Api(server.url).signup()
    rounds = []
    for number in range(3):
        vault = owner.vault(f"round {number}")
        written = [[] for _ in range(WRITERS)]
        threads = [threading.Thread(target=write_until_it_dies,
                                    args=(owner, vault, f"writer-{i}", written[i]))
                   for i in range(WRITERS)]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        assert all(thread.is_alive() for thread in threads)
        server.kill()
        for thread in threads:
            thread.join()
        rounds.append((vault, written))
        assert sum(map(len, written)) > WRITERS, "hardly a load"

        server.start()
        owner.api = Api(server.url)
        report = owner.verify(limit=10000)
        assert report["chain_valid"], report
        assert report["events_checked"] > sum(map(len, written)) or number > 0
        read_all(owner, vault, written)

    for vault, written in rounds:
        latest = [{path: (path, version, value) for path, version, value in part}.values()
                  for part in written]
        read_all(owner, vault, latest)
        listed = {secret["path"]: secret["version"] for secret in owner.list(vault)["secrets"]}
        for part in latest:
            for path, version, _ in part:
                # A write that was cut off before its answer may have come through as well.
                assert listed[path] in (version, version + 1)
    server.stop()


def test_an_answered_read_is_in_the_audit_log(new_server):
    server = new_server().start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    agent = owner.agent()
    owner.put(vault, "a", "v", max_access_count=15)
    for _ in range(10):
        owner.get(vault, "a")
        agent.get(vault, "a", 403)
    server.kill()
    server.start()
    owner.api = Api(server.url)
    outcomes = [event["details"]["outcome"]
                for event in owner.events(action="secret.read", limit=100)["events"]]
    assert outcomes.count("success") == outcomes.count("denied") == 10
    statuses = [owner.get(vault, "a", (200, 410)).status for _ in range(7)]
    assert statuses == [200] * 5 + [410] * 2
    assert owner.verify()["chain_valid"]
    server.stop()
