# SPDX-License-Identifier: MIT
"""Who uses an entry, and how often: what Xen keeps to itself about entries in use.

Imports the module of frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.abi.targets import PAGE_SIZE

if TYPE_CHECKING:
    from xengnt.model.machine import Frame
    from xengnt.model.table import GrantTable

COUNTER_BITS = 8

HOST_WRITE = 1
HOST_READ = HOST_WRITE << COUNTER_BITS
DEVICE_WRITE = HOST_READ << COUNTER_BITS
DEVICE_READ = DEVICE_WRITE << COUNTER_BITS
"""One more in each counter; all four are kept in one number."""

_COUNTER = (1 << COUNTER_BITS) - 1
_WRITERS = _COUNTER * (HOST_WRITE | DEVICE_WRITE)


class Pin:
    """An entry in use.

    Attributes:
        domid: who uses it.
        frame: the frame that it granted when its use began.
        start: where in the frame the part begins that it granted.
        length: how long that is.
        counts: four counters in one number.
        via: the entry of another table that it passed on, and the table.
    """

    __slots__ = ("counts", "domid", "frame", "length", "start", "via")

    def __init__(
        self,
        domid: int,
        frame: Frame,
        start: int = 0,
        length: int = PAGE_SIZE,
        via: tuple[GrantTable, int] | None = None,
    ) -> None:
        self.domid = domid
        self.frame = frame
        self.start = start
        self.length = length
        self.via = via
        self.counts = 0

    @property
    def writers(self) -> int:
        """Not 0 if somebody may write."""
        return self.counts & _WRITERS

    def full(self, increments: int) -> bool:
        """Tell whether Xen refuses more: it stops when the counter's top bit is set."""
        return bool(self.counts & (increments << (COUNTER_BITS - 1)))

    def as_dict(self) -> dict[str, int]:
        """Return the counters by name."""
        names = {
            "host_write": HOST_WRITE,
            "host_read": HOST_READ,
            "device_write": DEVICE_WRITE,
            "device_read": DEVICE_READ,
        }
        return {name: self.counts // one & _COUNTER for name, one in names.items()}


def increments(*, host: bool, device: bool, readonly: bool) -> int:
    """Return what a mapping adds to the counters."""
    one = (HOST_READ, DEVICE_READ) if readonly else (HOST_WRITE, DEVICE_WRITE)
    return one[0] * host + one[1] * device
