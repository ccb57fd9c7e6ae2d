"""The operator's commands, run as an operator runs them."""
import json
import os
import subprocess

from harness.server import binary


class Operator:
    def __init__(self, server):
        self.server = server

    def run(self, *arguments, stdin="", code=0, data=None, environment=None):
        """What the command printed; `code`: the exit code it must have."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ONECLAW_")}
        clean.update(environment or self.server.environment)
        run = subprocess.run(
            [binary(), "operator", "--data", str(data or self.server.data), *map(str, arguments)],
            input=stdin.encode(), capture_output=True, timeout=120, check=False, env=clean)
        self.errors = run.stderr.decode()
        assert run.returncode == code, (run.returncode, run.stdout[-2000:], self.errors)
        return run.stdout

    def text(self, *arguments, **more):
        return self.run(*arguments, **more).decode()

    def status(self):
        code = 0
        try:
            return json.loads(self.text("status", "--json"))
        except AssertionError as error:
            code = error.args[0][0]
            if code != 2:
                raise
        return json.loads(self.text("status", "--json", code=2))

    def shares(self, shares, threshold, command="init", stdin=""):
        lines = self.text(command, "--shares", shares, "--threshold", threshold,
                          stdin=stdin).split()
        assert len(lines) == shares and all(line.startswith("ocs_") for line in lines)
        return lines

    def unseal(self, *inputs):
        return self.text("unseal", stdin="\n".join(inputs) + "\n")
