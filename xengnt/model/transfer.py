# SPDX-License-Identifier: MIT
"""transfer: pages that change their owner for good.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from xengnt.abi.constants import Status
from xengnt.errors import Unavailable
from xengnt.model.claims import check_ref
from xengnt.model.elements import batch
from xengnt.model.failures import Failed, Stopped
from xengnt.model.lookup import by_id
from xengnt.model.machine import HIGH_FRAME

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.forms import Form
    from xengnt.model.machine import Frame


def check_allowed(caller: Domain) -> None:
    """Raise Stopped if the caller cannot transfer at all."""
    if caller.kind != "pv":
        raise Stopped(errno.EOPNOTSUPP, f"d{caller.domid} is no PV guest")
    if not caller.hypervisor.behaviour.transfer:
        raise Stopped(errno.EOPNOTSUPP, "transfers are disabled")


def transfer_one(caller: Domain, form: Form, element: bytearray) -> None:
    """Transfer a page.

    Raises:
        Failed: it went nowhere; except with bad_page it is lost.
    """
    number, domid, ref = form.reader("mfn", "domid", "ref").unpack(element)
    frame = caller.machine.frames.get(number)
    if frame is None or frame.owner is not caller or frame.xen or frame.page_table:
        raise Failed(Status.BAD_PAGE, f"frame {number:#x} is no page of d{caller.domid}")
    if frame.references:
        raise Failed(Status.BAD_PAGE, f"frame {number:#x} is mapped {frame.references} times")
    _steal(caller, frame)
    _give(caller, frame, domid, ref)


def _steal(caller: Domain, frame: Frame) -> None:
    """Take a frame from its owner."""
    caller.space.forget(frame)
    caller.owned.pop(frame, None)
    for index in [index for index, one in caller.pages.items() if one is frame]:
        del caller.pages[index]
    frame.owner = None
    frame.held = False


def _give(caller: Domain, frame: Frame, domid: int, ref: int) -> None:
    """Give a frame that nobody owns to a domain that accepts it, or free it."""
    try:
        receiver = by_id(caller, domid)
        table = receiver.table
        narrow = table.version == 1 and not receiver.translated
        if frame.number >= HIGH_FRAME and (narrow or receiver.compat):
            frame = _lower(caller, frame)
        _check_accepts(receiver, ref)
        table.entries.commit(ref, caller.domid)
    except Failed:
        caller.machine.discard(frame)
        raise
    caller.machine.give(frame, receiver)
    if receiver.translated:
        receiver.adopt(frame, table.entries.whole(ref))
    else:
        receiver.adopt(frame)
        table.entries.put_frame(ref, frame.number)
    table.entries.complete(ref)


def _check_accepts(receiver: Domain, ref: int) -> None:
    """Raise Failed if a domain can have no more pages, or has no such entry."""
    if receiver.dying:
        raise Failed(Status.GENERAL_ERROR, f"d{receiver.domid} is dying")
    if not receiver.headroom:
        raise Failed(
            Status.GENERAL_ERROR,
            f"d{receiver.domid} may not have more than {receiver.max_pages} pages",
        )
    try:
        check_ref(receiver.table, ref)
    except Failed as failed:
        raise Failed(Status.GENERAL_ERROR, failed.reason) from None


def _lower(caller: Domain, frame: Frame) -> Frame:
    """Move a page to a frame whose number fits 32 bits."""
    machine = caller.machine
    try:
        low = machine.spare()
    except Unavailable as error:
        raise Failed(
            Status.ADDRESS_TOO_BIG,
            f"frame {frame.number:#x} has more than 32 bits, and there is {error}",
        ) from None
    low.data[:] = frame.data
    machine.discard(frame)
    return low


transfer = batch("transfer", transfer_one)
