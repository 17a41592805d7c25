# SPDX-License-Identifier: MIT
"""Turn tokens into those of plain C: what C++ adds, and guest handles of nobody's.

As far as it is simple, and means the same: scopes are taken off names, ``using X = Y``
becomes a typedef, ``constexpr`` is ``const``. What is left of C++ is for the parser to
stumble on.

Imports the modules beside it only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xengnt.sources.cheader.cut import NO_TAGS
from xengnt.sources.cheader.defaults import HANDLES
from xengnt.sources.cheader.tokens import Token

_ACCESS = frozenset({"public", "private", "protected"})
_TURNS = _ACCESS | {":", "using", "enum"}


class Handle(NamedTuple):
    """A guest handle made by a macro that nothing defines.

    Attributes:
        macro: the token.
        to: the words that name the type that it points to.
    """

    macro: Token
    to: tuple[str, ...]


def plain(tokens: Sequence[Token], handles: dict[str, Handle]) -> list[Token]:
    """Return tokens as plain C has them.

    Args:
        tokens: all of a file.
        handles: gets the guest handles that macros make which nothing defines, by the
            name that takes the place of the call.
    """
    out: list[Token] = []
    aliases: list[tuple[int, Token]] = []  # of each open ``using X = ``, the depth and X
    depth = 0
    index = 0
    while index < len(tokens):
        token = tokens[index]
        text = token.text
        then, third = _texts(tokens, index) if text in _TURNS else ("", "")
        if text == ":" == then:
            if out and out[-1].word and out[-1].text not in NO_TAGS:
                out.pop()
            index += 2
        elif text in _ACCESS and then == ":" and out and out[-1].text in "{};":
            index += 2
        elif text == "using" and third == "=" and tokens[index + 1].word:
            out.append(token._replace(text="typedef"))
            aliases.append((depth, tokens[index + 1]))
            index += 3
        elif text == "using" and third == ":" and out and out[-1].text == "[":
            index += 3  # [[using gnu: packed]]
        elif text == "using" and then and tokens[index + 1].word:
            index = _behind_semicolon(tokens, index)
        elif text == "enum" and then in ("class", "struct"):
            out.append(token)
            index += 2
        elif text in ("constexpr", "constinit"):
            out.append(token._replace(text="const"))
            index += 1
        elif text in HANDLES and (to := _argument(tokens, index + 1)):
            name = f"{text}({' '.join(to)})".translate(_IDENTIFIER)
            handles.setdefault(name, Handle(token, to))
            out.append(token._replace(text=name))
            index += 3 + len(to)
        else:
            depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
            if text == ";" and aliases and aliases[-1][0] == depth:
                out.append(aliases.pop()[1])
            out.append(token)
            index += 1
    return out


_IDENTIFIER = str.maketrans("( ", "__", ")")


def _texts(tokens: Sequence[Token], index: int) -> tuple[str, str]:
    """Return the texts of the two tokens behind one, "" where there are none."""
    then, third, *_ = [*(token.text for token in tokens[index + 1 : index + 3]), "", ""]
    return then, third


def _behind_semicolon(tokens: Sequence[Token], index: int) -> int:
    while index < len(tokens) and tokens[index].text != ";":
        index += 1
    return index + 1


def _argument(tokens: Sequence[Token], index: int) -> tuple[str, ...]:
    """Return the words in the brackets at `index`, none if there is anything else in them."""
    if index == len(tokens) or tokens[index].text != "(":
        return ()
    words: list[str] = []
    for at in range(index + 1, len(tokens)):
        if tokens[at].text == ")":
            return tuple(words)
        if not tokens[at].word:
            break
        words.append(tokens[at].text)
    return ()
