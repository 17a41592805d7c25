# SPDX-License-Identifier: MIT
"""The handles of a domain: what it has mapped of others.

Imports the modules beside it only.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xengnt.abi.targets import PAGE_SIZE

if TYPE_CHECKING:
    from xengnt.model.table import GrantTable

ENTRY_SIZE = 16
"""What Xen keeps for each handle, in bytes; it decides how many a page of them has."""

PER_PAGE = PAGE_SIZE // ENTRY_SIZE


@dataclass(slots=True)
class Mapping:
    """What a handle stands for.

    Attributes:
        table: the table of the domain that grants.
        ref: the entry.
        flags: those bits of the request that still hold; without host_map and device_map
            it is no mapping any more.
    """

    table: GrantTable
    ref: int
    flags: int


class Maptrack:
    """The handles of a domain.

    A handle that is given back comes last to be taken again, and the very last is never
    given out, as in Xen, where it is the end of the list of a CPU.

    Args:
        max_pages: how many pages of handles there may be.

    Attributes:
        live: what handles that are in use stand for.
        limit: how many may be in use, for who wants to see what happens then; None for
            as many as there are.
    """

    def __init__(self, max_pages: int) -> None:
        self.live: dict[int, Mapping] = {}
        self.limit: int | None = None
        self.max_pages = max_pages
        self.pages = 0
        self._free: deque[int] = deque()

    def take(self) -> int | None:
        """Return a free handle, None if there is none."""
        if self.limited:
            return None
        if len(self._free) > 1:
            return self._free.popleft()
        if self.pages == self.max_pages:
            return None
        first = self.pages * PER_PAGE
        self.pages += 1
        self._free.extendleft(range(first + PER_PAGE - 1, first, -1))
        return first

    @property
    def limited(self) -> bool:
        """Whether as many are in use as its limit allows."""
        return self.limit is not None and len(self.live) >= self.limit

    def give_back(self, handle: int) -> None:
        """Make a handle free again."""
        self.live.pop(handle, None)
        self._free.append(handle)
