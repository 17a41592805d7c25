# SPDX-License-Identifier: MIT
"""What C compilers say of a grant-table header, for tests to hold xengnt's layouts against.

A `Source` is a header and how to include it, a `Compiler` is a compiler that makes
objects for one ABI. `probes` turns a layout into questions, each an integer constant
expression of C with the answer that the layout expects; `ask` puts them all into one
translation unit, compiles it without linking or running anything, and reads the answers
out of the object; `differences` says in words where the compiler disagrees.
`declared` and `macros` go the other way, and list what there is in a header.

`need` is for every test that wants something that may not be installed.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest
from elftools.dwarf.die import DIE  # noqa: TC002 -- as for our own
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.abi.targets import UNDEFINED, format_version

T = TypeVar("T")

Coverage = Callable[..., None]
"""The fixture of this name: called with a source and a kind of compiler when a test asks, and
with the number of facts and the absent names besides once all agree."""

ROOT = Path(__file__).resolve().parent.parent
OURS = ROOT / "include"
DISTRIBUTION = Path("/usr/include")
"""Where libxen-dev puts the public headers, below ``xen/``."""

ABIS = ("x86_64", "x86_32", "arm64", "arm32", "riscv64", "ppc64")
KINDS = ("gcc", "clang")
VERSIONS = (
    "undefined",
    "0x00030101",
    "0x00030201",
    "0x00030203",
    "0x0003020a",
    "0x00040300",
    "newest",
)
"""Interface versions on each side of every gate."""

MESSAGE_ROOM = 256
"""Bytes that each message gets in the object; none is as long."""


def need(found: T | None, what: str, install: str) -> T:
    """Return `found`; if there is none, skip the test, or fail it where CI demands all.

    Args:
        found: what is needed, None (or anything false) if it is not there.
        what: its name, for the reason.
        install: how to get it, such as ``apt install clang``.
    """
    if found:
        return found
    reason = f"{what} not installed: {install}"
    if os.environ.get("XENGNT_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (XENGNT_REQUIRE_ALL=1 allows no skips)", pytrace=False)
    pytest.skip(reason)


# Compilers


@dataclass(frozen=True, slots=True)
class Machine:
    """An ABI as toolchains know it."""

    gcc: tuple[tuple[str, ...], ...]  # commands that may serve, best first
    clang: str  # the target
    elf: str
    bits: int
    package: str  # that has gcc for it, in Debian


_ON_X86 = platform.machine() in ("x86_64", "i386", "i686")
MACHINES = {
    "x86_64": Machine(
        (("gcc",), ("x86_64-linux-gnu-gcc",)),
        "x86_64-linux-gnu",
        "EM_X86_64",
        64,
        "gcc" if _ON_X86 else "gcc-x86-64-linux-gnu",
    ),
    "x86_32": Machine(
        (("gcc", "-m32"), ("x86_64-linux-gnu-gcc", "-m32"), ("i686-linux-gnu-gcc",)),
        "i386-linux-gnu",
        "EM_386",
        32,
        "gcc" if _ON_X86 else "gcc-i686-linux-gnu",
    ),
    "arm64": Machine(
        (("aarch64-linux-gnu-gcc",), ("gcc",)),
        "aarch64-linux-gnu",
        "EM_AARCH64",
        64,
        "gcc-aarch64-linux-gnu",
    ),
    "arm32": Machine(
        (("arm-linux-gnueabihf-gcc",), ("gcc",)),
        "armv7a-linux-gnueabihf",
        "EM_ARM",
        32,
        "gcc-arm-linux-gnueabihf",
    ),
    "riscv64": Machine(
        (("riscv64-linux-gnu-gcc",), ("gcc",)),
        "riscv64-linux-gnu",
        "EM_RISCV",
        64,
        "gcc-riscv64-linux-gnu",
    ),
    "ppc64": Machine(
        (("powerpc64le-linux-gnu-gcc",), ("gcc",)),
        "powerpc64le-linux-gnu",
        "EM_PPC64",
        64,
        "gcc-powerpc64le-linux-gnu",
    ),
}
_CLANGS = ("clang", *(f"clang-{number}" for number in range(25, 10, -1)))
_ALWAYS = {
    "gcc": ("-fmax-errors=0", "-ftrack-macro-expansion=0"),
    "clang": ("-ferror-limit=0", "-fno-caret-diagnostics"),
}


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler for one ABI, freestanding: it needs no C library."""

    kind: str
    abi: str
    command: tuple[str, ...]

    def run(self, text: str, *flags: str, language: str = "c") -> subprocess.CompletedProcess[str]:
        """Give it a translation unit on standard input; it need not succeed."""
        command = [*self.command, "-ffreestanding", *_ALWAYS[self.kind], *flags]
        return subprocess.run(
            [*command, "-x", language, "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )

    def object(self, text: str, *flags: str, language: str = "c") -> bytes:
        """Return the object that it makes; what it says instead raises `HeaderError`."""
        with _temporary(".o") as path:
            done = self.run(text, "-c", "-o", str(path), *flags, language=language)
            if done.returncode:
                raise HeaderError(done.stderr)
            return path.read_bytes()


class HeaderError(Exception):
    """A compiler rejects a header. `first` is the first error that it reports."""

    def __init__(self, output: str) -> None:
        errors = [line for line in output.splitlines() if "error" in line]
        self.first = errors[0] if errors else output.strip()[:200]
        super().__init__(self.first)


_folder: Path | None = None
_numbers = count()


def work_in(folder: Path) -> None:
    """Set the directory for what compilers write; ``conftest.py`` does."""
    global _folder  # noqa: PLW0603 -- one for the whole run
    _folder = folder


class _temporary:  # noqa: N801 -- used like a function
    """A path in the session's directory, gone afterwards."""

    def __init__(self, suffix: str) -> None:
        assert _folder is not None, "the fixture `scratch` has not run"
        self.path = _folder / f"{next(_numbers)}{suffix}"

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)


@cache
def find(kind: str, abi: str) -> Compiler | None:
    """Return the compiler of a kind for an ABI, None if there is none that works."""
    machine = MACHINES[abi]
    commands = machine.gcc
    if kind == "clang":
        commands = tuple((name, f"--target={machine.clang}") for name in _CLANGS)
    for command in commands:
        if shutil.which(command[0]) is None:
            continue
        compiler = Compiler(kind, abi, command)
        try:
            elf = ELFFile(BytesIO(compiler.object("")))
        except HeaderError:  # built without this target
            continue
        if (elf["e_machine"], elf.elfclass, elf.little_endian) == (machine.elf, machine.bits, True):
            return compiler
    return None


def compiler(kind: str, abi: str) -> Compiler:
    """Return the compiler of a kind for an ABI; without one the test is skipped."""
    package = "clang" if kind == "clang" else MACHINES[abi].package
    return need(find(kind, abi), f"{kind} for {abi}", f"apt install {package}")


def any_compiler(abi: str) -> Compiler:
    """Return a compiler for an ABI, of whatever kind there is."""
    return find("gcc", abi) or compiler("clang", abi)


# Headers


@dataclass(frozen=True, slots=True)
class Source:
    """A header, and how to include it.

    Attributes:
        name: what the summary calls it.
        root: the directory below which all that is Xen's must come from.
        flags: for the compiler.
        prelude: what includes it.
        bare_handles: whether its guest handles are pointers at every version.
    """

    name: str
    root: Path
    flags: tuple[str, ...]
    prelude: str = "#include <stdint.h>\n#include <xen/grant_table.h>\n"
    bare_handles: bool = False

    def handle(self, abi: str, version: int) -> int:
        """Return the class of a guest handle: of a pointer, a struct or a union."""
        if self.bare_handles:
            return POINTER
        if abi in ("x86_64", "x86_32"):
            return STRUCT if version >= 0x00030201 else POINTER
        return UNION


OUR_HEADER = Source("our header", OURS, (f"-I{OURS}",))


def distribution(folder: Path) -> Source:
    """Return the header of libxen-dev, by a path that leads to nothing else.

    Only ``xen/`` is linked into `folder`: ``-I/usr/include`` would bring this
    machine's C library into the compilations for others.
    """
    path = DISTRIBUTION / "xen"
    found = path if (path / "grant_table.h").is_file() else None
    need(found, f"{path}/grant_table.h", "apt install libxen-dev")
    root = folder / "distribution"
    root.mkdir(exist_ok=True)
    link = root / "xen"
    if not link.is_symlink():
        link.symlink_to(path)
    return Source("libxen-dev's header", root, (f"-I{root}",))


def linux() -> Source:
    """Return the copy of the header in the kernel's header package.

    Its ``linux/types.h`` needs files that only the package of a flavour has, so
    the few types that it would give are defined here.
    """
    where = "include/xen/interface/grant_table.h"
    trees = sorted(Path("/usr/src").glob(f"linux-headers-*/{where}"))
    found = trees[-1] if trees else None
    path = need(found, "Linux's headers", "apt install linux-headers-amd64")
    root = path.parents[3]
    return Source(
        "Linux's copy",
        root,
        (f"-I{root}/include", f"-I{root}/arch/x86/include"),
        "#include <stdint.h>\n"
        "typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;\n"
        "typedef int8_t s8; typedef int16_t s16; typedef int32_t s32; typedef int64_t s64;\n"
        "#include <xen/interface/grant_table.h>\n",
        bare_handles=True,
    )


def version_flags(version: int) -> tuple[str, ...]:
    """Return what defines an interface version; undefined is not defined as 0."""
    if version == UNDEFINED:
        return ()
    return (f"-D__XEN_INTERFACE_VERSION__={format_version(version)}",)


@cache
def latest(compiler: Compiler, source: Source) -> int:
    """Return the newest interface version that a header knows."""
    name = "__XEN_LATEST_INTERFACE_VERSION__"
    done = compiler.run("#include <xen/xen-compat.h>\n", "-E", "-dM", *source.flags)
    found = re.search(rf"#define {name} (\w+)", done.stdout)
    assert found, f"{source.name} does not define {name}"
    return int(found[1], 16)


# Questions

INTEGER, POINTER, STRUCT, UNION = 1, 5, 12, 13
"""What ``__builtin_classify_type`` returns, for C, in both compilers."""

_CLASSES = {"int": INTEGER, "struct": STRUCT, "union": UNION}


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to the compiler.

    Attributes:
        about: what it is about, as a C path.
        what: which property of it.
        expression: an integer constant expression.
        expected: the value that the layout says it has.
        macro: it is asked only where this macro is defined.
    """

    about: str
    what: str
    expression: str
    expected: int
    macro: str | None = None


def probes(layout: Layout, source: Source) -> list[Probe]:
    """Return a question for everything that a layout says of types and constants."""
    handle = source.handle(layout.abi, layout.interface_version)
    found: list[Probe] = []
    for one in layout.structs.values():
        found += _struct_probes(one, handle)
    for name, typedef in layout.typedefs.items():
        assert typedef.kind == "int", f"no question is known for {typedef.kind} {name}"
        found.append(Probe(name, "size", f"sizeof({name})", typedef.size))
        found.append(Probe(name, "signed", f"({name})-1 < 0", bool(typedef.signed)))
        found.append(Probe(name, "kind", f"__builtin_classify_type(({name})0)", INTEGER))
        if typedef.align is not None:
            found.append(Probe(name, "align", _alignment(name), typedef.align))
    for name, constant in layout.constants.items():
        signed = f"(__typeof__({name}))-1 < (__typeof__({name}))1"
        found += [
            Probe(name, "value", name, constant.value, name),
            Probe(name, "size", f"sizeof({name})", constant.size, name),
            Probe(name, "signed", signed, constant.signed, name),
        ]
    for name, op in layout.ops.items():
        size = layout.structs[op.struct].size
        found.append(Probe(f"op {name}", "number", op.constant, op.number, op.constant))
        found.append(Probe(f"op {name}", "size", f"sizeof(struct {op.struct})", size))
    return found


def _struct_probes(one: StructLayout, handle: int) -> Iterator[Probe]:
    ctype = f"{one.kind} {one.tag}"
    yield Probe(one.tag, "size", f"sizeof({ctype})", one.size)
    kind = f"__builtin_classify_type(*({ctype} *)0)"
    yield Probe(one.tag, "kind", kind, _CLASSES[one.kind])
    if one.align is not None:
        yield Probe(one.tag, "align", f"_Alignof({ctype})", one.align)
    for member in one.fields:
        yield from _field_probes(one.tag, ctype, member, handle)


def _field_probes(tag: str, ctype: str, member: Field, handle: int) -> Iterator[Probe]:
    about = f"{tag}.{member.name}"
    path = member.name.replace("[]", "[0]")
    whole = f"(({ctype} *)0)->{path}"
    element = whole if member.count is None else f"{whole}[0]"
    yield Probe(about, "offset", f"__builtin_offsetof({ctype}, {path})", member.offset)
    yield Probe(about, "size", f"sizeof({whole})", member.size)
    if member.count is not None:
        yield Probe(about, "count", f"sizeof({whole}) / sizeof({element})", member.count)
    kind = handle if member.kind == "handle" else _CLASSES[member.kind]
    yield Probe(about, "kind", f"__builtin_classify_type({element})", kind)
    if member.align is not None:
        yield Probe(about, "align", _alignment(f"__typeof__({element})"), member.align)
    if member.kind == "int":
        signed = f"(__typeof__({element}))-1 < 0"
        yield Probe(about, "signed", signed, bool(member.signed))
    if member.pointee is not None and member.pointee.size is not None:
        target = f"*({element})" if handle == POINTER else f"*({element}).p"
        yield Probe(about, "pointee size", f"sizeof({target})", member.pointee.size)
        if member.pointee.signed is not None:
            signed = f"(__typeof__({target}))-1 < 0"
            yield Probe(about, "pointee signed", signed, member.pointee.signed)


def _alignment(ctype: str) -> str:
    """Return the alignment of a member of a type, which ``_Alignof`` of the type is not."""
    return f"__builtin_offsetof(struct {{ char c; {ctype} m; }}, m)"


# Answers


@dataclass(slots=True)
class Answers:
    """What a compiler says.

    Attributes:
        values: the answer to each question, None where there is none.
        errors: why there is none, by the number of the question.
        absent: the macros that are not defined.
        messages: ``GNTTABOP_error_msgs``, None where that is not defined.
        files: all files that were read.
    """

    values: list[int | None]
    errors: dict[int, str]
    absent: set[str]
    messages: tuple[str, ...] | None
    files: tuple[Path, ...] = field(default=())


_ANSWERED, _ABSENT, _FAILED = 1, 0, 2
_ERROR = re.compile(r"^xengnt-probe:(\d+):(?:\d+:)? (?:fatal )?error: (.*)$", re.MULTILINE)
_ANY_ERROR = re.compile(r"^(.+): (?:fatal )?error: ", re.MULTILINE)


def ask(
    compiler: Compiler, source: Source, version: int, questions: Sequence[Probe], *flags: str
) -> Answers:
    """Put questions to a compiler, all in one translation unit.

    Raises:
        HeaderError: the header itself does not compile.
    """
    errors: dict[int, str] = {}
    with _temporary(".o") as path, _temporary(".d") as dependencies:
        while True:  # again without the questions that are errors: clang tells one at a time
            done = compiler.run(
                _unit(source, questions, errors),
                *("-w", "-c", "-o", str(path), "-MD", "-MF", str(dependencies)),
                *source.flags,
                *version_flags(version),
                *flags,
            )
            if done.returncode == 0:
                break
            places = {where.split(":")[0] for where in _ANY_ERROR.findall(done.stderr)}
            if places != {"xengnt-probe"}:
                raise HeaderError(done.stderr)
            found = {int(number): message for number, message in _ERROR.findall(done.stderr)}
            if not found.keys() - errors.keys():
                raise HeaderError(done.stderr)
            errors = {**found, **errors}
        files = _dependencies(dependencies.read_text())
        data = path.read_bytes()
        raw = symbol(data, "xengnt_answers")
        assert raw is not None
        texts = symbol(data, "xengnt_messages")
    strangers = [file for file in files if "/xen/" in str(file) and source.root not in file.parents]
    assert not strangers, f"{source.name}: read {strangers[0]} instead of what is in {source.root}"
    rows = list(struct.iter_unpack("<QQ", raw))
    assert len(rows) == len(questions)
    return Answers(
        values=[value if state == _ANSWERED else None for state, value in rows],
        errors=errors,
        absent={
            probe.macro
            for probe, (state, _) in zip(questions, rows, strict=True)
            if state == _ABSENT and probe.macro is not None
        },
        messages=None if texts is None else _strings(texts),
        files=files,
    )


def _unit(source: Source, questions: Sequence[Probe], errors: dict[int, str]) -> str:
    lines = [
        source.prelude,
        "const struct { unsigned long long state, value; } xengnt_answers[] = {",
    ]
    for number, probe in enumerate(questions):
        if number in errors:
            lines.append(f"{{ {_FAILED}, 0 }},")
            continue
        answer = f"{{ {_ANSWERED}, (unsigned long long)({probe.expression}) }},"
        if probe.macro is None:
            lines += [f'#line {number} "xengnt-probe"', answer]
        else:
            lines += [
                f"#ifdef {probe.macro}",
                f'#line {number} "xengnt-probe"',
                answer,
                "#else",
                f"{{ {_ABSENT}, 0 }},",
                "#endif",
            ]
    lines += [
        "};",
        '#line 1 "xengnt-messages"',
        "#ifdef GNTTABOP_error_msgs",
        f"const char xengnt_messages[][{MESSAGE_ROOM}] = GNTTABOP_error_msgs;",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _dependencies(text: str) -> tuple[Path, ...]:
    names = text.replace("\\\n", " ").partition(":")[2].split()
    return tuple(Path(name) for name in names if name != "-")


def symbol(data: bytes, name: str) -> bytes | None:
    """Return the bytes of a function or variable in an object file, None if it has none."""
    elf = ELFFile(BytesIO(data))
    symbols = elf.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    found = symbols.get_symbol_by_name(name)
    if not found:
        return None
    (one,) = found
    section = elf.get_section(one["st_shndx"]).data()
    return section[one["st_value"] : one["st_value"] + one["st_size"]]


def _strings(data: bytes) -> tuple[str, ...]:
    rows = (data[start : start + MESSAGE_ROOM] for start in range(0, len(data), MESSAGE_ROOM))
    return tuple(row.partition(b"\0")[0].decode() for row in rows)


def differences(layout: Layout, questions: Sequence[Probe], answers: Answers) -> list[str]:
    """Say where a compiler disagrees with a layout, macros that are absent left aside."""
    found = []
    for number, (probe, value) in enumerate(zip(questions, answers.values, strict=True)):
        if number in answers.errors:
            problem = answers.errors[number]
            found.append(f"{probe.about}: {probe.what}: the compiler cannot say: {problem}")
        elif value is not None and value != probe.expected % 2**64:
            got = value - 2**64 if value >= 2**63 else value
            found.append(
                f"{probe.about}: {probe.what}: the compiler says {got}, "
                f"the layout {int(probe.expected)}"
            )
    if answers.messages is not None and answers.messages != layout.messages:
        found.append(
            f"GNTTABOP_error_msgs: the compiler says {answers.messages}, "
            f"the layout {layout.messages}"
        )
    return found


def facts(layout: Layout, answers: Answers) -> int:
    """Return how many things were compared."""
    messages = len(layout.messages) if answers.messages is not None else 0
    return sum(value is not None for value in answers.values) + messages


# What there is in a header

READABLE = tuple(abi for abi in ABIS if abi != "riscv64")
"""The ABIs whose objects `declared` can read: pyelftools does not know all that riscv64's
debugging information needs relocated."""


def declared(compiler: Compiler, source: Source, version: int) -> dict[str, set[str]]:
    """Return the structs and unions of ``grant_table.h``, each with its fields.

    By C tag, the fields by their dotted paths, as the debugging information of a
    compiler lists them. What guest handles are made of is not listed.
    """
    data = compiler.object(
        source.prelude,
        *("-g", "-gdwarf-4", "-fno-eliminate-unused-debug-types"),
        *source.flags,
        *version_flags(version),
    )
    dwarf = ELFFile(BytesIO(data)).get_dwarf_info()
    found: dict[str, set[str]] = {}
    for unit in dwarf.iter_CUs():
        lines = dwarf.line_program_for_CU(unit)
        assert lines is not None
        files = [entry.name.decode() for entry in lines["file_entry"]]
        for entry in unit.get_top_DIE().iter_children():
            tagged = entry.tag in ("DW_TAG_structure_type", "DW_TAG_union_type")
            if not tagged or not {"DW_AT_name", "DW_AT_byte_size"} <= entry.attributes.keys():
                continue
            if files[entry.attributes["DW_AT_decl_file"].value - 1] == "grant_table.h":
                found[_name(entry)] = set(_paths(entry, ""))
    return found


def _name(entry: DIE) -> str:
    text: bytes = entry.attributes["DW_AT_name"].value
    return text.decode()


def _paths(entry: DIE, start: str) -> Iterator[str]:
    for member in entry.iter_children():
        if member.tag != "DW_TAG_member":
            continue
        path = start
        if "DW_AT_name" in member.attributes:
            path += _name(member)
            yield path
            path += "."
        inner = member.get_DIE_from_attribute("DW_AT_type")
        while inner.tag == "DW_TAG_typedef":
            if _name(inner).startswith("__guest_handle_"):
                break
            inner = inner.get_DIE_from_attribute("DW_AT_type")
        if inner.tag in ("DW_TAG_structure_type", "DW_TAG_union_type"):
            yield from _paths(inner, path)


def macros(compiler: Compiler, source: Source, version: int) -> dict[str, str]:
    """Return the macros that ``grant_table.h`` defines, by name, with their text.

    A macro with parameters has them in its name, as in ``f(x)``.
    """
    done = compiler.run(source.prelude, "-E", "-dD", *source.flags, *version_flags(version))
    if done.returncode:
        raise HeaderError(done.stderr)
    found: dict[str, str] = {}
    here = False
    for line in done.stdout.splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            here = marker[1].endswith("/grant_table.h")
        elif here and (define := re.match(r"#define (\w+(?:\([^)]*\))?)\s*(.*)", line)):
            found[define[1]] = define[2]
    return found


def fail(lines: Sequence[str], heading: str) -> NoReturn:
    """Fail a test with a list of what is wrong, cut to a readable length."""
    shown = [*lines[:20], *([f"… and {len(lines) - 20} more"] if len(lines) > 20 else [])]
    pytest.fail("\n  ".join([heading, *shown]), pytrace=False)
