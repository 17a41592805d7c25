# SPDX-License-Identifier: MIT
"""The entries of a grant table in the memory that they are shared in.

Here is what can be done to an entry, for both sides: atomic operations on its flags and
on its status, plain access to the rest, and the barriers. When to do which is the rules:
of the guest in ``xengnt.guest.grants``, of Xen in a model of it.

Imports ``xengnt.errors``, ``xengnt.extension``, ``xengnt.abi``, ``xengnt.codec``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from operator import index
from typing import Any

from xengnt.abi.bits import ACCEPT_TRANSFER, IN_USE, TYPE_MASK
from xengnt.abi.declarations import header
from xengnt.abi.layout import compute
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec.buffers import bytes_of
from xengnt.errors import InvalidValue, UnknownName
from xengnt.extension import load

_WIDTHS = (2, 4, 8)
_ALL_BITS = 0xFFFF


class Entries:
    """The entries of one grant table, in place.

    A reference counts through all frames. Of the two versions the members of an entry have
    the same short names, ``domid`` and ``frame``, and in version 2 also ``page_off``,
    ``length``, ``trans_domid`` and ``gref``.

    The buffers stay in use as long as this lives: a bytearray cannot be resized, nor an
    mmap be closed.

    Args:
        frames: the grant frames, each a writable buffer of one or more whole pages.
        version: that of the table, 1 or 2.
        status: the frames of the status array, which a table of version 2 must have.

    Raises:
        InvalidValue: there is no such version; a buffer is not writable, not whole pages,
            or not aligned as memory of Xen is; the status array has too few words.
        Unavailable: the extension was not built.
    """

    def __init__(self, frames: Iterable[Any], version: int = 1, status: Iterable[Any] = ()) -> None:
        if version not in (1, 2):
            raise InvalidValue(
                f"version {version!r}: a grant table is of version 1 or 2",
                expected=(1, 2),
                got=version,
            )
        self.version = version
        self.tag = f"grant_entry_v{version}"
        self.size, self._places = _shape(self.tag)
        self._lib = load().lib
        self._count = 0
        self._per_page = PAGE_SIZE // self.size
        self._per_status = PAGE_SIZE // _status_size()
        self._held: list[Any] = []
        self._pages: list[dict[int, Any]] = []
        self._status: list[dict[int, Any]] = []
        self.extend(frames, status)

    def __len__(self) -> int:
        return self._count

    def extend(self, frames: Iterable[Any], status: Iterable[Any] = ()) -> None:
        """Add frames to the table, or none of them.

        Raises:
            InvalidValue: as for the class.
        """
        buffers = [_buffer(frame, "grant frame") for frame in frames]
        others = [_buffer(frame, "status frame") for frame in status]
        pages = [page for data in buffers for page in words(data)]
        more = [page for data in others for page in words(data)]
        count = (len(self._pages) + len(pages)) * self._per_page
        room = (len(self._status) + len(more)) * self._per_status
        if self.version == 1 and more:
            raise InvalidValue("status frames: a table of version 1 has none")
        if self.version != 1 and room < count:
            raise InvalidValue(
                f"status frames: room for {room} entries, and there are {count}",
                expected=count,
                got=room,
            )
        self._held += [_hold(data) for data in (*buffers, *others)]
        self._status += more
        self._pages += pages
        self._count = count  # last: who sees it can use them all

    # Flags

    def flags(self, ref: int) -> int:
        """Return the flags. What is read after this is not older than they are."""
        return int(self._lib.xengnt_load16(self._at(ref, "flags")))

    def set_flags(self, ref: int, flags: int) -> None:
        """Store the flags. What was written before this is seen before them."""
        self._lib.xengnt_store16(self._at(ref, "flags"), flags)

    def compare_exchange_flags(self, ref: int, expected: int, flags: int) -> bool:
        """Store the flags if they are still as expected, at once, and tell whether they were."""
        found = self._lib.xengnt_cmpxchg16(self._at(ref, "flags"), expected, flags)
        return bool(found == expected)

    def set_bits(self, ref: int, bits: int) -> int:
        """Set bits of the flags, losing no other, and return what the flags were before."""
        return int(self._lib.xengnt_fetch_or16(self._at(ref, "flags"), bits))

    def clear_bits(self, ref: int, bits: int) -> int:
        """Clear bits of the flags, losing no other, and return what the flags were before."""
        return int(self._lib.xengnt_fetch_and16(self._at(ref, "flags"), _ALL_BITS & ~bits))

    # Flags and domain in one

    def head(self, ref: int) -> tuple[int, int]:
        """Return the flags and the domain, as they were at one moment."""
        word = self._lib.xengnt_load32(self._at(ref, "head"))
        return word & _ALL_BITS, word >> 16

    def compare_exchange_head(self, ref: int, expected: tuple[int, int], flags: int) -> bool:
        """Store the flags if they and the domain are still as expected, and tell whether.

        It is how Xen marks an entry of version 1: with the mark it knows whom the entry
        was for.
        """
        old, domid = expected[0], expected[1] << 16
        found = self._lib.xengnt_cmpxchg32(self._at(ref, "head"), old | domid, flags | domid)
        return bool(found == old | domid)

    # Whether it is in use: in the flags, or in the status array

    def in_use(self, ref: int) -> int:
        """Return which of reading and writing are set."""
        if self.version == 1:
            flags = self.flags(ref)
            # A transfer has other meanings for these bits.
            return 0 if flags & TYPE_MASK == ACCEPT_TRANSFER else flags & IN_USE
        return self.status(ref) & IN_USE

    def set_in_use(self, ref: int, bits: int) -> int:
        """Set reading, writing or both as Xen does; return the flags or the status before."""
        if self.version == 1:
            return self.set_bits(ref, bits)
        return int(self._lib.xengnt_fetch_or16(self._status_at(ref), bits))

    def clear_in_use(self, ref: int, bits: int) -> int:
        """Clear reading, writing or both as Xen does; return the flags or the status before."""
        if self.version == 1:
            return self.clear_bits(ref, bits)
        return int(self._lib.xengnt_fetch_and16(self._status_at(ref), _ALL_BITS & ~bits))

    def status(self, ref: int) -> int:
        """Return the word of the status array, whatever is in it.

        Raises:
            InvalidValue: there is no such entry, or the table is of version 1.
        """
        return int(self._lib.xengnt_load16(self._status_at(ref)))

    # The rest

    def load(self, ref: int, name: str) -> int:
        """Return a member by its short name, ``frame``; with nothing in order."""
        return int(self._at(ref, name)[0])

    def store(self, ref: int, name: str, value: int) -> None:
        """Store a member by its short name, ``frame``; with nothing in order.

        Raises:
            InvalidValue: it does not fit.
        """
        self._check(ref, name, value)
        self._at(ref, name)[0] = value

    def fill(self, ref: int, **members: int) -> None:
        """Store all of an entry but its flags; members that are not given are 0.

        Raises:
            InvalidValue: one does not fit, and then nothing is stored.
        """
        for name, value in members.items():
            self._check(ref, name, value)
        for name in self._places:
            if name not in ("flags", "head", *members):
                self._at(ref, name)[0] = 0
        for name, value in members.items():
            self._at(ref, name)[0] = value

    # Barriers

    def read_barrier(self) -> None:
        """Keep loads before this before loads after it."""
        self._lib.xengnt_rmb()

    def write_barrier(self) -> None:
        """Keep stores before this before stores after it."""
        self._lib.xengnt_wmb()

    def barrier(self) -> None:
        """Keep all before this before all after it, loads after stores included."""
        self._lib.xengnt_mb()

    def _at(self, ref: int, name: str) -> Any:
        """Return a pointer to a member."""
        if not 0 <= ref < self._count:
            raise self._no_entry(ref)
        try:
            offset, width = self._places[name]
        except KeyError:
            raise UnknownName(
                f"{self.tag}: no member {name!r}", struct=self.tag, field=name
            ) from None
        page, at = divmod(ref, self._per_page)
        return self._pages[page][width] + (at * self.size + offset) // width

    def _status_at(self, ref: int) -> Any:
        if self.version == 1:
            raise InvalidValue("status: a table of version 1 has none")
        if not 0 <= ref < self._count:
            raise self._no_entry(ref)
        page, at = divmod(ref, self._per_status)
        return self._status[page][_status_size()] + at

    def _no_entry(self, ref: int) -> InvalidValue:
        return InvalidValue(
            f"ref {ref}: the table has {self._count} entries", expected=self._count, got=ref
        )

    def _check(self, ref: int, name: str, value: int) -> None:
        """Raise `InvalidValue` unless a member can hold a value."""
        self._at(ref, name)
        _, width = self._places[name]
        if not 0 <= index(value) < 1 << 8 * width:
            raise InvalidValue(
                f"ref {ref}: {name} {value:#x} does not fit in {8 * width} bits",
                struct=self.tag,
                field=name,
                element=ref,
                expected=(0, (1 << 8 * width) - 1),
                got=value,
            )


@cache
def _shape(tag: str) -> tuple[int, dict[str, tuple[int, int]]]:
    """Return the size of an entry, and the offset and width of each member by its short name.

    Views of version 2 that have a member in common have it at the same place; what has the
    same name at several places is a pad. Entries are the same on all ABIs.
    """
    struct = compute(header().at("x86_64")).struct(tag)
    found: dict[str, set[tuple[int, int]]] = {}
    for leaf in struct.leaves:
        if leaf.count is None:
            name = leaf.name.rpartition(".")[2]
            found.setdefault(name, set()).add((leaf.offset, leaf.size))
    places = {name: place.pop() for name, place in found.items() if len(place) == 1}
    offset, width = places["flags"]
    if places["domid"] != (offset + width, width) or offset % (2 * width):
        raise InvalidValue(f"{tag}: flags and domid do not share a word", struct=tag)
    places["head"] = offset, 2 * width
    return struct.size, places


@cache
def _status_size() -> int:
    return compute(header().at("x86_64")).typedefs["grant_status_t"].size


def _buffer(frame: Any, what: str) -> memoryview:
    """Return the bytes of a frame or more, or raise with what is wrong with them."""
    data = bytes_of(frame)
    if data is None or data.readonly:
        problem = "is read-only" if data else f"is no buffer in one piece: {type(frame).__name__}"
        raise InvalidValue(f"{what}: {problem}", expected="a writable buffer")
    if not data.nbytes or data.nbytes % PAGE_SIZE:
        raise InvalidValue(
            f"{what}: {data.nbytes} bytes, which is no whole number of pages of {PAGE_SIZE}",
            expected=PAGE_SIZE,
            got=data.nbytes,
        )
    if _start(data) % max(_WIDTHS):
        raise InvalidValue(f"{what}: it does not begin at a multiple of {max(_WIDTHS)} bytes")
    return data


def _start(data: memoryview) -> int:
    ffi = load().ffi
    return int(ffi.cast("uintptr_t", ffi.from_buffer(data)))


def words(data: memoryview) -> list[dict[int, Any]]:
    """Return the pages of a buffer, each as arrays of words of every width.

    They do not keep the buffer.
    """
    ffi, start = load().ffi, _start(data)
    return [
        {
            width: ffi.cast(f"uint{8 * width}_t (*)[{PAGE_SIZE // width}]", start + at)[0]
            for width in _WIDTHS
        }
        for at in range(0, data.nbytes, PAGE_SIZE)
    ]


def _hold(data: memoryview) -> Any:
    """Return what keeps a buffer where it is.

    It holds on to the object whose bytes they are and to no view of it: a view in use that
    is part of a cycle of references crashes the interpreter when that is collected.
    """
    return load().ffi.from_buffer(data.obj)
