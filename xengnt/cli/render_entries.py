# SPDX-License-Identifier: MIT
"""How the entries of a grant table look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.abi.constants import Domid, EntryFlag, EntryType, TransferFlag
from xengnt.cli import render
from xengnt.findings import SEVERITIES
from xengnt.guest.dump import INVALID, KINDS, LEFTOVER, DumpedEntry

if TYPE_CHECKING:
    from xengnt.guest import Dump

_COLOURS = dict(zip(KINDS, ("bold yellow", "green", "cyan", render.DIM), strict=True))
_MARKS = {"error": "✗", "warning": "!", "note": "·"}

_MOST = 1000
"""How many entries, and how many faults, are shown: nobody reads more."""


def entries(dump: Dump) -> None:
    """Print a table of the entries, what is wrong with them, and what the table leaves out."""
    console = render.console()
    title = Text(f"{dump.count} entries", style="bold")
    facts = f"  grant table of version {dump.version}, {dump.abi.name}"
    console.print(title.append(facts, style=f"not bold {render.DIM}"))
    shown = [one for one in dump.entries if not _is_leftover(one)]
    listed = [one for kind in KINDS for one in shown if one.kind == kind]
    if listed:
        made = render.table(
            "", ("ref", "right"), "type", ("domain", "right"), "what", "flags", "in use"
        )
        for number, one in enumerate(listed[:_MOST]):
            if number and one.kind != listed[number - 1].kind:
                made.add_section()
            made.add_row(*_row(one, whether_used=dump.whether_used))
        console.print(made)
    faults = [fault for one in listed for fault in one.faults]
    faults.sort(key=lambda fault: SEVERITIES.index(fault.severity))
    for fault in faults[:_MOST]:
        line = Text(f"{fault.severity}: ", style=render.SEVERITIES[fault.severity])
        line.append(f"ref {fault.element}: ", style="default bold")
        console.print(line.append(fault.message, style="default not bold"), soft_wrap=True)
    if faults:
        console.print()
    for what, all_ in (("entries", listed), ("faults", faults)):
        if len(all_) > _MOST:
            words = f"{len(all_) - _MOST} more {what} are not shown: --format json has them all"
            console.print(Text(words, "yellow"))
    console.print(Text(_rest(dump, len(dump.entries) - len(shown))))
    if not dump.whether_used:
        console.print(Text("which are in use is in the status array: give --status", "yellow"))


def _is_leftover(one: DumpedEntry) -> bool:
    return one.kind == INVALID and all(fault.code == LEFTOVER for fault in one.faults)


def _rest(dump: Dump, leftover: int) -> str:
    empty = dump.count - len(dump.entries)
    words = f"{empty} empty"
    return f"{words}, {leftover} withdrawn and not wiped" if leftover else words


def _row(one: DumpedEntry, *, whether_used: bool) -> Iterable[Text]:
    colour = _COLOURS[one.kind]
    worst = min((fault.severity for fault in one.faults), key=SEVERITIES.index, default="")
    yield Text(_MARKS.get(worst, ""), render.SEVERITIES.get(worst, ""))
    yield Text(str(one.ref), colour)
    yield Text(_short(one.type), colour)
    yield Text(_domain(one.members["domid"]))
    yield Text(_what(one))
    yield Text(_short(one.properties) if one.properties else "", overflow="fold")
    yield Text(_short(one.in_use) if one.in_use else "" if whether_used else "?", colour)


def _short(value: EntryType | EntryFlag | TransferFlag) -> str:
    """Return names without their prefix."""
    return "|".join(
        name.removeprefix("GTF_").removeprefix("transfer_") for name in value.c_name.split("|")
    )


def _domain(number: int) -> str:
    known = {int(one): one.c_name for one in Domid}
    return known.get(number, str(number))


def _what(one: DumpedEntry) -> str:
    """Return what an entry is about."""
    members = one.members
    if "gref" in members:
        return f"ref {members['gref']} of {_domain(members['trans_domid'])}"
    frame = f"frame {members['frame']:#x}"
    if "length" in members:
        start = members["page_off"]
        return f"{frame}, bytes {start} to {start + members['length']}"
    if isinstance(one.properties, TransferFlag):
        return f"{frame} came" if one.properties & TransferFlag.COMPLETED else f"into {frame}"
    return frame
