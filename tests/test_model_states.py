# SPDX-License-Identifier: MIT
"""The model under random guests, grants, calls and deaths, and what holds at all times.

XENGNT_EXAMPLES sets how many histories there are; with it each has 50 steps.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from model_world import KINDS as KINDS_OF_GUEST
from model_world import OPS, in_use

from xengnt import Abi
from xengnt.abi.bits import MAP_DEVICE, MAP_HOST, MAP_READONLY, READING, WRITING
from xengnt.abi.constants import Status
from xengnt.model import Domain, Hypervisor
from xengnt.model.machine import Frame
from xengnt.model.pins import increments

EXAMPLES = int(os.environ.get("XENGNT_EXAMPLES", "0"))
MOST = 4
"""Domains at a time."""

COMMON = {Status.OKAY, Status.GENERAL_ERROR}
ALLOWED = {
    "map_grant_ref": COMMON
    | {Status.BAD_DOMAIN, Status.BAD_GNTREF, Status.BAD_PAGE, Status.NO_SPACE, Status.EAGAIN},
    "unmap_grant_ref": COMMON | {Status.BAD_HANDLE, Status.BAD_DEV_ADDR},
    "unmap_and_replace": COMMON | {Status.BAD_HANDLE},
    "setup_table": COMMON
    | {Status.BAD_DOMAIN, Status.PERMISSION_DENIED, Status.BAD_VIRT_ADDR, Status.ADDRESS_TOO_BIG},
    "get_status_frames": COMMON
    | {Status.BAD_DOMAIN, Status.PERMISSION_DENIED, Status.BAD_VIRT_ADDR},
    "query_size": {Status.OKAY, Status.BAD_DOMAIN, Status.PERMISSION_DENIED},
    "transfer": COMMON | {Status.BAD_PAGE, Status.BAD_DOMAIN, Status.ADDRESS_TOO_BIG},
    "copy": COMMON
    | {Status.BAD_DOMAIN, Status.PERMISSION_DENIED, Status.BAD_GNTREF, Status.BAD_PAGE,
       Status.BAD_COPY_ARG, Status.EAGAIN},
    "swap_grant_ref": {Status.OKAY, Status.BAD_GNTREF, Status.EAGAIN},
}  # fmt: skip
"""The statuses that the specification knows for each op."""

UNWRITTEN_ON_FAILURE = {"map_grant_ref", "query_size"}
"""The ops that write more than a status, and only when they succeed."""

KINDS = st.sampled_from(
    [("x86_64", "pv"), ("x86_64", "pv"), ("x86_32", "pv"), ("x86_64", "hvm"), ("x86_32", "pvh")]
)
REFS = st.one_of(
    st.integers(0, 12), st.integers(0, 12), st.sampled_from([255, 256, 511, 512, 0xFFFFFFFF])
)
DOMIDS = st.one_of(
    st.integers(0, MOST), st.integers(0, MOST), st.sampled_from([0x7FF0, 0x7FF1, 0xFFFF])
)
HANDLES = st.one_of(st.integers(0, 12), st.integers(0, 12), st.sampled_from([255, 0xFFFFFFFF]))
MAP_FLAGS = st.one_of(
    st.sampled_from([1, 2, 3, 5, 6, 7]), st.sampled_from([2, 6]), st.integers(0, 0xFFFFFFFF)
)
OFFSETS = st.sampled_from([0, 0, 1, 100, 4000, 4096, 0xFFFF])
SMALL = st.integers(0, 7)
ENTRIES = Abi("x86_64")


class Machine(RuleBasedStateMachine):
    """A hypervisor with guests that do anything, but keep the rules on entries in use."""

    def __init__(self) -> None:
        super().__init__()
        self.hv = Hypervisor(max_grant_frames=3, max_maptrack_frames=1)
        self.rooms: dict[int, list[int]] = {}
        self.made = 0

    def domain(self, index: int) -> Domain:
        """Return one of the living domains."""
        living = [one for one in self.hv.domains.values() if not one.dying]
        return living[index % len(living)]

    def number(self, domain: Domain, index: int) -> int:
        """Return a frame number that a domain might name, its own or not."""
        if index < len(domain.pages) and domain.pages:
            page = list(domain.pages)[index]
            if domain.pages[page].owner is domain:
                return domain.frame(page)
        others = self.hv.domains.values()
        numbers = [f.number for other in others for f in other.pages.values()] + [0xFFFFF]
        return numbers[index * 7 % len(numbers)]

    def address(self, domain: Domain, index: int) -> int:
        """Return an address at which something could be mapped, or not."""
        room = self.rooms[id(domain)]
        return [*room, *room, 0, room[0] + 8, 0x1000_0000, 0x1000_1000][index]

    @precondition(lambda self: len(self.hv.domains) < MOST)
    @rule(kind=KINDS, privileged=st.booleans(), pages=st.integers(0, 4), high=st.booleans())
    def create(self, kind: tuple[str, str], pages: int, *, privileged: bool, high: bool) -> None:
        """Make a domain."""
        abi, name = kind
        one = self.hv.create_domain(
            pages, abi=abi, kind=name, privileged=privileged, high=high and name == "pv",
            max_pages=pages + 2,
        )  # fmt: skip
        first = one.reserve(3)
        self.rooms[id(one)] = [first, first + 4096, first + 8192]
        self.made += 1

    def alive(self) -> bool:
        """Tell whether anybody can act."""
        return any(not one.dying for one in self.hv.domains.values())

    @precondition(alive)
    @rule(index=SMALL, really=st.integers(0, 3))
    def destroy(self, index: int, really: int) -> None:
        """End a domain, now and then."""
        if not really:
            self.hv.destroy(self.domain(index))

    @precondition(alive)
    @rule(
        index=SMALL, ref=st.integers(0, 12), kind=st.sampled_from([0, 1, 1, 1, 1, 2, 3]),
        extra=st.sampled_from([0, 0, 0, 4, 0x100, 0x20, 0x8000]), to=st.integers(0, MOST),
        page=SMALL, start=OFFSETS, other=st.integers(0, MOST), gref=st.integers(0, 12),
    )  # fmt: skip
    def write_entry(
        self, index: int, ref: int, kind: int, extra: int, to: int, page: int, start: int,
        other: int, gref: int,
    ) -> None:  # fmt: skip
        """Grant, accept, pass on, or withdraw; what is in use keeps its flags."""
        one = self.domain(index)
        flags = kind | extra if kind != 2 else kind
        if ref in one.table.pins:
            data = one.table.frames[0]
            size = 8 if one.table.version == 1 else 16
            flags = int.from_bytes(data[ref * size : ref * size + 2], "little")
        if one.table.version == 1:
            row = {"flags": flags, "domid": to, "frame": self.number(one, page) & 0xFFFFFFFF}
        elif kind == 3:
            names = ("hdr.flags", "hdr.domid", "trans_domid", "gref")
            values = (flags, to, other, gref)
            row = {f"transitive.{n}": v for n, v in zip(names, values, strict=True)}
        else:
            names = ("hdr.flags", "hdr.domid", "page_off", "length", "frame")
            values = (flags, to, start, 200, self.number(one, page))
            row = {f"sub_page.{n}": v for n, v in zip(names, values, strict=True)}
        data = ENTRIES.encode(f"grant_entry_v{one.table.version}", [row])
        one.table.frames[0][ref * len(data) : (ref + 1) * len(data)] = data

    def call(self, index: int, op: str, rows: list[dict[str, Any]]) -> None:
        """Make a call, and judge what came of it as far as that can be said of any."""
        one = self.domain(index)
        before = one.abi.encode(op, rows, poison=0x5A)
        at = one.memory.allocate(len(before))
        one.memory.write(at, before)
        rc = one.call(OPS[op], at, len(rows))
        after = one.memory.read(at, len(before))
        one.memory.free(at)
        assert rc == 0 or (len(one.reasons) == 1 and rc < 0)
        told = {element for element, _ in one.reasons}
        struct = one.abi.struct(op)
        if "status" not in struct.by_name:
            return
        if rc:
            assert after == before
            return
        offset = struct.field("status").offset
        for element in range(len(rows)):
            here = slice(element * struct.size, (element + 1) * struct.size)
            old, new = before[here], after[here]
            status = Status(int.from_bytes(new[offset : offset + 2], "little", signed=True))
            assert status in ALLOWED[op]
            untold = one.compat and op in ("setup_table", "get_status_frames")
            assert (element in told) is (status is not Status.OKAY) or untold
            untouched = [(0, struct.size)]
            if op in UNWRITTEN_ON_FAILURE and status is Status.OKAY:
                untouched = list(struct.holes)
                untouched += [(f.offset, f.size) for f in struct.leaves if f.direction == "IN"]
            for start, size in untouched:
                for byte in range(start, start + size):
                    inside = offset <= byte < offset + 2
                    assert inside or old[byte] == new[byte], (op, byte)

    @precondition(alive)
    @rule(
        index=SMALL, dom=DOMIDS, refs=st.lists(REFS, max_size=3), flags=MAP_FLAGS,
        at=st.integers(0, 9),
    )  # fmt: skip
    def map(self, index: int, dom: int, refs: list[int], flags: int, at: int) -> None:
        """Map some entries."""
        host = self.address(self.domain(index), at)
        rows = [{"host_addr": host, "flags": flags, "ref": ref, "dom": dom} for ref in refs]
        self.call(index, "map_grant_ref", rows)

    @precondition(alive)
    @rule(
        index=SMALL, handles=st.lists(HANDLES, max_size=3), at=st.integers(0, 9),
        device=st.integers(0, 2), new=st.integers(0, 9), replace=st.integers(0, 3),
    )  # fmt: skip
    def unmap(
        self, index: int, handles: list[int], at: int, device: int, new: int, replace: int
    ) -> None:
        """Unmap some handles, most often at the right device address if at any."""
        one = self.domain(index)
        host = self.address(one, at)
        if not replace and not one.translated:
            other = self.address(one, new)
            rows = [{"host_addr": host, "new_addr": other, "handle": h} for h in handles]
            self.call(index, "unmap_and_replace", rows)
            return
        rows = []
        for handle in handles:
            mapping = one.table.maptrack.live.get(handle)
            address = mapping.table.pins[mapping.ref].frame.address if mapping else 4096
            bus = (0, address, address + 4096)[device]
            rows.append({"host_addr": host, "dev_bus_addr": bus, "handle": handle})
        self.call(index, "unmap_grant_ref", rows)

    @precondition(alive)
    @rule(
        index=SMALL, refs=st.tuples(REFS, REFS), doms=st.tuples(DOMIDS, DOMIDS),
        offsets=st.tuples(OFFSETS, OFFSETS), pages=st.tuples(SMALL, SMALL),
        flags=st.sampled_from([0, 1, 2, 3, 3, 0xFFFF]), length=OFFSETS, own=st.booleans(),
    )  # fmt: skip
    def copy(
        self, index: int, refs: tuple[int, int], doms: tuple[int, int], offsets: tuple[int, int],
        pages: tuple[int, int], flags: int, length: int, *, own: bool,
    ) -> None:  # fmt: skip
        """Copy, by references and frames."""
        one = self.domain(index)
        row: dict[str, Any] = {"flags": flags, "len": length}
        for bit, side in ((0, "source"), (1, "dest")):
            by_ref = flags >> bit & 1
            row[f"{side}.offset"] = offsets[bit]
            row[f"{side}.domid"] = 0x7FF0 if own and not by_ref else doms[bit]
            frame = self.number(one, pages[bit])
            name = "ref" if by_ref else "gmfn"
            limit = (1 << 8 * one.abi.struct("copy").field(f"{side}.u.{name}").size) - 1
            row[f"{side}.u.{name}"] = (refs[bit] if by_ref else frame) & limit
        self.call(index, "copy", [row, row])

    @precondition(alive)
    @rule(index=SMALL, page=SMALL, dom=DOMIDS, ref=REFS)
    def transfer(self, index: int, page: int, dom: int, ref: int) -> None:
        """Give a page away."""
        one = self.domain(index)
        number = self.number(one, page) & (0xFFFFFFFF if one.compat else (1 << 64) - 1)
        self.call(index, "transfer", [{"mfn": number, "domid": dom, "ref": ref}])

    @precondition(alive)
    @rule(index=SMALL, a=REFS, b=REFS)
    def swap(self, index: int, a: int, b: int) -> None:
        """Swap two entries."""
        self.call(index, "swap_grant_ref", [{"ref_a": a, "ref_b": b}])

    @precondition(alive)
    @rule(
        index=SMALL, dom=DOMIDS, count=st.integers(0, 4), version=st.integers(0, 3),
        op=st.sampled_from(["setup_table", "query_size", "get_status_frames", "set_version",
                            "set_version", "get_version"]),
    )  # fmt: skip
    def table(self, index: int, dom: int, count: int, version: int, op: str) -> None:
        """Change a table, or ask about it."""
        one = self.domain(index)
        row: dict[str, Any] = {"dom": dom}
        if op == "set_version":
            row = {"version": version}
        elif op in ("setup_table", "get_status_frames"):
            row |= {"nr_frames": count, "frame_list": self.address(one, version)}
        self.call(index, op, [row])

    @precondition(alive)
    @rule(index=SMALL, page=SMALL, op=st.integers(0, 4), cmd=st.integers(0, 14))
    def flush(self, index: int, page: int, op: int, cmd: int) -> None:
        """Flush, and call what there is not."""
        one = self.domain(index)
        row = {"a.dev_bus_addr": self.number(one, page) << 12, "length": 8, "op": op}
        self.call(index, "cache_flush", [row])
        one.call(cmd | 0x1000, 0, 0)

    @invariant()
    def every_frame_has_one_owner(self) -> None:
        """Would catch a frame with two owners, or one that is free and in use."""
        owners: Counter[Frame] = Counter()
        for one in self.hv.domains.values():
            owners.update(list(one.owned))
            assert all(frame.owner is one for frame in one.owned)
            pages = [frame for frame in one.pages.values() if frame.owner is one]
            assert len(set(pages)) == len(pages)
        assert not owners or max(owners.values()) == 1
        for frame in self.hv.machine.frames.values():
            assert (frame.owner is None) is (frame not in owners)
            assert frame.owner is not None or (not frame.references and not frame.held)

    @invariant()
    def pins_are_what_handles_hold(self) -> None:
        """Would catch a pin without a mapping, or the reverse; and a handle that lives on."""
        counts: Counter[tuple[int, int]] = Counter()
        references: Counter[int] = Counter()
        for one in self.hv.domains.values():
            hosts: Counter[int] = Counter()
            for mapping in one.table.maptrack.live.values():
                host, device = (bool(mapping.flags & bit) for bit in (MAP_HOST, MAP_DEVICE))
                assert host or device
                readonly = bool(mapping.flags & MAP_READONLY)
                pin = mapping.table.pins[mapping.ref]
                key = id(mapping.table), mapping.ref
                counts[key] += increments(host=host, device=device, readonly=readonly)
                references[pin.frame.number] += host + device
                hosts[pin.frame.number] += host
                assert pin.domid == one.domid
                assert mapping.table.owner.domid in self.hv.domains
            for page in one.space.pages.values():
                references[page.frame.number] += page.counted
                hosts[page.frame.number] -= page.granted
            assert min(hosts.values(), default=0) >= 0  # nothing granted is seen without a handle
        for frame in self.hv.machine.frames.values():
            assert frame.references == references[frame.number]
        pinned = {
            (id(one.table), ref): pin.counts
            for one in self.hv.domains.values()
            for ref, pin in one.table.pins.items()
        }
        assert pinned == dict(counts)

    @invariant()
    def bits_are_what_pins_say(self) -> None:
        """Would catch in-use bits that are not the pins, in flags or in the status array."""
        for one in self.hv.domains.values():
            for ref in range(16):
                pin = one.table.pins.get(ref)
                expected = 0 if not pin else READING | WRITING if pin.writers else READING
                assert in_use(one, ref) == expected
                assert not pin or pin.frame.owner is one


Machine.TestCase.settings = settings(
    max_examples=EXAMPLES or 60,
    stateful_step_count=50 if EXAMPLES else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestMachine = Machine.TestCase


@pytest.mark.parametrize("kind", KINDS_OF_GUEST)
def test_any_bytes_get_an_answer(kind: str) -> None:
    """Would catch a call that ends with a traceback, or with a status that there is not."""
    seeded = random.Random(kind)
    hv = Hypervisor(max_grant_frames=2)
    domains = [hv.create_domain(8, privileged=not i, **KINDS_OF_GUEST[kind]) for i in range(3)]
    if not kind.startswith("arm"):
        domains[1].call(OPS["set_version"], _put(domains[1], b"\2\0\0\0"), 1)
    small = (0, 0, 0, 1, 1, 2, 3, 8, 9, 0x10, 0x7F, 0xF0, 0xFF)
    for _ in range(1500):
        one = seeded.choice(domains)
        for table in (domain.table for domain in domains):
            at = seeded.randrange(300)
            table.frames[0][at] = seeded.choice(small)
        data = bytes(seeded.choice(small) for _ in range(120))
        cmd = seeded.choice([*range(13), 13, 0x1000, 0x100C])
        count = seeded.choice([0, 1, 1, 2, 3, 0x7FFFFFFF])
        rc = one.call(cmd, _put(one, data), count)
        assert rc <= 0
        assert rc == 0 or one.reasons
        assert all(text for _, text in one.reasons)


def _put(domain: Domain, data: bytes) -> int:
    """Return where in a guest's memory some bytes are now, at the end of what it has."""
    at = domain.address(7) + 4096 - len(data)
    domain.memory.write(at, data)
    return at
