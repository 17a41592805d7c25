# SPDX-License-Identifier: MIT
"""``xengnt entries``: what it lists, in which order, and what it says is wrong."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import ABIS

from xengnt import Abi, EntryFlag, EntryType, InvalidValue
from xengnt.cli import main
from xengnt.guest import Dump, Entries, Grants, read_dump

PAGE = 4096
READING, WRITING = int(EntryFlag.READING), int(EntryFlag.WRITING)
X86 = Abi("x86_64")

Run = Callable[..., tuple[int, str, str]]


def v1(flags: int, domid: int = 3, frame: int = 5) -> bytes:
    """Return an entry of version 1."""
    return struct.pack("<HHI", flags, domid, frame)


def v2(flags: int, domid: int = 3, frame: int = 5, pad: int = 0) -> bytes:
    """Return an entry of version 2 for a whole page."""
    return struct.pack("<HHIQ", flags, domid, pad, frame)


def part(flags: int, offset: int, length: int) -> bytes:
    """Return an entry of version 2 for a part of a page."""
    return struct.pack("<HHHHQ", flags, 3, offset, length, 5)


def words(*status: int) -> bytes:
    """Return a status array."""
    return struct.pack(f"<{len(status)}H", *status)


def found(dump: Dump) -> list[tuple[int, str, str]]:
    """Return what is wrong, without words."""
    return [(one.element or 0, one.severity, one.code) for one in dump.faults]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs the command in this process."""

    def call(*arguments: object) -> tuple[int, str, str]:
        try:
            status = main(["entries", *(str(one) for one in arguments)])
        except SystemExit as error:
            status = int(error.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Return what writes a file."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


File = Callable[[str, bytes], Path]


# Faults

FAULTS_1: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "fine": (v1(1), []),
    "in use": (v1(1 | READING | WRITING), []),
    "caching": (v1(1 | 0xE0), []),
    "transfer": (v1(2), []),
    "transfer, committed": (v1(2 | 4), []),
    "transfer, completed": (v1(2 | 4 | 8), []),
    "undefined flag": (v1(1 | 0x200), [("warning", "flags")]),
    "undefined flag of a transfer": (v1(2 | 0x20), [("warning", "flags")]),
    "completed only": (v1(2 | 8), [("error", "use")]),
    "invalid, wiped": (v1(0, 0, 0), []),
    "invalid, not wiped": (v1(0), [("note", "leftover")]),
    "invalid, flags": (v1(4), [("warning", "flags")]),
    "invalid, in use": (v1(READING), [("error", "use")]),
    "invalid, flags, in use": (v1(READING | 4), [("warning", "flags"), ("error", "use")]),
    "writing, read-only": (v1(1 | 4 | READING | WRITING), [("error", "use")]),
    "reading, read-only": (v1(1 | 4 | READING), []),
    "sub-page": (v1(1 | 0x100), [("warning", "version")]),
    "transitive": (v1(3), [("warning", "version")]),
    "no domain": (v1(1, 0x7FF0), [("error", "domid")]),
}


@pytest.mark.parametrize(("entry", "faults"), FAULTS_1.values(), ids=FAULTS_1)
def test_faults_of_version_1(entry: bytes, faults: list[tuple[str, str]]) -> None:
    """Would catch a fault that is not marked, and an entry that is fine and is."""
    dump = read_dump(bytes(8 * 7) + entry, 1, X86)
    assert found(dump) == [(7, *one) for one in faults]


FAULTS_2: dict[str, tuple[bytes, int, list[tuple[str, str]]]] = {
    "fine": (v2(1, frame=(1 << 52) - 1), 0, []),
    "in use": (v2(1), READING | WRITING, []),
    "wide frame": (v2(1, frame=1 << 52), 0, [("error", "frame")]),
    "wide frame of a transfer": (v2(2, frame=1 << 63), 0, [("error", "frame")]),
    "whole page": (part(0x101, 0, 4096), 0, []),
    "beyond the page": (part(0x101, 1, 4096), READING, [("error", "page")]),
    "longer than a page": (part(0x101, 0, 4097), 0, [("error", "page")]),
    "transitive": (struct.pack("<HHHHII", 3, 3, 4, 0, 9, 0), 0, []),
    "transitive, pad": (struct.pack("<HHHHII", 3, 3, 4, 1, 9, 0), 0, [("warning", "pad")]),
    "transitive, hole": (struct.pack("<HHHHII", 3, 3, 4, 0, 9, 1), 0, [("warning", "hole")]),
    "pad": (v2(1, pad=1), 0, [("warning", "pad")]),
    "use in flags": (v2(1 | READING), 0, [("warning", "version")]),
    "transfer, completed": (v2(2 | 4 | 8), 0, []),
    "transfer, in use": (v2(2), READING, [("error", "use")]),
    "status": (v2(1), 0x100 | READING, [("error", "status")]),
    "status of nothing": (bytes(16), 0x4, [("error", "status")]),
    "withdrawn, in use": (v2(0), READING, [("note", "use")]),
    "withdrawn": (v2(0), 0, [("note", "leftover")]),
    "writing, read-only": (v2(1 | 4), READING | WRITING, [("error", "use")]),
}


@pytest.mark.parametrize(("entry", "status", "faults"), FAULTS_2.values(), ids=FAULTS_2)
def test_faults_of_version_2(entry: bytes, status: int, faults: list[tuple[str, str]]) -> None:
    """Would catch a fault that is not marked, and an entry that is fine and is."""
    dump = read_dump(bytes(16 * 3) + entry, 2, X86, words(0, 0, 0, status))
    assert found(dump) == [(3, *one) for one in faults]


@pytest.mark.parametrize("abi", ABIS)
def test_a_frame_of_the_abi(abi: str) -> None:
    """Would catch a frame number that a 32-bit guest of x86 cannot have, or another can."""
    dump = read_dump(v2(1, frame=1 << 32), 2, Abi(abi), words(0))
    assert found(dump) == ([(0, "error", "frame")] if abi == "x86_32" else [])
    assert found(read_dump(v2(1, frame=(1 << 32) - 1), 2, Abi(abi), words(0))) == []
    assert len(read_dump(v2(1, frame=1 << 60), 2, Abi(abi)).faults) == 1


# What is there


@pytest.mark.parametrize("version", [1, 2])
def test_a_table_of_the_guest(version: int) -> None:
    """Would catch a command that sees another table than the guest made."""
    frame, status = bytearray(PAGE), bytearray(PAGE)
    entries = Entries([frame], version, [status] if version == 2 else [])
    grants = Grants(entries)
    grants.permit_access(4, 0x10, ref=1)
    used = grants.permit_access(5, 0x11, readonly=True)
    entries.set_in_use(used, READING)
    slot = grants.accept_transfer(6, 0x12)
    gone = grants.permit_access(7, 0x13)
    grants.end_access(gone)
    expected = {1: ("permitted", 4, 0x10), used: ("in use", 5, 0x11), slot: ("transfer", 6, 0x12)}
    expected[gone] = ("invalid", 7, 0x13)
    if version == 2:
        grants.permit_sub_page(8, 0x14, 16, 32, ref=100)
        grants.permit_transitive(9, 10, 11, ref=101)
        expected[100] = ("permitted", 8, 0x14)
    dump = read_dump(frame, version, X86, status if version == 2 else None)
    seen = {
        one.ref: (one.kind, one.members["domid"], one.members["frame"])
        for one in dump.entries
        if "frame" in one.members
    }
    assert seen == expected
    assert dump.count == PAGE // entries.size
    by_ref = {one.ref: one for one in dump.entries}
    assert by_ref[used].in_use == READING
    assert by_ref[slot].type == EntryType.ACCEPT_TRANSFER
    if version == 2:
        assert by_ref[100].members == {"domid": 8, "frame": 0x14, "page_off": 16, "length": 32}
        assert by_ref[101].members == {"domid": 9, "trans_domid": 10, "gref": 11}
    assert all(one.code == "leftover" for one in dump.faults)


def test_without_a_status_array_nobody_knows() -> None:
    """Would catch a dump that says that nothing is in use because it cannot see it."""
    dump = read_dump(v2(1), 2, X86)
    assert not dump.whether_used
    assert dump.entries[0].status is None
    assert read_dump(v2(1), 2, X86, words(0, 7)).whether_used
    assert read_dump(v1(1), 1, X86).whether_used


@settings(max_examples=150, deadline=None)
@given(version=st.sampled_from((1, 2)), data=st.binary(max_size=160), status=st.booleans())
def test_any_bytes(version: int, data: bytes, *, status: bool) -> None:
    """Would catch bytes that raise, that are lost, or that do not become JSON."""
    size = 8 * version
    data = data[: len(data) // size * size]
    array = bytes(reversed(data)) if status and version == 2 else None
    dump = read_dump(data, version, X86, array)
    shown = json.loads(json.dumps(dump.as_json()))
    assert shown["count"] == len(data) // size == shown["empty"] + len(shown["entries"])
    for one in shown["entries"]:
        entry = data[one["ref"] * size :][:size]
        flags, domid = struct.unpack_from("<HH", entry)
        assert (one["flags"], one["domid"]) == (flags, domid)


# The command


def test_the_order_of_the_table(run: Run, file: File) -> None:
    """Would catch entries in use among the others, or a group that is missing."""
    entries = [v1(0, 0, 0)] * 8 + [v1(2), v1(1), v1(1 | READING), v1(0), v1(4), v1(1 | WRITING | 4)]
    status, out, err = run(file("f", b"".join(entries)), "--grant-version", 1)
    assert (status, err) == (1, "")
    lines = out.splitlines()
    refs = [line.split()[-5 if "frame" in line else 0] for line in lines if " frame " in line]
    assert len(refs) == 5
    starts = [line.split("frame")[0].split() for line in lines if " frame " in line]
    order = [next(int(word) for word in words if word.isdigit()) for words in starts]
    assert order == [10, 13, 9, 8, 12]
    assert "error: ref 13: writing is set, and the entry is read-only" in lines
    assert "warning: ref 12: flags are 0x4, and the type is invalid" in lines
    assert lines[-1] == "8 empty, 1 withdrawn and not wiped"
    assert [line.split()[0] for line in lines if "✗" in line] == ["✗"]


def test_the_table_of_version_2(run: Run, file: File) -> None:
    """Would catch a view that is not shown, or a use that is shown where it cannot be seen."""
    entries = [v2(1), part(0x105, 96, 32), struct.pack("<HHHHII", 3, 3, 4, 0, 9, 0), v2(2 | 12)]
    path = file("f", b"".join(entries))
    given = file("s", words(READING, 0, 0, 0) + bytes(100))
    status, out, _ = run(path, "--grant-version", 2, "--status", given)
    assert status == 0
    for text in ("bytes 96 to 128", "ref 9 of 4", "frame 0x5 came", "readonly|sub_page", "reading"):
        assert text in out
    assert "?" not in out
    status, out, _ = run(path, "--grant-version", 2)
    assert status == 0
    assert out.count("?") == 4
    assert "reading" not in out
    assert out.endswith("which are in use is in the status array: give --status\n")


def test_a_table_of_nothing_but_faults(run: Run, file: File) -> None:
    """Would catch a command that takes minutes for what nobody can read."""
    path = file("f", v1(READING) * 20 * 512)
    status, out, _ = run(path, "--grant-version", 1)
    assert status == 1
    assert out.count("error: ref ") == 1000
    assert "9240 more entries are not shown" in out
    assert "9240 more faults are not shown" in out


def test_an_empty_table(run: Run, file: File) -> None:
    """Would catch a table without rows, or a file without bytes, that fails."""
    assert run(file("f", bytes(2 * PAGE)), "--grant-version", 1, "--abi", "arm64")[:2] == (
        0,
        "1024 entries  grant table of version 1, arm64\n1024 empty\n",
    )
    assert run(file("f", b""), "--grant-version", 2, "--format", "json")[0] == 0


def test_a_large_table_that_is_nearly_empty() -> None:
    """Would catch an entry, or the status of an empty one, that is missed among empty pages."""
    frames = bytearray(64 * PAGE)
    frames[-16:] = v2(1)
    status = bytearray(64 * 512)
    status[2 * 700 : 2 * 701] = words(READING)
    dump = read_dump(frames, 2, X86, status)
    assert [(one.ref, one.kind) for one in dump.entries] == [(700, "in use"), (16383, "permitted")]
    part_of_a_page = bytes(PAGE) + v2(1)
    assert [one.ref for one in read_dump(part_of_a_page, 2, X86).entries] == [256]


def test_nothing_of_the_flags_is_cut(run: Run, file: File) -> None:
    """Would catch a table whose columns are too narrow for all flags, and leave some out."""
    entry = struct.pack("<HHHHQ", 0x1FD, 3, 65535, 65535, 1 << 63)
    _, out, _ = run(file("f", entry), "--grant-version", 2)
    row = next(line for line in out.splitlines() if " 0 " in line)
    start = row.index("readonly")
    flags = "".join(
        line[start:].split()[0] for line in out.splitlines()[4:6] if line[start:].strip()
    )
    assert flags == "readonly|reading|writing|PWT|PCD|PAT|sub_page"


def test_json(run: Run, file: File) -> None:
    """Would catch JSON that is no JSON, or without what the table shows."""
    path = file("f", bytes(8) + v1(1 | READING, 7, 0x99) + v1(READING))
    status, out, _ = run(path, "--grant-version", 1, "--abi", "x86_32", "--format", "json")
    shown: dict[str, Any] = json.loads(out)
    assert status == 1
    entries = shown.pop("entries")
    assert shown == {"abi": "x86_32", "grant_version": 1, "count": 3, "empty": 1}
    assert entries[0] == {
        "ref": 1,
        "kind": "in use",
        "type": "GTF_permit_access",
        "flags": 9,
        "status": None,
        "in_use": ["GTF_reading"],
        "domid": 7,
        "frame": 0x99,
        "faults": [],
    }
    assert entries[1]["faults"][0]["severity"] == "error"


@pytest.mark.parametrize(
    ("data", "status", "options", "words"),
    [
        (
            bytes(4095),
            None,
            (1,),
            "grant_entry_v1: 4095 bytes are not a multiple of the struct's 8",
        ),
        (bytes(24), None, (2,), "grant_entry_v2: 24 bytes are not a multiple of the struct's 16"),
        (bytes(32), bytes(2), (2,), "the status array has 1 words, and there are 2 entries"),
        (bytes(32), bytes(5), (2,), "grant_status_t: 5 bytes are not a multiple"),
        (bytes(32), bytes(8), (1,), "a table of version 1 has no status array"),
        (bytes(32), None, (3,), "invalid choice: 3"),
        (bytes(32), None, (1, "--abi", "vax"), "unknown ABI 'vax'"),
        (None, None, (1,), "No such file"),
    ],
)
def test_one_clear_line(
    run: Run, file: File, data: bytes | None, status: bytes | None, options: Any, words: str
) -> None:
    """Would catch a traceback, or an error that does not say which file and what."""
    path = file("f", data) if data is not None else "/nowhere/f"
    extra = ["--status", file("s", status)] if status is not None else []
    code, out, err = run(path, *extra, "--grant-version", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert err.startswith("xengnt")


def test_no_such_version() -> None:
    """Would catch a version that is taken for another."""
    with pytest.raises(InvalidValue, match="of version 1 or 2"):
        read_dump(bytes(8), 3, X86)


def test_in_a_pipe(file: File) -> None:
    """Would catch a command that is not in the list of commands, or does not read its input."""
    frame = b"".join([v1(1)] * 512)
    command = [sys.executable, "-m", "xengnt", "entries", "--grant-version", "1"]
    done = subprocess.run(command, input=frame, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"permit_access") == 512
