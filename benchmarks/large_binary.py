# SPDX-License-Identifier: MIT
"""How long a large unstripped binary takes to check, and how much memory.

    pip install -e '.[dwarf]' && python benchmarks/large_binary.py [FILE]

Without a FILE one of some 300 MB is made, of many copies of an object with thousands of
structs, in one of which a grant-table struct is wrong: that one has to be found.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xengnt

MEGABYTES = 300
STRUCTS = 6000
ROOT = Path(__file__).resolve().parent.parent


def source(*, wrong: bool) -> str:
    """Return a C file with many structs, and one of the interface."""
    lines = ["#include <stdint.h>", "#include <xen/grant_table.h>" if not wrong else ""]
    if wrong:
        lines.append("struct gnttab_copy { uint64_t source[3], dest[2]; uint16_t len; };")
    for n in range(STRUCTS):
        fields = " ".join(f"uint{8 << (n + i) % 4}_t f{i};" for i in range(8))
        lines.append(f"struct s{n} {{ {fields} struct s{max(n - 1, 0)} *next; }};")
        lines.append(f"static struct s{n} v{n}; static struct s{n} *p{n} = &v{n};")
    lines.append("static struct gnttab_copy copy; void *use(void);")
    values = ", ".join(f"&p{n}" for n in range(STRUCTS))
    lines.append(f"static void *all[] = {{ &copy, {values} }};")
    lines.append("static void *used __attribute__((used)) = all;")
    return "\n".join(lines)


def compiled(folder: Path, name: str, *, wrong: bool) -> Path:
    """Return the object of such a file."""
    path = folder / f"{name}.o"
    subprocess.run(
        ["cc", "-g", "-c", f"-I{xengnt.get_include()}", "-x", "c", "-o", path, "-"],
        input=source(wrong=wrong),
        text=True,
        check=True,
    )
    return path


def made(folder: Path) -> Path:
    """Return a large object, of which the last part is wrong."""
    right, wrong = compiled(folder, "right", wrong=False), compiled(folder, "wrong", wrong=True)
    copies = MEGABYTES * 1_000_000 // right.stat().st_size
    path = folder / "large.o"
    subprocess.run(["ld", "-r", "-o", path, *[right] * copies, wrong], check=True)
    return path


def main() -> None:
    """Make it, check it, and print what that took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else made(Path(folder))
        size = path.stat().st_size / 1e6
        report = Path(folder) / "report"
        start = time.perf_counter()
        with report.open("wb") as out:
            child = subprocess.Popen([sys.executable, "-m", "xengnt", "check", path], stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        peak = usage.ru_maxrss / 1e3
        found = b"gnttab_copy is defined in more than one way" in report.read_bytes()
        print(f"{path.name}: {size:.0f} MB in {seconds:.1f} s, at most {peak:.0f} MB of memory")
        if len(sys.argv) == 1 and not (found and child.returncode == 1):
            sys.exit("what is wrong in it was not found")


if __name__ == "__main__":
    main()
