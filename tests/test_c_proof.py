# SPDX-License-Identifier: MIT
"""C programs and a C library, built against the real header, that must agree with our blobs.

The sources are in ``tests/c``; the lists of fields there were written by hand. Both word
sizes of x86 are run, without a C library, so that none need be installed for 32 bits.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import oracle
import pytest
from blobs import (
    abi_at,
    bounds,
    cleaned,
    elements,
    names_of,
    pack,
    random_blob,
    read,
    seeded,
    struct_of,
    values_of,
    views_of,
    width,
)
from oracle import need

from xengnt import Abi, Dispatcher, Library, Status
from xengnt.abi.layout import Field, StructLayout
from xengnt.abi.targets import UNDEFINED, format_version

SOURCES = Path(__file__).parent / "c"
BARE = (
    *("-O1", "-Wall", "-Wextra", "-Werror", "-Wno-type-limits", "-ffreestanding", "-nostdlib"),
    *("-static", "-fno-builtin", "-fno-pie", "-no-pie", "-fno-stack-protector"),
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Peers:
    """The C side for one ABI and interface version: a program that reads, and one that writes."""

    abi: Abi
    reader: Path
    writer: Path

    def read(self, name: str, blob: bytes) -> list[dict[str, int]]:
        """Return what C reads in every field of every element."""
        text = run(self.reader, f"{name}\n".encode() + blob).decode()
        made = []
        for part in text.split("\n\n")[:-1]:
            lines = (line.split("=") for line in part.splitlines())
            made.append({path: int(value, 16) for path, value in lines})
        return made

    def write(self, name: str, rows: list[Row]) -> bytes:
        """Return the blob that C makes of rows."""
        lines = [name]
        for row in rows:
            lines += [f"{path}={value:#x}" for path, value in spread(row).items()]
            lines.append("")
        return run(self.writer, "".join(f"{line}\n" for line in lines).encode())


def run(program: Path, data: bytes, status: int = 0) -> bytes:
    """Run a program that is to leave with this status, and return what it writes."""
    done = subprocess.run([program], input=data, capture_output=True, check=False)
    assert done.returncode == status, f"{program.name}: {done.returncode}"
    return done.stdout


def spread(row: Row) -> dict[str, int]:
    """Return a row with each element of an array under a name of its own, as C calls it."""
    made = {}
    for name, value in row.items():
        if isinstance(value, list):
            made |= {f"{name}[{number}]": one for number, one in enumerate(value)}
        else:
            made[name] = value
    return made


def compiled(compiler: oracle.Compiler, *arguments: str | Path) -> None:
    """Compile and link."""
    command = [*compiler.command, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def latest(compiler: oracle.Compiler, source: oracle.Source) -> int:
    """Return the newest interface version that both the header and we know."""
    return min(oracle.latest(compiler, source), Abi.native().interface_version)


@cache
def build(abi: str, version: str, folder: Path, source: oracle.Source) -> Peers:
    """Build the programs for an ABI at an interface version, ``latest`` being the header's."""
    compiler = oracle.any_compiler(abi)
    number = latest(compiler, source) if version == "latest" else UNDEFINED
    programs = []
    for name in ("reader", "writer"):
        program = folder / f"{name}-{abi}-{version}"
        flags = (*BARE, *source.flags, *oracle.version_flags(number))
        compiled(compiler, *flags, "-o", program, SOURCES / f"{name}.c")
        programs.append(program)
    try:
        subprocess.run(programs[:1], input=b"\n", capture_output=True, check=False)
        runs = True
    except OSError:
        runs = False
    need(runs, f"a kernel that runs programs for {abi}", "use an x86_64 machine")
    return Peers(abi_at(abi, format_version(number)), *programs)


Build = Callable[[str, str], Peers]


@pytest.fixture(scope="session")
def peers(scratch: Path, distribution: oracle.Source) -> Build:
    """Return what builds the C side; each pair of programs is built once."""
    return lambda abi, version: build(abi, version, scratch, distribution)


TARGETS = [(abi, version) for abi in ("x86_64", "x86_32") for version in ("latest", "undefined")]


def place_rows(struct: StructLayout) -> list[Row]:
    """Return rows for each view: each value its own offset, the extremes, and random ones."""
    rows = []
    for leaves in views_of(struct).values():
        fields = [struct.field(narrowest(struct, leaf.name)) for leaf in leaves]
        random = seeded(struct.tag)
        makers: list[Callable[[Field, int], int]] = [
            lambda f, n: f.offset + n * width(f),
            lambda f, _: bounds(f)[0],
            lambda f, _: bounds(f)[1],
            lambda f, _, random=random: random.randint(*bounds(f)),
        ]
        rows += [{f.name: value_of(f, make) for f in fields} for make in makers]
    return rows


def value_of(field: Field, make: Callable[[Field, int], int]) -> Any:
    """Return the value of a field, or the list of those of an array."""
    return [make(field, n) for n in range(field.count)] if field.count else make(field, 0)


def narrowest(struct: StructLayout, name: str) -> str:
    """Return the name of a leaf, or that of the narrowest member of a union."""
    members = struct.members_of(name)
    return min(members, key=lambda member: member.size).name if members else name


@pytest.mark.parametrize(("abi", "version"), TARGETS)
def test_c_reads_what_we_write(peers: Build, abi: str, version: str) -> None:
    """Would catch any field that C finds elsewhere, wider, narrower, or of another sign."""
    c = peers(abi, version)
    for name in names_of(c.abi):
        struct = struct_of(c.abi, name)
        rows = place_rows(struct)
        blob = c.abi.encode(name, rows, allow_out=True)
        seen = c.read(name, blob)
        assert len(seen) == len(rows), name
        for row, found in zip(rows, seen, strict=True):
            assert {path: found[path] for path in spread(row)} == spread(row), name
            data = pack(struct, row)
            assert found == spread({f.name: read(f, data) for f in values_of(struct)}), name


@pytest.mark.parametrize(("abi", "version"), TARGETS)
def test_we_read_what_c_writes(peers: Build, abi: str, version: str) -> None:
    """Would catch any field that we find elsewhere than C put it, or bytes that only C writes."""
    c = peers(abi, version)
    for name in names_of(c.abi):
        struct = struct_of(c.abi, name)
        rows = place_rows(struct)
        blob = c.write(name, rows)
        assert blob == c.abi.encode(name, rows, allow_out=True), name
        assert blob == b"".join(pack(struct, row) for row in rows), name
        view = c.abi.view(name, blob)
        for row, element in zip(rows, view, strict=True):
            assert {path: element[path] for path in row} == row, name
        decoded = c.abi.decode(name, blob)
        assert c.write(name, decoded_by_members(struct, decoded)) == blob, name


def decoded_by_members(struct: StructLayout, rows: list[Row]) -> list[Row]:
    """Return rows in which a union that was decoded whole is given by its widest member."""

    def member(name: str) -> str:
        members = struct.members_of(name)
        return max(members, key=lambda one: one.size).name if members else name

    return [{member(name): value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize(("abi", "version"), TARGETS)
def test_c_reads_random_bytes_as_we_do(peers: Build, abi: str, version: str) -> None:
    """Would catch bits that C takes into account, and we do not, or the other way round."""
    c = peers(abi, version)
    for name in names_of(c.abi):
        struct = struct_of(c.abi, name)
        blob = random_blob(struct, 20, seeded(abi, name))
        seen = c.read(name, blob)
        for element, found in zip(c.abi.view(name, blob), seen, strict=True):
            assert spread({f.name: element[f.name] for f in values_of(struct)}) == found, name
        rows = decoded_by_members(struct, c.abi.decode(name, blob))
        for row, found in zip(rows, seen, strict=True):
            assert spread(row).items() <= found.items(), name


@pytest.mark.parametrize(("abi", "version"), TARGETS)
def test_the_list_in_c_names_every_field(peers: Build, abi: str, version: str) -> None:
    """Would catch a field that was forgotten in C, and so is compared with nothing."""
    c = peers(abi, version)
    for name in names_of(c.abi):
        struct = struct_of(c.abi, name)
        (found,) = c.read(name, bytes(struct.size))
        row = {f.name: [0] * f.count if f.count else 0 for f in values_of(struct)}
        assert found == spread(row), name


@pytest.mark.parametrize("abi", ["x86_64", "x86_32"])
def test_c_holds_no_more_and_no_fewer_bytes(peers: Build, abi: str) -> None:
    """Would catch programs that cannot tell a struct of the wrong size, so prove nothing."""
    c = peers(abi, "latest")
    for name in names_of(c.abi):
        size = struct_of(c.abi, name).size
        for wrong in (size + 1, 2 * size - 1):
            run(c.reader, f"{name}\n".encode() + bytes(wrong), 6 if wrong % size else 0)
    for program in (c.reader, c.writer):
        run(program, b"nothing\n", 2)
    run(c.writer, b"copy\nlen=0x1\nlon=0x1\n\n", 6)


# A library instead of Xen


@dataclass(frozen=True)
class Filler:
    """The library of ``filler.c``, built against the real header, and its path."""

    path: Path
    version: str

    @property
    def dispatcher(self) -> Dispatcher:
        """What calls it."""
        return Dispatcher(Library(self.path, interface_version=self.version))

    @property
    def wrong(self) -> str | None:
        """The first field that was not as it must be in the last call."""
        value = ctypes.c_char_p.in_dll(ctypes.CDLL(str(self.path)), "filler_wrong").value
        return value.decode() if value is not None else None


@pytest.fixture(scope="session")
def filler(scratch: Path, distribution: oracle.Source) -> Filler:
    """Return the library, built for this machine."""
    native = Abi.native()
    compiler = oracle.any_compiler(native.name)
    version = latest(compiler, distribution)
    path = scratch / "libfiller.so"
    flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", *distribution.flags)
    compiled(compiler, *flags, *oracle.version_flags(version), "-o", path, SOURCES / "filler.c")
    return Filler(path, format_version(version))


def argument_rows(struct: StructLayout, count: int) -> list[Row]:
    """Return the rows that the library wants: each value its place in the array, from 1."""
    return [
        {
            leaf.name: struct.size * number + leaf.offset + 1
            for leaf in struct.leaves
            if leaf.direction in ("IN", "IN/OUT")
        }
        for number in range(count)
    ]


OPS = tuple(Abi.native().layout.ops)
NUMBERS = {op: one.number for op, one in Abi.native().layout.ops.items()}


@pytest.mark.parametrize("count", [1, 3, 20])
@pytest.mark.parametrize("op", OPS)
def test_a_c_callee_gets_and_gives_every_field(filler: Filler, op: str, count: int) -> None:
    """Would catch an argument or a result that is lost on the way to C or back."""
    xen = filler.dispatcher
    abi = xen.backend.abi
    struct = struct_of(abi, op)
    rows = argument_rows(struct, count)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for batch in (xen.call(op, rows), getattr(xen, op)(**columns), getattr(xen, op)(rows)):
        assert batch.rc == 1000 + NUMBERS[op], filler.wrong
        assert filler.wrong is None
        assert len(batch) == count
        for field in struct.leaves:
            if field.direction == "IN-pointer":
                continue
            got = getattr(batch, field.name) if "." not in field.name else None
            seen = [read(field, data) for data in elements(struct, batch.blob)]
            place = [struct.size * number + field.offset + 1 for number in range(count)]
            if field.name == "status":
                expected = [-(number + 1) for number in range(count)]
                assert [isinstance(one, Status) for one in got or ()] == [
                    number < 13 for number in range(count)
                ]
            elif field.direction in ("OUT", "IN/OUT"):
                expected = [~one & bounds(field)[1] for one in place]
            else:
                expected = place
            assert seen == expected, field.name
            assert got is None or got == expected, field.name
        if any(field.direction == "IN-pointer" for field in struct.leaves):
            numbers = [row["nr_frames"] for row in rows]
            assert batch.lists == [
                [0x1000 * (element + 1) + frame for frame in range(number)]
                for element, number in enumerate(numbers)
            ]
            assert count > 1 or batch.frames == batch.lists[0]
        assert batch.rows() == abi.decode(op, batch.blob)
        assert cleaned(struct, batch.blob) == batch.blob


@pytest.mark.parametrize("op", OPS)
def test_the_c_callee_would_notice(filler: Filler, op: str) -> None:
    """Would catch a callee that says yes to everything: each argument is changed once."""
    xen = filler.dispatcher
    struct = struct_of(xen.backend.abi, op)
    for number in range(3):
        for name in argument_rows(struct, 1)[0]:
            rows = argument_rows(struct, 3)
            rows[number][name] ^= 0x8000 if name != "nr_frames" else 2
            assert xen.call(op, rows).rc == -22, name
            assert (filler.wrong or "").startswith(name), name


def test_the_c_callee_refuses_what_is_no_op(filler: Filler) -> None:
    """Would catch a result that does not come from the callee."""
    xen = filler.dispatcher
    assert xen.raw(13, bytearray(8), 1) == -38
    assert xen.raw(0xFFFFFFFF, bytearray(8), 1) == -38
    for op in OPS:
        assert xen.call(op, []).rc == 1000 + NUMBERS[op]


def test_c_sees_the_bytes_that_encode_gives(filler: Filler) -> None:
    """Would catch a dispatcher that marshals in another way than `encode`."""
    xen = filler.dispatcher
    abi = xen.backend.abi
    for op in ("map_grant_ref", "copy", "transfer", "cache_flush"):
        struct = struct_of(abi, op)
        blob = abi.encode(op, argument_rows(struct, 4))
        room = bytearray(blob)
        assert xen.raw(NUMBERS[op], room, 4) == 1000 + NUMBERS[op]
        assert bytes(room) == xen.call(op, argument_rows(struct, 4)).blob
        assert cleaned(struct, bytes(room), out=True) == blob
