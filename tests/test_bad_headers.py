# SPDX-License-Identifier: MIT
"""What is no header, or a broken or hostile one: one clear line, or what can be read of it."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import time
from pathlib import Path

import pytest

from xengnt.abi.layout import compute
from xengnt.abi.targets import TARGETS, UNDEFINED
from xengnt.errors import SourceError, XengntError
from xengnt.sources.cheader import preprocess
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import HeaderSource, read

INCLUDE = Path(__file__).parents[1] / "include"
OURS = INCLUDE / "xen" / "grant_table.h"
NEWEST = 0x00041300


@pytest.fixture(params=["compiler", "pcpp"])
def preprocessor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have headers preprocessed by a compiler, or by pcpp as if there were none."""
    if request.param == "pcpp":
        pytest.importorskip("pcpp")
        monkeypatch.setattr(preprocess, "compiler", lambda: None)
    elif preprocess.compiler() is None:
        pytest.skip("needs a C compiler")
    return str(request.param)


@pytest.fixture
def header(tmp_path: Path) -> Path:
    """The path of a header to write."""
    return tmp_path / "bad.h"


def job(path: Path, version: int = UNDEFINED) -> Job:
    """Return the job of reading a header for x86_64, with ours at hand."""
    return Job(path, TARGETS["x86_64"], version, include=(str(INCLUDE / "xen"),))


def outcome(path: Path, version: int = UNDEFINED) -> HeaderSource | str:
    """Read a header and lay out what is in it, or return the error: one line, with the file."""
    try:
        source = read(job(path, version))
    except XengntError as error:
        message = str(error)
        assert "\n" not in message
        assert str(path) in message or re.match(r"/\S+:\d+: ", message), message
        return message
    for problem in source.problems.values():
        assert "\n" not in problem.message
        assert re.match(r"/\S+:\d+: ", problem.message), problem.message
    compute(source.declarations)
    return source


def error(path: Path) -> str:
    """Return the error that reading a header gives."""
    found = outcome(path)
    assert isinstance(found, str), f"read, and gave {found}"
    return found


def problems(path: Path) -> dict[str, str]:
    """Return what in a header could not be read."""
    found = outcome(path)
    assert isinstance(found, HeaderSource), found
    return {problem.name: problem.message for problem in found.problems.values()}


def test_missing_file(header: Path) -> None:
    """Catches a missing file that is reported by something else than its name."""
    assert error(header) == f"{header}: No such file or directory"


def test_directory(tmp_path: Path) -> None:
    """Catches a directory that is taken for a header."""
    assert error(tmp_path) == f"{tmp_path}: Is a directory"


def test_unreadable_file(header: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a file without permission that ends in something else than an error."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    header.write_text("int x;\n")
    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    assert error(header) == f"{header}: Permission denied"


def test_fifo(header: Path) -> None:
    """Catches a read of a pipe, which never ends."""
    os.mkfifo(header)
    assert error(header) == f"{header}: not a regular file"


@pytest.mark.parametrize("text", ["", " \n\t\n", "\f\v\r\n"], ids=["nothing", "lines", "controls"])
def test_empty(header: Path, text: str) -> None:
    """Catches a file with nothing in it that passes for a header."""
    header.write_text(text)
    assert error(header) == f"{header}: empty"


def test_comments_only(header: Path, preprocessor: str) -> None:
    """Catches an error over a header that declares nothing but is not broken."""
    header.write_text("/* nothing here */\n// nor here\n")
    found = outcome(header)
    assert isinstance(found, HeaderSource)
    assert not found.declarations.aggregates
    assert not found.problems


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"struct a { int b; };\0\n", id="nul"),
        pytest.param("struct a { int b; };\n".encode("utf-16"), id="utf-16"),
        pytest.param("struct a { int b; };\n".encode("utf-32-be"), id="utf-32"),
        pytest.param(Path("/proc/self/exe").read_bytes()[:5000], id="elf"),
    ],
)
def test_binary(header: Path, data: bytes) -> None:
    """Catches binary data that is given to a preprocessor."""
    header.write_bytes(data)
    assert f"{header}: binary data at byte " in error(header)


@pytest.mark.parametrize("seed", range(5))
def test_garbage(header: Path, seed: int, preprocessor: str) -> None:
    """Catches bytes without sense that end in anything but an error or nothing read."""
    generator = random.Random(seed)
    header.write_bytes(bytes(generator.choices(range(1, 256), k=2000)))
    found = outcome(header)
    assert isinstance(found, str) or not found.declarations.aggregates


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1", "utf-8"])
def test_encodings(header: Path, preprocessor: str, encoding: str) -> None:
    """Catches a header that cannot be read for a byte order mark, or letters in a comment."""
    header.write_text("/* \xa9 \xdf */ struct a { int b; }; // \xe9\n", encoding=encoding)
    assert not problems(header)


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_ends_of_lines(header: Path, preprocessor: str, newline: str) -> None:
    """Catches lines that are counted, or continued, wrongly with the line ends of Windows."""
    text = "#define A \\\n 5\n\nstruct a {\n    int b;\n};\n#define C 7\n"
    header.write_text(text, newline=newline)
    found = outcome(header)
    assert isinstance(found, HeaderSource)
    assert found.where["a.b"] == f"{header}:5"
    assert found.where["C"] == f"{header}:7"
    assert found.declarations.constants["A"].value == 5


def test_truncated(tmp_path: Path) -> None:
    """Catches a header cut short at some byte that raises, or is read as if it were whole."""
    shutil.copytree(INCLUDE, tmp_path / "include")
    path = tmp_path / "include" / "xen" / "grant_table.h"
    data = OURS.read_bytes()
    whole = read(job(OURS, NEWEST)).declarations
    for end in range(997, len(data), 997):
        path.write_bytes(data[:end])
        found = outcome(path, NEWEST)
        assert isinstance(found, str) or found.declarations.aggregates != whole.aggregates


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/* never closed\nstruct a { int b; };\n", "unterminated comment"),
        ('char a[] = "never closed;\n', "is not C"),
        ("char a = 'n;\n", "is not C"),
        ("#if 1\nstruct a { int b; };\n", "nterminated"),
        ("#endif\n", "#endif"),
        ("#else\n", "#else"),
        ("#if 1 +\n#endif\n", ""),
        ("#if\n#endif\n", ""),
        ("#ifdef\n#endif\n", ""),
        ("#ifndef\n#endif\n", ""),
        ("#undef\n", ""),
        ("#elif 1\n", "#elif"),
        ("#if 1 / 0\n#endif\n", ""),
        ("#define\n", ""),
        ("#define 3 4\n", ""),
        ("#define F(a b\n", ""),
        ("#define F(a) a\nint x = F(1;\n", ""),
        ("#include\n", ""),
        ("#include <missing.h>\n", "missing.h"),
        ('#include "missing.h"\n', "missing.h"),
        ("#nonsense\n", "nonsense"),
        ("#error no, not this\n", "#error no, not this"),
        ("struct a { int b; }\n", "cut short"),
        ("struct a { int b;\n", "never closed"),
        ("struct a { int b[3; };\n", "unmatched"),
        ("struct a { int b; }};\n", "unmatched"),
        ("int a = (1;\n", "never closed"),
    ],
)
def test_broken(header: Path, preprocessor: str, text: str, message: str) -> None:
    """Catches something unfinished that raises anything but one clear error."""
    header.write_text(text)
    assert message in error(header)


def test_missing_include_is_located(header: Path, preprocessor: str) -> None:
    """Catches a missing header that is reported without its name, or where it is wanted."""
    header.write_text("struct a { int b; };\n#include <xen/missing.h>\n")
    found = outcome(header)
    assert isinstance(found, HeaderSource)
    message = f"{header}:2: xen/missing.h is not there, and is left out"
    assert [one.message for one in found.assumptions] == [message]
    assert set(found.declarations.aggregates) == {"a"}


def test_includes_itself(header: Path, preprocessor: str) -> None:
    """Catches a header that includes itself without end."""
    header.write_text('#include "bad.h"\n')
    assert "nested" in error(header)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the preprocessor stop soon."""
    monkeypatch.setattr(preprocess, "TIMEOUT", 0.3)
    monkeypatch.setattr(preprocess, "MAX_OUTPUT", 1 << 20)


@pytest.mark.usefixtures("impatient")
def test_includes_itself_twice(header: Path, preprocessor: str) -> None:
    """Catches a header that includes itself twice, and so again and again, 2**40 times."""
    header.write_text(
        '#if __INCLUDE_LEVEL__ < 40\n#include "bad.h"\n#include "bad.h"\n#endif\nint a;\n'
    )
    assert re.search("did not finish in 0.3 seconds|printed more than 1 MiB", error(header))


@pytest.mark.usefixtures("impatient")
def test_macro_bomb(header: Path, preprocessor: str) -> None:
    """Catches macros that double 40 times, which no memory or disk can hold."""
    lines = [f"#define A{i} A{i + 1} A{i + 1}\n" for i in range(40)]
    header.write_text("".join(lines) + "#define A40 1 +\nint a = A0 0;\n")
    assert re.search("did not finish|printed more than|expand to more than", error(header))


@pytest.mark.usefixtures("impatient")
def test_bomb_of_constants(header: Path, preprocessor: str) -> None:
    """Catches a bomb that goes off only when the macros are looked at as constants."""
    lines = [f"#define A{i} A{i + 1} + A{i + 1}\n" for i in range(40)]
    header.write_text("".join(lines) + "#define A40 1\nstruct a { int b; };\n")
    assert re.search("did not finish|printed more than|expand to more than", error(header))


def test_no_process_is_left(header: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Catches a compiler that goes on when it was stopped for taking too long."""
    note = tmp_path / "child"
    fake = tmp_path / "cc"
    fake.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {note}\nwait\n")
    fake.chmod(0o755)
    header.write_text("int a;\n")
    monkeypatch.setenv("CC", str(fake))
    monkeypatch.setattr(preprocess, "TIMEOUT", 1)
    assert error(header) == f"{header}: the preprocessor did not finish in 1 seconds"
    status = Path("/proc", note.read_text().strip(), "stat")
    for _ in range(100):
        if not status.exists() or ") Z " in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail("the child of the compiler is still there")


def test_compiler_fails(header: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Catches a compiler that fails without a word, or with many, and so no clear error."""
    fake = tmp_path / "cc"
    header.write_text("int a;\n")
    monkeypatch.setenv("CC", str(fake))
    for body in ("exit 3", "echo 'cannot\nfind cc1' >&2; exit 1", "kill -9 $$"):
        fake.write_text(f"#!/bin/sh\n{body}\n")
        fake.chmod(0o755)
        assert error(header).startswith(f"{header}: ")


DEEP = 10_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("struct a { " * DEEP + "int x; " + "} m; " * DEEP, id="structs"),
        pytest.param(f"int a[{'(' * DEEP}1{')' * DEEP}];", id="parentheses"),
        pytest.param(f"struct a {{ int a[{'(' * DEEP}1{')' * DEEP}]; }};", id="in struct"),
        pytest.param(f"typedef int a{'[1' * DEEP}{']' * DEEP};", id="brackets"),
        pytest.param(f"typedef int a{'[1]' * DEEP};", id="dimensions"),
        pytest.param(f"struct a {{ int a{'[1]' * 400}; }};", id="some dimensions"),
        pytest.param(f"typedef int {'*' * DEEP}a;", id="pointers"),
        pytest.param(f"struct a {{ int {'*' * 300}a; }};", id="some pointers"),
        pytest.param(f"#define A {'1 ? 2 : ' * DEEP}3", id="ternaries"),
        pytest.param(f"#define A {'(1 ? ' * DEEP}3{' : 2)' * DEEP}", id="nested ternaries"),
        pytest.param(f"#define A {'- ' * DEEP}3", id="signs"),
        pytest.param(f"#define A {'(' * DEEP}3{')' * DEEP}", id="brackets in macro"),
        pytest.param(f"#define A {'1 + ' * DEEP}3", id="sum"),
        pytest.param(f"#define A {'(int)' * DEEP}3", id="casts"),
        pytest.param(f"#define A {'sizeof ' * DEEP}3", id="sizeofs"),
        pytest.param(f"enum a {{ A = {'- ' * DEEP}3 }};", id="in enum"),
        pytest.param(f"struct a {{ int x __attribute__({'(' * DEEP}{')' * DEEP}); }};", id="args"),
        pytest.param(
            "typedef int t0;" + "".join(f"typedef t{i} t{i + 1};" for i in range(4000)),
            id="typedefs",
        ),
        pytest.param(
            "typedef int t0;" + "".join(f"typedef t{i} t{i + 1}[1];" for i in range(2000)),
            id="typedefs of arrays",
        ),
        pytest.param(
            "struct a0 { int x; };"
            + "".join(f"struct a{i + 1} {{ struct a{i} x; }};" for i in range(1000)),
            id="structs by tag",
        ),
        pytest.param(
            "struct a0 { int x; };"
            + "".join(f"struct a{i + 1} {{ char x[sizeof(struct a{i})]; }};" for i in range(2000)),
            id="sizes",
        ),
        pytest.param(
            "enum { A0 };" + "".join(f"enum {{ A{i + 1} = A{i} }};" for i in range(2000)),
            id="enumerators",
        ),
    ],
)
def test_deep(header: Path, text: str) -> None:
    """Catches nesting that makes the reader recurse too deeply, or takes forever."""
    header.write_text(text + "\nstruct fine { int x; };\n")
    found = outcome(header)
    if isinstance(found, HeaderSource):
        assert "fine" in found.declarations.aggregates


def test_exponential_structs(header: Path) -> None:
    """Catches structs of 2**40 fields in all, which must not be counted one by one."""
    text = "struct a0 { char x, y; };\n"
    text += "".join(f"struct a{i + 1} {{ struct a{i} x, y; }};\n" for i in range(40))
    text += "struct p0 { struct p0 *x, *y; };\n"
    text += "".join(f"struct p{i + 1} {{ struct p{i} *x, *y; }};\n" for i in range(40))
    header.write_text(text)
    found = problems(header)
    assert "more than 20000 fields" in found["a40"]
    assert "p40" not in found


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ("int x[1ull << 63]", "an array of 9223372036854775808 elements"),
        ("int x[0x7fffffffffffffff]", "an array of"),
        ("int x[1 << 30][1 << 30][1 << 30]", "address space"),
        ("int x[-1]", "an array of -1 elements"),
        ("int x[1 / 0]", "division by zero"),
        ("int x[1 << 99]", "shift by 99"),
        ("int x[y]", "y is not a constant"),
        ("int x[1.5]", "1.5"),
        ('int x["a"]', "not an integer constant"),
        ("int x[f(3)]", "f is called"),
        ("struct a x", "contains itself"),
        ("struct a x[2]", "contains itself"),
        ("struct b x", "struct b is not defined"),
        ("enum b x", "enum b is not defined"),
        ("void x", "no known size"),
        ("int x(int)", "a function"),
        ("int x : 33", "wider than its type"),
        ("int x : -1", "a bit-field of -1 bits"),
        ("int x : 0", "has a name"),
        ("_Bool x : 2", "wider than its type"),
        ("float x : 2", "a bit-field of type float"),
        ("int *x : 2", "a bit-field of type int \\*"),
        ("int x __attribute__((aligned(3)))", "an alignment of 3"),
        ("int x __attribute__((aligned(1 << 29)))", "an alignment of"),
        ("int x __attribute__((aligned(y)))", "y is not a constant"),
        ("int x __attribute__((mode(DI)))", "'mode' is not understood"),
        ("int x __attribute__((vector_size(16)))", "'vector_size' is not understood"),
        ("long double x", "'long double' has no known size"),
        ("_Complex int x", "understood|cannot be parsed"),
        ("__int128 x", "unknown type"),
        ("_Atomic struct c { char x[3]; } x", "_Atomic"),
        ("unknown_t x", "unknown type 'unknown_t' at .*:2"),
        ("uint32_t y z", "cannot be parsed"),
        ("int", "cannot be parsed|told apart|understood|^$"),
    ],
)
def test_bad_members(header: Path, declaration: str, message: str) -> None:
    """Catches a member that cannot be that is accepted, or spoils the rest of the header."""
    header.write_text(
        f"struct a {{\n    {declaration};\n}};\nstruct fine {{ int x; }};\n#define FINE 3\n"
    )
    found = outcome(header)
    assert isinstance(found, HeaderSource)
    assert "fine" in found.declarations.aggregates
    assert "FINE" in found.declarations.constants
    if message.endswith("^$"):
        return
    assert re.search(message, found.problems["a"].message), found.problems["a"].message
    assert found.problems["a"].message.startswith(f"{header}:1: ")


def test_contains_itself_by_way_of_others(header: Path) -> None:
    """Catches structs that contain each other, or a typedef of themselves."""
    header.write_text(
        "typedef struct a a_t;\nstruct a { struct b x; };\nstruct b { struct c x; };\n"
        "struct c { a_t x; };\n"
    )
    assert all("contains itself" in message for message in problems(header).values())
    assert set(problems(header)) == {"a", "b", "c"}


def test_needs_its_own_size(header: Path) -> None:
    """Catches a struct whose members need its size, which must not recurse."""
    header.write_text("struct a { char x[sizeof(struct a)]; };\nenum { B = B + 1 };\n")
    assert set(problems(header)) == {"a", "B"}


def test_many_members(header: Path) -> None:
    """Catches a struct with very many members that is read for minutes."""
    members = "".join(f"  /* IN */\n  int m{i}; /* => enum x */\n" for i in range(25_000))
    header.write_text(f"struct a {{\n{members}}};\nstruct b {{ int x; }};\n")
    assert problems(header) == {"a": f"{header}:1: more than 20000 members"}


def test_many_declarations(header: Path) -> None:
    """Catches work that grows with the square of the number of declarations."""
    text = "".join(f"struct a{i} {{ int x; }};\n#define A{i} {i}\n" for i in range(2000))
    header.write_text(text)
    found = outcome(header)
    assert isinstance(found, HeaderSource)
    assert len(found.declarations.aggregates) == len(found.declarations.constants) == 2000


PIECES = re.compile(r"\w+|\s+|[^\w\s]")


def _mutate(text: str, generator: random.Random) -> str:
    """Return a header with a few pieces of it deleted, doubled, swapped or garbled."""
    pieces = PIECES.findall(text)
    for _ in range(generator.randint(1, 6)):
        pieces = pieces or [" "]
        at = generator.randrange(len(pieces))
        other = generator.randrange(len(pieces))
        kind = generator.randint(0, 5)
        if kind == 0:
            del pieces[at]
        elif kind == 1:
            pieces[at] *= 2
        elif kind == 2:
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif kind == 3:
            pieces[at] = chr(generator.randrange(1, 255))
        elif kind == 4:
            pieces[at] = generator.choice("{}()[];,*#\"'\\/=:?.<>")
        else:
            del pieces[min(at, other) : min(at, other) + generator.randint(2, 60)]
    return "".join(pieces)


@pytest.mark.parametrize("part", range(6))
def test_mutated(tmp_path: Path, part: int) -> None:
    """Catches a slightly broken header that raises what is not our error, or hangs."""
    shutil.copytree(INCLUDE, tmp_path / "include")
    path = tmp_path / "include" / "xen" / "grant_table.h"
    text = re.sub(r"(?s)/\*.*?\*/", "", OURS.read_text())
    for seed in range(part * 50, part * 50 + 50):
        generator = random.Random(seed)
        path.write_text(_mutate(text, generator), encoding="latin-1")
        outcome(path, NEWEST)


def test_mutated_with_pcpp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a slightly broken header that makes pcpp raise what is not our error."""
    pytest.importorskip("pcpp")
    monkeypatch.setattr(preprocess, "compiler", lambda: None)
    text = re.sub(r"(?s)/\*.*?\*/", "", OURS.read_text())
    shutil.copytree(INCLUDE, tmp_path / "include")
    path = tmp_path / "include" / "xen" / "grant_table.h"
    for seed in range(30):
        path.write_text(_mutate(text, random.Random(seed)), encoding="latin-1")
        outcome(path, NEWEST)


def test_mutated_markup(tmp_path: Path) -> None:
    """Catches markup that is slightly broken and makes the header unreadable."""
    path = tmp_path / "grant_table.h"
    comments = re.compile(r"(/\*.*?\*/)", re.DOTALL)
    for seed in range(12):
        generator = random.Random(seed)
        pieces = comments.split(OURS.read_text())
        for at in range(1, len(pieces), 2):
            if generator.random() < 0.2:
                text = _mutate(pieces[at][2:-2], generator).replace("*/", "")
                pieces[at] = f"/*{text}*/"
        path.write_text("".join(pieces), encoding="latin-1")
        assert isinstance(outcome(path, NEWEST), HeaderSource)


def test_malformed_markup_is_a_problem(header: Path) -> None:
    """Catches markup that is not understood and so spoils the header, or goes unnoticed."""
    header.write_text(
        "/* ` enum good { // A_* */\n#define A_x 1\n/* ` } */\n"
        "/* ` enum odd { // what is this */\n#define B_x 1\n/* ` } */\n"
        "/* ` enum open { */\n#define C_x 1\n"
    )
    found = outcome(header)
    assert isinstance(found, HeaderSource)
    assert list(found.declarations.enums) == ["good"]
    assert {p.name: p.message for p in found.problems.values()} == {
        "odd": f"{header}:4: the markup of enum odd cannot be understood: 'what is this'",
        "open": f"{header}:7: the markup of enum open is not closed by ` }}",
    }


def test_bad_macro_on_the_command_line(header: Path) -> None:
    """Catches a -D that is no macro and is passed to a compiler."""
    header.write_text("int a;\n")
    with pytest.raises(XengntError, match="not the name of a macro"):
        read(Job(header, TARGETS["x86_64"], UNDEFINED, defines=("3x=1",)))


def test_bare_refusal(header: Path, preprocessor: str) -> None:
    """Catches an #error without words that is no refusal."""
    header.write_text("#error\n")
    with pytest.raises(SourceError, match=rf"{re.escape(str(header))}:1: #error"):
        read(job(header))
