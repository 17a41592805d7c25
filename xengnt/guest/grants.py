# SPDX-License-Identifier: MIT
"""Granting pages and taking them back: the rules that the header has for a guest.

Xen looks at entries and marks them at any time. So each change here is one that Xen either
sees whole or not at all, and each answer is one that was true when Xen could no longer
change it. Read the methods whose names begin with an underscore: they are the rules.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.guest.entries``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from xengnt.abi.bits import (
    ACCEPT_TRANSFER,
    COMMITTED,
    COMPLETED,
    IN_USE,
    INVALID,
    PERMIT_ACCESS,
    READONLY,
    RESERVED_ENTRIES,
    SUB_PAGE,
    TRANSITIVE,
    TYPE_MASK,
    WRITING,
)
from xengnt.abi.constants import EntryFlag, EntryType
from xengnt.abi.targets import PAGE_SIZE
from xengnt.errors import InUse, InvalidValue, TableFull
from xengnt.guest.entries import Entries

_PAUSE = 20e-6
"""How long to let others run, in seconds, before looking again for a page on its way."""


class Grants:
    """What a guest grants, by one table.

    It hands out references from a list of free ones, the last that came back first. An
    entry that is not empty at the start is not free. Several threads may use one of these;
    several processes may map the table, but only one may grant by it.

    Args:
        entries: the table.
        grow: is called when no reference is free, to add frames with ``entries.extend``,
            or none if there are no more.
    """

    def __init__(self, entries: Entries, grow: Callable[[Entries], None] | None = None) -> None:
        self.entries = entries
        self._grow = grow
        self._lock = threading.RLock()
        self._free: dict[int, None] = {}  # a list, from the middle of which one can be taken
        self._closed: set[int] = set()  # version 2: flags are 0, and it was still in use
        self._known = 0
        self._look_for_free()

    @property
    def free(self) -> int:
        """How many references are free, before the table grows."""
        return len(self._free)

    # Granting

    def permit_access(
        self, domid: int, frame: int, *, readonly: bool = False, ref: int | None = None
    ) -> int:
        """Let a domain map a page, and copy from and to it.

        Args:
            domid: the domain.
            frame: the number of the page's frame.
            readonly: only let it read.
            ref: take this reference, which is reserved or free.

        Returns:
            The reference, to be told to the domain.

        Raises:
            TableFull: there is no free reference.
            InUse: the reference that was asked for grants something.
            InvalidValue: a number does not fit, or there is no such reference.
        """
        flags = PERMIT_ACCESS | (READONLY if readonly else 0)
        return self._grant(ref, flags, domid=domid, frame=frame)

    def permit_sub_page(
        self,
        domid: int,
        frame: int,
        offset: int,
        length: int,
        *,
        readonly: bool = False,
        ref: int | None = None,
    ) -> int:
        """Let a domain copy from and to a part of a page; in a table of version 2.

        Args:
            domid: the domain.
            frame: the number of the page's frame.
            offset: where the part begins, in bytes.
            length: how long it is.
            readonly: only let it copy from there.
            ref: as `permit_access`.

        Raises:
            InvalidValue: as `permit_access`; the part is not within the page; the table is of
                version 1.
            TableFull, InUse: as `permit_access`.
        """
        self._need_version_2("a part of a page")
        if not 0 <= offset <= offset + length <= PAGE_SIZE:
            raise InvalidValue(
                f"{length} bytes from {offset}: not within a page of {PAGE_SIZE}",
                struct=self.entries.tag,
                field="sub_page.length",
                expected=PAGE_SIZE - offset,
                got=length,
            )
        flags = PERMIT_ACCESS | SUB_PAGE | (READONLY if readonly else 0)
        return self._grant(ref, flags, domid=domid, frame=frame, page_off=offset, length=length)

    def permit_transitive(
        self, domid: int, trans_domid: int, gref: int, *, ref: int | None = None
    ) -> int:
        """Let a domain copy by what another domain grants to this one; in version 2.

        Args:
            domid: the domain.
            trans_domid: the other domain.
            gref: the reference in that one's table.
            ref: as `permit_access`.

        Raises:
            InvalidValue: as `permit_access`; the table is of version 1.
            TableFull, InUse: as `permit_access`.
        """
        self._need_version_2("what another domain grants")
        return self._grant(ref, TRANSITIVE, domid=domid, trans_domid=trans_domid, gref=gref)

    def accept_transfer(self, domid: int, frame: int = 0, *, ref: int | None = None) -> int:
        """Let a domain give a page away to this one.

        Args:
            domid: the domain.
            frame: the slot that the page is to fill, or 0.
            ref: as `permit_access`.

        Raises:
            TableFull, InUse, InvalidValue: as `permit_access`.
        """
        return self._grant(ref, ACCEPT_TRANSFER, domid=domid, frame=frame)

    # Taking back

    def end_access(self, ref: int) -> None:
        """Take back what `permit_access` and the like granted, and free the reference.

        Raises:
            InUse: the other side still uses it; ask it to stop, and try again. In version 1
                nothing has changed. In version 2 no new use can begin any more, and the
                reference stays taken until this succeeds.
            InvalidValue: the entry grants no access.
        """
        with self._lock:
            withdraw = self._withdraw_v1 if self.entries.version == 1 else self._withdraw_v2
            withdraw(ref)
            self._give_back(ref)

    def end_transfer(self, ref: int, *, timeout: float = 1.0) -> int | None:
        """Take back what `accept_transfer` granted, and free the reference.

        Args:
            ref: the reference.
            timeout: how many seconds to wait for a page that is on its way.

        Returns:
            What is in the entry as the frame that came, None if none came.

        Raises:
            InUse: the page that is on its way has not come in time; nothing has changed.
            InvalidValue: the entry accepts no transfer.
        """
        end = time.monotonic() + timeout
        while True:
            with self._lock:
                done, frame = self._withdraw_transfer(ref)
                if done:
                    self._give_back(ref)
                    return frame
            if time.monotonic() >= end:
                raise self._in_use(ref, "a page is on its way into it, and has not come yet")
            time.sleep(_PAUSE)

    # Changing

    def make_readonly(self, ref: int) -> None:
        """Let the domain only read from now on.

        Raises:
            InUse: it uses the page for writing; nothing has changed.
            InvalidValue: the entry is no `permit_access` or `permit_sub_page`.
        """
        with self._lock:
            (self._readonly_v1 if self.entries.version == 1 else self._readonly_v2)(ref)

    def make_writable(self, ref: int) -> None:
        """Let the domain write as well.

        Raises:
            InvalidValue: the entry is no `permit_access` or `permit_sub_page`.
        """
        with self._lock:
            self._expect(ref, self.entries.flags(ref), PERMIT_ACCESS)
            self.entries.clear_bits(ref, READONLY)

    def in_use(self, ref: int) -> EntryFlag:
        """Return which of reading and writing the other side has begun and not ended.

        Of an entry that accepts a transfer it is nothing: see `end_transfer`.
        """
        return EntryFlag(self.entries.in_use(ref))

    # The rules

    def _introduce(self, ref: int, flags: int, members: dict[str, int]) -> None:
        """Fill an entry, then make it valid."""
        self.entries.fill(ref, **members)
        self.entries.write_barrier()
        self.entries.set_flags(ref, flags)

    def _withdraw_v1(self, ref: int) -> None:
        """Make an entry invalid from flags that say that nobody uses it."""
        while True:
            flags = self.entries.flags(ref)
            self._expect(ref, flags, PERMIT_ACCESS, TRANSITIVE)
            if flags & IN_USE:
                raise self._in_use(ref, "it cannot be withdrawn")
            if self.entries.compare_exchange_flags(ref, flags, INVALID):
                return  # and no barrier: what follows depends on it

    def _withdraw_v2(self, ref: int) -> None:
        """Make an entry invalid, then see whether that was in time.

        Xen sets its mark in the status, and then looks at the flags again, with a full barrier
        between the two. So either it sees that the entry is gone, or this sees the mark.
        """
        if ref not in self._closed:
            self._expect(ref, self.entries.flags(ref), PERMIT_ACCESS, TRANSITIVE)
            self.entries.set_flags(ref, INVALID)
            self._closed.add(ref)
        self.entries.barrier()
        if self.entries.in_use(ref):
            raise self._in_use(ref, "it is withdrawn only when that ends")
        self._closed.discard(ref)

    def _withdraw_transfer(self, ref: int) -> tuple[bool, int | None]:
        """Return whether it is done, and the frame that came; the same in both versions."""
        flags = self.entries.flags(ref)
        self._expect(ref, flags, ACCEPT_TRANSFER)
        if not flags & COMMITTED:
            return self.entries.compare_exchange_flags(ref, flags, INVALID), None
        if not flags & COMPLETED:
            return False, None  # Xen has the entry: nothing may be written
        self.entries.read_barrier()
        frame = self.entries.load(ref, "frame")
        self.entries.set_flags(ref, INVALID)
        return True, frame

    def _readonly_v1(self, ref: int) -> None:
        """Set readonly, from flags that say that nobody writes."""
        while True:
            flags = self.entries.flags(ref)
            self._expect(ref, flags, PERMIT_ACCESS)
            if flags & WRITING:
                raise self._in_use(ref, "it cannot be made read-only")
            if self.entries.compare_exchange_flags(ref, flags, flags | READONLY):
                return

    def _readonly_v2(self, ref: int) -> None:
        """Set readonly, then see whether that was in time, as in `_withdraw_v2`."""
        self._expect(ref, self.entries.flags(ref), PERMIT_ACCESS)
        before = self.entries.set_bits(ref, READONLY)
        self.entries.barrier()
        if self.entries.in_use(ref) & WRITING:
            if not before & READONLY:
                self.entries.clear_bits(ref, READONLY)
            raise self._in_use(ref, "it cannot be made read-only")

    # References

    def _grant(self, ref: int | None, flags: int, **members: int) -> int:
        with self._lock:
            taken = self._take() if ref is None else self._claim(ref)
            try:
                self._introduce(taken, flags, members)
            except BaseException:
                self._give_back(taken)
                raise
            return taken

    def _take(self) -> int:
        if not self._free and self._grow:
            self._grow(self.entries)
            self._look_for_free()
        if not self._free:
            raise TableFull(
                f"none of the table's {len(self.entries)} entries is free", got=len(self.entries)
            )
        return self._free.popitem()[0]

    def _claim(self, ref: int) -> int:
        """Take a certain reference."""
        flags = self.entries.flags(ref)
        if ref in self._free:
            del self._free[ref]
        elif flags or ref in self._closed:
            raise self._in_use(ref, "it grants something already")
        return ref

    def _give_back(self, ref: int) -> None:
        if ref >= RESERVED_ENTRIES:
            self._free[ref] = None

    def _look_for_free(self) -> None:
        """Take note of the entries that the table has got since this looked last."""
        for ref in range(len(self.entries) - 1, self._known - 1, -1):
            flags = self.entries.flags(ref)
            if self.entries.version != 1 and not flags and self.entries.in_use(ref):
                self._closed.add(ref)
            elif not flags:
                self._give_back(ref)
        self._known = len(self.entries)

    def _expect(self, ref: int, flags: int, *types: int) -> None:
        """Raise `InvalidValue` unless an entry is of one of these types."""
        if flags & TYPE_MASK in types:
            return
        names = " or ".join(EntryType(one).c_name for one in types)
        found = EntryType(flags & TYPE_MASK).c_name
        raise InvalidValue(
            f"ref {ref}: {found}, and {names} is expected",
            struct=self.entries.tag,
            field="flags",
            element=ref,
            expected=names,
            got=flags,
        )

    def _in_use(self, ref: int, words: str) -> InUse:
        bits = EntryFlag(self.entries.in_use(ref))
        by = f"domain {self.entries.load(ref, 'domid')}"
        how = f"is in use by {by} ({bits.c_name}): " if bits else ""
        return InUse(
            f"ref {ref}: {how}{words}",
            struct=self.entries.tag,
            field="flags",
            element=ref,
            got=self.entries.flags(ref),
        )

    def _need_version_2(self, what: str) -> None:
        if self.entries.version == 1:
            raise InvalidValue(
                f"{what} cannot be granted by a table of version 1", expected=2, got=1
            )
