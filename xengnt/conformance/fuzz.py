# SPDX-License-Identifier: MIT
"""Random scenarios.

What is drawn is mostly right: a grant that exists, a handle that is live, an offset within
the page. So calls get past their first checks, and each check is failed on its own.

Imports ``xengnt.scenario`` only.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from xengnt.scenario.line import Line

PAGES = 24

GRANTED = 12
"""Of these the first ones are granted, and the others are given away: where the frame of a
page that is gone is used again is the machine's choice."""

REFS = range(8, 40)
_POISON = 0xA5
_PAGE = 4096
_DUMP = 3

KINDS = (("x86_64", "pv"), ("x86_64", "pv"), ("x86_32", "pvh"))
"""Of the domains of a scenario."""

WEIGHTS = {
    "map_grant_ref": 17,
    "unmap_grant_ref": 13,
    "unmap_and_replace": 5,
    "copy": 20,
    "transfer": 5,
    "swap_grant_ref": 7,
    "setup_table": 5,
    "query_size": 5,
    "get_status_frames": 5,
    "get_version": 4,
    "set_version": 5,
    "cache_flush": 6,
    "dump_table": 6,
}
"""How often each op is called, relative to the others."""


@dataclass(slots=True)
class _State:
    """What a generator knows of its own scenario."""

    names: list[str]
    versions: bool
    kinds: dict[str, str]
    maps: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # handle, room
    rooms: Counter[str] = field(default_factory=Counter)
    grants: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # reference, to whom
    gone: dict[str, set[int]] = field(default_factory=dict)
    named: int = 0


def scenario(seed: int, calls: int, versions: tuple[int, ...] = (1, 2)) -> list[Line]:
    """Return the lines of a random scenario, the same for the same arguments.

    Args:
        seed: where chance begins.
        calls: how many calls it makes.
        versions: those that tables may have.
    """
    draw = random.Random(f"xengnt {seed}")  # noqa: S311 -- it is to be repeated
    names = ["a", "b", "c"]
    kinds = {name: kind for name, (_, kind) in zip(names, KINDS, strict=True)}
    state = _State(names, _chance(draw, 50), kinds)
    state.maps = {name: [] for name in names}
    state.grants = {name: [] for name in names}
    state.gone = {name: set() for name in names}
    lines: list[Line] = [{"scenario": 1, "abi": "x86_64", "title": f"random {seed}"}]
    for name, (abi, kind) in zip(names, KINDS, strict=True):
        lines.append({"domain": name, "abi": abi, "kind": kind, "pages": PAGES})
        lines += [
            {"write": f"{name}{page}:".encode().hex(), "in": name, "page": page}
            for page in range(0, PAGES, 3)
        ]
        if not state.versions:
            lines.append(_call("set_version", name, [{"version": draw.choice(versions)}]))
    made = 0
    while made < calls:
        if _chance(draw, 30):
            lines.append(_grant(draw, state))
        else:
            lines.append(_random_call(draw, state))
            made += 1
    for name in names:
        lines += [
            {"read": _PAGE, "in": name, "page": page}
            for page in range(PAGES)
            if page not in state.gone[name]
        ]
    return lines


def _chance(draw: random.Random, percent: int) -> bool:
    return draw.randrange(100) < percent


def _call(op: str, caller: str, args: list[Line]) -> Line:
    line: Line = {"op": op, "caller": caller, "args": args}
    return line | ({"poison": _POISON} if args else {})


def _grant(draw: random.Random, state: _State) -> Line:
    """Return a step of a guest."""
    by = draw.choice(state.names)
    to = draw.choice(state.names)
    known = state.grants[by]
    if known and _chance(draw, 25):
        ref, _ = draw.choice(known)
        action = draw.choice(["end_access", "end_access", "make_readonly", "make_writable"])
        if action == "end_access":
            state.grants[by] = [one for one in known if one[0] != ref]
        return {"grant": action, "by": by, "ref": ref}
    ref = draw.choice(REFS)
    line: Line = {"by": by, "domid": f"${to}.domid", "ref": ref}
    known.append((ref, to))
    kind = draw.choices(["page", "transfer", "part", "other"], [72, 10, 10, 8])[0]
    frame = f"${by}.frame[{draw.randrange(GRANTED)}]"
    if kind == "page":
        return {
            "grant": "permit_access",
            **line,
            "frame": frame,
            "readonly": _chance(draw, 30),
        }
    if kind == "transfer":
        return {"grant": "accept_transfer", **line, "frame": 0x7000}
    if kind == "part":
        start = draw.choice([0, 16, 1000])
        part = {"offset": start, "length": draw.choice([16, 64, 500])}
        return {"grant": "permit_sub_page", **line, "frame": frame, **part}
    third = draw.choice(state.names)
    mine = state.grants[third]
    gref = draw.choice(mine)[0] if mine else draw.choice(REFS)
    return {
        "grant": "permit_transitive",
        **line,
        "trans_domid": f"${third}.domid",
        "gref": gref,
    }


def _page(draw: random.Random, state: _State, name: str) -> int:
    """Return a page that a domain still has."""
    return draw.choice([page for page in range(PAGES) if page not in state.gone[name]])


def _random_call(draw: random.Random, state: _State) -> Line:
    op = draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    caller = draw.choice(state.names)
    if op == "dump_table":
        cmd = draw.choice([3, 3, 3, 3, 13, 0x1005])
        count = draw.choice([0, 1, 1 << 31]) if cmd == _DUMP else 0
        return {"cmd": cmd, "caller": caller, "count": count}
    if op in _SINGLE:
        count = 1 if _chance(draw, 92) else draw.choice([0, 2])
    else:
        count = draw.choices([1, 2, 3, 5, 0], [10, 6, 4, 2, 1])[0]
    rows = [_ROWS[op](draw, state, caller) for _ in range(max(count, 1))]
    line = _call(op, caller, rows) | {"count": count}
    if op in ("map_grant_ref", "setup_table"):
        state.named += 1
        line["as"] = f"n{state.named}"
    if op == "map_grant_ref":
        for index, row in enumerate(rows[:count]):
            state.maps[caller].append((f"$n{state.named}[{index}].handle", row["host_addr"]))
    return line


def _whom(draw: random.Random, state: _State) -> Any:
    if _chance(draw, 88):
        return f"${draw.choice(state.names)}.domid"
    return draw.choice(["DOMID_SELF", 0x7000, 0x7FF1, 0xFFFF])


def _granted(draw: random.Random, state: _State, caller: str) -> tuple[str, int]:
    """Return a domain and a reference, most often one that is granted to the caller."""
    if _chance(draw, 80):
        found = [(by, ref) for by in state.names for ref, to in state.grants[by] if to == caller]
        if found:
            return draw.choice(found)
    ref = draw.choice([*REFS, 0, 7, 255, 256, 511, 512, 0xFFFFFFFF])
    return draw.choice(state.names), ref


def _map(draw: random.Random, state: _State, caller: str) -> Line:
    by, ref = _granted(draw, state, caller)
    translated = state.kinds[caller] != "pv"
    flags = draw.choices([2, 6, 1, 3, 7, 0, 0x40002, 5], [40, 20, 6, 6, 4, 3, 6, 3])[0]
    if translated and _chance(draw, 90):
        flags = draw.choice([2, 6])
    room = state.rooms[caller]
    state.rooms[caller] += 1
    if not translated and _chance(draw, 10):
        room = draw.randrange(max(room, 1))
    address: Any = f"${caller}.room[{room % 500}]"
    if not translated and _chance(draw, 3):
        address = draw.choice([0, 0x7F00_0000_0000, 1])
    dom = f"${by}.domid" if _chance(draw, 95) else _whom(draw, state)
    return {"host_addr": address, "flags": flags, "ref": ref, "dom": dom}


def _unmap(draw: random.Random, state: _State, caller: str) -> Line:
    known = state.maps[caller]
    if not known or _chance(draw, 12):
        return {
            "host_addr": f"${caller}.room[{draw.randrange(40)}]",
            "handle": draw.choice([0, 1, 5, 77, 0xFFFFFFFF]),
        }
    at = draw.randrange(max(0, len(known) - 12), len(known))
    handle, room = known[at]
    if _chance(draw, 80):
        del known[at]
    return {
        "host_addr": room if _chance(draw, 85) else draw.choice([0, f"${caller}.room[1]"]),
        "handle": handle,
    }


def _unmap_plain(draw: random.Random, state: _State, caller: str) -> Line:
    row = _unmap(draw, state, caller)
    if "handle" in row and str(row["handle"]).startswith("$") and _chance(draw, 15):
        name = row["handle"].removesuffix("handle")
        row["dev_bus_addr"] = draw.choice([f"{name}dev_bus_addr", 4096])
    return row


def _replace(draw: random.Random, state: _State, caller: str) -> Line:
    row = _unmap(draw, state, caller)
    if state.kinds[caller] == "pv" and _chance(draw, 30):
        row["new_addr"] = f"${caller}.room[{draw.randrange(500)}]"
    return row


def _side(draw: random.Random, state: _State, caller: str, side: str) -> tuple[Line, bool]:
    offset = draw.choice([0, 0, 3, 16, 100, 1000, 4000, 4095, 4096])
    if _chance(draw, 55):
        by, ref = _granted(draw, state, caller)
        dom: Any = f"${by}.domid" if _chance(draw, 93) else _whom(draw, state)
        return {f"{side}.u.ref": ref, f"{side}.domid": dom, f"{side}.offset": offset}, True
    whose = caller if _chance(draw, 93) or state.kinds[caller] != "pv" else "a"
    frame: Any = f"${whose}.frame[{_page(draw, state, whose)}]"
    if _chance(draw, 5):
        frame = 0xFFFFFFF
    dom = "DOMID_SELF" if _chance(draw, 92) else _whom(draw, state)
    return {f"{side}.u.gmfn": frame, f"{side}.domid": dom, f"{side}.offset": offset}, False


def _copy(draw: random.Random, state: _State, caller: str) -> Line:
    source, by_source = _side(draw, state, caller, "source")
    dest, by_dest = _side(draw, state, caller, "dest")
    length = draw.choice([1, 4, 16, 50, 96, 97, 500, 4096, 0])
    apart = abs(source["source.offset"] - dest["dest.offset"])
    if apart:
        length = min(length, apart)  # what comes of bytes that overlap is the machine's choice
    flags = by_source | by_dest << 1
    if _chance(draw, 4):
        flags |= 1 << draw.randrange(2, 16)
    return {**source, **dest, "len": length, "flags": flags}


def _transfer(draw: random.Random, state: _State, caller: str) -> Line:
    by, ref = _granted(draw, state, caller)
    frame: Any = 0xFFFFFFF
    if len(state.gone[caller]) < PAGES - GRANTED and _chance(draw, 80):
        page = draw.choice([p for p in range(GRANTED, PAGES) if p not in state.gone[caller]])
        if state.kinds[caller] == "pv":
            state.gone[caller].add(page)
        frame = f"${caller}.frame[{page}]"
    return {"mfn": frame, "domid": f"${by}.domid", "ref": ref}


def _swap(draw: random.Random, state: _State, caller: str) -> Line:
    def ref() -> int:
        some: list[int] = [*REFS, 0, 3, 300, 9999]
        if _chance(draw, 70):
            some = [one for one, _ in state.grants[caller]] or some
        return draw.choice(some)

    return {"ref_a": ref(), "ref_b": ref()}


def _setup(draw: random.Random, state: _State, _caller: str) -> Line:
    number = draw.choices([0, 1, 2, 3, 64, 65], [3, 10, 4, 3, 1, 3])[0]
    return {"dom": _about(draw, state, _caller), "nr_frames": number}


def _status(draw: random.Random, state: _State, caller: str) -> Line:
    return {"dom": _about(draw, state, caller), "nr_frames": draw.choice([0, 1, 1, 1, 2])}


def _about(draw: random.Random, state: _State, caller: str) -> Any:
    if _chance(draw, 70):
        return draw.choice(["DOMID_SELF", f"${caller}.domid"])
    return _whom(draw, state)


def _size(draw: random.Random, state: _State, caller: str) -> Line:
    return {"dom": _about(draw, state, caller)}


def _version(draw: random.Random, state: _State, _caller: str) -> Line:
    if not state.versions:
        return {"version": draw.choice([0, 3, 0xFFFFFFFF])}
    return {"version": draw.choices([1, 2, 0, 3], [5, 5, 1, 1])[0]}


def _flush(draw: random.Random, state: _State, caller: str) -> Line:
    whose = caller if _chance(draw, 60) else draw.choice(state.names)
    address: Any = f"${whose}.machine[{_page(draw, state, whose)}]"
    if _chance(draw, 5):
        address = 0xFFFFFFF << 12
    return {
        "a.dev_bus_addr": address,
        "offset": draw.choice([0, 0, 64, 4095, 4096]),
        "length": draw.choice([0, 1, 64, 64, 4096, 4097]),
        "op": draw.choices([1, 2, 3, 0, 4], [8, 4, 8, 1, 1])[0],
    }


_SINGLE = {"setup_table", "query_size", "get_status_frames", "get_version", "set_version"}

_Row = Callable[[random.Random, _State, str], Line]
_ROWS: dict[str, _Row] = {
    "map_grant_ref": _map,
    "unmap_grant_ref": _unmap_plain,
    "unmap_and_replace": _replace,
    "copy": _copy,
    "transfer": _transfer,
    "swap_grant_ref": _swap,
    "setup_table": _setup,
    "query_size": _size,
    "get_status_frames": _status,
    "get_version": _size,
    "set_version": _version,
    "cache_flush": _flush,
}
