# SPDX-License-Identifier: MIT
"""A Rust module that stops the compiler, with a message, where somebody's types differ.

It needs Rust 1.61, and no ``offset_of!``: memory in which each byte is its own number tells
where a field is.

Imports the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.abi.targets import Target
from xengnt.emit.facts import Fact, grouped
from xengnt.emit.rust import name
from xengnt.emit.selection import Selection
from xengnt.emit.words import LICENCE, heading

if TYPE_CHECKING:
    from xengnt.emit import Options

_NAMES = re.compile(r"[\w:#.()<>]+")

ARCHITECTURES = {
    "x86_64": "x86_64",
    "x86_32": "x86",
    "arm64": "aarch64",
    "arm32": "arm",
    "riscv64": "riscv64",
    "ppc64": "powerpc64",
}
"""What Rust calls the architecture of each ABI."""

_MACROS = """\
#![allow(dead_code, unused_imports, unused_unsafe)]

use super::*;

/// What an integer type says of itself. Implement it for yours that wraps one.
pub trait Integer {
    const SIGNED: bool;
}

macro_rules! integers {
    ($($name:ty: $signed:literal,)*) => {
        $(impl Integer for $name {
            const SIGNED: bool = $signed;
        })*
    };
}

integers! {
    i8: true, i16: true, i32: true, i64: true, isize: true,
    u8: false, u16: false, u32: false, u64: false, usize: false,
}

/// Memory in which each byte is its own number.
#[repr(C, align(4096))]
struct Numbered([u8; 256]);

const NUMBERED: &Numbered = &{
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        bytes[at] = at as u8;
        at += 1;
    }
    Numbered(bytes)
};

const fn offset<T>(field: *const T) -> usize {
    // SAFETY: it points into NUMBERED.
    unsafe { *(field as *const u8) as usize }
}

const fn size<T>(_: *const T) -> usize {
    core::mem::size_of::<T>()
}

const fn signed<T: Integer>(_: *const T) -> bool {
    T::SIGNED
}

macro_rules! at {
    ($type:ty, $($field:tt)+) => {
        // SAFETY: nothing is read.
        unsafe { core::ptr::addr_of!((*(NUMBERED.0.as_ptr() as *const $type)).$($field)+) }
    };
}

macro_rules! is_repr_c {
    ($type:ty) => {
        // By value: of what is behind an address nothing is said.
        #[deny(improper_ctypes_definitions)]
        const _: () = {
            extern "C" fn is_repr_c(_: $type) {}
        };
    };
}

macro_rules! check {
    ($holds:expr, $what:literal) => {
        const _: () = assert!($holds, concat!($what, " (Xen, ", abi!(), ")"));
    };
}
"""


def text(selections: Sequence[Selection], command: str, options: Options) -> str:
    """Return the module."""
    return "".join(f"{line}\n" for line in _lines(selections, command, options))


def _lines(selections: Sequence[Selection], command: str, options: Options) -> Iterator[str]:
    groups = grouped(selections, options.mapping, _NAMES, structs_only=options.structs_only)
    targets = [one.target for one in selections]
    yield f"// {heading(selections, command)}"
    yield f"// {LICENCE}"
    yield "//"
    yield "// Declare it as a module where your types are: mod xengnt_asserts; from Rust 1.61 on."
    yield "// Where a type is not as Xen's, the compiler stops, and says in what. Not seen here is"
    yield "// what is behind an address: xengnt check looks at that as well."
    yield from (*_MACROS.splitlines(), "", *_which(targets))
    for number, group in enumerate(groups):
        some = len(group.targets) < len(targets)
        indent = "    " * some
        if some:
            yield from ("", f"#[cfg({_condition(group.targets)})]", f"mod only_{number} {{")
            yield "    use super::*;"
        about = ""
        for fact in group.facts:
            line = _line(fact)
            if line and fact.theirs != about:
                about = fact.theirs
                yield ""
                if not some and fact.of in ("struct", "union"):
                    yield f"is_repr_c!({fact.theirs});"
            yield from [indent + line] if line else ()
        yield from ["}"] if some else ()


def _which(targets: Sequence[Target]) -> Iterator[str]:
    """Give the lines that say which ABI it is: the only one, or that of the target."""
    for target in targets:
        if len(targets) > 1:
            yield f"#[cfg({_condition([target])})]"
        yield from ("macro_rules! abi {", "    () => {", f'        "{target}"', "    };", "}")
    if len(targets) > 1:
        yield f"#[cfg(not({_condition(targets)}))]"
        known = ", ".join(str(target) for target in targets)
        yield f'compile_error!("not for this target: asserts for {known}, little-endian");'


def _condition(targets: Sequence[Target]) -> str:
    """Return the condition that a target for one of several ABIs fulfils."""
    names = [f'target_arch = "{ARCHITECTURES[target.name]}"' for target in targets]
    one = names[0] if len(names) == 1 else f"any({', '.join(names)})"
    return f'all(target_endian = "little", {one})'


def _line(fact: Fact) -> str | None:
    """Return the line for a fact; None for the type of a constant, which is not as in C."""
    of = fact.theirs
    at = f"at!({of}, {name(fact.field)})" if fact.field else f"core::ptr::null::<{of}>()"
    match fact.what, fact.of:
        case "value", _:
            holds = f"{of} as i128 == {fact.expected}"
        case _, "constant":
            return None
        case "sign", _:
            holds = f"{'' if fact.expected else '!'}signed({at})"
        case what, _:
            holds = f"{what}({at}) == {fact.expected}"
    return f'check!({holds}, "{fact.message}");'
