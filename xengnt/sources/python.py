# SPDX-License-Identifier: MIT
"""Read the structs and constants that Python code defines. It RUNS the code.

What is found: structures and unions of ctypes, structured dtypes of numpy, the
types of cffi's ``ffi``, integers and members of enumerations; at the top of a
module, and one level below it in classes that serve as namespaces. A name for an
integer type of ctypes or numpy is a typedef.

Sizes of pointers, of ``long`` and the like, and the places that C's rules give to
members, are those of the machine that runs it; they are compared as they are.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources`` and the modules beside it.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

from xengnt.abi.declarations import Constant
from xengnt.abi.layout import Layout, StructLayout, TypeLayout
from xengnt.abi.targets import UNDEFINED, Target, native
from xengnt.errors import SourceError, UnknownName, XengntError
from xengnt.sources import cffi_types, ctypes_types, numpy_types
from xengnt.sources.measured import AGGREGATES
from xengnt.sources.python_places import Places
from xengnt.sources.python_run import Ran, run
from xengnt.sources.reading import (
    ALIGNMENT,
    POINTEES,
    TYPEDEFS,
    Definition,
    Problem,
    Reading,
    Wanted,
)


def read(spec: str, wanted: Wanted, target: Target) -> Reading:
    """Run Python code and read what it defines.

    Args:
        spec: ``FILE.py`` or ``package.module``; with ``:attribute``, only what is in
            that class, namespace or mapping, or that structure, dtype or ``ffi``.
        wanted: tells of a name whether it is wanted.
        target: the ABI that it is to be compared with.

    Raises:
        SourceError: there is no such code, or it fails.
    """
    with run(spec) as ran:
        return read_loaded(ran, wanted, target)


def read_loaded(ran: Ran, wanted: Wanted, target: Target) -> Reading:
    """Read what code that has been run defines; see `read`."""
    return _Finder(ran, wanted, target).reading()


def _is_native(target: Target) -> bool:
    try:
        return target == native()
    except UnknownName:
        return False


class _Finder:
    """Looks through what running code gave."""

    def __init__(self, ran: Ran, wanted: Wanted, target: Target) -> None:
        self._ran = ran
        self._wanted = wanted
        self._target = target
        self._native = _is_native(target)
        self._ctypes = ctypes_types.CtypesTypes(target)
        self._numpy = numpy_types.NumpyTypes(target)
        self._places = Places()
        self._kinds = (
            type,
            int,
            *_loaded("numpy", "dtype", "integer"),
            *_ffi_kinds(),
            *_loaded("_cffi_backend", "Lib"),
        )
        self._found = Reading(Layout(target.name, UNDEFINED, {}, {}, {}, {}))
        self._layout = self._found.layout

    def reading(self) -> Reading:
        """Return all that was wanted."""
        value, path = self._ran.value, self._ran.path
        names = None if self._is_type(value) else _names(value)
        if names is not None:
            self._namespace(names, f"{path}." if path else "", deeper=True)
        else:
            name = path.rpartition(".")[2]
            self._one(name, path, value)
        layout = self._layout
        fields = [field for struct in layout.structs.values() for field in struct.fields]
        unseen = {
            ALIGNMENT: all(struct.align is None for struct in layout.structs.values()),
            POINTEES: all(field.pointee is None for field in fields),
            TYPEDEFS: not layout.typedefs,
        }
        self._found.unseen = frozenset(name for name, missing in unseen.items() if missing)
        return self._found

    def _is_type(self, value: object) -> bool:
        dtype = numpy_types.as_dtype(value) is not None
        scalar = ctypes_types.is_aggregate(value) or ctypes_types.is_scalar(value)
        return dtype or scalar or _is_ffi(value)

    def _namespace(self, names: Mapping[str, object], start: str, *, deeper: bool) -> None:
        for name, value in list(names.items()):
            path = f"{start}{name}"
            try:
                if self._one(name, path, value) or not deeper:
                    continue
                if issubclass(type(value), enum.EnumMeta):
                    self._members(value, name, path)
                elif issubclass(type(value), type | SimpleNamespace):
                    self._namespace(_names(value) or {}, f"{path}.", deeper=False)
            except XengntError:
                raise
            except Exception as error:  # noqa: BLE001 -- what is theirs may answer with any
                if self._wanted(name):
                    where = self._places.of(self._ran.file, path).get("", self._ran.name)
                    self._problem(name, f"{where}: {name}: {type(error).__name__} on looking at it")

    def _members(self, cls: object, name: str, path: str) -> None:
        """Take in the members of an enumeration, whose class may be the prefix of all."""
        for member, value in (_names(cls) or {}).items():
            own = member if self._wanted(member) else f"{name}_{member}"
            self._one(own, f"{path}.{member}", value)

    def _one(self, name: str, path: str, value: Any) -> bool:
        """Take in a named value if it is wanted; tell whether it is anything to be wanted."""
        if not issubclass(type(value), self._kinds):
            return False  # isinstance below asks a proxy for its class, which may fail
        dtype = numpy_types.as_dtype(value)
        integer = numpy_types.as_integer(value)
        if ctypes_types.is_aggregate(value):
            self._class(name, value)
        elif ctypes_types.is_scalar(value):
            self._typedef(name, path, lambda: self._ctypes.scalar(value, native=self._native))
        elif dtype is not None and dtype.names is not None:
            if self._wanted(name):
                self._struct(
                    name,
                    lambda: self._numpy.struct(name, dtype, native=self._native),
                    self._places.of(self._ran.file, path),
                )
        elif dtype is not None:
            self._typedef(name, path, lambda: self._numpy.scalar(dtype, native=self._native))
        elif _is_ffi(value):
            self._ffi(value)
        elif _is_lib(value):
            self._lib(value)
        elif integer is not None:
            self._constant(name, path, Constant(*integer))
        elif isinstance(value, int) and not isinstance(value, bool):
            exact = int.__pos__(value)  # even of a member of an IntEnum
            self._constant(name, path, Constant(exact, None, None))
        else:
            return False
        return True

    def _class(self, name: str, cls: type[Any]) -> None:
        tag = cls.__name__ if self._wanted(cls.__name__) else name
        if not self._wanted(tag) and not self._wanted(name):
            return
        if tag != name and self._wanted(name):
            self._layout.aliases.setdefault(name, f"{ctypes_types.kind_of(cls)} {tag}")
        self._struct(
            tag,
            lambda: self._ctypes.struct(tag, cls, native=self._native),
            self._class_places(cls),
        )

    def _class_places(self, cls: type[Any]) -> dict[str, str]:
        """Return the places of a class and its fields, inherited ones where they are stated."""
        found: dict[str, str] = {}
        for owner in reversed(cls.__mro__):
            found.update(self._places.of_class(owner) if owner.__module__ != "ctypes" else {})
        return found

    def _struct(
        self, tag: str, make: Callable[[], StructLayout], places: Mapping[str, str]
    ) -> None:
        where = places.get("", "")
        try:
            struct = make()
        except SourceError as error:
            self._problem(tag, f"{where or self._ran.name}: {tag}: {error}")
            return
        except RecursionError:
            self._problem(tag, f"{where or self._ran.name}: {tag}: nested too deeply")
            return
        known = self._layout.structs.setdefault(tag, struct)
        if known is struct:
            paths = {field.name for field in struct.fields}
            self._found.where.update(
                {f"{tag}.{path}": at for path, at in places.items() if path in paths}
            )
            self._place(tag, where)
        elif struct not in (known, *(other.layout for other in self._found.others)):
            self._found.others.append(Definition(struct, where or self._ran.name))

    def _typedef(self, name: str, path: str, make: Callable[[], TypeLayout | None]) -> None:
        if not self._wanted(name):
            return
        where = self._places.of(self._ran.file, path).get("", "")
        try:
            one = make()
        except SourceError as error:
            self._problem(name, f"{where or self._ran.name}: {name}: {error}")
            return
        if one is None:
            return
        if self._layout.typedefs.setdefault(name, one) != one:
            self._problem(name, f"{where or self._ran.name}: {name} is defined twice, differently")
        self._place(name, where)

    def _constant(self, name: str, path: str, constant: Constant) -> None:
        if not self._wanted(name):
            return
        where = self._places.of(self._ran.file, path).get("", "")
        known = self._layout.constants.setdefault(name, constant)
        if known.value != constant.value:
            self._problem(
                name,
                f"{where or self._ran.name}: {name} is {constant.value} here, and {known.value} "
                "elsewhere",
            )
        self._place(name, where)

    def _place(self, name: str, where: str) -> None:
        if where:
            self._found.where.setdefault(name, where)

    def _problem(self, name: str, message: str) -> None:
        self._found.problems.setdefault(name, Problem(name, message))

    # cffi.

    def _ffi(self, ffi: Any) -> None:
        """Take in the types of an ``ffi`` and, if it was made in place, its constants."""
        types = cffi_types.Types(ffi, char_signed=self._target.char_signed)
        typedefs, structs, unions = ffi.list_types()
        for kind, tags in (("struct", structs), ("union", unions)):
            for tag in tags:
                if self._wanted(tag):
                    self._cffi_struct(types, tag, f"{kind} {tag}")
        for name in typedefs:
            if self._wanted(name):
                self._cffi_typedef(types, name)
        if hasattr(ffi, "dlopen") and hasattr(ffi, "cdef"):
            self._lib(ffi.dlopen(None))

    def _cffi_struct(self, types: cffi_types.Types, tag: str, spelled: str) -> None:
        def make() -> StructLayout:
            struct = types.struct(tag, types.find(spelled))
            return struct if self._native else replace(struct, align=None)

        self._struct(tag, make, {})

    def _cffi_typedef(self, types: cffi_types.Types, name: str) -> None:
        try:
            ctype = types.find(name)
        except SourceError as error:
            self._problem(name, f"{self._ran.name}: {name}: {error}")
            return
        if ctype.kind in ("primitive", "enum"):
            self._typedef(name, "", lambda: types.scalar(ctype))
        elif ctype.kind in AGGREGATES:
            if " " not in ctype.cname:  # it has no tag
                self._cffi_struct(types, name, name)
                return
            self._layout.aliases.setdefault(name, ctype.cname)
            self._cffi_struct(types, ctype.cname.partition(" ")[2], ctype.cname)

    def _lib(self, lib: Any) -> None:
        """Take in the constants of a library of cffi."""
        for name in dir(lib):
            if self._wanted(name):
                value = getattr(lib, name, None)
                if isinstance(value, int) and not isinstance(value, bool):
                    self._constant(name, "", Constant(value, None, None))


def _names(value: Any) -> Mapping[str, object] | None:
    """Return what is in a namespace, None if a value is none."""
    if isinstance(value, enum.EnumMeta):
        members: Mapping[str, Any] = value.__members__
        return {name: member.value for name, member in members.items()}
    if isinstance(value, Mapping):
        return {name: one for name, one in value.items() if isinstance(name, str)}
    if isinstance(value, ModuleType | type | SimpleNamespace):
        return vars(value)
    return None


def _loaded(module: str, *names: str) -> list[type]:
    """Return classes of a module, none if it is not loaded: nothing of it can be there then."""
    found = (getattr(sys.modules.get(module), name, None) for name in names)
    return [one for one in found if isinstance(one, type)]


def _ffi_kinds() -> list[type]:
    """Return the classes of an ``ffi``: of compiled modules, and made in place."""
    return [*_loaded("_cffi_backend", "FFI"), *_loaded("cffi", "FFI")]


def _is_ffi(value: object) -> bool:
    return isinstance(value, tuple(_ffi_kinds()))


def _is_lib(value: object) -> bool:
    """Tell whether a value is the ``lib`` of a compiled module of cffi."""
    return isinstance(value, tuple(_loaded("_cffi_backend", "Lib")))
