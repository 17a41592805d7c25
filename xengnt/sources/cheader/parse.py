# SPDX-License-Identifier: MIT
"""Turn one declaration of C into values, by way of pycparser.

Imports ``xengnt.errors``, ``xengnt.abi``, pycparser and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
from xengnt.errors import InvalidValue, SourceError, XengntError
from xengnt.sources.cheader.cut import ATTRIBUTES, OUR_TAG, Body, Declaration, Declarator, lift
from xengnt.sources.cheader.evaluate import Evaluator, Value
from xengnt.sources.cheader.tokens import Token

MAX_COUNT = 1 << 32
"""Arrays of more elements than this are refused."""

MAX_ALIGN = 1 << 28
"""What ``aligned`` may ask for at the most; the limit of compilers."""

_LAYOUT_ATTRIBUTES = {"mode", "vector_size", "ms_struct", "gcc_struct", "scalar_storage_order"}
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
_WORDS = {word for names in _SPECIFIERS for word in names.split()}


@dataclass(slots=True)
class Parsed:
    """What one declaration declares.

    Attributes:
        typedefs: by name.
        aggregates: by tag, nested ones included.
        enumerators: by name.
        bodies: where each aggregate stands, by its identity.
    """

    typedefs: dict[str, Typedef] = field(default_factory=dict)
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    enumerators: dict[str, Value] = field(default_factory=dict)
    bodies: dict[int, Body] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notes:
    """What the markup says of a declarator or struct."""

    direction: str | None = None
    enum: str | None = None
    select: tuple[tuple[str, str], ...] = ()
    doc: str = ""


class Parser:
    """Parses declarations, one at a time.

    Args:
        evaluate: makes the evaluator of constant expressions, given what resolves
            a type's tree to a type.
        is_type: tells whether a name is that of a typedef.
        notes: gives what the markup says of a declarator or a struct.
    """

    def __init__(
        self,
        evaluate: Callable[[Parser], Evaluator],
        is_type: Callable[[str], bool],
        notes: Callable[[Declarator | Body, Declaration], Notes],
    ) -> None:
        self._is_type = is_type
        self._notes = notes
        self._evaluate = evaluate(self)

    def parse(self, declaration: Declaration) -> Parsed:
        """Return what a declaration declares.

        Raises:
            SourceError: it cannot be understood, with file and line.
        """
        try:
            lift(declaration)
            return Reading(self, declaration).run()
        except SourceError:
            raise
        except XengntError as error:
            raise SourceError(f"{declaration.where}: {error}") from None
        except RecursionError:
            raise SourceError(f"{declaration.where}: nested too deeply") from None

    def expression(self, tokens: Sequence[Token]) -> c_ast.Node:
        """Return the tree of an expression.

        Raises:
            InvalidValue: it is not one.
        """
        text = " ".join(token.text for token in tokens)
        words = {token.text for token in tokens if token.word}
        types = "".join(f"typedef int {w};\n" for w in sorted(words) if self._is_type(w))
        try:
            tree = c_parser.CParser().parse(f"{types}int _ = (\n{text}\n);")
        except (c_parser.ParseError, AssertionError, ValueError):
            tree = None
        except RecursionError:
            raise InvalidValue("an expression nested too deeply") from None
        last = tree.ext[-1] if tree and tree.ext else None
        if not isinstance(last, c_ast.Decl) or last.init is None:
            raise InvalidValue(f"{_shorten(text)} is not an expression", got=text)
        return last.init

    def value(self, tokens: Sequence[Token]) -> Value:
        """Return the value of a constant expression.

        Raises:
            InvalidValue: it is not one.
        """
        try:
            return self._evaluate(self.expression(tokens))
        except RecursionError:
            raise InvalidValue("an expression nested too deeply") from None

    def tree(self, declaration: Declaration) -> list[c_ast.Node]:
        """Return the trees of all that a declaration declares."""
        tokens = declaration.clean
        declared = declared_names(tokens)
        words = {token.text for token in tokens if token.word} - declared
        words = {word for word in words if self._is_type(word)}
        types = "".join(f"typedef int {word};\n" for word in sorted(words))
        text = " ".join(token.text for token in tokens)
        try:
            tree = c_parser.CParser().parse(types + text)
        except (c_parser.ParseError, AssertionError, ValueError):
            original = _shorten(" ".join(token.text for token in declaration.tokens))
            raise SourceError(
                f"{declaration.where}: cannot be parsed: {original}{self._suspect(tokens)}"
            ) from None
        return list(tree.ext[len(words) :])

    def _suspect(self, tokens: Sequence[Token]) -> str:
        """Name the likely culprit: two names in a row of which the first is no type."""
        for first, second in zip(tokens, tokens[1:], strict=False):
            if not (first.word and (second.word or second.text == "*")):
                continue
            if not (self._is_type(first.text) or _keyword(first.text)):
                return f" (unknown type {first.text!r} at {first.file}:{first.line})"
        return ""


def declared_names(tokens: Sequence[Token]) -> set[str]:
    """Return the names that a typedef declares, which are no types yet inside it.

    Where attributes are not lifted out yet, what stands before one may be a type.
    """
    if not tokens or tokens[0].text != "typedef":
        return set()
    found = set()
    braces = depth = 0
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        braces += (token.text == "{") - (token.text == "}")
        depth += (token.text in "([") - (token.text in ")]")
        ends = depth == 0 and (after.text in (";", ",", "[") or after.text in ATTRIBUTES)
        if token.word and braces == 0 and (ends or before.text == "*"):
            found.add(token.text)
    return found


_KEYWORDS = _WORDS | {
    *("struct", "union", "enum", "typedef", "const", "volatile", "static", "extern", "inline"),
    *("register", "restrict", "signed", "_Atomic", "sizeof"),
}


def _keyword(word: str) -> bool:
    return word in _KEYWORDS or word.startswith(OUR_TAG)


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 -- fits one line


class Reading:
    """The trees of one declaration, on their way to becoming values."""

    def __init__(self, parser: Parser, declaration: Declaration) -> None:
        self.parser = parser
        self.declaration = declaration
        self.parsed = Parsed()
        self._made: dict[int, Aggregate] = {}

    def run(self) -> Parsed:
        declarators = self.declaration.declarators
        for index, node in enumerate(self.parser.tree(self.declaration)):
            if isinstance(node, c_ast.Typedef):
                declarator = declarators[index] if index < len(declarators) else None
                self._typedef(node, declarator)
            elif isinstance(node, c_ast.Decl):
                self._declared(node.type)
        return self.parsed

    def _typedef(self, node: c_ast.Typedef, declarator: Declarator | None) -> None:
        notes = Notes()
        align = None
        if declarator:
            align = self._attributes(declarator.attributes)[1]
            notes = self.parser._notes(declarator, self.declaration)
        ctype = self.ctype(node.type)
        self.parsed.typedefs[node.name] = Typedef(ctype, align, notes.enum, notes.doc)

    def _declared(self, node: c_ast.Node) -> None:
        """Take the structs and enumerators that the type of a declaration brings along."""
        while isinstance(node, c_ast.TypeDecl | c_ast.PtrDecl | c_ast.ArrayDecl | c_ast.FuncDecl):
            node = node.type
        if isinstance(node, c_ast.Struct | c_ast.Union | c_ast.Enum):
            self.ctype(node)

    def ctype(self, node: c_ast.Node) -> CType:
        """Return the type that a tree stands for."""
        if isinstance(node, c_ast.TypeDecl | c_ast.Typename):
            return self.ctype(node.type)
        if isinstance(node, c_ast.PtrDecl):
            inner = node.type
            return Pointer(None if isinstance(inner, c_ast.FuncDecl) else self.ctype(inner))
        if isinstance(node, c_ast.ArrayDecl):
            count = self._count(node.dim) if node.dim is not None else 0
            return Array(self.ctype(node.type), count)
        if isinstance(node, c_ast.IdentifierType):
            return _named(node.names)
        if isinstance(node, c_ast.Struct | c_ast.Union):
            return self._aggregate(node)
        if isinstance(node, c_ast.Enum):
            return self._enum(node)
        if isinstance(node, c_ast.FuncDecl):
            raise InvalidValue("a function where an object should be")
        raise InvalidValue(f"{type(node).__name__} is not understood")

    def _count(self, node: c_ast.Node) -> int:
        count = self.parser._evaluate(node).value
        if not 0 <= count <= MAX_COUNT:
            raise InvalidValue(f"an array of {count} elements", got=count)
        return count

    def _aggregate(self, node: c_ast.Struct | c_ast.Union) -> CType:
        kind = "struct" if isinstance(node, c_ast.Struct) else "union"
        name = node.name or ""
        if not name.startswith(OUR_TAG):
            return Tagged(kind, name)
        number = int(name.removeprefix(OUR_TAG))
        if number in self._made:
            return self._made[number]
        body = self.declaration.bodies[number]
        packed, align = self._attributes(body.attributes)
        notes = self.parser._notes(body, self.declaration)
        aggregate = Aggregate(
            kind,
            body.tag,
            tuple(self._members(node, body)),
            packed=packed,
            align=align,
            pack=body.keyword.pack or None,
            select=dict(notes.select).get(""),
            doc=notes.doc,
        )
        self._made[number] = aggregate
        self.parsed.bodies[id(aggregate)] = body
        if body.tag:
            self.parsed.aggregates[body.tag] = aggregate
        return aggregate

    def _members(self, node: c_ast.Struct | c_ast.Union, body: Body) -> list[Member]:
        found = []
        for child in node.decls or ():
            if not isinstance(child, c_ast.Decl):
                continue
            ctype = self.ctype(child.type)
            anonymous = child.name is None and child.bitsize is None
            if anonymous and (not isinstance(ctype, Aggregate) or ctype.tag is not None):
                continue  # declares a type, and no member
            declarator = body.declarators[len(found)]
            packed, align = self._attributes(declarator.attributes)
            notes = self.parser._notes(declarator, self.declaration)
            bits = None
            if child.bitsize is not None:
                bits = self.parser._evaluate(child.bitsize).value
                if not 0 <= bits <= 64:  # noqa: PLR2004 -- of the widest integer
                    raise InvalidValue(f"a bit-field of {bits} bits", got=bits)
            found.append(
                Member(
                    child.name,
                    ctype,
                    align=max(align or 0, self._alignas(child)) or None,
                    packed=packed,
                    bits=bits,
                    direction=notes.direction,
                    enum=notes.enum,
                    select=notes.select,
                    doc=notes.doc,
                )
            )
        if len(found) != len(body.declarators):
            raise InvalidValue("members cannot be told apart")
        return found

    def _alignas(self, node: c_ast.Decl) -> int:
        return 0  # lifted with the attributes

    def _enum(self, node: c_ast.Enum) -> CType:
        values = []
        following = 0
        for one in node.values.enumerators if node.values else ():
            value = self.parser._evaluate(one.value).value if one.value else following
            following = value + 1
            values.append(value)
            narrow = -(1 << 31) <= value < 1 << 31
            self.parsed.enumerators[one.name] = Value(value, 4 if narrow else 8, True)
        if any(not -(1 << 31) <= v < 1 << 32 for v in values):
            return Arithmetic("long long" if min(values) < 0 else "unsigned long long")
        return Arithmetic("int" if values and min(values) < 0 else "unsigned int")

    def _attributes(self, attributes: list[list[Token]]) -> tuple[bool, int | None]:
        """Return whether attributes say ``packed``, and the largest that ``aligned`` asks for."""
        packed, align = False, 0
        for tokens in attributes:
            bare = tokens[0].text in ("_Alignas", "alignas")
            inner = tokens[2:-1] if bare or tokens[0].text == "__declspec" else tokens[3:-2]
            for name, arguments in [("aligned", inner)] if bare else _items(inner):
                if name == "packed":
                    packed = True
                elif name in ("aligned", "align"):
                    align = max(align, self._alignment(arguments))
                elif name in _LAYOUT_ATTRIBUTES:
                    raise InvalidValue(f"the attribute {name!r} is not understood", got=name)
        return packed, align or None

    def _alignment(self, tokens: list[Token]) -> int:
        if not tokens:
            return 16
        value = self.parser.value(tokens).value
        if value <= 0 or value & (value - 1) or value > MAX_ALIGN:
            raise InvalidValue(f"an alignment of {value}", got=value)
        return value


def _items(tokens: list[Token]) -> list[tuple[str, list[Token]]]:
    """Cut the list in an attribute into names, less their underscores, and arguments."""
    found: list[tuple[str, list[Token]]] = []
    depth = 0
    name: str | None = None
    arguments: list[Token] = []
    for token in tokens:
        if token.text == "," and depth == 0:
            if name:
                found.append((name, arguments))
            name, arguments = None, []
            continue
        if token.text == ")":
            depth -= 1
        if depth:
            arguments.append(token)
        elif name is None and token.word:
            name = token.text.strip("_")
        if token.text == "(":
            depth += 1
    if name:
        found.append((name, arguments))
    return found


def _named(names: list[str]) -> CType:
    if len(names) == 1 and names[0] not in _WORDS | {"signed"}:
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
