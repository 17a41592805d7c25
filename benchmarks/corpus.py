# SPDX-License-Identifier: MIT
"""How much of examples/fuzz a corpus reaches, and random bytes: ``python benchmarks/corpus.py``.

It counts edges of grant_table.c, after so many inputs of each kind:

- seeds of `xengnt corpus`, in random order;
- random bytes, as long as the seeds;
- the same with the registers of the seeds, so that they are calls of an op with a good pointer and
  the right number of elements, whose elements are random.
"""

from __future__ import annotations

import random
import shlex
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from xengnt import Abi
from xengnt.testing.corpus import header
from xengnt.testing.corpus.numbers import of_stage
from xengnt.testing.corpus.seeds import RECORD, labels, seeds

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "examples" / "fuzz"
ABI = "x86_64"
COUNTS = (10, 30, 100, 300, 1_000, 3_000, 10_000, 100_000)


def build(folder: Path, cc: Sequence[str] = ("gcc",), abi: str = ABI) -> Path:
    """Compile what counts edges, and return where it is."""
    it = Abi(abi)
    (folder / "seed.h").write_text(header.text(it, of_stage(it)))
    flags = ["-O1", f"-I{folder}", f"-I{ROOT / 'include'}"]
    traced = folder / "grant_table.o"
    instrumented = ["-fsanitize-coverage=trace-pc", "-c", "-o", str(traced)]
    subprocess.run([*cc, *flags, *instrumented, str(SOURCES / "grant_table.c")], check=True)
    made = folder / "edges"
    rest = [traced, SOURCES / "harness.c", ROOT / "benchmarks" / "edges.c"]
    subprocess.run([*cc, *flags, "-o", str(made), *map(str, rest)], check=True)
    return made


def reached(program: Path, inputs: Iterable[bytes]) -> list[int]:
    """Return how many edges were reached after each input."""
    data = b"".join(struct.pack("<I", len(one)) + one for one in inputs)
    output = subprocess.run([program], input=data, stdout=subprocess.PIPE, check=True).stdout
    return [int(line) for line in output.split()]


def structured(count: int | None, seed: int) -> list[bytes]:
    """Return seeds, the labels among the first ones, in random order."""
    abi = Abi(ABI)
    made = [one.record for one in seeds(list(abi.layout.ops), abi, count, seed)]
    every = len(labels(list(abi.layout.ops), abi))
    first, rest = made[:every], made[every:]
    random.Random(seed).shuffle(first)  # noqa: S311 -- no secret
    return first + rest


def noise(like: Sequence[bytes], seed: int) -> list[bytes]:
    """Return random bytes, as long as others."""
    draw = random.Random(seed)  # noqa: S311 -- no secret
    return [draw.randbytes(len(one)) for one in like]


def registers(like: Sequence[bytes], seed: int) -> list[bytes]:
    """Return calls with the registers of others, whose elements are random."""
    draw = random.Random(seed)  # noqa: S311 -- no secret
    return [one[: RECORD.size] + draw.randbytes(len(one) - RECORD.size) for one in like]


KINDS = {
    "seeds": lambda like, _: like,
    "random bytes": noise,
    "random elements": registers,
}


def main() -> None:
    """Print a table."""
    count = COUNTS[-1]
    with tempfile.TemporaryDirectory() as work:
        program = build(Path(work), shlex.split(sys.argv[1]) if sys.argv[1:] else ["gcc"])
        like = structured(count, 1)
        found = {name: reached(program, make(like, 1)) for name, make in KINDS.items()}
    print(f"| inputs | {' | '.join(KINDS)} |")
    print(f"|{'---:|' * (len(KINDS) + 1)}")
    for some in COUNTS:
        print(f"| {some:,} | {' | '.join(f'{edges[some - 1]:,}' for edges in found.values())} |")
    for name, edges in found.items():
        best = edges[-1]
        at = next(n for n, one in enumerate(found["seeds"], 1) if one >= best)
        print(
            f"\n{name}: {best} edges after {count:,} inputs; the seeds reach as many after {at:,}"
        )


if __name__ == "__main__":
    main()
