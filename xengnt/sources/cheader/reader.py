# SPDX-License-Identifier: MIT
"""Read a C header: the one reader of C in this package.

`read` preprocesses a header for an ABI and an interface version, cuts it into
declarations, parses those that are wanted and what they need, evaluates the
macros that are constants, and adds what the markup in the comments says.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pycparser import c_ast

from xengnt.abi.declarations import (
    Aggregate,
    Arithmetic,
    Array,
    Constant,
    CType,
    Declarations,
    Enum,
    Named,
    Pointer,
)
from xengnt.abi.layout import STANDARD_TYPES, Engine
from xengnt.errors import InvalidValue, SourceError, XengntError
from xengnt.sources.cheader import markup
from xengnt.sources.cheader.cut import Body, Declaration, Declarator, cut
from xengnt.sources.cheader.evaluate import Evaluator, Value
from xengnt.sources.cheader.markup import Markup
from xengnt.sources.cheader.parse import Notes, Parsed, Parser, Reading, declared_names
from xengnt.sources.cheader.preprocess import LATEST_MACRO, VERSION_MACRO, Job, preprocess
from xengnt.sources.cheader.tokens import Macro, Token, Tokens, tokenize

_PROBE = "__xengnt_probe__"

@dataclass(slots=True)
class Problem:
    """Something in a header that could not be read."""

    name: str
    message: str


@dataclass(slots=True)
class HeaderSource:
    """A header, read at one ABI and one interface version.

    Attributes:
        declarations: what it declares, as far as it was wanted and could be read.
        where: file and line of each struct, member, typedef and constant, by C path.
        problems: what was wanted and could not be read, by name.
        files: all files that it is made of.
        latest: the newest interface version that it knows, if it says so.
    """

    declarations: Declarations
    where: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    latest: int | None = None


def read(job: Job, wanted: Callable[[str], bool] | None = None) -> HeaderSource:
    """Read a header.

    Args:
        job: the header, and how to see it.
        wanted: tells of a tag, typedef or macro whether it is wanted; None for all.

    Raises:
        Refused: the header stops with ``#error`` for this ABI and version.
        SourceError: it cannot be read at all.
        Unavailable: there is no preprocessor.
    """
    return _Reader(job, wanted or (lambda _: True)).read()


class _Reader:
    def __init__(self, job: Job, wanted: Callable[[str], bool]) -> None:
        self.job = job
        self.wanted = wanted
        self.source = HeaderSource(Declarations(job.target, job.version))
        self.engine = Engine(self.source.declarations)
        self.parser = Parser(self._evaluator, self._is_type, self._notes)
        self._markups: dict[str, Markup] = {}
        self._typedefs: dict[str, list[Declaration]] = {}
        self._enumerated: dict[str, list[Declaration]] = {}
        self._tags: dict[str, Declaration] = {}
        self._enumerators: dict[str, Value] = {}
        self._parsed: dict[int, Parsed | SourceError | None] = {}

    def read(self) -> HeaderSource:
        tokens = tokenize(preprocess(self.job))
        names = [name for name in tokens.macros if name == LATEST_MACRO or self.wanted(name)]
        probes = "".join(f'\n{_PROBE} "{name}" {name}' for name in names)
        tokens = tokenize(preprocess(self.job, f"{probes}\n{_PROBE}\n"))
        expansions = self._index(tokens)
        self._constants(tokens.macros, expansions)
        self._types()
        self._enums(tokens.macros)
        self.source.files = tuple(tokens.files)
        return self.source

    def _index(self, tokens: Tokens) -> dict[str, list[Token]]:
        """Take the declarations in, and return what each macro expands to."""
        first = next((i for i, t in enumerate(tokens.tokens) if t.text == _PROBE), None)
        if first is None:
            raise SourceError(f"{self.job.path}: the preprocessor lost its way in this file")
        for declaration in cut(tokens.tokens[:first]):
            self._index_declaration(declaration)
        expansions: dict[str, list[Token]] = {}
        current: list[Token] = []
        for token in tokens.tokens[first:]:
            if token.text == _PROBE:
                current = []
            elif not current and token.text.startswith('"') and token.text[1:-1] not in expansions:
                expansions[token.text[1:-1]] = current
                current.append(token)
            else:
                current.append(token)
        return {name: found[1:] for name, found in expansions.items()}

    def _index_declaration(self, declaration: Declaration) -> None:
        words = [token.text for token in declaration.tokens]
        for index, word in enumerate(words):
            if word in ("struct", "union"):
                tag = _tag_of_body(words, index)
                if tag:
                    self._tags[tag] = declaration
        for name in declared_names(declaration.tokens):
            self._typedefs.setdefault(name, []).append(declaration)
        if "enum" in words:
            for token in declaration.tokens:
                if token.word:
                    self._enumerated.setdefault(token.text, []).append(declaration)

    def _parse(self, declaration: Declaration) -> Parsed:
        """Parse a declaration once, and take in what it declares."""
        known = self._parsed.get(id(declaration), ...)
        if known is ... :
            self._parsed[id(declaration)] = None  # being parsed
            try:
                known = self.parser.parse(declaration)
            except SourceError as error:
                known = error
            self._parsed[id(declaration)] = known
            if isinstance(known, Parsed):
                self._take(declaration, known)
        if known is None:
            raise SourceError(f"{declaration.where}: a declaration that needs itself")
        if isinstance(known, SourceError):
            raise known
        return known

    def _take(self, declaration: Declaration, parsed: Parsed) -> None:
        declared = self.source.declarations
        self._enumerators.update(parsed.enumerators)
        for name, typedef in parsed.typedefs.items():
            declared.typedefs[name] = typedef
            self.source.where[name] = declaration.where
            self._need(typedef.type)
        for tag, aggregate in parsed.aggregates.items():
            declared.aggregates[tag] = aggregate
            self._need(aggregate)
        for tag, aggregate in parsed.aggregates.items():
            body = parsed.bodies[id(aggregate)]
            self.source.where[tag] = f"{body.keyword.file}:{body.keyword.line}"
            self._locate(tag, aggregate, parsed)

    def _locate(self, path: str, aggregate: Aggregate, parsed: Parsed) -> None:
        """Note where the members of a struct stand, those declared in place included."""
        body = parsed.bodies[id(aggregate)]
        for member, one in zip(aggregate.members, body.declarators, strict=True):
            name = f"{path}.{member.name}" if member.name else path
            self.source.where.setdefault(name, f"{one.end.file}:{one.end.line}")
            inner = member.type
            while isinstance(inner, Array):
                inner = inner.of
            if isinstance(inner, Aggregate):
                self._locate(name, inner, parsed)

    def _need(self, ctype: CType) -> None:
        """Parse the declarations that a type refers to, as far as they are there."""
        match ctype:
            case Named(name):
                self._typedef(name)
            case Pointer(to) if to is not None:
                if isinstance(to, Named | Pointer):
                    self._need(to)
            case Array(of, _):
                self._need(of)
            case Aggregate():
                for member in ctype.members:
                    self._need(member.type)
            case _ if hasattr(ctype, "tag"):
                self._aggregate(ctype.tag)

    def _typedef(self, name: str) -> bool:
        """Make a typedef known, and tell whether there is one."""
        declared = self.source.declarations.typedefs
        if name in declared:
            return True
        for declaration in self._typedefs.get(name, ()):
            try:
                if name in self._parse(declaration).typedefs:
                    return True
            except SourceError:
                continue
        return name in STANDARD_TYPES

    def _aggregate(self, tag: str) -> bool:
        declaration = self._tags.get(tag)
        if declaration is None or tag in self.source.declarations.aggregates:
            return declaration is not None
        try:
            self._parse(declaration)
        except SourceError:
            return False
        return True

    def _is_type(self, word: str) -> bool:
        return word in STANDARD_TYPES or word in self._typedefs

    def _types(self) -> None:
        for tag, declaration in self._tags.items():
            if self.wanted(tag):
                try:
                    self._parse(declaration)
                except SourceError as error:
                    self.source.problems[tag] = Problem(tag, str(error))
        for name in self._typedefs:
            if self.wanted(name):
                self._typedef(name)
        declared = self.source.declarations
        for tag, aggregate in list(declared.aggregates.items()):
            try:
                self.engine.struct(tag, aggregate)
            except XengntError as error:
                del declared.aggregates[tag]
                if self.wanted(tag):
                    where = self.source.where.get(tag, str(self.job.path))
                    self.source.problems[tag] = Problem(tag, f"{where}: {error}")

    def _constants(self, macros: dict[str, Macro], expansions: dict[str, list[Token]]) -> None:
        declared = self.source.declarations
        for name, tokens in expansions.items():
            macro = macros.get(name)
            if macro is None or not tokens:
                continue
            where = f"{macro.file}:{macro.line}"
            if tokens[0].text == "{":
                self._messages(tokens)
                continue
            if name == VERSION_MACRO:
                continue
            try:
                value = self.parser.value(tokens)
            except InvalidValue as error:
                if self._meant_as_number(tokens):
                    self.source.problems[name] = Problem(name, f"{where}: {error}")
                continue
            if name == LATEST_MACRO:
                self.source.latest = value.value
                continue
            declared.constants[name] = value.constant()
            self.source.where[name] = where
            doc = self._doc(macro.file, macro.line, macro.line)
            if doc:
                declared.docs[name] = doc
        for name in self._enumerated:
            if self.wanted(name) and name not in declared.constants:
                found = self._enumerator(name)
                if found:
                    declared.constants[name] = found.constant()

    def _meant_as_number(self, tokens: list[Token]) -> bool:
        if any(t.text.startswith('"') for t in tokens) or self._is_type(tokens[0].text):
            return False
        return any(t.text[0].isdigit() for t in tokens)

    def _messages(self, tokens: list[Token]) -> None:
        texts = [t.text for t in tokens]
        strings = [t for t in texts if t.startswith('"')]
        if strings and all(t.startswith('"') or t in "{}," for t in texts):
            object.__setattr__(
                self.source.declarations, "messages", tuple(_unquote(s) for s in strings)
            )

    def _enumerator(self, name: str) -> Value | None:
        if name in self._enumerators:
            return self._enumerators[name]
        for declaration in self._enumerated.get(name, ()):
            try:
                if name in (parsed := self._parse(declaration)).enumerators:
                    return parsed.enumerators[name]
            except SourceError:
                continue
        return None

    def _evaluator(self, parser: Parser) -> Evaluator:
        def name(text: str) -> Value:
            found = self._enumerator(text)
            if found is None:
                raise InvalidValue(f"{text} is not a constant", got=text)
            return found

        def ctype(node: c_ast.Node) -> CType:
            found = Reading(parser, Declaration([])).ctype(node)
            self._need(found)
            return found

        def cast(node: c_ast.Node) -> Value:
            found = ctype(node)
            shape = self.engine.shape(found)
            if shape.kind != "int" or shape.count is not None or shape.signed is None:
                raise InvalidValue("a cast to something that is not an integer type")
            return Value(0, shape.size, shape.signed, self._rank(found))

        def sizeof(node: c_ast.Node) -> int:
            if not isinstance(node, c_ast.Typename):
                raise InvalidValue("sizeof something that is not a type")
            return self.engine.shape(ctype(node)).size

        return Evaluator(self.job.target, name, cast, sizeof)

    def _rank(self, ctype: CType) -> int:
        typedefs = self.source.declarations.typedefs
        while isinstance(ctype, Named) and ctype.name in typedefs:
            ctype = typedefs[ctype.name].type
        if isinstance(ctype, Named):  # of <stdint.h>: long where that is wide enough
            size = self.engine.shape(ctype).size
            return 0 if size < 8 else 1 if self.job.target.word == 8 else 2  # noqa: PLR2004
        name = ctype.name if isinstance(ctype, Arithmetic) else ""
        return 2 if "long long" in name else 1 if "long" in name else 0

    def _markup(self, file: str) -> Markup:
        if file not in self._markups:
            try:
                text = Path(file).read_text(errors="replace")
            except OSError:
                text = ""
            self._markups[file] = Markup(file, text)
        return self._markups[file]

    def _doc(self, file: str, first: int, last: int) -> str:
        text = self._markup(file)
        return markup.prose(text.behind(last)) or markup.prose(text.above(first))

    def _notes(self, about: Declarator | Body, declaration: Declaration) -> Notes:
        if isinstance(about, Body):
            file, line = about.keyword.file, about.keyword.line
            text = self._markup(file).above(line)
            return Notes(select=markup.selections(text), doc=markup.prose(text))
        file, line = about.end.file, about.end.line
        comments = self._markup(file)
        behind = comments.behind(line)
        begin = declaration.tokens[0]
        inside = declaration.bodies and begin.file == file
        return Notes(
            direction=comments.direction(begin.line, line) if inside else None,
            enum=markup.enum(behind),
            select=markup.selections(behind),
            doc=self._doc(file, about.start.line, line),
        )

    def _enums(self, macros: dict[str, Macro]) -> None:
        files = {macro.file for macro in macros.values()}
        declared = self.source.declarations
        for file in sorted(files):
            comments = self._markup(file)
            for block in comments.blocks:
                members = [
                    macro
                    for macro in macros.values()
                    if macro.file == file
                    and block.start < macro.line < block.end
                    and macro.name.startswith(block.prefix)
                    and macro.name in declared.constants
                ]
                if not members:
                    continue  # not at this interface version
                members.sort(key=lambda macro: macro.line)
                structs = {m.name: markup.struct(comments.behind(m.line)) for m in members}
                declared.enums[block.name] = Enum(
                    block.name,
                    tuple(macro.name for macro in members),
                    prefix=block.prefix,
                    bits=block.bits,
                    mask=block.mask,
                    condition=block.condition,
                    struct_prefix=block.struct_prefix,
                    structs=tuple((name, tag) for name, tag in structs.items() if tag),
                    doc=markup.prose(comments.above(block.start)),
                )


def _tag_of_body(words: list[str], index: int) -> str | None:
    """Return the tag of the struct whose keyword is at `index`, if its members follow."""
    index += 1
    while index < len(words) and words[index] in ("__attribute__", "__attribute", "__declspec"):
        depth, index = 0, index + 1
        while index < len(words):
            depth += (words[index] == "(") - (words[index] == ")")
            index += 1
            if depth == 0:
                break
    if index + 1 < len(words) and words[index + 1] == "{" and words[index] != "{":
        return words[index]
    return None


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
