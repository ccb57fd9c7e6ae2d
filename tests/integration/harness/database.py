"""A server's database, for doing to it what no client can while the server is stopped."""
import contextlib
import re
import sqlite3
import uuid

import psycopg2


class _Postgres:
    """A PostgreSQL connection that takes SQLite's words for it."""

    def __init__(self, url):
        self._connection = psycopg2.connect(url)

    def execute(self, sql, parameters=()):
        cursor = self._connection.cursor()
        if sql == "PRAGMA foreign_keys = OFF":
            sql = "SET session_replication_role = replica"
        sql = re.sub(r"zeroblob\((\d+)\)", r"decode(repeat('00', \1), 'hex')", sql)
        cursor.execute(sql.replace("%", "%%").replace("?", "%s"), tuple(parameters))
        return _Rows(cursor)

    def __enter__(self):
        return self._connection.__enter__()

    def __exit__(self, *error):
        return self._connection.__exit__(*error)

    def close(self):
        self._connection.close()


class _Rows:
    def __init__(self, cursor):
        self._cursor = cursor
        self.rowcount = cursor.rowcount

    @staticmethod
    def _plain(row):
        if row is None:
            return None
        return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)

    def fetchone(self):
        return self._plain(self._cursor.fetchone())

    def fetchall(self):
        return [self._plain(row) for row in self._cursor.fetchall()]

    def __iter__(self):
        return iter(self.fetchall())


@contextlib.contextmanager
def opened(server, to_read=False):
    """A connection whose changes are committed at the end. One to read may be to a running
    server's."""
    assert to_read or server.process is None, "stop the server first"
    if server.database_url:
        connection = _Postgres(server.database_url)
    else:
        connection = sqlite3.connect(server.database)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def blob(identity):
    """An id as the database has it."""
    return uuid.UUID(identity).bytes
