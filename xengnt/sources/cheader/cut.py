# SPDX-License-Identifier: MIT
"""Cut a file into its top-level declarations, and lift out what pycparser rejects.

Attributes, ``#pragma pack`` and ``__extension__`` are taken out of a declaration
and kept beside it, bound to the struct or member that they are about. To find
them again after parsing, each struct that is declared with its members gets a
tag of ours in the text that pycparser sees, and members are counted.

Imports ``xengnt.errors`` and the tokens only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xengnt.errors import SourceError
from xengnt.sources.cheader.tokens import Token

MAX_NESTING = 100
"""Brackets of all kinds, nested deeper than this, are refused."""

OUR_TAG = "__xengnt_"
"""What the tags begin with that stand in for those of the file."""

_OPEN = {"(": ")", "[": "]", "{": "}"}
_CLOSE = set(_OPEN.values())
ATTRIBUTES = {"__attribute__", "__attribute", "__declspec", "_Alignas", "alignas"}
_DROPPED = {"__extension__", "_Noreturn", "__noreturn", "__restrict", "__restrict__"}
_DROPPED_CALLS = {"__asm__", "__asm", "asm", "_Static_assert", "static_assert"}
_SPELLINGS = {
    "__inline": "inline",
    "__inline__": "inline",
    "__const": "const",
    "__const__": "const",
    "__volatile": "volatile",
    "__volatile__": "volatile",
    "__signed": "signed",
    "__signed__": "signed",
}


@dataclass(slots=True)
class Declarator:
    """One thing that a declaration declares, and the attributes about it.

    Attributes:
        start: the first token of the declaration, its line being where it begins.
        end: the ``,`` or ``;`` behind it.
        attributes: each as the tokens between its brackets, with its spelling first.
    """

    start: Token
    end: Token
    attributes: list[list[Token]]


@dataclass(slots=True)
class Body:
    """A struct or union with its members in place.

    Attributes:
        keyword: the token ``struct`` or ``union``.
        tag: its own tag, None for none.
        end: the ``}``.
        attributes: those of the whole.
        declarators: of its members, in order.
    """

    keyword: Token
    tag: str | None
    end: Token
    attributes: list[list[Token]] = field(default_factory=list)
    declarators: list[Declarator] = field(default_factory=list)


@dataclass(slots=True)
class Declaration:
    """A top-level declaration.

    Attributes:
        tokens: as they stand in the file, attributes and all.
        clean: what is left for pycparser, with tags of ours.
        bodies: the structs that it declares, by the number in their tag of ours.
        declarators: what it declares at the top level.
    """

    tokens: list[Token]
    clean: list[Token] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    declarators: list[Declarator] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The file and line where it begins."""
        return f"{self.tokens[0].file}:{self.tokens[0].line}"


def cut(tokens: Sequence[Token]) -> Iterator[Declaration]:
    """Give the top-level declarations in order; function bodies are left out.

    Raises:
        SourceError: brackets do not match, or are nested too deeply, or the file
            ends inside a declaration.
    """
    piece: list[Token] = []
    stack: list[Token] = []
    extern_c = 0
    body_of_function = False
    for token in tokens:
        text = token.text
        if text == "}" and not stack and extern_c:
            extern_c -= 1
            continue
        piece.append(token)
        if text in _OPEN:
            if text == "{" and not stack:
                if [t.text for t in piece[:-1]] in (["extern", '"C"'], ["extern", '"C++"']):
                    extern_c += 1
                    piece = []
                    continue
                body_of_function = len(piece) > 1 and piece[-2].text == ")"
            stack.append(token)
            if len(stack) > MAX_NESTING:
                raise SourceError(f"{_at(token)}: brackets nested deeper than {MAX_NESTING}")
        elif text in _CLOSE:
            if not stack or _OPEN[stack[-1].text] != text:
                raise SourceError(f"{_at(token)}: unmatched {text!r}", got=text)
            stack.pop()
            if text == "}" and not stack and body_of_function:
                piece = []
        elif text == ";" and not stack:
            if len(piece) > 1:
                yield Declaration(piece)
            piece = []
    if stack:
        raise SourceError(f"{_at(stack[-1])}: {stack[-1].text!r} is never closed: file cut short?")
    if piece:
        raise SourceError(f"{_at(piece[0])}: the file ends inside this declaration: cut short?")


def _at(token: Token) -> str:
    return f"{token.file}:{token.line}"


def matching(tokens: Sequence[Token], start: int) -> int:
    """Return the index behind the bracket that closes the one at `start`."""
    depth = 0
    for index in range(start, len(tokens)):
        if tokens[index].text in _OPEN:
            depth += 1
        elif tokens[index].text in _CLOSE:
            depth -= 1
            if depth == 0:
                return index + 1
    raise SourceError(f"{_at(tokens[start])}: {tokens[start].text!r} is never closed")


def lift(declaration: Declaration) -> None:
    """Fill in the rest of a declaration from its tokens."""
    _Lifter(declaration).run()


class _Scope:
    """The top level, or the inside of a struct, while it is being read."""

    def __init__(self, declarators: list[Declarator]) -> None:
        self.declarators = declarators
        self.start: Token | None = None
        self.shared: list[list[Token]] = []  # attributes of all that this declaration declares
        self.own: list[list[Token]] = []  # attributes of the current one


class _Lifter:
    """Walks over the tokens of one declaration, once."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.tokens = _without_macro_call(declaration.tokens)
        self.clean = declaration.clean
        self.scopes = [_Scope(declaration.declarators)]
        self.open: list[Body | None] = []  # for each open brace, its struct; None for an enum
        self.pending: list[list[Token]] = []  # attributes of a struct whose brace is to come
        self.closed: Body | None = None  # the struct whose brace was the last token

    def run(self) -> None:
        index = 0
        while index < len(self.tokens):
            index = self._step(index)

    def _step(self, index: int) -> int:
        token = self.tokens[index]
        scope = self.scopes[-1]
        if token.text in _DROPPED:
            return index + 1
        if token.text in _DROPPED_CALLS and self._calls(index):
            after = matching(self.tokens, index + 1)
            if token.text.endswith("assert") and after < len(self.tokens):
                after += self.tokens[after].text == ";" and bool(self.open)
            return after
        if token.text in ATTRIBUTES and self._calls(index):
            return self._attribute(index)
        if token.text == "[" and index + 1 < len(self.tokens) and (
            self.tokens[index + 1].text == "["
        ):
            return matching(self.tokens, index)  # [[attribute]] of C23 and C++
        if scope.start is None:
            scope.start = token
        if token.text in ("struct", "union"):
            return self._aggregate(index)
        self.closed, closed = None, self.closed
        if token.text in ("(", "["):
            after = matching(self.tokens, index)
            for inner in self.tokens[index:after]:
                self._emit(inner)
            return after
        if token.text == "{":  # of an enum, or of an initialiser
            self.open.append(None)
        elif token.text == "}":
            body = self.open.pop() if self.open else None
            if body is not None:
                body.end = token
                self.scopes.pop()
                self.closed = body
        elif token.text == ";" and scope.start is token and self.open:
            scope.start = None  # a stray semicolon among members
            return index + 1
        elif token.text == ";" or (token.text == "," and self._between_declarators()):
            self._end_declarator(token, closed)
        self._emit(token)
        return index + 1

    def _calls(self, index: int) -> bool:
        return index + 1 < len(self.tokens) and self.tokens[index + 1].text == "("

    def _emit(self, token: Token) -> None:
        spelling = _SPELLINGS.get(token.text)
        self.clean.append(token._replace(text=spelling) if spelling else token)

    def _between_declarators(self) -> bool:
        return not self.open or self.open[-1] is not None

    def _aggregate(self, index: int) -> int:
        """Take ``struct``, its attributes and its tag; enter it if its members follow."""
        keyword = self.tokens[index]
        self._emit(keyword)
        self.closed = None
        attributes = []
        index += 1
        while index < len(self.tokens):
            token = self.tokens[index]
            if not (token.text in ATTRIBUTES and self._calls(index)):
                break
            after = matching(self.tokens, index + 1)
            attributes.append(self.tokens[index:after])
            index = after
        tag = None
        if index < len(self.tokens) and self.tokens[index].word:
            tag = self.tokens[index]
            index += 1
        if index < len(self.tokens) and self.tokens[index].text == "{":
            brace = self.tokens[index]
            body = Body(keyword, tag.text if tag else None, brace, attributes)
            name = f"{OUR_TAG}{len(self.declaration.bodies)}"
            self.declaration.bodies.append(body)
            self._emit((tag or keyword)._replace(text=name))
            self._emit(brace)
            self.open.append(body)
            self.scopes.append(_Scope(body.declarators))
            return index + 1
        if tag:
            self._emit(tag)
        return index

    def _attribute(self, index: int) -> int:
        """Take an attribute, and find out what it is about."""
        after = matching(self.tokens, index + 1)
        attribute = list(self.tokens[index:after])
        scope = self.scopes[-1]
        if scope.start is None:
            scope.start = attribute[0]
        following = after
        while following < len(self.tokens) and self.tokens[following].text in ATTRIBUTES:
            following = matching(self.tokens, following + 1)
        ends = following >= len(self.tokens) or self.tokens[following].text in (",", ";", "=")
        if self.closed is not None:
            self.closed.attributes.append(attribute)
        elif ends:
            scope.own.append(attribute)
        else:
            scope.shared.append(attribute)
        return after

    def _end_declarator(self, token: Token, closed: Body | None) -> None:
        scope = self.scopes[-1]
        start = scope.start or token
        only_defines = closed is not None and closed.tag is not None and len(self.scopes) > 1
        if not only_defines:
            scope.declarators.append(Declarator(start, token, scope.shared + scope.own))
        scope.own = []
        if token.text == ";":
            scope.start = None
            scope.shared = []


def _without_macro_call(tokens: list[Token]) -> list[Token]:
    """Drop calls of unknown macros in front of a declaration: ``FOO(x) struct y {…};``."""
    while (
        len(tokens) > 2  # noqa: PLR2004 -- a name, two brackets
        and tokens[0].word
        and tokens[1].text == "("
        and tokens[0].text not in ATTRIBUTES | _DROPPED_CALLS
    ):
        after = matching(tokens, 1)
        if after >= len(tokens) or not tokens[after].word:
            break
        tokens = tokens[after:]
    return tokens
