"""Runs the real binary as a client, with a home of its own."""
import json
import os
import pty
import select
import subprocess
import termios
import time

from harness.server import binary

SECONDS = 60


def clean_environment(home, url):
    """Nothing of the tester's own settings or credentials gets through."""
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith("ONECLAW_") and not k.lower().endswith("_proxy")}
    environment.update(HOME=str(home), XDG_CONFIG_HOME=str(home / "config"), ONECLAW_BASE_URL=url,
                       TERM="xterm")
    return environment


class Cli:
    def __init__(self, home, url, **environment):
        self.home = home
        self.url = url
        self.environment = {**clean_environment(home, url), **environment}

    @property
    def config(self):
        return self.home / "config" / "oneclaw"

    @property
    def credentials(self):
        return self.config / "credentials.json"

    def with_variables(self, **environment):
        other = Cli(self.home, self.url)
        other.environment = {**self.environment, **environment}
        return other

    def run(self, *arguments, code=0, stdin=b"", cwd=None):
        """Runs without a terminal; fails unless it ends with `code`."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([binary(), *map(str, arguments)], input=stdin, capture_output=True,
                              env=self.environment, cwd=cwd or self.home, timeout=SECONDS,
                              start_new_session=True)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        assert b"terminate called" not in done.stderr
        return done

    def out(self, *arguments, **more):
        return self.run(*arguments, **more).stdout.decode()

    def err(self, *arguments, **more):
        return self.run(*arguments, **more).stderr.decode()

    def json(self, *arguments, **more):
        return json.loads(self.out(*arguments, "--json", **more))

    def popen(self, *arguments, **more):
        return subprocess.Popen([binary(), *map(str, arguments)], env=self.environment,
                                cwd=self.home, **more)

    def terminal(self, *arguments):
        return Terminal([binary(), *map(str, arguments)], self.environment, self.home)


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, command, environment, cwd):
        self.output = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(command[0], command, environment)

    def read_until(self, text, seconds=SECONDS):
        """Waits for `text` in what has been shown since the last wait."""
        wanted = text.encode()
        end = time.monotonic() + seconds
        seen = b""
        while wanted not in seen:
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"waited for {text!r}, got {seen!r}")
            try:
                block = os.read(self.master, 4096)
            except OSError:
                block = b""
            if not block:
                raise AssertionError(f"ended before {text!r}, got {seen!r}")
            seen += block
            self.output += block
        return seen.decode()

    def send(self, text):
        left = text.encode()
        while left:
            left = left[os.write(self.master, left):]

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def wait_for_echo(self, wanted, seconds=SECONDS):
        end = time.monotonic() + seconds
        while self.echoes() != wanted:
            assert time.monotonic() < end, f"the terminal's echo isn't {wanted}"
            time.sleep(0.01)

    def finish(self, code=0):
        """Reads to the end; gives all that was shown."""
        while True:
            try:
                block = os.read(self.master, 4096)
            except OSError:
                break
            if not block:
                break
            self.output += block
        _, status = os.waitpid(self.pid, 0)
        os.close(self.master)
        assert os.waitstatus_to_exitcode(status) == code, self.output
        return self.output.decode()
