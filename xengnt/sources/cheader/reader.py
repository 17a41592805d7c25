# SPDX-License-Identifier: MIT
"""Read a C header: the one reader of C in this package.

`read` preprocesses a header for an ABI and an interface version, cuts it into
declarations, parses those that are wanted and what they need, evaluates the
macros that are constants, and adds what the markup in the comments says.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources`` and the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

from xengnt.abi.declarations import (
    MESSAGES,
    Aggregate,
    Arithmetic,
    Array,
    CType,
    Declarations,
    Named,
    Pointer,
    Tagged,
    Typedef,
)
from xengnt.abi.layout import STANDARD_TYPES, Engine, Shape, spell
from xengnt.abi.targets import Target, format_version
from xengnt.errors import InvalidValue, SourceError, XengntError
from xengnt.sources.cheader.annotate import Annotations
from xengnt.sources.cheader.cut import ATTRIBUTES, Declaration, Names, Variable, cut
from xengnt.sources.cheader.defaults import INTEGERS, XEN_TYPES, xen_type
from xengnt.sources.cheader.evaluate import INT, Value
from xengnt.sources.cheader.expand import Expanded, expand
from xengnt.sources.cheader.handles import handle
from xengnt.sources.cheader.lift import Body, Declarator
from xengnt.sources.cheader.parse import Notes, Parsed, Parser, specified
from xengnt.sources.cheader.plain import Handle, plain
from xengnt.sources.cheader.preprocess import (
    LATEST_MACRO,
    OWN_INCLUDE,
    VERSION_MACRO,
    Job,
    not_there,
)
from xengnt.sources.cheader.tokens import Token
from xengnt.sources.reading import Problem


@dataclass(slots=True)
class HeaderSource:
    """A header, read at one ABI and one interface version.

    Attributes:
        declarations: what it declares, as far as it was wanted and could be read; at the
            interface version that the header sets itself, if it does.
        where: file and line of each struct, member, typedef, constant and enumeration
            of the markup, by C path or name.
        problems: what was wanted and could not be read, by name.
        assumptions: what of the header's surroundings is not there, and what it is taken
            to be; one for each name.
        valueless: macros that are no constants, by name, and why.
        files: all files that it is made of.
        latest: the newest interface version that it knows, if it says so.
    """

    declarations: Declarations
    where: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    assumptions: list[Problem] = field(default_factory=list)
    valueless: dict[str, str] = field(default_factory=dict)
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
    """Reads one header; what it knows of it is what its declarations may refer to."""

    def __init__(self, job: Job, wanted: Callable[[str], bool]) -> None:
        self.job = job
        self.wanted = wanted
        self.source = HeaderSource(Declarations(job.target, job.version))
        self.declared = self.source.declarations
        self.engine = Engine(self.declared)
        self.parser = Parser(self)
        self.names = Names()
        self.annotations = Annotations()
        self._found_messages: tuple[str, ...] = ()
        self._at = str(job.path)  # the place of the macro that is being evaluated
        self._handles: dict[str, Handle] = {}
        self._enums: dict[str, CType] = {}
        self._enumerators: dict[str, Value] = {}
        self._variables: dict[str, Value | InvalidValue] = {}
        self._parsed: dict[Declaration, Parsed | SourceError] = {}

    def read(self) -> HeaderSource:
        """Read it."""
        asked = (LATEST_MACRO, VERSION_MACRO)
        header = expand(self.job, lambda name: name in asked or self.wanted(name))
        for name, where in header.missing.items():
            self._assume(name, f"{where}: {name} is not there, and is left out")
        for declaration in cut(plain(header.tokens, self._handles)):
            self.names.add(declaration)
        self._macros(header)
        self._constants()
        self._types()
        constants = [m for m in header.macros.values() if m.name in self.declared.constants]
        for enum, where in self.annotations.enums(constants):
            self.declared.enums[enum.name] = enum
            self.source.where[enum.name] = where
        for name, message in self.annotations.complaints():
            self._problem(name, message)
        self.source.declarations = replace(
            self.declared, messages=self._found_messages, version=self._version(header)
        )
        self.source.files = tuple(file for file in header.files if not _own(file))
        self._blame(header.missing)
        return self.source

    def _version(self, header: Expanded) -> int:
        """Return the interface version that the header is read at: its own, if it sets one."""
        macro = header.macros.get(VERSION_MACRO)
        if macro is None:
            return self.job.version
        where = f"{macro.file}:{macro.line}"
        try:
            version = self.parser.value(header.expansions.get(VERSION_MACRO, [])).value
        except InvalidValue as error:
            self._problem(VERSION_MACRO, f"{where}: {error}")
            return self.job.version
        if not 0 <= version < 1 << 32:
            self._problem(VERSION_MACRO, f"{where}: {version} is not an interface version")
            return self.job.version
        if version != self.job.version:
            words = f"the header sets interface version {format_version(version)} itself"
            self._assume(VERSION_MACRO, f"{where}: {words}")
        return version

    def _blame(self, missing: dict[str, str]) -> None:
        """Name the headers that are not there where something is not known.

        Raises:
            SourceError: they are all that there is in this one.
        """
        if not missing:
            return
        names = ", ".join([*missing][:3]) + (", …" if len(missing) > 3 else "")  # noqa: PLR2004 -- one line
        for problem in self.source.problems.values():
            if _UNKNOWN.search(problem.message):
                problem.message += f"; it may come from what is not there: {names}"
                break  # said once
        declared, source = self.source.declarations, self.source
        if not (declared.aggregates or declared.constants or declared.typedefs or source.problems):
            raise SourceError(not_there(*next(iter(missing.items()))))

    def _assume(self, name: str, message: str) -> None:
        if all(one.name != name for one in self.source.assumptions):
            self.source.assumptions.append(Problem(name, message))

    def _problem(self, name: str, message: str) -> None:
        self.source.problems.setdefault(name, Problem(name, message))

    # Constants.

    def _macros(self, header: Expanded) -> None:
        """Take in the macros that are constants, and the messages."""
        for name, macro in header.macros.items():
            where = self._at = f"{macro.file}:{macro.line}"
            if name in header.bad:
                self._problem(name, f"{where}: {header.bad[name]}")
            if name == VERSION_MACRO or name not in header.expansions or _own(macro.file):
                continue
            expansion = header.expansions[name]
            if not expansion:
                self.source.valueless[name] = f"{where}: {name} has no value"
                continue
            if name == MESSAGES:
                self.source.where[name] = where
                self._messages(expansion, where)
                continue
            try:
                value = self.parser.value(expansion)
            except InvalidValue as error:
                if self._meant_as_number(expansion):
                    self._problem(name, f"{where}: {name}: {error}")
                self.source.valueless[name] = f"{where}: {name}: {error}"
                continue
            if name == LATEST_MACRO:
                self.source.latest = value.value
                continue
            self.declared.constants[name] = value.constant()
            self.source.where[name] = where
            doc = self.annotations.doc(macro, macro)
            if doc:
                self.declared.docs[name] = doc

        self._at = str(self.job.path)

    def _meant_as_number(self, tokens: list[Token]) -> bool:
        """Tell whether a macro that is not a constant looks as if it should be one."""
        texts = [token.text for token in tokens]
        if self.is_type(texts[0]) or texts[0] in ATTRIBUTES or any(t[-1] in '"{' for t in texts):
            return False
        if any(pair == ("*", ")") for pair in pairwise(texts)):
            return False  # a cast to a pointer
        return any(text[0].isdigit() for text in texts)

    def _messages(self, tokens: list[Token], where: str) -> None:
        """Take in the strings between braces, neighbours being one string as in C."""
        found: list[str] = []
        fresh = True
        for token in tokens:
            if token.text[0] == '"':
                text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
                found[len(found) - (not fresh) :] = [text if fresh else found[-1] + text]
                fresh = False
            elif token.text in ("{", "}", ","):
                fresh = True
            else:
                self._problem(MESSAGES, f"{where}: {token.text!r} among the messages")
                return
        self._found_messages = tuple(found)

    def _constants(self) -> None:
        """Take in the constants of enums."""
        for name, variable in self.names.variables.items():
            if name in self.declared.constants or not self.wanted(name):
                continue
            where = variable.name.where
            try:
                self.declared.constants[name] = self._evaluate(variable).constant()
            except InvalidValue as error:
                if variable.value and self._meant_as_number(variable.value):
                    self._problem(name, f"{where}: {name}: {error}")
                self.source.valueless[name] = f"{where}: {name}: {error}"
                continue
            self.source.where[name] = where
        for name, (token, declaration) in self.names.enumerators.items():
            if name in self.declared.constants or not self.wanted(name) or _own(token.file):
                continue
            try:
                value = self._parse(declaration).enumerators[name]
            except SourceError as error:
                self._problem(name, str(error))
                continue
            self.declared.constants[name] = value.constant()
            self.source.where[name] = token.where

    # Types.

    def _types(self) -> None:
        """Take in the types that are wanted."""
        known: set[str] = set()
        for tag, declaration in self.names.aggregates.items():
            if self.wanted(tag) and not _own(declaration.tokens[0].file):
                try:
                    self._parse(declaration)
                except SourceError as error:
                    self._problem(tag, str(error))
                self._need(Tagged("struct", tag), known)
        for name, declarations in self.names.typedefs.items():
            if self.wanted(name) and not _own(declarations[0].tokens[0].file):
                self._need(Named(name), known)
                failed = self._parsed.get(declarations[0])
                if name not in self.declared.typedefs and isinstance(failed, SourceError):
                    self._problem(name, str(failed))
        self._drop_circles()
        self._drop_broken()

    def _drop_circles(self) -> None:
        """Drop the typedefs that lead back to themselves, and those that lead there."""
        typedefs = self.declared.typedefs
        good: set[str] = set()
        circles: set[str] = set()
        for start in typedefs:
            way: set[str] = set()
            name = start
            while name in typedefs and not (name in good or name in circles or name in way):
                way.add(name)
                ctype = typedefs[name].type
                name = ctype.name if isinstance(ctype, Named) else ""
            (circles if name in circles or name in way else good).update(way)
        for name in [name for name in typedefs if name in circles]:
            del typedefs[name]
            where = self.source.where.get(name, str(self.job.path))
            error = SourceError(f"{where}: {name}: a typedef that leads back to itself")
            self._parsed.update(dict.fromkeys(self.names.typedefs.get(name, ()), error))
            if self.wanted(name):
                self._problem(name, str(error))

    def _drop_broken(self) -> None:
        """Drop the structs that cannot be laid out."""
        typedefs, aggregates = self.declared.typedefs, self.declared.aggregates
        broken: dict[str, str] = {}
        unnamed = {
            name: typedef.type
            for name, typedef in typedefs.items()
            if isinstance(typedef.type, Aggregate) and typedef.type.tag is None
        }
        for tag, aggregate in (unnamed | aggregates).items():
            try:
                self.engine.struct(tag, aggregate)
            except XengntError as error:
                broken[tag] = self._reason(tag, error)
        for tag, reason in broken.items():
            del (aggregates if tag in aggregates else typedefs)[tag]
            if self.wanted(tag):
                self._problem(tag, reason)
        for name in typedefs:
            named = self.engine.resolve(Named(name))
            tag = (isinstance(named, Tagged | Aggregate) and named.tag) or ""
            if tag in broken and self.wanted(name) and not self.wanted(tag):
                self._problem(name, broken[tag])

    def _reason(self, tag: str, error: XengntError) -> str:
        """Say why a struct cannot be laid out: if for another one, why that cannot be read."""
        where = self.source.where.get(tag, str(self.job.path))
        needed = [self.names.aggregates.get(error.struct or str(error.got))]
        needed += self.names.typedefs.get(str(error.got), ())
        for declaration in needed:
            failed = self._parsed.get(declaration) if declaration else None
            if isinstance(failed, SourceError):
                return f"{where}: {error}: {failed}"
        return f"{where}: {error}"

    def _parse(self, declaration: Declaration) -> Parsed:
        """Parse a declaration once, and take in what it declares.

        Raises:
            SourceError: it cannot be parsed.
        """
        found = self._parsed.get(declaration)
        if found is None:
            itself = SourceError(f"{declaration.where}: a declaration that needs itself")
            self._parsed[declaration] = itself
            try:
                found = self.parser.parse(declaration)
                self._take(declaration, found)
            except SourceError as error:
                found = error
            self._parsed[declaration] = found
        if isinstance(found, SourceError):
            raise found
        return found

    def _try(self, declaration: Declaration) -> None:
        with suppress(SourceError):
            self._parse(declaration)

    def _take(self, declaration: Declaration, parsed: Parsed) -> None:
        self._enumerators.update(parsed.enumerators)
        self._enums.update(parsed.enums)
        self.declared.typedefs.update(parsed.typedefs)
        self.declared.aggregates.update(parsed.aggregates)
        self.source.where.update(dict.fromkeys(parsed.typedefs, declaration.where))
        self.source.where.update(parsed.where)

    def _need(self, ctype: CType, known: set[str] | None = None) -> None:
        """Parse the declarations that a type refers to, as far as they are there.

        Args:
            ctype: the type.
            known: those whose own needs are met, by name; grows.
        """
        known = set() if known is None else known
        todo = [ctype]
        while todo:
            match todo.pop():
                case Named(name) if name not in known:
                    known.add(name)
                    self._typedef(name)
                    if name in self.declared.typedefs:
                        todo.append(self.declared.typedefs[name].type)
                    if name in self._handles:
                        todo.append(self._target(self._handles[name].to))
                case Tagged(_, tag) if f"struct {tag}" not in known:
                    known.add(f"struct {tag}")
                    if tag in self.names.aggregates:
                        self._try(self.names.aggregates[tag])
                    if tag in self.declared.aggregates:
                        todo.append(self.declared.aggregates[tag])
                case Pointer(Named() | Pointer() as to):
                    todo.append(to)
                case Array(of, _):
                    todo.append(of)
                case Aggregate(_, _, members):
                    todo += [member.type for member in reversed(members)]

    def _typedef(self, name: str) -> None:
        """Make a typedef known, if there is one."""
        for declaration in self.names.typedefs.get(name, ()):
            if name in self.declared.typedefs:
                break
            self._try(declaration)
        if not (name in self.declared.typedefs or name in self.names.typedefs):
            found = None if name in STANDARD_TYPES else self._unnamed(name)
            if found is not None:
                self.declared.typedefs[name] = found

    def _unnamed(self, name: str) -> Typedef | None:
        """Return what a name stands for that no typedef declares, if it is clear."""
        if name in self._handles:
            made = self._handles[name]
            word = made.macro.text
            self.assume(word, made.macro.where, f"a guest handle of {self.target}")
            return handle(self.target, word, self._target(made.to))
        tagged = self._tagged(name)  # as in C++
        if tagged is not None:
            return Typedef(tagged)
        if name in INTEGERS:
            meaning = spell(INTEGERS[name].type) + (" aligned to 8" if INTEGERS[name].align else "")
            self.assume(name, self._first(name), meaning)
            return INTEGERS[name]
        if name in XEN_TYPES:
            found = xen_type(name, self.target)
            self.assume(name, self._first(name), f"the ABI's own, {spell(found.type)}")
            return found
        return None

    def _target(self, words: tuple[str, ...]) -> CType:
        """Return the type that words name."""
        *kind, name = [word for word in words if word not in ("const", "volatile")] or ["void"]
        if kind in (["struct"], ["union"]):
            return Tagged(kind[0], name)
        if not kind and not self.is_type(name):
            return self._tagged(name) or specified([name])
        return specified([*kind, name])

    def _tagged(self, tag: str) -> CType | None:
        """Return the type that has a tag, None if there is none that can be read."""
        if tag in self.names.aggregates:
            self._try(self.names.aggregates[tag])
            found = self.declared.aggregates.get(tag)
            return Tagged(found.kind, tag) if found else None
        return self.enum(tag)

    def _first(self, name: str) -> str:
        """Return the place where a name is first used in what was parsed, "" for none."""
        for made in self._handles.values():
            if name in made.to:
                return made.macro.where
        tokens = (token for declaration in self._parsed for token in declaration.tokens)
        return next((token.where for token in tokens if token.text == name), "")

    # What the parser asks for.

    @property
    def target(self) -> Target:
        """The ABI."""
        return self.job.target

    def is_type(self, word: str) -> bool:
        """Tell whether a name is that of a typedef."""
        if word in STANDARD_TYPES or word in self.names.typedefs or word in self._handles:
            return True
        return (word in INTEGERS or word in XEN_TYPES) and word not in self.names.enumerators

    def is_tag(self, word: str) -> bool:
        """Tell whether a name is the tag of a struct or enum."""
        return word in self.names.aggregates or word in self.names.enums

    def assume(self, name: str, where: str, meaning: str) -> None:
        """Note that a name which nothing defines is taken to mean something."""
        self._assume(name, f"{where or self._at}: {name} is not defined, and is taken as {meaning}")

    def enumerator(self, name: str) -> Value | None:
        """Return the value of an enumerator or variable, None if there is none of that name."""
        if name in self.names.variables:
            with suppress(InvalidValue):
                return self._evaluate(self.names.variables[name])
        if name not in self._enumerators and name in self.names.enumerators:
            self._try(self.names.enumerators[name][1])
        return self._enumerators.get(name)

    def _evaluate(self, variable: Variable) -> Value:
        """Return the value of a constant that is a variable, in its type."""
        name = variable.name
        found = self._variables.get(name.text)
        if found is None:
            self._variables[name.text] = InvalidValue(f"{name.text} needs itself")
            before, after = (name._replace(text=text) for text in ("(", ")"))
            cast = [before, *variable.type, after] if variable.type else []
            try:
                found = self.parser.value([*cast, before, *variable.value, after])
            except InvalidValue as error:
                found = error
            self._variables[name.text] = found
        if isinstance(found, InvalidValue):
            raise found
        return found

    def enum(self, tag: str) -> CType | None:
        """Return the type that an enum is, None if it is not defined."""
        if tag not in self._enums and tag in self.names.enums:
            self._try(self.names.enums[tag])
        return self._enums.get(tag)

    def shape(self, ctype: CType) -> Shape:
        """Return how a type lies in memory, or raise."""
        self._need(ctype)
        return self.engine.shape(ctype)

    def rank_of(self, ctype: CType) -> int:
        """Return the rank of a type of integers."""
        ctype = self.engine.resolve(ctype)
        if isinstance(ctype, Arithmetic):
            return ctype.name.count("long")
        size = self.engine.shape(ctype).size  # of one of <stdint.h>
        if size <= INT.size:
            return 0
        return 1 if self.target.word == size else 2

    def offset(self, ctype: CType, member: str) -> int:
        """Return where a member of a struct begins, or raise."""
        aggregate = self.shape(ctype).aggregate
        if aggregate is None:
            raise InvalidValue("offsetof of something that is not a struct")
        return self.engine.struct("", aggregate).field(member).offset

    def notes(self, about: Declarator | Body, declaration: Declaration) -> Notes:
        """Return what the markup says of a declarator or a struct."""
        return self.annotations.notes(about, declaration)


_UNKNOWN = re.compile("unknown (type|word)|is not defined|nothing here defines|is not a constant")


def _own(file: str) -> bool:
    """Tell whether a file is one of those that stand in for standard headers."""
    return file.startswith(f"{OWN_INCLUDE}/")
