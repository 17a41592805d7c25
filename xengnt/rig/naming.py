# SPDX-License-Identifier: MIT
"""Names for the numbers of a rig, so that a recording plays where they are others.

Imports ``xengnt.abi``, ``xengnt.codec``, ``xengnt.model``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from xengnt.abi.layout import Field, StructLayout
from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.model import Domain, Hypervisor
from xengnt.model.machine import Frame

ADDRESSES = frozenset({"host_addr", "new_addr"})
"""Fields that are addresses of the caller's."""

MACHINE = "dev_bus_addr"
"""The field that is an address of the machine's."""

FRAMES = frozenset({"frame", "gmfn", "mfn"})
"""Fields that are numbers of a guest's frames."""

NOWHERE = 499
"""The index of room in which nothing is mapped: of all that every machine has, the last."""


class Namer:
    """Names for the domains of a hypervisor, their pages and handles.

    Rooms are counted anew in the order in which they are used: another machine may have fewer.
    """

    def __init__(self, hypervisor: Hypervisor) -> None:
        self._hypervisor = hypervisor
        self._handles: defaultdict[int, dict[int, str]] = defaultdict(dict)  # by domain
        self._rooms: defaultdict[int, dict[int, int]] = defaultdict(dict)

    def domain(self, domain: Domain) -> str:
        """Return what a domain is called."""
        return f"d{domain.domid}"

    def forget(self, domain: Domain) -> None:
        """Forget a domain that has ended."""
        self._handles.pop(domain.domid, None)
        self._rooms.pop(domain.domid, None)

    def handle(self, caller: Domain, handle: int, name: str) -> None:
        """Note what a handle that the caller has got is called."""
        self._handles[caller.domid][handle] = name

    def value(self, domain: Domain, struct: StructLayout, key: str, value: Any) -> Any:
        """Return a field's value as a name, or as it is.

        Args:
            domain: who calls, or whose entry it is.
            struct: which struct the field is of.
            key: its dotted path.
            value: its value.
        """
        field = struct.field(key)
        short = key.rpartition(".")[2]
        if field.type == "domid_t":
            known = self._hypervisor.domains.get(value)
            return f"${self.domain(known)}.domid" if known else value
        if field.type == "grant_handle_t":
            return self._handles[domain.domid].get(value, value)
        if short in ADDRESSES:
            return self.address(domain, value)
        if short == MACHINE:
            return self.machine(value)
        if short in FRAMES:
            return self._frame(domain, value)
        return value

    def row(self, domain: Domain, struct: StructLayout, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a decoded struct with names in it."""
        return {key: self.value(domain, struct, key, value) for key, value in row.items()}

    def page(self, frame: Frame) -> tuple[str, int] | None:
        """Return the name of the domain whose page a frame is, and the index."""
        owner = frame.owner
        if owner is None or owner.dying:
            return None
        for index, one in owner.pages.items():
            if one is frame:
                return self.domain(owner), index
        return None

    def address(self, domain: Domain, address: int) -> Any:
        """Return an address of a guest by a name, where it is the start of one of its pages."""
        places = domain.places
        if address % PAGE_SIZE or not places.pages <= address < places.end:
            return address
        name = self.domain(domain)
        if address < places.arena:
            index = (address - places.pages) >> PAGE_SHIFT
            return f"${name}.address[{index}]" if index in domain.pages else address
        if address < places.window:
            return address
        rooms = self._rooms[domain.domid]
        room = rooms.setdefault((address - places.window) >> PAGE_SHIFT, len(rooms))
        return f"${name}.room[{room}]"

    def nowhere(self, domain: Domain) -> str:
        """Return an address of a guest at which nothing is."""
        return f"${self.domain(domain)}.room[{NOWHERE}]"

    def machine(self, address: int) -> Any:
        """Return an address of the machine's by a name, where it is that of a page."""
        frame = self._hypervisor.machine.frames.get(address >> PAGE_SHIFT)
        found = self.page(frame) if frame and not address % PAGE_SIZE else None
        return f"${found[0]}.machine[{found[1]}]" if found else address

    def _frame(self, domain: Domain, number: int) -> Any:
        """Return the number of a frame of a guest's by a name."""
        if domain.translated:
            seen = domain.space.pages.get(number)
            frame = seen.frame if seen else None
        else:
            frame = domain.machine.frames.get(number)
        found = self.page(frame) if frame and frame.owner is domain else None
        return f"${found[0]}.frame[{found[1]}]" if found else number


def comes_out(field: Field) -> bool:
    """Tell whether the callee writes a field."""
    return field.direction in ("OUT", "IN/OUT")


def goes_in(field: Field) -> bool:
    """Tell whether the caller writes a field, and it is no address of a list."""
    return field.direction in ("IN", "IN/OUT")
