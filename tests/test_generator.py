# SPDX-License-Identifier: MIT
"""``build_ffi.py`` on copies of our headers: what it derives, and what it refuses.

The header is the single source of truth, so what it leaves out must stop the build
and not be guessed; and what it says must reach every derived file.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from edited import ROOT, Edit, HeaderCopy

MAP, COPY, SWAP = "gnttab_map_grant_ref", "gnttab_copy", "gnttab_swap_grant_ref"
DUMP, FLUSH = "gnttab_dump_table", "gnttab_cache_flush"


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """Return ``build_ffi.py`` as a module."""
    spec = importlib.util.spec_from_file_location("build_ffi", ROOT / "build_ffi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def checked() -> subprocess.CompletedProcess[str]:
    """Return what ``--check`` says of this tree, in a process that hashes in its own way."""
    return subprocess.run(
        [sys.executable, "build_ffi.py", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def current(checked: subprocess.CompletedProcess[str]) -> dict[str, bytes]:
    """Return the derived files of this tree, by name."""
    return {name: (ROOT / name).read_bytes() for name in named(checked.stdout)}


@pytest.fixture
def header(tmp_path: Path) -> HeaderCopy:
    """Return a copy of our headers."""
    shutil.copytree(ROOT / "include", tmp_path / "include")
    return HeaderCopy(tmp_path / "include" / "xen" / "grant_table.h")


def run(build: ModuleType, header: HeaderCopy, output: Path, *options: str) -> int:
    """Derive from a copy of our headers into a directory."""
    include = header.path.parents[1]
    status = build.main(["--include", str(include), "--output", str(output), *options])
    assert isinstance(status, int)
    return status


def derived(tree: Path) -> dict[str, bytes]:
    """Return the files in a directory, by name."""
    return {
        str(path.relative_to(tree)): path.read_bytes()
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    }


def named(printed: str) -> list[str]:
    """Return the files that lines of output begin with."""
    return [line.split(":")[0] for line in printed.splitlines()]


def within(tag: str, old: str, new: str) -> Edit:
    """Give an edit inside the declaration of a struct."""
    return Edit(old, new, f"struct {tag} {{")


@dataclass(frozen=True)
class Refusal:
    """An edit that must stop the generator.

    Attributes:
        id: a name for it.
        edit: what is done to the header.
        line: what the line begins with that must be named.
        message: what must be said of it.
    """

    id: str
    edit: Edit
    line: str
    message: str


LAST_OP = "#define GNTTABOP_cache_flush          12 "

REFUSALS = (
    Refusal(
        "command-without-struct",
        Edit(LAST_OP, f"#define GNTTABOP_nothing 13\n{LAST_OP}"),
        "#define GNTTABOP_nothing",
        "GNTTABOP_nothing: a command without a struct: there is no struct gnttab_nothing",
    ),
    Refusal(
        "command-with-another-struct",
        Edit("12 /* [Xen 4.5] */", "12 /* => struct gnttab_flush */"),
        "#define GNTTABOP_cache_flush",
        "GNTTABOP_cache_flush: a command without a struct: there is no struct gnttab_flush",
    ),
    Refusal(
        "struct-without-command",
        Edit(
            f"struct {DUMP} {{",
            f"struct gnttab_lonely {{\n    /* IN parameters. */\n    domid_t dom;\n}};\n"
            f"struct {DUMP} {{",
        ),
        "struct gnttab_lonely {",
        "gnttab_lonely: a struct without a command: there is no GNTTABOP_lonely",
    ),
    Refusal(
        "command-gone",
        Edit("#define GNTTABOP_copy ", "#define COPY "),
        f"struct {COPY} {{",
        f"{COPY}: a struct without a command: there is no GNTTABOP_copy",
    ),
    Refusal(
        "command-outside",
        Edit("#define GNTMAP_readonly ", "#define GNTTABOP_late 13\n#define GNTMAP_readonly "),
        "#define GNTTABOP_late",
        "GNTTABOP_late: a command outside of enum grant_table_op",
    ),
    Refusal(
        "no-commands",
        Edit(" // GNTTABOP_* => struct gnttab_*", " // GNTTABOP_*"),
        "/* ` enum grant_table_op {",
        "no enum in the markup says which struct goes with which command",
    ),
    Refusal(
        "field-without-direction",
        within(DUMP, "    /* IN parameters. */\n", ""),
        "    domid_t dom;",
        f"{DUMP}.dom: a field without a direction",
    ),
    Refusal(
        "heading-misspelled",
        within(SWAP, "/* IN parameters. */", "/* In parameters. */"),
        "    grant_ref_t ref_a;",
        f"{SWAP}.ref_a: a field without a direction",
    ),
    Refusal(
        "unknown-enum",
        within(MAP, "=> enum grant_status", "=> enum grant_statuses"),
        "    int16_t  status;",
        f"{MAP}.status: there is no enum grant_statuses",
    ),
    Refusal(
        "selector-names-no-member",
        within(COPY, "GNTCOPY_dest_gref ? ref : gmfn", "GNTCOPY_dest_gref ? ref : mfn"),
        "        } u;",
        f"{COPY}.dest.u: the union has no member mfn",
    ),
    Refusal(
        "selector-of-another-struct",
        within(COPY, "GNTCOPY_source_gref ?", "GNTMAP_readonly ?"),
        "        } u;",
        f"{COPY}.source.u: no field of {COPY} can hold GNTMAP_readonly",
    ),
    Refusal(
        "selector-gone",
        within(FLUSH, "/* => GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr */", ""),
        "    } a;",
        f"{FLUSH}.a: nothing says which member of the union is meant",
    ),
    Refusal(
        "selector-of-entry-gone",
        Edit("/* => GTF_permit_access ?", "/* GTF_permit_access ?"),
        "union grant_entry_v2 {",
        "grant_entry_v2: nothing says which member of the union is meant",
    ),
    Refusal(
        "selector-cut-short",
        within(FLUSH, "? ref : dev_bus_addr", "? ref"),
        "    } a;",
        "'GNTTAB_CACHE_SOURCE_GREF ? ref'",
    ),
    Refusal(
        "last-enum-not-closed",
        Edit("(-13)  /* Out of handles, or of other space. [Xen 4.16] */\n/* ` } */", "(-13)"),
        "/* ` enum grant_status {",
        "enum grant_status is not closed",
    ),
    Refusal(
        "enum-not-closed",
        Edit("#endif /* __XEN_INTERFACE_VERSION__ */\n/* ` } */", "#endif"),
        "/* ` enum grant_table_op {",
        "enum grant_table_op is not closed",
    ),
    Refusal(
        "enum-of-unknown-kind",
        Edit("// GNTMAP_* bits", "// GNTMAP_* flags"),
        "/* ` enum gnttab_map_flag {",
        "'GNTMAP_* flags'",
    ),
    Refusal(
        "mask-of-no-constant",
        Edit("in GTF_type_mask", "in GTF_types"),
        "/* ` enum grant_entry_type {",
        "grant_entry_type: there is no constant GTF_types",
    ),
    Refusal(
        "message-gone",
        Edit('    "out of space", ', "    "),
        "/* ` enum grant_status {",
        "grant_status: 13 messages for 14 values",
    ),
    Refusal(
        "messages-gone",
        Edit("#define GNTTABOP_error_msgs ", "#define MESSAGES_NONE "),
        "/* ` enum grant_status {",
        "grant_status: 0 messages for 14 values",
    ),
    Refusal(
        "unknown-type",
        within(MAP, "grant_ref_t ref;", "grant_reference_t ref;"),
        f"struct {MAP} {{",
        "unknown type 'grant_reference_t'",
    ),
    Refusal(
        "constant-not-evaluable",
        Edit("(1<<_GNTMAP_readonly)", "(1<<_GNTMAP_read)"),
        "#define GNTMAP_readonly",
        "_GNTMAP_read is not a constant",
    ),
    Refusal(
        "refused",
        Edit("/* An entry of a version 1", "#ifdef __i386__\n#error 64.\n#endif\n/* An entry"),
        "#error 64.",
        "#error 64.",
    ),
    Refusal(
        "pragma-pack",
        Edit(f"struct {DUMP} {{", f"#pragma pack(1)\nstruct {DUMP} {{"),
        "struct ",
        "pack",
    ),
    Refusal(
        "packed",
        within(FLUSH, "\n};", "\n} __attribute__((packed));"),
        f"struct {FLUSH} {{",
        "packed",
    ),
    Refusal(
        "aligned",
        within(SWAP, "int16_t status;", "int16_t status __attribute__((aligned(8)));"),
        "    int16_t status",
        "aligned",
    ),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.id)
def test_incomplete_header_is_refused(
    refusal: Refusal,
    build: ModuleType,
    header: HeaderCopy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Markup that is not complete and passes, or that is refused without saying what and where."""
    header.edit([refusal.edit])
    output = tmp_path / "output"
    assert run(build, header, output) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"build_ffi.py: {header.path}:")
    assert refusal.message in printed.err
    line = int(printed.err.removeprefix(f"build_ffi.py: {header.path}:").split(":")[0])
    assert header.path.read_text().splitlines()[line - 1].startswith(refusal.line)
    assert not output.exists()


def test_missing_header(
    build: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback, or files derived from nothing, where there is no header."""
    assert build.main(["--include", str(tmp_path), "--output", str(tmp_path)]) == 2
    wanted = tmp_path / "xen" / "grant_table.h"
    assert capsys.readouterr().err == f"build_ffi.py: {wanted}: No such file or directory\n"
    assert list(tmp_path.iterdir()) == []


def test_other_cffi(
    build: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An extension written by a cffi that words it differently, and so seems not current."""
    monkeypatch.setattr(build, "CFFI_VERSION", "0.1")
    assert build.main(["--output", str(tmp_path)]) == 2
    assert "needs cffi 0.1" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_tree_is_current(
    checked: subprocess.CompletedProcess[str], current: dict[str, bytes]
) -> None:
    """Derived files in the tree that are not what the header says, or differ from run to run."""
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "".join(f"{name}: current\n" for name in current)
    assert {"xengnt/abi/_generated.py", "xengnt/abi/constants.pyi", "native/ffi.c"} <= set(current)


def test_nothing_of_this_machine_is_derived(current: dict[str, bytes]) -> None:
    """Derived files that name the directory or the user of who ran the generator."""
    for name, content in current.items():
        assert str(ROOT).encode() not in content, name
        assert str(Path.home()).encode() not in content, name


def test_check_names_what_is_stale(
    build: ModuleType,
    current: dict[str, bytes],
    header: HeaderCopy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A changed header or a missing file that ``--check`` does not notice, or that it mends."""
    tree = tmp_path / "tree"
    kept = {name: content for name, content in current.items() if name != "native/ffi.c"}
    for name, content in kept.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    header.edit([Edit("#define GNTST_bad_page         (-9)", "#define GNTST_bad_page (-19)")])
    assert run(build, header, tree, "--check") == 1
    printed = capsys.readouterr().out
    assert named(printed) == list(current)
    stale = {name for name in current if f"{name}: not current" in printed}
    assert stale == {
        "xengnt/abi/_generated.py",
        "xengnt/abi/constants.pyi",
        "native/kernels.h",
        "native/ffi.c",
    }
    assert derived(tree) == kept


def test_renamed_op(
    build: ModuleType, current: dict[str, bytes], header: HeaderCopy, tmp_path: Path
) -> None:
    """A name of an op or struct that is not the header's, or bytes that differ from run to run.

    The new name has the length of the old, and its place in the alphabet: so with the
    old one put back, all files must be those of the tree.
    """
    text = header.path.read_text()
    assert text.count("swap_grant_ref") > 5
    header.path.write_text(text.replace("swap_grant_ref", "swop_grant_ref"))
    output = tmp_path / "output"
    assert run(build, header, output) == 0
    renamed = derived(output)
    assert b"gnttab_swop_grant_ref" in renamed["xengnt/abi/_generated.py"]
    assert b"SWOP_GRANT_REF = 11" in renamed["xengnt/abi/constants.pyi"]
    assert b"struct gnttab_swop_grant_ref" in renamed["native/ffi.c"]
    for name, content in renamed.items():
        assert not re.search(rb"(?i)swap_?grant", content), name
    assert current == {
        name: content.replace(b"swop", b"swap").replace(b"SWOP", b"SWAP").replace(b"Swop", b"Swap")
        for name, content in renamed.items()
    }
