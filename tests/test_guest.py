# SPDX-License-Identifier: MIT
"""The guest's side of a grant table: each rule, the free list, and races against Xen's side."""

from __future__ import annotations

import mmap
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import races
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)
from oracle import ABIS
from races import DOMID, PAGE, REF, Sides, Table

from xengnt import Abi, EntryFlag, EntryType, InvalidValue, TransferFlag, UnknownName
from xengnt.extension import load
from xengnt.guest import Entries, Grants, InUse, TableFull

VERSIONS = (1, 2)
SIZES = {1: 8, 2: 16}
PERMIT, TRANSFER, TRANSITIVE = (
    int(one) for one in (EntryType.PERMIT_ACCESS, EntryType.ACCEPT_TRANSFER, EntryType.TRANSITIVE)
)
READONLY, READING, WRITING = (
    int(one) for one in (EntryFlag.READONLY, EntryFlag.READING, EntryFlag.WRITING)
)
COMMITTED, COMPLETED = int(TransferFlag.COMMITTED), int(TransferFlag.COMPLETED)

both = pytest.mark.parametrize("version", VERSIONS)


class Memory:
    """The memory of a table."""

    def __init__(self, version: int, frames: int = 1) -> None:
        self.version = version
        self.frames = [bytearray(PAGE) for _ in range(frames)]
        self.status = [bytearray(PAGE) for _ in range((frames + 7) // 8)] if version == 2 else []

    def entries(self, kind: type[Entries] = Entries) -> Entries:
        """Return its entries."""
        return kind(self.frames, self.version, self.status)

    def entry(self, ref: int) -> bytes:
        """Return the bytes of an entry."""
        size = SIZES[self.version]
        page, at = divmod(ref * size, PAGE)
        return bytes(self.frames[page][at : at + size])

    def decoded(self, ref: int, abi: str = "x86_64") -> dict[str, Any]:
        """Return an entry as the codec sees it."""
        return Abi(abi).decode(f"grant_entry_v{self.version}", self.entry(ref))[0]


def table(version: int, kind: type[Entries] = Entries) -> tuple[Memory, Entries, Grants]:
    """Return a new table of one frame."""
    memory = Memory(version)
    entries = memory.entries(kind)
    return memory, entries, Grants(entries)


def flags_of(memory: Memory, ref: int) -> int:
    """Return the flags of an entry, read without the code under test."""
    return int.from_bytes(memory.entry(ref)[:2], "little")


# What is in an entry


@both
@pytest.mark.parametrize("abi", ABIS)
def test_a_grant_is_what_the_codec_reads(version: int, abi: str) -> None:
    """Would catch a member at another place than the layout of any ABI has it."""
    memory, _, grants = table(version)
    ref = grants.permit_access(7, 0x12345, readonly=True)
    start = "" if version == 1 else "full_page."
    head = "" if version == 1 else "full_page.hdr."
    expected = {f"{head}flags": PERMIT | READONLY, f"{head}domid": 7, f"{start}frame": 0x12345}
    if version == 2:
        expected["full_page.pad0"] = 0
    assert memory.decoded(ref, abi) == expected


def test_the_views_of_version_2() -> None:
    """Would catch a wrong type or flag, or a member of one view that lands in another."""
    memory, _, grants = table(2)
    part = grants.permit_sub_page(7, 1 << 40, 96, 4000)
    assert memory.decoded(part) == {
        "sub_page.hdr.flags": PERMIT | EntryFlag.SUB_PAGE,
        "sub_page.hdr.domid": 7,
        "sub_page.page_off": 96,
        "sub_page.length": 4000,
        "sub_page.frame": 1 << 40,
    }
    other = grants.permit_transitive(7, 9, 0xABCDEF)
    assert memory.decoded(other) == {
        "transitive.hdr.flags": TRANSITIVE,
        "transitive.hdr.domid": 7,
        "transitive.trans_domid": 9,
        "transitive.pad0": 0,
        "transitive.gref": 0xABCDEF,
    }


@both
def test_nothing_of_the_last_grant_is_left(version: int) -> None:
    """Would catch an entry that still has bytes of what it was before, which Xen may look at."""
    memory, _, grants = table(version)
    memory.frames[0][SIZES[version] * REF + 2 : SIZES[version] * (REF + 1)] = b"\xff" * (
        SIZES[version] - 2
    )
    assert grants.permit_access(7, 5) == REF
    again, _, other = table(version)
    other.permit_access(7, 5)
    assert memory.entry(REF) == again.entry(REF)


class Watched(Entries):
    """Entries that remember what was done to them, in order."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.done: list[str] = []

    def fill(self, ref: int, **members: int) -> None:
        """Fill, and remember."""
        assert self.flags(ref) == 0
        super().fill(ref, **members)
        self.done += ["fill"]

    def write_barrier(self) -> None:
        """Order, and remember."""
        super().write_barrier()
        self.done += ["barrier"]

    def set_flags(self, ref: int, flags: int) -> None:
        """Store, and remember."""
        super().set_flags(ref, flags)
        self.done += ["flags"]


@both
def test_flags_come_last(version: int) -> None:
    """Would catch an entry that Xen sees as valid before it is filled."""
    _, entries, grants = table(version, Watched)
    assert isinstance(entries, Watched)
    grants.permit_access(7, 5)
    grants.accept_transfer(7, 5)
    if version == 2:
        grants.permit_sub_page(7, 5, 0, 1)
        grants.permit_transitive(7, 5, 9)
    assert entries.done == ["fill", "barrier", "flags"] * (2 if version == 1 else 4)


# Withdrawing


@both
@pytest.mark.parametrize("bits", [READING, WRITING, READING | WRITING])
def test_what_is_in_use_cannot_be_withdrawn(version: int, bits: int) -> None:
    """Would catch a withdrawal under the feet of the other side, or one that is never possible."""
    memory, entries, grants = table(version)
    ref = grants.permit_access(7, 5)
    entries.set_in_use(ref, bits)
    assert grants.in_use(ref) == bits
    before = memory.entry(ref)
    for _ in range(2):
        with pytest.raises(InUse, match=f"^ref {ref}: is in use by domain 7 .*(read|writ)ing") as e:
            grants.end_access(ref)
        assert (e.value.element, isinstance(e.value, RuntimeError)) == (ref, True)
        if version == 1:
            assert memory.entry(ref) == before
        else:
            assert flags_of(memory, ref) == 0
        assert grants.permit_access(7, 6) != ref
    entries.clear_in_use(ref, bits)
    grants.end_access(ref)
    assert flags_of(memory, ref) == 0
    assert grants.permit_access(7, 6) == ref


@both
def test_what_grants_no_access_cannot_be_withdrawn(version: int) -> None:
    """Would catch a reference that is given back twice, and then belongs to two."""
    _, _, grants = table(version)
    ref = grants.permit_access(7, 5)
    grants.end_access(ref)
    free = grants.free
    with pytest.raises(InvalidValue, match=rf"ref {ref}: GTF_invalid, and GTF_permit_access or"):
        grants.end_access(ref)
    transfer = grants.accept_transfer(7)
    with pytest.raises(InvalidValue, match=rf"ref {transfer}: GTF_accept_transfer"):
        grants.end_access(transfer)
    with pytest.raises(InvalidValue, match="GTF_invalid, and GTF_accept_transfer is expected"):
        grants.end_transfer(transfer + 1)
    for wrong in (-1, 4096):
        with pytest.raises(InvalidValue, match=f"ref {wrong}: the table has"):
            grants.end_access(wrong)
    assert grants.free == free - 1


class Visited(Entries):
    """Entries that something happens to at the next barrier or compare-exchange."""

    happens: Callable[[], object] | None = None

    def _visit(self) -> None:
        happens, self.happens = self.happens, None
        if happens:
            happens()

    def barrier(self) -> None:
        """Let it happen first."""
        self._visit()
        super().barrier()

    def compare_exchange_flags(self, ref: int, expected: int, flags: int) -> bool:
        """Let it happen first."""
        self._visit()
        return super().compare_exchange_flags(ref, expected, flags)


@both
def test_xen_comes_between_looking_and_withdrawing(version: int) -> None:
    """Would catch a withdrawal that believes what it saw before Xen marked the entry."""
    _, entries, grants = table(version, Visited)
    assert isinstance(entries, Visited)
    ref = grants.permit_access(7, 5)
    entries.happens = lambda: entries.set_in_use(ref, READING)
    with pytest.raises(InUse):
        grants.end_access(ref)
    assert entries.happens is None


@both
def test_xen_comes_and_goes_between(version: int) -> None:
    """Would catch a withdrawal that gives up because the entry changed, though it is unused."""
    memory, entries, grants = table(version, Visited)
    assert isinstance(entries, Visited)
    ref = grants.permit_access(7, 5)
    entries.happens = lambda: entries.set_bits(ref, int(EntryFlag.PWT))
    grants.end_access(ref)
    if version == 1:
        assert flags_of(memory, ref) == 0


@both
def test_xen_writes_between_looking_and_making_it_readonly(version: int) -> None:
    """Would catch a page that is believed to be read-only while someone writes to it."""
    memory, entries, grants = table(version, Visited)
    assert isinstance(entries, Visited)
    ref = grants.permit_access(7, 5)
    entries.happens = lambda: entries.set_in_use(ref, READING | WRITING)
    with pytest.raises(InUse, match="cannot be made read-only"):
        grants.make_readonly(ref)
    assert not flags_of(memory, ref) & READONLY
    entries.clear_in_use(ref, WRITING)
    grants.make_readonly(ref)
    assert flags_of(memory, ref) & READONLY


# Read-only and back


@both
def test_readonly_and_writable_lose_no_other_bit(version: int) -> None:
    """Would catch a change of readonly that drops a mark of Xen or a bit of caching."""
    memory, entries, grants = table(version)
    ref = grants.permit_access(7, 5)
    entries.set_bits(ref, int(EntryFlag.PWT | EntryFlag.PCD))
    entries.set_in_use(ref, READING)
    before = flags_of(memory, ref)
    grants.make_readonly(ref)
    grants.make_readonly(ref)
    assert flags_of(memory, ref) == before | READONLY
    grants.make_writable(ref)
    grants.make_writable(ref)
    assert flags_of(memory, ref) == before
    assert grants.in_use(ref) == READING


@both
def test_only_access_can_be_readonly(version: int) -> None:
    """Would catch bits of a transfer that are taken for readonly: they are the same bits."""
    memory, _, grants = table(version)
    ref = grants.accept_transfer(7)
    for change in (grants.make_readonly, grants.make_writable):
        with pytest.raises(InvalidValue, match="GTF_accept_transfer"):
            change(ref)
        with pytest.raises(InvalidValue, match="GTF_invalid"):
            change(ref + 1)
    assert flags_of(memory, ref) == TRANSFER


def test_a_readonly_grant_in_use_stays_readonly() -> None:
    """Would catch a failed change that undoes what was so before, in version 2."""
    memory, entries, grants = table(2)
    ref = grants.permit_access(7, 5, readonly=True)
    entries.set_in_use(ref, WRITING)
    with pytest.raises(InUse):
        grants.make_readonly(ref)
    assert flags_of(memory, ref) & READONLY


# Transfers


@both
def test_a_transfer_that_never_came(version: int) -> None:
    """Would catch a slot that stays taken."""
    memory, _, grants = table(version)
    free = grants.free
    ref = grants.accept_transfer(7, 0x77)
    assert flags_of(memory, ref) == TRANSFER
    assert grants.free == free - 1
    assert grants.end_transfer(ref) is None
    assert (flags_of(memory, ref), grants.free) == (0, free)


@both
def test_a_transfer_on_its_way_is_left_alone(version: int) -> None:
    """Would catch a guest that takes an entry back while Xen fills it in."""
    memory, entries, grants = table(version)
    ref = grants.accept_transfer(7, 0x77)
    entries.set_bits(ref, COMMITTED)
    before = memory.entry(ref)
    assert grants.in_use(ref) == 0
    with pytest.raises(InUse, match="on its way"):
        grants.end_transfer(ref, timeout=0)
    assert memory.entry(ref) == before
    wide = 0x1234 if version == 1 else 1 << 40

    def complete() -> None:
        entries.store(ref, "frame", wide)
        entries.set_bits(ref, COMPLETED)
        seen.append(grants.in_use(ref))

    seen: list[int] = []
    later = threading.Timer(0.01, complete)
    later.start()
    assert grants.end_transfer(ref, timeout=60) == wide
    later.join()
    assert seen == [0], "completed is not reading, though it is the same bit"
    assert flags_of(memory, ref) == 0
    assert grants.accept_transfer(7) == ref


@both
def test_xen_commits_between_looking_and_withdrawing(version: int) -> None:
    """Would catch a page that comes into an entry that the guest has taken back."""
    _, entries, grants = table(version, Visited)
    assert isinstance(entries, Visited)
    ref = grants.accept_transfer(7)

    def give() -> None:
        assert entries.compare_exchange_head(ref, (TRANSFER, 7), TRANSFER | COMMITTED)
        entries.store(ref, "frame", 99)
        entries.set_bits(ref, COMPLETED)

    entries.happens = give
    assert grants.end_transfer(ref) == 99


# References


@both
def test_every_reference_but_the_reserved_is_handed_out_once(version: int) -> None:
    """Would catch a reference that two grants get, or that nobody gets."""
    _, _, grants = table(version)
    count = PAGE // SIZES[version]
    assert grants.free == count - 8
    refs = [grants.permit_access(7, 5) for _ in range(grants.free)]
    assert sorted(refs) == list(range(8, count))
    with pytest.raises(TableFull, match=f"none of the table's {count} entries is free"):
        grants.permit_access(7, 5)
    for ref in refs:
        grants.end_access(ref)
    assert grants.free == count - 8


@both
def test_the_table_grows(version: int) -> None:
    """Would catch frames whose entries are not used, or a callback that is not asked again."""
    memory = Memory(version)
    pages: list[bytearray] = []

    def grow(entries: Entries) -> None:
        if len(pages) < 9:
            pages.append(bytearray(PAGE))
            status = [bytearray(PAGE)] if version == 2 and len(pages) == 8 else []
            entries.extend([pages[-1]], status)

    per_page = PAGE // SIZES[version]
    entries = memory.entries()
    grants = Grants(entries, grow)
    refs = {grants.permit_access(7, 5) for _ in range(10 * per_page - 8)}
    assert refs == set(range(8, 10 * per_page))
    with pytest.raises(TableFull):
        grants.permit_access(7, 5)
    last = max(refs)
    entries.set_in_use(last, READING)
    assert int.from_bytes(pages[-1][-SIZES[version] :][:2], "little") & PERMIT
    with pytest.raises(InUse):
        grants.end_access(last)


@both
def test_a_reference_by_number(version: int) -> None:
    """Would catch a reserved entry that is handed out, or one that is granted twice."""
    memory, _, grants = table(version)
    free = grants.free
    assert grants.permit_access(0, 1, ref=0) == 0
    assert flags_of(memory, 0) == PERMIT
    with pytest.raises(InUse, match="ref 0: it grants something already"):
        grants.permit_access(0, 1, ref=0)
    assert grants.permit_access(0, 1, ref=20) == 20
    assert grants.free == free - 1
    with pytest.raises(InUse, match="ref 20"):
        grants.accept_transfer(0, 1, ref=20)
    with pytest.raises(InvalidValue, match="ref 9999: the table has"):
        grants.permit_access(0, 1, ref=9999)
    others = {grants.permit_access(0, 1) for _ in range(grants.free)}
    assert not others & {*range(8), 20}
    grants.end_access(0)
    assert grants.free == 0
    grants.end_access(20)
    assert grants.free == 1


def test_a_reserved_entry_that_is_still_in_use() -> None:
    """Would catch a reserved entry of version 2 that is granted before its last use has ended."""
    memory, entries, grants = table(2)
    grants.permit_access(0, 1, ref=0)
    entries.set_in_use(0, READING)
    with pytest.raises(InUse):
        grants.end_access(0)
    for one in (grants, Grants(memory.entries())):
        with pytest.raises(InUse, match="grants something already"):
            one.permit_access(0, 1, ref=0)
    entries.clear_in_use(0, READING)
    grants.end_access(0)
    assert grants.permit_access(0, 1, ref=0) == 0


@both
def test_what_is_granted_at_the_start_is_not_free(version: int) -> None:
    """Would catch an allocator that overwrites what the tools or an earlier owner granted."""
    memory, entries, first = table(version)
    ref = first.permit_access(7, 5)
    busy = first.permit_access(7, 6)
    entries.set_in_use(busy, READING)
    with suppress(InUse):
        first.end_access(busy)
    second = Grants(memory.entries())
    assert second.free == first.free
    assert not {second.permit_access(7, 5) for _ in range(second.free)} & {ref, busy}
    second.end_access(ref)
    entries.clear_in_use(busy, READING)
    second.end_access(busy)
    assert second.free == 2


@both
@pytest.mark.parametrize(
    ("domid", "frame"), [(1 << 16, 0), (-1, 0), (0, 1 << 64), (0, -1), (0, 1 << 32)]
)
def test_what_does_not_fit(version: int, domid: int, frame: int) -> None:
    """Would catch a number that is cut off, and a reference that is lost with the error."""
    memory, _, grants = table(version)
    free = grants.free
    if version == 2 and frame == 1 << 32:
        grants.permit_access(domid, frame)
        return
    with pytest.raises(InvalidValue, match="does not fit in"):
        grants.permit_access(domid, frame)
    assert grants.free == free
    assert memory.entry(REF) == bytes(SIZES[version])


def test_what_version_1_does_not_have() -> None:
    """Would catch a sub-page grant that grants the whole page."""
    memory, entries, grants = table(1)
    with pytest.raises(InvalidValue, match="cannot be granted by a table of version 1"):
        grants.permit_sub_page(7, 5, 0, 10)
    with pytest.raises(InvalidValue, match="cannot be granted by a table of version 1"):
        grants.permit_transitive(7, 5, 9)
    with pytest.raises(InvalidValue, match="a table of version 1 has none"):
        entries.status(8)
    with pytest.raises(InvalidValue, match="a table of version 1 has none"):
        entries.extend([], [bytearray(PAGE)])
    assert not any(memory.frames[0])


@pytest.mark.parametrize(("offset", "length"), [(0, 4097), (4096, 1), (-1, 5), (5, -1), (1, 4096)])
def test_a_part_within_the_page(offset: int, length: int) -> None:
    """Would catch a part that Xen refuses to copy from."""
    _, _, grants = table(2)
    with pytest.raises(InvalidValue, match="not within a page"):
        grants.permit_sub_page(7, 5, offset, length)


# The memory


def shared() -> mmap.mmap:
    """Return anonymous shared memory of a page."""
    return mmap.mmap(-1, PAGE)


@pytest.mark.parametrize(
    "frame",
    [
        bytearray(PAGE),
        memoryview(bytearray(3 * PAGE))[PAGE : 2 * PAGE],
        shared(),
        np.zeros(PAGE, "u1"),
        np.zeros((64, 8), "<u8"),
        np.zeros(512, Abi("x86_64").dtype("grant_entry_v1")),
    ],
    ids=["bytearray", "memoryview", "mmap", "array", "words", "structs"],
)
def test_any_writable_buffer(frame: Any) -> None:
    """Would catch a kind of buffer that is refused, or copied."""
    Grants(Entries([frame])).permit_access(7, 0x12345678)
    data = frame.tobytes() if hasattr(frame, "tobytes") else bytes(frame)
    assert data[64:72] == bytes.fromhex("01000700 78563412")
    assert not any(data[72:]), "one entry was written"


def test_a_buffer_of_several_pages() -> None:
    """Would catch a reference that is looked for in the wrong page."""
    grants = Grants(Entries([bytearray(3 * PAGE), bytearray(PAGE)]))
    assert grants.free == 4 * 512 - 8
    assert grants.permit_access(7, 5, ref=4 * 512 - 1) == 4 * 512 - 1


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (bytes(PAGE), "is read-only"),
        (memoryview(bytearray(PAGE)).toreadonly(), "is read-only"),
        (bytearray(PAGE - 8), "4088 bytes, which is no whole number of pages"),
        (bytearray(), "0 bytes"),
        (memoryview(bytearray(PAGE + 4))[4:], "does not begin at a multiple of 8"),
        (memoryview(bytearray(2 * PAGE))[::2], "no buffer in one piece: memoryview"),
        (17, "no buffer in one piece: int"),
        ("x" * PAGE, "no buffer in one piece: str"),
    ],
    ids=["bytes", "read-only", "short", "empty", "odd", "strided", "int", "str"],
)
def test_no_memory_for_a_frame(frame: Any, words: str) -> None:
    """Would catch memory that cannot be written to, or not atomically."""
    with pytest.raises(InvalidValue, match=f"^grant frame: .*{words}"):
        Entries([frame])
    with pytest.raises(InvalidValue, match=f"^status frame: .*{words}"):
        Entries([bytearray(PAGE)], 2, [frame])


def test_versions_and_status_frames() -> None:
    """Would catch an entry of version 2 without its word of status."""
    for version in (0, 3, "2"):
        with pytest.raises(InvalidValue, match="of version 1 or 2"):
            Entries([bytearray(PAGE)], version)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(InvalidValue, match="room for 0 entries, and there are 256"):
        Entries([bytearray(PAGE)], 2)
    entries = Entries([bytearray(8 * PAGE)], 2, [bytearray(PAGE)])
    with pytest.raises(InvalidValue, match="room for 2048 entries, and there are 2304"):
        entries.extend([bytearray(PAGE)])
    assert len(entries) == 2048
    for ref in (-1, 2048):
        with pytest.raises(InvalidValue, match=f"ref {ref}: the table has 2048 entries"):
            entries.status(ref)
    with pytest.raises(UnknownName, match="no member 'colour'"):
        entries.load(0, "colour")


def test_entries_are_the_same_on_all_abis() -> None:
    """Would catch an ABI for which this module would have to take other offsets."""
    for version in VERSIONS:
        first, *others = (Abi(abi).struct(f"grant_entry_v{version}") for abi in ABIS)
        places = [(leaf.name, leaf.offset, leaf.size) for leaf in first.leaves]
        for other in others:
            assert [(leaf.name, leaf.offset, leaf.size) for leaf in other.leaves] == places


# Atomic operations


OPERATIONS: dict[str, Callable[[int, int, int], tuple[int | None, int]]] = {
    "load": lambda old, _a, _b: (old, old),
    "store": lambda _old, a, _b: (None, a),
    "cmpxchg": lambda old, a, b: (old, b if old == a else old),
    "fetch_and": lambda old, a, _b: (old, old & a),
    "fetch_or": lambda old, a, _b: (old, old | a),
}


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(min_size=32, max_size=32),
    name=st.sampled_from(sorted(OPERATIONS)),
    bits=st.sampled_from((16, 32)),
    at=st.integers(0, 7),
    a=st.integers(0, (1 << 32) - 1),
    b=st.integers(0, (1 << 32) - 1),
    right=st.booleans(),
)
def test_operations_on_words(
    data: bytes, name: str, bits: int, at: int, a: int, b: int, *, right: bool
) -> None:
    """Would catch an operation of another width, that touches neighbours or gives what is new."""
    module = load()
    width = bits // 8
    memory = bytearray(data)
    place = slice(at * width, (at + 1) * width)
    old = int.from_bytes(data[place], "little")
    a, b = (old if right else a) % (1 << bits), b % (1 << bits)
    result, new = OPERATIONS[name](old, a, b)
    arguments = {"load": (), "cmpxchg": (a, b)}.get(name, (a,))
    words = module.ffi.from_buffer(f"uint{bits}_t[]", memory)
    assert getattr(module.lib, f"xengnt_{name}{bits}")(words + at, *arguments) == result
    expected = bytearray(data)
    expected[place] = new.to_bytes(width, "little")
    assert memory == expected


def test_every_function_of_the_header_is_there() -> None:
    """Would catch a function that the extension lacks because its declaration was overlooked."""
    text = (oracle.ROOT / "native" / "atomics.h").read_text()
    functions = {f"{name}{bits}" for name in OPERATIONS for bits in (16, 32)}
    for name in functions | {"rmb", "wmb", "mb"}:
        assert f" xengnt_{name}(" in text
        assert callable(getattr(load().lib, f"xengnt_{name}"))
    assert text.count("\nstatic inline ") == len(functions) + 3


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("kind", oracle.KINDS)
def test_atomics_need_no_lock(scratch: Path, kind: str, abi: str) -> None:
    """Would catch operations that a library does with a lock, of which Xen knows nothing."""
    compiler = oracle.compiler(kind, abi)
    include = f'#include "{oracle.ROOT}/native/atomics.h"\n'
    calls = "uint16_t f(uint16_t *p, uint32_t *q) { xengnt_store32(q, 1); xengnt_mb(); "
    calls += "xengnt_fetch_or32(q, xengnt_load32(q)); xengnt_fetch_and16(p, 3); "
    calls += "return xengnt_cmpxchg16(p, 1, 2); }\n"
    try:
        data = compiler.object(include + calls, "-O2", "-Wall", "-Wextra", "-Wno-unused-function")
    except oracle.HeaderError as error:
        # gcc before 14 has none of 16 bits there, and the header says so.
        assert (kind, abi) == ("gcc", "riscv64")
        assert "no atomic operations on 16 and 32 bits" in str(error)  # noqa: PT017 -- the same
    else:
        assert oracle.symbol(data, "f")
        assert b"__atomic_" not in data


@both
@settings(max_examples=100, deadline=None)
@given(
    flags=st.integers(0, 0xFFFF),
    domid=st.integers(0, 0xFFFF),
    bits=st.integers(0, 0xFFFF),
    wrong=st.integers(1, 0xFFFF),
)
def test_flags_and_head(version: int, flags: int, domid: int, bits: int, wrong: int) -> None:
    """Would catch an operation on flags that touches the domain, or succeeds on other ones."""
    memory = Memory(version)
    entries = memory.entries()
    ref = 9
    entries.fill(ref, domid=domid, frame=0x1234)
    entries.set_flags(ref, flags)
    assert (entries.flags(ref), entries.head(ref)) == (flags, (flags, domid))
    assert entries.set_bits(ref, bits) == flags
    assert entries.clear_bits(ref, bits) == flags | bits
    assert flags_of(memory, ref) == flags & ~bits
    now = flags & ~bits
    assert not entries.compare_exchange_flags(ref, now ^ wrong, 1)
    assert not entries.compare_exchange_head(ref, (now, domid ^ wrong), 1)
    assert not entries.compare_exchange_head(ref, (now ^ wrong, domid), 1)
    assert entries.head(ref) == (now, domid)
    assert entries.compare_exchange_head(ref, (now, domid), flags)
    assert entries.compare_exchange_flags(ref, flags, bits)
    assert entries.head(ref) == (bits, domid)
    assert (entries.load(ref, "domid"), entries.load(ref, "frame")) == (domid, 0x1234)
    assert not any(memory.entry(ref - 1))
    assert not any(memory.entry(ref + 1))


# The free list under Hypothesis


class FreeList(RuleBasedStateMachine):
    """Grants, uses and withdrawals in any order."""

    held = Bundle("held")

    @initialize(version=st.sampled_from(VERSIONS), grows=st.integers(0, 2))
    def start(self, version: int, grows: int) -> None:
        """Begin with a table that may grow."""
        self.version = version
        self.memory = Memory(version)
        self.entries = self.memory.entries()
        self.left = grows
        self.grants = Grants(self.entries, self.grow)
        self.active: dict[int, str] = {}  # what each reference is for
        self.used: set[int] = set()
        # All but a few are taken, so that the table is full now and then.
        for _ in range(self.grants.free - 5):
            self.active[self.grants.permit_access(1, 1)] = "access"

    def grow(self, entries: Entries) -> None:
        """Add a frame, of which all but three entries are taken already."""
        if self.left:
            self.left -= 1
            frame = bytearray(PAGE)
            size = SIZES[self.version]
            first = len(entries)
            for at in range(0, PAGE - 3 * size, size):
                frame[at] = PERMIT
                self.active[first + at // size] = "access"
            entries.extend([frame])
            self.memory.frames.append(frame)

    def taken(self, ref: int, what: str) -> int:
        """Take note of a new grant."""
        assert ref not in self.active
        assert ref not in self.used
        self.active[ref] = what
        return ref

    @rule(target=held, readonly=st.booleans())
    def permit(self, *, readonly: bool) -> Any:
        """Grant access."""
        try:
            ref = self.grants.permit_access(3, 4, readonly=readonly)
        except TableFull:
            assert self.left == 0
            assert len(self.active) == len(self.entries) - 8 + self.reserved()
            return multiple()
        assert ref >= 8
        return self.taken(ref, "access")

    @rule(target=held)
    def accept(self) -> Any:
        """Accept a transfer."""
        try:
            return self.taken(self.grants.accept_transfer(3), "transfer")
        except TableFull:
            return multiple()

    @rule(target=held, ref=st.integers(-2, 16))
    def by_number(self, ref: int) -> Any:
        """Grant access by a certain reference."""
        try:
            assert self.grants.permit_access(3, 4, ref=ref) == ref
        except (InUse, InvalidValue) as error:
            known = isinstance(error, InUse)
            assert known is (ref >= 0)
            assert known is (ref in self.active)
            return multiple()
        return self.taken(ref, "access")

    @rule(ref=held, bits=st.sampled_from((READING, READING | WRITING)))
    def use(self, ref: int, bits: int) -> None:
        """Be Xen, and begin to use an entry."""
        if flags_of(self.memory, ref) & 3 == PERMIT and ref in self.active:
            self.entries.set_in_use(ref, bits)
            self.used.add(ref)

    @rule(ref=held)
    def stop_using(self, ref: int) -> None:
        """Be Xen, and end it."""
        if ref in self.used:
            self.entries.clear_in_use(ref, READING | WRITING)
            self.used.discard(ref)

    @rule(target=held, ref=consumes(held))
    def end(self, ref: int) -> Any:
        """Withdraw what is there."""
        if self.active.get(ref) == "transfer":
            assert self.grants.end_transfer(ref) is None
            del self.active[ref]
            return multiple()
        try:
            self.grants.end_access(ref)
        except InUse:
            assert ref in self.used
            return ref
        except InvalidValue:
            assert ref not in self.active
            return multiple()
        assert ref not in self.used
        del self.active[ref]
        return multiple()

    def reserved(self) -> int:
        """Return how many of the reserved references are granted."""
        return sum(ref < 8 for ref in self.active)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every reference is reserved, granted or free."""
        if hasattr(self, "grants"):
            granted = len(self.active) - self.reserved()
            assert self.grants.free == len(self.entries) - 8 - granted
            assert self.used <= set(self.active)

    def teardown(self) -> None:
        """Withdraw everything: all is free."""
        if hasattr(self, "grants"):
            for ref in self.used:
                self.entries.clear_in_use(ref, READING | WRITING)
            for ref, what in self.active.items():
                (self.grants.end_access if what == "access" else self.grants.end_transfer)(ref)
            assert self.grants.free == len(self.entries) - 8


# Would catch a reference that two grants have, a reserved one that is handed out, and one that
# never comes back.
TestFreeList = FreeList.TestCase
TestFreeList.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@both
def test_threads_share_one_free_list(version: int) -> None:
    """Would catch a reference that two threads get, or one that is lost between them."""
    _, _, grants = table(version)
    free = grants.free
    owner: dict[int, int] = {}
    errors: list[str] = []

    def work(number: int) -> None:
        draw = random.Random(number)
        mine: list[int] = []
        for _ in range(1500):
            if mine and draw.random() < 0.5:
                ref = mine.pop(draw.randrange(len(mine)))
                if owner.pop(ref, None) != number:
                    errors.append(f"{ref} was not of {number}")
                grants.end_access(ref)
            else:
                with suppress(TableFull):
                    ref = grants.permit_access(number, 1)
                    if owner.setdefault(ref, number) != number:
                        errors.append(f"{ref} of two")
                    mine.append(ref)
        for ref in mine:
            del owner[ref]
            grants.end_access(ref)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert grants.free == free


def test_threads_that_find_the_table_full() -> None:
    """Would catch a table that grows once for each thread that waits for it."""
    pages: list[bytearray] = []

    def grow(entries: Entries) -> None:
        time.sleep(0.05)  # the others come meanwhile
        pages.append(bytearray(PAGE))
        entries.extend([pages[-1]])

    grants = Grants(Entries([bytearray(PAGE)]), grow)
    while grants.free:
        grants.permit_access(1, 1)
    refs: list[int] = []
    threads = [
        threading.Thread(target=lambda: refs.append(grants.permit_access(2, 2))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(pages), sorted(refs)) == (1, [512, 513, 514, 515])


def test_threads_that_withdraw_the_same() -> None:
    """Would catch an entry of version 2 that two threads withdraw, so that it is free twice."""
    _, entries, grants = table(2, Visited)
    assert isinstance(entries, Visited)
    ref = grants.permit_access(7, 5)
    refused: list[str] = []

    def second() -> None:
        try:
            grants.end_access(ref)
        except InvalidValue as error:
            refused.append(str(error))

    thread = threading.Thread(target=second)

    def come() -> None:
        thread.start()
        thread.join(0.05)

    entries.happens = come
    grants.end_access(ref)
    thread.join()
    assert len(refused) == 1


# Against each other

WHERE = ("thread", "process")
LIMIT = 1_000_000
"""Rounds after which a mistake is taken to be invisible. It takes a handful."""


@pytest.fixture(scope="module")
def sides(scratch: Path) -> Sides:
    """Return Xen's side, compiled."""
    return Sides(scratch)


@pytest.fixture
def pages(version: int) -> Iterator[Table]:
    """Return a table that another process can map."""
    made = Table(version)
    yield made
    made.close()


@both
@pytest.mark.parametrize("where", WHERE)
def test_withdrawing_against_mapping(sides: Sides, pages: Table, where: str) -> None:
    """Would catch a withdrawal in the middle of a use, a use that begins after it, a lost mark."""
    with sides.running(pages, "use", where):
        races.grant_and_withdraw(pages, Grants(pages.entries()), races.ROUNDS // 4)
    control = pages.control
    assert (control[races.WRONG], control[races.LOST]) == (0, 0)
    assert control[races.FRAME] == races.ROUNDS // 4 - 1
    assert control[races.DONE]
    assert control[races.REFUSED]


@both
@pytest.mark.parametrize("where", WHERE)
def test_withdrawing_against_transfers(sides: Sides, pages: Table, where: str) -> None:
    """Would catch a page that Xen gave and that the guest did not get, or got half."""
    with sides.running(pages, "give", where):
        came = races.accept_and_withdraw(pages, Grants(pages.entries()), races.ROUNDS // 30)
    assert came == list(range(1, pages.control[races.DONE] + 1))
    assert came
    assert pages.control[races.LOST] == 0


class NotAtomic(Entries):
    """Entries of a guest that loads, thinks, and stores."""

    def compare_exchange_flags(self, ref: int, expected: int, flags: int) -> bool:
        """Store if it was so a moment ago."""
        if self.flags(ref) != expected:
            return False
        self.set_flags(ref, flags)
        return True

    def clear_bits(self, ref: int, bits: int) -> int:
        """Store what it was without them."""
        flags = self.flags(ref)
        self.set_flags(ref, flags & ~bits)
        return flags


class Hasty(Grants):
    """A guest that looks at the status first, and withdraws then."""

    def _withdraw_v2(self, ref: int) -> None:
        if self.entries.in_use(ref):
            raise self._in_use(ref, "it is withdrawn only when that ends")
        self.entries.set_flags(ref, 0)


MISTAKES = {
    "not atomic": (1, NotAtomic, Grants),
    "status first": (2, Entries, Hasty),
}


@pytest.mark.parametrize(("version", "kind", "guest"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("where", WHERE)
def test_the_races_catch_a_wrong_guest(
    sides: Sides, pages: Table, kind: type[Entries], guest: type[Grants], where: str
) -> None:
    """Would catch a race test that passes whatever the guest does."""
    with sides.running(pages, "use", where):
        races.grant_and_withdraw(pages, guest(pages.entries(kind)), LIMIT)
    assert pages.caught


@pytest.mark.parametrize("version", [1])
def test_the_races_catch_a_lost_transfer(sides: Sides, pages: Table) -> None:
    """Would catch a test of transfers that passes whatever the guest does."""
    with sides.running(pages, "give", "process"):
        came = races.accept_and_withdraw(pages, Grants(pages.entries(NotAtomic)), LIMIT)
    assert pages.control[races.LOST] or came != list(range(1, pages.control[races.DONE] + 1))


@pytest.mark.parametrize("version", [2])
@pytest.mark.parametrize("barrier", [True, False], ids=["barrier", "no barrier"])
def test_the_barrier_of_version_2(sides: Sides, pages: Table, *, barrier: bool) -> None:
    """Would catch a full barrier that is none: without it the status is read too early."""
    if not barrier and len(os.sched_getaffinity(0)) == 1:
        pytest.skip("one CPU sees its own stores in order")
    rounds = 300_000 if barrier else 100_000_000
    entry, status, control = sides.pointers(pages)
    with sides.running(pages, "use", "thread"):
        for _ in range(1 if barrier else 5):  # on busy cores the two may hardly meet
            done = sides.library.guest_v2(
                entry, status, DOMID, control, races.ctypes.c_uint64(rounds), barrier
            )
            if pages.caught:
                break
    assert bool(pages.caught) is not barrier
    assert (done == rounds) is barrier
