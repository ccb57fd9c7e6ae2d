"""A PostgreSQL cluster of our own, in a temporary folder: Debian's programs, no service of root's."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg2

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"


def _user():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Postgres:
    """One cluster on a port of loopback; a database for each server that wants one."""

    def __init__(self, settings=(("fsync", "off"),)):
        self.home = Path(tempfile.mkdtemp(prefix="oneclaw-postgres-"))
        self.data = self.home / "data"
        self.log_file = self.home / "log"
        self.port = None
        self.process = None
        self.settings = list(settings)
        if os.geteuid() == 0:
            shutil.chown(self.home, USER)
        password = self.home / "password"
        password.write_text("test-password")
        if os.geteuid() == 0:
            shutil.chown(password, USER)
        self._run("initdb", "-D", self.data, "-U", "oneclaw", "-E", "UTF8", "--locale=C.UTF-8",
                  "-A", "scram-sha-256", f"--pwfile={password}", "-N")

    def _run(self, program, *arguments):
        subprocess.run([PROGRAMS / program, *map(str, arguments)], check=True, cwd=self.home,
                       stdout=subprocess.DEVNULL, timeout=120, **_user())

    def start(self):
        if self.port is None:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "max_connections": 300,
                   "unix_socket_directories": "", "shared_buffers": "64MB",
                   "dynamic_shared_memory_type": "posix", "logging_collector": "off"}
        command = [str(PROGRAMS / "postgres"), "-D", str(self.data)]
        for name, value in [*options.items(), *self.settings]:
            command += ["-c", f"{name}={value}"]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.home,
                                            start_new_session=True, **_user())
        for _ in range(600):
            try:
                psycopg2.connect(self.url("postgres"), connect_timeout=5).close()
                return self
            except psycopg2.OperationalError:
                assert self.process.poll() is None, self.log_file.read_text()[-2000:]
                time.sleep(0.1)
        raise AssertionError("PostgreSQL did not start:\n" + self.log_file.read_text()[-2000:])

    def make_replica(self):
        """A streaming replica (a hot standby) of all our databases, not yet started."""
        replica = Postgres.__new__(Postgres)
        replica.home = Path(tempfile.mkdtemp(prefix="oneclaw-postgres-"))
        replica.data = replica.home / "data"
        replica.log_file = replica.home / "log"
        replica.port = None
        replica.process = None
        replica.settings = list(self.settings)
        if os.geteuid() == 0:
            shutil.chown(replica.home, USER)
        # -R writes standby.signal and where to stream from.
        replica._run("pg_basebackup", "-d", self.url("postgres"), "-D", replica.data, "-R", "-X",
                     "stream", "-c", "fast")
        return replica

    def stop(self, number=signal.SIGINT):
        """SIGINT: a fast shutdown. SIGQUIT: at once, to be recovered from the log at the start."""
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.wait(60)
        self.process = None

    def kill(self):
        """kill -9 of all of it, as a power cut would."""
        self.signal_all(signal.SIGKILL)
        self.process.wait(60)
        self.process = None

    def signal_all(self, number):
        """To the postmaster and each of its children, which are in process groups of their own."""
        parent = self.process.pid
        os.kill(parent, number)
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and int(
                        (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                    os.kill(int(folder.name), number)
            except (OSError, IndexError):
                pass

    def close(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database):
        return f"postgresql://oneclaw:test-password@127.0.0.1:{self.port}/{database}"

    def make_database(self):
        """The URL of a new, empty database."""
        name = "t_" + uuid.uuid4().hex
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            connection.cursor().execute(f'CREATE DATABASE "{name}"')
        finally:
            connection.close()
        return self.url(name)

    def files_of(self, url):
        """Where the rows of one database lie, its newest log segments, and what was logged."""
        connection = psycopg2.connect(url)
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        (oid,) = cursor.fetchone()
        connection.close()
        segments = [path for path in (self.data / "pg_wal").iterdir() if path.is_file()]
        segments.sort(key=lambda path: path.stat().st_mtime)
        folder = self.data / "base" / str(oid)
        return [*folder.iterdir(), *segments[-2:], self.log_file]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()
