# SPDX-License-Identifier: MIT
"""A C header for who writes a harness: what a seed is, and the numbers of the stage.

Imports ``xengnt.abi``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from typing import Any

from xengnt.abi.targets import format_version
from xengnt.codec import Abi
from xengnt.testing import stage
from xengnt.testing.corpus.calls import END, READONLY, WRITABLE
from xengnt.testing.corpus.numbers import CHOICES, Numbers

_HEAD = """\
/* What seeds for grant_table_op are, and what is on the stage that they are for.
 *
 * A seed begins with struct xengnt_seed. All bytes behind it are put into the memory of the guest
 * that calls, from `pointer` on, as far as there is memory. Then it calls grant_table_op with the
 * three registers. It has memory for this at three pages of addresses, all zero before:
 */
#ifndef XENGNT_SEED_H
#define XENGNT_SEED_H

#include <stdint.h>

struct xengnt_seed {
    uint64_t cmd;     /* what the first argument register has, little-endian as all here */
    uint64_t pointer; /* the second */
    uint64_t count;   /* the third */
    uint64_t caller;  /* whose call it is: 0 caller, 1 guest, 2 other, 3 middle, where they are
                       * that many; modulo how many they are */
};
"""


def text(abi: Abi, numbers: Numbers) -> str:
    """Return the header."""
    places = {
        "SEED_READONLY": (READONLY, "a page that the guest may only read"),
        "SEED_WRITABLE": (WRITABLE, "two that it may write"),
        "SEED_END": (END, "nothing is here"),
    }
    lines = [_HEAD]
    lines += [f"#define XENGNT_{n} {v:#x} /* {words} */" for n, (v, words) in places.items()]
    lines += ["", f"/* The stage on {abi.name}, which stage.jsonl sets up. */"]
    facts = {
        f"STAGE_ABI_{abi.name}": 1,
        "STAGE_INTERFACE_VERSION": format_version(abi.interface_version),
        "STAGE_PV": int(abi.name.startswith("x86")),
        "STAGE_SECOND": int(stage.has_second(abi)),
        "STAGE_PAGES": stage.PAGES,
        "NO_DOMID": stage.NO_DOMID,
        **{f"STAGE_{name.upper()}": value for name, value in CHOICES.items()},
        **{f"REF_{name}": value for name, value in _entries(abi).items()},
        **_rooms(),
    }
    lines += [f"#define XENGNT_{name} {value}" for name, value in facts.items()]
    for name, tree in numbers.tree.items():
        lines += ["", *(_domain(name, tree) if isinstance(tree, dict) else _results(name, tree))]
    return "\n".join([*lines, "", "#endif", ""])


def _entries(abi: Abi) -> dict[str, int]:
    """Return the references of entries that the stage gives names to."""
    names = (
        *("WRITABLE", "READONLY", "MAPPED", "OTHERS", "NO_FRAME", "PINNED", "PASSED_ON"),
        *("SEEN", "SEEN_READONLY"),
    )
    second = (
        "RESERVED_THROUGH",
        "RESERVED_FAR",
        "RESERVED_NEAR",
        "WHOLE",
        "PARTIAL",
        "THROUGH",
        "ITSELF",
        "TO_NOBODY",
        "UNALLOWED",
        "TWICE",
    )
    found = {name: getattr(stage, name) for name in (*names, *second)}
    last = stage.entries_per_frame(abi, 1) - 1
    return found | {
        "LAST": last,
        "ACCEPTS_OTHERS": stage.ACCEPTS_OTHERS,
        "ACCEPTING_FIRST": stage.ACCEPTING[0],
        "ACCEPTING_LAST": stage.ACCEPTING[-1],
        "PART_FIRST": stage.PART.start,
        "PART_LENGTH": len(stage.PART),
        "NOBODY": stage.NOBODY[0],
    }


def _rooms() -> dict[str, int]:
    """Return the rooms of the caller with mappings, and how many of each kind there are."""
    kinds = {"UNMAPPED": stage.UNMAPPED, "REPLACED": stage.REPLACED, "DEVICE": stage.DEVICE}
    kinds["LOOKED_AT"] = stage.LOOKED_AT
    first = {f"ROOM_{name}": rooms.start for name, rooms in kinds.items()}
    return (
        first
        | {f"NR_{name}": len(rooms) for name, rooms in kinds.items()}
        | {"ROOM_FREE": stage.FREE}
    )


def _domain(name: str, tree: dict[str, Any]) -> list[str]:
    lines = [f"#define XENGNT_{name.upper()}_DOMID {tree['domid']:#x}"]
    for kind, values in tree.items():
        if isinstance(values, list):
            lines += _array(f"xengnt_{name}_{kind}", values)
    return lines


def _results(name: str, rows: list[dict[str, int]]) -> list[str]:
    """Return what came of the mappings with a name; 0 where no seed needs it."""
    fields = dict.fromkeys(field for row in rows for field in row)
    lines = []
    for field in fields:
        lines += _array(f"xengnt_{name}_{field}", [row.get(field, 0) for row in rows])
    return lines


def _array(name: str, values: list[int]) -> list[str]:
    lines = [f"static const uint64_t {name}[{len(values)}] = {{"]
    rows = (values[first : first + 8] for first in range(0, len(values), 8))
    lines += ["    " + " ".join(f"{value:#x}," for value in row) for row in rows]
    return [*lines, "};"]
