# SPDX-License-Identifier: MIT
"""The six ABIs, what C's types are on each, and interface versions.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

from dataclasses import dataclass

from xengnt.errors import InvalidValue, UnknownName

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
"""Of a page that is granted, in bytes, on every ABI."""


@dataclass(frozen=True, slots=True)
class Target:
    """An ABI: how its C compiler sees the types of the language.

    All are little-endian, with 8-bit bytes, two's complement, and an ``int`` of
    four bytes.

    Attributes:
        name: the name of the ABI, such as ``x86_64``.
        aliases: other names that mean the same.
        word: the size of a pointer and of ``long``, in bytes.
        align8: the alignment of an 8-byte integer or float inside a struct.
        char_signed: whether plain ``char`` is signed.
        macros: what its compiler predefines to tell the architecture.
    """

    name: str
    aliases: tuple[str, ...]
    word: int
    align8: int
    char_signed: bool
    macros: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return self.name


def _macros(*names: str, **values: str) -> tuple[tuple[str, str], ...]:
    return (*((name, "1") for name in names), *values.items())


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            "x86_64",
            ("amd64",),
            8,
            8,
            char_signed=True,
            macros=_macros("__x86_64__", "__x86_64", "__amd64__"),
        ),
        Target(
            "x86_32",
            ("i386", "compat"),
            4,
            4,
            char_signed=True,
            macros=_macros("__i386__", "__i386"),
        ),
        Target(
            "arm64",
            ("aarch64",),
            8,
            8,
            char_signed=False,
            macros=_macros("__aarch64__", "__AARCH64EL__"),
        ),
        Target(
            "arm32",
            ("armhf",),
            4,
            8,
            char_signed=False,
            macros=_macros("__arm__", "__ARMEL__", "__ARM_EABI__"),
        ),
        Target(
            "riscv64", (), 8, 8, char_signed=False, macros=_macros("__riscv", __riscv_xlen="64")
        ),
        Target(
            "ppc64",
            ("ppc64le",),
            8,
            8,
            char_signed=False,
            macros=_macros("__powerpc64__", "__powerpc__", "__PPC64__", _CALL_ELF="2"),
        ),
    )
}
"""The ABIs by name, in the order in which they are listed everywhere."""

_BY_ALIAS = {alias: target for target in TARGETS.values() for alias in target.aliases}


def target(name: str | Target) -> Target:
    """Return the ABI of this name or alias.

    Raises:
        UnknownName: there is none.
    """
    if isinstance(name, Target):
        return name
    found = TARGETS.get(name) or _BY_ALIAS.get(name)
    if found is None:
        known = ", ".join(TARGETS)
        raise UnknownName(
            f"unknown ABI {name!r}: expected one of {known}", expected=known, got=name
        )
    return found


def native() -> Target:
    """Return the ABI of this machine, as the running interpreter sees it.

    Raises:
        UnknownName: it is none of the six.
    """
    import platform
    import sys

    machine = platform.machine().lower()
    narrow = sys.maxsize < 2**32
    if machine in ("x86_64", "amd64"):
        return TARGETS["x86_32" if narrow else "x86_64"]
    if machine in ("aarch64", "arm64"):
        return TARGETS["arm32" if narrow else "arm64"]
    if machine.startswith("arm"):
        return TARGETS["arm32"]
    if machine in ("i386", "i486", "i586", "i686"):
        return TARGETS["x86_32"]
    return target(machine)


UNDEFINED = 0
"""The interface version of who defines none: all comparisons see it as 0."""


def parse_version(text: str | int, newest: int) -> int:
    """Return the interface version that a text names.

    Args:
        text: ``0x0003020a``, ``newest``, ``undefined``, or a number.
        newest: the version that ``newest`` stands for.

    Raises:
        InvalidValue: not a version, or one newer than ``newest``.
    """
    if text == "newest":
        return newest
    if text == "undefined":
        return UNDEFINED
    try:
        plain = isinstance(text, int) or text[:2] in ("0x", "0X")
        version = int(str(text), 0) if plain and str(text).isalnum() else -1
    except ValueError:
        version = -1
    if isinstance(version, bool) or not 0 <= version < 1 << 32:
        raise InvalidValue(
            f"invalid interface version {text!r}: expected 0x…, newest or undefined",
            expected="0x…, newest or undefined",
            got=text,
        )
    if version > newest:
        raise InvalidValue(
            f"interface version {format_version(version)} is newer than {format_version(newest)}, "
            "the newest that is known here",
            expected=newest,
            got=version,
        )
    return version


def format_version(version: int) -> str:
    """Return an interface version as it is spelled everywhere."""
    return "undefined" if version == UNDEFINED else f"0x{version:08x}"
