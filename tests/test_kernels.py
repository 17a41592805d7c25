# SPDX-License-Identifier: MIT
"""The kernels that are generated: each one reached, held against bytes packed by hand, broken."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import oracle
import pytest
from blobs import abi_at, names_for, names_of, pack, struct_of, views_of
from oracle import ABIS

from xengnt import Abi, extension
from xengnt.abi.layout import Field, StructLayout
from xengnt.codec import kernels, screen
from xengnt.codec.binding import MAX_COLUMNS
from xengnt.codec.kernels import Kernels

ROOT = Path(__file__).parent.parent
COUNT = 70
TRIED = 2500


def shapes(abi: str) -> Iterator[tuple[str, StructLayout, tuple[Field, ...], str]]:
    """Give all ways to give all that goes into each struct, with the text of its shape.

    It is put together here once more, from the layout.
    """
    one = abi_at(abi)
    for name in [*names_of(one), "grant_entry_header"]:
        struct = struct_of(one, name)
        for view in views_of(struct).values() if name != "grant_status_t" else ():
            leaves = [leaf for leaf in view if leaf.direction != "OUT" and leaf.count is None]
            for fields in product(*(names_for(struct, leaf) for leaf in leaves)):
                cells = ",".join(f"{field.offset}+{field.size}" for field in fields)
                if fields:
                    yield name, struct, fields, f"{struct.size}:{cells}"


def composed_wrongly() -> tuple[set[str], set[str]]:
    """Encode columns in all shapes; return these, and those that came out otherwise."""
    seen, wrong = set(), set()
    random = np.random.default_rng(5)
    for abi in ABIS:
        one = Abi(abi)  # with nothing remembered
        for name, struct, fields, text in shapes(abi):
            if text in seen:
                continue
            seen.add(text)
            dense = {
                field.name: random.integers(0, 1 << 8 * field.size - 1, COUNT, f"u{field.size}")
                for field in fields
            }
            rows = [
                {field: int(column[n]) for field, column in dense.items()} for n in range(COUNT)
            ]
            expected = b"".join(pack(struct, row) for row in rows)
            forms = (
                dense,
                {field: column.astype("i8") for field, column in dense.items()},
                {field: np.repeat(column, 3)[::3] for field, column in dense.items()},
            )
            for columns in forms:
                room = bytearray(b"\xee" * (len(expected) + 9))
                one.encode_into(name, memoryview(room)[3:-6], columns)
                if room != b"\xee" * 3 + expected + b"\xee" * 6:
                    wrong.add(text)
    return seen, wrong


def test_every_kernel_composes_what_the_layout_says() -> None:
    """Would catch a kernel with a value elsewhere, and one that no column ever gets to."""
    loaded = kernels.load()
    assert loaded
    seen, wrong = composed_wrongly()
    assert not wrong
    # What is missing is an array, of which other tests have columns.
    assert loaded.composers.keys() - seen == {"16:0+4,4+4,8+4,12+4"}
    assert seen <= loaded.composers.keys()


def test_a_batch_has_room_for_all_columns() -> None:
    """Would catch a struct with more columns than the kernels keep pointers for."""
    header = (ROOT / "native" / "columns.h").read_text()
    assert re.findall(r"#define XENGNT_COLUMNS (\d+)", header) == [str(MAX_COLUMNS)]


# Screens

NUMBERS = (
    *(0, 0, 0, 1, 2, 3, 4, 5, 0x10, 0x1F, 0x20, 0x100, 0xFF0, 0xFFF, 0x1000, 0x1001, 0x7FEF),
    *(0x7FF0, 0x7FF0, 0x7FF1, 0x7FFF, 0x8000, 0xFFF1, 0xFFF2, 0xFFF3, 0xFFF4, 0xFFFF, 1 << 16),
    *(1 << 31, 1 << 32, 1 << 48, 1 << 51, 1 << 52, 1 << 55, 1 << 56, 1 << 63, (1 << 64) - 1),
    *(1 << bit | 2 for bit in range(16)),
)


def doubtful(struct: StructLayout, random: Random, count: int) -> bytes:
    """Return structs with values at the edges of what is allowed, now and then in holes too."""
    made = []
    for _ in range(count):
        data = bytearray(struct.size)
        odd = random.choices(struct.leaves, k=random.randrange(4))
        for leaf in struct.leaves:
            usual = (0x7FF0, 0x7FF0, 3) if "domid" in (leaf.enum or "") else (0, 1, 2)
            number = random.choice(NUMBERS if leaf in odd else usual)
            bits = 8 * leaf.size
            data[leaf.offset : leaf.end] = (number % (1 << bits)).to_bytes(leaf.size, "little")
        for start, length in struct.holes:
            if random.random() < 0.05:
                data[start + random.randrange(length)] = 1 << random.randrange(8)
        if random.random() < 0.1:
            data[random.randrange(struct.size)] ^= 1 << random.randrange(8)
        made.append(bytes(data))
    return b"".join(made)


def judged_wrongly(monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """Screen structs of all ops; return the screens, and those that are not what is found."""
    seen, wrong = set(), set()
    for abi in ABIS:
        one = Abi(abi)
        for name in one.layout.ops:
            validator = one.codec(name).validator
            struct = struct_of(one, name)
            for when in ("before", "after"):
                text = validator.screen(after=when == "after")
                if text is None or text in seen:
                    continue
                seen.add(text)
                blob = doubtful(struct, Random(text), TRIED)
                found = screen.find(text)
                if found is None:
                    wrong.add(text)
                    continue
                doubted = list(found(memoryview(blob), TRIED))
                with monkeypatch.context() as without:
                    without.setattr(kernels, "load", lambda: None)
                    findings = Abi(abi).validate(name, blob, when=when)
                wanted = {finding.element for finding in findings if finding.code != "count"}
                if sorted(wanted) != doubted:
                    wrong.add(text)
    return seen, wrong


def test_screens_let_pass_what_has_no_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch an element in error that passes unseen, and a good one that is looked at."""
    loaded = kernels.load()
    assert loaded
    seen, wrong = judged_wrongly(monkeypatch)
    assert not wrong
    assert seen == loaded.screens.keys()


@pytest.mark.parametrize("abi", ABIS)
def test_findings_are_the_same_with_screens(abi: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch findings that are lost, or come in another order, where there is a screen."""
    blobs = {
        name: doubtful(struct_of(abi_at(abi), name), Random(name), 150)
        for name in names_of(abi_at(abi))
        if name != "grant_entry_v2"
    }
    whens = ("before", "after")
    one = Abi(abi)
    screened = [one.validate(n, blob, when=w) for n, blob in blobs.items() for w in whens]
    monkeypatch.setattr(kernels, "load", lambda: None)
    one = Abi(abi)
    assert screened == [one.validate(n, blob, when=w) for n, blob in blobs.items() for w in whens]


# Broken kernels


def mutated(text: str, random: Random) -> str:
    """Return the kernels with one thing wrong in each that composes, and in each screen."""

    def otherwise(found: re.Match[str]) -> str:
        head, body = found[0].split("\n{\n", 1)
        places = list(re.finditer(r"<< (?=\d)|to \+ (?=[1-9])|\bv\d+(?= [|<])|\+= s(?=\d)", body))
        if not places:
            places = list(re.finditer(r"get(?=\d+\(c)", body))
        at = random.choice(places)
        end = at.end()
        if at[0] == "<< ":
            body = f"{body[:end]}8 + {body[end:]}"
        elif at[0] == "to + ":
            body = f"{body[:end]}-1 + {body[end:]}"
        elif at[0] == "+= s":
            body = f"{body[: at.start()]}+= 1 + s{body[end:]}"
        elif at[0] == "get":
            body = f"{body[: at.start()]}1 + get{body[end:]}"
        else:
            body = f"{body[: at.start()]}({at[0]} + 1){body[end:]}"
        return f"{head}\n{{\n{body}"

    def doubting(found: re.Match[str]) -> str:
        head, body = found[0].split("return ", 1)
        places = list(re.finditer(r"\b[UI]\d\((?=\d)|(?<=[>&] )0x[0-9a-f]+|(?<=> )\d+", body))
        at = random.choice(places)
        end = at.end()
        if at[0][0] in "UI":
            return f"{head}return {body[:end]}1 + {body[end:]}"
        suffix = "u" if body[end : end + 1] == "u" else ""
        number = int(at[0], 0)
        less = number ^ (number & -number)
        return f"{head}return {body[: at.start()]}{less}{suffix}{body[end + len(suffix) :]}"

    text = re.sub(r"(?ms)^static inline [^\n]*compose_words_\d+\(.*?^}", otherwise, text)
    return re.sub(r"(?ms)^static inline [^\n]*doubt_\d+\(.*?^}", doubting, text)


def built(native: Path, out: Path) -> Kernels:
    """Compile the extension from a copy of its sources, and return its kernels."""
    include = sysconfig.get_paths()["include"]
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O0", "-w", "-DPy_LIMITED_API=0x030b0000", f"-I{include}",
         f"-I{ROOT / 'include'}", f"-I{native}", native / "ffi.c", "-o", out],
        check=True,
    )  # fmt: skip
    return Kernels(extension.load(path=out))


def test_a_mistake_in_any_kernel_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a kernel that could shift, store or compare otherwise with no test the wiser.

    With other seeds some screens survive: where another term covers the one that is broken.
    """
    native = tmp_path / "native"
    shutil.copytree(ROOT / "native", native)
    path = native / "kernels.h"
    path.write_text(mutated(path.read_text(), Random(SEED)))
    broken = built(native, tmp_path / "_ffi.so")
    monkeypatch.setattr(kernels, "load", lambda: broken)
    seen, wrong = composed_wrongly()
    assert seen - wrong == set()
    seen, wrong = judged_wrongly(monkeypatch)
    assert seen - wrong == set()


SEED = 1
"""Which mistakes are made."""


SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.mark.parametrize(("compiler", "flags"), [("gcc", SANITIZERS), ("clang", ("-O2",))])
def test_kernels_stay_where_they_belong(
    compiler: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    """Would catch a read or write beside a column or a buffer, and arithmetic without meaning."""
    found = oracle.need(shutil.which(compiler), compiler, f"apt install {compiler}")
    program = tmp_path / "columns"
    done = subprocess.run(
        [found, "-O1", "-g", *flags, "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'native'}",
         ROOT / "tests" / "c" / "columns.c", "-o", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
