# SPDX-License-Identifier: MIT
"""What a control domain asks of Xen: domains, their memory, and where their tables are.

These structs are of other headers than ours, and the domctl ones change with Xen's version.

Imports ``xengnt.errors``, ``xengnt.backends`` and the modules beside it.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from xengnt.backends.base import Memory
from xengnt.errors import BackendError, Unavailable
from xengnt.live.places import WINDOW

MEMORY_OP, XEN_VERSION, DOMCTL = 12, 17, 36

_POPULATE_PHYSMAP, _ADD_TO_PHYSMAP, _ACQUIRE_RESOURCE = 6, 7, 28
_DECREASE_RESERVATION, _REMOVE_FROM_PHYSMAP = 1, 15
_DOMID_SELF = 0x7FF0
_GRANT_TABLE = 1  # a space of XENMEM_add_to_physmap, and a type of XENMEM_acquire_resource
_STATUS_INDEX = 0x8000_0000

_CREATE, _DESTROY, _PAUSE, _UNPAUSE, _MAX_MEM = 1, 2, 3, 4, 11
_SET_CONTEXT, _MAX_VCPUS, _SET_HVM_CONTEXT, _SET_ADDRESS_SIZE = 12, 15, 34, 35
_SET_PAGING_MEMORY = 86

_DOMCTL_SIZE = 144
_DOMCTL_VERSIONS = {(4, 17): 0x15}
_HVM, _HAP, _LOCAL_APIC = 1, 2, 1
_EVENTS = 1023


class Caller(Protocol):
    """A guest that makes hypercalls.

    Attributes:
        word: the `struct` format of its longs.
        translated: whether frames have numbers of its own.
        memory: where arguments are.
    """

    @property
    def word(self) -> str:
        """The `struct` format of its longs."""

    @property
    def translated(self) -> bool:
        """Whether frames have numbers of its own."""

    @property
    def memory(self) -> Memory:
        """Where arguments are."""

    def hypercall(self, number: int, *arguments: int) -> int:
        """Make a hypercall."""

    def machine_frame(self, number: int) -> int:
        """Return the machine's number of a frame by the guest's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a domain is to be.

    Attributes:
        domid: the number it is to have, 0 for any.
        pages: how many pages it gets for scenarios.
        max_pages: how many of these it may have.
        frames: how many grant frames it may have, -1 for what Xen was booted with.
        maptrack: the same of maptrack frames.
        grant_version: the highest that its table may have.
    """

    domid: int
    pages: int
    max_pages: int
    frames: int = -1
    maptrack: int = -1
    grant_version: int = 2


class Control:
    """What one guest asks of Xen.

    Args:
        caller: the guest; the first domain, for all that is not about itself.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._running: int | None = None
        version = caller.hypercall(XEN_VERSION, 0)
        self.version = version >> 16, version & 0xFFFF

    # Domains

    def create(self, wish: Wish, *, translated: bool) -> int:
        """Make a domain with one CPU that does not run yet, and return its number."""
        body = struct.pack(
            "<I16s4I2i5I",
            *(0, bytes(16), _HVM | _HAP if translated else 0, 0, 1, _EVENTS),
            *(wish.frames, wish.maptrack, wish.grant_version),
            *(0, 0, _LOCAL_APIC if translated else 0, 0),  # on Arm this is a GIC of version 2
        )
        found = self._domctl(_CREATE, wish.domid, body, "make a domain")
        made = int.from_bytes(found[8:10], "little")
        self._domctl(_MAX_VCPUS, made, struct.pack("<I", 1), "give it a CPU")
        return made

    def set_max_pages(self, domid: int, pages: int) -> None:
        """Limit how many pages a domain may have."""
        self._domctl(_MAX_MEM, domid, struct.pack("<Q", pages * 4), "limit its memory")

    def set_paging_memory(self, domid: int, megabytes: int) -> None:
        """Give Xen room for a translated domain's own page tables."""
        body = struct.pack("<Q", megabytes << 20)
        self._domctl(_SET_PAGING_MEMORY, domid, body, "give it room for page tables")

    def set_address_size(self, domid: int, bits: int) -> None:
        """Say how wide the registers of a domain are, while it has no memory."""
        self._domctl(_SET_ADDRESS_SIZE, domid, struct.pack("<I", bits), "make it so wide")

    def set_context(self, domid: int, context: bytes) -> None:
        """Set the registers of a CPU of a PV domain, or of one on Arm."""
        with _Placed(self._caller, context) as at:
            self._domctl(_SET_CONTEXT, domid, struct.pack("<2IQ", 0, 0, at), "set its registers")

    def set_hvm_context(self, domid: int, context: bytes) -> None:
        """Set the registers of a translated domain's CPU."""
        with _Placed(self._caller, context) as at:
            body = struct.pack("<2IQ", len(context), 0, at)
            self._domctl(_SET_HVM_CONTEXT, domid, body, "set its registers")

    def run(self, domid: int) -> None:
        """Let one of the domains that were made run, and no other.

        An idle guest asks again and again whether there is something to do: with many of
        them, each call would wait for all.
        """
        if self._running == domid:
            return
        if self._running is not None:
            self._domctl(_PAUSE, self._running, b"", "stop it")
        self._domctl(_UNPAUSE, domid, b"", "let it run")
        self._running = domid

    def destroy(self, domid: int) -> None:
        """End a domain."""
        if self._running == domid:
            self._running = None
        self._domctl(_DESTROY, domid, b"", "end it")

    def _domctl(self, command: int, domid: int, body: bytes, what: str) -> bytes:
        if self.version not in _DOMCTL_VERSIONS:
            known = ", ".join(".".join(map(str, one)) for one in _DOMCTL_VERSIONS)
            this = ".".join(map(str, self.version))
            raise Unavailable(f"to make domains on Xen {this} is not known, only on {known}")
        head = struct.pack("<IIH6x", command, _DOMCTL_VERSIONS[self.version], domid)
        with _Placed(self._caller, (head + body).ljust(_DOMCTL_SIZE, b"\0")) as at:
            _check(self._caller.hypercall(DOMCTL, at), f"d{domid}: Xen does not {what}")
            return self._caller.memory.read(at, _DOMCTL_SIZE)

    # Memory

    def populate(self, domid: int, numbers: Sequence[int]) -> list[int]:
        """Give a domain new pages at these numbers of its own.

        Returns:
            The machine's numbers for a PV domain; for a translated one its own again.
        """
        form = f"<{len(numbers)}{self._caller.word}"
        with _Placed(self._caller, struct.pack(form, *numbers)) as extents:
            body = struct.pack(f"<2{self._caller.word}IIH", extents, len(numbers), 0, 0, domid)
            done = self._memory_op(_POPULATE_PHYSMAP, body, "get memory")
            if done != len(numbers):
                raise BackendError(f"d{domid}: {done} of {len(numbers)} pages of memory are free")
            return list(
                struct.unpack(form, self._caller.memory.read(extents, struct.calcsize(form)))
            )

    def give_up(self, numbers: Sequence[int]) -> None:
        """Have the caller give frames of its own back to Xen."""
        form = f"<{len(numbers)}{self._caller.word}"
        with _Placed(self._caller, struct.pack(form, *numbers)) as extents:
            body = struct.pack(
                f"<2{self._caller.word}IIH", extents, len(numbers), 0, 0, _DOMID_SELF
            )
            self._memory_op(_DECREASE_RESERVATION, body, "take memory back")

    def table_frames(self, domid: int, first: int, count: int, *, status: bool) -> list[int]:
        """Return the machine's numbers of frames of another domain's grant table.

        The table grows if it is smaller.
        """
        word, window = self._caller.word, range(WINDOW, WINDOW + count)
        form = f"<{count}{word}"
        with _Placed(self._caller, struct.pack(form, *window)) as frames:
            kind = domid, _GRANT_TABLE, status, count, 0
            body = struct.pack(f"<HHIIIQ{word}", *kind, first, frames)
            self._memory_op(_ACQUIRE_RESOURCE, body, "find the grant table")
            found = struct.unpack(form, self._caller.memory.read(frames, struct.calcsize(form)))
        return self._seen(found)

    def own_table_frames(self, first: int, count: int, *, status: bool) -> list[int]:
        """Return the same of the caller's own table, if the caller is translated."""
        window = range(WINDOW, WINDOW + count)
        for index, number in enumerate(window, first):
            self.put_table(_DOMID_SELF, index, number, status=status)
        return self._seen(window)

    def put_table(self, domid: int, index: int, number: int, *, status: bool) -> None:
        """Have a frame of a translated domain's grant table appear in its memory."""
        word = self._caller.word
        place = index | (_STATUS_INDEX if status else 0)
        body = struct.pack(f"<HHI2{word}", domid, 0, _GRANT_TABLE, place, number)
        self._memory_op(_ADD_TO_PHYSMAP, body, "put the grant table there")

    def _seen(self, numbers: Sequence[int]) -> list[int]:
        """Return the machine's numbers of frames that were shown to the caller."""
        found = [self._caller.machine_frame(number) for number in numbers]
        if self._caller.translated:
            for number in numbers:
                body = struct.pack(f"<2{self._caller.word}", _DOMID_SELF, number)
                self._memory_op(_REMOVE_FROM_PHYSMAP, body, "hide it again")
        return found

    def _memory_op(self, command: int, body: bytes, what: str) -> int:
        with _Placed(self._caller, body.ljust(64, b"\0")) as at:
            return _check(self._caller.hypercall(MEMORY_OP, command, at), f"Xen does not {what}")


class _Placed:
    """Bytes in a guest's memory for the time of a call."""

    def __init__(self, caller: Caller, data: bytes) -> None:
        self._caller = caller
        self._at = caller.memory.allocate(len(data))
        caller.memory.write(self._at, data)

    def __enter__(self) -> int:
        return self._at

    def __exit__(self, *_error: object) -> None:
        self._caller.memory.free(self._at)


def _check(result: int, what: str) -> int:
    if result < 0:
        raise BackendError(f"{what}: {errno.errorcode.get(-result, -result)}", got=result)
    return result
