"""oneclaw operator migrate-store: from SQLite to PostgreSQL, with nothing lost on the way."""
import sqlite3
import subprocess

import psycopg2
import pytest

from harness.client import Api
from harness.postgres import Postgres
from harness.server import Server, binary, expect_refusal

pytestmark = pytest.mark.own_database

STOP_AT = 40

# Refuses the 40th audit event, once the tables are there: an interruption in the middle.
INTERRUPT = f"""
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'interrupted'; END $$;
CREATE FUNCTION set_trap() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  IF to_regclass('audit_events') IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'trap') THEN
    CREATE TRIGGER trap BEFORE INSERT ON audit_events FOR EACH ROW
      WHEN (NEW.sequence >= {STOP_AT}) EXECUTE FUNCTION refuse();
  END IF; END $$;
CREATE EVENT TRIGGER set_trap ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
  EXECUTE FUNCTION set_trap();
"""


@pytest.fixture(scope="module")
def postgres():
    if Server.postgres is not None:
        yield Server.postgres
        return
    with Postgres() as postgres:
        yield postgres


@pytest.fixture
def source(tmp_path):
    """A stopped server on SQLite, with something in most tables."""
    server = Server(tmp_path / "source", database_url="")
    with server:
        owner = Api(server.url).signup(display_name="Ada")
        vault = owner.vault("moved")
        for i in range(60):
            owner.put(vault, f"app/{i % 25}/ключ", f"value {i}", metadata={"n": i})
        agent = owner.agent()
        owner.policy(vault, agent, "app/**")
        agent.sign_in()
        server.key = owner.api_key()["api_key"]
        owner.delete(vault, "app/24/ключ")
        server.events = owner.verify(limit=10000)["events_checked"] + 1
        Api(server.url).signup()
    server.owner, server.agent, server.vault = owner, agent, vault
    return server


def migrate(source, url, code=0):
    run = subprocess.run([binary(), "operator", "migrate-store", f"sqlite:{source.data}", url],
                         capture_output=True, timeout=120, check=False)
    output = run.stdout.decode() + run.stderr.decode()
    assert run.returncode == code, output
    assert "test-password" not in output
    return output


def serve(source, url, tmp_path):
    server = Server(tmp_path / "destination", database_url=url)
    server.data.mkdir(mode=0o700)
    keyring = server.data / "keyring.json"
    keyring.write_bytes((source.data / "keyring.json").read_bytes())
    keyring.chmod(0o600)
    return server


def check(source, server):
    api = Api(server.url)
    owner, agent = source.owner, source.agent
    owner.api = agent.api = api
    assert owner.me()["display_name"] == "Ada"
    for i in range(35, 60):
        if i % 25 == 24:
            continue
        answer = agent.get(source.vault, f"app/{i % 25}/ключ")
        assert answer["value"] == f"value {i}" and answer["metadata"] == {"n": i}
    assert owner.version(source.vault, "app/0/ключ", 1)["value"] == "value 0"
    owner.get(source.vault, "app/24/ключ", 410)
    assert agent.sign_in().value(source.vault, "app/1/ключ") == "value 51"
    api.key_token(source.key)
    api.refresh(owner.refresh_token)
    report = owner.verify(limit=10000)
    assert report["chain_valid"] and report["events_checked"] > source.events
    assert owner.put(source.vault, "app/0/ключ", "new")["version"] == 4


def test_everything_is_moved(source, postgres, tmp_path):
    url = postgres.make_database()
    output = migrate(source, url)
    assert "2 audit chains" in output and "compare secret_versions 62 of 62" in output, output
    with serve(source, url, tmp_path) as server:
        check(source, server)
    assert "isn't empty" in migrate(source, url, 1)


def test_it_goes_on_where_it_was_interrupted(source, postgres, tmp_path):
    url = postgres.make_database()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(INTERRUPT)
    assert "P0001" in migrate(source, url, 1)
    cursor.execute("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM audit_events)")
    assert cursor.fetchone()[0] == 2
    server = serve(source, url, tmp_path)
    assert "migrate-store" in expect_refusal(server)

    cursor.execute("DROP EVENT TRIGGER set_trap; DROP TRIGGER trap ON audit_events")
    output = migrate(source, url)
    assert "copy users 2 of 2\ncopy" in output, output
    connection.close()
    with server:
        check(source, server)


def test_a_difference_at_the_end_is_refused(source, postgres, tmp_path):
    url = postgres.make_database()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(INTERRUPT)
    migrate(source, url, 1)
    cursor.execute("DROP EVENT TRIGGER set_trap; DROP TRIGGER trap ON audit_events")
    cursor.execute("UPDATE orgs SET created_at = created_at + 1")
    assert "table orgs differs" in migrate(source, url, 1)
    assert "migrate-store" in expect_refusal(serve(source, url, tmp_path))
    connection.close()


def test_a_chain_that_does_not_verify_is_refused(source, postgres):
    with sqlite3.connect(source.database) as database:
        assert database.execute("UPDATE audit_events SET action = 'secret.list' "
                                "WHERE sequence = 20").rowcount == 1
    database.close()
    assert "does not verify" in migrate(source, postgres.make_database(), 1)


def test_what_is_wrong_is_said(source, postgres, tmp_path):
    url = postgres.make_database()
    with source:
        assert "stop it first" in migrate(source, url, 1)
    for arguments in (["sqlite:/nowhere", url], [str(source.data), url],
                      [f"sqlite:{source.data}", "mysql://x"], [f"sqlite:{tmp_path}", url]):
        run = subprocess.run([binary(), "operator", "migrate-store", *arguments],
                             capture_output=True, timeout=60, check=False)
        assert run.returncode == 1 and run.stderr.startswith(b"oneclaw: "), run
