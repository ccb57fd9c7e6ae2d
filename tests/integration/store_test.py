"""What is in the database file, looked at with the server stopped."""
import pytest

from harness.client import Api
from harness.database import blob, opened


@pytest.fixture
def stopped(new_server):
    """A stopped server, after two vaults and three puts of one value."""
    server = new_server()
    with server:
        owner = Api(server.url).signup()
        server.vaults = [owner.vault(), owner.vault()]
        for vault in (server.vaults[0], *server.vaults):
            owner.put(vault, "a", "one and the same value")
        owner.api_key()
        owner.agent()
    return server


@pytest.mark.sqlite
def test_it_is_sqlite_in_wal_mode_with_strict_tables(stopped):
    with opened(stopped) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = database.execute("SELECT name, strict FROM pragma_table_list "
                                  "WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'").fetchall()
    assert len(tables) > 10
    assert [name for name, strict in tables if not strict] == []


def test_passwords_are_argon2id_at_the_configured_cost(stopped):
    with opened(stopped) as database:
        (phc,) = database.execute("SELECT password_hash FROM users").fetchone()
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_keys_are_stored_as_a_keyed_hash(stopped):
    with opened(stopped) as database:
        stored = database.execute("SELECT mac FROM api_keys UNION ALL "
                                  "SELECT key_mac FROM agents").fetchall()
    assert [len(mac) for (mac,) in stored] == [32, 32]


def test_each_version_has_a_key_of_its_own_and_so_has_each_vault(stopped):
    with opened(stopped) as database:
        versions = database.execute(
            "SELECT wrapped_dek, ciphertext FROM secret_versions JOIN secrets ON id = secret_id "
            "WHERE path = 'a'").fetchall()
        keks = database.execute("SELECT wrapped FROM vault_keks WHERE vault_id IN (?, ?)",
                                [blob(vault) for vault in stopped.vaults]).fetchall()
    assert len(versions) == 3 and len(keks) == 2
    assert len({dek for dek, _ in versions}) == len({text for _, text in versions}) == 3
    assert len(set(keks)) == 2
