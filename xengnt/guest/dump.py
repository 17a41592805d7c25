# SPDX-License-Identifier: MIT
"""Read the entries of a dumped grant table, and say what is wrong with them.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.findings``, ``xengnt.codec``,
``xengnt.guest.entries``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xengnt.abi.bits import IN_USE, TYPE_MASK
from xengnt.abi.constants import EntryFlag, EntryType, TransferFlag
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.codec.plan import View
from xengnt.codec.validate import FRAME_BITS
from xengnt.errors import InvalidValue
from xengnt.findings import ERROR, NOTE, WARNING, Finding

IN_USE_KIND, PERMITTED, TRANSFER, INVALID = "in use", "permitted", "transfer", "invalid"
KINDS = (IN_USE_KIND, PERMITTED, TRANSFER, INVALID)
"""What an entry is, in the order in which they are listed."""

LEFTOVER = "leftover"
"""The code of what a withdrawn entry still holds: nothing is wrong with that."""

_TRANSFER_FLAGS = int(TransferFlag.COMMITTED | TransferFlag.COMPLETED)


@dataclass(frozen=True, slots=True)
class DumpedEntry:
    """An entry that is not empty.

    Attributes:
        ref: its reference.
        kind: one of `KINDS`. In version 2 what is in use may have been withdrawn already.
        flags: its flags.
        status: its word of the status array, None in version 1 or without the array.
        in_use: which of reading and writing are set, where the version keeps them.
        members: its other members but pads, by their last names in the view that is meant.
        faults: what is wrong with it.
    """

    ref: int
    kind: str
    flags: int
    status: int | None
    in_use: EntryFlag
    members: dict[str, int]
    faults: tuple[Finding, ...]

    @property
    def type(self) -> EntryType:
        """What it grants."""
        return EntryType(self.flags & TYPE_MASK)

    @property
    def properties(self) -> EntryFlag | TransferFlag:
        """Its flags without the type, and without reading and writing where those are use."""
        rest = self.flags & ~TYPE_MASK
        if self.type == EntryType.ACCEPT_TRANSFER:
            return TransferFlag(rest)
        return EntryFlag(rest & ~self.in_use if self.status is None else rest)

    def as_json(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "ref": self.ref,
            "kind": self.kind,
            "type": self.type.c_name,
            "flags": self.flags,
            "status": self.status,
            "in_use": [one.c_name for one in EntryFlag if one & self.in_use],
            **self.members,
            "faults": [
                {"severity": one.severity, "code": one.code, "message": one.message}
                for one in self.faults
            ],
        }


@dataclass(frozen=True, slots=True)
class Dump:
    """A dumped table.

    Attributes:
        abi: the ABI of the domain.
        version: the version of the table.
        count: how many entries there are.
        entries: those that are not empty, in order of reference.
        whether_used: whether the dump shows which are in use.
    """

    abi: Abi
    version: int
    count: int
    entries: tuple[DumpedEntry, ...]
    whether_used: bool

    @property
    def faults(self) -> list[Finding]:
        """What is wrong with any of them."""
        return [fault for one in self.entries for fault in one.faults]

    def as_json(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "abi": self.abi.name,
            "grant_version": self.version,
            "count": self.count,
            "empty": self.count - len(self.entries),
            "entries": [one.as_json() for one in self.entries],
        }


def read_dump(data: Any, version: int, abi: Abi, status: Any = None) -> Dump:
    """Read dumped grant frames.

    Args:
        data: the entries, of any number of frames or of a part of one.
        version: that of the table.
        abi: the ABI of the domain, which says how large a frame number can be.
        status: the status array of a table of version 2, None if it was not dumped.

    Raises:
        InvalidValue: there is no such version; the bytes are no whole number of entries, or
            there are not enough words of status.
    """
    if version not in (1, 2):
        raise InvalidValue(
            f"version {version!r}: a grant table is of version 1 or 2",
            expected=(1, 2),
            got=version,
        )
    codec = abi.codec(f"grant_entry_v{version}")
    size = codec.plan.struct.size
    blob = codec.decoder.blob(data)
    count = len(blob) // size
    words = None if status is None else _words(abi, version, status, count)
    reader = _Reader(abi, version)
    empty = bytes(size)
    entries = []
    for ref in _in_pages_with_bytes(blob, size, words):
        one = blob[ref * size : (ref + 1) * size]
        word = None if words is None else words[ref]
        if one != empty or word:
            entries.append(reader.entry(ref, bytes(one), word))
    return Dump(abi, version, count, tuple(entries), version == 1 or words is not None)


def _in_pages_with_bytes(blob: memoryview, size: int, words: list[int] | None) -> Iterator[int]:
    """Give the references in pages that are not empty: most are, in a large table."""
    count, step, empty = len(blob) // size, PAGE_SIZE // size, bytes(PAGE_SIZE)
    for first in range(0, count, step):
        last = min(first + step, count)
        data = blob[first * size : last * size]
        if data != empty[: len(data)] or any((words or ())[first:last]):
            yield from range(first, last)


def _words(abi: Abi, version: int, status: Any, count: int) -> list[int]:
    """Return the words of a status array, which may have more than there are entries."""
    if version == 1:
        raise InvalidValue("a table of version 1 has no status array", expected=2, got=1)
    words = [one[0] for one in abi.decode_tuples("grant_status_t", status)]
    if len(words) < count:
        raise InvalidValue(
            f"the status array has {len(words)} words, and there are {count} entries",
            expected=count,
            got=len(words),
        )
    return words


class _Reader:
    """Reads entries of one version."""

    def __init__(self, abi: Abi, version: int) -> None:
        self.abi = abi
        self.version = version
        self.codec = abi.codec(f"grant_entry_v{version}")
        self.tag = self.codec.plan.struct.tag
        self.frame_bits = 8 * abi.layout.typedefs["xen_pfn_t"].size

    def entry(self, ref: int, data: bytes, word: int | None) -> DumpedEntry:
        """Return an entry with its faults."""
        kind = EntryType(int.from_bytes(data, "little") & TYPE_MASK)
        members = _members(self._view(kind, data), data)
        flags = members.pop("flags")
        if self.version == 2:  # noqa: PLR2004 -- the second version
            used = (word or 0) & IN_USE
        else:  # a transfer has other meanings for the bits
            used = 0 if kind == EntryType.ACCEPT_TRANSFER else flags & IN_USE
        faults = [
            *(
                self._leftovers(flags, used, data)
                if kind == EntryType.INVALID
                else self._meaning(data)
            ),
            *self._wide_frame(kind, members.get("frame", 0)),
            *self._flags(kind, flags, word),
            *self._use(kind, flags, used),
        ]
        if kind == EntryType.INVALID:
            group = INVALID
        else:
            group = TRANSFER if kind == EntryType.ACCEPT_TRANSFER else PERMITTED
        return DumpedEntry(
            ref=ref,
            kind=IN_USE_KIND if used else group,
            flags=flags,
            status=word,
            in_use=EntryFlag(used),
            members=members,
            faults=tuple(
                Finding(severity, code, self.tag, words, abi=self.abi.name, element=ref)
                for severity, code, words in faults
            ),
        )

    def _view(self, kind: EntryType, data: bytes) -> View:
        """Return the view that the flags select; an invalid entry is seen as a whole page."""
        plan = self.codec.plan
        if plan.only:
            return plan.only
        if kind == EntryType.INVALID:
            data = EntryType.PERMIT_ACCESS.to_bytes(len(data), "little")
        return plan.views[plan.pick(next(iter(plan.views.values())), plan.choice, data)]

    def _meaning(self, data: bytes) -> Iterator[tuple[str, str, str]]:
        """Say what any validation finds."""
        for one in self.codec.validator.findings(memoryview(data), after=False):
            name = one.where.rpartition(".")[2]
            words = one.message.partition(f"{one.where} ")[2]
            yield one.severity, one.code, f"{'entry' if name == self.tag else name} {words}"

    def _leftovers(self, flags: int, used: int, data: bytes) -> Iterator[tuple[str, str, str]]:
        """Say what is in an entry that grants nothing."""
        if flags & ~IN_USE:
            yield WARNING, "flags", f"flags are {flags:#x}, and the type is invalid"
        elif not used and any(data):
            yield NOTE, LEFTOVER, "withdrawn, and its other members are still there"

    def _wide_frame(self, kind: EntryType, frame: int) -> Iterator[tuple[str, str, str]]:
        """Say that a frame number is none on this ABI, where it would be one on others."""
        if kind != EntryType.INVALID and self.frame_bits <= frame.bit_length() - 1 < FRAME_BITS:
            yield (
                ERROR,
                "frame",
                (
                    f"frame {frame:#x} is more than the {self.frame_bits} bits of xen_pfn_t "
                    f"on {self.abi.name}"
                ),
            )

    def _flags(
        self, kind: EntryType, flags: int, word: int | None
    ) -> Iterator[tuple[str, str, str]]:
        """Say what flags the version does not have, or not here."""
        if self.version == 1 and kind == EntryType.TRANSITIVE:
            yield WARNING, "version", "transitive: a table of version 1 has no such entries"
        if self.version == 1 and kind == EntryType.PERMIT_ACCESS and flags & EntryFlag.SUB_PAGE:
            yield WARNING, "version", "sub_page: a table of version 1 has no such entries"
        if self.version == 2 and kind != EntryType.ACCEPT_TRANSFER and flags & IN_USE:  # noqa: PLR2004 -- the second version
            names = _names(EntryFlag(flags & IN_USE))
            yield WARNING, "version", f"{names} in flags: version 2 has it in the status array"
        if word and word & ~IN_USE:
            yield ERROR, "status", f"status is {word:#x}, of which Xen sets only {IN_USE:#x}"

    def _use(self, kind: EntryType, flags: int, used: int) -> Iterator[tuple[str, str, str]]:
        """Say where the use, or the progress of a transfer, is not one that can be."""
        names = _names(EntryFlag(used))
        if used and kind == EntryType.INVALID:
            if self.version == 1:
                yield ERROR, "use", f"{names} is set, and the entry grants nothing"
            else:
                yield (
                    NOTE,
                    "use",
                    f"withdrawn, and {names} goes on: not to be granted again before it ends",
                )
        if used and kind == EntryType.ACCEPT_TRANSFER:
            yield ERROR, "use", f"{names} is set, and the entry is for a transfer"
        readonly = kind == EntryType.PERMIT_ACCESS and flags & EntryFlag.READONLY
        if used & EntryFlag.WRITING and readonly:
            yield ERROR, "use", "writing is set, and the entry is read-only"
        progress = flags & _TRANSFER_FLAGS
        if kind == EntryType.ACCEPT_TRANSFER and progress == TransferFlag.COMPLETED:
            yield ERROR, "use", "completed is set, and committed is not"


def _members(view: View, data: bytes) -> dict[str, int]:
    """Return the members of a view by their last names; no pads, and no arrays."""
    return {
        name: int.from_bytes(data[slot.offset : slot.offset + slot.size], "little")
        for slot in view.leaves
        if slot.count is None and not (name := slot.name.rpartition(".")[2]).startswith("pad")
    }


def _names(flags: EntryFlag) -> str:
    return flags.c_name.replace("GTF_", "").replace("|", " and ")
