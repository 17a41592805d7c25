# SPDX-License-Identifier: MIT
"""Ask real C compilers what they think, for the tests that compare with them.

A question is a C source that fills arrays; the answer is what stands in them in
the object that a compiler makes of it. Nothing is ever run, so any compiler
will do for any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import oracle
import pytest
from elftools.elf.elffile import ELFFile

from xengnt.abi.targets import TARGETS

COMPILERS = [
    pytest.param(kind, abi, id=f"{kind}-{abi}") for kind in oracle.KINDS for abi in TARGETS
]
"""Each kind of compiler for each ABI, as parameters of tests."""

_FLAGS = ("-w", "-fno-common", "-fwrapv")


def objects(compiler: oracle.Compiler, source: str, names: Sequence[str]) -> dict[str, bytes]:
    """Return the bytes of the constants with these names that a source defines."""
    elf = ELFFile(BytesIO(compiler.object(source, *_FLAGS)))
    return {name: _constant(elf, name) for name in names}


def numbers(compiler: oracle.Compiler, source: str, expressions: Sequence[str]) -> list[int]:
    """Return what integer constant expressions are worth behind a source, modulo 2**64."""
    values = ",\n".join(f"(unsigned long long)({one})" for one in expressions)
    source = f"{source}\nconst unsigned long long values[] = {{\n{values}\n}};\n"
    data = objects(compiler, source, ["values"])["values"]
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def _constant(elf: Any, name: str) -> bytes:
    (symbol,) = elf.get_section_by_name(".symtab").get_symbol_by_name(name)
    section = elf.get_section(symbol["st_shndx"])
    start, size = symbol["st_value"], symbol["st_size"]
    if section["sh_type"] == "SHT_NOBITS":
        return bytes(size)
    return bytes(section.data()[start : start + size])
