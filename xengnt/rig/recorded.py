# SPDX-License-Identifier: MIT
"""A call as lines of a scenario.

Imports ``xengnt.abi``, ``xengnt.codec``, ``xengnt.model`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from xengnt.abi.bits import DEST_GREF
from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Codec
from xengnt.codec.lists import places, too_long
from xengnt.model import Domain
from xengnt.model.call import CMD_BITS
from xengnt.model.failures import Failed, Fault
from xengnt.rig.changes import Range
from xengnt.rig.naming import Namer, comes_out, goes_in
from xengnt.scenario.call import UNKNOWN

CMD_MASK = (1 << CMD_BITS) - 1
MOST = 1 << 16
"""Of more elements than this, only so many are written down."""

Line = dict[str, Any]
Row = dict[str, Any]


class Raw:
    """A call of no op that is known, as bytes.

    Args:
        namer: gives names to numbers.
        caller: who makes it.
        cmd: the number of the command.
        address: of the arguments.
        count: how many structs that are to be.
    """

    op = ""
    ranges: tuple[Range, ...] = ()

    def __init__(self, namer: Namer, caller: Domain, cmd: int, address: int, count: int) -> None:
        self._line: Line = {"cmd": cmd, "caller": namer.domain(caller), "count": count}
        codec = caller.abi.codec_of(cmd & CMD_MASK)
        size = codec.plan.struct.size if codec else 0
        self._line["in"] = _readable(caller, address, size * min(count, MOST)).hex()

    def lines(self, rc: int, name: str) -> Iterator[Line]:
        """Give its line."""
        del name
        yield self._line | {"rc": rc}


class Recorded:
    """A call that is about to be made, with what is in its arguments.

    Args:
        namer: gives names to numbers.
        codec: that of the op.
        caller: who makes it.
        address: of the arguments.
        count: how many structs that are to be.

    Attributes:
        op: the op.
        ranges: bytes of frames to which Xen may write in this call.
    """

    def __init__(
        self, namer: Namer, codec: Codec, caller: Domain, address: int, count: int
    ) -> None:
        self._namer, self._codec, self._caller = namer, codec, caller
        self.op = codec.name
        self._struct = codec.plan.struct
        self._address, self._count = address, count
        # Some ops take one struct, whatever the count is.
        data = _readable(caller, address, self._struct.size * max(1, min(count, MOST)))
        self._data = codec.whole(data)
        self._rows: list[Row] = caller.abi.decode(codec.name, self._data)
        self._args = [self._named(row) for row in self._rows]
        self._destinations = [self._destination(row) for row in self._rows]
        self.ranges = [*self._written()]

    def _named(self, row: Row) -> Row:
        """Return what goes in, with names."""
        given = {key: value for key, value in row.items() if goes_in(self._struct.field(key))}
        return self._namer.row(self._caller, self._struct, given)

    def _written(self) -> Iterator[Range]:
        yield from _within(self._caller, self._address, len(self._data))
        for spans in places(self._codec, self._data).values():
            for start, length in spans:
                yield from _within(self._caller, start, min(length, MOST)) if start else ()
        yield from (one for one in self._destinations if one)

    def _destination(self, row: Row) -> Range | None:
        """Return where a copy goes to; None if it goes nowhere or too far, or is none."""
        if self._codec.name != "copy":
            return None
        caller = self._caller
        owner = caller.hypervisor.domains.get(row["dest.domid"], caller)
        start, end = row["dest.offset"], row["dest.offset"] + row["len"]
        number = next(value for key, value in row.items() if key.startswith("dest.u"))
        try:
            if row["flags"] & DEST_GREF:
                entries = owner.table.entries
                if number >= len(entries):
                    return None
                number, _, _ = entries.part(number, entries.header(number)[0])
                caller = owner
            frame = caller.frame_named(number)
        except Failed:
            return None
        return Range(frame, start, end) if start < end <= PAGE_SIZE else None

    # When it has been made

    def lines(self, rc: int, name: str) -> Iterator[Line]:
        """Give its lines.

        Elements that were to fail are left out, as Xen saw nothing of them.

        Args:
            rc: its result.
            name: what to call what came out.
        """
        injected = set(self._caller.injected)
        kept = [n for n in range(len(self._args)) if n not in injected]
        if injected and not kept:
            return
        after = _readable(self._caller, self._address, len(self._data)) if rc == 0 else b""
        told = self._count if "status" in self._struct.by_name else 1
        out: list[Row] = self._caller.abi.decode(self._codec.name, after)[:told]
        done = [n for n in kept if n < len(out)]
        line: Line = {"op": self._codec.name, "caller": self._namer.domain(self._caller)}
        line["count"] = self._count - len(injected)
        if kept:
            line["args"] = [self._args[n] for n in kept]
        undo = self._place(line, rc, out)
        line["rc"] = rc
        if done and line.get("address") != UNKNOWN:
            line["results"] = [self._result(out[n], f"${name}[{at}]") for at, n in enumerate(done)]
            line["as"] = name
        yield line
        if undo:
            yield undo
        for n in done:
            if not out[n].get("status"):
                yield from self._left_behind(self._destinations[n])

    def _place(self, line: Line, rc: int, out: list[Row]) -> Line | None:
        """Say where the arguments are, if that matters; return what puts back what was there."""
        whole = len(self._rows) >= self._count
        if not whole and self._rows and rc != -errno.EFAULT:
            line["args"] = line["args"][:1]  # Xen looked at no more
        if self._endless():
            _unknown(line)
            return None
        if self._lists(line, out) or rc != -errno.EFAULT:
            line |= self._in_page()
            return None
        if not self._rows:
            size = self._struct.size * self._count
            if self._address:
                accepted = self._caller.space.accepts(self._address, size)
                line["address"] = self._namer.nowhere(self._caller) if accepted else self._address
            return None
        size = self._struct.size * len(line["args"])
        if whole or size > PAGE_SIZE or not self._caller.pages:
            _unknown(line)  # not to be written, or not to be had again
            return None
        last, offset = max(self._caller.pages), PAGE_SIZE - size
        who = self._namer.domain(self._caller)
        line |= {"address": f"${who}.address[{last}]", "offset": offset}  # nothing is behind it
        there = bytes(self._caller.pages[last].data[offset:])
        return {"write": there.hex(), "in": who, "page": last, "offset": offset}

    def _in_page(self) -> Line:
        """Return where the arguments are, if they are in pages of the caller's."""
        offset = self._address % PAGE_SIZE
        name = self._namer.address(self._caller, self._address - offset)
        in_pages = isinstance(name, str) and self._address < self._caller.places.arena
        return {"address": name, "offset": offset} if in_pages and self._rows else {}

    def _endless(self) -> bool:
        """Tell whether its lists are longer than a scenario may ask for."""
        found = places(self._codec, self._data)
        lengths = {name: [length for _, length in rows] for name, rows in found.items()}
        return too_long(self._codec, lengths)

    def _lists(self, line: Line, out: list[Row]) -> bool:
        """Write down lists that Xen could not fill, and tell whether there are some.

        All others are put anywhere when it plays again.
        """
        found = False
        for field, rows in places(self._codec, self._data).items():
            for n, (address, length) in enumerate(rows[: len(line.get("args", ()))]):
                if not address:
                    line["lists"] = {field: [0] * len(line["args"])}
                elif length and (not out or out[n]["status"] == Status.BAD_VIRT_ADDR):
                    accepted = self._caller.space.accepts(address, length)
                    somewhere = self._namer.nowhere(self._caller) if accepted else address
                    line["args"][n][field] = somewhere
                    found = not accepted
        return found

    def _result(self, row: Row, name: str) -> Row:
        """Return what came out of an element, with names; the caller may use them later."""
        if row.get("status"):
            return {"status": row["status"]}
        found: Row = {}
        for key, value in row.items():
            field = self._struct.field(key)
            if comes_out(field):
                found[key] = self._namer.value(self._caller, self._struct, key, value)
                if field.type == "grant_handle_t":
                    self._namer.handle(self._caller, value, f"{name}.{key}")
                    found[key] = "any"
        return found

    def _left_behind(self, found: Range | None) -> Iterator[Line]:
        """Give a line that looks at what a copy has left behind."""
        page = self._namer.page(found.frame) if found else None
        if found and page:
            data = bytes(found.frame.data[found.start : found.end])
            line = {"read": len(data), "in": page[0], "page": page[1], "offset": found.start}
            yield line | {"bytes": data.hex()}


def _unknown(line: Line) -> None:
    """Have a call be one that cannot be made again."""
    del line["args"]
    line["address"] = UNKNOWN


def _readable(caller: Domain, address: int, size: int) -> bytes:
    """Return as many of so many bytes as there are."""
    found = b""
    if not caller.space.accepts(address, size):
        return found
    with suppress(Fault):
        while len(found) < size:
            at = address + len(found)
            part = min(PAGE_SIZE - at % PAGE_SIZE, size - len(found))
            found += caller.space.read(at, part)
    return found


def _within(domain: Domain, address: int, size: int) -> Iterator[Range]:
    """Give the parts of bytes that are in frames which a guest sees."""
    end = address + size
    while address < end:
        number, at = divmod(address, PAGE_SIZE)
        part = min(PAGE_SIZE - at, end - address)
        if page := domain.space.pages.get(number):
            yield Range(page.frame, at, at + part)
        address += part
