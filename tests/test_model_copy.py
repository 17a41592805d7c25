# SPDX-License-Identifier: MIT
"""The model against the facts about copy, transfer, cache_flush and 32-bit callers."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from model_world import (
    ACCEPT,
    DEVICE,
    HOST,
    KINDS,
    OPS,
    READING,
    READONLY,
    RO,
    SELF,
    TRANSITIVE,
    WRITING,
    accept,
    call,
    entry,
    grant,
    in_use,
    map_one,
    pages,
    pair,
    pass_on,
    raw,
    rc,
    status,
    sub_page,
    write,
)

from xengnt import CacheFlag
from xengnt.abi.constants import EntryFlag, Status, TransferFlag
from xengnt.model import Domain
from xengnt.model.machine import Frame

EFAULT, EINVAL, EPERM = -errno.EFAULT, -errno.EINVAL, -errno.EPERM
NOWHERE = 0x0F00_0000
VERSION_2 = ("pv64", "pv32", "hvm64", "pvh32")

Side = tuple[Domain | str | int, int, bool, int]
"""A domain, a reference or frame, whether it is a reference, an offset."""


def by_ref(domain: Domain | int, ref: int, at: int = 0) -> Side:
    """Return a side that is a grant."""
    return domain, ref, True, at


def by_frame(number: int, at: int = 0, domain: Domain | str | int = SELF) -> Side:
    """Return a side that is a frame of the caller's own."""
    return domain, number, False, at


def element(source: Side, dest: Side, length: int, flags: int = 0) -> dict[str, Any]:
    """Return an element of copy."""
    row: dict[str, Any] = {"len": length, "flags": flags}
    for bit, name, (domain, number, ref, at) in ((1, "source", source), (2, "dest", dest)):
        row["flags"] |= bit * ref
        row[f"{name}.u.{'ref' if ref else 'gmfn'}"] = number
        row[f"{name}.domid"] = domain.domid if isinstance(domain, Domain) else domain
        row[f"{name}.offset"] = at
    return row


def copy(caller: Domain, source: Side, dest: Side, length: int = 4, flags: int = 0) -> Status:
    """Copy once, and return the status."""
    row = element(source, dest, length, flags)
    return status(caller, "copy", **{name: [value] for name, value in row.items()})


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_move(kind: str) -> None:
    """Would catch a copy that moves other bytes than it was asked to, or marks that stay."""
    d0, guest = pair(kind)
    third = d0.hypervisor.create_domain(4, **KINDS[kind])
    grant(guest, 8, d0, 1, READONLY)
    grant(third, 9, d0, 2)
    guest.page(1)[:] = bytes(range(256)) * 16
    assert copy(d0, by_ref(guest, 8, 4092), by_frame(d0.frame(3), 7)) is Status.OKAY
    assert bytes(d0.page(3)) == bytes(7) + b"\xfc\xfd\xfe\xff" + bytes(4085)
    assert copy(d0, by_ref(guest, 8, 16), by_ref(third, 9), 4080) is Status.OKAY
    assert bytes(third.page(2)) == bytes(guest.page(1))[16:] + bytes(16)
    assert copy(d0, by_frame(d0.frame(3), 7), by_ref(third, 9, 0)) is Status.OKAY
    assert bytes(third.page(2)[:5]) == b"\xfc\xfd\xfe\xff\x14"
    assert (in_use(guest, 8), in_use(third, 9)) == (0, 0)
    assert not guest.table.pins
    assert not third.table.pins


@pytest.mark.parametrize("version", ["4.17", "4.18", "4.19"])
def test_copying_nothing(version: str) -> None:
    """Would catch a deviation from this.

    "len 0 -> okay, nothing else looked at: from Xen 4.19. Before, all checks run, so an offset
    beyond 4096 is bad_copy_arg, and a bad ref or domain its own status [seen on 4.17]".
    """
    d0, guest = pair(xen_version=version)
    grant(guest, 8, d0)
    cases = {
        Status.BAD_COPY_ARG: by_ref(guest, 8, 4097),
        Status.BAD_GNTREF: by_ref(guest, 99999),
        Status.BAD_DOMAIN: by_ref(77, 8),
        Status.OKAY: by_ref(guest, 8, 4096),
    }
    for expected, source in cases.items():
        found = copy(d0, source, by_frame(d0.frame(0)), 0)
        assert found is (Status.OKAY if version == "4.19" else expected)
    assert copy(d0, by_ref(77, 8), by_frame(d0.frame(0)), 1) is Status.BAD_DOMAIN


@pytest.mark.parametrize("kind", KINDS)
def test_whose_side_it_is(kind: str) -> None:
    """Would catch a deviation from this.

    "source then dest: unknown domain -> bad_domain [seen]; by frame with a domid other than
    DOMID_SELF -> permission_denied, the caller's own number included [seen]".
    """
    d0, guest = pair(kind)
    own = by_frame(d0.frame(0))
    unknown, foreign = by_ref(77, 99999), by_frame(guest.frame(0), domain=guest)
    assert copy(d0, unknown, own) is Status.BAD_DOMAIN
    assert copy(d0, own, unknown) is Status.BAD_DOMAIN
    assert copy(d0, foreign, own) is Status.PERMISSION_DENIED
    assert copy(d0, own, foreign) is Status.PERMISSION_DENIED
    assert copy(d0, by_frame(d0.frame(0), domain=d0), own) is Status.PERMISSION_DENIED
    assert copy(d0, unknown, foreign) is Status.BAD_DOMAIN
    assert copy(d0, foreign, unknown) is Status.BAD_DOMAIN  # domains come first
    assert "dest" in d0.reasons[0][1]
    assert copy(d0, foreign, by_frame(guest.frame(0))) is Status.PERMISSION_DENIED
    assert "source" in d0.reasons[0][1]
    assert copy(d0, by_ref(guest, 99999), unknown) is Status.BAD_DOMAIN  # domains come first


@pytest.mark.parametrize("patched", [False, True])
def test_a_frame_of_an_unknown_domain(patched: bool) -> None:  # noqa: FBT001 -- a parameter
    """Would catch a deviation from this.

    "copy by frame, foreign and unknown domain: permission_denied (before the fixes of November
    2026, XSA-523); bad_domain: the lookup comes first".
    """
    d0, _ = pair(patched=patched)
    own, unknown = by_frame(d0.frame(0)), by_frame(0, domain=77)
    expected = Status.BAD_DOMAIN if patched else Status.PERMISSION_DENIED
    assert copy(d0, unknown, own) is expected
    assert copy(d0, own, unknown) is expected
    assert copy(d0, by_ref(77, 0), own) is Status.BAD_DOMAIN


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_cannot_be_had(kind: str) -> None:
    """Would catch a deviation from this.

    "source claimed: by ref: beyond the table -> bad_gntref [seen], wrong type/domid ->
    general_error [seen]; by frame: bad_page [seen]".
    """
    d0, guest = pair(kind)
    own = by_frame(d0.frame(0))
    for beyond in (512, 1 << 31, 0xFFFFFFFF):
        assert copy(d0, by_ref(guest, beyond), own) is Status.BAD_GNTREF
        assert copy(d0, own, by_ref(guest, beyond)) is Status.BAD_GNTREF
    assert copy(d0, by_ref(guest, 511), own) is Status.GENERAL_ERROR
    grant(guest, 8, 77)
    assert copy(d0, by_ref(guest, 8), own) is Status.GENERAL_ERROR
    accept(guest, 8, d0)
    guest.table.frames[0][8 * 8 + 1] = 1  # and is no part of a page for that
    assert copy(d0, by_ref(guest, 8), own) is Status.GENERAL_ERROR
    assert "has type 2, not 1" in d0.reasons[0][1]
    grant(guest, 8, d0, None)
    assert copy(d0, by_ref(guest, 8), own) is Status.BAD_PAGE
    assert in_use(guest, 8) == 0
    assert copy(d0, by_frame(0xFFFFF), own) is Status.BAD_PAGE
    if kind == "pv64":
        assert copy(d0, by_frame(guest.frame(0)), own) is Status.BAD_PAGE


@pytest.mark.parametrize("version", [1, 2])
def test_a_destination_that_cannot_be_had(version: int) -> None:
    """Would catch a deviation from this.

    "dest claimed likewise, for writing: readonly grant -> general_error [seen]".
    """
    d0, guest = pair()
    rc(guest, "set_version", version=[version])
    own = by_frame(d0.frame(0))
    grant(guest, 8, d0, 1, READONLY)
    grant(guest, 9, d0, 2)
    assert copy(d0, own, by_ref(guest, 8)) is Status.GENERAL_ERROR
    assert copy(d0, own, by_ref(guest, 99999)) is Status.BAD_GNTREF
    assert copy(d0, own, by_frame(0xFFFFF)) is Status.BAD_PAGE
    assert copy(d0, by_ref(guest, 9), by_ref(guest, 8)) is Status.GENERAL_ERROR
    assert (in_use(guest, 8), in_use(guest, 9)) == (0, 0)
    assert copy(d0, by_ref(guest, 8), by_ref(guest, 9)) is Status.OKAY
    d0.page(0)[:] = bytes(range(256)) * 16
    assert copy(d0, own, by_ref(guest, 9), 4096) is Status.OKAY
    assert guest.page(2) == d0.page(0)
    accept(guest, 8, d0)
    assert copy(d0, by_ref(guest, 8), own) is Status.GENERAL_ERROR
    assert "has type 2, not 1" in d0.reasons[0][1]
    d0.make_page_table(3)
    assert copy(d0, own, by_frame(d0.frame(3))) is Status.GENERAL_ERROR
    assert copy(d0, by_frame(d0.frame(3)), own) is Status.OKAY


@pytest.mark.parametrize("kind", KINDS)
def test_beyond_the_page(kind: str) -> None:
    """Would catch a deviation from this.

    "offset + len beyond 4096 on either side -> bad_copy_arg, after the claims: a bad ref or
    domain wins [seen]".
    """
    d0, guest = pair(kind)
    grant(guest, 8, d0)
    own = d0.frame(0)
    assert copy(d0, by_ref(guest, 8, 4093), by_frame(own)) is Status.BAD_COPY_ARG
    assert copy(d0, by_ref(guest, 8), by_frame(own, 4093)) is Status.BAD_COPY_ARG
    assert copy(d0, by_ref(guest, 8), by_frame(own), 4097) is Status.BAD_COPY_ARG
    assert copy(d0, by_ref(guest, 8, 0xFFFF), by_frame(own), 0xFFFF) is Status.BAD_COPY_ARG
    assert copy(d0, by_ref(guest, 9, 4093), by_frame(own)) is Status.GENERAL_ERROR
    assert copy(d0, by_ref(77, 9, 4093), by_frame(own)) is Status.BAD_DOMAIN
    assert copy(d0, by_ref(guest, 8, 4093), by_frame(0xFFFFF)) is Status.BAD_PAGE
    assert copy(d0, by_ref(guest, 8, 4092), by_frame(own, 4092)) is Status.OKAY
    assert in_use(guest, 8) == 0


@pytest.mark.parametrize("kind", VERSION_2)
def test_a_part_of_a_page(kind: str) -> None:
    """Would catch a deviation from this.

    "outside a sub-page grant's range -> general_error [seen]; offsets are those of the page, not
    of the sub-page [seen]"; under version 1 there are no parts.
    """
    d0, guest = pair(kind)
    own = by_frame(d0.frame(0))
    grant(guest, 8, d0, 1, EntryFlag.SUB_PAGE)
    assert copy(d0, by_ref(guest, 8, 0), own) is Status.OKAY
    rc(guest, "set_version", version=[2])
    sub_page(guest, 8, d0, 1, 100, 50)
    guest.page(1)[100:104] = b"part"
    assert copy(d0, by_ref(guest, 8, 100), own) is Status.OKAY
    assert bytes(d0.page(0)[:4]) == b"part"
    for at, length in ((99, 4), (0, 4), (147, 4), (100, 51)):
        assert copy(d0, by_ref(guest, 8, at), own, length) is Status.GENERAL_ERROR
        assert copy(d0, own, by_ref(guest, 8, at), length) is Status.GENERAL_ERROR
    assert copy(d0, by_ref(guest, 8, 4090), own, 50) is Status.BAD_COPY_ARG
    assert copy(d0, own, by_ref(guest, 8, 146)) is Status.OKAY
    assert in_use(guest, 8) == 0


@pytest.mark.parametrize("kind", VERSION_2)
def test_passing_a_grant_on(kind: str) -> None:
    """Would catch a deviation from this.

    "transitive: one level, through another domain's grant that allows the middle domain; to
    itself -> general_error [seen]".
    """
    d0, middle = pair(kind)
    origin = d0.hypervisor.create_domain(4, **KINDS[kind])
    rc(middle, "set_version", version=[2])
    own = by_frame(d0.frame(0))
    origin.page(1)[:4] = b"far!"
    pass_on(middle, 8, d0, origin, 9)
    assert copy(d0, by_ref(middle, 8), own) is Status.GENERAL_ERROR
    grant(origin, 9, d0, 1)
    assert copy(d0, by_ref(middle, 8), own) is Status.GENERAL_ERROR  # not for the middle one
    grant(origin, 9, middle, 1, READONLY)
    assert copy(d0, by_ref(middle, 8), own) is Status.OKAY
    assert bytes(d0.page(0)[:4]) == b"far!"
    assert copy(d0, own, by_ref(middle, 8)) is Status.GENERAL_ERROR  # only for reading
    grant(origin, 9, middle, 1)
    assert copy(d0, own, by_ref(middle, 8, 4)) is Status.OKAY
    assert bytes(origin.page(1)[:8]) == b"far!far!"
    assert copy(d0, by_ref(middle, 8), by_ref(middle, 8, 8)) is Status.OKAY
    grant(origin, 9, middle, None)
    assert copy(d0, by_ref(middle, 8), own) is Status.BAD_PAGE
    grant(middle, 9, middle, 1)
    pass_on(middle, 8, d0, middle, 9)
    assert copy(d0, by_ref(middle, 8), own) is Status.GENERAL_ERROR
    for nobody in (77, 0x7FF0):
        pass_on(middle, 8, d0, nobody, 9)
        assert copy(d0, by_ref(middle, 8), own) is Status.GENERAL_ERROR
    pass_on(middle, 8, d0, origin, 99999)
    assert copy(d0, by_ref(middle, 8), own) is Status.BAD_GNTREF
    assert d0.reasons[0][1].startswith("source: entry 8 passes on one of d2: ref 99999")
    rc(origin, "set_version", version=[2])
    grant(d0, 3, origin, 1)
    pass_on(origin, 9, middle, d0, 3)
    pass_on(middle, 8, d0, origin, 9)
    assert copy(d0, by_ref(middle, 8), own) is Status.GENERAL_ERROR  # two levels
    assert (in_use(middle, 8), in_use(origin, 9)) == (0, 0)
    assert not middle.table.pins
    assert not origin.table.pins


def test_what_is_passed_on_changes_while_in_use() -> None:
    """Would catch a copy that trusts an entry that was mapped, and passes on a grant by now."""
    d0, middle = pair()
    origin = d0.hypervisor.create_domain(4)
    rc(middle, "set_version", version=[2])
    map_one(d0, middle, grant(middle, 8, d0, 1), flags=DEVICE | RO)
    grant(origin, 9, middle, 1)
    pass_on(middle, 8, d0, origin, 9)
    assert copy(d0, by_frame(d0.frame(0)), by_ref(middle, 8)) is Status.EAGAIN
    assert (in_use(middle, 8), in_use(origin, 9)) == (READING, 0)
    assert not origin.table.pins


def test_passing_on_can_be_forbidden() -> None:
    """Would catch a machine without transitive grants that honours them."""
    d0, middle = pair(transitive=False)
    origin = d0.hypervisor.create_domain(4)
    rc(middle, "set_version", version=[2])
    grant(origin, 9, middle, 1)
    pass_on(middle, 8, d0, origin, 9)
    assert copy(d0, by_ref(middle, 8), by_frame(d0.frame(0))) is Status.GENERAL_ERROR


@pytest.mark.parametrize("kind", KINDS)
def test_flags_without_a_meaning(kind: str) -> None:
    """Would catch a deviation from this.

    "Flag bits beyond the two are ignored [seen]. Copies within one page are fine".
    """
    d0, guest = pair(kind)
    grant(guest, 8, d0)
    own = d0.frame(0)
    assert copy(d0, by_ref(guest, 8), by_frame(own), flags=0xFFFC) is Status.OKAY
    d0.page(0)[:8] = b"abcdefgh"
    assert copy(d0, by_frame(own), by_frame(own, 2), 6) is Status.OKAY
    assert bytes(d0.page(0)[:8]) == b"ababcdef"
    assert copy(d0, by_ref(guest, 8), by_ref(guest, 8, 4)) is Status.OKAY


def test_a_copy_beside_a_mapping() -> None:
    """Would catch a copy that ends the use of an entry that is mapped."""
    d0, guest = pair()
    map_one(d0, guest, grant(guest, 8, d0, 1), flags=DEVICE | RO)
    assert copy(d0, by_frame(d0.frame(0)), by_ref(guest, 8)) is Status.OKAY
    assert in_use(guest, 8) == READING
    map_one(d0, guest, 8)
    grant(guest, 8, 77, 5)  # what is in use is what was granted then
    guest.page(1)[:4] = b"then"
    assert copy(d0, by_ref(guest, 8), by_frame(d0.frame(2))) is Status.OKAY
    assert bytes(d0.page(2)[:4]) == b"then"


@pytest.mark.parametrize("version", [1, 2])
def test_a_copy_beside_a_mapping_does_not_look_at_the_entry(version: int) -> None:
    """Would catch a copy that claims an entry again that is in use for what it wants already."""
    d0, guest = pair()
    rc(guest, "set_version", version=[version])
    own = by_frame(d0.frame(0))
    for flags, sides in ((DEVICE | RO, [0]), (DEVICE, [0, 1])):
        handle = map_one(d0, guest, grant(guest, 8, d0, 1), flags=flags)
        counts = guest.table.pins[8].counts
        grant(guest, 8, 77, None, READONLY)
        now = entry(guest, 8)
        for side in sides:
            source, dest = (own, by_ref(guest, 8)) if side else (by_ref(guest, 8), own)
            assert copy(d0, source, dest) is Status.OKAY
            assert entry(guest, 8) == now
            assert guest.table.pins[8].counts == counts
        address = guest.frame(1) << 12
        columns = {"handle": [handle], "dev_bus_addr": address}
        assert status(d0, "unmap_grant_ref", **columns) is Status.OKAY


def test_an_entry_that_a_copy_cannot_use() -> None:
    """Would catch a copy that takes no notice of who uses an entry, and how often."""
    d0, guest = pair()
    other = d0.hypervisor.create_domain(4)
    own = by_frame(d0.frame(0))
    hosts = list(pages(d0, 128))
    columns = {"host_addr": hosts, "flags": HOST | RO, "ref": grant(guest, 8, d0), "dom": 1}
    call(d0, "map_grant_ref", **columns).raise_for_status()
    assert copy(d0, by_ref(guest, 8), own) is Status.GENERAL_ERROR
    assert "too often" in d0.reasons[0][1]
    assert copy(d0, own, by_ref(guest, 8)) is Status.OKAY
    grant(guest, 8, other)
    assert copy(other, by_ref(guest, 8), by_frame(other.frame(0))) is Status.GENERAL_ERROR
    assert "in use by d0" in other.reasons[0][1]


def test_a_type_that_version_1_has_not() -> None:
    """Would catch an entry of version 1, in use, that is taken for a transitive one."""
    d0, guest = pair()
    map_one(d0, guest, grant(guest, 8, d0, 1), flags=DEVICE | RO)
    write(guest, 8, flags=TRANSITIVE, domid=0, frame=guest.frame(1))
    assert copy(d0, by_frame(d0.frame(0)), by_ref(guest, 8)) is Status.OKAY


def test_what_is_beside_a_reference() -> None:
    """Would catch a reference that is read with the bytes beside it, where a frame would be."""
    d0, guest = pair()
    guest.page(1)[:4] = b"data"
    for ref in (8, 9):
        grant(guest, ref, d0, ref - 7)
    above = 0x5A5A_5A5A << 32
    row = element(by_frame(above | 8, domain=guest.domid), by_frame(above | 9, domain=1), 4, 3)
    columns = {name: [value] for name, value in row.items()}
    assert status(d0, "copy", **columns) is Status.OKAY
    assert bytes(guest.page(2)[:4]) == b"data"
    high = d0.hypervisor.create_domain(2, high=True)
    high.page(0)[:4] = b"high"
    assert copy(high, by_frame(high.frame(0)), by_frame(high.frame(1))) is Status.OKAY
    assert bytes(high.page(1)[:4]) == b"high"


def test_which_side_it_was() -> None:
    """Would catch a reason that does not say which side could not be had."""
    for patched in (False, True):
        d0, guest = pair(patched=patched)
        own = by_frame(d0.frame(0))
        for wrong in (by_ref(77, 8), by_ref(guest, 8), by_frame(1), by_frame(1, domain=guest)):
            for side, source, dest in (("source: ", wrong, own), ("dest: ", own, wrong)):
                assert copy(d0, source, dest) is not Status.OKAY
                assert d0.reasons[0][1].startswith(side)


def test_a_copy_that_nobody_described() -> None:
    """Would catch an error of the program for arguments at no address."""
    d0, _ = pair()
    assert raw(d0, OPS["copy"], count=1)[0] == EFAULT


def test_a_copy_that_changes_the_arguments() -> None:
    """Would catch arguments that are read before their turn: elements are done one by one."""
    d0, _ = pair()
    at = d0.address(5)
    second = d0.abi.encode("copy", [element(by_frame(1), by_frame(1), 1)])
    d0.page(6)[:40] = d0.abi.encode(
        "copy", [element(by_frame(d0.frame(6)), by_frame(d0.frame(7)), 4)]
    )
    first = element(by_frame(d0.frame(6)), by_frame(d0.frame(5), 40), 36)
    d0.memory.write(at, d0.abi.encode("copy", [first]) + second)
    assert d0.call(OPS["copy"], at, 2) == 0
    assert [row["status"] for row in d0.abi.decode("copy", d0.memory.read(at, 80))] == [0, 0]
    arm, _ = pair("pv32")  # a 32-bit caller's are read before
    data = arm.abi.encode(
        "copy",
        [
            element(by_frame(arm.frame(6)), by_frame(arm.frame(5), 24), 20),
            element(by_frame(1), by_frame(1), 1),
        ],
    )
    arm.memory.write(arm.address(5), data)
    assert arm.call(OPS["copy"], arm.address(5), 2) == 0
    assert arm.abi.decode("copy", bytes(arm.page(5)[:48]))[1]["status"] == Status.BAD_PAGE


# transfer


def test_a_page_changes_hands() -> None:
    """Would catch a deviation from this.

    "Success: committed is set first, then the frame number is written, then completed is set",
    and a page that has two owners, or none.
    """
    for version in (1, 2):
        d0, guest = pair()
        rc(guest, "set_version", version=[version])
        accept(guest, 8, d0)
        number, frame = d0.frame(3), d0.pages[3]
        d0.page(3)[:5] = b"moved"
        columns = {"mfn": [number], "domid": guest.domid, "ref": 8}
        assert status(d0, "transfer", **columns) is Status.OKAY
        header = "full_page.hdr." if version == 2 else ""
        now = entry(guest, 8)
        flags = ACCEPT | TransferFlag.COMMITTED | TransferFlag.COMPLETED
        assert now[f"{header}flags"] == flags
        assert now["full_page.frame" if version == 2 else "frame"] == number
        assert frame.owner is guest
        assert frame in guest.owned
        assert frame not in d0.owned
        assert bytes(guest.page(16)[:5]) == b"moved"
        assert guest.memory.read(guest.address(16), 5) == b"moved"
        assert d0.memory.extent((0x10000000) + 3 * 4096) == 0
        assert status(d0, "transfer", **columns) is Status.BAD_PAGE
        grant(d0, 9, guest, 0)
        assert copy(d0, by_frame(number), by_frame(d0.frame(0))) is Status.BAD_PAGE


@pytest.mark.parametrize("kind", ["arm64", "arm32", "hvm64", "pvh32"])
def test_only_pv_guests_transfer(kind: str) -> None:
    """Would catch a deviation from this.

    "Not PV, or disabled -> rc -EOPNOTSUPP (Arm [seen]) or -ENOSYS (HVM [seen])".
    """
    d0, _ = pair(kind)
    expected = -errno.EOPNOTSUPP if kind.startswith("arm") else -errno.ENOSYS
    for count in (0, 1):
        assert raw(d0, OPS["transfer"], count=count)[0] == expected
    d0, _ = pair(transfer=False)
    assert raw(d0, OPS["transfer"], count=1)[0] == -errno.EOPNOTSUPP


@pytest.mark.parametrize("kind", ["pv64", "pv32"])
def test_what_is_no_page_stays(kind: str) -> None:
    """Would catch: "Invalid frame -> bad_page and the caller keeps the page [seen]"."""
    d0, guest = pair(kind)
    accept(guest, 8, d0)
    grant(d0, 8, guest, 4)
    map_one(guest, d0, 8)
    d0.make_page_table(5)
    wrong = [0, 0xFFFFF, guest.frame(0), d0.table.shared[0].number, d0.frame(4), d0.frame(5)]
    batch = call(d0, "transfer", mfn=wrong, domid=77, ref=8)
    assert batch.status == [Status.BAD_PAGE] * 6
    assert len(d0.reasons) == 6
    assert d0.frame(4) == d0.pages[4].number
    assert entry(guest, 8)["flags"] == ACCEPT


def test_where_a_page_is_lost() -> None:
    """Would catch a deviation from this.

    "From here on the page is lost to the caller whatever happens: unknown domain -> bad_domain;
    dying, or no headroom -> general_error; the entry's flags are not exactly accept_transfer, or
    its domid is not the caller -> general_error".
    """
    d0, guest = pair()
    full = d0.hypervisor.create_domain(2, max_pages=2)
    accept(full, 8, d0)
    accept(guest, 8, guest)
    accept(guest, 10, d0)
    guest.table.frames[0][81] = 1
    grant(guest, 9, d0)
    cases = [(77, 8, Status.BAD_DOMAIN), (0x7FF0, 8, Status.BAD_DOMAIN)]
    cases += [(full.domid, 8, Status.GENERAL_ERROR), (guest.domid, 99999, Status.GENERAL_ERROR)]
    cases += [(guest.domid, ref, Status.GENERAL_ERROR) for ref in (7, 8, 9, 10)]
    for index, (domid, ref, expected) in enumerate(cases):
        frame = d0.pages[index]
        frame.data[:4] = b"lost"
        columns = {"mfn": [frame.number], "domid": domid, "ref": ref}
        assert status(d0, "transfer", **columns) is expected
        assert frame.owner is None
        assert not any(frame.data)  # and somebody else may have it
        assert not frame.held
        assert index not in d0.pages
    assert len(full.pages) == 2
    roomy = d0.hypervisor.create_domain(1, max_pages=2)
    for ref, expected in ((8, Status.OKAY), (9, Status.GENERAL_ERROR)):
        columns = {"mfn": [d0.frame(ref)], "domid": roomy.domid, "ref": accept(roomy, ref, d0)}
        assert status(d0, "transfer", **columns) is expected
    dying = d0.hypervisor.create_domain(2)
    map_one(d0, dying, grant(dying, 8, d0, 1))
    accept(dying, 9, d0)
    d0.hypervisor.destroy(dying)
    columns = {"mfn": [d0.frame(10)], "domid": dying.domid, "ref": 9}
    assert status(d0, "transfer", **columns) is Status.GENERAL_ERROR


@pytest.mark.parametrize("high", [False, True])
def test_a_page_for_a_translated_guest(high: bool) -> None:  # noqa: FBT001 -- a parameter
    """Would catch a page that does not come where the receiver's entry says."""
    d0, _ = pair()
    giver = d0.hypervisor.create_domain(2, high=high)
    hvm = d0.hypervisor.create_domain(4, kind="hvm")
    at = hvm.reserve()
    accept(hvm, 8, giver, at >> 12)
    giver.page(1)[:4] = b"gift"
    columns = {"mfn": [giver.frame(1)], "domid": hvm.domid, "ref": 8}
    assert status(giver, "transfer", **columns) is Status.OKAY
    assert hvm.memory.read(at, 4) == b"gift"
    assert bytes(hvm.page((at >> 12) - 0x400)[:4]) == b"gift"
    assert entry(hvm, 8)["frame"] == at >> 12
    assert hvm.frame_named(at >> 12).owner is hvm


def test_a_page_that_is_too_high() -> None:
    """Would catch: "no low memory -> address_too_big"; with low memory it is moved there."""
    d0, _ = pair(low_frames=100)
    high = d0.hypervisor.create_domain(4, high=True)
    guest = d0.hypervisor.create_domain(2)
    for ref in (8, 9, 10):
        accept(guest, ref, high)
    high.page(0)[:4] = b"high"
    assert high.frame(0) >= 1 << 32
    columns = {"domid": guest.domid, "ref": 8}
    assert status(high, "transfer", mfn=[high.frame(0)], **columns) is Status.OKAY
    assert entry(guest, 8)["frame"] < 1 << 32
    assert bytes(guest.page(2)[:4]) == b"high"
    columns = {"mfn": [guest.frame(2)], "domid": d0.domid, "ref": accept(d0, 8, guest)}
    assert status(guest, "transfer", **columns) is Status.OKAY  # and it is a page like others
    columns = {"domid": guest.domid, "ref": 8}
    d0.hypervisor.create_domain(100 - len(d0.machine.frames) + 3)
    columns = {"domid": guest.domid, "ref": 9}
    assert status(high, "transfer", mfn=[high.frame(1)], **columns) is Status.ADDRESS_TOO_BIG
    assert 1 not in high.pages
    assert entry(guest, 9)["flags"] == ACCEPT


@pytest.mark.parametrize(
    ("kind", "version", "stays"),
    [("pv64", 1, False), ("pv64", 2, True), ("pv32", 2, False), ("hvm64", 1, True),
     ("hvm64", 2, True), ("pvh32", 1, False)],
)  # fmt: skip
def test_for_whom_a_page_is_too_high(
    kind: str,
    version: int,
    stays: bool,  # noqa: FBT001 -- a parameter
) -> None:
    """Would catch a page that is moved for nothing, or has a number that its owner cannot hold."""
    d0, _ = pair()
    giver = d0.hypervisor.create_domain(1, high=True)
    guest = d0.hypervisor.create_domain(4, **KINDS[kind])
    rc(guest, "set_version", version=[version])
    accept(guest, 8, giver)
    frame = giver.pages[0]
    columns = {"mfn": [frame.number], "domid": guest.domid, "ref": 8}
    assert status(giver, "transfer", **columns) is Status.OKAY
    assert (frame.owner is guest) is stays
    another = d0.hypervisor.create_domain(1, high=True)
    assert (another.pages[0] is frame) is not stays


def test_the_first_page_of_all() -> None:
    """Would catch a page that comes to a guest without any, or in place of its first one."""
    d0, _ = pair()
    pv, hvm = d0.hypervisor.create_domain(0), d0.hypervisor.create_domain(4, kind="hvm")
    for index, guest in enumerate((pv, hvm)):
        d0.page(index)[:4] = b"gift"
        ref = accept(guest, 8, d0, hvm.frame(0))
        columns = {"mfn": [d0.frame(index)], "domid": guest.domid, "ref": ref}
        assert status(d0, "transfer", **columns) is Status.OKAY
        assert bytes(guest.page(0)[:4]) == b"gift"
        assert guest.memory.read(guest.address(0), 4) == b"gift"


# cache_flush


def flush(domain: Domain, number: int, op: int, offset: int = 0, length: int = 64) -> int:
    """Flush a part of a frame, and return the result."""
    columns = {"a.dev_bus_addr": [number << 12], "offset": offset, "length": length, "op": op}
    return rc(domain, "cache_flush", **columns)


CLEAN, INVAL = CacheFlag.CLEAN, CacheFlag.INVAL


@pytest.mark.parametrize("kind", ["pv64", "pv32", "arm64", "arm32"])
def test_flushing(kind: str) -> None:
    """Would catch a deviation from this.

    "offset >= 4096, length > 4096, sum > 4096, op bits other than CLEAN|INVAL -> -EINVAL,
    SOURCE_GREF included [seen]; length 0 or op 0 -> 0 [seen]; invalid frame -> -EINVAL [seen];
    frame without an owner with a grant table -> -EPERM [seen]; INVAL alone on x86 -> -EOPNOTSUPP
    [seen]".
    """
    d0, _ = pair(kind, low_frames=0x1000)
    own = d0.pages[0].number
    for number, expected in ((0, EPERM), (0x1FFF, EPERM), (0x2000, EINVAL), (1 << 32, EINVAL)):
        assert flush(d0, number, CLEAN) == expected
    if kind == "pv64":
        high = d0.hypervisor.create_domain(1, high=True)
        assert flush(high, high.frame(0), CLEAN) == 0
    for offset, length, op in ((4096, 0, 0), (0, 4097, CLEAN), (4000, 97, CLEAN), (0, 64, 4),
                               (0, 0, CacheFlag.SOURCE_GREF | CLEAN)):  # fmt: skip
        assert flush(d0, own, op, offset, length) == EINVAL
    assert flush(d0, 1 << 40, CLEAN, 0, 0) == 0
    assert flush(d0, 1 << 40, 0, 0, 64) == 0
    assert flush(d0, 1 << 40, CLEAN) == EINVAL
    assert flush(d0, 5, CLEAN) == EPERM
    assert flush(d0, own, CLEAN) == flush(d0, own, CLEAN | INVAL, 4095, 1) == 0
    assert flush(d0, own, CLEAN, 0, 4096) == 0
    gone = d0.hypervisor.create_domain(1, **KINDS[kind])
    number = gone.pages[0].number
    d0.hypervisor.destroy(gone)
    assert flush(d0, number, CLEAN) == EPERM
    expected = 0 if kind.startswith("arm") else -errno.EOPNOTSUPP
    assert flush(d0, own, INVAL) == expected
    if kind.startswith("pv"):
        assert raw(d0, 12, d0.abi.encode("cache_flush", [{}]))[0] == 0


@pytest.mark.parametrize("kind", ["pv64", "arm64"])
def test_flushing_what_is_mapped(kind: str) -> None:
    """Would catch a deviation from this.

    "a foreign frame the caller has not mapped -> -EINVAL"; the upper bits of the command are
    where the search goes on; and a batch that does not stop.
    """
    d0, guest = pair(kind)
    other = d0.hypervisor.create_domain(1, **KINDS[kind])
    number = guest.pages[1].number
    assert flush(d0, number, CLEAN) == EINVAL
    map_one(d0, guest, grant(guest, 9, d0, 2))
    assert flush(d0, number, CLEAN) == EINVAL
    map_one(d0, guest, grant(guest, 8, d0, 1))
    assert flush(d0, number, CLEAN) == 0
    assert flush(other, number, CLEAN) == EINVAL
    row = {"a.dev_bus_addr": number << 12, "length": 1, "op": CLEAN}
    data = d0.abi.encode("cache_flush", [row])
    assert raw(d0, 12, data, 1) == (0, data)
    assert raw(d0, 12 | 0x1000, data, 1) == (EINVAL, data)
    nothing = d0.abi.encode("cache_flush", [{}])
    assert raw(d0, 12 | 0x1000, nothing, 1)[0] == -errno.EILSEQ
    call(guest, "setup_table", dom=SELF, nr_frames=9).raise_for_status()
    map_one(d0, guest, grant(guest, 0x1000, d0, 1))
    assert raw(d0, 12 | 0x1000, data + nothing, 2)[0] == 0
    assert raw(d0, 12 | 0x2000, data, 1)[0] == EINVAL
    three = data + d0.abi.encode("cache_flush", [{**row, "op": 8}]) + data
    assert raw(d0, 12, three, 3) == (EINVAL, three)
    assert d0.reasons == [(1, "op 0x8: only CLEAN and INVAL are taken")]
    assert raw(d0, 12, data, 2, address=d0.address(15) + 4096 - 16)[0] == EFAULT


def test_throwing_away_what_others_wrote() -> None:
    """Would catch an INVAL of x86 that is looked at where Xen makes a CLEAN of it, or not."""
    d0, guest = pair()
    for ref, flags, expected in ((8, DEVICE | RO, 0), (9, DEVICE, -errno.EOPNOTSUPP)):
        map_one(d0, guest, grant(guest, ref, d0, 1), flags=flags)
        assert flush(d0, guest.pages[1].number, INVAL) == expected


@pytest.mark.parametrize(("version", "there"), [("4.17", True), ("4.20", True), ("4.21", False)])
def test_where_there_is_a_flush(version: str, there: bool) -> None:  # noqa: FBT001 -- a parameter
    """Would catch: "cache_flush on x86: works (up to 4.20), -ENOSYS (4.21)"; Arm has it."""
    for kind, expected in (("pv64", there), ("arm64", True)):
        d0, _ = pair(kind, xen_version=version)
        assert raw(d0, 12, count=0)[0] == (0 if expected else -errno.ENOSYS)


# 32-bit callers


def test_no_element_from_32_bits() -> None:
    """Would catch: "count 0 on setup_table and get_status_frames is 0, not -EINVAL"."""
    for kind in ("pv32", "pvh32"):
        d0, _ = pair(kind)
        assert raw(d0, OPS["setup_table"], count=0)[0] == 0
        assert raw(d0, OPS["setup_table"], count=2, address=NOWHERE)[0] == EINVAL
        if kind == "pv32":
            assert raw(d0, OPS["get_status_frames"], count=0)[0] == 0


def test_a_bad_list_from_32_bits() -> None:
    """Would catch a deviation from this.

    "a bad frame list leaves status okay; setup_table with an absurd nr_frames is -EFAULT".
    """
    d0, _ = pair("pv32")
    batch = call(d0, "setup_table", dom=SELF, nr_frames=2, frame_list=NOWHERE)
    assert (batch.rc, batch.status) == (0, [Status.OKAY])
    assert [index for index, text in d0.reasons if "not told" in text] == [0, 0]
    rc(d0, "set_version", version=[2])
    batch = call(d0, "get_status_frames", dom=SELF, nr_frames=1, frame_list=NOWHERE)
    assert (batch.rc, batch.status) == (0, [Status.OKAY])
    batch = call(d0, "setup_table", dom=SELF, nr_frames=0xFFFFFFFF, frame_list=NOWHERE)
    assert batch.rc == EFAULT


def test_a_fault_from_32_bits() -> None:
    """Would catch a deviation from this.

    "a fault in the second element leaves the first one's status unwritten"; and nothing of that
    part of the batch has been done.
    """
    d0, guest = pair("pv32")
    grant(guest, 8, d0, 1)
    guest.page(1)[:4] = b"here"
    size = d0.abi.struct("copy").size
    at = d0.address(15) + 4096 - size
    row = element(by_ref(guest, 8), by_frame(d0.frame(0)), 4)
    before = d0.abi.encode("copy", [row], poison=0xAA)
    d0.memory.write(at, before)
    assert d0.call(OPS["copy"], at, 2) == EFAULT
    assert d0.memory.read(at, size) == before
    assert bytes(d0.page(0)[:4]) == bytes(4)
    first = d0.address(15) + 4096 - 210 * size  # of which Xen has room for 204 at a time
    d0.memory.write(first, before * 210)
    assert d0.call(OPS["copy"], first, 211) == EFAULT
    statuses = [row["status"] for row in d0.abi.decode("copy", d0.memory.read(first, 210 * size))]
    assert statuses == [0] * 204 + [-0x5556] * 6


def test_statuses_that_cannot_be_written_for_32_bits() -> None:
    """Would catch a fault that is not told when it comes after everything is done."""
    d0, guest = pair("pv32")
    at = d0.reserve()
    guest.page(3)[:24] = d0.abi.encode("copy", [{"len": 5000}])
    map_one(d0, guest, grant(guest, 8, d0, 3), host_addr=[at], flags=HOST | RO)
    assert d0.call(OPS["copy"], at, 1) == EFAULT
    assert "may only read" in d0.reasons[-1][1]


def test_more_frames_than_can_be_translated() -> None:
    """Would catch a list longer than the two pages that Xen has for it: 1,021 numbers."""
    d0, _ = pair("pv32", max_grant_frames=1100)
    for count, expected in ((1021, Status.OKAY), (1022, Status.GENERAL_ERROR)):
        assert status(d0, "setup_table", dom=SELF, nr_frames=count) is expected
    assert status(pair(max_grant_frames=1100)[0], "setup_table", dom=SELF, nr_frames=1022) == 0


def test_a_frame_number_too_large_for_32_bits() -> None:
    """Would catch: "A frame number beyond 32 bits -> address_too_big"."""
    d0, _ = pair("pv32")
    d0.table.shared.insert(0, d0.machine.allocate(d0, high=True, xen=True))
    d0.table.frames.insert(0, d0.table.shared[0].data)
    assert status(d0, "setup_table", dom=SELF, nr_frames=1) is Status.ADDRESS_TOO_BIG
    d0.table.shared[0] = Frame((1 << 32) - 1, d0.table.frames[0])
    assert call(d0, "setup_table", dom=SELF, nr_frames=1).frames == [(1 << 32) - 1]


def test_transfers_from_32_bits() -> None:
    """Would catch arguments of 32 bits that are read as those of 64."""
    d0, guest = pair("pv32")
    accept(guest, 8, d0)
    columns = {"mfn": [d0.frame(3), 0], "domid": guest.domid, "ref": 8}
    batch = call(d0, "transfer", **columns)
    assert batch.status == [Status.OKAY, Status.BAD_PAGE]
    assert [index for index, _ in d0.reasons] == [1]
    host = {"host_addr": [d0.reserve()], "flags": HOST}
    assert map_one(d0, guest, grant(guest, 9, d0, 16), **host) == 0
    data = d0.abi.encode("transfer", columns)
    d0.memory.write(d0.address(15) + 4096 - 32, data)
    assert d0.call(OPS["transfer"], d0.address(15) + 4096 - 16, 2) == EFAULT


def test_writing_stays_with_a_copy_only_while_it_runs() -> None:
    """Would catch a deviation from this.

    "Reading/writing are set only during the copy": nothing is left of a failure after both sides
    were claimed.
    """
    d0, guest = pair()
    grant(guest, 8, d0, 1)
    grant(guest, 9, d0, 2)
    assert copy(d0, by_ref(guest, 8, 4095), by_ref(guest, 9)) is Status.BAD_COPY_ARG
    assert entry(guest, 8)["flags"] & (READING | WRITING) == 0
    assert entry(guest, 9)["flags"] & (READING | WRITING) == 0
