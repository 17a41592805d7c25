# SPDX-License-Identifier: MIT
"""Lay out what entries describe, by the rules of `xengnt.abi.layout` for what is listed.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xengnt.abi.declarations import Constant, Named
from xengnt.abi.layout import (
    MAX_DEPTH,
    MAX_FIELDS,
    Field,
    Pointee,
    StructLayout,
    spell,
    wrapped_pointer,
)
from xengnt.errors import InvalidValue
from xengnt.sources.dwarf import constants as dw
from xengnt.sources.dwarf.forms import uleb
from xengnt.sources.dwarf.units import Entry

MAX_SIZE = 1 << 62
MAX_INTEGER = 16
MAX_STEPS = 100
"""How many types may stand between a name and what it stands for."""

MAX_KEPT = 20_000
"""How many types are kept."""

_CANONICAL = {
    "long unsigned int": "unsigned long",
    "long long unsigned int": "unsigned long long",
    "short unsigned int": "unsigned short",
    "long int": "long",
    "long long int": "long long",
    "short int": "short",
}
"""What gcc calls types, and the name that the rest of the package has for them."""


class Incomplete(InvalidValue):
    """A struct that is only declared, where its members are asked for."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type, without what it may be made of.

    Attributes:
        name: as C spells it.
        kind: as of a `Field`; ``void`` and ``function`` as well.
        size: in bytes, of an array all elements together; None where it is not known.
        signed: of an ``int``, whether it is signed.
        count: of an array, the number of elements.
        pointee: of a ``handle``, what it points to.
        aggregate: the entry of a struct or union.
    """

    name: str
    kind: str
    size: int | None
    signed: bool | None = None
    count: int | None = None
    pointee: Pointee | None = None
    aggregate: Entry | None = None


_VOID = Type("void", "void", None)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A struct or union, laid out.

    Attributes:
        layout: the layout, under the name that it has.
        entries: of each field, the entry of the member.
        handle: what it points to if it only wraps one pointer, else None.
    """

    layout: StructLayout
    entries: tuple[Entry, ...]
    handle: Pointee | None


@dataclass(frozen=True, slots=True)
class _Member:
    """A member: its entry, type and first bit, and its width if it is a bit-field."""

    entry: Entry
    type: Type
    bit: int
    bits: int | None
    inner: Aggregate | None


class Types:
    """Measures types and lays structs out; keeps what it found for the units at hand.

    What cannot be laid out raises `InvalidValue` with the reason.
    """

    def __init__(self) -> None:
        self._types: dict[tuple[int, int], Type] = {}
        self._aggregates: dict[tuple[int, int], Aggregate] = {}
        self._open: list[tuple[int, int]] = []  # those that are being laid out

    def forget(self) -> None:
        """Forget all types."""
        self._types.clear()
        self._aggregates.clear()

    def type(self, entry: Entry | None, steps: int = 0) -> Type:
        """Return the type that an entry describes; no entry is void."""
        if entry is None:
            return _VOID
        found = self._types.get(entry.key)
        if found is None:
            if len(self._types) >= MAX_KEPT:
                self.forget()
            end, names = resolve(entry)
            found = self._type(end, steps + 1)
            if names:
                found = replace(found, name=spell(Named(names[0])))
            self._types[entry.key] = found
        return found

    def _type(self, entry: Entry | None, steps: int) -> Type:
        if steps > MAX_STEPS:
            raise InvalidValue("a type nested too deeply")
        if entry is None:
            return _VOID
        size = _size(entry)
        match entry.tag:
            case dw.TAG_base_type:
                return _base(entry, size)
            case dw.TAG_enumeration_type:
                signed, width = self.enumeration(entry)
                return Type(_tagged("enum", entry), "int", width, signed)
            case dw.TAG_array_type:
                return self._array(entry, size, steps)
            case dw.TAG_subroutine_type:
                return Type("function", "function", None)
            case dw.TAG_unspecified_type:
                return Type(entry.name or "void", "void", size)
            case dw.TAG_subrange_type:
                return replace(self.type(entry.reference(dw.AT_type), steps), count=None)
        if entry.tag in dw.AGGREGATES:
            kind = _kind(entry)
            entry = definition(entry)
            return Type(_tagged(kind, entry), kind, _size(entry), aggregate=entry)
        if entry.tag in dw.POINTERS:
            return self._pointer(entry, size, steps)
        raise InvalidValue(f"a type of unknown kind {entry.tag:#x}")

    def _pointer(self, entry: Entry, size: int | None, steps: int) -> Type:
        to = self.type(entry.reference(dw.AT_type), steps)
        if size is None:
            size = entry.unit.header.word
            if entry.tag == dw.TAG_ptr_to_member_type and to.kind == "function":
                size *= 2  # which function, and what to add to this
        if to.kind == "function":
            return Type("void (*)()", "handle", size, pointee=Pointee("function", None, None))
        pointee = Pointee(to.name, to.size, to.signed)
        return Type(entry.name or f"{to.name} *", "handle", size, pointee=pointee)

    def _array(self, entry: Entry, size: int | None, steps: int) -> Type:
        element = self.type(entry.reference(dw.AT_type), steps)
        if element.size is None:
            raise InvalidValue(f"an array of {element.name}, whose size is not known")
        count = 1
        for bound in entry.children():
            if bound.tag == dw.TAG_subrange_type:
                count = _within(count * _length(bound), "an array")
        total = _within(element.size * count if size is None else size, "an array")
        inner = 1 if element.count is None else element.count
        return replace(element, size=total, count=count * inner)

    def enumeration(self, entry: Entry) -> tuple[bool, int]:
        """Return whether an enumeration is signed, and its size."""
        size = _size(entry)
        under = entry.reference(dw.AT_type)
        if under is not None:
            found = self.type(under)
            if found.kind == "int" and found.size is not None and found.signed is not None:
                return found.signed, size or found.size
        encoding = entry.number(dw.AT_encoding)
        if encoding is not None:
            return encoding in dw.SIGNED, size or 4
        values = (one.values.get(dw.AT_const_value) for one in entry.children())
        signed = any(v is not None and isinstance(v[1], int) and v[1] < 0 for v in values)
        return signed, size or 4

    def constant(self, enumeration: Entry, enumerator: Entry) -> Constant:
        """Return an enumerator as a constant of the type that it has in expressions."""
        signed, size = self.enumeration(enumeration)
        if not 1 <= size <= MAX_INTEGER:
            raise InvalidValue(f"an enumeration of {size} bytes")
        form, value = enumerator.values.get(dw.AT_const_value, (0, None))
        if not isinstance(value, int) or form in dw.OTHER_FORMS:
            raise InvalidValue("an enumerator without a value")
        value &= (1 << 8 * size) - 1
        if signed and value >> (8 * size - 1):
            value -= 1 << 8 * size
        if enumeration.unit.plain_c:  # an int where it fits, whatever the others are
            size = 4 if -(1 << 31) <= value < 1 << 32 else 8
            signed = value < 1 << (31 if size == 4 else 63)  # noqa: PLR2004 -- bytes
        elif size < 4:  # noqa: PLR2004 -- bytes; those are promoted to int
            signed, size = True, 4
        return Constant(value, size, signed)

    def aggregate(self, entry: Entry) -> Aggregate:
        """Return a struct or union laid out."""
        entry = definition(entry)
        found = self._aggregates.get(entry.key)
        if found is None:
            if entry.key in self._open:
                raise InvalidValue(f"{_tagged(_kind(entry), entry)} contains itself")
            if len(self._open) == MAX_DEPTH:
                raise InvalidValue(f"structs nested deeper than {MAX_DEPTH}")
            self._open.append(entry.key)
            try:
                found = self._aggregates[entry.key] = self._lay_out(entry)
            finally:
                self._open.pop()
        return found

    def _lay_out(self, entry: Entry) -> Aggregate:
        kind, size = _kind(entry), _size(entry)
        if size is None or entry.has(dw.AT_declaration):
            raise Incomplete(f"{_tagged(kind, entry)} is declared and not defined")
        members: list[_Member] = []
        for part in _parts(entry, 0):
            if len(members) > MAX_FIELDS:
                raise InvalidValue(f"more than {MAX_FIELDS} fields")
            member = self._member(part)
            if member.bits is None or part.name:
                members.append(member)
        rows: list[tuple[Field, Entry]] = []
        for member in members:
            rows += _described(member)
            if len(rows) > MAX_FIELDS:
                raise InvalidValue(f"more than {MAX_FIELDS} fields")
        layout = StructLayout(
            entry.name or "",
            kind,
            size,
            entry.number(dw.AT_alignment),
            tuple(field for field, _ in rows),
        )
        return Aggregate(layout, tuple(one for _, one in rows), _handle(kind, size, members))

    def _member(self, entry: Entry) -> _Member:
        found = self.type(entry.reference(dw.AT_type))
        inner = None
        if found.aggregate is not None:
            inner = self.aggregate(found.aggregate)
            if inner.handle is not None:
                found = replace(found, kind="handle", pointee=inner.handle)
        if found.size is None:
            raise InvalidValue(f"member {entry.name} is of type {found.name}, without a size")
        bits = entry.number(dw.AT_bit_size)
        return _Member(entry, found, _first_bit(entry, found.size, bits), bits, inner)


def resolve(entry: Entry) -> tuple[Entry | None, list[str]]:
    """Return what is behind typedefs and qualifiers, and the names of the typedefs."""
    found: Entry | None = entry
    names: list[str] = []
    for _ in range(MAX_STEPS):
        if found is None or not (found.tag in dw.ALIASES or found.tag in dw.QUALIFIERS):
            return found, names
        if found.tag in dw.ALIASES and found.name:
            names.append(found.name)
        found = found.reference(dw.AT_type)
    raise InvalidValue("a type nested too deeply")


def definition(entry: Entry) -> Entry:
    """Return the definition of a type that is in a unit of its own, others as they are."""
    if dw.AT_signature in entry.values:
        return entry.reference(dw.AT_signature) or entry
    return entry


def _parts(entry: Entry, depth: int) -> Iterator[Entry]:
    """Give the members of a struct or union, base classes and variants of Rust included."""
    for part in entry.children():
        if part.tag in (dw.TAG_member, dw.TAG_inheritance):
            if not part.has(dw.AT_external) and not part.has(dw.AT_declaration):
                yield part
        elif part.tag in (dw.TAG_variant_part, dw.TAG_variant) and depth < MAX_DEPTH:
            yield from _parts(part, depth + 1)


def _described(member: _Member) -> list[tuple[Field, Entry]]:
    """Return the field that a member is, and those in it."""
    entry, found, inner = member.entry, member.type, member.inner
    name = entry.name if entry.tag == dw.TAG_member else None
    if name is not None:
        name = name.replace(".", "$")  # _vptr.X of gcc, and a dot would be that of a path
    offset = member.bit // 8
    rows: list[tuple[Field, Entry]] = []
    if name is not None:
        kind, size, typename = found.kind, found.size or 0, found.name
        if member.bits is not None:
            kind, typename = "bits", f"{typename}:{member.bits}"
            size = (member.bit % 8 + member.bits + 7) // 8
        rows.append(
            (
                Field(
                    name,
                    offset,
                    size,
                    typename,
                    kind,
                    signed=found.signed,
                    count=found.count,
                    pointee=found.pointee if kind == "handle" else None,
                    align=entry.number(dw.AT_alignment),
                    bit=member.bit % 8 if member.bits is not None else None,
                ),
                entry,
            )
        )
    if inner is not None and not (found.kind == "handle" and name is not None):
        start = ""
        if name is not None:
            start = f"{name}[]." if found.count is not None else f"{name}."
        rows += [
            (replace(below, name=start + below.name, offset=offset + below.offset), origin)
            for below, origin in zip(inner.layout.fields, inner.entries, strict=True)
        ]
    return rows


def _handle(kind: str, size: int, members: list[_Member]) -> Pointee | None:
    """Return what a struct or union points to that only wraps one pointer, else None."""
    if any(member.bits is not None for member in members):
        return None
    pointer = wrapped_pointer(kind, size, [member.type for member in members])
    return pointer.pointee if pointer else None


def _first_bit(entry: Entry, size: int, bits: int | None) -> int:
    """Return the bit of the struct where a member begins."""
    bit = entry.number(dw.AT_data_bit_offset)
    start = _location(entry)
    if bit is None:
        old = entry.number(dw.AT_bit_offset)  # from the other end of what it is stored in
        bit = 0
        if old is not None and bits is not None:
            storage = entry.number(dw.AT_byte_size) or size
            bit = 8 * storage - old % (1 << 64) - bits
    bit += 8 * start
    if not 0 <= bit <= 8 * MAX_SIZE or (bits or 0) > 8 * size:
        raise InvalidValue(f"member {entry.name} at an impossible place")
    return bit


def _location(entry: Entry) -> int:
    """Return the offset of a member in bytes, a number or an expression that adds one."""
    form, value = entry.values.get(dw.AT_data_member_location, (0, 0))
    if isinstance(value, int):
        return value
    data = memoryview(value)
    if form != dw.FORM_data16 and data and data[0] in (dw.OP_plus_uconst, dw.OP_constu):
        offset, end = uleb(data, 1)
        if end == len(data):
            return offset
    raise InvalidValue(f"{entry.name or 'a base class'} is at no constant offset")


def _base(entry: Entry, size: int | None) -> Type:
    name, encoding = entry.name or "", entry.number(dw.AT_encoding)
    if size is None:
        raise InvalidValue(f"type {name} has no size")
    if encoding in dw.FLOATS:
        return Type(name, "float", size)
    return Type(_CANONICAL.get(name, name), "int", size, encoding in dw.SIGNED)


def _length(bound: Entry) -> int:
    """Return the number of elements that a bound of an array says, 0 where it says none."""
    count = bound.number(dw.AT_count)
    if count is None:
        last = bound.number(dw.AT_upper_bound)
        if last is None:
            return 0
        form = bound.values[dw.AT_upper_bound][0]
        if form in (dw.FORM_data4, dw.FORM_data8) and last in (0xFFFFFFFF, (1 << 64) - 1):
            last = -1
        count = last - (bound.number(dw.AT_lower_bound) or 0) + 1
    return max(count, 0)


def _size(entry: Entry) -> int | None:
    size = entry.number(dw.AT_byte_size)
    if size is None and entry.tag == dw.TAG_base_type:
        bits = entry.number(dw.AT_bit_size)
        size = None if bits is None else (bits + 7) // 8
    return None if size is None else _within(size, entry.name or "a type")


def _within(size: int, what: str) -> int:
    """Return a size if it is possible."""
    if not 0 <= size <= MAX_SIZE:
        raise InvalidValue(f"{what} of an impossible size")
    return size


def _kind(entry: Entry) -> str:
    return "union" if entry.tag == dw.TAG_union_type else "struct"


def _tagged(kind: str, entry: Entry) -> str:
    return f"{kind} {entry.name}" if entry.name else kind
