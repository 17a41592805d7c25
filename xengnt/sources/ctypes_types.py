# SPDX-License-Identifier: MIT
"""Read structures and unions of ctypes: where this machine's ctypes puts their members.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources``.
"""

from __future__ import annotations

import ctypes
import sys
from _ctypes import CFuncPtr, _Pointer, _SimpleCData
from typing import Any, TypeGuard

from xengnt.abi.layout import Pointee, StructLayout, TypeLayout
from xengnt.abi.targets import Target
from xengnt.errors import SourceError
from xengnt.sources import measured
from xengnt.sources.measured import Member, Type

_SIGNED = "bhilqv"
_UNSIGNED = "?BHILQ"
_FLOATS = "fdg"


class _Sample(ctypes.Structure):
    _fields_ = (("member", ctypes.c_int),)


_CField = type(vars(_Sample)["member"])


def is_aggregate(value: object) -> TypeGuard[type[ctypes.Structure | ctypes.Union]]:
    """Tell whether a value is a class of structures or unions."""
    return isinstance(value, type) and issubclass(value, ctypes.Structure | ctypes.Union)


def is_scalar(value: object) -> TypeGuard[type[_SimpleCData[Any]]]:
    """Tell whether a value is a class of integers, floats or addresses."""
    return isinstance(value, type) and issubclass(value, _SimpleCData) and hasattr(value, "_type_")


class CtypesTypes:
    """Describes classes of ctypes.

    Args:
        target: the ABI that they are compared with, which has a say on plain ``char``
            only: all sizes are this machine's.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known: dict[type, Type] = {}

    def struct(self, tag: str, cls: type[Any], *, native: bool) -> StructLayout:
        """Return the layout of a structure or union.

        With ``_pack_`` people put members where they want them. The alignment that
        results says nothing of the ABI's, and is left out.

        Args:
            tag: its name.
            cls: the class.
            native: whether it is compared with this machine's ABI; for others its
                alignment is left out as well.

        Raises:
            SourceError: it cannot be one of the ABI, or has no fields.
        """
        if not any("_fields_" in vars(owner) for owner in cls.__mro__):
            raise SourceError("it has no _fields_", struct=tag)
        members = self.measure(cls).members
        packed = any("_pack_" in vars(owner) for owner in cls.__mro__)
        align = ctypes.alignment(cls) if native and not packed else None
        return measured.struct_layout(tag, kind_of(cls), ctypes.sizeof(cls), align, members)

    def scalar(self, cls: type[Any], *, native: bool) -> TypeLayout | None:
        """Return a scalar type, None for an address."""
        one = self.measure(cls)
        if one.kind == "handle":
            return None
        align = ctypes.alignment(cls) if native else None
        return TypeLayout(one.size, align, one.kind, one.signed)

    def measure(self, cls: type[Any]) -> Type:
        """Return a type of ctypes.

        Raises:
            SourceError: it is big-endian, or nothing that C has.
        """
        if cls not in self._known:
            self._known[cls] = self._measure(cls)
        return self._known[cls]

    def _measure(self, cls: type[Any]) -> Type:
        if is_aggregate(cls):
            return self._aggregate(cls)
        if is_scalar(cls):
            return self._scalar(cls)
        if issubclass(cls, ctypes.Array):
            element, count = _elements(cls)
            return measured.array(self.measure(element), count)
        if issubclass(cls, CFuncPtr):
            return Type("void (*)()", ctypes.sizeof(cls), "handle", pointee=_FUNCTION)
        if issubclass(cls, _Pointer):
            return self._pointer(cls)
        raise SourceError(f"{cls.__name__} is no type of C")

    def _scalar(self, cls: type[Any]) -> Type:
        code, size = str(cls._type_), ctypes.sizeof(cls)
        if getattr(cls, "__ctype_le__", cls) is not cls:
            raise SourceError(f"{cls.__name__} is big-endian: all ABIs are little-endian")
        if code in _SIGNED or code in _UNSIGNED:
            return measured.integer(size, signed=code in _SIGNED)
        if code in _FLOATS:
            return Type({4: "float", 8: "double"}.get(size, "long double"), size, "float")
        if code == "c":
            return Type("char", size, "int", self._target.char_signed)
        if code == "u":  # only the Arms have it unsigned
            return Type("wchar_t", size, "int", not self._target.name.startswith("arm"))
        if code == "z":
            return measured.pointer("char", size, self.measure(ctypes.c_char))
        if code == "Z":
            return measured.pointer("wchar_t", size, self.measure(ctypes.c_wchar))
        if code in "PO":
            return measured.pointer("void" if code == "P" else "PyObject", size, None)
        raise SourceError(f"{cls.__name__} is no type of the ABI")

    def _pointer(self, cls: type[Any]) -> Type:
        size, to = ctypes.sizeof(cls), getattr(cls, "_type_", None)
        if to is None:
            return measured.pointer("void", size, None)
        if is_aggregate(to):
            name = f"{kind_of(to)} {to.__name__}"
            whole = Type(name, ctypes.sizeof(to), kind_of(to))
            return measured.pointer(name, size, whole if hasattr(to, "_fields_") else None)
        pointed = self.measure(to)
        return measured.pointer(pointed.name, size, pointed)

    def _aggregate(self, cls: type[Any]) -> Type:
        if hasattr(cls, "_swappedbytes_") == (sys.byteorder == "little"):
            raise SourceError(f"{cls.__name__} is big-endian: all ABIs are little-endian")
        members: list[Member] = []
        for owner in reversed(cls.__mro__):
            anonymous = vars(owner).get("_anonymous_", ())
            for name, kind, *width in vars(owner).get("_fields_", ()):
                place = vars(owner).get(name)
                if not isinstance(place, _CField):
                    raise SourceError(f"its field {name!r} is hidden by something else")
                members.append(_member(name, name in anonymous, self.measure(kind), place, *width))
        name = f"{kind_of(cls)} {cls.__name__}"
        return measured.aggregate(kind_of(cls), name, ctypes.sizeof(cls), members)


_FUNCTION = Pointee("function", None, None)


def _elements(cls: Any) -> tuple[type[Any], int]:
    return cls._type_, cls._length_


def kind_of(cls: type) -> str:
    """Return whether a class is of structures or of unions, as C says it."""
    return "union" if issubclass(cls, ctypes.Union) else "struct"


def _member(name: str, hidden: bool, kind: Type, place: Any, bits: int | None = None) -> Member:  # noqa: FBT001 -- private
    shown = "" if hidden else name
    if bits is None:
        return Member(shown, kind, place.offset)
    bit = place.bit_offset if hasattr(place, "bit_offset") else place.size & 0xFFFF
    if bit + bits > 8 * kind.size:  # some versions do so where types are mixed
        raise SourceError(f"its bit-field {name!r} is outside of its unit: a fault of ctypes")
    return Member(shown, kind, place.offset, bit, bits)
