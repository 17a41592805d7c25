# SPDX-License-Identifier: MIT
"""The model over the death of domains, each status by its own road, and what can be seen of it."""

from __future__ import annotations

import json

import pytest
from model_world import (
    DEVICE,
    HOST,
    KINDS,
    READING,
    READONLY,
    RO,
    SELF,
    WRITING,
    accept,
    call,
    grant,
    in_use,
    map_one,
    pair,
    pass_on,
    rc,
    status,
)

from xengnt import Abi, InvalidValue, Recorder, Unavailable
from xengnt.abi.constants import Status
from xengnt.errors import InUse, TableFull
from xengnt.model import Hypervisor
from xengnt.model.dump import text


@pytest.mark.parametrize("kind", KINDS)
def test_a_mapped_frame_outlives_its_owner(kind: str) -> None:
    """Would catch a frame that is freed, or given to somebody else, while it is mapped."""
    d0, guest = pair(kind)
    hv, at = d0.hypervisor, d0.reserve()
    handle = map_one(d0, guest, grant(guest, 8, d0, 3), host_addr=[at], flags=HOST)
    again = map_one(d0, guest, 8, host_addr=[room := d0.reserve()], flags=HOST)
    frame, other = guest.pages[3], guest.pages[4]
    d0.memory.write(at, b"kept")
    hv.destroy(guest)
    assert status(d0, "unmap_grant_ref", handle=[again], host_addr=room) is Status.OKAY
    assert d0.memory.read(at, 4) == b"kept"
    assert (frame.owner, other.owner) == (guest, None)
    assert in_use(guest, 8) == READING | WRITING
    assert hv.domains[guest.domid] is guest
    with pytest.raises(InvalidValue, match="there is a domain 1 already"):
        hv.create_domain(1, domid=guest.domid, **KINDS[kind])
    newer = hv.create_domain(200, **KINDS[kind])
    assert frame not in newer.owned
    assert status(d0, "unmap_grant_ref", handle=[handle], host_addr=at) is Status.OKAY
    assert frame.owner is None
    assert guest.domid not in hv.domains
    assert not guest.owned
    assert bytes(frame.data[:4]) == bytes(4)
    assert status(d0, "query_size", dom=guest.domid) is Status.BAD_DOMAIN


def test_a_dying_domain_grants_nothing_more() -> None:
    """Would catch a freed frame of a dead domain that can still be mapped or copied."""
    d0, guest = pair()
    for ref in (8, 9):
        grant(guest, ref, d0, ref)
    map_one(d0, guest, 8)
    d0.hypervisor.destroy(guest)
    columns = {"host_addr": [0], "flags": DEVICE, "dom": guest.domid}
    assert status(d0, "map_grant_ref", ref=9, **columns) is Status.BAD_PAGE
    assert status(d0, "map_grant_ref", ref=8, **columns) is Status.OKAY  # it is in use, and kept
    with pytest.raises(InvalidValue, match="has been destroyed"):
        guest.call(0, 0, 0)
    with pytest.raises(InvalidValue, match="destroyed before"):
        d0.hypervisor.destroy(guest)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dead_domain_holds_nothing(kind: str) -> None:
    """Would catch mappings, pins or in-use bits that outlive who made them."""
    d0, guest = pair(kind)
    for ref in (8, 9):
        grant(guest, ref, d0, ref)
        at = d0.reserve()
        map_one(d0, guest, ref, host_addr=[at], flags=HOST | (RO if ref == 9 else 0))
    if not d0.translated:
        map_one(d0, guest, 8, flags=HOST | DEVICE, host_addr=[d0.reserve()])
    d0.hypervisor.destroy(d0)
    assert not guest.table.pins
    assert (in_use(guest, 8), in_use(guest, 9)) == (0, 0)
    assert all(frame.references == 0 for frame in guest.owned)
    assert 0 not in d0.hypervisor.domains
    assert not d0.owned


def test_a_domain_that_maps_its_own() -> None:
    """Would catch a domain that cannot die because it has mapped its own pages."""
    d0, _ = pair()
    map_one(d0, d0, grant(d0, 8, d0, 1))
    d0.map_own([d0.pages[2]])
    d0.map_table()
    d0.hypervisor.destroy(d0)
    assert 0 not in d0.hypervisor.domains
    assert not d0.owned


def test_a_domain_without_pages_dies() -> None:
    """Would catch a domain that only the last of its pages takes with it."""
    hv = Hypervisor()
    hv.destroy(hv.create_domain(0))
    assert not hv.domains


def test_a_dead_domain_brings_no_page_back() -> None:
    """Would catch a page that is said to come again when there is nobody to fetch it."""
    d0, guest = pair("hvm64")
    map_one(d0, guest, grant(guest, 8, d0, 1))
    grant(guest, 9, d0, 2)
    guest.page_out(2)
    d0.hypervisor.destroy(guest)
    columns = {"host_addr": [d0.reserve()], "flags": HOST, "ref": 9, "dom": guest.domid}
    assert status(d0, "map_grant_ref", **columns) is Status.BAD_PAGE


def test_memory_comes_back() -> None:
    """Would catch frames that are counted as taken when they are free, or numbered otherwise."""
    hv = Hypervisor(low_frames=20)
    for _ in range(3):
        first, second = hv.create_domain(9), hv.create_domain(9)
        numbers = {frame.number for one in (first, second) for frame in one.owned}
        assert numbers == set(range(0x1000, 0x1014))
        pages = [*first.pages.values(), *second.pages.values()]
        assert not any(frame.page_table or frame.xen for frame in pages)
        first.make_page_table(0)
        with pytest.raises(Unavailable, match="no memory left"):
            hv.create_domain(0)
        hv.destroy(first)
        hv.destroy(second)
    frame = hv.create_domain(1, high=True).pages[0]
    assert repr(frame) == "<frame 0x100000000 of d0, 0 references>"
    hv.destroy(hv.domains[0])
    assert repr(frame) == "<frame 0x100000000 free, 0 references>"


def test_no_frame_is_freed_twice() -> None:
    """Would catch a death that frees the frames of a table twice, for two new owners each."""
    hv = Hypervisor()
    for version in (1, 2):
        first = hv.create_domain(3)
        rc(first, "set_version", version=[version])
        call(first, "setup_table", dom=SELF, nr_frames=4).raise_for_status()
        hv.destroy(first)
        domains = [hv.create_domain(3) for _ in range(4)]
        owned = [frame for one in domains for frame in one.owned]
        assert len(set(owned)) == len(owned) == 16
        for one in domains:
            hv.destroy(one)


def test_a_frame_of_a_table_outlives_its_owner_too() -> None:
    """Would catch the frames of a table freed while one of them is mapped."""
    d0, guest = pair()
    call(guest, "setup_table", dom=SELF, nr_frames=2).raise_for_status()
    table = guest.table.shared[0]
    guest.table.frames[0][64:72] = Abi("x86_64").encode(
        "grant_entry_v1", [{"flags": 1, "frame": table.number}]
    )
    handle = map_one(d0, guest, 8)
    d0.hypervisor.destroy(guest)
    assert d0.hypervisor.domains[1] is guest
    address = table.number << 12
    call(d0, "unmap_grant_ref", handle=[handle], dev_bus_addr=address).raise_for_status()
    assert 1 not in d0.hypervisor.domains
    assert table.owner is None


def test_every_status_by_its_own_road() -> None:
    """Would catch a status that no call can get any more, all but no_device_space."""
    hv = Hypervisor(max_maptrack_frames=1, low_frames=200)
    d0 = hv.create_domain(16, privileged=True)
    guest = hv.create_domain(16)
    high = hv.create_domain(4, high=True)
    grant(guest, 8, d0, 1)
    grant(guest, 9, d0, None)
    accept(guest, 10, high)
    at = d0.reserve()
    host = {"host_addr": [at], "flags": HOST, "dom": guest.domid}
    frame = {"u.gmfn": d0.frame(0), "domid": SELF}
    side = {f"{name}.{k}": v for name in ("source", "dest") for k, v in frame.items()}
    seen = [
        status(d0, "map_grant_ref", ref=8, **host),
        status(d0, "map_grant_ref", ref=11, **host),  # an entry that grants nothing
        status(d0, "map_grant_ref", ref=8, **{**host, "dom": 77}),
        status(d0, "map_grant_ref", ref=600, **host),
        status(d0, "map_grant_ref", ref=9, **host),
        status(d0, "unmap_grant_ref", handle=[77]),
        status(d0, "setup_table", dom=SELF, nr_frames=1, frame_list=0x1000),
        status(guest, "setup_table", dom=0, nr_frames=1),
        status(d0, "copy", len=1, flags=0, **{**side, "dest.offset": [4096]}),
        status(guest, "swap_grant_ref", ref_a=[8], ref_b=9),
    ]
    handle = map_one(d0, guest, 8)
    seen.append(status(d0, "unmap_grant_ref", handle=[handle], dev_bus_addr=1))
    for ref in (12, 13):
        grant(guest, ref, d0, ref)
    call(d0, "map_grant_ref", flags=DEVICE, ref=[12] * 128 + [13] * 128, dom=guest.domid)
    seen.append(status(d0, "map_grant_ref", ref=8, **host))
    call(high, "query_size", dom=SELF)  # after which it has room for arguments
    used = sum(number < 1 << 32 for number in hv.machine.frames)
    hv.create_domain(200 - used - 1)  # its table is one more
    columns = {"mfn": [high.frame(0)], "domid": guest.domid, "ref": 10}
    seen.append(status(high, "transfer", **columns))
    assert set(seen) == set(Status) - {Status.NO_DEVICE_SPACE}


def test_what_a_domain_has_not() -> None:
    """Would catch a question about a domain that is answered with a guess."""
    d0, guest = pair()
    for wrong in (lambda: d0.page(16), lambda: d0.frame(-1), lambda: d0.reserve(1 << 20)):
        with pytest.raises(InvalidValue, match="d0 has no"):
            wrong()
    with pytest.raises(Unavailable, match="no room for"):
        d0.memory.allocate(1 << 31)
    map_one(d0, guest, grant(guest, 8, d0))
    assert repr(guest) == "<d1: pv, x86_64, 16 pages>"
    assert "1 entries in use" in repr(guest.table)
    d0.hypervisor.destroy(guest)
    assert repr(guest) == "<d1: pv, x86_64, 1 pages, dying>"
    assert "2 domains" in repr(d0.hypervisor)
    with pytest.raises(InvalidValue, match="d1 has no page 1"):
        guest.page(1)


@pytest.mark.parametrize(
    ("kind", "first"),
    [("pv64", 0x1000_0000), ("hvm64", 0x40_0000), ("pvh32", 0x40_0000), ("arm64", 0x4000_0000)],
)
def test_where_a_domain_has_its_pages(kind: str, first: int) -> None:
    """Would catch pages that are not where they are said to be, or rooms that overlap."""
    d0, _ = pair(kind)
    d0.page(2)[:4] = b"here"
    assert d0.memory.read(first + 2 * 4096, 4) == b"here"
    assert d0.address(2) == first + 2 * 4096
    assert d0.translated is (d0.frame(2) == d0.address(2) >> 12)
    assert d0.machine_address(2) == d0.pages[2].number << 12
    rooms = [d0.reserve(), d0.reserve(2), d0.reserve(0x30000 - 3)]
    assert rooms == [0xC000_0000, 0xC000_1000, 0xC000_3000]
    for wrong in (d0.reserve, lambda: d0.reserve(0), lambda: d0.address(16)):
        with pytest.raises(InvalidValue, match="d0 has no"):
            wrong()


def test_how_many_pages_a_domain_may_have() -> None:
    """Would catch a domain whose pages reach to where its arguments are."""
    hv = Hypervisor(low_frames=8)
    assert not hv.create_domain(0).pages
    for kind, most in (("pv", 0x70000), ("hvm", 0x7FC00)):
        with pytest.raises(Unavailable):
            hv.create_domain(most, kind=kind)
        with pytest.raises(InvalidValue, match="too many"):
            hv.create_domain(most + 1, kind=kind)


def test_the_guests_side() -> None:
    """Would catch a guest's side that writes elsewhere, or is stale after a change."""
    d0, guest = pair(max_grant_frames=2)
    ref = guest.grants.permit_access(d0.domid, guest.frame(3), readonly=True)
    assert guest.grants is guest.grants
    handle = map_one(d0, guest, ref, flags=DEVICE | RO)
    with pytest.raises(InUse):
        guest.grants.end_access(ref)
    address = guest.frame(3) << 12
    call(d0, "unmap_grant_ref", handle=[handle], dev_bus_addr=address).raise_for_status()
    guest.grants.end_access(ref)
    for version, count in ((2, 512 - 8), (1, 1024 - 8)):
        rc(guest, "set_version", version=[version])
        refs = [guest.grants.permit_access(d0.domid, guest.frame(1)) for _ in range(count)]
        assert len(set(refs)) == count
        with pytest.raises(TableFull):
            guest.grants.permit_access(d0.domid, guest.frame(1))
        assert len(guest.table.shared) == 2
        map_one(d0, guest, refs[-1])
        d0.hypervisor.destroy(d0)
        d0 = guest.hypervisor.create_domain(4)


def test_the_guests_side_of_a_large_table() -> None:
    """Would catch a guest's side that takes one status frame for another."""
    d0, guest = pair()
    rc(guest, "set_version", version=[2])
    refs = [guest.grants.permit_access(d0.domid, guest.frame(1)) for _ in range(2200 - 8)]
    assert refs[-1] == 2199
    for ref in (60, 2048 + 51):
        map_one(d0, guest, ref)
        with pytest.raises(InUse):
            guest.grants.end_access(ref)
    for ref in (51, 2048 + 60):
        guest.grants.end_access(ref)


def test_the_guests_side_of_a_table_that_grew() -> None:
    """Would catch a guest's side that does not see frames that it has not asked for itself."""
    _, guest = pair()
    grants = guest.grants
    call(guest, "setup_table", dom=SELF, nr_frames=2).raise_for_status()
    refs = [grants.permit_access(0, guest.frame(1)) for _ in range(1024 - 8)]
    assert len({*refs}) == 1016
    assert len(guest.table.shared) == 2
    call(guest, "setup_table", dom=SELF, nr_frames=4).raise_for_status()
    assert len(guest.grants.entries) == 4 * 512
    rc(guest, "set_version", version=[2])
    call(guest, "setup_table", dom=SELF, nr_frames=9).raise_for_status()
    assert len(guest.grants.entries) == 9 * 256


def test_what_can_be_seen() -> None:
    """Would catch a dump that leaves out an entry, a pin or a handle, or is no JSON."""
    d0, guest = pair()
    origin = d0.hypervisor.create_domain(2)
    rc(guest, "set_version", version=[2])
    map_one(d0, guest, grant(guest, 8, d0, 1), flags=HOST | DEVICE, host_addr=[d0.reserve()])
    pass_on(guest, 9, d0, origin, 4)
    dump = json.loads(json.dumps(d0.hypervisor.dump()))
    table = dump["domains"]["1"]["table"]
    assert table == json.loads(json.dumps(guest.table.dump()))
    assert table["version"] == 2
    assert list(table["entries"]) == ["8", "9"]
    pin = table["entries"]["8"]["pin"]
    assert (pin["domid"], pin["host_write"], pin["device_write"], pin["host_read"]) == (0, 1, 1, 0)
    assert pin["frame"] == guest.frame(1)
    assert table["entries"]["8"]["status"] == READING | WRITING
    assert "pin" not in table["entries"]["9"]
    handles = dump["domains"]["0"]["table"]["handles"]
    assert handles == {"0": {"domid": 1, "ref": 8, "flags": HOST | DEVICE}}
    assert dump["xen_version"] == "4.17"
    assert dump["domains"]["0"]["privileged"] is True
    assert dump["domains"]["0"]["pages"] == {str(n): d0.frame(n) for n in range(16)}
    assert table["frames"] == [frame.number for frame in guest.table.shared]
    assert table["status_frames"] == [frame.number for frame in guest.table.status]


def test_what_can_be_read() -> None:
    """Would catch a text of all tables from which something is missing."""
    d0, guest = pair()
    rc(guest, "set_version", version=[2])
    map_one(d0, guest, grant(guest, 8, d0, 1), flags=HOST | DEVICE, host_addr=[d0.reserve()])
    pass_on(guest, 9, d0, d0, 4)
    grant(d0, 20, guest, 3, READONLY)
    frame = guest.frame(1)
    d0.hypervisor.destroy(guest)
    d0.hypervisor.create_domain(1, domid=7)
    d0.hypervisor.create_domain(1, domid=4)
    empty = "d{}: pv, x86_64; grant table version 1, 1 of 64 frames"
    pin = f"in use by d0, frame {frame:#x}: host_read=0 host_write=1 device_read=0 device_write=1"
    assert text(d0.hypervisor).split("\n") == [
        "d0: pv, x86_64; grant table version 1, 1 of 64 frames",
        f"  [20] flags 0x0005 for d1 frame {d0.frame(3):#x}",
        "  handle 0: entry 8 of d1, flags 0x3",
        "d1: pv, x86_64, dying; grant table version 2, 1 of 64 frames",
        f"  [8] flags 0x0001 status 0x18 for d0 frame {frame:#x}; {pin}",
        "  [9] flags 0x0003 status 0x0 for d0 frame 0x4",
        empty.format(4),
        empty.format(7),
        "",
    ]


def test_handles_are_told_in_order() -> None:
    """Would catch handles in the order in which they were taken."""
    d0, guest = pair(max_maptrack_frames=1)
    grant(guest, 8, d0)
    address = guest.frame(0) << 12
    for _ in range(255):
        handle = map_one(d0, guest, 8)
        call(d0, "unmap_grant_ref", handle=[handle], dev_bus_addr=address).raise_for_status()
    assert [map_one(d0, guest, 8) for _ in range(2)] == [255, 0]
    assert list(d0.table.dump()["handles"]) == [0, 255]


def test_a_recording_plays_the_same() -> None:
    """Would catch a domain that a recorder sees differently from how it answers."""
    d0, guest = pair()
    grant(guest, 8, d0, 1)
    recorder = Recorder(d0)
    batch = call_through(recorder, "map_grant_ref", flags=DEVICE, ref=[8, 900], dom=guest.domid)
    assert batch == [0, Status.BAD_GNTREF]
    first = recorder.scenario.text()
    d0, guest = pair()
    grant(guest, 8, d0, 1)
    again = Recorder(d0)
    call_through(again, "map_grant_ref", flags=DEVICE, ref=[8, 900], dom=guest.domid)
    assert again.scenario.text() == first


def call_through(recorder: Recorder, op: str, **columns: object) -> list[int]:
    """Make a call by way of a recorder, and return the statuses."""
    from xengnt import Dispatcher

    return list(Dispatcher(recorder).call(op, **columns).status)
