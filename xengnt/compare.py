# SPDX-License-Identifier: MIT
"""Compare two layouts: a reference, and one that should be like it.

Names are those of the reference. A field is compared with the one of the same
name, else with one that is only spelled otherwise, else with the one in its place.
Offsets are compared relative to the struct that a field is in, so that a struct in
the wrong place counts once and not again for each of its members. Where a field is in
the wrong place, the finding names what moved it and what Xen meets there instead.

Imports ``xengnt.abi``, ``xengnt.findings``, ``xengnt.match``, ``xengnt.shift`` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import zip_longest

from xengnt.abi.declarations import MESSAGES, Constant
from xengnt.abi.layout import Field, Layout, StructLayout, TypeLayout
from xengnt.findings import ERROR, NOTE, WARNING, Finding
from xengnt.match import spelled
from xengnt.shift import Pair, Shifts

_PAD = re.compile(r"_*(pad|padding|unused|rsvd|reserved)\d*")

_ALIKE, _CLEARLY = 0.6, 0.1
"""How much names must be alike to mean the same, and how much more than others."""

XEN = "Xen"
"""Who goes by the ABI."""

_SIGNS = {True: "signed", False: "unsigned", None: "neither signed nor unsigned"}


def compare(reference: Layout, theirs: Layout, reader: str = XEN) -> list[Finding]:
    """Return in what `theirs` differs from `reference`, struct by struct.

    What `theirs` does not have or does not state is a note, or nothing. The `reader` is
    who goes by the reference.
    """
    found = [
        *_structs(reference, theirs, reader),
        *_typedefs(reference, theirs),
        *_constants(reference, theirs),
        *_ops(reference, theirs),
        *_messages(reference, theirs),
    ]
    return [
        replace(one, abi=reference.abi, interface_version=reference.interface_version)
        for one in found
    ]


def families(names: Iterator[str] | list[str]) -> frozenset[str]:
    """Return the prefixes that at least two of these constants share, such as ``GNTMAP_``."""
    prefixes = [name.partition("_")[0] + "_" for name in names if not name.startswith("_")]
    return frozenset(prefix for prefix in prefixes if prefixes.count(prefix) > 1)


def compare_struct(
    reference: StructLayout, theirs: StructLayout, reader: str = XEN
) -> list[Finding]:
    """Return in what a struct differs from the one of the reference."""
    return list(_StructComparison(reference, theirs, reader).findings())


def pairs(reference: StructLayout, theirs: StructLayout) -> list[tuple[Field | None, Field | None]]:
    """Return the fields of both, each with the one that it is compared with, if any."""
    comparison = _StructComparison(reference, theirs)
    list(comparison.findings())
    other = {field.name: other for field, other in comparison.pairs}
    ours = {one.name: field for field, one in comparison.pairs}
    behind: dict[str, list[Field]] = {}  # theirs alone, by the one of ours that they follow
    last = ""
    for one in theirs.fields:
        if one.name in ours:
            last = ours[one.name].name
        else:
            behind.setdefault(last, []).append(one)
    found: list[tuple[Field | None, Field | None]] = [(None, one) for one in behind.get("", ())]
    for field in reference.fields:
        found.append((field, other.get(field.name)))
        found += ((None, one) for one in behind.get(field.name, ()))
    return found


def _structs(reference: Layout, theirs: Layout, reader: str) -> Iterator[Finding]:
    for tag, struct in reference.structs.items():
        other = theirs.structs.get(tag)
        if other is None:
            yield Finding(NOTE, "struct-missing", tag, f"{struct.kind} {tag} is not there")
        else:
            yield from compare_struct(struct, other, reader)


class _StructComparison:
    """A struct of the reference, and the one of the same name."""

    def __init__(self, reference: StructLayout, theirs: StructLayout, reader: str = XEN) -> None:
        self.reader = reader
        self.reference = reference
        self.theirs = theirs
        self.tag = reference.tag
        self.pairs: list[Pair] = []
        self.spellings: list[str] = []

    def findings(self) -> Iterator[Finding]:
        """Return in what they differ."""
        ours, theirs = self.reference, self.theirs
        if ours.kind != theirs.kind:
            yield self._differs("struct-kind", "", "is of kind", ours.kind, theirs.kind)
        members = self._without_effect(list(self._members("", "", 0, 0, ours.kind)))
        shifts = Shifts(ours, theirs, self.pairs, self.reader)
        for one in members:
            path = one.where[len(self.tag) + 1 :]
            other = shifts.partner.get(path)
            yield replace(
                one,
                theirs=f"{self.tag}.{other.name}" if other and other.name != path else None,
                because=shifts.because(path) if one.code == "field-offset" else None,
            )
        if self.spellings:
            words = ", ".join(self.spellings)
            message = f"fields of {self.tag} are spelled otherwise: {words}"
            yield Finding(NOTE, "field-spelling", self.tag, message, got=words)
        if ours.size != theirs.size:
            yield self._differs("struct-size", "", "has a size of", ours.size, theirs.size)
        if _differ(ours.align, theirs.align):
            yield self._differs(
                "struct-align", "", "has an alignment of", ours.align, theirs.align, WARNING
            )
        yield from self._stated("selector", "", "selects its member by", ours.select, theirs.select)

    def _without_effect(self, members: list[Finding]) -> list[Finding]:
        """Make notes of sizes of structs in the struct, where nothing else differs.

        Then the padding at their end is behind them in the other.
        """
        fields = {f"{self.tag}.{f.name}": f for f in self.reference.fields if not f.scalar}
        sizes = [one for one in members if one.code == "field-size" and one.where in fields]
        if self.reference.size != self.theirs.size or any(
            one.severity == ERROR and one not in sizes for one in members
        ):
            return members
        return [replace(one, severity=NOTE) if one in sizes else one for one in members]

    def _differs(
        self,
        code: str,
        path: str,
        verb: str,
        expected: object,
        got: object,
        severity: str = ERROR,
        offset: int | None = None,
    ) -> Finding:
        where = f"{self.tag}.{path}" if path else self.tag
        message = f"{where} {verb} {got}, not {expected}"
        return Finding(severity, code, where, message, offset=offset, expected=expected, got=got)

    def _stated(
        self, code: str, path: str, verb: str, expected: object, got: object
    ) -> Iterator[Finding]:
        """Compare what the markup says, where both have one."""
        if expected is not None and got is not None and expected != got:
            yield self._differs(code, path, verb, expected, got)

    def _members(
        self, path: str, their_path: str, base: int, their_base: int, kind: str
    ) -> Iterator[Finding]:
        """Compare the members below a path, which begin at these offsets."""
        ours = self.reference.members_of(path)
        left = {field.name: field for field in self.theirs.members_of(their_path)}
        same = _paired(ours, left, path, their_path)
        alike = _alike([field for field in ours if field.name not in same], left)
        partner = same | alike
        rest = [field for field in ours if field.name not in partner]
        place = _in_place(rest, left, base - their_base, union=kind == "union")
        partner |= place
        yield from self._guessed(path, place)
        for field in ours:
            other = partner.get(field.name)
            if other is None:
                yield from self._apart(field, left, kind)
                continue
            if other.name.rpartition(".")[2] != field.name.rpartition(".")[2]:
                if field.name in same:
                    self.spellings.append(other.name)
                else:
                    yield self._renamed(field, other)
            self.pairs.append((field, other))
            yield from self._field(field, other, base, their_base)
        for extra in left.values():
            yield Finding(
                NOTE,
                "field-extra",
                f"{self.tag}.{extra.name}",
                f"{self.tag}.{extra.name} is not in the reference",
                offset=extra.offset,
                got=extra.type,
            )

    def _apart(self, field: Field, left: dict[str, Field], kind: str) -> Iterator[Finding]:
        """Compare the members of what is not there itself; they may be there one by one."""
        inside = [name for name in self.theirs.by_name if name.startswith(f"{field.name}.")]
        if field.scalar or not inside:
            yield from self._missing(field, kind)
            return
        for name in inside:
            left.pop(name, None)
        yield from self._members(field.name, field.name, 0, 0, field.kind)

    def _guessed(self, path: str, place: dict[str, Field]) -> Iterator[Finding]:
        """Warn where fields that only their places tell apart could as well be swapped."""
        kinds: dict[tuple[object, ...], list[str]] = {}
        for name, other in place.items():
            field = self.reference.by_name[name]
            if not _pad(field):
                kinds.setdefault((other.size, other.kind, other.signed), []).append(name)
        for names in kinds.values():
            if len(names) > 1:
                pairs = ", ".join(f"{place[name].name} for {name}" for name in names)
                where = f"{self.tag}.{path}" if path else self.tag
                message = f"{where}: {pairs}, or the other way round? Say so with --map"
                yield Finding(WARNING, "field-guess", where, message)

    def _renamed(self, field: Field, other: Field) -> Finding:
        used = _pad(field) and not _pad(other)
        return Finding(
            WARNING if used else NOTE,
            "pad-used" if used else "field-renamed",
            f"{self.tag}.{field.name}",
            f"{self.tag}.{field.name} is called {other.name}",
            offset=other.offset,
            expected=field.name,
            got=other.name,
        )

    def _missing(self, field: Field, kind: str) -> Iterator[Finding]:
        where = f"{self.tag}.{field.name}"
        if _pad(field):
            code, severity = "pad-missing", ERROR
        else:
            code, severity = "field-missing", NOTE if kind == "union" else ERROR
        message = f"{where}, {field.size} bytes at offset {field.offset}, is not there"
        yield Finding(severity, code, where, message, offset=field.offset, expected=field.type)

    def _field(self, field: Field, other: Field, base: int, their_base: int) -> Iterator[Finding]:
        path = field.name
        moved = field.offset - base != other.offset - their_base
        if moved and field.offset != other.offset:
            yield self._differs(
                "field-offset", path, "is at offset", field.offset, other.offset,
                offset=other.offset,
            )  # fmt: skip
        inner: list[Finding] = []
        if not field.scalar and not other.scalar:
            if field.kind != other.kind:
                yield self._differs("field-kind", path, "is of kind", field.kind, other.kind)
            inner = list(
                self._members(
                    _inside(field), _inside(other), field.offset, other.offset, field.kind
                )
            )
            yield from inner
        if field.size == other.size and _pad(field):
            pass  # it holds nothing, so what it is made of does not matter
        elif _elements(field) != _elements(other) and not inner:
            yield self._differs(
                "field-count", path, "has this many elements:", _elements(field), _elements(other)
            )
        elif field.size != other.size and not any(one.severity == ERROR for one in inner):
            yield self._differs("field-size", path, "has a size of", field.size, other.size)
        elif field.scalar or other.scalar:
            yield from self._value(field, other)
        if not self._told(field, other):
            yield from self._stated("direction", path, "is", field.direction, _way(field, other))
        yield from self._stated("enum", path, "holds an enum", field.enum, _enums(field, other))
        yield from self._stated(
            "selector", path, "selects its member by", field.select, other.select
        )

    def _told(self, field: Field, other: Field) -> bool:
        """Tell whether the structs that two fields are in have the same directions as they."""
        outer = self.reference.by_name.get(field.name.rpartition(".")[0].removesuffix("[]"))
        their_outer = self.theirs.by_name.get(other.name.rpartition(".")[0].removesuffix("[]"))
        if outer is None or their_outer is None:
            return False
        return (outer.direction, their_outer.direction) == (field.direction, other.direction)

    def _value(self, field: Field, other: Field) -> Iterator[Finding]:
        """Compare what two fields of the same size hold, of which one is a scalar at least."""
        path = field.name
        if not field.scalar:
            integer = field.kind == "union" and other.kind in ("int", "handle")
            severity = NOTE if integer else ERROR
            yield self._differs(
                "field-kind", path, "is of kind", field.kind, _kind(other), severity
            )
            return
        if not other.scalar:
            kind = other.kind
            inner = self._wrapped(other, field.signed)
            if inner is None:
                yield self._differs("field-kind", path, "is of kind", _kind(field), kind)
                return
            yield self._differs("field-kind", path, "is of kind", _kind(field), kind, NOTE)
            other = inner
        if field.kind == other.kind == "handle":
            yield from self._pointee(field, other)
        elif field.kind == other.kind:
            if _differ(field.signed, other.signed):
                yield self._differs(
                    "field-sign", path, "is", _SIGNS[field.signed], _SIGNS[other.signed]
                )
            elif field.kind == "bits":
                width, their_width = (one.type.rpartition(":")[2] for one in (field, other))
                if width != their_width:
                    yield self._differs("field-size", path, "has bits:", width, their_width)
                elif _differ(field.bit, other.bit):
                    yield self._differs("field-offset", path, "is at bit", field.bit, other.bit)
        else:
            both = {field.kind, other.kind} == {"int", "handle"}
            severity = NOTE if both else ERROR
            yield self._differs(
                "field-kind", path, "is of kind", _kind(field), _kind(other), severity
            )

    def _wrapped(self, other: Field, signed: bool | None) -> Field | None:  # noqa: FBT001 -- private
        """Return the scalar that fills a struct, or a union beside other views of it.

        Of several in a union it is one of this signedness, if there is one.
        """
        members = self.theirs.members_of(_inside(other))
        if other.count is not None or (other.kind == "struct" and len(members) != 1):
            return None
        whole = []
        for member in members:
            inner = member if member.scalar else self._wrapped(member, signed)
            if inner and inner.size == other.size and inner.count is None:
                whole.append(inner)
        return next((one for one in whole if one.signed == signed), whole[0] if whole else None)

    def _pointee(self, field: Field, other: Field) -> Iterator[Finding]:
        path, ours, theirs = field.name, field.pointee, other.pointee
        if ours is None or theirs is None or ours.size is None:
            return
        if theirs.size is None:
            yield self._differs("pointee-unknown", path, "points to", ours.type, theirs.type, NOTE)
        elif ours.size != theirs.size:
            yield self._differs(
                "pointee-size", path, "points to elements of this size:", ours.size, theirs.size
            )
        elif _differ(ours.signed, theirs.signed):
            yield self._differs(
                "pointee-sign", path, "points to elements that are",
                _SIGNS[ours.signed], _SIGNS[theirs.signed],
            )  # fmt: skip


def _inside(field: Field) -> str:
    """Return the path that the members of a struct, or of each of an array, begin with."""
    return field.name if field.count is None else f"{field.name}[]"


def _paired(
    ours: Sequence[Field], left: dict[str, Field], path: str, their_path: str
) -> dict[str, Field]:
    """Return the fields of the same name, or spelled otherwise, and take them out of `left`."""
    start, their_start = len(path) + 1 if path else 0, f"{their_path}." if their_path else ""
    found = {}
    for field in ours:
        other = left.pop(their_start + field.name[start:], None)
        if other is not None:
            found[field.name] = other
    for field in ours:
        if field.name not in found:
            key = spelled(field.name[start:])
            alike = [name for name in left if spelled(name[len(their_start) :]) == key]
            if len(alike) == 1:
                found[field.name] = left.pop(alike[0])
    return found


def _alike(ours: Sequence[Field], left: dict[str, Field]) -> dict[str, Field]:
    """Return the fields whose names are more like each other than like any other's.

    They are taken out of `left`. So fields that were renamed and changed places are found.
    """
    names = {field.name: spelled(field.name.rpartition(".")[2]) for field in ours}
    theirs = {name: spelled(name.rpartition(".")[2]) for name in left}
    found = {}
    for field in ours:
        best = _best(names[field.name], theirs)
        if best is not None and _best(theirs[best], names) == field.name:
            found[field.name] = left[best]
    for other in found.values():
        del left[other.name]
    return found


def _best(word: str, others: dict[str, str]) -> str | None:
    """Return whose word is most like one, None if none is, or several are."""
    matcher = SequenceMatcher(b=word, autojunk=False)
    ratios = []
    least = _ALIKE - _CLEARLY  # what is less like it counts for nothing; these bounds are cheap
    for name, other in others.items():
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
            ratios.append((matcher.ratio(), name))
    ratios.sort(reverse=True)
    if not ratios or ratios[0][0] < _ALIKE:
        return None
    clear = len(ratios) == 1 or ratios[0][0] - ratios[1][0] >= _CLEARLY
    return ratios[0][1] if clear else None


def _in_place(
    ours: Sequence[Field], left: dict[str, Field], shift: int, *, union: bool
) -> dict[str, Field]:
    """Return the fields of the same place and size, and take them out of `left`.

    In a union all have the same place, so they must be of the same kind there.
    """
    found = {}
    for field in ours:
        for name, other in left.items():
            if (other.offset, other.size) != (field.offset - shift, field.size):
                continue
            if union and (other.kind, other.count) != (field.kind, field.count):
                continue
            found[field.name] = left.pop(name)
            break
    return found


def _differ(ours: int | None, theirs: int | None) -> bool:
    """Tell whether two things differ that are both known."""
    return ours is not None and theirs is not None and ours != theirs


def _way(field: Field, other: Field) -> str | None:
    """Return the other's direction; where ours is IN-pointer, OUT says the same less exactly."""
    same = field.direction == "IN-pointer" and other.direction == "OUT"
    return field.direction if same else other.direction


def _enums(field: Field, other: Field) -> str | None:
    """Return the other's enumerations, as ours has them where they are the same."""
    same = field.enum and other.enum and set(field.enum.split("|")) == set(other.enum.split("|"))
    return field.enum if same else other.enum


def _pad(field: Field) -> bool:
    return _PAD.fullmatch(field.name.split(".")[-1]) is not None


def _elements(field: Field) -> int:
    return 1 if field.count is None else field.count


def _kind(field: Field | TypeLayout) -> str:
    names = {"int": "integer", "handle": "pointer", "bits": "bit-field", "float": "float"}
    return names.get(field.kind, field.kind)


def _typedefs(reference: Layout, theirs: Layout) -> Iterator[Finding]:
    for name, ours in reference.typedefs.items():
        other = theirs.typedefs.get(name)
        if other is None:
            yield Finding(NOTE, "type-missing", name, f"type {name} is not there")
        elif ours.kind != other.kind:
            yield _unequal("type-kind", name, "is of kind", _kind(ours), _kind(other))
        elif ours.size != other.size:
            yield _unequal("type-size", name, "has a size of", ours.size, other.size)
        elif _differ(ours.signed, other.signed):
            yield _unequal("type-sign", name, "is", _SIGNS[ours.signed], _SIGNS[other.signed])
    for name, struct in reference.aliases.items():
        if theirs.aliases.get(name, struct) != struct:
            yield _unequal("type-struct", name, "is", struct, theirs.aliases[name])


def _unequal(code: str, where: str, verb: str, expected: object, got: object) -> Finding:
    message = f"{where} {verb} {got}, not {expected}"
    return Finding(ERROR, code, where, message, expected=expected, got=got)


def _constants(reference: Layout, theirs: Layout) -> Iterator[Finding]:
    for name, ours in reference.constants.items():
        other = theirs.constants.get(name)
        if other is None:
            yield Finding(
                NOTE, "constant-missing", name, f"{name} is not there", expected=_number(ours)
            )
        elif ours.value != other.value:
            yield _unequal("constant-value", name, "is", _number(ours), _number(other))
        elif _differ(ours.signed, other.signed):
            yield _unequal("constant-sign", name, "is", _SIGNS[ours.signed], _SIGNS[other.signed])
        elif _differ(ours.size, other.size):
            yield _unequal("constant-size", name, "has a size of", ours.size, other.size)
    known = families(list(reference.constants))
    for name in theirs.constants:
        if name not in reference.constants and name.startswith(tuple(known)):
            message = f"{name} is not in the reference"
            yield Finding(
                NOTE, "constant-extra", name, message, got=_number(theirs.constants[name])
            )


def _number(constant: Constant) -> int | str:
    """Return a constant as people write it: flags and masks in hexadecimal."""
    return hex(constant.value) if not constant.signed and constant.value > 9 else constant.value  # noqa: PLR2004 -- one digit reads the same


def _ops(reference: Layout, theirs: Layout) -> Iterator[Finding]:
    """Compare which struct goes with which command, where theirs says so at all."""
    for name, ours in reference.ops.items():
        other = theirs.ops.get(name)
        if other is not None and ours.struct != other.struct:
            yield _unequal("op-struct", ours.constant, "takes struct", ours.struct, other.struct)


def _messages(reference: Layout, theirs: Layout) -> Iterator[Finding]:
    if not reference.messages:
        return
    if not theirs.messages:
        yield Finding(NOTE, "messages-missing", MESSAGES, f"{MESSAGES} is not there")
        return
    for index, (ours, other) in enumerate(zip_longest(reference.messages, theirs.messages)):
        if ours != other:
            words = [f'"{text}"' if text is not None else "none" for text in (other, ours)]
            yield Finding(
                NOTE,
                "message",
                f"{MESSAGES}[{index}]",
                f"the message of status {-index} is {words[0]}, not {words[1]}",
                expected=ours,
                got=other,
            )
