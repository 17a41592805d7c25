# SPDX-License-Identifier: MIT
"""Cut preprocessed C into tokens that know where they came from.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from xengnt.errors import SourceError

UNCLEAR = -1
"""As the limit of ``#pragma pack``: there is a macro in it, which only some compilers expand."""


class Token(NamedTuple):
    """A token of C.

    Attributes:
        text: as it stands.
        file: where it came from.
        line: the line of that file, from 1.
        pack: the limit that ``#pragma pack`` sets at this place, 0 for none, `UNCLEAR` if
            that depends on the compiler.
    """

    text: str
    file: str
    line: int
    pack: int

    @property
    def word(self) -> bool:
        """Whether it is a keyword or an identifier."""
        return (self.text[0].isalpha() or self.text[0] in "_$") and self.text[-1] not in "\"'"

    @property
    def stray(self) -> bool:
        """Whether it is a character that is no token of C."""
        return len(self.text) == 1 and not (self.text in _SINGLE or self.text.isalnum())

    @property
    def where(self) -> str:
        """Its file and line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Macro:
    """Where an object-like macro was defined."""

    name: str
    file: str
    line: int


@dataclass(slots=True)
class Tokens:
    """A preprocessed file: its tokens, its macros as they stood at the end, its parts."""

    tokens: list[Token] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)


_TOKEN = re.compile(
    r"""
    (?:u8|[LuU])? "(?:[^"\\\n]|\\.)*"
  | [LuU]? '(?:[^'\\\n]|\\.)*'
  | (?:[^\W\d]|\$)[\w$]*
  | \.?\d(?:[eEpP][+-]|[\w.])*
  | \.\.\. | <<= | >>=
  | -> | \+\+ | -- | << | >> | <= | >= | == | != | && | \|\| | [-+*/%&^|]=
  | \#\# | \S
    """,
    re.VERBOSE,
)
_SINGLE = frozenset("[](){};,.:?=<>!~%^&*/|+-#@`\\$_")
_MARKER = re.compile(r'#\s*(?:line\s+)?(\d+)(?:\s+"((?:[^"\\]|\\.)*)"([\s\d]*))?\s*$')
_DEFINE = re.compile(r"#\s*define\s+((?:[^\W\d]|\$)[\w$]*)(\(?)")
_UNDEF = re.compile(r"#\s*undef\s+((?:[^\W\d]|\$)[\w$]*)")
_REVERSED = re.compile(r"#\s*pragma\s+scalar_storage_order\b")
_PRAGMA = re.compile(r"#\s*pragma\s+pack\s*\(([^()]*)\)")
_BUILTIN = re.compile(r"<.*>")

_OBJECT_LIKE = re.compile(r"^#\s*define\s+((?:[^\W\d]|\$)[\w$]*)(?![\w$(])", re.MULTILINE)


def macro_names(text: str) -> list[str]:
    """Return the names of the object-like macros that a preprocessor's output ever defines."""
    return list(dict.fromkeys(_OBJECT_LIKE.findall(text)))


def tokenize(text: str) -> Tokens:
    """Cut up what a preprocessor printed, line markers and ``#define`` included.

    Raises:
        SourceError: a pragma that changes how structs lie in memory, and is not
            understood.
    """
    result = Tokens()
    file, line = "", 0
    packing = _Packing(frozenset(macro_names(text)))
    for raw in text.split("\n"):
        line += 1
        if raw.lstrip().startswith("#"):
            raw = raw.strip()  # noqa: PLW2901 -- the same line, less its margins
            if marker := _MARKER.match(raw):
                line = int(marker[1]) - 1
                if marker[2] is not None:
                    file = _normal(re.sub(r"\\(.)", r"\1", marker[2]))
                    if not _BUILTIN.fullmatch(file):
                        result.files[file] = None
            elif define := _DEFINE.match(raw):
                result.macros.pop(define[1], None)
                if not define[2] and not _BUILTIN.fullmatch(file):
                    result.macros[define[1]] = Macro(define[1], file, line)
            elif undef := _UNDEF.match(raw):
                result.macros.pop(undef[1], None)
            elif _REVERSED.match(raw):
                raise SourceError(f"{file}:{line}: {raw} is not understood", got=raw)
            elif pragma := _PRAGMA.match(raw):
                packing.obey(pragma[1])
            continue
        limit = packing.limit
        result.tokens += [Token(found, file, line, limit) for found in _TOKEN.findall(raw)]
    return result


def _normal(name: str) -> str:
    """Return the absolute name of a file, less ``..``, as preprocessors name it differently."""
    if _BUILTIN.fullmatch(name) or (name.startswith("/") and "/../" not in name):
        return name
    short = Path(os.path.normpath(Path(name).absolute()))
    try:
        return str(short) if short.samefile(name) else name
    except OSError:
        return name


class _Packing:
    """What ``#pragma pack`` has set, and what it has pushed, each with its name."""

    def __init__(self, macros: frozenset[str]) -> None:
        self.limit = 0
        self._macros = macros
        self._pushed: list[tuple[str, int]] = []

    def obey(self, arguments: str) -> None:
        """Do what is in the brackets of a ``#pragma pack``; nothing if it makes no sense."""
        words = [word.strip() for word in arguments.split(",")]
        unclear = not self._macros.isdisjoint(words)
        action = words.pop(0) if words[0] in ("push", "pop") else "set"
        limit = int(words.pop()) if words and words[-1].isdigit() else None
        if unclear:
            words, limit = [], UNCLEAR
        name = words.pop() if words and words[-1].isidentifier() and action != "set" else ""
        if any(words) or limit not in (None, UNCLEAR, 0, 1, 2, 4, 8, 16):
            return
        if action == "push":
            self._pushed.append((name, self.limit))
            self.limit = self.limit if limit is None else limit
        elif action == "set":
            self.limit = limit or 0
        elif self._pushed:
            names = [pushed for pushed, _ in self._pushed]
            while name in names and self._pushed[-1][0] != name:
                self._pushed.pop()
            self.limit = self._pushed.pop()[1]
