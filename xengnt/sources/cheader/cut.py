# SPDX-License-Identifier: MIT
"""Cut a file into its top-level declarations, and say what names each declares.

Nothing is parsed here: who wants one of the names has its declaration parsed.

Imports ``xengnt.errors`` and the tokens only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xengnt.errors import SourceError
from xengnt.sources.cheader.tokens import Token

ATTRIBUTES = frozenset({"__attribute__", "__attribute", "__declspec", "_Alignas", "alignas"})
"""What attributes in brackets begin with."""

TAGGED = frozenset({"struct", "union", "enum"})
"""What a tag follows."""

_OPEN = {"(": ")", "[": "]", "{": "}"}
_CLOSE = frozenset(_OPEN.values())
_SPECIFIERS = frozenset(
    {
        *("typedef", "extern", "static", "inline", "register", "_Thread_local", "__thread"),
        *("const", "volatile", "restrict", "_Atomic", "_Noreturn", "__extension__"),
        *("__inline", "__inline__", "__const", "__const__", "__volatile", "__volatile__"),
        *("__restrict", "__restrict__", "signed", "__signed", "__signed__", "unsigned", "char"),
        *("short", "int", "long", "float", "double", "void", "_Bool", "__int128", "_Complex"),
    }
)
_BASIC = _SPECIFIERS & {
    *("signed", "__signed", "__signed__", "unsigned", "char", "short", "int", "long", "float"),
    *("double", "void", "_Bool", "__int128"),
}
_TYPEOF = frozenset({"typeof", "__typeof", "__typeof__", "_Atomic"})
_NO_MACROS = ATTRIBUTES | _TYPEOF | {"_Static_assert", "static_assert", "asm", "__asm", "__asm__"}


@dataclass(eq=False, slots=True)
class Declaration:
    """A top-level declaration: its tokens, the last being the semicolon."""

    tokens: list[Token]

    @property
    def where(self) -> str:
        """The file and line where it begins."""
        return self.tokens[0].where


@dataclass(slots=True)
class Names:
    """The names that declarations declare, and which declaration it is.

    Attributes:
        typedefs: by name; a typedef may be repeated.
        aggregates: structs and unions that are declared with their members, by tag.
        enums: those that are declared with their constants, by tag.
        enumerators: the token of each constant with its declaration, by name.
    """

    typedefs: dict[str, list[Declaration]] = field(default_factory=dict)
    aggregates: dict[str, Declaration] = field(default_factory=dict)
    enums: dict[str, Declaration] = field(default_factory=dict)
    enumerators: dict[str, tuple[Token, Declaration]] = field(default_factory=dict)

    def add(self, declaration: Declaration) -> None:
        """Take the names of a declaration in."""
        tokens = declaration.tokens
        for name in typedef_names(tokens):
            self.typedefs.setdefault(name, []).append(declaration)
        for index, token in enumerate(tokens):
            if token.text not in TAGGED:
                continue
            brace = _behind_attributes(tokens, index + 1)
            tag = tokens[brace].text if brace < len(tokens) and tokens[brace].word else None
            brace += tag is not None
            if brace == len(tokens) or tokens[brace].text != "{":
                continue
            if token.text == "enum":
                self._enumerators(tokens, brace, declaration)
            if tag is not None:
                (self.enums if token.text == "enum" else self.aggregates)[tag] = declaration

    def _enumerators(self, tokens: list[Token], brace: int, declaration: Declaration) -> None:
        depth = 0
        for before, token in zip(tokens[brace:], tokens[brace + 1 :], strict=False):
            depth += (before.text in _OPEN) - (before.text in _CLOSE)
            if depth == 0:
                break
            if depth == 1 and before.text in ("{", ",") and token.word:
                self.enumerators[token.text] = token, declaration


def cut(tokens: Sequence[Token]) -> Iterator[Declaration]:
    """Give the top-level declarations in order; function bodies are left out.

    Raises:
        SourceError: brackets do not match, there is something that is not C, or the
            file ends inside a declaration.
    """
    piece: list[Token] = []
    stack: list[Token] = []
    linkages = 0  # of ``extern "C" {``, the open ones
    function = False  # whether the body of one is open
    for token in tokens:
        text = token.text
        if len(text) == 1 and token.stray:
            raise SourceError(f"{token.where}: {text!r} is not C", got=text)
        if text == "}" and not stack and linkages:
            linkages -= 1
            continue
        piece.append(token)
        if text in _OPEN:
            if text == "{" and not stack:
                if _names_language(piece[-3:]):
                    linkages += 1
                    piece = []
                    continue
                function = _begins_function(piece[:-1])
            stack.append(token)
        elif text in _CLOSE:
            if not stack or _OPEN[stack[-1].text] != text:
                raise SourceError(f"{token.where}: unmatched {text!r}", got=text)
            stack.pop()
            if text == "}" and not stack and function:
                piece = []
        elif text == ";" and not stack:
            piece = _without_macros(piece)
            if len(piece) > 1:
                yield Declaration(piece)
            piece = []
    if stack:
        raise SourceError(
            f"{stack[-1].where}: {stack[-1].text!r} is never closed: is the file cut short?"
        )
    if piece and not _macros_only(piece):
        raise SourceError(
            f"{piece[0].where}: the file ends inside this declaration: is it cut short?"
        )


def matching(tokens: Sequence[Token], start: int) -> int:
    """Return the index behind the bracket that closes the one at `start`.

    Raises:
        SourceError: nothing closes it.
    """
    depth = 0
    for index in range(start, len(tokens)):
        text = tokens[index].text
        if text in _OPEN:
            depth += 1
        elif text in _CLOSE:
            depth -= 1
            if depth == 0:
                return index + 1
    raise SourceError(f"{tokens[start].where}: {tokens[start].text!r} is never closed")


def typedef_names(tokens: Sequence[Token]) -> list[str]:
    """Return the names that a declaration makes typedefs."""
    if not any(token.text == "typedef" for token in tokens):
        return []
    index = _behind_specifiers(tokens)
    names: list[str] = []
    fresh = True  # whether a declarator begins, and has not named anything yet
    depth = 0
    while index < len(tokens):
        token = tokens[index]
        if token.text in ATTRIBUTES:
            index = _behind_attributes(tokens, index)
            continue
        if not fresh:
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
            fresh = token.text == "," and depth == 0
        elif token.word and token.text not in _SPECIFIERS:
            names.append(token.text)
            fresh = False
        elif token.text == "(":
            depth += 1
        index += 1
    return names


def _behind_specifiers(tokens: Sequence[Token]) -> int:
    """Return the index of what follows the specifiers of a declaration, its type included."""
    index = 0
    typed = False
    while index < len(tokens):
        text = tokens[index].text
        after = _behind_attributes(tokens, index)
        if after > index:
            index = after
        elif text in TAGGED:
            typed = True
            index = _behind_attributes(tokens, index + 1)
            index += index < len(tokens) and tokens[index].word
            if index < len(tokens) and tokens[index].text == "{":
                index = matching(tokens, index)
        elif text in _TYPEOF and _calls(tokens, index):
            typed = True
            index = matching(tokens, index + 1)
        elif text in _SPECIFIERS:
            typed = typed or text in _BASIC
            index += 1
        elif tokens[index].word and not typed:
            typed = True
            index += 1
        else:
            break
    return index


def _behind_attributes(tokens: Sequence[Token], index: int) -> int:
    """Return the index of what follows the attributes at `index`, if there are any."""
    while index < len(tokens):
        if tokens[index].text in ATTRIBUTES and _calls(tokens, index):
            index = matching(tokens, index + 1)
        elif opens_attribute(tokens, index):
            index = matching(tokens, index)
        else:
            break
    return index


def opens_attribute(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether the ``[[`` of an attribute is at `index`."""
    return [token.text for token in tokens[index : index + 2]] == ["[", "["]


def _calls(tokens: Sequence[Token], index: int) -> bool:
    return index + 1 < len(tokens) and tokens[index + 1].text == "("


def _names_language(piece: Sequence[Token]) -> bool:
    """Tell whether a declaration begins with ``extern "C"``."""
    return len(piece) > 1 and piece[0].text == "extern" and piece[1].text in ('"C"', '"C++"')


def _begins_function(piece: Sequence[Token]) -> bool:
    """Tell whether the brace behind these tokens opens the body of a function.

    It does not if there is an initialiser, or if going back from it over a tag and
    attributes leads to ``struct``.
    """
    depth = 0
    back = True
    for index in range(len(piece) - 1, -1, -1):
        token = piece[index]
        if token.text in _CLOSE:
            depth += 1
        elif token.text in _OPEN:
            depth -= 1
        elif depth == 0:
            if token.text == "=":
                return False
            if back and token.text in TAGGED:
                return False
            # `struct packed(x) tag`, with a macro that nothing defines, is no struct for sure
            called = index + 1 < len(piece) and piece[index + 1].text == "("
            back = back and (token.text == ":" or token.word)
            back = back and (not called or token.text in ATTRIBUTES)
    return True


def _macros_only(tokens: Sequence[Token]) -> bool:
    """Tell whether these tokens are nothing but uses of macros that nothing defines."""
    index = 0
    while index < len(tokens):
        if not tokens[index].word or tokens[index].text in _SPECIFIERS | TAGGED:
            return False
        index = matching(tokens, index + 1) if _calls(tokens, index) else index + 1
    return True


def _without_macros(tokens: list[Token]) -> list[Token]:
    """Drop what stands in front of a declaration and means nothing to us.

    That is ``extern "C"``, ``__extension__``, and uses of macros that nothing
    defines: ``FOO(x) struct y {…};`` and ``FOO struct y {…};``.
    """
    while len(tokens) > 1:
        if _names_language(tokens):
            tokens = tokens[2:]
        elif tokens[0].text == "__extension__":
            tokens = tokens[1:]
        elif tokens[0].word and tokens[1].text == "(" and tokens[0].text not in _NO_MACROS:
            after = matching(tokens, 1)
            if after >= len(tokens) or not tokens[after].word:
                break
            tokens = tokens[after:]
        elif (
            tokens[0].word
            and tokens[1].text in TAGGED | {"typedef"}
            and tokens[0].text not in _SPECIFIERS
        ):
            tokens = tokens[1:]
        else:
            break
    return tokens
