# SPDX-License-Identifier: MIT
"""The layout engine against real compilers, on headers made up at random.

Each example is a header with many structs. It is read as any header is, laid
out, and held against what a compiler says of size, alignment, offsets and signs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import oracle
import pytest
from compilers import COMPILERS, objects
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from xengnt.abi.declarations import Named
from xengnt.abi.layout import Engine, compute
from xengnt.abi.targets import TARGETS, UNDEFINED
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import read

STRUCTS = 60
"""How many structs each header has."""

INTEGERS = (
    *("char", "signed char", "unsigned char", "short", "unsigned short int", "int", "unsigned"),
    *("long", "unsigned long", "long long int", "unsigned long long", "_Bool"),
    *(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *("size_t", "intptr_t", "uintptr_t", "enum small", "enum negative", "enum wide"),
    *("enum tiny", "unsigned const char"),
)
BIT_TYPES = (
    *(("int", 32), ("unsigned", 32), ("char", 8), ("signed char", 8), ("_Bool", 1)),
    *(("short", 16), ("uint16_t", 16), ("uint8_t", 8), ("long", 32), ("unsigned long", 32)),
    *(("long long", 64), ("uint64_t", 64), ("enum small", 32), ("enum negative", 32)),
    *(("enum tiny", 8), ("int64_t", 40)),
)
"""The types of bit-fields, with the widest that each can be."""

PRELUDE = """\
#include <stddef.h>
#include <stdint.h>
#define LIMIT (1 << 3)
enum small { SMALL_A, SMALL_B = 7, };
enum negative { NEGATIVE = -1, POSITIVE };
enum wide { WIDE = 0x100000000 };
enum __attribute__((packed)) tiny { TINY = 200 };
"""


@dataclass(frozen=True)
class Place:
    """A member, at any depth: by our path, by C's, and what can be asked about it."""

    path: str
    c: str
    integer: bool = False
    bits: bool = False

    def below(self, path: str, c: str) -> Place:
        """Return it as seen from a struct around it."""
        return replace(self, path=path + self.path, c=c + self.c)


@dataclass(frozen=True)
class Type:
    """A type as C spells it around a name, and the members that it has."""

    before: str
    around: str = "{}"
    integer: bool = False
    element: bool = True  # whether arrays of it are allowed
    places: tuple[Place, ...] = ()
    dimensions: int = 0

    def array(self, lengths: list[int]) -> Type:
        """Return the type of an array of it."""
        inner = "{}" + "".join(f"[{length}]" for length in lengths)
        around = self.around.format(inner)
        return replace(self, around=around, dimensions=self.dimensions + len(lengths))

    def declare(self, name: str) -> str:
        """Return the declaration of a name, without attributes and semicolon."""
        return f"{self.before} {self.around.format(name)}"

    def member(self, name: str) -> list[Place]:
        """Return the places that a member of this type makes."""
        indices = "[0]" * self.dimensions
        dot = "[]." if self.dimensions else "."
        return [
            Place(name, name + indices, self.integer),
            *(place.below(name + dot, f"{name}{indices}.") for place in self.places),
        ]


@dataclass
class MadeUp:
    """A header made up: its text, and the structs in it, by their tag with its keyword."""

    text: str = PRELUDE
    structs: dict[str, tuple[Place, ...]] = field(default_factory=dict)


class Maker:
    """Makes one header up."""

    def __init__(self, random: Random, *, clang: bool) -> None:
        self._random = random
        self._clang = clang
        self.header = MadeUp()
        self.types = [Type(name, integer=True) for name in INTEGERS]
        self.types += [Type("float"), Type("const volatile double"), Type("void", "*{}")]
        self.types += [Type("void", "(*{})(int)"), Type("struct undefined", "*const {}")]
        self.types += [Type("_Atomic(uint16_t)"), Type("_Atomic long")]
        self.names = 0

    def number(self, last: int) -> int:
        """Return a number from 0 to the last."""
        return self._random.randint(0, last)

    def one_in(self, chances: int) -> bool:
        """Return True once in so many times."""
        return self.number(chances - 1) == 0

    def name(self, start: str) -> str:
        """Return a new name."""
        self.names += 1
        return f"{start}{self.names}"

    def attributes(self, *, packed: int, aligned: int) -> str:
        """Return attributes, each once in so many times."""
        found = ["packed"] if self.one_in(packed) else []
        if self.one_in(aligned):
            amount = ("1", "2", "4", "8", "16", "32", "sizeof(long)", "LIMIT", "_Alignof(int)")
            found.append(f"__aligned__({amount[self.number(8)]})")
        if not found:
            return ""
        if self.one_in(3):
            return "".join(f" __attribute__((unused, {one}))" for one in found)
        return f" __attribute__(({', '.join(found)}))"

    def type(self) -> Type:
        """Return a type that has a name, or an array or pointer of one."""
        count = len(self.types) - 1
        newest = min(count, 8)
        kind = self.types[count - self.number(newest) if self.one_in(3) else self.number(count)]
        shape = self.number(7)
        if shape == 0:
            return Type(kind.before, kind.around.format("(*{})"))
        if shape <= 2 and kind.element:
            return kind.array([self.number(3) for _ in range(shape)])
        return kind

    def typedef(self) -> None:
        """Declare typedefs of some type."""
        if self.one_in(3):
            self.struct(typedef=True)
            return
        kind = self.type()
        name = self.name("t")
        # `packed` on a typedef is ignored, with a warning
        attributes = self.attributes(packed=20, aligned=4)
        if self.one_in(2):
            self.header.text += f"typedef {kind.before}{attributes} {kind.around.format(name)};\n"
        else:
            self.header.text += f"typedef {kind.declare(name)}{attributes};\n"
        # compilers refuse arrays of what is aligned to more than its size
        element = kind.element and not attributes
        self.types.append(replace(kind, before=name, around="{}", element=element))

    def struct(self, *, typedef: bool = False) -> None:
        """Declare a struct or union with a tag, or such a typedef."""
        pack = 1 << self.number(4) if self.one_in(5) else 0
        kind = ("struct", "struct", "union")[self.number(2)]
        tag = "" if typedef and self.one_in(2) else self.name("s")
        body, places = self.body(kind, tag, depth=0)
        inside = tuple(place for place in places if not place.bits)
        if typedef:
            name = self.name("t")
            body = f"typedef {body} {name}, *{name}p, {name}a[2]"
            self.header.structs[name] = places
            kinds = [Type(name, places=inside), Type(f"{name}p")]
            kinds.append(Type(f"{name}a", places=inside, dimensions=1))
        else:
            self.header.structs[f"{kind} {tag}"] = places
            kinds = [Type(f"{kind} {tag}", places=inside)]
        if not pack:
            self.header.text += f"{body};\n"
        elif self.one_in(2):
            self.header.text += f"#pragma pack(push, {pack})\n{body};\n#pragma pack(pop)\n"
        else:
            self.header.text += f"#pragma pack({pack})\n{body};\n#pragma pack()\n"
        if len(places) <= 30:
            self.types += kinds

    def body(self, kind: str, tag: str, depth: int) -> tuple[str, tuple[Place, ...]]:
        """Return the text of a struct's definition and its members."""
        attributes = self.attributes(packed=4, aligned=6)
        indent = "  " * depth
        lines = []
        places: list[Place] = []
        for _ in range(1 + self.number(4)):
            text, found = self.member(depth)
            lines.append(f"{indent}  {text};\n")
            places += found
        before, after = (attributes, "") if self.one_in(2) else ("", attributes)
        text = f"{kind}{before} {tag} {{\n{''.join(lines)}{indent}}}{after}"
        if tag.startswith("n"):
            self.types.append(Type(f"{kind} {tag}", places=tuple(p for p in places if not p.bits)))
        return text, tuple(places)

    def member(self, depth: int) -> tuple[str, list[Place]]:
        """Return the text of a member, and the places that it makes."""
        choice = self.number(11)
        if choice == 0 and depth < 3:
            return self.inline(depth)
        if choice <= 2:
            return self.bits()
        if choice == 3:
            return self.several()
        kind = self.type()
        name = self.name("m")
        attributes = self.attributes(packed=8, aligned=8)
        if self.one_in(20):
            kind = self.types[self.number(len(INTEGERS) - 1)]
            return f"_Alignas({16 << self.number(1)}) {kind.declare(name)}", kind.member(name)
        if self.one_in(2):
            return f"{kind.before}{attributes} {kind.around.format(name)}", kind.member(name)
        return f"{kind.declare(name)}{attributes}", kind.member(name)

    def several(self) -> tuple[str, list[Place]]:
        """Return members that are declared together, with attributes at all places."""
        kind = self.types[self.number(len(INTEGERS) - 1)]
        text = kind.before + self.attributes(packed=8, aligned=8)
        places: list[Place] = []
        for index in range(2 + self.number(1)):
            one = (kind, kind.array([2]), Type("", "*{}"))[self.number(2)]
            name = self.name("m")
            # gcc rejects them here, in a struct
            before = self.attributes(packed=9, aligned=9) if index and self._clang else ""
            after = self.attributes(packed=9, aligned=9)
            text += f"{',' if index else ''}{before} {one.around.format(name)}{after}"
            places += one.member(name)
        return text, places

    def inline(self, depth: int) -> tuple[str, list[Place]]:
        """Return a member that is a struct declared in place."""
        kind = ("struct", "union")[self.number(1)]
        tag = self.name("n") if self.one_in(3) else ""
        body, places = self.body(kind, tag, depth + 1)
        whole = Type(body, places=places)
        if not tag and self.one_in(2):
            return f"__extension__ {body}", list(places)
        name = self.name("m")
        if self.one_in(3):
            whole = whole.array([1 + self.number(2)])
        return whole.declare(name), whole.member(name)

    def bits(self) -> tuple[str, list[Place]]:
        """Return a bit-field."""
        kind, most = BIT_TYPES[self.number(len(BIT_TYPES) - 1)]
        width = self.number(most)
        if width == 0 or self.one_in(8):
            return f"{kind} : {width}", []
        name = self.name("b")
        # gcc aligns a bit-field as asked and then has it not straddle, clang does one of both
        attributes = self.attributes(packed=8, aligned=10_000 if self._clang else 8)
        place = Place(name, name, integer=True, bits=True)
        return f"{kind} {name} : {width}{attributes}", [place]


def make_up(random: Random, *, clang: bool) -> MadeUp:
    """Make a header up."""
    maker = Maker(random, clang=clang)
    while len(maker.header.structs) < STRUCTS:
        if maker.one_in(3):
            maker.typedef()
        else:
            maker.struct()
    return maker.header


def ours(path: Path, abi: str, header: MadeUp) -> dict[str, int]:
    """Return what the engine says of a header, by a name for each statement."""
    source = read(Job(path, TARGETS[abi], UNDEFINED))
    assert not source.problems, source.problems
    layout = compute(source.declarations)
    engine = Engine(source.declarations)
    found: dict[str, int] = {}
    for spelled, places in header.structs.items():
        if " " in spelled:
            struct = layout.structs[spelled.split()[1]]
        else:
            whole = engine.shape(Named(spelled)).aggregate
            assert whole, f"{spelled} is no struct"
            struct = engine.struct(spelled, whole)
        found[f"{spelled}: size"] = struct.size
        found[f"{spelled}: align"] = struct.align or 0
        handles = [field for field in struct.fields if field.kind == "handle"]
        for place in places:
            one = struct.by_name.get(place.path)
            if one is None:  # what a handle is made of is not listed
                assert any(place.path.startswith(handle.name) for handle in handles), (
                    f"{spelled} has no field {place.path}"
                )
                continue
            found[f"{spelled}.{place.c}: offset"] = one.offset
            found[f"{spelled}.{place.c}: size"] = one.size
            if place.integer and one.kind in ("int", "bits"):
                found[f"{spelled}.{place.c}: signed"] = bool(one.signed)
    return found


def theirs(compiler: oracle.Compiler, header: MadeUp) -> dict[str, int]:
    """Return what a compiler says."""
    questions: dict[str, str] = {}
    bits: dict[str, str] = {}
    source = header.text
    for spelled, places in header.structs.items():
        questions[f"{spelled}: size"] = f"sizeof({spelled})"
        questions[f"{spelled}: align"] = f"_Alignof({spelled})"
        for place in places:
            what = f"{spelled}.{place.c}"
            whole = place.c
            while whole.endswith("[0]"):
                whole = whole.removesuffix("[0]")
            if place.bits:
                name = f"bits{len(bits)}"
                bits[name] = what
                source += f"const {spelled} {name} = {{ .{place.c} = -1 }};\n"
                continue
            questions[f"{what}: offset"] = f"__builtin_offsetof({spelled}, {whole})"
            questions[f"{what}: size"] = f"sizeof((({spelled} *)0)->{whole})"
            if place.integer:
                one = f"(({spelled} *)0)->{place.c}"
                questions[f"{what}: signed"] = f"(__typeof__({one}))-1 < 1"
    source += "const unsigned long long values[] = {\n"
    source += ",\n".join(questions.values()) + "\n};\n"
    constants = objects(compiler, source, ["values", *bits])
    numbers = constants.pop("values")
    found = {
        what: int.from_bytes(numbers[8 * at : 8 * at + 8], "little")
        for at, what in enumerate(questions)
    }
    for name, what in bits.items():
        value = int.from_bytes(constants[name], "little")
        first = (value & -value).bit_length() - 1
        found[f"{what}: offset"] = first // 8
        found[f"{what}: size"] = (value.bit_length() - 1) // 8 - first // 8 + 1
    return found


@pytest.mark.parametrize(("kind", "abi"), COMPILERS)
def test_random_headers(kind: str, abi: str, scratch: Path) -> None:
    """Catches any difference between the engine's layout and the compiler's."""
    compiler = oracle.compiler(kind, abi)

    @settings(
        max_examples=3,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=True))
    def compare(random: Random) -> None:
        header = make_up(random, clang=kind == "clang")
        path = scratch / f"engine-{kind}-{abi}.h"
        path.write_text(header.text)
        expected = theirs(compiler, header)
        got = ours(path, abi, header)
        differing = {
            what: (value, expected[what])
            for what, value in got.items()
            if value != expected.get(what, value)
        }
        assert not differing, f"ours, theirs: {differing}\n{header.text}"

    compare()
