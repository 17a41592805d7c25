# SPDX-License-Identifier: MIT
"""Cut a file into its top-level declarations, and say what names each declares.

Nothing is parsed here: who wants one of the names has its declaration parsed.

Imports ``xengnt.errors`` and the modules beside it only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from xengnt.errors import SourceError
from xengnt.sources.cheader.defaults import ALIGNED, PACKED, sounds_like_layout
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
_STORAGE = frozenset({"static", "extern", "inline", "const", "auto", "__inline", "__inline__"})
NO_TAGS = _SPECIFIERS | TAGGED
"""Words that cannot be names."""
_TYPEOF = frozenset({"typeof", "__typeof", "__typeof__", "_Atomic"})
_NO_MACROS = ATTRIBUTES | _TYPEOF | {"_Static_assert", "static_assert", "asm", "__asm", "__asm__"}


@dataclass(eq=False, slots=True)
class Declaration:
    """A top-level declaration.

    Attributes:
        tokens: those of it, the last being the semicolon.
        dropped: what stood in front of them and means nothing here.
    """

    tokens: list[Token]
    dropped: list[Token] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The file and line where it begins."""
        return self.tokens[0].where


class Variable(NamedTuple):
    """A constant that is a variable: ``static const uint16_t X = 3;``.

    Attributes:
        name: the token.
        type: the words that name its type, none if it is that of its value.
        value: the expression.
    """

    name: Token
    type: list[Token]
    value: list[Token]


class Head(NamedTuple):
    """What stands between ``struct`` and the brace that opens its body.

    Attributes:
        tag: the last name, if there is one.
        unknown: a macro that nothing defines, if there is one.
        base: what follows a colon.
        brace: the index of the brace.
    """

    tag: Token | None
    unknown: Token | None
    base: list[Token]
    brace: int


@dataclass(slots=True)
class Names:
    """The names that declarations declare, and which declaration it is.

    Attributes:
        typedefs: by name; a typedef may be repeated.
        aggregates: structs and unions that are declared with their members, by tag.
        enums: those that are declared with their constants, by tag.
        enumerators: the token of each constant with its declaration, by name.
        variables: constants that are variables which nothing may change, by name.
    """

    typedefs: dict[str, list[Declaration]] = field(default_factory=dict)
    aggregates: dict[str, Declaration] = field(default_factory=dict)
    enums: dict[str, Declaration] = field(default_factory=dict)
    enumerators: dict[str, tuple[Token, Declaration]] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)

    def add(self, declaration: Declaration) -> None:
        """Take the names of a declaration in."""
        tokens = declaration.tokens
        for name in typedef_names(tokens):
            self.typedefs.setdefault(name, []).append(declaration)
        for index, token in enumerate(tokens):
            found = head(tokens, index) if token.text in TAGGED else None
            if found is None:
                continue
            if token.text == "enum":
                self._enumerators(tokens, found.brace, declaration)
            if found.tag is not None:
                tagged = self.enums if token.text == "enum" else self.aggregates
                tagged[found.tag.text] = declaration
        for variable in _variables(tokens):
            self.variables[variable.name.text] = variable

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
    before: list[Token] = []  # a macro in front that may be about what follows
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
                if _names_language(piece[-3:]) or _names_scope(piece[-3:-1]):
                    linkages += 1
                    piece = []
                    continue
                function = _begins_function(piece)
            stack.append(token)
        elif text in _CLOSE:
            if not stack or _OPEN[stack[-1].text] != text:
                raise SourceError(f"{token.where}: unmatched {text!r}", got=text)
            stack.pop()
            if text == "}" and not stack and function:
                piece = []
        elif text == ";" and not stack:
            found = _declaration(piece, before)
            if found is not None:
                yield found
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
    """Return the names that a declaration makes typedefs.

    Of several in a row, one is a macro that nothing defines, and which is not known.
    """
    if not any(token.text == "typedef" for token in tokens):
        return []
    index = _behind_specifiers(tokens)
    names: list[str] = []
    fresh = True  # whether a declarator begins, and has not named anything yet
    depth = 0
    while index < len(tokens):
        token = tokens[index]
        after = _behind_attributes(tokens, index)
        if after > index:
            index = after
            continue
        if not fresh:
            if token.word and tokens[index - 1].text == names[-1]:
                names.append(token.text)
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
            found = head(tokens, index)
            index = found.brace if found else _behind_attributes(tokens, index + 1)
            if found:
                index = matching(tokens, index)
            elif index < len(tokens) and tokens[index].word:
                index += 1
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
    while index < len(tokens) and (after := behind_attribute(tokens, index)) > index:
        index = after
    return index


def behind_attribute(tokens: Sequence[Token], index: int) -> int:
    """Return the index of what follows the attribute at `index`, `index` if there is none."""
    text = tokens[index].text
    called = _calls(tokens, index)
    if called and (text in ATTRIBUTES or text in ALIGNED):
        return matching(tokens, index + 1)
    if text in PACKED and not called:
        return index + 1
    return matching(tokens, index) if opens_attribute(tokens, index) else index


def head(tokens: Sequence[Token], index: int) -> Head | None:
    """Take apart what follows the ``struct`` at `index`; None unless its body does.

    Macros that nothing defines may stand in front of the tag, ``struct FOO(8) tag {``.
    What has brackets behind the tag is a function, ``struct tag f(int x) {``.
    """
    words: list[Token] = []
    unknown = None
    index = _behind_attributes(tokens, index + 1)
    while index < len(tokens) and tokens[index].word and tokens[index].text not in NO_TAGS:
        if not _calls(tokens, index):
            words.append(tokens[index])
            index += 1
        elif words:
            return None
        else:
            unknown = tokens[index]
            index = matching(tokens, index + 1)
        index = _behind_attributes(tokens, index)
    base: list[Token] = []
    if index < len(tokens) and tokens[index].text == ":":
        base = list(takewhile(lambda one: one.word or one.text in ":,<>", tokens[index + 1 :]))
        index += 1 + len(base)
    if index >= len(tokens) or tokens[index].text != "{" or (unknown and not words):
        return None
    if len(words) > 1:
        unknown = unknown or words[0]
    return Head(words[-1] if words else None, unknown, base, index)


def opens_attribute(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether the ``[[`` of an attribute is at `index`."""
    return [token.text for token in tokens[index : index + 2]] == ["[", "["]


def _calls(tokens: Sequence[Token], index: int) -> bool:
    return index + 1 < len(tokens) and tokens[index + 1].text == "("


def _names_language(piece: Sequence[Token]) -> bool:
    """Tell whether a declaration begins with ``extern "C"``."""
    return len(piece) > 1 and piece[0].text == "extern" and piece[1].text in ('"C"', '"C++"')


def _names_scope(piece: Sequence[Token]) -> bool:
    """Tell whether a declaration ends with ``namespace`` or ``namespace x``."""
    return "namespace" in [token.text for token in piece] and piece[-1].word


def _begins_function(piece: Sequence[Token]) -> bool:
    """Tell whether the brace behind these tokens, the last of them, opens that of a function.

    It does not if there is an initialiser, or if it is the brace of a struct, or of the
    value of a constant: ``const int x {3}``.
    """
    depth = 0
    called = False
    for index, token in enumerate(piece):
        if depth == 0:
            if token.text == "=":
                return False
            if token.text in TAGGED:
                found = head(piece, index)
                if found is not None and found.brace == len(piece) - 1:
                    return False
            called = called or token.text == "("
        depth += (token.text in _OPEN) - (token.text in _CLOSE)
    return called or not any(token.text == "const" for token in piece)


def _variables(tokens: Sequence[Token]) -> Iterator[Variable]:
    """Give the constants that a declaration of variables declares, those with one value each."""
    words = list(takewhile(lambda token: token.word, tokens))
    texts = {token.text for token in words}
    if "const" not in texts or "typedef" in texts or len(words) < 2:  # noqa: PLR2004 -- type, name
        return
    specifiers = [token for token in words[:-1] if token.text not in _STORAGE]
    index = len(words) - 1
    while index < len(tokens) and tokens[index].word:
        name = tokens[index]
        start = index = _behind_attributes(tokens, index + 1)
        if index == len(tokens) or tokens[index].text not in ("=", "{"):
            return
        while tokens[index].text not in (",", ";"):
            index = matching(tokens, index) if tokens[index].text in _OPEN else index + 1
        braced = tokens[start].text == "{"
        yield Variable(name, specifiers, list(tokens[start + 1 : index - braced]))
        index += 1


def _macros_only(tokens: Sequence[Token]) -> bool:
    """Tell whether these tokens are nothing but uses of macros that nothing defines."""
    index = 0
    while index < len(tokens):
        if not tokens[index].word or tokens[index].text in _SPECIFIERS | TAGGED:
            return False
        index = matching(tokens, index + 1) if _calls(tokens, index) else index + 1
    return True


def _declaration(piece: list[Token], before: list[Token]) -> Declaration | None:
    """Return the declaration that a piece is, None if it declares nothing.

    Args:
        piece: up to the semicolon.
        before: macros with semicolons of their own that may be about what follows them.
    """
    kept = _without_macros(piece)
    structs = any(token.text in TAGGED for token in kept)
    if sounds_like_layout(kept[0].text) and _macros_only(kept[:-1]) and not structs:
        before += kept
        return None
    if len(kept) == 1:
        return None
    dropped = [*before, *piece[: len(piece) - len(kept)]]
    before.clear()
    return Declaration(kept, dropped)


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
