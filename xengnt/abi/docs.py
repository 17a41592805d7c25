# SPDX-License-Identifier: MIT
"""What the header says of the members of its structs, by their paths, and how to read it.

Imports ``xengnt.abi.declarations`` only.
"""

from __future__ import annotations

import re

from xengnt.abi.declarations import Aggregate, Array, CType, Declarations, Named, Tagged


def member_doc(declared: Declarations, tag: str, path: str) -> str:
    """Return what the header says of the field at a dotted path of a struct."""
    aggregate = declared.aggregates[tag]
    doc = ""
    for step in path.split("."):
        member = next((one for one in aggregate.members if one.name == step), None)
        if member is None:
            return ""
        doc = member.doc
        found = _aggregate(declared, member.type)
        aggregate = found or aggregate
    return doc


def _aggregate(declared: Declarations, ctype: CType) -> Aggregate | None:
    """Return the struct or union that a type is, or is an array of; None if it is neither."""
    while isinstance(ctype, Array | Named):
        if isinstance(ctype, Array):
            ctype = ctype.of
        elif ctype.name in declared.typedefs:
            ctype = declared.typedefs[ctype.name].type
        else:
            return None
    if isinstance(ctype, Tagged):
        return declared.aggregates.get(ctype.tag)
    return ctype if isinstance(ctype, Aggregate) else None


_REMARK = re.compile(r"\s*\[([^\]]*)\]")
_WRITERS = {"GST": "the guest", "XEN": "Xen"}


def remarks(doc: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Cut what a comment says into paragraphs and its remarks in brackets.

    Those are the release that had it first, ``[Xen 4.2]``, and who writes it,
    ``[GST, XEN]``.
    """
    facts = []
    writers: dict[str, None] = {}
    for remark in _REMARK.findall(doc):
        if remark.startswith("Xen "):
            facts.append(("first in", remark))
        else:
            writers |= dict.fromkeys(_WRITERS[w] for w in remark.split(", ") if w in _WRITERS)
    if writers:
        facts.append(("written by", " and ".join(writers)))
    words = _REMARK.sub("", doc).strip()
    if words.partition(" ")[0].isalpha():  # no name, and not x86
        words = words[:1].upper() + words[1:]
    return tuple(words.split("\n")) if words else (), list(dict.fromkeys(facts))
