# SPDX-License-Identifier: MIT
"""A Rust module of types that have an ABI's layout on any target, and of constants; no_std.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.abi.declarations import Constant, Enum
from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, Type, bits, types
from xengnt.emit.words import LICENCE, about, constant_doc, family, heading, note, number

if TYPE_CHECKING:
    from xengnt.emit import Options

KEYWORDS = frozenset(
    {
        *("as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn"),
        *("else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl"),
        *("in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv"),
        *("pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof"),
        *("unsafe", "unsized", "use", "virtual", "where", "while", "yield", "abstract"),
    }
)
"""Words that are no names in Rust unless ``r#`` stands before them."""

_WIDE = 8
"""Bytes: what is as wide has another alignment on some targets."""


def text(selections: Sequence[Selection], command: str, _: Options) -> str:
    """Return the module."""
    (selection,) = selections
    return "".join(f"{line}\n" for line in _lines(selection, command))


def name(path: str) -> str:
    """Return a dotted path as Rust has it."""
    return ".".join(f"r#{one}" if one in KEYWORDS else one for one in path.split("."))


def _lines(selection: Selection, command: str) -> Iterator[str]:
    yield f"// {heading([selection], command)}"
    yield f"// {LICENCE}"
    yield "//"
    yield "// The types lie as here on any target: holes are members, and handles are integers."
    yield "// A new value has all its bytes zero: gnttab_x { field: 1, ..Default::default() }."
    yield "#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]"
    yield "#![allow(missing_docs, missing_debug_implementations)]"
    yield "#![allow(rustdoc::broken_intra_doc_links)]"
    layout = selection.layout
    for typedef, shape in layout.typedefs.items():
        doc = selection.declared.typedefs[typedef].doc
        yield from ("", *(f"/// {line}" for line in doc.split("\n") if line))
        yield f"pub type {typedef} = {bits(shape.size, signed=bool(shape.signed))};"
    for made in types(layout):
        for one in (*made.unnamed(), made):
            yield from _type(selection, one)
        for alias, target in layout.aliases.items():
            if target == f"{made.kind} {made.name}":
                yield f"pub type {alias} = {made.name};"
    for enum, names in selection.families():
        kind = _constant_type(selection, enum, names)
        yield from ("", f"// {family(enum)}")
        for constant in names:
            doc = constant_doc(selection, enum, constant)
            yield from (f"/// {line}" for line in doc.split("\n") if line)
            value = layout.constants[constant]
            own = kind if enum and not constant.startswith("_") else _c_type(value)
            yield f"pub const {constant}: {own} = {number(value)};"
    if layout.messages:
        yield from ("", "/// A message for each status: element -s is that of status s.")
        yield f"pub const GNTTABOP_error_msgs: [&str; {len(layout.messages)}] = ["
        yield from (f"    {json.dumps(message)}," for message in layout.messages)
        yield "];"


def _type(selection: Selection, made: Type) -> Iterator[str]:
    lines = about(selection, made)
    yield from ("", *(f"/// {line}".rstrip() for line in lines))
    how = "C"
    if made.widest > made.align:
        how = f"C, packed({made.align})"
    elif made.align == _WIDE:
        how = f"C, align({_WIDE})"
    yield f"#[repr({how})]"
    yield "#[derive(Clone, Copy)]"
    yield f"pub {made.kind} {made.name} {{"
    for part in made.parts:
        yield f"    /// {note(selection, made.tag, part)}"
        yield f"    pub {name(part.name)}: {_member(selection, part)},"
    yield "}"
    yield from (f"impl Default for {made.name} {{", "    fn default() -> Self {")
    yield "        // SAFETY: it is made of integers only."
    yield from ("        unsafe { core::mem::zeroed() }", "    }", "}")
    yield (
        f"const _: () = assert!(core::mem::size_of::<{made.name}>() == {made.size} "
        f"&& core::mem::align_of::<{made.name}>() == {made.align});"
    )


def _member(selection: Selection, part: Part) -> str:
    one = part.element(selection.layout, bits)
    return one if part.count is None else f"[{one}; {part.count}]"


def _constant_type(selection: Selection, enum: Enum | None, names: Sequence[str]) -> str:
    """Return the type of the fields that hold a family, or that of C if they differ."""
    first = selection.layout.constants[names[-1]]
    holders = selection.holders(enum) if enum else set()
    if len(holders) == 1:
        ((size, signed),) = holders
        return bits(size, signed=signed)
    return _c_type(first)


def _c_type(constant: Constant) -> str:
    return bits(constant.size or 4, signed=constant.signed is not False)
