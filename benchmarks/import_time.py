# SPDX-License-Identifier: MIT
"""What ``import xengnt`` costs, on top of starting the interpreter.

    python benchmarks/import_time.py

Runs the bare interpreter and one that imports, in turn, and takes the best of each.
"""

from __future__ import annotations

import subprocess
import sys
import time

ROUNDS = 40

STATEMENTS = {
    "bare interpreter": "pass",
    "import xengnt": "import xengnt",
    "a layout": "import xengnt; xengnt.Abi('x86_64').struct('copy')",
    "a status": "import xengnt; xengnt.Status.BAD_PAGE",
    "a blob": "import xengnt; xengnt.Abi('x86_64').encode('copy', [{'len': 1}])",
}


def run(statement: str) -> float:
    """Return the seconds that an interpreter takes for a statement."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    best = dict.fromkeys(STATEMENTS, float("inf"))
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            best[name] = min(best[name], run(statement))
    bare = best["bare interpreter"]
    print(f"{'':<18} {'ms':>7} {'above bare':>11}")
    for name, seconds in best.items():
        print(f"{name:<18} {seconds * 1e3:7.1f} {(seconds - bare) * 1e3:11.1f}")


if __name__ == "__main__":
    main()
