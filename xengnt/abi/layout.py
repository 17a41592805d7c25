# SPDX-License-Identifier: MIT
"""Where each byte of each struct is: the layout engine and what it gives.

`compute` turns `Declarations` into a `Layout` by the rules that C compilers
follow on the six ABIs. A `Layout` is a plain value that does not know where it
came from; readers of binaries make them as well.

Imports ``xengnt.errors`` and ``xengnt.abi`` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Protocol, TypeVar

from xengnt.abi.declarations import (
    Aggregate,
    Arithmetic,
    Array,
    Constant,
    CType,
    Declarations,
    Member,
    Named,
    Pointer,
    Tagged,
    Typedef,
)
from xengnt.abi.targets import Target, format_version
from xengnt.errors import InvalidValue, UnknownName

MAX_FIELDS = 20_000
"""A struct with more fields than this, all levels counted, is refused."""

MAX_ALIGN = 1 << 28
"""What ``aligned`` may ask for at the most; the limit of compilers."""

MAX_DEPTH = 100
"""Structs nested deeper than this are refused."""


WORD = 0
"""In the tables of types, the size of those that are as wide as a pointer."""


@dataclass(frozen=True, slots=True)
class Pointee:
    """What a handle or pointer points to.

    Attributes:
        type: the type of an element.
        size: of an element, None where that is unknown.
        signed: whether an element is signed, None if it is no integer.
        count: the member of the struct that says how many elements there are.
    """

    type: str
    size: int | None
    signed: bool | None
    count: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a struct, at any depth.

    Attributes:
        name: the dotted path from the struct, ``source.u.ref``.
        offset: where it begins, in bytes from the start of the struct.
        size: how many bytes it takes, all elements of an array together.
        type: its C type, without the ``[n]`` of an array.
        kind: ``int``, ``float``, ``handle`` (an address, however it is wrapped),
            ``bits`` (a bit-field), ``struct`` or ``union``.
        signed: of an ``int`` or ``bits``, whether it is signed.
        count: of an array, the number of elements.
        direction: ``IN``, ``OUT``, ``IN/OUT`` or ``IN-pointer``, where known.
        enum: the enumerations that its value is made of, joined by ``|``.
        pointee: of a ``handle``, what it points to.
        select: of a ``union``, which member is meant when.
        align: the alignment that it asks for, None where the source cannot tell.
        bit: of ``bits``, the first bit in the byte at its offset, None where unknown; few
            sources tell, so it does not count when fields are compared as values.
    """

    name: str
    offset: int
    size: int
    type: str
    kind: str
    signed: bool | None = None
    count: int | None = None
    direction: str | None = None
    enum: str | None = None
    pointee: Pointee | None = None
    select: str | None = None
    align: int | None = None
    bit: int | None = field(default=None, compare=False)

    @property
    def end(self) -> int:
        """The offset of the first byte behind it."""
        return self.offset + self.size

    @property
    def scalar(self) -> bool:
        """Whether it has a value of its own, rather than members."""
        return self.kind not in ("struct", "union")

    def within(self, other: Field) -> bool:
        """Tell whether it is a member of another field, at any depth."""
        return self.name.startswith((f"{other.name}.", f"{other.name}[]."))


@dataclass(frozen=True)
class StructLayout:
    """A struct or union: its fields, flat, and its holes.

    Attributes:
        tag: the C tag.
        kind: ``struct`` or ``union``.
        size: in bytes.
        align: in bytes, None where the source cannot tell.
        fields: all of them at all depths, aggregates before their members, in the
            order of declaration.
        select: of a union, which member is meant when.
    """

    tag: str
    kind: str
    size: int
    align: int | None
    fields: tuple[Field, ...]
    select: str | None = None

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their dotted path."""
        return {field.name: field for field in self.fields}

    def field(self, name: str) -> Field:
        """Return the field at a dotted path.

        Raises:
            UnknownName: there is none.
        """
        try:
            return self.by_name[name]
        except KeyError:
            raise UnknownName(
                f"{self.tag} has no field {name!r}", struct=self.tag, field=name
            ) from None

    def members_of(self, name: str) -> tuple[Field, ...]:
        """Return the fields one level below a dotted path, or the top ones for ""."""
        start = f"{name}." if name else ""
        return tuple(
            field
            for field in self.fields
            if field.name.startswith(start) and "." not in field.name[len(start) :]
        )

    @cached_property
    def leaves(self) -> tuple[Field, ...]:
        """The fields that hold values: scalars, and unions of nothing but scalars."""
        found: list[Field] = []
        index = 0
        while index < len(self.fields):
            field = self.fields[index]
            index += 1
            if field.scalar:
                found.append(field)
            elif field.kind == "union" and field.count is None:
                after = index
                while after < len(self.fields) and self.fields[after].within(field):
                    if not self.fields[after].scalar:
                        break
                    after += 1
                else:
                    if after > index:
                        found.append(field)
                        index = after
        return tuple(found)

    @cached_property
    def holes(self) -> tuple[tuple[int, int], ...]:
        """The bytes that no field covers, as (offset, length), in order.

        Of very long arrays with holes in each element, those of the first elements.
        """
        starts = [0, *(end for _, end in _covered(self.fields))]
        ends = [*(first for first, _ in _covered(self.fields)), self.size]
        return tuple(
            (start, end - start) for start, end in zip(starts, ends, strict=True) if end > start
        )


@dataclass(frozen=True, slots=True)
class OpLayout:
    """A command: its number, the tag of its argument, and its constant in C."""

    number: int
    struct: str
    constant: str


@dataclass(frozen=True, slots=True)
class TypeLayout:
    """A scalar type by the name of a typedef."""

    size: int
    align: int | None
    kind: str
    signed: bool | None


@dataclass(frozen=True, slots=True)
class Layout:
    """All structs, scalar types, constants and commands of an ABI, laid out.

    Attributes:
        abi: the name of the ABI.
        interface_version: 0 where undefined.
        structs: by C tag.
        typedefs: the scalar ones, by name.
        constants: by name.
        ops: by name without prefix; empty where the source does not state them.
        messages: one for each status, element -s for status s.
        aliases: typedefs that name a struct or union, and which, ``struct gnttab_copy``.
    """

    abi: str
    interface_version: int
    structs: dict[str, StructLayout]
    typedefs: dict[str, TypeLayout]
    constants: dict[str, Constant]
    ops: dict[str, OpLayout]
    messages: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)

    def struct(self, name: str) -> StructLayout:
        """Return a struct by its tag or, for an argument, by the name of its op.

        Raises:
            UnknownName: this ABI and interface version has none of that name.
        """
        tag = self.ops[name].struct if name in self.ops else name
        if tag not in self.structs:
            raise UnknownName(
                f"no struct or op {name!r} for {self.abi} at interface version "
                f"{format_version(self.interface_version)}",
                struct=name,
            )
        return self.structs[tag]

    def op_of(self, tag: str) -> str | None:
        """Return the name of the op whose argument a struct is, None if it is that of none."""
        return next((name for name, op in self.ops.items() if op.struct == tag), None)

    def as_json(self) -> dict[str, object]:
        """Return it in the shape of layout JSON, of dicts, lists and scalars."""

        def field(one: Field) -> dict[str, object]:
            row = asdict(one)
            del row["align"], row["bit"]  # JSON states the alignment of structs only
            return row

        return {
            "abi": self.abi,
            "interface_version": format_version(self.interface_version),
            "structs": {
                tag: {
                    "kind": struct.kind,
                    "size": struct.size,
                    "align": struct.align,
                    "select": struct.select,
                    "fields": [field(one) for one in struct.fields],
                    "holes": [list(hole) for hole in struct.holes],
                }
                for tag, struct in self.structs.items()
            },
            "typedefs": {name: asdict(one) for name, one in self.typedefs.items()},
            "aliases": dict(self.aliases),
            "constants": {name: asdict(one) for name, one in self.constants.items()},
            "ops": {name: asdict(one) for name, one in self.ops.items()},
            "messages": list(self.messages),
        }


_INTEGERS = {
    "_Bool": (1, False),
    "signed char": (1, True),
    "unsigned char": (1, False),
    "short": (2, True),
    "unsigned short": (2, False),
    "int": (4, True),
    "unsigned int": (4, False),
    "long": (WORD, True),
    "unsigned long": (WORD, False),
    "long long": (8, True),
    "unsigned long long": (8, False),
}
_STANDARD = {
    **{f"int{8 * size}_t": (size, True) for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}_t": (size, False) for size in (1, 2, 4, 8)},
    "bool": (1, False),
    "size_t": (WORD, False),
    "ssize_t": (WORD, True),
    "ptrdiff_t": (WORD, True),
    "intptr_t": (WORD, True),
    "uintptr_t": (WORD, False),
}
_FLOATS = {"float": 4, "double": 8}

_HANDLE = re.compile(r"__guest_handle_(?:64_)?(\w+)")


STANDARD_TYPES = frozenset(_STANDARD)
"""Types of <stdint.h> and <stddef.h>, which a header may use without saying where from."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a type lies in memory.

    Attributes:
        size: in bytes, all elements of an array together.
        align: that of a member of this type.
        kind: as of a `Field`.
        signed: of an ``int``, whether it is signed.
        count: of an array, the number of elements.
        boolean: whether it is ``_Bool``.
        pointer: of a ``handle``, the pointer in it.
        aggregate: of a struct or union, what it is made of, even if it is a ``handle``.
    """

    size: int
    align: int
    kind: str
    signed: bool | None = None
    count: int | None = None
    boolean: bool = False
    pointer: Pointer | None = None
    aggregate: Aggregate | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a member of a struct lies: the bit where it begins, and its alignment."""

    member: Member
    shape: Shape
    bit: int
    align: int


@dataclass(slots=True)
class _Placed:
    """An aggregate laid out; its fields are listed when they are first asked for.

    Attributes:
        count: how many fields it has, all levels counted.
        depth: how many levels.
    """

    aggregate: Aggregate
    shape: Shape
    places: list[_Place]
    count: int
    depth: int
    fields: tuple[Field, ...] | None = None


class Engine:
    """Measures types and lays structs out, for one set of declarations.

    Everything that cannot be laid out raises `InvalidValue` or `UnknownName`
    with the reason.
    """

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.target: Target = declared.target
        self._largest = (1 << (8 * self.target.word - 1)) - 1
        self._named: dict[str, Shape] = {}
        self._ends: dict[str, CType] = {}
        self._placed: dict[int, _Placed] = {}  # by identity: comparing them takes long
        self._placing: list[Aggregate] = []

    def shape(self, ctype: CType) -> Shape:
        """Return how a type lies in memory."""
        try:
            return self._shape(ctype)
        except RecursionError:
            raise InvalidValue("a type nested too deeply") from None

    def resolve(self, ctype: CType) -> CType:
        """Return what a typedef stands for in the end, other types as they are."""
        names: list[str] = []
        while isinstance(ctype, Named) and ctype.name not in self._ends:
            typedef = self.declared.typedefs.get(ctype.name)
            if typedef is None or len(names) > len(self.declared.typedefs):
                break
            names.append(ctype.name)
            ctype = typedef.type
        if isinstance(ctype, Named):
            ctype = self._ends.get(ctype.name, ctype)
        if not isinstance(ctype, Named) or ctype.name in STANDARD_TYPES:  # others may be to come
            self._ends.update(dict.fromkeys(names, ctype))
        return ctype

    def _typedefs(self, ctype: CType) -> Iterator[Typedef]:
        """Give the typedefs that stand between a name and a type without one."""
        for _ in range(len(self.declared.typedefs) + 1):
            if not isinstance(ctype, Named) or ctype.name not in self.declared.typedefs:
                break
            typedef = self.declared.typedefs[ctype.name]
            yield typedef
            ctype = typedef.type

    def _shape(self, ctype: CType) -> Shape:
        match ctype:
            case Named(name):
                return self._name(name)
            case Arithmetic(name):
                return self._arithmetic(name)
            case Tagged(kind, tag):
                aggregate = self.declared.aggregates.get(tag)
                if aggregate is None or aggregate.kind != kind:
                    raise UnknownName(f"{kind} {tag} is not defined", struct=tag)
                return self._lay_out(aggregate).shape
            case Pointer():
                return Shape(self.target.word, self.target.word, "handle", pointer=ctype)
            case Array(of, count):
                element = self.shape(of)
                size = self._fit(element.size * count)
                count *= 1 if element.count is None else element.count
                return replace(element, size=size, count=count)
            case Aggregate():
                return self._lay_out(ctype).shape

    def _name(self, name: str) -> Shape:
        typedef = self.declared.typedefs.get(name)
        if typedef is None:
            if name not in STANDARD_TYPES:
                raise UnknownName(f"unknown type {name!r}", got=name)
            return self._arithmetic(name)
        if name not in self._named:
            shape = self.shape(typedef.type)
            if typedef.align:  # even if it is smaller than that of the type
                shape = replace(shape, align=typedef.align)
            self._named[name] = shape
        return self._named[name]

    def _fit(self, size: int) -> int:
        if size > self._largest:
            raise InvalidValue(f"{size} bytes are more than the address space has", got=size)
        return size

    def _arithmetic(self, name: str) -> Shape:
        size, kind, signed = 0, "int", None
        if name in _INTEGERS or name in _STANDARD:
            size, signed = _INTEGERS.get(name) or _STANDARD[name]
            size = size or self.target.word
        elif name == "char":
            size, signed = 1, self.target.char_signed
        elif name in _FLOATS:
            size, kind = _FLOATS[name], "float"
        else:
            raise InvalidValue(f"type {name!r} has no known size", got=name)
        align = self.target.align8 if size == 8 else size  # noqa: PLR2004 -- bytes
        return Shape(size, align, kind, signed, boolean=name in ("_Bool", "bool"))

    def _pointee(self, to: CType | None, count: str | None) -> Pointee:
        if to is None:
            return Pointee("function", None, None)
        try:
            shape = self.shape(to)
        except (InvalidValue, UnknownName):  # void, or a struct that is not defined here
            return Pointee(spell(to), None, None, count)
        return Pointee(spell(to), shape.size, shape.signed, count)

    def struct(self, tag: str, aggregate: Aggregate) -> StructLayout:
        """Return a struct or union laid out."""
        shape = self._lay_out(aggregate).shape
        fields = self._fields(aggregate)
        return StructLayout(tag, aggregate.kind, shape.size, shape.align, fields, aggregate.select)

    def _lay_out(self, aggregate: Aggregate) -> _Placed:
        found = self._placed.get(id(aggregate))
        if found is not None:
            return found
        if any(aggregate is outer for outer in self._placing):
            raise InvalidValue(f"{spell(aggregate)} contains itself", struct=aggregate.tag)
        if len(self._placing) == MAX_DEPTH:
            raise InvalidValue(f"structs nested deeper than {MAX_DEPTH}", struct=aggregate.tag)
        self._placing.append(aggregate)
        try:
            found = self._placed[id(aggregate)] = self._place(aggregate)
        finally:
            self._placing.pop()
        return found

    def _place(self, aggregate: Aggregate) -> _Placed:
        places: list[_Place] = []
        align = 1
        bit = 0  # the first free bit
        end = 0  # bits, of the longest member of a union
        count, depth = len(aggregate.members), 1
        for member in aggregate.members:
            shape = self.shape(member.type)
            start = 0 if aggregate.kind == "union" else bit
            if member.bits is None:
                wanted = _member_align(aggregate, member, shape)
                start = _up(start, wanted * 8)
                bit = start + shape.size * 8
            else:
                start, wanted = self._place_bits(aggregate, member, shape, start)
                bit = start + member.bits
            align = max(align, wanted)
            end = max(end, bit)
            if shape.aggregate:
                inner = self._lay_out(shape.aggregate)
                count, depth = count + inner.count, max(depth, inner.depth + 1)
            if member.bits is None or member.name:
                places.append(_Place(member, shape, start, wanted))
        if depth > MAX_DEPTH:
            raise InvalidValue(f"structs nested deeper than {MAX_DEPTH}", struct=aggregate.tag)
        if count > MAX_FIELDS:
            raise InvalidValue(f"more than {MAX_FIELDS} fields", struct=aggregate.tag)
        align = max(align, aggregate.align or 1)
        size = self._fit(_up(_up(end, 8) // 8, align))
        pointer = None
        if all(place.member.bits is None for place in places):
            shapes = [place.shape for place in places]
            pointer = wrapped_pointer(aggregate.kind, size, shapes)
        shape = Shape(size, align, aggregate.kind, aggregate=aggregate)
        if pointer:
            shape = replace(shape, kind="handle", pointer=pointer.pointer)
        return _Placed(aggregate, shape, places, count, depth)

    def _place_bits(
        self, aggregate: Aggregate, member: Member, shape: Shape, start: int
    ) -> tuple[int, int]:
        """Return the first bit of a bit-field, and the alignment that it asks for.

        It begins at `start`, the first free bit, unless it would then straddle more
        units of its type's alignment than its type fills. That does not count where
        anything is packed. What it asks for is less where it has no name, and for
        ``#pragma pack`` the attribute ``packed`` does not count.
        """
        width = member.bits or 0
        if shape.kind != "int" or shape.count is not None:
            raise InvalidValue(f"a bit-field of type {spell(member.type)}")
        if width > (1 if shape.boolean else shape.size * 8):
            raise InvalidValue(f"a bit-field wider than its type: {width} bits", got=width)
        if width == 0 and member.name:
            raise InvalidValue("a bit-field of no width has a name", field=member.name)
        packed = aggregate.packed or member.packed
        if member.align:
            start = _up(start, min(member.align, aggregate.pack or member.align) * 8)
        straddles = start % (shape.align * 8) + width > shape.size * 8
        if width == 0 or (straddles and not packed and not aggregate.pack):
            start = _up(start, shape.align * 8)
        wanted = shape.align
        if not member.name and not self.target.name.startswith("arm"):
            wanted = 1
        elif width and (packed or aggregate.pack):
            wanted = min(wanted, aggregate.pack or 1)
        return start, max(wanted, min(member.align or 1, aggregate.pack or MAX_ALIGN))

    def _fields(self, aggregate: Aggregate) -> tuple[Field, ...]:
        """Return the fields of a struct or union, all levels, flat."""
        placed = self._lay_out(aggregate)
        if placed.fields is None:
            rows = (self._describe(place) for place in placed.places)
            placed.fields = tuple(field for row in rows for field in row)
        return placed.fields

    def _describe(self, place: _Place) -> list[Field]:
        """Return the field that a member is, and those in it."""
        member, shape = place.member, place.shape
        select = dict(member.select)
        rows = []
        if member.name is not None:
            rows.append(self._field(member.name, place, select.get("")))
        if shape.aggregate and not (shape.kind == "handle" and member.name is not None):
            start = ""
            if member.name is not None:
                start = f"{member.name}[]." if shape.count is not None else f"{member.name}."
            rows += [
                replace(
                    below,
                    name=start + below.name,
                    offset=place.bit // 8 + below.offset,
                    direction=below.direction or member.direction,
                    select=select.get(below.name, below.select),
                )
                for below in self._fields(shape.aggregate)
            ]
        return rows

    def _field(self, name: str, place: _Place, select: str | None) -> Field:
        member, shape = place.member, place.shape
        base = member.type
        while isinstance(base, Array):
            base = base.of
        kind, size, typename = shape.kind, shape.size, spell(base)
        if member.bits is not None:
            kind, typename = "bits", f"{typename}:{member.bits}"
            size = (place.bit % 8 + member.bits + 7) // 8
        if shape.aggregate and kind != "handle":
            select = select or shape.aggregate.select
        return Field(
            name,
            place.bit // 8,
            size,
            typename,
            kind,
            signed=shape.signed,
            count=shape.count,
            direction=member.direction,
            enum=member.enum or self._enum(base),
            pointee=self._pointee(shape.pointer.to, member.count) if shape.pointer else None,
            select=select,
            align=place.align,
            bit=place.bit % 8 if member.bits is not None else None,
        )

    def _enum(self, ctype: CType) -> str | None:
        """Return the enumeration that a typedef, or one that it names, is marked with."""
        return next((one.enum for one in self._typedefs(ctype) if one.enum), None)


def _member_align(aggregate: Aggregate, member: Member, shape: Shape) -> int:
    """Return the alignment that a member gets that is no bit-field."""
    packed = aggregate.packed or member.packed
    wanted = max(1 if packed else shape.align, member.align or 1)
    return min(wanted, aggregate.pack or wanted)


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


class _Type(Protocol):
    """What there is to know of a member's type, in whatever form a reader has it."""

    @property
    def kind(self) -> str: ...
    @property
    def count(self) -> int | None: ...


T = TypeVar("T", bound=_Type)


def wrapped_pointer(kind: str, size: int, types: Sequence[T]) -> T | None:
    """Return the pointer in a struct or union that only wraps one, else None.

    That is how guest handles are made: a struct of a pointer, or a union of a
    pointer and integers.

    Args:
        kind: ``struct`` or ``union``.
        size: its size in bytes.
        types: those of its members, none of which is a bit-field.
    """
    pointers = [one for one in types if one.kind == "handle" and one.count is None]
    others = [one for one in types if one.kind != "handle" or one.count is not None]
    if len(pointers) != 1 or size not in (4, 8) or (others and kind == "struct"):
        return None
    plain = all(one.kind == "int" and one.count is None for one in others)
    return pointers[0] if plain else None


def _covered(fields: Sequence[Field]) -> list[tuple[int, int]]:
    """Return the bytes that fields cover, as (offset, end), in order and joined."""
    pieces: list[tuple[int, int]] = []
    index = 0
    while index < len(fields):
        field = fields[index]
        index += 1
        if field.scalar:
            pieces.append((field.offset, field.end))
        elif field.count:
            after = index
            while after < len(fields) and fields[after].within(field):
                after += 1
            stride = field.size // field.count
            inside = _covered(fields[index:after])
            index = after
            if inside == [(field.offset, field.offset + stride)]:
                pieces.append((field.offset, field.end))
                continue
            listed = min(field.count, MAX_FIELDS // max(len(inside), 1))
            for number in range(listed):
                start = number * stride
                pieces += [(start + first, start + end) for first, end in inside]
            pieces.append((field.offset + listed * stride, field.end))
    covered: list[tuple[int, int]] = []
    for first, end in sorted(pieces):
        if covered and first <= covered[-1][1]:
            covered[-1] = (covered[-1][0], max(end, covered[-1][1]))
        elif end > first:
            covered.append((first, end))
    return covered


def spell(ctype: CType) -> str:
    """Return a type as C spells it, guest handles by the macro that makes them."""
    match ctype:
        case Arithmetic(name):
            return name
        case Named(name):
            handle = _HANDLE.fullmatch(name)
            return f"XEN_GUEST_HANDLE({handle[1]})" if handle else name
        case Tagged(kind, tag):
            return f"{kind} {tag}"
        case Pointer(None):
            return "void (*)()"
        case Pointer(to):
            return f"{spell(to)} *"  # type: ignore[arg-type]  # None is the case above
        case Array(of, count):
            return f"{spell(of)}[{count}]"
        case Aggregate():
            return f"{ctype.kind} {ctype.tag}" if ctype.tag else ctype.kind


def _unnamed(declared: Declarations) -> Iterator[tuple[str, Aggregate]]:
    """Give the structs and unions that have no tag but a typedef, by its name."""
    for name, typedef in declared.typedefs.items():
        found = typedef.type
        if isinstance(found, Aggregate) and found.tag is None and name not in declared.aggregates:
            yield name, found


def compute(declared: Declarations, skipped: dict[str, str] | None = None) -> Layout:
    """Lay out all that is declared; a struct without a tag goes by its typedef's name.

    Args:
        declared: a header at one ABI and interface version.
        skipped: gets the structs that cannot be laid out, with the reason; without
            it, the first such raises.

    Raises:
        InvalidValue, UnknownName: a struct cannot be laid out.
    """
    engine = Engine(declared)
    structs: dict[str, StructLayout] = {}
    unnamed: dict[int, str] = {}  # structs without a tag by identity, and their typedefs
    for tag, aggregate in (*declared.aggregates.items(), *_unnamed(declared)):
        try:
            layout = engine.struct(tag, aggregate)
            if aggregate.tag is None:
                shape = engine.shape(Named(tag))
                if shape.kind == "handle" or unnamed.setdefault(id(aggregate), tag) != tag:
                    continue
                layout = replace(layout, align=shape.align)
            structs[tag] = layout
        except (InvalidValue, UnknownName) as error:
            if skipped is None:
                raise
            skipped[tag] = str(error)
    typedefs: dict[str, TypeLayout] = {}
    aliases: dict[str, str] = {}
    for name in declared.typedefs:
        target = engine.resolve(Named(name))
        tagged = isinstance(target, Tagged | Aggregate) and target.tag
        if isinstance(target, Aggregate) and unnamed.get(id(target), name) != name:
            aliases[name] = unnamed[id(target)]
        elif tagged or (isinstance(target, Pointer) and not _HANDLE.fullmatch(name)):
            aliases[name] = spell(target)
        try:
            shape = engine.shape(Named(name))
        except (InvalidValue, UnknownName):
            continue  # void, a function, or a struct that is reported by its tag
        if shape.kind in ("int", "float") and shape.count is None:
            typedefs[name] = TypeLayout(shape.size, shape.align, shape.kind, shape.signed)
    commands = declared.commands()
    ops = {
        commands.short(member): OpLayout(
            declared.constants[member].value, commands.struct(member) or "", member
        )
        for member in (commands.members if commands else ())
        if commands and member in declared.constants
    }
    return Layout(
        abi=declared.target.name,
        interface_version=declared.version,
        structs=structs,
        typedefs=typedefs,
        constants=dict(declared.constants),
        ops=ops,
        messages=declared.messages,
        aliases=aliases,
    )
