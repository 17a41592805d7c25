# SPDX-License-Identifier: MIT
"""How findings about blobs look, while they come: as lines, and as findings JSON."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

from xengnt.cli import render
from xengnt.cli.streaming import SPOOL
from xengnt.errors import printable
from xengnt.findings import ERROR, WARNING, Finding

if TYPE_CHECKING:
    from rich.console import Console

    from xengnt.streams import Judged


class Report(ABC):
    """Counts what was judged, and shows as many findings as are wanted.

    Attributes:
        files: how many files were judged to their end.
        unreadable: how many could not be.
        elements: how many structs there were.
        counts: how many findings there were of each severity.
        shown: how many of them were shown.

    Args:
        limit: how many findings to show.
        several: whether there can be several files.
    """

    def __init__(self, limit: int, *, several: bool) -> None:
        self.files = self.unreadable = self.elements = self.shown = 0
        self.counts: Counter[str] = Counter()
        self._limit = limit
        self._several = several
        self._before: tuple[int, Counter[str]] = (0, Counter())  # without the file at hand

    @property
    def hidden(self) -> int:
        """How many findings were not shown."""
        return self.counts.total() - self.shown

    def add(self, judged: Judged) -> None:
        """Count a piece and show what was found."""
        self.elements += judged.elements
        self.counts.update(judged.counts)
        if some := judged.findings[: self._limit - self.shown]:
            self._findings(some)
            self.shown += len(some)
        if judged.piece.last:
            self.files += judged.error is None
            self.unreadable += judged.error is not None
            elements, counts = self._before
            self._file(judged, self.elements - elements, self.counts - counts)
            self._before = self.elements, self.counts.copy()

    @abstractmethod
    def _findings(self, findings: Sequence[Finding]) -> None: ...

    @abstractmethod
    def _file(self, judged: Judged, elements: int, counts: Counter[str]) -> None: ...

    @abstractmethod
    def end(self, *, complete: bool) -> None:
        """Show what there was in all, as far as it came."""


class Lines(Report):
    """Findings as lines, and a line for each file that has some."""

    def __init__(self, limit: int, console: Console, *, several: bool) -> None:
        super().__init__(limit, several=several)
        self._console = console

    def _findings(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self._console.print(render.finding(finding), soft_wrap=True)

    def _file(self, judged: Judged, elements: int, counts: Counter[str]) -> None:
        if self._several and counts:
            self._print(f"{printable(judged.piece.source)}: {_counted(elements, counts)}")

    def end(self, *, complete: bool) -> None:
        """Print the line about all."""
        line = _counted(self.elements, self.counts)
        if self._several:
            line = f"{self.files} files, {line}"
        if self.unreadable:
            line += f"; {self.unreadable} could not be read"
        if self.hidden:
            line += f"; {self.hidden} of these are not shown"
        self._print(line if complete else f"{line}; interrupted")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


class Json(Report):
    """Findings JSON, with the counts of each file behind the findings."""

    def __init__(self, limit: int, *, several: bool) -> None:
        super().__init__(limit, several=several)
        self._files: IO[str] = tempfile.SpooledTemporaryFile(SPOOL, "w+")  # noqa: SIM115 -- `end` closes it
        self._begun = False

    def _findings(self, findings: Sequence[Finding]) -> None:
        self._begin()
        lines = ",\n".join(f"    {json.dumps(finding.as_json())}" for finding in findings)
        print(",\n" if self.shown else "\n", lines, sep="", end="", flush=True)

    def _file(self, judged: Judged, elements: int, counts: Counter[str]) -> None:
        found: dict[str, Any] = {"source": judged.piece.source, **_as_json(elements, counts)}
        if judged.error:
            found["unreadable"] = str(judged.error)
        self._files.write((",\n    " if self._files.tell() else "\n    ") + json.dumps(found))

    def end(self, *, complete: bool) -> None:
        """Print the files and what there was in all."""
        self._begin()
        print('\n  ],\n  "files": [' if self.shown else '],\n  "files": [', end="")
        some = self._files.tell()
        self._files.seek(0)
        shutil.copyfileobj(self._files, sys.stdout)
        self._files.close()
        print("\n  ]," if some else "],")
        total = _as_json(self.elements, self.counts)
        whole = complete and not self.unreadable
        rest = json.dumps({**total, "not_shown": self.hidden, "complete": whole}, indent=2)
        print(rest.removeprefix("{\n"))

    def _begin(self) -> None:
        if not self._begun:
            print('{\n  "findings": [', end="")
        self._begun = True


def _counted(elements: int, counts: Counter[str]) -> str:
    return f"{elements} elements: {counts[ERROR]} errors, {counts[WARNING]} warnings"


def _as_json(elements: int, counts: Counter[str]) -> dict[str, int]:
    return {"elements": elements, "errors": counts[ERROR], "warnings": counts[WARNING]}
