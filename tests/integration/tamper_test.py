"""Whoever can write to the database changes what is in it: each change is refused and audited."""
import base64
import json
import sqlite3
import struct
import uuid

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness.client import Api
from harness.database import blob, opened
from harness.server import expect_refusal

pytestmark = pytest.mark.sqlite  # it copies the file back after each change

SEALED = {"secrets": {"id", "vault_id", "path", "current_version", "created_at", "updated_at",
                      "deleted_at", "mac"},
          "secret_versions": {"secret_id", "version", "type", "metadata", "created_by",
                              "created_by_type", "created_at", "expires_at", "max_access_count",
                              "access_count", "is_disabled", "kek_version", "wrapped_dek",
                              "ciphertext", "mac", "cmek_fingerprint"}}


class Folder:
    """A server with two orgs, and a secret of three versions that the tests spoil."""

    def __init__(self, server):
        self.server = server
        server.start()
        api = Api(server.url)
        self.owner, self.other = api.signup(), api.signup()
        self.vault, self.second = self.owner.vault(), self.owner.vault()
        self.others_vault = self.other.vault()
        for number in (1, 2, 3):
            self.owner.put(self.vault, "a/b", f"value {number}", metadata={"n": number},
                           max_access_count=50)
        self.owner.put(self.vault, "other", "another value")
        self.owner.put(self.second, "a/c", "value in the second vault")
        self.other.put(self.others_vault, "theirs", "value of another org")
        server.stop()
        self.pristine = server.database.read_bytes()

    def start(self):
        self.server.start()
        self.owner.api = self.other.api = Api(self.server.url)

    def reset(self):
        self.server.kill()
        for file in self.server.data.glob("oneclaw.db*"):
            file.unlink()
        self.server.database.write_bytes(self.pristine)
        self.server.database.chmod(0o600)

    def secret(self, path="a/b"):
        with opened(self.server) as database:
            return database.execute("SELECT id FROM secrets WHERE path = ?", (path,)).fetchone()[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from harness.server import Server
    folder = Folder(Server(tmp_path_factory.mktemp("tamper")))
    yield folder
    folder.server.kill()


@pytest.fixture(autouse=True)
def pristine(folder):
    yield
    folder.reset()


def refused(person, method, url):
    """A 500 that says no more than that, and its event in the caller's chain."""
    answer = person.request(method, url, 500,
                            json={"value": "new"} if method == "PUT" else None)
    assert answer["type"].rsplit(":", 1)[1] in ("tampered", "decryption-failed"), answer
    action = {"GET": "secret.", "PUT": "secret.write", "DELETE": "secret.delete"}[method]
    events = [event for event in person.events(limit=5)["events"]
              if event["details"].get("outcome") == "failed" and event["action"].startswith(action)]
    assert events and events[0]["details"]["reason"] in ("tampered", "decryption-failed"), events
    return answer


def sealed_columns(database, table):
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]


def changed(value):
    """Another value of the same kind."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, str):
        return '{"n":9}' if value.startswith("{") else value + "x"
    return (value or 0) + 1


def test_no_column_is_left_out(folder):
    with opened(folder.server) as database:
        for table, columns in SEALED.items():
            assert set(sealed_columns(database, table)) == columns, \
                f"a new column of {table} must be bound to its row's seal, and listed here"


@pytest.mark.parametrize("table, column", [(table, column) for table in SEALED
                                           for column in sorted(SEALED[table])])
def test_an_edited_column_is_refused(folder, table, column):
    secret = folder.secret()
    key = "id" if table == "secrets" else "secret_id"
    where = f"{key} = ?" + ("" if table == "secrets" else " AND version = 3")
    with opened(folder.server) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        old, = database.execute(f"SELECT {column} FROM {table} WHERE {where}",
                                (secret,)).fetchone()
        new = changed(old)
        if column == "version":
            new = 7
        if column == "vault_id":
            new = blob(folder.second)
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (new, secret))
    folder.start()
    url, vault = "a/b", folder.vault
    if (table, column) == ("secrets", "path"):
        url = "a/bx"
    if (table, column) == ("secrets", "vault_id"):
        vault = folder.second
    url = f"/v1/vaults/{vault}/secrets/{url}"
    refused(folder.owner, "GET", url)
    # The list shows metadata, so that must be right too. (A secret marked as deleted isn't listed.)
    if column not in ("wrapped_dek", "ciphertext", "deleted_at"):
        refused(folder.owner, "GET", f"/v1/vaults/{vault}/secrets")
    if table == "secrets":
        refused(folder.owner, "PUT", url)
        refused(folder.owner, "DELETE", url)
    assert folder.owner.value(folder.vault, "other") == "another value"
    assert folder.owner.verify()["chain_valid"]


@pytest.mark.parametrize("what", ["no seal", "an empty seal", "the other row's seal"])
def test_a_seal_cannot_be_left_out(folder, what):
    secret, other = folder.secret(), folder.secret("other")
    with opened(folder.server) as database:
        mac = {"no seal": None, "an empty seal": b"",
               "the other row's seal": database.execute(
                   "SELECT mac FROM secrets WHERE id = ?", (other,)).fetchone()[0]}[what]
        database.execute("UPDATE secrets SET mac = ? WHERE id = ?", (mac, secret))
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/a/b")


def test_rows_swapped_between_paths(folder):
    a, b = folder.secret("a/b"), folder.secret("other")
    with opened(folder.server) as database:
        for identity, path in ((a, "x"), (b, "a/b"), (a, "other")):
            database.execute("UPDATE secrets SET path = ? WHERE id = ?", (path, identity))
    folder.start()
    for path in ("a/b", "other"):
        refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/{path}")


def test_versions_swapped_between_paths(folder):
    a, b = folder.secret("a/b"), folder.secret("other")
    spare = uuid.uuid4().bytes
    with opened(folder.server) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        for old, new in ((a, spare), (b, a), (spare, b)):
            database.execute("UPDATE secret_versions SET secret_id = ? WHERE secret_id = ?",
                             (new, old))
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/a/b")
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secret-version/a/b/1")


def test_rows_moved_between_vaults(folder):
    with opened(folder.server) as database:
        database.execute("UPDATE secrets SET vault_id = ? WHERE id = ?",
                         (blob(folder.second), folder.secret()))
        database.execute("UPDATE secrets SET vault_id = ? WHERE id = ?",
                         (blob(folder.vault), folder.secret("a/c")))
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.second}/secrets/a/b")
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/a/c")


def test_rows_moved_between_orgs(folder):
    """Into another org's vault, and the whole vault with its key."""
    with opened(folder.server) as database:
        database.execute("UPDATE secrets SET vault_id = ? WHERE id = ?",
                         (blob(folder.others_vault), folder.secret()))
        theirs, = database.execute("SELECT org_id FROM vaults WHERE id = ?",
                                   (blob(folder.others_vault),)).fetchone()
        database.execute("UPDATE vaults SET org_id = ? WHERE id = ?",
                         (theirs, blob(folder.second)))
    folder.start()
    refused(folder.other, "GET", f"/v1/vaults/{folder.others_vault}/secrets/a/b")
    for url in (f"/v1/vaults/{folder.second}/secrets/a/c", f"/v1/vaults/{folder.second}/secrets"):
        refused(folder.other, "GET", url)


def test_the_content_of_an_older_version_does_not_pass_for_the_newest(folder):
    with opened(folder.server) as database:
        database.execute(
            "UPDATE secret_versions AS v SET (wrapped_dek, ciphertext) = "
            "(SELECT o.wrapped_dek, o.ciphertext FROM secret_versions o "
            " WHERE o.secret_id = v.secret_id AND o.version = 1) "
            "WHERE secret_id = ? AND version = 3", (folder.secret(),))
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/a/b")


def test_the_pointer_does_not_go_back_to_an_older_version(folder):
    secret = folder.secret()
    with opened(folder.server) as database:
        database.execute("UPDATE secrets SET current_version = 1 WHERE id = ?", (secret,))
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/a/b")


def test_an_older_row_with_its_own_seal_does_not_come_back(folder):
    """The row of `secrets` as it was, byte for byte, while the newer version is still there."""
    with opened(folder.server) as database:
        old = database.execute("SELECT * FROM secrets WHERE path = 'other'").fetchone()
        names = sealed_columns(database, "secrets")
    folder.start()
    folder.owner.put(folder.vault, "other", "newer value")
    folder.server.stop()
    with opened(folder.server) as database:
        database.execute(f"REPLACE INTO secrets ({', '.join(names)}) VALUES "
                         f"({', '.join('?' * len(names))})", old)
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/other")
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets")


def test_an_access_count_does_not_go_back(folder):
    folder.start()
    folder.owner.put(folder.vault, "twice", "v", max_access_count=2)
    for _ in range(2):
        folder.owner.get(folder.vault, "twice")
    folder.owner.get(folder.vault, "twice", 410)
    folder.server.stop()
    with opened(folder.server) as database:
        database.execute("UPDATE secret_versions SET access_count = 0 WHERE secret_id = ?",
                         (folder.secret("twice"),))
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/twice")


def test_a_deleted_secret_does_not_come_back(folder):
    folder.start()
    folder.owner.delete(folder.vault, "other")
    folder.server.stop()
    with opened(folder.server) as database:
        database.execute("UPDATE secrets SET deleted_at = NULL WHERE path = 'other'")
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/other")


def remove_seals(folder):
    with opened(folder.server) as database:
        for table in ("vaults", "secrets", "secret_versions"):
            database.execute(f"UPDATE {table} SET mac = NULL")
        database.execute("DELETE FROM server_keys WHERE name = 'row-mac'")


def test_rows_are_not_sealed_anew_when_the_key_of_the_seals_is_gone(folder):
    remove_seals(folder)
    assert "key that seals rows is missing" in expect_refusal(folder.server)
    folder.server.kill()
    # Nor when there seem to be no keys at all.
    with opened(folder.server) as database:
        database.execute("DELETE FROM server_keys")
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/a/b")


def as_before_seals(server, root, wrapped):
    """The MAC key of API keys, wrapped as it was before there were seals. Needs the root key."""
    key, = [key["key"] for key in json.loads((server.data / "keyring.json").read_text())["keys"]
            if key["id"] == root]
    cipher = AESGCM(base64.urlsafe_b64decode(key + "="))

    def aad(of_key):
        parts = [b"oneclaw/root/1", root.encode(), of_key]
        return b"".join(struct.pack(">q", len(part)) + part for part in parts)

    plain = cipher.decrypt(wrapped[:12], wrapped[12:],
                           aad(b"oneclaw/server-key/v1|mac|api-key-mac|rows-are-sealed"))
    nonce = bytes(12)
    return nonce + cipher.encrypt(nonce, plain, aad(b"oneclaw/server-key/v1|mac|api-key-mac"))


def test_rows_from_before_seals_are_sealed_once(folder):
    """A folder of schema 4 comes up; after that, a row without a seal is refused."""
    remove_seals(folder)
    with opened(folder.server) as database:
        root, wrapped = database.execute("SELECT root_key_id, wrapped FROM server_keys "
                                         "WHERE name = 'api-key-mac'").fetchone()
        database.execute("UPDATE server_keys SET wrapped = ? WHERE name = 'api-key-mac'",
                         (as_before_seals(folder.server, root, wrapped),))
    folder.start()
    assert folder.owner.value(folder.vault, "a/b") == "value 3"
    assert folder.other.value(folder.others_vault, "theirs") == "value of another org"
    folder.server.stop()
    with sqlite3.connect(folder.server.database) as database:
        assert database.execute("SELECT COUNT(*) FROM secrets WHERE mac IS NULL").fetchone() == (0,)
        database.execute("UPDATE secrets SET mac = NULL WHERE path = 'other'")
    database.close()
    folder.start()
    refused(folder.owner, "GET", f"/v1/vaults/{folder.vault}/secrets/other")
