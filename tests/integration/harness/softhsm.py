"""A SoftHSM2 token in a folder: a real PKCS #11 module with real keys."""
import os
import shutil
import subprocess
from pathlib import Path

from harness.server import binary

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "493817"
SUPPRESSIONS = Path(__file__).resolve().parents[2] / "lsan.supp"


class SoftHsm:
    module = MODULE

    def __init__(self, folder):
        self.folder = Path(folder)
        self.tokens = self.folder / "tokens"
        self.tokens.mkdir(parents=True)
        self.config = self.folder / "softhsm2.conf"
        self.config.write_text(f"directories.tokendir = {self.tokens}\n"
                               "objectstore.backend = file\nlog.level = ERROR\n")
        self.pin_file = self.folder / "pin"
        self.pin_file.write_text(PIN + "\n")
        self.pin_file.chmod(0o600)
        # A sanitized server must not be blamed for SoftHSM2's leaks: whole stacks tell them apart.
        self.environment = {"SOFTHSM2_CONF": str(self.config),
                            "ASAN_OPTIONS": "fast_unwind_on_malloc=0",
                            "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0"}
        self.init_token()

    def init_token(self):
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "oneclaw",
                        "--so-pin", "8842", "--pin", PIN], check=True, capture_output=True,
                       env={**os.environ, **self.environment})

    def uri(self, pin=True):
        source = f"&pin-source=file:{self.pin_file}" if pin else ""
        return f"pkcs11:token=oneclaw;object=test-root?module-path={self.module}{source}"

    def pull_out(self):
        self.tokens.rename(self.folder / "pulled")
        self.tokens.mkdir()

    def put_back(self):
        shutil.rmtree(self.tokens)
        (self.folder / "pulled").rename(self.tokens)


class HangingSoftHsm(SoftHsm):
    """A token whose calls do not return while it hangs."""

    def __init__(self, folder):
        super().__init__(folder)
        self.module = Path(binary()).resolve().parent / "tests" / "libhanging_pkcs11.so"
        self.mark = self.folder / "hang"
        self.environment["ONECLAW_TEST_HANG"] = str(self.mark)

    def hang(self):
        self.mark.touch()

    def go_on(self):
        self.mark.unlink()
