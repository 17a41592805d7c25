# SPDX-License-Identifier: MIT
"""The whole interface as one page: every struct drawn, every value, and a box that decodes.

The page can be read without its scripts, which only choose what is shown, search, and
decode. It asks nobody for anything.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from xengnt.abi.targets import target
from xengnt.emit import svg
from xengnt.emit.explorer import structs, values
from xengnt.emit.explorer.decoding import decoding
from xengnt.emit.explorer.editions import Editions, places
from xengnt.emit.explorer.markup import Markup, element, link
from xengnt.emit.selection import Selection
from xengnt.emit.words import LICENCE, heading
from xengnt.errors import InvalidValue

if TYPE_CHECKING:
    from xengnt.emit import Options

_SCRIPTS = ("decode", "page")


def text(selections: Sequence[Selection], command: str, _: Options) -> str:
    """Return the page.

    Raises:
        InvalidValue: it is asked for for some structs only.
    """
    if asked := selections[0].asked:
        raise InvalidValue(f"emit html is about all structs, got {', '.join(asked)}", got=asked)
    version = selections[0].layout.interface_version
    editions = Editions([one.abi.name for one in selections], version)
    styles = svg.style("colours") + svg.style("drawing") + svg.style("page", __package__)
    scripts = [_file(f"{name}.js") for name in _SCRIPTS]
    parts = {
        "licence": LICENCE,
        "made": escape(heading(selections, command)),
        "policy": _policy(styles, scripts),
        "styles": styles,
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
        "data": _data(editions),
        "contents": "".join(_contents(editions)),
        "shown": editions.shown,
        "last": len(editions.all) - 1,
        "version": editions.all[editions.shown].name,
        "newest": editions.all[-1].name,
        "abis": ", ".join(editions.abis),
        "abi_options": "".join(element("option", abi) for abi in editions.abis),
        "ticks": "".join(
            element("option", value=at, label=one.name) for at, one in enumerate(editions.all)
        ),
        "names": "".join(_names(editions)),
        "commands": values.commands(editions),
        "ops": "\n".join(structs.article(editions, name) for name in editions.ops),
        "structs": "\n".join(structs.article(editions, name) for name in editions.others),
        "types": values.types(editions),
        "flags": "\n".join(values.flags(editions)),
        "values": "\n".join(values.values(editions)),
        "gates": values.gates(editions),
    }
    return Template(_file("page.html")).substitute(parts)


def _data(editions: Editions) -> str:
    """Return what the scripts need to know, as JSON that is safe within a page."""
    data = {
        "versions": [one.name for one in editions.all],
        "abis": editions.abis,
        "abi_aliases": {alias: abi for abi in editions.abis for alias in target(abi).aliases},
        "aliases": _aliases(editions),
        "marks": svg.MARKS,
        "looks": {way: look for way, look in svg.CLASSES.items() if way},
        **decoding([[one.abi for one in each.selections] for each in editions.all]),
    }
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _aliases(editions: Editions) -> dict[str, str]:
    """Return what else things on the page are called, as in C."""
    found: dict[str, str] = {}
    for edition in editions.all:
        layout = edition.first.layout
        for name, op in layout.ops.items():
            found |= {op.constant: name, op.struct: name}
        for alias, of in layout.aliases.items():
            tag = of.partition(" ")[2]
            found[alias] = layout.op_of(tag) or tag
    return found


def _contents(editions: Editions) -> Iterator[Markup]:
    """Give links to all that has a heading."""
    declared = editions.newest.declared
    enums = [enum for enum in declared.enums.values() if enum is not declared.commands()]
    for anchor, title, names in (
        ("ops", "Ops", editions.ops),
        ("structs", "Entries and parts", editions.others),
        ("flags", "Flags", [enum.name for enum in enums if enum.bits]),
        ("values", "Values", [enum.name for enum in enums if not enum.bits]),
    ):
        items = []
        for name in names:
            there = places(editions.having(name)) or None
            items.append(element("li", link(name), data_at=there))
        yield element("p", link(anchor, title), class_="part") + element("ul", *items)


def _names(editions: Editions) -> Iterator[Markup]:
    """Give what can be decoded, for a form."""
    for label, names in (
        ("Ops", editions.ops),
        ("Entries and parts", editions.others),
        ("Types", editions.newest.layout.typedefs),
    ):
        yield element("optgroup", *(element("option", name) for name in names), label=label)


def _policy(styles: str, scripts: Sequence[str]) -> str:
    """Return what the page may do: nothing but what is in it."""
    allowed = " ".join(map(_hash, scripts))
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(styles)}; script-src {allowed}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
