# SPDX-License-Identifier: MIT
"""Preprocess a header, and find out what its macros stand for.

The names of the macros are known only when the header was preprocessed. So that
is done a second time, with each name behind the header for the preprocessor to
expand.

Imports ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xengnt.errors import SourceError
from xengnt.sources.cheader.missing import StandIns
from xengnt.sources.cheader.preprocess import Job, preprocess
from xengnt.sources.cheader.tokens import Macro, Token, macro_names, tokenize

MAX_BAD_MACROS = 50
"""A header in which more macros than this cannot be expanded is refused."""

_PROBE = "__xengnt_probe__"
_BEHIND = "<stdin>:"  # where an error is that is not in the header, but behind it


@dataclass(slots=True)
class Expanded:
    """A preprocessed header.

    Attributes:
        tokens: those of the text, without macros and directives.
        macros: where each object-like macro was defined that is defined at the end.
        files: all files that it is made of.
        expansions: what each macro stands for that was wanted.
        bad: why a macro cannot be expanded that was wanted, by name.
        missing: headers that are included and not there, and where.
    """

    tokens: list[Token]
    macros: dict[str, Macro]
    files: tuple[str, ...]
    expansions: dict[str, list[Token]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def expand(job: Job, wanted: Callable[[str], bool]) -> Expanded:
    """Preprocess a header.

    Args:
        job: the header, and how to see it.
        wanted: tells of which macros to say what they stand for.

    Raises:
        Refused: the header stops with ``#error`` for this ABI and version.
        SourceError: it cannot be read at all.
        Unavailable: there is no preprocessor.
    """
    with StandIns() as stand_ins:
        prober = _Prober(job, stand_ins)
        text, bad = prober.probe(wanted)
        root = stand_ins.root
    whole = tokenize(text)
    files = tuple(file for file in whole.files if root is None or not file.startswith(root))
    first = next((i for i, t in enumerate(whole.tokens) if t.text == _PROBE), None)
    if first is None:
        raise SourceError(f"{job.path}: the preprocessor lost its way in this file")
    found = Expanded(whole.tokens[:first], whole.macros, files, bad=bad, missing=stand_ins.missing)
    current: list[Token] = []
    fresh = False  # whether the token is the name of a macro, quoted, before its expansion
    for token in whole.tokens[first:]:
        if token.text == _PROBE:
            fresh = True
        elif fresh:
            fresh = False
            current = found.expansions[token.text[1:-1]] = []
        else:
            current.append(token)
    return found


class _Prober:
    """Has a header preprocessed, with macros behind it."""

    def __init__(self, job: Job, stand_ins: StandIns) -> None:
        self.job = job
        self.stand_ins = stand_ins

    def probe(self, wanted: Callable[[str], bool]) -> tuple[str, dict[str, str]]:
        """Return the text with those macros behind it that can be expanded, and why others not."""
        text = preprocess(self.job, self.stand_ins)
        names = [name for name in macro_names(text) if wanted(name)]
        bad: dict[str, str] = {}
        try:
            text = self._behind(names)
        except SourceError as error:
            if not str(error).startswith(_BEHIND):
                raise
            self._unusable(names, bad)
            text = self._behind([name for name in names if name not in bad])
        return text, bad

    def _behind(self, names: Sequence[str]) -> str:
        """Return the header preprocessed, with macros expanded behind it."""
        probes = "".join(f'\n{_PROBE} "{name}" {name}' for name in names)
        return preprocess(self.job, self.stand_ins, f"{probes}\n{_PROBE}\n")

    def _unusable(self, names: Sequence[str], found: dict[str, str]) -> None:
        """Find the macros that cannot be expanded, as they call others wrongly, and why.

        Raises:
            SourceError: it is not the fault of a few macros.
        """
        try:
            self._behind(names)
        except SourceError as error:
            if not str(error).startswith(_BEHIND) or len(found) == MAX_BAD_MACROS:
                raise
            if len(names) == 1:
                found[names[0]] = str(error).partition(": ")[2]
            else:
                half = len(names) // 2
                self._unusable(names[:half], found)
                self._unusable(names[half:], found)
