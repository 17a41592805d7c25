# SPDX-License-Identifier: MIT
"""Edited copies of grant-table headers, for the tests that check them.

Three headers can be copied: ours, Xen's own as ``libxen-dev`` installs it, and
Linux's as its headers package does. The latter two are taken from where they are
at the time of the test, and are never part of this tree.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from oracle import need

from xengnt.check import Report, check
from xengnt.findings import Finding

ROOT = Path(__file__).parents[1]

EVERY_HEADER = os.environ.get("XENGNT_EVERY_HEADER") == "1"
"""Whether to make each edit in every header that it is meant for; else in one of them."""

Statement: TypeAlias = tuple[str, str, str]
"""Severity, code and place of a finding."""


class Edit(NamedTuple):
    """A piece of a header that is replaced.

    Attributes:
        old: the text; it must be there exactly `times` times.
        new: what takes its place.
        inside: the line that begins the declaration to look in, which ends with the
            next line that begins with ``}``; the whole file if empty.
        file: the file, from the directory of ``grant_table.h``.
        times: how often `old` is there; all are replaced.
    """

    old: str
    new: str
    inside: str = ""
    file: str = "grant_table.h"
    times: int = 1


class Region(NamedTuple):
    """The lines of a file that an edit is about, both ends included."""

    file: Path
    first: int
    last: int

    def holds(self, source: str) -> bool:
        """Tell whether a finding's source, ``file:line``, lies here."""
        file, _, line = source.rpartition(":")
        return file == str(self.file) and self.first <= int(line) <= self.last


@dataclass(frozen=True)
class HeaderCopy:
    """A copy of a header with all that it includes.

    Attributes:
        path: its ``grant_table.h``.
        include: where else to look for what it includes.
        versions: the interface versions to check it at, unless a test says so. At
            0x00040300 and above the real one is the same, and takes it whichever its own is.
    """

    path: Path
    include: tuple[Path, ...] = ()
    versions: tuple[str, ...] = ()

    def edit(self, edits: Sequence[Edit]) -> list[Region]:
        """Carry out edits, and return what part of which file each was about."""
        return [self._edit(edit) for edit in edits]

    def _edit(self, edit: Edit) -> Region:
        file = self.path.parent / edit.file
        text = file.read_text()
        start, end = 0, len(text)
        if edit.inside:
            assert text.count(f"\n{edit.inside}\n") == 1, f"{file}: {edit.inside!r} not there once"
            start = text.index(f"\n{edit.inside}\n") + 1
            end = text.index("\n", text.index("\n}", start) + 1)
        part = text[start:end]
        assert part.count(edit.old) == edit.times, (
            f"{file}: {edit.old!r} is there {part.count(edit.old)} times, not {edit.times}"
        )
        first = start if edit.inside else text.index(edit.old)
        changed = part.replace(edit.old, edit.new)
        file.write_text(text[:start] + changed + text[end:])
        last = start + len(changed) if edit.inside else first + len(edit.new)
        text = file.read_text()
        return Region(file, text.count("\n", 0, first) + 1, text.count("\n", 0, last) + 1)

    def check(self, abis: Sequence[str], versions: Sequence[str] = ()) -> Report:
        """Check it."""
        return check(self.path, abis=abis, versions=versions or self.versions, include=self.include)


@cache
def installed(header: str) -> Path | None:
    """Return one of the headers ``ours``, ``real`` and ``linux``, None if it is not here."""
    if header == "ours":
        return ROOT / "include" / "xen" / "grant_table.h"
    if header == "real":
        path = Path("/usr/include/xen/grant_table.h")
        return path if path.is_file() else None
    trees = Path("/usr/src").glob("linux-headers-*-common/include/xen/interface/grant_table.h")
    return max(trees, default=None)


def in_turn(headers: Sequence[str], number: int) -> Sequence[str]:
    """Return the headers to make an edit in: all, or one of those installed, by its number."""
    there = [header for header in headers if installed(header)] or headers
    return headers if EVERY_HEADER else (there[number % len(there)],)


def copy(header: str, to: Path) -> HeaderCopy:
    """Copy one of the headers ``ours``, ``real`` and ``linux``, or skip the test."""
    package = "libxen-dev" if header == "real" else "linux-headers-…-common"
    path = need(installed(header), f"the header {header!r}", f"apt install {package}")
    if header == "linux":
        tree = path.parents[3]
        shutil.copytree(path.parent, to / "include" / "xen" / "interface")
        include = (to / "include", tree / "include", tree / "arch" / "x86" / "include")
        return HeaderCopy(to / "include" / "xen" / "interface" / "grant_table.h", include)
    others = shutil.ignore_patterns("io", "hvm", "foreign", "xsm", "sys")
    shutil.copytree(path.parent, to / "xen", ignore=others)
    versions = ("0x00040300",) if header == "real" else ()
    return HeaderCopy(to / "xen" / "grant_table.h", versions=versions)


def statements(findings: Sequence[Finding]) -> set[Statement]:
    """Return what findings state, without where in which file."""
    return {(one.severity, one.code, one.where) for one in findings}
