"""Prints what BuildKit's parser makes of Dockerfiles, by way of the PyPI package `dockerfile`.

Reads a JSON list of paths from standard input, writes a JSON list of results.
"""

import json
import sys

import dockerfile


def node(command):
    return {
        "cmd": command.cmd or "",
        "sub_cmd": command.sub_cmd,
        "json": command.json,
        "original": command.original or "",
        "start_line": command.start_line,
        "end_line": command.end_line,
        "flags": list(command.flags),
        "value": list(command.value),
        "heredocs": [
            {"name": h.name, "file_descriptor": h.file_descriptor, "content": h.content}
            for h in command.heredocs
        ],
    }


def parse(path):
    try:
        return {"nodes": [node(command) for command in dockerfile.parse_file(path)]}
    except dockerfile.GoParseError as error:
        return {"error": str(error)}


json.dump([parse(path) for path in json.load(sys.stdin)], sys.stdout)
