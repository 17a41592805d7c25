# SPDX-License-Identifier: MIT
"""copy: bytes from page to page.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from xengnt.abi.bits import DEST_GREF, SELF, SOURCE_GREF
from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.model.claims import check_writable, claim_to_copy, release_copy
from xengnt.model.elements import told
from xengnt.model.failures import Failed, Fault
from xengnt.model.forms import form
from xengnt.model.pins import Pin

if TYPE_CHECKING:
    from xengnt.model.domain import Domain

FIELDS = (
    "source.u", "source.domid", "source.offset", "dest.u", "dest.domid", "dest.offset",
    "len", "flags",
)  # fmt: skip
"""What `copy_one` takes, in this order."""

_NARROW = (1 << 32) - 1


def copy_one(
    caller: Domain,
    source: int,
    source_domid: int,
    source_at: int,
    dest: int,
    dest_domid: int,
    dest_at: int,
    length: int,
    flags: int,
) -> None:
    """Do an element.

    Raises:
        Failed: nothing was copied.
    """
    behaviour = caller.hypervisor.behaviour
    if not length and behaviour.length_first:
        return
    from_ref, to_ref = flags & SOURCE_GREF, flags & DEST_GREF
    giver = _domain(caller, source_domid, from_ref, "source")
    taker = _domain(caller, dest_domid, to_ref, "dest")
    if from_ref:
        source &= _NARROW
    if to_ref:
        dest &= _NARROW
    if not from_ref and source_domid != SELF:
        raise _foreign("source", source_domid)
    read = _claim(caller, giver, source, from_ref, "source", readonly=True)
    try:
        if not to_ref and dest_domid != SELF:
            raise _foreign("dest", dest_domid)
        written = _claim(caller, taker, dest, to_ref, "dest", readonly=False)
        try:
            _move(read, source_at, written, dest_at, length)
        finally:
            if to_ref:
                release_copy(taker.table, dest, written, readonly=False)
    finally:
        if from_ref:
            release_copy(giver.table, source, read, readonly=True)


def _domain(caller: Domain, domid: int, by_ref: int, side: str) -> Domain:
    """Return the domain of a side."""
    if domid == SELF:
        return caller
    found = caller.hypervisor.domains.get(domid)
    patched = caller.hypervisor.behaviour.patched
    if not by_ref and not patched:
        raise _foreign(side, domid)
    if found is None:
        raise Failed(Status.BAD_DOMAIN, f"{side}: there is no domain {domid:#x}")
    return found


def _foreign(side: str, domid: int) -> Failed:
    return Failed(
        Status.PERMISSION_DENIED,
        f"{side}: a frame can only be given of DOMID_SELF, not of d{domid}",
    )


def _claim(
    caller: Domain, owner: Domain, number: int, by_ref: int, side: str, *, readonly: bool
) -> Pin:
    """Return what a side stands for; a frame of the caller's own is in nobody's table."""
    try:
        if not by_ref:
            return Pin(caller.domid, owner.frame_named(number))
        return claim_to_copy(
            owner.table,
            number,
            caller.domid,
            readonly=readonly,
            transitive=caller.hypervisor.behaviour.transitive,
        )
    except Failed as failed:
        failed.reason = f"{side}: {failed.reason}"
        raise


def _move(read: Pin, source_at: int, written: Pin, dest_at: int, length: int) -> None:
    """Copy the bytes."""
    if written.frame.page_table:
        check_writable(written.frame)
    source_end, dest_end = source_at + length, dest_at + length
    if source_end > PAGE_SIZE or dest_end > PAGE_SIZE:
        raise Failed(
            Status.BAD_COPY_ARG,
            f"{length} bytes from {source_at} and to {dest_at}: beyond {PAGE_SIZE}",
        )
    if source_at < read.start or source_end > read.start + read.length:
        raise _outside("source", read, source_at, source_end)
    if dest_at < written.start or dest_end > written.start + written.length:
        raise _outside("dest", written, dest_at, dest_end)
    written.frame.data[dest_at:dest_end] = read.frame.data[source_at:source_end]


def _outside(side: str, pin: Pin, start: int, end: int) -> Failed:
    return Failed(
        Status.GENERAL_ERROR,
        f"{side}: bytes {start} to {end} are not within {pin.start} to "
        f"{pin.start + pin.length}, which is granted",
    )


def judged(caller: Domain, index: int, fields: tuple[int, ...]) -> int:
    """Do an element, and return its status."""
    try:
        if caller.hypervisor.faults.planned:
            caller.hypervisor.faults.strike(caller)
        copy_one(caller, *fields)
    except Failed as failed:
        return told(caller, index, failed)
    return 0


def copy(caller: Domain, address: int, count: int) -> int:
    """Do a call."""
    shape = form(caller.abi.name, "copy")
    reader = shape.reader(*FIELDS)
    offset, status = shape.store("status")
    unpack, store, size = reader.unpack_from, status.pack_into, shape.size
    space = caller.space
    pages = space.pages
    last = PAGE_SIZE - size
    for index in range(count):
        number, at = divmod(address, PAGE_SIZE)
        page = pages.get(number)
        if page is not None and at <= last and page.writable:
            data = page.frame.data  # where it is: a copy may also change what follows
            store(data, at + offset, judged(caller, index, unpack(data, at)))
        else:
            try:
                fields = reader.unpack(space.read(address, size))
                space.write(address + offset, status.pack(judged(caller, index, fields)))
            except Fault as fault:
                caller.reasons.append((index, str(fault)))
                return -errno.EFAULT
        address += size
    return 0
