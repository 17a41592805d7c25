# SPDX-License-Identifier: MIT
"""Seeds of a corpus on the model, and on the implementation in C of ``examples/fuzz``."""

from __future__ import annotations

import ast
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from oracle import ROOT, need

import xengnt.model
from xengnt import Abi
from xengnt.abi.targets import PAGE_SHIFT
from xengnt.model import Domain
from xengnt.model.failures import Failed, Fault, Stopped
from xengnt.model.space import Page
from xengnt.testing import Stage
from xengnt.testing.corpus import header
from xengnt.testing.corpus.calls import END, READONLY
from xengnt.testing.corpus.numbers import CHOICES, DOMAINS, of_stage
from xengnt.testing.corpus.seeds import RECORD, Seed

SOURCES = ROOT / "examples" / "fuzz"

MODEL = Path(xengnt.model.__file__).parent

# The model


LOOKS = {"copy", "query_size", "get_version", "get_status_frames", "cache_flush", "dump_table"}
"""The ops that leave a stage as it was, but for bytes of pages."""


class Model:
    """The model, called as a harness does; with the stage set again where that matters.

    Args:
        abi: that of the stage.
    """

    def __init__(self, abi: Abi) -> None:
        self._abi = abi
        self._stage: Stage | None = None
        self._memory: dict[str, dict[int, memoryview]] = {}

    def play(self, seed: Seed) -> tuple[int, bytes]:
        """Return the result of a seed, and its array behind the call."""
        rc, array = self._play(seed.record)
        if seed.label.op not in LOOKS and (rc >= 0 or rc == -errno.EFAULT):
            self._stage = None  # what is done before a fault stays done
        return rc, array

    def _play(self, record: bytes) -> tuple[int, bytes]:
        if self._stage is None:
            self._stage, self._memory = Stage(self._abi, **CHOICES), {}
        cmd, pointer, count, caller = RECORD.unpack_from(record)
        domain = self._stage.domains[DOMAINS[caller]]
        memory = self._memory.setdefault(DOMAINS[caller], {}) or self._window(domain)
        self._memory[DOMAINS[caller]] = memory
        for data in memory.values():
            data[:] = bytes(len(data))
        array = bytearray(record[RECORD.size :])
        places = {
            at: (memory[(pointer + at) >> PAGE_SHIFT], (pointer + at) % (1 << PAGE_SHIFT))
            for at in range(len(array))
            if READONLY <= pointer + at < END
        }
        for at, (data, offset) in places.items():
            data[offset] = array[at]
        rc = domain.call(cmd, pointer, count)
        for at, (data, offset) in places.items():
            array[at] = data[offset]
        return rc, bytes(array)

    def _window(self, domain: Domain) -> dict[int, memoryview]:
        """Give a domain the memory that seeds are put into."""
        memory = {}
        for number in range(READONLY >> PAGE_SHIFT, END >> PAGE_SHIFT):
            frame = domain.machine.allocate(domain)
            domain.space.put(number, Page(frame, writable=number << PAGE_SHIFT != READONLY))
            memory[number] = frame.data
        return memory


def difference(seed: Seed, rc: int, array: bytes) -> str:
    """Return in words what did not come of a seed as it says, "" if all did."""
    return differing(
        seed.call.abi, seed.label.op, seed.array, (seed.rc, list(seed.statuses)), (rc, array)
    )


def differing(
    abi: Abi,
    op: str,
    before: bytes,
    expected: tuple[int, Sequence[int | None]],
    got: tuple[int, bytes],
) -> str:
    """Return in words what did not come of an array as expected."""
    if got[0] != expected[0]:
        return f"rc {got[0]}, not {expected[0]}"
    rows = zip(abi.decode(op, before), abi.decode(op, got[1]), strict=True)
    for index, (was, now) in enumerate(rows):
        status = expected[1][index]
        wanted = was.get("status") if status is None else int(status)
        if now.get("status") != wanted:
            return f"element {index} has status {now.get('status')}, not {wanted}"
    return ""


@contextmanager
def refusals() -> Iterator[set[tuple[str, int]]]:
    """Give the places in the model where something is refused, as file and line, while it runs."""
    seen: set[tuple[str, int]] = set()
    patch = pytest.MonkeyPatch()

    def noted(kind: type[Any]) -> None:
        make = kind.__init__

        def init(self: Any, *args: Any, **named: Any) -> None:
            caller = sys._getframe(1)  # noqa: SLF001 -- who refuses, without a stack of frames
            seen.add((Path(caller.f_code.co_filename).name, caller.f_lineno))
            make(self, *args, **named)

        patch.setattr(kind, "__init__", init)

    for kind in (Failed, Stopped, Fault):
        noted(kind)
    try:
        yield seen
    finally:
        patch.undo()


def places_of_refusals() -> dict[tuple[str, int], tuple[int, str]]:
    """Return the places in the model where something is refused, with last line and text."""
    names = {"Failed", "Stopped", "Fault", "Injected", "kind"}
    found = {}
    for path in sorted(MODEL.glob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if made and node.func.id in names:
                words = " ".join((ast.get_source_segment(text, node) or "").split())
                found[path.name, node.lineno] = node.end_lineno or node.lineno, words
    return found


# C


def build(folder: Path, name: str, *flags: str) -> Path:
    """Compile examples/fuzz for the stage of an ABI, and return where it is."""
    need(shutil.which("gcc"), "gcc", "apt install gcc")
    abi = Abi(name)
    folder.mkdir(exist_ok=True)
    (folder / "seed.h").write_text(header.text(abi, of_stage(abi)))
    made = folder / "run"
    command = ["gcc", "-O1", "-Wall", "-Wextra", "-pedantic", "-Werror", *flags]
    command += [f"-I{folder}", f"-I{ROOT / 'include'}", *map(str, sorted(SOURCES.glob("*.c")))]
    done = subprocess.run([*command, "-o", str(made)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


MUTANTS = (
    ("x86_64", 'if (FAILS("map 1: no', 'if (op->dom != DOMID_SELF && FAILS("map 1: no'),
    ("arm64", "!pv && op->flags & for_pv)", "!pv && op->flags & for_pv && by_id(op->dom))"),
    ("x86_64", "caller->nr_free <= 1)", "caller->nr_free <= 1 && op->ref < entries(other))"),
    ("x86_64", 'map 5: ref is beyond the table", ref >=', 'map 5: ref is beyond the table", ref >'),
    ("x86_64", "handle >= HANDLES", "handle > HANDLES"),
    ("x86_64", '4: it is not there", !there', '4: it is not there", !view'),
    ("x86_64", "op->nr_frames > TABLE_FRAMES", "op->nr_frames >= TABLE_FRAMES"),
    ("x86_64", "op->nr_frames > other->statuses", "op->nr_frames > other->statuses + 1"),
    ("x86_64", 'FAILS("transfer 1: it is no', 'by_id(op->domid) && FAILS("transfer 1: it is no'),
    ("x86_64", "op->source.offset + op->len > PAGE", "op->source.offset + op->len >= PAGE"),
    ("x86_64", "offset + len > pin->start", "offset + len >= pin->start"),
    ("x86_64", "a == b)", "a == b && !pin_of(caller, a))"),
    ("arm64", "op->offset >= PAGE", "op->offset > PAGE"),
    ("x86_64", "address < HOLE ", "address <= HOLE "),
    ("x86_64", "address >= HOLE_END", "address > HOLE_END"),
)
"""Changes of the C code, each of one check: an ABI, a text that is there, and another."""


def unnoticed(work: Path, files: dict[str, list[Path]]) -> list[str]:
    """Return the changes of the C code with which all comes of files as it did before."""
    need(shutil.which("gcc"), "gcc", "apt install gcc")
    for name in files:
        build(work / name, name, "-O0")
        sources = [str(SOURCES / one) for one in ("harness.c", "run.c")]
        command = ["gcc", "-O0", "-c", "-I.", f"-I{ROOT / 'include'}", *sources]
        subprocess.run(command, check=True, cwd=work / name)
    before = {name: _outcome(work / name / "run", some) for name, some in files.items()}
    text = (SOURCES / "grant_table.c").read_text()

    def same(number: int) -> bool:
        name, old, new = MUTANTS[number]
        assert text.count(old) == 1, old
        source, program = work / f"{number}.c", work / f"{number}"
        source.write_text(text.replace(old, new))
        rest = [work / name / "harness.o", work / name / "run.o"]
        include = [f"-I{work / name}", f"-I{ROOT / 'include'}", f"-I{SOURCES}"]
        subprocess.run(["gcc", "-O0", "-w", *include, source, *rest, "-o", program], check=True)
        return _outcome(program, files[name]) == before[name]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        kept = list(pool.map(same, range(len(MUTANTS))))
    return [f"{one}" for one, alike in zip(MUTANTS, kept, strict=True) if alike]


def _outcome(program: Path, files: Sequence[Path]) -> tuple[int, str]:
    """Return how a program ends with some files, and what it says came of them."""
    listed = "".join(f"{file}\n" for file in files)
    done = subprocess.run(
        [program, "-r", "-l", "/dev/stdin"], input=listed, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout


def called(program: Path, files: Sequence[Path]) -> list[tuple[int, bytes]]:
    """Return the result and the array of each file."""
    found = []
    for line in _run(program, "-r", files):
        rc, _, array = line.partition(" ")
        found.append((int(rc), bytes.fromhex(array)))
    return found


def checks(program: Path, files: Sequence[Path]) -> dict[str, tuple[bool, bool]]:
    """Return of each check whether its sides were seen: that it passes, and that it fails."""
    found: dict[str, tuple[bool, bool]] = {}
    for line in _run(program, "-c", files):
        passes, fails, name = line.split("\t")
        old = found.get(name, (False, False))
        found[name] = old[0] or passes != "0", old[1] or fails != "0"
    return found


def _run(program: Path, option: str, files: Sequence[Path]) -> list[str]:
    done = subprocess.run(
        [program, option, "-l", "/dev/stdin"],
        input="".join(f"{file}\n" for file in files),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def manifest(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the first line of a manifest, and the lines of seeds."""
    head, *lines = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    return head, lines
