# SPDX-License-Identifier: MIT
"""Cut preprocessed C into tokens that know where they came from.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from xengnt.errors import SourceError


class Token(NamedTuple):
    """A token of C.

    Attributes:
        text: as it stands.
        file: where it came from.
        line: the line of that file, from 1.
        pack: the limit that ``#pragma pack`` sets at this place, 0 for none.
    """

    text: str
    file: str
    line: int
    pack: int

    @property
    def word(self) -> bool:
        """Whether it is a keyword or an identifier."""
        return self.text[0].isalpha() or self.text[0] == "_"


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
    (?P<space>[ \t\f\v\r]+)
  | (?P<token>
        [A-Za-z_$][\w$]*
      | \.?\d(?:[eEpP][+-]|[\w.])*
      | L?"(?:[^"\\\n]|\\.)*"
      | L?'(?:[^'\\\n]|\\.)*'
      | \.\.\. | <<= | >>=
      | -> | \+\+ | -- | << | >> | <= | >= | == | != | && | \|\| | [-+*/%&^|]=
      | \#\#? | [][(){};,.:?=<>!~%^&*/|+-] | @ | ` | \\
    )
    """,
    re.VERBOSE,
)
_MARKER = re.compile(r'#\s*(?:line\s+)?(\d+)(?:\s+"((?:[^"\\]|\\.)*)"([\s\d]*))?\s*$')
_DEFINE = re.compile(r"#\s*define\s+([A-Za-z_]\w*)(\(?)")
_UNDEF = re.compile(r"#\s*undef\s+([A-Za-z_]\w*)")
_PRAGMA = re.compile(r"#\s*pragma\s+(.*)")
_PACK = re.compile(r"pack\s*\(\s*(?:(push|pop)\b\s*(?:,\s*\w+\s*)??,?)?\s*(\d+)?\s*\)")
_BUILTIN = re.compile(r"<.*>")


def tokenize(text: str) -> Tokens:
    """Cut up what a preprocessor printed, line markers and ``#define`` included.

    Raises:
        SourceError: something that is no token of C, with file and line.
    """
    result = Tokens()
    file, line = "", 0
    pack, packs = 0, list[int]()
    for raw in text.split("\n"):
        line += 1
        if raw.lstrip().startswith("#"):
            raw = raw.strip()  # noqa: PLW2901 -- the same line, less its margins
            if marker := _MARKER.match(raw):
                line = int(marker[1]) - 1
                if marker[2] is not None:
                    file = _unescape(marker[2])
                    if not _BUILTIN.fullmatch(file):
                        result.files[file] = None
            elif define := _DEFINE.match(raw):
                result.macros.pop(define[1], None)
                if not define[2] and not _BUILTIN.fullmatch(file):
                    result.macros[define[1]] = Macro(define[1], file, line)
            elif undef := _UNDEF.match(raw):
                result.macros.pop(undef[1], None)
            elif pragma := _PRAGMA.match(raw):
                pack = _pragma_pack(pragma[1], pack, packs)
            continue
        position = 0
        while position < len(raw):
            found = _TOKEN.match(raw, position)
            if not found:
                raise SourceError(
                    f"{file}:{line}: {raw[position]!r} is not C", got=raw[position]
                )
            position = found.end()
            if found["token"]:
                result.tokens.append(Token(found["token"], file, line, pack))
    return result


def _unescape(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


def _pragma_pack(text: str, pack: int, packs: list[int]) -> int:
    """Return the packing limit after a pragma; `packs` is the stack of pushed ones."""
    found = _PACK.match(text.strip())
    if not found:
        return pack
    action, number = found[1], found[2]
    if action == "push":
        packs.append(pack)
        return int(number) if number else pack
    if action == "pop":
        return packs.pop() if packs else 0
    return int(number) if number else 0
