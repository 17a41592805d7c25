# SPDX-License-Identifier: MIT
"""Drivers of C on the rig: on both headers, under sanitizers and faults, recorded and replayed.

The drivers are in ``tests/rig``, and look themselves for wrong bytes, wrong statuses and grants
that are left behind. What they find must not be, and what is broken in them must be found.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import live_xen
import pytest
import rig_library
from oracle import DISTRIBUTION, OURS, ROOT, need

from xengnt.cli import main
from xengnt.live.world import LiveWorld, Machines
from xengnt.rig.build import LIBRARY
from xengnt.scenario import Call, Scenario, play

HERE = ROOT / "tests" / "rig"
DRIVERS = ("block", "net", "v2")
HEADERS = ("ours", "theirs")
FEW = {"block": 60, "net": 60, "v2": 2}
"""So many requests are enough for a recording."""

STRICT = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g")
VERSION = "-D__XEN_INTERFACE_VERSION__=0x00040300"
SANITIZERS = {
    "plain": ("-O1",),
    "asan": (
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-fno-omit-frame-pointer",
    ),
    # gcc warns that it does not know fences; there is one, between the guest and Xen.
    "tsan": ("-fsanitize=thread", "-Wno-error=tsan"),
}
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1",
    "LSAN_OPTIONS": f"suppressions={HERE / 'lsan.supp'}:print_suppressions=0",
    "TSAN_OPTIONS": "exitcode=66",
}

Done = subprocess.CompletedProcess[str]


class Workshop:
    """What is built once for all workers: programs with the rig."""

    def __init__(self, rig: Path, folder: Path) -> None:
        self.rig, self.folder = rig, folder

    @contextmanager
    def _alone(self, name: str) -> Iterator[Path]:
        """Hold the only right to make something."""
        path = self.folder / name
        with rig_library.alone(path):
            yield path

    def flags(self, headers: str) -> list[str]:
        """Return what finds headers: the rig's own, and either ours or the real ones."""
        if headers == "theirs":
            path = DISTRIBUTION / "xen" / "grant_table.h"
            need(path.is_file(), str(path), "apt install libxen-dev")
        return [
            *([f"-I{OURS}"] if headers == "ours" else []),
            f"-I{self.rig / 'include'}",
            VERSION,
        ]

    def objects(self, headers: str, how: str, cc: str) -> list[Path]:
        """Return the objects that all drivers share."""
        found = []
        for name in ("guest", "trial"):
            with self._alone(f"{name}-{headers}-{how}-{cc}.o") as path:
                if not path.exists():
                    self.compile([HERE / f"{name}.c", "-c"], path, headers, how, cc)
                found.append(path)
        return found

    def driver(self, name: str, headers: str = "ours", how: str = "plain", cc: str = "gcc") -> Path:
        """Return a driver as a program."""
        able(how, cc)
        with self._alone(f"{name}-{headers}-{how}-{cc}") as path:
            if not path.exists():
                objects = self.objects(headers, how, cc)
                self.compile([HERE / f"{name}.c", *objects], path, headers, how, cc)
        return path

    def compile(
        self, inputs: list[Any], output: Path, headers: str = "ours", how: str = "plain",
        cc: str = "gcc",
    ) -> None:  # fmt: skip
        """Compile, and link with the rig unless told otherwise."""
        library = self.rig / "lib"
        link = [f"-L{library}", "-lxengnt_rig", f"-Wl,-rpath,{library}", "-pthread"]
        made = output.with_name(f"new-{output.name}")
        done = subprocess.run(
            [cc, *STRICT, *SANITIZERS[how], *self.flags(headers), *inputs,
             *([] if "-c" in inputs else link), "-o", made],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        made.rename(output)

    def broken(
        self, folder: Path, file: str, old: str, new: str, *, name: str, how: str = "plain"
    ) -> Path:
        """Return a driver with a mistake in one place of its source."""
        able(how, "gcc")
        text = (HERE / file).read_text()
        assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
        for path in HERE.glob("*.[ch]"):
            shutil.copy(path, folder)
        (folder / file).write_text(text.replace(old, new))
        program = folder / f"broken-{name}"
        objects = self.objects("ours", how, "gcc")
        sources: list[Path] = [folder / f"{name}.c"]
        for path in objects:
            source = path.name.partition("-")[0] + ".c"
            sources.append(folder / source if source == file else path)
        self.compile(sources, program, how=how)
        return program


@cache
def works(how: str, cc: str) -> tuple[bool, str]:
    """Tell whether a compiler links with a sanitizer, and what a program with it says, if any."""
    [first, *_] = SANITIZERS[how]
    with TemporaryDirectory() as folder:
        program = Path(folder) / "nothing"
        built = subprocess.run(
            [cc, first, "-x", "c", "-", "-o", program],
            input="int main(void) { return 0; }", text=True, check=False, capture_output=True,
        )  # fmt: skip
        if built.returncode:
            return False, ""
        return True, subprocess.run([program], check=False, capture_output=True, text=True).stderr


def able(how: str, cc: str) -> None:
    """Skip what a compiler, or a program of its, cannot do here."""
    need(shutil.which(cc), cc, f"apt install {cc}")
    if how != "plain":
        links, says = works(how, cc)
        need(links, f"what {cc} needs for {how}", "apt install libasan8 libubsan1 libtsan2")
        if says:  # such as ThreadSanitizer, where addresses are too random
            pytest.skip(f"{how} does not run here: {says.splitlines()[0]}")


@pytest.fixture(scope="session")
def workshop(rig: Path) -> Workshop:
    """Return what builds, in a folder that all workers of this run share."""
    folder = rig / "drivers"
    folder.mkdir(exist_ok=True)
    return Workshop(rig, folder)


def run(program: Path, *arguments: object) -> Done:
    """Run a driver to its end."""
    return subprocess.run(
        [program, *map(str, arguments)],
        check=False, capture_output=True, text=True, timeout=300,
        env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip


def well(done: Done) -> list[int]:
    """Return the numbers that a driver tells, of which it must have nothing else to tell."""
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-3000:]
    return [int(number) for number in re.findall(r"\d+", done.stdout.partition(":")[2])]


# The same source


@pytest.mark.parametrize(
    "version", ["0x0003020a", "0x00040300", "__XEN_LATEST_INTERFACE_VERSION__"]
)
@pytest.mark.parametrize("headers", HEADERS)
def test_the_sources_compile_unchanged(workshop: Workshop, headers: str, version: str) -> None:
    """Would catch a driver that our header takes and the real one does not, or the reverse."""
    flags = [one for one in workshop.flags(headers) if one != VERSION]
    flags += [f"-D__XEN_INTERFACE_VERSION__={version}", "-fsyntax-only", "-H"]
    done = subprocess.run(
        ["gcc", *STRICT, *flags, *sorted(HERE.glob("*.c"))],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    xen = re.findall(r"^[.]+ (.*/xen/grant_table\.h)$", done.stderr, re.MULTILINE)
    root = OURS if headers == "ours" else DISTRIBUTION
    assert set(xen) == {str(root / "xen" / "grant_table.h")}
    assert len(xen) >= len(DRIVERS) + 2


@pytest.mark.parametrize(
    ("name", "headers", "how"),
    [
        *(
            (name, headers, how)
            for name in DRIVERS
            for headers in HEADERS
            for how in ("plain", "asan")
        ),
        ("block", "ours", "tsan"),  # the others have one thread
    ],
)
def test_a_driver_comes_through(workshop: Workshop, name: str, headers: str, how: str) -> None:
    """Would catch wrong bytes or statuses, a grant left behind, and what sanitizers see."""
    done, failed, absent, faults = well(run(workshop.driver(name, headers, how)))
    assert done >= 20
    assert (failed, absent, faults) == (0, 0, 0)


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_of_another_compiler(workshop: Workshop, name: str) -> None:
    """Would catch what only gcc takes, or does, with the drivers and rig.h."""
    assert well(run(workshop.driver(name, cc="clang")))[1:] == [0, 0, 0]


# Faults


@pytest.mark.parametrize("name", DRIVERS)
def test_whatever_fails_no_grant_is_left(workshop: Workshop, name: str) -> None:
    """Would catch an injected fault that is not as Xen's, and a driver that leaks under one.

    Each element of each command fails once with each of several statuses, and for ever; and
    domains have from none to many handles.
    """
    trials, hit, given_up = well(run(workshop.driver(name, how="asan"), "--sweep"))
    assert trials > hit > given_up > 80


def test_faults_are_as_many_as_asked_for(workshop: Workshop) -> None:
    """Would catch faults at another element, or that cost more than the one request."""
    block = workshop.driver("block")
    net = workshop.driver("net")
    v2 = workshop.driver("v2")
    assert well(run(block, "--fail", "map:3:general_error:1")) == [199, 1, 0, 1]
    assert well(run(block, "--fail", "map:3:eagain:4")) == [200, 0, 0, 4]
    assert well(run(block, "--fail", "map:0:general_error:1")) == [0, 0, 200, 1]
    assert well(run(block, "--fail", "unmap:2:eagain:5")) == [200, 0, 0, 5]
    assert well(run(net, "--fail", "copy:70:bad_page:1")) == [199, 1, 0, 1]
    assert well(run(net, "--fail", "copy:70:eagain:1")) == [200, 0, 0, 1]
    assert well(run(v2, "--fail", "get_status_frames:1:no_space:1")) == [19, 1, 0, 1]


def test_few_handles_are_used_again(workshop: Workshop) -> None:
    """Would catch a limit of handles that counts those that were given back."""
    block = workshop.driver("block")
    assert well(run(block, "--handles", 6))[:3] == [200, 0, 0]
    done, failed, absent, _ = well(run(block, "--handles", 3))
    assert done > 0 < failed
    assert absent == 0
    assert well(run(block, "--handles", 0))[:3] == [0, 0, 200]


def test_what_cannot_be_unmapped_is_told(workshop: Workshop) -> None:
    """Would catch a reckoning that does not see mappings, or the use of entries."""
    done = run(workshop.driver("block"), "--fail", "unmap:0:general_error:forever")
    assert done.returncode == 1
    assert re.fullmatch(
        r"block --seed 0 --requests 200 --fail unmap:0:general_error:forever: "
        r"domain 0 still grants \d+ pages\n",
        done.stderr,
    )


# Mistakes

MISTAKES = {
    "a mapping is kept": (
        "block", "block.c", "            back_forget(back, &back->kept[i]);", "            break;",
        (), r"domain 0 still grants \d+ pages",
    ),
    "a grant is kept": (
        "block", "block.c", "if (grant_end(&front->guest, front->ring_ref))", "if (true)",
        (), "domain 0 still grants 1 pages",
    ),
    "a mapping is kept after a fault": (
        "block", "block.c", "            status = wanted[i].status;",
        "            return wanted[i].status;",
        ("--fail", "map:2:general_error:1"), "domain 0 still grants",
    ),
    "data go to the wrong sector": (
        "block", "block.c", "sector += (uint32_t)(length / SECTOR);", "sector += 1;",
        (), "was read with other bytes",
    ),
    "nothing is tried again": (
        "block", "guest.c",
        "for (unsigned tries = 0; ops[i].status == GNTST_eagain && tries < RETRIES; tries++)",
        "if (false)",
        ("--fail", "map:0:eagain:1"), "could be tried again",
    ),
    "copies cross pages": (
        "net", "net.c",
        "up_to_page_end(piece.start, up_to_page_end(buffer->used, piece.length))",
        "up_to_page_end(piece.start, piece.length)",
        (), "packet [0-9]+: a copy gives -10",
    ),
    "a status is overlooked": (
        "net", "net.c", "receiver->whose[i]->status = receiver->copies[i].status;", "continue;",
        ("--fail", "copy:3:bad_page:1"), "came with other bytes|has the header of another",
    ),
    "the status array is not read": (
        "v2", "guest.c", "    return !grant_use(guest, ref);", "    return true;",
        (), "a mapped page can be withdrawn",
    ),
    "a part is granted as a whole": (
        "v2", "guest.c", "GTF_permit_access | GTF_sub_page | flags", "GTF_permit_access | flags",
        (), "a byte too early: status 0",
    ),
    "what is read-only is granted for writing": (
        "v2", "v2.c", "grant_part(guest, user, page, GTF_readonly, OFFSET, LENGTH)",
        "grant_part(guest, user, page, 0, OFFSET, LENGTH)",
        (), "a write to what is read-only: status 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(workshop: Workshop, mistake: str, tmp_path: Path) -> None:
    """Would catch drivers that are content with whatever happens, and a rig that is too kind."""
    name, file, old, new, arguments, words = MISTAKES[mistake]
    program = workshop.broken(tmp_path, file, old, new, name=name)
    done = run(program, *arguments)
    assert done.returncode == 1, done
    assert re.search(words, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1


AFTER_UNMAP = (
    "        guest_unmap(&back->guest, &back->ring);\n",
    """\
        {
            volatile uint8_t *gone = back->ring.address;

            guest_unmap(&back->guest, &back->ring);
            (void)*gone;
        }
""",
)
WRITE_READONLY = (
    "    memcpy(segments, list, request->segments * sizeof(segments[0]));\n",
    """\
    memcpy(segments, list, request->segments * sizeof(segments[0]));
    *(volatile uint8_t *)list = 0;
""",
)


@pytest.mark.parametrize(
    ("change", "access"), [(AFTER_UNMAP, "READ"), (WRITE_READONLY, "WRITE")],
    ids=["read after unmap", "write to read-only"],
)  # fmt: skip
def test_a_forbidden_access_faults(
    workshop: Workshop, change: tuple[str, str], access: str, tmp_path: Path
) -> None:
    """Would catch mappings that stay when they are ended, or that may be written though read-only.

    Without a sanitizer it is a signal; with one, a report of the kind of access and the place.
    """
    program = workshop.broken(tmp_path, "block.c", *change, name="block")
    assert run(program).returncode == -signal.SIGSEGV
    program = workshop.broken(tmp_path, "block.c", *change, name="block", how="asan")
    done = run(program)
    assert done.returncode == 1
    assert "AddressSanitizer: SEGV" in done.stderr
    assert f"caused by a {access} memory access" in done.stderr
    assert re.search(r"#0 .* in back_\w+ .*block\.c", done.stderr)


SEEN_BY = {
    "a leak": (
        "asan", "block", "block.c", "    free(back);\n", "    back = NULL;\n",
        r"LeakSanitizer: detected memory leaks(.|\n)*in run_block",
    ),
    "a small leak inside": (
        "asan", "block", "guest.c", "    numbers_end(&guest->rooms);\n}", "}",
        r"LeakSanitizer: detected memory leaks(.|\n)*in numbers_fill",
    ),
    "a write behind the end": (
        "asan", "net", "guest.c", "malloc((end - first) * sizeof(*numbers->free))",
        "malloc(end - first)",
        r"AddressSanitizer: heap-buffer-overflow(.|\n)*in numbers_fill",
    ),
    "an overflow": (
        "asan", "net", "net.c", "sum = (sum ^ bytes[i]) * 16777619u;",
        "sum = (uint32_t)((int)(sum ^ bytes[i]) * 16777619);",
        "runtime error: signed integer overflow",
    ),
    "a race": (
        "tsan", "block", "block.c", "atomic_bool connected, closing, closed;",
        "volatile bool connected, closing, closed;",
        r"ThreadSanitizer: data race(.|\n)*in (back|front)_\w+",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SEEN_BY)
def test_sanitizers_see(workshop: Workshop, what: str, tmp_path: Path) -> None:
    """Would catch suppressions that hide a driver's own, and sanitizers that the rig blinds."""
    how, name, file, old, new, words = SEEN_BY[what]
    done = run(workshop.broken(tmp_path, file, old, new, name=name, how=how))
    assert done.returncode not in (0, -signal.SIGSEGV), done.stdout
    assert re.search(words, done.stderr), done.stderr[-3000:]


def test_suppressions_name_python_only() -> None:
    """Would catch a suppression that was added to get rid of a report."""
    lines = (HERE / "lsan.supp").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["leak:libpython3."]


# Recordings


def recording(workshop: Workshop, name: str, folder: Path, *arguments: object) -> Path:
    """Return what a driver records."""
    path = folder / f"{name}.jsonl"
    few = ("--requests", FEW[name], "--record", path)
    well(run(workshop.driver(name), *few, *arguments))
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a recording."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def calls_of(path: Path, op: str) -> list[dict[str, Any]]:
    """Return the calls of an op, in a recording."""
    return [line for line in lines_of(path) if line.get("op") == op]


def replayed(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> int:
    """Play a recording, and return the exit status."""
    status = main(["run", str(path), *options])
    out, err = capsys.readouterr()
    assert err == ""
    assert (" 0 not as expected" in out) == (status == 0), out[-2000:]
    return status


@pytest.mark.parametrize("name", DRIVERS)
def test_a_recording_plays_on_the_model(
    workshop: Workshop, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a recording that lacks something, or has what only this process knew."""
    path = recording(workshop, name, tmp_path)
    assert replayed(path, capsys) == 0


@pytest.mark.parametrize("name", DRIVERS)
def test_a_recording_plays_on_a_rig(workshop: Workshop, name: str, tmp_path: Path) -> None:
    """Would catch a rig that is no library like those of others."""
    path = recording(workshop, name, tmp_path)
    library = workshop.rig / "lib" / LIBRARY
    command = [sys.executable, "-m", "xengnt", "run", str(path), "--backend", f"lib:{library}"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert " 0 not as expected" in done.stdout


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Return what boots Xen, or skip."""
    yield from live_xen.machines()


def test_recordings_play_on_real_xen(
    workshop: Workshop,
    machines: Machines,
    tmp_path: Path,
    on_xen: Callable[[str, int, str], None],
) -> None:
    """Would catch drivers that the rig lets pass, and Xen would not."""
    calls = 0
    for name in DRIVERS:
        case = Scenario.load(recording(workshop, name, tmp_path))
        for step, findings in play(case, LiveWorld(machines, **case.xen)):
            assert not findings, (name, step, findings)
            calls += isinstance(step, Call)
    assert calls > 100
    on_xen("calls of C drivers, as the rig did them", calls, machines.xen_version or "")


@pytest.mark.parametrize("name", DRIVERS)
def test_a_recording_under_faults_plays(
    workshop: Workshop, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch faults in a recording: whoever plays it does not have them."""
    op = "copy" if name == "net" else "map"
    fault = f"{op}:2:{'bad_page' if name == 'net' else 'eagain'}:2"
    path = recording(workshop, name, tmp_path, "--fail", fault)
    assert replayed(path, capsys) == 0


@pytest.mark.parametrize("name", DRIVERS)
def test_a_changed_recording_does_not_play(
    workshop: Workshop, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a replay that is content with any status, or any bytes."""
    path = recording(workshop, name, tmp_path)
    lines = lines_of(path)
    op = "copy" if name == "net" else "unmap_grant_ref"
    [call, *_] = [line for line in lines if line.get("op") == op]
    was = call["results"][-1]["status"]
    call["results"][-1]["status"] = -1
    changed = tmp_path / "status.jsonl"
    changed.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert replayed(changed, capsys) == 1

    if name != "block":  # in which Xen itself writes nothing into pages
        call["results"][-1]["status"] = was
        [read, *_] = [line for line in lines if "read" in line]
        read["bytes"] = f"{int(read['bytes'][:2], 16) ^ 1:02x}{read['bytes'][2:]}"
        changed.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert replayed(changed, capsys) == 1


@pytest.mark.parametrize("name", ["net", "v2"])
def test_a_recording_is_the_same_again(workshop: Workshop, name: str, tmp_path: Path) -> None:
    """Would catch addresses and other numbers of one process in a recording."""
    one, other = (tmp_path / number for number in ("1", "2"))
    for folder in (one, other):
        folder.mkdir()
    again = recording(workshop, name, other).read_bytes()
    assert recording(workshop, name, one).read_bytes() == again


def test_a_block_pair_maps_each_page_once(workshop: Workshop, tmp_path: Path) -> None:
    """Would catch a driver whose grants are not persistent, or that maps lists for writing."""
    path = recording(workshop, "block", tmp_path)
    mapped = [row for call in calls_of(path, "map_grant_ref") for row in call["args"]]
    refs = [row["ref"] for row in mapped]
    assert len(refs) == len(set(refs)) == 1 + 4 * (1 + 4)
    assert sum(row["flags"] == 6 for row in mapped) == 4  # host_map, readonly
    unmapped = [row for call in calls_of(path, "unmap_grant_ref") for row in call["args"]]
    assert len(unmapped) == len(refs)


def test_a_receiver_fills_its_batches(workshop: Workshop, tmp_path: Path) -> None:
    """Would catch a receiver that copies one by one, or to whose packets pages do not matter."""
    path = recording(workshop, "net", tmp_path)
    batches = calls_of(path, "copy")
    assert max(call["count"] for call in batches) == 64
    rows = [row for call in batches for row in call["args"]]
    for side in ("source", "dest"):
        ends = [row[f"{side}.offset"] + row["len"] for row in rows]
        assert max(ends) == 4096
        assert sum(end == 4096 for end in ends) > 20
    assert {row["status"] for call in batches for row in call["results"]} == {0}


def test_a_user_of_version_2_uses_it(workshop: Workshop, tmp_path: Path) -> None:
    """Would catch a driver of version 2 that says it is one."""
    path = recording(workshop, "v2", tmp_path)
    versions = [row["version"] for call in calls_of(path, "set_version") for row in call["args"]]
    assert set(versions) == {1, 2}
    assert {call["rc"] for call in calls_of(path, "set_version")} == {0, -16}
    assert calls_of(path, "get_status_frames")
    statuses = [row["status"] for call in calls_of(path, "copy") for row in call["results"]]
    assert statuses.count(-1) == 6 * FEW["v2"]
    assert statuses.count(0) == 3 * FEW["v2"]
