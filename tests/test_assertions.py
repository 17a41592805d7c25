# SPDX-License-Identifier: MIT
"""The assertions for others' tests, called as functions."""

from __future__ import annotations

import ctypes
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import pytest

from xengnt import Abi, InvalidValue, SourceError, UnknownName
from xengnt.testing import assert_same_blob, assert_same_layout

ROOT = Path(__file__).parent.parent
HEADER = ROOT / "include" / "xen" / "grant_table.h"
TAG = "gnttab_swap_grant_ref"


def structure(name: str = TAG, middle: Any = ctypes.c_uint32) -> type[ctypes.Structure]:
    """Return a structure of ctypes, the same as Xen's unless its middle is another one."""
    fields = [("ref_a", ctypes.c_uint32), ("ref_b", middle), ("status", ctypes.c_int16)]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


def dtype(middle: str = "u4") -> Any:
    """Return the same as a dtype of numpy."""
    return np.dtype([("ref_a", "u4"), ("ref_b", middle), ("status", "i2")], align=True)


def ffi(middle: str = "uint32_t") -> Any:
    """Return the same as an ffi."""
    made = cffi.FFI()
    made.cdef(f"struct {TAG} {{ uint32_t ref_a; {middle} ref_b; int16_t status; }};")
    return made


def module(middle: Any = ctypes.c_uint32) -> types.ModuleType:
    """Return the same in a module."""
    made = types.ModuleType("their.grant")
    setattr(made, "GnttabSwapGrantRef", structure("GnttabSwapGrantRef", middle))  # noqa: B010 -- it is new to mypy
    return made


SOURCES: dict[str, Callable[..., Any]] = {
    "class": lambda wide: structure(middle=ctypes.c_uint64 if wide else ctypes.c_uint32),
    "mapping": lambda wide: {TAG: dtype("u8" if wide else "u4")},
    "ffi": lambda wide: ffi("uint64_t" if wide else "uint32_t"),
    "module": lambda wide: module(ctypes.c_uint64 if wide else ctypes.c_uint32),
}


def failure(call: Callable[[], object]) -> str:
    """Return the message with which an assertion fails."""
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_there_in_python_is_checked_as_it_is(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a kind of source that is not looked at, and colours or notes in a failure."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert_same_layout(SOURCES[kind](wide=False))
    text = failure(lambda: assert_same_layout(SOURCES[kind](wide=True)))
    first, *rest = text.splitlines()
    assert first.endswith("is not laid out as the ABI: 4 errors")
    assert any("reference" in line and "theirs" in line for line in rest)
    [row] = [line for line in rest if line.split()[:3] == ["4", "4", "ref_b"]]
    assert row.split()[4:8] == ["≠", "8", "8", "ref_b"]
    assert f"error: {TAG}.ref_b is at offset 8, not 4" in text
    assert "note:" not in text
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in rest)


def test_files_are_checked_for_the_abis_that_are_asked_for(tmp_path: Path) -> None:
    """Would catch an argument that does not reach the check."""
    assert_same_layout(HEADER, abi="all", require_all=True)
    assert_same_layout(str(HEADER), abi=["x86_32", "arm64"], interface_version="0x0003020a")
    assert_same_layout(HEADER, HEADER, abi=Abi("arm32", "0x00040300"), only=["gnttab_*"])
    assert_same_layout(f"py:{ROOT / 'examples' / 'grant.py'}")
    theirs = tmp_path / "mine.h"
    theirs.write_text(
        "#ifdef WIDE\n#define T unsigned long long\n#else\n#define T unsigned\n#endif\n"
        "struct my_swap { unsigned ref_a, ref_b; short status; };\n"
        "struct gnttab_set_version { T version; };\n"
    )
    assert_same_layout(theirs, names={"my_swap": TAG}, abi="arm32")
    assert_same_layout(theirs, structure("my_swap"), only="my_swap")
    text = failure(lambda: assert_same_layout(theirs, defines=["WIDE"], abi=["arm32", "x86_64"]))
    assert "gnttab_set_version.version has a size of 8, not 4" in text
    assert "arm32, x86_64 at" in text
    assert TAG not in text
    text = failure(lambda: assert_same_layout(structure("my_swap", ctypes.c_uint64), theirs))
    assert text.splitlines()[0].endswith(f"is not laid out as {theirs}: 4 errors")


def test_nothing_to_compare_is_no_success() -> None:
    """Would catch a test that passes because nothing was looked at."""
    with pytest.raises(SourceError, match="nothing to compare"):
        assert_same_layout(structure("Something"))
    with pytest.raises(SourceError, match="nothing to compare"):
        assert_same_layout(dtype())  # it has no name
    with pytest.raises(SourceError, match=r"no\.h: No such file"):
        assert_same_layout("no.h")
    with pytest.raises(UnknownName, match="unknown ABI"):
        assert_same_layout(structure(), abi="x86")


def test_same_blobs_pass_in_any_form() -> None:
    """Would catch a form of input that is not taken, or compared as something else."""
    rows = [{"ref_a": 1, "status": -3}, {"ref_b": 2}]
    blob = Abi("arm64").encode("swap_grant_ref", rows, allow_out=True)
    for got in (blob, bytearray(blob), memoryview(blob), np.frombuffer(blob, "u1")):
        for expected in (blob, bytearray(blob), rows, {"ref_a": [1, 0], "ref_b": [0, 2], **OUT}):
            assert_same_blob("swap_grant_ref", got, expected, abi="arm64")
    assert_same_blob("copy", b"", [])


OUT = {"status": [-3, 0]}


def test_a_difference_is_named_with_both_values() -> None:
    """Would catch a failure without the element, the field, the offset or one of the values."""
    abi = Abi("x86_64")
    got = bytearray(abi.encode("copy", [{"len": 3}, {"len": 4, "flags": 1, "source.u.ref": 5}]))
    got[40 + 13] = 7  # a hole
    text = failure(
        lambda: assert_same_blob("copy", got, [{"len": 3}, {"len": 4, "source.u.gmfn": 6}], abi=abi)
    )
    there = "05 00 00 00 00 00 00 00"
    assert text.splitlines()[:3] == [
        f"copy: element 1: source.u.gmfn at offset 0: expected 0x6, got {there}, as source.u.ref",
        "element 1: hole at offset 12: expected 00 00 00 00, got 00 07 00 00",
        "element 1: flags at offset 34: expected 0x0, got 0x1 (GNTCOPY_source_gref)",
    ]
    assert "element 0" not in text
    rows = [line.split() for line in text.splitlines() if "≠" in line]
    assert [row[0] for row in rows] == ["0", "12", "34"]
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (bytes(3), bytes(4), "expected 4 bytes, got 3, and an element has 12 on x86_64: from byte"),
        (bytes(12), bytes(24), "expected 24 bytes, got 12, and an element has 12 on x86_64: from"),
        (bytes(24), b"", "expected 0 bytes, got 24, and an element has 12 on x86_64: from byte 0"),
        (bytes(13), bytes(12) + b"\1", "from byte 12 on expected 01, got 00, which is no whole"),
        (bytes(12) + b"\1", bytes(13), "from byte 12 on expected 00, got 01, which is no whole"),
        ("text", b"", "expected a blob, got str"),
    ],
)
def test_blobs_of_other_lengths(got: Any, expected: bytes, words: str) -> None:
    """Would catch bytes that are cut off, or an error instead of a failure."""
    text = failure(lambda: assert_same_blob("swap_grant_ref", got, expected, abi="x86_64"))
    assert text.startswith(f"swap_grant_ref: {words}")


def test_many_differences_are_cut_short() -> None:
    """Would catch a failure of a thousand lines."""
    text = failure(lambda: assert_same_blob("copy", bytes([1]) * 4000, bytes(4000), abi="x86_64"))
    assert "shown are 6 of 100 elements that differ" in text
    assert re.search(r"^and \d+ more in these elements$", text, re.MULTILINE)
    assert len(text.splitlines()) < 120


def test_views_of_entries_are_compared_byte_by_byte() -> None:
    """Would catch a difference that is missed because the two are seen in different ways."""
    part = {"sub_page.hdr.flags": 0x101, "sub_page.length": 5}
    whole = Abi("x86_64").encode("grant_entry_v2", [{"full_page.hdr.flags": 1}])
    text = failure(lambda: assert_same_blob("grant_entry_v2", whole, [part], abi="x86_64"))
    assert "element 0: sub_page.length at offset 6: expected 0x5, got 00 00" in text
    assert "as full_page.hdr.flags" in text


def test_what_cannot_be_compared_is_an_error_of_ours() -> None:
    """Would catch a traceback of something else, or an error that is taken for a difference."""
    with pytest.raises(UnknownName, match="did you mean copy"):
        assert_same_blob("copi", b"", b"")
    with pytest.raises(InvalidValue, match="does not fit"):
        assert_same_blob("copy", b"", [{"len": 1 << 16}])
