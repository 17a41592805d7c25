# SPDX-License-Identifier: MIT
"""Libraries that read and write structs by emitted code, for the tests that emit it.

Each library has, for each ABI and struct, a function that takes the bytes of a struct, gives
the value of each of its fields, and makes a struct of these values again. What is written here
of a language are statements; all types come from the emitted code.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import oracle
from oracle import need

from xengnt import Abi
from xengnt.abi.layout import StructLayout
from xengnt.abi.targets import TARGETS
from xengnt.emit import Options, emit

ZIG = "pip install ziglang, and put its folder on the path"

ABIS = [Abi(name) for name in TARGETS]


@dataclass(frozen=True)
class Slot:
    """A value in a struct.

    Attributes:
        path: as C has it, ``__spacer[1]``.
        offset: of its first byte.
        size: in bytes.
        signed: whether it is a signed integer.
    """

    path: str
    offset: int
    size: int
    signed: bool


def slots(struct: StructLayout) -> list[Slot]:
    """Return all values of a struct, each member of a union and each element of an array."""
    found = []
    for field in struct.fields:
        size = field.size // (field.count or 1)
        for index in range(field.count or 1) if field.scalar else ():
            path = field.name if field.count is None else f"{field.name}[{index}]"
            found.append(Slot(path, field.offset + index * size, size, bool(field.signed)))
    return found


def structs() -> Iterator[tuple[Abi, StructLayout]]:
    """Give each struct of each ABI."""
    for abi in ABIS:
        for struct in abi.layout.structs.values():
            yield abi, struct


def values(struct: StructLayout, data: bytes) -> dict[str, int]:
    """Return the values in the bytes of a struct."""
    return {
        one.path: int.from_bytes(
            data[one.offset : one.offset + one.size], "little", signed=one.signed
        )
        for one in slots(struct)
    }


@dataclass(frozen=True)
class Language:
    """A shared library of such functions, made of emitted code."""

    library: ctypes.CDLL

    def read(self, abi: Abi, struct: StructLayout, data: bytes) -> tuple[dict[str, int], bytes]:
        """Return what it reads in a struct, and the struct that it makes of that."""
        places = slots(struct)
        made = ctypes.create_string_buffer(struct.size)
        found = (ctypes.c_int64 * len(places))()
        size = self.library[f"{abi.name}_{struct.tag}"](data, made, found)
        assert size == struct.size
        read = {
            one.path: value if one.signed else value % (1 << 8 * one.size)
            for one, value in zip(places, found, strict=True)
        }
        return read, made.raw


def _run(command: Sequence[str | Path], folder: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr


def in_c(folder: Path) -> Language:
    """Build the library in C, of all headers together: each has its ABI as a prefix."""
    compiler = oracle.any_compiler(Abi.native().name)
    lines = ["#include <string.h>"]
    for abi in ABIS:
        (folder / f"{abi.name}.h").write_text(
            emit("c-header", [abi], options=Options(prefix=f"{abi.name}_"))
        )
        lines.append(f'#include "{abi.name}.h"')
    for abi, struct in structs():
        own = f"{struct.kind} {abi.name}_{struct.tag}"
        lines += [
            f"int {abi.name}_{struct.tag}(const char *in, char *out, int64_t *values) {{",
            f"    {own} one, two; memcpy(&one, in, sizeof one); memset(&two, 0, sizeof two);",
            *(
                f"    values[{n}] = (int64_t)one.{s.path}; two.{s.path} = values[{n}];"
                for n, s in enumerate(slots(struct))
            ),
            "    memcpy(out, &two, sizeof two); return (int)sizeof two;",
            "}",
        ]
    (folder / "all.c").write_text("\n".join(lines) + "\n")
    library = folder / "c.so"
    flags = ("-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99")
    _run([*compiler.command, *flags, "-o", library, "all.c"], folder)
    return Language(ctypes.CDLL(str(library)))


def in_rust(folder: Path) -> Language:
    """Build the library in Rust, with the asserts of all ABIs on the types of each."""
    rustc = need(shutil.which("rustc"), "rustc", "apt install rustc")
    lines = ["#![deny(warnings)]", "use std::ptr::{read_unaligned, write_unaligned};"]
    for abi in ABIS:
        (folder / f"{abi.name}.rs").write_text(emit("rust", [abi]))
        (folder / f"{abi.name}_asserts.rs").write_text(emit("rust-asserts", [abi]))
        asserts = f'#[path = "{folder}/{abi.name}_asserts.rs"] mod asserts;'
        lines.append(f"pub mod {abi.name};")
        lines.append(f"pub mod on_{abi.name} {{ pub use super::{abi.name}::*; {asserts} }}")
    native = Abi.native().name
    (folder / "asserts.rs").write_text(emit("rust-asserts", ABIS))
    asserts = f'#[path = "{folder}/asserts.rs"] mod asserts;'
    lines.append(f"pub mod native {{ pub use super::{native}::*; {asserts} }}")
    for abi, struct in structs():
        own = f"{abi.name}::{struct.tag}"
        arguments = "from: *const u8, to: *mut u8, values: *mut i64"
        lines += [
            "#[no_mangle]",
            f'pub unsafe extern "C" fn {abi.name}_{struct.tag}({arguments}) -> i32 {{',
            f"    let one = read_unaligned(from as *const {own});",
            f"    let mut two = {own}::default();",
        ]
        for number, slot in enumerate(slots(struct)):
            path = ".".join("r#ref" if step == "ref" else step for step in slot.path.split("."))
            lines.append(f"    *values.add({number}) = one.{path} as i64;")
            lines.append(f"    two.{path} = *values.add({number}) as _;")
        lines.append(f"    write_unaligned(to as *mut {own}, two);")
        lines += [f"    core::mem::size_of::<{own}>() as i32", "}"]
    (folder / "all.rs").write_text("\n".join(lines) + "\n")
    _run([rustc, "--edition", "2018", "--crate-type", "cdylib", "-o", "rust.so", "all.rs"], folder)
    return Language(ctypes.CDLL(str(folder / "rust.so")))


def in_zig(folder: Path) -> Language:
    """Build the library in Zig, whose files check their own offsets."""
    zig = need(shutil.which("zig"), "zig", ZIG)
    lines = []
    for abi in ABIS:
        (folder / f"{abi.name}.zig").write_text(emit("zig", [abi]))
        lines.append(f'const {abi.name} = @import("{abi.name}.zig");')
    for abi, struct in structs():
        own = f"{abi.name}.{struct.tag}"
        arguments = "from: [*]const u8, to: [*]u8, values: [*]i64"
        lines += [
            f"export fn {abi.name}_{struct.tag}({arguments}) i32 {{",
            f"    const size = @sizeOf({own});",
            f"    var one: {own} = undefined;",
            f"    var two: {own} = undefined;",
            "    @memset(@as([*]u8, @ptrCast(&two))[0..size], 0);",
            "    @memcpy(@as([*]u8, @ptrCast(&one))[0..size], from[0..size]);",
        ]
        for number, slot in enumerate(slots(struct)):
            value = f"values[{number}]"
            if slot.signed:
                lines.append(f"    {value} = one.{slot.path};")
                lines.append(f"    two.{slot.path} = @truncate({value});")
            else:
                lines.append(f"    {value} = @bitCast(@as(u64, one.{slot.path}));")
                lines.append(f"    two.{slot.path} = @truncate(@as(u64, @bitCast({value})));")
        lines.append("    @memcpy(to[0..size], @as([*]const u8, @ptrCast(&two))[0..size]);")
        lines += ["    return size;", "}"]
    (folder / "all.zig").write_text("\n".join(lines) + "\n")
    caches = ["--cache-dir", "cache", "--global-cache-dir", "cache"]
    small = ["-OReleaseSmall", "-fno-compiler-rt"]  # with all that a debugger needs it takes long
    _run([zig, "build-lib", "-dynamic", "-femit-bin=zig.so", *small, *caches, "all.zig"], folder)
    return Language(ctypes.CDLL(str(folder / "zig.so")))


LANGUAGES: dict[str, Callable[[Path], Language]] = {"c": in_c, "rust": in_rust, "zig": in_zig}
