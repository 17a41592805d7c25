# SPDX-License-Identifier: MIT
"""Whether our header can take the place of Xen's, and can meet it.

A guest's source compiles unchanged with either header and to the same code; both can be
in one translation unit, in either order, with the other public headers as well; ours
compile each alone, as C and C++, for all ABIs, and in assembly where the public ones do.
"""

from __future__ import annotations

import struct
import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from typing import TypeAlias

import oracle
import pytest
from oracle import ABIS, OUR_HEADER, OURS, ROOT, VERSIONS, Compiler, Source

from xengnt.abi.declarations import header

Done: TypeAlias = subprocess.CompletedProcess[str]

THEIRS = ("x86_64", "x86_32", "arm64", "arm32")
STRICT = ("-Wall", "-Wextra", "-Werror")
LANGUAGES = {
    "gnu17-gcc": ("gcc", "c", "-std=gnu17"),
    "c++17-gcc": ("gcc", "c++", "-std=c++17"),
    "gnu89-gcc": ("gcc", "c", "-std=gnu89"),
    "c99-gcc": ("gcc", "c", "-std=c99"),
    "c11-gcc": ("gcc", "c", "-std=c11"),
    "c11-clang": ("clang", "c", "-std=c11"),
    "c++17-clang": ("clang", "c++", "-std=c++17"),
}
"""A kind of compiler, a language and its standard."""

# What the public headers need, which include nothing of the C library.
NEEDS = """\
#include <stdint.h>
#include <stddef.h>
#ifdef __cplusplus
extern "C"
#endif
void *memcpy(void *to, const void *from, size_t size);
"""

# Everything that a guest does with the header. Nothing here is about which header it is.
GUEST = """
#include <xen/grant_table.h>

extern int HYPERVISOR_grant_table_op(unsigned int cmd, void *args, unsigned int count);
extern const char *const messages[];
const char *const messages[] = GNTTABOP_error_msgs;

int introduce(grant_entry_v1_t *table, grant_ref_t ref, domid_t domid, uint32_t frame, int ro);
int introduce(grant_entry_v1_t *table, grant_ref_t ref, domid_t domid, uint32_t frame, int ro)
{
    if (ref < GNTTAB_NR_RESERVED_ENTRIES || (table[ref].flags & GTF_type_mask) != GTF_invalid)
        return GNTST_bad_gntref;
    table[ref].domid = domid;
    table[ref].frame = frame;
    __atomic_store_n(&table[ref].flags,
                     (uint16_t)(GTF_permit_access | (ro ? GTF_readonly : 0u)),
                     __ATOMIC_RELEASE);
    return GNTST_okay;
}

int map(uint64_t address, grant_ref_t ref, domid_t dom, grant_handle_t *handle);
int map(uint64_t address, grant_ref_t ref, domid_t dom, grant_handle_t *handle)
{
    gnttab_map_grant_ref_t op;

    op.host_addr = address;
    op.flags = GNTMAP_host_map | GNTMAP_readonly | (GNTMAP_guest_avail_mask & 0x10000u);
    op.ref = ref;
    op.dom = dom;
    if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) < 0)
        return GNTST_general_error;
    *handle = op.handle;
    return op.status;
}

int unmap(uint64_t address, grant_handle_t handle);
int unmap(uint64_t address, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref op = { address, 0, handle, GNTST_okay };
    struct gnttab_unmap_and_replace other = { address, address, handle, GNTST_okay };

    if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_and_replace, &other, 1) == 0)
        return other.status;
    return HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1) ? -1 : op.status;
}

int copy(gnttab_copy_t *op, xen_pfn_t frame, grant_ref_t ref, uint16_t length);
int copy(gnttab_copy_t *op, xen_pfn_t frame, grant_ref_t ref, uint16_t length)
{
    __typeof__(op->source) *side = &op->dest;

    op->source.u.gmfn = frame;
    op->source.domid = DOMID_SELF;
    op->source.offset = 0;
    side->u.ref = ref;
    side->domid = DOMID_FIRST_RESERVED - 1;
    side->offset = 16;
    op->len = length;
    op->flags = GNTCOPY_dest_gref;
    return HYPERVISOR_grant_table_op(GNTTABOP_copy, op, 1) || op->status != GNTST_okay;
}

int give(gnttab_transfer_t *op, gnttab_query_size_t *size, gnttab_dump_table_t *dump);
int give(gnttab_transfer_t *op, gnttab_query_size_t *size, gnttab_dump_table_t *dump)
{
    op->mfn++;
    op->domid = dump->dom = size->dom = DOMID_SELF;
    op->ref = GNTTAB_RESERVED_XENSTORE;
    return HYPERVISOR_grant_table_op(GNTTABOP_transfer, op, 1)
        + HYPERVISOR_grant_table_op(GNTTABOP_query_size, size, 1)
        + HYPERVISOR_grant_table_op(GNTTABOP_dump_table, dump, 1)
        + (size->max_nr_frames > size->nr_frames);
}

#if __XEN_INTERFACE_VERSION__ < 0x00040300
typedef unsigned long listed;
#else
typedef xen_pfn_t listed;
#endif

int setup(listed *frames, uint32_t count);
int setup(listed *frames, uint32_t count)
{
    gnttab_setup_table_t op;

    op.dom = DOMID_SELF;
    op.nr_frames = count;
#if __XEN_INTERFACE_VERSION__ >= 0x00030201 || !(defined(__i386__) || defined(__x86_64__))
    set_xen_guest_handle(op.frame_list, frames);
#else
    op.frame_list = frames;
#endif
    return HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1) ? -1 : op.status;
}

#if __XEN_INTERFACE_VERSION__ >= 0x0003020a
int second(grant_entry_v2_t *entry, grant_status_t *status, uint64_t *frames);
int second(grant_entry_v2_t *entry, grant_status_t *status, uint64_t *frames)
{
    gnttab_set_version_t set = { 2 };
    gnttab_get_version_t get = { DOMID_SELF, 0, 0 };
    gnttab_swap_grant_ref_t swap = { 8, 9, 0 };
    gnttab_get_status_frames_t list;
    gnttab_cache_flush_t flush;
    grant_entry_header_t head = { GTF_permit_access | GTF_sub_page, 1 };

    entry->hdr = head;
    entry->sub_page.page_off = sizeof(*entry);
    entry->sub_page.length = 1;
    entry->full_page.frame = 5;
    entry->transitive.trans_domid = DOMID_SELF;
    entry->transitive.gref = entry->__spacer[3];
    list.nr_frames = 1;
    list.dom = DOMID_SELF;
    set_xen_guest_handle(list.frame_list, frames);
    flush.a.ref = 8;
    flush.offset = 0;
    flush.length = 64;
    flush.op = GNTTAB_CACHE_SOURCE_GREF | GNTTAB_CACHE_CLEAN;
    return HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1)
        + HYPERVISOR_grant_table_op(GNTTABOP_get_version, &get, 1)
        + HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &swap, 1)
        + HYPERVISOR_grant_table_op(GNTTABOP_get_status_frames, &list, 1)
        + HYPERVISOR_grant_table_op(GNTTABOP_cache_flush, &flush, 1)
        + (*status & (GTF_reading | GTF_writing));
}
#endif

XEN_GUEST_HANDLE(gnttab_map_grant_ref_t) handle;
void *bare(XEN_GUEST_HANDLE_PARAM(gnttab_copy_t) one, XEN_GUEST_HANDLE(const_char) *two);
void *bare(XEN_GUEST_HANDLE_PARAM(gnttab_copy_t) one, XEN_GUEST_HANDLE(const_char) *two)
{
    return sizeof(one) == sizeof(handle) ? (void *)two : (void *)&handle;
}

struct list {
    uint32_t count;
    uint16_t refs[XEN_FLEX_ARRAY_DIM];
};
"""
pytestmark = pytest.mark.usefixtures("scratch")


class Language:
    """A compiler with the flags for a language; for C++ it is skipped if there is none."""

    def __init__(self, name: str, abi: str = "x86_64") -> None:
        kind, self.language, standard = LANGUAGES[name]
        self.flags = (standard, *STRICT)
        self.compiler = oracle.compiler(kind, abi)
        if self.language == "c++":
            works = _compiles(self.compiler, self.language)
            oracle.need(works, f"{kind}'s C++ for {abi}", "apt install g++")

    def assembly(self, text: str, *flags: str) -> str:
        """Return the assembly of a translation unit; fail on an error or a warning."""
        return self._good(self._run(text, "-S", "-O1", "-o", "-", *flags)).stdout

    def accept(self, text: str, *flags: str) -> None:
        """Fail on an error or a warning."""
        self._good(self._run(text, "-fsyntax-only", *flags))

    def accepts(self, text: str, *flags: str) -> bool:
        """Tell whether there is neither an error nor a warning."""
        return self._run(text, "-fsyntax-only", *flags).returncode == 0

    def _run(self, text: str, *flags: str) -> Done:
        return self.compiler.run(text, *self.flags, *flags, language=self.language)

    def _good(self, done: Done) -> Done:
        if done.returncode:
            command = " ".join((*self.compiler.command, *self.flags))
            oracle.fail(done.stderr.splitlines(), f"{command}:")
        return done


@cache
def _compiles(compiler: Compiler, language: str) -> bool:
    return compiler.run("", "-fsyntax-only", language=language).returncode == 0


def version_flags(compiler: Compiler, version: str, distribution: Source) -> tuple[str, ...]:
    """Return what defines an interface version, the newest being one that both headers have."""
    number = header().version(version)
    if version == "newest":
        number = min(number, oracle.latest(compiler, distribution))
    return oracle.version_flags(number)


def including(*paths: Path) -> str:
    """Return C that includes these files."""
    return "".join(f'#include "{path}"\n' for path in paths)


@pytest.mark.parametrize(
    ("abi", "version"),
    [
        *(("x86_64", version) for version in VERSIONS),
        *((abi, v) for abi in THEIRS[1:] for v in ("undefined", "0x0003020a", "newest")),
    ],
)
def test_the_same_code(abi: str, version: str, distribution: Source) -> None:
    """Catches a guest that compiles to other code with our header, or with parts of both."""
    language = Language("gnu17-gcc", abi)
    flags = (*version_flags(language.compiler, version, distribution), *OUR_HEADER.flags)
    ours, theirs = OURS / "xen", distribution.root / "xen"
    codes = {
        language.assembly(NEEDS + including(*headers) + GUEST, *flags)
        for headers in (
            [ours / "grant_table.h"],
            [theirs / "grant_table.h"],
            [ours / "xen.h", theirs / "grant_table.h", ours / "grant_table.h"],
            [theirs / "xen.h", ours / "grant_table.h", theirs / "grant_table.h"],
        )
    }
    assert len(codes) == 1


@cache
def usable(
    language: str, abi: str, distribution: Source, flags: tuple[str, ...] = ()
) -> tuple[Path, ...]:
    """Return event_channel.h and those of io/ that compile with the real grant_table.h alone.

    Those that do not are none of our fault: libxenvchan.h wants a C library.
    """
    one = Language(language, abi)
    xen = distribution.root / "xen"
    every = (xen / "event_channel.h", *sorted((xen / "io").glob("*.h")))
    start, flags = NEEDS + "#include <xen/grant_table.h>\n", (*distribution.flags, *flags)
    if one.accepts(start + including(*every), *flags):
        return every
    return tuple(path for path in every if one.accepts(start + including(path), *flags))


@pytest.mark.parametrize(
    ("language", "abi", "version"),
    [
        *(("gnu17-gcc", "x86_64", version) for version in VERSIONS),
        *(("c++17-gcc", "x86_64", version) for version in VERSIONS),
        *((name, "x86_64", v) for name in list(LANGUAGES)[2:] for v in ("undefined", "newest")),
        *(("gnu17-gcc", abi, v) for abi in THEIRS[1:] for v in ("undefined", "newest")),
    ],
)
def test_both_with_the_other_public_headers(
    language: str, abi: str, version: str, distribution: Source
) -> None:
    """Catches headers that cannot meet in either order, or ours lacking what others need."""
    one = Language(language, abi)
    flags = (*version_flags(one.compiler, version, distribution), *distribution.flags)
    both = [distribution.root / "xen" / "grant_table.h", OURS / "xen" / "grant_table.h"]
    others = usable(language, abi, distribution)
    if not one.accepts(NEEDS + including(both[0], *others), *flags):
        others = usable(language, abi, distribution, flags)
    assert {"event_channel.h", "netif.h"} <= {path.name for path in others}
    for headers in (both, both[::-1]):
        one.accept(NEEDS + including(*headers, *others) + GUEST, *flags)


@pytest.mark.parametrize("macro", ["__XEN__", "__XEN_TOOLS__"])
@pytest.mark.parametrize("abi", ABIS)
def test_tools_get_the_newest(abi: str, macro: str) -> None:
    """Catches a header that gives Xen's tools, which define no version, the oldest."""
    compiler = oracle.any_compiler(abi)
    newest, tools = (
        compiler.run(OUR_HEADER.prelude, "-E", "-P", *OUR_HEADER.flags, *flags).stdout
        for flags in (oracle.version_flags(header().newest), (f"-D{macro}",))
    )
    assert "union grant_entry_v2 {" in newest
    assert newest == tools


@pytest.mark.parametrize("version", ["undefined", "newest"])
@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("kind", oracle.KINDS)
def test_a_guest_compiles_on_each_abi(kind: str, abi: str, version: str) -> None:
    """Catches a header of ours that warns or fails on an ABI, those without real ones too."""
    language = Language("gnu17-gcc" if kind == "gcc" else "c11-clang", abi)
    flags = oracle.version_flags(header().version(version))
    language.accept(NEEDS + GUEST, *OUR_HEADER.flags, *flags, "-Wpedantic")


def headers_of(abi: str) -> list[str]:
    """Return our headers that are for an ABI, from the directory of includes."""
    family = {"x86_64": "x86", "x86_32": "x86", "arm64": "arm", "arm32": "arm"}
    own = f"arch-{family.get(abi, abi.removesuffix('64'))}"
    found = []
    for path in sorted(OURS.glob("xen/**/*.h")):
        first = path.relative_to(OURS / "xen").parts[0].removesuffix(".h")
        if first == "guest-handle-64":
            wanted = own != "arch-x86"
        else:
            wanted = first == own or not first.startswith("arch-")
        if wanted:
            found.append(str(path.relative_to(OURS)))
    return found


def test_all_of_our_headers_are_tested() -> None:
    """Catches a new header that no test compiles."""
    assert {name for abi in ABIS for name in headers_of(abi)} == {
        str(path.relative_to(OURS)) for path in OURS.glob("xen/**/*.h")
    }


@pytest.mark.parametrize(
    ("abi", "language"),
    [*((abi, "c99-gcc") for abi in ABIS), ("x86_32", "c++17-clang"), ("arm32", "c++17-clang")],
)
def test_each_of_our_headers_alone(abi: str, language: str) -> None:
    """Catches a header that relies on another being included before it."""
    one = Language(language, abi)
    for name in headers_of(abi):
        text = f"#include <stdint.h>\n#include <{name}>\n#include <{name}>\n"
        one.accept(text, *OUR_HEADER.flags, "-Wpedantic")


ASSEMBLY = """\
#include <xen/xen.h>
    .data
    .globl values
values:
    .long DOMID_SELF, DOMID_IDLE, DOMID_MASK, __HYPERVISOR_grant_table_op
    .size values, . - values
"""


def assembled(compiler: Compiler, source: Source) -> tuple[int, ...]:
    """Return the words that an assembly source defines with a header's constants."""
    data = compiler.object(ASSEMBLY, "-D__ASSEMBLY__", *source.flags, language="assembler-with-cpp")
    raw = oracle.symbol(data, "values")
    assert raw is not None
    return struct.unpack("<4I", raw)


@pytest.mark.parametrize("abi", ABIS)
def test_assembly(abi: str) -> None:
    """Catches C in what assembly sources may include, and constants with a suffix in it."""
    compiler = oracle.compiler("gcc", abi)
    assert assembled(compiler, OUR_HEADER) == (0x7FF0, 0x7FFF, 0x7FFF, 20)


@pytest.mark.parametrize("abi", THEIRS)
def test_assembly_as_with_the_real_header(abi: str, distribution: Source) -> None:
    """Catches our header failing in assembly where the real one does not."""
    compiler = oracle.compiler("gcc", abi)
    assert assembled(compiler, OUR_HEADER) == assembled(compiler, distribution)


def python_includes(folder: Path) -> list[str]:
    """Return the flags for this Python's headers, as far as they can serve for arm64.

    Debian's ``pyconfig.h`` includes one for each architecture. That of another on which
    ``long`` has 64 bits too is lent to arm64.
    """
    paths = sysconfig.get_paths()
    include = Path(paths["include"])
    config = f"{include.name}/pyconfig.h"
    own = include.parent / str(sysconfig.get_config_var("MULTIARCH")) / config
    lent = folder / "aarch64-linux-gnu" / config
    if own.is_file() and sysconfig.get_config_var("SIZEOF_LONG") == 8:
        lent.parent.mkdir(parents=True, exist_ok=True)
        lent.write_text(f'#include "{own}"\n')
    flags = [f"-I{path}" for path in sorted({paths["include"], paths["platinclude"]})]
    return [*flags, f"-I{folder}"]


def test_the_extension_compiles_for_arm64(scratch: Path) -> None:
    """Catches a generated extension that is right for the machine that generated it only."""
    compiler = oracle.compiler("gcc", "arm64")
    libc = compiler.run("#include <stdlib.h>\n", "-fhosted", "-fsyntax-only").returncode == 0
    oracle.need(libc, "a C library for arm64", "apt install libc6-dev-arm64-cross")
    include = python_includes(scratch / "python")
    python = compiler.run("#include <Python.h>\n", "-fhosted", "-fsyntax-only", *include)
    if python.returncode:
        first = oracle.HeaderError(python.stderr).first
        pytest.skip(f"this Python's headers do not serve for arm64: {first}")
    data = compiler.object(
        (ROOT / "native" / "ffi.c").read_text(),
        *("-fhosted", f"-I{ROOT}/include", f"-I{ROOT}/native", *include),
    )
    assert oracle.symbol(data, "PyInit__ffi")
