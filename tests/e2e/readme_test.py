"""The README's tour runs as it is written."""
import re
import socket
import subprocess

import pytest

from harness.server import REPOSITORY, Server

README = REPOSITORY / "README.md"


def tour():
    text = README.read_text()
    match = re.search(r"<!-- tour:start -->(.*)<!-- tour:end -->", text, re.S)
    assert match, "README.md has no tour between its markers"
    blocks = re.findall(r"^```sh\n(.*?)^```$", match.group(1), re.S | re.M)
    assert len(blocks) == 5, "sign up, vault, secret, agent and policy, agent reads"
    return "\n".join(blocks)


@pytest.fixture
def readme_server(tmp_path):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8118))
        except OSError:
            pytest.fail("port 8118 is taken: stop the server there, the README's tour needs it")
    server = Server(tmp_path / "server")
    # As ./run starts it: on the default address.
    server.arguments = ["--data", str(server.data)]
    with server:
        assert server.url == "http://127.0.0.1:8118"
        yield server


def test_the_readme_opens_with_run_and_test():
    text = README.read_text()
    assert text.index("./run") < text.index("./test") < text.index("<!-- tour:start -->")


def test_the_tour(readme_server, tmp_path):
    script = tour()
    value = re.search(r'"value"\s*:\s*"([^"]+)"', script)
    assert value, "the tour stores no value"
    folder = tmp_path / "tour"
    folder.mkdir()
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, timeout=60,
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    last = run.stdout.rstrip().splitlines()[-1]
    assert value.group(1) in last, run.stdout
