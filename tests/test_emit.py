# SPDX-License-Identifier: MIT
"""What is emitted is compiled or loaded in its language, and reads and writes the same blobs."""

from __future__ import annotations

import ctypes
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import compilers
import emitted
import numpy as np
import oracle
import pytest
from blobs import cleaned, elements, random_blob, seeded
from oracle import need

from xengnt import Abi
from xengnt.abi.layout import StructLayout
from xengnt.abi.targets import TARGETS
from xengnt.cli import main
from xengnt.emit import KINDS, Options, emit
from xengnt.errors import InvalidValue, SourceError, UnknownName
from xengnt.mapping import load_mapping
from xengnt.scenario import Scenario

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"
SCENARIO = ROOT / "examples" / "scenarios" / "block.jsonl"


def some(struct: StructLayout, *seed: object) -> list[bytes]:
    """Return structs of random bytes, of which the holes are zero, and one of all bits."""
    blob = random_blob(struct, 6, seeded(*seed)) + b"\xff" * struct.size
    return list(elements(struct, cleaned(struct, blob)))


# Structs in other languages


@pytest.mark.parametrize("name", emitted.LANGUAGES)
def test_a_language_reads_and_writes_what_we_do(name: str, tmp_path: Path, scratch: Path) -> None:
    """Would catch a field that emitted code has elsewhere, wider, or of another sign."""
    language = emitted.LANGUAGES[name](tmp_path)
    for abi, struct in emitted.structs():
        for data in some(struct, abi.name, struct.tag):
            read, made = language.read(abi, struct, data)
            assert read == emitted.values(struct, data), (abi, struct.tag)
            assert made == data, (abi, struct.tag)
            (row,) = abi.decode(struct.tag, data)
            given = {path: value for path, value in row.items() if path in read}
            assert given == {path: read[path] for path in given}, (abi, struct.tag)


def test_a_file_in_zig_checks_itself(tmp_path: Path) -> None:
    """Would catch offsets in Zig that are stated and never looked at."""
    zig = need(shutil.which("zig"), "zig", emitted.ZIG)
    text = emit("zig", [Abi("x86_32")], ["copy"])
    command = [zig, "build-obj", "-fno-emit-bin", "--cache-dir", ".", "--global-cache-dir", "."]
    for old, new, what in (
        ("", "", ""),
        ("    len: u16,", "    len: u32,", "gnttab_copy.flags: offset is not 18"),
        (
            "    u: extern union",
            "    one: u64,\n    u: extern union",
            "gnttab_copy_ptr.u: offset is not 0",
        ),
    ):
        (tmp_path / "copy.zig").write_text(text.replace(old, new))
        for target in ("x86_64-linux", "x86-linux", "arm-linux"):
            done = subprocess.run(
                [*command, "-target", target, "copy.zig"],
                capture_output=True, text=True, check=False, cwd=tmp_path,
            )  # fmt: skip
            assert bool(done.returncode) == bool(what), done.stderr
            assert what in done.stderr


def module(kind: str, abi: Abi) -> dict[str, Any]:
    """Return the names of an emitted Python module."""
    names: dict[str, Any] = {}
    exec(compile(emit(kind, [abi]), kind, "exec"), names)  # noqa: S102 -- our own text
    return names


def members(kind: Any) -> list[tuple[str, int, int, Any]]:
    """Return all that a ctypes structure is made of; what holes are called does not count."""
    if not hasattr(kind, "_fields_"):
        return []
    found = []
    for name, inner, *_ in kind._fields_:
        place = getattr(kind, name)
        plain = [] if not hasattr(inner, "_fields_") else members(inner)
        called = "" if name.startswith("_hole_") else name
        found.append((called, place.offset, place.size, plain or inner))
    return found


@pytest.mark.parametrize("abi", emitted.ABIS, ids=str)
def test_ctypes_is_what_abi_ctype_gives(abi: Abi) -> None:
    """Would catch a structure that is not the library's own, or that reads a blob otherwise."""
    names = module("ctypes", abi)
    for tag, struct in abi.layout.structs.items():
        assert members(names[tag]) == members(abi.ctype(tag)), tag
        assert ctypes.sizeof(names[tag]) == struct.size
        for data in some(struct, tag):
            one, two = names[tag].from_buffer_copy(data), names[tag]()
            for slot in emitted.slots(struct):
                path, _, index = slot.path.partition("[")
                *steps, last = path.split(".")
                at, to = one, two
                for step in steps:
                    at, to = getattr(at, step), getattr(to, step)
                value = getattr(at, last)
                if index:
                    getattr(to, last)[int(index[:-1])] = value[int(index[:-1])]
                    value = value[int(index[:-1])]
                else:
                    setattr(to, last, value)
                assert value == emitted.values(struct, data)[slot.path], (tag, slot)
            assert bytes(two) == data, tag


@pytest.mark.parametrize("abi", emitted.ABIS, ids=str)
def test_numpy_is_what_abi_dtype_gives(abi: Abi) -> None:
    """Would catch a dtype that is not the library's own, or that reads a blob otherwise."""
    names = module("numpy", abi)
    for tag, struct in abi.layout.structs.items():
        assert names[tag] == abi.dtype(tag), tag
        for data in some(struct, tag):
            (one,) = np.frombuffer(data, names[tag])
            two = np.zeros(1, names[tag])
            for slot in emitted.slots(struct):
                path, _, index = slot.path.partition("[")
                at, to = one, two
                for step in path.split("."):
                    at, to = at[step], to[step]
                if index:
                    at, to = at[int(index[:-1])], to[:, int(index[:-1])]
                to[...] = at
                assert at == emitted.values(struct, data)[slot.path], (tag, slot)
            assert two.tobytes() == data, tag


@pytest.mark.parametrize("kind", ["ctypes", "numpy"])
@pytest.mark.parametrize("abi", emitted.ABIS, ids=str)
def test_python_modules_have_the_constants(kind: str, abi: Abi) -> None:
    """Would catch a constant that is lost, or has another value."""
    names = module(kind, abi)
    for name, constant in abi.layout.constants.items():
        assert names[name] == constant.value, name
    assert names["GNTTABOP_error_msgs"] == abi.layout.messages


def test_python_modules_need_nothing_of_ours(tmp_path: Path) -> None:
    """Would catch a module that imports xengnt, or that only runs in the process that made it."""
    for kind, size in (("ctypes", "ctypes.sizeof(gnttab_copy)"), ("numpy", "gnttab_copy.itemsize")):
        text = emit(kind, [Abi("x86_32")]) + f"print({size})\n"
        assert "import xengnt" not in text
        (tmp_path / "module.py").write_text(text)
        command = [sys.executable, "-W", "error", "module.py"]
        assert subprocess.check_output(command, cwd=tmp_path, text=True) == "24\n"


def test_json_is_that_of_layout(capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch two forms of layout JSON."""
    for arguments in ([], ["copy"], ["--abi", "all"]):
        assert main(["layout", "--format", "json", *arguments]) == 0
        expected = capsys.readouterr().out
        assert main(["emit", "json", *arguments]) == 0
        assert capsys.readouterr().out == expected
        json.loads(expected)


# The header, on machines that it is not for


@pytest.mark.parametrize(("kind", "machine"), compilers.COMPILERS)
def test_the_header_lies_the_same_everywhere(kind: str, machine: str, scratch: Path) -> None:
    """Would catch a hole or an alignment that depends on the machine that one compiles for."""
    compiler = oracle.compiler(kind, machine)
    source, questions, expected = [], [], []
    for abi in emitted.ABIS:
        prefix = f"{abi.name}_"
        source.append(emit("c-header", [abi], options=Options(prefix=prefix)))
        for struct in abi.layout.structs.values():
            own = f"{struct.kind} {prefix}{struct.tag}"
            questions += [f"sizeof({own})", f"_Alignof({own})"]
            expected += [struct.size, struct.align]
            for field in struct.fields:
                whole = f"(({own} *)0)->{field.name}"
                questions += [f"__builtin_offsetof({own}, {field.name})", f"sizeof({whole})"]
                expected += [field.offset, field.size]
                if field.scalar and field.count is None:
                    questions.append(f"(__typeof__({whole}))-1 < 0")
                    expected.append(int(bool(field.signed)))
        for name, typedef in abi.layout.typedefs.items():
            questions += [f"sizeof({prefix}{name})", f"({prefix}{name})-1 < 0"]
            expected += [typedef.size, int(bool(typedef.signed))]
        for name, constant in abi.layout.constants.items():
            questions += [
                name,
                f"sizeof({name})",
                f"(__typeof__({name}))-1 < (__typeof__({name}))1",
            ]
            expected += [constant.value % 2**64, constant.size, int(bool(constant.signed))]
    assert compilers.numbers(compiler, "\n".join(source), questions) == expected


@pytest.mark.parametrize("version", oracle.VERSIONS)
def test_each_interface_version_compiles(version: str, scratch: Path) -> None:
    """Would catch a struct, handle or constant of an old version that cannot be written."""
    compiler = oracle.any_compiler(Abi.native().name)
    for name in TARGETS:
        abi = Abi(name, version)
        text = emit("c-header", [abi]) + emit("c-asserts", [abi])
        compiler.object(text, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic")
        for kind in ("ctypes", "numpy"):
            exec(emit(kind, [abi]), {})  # noqa: S102 -- our own text


# Blobs and scenarios as C


def test_an_array_has_the_bytes_of_its_blob(tmp_path: Path, scratch: Path) -> None:
    """Would catch a byte that is lost, twice there, or in another order."""
    source, expected = [], {}
    for abi, struct in emitted.structs():
        blob, name = b"".join(some(struct, abi, struct.tag)), f"{abi.name}_{struct.tag}"
        text = emit("c-array", [abi], [struct.tag], Options(blob=blob, name=name))
        assert f"{name}_count = {len(blob) // struct.size} " in text
        for leaf in abi.decode(struct.tag, blob)[0]:
            assert f"/* {leaf} = " in text, leaf
        source.append(f"{text}\nconst unsigned char align_{name} = _Alignof({name});\n")
        expected[name] = (blob, struct.align)
    (tmp_path / "all.c").write_text("".join(source))
    command = [*oracle.any_compiler(Abi.native().name).command, "-shared", "-fPIC", "-Wall"]
    subprocess.run([*command, "-o", "all.so", "all.c"], check=True, cwd=tmp_path)
    library = ctypes.CDLL(str(tmp_path / "all.so"))
    for name, (blob, align) in expected.items():
        assert bytes((ctypes.c_ubyte * len(blob)).in_dll(library, name)) == blob, name
        assert ctypes.c_ubyte.in_dll(library, f"align_{name}").value == align, name


MAIN = """
#include <stdio.h>
int main(void) {
    for (int at = 0; at < xengnt_calls_count; at++) {
        const struct xengnt_call *call = &xengnt_calls[at];
        printf("%u %u %d %ld ", call->cmd, call->count, call->has_rc, call->rc);
        for (unsigned n = 0; call->args && n < call->size; n++) printf("%02x", call->args[n]);
        printf(" ");
        for (unsigned n = 0; call->after && n < call->size; n++) printf("%02x", call->after[n]);
        printf("\\n");
    }
    return 0;
}
"""


def recording(capsys: pytest.CaptureFixture[str]) -> Scenario:
    """Return the scenario of the examples, played on the model."""
    assert main(["run", str(SCENARIO), "--format", "jsonl"]) == 0
    return Scenario.parse(capsys.readouterr().out.split("\n"))


def test_the_calls_of_a_scenario_are_there(
    tmp_path: Path, scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a call that is lost, or whose arguments or results are another's."""
    scenario = recording(capsys)
    text = emit("c-array", [scenario.abi], options=Options(scenario=scenario))
    (tmp_path / "calls.c").write_text(text + MAIN)
    command = [*oracle.any_compiler(Abi.native().name).command, "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, "-o", "calls", "calls.c"], check=True, cwd=tmp_path)
    lines = subprocess.check_output(["./calls"], cwd=tmp_path, text=True).splitlines()
    assert len(lines) == len(scenario.calls)
    assert len(lines) > 3
    for line, call in zip(lines, scenario.calls, strict=True):
        cmd, count, known, rc, before, after = line.split(" ")
        assert (int(cmd), int(count), known, int(rc)) == (call.cmd, call.count, "1", call.rc)
        assert bytes.fromhex(after) == call.out
        struct = scenario.abi.struct(str(call.op))
        assert bytes.fromhex(before) == cleaned(struct, call.out or b"", out=True)


def test_arguments_without_names_are_as_they_are_encoded() -> None:
    """Would catch a scenario whose plain arguments are taken from its results."""
    abi = Abi("x86_32")
    lines = [
        '{"scenario": 1, "abi": "x86_32"}',
        '{"op": "get_version", "args": [{"dom": "DOMID_SELF"}], "poison": 165, "rc": 0}',
        '{"cmd": 77, "in": "0102", "count": 3}',
        '{"op": "query_size", "count": 0}',
        '{"op": "query_size", "address": 4096, "count": 1}',
    ]
    scenario = Scenario.parse(lines, "some.jsonl")
    given = Options(scenario=scenario, name="calls", file="some.jsonl")
    text = emit("c-array", [abi], options=given)
    assert "0xf0, 0x7f, /* dom = DOMID_SELF, IN */" in text
    assert "0xa5, 0xa5, 0xa5, 0xa5, /* version" in text
    assert "{ 77U, calls_3, 2U, 3U, 0, 0, 0 }, /* line 3: 77 */" in text
    assert "{ 6U, 0, 0U, 0U, 0, 0, 0 }, /* line 4: query_size */" in text
    assert "line 5, not among the calls" in " ".join(text.split())
    assert "_count = 3 }" in text
    assert "c-array --scenario some.jsonl --name calls */" in text.splitlines()[0]


def test_arrays_have_an_end() -> None:
    """Would catch minutes, and gigabytes, for what no compiler takes."""
    for blob, words in (
        (b"", "the blob is empty"),
        (bytes(12 << 17), "the blob has 1572864 bytes"),
    ):
        with pytest.raises(InvalidValue, match=words):
            emit("c-array", [Abi("x86_64")], "swap_grant_ref", Options(blob=blob))


# The command


def test_the_command_writes_what_the_library_gives(tmp_path: Path) -> None:
    """Would catch an option that is lost on the way, or another default."""
    names = tmp_path / "names.toml"
    names.write_text('[structs]\nmine = "gnttab_copy"\n')
    for kind, arguments, abis, structs, options in (
        ("c-asserts", [], TARGETS, [], Options()),
        ("rust-asserts", ["--abi", "arm64", "copy"], ["arm64"], ["copy"], Options()),
        ("c-header", ["--prefix", "a_", "--abi", "x86_32"], ["x86_32"], [], Options(prefix="a_")),
        ("ctypes", [], [Abi.native().name], [], Options()),
        (
            "c-asserts",
            ["copy", "--map", str(names), "--typedefs", "--structs-only"],
            TARGETS,
            ["copy"],
            Options(mapping=load_mapping(names), typedefs=True, structs_only=True),
        ),
    ):
        out = tmp_path / "out"
        assert main(["emit", kind, *arguments, "-o", str(out)]) == 0
        expected = emit(kind, [Abi(name) for name in abis], structs, options)
        assert out.read_text() == expected


def test_a_mapping_cannot_break_out_of_a_comment(tmp_path: Path, scratch: Path) -> None:
    """Would catch a name of a file that ends the first comment."""
    folder = tmp_path / "a*"
    folder.mkdir()
    (folder / "b.toml").write_text("")
    options = Options(mapping=load_mapping(folder / "b.toml"))
    text = emit("c-header", [Abi("x86_64")]) + emit("c-asserts", [Abi("x86_64")], options=options)
    assert "a* /b.toml" in text
    oracle.any_compiler(Abi.native().name).object(text)


# What is refused


def test_a_scenario_that_was_not_played_is_refused() -> None:
    """Would catch arguments that are made up where only playing tells them."""
    scenario = Scenario.load(SCENARIO)
    with pytest.raises(SourceError, match=r"block\.jsonl:7: .*xengnt run --format jsonl"):
        emit("c-array", [scenario.abi], options=Options(scenario=scenario))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pascal"], "invalid choice"),
        (["rust", "--abi", "all"], "emit rust is for one ABI, got 6"),
        (["c-header", "no_such"], "no struct or op 'no_such'"),
        (["zig", "--prefix", "a"], "emit zig takes no --prefix"),
        (["c-header", "--typedefs"], "emit c-header takes no --typedefs"),
        (["c-header", "--prefix", "a b"], "the prefix: 'a b' is no name in C"),
        (["c-array"], "expected an op or struct with a blob, or a scenario"),
        (["c-array", "copy", "/dev/null"], "the blob is empty"),
        (["c-array", "copy", "README.md"], "bytes are not a multiple of the struct's 40"),
        (["c-array", "copy", "README.md", "x"], "expected an op or struct, and a blob"),
        (["c-array", "copy", "no-such.bin"], "no-such.bin: No such file"),
        (["c-array", "--scenario", "README.md"], "README.md:1"),
        (["c-array", "--abi", "arm64", "--scenario", str(SCENARIO)], "--abi: a scenario says"),
        (["c-asserts", "--map", "no-such.toml"], "no-such.toml: No such file"),
        (["c-asserts", "--abi", "vax"], "unknown ABI 'vax'"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a traceback, or a file that is written in part or for nothing."""
    out = tmp_path / "out"
    with pytest.raises(SystemExit, match="2"):  # argparse ends by itself
        sys.exit(main(["emit", *arguments, "-o", str(out)]))
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not out.exists()


def test_an_unknown_kind_is_named() -> None:
    """Would catch a KeyError for users of the library."""
    with pytest.raises(UnknownName, match="unknown kind 'pascal': expected c-asserts"):
        emit("pascal", [Abi("x86_64")])
    with pytest.raises(InvalidValue, match="several interface versions"):
        emit("json", [Abi("x86_64"), Abi("arm64", "undefined")])
    with pytest.raises(InvalidValue, match="takes no --map"):
        emit("json", [Abi("x86_64")], options=Options(mapping=object()))  # type: ignore[arg-type]  # it is not looked at


# As it looks


@pytest.mark.parametrize("path", sorted(GOLDEN.iterdir()), ids=lambda path: path.name)
def test_the_first_line_says_how_it_was_made(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch output that changed, or that does not come of the command it names."""
    text = path.read_text()
    first, second = text.splitlines()[:2]
    assert "for x86_32 at interface version 0x00041300" in first
    assert "SPDX-License-Identifier: MIT" in second
    command = first.partition("made by: ")[2].removesuffix(" */").removesuffix("?>")
    arguments = shlex.split(command)[1:]
    if "c-array" in arguments:
        blob = Abi("x86_32").encode("cache_flush", [{"a.ref": 8, "op": "CLEAN|SOURCE_GREF"}])
        monkeypatch.setattr("xengnt.cli.options.read_bytes", lambda _: (blob, "standard input"))
    assert main(arguments) == 0
    assert capsys.readouterr().out == text


def test_every_kind_has_a_picture() -> None:
    """Would catch a kind that is not seen in review; some have tests of their own."""
    assert {path.stem for path in GOLDEN.iterdir()} == KINDS.keys() - {"json", "html"}


def test_output_is_the_same_each_time() -> None:
    """Would catch a date, an order of sets, or an address in the text."""
    script = (
        "from xengnt import Abi; from xengnt.emit import KINDS, emit\n"
        "for kind in KINDS:\n"
        "    structs = [] if kind == 'html' else ['grant_entry_v2']\n"
        "    if kind != 'c-array': print(emit(kind, [Abi('arm32')], structs))\n"
    )
    command = [sys.executable, "-c", script]
    runs = [
        subprocess.check_output(command, env={"PYTHONHASHSEED": seed}, text=True)
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


def test_a_selection_has_what_it_needs_and_no_more() -> None:
    """Would catch a struct without those that it is made of, or constants of others."""
    text = emit("c-header", [Abi("x86_64")], ["copy"])
    for word in ("struct gnttab_copy_ptr {", "GNTCOPY_dest_gref", "GNTST_bad_page", "domid_t;"):
        assert word in text, word
    for word in ("gnttab_transfer", "GNTMAP_", "GTF_", "grant_handle_t", "GNTTABOP_transfer"):
        assert word not in text, word
    assert "GTF_reading" in emit("c-header", [Abi("x86_64")], ["grant_status_t"])
