# SPDX-License-Identifier: MIT
"""The commands on blobs that are larger than they may take memory, and on many of them."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import duckdb
import pyarrow as pa
import pytest
from blobs import abi_at, random_blob, seeded, struct_of
from oracle import need
from pyarrow import parquet

MIB = 1 << 20
X86 = ("--abi", "x86_64")


class Done(NamedTuple):
    """What came of a command."""

    status: int
    out: str
    err: str


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of a process of its own."""
    return [sys.executable, "-m", "xengnt", *map(str, arguments)]


def run(*arguments: str | Path, stdin: IO[bytes] | None = None, **environment: str) -> Done:
    """Run the command."""
    done = subprocess.run(
        command(*arguments),
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return Done(done.returncode, done.stdout, done.stderr)


MEASURED = """
import re, sys
from xengnt.cli import main
status = main(sys.argv[1:])
kib = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]
print(status, int(kib) * 1024, file=sys.stderr)
"""


def peak(*arguments: str | Path, stdin: IO[bytes] | None = None) -> int:
    """Run the command, which is to be fine, and return the memory that it took at its peak.

    It is asked itself: what the system says of a child has the memory of its parent in it.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)],
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    status, measured = done.stderr.split()
    assert status == "0"
    return int(measured)


def finished(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the rest of what a command prints, of which some was read; `communicate` loses it.

    One that does not end is killed, and its exit status says so.
    """
    assert process.stdout
    assert process.stderr
    late = threading.Timer(120, process.kill)
    late.start()
    try:
        out = process.stdout.read()
        return out, process.stderr.read()
    finally:
        late.cancel()


def blob(count: int, name: str = "copy") -> bytes:
    """Return random structs."""
    return random_blob(struct_of(abi_at("x86_64"), name), count, seeded("cli", name))


def test_the_schema_of_the_examples_in_the_help() -> None:
    """Would catch an option that only the code knows."""
    for name in ("decode", "validate"):
        text = run(name, "--help").out
        assert "--jobs N" in text
        assert "--scheduler ADDRESS" in text
        assert "larger than memory" in text


# Memory

TO = ("-o", "/dev/null")
WORK: dict[str, tuple[int, bool, tuple[str, ...]]] = {
    "jsonl": (4, False, ("decode", "copy", "--format", "jsonl", *TO)),
    "jsonl from a pipe": (4, True, ("decode", "copy", "--format", "jsonl", *TO)),
    "csv": (4, False, ("decode", "copy", "--format", "csv", *TO)),
    "arrow": (128, False, ("decode", "copy", "--format", "arrow", *TO)),
    "parquet": (64, False, ("decode", "copy", "--format", "parquet", *TO)),
    "validate": (3, False, ("validate", "copy", "--limit", "3")),
}
"""What is done to so many MiB, from a pipe or not."""


@pytest.mark.parametrize(("size", "piped", "arguments"), WORK.values(), ids=WORK)
def test_memory_is_bounded(
    *, size: int, piped: bool, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """Would catch a command that has all of its input, or what becomes of it, in memory.

    Each of these takes several times the bound that is allowed here, when it does.
    """
    small, large = tmp_path / "small", tmp_path / "large"
    unit = abi_at("x86_64").encode("copy", [{"flags": 0x100 * (size < 64)}]) * (MIB // 40)
    small.write_bytes(unit)
    with large.open("wb") as file:
        for _ in range(size):
            file.write(unit)
    peaks = []
    for path in (small, large):
        if piped:
            with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
                peaks.append(peak(*arguments, stdin=cat.stdout))
        else:
            peaks.append(peak(*arguments, path))
    assert peaks[1] - peaks[0] < 24 * MIB


def test_memory_of_encode_is_bounded(tmp_path: Path) -> None:
    """Would catch a batch that is in memory whole, as text or as what was read."""
    line = json.dumps({"source.u.ref": 8, "source.domid": 3, "len": 4096, "flags": 1})
    element = abi_at("x86_64").encode("copy", [json.loads(line)])
    for form, start, between, end in (("json", "[", ",\n", "]"), ("jsonl", "", "\n", "\n")):
        peaks = []
        for count in (1 << 14, 1 << 17):
            path = tmp_path / form
            path.write_text(start + between.join([line] * count) + end)
            peaks.append(peak("encode", "copy", path, *X86, "-o", tmp_path / "blob"))
            assert (tmp_path / "blob").read_bytes() == element * count
        assert peaks[1] - peaks[0] < 24 * MIB


def test_elements_beyond_four_gibibytes(tmp_path: Path) -> None:
    """Would catch an offset or a number of 32 bits."""
    path = tmp_path / "sparse"
    count = (5 << 30) // 40
    with path.open("wb") as file:
        file.truncate(count * 40)
    from xengnt import streams

    one = abi_at("x86_64")
    [source] = streams.sources([path])
    pieces = list(streams.pieces.pieces(one.codec("copy"), source))
    assert sum(piece.size for piece in pieces) == count * 40
    with path.open("r+b") as file:
        file.seek((count - 1) * 40)
        file.write(one.encode("copy", [{"len": 5000}]))
    last = pieces[-1]
    assert last.first + last.size // 40 == count
    found = one.codec("copy").validator.elements(
        memoryview(last.read()), after=False, first=last.first
    )
    assert [finding.element for finding in found if finding.code == "page"] == [count - 1]


# Many


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a folder with blobs, two of them larger than a piece."""
    folder = tmp_path / "corpus"
    (folder / "more").mkdir(parents=True)
    own = {"source.domid": "DOMID_SELF", "dest.domid": "DOMID_SELF", "len": 1}
    fine = abi_at("x86_64").encode("copy", [own])
    (folder / "a").write_bytes(blob(1000) + fine * 26_000)
    (folder / "empty").write_bytes(b"")
    (folder / "more" / "b").write_bytes(blob(3))
    (folder / "more" / "c").write_bytes(fine * 27_000)
    return folder


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "parquet", "arrow", "hex"])
def test_the_number_of_jobs_changes_nothing(corpus: Path, tmp_path: Path, form: str) -> None:
    """Would catch output that depends on who was ready first."""
    if form == "hex":
        (corpus / "a").unlink()
        (corpus / "more" / "c").unlink()
    else:
        (corpus / "more" / "c").write_bytes(bytes(40 * 27_000))
    made = []
    for jobs in ("1", "3"):
        path = tmp_path / f"out{jobs}"
        done = run("decode", "copy", corpus, *X86, "--format", form, "--jobs", jobs, "-o", path)
        assert (done.status, done.out, done.err) == (0, "", "")
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_several_files_as_lines(corpus: Path) -> None:
    """Would catch a line that is of another file, or has another number, than it says."""
    done = run("decode", "copy", corpus, *X86, "--format", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    expected = [
        {"file": str(path), "element": number, **row}
        for path in (corpus / "a", corpus / "empty", corpus / "more" / "b", corpus / "more" / "c")
        for number, row in enumerate(abi_at("x86_64").decode("copy", path.read_bytes()))
    ]
    assert rows == expected
    assert json.loads(run("decode", "copy", corpus, *X86, "--format", "json").out) == expected
    one = run("decode", "copy", corpus / "more" / "b", *X86, "--format", "jsonl").out
    assert "file" not in json.loads(one.splitlines()[0])


def test_several_files_as_a_table(corpus: Path, tmp_path: Path) -> None:
    """Would catch a table that others read otherwise, or without saying what it is."""
    path = tmp_path / "table.parquet"
    assert run("decode", "copy", corpus, *X86, "--format", "parquet", "-o", path).status == 0
    table = parquet.read_table(path)
    arrow = tmp_path / "table.arrow"
    assert run("decode", "copy", corpus, *X86, "--format", "arrow", "-o", arrow).status == 0
    with pa.memory_map(str(arrow)) as file:
        other = pa.ipc.open_file(file).read_all()
    assert other.equals(table)
    assert table.num_rows == 54_003
    assert table.schema.metadata[b"xengnt.op"] == b"copy"
    rows = abi_at("x86_64").decode("copy", (corpus / "a").read_bytes())
    sums = {str(corpus / "a"): sum(row.get("source.u.ref", 0) for row in rows)}
    query = f"""SELECT file, sum("source.u.ref")::BIGINT FROM '{path}' GROUP BY file"""  # noqa: S608 -- ours
    found = dict(duckdb.sql(query).fetchall())
    assert found == {
        **sums,
        str(corpus / "more" / "b"): found[str(corpus / "more" / "b")],
        str(corpus / "more" / "c"): None,  # a frame is meant
    }
    columns = duckdb.read_parquet(str(path))
    types = dict(zip(columns.columns, map(str, columns.types), strict=True))
    assert types["source.u"] == "UBIGINT"
    assert (types["source.u.ref"], types["status"], types["len"]) == (
        *("UINTEGER", "SMALLINT"),
        "USMALLINT",
    )


def test_tables_are_not_for_terminals(tmp_path: Path) -> None:
    """Would catch bytes that a terminal would act upon."""
    (tmp_path / "blob").write_bytes(bytes(40))
    outer, inner = pty.openpty()
    with os.fdopen(outer, "rb", buffering=0), os.fdopen(inner, "wb", buffering=0) as terminal:
        done = subprocess.run(
            command("decode", "copy", tmp_path / "blob", *X86, "--format", "arrow"),
            stdout=terminal,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert b"standard output is a terminal" in done.stderr


def test_tables_for_people_say_which_file(corpus: Path) -> None:
    """Would catch elements of several files that look like those of one."""
    (corpus / "a").unlink()
    (corpus / "more" / "c").unlink()
    done = run("decode", "copy", corpus, *X86)
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert [line for line in lines if str(corpus) in line] == [
        str(corpus / "empty"),
        str(corpus / "more" / "b"),
    ]
    assert "0 elements" in lines
    long = corpus / "long"
    long.write_bytes(bytes(40 * 1001))
    out = run("decode", "copy", long, *X86).out
    numbers = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert [int(one) for one in numbers if one.isdecimal()] == list(range(1001))


def test_each_file_is_counted(corpus: Path) -> None:
    """Would catch a count that is of another file, and findings that nobody counted."""
    one = abi_at("x86_64")
    (corpus / "more" / "bad").write_bytes(bytes(41))
    paths = [corpus / "a", corpus / "empty", corpus / "more" / "b", corpus / "more" / "c"]
    found = {path: one.validate("copy", path.read_bytes()) for path in paths}
    counts = {
        path: [sum(f.severity == kind for f in findings) for kind in ("error", "warning")]
        for path, findings in found.items()
    }
    total = [sum(column) for column in zip(*counts.values(), strict=True)]
    texts = []
    for jobs in ("1", "2"):
        done = run("validate", "copy", corpus, *X86, "--limit", "5", "--jobs", jobs)
        texts.append(done.out)
        assert done.status == 2
        assert done.err == (
            f"xengnt: {corpus}/more/bad: copy: 41 bytes are not a multiple of the struct's 40: "
            "1 too many at offset 40\n"
        )
    assert texts[0] == texts[1]
    lines = texts[0].splitlines()
    assert len(lines) == 5 + sum(any(pair) for pair in counts.values()) + 1
    assert lines[5] == (
        f"{corpus}/a: 27000 elements: {counts[paths[0]][0]} errors, {counts[paths[0]][1]} warnings"
    )
    assert lines[-1] == (
        f"4 files, 54003 elements: {total[0]} errors, {total[1]} warnings; "
        f"1 could not be read; {sum(total) - 5} of these are not shown"
    )
    document = json.loads(
        run("validate", "copy", corpus, *X86, "--limit", "5", "--format", "json").out
    )
    assert [f["message"] for f in document["findings"]] == [
        finding.message for finding in found[paths[0]][:5]
    ]
    assert {file["source"]: [file["errors"], file["warnings"]] for file in document["files"]} == {
        **{str(path): pair for path, pair in counts.items()},
        f"{corpus}/more/bad": [0, 0],
    }
    assert [file["source"] for file in document["files"] if "unreadable" in file] == [
        f"{corpus}/more/bad"
    ]
    assert document["not_shown"] == sum(total) - 5
    assert document["complete"] is False


def test_a_table_of_files_of_which_one_is_cut_is_not_begun(corpus: Path, tmp_path: Path) -> None:
    """Would catch an hour of work that ends with nothing, and a table without what is missing."""
    for number in range(12):
        (corpus / f"cut{number:02}").write_bytes(bytes(41))
    path = tmp_path / "out"
    path.write_bytes(b"old")
    done = run("decode", "copy", corpus, *X86, "--format", "parquet", "-o", path)
    assert (done.status, done.out) == (2, "")
    lines = done.err.splitlines()
    assert len(lines) == 11
    assert lines[0].startswith(f"xengnt: {corpus}/cut00: copy: 41 bytes")
    assert lines[-1] == "xengnt: and 2 more"
    assert path.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [corpus, path]


def test_a_pipe_that_is_cut_leaves_no_file(tmp_path: Path) -> None:
    """Would catch a table that looks whole."""
    data = tmp_path / "data"
    data.write_bytes(bytes(2 * MIB + 1))
    path = tmp_path / "out"
    for form in ("parquet", "jsonl"):
        with subprocess.Popen(["cat", data], stdout=subprocess.PIPE) as cat:
            done = run("decode", "copy", *X86, "--format", form, "-o", path, stdin=cat.stdout)
        assert done.status == 2
        assert done.err.startswith("xengnt: standard input: copy: 2097153 bytes are not")
        assert sorted(tmp_path.iterdir()) == [data]


def test_processes_that_cannot_meet_are_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch an error that blames standard output for the folder of temporary files."""
    folder = tmp_path / ("long" * 30)  # a socket's path has 108 bytes at the most
    folder.mkdir()
    (tmp_path / "blob").write_bytes(bytes(40))
    monkeypatch.setenv("TMPDIR", str(folder))
    done = subprocess.run(
        command("validate", "copy", tmp_path / "blob", "--jobs", "2"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"xengnt: no processes meet in {folder}: AF_UNIX path too long\n"


# While it runs


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """A file of zeros that takes long to read, and no room."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    return path


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_interrupt_ends_with_what_was_counted(sparse: Path, jobs: str, form: str) -> None:
    """Would catch a traceback, of a worker as well, and counts that are lost."""
    with subprocess.Popen(
        command("validate", "map_grant_ref", sparse, "--limit=4", "--jobs", jobs, "--format", form),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        if form == "json":
            first += "".join(process.stdout.readline() for _ in range(4))  # up to the third
        os.killpg(process.pid, signal.SIGINT)
        out, err = finished(process)
    assert process.returncode == 130
    assert err == ""
    if form == "json":
        document = json.loads(first + out)
        assert document["complete"] is False
        assert document["elements"] == document["errors"] > 4
    else:
        assert first.startswith("error: element 0: ")
        assert out.splitlines()[-1].endswith("of these are not shown; interrupted")


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_leaves_no_file(
    tmp_path: Path, sparse: Path, jobs: str, sent: signal.Signals, status: int
) -> None:
    """Would catch a file that looks whole, or one of a name that nobody knows."""
    with subprocess.Popen(
        command(
            "decode",
            "map_grant_ref",
            sparse,
            "--format=arrow",
            "-o",
            tmp_path / "out",
            "--jobs",
            jobs,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while len(list(tmp_path.iterdir())) < 2 and process.poll() is None:
            pass
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (status, b"", b"")
    assert list(tmp_path.iterdir()) == [sparse]


def test_nobody_works_on_for_a_command_that_was_killed(sparse: Path) -> None:
    """Would catch processes that stay for ever when the one that they work for is gone."""
    with subprocess.Popen(
        command("validate", "map_grant_ref", sparse, "--jobs", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.kill()
        finished(process)  # at the end of output that all of them hold open


def test_progress_is_for_terminals(tmp_path: Path) -> None:
    """Would catch a bar that is not there, or that gets among the output."""
    path = tmp_path / "blob"
    path.write_bytes(bytes(2 * MIB // 40 * 40))
    outer, inner = pty.openpty()
    with os.fdopen(outer, "rb", buffering=0) as screen, os.fdopen(inner, "wb") as terminal:
        done = subprocess.run(
            command("decode", "copy", path, *X86, "--format", "arrow"),
            stdout=subprocess.PIPE,
            stderr=terminal,
            check=False,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        )
        shown = screen.read(1 << 16)
    assert b"decoding" in shown
    assert b"2.0 MiB" in shown or b"2.0/2.0 MiB" in shown
    assert pa.ipc.open_file(done.stdout).read_all().num_rows == 2 * MIB // 40


# A cluster

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    pids = [worker.pid for worker in cluster.workers.values()]
    print(cluster.scheduler_address, *pids, flush=True)
    sys.stdin.read()
"""


class Cluster(NamedTuple):
    """A Dask cluster on this machine."""

    address: str
    workers: list[int]
    process: subprocess.Popen[str]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster of two processes, which has all of the repository to work with."""
    need(importlib.util.find_spec("distributed"), "Dask", "pip install 'xengnt[dask]'")
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        address, *pids = process.stdout.readline().split()
        yield Cluster(address, [int(pid) for pid in pids], process)
        process.kill()  # its workers end with it


def test_a_worker_that_is_killed_costs_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """Would catch a piece that is lost with a worker, or counted by two of them."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    one = abi_at("x86_64")
    fine = {"len": 5, "flags": "source_gref|dest_gref"}
    bad, good = one.encode("copy", [{**fine, "len": 5000}]), one.encode("copy", [fine])
    for number in range(10):
        (folder / f"{number:02}").write_bytes(bad + good * (26_300 + number))
    here = run("validate", "copy", folder, *X86, "--limit", "100")
    with subprocess.Popen(
        command("validate", "copy", folder, *X86, "--limit=100", "--scheduler", cluster.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        first = process.stdout.readline()  # of 10 tasks the first is done
        os.kill(cluster.workers[0], signal.SIGKILL)
        out, err = finished(process)
    assert (process.returncode, err) == (here.status, "")
    assert first + out == here.out
    assert here.out.splitlines()[-1].startswith("10 files, 263055 elements: 10 errors, ")


def test_a_cluster_that_is_lost_is_one_line(cluster: Cluster, sparse: Path) -> None:
    """Would catch a traceback, a log of the library, or a wait without an end."""
    with subprocess.Popen(
        command("validate", "map_grant_ref", sparse, "--scheduler", cluster.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        cluster.process.kill()
        _, err = finished(process)
    assert process.returncode == 2
    assert err.startswith(f"xengnt: Dask cluster at {cluster.address}: ")
    assert err.count("\n") == 1
    reasons = {
        cluster.address: f"no Dask scheduler at {cluster.address}: ",
        "localhost": "localhost is no address of a scheduler: expected tcp://",
        "udp://x:1": "udp://x:1 is no address of a scheduler: expected tcp://",
    }
    for address, reason in reasons.items():
        done = run(
            *("decode", "copy", "/dev/null", "--format", "csv", "--scheduler", address),
            DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1s",
        )
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith(f"xengnt: {reason}")
        assert done.err.count("\n") == 1
