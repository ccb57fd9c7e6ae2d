"""Starts the real binary and watches over it."""
import json
import os
import re
import selectors
import signal
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
ISSUER = "https://oneclaw.local"
START_SECONDS = 60
STOP_SECONDS = 45


def binary():
    return os.environ.get("ONECLAW_BIN") or str(REPOSITORY / "build/release/oneclaw")


def base_config():
    """Cheap passwords, and a loopback proxy so that a test can choose its client's address."""
    return {
        "log": {"format": "json", "level": "info"},
        "issuer": ISSUER,
        "password": {"memory_mib": 19, "passes": 2, "threads": 2, "queue": 64},
        "trusted_proxies": ["127.0.0.1/32"],
        "login": {"free_failures_per_account": 5, "free_failures_per_address": 100000},
    }


def merged(base, extra):
    result = dict(base)
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


class StartFailure(Exception):
    def __init__(self, code, output):
        super().__init__(f"the server ended with {code} before it listened:\n{output}")
        self.code = code
        self.output = output


class Server:
    """One server over one folder; start() and stop() may alternate."""

    postgres = None  # the cluster in which each server has a database, when the tests run on one

    def __init__(self, home, config=None, arguments=None, environment=None, database_url=None):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.data = self.home / "data"
        self.log_file = self.home / "server.log"
        self.config_file = self.home / "config.json"
        self.config = merged(base_config(), config or {})
        self.arguments = arguments
        self.environment = environment or {}
        self.database_url = database_url
        if database_url is None and Server.postgres is not None:
            self.database_url = Server.postgres.make_database()
        self.process = None
        self.url = None

    @property
    def database(self):
        return self.data / "oneclaw.db"

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def command(self):
        arguments = self.arguments
        if arguments is None:
            arguments = ["--data", str(self.data), "--listen", "127.0.0.1:0",
                         "--config", str(self.config_file)]
        return [binary(), "server", *arguments]

    def start(self):
        self.config_file.write_text(json.dumps(self.config))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ONECLAW_")}
        if self.database_url:
            environment["ONECLAW_DATABASE"] = self.database_url
        environment.update(self.environment)
        with open(self.log_file, "ab") as log:
            # A umask of 0 proves that the modes of the files are the server's own doing.
            self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=log,
                                            cwd=self.home, env=environment, umask=0)
        line = self._first_line()
        match = re.fullmatch(r"oneclaw is listening on (https?://\S+:\d+)", line)
        if not match:
            self.process.kill()
            code = self.process.wait()
            self.process.stdout.close()
            raise StartFailure(code, line + "\n" + self.log_text())
        self.url = match.group(1)
        return self

    def _first_line(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(START_SECONDS):
                return "(nothing was printed in time)"
        line = self.process.stdout.readline().decode().rstrip("\n")
        if not line:
            self.process.wait(START_SECONDS)
        return line

    def wait(self):
        code = self.process.wait(STOP_SECONDS)
        self.process.stdout.close()
        self.process = None
        return code

    def stop(self, number=signal.SIGTERM):
        """Ends the server, which must say that all is well."""
        if self.process is None:
            return
        self.process.send_signal(number)
        code = self.wait()
        assert code == 0, f"the server ended with {code}:\n{self.log_text()[-4000:]}"

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.wait()

    def restart(self):
        self.stop()
        return self.start()

    def log_text(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()


def expect_refusal(server):
    """Starts a server that must not start; what it said, and that its exit code is not 0."""
    try:
        server.start()
    except StartFailure as failure:
        assert failure.code > 0, f"ended by a signal: {failure.code}\n{failure.output}"
        return failure.output
    server.kill()
    raise AssertionError("the server started")
