# SPDX-License-Identifier: MIT
"""Real Xen, booted here: it still does what was recorded, and what the model does."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import live_xen
import pytest
from oracle import need

from xengnt import Abi
from xengnt.cli import main
from xengnt.conformance import fuzz
from xengnt.conformance.divergence import divergence, outcomes, played, shrunk
from xengnt.conformance.run import PASSED, run
from xengnt.conformance.suite import shipped
from xengnt.errors import BackendError, Unavailable
from xengnt.live.image import image
from xengnt.live.machine import Boot, Machine
from xengnt.live.world import LiveWorld, Machines
from xengnt.model.world import ModelWorld
from xengnt.scenario import Scenario, play

Note = Callable[[str, int, str], None]

ROOT = Path(__file__).parent.parent
OPS = [*Abi("x86_64").layout.ops, "call"]

CHUNK = 1000
CHUNKS = int(os.environ.get("XENGNT_CALLS", "3000")) // CHUNK
"""Random calls; XENGNT_CALLS=100000 makes more of them."""

CALLS = 200
"""Calls of one random scenario."""


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Return what boots Xen, or skip."""
    yield from live_xen.machines()


@pytest.mark.parametrize("op", OPS)
def test_what_was_recorded(machines: Machines, op: str, on_xen: Note) -> None:
    """Would catch a recording that is none of this Xen, and cases that depend on chance."""
    cases = [one for one in shipped().cases(f"{op}/") if one.title.startswith(f"{op}/")]
    verdicts = list(run(cases, lambda case: LiveWorld(machines, **case.xen)))
    wrong = [one for one in verdicts if one.verdict != PASSED]
    assert not wrong, "\n".join(
        f"{one.case.title}: {one.why or one.findings[0].message}" for one in wrong
    )
    on_xen("recorded cases, as the model does them", len(verdicts), machines.xen_version or "")


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_calls(machines: Machines, chunk: int, on_xen: Note) -> None:
    """Would catch whatever the model does otherwise than Xen, and no case thought of."""

    def model(case: Scenario) -> ModelWorld:
        return ModelWorld(machines.release, **case.xen)

    def live(case: Scenario) -> LiveWorld:
        return LiveWorld(machines, **case.xen)

    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK, CALLS):
        lines = fuzz.scenario(seed, CALLS)
        found = divergence(lines, live, model)
        if found:
            least = shrunk(found, live, model)
            text = "\n".join(json.dumps(line) for line in least.lines)
            pytest.fail(f"seed {seed}:\n{text}\nXen: {least.one}\nthe model: {least.other}")
    on_xen("random calls, as the model does them", CHUNK, machines.xen_version or "")


def test_random_calls_get_everywhere(record_property: Callable[[str, object], None]) -> None:
    """Would catch random calls that all end at the first check.

    On the model, which does what Xen does, as the test before this one says.
    """
    found: Counter[tuple[str, str]] = Counter()
    for seed in range(40):
        lines = fuzz.scenario(seed, CALLS)
        seen = played(lines, lambda case: ModelWorld("4.17", **case.xen))
        found.update(outcomes(seen))
    total = sum(found.values())
    for op in Abi("x86_64").layout.ops:
        row = {name: count for (one, name), count in found.items() if one == op}
        whole = sum(row.values())
        shares = ", ".join(f"{name} {count / whole:.0%}" for name, count in row.items())
        record_property("xengnt-outcomes", [op, f"{whole / total:.1%} of all: {shares}"])
        assert whole >= 0.02 * total, op
        assert max(row.values()) <= 0.9 * whole, (op, row)


@pytest.mark.parametrize("name", ["block", "transfer", "version2"])
def test_the_examples(machines: Machines, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch an example that the model plays and Xen does not, or a command that cannot."""
    del machines  # it is there
    path = ROOT / "examples" / "scenarios" / f"{name}.jsonl"
    assert main(["run", str(path), "--backend", "qemu-xen"]) == 0, capsys.readouterr().out
    assert " 0 not as expected" in capsys.readouterr().out


def _play(machines: Machines, *lines: object, **head: object) -> list[str]:
    """Return what was not as expected of a scenario."""
    head = {"scenario": 1, "abi": "x86_64", **head}
    case = Scenario.parse([json.dumps(line) for line in (head, *lines)], "test")
    played = play(case, LiveWorld(machines, **case.xen))
    return [found.message for _, findings in played for found in findings]


def test_a_machine_serves_many_scenarios(machines: Machines) -> None:
    """Would catch traces that one scenario leaves in the next, or a boot for each."""
    size = {"op": "query_size", "args": [{"dom": "DOMID_SELF"}], "caller": "dom0"}
    dom0 = {"domain": "dom0", "privileged": True, "pages": 4}
    _play(machines, dom0, size)
    before = machines.boots
    for _ in range(3):
        text = {"write": "ff", "in": "dom0", "page": 3}
        grant = {"grant": "permit_access", "by": "dom0", "domid": 1, "frame": 5, "ref": 2}
        assert not _play(machines, dom0, {"read": 1, "in": "dom0", "page": 3, "bytes": "00"}, text)
        assert not _play(machines, dom0, grant, size)
    assert machines.boots == before
    one = {"op": "map_grant_ref", "caller": "dom0", "args": [{"dom": 0, "ref": 2}]}
    assert not _play(machines, dom0, grant, one)
    assert not _play(machines, dom0, {"read": 4, "in": "dom0", "table": 16, "bytes": "00000000"})
    assert machines.boots == before + 1  # what it maps cannot all be found again


def test_what_an_administrator_chooses(machines: Machines) -> None:
    """Would catch a choice that never reaches Xen: of the first domain, and of another."""
    for line in ({"domain": "d", "privileged": True}, {"domain": "d"}):
        size = {"op": "query_size", "args": [{"dom": "DOMID_SELF"}]}
        most = {**size, "results": [{"max_nr_frames": 10}]}
        assert not _play(machines, line, most, xen={"max_grant_frames": 10})
        version = {"op": "set_version", "args": [{"version": 2}], "rc": -38}
        assert not _play(machines, line, version, xen={"max_version": 1})


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{"domain": "a", "high": True}], "32 bits"),
        ([{"domain": "a", "abi": "x86_32"}], "no pv domains of x86_32"),
        ([{"domain": "a", "abi": "arm64", "kind": "arm"}, {"domain": "b"}], "not of both"),
        ([{"domain": "a", "privileged": True}, {"domain": "b", "privileged": True}], "but one"),
        ([{"domain": "a", "privileged": True, "domid": 3}], "but one privileged domain"),
        ([{"domain": "a", "domid": 0}], "0 is the number"),
        ([{"domain": "a", "pages": 100000}], "pages"),
        ([{"domain": "a", "privileged": True, "pages": 4096}], "pages"),
        ([{"domain": "a", "privileged": True}, {"destroy": "a"}], "cannot be ended"),
    ],
)
def test_what_real_xen_does_not_have(machines: Machines, lines: list[object], words: str) -> None:
    """Would catch something else that is played instead, or an error that does not say why."""
    with pytest.raises(Exception, match=words):
        _play(machines, *lines)


def test_a_guest_that_crashes_is_named(machines: Machines) -> None:
    """Would catch a test that hangs, or a machine of no use, after a guest has crashed."""
    guest = {"domain": "a", "abi": "x86_32", "kind": "pvh"}
    grants = [
        {"grant": "permit_access", "by": "a", "domid": "$a.domid", "frame": f"$a.frame[{i}]",
         "ref": 8 + i}
        for i in (0, 1)
    ]  # fmt: skip
    over = [
        {"op": "map_grant_ref", "args": [
            {"host_addr": "$a.room[0]", "flags": 2, "ref": 8 + i, "dom": "$a.domid"}]}
        for i in (0, 1)
    ]  # fmt: skip
    with pytest.raises(Exception, match="crash"):
        _play(machines, guest, *grants, *over)
    assert not _play(machines, guest, grants[0], over[0])


def test_xen_that_cannot_boot(machines: Machines) -> None:
    """Would catch QEMU that is left running, or a hang, when Xen does not come up."""
    del machines
    with pytest.raises(BackendError, match="boot"):
        Machine(Boot(memory=32))


def test_nothing_is_left_running(machines: Machines) -> None:
    """Would catch a QEMU that goes on, and takes a core, when its user was killed."""
    del machines
    need(shutil.which("setpriv"), "setpriv", "it is in util-linux")
    script = (
        "from xengnt.live.machine import Machine; import os, signal; m = Machine(); "
        "print(m._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    found = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    pid = int(found.stdout)
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"QEMU goes on as process {pid}")


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Would catch a traceback where Xen or QEMU is not there."""
    monkeypatch.setenv("XENGNT_LIVE", str(tmp_path))
    with pytest.raises(Unavailable, match=r"install|live setup|compiler"):
        Machine()


@pytest.mark.parametrize(
    ("compiler", "words"),
    [
        ("true", "no guest kernel came of it"),
        ("false", "cannot compile"),
        ("/nowhere/cc", "no such C compiler"),
        ("printf \\377", "no guest kernel came of it"),
    ],
)
def test_a_compiler_that_makes_no_kernel_is_named(
    compiler: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Would catch a traceback about $CC, or something empty that is kept for a kernel."""
    need(platform.machine() == "x86_64", "a machine of x86_64", "$CC is for its own kernels")
    monkeypatch.setenv("XENGNT_LIVE", str(tmp_path))
    monkeypatch.setenv("CC", compiler)
    image.cache_clear()
    with pytest.raises(Unavailable, match=words):
        image("pv")
    assert not list(tmp_path.iterdir())
