# SPDX-License-Identifier: MIT
"""Read layout JSON: what ``xengnt layout --format json`` writes, or somebody by hand.

By hand, ``name``, ``offset`` and ``size`` of each field are enough. What is left out
or null is not known, and not compared; but some of it follows from the rest:

- ``kind`` of a struct is ``struct``; its ``size`` is the end of its last field, rounded
  up to its ``align`` where that is stated;
- ``kind`` of a field is ``int`` or, if others are listed below it, ``struct``, or
  ``union`` if there are several of these and all begin where it does;
- ``type`` of a field is its kind;
- ``constant`` of an op is its name behind ``GNTTABOP_``;
- ``abi`` is the one that the caller asks for.

Members are listed right behind the struct or union that they are in. Unknown keys
are errors: they would be typing mistakes that nobody sees.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from xengnt.abi.declarations import Constant
from xengnt.abi.layout import (
    MAX_ALIGN,
    MAX_DEPTH,
    MAX_FIELDS,
    Field,
    Layout,
    OpLayout,
    Pointee,
    StructLayout,
    TypeLayout,
)
from xengnt.abi.targets import UNDEFINED, Target
from xengnt.abi.targets import target as find_target
from xengnt.errors import SourceError, UnknownName
from xengnt.sources.measured import AGGREGATES
from xengnt.sources.reading import (
    ALIGNMENT,
    CONSTANTS,
    POINTEES,
    SIGNEDNESS,
    TYPEDEFS,
    Reading,
    Wanted,
)

MAX_BYTES = 8 << 20
"""Larger documents are refused."""

_KINDS = ("int", "float", "handle", "bits", *AGGREGATES)
_DIRECTIONS = ("IN", "OUT", "IN/OUT", "IN-pointer")
_NAME = re.compile(r"[^\W\d]\w{0,199}")
_PATH = re.compile(rf"(?:{_NAME.pattern}(?:\[\])?\.)*{_NAME.pattern}")
_VERSION = re.compile(r"0x[0-9a-fA-F]{1,8}|undefined")
_MOST = (1 << 63) - 1
_SHOWN = 40


def read(data: bytes, name: str, wanted: Wanted, target: Target | None = None) -> list[Reading]:
    """Read a layout, or a list of layouts.

    Args:
        data: the document.
        name: what to call it in messages.
        wanted: tells of a name whether it is wanted; all the rest is checked as well.
        target: the ABI of a layout that does not state its own.

    Raises:
        SourceError: it is no layout JSON; with the JSON path of what is wrong.
    """
    root = _Value(_parse(data, name), "$", name)
    if root.value == []:
        root.fail("no layouts in it")
    documents = root.items() if isinstance(root.value, list) else (root,)
    return [_document(one, wanted, target) for one in documents]


class _Object(dict[str, Any]):
    """An object; `twice` is a key that it has more than once, if there is one."""

    twice: str | None = None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object()
    for key, value in pairs:
        if key in made:
            made.twice = key
        made[key] = value
    return made


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _parse(data: bytes, name: str) -> Any:
    if len(data) > MAX_BYTES:
        raise SourceError(f"{name}: larger than {MAX_BYTES >> 20} MiB")
    try:
        return json.loads(data, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise SourceError(f"{name}: nested too deeply") from None
    except UnicodeDecodeError:
        raise SourceError(f"{name}: not JSON: not a text in UTF-8") from None
    except ValueError as error:
        raise SourceError(f"{name}: not JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class _Value:
    """A value in the document, and where it is."""

    value: Any
    path: str
    name: str

    def fail(self, what: str) -> NoReturn:
        """Raise that something is wrong with it."""
        raise SourceError(f"{self.name}: {self.path}: {what}")

    def expected(self, what: str) -> NoReturn:
        """Raise that it should be something else."""
        if isinstance(self.value, list | dict):
            got = "a list" if isinstance(self.value, list) else "an object"
        else:
            got = ascii(self.value)
        self.fail(f"expected {what}, not {got if len(got) <= _SHOWN else got[:_SHOWN] + '…'}")

    def at(self, key: str | int) -> _Value:
        """Return an element of it."""
        plain = isinstance(key, str) and _NAME.fullmatch(key)
        step = f".{key}" if plain else f"[{ascii(key)[:_SHOWN]}]"
        return _Value(self.value[key], self.path + step, self.name)

    def has(self, key: str) -> bool:
        """Tell whether it has a member that is not null."""
        return self.value.get(key) is not None

    def object(self, required: Iterable[str] = (), optional: Iterable[str] | None = ()) -> None:
        """Demand an object with these members; with None for `optional`, of any names."""
        if not isinstance(self.value, _Object):
            self.expected("an object")
        if self.value.twice is not None:
            self.at(self.value.twice).fail("stated twice")
        for key in required:
            if key not in self.value:
                self.fail(f"{key!r} is missing")
        if optional is not None:
            for key in self.value:
                if key not in required and key not in optional:
                    self.at(key).fail("unknown key")

    def members(self, key: str) -> list[tuple[str, _Value]]:
        """Return the members of an object in it that is keyed by C names."""
        if not self.has(key):
            return []
        table = self.at(key)
        table.object(optional=None)
        for name in table.value:
            if not _NAME.fullmatch(name):
                table.at(name).fail("not a C name")
        return [(name, table.at(name)) for name in table.value]

    def items(self) -> Iterable[_Value]:
        """Return the elements of a list."""
        if not isinstance(self.value, list):
            self.expected("a list")
        return (self.at(index) for index in range(len(self.value)))

    def integer(self, key: str, least: int = 0, most: int = _MOST) -> int:
        """Return an integer in it."""
        one = self.at(key)
        if type(one.value) is not int:  # a bool is none
            one.expected("an integer")
        if not least <= one.value <= most:
            one.fail(f"{one.value} is not in {least} … {most}")
        return int(one.value)

    def truth(self, key: str) -> bool | None:
        """Return a truth value in it, None if it has none."""
        if not self.has(key):
            return None
        one = self.at(key)
        if not isinstance(one.value, bool):
            one.expected("true or false")
        return one.value

    def text(self, key: str, default: str = "", pattern: re.Pattern[str] | None = None) -> str:
        """Return a text in it."""
        if not self.has(key):
            return default
        one = self.at(key)
        if not isinstance(one.value, str) or len(one.value) > 1 << 12:
            one.expected("a text")
        if not one.value.isprintable() or (pattern and not pattern.fullmatch(one.value)):
            one.fail(f"{ascii(one.value)[:_SHOWN]} cannot be that")
        return one.value

    def choice(self, key: str, known: Sequence[str], default: str = "") -> str:
        """Return a text in it that is one of a few."""
        found = self.text(key, default)
        if self.has(key) and found not in known:
            self.at(key).expected(f"one of {', '.join(known)}")
        return found

    def align(self) -> int | None:
        """Return its alignment, if it states one."""
        if not self.has("align"):
            return None
        align = self.integer("align", 1, MAX_ALIGN)
        if align & (align - 1):
            self.at("align").fail(f"{align} is not a power of two")
        return align


def _document(root: _Value, wanted: Wanted, target: Target | None) -> Reading:
    parts = ("structs", "typedefs", "constants")
    if isinstance(root.value, _Object) and not any(part in root.value for part in parts):
        root.fail(f"no layout: it has none of {', '.join(parts)}")
    root.object((), ("abi", "interface_version", *parts, "aliases", "ops", "messages"))
    layout = Layout(
        abi=_abi(root, target),
        interface_version=_version(root),
        structs=dict(_struct(tag, one, wanted(tag)) for tag, one in root.members("structs")),
        typedefs=dict(_typedef(name, one) for name, one in root.members("typedefs")),
        constants=dict(_constant(name, one) for name, one in root.members("constants")),
        ops=dict(_op(name, one) for name, one in root.members("ops")),
        messages=_messages(root),
        aliases={
            name: root.at("aliases").text(name) or one.expected("a text")
            for name, one in root.members("aliases")
        },
    )
    for table in (layout.structs, layout.typedefs, layout.constants, layout.aliases):
        for name in [name for name in table if not wanted(name)]:
            del table[name]
    return Reading(layout, unseen=_unseen(root))


def _abi(root: _Value, target: Target | None) -> str:
    name = root.text("abi")
    if not name and target is None:
        root.fail("'abi' is missing")
    try:
        return find_target(name or target or "").name
    except UnknownName as error:
        root.at("abi").fail(str(error))


def _version(root: _Value) -> int:
    text = root.text("interface_version", "undefined", _VERSION)
    return UNDEFINED if text == "undefined" else int(text, 16)


def _unseen(root: _Value) -> frozenset[str]:
    """Return what the document states nowhere."""
    structs = [one.value for _, one in root.members("structs")]
    fields = [field for struct in structs for field in struct.get("fields") or ()]
    stated = {
        ALIGNMENT: any("align" in struct for struct in structs),
        SIGNEDNESS: any("signed" in field for field in fields),
        POINTEES: any("pointee" in field for field in fields),
        TYPEDEFS: root.has("typedefs"),
        CONSTANTS: root.has("constants"),
    }
    return frozenset(name for name, known in stated.items() if not known)


def _struct(tag: str, root: _Value, wanted: bool) -> tuple[str, StructLayout]:  # noqa: FBT001 -- private
    root.object(("fields",), ("kind", "size", "align", "select", "holes"))
    align = root.align()
    fields = _fields(root.at("fields"))
    size = max((field.end for field in fields if "." not in field.name), default=0)
    if root.has("size"):
        size = root.integer("size")
        if align and size % align:
            root.at("size").fail(f"{size} is no multiple of the alignment, {align}")
        for number, field in enumerate(fields):
            if "." not in field.name and field.end > size:
                place = root.at("fields").at(number)
                place.fail(f"{field.name} ends at {field.end}, {tag} at {size}")
    elif align:
        size = -(-size // align) * align
    kind = root.choice("kind", AGGREGATES, "struct")
    struct = StructLayout(tag, kind, size, align, fields, root.text("select") or None)
    if root.has("holes") and wanted:
        holes = root.at("holes")
        if holes.value != [list(hole) for hole in struct.holes]:
            holes.fail("not the bytes that no field covers")
    return tag, struct


_ROW = frozenset(Field.__dataclass_fields__) - {"align"}


def _fields(root: _Value) -> tuple[Field, ...]:
    rows = list(root.items())
    if len(rows) > MAX_FIELDS:
        root.fail(f"more than {MAX_FIELDS} fields")
    for row in rows:
        row.object(("name", "offset", "size"), _ROW)
        row.text("name", pattern=_PATH) or row.at("name").expected("a text")
        row.integer("offset")
        row.integer("size")
    found: dict[str, Field] = {}
    around: list[Field] = []
    for number, row in enumerate(rows):
        field = _field(rows, number)
        if field.name in found:
            row.at("name").fail(f"{field.name} is there twice")
        _enclose(row, field, around)
        found[field.name] = field
        if not field.scalar:
            around.append(field)
            if len(around) > MAX_DEPTH:
                row.fail(f"structs nested deeper than {MAX_DEPTH}")
    return tuple(found.values())


def _enclose(row: _Value, field: Field, around: list[Field]) -> None:
    """Demand that a field lies in the struct that its name says; `around` are those open."""
    outer, dot, _ = field.name.rpartition(".")
    while around and not field.within(around[-1]):
        around.pop()
    if not dot:
        return
    parent = around[-1] if around else None
    if parent is None or outer.removesuffix("[]") != parent.name:
        row.at("name").fail(f"{field.name} does not follow a struct or union {outer}")
    if outer.endswith("[]") != (parent.count is not None):
        row.at("name").fail(f"{parent.name} is {'no' if parent.count is None else 'an'} array")
    end = parent.offset + parent.size // (parent.count or 1)
    if parent.count == 0:  # a flexible array, whose elements lie behind the struct
        end = _MOST
    if not parent.offset <= field.offset <= field.end <= end:
        row.at("offset").fail(
            f"{field.name} is at {field.offset} … {field.end}, outside of {parent.name} at "
            f"{parent.offset} … {end}"
        )


def _field(rows: Sequence[_Value], number: int) -> Field:
    row = rows[number]
    name, offset, size = row.value["name"], row.integer("offset"), row.integer("size")
    kind = row.choice("kind", _KINDS) or _kind(rows, number)
    count = row.integer("count") if row.has("count") else None
    if count is not None and (size % count if count else size):
        row.at("count").fail(f"{size} bytes are not {count} elements")
    if size == 0 and kind not in AGGREGATES and count != 0:
        row.at("size").fail(f"{name} has no bytes")
    if row.has("signed") and kind not in ("int", "bits"):
        row.at("signed").fail(f"{name} is no integer")
    if row.has("pointee") and kind != "handle":
        row.at("pointee").fail(f"{name} is no handle")
    return Field(
        name,
        offset,
        size,
        row.text("type") or kind,
        kind,
        signed=row.truth("signed"),
        count=count,
        direction=row.choice("direction", _DIRECTIONS) or None,
        enum=row.text("enum") or None,
        pointee=_pointee(row.at("pointee")) if row.has("pointee") else None,
        select=row.text("select") or None,
    )


def _kind(rows: Sequence[_Value], number: int) -> str:
    """Return what a field is by what is listed below it."""
    name, offset = rows[number].value["name"], rows[number].value["offset"]
    below = []
    for index in range(number + 1, len(rows)):
        row = rows[index].value
        if not row["name"].startswith((f"{name}.", f"{name}[].")):
            break
        if "." not in row["name"][len(name) :].removeprefix("[]").removeprefix("."):
            below.append(row["offset"])
    if not below:
        return "int"
    return "union" if len(below) > 1 and set(below) == {offset} else "struct"


def _pointee(root: _Value) -> Pointee:
    root.object(("type", "size", "signed"), ("count",))
    return Pointee(
        root.text("type"),
        root.integer("size") if root.has("size") else None,
        root.truth("signed"),
        root.text("count") or None,
    )


def _typedef(name: str, root: _Value) -> tuple[str, TypeLayout]:
    root.object(("size",), ("align", "kind", "signed"))
    kind = root.choice("kind", ("int", "float"), "int")
    return name, TypeLayout(root.integer("size", 1), root.align(), kind, root.truth("signed"))


def _constant(name: str, root: _Value) -> tuple[str, Constant]:
    root.object(("value",), ("size", "signed"))
    value = root.integer("value", -(1 << 63), (1 << 64) - 1)
    signed = root.truth("signed")
    size = root.integer("size", 1, 8) if root.has("size") else None
    if size is not None and signed is not None:
        bits = 8 * size - signed
        if not (-1 << bits if signed else 0) <= value < 1 << bits:
            root.at("value").fail(f"{value} does not fit into {size} bytes")
    return name, Constant(value, size, signed)


def _op(name: str, root: _Value) -> tuple[str, OpLayout]:
    root.object(("number", "struct"), ("constant",))
    number = root.integer("number", 0, (1 << 32) - 1)
    struct = root.text("struct")
    if struct and not _NAME.fullmatch(struct):
        root.at("struct").expected("the tag of a struct")
    return name, OpLayout(number, struct, root.text("constant", f"GNTTABOP_{name}", _NAME))


def _messages(root: _Value) -> tuple[str, ...]:
    if not root.has("messages"):
        return ()
    listed = root.at("messages")
    for one in listed.items():
        if not isinstance(one.value, str) or not one.value.isprintable():
            one.expected("a text")
    return tuple(listed.value)
