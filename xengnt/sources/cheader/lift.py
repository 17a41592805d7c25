# SPDX-License-Identifier: MIT
"""Lift out of a declaration what pycparser rejects.

Attributes and what else compilers have added to C are taken out and kept beside
the rest, bound to the struct or declarator that they are about. To find them
again after parsing, each struct, union and enum that is declared with its members
gets a tag of ours in the text that pycparser sees, and declarators are counted.

Imports ``xengnt.errors`` and the tokens only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xengnt.errors import SourceError
from xengnt.sources.cheader.cut import TAGGED, Declaration, behind_attribute, head, matching
from xengnt.sources.cheader.defaults import ALIGNED, PACKED, sounds_like_layout
from xengnt.sources.cheader.tokens import Token

MAX_NESTING = 100
"""Brackets of all kinds, nested deeper than this, are refused."""

OUR_TAG = "__xengnt_"
"""What the tags begin with that stand in for those of the file."""

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
    "__alignof": "_Alignof",
    "__alignof__": "_Alignof",
    "alignof": "_Alignof",
    "__builtin_offsetof": "offsetof",
}
_SPECIFIERS = {"const", "volatile", "__const", "__const__", "__volatile", "__volatile__"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute by its name, less its underscores, and what is in its brackets."""

    name: str
    arguments: list[Token]


@dataclass(slots=True)
class Declarator:
    """One thing that a declaration declares, and the attributes about it.

    Attributes:
        start: the first token of the declaration, its line being where it begins.
        end: the ``,`` or ``;`` behind it.
        attributes: those about it alone, and about all that its declaration declares.
    """

    start: Token
    end: Token
    attributes: list[Attribute]


@dataclass(slots=True)
class Body:
    """A struct, union or enum with its members in place.

    Attributes:
        keyword: the token ``struct``, ``union`` or ``enum``.
        tag: its own tag, None for none.
        attributes: those of the whole.
        declarators: of the members of a struct or union, in order.
        base: of an enum, the type that it is said to have.
    """

    keyword: Token
    tag: str | None
    attributes: list[Attribute] = field(default_factory=list)
    declarators: list[Declarator] = field(default_factory=list)
    base: list[Token] = field(default_factory=list)


@dataclass(slots=True)
class Lifted:
    """A declaration in two parts.

    Attributes:
        clean: what is left for pycparser, with tags of ours.
        bodies: the structs that it declares, by the number in their tag of ours.
        declarators: what it declares at the top level.
        assumed: macros for attributes that nothing defines, and are taken for these.
    """

    clean: list[Token] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    declarators: list[Declarator] = field(default_factory=list)
    assumed: list[Token] = field(default_factory=list)


def lift(declaration: Declaration) -> Lifted:
    """Take a declaration apart.

    Raises:
        SourceError: it has what cannot be taken out of it without loss.
    """
    if any(token.text in ("struct", "union") for token in declaration.tokens):
        for token in declaration.dropped:
            if token.word and sounds_like_layout(token.text):
                raise _undefined(token, "what follows")
    lifter = _Lifter(declaration.tokens)
    lifter.run()
    return lifter.lifted


def _undefined(token: Token, what: str) -> SourceError:
    return SourceError(
        f"{token.where}: nothing here defines {token.text!r}, which may say how {what} lies in "
        "memory",
        got=token.text,
    )


def respell(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens of an expression as pycparser wants them spelled."""
    return [
        token._replace(text=_SPELLINGS.get(token.text, token.text))
        for token in tokens
        if token.text not in _DROPPED
    ]


class _Scope:
    """The top level, or the inside of a struct, while it is being read."""

    def __init__(self, declarators: list[Declarator]) -> None:
        self.declarators = declarators
        self.start: Token | None = None  # of the current declaration
        self.shared: list[Attribute] = []  # of all that it declares
        self.own: list[Attribute] = []  # of the current declarator
        self.specifiers = True  # whether no declarator has begun yet
        self.parts = 0  # of the current declarator: pointers, arrays, brackets

    def end_declarator(self, token: Token) -> None:
        """Take note of a declarator that ends before this token."""
        start = self.start or token
        self.declarators.append(Declarator(start, token, self.shared + self.own))
        self.own = []
        self.parts = 0
        if token.text == ";":
            self.start = None
            self.shared = []
            self.specifiers = True
        else:
            self.specifiers = False


class _Lifter:
    """Walks over the tokens of one declaration, once."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.lifted = Lifted()
        self.scopes = [_Scope(self.lifted.declarators)]
        self.open: list[Body | None] = []  # for each open brace, what it belongs to
        self.closed: Body | None = None  # the one whose brace was the last token
        self.ahead: list[Attribute] = []  # those of the struct that comes next
        self.typedef = any(token.text == "typedef" for token in tokens)

    def run(self) -> None:
        index = 0
        while index < len(self.tokens):
            index = self._step(index)

    def _step(self, index: int) -> int:
        """Take what is at `index`, and return where to go on."""
        token = self.tokens[index]
        scope = self.scopes[-1]
        if token.text in _DROPPED:
            return index + 1
        if token.text in _DROPPED_CALLS and self._calls(index):
            return self._drop_call(index)
        if self._at_attribute(index) and (self._among_declarators() or token.text not in PACKED):
            return self._attributes(index)
        if self.closed is not None and token.word:
            self._check_behind(self.closed, index)
        if scope.start is None and token.text not in ("{", "}", ";"):
            scope.start = token
        if token.text in TAGGED:
            return self._tagged(index)
        self.closed = None
        if self.open and self._among_declarators():
            if self._initialises(index):
                return self._behind_value(index)
            if token.text == "static" and scope.start is token:
                return self._static(index)
        if token.text in ("(", "[", "*") and self._among_declarators():
            scope.parts += 1
            if scope.parts > MAX_NESTING:
                raise SourceError(f"{token.where}: a type of more than {MAX_NESTING} parts")
        if token.text in ("(", "["):
            return self._brackets(index)
        if token.text == ";" and scope.start is None and self.open:
            return index + 1  # a stray one among members
        self._punctuate(token)
        self._emit(token)
        return index + 1

    def _check_behind(self, body: Body, index: int) -> None:
        """Raise if what stands behind the brace of a struct may be a macro about the struct.

        A variable may stand there as well, or the name of a typedef or a member.
        """
        token = self.tokens[index]
        if token.text in _SPECIFIERS or body.keyword.text == "enum":
            return
        then, name = self.tokens[index + 1], token.text
        if self.open:
            macro = sounds_like_layout(name)
        else:
            macro = not self.typedef and (name.isupper() or name.startswith("__"))
        another = then.word and not self._at_attribute(index + 1)
        if macro or then.text == "(" or (another and then.text not in _DROPPED_CALLS):
            if another and then.text.isupper() and not name.isupper():
                token = then
            raise _undefined(token, f"{body.keyword.text} {body.tag}" if body.tag else "it")

    def _initialises(self, index: int) -> bool:
        """Tell whether the value of a member stands at `index`, as C++ allows."""
        before = self.tokens[index - 1]
        text = self.tokens[index].text
        return text == "=" or (text == "{" and (before.word or before.text == "]"))

    def _behind_value(self, index: int) -> int:
        """Return the index of what ends the value of a member."""
        while index < len(self.tokens) and self.tokens[index].text not in (",", ";", "}"):
            bracket = self.tokens[index].text in ("(", "[", "{")
            index = matching(self.tokens, index) if bracket else index + 1
        return index

    def _static(self, index: int) -> int:
        """Drop a member that takes no room, a constant of C++; leave others for the parser."""
        after = self._behind_value(index)
        if self.tokens[after].text != ";" or "(" in [one.text for one in self.tokens[index:after]]:
            self._emit(self.tokens[index])
            return index + 1
        self.scopes[-1].start = None
        return after + 1

    def _punctuate(self, token: Token) -> None:
        """Take note of what begins or ends with a token."""
        scope = self.scopes[-1]
        if token.text == "{":  # of an initialiser
            self._enter(None)
        elif token.text == "}" and self.open:
            self._leave()
        elif token.text in (",", ";") and self._among_declarators():
            scope.end_declarator(token)
        elif token.text == "*":
            scope.specifiers = False

    def _drop_call(self, index: int) -> int:
        """Return the index behind an assertion or a name for the assembler."""
        after = matching(self.tokens, index + 1)
        if self.open and after < len(self.tokens) and self.tokens[after].text == ";":
            after += self.scopes[-1].start is None  # that of an assertion among members
        return after

    def _calls(self, index: int) -> bool:
        return index + 1 < len(self.tokens) and self.tokens[index + 1].text == "("

    def _emit(self, token: Token) -> None:
        spelling = _SPELLINGS.get(token.text)
        self.lifted.clean.append(token._replace(text=spelling) if spelling else token)

    def _among_declarators(self) -> bool:
        body = self.open[-1] if self.open else None
        return not self.open or (body is not None and body.keyword.text != "enum")

    def _enter(self, body: Body | None) -> None:
        self.open.append(body)
        if len(self.open) > MAX_NESTING:
            where = body.keyword.where if body else self.tokens[0].where
            raise SourceError(f"{where}: braces nested deeper than {MAX_NESTING}")
        if body is not None and body.keyword.text != "enum":
            self.scopes.append(_Scope(body.declarators))

    def _leave(self) -> None:
        body = self.open.pop()
        if body is not None and body.keyword.text != "enum":
            self.scopes.pop()
        self.closed = body

    def _brackets(self, start: int) -> int:
        """Take what is in brackets, but for the attributes in it."""
        after = matching(self.tokens, start)
        depth = 0
        index = start
        while index < after:
            token = self.tokens[index]
            if self._at_attribute(index):
                found, index = self._read_attributes(index)
                if any(one.name in ("packed", "aligned", "mode") for one in found):
                    raise SourceError(f"{token.where}: an attribute where it is not understood")
                continue
            depth += (token.text in "([{") - (token.text in ")]}")
            if depth > MAX_NESTING:
                raise SourceError(f"{token.where}: brackets nested deeper than {MAX_NESTING}")
            if token.text not in _DROPPED:
                self._emit(token)
            index += 1
        return after

    def _tagged(self, index: int) -> int:
        """Take ``struct``, its attributes and its tag; enter it if its members follow."""
        keyword = self.tokens[index]
        self._emit(keyword)
        self.closed = None
        found = head(self.tokens, index)
        attributes, index = self._read_attributes(index + 1)
        attributes += self.ahead
        self.ahead = []
        if found is None:
            if index < len(self.tokens) and self.tokens[index].word:
                self._emit(self.tokens[index])
                index += 1
            return index
        tag = found.tag
        what = f"{keyword.text} {tag.text}" if tag else keyword.text
        unknown = found.unknown
        if tag and (self.typedef or self.open) and sounds_like_layout(tag.text):
            unknown = unknown or tag  # or it is the tag, and the struct has another name as well
        if unknown is not None:
            raise _undefined(unknown, what)
        if found.base and keyword.text != "enum":
            raise SourceError(f"{keyword.where}: {what} inherits, which is not understood")
        while index < found.brace and self.tokens[index].text != ":":
            more, after = self._read_attributes(index)
            attributes += more
            index = max(after, index + 1)
        index = found.brace
        body = Body(keyword, tag.text if tag else None, attributes, base=found.base)
        self._emit((tag or keyword)._replace(text=f"{OUR_TAG}{len(self.lifted.bodies)}"))
        self._emit(self.tokens[index])
        self.lifted.bodies.append(body)
        self._enter(body)
        return index + 1

    def _attributes(self, start: int) -> int:
        """Take attributes, and find out what they are about."""
        attributes, after = self._read_attributes(start)
        scope = self.scopes[-1]
        if self.open and not self._among_declarators():
            return after  # those of an enumerator, or inside an initialiser
        if self.tokens[start].text == "__declspec" and self.tokens[after].text in TAGGED:
            self.ahead = attributes  # which is about the struct, unlike `__attribute__`
            return after
        if self.closed is not None:
            self.closed.attributes += attributes
            return after
        if scope.start is None:
            scope.start = self.tokens[start]
        ends = after == len(self.tokens) or self.tokens[after].text in (",", ";", "=")
        (scope.own if ends or not scope.specifiers else scope.shared).extend(attributes)
        return after

    def _at_attribute(self, index: int) -> bool:
        return behind_attribute(self.tokens, index) > index

    def _read_attributes(self, index: int) -> tuple[list[Attribute], int]:
        """Return the attributes at `index`, and the index behind them."""
        found: list[Attribute] = []
        while index < len(self.tokens) and self._at_attribute(index):
            token = self.tokens[index]
            after = behind_attribute(self.tokens, index)
            if token.text in PACKED:
                found.append(Attribute("packed", []))
            elif token.text in ALIGNED or token.text in ("_Alignas", "alignas"):
                found.append(Attribute("aligned", self.tokens[index + 2 : after - 1]))
            elif token.text == "__declspec":
                found += _items(self.tokens[index + 2 : after - 1])
            else:
                inner = index + (2 if token.text == "[" else 3)
                found += _items(self.tokens[inner : after - 2])
            if token.text in PACKED or token.text in ALIGNED:
                self.lifted.assumed.append(token)
            index = after
        return found, index


def _items(tokens: list[Token]) -> list[Attribute]:
    """Cut the list in an attribute into names and arguments."""
    found: list[Attribute] = []
    index = 0
    while index < len(tokens):
        if tokens[index].word:
            name = tokens[index].text.strip("_")
            arguments: list[Token] = []
            if index + 1 < len(tokens) and tokens[index + 1].text == "(":
                after = matching(tokens, index + 1)
                arguments = tokens[index + 2 : after - 1]
                index = after - 1
            found.append(Attribute("aligned" if name == "align" else name, arguments))
        index += 1
    return found
