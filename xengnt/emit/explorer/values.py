# SPDX-License-Identifier: MIT
"""The part of the page about constants and scalar types, and about what changes when.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from xengnt.abi.declarations import Constant, Enum
from xengnt.abi.docs import remarks
from xengnt.emit.explorer import bits
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
from xengnt.emit.explorer.structs import by_abi
from xengnt.emit.words import constant_doc

OTHERS = "other-constants"
"""The anchor of constants that are in no enumeration."""


def flags(editions: Editions) -> Iterator[Markup]:
    """Give the sets of bits, each drawn and as a table."""
    one = editions.newest
    for enum in one.declared.enums.values():
        if enum.bits:
            width = 8 * max(size for size, _ in one.holders(enum))
            drawn = bits.figure(bits.fields(one.declared, enum, width))
            label = f"Bits of {enum.name}; the table below says the same"
            yield _family(editions, enum, element("figure", figure(*drawn, label)))


def values(editions: Editions) -> Iterator[Markup]:
    """Give the other enumerations but that of the commands, and what is in none."""
    declared = editions.newest.declared
    for enum in declared.enums.values():
        if not enum.bits and enum is not declared.commands():
            yield _family(editions, enum)
    [rest] = [names for enum, names in editions.newest.families() if enum is None]
    masks = [enum.mask for enum in declared.enums.values() if enum.mask]
    names = [*masks, *(name for name in rest if not name.startswith("_GN"))]
    heading = element("h3", "Other constants", here(OTHERS))
    yield element("section", heading, _constants(editions, None, names), id=OTHERS)


def _family(editions: Editions, enum: Enum, drawn: Markup = "") -> Markup:
    """Return an enumeration."""
    users = [
        link(f"{owner}.{field.name}")
        for owner, struct in editions.owners
        for field in struct.fields
        if field.scalar and enum.name in (field.enum or "").split("|")
    ]
    words = [f"In {', '.join(users)}."] if users else []
    if enum.mask:
        words.append(f"They are the bits {link(enum.mask)}.")
    if enum.condition:
        verb = "unless" if enum.condition.startswith("!") else "if"
        words.append(f"They mean this {verb} the type is {link(enum.condition.lstrip('!'))}.")
    there = editions.at(lambda one: enum.members[0] in one.first.layout.constants)
    kind = "flags" if enum.bits else "values"
    return element(
        "article",
        element("h3", enum.name, " ", element("small", kind), here(enum.name)),
        paragraphs([enum.doc]),
        element("p", " ".join(words), class_="users"),
        absence(),
        element(
            "div",
            drawn,
            _constants(editions, enum, list(enum.members)),
            class_="form",
            data_at=places(there),
        ),
        id=enum.name,
        class_="entry",
        tabindex=-1,
        data_entry=enum.name,
        data_kind=kind,
        data_at=places(there),
    )


def _constants(editions: Editions, enum: Enum | None, names: Sequence[str]) -> Markup:
    """Return constants as a table, of statuses with their messages, of flags with their bits."""
    one = editions.newest
    messages = one.layout.messages if enum and enum.name == "grant_status" else ()
    heads = ["Name", "Value", "Hexadecimal"]
    heads += ["Bit"] if enum and enum.bits else []
    heads += ["Message"] if messages else []
    rows = []
    for name in names:
        constant = one.declared.constants[name]
        words, notes = remarks(constant_doc(one, enum, name))
        there = _having(editions, name)
        first = "; ".join(f"{label} {what}" for label, what in notes)
        parts = [
            element("th", code(name), scope="row"),
            cell("Value", code(constant.value)),
            cell("Hexadecimal", code(_hex(constant))),
        ]
        if enum and enum.bits:
            parts.append(cell("Bit", _bit(constant.value)))
        if messages:
            parts.append(cell("Message", escape(messages[-constant.value])))
        note = element("span", escape(first), class_="quiet") if first else ""
        said = [escape(" ".join(words)), note, editions.gate(name, there)]
        parts.append(cell("Meaning", " ".join(filter(None, said))))
        kind = "flag" if enum and enum.bits else "value" if enum else "constant"
        rows.append(_row(name, kind, parts, there, constant.value))
    title = f"Constants of {enum.name}" if enum else "Other constants"
    return table(title, [*heads, "Meaning"], rows, "values")


def _having(editions: Editions, name: str) -> list[int]:
    return editions.at(
        lambda one: name in one.first.layout.constants or name in one.first.layout.typedefs
    )


def _row(
    name: str, kind: str, parts: list[Markup], there: list[int], value: int | None = None
) -> Markup:
    """Return a row of a table that can be found and linked to."""
    return element(
        "tr",
        *parts,
        id=name,
        class_="entry",
        tabindex=-1,
        data_entry=name,
        data_kind=kind,
        data_value=value,
        data_at=places(there),
    )


def _hex(constant: Constant) -> str:
    """Return a value in hexadecimal, a negative one as its bytes are."""
    return f"{constant.value % (1 << (8 * (constant.size or 4))):#x}"


def _bit(value: int) -> str:
    low, high = (value & -value).bit_length() - 1, value.bit_length() - 1
    return str(low) if low == high else f"{low} to {high}"


def types(editions: Editions) -> Markup:
    """Return the scalar types as a table."""
    rows = []
    one = editions.newest
    for name, shape in one.layout.typedefs.items():
        typedef = one.declared.typedefs[name]
        sizes = by_abi(
            {each.abi.name: each.layout.typedefs[name].size for each in editions.all[-1].selections}
        )
        said = [escape(" ".join(remarks(typedef.doc)[0]))]
        said += [f"Holds {link(typedef.enum)}."] if typedef.enum else []
        there = _having(editions, name)
        parts = [
            element("th", code(name), scope="row"),
            cell("Bytes", sizes),
            cell("Sign", "signed" if shape.signed else "unsigned"),
            cell("Meaning", " ".join([*said, editions.gate(name, there)])),
        ]
        rows.append(_row(name, "type", parts, there))
    return table("Scalar types", ["Name", "Bytes", "Sign", "Meaning"], rows, "values")


def commands(editions: Editions) -> Markup:
    """Return the ops as a table."""
    rows = []
    for name in editions.ops:
        there = editions.having(name)
        last = editions.all[there[-1]]
        op = last.first.layout.ops[name]
        first = dict(remarks(last.first.declared.docs.get(op.constant, ""))[1]).get("first in", "")
        parts = [
            cell("Number", str(op.number)),
            element("th", link(name), scope="row"),
            cell(
                "Bytes",
                by_abi({one.abi.name: one.abi.struct(name).size for one in last.selections}),
            ),
            cell("First in", escape(first)),
            cell("Available", editions.gate(op.constant, there) or "always"),
        ]
        rows.append(element("tr", *parts, data_at=places(there)))
    heads = ["Number", "Op", "Bytes", "First in", "Available"]
    return table("Commands", heads, rows, "values")


def gates(editions: Editions) -> Markup:
    """Return what changes from each interface version to the next."""
    items = []
    for at, (before, after) in enumerate(pairwise(editions.all), 1):
        changes = list(_changes(before, after)) or ["Nothing that is shown here changes."]
        inside = f"{element('b', code(after.name))} {' '.join(changes)}"
        items.append(element("li", inside, data_gate=at))
    return element("ol", *items, class_="gates")


def _changes(before: Edition, after: Edition) -> Iterator[Markup]:
    old, new = before.first.layout, after.first.layout
    for word, one, two in (("New", old, new), ("Gone", new, old)):
        names = [name for name in two.structs if name not in one.structs]
        names += [name for name in two.typedefs if name not in one.typedefs]
        names += [name for name in two.constants if name not in one.constants]
        if names:
            yield f"{word}: {', '.join(map(code, names))}."
    for tag in (one for one in new.structs if one in old.structs):
        then = old.structs[tag].by_name
        for field in new.structs[tag].fields:
            was = then.get(field.name)
            if was != field:
                what = f"was {code(was.type)}, is {code(field.type)}" if was else "is new"
                yield f"{code(f'{tag}.{field.name}')} {what}."
