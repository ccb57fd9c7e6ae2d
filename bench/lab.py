"""Servers, seeded folders and single measurements, for the benchmarks."""
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
sys.path.insert(0, str(ROOT / "tests/integration"))

from harness.client import Api  # noqa: E402
from harness.server import Server  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
# As a user has it, but for the log's level (a line a request would be measured too) and the room
# for the 10,000 idle connections beside those under load.
CONFIG = {"log": {"level": "warn"}, "trusted_proxies": [], "limits": {"connections": 20000}}


class Lab:
    """One server over a folder of its own, with an owner, a vault and an agent in it."""

    def __init__(self, home, seed_tool, secrets=0, policies=10, agents=0, config=None):
        self.server = Server(home, {**CONFIG, **(config or {})})
        self.seed_tool = seed_tool
        self.secrets = secrets
        self.server.start()
        owner = Api(self.server.url).signup()
        self.owner_token = owner.token
        self.email, self.password = owner.email, owner.password
        self.vault = owner.vault()
        agent = owner.agent()
        self.agent_id, self.key = agent.id, agent.key
        self.server.stop()
        self.seed("--secrets", secrets)
        self.seed("--policies", policies, "--agent", self.agent_id)
        self.keys = self.seed("--agents", agents).split() if agents else []

    def seed(self, *arguments):
        return subprocess.run(
            [self.seed_tool, "--data", str(self.server.data), "--vault", self.vault,
             *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def start(self):
        self.server.start()
        api = Api(self.server.url)
        self.token = api.agent_token(self.key)["access_token"]
        self.tokens = [api.agent_token(key)["access_token"] for key in self.keys]
        return self

    def stop(self):
        self.server.stop()

    # What is measured. Each gives lines for requests.lua.

    def url(self, rest):
        return f"/v1/vaults/{self.vault}/{rest}"

    def health(self):
        return [("GET", "/v1/health", None, None)]

    def read(self, tokens=None):
        return [("GET", self.url("secrets/app/{n}"), token, None)
                for token in tokens or [self.token]]

    def denied(self):
        return [("GET", self.url("secrets/private/{n}"), self.token, None)]

    def write(self):
        body = json.dumps({"value": "a new value of the secret, about 48 bytes long"})
        return [("PUT", self.url("secrets/app/{n}"), self.token, body)]

    def list(self):
        """Full pages of 100, from all over the vault."""
        last = self.secrets * 8 // 10
        starts = [last * i // 97 for i in range(97)]
        cursors = [urlsafe_b64encode(f"app/{n}".encode()).decode().rstrip("=") for n in starts]
        return [("GET", self.url(f"secrets?limit=100&cursor={cursor}"), self.token, None)
                for cursor in cursors]

    def exchange(self):
        return [("POST", "/v1/auth/agent-token", None, json.dumps({"api_key": self.key}))]

    def log_in(self):
        body = json.dumps({"email": self.email, "password": self.password})
        return [("POST", "/v1/auth/token", None, body)]

    # The process.

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        """Resident bytes."""
        fields = Path(f"/proc/{self.server.process.pid}/statm").read_text().split()
        return int(fields[1]) * PAGE


def load(lab, lines, connections, seconds, size=1, expect_status=True, threads=None):
    """Runs wrk; what it saw and what it cost the server."""
    requests = lab.server.home / f"requests-{os.getpid()}-{time.monotonic_ns()}"
    requests.write_text("".join(f"{method}\t{path}\t{token or '-'}\t{body or '-'}\n"
                                for method, path, token, body in lines))
    threads = threads or min(2, connections)
    before = lab.cpu_seconds()
    output = subprocess.run(
        ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s",
         "-s", str(BENCH / "requests.lua"), lab.server.url, "--", str(requests), str(size),
         str(time.monotonic_ns() % 1000000)],
        check=True, capture_output=True, text=True).stdout
    cpu = lab.cpu_seconds() - before
    requests.unlink()
    result = json.loads(re.search(r"RESULT (.*)", output).group(1))
    bad = result["bad_status"] if expect_status else result["requests"] - result["bad_status"]
    if result["broken"] or bad or not result["requests"]:
        raise RuntimeError(f"not what was to be measured: {result}\n{output}")
    return {"rate": result["requests"] / result["micros"] * 1e6,
            "p50_us": result["p50_us"], "p99_us": result["p99_us"], "max_us": result["max_us"],
            "cpu_us": cpu / result["requests"] * 1e6, "memory": lab.memory()}


def medians(rounds):
    """The median of each number over the rounds."""
    return {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}


def in_turn(cases, rounds):
    """Runs the cases one after the other, `rounds` times over: {name: medians}."""
    seen = {name: [] for name in cases}
    for number in range(rounds):
        for name, case in cases.items():
            seen[name].append(case())
            print(f"  round {number + 1}/{rounds} {name}: {seen[name][-1]['rate']:.0f}/s",
                  file=sys.stderr)
    return {name: medians(runs) for name, runs in seen.items()}


def first_answer_seconds(server):
    """From the start of the process to its first answer; the server is stopped again."""
    started = time.monotonic()
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: bench\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    taken = time.monotonic() - started
    server.stop()
    return taken


class IdleConnections:
    """Connections that have had one answer each and then stay open."""

    def __init__(self, lab, count):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
        self.sockets = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", lab.server.port))
            connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: bench\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            self.sockets.append(connection)

    def all_alive(self):
        """Each still answers."""
        for connection in self.sockets:
            connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: bench\r\n\r\n")
        return all(connection.recv(4096).startswith(b"HTTP/1.1 200") for connection in self.sockets)

    def close(self):
        for connection in self.sockets:
            connection.close()
