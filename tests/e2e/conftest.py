import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))
pytest.register_assert_rewrite("harness.client", "harness.contract", "harness.server")

from harness.server import Server  # noqa: E402


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "server") as server:
        yield server
