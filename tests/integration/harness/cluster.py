"""Nodes over one PostgreSQL database, behind HAProxy."""
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness.server import Server

HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"

CONFIG = """\
global
    log stdout format raw local0 warning
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    retries 2
    option redispatch
    # Only what has not reached a node is sent again: a write must not run twice.
    retry-on conn-failure
frontend api
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance roundrobin
    option httpchk GET /v1/health
    http-check expect status 200
    default-server check inter 200ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Cluster:
    """`count` nodes with one keyring; those that are stopped come back on their own port.
    `url_of(number, url)`: how a node reaches the database, when not by the URL itself."""

    def __init__(self, home, postgres, count, config=None, proxied=True, url_of=None):
        self.home = Path(home)
        # Without PostgreSQL: one server on SQLite.
        self.url = postgres.make_database() if postgres else ""
        self.nodes = []
        self.proxy = None
        self.proxy_url = None
        for number in range(count):
            url = url_of(number, self.url) if url_of else self.url
            node = Server(self.home / f"node-{number}", config, database_url=url)
            port = free_port()
            node.arguments = ["--data", str(node.data), "--listen", f"127.0.0.1:{port}",
                              "--config", str(node.config_file)]
            if number > 0:
                node.data.mkdir(mode=0o700)
                copy = node.data / "keyring.json"
                copy.write_bytes((self.nodes[0].data / "keyring.json").read_bytes())
                copy.chmod(0o600)
            node.start()
            self.nodes.append(node)
        if proxied:
            self._start_proxy()

    def _start_proxy(self):
        port = free_port()
        servers = "\n".join(f"    server node{i} 127.0.0.1:{node.port}"
                            for i, node in enumerate(self.nodes))
        file = self.home / "haproxy.cfg"
        file.write_text(CONFIG.format(port=port, servers=servers))
        with open(self.home / "haproxy.log", "ab") as log:
            self.proxy = subprocess.Popen([HAPROXY, "-f", str(file), "-db"], stdout=log,
                                          stderr=log)
        self.proxy_url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                assert self.proxy.poll() is None, (self.home / "haproxy.log").read_text()
                time.sleep(0.05)
        raise AssertionError("HAProxy did not start")

    def pause(self, number):
        self.nodes[number].process.send_signal(signal.SIGSTOP)

    def go_on(self, number):
        self.nodes[number].process.send_signal(signal.SIGCONT)

    def close(self):
        if self.proxy is not None:
            self.proxy.kill()
            self.proxy.wait()
        for node in self.nodes:
            node.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
