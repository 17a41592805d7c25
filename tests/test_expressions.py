# SPDX-License-Identifier: MIT
"""The evaluator of constant expressions against real compilers.

Expressions are made up at random, as macros of a header. What each is worth, and
the size and signedness of its type, must be what a compiler says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import oracle
import pytest
from compilers import COMPILERS, numbers
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from xengnt.abi.targets import TARGETS, UNDEFINED
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import HeaderSource, read

EXPRESSIONS = 100
"""How many macros each header has."""

DEPTH = 4
"""How deep expressions are nested, at the most."""

TYPES = (
    *("char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int"),
    *("long", "unsigned long", "long long", "unsigned long long", "_Bool", "size_t", "narrow_t"),
    *(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *("intptr_t", "ptrdiff_t", "enum small", "enum wide", "const unsigned", "wide_t"),
)
SIZED = (*TYPES, "struct pair", "void *", "int (*)(long)", "union either", "struct pair[3]")
ENUMERATORS = ("SMALL", "NEGATIVE", "HIGH", "NEXT", "HUGE", "LOW", "LONG", "LETTER")

PRELUDE = """\
#include <stddef.h>
#include <stdint.h>
typedef unsigned short narrow_t;
typedef uint64_t wide_t;
enum small { SMALL = 3, NEGATIVE = -2, LETTER = 'x' };
enum { HIGH = 0xfffffffe, NEXT };
enum wide { HUGE = 0xfffffffffffffffe, LAST };
enum { LOW = -0x7fffffffffffffff - 1, LONG = 1ull << 40, };
struct pair { char first; wide_t second; void *third; };
union either { char narrow[3]; narrow_t wide; };
#define PASTE(a, b) a##b
#define WRAP(x) ((x) + 0)
#define PICK(a, b, ...) b
"""

Statement = tuple[int, int, bool]
"""A value as 64 bits, the size and the signedness of its type."""


@dataclass
class Maker:
    """Makes expressions up, each of which may use the macros before it."""

    random: Random
    macros: int = 0

    def one(self, *choices: str) -> str:
        """Return one of some texts."""
        return self.random.choice(choices)

    def number(self) -> int:
        """Return a number that is likely to be at the edge of something."""
        bits = self.random.choice((0, 1, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64))
        near = (1 << bits) + self.random.randint(-2, 2)
        return self.random.choice((near, self.random.getrandbits(bits + 1))) % (1 << 64)

    def literal(self) -> str:
        """Return a literal, of any base and with any suffix."""
        number = self.number()
        kind = self.one("decimal", "hex", "octal", "binary", "character", "paste")
        if kind == "character":
            plain = self.one("'a'", "'\\n'", "'\\0'", "'\\x7f'", "'\\xff'", "'\\377'", "'ab'")
            return self.one(plain, "'\\''", "'\"'", "'\\e'", "'\\\\'", "'AbCd'", "' '")
        if kind in ("decimal", "paste"):
            number %= 1 << 63  # beyond that they have no type, or one of 128 bits
        if kind == "paste":
            return f"PASTE({number}, {self.one('u', 'UL', 'll', 'ULL')})"
        suffix = self.one("", "", "", "u", "U", "l", "uL", "LU", "ll", "LL", "ull", "LLU")
        digits = {
            "decimal": str(number),
            "hex": f"{number:#x}",
            "octal": f"0{number:o}",
            "binary": f"{number:#b}",
        }[kind]
        return digits + suffix

    def leaf(self) -> str:
        """Return an expression with nothing below."""
        kind = self.random.randint(0, 14)
        if kind == 0:
            return self.one(*ENUMERATORS)
        if kind == 1:
            return f"sizeof({self.one(*SIZED)})"
        if kind == 2:
            return f"offsetof(struct pair, {self.one('first', 'second', 'third')})"
        if kind == 3:
            # of 8-byte scalars on 32-bit x86, not even versions of gcc agree
            return f"_Alignof({self.one('char', 'int', 'void *', 'struct pair', 'narrow_t')})"
        if kind == 4 and self.macros:  # rarely: what they stand for grows and grows
            return f"M{self.random.randint(max(0, self.macros - 20), self.macros - 1)}"
        return self.literal()

    def expression(self, depth: int = DEPTH) -> str:
        """Return an expression, in brackets if it is not a leaf."""
        if depth == 0 or self.random.randint(0, 5) == 0:
            return self.leaf()
        below = [self.expression(depth - 1) for _ in range(3)]
        kind = self.random.randint(0, 10)
        if kind == 0:
            return f"({self.one('-', '+', '~', '!')}{below[0]})"
        if kind <= 2:
            return f"(({self.one(*TYPES)}){below[0]})"
        if kind == 3:
            return f"({below[0]} ? {below[1]} : {below[2]})"
        if kind == 4:
            return f"sizeof({below[0]})"
        if kind == 5:
            count = self.one("0", "1", "7", "15", "31", "(3 + 4)", "5ull")
            return f"({below[0]} {self.one('<<', '>>')} {count})"
        if kind == 6:
            # a divisor that is surely not 0, and not -1 either
            return f"({below[0]} {self.one('/', '%')} (({below[1]} & 0xff) | 2))"
        if kind == 7:
            return self.one(f"WRAP({below[0]})", f"PICK({below[1]}, {below[0]}, {below[2]})")
        operator = self.one("+", "-", "*", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=")
        operator = self.one(operator, operator, operator, "&&", "||")
        return f"({below[0]} {operator} {below[1]})"

    def header(self) -> str:
        """Return a header full of macros."""
        lines = [PRELUDE]
        for index in range(EXPRESSIONS):
            lines.append(f"#define M{index} {self.expression()}\n")
            self.macros = index + 1
        return "".join(lines)

    def enum(self, number: int) -> tuple[str, list[str]]:
        """Return an enum of some values, perhaps packed, and the names of its constants."""
        names: list[str] = []
        text = ""
        signed = self.random.random() < 0.5
        limit = self.random.choice((8, 16, 31, 32, 33, 62))
        last = 0
        for index in range(self.random.randint(1, 5)):
            name = f"E{number}_{index}"
            if index and last != 0x7FFFFFFF and self.random.random() < 0.3:  # gcc wants that
                last, value = last + 1, ""
            else:
                last = self.random.choice((self.number(), 0xFF, 0x7FFFFFFF)) % (1 << limit)
                last = -last if signed and self.random.random() < 0.5 else last
                suffix = self.one("", "u", "l", "LL") if last >= 0 else ""
                value = f" = {last}{suffix}"
            names.append(name)
            text += f"{name}{value}, "
        packed = " __attribute__((packed))" if self.random.random() < 0.3 else ""
        return f"enum{packed} e{number} {{ {text}}};\n", names


def ours(source: HeaderSource, names: list[str]) -> dict[str, Statement | None]:
    """Return what the evaluator says of constants, None for what it cannot evaluate."""
    found: dict[str, Statement | None] = dict.fromkeys(names)
    for name in names:
        one = source.declarations.constants.get(name)
        if one:
            found[name] = one.value % (1 << 64), one.size, one.signed
    return found


def theirs(compiler: oracle.Compiler, header: str, names: list[str]) -> dict[str, Statement]:
    """Return what a compiler says of them."""
    questions = [
        question
        for name in names
        for question in (name, f"sizeof({name})", f"(__typeof__({name}))-1 < 1")
    ]
    found = numbers(compiler, header, questions)
    return {
        name: (found[3 * at], found[3 * at + 1], bool(found[3 * at + 2]))
        for at, name in enumerate(names)
    }


def differences(
    compiler: oracle.Compiler, header: str, names: list[str], path: Path
) -> dict[str, tuple[Statement | None, Statement]]:
    """Return what our evaluator and a compiler say, where that is not the same."""
    expected = theirs(compiler, header, names)
    path.write_text(header)
    got = ours(read(Job(path, TARGETS[compiler.abi], UNDEFINED)), names)
    return {name: (got[name], expected[name]) for name in names if got[name] != expected[name]}


COMPARING = settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("kind", "abi"), COMPILERS)
def test_random_expressions(kind: str, abi: str, scratch: Path) -> None:
    """Catches any difference between the evaluator and the compiler."""
    compiler = oracle.compiler(kind, abi)
    names = [*(f"M{index}" for index in range(EXPRESSIONS)), *ENUMERATORS]

    @COMPARING
    @given(st.randoms(use_true_random=True))
    def compare(random: Random) -> None:
        header = Maker(random).header()
        path = scratch / f"expressions-{kind}-{abi}.h"
        differing = differences(compiler, header, names, path)
        assert not differing, f"ours, theirs: {differing}\n{header}"

    compare()


@pytest.mark.parametrize(("kind", "abi"), COMPILERS)
def test_random_enums(kind: str, abi: str, scratch: Path) -> None:
    """Catches an enum, or a constant of one, that has another type than the compiler's."""
    compiler = oracle.compiler(kind, abi)

    @COMPARING
    @given(st.randoms(use_true_random=True))
    def compare(random: Random) -> None:
        maker = Maker(random)
        header = ""
        names: list[str] = []
        for index in range(EXPRESSIONS):
            text, members = maker.enum(index)
            header += f"{text}#define SIZE{index} sizeof(enum e{index})\n"
            header += f"#define SIGN{index} ((enum e{index})-1 < 1)\n"
            names += [*members, f"SIZE{index}", f"SIGN{index}"]
        differing = differences(compiler, header, names, scratch / f"enums-{kind}-{abi}.h")
        assert not differing, f"ours, theirs: {differing}\n{header}"

    compare()
