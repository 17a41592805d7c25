# SPDX-License-Identifier: MIT
"""A Zig file of types that have an ABI's layout on any target, and of constants.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, Type, bits, types
from xengnt.emit.words import LICENCE, about, constant_doc, family, heading, note, number

if TYPE_CHECKING:
    from xengnt.emit import Options


def text(selections: Sequence[Selection], command: str, _: Options) -> str:
    """Return the file."""
    (selection,) = selections
    return "".join(f"{line}\n" for line in _lines(selection, command))


def _lines(selection: Selection, command: str) -> Iterator[str]:
    layout = selection.layout
    yield f"// {heading([selection], command)}"
    yield f"// {LICENCE}"
    yield "//"
    yield "// The types lie as here on any target: holes are members, and handles are integers."
    yield "// For a new value with all bytes zero: std.mem.zeroes(gnttab_x)."
    for typedef, shape in layout.typedefs.items():
        doc = selection.declared.typedefs[typedef].doc
        yield from ("", *(f"/// {line}" for line in doc.split("\n") if line))
        yield f"pub const {typedef} = {bits(shape.size, signed=bool(shape.signed))};"
    made = types(layout)
    for one in made:
        yield from ("", *(f"/// {line}".rstrip() for line in about(selection, one)))
        yield f"pub const {one.name} = extern {one.kind} {{"
        yield from _members(selection, one, "    ")
        yield "};"
        for alias, target in layout.aliases.items():
            if target == f"{one.kind} {one.name}":
                yield f"pub const {alias} = {one.name};"
    for enum, names in selection.families():
        yield from ("", f"// {family(enum)}")
        for constant in names:
            doc = constant_doc(selection, enum, constant)
            yield from (f"/// {line}" for line in doc.split("\n") if line)
            yield f"pub const {constant} = {number(layout.constants[constant])};"
    if layout.messages:
        yield from ("", "/// A message for each status: element -s is that of status s.")
        yield "pub const GNTTABOP_error_msgs = [_][]const u8{"
        yield from (f"    {json.dumps(message)}," for message in layout.messages)
        yield "};"
    yield from ("", "fn check(comptime holds: bool, comptime what: []const u8) void {")
    yield from ("    if (!holds) @compileError(what);", "}")
    for one in made:
        yield from ("", "comptime {")
        for part in one.parts if one.kind == "struct" else ():
            where = f'@offsetOf({one.name}, "{part.name}") == {part.offset}'
            yield f'    check({where}, "{one.name}.{part.name}: offset is not {part.offset}");'
        yield f'    check(@sizeOf({one.name}) == {one.size}, "{one.name}: size is not {one.size}");'
        yield "}"


def _members(selection: Selection, made: Type, indent: str) -> Iterator[str]:
    for part in made.parts:
        yield f"{indent}/// {note(selection, made.tag, part)}"
        array = "" if part.count is None else f"[{part.count}]"
        if part.of and not part.of.own:
            yield f"{indent}{part.name}: {array}extern {part.of.kind} {{"
            yield from _members(selection, part.of, f"{indent}    ")
            yield f"{indent}}},"
        else:
            align = _align(part)
            yield f"{indent}{part.name}: {array}{part.element(selection.layout, bits)}{align},"


def _align(part: Part) -> str:
    """Return how what is 8 bytes wide is aligned, which differs by target; else nothing."""
    wide = part.of is None and part.width == 8  # noqa: PLR2004 -- bytes
    return f" align({part.field.align})" if wide and part.field else ""
