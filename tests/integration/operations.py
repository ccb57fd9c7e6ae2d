#!/usr/bin/env python3
"""Which operation of openapi.yaml the integration tests have had which answers of.

    mkdir /tmp/seen && ONECLAW_RECORD_OPERATIONS=/tmp/seen pytest tests/integration
    tests/integration/operations.py /tmp/seen

Lists each operation with its statuses and the tests, and ends with 1 when one lacks an answer of a
kind that it can give: success, a refusal (401, 403), bad input (400, 413; where it has a body or a
parameter besides ids) and somebody else's id (404, 403; where it has an id).
"""
import collections
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import contract  # noqa: E402


# Seen elsewhere: raw HTTP in docs_test.py, the official client in mcp_test.py, and a page that takes
# anything for its query.
ELSEWHERE = {"/docs/{file}", "/mcp", "/v1/approvals/decided"}


def kinds(method, template, operation):
    """The kinds of answers to look for, by name: the statuses that are of the kind."""
    if template in ELSEWHERE:
        return {}
    listed = {int(status) for status in operation["responses"]}
    parameters = [contract.resolve(p) for p in operation.get("parameters", [])]
    wanted = {"success": {s for s in listed if s < 400} or {501}}
    if operation.get("security") != [] and template.startswith("/v1/"):
        wanted["refusal"] = {401, 403}
    if "requestBody" in operation or any(p["in"] == "query" for p in parameters):
        if 400 in listed and "pages" not in operation["tags"]:
            wanted["bad input"] = {400, 413}
    if "{" in template and 404 in listed:
        wanted["other org"] = {404, 403}
    return wanted


def main():
    seen = collections.defaultdict(lambda: collections.defaultdict(set))
    for file in Path(sys.argv[1]).iterdir():
        for line in file.read_text().splitlines():
            method, template, status, *test = line.split(" ")
            seen[method, template][int(status)].update(test)
    holes = 0
    for method, template, operation in sorted(contract.operations(), key=lambda o: (o[1], o[0])):
        answers = seen[method, template]
        missing = [name for name, statuses in kinds(method, template, operation).items()
                   if not statuses & set(answers)]
        tests = sorted({test for names in answers.values() for test in names if test})
        print(f"{method} {template}: {' '.join(map(str, sorted(answers)))} "
              f"({', '.join(tests[:4])}){' LACKS ' + ', '.join(missing) if missing else ''}")
        holes += bool(missing)
    print(f"{holes} operations lack something")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
