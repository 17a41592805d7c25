# SPDX-License-Identifier: MIT
"""Rows and single ops against hand-written code and the libraries people use.

    pip install -e '.[bench]' && python benchmarks/codec.py

Every peer packs the same data into the same bytes, which is checked first. All run
in turn in one process, the best of several rounds counts, and what is printed are
ratios to the hand-written form: above 1 is slower. Absolute figures move from
machine to machine, ratios hardly.
"""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
import time
from collections.abc import Callable
from itertools import starmap
from pathlib import Path
from struct import Struct

import construct
from dissect.cstruct import cstruct

import xengnt
from xengnt.extension import load

ROUNDS = 30
COUNT = 1000
"""Elements in a batch."""

S = Struct("<QIIHhIQ")
IN = Struct("<QIIH14x")
ABI = xengnt.Abi("x86_64")
OP = "map_grant_ref"
NAMES = ("host_addr", "flags", "ref", "dom")

TUPLES = [(0x7F00_0000_0000 + i * 4096, 6, i, 3) for i in range(COUNT)]
DICTS = [dict(zip(NAMES, row, strict=True)) for row in TUPLES]


class Slotted:
    """A row as an object."""

    __slots__ = NAMES

    def __init__(self, *values: int) -> None:
        for name, value in zip(NAMES, values, strict=True):
            setattr(self, name, value)


OBJECTS = [Slotted(*row) for row in TUPLES]
BLOB = b"".join(starmap(IN.pack, TUPLES))

Ctype = ABI.ctype(OP)
FFI = load().ffi
CONSTRUCT = construct.Struct(
    "host_addr" / construct.Int64ul,
    "flags" / construct.Int32ul,
    "ref" / construct.Int32ul,
    "dom" / construct.Int16ul,
    "status" / construct.Default(construct.Int16sl, 0),
    "handle" / construct.Default(construct.Int32ul, 0),
    "dev_bus_addr" / construct.Default(construct.Int64ul, 0),
).compile()
DISSECT = cstruct().load(
    "struct m { uint64 host_addr; uint32 flags; uint32 ref; uint16 dom; int16 status;"
    " uint32 handle; uint64 dev_bus_addr; };"
)

pack = IN.pack
ABI.codec(OP).encode_one(DICTS[0])  # after which it is fast for more like that
encode_one = ABI.codec(OP).encode_one


def by_ctypes() -> bytes:
    """Pack with ctypes."""
    array = (Ctype * COUNT)()
    for element, row in zip(array, DICTS, strict=True):
        element.host_addr, element.flags = row["host_addr"], row["flags"]
        element.ref, element.dom = row["ref"], row["dom"]
    return bytes(array)


def by_cffi() -> bytes:
    """Pack with cffi's own initialiser."""
    return bytes(FFI.buffer(FFI.new("struct gnttab_map_grant_ref[]", DICTS)))


def by_dissect() -> bytes:
    """Pack with dissect.cstruct."""
    return b"".join(DISSECT.m(**row).dumps() for row in DICTS)


def hand_decode() -> list[dict[str, int]]:
    """Unpack into dicts by a generated literal, as one would write it."""
    return [
        {"host_addr": a, "flags": b, "ref": c, "dom": d, "status": e, "handle": f,
         "dev_bus_addr": g}
        for a, b, c, d, e, f, g in S.iter_unpack(BLOB)
    ]  # fmt: skip


def hand_one(row: dict[str, int]) -> bytes:
    """Pack one op by the straight line of code that one would generate for it."""
    return pack(row["host_addr"], row["flags"], row["ref"], row["dom"])


def each(function: Callable[[dict[str, int]], object]) -> Callable[[], None]:
    """Return a function that calls another for every row."""

    def calls() -> None:
        for row in DICTS:
            function(row)

    return calls


Peers = dict[str, Callable[[], object]]

WORK: dict[str, Peers] = {
    "dicts to bytes": {
        "by hand": lambda: b"".join(
            [pack(d["host_addr"], d["flags"], d["ref"], d["dom"]) for d in DICTS]
        ),
        "xengnt": lambda: ABI.encode(OP, DICTS),
        "ctypes": by_ctypes,
        "cffi": by_cffi,
        "construct": lambda: b"".join([CONSTRUCT.build(d) for d in DICTS]),
        "dissect.cstruct": by_dissect,
    },
    "tuples to bytes": {
        "by hand": lambda: b"".join(starmap(pack, TUPLES)),
        "xengnt": lambda: ABI.encode(OP, TUPLES),
    },
    "objects to bytes": {
        "by hand": lambda: b"".join(
            [pack(o.host_addr, o.flags, o.ref, o.dom) for o in OBJECTS]  # type: ignore[attr-defined]  # slots
        ),
        "xengnt": lambda: ABI.encode(OP, OBJECTS),
    },
    "bytes to dicts": {
        "by hand": hand_decode,
        "xengnt": lambda: ABI.decode(OP, BLOB),
        "construct": lambda: [CONSTRUCT.parse(BLOB[i : i + 32]) for i in range(0, len(BLOB), 32)],
        "dissect.cstruct": lambda: [
            {k: getattr(e, k) for k in NAMES} for e in DISSECT.m[COUNT](BLOB)
        ],
    },
    "bytes to tuples": {
        "by hand": lambda: list(S.iter_unpack(BLOB)),
        "xengnt": lambda: ABI.decode_tuples(OP, BLOB),
    },
    "one op, dict to bytes": {
        "by hand": each(hand_one),
        "xengnt, prepared": each(encode_one),
        "xengnt": each(lambda row: ABI.encode(OP, [row])),
        "cffi": each(lambda row: bytes(FFI.buffer(FFI.new("struct gnttab_map_grant_ref *", row)))),
        "construct": each(CONSTRUCT.build),
    },
}


def verify() -> None:
    """Fail unless all peers make the same bytes."""
    for name in ("dicts to bytes", "tuples to bytes", "objects to bytes"):
        for peer, function in WORK[name].items():
            if function() != BLOB:
                sys.exit(f"{peer} packs {name} otherwise")
    if ctypes.sizeof(Ctype) != S.size:
        sys.exit("ctypes has another size")


def main() -> None:
    """Measure and print."""
    verify()
    print(f"{platform.python_implementation()} {platform.python_version()}, {COUNT} elements")
    for name, peers in WORK.items():
        best = dict.fromkeys(peers, float("inf"))
        for _ in range(ROUNDS):
            for peer, function in peers.items():
                gc.collect()
                start = time.perf_counter()
                function()
                best[peer] = min(best[peer], time.perf_counter() - start)
        hand = best["by hand"]
        print(f"\n{name}: by hand {hand / COUNT * 1e9:.0f} ns an element")
        for peer, seconds in best.items():
            print(f"  {peer:<18} {seconds / hand:6.2f}")


if __name__ == "__main__":
    print(Path(__file__).name, end=": ")
    main()
