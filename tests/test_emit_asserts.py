# SPDX-License-Identifier: MIT
"""The asserts hold for what is right, and stop the compiler, in the right words, for all else."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import oracle
import pytest
import test_mutations
from edited import Edit, copy
from oracle import need

from xengnt import Abi
from xengnt.abi.layout import Layout
from xengnt.abi.targets import TARGETS
from xengnt.emit import Options, emit
from xengnt.emit.facts import Fact, grouped
from xengnt.emit.selection import select
from xengnt.errors import SourceError
from xengnt.mapping import load_mapping

ROOT = Path(__file__).parents[1]
ABIS = [Abi(name) for name in TARGETS]
STRICT = ("-Wall", "-Wextra", "-Wundef", "-Wredundant-decls", "-Werror", "-pedantic")
NEWEST = Abi("x86_64").interface_version
SAYS = re.compile(r'error: static(?:_assert| assertion) failed[^"\n]*"(.*) \(Xen, (\w+)\)"')
"""What a compiler says of an assert that fails."""


@cache
def asserts() -> str:
    """Return the header for all ABIs."""
    return emit("c-asserts", ABIS)


def failing(compiler: oracle.Compiler, source: str, *flags: str) -> tuple[set[str], str]:
    """Return which asserts a compiler says that fail, and all else that it says."""
    done = compiler.run(source, "-fsyntax-only", "-w", *flags)
    found = SAYS.findall(done.stderr)
    assert all(abi == compiler.abi for _, abi in found), found
    assert bool(done.returncode) == ("error" in done.stderr)
    return {message for message, _ in found}, done.stderr


# What is right


@pytest.mark.parametrize("abi", TARGETS)
@pytest.mark.parametrize("kind", oracle.KINDS)
def test_our_header_passes(kind: str, abi: str, scratch: Path) -> None:
    """Would catch an assert that fails for what is right, or another ABI's that is used."""
    compiler = oracle.compiler(kind, abi)
    source = oracle.OUR_HEADER
    flags = (*source.flags, *oracle.version_flags(NEWEST), *STRICT, "-fsyntax-only")
    done = compiler.run(f"{source.prelude}{asserts()}", *flags)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("language", "standard"),
    [
        *(("c", standard) for standard in ("c89", "c99", "c11", "gnu17")),
        *(("c++", standard) for standard in ("c++98", "c++11", "c++17", "c++20")),
    ],
)
@pytest.mark.parametrize("kind", oracle.KINDS)
def test_each_standard_is_served(kind: str, language: str, standard: str, scratch: Path) -> None:
    """Would catch a construct that a standard lacks, and asserts that it then does not make."""
    compiler = oracle.compiler(kind, Abi.native().name)
    text = "#include <stdint.h>\n" + emit("c-header", [Abi.native()])
    flags = (f"-std={standard}", *STRICT, "-Wno-long-long", "-fsyntax-only")
    if standard != "c++98" and language == "c++":
        flags += ("-Wold-style-cast", "-Wzero-as-null-pointer-constant")
    # Twice: that nothing of it stays.
    done = compiler.run(text + asserts() + asserts(), *flags, language=language)
    assert done.returncode == 0, done.stderr
    for old, new in (("int16_t status", "uint16_t status"), ("bad_page (-9)", "bad_page (-8)")):
        assert old in text
        done = compiler.run(text.replace(old, new) + asserts(), *flags, language=language)
        assert done.returncode, f"{new} is let through"


def test_the_distributions_header_passes(distribution: oracle.Source, tmp_path: Path) -> None:
    """Would catch an assert that Xen's own header fails."""
    compiler = oracle.any_compiler("x86_64")
    version = min(oracle.latest(compiler, distribution), NEWEST)
    names = tmp_path / "names.toml"
    names.write_text('[ignore]\nDOMID_ANY = "newer"\nDOMID_MASK = "newer"\n')
    abis = [Abi(abi, version) for abi in TARGETS]
    text = emit("c-asserts", abis, options=Options(mapping=load_mapping(names)))
    for abi in ("x86_64", "x86_32", "arm64", "arm32"):
        flags = (*distribution.flags, *oracle.version_flags(version))
        source = f"{distribution.prelude}{text}"
        assert failing(oracle.any_compiler(abi), source, *flags) == (set(), ""), abi


@pytest.mark.parametrize("abi", ["x86_64", "x86_32"])
@pytest.mark.parametrize("kind", oracle.KINDS)
def test_linuxs_copy_passes(kind: str, abi: str, scratch: Path) -> None:
    """Would catch asserts that only hold for headers that look like ours."""
    source = oracle.linux()
    flags = (*source.flags, *(("-DCONFIG_X86_32",) if abi == "x86_32" else ()))
    structs = [*Abi(abi).layout.ops, "grant_entry_v1"]
    pair = [Abi("x86_64"), Abi("x86_32")]
    text = emit("c-asserts", pair, structs, Options(structs_only=True))
    assert failing(oracle.compiler(kind, abi), source.prelude + text, *flags) == (set(), "")


@pytest.mark.parametrize("machine", ["x86_64", "arm32"])
def test_one_abi_is_asserted_on_any_machine(machine: str, scratch: Path) -> None:
    """Would catch compat structs of a 32-bit guest that cannot be held to its ABI."""
    compiler = oracle.any_compiler(machine)
    abi = Abi("x86_32")
    source = emit("c-header", [abi]) + emit("c-asserts", [abi])
    compiler.object(source, *STRICT)
    other = emit("c-header", [Abi("x86_64")]) + emit("c-asserts", [abi])
    done = compiler.run(other, "-fsyntax-only")
    assert "gnttab_setup_table: size is not 16 (Xen, x86_32)" in done.stderr


def test_another_machine_is_refused(scratch: Path) -> None:
    """Would catch asserts that are left out for a machine that they are not for."""
    compiler = oracle.any_compiler("x86_64")
    text = emit("c-asserts", [Abi("arm64"), Abi("arm32")])
    with pytest.raises(oracle.HeaderError, match="not for this machine: asserts for arm64, arm32"):
        compiler.object(text)


# What is wrong


def holds(fact: Fact, layout: Layout) -> bool | None:
    """Tell whether a fact holds in a layout, None if what it is about is not there."""
    path, _, first = fact.field.partition("[")
    about: Any
    if fact.of == "constant":
        about = layout.constants.get(fact.theirs)
    elif fact.of == "type":
        about = layout.typedefs.get(fact.theirs)
    else:
        about = layout.structs.get(fact.theirs)
        about = about if about and about.kind == fact.of else None
        about = about.by_name.get(path) if about and path else about
    if about is None:
        return None
    if fact.what == "sign" and getattr(about, "kind", "int") == "float":
        return False
    found = about.signed if fact.what == "sign" else getattr(about, fact.what)
    if first and found and fact.what == "size":
        found //= about.count or 1
    return None if found is None else int(found) == fact.expected


UNSEEN = ("pointee", "handle", "selector", "direction", "enum", "message", "op")
"""Kinds of mistakes that C does not show, unless something else comes with them."""

OURS = [one for one in test_mutations.MUTATIONS if "ours" in one.headers and not one.versions]


@pytest.mark.parametrize("number", range(len(OURS)), ids=lambda number: OURS[number].id)
def test_a_mistake_stops_the_compiler(number: int, scratch: Path, tmp_path: Path) -> None:
    """Would catch a mistake that is let through, or that is put down to what is right.

    What `xengnt check` reads in the edited header says which asserts have to fail.
    """
    mutation = OURS[number]
    target = copy("ours", tmp_path)
    target.edit(mutation.edits)
    abi = min(" ".join(mutation.on).split())
    compiler = oracle.any_compiler(abi)
    kind = oracle.find("clang", abi)
    compiler = kind if number % 2 and kind else compiler
    flags = (f"-I{tmp_path}", *oracle.version_flags(NEWEST))
    found, said = failing(compiler, oracle.OUR_HEADER.prelude + asserts(), *flags)
    if said and not found and failing(compiler, oracle.OUR_HEADER.prelude, *flags)[1]:
        return  # the header stops it by itself
    (comparison,) = target.check([abi], ("newest",)).comparisons
    facts = [
        fact for one in grouped([select(Abi(abi))], None, re.compile("")) for fact in one.facts
    ]
    judged = {fact: holds(fact, comparison.theirs) for fact in facts}
    wrong = {fact.message for fact, right in judged.items() if right is False}
    lost = [fact for fact, right in judged.items() if right is None and fact.what != "sign"]
    assert found <= wrong | {fact.message for fact in lost}, said
    assert lost or found == wrong, said
    errors = [one for one in comparison.findings if one.severity == "error"]
    if not said:
        assert not wrong
        assert not lost or not errors
        assert mutation.kind in UNSEEN or not errors


@pytest.mark.parametrize(
    ("edit", "abi", "messages"),
    [
        (
            Edit("domid_t  domid;  ", "uint32_t domid;  ", "struct gnttab_copy {"),
            "x86_32",
            {
                "gnttab_copy: size is not 24",
                "gnttab_copy.source.domid: size is not 2",
                "gnttab_copy.source.offset: offset is not 6",
            },
        ),
        (
            Edit("int16_t  status;", "uint16_t status;", "struct gnttab_query_size {"),
            "arm64",
            {"gnttab_query_size.status: is not signed"},
        ),
        (
            Edit("GTF_readonly        (1U<<", "GTF_readonly        (1<<"),
            "riscv64",
            {"GTF_readonly: is not unsigned"},
        ),
        (
            Edit("GNTST_eagain          (-12)", "GNTST_eagain          (-11)"),
            "ppc64",
            {"GNTST_eagain: value is not -12"},
        ),
        (
            Edit("XEN_GUEST_HANDLE(uint64_t) frame_list", "uint64_t *frame_list"),
            "arm32",
            {
                "gnttab_get_status_frames: size is not 16",
                "gnttab_get_status_frames.frame_list: size is not 8",
            },
        ),
        (
            Edit("XEN_GUEST_HANDLE(uint64_t) frame_list", "uint64_t *frame_list"),
            "arm64",
            set(),
        ),
    ],
)
def test_the_words_name_field_value_and_abi(
    edit: Edit, abi: str, messages: set[str], scratch: Path, tmp_path: Path
) -> None:
    """Would catch a message from which nobody can tell what is wrong, or on which ABI."""
    target = copy("ours", tmp_path)
    target.edit([edit])
    source = oracle.OUR_HEADER.prelude + asserts()
    flags = (f"-I{tmp_path}", *oracle.version_flags(NEWEST))
    found, said = failing(oracle.any_compiler(abi), source, *flags)
    assert messages <= found
    assert bool(said) == bool(messages)
    if len(messages) == 1:
        assert found == messages


# Their names

THEIRS = """\
#include <stdint.h>
typedef struct { uint64_t va; uint32_t how; uint32_t gref; uint16_t who; short result;
                 uint32_t cookie; uint64_t bus; } my_map_t;
struct my_copy { union { uint32_t gref; uint64_t frame; } from; uint16_t from_dom, from_at;
                 uint64_t to_frame; uint16_t to_dom, to_at; uint32_t pad;
                 uint16_t bytes, how; short result; };
enum { MY_OKAY, MY_READONLY = 4 };
"""
NAMES = """\
[structs]
my_map_t = "gnttab_map_grant_ref"
[fields.my_map_t]
va = "host_addr"
how = "flags"
gref = "ref"
who = "dom"
result = "status"
cookie = "handle"
bus = "dev_bus_addr"
"""
COPY_NAMES = """\
[structs]
my_copy = "gnttab_copy"
[fields.my_copy]
from = "source.u"
"from.gref" = "source.u.ref"
"from.frame" = "source.u.gmfn"
from_dom = "source.domid"
from_at = "source.offset"
to_frame = "dest.u.gmfn"
to_dom = "dest.domid"
to_at = "dest.offset"
bytes = "len"
how = "flags"
result = "status"
[types]
uint16_t = "domid_t"
"""
CONSTANTS = '[constants]\nMY_OKAY = "GNTST_okay"\nMY_READONLY = "GNTMAP_readonly"\n'


@pytest.mark.parametrize("language", ["c", "c++"])
def test_names_of_theirs_are_mapped(language: str, scratch: Path, tmp_path: Path) -> None:
    """Would catch asserts for people who call their structs, fields or values otherwise."""
    compiler = oracle.any_compiler("x86_64")
    (tmp_path / "map.toml").write_text(NAMES + CONSTANTS)
    (tmp_path / "copy.toml").write_text(COPY_NAMES + CONSTANTS)

    def stopped(old: str = "", new: str = "") -> set[str]:
        both = ""
        for op, file, typedefs in (("map_grant_ref", "map", True), ("copy", "copy", False)):
            mapping = load_mapping(tmp_path / f"{file}.toml")
            options = Options(mapping=mapping, typedefs=typedefs, structs_only=True)
            both += emit("c-asserts", [Abi("x86_64")], [op], options)
        source = THEIRS + both
        done = compiler.run(source.replace(old, new), "-fsyntax-only", *STRICT, language=language)
        found = set(re.findall(r'"?([\w.]+: (?:\w+ )?is not \S+) \(Xen, x86_64\)', done.stderr))
        assert bool(found) == bool(done.returncode), done.stderr
        return found

    assert stopped() == set()
    assert stopped("uint32_t gref; uint16_t who", "uint16_t who; uint32_t gref") >= {
        "gnttab_map_grant_ref.dom: offset is not 16",
        "gnttab_map_grant_ref.ref: offset is not 12",
    }
    assert stopped("bytes, how", "how, bytes") == {
        "gnttab_copy.len: offset is not 32",
        "gnttab_copy.flags: offset is not 34",
    }
    assert stopped("how; short result; };", "how; uint16_t result; };") == {
        "gnttab_copy.status: is not signed"
    }
    assert stopped("{ MY_OKAY,", "{ MY_OKAY = 1,") == {"GNTST_okay: value is not 0"}


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('[structs]\nmine = "gnttab_cpoy"', "structs.mine: Xen has no 'gnttab_cpoy'"),
        ('[constants]\nMINE = "GNTST_good"', "constants.MINE: Xen has no 'GNTST_good'"),
        ('[fields.mine]\na = "b"', "fields.mine: no struct has this name"),
        (
            '[structs]\nmine = "gnttab_copy"\n[fields.mine]\na = "length"',
            "fields.mine.a: gnttab_copy has no field 'length'",
        ),
        (
            '[structs]\nmine = "gnttab_copy"\n[fields.mine]\na = "len"\nb = "len"',
            "fields.mine: 'len' is there twice",
        ),
        ('[ignore]\ngnttab_cpoy = "typed too fast"', "ignore.gnttab_cpoy: Xen has nothing"),
        ('[ignore]\n"gnttab_copy.flagz" = "x"', "ignore.gnttab_copy.flagz: Xen has nothing"),
        (
            (
                '[structs]\na = "gnttab_copy_ptr"\nb = "gnttab_copy_ptr"\n'
                '[fields.a]\nx = "domid"\n[fields.b]\ny = "domid"'
            ),
            "fields.b.y: another gnttab_copy_ptr calls it 'x': say it of the structs",
        ),
        ('[structs]\n"a; b" = "gnttab_copy"', "'a; b' is no name there"),
    ],
)
def test_a_mapping_that_says_nothing_is_refused(toml: str, message: str, tmp_path: Path) -> None:
    """Would catch a slip in a mapping by which a struct is no longer asserted, unsaid."""
    (tmp_path / "names.toml").write_text(toml)
    options = Options(mapping=load_mapping(tmp_path / "names.toml"))
    for kind in ("c-asserts", "rust-asserts"):
        with pytest.raises(SourceError, match=re.escape(message)):
            emit(kind, ABIS, options=options)


def test_what_is_ignored_is_left_out(tmp_path: Path) -> None:
    """Would catch a path to be ignored that is asserted all the same."""
    (tmp_path / "names.toml").write_text(
        '[ignore]\n"gnttab_copy.flags" = "ours"\ngnttab_dump_table = "never"\nGNTST_eagain = "no"\n'
        'grant_ref_t = "no type of ours"\n"gnttab_copy_ptr.offset" = "by another name"\n'
    )
    options = Options(mapping=load_mapping(tmp_path / "names.toml"))
    for kind in ("c-asserts", "rust-asserts"):
        text = emit(kind, ABIS, options=options)
        for word in (
            "gnttab_copy.flags",
            "gnttab_dump_table",
            "GNTST_eagain",
            "grant_ref_t:",
            "source.offset:",
        ):
            assert word not in text, word
        assert "gnttab_copy.len" in text


INNER = """\
#include <stdint.h>
struct my_ptr { union { uint32_t ref; uint64_t gmfn; } u; uint16_t who; uint16_t offset; };
struct my_copy { struct my_ptr from, dest; uint16_t len, flags; int16_t status; };
"""
INNER_NAMES = """\
[structs]
my_copy = "gnttab_copy"
my_ptr = "gnttab_copy_ptr"
[fields.my_copy]
from = "source"
[fields.my_ptr]
who = "domid"
"""


@pytest.mark.parametrize("named", ["my_ptr", "gnttab_copy_ptr"])
def test_names_in_a_struct_that_is_a_member_count(
    named: str, scratch: Path, tmp_path: Path
) -> None:
    """Would catch a field that is looked for by Xen's name, in a struct whose table says theirs."""
    theirs = INNER.replace("my_ptr", named)
    toml = INNER_NAMES.replace("my_ptr", named).replace(f'{named} = "gnttab_copy_ptr"\n', "", 1)
    (tmp_path / "names.toml").write_text(INNER_NAMES if named == "my_ptr" else toml)
    options = Options(mapping=load_mapping(tmp_path / "names.toml"), structs_only=True)
    text = emit("c-asserts", [Abi("x86_64")], ["copy"], options)
    compiler = oracle.any_compiler("x86_64")
    assert failing(compiler, theirs + text) == (set(), "")
    wrong = theirs.replace("who; uint16_t offset", "offset; uint16_t who")
    assert "gnttab_copy.dest.domid: offset is not 24" in failing(compiler, wrong + text)[0]


# In Rust

RUSTCS = sorted({one for one in (shutil.which("rustc"), "/usr/bin/rustc") if one} or {"rustc"})


@pytest.mark.parametrize("rustc", RUSTCS)
def test_rust_types_of_others_are_held_to_the_layout(rustc: str, tmp_path: Path) -> None:
    """Would catch a mistake in Rust that is let through, or named by the wrong field."""
    need(shutil.which(rustc), "rustc", "apt install rustc")
    theirs = (ROOT / "examples" / "grant.rs").read_text()
    names = load_mapping(ROOT / "examples" / "grant_names.toml")
    options = Options(mapping=names, structs_only=True)
    text = emit("rust-asserts", [Abi("x86_64"), Abi("x86_32")], ["copy"], options)
    (tmp_path / "xengnt_asserts.rs").write_text(text)

    def stopped(old: str = "", new: str = "") -> set[str]:
        assert old in theirs
        (tmp_path / "grant.rs").write_text(theirs.replace(old, new) + "mod xengnt_asserts;\n")
        command = [rustc, "--edition", "2021", "--crate-type", "lib", "--emit", "metadata"]
        done = subprocess.run(
            [*command, "-D", "warnings", "grant.rs"],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        found = set(re.findall(r"([\w.]+: [\w -]+) \(Xen, x86_64\)", done.stderr))
        assert bool(found) == bool(done.returncode), done.stderr
        return found

    assert stopped() == set()
    assert stopped("domid: u16", "domid: u32") >= {
        "gnttab_copy.source.domid: size is not 2",
        "gnttab_copy.source.offset: offset is not 10",
    }
    assert stopped("pub status: i16", "pub status: u16") == {"gnttab_copy.status: is not signed"}
    assert stopped("pub gmfn: u64", "pub gmfn: u32") >= {
        "gnttab_copy: size is not 40",
        "gnttab_copy.source.u.gmfn: size is not 8",
        "gnttab_copy.len: offset is not 32",
    }
    assert stopped("pub len: u16,\n    pub flags: u16,", "pub flags: u16,\n    pub len: u16,") == {
        "gnttab_copy.len: offset is not 32",
        "gnttab_copy.flags: offset is not 34",
    }


@pytest.mark.parametrize("rustc", RUSTCS)
@pytest.mark.parametrize("of", ["Copy", "CopyPtr"])
def test_rust_types_that_only_happen_to_lie_so_are_refused(
    rustc: str, of: str, tmp_path: Path
) -> None:
    """Would catch a type whose layout the next compiler may choose otherwise."""
    need(shutil.which(rustc), "rustc", "apt install rustc")
    theirs = (ROOT / "examples" / "grant.rs").read_text()
    names = load_mapping(ROOT / "examples" / "grant_names.toml")
    text = emit("rust-asserts", ABIS, ["copy"], Options(mapping=names, structs_only=True))
    (tmp_path / "xengnt_asserts.rs").write_text(text)
    start = "#[repr(C)]\n#[derive(Clone, Copy)]\npub struct Gnttab"
    before = f"{start}{of} {{"
    assert before in theirs
    theirs = theirs.replace(before, before.removeprefix("#[repr(C)]\n"))
    (tmp_path / "grant.rs").write_text(theirs + "mod xengnt_asserts;\n")
    command = [rustc, "--edition", "2021", "--crate-type", "lib", "--emit", "metadata", "grant.rs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode
    assert "is not FFI-safe" in done.stderr
    assert "this struct has unspecified layout" in done.stderr
