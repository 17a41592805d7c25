# SPDX-License-Identifier: MIT
"""Read the types of a cffi `ffi`: in API mode, what the C compiler that built it thinks.

In API mode cffi takes sizes, offsets and alignments from the compiler, and
raises at the first use of a type that its declaration does not fit. In the other
modes it lays types out itself, by the rules of this machine's ABI.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from xengnt.abi.declarations import Constant
from xengnt.abi.layout import Layout, Pointee, StructLayout, TypeLayout
from xengnt.abi.targets import native
from xengnt.errors import SourceError
from xengnt.sources import measured
from xengnt.sources.measured import AGGREGATES, Member, Type

_FLOATS = ("float", "double", "long double")


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
    types = Types(ffi, char_signed=native().char_signed)
    for wanted in structs:
        try:
            ctype = types.find(f"{wanted.kind} {wanted.tag}")
            found.structs[wanted.tag] = types.struct(wanted.tag, ctype)
        except SourceError as error:
            found.problems[wanted.tag] = str(error)
    for name in typedefs:
        try:
            found.typedefs[name] = types.scalar(types.find(name))
        except SourceError as error:
            found.problems[name] = str(error)
    return found


class Types:
    """Describes the types of an ``ffi``; all that cffi raises comes out as `SourceError`.

    Args:
        ffi: of a compiled module, or one that was made in place.
        char_signed: whether plain ``char`` is signed, which cffi does not tell.
    """

    def __init__(self, ffi: Any, *, char_signed: bool) -> None:
        self._ffi = ffi
        self._char_signed = char_signed
        self._known: dict[Any, Type] = {}

    def find(self, name: str) -> Any:
        """Return the type of this name, as C spells it."""
        try:
            return self._ffi.typeof(name)
        except Exception as error:  # noqa: BLE001 -- each mode of cffi has kinds of its own
            raise SourceError(str(error)) from None

    def struct(self, tag: str, ctype: Any) -> StructLayout:
        """Return the layout of a struct or union."""
        members = self.measure(ctype).members
        size, align = self._extent(ctype)
        return measured.struct_layout(tag, ctype.kind, size, align, members)

    def scalar(self, ctype: Any) -> TypeLayout:
        """Return a scalar type."""
        size, align = self._extent(ctype)
        one = self.measure(ctype)
        return TypeLayout(size, align, one.kind, one.signed)

    def measure(self, ctype: Any) -> Type:
        """Return any type."""
        if ctype not in self._known:
            self._known[ctype] = self._measure(ctype)
        return self._known[ctype]

    def _extent(self, ctype: Any) -> tuple[int, int]:
        try:
            return self._ffi.sizeof(ctype), self._ffi.alignof(ctype)
        except Exception as error:  # noqa: BLE001 -- each mode of cffi has kinds of its own
            raise SourceError(str(error)) from None

    def _measure(self, ctype: Any) -> Type:
        name = ctype.cname
        if ctype.kind == "array":  # a flexible one has no length
            return measured.array(self.measure(ctype.item), ctype.length or 0)
        if ctype.kind == "function":
            size = self._ffi.sizeof("void *")
            return Type(name, size, "handle", pointee=Pointee("function", None, None))
        size, _ = self._extent(ctype)
        if ctype.kind == "pointer":
            return measured.pointer(ctype.item.cname, size, self._pointed(ctype.item))
        if ctype.kind in AGGREGATES:
            return measured.aggregate(ctype.kind, name, size, self._members(ctype))
        if name in _FLOATS:
            return Type(name, size, "float")
        if name == "char":
            return Type(name, size, "int", self._char_signed)
        if "_Complex" in name:
            raise SourceError(f"{name} is no type of the ABI")
        return Type(name, size, "int", int(self._ffi.cast(ctype, -1)) < 0)

    def _pointed(self, ctype: Any) -> Type | None:
        """Return what a pointer points to as far as that matters, None if it has no size."""
        if ctype.kind in AGGREGATES:
            return Type(ctype.cname, self._extent(ctype)[0], ctype.kind) if ctype.fields else None
        return None if ctype.kind in ("void", "function") else self.measure(ctype)

    def _members(self, ctype: Any) -> list[Member]:
        try:
            fields = ctype.fields
        except Exception as error:  # noqa: BLE001 -- each mode of cffi has kinds of its own
            raise SourceError(str(error)) from None
        if fields is None:
            raise SourceError(f"{ctype.cname} is not defined")
        return [
            Member(name, self.measure(one.type), one.offset)
            if one.bitsize < 0
            else Member(name, self.measure(one.type), one.offset, one.bitshift, one.bitsize)
            for name, one in fields
        ]
