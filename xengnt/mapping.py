# SPDX-License-Identifier: MIT
"""What the user says of names: a mapping file, in TOML.

    [structs]
    my_copy_op = "gnttab_copy"            # their struct = ours

    [fields.my_copy_op]
    src_ref = "source.u.ref"              # their field = ours

    [types]
    my_domain = "domid_t"

    [constants]
    MY_OKAY = "GNTST_okay"

    [ignore]
    gnttab_dump_table = "we never call it"          # the reference's path = the reason
    "gnttab_copy.flags" = "a bit more, in a bit that Xen does not look at"

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from xengnt.errors import SourceError

_Table = dict[str, str]

MAX_BYTES = 1 << 20
"""A file may have as many."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Names of theirs and what they mean, and what of the reference is to be ignored.

    Attributes:
        structs: their struct → ours.
        fields: by their struct, their field → ours, both as dotted paths.
        types: their type → ours.
        constants: their constant → ours.
        ignore: a path of the reference → why it does not matter.
        path: the file that it comes from.
    """

    structs: _Table = field(default_factory=dict)
    fields: dict[str, _Table] = field(default_factory=dict)
    types: _Table = field(default_factory=dict)
    constants: _Table = field(default_factory=dict)
    ignore: _Table = field(default_factory=dict)
    path: str = "the mapping"

    def ignored(self, where: str) -> str | None:
        """Return the path that covers another and is ignored, None if there is none."""
        return next(
            (p for p in self.ignore if where == p or where.startswith((f"{p}.", f"{p}["))), None
        )


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping file.

    Raises:
        SourceError: it cannot be read, or something in it is not as it should be.
    """
    tables = load_toml(path)
    known = ("structs", "fields", "types", "constants", "ignore")
    for name in tables:
        if name not in known:
            raise SourceError(f"{path}: unknown table [{name}]: expected {', '.join(known)}")
    fields = tables.pop("fields", {})
    if not isinstance(fields, dict):
        raise SourceError(f"{path}: fields: expected a table for each struct")
    return Mapping(
        fields={tag: _texts(path, f"fields.{tag}", table) for tag, table in fields.items()},
        **{name: _texts(path, name, table) for name, table in tables.items()},
        path=str(path),
    )


def load_toml(path: str | Path) -> dict[str, object]:
    """Read a TOML file.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        if not Path(path).is_file() and Path(path).exists():
            raise SourceError(f"{path}: not a regular file")
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise SourceError(f"{path}: larger than {MAX_BYTES >> 20} MiB")
        return tomllib.loads(data.decode())
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{path}: not TOML: {error}") from None


def _texts(path: str | Path, name: str, table: object) -> _Table:
    """Return a table whose values are all texts, or say which is not."""
    if not isinstance(table, dict):
        raise SourceError(f"{path}: {name}: expected a table")
    for key, value in table.items():
        if not isinstance(value, str) or not value.strip():
            raise SourceError(f"{path}: {name}.{key}: expected a text, got {value!r}")
    return table
