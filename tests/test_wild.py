# SPDX-License-Identifier: MIT
"""Headers as real projects have them: prefixed, packed, cut off from their includes, C++.

Each header of ``wild/`` is right, on the ABIs that its row names. It is held against
the layout engine, and against a compiler that gets what the header lacks from its
project. Then faults are put in, one at a time.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import oracle
import pytest

from xengnt.abi.declarations import header
from xengnt.abi.layout import Field, Layout, Pointee, StructLayout, compute
from xengnt.abi.targets import TARGETS, UNDEFINED
from xengnt.compare import compare
from xengnt.errors import SourceError
from xengnt.findings import NOTE
from xengnt.sources.cheader import preprocess
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import HeaderSource, read
from xengnt.sources.header import HeaderFile

WILD = Path(__file__).parent / "wild"
NEWEST = header().newest
ALL = tuple(TARGETS)
X86 = ("x86_64", "x86_32")
FUZZ = int(os.environ.get("XENGNT_FUZZ", "200"))
"""How many broken headers to read."""


def snake(name: str) -> str:
    """Return a name in camel case as C has it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@dataclass(frozen=True)
class Fault:
    """One thing that is made wrong, and the finding that it gives."""

    old: str
    new: str
    code: str
    where: str
    abi: str = "x86_64"


@dataclass(frozen=True)
class Wild:
    """A header of ``wild/``.

    Attributes:
        structs: what its structs are called in the reference.
        faults: some to put in.
        constants: how many of its constants the reference has.
        abis: for which it is right.
        prefix: of its constants, in capitals.
        rename: gives the reference's name for one of a member.
        version: the interface version that it is for.
        reference: the ABI whose layout it has, if another than the one it is read for.
        lacks: what its project would define, in C.
        language: of the compiler that takes it.
        defines: what to define when it is read.
    """

    structs: dict[str, str]
    faults: tuple[Fault, ...]
    constants: int = 0
    abis: tuple[str, ...] = ALL
    prefix: str = ""
    rename: Callable[[str], str] = str
    version: int = NEWEST
    reference: str | None = None
    lacks: str = ""
    language: str = "c"
    defines: tuple[str, ...] = ()


def same(*names: str) -> dict[str, str]:
    """Return structs that go by the names of the reference."""
    return {name: name for name in names}


_VKI = "".join(
    f"typedef {'' if sign else 'u'}int{n}_t vki_{'' if sign else 'u'}int{n}_t;"
    f"typedef {'' if sign else 'u'}int{n}_t __vki_{'s' if sign else 'u'}{n};\n"
    for n in (8, 16, 32, 64)
    for sign in (True, False)
)
_KERNEL = "".join(
    f"typedef uint{n}_t u{n}; typedef int{n}_t s{n}; typedef uint{n}_t __u{n};"
    f" typedef int{n}_t __s{n}; typedef uint{n}_t __le{n};\n"
    for n in (8, 16, 32, 64)
)
_HANDLE = """
#if defined(__x86_64__) || defined(__i386__)
#define GUEST_HANDLE(x) struct { x *p; }
#else
#define GUEST_HANDLE(x) union { x *p; uint64_t __attribute__((aligned(8))) q; }
#endif
#define XEN_GUEST_HANDLE(x) GUEST_HANDLE(x)
#define __XEN_GUEST_HANDLE(x) GUEST_HANDLE(x)
#ifdef __i386__
#define XEN_GUEST_HANDLE_64(x) union { x *p; uint64_t __attribute__((aligned(8))) q; }
#else
#define XEN_GUEST_HANDLE_64(x) GUEST_HANDLE(x)
#endif
#define XEN_GUEST_HANDLE_PARAM(x) struct { x *p; }
#define COMPAT_HANDLE(x) struct { uint32_t c; }
typedef unsigned char uchar;
#define DEFINE_GUEST_HANDLE_STRUCT(x)
#define DEFINE_XEN_GUEST_HANDLE(x)
#define DEFINE_GUEST_HANDLE(x)
#define ___DEFINE_XEN_GUEST_HANDLE(x, y)
typedef struct gnttab_setup_table gnttab_setup_table;
"""

HEADERS = {
    "prefixed.h": Wild(
        {
            f"vki_xen_{name}": name
            for name in ("gnttab_map_grant_ref", "gnttab_copy", "gnttab_copy_ptr")
        },
        (
            Fault("domid_t dom;", "grant_ref_t dom;", "field-size", "gnttab_map_grant_ref.dom"),
            Fault("__vki_s16 status", "__vki_u16 status", "field-sign", "gnttab_copy.status"),
            Fault("(-9)", "(-8)", "constant-value", "GNTST_bad_page"),
            Fault(
                "__vki_u64 dev", "__vki_u32 dev", "field-size", "gnttab_map_grant_ref.dev_bus_addr"
            ),
        ),
        constants=4,
        abis=X86,
        prefix="VKI_XEN_",
        lacks=_VKI,
    ),
    "camel.h": Wild(
        {
            "_GNTTAB_MAP_GRANT_REF": "gnttab_map_grant_ref",
            "_GNTTAB_QUERY_SIZE": "gnttab_query_size",
            "GnttabSwapGrantRef": "gnttab_swap_grant_ref",
            "GnttabTransfer": "gnttab_transfer",
        },
        (
            Fault(
                "UINT64     Dev",
                "UINT32     Dev",
                "field-size",
                "gnttab_map_grant_ref.dev_bus_addr",
            ),
            Fault("UINTN ", "UINT64", "field-size", "gnttab_transfer.mfn", "x86_32"),
            Fault("  int16 ", "  uint16", "field-sign", "gnttab_query_size.status"),
        ),
        abis=X86,
        rename=snake,
        lacks=_KERNEL
        + "".join(f"typedef uint{n}_t UINT{n}; typedef int{n}_t INT{n};" for n in (16, 32, 64))
        + "typedef uint32_t uint32, u_int32_t; typedef int16_t int16; typedef uintptr_t UINTN;\n",
    ),
    "unnamed.h": Wild(
        {
            "grant_entry_header_t": "grant_entry_header",
            "grant_entry_v2_t": "grant_entry_v2",
            "gnttab_copy_ptr_t": "gnttab_copy_ptr",
            "gnttab_copy_t": "gnttab_copy",
            "gnttab_get_version_t": "gnttab_get_version",
        },
        (
            Fault(
                "uint32_t pad0", "uint64_t pad0", "field-offset", "grant_entry_v2.full_page.frame"
            ),
            Fault("uint16_t len", "uint32_t len", "field-size", "gnttab_copy.len"),
            Fault("xen_pfn_t gmfn", "uint32_t gmfn", "field-size", "gnttab_copy_ptr.u.gmfn"),
        ),
    ),
    "packed.h": Wild(
        same(
            *("gnttab_get_version", "gnttab_query_size", "gnttab_swap_grant_ref"),
            *("gnttab_set_version", "gnttab_dump_table", "gnttab_unmap_grant_ref"),
            *("gnttab_cache_flush", "gnttab_unmap_and_replace", "gnttab_map_grant_ref"),
        ),
        (
            Fault("\tuint16_t pad;\n", "", "field-offset", "gnttab_get_version.version"),
            Fault("\tu8 pad1[2];\n", "", "field-offset", "gnttab_query_size.nr_frames"),
            Fault("PACKED QEMU_ALIGNED(4)", "PACKED", "struct-align", "gnttab_swap_grant_ref"),
            Fault("struct ALIGNED(4) ", "struct ", "struct-align", "gnttab_set_version"),
            Fault("__aligned__(2)", "__aligned__(4)", "field-offset", "gnttab_dump_table.status"),
            Fault(
                "[[gnu::packed]]",
                "[[gnu::packed, gnu::aligned(8)]]",
                "struct-size",
                "gnttab_dump_table",
            ),
            Fault(
                "\tuint32_t handle;\n\tint16_t status;\n\tchar pad",
                "\tuint8_t x; uint32_t handle;\n\tint16_t status;\n\tchar pad",
                "field-offset",
                "gnttab_unmap_grant_ref.handle",
            ),
            Fault(
                "} __attribute__((aligned(8)));\n#pragma pack()",
                "};\n#pragma pack()",
                "struct-align",
                "gnttab_cache_flush",
            ),
            Fault(
                "} __attribute__((aligned(8)));\n__pragma",
                "};\n__pragma",
                "struct-align",
                "gnttab_unmap_and_replace",
            ),
            Fault(
                "__declspec(align(8))",
                "__declspec(align(16))",
                "struct-align",
                "gnttab_map_grant_ref",
            ),
            Fault(
                "domid_t dom;\n\ts16 status;\n\tu32 handle;",
                "domid_t dom;\n\t__aligned(4) s16 status;\n\tu32 handle;",
                "field-offset",
                "gnttab_map_grant_ref.status",
            ),
        ),
        abis=("x86_64", "arm64", "arm32", "riscv64", "ppc64"),
        lacks=_KERNEL + "#define __packed __attribute__((packed))\n#define PACKED __packed\n"
        "#define __attribute_packed__ __packed\n#define __aligned(x) __attribute__((aligned(x)))\n"
        "#define ALIGNED(x) __aligned(x)\n#define QEMU_ALIGNED(x) __aligned(x)\n"
        "#define __aligned_u64 uint64_t __aligned(8)\n#define aligned_u64 __aligned_u64\n"
        "#define __pragma(x) _Pragma(#x)\n#define __declspec(x)\n",
    ),
    "handles.h": Wild(
        same("gnttab_setup_table", "gnttab_get_status_frames"),
        (
            Fault(
                "HANDLE(xen_pfn_t)",
                "HANDLE(uint8_t)",
                "pointee-size",
                "gnttab_setup_table.frame_list",
            ),
            Fault(
                "GUEST_HANDLE(xen_pfn_t)",
                "xen_pfn_t *",
                "field-size",
                "gnttab_setup_table.frame_list",
                "arm32",
            ),
            Fault(
                "XEN_GUEST_HANDLE(uint64_t)",
                "XEN_GUEST_HANDLE_64(uint64_t)",
                "field-size",
                "gnttab_get_status_frames.frame_list",
                "x86_32",
            ),
            Fault(
                "XEN_GUEST_HANDLE(uint64_t)",
                "XEN_GUEST_HANDLE_PARAM(uint64_t)",
                "field-size",
                "gnttab_get_status_frames.frame_list",
                "arm32",
            ),
            Fault(
                "XEN_GUEST_HANDLE(uint64_t)",
                "COMPAT_HANDLE(uint64_t)",
                "field-size",
                "gnttab_get_status_frames.frame_list",
            ),
        ),
        lacks=_HANDLE,
    ),
    "macros.h": Wild(
        same(
            *("gnttab_dump_table", "gnttab_set_version", "gnttab_swap_grant_ref"),
            *("gnttab_get_version", "gnttab_query_size", "gnttab_unmap_grant_ref"),
        ),
        (
            Fault(
                "uint32_t version; };\nE",
                "uint16_t version; };\nE",
                "field-size",
                "gnttab_set_version.version",
            ),
            Fault("uint32_t ref_a", "int32_t ref_a", "field-sign", "gnttab_swap_grant_ref.ref_a"),
            Fault(
                "uint16_t pad; uint32_t",
                "uint32_t pad; uint32_t",
                "field-size",
                "gnttab_get_version.pad",
            ),
            Fault(
                "dev_bus_addr;\n",
                "dev_bus_addr;\n\tchar more;\n",
                "field-offset",
                "gnttab_unmap_grant_ref.handle",
            ),
        ),
        lacks="".join(
            f"#define {name}\n"
            for name in (
                *("MODULE_LICENSE(x)", "BEGIN_DECLS", "XEN_DEFINE_FOO(x)", "EXPORT_SYMBOL(x)"),
                *("OTHER(x, y, z)", "NEXT(x)", "BUILD_ASSERT(x)", "__BEGIN_DECLS", "END_DECLS"),
            )
        )
        + "#define static_assert _Static_assert\n#define DEFINE_BODY(f, x) int f(x)\n",
    ),
    "version.h": Wild(
        same("grant_entry"),
        (Fault("domid_t domid", "uint32_t domid", "field-size", "grant_entry.domid"),),
        version=0x00030205,
    ),
    "gated.h": Wild(
        {"grant_entry": "grant_entry"},
        (Fault("uint32_t frame", "uint64_t frame", "field-size", "grant_entry.frame"),),
        version=0x00030205,
        defines=("CONFIG_XEN_INTERFACE_VERSION=0x00030205",),
    ),
    "habits.h": Wild(
        same("gnttab_dump_table"),
        (
            Fault("BIT(2, U)", "BIT(3, U)", "constant-value", "GTF_readonly"),
            Fault("UINT32_C(8)", "INT32_C(8)", "constant-sign", "GTF_reading"),
            Fault("bad_reference,", "bad_reference = -5,", "constant-value", "GNTST_bad_gntref"),
            Fault(
                "GTF_accept_transfer | 1",
                "GTF_accept_transfer | 4",
                "constant-value",
                "GTF_transitive",
            ),
            Fault("uint32_t GTF", "uint64_t GTF", "constant-size", "GTF_accept_transfer"),
            Fault("_AC(0x20, U)", "_AC(0x20, UL)", "constant-size", "GTF_PWT"),
            Fault("signed    short", "unsigned  short", "field-sign", "gnttab_dump_table.status"),
        ),
        constants=12,
        lacks="#define BIT1(n) (1UL << (n))\n#define BIT2(n, s) (1##s << (n))\n"
        "#define PICK(a, b, c, ...) c\n"
        "#define _AC(x, s) x##s\n#define _BITUL(n) (1UL << (n))\n#define BIT_ULL(n) (1ULL << (n))\n"
        "#define BIT(...) PICK(__VA_ARGS__, BIT2, BIT1, 0)(__VA_ARGS__)\n",
    ),
    "modern.h": Wild(
        {
            "CopyPtr": "gnttab_copy_ptr",
            "Copy": "gnttab_copy",
            "GnttabTransfer": "gnttab_transfer",
            "GetVersion": "gnttab_get_version",
            "QuerySize": "gnttab_query_size",
        },
        (
            Fault("uint16_t len", "uint32_t len", "field-size", "gnttab_copy.len"),
            Fault(
                "std::int16_t { okay = 0, general_error = -1 }",
                "std::uint16_t { okay = 0 }",
                "field-sign",
                "gnttab_query_size.status",
            ),
            Fault(
                "domid_t domid = 0x7ff0",
                "ref_t domid = 0x7ff0",
                "field-size",
                "gnttab_copy_ptr.domid",
            ),
            Fault("bad_page{-9}", "bad_page{-8}", "constant-value", "GNTST_bad_page"),
            Fault(
                "dest_gref = 1 << 1", "dest_gref = 1 << 2", "constant-value", "GNTCOPY_dest_gref"
            ),
            Fault(
                "alignas(4) [[gnu::packed]]",
                "[[gnu::packed]]",
                "struct-align",
                "gnttab_get_version",
            ),
        ),
        constants=4,
        abis=X86,
        lacks="namespace std { using ::uint32_t; using ::uint16_t; using ::int16_t; }\n",
        language="c++",
    ),
    "compat.h": Wild(
        {
            f"compat_{name}": name
            for name in (
                *("gnttab_map_grant_ref", "gnttab_setup_table", "gnttab_transfer", "gnttab_copy"),
                *("gnttab_copy_ptr", "gnttab_cache_flush"),
            )
        },
        (
            Fault("compat_pfn_t mfn", "unsigned long mfn", "field-size", "gnttab_transfer.mfn"),
            Fault(
                "COMPAT_HANDLE(compat",
                "XEN_GUEST_HANDLE(compat",
                "field-size",
                "gnttab_setup_table.frame_list",
            ),
            Fault("#pragma pack(4)", "", "struct-align", "gnttab_map_grant_ref"),
            Fault("#pragma pack(4)", "#pragma pack(2)", "struct-align", "gnttab_copy"),
            Fault("#pragma pack(4)", "#pragma pack(1)", "field-offset", "gnttab_transfer.ref"),
        ),
        abis=("x86_64",),
        reference="x86_32",
        lacks="#define COMPAT_HANDLE(x) uint32_t\n#define DEFINE_COMPAT_HANDLE(x)\n"
        "typedef uint32_t compat_pfn_t;\n",
    ),
}


def job(path: Path, wild: Wild, abi: str) -> Job:
    """Return the job of reading one of the headers."""
    return Job(path, TARGETS[abi], NEWEST, defines=wild.defines)


@cache
def original(name: str, abi: str) -> HeaderSource:
    """Return what is in one of the headers; it must not be changed."""
    return read(job(WILD / name, HEADERS[name], abi))


def compared(source: HeaderSource, wild: Wild) -> tuple[Layout, Layout]:
    """Return the reference and what a header has, as far as it has it, under the same names."""
    theirs = compute(source.declarations)
    declared = source.declarations
    ours = compute(header().at(wild.reference or declared.target, declared.version))
    structs = {
        name: renamed(theirs.structs[other], name, wild.rename)
        for other, name in wild.structs.items()
        if other in theirs.structs
    }
    constants = {
        name.removeprefix(wild.prefix): value
        for name, value in theirs.constants.items()
        if name.removeprefix(wild.prefix) in ours.constants
    }
    return (
        replace(
            ours,
            structs={name: ours.structs[name] for name in wild.structs.values()},
            constants={name: ours.constants[name] for name in constants},
            **NOTHING,
        ),
        replace(theirs, structs=structs, constants=constants, **NOTHING),
    )


NOTHING = {"typedefs": {}, "aliases": {}, "ops": {}, "messages": ()}


def renamed(struct: StructLayout, tag: str, rename: Callable[[str], str]) -> StructLayout:
    """Return a struct under the names of the reference."""
    fields = [replace(field, name=rename(field.name)) for field in struct.fields]
    return replace(struct, tag=tag, fields=tuple(fields))


def findings(source: HeaderSource, wild: Wild) -> list[tuple[str, str]]:
    """Return the errors and warnings about a header, as code and place."""
    found = compare(*compared(source, wild))
    return [(one.code, one.where) for one in found if one.severity != NOTE]


@pytest.fixture(params=["gcc", "clang", "pcpp"])
def preprocessor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have headers preprocessed by each of the preprocessors in turn."""
    if request.param == "pcpp":
        pytest.importorskip("pcpp")
        monkeypatch.setattr(preprocess, "compiler", lambda: None)
    else:
        found = shutil.which(request.param)
        oracle.need(found, request.param, f"apt install {request.param}")
        monkeypatch.setenv("CC", request.param)
    return str(request.param)


@pytest.fixture
def read_text(tmp_path: Path) -> Callable[..., HeaderSource]:
    """Return a function that reads a header of some text."""

    def reader(text: str | bytes, abi: str = "x86_64", version: int = UNDEFINED) -> HeaderSource:
        path = tmp_path / "wild.h"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read(Job(path, TARGETS[abi], version))

    return reader


# The headers.


@pytest.mark.parametrize("name", HEADERS)
def test_right_header_is_clean(name: str) -> None:
    """Would catch a header that is right and is not read, or is said to be wrong."""
    wild = HEADERS[name]
    for abi in wild.abis:
        source = original(name, abi)
        assert source.declarations.version == wild.version
        assert not source.problems, source.problems
        assert set(wild.structs) <= set(compute(source.declarations).structs)
        assert len(compared(source, wild)[0].constants) == wild.constants
        assert findings(source, wild) == [], abi


FAULTS = [
    pytest.param(name, fault, id=f"{name}-{number}")
    for name, wild in HEADERS.items()
    for number, fault in enumerate(wild.faults)
]


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_fault_is_found(tmp_path: Path, name: str, fault: Fault) -> None:
    """Would catch a fault that is not seen for the way in which the header is written."""
    text = (WILD / name).read_text()
    assert text.count(fault.old) >= 1
    path = tmp_path / name
    path.write_text(text.replace(fault.old, fault.new, 1))
    wild = HEADERS[name]
    found = findings(read(job(path, wild, fault.abi)), wild)
    assert (fault.code, fault.where) in found


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("name", HEADERS)
def test_compilers_lay_it_out_alike(name: str) -> None:
    """Would catch an attribute, a type or a macro that is honoured otherwise than by a compiler.

    The compiler gets what the header lacks from its project, and no includes.
    """
    wild = HEADERS[name]
    text = re.sub(r"#\s*(include|import|ident)\b.*", "", (WILD / name).read_text())
    defines = "".join(f"#define {one.replace('=', ' ')}\n" for one in wild.defines)
    text = f"#include <stdint.h>\n{defines}{wild.lacks}{text}\n"
    for abi in wild.abis:
        compiler = oracle.any_compiler(abi)
        if wild.language == "c++":
            compiler = oracle.compiler("clang", abi)
        source = original(name, abi)
        checks = list(assertions(source, wild))
        assert len(checks) > 5
        language = ("-std=c++20",) if wild.language == "c++" else ()
        flags = ("-w", "-fsyntax-only", *language)
        for code, verdict in (("".join(checks), 0), ('_Static_assert(0, "");', 1)):
            done = compiler.run(prepared(text + code, wild), *flags, language=wild.language)
            assert (done.returncode != 0) == verdict, f"{abi}: {done.stderr}"


def prepared(text: str, wild: Wild) -> str:
    """Return a translation unit as its language has assertions."""
    return text.replace("_Static_assert(", "static_assert(") if wild.language == "c++" else text


def assertions(source: HeaderSource, wild: Wild) -> Iterator[str]:
    """Give an assertion in C for everything that was read."""
    layout = compute(source.declarations)
    if wild.language == "c++":
        yield "using namespace xen::grant;\n"
    for tag, struct in layout.structs.items():
        aggregate = source.declarations.aggregates.get(tag)
        ctype = f"{aggregate.kind} {tag}" if aggregate and wild.language == "c" else tag
        facts = [(f"sizeof({ctype})", struct.size), (f"_Alignof({ctype})", struct.align)]
        for one in struct.fields:
            path = one.name.replace("[]", "[0]")
            facts.append((f"__builtin_offsetof({ctype}, {path})", one.offset))
            facts.append((f"sizeof((({ctype} *)0)->{path})", one.size))
        for expression, value in facts:
            yield f'_Static_assert({expression} == {value}, "{expression}");\n'
    unasked = {"okay", "general_error"}  # which C++ has in a scope
    if wild.language == "c":  # where variables are no constants
        unasked |= {"GTF_accept_transfer", "GTF_transitive", "GNTTABOP_copy"}
    for name, constant in layout.constants.items():
        if name in unasked:
            continue
        yield f'_Static_assert(({name}) == {constant.value}, "{name}");\n'
        yield f'_Static_assert(sizeof({name}) == {constant.size}, "size of {name}");\n'


# What is assumed, and what is not.


def test_what_is_assumed_is_said() -> None:
    """Would catch a name that is taken to mean something, and nobody is told."""
    expected = {
        "prefixed.h": {"vki_uint64_t": 17, "__vki_s16": 37},
        "camel.h": {"Uefi.h": 8, "Library/BaseLib.h": 9, "UINT16": 11, "UINTN": 38, "__le16": 39},
        "packed.h": {"compiler.h": 3, "__packed": 8, "__aligned": 12, "QEMU_ALIGNED": 28},
        "handles.h": {"asm/xen/interface.h": 3, "GUEST_HANDLE": 16, "uchar": 32},
        "version.h": {"__XEN_INTERFACE_VERSION__": 3},
        "habits.h": {"project.h": 7, "BIT": 16},
        "compat.h": {"xen.h": 8, "COMPAT_HANDLE": 29, "compat_pfn_t": 29},
        "macros.h": {},
        "unnamed.h": {},
    }
    for name, places in expected.items():
        source = original(name, "x86_64")
        said = {one.name: one.message for one in source.assumptions}
        assert len(said) == len(source.assumptions)
        assert not places or said.keys() >= places.keys(), said
        assert places or not said
        for what, line in places.items():
            assert said[what].startswith(f"{WILD / name}:{line}: "), said[what]


def test_own_definitions_come_first(read_text: Callable[..., HeaderSource]) -> None:
    """Would catch a well-known name that is taken for what it means elsewhere, not here."""
    source = read_text(
        "typedef unsigned char u16;\n#define __packed\n#define BIT(n) (100 + (n))\n"
        "#define GUEST_HANDLE(x) x\n#define PACKED struct\n"
        "struct a { u16 x; int y; } __packed;\n#define A BIT(1)\n"
        "struct b { GUEST_HANDLE(u16) x; };\nPACKED c { char x; int y; };\n"
        "enum { uint, QEMU_PACKED, LAST };\nstruct d { int u8, s8; char int8[LAST]; };\n"
    )
    layout = compute(source.declarations)
    assert not source.assumptions
    assert not source.problems
    assert {tag: one.size for tag, one in layout.structs.items()} == {
        "a": 8,
        "b": 1,
        "c": 8,
        "d": 12,
    }
    assert layout.constants["A"].value == 101


DOUBTFUL = {
    "struct FOO a { char x; int y; };": "'FOO'",
    "struct FOO(8) a { char x; int y; };": "'FOO'",
    "struct __attribute__((unused)) FOO a { char x; int y; };": "'FOO'",
    "struct a { char x; int y; } FOO;": "'FOO'",
    "struct a { char x; int y; } __foo;": "'__foo'",
    "struct a { char x; int y; } foo(8);": "'foo'",
    "struct a { char x; int y; } foo(x);": "'foo'",
    "typedef struct { char x; int y; } FOO a;": "'FOO'",
    "typedef struct { char x; int y; } a FOO;": "'FOO'",
    "typedef struct FOO_PACKED { char x; int y; } a;": "'FOO_PACKED'",
    "struct a { char x; struct { int y; } MY_PACKED; };": "'MY_PACKED'",
    "struct a { char x; int y FOO; };": "unknown word 'FOO'",
    "struct a { char x; int FOO y; };": "unknown word 'FOO'",
    "struct a { char x; FOO int y; };": "unknown type 'FOO'",
    "struct a { char x; FOO(8) int y; };": "cannot be parsed",
    "struct a { char x; int y FOO(8); };": "",
    "__packed struct a { char x; int y; };": "'__packed'",
    "FOO_PACKED struct a { char x; int y; };": "'FOO_PACKED'",
    "ALIGNED(8) struct a { char x; int y; };": "'ALIGNED'",
    "BEGIN_PACKED;\nstruct a { char x; int y; };": "'BEGIN_PACKED'",
    "PACK_PUSH(1);\nstruct a { char x; int y; };": "'PACK_PUSH'",
    "PACK_PUSH(1)\nstruct a { char x; int y; };": "'PACK_PUSH'",
    "PACK(struct a { char x; int y; });": "cannot be parsed",
    "struct a { char x; int y; } __aligned;": "'__aligned'",
    "#define N 1\n#pragma pack(N)\nstruct a { char x; int y; };": "#pragma pack",
    "#define N 1\n#pragma pack(push, N)\nstruct a { char x; int y; };": "#pragma pack",
    "struct b { int x; };\nstruct a : b { int y; };": "inherits",
    "struct a { int x; int get() const { return x; } };": "cannot be parsed",
    "struct a { static inline int get() { return 1; } int x; };": "cannot be parsed",
    "struct a { a(int y) : x(y) {} int x; };": "cannot be parsed",
    "struct a { virtual int get(); int x; };": "unknown type 'virtual'",
    "struct a { int &x; };": "cannot be parsed",
    "struct a { std::array<int, 4> x; };": "cannot be parsed",
    "struct a { struct FOO_PACKED { int x; } y; };": "'FOO_PACKED'",
    "struct a { FIELD(int, x); int y; };": "cannot be parsed",
    "struct a { int y; FIELD };": "cannot be parsed",
    "struct a { char x; evtchn_port_t y; };": "unknown type 'evtchn_port_t'",
    "struct a { char x; foo_uint16_t y; };": "unknown type 'foo_uint16_t'",
    "struct a { char x; GUEST_HANDLE(a, b) y; };": "cannot be parsed",
    "typedef struct { struct nothing x; } a;": "struct nothing is not defined",
}


@pytest.mark.parametrize("text", DOUBTFUL)
def test_doubtful_is_a_problem(
    read_text: Callable[..., HeaderSource], tmp_path: Path, text: str
) -> None:
    """Would catch a word that may say how a struct lies in memory, and is passed over."""
    source = read_text(f'#include "missing.h"\n{text}\n#pragma pack()\nstruct z {{ int x; }};\n')
    assert "a" in source.problems, compute(source.declarations).structs
    assert DOUBTFUL[text] in source.problems["a"].message
    assert re.match(rf"{tmp_path}/wild\.h:[23456]: ", source.problems["a"].message)
    assert "a" not in compute(source.declarations).structs
    assert "z" in compute(source.declarations).structs


def test_constants_that_need_each_other(read_text: Callable[..., HeaderSource]) -> None:
    """Would catch constants evaluated again and again, 2**60 times, or without end."""
    text = "".join(f"static const long A{i} = A{i + 1} + A{i + 1};\n" for i in range(60))
    text += "".join(f"static const int C{i} = C{i + 1};\n" for i in range(2000))
    text += "static const int A60 = 1, B = B, C2000 = 7;\nstruct a { char x[A55]; };\n"
    text += "".join(
        f"struct s{i} {{ GUEST_HANDLE(s{i + 1}) x; s{i + 1} *y; }};\n" for i in range(300)
    )
    source = read_text(text + "struct s300 { s0 *x; };\n")
    assert source.declarations.constants["A0"].value == 1 << 60
    assert source.declarations.constants["C1999"].value == 7
    assert "B" not in source.declarations.constants
    layout = compute(source.declarations)
    assert layout.structs["a"].size == 32
    assert layout.structs["s299"].field("x").pointee == Pointee("struct s300", 8, None)


def test_pragma_pack_that_is_undone(read_text: Callable[..., HeaderSource]) -> None:
    """Would catch structs behind the end of an unclear packing that are given up as well."""
    source = read_text(
        "#define N 1\nstruct a { char x; int y; };\n#pragma pack(push, N)\nstruct b { int x; };\n"
        "#pragma pack(pop)\nstruct c { char x; int y; };\n#pragma pack(push, name, 1)\n"
        "struct d { char x; int y; };\n"
    )
    assert set(source.problems) == {"b"}
    sizes = {tag: one.size for tag, one in compute(source.declarations).structs.items()}
    assert sizes == {"a": 8, "c": 8, "d": 5}


def test_handles_by_macros_of_its_own(read_text: Callable[..., HeaderSource]) -> None:
    """Would catch a guest handle that is assumed to be something else than its project makes it."""
    text = (WILD / "handles.h").read_text()
    for abi in ALL:
        assumed, own = read_text(text, abi), read_text(f"{_HANDLE}{text}", abi)
        assert not own.problems
        assert [one.name for one in own.assumptions] == ["asm/xen/interface.h"]
        theirs, ours = compute(own.declarations), compute(assumed.declarations)
        assert theirs.structs.keys() == ours.structs.keys()
        for tag in ("gnttab_setup_table", "gnttab_get_status_frames"):
            assert [_stated(one) for one in theirs.structs[tag].fields] == [
                _stated(one) for one in ours.structs[tag].fields
            ]


def _stated(one: Field) -> tuple[object, ...]:
    """Return what is stated of a field, other than how its type is spelled."""
    pointee = one.pointee and (one.pointee.size, one.pointee.signed)
    return one.name, one.offset, one.size, one.kind, one.signed, one.align, pointee


WINDOWS = {
    **dict.fromkeys(("UCHAR", "BYTE", "UINT8", "BOOLEAN"), (1, False)),
    **dict.fromkeys(("USHORT", "WORD", "UINT16"), (2, False)),
    **dict.fromkeys(("ULONG", "DWORD", "UINT", "ULONG32"), (4, False)),
    **dict.fromkeys(("ULONGLONG", "QWORD", "ULONG64"), (8, False)),
    "SHORT": (2, True),
    "LONG": (4, True),
    "LONGLONG": (8, True),
    "LONG_PTR": (0, True),
    **dict.fromkeys(("ULONG_PTR", "UINT_PTR"), (0, False)),
}


@pytest.mark.parametrize("abi", ["x86_64", "x86_32"])
def test_types_of_windows(read_text: Callable[..., HeaderSource], abi: str) -> None:
    """Would catch a name of Windows that is unknown, or as wide as ``long`` is elsewhere."""
    members = "".join(f"{name} m{name};" for name in WINDOWS)
    source = read_text(f"struct a {{ {members} }};", abi=abi)
    assert not source.problems
    assert {one.name for one in source.assumptions} == WINDOWS.keys()
    found = compute(source.declarations).structs["a"]
    for name, (size, signed) in WINDOWS.items():
        field = found.field(f"m{name}")
        assert (field.size, field.signed) == (size or source.declarations.target.word, signed)


@pytest.mark.parametrize("abi", TARGETS)
def test_types_of_xen_that_nothing_defines(abi: str, tmp_path: Path) -> None:
    """Would catch one that is unknown, is of another width, or counts as defined there."""
    ours = compute(header().at(abi))
    path = tmp_path / "wild.h"
    members = "".join(f"{name} m{name};" for name in ours.typedefs)
    path.write_text(f"#include <xen/xen.h>\nstruct a {{ {members} }};\ntypedef int own_t;\n")
    found = HeaderFile(path).read(TARGETS[abi], 0, None)
    assert not found.problems
    assert {one.name for one in found.assumptions} == {"xen/xen.h", *ours.typedefs}
    for name, one in ours.typedefs.items():
        field = found.layout.structs["a"].field(f"m{name}")
        assert (field.size, field.signed, field.align) == (one.size, one.signed, one.align), name
    assert found.layout.typedefs.keys() == found.typedefs == {"own_t"}


# Includes that are not there.


def test_missing_includes(
    read_text: Callable[..., HeaderSource], tmp_path: Path, preprocessor: str
) -> None:
    """Would catch a missing header that stops the reading, or is not told of."""
    (tmp_path / "there.h").write_text(
        '#include "../far/away.h"\n#include <not/there.h>\ntypedef int t;\n'
    )
    source = read_text(
        "#include <not/there.h>\nstruct a { int x; };\n#include <not/there.h>\n"
        '#include "there.h"\n#include <also.h>\n'
        "struct b { unknown_t x; };\n#define A 1\n"
    )
    assert [(one.name, one.message) for one in source.assumptions] == [
        ("not/there.h", f"{tmp_path}/wild.h:1: not/there.h is not there, and is left out"),
        ("../far/away.h", f"{tmp_path}/there.h:1: ../far/away.h is not there, and is left out"),
        ("also.h", f"{tmp_path}/wild.h:5: also.h is not there, and is left out"),
    ]
    assert set(source.declarations.aggregates) == {"a"}
    assert source.declarations.constants["A"].value == 1
    assert source.where["a"] == f"{tmp_path}/wild.h:2"
    assert set(source.files) == {f"{tmp_path}/wild.h", f"{tmp_path}/there.h"}
    for words in ("unknown type 'unknown_t'", "not/there.h, ../far/away.h, also.h"):
        assert words in source.problems["b"].message
    source = read_text(
        "#include <not/there.h>\nstruct b { unknown_t x; };\nstruct c {\n int y; other_t x; };\n"
    )
    file = f"{tmp_path}/wild.h"
    blame = "; it may come from what is not there: not/there.h"
    assert [problem.message for problem in source.problems.values()] == [
        f"{file}:2: struct b cannot be parsed: unknown type 'unknown_t'{blame}",
        f"{file}:3: struct c cannot be parsed: unknown type 'other_t' at wild.h:4",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "#include <pshpack1.h>\nstruct a { char x; int y; };\n",
        '#include "sys/pack_begin.h"\nstruct a { char x; int y; };\n',
        '#include "/nowhere/at/all.h"\nstruct a { char x; int y; };\n',
        "#include <only.h>\n#include <this.h>\n",
        '#include "../../../../../../../../../../../../../etc/far.h"\nstruct a { int y; };\n',
        "".join(f'#include "m{number}.h"\n' for number in range(55)) + "struct a { int y; };\n",
    ],
    ids=["pshpack", "pack_begin", "absolute", "nothing else", "far", "many"],
)
def test_missing_includes_that_matter(
    read_text: Callable[..., HeaderSource], tmp_path: Path, text: str
) -> None:
    """Would catch a missing header that packs structs, or is all there is, and is done without."""
    with pytest.raises(SourceError, match=rf"^{tmp_path}/wild\.h:\d+: .*No such file"):
        read_text(text)


def test_nothing_is_left_behind(
    read_text: Callable[..., HeaderSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch stand-ins that stay in the directory for temporary files."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    read_text("#include <missing.h>\nstruct a { int x; };\n")
    with pytest.raises(SourceError):
        read_text("#include <missing.h>\n#error not so\n")
    assert list((tmp_path / "tmp").iterdir()) == []


# Interface versions.


@pytest.mark.parametrize(
    ("text", "asked", "held"),
    [
        ("#define V 0x00030205\n", 0x00041300, 0x00030205),
        ("#define V 0x00030205\n", UNDEFINED, 0x00030205),
        ("#undef V\n#define V 0x00030205\n", 0x00041300, 0x00030205),
        ("#ifndef V\n#define V 0x00030205\n#endif\n", 0x00041300, 0x00041300),
        ("#ifndef V\n#define V 0x00030205\n#endif\n", UNDEFINED, 0x00030205),
        ("#ifndef V\n#define V 0\n#endif\n", UNDEFINED, UNDEFINED),
        ("#define LATEST 0x00040000\n#define V (LATEST + 1)\n", 0x00041300, 0x00040001),
        ("#define V 0x00030205\n#undef V\n", 0x00041300, 0x00041300),
        ("", 0x00041300, 0x00041300),
    ],
)
def test_version_of_its_own(
    read_text: Callable[..., HeaderSource], text: str, asked: int, held: int
) -> None:
    """Would catch a header that is held at another version than the one it sets itself."""
    text = re.sub(r"\bV\b", "__XEN_INTERFACE_VERSION__", text)
    source = read_text(f"{text}struct a {{ int x; }};\n", version=asked)
    assert source.declarations.version == held
    assert [one.name for one in source.assumptions] == (
        [] if asked == held else ["__XEN_INTERFACE_VERSION__"]
    )
    assert "__XEN_INTERFACE_VERSION__" not in source.declarations.constants


@pytest.mark.parametrize("value", ["", "newest", "-1", "(1ull << 32)"])
def test_version_that_is_none(read_text: Callable[..., HeaderSource], value: str) -> None:
    """Would catch a version that is no number of 32 bits, and makes everything fail."""
    source = read_text(f"#define __XEN_INTERFACE_VERSION__ {value}\nstruct a {{ int x; }};\n")
    assert source.declarations.version == UNDEFINED
    assert "__XEN_INTERFACE_VERSION__" in source.problems
    assert "a" in source.declarations.aggregates


def test_gates_on_other_macros() -> None:
    """Would catch a macro of the project's own that -D does not set."""
    wild = HEADERS["gated.h"]
    for define, tag in (("XEN_VERSION=0x00030200", "grant_entry_v1"), ("X", "grant_entry")):
        source = read(job(WILD / "gated.h", replace(wild, defines=(define,)), "x86_64"))
        assert set(source.declarations.aggregates) == {tag}
        assert source.declarations.version == NEWEST


# Every preprocessor, every way of writing, everything broken.


def everything(source: HeaderSource) -> tuple[object, ...]:
    """Return all that there is to compare between two readings."""
    said = [(one.name, one.message) for one in source.assumptions]
    return source.declarations, source.where, source.problems, said


@pytest.mark.parametrize("name", HEADERS)
def test_preprocessors_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a header that reads otherwise with clang, or with pcpp."""
    pytest.importorskip("pcpp")
    wild = HEADERS[name]
    monkeypatch.setenv("CC", oracle.need(shutil.which("gcc"), "gcc", "apt install gcc"))
    expected = everything(read(job(WILD / name, wild, "x86_32")))
    monkeypatch.setenv("CC", oracle.need(shutil.which("clang"), "clang", "apt install clang"))
    assert everything(read(job(WILD / name, wild, "x86_32"))) == expected
    monkeypatch.setattr(preprocess, "compiler", lambda: None)
    assert everything(read(job(WILD / name, wild, "x86_32"))) == expected


@pytest.mark.parametrize("name", HEADERS)
def test_bytes_of_other_systems(name: str, tmp_path: Path) -> None:
    """Would catch a header with a byte order mark, CRLF or letters of Latin-1 that is not read."""
    wild = HEADERS[name]
    data = (WILD / name).read_bytes().replace(b"SPDX", b"\xa9 \xe9\xdf SPDX")
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    plain = original(name, "x86_64")
    source = read(job(path, wild, "x86_64"))
    assert source.declarations == plain.declarations
    assert not source.problems


PIECES = re.compile(rb"\w+|\s+|[^\w\s]")


def mutated(data: bytes, generator: random.Random) -> bytes:
    """Return a header with a few bytes or tokens of it changed, gone, doubled or swapped."""
    pieces = PIECES.findall(data)
    for _ in range(generator.randint(1, 5)):
        at, other = (generator.randrange(len(pieces)) for _ in range(2))
        kind = generator.randrange(6)
        if kind == 0:
            pieces[at] = b""
        elif kind == 1:
            pieces[at] *= generator.randint(2, 4)
        elif kind == 2:
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif kind == 3:
            pieces[at] = pieces[other]
        elif kind == 4:
            pieces[at] = generator.choice(b"{}()[];,*#\"'\\/=:?.<>@").to_bytes(1, "big")
        else:
            pieces[at] = bytes(generator.choices(range(1, 256), k=generator.randint(1, 4)))
    return b"".join(pieces)


def outcome(asked: Job) -> HeaderSource | SourceError:
    """Return what reading a header gives."""
    try:
        return read(asked)
    except SourceError as error:
        return error


@pytest.mark.parametrize("part", range(8))
def test_broken_headers(tmp_path: Path, part: int) -> None:
    """Would catch a header, broken a little, that ends in anything but a reading or one line."""
    for seed in range(part, FUZZ, 8):
        generator = random.Random(seed)
        name = generator.choice(list(HEADERS))
        path = tmp_path / name
        path.write_bytes(mutated((WILD / name).read_bytes(), generator))
        source = outcome(job(path, HEADERS[name], generator.choice(ALL)))
        if isinstance(source, SourceError):
            assert re.fullmatch(r"\S+: .+", str(source)), f"seed {seed}: {source}"
            continue
        compute(source.declarations)
        for one in (*source.problems.values(), *source.assumptions):
            assert re.fullmatch(r"\S+?: .+", one.message), f"seed {seed}: {one}"
