# SPDX-License-Identifier: MIT
"""What well-known names mean that a header uses, and that nothing in it defines.

Headers take their integer types, the macros for attributes and those for guest
handles from elsewhere in their project. Where that is not at hand, the names in
these tables are taken for what they mean wherever they are in use; all others
are not guessed at. Each use is noted as an assumption.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

import re

from xengnt.abi.declarations import Arithmetic, Named, Typedef, header
from xengnt.abi.layout import Engine
from xengnt.abi.targets import Target

_OF_C = {8: "char", 16: "short", 32: "int", 64: "long long"}
_OF_WINDOWS = {
    **dict.fromkeys(("UCHAR", "BYTE", "BOOLEAN"), "u8"),
    **dict.fromkeys(("USHORT", "WORD"), "u16"),
    **dict.fromkeys(("ULONG", "UINT", "DWORD", "ULONG32", "DWORD32"), "u32"),
    **dict.fromkeys(("ULONGLONG", "QWORD", "DWORDLONG", "ULONG64", "DWORD64"), "u64"),
    "SHORT": "s16",
    **dict.fromkeys(("LONG", "LONG32"), "s32"),
    **dict.fromkeys(("LONGLONG", "LONG64"), "s64"),
}
"""Where ``long`` has 32 bits, whatever it has on the ABI."""


def _integers() -> dict[str, Typedef]:
    # Types of C's own, not of <stdint.h>: the source may define uint16_t by u16.
    found: dict[str, Typedef] = {}
    for bits in (8, 16, 32, 64):
        for signed in (True, False):
            standard = f"{'' if signed else 'u'}int{bits}_t"
            short = f"{'s' if signed else 'u'}{bits}"
            plain = standard.removesuffix("_t")
            names = [short, f"__{short}", plain, plain.upper(), f"__{standard}", f"__{plain}"]
            names += [f"vki_{standard}", f"__vki_{short}"]
            if not signed:
                names += [f"u_int{bits}_t", f"__le{bits}"]
            word = _OF_C[bits]
            if not signed:
                word = f"unsigned {word}"
            elif bits == 8:  # noqa: PLR2004 -- plain char has either sign
                word = "signed char"
            found |= dict.fromkeys(names, Typedef(Arithmetic(word)))
    for name in ("char", "short", "int", "long"):
        for spelled in (f"u{name}", f"u_{name}"):
            found[spelled] = Typedef(Arithmetic(f"unsigned {name}"))
    for name in ("__aligned_u64", "aligned_u64", "__aligned_le64", "uint64_aligned_t"):
        found[name] = Typedef(Arithmetic("unsigned long long"), align=8)
    found["int64_aligned_t"] = Typedef(Arithmetic("long long"), align=8)
    for name in ("compat_pfn_t", "compat_ulong_t", "compat_ptr_t"):
        found[name] = Typedef(Arithmetic("unsigned int"))
    for name, like in _OF_WINDOWS.items():
        found[name] = found[like]
    for name in ("UINTN", "UINT_PTR", "ULONG_PTR", "DWORD_PTR"):
        found[name] = Typedef(Named("uintptr_t"))
    for name in ("INTN", "INT_PTR", "LONG_PTR"):
        found[name] = Typedef(Named("intptr_t"))
    return found


INTEGERS = _integers()
"""Types of integers, of which the name tells the size: u16, __u16, UINT16, uint16 and so on."""

XEN_TYPES = frozenset(
    {
        *("domid_t", "xen_pfn_t", "xen_ulong_t"),
        *("grant_ref_t", "grant_handle_t", "grant_status_t"),
    }
)
"""Types of integers that Xen's own headers define; `xen_type` says what they are."""


def xen_type(name: str, target: Target) -> Typedef:
    """Return what one of `XEN_TYPES` is on an ABI."""
    shape = Engine(header().at(target)).shape(Named(name))
    return INTEGERS[f"{'s' if shape.signed else 'u'}{8 * shape.size}"]


PACKED = frozenset(
    {
        *("__packed", "__packed__", "__PACKED", "__PACKED__", "PACKED", "_PACKED"),
        *("__attribute_packed__", "ATTRIBUTE_PACKED", "QEMU_PACKED"),
    }
)
"""Macros for the attribute ``packed``."""

ALIGNED = frozenset({"__aligned", "__aligned__", "__ALIGNED", "ALIGNED", "QEMU_ALIGNED"})
"""Macros for the attribute ``aligned``, with the alignment in brackets."""

HANDLES = {
    "XEN_GUEST_HANDLE": "",
    "__XEN_GUEST_HANDLE": "",
    "GUEST_HANDLE": "",
    "__GUEST_HANDLE": "",
    "XEN_GUEST_HANDLE_64": "64",
    "GUEST_HANDLE_64": "64",
    "XEN_GUEST_HANDLE_PARAM": "param",
    "COMPAT_HANDLE": "compat",
    "COMPAT_HANDLE_PARAM": "compat",
}
"""Macros for guest handles, with the type that one points to in brackets; and of which sort.

The sorts are those of a public header: one in memory, one of 64 bits everywhere, one in
a register, and that of a 32-bit guest as a 64-bit Xen sees it.
"""

_LAYOUT = re.compile(r"(?i)pack(?!et|age)|align|pragma")


def sounds_like_layout(name: str) -> bool:
    """Tell whether a name sounds like a macro that says how a struct lies in memory."""
    macro = name.isupper() or name.startswith("_")
    return macro and _LAYOUT.search(name) is not None
