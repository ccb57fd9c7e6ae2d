"""Holds answers to openapi/openapi.yaml."""
import functools
import os
import re
from datetime import datetime

import jsonschema
import yaml

from harness.server import REPOSITORY

DOCUMENT = REPOSITORY / "openapi" / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

_formats = jsonschema.FormatChecker(formats=("uuid",))


@_formats.checks("date-time")
def is_date_time(text):
    if not isinstance(text, str):
        return True
    if not _RFC3339.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=None)
def document():
    """The parsed document; None while there is none (contract_test fails then)."""
    if not DOCUMENT.exists():
        return None
    return yaml.safe_load(DOCUMENT.read_text())


@functools.lru_cache(maxsize=None)
def _templates():
    """(regex, template), those with the fewest parameters first."""
    result = []
    for template in document()["paths"]:
        pattern = ""
        for part in re.split(r"(\{[^}]+\})", template):
            if part.startswith("{"):
                # A secret's path has slashes in it.
                pattern += ".+" if part.strip("{*}") == "path" else "[^/]+"
            else:
                pattern += re.escape(part)
        result.append((re.compile(pattern), template))
    return sorted(result, key=lambda item: (item[1].count("{"), -len(item[1])))


def template_of(path):
    for pattern, template in _templates():
        if pattern.fullmatch(path):
            return template
    return None


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        target = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operations():
    """Every (METHOD, template, operation) of the document."""
    for template, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), template, item[method]


@functools.lru_cache(maxsize=None)
def _validator(method, template, status, media_type):
    """A validator of the body, or why there is none."""
    operation = document()["paths"][template].get(method.lower())
    if operation is None:
        return f"{method} {template} isn't in openapi.yaml"
    responses = operation["responses"]
    response = responses.get(str(status), responses.get(status))
    if response is None and status >= 400:
        response = responses.get(f"{status // 100}XX", responses.get("default"))
    if response is None:
        return f"{method} {template} doesn't list {status}"
    content = resolve(response).get("content", {})
    if media_type is None:
        return f"{method} {template} {status} lists a body" if content else None
    if media_type not in content:
        return f"{method} {template} {status} doesn't list {media_type}"
    return jsonschema.Draft202012Validator(
        content[media_type]["schema"],
        resolver=jsonschema.RefResolver.from_schema(document()),
        format_checker=_formats)


def record(method, template, status):
    """Notes an answer for operations.py, in a file of this process's."""
    folder = os.environ.get("ONECLAW_RECORD_OPERATIONS")
    if folder:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").split("::")[0].rsplit("/", 1)[-1]
        with open(os.path.join(folder, str(os.getpid())), "a", encoding="utf-8") as out:
            out.write(f"{method} {template} {status} {test}\n")


def check(method, path, status, media_type, body):
    """Fails unless openapi.yaml lists this answer, and its body fits the schema there."""
    if document() is None:
        return
    template = template_of(path)
    if template is None:
        assert status in (400, 404, 405), f"{path} isn't in openapi.yaml but gave {status}"
        return
    record(method, template, status)
    validator = _validator(method, template, status, media_type)
    if isinstance(validator, str):
        # Errors that any request may meet (405, 413, 429, 431, 5xx) need no mention at each.
        assert status >= 400 and status not in (401, 403, 404, 409, 410), validator
        return
    if validator is not None:
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
        assert not errors, f"{method} {template} {status} against openapi.yaml: {errors}"
