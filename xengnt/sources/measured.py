# SPDX-License-Identifier: MIT
"""Types whose members have their places already, and the list of fields that they make.

Running code does not say how a struct is declared but where everything in it is.
Readers of it describe types as `Type`; `struct_layout` lists their fields as the
layout engine does: flat, aggregates before their members, and a struct that only
wraps a pointer as one field, a handle.

Imports ``xengnt.errors`` and ``xengnt.abi``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from xengnt.abi.layout import (
    MAX_DEPTH,
    MAX_FIELDS,
    Field,
    Pointee,
    StructLayout,
    wrapped_pointer,
)
from xengnt.errors import SourceError

AGGREGATES = ("struct", "union")


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """A type as it lies in memory.

    Attributes:
        name: as C would spell it, without the ``[n]`` of an array.
        size: in bytes, all elements of an array together.
        kind: as of a `Field`.
        signed: of an ``int``, whether it is signed.
        count: of an array, the number of elements.
        pointee: of a ``handle``, what it points to.
        members: of a struct or union, even if it is a ``handle``.
    """

    name: str
    size: int
    kind: str
    signed: bool | None = None
    count: int | None = None
    pointee: Pointee | None = None
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A member of a struct or union.

    Attributes:
        name: "" where its own members count as those of the struct it is in.
        type: its type.
        offset: in bytes; of a bit-field, that of the unit which `bit` counts from.
        bit: of a bit-field, its lowest bit.
        bits: of a bit-field, its width.
    """

    name: str
    type: Type
    offset: int
    bit: int = 0
    bits: int | None = None


def integer(size: int, *, signed: bool) -> Type:
    """Return an integer type of a size, by its name in <stdint.h>."""
    return Type(f"{'' if signed else 'u'}int{8 * size}_t", size, "int", signed)


def array(of: Type, count: int) -> Type:
    """Return an array; one of arrays has the elements of all."""
    return replace(of, size=of.size * count, count=count * (1 if of.count is None else of.count))


def pointer(name: str, size: int, to: Type | None) -> Type:
    """Return a pointer to something that is called `name`, None where no more is known."""
    pointee = Pointee(name, to.size, to.signed) if to else Pointee(name, None, None)
    return Type(f"{name} *", size, "handle", pointee=pointee)


def aggregate(kind: str, name: str, size: int, members: Sequence[Member]) -> Type:
    """Return a struct or union, as a handle if it only wraps a pointer.

    Guest handles are made so: a struct of a pointer, or a union of a pointer and integers.
    """
    wrapped = None
    if all(member.bits is None for member in members):
        wrapped = wrapped_pointer(kind, size, [member.type for member in members])
    if wrapped:
        return Type(name, size, "handle", pointee=wrapped.pointee, members=tuple(members))
    return Type(name, size, kind, members=tuple(members))


def struct_layout(
    tag: str, kind: str, size: int, align: int | None, members: Sequence[Member]
) -> StructLayout:
    """Return a struct or union with all its fields.

    Raises:
        SourceError: it has too many, nested too deeply, or two of one name.
    """
    fields = tuple(islice(_fields(members, "", 0, 1), MAX_FIELDS + 1))
    if len(fields) > MAX_FIELDS:
        raise SourceError(f"more than {MAX_FIELDS} fields", struct=tag)
    struct = StructLayout(tag, kind, size, align, fields)
    if len(struct.by_name) < len(fields):
        names = [field.name for field in fields]
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise SourceError(f"two fields are called {twice!r}", struct=tag, field=twice)
    return struct


def _fields(members: Sequence[Member], start: str, base: int, depth: int) -> Iterator[Field]:
    if depth > MAX_DEPTH:
        raise SourceError(f"structs nested deeper than {MAX_DEPTH}")
    for member in members:
        kind, name = member.type, f"{start}{member.name}"
        offset = base + member.offset
        if member.name:
            if not member.name.isidentifier():
                raise SourceError(f"{member.name!r} is no name for a field")
            yield _field(name, offset, member)
            if kind.kind not in AGGREGATES:
                continue
            name += "[]." if kind.count is not None else "."
        yield from _fields(kind.members, name, offset, depth + 1)


def _field(name: str, offset: int, member: Member) -> Field:
    kind = member.type
    field = Field(
        name,
        offset,
        kind.size,
        kind.name,
        kind.kind,
        signed=kind.signed,
        count=kind.count,
        pointee=kind.pointee,
    )
    if member.bits is None:
        return field
    first, size = offset + member.bit // 8, (member.bit % 8 + member.bits + 7) // 8
    return replace(
        field,
        offset=first,
        size=size,
        kind="bits",
        type=f"{kind.name}:{member.bits}",
        bit=member.bit % 8,
    )
