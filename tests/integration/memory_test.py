"""A memory scan of the idle server finds no secret that it handled."""
import re
import resource
import uuid
from pathlib import Path

import pytest

from harness.client import Api
from harness.operator import Operator
from harness.server import binary


def memory_of(pid):
    """Every readable mapping: (what, bytes)."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+ *(.*)", line)
            if not match or match[3] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = int(match[1], 16), int(match[2], 16)
            try:
                memory.seek(start)
                yield match[3] or "anonymous", memory.read(end - start)
            except OSError:
                continue  # a guard page


def found_in(pid, canaries):
    found = []
    for what, content in memory_of(pid):
        for name, canary in canaries.items():
            at = content.find(canary)
            if at >= 0:
                found.append((name, what, content[max(0, at - 32):at + 16]))
    return found


def sanitized():
    """A sanitizer keeps freed blocks, and maps more shadow than can be read: no build to ship."""
    return b"__asan_init" in Path(binary()).read_bytes()


def readable(pid):
    try:
        next(memory_of(pid))
    except PermissionError:
        return False
    return True


def test_no_canary_in_the_idle_server(new_server):
    with new_server({"keyring": "shamir:", "log": {"level": "debug"}}) as server:
        if sanitized():
            pytest.skip("a sanitizer's memory is its own")
        if not readable(server.process.pid):
            pytest.skip("this user can't read the server's memory: that is what it is to be")
        operator = Operator(server)
        shares = operator.shares(3, 2)
        operator.unseal(*shares[:2])
        api = Api(server.url)
        canaries = {f"share {i}": share.encode()[4:] for i, share in enumerate(shares)}

        def canary(name):
            text = f"canary-{name}-{uuid.uuid4().hex}"
            canaries[name] = text.encode()
            return text

        owner = api.signup(password=canary("password"))
        canaries["access token"] = owner.token.rsplit(".", 1)[1].encode()
        canaries["refresh token"] = owner.refresh_token.encode()
        vault = owner.vault()
        for i in range(5):
            owner.put(vault, f"p/{i}", canary(f"value-{i}"))
            owner.value(vault, f"p/{i}")
        owner.put(vault, "big", canary("big") * 3000)
        owner.get(vault, "big")
        owner.request("PUT", f"/v1/vaults/{vault}/secrets/x", 400,
                      json={"value": canary("refused"), "type": "no such type"})
        agent = owner.agent()
        canaries["agent key"] = agent.key.encode()
        agent.sign_in()
        canaries["agent token"] = agent.token.rsplit(".", 1)[1].encode()
        key = owner.api_key()["api_key"]
        canaries["personal key"] = key.encode()
        api.key_token(key)
        api.login(owner.email, canary("wrong-password"), 401)
        operator.run("rotate-vault", vault, "--watch")

        # The scan itself finds what is there.
        assert found_in(server.process.pid, {"the vault's id": b"operator.sock"})
        found = found_in(server.process.pid, canaries)
        assert not found, found


def test_a_sealed_server_has_no_keys(new_server):
    """The root key, in clear in the file of a plain keyring, isn't in the memory once sealed."""
    import base64
    import json
    with new_server() as server:
        if sanitized():
            pytest.skip("a sanitizer's memory is its own")
        if not readable(server.process.pid):
            pytest.skip("this user can't read the server's memory: that is what it is to be")
        text = json.loads((server.data / "keyring.json").read_text())["keys"][0]["key"]
        raw = base64.urlsafe_b64decode(text + "=")
        owner = Api(server.url).signup()
        owner.put(owner.vault(), "a", "v")
        assert found_in(server.process.pid, {"root key": raw}), "unsealed, it must be there"
        assert not found_in(server.process.pid, {"root key's text": text.encode()})
        Operator(server).run("seal")
        assert not found_in(server.process.pid, {"root key": raw, "its text": text.encode()})


def test_core_dumps_are_off_and_locking_is_told(new_server):
    with new_server() as server:
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_CORE)
        assert limits == (0, 0)
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_MEMLOCK)
        assert soft == hard
        log = server.log_text()
        assert "memory is locked" in log or "locked in memory" in log or "can be locked" in log
