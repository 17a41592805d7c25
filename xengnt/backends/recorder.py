# SPDX-License-Identifier: MIT
"""A backend that writes down what passes through it.

Imports ``xengnt.codec``, the scenario format, and the backends beside it.
"""

from __future__ import annotations

from pathlib import Path

from xengnt.backends.base import Backend, Memory
from xengnt.codec import Abi
from xengnt.scenario import Call, Scenario, lists_of, without_addresses


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
        self.memory: Memory = inner.memory if inner else _process_memory()
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
        lists = lists_of(codec, before)
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


def _process_memory() -> Memory:
    from xengnt.backends.native import ProcessMemory

    return ProcessMemory()
