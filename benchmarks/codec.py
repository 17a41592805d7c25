# SPDX-License-Identifier: MIT
"""Blobs by us and by every peer, measured in turn in one process.

    pip install -e '.[bench]' && python benchmarks/codec.py

Absolute figures move from machine to machine, and with who else is using it; ratios
hardly. So all peers of a piece of work run one after the other, again and again, and of
each the fastest round counts. What is printed are ratios to the first, which is the limit
or the best that there is by hand, and then what was aimed at.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import sys
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from peers import Call, Case, Peers, verify, works
from plot import plot

SIZES = (1, 16, 1000, 100_000, 1_000_000)
ROUND = 100e-6
"""A round is repeated until it takes so many seconds at least."""

Results = dict[str, dict[str, dict[str, dict[str, float]]]]
"""Nanoseconds an element: by struct, work, count and peer."""


def seconds(call: Call, times: int) -> float:
    """Return how long a call takes, of several in a row."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def measure(peers: Peers, budget: float) -> dict[str, float]:
    """Return the seconds of the fastest round of each peer."""
    best = {peer: seconds(call, 1) for peer, call in peers.items()}
    for peer, call in peers.items():
        best[peer] = min(best[peer], seconds(call, 1))
    times = {peer: max(1, round(ROUND / one)) for peer, one in best.items()}
    end = time.perf_counter() + budget
    rounds = 0
    while rounds < 3 or time.perf_counter() < end:  # noqa: PLR2004 -- whatever the budget
        for peer, call in peers.items():
            best[peer] = min(best[peer], seconds(call, times[peer]))
        rounds += 1
    return best


def run(sizes: tuple[int, ...], budget: float, *, quiet: bool) -> Results:
    """Measure all there is."""
    results: Results = {}
    for abi in ("x86_64", "x86_32"):
        for op in ("map_grant_ref", "copy"):
            rows = results.setdefault(f"{op} {abi}", {})
            verify(Case(abi, op, 16))
            for count in sizes:
                for work, peers in works(Case(abi, op, count)):
                    if not quiet:
                        print(f"\r\x1b[K{op} {abi}, {count}: {work}", end="", file=sys.stderr)
                    gc.collect()
                    found = measure(peers, budget)
                    rows.setdefault(work, {})[str(count)] = {
                        peer: one / count * 1e9 for peer, one in found.items()
                    }
                del peers
    if not quiet:
        print("\r\x1b[K", end="", file=sys.stderr)
    return results


def show(results: Results) -> None:
    """Print ratios to the first peer of each piece of work."""
    for struct, found in results.items():
        for work, by_count in found.items():
            print(f"\n{struct}: {work}")
            peers = list(dict.fromkeys(peer for one in by_count.values() for peer in one))
            print(f"  {'':<30}" + "".join(f"{int(count):>12,}" for count in by_count))
            for number, peer in enumerate(peers):
                cells = []
                for one in by_count.values():
                    base = next(iter(one.values()))
                    if peer not in one:
                        cells.append("")
                    else:
                        cells.append(
                            f"{one[peer]:.1f} ns" if not number else f"{one[peer] / base:.2f}"
                        )
                print(f"  {peer:<30}" + "".join(f"{cell:>12}" for cell in cells))


Aim = tuple[str, str, str, str, int, float]
"""Words, work, peer, what it is held against, elements, and the most that the ratio may be."""

AIMS: tuple[Aim, ...] = (
    *(
        (f"columns to bytes, {n:,}", "columns to bytes", "xengnt, prepared", "memcpy", n, most)
        for n, most in ((1000, 2.0), (100_000, 1.2))
    ),
    ("  against numpy, 1,000", "columns to bytes", "xengnt, prepared", "numpy", 1000, 1 / 3),
    ("  against numpy, 100,000", "columns to bytes", "xengnt, prepared", "numpy", 100_000, 1 / 3),
    *(
        (f"  any layout, {n:,}", "columns to bytes", "xengnt, any layout", "memcpy", n, most)
        for n, most in ((1000, 4.5), (100_000, 2.2))
    ),
    *(
        (f"  int64 columns, {n:,}", "columns to bytes", "xengnt, int64", "memcpy", n, 2.2)
        for n in (1000, 100_000)
    ),
    *(
        (f"bytes to columns, {n:,}", "bytes to columns", "xengnt, prepared", "memcpy", n, most)
        for n, most in ((1000, 3.8), (100_000, 2.0))
    ),
    ("validate, 100,000", "validate", "xengnt", "reading, numpy", 100_000, 1.3),
    ("  against struct", "validate", "xengnt", "struct", 100_000, 1 / 40),
    *(
        (f"{form} to bytes, {n:,}", f"{form} to bytes", "xengnt", "struct, by hand", n, 1.0)
        for form in ("dicts", "tuples", "objects")
        for n in (1000, 1_000_000)
    ),
    *(
        (f"bytes to {form}, {n:,}", f"bytes to {form}", "xengnt", "struct, by hand", n, 1.0)
        for form in ("dicts", "tuples")
        for n in (1000, 1_000_000)
    ),
    ("  collector on, 1,000,000", "bytes to dicts", "xengnt", "xengnt, no collector",
     1_000_000, 1.1),
    ("one op, dict to bytes", "one op", "xengnt, encode_one", "generated code", 1, 1.15),
)  # fmt: skip


def judged(results: Results, memory: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Give what was aimed at and what came out."""
    for words, work, peer, base, count, most in AIMS:
        for struct, found in results.items():
            one = found.get(work, {}).get(str(count), {})
            if peer in one and base in one:
                yield {"aim": words, "struct": struct, "most": most, "got": one[peer] / one[base]}
    for struct, found in results.items():
        cost = found.get("fixed cost", {}).get("1")
        if cost:
            extra = (cost["xengnt, prepared"] - cost["empty call"]) / 1000
            aim = "fixed cost of a prepared batch, us"
            yield {"aim": aim, "struct": struct, "most": 0.4, "got": extra}
    for form, ratio in memory.items():
        yield {"aim": f"memory of an encode, {form}", "struct": "", "most": 1.05, "got": ratio}


def memory_of(count: int) -> dict[str, float]:
    """Return the most memory that an encode takes, as ratio to its output."""
    case = Case("x86_64", "copy", count)
    dicts = [dict(zip(case.names, row, strict=True)) for row in case.tuples]
    ratios = {}
    for form, rows in {"columns": case.columns, "dicts": dicts, "tuples": case.tuples}.items():
        case.abi.encode(case.op, rows)
        tracemalloc.start()
        size = len(case.abi.encode(case.op, rows))
        ratios[form] = tracemalloc.get_traced_memory()[1] / size
        tracemalloc.stop()
    return ratios


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="Measure blobs by xengnt and its peers.")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    parser.add_argument("--svg", type=Path, help="write a plot to this file")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 elements, and roughly")
    options = parser.parse_args()
    sizes = SIZES[:3] if options.quick else SIZES
    results = run(sizes, 0.02 if options.quick else 0.25, quiet=not sys.stderr.isatty())
    aims = list(judged(results, memory_of(sizes[-1])))
    about = {
        "when": datetime.now(UTC).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": np.__version__,
        "machine": platform.machine(),
    }
    print(", ".join(about.values()))
    show(results)
    print(f"\n{'aim':<36}{'struct':<24}{'at most':>9}{'got':>9}")
    for one in aims:
        missed = (
            "" if one["got"] <= one["most"] else f"  missed by {one['got'] / one['most'] - 1:.0%}"
        )
        print(f"{one['aim']:<36}{one['struct']:<24}{one['most']:>9.3f}{one['got']:>9.3f}{missed}")
    if options.json:
        options.json.write_text(
            json.dumps({"about": about, "aims": aims, "ns": results}, indent=1) + "\n"
        )
    if options.svg:
        options.svg.write_text(plot(results, about))


if __name__ == "__main__":
    main()
