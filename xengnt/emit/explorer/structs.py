# SPDX-License-Identifier: MIT
"""The part of the page about structs: drawings, and a table of fields.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from xengnt.abi.docs import remarks
from xengnt.abi.layout import Field, StructLayout
from xengnt.emit import svg
from xengnt.emit.cells import Drawing, drawings
from xengnt.emit.explorer.editions import Edition, Editions, absence, places
from xengnt.emit.explorer.markup import (
    Markup,
    cell,
    code,
    element,
    figure,
    here,
    link,
    paragraphs,
    table,
)
from xengnt.emit.meanings import meaning
from xengnt.emit.selection import Selection

LIT = element("span", svg.DIFFERS, class_="mark-differs")


def article(editions: Editions, name: str) -> Markup:
    """Return what there is to say of an op or struct, in each form that it has."""
    there = editions.having(name)
    last = editions.all[there[-1]]
    forms: dict[Markup, list[int]] = {}
    for at in there:
        forms.setdefault(_form(editions, name, editions.all[at], last), []).append(at)
    first = last.first
    op, struct = first.layout.ops.get(name), first.abi.struct(name)
    words, notes = remarks(first.doc(struct.tag).removeprefix(f"{op.constant}: " if op else ""))
    about = [code(f"{struct.kind} {struct.tag}")]
    if op:
        about.append(code(op.constant))
        notes += remarks(first.declared.docs.get(op.constant, ""))[1]
    about += [escape(f"{label} {what}") for label, what in notes]
    gate = editions.gate(struct.tag, there)
    kind = f"command {op.number}" if op else struct.kind
    parts = [
        element("h3", escape(name), " ", element("small", kind), here(name)),
        element("p", " · ".join([*about, *([gate] if gate else [])]), class_="about"),
        paragraphs(words),
        absence(),
    ]
    for form, ats in forms.items():
        when = ", ".join(editions.all[at].name for at in ats)
        gate = element("span", f"at interface version {when}", class_="gate")
        said = element("p", gate, class_="when") if len(forms) > 1 else ""
        # Links are about the newest form: its rows have the names.
        named = form.replace("data-anchor=", "id=") if ats[-1] == there[-1] else form
        parts.append(element("div", said, named, class_="form", data_at=places(ats)))
    return element(
        "article",
        *parts,
        id=name,
        class_="entry",
        tabindex=-1,
        data_entry=name,
        data_kind=kind,
        data_also=f"{struct.tag} {op.constant}" if op else None,
        data_value=op.number if op else None,
        data_at=places(there),
    )


def _form(editions: Editions, name: str, edition: Edition, last: Edition) -> Markup:
    """Return a struct as it is at an interface version."""
    found = {one.abi.name: one.abi.struct(name) for one in edition.selections}
    made = drawings(
        [one.abi.layout for one in edition.selections], lambda layout: found[layout.abi]
    )
    return "".join(
        (
            element("div", *_figures(edition.first, made), class_="figures"),
            _legend(made),
            _bits(edition.first, made[0].struct),
            _fields(name, edition.first, made, last.first.abi.struct(name)),
            *_gone(editions, name, made[0].struct),
        )
    )


def _figures(one: Selection, made: list[Drawing]) -> Iterator[Markup]:
    for drawing in made:
        inner, height = svg.figure(drawing, one)
        whose, size = svg.caption(drawing)
        label = f"Bytes of {drawing.struct.tag} on {whose}; the table below says the same"
        caption = element("figcaption", element("b", whose), " ", element("span", size))
        drawn = figure(inner, svg.WIDTH, height, label)
        yield element("figure", caption, drawn, data_abis=" ".join(drawing.structs))


def _legend(made: list[Drawing]) -> Markup:
    items = (
        element("li", element("span", class_=f"key {look}", aria_hidden="true"), " ", escape(words))
        for look, words in svg.legend(made)
    )
    return element("ul", *items, class_="legend")


def _bits(one: Selection, struct: StructLayout) -> Markup:
    """Return links to the sets of bits that fields hold."""
    names = dict.fromkeys(
        name for field in struct.fields for name in (field.enum or "").split("|") if name
    )
    links = ", ".join(link(name) for name in names if one.declared.enums[name].bits)
    return element("p", "Bits: ", links, class_="bits-link") if links else ""


def _fields(name: str, one: Selection, made: list[Drawing], newest: StructLayout) -> Markup:
    """Return the fields as a table, with a column of their places for each drawing."""
    struct = made[0].struct
    drawn = [one for each in made for panel in each.panels for one in panel.cells]
    lit = {each.field.name for each in drawn if each.lit and each.field}
    rows = []
    for field in struct.fields:
        kind = f"entry {svg.CLASSES[field.direction]}"
        spans = [_place(each.struct, field.name) for each in made]
        differs = field.name in lit or len(set(spans)) > 1
        parts = [element("th", code(field.name), scope="row")]
        parts += [_bytes(each, made, span, differs) for each, span in zip(made, spans, strict=True)]
        parts += [
            cell("Type", code(_type(field))),
            cell("Direction", _direction(field)),
            cell("Meaning", " ".join(_meaning(one, made, field, newest))),
        ]
        anchor = f"{name}.{field.name}"
        rows.append(
            element(
                "tr",
                *parts,
                data_anchor=anchor,
                class_=kind,
                tabindex=-1,
                data_entry=anchor,
                data_kind="field",
                data_depth=field.name.count("."),
            )
        )
    if any(each.struct.holes for each in made):
        spans = [_holes(each.struct) for each in made]
        differs = len(set(spans)) > 1
        parts = [element("th", "hole", scope="row")]
        parts += [_bytes(each, made, span, differs) for each, span in zip(made, spans, strict=True)]
        parts += [cell("Type"), cell("Direction"), cell("Meaning", "No field covers them.")]
        rows.append(element("tr", *parts, class_="hole"))
    heads = ["Field", *(_head(each, made) for each in made), "Type", "Direction", "Meaning"]
    return table(f"Fields of {struct.tag}", heads, rows, "fields")


def _head(drawing: Drawing, made: list[Drawing]) -> Markup:
    """Return the heading of the places on some ABIs."""
    whose = element("span", ", ".join(drawing.structs), class_="whose") if len(made) > 1 else ""
    return element("th", "Bytes ", whose, scope="col", data_abis=" ".join(drawing.structs))


def _bytes(drawing: Drawing, made: list[Drawing], inside: Markup, lit: bool) -> Markup:  # noqa: FBT001 -- a mark
    label = f"Bytes on {', '.join(drawing.structs)}" if len(made) > 1 else "Bytes"
    mark = f" {LIT}" if lit else ""
    return cell(label, inside, mark, data_abis=" ".join(drawing.structs))


def _place(struct: StructLayout, name: str) -> Markup:
    field = struct.field(name)
    return _span(field.offset, field.size)


def _holes(struct: StructLayout) -> Markup:
    return ", ".join(_span(*hole) for hole in struct.holes) or "none"


def _span(offset: int, size: int) -> Markup:
    last = f"-{offset + size - 1}" if size > 1 else ""
    whole = f"{offset}{last} {element('span', f'({size})', class_='quiet')}"
    return element("span", whole, class_="way")


def by_abi(sizes: dict[str, int]) -> Markup:
    """Return sizes: one, or that of most ABIs and who has another."""
    counts = list(sizes.values())
    usual = max(counts, key=counts.count)
    other = [f"{size} on {abi}" for abi, size in sizes.items() if size != usual]
    return f"{usual}; {', '.join(other)} {LIT}" if other else str(usual)


def _type(field: Field) -> str:
    return field.type + (f"[{field.count}]" if field.count is not None else "")


def _direction(field: Field) -> Markup:
    if not field.direction:
        return ""
    mark = element("span", svg.MARKS[field.direction], aria_hidden="true")
    return element("span", mark, " ", field.direction, class_="way")


def _meaning(
    one: Selection, made: list[Drawing], field: Field, newest: StructLayout
) -> Iterator[Markup]:
    """Give what the header says of a field, and what its value is."""
    struct = made[0].struct
    words, notes = remarks(one.doc(struct.tag, field.name))
    yield from map(escape, words)
    if field.enum:
        yield f"Holds {' | '.join(map(link, field.enum.split('|')))}."
    if field.pointee:
        of = f"{code(field.pointee.count)} of " if field.pointee.count else ""
        pointees = {
            abi: of_abi.field(field.name).pointee
            for each in made
            for abi, of_abi in each.structs.items()
        }
        sizes = by_abi({abi: to.size for abi, to in pointees.items() if to and to.size})
        yield f"The address of {of}{code(field.pointee.type)}; each has so many bytes: {sizes}."
    if field.select:
        yield f"Meant is {code(field.select)}."
    outer, _, last = field.name.rpartition(".")
    union = struct.by_name[outer] if outer else struct
    if when := meaning(one.declared, union.select, last):
        yield f"Meant {escape(when)}."
    for label, what in notes:
        yield escape(f"{label[:1].upper()}{label[1:]} {what}.")
    other = newest.by_name.get(field.name)
    if other != field:
        then = code(_type(other)) if other else "not there"
        yield element("span", "at the newest version: ", then, class_="gate")


def _gone(editions: Editions, name: str, struct: StructLayout) -> Iterator[Markup]:
    """Give the fields that other interface versions have, and this one has not."""
    others: dict[str, list[str]] = {}
    for edition in editions.all:
        there = edition.struct(name)
        for field in there.fields if there else ():
            if field.name not in struct.by_name:
                others.setdefault(field.name, []).append(edition.name)
    for path, versions in others.items():
        said = f"No field {code(path)} here: it is there at {', '.join(versions)}."
        yield element("p", said, class_="absence")
