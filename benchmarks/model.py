# SPDX-License-Identifier: MIT
"""How many copies the model does in a second, and where the time goes.

    python benchmarks/model.py

A batch is 1,000 copies of 64 bytes, made with one call; the best of several counts. The
aim is 100,000 a second by grant reference on one side, which is what a back end does.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable
from typing import Any

import xengnt
from xengnt.abi.constants import CopyFlag, EntryType, MapFlag, Op
from xengnt.model import Domain, Hypervisor

COUNT = 1000
ROUNDS = 40
BOTH = CopyFlag.SOURCE_GREF | CopyFlag.DEST_GREF


def guests(abi: str, version: int) -> tuple[Domain, Domain]:
    """Return a back end and a front end that grants it pages 1 to 9 with those numbers."""
    hv = Hypervisor()
    back, front = hv.create_domain(privileged=True, abi=abi), hv.create_domain(abi=abi)
    xengnt.Dispatcher(front).set_version(version=[version])
    for ref in range(8, 16):
        if version == 1:
            row = {"flags": EntryType.PERMIT_ACCESS, "frame": front.frame(ref)}
        else:
            row = {"full_page.hdr.flags": EntryType.PERMIT_ACCESS}
            row["full_page.frame"] = front.frame(ref)
        data = xengnt.Abi(abi).encode(f"grant_entry_v{version}", [row])
        front.table.frames[0][ref * len(data) : (ref + 1) * len(data)] = data
    return back, front


def prepared(caller: Domain, op: Op, columns: dict[str, Any]) -> Callable[[], int]:
    """Return a function that makes a call, the arguments in memory already."""
    data = caller.abi.encode(op, columns)
    address = caller.memory.allocate(len(data))
    caller.memory.write(address, data)
    return lambda: caller.call(int(op), address, len(columns["flags"]))


def copies(back: Domain, front: Domain, flags: int) -> dict[str, Any]:
    """Return the columns of a batch of copies."""
    sides: dict[str, Any] = {"len": 64, "flags": [int(flags)] * COUNT}
    for bit, side, ref in (
        (CopyFlag.SOURCE_GREF, "source", 8),
        (CopyFlag.DEST_GREF, "dest", 9),
    ):
        if flags & bit:
            sides |= {f"{side}.u.ref": ref, f"{side}.domid": front.domid}
        else:
            sides |= {f"{side}.u.gmfn": back.frame(1), f"{side}.domid": xengnt.Domid.SELF}
    return sides


def best(run: Callable[[], int], count: int = COUNT) -> float:
    """Return how many elements are done in a second."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
        if result:
            raise SystemExit(f"the call returned {result}")
    return count / min(times)


def main() -> None:
    """Measure, and print."""
    for abi, version in (("x86_64", 1), ("x86_64", 2), ("x86_32", 1)):
        back, front = guests(abi, version)
        for words, flags in (
            ("frame to frame", 0),
            ("grant to frame", CopyFlag.SOURCE_GREF),
            ("grant to grant", BOTH),
        ):
            run = prepared(back, Op.COPY, copies(back, front, int(flags)))
            rate = best(run)
            print(f"{abi}, version {version}: copy {words:15} {rate:9,.0f} a second")
    back, front = guests("x86_64", 1)
    columns = {"flags": [int(MapFlag.DEVICE_MAP)] * 100, "ref": 8, "dom": front.domid}
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        handles = xengnt.Dispatcher(back).map_grant_ref(**columns).handle
        middle = time.perf_counter()
        xengnt.Dispatcher(back).unmap_grant_ref(
            handle=handles, dev_bus_addr=front.frame(8) << 12
        ).raise_for_status()
        rates.append((middle - start, time.perf_counter() - middle))
    for words, times in zip(("map", "unmap"), zip(*rates, strict=True), strict=True):
        print(
            f"x86_64, version 1: {words} through the dispatcher {100 / min(times):9,.0f} a second"
        )
    run = prepared(back, Op.COPY, copies(back, front, BOTH))
    profile = cProfile.Profile()
    profile.runcall(lambda: [run() for _ in range(20)])
    print("\ngrant to grant, by function (the profiler slows calls down):")
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
