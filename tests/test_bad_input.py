# SPDX-License-Identifier: MIT
"""Headers that are none: each ends in one clear line and exit status 2, and soon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xengnt.cli import main

ROOT = Path(__file__).parent.parent
HEADER = (ROOT / "include" / "xen" / "grant_table.h").read_text()

DEEP = 10_000

BAD = {
    "empty": (b"", "empty"),
    "blank": (b" \n\t\n", "empty"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00", "not an ELF file"),
    "UTF-16": (HEADER.encode("utf-16"), "binary data"),
    "noise": (bytes(range(1, 256)) * 20, ""),
    "cut short in a struct": (b"struct gnttab_copy {\n    int x;\n", "never closed"),
    "cut short in a condition": (b"#ifdef X\n", "#if"),
    "cut short in a comment": (b"struct gnttab_copy { int x; };\n/* and", "comment"),
    "cut short in a declaration": (b"typedef unsigned int", "cut short"),
    "another's": (b"struct other { int x; };\n", "nothing to compare"),
    "a missing include": (b'#include "nothing-of-this-name.h"\n', "nothing-of-this-name.h"),
    "includes itself": (b'#include "bad.h"\n', "bad.h"),
    "unmatched": (b"struct gnttab_copy { int x; }; }\n", "unmatched"),
    "deep structs": (
        b"struct gnttab_copy { " + b"struct { " * DEEP + b"int x; " + b"} y; " * DEEP + b"};",
        "nested",
    ),
    "deep parentheses": (
        b"struct gnttab_copy { int x[" + b"(" * DEEP + b"1" + b")" * DEEP + b"]; };",
        "nested",
    ),
    "refused": (b"#error not here\n", "#error not here"),
}


@pytest.mark.parametrize(("data", "words"), BAD.values(), ids=BAD)
def test_a_bad_header_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, words: str
) -> None:
    """Would catch a traceback, a hang, several lines, or a success."""
    path = tmp_path / "bad.h"
    path.write_bytes(data)
    assert main(["check", str(path), "--abi", "x86_64"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("xengnt: ")
    assert err.count("\n") == 1
    assert words in err


def test_missing_and_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a missing file, or a directory, that is taken for a header."""
    for path, words in ((tmp_path / "none.h", "No such file"), (tmp_path, "Is a directory")):
        assert main(["check", str(path)]) == 2
        err = capsys.readouterr().err
        assert words in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("kind", ["", "header:", "json:", "btf:", "elf:", "py:"])
def test_what_is_no_regular_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Would catch a pipe that is waited for, or a device that is read without end."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert main(["check", f"{kind}{path}"]) == 2
        assert capsys.readouterr().err == f"xengnt: {path}: not a regular file\n"


def test_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch an archive of objects that is called a bad header."""
    path = tmp_path / "lib.a"
    path.write_bytes(b"!<arch>\n" + b"x.o/".ljust(16) + b"\0" * 44)
    assert main(["check", str(path)]) == 2
    assert f"{path}: an archive: check its members" in capsys.readouterr().err


def test_a_letter_beyond_ascii(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a name that is told as gcc escapes it."""
    path = tmp_path / "bad.h"
    path.write_text("#define GNTST_okay (1 + versi\u00f3n)\nstruct gnttab_copy { \u00f1 x; };\n")
    assert main(["check", str(path), "--abi", "x86_64"]) == 2
    err = capsys.readouterr().err
    assert "\u00f1" in err or "versi\u00f3n" in err
    assert "U000000" not in err


@pytest.mark.parametrize("part", range(1, 20))
def test_our_header_cut_short_anywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: int
) -> None:
    """Would catch a header that is only half there and passes: its guard is never closed."""
    path = tmp_path / "grant_table.h"
    for name in ("xen.h", "xen-compat.h", "guest-handle-64.h"):
        (tmp_path / name).write_text((ROOT / "include" / "xen" / name).read_text())
    path.write_text(HEADER[: len(HEADER) * part // 20])
    assert main(["check", str(path), "--abi", "arm64", "-I", str(ROOT / "include" / "xen")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_constant_nested_deeply_is_no_crash(tmp_path: Path) -> None:
    """Would catch an evaluator that exhausts the stack on one macro."""
    path = tmp_path / "deep.h"
    nested = "(" * DEEP + "1" + ")" * DEEP
    path.write_text(f"#define GNTST_okay {nested}\n#define GNTST_bad_page (-9)\n")
    assert main(["check", str(path), "--abi", "x86_64"]) in (1, 2)
