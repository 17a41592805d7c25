# SPDX-License-Identifier: MIT
"""Calls a second into the rig from C, next to the same calls into the model from Python.

    python benchmarks/rig.py

A copy is of 64 bytes from a grant to an own page; a mapping is of a page by host address,
followed by its unmapping, which are two calls. In Python the arguments are in memory already, and
frames are plain bytes: what is measured is the model alone. The best of several rounds counts,
and both take turns.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xengnt
from xengnt.abi.constants import CopyFlag, EntryType, MapFlag, Op
from xengnt.model import Domain, Hypervisor
from xengnt.rig.build import build, compiler

BATCHES = (1, 16, 64, 512)
ELEMENTS = 2048
ROUNDS = 12
TURNS = 3
HERE = Path(__file__).parent


def guests() -> tuple[Domain, Domain]:
    """Return a back end, and a front end that grants it a page by entries 8 to 15."""
    hv = Hypervisor()
    back, front = hv.create_domain(), hv.create_domain()
    for ref in range(8, 16):
        row = {
            "flags": EntryType.PERMIT_ACCESS,
            "domid": back.domid,
            "frame": front.frame(5),
        }
        front.table.frames[0][ref * 8 : ref * 8 + 8] = back.abi.encode("grant_entry_v1", [row])
    return back, front


def prepared(caller: Domain, op: Op, rows: list[dict[str, int]]) -> Callable[[], bytes]:
    """Return a function that makes a call, the arguments in memory already."""
    data = caller.abi.encode(op, rows)
    address = caller.memory.allocate(len(data))
    caller.memory.write(address, data)

    def run() -> bytes:
        if caller.call(int(op), address, len(rows)):
            raise SystemExit(f"{op.c_name} failed")
        return b""

    return run


def copying(batch: int) -> Callable[[], object]:
    """Return a function that copies."""
    back, front = guests()
    rows = [
        {
            "source.u.ref": 8 + n % 8,
            "source.domid": front.domid,
            "dest.u.gmfn": back.frame(5),
            "dest.domid": xengnt.Domid.SELF,
            "len": 64,
            "flags": CopyFlag.SOURCE_GREF,
        }
        for n in range(batch)
    ]
    return prepared(back, Op.COPY, rows)


def mapping(batch: int) -> Callable[[], object]:
    """Return a function that maps and unmaps."""
    back, front = guests()
    room = back.reserve(batch)
    flags = MapFlag.HOST_MAP | MapFlag.READONLY
    maps = [
        {"host_addr": room + n * 4096, "flags": flags, "ref": 8 + n % 8, "dom": front.domid}
        for n in range(batch)
    ]
    size = back.abi.struct("map_grant_ref").size
    data = back.abi.encode("map_grant_ref", maps)
    there = back.memory.allocate(len(data))
    back.memory.write(there, data)
    handle = back.abi.struct("map_grant_ref").field("handle").offset
    unmap = back.abi.struct("unmap_grant_ref")
    gone = back.memory.allocate(unmap.size * batch)
    rows = [{"host_addr": one["host_addr"]} for one in maps]
    back.memory.write(gone, back.abi.encode("unmap_grant_ref", rows))
    at = unmap.field("handle").offset

    def run() -> None:
        if back.call(Op.MAP_GRANT_REF, there, batch):
            raise SystemExit("map_grant_ref failed")
        for n in range(batch):
            value = back.memory.read(there + n * size + handle, 4)
            back.memory.write(gone + n * unmap.size + at, value)
        if back.call(Op.UNMAP_GRANT_REF, gone, batch):
            raise SystemExit("unmap_grant_ref failed")

    return run


def best(run: Callable[[], object], batch: int) -> float:
    """Return how often it is done in a second."""
    times = ELEMENTS // batch
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            run()
        rates.append(times / (time.perf_counter() - start))
    return max(rates)


def from_c(program: Path, found: dict[tuple[str, int], float]) -> None:
    """Run the C program, and keep what is better."""
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        name, batch, rate = line.split()
        key = name, int(batch)
        found[key] = max(found.get(key, 0), float(rate))


def main() -> None:
    """Measure, and print."""
    rig: dict[tuple[str, int], float] = {}
    model: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        build(folder)
        program = folder / "bench"
        latest = "-D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__"
        subprocess.run(
            [
                *compiler(), "-std=gnu11", "-O2", latest, f"-I{xengnt.get_include()}",
                HERE / "rig.c", "-o", program, f"-L{folder / 'lib'}",
                f"-Wl,-rpath,{folder / 'lib'}", "-lxengnt_rig",
            ],
            check=True,
        )  # fmt: skip
        for _ in range(TURNS):
            from_c(program, rig)
            for batch in BATCHES:
                for name, make in (("copy", copying), ("map+unmap", mapping)):
                    rate = best(make(batch), batch)
                    model[name, batch] = max(model.get((name, batch), 0), rate)
    print(f"{'':10} {'batch':>6} {'rig, from C':>24} {'model, from Python':>24} {'ratio':>7}")
    for name in ("copy", "map+unmap"):
        calls = 2 if name == "map+unmap" else 1
        for batch in BATCHES:
            row = [rates[name, batch] for rates in (rig, model)]
            cells = [f"{one * calls:9,.0f} calls {one * batch:9,.0f}" for one in row]
            print(f"{name:10} {batch:6} {cells[0]:>24} {cells[1]:>24} {row[0] / row[1]:7.2f}")
    print("calls a second, and elements a second; a ratio above 1 is the rig's")


if __name__ == "__main__":
    main()
