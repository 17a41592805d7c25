# SPDX-License-Identifier: MIT
"""What a scenario is played on: a world that makes domains, or just one backend.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec`` and the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.errors import SourceError
from xengnt.scenario.steps import MakeDomain

if TYPE_CHECKING:
    from xengnt.backends.base import Backend


class Actor(Protocol):
    """A domain in a world."""

    @property
    def backend(self) -> Backend:
        """What takes its calls."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What names can ask of it.

        They are ``domid``, and by index ``frame``, ``address`` and ``room``: the number and the
        address of a page, and an address for a mapping; and ``machine``: where the machine has
        the page.
        """

    def reasons(self) -> list[tuple[int | None, str]]:
        """Return why elements of its last call failed, by index, as far as that is told."""

    def grant(self, action: str, arguments: dict[str, Any]) -> int | None:
        """Change an entry of its table, and return the reference, or a frame's number.

        Raises:
            XengntError: it cannot be done.
        """

    def read(self, page: int | None, address: int, length: int) -> bytes:
        """Return bytes of its memory: of a page by index, else at an address.

        Raises:
            XengntError: there is nothing.
        """

    def write(self, page: int | None, address: int, data: bytes) -> None:
        """Store bytes in its memory.

        Raises:
            XengntError: there is nothing, or it may not be written.
        """

    def table(self, *, status: bool) -> list[memoryview]:
        """Return the frames of its grant table, or of the status array, in place."""


@runtime_checkable
class World(Protocol):
    """Where domains are made."""

    def first(self, abi: Abi) -> Actor:
        """Return who makes calls where a scenario makes no domain."""

    def make(self, step: MakeDomain) -> Actor:
        """Make a domain."""

    def destroy(self, actor: Actor) -> None:
        """End a domain."""


class ByIndex:
    """What a function gives for an index, as a value for names."""

    def __init__(self, function: Callable[[int], int]) -> None:
        self._function = function

    def __getitem__(self, index: int) -> int:
        return self._function(index)

    def __iter__(self) -> Iterator[int]:
        raise TypeError("without an index it is nothing")


def within_page(offset: int, length: int) -> None:
    """Raise if bytes are not all within a page."""
    if offset + length > PAGE_SIZE:
        raise SourceError(f"{length} bytes from {offset}: a page has {PAGE_SIZE}")


class InPages:
    """The memory of an actor whose backend has ``memory``, and pages by index in place."""

    backend: Any

    def read(self, page: int | None, address: int, length: int) -> bytes:
        """Return bytes of a page, or at an address."""
        if page is None:
            found: bytes = self.backend.memory.read(address, length)
            return found
        within_page(address, length)
        return bytes(self.backend.page(page)[address : address + length])

    def write(self, page: int | None, address: int, data: bytes) -> None:
        """Store bytes in a page, or at an address."""
        if page is None:
            self.backend.memory.write(address, data)
            return
        within_page(address, len(data))
        self.backend.page(page)[address : address + len(data)] = data


class GuestActor(InPages):
    """A domain, and the guest in it.

    Args:
        domain: the backend, with ``domid``, ``grants``, and by the index of a page ``page``,
            ``frame``, ``address`` and ``machine_address``.
        room: an address for a mapping, by index.
    """

    def __init__(self, domain: Any, room: Callable[[int], int]) -> None:
        self.backend = domain
        self.values: Mapping[str, Any] = {
            "domid": domain.domid,
            "frame": ByIndex(domain.frame),
            "address": ByIndex(domain.address),
            "room": ByIndex(room),
            "machine": ByIndex(domain.machine_address),
        }

    def grant(self, action: str, arguments: dict[str, Any]) -> int | None:
        """Change an entry of its table as its guest would."""
        found: int | None = getattr(self.backend.grants, action)(**arguments)
        return found


class Alone:
    """A world of one backend, which has no domains to make."""

    def __init__(self, backend: Backend) -> None:
        self._actor = _Caller(backend)

    def first(self, abi: Abi) -> Actor:
        """Return the backend, if it is for this ABI."""
        backend = self._actor.backend
        if backend.abi != abi:
            raise SourceError(f"the scenario is for {abi}, and the backend is {backend.abi}")
        return self._actor

    def make(self, step: MakeDomain) -> Actor:
        """Refuse."""
        raise SourceError(f"this backend makes no domains, and {step.name} is to be one")

    def destroy(self, _actor: Actor) -> None:
        """Do nothing: there is nothing that was made."""


class _Caller:
    """The one who calls a backend that knows no domains."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.values: Mapping[str, Any] = {}

    def reasons(self) -> list[tuple[int | None, str]]:
        return []

    def grant(self, action: str, _arguments: dict[str, Any]) -> int | None:
        raise SourceError(f"this backend has no grant table for {action}")

    def read(self, page: int | None, address: int, length: int) -> bytes:
        self._address(page)
        return self.backend.memory.read(address, length)

    def write(self, page: int | None, address: int, data: bytes) -> None:
        self._address(page)
        self.backend.memory.write(address, data)

    def table(self, *, status: bool) -> list[memoryview]:
        raise SourceError(f"this backend has no {'status array' if status else 'grant table'}")

    def _address(self, page: int | None) -> None:
        if page is not None:
            raise SourceError(f"this backend has no page {page}: only addresses")
