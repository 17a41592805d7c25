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

from pycparser import c_ast

from xengnt.abi.declarations import Constant
from xengnt.abi.targets import Target
from xengnt.errors import InvalidValue

_INT, _LONG, _LONG_LONG = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Value:
    """An integer of C: its value, and its type by size, signedness and rank.

    The rank tells ``long`` from ``long long`` where both have eight bytes; types
    narrower than ``int`` have the rank of ``int`` here, as they never stay narrow.
    """

    value: int
    size: int
    signed: bool
    rank: int = _INT

    def constant(self) -> Constant:
        """Return it without the rank."""
        return Constant(self.value, self.size, self.signed)


_LITERAL = re.compile(r"(?i)(0x[0-9a-f]+|0b[01]+|\d+)([ul]*)")
_SUFFIXES = {"": _INT, "l": _LONG, "ll": _LONG_LONG}
_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}

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
        name: gives the value of an enumerator, or raises.
        cast: gives size, signedness and rank of a type that is cast to, or raises.
        sizeof: gives the size of a type or expression, or raises.
    """

    def __init__(
        self,
        target: Target,
        name: Callable[[str], Value],
        cast: Callable[[c_ast.Node], Value],
        sizeof: Callable[[c_ast.Node], int],
    ) -> None:
        self.target = target
        self._name = name
        self._cast = cast
        self._sizeof = sizeof

    def __call__(self, node: c_ast.Node) -> Value:
        """Return the value of an expression.

        Raises:
            InvalidValue: it is not an integer constant expression.
        """
        if isinstance(node, c_ast.Constant):
            return self._constant(node)
        if isinstance(node, c_ast.ID):
            return self._name(node.name)
        if isinstance(node, c_ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, c_ast.BinaryOp):
            return self._binary(node)
        if isinstance(node, c_ast.TernaryOp):
            arms = (node.iftrue, node.iffalse)
            taken, other = arms if self(node.cond).value else arms[::-1]
            chosen = self(taken)
            return self._wrap(chosen.value, *self._common(chosen, self._kind_of(other) or chosen))
        if isinstance(node, c_ast.Cast):
            to = self._cast(node.to_type)
            return self._wrap(self(node.expr).value, to.size, to.signed, to.rank)
        raise InvalidValue(f"{type(node).__name__} is not part of an integer constant expression")

    def _kind_of(self, node: c_ast.Node) -> Value | None:
        """Return a value for its type alone; None if it has none, as an arm not taken may."""
        try:
            return self(node)
        except InvalidValue:
            return None

    def _size(self, rank: int) -> int:
        return (4, self.target.word, 8)[rank]

    def _wrap(self, value: int, size: int, signed: bool, rank: int) -> Value:
        bits = size * 8
        value &= (1 << bits) - 1
        if signed and value >> (bits - 1):
            value -= 1 << bits
        return Value(value, size, signed, rank)

    def _constant(self, node: c_ast.Constant) -> Value:
        text = str(node.value)
        if node.type == "char":
            return self._character(text)
        found = _LITERAL.fullmatch(text)
        suffix = found[2].lower() if found else ""
        rank = _SUFFIXES.get(suffix.replace("u", ""))
        if not found or rank is None or suffix.count("u") > 1:
            raise InvalidValue(f"{text} is not an integer constant", got=text)
        digits = found[1]
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        try:
            value = int(digits, 8) if octal else int(digits, 0)
        except ValueError:
            raise InvalidValue(f"{text} is not an integer constant", got=text) from None
        decimal = digits.isdigit() and not octal
        for candidate in range(rank, _LONG_LONG + 1):
            bits = self._size(candidate) * 8
            if "u" not in suffix and value < 1 << (bits - 1):
                return Value(value, bits // 8, True, candidate)
            if ("u" in suffix or not decimal) and value < 1 << bits:
                return Value(value, bits // 8, False, candidate)
        raise InvalidValue(f"{text} fits no integer type", got=text)

    def _character(self, text: str) -> Value:
        found = re.fullmatch(r"'(?:([^\\'])|\\([ntrabfve\\'\"?])|\\x([0-9a-fA-F]+)|\\([0-7]{1,3}))'", text)
        if not found:
            raise InvalidValue(f"{text} is not one character", got=text)
        plain, escaped, hexadecimal, octal = found.groups()
        if plain is not None:
            value = ord(plain)
        elif escaped is not None:
            value = _ESCAPES.get(escaped, ord(escaped))
        else:
            value = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
        narrow = self._wrap(value, 1, self.target.char_signed, _INT)
        return Value(narrow.value, 4, True)

    def _promote(self, value: Value) -> Value:
        return Value(value.value, 4, True) if value.size < 4 else value  # noqa: PLR2004 -- of int

    def _common(self, left: Value, right: Value) -> tuple[int, bool, int]:
        """Return size, signedness and rank after C's usual arithmetic conversions."""
        left, right = self._promote(left), self._promote(right)
        if left.signed == right.signed:
            wide = max(left, right, key=lambda v: v.rank)
            return wide.size, wide.signed, wide.rank
        signed, unsigned = (left, right) if left.signed else (right, left)
        if unsigned.rank >= signed.rank:
            return unsigned.size, False, unsigned.rank
        return signed.size, signed.size > unsigned.size, signed.rank

    def _unary(self, node: c_ast.UnaryOp) -> Value:
        if node.op == "sizeof":
            return self._wrap(self._sizeof(node.expr), self.target.word, False, _LONG)
        value = self(node.expr)
        if node.op == "!":
            return Value(int(not value.value), 4, True)
        value = self._promote(value)
        results = {"+": value.value, "-": -value.value, "~": ~value.value}
        if node.op not in results:
            raise InvalidValue(f"operator {node.op} is not part of a constant expression")
        return self._wrap(results[node.op], value.size, value.signed, value.rank)

    def _binary(self, node: c_ast.BinaryOp) -> Value:
        left = self(node.left)
        if node.op in ("&&", "||"):
            decided = bool(left.value) is (node.op == "||")
            return Value(int(bool(left.value if decided else self(node.right).value)), 4, True)
        right = self(node.right)
        if node.op in ("<<", ">>"):
            return self._shift(node.op, self._promote(left), right.value)
        size, signed, rank = self._common(left, right)
        first = self._wrap(left.value, size, signed, rank).value
        second = self._wrap(right.value, size, signed, rank).value
        if node.op in _COMPARISONS:
            return Value(int(_COMPARISONS[node.op](first, second)), 4, True)
        if node.op in ("/", "%"):
            if second == 0:
                raise InvalidValue("division by zero in a constant expression")
            quotient = abs(first) // abs(second)
            if (first < 0) != (second < 0):
                quotient = -quotient
            result = quotient if node.op == "/" else first - quotient * second
        elif node.op in _ARITHMETIC:
            result = _ARITHMETIC[node.op](first, second)
        else:
            raise InvalidValue(f"operator {node.op} is not part of a constant expression")
        return self._wrap(result, size, signed, rank)

    def _shift(self, op: str, left: Value, count: int) -> Value:
        if not 0 <= count < left.size * 8:
            raise InvalidValue(f"shift by {count} of a type of {left.size * 8} bits", got=count)
        result = left.value << count if op == "<<" else left.value >> count
        return self._wrap(result, left.size, left.signed, left.rank)
