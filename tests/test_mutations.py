# SPDX-License-Identifier: MIT
"""Mutated headers: each must be reported, at the right place, and nothing else with it.

A row of `MUTATIONS` is one mistake in a copy of a header, as people make them. It
says what the check must state about the copy that it does not state about the
original: all of it, so that a mistake that is reported twice, or in the wrong
struct, fails as well.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from edited import Edit, Statement, copy, in_turn, statements

from xengnt.errors import Refused, SourceError
from xengnt.findings import ERROR, NOTE, WARNING

Statements = frozenset[Statement]

NOTHING: Statements = frozenset()
ALL = ("ours", "real", "linux")
BOTH = ("ours", "real")


def _stated(severity: str, tag: str, codes: Mapping[str, str]) -> Statements:
    return frozenset(
        (severity, code.replace("_", "-"), tag if name == "." else f"{tag}.{name}" if tag else name)
        for code, names in codes.items()
        for name in names.split()
    )


def error(tag: str = "", **codes: str) -> Statements:
    """Give errors: for each code the members of a struct concerned, ``.`` for the struct."""
    return _stated(ERROR, tag, codes)


def warning(tag: str = "", **codes: str) -> Statements:
    """Give warnings, as `error` does errors."""
    return _stated(WARNING, tag, codes)


def note(tag: str = "", **codes: str) -> Statements:
    """Give notes, as `error` does errors."""
    return _stated(NOTE, tag, codes)


KINDS = (
    *("width", "sign", "order", "pad", "packed", "aligned", "pragma", "value", "constant type"),
    *("status", "op", "pointee", "handle", "gate", "selector", "direction", "enum", "typedef"),
    *("struct", "array", "missing", "removed", "message"),
)
"""The classes of mistakes."""

CODES = {
    *("struct-missing", "struct-kind", "struct-size", "struct-align", "selector", "direction"),
    *("enum", "field-missing", "field-extra", "field-renamed", "field-offset", "field-size"),
    *("field-sign", "field-kind", "field-count", "pad-missing", "pointee-size", "pointee-sign"),
    *(
        "pointee-unknown",
        "type-missing",
        "type-kind",
        "type-struct",
        "type-size",
        "type-sign",
        "gate",
    ),
    *("constant-missing", "constant-extra", "constant-value", "constant-sign", "constant-size"),
    *("op-struct", "message", "messages-missing", "unreadable", "version-refused"),
}
"""All that can be stated of a header that can be compared."""


@dataclass(frozen=True)
class Mutation:
    """One mistake.

    Attributes:
        id: a name for it.
        kind: the class of mistakes that it is of.
        headers: the headers that it is made in.
        edits: how it is made.
        on: for each ABI, or several, what must be stated, and nothing else.
        versions: the interface versions to check at.
        at: those of them at which it is to be stated; all if empty.
        elsewhere: whether the findings lie outside of what is edited.
    """

    id: str
    kind: str
    headers: tuple[str, ...]
    edits: Sequence[Edit]
    on: Mapping[str, Statements]
    versions: tuple[str, ...] = ()
    at: tuple[int, ...] = ()
    elsewhere: bool = field(default=False, kw_only=True)


V1, V2, HEADER = "grant_entry_v1", "grant_entry_v2", "grant_entry_header"
MAP, UNMAP, REPLACE = "gnttab_map_grant_ref", "gnttab_unmap_grant_ref", "gnttab_unmap_and_replace"
SETUP, DUMP, TRANSFER = "gnttab_setup_table", "gnttab_dump_table", "gnttab_transfer"
COPY, PTR, QUERY = "gnttab_copy", "gnttab_copy_ptr", "gnttab_query_size"
SET, STATUS, GET = "gnttab_set_version", "gnttab_get_status_frames", "gnttab_get_version"
SWAP, FLUSH = "gnttab_swap_grant_ref", "gnttab_cache_flush"

X86, X64, X32 = "x86_64 x86_32", "x86_64", "x86_32"

REAL_UNION = """union {
            grant_ref_t ref;
            xen_pfn_t   gmfn;
        } u;"""
REAL_PTR = f"""struct {PTR} {{
        {REAL_UNION}
        domid_t  domid;
        uint16_t offset;
    }}"""

DOMIDS = (
    error(V1, **(_enum := {"enum": "domid"}))
    | error(HEADER, **_enum)
    | error(
        V2,
        enum="hdr.domid full_page.hdr.domid sub_page.hdr.domid transitive.hdr.domid "
        "transitive.trans_domid",
    )
    | error(MAP, enum="dom")
    | error(SETUP, enum="dom")
    | error(DUMP, enum="dom")
    | error(TRANSFER, enum="domid")
    | error(COPY, enum="source.domid dest.domid")
    | error(PTR, enum="domid")
    | error(QUERY, enum="dom")
    | error(STATUS, enum="dom")
    | error(GET, enum="dom")
)
"""All fields of the type ``domid_t``, as errors of their enum."""

REFS = (
    error(MAP, field_sign="ref")
    | error(TRANSFER, field_sign="ref")
    | error(COPY, field_sign="source.u.ref dest.u.ref")
    | error(PTR, field_sign="u.ref")
    | error(SWAP, field_sign="ref_a ref_b")
    | error(FLUSH, field_sign="a.ref")
    | error(V2, field_sign="transitive.gref")
)
"""All fields of the type ``grant_ref_t``, as errors of their sign."""


def coded(found: Statements, code: str) -> Statements:
    """Give the same findings with another code."""
    return frozenset((severity, code, where) for severity, _, where in found)


REF = "typedef uint32_t grant_ref_t;"
UNNAMED = Edit(
    "# define __XEN_INTERFACE_VERSION__ 0x00000000", "# error Which?", "", "xen-compat.h"
)
"""The edit of our header that lets it refuse to be used without interface version."""


def within(tag: str, old: str, new: str) -> Edit:
    """Give an edit inside the declaration of a struct or union."""
    return Edit(old, new, f"{'union' if tag == V2 else 'struct'} {tag} {{")


def swapped(tag: str, first: str, second: str) -> tuple[Edit, ...]:
    """Give the edits that let two pieces of a struct change places."""
    return (within(tag, first, "\0"), within(tag, second, first), within(tag, "\0", second))


def closing(tag: str, attribute: str) -> Edit:
    """Give the edit that puts an attribute behind the members of a struct."""
    return within(tag, "\n};", f"\n}} __attribute__(({attribute}));")


def whole(tag: str, before: str, after: str) -> tuple[Edit, ...]:
    """Give the edits that put a line before a struct and another behind it."""
    return (
        within(tag, f"struct {tag} {{", f"{before}\nstruct {tag} {{"),
        Edit(f"typedef struct {tag} ", f"{after}\ntypedef struct {tag} "),
    )


def define(name: str, old: str, new: str, file: str = "grant_table.h") -> Edit:
    """Give the edit of a macro's value; `old` begins with the blanks in front of it."""
    return Edit(f"define {name}{old}", f"define {name} {new}", file=file)


# fmt: off
MUTATIONS = (
    # Members that are wider or narrower.
    Mutation("map-dom-32-bits", "width", ALL, [within(MAP, "domid_t  dom;", "uint32_t dom;")], {
        X86: error(MAP, field_size="dom", field_offset="status handle dev_bus_addr",
            struct_size="."),
    }),
    Mutation("map-flags-16-bits", "width", ALL,
        [within(MAP, "uint32_t flags;", "uint16_t flags;")], {
        X64: error(MAP, field_size="flags"),
    }),
    Mutation("copy-flags-32-bits", "width", ALL,
        [within(COPY, "uint16_t      flags;", "uint32_t      flags;")], {
        X64: error(COPY, field_size="flags", field_offset="flags status", struct_size="."),
    }),
    Mutation("dump-status-32-bits", "width", BOTH,
        [within(DUMP, "int16_t status;", "int32_t status;")], {
        X64: error(DUMP, field_size="status", field_offset="status", struct_size=".")
        | warning(DUMP, struct_align="."),
    }),
    Mutation("copy-len-8-bits", "width", BOTH,
        [within(COPY, "uint16_t      len;", "uint8_t len;")], {
        X64: error(COPY, field_size="len"),
    }),
    Mutation("query-nr-frames-64-bits", "width", BOTH,
        [within(QUERY, "uint32_t nr_frames;", "uint64_t nr_frames;")], {
        X64: error(QUERY, field_size="nr_frames", field_offset="nr_frames max_nr_frames status",
            struct_size=".") | warning(QUERY, struct_align="."),
        X32: error(QUERY, field_size="nr_frames", field_offset="max_nr_frames status",
            struct_size="."),
    }),
    Mutation("entry-frame-of-a-word", "width", ALL,
        [within(V1, "uint32_t frame;", "unsigned long frame;")], {
        X64: error(V1, field_size="frame", field_offset="frame", struct_size=".")
        | warning(V1, struct_align="."),
        X32: NOTHING,
    }),
    Mutation("cache-op-64-bits", "width", ALL, [within(FLUSH, "uint32_t op;", "uint64_t op;")], {
        X64: error(FLUSH, field_size="op", field_offset="op", struct_size="."),
    }),
    Mutation("transfer-mfn-64-bits", "width", ALL,
        [within(TRANSFER, "xen_pfn_t     mfn;", "uint64_t mfn;")], {
        X64: NOTHING,
        X32: error(TRANSFER, field_size="mfn", field_offset="domid ref status", struct_size="."),
    }),
    Mutation("transfer-mfn-of-a-word", "width", BOTH,
        [within(TRANSFER, "xen_pfn_t     mfn;", "unsigned long mfn;")], {
        "x86_64 arm64": NOTHING,
        "arm32": error(TRANSFER, field_size="mfn", field_offset="domid ref status", struct_size=".")
        | warning(TRANSFER, struct_align="."),
    }),
    Mutation("status-frames-nr-16-bits", "width", BOTH,
        [within(STATUS, "uint32_t nr_frames;", "uint16_t nr_frames;")], {
        X64: error(STATUS, field_size="nr_frames", field_offset="dom status"),
    }),
    Mutation("copy-gmfn-64-bits", "width", BOTH,
        [within(COPY, "xen_pfn_t   gmfn;", "uint64_t gmfn;")], {
        X64: NOTHING,
        X32: error(COPY, field_size="source.u.gmfn dest.u.gmfn", struct_size=".",
            field_offset="source.domid source.offset dest dest.domid dest.offset len flags status")
        | error(PTR, field_size="u.gmfn", field_offset="domid offset", struct_size="."),
    }),
    Mutation("map-status-bit-field", "width", BOTH,
        [within(MAP, "int16_t  status;", "int16_t  status:16;")], {
        X64: error(MAP, field_kind="status"),
    }),
    # Members of the other signedness.
    Mutation("map-status-unsigned", "sign", ALL,
        [within(MAP, "int16_t  status;", "uint16_t status;")], {
        X64: error(MAP, field_sign="status"),
    }),
    Mutation("swap-status-unsigned", "sign", ALL,
        [within(SWAP, "int16_t status;", "unsigned short status;")], {
        X64: error(SWAP, field_sign="status"),
    }),
    Mutation("copy-status-unsigned", "sign", ALL,
        [within(COPY, "int16_t       status;", "uint16_t status;")], {
        X64: error(COPY, field_sign="status"),
    }),
    Mutation("query-nr-frames-signed", "sign", BOTH,
        [within(QUERY, "uint32_t nr_frames;", "int nr_frames;")], {
        X64: error(QUERY, field_sign="nr_frames"),
    }),
    Mutation("entry-flags-signed", "sign", ALL, [within(V1, "uint16_t flags;", "int16_t flags;")], {
        X64: error(V1, field_sign="flags"),
    }),
    Mutation("copy-offset-signed", "sign", BOTH,
        [within(COPY, "uint16_t offset;", "short offset;")], {
        X64: error(COPY, field_sign="source.offset dest.offset") | error(PTR, field_sign="offset"),
    }),
    Mutation("map-address-signed", "sign", BOTH,
        [within(MAP, "uint64_t host_addr;", "long long host_addr;")], {
        X64: error(MAP, field_sign="host_addr"),
    }),
    # Members in another order.
    Mutation("swap-refs-swapped", "order", ALL, swapped(SWAP, "ref_a;", "ref_b;"), {
        X64: error(SWAP, field_offset="ref_a ref_b"),
    }),
    Mutation("cache-offset-length-swapped", "order", ALL,
        swapped(FLUSH, "uint16_t offset;", "uint16_t length;"), {
        X64: error(FLUSH, field_offset="offset length"),
    }),
    Mutation("map-handle-address-swapped", "order", ALL,
        swapped(MAP, "grant_handle_t handle;", "uint64_t dev_bus_addr;"), {
        X64: error(MAP, field_offset="handle", struct_size="."),
        X32: error(MAP, field_offset="handle dev_bus_addr"),
    }),
    Mutation("map-dom-status-swapped", "order", BOTH,
        swapped(MAP, "domid_t  dom;", "int16_t  status;"), {
        X64: error(MAP, field_offset="dom status", direction="dom status", enum="dom"),
    }),
    Mutation("map-dom-status-swapped-linux", "order", ("linux",),
        swapped(MAP, "domid_t  dom;", "int16_t  status;"), {
        X64: error(MAP, field_offset="dom status", direction="dom status"),
    }),
    Mutation("sub-page-members-swapped", "order", ALL,
        swapped(V2, "uint16_t page_off;", "uint16_t length;"), {
        X64: error(V2, field_offset="sub_page.page_off sub_page.length"),
    }),
    Mutation("copy-ends-swapped", "order", ("real", "linux"),
        [within(COPY, "} source, dest;", "} dest, source;")], {
        X64: error(COPY, field_offset="source dest"),
    }),
    Mutation("copy-ends-swapped-ours", "order", ("ours",),
        [within(COPY, "} source, ", "} dest, "), within(COPY, "      dest; ", "      source; ")], {
        X64: error(COPY, field_offset="source dest", selector="source.u dest.u"),
    }),
    # Named pads that are gone, and pads that people add.
    Mutation("get-version-pad-gone", "pad", ALL, [within(GET, "    uint16_t pad;\n", "")], {
        X64: error(GET, pad_missing="pad"),
    }),
    Mutation("full-page-pad-gone", "pad", ALL, [within(V2, "        uint32_t pad0;\n", "")], {
        X64: error(V2, pad_missing="full_page.pad0"),
        X32: error(V2, pad_missing="full_page.pad0", field_offset="full_page.frame"),
    }),
    Mutation("transitive-pad-gone", "pad", ALL, [within(V2, "        uint16_t pad0;\n", "")], {
        X64: error(V2, pad_missing="transitive.pad0"),
    }),
    Mutation("get-version-pad-narrow", "pad", BOTH,
        [within(GET, "uint16_t pad;", "uint8_t pad;")], {
        X64: error(GET, field_size="pad"),
    }),
    Mutation("setup-pad-added", "pad", BOTH,
        [within(SETUP, "int16_t  status;", "int16_t  status; uint32_t pad;")], {
        "arm32": note(SETUP, field_extra="pad"),
        X32: note(SETUP, field_extra="pad")
        | error(SETUP, field_offset="frame_list", struct_size="."),
    }),
    Mutation("setup-pad-added-linux", "pad", ("linux",),
        [within(SETUP, "int16_t  status;", "int16_t  status; uint32_t pad;")], {
        X64: note(SETUP, field_extra="pad"),
        X32: note(SETUP, field_extra="pad")
        | error(SETUP, field_offset="frame_list", struct_size="."),
    }),
    Mutation("copy-ptr-pad-added", "pad", BOTH,
        [within(COPY, "uint16_t offset;", "uint16_t offset; uint32_t pad;")], {
        X64: note(COPY, field_extra="source.pad dest.pad") | note(PTR, field_extra="pad"),
        X32: note(COPY, field_extra="source.pad dest.pad") | note(PTR, field_extra="pad")
        | error(COPY, field_size="source dest", field_offset="dest len flags status",
            struct_size=".")
        | error(PTR, struct_size="."),
    }),
    Mutation("query-hole-named", "pad", BOTH,
        [within(QUERY, "domid_t  dom;", "domid_t  dom; uint16_t pad;")], {
        "arm32": note(QUERY, field_extra="pad"),
    }),
    Mutation("unmap-reserved-added", "pad", BOTH,
        [within(UNMAP, "int16_t  status;", "int16_t  status; uint16_t rsvd; uint32_t reserved;")], {
        X64: note(UNMAP, field_extra="rsvd reserved") | error(UNMAP, struct_size="."),
    }),
    # Packing and alignment.
    Mutation("query-packed", "packed", ALL, [closing(QUERY, "packed")], {
        X64: error(QUERY, field_offset="nr_frames max_nr_frames status", struct_size=".")
        | warning(QUERY, struct_align="."),
    }),
    Mutation("swap-packed", "packed", ALL, [closing(SWAP, "__packed__")], {
        X64: error(SWAP, struct_size=".") | warning(SWAP, struct_align="."),
    }),
    Mutation("cache-packed-without-hole", "packed", ALL, [closing(FLUSH, "packed")], {
        X64: warning(FLUSH, struct_align="."),
    }),
    Mutation("setup-packed-in-front", "packed", BOTH,
        [within(SETUP, f"struct {SETUP} {{", f"struct __attribute__((packed)) {SETUP} {{")], {
        X64: error(SETUP, field_offset="nr_frames status frame_list", struct_size=".")
        | warning(SETUP, struct_align="."),
    }),
    Mutation("map-aligned", "aligned", ALL, [closing(MAP, "aligned(16)")], {
        X64: warning(MAP, struct_align="."),
    }),
    Mutation("swap-status-aligned", "aligned", BOTH,
        [within(SWAP, "int16_t status;", "int16_t status __attribute__((aligned(8)));")], {
        X64: error(SWAP, struct_size=".") | warning(SWAP, struct_align="."),
    }),
    Mutation("transfer-alignas", "aligned", BOTH,
        [within(TRANSFER, "domid_t       domid;", "_Alignas(4) domid_t domid;")], {
        X32: NOTHING,
    }),
    Mutation("handle-alignment-dropped", "aligned", ("ours",),
        [Edit("__attribute__((aligned(8)))", "__attribute__((aligned(4)))", times=2,
            file="guest-handle-64.h")], {
        "arm32": NOTHING,
    }),
    Mutation("setup-pragma-pack", "pragma", BOTH,
        whole(SETUP, "#pragma pack(push, 1)", "#pragma pack(pop)"), {
        X64: error(SETUP, field_offset="nr_frames status frame_list", struct_size=".")
        | warning(SETUP, struct_align="."),
    }),
    Mutation("copy-pragma-pack-2", "pragma", BOTH,
        whole(COPY, "#pragma pack(2)", "#pragma pack()"), {
        X64: error(COPY, field_size="source dest", field_offset="dest len flags status",
            struct_size=".") | warning(COPY, struct_align=".")
        | error(PTR, struct_size=".") | warning(PTR, struct_align="."),
    }),
    Mutation("file-pragma-pack-4", "pragma", BOTH,
        [Edit('#include "xen.h"\n', '#include "xen.h"\n#pragma pack(4)\n')], {
        X32: NOTHING,
        X64: error(SETUP, field_offset="frame_list", struct_size=".")
        | error(TRANSFER, struct_size=".")
        | error(PTR, struct_size=".")
        | error(COPY, field_size="source dest", field_offset="dest len flags status",
            struct_size=".")
        | frozenset().union(*(
            warning(tag, struct_align=".")
            for tag in (V2, MAP, UNMAP, REPLACE, SETUP, TRANSFER, COPY, PTR, STATUS, FLUSH)
        )),
    }, elsewhere=True),
    # Constants of another value.
    Mutation("map-flag-value", "value", ALL,
        [define("GNTMAP_readonly", "         (1<<_GNTMAP_readonly)", "(1<<6)")], {
        X64: error(constant_value="GNTMAP_readonly"),
    }),
    Mutation("map-flag-bit", "value", ALL, [define("_GNTMAP_readonly", "        (2)", "(5)")], {
        X64: error(constant_value="_GNTMAP_readonly GNTMAP_readonly"),
    }),
    Mutation("entry-flag-bit", "value", ALL, [define("_GTF_sub_page", "       (8)", "(9)")], {
        X64: error(constant_value="_GTF_sub_page GTF_sub_page"),
    }),
    Mutation("copy-flag-bits-shared", "value", ALL,
        [define("_GNTCOPY_dest_gref", "        (1)", "(0)")], {
        X64: error(constant_value="_GNTCOPY_dest_gref GNTCOPY_dest_gref"),
    }),
    Mutation("type-mask-too-wide", "value", ALL,
        [define("GTF_type_mask", "       (3U<<0)", "(7U<<0)")], {
        X64: error(constant_value="GTF_type_mask"),
    }),
    Mutation("reserved-entries", "value", ALL,
        [define("GNTTAB_NR_RESERVED_ENTRIES", "     8", "16")], {
        X64: error(constant_value="GNTTAB_NR_RESERVED_ENTRIES"),
    }),
    Mutation("xenstore-entry", "value", ALL,
        [define("GNTTAB_RESERVED_XENSTORE", "       1", "0")], {
        X64: error(constant_value="GNTTAB_RESERVED_XENSTORE"),
    }),
    Mutation("domid-self", "value", BOTH,
        [define("DOMID_SELF", "           xen_mk_uint(0x7FF0)", "xen_mk_uint(0x7FF1)", "xen.h")], {
        X64: error(constant_value="DOMID_SELF"),
    }),
    Mutation("domid-self-linux", "value", ("linux",),
        [define("DOMID_SELF", " (0x7FF0U)", "(0x7FF1U)", "xen.h")], {
        X64: error(constant_value="DOMID_SELF"),
    }),
    Mutation("avail-mask-without-cast", "value", ALL,
        [define("GNTMAP_guest_avail_mask", " ((uint32_t)~0 ", "(~0 ")], {
        X64: error(constant_value="GNTMAP_guest_avail_mask"),
    }),
    Mutation("avail-mask-64-bits", "value", ALL,
        [define("GNTMAP_guest_avail_mask", " ((uint32_t)~0 ", "((uint64_t)~0 ")], {
        X64: error(constant_value="GNTMAP_guest_avail_mask"),
    }),
    Mutation("cache-bit-31-signed", "value", ALL,
        [define("GNTTAB_CACHE_SOURCE_GREF", "    (1u<<31)", "(1<<31)")], {
        X32: error(constant_value="GNTTAB_CACHE_SOURCE_GREF"),
    }),
    Mutation("flag-not-evaluable", "value", ALL,
        [define("GNTMAP_device_map", "       (1<<_GNTMAP_device_map)", "OTHER_BIT(0)")], {
        X64: error(unreadable="GNTMAP_device_map"),
    }),
    # Constants of another type.
    Mutation("entry-flag-signed", "constant type", ALL,
        [define("GTF_reading", "         (1U<<_GTF_reading)", "(1<<_GTF_reading)")], {
        X64: error(constant_sign="GTF_reading"),
    }),
    Mutation("map-flag-unsigned", "constant type", ALL,
        [define("GNTMAP_host_map", "         (1<<_GNTMAP_host_map)", "(1U<<_GNTMAP_host_map)")], {
        X64: error(constant_sign="GNTMAP_host_map"),
    }),
    Mutation("cache-flag-signed", "constant type", ALL,
        [define("GNTTAB_CACHE_CLEAN", "          (1u<<0)", "(1<<0)")], {
        X64: error(constant_sign="GNTTAB_CACHE_CLEAN"),
    }),
    Mutation("copy-flag-long", "constant type", ALL,
        [define("GNTCOPY_source_gref", "       (1<<_GNT", "(1L<<_GNT")], {
        X64: error(constant_size="GNTCOPY_source_gref"),
        X32: NOTHING,
    }),
    Mutation("type-mask-64-bits", "constant type", BOTH,
        [define("GTF_type_mask", "       (3U<<0)", "(3ULL<<0)")], {
        X64: error(constant_size="GTF_type_mask"),
    }),
    Mutation("status-unsigned", "constant type", ALL,
        [define("GNTST_okay", "             (0)", "(0U)")], {
        X64: error(constant_sign="GNTST_okay"),
    }),
    Mutation("domids-signed", "constant type", ("ours",),
        [Edit("x ## U\n", "x\n", file="xen.h")], {
        X64: error(constant_sign="DOMID_FIRST_RESERVED DOMID_MASK DOMID_SELF DOMID_IO DOMID_XEN "
            "DOMID_COW DOMID_INVALID DOMID_ANY DOMID_IDLE"),
    }, elsewhere=True),
    Mutation("domids-signed-real", "constant type", ("real",),
        [Edit("x ## U\n", "x\n", file="xen.h")], {
        X64: error(constant_sign="DOMID_FIRST_RESERVED DOMID_MASK DOMID_SELF DOMID_IO DOMID_XEN "
            "DOMID_COW DOMID_INVALID DOMID_IDLE"),
    }, elsewhere=True),
    # Statuses.
    Mutation("status-value", "status", ALL, [define("GNTST_bad_page", "         (-9)", "(-10)")], {
        X64: error(constant_value="GNTST_bad_page"),
    }),
    Mutation("status-positive", "status", ALL, [define("GNTST_general_error", "    (-1)", "(1)")], {
        X64: error(constant_value="GNTST_general_error"),
    }),
    Mutation("statuses-swapped", "status", ALL,
        [define("GNTST_bad_copy_arg", "    (-10)", "(-11)"),
            define("GNTST_address_too_big", " (-11)", "(-10)")], {
        X64: error(constant_value="GNTST_bad_copy_arg GNTST_address_too_big"),
    }),
    Mutation("status-removed", "status", ALL, [Edit("#define GNTST_eagain ", "#define EAGAIN_ ")], {
        X64: note(constant_missing="GNTST_eagain"),
    }, elsewhere=True),
    Mutation("newest-status-missing", "status", ALL,
        [Edit("#define GNTST_no_space ", "#define NO_SPACE ")], {
        X64: note(constant_missing="GNTST_no_space"),
    }, elsewhere=True),
    # Commands.
    Mutation("op-number", "op", ALL, [define("GNTTABOP_copy", "                 5", "6")], {
        X64: error(constant_value="GNTTABOP_copy"),
    }),
    Mutation("op-numbers-swapped", "op", ALL,
        [define("GNTTABOP_dump_table", "           3", "4"),
            define("GNTTABOP_transfer", "             4", "3")], {
        X64: error(constant_value="GNTTABOP_dump_table GNTTABOP_transfer"),
    }),
    Mutation("op-number-behind-the-gate", "op", ALL,
        [define("GNTTABOP_get_version", "          10", "12")], {
        X64: error(constant_value="GNTTABOP_get_version"),
    }),
    Mutation("op-missing", "op", BOTH,
        [Edit("#define GNTTABOP_swap_grant_ref", "#define SWAP_GRANT_REF")], {
        X64: note(constant_missing="GNTTABOP_swap_grant_ref"),
    }, elsewhere=True),
    Mutation("op-structs", "op", BOTH,
        [Edit("GNTTABOP_* => struct gnttab_*", "GNTTABOP_* => struct grant_*")], {
        X64: error(op_struct="GNTTABOP_map_grant_ref GNTTABOP_unmap_grant_ref GNTTABOP_setup_table "
            "GNTTABOP_dump_table GNTTABOP_transfer GNTTABOP_copy GNTTABOP_query_size "
            "GNTTABOP_unmap_and_replace GNTTABOP_set_version GNTTABOP_get_status_frames "
            "GNTTABOP_get_version GNTTABOP_swap_grant_ref GNTTABOP_cache_flush"),
    }, elsewhere=True),
    Mutation("op-wrong-struct", "op", ("ours",),
        [define("GNTTABOP_copy", "                 5  /* [Xen 3.0.3]",
            "5 /* => struct gnttab_transfer")], {
        X64: error(op_struct="GNTTABOP_copy"),
    }),
    Mutation("op-wrong-struct-real", "op", ("real",),
        [define("GNTTABOP_copy", "                 5\n", "5 /* => struct gnttab_transfer */\n")], {
        X64: error(op_struct="GNTTABOP_copy"),
    }),
    # What addresses point to.
    Mutation("status-list-of-32-bits", "pointee", BOTH,
        [within(STATUS, "XEN_GUEST_HANDLE(uint64_t)", "XEN_GUEST_HANDLE(uint32)")], {
        X64: error(STATUS, pointee_size="frame_list"),
    }),
    Mutation("status-list-of-32-bits-linux", "pointee", ("linux",),
        [within(STATUS, "GUEST_HANDLE(uint64_t)", "GUEST_HANDLE(uint32_t)")], {
        X32: error(STATUS, pointee_size="frame_list"),
    }),
    Mutation("status-list-of-words", "pointee", BOTH,
        [within(STATUS, "XEN_GUEST_HANDLE(uint64_t)", "XEN_GUEST_HANDLE(xen_pfn_t)")], {
        "arm32": NOTHING,
        X32: error(STATUS, pointee_size="frame_list"),
    }),
    Mutation("frame-list-of-64-bits", "pointee", BOTH,
        [within(SETUP, "XEN_GUEST_HANDLE(xen_pfn_t)", "XEN_GUEST_HANDLE(uint64_t)")], {
        "arm32": NOTHING,
        X32: error(SETUP, pointee_size="frame_list"),
    }),
    Mutation("frame-list-of-anything", "pointee", BOTH,
        [within(SETUP, "XEN_GUEST_HANDLE(xen_pfn_t)", "XEN_GUEST_HANDLE(void)")], {
        X64: note(SETUP, pointee_unknown="frame_list"),
    }),
    Mutation("frame-list-signed", "pointee", BOTH,
        [within(SETUP, "XEN_GUEST_HANDLE(xen_pfn_t)", "long *")], {
        X64: error(SETUP, pointee_sign="frame_list"),
    }),
    Mutation("frame-list-of-structs", "pointee", BOTH,
        [within(SETUP, "XEN_GUEST_HANDLE(xen_pfn_t)", f"struct {MAP} *")], {
        X64: error(SETUP, pointee_size="frame_list"),
    }),
    # Addresses that are not guest handles.
    Mutation("frame-list-plain-pointer", "handle", BOTH,
        [within(SETUP, "XEN_GUEST_HANDLE(xen_pfn_t)", "xen_pfn_t *")], {
        "x86_64 x86_32 arm64": NOTHING,
        "arm32": error(SETUP, field_size="frame_list", field_offset="frame_list", struct_size=".")
        | warning(SETUP, struct_align="."),
    }),
    Mutation("status-list-plain-pointer", "handle", BOTH,
        [within(STATUS, "XEN_GUEST_HANDLE(uint64_t)", "uint64_t *")], {
        "arm64": NOTHING,
        "arm32": error(STATUS, field_size="frame_list", struct_size=".")
        | warning(STATUS, struct_align="."),
    }),
    Mutation("frame-list-integer", "handle", BOTH,
        [within(SETUP, "XEN_GUEST_HANDLE(xen_pfn_t)", "uint64_t")], {
        "arm64 arm32": note(SETUP, field_kind="frame_list"),
        X32: error(SETUP, field_size="frame_list", struct_size="."),
    }),
    Mutation("handle-as-parameter", "handle", BOTH,
        [within(STATUS, "XEN_GUEST_HANDLE(uint64_t)", "XEN_GUEST_HANDLE_PARAM(uint64_t)")], {
        "arm64": NOTHING,
        "arm32": error(STATUS, field_size="frame_list", struct_size=".")
        | warning(STATUS, struct_align="."),
    }),
    Mutation("map-address-pointer", "handle", BOTH,
        [within(MAP, "uint64_t host_addr;", "void *host_addr;")], {
        X64: note(MAP, field_kind="host_addr"),
        X32: error(MAP, field_size="host_addr", struct_size=".",
            field_offset="flags ref dom status handle dev_bus_addr"),
    }),
    # Gates of the interface version.
    Mutation("frame-list-gate-early", "gate", ("ours",),
        [within(SETUP, "< 0x00040300", "< 0x00040200")], {
        "arm32": error(SETUP, pointee_size="frame_list"),
    }, ("all",), (0x00040200,)),
    Mutation("frame-list-gate-early-real", "gate", ("real",),
        [within(SETUP, "< 0x00040300", "< 0x00040200")], {
        "arm32": error(SETUP, pointee_size="frame_list"),
    }, ("0x00040100", "0x00040200", "0x00040300"), (0x00040200,)),
    Mutation("frame-list-gate-late", "gate", BOTH,
        [within(SETUP, "< 0x00040300", "< 0x00040400")], {
        X64: error(unreadable=SETUP),
    }, ("0x0003020a", "0x00040300", "0x00040400"), (0x00040300,)),
    Mutation("frame-list-gate-reversed", "gate", ("ours",),
        [within(SETUP, "< 0x00040300", ">= 0x00040300")], {
        "arm32": error(unreadable=SETUP),
    }, ("0x00040300", "newest"), (0x00040300, 0x00041300)),
    Mutation("v1-name-gate-late", "gate", ("ours",), [Edit("__ < 0x0003020a", "__ < 0x00040000")], {
        X64: note(struct_missing=V1, gate="grant_entry"),
    }, ("all",), (0x0003020a,), elsewhere=True),
    Mutation("v1-name-gate-early", "gate", BOTH, [Edit("__ < 0x0003020a", "__ < 0x00030201")], {
        X64: note(struct_missing="grant_entry", gate=V1),
    }, ("0x00030200", "0x00030201", "0x0003020a"), (0x00030201,), elsewhere=True),
    Mutation("v2-gate-late", "gate", ("ours",),
        [Edit(">= 0x0003020a\n/*\n * Entries", ">= 0x00040000\n/*\n * Entries")], {
        X64: note(struct_missing=f"{HEADER} {V2}", type_missing="grant_status_t"),
    }, ("0x0003020a", "0x00040000"), (0x0003020a,), elsewhere=True),
    Mutation("v2-gate-early", "gate", ("ours",),
        [Edit(">= 0x0003020a\n/*\n * Entries", ">= 0x00030201\n/*\n * Entries")], {
        X64: note(gate=f"{HEADER} {V2} grant_status_t"),
    }, ("0x00030201", "0x0003020a"), (0x00030201,), elsewhere=True),
    Mutation("v2-gate-early-real", "gate", ("real",),
        [Edit(">= 0x0003020a\n/*\n * Version 1", ">= 0x00030201\n/*\n * Version 1")], {
        X64: note(gate=f"{HEADER} {V2} grant_status_t"),
    }, ("0x00030201", "0x0003020a"), (0x00030201,), elsewhere=True),
    Mutation("ops-gate-late", "gate", BOTH,
        [Edit(">= 0x0003020a\n#define GNTTABOP_set", ">= 0x00040000\n#define GNTTABOP_set")], {
        X64: note(constant_missing="GNTTABOP_set_version GNTTABOP_get_status_frames "
            "GNTTABOP_get_version GNTTABOP_swap_grant_ref GNTTABOP_cache_flush"),
    }, ("0x0003020a", "0x00040000"), (0x0003020a,), elsewhere=True),
    Mutation("ops-gate-gone", "gate", BOTH,
        [Edit("#if __XEN_INTERFACE_VERSION__ >= 0x0003020a\n#define GNTTABOP_set",
            "#if 1\n#define GNTTABOP_set")], {
        X64: note(gate="GNTTABOP_set_version GNTTABOP_get_status_frames "
            "GNTTABOP_get_version GNTTABOP_swap_grant_ref GNTTABOP_cache_flush"),
    }, ("undefined", "0x00030201", "0x0003020a"), (0, 0x00030201), elsewhere=True),
    Mutation("structs-gate-late", "gate", BOTH,
        [Edit(">= 0x0003020a\n/*\n * GNTTABOP_set", ">= 0x00040000\n/*\n * GNTTABOP_set")], {
        X64: note(struct_missing=f"{SET} {STATUS} {GET} {SWAP} {FLUSH}",
            constant_missing="GNTTAB_CACHE_CLEAN GNTTAB_CACHE_INVAL GNTTAB_CACHE_SOURCE_GREF"),
    }, ("0x0003020a", "0x00040000"), (0x0003020a,), elsewhere=True),
    Mutation("structs-gate-early", "gate", ("ours",),
        [Edit(">= 0x0003020a\n/*\n * GNTTABOP_set", ">= 0x00030201\n/*\n * GNTTABOP_set")], {
        X64: note(gate=f"{SET} {STATUS} {GET} {SWAP} {FLUSH} "
            "GNTTAB_CACHE_CLEAN GNTTAB_CACHE_INVAL GNTTAB_CACHE_SOURCE_GREF"),
    }, ("0x00030201", "0x0003020a"), (0x00030201,), elsewhere=True),
    Mutation("latest-version-older", "gate", ("ours",),
        [define("__XEN_LATEST_INTERFACE_VERSION__", " 0x00041300", "0x00040e00", "xen-compat.h")], {
        X64: note(version_refused="__XEN_INTERFACE_VERSION__"),
    }, elsewhere=True),
    # What the markup says.
    Mutation("selector-arms-swapped", "selector", ("ours",),
        [within(COPY, "GNTCOPY_source_gref ? ref : gmfn", "GNTCOPY_source_gref ? gmfn : ref")], {
        X64: error(COPY, selector="source.u"),
    }),
    Mutation("selector-of-other-end", "selector", ("ours",),
        [within(COPY, "GNTCOPY_dest_gref ? ref", "GNTCOPY_source_gref ? ref")], {
        X64: error(COPY, selector="dest.u"),
    }),
    Mutation("selector-of-cache-flush", "selector", ("ours",),
        [within(FLUSH, "? ref : dev_bus_addr", "? dev_bus_addr : ref")], {
        X64: error(FLUSH, selector="a"),
    }),
    Mutation("selector-of-entry", "selector", ("ours",),
        [Edit("GTF_sub_page ? sub_page : full_page :", "GTF_sub_page ? full_page : sub_page :")], {
        X64: error(V2, selector="."),
    }, elsewhere=True),
    Mutation("map-out-is-in", "direction", ALL, [within(MAP, "/* OUT par", "/* IN par")], {
        X64: error(MAP, direction="status handle dev_bus_addr"),
    }),
    Mutation("unmap-in-is-out", "direction", ALL, [within(UNMAP, "/* IN par", "/* OUT par")], {
        X64: error(UNMAP, direction="host_addr dev_bus_addr handle"),
    }),
    Mutation("set-version-only-in", "direction", ALL, [within(SET, "/* IN/OUT par", "/* IN par")], {
        X64: error(SET, direction="version"),
    }),
    Mutation("query-heading-gone", "direction", ALL,
        [within(QUERY, "    /* OUT parameters. */\n", "")], {
        X64: error(QUERY, direction="nr_frames max_nr_frames status"),
    }),
    Mutation("frame-list-only-in", "direction", ("ours",),
        [within(SETUP, "IN-pointer par", "IN par")], {
        X64: error(SETUP, direction="frame_list"),
    }),
    Mutation("copy-in-is-out", "direction", ALL, [within(COPY, "/* IN par", "/* OUT par")], {
        X64: error(COPY, direction="source dest len flags")
        | error(PTR, direction="u domid offset"),
    }),
    Mutation("status-of-wrong-enum", "enum", BOTH,
        [within(MAP, "=> enum grant_status", "=> enum neg_errnoval")], {
        X64: error(MAP, enum="status"),
    }),
    Mutation("flags-of-wrong-enum", "enum", ("ours",),
        [within(MAP, "=> enum gnttab_map_flag", "=> enum gnttab_copy_flag")], {
        X64: error(MAP, enum="flags"),
    }),
    Mutation("typedef-of-wrong-enum", "enum", ("ours",),
        [Edit("=> enum domid */", "=> enum grant_status */", file="xen.h")], {
        X64: DOMIDS,
    }, elsewhere=True),
    # Types by name.
    Mutation("ref-signed", "typedef", ALL,
        [Edit(REF, "typedef int32_t grant_ref_t;")], {
        X64: error(type_sign="grant_ref_t") | REFS,
    }),
    Mutation("ref-float", "typedef", BOTH,
        [Edit(REF, "typedef float grant_ref_t;")], {
        X64: error(type_kind="grant_ref_t") | coded(REFS, "field-kind"),
    }),
    Mutation("ref-64-bits", "typedef", ALL,
        [Edit(REF, "typedef uint64_t grant_ref_t;")], {
        X64: error(type_size="grant_ref_t")
        | error(MAP, field_offset="ref dom status handle dev_bus_addr", field_size="ref",
            struct_size=".")
        | error(TRANSFER, field_offset="ref status", field_size="ref", struct_size=".")
        | error(COPY, field_size="source.u.ref dest.u.ref") | error(PTR, field_size="u.ref")
        | error(SWAP, field_offset="ref_b status", field_size="ref_a ref_b", struct_size=".")
        | warning(SWAP, struct_align=".")
        | error(FLUSH, field_size="a.ref")
        | error(V2, field_size="transitive.gref"),
    }),
    Mutation("handle-16-bits", "typedef", ALL,
        [Edit("typedef uint32_t grant_handle_t;", "typedef uint16_t grant_handle_t;")], {
        X64: error(type_size="grant_handle_t")
        | error(MAP, field_size="handle")
        | error(UNMAP, field_size="handle", field_offset="status")
        | error(REPLACE, field_size="handle", field_offset="status"),
    }),
    Mutation("handle-pointer", "typedef", BOTH,
        [Edit("typedef uint32_t grant_handle_t;", "typedef void *grant_handle_t;")], {
        "arm32": (handle_wrapped := note(type_kind="grant_handle_t")
        | note(MAP, field_kind="handle") | note(UNMAP, field_kind="handle")
        | note(REPLACE, field_kind="handle")),
    }),
    Mutation("handle-wrapped", "typedef", ALL,
        [Edit("typedef uint32_t grant_handle_t;",
            "typedef struct { uint32_t x; } grant_handle_t;")], {
        X64: handle_wrapped,
    }),
    Mutation("status-word-32-bits", "typedef", ALL,
        [Edit("typedef uint16_t grant_status_t;", "typedef uint32_t grant_status_t;")], {
        X64: error(type_size="grant_status_t"),
    }),
    Mutation("pfn-32-bits", "typedef", ("ours", "real"),
        [Edit("typedef unsigned long xen_pfn_t;", "typedef unsigned int xen_pfn_t;",
            file="arch-x86/xen.h")], {
        X32: NOTHING,
        X64: error(type_size="xen_pfn_t")
        | error(SETUP, pointee_size="frame_list")
        | error(TRANSFER, field_size="mfn", field_offset="domid ref status", struct_size=".")
        | warning(TRANSFER, struct_align=".")
        | error(COPY, field_size="source.u.gmfn dest.u.gmfn", struct_size=".",
            field_offset="source.domid source.offset dest dest.domid dest.offset len flags status")
        | warning(COPY, struct_align=".")
        | error(PTR, field_size="u.gmfn", field_offset="domid offset", struct_size=".")
        | warning(PTR, struct_align="."),
    }),
    Mutation("pfn-of-a-word-on-arm", "typedef", ("ours",),
        [Edit("typedef uint64_t xen_pfn_t;", "typedef unsigned long xen_pfn_t;",
            file="guest-handle-64.h")], {
        "riscv64": NOTHING,
        "arm32": (pfn_of_a_word := error(type_size="xen_pfn_t")
        | error(SETUP, pointee_size="frame_list")
        | error(TRANSFER, field_size="mfn", field_offset="domid ref status", struct_size=".")
        | warning(TRANSFER, struct_align=".")
        | error(COPY, field_size="source.u.gmfn dest.u.gmfn", struct_size=".",
            field_offset="source.domid source.offset dest dest.domid dest.offset len flags status")
        | warning(COPY, struct_align=".")
        | error(PTR, field_size="u.gmfn", field_offset="domid offset", struct_size=".")
        | warning(PTR, struct_align=".")),
    }),
    Mutation("pfn-of-a-word-on-arm-real", "typedef", ("real",),
        [Edit("typedef uint64_t xen_pfn_t;", "typedef unsigned long xen_pfn_t;",
            file="arch-arm.h")], {
        "arm64": NOTHING,
        "arm32": pfn_of_a_word,
    }),
    Mutation("domid-signed", "typedef", ("real", "linux"),
        [Edit("typedef uint16_t domid_t;", "typedef int16_t domid_t;", file="xen.h")], {
        X64: error(type_sign="domid_t") | coded(DOMIDS, "field-sign"),
    }),
    # Structs as a whole.
    Mutation("struct-becomes-union", "struct", BOTH,
        [Edit(f"struct {SWAP}", f"union {SWAP}", times=2)], {
        X64: error(SWAP, struct_kind=".", field_offset="ref_b status", struct_size=".")
        | {("error", "type-struct", f"{SWAP}_t")},
    }),
    Mutation("union-becomes-struct", "struct", ALL, [within(COPY, "union {", "struct {")], {
        X64: error(COPY, field_kind="source.u dest.u", struct_size=".",
            field_offset="source.u.gmfn source.domid source.offset dest dest.u.gmfn dest.domid "
            "dest.offset len flags status")
        | error(PTR, field_kind="u", field_offset="u.gmfn domid offset", struct_size="."),
    }),
    Mutation("copy-union-as-integer", "struct", ("real", "linux"),
        [within(COPY, REAL_UNION, "xen_pfn_t u;")], {
        X64: note(COPY, field_kind="source.u dest.u") | note(PTR, field_kind="u"),
    }),
    Mutation("copy-ends-opaque", "struct", ("real", "linux"),
        [within(COPY, REAL_PTR, "uint64_t")], {
        X32: error(COPY, field_kind="source dest") | note(struct_missing=PTR),
    }),
    Mutation("copy-dest-of-its-own", "struct", ("real", "linux"),
        [within(COPY, "} source, dest;", "} source; uint64_t more; "
            f"struct {{ domid_t domid; uint16_t offset; {REAL_UNION} }} dest;")], {
        X64: note(COPY, field_extra="more")
        | error(COPY, field_offset="dest dest.u len flags status", struct_size="."),
    }),
    Mutation("copy-union-without-frame", "struct", BOTH,
        [within(COPY, "grant_ref_t ref;", "uint64_t ref;"),
            within(COPY, "xen_pfn_t   gmfn;", "")], {
        X64: error(COPY, field_size="source.u.ref dest.u.ref") | error(PTR, field_size="u.ref")
        | note(COPY, field_missing="source.u.gmfn dest.u.gmfn") | note(PTR, field_missing="u.gmfn"),
    }),
    Mutation("member-renamed", "struct", ALL, [within(MAP, "domid_t  dom;", "domid_t  domain;")], {
        X64: note(MAP, field_renamed="dom"),
    }),
    Mutation("member-renamed-and-unsigned", "struct", ALL,
        [within(MAP, "int16_t  status;", "uint16_t err;")], {
        X64: note(MAP, field_renamed="status") | error(MAP, field_sign="status"),
    }),
    Mutation("member-renamed-and-wider", "struct", BOTH,
        [within(SWAP, "int16_t status;", "int32_t result;")], {
        X64: error(SWAP, field_missing="status") | note(SWAP, field_extra="result"),
    }),
    Mutation("copy-ptr-member-renamed-and-more", "struct", BOTH,
        [within(COPY, "uint16_t offset;", "uint16_t begin; uint64_t more;")], {
        X64: note(COPY, field_renamed="source.offset dest.offset",
            field_extra="source.more dest.more")
        | error(COPY, field_size="source dest", field_offset="dest len flags status",
            struct_size=".")
        | note(PTR, field_renamed="offset", field_extra="more") | error(PTR, struct_size="."),
    }),
    Mutation("last-member-gone", "struct", ALL, [within(UNMAP, "    int16_t  status;", "")], {
        X64: error(UNMAP, field_missing="status"),
        X32: error(UNMAP, field_missing="status", struct_size="."),
    }),
    Mutation("middle-member-gone", "struct", BOTH, [within(QUERY, "uint32_t max_nr_frames;", "")], {
        X64: error(QUERY, field_missing="max_nr_frames", field_offset="status", struct_size="."),
    }),
    Mutation("spacer-shorter", "array", ALL, [within(V2, "__spacer[4]", "__spacer[3]")], {
        X64: error(V2, field_count="__spacer"),
    }),
    Mutation("spacer-longer", "array", ALL, [within(V2, "__spacer[4]", "__spacer[5]")], {
        X32: error(V2, field_count="__spacer", struct_size="."),
    }),
    Mutation("spacer-gone", "array", ALL, [within(V2, "    uint32_t __spacer[4];", "")], {
        X64: note(V2, field_missing="__spacer"),
    }),
    Mutation("spacer-of-words", "array", ALL,
        [within(V2, "uint32_t __spacer[4]", "uint64_t __spacer[2]")], {
        X64: error(V2, field_count="__spacer"),
    }),
    Mutation("refs-as-array", "array", BOTH,
        [within(SWAP, "grant_ref_t ref_a;", "grant_ref_t ref_a[2];"),
            within(SWAP, "grant_ref_t ref_b;", "")], {
        X64: error(SWAP, field_count="ref_a", field_missing="ref_b"),
    }),
    # Things that are missing, and things that should be.
    Mutation("struct-missing", "missing", ALL, [Edit(f"struct {SWAP} {{", "struct swap {")], {
        X64: note(struct_missing=SWAP),
    }, elsewhere=True),
    Mutation("copy-ptr-anonymous", "missing", ALL, [within(COPY, f"struct {PTR} {{", "struct {")], {
        X64: note(struct_missing=PTR),
    }, elsewhere=True),
    Mutation("type-missing", "missing", BOTH, [Edit("typedef uint16_t grant_status_t;", "")], {
        X64: note(type_missing="grant_status_t"),
    }, elsewhere=True),
    Mutation("struct-unreadable", "missing", ALL,
        [within(DUMP, "int16_t status;", "xen_status_t status;")], {
        X64: error(unreadable=DUMP),
    }),
    Mutation("markup-not-closed", "missing", ("real",),
        [Edit("(-13) /* Out of space (handles etc).           */\n/* ` } */", "(-13)")], {
        X64: note(unreadable="grant_status"),
    }, elsewhere=True),
    Mutation("map-can-fail", "removed", ALL,
        [Edit("#define _GNTMAP_guest_avail0 ",
            "#define _GNTMAP_can_fail (5)\n#define GNTMAP_can_fail (1<<_GNTMAP_can_fail)\n"
            "#define _GNTMAP_guest_avail0 ")], {
        X64: note(constant_extra="GNTMAP_can_fail"),
    }),
    Mutation("copy-can-fail", "removed", ALL,
        [Edit("#define _GNTCOPY_dest_gref ",
            "#define _GNTCOPY_can_fail (2)\n#define GNTCOPY_can_fail (1<<_GNTCOPY_can_fail)\n"
            "#define _GNTCOPY_dest_gref ")], {
        X64: note(constant_extra="GNTCOPY_can_fail"),
    }),
    Mutation("message-changed", "message", ALL, [Edit('    "bad page",', '    "bad frame",')], {
        X64: note(message="GNTTABOP_error_msgs[9]"),
    }, elsewhere=True),
    Mutation("last-message-missing", "message", ALL, [Edit('    "out of space", ', "     ")], {
        X64: note(message="GNTTABOP_error_msgs[13]"),
    }, elsewhere=True),
    Mutation("messages-shifted", "message", BOTH,
        [Edit('    "page address size too large", ', "     ")], {
        X64: note(message=" ".join(f"GNTTABOP_error_msgs[{i}]" for i in (11, 12, 13))),
    }, elsewhere=True),
    Mutation("message-added", "message", ALL,
        [Edit('    "out of space", ', '    "out of space", "on fire", ')], {
        X64: note(message="GNTTABOP_error_msgs[14]"),
    }, elsewhere=True),
    Mutation("messages-translated", "message", ALL,
        [Edit('    "bad page",', '    _("bad page"),')], {
        X64: note(unreadable="GNTTABOP_error_msgs"),
    }, elsewhere=True),
    Mutation("messages-missing", "message", ALL,
        [Edit("#define GNTTABOP_error_msgs ", "#define MESSAGES ")], {
        X64: note(messages_missing="GNTTABOP_error_msgs"),
    }, elsewhere=True),
)
# fmt: on


@cache
def _control(header: str, abi: str) -> frozenset[Statement]:
    """Return what is stated of a header that nobody has edited."""
    with tempfile.TemporaryDirectory() as folder:
        return frozenset(statements(copy(header, Path(folder)).check([abi]).findings))


@pytest.mark.parametrize(
    ("mutation", "header"),
    [
        pytest.param(mutation, header, id=f"{mutation.id}-{header}")
        for number, mutation in enumerate(MUTATIONS)
        for header in in_turn(mutation.headers, number)
    ],
)
def test_mutation_is_reported(mutation: Mutation, header: str, tmp_path: Path) -> None:
    """A mistake in a header that is missed, put down to the wrong place, or said too often."""
    target = copy(header, tmp_path)
    regions = target.edit(mutation.edits)
    for abis, expected in mutation.on.items():
        for abi in abis.split():
            report = target.check([abi], mutation.versions)
            found = [*report.refusals]
            for comparison in report.comparisons:
                version = comparison.reference.interface_version
                if not mutation.at or version in mutation.at:
                    found += comparison.findings
                else:
                    new = statements(comparison.findings) - _control(header, abi)
                    assert new == NOTHING, f"{abi} at {version:#010x}"
            new = statements(found) - _control(header, abi)
            assert new == expected, abi
            lines = [one.source for one in found if (one.severity, one.code, one.where) in expected]
            if lines and not mutation.elsewhere:
                assert any(region.holds(line) for region in regions for line in lines), lines


def test_the_table_is_wide() -> None:
    """A table of mutations that lost rows, kinds or headers."""
    kinds = Counter(mutation.kind for mutation in MUTATIONS)
    headers = Counter(header for mutation in MUTATIONS for header in mutation.headers)
    assert len({mutation.id for mutation in MUTATIONS}) == len(MUTATIONS) >= 150
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 2, kinds
    assert all(headers[header] >= 60 for header in ALL), headers
    rows = [(mutation.headers, tuple(mutation.edits)) for mutation in MUTATIONS]
    assert len(set(rows)) == len(rows)
    said = {code for m in MUTATIONS for on in m.on.values() for severity, code, _ in on}
    assert said == CODES


@pytest.mark.parametrize(
    ("header", "abis", "versions"),
    [
        ("ours", ("all",), ()),
        ("ours", ("arm32",), ("all",)),
        ("real", ("x86_64", "arm32"), ()),
        ("real", ("x86_32", "arm64"), ("undefined", "0x00030201", "0x0003020a", "0x00040200")),
        ("linux", ("x86_64", "x86_32"), ()),
    ],
)
def test_unedited_copies_are_right(
    header: str, abis: Sequence[str], versions: Sequence[str], tmp_path: Path
) -> None:
    """An error, or a warning, about a header that nobody has changed."""
    report = copy(header, tmp_path).check(abis, versions)
    assert [one for one in report.findings if one.severity != NOTE] == []
    missing = {one.where for one in report.findings if one.code == "constant-missing"}
    assert missing <= {"DOMID_ANY", "DOMID_MASK"}
    assert {one.code for one in report.findings} <= {"constant-missing", "version-refused"}


@pytest.mark.parametrize(
    ("where", "edit", "text"),
    [
        (f"{MAP}.dom", within(MAP, "domid_t  dom;", "uint32_t dom;"), "uint32_t dom;"),
        (f"{MAP}.handle", within(MAP, "domid_t  dom;", "uint32_t dom;"), "grant_handle_t handle;"),
        (f"{COPY}.dest.u.gmfn", within(COPY, "xen_pfn_t   gmfn;", "uint8_t gmfn;"), "gmfn;"),
        (f"{V2}.full_page.pad0", within(V2, "uint32_t pad0;", "uint16_t pad0;"), "uint16_t pad0;"),
        (MAP, closing(MAP, "aligned(64)"), f"struct {MAP} {{"),
        (GET, within(GET, "    uint16_t pad;\n", "    uint32_t more;\n"), f"struct {GET} {{"),
        ("grant_ref_t", Edit("uint32_t grant_ref_t;", "uint8_t grant_ref_t;"), " grant_ref_t;"),
        ("domid_t", Edit("uint16_t domid_t;", "int8_t domid_t;", file="xen.h"), " domid_t;"),
        ("GNTST_eagain", define("GNTST_eagain", "          (-12)", "(-1)"), "GNTST_eagain (-1)"),
        ("GTF_PAT", define("_GTF_PAT", "            (7)", "(9)"), "define GTF_PAT "),
        ("DOMID_IO", Edit("xen_mk_uint(0x7FF1)", "0", file="xen.h"), "DOMID_IO "),
        (DUMP, within(DUMP, "int16_t status;", "status_t status;"), f"struct {DUMP} {{"),
        (
            "GNTTABOP_error_msgs[9]",
            Edit('"bad page"', '"bad"'),
            "#define GNTTABOP_error_msgs",
        ),
    ],
)
def test_findings_name_file_and_line(where: str, edit: Edit, text: str, tmp_path: Path) -> None:
    """A finding that points at another file or line than that of the thing it is about."""
    target = copy("real", tmp_path)
    target.edit([edit])
    found = [one for one in target.check(["x86_64"]).findings if one.where == where]
    assert found
    for one in found:
        file, _, line = one.source.rpartition(":")
        assert Path(file) == target.path.parent / edit.file
        assert text in Path(file).read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize("header", ALL)
def test_refused_abi(header: str, tmp_path: Path) -> None:
    """An ``#error`` for one ABI that hides the others, or passes for a clean check."""
    target = copy(header, tmp_path)
    refusal = "#ifdef __i386__\n# error Not for 32 bits.\n#endif\n"
    (region,) = target.edit([Edit(REF, f"{refusal}typedef int grant_ref_t;")])
    report = target.check(["x86_64", "x86_32"], ["0x00040300"])
    assert [(one.severity, one.code, one.abi) for one in report.refusals] == [
        (NOTE, "version-refused", "x86_32")
    ]
    assert region.holds(report.refusals[0].source)
    assert "Not for 32 bits" in report.refusals[0].message
    assert [one.reference.abi for one in report.comparisons] == ["x86_64"]
    assert error(type_sign="grant_ref_t") <= statements(report.findings)
    with pytest.raises(Refused, match="Not for 32 bits"):
        target.check(["x86_32"])


def test_refused_abi_is_named_at_all_versions(tmp_path: Path) -> None:
    """An ABI that no interface version helps, put down to the version that was tried first."""
    target = copy("ours", tmp_path)
    target.edit([Edit(REF, f"#ifdef __arm__\n# error No Arm.\n#endif\n{REF}")])
    for versions in ((), ("0x00030201", "0x00040300")):
        refusals = target.check(["x86_64", "arm32"], versions).refusals
        assert [(one.code, one.abi) for one in refusals] == [("abi-refused", "arm32")]


def test_header_that_wants_a_version(tmp_path: Path) -> None:
    """A gate that is moved and not looked at, where the header wants some version to be named."""
    target = copy("ours", tmp_path)
    target.edit(
        [
            UNNAMED,
            within(SETUP, "< 0x00040300", "< 0x00040200"),
        ]
    )
    report = target.check(["arm32"], ["all"])
    errors = [one for one in report.findings if one.severity == ERROR]
    assert [(one.where, one.interface_version) for one in errors] == [
        (f"{SETUP}.frame_list", 0x00040200)
    ]


def test_header_that_wants_a_version_and_is_older(tmp_path: Path) -> None:
    """A header called unfit for an ABI that it takes at other versions than newest and none."""
    target = copy("ours", tmp_path)
    target.edit(
        [
            UNNAMED,
            define("__XEN_LATEST_INTERFACE_VERSION__", " 0x00041300", "0x00040e00", "xen-compat.h"),
        ]
    )
    report = target.check(["x86_64"])
    assert [one.reference.interface_version for one in report.comparisons] == [0x00040300]
    assert [one.code for one in report.refusals] == ["version-refused"]


def test_nothing_in_common(tmp_path: Path) -> None:
    """A header without anything of the interface that passes for a clean check."""
    target = copy("ours", tmp_path)
    target.path.write_text("struct other { int member; };\n#define OTHER 1\n")
    with pytest.raises(SourceError, match="nothing to compare"):
        target.check(["x86_64"])
