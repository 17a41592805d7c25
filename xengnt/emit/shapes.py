# SPDX-License-Identifier: MIT
"""Structs as a language has to declare them: members in order, with every hole as one.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.emit.selection import tag_of, tagged


def bits(size: int, *, signed: bool) -> str:
    """Return an integer's type as Rust and Zig call it, ``u32``."""
    return f"{'i' if signed else 'u'}{8 * size}"


@dataclass(frozen=True, slots=True)
class Part:
    """A member, or a hole.

    Attributes:
        name: without the path to it; that of a hole is ``_hole_`` and its offset.
        offset: from the start of the type that it is in.
        size: in bytes, all elements of an array together.
        path: from the start of the struct, "" for a hole.
        field: None for a hole.
        of: the struct or union that it is, None for a scalar or a hole.
    """

    name: str
    offset: int
    size: int
    path: str = ""
    field: Field | None = None
    of: Type | None = None

    def element(self, layout: Layout, integer: Callable[..., str]) -> str:
        """Return the name of its type, or of that of its elements.

        Args:
            layout: which has the types that integers are named by.
            integer: gives the name of another integer, by size and ``signed``.
        """
        if self.of:
            return self.of.name
        if self.field and self.field.type in layout.typedefs:
            return self.field.type
        return integer(self.width, signed=self.signed)

    @property
    def count(self) -> int | None:
        """The number of elements, None if it is no array."""
        return self.field.count if self.field else self.size

    @property
    def width(self) -> int:
        """The size of one element."""
        return self.size // (self.count or 1)

    @property
    def signed(self) -> bool:
        """Whether it is a signed integer."""
        return bool(self.field and self.field.signed)


@dataclass(frozen=True, slots=True)
class Type:
    """A struct or union.

    Attributes:
        name: its tag or, where it has none, one made of the path to it.
        tag: of the struct whose member, at any depth, it is declared in.
        kind: ``struct`` or ``union``.
        size: in bytes.
        align: in bytes.
        parts: its members and holes.
        own: whether it has a tag of its own.
        field: the field that it is declared for, None if it has a tag.
    """

    name: str
    tag: str
    kind: str
    size: int
    align: int
    parts: tuple[Part, ...]
    own: bool
    field: Field | None = None

    @property
    def widest(self) -> int:
        """The size of the widest integer in it."""
        return max(part.of.widest if part.of else part.width for part in self.parts)

    def unnamed(self) -> Iterator[Type]:
        """Give the types without a tag that are declared in it, the innermost first."""
        for part in self.parts:
            if part.of and not part.of.own:
                yield from part.of.unnamed()
                yield part.of


def types(layout: Layout) -> list[Type]:
    """Return all structs of a layout, each after those that it is made of."""
    return [_type(layout, struct) for struct in tagged(layout)]


def _type(layout: Layout, struct: StructLayout, field: Field | None = None) -> Type:
    """Return a struct or, with a field, the one without a tag that the field is."""
    base, path = (field.offset, field.name) if field else (0, "")
    kind, size = (field.kind, field.size) if field else (struct.kind, struct.size)
    align = (field.align if field else struct.align) or 1
    parts: list[Part] = []
    reached = 0
    for member in struct.members_of(path):
        offset = member.offset - base
        if kind == "struct":
            if offset > reached:
                parts.append(_hole(reached, offset))
            reached = member.end - base
        tag, of = tag_of(layout, member), None
        if not member.scalar:
            of = _type(layout, layout.structs[tag]) if tag else _type(layout, struct, member)
        name = member.name.rpartition(".")[2]
        parts.append(Part(name, offset, member.size, member.name, member, of))
    if kind == "struct" and size > reached:
        parts.append(_hole(reached, size))
    name = "_".join([struct.tag, *path.split(".")]) if field else struct.tag
    return Type(name, struct.tag, kind, size, align, tuple(parts), field is None, field)


def _hole(start: int, end: int) -> Part:
    return Part(f"_hole_{start}", start, end - start)
