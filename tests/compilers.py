# SPDX-License-Identifier: MIT
"""Ask real C compilers what they think, for the tests that compare with them.

A question is a C source that fills arrays; the answer is what stands in them in
the object that a compiler makes of it. Nothing is ever run, so any compiler
will do for any machine.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile


@dataclass(frozen=True)
class Compiler:
    """A C compiler for one ABI, by the command that runs it."""

    abi: str
    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.command[0].split('-')[0] if self.clang else self.command[0]}-{self.abi}"

    @property
    def clang(self) -> bool:
        """Whether it is clang."""
        return self.command[0] == "clang"

    def objects(self, source: str, names: Sequence[str], directory: Path) -> dict[str, bytes]:
        """Return the bytes of the constants with these names that a source defines.

        Skips the test if the compiler is not installed.
        """
        if not shutil.which(self.command[0]):
            pytest.skip(f"needs {self.command[0]}")
        (directory / "question.c").write_text(source)
        done = subprocess.run(
            [*self.command, *_OPTIONS, "-c", "-o", "answer.o", "question.c"],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{self}: {done.stderr[:2000]}"
        elf = ELFFile(BytesIO((directory / "answer.o").read_bytes()))
        return {name: _constant(elf, name) for name in names}

    def numbers(self, source: str, expressions: Sequence[str], directory: Path) -> list[int]:
        """Return what integer constant expressions are worth behind a source, modulo 2**64."""
        values = ",\n".join(f"(unsigned long long)({one})" for one in expressions)
        source = f"{source}\nconst unsigned long long values[] = {{\n{values}\n}};\n"
        data = self.objects(source, ["values"], directory)["values"]
        return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def _constant(elf: Any, name: str) -> bytes:
    (symbol,) = elf.get_section_by_name(".symtab").get_symbol_by_name(name)
    section = elf.get_section(symbol["st_shndx"])
    start, size = symbol["st_value"], symbol["st_size"]
    if section["sh_type"] == "SHT_NOBITS":
        return bytes(size)
    return bytes(section.data()[start : start + size])


_OPTIONS = ("-w", "-ffreestanding", "-fno-common", "-fwrapv", "-O0")

CLANGS = tuple(
    Compiler(abi, ("clang", f"--target={triple}"))
    for abi, triple in {
        "x86_64": "x86_64-linux-gnu",
        "x86_32": "i386-linux-gnu",
        "arm64": "aarch64-linux-gnu",
        "arm32": "armv7-linux-gnueabihf",
        "riscv64": "riscv64-linux-gnu",
        "ppc64": "powerpc64le-linux-gnu",
    }.items()
)
GCCS = (
    Compiler("x86_64", ("gcc",)),
    Compiler("x86_32", ("gcc", "-m32")),
    Compiler("arm64", ("aarch64-linux-gnu-gcc",)),
    Compiler("arm32", ("arm-linux-gnueabihf-gcc",)),
    Compiler("riscv64", ("riscv64-linux-gnu-gcc",)),
    Compiler("ppc64", ("powerpc64le-linux-gnu-gcc",)),
)
COMPILERS = CLANGS + GCCS
