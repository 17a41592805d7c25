# SPDX-License-Identifier: MIT
"""The model against the facts about tables: their size, frames, versions, and swapping."""

from __future__ import annotations

import errno

import pytest
from model_world import (
    ACCEPT,
    DEVICE,
    HOST,
    KINDS,
    OPS,
    PERMIT,
    READING,
    RO,
    SELF,
    TRANSITIVE,
    WRITING,
    call,
    entry,
    grant,
    in_use,
    map_one,
    pair,
    pass_on,
    raw,
    rc,
    status,
    write,
)

from xengnt.abi.constants import Status

EFAULT, EINVAL = -errno.EFAULT, -errno.EINVAL
NOWHERE = 0x0F00_0000
NO_STATUS_FRAMES = ("hvm64", "pvh32")
VERSION_2 = ("pv64", "pv32", "hvm64", "pvh32")


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_grows(kind: str) -> None:
    """Would catch a deviation from this.

    "table grows to nr_frames; frame numbers written"; "nr_frames 0 is fine [seen]"; "okay with
    current and maximum frames"; a list longer than asked for.
    """
    d0, _ = pair(kind)

    def size() -> tuple[int, int]:
        batch = call(d0, "query_size", dom=SELF).raise_for_status()
        return batch.nr_frames[0], batch.max_nr_frames[0]

    assert size() == (1, 64)
    assert status(d0, "setup_table", dom=SELF, nr_frames=0) is Status.OKAY
    assert size() == (1, 64)
    frames = call(d0, "setup_table", dom=SELF, nr_frames=3).raise_for_status().frames
    assert size() == (3, 64)
    if not d0.translated:
        assert frames == [frame.number for frame in d0.table.shared]
    assert len(call(d0, "setup_table", dom=d0.domid, nr_frames=2).frames) == 2
    assert size() == (3, 64)


@pytest.mark.parametrize("kind", ["hvm64", "arm64", "arm32"])
def test_a_translated_guest_gives_the_numbers(kind: str) -> None:
    """Would catch these mistakes.

    A machine frame number that a translated guest gets to see: it gets its own number for the
    frame, or all ones before it has one.
    """
    d0, _ = pair(kind)
    assert call(d0, "setup_table", dom=SELF, nr_frames=1).frames == [(1 << 64) - 1]
    at = d0.map_table()
    assert call(d0, "setup_table", dom=SELF, nr_frames=1).frames == [at >> 12]
    d0.table.frames[0][8:12] = b"seen"
    assert d0.memory.read(at + 8, 4) == b"seen"


@pytest.mark.parametrize("kind", KINDS)
def test_more_frames_than_there_may_be(kind: str) -> None:
    """Would catch: "nr_frames above the maximum (64 by default) -> general_error [seen]"."""
    d0, _ = pair(kind)
    assert status(d0, "setup_table", dom=SELF, nr_frames=64) is Status.OKAY
    assert status(d0, "setup_table", dom=SELF, nr_frames=65) is Status.GENERAL_ERROR
    small, _ = pair(kind, max_grant_frames=2)
    assert status(small, "setup_table", dom=SELF, nr_frames=3) is Status.GENERAL_ERROR
    assert call(small, "query_size", dom=SELF).max_nr_frames == [2]


@pytest.mark.parametrize("op", ["setup_table", "query_size", "get_status_frames"])
@pytest.mark.parametrize("kind", KINDS)
def test_whose_table(kind: str, op: str) -> None:
    """Would catch a deviation from this.

    "unknown domain -> bad_domain; another domain without privilege -> permission_denied",
    "query_size: bad_domain [seen], permission_denied".
    """
    d0, guest = pair(kind)
    if op == "get_status_frames" and kind in NO_STATUS_FRAMES:
        assert raw(d0, OPS[op])[0] == -errno.ENOSYS
        return
    extra = {} if op == "query_size" else {"nr_frames": 0}
    for domid in (5, 0x7FEF, "DOMID_IO", "DOMID_XEN", "DOMID_INVALID", 0xFFFF):
        assert status(d0, op, dom=domid, **extra) is Status.BAD_DOMAIN
    assert status(d0, op, dom=guest.domid, **extra) is Status.OKAY
    assert status(guest, op, dom=0, **extra) is Status.PERMISSION_DENIED
    assert status(guest, op, dom=guest.domid, **extra) is Status.OKAY


@pytest.mark.parametrize("kind", ["pv64", "hvm64", "arm64"])
def test_a_list_that_cannot_be_written(kind: str) -> None:
    """Would catch a deviation from this.

    "list not writable -> bad_virt_addr [seen]", with the table grown, and what fits of the list
    written.
    """
    d0, _ = pair(kind)
    columns = {"dom": SELF, "nr_frames": 3}
    assert status(d0, "setup_table", frame_list=NOWHERE, **columns) is Status.BAD_VIRT_ADDR
    assert len(d0.table.shared) == 3
    edge = d0.address(15) + 4096 - 8
    assert status(d0, "setup_table", frame_list=edge, **columns) is Status.BAD_VIRT_ADDR
    assert any(d0.memory.read(edge, 8))


def test_a_list_over_the_arguments() -> None:
    """Would catch arguments that are written back over the numbers of frames."""
    d0, _ = pair()
    at, offset = d0.address(3), d0.abi.struct("setup_table").field("frame_list").offset
    row = {"dom": 0x7FF0, "nr_frames": 1, "frame_list": at + offset}
    d0.memory.write(at, d0.abi.encode("setup_table", [row]))
    assert d0.call(OPS["setup_table"], at, 1) == 0
    number = int.from_bytes(d0.memory.read(at + offset, 8), "little")
    assert number == d0.table.shared[0].number


def test_a_list_that_is_not_looked_at() -> None:
    """Would catch: "list not accessible -> -EFAULT", before the domain is looked up."""
    d0, _ = pair()
    for op in ("setup_table", "get_status_frames"):
        assert call(d0, op, dom=77, nr_frames=1, frame_list=1 << 47).rc == EFAULT
        assert call(d0, op, dom=77, nr_frames=1, frame_list=1).status == [Status.BAD_DOMAIN]
    arm, _ = pair("arm64")
    batch = call(arm, "setup_table", dom=SELF, nr_frames=1, frame_list=1 << 47)
    assert batch.status == [Status.BAD_VIRT_ADDR]


@pytest.mark.parametrize("kind", ["pv64", "pv32", "arm64"])
def test_status_frames(kind: str) -> None:
    """Would catch a deviation from this.

    "get_status_frames: as setup_table, but nr_frames above the number of status frames ->
    general_error, so any but 0 under v1 [seen]"; "the status array is one 16-bit word an entry,
    2048 to a frame".
    """
    d0, _ = pair(kind)
    assert status(d0, "get_status_frames", dom=SELF, nr_frames=0) is Status.OKAY
    assert status(d0, "get_status_frames", dom=SELF, nr_frames=1) is Status.GENERAL_ERROR
    if kind == "arm64":
        return
    rc(d0, "set_version", version=[2])
    for frames, expected in ((1, 1), (8, 1), (9, 2), (64, 8)):
        call(d0, "setup_table", dom=SELF, nr_frames=frames).raise_for_status()
        batch = call(d0, "get_status_frames", dom=SELF, nr_frames=expected).raise_for_status()
        assert batch.frames == [frame.number for frame in d0.table.status]
        columns = {"dom": SELF, "nr_frames": expected + 1}
        assert status(d0, "get_status_frames", **columns) is Status.GENERAL_ERROR
    assert len(d0.table.entries) == 64 * 256
    columns = {"dom": SELF, "nr_frames": 1, "frame_list": d0.address(3)}
    call(d0, "get_status_frames", **columns).raise_for_status()
    size = d0.abi.struct("get_status_frames").field("frame_list").pointee.size
    assert bytes(d0.page(3)) == d0.table.status[0].number.to_bytes(size, "little").ljust(
        4096, b"\0"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_the_version(kind: str) -> None:
    """Would catch a deviation from this.

    "get_version: unknown domain -> rc -ESRCH [seen]; without privilege -> -EPERM", and a version
    that is written all the same.
    """
    d0, guest = pair(kind)
    data = d0.abi.encode("get_version", [{"dom": 77}], poison=0xAA)
    assert raw(d0, OPS["get_version"], data) == (-errno.ESRCH, data)
    data = d0.abi.encode("get_version", [{"dom": 0}], poison=0xAA)
    assert raw(guest, OPS["get_version"], data) == (-errno.EPERM, data)
    assert call(d0, "get_version", dom=guest.domid).version == [1]
    assert call(guest, "get_version", dom=SELF).version == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_versions_that_there_are_not(kind: str) -> None:
    """Would catch a deviation from this.

    "set_version: not 1 or 2 -> -EINVAL [seen]"; "2 not allowed (Arm, or configured) -> -ENOSYS
    [seen]"; "version, also on error: the version in force [seen]"; "same version -> 0".
    """
    d0, _ = pair(kind)
    limited, _ = pair(kind, max_version=1)
    for version in (0, 3, 0xFFFFFFFF):
        batch = call(d0, "set_version", version=[version])
        assert (batch.rc, batch.version) == (EINVAL, [1])
    for domain in (d0, limited) if kind.startswith("arm") else (limited,):
        batch = call(domain, "set_version", version=[2])
        assert (batch.rc, batch.version) == (-errno.ENOSYS, [1])
    grant(d0, 20, 0)
    batch = call(d0, "set_version", version=[1])
    assert (batch.rc, batch.version) == (0, [1])
    assert entry(d0, 20)["flags"] == PERMIT  # and nothing is cleared


@pytest.mark.parametrize("kind", VERSION_2)
def test_success_clears_the_table(kind: str) -> None:
    """Would catch: "Success clears the table but for entries 0 to 7 [seen]", there and back."""
    _, guest = pair(kind)
    call(guest, "setup_table", dom=SELF, nr_frames=2).raise_for_status()
    for ref in range(20):
        grant(guest, ref, ref, ref % 16, 4)
    before = [entry(guest, ref) for ref in range(8)]
    assert rc(guest, "set_version", version=[2]) == 0
    for ref, old in enumerate(before):
        now = entry(guest, ref)
        assert now["full_page.frame"] == old["frame"]
        assert now["full_page.hdr.domid"] == old["domid"]
        assert now["full_page.hdr.flags"] == old["flags"] == PERMIT | 4
    assert not any(guest.table.frames[0][8 * 16 :])
    assert rc(guest, "set_version", version=[1]) == 0
    assert [entry(guest, ref) for ref in range(8)] == before
    assert not any(guest.table.frames[0][8 * 8 :])


@pytest.mark.parametrize("kind", VERSION_2)
def test_no_version_while_in_use(kind: str) -> None:
    """Would catch a deviation from this.

    "a pin on any entry beyond the reserved 8 -> -EBUSY [seen]"; a reserved one may be in use, and
    stays so.
    """
    d0, guest = pair(kind)
    handle = map_one(d0, guest, grant(guest, 8, d0), flags=HOST | RO, host_addr=[d0.reserve()])
    assert rc(guest, "set_version", version=[2]) == -errno.EBUSY
    assert entry(guest, 8)["flags"] & READING
    d0, guest = pair(kind)
    at = d0.reserve()
    handle = map_one(d0, guest, grant(guest, 7, d0), flags=HOST, host_addr=[at])
    for version in (2, 1, 2):
        assert rc(guest, "set_version", version=[version]) == 0
        assert in_use(guest, 7) == READING | WRITING
    assert entry(guest, 7)["full_page.hdr.flags"] == PERMIT
    call(d0, "unmap_grant_ref", handle=[handle], host_addr=at).raise_for_status()
    assert in_use(guest, 7) == 0


def test_what_version_1_cannot_hold() -> None:
    """Would catch a deviation from this.

    "2 -> 1 while a reserved entry is transitive or its frame needs more than 32 bits -> -ERANGE";
    others than permit_access are cleared.
    """
    d0, guest = pair()
    rc(guest, "set_version", version=[2])
    fields = {"full_page.hdr.flags": PERMIT, "full_page.hdr.domid": 0, "full_page.frame": 1 << 32}
    write(guest, 3, **fields)
    assert rc(guest, "set_version", version=[1]) == -errno.ERANGE
    pass_on(guest, 3, d0, d0, 9)
    assert rc(guest, "set_version", version=[1]) == -errno.ERANGE
    assert entry(guest, 3)["transitive.hdr.flags"] == TRANSITIVE
    write(guest, 3, **{**fields, "full_page.hdr.flags": ACCEPT})
    assert entry(guest, 3)["full_page.hdr.flags"] == ACCEPT
    write(guest, 4, **{**fields, "full_page.frame": 0xFFFFFFFF})
    assert rc(guest, "set_version", version=[1]) == 0
    assert entry(guest, 3) == {"flags": 0, "domid": 0, "frame": 0}
    assert entry(guest, 4) == {"flags": PERMIT, "domid": 0, "frame": 0xFFFFFFFF}


def test_status_frames_that_are_mapped() -> None:
    """Would catch: "status frames mapped -> -EBUSY": PV; a translated guest loses its view."""
    d0, _ = pair()
    rc(d0, "set_version", version=[2])
    at = d0.map_table(status=True)
    assert rc(d0, "set_version", version=[1]) == -errno.EBUSY
    assert call(d0, "get_version", dom=SELF).version == [2]
    d0.unmap_own(at)
    assert rc(d0, "set_version", version=[1]) == 0
    hvm, _ = pair("hvm64")
    rc(hvm, "set_version", version=[2])
    at = hvm.map_table(status=True)
    assert rc(hvm, "set_version", version=[1]) == 0
    assert hvm.memory.extent(at) == 0


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_swapping(kind: str, version: int) -> None:
    """Would catch a deviation from this.

    "ref_a, then ref_b beyond the table -> bad_gntref [seen]; equal -> okay; a, then b pinned ->
    eagain [seen]. Reserved entries may be swapped [seen]".
    """
    d0, guest = pair(kind)
    if kind.startswith("arm"):
        version = 1
    rc(guest, "set_version", version=[version])
    grant(guest, 1, d0, 1)
    grant(guest, 9, d0, 2, 4)
    one, other = entry(guest, 1), entry(guest, 9)

    def swap(a: int, b: int) -> Status:
        return status(guest, "swap_grant_ref", ref_a=[a], ref_b=b)

    assert swap(99999, 9) is Status.BAD_GNTREF
    assert guest.reasons[0][1].startswith("ref_a 99999: ")
    assert swap(99999, 88888) is Status.BAD_GNTREF
    assert swap(1, 88888) is Status.BAD_GNTREF
    assert guest.reasons[0][1].startswith("ref_b 88888: ")
    assert swap(1, 9) is Status.OKAY
    assert (entry(guest, 1), entry(guest, 9)) == (other, one)
    map_one(d0, guest, 9)
    assert swap(9, 9) is Status.OKAY
    assert swap(1, 9) is Status.EAGAIN
    assert guest.reasons == [(0, "ref_b 9 is in use by d0")]
    assert swap(9, 1) is Status.EAGAIN
    assert guest.reasons == [(0, "ref_a 9 is in use by d0")]
    assert entry(guest, 1) == other


def test_a_table_of_several_frames_is_seen_in_order() -> None:
    """Would catch frames of a table that are seen at each other's addresses."""
    d0, _ = pair()
    call(d0, "setup_table", dom=SELF, nr_frames=3).raise_for_status()
    at = d0.map_table()
    for index, data in enumerate(d0.table.frames):
        data[:2] = bytes([index, 7])
    found = [d0.memory.read(at + index * 4096, 2) for index in range(3)]
    assert found == [b"\0\7", b"\1\7", b"\2\7"]


def test_the_status_is_swapped_too() -> None:
    """Would catch a swap that leaves the words of the status array where they were."""
    _, guest = pair()
    rc(guest, "set_version", version=[2])
    guest.table.status_frames[0][2 * 9 : 2 * 9 + 2] = b"\x34\x12"
    assert status(guest, "swap_grant_ref", ref_a=[8], ref_b=9) is Status.OKAY
    assert bytes(guest.table.status_frames[0][16:20]) == b"\x34\x12\0\0"


def test_the_words_of_the_second_status_frame() -> None:
    """Would catch words that are kept elsewhere than in the frames that the guest sees."""
    d0, guest = pair()
    rc(guest, "set_version", version=[2])
    call(guest, "setup_table", dom=SELF, nr_frames=9).raise_for_status()
    frames = guest.table.status.copy()
    at = guest.map_table(status=True)
    handle = map_one(d0, guest, grant(guest, 2050, d0))
    assert guest.memory.read(at + 2 * 2049, 6) == bytes([0, 0, READING | WRITING, 0, 0, 0])
    address = guest.frame(0) << 12
    call(d0, "unmap_grant_ref", handle=[handle], dev_bus_addr=address).raise_for_status()
    for page in range(2):
        guest.unmap_own(at + page * 4096)
    assert rc(guest, "set_version", version=[1]) == 0
    assert [frame.owner for frame in frames] == [None, None]


def test_more_status_frames_than_can_be_translated() -> None:
    """Would catch a list of status frames longer than what Xen has room for: 1,022 numbers."""
    d0, _ = pair("pv32", max_grant_frames=8184)
    rc(d0, "set_version", version=[2])
    d0.table.grow(8184)
    for count, expected in ((1022, Status.OKAY), (1023, Status.GENERAL_ERROR)):
        assert status(d0, "get_status_frames", dom=SELF, nr_frames=count) is expected


def test_the_whole_of_a_small_machine() -> None:
    """Would catch a table that grows beyond the memory of the machine."""
    d0, _ = pair(low_frames=64)
    assert status(d0, "setup_table", dom=SELF, nr_frames=64) is Status.GENERAL_ERROR
    assert "no memory left" in d0.reasons[0][1]


def test_no_memory_for_the_status_array() -> None:
    """Would catch a failed change of version that has cleared the table."""
    d0, guest = pair(low_frames=40)
    grant(guest, 8, d0)
    call(guest, "query_size", dom=SELF)  # after which it has room for arguments
    used = len(d0.machine.frames)
    d0.hypervisor.create_domain(40 - used - 1)
    assert rc(guest, "set_version", version=[2]) == -errno.ENOMEM
    assert entry(guest, 8)["flags"] == PERMIT
    assert call(guest, "get_version", dom=SELF).version == [1]


def test_the_frames_of_a_table_can_be_granted() -> None:
    """Would catch frames of a table that are not memory of the guest like any other."""
    d0, guest = pair()
    write(guest, 8, flags=PERMIT, domid=0, frame=guest.table.shared[0].number)
    handle = map_one(d0, guest, 8, flags=HOST | DEVICE, host_addr=[at := d0.reserve()])
    assert d0.memory.read(at + 64, 2) == bytes([PERMIT | READING | WRITING, 0])
    assert handle in d0.table.maptrack.live
    assert map_one(d0, guest, 8, flags=DEVICE) != handle
