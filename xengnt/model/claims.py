# SPDX-License-Identifier: MIT
"""Taking an entry into use, to map it or to copy, and giving it up.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.abi.bits import IN_USE, READING, TRANSITIVE, TYPE_MASK, WRITING
from xengnt.abi.constants import Status
from xengnt.model.entries import EntriesV2
from xengnt.model.failures import Failed
from xengnt.model.pins import HOST_READ, HOST_WRITE, Pin

if TYPE_CHECKING:
    from xengnt.model.machine import Frame
    from xengnt.model.table import GrantTable


def check_ref(table: GrantTable, ref: int, name: str = "ref") -> None:
    """Raise Failed if a table has no such entry."""
    entries = table.entries
    if ref >= len(entries.frames) * entries.per_frame:
        raise Failed(
            Status.BAD_GNTREF,
            f"{name} {ref}: the table of d{table.owner.domid} has {len(entries)} entries",
        )


def check_writable(frame: Frame) -> None:
    """Raise Failed if a frame must not be written."""
    if frame.page_table:
        raise Failed(
            Status.GENERAL_ERROR,
            f"frame {frame.number:#x} is a page table, which nobody may write",
        )


def _check_pin(pin: Pin, ref: int, user: int, more: int) -> None:
    """Raise Failed if an entry in use cannot be used once more."""
    if pin.domid != user:
        raise Failed(Status.GENERAL_ERROR, f"entry {ref} is in use by d{pin.domid}, not d{user}")
    if pin.full(more):
        raise Failed(Status.GENERAL_ERROR, f"entry {ref} is in use too often: {pin.as_dict()}")


def claim_to_map(table: GrantTable, ref: int, user: int, more: int, *, readonly: bool) -> Pin:
    """Take an entry into use for a mapping.

    Raises:
        Failed: it cannot be, and nothing has changed.
    """
    check_ref(table, ref)
    pin = table.pins.get(ref)
    if pin:
        _check_pin(pin, ref, user, more)
    if not pin or (not readonly and not pin.writers):
        table.entries.claim(ref, user, pinned=bool(pin), readonly=readonly, mapping=True)
        if not pin:
            try:
                frame = table.owner.frame_named(table.entries.whole(ref))
            except Failed:
                settle(table, ref, None, readonly=readonly)
                raise
            pin = table.pins[ref] = Pin(user, frame)
    pin.counts += more
    return pin


def claim_to_copy(
    table: GrantTable, ref: int, user: int, *, readonly: bool, transitive: bool
) -> Pin:
    """Take an entry into use for a copy.

    Args:
        table: the table of the domain that grants.
        ref: the entry.
        user: who copies.
        readonly: whether it is the source.
        transitive: whether it may pass on another one.

    Raises:
        Failed: it cannot be, and nothing has changed.
    """
    check_ref(table, ref)
    more = HOST_READ if readonly else HOST_WRITE
    pin = table.pins.get(ref)
    if pin:
        _check_pin(pin, ref, user, more)
        if readonly or pin.writers:
            pin.counts += more
            return pin
    entries = table.entries
    flags = entries.claim(ref, user, pinned=bool(pin), readonly=readonly, mapping=False)
    try:
        if flags & TYPE_MASK == TRANSITIVE and isinstance(entries, EntriesV2):
            found = _passed_on(table, entries, ref, user, pin, readonly, transitive)
        else:
            number, start, length = entries.part(ref, flags)
            found = Pin(user, table.owner.frame_named(number), start, length)
    except Failed:
        settle(table, ref, pin, readonly=readonly)
        raise
    if not pin:
        pin = table.pins[ref] = found
    pin.counts += more
    return pin


def _passed_on(
    table: GrantTable,
    entries: EntriesV2,
    ref: int,
    user: int,
    pin: Pin | None,
    readonly: bool,  # noqa: FBT001 -- positions, as where it is called from
    transitive: bool,  # noqa: FBT001 -- the same
) -> Pin:
    """Return what an entry passes on, which is in use from now on."""
    if not transitive:
        raise Failed(Status.GENERAL_ERROR, f"entry {ref} passes on a grant, which is not allowed")
    owner = table.owner
    domid, gref = entries.passed_on(ref)
    if domid == owner.domid:
        raise Failed(Status.GENERAL_ERROR, f"entry {ref} passes on a grant of its own domain")
    other = owner.hypervisor.find(domid)
    if other is None:
        raise Failed(Status.GENERAL_ERROR, f"entry {ref} passes on a grant of d{domid}: no such")
    try:
        inner = claim_to_copy(other.table, gref, owner.domid, readonly=readonly, transitive=False)
    except Failed as failed:
        failed.reason = f"entry {ref} passes on one of d{domid}: {failed.reason}"
        raise
    via = other.table, gref
    if pin and (pin.via, pin.frame) != (via, inner.frame):
        release_copy(other.table, gref, inner, readonly=readonly)
        raise Failed(Status.EAGAIN, f"entry {ref} is in use, and now passes on another grant")
    return Pin(user, inner.frame, inner.start, inner.length, via)


def release_copy(table: GrantTable, ref: int, pin: Pin, *, readonly: bool) -> None:
    """Give an entry up after a copy."""
    pin.counts -= HOST_READ if readonly else HOST_WRITE
    settle(table, ref, pin, readonly=readonly)
    if pin.via:
        other, gref = pin.via
        release_copy(other, gref, other.pins[gref], readonly=readonly)


def release_map(table: GrantTable, ref: int, less: int, *, readonly: bool) -> None:
    """Give an entry up after a mapping is gone."""
    pin = table.pins[ref]
    pin.counts -= less
    settle(table, ref, pin, readonly=readonly)


def settle(table: GrantTable, ref: int, pin: Pin | None, *, readonly: bool) -> None:
    """Clear the in-use bits of an entry that its pin does not bear out any more.

    Args:
        table: the table.
        ref: the entry.
        pin: how it is still in use, if it is.
        readonly: whether the use that has ended, or failed, was for reading.
    """
    if not pin or not pin.counts:
        if pin:
            del table.pins[ref]
        table.entries.release(ref, READING if readonly else IN_USE)
    elif not readonly and not pin.writers:
        table.entries.release(ref, WRITING)
