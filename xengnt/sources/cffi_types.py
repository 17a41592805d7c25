# SPDX-License-Identifier: MIT
"""Read the types of a cffi extension: what the C compiler that built it thinks.

In API mode cffi takes sizes, offsets and alignments from the compiler, and
raises at the first use of a type that its declaration does not fit.

Imports ``xengnt.errors``, ``xengnt.abi``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from xengnt.abi.declarations import Constant
from xengnt.abi.layout import Field, Layout, Pointee, StructLayout, TypeLayout


@dataclass(slots=True)
class CffiTypes:
    """The layouts of an extension's types.

    Attributes:
        structs: by tag.
        typedefs: by name.
        problems: types that cffi refuses, by name, with what it says.
    """

    structs: dict[str, StructLayout] = field(default_factory=dict)
    typedefs: dict[str, TypeLayout] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def layout(
        self, reference: Layout, constants: dict[str, Constant], messages: tuple[str, ...]
    ) -> Layout:
        """Return all of it as a layout for the ABI and version of another."""
        return replace(
            reference,
            structs=self.structs,
            typedefs=self.typedefs,
            constants=constants,
            ops={},
            messages=messages,
        )


def read(ffi: Any, structs: Iterable[StructLayout], typedefs: Iterable[str]) -> CffiTypes:
    """Return what cffi says of types.

    Args:
        ffi: the extension's ``ffi``.
        structs: the structs to ask for, of which tag and kind are taken.
        typedefs: the scalar types to ask for.
    """
    found = CffiTypes()
    for wanted in structs:
        try:
            ctype = ffi.typeof(f"{wanted.kind} {wanted.tag}")
            found.structs[wanted.tag] = StructLayout(
                wanted.tag,
                ctype.kind,
                ffi.sizeof(ctype),
                ffi.alignof(ctype),
                tuple(_fields(ffi, ctype, "", 0)),
            )
        except (ffi.error, TypeError) as error:
            found.problems[wanted.tag] = str(error)
    for name in typedefs:
        try:
            ctype = ffi.typeof(name)
            size, align = ffi.sizeof(ctype), ffi.alignof(ctype)
            found.typedefs[name] = TypeLayout(size, align, "int", _signed(ffi, ctype))
        except (ffi.error, TypeError) as error:
            found.problems[name] = str(error)
    return found


def _fields(ffi: Any, ctype: Any, start: str, base: int) -> list[Field]:
    found = []
    for name, member in ctype.fields:
        element, count = member.type, None
        while element.kind == "array":
            count = (count or 1) * (element.length or 0)
            element = element.item
        offset = base + member.offset
        size = ffi.sizeof(member.type)
        pointee = _pointee(ffi, element)
        if pointee is not None:
            kind = "handle"
        elif element.kind in ("struct", "union"):
            kind = element.kind
        else:
            kind = "int"
        found.append(
            Field(
                f"{start}{name}",
                offset,
                size,
                element.cname,
                kind,
                signed=_signed(ffi, element) if kind == "int" else None,
                count=count,
                pointee=pointee,
            )
        )
        if kind in ("struct", "union"):
            found += _fields(ffi, element, f"{start}{name}.", offset)
    return found


def _pointee(ffi: Any, ctype: Any) -> Pointee | None:
    """Return what a pointer, or a struct of one pointer, points to; None for all else."""
    if ctype.kind == "struct" and ctype.fields and len(ctype.fields) == 1:
        ctype = ctype.fields[0][1].type
    if ctype.kind != "pointer":
        return None
    item = ctype.item
    if item.kind != "primitive":
        return Pointee(item.cname, None, None)
    return Pointee(item.cname, ffi.sizeof(item), _signed(ffi, item))


def _signed(ffi: Any, ctype: Any) -> bool:
    return int(ffi.cast(ctype, -1)) < 0
