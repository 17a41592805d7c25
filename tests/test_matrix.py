# SPDX-License-Identifier: MIT
"""Each class of mistake in each kind of source: found, or proven not to be in it.

`RIGHT` is a copy of a part of the interface as a project would type it; each fault
is one edit of it. Compilers make objects of both, and Python code and layout JSON say
the same. Where a fault is not found, what the source is made of is the same with the
fault and without: there is nothing to be seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import oracle
import pytest

from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.abi.targets import TARGETS
from xengnt.check import check
from xengnt.findings import ERROR, NOTE, WARNING
from xengnt.sources.header import HeaderFile

pytestmark = pytest.mark.usefixtures("scratch")

DOC = oracle.ROOT / "docs" / "check.md"

RIGHT = """\
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef short int16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;
#ifdef __i386__
typedef unsigned long xen_pfn_t;
#else
typedef uint64_t xen_pfn_t;
#endif
#if defined(__i386__) || defined(__x86_64__)
typedef struct { xen_pfn_t *p; } frames;
#else
typedef union { xen_pfn_t *p; uint64_t __attribute__((aligned(8))) q; } frames;
#endif

/* ` enum grant_table_op { // GNTTABOP_* => struct gnttab_* */
#define GNTTABOP_copy 5
#define GNTTABOP_get_version 10
/* ` } */

enum grant_status_values { GNTST_okay = 0, GNTST_general_error = -1, GNTST_bad_domain = -2 };
#define GNTST_eagain (-12)
#define GNTST_no_space (-13)
#define GNTTAB_CACHE_CLEAN (1u<<0)

struct gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        xen_pfn_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset;
};
struct gnttab_copy {
    struct gnttab_copy_ptr source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};
struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;
    frames frame_list;
};
struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t status;
};
struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version;
};
struct gnttab_cache_flush {
    union {
        uint64_t dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset;
    uint16_t length;
    uint32_t op;
};
"""

USE = """
struct {
    struct gnttab_copy *a; struct gnttab_setup_table *b; struct gnttab_swap_grant_ref *c;
    struct gnttab_get_version *d; struct gnttab_cache_flush *e; enum grant_status_values f;
} use;
"""
"""So that compilers describe it all; one variable, since gcc orders those of BTF at random."""

KINDS = ("header", "DWARF, gcc", "DWARF, clang", "BTF", "ctypes", "numpy", "cffi", "JSON")
COMPILED = ("DWARF, gcc", "DWARF, clang", "BTF")
PYTHON = ("ctypes", "numpy", "cffi")

FOUND = "found"
MACHINE = "of another machine"
UNSEEN = "not in it"


@dataclass(frozen=True)
class Fault:
    """A mistake.

    Attributes:
        name: what it is.
        edit: what is replaced by what.
        severity: of what must be found.
        code: the same.
        where: the same.
        abi: on which ABI it shows.
        unseen: the kinds in which there is nothing to be seen, and why.
    """

    name: str
    edit: tuple[str, str]
    code: str
    where: str
    severity: str = ERROR
    abi: str = "x86_64"
    unseen: dict[str, str] = field(default_factory=dict)


NO_MACROS = dict.fromkeys(COMPILED, "a macro leaves nothing in an object")
NO_OPS = dict.fromkeys((*COMPILED, *PYTHON), "which struct a command takes is only in comments")
NO_C = dict.fromkeys(("ctypes", "numpy"), "an integer of Python has no type of C")
NO_DEFINES = {"cffi": "what cffi takes of a macro is its value"}

FAULTS = (
    Fault(
        "a member too wide",
        ("domid_t domid;", "uint32_t domid;"),
        "field-size", "gnttab_copy_ptr.domid",
    ),
    Fault(
        "the same where C's padding hides the move",
        ("    int16_t status;\n    frames", "    int status;\n    frames"),
        "field-size", "gnttab_setup_table.status",
    ),
    Fault(
        "a pad by hand that is right on one ABI only",
        ("    frames frame_list;", "    uint8_t by_hand[6];\n    frames frame_list;"),
        "field-offset", "gnttab_setup_table.frame_list", abi="x86_32",
        unseen={"cffi": MACHINE},
    ),
    Fault(
        "a pointer for a handle of 8 bytes",
        ("frames frame_list;", "xen_pfn_t *frame_list;"),
        "field-size", "gnttab_setup_table.frame_list", abi="arm32",
        unseen={"cffi": MACHINE},
    ),
    Fault(
        "a pointer to elements of another size",
        ("frames frame_list;", "uint32_t *frame_list;"),
        "pointee-size", "gnttab_setup_table.frame_list",
        unseen={"numpy": "an address is a plain integer"},
    ),
    Fault(
        "packed where there is a hole",
        ("    frames frame_list;\n}", "    frames frame_list;\n} __attribute__((packed))"),
        "field-offset", "gnttab_setup_table.nr_frames",
    ),
    Fault(
        "an unsigned status",
        ("    uint16_t flags;\n    int16_t status;", "    uint16_t flags;\n    uint16_t status;"),
        "field-sign", "gnttab_copy.status",
    ),
    Fault(
        "a pad that is gone",
        ("    uint16_t pad;\n", ""),
        "pad-missing", "gnttab_get_version.pad",
    ),
    Fault(
        "two members in the wrong order",
        ("uint16_t len;\n    uint16_t flags;", "uint16_t flags;\n    uint16_t len;"),
        "field-offset", "gnttab_copy.flags",
    ),
    Fault(
        "a union that became a struct",
        ("    union {\n        uint64_t dev", "    struct {\n        uint64_t dev"),
        "field-kind", "gnttab_cache_flush.a",
    ),
    Fault(
        "another number of elements",
        ("    uint16_t pad;\n    uint32_t version;", "    uint16_t pad[3];\n    uint32_t version;"),
        "field-count", "gnttab_get_version.pad",
    ),
    Fault(
        "an alignment that changes the size",
        ("    int16_t status;\n};\nstruct gnttab_get",
         "    int16_t status;\n} __attribute__((packed, aligned(2)));\nstruct gnttab_get"),
        "struct-size", "gnttab_swap_grant_ref",
    ),
    Fault(
        "an alignment that changes nothing else",
        ("    uint32_t op;\n};", "    uint32_t op;\n} __attribute__((packed, aligned(4)));"),
        "struct-align", "gnttab_cache_flush", WARNING,
        unseen={
            "BTF": "it has no alignments",
            **dict.fromkeys(("ctypes", "numpy"), "written by offsets, it has no alignment"),
        },
    ),
    Fault(
        "the value of an enumerator",
        ("GNTST_bad_domain = -2", "GNTST_bad_domain = -3"),
        "constant-value", "GNTST_bad_domain",
    ),
    Fault(
        "the value of a macro",
        ("GNTST_eagain (-12)", "GNTST_eagain (-11)"),
        "constant-value", "GNTST_eagain",
        unseen=NO_MACROS,
    ),
    Fault(
        "a flag that is signed",
        ("(1u<<0)", "(1<<0)"),
        "constant-sign", "GNTTAB_CACHE_CLEAN",
        unseen={**NO_MACROS, **NO_C, **NO_DEFINES},
    ),
    Fault(
        "a stale list of constants",
        ("#define GNTST_no_space (-13)\n", "\n"),
        "constant-missing", "GNTST_no_space", NOTE,
        unseen=NO_MACROS,
    ),
    Fault(
        "a command with the wrong struct",
        ("#define GNTTABOP_copy 5\n",
         "#define GNTTABOP_copy 5 /* => struct gnttab_swap_grant_ref */\n"),
        "op-struct", "GNTTABOP_copy",
        unseen=NO_OPS,
    ),
)  # fmt: skip


def faulty(fault: Fault | None) -> str:
    """Return the source with a fault, or without any."""
    if fault is None:
        return RIGHT
    assert RIGHT.count(fault.edit[0]) == 1, fault.name
    return RIGHT.replace(*fault.edit)


@cache
def layout_of(text: str, abi: str, folder: Path) -> Layout:
    """Return the layout of a header, which the other sources are written from."""
    path = folder / "written.h"
    path.write_text(text)
    version = 0x00041300
    return HeaderFile(path).read(TARGETS[abi], version, None).layout


# How each kind of source is made.


def header(text: str, _abi: str, folder: Path) -> Path:
    """Write the header itself."""
    path = folder / "theirs.h"
    path.write_text(text)
    return path


def compiled(kind: str, *flags: str) -> Callable[[str, str, Path], Path]:
    """Return a function that has a compiler make an object."""

    def make(text: str, abi: str, folder: Path) -> Path:
        path = folder / "theirs.o"
        path.write_bytes(oracle.compiler(kind, abi).object(text + USE, *flags))
        return path

    return make


def _scalar(one: Field) -> str:
    size = one.size // (one.count or 1)
    return f"{'int' if one.signed else 'uint'}{8 * size}"


def ctypes_text(layout: Layout) -> str:
    """Return Python code with the structs of a layout, as ctypes; holes as members."""
    lines = ["from ctypes import *"]
    for struct in layout.structs.values():
        _ctypes_class(lines, struct, "", struct.tag, struct.kind, struct.size, 0)
    lines += [f"{name} = {one.value}" for name, one in layout.constants.items()]
    return "\n".join(lines)


def _ctypes_class(
    lines: list[str],
    struct: StructLayout,
    path: str,
    name: str,
    kind: str,
    size: int,
    base: int,
) -> None:
    members = struct.members_of(path)
    natural = _natural(members, kind, size, base)
    fields, at = [], 0
    for one in members:
        if kind == "struct" and one.offset - base > at and not natural:
            fields.append(f"('_hole{at}', c_uint8 * {one.offset - base - at})")
        last = one.name.rpartition(".")[2]
        if one.scalar:
            made = f"c_{_scalar(one)}"
            if one.pointee and one.size == 8:
                made = f"POINTER(c_uint{8 * (one.pointee.size or 1)})"
            made += f" * {one.count}" if one.count else ""
        else:
            made = f"{name}_{last}"
            _ctypes_class(lines, struct, one.name, made, one.kind, one.size, one.offset)
        fields.append(f"('{last}', {made})")
        at = one.end - base
    if kind == "struct" and size > at and not natural:
        fields.append(f"('_hole{at}', c_uint8 * {size - at})")
    lines.append(f"class {name}({'Structure' if kind == 'struct' else 'Union'}):")
    lines.append("    pass" if natural else "    _pack_ = 1")
    lines.append(f"    _fields_ = [{', '.join(fields)}]")


def _natural(members: Sequence[Field], kind: str, size: int, base: int) -> bool:
    """Tell whether this machine's rules give members these places."""
    at, widest = 0, 1
    for one in members:
        align = one.size // (one.count or 1) if one.scalar else one.align or 1
        widest = max(widest, align)
        at = -(-(0 if kind == "union" else at) // align) * align
        if at != one.offset - base:
            return False
        at += one.size
    return kind == "union" or -(-at // widest) * widest == size


def numpy_text(layout: Layout) -> str:
    """Return Python code with the structs of a layout, as numpy dtypes."""
    lines = ["import numpy"]
    lines += [f"{s.tag} = {_dtype(s, '', s.size, 0)}" for s in layout.structs.values()]
    lines += [f"{name} = {one.value}" for name, one in layout.constants.items()]
    return "\n".join(lines)


def _dtype(struct: StructLayout, path: str, size: int, base: int) -> str:
    members = struct.members_of(path)
    formats = []
    for one in members:
        made = f"'{_scalar(one)}'" if one.scalar else _dtype(struct, one.name, one.size, one.offset)
        formats.append(f"({made}, ({one.count},))" if one.count else made)
    names = [one.name.rpartition(".")[2] for one in members]
    offsets = [one.offset - base for one in members]
    return (
        f"numpy.dtype({{'names': {names}, 'formats': [{', '.join(formats)}],"
        f" 'offsets': {offsets}, 'itemsize': {size}}})"
    )


def python(written: Callable[[Layout], str]) -> Callable[[str, str, Path], str]:
    """Return a function that writes Python code from the layout of a header."""

    def make(text: str, abi: str, folder: Path) -> str:
        path = folder / "theirs.py"
        path.write_text(written(layout_of(text, abi, folder)))
        return f"py:{path}"

    return make


def cffi(text: str, _abi: str, folder: Path) -> str:
    """Write Python code that gives cffi the header, as it can take it."""
    text = re.sub(r" */\*.*?\*/", "", text)
    lines = text.replace("typedef struct { xen_pfn_t *p; } frames;", "FRAMES").splitlines()
    plain = [line for line in lines if not line.startswith(("#if", "#e", "typedef union"))]
    plain.remove("typedef unsigned long xen_pfn_t;")
    text = "\n".join(plain).replace("FRAMES", "typedef struct { xen_pfn_t *p; } frames;")
    text = text.replace("(1u<<0)", "1").replace("(1<<0)", "1")
    text = text.replace("(-", "-").replace(")\n", "\n") if "(-1" in text else text
    code = "import cffi\nffi = cffi.FFI()\n"
    start, attribute, end = text.partition(" __attribute__((packed")
    if attribute:
        cut = start.rindex("\nstruct ")
        rest = end[end.index(";") :]
        code += f"ffi.cdef('''{start[:cut]}''')\n"
        pack = 2 if "aligned(2)" in end else 4 if "aligned(4)" in end else 1
        code += f"ffi.cdef('''{start[cut:]};''', pack={pack})\nffi.cdef('''{rest[1:]}''')\n"
    else:
        code += f"ffi.cdef('''{text}''')\n"
    path = folder / "theirs.py"
    path.write_text(code + "lib = ffi.dlopen(None)\n")
    return f"py:{path}"


def layout_json(text: str, abi: str, folder: Path) -> Path:
    """Write the layout of the header."""
    path = folder / "theirs.json"
    path.write_text(json.dumps(layout_of(text, abi, folder).as_json()))
    return path


MAKERS: dict[str, Callable[[str, str, Path], str | Path]] = {
    "header": header,
    "DWARF, gcc": compiled("gcc", "-g"),
    "DWARF, clang": compiled("clang", "-g", "-gdwarf-4"),
    "BTF": compiled("gcc", "-gbtf"),
    "ctypes": python(ctypes_text),
    "numpy": python(numpy_text),
    "cffi": cffi,
    "JSON": layout_json,
}


def statements(kind: str, text: str, abi: str, folder: Path) -> set[tuple[str, str, str]]:
    """Return what the check says of a source: severity, code and place."""
    source = MAKERS[kind](text, abi, folder)
    return {(f.severity, f.code, f.where) for f in check(source, abis=[abi]).findings}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("abi", ["x86_64", "x86_32", "arm32"])
def test_without_a_fault_there_is_none(kind: str, abi: str, tmp_path: Path) -> None:
    """Would catch a right source of any kind that is called wrong."""
    if kind == "cffi" and abi != "x86_64":
        return  # it has the types of this machine, see `MACHINE`
    found = statements(kind, RIGHT, abi, tmp_path)
    assert not {one for one in found if one[0] in (ERROR, WARNING)}
    assert (NOTE, "constant-missing", "GNTST_no_space") not in found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_or_not_there(fault: Fault, kind: str, tmp_path: Path) -> None:
    """Would catch a fault that a source shows and the check does not see, or misplaces."""
    text = faulty(fault)
    if kind not in fault.unseen:
        found = statements(kind, text, fault.abi, tmp_path)
        assert (fault.severity, fault.code, fault.where) in found, sorted(found)
        return
    if fault.unseen[kind] == MACHINE:
        native = statements(kind, text, "x86_64", tmp_path)
        assert not {one for one in native if one[0] in (ERROR, WARNING)}
        return
    right = MAKERS[kind](RIGHT, fault.abi, tmp_path)
    before = Path(str(right).removeprefix("py:")).read_bytes()
    wrong = MAKERS[kind](text, fault.abi, tmp_path)
    assert Path(str(wrong).removeprefix("py:")).read_bytes() == before


def table() -> str:
    """Return the matrix as the documentation shows it."""
    rows = ["| mistake | " + " | ".join(KINDS) + " |", "|---" * (len(KINDS) + 1) + "|"]
    reasons: list[str] = []
    for fault in FAULTS:
        cells = []
        for kind in KINDS:
            reason = fault.unseen.get(kind)
            if reason is None:
                cells.append("✓")
                continue
            if reason not in reasons:
                reasons.append(reason)
            cells.append(f"({reasons.index(reason) + 1})")
        rows.append(f"| {fault.name} | " + " | ".join(cells) + " |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*rows, "", *notes])


def test_the_documentation_shows_the_matrix() -> None:
    """Would catch a table in the documentation that is not what these tests see."""
    assert table() in DOC.read_text()
