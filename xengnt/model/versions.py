# SPDX-License-Identifier: MIT
"""set_version and get_version.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from xengnt.abi.bits import (
    IN_USE,
    PERMIT_ACCESS,
    RESERVED_ENTRIES,
    TRANSITIVE,
    TYPE_MASK,
)
from xengnt.errors import Unavailable
from xengnt.model.entries import EntriesV1, EntriesV2, put_v1
from xengnt.model.failures import Failed, Stopped
from xengnt.model.forms import form
from xengnt.model.lookup import by_any_id, may_act_on

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.table import GrantTable

Reserved = list[tuple[int, int, int]]
"""The flags, domains and frame numbers of the reserved entries."""


def get_version(caller: Domain, address: int, count: int) -> int:
    """Do a call; whatever `count` is, it is about one struct."""
    del count
    shape = form(caller.abi.name, "get_version")
    element = bytearray(caller.space.read(address, shape.size))
    (domid,) = shape.reader("dom").unpack(element)
    try:
        other = by_any_id(caller, domid)
    except Failed as failed:
        raise Stopped(errno.ESRCH, failed.reason) from None
    if not may_act_on(caller, other):
        raise Stopped(errno.EPERM, f"d{caller.domid} has no privilege over d{other.domid}")
    shape.put(element, "version", other.table.version)
    caller.space.write(address, bytes(element))
    return 0


def set_version(caller: Domain, address: int, count: int) -> int:
    """Do a call; whatever `count` is, it is about one struct."""
    del count
    shape = form(caller.abi.name, "set_version")
    element = bytearray(caller.space.read(address, shape.size))
    (wanted,) = shape.reader("version").unpack(element)
    table = caller.table
    try:
        _change(table, wanted)
    finally:  # the version in force is told also when the call fails
        shape.put(element, "version", table.version)
        caller.space.write(address, bytes(element))
    return 0


def _change(table: GrantTable, wanted: int) -> None:
    if wanted not in (1, 2):
        raise Stopped(errno.EINVAL, f"version {wanted} is neither 1 nor 2")
    if wanted > table.max_version:
        raise Stopped(errno.ENOSYS, f"version {wanted}: only {table.max_version} is allowed")
    if wanted == table.version:
        return
    busy = [ref for ref in table.pins if ref >= RESERVED_ENTRIES]
    if busy:
        raise Stopped(errno.EBUSY, f"entry {min(busy)} is in use")
    entries = table.entries
    kept = _from_v2(table, entries) if isinstance(entries, EntriesV2) else _from_v1(table)
    try:
        table.become(wanted)
    except Unavailable as error:
        raise Stopped(errno.ENOMEM, str(error)) from None
    _restore(table, kept)


def _from_v1(table: GrantTable) -> Reserved:
    entries = table.entries
    return [(*entries.header(ref), entries.whole(ref)) for ref in range(RESERVED_ENTRIES)]


def _from_v2(table: GrantTable, entries: EntriesV2) -> Reserved:
    """Return the reserved entries as version 1 has them, the status frames free to go."""
    kept: Reserved = []
    for ref in range(RESERVED_ENTRIES):
        flags, domid = entries.header(ref)
        page = entries.whole(ref)
        kind = flags & TYPE_MASK
        if kind == TRANSITIVE:
            raise Stopped(errno.ERANGE, f"entry {ref} is transitive, which version 1 has not")
        if kind == PERMIT_ACCESS and page >> 32:
            raise Stopped(errno.ERANGE, f"entry {ref}: frame {page:#x} needs more than 32 bits")
        permits = kind == PERMIT_ACCESS
        kept.append((flags | entries.in_use(ref), domid, page) if permits else (0, 0, 0))
    for number, frame in enumerate(table.status):
        if table.owner.translated:
            table.owner.space.forget(frame)  # Xen takes it away by itself
        if frame.references:
            raise Stopped(errno.EBUSY, f"status frame {number} is mapped")
    return kept


def _restore(table: GrantTable, kept: Reserved) -> None:
    entries = table.entries
    for ref, (flags, domid, frame) in enumerate(kept):
        if isinstance(entries, EntriesV1):
            put_v1(entries, ref, flags, domid, frame)
        elif isinstance(entries, EntriesV2):
            entries.put(ref, flags & ~IN_USE, domid, frame)
            entries.put_status(ref, flags & IN_USE)
