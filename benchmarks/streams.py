# SPDX-License-Identifier: MIT
"""How many bytes of blobs a second go through the commands, by the number of processes.

    pip install -e '.[arrow]' && python benchmarks/streams.py

Each figure is of a process of its own, from its start to its end, with the memory that it
took at its peak. Cores that others use as well make all of them smaller.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xengnt

MIB = 1 << 20
SIZE = 40 * MIB
JOBS = (1, 2, 4)

WRAPPED = """
import re, sys
from xengnt.cli import main
status = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(status)
"""


def timed(*arguments: str) -> tuple[float, int]:
    """Return the seconds that a command took, and its MiB at the peak."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", WRAPPED, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - start, int(re.findall(r"\d+", done.stderr)[-1]) // 1024


def main() -> None:
    """Measure and print."""
    rows = [
        {"source.u.ref": i, "source.domid": 3, "dest.u.ref": i + 1, "len": 64, "flags": 3}
        for i in range(1 << 14)
    ]
    unit = xengnt.Abi("x86_64").encode("copy", rows)
    cores = [jobs for jobs in JOBS if jobs <= (os.cpu_count() or 1)]
    with tempfile.TemporaryDirectory() as folder:
        blob, text = Path(folder, "blob"), Path(folder, "text")
        blob.write_bytes(unit * (SIZE // len(unit)))
        size = blob.stat().st_size / MIB
        of_copies = ("copy", "--abi", "x86_64")
        commands = {"validate": ("validate", *of_copies, str(blob))}
        for form in ("arrow", "parquet", "csv", "json", "jsonl"):
            to = ("--format", form, "-o", str(text))
            commands[f"decode to {form}"] = ("decode", *of_copies, str(blob), *to)
        back = ("-o", str(Path(folder, "back")))
        commands["encode jsonl"] = ("encode", *of_copies, "--allow-out", str(text), *back)
        print(f"{size:.0f} MiB of copies; MiB of blob a second (MiB of memory), by --jobs")
        print(f"{'':18}", *(f"{jobs:>14}" for jobs in cores))
        for name, arguments in commands.items():
            cells = []
            for jobs in cores:
                seconds, peak = timed(*arguments, "--jobs", str(jobs))
                cells.append(f"{size / seconds:7.1f} ({peak:4})")
            print(f"{name:18}", *(f"{cell:>14}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
