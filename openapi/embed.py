#!/usr/bin/env python3
"""Writes a C++ source that holds openapi.yaml (as JSON) and the viewer's files.

    embed.py OUTPUT OPENAPI_YAML VIEWER_FOLDER
"""
import json
import sys
from pathlib import Path

import yaml

CHUNK = 8000  # characters of one literal: compilers bound a literal's length


def literal(text):
    chunks = [text[i:i + CHUNK] for i in range(0, len(text), CHUNK)] or [""]
    assert ')embedded"' not in text
    return "\n".join(f'R"embedded({chunk})embedded"' for chunk in chunks)


def main(output, document, viewer):
    files = {"openapi.json": json.dumps(yaml.safe_load(Path(document).read_text()),
                                        separators=(",", ":"), ensure_ascii=False)}
    for name in ("index.html", "viewer.css", "viewer.js"):
        files[name] = (Path(viewer) / name).read_text()
    lines = ['// Made by openapi/embed.py.', '#include "api/embedded_files.h"', "",
             "namespace oneclaw::api {", ""]
    for name, text in files.items():
        constant = "k" + "".join(part.capitalize() for part in name.replace(".", "_").split("_"))
        lines += [f"const std::string_view {constant} =", literal(text) + ";", ""]
    lines.append("}  // namespace oneclaw::api")
    Path(output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
