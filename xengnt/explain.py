# SPDX-License-Identifier: MIT
"""Say in words what a name or number of the interface means.

All that is said comes from the header: numbers, gates, and its comments.

Imports ``xengnt.errors``, ``xengnt.abi``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field

from xengnt.abi.declarations import PYTHON_NAMES, Declarations, Enum, header
from xengnt.abi.docs import member_doc, remarks
from xengnt.abi.layout import Field, Layout, StructLayout, compute, spell
from xengnt.abi.targets import UNDEFINED, Target, format_version, native, target
from xengnt.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say about one thing.

    Attributes:
        name: its name in C.
        kind: what it is, ``status`` or ``command``, with its number.
        paragraphs: what the header says of it.
        facts: pairs of a label and a text.
        struct: the struct to show with it, if there is one.
        layout: the layout that the struct is part of.
        docs: what the header says of that struct's fields, by dotted path.
    """

    name: str
    kind: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    struct: StructLayout | None = None
    layout: Layout | None = None
    docs: dict[str, str] = field(default_factory=dict)


def explain(text: str, abi: str | Target | None = None) -> list[Explanation]:
    """Explain a name, with or without its prefix, a path of a field, or a number.

    Args:
        text: such as ``-9``, ``GNTST_bad_page``, ``readonly``, ``copy``,
            ``gnttab_copy.source.u``.
        abi: the ABI that structs are shown for; this machine's by default.

    Returns:
        all that go by that name, at least one.

    Raises:
        UnknownName: nothing does.
    """
    abi = native() if abi is None else target(abi)
    declared = header().at(abi)
    found = list(_Explainer(declared).find(text.strip()))
    if not found:  # perhaps something that newer versions no longer have
        found = list(_Explainer(header().at(abi, UNDEFINED)).find(text.strip()))
    if not found:
        names = [*declared.constants, *declared.aggregates, *declared.typedefs]
        names += [e.short(m) for e in declared.enums.values() for m in e.members]
        near = difflib.get_close_matches(text, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownName(
            f"nothing in the grant-table interface is called {text!r}{hint}", got=text
        )
    return found


class _Explainer:
    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.layout: Layout = compute(declared)

    def find(self, text: str) -> Iterator[Explanation]:
        """Give all that go by a name or number."""
        try:
            number = int(text, 0)
        except ValueError:
            yield from self._by_name(text)
        else:
            yield from self._by_number(number)

    def _by_number(self, number: int) -> Iterator[Explanation]:
        for enum in self.declared.enums.values():
            for name in () if enum.bits else enum.members:
                if self.declared.constants[name].value == number:
                    yield self._named(name)

    def _named(self, name: str) -> Explanation:
        ops = [op.constant for op in self.layout.ops.values()]
        return self._op(name) if name in ops else self._constant(name)

    def _by_name(self, text: str) -> Iterator[Explanation]:
        name = text.lower()
        for constant in self.declared.constants:
            enum = self._family(constant)
            short = enum.short(constant) if enum else constant
            if name in (constant.lower(), short.lower()):
                yield self._named(constant)
        for tag, struct in self.layout.structs.items():
            if name == tag.lower():
                yield self._struct(struct)
        yield from self._paths(text)
        for typedef in self.declared.typedefs:
            if name == typedef.lower():
                yield from self._typedef(typedef)
        for tag, enum in self.declared.enums.items():
            if name in (tag.lower(), PYTHON_NAMES.get(tag, tag).lower()):
                yield self._enum(enum)

    def _paths(self, text: str) -> Iterator[Explanation]:
        """Give the field at ``struct.field`` or ``op.field``."""
        owner, _, path = text.partition(".")
        tag = self.layout.ops[owner].struct if owner in self.layout.ops else owner
        struct = self.layout.structs.get(tag)
        if struct and path in struct.by_name:
            yield self._field(struct, struct.by_name[path])

    def _family(self, name: str) -> Enum | None:
        return next((e for e in self.declared.enums.values() if name in e.members), None)

    def _constant(self, name: str) -> Explanation:
        constant = self.declared.constants[name]
        enum = self._family(name)
        kind = {None: "constant", "grant_status": "status"}.get(
            enum.name if enum else None, "flag" if enum and enum.bits else "value"
        )
        number = self._value(name)
        sign = "signed" if constant.signed else "unsigned"
        facts = [("value", f"{number}, {sign}, {constant.size} bytes")]
        if enum:
            facts.append(("belongs to", f"enum {enum.name}"))
            facts += self._python(enum, name)
            facts.append(("used in", ", ".join(self._users(enum))))
            if enum.name == "grant_status" and 0 <= -constant.value < len(self.declared.messages):
                facts.insert(1, ("message", self.declared.messages[-constant.value]))
            if enum.mask:
                facts.append(("occupies", f"the bits {enum.mask}"))
            if enum.condition:
                verb = "not " if enum.condition.startswith("!") else ""
                facts.append(("holds if", f"the entry is {verb}{enum.condition.lstrip('!')}"))
        words, notes = remarks(self.declared.docs.get(name, ""))
        facts += [*notes, ("available", self._presence(name))]
        return Explanation(name, f"{kind} {number}", words, tuple(facts))

    def _python(self, enum: Enum, name: str) -> list[tuple[str, str]]:
        python = PYTHON_NAMES.get(enum.name)
        return [("in Python", f"xengnt.{python}.{enum.short(name).upper()}")] if python else []

    def _users(self, enum: Enum) -> list[str]:
        """Return the fields that hold values of an enumeration."""
        return [
            f"{tag}.{field.name}"
            for tag, struct in self.layout.structs.items()
            for field in struct.fields
            if field.enum and enum.name in field.enum.split("|") and field.name.count(".") == 0
        ] or ["no field"]

    def _op(self, name: str) -> Explanation:
        op = next(op for op in self.layout.ops.values() if op.constant == name)
        enum = self._family(name)
        aggregate = self.declared.aggregates[op.struct]
        _, notes = remarks(self.declared.docs.get(name, ""))
        facts = (
            ("argument", f"an array of struct {op.struct}"),
            *(self._python(enum, name) if enum else ()),
            *notes,
            ("available", self._presence(name)),
            *self._changes(op.struct),
        )
        struct = self.layout.structs[op.struct]
        words, _ = remarks(aggregate.doc.removeprefix(f"{name}: "))
        kind = f"command {op.number}"
        return Explanation(name, kind, words, facts, struct, self.layout, self._docs(struct))

    def _struct(self, struct: StructLayout) -> Explanation:
        doc = self.declared.aggregates[struct.tag].doc
        users = [op.constant for op in self.layout.ops.values() if op.struct == struct.tag]
        facts = [("argument of", ", ".join(users))] if users else []
        facts += [("available", self._presence(struct.tag)), *self._changes(struct.tag)]
        words, notes = remarks(doc)
        pairs = (*facts, *notes)
        docs = self._docs(struct)
        return Explanation(struct.tag, struct.kind, words, pairs, struct, self.layout, docs)

    def _docs(self, struct: StructLayout) -> dict[str, str]:
        return {
            one.name: " ".join(remarks(member_doc(self.declared, struct.tag, one.name))[0])
            for one in struct.fields
        }

    def _changes(self, tag: str) -> Iterator[tuple[str, str]]:
        """Give the types of members that other interface versions declare differently."""
        abi = self.declared.target.name
        forms = [one for one in header().aggregates[tag] if abi in one.abis]
        now = {m.name: spell(m.type) for m in self.declared.aggregates[tag].members}
        for form in forms:
            for member in form.what.members:
                then = spell(member.type)
                if form.before and now.get(member.name) not in (then, None):
                    version = format_version(form.before)
                    yield "changed", f"{member.name} was {then} before interface version {version}"

    def _field(self, struct: StructLayout, field: Field) -> Explanation:
        facts = [
            ("type", field.type + (f"[{field.count}]" if field.count is not None else "")),
            ("place", f"offset {field.offset}, {field.size} bytes, on {self.layout.abi}"),
        ]
        if field.direction:
            facts.append(("direction", field.direction))
        if field.enum:
            facts.append(("holds", "enum " + " | ".join(field.enum.split("|"))))
        if field.select:
            facts.append(("means", field.select))
        if field.pointee and field.pointee.size:
            facts.append(
                ("points to", f"{field.pointee.type}, {field.pointee.size} bytes an element")
            )
        words, notes = remarks(member_doc(self.declared, struct.tag, field.name))
        return Explanation(f"{struct.tag}.{field.name}", "field", words, (*facts, *notes))

    def _typedef(self, name: str) -> Iterator[Explanation]:
        shape = self.layout.typedefs.get(name)
        if shape is None:
            return
        sign = "signed" if shape.signed else "unsigned"
        facts = (
            ("size", f"{shape.size} bytes, {sign}, on {self.layout.abi}"),
            ("available", self._presence(name)),
        )
        words, _ = remarks(self.declared.typedefs[name].doc)
        yield Explanation(name, "type", words, facts)

    def _enum(self, enum: Enum) -> Explanation:
        facts = tuple(
            (member, f"{self._value(member):>6}  {self.declared.docs.get(member, '')}".rstrip())
            for member in enum.members
        )
        return Explanation(enum.name, "flags" if enum.bits else "enumeration", (enum.doc,), facts)

    def _value(self, name: str) -> str:
        """Return a constant as people write it: what is unsigned or a flag in hexadecimal."""
        constant = self.declared.constants[name]
        enum = self._family(name)
        plain = constant.signed and not (enum and enum.bits)
        return str(constant.value) if plain else f"{constant.value:#x}"

    def _presence(self, name: str) -> str:
        return header().presence(name) or "at every interface version"
