# SPDX-License-Identifier: MIT
"""What elements of each op may be: valid, at an edge, or wrong in one way with a label.

A case says of each field what it may be. What it says comes out is held against the model,
on the `xengnt.testing.stage`, and so are all others who have the cases played.

Imports ``xengnt.abi``, ``xengnt.codec`` and the stage.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from xengnt.abi.bits import (
    ACCEPT_TRANSFER,
    CLEAN,
    DEST_GREF,
    FIRST_RESERVED,
    INVAL,
    MAP_APPLICATION,
    MAP_CONTAINS_PTE,
    MAP_DEVICE,
    MAP_HOST,
    MAP_READONLY,
    PERMIT_ACCESS,
    SELF,
    SOURCE_GREF,
    SUB_PAGE,
    TRANSITIVE,
)
from xengnt.abi.bits import READONLY as ENTRY_READONLY
from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.codec.plan import Slot
from xengnt.codec.rules import ALONE, FIRST_ONLY, SELF_REFUSED
from xengnt.codec.validate import FRAME_BITS
from xengnt.testing import stage
from xengnt.testing.stage import CALLER, GUEST, OTHER

VALID, BOUNDARY, WRONG = "valid", "boundary", "wrong"
KINDS = (VALID, BOUNDARY, WRONG)

Value: TypeAlias = int | str
"""A number, or a name for one that is on the stage."""

Values: TypeAlias = Sequence[Any]
"""What a field may be, the simplest first: a range, or a tuple of values."""

Row: TypeAlias = dict[str, Value]

_HALF = range(PAGE_SIZE // 2 + 1)
"""Two of these are together at most a page."""

_SOME = range(1, PAGE_SIZE // 2 + 1)
_ANY_REF = 1 << 32
_NO_FRAMES = range(0xF00_0000, 0x1000_0000)
"""Numbers of frames that no machine of ours has."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What one element may be.

    Attributes:
        op: the op, or the tag of an entry.
        kind: one of `KINDS`.
        label: what is special about it: the field, and how it is; unique for an op.
        values: what each field may be; others are 0.
        status: what the stage gives it, None if it gives no status. An entry's is that of a
            copy that reads one byte through it.
        rc: the result of the call, which ends there if it is not 0.
        counts: how many times it may be in a call, one after the other.
        once: whether a second one of it would find something else.
        caller: who makes the call.
    """

    op: str
    kind: str
    label: str
    values: Mapping[str, Values]
    status: Status | None = Status.OKAY
    rc: int = 0
    counts: Values = (1,)
    once: bool = False
    caller: str = CALLER

    def row(self, choose: Callable[[Values], Any]) -> Row:
        """Return an element, each value of it chosen by a function."""
        return {name: choose(values) for name, values in self.values.items()}


@cache
def cases(op: str, abi: Abi) -> tuple[Case, ...]:
    """Return the cases of an op, or of an entry by its tag, the simplest of each kind first.

    Raises:
        UnknownName: the ABI has no such op or entry.
    """
    codec = abi.codec(op)
    maker = _Maker(codec.name, abi)
    made = [*_MAKERS[codec.name](maker), *maker.domids()]
    if codec.name in ALONE | FIRST_ONLY:
        made += maker.counts(made[0])
    if codec.name == "dump_table":  # no Xen that is left does it
        made = [replace(case, status=None, rc=-errno.ENOSYS) for case in made]
    if codec.name == "transfer" and not maker.pv:
        made = [replace(case, status=None, rc=-errno.EOPNOTSUPP) for case in made]
    return tuple(made)


class _Maker:
    """Makes the cases of one op.

    Attributes:
        pv: whether the caller is a PV guest; else it is translated.
        base: what a valid element has, for cases that are wrong in something else.
    """

    def __init__(self, op: str, abi: Abi) -> None:
        self.op = op
        self.abi = abi
        self.pv = abi.name.startswith("x86")
        self.plan = abi.codec(op).plan
        self.slots: dict[str, Slot] = {name: slot for name, (_, slot) in self.plan.slots.items()}
        self.told = Status.OKAY if "status" in self.slots or self.is_entry else None
        self.base: dict[str, Values] = {}

    @property
    def is_entry(self) -> bool:
        """Whether it is an entry, and no op."""
        return self.op not in self.abi.layout.ops

    def valid(self, label: str, values: Mapping[str, Values], *, once: bool = False) -> Case:
        """Return a valid case."""
        return Case(self.op, VALID, label, values, self.told, once=once)

    def edge(self, label: str, values: Mapping[str, Values], *, once: bool = False) -> Case:
        """Return a valid case at an edge: the base with other values."""
        return Case(self.op, BOUNDARY, label, {**self.base, **values}, self.told, once=once)

    def wrong(
        self,
        label: str,
        values: Mapping[str, Values],
        status: Status | None,
        rc: int = 0,
        *,
        caller: str = CALLER,
    ) -> Case:
        """Return a wrong case: the base with other values."""
        changed = {**self.base, **values}
        return Case(self.op, WRONG, label, changed, status, rc, once=True, caller=caller)

    def domids(self) -> Iterator[Case]:
        """Give what is wrong for each field that names a domain."""
        bad = (Status.BAD_DOMAIN, 0) if self.told is not None else (None, -errno.ESRCH)
        if self.is_entry:
            bad = (Status.GENERAL_ERROR, 0)
        for slot in self.slots.values():
            if slot.field.type != "domid_t" or slot.name not in self.base:
                continue
            if self.op in SELF_REFUSED or self.is_entry:
                yield self.wrong(f"{slot.name}/self", {slot.name: (SELF,)}, *bad)
            unknown = range(stage.OTHER_DOMID + 1, FIRST_RESERVED)
            yield self.wrong(f"{slot.name}/unknown", {slot.name: unknown}, *bad)
            reserved = range(SELF + 1, 0x8000)
            yield self.wrong(f"{slot.name}/reserved", {slot.name: reserved}, *bad)
            beyond = range(0x8000, slot.high + 1)
            yield self.wrong(f"{slot.name}/beyond", {slot.name: beyond}, *bad)

    def denied(self, field: str) -> Case:
        """Return the case of a caller who has no privilege over a domain."""
        bad = (Status.PERMISSION_DENIED, 0) if self.told is not None else (None, -errno.EPERM)
        values = {field: (f"${CALLER}.domid",)}
        return self.wrong(f"{field}/privileged", values, *bad, caller=GUEST)

    def counts(self, usual: Case) -> Iterator[Case]:
        """Give what may be with the number of elements where a call takes one."""
        several = range(2, 9)
        if self.op in FIRST_ONLY:
            yield replace(usual, kind=BOUNDARY, label="count/several", counts=several)
            return
        compat = self.abi.name == "x86_32" and self.op != "query_size"
        refused = replace(usual, kind=WRONG, status=None, rc=-errno.EINVAL, once=True)
        yield replace(refused, label="count/several", counts=several)
        none = replace(refused, label="count/none", counts=(0,))
        yield replace(none, kind=BOUNDARY, rc=0) if compat else none

    def frames(self, field: str, owned: str, status: Status, **values: Values) -> Iterator[Case]:
        """Give what is wrong with the number of a frame.

        Args:
            field: where it is.
            owned: the number of one that is somebody else's.
            status: that comes of it.
            values: of other fields.
        """
        if self.pv:  # the numbers of a translated guest are its own
            yield self.wrong(f"{field}/foreign", {**values, field: (owned,)}, status)
        yield self.wrong(f"{field}/unknown", {**values, field: _NO_FRAMES}, status)
        slot = self.slots[field]
        if slot.high >> FRAME_BITS:
            beyond = range(1 << FRAME_BITS, slot.high + 1)
            yield self.wrong(f"{field}/beyond", {**values, field: beyond}, status)


def _refs(make: _Maker, field: str, unfit: Mapping[str, int]) -> Iterator[Case]:
    """Give what is wrong with a reference into the guest's table."""
    beyond = range(stage.entries_per_frame(make.abi, 1), _ANY_REF)
    yield make.wrong(f"{field}/beyond", {field: beyond}, Status.BAD_GNTREF)
    for label, ref in {"empty": stage.EMPTY, "other's": stage.OTHERS, **unfit}.items():
        yield make.wrong(f"{field}/{label}", {field: (ref,)}, Status.GENERAL_ERROR)


def _map(make: _Maker) -> Iterator[Case]:
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
        flags = {"flags": (MAP_HOST | MAP_CONTAINS_PTE,), "host_addr": (0, 8, 1)}
        yield make.wrong("host_addr/no page table", flags, bad)
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
    yield from _refs(make, "ref", {"readonly": stage.READONLY, "accepting": stage.ACCEPTING[0]})


def _handles(make: _Maker, name: str, rooms: range) -> Iterator[Case]:
    """Give what is to be said of a handle and its address; of the last one for what is wrong."""

    def mapping(index: int) -> dict[str, Values]:
        room = f"${CALLER}.room[{rooms[index]}]"
        return {"host_addr": (room,), "handle": (f"${name}[{index}].handle",)}

    for index in range(4):
        yield make.valid(f"handle {index}", mapping(index), once=True)
    make.base = mapping(5)
    yield make.edge("nothing to do", {"host_addr": (0,)})
    nowhere = (f"${CALLER}.room[400]",)
    yield make.wrong("host_addr/nothing", {"host_addr": nowhere}, Status.GENERAL_ERROR)
    yield make.wrong("handle/none", {"handle": range(1 << 20, _ANY_REF)}, Status.BAD_HANDLE)
    free = (f"$m[{stage.FREE}].handle",)
    yield make.wrong("handle/free", {"handle": free}, Status.BAD_HANDLE)


def _unmap(make: _Maker) -> Iterator[Case]:
    yield from _handles(make, "m", stage.UNMAPPED)
    if make.pv:
        room = (f"${CALLER}.room[{stage.DEVICE[0]}]",)
        device = {"handle": ("$d[0].handle",), "dev_bus_addr": ("$d[0].dev_bus_addr",)}
        yield make.valid("device", {"host_addr": room, **device}, once=True)
        other = {"handle": ("$d[1].handle",), "dev_bus_addr": range(1, PAGE_SIZE)}
        yield make.wrong("dev_bus_addr/other", {"host_addr": (0,), **other}, Status.BAD_DEV_ADDR)


def _replace(make: _Maker) -> Iterator[Case]:
    yield from _handles(make, "r", stage.REPLACED)
    own = {"new_addr": (f"${CALLER}.address[20]",)}
    if make.pv:
        room = (f"${CALLER}.room[{stage.REPLACED[4]}]",)
        moved = {"host_addr": room, "handle": ("$r[4].handle",), **own}
        yield make.valid("moved", moved, once=True)
        unaligned = {"new_addr": range(1, PAGE_SIZE)}
        yield make.wrong("new_addr/unaligned", unaligned, Status.GENERAL_ERROR)
    else:
        yield make.wrong("new_addr/translated", own, Status.GENERAL_ERROR)


def _setup(make: _Maker) -> Iterator[Case]:
    make.base = {"dom": (SELF,), "nr_frames": (0, 1)}
    yield make.valid("own", make.base)
    yield make.valid("guest's", {"dom": (f"${GUEST}.domid",), "nr_frames": (1, 0)})
    other = {"dom": (f"${OTHER}.domid",)}
    yield make.valid("grows", {**other, "nr_frames": range(5)})
    most = 64
    yield make.edge("nr_frames/most", {**other, "nr_frames": (most,)})
    beyond = {"nr_frames": range(most + 1, 2 * most + 1)}
    yield make.wrong("nr_frames/beyond", beyond, Status.GENERAL_ERROR)
    yield make.denied("dom")


def _about(make: _Maker) -> Iterator[Case]:
    make.base = {"dom": (SELF,)}
    yield make.valid("own", make.base)
    yield make.valid("other's", {"dom": tuple(f"${n}.domid" for n in (CALLER, GUEST, OTHER))})
    yield make.denied("dom")


def _dump(make: _Maker) -> Iterator[Case]:
    make.base = {"dom": (SELF,)}
    yield make.valid("own", make.base)


def _status_frames(make: _Maker) -> Iterator[Case]:
    for case in _about(make):
        yield replace(case, values={"nr_frames": (0,), **case.values})
    some = {"nr_frames": range(1, 65)}  # a table of version 1 has none
    yield make.wrong("nr_frames/beyond", some, Status.GENERAL_ERROR)


def _set_version(make: _Maker) -> Iterator[Case]:
    make.base = {"version": (1,)}
    yield make.valid("1", make.base)
    if make.pv:
        yield make.valid("2", {"version": (2,)})
    else:
        yield make.wrong("version/not allowed", {"version": (2,)}, None, -errno.ENOSYS)
    yield make.wrong("version/zero", {"version": (0,)}, None, -errno.EINVAL)
    yield make.wrong("version/beyond", {"version": range(3, 1 << 32)}, None, -errno.EINVAL)


def _transfer(make: _Maker) -> Iterator[Case]:
    def page(index: int) -> dict[str, Values]:
        here = {"mfn": (f"${CALLER}.frame[{40 + index}]",), "domid": (f"${GUEST}.domid",)}
        return {**here, "ref": (stage.ACCEPTING[index],)}

    for index in range(4):
        yield make.valid(f"page {index}", page(index), once=True)
    make.base = page(5)
    yield from make.frames("mfn", f"${GUEST}.frame[9]", Status.BAD_PAGE)
    for case in _refs(make, "ref", {"granting": stage.WRITABLE}):
        yield replace(case, status=Status.GENERAL_ERROR)


def _copy(make: _Maker) -> Iterator[Case]:
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
        yield make.valid(label, {**make.base, **offsets, "len": _HALF})
        yield make.edge(f"{label}, whole page", {"len": (PAGE_SIZE,)})
        ends = {"source.offset": (PAGE_SIZE - 1,), "dest.offset": (PAGE_SIZE - 1,)}
        yield make.edge(f"{label}, last byte", {**ends, "len": (1,)})
        behind = {"source.offset": (PAGE_SIZE,), "dest.offset": (PAGE_SIZE,)}
        yield make.edge(f"{label}, nothing behind the end", behind)
    # From here on the base is from a reference to a reference.
    last = (stage.entries_per_frame(make.abi, 1) - 1,)
    every = SOURCE_GREF | DEST_GREF
    ignored = {"flags": tuple(every | 1 << bit for bit in range(2, 16))}
    yield make.edge("flags/ignored", {**ignored, "len": _HALF})
    make.base |= {**offsets, "len": _SOME}
    for side, bit in flags.items():
        yield make.edge(f"{side}.u.ref/last", {f"{side}.u.ref": last})
        yield from _refs(make, f"{side}.u.ref", {"accepting": stage.ACCEPTING[0]})
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
    readonly = {"dest.u.ref": (stage.READONLY,)}
    yield make.wrong("dest.u.ref/readonly", readonly, Status.GENERAL_ERROR)
    yield make.wrong("len/beyond", {"len": range(PAGE_SIZE + 1, 1 << 16)}, Status.BAD_COPY_ARG)


def _swap(make: _Maker) -> Iterator[Case]:
    entries = stage.entries_per_frame(make.abi, 1)
    make.base = {"ref_a": range(8, entries), "ref_b": range(8, entries)}
    yield make.valid("free", make.base)
    yield make.edge("reserved", {"ref_a": range(stage.PINNED)})
    yield make.edge("last", {"ref_a": (entries - 1,)})
    yield make.edge("the same", {"ref_a": (8,), "ref_b": (8,)})
    for name in list(make.base):
        beyond = {name: range(entries, _ANY_REF)}
        yield make.wrong(f"{name}/beyond", beyond, Status.BAD_GNTREF)
        yield make.wrong(f"{name}/in use", {name: (stage.PINNED,)}, Status.EAGAIN)


def _flush(make: _Maker) -> Iterator[Case]:
    pages = tuple(f"${CALLER}.machine[{page}]" for page in range(4))
    ops = (CLEAN, CLEAN | INVAL)
    make.base = {"a.dev_bus_addr": pages, "offset": _HALF, "length": _SOME, "op": ops}
    yield make.valid("own", {**make.base, "length": _HALF})
    if not make.pv:
        yield make.valid("dropped", {**make.base, "op": (INVAL,)})
    mapped = {"a.dev_bus_addr": (f"${GUEST}.machine[2]",)}
    yield make.valid("mapped", {**make.base, **mapped})
    yield make.edge("whole page", {"offset": (0,), "length": (PAGE_SIZE,)})
    yield make.edge("last byte", {"offset": (PAGE_SIZE - 1,), "length": (1,)})
    yield make.edge("nothing to do", {"op": (0,)})

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
    yield refused("by reference", "op", (CLEAN | known & ~(CLEAN | INVAL),), invalid)
    if make.pv:
        yield refused("INVAL alone", "op", (INVAL,), errno.EOPNOTSUPP)
    field = "a.dev_bus_addr"
    yield refused("no memory", field, range(1 << 56, 1 << 64), invalid)
    yield refused("not mapped", field, (f"${GUEST}.machine[9]",), invalid)
    yield refused("nobody's", field, range(PAGE_SIZE), errno.EPERM)


def _entry_v1(make: _Maker) -> Iterator[Case]:
    yield from _whole(make, "")
    transitive = {"flags": (TRANSITIVE,)}
    yield make.wrong("flags/transitive", transitive, Status.GENERAL_ERROR)


def _whole(make: _Maker, view: str) -> Iterator[Case]:
    """Give the cases of an entry that is about a whole page."""
    header = f"{view}.hdr." if view else ""
    flags, frame = f"{header}flags", f"{view}.frame" if view else "frame"
    pages = tuple(f"${GUEST}.frame[{page}]" for page in range(4))
    make.base = {
        flags: (PERMIT_ACCESS,),
        f"{header}domid": (f"${CALLER}.domid",),
        frame: pages,
    }
    yield make.valid("page", make.base)
    yield make.valid("readonly page", {**make.base, flags: (PERMIT_ACCESS | ENTRY_READONLY,)})
    accepts = {**make.base, flags: (ACCEPT_TRANSFER,), frame: (0,)}
    yield replace(make.valid("accepts a transfer", accepts), status=None)
    caching = tuple(PERMIT_ACCESS | bits << 5 for bits in range(1, 8))
    yield make.edge("caching", {flags: caching})
    yield make.wrong(f"{flags}/nothing", {flags: (0,)}, Status.GENERAL_ERROR)
    yield from make.frames(frame, f"${CALLER}.frame[9]", Status.BAD_PAGE)


def _entry_v2(make: _Maker) -> Iterator[Case]:
    yield from _whole(make, "full_page")
    yield from make.domids()
    header = {"domid": (f"${CALLER}.domid",)}
    make.base = {
        "sub_page.hdr.flags": (PERMIT_ACCESS | SUB_PAGE,),
        "sub_page.hdr.domid": header["domid"],
        "sub_page.page_off": _HALF,
        "sub_page.length": _SOME,
        "sub_page.frame": tuple(f"${GUEST}.frame[{page}]" for page in range(4)),
    }
    yield make.valid("part of a page", make.base)
    whole = {"sub_page.page_off": (0,), "sub_page.length": (PAGE_SIZE,)}
    yield make.edge("part that is all", whole)
    last = {"sub_page.page_off": (PAGE_SIZE - 1,), "sub_page.length": (1,)}
    yield make.edge("part that is the last byte", last)
    start = {"sub_page.page_off": range(PAGE_SIZE, 1 << 16)}
    yield make.wrong("sub_page.page_off/beyond", start, Status.BAD_COPY_ARG)
    long = {"sub_page.length": range(PAGE_SIZE + 1, 1 << 16)}
    yield make.wrong("sub_page.length/beyond", long, None)
    yield make.wrong("sub_page.length/nothing", {"sub_page.length": (0,)}, Status.GENERAL_ERROR)
    yield from make.domids()
    make.base = {
        "transitive.hdr.flags": (TRANSITIVE,),
        "transitive.hdr.domid": header["domid"],
        "transitive.trans_domid": (f"${OTHER}.domid",),
        "transitive.gref": (stage.PASSED_ON,),
    }
    yield make.valid("passed on", make.base)
    itself = {"transitive.trans_domid": (f"${GUEST}.domid",)}
    yield make.wrong("transitive.trans_domid/itself", itself, Status.GENERAL_ERROR)
    beyond = {"transitive.gref": range(1 << 20, _ANY_REF)}
    yield make.wrong("transitive.gref/beyond", beyond, Status.BAD_GNTREF)
    empty = {"transitive.gref": (stage.EMPTY,)}
    yield make.wrong("transitive.gref/empty", empty, Status.GENERAL_ERROR)


_MAKERS: dict[str, Callable[[_Maker], Iterator[Case]]] = {
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
    "grant_entry": _entry_v1,
    "grant_entry_v1": _entry_v1,
    "grant_entry_v2": _entry_v2,
}
