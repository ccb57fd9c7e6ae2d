#!/usr/bin/env python3
"""Property-based requests from openapi.yaml (schemathesis) against the real binary.

    tests/fuzz/api_fuzz.py [--requests 20000] [--seed N]

Fails on a 5xx, on an answer that its operation doesn't list or whose body or headers don't fit the
description, and when the server ends otherwise than by being asked to. Rounds follow each other
until there were as many requests; in every other round ids in paths are of things that exist, and
in every third round the requests are an agent's.
SCHEMATHESIS_PATH names the folder that schemathesis is installed in (see ./test).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness.client import Api  # noqa: E402
from harness.server import REPOSITORY, Server  # noqa: E402

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_headers_conformance,response_schema_conformance")
# Answers 501 by its nature, or ends the account or the token that the run is signed in with.
LEFT_OUT = ["subscribe", "openBillingPortal", "topUpCredits", "logOut", "deleteMe", "deleteAccount",
            "changePassword", "setPassword", "resetPassword", "deleteVault", "deleteAgent",
            "deactivateMfa", "disableMfa", "verifyMfaSetup"]
PATH = "fuzz/a"


def make_things(owner, agent):
    """Ids of things that exist, by parameter."""
    vault = owner.vault()
    secret = owner.put(vault, PATH, "v")
    owner.put(vault, PATH, "w")
    policy = owner.policy(vault, agent)
    asking = owner.policy(vault, agent, "asks/**", consensus_trigger={
        "conditions": [{"type": "always"}], "approval": {"min_approvals": 1}})
    pending = agent.request("POST", "/v1/pending-approvals", 202, json={
        "policy_id": asking["id"], "action": "secret.read", "action_payload": {"path": "asks/a"}})
    owner.request("POST", f"/v1/vaults/{vault}/env-vars", 201, json={"key": "A", "value": "v"})
    return {"path.vault_id": vault, "path.agent_id": agent.id, "path.secret_id": secret["id"],
            "path.policy_id": policy["id"],
            "path.approval_id": pending["pending_approval_id"], "path.path": PATH, "path.version": 1}


def run_round(server, caller, folder, seed, examples, parameters):
    """True when nothing was found."""
    config = folder / "schemathesis.toml"
    lines = ["[parameters]"] + [f'"{name}" = {json.dumps(value)}'
                                for name, value in parameters.items()]
    config.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
               "--config-file", str(config), "run", server.url + "/openapi.json",
               "-H", f"Authorization: Bearer {caller.token}", "--checks", CHECKS,
               "--seed", str(seed), "--max-examples", str(examples), "--phases",
               "examples,coverage,fuzzing", "--workers", "1", "--continue-on-failure",
               "--suppress-health-check", "all", "--warnings", "off", "--no-color"]
    for name in LEFT_OUT:
        command += ["--exclude-operation-id", name]
    environment = dict(os.environ, NO_PROXY="*")
    folder_of_it = os.environ.get("SCHEMATHESIS_PATH")
    if folder_of_it:
        environment["PYTHONPATH"] = folder_of_it
    run = subprocess.run(command, env=environment, cwd=folder, check=False, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print("\n".join(line[:300] for line in run.stdout.splitlines()))
    # "Runtime Error" is the fuzzer's own: it made up a request that its HTTP library can't send.
    own_error = "Runtime Error" in run.stdout
    return run.returncode == 0 or (own_error and "= FAILURES =" not in run.stdout
                                   and "Network Error" not in run.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=30, help="of each operation in a round")
    arguments = parser.parse_args()
    config = {"login": {"free_failures_per_account": 1000, "free_failures_per_address": 100_000},
              "tokens": {"user_seconds": 86_400}}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        server = Server(folder / "server", config)
        with server:
            seed, count, failed = arguments.seed, 0, False
            while count < arguments.requests and not failed:
                owner = Api(server.url).signup()
                agent = owner.agent()
                parameters = make_things(owner, agent) if seed % 2 else {}
                caller = owner if seed % 3 else agent.sign_in()
                failed = not run_round(server, caller, folder, seed, arguments.examples,
                                       parameters)
                count = server.log_text().count('"message":"request"')
                print(f"seed {seed}: {count} requests so far", flush=True)
                seed += 1
            errors = [line for line in server.log_text().splitlines() if '"error"' in line]
            if errors:
                print("\n".join(errors[:20]))
                failed = True
    print(f"{count} requests, {'failed' if failed else 'no failure'}: seeds "
          f"{arguments.seed} to {seed - 1} of {REPOSITORY.name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
