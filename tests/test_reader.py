# SPDX-License-Identifier: MIT
"""The C reader, feature by feature: what it finds in small headers, and where."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import oracle
import pytest
from compilers import numbers

from xengnt.abi.declarations import (
    Arithmetic,
    Array,
    Constant,
    Declarations,
    Named,
    Pointer,
    Tagged,
)
from xengnt.abi.layout import Engine, Layout, Pointee, StructLayout, compute
from xengnt.abi.targets import TARGETS, UNDEFINED
from xengnt.errors import InvalidValue, Refused, SourceError, Unavailable
from xengnt.sources.cheader import preprocess
from xengnt.sources.cheader.cut import cut
from xengnt.sources.cheader.markup import Markup
from xengnt.sources.cheader.preprocess import OWN_INCLUDE, Job
from xengnt.sources.cheader.reader import HeaderSource, read
from xengnt.sources.cheader.tokens import macro_names, tokenize

INCLUDE = Path(__file__).parents[1] / "include"
OURS = INCLUDE / "xen" / "grant_table.h"


class ReadText(Protocol):
    """Reads a header of some text."""

    def __call__(
        self,
        text: str,
        abi: str = "x86_64",
        *,
        version: int = UNDEFINED,
        include: Sequence[Path] = (),
        defines: Sequence[str] = (),
        wanted: Callable[[str], bool] | None = None,
    ) -> HeaderSource:
        """Return what is in it."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the header that `read_text` reads."""
    return tmp_path / "small.h"


@pytest.fixture
def read_text(path: Path) -> ReadText:
    """Return a function that reads a header of some text."""

    def reader(
        text: str,
        abi: str = "x86_64",
        *,
        version: int = UNDEFINED,
        include: Sequence[Path] = (),
        defines: Sequence[str] = (),
        wanted: Callable[[str], bool] | None = None,
    ) -> HeaderSource:
        path.write_text(text)
        job = Job(path, TARGETS[abi], version, tuple(map(str, include)), tuple(defines))
        return read(job, wanted)

    return reader


def fine(source: HeaderSource) -> Layout:
    """Return the layout of a header in which nothing is wrong."""
    assert not source.problems, source.problems
    return compute(source.declarations)


def struct_of(source: HeaderSource, name: str = "a") -> StructLayout:
    """Return a struct by its tag or, if it has none, by the name of its typedef."""
    layout = fine(source)
    if name in layout.structs:
        return layout.structs[name]
    engine = Engine(source.declarations)
    aggregate = engine.shape(Named(name)).aggregate
    assert aggregate is not None
    return engine.struct(name, aggregate)


def shape(struct: StructLayout) -> tuple[int, int | None, dict[str, int]]:
    """Return the size and alignment of a struct, and the offsets of its fields."""
    return struct.size, struct.align, {field.name: field.offset for field in struct.fields}


@pytest.fixture(params=["gcc", "clang", "pcpp"])
def preprocessor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have headers preprocessed by each of the preprocessors in turn."""
    use(request.param, monkeypatch)
    return str(request.param)


def use(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have headers preprocessed by one of the preprocessors from now on."""
    if name == "pcpp":
        pytest.importorskip("pcpp")
        monkeypatch.setattr(preprocess, "compiler", lambda: None)
    else:
        oracle.need(shutil.which(name), name, f"apt install {name}")
        monkeypatch.setenv("CC", name)


# Attributes. Each row is confirmed by a compiler as well.

PLAIN = (8, 4, {"x": 0, "y": 4})
PACKED = (5, 1, {"x": 0, "y": 1})
ALIGNED = (16, 8, {"x": 0, "y": 8})

ATTRIBUTES = {
    "struct a { char x; int y; };": PLAIN,
    "struct a { char x; int y; } __attribute__((packed));": PACKED,
    "struct __attribute__((packed)) a { char x; int y; };": PACKED,
    "struct __attribute__((__packed__)) a { char x; int y; };": PACKED,
    "struct __attribute__((__unused__, __packed__, )) a { char x; int y; };": PACKED,
    "struct __attribute__((unused)) __attribute((packed)) a { char x; int y; };": PACKED,
    "struct a { char x; int y; } __attribute__((unused)) __attribute__((packed)) b;": PACKED,
    "extern struct a { char x; int y; } __attribute__((packed)) *b, c[2];": PACKED,
    "typedef struct a { char x; int y; } __attribute__((packed)) b;": PACKED,
    "typedef struct __attribute__((packed)) { char x; int y; } a;": PACKED,
    "typedef struct { char x; int y; } __attribute__((packed)) a, *b;": PACKED,
    "struct __attribute__((packed, aligned(4))) a { char x; int y; };": (8, 4, {"x": 0, "y": 1}),
    "struct __attribute__((packed)) a { char x; int y; } __attribute__((aligned(2)));": (
        *(6, 2),
        {"x": 0, "y": 1},
    ),
    "struct a { char x; int y; } __attribute__((aligned(2)));": PLAIN,
    "struct a { char x; int y; } __attribute__((aligned(1 << 4)));": (16, 16, PLAIN[2]),
    "struct a { char x; int y; } __attribute__((aligned(sizeof(long[2]))));": (16, 16, PLAIN[2]),
    "struct a { char x; int y; } __attribute__((aligned));": (16, 16, PLAIN[2]),
    "struct a { char x; int y __attribute__((packed)); };": PACKED,
    "struct a { char x; int __attribute__((packed)) y; };": PACKED,
    "struct a { char x; __attribute__((packed)) int y; };": PACKED,
    "struct a { char x; int y __attribute__((aligned(8))); };": ALIGNED,
    "struct a { char x; __attribute__((aligned(8))) int y; };": ALIGNED,
    "struct a { char x; const int __attribute__((aligned(8))) y; };": ALIGNED,
    "struct a { char x; _Alignas(8) int y; };": ALIGNED,
    "struct a { char x; _Alignas(long) int y; };": ALIGNED,
    "#include <stdalign.h>\nstruct a { char x; alignas(8) int y; };": ALIGNED,
    "struct a { char x; _Alignas(0) int y; };": PLAIN,
    "struct a { char x; int y __attribute__((aligned(__alignof__(int *)))); };": ALIGNED,
    "struct a { char x; int y __attribute__((packed, aligned(2))); };": (6, 2, {"x": 0, "y": 2}),
    "struct a { char x; int __attribute__((aligned(8))) y, z; };": (
        *(24, 8),
        {"x": 0, "y": 8, "z": 16},
    ),
    "struct a { char x; int y, z __attribute__((aligned(8))); };": (
        *(16, 8),
        {"x": 0, "y": 4, "z": 8},
    ),
    "struct a { char x; int y __attribute__((aligned(8))), z; };": (
        *(16, 8),
        {"x": 0, "y": 8, "z": 12},
    ),
    "struct a { char x; int y[2] __attribute__((aligned(8))); };": ALIGNED,
    "struct a { char x; void (*y)(int) __attribute__((aligned(16))); };": (
        *(32, 16),
        {"x": 0, "y": 16},
    ),
    "struct a { char x; void (__attribute__((unused)) *y)(void); };": ALIGNED,
    "struct a { char x; struct { int z; } __attribute__((aligned(8))) y; };": (
        *(16, 8),
        {"x": 0, "y": 8, "y.z": 8},
    ),
    "struct a { char x; struct { int y; } __attribute__((packed)); };": PACKED,
    "struct a { char x; struct { char z; int w; } y __attribute__((packed)); };": (
        *(9, 1),
        {"x": 0, "y": 1, "y.z": 1, "y.w": 5},
    ),
    "typedef int t __attribute__((aligned(8)));\nstruct a { char x; t y; };": ALIGNED,
    "typedef __attribute__((aligned(8))) int t;\nstruct a { char x; t y; };": ALIGNED,
    "typedef int __attribute__((aligned(2))) t;\nstruct a { char x; t y; };": (
        *(6, 2),
        {"x": 0, "y": 2},
    ),
    "typedef int s __attribute__((aligned(8)));\ntypedef s t;\nstruct a { char x; t y; };": ALIGNED,
    "typedef int s __attribute__((aligned(16)));\ntypedef s t __attribute__((aligned(8)));\n"
    "struct a { char x; t y; };": ALIGNED,
    "struct s { char x; int y; };\ntypedef struct s t __attribute__((aligned(8)));\n"
    "struct a { char x; t y; };": (16, 8, {"x": 0, "y": 8, "y.x": 8, "y.y": 12}),
    "typedef struct { char x; int y; } a __attribute__((packed));": PLAIN,  # ignored
    "__attribute__((packed)) struct a { char x; int y; };": PLAIN,  # ignored
    "#define __packed __attribute__((packed))\nstruct a { char x; int y; } __packed;": PACKED,
    "#define ATTR(x) __attribute__((x))\nstruct ATTR(packed) a { char x; int y; };": PACKED,
    '__extension__ struct a { char x; int y; } __attribute__((deprecated("a;}")));': PLAIN,
    "struct a { char x; __extension__ int y; };": PLAIN,
    'struct a { char x; int y; _Static_assert(sizeof(int) == 4, "}"); };': PLAIN,
    "struct a { char x;; int y;; };": PLAIN,
    "#pragma pack(1)\nstruct a { char x; int y; };": PACKED,
    "#pragma pack(push, 1)\nstruct a { char x; int y; };\n#pragma pack(pop)\n": PACKED,
    "#pragma pack(push, 1)\n#pragma pack(pop)\nstruct a { char x; int y; };": PLAIN,
    "#pragma pack(1)\n#pragma pack()\nstruct a { char x; int y; };": PLAIN,
    "#pragma pack(push, 2)\n#pragma pack(push, 1)\n#pragma pack(pop)\n"
    "struct a { char x; int y; };": (6, 2, {"x": 0, "y": 2}),
    "#pragma pack(push)\n#pragma pack(1)\nstruct a { char x; int y; };": PACKED,
    "#pragma pack(push, here, 1)\nstruct a { char x; int y; };\n#pragma pack(pop, here)": PACKED,
    "#pragma pack(1)\n#pragma pack(pop)\nstruct a { char x; int y; };": PACKED,
    "#pragma pack(3)\nstruct a { char x; int y; };": PLAIN,
    "#pragma pack(1)\n#pragma pack(0)\nstruct a { char x; int y; };": PLAIN,
    '_Pragma("pack(1)") struct a { char x; int y; };': PACKED,
    '#define BEGIN _Pragma("pack(push, 1)")\nBEGIN\nstruct a { char x; int y; };': PACKED,
    "#pragma pack(2)\nstruct a { char x; int y __attribute__((aligned(8))); };": (
        *(6, 2),
        {"x": 0, "y": 2},
    ),
    "#pragma pack(1)\nstruct a { char x; struct { int y; }; } __attribute__((aligned(4)));": (
        *(8, 4),
        {"x": 0, "y": 1},
    ),
    "#pragma pack(1)\nstruct s { int y; };\n#pragma pack()\nstruct a { char x; struct s y; };": (
        *(5, 1),
        {"x": 0, "y": 1, "y.y": 1},
    ),
}


@pytest.mark.parametrize("text", ATTRIBUTES)
def test_attributes(text: str, read_text: ReadText) -> None:
    """Catches an attribute or a pragma that is lost, or applied to the wrong thing."""
    assert shape(struct_of(read_text(text))) == ATTRIBUTES[text]


@pytest.mark.usefixtures("scratch")
def test_attributes_are_what_compilers_say() -> None:
    """Catches a row of the table above that is wrong itself."""
    compiler = oracle.any_compiler("x86_64")
    for text, (size, align, offsets) in ATTRIBUTES.items():
        name = "struct a" if " a {" in text else "a"
        questions = [f"sizeof({name})", f"_Alignof({name})"]
        questions += [f"__builtin_offsetof({name}, {path})" for path in offsets]
        assert numbers(compiler, text, questions) == [size, align, *offsets.values()], text


@pytest.mark.parametrize(("abi", "align"), [("x86_64", 16), ("x86_32", 16), ("arm32", 8)])
def test_aligned_without_amount(read_text: ReadText, abi: str, align: int) -> None:
    """Catches ``aligned`` without a number that is not the most a target has use for."""
    struct = struct_of(read_text("struct a { char x; } __attribute__((aligned));", abi))
    assert struct.align == align


def test_attribute_of_cpp11(read_text: ReadText) -> None:
    """Catches an attribute in double brackets that is overlooked."""
    text = "struct [[gnu::packed]] a { char x; int y [[gnu::aligned(2), maybe_unused]]; };"
    assert shape(struct_of(read_text(text))) == (6, 2, {"x": 0, "y": 2})


@pytest.mark.parametrize(("word", "size"), [("__packed", 5), ("__aligned(16)", 16)])
def test_undefined_attribute_macro(read_text: ReadText, path: Path, word: str, size: int) -> None:
    """Catches a well-known macro that nothing defines, and that is read as a variable's name."""
    source = read_text(f"struct a {{\n  char x; int y;\n}} {word};\nstruct b {{ int x; }};\n")
    name = word.partition("(")[0]
    assert [one.name for one in source.assumptions] == [name]
    assert source.assumptions[0].message.startswith(f"{path}:3: {name} is not defined")
    assert struct_of(source).size == size
    assert struct_of(source, "b").size == 4


def test_misplaced_attribute(read_text: ReadText) -> None:
    """Catches an attribute in brackets that changes the layout and is dropped."""
    source = read_text("struct a { char x; int (y __attribute__((aligned(8)))); };")
    assert "not understood" in source.problems["a"].message


# Names.


def test_tag_like_typedef(read_text: ReadText) -> None:
    """Catches a tag and a typedef of one name that are mixed up."""
    source = read_text("typedef struct a { int x; } a;\nstruct b { a y; struct a z; };\n")
    assert shape(struct_of(source, "b"))[2] == {"y": 0, "y.x": 0, "z": 4, "z.x": 4}
    assert source.declarations.typedefs["a"].type is source.declarations.aggregates["a"]


def test_member_like_typedef(read_text: ReadText) -> None:
    """Catches a member that is called like its type, or like another one."""
    source = read_text(
        "#include <stdint.h>\ntypedef uint32_t ref;\nstruct a { ref ref; uint8_t uint16_t; };\n"
    )
    assert shape(struct_of(source)) == (8, 4, {"ref": 0, "uint16_t": 4})


def test_typedef_declared_again(read_text: ReadText) -> None:
    """Catches a typedef that is repeated, as C11 allows, and lost for that."""
    source = read_text("typedef int a;\ntypedef int a;\ntypedef a a;\nstruct b { a x; };\n")
    assert struct_of(source, "b").size == 4


def test_forward_declaration(read_text: ReadText) -> None:
    """Catches a struct that is lost because it was announced before."""
    source = read_text(
        "struct a;\ntypedef struct a a_t;\nextern struct a b;\nstruct a { int x; };\nstruct a;\n"
    )
    assert struct_of(source).size == 4


def test_defined_after_use(read_text: ReadText) -> None:
    """Catches a struct that is used, by pointer or by a typedef of it, before it is there."""
    source = read_text(
        "typedef struct b b_t;\nstruct a { struct b *x; b_t *y; struct never *z; };\n"
        "struct b { int x; struct a *back; };\n"
    )
    struct = struct_of(source)
    assert struct.size == 24
    pointees = [field.pointee for field in struct.fields]
    assert [(one.type, one.size) for one in pointees if one] == [
        ("struct b", 16),
        ("b_t", 16),
        ("struct never", None),
    ]


def test_refers_to_itself(read_text: ReadText) -> None:
    """Catches a list or a tree that is followed without end."""
    source = read_text(
        "typedef struct a a_t;\nstruct a { struct a *next; a_t **previous; a_t *(*f)(a_t *); };\n"
    )
    struct = struct_of(source)
    assert struct.size == 24
    assert struct.field("next").pointee == Pointee("struct a", 24, None)


def test_typedefs_in_a_circle(read_text: ReadText, path: Path) -> None:
    """Would catch typedefs that are followed round and round, once for each of them."""
    names = [f"t{number}" for number in range(1500)]
    text = "".join(f"typedef {a} {b};\n" for a, b in pairwise([*names, names[0]]))
    source = read_text(f"{text}typedef t7 tail;\nstruct a {{ t3 x; }};\nstruct b {{ int x; }};\n")
    assert source.problems.keys() == {*names, "tail", "a"}
    where = f"{path}:1: t1: a typedef that leads back to itself"
    assert source.problems["t1"].message == where
    assert "t3: a typedef that leads back to itself" in source.problems["a"].message
    assert set(source.declarations.aggregates) == {"b"}
    assert not source.declarations.typedefs


def test_several_declarators(read_text: ReadText) -> None:
    """Catches a typedef of several names, some of which are lost."""
    source = read_text(
        "typedef struct { int x; } a, *b, c[3], (*d)(int), e(void), *(*f[2])(int *);\n"
    )
    typedefs = source.declarations.typedefs
    assert not source.problems
    assert set(typedefs) == {"a", "b", "c", "d", "f"}  # e is a function
    assert typedefs["b"].type == Pointer(typedefs["a"].type)
    assert typedefs["c"].type == Array(typedefs["a"].type, 3)
    assert typedefs["d"].type == Pointer(None)
    assert typedefs["f"].type == Array(Pointer(None), 2)


def test_typedef_of_function(read_text: ReadText) -> None:
    """Catches a pointer to a function that is declared by way of a typedef, and not read."""
    source = read_text("typedef int f(int);\ntypedef f *g;\nstruct a { f *x; g y; };\n")
    assert [field.kind for field in struct_of(source).fields] == ["handle", "handle"]


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("unsigned", "unsigned int"),
        ("signed", "int"),
        ("long unsigned int", "unsigned long"),
        ("int long long", "long long"),
        ("short signed int", "short"),
        ("char unsigned", "unsigned char"),
        ("__signed__ char", "signed char"),
        ("const volatile int", "int"),
        ("__const int", "int"),
        ("double", "double"),
        ("_Bool", "_Bool"),
    ],
)
def test_spelling_of_types(read_text: ReadText, spelled: str, name: str) -> None:
    """Catches a type of C that is spelled in another order and not recognised."""
    source = read_text(f"typedef {spelled} a;")
    assert source.declarations.typedefs["a"].type == Arithmetic(name)


def test_types_of_members(read_text: ReadText) -> None:
    """Catches a member whose type is put together wrongly."""
    source = read_text(
        "#include <stdint.h>\ntypedef uint8_t u8;\n"
        "struct a { u8 *const x[2][3]; struct b *y; union c *z; int (*w)[4]; const char *v; };"
    )
    assert not source.problems
    assert [member.type for member in source.declarations.aggregates["a"].members] == [
        Array(Array(Pointer(Named("u8")), 3), 2),
        Pointer(Tagged("struct", "b")),
        Pointer(Tagged("union", "c")),
        Pointer(Array(Arithmetic("int"), 4)),
        Pointer(Arithmetic("char")),
    ]


# Structs.


def test_anonymous_members(read_text: ReadText) -> None:
    """Catches members of a struct without a name that are lost, or put one level too low."""
    source = read_text(
        "struct a { int x; union { int y; struct { char z, w; }; }; struct { void *p; }; };"
    )
    assert shape(struct_of(source)) == (16, 8, {"x": 0, "y": 4, "z": 4, "w": 5, "p": 8})


def test_types_inside_structs(read_text: ReadText) -> None:
    """Catches a declaration among members that declares no member, and shifts the others."""
    source = read_text(
        "struct a {\n  struct b { int x; };\n  struct c;\n  enum { TWO = 2, THREE };\n"
        "  enum d { FOUR = 4 };\n  struct e { char x; } y[THREE];\n  int : 8;\n  struct b z;\n};\n"
    )
    layout = fine(source)
    assert shape(layout.structs["a"]) == (8, 4, {"y": 0, "y[].x": 0, "z": 4, "z.x": 4})
    assert set(layout.structs) == {"a", "b", "e"}
    assert set(layout.constants) == {"TWO", "THREE", "FOUR"}


def test_flexible_and_empty_arrays(read_text: ReadText) -> None:
    """Catches an array without elements that takes room, or is left out."""
    source = read_text("struct b { long x[0]; };\nstruct a { char x; struct b y; int z[]; };")
    assert shape(struct_of(source)) == (8, 8, {"x": 0, "y": 8, "y.x": 8, "z": 8})


def test_bit_fields(read_text: ReadText) -> None:
    """Catches a bit-field in the wrong byte, or of the wrong kind."""
    source = read_text(
        "struct a { unsigned x : 3, y : 6; int : 0; signed z : 2;"
        " _Bool w : 1; long : 40; char v; };"
    )
    assert [
        (field.name, field.offset, field.size, field.type, field.kind, field.signed)
        for field in struct_of(source).fields
    ] == [
        ("x", 0, 1, "unsigned int:3", "bits", False),
        ("y", 0, 2, "unsigned int:6", "bits", False),
        ("z", 4, 1, "int:2", "bits", True),
        ("w", 4, 1, "_Bool:1", "bits", False),
        ("v", 13, 1, "char", "int", True),
    ]


@pytest.mark.parametrize(("abi", "size"), [("x86_64", 4), ("arm32", 8), ("arm64", 8)])
def test_zero_width_on_arm(read_text: ReadText, abi: str, size: int) -> None:
    """Catches that bit-fields without a name align a struct on ARM, and only there."""
    source = read_text("struct a { char x; int : 0; char y[0]; long long : 0; };", abi)
    assert struct_of(source).size == (8 if abi == "x86_64" else size)


def test_constants_in_arrays(read_text: ReadText) -> None:
    """Catches the length of an array that is an expression, and evaluated wrongly."""
    source = read_text(
        "#include <stddef.h>\n#define N 3\nenum { M = N + 1 };\n"
        "struct b { char x; long y; };\n"
        "struct a { char x[M * 2 - 1], y[sizeof(struct b)], z[offsetof(struct b, y)],"
        " w[(N > 2) ? 5 : 1], v[sizeof(int[N])], u[sizeof (int) * 2]; };"
    )
    assert [field.size for field in struct_of(source).fields] == [7, 16, 8, 5, 12, 8]


def test_holes_of_arrays(read_text: ReadText) -> None:
    """Catches holes that are not seen in all elements of an array of structs."""
    source = read_text(
        "struct b { char x; short y; };\nstruct a { char x; struct b y[2]; union { struct b z[2];"
        " char w[3]; }; };"
    )
    assert struct_of(source).holes == ((1, 1), (3, 1), (7, 1), (15, 1))


def test_atomic(read_text: ReadText) -> None:
    """Catches an atomic member that is not read, or where its alignment is not certain."""
    text = "struct a { char x; _Atomic long long y; _Atomic(short) z; };"
    assert struct_of(read_text(text)).size == 24
    assert "_Atomic" in read_text(text, "x86_32").problems["a"].message


@pytest.mark.parametrize(("abi", "words"), [("x86_64", 8), ("x86_32", 4), ("arm32", 4)])
def test_words(read_text: ReadText, abi: str, words: int) -> None:
    """Catches a type that is as wide as the machine, and taken for another width."""
    source = read_text(
        "#include <stddef.h>\nstruct a { long x; void *y; size_t z; intptr_t w; ptrdiff_t v; };",
        abi,
    )
    assert [field.size for field in struct_of(source).fields] == [words] * 5


# Constants.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#define A 5", Constant(5, 4, signed=True)),
        ("#define A (-1)", Constant(-1, 4, signed=True)),
        ("#define A ((-(1)))", Constant(-1, 4, signed=True)),
        ("#define A 0xffffffff", Constant(0xFFFFFFFF, 4, signed=False)),
        ("#define A 4294967295", Constant(0xFFFFFFFF, 8, signed=True)),
        ("#define A 010", Constant(8, 4, signed=True)),
        ("#define A 'x'", Constant(120, 4, signed=True)),
        ("#define A ((uint32_t)~0 << 16)", Constant(0xFFFF0000, 4, signed=False)),
        ("#define A (1 << 31)", Constant(-(1 << 31), 4, signed=True)),
        ("#define A (1u << 31)", Constant(1 << 31, 4, signed=False)),
        ("#define A ((t)0x7FF0U)", Constant(0x7FF0, 2, signed=False)),
        ("#define A ((_Bool)4)", Constant(1, 1, signed=False)),
        ("#define A ((short)0x8000)", Constant(-0x8000, 2, signed=True)),
        ("#define A (1 ? -1 : 0u)", Constant(0xFFFFFFFF, 4, signed=False)),
        ("#define A (0 && 1 / 0)", Constant(0, 4, signed=True)),
        ("#define A (1 ? 2 : 1 / 0)", Constant(2, 4, signed=True)),
        ("#define A sizeof(1 / 0)", Constant(4, 8, signed=False)),
        ("#define A (-7 / 2)", Constant(-3, 4, signed=True)),
        ("#define A (-7 % 2)", Constant(-1, 4, signed=True)),
        ("#define A __extension__ (3)", Constant(3, 4, signed=True)),
        ("#define B 2\n#define A (B + C)\n#define C 3", Constant(5, 4, signed=True)),
        ("#define CAT(x, y) x##y\n#define XY 9\n#define A CAT(X, Y)", Constant(9, 4, signed=True)),
        ("#define A 1\n#undef A\n#define A 2", Constant(2, 4, signed=True)),
        ("enum { A = 3 };", Constant(3, 4, signed=True)),
        ("typedef enum e { Z = 7, A } e;", Constant(8, 4, signed=True)),
        ("enum e { A = 0x80000000 };", Constant(0x80000000, 4, signed=False)),
        ("enum e { A = -5, Z = 0x80000000 };", Constant(-5, 4, signed=True)),
        ("struct s { enum { A = 6, } x; };", Constant(6, 4, signed=True)),
        ("enum e { A __attribute__((deprecated)) = 3, Z };", Constant(3, 4, signed=True)),
        ("enum { A = 3 };\n#define A A", Constant(3, 4, signed=True)),
    ],
)
def test_constants(read_text: ReadText, text: str, expected: Constant) -> None:
    """Catches a constant with the wrong value, width or signedness."""
    source = read_text(f"#include <stdint.h>\ntypedef uint16_t t;\n{text}\n")
    assert source.declarations.constants["A"] == expected
    assert not source.problems


@pytest.mark.parametrize(
    "text",
    [
        "#define A",
        '#define A "3"',
        "#define A int",
        "#define A unsigned int",
        "#define A struct b",
        "#define A(x) 3",
        "#define A 1\n#undef A",
        "#define A do_something",
        "#define A __attribute__((aligned(8)))",
        "#define A ((char *)16)",
        '#define A { "1", "2" }',
        "#define A { 1, 2 }",
        "#define A if (x",
        "#define A 1.5f",
    ],
)
def test_not_constants(read_text: ReadText, text: str) -> None:
    """Catches a macro that is no integer and is taken for one, or spoils the others."""
    source = read_text(f"{text}\n#define B 2\n")
    assert set(source.declarations.constants) == {"B"}


def test_spoilt_macros(read_text: ReadText, preprocessor: str, path: Path) -> None:
    """Catches a macro that nobody can use, and that keeps all others from being read."""
    source = read_text(
        "#define F(x) x\n#define A F(\n#define B 2\n#define C F(1, 2)\n#define D 4 // don't\n"
        "#define E (5 / 0)\n#define G 7 @\n#define H '8\n#define I 9\n"
    )
    assert set(source.declarations.constants) == {"B", "D", "I"}
    where = {name: problem.message.split(": ")[0] for name, problem in source.problems.items()}
    assert where["A"] == f"{path}:2"
    assert where["C"] == f"{path}:4"
    assert source.problems["E"].message == (
        f"{path}:6: E: division by zero in a constant expression"
    )


def test_sizes_of_enums(read_text: ReadText) -> None:
    """Catches an enum that is not as wide, or not as signed, as compilers make it."""
    source = read_text(
        "enum a { A }; enum b { B = -1 }; enum c { C = 1ull << 40 }; enum d { D = -1ll << 40 };\n"
        "enum __attribute__((packed)) e { E = 255 };\n"
        "enum f { F = -1, G = 200 } __attribute__((packed));\n"
        "struct s { enum a a; enum b b; enum c c; enum d d; enum e e; enum f f; enum a *g; };\n"
    )
    assert [(field.size, field.signed) for field in struct_of(source, "s").fields] == [
        (4, False),
        (4, True),
        (8, False),
        (8, True),
        (1, False),
        (2, True),
        (8, None),
    ]


def test_messages(read_text: ReadText) -> None:
    """Catches messages that are cut apart or joined wrongly, or taken from another macro."""
    source = read_text(
        '#define OTHER { "x" }\n'
        '#define GNTTABOP_error_msgs { \\\n  "one", \\\n  "two, " "too", \\\n'
        '  "a \\"b\\" {}", \\\n}\n'
        '#define ANOTHER { "y" }\n'
    )
    assert source.declarations.messages == ("one", "two, too", 'a "b" {}')


def test_gates(read_text: ReadText) -> None:
    """Catches a gate that lets the wrong interface versions through."""
    text = (
        "#define __XEN_LATEST_INTERFACE_VERSION__ 0x00040300\n"
        "#if __XEN_INTERFACE_VERSION__ < 0x0003020a\nstruct a { char x; };\n"
        "#else\nstruct a { int x; };\n#endif\n"
    )
    for version, size in ((UNDEFINED, 1), (0x00030209, 1), (0x0003020A, 4), (0x00040300, 4)):
        source = read_text(text, version=version)
        assert struct_of(source).size == size
        assert source.latest == 0x00040300
        assert not source.declarations.constants


def test_architecture_macros(read_text: ReadText, preprocessor: str) -> None:
    """Catches a macro of the host's own compiler that is seen, or one of the target that is not."""
    text = "".join(
        f"#ifdef {name}\n#define HAS_{index} 1\n#endif\n"
        for index, name in enumerate(
            ("__x86_64__", "__i386__", "__aarch64__", "__arm__", "__riscv", "__powerpc64__")
        )
    )
    text += "#if defined(__linux__) || defined(linux) || defined(__PCPP__)\n#error host\n#endif\n"
    text += "#if defined(__LP64__) != (__SIZEOF_POINTER__ == 8)\n#error word\n#endif\n"
    for index, abi in enumerate(TARGETS):
        assert set(read_text(text, abi).declarations.constants) == {f"HAS_{index}"}


# What else stands in headers.


def test_functions_are_skipped(read_text: ReadText, preprocessor: str) -> None:
    """Catches a function body that swallows what follows, or a struct taken for one."""
    source = read_text(
        "static inline int f(struct a *x) { if (x) { return '}'; } return \"{\"[0]; }\n"
        "struct a { int x; };\n"
        "__attribute__((noinline)) int g(void)\n{\n  struct local { int x; } y;\n  return 0;\n}\n"
        "#define FUNCTION(name) static int name(void) { return ({ 1; }); }\nFUNCTION(h)\n"
        "struct __attribute__((packed)) b { char x; int y; };\n"
        "typedef struct __attribute__((packed)) { char x; int y; } c;\n"
        "struct d *k(void) { return 0; }\nint old(x) int x; { return x; }\n"
        "static const struct a e = { .x = 3 }, *i = &(struct a){ 4 };\nint j[] = { 1, 2 };\n"
        "struct d { char x; };\n"
    )
    layout = fine(source)
    sizes = {tag: struct.size for tag, struct in layout.structs.items()}
    assert sizes == {"a": 4, "b": 5, "c": 5, "d": 1}


def test_extern_c(read_text: ReadText) -> None:
    """Catches a linkage specification that hides what is in it."""
    source = read_text(
        'extern "C" {\nstruct a { int x; };\nextern "C++" { struct b { int x; }; }\n}\n'
        'extern "C" struct c { int x; };\nextern "C" { }\nstruct d { int x; };\n'
    )
    assert set(fine(source).structs) == {"a", "b", "c", "d"}


def test_unknown_macros_around_declarations(read_text: ReadText) -> None:
    """Catches a macro that nothing defines, and that takes the next declaration with it."""
    source = read_text(
        "DEFINE_THING(a, struct b *)\nstruct a { int x; };\nDEFINE_HANDLE(a);\nOTHER(x) NEXT(y)\n"
        "typedef struct a a_t;\nBEGIN_DECLS struct b { int x; };\nHANDLE(b);;\n"
        "__BEGIN typedef int c;\nstruct d { a_t x; c y; };\nEND_DECLS\nLAST(d)\n"
    )
    layout = fine(source)
    assert set(layout.structs) == {"a", "b", "d"}
    assert layout.structs["d"].size == 8


def test_assembler_and_assertions(read_text: ReadText) -> None:
    """Catches what is not C of the standard, and keeps the rest from being read."""
    source = read_text(
        'extern int f(void) __asm__("g");\nasm("nop");\n'
        'struct a { int x; };\n_Static_assert(sizeof(struct a) == 4, "no");\n'
        "extern __inline__ __attribute__((always_inline)) void g(void);\n"
        "extern char *h(const char *__restrict x, ...);\nstruct b { int x; } __attribute__(());\n"
    )
    assert set(fine(source).structs) == {"a", "b"}


def test_unknown_type(read_text: ReadText, path: Path) -> None:
    """Catches an unknown type that is not named with its place, or spoils the rest."""
    source = read_text(
        "struct a {\n  int x;\n  foo_t y;\n};\nstruct b { struct a x; };\n"
        "typedef bar_t baz_t;\nstruct c { baz_t x; };\nstruct d { int x; };\n#define E 5\n"
    )
    messages = {problem.name: problem.message for problem in source.problems.values()}
    assert set(messages) == {"a", "b", "baz_t", "c"}
    where = f"{path.name}:3"
    assert messages["a"] == f"{path}:1: struct a cannot be parsed: unknown type 'foo_t' at {where}"
    assert messages["b"].startswith(f"{path}:5: struct a is not defined: {path}:1: ")
    assert "unknown type 'bar_t'" in messages["baz_t"]
    assert "unknown type 'baz_t'" in messages["c"]
    assert set(source.declarations.aggregates) == {"d"}
    assert set(source.declarations.constants) == {"E"}


def test_wanted(read_text: ReadText) -> None:
    """Catches work on, or complaints about, what nobody asked for; and needs that are not met."""
    text = (
        "typedef int t;\nstruct b { t x; };\nstruct a { struct b x; struct c *y; };\n"
        "struct broken { foo_t x; };\n#define A 1\n#define B 2\n#define BROKEN (1 / 0)\n"
        "enum { C = 3, A_D };\n"
    )
    source = read_text(text, wanted=lambda name: name.lower().startswith("a"))
    assert set(source.declarations.aggregates) == {"a", "b"}
    assert set(source.declarations.typedefs) == {"t"}
    assert set(source.declarations.constants) == {"A", "A_D"}
    assert not source.problems


# Where things are.


def test_where(read_text: ReadText, preprocessor: str, path: Path, tmp_path: Path) -> None:
    """Catches a struct, member, typedef or constant that is said to be where it is not."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "inner.h").write_text('#include "../other.h"\n\nstruct inner { int x; };\n')
    (tmp_path / "other.h").write_text("\n#define OTHER 1\n")
    source = read_text(
        '#include "sub/inner.h"\n'  # 1
        "/* a comment\n   of three\n   lines */\n"  # 2
        "struct a\n{\n    int x,\n        y;\n"  # 5
        "    union {\n        int z;\n        struct inner w;\n    };\n"  # 9
        "    struct { int\n      v; } u;\n};\n"  # 13
        "#define A \\\n    1\n"  # 16
        "#define TWICE(x) struct x { int m; }; \\\n    struct x##2 { int m; }\n"  # 18
        "TWICE(b);\n"  # 20
        "\n\n\n\n\n\n\n\n\n\n\n\n"
        "typedef int\n    t;\n"  # 33
        "enum e {\n    E1,\n    E2\n};\n"  # 35
        "#define B 2\n"  # 39
    )
    assert not source.problems
    sub, other = tmp_path / "sub" / "inner.h", tmp_path / "other.h"
    lines = {"a": 5, "a.x": 7, "a.y": 8, "a.z": 10, "a.w": 11, "a.u": 14, "a.u.v": 14}
    lines |= {"A": 16, "b": 20, "b2": 20, "b.m": 20, "b2.m": 20, "t": 33, "E1": 36, "E2": 37}
    lines |= {"B": 39, "e": 35}
    expected = {name: f"{path}:{line}" for name, line in lines.items()}
    expected |= {"inner": f"{sub}:3", "inner.x": f"{sub}:3", "OTHER": f"{other}:2"}
    got = {name: where for name, where in source.where.items() if name in expected}
    assert got == expected
    assert set(source.files) == {str(path), str(sub), str(other)}


def test_line_directives(read_text: ReadText, path: Path) -> None:
    """Catches a #line that the preprocessor honours and we do not."""
    source = read_text('#line 70 "generated.h"\nstruct a { int x; };\n')
    assert source.where["a"] == "generated.h:70"


def test_includes(read_text: ReadText, preprocessor: str, tmp_path: Path) -> None:
    """Catches an include that is looked for elsewhere than C says."""
    for place, size in (("one", 1), ("two", 2), ("one/sub", 3)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "which.h").write_text(f"#define WHICH {size}\n")
    (tmp_path / "one" / "sub" / "beside.h").write_text('#include "which.h"\n')
    (tmp_path / "one" / "sub" / "around.h").write_text("#include <which.h>\n")
    (tmp_path / "which.h").write_text("#define WHICH 4\n")

    def which(text: str, *include: str) -> int:
        source = read_text(text, include=[tmp_path / name for name in include])
        return source.declarations.constants["WHICH"].value

    assert which('#include "which.h"\n', "one") == 4
    assert which("#include <which.h>\n", "one", "two") == 1
    assert which("#include <which.h>\n", "two", "one") == 2
    assert which('#include "one/sub/beside.h"\n', "two") == 3
    assert which("#include <sub/around.h>\n", "one") == 1
    assert which("#define NAME <which.h>\n#include NAME\n", "two") == 2


def test_include_beside_the_outer_header_is_not_found(
    read_text: ReadText, preprocessor: str, tmp_path: Path
) -> None:
    """Catches an include that is found beside a header further out, where C does not look."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "outer.h").write_text("#define OUTER 1\n")
    (tmp_path / "sub" / "inner.h").write_text('#include "outer.h"\n')
    with pytest.raises(SourceError, match=r"sub/inner\.h:1: .*outer\.h"):
        read_text('#include "sub/inner.h"\n')


def test_headers_of_the_host_are_not_seen(read_text: ReadText, preprocessor: str) -> None:
    """Catches a header of this machine that gets into a reading for another."""
    with pytest.raises(SourceError, match=r"small\.h:1: .*stdlib\.h"):
        read_text("#include <stdlib.h>\n")


@pytest.mark.parametrize("variable", ["CPATH", "C_INCLUDE_PATH"])
def test_environment_of_the_compiler(
    read_text: ReadText, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """Catches variables that have a compiler look in places that nobody named."""
    (tmp_path / "sneaky").mkdir()
    (tmp_path / "sneaky" / "sneaky.h").write_text("#define SNEAKY 1\n")
    monkeypatch.setenv(variable, str(tmp_path / "sneaky"))
    with pytest.raises(SourceError, match=r"small\.h:1: .*sneaky\.h"):
        read_text("#include <sneaky.h>\n")


def test_defines(read_text: ReadText, preprocessor: str) -> None:
    """Catches a -D that is not seen, or wins over nothing."""
    text = "#define A FOO + BAR\n#ifdef EMPTY\n#define B 1 EMPTY\n#endif\n"
    source = read_text(text, defines=("FOO", "BAR=(2)", "EMPTY=", "__GNUC__=3"))
    assert {name: one.value for name, one in source.declarations.constants.items()} == {
        "A": 3,
        "B": 1,
    }
    assert read_text("#define A __GNUC__\n", defines=("__GNUC__=3",)).declarations.constants[
        "A"
    ] == Constant(3, 4, signed=True)


def test_guards_and_once(read_text: ReadText, preprocessor: str, tmp_path: Path) -> None:
    """Catches a guard that is not honoured, or that is when it was undefined again."""
    (tmp_path / "guarded.h").write_text(
        "#ifndef GUARD\n#define GUARD\nstruct NAME { int x; };\n#endif\n"
    )
    (tmp_path / "once.h").write_text("#pragma once\nstruct once { int x; };\n")
    source = read_text(
        '#include "once.h"\n#include "once.h"\n#define NAME a\n#include "guarded.h"\n'
        '#include "guarded.h"\n#undef NAME\n#define NAME b\n#undef GUARD\n#include "guarded.h"\n'
    )
    assert set(fine(source).structs) == {"once", "a", "b"}


def test_conditions(read_text: ReadText, preprocessor: str) -> None:
    """Catches a condition that a preprocessor evaluates wrongly."""
    source = read_text(
        "#define F(x) ((x) + 1)\n#define BIG 0xffffffffffffffffULL\n"
        "#if F(1) == 2 && 0x10 == 16 && !defined(NO) && 'a' == 97 && (1 ? 2 : 0) == 2\n"
        "#define A 1\n#endif\n"
        "#if BIG > 1ULL && -1 < 0 && 1U << 3 == 8 && 10L == 10ll && -1 > 0u && 07 == 7\n"
        "#define B 1\n#endif\n"
        "#if UNKNOWN\n#define C 1\n#elif 1\n#define D 1\n#else\n#define E 1\n#endif\n"
        "#ifndef A\n#define G 1\n#elif defined B\n#define H 1\n#endif\n"
        "#ifdef __has_attribute\n#if __has_attribute(packed)\n#define I 1\n#endif\n#endif\n"
        "#if 0\ndon't look /* here\n#if 1\n#endif */\n#endif\n"
    )
    assert set(source.declarations.constants) == {"A", "B", "D", "H", "I", "BIG"}


# The headers of our own.


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("abi", ["x86_64", "x86_32", "arm64", "arm32"])
@pytest.mark.parametrize("name", ["stdint.h", "limits.h", "stddef.h"])
def test_own_headers_agree_with_compilers(read_text: ReadText, name: str, abi: str) -> None:
    """Catches a limit or a type of ours that is not the compiler's."""
    # gcc's limits.h needs that of a C library; in clang's stdint.h UINT8_MAX is unsigned
    compiler = oracle.compiler("clang" if name == "limits.h" else "gcc", abi)
    text = (OWN_INCLUDE / name).read_text()
    limits = [one for one in macro_names(text) if one.endswith(("_MAX", "_MIN", "_BIT"))]
    types = [line.split()[-1].rstrip(";") for line in text.splitlines() if "typedef" in line]
    types = [one for one in types if "fast" not in one]  # freestanding compilers differ
    names = [f"OUR_{limit}" for limit in limits]
    names += [f"OUR_{one}_{what}" for one in types for what in ("size", "sign")]
    header = f"#include <{name}>\n"
    header += "".join(f"#define OUR_{limit} {limit}\n" for limit in limits)
    for one in types:
        header += f"#define OUR_{one}_size sizeof({one})\n"
        header += f"#define OUR_{one}_sign (({one})-1 < 1)\n"
    source = read_text(header, abi)
    assert not source.problems
    questions = [q for n in names for q in (n, f"sizeof({n})", f"(__typeof__({n}))-1 < 1")]
    expected = iter(numbers(compiler, header, questions))
    assert len(names) > 5 or name == "stddef.h"
    for one in names:
        ours = source.declarations.constants[one]
        theirs = (next(expected), next(expected), bool(next(expected)))
        assert (ours.value % (1 << 64), ours.size, ours.signed) == theirs, one


@pytest.mark.parametrize(
    "name",
    [str(file.relative_to(OWN_INCLUDE)) for file in sorted(OWN_INCLUDE.rglob("*.h"))],
)
def test_own_headers_are_silent(read_text: ReadText, preprocessor: str, name: str) -> None:
    """Catches a header of ours that cannot be read, or whose contents pass for the user's."""
    source = read_text(f"#include <{name}>\n#include <{name}>\nstruct a {{ int x; }};\n")
    assert set(fine(source).structs) == {"a"}
    assert not source.declarations.constants
    assert not source.declarations.typedefs
    assert len(source.files) == 1


def test_types_of_own_headers(read_text: ReadText) -> None:
    """Catches a type of a header of ours that is missing, or of the wrong size."""
    source = read_text(
        "#include <inttypes.h>\n#include <limits.h>\n#include <linux/types.h>\n"
        "#include <stdbool.h>\n#include <stddef.h>\n#include <string.h>\n#include <sys/types.h>\n"
        "struct a { bool a; __u8 b; __le16 c; __u32 d; __s64 e; __be64 f; u_int g; off_t h;"
        " pid_t i; wchar_t j; intmax_t k; uint_fast16_t l; uint_least32_t m; ssize_t n;"
        " __aligned_u64 o; };\n"
        "#define A (UINT64_C(0) + UINT32_MAX + true + INT_MAX * 0)\n"
        "struct b { void *a; char b[offsetof(struct a, d)]; };\n",
        "x86_32",
    )
    assert [field.size for field in struct_of(source).fields] == [
        *(1, 1, 2, 4, 8, 8, 4, 4, 4, 4, 8, 4, 4, 4, 8)
    ]
    assert struct_of(source).field("o").offset % 8 == 0
    assert source.declarations.constants["A"].value == 1 << 32
    assert struct_of(source, "b").size == 8


def test_kernel_types(read_text: ReadText) -> None:
    """Catches the short names of types in the kernel, which others see by assumption only."""
    text = "#include <linux/types.h>\nstruct a { u8 x; aligned_u64 y; };\n"
    kernel, other = (read_text(text, "x86_32", defines=one) for one in (("__KERNEL__",), ()))
    assert struct_of(kernel).size == struct_of(other).size == 16
    assert not kernel.assumptions
    assert {one.name for one in other.assumptions} == {"u8", "aligned_u64"}


# Preprocessors.


def _all(job: Job) -> tuple[Declarations, dict[str, str], set[str]]:
    """Return all that there is to compare between two readings."""
    source = read(job)
    assert not source.problems
    return source.declarations, source.where, set(source.files)


SEEN = [
    *[("ours", abi, version) for abi in ("x86_64", "arm32") for version in (0, 0x00041300)],
    *[("ours", "x86_32", version) for version in (0x00030209, 0x0003020A)],
    ("ours", "riscv64", 0x00040200),
    ("ours", "ppc64", 0x00040E00),
    *[("libxen-dev's", abi, 0x00040E00) for abi in ("x86_64", "x86_32", "arm64")],
    ("libxen-dev's", "arm32", 0),
    ("libxen-dev's", "x86_64", 0x00030209),
]


@pytest.mark.parametrize("other", ["clang", "pcpp"])
@pytest.mark.parametrize(("header", "abi", "version"), SEEN)
def test_preprocessors_agree(
    monkeypatch: pytest.MonkeyPatch, header: str, abi: str, version: int, other: str
) -> None:
    """Catches a header that reads differently with another preprocessor."""
    path = OURS
    if header != "ours":
        path = oracle.DISTRIBUTION / "xen" / "grant_table.h"
        oracle.need(path.is_file(), str(path), "apt install libxen-dev")
    job = Job(path, TARGETS[abi], version)
    use("gcc", monkeypatch)
    expected = _all(job)
    monkeypatch.undo()
    use(other, monkeypatch)
    assert _all(job) == expected


def test_refused_by_each(read_text: ReadText, preprocessor: str, path: Path) -> None:
    """Catches an #error that is not told from other errors, or whose words are lost."""
    text = (
        "#if __XEN_INTERFACE_VERSION__ > 0x00040000\n"
        '#error "These headers do not go so far"\n#endif\nint x;\n'
    )
    read_text(text, version=0x00040000)
    with pytest.raises(Refused) as caught:
        read_text(text, version=0x00040001)
    assert str(caught.value) == f"{path}:2: #error These headers do not go so far"
    assert caught.value.got == "These headers do not go so far"


def test_no_preprocessor(read_text: ReadText, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a machine with neither a compiler nor pcpp that is not told what to install."""
    import sys

    monkeypatch.setattr(preprocess, "compiler", lambda: None)
    monkeypatch.delitem(sys.modules, "xengnt.sources.cheader.with_pcpp", raising=False)
    monkeypatch.delattr("xengnt.sources.cheader.with_pcpp", raising=False)
    monkeypatch.setitem(sys.modules, "pcpp", None)
    with pytest.raises(Unavailable, match=r"xengnt\[pcpp\]"):
        read_text("int x;\n")


def test_compiler_from_the_environment(
    read_text: ReadText, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Catches CC with arguments, or of a compiler that is not there, that is not honoured."""
    note = tmp_path / "note"
    real = oracle.need(shutil.which("cc") or shutil.which("gcc"), "cc", "apt install gcc")
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> {note}\nshift\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CC", f"{wrapper} --cached")
    read_text("int x;\n")
    assert set(note.read_text().split()) == {"--cached"}
    monkeypatch.setenv("CC", str(tmp_path / "missing"))
    with pytest.raises(Unavailable, match="missing"):
        read_text("int x;\n")


def test_relative_paths(
    read_text: ReadText, monkeypatch: pytest.MonkeyPatch, path: Path, preprocessor: str
) -> None:
    """Catches a header, or a directory to search, that is found only by its full name."""
    read_text("#include <more.h>\nstruct a { int x; };\n", include=[_more(path)])
    monkeypatch.chdir(path.parent)
    source = read(Job(Path(path.name), TARGETS["x86_64"], UNDEFINED, include=("more",)))
    assert source.where["a"] == f"{path}:2"
    assert source.where["MORE"] == f"{path.parent}/more/more.h:1"


def _more(path: Path) -> Path:
    """Make a directory with a header beside a path."""
    more = path.parent / "more"
    more.mkdir()
    (more / "more.h").write_text("#define MORE 1\n")
    return more


def test_odd_names_of_files(tmp_path: Path, preprocessor: str) -> None:
    """Catches a name with a space or a backslash that is not found, or comes out wrong."""
    directory = tmp_path / "it's an odd\\name"
    directory.mkdir()
    path = directory / "a b.h"
    path.write_text('#include "c d.h"\nstruct a { int x; };\n#define A 1\n')
    (directory / "c d.h").write_text("struct c { int x; };\n")
    source = read(Job(path, TARGETS["x86_64"], UNDEFINED))
    assert source.where["a"] == f"{path}:2"
    assert source.where["A"] == f"{path}:3"
    assert source.where["c"] == f"{directory / 'c d.h'}:1"


# The parts by themselves.


def test_tokens() -> None:
    """Catches text that is cut at the wrong places, or is given the wrong line."""
    tokens = tokenize('# 1 "f.h"\na->b <<= 0x1Fu;\n"s\\"t" L\'c\' 1.5e-3\n#define X 1\n\n..c ++d')
    assert [(token.text, token.line) for token in tokens.tokens] == [
        *(("a", 1), ("->", 1), ("b", 1), ("<<=", 1), ("0x1Fu", 1), (";", 1)),
        *(('"s\\"t"', 2), ("L'c'", 2), ("1.5e-3", 2)),
        *((".", 5), (".", 5), ("c", 5), ("++", 5), ("d", 5)),
    ]
    assert [(macro.name, macro.line) for macro in tokens.macros.values()] == [("X", 3)]


def test_cut() -> None:
    """Catches declarations that run into each other."""
    tokens = tokenize(
        '# 1 "f.h"\nint a;\nint f(void) { ; }\nint b[] = { 1 }, c;;\nstruct d { int e; };'
    )
    texts = [" ".join(token.text for token in one.tokens) for one in cut(tokens.tokens)]
    assert texts == ["int a ;", "int b [ ] = { 1 } , c ;", "struct d { int e ; } ;"]


def test_comments() -> None:
    """Catches a comment that is not seen, or seen where there is none."""
    text = (
        "int a; /* behind */ // and more\n/* above\n * of two */\nint b;\n"
        'char *c = "/* no */"; char d = \'"\'; // yes\n/* one */ /* two */ int e; /* three */\n'
        "x / y; // last"
    )
    found = [(one.text, one.start, one.end, one.alone) for one in Markup("", text).comments]
    assert found == [
        ("behind", 1, 1, False),
        ("and more", 1, 1, False),
        ("above\nof two", 2, 3, True),
        ("yes", 5, 5, False),
        ("one", 6, 6, True),
        ("two", 6, 6, True),
        ("three", 6, 6, False),
        ("last", 7, 7, False),
    ]


def test_directions() -> None:
    """Catches a heading that is applied to the members before it, or of another struct."""
    markup = Markup("", "/* IN parameters. */\nint a;\n/* OUT */\nint b;\n/* not IN */\nint c;\n")
    assert [markup.direction(2, line) for line in (2, 4, 6)] == [None, "OUT", "OUT"]
    assert [markup.direction(1, line) for line in (1, 2, 3, 4)] == [None, "IN", "IN", "OUT"]


def test_version_is_checked() -> None:
    """Catches a macro on the command line that is no identifier."""
    with pytest.raises(InvalidValue, match="not the name of a macro"):
        Job(OURS, TARGETS["x86_64"], UNDEFINED, defines=("A-B=1",)).macros()
