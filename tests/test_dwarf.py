# SPDX-License-Identifier: MIT
"""The reader of debugging information, on what compilers and binutils make."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import oracle
import pahole
import pytest
from compilers import COMPILERS
from elftools.elf.elffile import ELFFile

from xengnt.abi.declarations import header
from xengnt.abi.layout import Layout, compute
from xengnt.compare import compare
from xengnt.errors import SourceError, Unavailable
from xengnt.findings import NOTE
from xengnt.sources.dwarf import elf, links
from xengnt.sources.dwarf.reader import read
from xengnt.sources.reading import ALIGNMENT, MACROS, Reading

TESTS = Path(__file__).parent

STRUCTS = """
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef short int16_t;
typedef unsigned int uint32_t; typedef unsigned long long uint64_t;
typedef uint16_t domid_t; typedef uint32_t grant_ref_t; typedef uint64_t xen_pfn_t;
typedef union { xen_pfn_t *p; unsigned long q; } handle_t;
struct gnttab_copy {
    struct gnttab_copy_ptr {
        union { grant_ref_t ref; xen_pfn_t gmfn; } u;
        domid_t domid;
        uint16_t offset;
    } source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};
struct gnttab_setup_table { domid_t dom; uint32_t nr_frames; int16_t status; handle_t frame_list; };
struct gnttab_get_version { domid_t dom; uint16_t pad; uint32_t version; };
struct gnttab_transfer { xen_pfn_t mfn; domid_t domid; grant_ref_t ref; int16_t status; };
typedef struct gnttab_copy gnttab_copy_t;
"""
USES = """
gnttab_copy_t copy; struct gnttab_setup_table setup;
struct gnttab_get_version version; struct gnttab_transfer transfer;
"""


def wanted(name: str) -> bool:
    """Tell whether a name is one of the interface, as the checker does."""
    return name.startswith(("gnttab", "grant", "domid", "xen_pfn", "xen_ulong", "GNT", "Gnttab"))


def reference(abi: str) -> Layout:
    """Return what the interface is for an ABI, at the newest version."""
    return compute(header().at(abi))


def build(folder: Path, text: str, *flags: str, command: str = "gcc", suffix: str = ".c") -> Path:
    """Return the object that this machine's compiler makes in a directory."""
    need(command)
    (folder / f"unit{suffix}").write_text(text)
    run(folder, command, "-g", "-c", f"unit{suffix}", "-o", "unit.o", *flags)
    return folder / "unit.o"


def need(*commands: str) -> None:
    """Skip unless all of these commands are there."""
    for command in commands:
        oracle.need(shutil.which(command), command, f"apt install {command}")


def run(folder: Path, *command: str) -> None:
    """Run a command in a directory."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


def wrong(theirs: Layout, abi: str = "x86_64") -> dict[str, str]:
    """Return the codes of errors and warnings, by place, against the interface."""
    findings = compare(reference(abi), theirs)
    return {one.where: one.code for one in findings if one.severity != NOTE}


def plain(reading: Reading) -> dict[str, list[tuple[object, ...]]]:
    """Return what matters of all structs."""
    return {
        tag: [
            (struct.kind, struct.size),
            *((f.name, f.offset, f.size, f.kind, f.signed, f.count) for f in struct.fields),
        ]
        for tag, struct in reading.layout.structs.items()
    }


# The interface, as compilers make it.


def uses(layout: Layout) -> str:
    """Return C that uses all types of a layout: clang drops what is not used."""
    names = [f"{one.kind} {tag}" for tag, one in layout.structs.items()]
    names += [*layout.typedefs, *layout.aliases]
    return "".join(f"{name} used_{number};\n" for number, name in enumerate(names))


CODE = """
__thread int of_each;
int function(int x) { struct { int a; } local = { x }; return local.a + of_each; }
"""
"""What is relocated in other ways than types."""


@pytest.mark.parametrize("dwarf", [2, 3, 4, 5])
@pytest.mark.parametrize(("kind", "abi"), COMPILERS)
def test_our_header_comes_out_as_the_engine_has_it(
    kind: str, abi: str, dwarf: int, scratch: Path, tmp_path: Path
) -> None:
    """Would catch a relocation, form or version of DWARF that is misread on some ABI."""
    compiler = oracle.compiler(kind, abi)
    layout = reference(abi)
    flags = (*oracle.OUR_HEADER.flags, *oracle.version_flags(layout.interface_version))
    path = tmp_path / "ours.o"
    text = oracle.OUR_HEADER.prelude + uses(layout) + CODE
    path.write_bytes(compiler.object(text, "-g", f"-gdwarf-{dwarf}", *flags))
    found = read(path, wanted)
    assert found.layout.abi == abi
    assert not found.problems
    assert not found.others
    assert found.layout.structs.keys() == layout.structs.keys()
    assert found.layout.typedefs.keys() == layout.typedefs.keys()
    assert found.layout.aliases == layout.aliases
    assert wrong(found.layout, abi) == {}
    assert found.unseen == {MACROS, ALIGNMENT}
    line = found.where["gnttab_copy.source.u.ref"].rpartition(":")
    assert line[0].endswith("xen/grant_table.h")
    assert "ref;" in (oracle.OURS / "xen/grant_table.h").read_text().splitlines()[int(line[2]) - 1]


@pytest.mark.parametrize("abi", ["x86_64", "x86_32", "arm64", "arm32"])
def test_the_header_of_the_distribution_is_clean(
    abi: str, distribution: oracle.Source, tmp_path: Path
) -> None:
    """Would catch what only the real header does, such as its own guest handles."""
    compiler = oracle.any_compiler(abi)
    version = oracle.latest(compiler, distribution)
    layout = compute(header().at(abi, version))
    path = tmp_path / "theirs.o"
    text = distribution.prelude + uses(layout)
    flags = (*distribution.flags, *oracle.version_flags(version))
    path.write_bytes(compiler.object(text, "-g", *flags))
    found = read(path, wanted).layout
    assert found.structs.keys() == layout.structs.keys()
    assert [one for one in compare(layout, found) if one.severity != NOTE] == []


FAULTS = {
    "widened": ("uint16_t flags;", "uint32_t flags;", "gnttab_copy.flags", "field-size"),
    "packed": ("int16_t status;\n};", "int16_t status;\n} __attribute__((packed));",
               "gnttab_copy", "struct-size"),
    "pointee": ("{ xen_pfn_t *p;", "{ uint32_t *p;", "gnttab_setup_table.frame_list",
                "pointee-size"),
    "pointee sign": ("{ xen_pfn_t *p;", "{ long long *p;", "gnttab_setup_table.frame_list",
                     "pointee-sign"),
    "sign": ("ref; int16_t status;", "ref; uint16_t status;", "gnttab_transfer.status",
             "field-sign"),
    "pad gone": ("uint16_t pad; ", "", "gnttab_get_version.pad", "pad-missing"),
    "order": ("domid_t domid;\n        uint16_t offset;", "uint16_t offset;\n domid_t domid;",
              "gnttab_copy.source.domid", "field-offset"),
    "gone": ("grant_ref_t ref; int16_t", "uint32_t rest; int16_t", None, None),
    "array": ("uint16_t len;", "uint16_t len[2];", "gnttab_copy.len", "field-count"),
    "type": ("typedef uint16_t domid_t;", "typedef uint32_t domid_t;", "domid_t", "type-size"),
    "kind": ("union { grant_ref_t ref; xen_pfn_t gmfn; }", "struct { grant_ref_t ref, gmfn; }",
             "gnttab_copy.source.u", "field-kind"),
    "shifted": ("nr_frames; int16_t status;", "nr_frames; int16_t status; uint64_t x;",
                "gnttab_setup_table.frame_list", "field-offset"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_class_of_fault_is_found_at_its_field(fault: str, tmp_path: Path) -> None:
    """Would catch a fault that does not survive the way from the binary to a finding."""
    right, changed, where, code = FAULTS[fault]
    assert right in STRUCTS
    found = read(build(tmp_path, STRUCTS.replace(right, changed, 1) + USES), wanted)
    if where is None:
        notes = {one.where: one.code for one in compare(reference("x86_64"), found.layout)}
        assert notes["gnttab_transfer.ref"] == "field-renamed"
    else:
        assert wrong(found.layout).get(where) == code


def test_without_a_fault_nothing_is_found(tmp_path: Path) -> None:
    """Would catch faults that are only in the text that the tests start from."""
    assert wrong(read(build(tmp_path, STRUCTS + USES), wanted).layout) == {}


# Languages.


def test_cpp_with_namespaces_and_classes(tmp_path: Path) -> None:
    """Would catch types that are missed inside namespaces and classes, or static members."""
    text = """
    #include <stdint.h>
    namespace xen {
    using domid_t = uint16_t;
    enum class Status : int16_t { GNTST_okay = 0, GNTST_bad_page = -9 };
    class Outer { public: struct gnttab_get_version; };
    struct Outer::gnttab_get_version { domid_t dom; uint16_t pad; uint32_t version;
        static int instances; int method() { struct gnttab_local { int x; } y{1}; return y.x; } };
    struct Base { uint64_t mfn; };
    struct gnttab_transfer : Base { domid_t domid; uint32_t ref; Status status; };
    struct virtually : virtual Base { int x; };
    struct gnttab_virtual : virtually { int y; };
    struct Gnttab { virtual void method() {} };
    }
    xen::Outer::gnttab_get_version v; xen::gnttab_transfer t; xen::gnttab_virtual w; xen::Gnttab g;
    int use() { return v.method(); }
    """
    for command in ("g++", "clang++"):
        found = read(build(tmp_path, text, "-std=c++17", command=command, suffix=".cc"), wanted)
        assert {"gnttab_get_version", "gnttab_transfer"} <= found.layout.structs.keys()
        assert found.layout.structs["gnttab_local"].size == 4
        assert all("." not in f.name for f in found.layout.structs["Gnttab"].fields)
        assert wrong(found.layout) == {}
        transfer = found.layout.structs["gnttab_transfer"]
        assert [f.name for f in transfer.fields] == ["mfn", "domid", "ref", "status"]
        assert found.layout.typedefs["domid_t"].size == 2
        bad = found.layout.constants["GNTST_bad_page"]
        assert (bad.value, bad.signed, bad.size) == (-9, True, 4)


LOCAL = """
int function(int x) {
    struct gnttab_set_version { int version; } local = { x };
    if (x) { struct gnttab_dump_table { short dom; int status; } inner = { x, x }; x = inner.dom; }
    return local.version + x;
}
int main(int argc, char **argv) { return function(argc); }
"""


@pytest.mark.parametrize("flags", ["-O0", "-O2"])
def test_structs_that_are_local_to_a_function(flags: str, tmp_path: Path) -> None:
    """Would catch a struct that only the body of a function, or a block in it, declares."""
    for command in ("gcc", "clang"):
        found = read(build(tmp_path, LOCAL, flags, command=command), wanted)
        assert found.layout.structs.keys() == {"gnttab_set_version", "gnttab_dump_table"}
        assert found.layout.structs["gnttab_dump_table"].field("status").offset == 4


RUST = """
#![crate_type = "lib"]
pub mod xen {
    #[repr(C)] #[derive(Clone, Copy)] pub union Place { pub reference: u32, pub gmfn: u64 }
    #[repr(C)] pub struct GnttabCopyPtr { pub u: Place, pub domid: u16, pub offset: u16 }
    #[repr(C)] pub struct GnttabCopy { pub source: GnttabCopyPtr, pub dest: GnttabCopyPtr,
        pub len: u16, pub flags: u16, pub status: i16 }
    #[repr(C)] pub struct GnttabSetupTable { pub dom: u16, pub nr_frames: u32, pub status: i16,
        pub frame_list: *mut u64 }
    #[repr(C)] pub struct GnttabQuerySize { pub dom: u32, pub status: Option<u8> }
}
#[no_mangle] pub static mut COPY: Option<xen::GnttabCopy> = None;
#[no_mangle] pub extern "C" fn query(s: &xen::GnttabQuerySize) -> u32 { s.dom }
#[no_mangle] pub extern "C" fn setup(s: &mut xen::GnttabSetupTable) -> u16 { s.dom }
"""


def test_rust_structs_in_a_module(tmp_path: Path) -> None:
    """Would catch what rustc says in its own way: modules, names of integers, enumerations."""
    oracle.need(shutil.which("rustc"), "rustc", "rustup")
    (tmp_path / "unit.rs").write_text(RUST)
    run(tmp_path, "rustc", "-g", "--emit=obj", "-o", "unit.o", "unit.rs")
    found = read(tmp_path / "unit.o", wanted)
    copy, table = (found.layout.structs[name] for name in ("GnttabCopy", "GnttabSetupTable"))
    ours = reference("x86_64").structs
    for theirs, tag in ((copy, "gnttab_copy"), (table, "gnttab_setup_table")):
        assert (theirs.size, theirs.align) == (ours[tag].size, 8)
        assert [(f.offset, f.size, f.kind, f.signed) for f in theirs.fields] == [
            (f.offset, f.size, f.kind, f.signed) for f in ours[tag].fields
        ]
    pointee = table.field("frame_list").pointee
    assert pointee is not None
    assert (pointee.type, pointee.size, pointee.signed) == ("u64", 8, False)
    assert found.layout.structs["GnttabQuerySize"].field("status").size == 2


# What C can say.

ODD = """
typedef unsigned char uint8_t; typedef unsigned long long uint64_t; typedef int row[3];
struct list; enum small { LOW = 1, HIGH = 200 } __attribute__((packed));
struct odd {
    uint8_t a; unsigned b : 3; int c : 5; uint64_t d : 40; _Bool e : 1; int : 5; int : 0;
    union { unsigned f; struct { short g, h; }; };
    int (*function)(int); struct { int x; char y; } grid[3][2]; char *names[4]; row rows[2];
    enum small level; const volatile short pair[2]; struct list *next; void *any;
    float real; double big; long double huge; struct odd *self; struct {} none; uint8_t rest[];
} odd;
enum big { FIRST = 1, LAST = 0x80000000 } big;
enum wide { FAR = 0x100000000 } wide; enum { MINUS = -1 } minus;
"""


@pytest.mark.parametrize("command", ["gcc", "clang"])
@pytest.mark.parametrize("dwarf", [2, 3, 4, 5])
def test_all_that_members_can_be(command: str, dwarf: int, tmp_path: Path) -> None:
    """Would catch bit-fields, arrays and enumerations that some version states differently."""
    flags = (f"-gdwarf-{dwarf}", "-w")
    found = read(build(tmp_path, ODD, *flags, command=command), lambda _: True)
    odd = found.layout.structs["odd"]
    sizes = {f.name: (f.offset, f.size, f.kind, f.signed, f.count) for f in odd.fields}
    bits = {f.name: f.type for f in odd.fields if f.kind == "bits"}
    assert bits == {"b": "unsigned int:3", "c": "int:5", "d": "uint64_t:40", "e": "_Bool:1"}
    at = {name: place[0] for name, place in sizes.items()}
    assert (at["b"], at["c"], at["d"], at["e"]) == (1, 1, 2, 7)
    assert sizes["c"][2:4] == ("bits", True)
    assert (sizes["g"], sizes["h"]) == ((8, 2, "int", True, None), (10, 2, "int", True, None))
    assert sizes["grid"][1:] == (48, "struct", None, 6)
    assert "grid[].y" in sizes
    assert sizes["names"][1:] == (32, "handle", None, 4)
    assert sizes["rows"][1:] == (24, "int", True, 6)
    assert sizes["level"][1:] == (1, "int", False, None)
    assert sizes["pair"][1:] == (4, "int", True, 2)
    assert sizes["huge"][1:3] == (16, "float")
    assert sizes["none"][1] == 0
    assert sizes["rest"][1:] == (0, "int", False, 0)
    pointees = {f.name: (f.pointee.type, f.pointee.size) for f in odd.fields if f.pointee}
    assert pointees["function"] == ("function", None)
    assert pointees["next"] == ("struct list", None)
    assert pointees["any"] == ("void", None)
    assert pointees["self"] == ("struct odd", odd.size)
    constants = found.layout.constants
    assert (constants["FIRST"].signed, constants["FIRST"].size) == (True, 4)
    assert (constants["LAST"].value, constants["LAST"].signed) == (0x80000000, False)
    assert (constants["FAR"].value, constants["FAR"].size) == (0x100000000, 8)
    assert (constants["MINUS"].value, constants["HIGH"].value) == (-1, 200)
    assert found.layout.typedefs["uint8_t"].size == 1


def test_structs_go_by_their_typedef_where_they_have_no_tag(tmp_path: Path) -> None:
    """Would catch a typedef of a struct that is lost, or a wanted one of an unwanted tag."""
    text = """
    typedef struct { int a; } gnttab_one_t; typedef struct plain { int b; } gnttab_two_t;
    typedef int *gnttab_three_t; typedef struct opaque gnttab_four_t;
    typedef gnttab_one_t gnttab_five_t; typedef struct { int *p; } gnttab_handle_t;
    gnttab_one_t one; gnttab_two_t two; gnttab_three_t three; gnttab_four_t *four;
    gnttab_five_t five; gnttab_handle_t handle;
    """
    found = read(build(tmp_path, text), wanted)
    assert found.layout.structs.keys() == {"gnttab_one_t", "plain"}
    assert found.layout.aliases == {
        "gnttab_two_t": "struct plain",
        "gnttab_three_t": "int *",
        "gnttab_four_t": "struct opaque",
        "gnttab_five_t": "gnttab_one_t",
    }
    assert not found.problems


# More than one opinion.

FIRST = "typedef unsigned short domid_t; struct gnttab_dump_table { domid_t dom; short status; } x;"
SECOND = "typedef unsigned domid_t; struct gnttab_dump_table { domid_t dom; short status; } y;"


def two(folder: Path, *flags: str, command: str = "gcc") -> Path:
    """Return a shared object made of two files that do not agree."""
    need(command)
    for name, text in (("first", FIRST), ("second", SECOND), ("third", FIRST.replace("x;", "z;"))):
        (folder / f"{name}.c").write_text(text)
        run(folder, command, "-g", *flags, "-fPIC", "-c", f"{name}.c", "-o", f"{name}.o")
    objects = ("first.o", "second.o", "third.o")
    run(folder, command, "-g", *flags, "-shared", "-nostdlib", *objects, "-o", "both.so")
    return folder / "both.so"


def both_definitions(found: Reading) -> None:
    """Assert that the two definitions are there, each once."""
    (other,) = found.others
    assert found.layout.structs["gnttab_dump_table"].size == 4
    assert other.layout.size == 8
    assert "domid_t" in found.problems


def test_two_units_that_disagree(tmp_path: Path) -> None:
    """Would catch a second definition that is dropped because the first was there already."""
    found = read(two(tmp_path), wanted)
    both_definitions(found)
    assert found.where["gnttab_dump_table"] == "first.c:1"
    assert found.others[0].where == "second.c:1"
    assert found.problems["domid_t"].message == "first.c:1 and second.c:1 differ on domid_t"


def test_a_typedef_of_two_kinds_is_a_problem(tmp_path: Path) -> None:
    """Would catch a type that is a number here and a struct there, taken for either."""
    need("gcc")
    (tmp_path / "one.c").write_text("typedef int domid_t; domid_t one;")
    (tmp_path / "two.c").write_text("typedef struct domid { int x; } domid_t; domid_t two;")
    run(tmp_path, "gcc", "-g", "-shared", "-nostdlib", "-fPIC", "one.c", "two.c", "-o", "both.so")
    problem = read(tmp_path / "both.so", wanted).problems["domid_t"]
    assert problem.message.endswith("domid_t is struct domid, and elsewhere a number")


def test_names_that_are_the_end_of_others(tmp_path: Path) -> None:
    """Would catch a search for whole strings: linkers keep one string for both names."""
    need("gcc")
    text = "struct gnttab_dump_table { short dom; } x; int of_all_gnttab_dump_table;"
    (tmp_path / "unit.c").write_text(text)
    run(tmp_path, "gcc", "-g", "-shared", "-nostdlib", "-fPIC", "unit.c", "-o", "unit.so")
    strings = elf.Elf(tmp_path / "unit.so").section(".debug_str")
    assert bytes(strings).count(b"gnttab_dump_table\0") == 1
    assert read(tmp_path / "unit.so", wanted).layout.structs.keys() == {"gnttab_dump_table"}


def test_what_one_unit_does_not_know_is_no_difference(tmp_path: Path) -> None:
    """Would catch a pointer to a struct that is only declared, counted as another opinion."""
    need("gcc")
    common = "struct gnttab_a { struct b *p; int x; }"
    (tmp_path / "one.c").write_text(f"struct b; {common} one;")
    (tmp_path / "two.c").write_text(f"struct b {{ int x; }}; {common} two;")
    run(tmp_path, "gcc", "-g", "-shared", "-nostdlib", "-fPIC", "one.c", "two.c", "-o", "both.so")
    found = read(tmp_path / "both.so", wanted)
    assert not found.others
    pointee = found.layout.structs["gnttab_a"].field("p").pointee
    assert pointee is not None
    assert pointee.size == 4


# Where the information is.


@pytest.mark.parametrize("command", ["gcc", "clang"])
@pytest.mark.parametrize("dwarf", [4, 5])
def test_split_units(command: str, dwarf: int, tmp_path: Path) -> None:
    """Would catch .dwo files that are not found, of another build, or read as skeletons."""
    path = two(tmp_path, "-gsplit-dwarf", f"-gdwarf-{dwarf}", command=command)
    both_definitions(read(path, wanted))
    assert read(tmp_path / "second.dwo", wanted).layout.structs["gnttab_dump_table"].size == 8
    (tmp_path / "second.dwo").unlink()
    assert "second.dwo, not found" in read(path, wanted).problems["second.dwo"].message
    for name in ("first", "third"):
        (tmp_path / f"{name}.dwo").unlink()
    with pytest.raises(SourceError, match=r"split off into first\.dwo and 2 more files"):
        read(path, wanted)
    (tmp_path / "first.c").write_text("int other;")
    run(tmp_path, command, "-g", "-gsplit-dwarf", f"-gdwarf-{dwarf}", "-c", "first.c")
    with pytest.raises(SourceError, match=r"split off into first\.dwo"):
        read(path, wanted)  # a .dwo is there, of another build


@pytest.mark.parametrize(("command", "dwarf"), [("gcc", 4), ("clang", 4), ("clang", 5)])
def test_packages_of_split_units(command: str, dwarf: int, tmp_path: Path) -> None:
    """Would catch an index of a package that is misread."""
    packer = "dwp" if command == "gcc" else "llvm-dwp"
    need(packer)
    path = two(tmp_path, "-gsplit-dwarf", f"-gdwarf-{dwarf}", command=command)
    run(tmp_path, packer, "-e", "both.so", "-o", "both.so.dwp")
    for one in tmp_path.glob("*.dwo"):
        one.unlink()
    both_definitions(read(path, wanted))
    both_definitions(read(tmp_path / "both.so.dwp", wanted))


@pytest.mark.parametrize("dwarf", [4, 5])
@pytest.mark.parametrize("command", ["gcc", "clang"])
def test_units_of_types(command: str, dwarf: int, tmp_path: Path) -> None:
    """Would catch types that only a signature leads to, and sections that come many times."""
    whole = read(build(tmp_path, STRUCTS + USES, command=command), wanted)
    flags = ("-fdebug-types-section", f"-gdwarf-{dwarf}")
    typed = read(build(tmp_path, STRUCTS + USES, *flags, command=command), wanted)
    assert plain(typed) == plain(whole)
    assert wrong(typed.layout) == {}


@pytest.mark.parametrize(
    "flags",
    [
        ("-gdwarf64",),
        ("-gz=zlib",),
        ("-gz=zlib-gnu",),
        ("-flto",),
        ("-flto", "-ffat-lto-objects"),
        ("-gsplit-dwarf=single",),
    ],
)
def test_other_ways_to_write_the_same(flags: tuple[str, ...], tmp_path: Path) -> None:
    """Would catch offsets of 64 bits, or compressed sections, that are misread."""
    usual = read(build(tmp_path, STRUCTS + USES), wanted)
    command = "clang" if "-gsplit-dwarf=single" in flags else "gcc"
    found = read(build(tmp_path, STRUCTS + USES, *flags, command=command), wanted)
    assert plain(found) == plain(usual)


def test_zeros_behind_units_are_no_units(tmp_path: Path) -> None:
    """Would catch what a linker fills in, taken for a damaged unit."""
    need("objcopy")
    path = two(tmp_path)
    run(tmp_path, "objcopy", "--dump-section", ".debug_info=info", "both.so")
    (tmp_path / "info").write_bytes((tmp_path / "info").read_bytes() + bytes(6))
    run(tmp_path, "objcopy", "--update-section", ".debug_info=info", "both.so")
    both_definitions(read(path, wanted))


def test_sections_compressed_with_zstd_are_refused(tmp_path: Path) -> None:
    """Would catch compressed bytes that are taken for units."""
    path = build(tmp_path, STRUCTS + USES, "-gz=zlib")
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        start = ELFFile(file).get_section_by_name(".debug_info")["sh_offset"]
    data[start] = 2
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"\.debug_info is compressed with zstd"):
        read(path, wanted)


def test_a_separate_debug_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a debug file that is not found by link or build id, or of another build."""
    need("objcopy")
    path = two(tmp_path)
    run(tmp_path, "objcopy", "--only-keep-debug", "both.so", "both.debug")
    run(tmp_path, "objcopy", "-g", "--add-gnu-debuglink=both.debug", "both.so")
    both_definitions(read(path, wanted))
    both_definitions(read(tmp_path / "both.debug", wanted))
    with path.open("rb") as file:
        note = ELFFile(file).get_section_by_name(".note.gnu.build-id").data()[16:].hex()
    monkeypatch.setattr(links, "DEBUG_ROOT", tmp_path / "root")
    place = tmp_path / "root/.build-id" / note[:2] / f"{note[2:]}.debug"
    place.parent.mkdir(parents=True)
    (tmp_path / "both.debug").rename(place)
    both_definitions(read(path, wanted))
    place.unlink()
    with pytest.raises(SourceError, match=r"no debugging information in it.*both\.debug is not"):
        read(path, wanted)
    (tmp_path / "second.c").write_text("int nothing;")
    run(tmp_path, "gcc", "-g", "-shared", "-nostdlib", "second.c", "-o", "both.debug")
    with pytest.raises(SourceError, match=r"both\.debug is of another build"):
        read(path, wanted)


@pytest.mark.parametrize("dwarf", [4, 5])
def test_what_dwz_moved_out(dwarf: int, tmp_path: Path) -> None:
    """Would catch types in the file that dwz makes for what several have in common."""
    need("dwz")
    padding = "".join(f"struct part{n} {{ int x{n}, y{n}; }} part{n};\n" for n in range(40))
    for name in ("one", "two"):
        (tmp_path / f"{name}.c").write_text(STRUCTS + USES + padding)
        flags = ("-g", f"-gdwarf-{dwarf}", "-shared", "-nostdlib", "-fPIC")
        run(tmp_path, "gcc", *flags, f"{name}.c", "-o", f"{name}.so")
    whole = plain(read(tmp_path / "one.so", wanted))
    extra = ("--dwarf-5",) if dwarf == 5 else ()
    run(tmp_path, "dwz", *extra, "-m", "common", "one.so", "two.so")
    moved = read(tmp_path / "one.so", wanted)
    assert plain(moved) == {tag: whole[tag] for tag in plain(moved)}
    assert plain(moved).keys() == whole.keys()
    assert wrong(moved.layout) == {}
    (tmp_path / "common").unlink()
    with pytest.raises(SourceError, match=r"one\.so: part of its .* is missing: .*common"):
        read(tmp_path / "one.so", wanted)


# Against pahole.


def test_every_struct_of_the_dynamic_linker_is_as_pahole_has_it() -> None:
    """Would catch any kind of member that real code has and the interface does not."""
    need("pahole")
    linker = Path("/lib64/ld-linux-x86-64.so.2")
    try:
        debug = links.debug_file(elf.Elf(linker)).path
    except SourceError:
        oracle.need(None, "debugging information of libc6", "apt install libc6-dbg")
        raise
    theirs = {said.tag: said for said in pahole.structs(debug, "-F", "dwarf")}
    assert len(theirs) > 30
    found = read(linker, lambda name: name in theirs)
    assert not found.problems
    definitions = [*found.layout.structs.values(), *(one.layout for one in found.others)]
    for tag, said in theirs.items():
        assert any(said.fits(one) for one in definitions if one.tag == tag), (tag, said.fields)


# Bad input.


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    """Would catch a bar that stops short, or goes beyond its end."""
    told: list[tuple[int, int]] = []
    read(two(tmp_path), wanted, lambda done, total: told.append((done, total)))
    assert told
    assert told[-1][0] == told[-1][1] > 0
    assert all(done <= total for done, total in told)


def test_files_that_are_none(tmp_path: Path) -> None:
    """Would catch a traceback for what is no ELF file, or for another machine."""
    good = build(tmp_path, STRUCTS + USES).read_bytes()
    bare = build(tmp_path, "int x;", "-g0").read_bytes()
    cases = {
        "no such file": (None, "No such file"),
        "empty": (b"", "an empty file"),
        "text": (b"struct gnttab_copy;", "not an ELF file"),
        "magic": (b"\x7fELF", "damaged ELF headers"),
        "cut": (good[: len(good) // 2], "damaged|cut off"),
        "machine": (good[:18] + b"\x08\0" + good[20:], "MIPS, 64 bits, which is none of x86_64"),
        "bare": (bare, r"no debugging information in it: compile with -g \(-gsplit-dwarf alone"),
    }
    for name, (data, message) in cases.items():
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(SourceError, match=message) as caught:
            read(path, wanted)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(SourceError, match="not a file"):
            read(path, wanted)
    for target, message in (
        ("powerpc64-linux-gnu", r"big-endian \(PPC64\)"),
        ("x86_64-linux-gnux32", "for X86_64, 32 bits, which is none of"),
        ("riscv32-linux-gnu", "for RISCV, 32 bits, which is none of"),
    ):
        other = build(tmp_path, STRUCTS + USES, f"--target={target}", command="clang")
        with pytest.raises(SourceError, match=message):
            read(other, wanted)


def test_without_pyelftools_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch an ImportError that does not say what to install."""
    monkeypatch.setitem(sys.modules, "elftools.elf.elffile", None)
    with pytest.raises(Unavailable, match=r"pip install 'xengnt\[dwarf\]'"):
        read(tmp_path / "any.o", wanted)


def test_a_section_that_inflates_without_end_is_refused(tmp_path: Path) -> None:
    """Would catch a few bytes that fill the memory."""
    path = build(tmp_path, STRUCTS + USES, "-gz=zlib")
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        start = ELFFile(file).get_section_by_name(".debug_info")["sh_offset"]
    data[start + 8 : start + 16] = (1 << 40).to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(SourceError, match="the limit is"):
        read(path, wanted)


COPIES = int(os.environ.get("XENGNT_FUZZ", "300")) // 5
SHAPES = {
    "gcc": ("gcc", "-gdwarf-5"),
    "clang": ("clang", "-gdwarf-5"),
    "types": ("gcc", "-gdwarf-4", "-fdebug-types-section"),
    "riscv64": ("riscv64-linux-gnu-gcc", "-gdwarf-4"),
}


@pytest.mark.parametrize("shape", [*SHAPES, "package"])
def test_damaged_files_are_read_or_refused(shape: str, tmp_path: Path) -> None:
    """Would catch a traceback, a hang or a lot of memory for bytes that were changed.

    XENGNT_FUZZ says how many copies of all shapes together are damaged.
    """
    if shape == "package":
        need("dwp")
        two(tmp_path, "-gsplit-dwarf", "-gdwarf-4")
        run(tmp_path, "dwp", "-e", "both.so", "-o", "package.dwp")
        path = tmp_path / "package.dwp"
    else:
        command, *flags = SHAPES[shape]
        path = build(tmp_path, STRUCTS + USES + ODD, *flags, "-w", command=command)
    done = subprocess.run(
        [sys.executable, TESTS / "fuzz_dwarf.py", path, "1", str(COPIES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
