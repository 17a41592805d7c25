# SPDX-License-Identifier: MIT
"""A C header whose structs have an ABI's layout with any compiler for any machine.

Holes are members, and what is 8 bytes wide has a type that says how it is aligned.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.emit.c import block, comment, name, number, start
from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, Type, types
from xengnt.emit.words import about, constant_doc, family, note

if TYPE_CHECKING:
    from xengnt.emit import Options

_WIDE = 8
"""Bytes: what is as wide has another alignment on some machines."""


def text(selections: Sequence[Selection], command: str, options: Options) -> str:
    """Return the header."""
    (selection,) = selections
    prefix = name(options.prefix, "the prefix") if options.prefix else ""
    return "".join(f"{line}\n" for line in _Header(selection, prefix).lines(command))


class _Header:
    def __init__(self, selection: Selection, prefix: str) -> None:
        self.selection = selection
        self.layout = selection.layout
        self.prefix = prefix
        self.types = types(selection.layout)

    def lines(self, command: str) -> Iterator[str]:
        one = self.selection
        words = [f"XENGNT_{self.prefix}{one.abi.name}", one.version, *one.asked, "H"]
        guard = "_".join(words).upper()  # of another part of the ABI it is another
        yield from start([self.selection], command)
        yield from block(
            "The structs lie as here with any compiler for any machine, so handles are plain "
            "integers, and what is 8 bytes wide may be less aligned than usual: copy it before you "
            "pass on where it is. Names and values are those of Xen's own headers: include those "
            "or this."
        )
        yield from (f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", "")
        yield from self._wide()
        for typedef, shape in self.layout.typedefs.items():
            doc = self.selection.declared.typedefs[typedef].doc
            yield from block(doc) if doc else ()
            own = self._integer(shape.size, shape.align or shape.size, signed=bool(shape.signed))
            yield f"typedef {own} {self.prefix}{typedef};"
        yield ""
        for made in self.types:
            yield from block(*about(self.selection, made))
            yield f"{made.kind} {self.prefix}{made.name} {{"
            yield from self._members(made, "    ")
            yield "};"
            for alias, target in self.layout.aliases.items():
                if target == f"{made.kind} {made.name}":
                    yield f"typedef {made.kind} {self.prefix}{made.name} {self.prefix}{alias};"
            yield ""
        yield "#ifndef __XEN_PUBLIC_GRANT_TABLE_H__"
        for enum, names in self.selection.families():
            yield from ("", *block(family(enum)))
            for constant in names:
                doc = constant_doc(self.selection, enum, constant)
                value = number(self.layout.constants[constant])
                yield f"#define {constant} {value}" + (f" {comment(doc)}" if doc else "")
        if self.layout.messages:
            yield from ("", comment("A message for each status: element -s is that of status s."))
            yield "#define GNTTABOP_error_msgs { \\"
            yield from (f"    {json.dumps(message)}, \\" for message in self.layout.messages)
            yield "}"
        yield from ("", "#endif", "", "#endif")

    def _wide(self) -> Iterator[str]:
        """Give the types of what is 8 bytes wide, if there is any."""
        align = self.selection.target.align8
        if all(made.widest < _WIDE for made in self.types) and all(
            one.size < _WIDE for one in self.layout.typedefs.values()
        ):
            return
        guard = f"XENGNT_ALIGNED_{align}"
        yield from (f"#ifndef {guard}", f"# define {guard}")
        yield from ("# ifndef __GNUC__", '#  error "this takes __attribute__((aligned))"')
        yield "# endif"
        for sign in (False, True):
            own = self._integer(_WIDE, align, signed=sign)
            plain = f"{'' if sign else 'u'}int64_t"
            yield f"typedef {plain} {own} __attribute__((aligned({align})));"
        yield from ("#endif", "")

    def _integer(self, size: int, align: int, *, signed: bool) -> str:
        plain = f"{'' if signed else 'u'}int{8 * size}"
        return f"xengnt_{plain}_a{align}" if size == _WIDE else f"{plain}_t"

    def _members(self, made: Type, indent: str) -> Iterator[str]:
        for part in made.parts:
            array = "" if part.count is None else f"[{part.count}]"
            words = comment(note(self.selection, made.tag, part))
            if part.of and not part.of.own:
                yield f"{indent}{part.of.kind} {{ {words}"
                yield from self._members(part.of, f"{indent}    ")
                yield f"{indent}}} {part.name}{array};"
            else:
                yield f"{indent}{self._type(part)} {part.name}{array}; {words}"

    def _type(self, part: Part) -> str:
        if part.of:
            return f"{part.of.kind} {self.prefix}{part.of.name}"
        if part.field and part.field.type in self.layout.typedefs:
            return f"{self.prefix}{part.field.type}"
        align = (part.field.align if part.field else 1) or part.width
        return self._integer(part.width, align, signed=part.signed)
