# SPDX-License-Identifier: MIT
"""Measure the types in BTF: what each takes, and where its members are.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources``.
"""

from __future__ import annotations

from dataclasses import replace

from xengnt.abi.declarations import Aggregate, Arithmetic, Array, CType, Named, Pointer, Tagged
from xengnt.abi.layout import MAX_DEPTH, MAX_FIELDS, Pointee, StructLayout, spell
from xengnt.abi.targets import Target
from xengnt.errors import SourceError
from xengnt.sources import btf_types as btf
from xengnt.sources import measured
from xengnt.sources.btf_types import Type, Types

MAX_PATH = 4096
"""A field of a struct whose dotted path is longer is refused."""

_QUALIFIERS = (btf.VOLATILE, btf.CONST, btf.RESTRICT, btf.TYPE_TAG)
_NAMES = (btf.TYPEDEF, *_QUALIFIERS)

ENUMS = (btf.ENUM, btf.ENUM64)
SCALARS = (btf.INT, btf.FLOAT, *ENUMS)
AGGREGATES = {btf.STRUCT: "struct", btf.UNION: "union"}

_FLOATS = {"float", "double", "long double"}  # old BTF has them as integers of these names


class Measure:
    """Measures the types of a blob, for an ABI.

    What cannot be measured raises `SourceError` with the reason.
    """

    def __init__(self, types: Types, target: Target) -> None:
        self.types = types
        self.target = target
        self.signs_stated = any(one.flag or one.kind == btf.ENUM64 for one in types.of_kinds(ENUMS))
        """Whether this is BTF that says which enumerations are signed: from Linux 6.0 on."""
        self.assumed: dict[str, str] = {}
        """The enumerations for which it does not say and it matters, by name, and why."""
        self._named: dict[int, measured.Type] = {}
        self._measured: dict[int, measured.Type | SourceError] = {}
        self._below: dict[int, tuple[int, int]] = {}  # members of an aggregate, longest path
        self._open: list[int] = []

    def error(self, of: Type, message: str) -> SourceError:
        """Return an error about a type."""
        name = f" {of.name}" if of.name else ""
        return SourceError(f"{self.types.name}: type {of.id}{name}: {message}")

    def bare(self, number: int, without: tuple[int, ...] = _NAMES) -> Type:
        """Return what is behind typedefs and qualifiers."""
        found = first = self.types[number]
        for _ in range(MAX_DEPTH):
            if found.kind not in without:
                return found
            found = self.types[found.number]
        raise self.error(first, "does not end in a type of its own")

    def signed(self, enum: Type) -> bool:
        """Tell whether an enumeration is signed.

        Where the BTF does not say, it is taken to be if any value would be negative then.
        """
        if not enum.flag and not self.signs_stated:
            for name, value in self.types.enumerators(enum):
                if value >> 31:
                    message = f"taken to be signed, which is not stated: {name} is {value} if not"
                    self.assumed[enum.name or name] = str(self.error(enum, message))
                    return True
        return enum.flag

    def struct(self, tag: str, of: Type) -> StructLayout:
        """Return a struct or union laid out."""
        members = self.type(of.id).members
        try:
            return measured.struct_layout(tag, AGGREGATES[of.kind], of.number, None, members)
        except SourceError as error:
            raise self.error(of, str(error)) from None

    def type(self, number: int) -> measured.Type:
        """Return how a type lies in memory, by the name that this number has for it."""
        named = self._named.get(number)
        if named is None:
            found = self._known(self.bare(number))
            named = self._named[number] = replace(found, name=self._name(number))
        return named

    def _known(self, of: Type) -> measured.Type:
        """Measure a type, unless that was done before."""
        known = self._measured.get(of.id)
        if known is None:
            if of.id in self._open:
                raise self.error(of, "contains itself")
            if len(self._open) == MAX_DEPTH:
                raise self.error(of, f"nested deeper than {MAX_DEPTH}")
            self._open.append(of.id)
            try:
                known = self._measure(of)
            except SourceError as error:
                known = error
            finally:
                self._open.pop()
            self._measured[of.id] = known
        if isinstance(known, SourceError):
            raise known
        return known

    def _name(self, number: int) -> str:
        """Return what C calls a type, without the ``[n]`` of an array."""
        ctype = self.ctype(number)
        while isinstance(ctype, Array):
            ctype = ctype.of
        return spell(ctype)

    def _measure(self, of: Type) -> measured.Type:
        match of.kind:
            case btf.INT if of.name not in _FLOATS:
                return measured.Type("", of.number, "int", self.types.bits(of)[0])
            case btf.ENUM | btf.ENUM64:
                return measured.Type("", of.number, "int", self.signed(of))
            case btf.INT | btf.FLOAT:
                return measured.Type("", of.number, "float")
            case btf.PTR:
                pointee = self._pointee(of.number)
                return measured.Type("", self.target.word, "handle", pointee=pointee)
            case btf.ARRAY:
                number, count = self.types.element(of)
                each = self.type(number)
                self._below[of.id] = self._inside(number)
                return measured.array(each, count)
            case btf.STRUCT | btf.UNION:
                return measured.aggregate(AGGREGATES[of.kind], "", of.number, self._members(of))
            case btf.FWD:
                raise self.error(of, "is declared and not defined")
        raise self.error(of, "has no size")

    def _inside(self, number: int) -> tuple[int, int]:
        """Return how many members there are in a type at all levels, and their longest path."""
        return self._below.get(self.bare(number).id, (0, 0))

    def _members(self, of: Type) -> list[measured.Member]:
        if of.number and not of.elements and of.id < self.types.first:
            raise self.error(of, f"has {of.number} bytes, and its members are not in this file")
        members: list[measured.Member] = []
        total, longest, end = of.elements, 0, 0
        for member in self.types.members(of):
            inner = self.type(member.type)
            count, length = self._inside(member.type)
            total, longest = total + count, max(longest, len(member.name) + 3 + length)
            if total > MAX_FIELDS:
                raise self.error(of, f"more than {MAX_FIELDS} fields")
            if longest > MAX_PATH:
                raise self.error(of, f"more than {MAX_PATH} characters in the path of a field")
            first, width = self._bits(member)
            last = first + (inner.size * 8 if width is None else width)
            if width is None and first % 8:
                raise self.error(of, f"{member.name} begins within a byte")
            if last > of.number * 8:
                raise self.error(of, f"{member.name} reaches past the {of.number} bytes there are")
            if of.kind == btf.STRUCT and first < end:  # as where pointers have another size
                raise self.error(of, f"{member.name} begins before what is in front of it ends")
            end = last
            if width is None or member.name:
                members.append(measured.Member(member.name, inner, first // 8, first % 8, width))
        self._below[of.id] = total, longest
        return members

    def _bits(self, member: btf.Member) -> tuple[int, int | None]:
        """Return the first bit of a member, and of a bit-field, how many it has.

        Old BTF has no widths at members, but integers that fill only some bits of their size.
        """
        inner = self.bare(member.type)
        if not member.width and inner.kind == btf.INT:
            _, first, width = self.types.bits(inner)
            if (first, width) != (0, inner.number * 8):
                return member.bit + first, width
        return member.bit, member.width or None

    def _pointee(self, number: int) -> Pointee:
        if self.bare(number, _QUALIFIERS).kind == btf.FUNC_PROTO:
            return Pointee("function", None, None)
        name, found, count = spell(self.ctype(number)), self.bare(number), 1
        for _ in range(MAX_DEPTH):
            if found.kind != btf.ARRAY:
                break
            number, each = self.types.element(found)
            found, count = self.bare(number), count * each
        if found.kind in SCALARS:
            return Pointee(name, found.number * count, self.type(found.id).signed)
        if found.kind in AGGREGATES:
            return Pointee(name, found.number * count, None)
        return Pointee(name, self.target.word * count if found.kind == btf.PTR else None, None)

    def ctype(self, number: int, depth: int = 0) -> CType:
        """Return a type as C has it, without qualifiers; typedefs by their names."""
        found = self.bare(number, _QUALIFIERS)
        if depth == MAX_DEPTH:
            raise self.error(found, f"nested deeper than {MAX_DEPTH}")
        match found.kind:
            case btf.TYPEDEF:
                return Named(found.name)
            case btf.PTR:
                if self.bare(found.number, _QUALIFIERS).kind == btf.FUNC_PROTO:
                    return Pointer(None)
                return Pointer(self.ctype(found.number, depth + 1))
            case btf.ARRAY:
                element, count = self.types.element(found)
                return Array(self.ctype(element, depth + 1), count)
            case btf.STRUCT | btf.UNION | btf.FWD:
                union = found.flag if found.kind == btf.FWD else found.kind == btf.UNION
                kind = "union" if union else "struct"
                return Tagged(kind, found.name) if found.name else Aggregate(kind, None, ())
            case btf.ENUM | btf.ENUM64:
                return Arithmetic(f"enum {found.name}".rstrip())
            case btf.INT:
                return Arithmetic(_integer(found.name))
        return Arithmetic(found.name)


def _integer(name: str) -> str:
    """Return the usual name of an integer type: ``long unsigned int`` is ``unsigned long``."""
    words = name.split()
    if not set(words) <= {"unsigned", "signed", "short", "long", "int"}:
        return name
    sign = ["unsigned"] if "unsigned" in words else []
    return " ".join([*sign, *([word for word in words if word in ("short", "long")] or ["int"])])
