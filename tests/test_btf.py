# SPDX-License-Identifier: MIT
"""BTF from compilers, kernels and by hand, held against the engine, bpftool and pahole."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import oracle
import pahole
import pytest
from btf_made import Made, of_all_kinds
from edited import Edit, copy
from oracle import need

from xengnt.abi.declarations import Constant, header
from xengnt.abi.layout import Field, Layout, StructLayout, compute
from xengnt.abi.targets import TARGETS, UNDEFINED
from xengnt.compare import compare
from xengnt.errors import SourceError, Unavailable, XengntError
from xengnt.findings import NOTE
from xengnt.sources import btf, btf_types, elf_sections, kernel_image
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import read as read_header
from xengnt.sources.reading import Reading

FUZZ = int(os.environ.get("XENGNT_FUZZ", "500"))
"""How many mutations of each kind of file are tried."""

X64 = TARGETS["x86_64"]
GATES = ("undefined", "0x0003020a", "newest")
UNSEEN = {"constant-missing", "messages-missing"}


def everything(_: str) -> bool:
    """Want all there is."""
    return True


def names(layout: Layout) -> Callable[[str], bool]:
    """Want what a layout has."""
    return {*layout.structs, *layout.typedefs, *layout.aliases, *layout.constants}.__contains__


def used(layout: Layout) -> str:
    """Return a source that uses all types of a layout, as compilers leave out the others."""
    types = [f"{one.kind} {tag}" for tag, one in layout.structs.items()]
    types += [*layout.typedefs, *layout.aliases]
    return "".join(f"{one} used{number};\n" for number, one in enumerate(types))


def plain(fields: Sequence[Field]) -> list[Field]:
    """Return fields without what the markup says, and without alignments."""
    return [
        replace(
            one,
            direction=None,
            enum=None,
            select=None,
            align=None,
            pointee=replace(one.pointee, count=None) if one.pointee else None,
        )
        for one in fields
    ]


def tool(name: str, package: str) -> str:
    """Return a command, or skip."""
    return need(shutil.which(name), name, f"apt install {package}")


# What compilers write.


def with_gcc(compiler: oracle.Compiler, path: Path, source: str, *flags: str) -> None:
    """Write an object with the BTF that gcc itself makes."""
    path.write_bytes(compiler.object(source, *flags, "-gbtf"))


def with_pahole(compiler: oracle.Compiler, path: Path, source: str, *flags: str) -> None:
    """Write an object with the BTF that pahole makes of DWARF, as for kernels."""
    path.write_bytes(compiler.object(source, *flags, "-g"))
    subprocess.run([tool("pahole", "dwarves"), "-J", path], check=True)


@pytest.mark.parametrize("write", [with_gcc, with_pahole])
@pytest.mark.parametrize("abi", TARGETS)
def test_our_header_comes_out_as_the_engine_has_it(
    abi: str, write: Callable[..., None], tmp_path: Path, scratch: Path
) -> None:
    """Would catch any field, name, width, sign or pointee that is read wrongly, on any ABI."""
    compiler = oracle.compiler("gcc", abi)
    path = tmp_path / "ours.o"
    for version in GATES:
        expected = compute(header().at(abi, version))
        flags = (*oracle.OUR_HEADER.flags, *oracle.version_flags(header().version(version)))
        write(compiler, path, oracle.OUR_HEADER.prelude + used(expected), *flags)
        reading = btf.read_file(path, names(expected))
        got = reading.layout
        assert (got.abi, reading.problems, reading.others) == (abi, {}, [])
        assert [one for one in compare(expected, got) if one.code not in UNSEEN] == []
        for tag, one in expected.structs.items():
            assert list(got.structs[tag].fields) == plain(one.fields), (version, tag)
        assert got.aliases == expected.aliases


ODD = """
enum colour { RED = 1, BLUE = 5 };
struct later;
typedef int pair_t[2];
typedef void (*callback_t)(int);
typedef struct { uint32_t *p; } wrapped_t;
typedef union { uint64_t v; struct later *p; } either_t;
struct odd {
    uint32_t a:3; uint32_t b:5; int :4; int c:20;
    char ch; signed char sc; unsigned char uc; _Bool yes;
    float f; double d;
    const char *volatile *text; void *any; void (*fn)(int); callback_t callback;
    int grid[2][3]; pair_t pairs[2]; struct odd *self; struct later *later; pair_t *to_pairs;
    struct { int x; union { int y; short z; }; } in[2];
    union { struct { uint8_t low, high; }; uint16_t both; };
    enum colour colour; uint64_t wide:40;
    struct __attribute__((packed)) { char one; uint64_t other; } tight;
    long l; unsigned long long ull; wrapped_t wrapped; either_t either; wrapped_t several[3];
    uint32_t rest[];
};
typedef struct { struct odd *p; uint16_t n; } named_t;
typedef named_t same_t;
typedef enum colour colour_t;
struct one_pointer { char *p; };
"""


@pytest.mark.parametrize("write", [with_gcc, with_pahole])
@pytest.mark.parametrize("abi", TARGETS)
def test_odd_types_come_out_as_the_engine_has_them(
    abi: str, write: Callable[..., None], tmp_path: Path, scratch: Path
) -> None:
    """Would catch a slip at bit-fields, nameless members, arrays, enums or handles."""
    file = tmp_path / "odd.h"
    file.write_text(f"#include <stdint.h>\n{ODD}")
    source = read_header(Job(file, TARGETS[abi], UNDEFINED))
    expected = compute(source.declarations)
    path = tmp_path / "odd.o"
    uses = "struct odd o; named_t n; same_t s; colour_t c; struct one_pointer p;\n"
    write(oracle.compiler("gcc", abi), path, f"#include <stdint.h>\n{ODD}{uses}")
    reading = btf.read_file(path, everything)
    assert not reading.problems
    for tag in ("odd", "one_pointer"):
        ours, theirs = expected.structs[tag], reading.layout.structs[tag]
        assert theirs.size == ours.size
        for field, other in zip(plain(ours.fields), theirs.fields, strict=True):
            same = other
            if other.name == "pairs":  # gcc makes an array of arrays of it
                same = replace(other, type=field.type)
            if "colour" in other.type:  # the engine has it as the integer that it is
                assert other.type == "enum colour"
                same = replace(other, type=field.type)
            assert same == field
    assert plain(reading.layout.structs["named_t"].fields) == plain(
        expected.structs["named_t"].fields
    )
    assert reading.layout.aliases["same_t"] == "named_t"
    assert reading.layout.typedefs["colour_t"].signed is False
    assert reading.layout.constants["BLUE"] == Constant(5, 4, signed=True)
    assert reading.layout.structs.keys() == expected.structs.keys()


def test_an_object_for_bpf(tmp_path: Path) -> None:
    """Would catch BPF objects being refused, or read for an ABI they cannot be for."""
    clang = next((name for name in ("clang", "clang-14") if shutil.which(name)), None)
    expected = compute(header().at(X64))
    path = tmp_path / "ours.o"
    flags = (*oracle.OUR_HEADER.flags, *oracle.version_flags(header().newest))
    command = [need(clang, "clang", "apt install clang"), "-target", "bpf", "-D__x86_64__", "-g"]
    subprocess.run(
        [*command, "-ffreestanding", *flags, "-xc", "-c", "-", "-o", path],
        input=oracle.OUR_HEADER.prelude + used(expected),
        text=True,
        check=True,
    )
    reading = btf.read_file(path, names(expected), X64)
    assert [one for one in compare(expected, reading.layout) if one.severity != NOTE] == []
    assert reading.layout.structs.keys() == expected.structs.keys()
    with pytest.raises(SourceError, match="cannot be for x86_32"):
        btf.read_file(path, everything, TARGETS["x86_32"])


def test_objects_that_disagree(tmp_path: Path, scratch: Path) -> None:
    """Would catch all but the first object of a linked file being passed over in silence."""
    compiler = oracle.compiler("gcc", "x86_64")
    parts = []
    for number, kind in enumerate(("int", "long", "int")):
        parts.append(tmp_path / f"{number}.o")
        source = f"struct gnttab_copy {{ {kind} x; }} v{number}; {kind} gnttab_y{number};"
        parts[-1].write_bytes(compiler.object(source, "-gbtf"))
    path = tmp_path / "all.o"
    subprocess.run([*compiler.command, "-r", "-nostdlib", "-o", path, *parts], check=True)
    reading = btf.read_file(path, everything)
    assert reading.layout.structs["gnttab_copy"].size == 4
    assert [(one.layout.tag, one.layout.size) for one in reading.others] == [("gnttab_copy", 8)]
    assert str(path) in reading.others[0].where


FAULTS = {
    "width": (
        Edit("    uint16_t      flags;", "    uint32_t      flags;", "struct gnttab_copy {"),
        dict.fromkeys(TARGETS, ("field-size", "gnttab_copy.flags")),
    ),
    "typedef": (
        Edit("typedef uint16_t domid_t;", "typedef uint32_t domid_t;", file="xen.h"),
        dict.fromkeys(TARGETS, ("type-size", "domid_t")),
    ),
    "pad by hand": (
        Edit(
            "    int16_t  status; ",
            "    int16_t  status; uint16_t p[3];",
            "struct gnttab_setup_table {",
        ),
        {"x86_32": ("field-offset", "gnttab_setup_table.frame_list")},
    ),
    "pointer for a handle": (
        Edit("XEN_GUEST_HANDLE(uint64_t) frame_list", "uint64_t *frame_list"),
        {"arm32": ("field-size", "gnttab_get_status_frames.frame_list")},
    ),
    "pointee": (
        Edit(
            "XEN_GUEST_HANDLE(uint64_t) frame_list",
            "XEN_GUEST_HANDLE(gnttab_dump_table_t) frame_list",
        ),
        dict.fromkeys(TARGETS, ("pointee-size", "gnttab_get_status_frames.frame_list")),
    ),
    "packed": (
        Edit("};", "} __attribute__((packed));", "struct gnttab_setup_table {"),
        dict.fromkeys(TARGETS, ("field-offset", "gnttab_setup_table.nr_frames")),
    ),
    "sign": (
        Edit("    int16_t  status;", "    uint16_t status;", "struct gnttab_map_grant_ref {"),
        dict.fromkeys(TARGETS, ("field-sign", "gnttab_map_grant_ref.status")),
    ),
    "named pad": (
        Edit("    uint16_t pad;\n", "", "struct gnttab_get_version {"),
        dict.fromkeys(TARGETS, ("pad-missing", "gnttab_get_version.pad")),
    ),
}
"""Mistakes as people make them, and the finding that there must be, for each ABI it shows on."""


@pytest.mark.parametrize(("edit", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_fault_in_a_header_is_found_in_what_was_compiled(
    edit: Edit, expected: dict[str, tuple[str, str]], tmp_path: Path, scratch: Path
) -> None:
    """Would catch a fault that BTF shows and the reader hides, or puts at another field."""
    theirs = copy("ours", tmp_path)
    theirs.edit([edit])
    for abi in TARGETS:
        reference = compute(header().at(abi))
        compiler = oracle.compiler("gcc", abi)
        path = tmp_path / f"{abi}.o"
        source = oracle.OUR_HEADER.prelude + used(reference)
        version = oracle.version_flags(header().newest)
        path.write_bytes(compiler.object(source, f"-I{tmp_path}", *version, "-gbtf", "-w"))
        found = compare(reference, btf.read_file(path, names(reference)).layout)
        errors = {(one.code, one.where) for one in found if one.severity != NOTE}
        job = Job(theirs.path, TARGETS[abi], header().newest)
        declared = compute(read_header(job, names(reference)).declarations)
        from_header = {
            (one.code, one.where)
            for one in compare(reference, declared)
            if one.severity != NOTE and one.code != "struct-align"
        }
        assert errors == from_header
        assert (expected[abi] in errors) if abi in expected else not errors


# Kernels.


@cache
def kernel() -> Path:
    """Return the directory that a package of a kernel was unpacked in, or skip."""
    folder = os.environ.get("XENGNT_KERNEL")
    install = "dpkg-deb -x linux-image-….deb DIR, and XENGNT_KERNEL=DIR"
    return Path(need(folder, "a package of a kernel", install))


def only(folder: Path, pattern: str) -> Path:
    """Return the one file that there is."""
    (found,) = folder.glob(pattern)
    return found


@cache
def kernel_btf() -> bytes:
    """Return the BTF of the kernel."""
    image = memoryview(only(kernel(), "boot/vmlinuz-*").read_bytes())
    inner = kernel_image.unpack(image, "vmlinuz")
    if inner is None:  # as it lies in memory, on Arm
        found = btf_types.embedded(image)
    else:
        found = elf_sections.Elf(inner, "vmlinux").section(".BTF")
    assert found is not None
    return bytes(found)


def test_a_kernel_as_it_is_shipped_is_clean() -> None:
    """Would catch the kernel's grant-table structs not being found, or not being right."""
    reading = btf.read_file(only(kernel(), "boot/vmlinuz-*"), names(compute(header().at(X64))))
    expected = compute(header().at(reading.layout.abi))
    findings = compare(expected, reading.layout)
    assert [one for one in findings if one.severity != NOTE] == []
    assert {"gnttab_copy", "gnttab_map_grant_ref", "gnttab_setup_table"} <= set(
        reading.layout.structs
    )
    assert reading.layout.structs["gnttab_setup_table"].field("frame_list").pointee
    assert (reading.problems, reading.others) == ({}, [])


def test_a_module_continues_its_kernel(tmp_path: Path) -> None:
    """Would catch types of a module that are taken from the wrong place, or silently missing."""
    image = only(kernel(), "boot/vmlinuz-*")
    module = only(kernel(), "lib/modules/*/kernel/drivers/net/xen-netback/xen-netback.ko*")
    with pytest.raises(SourceError, match=r"split BTF.*as its base"):
        btf.read_file(module, everything)
    layout = btf.read_file(module, {"xenvif_queue", "gnttab_copy"}.__contains__, base=image).layout
    ours = {field.name: field for field in layout.structs["xenvif_queue"].fields}
    if module.suffix == ".xz":
        plain_module = tmp_path / module.stem
        plain_module.write_bytes(lzma.decompress(module.read_bytes()))
        module = plain_module
    raw = tmp_path / "vmlinux.btf"
    raw.write_bytes(kernel_btf())
    tool("pahole", "dwarves")
    (said,) = pahole.structs(module, "--btf_base", raw, "-F", "btf", "-C", "xenvif_queue")
    for name, offset, size in said.fields:
        assert (ours[name].offset, ours[name].size) == (offset, size)
    assert "tx_copy_ops[].source.u.ref" in ours
    assert layout.structs["gnttab_copy"].size == 40


def test_each_type_of_a_kernel_as_bpftool_has_it(tmp_path: Path) -> None:
    """Would catch any of a hundred thousand types being cut, counted or named wrongly."""
    raw = tmp_path / "vmlinux.btf"
    raw.write_bytes(kernel_btf())
    command = [tool("bpftool", "bpftool"), "-j", "btf", "dump", "file", raw]
    rows = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["types"]
    (types,) = btf_types.parse(memoryview(raw.read_bytes()), "vmlinux")
    assert len(rows) == len(types) - 1
    for row in rows:
        one = types[row["id"]]
        assert one.name == row["name"].replace("(anon)", "")
        assert getattr(btf_types, row["kind"]) == one.kind
        if row["kind"] not in ("ARRAY", "FWD"):
            number = row.get("size", row.get("type_id", row.get("ret_type_id")))
            assert number in (one.number, None)
        if one.kind in (btf_types.STRUCT, btf_types.UNION):
            assert [
                (m.name, m.type, m.bit, m.width) for m in types.members(one)
            ] == [
                (m["name"].replace("(anon)", ""), m["type_id"], m["bits_offset"],
                 m.get("bitfield_size", 0))
                for m in row["members"]
            ]  # fmt: skip
        elif one.kind in (btf_types.ENUM, btf_types.ENUM64):
            limit = 1 << (64 if one.kind == btf_types.ENUM64 else 32)
            assert list(types.enumerators(one)) == [
                (value["name"], value["val"] % limit) for value in row["values"]
            ]
        elif one.kind == btf_types.ARRAY:
            assert types.element(one) == (row["type_id"], row["nr_elems"])
        elif one.kind == btf_types.INT:
            signed, first, width = types.bits(one)
            assert (first, width) == (row["bits_offset"], row["nr_bits"])
            assert signed == (row["encoding"] == "SIGNED")


def test_each_struct_of_a_kernel_as_pahole_has_it(tmp_path: Path) -> None:
    """Would catch any field of thousands of structs at a wrong offset, or of a wrong size."""
    raw = tmp_path / "vmlinux.btf"
    raw.write_bytes(kernel_btf())
    tool("pahole", "dwarves")
    reading = btf.read(kernel_btf(), "vmlinux", X64, everything)
    ours: dict[str, list[StructLayout]] = {}
    for one in [*reading.layout.structs.values(), *(other.layout for other in reading.others)]:
        ours.setdefault(one.tag, []).append(one)
    fields = 0
    for said in pahole.structs(raw, "-F", "btf"):
        assert said.tag not in reading.problems
        assert any(said.fits(one) for one in ours[said.tag]), (said.tag, said.fields)
        fields += len(said.fields)
    assert fields > 40_000


# By hand.


def read(made: Made | bytes, wanted: Callable[[str], bool] = everything) -> Reading:
    """Read BTF that was made by hand."""
    return btf.read(made if isinstance(made, bytes) else made.blob(), "made", X64, wanted)


def test_all_kinds_of_types() -> None:
    """Would catch a kind of type whose size is wrong, and old bit-fields, and negative values."""
    reading = read(of_all_kinds())
    assert not reading.problems
    inner = {field.name: field for field in reading.layout.structs["inner"].fields}
    assert (inner["b"].kind, inner["b"].type, inner["b"].signed) == ("bits", "int:3", True)
    fields = {field.name: field for field in reading.layout.structs["gnttab_copy"].fields}
    assert (fields["high"].offset, fields["high"].size) == (64, 2)
    assert fields["table"].count == 3
    assert fields["table[].c"].offset == 20
    assert (fields["wide"].size, fields["colour"].signed) == (8, True)
    assert reading.layout.aliases["gnttab_copy_t"] == "struct gnttab_copy"
    assert reading.layout.constants["BLUE"] == Constant(-3, 4, signed=True)
    assert reading.layout.constants["FAR"] == Constant(1 << 40, 8, signed=False)
    assert reading.unseen == {"macros", "alignment"}


def test_only_what_is_wanted_is_read() -> None:
    """Would catch a reader that lays out all of a kernel for a few structs."""
    reading = read(of_all_kinds(), {"gnttab_copy_t"}.__contains__)
    assert reading.layout.structs.keys() == {"gnttab_copy"}
    assert not reading.layout.constants
    assert not reading.layout.typedefs


def test_values_whose_sign_old_btf_does_not_state() -> None:
    """Would catch a negative status that is silently read as four billion, or the reverse."""
    made = Made()
    made.enum("grant_status", {"GNTST_okay": 0, "GNTST_general_error": -1})
    reading = read(made)
    assert reading.layout.constants["GNTST_general_error"] == Constant(-1, 4, signed=True)
    (assumed,) = reading.assumptions
    assert assumed.name == "grant_status"
    assert "not stated: GNTST_general_error is 4294967295 if not" in assumed.message
    made.enum("other", {"LOW": -1}, flag=True)  # so that this is not old
    reading = read(made)
    most = Constant(0xFFFFFFFF, 4, signed=False)
    assert reading.layout.constants["GNTST_general_error"] == most
    assert not reading.assumptions


def test_definitions_that_contradict_each_other() -> None:
    """Would catch one of two typedefs or enumerators being picked silently."""
    made = Made()
    short, word = made.integer("unsigned short", 2), made.integer("unsigned int", 4)
    made.add(btf_types.TYPEDEF, "domid_t", short)
    made.add(btf_types.TYPEDEF, "domid_t", word)
    made.enum("a", {"GNTTABOP_copy": 5})
    made.enum("b", {"GNTTABOP_copy": 6})
    assert read(made).problems.keys() == {"domid_t", "GNTTABOP_copy"}


def test_a_kind_of_the_future() -> None:
    """Would catch unknown kinds being skipped by a guess, or not where their size is stated."""
    made = Made()
    word = made.integer("unsigned int", 4)
    made.add(25, "new", 0, [(1, 2), (3, 4)])
    made.struct("gnttab_dump_table", 4, [("dom", word, 0)])
    with pytest.raises(SourceError, match="type 2 is of kind 25, which is not known"):
        read(made)
    layout = bytearray(4 * 26)
    layout[4 * 25 : 4 * 25 + 2] = (0, 8)
    assert "gnttab_dump_table" in read(made.blob(layout=bytes(layout))).layout.structs
    with pytest.raises(SourceError, match="kind 25"):
        read(made.blob(layout=bytes(layout[:-4])))


def test_a_header_of_the_future() -> None:
    """Would catch a longer header being refused or misread."""
    made = Made()
    made.struct("one", 4, [("dom", made.integer("int", 4, signed=True), 0)])
    blob = made.blob(layout=b"", more=b"\1\2\3\4" * 3)
    assert "one" in read(blob + b"more sections").layout.structs


def test_split_btf() -> None:
    """Would catch types or strings of a continuation that are looked up in the wrong part."""
    base = Made()
    word = base.integer("unsigned int", 4)
    inner = base.struct("inner", 8, [("a", word, 0), ("b", word, 32)])
    made = Made(after=base)
    made.struct("outer", 12, [("in", inner, 0), ("c", word, 64)])
    reading = btf.read(made.blob(), "module", X64, {"outer"}.__contains__, base.blob())
    names = [field.name for field in reading.layout.structs["outer"].fields]
    assert names == ["in", "in.a", "in.b", "c"]
    with pytest.raises(SourceError, match="split BTF"):
        read(made)
    with pytest.raises(SourceError, match="bytes behind its BTF"):
        btf.read(made.blob() * 2, "module", X64, everything, base.blob())


def in_elf(sections: dict[str, bytes], machine: int = 62, bits: int = 64, order: int = 1) -> bytes:
    """Return a small ELF file with these sections."""
    texts = b"\0" + b"".join(name.encode() + b"\0" for name in [*sections, ".shstrtab"])
    contents = {**sections, ".shstrtab": texts}
    head = 64 if bits == 64 else 52
    at, rows, body = head, [b"\0" * (64 if bits == 64 else 40)], b""
    for name, data in contents.items():
        start = texts.index(b"\0" + name.encode() + b"\0") + 1
        form = "<IIQQQQIIQQ" if bits == 64 else "<IIIIIIIIII"
        rows.append(struct.pack(form, start, 1, 0, 0, at, len(data), 0, 0, 1, 0))
        body += data
        at += len(data)
    ident = b"\x7fELF" + bytes((bits // 32, order, 1)) + bytes(9)
    form = "<HHIQQQIHHHHHH" if bits == 64 else "<HHIIIIIHHHHHH"
    header = struct.pack(
        form, 1, machine, 1, 0, 0, at, 0, head, 0, 0, len(rows[0]), len(rows), len(rows) - 1
    )
    return ident + header + body + b"".join(rows)


def test_a_module_with_a_base_of_its_own(tmp_path: Path) -> None:
    """Would catch a struct whose members are elsewhere being taken for one that has none."""
    base = Made()
    word = base.integer("unsigned int", 4)
    hollow = base.add(btf_types.STRUCT, "gnttab_copy", 40)
    made = Made(after=base)
    made.struct("full", 4, [("a", word, 0)])
    made.struct("holds", 44, [("a", word, 0), ("b", hollow, 32)])
    path = tmp_path / "module.ko"
    path.write_bytes(in_elf({".BTF": made.blob(), ".BTF.base": base.blob()}))
    reading = btf.read_file(path, everything)
    assert reading.layout.structs.keys() == {"full"}
    assert "40 bytes, and its members are not in this file" in reading.problems["holds"].message
    with pytest.raises(SourceError, match="a base of its own"):
        btf.read_file(path, everything, base=path)


# Images.


def bzimage(payload: bytes, version: int = 0x20F) -> bytes:
    """Return the image of an x86 kernel around compressed data."""
    image = bytearray(3 * 512)
    image[0x1F1] = 2
    image[0x1FE:0x206] = b"\x55\xaa\0\0HdrS"
    struct.pack_into("<H", image, 0x206, version)
    struct.pack_into("<II", image, 0x248, 7, len(payload))
    return bytes(image) + b"startup" + payload + b"the rest"


def zboot(payload: bytes) -> bytes:
    """Return a kernel that EFI unpacks, around compressed data."""
    return b"MZ\0\0zimg" + struct.pack("<II", 64, len(payload)) + bytes(48) + payload


def flat_image(blob: bytes, magic: bytes = b"ARM\x64") -> bytes:
    """Return a kernel as it lies in memory, with some BTF of a program before its own."""
    small = Made()
    small.integer("int", 4, signed=True)
    head = b"MZ" + bytes(0x36) + magic + b"\x9f\xeb\1\0\x18\0\0\0 noise"
    return head + small.blob() + b"noise" + blob + b"noise"


PYTHON_METHODS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
}
COMMANDS = {"zstd": ("-q", "-c"), "lz4": ("-l", "-c"), "lz4 frames": ("-c",), "lzop": ("-c",)}


def compressed(method: str, data: bytes, sized: bool = True) -> bytes:  # noqa: FBT001, FBT002 -- a flag
    """Return data as kernels have it: compressed, with its size behind it."""
    if method in PYTHON_METHODS:
        packed = PYTHON_METHODS[method](data)
    else:
        name = method.partition(" ")[0]
        command = [tool(name, name), *COMMANDS[method]]
        packed = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    return packed + (struct.pack("<I", len(data)) if sized else b"")


@pytest.mark.parametrize("method", [*PYTHON_METHODS, *COMMANDS])
def test_each_compression_of_a_kernel(method: str, tmp_path: Path) -> None:
    """Would catch a compression that distributions use and that cannot be read."""
    elf = in_elf({".text": random.Random(1).randbytes(70_000), ".BTF": of_all_kinds()})
    path = tmp_path / "vmlinuz"
    for sized in (True, False):
        path.write_bytes(bzimage(compressed(method, elf, sized)))
        reading = btf.read_file(path, everything)
        assert (reading.layout.abi, "inner" in reading.layout.structs) == ("x86_64", True)
        path.write_bytes(zboot(compressed(method, flat_image(of_all_kinds()), sized)))
        reading = btf.read_file(path, everything)
        assert (reading.layout.abi, "inner" in reading.layout.structs) == ("arm64", True)
        cut = bzimage(compressed(method, elf, sized=False)[:-3000])
        with pytest.raises(SourceError, match=r"decompressed|damaged or cut off"):
            kernel_image.unpack(memoryview(cut), "cut")
        with pytest.raises(SourceError, match="more than 500 bytes when decompressed"):
            kernel_image.unpack(memoryview(path.read_bytes()), "bomb", 500)


def test_what_zstd_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a kernel that cannot be unpacked here without a word of what to install."""
    packed = compressed("zstd", in_elf({".BTF": of_all_kinds()}))
    monkeypatch.setenv("PATH", str(tmp_path))
    for module in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Unavailable, match=r"xengnt\[zstd\].*command zstd"):
        kernel_image.unpack(memoryview(packed), "vmlinuz")


def test_images_as_they_are_written_elsewhere(tmp_path: Path) -> None:
    """Would catch the ABI being guessed where the image states it, and images within images."""
    blob = of_all_kinds()
    path = tmp_path / "image"
    for data, abi in (
        (flat_image(blob), "arm64"),
        (flat_image(blob, b"RSC\x05"), "riscv64"),
        (gzip.compress(flat_image(blob)), "arm64"),
        (gzip.compress(in_elf({".BTF": blob}, machine=21)), "ppc64"),
        (gzip.compress(blob), "x86_64"),
        (blob, "x86_64"),
    ):
        path.write_bytes(data)
        target = X64 if abi == "x86_64" else None
        reading = btf.read_file(path, everything, target)
        assert (reading.layout.abi, "inner" in reading.layout.structs) == (abi, True)


# What cannot be read.


def word_of(size: int) -> bytes:
    """Return BTF whose ``long`` has this many bytes."""
    made = Made()
    made.integer("long unsigned int", size)
    return made.blob()


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "neither BTF, nor an ELF file, nor the image of a kernel"),
    "text": (b"struct gnttab_copy;\n", "neither BTF"),
    "big-endian": (b"\xeb\x9f\1\0" + bytes(20), "big-endian BTF"),
    "version": (b"\x9f\xeb\2\0" + bytes(20), "version 2"),
    "short header": (b"\x9f\xeb\1\0\x10" + bytes(20), "header of 16 bytes"),
    "garbage behind": (of_all_kinds() + b"garbage", "there are 7 bytes behind its BTF"),
    "unterminated": (of_all_kinds()[:-1] + b"x", "last string does not end"),
    "wrong ABI": (word_of(4), "cannot be for x86_64: long unsigned int has 4 bytes there, not 8"),
    "ELF header": (b"\x7fELF\2\1\1" + bytes(20), "cut off in the ELF header"),
    "ELF, big-endian": (in_elf({".BTF": b""}, order=2), "big-endian"),
    "ELF, class": (in_elf({".BTF": of_all_kinds()}, 62, 32), "32-bit ELF file for machine 62"),
    "ELF, machine": (in_elf({".BTF": of_all_kinds()}, 8), "machine 8, which is none of x86_64"),
    "ELF, other ABI": (in_elf({".BTF": of_all_kinds()}, 183), "is for arm64, not for x86_64"),
    "ELF, without": (in_elf({".text": b"x"}), "has no section .BTF"),
    "image, old": (bzimage(b"", 0x200), "before Linux 2.6.26"),
    "image, cut": (bzimage(bytes(100))[:-60], "a kernel image, cut off"),
    "image, unknown": (bzimage(b"something else"), "compressed in a way that is not known"),
    "image, without": (flat_image(b"")[:0x48] + bytes(100), "a kernel without BTF"),
    "no end": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"")))), "more often"),
    "wide window": (b"]\0\0\0\xf0" + b"\xff" * 8 + bytes(99), "cannot be decompressed"),
}


@pytest.mark.parametrize(("data", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_one_clear_line(data: bytes, words: str, tmp_path: Path) -> None:
    """Would catch a traceback, or an error that does not say what is wrong with which file."""
    path = tmp_path / "bad"
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        btf.read_file(path, everything, X64)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert "\n" not in message


def test_no_file(tmp_path: Path) -> None:
    """Would catch a traceback, or waiting for somebody to write into a pipe."""
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("none", "No such file"), (".", "not a file"), ("pipe", "not a file")):
        with pytest.raises(SourceError, match=words):
            btf.read_file(tmp_path / name, everything)


def problem(made: Made, name: str = "s") -> str:
    """Return why something in BTF cannot be read, while the rest of it can."""
    made.struct("fine", 4, [("x", made.integer("int", 4, signed=True), 0)])
    reading = read(made)
    assert "fine" in reading.layout.structs
    assert name not in reading.layout.structs
    assert str(reading.problems[name].message).startswith("made: ")
    return reading.problems[name].message


def test_what_cannot_be_laid_out() -> None:
    """Would catch a cycle that never ends, and members that are outside of their struct."""
    made = Made()
    made.struct("s", 8, [("in", 1, 0)])
    assert "contains itself" in problem(made)
    made = Made()
    made.struct("s", 8, [("in", 2, 0)])
    made.array(1, 2)
    assert "contains itself" in problem(made)
    made = Made()
    made.add(btf_types.TYPEDEF, "s", 2)
    made.add(btf_types.CONST, "", 1)
    assert "does not end in a type of its own" in problem(made)
    made = Made()
    made.add(btf_types.PTR, "", 1)
    made.struct("s", 8, [("p", 1, 0)])
    assert "nested deeper" in problem(made)
    for member, words in (
        (("x", 1, 8), "x reaches past the 4 bytes there are"),
        (("x", 1, 4), "x begins within a byte"),
        (("x", 0, 0), "has no size"),
        (("x", 999, 0), "there is no type 999"),
    ):
        made = Made()
        made.integer("unsigned int", 4)
        made.struct("s", 4, [member])
        assert words in problem(made)
    made = Made()
    made.struct("s", 8, [("in", made.add(btf_types.FWD, "later"), 0)])
    assert "later: is declared and not defined" in problem(made)
    made = Made()
    pointer = made.add(btf_types.PTR, "", 0)  # of four bytes, by what follows
    made.struct("s", 8, [("p", pointer, 0), ("q", pointer, 32)])
    assert "q reaches past the 8 bytes there are" in problem(made)
    made = Made()
    pointer = made.add(btf_types.PTR, "", 0)
    made.struct("s", 8, [("p", pointer, 0), ("n", made.integer("unsigned int", 4), 32)])
    assert "n begins before what is in front of it ends" in problem(made)
    made = Made()
    made.add(btf_types.STRUCT, "s", 4, [(12345, 1, 0)])
    assert "there is no string 12345" in problem(made)


def test_small_files_that_would_become_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch memory or time that grows without bounds: nesting, doubling, repetition."""
    made = Made()
    made.struct("s0", 4, [("x", made.integer("int", 4, signed=True), 0)])
    for number in range(1, 60):  # each has the one before twice, by name
        made.struct(f"s{number}", 4, [("a", number + 1, 0), ("b", number + 1, 0)], kind=5)
    assert "more than 20000 fields" in problem(made, "s59")
    made = Made()
    made.add(btf_types.STRUCT, "s0", 0)
    for number in range(1, 60):  # and without any
        made.struct(f"s{number}", 0, [("", number, 0), ("", number, 0)])
    assert "more than 20000 fields" in problem(made, "s59")
    made = Made()
    made.struct("s0", 0, [])
    for number in range(1, 300):
        made.struct(f"s{number}", 0, [("a", number, 0)])
    assert "nested deeper" in problem(made, "s299")
    made = Made()
    for number in range(1, 300):
        made.array(number + 1, 0xFFFFFFFF)
    made.struct("s", 8, [("a", 1, 0)])
    assert "nested deeper" in problem(made, "s")
    made = Made()
    made.struct("s0", 0, [])
    for number in range(1, 60):
        made.struct(f"s{number}", 0, [("a" * 100, number, 0)])
    assert "more than 4096 characters in the path" in problem(made, "s59")
    made = Made()
    made.struct("x" * 100_000, 4, [])
    assert set(map(len, read(made).layout.structs)) == {512}
    made = Made()
    word = made.integer("int", 4, signed=True)
    big = made.struct("", 4, [(f"x{n}", word, 0) for n in range(9_000)], kind=5)
    for number in range(9):
        made.struct(f"s{number}", 4, [("in", big, 0)], kind=5)
    monkeypatch.setattr(btf, "MAX_ALL_FIELDS", 50_000)
    with pytest.raises(SourceError, match="more than 50000 fields are wanted"):
        read(made)
    made = Made()
    made.add(btf_types.STRUCT, "s", 4, elements=0xFFFFFF)
    with pytest.raises(SourceError, match="type 1 is cut off"):
        read(made)


def attempt(data: bytes, path: Path) -> bool:
    """Read a file that may be damaged; tell whether that worked."""
    path.write_bytes(data)
    message = ""
    try:
        btf.read_file(path, everything, X64)
    except XengntError as error:
        message = str(error)
    assert not message or message.startswith(f"{path}: ")
    assert "\n" not in message
    return not message


def test_a_file_cut_anywhere(tmp_path: Path) -> None:
    """Would catch a length or an offset that is trusted."""
    whole = of_all_kinds()
    path = tmp_path / "cut"
    for data, step in ((whole, 1), (in_elf({".BTF": whole}), 3), (flat_image(whole), 7)):
        read_whole = sum(attempt(data[:end], path) for end in range(0, len(data), step))
        assert read_whole <= 1  # where nothing but what stands behind it is gone


def mutate(data: bytes, source: random.Random) -> bytes:
    """Return data with a few bytes or words changed, taken out or put in."""
    changed = bytearray(data)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(changed) - 8)
        match source.randrange(5):
            case 0:
                changed[at] = source.randrange(256)
            case 1:
                changed[at] ^= 1 << source.randrange(8)
            case 2:
                word = source.choice((0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF, len(data)))
                struct.pack_into("<I", changed, at & ~3, word)
            case 3:
                del changed[at : at + source.randint(1, 8)]
            case 4:
                changed[at:at] = source.randbytes(source.randint(1, 8))
    return bytes(changed)


@pytest.mark.parametrize("kind", ["raw", "ELF", "image", "flat", "compiled"])
def test_mutated_files(kind: str, tmp_path: Path, scratch: Path) -> None:
    """Would catch any exception but ours, and any hang, on damaged files."""
    whole = of_all_kinds()
    elf = in_elf({".BTF": whole})
    if kind == "compiled":
        layout = compute(header().at(X64))
        source = oracle.OUR_HEADER.prelude + used(layout)
        flags = (*oracle.OUR_HEADER.flags, "-gbtf", *oracle.version_flags(header().newest))
        data = oracle.compiler("gcc", "x86_64").object(source, *flags)
    else:
        data = {
            "raw": whole,
            "ELF": elf,
            "image": bzimage(gzip.compress(elf)),
            "flat": flat_image(whole),
        }[kind]
    seeds = random.Random(kind)
    good = sum(attempt(mutate(data, seeds), tmp_path / "mutated") for _ in range(FUZZ))
    assert good < FUZZ
