# SPDX-License-Identifier: MIT
"""Read damaged copies of an ELF file, for the tests of the DWARF reader.

Run as a program, so that what it may use of memory and of processor time can be limited:
``fuzz_dwarf.py FILE SEED COUNT``. Says how many were read and how many refused, and fails
at the first error of another kind, with the seed of the copy.
"""

from __future__ import annotations

import random
import resource
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from elftools.elf.elffile import ELFFile

from xengnt.errors import SourceError
from xengnt.sources.dwarf.reader import read

MEMORY = 1 << 30
SECONDS = 20
"""Of processor time, for one copy: most need a hundredth of one."""

_VALUES = (0, 1, 0x7F, 0x80, 0xFF)


def damaged(data: bytes, spans: list[tuple[int, int]], seed: int) -> bytes:
    """Return a copy with a few bytes changed, or cut off."""
    chance = random.Random(seed)
    copy = bytearray(data)
    if chance.random() < 0.1:
        return bytes(copy[: chance.randrange(len(copy))])
    start, end = chance.choice([(0, len(copy)), *spans, *spans])
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        at = chance.randrange(start, end)
        copy[at] = chance.choice(
            (*_VALUES, chance.randrange(256), copy[at] ^ 1 << chance.randrange(8))
        )
    return bytes(copy)


def main() -> None:
    """Read copies."""
    path, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    data = path.read_bytes()
    with path.open("rb") as file:
        spans = [
            (section["sh_offset"], section["sh_offset"] + section["sh_size"])
            for section in ELFFile(file).iter_sections()
            if "debug" in section.name and section["sh_size"]
        ]
    results = {"read": 0, "refused": 0}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "copy.o")
        for number in range(seed, seed + count):
            target.write_bytes(damaged(data, spans, number))
            signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends the process
            try:
                results[_outcome(target)] += 1
            except BaseException:
                sys.stderr.write(f"copy {number} of {path}\n")
                raise
    sys.stdout.write(f"{results}\n")


def _outcome(path: Path) -> str:
    try:
        read(path, lambda _: True)
    except SourceError as error:
        message = str(error)
    else:
        return "read"
    assert "\n" not in message, message
    assert str(path) in message, message
    return "refused"


if __name__ == "__main__":
    main()
