# SPDX-License-Identifier: MIT
"""The commands about blobs: encode, decode and validate, as a user pipes them together."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from blobs import abi_at, cleaned, mask, names_of, pack, random_blob, seeded, struct_of
from test_cli import FINDINGS_SCHEMA

from xengnt.cli import main

ABIS = ("x86_64", "x86_32")
NAMES = [(abi, name) for abi in ABIS for name in names_of(abi_at(abi))]


class Done(NamedTuple):
    """What came of a command."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What it printed."""
        return self.out.decode()


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Return what runs the command in this process, with bytes as its standard input."""

    def call(*arguments: str | Path, data: bytes | str = b"") -> Done:
        given = data.encode() if isinstance(data, str) else data
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        try:
            status = main([str(one) for one in arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        sys.stdout.flush()
        out, err = capsysbinary.readouterr()
        return Done(status, out, err.decode())

    return call


def refused(done: Done, words: str) -> None:
    """Check that a command failed with nothing but one line that says why."""
    assert done.status == 2
    assert done.out == b""
    assert done.err.startswith("xengnt: ")
    assert done.err.count("\n") == 1
    assert words in done.err


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a directory."""
    return sorted(path.name for path in folder.iterdir())


def blob_of(abi: str, name: str, count: int = 6) -> bytes:
    """Return random structs with clean holes."""
    struct = struct_of(abi_at(abi), name)
    return cleaned(struct, random_blob(struct, count, seeded(abi, name)))


# Around and around


def from_json(text: str) -> list[Any]:
    """Read the output of ``--format json``."""
    rows: list[Any] = json.loads(text)
    return rows


def from_jsonl(text: str) -> list[Any]:
    """Read the output of ``--format jsonl``."""
    return [json.loads(line) for line in text.splitlines()]


def from_csv(text: str) -> list[Any]:
    """Read the output of ``--format csv``; a field that an element does not have is empty."""
    rows = csv.DictReader(io.StringIO(text))
    return [
        {name: json.loads(v) if v.startswith("[") else v for name, v in row.items() if v != ""}
        for row in rows
    ]


READERS = {"json": from_json, "jsonl": from_jsonl, "csv": from_csv}


@pytest.mark.parametrize(("abi", "name"), NAMES)
def test_what_is_decoded_encodes_to_the_same_bytes(run: Run, abi: str, name: str) -> None:
    """Would catch a format that loses a field, a digit, a sign or an element."""
    blob = blob_of(abi, name)
    decoded = abi_at(abi).decode(name, blob)
    for form, read in READERS.items():
        shown = run("decode", name, "--abi", abi, "--format", form, data=blob)
        assert (shown.status, shown.err) == (0, "")
        rows = read(shown.text)
        assert len(rows) == len(decoded)
        if form != "csv":
            assert rows == decoded
        again = run("encode", name, "--abi", abi, "--allow-out", data=json.dumps(rows))
        assert again == Done(0, blob, "")


@pytest.mark.parametrize(("abi", "name"), NAMES)
def test_only_what_goes_in(run: Run, abi: str, name: str) -> None:
    """Would catch an OUT field that is shown, or one that goes in and is not."""
    blob = blob_of(abi, name)
    struct = struct_of(abi_at(abi), name)
    expected = cleaned(struct, blob, out=True)
    for form, read in READERS.items():
        if name == "grant_status_t" and form == "csv":
            continue
        shown = run("decode", name, "--abi", abi, "--format", form, "--in-only", data=blob)
        again = run("encode", name, "--abi", abi, data=json.dumps(read(shown.text)))
        assert again == Done(0, expected, "")
    strict = run(
        "encode", name, "--abi", abi, "--strict", data=json.dumps(read_all(run, name, abi, blob))
    )
    assert strict == Done(0, expected, "")
    out = [leaf.name for leaf in struct.leaves if leaf.direction == "OUT"]
    for form in ("table", "hex"):
        decode = ("decode", name, "--abi", abi, "--format", form)
        everything, some = (
            run(*decode, *option, data=blob).text.replace("interface version", "").split()
            for option in ((), ("--in-only",))
        )
        assert set(out) <= set(everything)
        assert not set(out) & set(some)


def read_all(run: Run, name: str, abi: str, blob: bytes) -> list[Any]:
    """Return the rows of what goes in."""
    shown = run("decode", name, "--abi", abi, "--format", "json", "--in-only", data=blob)
    return from_json(shown.text)


@pytest.mark.parametrize("form", [*READERS, "table", "hex"])
def test_nothing_is_shown_of_nothing(run: Run, form: str) -> None:
    """Would catch a crash, or an element, out of an empty blob."""
    done = run("decode", "copy", "--format", form)
    assert (done.status, done.err) == (0, "")
    if form in ("json", "jsonl"):
        assert READERS[form](done.text) == []
    assert run("encode", "copy", data="[]") == Done(0, b"", "")


def test_the_old_entry(run: Run) -> None:
    """Would catch an interface version that is ignored by one of the commands."""
    old = ("--interface-version", "undefined")
    blob = run("encode", "grant_entry", *old, data='[{"flags": "permit_access", "frame": 5}]')
    assert blob == Done(0, bytes.fromhex("0100000005000000"), "")
    shown = run("decode", "grant_entry", *old, "--format", "json", data=blob.out)
    assert from_json(shown.text) == [{"flags": 1, "domid": 0, "frame": 5}]
    assert run("validate", "grant_entry", *old, data=blob.out).status == 0
    for command in ("decode", "validate"):
        refused(run(command, "grant_entry"), "'grant_entry'")
        refused(run(command, "set_version", *old), "'set_version'")
    refused(run("encode", "set_version", *old, data="[]"), "'set_version'")


# Input


BATCHES: list[tuple[str, str, str]] = [
    ("nested", '[{"source": {"u": {"ref": 8}, "domid": 3}, "len": 5}]', "dotted"),
    ("dotted", '[{"source.u.ref": "0x8", "source.domid": "3", "len": 5}]', "dotted"),
    ("columns", '{"source.u.ref": [8], "source.domid": 3, "len": "0x5"}', "dotted"),
    ("nested columns", '{"source": {"u": {"ref": [8]}, "domid": [3]}, "len": 5}', "dotted"),
    ("whole union", '[{"source": {"u": 8, "domid": 3}, "len": 5}]', "dotted"),
    ("leaves in order", "[[8, 3, 0, 0, 0, 0, 5, 0]]", "dotted"),
]


@pytest.mark.parametrize(("form", "text"), [row[:2] for row in BATCHES])
def test_a_batch_can_be_written_in_several_ways(run: Run, form: str, text: str) -> None:
    """Would catch a form that is documented and not taken."""
    one = abi_at("x86_64")
    row = {"source.u.ref": 8, "source.domid": 3, "len": 5}
    done = run("encode", "copy", "--abi", "amd64", data=text)
    assert done == Done(0, pack(struct_of(one, "copy"), row), ""), form


def test_names_of_values(run: Run) -> None:
    """Would catch a name that the command does not pass on, or shows otherwise than it takes."""
    text = json.dumps([{"flags": "GNTMAP_host_map|readonly|0x20", "dom": "DOMID_SELF"}])
    blob = run("encode", "map_grant_ref", data=text).out
    assert run("decode", "map_grant_ref", "--format", "csv", data=blob).text.splitlines() == [
        "host_addr,flags,ref,dom,status,handle,dev_bus_addr",
        "0,38,0,32752,0,0,0",
    ]
    table = run("decode", "map_grant_ref", data=blob).text
    assert "host_map|readonly|0x20" in table.replace("\n", "")
    assert "SELF" in table


def test_files_and_standard_streams(run: Run, tmp_path: Path) -> None:
    """Would catch a dash, or no name at all, that does not mean the standard streams."""
    batch, blob = tmp_path / "batch.json", tmp_path / "blob"
    batch.write_text('[{"len": 5}]')
    expected = run("encode", "copy", batch).out
    assert len(expected) == struct_of(abi_at("x86_64"), "copy").size
    for arguments in ((), ("-",), ("-", "-o", "-")):
        assert run("encode", "copy", *arguments, data='[{"len": 5}]') == Done(0, expected, "")
    assert run("encode", "copy", batch, "-o", blob) == Done(0, b"", "")
    assert blob.read_bytes() == expected
    shown = run("decode", "copy", blob, "--format", "json")
    assert run("decode", "copy", "-", "--format", "json", data=expected) == shown
    judged = run("validate", "copy", data=expected).text.replace("standard input", str(blob))
    assert run("validate", "copy", blob).text == judged


BAD_INPUT: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "not JSON: Expecting value: line 1 column 1"),
    ("no JSON", "[{]", "not JSON: Expecting property name"),
    ("cut short", '[{"len": 5}', "not JSON"),
    ("something behind", "[] []", "not JSON: Extra data"),
    ("a comment", "[] // none", "not JSON"),
    ("single quotes", "[{'len': 5}]", "not JSON"),
    ("no UTF-8", b'[{"len": "\xff"}]', "not UTF-8 text, at byte 10"),
    ("UTF-16", '[{"len": 5}]'.encode("utf-16"), "not UTF-8 text"),
    ("a byte order mark", b"\xef\xbb\xbf[]", "not JSON: Unexpected UTF-8 BOM"),
    ("deep arrays", "[" * 200_000, "JSON nested too deeply"),
    ("deep objects", '{"source":' * 200_000, "JSON nested too deeply"),
    ("deep and whole", "[" * 900 + "]" * 900, "row 0"),
    ("a long number", f'[{{"len": {"1" * 5000}}}]', "not JSON"),
    ("a long name", f'[{{"{"x" * 5000}": 1}}]', "no field"),
    ("a long text", f'[{{"len": "{"9" * 5000}"}}]', "is not a number"),
    ("NaN", '[{"len": NaN}]', "row 0: len: expected an integer or a name, got nan"),
    ("infinity", '[{"len": -Infinity}]', "row 0: len: expected an integer or a name, got -inf"),
    ("a float", '[{"len": 1.0}]', "row 0: len: expected an integer or a name, got 1.0"),
    ("an exponent", '[{"len": 1e2}]', "got 100.0"),
    ("null", '[{"len": null}]', "got None"),
    ("true", '[{"len": true}]', "row 0: len: expected an integer or a name, got True"),
    ("true in a column", '{"len": [1, true]}', "row 1: len: expected an integer or a name, got Tr"),
    ("an escape sequence", r'[{"\u001b[31m\n": 1}]', r"no field '\x1b[31m\n'"),
    ("a struct as a value", '[{"source": 5}]', "'source' is a struct: give its members, source.u"),
    ("an array", '[{"len": [1]}]', "got [1]"),
    ("an object", '[{}, {"len": {"x": 1}}]', "row 1: len: expected a value, got a mapping"),
    ("a name twice", '[{"len": 1, "len": 2}]', "'len' is given twice"),
    ("a name twice, nested", '[{"source": {"u": 1, "u": 2}}]', "'u' is given twice"),
    ("both spellings", '[{"source": {"domid": 1}, "source.domid": 2}]', "source.domid is given tw"),
    ("null as a batch", "null", "got NoneType"),
    ("a number as a batch", "5", "got int"),
    ("a text as a batch", '"copy"', "got str"),
    ("numbers as rows", "[1, 2]", "row 0: a row that is int"),
    ("null as a row", "[{}, null]", "row 1: a row that is NoneType"),
    ("an unknown field", '[{"lne": 1}]', "no field 'lne', did you mean len?"),
    ("too large", '[{"len": 1}, {"len": 65536}]', "row 1: len: 65536 does not fit uint16_t"),
    ("too small", '[{"len": "-1"}]', "row 0: len: -1 does not fit"),
    ("a wrong name", '[{"flags": "GNTMAP_readonly"}]', "'GNTMAP_readonly' is not a number or a na"),
    ("OUT", '[{"status": 0}]', "row 0: status is OUT"),
    ("two of a union", '[{"source": {"u": {"ref": 1, "gmfn": 1}}}]', "members of one union"),
    ("ragged columns", '{"len": [1, 2], "flags": [1]}', "len has 2, flags has 1"),
    ("a short row", "[[1, 2]]", "row 0: 2 values for 8 fields"),
]


@pytest.mark.parametrize(
    ("data", "words"), [row[1:] for row in BAD_INPUT], ids=[row[0] for row in BAD_INPUT]
)
def test_bad_batches_are_one_clear_line(run: Run, data: str | bytes, words: str) -> None:
    """Would catch a traceback, a silent success, or an error that names nothing."""
    done = run("encode", "copy", data=data)
    refused(done, words)
    assert done.err.startswith("xengnt: standard input: ")
    assert len(done.err) < 300


def test_a_bad_batch_names_its_file(run: Run, tmp_path: Path) -> None:
    """Would catch an error about one of many files that does not say about which."""
    batch = tmp_path / "batch.json"
    for text in ('[{"lne": 1}]', '[{"len": "x"}]', '[{"len": -1}]', '{"len": [1], "lne": 2}', "["):
        batch.write_text(text)
        refused(run("encode", "copy", batch), f"xengnt: {batch}: ")
    refused(run("encode", "cop", batch), "xengnt: no struct or op 'cop' for ")


@pytest.mark.parametrize("depth", [10, 100, 900, *range(975, 1000), 1500, 3000, 5000])
def test_json_of_any_depth_is_one_line(run: Run, depth: int) -> None:
    """Would catch a depth at which the interpreter's limit is met behind the JSON reader."""
    for start, end in (("[", "]"), ('[{"len":', "}]"), ('{"source":', "}"), ('{"len":[', "]}")):
        refused(run("encode", "copy", data=start * depth + "1" + end * depth), "standard input: ")
    deep = "[" * depth + "]" * depth
    for data in (f'[{{"len": {deep}}}]', f'{{"len": {deep}}}', f'[{{"source.u.ref": {deep}}}]'):
        refused(run("encode", "copy", data=data), "standard input: ")


def orders(*parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return all orders of the parts of a command line in which `parts` 0 stays before 1."""
    return [
        tuple(word for part in order for word in part)
        for order in itertools.permutations(parts)
        if order.index(parts[0]) < order.index(parts[1])
    ]


def test_options_stand_anywhere(run: Run, tmp_path: Path) -> None:
    """Would catch a file that is not taken because an option comes before or between."""
    batch, blob = str(tmp_path / "batch.json"), str(tmp_path / "blob")
    Path(batch).write_text('[{"len": 5, "status": -3}]')
    expected = abi_at("x86_32").encode("copy", [{"len": 5, "status": -3}], allow_out=True)
    abi = ("--abi", "x86_32")
    for order in orders(("copy",), (batch,), (*abi, "--allow-out"), ("-o", blob)):
        Path(blob).unlink(missing_ok=True)
        assert run("encode", *order) == Done(0, b"", ""), order
        assert Path(blob).read_bytes() == expected
    shown = run("decode", "copy", blob, *abi, "--format", "json")
    assert json.loads(shown.text)[0]["len"] == 5
    for order in orders(("copy",), (blob,), abi, ("--format=json",)):
        assert run("decode", *order) == shown, order
    judged = run("validate", "copy", blob, *abi, "--when", "after", "--format", "json")
    for order in orders(("copy",), (blob,), abi, ("--format", "json"), ("--when", "after")):
        assert run("validate", *order) == judged, order
    for words in (("copy", blob, "more"), ("copy", "--bogus", blob), ("copy", blob, "--abi")):
        done = run("encode", *words)
        assert (done.status, done.out, done.err.count("\n")) == (2, b"", 1)
    missing = run("decode", "--format", "hex")
    assert "the following arguments are required: OP|ENTRY" in missing.err


def test_files_whose_names_begin_with_a_dash(run: Run, in_folder: Path) -> None:
    """Would catch a name behind two dashes that is taken for an option."""
    (in_folder / "-blob").write_bytes(bytes(40))
    expected = run("decode", "copy", in_folder / "-blob", "--abi", "x86_64", "--format", "json")
    for words in (
        ("copy", "--abi", "x86_64", "--format", "json", "--", "-blob"),
        ("--abi", "x86_64", "--format", "json", "--", "copy", "-blob"),
        ("--abi", "x86_64", "copy", "--format", "json", "--", "-blob"),
    ):
        assert run("decode", *words) == expected, words
    refused(run("decode", "copy", "--", "--abi"), "--abi: No such file")


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["no\x1b[31m", "a\nb", "\udcff", "\x9b1m", "a\u202eb", "a\0b"])
def test_names_are_shown_without_their_effect(run: Run, in_folder: Path, name: str) -> None:
    """Would catch the name of a file, or of an option, that colours or moves on the terminal."""
    for words in (
        ("decode", "copy", name),
        ("encode", "copy", name),
        ("decode", name),
        ("decode", "copy", "--abi", name),
        ("decode", "copy", "--format", name),
        ("encode", "copy", "x", name),
        (name,),
        ("explain", name),
        ("layout", name),
    ):
        done = run(*words)
        assert (done.status, done.err.count("\n")) == (2, 1), words
        assert done.err.strip("\n").isprintable(), words
    done = run("encode", "copy", "-o", f"none/{name}", data="[]")
    assert done.err.strip("\n").isprintable()
    if "\0" not in name:
        Path(name).write_bytes(b"\xff" * 40)
        assert run("validate", "copy", name).text.replace("\n", "").isprintable()


def test_no_name_at_all_is_no_file(run: Run) -> None:
    """Would catch an empty variable of a script that becomes the working directory."""
    for command in ("encode", "decode", "validate"):
        refused(run(command, "copy", ""), "'' is no name of a file")
    refused(run("encode", "copy", "-o", "", data="[]"), "'' is no name of a file")


@pytest.mark.parametrize("command", ["encode", "decode", "validate"])
def test_files_that_cannot_be_read(run: Run, command: str, tmp_path: Path) -> None:
    """Would catch a traceback, or an error that does not name the file."""
    missing = tmp_path / "missing"
    refused(run(command, "copy", missing), f"{missing}: No such file or directory")
    no_files = "Is a directory" if command == "encode" else "a folder without files"
    refused(run(command, "copy", tmp_path), f"{tmp_path}: {no_files}")
    refused(run(command, "nothing", data="[]"), "'nothing'")
    refused(run(command, "copy", "--abi", "vax"), "unknown ABI 'vax'")
    refused(run(command, "copy", "--interface-version", "0x99999999"), "newer than")


@pytest.mark.parametrize("command", ["decode", "validate"])
def test_blobs_that_are_cut(run: Run, command: str, tmp_path: Path) -> None:
    """Would catch a part of an element that is ignored."""
    path = tmp_path / "blob"
    path.write_bytes(bytes(99))
    words = "copy: 99 bytes are not a multiple of the struct's 40: 19 too many at offset 80"
    refused(run(command, "copy", path, "--abi", "x86_64"), f"{path}: {words}")
    refused(run(command, "copy", "--abi", "x86_64", data=bytes(99)), f"standard input: {words}")


def test_strict_demands_every_field(run: Run) -> None:
    """Would catch a field that is forgotten although none may be."""
    rows = [{"ref_a": 1, "ref_b": 2}, {"ref_a": 1}]
    assert run("encode", "swap_grant_ref", data=json.dumps(rows)).status == 0
    done = run("encode", "swap_grant_ref", "--strict", data=json.dumps(rows))
    refused(done, "row 1: ref_b is missing")
    assert run("encode", "swap_grant_ref", "--strict", data=json.dumps(rows[:1])).status == 0


def test_poison_shows_later_what_was_written(run: Run) -> None:
    """Would catch a pattern in the wrong bytes, in either spelling."""
    struct = struct_of(abi_at("x86_64"), "copy")
    for text, byte in (("0xaa", 0xAA), ("170", 0xAA), ("0", 0)):
        done = run("encode", "copy", "--abi", "x86_64", "--poison", text, data='[{"len": 5}]')
        pattern = mask(struct, byte, out=True)
        plain = pack(struct, {"len": 5})
        assert done == Done(0, bytes(a | b for a, b in zip(plain, pattern, strict=True)), "")
    for text in ("x", "256", "-1"):
        bad = run("encode", "copy", f"--poison={text}", data="[]")
        assert (bad.status, bad.out) == (2, b"")
        assert f"argument --poison: '{text}' is not a byte, 0 to 0xff" in bad.err
        assert bad.err.count("\n") == 1


# Output


def test_an_existing_file_survives_a_batch_that_fails(run: Run, tmp_path: Path) -> None:
    """Would catch a blob that is cut or emptied by a mistake in the next one."""
    blob = tmp_path / "blob"
    assert run("encode", "copy", "-o", blob, data='[{"len": 5}]').status == 0
    before = blob.read_bytes()
    for data in ("[", '[{"len": 70000}]', '[{"lne": 1}]', b"\xff"):
        refused(run("encode", "copy", "-o", blob, data=data), "")
        assert blob.read_bytes() == before
        assert names_in(tmp_path) == ["blob"]
    assert run("encode", "copy", "-o", blob, data='[{"len": 6}]').status == 0
    assert blob.read_bytes() != before
    assert names_in(tmp_path) == ["blob"]


def test_a_new_file_has_the_usual_permissions(run: Run, tmp_path: Path) -> None:
    """Would catch a file that only its maker can read, as temporary ones are."""
    old = os.umask(0o027)
    try:
        run("encode", "copy", "-o", tmp_path / "blob", data="[]")
    finally:
        os.umask(old)
    assert (tmp_path / "blob").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["missing/blob", ".", "blob/x"])
def test_places_that_cannot_be_written_to(run: Run, tmp_path: Path, name: str) -> None:
    """Would catch a traceback, a success, or a temporary file that stays."""
    (tmp_path / "blob").write_bytes(b"old")
    place = f"{tmp_path}/{name}"
    refused(run("encode", "copy", "-o", place, data="[{}]"), place)
    assert names_in(tmp_path) == ["blob"]
    assert (tmp_path / "blob").read_bytes() == b"old"


def test_no_temporary_file_stays_when_the_last_step_fails(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a directory that fills with files that nobody asked for."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    refused(run("encode", "copy", "-o", tmp_path / "blob", data="[{}]"), "No space left on device")
    assert names_in(tmp_path) == []


def test_a_device_is_written_to_and_not_replaced(run: Run, tmp_path: Path) -> None:
    """Would catch /dev/stdout, or a pipe, that becomes a file."""
    assert run("encode", "copy", "-o", "/dev/null", data="[{}]") == Done(0, b"", "")
    assert Path("/dev/null").is_char_device()
    refused(run("encode", "copy", "-o", "/dev/full", data="[{}]"), "/dev/full: No space left")
    assert names_in(tmp_path) == []


def test_a_link_leads_to_the_same_bytes(run: Run, tmp_path: Path) -> None:
    """Would catch output that cannot be read back through the name that was given."""
    (tmp_path / "link").symlink_to("blob")
    (tmp_path / "blob").write_bytes(b"old")
    run("encode", "copy", "-o", tmp_path / "link", data='[{"len": 5}]')
    assert (tmp_path / "link").read_bytes() == run("encode", "copy", data='[{"len": 5}]').out


def command(*arguments: str) -> list[str]:
    """Return a command line for a process of its own."""
    return [sys.executable, "-m", "xengnt", *arguments]


def test_commands_in_a_pipe(tmp_path: Path) -> None:
    """Would catch text that gets among the bytes, or bytes that are translated as text."""
    blob = blob_of("x86_64", "copy", 300)
    path = tmp_path / "blob"
    path.write_bytes(blob)
    python = f"{sys.executable} -m xengnt"
    script = (
        f"{python} decode copy {path} --abi x86_64 --format json"
        f" | {python} encode copy --abi x86_64 --allow-out | cmp - {path}"
    )
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    script = f"{python} decode copy {path} --abi x86_64 --format jsonl | head -n 1"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_failure_in_a_pipe_writes_nothing(tmp_path: Path) -> None:
    """Would catch half a blob that the next command takes for a whole one."""
    rows = [{"len": 1}] * 1000 + [{"len": -1}]
    done = subprocess.run(
        command("encode", "copy"), input=json.dumps(rows).encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(
        "xengnt: standard input: copy row 1000: len: -1 does not fit"
    )
    assert list(tmp_path.iterdir()) == []


# What is shown


def test_every_byte_is_in_the_dump(run: Run) -> None:
    """Would catch a byte that is not shown, or is shown under another name."""
    one = abi_at("x86_64")
    rows = [
        {"source.u.ref": 8, "source.domid": 3, "dest.domid": 0x7FF0, "len": 4096, "flags": 1},
        {"source.u": 1 << 40, "flags": 1},
    ]
    blob = bytearray(one.encode("copy", rows))
    blob[12] = 0xEE
    text = run("decode", "copy", "--abi", "x86_64", "--format", "hex", data=bytes(blob)).text
    lines = text.splitlines()
    assert lines[0].startswith("struct gnttab_copy  40 bytes, aligned to 8  x86_64, interface ")
    assert "element 0  at byte 0 (0x0)" in lines
    assert "element 1  at byte 40 (0x28)" in lines
    shown = [line.split() for line in lines if line.startswith("  ")]
    first = lines[lines.index("element 0  at byte 0 (0x0)") + 1 :]
    expected = [
        "0 08 00 00 00 → source.u.ref 8",
        "4 00 00 00 00 ░ rest of source.u",
        "8 03 00 → source.domid 3",
        "10 00 00 → source.offset 0",
        "12 ee 00 00 00 ░ hole, not zero",
        "16 00 00 00 00 00 00 00 00 → dest.u.gmfn 0",
        "24 f0 7f → dest.domid 32752 DOMID_SELF",
        "26 00 00 → dest.offset 0",
        "28 00 00 00 00 ░ hole",
        "32 00 10 → len 4096",
        "34 01 00 → flags 1 GNTCOPY_source_gref",
        "36 00 00 ← status 0 GNTST_okay",
        "38 00 00 ░ hole",
    ]
    assert [" ".join(line.split()) for line in first[: len(expected)]] == expected
    assert [
        "0",
        "00",
        "00",
        "00",
        "00",
        "00",
        "01",
        "00",
        "00",
        "→",
        "source.u",
        "0x10000000000",
    ] in shown


@pytest.mark.parametrize(("abi", "name"), NAMES)
def test_the_bytes_of_a_dump_are_those_of_the_blob(run: Run, abi: str, name: str) -> None:
    """Would catch a dump that repeats, loses or reorders bytes, of any struct."""
    struct = struct_of(abi_at(abi), name)
    blob = random_blob(struct, 5, seeded(name))
    text = run("decode", name, "--abi", abi, "--format", "hex", data=blob).text
    found = bytearray()
    for line in text.splitlines():
        if line.startswith("  "):
            assert int(line[:6]) == len(found) % struct.size
            found += bytes.fromhex(line[8:32])
    assert found == blob


def test_a_table_has_a_line_for_each_element(run: Run) -> None:
    """Would catch a member of a union under the wrong name, or an entry in the wrong view."""
    rows = [{"source.u.ref": 8, "flags": 1}, {"source.u.gmfn": 77}]
    blob = abi_at("x86_64").encode("copy", rows)
    text = run("decode", "copy", "--abi", "x86_64", data=blob).text
    assert "ref 8" in text
    assert "gmfn 77" in text
    entries = abi_at("x86_64").encode(
        "grant_entry_v2",
        [{"full_page.hdr.flags": 1}, {"transitive.hdr.flags": 3, "transitive.gref": 9}],
    )
    text = run("decode", "grant_entry_v2", "--abi", "x86_64", data=entries).text
    assert "full_page" in text
    assert "transitive" in text


# Judging


def bad_copy() -> bytes:
    """Return a batch of two copies, of which the second has one error and one warning."""
    rows: list[dict[str, Any]] = [
        {"source.u.ref": 1, "dest.u.ref": 2, "len": 16, "flags": 3},
        {"source.u.ref": 1, "dest.u.ref": 2, "len": 16, "flags": 7, "source.offset": 4090},
    ]
    return abi_at("x86_64").encode("copy", rows)


def test_validate_exits_by_what_it_finds(run: Run) -> None:
    """Would catch errors that pass in CI, and warnings that do not."""
    validate = ("validate", "copy", "--abi", "x86_64")
    bad = bad_copy()
    done = run(*validate, data=bad)
    assert (done.status, done.err) == (1, "")
    assert "element 1: gnttab_copy.source.offset is 4090" in done.text
    assert "element 1: gnttab_copy.flags is 0x7, in which 0x4 has no meaning" in done.text
    assert done.text.splitlines()[-1] == "2 elements: 1 errors, 1 warnings"
    clean = run(*validate, data=bad[:40])
    assert clean == Done(0, b"1 elements: 0 errors, 0 warnings\n", "")
    warned = bytearray(bad[:40])
    warned[39] = 1
    done = run(*validate, data=bytes(warned))
    assert done.status == 0
    assert done.text.splitlines()[-1] == "1 elements: 0 errors, 1 warnings"
    assert run(*validate, data=b"") == Done(0, b"0 elements: 0 errors, 0 warnings\n", "")


def test_validate_before_and_after(run: Run) -> None:
    """Would catch a status that is judged too early, or not at all."""
    blob = abi_at("x86_64").encode("dump_table", [{"status": 5}], allow_out=True)
    for when, status in (((), 0), (("--when", "before"), 0), (("--when", "after"), 1)):
        assert run("validate", "dump_table", *when, data=blob).status == status
    assert run("validate", "dump_table", "--when", "later", data=blob).status == 2


def test_validate_as_json(run: Run, tmp_path: Path) -> None:
    """Would catch a key of the findings format that is lost, or a finding without its place."""
    path = tmp_path / "blob"
    path.write_bytes(bad_copy())
    done = run("validate", "copy", path, "--abi", "x86_64", "--format", "json")
    assert done.status == 1
    document = json.loads(done.text)
    jsonschema.validate(document, FINDINGS_SCHEMA)
    found = {one["code"]: one for one in document["findings"]}
    assert set(found) == {"page", "flags"}
    page = found["page"]
    assert (page["severity"], page["where"]) == ("error", "gnttab_copy.source.offset")
    assert (page["element"], page["offset"], page["got"]) == (1, 10, 4090)
    assert (page["source"], page["abi"]) == (str(path), "x86_64")
    assert page["interface_version"] == "0x00041300"
    empty = run("validate", "copy", "--format", "json", data=b"")
    nothing = {"elements": 0, "errors": 0, "warnings": 0}
    assert json.loads(empty.text) == {
        "findings": [],
        "files": [{"source": "standard input", **nothing}],
        **nothing,
        "not_shown": 0,
        "complete": True,
    }


@pytest.mark.parametrize(("abi", "name"), NAMES)
def test_validate_takes_any_bytes(run: Run, abi: str, name: str) -> None:
    """Would catch a finding that cannot be printed."""
    blob = random_blob(struct_of(abi_at(abi), name), 8, seeded("judge", name))
    for form in ("text", "json"):
        done = run("validate", name, "--abi", abi, "--when", "after", "--format", form, data=blob)
        assert done.status in (0, 1)
        assert done.err == ""
