# SPDX-License-Identifier: MIT
"""Writes the interface down for other languages: headers, types, asserts, data.

Each kind is a module with a function `text`, and a row in `KINDS`.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING

from xengnt.abi.targets import TARGETS, format_version
from xengnt.errors import InvalidValue, UnknownName, printable

if TYPE_CHECKING:
    from xengnt.codec import Abi
    from xengnt.mapping import Mapping
    from xengnt.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Options:
    """What can be asked for; each kind takes some of it.

    Attributes:
        mapping: names of theirs, for kinds that are about somebody's types.
        typedefs: whether the names of their structs are typedefs, not tags.
        structs_only: whether to leave out types and constants that the mapping does not name.
        prefix: what all names of types begin with.
        name: what the array is called.
        blob: the bytes of an array of structs.
        scenario: calls, instead of a blob.
        file: what the blob or the scenario was read from, ``-`` if it has no name.
    """

    mapping: Mapping | None = None
    typedefs: bool = False
    structs_only: bool = False
    prefix: str = ""
    name: str = ""
    blob: bytes | None = None
    scenario: Scenario | None = None
    file: str = "-"


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be written.

    Attributes:
        name: what it is asked for by.
        module: the module of this package that writes it.
        what: what it is, in a line.
        takes: the names of the `Options` that mean something to it.
        several: whether it can be for several ABIs at once.
        every: whether it is for all of them unless somebody says otherwise.
        file: what the file is called in the directory that it is written to, "" for a kind
            that is written to a file.
    """

    name: str
    module: str
    what: str
    takes: frozenset[str] = frozenset()
    several: bool = False
    every: bool = False
    file: str = ""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "c-asserts",
            "c_asserts",
            "a C or C++ header that stops the compiler where your structs differ",
            takes=frozenset({"mapping", "typedefs", "structs_only"}),
            several=True,
            every=True,
        ),
        Kind(
            "c-header",
            "c_header",
            "a C header whose structs lie the same on any machine",
            takes=frozenset({"prefix"}),
        ),
        Kind(
            "c-array",
            "c_array",
            "a blob, or the calls of a scenario, as C arrays",
            takes=frozenset({"name", "blob", "scenario", "file"}),
        ),
        Kind("rust", "rust", "a Rust module of types and constants, no_std"),
        Kind(
            "rust-asserts",
            "rust_asserts",
            "a Rust module that stops the compiler where your types differ",
            takes=frozenset({"mapping", "structs_only"}),
            several=True,
            every=True,
        ),
        Kind("zig", "zig", "a Zig file of types and constants"),
        Kind("ctypes", "python_ctypes", "a Python module of ctypes structures"),
        Kind("numpy", "python_numpy", "a Python module of numpy dtypes"),
        Kind("json", "layout_json", "layout JSON, as xengnt check reads it", several=True),
        Kind("svg", "svg", "a drawing of a struct, to scale", several=True, every=True),
        Kind(
            "html",
            "explorer.page",
            "a page to explore all of it, in the directory OUT",
            several=True,
            every=True,
            file="index.html",
        ),
    )
}
"""What can be written, by name."""


def emit(
    kind: str,
    abis: Sequence[Abi],
    structs: str | Sequence[str] = (),
    options: Options | None = None,
) -> str:
    """Return the text of a kind.

    Args:
        kind: one of `KINDS`.
        abis: for which ABIs, all at one interface version.
        structs: the ops, structs and types that it is about, all by default; of a blob,
            the op or struct.
        options: what else is asked for.

    Raises:
        UnknownName: a kind or struct that there is not.
        InvalidValue: an option that the kind does not take, or a name that cannot be one.
        SourceError: a mapping or scenario that does not serve.
    """
    from xengnt.emit.selection import select

    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise UnknownName(f"unknown kind {kind!r}: expected {known}", expected=known, got=kind)
    structs = [structs] if isinstance(structs, str) else structs
    row, given = KINDS[kind], options or Options()
    for one in fields(Options):
        value = getattr(given, one.name)
        asked = value is not one.default and not (isinstance(value, str) and value == one.default)
        if asked and one.name not in row.takes:
            raise InvalidValue(f"emit {kind} takes no {_option(one.name)}", got=one.name)
    if len(abis) != 1 and not (abis and row.several):
        raise InvalidValue(f"emit {kind} is for one ABI, got {len(abis)}", got=len(abis))
    if len({abi.interface_version for abi in abis}) > 1:
        raise InvalidValue(f"emit {kind}: the ABIs are at several interface versions")
    module = import_module(f"xengnt.emit.{row.module}")
    selections = [select(abi, structs) for abi in abis]
    made: str = module.text(selections, _command(kind, abis, structs, given), given)
    return made


def _command(kind: str, abis: Sequence[Abi], structs: Sequence[str], options: Options) -> str:
    """Return the command that makes the same."""
    words = ["xengnt", "emit", kind, *structs]
    if options.scenario:
        words += ["--scenario", options.file]
    else:
        words += [] if options.blob is None else [options.file]
        names = [abi.name for abi in abis]
        for name in ["all"] if names == list(TARGETS) else names:
            words += ["--abi", name]
        words += ["--interface-version", format_version(abis[0].interface_version)]
    if options.mapping:
        words += ["--map", options.mapping.path]
    for name in ("typedefs", "structs_only"):
        words += [_option(name)] if getattr(options, name) else []
    for name in ("prefix", "name"):
        words += [_option(name), getattr(options, name)] if getattr(options, name) else []
    return printable(shlex.join(words))


def _option(name: str) -> str:
    """Return what an option is called on the command line."""
    return {"mapping": "--map", "blob": "blob"}.get(name, f"--{name.replace('_', '-')}")
