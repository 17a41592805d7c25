# SPDX-License-Identifier: MIT
"""The model against the facts about map_grant_ref, unmap_grant_ref and unmap_and_replace."""

from __future__ import annotations

import pytest
from model_world import (
    DEVICE,
    HOST,
    KINDS,
    READING,
    READONLY,
    RESERVED_IDS,
    RO,
    SELF,
    WRITING,
    call,
    entry,
    grant,
    in_use,
    map_one,
    pages,
    pair,
    pass_on,
    rc,
    status,
    sub_page,
    write,
)

from xengnt import InvalidValue
from xengnt.abi.constants import EntryFlag, MapFlag, Status
from xengnt.model import Domain

X86_HVM = ("hvm64", "pvh32")
TRANSLATED = (*X86_HVM, "arm64", "arm32")
PV = ("pv64", "pv32")


def attempt(domain: Domain, other: Domain | int, ref: int, flags: int, at: int = 0) -> Status:
    """Map one entry, and return the status."""
    domid = other if isinstance(other, int) else other.domid
    return status(domain, "map_grant_ref", host_addr=[at], flags=flags, ref=ref, dom=domid)


def unmap(domain: Domain, handle: int, host: int = 0, device: int = 0) -> Status:
    """Unmap one handle, and return the status."""
    return status(domain, "unmap_grant_ref", handle=[handle], host_addr=host, dev_bus_addr=device)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mapping_shows_the_very_frame(kind: str) -> None:
    """Would catch these mistakes.

    A mapping that is a copy, is not where it was asked for, or outlives the unmap.
    """
    d0, guest = pair(kind)
    at = d0.reserve()
    handle = map_one(d0, guest, grant(guest, 8, d0, 3), host_addr=[at], flags=HOST)
    d0.memory.write(at + 100, b"written by one")
    assert bytes(guest.page(3)[100:114]) == b"written by one"
    guest.page(3)[100:107] = b"changed"
    assert d0.memory.read(at + 100, 14) == b"changed by one"
    assert d0.space.pages[at >> 12].granted
    room = d0.reserve()
    map_one(d0, guest, 8, host_addr=[room], flags=HOST | RO)
    assert d0.memory.read(room + 100, 7) == b"changed"
    with pytest.raises(InvalidValue, match="may only read"):
        d0.memory.write(room, b"x")
    assert unmap(d0, handle, at) is Status.OKAY
    with pytest.raises(InvalidValue, match="has nothing at"):
        d0.memory.read(at, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_two_flags_is_needed(kind: str) -> None:
    """Would catch a deviation from this.

    "neither device_map nor host_map -> bad_gntref [seen]", and an order in which the domain is
    looked up before.
    """
    d0, _ = pair(kind)
    for flags in (0, RO, MapFlag.APPLICATION_MAP, MapFlag.CONTAINS_PTE, 0xFFFF0000):
        assert attempt(d0, 0x7FF4, 0, flags) is Status.BAD_GNTREF


@pytest.mark.parametrize("kind", TRANSLATED)
def test_what_a_translated_guest_cannot_ask_for(kind: str) -> None:
    """Would catch a deviation from this.

    "caller translated (HVM, PVH, Arm) and device_map, application_map or contains_pte ->
    general_error [seen]", also before the domain is looked up; and "Translated callers: `flags`
    without readonly must equal host_map".
    """
    d0, guest = pair(kind)
    at = d0.reserve()
    for flag in (DEVICE, MapFlag.APPLICATION_MAP, MapFlag.CONTAINS_PTE):
        assert attempt(d0, 0x7FF4, 0, HOST | flag, at) is Status.GENERAL_ERROR
    ref = grant(guest, 8, d0)
    for other in (1 << 16, 1 << 31, 1 << 5):
        assert attempt(d0, guest, ref, HOST | other, at) is Status.GENERAL_ERROR
    assert not guest.table.pins
    assert in_use(guest, ref) == 0
    assert attempt(d0, guest, ref, HOST | RO, at) is Status.OKAY


@pytest.mark.parametrize("kind", KINDS)
def test_domains_that_cannot_be_mapped(kind: str) -> None:
    """Would catch: "unknown domain, DOMID_SELF, any reserved id -> bad_domain [seen]"."""
    d0, _ = pair(kind)
    for domid in [2, 77, 0x7FEF, 0x8000, 0xFFFF, *RESERVED_IDS]:
        assert attempt(d0, domid, 8, HOST, d0.reserve()) is Status.BAD_DOMAIN


def test_ones_own_grant_can_be_mapped_by_number() -> None:
    """Would catch a check for oneself that Xen has not: only DOMID_SELF is refused."""
    d0, _ = pair()
    assert attempt(d0, d0, grant(d0, 8, d0), DEVICE) is Status.OKAY


@pytest.mark.parametrize(("version", "expected"), [("4.15", -1), ("4.16", -13)])
def test_no_handle_left(version: str, expected: int) -> None:
    """Would catch a deviation from this.

    "no maptrack handle left -> no_space", "general_error before 4.16", before the entry is looked
    at, and after the domain is; and a handle that is lost by a failure.
    """
    d0, guest = pair(xen_version=version, max_maptrack_frames=1)
    for ref in (8, 9):
        grant(guest, ref, d0)
    assert call(d0, "map_grant_ref", flags=DEVICE, ref=[99999] * 300, dom=1).status[-1] == -3
    refs = [8] * 128 + [9] * 127
    batch = call(d0, "map_grant_ref", flags=DEVICE, ref=refs, dom=1).raise_for_status()
    assert len(set(batch.handle)) == 255  # the last of a list is never given out
    assert attempt(d0, guest, 99999, DEVICE) == expected
    assert attempt(d0, 55, 99999, DEVICE) is Status.BAD_DOMAIN
    assert unmap(d0, batch.handle[7], device=guest.frame(0) << 12) is Status.OKAY
    map_one(d0, guest, 9 if batch.handle[7] in batch.handle[128:] else 8)
    assert attempt(d0, guest, 8, DEVICE | RO) == expected
    none, guest = pair(max_maptrack_frames=0)
    assert attempt(none, guest, 0, DEVICE) is Status.NO_SPACE


def test_a_second_page_of_handles() -> None:
    """Would catch a handle that is given to two mappings when one page of them is full."""
    d0, guest = pair(max_maptrack_frames=2)
    refs = [grant(guest, 8 + index // 128, d0) for index in range(511)]
    batch = call(d0, "map_grant_ref", flags=DEVICE, ref=refs, dom=1).raise_for_status()
    assert len({*batch.handle, 255}) == 512  # that was the last when there was one page
    assert sorted(d0.table.maptrack.live) == sorted(batch.handle)
    assert max(batch.handle) == 511
    assert attempt(d0, guest, 8, DEVICE | RO) is Status.NO_SPACE


@pytest.mark.parametrize("version", [1, 2])
def test_a_ref_beyond_the_table(version: int) -> None:
    """Would catch a deviation from this.

    "ref beyond the granting table -> bad_gntref", which is at 512 entries a frame under version 1
    and 256 under version 2.
    """
    d0, guest = pair()
    rc(guest, "set_version", version=[version])
    end = 512 // version
    assert attempt(d0, guest, end, DEVICE) is Status.BAD_GNTREF
    assert attempt(d0, guest, 0xFFFFFFFF, DEVICE) is Status.BAD_GNTREF
    assert attempt(d0, guest, end - 1, DEVICE) is Status.GENERAL_ERROR
    call(guest, "setup_table", dom=SELF, nr_frames=2).raise_for_status()
    assert attempt(d0, guest, end, DEVICE) is Status.GENERAL_ERROR
    assert attempt(d0, guest, 2 * end, DEVICE) is Status.BAD_GNTREF


@pytest.mark.parametrize("version", [1, 2])
def test_an_entry_in_use_by_another(version: int) -> None:
    """Would catch a deviation from this.

    "entry already pinned: by another domid, ... -> general_error", also when the guest has
    meanwhile granted it to that other one.
    """
    d0, guest = pair()
    rc(guest, "set_version", version=[version])
    other = d0.hypervisor.create_domain()
    map_one(d0, guest, grant(guest, 8, d0))
    grant(guest, 8, other)
    assert attempt(other, guest, 8, DEVICE | RO) is Status.GENERAL_ERROR
    assert "in use by d0" in other.reasons[0][1]
    assert attempt(d0, guest, 8, DEVICE) is Status.OKAY  # and it need not be granted any more


@pytest.mark.parametrize("version", [1, 2])
def test_an_entry_in_use_is_not_looked_at_again(version: int) -> None:
    """Would catch an entry that is claimed again for what it is in use for already."""
    d0, guest = pair()
    rc(guest, "set_version", version=[version])
    for ref, first, others in (
        (8, DEVICE, (DEVICE, DEVICE | RO)),
        (9, DEVICE | RO, (DEVICE | RO,)),
    ):
        map_one(d0, guest, grant(guest, ref, d0), flags=first)
        grant(guest, ref, 77, None, READONLY)
        now = entry(guest, ref)
        for flags in others:
            assert attempt(d0, guest, ref, flags) is Status.OKAY
            assert entry(guest, ref) == now


def test_only_a_writer_takes_writing_away() -> None:
    """Would catch a bit that is cleared by the end of a use that had not set it."""
    d0, guest = pair()
    handles = [map_one(d0, guest, grant(guest, 8, d0), flags=DEVICE | RO) for _ in range(2)]
    grant(guest, 8, d0, 0, READING | WRITING)
    assert unmap(d0, handles[0], device=guest.frame(0) << 12) is Status.OKAY
    assert in_use(guest, 8) == READING | WRITING
    assert unmap(d0, handles[1], device=guest.frame(0) << 12) is Status.OKAY
    assert in_use(guest, 8) == WRITING


@pytest.mark.parametrize("flags", [DEVICE, DEVICE | RO, HOST, HOST | RO])
def test_a_counter_is_full(flags: int) -> None:
    """Would catch a deviation from this.

    "... or pin counter (8 bits each) would overflow -> general_error": Xen stops at the top bit,
    and each of the four counters counts alone.
    """
    d0, guest = pair()
    grant(guest, 8, d0)
    hosts = [*pages(d0, 129)]
    columns = {"host_addr": hosts, "flags": flags, "ref": 8, "dom": guest.domid}
    batch = call(d0, "map_grant_ref", **columns)
    assert batch.status == [0] * 128 + [Status.GENERAL_ERROR]
    assert "too often" in d0.reasons[0][1]
    other = DEVICE | RO if flags == DEVICE else DEVICE
    assert attempt(d0, guest, 8, other) is Status.OKAY


@pytest.mark.parametrize("version", [1, 2])
def test_why_an_entry_cannot_be_mapped(version: int) -> None:
    """Would catch a reason that names another check than the one that failed, or other values."""
    d0, guest = pair()
    rc(guest, "set_version", version=[version])
    grant(guest, 8, 77, flags=READONLY)
    grant(guest, 11, d0, flags=READONLY)
    cases = {
        8: "entry 8, with flags 0x5, is for d77, not d0",
        9: "entry 9, with flags 0x0, has type 0, not 1 (permit_access)",
        11: "entry 11, with flags 0x5, is read-only",
    }
    if version == 1:
        grant(guest, 10, d0, flags=EntryFlag.SUB_PAGE)
    else:
        sub_page(guest, 10, d0, 0, 0, 64)
    cases[10] = "entry 10, with flags 0x101, grants a part of a page, which cannot be mapped"
    for ref, words in cases.items():
        assert attempt(d0, guest, ref, DEVICE) is Status.GENERAL_ERROR
        assert d0.reasons == [(0, words)]


def test_a_part_of_a_page_cannot_be_mapped() -> None:
    """Would catch: "type is permit_access, not sub_page", under both versions of tables."""
    d0, guest = pair()
    grant(guest, 8, d0, flags=EntryFlag.SUB_PAGE)
    assert attempt(d0, guest, 8, DEVICE | RO) is Status.GENERAL_ERROR
    rc(guest, "set_version", version=[2])
    sub_page(guest, 8, d0, 0, 0, 64)
    pass_on(guest, 9, d0, d0, 8)
    for ref in (8, 9):
        assert attempt(d0, guest, ref, DEVICE | RO) is Status.GENERAL_ERROR
        assert in_use(guest, ref) == 0


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["pv64", "pv32", "hvm64"])
def test_what_an_entry_must_say(kind: str, version: int) -> None:
    """Would catch a deviation from this.

    "entry not pinned yet, or first writable pin: type is permit_access, not sub_page, domid
    matches; write wanted on readonly -> general_error [seen]. Reading/writing bits are set (in
    flags for v1; in the status array for v2)".
    """
    d0, guest = pair(kind)
    rc(guest, "set_version", version=[version])
    flags = HOST if d0.translated else DEVICE
    at = d0.reserve()
    assert attempt(d0, guest, 9, flags, at) is Status.GENERAL_ERROR  # invalid
    grant(guest, 9, 77)
    assert attempt(d0, guest, 9, flags, at) is Status.GENERAL_ERROR
    grant(guest, 9, d0, 1, READONLY)
    before = entry(guest, 9)
    assert attempt(d0, guest, 9, flags, at) is Status.GENERAL_ERROR
    assert entry(guest, 9) == before
    assert attempt(d0, guest, 9, flags | RO, at) is Status.OKAY
    assert in_use(guest, 9) == READING
    assert attempt(d0, guest, 9, flags, d0.reserve()) is Status.GENERAL_ERROR  # first writable
    assert in_use(guest, 9) == READING
    grant(guest, 10, d0, 1)
    assert attempt(d0, guest, 10, flags, d0.reserve()) is Status.OKAY
    assert in_use(guest, 10) == READING | WRITING


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_that_cannot_be_had(kind: str, version: int) -> None:
    """Would catch a deviation from this.

    "frame cannot be had -> bad_page", with the in-use bits left set; a frame of somebody else is
    none either.
    """
    d0, guest = pair(kind)
    if kind.startswith("arm"):
        version = 1
    rc(guest, "set_version", version=[version])
    flags = HOST if d0.translated else DEVICE
    grant(guest, 8, d0, None)
    assert attempt(d0, guest, 8, flags, d0.reserve()) is Status.BAD_PAGE
    if not d0.translated:
        name = "full_page." if version == 2 else ""
        hdr = "full_page.hdr." if version == 2 else ""
        fields = {f"{hdr}flags": 1, f"{hdr}domid": 0, f"{name}frame": d0.frame(0)}
        write(guest, 8, **fields)
        assert attempt(d0, guest, 8, flags, d0.reserve()) is Status.BAD_PAGE
    assert in_use(guest, 8) == 0
    assert not guest.table.pins


@pytest.mark.parametrize("kind", TRANSLATED)
def test_a_frame_that_is_paged_out(kind: str) -> None:
    """Would catch: "frame cannot be had -> bad_page (or eagain while it is paged)"."""
    d0, guest = pair(kind)
    grant(guest, 8, d0, 2)
    guest.page_out(2)
    assert attempt(d0, guest, 8, HOST, d0.reserve()) is Status.EAGAIN
    assert in_use(guest, 8) == 0
    for page, words in ((2, "cannot be paged out"), (16, "has no page 16")):
        with pytest.raises(InvalidValue, match=words):
            guest.page_out(page)
    guest.page_in(2)
    assert attempt(d0, guest, 8, HOST, d0.reserve()) is Status.OKAY
    with pytest.raises(InvalidValue, match="cannot be paged out"):
        pair("pv64")[0].page_out(0)


@pytest.mark.parametrize("kind", PV)
def test_where_a_pv_guest_cannot_map(kind: str) -> None:
    """Would catch a deviation from this.

    "host mapping cannot be made (unaligned address, no page table there, NULL) -> general_error
    [seen]", with the pin, the bits or the handle left behind.
    """
    d0, guest = pair(kind)
    grant(guest, 8, d0)
    at = d0.reserve()
    for wrong in (0, at + 1, at + 2048, 0x1000, 0xF0000000, 0x7F0000000000, (1 << 64) - 4096):
        assert attempt(d0, guest, 8, HOST | DEVICE, wrong) is Status.GENERAL_ERROR
        assert (in_use(guest, 8), guest.table.pins, d0.table.maptrack.live) == (0, {}, {})
        assert guest.pages[0].references == 0
        assert d0.reasons[0][1].startswith(f"host_addr {wrong:#x}")
    assert attempt(d0, guest, 8, HOST | DEVICE, at) is Status.OKAY
    assert attempt(d0, guest, 8, HOST, 0x1000_0000) is Status.OKAY  # the first, over its own
    assert attempt(d0, guest, 8, HOST, 0) is Status.GENERAL_ERROR  # and what was there stays
    assert in_use(guest, 8) == READING | WRITING


def test_a_page_table_entry_can_be_named() -> None:
    """Would catch contains_pte that takes any address, or leaves the entry there."""
    d0, guest = pair()
    grant(guest, 8, d0, 5)
    table = d0.make_page_table(4)
    flags = HOST | MapFlag.CONTAINS_PTE
    other = guest.make_page_table(6)
    for wrong in (table + 4, guest.frame(0) << 12, d0.frame(5) << 12, other, 0x5000):
        assert attempt(d0, guest, 8, flags, wrong) is Status.GENERAL_ERROR
    handle = map_one(d0, guest, 8, flags=flags, host_addr=[table + 16])
    written = int.from_bytes(d0.page(4)[16:24], "little")
    assert written >> 12 == guest.frame(5)
    assert written & 0xFFF == 0x67
    map_one(d0, guest, 8, flags=flags | RO, host_addr=[table + 32])
    assert int.from_bytes(d0.page(4)[32:40], "little") == written & ~2
    d0.page(4)[32:40] = bytes(8)
    assert unmap(d0, handle, table + 24) is Status.GENERAL_ERROR
    columns = {"host_addr": table + 16, "new_addr": d0.address(1), "handle": [handle]}
    assert status(d0, "unmap_and_replace", **columns) is Status.GENERAL_ERROR
    assert unmap(d0, handle, table + 16) is Status.OKAY
    assert bytes(d0.page(4)) == bytes(4096)
    grant(d0, 8, guest, 4)
    assert attempt(guest, d0, 8, DEVICE) is Status.GENERAL_ERROR  # a page table is not written
    assert attempt(guest, d0, 8, DEVICE | RO) is Status.OKAY


def test_what_success_gives() -> None:
    """Would catch: "okay: handle, and dev_bus_addr = the frame's machine address"."""
    d0, guest = pair()
    grant(guest, 8, d0, 6)
    for flags in (DEVICE, HOST, HOST | DEVICE):
        batch = call(d0, "map_grant_ref", host_addr=[d0.reserve()], flags=flags, ref=8, dom=1)
        assert batch.raise_for_status().dev_bus_addr == [guest.frame(6) << 12]


@pytest.mark.parametrize("kind", PV)
def test_flags_without_a_meaning(kind: str) -> None:
    """Would catch: "Undefined flag bits are ignored; the guest_avail bits are accepted [seen]"."""
    d0, guest = pair(kind)
    grant(guest, 8, d0)
    for bits in (0xFFE0, 0xFFFF0000, 0xFFFFFFE0):
        assert attempt(d0, guest, 8, HOST | bits, d0.reserve()) is Status.OKAY


@pytest.mark.parametrize("version", [1, 2])
def test_the_same_ref_several_times(version: int) -> None:
    """Would catch a deviation from this.

    "The same ref may be mapped several times: one pin each, reading/writing stay set until the
    last [seen]", "when the last pin of a kind goes, Xen clears reading or writing in the entry
    (v1) or its status (v2) [seen]".
    """
    d0, guest = pair()
    rc(guest, "set_version", version=[version])
    grant(guest, 8, d0, 3)
    machine = guest.frame(3) << 12
    write_a, write_b = map_one(d0, guest, 8), map_one(d0, guest, 8)
    read = map_one(d0, guest, 8, flags=DEVICE | RO)
    counts = guest.table.pins[8].as_dict()
    assert counts == {"host_write": 0, "host_read": 0, "device_write": 2, "device_read": 1}
    expected = [
        (write_a, READING | WRITING),
        (write_b, READING),
        (read, 0),
    ]
    for handle, bits in expected:
        assert unmap(d0, handle, device=machine) is Status.OKAY
        assert in_use(guest, 8) == bits
    assert not guest.table.pins


def test_the_cpu_and_a_device_hold_one_handle() -> None:
    """Would catch a handle that is free, or bits that are clear, while one mapping remains."""
    d0, guest = pair()
    grant(guest, 8, d0, 3)
    at, machine = d0.reserve(), guest.frame(3) << 12
    handle = map_one(d0, guest, 8, flags=HOST | DEVICE, host_addr=[at])
    assert unmap(d0, handle, host=at) is Status.OKAY
    assert in_use(guest, 8) == READING | WRITING
    assert unmap(d0, handle, host=at) is Status.OKAY  # it has no such mapping: nothing to do
    assert unmap(d0, handle, device=machine) is Status.OKAY
    assert in_use(guest, 8) == 0
    assert unmap(d0, handle, device=machine) is Status.BAD_HANDLE


@pytest.mark.parametrize("kind", KINDS)
def test_handles_that_there_are_not(kind: str) -> None:
    """Would catch a deviation from this.

    "handle out of range, or free -> bad_handle [seen]"; "a second unmap is then bad_handle
    [seen]".
    """
    d0, guest = pair(kind)
    at = d0.reserve()
    handle = map_one(d0, guest, grant(guest, 8, d0), host_addr=[at], flags=HOST)
    for wrong in (handle + 1, 255, 256, 0xFFFFFFFF):
        assert unmap(d0, wrong, at) is Status.BAD_HANDLE
    assert unmap(d0, handle, at) is Status.OKAY
    assert unmap(d0, handle, at) is Status.BAD_HANDLE
    assert unmap(guest, handle, at) is Status.BAD_HANDLE  # handles are each domain's own


def test_the_wrong_device_address() -> None:
    """Would catch a deviation from this.

    "dev_bus_addr non-zero, device mapping exists, and they differ -> bad_dev_addr [seen]", before
    the host address is looked at; without a device mapping the address does not matter.
    """
    d0, guest = pair()
    grant(guest, 8, d0, 3)
    at, machine = d0.reserve(), guest.frame(3) << 12
    handle = map_one(d0, guest, 8, flags=HOST | DEVICE, host_addr=[at])
    assert unmap(d0, handle, at, machine + 1) is Status.BAD_DEV_ADDR
    assert unmap(d0, handle, at + 4096, machine + 4096) is Status.BAD_DEV_ADDR
    only_host = map_one(d0, guest, 8, flags=HOST, host_addr=[d0.reserve()])
    assert unmap(d0, only_host, 0, machine + 1) is Status.OKAY
    assert unmap(d0, handle, at, machine) is Status.OKAY
    assert unmap(d0, handle, at, machine) is Status.BAD_HANDLE


@pytest.mark.parametrize("kind", KINDS)
def test_the_wrong_host_address(kind: str) -> None:
    """Would catch a deviation from this.

    "host_addr non-zero, host mapping exists, and it is not there -> general_error [seen]".
    """
    d0, guest = pair(kind)
    first, second, empty = pages(d0, 3)
    grant(guest, 8, d0, 1)
    grant(guest, 9, d0, 2)
    handle = map_one(d0, guest, 8, flags=HOST, host_addr=[first])
    map_one(d0, guest, 9, flags=HOST, host_addr=[second])
    for wrong in (second, empty, d0.address(3)):
        assert unmap(d0, handle, wrong) is Status.GENERAL_ERROR
        assert in_use(guest, 8) == READING | WRITING
    assert unmap(d0, handle, first) is Status.OKAY
    if kind in PV:
        handle = map_one(d0, guest, 8, flags=HOST | RO, host_addr=[first])
        map_one(d0, guest, 8, flags=HOST, host_addr=[empty])
        assert unmap(d0, handle, empty) is Status.GENERAL_ERROR  # the frame, but writable


@pytest.mark.parametrize("kind", KINDS)
def test_unmapping_nothing(kind: str) -> None:
    """Would catch: "both zero is okay and releases nothing [seen]"."""
    d0, guest = pair(kind)
    at = d0.reserve()
    handle = map_one(d0, guest, grant(guest, 8, d0), host_addr=[at], flags=HOST)
    assert unmap(d0, handle) is Status.OKAY
    assert in_use(guest, 8) == READING | WRITING
    assert unmap(d0, handle, at) is Status.OKAY
    assert in_use(guest, 8) == 0


@pytest.mark.parametrize("kind", PV)
def test_replacing_a_mapping(kind: str) -> None:
    """Would catch a deviation from this.

    "unmap_and_replace moves what `new_addr` maps to `host_addr`; new_addr 0 is a plain unmap
    [seen]".
    """
    d0, guest = pair(kind)
    at = d0.reserve()
    d0.page(5)[:3] = b"own"
    for new in (d0.address(5), 0):
        handle = map_one(d0, guest, grant(guest, 8, d0, 1), host_addr=[at], flags=HOST)
        columns = {"host_addr": at, "new_addr": new, "handle": [handle]}
        assert status(d0, "unmap_and_replace", **columns) is Status.OKAY
        assert in_use(guest, 8) == 0
        if new:
            assert d0.memory.read(at, 3) == b"own"
            assert d0.pages[5].references == 0
        for gone in [new] if new else [at]:
            with pytest.raises(InvalidValue, match="has nothing at"):
                d0.memory.read(gone, 1)
        assert status(d0, "unmap_and_replace", **columns) is Status.BAD_HANDLE
    handle = map_one(d0, guest, 8, host_addr=[at], flags=HOST)
    columns = {"host_addr": at, "new_addr": at + 4096, "handle": [handle]}
    assert status(d0, "unmap_and_replace", **columns) is Status.OKAY  # by nothing
    assert d0.memory.extent(at) == 0
    handle = map_one(d0, guest, 8, host_addr=[at], flags=HOST | DEVICE)
    columns = {"host_addr": at, "handle": [handle]}
    assert status(d0, "unmap_and_replace", **columns) is Status.OKAY  # and the device stays
    assert in_use(guest, 8) == READING | WRITING
    assert unmap(d0, handle, device=guest.frame(1) << 12) is Status.OKAY


def test_what_takes_the_place_keeps_its_reference() -> None:
    """Would catch a frame that is moved to another address, and then can be transferred."""
    d0, guest = pair()
    handle = map_one(d0, guest, grant(guest, 8, d0), host_addr=[at := d0.reserve()], flags=HOST)
    own = d0.map_own([d0.pages[2]])
    columns = {"host_addr": at, "new_addr": own, "handle": [handle]}
    assert status(d0, "unmap_and_replace", **columns) is Status.OKAY
    assert d0.pages[2].references == 1
    d0.page(2)[:4] = b"here"
    assert d0.memory.read(at, 4) == b"here"
    d0.unmap_own(at)
    assert d0.pages[2].references == 0
    handle = map_one(d0, guest, 8, host_addr=[at], flags=HOST)
    own = d0.map_own([d0.pages[2]])
    columns = {"host_addr": at + 4096, "new_addr": own, "handle": [handle]}
    assert status(d0, "unmap_and_replace", **columns) is Status.GENERAL_ERROR
    assert d0.pages[2].references == 0  # what was there is gone all the same


def test_replacing_what_is_not_there() -> None:
    """Would catch a failed replacement that releases the mapping."""
    d0, guest = pair()
    at = d0.reserve()
    handle = map_one(d0, guest, grant(guest, 8, d0, 1), host_addr=[at], flags=HOST)
    cases = [(at + 4096, 0), (at + 1, 0), (at, 1), (at, 0x1000), (at, d0.address(1) + 1)]
    for host, new in cases:
        columns = {"host_addr": host, "new_addr": new, "handle": [handle]}
        assert status(d0, "unmap_and_replace", **columns) is Status.GENERAL_ERROR
        assert d0.reasons[0][1].startswith("new_addr" if new else "host_addr")
    assert in_use(guest, 8) == READING | WRITING
    arm, peer = pair("arm64")
    at = arm.reserve()
    handle = map_one(arm, peer, grant(peer, 8, arm), host_addr=[at], flags=HOST)
    columns = {"host_addr": at, "new_addr": arm.address(1), "handle": [handle]}
    assert status(arm, "unmap_and_replace", **columns) is Status.GENERAL_ERROR


def test_why_a_mapping_is_not_there() -> None:
    """Would catch a reason that says something else than what is there."""
    d0, guest = pair()
    first, second, empty = pages(d0, 3)
    handle = map_one(d0, guest, grant(guest, 8, d0, 1), flags=HOST, host_addr=[first])
    map_one(d0, guest, 8, flags=HOST | RO, host_addr=[second])
    cases = {
        empty: "nothing",
        second: f"frame {guest.frame(1):#x}, read-only",
        d0.address(3): f"frame {d0.frame(3):#x}, writable",
    }
    for at, words in cases.items():
        assert unmap(d0, handle, at) is Status.GENERAL_ERROR
        there = f"host_addr {at:#x}: there is {words}, not frame {guest.frame(1):#x} as mapped"
        assert d0.reasons == [(0, there)]


@pytest.mark.parametrize("kind", TRANSLATED)
def test_ones_own_page_is_no_mapping(kind: str) -> None:
    """Would catch a page that is taken for a mapping of it, or that nothing can be put over."""
    d0, guest = pair(kind)
    handle = map_one(d0, d0, grant(d0, 8, d0, 1))
    assert unmap(d0, handle, d0.address(1)) is Status.GENERAL_ERROR
    assert attempt(d0, guest, grant(guest, 8, d0, 1), HOST, d0.address(2)) is Status.OKAY


@pytest.mark.parametrize("kind", TRANSLATED)
def test_ones_own_page_has_one_number_on_x86(kind: str) -> None:
    """Would catch a page of one's own that stays where it was when it is mapped elsewhere."""
    d0, guest = pair(kind)
    d0.page(1)[:4] = b"mine"
    rooms = pages(d0, 2)
    for at in rooms:
        map_one(d0, d0, grant(d0, 8, d0, 1) if at == rooms[0] else 8, host_addr=[at])
    assert [d0.memory.read(at, 4) for at in rooms] == [b"mine"] * 2
    assert d0.memory.extent(d0.address(1)) == (0 if kind in X86_HVM else 4096)
    map_one(d0, guest, grant(guest, 9, d0, 1))
    assert guest.memory.extent(guest.address(1)) == 4096


def test_mapping_over_a_mapping() -> None:
    """Would catch these mistakes.

    A mapping that is forgotten by Xen when another takes its address: it stays on the books, and
    the page with it; on x86 a translated guest cannot do so.
    """
    d0, guest = pair()
    at = d0.reserve()
    first = map_one(d0, guest, grant(guest, 8, d0, 1), host_addr=[at], flags=HOST)
    second = map_one(d0, guest, grant(guest, 9, d0, 2), host_addr=[at], flags=HOST)
    assert unmap(d0, first, at) is Status.GENERAL_ERROR
    assert unmap(d0, second, at) is Status.OKAY
    assert unmap(d0, first, at) is Status.GENERAL_ERROR
    assert in_use(guest, 8) == READING | WRITING
    assert guest.pages[1].references == 1
    for kind, expected in (("hvm64", Status.GENERAL_ERROR), ("arm64", Status.OKAY)):
        one, other = pair(kind)
        at = one.reserve()
        map_one(one, other, grant(other, 8, one, 1), host_addr=[at], flags=HOST)
        assert attempt(one, other, grant(other, 9, one, 2), HOST, at) is expected


def test_cache_bits_of_an_entry_are_for_devices() -> None:
    """Would catch a kind of guest that cannot map memory because of them."""
    for kind in ("hvm64", "pv64"):
        d0, guest = pair(kind)
        ref = grant(guest, 8, d0, 1, EntryFlag.PCD)
        assert attempt(d0, guest, ref, HOST, d0.reserve()) is Status.OKAY


@pytest.mark.parametrize(
    ("kind", "bits"), [("hvm64", 48), ("pvh32", 48), ("arm64", 40), ("arm32", 40)]
)
def test_a_physical_address_with_too_many_bits(kind: str, bits: int) -> None:
    """Would catch a mapping where a translated guest can have nothing."""
    d0, guest = pair(kind)
    grant(guest, 8, d0)
    assert attempt(d0, guest, 8, HOST, 1 << bits) is Status.GENERAL_ERROR
    assert attempt(d0, guest, 8, HOST, (1 << bits) - 4096) is Status.OKAY
