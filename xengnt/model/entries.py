# SPDX-License-Identifier: MIT
"""Grant entries as the bytes that a guest and Xen share.

All that Xen's side reads from entries and writes to them is here, and nowhere else. The
guest may change them at any time. What both sides change is changed by atomic operations, and
an entry is taken into use only if it still allows that at the moment it is marked.

Imports ``xengnt.abi``, ``xengnt.extension``, ``xengnt.guest`` and the modules beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from xengnt.abi.bits import (
    ACCEPT_TRANSFER,
    COMMITTED,
    COMPLETED,
    IN_USE,
    PERMIT_ACCESS,
    READING,
    READONLY,
    SUB_PAGE,
    TRANSITIVE,
    TYPE_MASK,
)
from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.extension import load
from xengnt.guest.entries import words
from xengnt.model.failures import Failed
from xengnt.model.forms import form

_V1 = form("x86_64", "grant_entry_v1")  # entries are the same on every ABI
_V2 = form("x86_64", "grant_entry_v2")
_STATUS = form("x86_64", "grant_status_t")

_HEADER_V1 = _V1.reader("flags", "domid")
_ENTRY_V1 = _V1.reader("flags", "domid", "frame")
_HEADER_V2 = _V2.reader("hdr.flags", "hdr.domid")
_FRAME_V2 = _V2.reader("full_page.frame")
_PART_V2 = _V2.reader("sub_page.page_off", "sub_page.length", "sub_page.frame")
_TRANSITIVE_V2 = _V2.reader("transitive.trans_domid", "transitive.gref")
_, _FLAGS = _V1.store("flags")
_WORD = _STATUS.reader("grant_status_t")

_SIZE_V1, _SIZE_V2 = _V1.size, _V2.size
_PER_V1, _PER_V2 = PAGE_SIZE // _SIZE_V1, PAGE_SIZE // _SIZE_V2

STATUS_PER_FRAME = PAGE_SIZE // _STATUS.size

_WHOLE_OR_PART = TYPE_MASK | SUB_PAGE
_HALF, _WORD_SIZE = 2, 4  # bytes of the flags, and of flags and domain in one
_ALL = 0xFFFF
_DOMID = 16  # the bits below the domain, in such a word

_ATTEMPTS = 5
"""How often Xen looks again at an entry of version 1 that changes under its hands."""


Part = tuple[int, int, int]
"""What an entry grants: the number that its owner gives the frame, where the part of it
begins, and how long that is."""


class Entries(ABC):
    """The entries of a table, of one version.

    Args:
        frames: the frames of the table; a list that may grow.
    """

    version: int
    size: int
    per_frame: int

    def __init__(self, frames: list[memoryview]) -> None:
        self.frames = frames
        self._lib = load().lib
        self._shared = _Words(frames)

    def __len__(self) -> int:
        return len(self.frames) * self.per_frame

    def at(self, ref: int) -> tuple[memoryview, int]:
        """Return the frame that an entry is in, and its offset there."""
        frame, index = divmod(ref, self.per_frame)
        return self.frames[frame], index * self.size

    def header(self, ref: int) -> tuple[int, int]:
        """Return the flags and the domain of an entry."""
        frame, at = self.at(ref)
        flags, domid = _HEADER_V1.unpack_from(frame, at)
        return flags, domid

    def put_flags(self, ref: int, flags: int) -> None:
        """Write the flags of an entry."""
        frame, at = self.at(ref)
        _FLAGS.pack_into(frame, at, flags)

    def _flags_at(self, ref: int) -> Any:
        """Return a pointer to the flags of an entry."""
        frame, index = divmod(ref, self.per_frame)
        return self._shared.at(frame, index * self.size, _HALF)

    def _head_at(self, ref: int) -> Any:
        """Return a pointer to the flags and the domain in one."""
        frame, index = divmod(ref, self.per_frame)
        return self._shared.at(frame, index * self.size, _WORD_SIZE)

    def _changed(self, ref: int, head: tuple[int, int], flags: int) -> bool:
        """Write the flags unless they, or the domain, are not any more as they were, and tell."""
        old = head[0] | head[1] << _DOMID
        new = flags | head[1] << _DOMID
        return bool(self._lib.xengnt_cmpxchg32(self._head_at(ref), old, new) != old)

    @abstractmethod
    def claim(self, ref: int, user: int, *, pinned: bool, readonly: bool, mapping: bool) -> int:
        """Mark an entry as in use by a domain, and return its flags as they were before.

        Raises:
            Failed: it does not allow that.
        """

    @abstractmethod
    def release(self, ref: int, bits: int) -> None:
        """Clear in-use bits of an entry."""

    @abstractmethod
    def part(self, ref: int, flags: int) -> Part:
        """Return what an entry with these flags grants."""

    @abstractmethod
    def whole(self, ref: int) -> int:
        """Return the frame number of an entry as if it granted the whole page."""

    @abstractmethod
    def swap(self, a: int, b: int) -> None:
        """Exchange two entries."""

    def commit(self, ref: int, giver: int) -> None:
        """Announce a page to an entry that accepts one.

        Raises:
            Failed: it does not accept one from this domain.
        """
        flags, domid = self.header(ref)
        if flags != ACCEPT_TRANSFER or domid != giver:
            raise Failed(
                Status.GENERAL_ERROR,
                f"entry {ref} has flags {flags:#x} for d{domid}, not {ACCEPT_TRANSFER:#x} "
                f"(accept_transfer) for d{giver}",
            )
        if self._changed(ref, (flags, domid), flags | COMMITTED):
            raise _unstable(ref)

    @abstractmethod
    def put_frame(self, ref: int, number: int) -> None:
        """Write the frame number of an entry."""

    def complete(self, ref: int) -> None:
        """Say that the page has come."""
        self._lib.xengnt_fetch_or16(self._flags_at(ref), COMPLETED)


def _refuse(ref: int, flags: int, domid: int, user: int, *, mapping: bool) -> Failed:
    """Return why an entry that is not in use cannot be claimed."""
    if domid != user:
        words = f"is for d{domid}, not d{user}"
    elif mapping and flags & SUB_PAGE:
        words = "grants a part of a page, which cannot be mapped"
    else:
        words = f"has type {flags & TYPE_MASK}, not {PERMIT_ACCESS} (permit_access)"
    return Failed(Status.GENERAL_ERROR, f"entry {ref}, with flags {flags:#x}, {words}")


def _refuse_writing(ref: int, flags: int) -> Failed:
    return Failed(Status.GENERAL_ERROR, f"entry {ref}, with flags {flags:#x}, is read-only")


def _unstable(ref: int) -> Failed:
    return Failed(Status.GENERAL_ERROR, f"entry {ref} changes while it is looked at")


class _Words:
    """The words of frames, as pointers for atomic operations."""

    def __init__(self, frames: list[memoryview]) -> None:
        self._frames = frames
        self._words: list[dict[int, Any]] = []

    def at(self, frame: int, offset: int, width: int) -> Any:
        """Return a pointer to a word of a frame."""
        for data in self._frames[len(self._words) : frame + 1]:
            self._words += words(data)
        return self._words[frame][width] + offset // width


class EntriesV1(Entries):
    """Entries of version 1: the in-use bits are in the flags."""

    version = 1
    size = _SIZE_V1
    per_frame = _PER_V1

    def claim(self, ref: int, user: int, *, pinned: bool, readonly: bool, mapping: bool) -> int:
        """Mark an entry as in use, however often that takes, within reason."""
        frame, at = self.frames[ref // _PER_V1], ref % _PER_V1 * _SIZE_V1
        for _ in range(_ATTEMPTS):
            flags, domid = _HEADER_V1.unpack_from(frame, at)
            if not pinned:
                mask = _WHOLE_OR_PART if mapping else TYPE_MASK
                if flags & mask != PERMIT_ACCESS or domid != user:
                    raise _refuse(ref, flags, domid, user, mapping=mapping)
            if not readonly and flags & READONLY:
                raise _refuse_writing(ref, flags)
            more = READING if readonly else IN_USE
            if not self._changed(ref, (flags, domid), flags | more):
                return flags  # type: ignore[no-any-return]  # what it unpacks is an int
        raise _unstable(ref)

    def release(self, ref: int, bits: int) -> None:
        """Clear in-use bits."""
        self._lib.xengnt_fetch_and16(self._flags_at(ref), _ALL & ~bits)

    def part(self, ref: int, flags: int) -> Part:
        """Return the whole page, whatever the flags say of parts."""
        del flags
        return self.whole(ref), 0, PAGE_SIZE

    def whole(self, ref: int) -> int:
        """Return the frame number."""
        frame, at = self.frames[ref // _PER_V1], ref % _PER_V1 * _SIZE_V1
        number: int = _ENTRY_V1.unpack_from(frame, at)[2]
        return number

    def put_frame(self, ref: int, number: int) -> None:
        """Write the frame number, which has 32 bits."""
        frame, at = self.at(ref)
        _V1.put(frame, "frame", number, at)

    def swap(self, a: int, b: int) -> None:
        """Exchange two entries."""
        _swap(self.at(a), self.at(b), self.size)


class EntriesV2(Entries):
    """Entries of version 2: the in-use bits are in the status array.

    Args:
        frames: the frames of the table.
        status: those of the status array.
    """

    version = 2
    size = _SIZE_V2
    per_frame = _PER_V2

    def __init__(self, frames: list[memoryview], status: list[memoryview]) -> None:
        super().__init__(frames)
        self.status = status
        self._marks = _Words(status)

    def word(self, ref: int) -> tuple[memoryview, int]:
        """Return the frame that an entry's status is in, and its offset there."""
        frame, index = divmod(ref, STATUS_PER_FRAME)
        return self.status[frame], index * _STATUS.size

    def claim(self, ref: int, user: int, *, pinned: bool, readonly: bool, mapping: bool) -> int:
        """Mark an entry as in use; one that is passed on can be claimed too, but not mapped.

        It is looked at once more when it is marked, as the guest first takes an entry back
        and then looks for marks.
        """
        flags = self._allowed(ref, user, pinned=pinned, readonly=readonly, mapping=mapping)
        bits = READING if readonly else IN_USE
        before = self._lib.xengnt_fetch_or16(self._mark_at(ref), bits)
        try:
            self._allowed(ref, user, pinned=pinned, readonly=readonly, mapping=mapping)
        except Failed:
            self.release(ref, bits & ~before)
            raise
        return flags

    def _allowed(self, ref: int, user: int, *, pinned: bool, readonly: bool, mapping: bool) -> int:
        """Return the flags of an entry that can be claimed."""
        frame, at = self.frames[ref // _PER_V2], ref % _PER_V2 * _SIZE_V2
        flags, domid = _HEADER_V2.unpack_from(frame, at)
        if not pinned:
            mask = _WHOLE_OR_PART if mapping else TYPE_MASK
            kind = flags & mask
            allowed = kind == PERMIT_ACCESS or (kind == TRANSITIVE and not mapping)
            if not allowed or domid != user:
                raise _refuse(ref, flags, domid, user, mapping=mapping)
        if not readonly and flags & READONLY:
            raise _refuse_writing(ref, flags)
        return flags  # type: ignore[no-any-return]  # what it unpacks is an int

    def _mark_at(self, ref: int) -> Any:
        """Return a pointer to the word of an entry in the status array."""
        frame, index = divmod(ref, STATUS_PER_FRAME)
        return self._marks.at(frame, index * _STATUS.size, _STATUS.size)

    def release(self, ref: int, bits: int) -> None:
        """Clear in-use bits."""
        self._lib.xengnt_fetch_and16(self._mark_at(ref), _ALL & ~bits)

    def in_use(self, ref: int) -> int:
        """Return the in-use bits."""
        return self.status_of(ref) & IN_USE

    def status_of(self, ref: int) -> int:
        """Return the word of an entry in the status array."""
        frame, at = self.word(ref)
        return int(_WORD.unpack_from(frame, at)[0])

    def put_status(self, ref: int, word: int) -> None:
        """Write the word of an entry in the status array."""
        frame, at = self.word(ref)
        _FLAGS.pack_into(frame, at, word)

    def part(self, ref: int, flags: int) -> Part:
        """Return the page, or the part of it."""
        frame, at = self.at(ref)
        if not flags & SUB_PAGE:
            return _FRAME_V2.unpack_from(frame, at)[0], 0, PAGE_SIZE
        start, length, number = _PART_V2.unpack_from(frame, at)
        return number, start, length

    def whole(self, ref: int) -> int:
        """Return the frame number."""
        frame, at = self.at(ref)
        return int(_FRAME_V2.unpack_from(frame, at)[0])

    def passed_on(self, ref: int) -> tuple[int, int]:
        """Return the domain and the entry of its table that a transitive entry passes on."""
        frame, at = self.at(ref)
        domid, gref = _TRANSITIVE_V2.unpack_from(frame, at)
        return domid, gref

    def put_frame(self, ref: int, number: int) -> None:
        """Write the frame number."""
        frame, at = self.at(ref)
        _V2.put(frame, "full_page.frame", number, at)

    def swap(self, a: int, b: int) -> None:
        """Exchange two entries and their words in the status array."""
        _swap(self.at(a), self.at(b), self.size)
        _swap(self.word(a), self.word(b), _STATUS.size)

    def put(self, ref: int, flags: int, domid: int, number: int) -> None:
        """Write an entry for a whole page."""
        frame, at = self.at(ref)
        _V2.put(frame, "hdr.domid", domid, at)
        _V2.put(frame, "full_page.frame", number, at)
        _FLAGS.pack_into(frame, at, flags)


def put_v1(entries: EntriesV1, ref: int, flags: int, domid: int, number: int) -> None:
    """Write an entry of version 1."""
    frame, at = entries.at(ref)
    _V1.put(frame, "domid", domid, at)
    _V1.put(frame, "frame", number, at)
    _FLAGS.pack_into(frame, at, flags)


def _swap(one: tuple[memoryview, int], other: tuple[memoryview, int], size: int) -> None:
    (a, i), (b, j) = one, other
    kept = bytes(a[i : i + size])
    a[i : i + size] = bytes(b[j : j + size])
    b[j : j + size] = kept
