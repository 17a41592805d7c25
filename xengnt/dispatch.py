# SPDX-License-Identifier: MIT
"""Marshal a batch, hand it to a backend, and give typed results.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.backends.base``; the op
methods come from ``xengnt.ops``.
"""

from __future__ import annotations

import weakref
from typing import Any

from xengnt.backends.base import Backend, Memory
from xengnt.batch import Batch
from xengnt.codec import Codec
from xengnt.errors import InvalidValue, UnknownName
from xengnt.ops import BATCHES, Ops

MAX_LIST = 1 << 20
"""Lists of more elements than this are not allocated: the call gets a null address."""


class Dispatcher(Ops):
    """The ops as methods, on a backend.

    Each method takes rows as its only positional argument, or columns as keywords:
    arrays, or scalars that hold for all elements. Lists that an op fills are
    allocated where the backend can see them, unless an address is given.

    Args:
        backend: what executes the calls.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def call(self, op: str, rows: object = None, /, **columns: object) -> Batch:
        """Make a call, the op given by name.

        Args:
            op: the name of the op.
            rows: what `Abi.encode` takes, instead of columns.
            columns: the columns.

        Raises:
            UnknownName, InvalidValue: as `Abi.encode`.
        """
        if rows is not None and columns:
            raise InvalidValue(f"{op}: give either rows or columns")
        codec = self.backend.abi.codec(op)
        if codec.op != op:
            raise UnknownName(f"{op} is a struct, and no op", struct=op)
        blob = bytearray(codec.encode(columns if rows is None else rows))
        memory = self.backend.memory
        lists: list[tuple[int, int]] = []
        address = 0
        try:
            self._allocate_lists(codec, blob, lists)
            if blob:
                address = memory.allocate(len(blob))
                memory.write(address, bytes(blob))
            count = len(blob) // codec.plan.struct.size
            rc = self.backend.call(self.backend.abi.layout.ops[op].number, address, count)
            after = memory.read(address, len(blob)) if blob else b""
            contents = [memory.read(at, length) if at else b"" for at, length in lists]
        except BaseException:
            _free(memory, lists)
            raise
        finally:
            if address:
                memory.free(address)
        batch = BATCHES[op](codec, rc, after, contents)
        weakref.finalize(batch, _free, memory, lists)  # its addresses are good as long as it is
        return batch

    def _allocate_lists(self, codec: Codec, blob: bytearray, lists: list[tuple[int, int]]) -> None:
        """Allocate the lists that elements have no address for, and put the addresses in.

        `lists` gets an address and a length for each element, 0 where there is none.
        """
        size = codec.plan.struct.size
        for slot, count, element_size in codec.lists:
            for start in range(0, len(blob), size):
                here = slice(start + slot.offset, start + slot.offset + slot.size)
                there = slice(start + count.offset, start + count.offset + count.size)
                number = int.from_bytes(blob[there], "little")
                length = number * element_size
                if any(blob[here]) or not 0 < number <= MAX_LIST:
                    lists.append((0, 0))
                    continue
                at = self.backend.memory.allocate(length)
                lists.append((at, length))
                blob[here] = at.to_bytes(slot.size, "little")

    def raw(self, cmd: int, arguments: Any, count: int) -> int | None:
        """Make the bare call, nothing checked, and return its result.

        Args:
            cmd: the number of the command.
            arguments: an address, or a buffer, which is copied in and, if it is
                writable, back.
            count: the number of elements.
        """
        if isinstance(arguments, int):
            return self.backend.call(cmd, arguments, count)
        try:
            view = memoryview(arguments).cast("B")
        except (TypeError, ValueError):
            kind = type(arguments).__name__
            raise InvalidValue(f"{kind} is neither an address nor a buffer", got=kind) from None
        memory = self.backend.memory
        address = memory.allocate(len(view))
        try:
            memory.write(address, bytes(view))
            rc = self.backend.call(cmd, address, count)
            if not view.readonly:
                view[:] = memory.read(address, len(view))
        finally:
            memory.free(address)
        return rc


def _free(memory: Memory, lists: list[tuple[int, int]]) -> None:
    for address, _ in lists:
        if address:
            memory.free(address)
