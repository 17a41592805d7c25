# SPDX-License-Identifier: MIT
"""What pahole says of the structs in an object, for the tests of the DWARF reader."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

Members = dict[str, tuple[int, int]]
"""Offset and size of members by dotted path; of a bit-field the first bit and the bits."""

_OPEN = re.compile(r"^(?:struct|union|class)(?: (?P<tag>[^{]*?))? \{")
_PLACE = re.compile(r"/\*\s*(?P<offset>\d+)(?::\s*(?P<bit>\d+))?\s+(?P<size>\d+)\s+\*/")
_FUNCTION = re.compile(r"\(\*+\s*(\w+)")
_NAME = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?::\s*(\d+))?;")
_ATTRIBUTE = re.compile(r"\s*__attribute__\(\((?:[^()]|\([^()]*\))*\)\)")
_SIZE = re.compile(r"/\* size: (\d+)")


def structs(path: Path) -> dict[str, tuple[int, Members]]:
    """Return size and members of each struct with a tag.

    What pahole expands in place, which is what has no tag, is in there with dotted paths.
    """
    done = subprocess.run(
        ["pahole", "-F", "dwarf", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(_blocks(done.stdout))


def _blocks(text: str) -> Iterator[tuple[str, tuple[int, Members]]]:
    for block in re.split(r"^\};?.*$", text, flags=re.MULTILINE):
        lines = block.strip("\n").splitlines()
        found = _OPEN.match(lines[0]) if lines else None
        sizes = _SIZE.findall(block)
        if found and found["tag"] and sizes:
            yield found["tag"].split()[-1], (int(sizes[-1]), _members(lines[1:]))


def _members(lines: list[str]) -> Members:
    found: Members = {}
    inner: list[list[tuple[str, tuple[int, int]]]] = [[]]
    for line in lines:
        text = line.strip()
        place = _PLACE.search(text)
        code = _ATTRIBUTE.sub("", text.partition("/*")[0]).strip()
        if code.endswith("{"):
            inner.append([])
            continue
        rows = inner.pop() if code.startswith("}") else []
        name = _FUNCTION.search(code) or _NAME.search(code)
        if name and place:
            offset, size = int(place["offset"]), int(place["size"])
            if name.re is _NAME and name[2]:
                offset, size = 8 * offset + int(place["bit"] or 0), int(name[2])
            inside = f"{name[1]}[]." if "[" in code else f"{name[1]}."
            rows = [(name[1], (offset, size)), *((inside + path, at) for path, at in rows)]
        inner[-1] += rows
    for path, where in inner[0]:
        found[path] = where
    return found
