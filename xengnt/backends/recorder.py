# SPDX-License-Identifier: MIT
"""A backend that writes down what passes through it.

Imports ``xengnt.codec``, the scenario format, and what is beside it.
"""

from __future__ import annotations

from pathlib import Path

from xengnt.backends.base import Backend, Memory
from xengnt.backends.memory import OwnMemory
from xengnt.codec import Abi
from xengnt.codec.lists import Places, given, places, too_long, without_addresses
from xengnt.errors import InvalidValue, SourceError
from xengnt.scenario import Call, Scenario


class Recorder:
    """Records calls as a scenario that replays.

    Args:
        inner: the backend that executes them; None if nothing is to be executed, and
            then there are no results.
        abi: the ABI of the callers, or its name, where there is no `inner`; this
            machine's by default.

    Raises:
        InvalidValue: `inner` is no backend, or of another ABI.
        UnknownName: there is no such ABI.
    """

    def __init__(self, inner: Backend | None = None, abi: Abi | str | None = None) -> None:
        _check(inner)
        wanted = Abi(abi) if isinstance(abi, str) else abi
        if inner and wanted not in (None, inner.abi):
            raise InvalidValue(f"abi is {wanted}, and the backend is {inner.abi}", got=wanted)
        self.inner = inner
        self.abi: Abi = inner.abi if inner else wanted or Abi.native()
        self.memory: Memory = inner.memory if inner else OwnMemory()
        self.scenario = Scenario(self.abi)

    def call(self, cmd: int, address: int, count: int) -> int | None:
        """Record a call, and pass it on if there is somebody."""
        codec = self.abi.codec_of(cmd)
        size = self.memory.extent(address) if address else 0
        nowhere = bool(address and not size)
        before = self.memory.read(address, size)
        lists = given(places(codec, before)) if codec else {}
        lengths = {name: [length for _, length in rows] for name, rows in lists.items()}
        endless = bool(codec and too_long(codec, lengths))
        call = Call(
            cmd=cmd,
            count=count,
            op=codec.op if codec else None,
            data=without_addresses(codec, before),
            unknown=endless or nowhere,
            lists={} if endless else lengths,
        )
        if self.inner:
            call.rc = self.inner.call(cmd, address, count)
            after = self.memory.read(address, size)
            call.out = None if nowhere else without_addresses(codec, after)
            call.filled = {} if endless else self._filled(lists)
        self.scenario.add(call)
        return call.rc

    def _filled(self, lists: Places) -> dict[str, list[bytes | str | None]]:
        """Return what is in lists now, None for those that are not known to be there."""
        filled: dict[str, list[bytes | str | None]] = {
            name: [self._known(*row) for row in rows] for name, rows in lists.items()
        }
        return {name: rows for name, rows in filled.items() if rows.count(None) < len(rows)}

    def _known(self, address: int, size: int) -> bytes | None:
        known = self.memory.extent(address) >= size
        return self.memory.read(address, size) if known else None

    def save(self, path: str | Path) -> None:
        """Write the scenario to a file, as JSON Lines.

        Raises:
            SourceError: it cannot be written.
        """
        try:
            Path(path).write_text(self.scenario.text())
        except (OSError, ValueError) as error:
            raise SourceError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _check(inner: object) -> None:
    """Raise if something is no backend."""
    if inner is not None and not isinstance(inner, Backend):
        hint = ": give it as abi=" if isinstance(inner, Abi | str) else ""
        raise InvalidValue(f"{type(inner).__name__} is no backend{hint}", got=inner)
