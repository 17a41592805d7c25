# SPDX-License-Identifier: MIT
"""Derive from ``include/xen`` everything that xengnt knows of the ABI.

    python build_ffi.py            write the derived files
    python build_ffi.py --check    say whether those in the tree are current

Four files come out of it, and are committed, so that users need nothing but a C
compiler to build:

    xengnt/abi/_generated.py   the declarations, at all ABIs and interface versions
    xengnt/abi/constants.pyi   the enumerations, for type checkers and editors
    xengnt/ops.pyi             the op methods and their results, for the same
    native/ffi.c               the extension, as cffi writes it

The header's markup must be complete: a command without a struct, a struct
without a command, a field without a direction and the like are errors.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import cffi

from xengnt.abi import declarations
from xengnt.abi.choice import parse_choice, parts
from xengnt.abi.declarations import (
    PYTHON_NAMES,
    SECTIONS,
    Aggregate,
    Arithmetic,
    Array,
    CType,
    Declarations,
    Enum,
    Header,
    Member,
    Named,
    Tagged,
    Variant,
    result_class,
)
from xengnt.abi.layout import Field, Layout, StructLayout, compute, spell
from xengnt.abi.targets import TARGETS, UNDEFINED, format_version
from xengnt.errors import InvalidValue, SourceError, XengntError
from xengnt.sources.cheader.gates import gates
from xengnt.sources.cheader.preprocess import LATEST_MACRO, Job
from xengnt.sources.cheader.reader import HeaderSource, read

ROOT = Path(__file__).parent
CFFI_VERSION = "2.1.1"
"""The cffi that writes ``native/ffi.c``: others word it differently."""

DATA = Path("xengnt/abi/_generated.py")
STUBS = Path("xengnt/abi/constants.pyi")
OPS = Path("xengnt/ops.pyi")
EXTENSION = Path("native/ffi.c")
OWN = ("atomics.h", "pages.h")
"""Headers in ``native/`` whose functions the extension has."""


def derive(include: Path) -> Header:
    """Read the headers of a directory at every ABI and interface version.

    Raises:
        XengntError: they cannot be read, or their markup is not complete.
    """
    path = include / "xen" / "grant_table.h"
    first = read(Job(path, TARGETS["x86_64"], UNDEFINED))
    newest = first.latest
    if newest is None:
        raise SourceError(f"{path}: {LATEST_MACRO} is not defined")
    versions = gates(first.files)
    snapshots: dict[tuple[str, int], Declarations] = {}
    for abi, target in TARGETS.items():
        for version in (UNDEFINED, *versions):
            source = read(Job(path, target, version), lambda name: "guest_handle" not in name)
            verify(source)
            snapshots[abi, version] = source.declarations
    return fold(snapshots, newest, versions)


def verify(source: HeaderSource) -> None:
    """Raise `SourceError` unless a header could be read whole and its markup is complete."""
    declared = source.declarations
    for problem in (*source.problems.values(), *source.assumptions):
        raise SourceError(problem.message)
    for complaint in _complaints(declared):
        name = complaint.split(":")[0]
        where = source.where.get(name, source.where.get(name.split(".")[0], f"{source.files[0]}:1"))
        abi, version = declared.target.name, format_version(declared.version)
        raise SourceError(f"{where}: {complaint} ({abi}, interface version {version})")


def _complaints(declared: Declarations) -> Iterator[str]:
    """Say what the markup lacks, each line beginning with the name concerned."""
    commands = declared.commands()
    if commands is None:
        yield "grant_table_op: no enum in the markup says which struct goes with which command"
        return
    layout = compute(declared)
    yield from _about_packing(declared)
    nested = set(_nested(declared))
    arguments = {member: commands.struct(member) for member in commands.members}
    yield from _about_commands(declared, commands, arguments, set(layout.structs) - nested)
    for tag, struct in layout.structs.items():
        yield from _about_fields(declared, struct, argument=tag in arguments.values())
        yield from _about_unions(declared, struct, nested=tag in nested)
    yield from _about_enums(declared)


def _about_packing(declared: Declarations) -> Iterator[str]:
    """Refuse what the declarations for cffi could not repeat."""
    for tag, aggregate in declared.aggregates.items():
        if aggregate.packed or aggregate.pack or aggregate.align:
            yield f"{tag}: packed or aligned, which the extension cannot repeat"
        for member in aggregate.members:
            if member.packed or member.align:
                yield f"{tag}.{member.name}: packed or aligned, which the extension cannot repeat"


def _about_commands(
    declared: Declarations, commands: Enum, arguments: dict[str, str | None], structs: set[str]
) -> Iterator[str]:
    for name in declared.constants:
        if name.startswith(commands.prefix) and name not in commands.members:
            yield f"{name}: a command outside of enum {commands.name}"
    for member, tag in arguments.items():
        if tag not in structs:
            yield f"{member}: a command without a struct: there is no struct {tag}"
    prefix = commands.struct_prefix or ""
    for tag in sorted(structs - set(arguments.values())):
        if tag.startswith(prefix):
            wanted = commands.prefix + tag.removeprefix(prefix)
            yield f"{tag}: a struct without a command: there is no {wanted}"


def _about_fields(declared: Declarations, struct: StructLayout, *, argument: bool) -> Iterator[str]:
    for field in struct.fields:
        if argument and field.direction is None:
            yield f"{struct.tag}.{field.name}: a field without a direction"
        if argument and field.pointee and field.pointee.count not in struct.by_name:
            yield f"{struct.tag}.{field.name}: nothing says how many elements are behind it"
        for name in field.enum.split("|") if field.enum else ():
            if name not in declared.enums:
                yield f"{struct.tag}.{field.name}: there is no enum {name}"


def _about_unions(declared: Declarations, struct: StructLayout, *, nested: bool) -> Iterator[str]:
    unions = [(field.name, field.select) for field in struct.fields if field.kind == "union"]
    if struct.kind == "union":
        unions.append(("", struct.select))
    names = {name for field in struct.fields for name in (field.enum or "").split("|") if name}
    held = {name for tag in names & set(declared.enums) for name in declared.enums[tag].members}
    for path, choice in unions:
        where = f"{struct.tag}.{path}" if path else struct.tag
        if choice is None and not nested:
            yield f"{where}: nothing says which member of the union is meant"
        members = {field.name.split(".")[-1] for field in struct.members_of(path)}
        try:
            meant = list(parts(parse_choice(choice))) if choice else []
        except InvalidValue as error:
            yield f"{where}: {error}"
            continue
        for condition, chosen in meant:
            if condition is not None and condition not in held:
                yield f"{where}: no field of {struct.tag} can hold {condition}"
            if chosen is not None and chosen not in members:
                yield f"{where}: the union has no member {chosen}"


def _about_enums(declared: Declarations) -> Iterator[str]:
    for enum in declared.enums.values():
        for needed in (enum.mask, (enum.condition or "").lstrip("!") or None):
            if needed is not None and needed not in declared.constants:
                yield f"{enum.name}: there is no constant {needed}"
    statuses = declared.enums.get("grant_status")
    if statuses and len(declared.messages) != len(statuses.members):
        yield f"grant_status: {len(declared.messages)} messages for {len(statuses.members)} values"


def _nested(declared: Declarations) -> Iterator[str]:
    """Give the tags of the structs that are declared inside others."""

    def inside(ctype: CType) -> Iterator[str]:
        match ctype:
            case Array(of, _):
                yield from inside(of)
            case Aggregate():
                if ctype.tag:
                    yield ctype.tag
                for member in ctype.members:
                    yield from inside(member.type)

    for aggregate in declared.aggregates.values():
        for member in aggregate.members:
            yield from inside(member.type)


def fold(
    snapshots: dict[tuple[str, int], Declarations], newest: int, versions: tuple[int, ...]
) -> Header:
    """Merge a header as it is at each ABI and version into one value."""

    def names(section: str) -> dict[str, None]:
        return {name: None for one in snapshots.values() for name in getattr(one, section)}

    def variants(get: Callable[[Declarations], Any]) -> tuple[Variant[Any], ...]:
        forms: dict[tuple[Any, int, int | None], list[str]] = {}
        for abi in TARGETS:
            values = [(version, get(snapshots[abi, version])) for version in (UNDEFINED, *versions)]
            for form in _runs(values):
                forms.setdefault(form, []).append(abi)
        return tuple(Variant(*form, tuple(abis)) for form, abis in forms.items())

    return Header(
        newest,
        versions,
        messages=variants(lambda declared: declared.messages),
        docs={name: doc for one in snapshots.values() for name, doc in one.docs.items()},
        **{
            section: {name: variants(_getter(section, name)) for name in names(section)}
            for section in SECTIONS
        },
    )


def _runs(values: Iterable[tuple[int, Any]]) -> list[tuple[Any, int, int | None]]:
    """Merge equal neighbours into (value, first version, first version behind), empty ones out."""
    runs: list[tuple[Any, int, int | None]] = []
    for version, value in values:
        if runs and runs[-1][0] == value:
            continue
        if runs:
            runs[-1] = (*runs[-1][:2], version)
        runs.append((value, version, None))
    return [run for run in runs if run[0]]


def _getter(section: str, name: str) -> Callable[[Declarations], Any]:
    return lambda declared: getattr(declared, section).get(name)


def literal(value: object, indent: str = "") -> str:
    """Return a value as Python source, dataclasses without the fields left at their defaults."""
    inner = indent + "    "
    if is_dataclass(value) and not isinstance(value, type):
        rows = []
        for one in fields(value):
            default = one.default if one.default is not MISSING else None
            current = getattr(value, one.name)
            if one.default is MISSING or current != default:
                version = one.name in ("newest", "gates", "since", "before")
                text = _versions(current) if version else literal(current, inner)
                rows.append(f"{one.name}={text}")
        return _bracket(f"{type(value).__name__}(", rows, ")", indent)
    if isinstance(value, dict):
        rows = [f"{literal(k)}: {literal(v, inner)}" for k, v in value.items()]
        return _bracket("{", rows, "}", indent)
    if isinstance(value, tuple):
        rows = [literal(one, inner) for one in value]
        return _bracket("(", rows, ",)" if len(rows) == 1 else ")", indent)
    return repr(value)


def _versions(value: int | tuple[int, ...]) -> str:
    if isinstance(value, int):
        return f"0x{value:08x}"
    return f"({''.join(f'0x{one:08x}, ' for one in value)})"


def _bracket(start: str, rows: list[str], end: str, indent: str) -> str:
    line = f"{start}{', '.join(rows)}{end}"
    if len(line) + len(indent) <= LINE and "\n" not in line:
        return line
    inner = indent + "    "
    return f"{start}\n" + "".join(f"{inner}{row},\n" for row in rows) + f"{indent}{end.lstrip(',')}"


LINE = 100
"""How long a line of derived Python may be."""

NOTICE = "Written by build_ffi.py from include/xen: change that, not this."


def data(header: Header) -> str:
    """Return the source of ``xengnt/abi/_generated.py``."""
    text = literal(header)
    classes = sorted(name for name in vars(declarations) if f"{name}(" in text)
    imports = "".join(f"    {name},\n" for name in classes)
    return (
        f'# SPDX-License-Identifier: MIT\n"""What include/xen declares. {NOTICE}"""\n\n'
        f"# ruff: noqa\nfrom xengnt.abi.declarations import (\n{imports})\n\n"
        f"HEADER = {text}\n"
    )


def stubs(header: Header) -> str:
    """Return the source of ``xengnt/abi/constants.pyi``."""
    declared = header.at("x86_64")
    head = (
        f"# SPDX-License-Identifier: MIT\n# {NOTICE}\n"
        "from enum import IntEnum, IntFlag\n\n"
        "class Documented:\n"
        "    @property\n    def c_name(self) -> str: ...\n"
        "    @property\n    def doc(self) -> str: ...\n"
        "    @property\n    def message(self) -> str: ...\n"
    )
    parts = [head]
    for tag, name in PYTHON_NAMES.items():
        enum = declared.enums[tag]
        rows = [
            f"    {enum.short(member).upper()} = {declared.constants[member].value}\n"
            for member in enum.members
        ]
        base = "IntFlag" if enum.bits else "IntEnum"
        parts.append(f"\nclass {name}(Documented, {base}):\n{''.join(rows)}")
    return "".join(parts)


def op_stubs(header: Header) -> str:
    """Return the source of ``xengnt/ops.pyi``."""
    layout = compute(header.at("x86_64"))
    methods, batches = [], []
    for op, one in layout.ops.items():
        leaves = layout.structs[one.struct].leaves
        columns = [f.name for f in leaves if f.direction != "OUT" and "." not in f.name]
        keywords = "".join(f"        {name}: _Column = ...,\n" for name in columns)
        methods.append(
            f"    def {op}(\n        self,\n        rows: _Rows | None = ...,\n        /,\n"
            f"        *,\n{keywords}        **columns: _Column,\n    ) -> {result_class(op)}: ...\n"
        )
        results = [
            f"    @property\n    def {field.name}(self) -> list[{_result(field)}]: ...\n"
            for field in leaves
            if "." not in field.name
        ]
        batches.append(f"\nclass {result_class(op)}(Batch):\n{''.join(results)}")
    return (
        f"# SPDX-License-Identifier: MIT\n# {NOTICE}\n"
        "from collections.abc import Iterable, Mapping\nfrom typing import Any, TypeAlias\n\n"
        "from xengnt.abi.constants import Status\nfrom xengnt.batch import Batch\n\n"
        "_Column: TypeAlias = int | str | Iterable[Any] | Mapping[str, Any]\n"
        "_Rows: TypeAlias = Iterable[Any] | Mapping[str, Any]\n\n"
        f"class Ops:\n{''.join(methods)}{''.join(batches)}\n"
        "BATCHES: dict[str, type[Batch]]\n"
    )


def _result(field: Field) -> str:
    return "Status | int" if field.enum == "grant_status" else "int"


class _Cdef:
    """Our declarations as C for cffi, guest handles by names of our own."""

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.handles: dict[str, str] = {}

    def text(self) -> str:
        """Return the declarations, and fill `handles`."""
        structs = [f"{self._aggregate(one)};\n" for one in self.declared.aggregates.values()]
        typedefs = [f"typedef int... {name};\n" for name in compute(self.declared).typedefs]
        handles = [
            f"typedef struct {{ {pointee} *p; ...; }} {handle};\n"
            for handle, pointee in self.handles.items()
        ]
        return "".join([*typedefs, *handles, *structs])

    def preamble(self) -> str:
        """Return the C that gives the handles their names."""
        return "".join(
            f"typedef XEN_GUEST_HANDLE({pointee}) {handle};\n"
            for handle, pointee in self.handles.items()
        )

    def _aggregate(self, aggregate: Aggregate) -> str:
        name = f" {aggregate.tag}" if aggregate.tag else ""
        members = "".join(f"{self._member(member)};\n" for member in aggregate.members)
        return f"{aggregate.kind}{name} {{\n{members}}}"

    def _member(self, member: Member) -> str:
        ctype, suffix = member.type, ""
        while isinstance(ctype, Array):
            suffix += f"[{ctype.count}]"
            ctype = ctype.of
        return f"{self._type(ctype)} {member.name}{suffix}"

    def _type(self, ctype: CType) -> str:
        match ctype:
            case Aggregate(_, None):
                return self._aggregate(ctype)
            case Named(name) if spell(ctype) != name:
                pointee = spell(ctype).removeprefix("XEN_GUEST_HANDLE(").removesuffix(")")
                handle = f"xengnt_handle_{pointee}"
                self.handles[handle] = pointee
                return handle
            case Named(name) if name in self.declared.typedefs and isinstance(
                self.declared.typedefs[name].type, Tagged
            ):
                return spell(self.declared.typedefs[name].type)
            case Named() | Arithmetic() | Tagged() | Aggregate():
                return spell(ctype)
        raise XengntError(f"{ctype} cannot be given to cffi")


def _opinion(layout: Layout) -> str:
    """Return the tables with which the compiler states what cffi does not ask it."""
    constants = [f"XENGNT_CONSTANT({name})" for name in layout.constants]
    members = []
    for tag, struct in layout.structs.items():
        for field in struct.fields:
            name, path = f'"{tag}.{field.name}"', field.name
            if field.kind == "int":
                element = "" if field.count is None else "[0]"
                members.append(f"XENGNT_MEMBER({name}, {struct.kind} {tag}, {path}{element})")
            elif field.kind == "handle":
                name = f'"{tag}.{field.name}*"'
                members.append(f"XENGNT_POINTEE({name}, {struct.kind} {tag}, {path}.p)")
    return (
        f"static const struct xengnt_constant xengnt_constants[] = {{\n{_rows(constants)}}};\n"
        f"static const struct xengnt_member xengnt_members[] = {{\n{_rows(members)}}};\n"
    )


def _rows(rows: list[str]) -> str:
    return "".join(f"    {row},\n" for row in rows)


def _prototypes(text: str) -> str:
    """Return the declarations of the functions that a header of our own defines."""
    return "".join(
        f"{one};\n" for one in re.findall(r"^static inline (.+)\n\{$", text, re.MULTILINE)
    )


def extension(header: Header) -> str:
    """Return the source of the extension, as cffi writes it."""
    declared = header.at("x86_64")
    cdef = _Cdef(declared)
    includes = "".join(f'#include "{own}"\n' for own in OWN)
    ffi = cffi.FFI()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ffi.cdef(cdef.text())
        ffi.cdef((ROOT / "native" / "opinion.cdef.h").read_text())
        for own in OWN:
            ffi.cdef(_prototypes((ROOT / "native" / own).read_text()))
        ffi.cdef(
            "extern const struct xengnt_constant xengnt_constants[...];"
            "extern const struct xengnt_member xengnt_members[...];"
            "extern const char *const xengnt_messages[...];"
        )
        ffi.set_source(
            "xengnt._ffi",
            f"/* {NOTICE} */\n"
            "#include <stdint.h>\n"
            f"#define __XEN_INTERFACE_VERSION__ {format_version(header.newest)}\n"
            "#include <xen/grant_table.h>\n"
            f"{cdef.preamble()}"
            '#include "opinion.h"\n'
            f"{includes}"
            f"{_opinion(compute(declared))}",
            py_limited_api=True,
        )
        written = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()):  # cffi says what it is doing
            ffi.emit_c_code(written)
    return written.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Write the derived files or, with ``--check``, compare them with those in the tree."""
    parser = argparse.ArgumentParser(
        description="Derive the declarations, the stubs and the extension from the header."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file is not current"
    )
    parser.add_argument(
        "--include", type=Path, default=ROOT / "include", help="read these headers instead"
    )
    parser.add_argument("--output", type=Path, default=ROOT, help="write to this tree instead")
    options = parser.parse_args(arguments)
    if cffi.__version__ != CFFI_VERSION:
        print(
            f"build_ffi.py: needs cffi {CFFI_VERSION}, and this is {cffi.__version__}: "
            f"pip install cffi=={CFFI_VERSION}",
            file=sys.stderr,
        )
        return 2
    try:
        header = derive(options.include)
        files = {
            DATA: data(header),
            STUBS: stubs(header),
            OPS: op_stubs(header),
            EXTENSION: extension(header),
        }
    except XengntError as error:
        print(f"build_ffi.py: {error}", file=sys.stderr)
        return 2
    stale = 0
    for name, text in files.items():
        path = options.output / name
        current = path.is_file() and path.read_text() == text
        if options.check:
            print(f"{name}: {'current' if current else 'not current: run build_ffi.py'}")
            stale += not current
        elif not current:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"{name}: written")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
