# SPDX-License-Identifier: MIT
"""The reader of Python: what people write with ctypes, numpy and cffi, and code that misbehaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cffi
import pytest
from oracle import ABIS, ROOT

from xengnt.abi.declarations import Constant, header
from xengnt.abi.layout import Field, Layout, TypeLayout, compute
from xengnt.abi.targets import TARGETS, UNDEFINED, native
from xengnt.compare import compare
from xengnt.errors import SourceError
from xengnt.findings import NOTE
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import read as read_header
from xengnt.sources.python import read
from xengnt.sources.python_run import MAX_SOURCE
from xengnt.sources.reading import ALIGNMENT, POINTEES, TYPEDEFS, Reading


def of(abi: str) -> Layout:
    """Return our layout for an ABI."""
    return compute(header().at(abi))


def ours(name: str) -> bool:
    """Want what the ABI has, at any interface version."""
    known = header()
    return name in {*known.aggregates, *known.typedefs, *known.constants}


def all_names(name: str) -> bool:
    """Want everything that is not of Python itself."""
    return not name.startswith("__")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a file and returns its path."""

    def write(text: str, name: str = "theirs.py") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


Write = Callable[..., str]


def errors(abi: str, reading: Reading) -> set[str]:
    """Return the errors and warnings, as code and place."""
    return {
        f"{one.code} {one.where}"
        for one in compare(of(abi), reading.layout)
        if one.severity != NOTE
    }


# What this package makes itself, and what the C compiler made of it.

MADE = """
import xengnt
abi = xengnt.Abi({abi!r})
for tag in abi.layout.structs:
    globals()[tag] = abi.{kind}(tag)
"""


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("kind", ["ctype", "dtype"])
def test_what_we_make_is_clean(abi: str, kind: str, write: Write) -> None:
    """Would catch a structure or dtype of ours, on any ABI, that is not read as it was made."""
    reading = read(write(MADE.format(abi=abi, kind=kind)), ours, TARGETS[abi])
    assert reading.layout.structs.keys() == of(abi).structs.keys()
    assert not reading.problems
    assert errors(abi, reading) == set()
    assert reading.layout.abi == abi
    assert reading.layout.interface_version == UNDEFINED


def test_a_compiled_extension_is_clean() -> None:
    """Would catch a type or constant of a compiled cffi module that is not read as it is in C."""
    abi = native().name
    reading = read("xengnt._ffi", ours, native())
    assert not reading.problems
    assert errors(abi, reading) == set()
    layout = of(abi)
    assert reading.layout.structs.keys() == layout.structs.keys()
    assert reading.layout.typedefs == layout.typedefs
    assert not reading.unseen
    theirs, mine = (
        reading.layout.structs["gnttab_setup_table"],
        layout.structs["gnttab_setup_table"],
    )
    assert [one.pointee and one.pointee.size for one in theirs.fields] == [
        one.pointee and one.pointee.size for one in mine.fields
    ]


# What people write.

CTYPES = """
from ctypes import *
from enum import IntEnum, IntFlag

domid_t = c_uint16
grant_ref_t = c_uint32
GNTTABOP_copy = 5

class gnttab_map_grant_ref(LittleEndianStructure):
    _fields_ = [
        ("host_addr", c_uint64),
        ("flags", c_uint32),
        ("ref", grant_ref_t),
        ("dom", domid_t),
        ("status", c_int16),
        ("handle", c_uint32),
        ("dev_bus_addr", c_uint64),
    ]

class gnttab_setup_table(Structure):
    _fields_ = [
        ("dom", domid_t),
        ("nr_frames", c_uint32),
        ("status", c_int16),
        ("frame_list", POINTER(c_uint64)),
    ]

class gnttab_get_version(Structure):
    _fields_ = [("dom", domid_t), ("pad", c_uint16), ("version", c_uint32)]

class U(Union):
    _fields_ = [("ref", grant_ref_t), ("gmfn", c_uint64)]

class gnttab_copy_ptr(Structure):
    _fields_ = [("u", U), ("domid", domid_t), ("offset", c_uint16)]

class gnttab_copy(Structure):
    _fields_ = [
        ("source", gnttab_copy_ptr),
        ("dest", gnttab_copy_ptr),
        ("len", c_uint16),
        ("flags", c_uint16),
        ("status", c_int16),
    ]

class gnttab_transfer(Structure):
    _pack_, _layout_ = 1, "ms"
    _fields_ = [
        ("mfn", c_uint64),
        ("domid", domid_t),
        ("pad", c_uint8 * 2),
        ("ref", c_uint32),
        ("status", c_int16),
        ("pad2", c_uint8 * 6),
    ]

class Status(IntEnum):
    GNTST_okay = 0
    GNTST_bad_page = -9

class MapFlag(IntFlag):
    GNTMAP_readonly = 1 << 2
"""

NUMPY = """
import numpy as np

domid_t = np.uint16
GNTTABOP_copy = np.int32(5)

gnttab_map_grant_ref = np.dtype([
    ("host_addr", "<u8"),
    ("flags", "<u4"),
    ("ref", "<u4"),
    ("dom", domid_t),
    ("status", "<i2"),
    ("handle", "<u4"),
    ("dev_bus_addr", "<u8"),
])
gnttab_setup_table = np.dtype(
    [("dom", "<u2"), ("nr_frames", "<u4"), ("status", "<i2"), ("frame_list", "<u8")], align=True
)
gnttab_get_version = np.dtype([("dom", "<u2"), ("pad", "<u2"), ("version", "<u4")])
u = np.dtype({"names": ["ref", "gmfn"], "formats": ["<u4", "<u8"], "offsets": [0, 0]})
ptr = np.dtype([("u", u), ("domid", "<u2"), ("offset", "<u2"), ("_gap", "V4")])
gnttab_copy = np.dtype([
    ("source", ptr),
    ("dest", ptr),
    ("len", "<u2"),
    ("flags", "<u2"),
    ("status", "<i2"),
    ("_gap", "V2"),
])
gnttab_transfer = np.dtype([
    ("mfn", "<u8"),
    ("domid", "<u2"),
    ("pad", "u1", 2),
    ("ref", "<u4"),
    ("status", "<i2"),
    ("pad2", "u1", (2, 3)),
])

class Status:
    GNTST_okay = 0
    GNTST_bad_page = -9

GNTMAP_readonly = 4
"""

CFFI = '''
import cffi

ffi = cffi.FFI()
ffi.cdef("""
#define GNTTABOP_copy 5
#define GNTMAP_readonly 4
enum { GNTST_okay = 0, GNTST_bad_page = -9 };
typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;
struct gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags;
    grant_ref_t ref;
    domid_t dom;
    int16_t status;
    uint32_t handle;
    uint64_t dev_bus_addr;
};
typedef union { uint64_t *p; uint64_t q; } frame_list_t;
struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;
    frame_list_t frame_list;
};
struct gnttab_get_version { domid_t dom; uint16_t pad; uint32_t version; };
struct gnttab_copy_ptr {
    union { grant_ref_t ref; uint64_t gmfn; } u;
    domid_t domid;
    uint16_t offset;
};
typedef struct gnttab_copy {
    struct gnttab_copy_ptr source, dest;
    uint16_t len, flags;
    int16_t status;
} gnttab_copy_t;
typedef struct {
    uint64_t mfn;
    domid_t domid;
    uint32_t ref;
    int16_t status;
} gnttab_transfer;
""")
'''

FILES = {"ctypes": CTYPES, "numpy": NUMPY, "cffi": CFFI}
STRUCTS = {
    *("gnttab_map_grant_ref", "gnttab_setup_table", "gnttab_get_version", "gnttab_copy"),
    "gnttab_transfer",
}
CONSTANTS = {"GNTTABOP_copy": 5, "GNTMAP_readonly": 4, "GNTST_okay": 0, "GNTST_bad_page": -9}

wide = pytest.mark.skipif(
    native().word != 8, reason="pointers of ctypes and cffi are this machine's, of 4 bytes"
)


@wide
@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("abi", [abi for abi in ABIS if abi not in ("x86_32", "arm32")])
def test_what_people_write_is_clean(kind: str, abi: str, write: Write) -> None:
    """Would catch a way of writing structs in Python that is misread, or cannot be read."""
    reading = read(write(FILES[kind]), ours, TARGETS[abi])
    assert not reading.problems
    assert reading.layout.structs.keys() >= STRUCTS
    assert {name: one.value for name, one in reading.layout.constants.items()} == CONSTANTS
    assert reading.layout.typedefs["domid_t"].size == 2
    assert errors(abi, reading) == set()


@dataclass(frozen=True)
class Fault:
    """A mistake in one of the files, and what is to be said of it.

    Attributes:
        kind: the file.
        old: what is replaced.
        new: by what.
        abi: what it is compared with.
        expected: the errors, as code and place.
    """

    kind: str
    old: str
    new: str
    abi: str
    expected: str


MAP = "gnttab_map_grant_ref"
SHIFTED = " ".join(f"field-offset:{MAP}.{name}" for name in ("status", "handle", "dev_bus_addr"))
WIDENED = f"field-size:{MAP}.dom {SHIFTED} struct-size:{MAP}"
NO_PAD = "pad-missing:gnttab_get_version.pad"
FRAMES = "gnttab_setup_table.frame_list"
STATUS = "field-sign:gnttab_map_grant_ref.status"
TRANSFER_32 = (
    "field-size:gnttab_transfer.mfn field-offset:gnttab_transfer.domid "
    "field-offset:gnttab_transfer.ref field-offset:gnttab_transfer.status "
    "struct-size:gnttab_transfer"
)

FAULTS = {
    "ctypes-widened": Fault("ctypes", '"dom", domid_t),\n        ("status"',
        '"dom", c_uint32),\n        ("status"', "x86_64", WIDENED),
    "numpy-widened": Fault("numpy", '"dom", domid_t', '"dom", "<u4"', "arm64", WIDENED),
    "cffi-widened": Fault("cffi", "domid_t dom;\n    int16_t status;\n    uint32_t handle",
        "uint32_t dom;\n    int16_t status;\n    uint32_t handle", "arm64", WIDENED),
    "ctypes-pad-gone": Fault("ctypes", '("pad", c_uint16), ', "", "x86_32", NO_PAD),
    "numpy-pad-gone": Fault("numpy", '("pad", "<u2"), ("version", "<u4")]',
        '("version", "<u4")], align=True', "riscv64", NO_PAD),
    "cffi-pad-gone": Fault("cffi", " uint16_t pad;", "", "arm64", NO_PAD),
    "ctypes-pad-of-another-abi": Fault("ctypes", "", "", "x86_32", TRANSFER_32),
    "numpy-pad-of-another-abi": Fault("numpy", "", "", "x86_32", TRANSFER_32),
    "cffi-hole-of-another-abi": Fault("cffi", "", "", "x86_32", TRANSFER_32),
    "ctypes-hole-of-another-abi": Fault("ctypes", "", "", "x86_32",
        f"field-size:{FRAMES} field-offset:{FRAMES} struct-size:gnttab_setup_table"),
    "ctypes-pointer-for-a-handle": Fault("ctypes", "POINTER(c_uint64)", "c_uint32", "arm32",
        f"field-size:{FRAMES} field-offset:{FRAMES} struct-size:gnttab_setup_table"),
    "numpy-pointer-for-a-handle": Fault("numpy", '"frame_list", "<u8"', '"frame_list", "<u4"',
        "arm32", f"field-size:{FRAMES} field-offset:{FRAMES} struct-size:gnttab_setup_table"),
    "cffi-pointer-for-a-handle": Fault("cffi", "union { uint64_t *p; uint64_t q; }", "uint32_t",
        "arm32", f"field-size:{FRAMES} field-offset:{FRAMES} "
        "struct-size:gnttab_setup_table"),
    "ctypes-pointee": Fault("ctypes", "POINTER(c_uint64)", "POINTER(c_uint32)", "x86_64",
        f"pointee-size:{FRAMES}"),
    "ctypes-pointee-signed": Fault("ctypes", "POINTER(c_uint64)", "POINTER(c_longlong)", "arm32",
        f"pointee-sign:{FRAMES}"),
    "cffi-pointee": Fault("cffi", "uint64_t *p", "uint16_t *p", "ppc64", f"pointee-size:{FRAMES}"),
    "ctypes-packed": Fault("ctypes", "class gnttab_setup_table(Structure):\n",
        "class gnttab_setup_table(Structure):\n    _pack_, _layout_ = 1, 'ms'\n", "x86_64",
        "field-offset:gnttab_setup_table.nr_frames field-offset:gnttab_setup_table.status "
        f"field-offset:{FRAMES} struct-size:gnttab_setup_table"),
    "numpy-packed": Fault("numpy", ", align=True", "", "arm64",
        "field-offset:gnttab_setup_table.nr_frames field-offset:gnttab_setup_table.status "
        f"field-offset:{FRAMES} struct-size:gnttab_setup_table"),
    "cffi-packed": Fault("cffi", "FFI()", 'FFI()\nffi.cdef("struct gnttab_set_version {'
        ' uint8_t version; };", packed=True)', "x86_64",
        "field-size:gnttab_set_version.version struct-size:gnttab_set_version "
        "struct-align:gnttab_set_version"),
    "ctypes-unsigned-status": Fault("ctypes", '"dom", domid_t),\n        ("status", c_int16',
        '"dom", domid_t),\n        ("status", c_ushort', "riscv64", STATUS),
    "numpy-unsigned-status": Fault("numpy", '"dom", domid_t),\n    ("status", "<i2"',
        '"dom", domid_t),\n    ("status", "<u2"', "x86_64", STATUS),
    "cffi-unsigned-status": Fault("cffi", "int16_t status;\n    uint32_t handle",
        "uint16_t status;\n    uint32_t handle", "ppc64", STATUS),
    "ctypes-status-value": Fault("ctypes", "GNTST_bad_page = -9", "GNTST_bad_page = -10", "arm64",
        "constant-value:GNTST_bad_page"),
    "ctypes-flag-value": Fault("ctypes", "1 << 2", "1 << 3", "arm64",
        "constant-value:GNTMAP_readonly"),
    "numpy-op-value": Fault("numpy", "np.int32(5)", "np.int32(4)", "x86_32",
        "constant-value:GNTTABOP_copy"),
    "cffi-macro-value": Fault("cffi", "GNTMAP_readonly 4", "GNTMAP_readonly 8", "x86_64",
        "constant-value:GNTMAP_readonly"),
    "cffi-enumerator": Fault("cffi", "GNTST_bad_page = -9", "GNTST_bad_page = 9", "x86_64",
        "constant-value:GNTST_bad_page"),
    "ctypes-typedef": Fault("ctypes", "grant_ref_t = c_uint32", "grant_ref_t = c_int32", "x86_64",
        "type-sign:grant_ref_t field-sign:gnttab_map_grant_ref.ref "
        "field-sign:gnttab_copy_ptr.u.ref field-sign:gnttab_copy.source.u.ref "
        "field-sign:gnttab_copy.dest.u.ref"),
    "ctypes-struct-for-a-union": Fault("ctypes", "class U(Union)", "class U(Structure)", "x86_64",
        "struct-size:gnttab_copy_ptr struct-size:gnttab_copy field-offset:gnttab_copy.dest "
        "field-offset:gnttab_copy.len field-offset:gnttab_copy.flags "
        "field-offset:gnttab_copy.status "
        + " ".join(
            f"field-kind:{ptr}.u field-offset:{ptr}.u.gmfn field-offset:{ptr}.domid "
            f"field-offset:{ptr}.offset"
            for ptr in ("gnttab_copy_ptr", "gnttab_copy.source", "gnttab_copy.dest")
        )),
}  # fmt: skip


@wide
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_at_the_right_field(fault: Fault, write: Write) -> None:
    """Would catch a class of mistakes that is missed in Python, or put down to another field."""
    text = FILES[fault.kind]
    assert not fault.old or text.count(fault.old) == 1
    text = text.replace(fault.old, fault.new) if fault.old else text
    target = TARGETS[fault.abi]
    found = errors(fault.abi, read(write(text), ours, target))
    expected = {one.replace(":", " ") for one in fault.expected.split()}
    if fault.old:
        found -= errors(fault.abi, read(write(FILES[fault.kind]), ours, target))
    else:  # right on another ABI
        tags = {re.split("[ .]", one)[1] for one in expected}
        found = {one for one in found if re.split("[ .]", one)[1] in tags}
    assert found == expected


def test_a_stale_list_is_noted(write: Write) -> None:
    """Would catch a newer constant whose absence nobody is told."""
    reading = read(write(CTYPES), ours, native())
    missing = {
        one.where for one in compare(of(native().name), reading.layout) if one.severity == NOTE
    }
    assert {"GNTST_no_space", "GNTTABOP_cache_flush"} <= missing


# One struct in three languages.

SHAPES = """
typedef uint32_t grant_ref_t;
struct inner { uint8_t a; int16_t b; };
struct shapes {
    uint8_t first;
    struct inner list[3];
    union { uint32_t x; uint64_t y; };
    uint32_t low : 3, high : 20;
    int32_t other : 5;
    uint16_t grid[2][3];
    void (*call)(int);
    struct inner *next;
    char *name;
    void *any;
    int64_t **twice;
    struct { uint64_t *p; } handle;
    union { int8_t *p; uint64_t q; } union_handle;
    struct { uint32_t *p; } handles[2];
    char text[4];
    bool yes;
    float real;
    double large;
    long word;
    grant_ref_t ref;
};
"""

SHAPES_CTYPES = """
from ctypes import *

class inner(Structure):
    _fields_ = [("a", c_uint8), ("b", c_int16)]

class either(Union):
    _fields_ = [("x", c_uint32), ("y", c_uint64)]

class handle(Structure):
    _fields_ = [("p", POINTER(c_uint64))]

class union_handle(Union):
    _fields_ = [("p", POINTER(c_int8)), ("q", c_uint64)]

class small_handle(Structure):
    _fields_ = [("p", POINTER(c_uint32))]

class grant_ref_t(c_uint32):
    pass

class start(Structure):
    _anonymous_ = ["nameless"]
    _fields_ = [("first", c_uint8), ("list", inner * 3), ("nameless", either)]

class shapes(start):
    _fields_ = [
        ("low", c_uint32, 3), ("high", c_uint32, 20),
        ("other", c_int32, 5),
        ("grid", c_uint16 * 3 * 2),
        ("call", CFUNCTYPE(None, c_int)),
        ("next", POINTER(inner)),
        ("name", c_char_p),
        ("any", c_void_p),
        ("twice", POINTER(POINTER(c_int64))),
        ("handle", handle),
        ("union_handle", union_handle),
        ("handles", small_handle * 2),
        ("text", c_char * 4),
        ("yes", c_bool),
        ("real", c_float),
        ("large", c_double),
        ("word", c_long),
        ("ref", grant_ref_t),
    ]
"""


def facts(field: Field) -> tuple[object, ...]:
    """Return what all readers have to say alike of a field."""
    pointee = field.pointee and (field.pointee.size, field.pointee.signed)
    return field.name, field.offset, field.size, field.kind, field.signed, field.count, pointee


def test_three_languages_say_the_same(write: Write) -> None:
    """Would catch a kind of member that ctypes, cffi or the header reader sees as another."""
    header_file = Path(write(SHAPES, "shapes.h"))
    wanted = {"shapes", "inner", "grant_ref_t"}.__contains__
    source = read_header(Job(header_file, native(), UNDEFINED), wanted)
    expected = compute(source.declarations)
    inline = read(
        write(f"import cffi\nffi = cffi.FFI()\nffi.cdef('''{SHAPES}''')\n", "inline.py"),
        wanted,
        native(),
    )
    written = read(write(SHAPES_CTYPES, "written.py"), wanted, native())
    for reading in (inline, written):
        assert not reading.problems
        assert reading.layout.typedefs["grant_ref_t"] == expected.typedefs["grant_ref_t"]
        for tag in ("inner", "shapes"):
            mine, theirs = expected.structs[tag], reading.layout.structs[tag]
            assert (theirs.kind, theirs.size, theirs.align) == (mine.kind, mine.size, mine.align)
            assert [facts(one) for one in theirs.fields] == [facts(one) for one in mine.fields]
            assert theirs.holes == mine.holes
    bits = written.layout.structs["shapes"].field("high")
    assert (bits.type, bits.kind) == ("uint32_t:20", "bits")


BITS = (
    '("a", c_uint32, 3), ("b", c_uint32, 20), ("c", c_uint32, 20), ("d", c_uint64, 33)',
    '("a", c_uint8), ("b", c_uint16, 9), ("c", c_uint16, 7), ("d", c_int16, 1), ("e", c_uint8, 1)',
    '("a", c_uint32, 3), ("b", c_uint32, 20), ("c", c_int16, 5), ("d", c_uint8, 7)',
)


@pytest.mark.parametrize("members", BITS)
def test_bits_are_where_ctypes_has_them(members: str, write: Write) -> None:
    """Would catch a bit-field whose bits are elsewhere than where ctypes writes them.

    Some versions of ctypes put bit-fields of mixed types where they cannot be written.
    """
    text = f"from ctypes import *\nclass mixed(Structure): _fields_ = [{members}]"
    reading = read(write(text), {"mixed"}.__contains__, native())
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102 -- our own text

    def touched(name: str) -> list[int]:
        one = names["mixed"]()
        setattr(one, name, -1)
        return [offset for offset, byte in enumerate(bytes(one)) if byte]

    if reading.problems:
        name = re.findall(
            "bit-field '(.)' is outside of its unit", reading.problems["mixed"].message
        )
        assert touched(*name) == []
    else:
        for field in reading.layout.structs["mixed"].fields:
            assert touched(field.name) == list(range(field.offset, field.end)), field


def test_kinds_of_numpy(write: Write) -> None:
    """Would catch a scalar, an array or a union of numpy that is read as something else."""
    text = """
import numpy as np
flag = np.dtype([("on", "?"), ("real", "<f4"), ("when", "<M8[s]"), ("name", "S4"), ("raw", "V3")])
grid = np.dtype([("cells", flag, (2, 2)), ("text", "U2")])
both = np.dtype({"names": ["a", "b"], "formats": ["<u4", flag], "offsets": [0, 0], "itemsize": 24})
lone = np.dtype([("a", "<u4")])
aligned = np.dtype([("a", "u1"), ("b", "<u8")], align=True)
word_t = np.dtype("<i8")
list_t = np.dtype(("<i8", 3))
int_t = np.int16
void_t = np.void
"""
    reading = read(write(text), all_names, native())
    structs = reading.layout.structs
    rows = [(one.name, one.offset, one.size, one.kind, one.count) for one in structs["flag"].fields]
    assert rows == [
        ("on", 0, 1, "int", None),
        ("real", 1, 4, "float", None),
        ("when", 5, 8, "int", None),
        ("name", 13, 4, "int", 4),
        ("raw", 17, 3, "int", 3),
    ]
    assert structs["grid"].field("cells").count == 4
    assert structs["grid"].field("cells[].raw").offset == 17
    assert structs["grid"].field("text").size == 8
    assert (structs["both"].kind, structs["both"].size) == ("union", 24)
    assert structs["lone"].kind == "struct"
    assert (structs["aligned"].align, structs["flag"].align) == (8, None)
    types = {name: one.size for name, one in reading.layout.typedefs.items()}
    assert types == {"word_t": 8, "int_t": 2}
    assert not reading.problems


def test_names_and_namespaces(write: Write) -> None:
    """Would catch a struct under another name than its own, or one that is not looked for."""
    text = """
from ctypes import *
import types

class GnttabDumpTable(Structure):
    _fields_ = [("dom", c_uint16), ("status", c_int16)]

gnttab_dump_table_t = GnttabDumpTable
gnttab_swap = type("_anything", (Structure,), {"_fields_": [("ref_a", c_uint32)]})

class Abi:
    GNTTABOP_copy = 5

    class gnttab_set_version(Structure):
        _fields_ = [("version", c_uint32)]

    class Deeper:
        GNTTABOP_transfer = 4

ns = types.SimpleNamespace(GNTTABOP_dump_table=3, GNTTABOP_bool=True)
TABLE = {"GNTTABOP_map_grant_ref": 0}
"""
    path = write(text)

    def wanted(name: str) -> bool:
        return name.lower().startswith("gnttab")

    found = read(path, wanted, native())
    layout = found.layout
    assert set(layout.structs) == {"GnttabDumpTable", "gnttab_swap", "gnttab_set_version"}
    assert layout.aliases == {"gnttab_dump_table_t": "struct GnttabDumpTable"}
    assert set(layout.constants) == {"GNTTABOP_copy", "GNTTABOP_dump_table"}
    inside = read(f"{path}:Abi", wanted, native()).layout
    assert set(inside.structs) == {"gnttab_set_version"}
    assert set(inside.constants) == {"GNTTABOP_copy", "GNTTABOP_transfer"}
    one = read(f"{path}:Abi.gnttab_set_version", wanted, native())
    assert set(one.layout.structs) == {"gnttab_set_version"}
    assert one.where["gnttab_set_version"] == f"{path}:14"
    table = read(f"{path}:TABLE", wanted, native()).layout
    assert set(table.constants) == {"GNTTABOP_map_grant_ref"}
    assert not read(f"{path}:ns.GNTTABOP_bool", wanted, native()).layout.constants


def test_places(write: Write) -> None:
    """Would catch a finding that names no line, or another one than where a thing is written."""
    text = """from ctypes import *
import numpy as np
from enum import IntEnum
if True:
    grant_ref_t = c_uint32
class base(LittleEndianStructure):
    _fields_ = [("version", c_uint32)]
class gnttab_copy(base):
    _fields_ = [
        ("len", c_uint16),
        ("flags", c_uint16),
    ]
class gnttab_transfer(Structure):
    pass
gnttab_transfer._fields_ = [
    ("mfn", c_ulong)]
gnttab_dump_table = np.dtype([
    ("dom", "<u2"),
    ("in", [("x", "u1"),
            ("y", "u1")]),
])
class Op(IntEnum):
    GNTTABOP_copy = 5
GNTTABOP_transfer: int = 4
"""
    path = write(text)
    where = read(path, ours, native()).where
    assert {key: int(at.removeprefix(f"{path}:")) for key, at in where.items()} == {
        "grant_ref_t": 5,
        "gnttab_copy": 8,
        "gnttab_copy.version": 7,
        "gnttab_copy.len": 10,
        "gnttab_copy.flags": 11,
        "gnttab_transfer": 13,
        "gnttab_transfer.mfn": 16,
        "gnttab_dump_table": 17,
        "gnttab_dump_table.dom": 18,
        "gnttab_dump_table.in": 19,
        "gnttab_dump_table.in.x": 19,
        "gnttab_dump_table.in.y": 20,
        "GNTTABOP_copy": 23,
        "GNTTABOP_transfer": 24,
    }


def test_places_of_deep_code(write: Write) -> None:
    """Would catch a traceback from the search for lines, which matters less than the values."""
    reading = read(write(f"GNTTABOP_copy = {'+'.join(['1'] * 1500)}"), ours, native())
    assert reading.layout.constants["GNTTABOP_copy"].value == 1500
    assert not reading.where


def test_what_cannot_be_seen_is_named(write: Write) -> None:
    """Would catch a claim to see what a kind of Python source does not show."""
    assert read(write("import numpy as np\nx = np.dtype([('a', 'u1')])"), all_names,
                native()).unseen == {ALIGNMENT, POINTEES, TYPEDEFS}  # fmt: skip
    assert read(write(CTYPES), ours, native()).unseen == frozenset()
    other = TARGETS["x86_32" if native().name != "x86_32" else "arm64"]
    assert read(write(CTYPES), ours, other).unseen == {ALIGNMENT}


def test_widths_of_constants(write: Write) -> None:
    """Would catch a width or signedness that is made up for an integer of Python."""
    text = "import numpy as np\nA = 5\nB = np.uint16(7)\nC = True\nD = 5.0\nE = 'x'\nF = -(1 << 80)"
    constants = read(write(text), all_names, native()).layout.constants
    unknown = Constant(5, None, None)
    assert constants == {
        "A": unknown,
        "B": Constant(7, 2, signed=False),
        "F": replace(unknown, value=-(1 << 80)),
    }


# What is there, and cannot be read, or is there twice.

PROBLEMS = {
    "a big-endian struct": (
        "class x(BigEndianStructure):\n    _fields_ = [('a', c_uint16)]",
        "theirs.py:3: x: x is big-endian: all ABIs are little-endian",
    ),
    "a big-endian union": (
        "class x(BigEndianUnion):\n    _fields_ = [('a', c_uint8)]",
        "theirs.py:3: x: x is big-endian",
    ),
    "a big-endian member": (
        "class x(Structure):\n    _fields_ = [('a', c_uint16.__ctype_be__)]",
        "is big-endian: all ABIs are little-endian",
    ),
    "a big-endian dtype": (
        "x = np.dtype([('a', [('b', '>u2')])])",
        "theirs.py:3: x: a: b: >u2 is big-endian: all ABIs are little-endian",
    ),
    "a big-endian scalar": ("x = np.dtype('>u2')", "theirs.py:3: x: >u2 is big-endian"),
    "an object of Python": ("x = np.dtype([('a', 'O')])", "x: a: |O is no type of C"),
    "a complex number": ("x = np.dtype([('a', 'c8')])", "x: a: <c8 is no type of C"),
    "no fields": ("class x(Structure):\n    pass", "theirs.py:3: x: it has no _fields_"),
    "a field that is hidden": (
        "class x(Structure):\n    _fields_ = [('a', c_int)]\nx.a = 5",
        "x: its field 'a' is hidden by something else",
    ),
    "a field twice": (
        "class y(Structure):\n    _fields_ = [('a', c_int)]\nclass x(y): _fields_ = [('a', c_int)]",
        "theirs.py:5: x: two fields are called 'a'",
    ),
    "a strange name": ("x = np.dtype([('a.b', 'u1')])", "x: 'a.b' is no name for a field"),
    "too deep": (
        "x = 'u1'\nfor _ in range(150): x = np.dtype([('a', x)])",
        "x: structs nested deeper than 100",
    ),
    "much too deep": (
        "x = c_int\nfor n in range(2000): x = type('x', (Structure,), {'_fields_': [('a', x)]})",
        "x: nested too deeply",
    ),
    "too many fields": (
        "x = c_int\nfor _ in 9*'x': x = type('', (Union,), {'_fields_': [*zip('abcd', [x] * 4)]})",
        "x: more than 20000 fields",
    ),
    "too many fields that overlap": (
        "x = 'u1'\nfor _ in range(50): x = np.dtype({n: (x, 0) for n in 'ab'})",
        "x: more than 20000 fields",
    ),
    "a constant twice": (
        "x = 5\nclass Old:\n    x = 4",
        "theirs.py:5: x is 4 here, and 5 elsewhere",
    ),
    "a typedef twice": (
        "x = c_uint16\nclass Old:\n    x = c_uint32",
        "theirs.py:5: x is defined twice, differently",
    ),
    "a struct that cffi does not know": (
        "import cffi\nffi = cffi.FFI()\nffi.cdef('struct x;')",
        "theirs.py: x: ",
    ),
    "a struct that cffi has not compiled": (
        "import cffi\nffi = cffi.FFI()\nffi.cdef('struct x { int a; ...; };')",
        "theirs.py: x: struct x",
    ),
}


@pytest.mark.parametrize(("text", "message"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_read_is_a_problem(text: str, message: str, write: Write) -> None:
    """Would catch something of another ABI that is compared, or left out without a word."""
    path = write(f"from ctypes import *\nimport numpy as np\n{text}\ny = 5\n")
    reading = read(path, {"x", "y"}.__contains__, native())
    assert set(reading.problems) == {"x"}
    assert message.replace("theirs.py", path) in reading.problems["x"].message
    assert "\n" not in reading.problems["x"].message


def test_two_definitions_are_both_kept(write: Write) -> None:
    """Would catch a second, wrong definition that hides behind a right one."""
    text = """from ctypes import *
class X86_64:
    class gnttab_transfer(Structure):
        _fields_ = [("mfn", c_uint64)]
class X86_32:
    class gnttab_transfer(Structure):
        _fields_ = [("mfn", c_uint32)]
class Again:
    class gnttab_transfer(Structure):
        _fields_ = [("mfn", c_uint64)]
"""
    path = write(text)
    reading = read(path, ours, native())
    assert reading.layout.structs["gnttab_transfer"].size == 8
    (other,) = reading.others
    assert (other.layout.size, other.where) == (4, f"{path}:6")
    assert read(f"{path}:X86_32", ours, native()).layout.structs["gnttab_transfer"].size == 4


def test_modules_of_cffi(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Would catch an out-of-line module, by name, as an attribute or below, that is not read."""
    ffi = cffi.FFI()
    ffi.cdef("typedef struct { int16_t status; } gnttab_x; struct gnttab_y { int a; };"
             "typedef struct gnttab_y gnttab_y_t; enum gnttab_e { GNTTAB_E = 3 };"
             "typedef enum gnttab_e gnttab_e_t;")  # fmt: skip
    ffi.set_source("out_of_line", None)
    ffi.emit_python_code(str(tmp_path / "out_of_line.py"))
    monkeypatch.chdir(tmp_path)

    def wanted(name: str) -> bool:
        return name.lower().startswith("gnttab")

    use = write("from out_of_line import ffi as types\n", "use.py")
    for spec in ("out_of_line", "out_of_line:ffi", use, f"{use}:types", str(tmp_path / "use.py")):
        layout = read(spec, wanted, native()).layout
        assert set(layout.structs) == {"gnttab_x", "gnttab_y"}
        assert layout.aliases == {"gnttab_y_t": "struct gnttab_y"}
        assert layout.typedefs == {"gnttab_e_t": TypeLayout(4, 4, "int", signed=False)}
    assert "out_of_line" not in sys.modules


def test_it_can_be_asked_for_less(write: Write) -> None:
    """Would catch a reader that takes more than is wanted, or measures what is not."""
    asked = []

    def wanted(name: str) -> bool:
        asked.append(name)
        return name == "gnttab_copy"

    bad = "class other(BigEndianStructure):\n    _fields_ = [('a', c_uint16)]\n"
    reading = read(write(CTYPES + bad), wanted, native())
    assert set(reading.layout.structs) == {"gnttab_copy"}
    assert not reading.problems
    assert not reading.layout.constants
    assert {"gnttab_copy", "other", "GNTTABOP_copy", "GNTST_okay"} <= set(asked)


# Code that misbehaves.

RAISING = {
    "an exception": ("x = 1\nraise ValueError('too bad')", "{file}:2: ValueError: too bad"),
    "one of many lines": ("raise ValueError('a\\nb')", "{file}:1: ValueError: a"),
    "one without words": ("raise ValueError", "{file}:1: ValueError"),
    "a long one": (f"raise ValueError('a' * {1 << 20})", "{file}:1: ValueError: a{199}…"),
    "one with control characters": ("raise ValueError('a\\x1b[0m')", "{file}:1: ValueError: a .0m"),
    "one that cannot be shown": (
        "class E(Exception):\n    def __str__(self): raise OSError\nraise E",
        "{file}:3: E",
    ),
    "a bare one": ("raise BaseException('no')", "{file}:1: BaseException: no"),
    "an exit": ("import sys\nsys.exit(0)", "{file}:2: SystemExit: 0"),
    "an exit of the process": ("import os\n\nos._exit(0)", r"{file}:3: it calls os\._exit\(0\)"),
    "an exit with words": ("raise SystemExit('usage: …')", "{file}:1: SystemExit: usage: …"),
    "a mistake of syntax": ("x = 1\ndef (:", "{file}:2: SyntaxError: invalid syntax"),
    "a mistake of indentation": ("if 1:\nx = 1", "{file}:2: IndentationError: expected .+"),
    "no text": ("x = 1\0", "{file}(:[0-9]+)?: (SyntaxError|ValueError): source code .+"),
    "not in UTF-8": ("x = '\udcff'", "{file}(:[0-9]+)?: SyntaxError: .+"),
    "a missing module": (
        "\nimport nothing_like_it",
        "{file}:2: ModuleNotFoundError: No module named 'nothing_like_it'",
    ),
    "a recursion": ("def f(): f()\nf()", "{file}:1: RecursionError: maximum recursion depth .+"),
    "nested brackets": ("(" * 100_000, "{file}(:[0-9]+)?: (SyntaxError|MemoryError|Recur).*"),
    "in a function of a library": (
        "import json\n\njson.loads('{')",
        "{file}:3: JSONDecodeError: Expecting .+",
    ),
    "a bad field": (
        "from ctypes import *\nclass X(Structure):\n    _fields_ = [('a', int)]",
        "{file}:2: TypeError: .+",
    ),
    "output without end": (
        "while True:\n    try: print('x' * 1000)\n    except Exception: pass",
        "{file}:2: it prints more than 1 MiB",
    ),
    "errors without end": (
        "import sys\nwhile True: sys.stderr.write('x' * 1000)",
        "{file}:2: it prints more than 1 MiB",
    ),
}


@pytest.mark.parametrize(("text", "message"), RAISING.values(), ids=RAISING)
def test_code_that_fails(text: str, message: str, tmp_path: Path) -> None:
    """Would catch a traceback, a wrong exit, or a message that names no line."""
    path = tmp_path / "theirs.py"
    path.write_bytes(text.encode(errors="surrogateescape"))
    before = sys.path[:], set(sys.modules), sys.stdout, sys.stderr
    with pytest.raises(SourceError) as caught:
        read(str(path), ours, native())
    assert re.fullmatch(message.replace("{file}", re.escape(str(path))), str(caught.value))
    assert (sys.path, sys.stdout, sys.stderr) == (before[0], *before[2:])
    assert "theirs" not in sys.modules


def test_a_child_of_the_code_ends(write: Write) -> None:
    """Would catch a child that leaves by ``os._exit``, and goes on here instead."""
    path = write(
        "import os\nleave, child = os._exit, os.fork()\nif child == 0:\n    os._exit(7)\n"
        "GNTTABOP_copy = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])"
    )
    before = vars(os)["_exit"]
    assert read(path, ours, native()).layout.constants["GNTTABOP_copy"].value == 7
    assert vars(os)["_exit"] is before


def test_a_class_that_cannot_be_looked_at(write: Write) -> None:
    """Would catch a traceback of a metaclass that answers nothing, or the rest lost with it."""
    path = write(
        "class M(type):\n    def __getattribute__(cls, name): raise RuntimeError('no')\n"
        "class gnttab_copy(metaclass=M): pass\nclass Other(metaclass=M): pass\n"
        "GNTTABOP_copy = 5\n"
    )
    found = read(path, ours, native())
    assert found.layout.constants["GNTTABOP_copy"].value == 5
    assert found.problems.keys() == {"gnttab_copy"}
    message = found.problems["gnttab_copy"].message
    assert message == f"{path}:3: gnttab_copy: RuntimeError on looking at it"


def test_members_of_an_enumeration_named_by_its_class(write: Write) -> None:
    """Would catch members that are left out because their class has the prefix of all."""
    path = write(
        "import enum\nclass GNTST(enum.IntEnum):\n    okay = 0\n    bad_page = -9\n"
        "class Status(enum.IntEnum):\n    GNTST_eagain = -12\n    okay = 1\n"
    )
    found = read(path, ours, native())
    values = {name: one.value for name, one in found.layout.constants.items()}
    assert values == {"GNTST_okay": 0, "GNTST_bad_page": -9, "GNTST_eagain": -12}
    assert found.where["GNTST_bad_page"] == f"{path}:4"


def test_code_that_is_interrupted(write: Write) -> None:
    """Would catch a Ctrl-C that is taken for a mistake in the file."""
    before = sys.path[:]
    with pytest.raises(KeyboardInterrupt):
        read(write("raise KeyboardInterrupt"), ours, native())
    assert sys.path == before
    assert "theirs" not in sys.modules


def test_specs_that_name_nothing(write: Write, tmp_path: Path) -> None:
    """Would catch a traceback, or a message without the name that the user gave."""
    path = write("class A:\n    pass\ndef __getattr__(name): raise RuntimeError(name)\n")
    large = tmp_path / "large.py"
    with large.open("wb") as file:
        file.truncate(MAX_SOURCE + 1)
    (tmp_path / "folder.py").mkdir()
    for spec, message in {
        "nothing.py": "nothing.py: No such file or directory",
        "nothing/here": "nothing/here: No such file or directory",
        str(tmp_path / "folder.py"): f"{tmp_path}/folder.py: not a file",
        "/dev/zero": "/dev/zero: not a file",
        str(large): f"{large}: larger than 16 MiB",
        "no.such": "no.such: ModuleNotFoundError: No module named 'no'",
        "xengnt.nothing": "xengnt.nothing: ModuleNotFoundError: No module named 'xengnt.nothing'",
        "a-b": "a-b: neither a file nor the name of a module",
        "": ": neither a file nor the name of a module",
        ":x": ":x: neither a file nor the name of a module",
        f"{path}:A.b": f"{path}: AttributeError: type object 'A' has no attribute 'b'",
        f"{path}:nothing": f"{path}:3: RuntimeError: nothing",
    }.items():
        with pytest.raises(SourceError) as caught:
            read(spec, ours, native())
        assert str(caught.value) == message
    with pytest.raises(SourceError, match=r"\.py: embedded null byte$"):
        read("a\0.py", ours, native())


def test_nothing_of_it_gets_into_our_output(write: Write) -> None:
    """Would catch JSON on standard output with something of the user's code in it."""
    path = write("""
import ctypes, os, subprocess, sys
print("by print")
sys.stdout.buffer.write(b"by buffer\\n")
os.write(1, b"by write\\n")
subprocess.run(["echo", "by a child"], check=True)
ctypes.CDLL(None).printf(b"by C\\n")
""")
    script = (
        "import sys; from xengnt.sources.python import read; from xengnt.abi.targets import native;"
        f"print('first'); read({path!r}, str.isupper, native()); print('last')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "first\nlast\n"
    for way in ("print", "buffer", "write", "a child", "C"):
        assert f"by {way}\n" in done.stderr


def test_streams_that_are_closed(write: Write) -> None:
    """Would catch a traceback where there is no standard output or error to print to."""
    path = write("import sys\nprint('x')\nprint('y', file=sys.stderr)\nGNTTABOP_copy = 5")
    script = (
        "import sys; from xengnt.sources.python import read; from xengnt.abi.targets import native;"
        f"found = read({path!r}, str.isascii, native()).layout.constants; sys.exit(len(found))"
    )
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, script],
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 1, closed


def test_nothing_is_left_behind(write: Write) -> None:
    """Would catch a module of one file that the next file gets, or files that are written."""
    read("json:decoder", all_names, native())  # whatever this loads stays
    before = sys.path[:], dict(sys.modules), sys.dont_write_bytecode
    for number in (1, 2):
        write(f"GNTTABOP_copy = {number}", f"{number}/common.py")
        write("", f"{number}/package.py")
        path = write("from common import *\nimport package\nimport sys\nsys.path.append('x')",
                     f"{number}/theirs.py")  # fmt: skip
        constants = read(path, ours, native()).layout.constants
        assert constants["GNTTABOP_copy"].value == number
        assert {file.name for file in Path(path).parent.iterdir()} == {
            *("common.py", "package.py", "theirs.py")
        }
    assert (sys.path, dict(sys.modules), sys.dont_write_bytecode) == before


@pytest.mark.parametrize("name", ["ctypes", "numpy", "json", "theirs-2", "cffi", "xengnt"])
def test_files_that_are_called_like_modules(name: str, write: Write) -> None:
    """Would catch a file that gets in the way of the module whose name it has."""
    import numpy as np

    path = write("import ctypes\nclass gnttab_set_version(ctypes.Structure):\n"
                 "    _fields_ = [('version', ctypes.c_uint32)]\n", f"{name}.py")  # fmt: skip
    reading = read(path, ours, native())
    assert reading.layout.structs["gnttab_set_version"].size == 4
    assert reading.where["gnttab_set_version"] == f"{path}:2"
    assert sys.modules["numpy"] is np


def test_values_that_fail_when_looked_at(write: Write) -> None:
    """Would catch a proxy in a module that stops the reading of all else."""
    text = """
class Proxy:
    @property
    def __class__(self): raise RuntimeError("outside of a request")
    def __getattr__(self, name): raise RuntimeError("outside of a request")
gnttab_copy = Proxy()
GNTTABOP_copy = 5
class Names:
    request = Proxy()
    def __class_getitem__(cls, item): raise RuntimeError
"""
    reading = read(write(text), ours, native())
    assert set(reading.layout.constants) == {"GNTTABOP_copy"}


def test_without_numpy_and_cffi(write: Write) -> None:
    """Would catch a reader that wants numpy or cffi where the code does not use them."""
    path = write("GNTTABOP_copy = 5")
    script = (
        "import sys; sys.modules.update(numpy=None, cffi=None, _cffi_backend=None);"
        "from xengnt.sources.python import read; from xengnt.abi.targets import native;"
        f"print(len(read({path!r}, str.isascii, native()).layout.constants))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "1\n"
