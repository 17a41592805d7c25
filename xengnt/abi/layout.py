# SPDX-License-Identifier: MIT
"""Where each byte of each struct is: the layout engine and what it gives.

`compute` turns `Declarations` into a `Layout` by the rules that C compilers
follow on the six ABIs. A `Layout` is a plain value that does not know where it
came from; readers of binaries make them as well.

Imports ``xengnt.errors`` and ``xengnt.abi`` only.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import cached_property

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
)
from xengnt.abi.targets import Target, format_version
from xengnt.errors import InvalidValue, UnknownName

MAX_FIELDS = 20_000
"""A struct with more fields than this, all levels counted, is refused."""

MAX_DEPTH = 200
"""Structs nested deeper than this are refused."""


@dataclass(frozen=True, slots=True)
class Pointee:
    """What a handle or pointer points to; `size` is None where that is unknown."""

    type: str
    size: int | None
    signed: bool | None


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

    @property
    def end(self) -> int:
        """The offset of the first byte behind it."""
        return self.offset + self.size

    @property
    def scalar(self) -> bool:
        """Whether it has a value of its own, rather than members."""
        return self.kind not in ("struct", "union")


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
        union = None
        for field in self.fields:
            if union and field.name.startswith(f"{union.name}."):
                continue
            members = self.members_of(field.name) if field.kind == "union" else ()
            if members and all(member.scalar for member in members):
                union = field
                found.append(field)
            elif field.scalar:
                found.append(field)
        return tuple(found)

    @cached_property
    def holes(self) -> tuple[tuple[int, int], ...]:
        """The bytes that no field covers, as (offset, length), in order."""
        holes = []
        reached = 0
        for field in sorted((f for f in self.fields if f.scalar), key=lambda f: f.offset):
            if field.offset > reached:
                holes.append((reached, field.offset - reached))
            reached = max(reached, field.end)
        if self.size > reached:
            holes.append((reached, self.size - reached))
        return tuple(holes)


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
    """

    abi: str
    interface_version: int
    structs: dict[str, StructLayout]
    typedefs: dict[str, TypeLayout]
    constants: dict[str, Constant]
    ops: dict[str, OpLayout]
    messages: tuple[str, ...] = ()

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

    def as_json(self) -> dict[str, object]:
        """Return it in the shape of layout JSON, of dicts, lists and scalars."""

        def field(one: Field) -> dict[str, object]:
            row = asdict(one)
            del row["align"]  # JSON states the alignment of structs only
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
    "long long": (8, True),
    "unsigned long long": (8, False),
}
_WORDS = {"long": True, "unsigned long": False}
_STANDARD = {
    **{f"int{8 * size}_t": (size, True) for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}_t": (size, False) for size in (1, 2, 4, 8)},
    "bool": (1, False),
}
_STANDARD_WORDS = {
    "size_t": False,
    "ssize_t": True,
    "ptrdiff_t": True,
    "intptr_t": True,
    "uintptr_t": False,
}
_FLOATS = {"float": 4, "double": 8}

_HANDLE = re.compile(r"__guest_handle_(?:64_)?(\w+)")


STANDARD_TYPES = frozenset({*_STANDARD, *_STANDARD_WORDS})
"""Types of <stdint.h> and <stddef.h>, which a header may use without saying where from."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a type lies in memory. `align` is that of a member of this type."""

    size: int
    align: int
    kind: str
    signed: bool | None = None
    count: int | None = None
    pointee: Pointee | None = None
    aggregate: Aggregate | None = None


class Engine:
    """Measures types and lays structs out, for one set of declarations.

    Everything that cannot be laid out raises `InvalidValue` or `UnknownName`
    with the reason.
    """

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.target: Target = declared.target
        self._aggregates: dict[Aggregate, tuple[Shape, tuple[Field, ...]]] = {}
        self._depth = 0

    def shape(self, ctype: CType) -> Shape:
        """Return how a type lies in memory."""
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                raise InvalidValue("types are nested too deeply, or contain themselves")
            return self._shape(ctype)
        finally:
            self._depth -= 1

    def _shape(self, ctype: CType) -> Shape:
        match ctype:
            case Arithmetic(name):
                return self._arithmetic(name)
            case Named(name):
                typedef = self.declared.typedefs.get(name)
                if typedef is None and name in STANDARD_TYPES:
                    return self._arithmetic(name)
                if typedef is None:
                    raise UnknownName(f"unknown type {name!r}", got=name)
                shape = self.shape(typedef.type)
                return replace(shape, align=typedef.align) if typedef.align else shape
            case Tagged(kind, tag):
                aggregate = self.declared.aggregates.get(tag)
                if aggregate is None or aggregate.kind != kind:
                    raise UnknownName(f"{kind} {tag} is not defined", struct=tag)
                return self.shape(aggregate)
            case Pointer(to):
                word = self.target.word
                return Shape(word, word, "handle", pointee=self._pointee(to))
            case Array(of, count):
                element = self.shape(of)
                count *= element.count if element.count is not None else 1
                size = element.size // (element.count or 1) * count
                return replace(element, size=size, count=count)
            case Aggregate():
                return self._aggregate(ctype)[0]

    def _arithmetic(self, name: str) -> Shape:
        if name == "char":
            return Shape(1, 1, "int", self.target.char_signed)
        words, integers = {**_WORDS, **_STANDARD_WORDS}, {**_INTEGERS, **_STANDARD}
        if name in words:
            return Shape(self.target.word, self.target.word, "int", words[name])
        if name in integers:
            size, signed = integers[name]
            return Shape(size, self.target.align8 if size == 8 else size, "int", signed)
        if name in _FLOATS:
            size = _FLOATS[name]
            return Shape(size, self.target.align8 if size == 8 else size, "float")
        raise InvalidValue(f"type {name!r} has no known size", got=name)

    def _pointee(self, to: CType | None) -> Pointee:
        if to is None:
            return Pointee("function", None, None)
        try:
            shape = self.shape(to)
        except (InvalidValue, UnknownName):  # void, or a struct that is not defined here
            return Pointee(spell(to), None, None)
        return Pointee(spell(to), shape.size, shape.signed)

    def fields(self, aggregate: Aggregate) -> tuple[Field, ...]:
        """Return the fields of a struct or union, all levels, flat."""
        return self._aggregate(aggregate)[1]

    def struct(self, tag: str, aggregate: Aggregate) -> StructLayout:
        """Return a struct or union laid out."""
        shape, fields = self._aggregate(aggregate)
        return StructLayout(
            tag, aggregate.kind, shape.size, shape.align, fields, aggregate.select
        )

    def _aggregate(self, aggregate: Aggregate) -> tuple[Shape, tuple[Field, ...]]:
        found = self._aggregates.get(aggregate)
        if found is None:
            found = self._aggregates[aggregate] = self._place(aggregate)
        return found

    def _place(self, aggregate: Aggregate) -> tuple[Shape, tuple[Field, ...]]:
        union = aggregate.kind == "union"
        fields: list[Field] = []
        direct: list[tuple[Member, int, Shape]] = []
        align = 1
        bit = 0  # the first free bit
        end = 0  # bits, of the longest member of a union
        for member in aggregate.members:
            shape = self.shape(member.type)
            wanted = self._member_align(aggregate, member, shape)
            start = 0 if union else bit
            if member.bits is None:
                start = _up(start, wanted * 8)
                bit = start + shape.size * 8
            else:
                packed = aggregate.packed or member.packed
                start, bit = _place_bits(member.bits, shape, None if packed else wanted, start)
            if member.bits is None or member.name or self.target.name.startswith("arm"):
                align = max(align, wanted)
            end = max(end, bit)
            if member.bits is None or member.name:
                fields += self._describe(member, shape, start, wanted)
                direct.append((member, start, shape))
            if len(fields) > MAX_FIELDS:
                raise InvalidValue(f"more than {MAX_FIELDS} fields")
        if aggregate.align:
            align = max(align, aggregate.align)
        size = _up(_up(end, 8) // 8, align)
        handle = _handle(aggregate, direct, size)
        if handle:
            shape = Shape(size, align, "handle", pointee=handle.pointee)
        else:
            shape = Shape(size, align, aggregate.kind, aggregate=aggregate)
        return shape, tuple(fields)

    def _member_align(self, aggregate: Aggregate, member: Member, shape: Shape) -> int:
        packed = aggregate.packed or member.packed
        wanted = 1 if packed else shape.align
        if member.align:
            wanted = max(wanted, member.align)
        if aggregate.pack:
            wanted = min(wanted, aggregate.pack)
        return wanted

    def _describe(self, member: Member, shape: Shape, bit: int, align: int) -> list[Field]:
        """Return the fields of a member that begins at a bit of its struct."""
        offset = bit // 8
        rows = []
        select = dict(member.select)
        if member.name is not None:
            base = member.type
            while isinstance(base, Array):
                base = base.of
            kind, size, typename = shape.kind, shape.size, spell(base)
            if member.bits is not None:
                kind, typename = "bits", f"{typename}:{member.bits}"
                size = (bit % 8 + member.bits + 7) // 8
            rows.append(
                Field(
                    member.name,
                    offset,
                    size,
                    typename,
                    kind,
                    signed=shape.signed,
                    count=shape.count,
                    direction=member.direction,
                    enum=member.enum or self._enum(base),
                    pointee=shape.pointee,
                    select=select.get("") or (shape.aggregate and shape.aggregate.select),
                    align=align,
                )
            )
        if shape.aggregate is not None:
            start = ""
            if member.name is not None:
                start = f"{member.name}[]." if shape.count is not None else f"{member.name}."
            rows += [
                replace(
                    below,
                    name=start + below.name,
                    offset=offset + below.offset,
                    direction=below.direction or member.direction,
                    select=select.get(below.name, below.select),
                )
                for below in self.fields(shape.aggregate)
            ]
        return rows

    def _enum(self, ctype: CType) -> str | None:
        """Return the enumeration that a typedef, or one that it names, is marked with."""
        for _ in range(MAX_DEPTH):
            if not isinstance(ctype, Named) or ctype.name not in self.declared.typedefs:
                break
            typedef = self.declared.typedefs[ctype.name]
            if typedef.enum:
                return typedef.enum
            ctype = typedef.type
        return None


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _place_bits(width: int, shape: Shape, align: int | None, start: int) -> tuple[int, int]:
    """Return the first bit of a bit-field, and the first free one behind it.

    It goes where the last one ended, unless it would then straddle more units of
    its type's alignment than its type fills. With None for that, it is packed.
    """
    if width == 0:
        start = _up(start, shape.align * 8)
    elif align is not None and start % (align * 8) + width > shape.size * 8:
        start = _up(start, align * 8)
    return start, start + width


def _handle(
    aggregate: Aggregate, direct: list[tuple[Member, int, Shape]], size: int
) -> Shape | None:
    """Return the pointer in a struct or union that only wraps one, else None.

    That is how guest handles are made: a struct of a pointer, or a union of a
    pointer and integers.
    """
    pointers = [s for _, _, s in direct if s.kind == "handle" and s.count is None]
    others = [s for _, _, s in direct if s.kind != "handle" or s.count is not None]
    if len(pointers) != 1 or any(s.kind != "int" or s.count is not None for s in others):
        return None
    if aggregate.kind == "struct" and others:
        return None
    return pointers[0] if size in (4, 8) else None


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


def compute(declared: Declarations, skipped: dict[str, str] | None = None) -> Layout:
    """Lay out all that is declared.

    Args:
        declared: a header at one ABI and interface version.
        skipped: gets the structs that cannot be laid out, with the reason; without
            it, the first such raises.

    Raises:
        InvalidValue, UnknownName: a struct cannot be laid out.
    """
    engine = Engine(declared)
    structs: dict[str, StructLayout] = {}
    for tag, aggregate in declared.aggregates.items():
        try:
            structs[tag] = engine.struct(tag, aggregate)
        except (InvalidValue, UnknownName) as error:
            if skipped is None:
                raise
            skipped[tag] = str(error)
    typedefs: dict[str, TypeLayout] = {}
    for name in declared.typedefs:
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
    )
