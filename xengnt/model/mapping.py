# SPDX-License-Identifier: MIT
"""map_grant_ref, unmap_grant_ref and unmap_and_replace.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.abi.bits import (
    MAP_APPLICATION,
    MAP_CONTAINS_PTE,
    MAP_DEVICE,
    MAP_HOST,
    MAP_READONLY,
)
from xengnt.abi.constants import Status
from xengnt.model.claims import check_writable, claim_to_map, release_map
from xengnt.model.elements import batch
from xengnt.model.failures import Failed
from xengnt.model.faults import Injected
from xengnt.model.lookup import by_id
from xengnt.model.maptrack import Mapping
from xengnt.model.pins import increments

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.forms import Form
    from xengnt.model.machine import Frame

_BOTH = MAP_DEVICE | MAP_HOST
_PV_ONLY = MAP_DEVICE | MAP_APPLICATION | MAP_CONTAINS_PTE
_KEPT = _BOTH | MAP_READONLY | MAP_CONTAINS_PTE


def _map(caller: Domain, form: Form, element: bytearray) -> None:
    address, flags, ref, domid = form.reader("host_addr", "flags", "ref", "dom").unpack(element)
    if not flags & _BOTH:
        raise Failed(Status.BAD_GNTREF, f"flags {flags:#x}: neither device_map nor host_map")
    if caller.translated and flags & _PV_ONLY:
        raise Failed(
            Status.GENERAL_ERROR,
            f"flags {flags:#x}: device_map, application_map and contains_pte are for PV guests",
        )
    other = by_id(caller, domid)
    maptrack = caller.table.maptrack
    handle = maptrack.take()
    if handle is None:
        has = caller.hypervisor.behaviour.has_no_space
        kind = Injected if maptrack.limited else Failed
        raise kind(
            Status.NO_SPACE if has else Status.GENERAL_ERROR,
            f"d{caller.domid} has no handle left: {len(maptrack.live)} are in use",
        )
    try:
        frame = _take(caller, other, ref, address, flags)
    except Failed:
        maptrack.give_back(handle)
        raise
    maptrack.live[handle] = Mapping(other.table, ref, flags & _KEPT)
    form.put(element, "handle", handle)
    form.put(element, "dev_bus_addr", frame.address)


def _take(caller: Domain, other: Domain, ref: int, address: int, flags: int) -> Frame:
    """Take an entry into use, and make the mapping."""
    readonly = bool(flags & MAP_READONLY)
    host, device = bool(flags & MAP_HOST), bool(flags & MAP_DEVICE)
    more = increments(host=host, device=device, readonly=readonly)
    table = other.table
    pin = claim_to_map(table, ref, caller.domid, more, readonly=readonly)
    frame = pin.frame
    try:
        if not readonly:
            check_writable(frame)
        if host:
            caller.space.map_grant(address, frame, flags)
    except Failed:
        release_map(table, ref, more, readonly=readonly)
        raise
    for _ in range(host + device):
        caller.machine.reference(frame)
    return frame


def _unmap(
    caller: Domain, handle: int, host_addr: int, dev_bus_addr: int = 0, new_addr: int = 0
) -> None:
    mapping = caller.table.maptrack.live.get(handle)
    if mapping is None:
        raise Failed(Status.BAD_HANDLE, f"handle {handle:#x} is none that is in use")
    frame = mapping.table.pins[mapping.ref].frame
    device = bool(dev_bus_addr and mapping.flags & MAP_DEVICE)
    host = bool(host_addr and mapping.flags & MAP_HOST)
    if device and dev_bus_addr != frame.address:
        raise Failed(
            Status.BAD_DEV_ADDR,
            f"dev_bus_addr {dev_bus_addr:#x} is not {frame.address:#x}, where the frame is",
        )
    if host:
        caller.space.unmap_grant(host_addr, frame, mapping.flags, new_addr)
    _let_go(caller, handle, mapping, frame, host=host, device=device)


def _let_go(
    caller: Domain, handle: int, mapping: Mapping, frame: Frame, *, host: bool, device: bool
) -> None:
    """Take one or both mappings of a handle off the books."""
    readonly = bool(mapping.flags & MAP_READONLY)
    mapping.flags &= ~(MAP_HOST * host | MAP_DEVICE * device)
    if not mapping.flags & _BOTH:
        caller.table.maptrack.give_back(handle)
    if host or device:
        less = increments(host=host, device=device, readonly=readonly)
        release_map(mapping.table, mapping.ref, less, readonly=readonly)
    for _ in range(host + device):
        caller.machine.drop(frame)


def _unmap_grant_ref(caller: Domain, form: Form, element: bytearray) -> None:
    host, device, handle = form.reader("host_addr", "dev_bus_addr", "handle").unpack(element)
    _unmap(caller, handle, host, dev_bus_addr=device)


def _unmap_and_replace(caller: Domain, form: Form, element: bytearray) -> None:
    host, new, handle = form.reader("host_addr", "new_addr", "handle").unpack(element)
    _unmap(caller, handle, host, new_addr=new)


def undo_all(domain: Domain) -> None:
    """Unmap all that a domain has mapped."""
    for handle, mapping in list(domain.table.maptrack.live.items()):
        frame = mapping.table.pins[mapping.ref].frame
        host, device = bool(mapping.flags & MAP_HOST), bool(mapping.flags & MAP_DEVICE)
        _let_go(domain, handle, mapping, frame, host=host, device=device)


map_grant_ref = batch("map_grant_ref", _map, written="")
unmap_grant_ref = batch("unmap_grant_ref", _unmap_grant_ref)
unmap_and_replace = batch("unmap_and_replace", _unmap_and_replace)
