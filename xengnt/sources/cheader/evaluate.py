# SPDX-License-Identifier: MIT
"""Evaluate constant expressions of C exactly, with the type that C gives them.

``(uint32_t)~0 << 16`` is 0xffff0000 and unsigned, ``1 << 31`` is negative: what
a constant is worth depends on the types on the way. Works on pycparser's trees.

Imports ``xengnt.errors``, ``xengnt.abi`` and pycparser only.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pycparser import c_ast

from xengnt.abi.declarations import Constant
from xengnt.abi.targets import Target
from xengnt.errors import InvalidValue

_INT, _LONG, _LONG_LONG = 0, 1, 2


@dataclass(frozen=True, slots=True)
class IntegerType:
    """A type of integers of C.

    The rank tells ``long`` from ``long long`` where both have eight bytes; types
    narrower than ``int`` have the rank of ``int`` here, as they never stay narrow.
    """

    size: int
    signed: bool
    rank: int = _INT
    boolean: bool = False

    def holds(self, value: int) -> bool:
        """Tell whether a value of this type may be so large or small."""
        least = -(1 << (8 * self.size - 1)) if self.signed else 0
        return least <= value < least + (1 << 8 * self.size)

    def convert(self, value: int) -> Value:
        """Return what becomes of a value that is converted to this type."""
        if self.boolean:
            return Value(int(value != 0), self)
        value &= (1 << 8 * self.size) - 1
        return Value(value if self.holds(value) else value - (1 << 8 * self.size), self)


@dataclass(frozen=True, slots=True)
class Value:
    """An integer of C, and its type."""

    value: int
    type: IntegerType

    def constant(self) -> Constant:
        """Return it as declarations have it, without the rank."""
        return Constant(self.value, self.type.size, self.type.signed)


INT = IntegerType(4, signed=True)
"""The type ``int``."""


def integer_type(target: Target, name: str) -> IntegerType:
    """Return one of ``int``, ``long``, ``long long`` and their ``unsigned`` forms."""
    rank = name.count("long")
    return IntegerType((4, target.word, 8)[rank], not name.startswith("unsigned"), rank)


class Names(Protocol):
    """What the names and types in an expression mean."""

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator, or raise."""

    def integer_type(self, node: c_ast.Node) -> IntegerType:
        """Return the type of integers that a type's tree stands for, or raise."""

    def size(self, node: c_ast.Node) -> int:
        """Return the size of the type that a tree stands for, or raise."""

    def align(self, node: c_ast.Node) -> int:
        """Return its alignment, or raise."""

    def offset(self, node: c_ast.Node, member: str) -> int:
        """Return where a member of it begins, or raise."""

    def assume(self, name: str, meaning: str) -> None:
        """Note that a macro which nothing defines is taken to mean something."""


_SHIFTS = {"BIT": "UL", "_BITUL": "UL", "BIT_ULL": "ULL", "_BITULL": "ULL"}
"""Macros of one bit by its number, and the suffix of the 1 that they shift."""

_SUFFIXES = {
    **{name: name.strip("_") for name in ("_UL", "_ULL", "UL", "ULL")},
    **dict.fromkeys(("INT8_C", "INT16_C", "INT32_C", "UINT8_C", "UINT16_C"), ""),
    "UINT32_C": "U",
    "INT64_C": "LL",
    "UINT64_C": "ULL",
}
"""Macros of a number, and the suffix that they give it."""

_LITERAL = re.compile(r"(?i)(0x[0-9a-f]+|0b[01]+|\d+)(u?(?:l|ll)?|(?:l|ll)u)")
_CHARACTERS = re.compile(
    r"(?P<plain>[^\\'\n])|\\(?:x(?P<hex>[0-9a-fA-F]+)|(?P<octal>[0-7]{1,3})|(?P<letter>.))"
)
_ESCAPES = {
    **{letter: ord(letter) for letter in "'\"?\\"},
    **dict(zip("abtnvfr", range(7, 14), strict=True)),
    "e": 27,
}

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Evaluator:
    """Evaluates for one target.

    Args:
        target: whose C it is.
        names: what the names in expressions mean.
    """

    def __init__(self, target: Target, names: Names) -> None:
        self._names = names
        self._types = [
            (integer_type(target, name), integer_type(target, f"unsigned {name}"))
            for name in ("int", "long", "long long")
        ]
        self._size_t = IntegerType(target.word, signed=False, rank=int(target.word > INT.size))
        self._char = IntegerType(1, target.char_signed)
        self._live = True

    def __call__(self, node: c_ast.Node) -> Value:
        """Return the value of an expression.

        Raises:
            InvalidValue: it is not an integer constant expression.
        """
        if isinstance(node, c_ast.Constant):
            return self._constant(str(node.value))
        if isinstance(node, c_ast.ID):
            return self._names.constant(node.name)
        if isinstance(node, c_ast.UnaryOp):
            return self._unary(node.op, node.expr)
        if isinstance(node, c_ast.BinaryOp):
            return self._binary(node)
        if isinstance(node, c_ast.TernaryOp):
            return self._ternary(node)
        if isinstance(node, c_ast.Cast):
            return self._names.integer_type(node.to_type).convert(self(node.expr).value)
        if isinstance(node, c_ast.FuncCall) and getattr(node.name, "name", "") == "offsetof":
            whole, member = node.args.exprs
            return self._size_t.convert(self._names.offset(whole, self._path(member)))
        if isinstance(node, c_ast.FuncCall) and isinstance(node.name, c_ast.ID):
            return self._call(node.name.name, node.args.exprs if node.args else [])
        raise InvalidValue("not an integer constant expression")

    def _call(self, name: str, arguments: list[c_ast.Node]) -> Value:
        """Return what a macro is worth that nothing defines, if everybody knows it."""
        words = [getattr(one, "name", getattr(one, "value", None)) for one in arguments]
        suffix = _SHIFTS.get(name, _SUFFIXES.get(name))
        if name in ("_AC", "BIT") and len(words) == 2 and words[1] in ("U", "UL", "ULL"):  # noqa: PLR2004 -- the suffix is the second
            suffix = str(words.pop())
        if suffix is None or len(words) != 1:
            raise InvalidValue(f"{name} is called, and nothing here defines it")
        if name in _SHIFTS:
            self._names.assume(name, f"a macro that gives a bit of type {suffix}")
            return self._shift("<<", self._constant(f"1{suffix}"), self(arguments[0]).value)
        if not isinstance(arguments[0], c_ast.Constant):
            raise InvalidValue(f"{name} of something that is not a number")
        return self._constant(f"{words[0]}{suffix}")

    def _unevaluated(self, node: c_ast.Node) -> Value:
        """Return a value for its type alone, whatever happens on the way to it."""
        before, self._live = self._live, False
        try:
            return self(node)
        finally:
            self._live = before

    def _constant(self, text: str) -> Value:
        if text.endswith("'"):
            return self._character(text)
        found = _LITERAL.fullmatch(text)
        if not found:
            raise InvalidValue(f"{text} is not an integer constant", got=text)
        digits, suffix = found[1], found[2].lower()
        octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
        try:
            value = int(digits, 8 if octal else 0)
        except ValueError:
            raise InvalidValue(f"{text:.40} is not an integer constant", got=text) from None
        for signed, unsigned in self._types[suffix.count("l") :]:
            if "u" not in suffix and signed.holds(value):
                return Value(value, signed)
            if ("u" in suffix or octal or not digits.isdigit()) and unsigned.holds(value):
                return Value(value, unsigned)
        raise InvalidValue(f"{text:.40} fits no integer type", got=text)

    def _character(self, text: str) -> Value:
        if text[0] != "'" or not _CHARACTERS.match(text, 1):
            raise InvalidValue(f"{text} is not understood", got=text)
        codes: list[int] = []
        position = 1
        while found := _CHARACTERS.match(text, position):
            position = found.end()
            if found["plain"]:
                codes += found["plain"].encode()
            elif found["letter"]:
                codes.append(_ESCAPES.get(found["letter"], -1))
            else:
                codes.append(int(found["hex"], 16) if found["hex"] else int(found["octal"], 8))
        if position != len(text) - 1 or not all(code in range(256) for code in codes):
            raise InvalidValue(f"{text} is not understood", got=text)
        if len(codes) == 1:
            return INT.convert(self._char.convert(codes[0]).value)
        return INT.convert(int.from_bytes(bytes(codes), "big"))

    def _promote(self, value: Value) -> Value:
        return Value(value.value, INT) if value.type.size < INT.size else value

    def _common(self, left: Value, right: Value) -> IntegerType:
        """Return the type of both after C's usual arithmetic conversions."""
        one, other = self._promote(left).type, self._promote(right).type
        if one.signed == other.signed:
            return max(one, other, key=lambda found: found.rank)
        signed, unsigned = (one, other) if one.signed else (other, one)
        if unsigned.rank >= signed.rank:
            return unsigned
        return self._types[signed.rank][signed.size == unsigned.size]

    def _ternary(self, node: c_ast.TernaryOp) -> Value:
        if self(node.cond).value:
            chosen, other = self(node.iftrue), self._unevaluated(node.iffalse)
        else:
            chosen, other = self(node.iffalse), self._unevaluated(node.iftrue)
        return self._common(chosen, other).convert(chosen.value)

    def _unary(self, op: str, operand: c_ast.Node) -> Value:
        if op == "sizeof":
            if isinstance(operand, c_ast.Typename):
                return self._size_t.convert(self._names.size(operand))
            return self._size_t.convert(self._unevaluated(operand).type.size)
        if op == "_Alignof":
            return self._size_t.convert(self._names.align(operand))
        value = self(operand)
        if op == "!":
            return Value(int(not value.value), INT)
        value = self._promote(value)
        results = {"+": value.value, "-": -value.value, "~": ~value.value}
        if op not in results:
            raise InvalidValue(f"operator {op} is not part of a constant expression")
        return value.type.convert(results[op])

    def _binary(self, node: c_ast.BinaryOp) -> Value:
        op = node.op
        left = self(node.left)
        if op in ("&&", "||"):
            decided = bool(left.value) is (op == "||")
            return Value(int(bool(left.value if decided else self(node.right).value)), INT)
        right = self(node.right)
        if op in ("<<", ">>"):
            return self._shift(op, self._promote(left), right.value)
        common = self._common(left, right)
        first, second = common.convert(left.value).value, common.convert(right.value).value
        if op in _COMPARISONS:
            return Value(int(_COMPARISONS[op](first, second)), INT)
        if op in _ARITHMETIC:
            return common.convert(_ARITHMETIC[op](first, second))
        if op not in ("/", "%"):
            raise InvalidValue(f"operator {op} is not part of a constant expression")
        if second == 0:
            if self._live:
                raise InvalidValue("division by zero in a constant expression")
            return common.convert(0)
        quotient = abs(first) // abs(second)
        quotient = quotient if (first < 0) == (second < 0) else -quotient
        return common.convert(quotient if op == "/" else first - quotient * second)

    def _shift(self, op: str, left: Value, count: int) -> Value:
        bits = left.type.size * 8
        if not 0 <= count < bits:
            if self._live:
                raise InvalidValue(f"shift by {count} of a type of {bits} bits", got=count)
            count = 0
        return left.type.convert(left.value << count if op == "<<" else left.value >> count)

    def _path(self, node: c_ast.Node) -> str:
        """Return the dotted path that is the second argument of ``offsetof``."""
        if isinstance(node, c_ast.ID):
            return str(node.name)
        if isinstance(node, c_ast.StructRef):
            return f"{self._path(node.name)}.{node.field.name}"
        raise InvalidValue("offsetof something that is not the path of a member")
