# SPDX-License-Identifier: MIT
"""What has to hold of somebody's types, each as one fact, under their names.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.match``, ``xengnt.mapping`` and the
modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass

from xengnt.abi.declarations import header
from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.abi.targets import Target
from xengnt.emit.selection import Selection, tag_of
from xengnt.errors import SourceError
from xengnt.mapping import Mapping
from xengnt.match import renamed_path

SIZE, OFFSET, SIGN, VALUE = "size", "offset", "sign", "value"
"""What a fact is about."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that has to hold.

    Attributes:
        what: `SIZE`, `OFFSET`, `SIGN` or `VALUE`.
        where: the C path, as Xen's header has it.
        expected: a number; of a sign, whether there is one.
        of: ``struct``, ``union``, ``type`` or ``constant``.
        theirs: their name of it.
        field: their path of a field in it, "" for the whole.
    """

    what: str
    where: str
    expected: int
    of: str
    theirs: str
    field: str = ""

    @property
    def message(self) -> str:
        """What to say if it does not hold."""
        if self.what == SIGN:
            return f"{self.where}: is not {'signed' if self.expected else 'unsigned'}"
        return f"{self.where}: {self.what} is not {self.expected}"


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that hold for the same ABIs.

    Attributes:
        targets: these ABIs; all of them that are asked for, in the first group.
        facts: in the order of the header.
    """

    targets: tuple[Target, ...]
    facts: tuple[Fact, ...]


def grouped(
    selections: Sequence[Selection],
    mapping: Mapping | None,
    allowed: re.Pattern[str],
    *,
    structs_only: bool = False,
) -> list[Group]:
    """Return what has to hold for all ABIs, and then what only for some of them.

    Args:
        selections: the ABIs.
        mapping: what they call things.
        allowed: what their language can have as a name or path.
        structs_only: leave out types and constants that the mapping does not name.

    Raises:
        SourceError: the mapping says something of what there is not, or that is no name.
    """
    names = mapping or Mapping()
    _check_known(selections, names)
    _check_allowed(names, allowed)
    by_abi = {
        one.target: [
            fact
            for fact in _facts(one, names)
            if not structs_only
            or fact.of in ("struct", "union")
            or fact.theirs in names.types
            or fact.theirs in names.constants
        ]
        for one in selections
    }
    holds: dict[Fact, list[Target]] = {}
    for target, facts in by_abi.items():
        for fact in facts:
            holds.setdefault(fact, []).append(target)
    groups: dict[tuple[Target, ...], list[Fact]] = {tuple(by_abi): []}
    for fact, targets in holds.items():
        groups.setdefault(tuple(targets), []).append(fact)
    return [Group(targets, tuple(facts)) for targets, facts in groups.items() if facts]


def _facts(selection: Selection, names: Mapping) -> Iterator[Fact]:
    layout = selection.layout
    for typedef, shape in layout.typedefs.items():
        if not names.ignored(typedef):
            for theirs in _theirs(names.types, typedef):
                yield Fact(SIZE, typedef, shape.size, "type", theirs)
                yield Fact(SIGN, typedef, bool(shape.signed), "type", theirs)
    inner = {tag_of(layout, field) for one in layout.structs.values() for field in one.fields}
    named = {*selection.asked, *names.structs.values()}
    for tag, struct in layout.structs.items():
        if tag in inner and tag not in named:  # its fields are asked for where it is a member
            continue
        for theirs in _theirs(names.structs, tag):
            yield from _struct(layout, struct, theirs, names)
    for name, constant in layout.constants.items():
        if not names.ignored(name):
            for theirs in _theirs(names.constants, name):
                yield Fact(VALUE, name, constant.value, "constant", theirs)
                if constant.size is not None:
                    yield Fact(SIZE, name, constant.size, "constant", theirs)
                if constant.signed is not None:
                    yield Fact(SIGN, name, constant.signed, "constant", theirs)


def _struct(layout: Layout, struct: StructLayout, theirs: str, names: Mapping) -> Iterator[Fact]:
    if names.ignored(struct.tag):
        return
    yield Fact(SIZE, struct.tag, struct.size, struct.kind, theirs)
    paths = {ours: their for their, ours in names.fields.get(theirs, {}).items()}
    ignored = set()
    for outer in struct.fields:
        tag = tag_of(layout, outer)
        if tag is not None:
            for ours, their in _inside(tag, names).items():
                path = f"{renamed_path(outer.name, paths)}.{their}"
                paths.setdefault(f"{outer.name}.{ours}", path)
            inner = layout.structs[tag]
            ignored |= {
                f"{outer.name}.{one.name}"
                for one in inner.fields
                if names.ignored(f"{tag}.{one.name}")
            }
    for field in _asked(struct, set(paths)):
        where = f"{struct.tag}.{field.name}"
        if names.ignored(where) or field.name in ignored:
            continue
        path = renamed_path(field.name, paths)
        yield Fact(OFFSET, where, field.offset, struct.kind, theirs, path)
        yield Fact(SIZE, where, field.size, struct.kind, theirs, path)
        if field.count:
            where, path = f"{where}[0]", f"{path}[0]"
            yield Fact(SIZE, where, field.size // field.count, struct.kind, theirs, path)
        if field.kind == "int":
            yield Fact(SIGN, where, bool(field.signed), struct.kind, theirs, path)


def _inside(tag: str, names: Mapping) -> Table[str, str]:
    """Return what the fields of a struct that is a member are called by them, by ours.

    Raises:
        SourceError: two structs of theirs are this one, and call a field differently.
    """
    found: dict[str, str] = {}
    for their_tag in _theirs(names.structs, tag):
        for their, ours in names.fields.get(their_tag, {}).items():
            if found.setdefault(ours, their) != their:
                what = f"fields.{their_tag}.{their}: another {tag} calls it {found[ours]!r}"
                raise SourceError(
                    f"{names.path}: {what}: say it of the structs that they are in",
                    struct=tag,
                    field=ours,
                )
    return found


def _asked(struct: StructLayout, mapped: set[str]) -> Iterator[Field]:
    """Give the fields that have a value; of a union, those that the mapping names, if any.

    Somebody may have but one member of it, or but an integer in its place: where the mapping
    has ``source.u.ref``, nothing is asked of ``source.u`` and ``source.u.gmfn``.
    """
    unions = {leaf.name: leaf for leaf in struct.leaves if not leaf.scalar}
    for field in struct.fields:
        union = field if field.name in unions else unions.get(field.name.rpartition(".")[0])
        if union is None:
            if field.scalar and "[]" not in field.name:
                yield field
            continue
        members = {one.name for one in struct.members_of(union.name)}
        named = mapped & {union.name, *members}
        if not named or field.name in named:
            yield field


def _theirs(table: Table[str, str], ours: str) -> list[str]:
    """Return what a name of ours is called by them, the same if nothing else is said."""
    return [their for their, mine in table.items() if mine == ours] or [ours]


def _check_known(selections: Sequence[Selection], names: Mapping) -> None:
    """Raise unless all that a mapping names is there, at some interface version."""
    known = header()
    tables: tuple[tuple[str, Table[str, str], Collection[str]], ...] = (
        ("structs", names.structs, known.aggregates),
        ("types", names.types, known.typedefs),
        ("constants", names.constants, known.constants),
    )
    for table, rows, there in tables:
        for their, ours in rows.items():
            if ours not in there:
                what = f"{names.path}: {table}.{their}: Xen has no {ours!r} among its {table}"
                raise SourceError(what, got=ours)
    layouts = [one.abi.layout for one in selections]
    for path in names.ignore:
        whole, _, field = path.partition(".")
        structs = [layout.structs[whole] for layout in layouts if whole in layout.structs]
        there_is = any(whole in there for _, _, there in tables)
        if not there_is or (field and structs and all(field not in one.by_name for one in structs)):
            raise SourceError(f"{names.path}: ignore.{path}: Xen has nothing of this name")
    for their, rows in names.fields.items():
        tag = names.structs.get(their, their)
        if tag not in known.aggregates:
            raise SourceError(f"{names.path}: fields.{their}: no struct has this name", got=their)
        for ours in {ours for ours in rows.values() if list(rows.values()).count(ours) > 1}:
            raise SourceError(f"{names.path}: fields.{their}: {ours!r} is there twice", field=ours)
        structs = [layout.structs[tag] for layout in layouts if tag in layout.structs]
        for path, ours in rows.items():
            if structs and all(ours not in struct.by_name for struct in structs):
                what = f"{names.path}: fields.{their}.{path}: {tag} has no field {ours!r}"
                raise SourceError(what, struct=tag, field=ours)


def _check_allowed(names: Mapping, allowed: re.Pattern[str]) -> None:
    """Raise unless all names of theirs can be names in their language."""
    fields = [path for rows in names.fields.values() for path in rows]
    for their in (*names.structs, *names.types, *names.constants, *fields):
        if not allowed.fullmatch(their):
            raise SourceError(f"{names.path}: {their!r} is no name there", got=their)
