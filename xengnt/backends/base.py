# SPDX-License-Identifier: MIT
"""What a backend is: something with an ABI and a memory that takes the call.

Imports ``xengnt.codec`` only.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from xengnt.codec import Abi


class Memory(Protocol):
    """Memory that a backend can see, by address."""

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight."""

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""

    def extent(self, address: int) -> int:
        """Return how many bytes from an address on are known to be there, 0 if none is."""

    def read(self, address: int, size: int) -> bytes:
        """Return bytes."""

    def write(self, address: int, data: bytes) -> None:
        """Store bytes."""


@runtime_checkable
class Backend(Protocol):
    """What executes a batch."""

    @property
    def abi(self) -> Abi:
        """That of the caller that it takes calls from."""

    @property
    def memory(self) -> Memory:
        """Where the arguments are."""

    def call(self, cmd: int, address: int, count: int) -> int | None:
        """Make the bare call, and return its result, or None if nothing was called.

        Args:
            cmd: the number of the command, as Xen gets it.
            address: where the arguments are in `memory`; 0 is a null pointer.
            count: how many elements there are to be.
        """
