# SPDX-License-Identifier: MIT
"""The cases of each op.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from xengnt.abi.bits import (
    CLEAN,
    DEST_GREF,
    INVAL,
    MAP_APPLICATION,
    MAP_CONTAINS_PTE,
    MAP_DEVICE,
    MAP_HOST,
    MAP_READONLY,
    SELF,
    SOURCE_GREF,
)
from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.model.maptrack import PER_PAGE
from xengnt.testing import stage
from xengnt.testing.case import Case, Values
from xengnt.testing.maker import REFS, Maker
from xengnt.testing.stage import CALLER, GUEST, MIDDLE, OTHER

_HALF = range(PAGE_SIZE // 2 + 1)
"""Two of these are together at most a page."""

_SOME = range(1, PAGE_SIZE // 2 + 1)


def _map(make: Maker) -> Iterator[Case]:
    rooms = tuple(f"${CALLER}.room[{number}]" for number in range(16, 48))
    guest = {"dom": (f"${GUEST}.domid",)}
    writable = {"host_addr": rooms, "ref": (stage.WRITABLE,), **guest}
    make.base = {**writable, "flags": (MAP_HOST,)}
    yield make.valid("writable", make.base)
    readonly = {**make.base, "flags": (MAP_HOST | MAP_READONLY,)}
    yield make.valid("readonly", {**readonly, "ref": (stage.WRITABLE, stage.READONLY)})
    last = (stage.entries_per_frame(make.abi, 1) - 1,)
    yield make.edge("ref/last", {"ref": last})
    bad = Status.GENERAL_ERROR
    available = 0xFFFF_0000
    if make.pv:
        devices = {"flags": (MAP_DEVICE, MAP_DEVICE | MAP_READONLY), "host_addr": (0,)}
        yield make.valid("device", make.base | devices)
        yield make.valid("both", make.base | {"flags": (MAP_DEVICE | MAP_HOST,)})
        yield make.edge("flags/available", {"flags": (MAP_HOST | available,)})
        entry = {"flags": (MAP_HOST | MAP_CONTAINS_PTE,)}
        yield make.wrong("host_addr/no page table", {**entry, "host_addr": (0, 8)}, bad)
        yield make.wrong("host_addr/within an entry", {**entry, "host_addr": range(1, 8)}, bad)
        yield make.wrong("host_addr/null", {"host_addr": (0,)}, bad)
        yield make.wrong("host_addr/unaligned", {"host_addr": range(1, PAGE_SIZE)}, bad)
        yield make.wrong("host_addr/beyond", {"host_addr": range(0xF000_0000, 1 << 64)}, bad)
    else:
        pv_only = tuple(MAP_HOST | bit for bit in (MAP_DEVICE, MAP_APPLICATION, MAP_CONTAINS_PTE))
        yield make.wrong("flags/for PV", {"flags": pv_only}, bad)
        yield make.wrong("flags/available", {"flags": (MAP_HOST | 1 << 16, available | 2)}, bad)
        yield make.wrong("host_addr/beyond", {"host_addr": range(1 << 48, 1 << 64)}, bad)
    nothing = (0, MAP_READONLY, MAP_APPLICATION, MAP_CONTAINS_PTE, available)
    yield make.wrong("flags/no mapping", {"flags": nothing}, Status.BAD_GNTREF)
    yield from make.refs("ref", {"readonly": stage.READONLY, "accepting": stage.ACCEPTING[0]})
    yield from make.used("ref", "dom")
    yield make.edge("ref/mapped", {"ref": (stage.MAPPED,)})
    yield make.edge("ref/first writable", {"ref": (stage.SEEN,)})
    yield make.wrong("ref/readonly, in use", {"ref": (stage.SEEN_READONLY,)}, bad)
    yield from _map_order(make)
    if make.second:
        second = {"dom": (f"${OTHER}.domid",)}
        yield make.edge("of version 2", {**second, "ref": (stage.WHOLE,)})
        yield make.wrong("ref/part of a page", {**second, "ref": (stage.PARTIAL,)}, bad)
        yield make.wrong("ref/passed on", {**second, "ref": (stage.THROUGH,)}, bad)


def _map_order(make: Maker) -> Iterator[Case]:
    """Give elements with two things that are wrong, of which the first to be checked tells."""
    none, nobody = {"flags": (0,)}, {"dom": (stage.NO_DOMID,)}
    beyond, nowhere = {"ref": (stage.entries_per_frame(make.abi, 1),)}, {"host_addr": (1 << 56,)}
    self = {"dom": (SELF,)}
    yield make.wrong("flags/no mapping before dom/self", none | self, Status.BAD_GNTREF)
    if not make.pv:
        pv_none = {"flags": (MAP_APPLICATION,)}
        yield make.wrong("flags/no mapping before flags/for PV", pv_none, Status.BAD_GNTREF)
        yield make.wrong(
            "flags/for PV before dom",
            nobody | {"flags": (MAP_HOST | MAP_DEVICE,)},
            Status.GENERAL_ERROR,
        )
    yield make.wrong("dom before ref/beyond", nobody | beyond, Status.BAD_DOMAIN)
    yield make.wrong("ref/beyond before host_addr", beyond | nowhere, Status.BAD_GNTREF)
    no_frame = {"ref": (stage.NO_FRAME,)}
    yield make.wrong("ref/no frame before host_addr", no_frame | nowhere, Status.BAD_PAGE)


def _handles(make: Maker, name: str, rooms: range) -> Iterator[Case]:
    """Give what is to be said of a handle and its address; of the last one for what is wrong."""

    def mapping(index: int) -> dict[str, Values]:
        room = f"${CALLER}.room[{rooms[index]}]"
        return {"host_addr": (room,), "handle": (f"${name}[{index}].handle",)}

    for index in range(4):
        yield make.valid(f"handle {index}", mapping(index), once=True)
    make.base = mapping(5)
    yield make.edge("nothing to do", {"host_addr": (0,)})
    if make.pv:
        nowhere = (f"${CALLER}.room[400]",)
        yield make.wrong("host_addr/nothing", {"host_addr": nowhere}, Status.GENERAL_ERROR)
        own = (f"${CALLER}.address[21]",)
        yield make.wrong("host_addr/another page", {"host_addr": own}, Status.GENERAL_ERROR)
    yield make.wrong("handle/none", {"handle": range(1 << 20, REFS)}, Status.BAD_HANDLE)
    free = (f"$m[{stage.FREE}].handle",)
    yield make.wrong("handle/free", {"handle": free}, Status.BAD_HANDLE)
    yield make.wrong("handle/of the second frame", {"handle": (PER_PAGE,)}, Status.BAD_HANDLE)
    elsewhere = {"handle": free, "host_addr": (f"${CALLER}.room[400]",)}
    yield make.wrong("handle/free before host_addr", elsewhere, Status.BAD_HANDLE)


def _unmap(make: Maker) -> Iterator[Case]:
    yield from _handles(make, "m", stage.UNMAPPED)
    room = (f"${CALLER}.room[{stage.LOOKED_AT[0]}]",)
    yield make.valid("readonly", {"host_addr": room, "handle": ("$p[0].handle",)}, once=True)
    if make.pv:
        room = (f"${CALLER}.room[{stage.DEVICE[0]}]",)
        device = {"handle": ("$d[0].handle",), "dev_bus_addr": ("$d[0].dev_bus_addr",)}
        yield make.valid("device", {"host_addr": room, **device}, once=True)
        other = {"handle": ("$d[1].handle",), "dev_bus_addr": range(1, PAGE_SIZE)}
        yield make.wrong("dev_bus_addr/other", {"host_addr": (0,), **other}, Status.BAD_DEV_ADDR)
        nowhere = {"host_addr": (f"${CALLER}.room[400]",), **other}
        yield make.wrong("dev_bus_addr/other before host_addr", nowhere, Status.BAD_DEV_ADDR)


def _replace(make: Maker) -> Iterator[Case]:
    yield from _handles(make, "r", stage.REPLACED)
    own = {"new_addr": (f"${CALLER}.address[20]",)}
    if make.pv:
        room = (f"${CALLER}.room[{stage.REPLACED[4]}]",)
        moved = {"host_addr": room, "handle": ("$r[4].handle",), **own}
        yield make.valid("moved", moved, once=True)
        unaligned = {"new_addr": range(1, PAGE_SIZE)}
        yield make.wrong("new_addr/unaligned", unaligned, Status.GENERAL_ERROR)
        beyond = {"new_addr": (0xF000_0000, 1 << 40, 1 << 46)}
        yield make.wrong("new_addr/beyond", beyond, Status.GENERAL_ERROR)
    else:
        yield make.wrong("new_addr/translated", own, Status.GENERAL_ERROR)
    free = {"handle": (f"$m[{stage.FREE}].handle",), "new_addr": (1,)}
    yield make.wrong("handle/free before new_addr", free, Status.BAD_HANDLE)


def _setup(make: Maker) -> Iterator[Case]:
    make.base = {"dom": (SELF,), "nr_frames": (0, 1)}
    yield make.valid("own", make.base)
    yield make.valid("guest's", {"dom": (f"${GUEST}.domid",), "nr_frames": (1, 0)})
    other = {"dom": (f"${OTHER}.domid",)}
    yield make.valid("grows", {**other, "nr_frames": range(5)})
    most = 64
    yield make.edge("nr_frames/most", {**other, "nr_frames": (most,)})
    beyond = {"nr_frames": range(most + 1, 2 * most + 1)}
    yield make.wrong("nr_frames/beyond", beyond, Status.GENERAL_ERROR)
    yield from _denied(make, nr_frames=(most + 1,))


def _denied(make: Maker, **wrong: Values) -> Iterator[Case]:
    """Give what is to be said of who may ask about a domain, and that it comes before others."""
    yield make.denied("dom")
    told = make.told is not None
    nobody = (Status.BAD_DOMAIN, 0) if told else (None, -errno.ESRCH)
    unknown = {"dom": (stage.NO_DOMID,)}
    yield make.wrong("dom/unknown before privileged", unknown, *nobody, caller=GUEST)
    if wrong:
        other = {"dom": (f"${CALLER}.domid",)}
        yield make.wrong("dom/unknown before nr_frames", unknown | wrong, *nobody)
        denied = Status.PERMISSION_DENIED
        yield make.wrong("dom/privileged before nr_frames", other | wrong, denied, caller=GUEST)


def _about(make: Maker) -> Iterator[Case]:
    make.base = {"dom": (SELF,)}
    yield make.valid("own", make.base)
    yield make.valid("other's", {"dom": tuple(f"${n}.domid" for n in (CALLER, GUEST, OTHER))})
    yield from _denied(make)


def _dump(make: Maker) -> Iterator[Case]:
    make.base = {"dom": (SELF,)}
    yield make.valid("own", make.base)


def _status_frames(make: Maker) -> Iterator[Case]:
    for case in _about(make):
        yield replace(case, values={"nr_frames": (0,), **case.values})
    if make.second:
        yield make.edge("of version 2", {"dom": (f"${OTHER}.domid",), "nr_frames": (1,)})
        behind = {"dom": (f"${MIDDLE}.domid",), "nr_frames": (2,)}
        yield make.wrong("nr_frames/beyond, of version 2", behind, Status.GENERAL_ERROR)
    some = {"nr_frames": range(1, 65)}  # a table of version 1 has none
    yield make.wrong("nr_frames/beyond", some, Status.GENERAL_ERROR)


def _set_version(make: Maker) -> Iterator[Case]:
    make.base = {"version": (1,)}
    yield make.valid("1", make.base)
    if make.pv:
        yield make.valid("2", {"version": (2,)})
        second = {"version": (2,)}
        yield make.wrong("version/in use", second, None, -errno.EBUSY, caller=GUEST)
        first = {"version": (1,)}
        yield make.wrong("version/passed on", first, None, -errno.ERANGE, caller=OTHER)
        yield make.wrong("version/far", first, None, -errno.ERANGE, caller=MIDDLE)
    else:
        yield make.wrong("version/not allowed", {"version": (2,)}, None, -errno.ENOSYS)
    yield replace(make.edge("the same, in use", {}), caller=GUEST)
    invalid = {"version": (3,)}
    yield make.wrong("version/beyond before in use", invalid, None, -errno.EINVAL, caller=GUEST)
    yield make.wrong("version/zero", {"version": (0,)}, None, -errno.EINVAL)
    yield make.wrong("version/beyond", {"version": range(3, 1 << 32)}, None, -errno.EINVAL)


def _transfer(make: Maker) -> Iterator[Case]:
    def page(index: int) -> dict[str, Values]:
        here = {"mfn": (f"${CALLER}.frame[{40 + index}]",), "domid": (f"${GUEST}.domid",)}
        return {**here, "ref": (stage.ACCEPTING[index],)}

    for index in range(4):
        yield make.valid(f"page {index}", page(index), once=True)
    make.base = page(5)
    yield from make.frames("mfn", f"${GUEST}.frame[9]", Status.BAD_PAGE)
    mapped = {"mfn": (f"${CALLER}.frame[8]",)}
    yield make.wrong("mfn/mapped", mapped, Status.BAD_PAGE)
    unfit = {"granting": stage.WRITABLE, "accepts another's": stage.ACCEPTS_OTHERS}
    for case in make.refs("ref", unfit):
        yield replace(case, status=Status.GENERAL_ERROR)
    full = {"domid": (f"${OTHER}.domid",)}
    yield make.wrong("domid/full", full, Status.GENERAL_ERROR)
    nobody = {"domid": (stage.NO_DOMID,)}
    nothing = {"mfn": (stage.NOBODY[0],)}
    yield make.wrong("mfn before domid", nothing | nobody, Status.BAD_PAGE)
    beyond = {"ref": (stage.entries_per_frame(make.abi, 1),)}
    yield make.wrong("domid before ref", nobody | beyond, Status.BAD_DOMAIN)


def _copy(make: Maker) -> Iterator[Case]:
    offsets = {"source.offset": _HALF, "dest.offset": _HALF}
    guest = (f"${GUEST}.domid",)
    own = tuple(f"${CALLER}.frame[{page}]" for page in range(4))
    flags = {"source": SOURCE_GREF, "dest": DEST_GREF}
    frame: dict[str, dict[str, Values]] = {
        side: {f"{side}.u.gmfn": own, f"{side}.domid": (SELF,)} for side in flags
    }
    refs = {"source": (stage.WRITABLE, stage.READONLY), "dest": (stage.WRITABLE,)}
    ref: dict[str, dict[str, Values]] = {
        side: {f"{side}.u.ref": refs[side], f"{side}.domid": guest} for side in flags
    }
    for source, dest, both, label in (
        (frame, frame, 0, "frame to frame"),
        (ref, frame, SOURCE_GREF, "ref to frame"),
        (frame, ref, DEST_GREF, "frame to ref"),
        (ref, ref, SOURCE_GREF | DEST_GREF, "ref to ref"),
    ):
        make.base = {**source["source"], **dest["dest"], "flags": (both,)}
        yield make.valid(label, {**make.base, **offsets, "len": _SOME})
        yield make.edge(f"{label}, whole page", {"len": (PAGE_SIZE,)})
        ends = {"source.offset": (PAGE_SIZE - 1,), "dest.offset": (PAGE_SIZE - 1,)}
        yield make.edge(f"{label}, last byte", {**ends, "len": (1,)})
        behind = {"source.offset": (PAGE_SIZE,), "dest.offset": (PAGE_SIZE,)}
        yield make.edge(f"{label}, nothing behind the end", behind)
    # From here on the base is from a reference to a reference.
    last = (stage.entries_per_frame(make.abi, 1) - 1,)
    every = SOURCE_GREF | DEST_GREF
    ignored = {"flags": tuple(every | 1 << bit for bit in range(2, 16))}
    yield make.edge("flags/ignored", {**ignored, "len": _SOME})
    yield make.edge("len/nothing", {"len": (0,)})
    make.base |= {**offsets, "len": _SOME}
    for side, bit in flags.items():
        yield make.edge(f"{side}.u.ref/last", {f"{side}.u.ref": last})
        yield make.edge(f"{side}.u.ref/mapped", {f"{side}.u.ref": (stage.MAPPED,)})
        yield from make.refs(f"{side}.u.ref", {"accepting": stage.ACCEPTING[0]})
        yield from make.used(f"{side}.u.ref", f"{side}.domid")
        if make.second:
            yield from _parts(make, side)
        beyond = {f"{side}.offset": range(PAGE_SIZE, 1 << 16)}
        yield make.wrong(f"{side}.offset/beyond", beyond, Status.BAD_COPY_ARG)
        across = {**offsets, f"{side}.offset": range(1, PAGE_SIZE), "len": (PAGE_SIZE,)}
        yield make.wrong(f"{side}/across the end", across, Status.BAD_COPY_ARG)
        kept = make.base
        make.base = {name: one for name, one in kept.items() if name != f"{side}.u.ref"}
        make.base |= {**frame[side], "flags": (every & ~bit,)}
        yield from make.frames(f"{side}.u.gmfn", f"${GUEST}.frame[9]", Status.BAD_PAGE)
        foreign = {f"{side}.domid": (f"${CALLER}.domid", f"${GUEST}.domid")}
        yield make.wrong(f"{side}.domid/of a frame", foreign, Status.PERMISSION_DENIED)
        make.base = kept
    yield make.edge("dest.u.ref/first writable", {"dest.u.ref": (stage.SEEN,)})
    seen = {"dest.u.ref": (stage.SEEN_READONLY,)}
    yield make.wrong("dest.u.ref/readonly, in use", seen, Status.GENERAL_ERROR)
    readonly = {"dest.u.ref": (stage.READONLY,)}
    yield make.wrong("dest.u.ref/readonly", readonly, Status.GENERAL_ERROR)
    yield make.wrong("len/beyond", {"len": range(PAGE_SIZE + 1, 1 << 16)}, Status.BAD_COPY_ARG)
    yield from _copy_order(make, last[0] + 1)


def _copy_order(make: Maker, behind: int) -> Iterator[Case]:
    """Give elements with two things that are wrong, of which the first to be checked tells.

    Args:
        make: makes them, its base is from a reference to a reference.
        behind: the first reference beyond the table.
    """
    nobody, beyond, empty = (stage.NO_DOMID,), (behind,), (stage.EMPTY,)
    own = {"u.gmfn": (f"${CALLER}.frame[0]",), "domid": (f"${GUEST}.domid",)}
    base = make.base
    for side, bit in (("source", DEST_GREF), ("dest", SOURCE_GREF)):
        other = "dest" if side == "source" else "source"
        make.base = {name: one for name, one in base.items() if not name.startswith(f"{side}.u")}
        foreign = {f"{side}.{name}": one for name, one in own.items()} | {"flags": (bit,)}
        both = foreign | {f"{other}.domid": nobody}
        yield make.wrong(f"domid before {side}.domid/of a frame", both, Status.BAD_DOMAIN)
        if side == "dest":
            both = foreign | {"source.u.ref": beyond}
            label = "source.u.ref before dest.domid/of a frame"
            yield make.wrong(label, both, Status.BAD_GNTREF)
    make.base = base
    wrong: Mapping[str, Values]
    for label, wrong, first in (
        (
            "dest.domid before source.u.ref",
            {"dest.domid": nobody, "source.u.ref": beyond},
            "domain",
        ),
        (
            "source.u.ref/beyond before dest.u.ref",
            {"source.u.ref": beyond, "dest.u.ref": empty},
            "gntref",
        ),
        (
            "source.u.ref before dest.u.ref/beyond",
            {"source.u.ref": empty, "dest.u.ref": beyond},
            "",
        ),
        *(
            (f"{side}.u.ref before {at}", {f"{side}.u.ref": beyond, at: (PAGE_SIZE,)}, "gntref")
            for side in ("source", "dest")
            for at in ("source.offset", "dest.offset")
        ),
        (
            "dest.u.ref/readonly before source.offset",
            {"dest.u.ref": (stage.READONLY,), "source.offset": (PAGE_SIZE,)},
            "",
        ),
    ):
        status = Status[f"BAD_{first.upper()}"] if first else Status.GENERAL_ERROR
        yield make.wrong(label, wrong, status)
    if make.second:
        for side in ("source", "dest"):
            part = {f"{side}.domid": (f"${OTHER}.domid",), f"{side}.u.ref": (stage.PARTIAL,)}
            across = {**part, f"{side}.offset": (PAGE_SIZE - 1,), "len": (2,)}
            yield make.wrong(f"{side}/across the end before part", across, Status.BAD_COPY_ARG)


def _parts(make: Maker, side: str) -> Iterator[Case]:
    """Give what is to be said of a side that is a part of a page, or is passed on."""
    ref, offset, bad = f"{side}.u.ref", f"{side}.offset", Status.GENERAL_ERROR
    second = {f"{side}.domid": (f"${OTHER}.domid",)}
    part = {**second, ref: (stage.PARTIAL,), "len": (len(stage.PART) // 2,)}
    inside = range(stage.PART.start, stage.PART.start + len(stage.PART) // 2 + 1)
    yield make.edge(f"{ref}/part of a page", {**part, offset: inside})
    before = {**part, offset: range(stage.PART.start)}
    yield make.wrong(f"{offset}/before the part", before, bad)
    behind = {**part, offset: range(inside.stop, stage.PART.stop)}
    yield make.wrong(f"{offset}/behind the part", behind, bad)
    yield make.edge(f"{ref}/passed on", {**second, ref: (stage.THROUGH,)})
    for label, entry in (
        ("passed on to itself", stage.ITSELF),
        ("passed on of nobody", stage.TO_NOBODY),
        ("passed on unallowed", stage.UNALLOWED),
        ("passed on twice", stage.TWICE),
    ):
        yield make.wrong(f"{ref}/{label}", {**second, ref: (entry,)}, bad)


def _swap(make: Maker) -> Iterator[Case]:
    entries = stage.entries_per_frame(make.abi, 1)
    make.base = {"ref_a": range(8, entries), "ref_b": range(8, entries)}
    yield make.valid("free", make.base)
    yield make.edge("reserved", {"ref_a": range(stage.PINNED)})
    yield make.edge("last", {"ref_a": (entries - 1,)})
    yield make.edge("the same", {"ref_a": (8,), "ref_b": (8,)})
    pinned, behind = (stage.PINNED,), (entries,)
    yield make.edge("the same, in use", {"ref_a": pinned, "ref_b": pinned})
    same = {"ref_a": behind, "ref_b": behind}
    yield make.wrong("beyond before the same", same, Status.BAD_GNTREF)
    for one, other in (("ref_a", "ref_b"), ("ref_b", "ref_a")):
        both = {one: behind, other: pinned}
        yield make.wrong(f"{one}/beyond before {other}/in use", both, Status.BAD_GNTREF)
    for name in list(make.base):
        beyond = {name: range(entries, REFS)}
        yield make.wrong(f"{name}/beyond", beyond, Status.BAD_GNTREF)
        yield make.wrong(f"{name}/in use", {name: (stage.PINNED,)}, Status.EAGAIN)


def _flush(make: Maker) -> Iterator[Case]:
    pages = tuple(f"${CALLER}.machine[{page}]" for page in range(4))
    ops = (CLEAN, CLEAN | INVAL)
    make.base = {"a.dev_bus_addr": pages, "offset": _HALF, "length": _SOME, "op": ops}
    yield make.valid("own", make.base)
    if not make.pv:
        yield make.valid("dropped", {**make.base, "op": (INVAL,)})
    mapped = {"a.dev_bus_addr": (f"${GUEST}.machine[2]",)}
    yield make.valid("mapped", {**make.base, **mapped})
    yield make.edge("whole page", {"offset": (0,), "length": (PAGE_SIZE,)})
    yield make.edge("last byte", {"offset": (PAGE_SIZE - 1,), "length": (1,)})
    yield make.edge("nothing to do", {"op": (0,)})
    yield make.edge("length/nothing", {"length": (0,)})
    foreign = {"a.dev_bus_addr": (f"${GUEST}.machine[9]",)}
    yield make.edge("length/nothing before not mapped", {"length": (0,), **foreign})
    yield make.edge("mapped readonly", {"a.dev_bus_addr": (f"${GUEST}.machine[5]",)})

    def refused(label: str, field: str, values: Values, rc: int, **others: Values) -> Case:
        return make.wrong(f"{field}/{label}", {**others, field: values}, None, -rc)

    invalid = errno.EINVAL
    yield refused("beyond", "offset", range(PAGE_SIZE, 1 << 16), invalid)
    yield refused("beyond", "length", range(PAGE_SIZE + 1, 1 << 16), invalid)
    full = {"length": (PAGE_SIZE,)}
    yield refused("across the end", "offset", range(1, PAGE_SIZE), invalid, **full)
    known = make.slots["op"].symbols.known_bits(0) or 0
    unknown = tuple(CLEAN | 1 << bit for bit in range(32) if not known >> bit & 1)
    yield refused("unknown bits", "op", unknown, invalid)
    nothing = {"length": (0,)}
    yield refused("beyond before nothing to do", "offset", (PAGE_SIZE,), invalid, **nothing)
    yield refused("unknown bits before nothing to do", "op", unknown, invalid, **nothing)
    yield refused("by reference", "op", (CLEAN | known & ~(CLEAN | INVAL),), invalid)
    if make.pv:
        yield refused("INVAL alone", "op", (INVAL,), errno.EOPNOTSUPP)
        # Elsewhere no memory need be there.
        yield refused("nobody's", "a.dev_bus_addr", range(PAGE_SIZE), errno.EPERM)
    field = "a.dev_bus_addr"
    yield refused("no memory", field, range(1 << 56, 1 << 64), invalid)
    yield refused("not mapped", field, (f"${GUEST}.machine[9]",), invalid)
    if make.pv:
        drop: dict[str, Values] = {"op": (INVAL,)}
        yield refused("not mapped before op", field, (f"${GUEST}.machine[9]",), invalid, **drop)
        yield refused("nobody's before op", field, (0,), errno.EPERM, **drop)


OPS: dict[str, Callable[[Maker], Iterator[Case]]] = {
    "map_grant_ref": _map,
    "unmap_grant_ref": _unmap,
    "setup_table": _setup,
    "dump_table": _dump,
    "transfer": _transfer,
    "copy": _copy,
    "query_size": _about,
    "unmap_and_replace": _replace,
    "set_version": _set_version,
    "get_status_frames": _status_frames,
    "get_version": _about,
    "swap_grant_ref": _swap,
    "cache_flush": _flush,
}
