# SPDX-License-Identifier: MIT
"""Blobs in pieces: the same, for all sizes of pieces and whoever works, as in one go."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from blobs import abi_at, cleaned, names_of, random_blob, seeded, struct_of

from xengnt import streams
from xengnt.codec.strict_json import loads
from xengnt.errors import BackendError, InvalidValue, SourceError, Unavailable, XengntError
from xengnt.streams import incremental, pieces, tables
from xengnt.streams import text as texts

ABIS = ("x86_64", "x86_32")
ABI = abi_at("x86_64")
NAMES = [(abi, name) for abi in ABIS for name in names_of(abi_at(abi))]


class Trickle(io.RawIOBase):
    """A pipe: it has no size, and gives a few bytes at a time."""

    name = "pipe"

    def __init__(self, data: bytes, seed: object) -> None:
        self._data = io.BytesIO(data)
        self._random = seeded(seed)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Give some of what was asked for."""
        return self._data.read(min(size, self._random.randint(1, 50)))


@pytest.fixture
def threads() -> Iterator[Executor]:
    """Return an executor that is none of ours."""
    with ThreadPoolExecutor(3) as executor:
        yield executor


def blob_of(abi: str, name: str, count: int = 20) -> bytes:
    """Return random structs with clean holes."""
    struct = struct_of(abi_at(abi), name)
    return cleaned(struct, random_blob(struct, count, seeded("streams", abi, name)))


# Decoding


@pytest.mark.parametrize(("abi", "name"), NAMES)
def test_pieces_are_decoded_as_the_whole(
    abi: str, name: str, tmp_path: Path, threads: Executor
) -> None:
    """Would catch an element that is lost, cut or told twice between two pieces."""
    one, blob = abi_at(abi), blob_of(abi, name)
    size = len(blob) // 20
    path = tmp_path / "blob"
    path.write_bytes(blob)
    whole = one.decode(name, blob)
    for step in (1, 3 * size, 7 * size + 1, len(blob), 1 << 20):
        for given in (path, Trickle(blob, step)):
            for executor in (None, threads):
                if given is not path:
                    given = Trickle(blob, step)  # noqa: PLW2901 -- which was read
                parts = list(streams.decode(one, name, [given], executor=executor, size=step))
                assert [row for part in parts for row in part.data] == whole
                assert [part.piece.last for part in parts] == [*[False] * (len(parts) - 1), True]
                firsts = [part.piece.first for part in parts]
                assert firsts == [part.piece.start // size for part in parts]


@pytest.mark.parametrize(("abi", "name"), NAMES)
def test_lines_say_what_rows_do(abi: str, name: str) -> None:
    """Would catch a value under another name, or a template of another set of names."""
    one, blob = abi_at(abi), blob_of(abi, name, 60)
    slots = one.codec(name).plan.slots
    for located in (False, True):
        for in_only in (False, True):
            rows: list[dict[str, Any]] = [
                {n: v for n, v in row.items() if not (in_only and slots[n][1].out)}
                for row in one.decode(name, blob)
            ]
            if located:
                rows = [{"file": "a %s, b", "element": n, **row} for n, row in enumerate(rows)]
            source = streams.Source("a %s, b", stream=io.BytesIO(blob))

            def text(form: str, source: streams.Source = source, **how: bool) -> str:
                assert source.stream
                source.stream.seek(0)
                found = streams.decode(one, name, [source], form=form, size=300, **how)
                return "".join(part.data for part in found)

            how = {"located": located, "in_only": in_only}
            assert [json.loads(line) for line in text("jsonl", **how).splitlines()] == rows
            lines = text("json", **how).replace("}  {", "},\n  {")  # commas between pieces
            assert json.loads(f"[{lines}]") == rows
            made = texts.Lines(one.codec(name), "csv", **how)
            header = next(csv.reader(io.StringIO(made.header)), [])
            if not header:
                continue  # nothing goes in
            cells = list(csv.reader(io.StringIO(text("csv", **how))))
            assert cells == [[str(row.get(column, "")) for column in header] for row in rows]


def test_no_name_of_a_field_is_taken() -> None:
    """Would catch a field that is called like the columns that say where a struct is from."""
    for abi, name in NAMES:
        fields = {field.name for field in struct_of(abi_at(abi), name).fields}
        assert not fields & {texts.FILE, texts.ELEMENT}


@pytest.mark.parametrize(("abi", "name"), NAMES)
def test_tables_say_what_rows_do(abi: str, name: str) -> None:
    """Would catch a column of another width or sign, and a null where a member is meant."""
    one = abi_at(abi)
    struct = struct_of(one, name)
    blob = random_blob(struct, 300, seeded("table", abi, name))
    leaves = {slot.name for slot in one.codec(name).plan.raw.leaves}
    parts = streams.decode(one, name, [io.BytesIO(blob)], form="table", size=1000)
    batches = [part.data for part in parts]
    found = [row for batch in batches for row in batch.to_pylist()]
    decoded = one.decode(name, blob)
    tuples = one.decode_tuples(name, blob)
    assert len(found) == len(decoded) == 300
    for row, expected, values in zip(found, decoded, tuples, strict=True):
        assert {n: v for n, v in row.items() if n in expected} == expected
        assert all(row[n] is None for n in row.keys() - leaves - expected.keys())
        flat = [row[leaf.name] for leaf in one.codec(name).plan.raw.leaves]
        assert [n for v in flat for n in (v if isinstance(v, list) else [v])] == list(values)
    schema = batches[0].schema
    for field in schema:
        member = struct.field(field.name)
        kind = field.type.value_type if member.count else field.type
        letter = "" if member.signed else "u"
        assert str(kind) == f"{letter}int{8 * member.size // (member.count or 1)}"
        assert field.nullable == (field.name not in leaves)
        assert field.metadata[b"type"] == member.type.encode()
    assert schema.metadata[b"xengnt.struct"] == struct.tag.encode()
    assert schema.metadata[b"xengnt.abi"] == abi.encode()
    assert schema.metadata[b"xengnt.interface_version"] == b"0x00041300"
    assert schema.metadata[b"xengnt.op"] == (name.encode() if name in one.layout.ops else b"")


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch an ImportError for somebody who did not install all there is."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    codec = abi_at("x86_64").codec("copy")
    with pytest.raises(Unavailable, match=r"pip install 'xengnt\[arrow\]'"):
        tables.Tables(codec, in_only=False, located=False)
    with pytest.raises(Unavailable, match=r"\[dask\]"), streams.cluster("tcp://127.0.0.1:1"):
        pass


def test_what_cannot_be_read_comes_after_what_can(tmp_path: Path) -> None:
    """Would catch a cut file that takes others with it, or passes for a whole one."""
    one = abi_at("x86_64")
    good, cut = tmp_path / "a", tmp_path / "b"
    good.write_bytes(bytes(80))
    cut.write_bytes(bytes(99))
    found = streams.decode(one, "copy", [good, cut])
    assert len(next(found).data) == 2
    with pytest.raises(SourceError, match=r"b: copy: 99 bytes .* 19 too many at offset 80") as info:
        next(found)
    assert info.value.offset == 80
    with pytest.raises(SourceError, match="pipe: copy: 99 bytes"):
        list(streams.decode(one, "copy", [Trickle(bytes(99), 1)], size=40))
    with pytest.raises(InvalidValue, match="no form 'xml'"):
        list(streams.decode(one, "copy", [good], form="xml"))
    [source] = streams.sources([good])
    good.write_bytes(bytes(40))
    with pytest.raises(SourceError, match="ends at byte 40, and was longer before"):
        list(streams.decode(one, "copy", [source]))


def test_what_is_in_a_folder(tmp_path: Path) -> None:
    """Would catch another order than that of names, a file that is missed, and a loop of links."""
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("z", "b/2", "b/c/1", "a", ".hidden", "b/.git"):
        (tmp_path / name).write_bytes(bytes(40))
    (tmp_path / "b" / "c" / "loop").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "z")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = list(streams.sources([tmp_path, str(tmp_path / ".hidden")]))
    names = [os.path.relpath(source.name, tmp_path) for source in found]
    assert names == ["a", "b/2", "b/c/1", "gone", "link", "z", ".hidden"]
    assert [source.name for source in found if source.error] == [str(tmp_path / "gone")]


# Judging


@pytest.mark.parametrize(("abi", "name"), NAMES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_pieces_are_judged_as_the_whole(
    abi: str, name: str, when: str, tmp_path: Path, threads: Executor
) -> None:
    """Would catch an element counted from its piece, and a rule about all of them for each."""
    one = abi_at(abi)
    struct = struct_of(one, name)
    blob = random_blob(struct, 20, seeded("judge", abi, name))
    path = tmp_path / "blob"
    path.write_bytes(blob)
    whole = Counter(repr(finding) for finding in one.validate(name, blob, when=when))
    for step in (1, 3 * struct.size, 1 << 20):
        for executor in (None, threads):
            found = list(
                streams.validate(one, name, [path], when=when, executor=executor, size=step)
            )
            findings = [finding for judged in found for finding in judged.findings]
            assert all(finding.source == str(path) for finding in findings)
            named = Counter(repr(finding).replace(str(path), "") for finding in findings)
            assert named == whole
            counts: Counter[str] = Counter()
            for judged in found:
                counts += judged.counts
            assert counts == Counter(finding.severity for finding in findings)
            assert sum(judged.elements for judged in found) == 20


def test_judging_goes_on_behind_what_cannot_be_read(tmp_path: Path) -> None:
    """Would catch a file that is lost, or counted, because of another one."""
    one = abi_at("x86_64")
    for name, size in (("a", 80), ("b", 99), ("c", 0), ("d", 40)):
        (tmp_path / name).write_bytes(bytes(size))
    found = list(streams.validate(one, "copy", [tmp_path, Trickle(bytes(50), 1), "none"]))
    assert [judged.elements for judged in found] == [2, 0, 0, 1, 0, 0]
    assert [judged.error is None for judged in found] == [True, False, True, True, False, False]
    with pytest.raises(InvalidValue, match="when"):
        next(streams.validate(one, "copy", [], when="later"))


def test_only_so_many_findings_are_kept() -> None:
    """Would catch findings that fill the memory, and a count of only those that are kept."""
    [judged] = streams.validate(abi_at("x86_64"), "copy", [io.BytesIO(b"\xff" * 4000)], most=7)
    assert len(judged.findings) == 7
    assert judged.counts == Counter(
        finding.severity for finding in abi_at("x86_64").validate("copy", b"\xff" * 4000)
    )


# Who works


def _broken(task: int) -> int:
    if task == 5:
        os.kill(os.getpid(), 9)
    return task


def test_processes(tmp_path: Path) -> None:
    """Would catch results in another order, and a process that dies unnoticed."""
    one = abi_at("x86_32")
    blob = blob_of("x86_32", "copy", 500)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(blob)
    with streams.processes(2) as (executor, ahead):
        parts = list(
            streams.decode(
                one, "copy", [tmp_path], form="table", executor=executor, ahead=ahead, size=1000
            )
        )
        here = list(streams.decode(one, "copy", [tmp_path], form="table", size=1000))
        assert [part.data for part in parts] == [part.data for part in here]
        refused = streams.decode(one, "copy", ["none"], executor=executor)
        with pytest.raises(SourceError, match="none: No such file"):
            list(refused)

    def broken() -> list[tuple[int, int]]:
        with streams.processes(2) as (executor, ahead):
            return list(streams.in_order(_broken, range(9), executor, ahead))

    with pytest.raises(BackendError, match="2 processes: "):
        broken()


def test_tasks_are_taken_as_they_can_be_worked_on(threads: Executor) -> None:
    """Would catch a list of all tasks, or of all results, in memory."""
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    for number, (task, result) in enumerate(streams.in_order(str, tasks(), threads, 5)):
        assert (task, result) == (number, str(number))
        assert len(taken) <= number + 5


def test_small_files_go_together(tmp_path: Path) -> None:
    """Would catch a task for each of very many small files."""
    for number in range(1200):
        (tmp_path / f"{number:04}").write_bytes(bytes(number % 3 * 40))
    codec = abi_at("x86_64").codec("copy")
    found = [p for s in streams.sources([tmp_path]) for p in pieces.pieces(codec, s)]
    grouped = list(pieces.tasks(found))
    assert [piece for task in grouped for piece in task] == found
    assert [len(task) for task in grouped] == [500, 500, 200]


# Encoding

Encode = Callable[..., bytes]


def encoded(text: str | bytes, seed: object, **how: Any) -> bytes:
    """Encode a text in pieces, from a pipe."""
    data = text.encode() if isinstance(text, str) else text
    return b"".join(streams.encode(abi_at("x86_64"), "copy", Trickle(data, seed), **how))


def rows_of(random: Random, count: int) -> list[Any]:
    """Return rows as people write them, some of them with what looks like the end of one."""
    forms: list[Callable[[], Any]] = [
        lambda: {"len": random.randrange(65536), "source": {"u": {"ref": 8}, "domid": 3}},
        lambda: {"len": "5", "source.u.gmfn": "0x10", "flags": "source_gref|0x4"},
        lambda: [random.randrange(99) for _ in range(8)],
        dict,
    ]
    return [random.choice(forms)() for _ in range(count)]


@pytest.mark.parametrize("seed", range(25))
def test_large_batches_are_encoded_as_small_ones(seed: int, threads: Executor) -> None:
    """Would catch a row that is lost or changed where a text is cut."""
    random = seeded("rows", seed)
    rows = rows_of(random, random.randrange(1, 60))
    whole = abi_at("x86_64").encode("copy", rows)
    indent = random.choice([None, 0, 2])
    dicts = [row for row in rows if isinstance(row, dict)]
    lines = abi_at("x86_64").encode("copy", dicts)
    for size in (8, random.randrange(9, 400), 1 << 20):
        for executor in (None, threads):
            for text in (json.dumps(rows, indent=indent), f" {json.dumps(rows)}\n\n"):
                assert encoded(text, size, size=size, executor=executor) == whole
            if len(dicts) > 1:
                compact = "\n\n".join(map(json.dumps, dicts))
                pretty = "\n".join(json.dumps(row, indent=2) for row in dicts)
                for text in (compact, f"{compact}\n", pretty):
                    assert encoded(text, size, size=size, executor=executor) == lines


@pytest.mark.parametrize("seed", range(60))
def test_mistakes_in_large_batches_are_where_they_are(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a mistake that passes, or that is told to be at another place."""
    random = seeded("mistakes", seed)
    monkeypatch.setattr(incremental, "STEP", random.randrange(1, 40))
    text = json.dumps(rows_of(random, 30), indent=random.choice([None, 1]))
    at = random.randrange(len(text))
    bad = text[:at] + random.choice(["", "[", "}", ",", '"', "é", "1e", "\n", "nul"]) + text[at:]
    bad = bad if random.random() < 0.7 else bad[: random.randrange(at + 1)]
    expected: bytes | str
    try:
        expected = abi_at("x86_64").encode("copy", loads(bad))
    except XengntError as error:
        expected = str(error)
    for size in (8, random.randrange(9, 300), 1 << 20):
        try:
            got: bytes | str = encoded(bad, size, size=size)
        except XengntError as error:
            got = str(error)
        if got != expected:  # of two mistakes, the first in the text is told
            assert isinstance(expected, str)
            assert isinstance(got, str)
            assert expected.startswith("not JSON"), bad
            assert got.startswith("copy row"), bad


def test_a_mistake_names_the_row_in_all() -> None:
    """Would catch a number counted from where a text was cut."""
    rows: list[Any] = [{"len": 1}] * 1000
    rows[700] = {"len": 65536}
    for text in (json.dumps(rows), "\n".join(map(json.dumps, rows))):
        for size in (100, 1 << 20):
            with pytest.raises(InvalidValue, match="copy row 700: len: 65536 does not") as info:
                encoded(text, size, size=size)
            assert (info.value.element, info.value.field) == (700, "len")
    twice = json.dumps(rows).replace('{"len": 65536}', '{"len": 1, "len": 2}')
    with pytest.raises(SourceError, match="'len' is given twice in one object: line 1 col") as info:
        encoded(twice, 1, size=100)
    assert info.value.element == 700
    text = json.dumps(rows[:700]).encode()
    with pytest.raises(SourceError, match=f"not UTF-8 text, at byte {len(text) - 3}$"):
        encoded(text[:-3] + b"\xff" + text[-3:], 1, size=100)


def test_columns_and_single_values_are_taken_whole() -> None:
    """Would catch columns that are taken for a line, or a line for columns."""
    columns = {"len": list(range(100)), "flags": "source_gref"}
    whole = abi_at("x86_64").encode("copy", columns)
    for text in (json.dumps(columns), json.dumps(columns, indent=1)):
        for size in (8, 64, 1 << 20):
            assert encoded(text, 1, size=size) == whole
    with pytest.raises(SourceError, match="not JSON: Extra data: line 1 column 5"):
        encoded("[1] [2]", 1)


def test_a_value_that_has_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a text that is read into memory to its end to find a quote."""
    monkeypatch.setattr(incremental, "LONGEST", 1 << 12)
    monkeypatch.setattr(incremental, "STEP", 64)

    class Endless(io.RawIOBase):
        reads = 0

        def read(self, size: int = -1) -> bytes:
            self.reads += 1
            return {1: b"[{", 2: b'"'}.get(self.reads, b"x" * size)

    found = streams.encode(abi_at("x86_64"), "copy", Endless(), size=128)
    with pytest.raises(SourceError, match="a value of more than"):
        list(found)


def test_a_text_that_was_cut_short_is_never_whole() -> None:
    """Would catch an array whose end is missing, and that becomes a shorter blob."""
    rows = [{"ref": 10**n, "dom": n, "flags": "host_map"} for n in range(6)]
    whole = json.dumps(rows).encode()
    expected = ABI.encode("map_grant_ref", rows)
    for size in (1, 2, 3, 7, 8, 13, 30, 47, 60, len(whole) - 1, len(whole), len(whole) + 9):
        for end in range(len(whole), 0, -1):
            text = whole[:end]
            try:
                found = b"".join(streams.encode(ABI, "map_grant_ref", io.BytesIO(text), size=size))
            except SourceError:
                assert end < len(whole), (size, end)
            else:
                assert (end, found) == (len(whole), expected), (size, end)
    for wrong in (b'[{"ref":1}%s{"ref":2}]', b'[{"ref":1},%s]', b'[{"ref":1}%s]]', b'{"ref":1}%s,'):
        for size in (4, 8, 16):
            text = wrong % (b" " * 100)
            with pytest.raises(SourceError):
                b"".join(streams.encode(ABI, "map_grant_ref", io.BytesIO(text), size=size))
    spaced = b'[{"ref":1}%s,{"ref":2}]' % (b" " * 200)
    found = b"".join(streams.encode(ABI, "map_grant_ref", io.BytesIO(spaced), size=8))
    assert found == ABI.encode("map_grant_ref", [{"ref": 1}, {"ref": 2}])


def test_folders_with_what_cannot_be_read(tmp_path: Path) -> None:
    """Would catch a walk that ends at a loop, a pipe or a deep folder, or never ends."""
    (tmp_path / "a").write_bytes(bytes(40))
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to").symlink_to(tmp_path)
    deep = tmp_path / "z"
    for _ in range(400):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "last").write_bytes(bytes(40))
    found = list(streams.sources([tmp_path]))
    names = [Path(one.name).name for one in found]
    assert names == ["a", "gone", "loop", "pipe", "last"]
    assert [one.error is None for one in found] == [True, False, False, False, True]
    assert next(streams.sources(str(tmp_path / "a"))).size == 40  # type: ignore[arg-type]  # a mistake
    for wrong in ([b"/tmp/x"], [io.StringIO("x")], [7]):
        with pytest.raises(InvalidValue, match="neither a path nor a file"):
            list(streams.sources(wrong))  # type: ignore[arg-type]  # a mistake


def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    """Would catch a walk that tries a locked folder for ever."""
    locked = tmp_path / "locked"
    locked.mkdir()
    listed = os.scandir

    def scandir(path: str) -> Any:
        if str(path) == str(locked):
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", scandir)  # root may read everything
        [found] = streams.sources([tmp_path])
    assert str(found.error).endswith("locked: Permission denied")


def test_what_does_not_wait_is_not_at_its_end() -> None:
    """Would catch the rest of a pipe that is lost because it was not there yet."""
    out, into = os.pipe()
    os.set_blocking(out, False)
    os.write(into, bytes(40))
    with (
        os.fdopen(out, "rb", buffering=0) as file,
        pytest.raises(SourceError, match="does not wait"),
    ):
        pieces.read(file, 80)
    os.close(into)
