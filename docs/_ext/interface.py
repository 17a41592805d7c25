# SPDX-License-Identifier: MIT
"""The directives ``ops``, ``entries`` and ``constants``: what the header says, from the header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from docutils import nodes
from pages import picture
from sphinx.util.docutils import SphinxDirective

from xengnt import Abi
from xengnt.abi.declarations import PYTHON_NAMES, Enum
from xengnt.cli.render import meaning, type_name
from xengnt.emit import emit
from xengnt.explain import Explanation, explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx.application import Sphinx

    from xengnt.abi.layout import StructLayout

Cell: TypeAlias = "str | nodes.Node"
"""What is in a table."""

WIDE, NARROW = Abi("x86_64"), Abi("x86_32")
"""One of the ABIs that are alike, and the one that differs."""


class _Derived(SphinxDirective):
    """What all these directives share."""

    def section(self, name: str, title: str, children: Iterable[nodes.Node]) -> nodes.section:
        section = nodes.section(ids=[nodes.make_id(name)], names=[name])
        return section.__iadd__([nodes.title("", "", nodes.literal("", title)), *children])

    def said(self, found: Explanation) -> list[nodes.Node]:
        """Return the paragraphs, and the facts, of an explanation."""
        facts = " · ".join(f"{label}: {text}" for label, text in found.facts)
        paragraphs = [nodes.paragraph("", text) for text in found.paragraphs]
        return [*paragraphs, nodes.paragraph("", "", nodes.inline("", facts, classes=["facts"]))]

    def struct(self, name: str) -> list[nodes.Node]:
        """Return the picture of a struct, and its fields."""
        tag = WIDE.struct(name).tag
        [found] = (one for one in explain(tag, WIDE.target) if one.struct)
        rows = [_row(found, field.name, NARROW.struct(name)) for field in WIDE.struct(name).fields]
        head = ["field", "type", "direction", "offset, size", "on x86_32", "meaning"]
        for number in (4, 2):  # columns in which there may be nothing
            if not any(row[number] for row in rows):
                del head[number]
                rows = [(*row[:number], *row[number + 1 :]) for row in rows]
        return [picture(emit("svg", [WIDE, NARROW], [name])), _table(head, rows)]


class Ops(_Derived):
    """A section for each op."""

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        return [
            self.section(op, op, [*self.said(explain(one.constant)[0]), *self.struct(op)])
            for op, one in WIDE.layout.ops.items()
        ]


class Entries(_Derived):
    """A section for each struct that is no argument."""

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        tags = [tag for tag in WIDE.layout.structs if tag.startswith("grant_entry")]
        return [
            self.section(tag, tag, [*self.said(explain(tag)[0]), *self.struct(tag)]) for tag in tags
        ]


class Constants(_Derived):
    """A section for each enumeration, and one for the other constants."""

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        return [
            self.section(name, name, self._members(name, WIDE.declarations.enums[tag]))
            for tag, name in PYTHON_NAMES.items()
        ] + [self._others()]

    def _others(self) -> nodes.section:
        """Return a section for what is in no enumeration: limits, masks, and numbers of bits."""
        members = {one for enum in WIDE.declarations.enums.values() for one in enum.members}
        rows = []
        for name in WIDE.layout.constants:
            if name not in members:
                [found, *_] = explain(name)
                rows.append((name, found.kind.split()[-1], " ".join(found.paragraphs)))
        table = _table(["in C", "value", "meaning"], rows)
        words = "Limits, masks, and the numbers of the bits of flags; only C has names for them."
        return self.section("others", "Others", [nodes.paragraph("", words), table])

    def _members(self, name: str, enum: Enum) -> list[nodes.Node]:
        rows: list[tuple[str, ...]] = []
        for member in enum.members:
            found = next(one for one in explain(member) if one.name == member)
            facts = dict(found.facts)
            words = found.paragraphs[0] if found.paragraphs else ""
            value = found.kind.split()[-1]
            message = facts.get("message", "")
            rows.append((enum.short(member).upper(), member, value, message, words))
        head = ["name", "in C", "value", "message", "meaning"]
        if not any(row[3] for row in rows):
            head.remove("message")
            rows = [(*row[:3], row[4]) for row in rows]
        target = f".. py:class:: xengnt.{name}\n   :canonical: xengnt.abi.constants.{name}"
        described = self.parse_text_to_nodes(f"```{{eval-rst}}\n{target}\n\n   {enum.doc}\n```")
        return [*described, _table(head, rows, names=2)]


def _row(found: Explanation, path: str, narrow: StructLayout) -> tuple[Cell, ...]:
    """Return what there is to say about a field."""
    field, other = (found.struct or narrow).field(path), narrow.field(path)
    place, there = (f"{one.offset}, {one.size}" for one in (field, other))
    said = found.docs.get(path, "")
    meant: Cell = said
    if field.enum:
        links = [_link(PYTHON_NAMES[tag]) for tag in field.enum.split("|")]
        between: list[nodes.Node] = [nodes.Text(f"{said} Values: ".lstrip())]
        for link in links:
            between += [link, nodes.Text(", " if link is not links[-1] else ".")]
        meant = nodes.inline("", "", *between)
    elif field.pointee and field.pointee.size:
        meant = f"{said} The address of elements of {field.pointee.size} bytes.".strip()
    elif field.select:
        meant = f"{said} {meaning(field)}".strip()
    different = there if there != place else ""
    return path, type_name(field), field.direction or "", place, different, meant


def _link(name: str) -> nodes.reference:
    """Return a link to an enumeration."""
    where = f"constants.html#{nodes.make_id(name)}"
    return nodes.reference("", "", nodes.literal("", name), refuri=where, internal=True)


def _table(head: Sequence[str], rows: Sequence[Sequence[Cell]], names: int = 1) -> nodes.container:
    """Return a table, whose first columns are names."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    group += nodes.thead("", _line(head, 0))
    group += nodes.tbody("", *(_line(row, names) for row in rows))
    return nodes.container("", nodes.table("", group), classes=["wide"])


def _line(cells: Sequence[Cell], names: int) -> nodes.row:
    made = nodes.row()
    for number, cell in enumerate(cells):
        inner: nodes.Node = nodes.Text(cell) if isinstance(cell, str) else cell
        if number < names:
            inner = nodes.literal("", str(cell))
        made += nodes.entry("", nodes.paragraph("", "", inner))
    return made


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    app.add_directive("ops", Ops)
    app.add_directive("entries", Entries)
    app.add_directive("constants", Constants)
    return {"parallel_read_safe": True}
