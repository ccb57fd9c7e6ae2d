"""Whoever can write to the database puts a secret's rows back as they once were, with the seals of
that time, and removes all that is newer: the audit chain knows better, and they are refused."""
import uuid

import pytest

from bindings_test import bind, execute
from harness.client import Api, secret_url
from harness.database import blob, opened
from harness.operator import Operator
from harness.upstream import Upstream
from retention_test import fill
from rotation_test import disable, rotate
from shares_test import later, open_share

TABLES = (("secrets", "id"), ("secret_versions", "secret_id"))


class Folder:
    """A server with one org, a vault and the secret "back", whose rows are kept."""

    def __init__(self, server):
        self.server = server
        self.start()
        self.owner = Api(server.url).signup()
        self.org = blob(self.owner.me()["org_id"])
        self.vault = self.owner.vault()
        self.secret = None
        self.rows = None

    def start(self):
        self.server.start()
        if hasattr(self, "owner"):
            self.owner.api = Api(self.server.url)

    def keep(self):
        """The secret's rows as they are now."""
        self.server.stop()
        with opened(self.server) as database:
            self.secret, = database.execute("SELECT id FROM secrets WHERE path = 'back'").fetchone()
            self.rows = [(table, database.execute(f"SELECT * FROM {table} WHERE {key} = ?",
                                                  (self.secret,)).fetchall())
                         for table, key in TABLES]
        self.start()

    def put_back(self, cut_after=None):
        """`cut_after`: the last event that is left in the chain."""
        self.server.stop()
        with opened(self.server) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            for table, key in TABLES:
                database.execute(f"DELETE FROM {table} WHERE {key} = ?", (self.secret,))
            for table, rows in self.rows:
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    database.execute(f"INSERT INTO {table} VALUES ({marks})", row)
            if cut_after is not None:
                database.execute("DELETE FROM audit_events WHERE org_id = ? AND sequence > ?",
                                 (self.org, cut_after))
        self.start()

    def head(self):
        with opened(self.server, to_read=True) as database:
            return database.execute("SELECT MAX(sequence) FROM audit_events WHERE org_id = ?",
                                    (self.org,)).fetchone()[0]

    def refuses(self, method, url, action, by=None, **body):
        """A 500 that says no more than that, and its event."""
        answer = (by or self.owner).request(method, url, 500, json=body or None)
        assert answer["type"].rsplit(":", 1)[1] == "tampered", answer
        events = self.owner.events(action=action, limit=1)["events"]
        assert events and events[0]["details"]["outcome"] == "failed", events
        assert events[0]["details"]["reason"] == "tampered", events

    def refuses_all(self):
        url, owner = secret_url(self.vault, "back"), self.owner
        listed = f"/v1/vaults/{self.vault}/secret-version"
        self.refuses("GET", url, "secret.read")
        self.refuses("GET", f"{listed}/back/1", "secret.read")
        self.refuses("GET", f"{listed}s/back", "secret.versions")
        self.refuses("PUT", url, "secret.write", value="laundered")
        self.refuses("GET", url, "secret.read")
        self.refuses("DELETE", url, "secret.delete")
        self.refuses("POST", f"{listed}-disable/back/1", "secret.disable_version")
        self.refuses("POST", f"/v1/vaults/{self.vault}/secret-rotate/back", "secret.rotate")
        self.refuses("POST", f"/v1/secrets/{uuid.UUID(bytes=self.secret)}/share", "share.create",
                     recipient_type="anyone_with_link", expires_at=later())
        assert owner.verify()["chain_valid"]

    def refuses_version(self):
        """Its first version is refused; what is written anew is read, and launders nothing."""
        url = secret_url(self.vault, "back")
        one = f"/v1/vaults/{self.vault}/secret-version/back/1"
        self.refuses("GET", url, "secret.read")
        self.refuses("GET", one, "secret.read")
        assert self.owner.put(self.vault, "back", "new")["version"] == 2
        assert self.owner.value(self.vault, "back") == "new"
        self.refuses("GET", one, "secret.read")
        assert self.owner.verify()["chain_valid"]


@pytest.fixture
def folder(new_server):
    return Folder(new_server())


def share(owner, vault, path):
    """What opens a share of the current version."""
    secret = owner.get(vault, path)["id"]
    made = owner.request("POST", f"/v1/secrets/{secret}/share", 201,
                         json={"recipient_type": "anyone_with_link", "expires_at": later()})
    return made["share_url"].rsplit("/", 1)[1]


@pytest.mark.parametrize("what", ["a deletion", "a version", "a rotation", "a version's deletion"])
def test_a_secret_put_back_is_refused(folder, what):
    folder.owner.put(folder.vault, "back", "old")
    token = share(folder.owner, folder.vault, "back")
    folder.keep()
    if what in ("a version", "a version's deletion"):
        folder.owner.put(folder.vault, "back", "new")
    if what in ("a deletion", "a version's deletion"):
        folder.owner.delete(folder.vault, "back")
    if what == "a rotation":
        rotate(folder.owner, folder.vault, "back")
    folder.put_back()
    folder.refuses_all()
    folder.refuses("GET", f"/v1/share/{token}", "share.access")


def test_a_deletion_put_back_after_a_life_before(folder):
    """Deleted, written anew, deleted again: only the newest deletion is undone."""
    folder.owner.put(folder.vault, "back", "old")
    folder.owner.delete(folder.vault, "back")
    folder.owner.put(folder.vault, "back", "again")
    folder.keep()
    assert folder.owner.value(folder.vault, "back") == "again"
    folder.owner.delete(folder.vault, "back")
    folder.put_back()
    folder.refuses_all()


def test_a_count_set_back_is_refused(folder):
    folder.owner.put(folder.vault, "back", "old", max_access_count=1)
    folder.keep()
    folder.owner.get(folder.vault, "back")
    folder.owner.get(folder.vault, "back", 410)
    folder.put_back()
    folder.refuses_version()


def test_a_count_of_a_shares_openings_set_back_is_refused(folder):
    folder.owner.put(folder.vault, "back", "old", max_access_count=3)
    token = share(folder.owner, folder.vault, "back")
    folder.keep()
    open_share(folder.owner, token)
    folder.put_back()
    folder.refuses("GET", f"/v1/share/{token}", "share.access")
    folder.refuses_version()


def test_a_count_of_a_bindings_uses_set_back_is_refused(folder):
    upstream = Upstream()
    try:
        agent = folder.owner.agent()
        folder.owner.put(folder.vault, "back", "an old credential", max_access_count=3)
        bind(folder.owner, agent, upstream, credential=None, credential_source={
            "type": "vault_ref", "vault_id": folder.vault, "path": "back"})
        folder.keep()
        agent.api = folder.owner.api
        execute(agent, agent, path="/")
        folder.put_back()
        agent.api = folder.owner.api
        execute(agent, agent, 500, path="/")
        assert len(upstream.seen) == 1
        folder.refuses_version()
    finally:
        upstream.close()


def test_a_disabled_version_enabled_again_is_refused(folder):
    folder.owner.put(folder.vault, "back", "old")
    folder.keep()
    disable(folder.owner, folder.vault, "back", 1)
    folder.owner.get(folder.vault, "back", 410)
    folder.put_back()
    folder.refuses_version()


def test_who_cuts_the_chain_too_is_found_by_verify(folder):
    folder.owner.put(folder.vault, "back", "old")
    folder.keep()
    last = folder.head()
    folder.owner.delete(folder.vault, "back")
    folder.owner.get(folder.vault, "back", 410)
    folder.put_back(cut_after=last)
    assert folder.owner.value(folder.vault, "back") == "old"
    assert not folder.owner.verify()["chain_valid"]


def live(owner, vault, path):
    """All that changes a secret's rows."""
    owner.put(vault, path, "1")
    owner.delete(vault, path)
    owner.get(vault, path, 410)
    owner.put(vault, path, "2", max_access_count=2)
    for _ in range(2):
        assert owner.value(vault, path) == "2"
    owner.get(vault, path, 410)
    rotate(owner, vault, path)
    rotate(owner, vault, path)
    disable(owner, vault, path, 3)
    disable(owner, vault, path, 3)
    owner.version(vault, path, 3, 410)
    owner.put(vault, path, "5", max_access_count=50)
    token = share(owner, vault, path)
    open_share(owner, token)
    owner.delete(vault, path)
    owner.put(vault, path, "6", max_access_count=50)
    open_share(owner, token)
    disable(owner, vault, path, 6)
    owner.get(vault, path, 410)
    owner.put(vault, path, "7", max_access_count=50)


def check(owner, vault, path):
    assert owner.value(vault, path) == "7"
    assert owner.version(vault, path, 7)["value"] == "7"
    assert owner.version(vault, path, 4)["value"]
    for number in (2, 3, 6):
        owner.version(vault, path, number, 410)
    assert len(owner.versions(vault, path)["versions"]) == 7


def test_a_life_without_tampering_is_never_refused(folder):
    owner, vault = folder.owner, folder.vault
    for path in ("a", "b/c", 'odd"version":9,"outcome":"success"'):
        live(owner, vault, path)
        check(owner, vault, path)
    folder.server.stop()
    folder.start()
    check(owner, vault, "a")
    # Retention takes the older part of the chain.
    folder.server.stop()
    with opened(folder.server) as database:
        there, = database.execute("SELECT COUNT(*) FROM audit_events WHERE org_id = ?",
                                  (folder.org,)).fetchone()
        fill(database, folder.org, there, 50)
    folder.start()
    check(owner, vault, "b/c")
    owner.delete(vault, "b/c")
    told = Operator(folder.server).text("audit-retention", "--days", 40)
    assert told.startswith(f"Removed {there} events"), told
    check(owner, vault, "a")
    owner.get(vault, "b/c", 410)
    owner.put(vault, "b/c", "8")
    assert owner.value(vault, "b/c") == "8"
    live(owner, vault, "after")
    check(owner, vault, "after")
    assert owner.verify()["chain_valid"]
