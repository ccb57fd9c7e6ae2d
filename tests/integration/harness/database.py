"""The SQLite file of a stopped server, for doing to it what no client can."""
import contextlib
import sqlite3
import uuid


@contextlib.contextmanager
def opened(server):
    """A connection whose changes are committed at the end."""
    assert server.process is None, "stop the server first"
    connection = sqlite3.connect(server.database)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def blob(identity):
    """An id as the database has it."""
    return uuid.UUID(identity).bytes
