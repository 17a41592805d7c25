# SPDX-License-Identifier: MIT
"""What pahole says of the structs in a file, to hold those that xengnt reads against."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from xengnt.abi.layout import StructLayout


class Said:
    """A struct as pahole prints it: its name, its size, and fields with offset and size."""

    def __init__(self, tag: str, kind: str) -> None:
        self.tag = tag
        self.kind = kind
        self.size: int | None = None  # it prints none of unions
        self.fields: list[tuple[str, int, int]] = []

    def fits(self, one: StructLayout) -> bool:
        """Tell whether one of ours is the same: all they list, and nothing else on top."""
        ours = {field.name: (field.offset, field.size) for field in one.fields}
        handles = [field.name for field in one.fields if field.kind == "handle"]
        within = tuple(start for name in handles for start in (f"{name}.", f"{name}[]."))
        theirs = {
            name: (offset, size)
            for name, offset, size in self.fields
            if not name.startswith(within)
        }
        top = {name for name in ours if "." not in name}
        return (
            one.kind == self.kind
            and self.size in (one.size, None)
            and all(ours.get(name) == place for name, place in theirs.items())
            and top <= theirs.keys()
        )


_BEGIN = re.compile(r"^(struct|union) (\w+) \{$")
_SIZE = re.compile(r"^\t/\* size: (\d+),")
_INSIDE = re.compile(r"^\t+(?:const |volatile )*(?:struct|union|enum) +\{")
_MEMBER = re.compile(
    r"^\t+.*?(?:\(\*+ ?(?:const )?(\w+)\S*?\)\(.*\)|(\w*))((?:\[\d*\])*)(?::(\d+))?"
    r"(?: __attribute__\(.*\))?;\s*/\* *(\d+)(?:: *(\d+))? +(\d+) \*/"
)


def structs(path: Path, *options: str | Path) -> Iterator[Said]:
    """Give the structs that pahole prints of a file."""
    done = subprocess.run(["pahole", *options, path], capture_output=True, text=True, check=True)
    said: Said | None = None
    starts: list[int] = []
    for line in done.stdout.splitlines():
        if begin := _BEGIN.match(line):
            said, starts = Said(begin[2], begin[1]), []
        elif said is None:
            continue
        elif size := _SIZE.match(line):
            said.size = int(size[1])
        elif line.startswith("}"):
            yield said
            said = None
        elif _INSIDE.match(line):
            starts.append(len(said.fields))
        elif member := _MEMBER.match(line):
            function, name, array, bits, first, bit, taken = member.groups()
            name = function or name
            offset, size_ = int(first), int(taken)
            if bits:
                offset, bit = offset + int(bit) // 8, int(bit) % 8
                size_ = (bit + int(bits) + 7) // 8
            if line.lstrip("\t").startswith("}"):
                start = starts.pop()
                if name:
                    below = f"{name}[]." if array else f"{name}."
                    said.fields[start:] = [
                        (below + inner, at, width) for inner, at, width in said.fields[start:]
                    ]
                    said.fields.insert(start, (name, offset, size_))
            elif name:
                said.fields.append((name, offset, size_))
