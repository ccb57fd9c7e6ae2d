#!/usr/bin/env python3
"""Writes docs/api-coverage.md: each operation of the wire reference, served or not, and why not.

    openapi/coverage.py [--binary build/release/oneclaw] [--print] [REFERENCE]

REFERENCE is the reference's OpenAPI document; ../shared/wire/reference.json by default.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
METHODS = ("get", "post", "put", "patch", "delete")

# Why an operation is not served, by its path; the first that fits.
REASONS = [
    (r"/v1/billing/(llm-token-billing|webhooks)|/v1/fiat/", "needs a payment provider"),
    (r"/v1/(treasury|wallets?|org/bankr-config|agents/\{\}/smart-accounts)",
     "blockchain wallets are out of scope"),
    (r"passkeys/tx-assert", "blockchain transactions are out of scope"),
    (r"passkeys", "passkeys (WebAuthn) are not built yet"),
    (r"/v1/auth/devices", "mobile device attestation is out of scope"),
    (r"/v1/auth/(social-login|email-otp|federated-token)", "sign-in is by password, Google, key or device code"),
    (r"/delegations", "one agent doesn't act for another"),
    (r"openid-configuration", "no OpenID provider: the keys are at /.well-known/jwks.json"),
    (r"rotate-identity-keys", "not yet: a new agent has new keys"),
    (r"/mpc$", "multi-party custody is out of scope"),
    (r"/v1/(risk|platform)|/discovery$|/card$|/directory$", "part of the hosted service"),
    (r"policy-backend|policy-shadow", "there is one policy engine"),
]


def bare(path):
    return re.sub(r"\{[^}]*\}", "{}", path)


def served(binary):
    """The routes: their patterns by method and bare path."""
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run([binary, "server", "--data", folder + "/data", "--listen",
                              "127.0.0.1:0", "--print-routes"],
                             check=True, capture_output=True, text=True).stdout
    return {(method, bare(pattern)): pattern.replace("{*", "{") for method, pattern, _ in
            (line.split(" ") for line in out.splitlines())}


def reason(path):
    for pattern, why in REASONS:
        if re.search(pattern, bare(path)):
            return why
    return "not yet"


def table(reference, routes):
    rows, wanted = [], set()
    for path, item in reference["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            wanted.add((method.upper(), bare(path)))
            there = (method.upper(), bare(path)) in routes
            rows.append((method.upper(), path, there, "" if there else reason(path)))
    count = sum(there for _, _, there, _ in rows)
    lines = ["# API coverage", "",
             "Made by `openapi/coverage.py` from the server's routes and the wire reference; do "
             "not edit it by hand.", "",
             f"{count} of the reference's {len(rows)} operations are served.", "",
             "| method | path | served | why not |", "|---|---|---|---|"]
    for method, path, there, why in sorted(rows, key=lambda row: (row[1], row[0])):
        lines.append(f"| {method} | `{path}` | {'served' if there else 'no'} |{' ' + why if why else ''} |")
    own = sorted(((route[0], pattern) for route, pattern in routes.items() if route not in wanted),
                 key=lambda route: (route[1], route[0]))
    lines += ["", "## Operations of our own", "", "| method | path |", "|---|---|"]
    lines += [f"| {method} | `{path}` |" for method, path in own]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference", nargs="?", default=ROOT / "../shared/wire/reference.json")
    parser.add_argument("--binary", default=ROOT / "build/release/oneclaw")
    parser.add_argument("--print", action="store_true", help="print it instead")
    arguments = parser.parse_args()
    text = table(json.loads(Path(arguments.reference).read_text()), served(str(arguments.binary)))
    if arguments.print:
        sys.stdout.write(text)
    else:
        (ROOT / "docs/api-coverage.md").write_text(text)


if __name__ == "__main__":
    main()
