# SPDX-License-Identifier: MIT
"""A backend that writes down what passes through it.

Imports ``xengnt.codec``, the scenario format, and the backends beside it.
"""

from __future__ import annotations

from pathlib import Path

from xengnt.backends.base import Backend, Memory
from xengnt.codec import Abi
from xengnt.errors import InvalidValue
from xengnt.scenario import Call, Scenario, lists_of, without_addresses

_FIRST = 0x1000
"""The lowest address that is given out, so that none is null."""


class Recorder:
    """Records calls as a scenario that replays.

    Args:
        inner: the backend that executes them; None if nothing is to be executed, and
            then there are no results.
        abi: the ABI of the callers, where there is no `inner`; this machine's by default.
    """

    def __init__(self, inner: Backend | None = None, abi: Abi | None = None) -> None:
        self.inner = inner
        self.abi: Abi = inner.abi if inner else abi or Abi.native()
        self.memory: Memory = inner.memory if inner else OwnMemory()
        self.scenario = Scenario(self.abi)

    def call(self, cmd: int, address: int, count: int) -> int | None:
        """Record a call, and pass it on if there is somebody."""
        codec = self.abi.codec_of(cmd)
        size = codec.plan.struct.size * count if codec else 0
        if codec is None or not (size == 0 or self.memory.readable(address, size)):
            # A number that is no op, or a bare address: what is there is not known.
            result = self.inner.call(cmd, address, count) if self.inner else None
            self.scenario.add(Call(cmd=cmd, count=count, rc=result))
            return result
        before = self.memory.read(address, size) if address else b""
        lists = lists_of(codec, before, self.memory.readable)
        call = Call(
            cmd=cmd,
            count=count,
            op=codec.op,
            data=without_addresses(codec, before),
            lists={name: [length for _, length in rows] for name, rows in lists.items()},
        )
        if self.inner:
            call.rc = self.inner.call(cmd, address, count)
            after = self.memory.read(address, size) if address else b""
            call.out = without_addresses(codec, after)
            call.filled = {
                name: [self.memory.read(at, length) for at, length in rows]
                for name, rows in lists.items()
            }
        self.scenario.add(call)
        return call.rc

    def save(self, path: str | Path) -> None:
        """Write the scenario to a file, as JSON Lines."""
        Path(path).write_text(self.scenario.text())


class OwnMemory:
    """Memory for arguments that nobody else will look at, at made-up addresses."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight."""
        ends = (start + len(block) for start, block in self._blocks.items())
        address = -(-max(ends, default=_FIRST) // 8) * 8 + 8
        self._blocks[address] = bytearray(size)
        return address

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""
        del self._blocks[address]

    def readable(self, address: int, size: int) -> bool:
        """Tell whether these bytes are known to be there."""
        return any(s <= address <= s + len(b) - size for s, b in self._blocks.items())

    def read(self, address: int, size: int) -> bytes:
        """Return bytes."""
        block, start = self._find(address)
        return bytes(block[start : start + size])

    def write(self, address: int, data: bytes) -> None:
        """Store bytes."""
        block, start = self._find(address)
        block[start : start + len(data)] = data

    def _find(self, address: int) -> tuple[bytearray, int]:
        for start, block in self._blocks.items():
            if start <= address < start + max(len(block), 1):
                return block, address - start
        raise InvalidValue(f"nothing is at address {address:#x}", got=address)
