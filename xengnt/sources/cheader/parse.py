# SPDX-License-Identifier: MIT
"""Turn one declaration of C into values, by way of pycparser.

Imports ``xengnt.errors``, ``xengnt.abi``, pycparser and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from pycparser import c_ast, c_parser

from xengnt.abi.declarations import (
    Aggregate,
    Arithmetic,
    Array,
    CType,
    Member,
    Named,
    Pointer,
    Tagged,
    Typedef,
)
from xengnt.abi.layout import MAX_ALIGN, MAX_FIELDS, Shape
from xengnt.abi.targets import Target
from xengnt.errors import InvalidValue, SourceError, UnknownName, XengntError
from xengnt.sources.cheader.cut import TAGGED, Declaration, typedef_names
from xengnt.sources.cheader.defaults import PACKED
from xengnt.sources.cheader.evaluate import INT, Evaluator, IntegerType, Value, integer_type
from xengnt.sources.cheader.lift import (
    OUR_TAG,
    Attribute,
    Body,
    Declarator,
    Lifted,
    lift,
    respell,
)
from xengnt.sources.cheader.tokens import UNCLEAR, Token

MAX_COUNT = 1 << 32
"""Arrays of more elements than this are refused."""

_BIGGEST_ALIGN = {"arm32": 8}
"""What ``aligned`` means that does not say how much, where it is not 16."""

_LAYOUT_ATTRIBUTES = {
    *("mode", "vector_size", "ms_struct", "gcc_struct", "scalar_storage_order"),
    *("randomize_layout", "warn_if_not_aligned"),
}
_SPECIFIERS = {
    "char": "char",
    "char signed": "signed char",
    "char unsigned": "unsigned char",
    "short": "short",
    "short unsigned": "unsigned short",
    "int": "int",
    "unsigned": "unsigned int",
    "long": "long",
    "long unsigned": "unsigned long",
    "long long": "long long",
    "long long unsigned": "unsigned long long",
    "_Bool": "_Bool",
    "void": "void",
    "float": "float",
    "double": "double",
    "double long": "long double",
}
_BASIC = {word for names in _SPECIFIERS for word in names.split()} | {"signed"}
_TYPE_WORDS = _BASIC | {"struct", "union", "enum", "const", "volatile", "_Atomic"}
_KEYWORDS = _TYPE_WORDS | {
    *("typedef", "static", "extern", "inline", "register", "restrict", "sizeof"),
}


@dataclass(frozen=True, slots=True)
class Notes:
    """What the markup says of a declarator or struct."""

    direction: str | None = None
    enum: str | None = None
    count: str | None = None
    select: tuple[tuple[str, str], ...] = ()
    doc: str = ""


class Known(Protocol):
    """What a declaration has to know of the rest of the header."""

    @property
    def target(self) -> Target:
        """The ABI."""

    def is_type(self, word: str) -> bool:
        """Tell whether a name is that of a typedef."""

    def enumerator(self, name: str) -> Value | None:
        """Return the value of an enumerator, None if there is none of that name."""

    def enum(self, tag: str) -> CType | None:
        """Return the type that an enum is, None if it is not defined."""

    def is_tag(self, word: str) -> bool:
        """Tell whether a name is the tag of a struct or enum."""

    def shape(self, ctype: CType) -> Shape:
        """Return how a type lies in memory, or raise."""

    def rank_of(self, ctype: CType) -> int:
        """Return the rank of a type of integers."""

    def offset(self, ctype: CType, member: str) -> int:
        """Return where a member of a struct begins, or raise."""

    def notes(self, about: Declarator | Body, declaration: Declaration) -> Notes:
        """Return what the markup says of a declarator or a struct."""

    def assume(self, name: str, where: str, meaning: str) -> None:
        """Note that a name which nothing defines is taken to mean something."""


@dataclass(slots=True)
class Parsed:
    """What one declaration declares.

    Attributes:
        typedefs: by name.
        aggregates: structs and unions by tag, nested ones included.
        enums: the type that each is, by tag.
        enumerators: by name.
        where: the file and line of each struct and member, by C path.
    """

    typedefs: dict[str, Typedef] = field(default_factory=dict)
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    enums: dict[str, CType] = field(default_factory=dict)
    enumerators: dict[str, Value] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)


class Parser:
    """Parses declarations and expressions, one at a time."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self._parser = c_parser.CParser()

    def parse(self, declaration: Declaration) -> Parsed:
        """Return what a declaration declares.

        Raises:
            SourceError: it cannot be understood, with file and line.
        """
        try:
            lifted = lift(declaration)
            trees = self._trees(declaration, lifted)
            for macro in lifted.assumed:
                what = "packed" if macro.text in PACKED else "aligned"
                self.known.assume(macro.text, macro.where, f"the attribute {what!r}")
            return _Reading(self, declaration, lifted).run(trees)
        except SourceError:
            raise
        except XengntError as error:
            raise SourceError(f"{declaration.where}: {error}") from None
        except RecursionError:
            raise SourceError(f"{declaration.where}: nested too deeply") from None

    def value(self, tokens: Sequence[Token]) -> Value:
        """Return the value of a constant expression.

        Raises:
            InvalidValue: it is not one.
        """
        return _Reading(self, Declaration([]), Lifted()).value(tokens)

    def expression(self, tokens: Sequence[Token]) -> c_ast.Node:
        """Return the tree of an expression.

        Raises:
            InvalidValue: it is not one.
        """
        simple = _literal([token.text for token in tokens])
        if simple is not None:
            return simple
        types = "".join(f"typedef int {word};\n" for word in self._types(tokens))
        text = " ".join(token.text for token in respell(tokens))
        tree = self._parse(f"{types}int _ = (\n{text}\n);")
        last = tree.ext[-1] if tree and tree.ext else None
        if not isinstance(last, c_ast.Decl) or last.init is None:
            raise InvalidValue(f"{_shorten(text)} is not an expression", got=text)
        return last.init

    def _types(self, tokens: Sequence[Token]) -> list[str]:
        """Return the names of types among tokens, in some fixed order."""
        words = {token.text for token in tokens if token.word}
        return sorted(word for word in words if self.known.is_type(word))

    def _parse(self, text: str) -> c_ast.FileAST | None:
        """Return the tree of a text, None if it is not C."""
        try:
            return self._parser.parse(text)
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 -- it raises anything, given what is not quite C
            return None

    def _trees(self, declaration: Declaration, lifted: Lifted) -> list[c_ast.Node]:
        """Return the trees of all that a declaration declares."""
        declarators = [lifted.declarators, *(body.declarators for body in lifted.bodies)]
        if sum(map(len, declarators)) > MAX_FIELDS:
            raise SourceError(f"{declaration.where}: more than {MAX_FIELDS} members")
        declared = typedef_names(declaration.tokens)
        types = [word for word in self._types(lifted.clean) if word not in declared]
        words = {token.text for token in lifted.clean if token.word}
        tags = sorted(word for word in words if self.known.is_tag(word) and word not in declared)
        for names in (types, sorted({*types, *tags})):  # C++ has a type of the name of each tag
            prelude = "".join(f"typedef int {word};\n" for word in names)
            tree = self._parse(prelude + " ".join(token.text for token in lifted.clean))
            if tree is not None:
                return list(tree.ext[len(names) :])
        text = " ".join(token.text for token in declaration.tokens)
        suspect = self._suspect(lifted.clean)
        if suspect is None:
            raise SourceError(f"{declaration.where}: cannot be parsed: {_shorten(text)}")
        what, word = suspect
        name = declared[0] if declared else _shorten(text.partition("{")[0].strip())
        at = "" if word.where == declaration.where else f" at {Path(word.file).name}:{word.line}"
        raise SourceError(f"{declaration.where}: {name} cannot be parsed: {what} {word.text!r}{at}")

    def _suspect(self, tokens: Sequence[Token]) -> tuple[str, Token] | None:
        """Return the likely culprit, and what it is: it means nothing beside another name."""
        typed = False  # whether a type stands before it
        tag = False  # whether it is one
        for first, second in pairwise(tokens):
            if tag:
                tag, typed = False, True
                continue
            tag = first.text in TAGGED and second.word
            known = self.known.is_type(first.text) or first.text in _KEYWORDS
            if first.word and not known and not first.text.startswith(OUR_TAG):
                if typed and second.word:
                    macro = second if second.text.isupper() or second.text[0] == "_" else first
                    return "unknown word", macro
                if not typed and (second.word or second.text == "*"):
                    return "unknown type", first
            means = self.known.is_type(first.text) or first.text in _BASIC
            typed = first.word and (means or typed)
        return None


class _Reading:
    """The trees of one declaration, on their way to becoming values."""

    def __init__(self, parser: Parser, declaration: Declaration, lifted: Lifted) -> None:
        self.parser = parser
        self.known = parser.known
        self.declaration = declaration
        self.lifted = lifted
        self.parsed = Parsed()
        self._evaluate = Evaluator(self.known.target, self)
        self._made: dict[int, CType] = {}  # by the number in a tag of ours
        self._bodies: dict[int, list[Declarator]] = {}  # of the members, by aggregate

    def run(self, trees: Sequence[c_ast.Node]) -> Parsed:
        """Return what the trees of the declaration declare."""
        declarators = self.lifted.declarators
        for node, declarator in zip(trees, declarators, strict=False):
            if isinstance(node, c_ast.Typedef):
                self._typedef(node, declarator)
            elif isinstance(node, c_ast.Decl):
                self._declared(node.type)
        for tag, aggregate in self.parsed.aggregates.items():
            self._locate(tag, aggregate)
        return self.parsed

    def value(self, tokens: Sequence[Token]) -> Value:
        """Return the value of a constant expression.

        Raises:
            InvalidValue: it is not one.
        """
        try:
            return self._evaluate(self.parser.expression(tokens))
        except (UnknownName, SourceError) as error:
            raise InvalidValue(str(error)) from None
        except RecursionError:
            raise InvalidValue("an expression nested too deeply") from None

    # What the evaluator asks for.

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator."""
        found = self.parsed.enumerators.get(name) or self.known.enumerator(name)
        if found is None:
            raise InvalidValue(f"{name} is not a constant", got=name)
        return found

    def integer_type(self, node: c_ast.Node) -> IntegerType:
        """Return the type of integers that a type's tree stands for."""
        ctype = self.ctype(node)
        shape = self.known.shape(ctype)
        if shape.kind != "int" or shape.count is not None or shape.signed is None:
            raise InvalidValue("a cast to something that is not an integer type")
        return IntegerType(shape.size, shape.signed, self.known.rank_of(ctype), shape.boolean)

    def size(self, node: c_ast.Node) -> int:
        """Return the size of the type that a tree stands for."""
        return self.known.shape(self.ctype(node)).size

    def align(self, node: c_ast.Node) -> int:
        """Return the alignment of the type that a tree stands for."""
        shape = self.known.shape(self.ctype(node))
        if shape.size > shape.align == self.known.target.align8 and shape.aggregate is None:
            raise InvalidValue("an alignment that compilers do not agree on")
        return shape.align

    def assume(self, name: str, meaning: str) -> None:
        """Note that a macro which nothing defines is taken to mean something."""
        where = self.declaration.where if self.declaration.tokens else ""
        self.known.assume(name, where, meaning)

    def offset(self, node: c_ast.Node, member: str) -> int:
        """Return where a member of the struct that a tree stands for begins."""
        return self.known.offset(self.ctype(node), member)

    # Declarations.

    def _typedef(self, node: c_ast.Typedef, declarator: Declarator) -> None:
        if isinstance(node.type, c_ast.FuncDecl):
            return
        align = self._attributes(declarator.attributes)[1]
        notes = self.known.notes(declarator, self.declaration)
        ctype = self.ctype(node.type)
        if isinstance(ctype, Aggregate) and ctype.tag is None:
            self._locate(node.name, ctype)
        self.parsed.typedefs[node.name] = Typedef(ctype, align or None, notes.enum, notes.doc)

    def _declared(self, node: c_ast.Node) -> None:
        """Take the structs and enumerators that the type of a declaration brings along."""
        while isinstance(node, c_ast.TypeDecl | c_ast.PtrDecl | c_ast.ArrayDecl | c_ast.FuncDecl):
            node = node.type
        if isinstance(node, c_ast.Struct | c_ast.Union | c_ast.Enum):
            self.ctype(node)

    def _locate(self, path: str, aggregate: Aggregate) -> None:
        """Note where the members of a struct stand, those declared in place included."""
        for member, declarator in zip(aggregate.members, self._bodies[id(aggregate)], strict=True):
            name = f"{path}.{member.name}" if member.name else path
            self.parsed.where.setdefault(name, declarator.end.where)
            inner = member.type
            while isinstance(inner, Array):
                inner = inner.of
            if isinstance(inner, Aggregate):
                self._locate(name, inner)

    # Types.

    def ctype(self, node: c_ast.Node) -> CType:
        """Return the type that a tree stands for."""
        if isinstance(node, c_ast.TypeDecl | c_ast.Typename):
            ctype = self.ctype(node.type)
            if "_Atomic" in node.quals:
                self._check_atomic(ctype)
            return ctype
        if isinstance(node, c_ast.PtrDecl):
            inner = node.type
            return Pointer(None if isinstance(inner, c_ast.FuncDecl) else self.ctype(inner))
        if isinstance(node, c_ast.ArrayDecl):
            count = self._evaluate(node.dim).value if node.dim is not None else 0
            if not 0 <= count <= MAX_COUNT:
                raise InvalidValue(f"an array of {count} elements", got=count)
            return Array(self.ctype(node.type), count)
        if isinstance(node, c_ast.IdentifierType):
            return specified(node.names)
        if isinstance(node, c_ast.Struct | c_ast.Union | c_ast.Enum):
            return self._tagged(node)
        if isinstance(node, c_ast.FuncDecl):
            raise InvalidValue("a function where an object should be")
        raise InvalidValue(f"{type(node).__name__} is not understood")

    def _check_atomic(self, ctype: CType) -> None:
        """Raise unless ``_Atomic`` changes nothing about how a type lies in memory."""
        shape = self.known.shape(ctype)
        if shape.aggregate or shape.count is not None or shape.size != shape.align:
            raise InvalidValue("_Atomic of a type that compilers do not agree on")

    def _tagged(self, node: c_ast.Struct | c_ast.Union | c_ast.Enum) -> CType:
        kind = type(node).__name__.lower()
        name = node.name or ""
        if not name:
            raise InvalidValue(f"{kind} declared where it is not understood")
        if not name.startswith(OUR_TAG):
            if kind == "enum":
                found = self.parsed.enums.get(name) or self.known.enum(name)
                return found or Tagged(kind, name)
            return Tagged(kind, name)
        number = int(name.removeprefix(OUR_TAG))
        if number not in self._made:
            body = self.lifted.bodies[number]
            self._made[number] = (
                self._enum(node, body) if kind == "enum" else self._aggregate(node, body)
            )
        return self._made[number]

    def _aggregate(self, node: c_ast.Struct | c_ast.Union, body: Body) -> Aggregate:
        packed, align = self._attributes(body.attributes)
        notes = self.known.notes(body, self.declaration)
        members = self._members(node, body)
        aggregate = Aggregate(
            body.keyword.text,
            body.tag,
            tuple(member for member, _ in members),
            packed=packed,
            align=align or None,
            pack=self._pack(body.keyword),
            select=dict(notes.select).get(""),
            doc=notes.doc,
        )
        self._bodies[id(aggregate)] = [declarator for _, declarator in members]
        if body.tag:
            self.parsed.aggregates[body.tag] = aggregate
            self.parsed.where[body.tag] = body.keyword.where
        return aggregate

    def _pack(self, keyword: Token) -> int | None:
        """Return the limit that ``#pragma pack`` sets for a struct."""
        if keyword.pack == UNCLEAR:
            raise InvalidValue(
                "a macro in the #pragma pack above it, on which compilers do not agree"
            )
        return keyword.pack or None

    def _members(
        self, node: c_ast.Struct | c_ast.Union, body: Body
    ) -> list[tuple[Member, Declarator]]:
        children = node.decls or []
        if len(children) != len(body.declarators):
            raise InvalidValue("members cannot be told apart")
        found = []
        for child, declarator in zip(children, body.declarators, strict=True):
            ctype = self.ctype(child.type)
            unnamed = child.name is None and child.bitsize is None
            if unnamed and (not isinstance(ctype, Aggregate) or ctype.tag is not None):
                continue  # declares a type, and no member
            found.append((self._member(child, ctype, declarator), declarator))
        return found

    def _member(self, node: c_ast.Decl, ctype: CType, declarator: Declarator) -> Member:
        packed, align = self._attributes(declarator.attributes)
        notes = self.known.notes(declarator, self.declaration)
        bits = None
        if node.bitsize is not None:
            bits = self._evaluate(node.bitsize).value
            if not 0 <= bits <= 64:  # noqa: PLR2004 -- of the widest integer
                raise InvalidValue(f"a bit-field of {bits} bits", got=bits)
        return Member(
            node.name,
            ctype,
            align=align or None,
            packed=packed,
            bits=bits,
            direction=notes.direction,
            enum=notes.enum,
            count=notes.count,
            select=notes.select,
            doc=notes.doc,
        )

    def _enum(self, node: c_ast.Enum, body: Body) -> CType:
        packed, align = self._attributes(body.attributes)
        if align:
            raise InvalidValue("an enum with an alignment of its own is not understood")
        if body.base:
            return self._enum_of(body.base, node, body)
        values: dict[str, int] = {}
        value = Value(-1, INT)
        for one in node.values.enumerators if node.values else ():
            value = self._evaluate(one.value) if one.value else _following(value)
            values[one.name] = value.value
            value = Value(value.value, INT if INT.holds(value.value) else value.type)
            self.parsed.enumerators[one.name] = value
        found = self._enum_type(values.values(), packed=packed)
        whole = integer_type(self.known.target, found.name)
        for name, number in values.items():
            if not INT.holds(number):
                self.parsed.enumerators[name] = Value(number, whole)
        if body.tag:
            self.parsed.enums[body.tag] = found
            self.parsed.where[body.tag] = body.keyword.where
        return found

    def _enum_of(self, base: Sequence[Token], node: c_ast.Enum, body: Body) -> CType:
        """Take in an enum whose type is given: ``enum a : uint16_t { A };``."""
        before, after = (base[0]._replace(text=text) for text in ("(", ")"))
        cast = self.parser.expression([before, *base, after, after._replace(text="0")])
        if not isinstance(cast, c_ast.Cast):
            raise InvalidValue("an enum whose type is not understood")
        kind = self.integer_type(cast.to_type)
        value = Value(-1, kind)
        for one in node.values.enumerators if node.values else ():
            value = self._evaluate(one.value) if one.value else Value(value.value + 1, kind)
            if not kind.holds(value.value):
                raise InvalidValue(f"{one.name} does not fit the type of its enum", got=one.name)
            value = self.parsed.enumerators[one.name] = Value(value.value, kind)
        ctype = self.ctype(cast.to_type)
        if body.tag:
            self.parsed.enums[body.tag] = ctype
            self.parsed.where[body.tag] = body.keyword.where
        return ctype

    def _enum_type(self, values: Collection[int], *, packed: bool) -> Arithmetic:
        """Return the type that compilers choose for an enum of these values."""
        names = {4: "int", 8: "long" if self.known.target.word > INT.size else "long long"}
        if packed:
            names = {1: "char", 2: "short", **names}
        signed = min(values, default=0) < 0
        for size, name in names.items():
            kind = IntegerType(size, signed)
            if all(kind.holds(value) for value in values):
                prefix = "" if signed else "unsigned "
                return Arithmetic("signed char" if signed and size == 1 else f"{prefix}{name}")
        raise InvalidValue("an enum whose values fit no integer type")

    # Attributes.

    def _attributes(self, attributes: Sequence[Attribute]) -> tuple[bool, int]:
        """Return whether attributes say ``packed``, and the largest that ``aligned`` asks for.

        The latter is 0 where none does.
        """
        packed, align = False, 0
        for one in attributes:
            if one.name == "packed":
                packed = True
            elif one.name == "aligned":
                align = max(align, self._alignment(one.arguments))
            elif one.name in _LAYOUT_ATTRIBUTES:
                raise InvalidValue(f"the attribute {one.name!r} is not understood", got=one.name)
        return packed, align

    def _alignment(self, tokens: Sequence[Token]) -> int:
        if not tokens:
            return _BIGGEST_ALIGN.get(self.known.target.name, 16)
        first = tokens[0]
        if first.text in _TYPE_WORDS or self.known.is_type(first.text):  # _Alignas(type)
            before = [first._replace(text=text) for text in ("_Alignof", "(")]
            tokens = [*before, *tokens, first._replace(text=")")]
        value = self.value(tokens).value
        if value < 0 or value & (value - 1) or value > MAX_ALIGN:
            raise InvalidValue(f"an alignment of {value}", got=value)
        return value


def _literal(texts: list[str]) -> c_ast.Node | None:
    """Return the tree of a number, in brackets or not, without the help of pycparser."""
    depth = 0
    while depth < len(texts) and texts[depth] == "(":
        depth += 1
    inner = texts[depth : len(texts) - depth]
    if texts[len(texts) - depth :] != [")"] * depth or not inner or not inner[-1][0].isdigit():
        return None
    number = c_ast.Constant("int", inner[-1])
    if len(inner) == 1:
        return number
    return c_ast.UnaryOp("-", number) if inner[:-1] == ["-"] else None


def _following(value: Value) -> Value:
    """Return the value of the enumerator behind one, if nothing else is said."""
    number = value.value + 1
    for kind in (value.type, *(IntegerType(8, signed, rank=2) for signed in (True, False))):
        if kind.holds(number):
            return Value(number, kind)
    raise InvalidValue("an enum whose values fit no integer type")


def specified(names: list[str]) -> CType:
    """Return the type that its specifiers name."""
    if len(names) == 1 and names[0] not in _BASIC:
        return Named(names[0])
    words = sorted(names)
    if "int" in words and len(words) > 1:
        words.remove("int")
    if "signed" in words and "char" not in words:
        words.remove("signed")
        words = words or ["int"]
    spelled = " ".join(words)
    if spelled not in _SPECIFIERS:
        raise InvalidValue(f"type {' '.join(names)!r} is not understood", got=" ".join(names))
    return Arithmetic(_SPECIFIERS[spelled])


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 -- fits one line
