# SPDX-License-Identifier: MIT
"""Marshal a batch, hand it to a backend, and give typed results.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.backends.base``; the op
methods come from ``xengnt.ops``.
"""

from __future__ import annotations

import weakref
from operator import index
from typing import Any

from xengnt.backends.base import Backend, Memory
from xengnt.batch import Batch
from xengnt.codec import Codec
from xengnt.codec.abi import Name
from xengnt.codec.buffers import address_of, bytes_of, kind_of
from xengnt.codec.lists import MAX_LISTS, places, point, too_long
from xengnt.codec.symbols import shown
from xengnt.errors import InvalidValue, UnknownName
from xengnt.ops import BATCHES, Ops


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

    def call(self, op: Name, rows: object = None, /, **columns: object) -> Batch:
        """Make a call, the op given by name.

        Args:
            op: the name of the op.
            rows: what `Abi.encode` takes, instead of columns.
            columns: the columns.

        Raises:
            UnknownName, InvalidValue: as `Abi.encode`; also if its lists are too long to
                be allocated.
        """
        codec = self.backend.abi.codec(op)
        if codec.name not in self.backend.abi.layout.ops:
            raise UnknownName(f"{op} is a struct, and no op", struct=codec.name)
        op = codec.name
        if (rows is None) is not bool(columns):
            one = "either rows or columns" if columns else "rows or columns; [] is a call of none"
            raise InvalidValue(f"{op}: give {one}", struct=codec.plan.struct.tag)
        blob = bytearray(codec.encode(columns if rows is None else rows))
        memory = self.backend.memory
        lists: list[tuple[int | None, int]] = []
        address = 0
        try:
            self._allocate_lists(codec, blob, lists)
            if blob:
                address = memory.allocate(len(blob))
                memory.write(address, bytes(blob))
            count = len(blob) // codec.plan.struct.size
            rc = self.backend.call(self.backend.abi.layout.ops[op].number, address, count)
            after = memory.read(address, len(blob)) if blob else b""
            contents = [None if at is None else memory.read(at, length) for at, length in lists]
        except BaseException:
            _free(memory, lists)
            raise
        finally:
            if address:
                memory.free(address)
        batch = BATCHES[op](codec, rc, after, contents)
        weakref.finalize(batch, _free, memory, lists)  # its addresses are good as long as it is
        return batch

    def _allocate_lists(
        self, codec: Codec, blob: bytearray, lists: list[tuple[int | None, int]]
    ) -> None:
        """Allocate the lists that elements have no address for, and put the addresses in.

        `lists` gets an address and a length for each element: None where the address
        was given, and 0 where there is nothing to list.
        """
        found = places(codec, blob)
        missing = {n: [0 if at else size for at, size in rows] for n, rows in found.items()}
        for slot, count, _ in codec.lists:
            if too_long(codec, missing):
                raise InvalidValue(
                    f"{codec.name}: {count.name}: lists of more than {MAX_LISTS} elements are not "
                    f"allocated: give an address as {slot.name}",
                    struct=codec.plan.struct.tag,
                    field=count.name,
                    offset=count.offset,
                    expected=MAX_LISTS,
                )
            for element, (address, length) in enumerate(found[slot.name]):
                own = 0 if address or not length else self.backend.memory.allocate(length)
                lists.append((None if address else own, length))
                found[slot.name][element] = address or own, length
        point(codec, blob, found)

    def raw(self, cmd: int, arguments: Any, count: int) -> int | None:
        """Make the bare call, nothing about its meaning checked, and return its result.

        Args:
            cmd: the number of the command.
            arguments: an address, as an integer or a pointer of ctypes or cffi; or a
                buffer, which is copied in and, if it is writable, back. An empty one is
                a null pointer.
            count: the number of elements.

        Raises:
            InvalidValue: what does not fit a C function's arguments.
        """
        cmd, count = _unsigned("cmd", cmd, 4), _unsigned("count", count, 4)
        address = address_of(arguments)
        if address is not None:
            word = self.backend.abi.target.word
            return self.backend.call(cmd, _unsigned("address", address, word), count)
        view = bytes_of(arguments)
        if view is None:
            kind = kind_of(arguments)
            raise InvalidValue(f"{kind} is neither an address nor a buffer", got=kind)
        if not view:
            return self.backend.call(cmd, 0, count)
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


def _unsigned(name: str, value: object, size: int) -> int:
    """Return an argument of a C function as an integer that fits."""
    try:
        number = -1 if isinstance(value, bool) else index(value)  # type: ignore[arg-type]  # raises for what is none
    except TypeError:
        number = -1
    high = (1 << 8 * size) - 1
    if not 0 <= number <= high:
        raise InvalidValue(
            f"{name}: expected 0 to {high}, got {shown(value)}", expected=(0, high), got=value
        )
    return number


def _free(memory: Memory, lists: list[tuple[int | None, int]]) -> None:
    for address, _ in lists:
        if address:
            memory.free(address)
