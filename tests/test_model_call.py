# SPDX-License-Identifier: MIT
"""The model against the facts about the hypercall: order of checks, batches, what is written."""

from __future__ import annotations

import errno
import itertools
from typing import Any

import pytest
from model_world import (
    DEVICE,
    HOST,
    KINDS,
    OPS,
    PERMIT,
    RESERVED_IDS,
    SELF,
    call,
    grant,
    in_use,
    map_one,
    pair,
    raw,
    rc,
    status,
)

import xengnt
from xengnt import Abi, InvalidValue, Unavailable
from xengnt.abi.constants import Status
from xengnt.backends import Backend
from xengnt.model import Hypervisor

ENOSYS, EINVAL, EFAULT = -errno.ENOSYS, -errno.EINVAL, -errno.EFAULT

ARRAYS = ("map_grant_ref", "unmap_grant_ref", "unmap_and_replace", "transfer", "copy",
          "swap_grant_ref")  # fmt: skip
ALONE = ("setup_table", "query_size", "get_status_frames")
HVM_OPS = ("query_size", "setup_table", "set_version", "get_version", "copy", "map_grant_ref",
           "unmap_grant_ref", "swap_grant_ref")  # fmt: skip
NOWHERE = 0x0F00_0000
"""An address at which no guest has anything."""


def poisoned(abi: Abi, op: str, **columns: Any) -> bytes:
    """Return arguments whose holes and OUT fields are full of 0xAA."""
    return abi.encode(op, columns, poison=0xAA)


def test_a_domain_is_a_backend() -> None:
    """Would catch a domain that the dispatcher or a recorder cannot use."""
    d0, _ = pair()
    assert isinstance(d0, Backend)
    recorder = xengnt.Recorder(d0)
    assert xengnt.Dispatcher(recorder).query_size(dom=SELF).nr_frames == [1]


@pytest.mark.parametrize("kind", ["hvm64", "pvh32"])
def test_hvm_guests_may_call_only_eight(kind: str) -> None:
    """Would catch a deviation from this.

    "An x86 HVM or PVH guest may call only query_size, setup_table, set_version, get_version,
    copy, map, unmap, swap; all else, bits above the low 12 included -> -ENOSYS, before anything
    is looked at (count, pointer) [seen]".
    """
    d0, _ = pair(kind)
    for op, cmd in OPS.items():
        rc, _ = raw(d0, cmd, count=0x80000000, address=NOWHERE)
        assert rc == (EINVAL if op in HVM_OPS else ENOSYS), op
        assert raw(d0, cmd | 0x1000, count=0)[0] == ENOSYS
    assert raw(d0, 99, count=0x80000000)[0] == ENOSYS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("op", ["copy", "map_grant_ref", "setup_table", "set_version"])
def test_a_negative_count_comes_first(kind: str, op: str) -> None:
    """Would catch: "`count` with bit 31 set -> -EINVAL [seen]", whatever else is wrong."""
    d0, _ = pair(kind)
    assert raw(d0, OPS[op], count=0x80000000, address=1 << 47)[0] == EINVAL
    assert d0.reasons[0][0] is None
    assert "count" in d0.reasons[0][1]


@pytest.mark.parametrize("kind", ["pv64", "pv32", "arm64"])
def test_only_cache_flush_has_upper_bits(kind: str) -> None:
    """Would catch a deviation from this.

    "Any bit of `cmd` above the low 12 -> -EINVAL, except for cache_flush, which keeps its
    continuation there [seen]".
    """
    d0, _ = pair(kind)
    for op, cmd in OPS.items():
        expected = 0 if op == "cache_flush" else EINVAL
        assert raw(d0, cmd | 0x1000, count=0)[0] == expected, op
    assert raw(d0, 99 | 0x1000, count=0)[0] == EINVAL


@pytest.mark.parametrize("op", [*ARRAYS, "cache_flush"])
def test_a_64_bit_pv_address_is_checked_at_its_start(op: str) -> None:
    """Would catch a deviation from this.

    "Only the address of the array is range-checked: 64-bit PV: a start inside Xen's own hole or a
    non-canonical one -> -EFAULT".
    """
    d0, _ = pair()
    for address in (1 << 47, 0xFFFF8000_00000000, 0xFFFF87FF_FFFFFFFF):
        assert raw(d0, OPS[op], count=0, address=address)[0] == EFAULT
    for address in ((1 << 47) - 1, 0xFFFF8800_00000000, NOWHERE, 0):
        assert raw(d0, OPS[op], count=0, address=address)[0] == 0


def test_a_32_bit_pv_address_is_checked_as_a_whole() -> None:
    """Would catch: "32-bit PV: the whole range; HVM and Arm: nothing"."""
    d0, guest = pair("pv32")
    ref = grant(guest, 8, d0)
    data = d0.abi.encode("map_grant_ref", [{"flags": DEVICE, "ref": ref, "dom": guest.domid}])
    assert raw(d0, 0, data, 0x7FFFFFFF)[0] == EFAULT
    assert not guest.table.pins  # nothing was done
    assert raw(d0, 0, count=0, address=0xF5800000)[0] == EFAULT
    assert raw(d0, 0, count=0, address=0xF57FFFFF)[0] == 0
    for address, words in ((0xF5800000 - 48, "has nothing at"), (0xF5800001 - 48, "no address")):
        assert raw(d0, OPS["copy"], count=2, address=address)[0] == EFAULT
        assert words in d0.reasons[0][1]
    for kind in ("hvm64", "pvh32", "arm64"):
        other, _ = pair(kind)
        assert raw(other, OPS["copy"], count=0, address=0xFFFFF000)[0] == 0


@pytest.mark.parametrize("kind", ["pv64", "hvm64", "arm64", "arm32"])
@pytest.mark.parametrize("op", ["copy", "map_grant_ref"])
def test_a_page_that_is_not_there_faults_when_it_is_reached(kind: str, op: str) -> None:
    """Would catch a deviation from this.

    "An unmapped page faults when its element is reached: -EFAULT, and earlier elements stay done
    [seen: copy and map with count 0x7fffffff]".
    """
    d0, guest = pair(kind)
    ref = grant(guest, 8, d0, 1)
    form = d0.abi.struct(op)
    end = d0.address(15) + 4096
    fields: dict[str, Any] = {"flags": HOST, "ref": ref, "dom": guest.domid}
    fields["host_addr"] = d0.reserve()
    if op == "copy":
        fields = {"source.u.ref": ref, "source.domid": guest.domid, "flags": 1, "len": 4}
        fields |= {"dest.domid": SELF, "dest.u.gmfn": d0.frame(0)}
    at = end - 2 * form.size
    guest.page(1)[:4] = b"done"
    d0.memory.write(at, d0.abi.encode(op, [fields], poison=0xAA) + bytes(form.size))
    assert d0.call(OPS[op], at, 0x7FFFFFFF) == EFAULT
    first = d0.abi.decode(op, d0.memory.read(at, 2 * form.size))
    assert first[0]["status"] == Status.OKAY
    assert first[1]["status"] < 0 or op == "copy"  # the second is zeros
    assert d0.reasons[-1][0] == 2
    assert bytes(d0.page(0)[:4]) == b"done" if op == "copy" else guest.table.pins


def test_an_element_may_cross_pages() -> None:
    """Would catch an element that is cut at the end of a page."""
    d0, guest = pair()
    guest.page(1)[:4] = b"data"
    grant(guest, 8, d0, 1)
    fields = {"source.u.ref": 8, "source.domid": guest.domid, "flags": 1, "len": 4}
    fields |= {"dest.u.gmfn": d0.frame(0), "dest.domid": xengnt.Domid.SELF}
    for back in range(1, 40):
        at = d0.address(3) - back
        d0.memory.write(at, poisoned(d0.abi, "copy", **fields))
        d0.page(0)[:4] = bytes(4)
        assert d0.call(OPS["copy"], at, 1) == 0
        after = d0.memory.read(at, 40)
        assert d0.abi.decode("copy", after)[0]["status"] == 0
        assert after[38:] == b"\xaa\xaa"
        assert bytes(d0.page(0)[:4]) == b"data"


@pytest.mark.parametrize("kind", ["pv64", "pv32", "arm64"])
def test_there_is_no_such_op(kind: str) -> None:
    """Would catch a deviation from this.

    "An unknown op, dump_table (3), or cache_flush where it does not exist -> -ENOSYS [seen]".
    """
    d0, _ = pair(kind, cache_flush=False)
    for cmd in (3, 12, 13, 77, 0xFFF):
        assert raw(d0, cmd, count=1, address=NOWHERE)[0] == ENOSYS


@pytest.mark.parametrize("kind", KINDS)
def test_domid_self_is_not_for_map_and_transfer(kind: str) -> None:
    """Would catch a deviation from this.

    "`DOMID_SELF` is accepted by setup_table, query_size, get_version, get_status_frames and copy.
    Not by map and transfer: bad_domain [seen]".
    """
    d0, _ = pair(kind)
    assert status(d0, "setup_table", dom=SELF, nr_frames=0) is Status.OKAY
    assert status(d0, "query_size", dom=SELF) is Status.OKAY
    assert rc(d0, "get_version", dom=SELF) == 0
    if kind not in ("hvm64", "pvh32"):
        assert status(d0, "get_status_frames", dom=SELF, nr_frames=0) is Status.OKAY
    own = {"u.gmfn": d0.frame(0), "domid": SELF}
    columns = {f"{side}.{name}": v for side in ("source", "dest") for name, v in own.items()}
    assert status(d0, "copy", len=1, flags=0, **columns) is Status.OKAY
    for index, domid in enumerate(RESERVED_IDS, 1):
        at = d0.reserve()
        fields = {"host_addr": [at], "flags": HOST, "ref": 0, "dom": domid}
        assert status(d0, "map_grant_ref", **fields) is Status.BAD_DOMAIN
        words = " (DOMID_SELF), which is not taken here" if domid == 0x7FF0 else ""
        assert d0.reasons == [(0, f"there is no domain {domid:#x}{words}")]
        if kind.startswith("pv6"):
            moved = {"mfn": [d0.frame(index)], "domid": domid, "ref": 0}
            assert status(d0, "transfer", **moved) is Status.BAD_DOMAIN


@pytest.mark.parametrize("op", ARRAYS)
@pytest.mark.parametrize("kind", ["pv64", "pv32"])
def test_nothing_is_fine(kind: str, op: str) -> None:
    """Would catch: "Count 0 on array ops is 0, even with NULL [seen]"."""
    d0, _ = pair(kind)
    assert raw(d0, OPS[op], count=0) == (0, b"")
    assert raw(d0, OPS["cache_flush"], count=0) == (0, b"")


@pytest.mark.parametrize("op", ALONE)
def test_one_struct_a_call(op: str) -> None:
    """Would catch: "must be 1, else -EINVAL, even 0 with NULL"."""
    d0, _ = pair()
    data = d0.abi.encode(op, [{"dom": 0}] * 2)
    assert raw(d0, OPS[op], data, 2) == (EINVAL, data)
    assert raw(d0, OPS[op], count=0)[0] == EINVAL
    assert raw(d0, OPS[op], count=1)[0] == EFAULT
    assert d0.reasons == [(None, "d0 has nothing at 0x0")]
    assert raw(d0, OPS[op], count=2, address=1 << 47)[0] == EINVAL


def test_query_size_takes_exactly_one_from_32_bits_too() -> None:
    """Would catch a compat rule of setup_table on query_size, which is not translated."""
    d0, _ = pair("pv32")
    assert raw(d0, OPS["query_size"], count=0)[0] == EINVAL


@pytest.mark.parametrize("count", [0, 1, 2, 77, 0x7FFFFFFF])
@pytest.mark.parametrize("kind", ["pv64", "pv32", "hvm64"])
def test_the_count_of_versions_is_ignored(kind: str, count: int) -> None:
    """Would catch a deviation from this.

    "set_version: ignored, one is processed, 0 too [seen]; get_version: ignored, one is processed
    [seen]".
    """
    d0, _ = pair(kind)
    data = d0.abi.encode("set_version", [{"version": 2}, {"version": 9}])
    assert raw(d0, 8, data, count) == (0, data)
    assert d0.table.version == 2
    data = d0.abi.encode("get_version", [{"dom": xengnt.Domid.SELF}] * 2, poison=0xAA)
    result, after = raw(d0, 10, data, count)
    assert (result, after) == (0, data[:4] + b"\x02\0\0\0" + data[8:])


def test_a_batch_goes_on_after_a_failure() -> None:
    """Would catch a batch of map that stops: "a failing element: goes on, rc 0"."""
    d0, guest = pair()
    refs = [grant(guest, 8, d0), 100000, grant(guest, 9, d0, 1)]
    batch = call(d0, "map_grant_ref", flags=DEVICE, ref=refs, dom=guest.domid)
    assert (batch.rc, batch.status) == (0, [0, Status.BAD_GNTREF, 0])
    assert [index for index, _ in d0.reasons] == [1]
    done = call(d0, "unmap_grant_ref", handle=[batch.handle[0], 999, batch.handle[2]])
    assert (done.rc, done.status) == (0, [0, Status.BAD_HANDLE, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_map_keeps_what_it_does_not_write(kind: str) -> None:
    """Would catch a deviation from this.

    "handle and dev_bus_addr keep their input on error [seen]", "An untouched OUT field keeps the
    caller's bytes, and so do all holes [seen]".
    """
    d0, _ = pair(kind)
    for op in ("map_grant_ref", "unmap_grant_ref", "copy", "swap_grant_ref", "query_size"):
        columns = {"map_grant_ref": {"ref": 9}, "query_size": {"dom": 77}}.get(op, {})
        columns |= {"copy": {"len": 1}, "swap_grant_ref": {"ref_a": 1 << 30}}.get(op, {})
        data = poisoned(d0.abi, op, **columns)
        result, after = raw(d0, OPS[op], data)
        offset = d0.abi.struct(op).field("status").offset
        assert result == 0
        assert after[offset : offset + 2] != data[offset : offset + 2]
        assert after[:offset] + after[offset + 2 :] == data[:offset] + data[offset + 2 :], op


def test_what_comes_out_of_success() -> None:
    """Would catch an OUT field that is not written, or a hole that is."""
    d0, guest = pair()
    ref = grant(guest, 8, d0, 2)
    data = poisoned(d0.abi, "map_grant_ref", flags=DEVICE, ref=ref, dom=guest.domid)
    _, after = raw(d0, 0, data)
    (row,) = d0.abi.decode("map_grant_ref", after)
    assert row["dev_bus_addr"] == guest.frame(2) << 12
    assert row["handle"] in d0.table.maptrack.live
    assert after[:18] == data[:18]
    data = poisoned(d0.abi, "query_size", dom=guest.domid)
    _, after = raw(d0, 6, data)
    assert after[4:12] == b"\1\0\0\0\x40\0\0\0"
    assert (after[2:4], after[14:]) == (b"\xaa\xaa", b"\xaa\xaa")


def test_the_statuses_of_a_read_only_page_cannot_be_written() -> None:
    """Would catch arguments in memory that the guest may only read."""
    d0, guest = pair()
    at = d0.reserve()
    map_one(d0, guest, grant(guest, 8, d0, 3), host_addr=[at], flags=HOST | xengnt.MapFlag.READONLY)
    guest.page(3)[:40] = d0.abi.encode("copy", [{"len": 5000}])
    assert d0.call(5, at, 1) == EFAULT
    with pytest.raises(InvalidValue, match="may only read"):
        d0.memory.write(at, b"x")
    flags = HOST | xengnt.MapFlag.READONLY
    map_one(d0, guest, grant(guest, 9, d0, 4), host_addr=[d0.reserve()], flags=flags)
    guest.page(3)[4094:], guest.page(4)[:2] = b"ac", b"ro"
    assert d0.memory.read(at + 4094, 4) == b"acro"


def test_the_upper_half_of_an_address_is_not_there_on_32_bits() -> None:
    """Would catch a 64-bit address from a 32-bit caller."""
    d0, _ = pair("pv32")
    data = d0.abi.encode("query_size", [{"dom": 0}])
    at = d0.memory.allocate(len(data))
    d0.memory.write(at, data)
    assert d0.call(6, at | 1 << 32, 1) == 0
    assert d0.call(6 | 1 << 32, at, 1 | 1 << 32) == 0  # nor is that of what else is an int in C


def test_the_entry_shows_that_it_is_in_use() -> None:
    """Would catch a model that keeps its own idea of entries instead of the bytes."""
    d0, guest = pair()
    write_ref = grant(guest, 20, d0)
    assert guest.table.frames[0][160:164].hex() == f"{PERMIT:02x}000000"
    map_one(d0, guest, write_ref)
    assert guest.table.frames[0][160] == PERMIT | in_use(guest, 20) == 0x19


def test_the_memory_of_a_guest() -> None:
    """Would catch memory that is not given back, not zero, or not where it is said to be."""
    d0, _ = pair()
    memory = d0.memory
    at = memory.allocate(100)
    memory.write(at, b"x" * 100)
    assert (memory.extent(at), memory.extent(at + 60)) == (100, 40)
    memory.free(at)
    assert memory.allocate(100) == at
    assert memory.read(at, 100) == bytes(100)
    memory.free(at)
    with pytest.raises(InvalidValue, match="nothing was allocated"):
        memory.free(at)
    assert memory.extent(NOWHERE) == 0
    assert memory.extent(d0.address(1) + 96) == 4000
    with pytest.raises(InvalidValue, match="has nothing at"):
        memory.read(NOWHERE, 1)
    large = memory.allocate(100_000)
    memory.write(large, bytes(range(256)) * 390)
    assert memory.read(large + 5000, 3) == bytes([136, 137, 138])


def test_pieces_of_memory_do_not_overlap() -> None:
    """Would catch a piece that reaches into the next one, or is lost when it is given back."""
    memory = pair()[0].memory
    sizes = [0, 0, 1, 8, 16, 17, 17, 32, 33, 4096, 4097, 8]
    spans = sorted((memory.allocate(size), size) for size in sizes)
    for (at, size), (following, _) in itertools.pairwise(spans):
        assert at + max(size, 1) <= following
        assert at % 8 == 0
    for at, size in spans:
        memory.free(at)
        assert memory.allocate(size) == at
    at = memory.allocate(100)
    assert memory.extent(at + 99) == 1
    assert memory.extent(at + 100) == 4096 - (at + 100) % 4096


def test_how_much_memory_there_is_for_arguments() -> None:
    """Would catch arguments that reach to where mappings are, or stop before."""
    d0, _ = pair(low_frames=40)
    with pytest.raises(Unavailable, match="no room for"):
        d0.memory.allocate((1 << 30) + 1)
    with pytest.raises(Unavailable, match="no memory left"):
        d0.memory.allocate(1 << 30)


def test_choices_that_there_are_not() -> None:
    """Would catch a machine that is made of nonsense."""
    for wrong in ({"xen_version": "new"}, {"max_version": 3}, {"max_grant_frames": 0},
                  {"max_maptrack_frames": -1}):  # fmt: skip
        with pytest.raises(InvalidValue):
            Hypervisor(**wrong)  # type: ignore[arg-type]  # that is the point
    hv = Hypervisor(max_grant_frames=1)
    hv.create_domain(1)
    for wrong in ({"abi": "arm64"}, {"kind": "arm"}, {"domid": 0}, {"domid": 0x7FF0}, {"domid": -1},
                  {"pages": -1}, {"kind": "mini"}):  # fmt: skip
        with pytest.raises(InvalidValue):
            hv.create_domain(**wrong)  # type: ignore[arg-type]  # the same


def test_the_last_number_of_a_domain() -> None:
    """Would catch a number that no domain may have, or one that is never given."""
    hv = Hypervisor()
    hv.domains = dict.fromkeys(range(0x7FEF), hv.create_domain(1))
    assert hv.create_domain(1).domid == 0x7FEF
    with pytest.raises(InvalidValue, match="can be no domain's"):
        hv.create_domain(1)


@pytest.mark.parametrize("version", ["4", "4.17.5.1", "4.x", "x.17", "4.", "4.\u0661", "4.17-rc1"])
def test_versions_that_there_are_not(version: str) -> None:
    """Would catch a version that is half read, and one that `int` takes and Xen has not."""
    with pytest.raises(InvalidValue, match="expected such as"):
        Hypervisor(version)


def test_a_version_of_three_numbers() -> None:
    """Would catch a point release that is refused, or taken for another version."""
    assert Hypervisor("4.19.2").behaviour.version == (4, 19)


def test_elements_fail_that_are_to_fail() -> None:
    """Would catch an injected failure that changes something, or hits another element."""
    hv = Hypervisor()
    d0, guest = hv.create_domain(), hv.create_domain()
    ref = guest.grants.permit_access(d0.domid, guest.frame(1))
    rows = [
        {"host_addr": d0.reserve(), "flags": "host_map", "ref": ref, "dom": guest.domid}
        for _ in range(5)
    ]
    hv.inject("map_grant_ref", Status.EAGAIN, skip=1, times=2)
    hv.inject("map_grant_ref", Status.NO_SPACE, domid=guest.domid, times=None)
    batch = xengnt.Dispatcher(d0).map_grant_ref(rows)
    assert batch.status == [0, Status.EAGAIN, Status.EAGAIN, 0, 0]
    assert d0.injected == [1, 2]
    assert d0.reasons[0] == (1, "injected: GNTST_eagain")
    assert guest.table.pins[ref].as_dict()["host_write"] == 3
    assert hv.faults.heal() == 2
    for op, wrong in (("set_version", -1), ("copy", 0), ("copy", -99), ("no_such", -1)):
        with pytest.raises(InvalidValue):
            hv.inject(op, wrong)
    assert not hv.faults.planned
