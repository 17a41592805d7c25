# SPDX-License-Identifier: MIT
"""Harmless edits of headers: the check must say of each copy what it says of the original.

People reformat, rename types, move things and add their own. None of it changes
the ABI, and a checker that complains about it is one that people turn off.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest
from edited import Edit, HeaderCopy, copy, in_turn

from xengnt.findings import Finding

Change: TypeAlias = Edit | Callable[[str], str]
"""An edit, or a function that rewrites the text of ``grant_table.h``."""

MAP, SWAP, COPY = "gnttab_map_grant_ref", "gnttab_swap_grant_ref", "gnttab_copy"
BOTH = ("ours", "real")


@dataclass(frozen=True)
class Harmless:
    """One edit that changes nothing.

    Attributes:
        id: a name for it.
        changes: what is done to the copy, in order.
        headers: the headers that it is done to.
        abi: the ABI to check for.
    """

    id: str
    changes: tuple[Change, ...]
    headers: tuple[str, ...] = BOTH
    abi: str = "x86_64"


def within(tag: str, old: str, new: str) -> Edit:
    """Give an edit inside the declaration of a struct."""
    return Edit(old, new, f"struct {tag} {{")


def comments_gone(text: str) -> str:
    """Remove all comments without markup, leaving their lines."""
    keep = re.compile(r"=>|`|\b(IN|OUT|IN/OUT|IN-pointer) parameters")
    return re.sub(
        r"/\*.*?\*/",
        lambda found: found[0] if keep.search(found[0]) else "\n" * found[0].count("\n"),
        text,
        flags=re.DOTALL,
    )


def spread_out(text: str) -> str:
    """Put blanks around brackets and semicolons, and tabs for indentation."""
    lines = [
        line if line.startswith(("#", " *", '    "')) else re.sub(r"(?<=\w)([;\[])", r" \1", line)
        for line in text.split("\n")
    ]
    return "\n".join(re.sub(r"^    ", "\t", line) for line in lines)


def macros_reversed(text: str) -> str:
    """Turn the order of the commands around."""
    lines = re.findall(r"^#define GNTTABOP_\w+ +[0-7]\b.*\n", text, re.MULTILINE)
    assert len(lines) == 8
    block = "".join(lines)
    assert block in text
    return text.replace(block, "".join(reversed(lines)))


def statuses_as_enum(text: str) -> str:
    """Make the statuses an enumeration of the language."""
    rows = re.findall(r"^#define (GNTST_\w+)\s+\((-?\d+)\)", text, re.MULTILINE)
    assert len(rows) == 14
    text = re.sub(r"^#define GNTST_.*\n", "", text, flags=re.MULTILINE)
    members = ", ".join(f"{name} = {value}" for name, value in rows)
    messages = "#define GNTTABOP_error_msgs"
    return text.replace(messages, f"enum {{ {members} }};\n{messages}")


def members_on_one_line(text: str) -> str:
    """Declare the members of a version 1 entry in one line, two of them at once."""
    return re.sub(
        r"struct grant_entry_v1 \{.*?\n\};",
        "struct grant_entry_v1 { uint16_t flags, domid; uint32_t frame; };",
        text,
        flags=re.DOTALL,
    )


def structs_moved(text: str) -> str:
    """Move a struct and its typedef behind another."""
    found = re.search(rf"struct {MAP} \{{.*?\n\}};\ntypedef [^\n]*\n", text, re.DOTALL)
    assert found
    rest = text.replace(found[0], "")
    anchor = "DEFINE_XEN_GUEST_HANDLE(gnttab_unmap_grant_ref_t);\n"
    handle = f"DEFINE_XEN_GUEST_HANDLE({MAP}_t);\n"
    assert rest.count(anchor) == rest.count(handle) == 1
    return rest.replace(handle, "").replace(anchor, f"{anchor}{found[0]}{handle}")


def guard_by_pragma(text: str) -> str:
    """Replace the include guard by ``#pragma once``."""
    start = "#ifndef __XEN_PUBLIC_GRANT_TABLE_H__\n#define __XEN_PUBLIC_GRANT_TABLE_H__\n"
    end = "#endif /* __XEN_PUBLIC_GRANT_TABLE_H__ */"
    assert text.count(start) == text.count(end) == 1
    return text.replace(start, "#pragma once\n").replace(end, "")


def in_extern_c(text: str) -> str:
    """Wrap all behind the includes the way of headers for C and C++."""
    include = '#include "xen.h"\n'
    assert text.count(include) == 1
    start = f'{include}#ifdef __cplusplus\nextern "C" {{\n#endif\n'
    end = "#ifdef __cplusplus\n}\n#endif\n"
    at = text.rindex("#endif")
    return (text[:at] + end + text[at:]).replace(include, start)


def in_bare_extern_c(text: str) -> str:
    """The same without asking for the language."""
    return in_extern_c(text).replace("#ifdef __cplusplus\n", "#if 1\n")


OTHERS = """
struct other { int member; struct { char c; } inner[3]; };
union another { void (*call)(int, ...); double d; };
enum choice { choice_a, choice_b = 5, choice_c = choice_b << 2 };
extern struct other others[];
extern int count_of_others;
int call(struct other *one, enum choice, unsigned long (*back)(void *));
static inline int inlined(const char *text)
{
    const char *brace = "}", quote = '"';
    return brace[0] == quote ? text[0] : (int)sizeof(struct other);
}
_Static_assert(sizeof(struct other) == 8, "an \\"other\\"; {");
"""


def with_others(text: str) -> str:
    """Add declarations of somebody's own."""
    at = text.rindex("#endif")
    return text[:at] + OTHERS + text[at:]


def crlf(text: str) -> str:
    """End the lines as on other systems."""
    return text.replace("\n", "\r\n")


# fmt: off
HARMLESS = (
    # Comments and blanks.
    Harmless("comments-gone", (comments_gone,)),
    Harmless("comments-added", (
        within(MAP, "    uint64_t host_addr;", "    /* 1 */ uint64_t /* 2 */ host_addr; // 3"),
        Edit("#define GNTST_okay             (0)", "#define GNTST_okay /* fine */ (/* 1 */ 0)"),
    )),
    Harmless("comment-moved-above", (
        within(MAP, "    uint64_t dev_bus_addr;", "    /* OUT */\n    uint64_t dev_bus_addr;"),
    )),
    Harmless("blanks", (spread_out,)),
    Harmless("crlf", (crlf,)),
    Harmless("line-continuations", (
        within(MAP, "domid_t  dom;", "domid_t \\\n dom;"),
        Edit("#define GNTST_eagain          (-12)", "#define GNTST_eagain \\\n    (-\\\n12)"),
        Edit("(1<<_GNTMAP_readonly)", "(1<<_GNTMAP_\\\nreadonly)"),
    )),
    Harmless("members-on-one-line", (members_on_one_line,)),
    # The same types by other names.
    Harmless("unsigned-int", (within(MAP, "uint32_t flags;", "unsigned int flags;"),)),
    Harmless("unsigned", (Edit("typedef uint32_t grant_ref_t;", "typedef unsigned grant_ref_t;"),)),
    Harmless("unsigned-short", (
        Edit("typedef uint16_t domid_t;", "typedef unsigned short int domid_t;", file="xen.h"),
    )),
    Harmless("signed-short", (within(MAP, "int16_t  status;", "signed short status;"),)),
    Harmless("short", (within(SWAP, "int16_t status;", "short status;"),)),
    Harmless("long-long", (
        within(MAP, "uint64_t dev_bus_addr;", "unsigned long long dev_bus_addr;"),
    )),
    Harmless("word-for-frame", (Edit("xen_pfn_t     mfn;", "unsigned long mfn;"),)),
    Harmless("own-typedef", (
        Edit("typedef uint32_t grant_handle_t;",
            "typedef unsigned int u32;\ntypedef const u32 number;\ntypedef number grant_handle_t;"),
    )),
    Harmless("qualifiers", (
        within(MAP, "uint32_t flags;", "volatile uint32_t flags;"),
        within(SWAP, "grant_ref_t ref_a;", "const grant_ref_t ref_a;"),
    )),
    Harmless("types-as-macros", (
        Edit("typedef uint32_t grant_ref_t;", "#define U32 unsigned int\ntypedef U32 grant_ref_t;"),
        within(MAP, "uint32_t flags;", "U32 flags;"),
    )),
    # The same constants in other words.
    Harmless("macro-order", (macros_reversed,)),
    Harmless("hexadecimal", (
        Edit("#define GNTTABOP_cache_flush", "#undef NONE\n#define GNTTABOP_cache_flush"),
        Edit("#define GNTTABOP_get_version          10", "#define GNTTABOP_get_version 0xA"),
        Edit("#define GNTTAB_NR_RESERVED_ENTRIES     8", "#define GNTTAB_NR_RESERVED_ENTRIES 010"),
        Edit("#define _GTF_sub_page       (8)", "#define _GTF_sub_page 0b1000"),
    )),
    Harmless("bits-written-out", (
        Edit("(1U<<_GTF_readonly)", "4U"),
        Edit("(1u<<31)", "0x80000000"),
        Edit("(1<<_GNTMAP_contains_pte)", "0x10"),
        Edit("(1u<<1)", "(1u + 1u)"),
    )),
    Harmless("other-expressions", (
        Edit("((uint32_t)~0 << _GNTMAP_guest_avail0)", "(0xffffffffu & ~((1u << 16) - 1))"),
        Edit("#define GTF_transitive      (3U<<0)", "#define GTF_transitive (1U | 2U)"),
        Edit("#define GNTST_bad_page         (-9)", "#define GNTST_bad_page ((0) ? 1 : -(3 * 3))"),
        Edit("#define GNTST_no_space        (-13)", "#define GNTST_no_space (GNTST_eagain - 1)"),
    )),
    Harmless("casts-to-the-same-type", (
        Edit("#define GNTST_bad_domain       (-2)", "#define GNTST_bad_domain ((int)-2)"),
        Edit("(1U<<_GTF_writing)", "((uint32_t)1 << _GTF_writing)"),
        Edit("#define GNTTABOP_copy                 5", "#define GNTTABOP_copy ((int)(5))"),
    )),
    Harmless("statuses-as-enum", (statuses_as_enum,)),
    Harmless("constant-by-another", (
        Edit("define GNTTABOP_copy                 5", "define FIVE 5\n#define GNTTABOP_copy FIVE"),
    )),
    # Declarations made differently.
    Harmless("struct-declared-before", (
        Edit(f"struct {COPY} {{\n    /* IN parameters. */\n    struct gnttab_copy_ptr {{",
            "struct gnttab_copy_ptr {"),
        Edit("    } source, dest;\n",
            f"}};\nstruct {COPY} {{\n    /* IN parameters. */\n"
            "    struct gnttab_copy_ptr source;\n    struct gnttab_copy_ptr dest;\n"),
    ), ("real",)),
    Harmless("struct-in-typedef", (
        Edit(f"struct {SWAP} {{", f"typedef struct {SWAP} {{"),
        Edit(f"}};\ntypedef struct {SWAP} {SWAP}_t;", f"}} {SWAP}_t;"),
    )),
    Harmless("struct-of-a-variable", (
        Edit(f"}};\ntypedef struct {SWAP} ", f"}} variable;\ntypedef struct {SWAP} "),
    )),
    Harmless("struct-order", (structs_moved,)),
    Harmless("forward-declarations", (
        Edit("typedef uint32_t grant_ref_t;",
            f"struct {COPY};\nstruct {MAP};\nvoid use(struct {COPY} *);\n"
            "typedef uint32_t grant_ref_t;"),
    )),
    Harmless("typedef-twice", (
        Edit("typedef uint32_t grant_ref_t;",
            "typedef uint32_t grant_ref_t;\ntypedef uint32_t grant_ref_t;"),
    )),
    Harmless("pad-of-bytes", (within("gnttab_get_version", "uint16_t pad;", "uint8_t pad[2];"),)),
    Harmless("array-of-one", (within(SWAP, "grant_ref_t ref_a;", "grant_ref_t ref_a[1];"),)),
    Harmless("array-by-expression", (
        Edit("uint32_t __spacer[4]", "uint32_t __spacer[2 * sizeof(uint64_t) / sizeof(int)]"),
    )),
    Harmless("plain-pointer-on-arm64", (
        within("gnttab_setup_table", "XEN_GUEST_HANDLE(xen_pfn_t)", "xen_pfn_t *"),
    ), abi="arm64"),
    Harmless("handle-gate-on-x86", (
        Edit(">= 0x00030201\n", ">= 0x00040900\n", file="arch-x86/xen.h", times=2),
    ), ("ours",)),
    Harmless("enums-in-another-order", (
        Edit("enum grant_entry_type | grant_entry_flag | grant_transfer_flag",
            "enum grant_transfer_flag|grant_entry_type  |  grant_entry_flag", times=2),
    ), ("ours",)),
    # Around the declarations.
    Harmless("pragma-once", (guard_by_pragma,)),
    Harmless("extern-c", (in_extern_c,)),
    Harmless("extern-c-taken", (in_bare_extern_c,), ("real",)),
    Harmless("other-declarations", (with_others,)),
    Harmless("unknown-macro-calls", (
        Edit("typedef uint32_t grant_handle_t;",
            'MODULE_LICENSE("GPL");\nDECLARE_THING(a, struct b { int c; });\n'
            "typedef uint32_t grant_handle_t;"),
        Edit(f"struct {SWAP} {{", f"CHECKED(struct {SWAP}) struct {SWAP} {{"),
    )),
    Harmless("pragmas", (
        Edit("typedef uint32_t grant_handle_t;",
            "#pragma GCC visibility push(default)\n#pragma pack(push)\n#pragma pack(1)\n"
            "#pragma pack(pop)\ntypedef uint32_t grant_handle_t;"),
    )),
    # Words that change no layout.
    Harmless("extension", (within(COPY, "        union {", "        __extension__ union {"),)),
    Harmless("extension-of-a-typedef", (
        Edit("typedef uint32_t grant_handle_t;", "__extension__ typedef uint32_t grant_handle_t;"),
    )),
    Harmless("attributes", (
        within(MAP, "uint32_t flags;", 'uint32_t flags __attribute__((deprecated("no; more")));'),
        within(SWAP, "grant_ref_t ref_a;", "__attribute__((aligned(4), used)) grant_ref_t ref_a;"),
        Edit(f"}};\ntypedef struct {SWAP} ",
            f"}} __attribute__((__may_alias__));\ntypedef struct {SWAP} "),
        Edit("typedef uint32_t grant_handle_t;",
            "typedef uint32_t grant_handle_t __attribute__((aligned(4)));"),
    )),
    Harmless("attributes-of-c23", (
        within(MAP, "uint32_t flags;", "[[deprecated]] uint32_t flags;"),
        within(SWAP, "grant_ref_t ref_a;", "[[gnu::aligned(4)]] grant_ref_t ref_a;"),
    )),
    Harmless("alignas", (
        within(SWAP, "grant_ref_t ref_a;", "_Alignas(4) grant_ref_t ref_a;"),
        within(SWAP, "grant_ref_t ref_b;", "_Alignas(uint32_t) grant_ref_t ref_b;"),
    )),
    Harmless("packed-with-its-alignment", (
        Edit(f"}};\ntypedef struct {MAP} ",
            f"}} __attribute__((packed, aligned(8)));\ntypedef struct {MAP} "),
    )),
    Harmless("asserts-inside", (
        within(SWAP, "grant_ref_t ref_a;",
            '_Static_assert(sizeof(int) == 4, "int");\n    grant_ref_t ref_a;'),
    )),
)
# fmt: on


def _said(header: HeaderCopy, abi: str, versions: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    """Return what is stated of a header, but for where in which file."""
    return sorted(map(_essence, header.check([abi], versions).findings), key=repr)


def _essence(one: Finding) -> tuple[object, ...]:
    return one.severity, one.code, one.where, one.offset, one.expected, one.got


@cache
def _control(header: str, abi: str) -> list[tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        return _said(copy(header, Path(folder)), abi)


def _apply(target: HeaderCopy, change: Change) -> None:
    if isinstance(change, Edit):
        target.edit([change])
        return
    before = target.path.read_text()
    after = change(before)
    assert after != before
    target.path.write_text(after)


@pytest.mark.parametrize(
    ("row", "header"),
    [
        pytest.param(row, header, id=f"{row.id}-{header}")
        for number, row in enumerate(HARMLESS)
        for header in in_turn(row.headers, number)
    ],
)
def test_harmless_edit_is_not_reported(row: Harmless, header: str, tmp_path: Path) -> None:
    """A complaint about an edit that does not change the ABI, or a finding that it hides."""
    target = copy(header, tmp_path)
    for change in row.changes:
        _apply(target, change)
    assert _said(target, row.abi) == _control(header, row.abi)


def test_the_table_is_wide() -> None:
    """A table of harmless edits that lost rows."""
    assert len({row.id for row in HARMLESS}) == len(HARMLESS) >= 40


@pytest.mark.parametrize("header", BOTH)
def test_all_together(header: str, tmp_path: Path) -> None:
    """A mistake that nobody sees any more once the header is written differently."""
    target = copy(header, tmp_path)
    target.edit([within(MAP, "uint64_t dev_bus_addr;", "uint32_t dev_bus_addr;")])
    for change in (comments_gone, macros_reversed, structs_moved, with_others, in_extern_c, crlf):
        _apply(target, change)
    errors = [one for one in target.check(["x86_64"]).findings if one.severity == "error"]
    assert [(one.code, one.where, one.got) for one in errors] == [
        ("field-size", f"{MAP}.dev_bus_addr", 4)
    ]
