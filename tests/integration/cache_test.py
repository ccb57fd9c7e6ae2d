"""What is kept in memory is never served once a write has changed it: not on the next request, and
not when the write races with reads."""
import threading
import time

import pytest

from harness.client import Api


@pytest.fixture
def agent(owner, vault):
    """An agent that has read secret `a` often enough for all of it to be in memory."""
    agent = owner.agent()
    owner.policy(vault, agent, "**", priority=1)
    owner.put(vault, "a", "one")
    for _ in range(3):
        assert agent.value(vault, "a") == "one"
    return agent


def policies(owner, vault):
    return owner.request("GET", f"/v1/vaults/{vault}/policies", 200)["policies"]


def test_a_new_version_is_seen_at_once(owner, vault, agent):
    for i in range(50):
        owner.put(vault, "a", f"value {i}")
        assert agent.value(vault, "a") == f"value {i}"
        assert agent.get(vault, "a")["version"] == i + 2
        assert agent.value(vault, "a") == f"value {i}"


def test_an_older_version_is_still_the_older_one(owner, vault, agent):
    owner.put(vault, "a", "two")
    assert agent.value(vault, "a") == "two"
    assert agent.version(vault, "a", 1)["value"] == "one"
    assert agent.value(vault, "a") == "two"


def test_a_deleted_secret_is_gone_at_once(owner, vault, agent):
    owner.delete(vault, "a")
    agent.get(vault, "a", 410)
    owner.put(vault, "a", "again")
    assert agent.value(vault, "a") == "again"


def test_a_version_ends_at_its_time(owner, vault, agent):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    owner.put(vault, "a", "short", expires_at=at)
    assert agent.value(vault, "a") == "short"
    time.sleep(2.2)
    agent.get(vault, "a", 410)


def test_counted_reads_stay_exact(owner, vault, agent):
    owner.put(vault, "a", "counted", max_access_count=40)
    statuses = []

    def read():
        reader = agent.with_token(agent.token)
        for _ in range(10):
            statuses.append(reader.get(vault, "a", (200, 410)).status)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(200) == 40
    assert statuses.count(410) == 40


def test_policies_count_at_once(owner, vault, agent):
    owner.put(vault, "b", "x")
    agent.get(vault, "b")
    deny = owner.policy(vault, agent, "a", effect="deny", priority=2)["id"]
    agent.get(vault, "a", 403)
    agent.get(vault, "b")
    url = f"/v1/vaults/{vault}/policies/{deny}"
    owner.request("PUT", url, 200, json={"priority": 0})
    agent.get(vault, "a")
    owner.request("PUT", url, 200, json={"priority": 3})
    agent.get(vault, "a", 403)
    owner.request("DELETE", url, 204)
    agent.get(vault, "a")
    for policy in policies(owner, vault):
        owner.request("DELETE", f"/v1/vaults/{vault}/policies/{policy['id']}", 204)
    agent.get(vault, "a", 403)
    agent.put(vault, "a", "x", 403)
    assert agent.paths(vault) == []


def test_a_policy_ends_at_its_time(owner, vault, agent):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    owner.policy(vault, agent, "a", effect="deny", priority=9, expires_at=at)
    agent.get(vault, "a", 403)
    time.sleep(2.2)
    agent.get(vault, "a")


def test_a_policy_of_another_principal_changes_nothing(owner, vault, agent):
    second = owner.agent()
    second.get(vault, "a", 403)
    owner.policy(vault, second, "a")
    second.get(vault, "a")
    agent.get(vault, "a")


def test_a_deactivated_agent_is_out_at_once(owner, vault, agent):
    url = f"/v1/agents/{agent.id}"
    owner.request("PATCH", url, 200, json={"is_active": False})
    agent.get(vault, "a", 401)
    owner.request("PATCH", url, 200, json={"is_active": True})
    agent.get(vault, "a", 401)
    agent.sign_in().get(vault, "a")


def test_narrowed_scopes_and_vaults_count_at_once(owner, vault, agent):
    url = f"/v1/agents/{agent.id}"
    owner.request("PATCH", url, 200, json={"scopes": ["policies:read"]})
    agent.get(vault, "a", 403)
    owner.request("PATCH", url, 200, json={"scopes": []})
    agent.get(vault, "a")
    owner.request("PATCH", url, 200, json={"vault_ids": [owner.vault()]})
    agent.get(vault, "a", 403)


def test_an_agent_ends_at_its_time(owner, vault, agent):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    owner.request("PATCH", f"/v1/agents/{agent.id}", 200, json={"expires_at": at})
    agent.get(vault, "a")
    time.sleep(2.2)
    agent.get(vault, "a", 401)


def test_a_rotated_key_ends_the_tokens_at_once(owner, vault, agent):
    answer = owner.request("POST", f"/v1/agents/{agent.id}/rotate-key", 200)
    agent.get(vault, "a", 401)
    agent.api.agent_token(agent.key, 401)
    agent.key = answer["api_key"]
    agent.sign_in().get(vault, "a")


def test_a_deleted_agent_is_out_at_once(owner, vault, agent):
    owner.request("DELETE", f"/v1/agents/{agent.id}", 204)
    agent.get(vault, "a", 401)


def test_a_deleted_vault_is_gone_at_once(owner, vault, agent):
    assert owner.value(vault, "a") == "one"
    owner.request("DELETE", f"/v1/vaults/{vault}", 204)
    agent.get(vault, "a", 404)
    owner.get(vault, "a", 404)
    owner.list(vault, 404)


def test_a_signed_out_token_is_dead_at_once(owner, vault, agent):
    again = owner.sign_in()
    assert again.value(vault, "a") == "one"
    again.request("DELETE", "/v1/auth/token", 204)
    again.get(vault, "a", 401)
    assert owner.value(vault, "a") == "one"
    agent.request("DELETE", "/v1/auth/token", 204)
    agent.get(vault, "a", 401)


def test_a_revoked_personal_key_is_dead_at_once(owner, vault, agent):
    key = owner.api_key()
    caller = owner.with_token(owner.api.key_token(key["api_key"])["access_token"])
    assert caller.value(vault, "a") == "one"
    listed = owner.request("GET", "/v1/auth/api-keys", 200)["keys"]
    owner.request("DELETE", f"/v1/auth/api-keys/{listed[0]['id']}", 204)
    caller.get(vault, "a", 401)
    assert owner.value(vault, "a") == "one"


def test_a_changed_password_ends_the_other_tokens_at_once(owner, vault, agent):
    again = owner.sign_in()
    assert again.value(vault, "a") == "one"
    owner.request("POST", "/v1/auth/change-password", (200, 204), json={
        "current_password": owner.password, "new_password": owner.password + "!"})
    again.get(vault, "a", 401)


def test_the_same_with_no_room_to_keep_anything(new_server):
    server = new_server({"cache": {"tokens_mib": 0, "access_mib": 0, "secrets_mib": 0}}).start()
    owner = Api(server.url).signup()
    vault = owner.vault()
    agent = owner.agent()
    owner.policy(vault, agent)
    for i in range(3):
        owner.put(vault, "a", f"value {i}")
        assert agent.value(vault, "a") == f"value {i}"
    server.stop()


class Readers:
    """Threads that read without end and check each answer against what was known before."""

    def __init__(self, read, count=4):
        self.failures = []
        self.reads = 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(read,)) for _ in range(count)]

    def _run(self, read):
        try:
            while not self._done.is_set():
                read()
                self.reads += 1
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(error)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for thread in self._threads:
            thread.join()
        assert not self.failures, self.failures[0]
        assert self.reads > 20


def test_raced_writes_are_never_seen_to_go_back(owner, vault, agent):
    """Each read that starts after a write's answer sees that version or a later one."""
    answered = [1]

    def read():
        least = answered[0]
        version = agent.get(vault, "a")["version"]
        assert version >= least, (version, least)

    with Readers(read):
        for i in range(150):
            answered[0] = owner.put(vault, "a", f"value {i}")["version"]


def test_raced_policies_are_never_seen_to_go_back(owner, vault, agent):
    """A read that starts and ends while the policy stands (or doesn't) is allowed (or isn't)."""
    state = [0]  # even: allowed; odd: denied; negative while it changes

    def read():
        before = state[0]
        status = agent.get(vault, "a", (200, 403)).status
        if before >= 0 and state[0] == before:
            assert status == (403 if before % 2 else 200), (status, before)

    with Readers(read):
        for i in range(1, 60):
            state[0] = -1
            if i % 2:
                deny = owner.policy(vault, agent, "a", effect="deny", priority=2)["id"]
            else:
                owner.request("DELETE", f"/v1/vaults/{vault}/policies/{deny}", 204)
            state[0] = i


def test_raced_revocations_hold(owner, vault, agent):
    """Whoever was signed out stays out, though reads with the same token were in flight."""
    for _ in range(10):
        token = agent.api.agent_token(agent.key)["access_token"]
        caller = agent.with_token(token)
        out = [False]

        def read():
            was_out = out[0]
            status = caller.get(vault, "a", (200, 401)).status
            assert status == 401 or not was_out
            if status == 401:
                time.sleep(0.005)

        with Readers(read, 2) as readers:
            while readers.reads < 10:
                time.sleep(0.001)
            caller.request("DELETE", "/v1/auth/token", 204)
            out[0] = True
            deadline = readers.reads + 15
            while readers.reads < deadline and not readers.failures:
                time.sleep(0.001)
