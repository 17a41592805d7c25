# SPDX-License-Identifier: MIT
"""Whether the oracle would notice: headers that are wrong on purpose, and what it says.

Each case edits a copy of our header in one place, and names what the comparison must
then report at newest, on any ABI or on those named. It must report nothing of any other
struct or constant.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import oracle
import pytest
from oracle import ABIS, KINDS, OUR_HEADER, Source

from xengnt.abi.declarations import header
from xengnt.abi.layout import compute

pytestmark = pytest.mark.usefixtures("scratch")


class Mistake(NamedTuple):
    """An edit, and the findings that it must lead to, each as what is before the second colon.

    The findings are those that matter: more may come about the same struct.
    """

    old: str
    new: str
    findings: tuple[str, ...]
    also: tuple[str, ...] = ()  # other things that it is about
    abis: tuple[str, ...] = ABIS
    file: str = "grant_table.h"


MISTAKES = {
    "a member is wider": Mistake(
        "    uint16_t      len;",
        "    uint32_t      len;",
        ("gnttab_copy.len: size", "gnttab_copy.flags: offset", "gnttab_copy.status: offset"),
        ("op copy",),
    ),
    "an integer type is wider": Mistake(
        "typedef uint16_t domid_t;",
        "typedef uint32_t domid_t;",
        ("domid_t: size", "gnttab_copy.source.domid: size", "grant_entry_v1.frame: offset"),
        ("grant_", "gnttab_", "op "),
        file="xen.h",
    ),
    "a status is unsigned": Mistake(
        "    int16_t status;         /* => enum grant_status */\n};\ntypedef struct gnttab_swap",
        "    uint16_t status;\n};\ntypedef struct gnttab_swap",
        ("gnttab_swap_grant_ref.status: signed",),
    ),
    "a struct is packed": Mistake(
        "struct gnttab_swap_grant_ref {",
        "struct __attribute__((packed)) gnttab_swap_grant_ref {",
        ("gnttab_swap_grant_ref: size", "gnttab_swap_grant_ref: align"),
        ("op swap_grant_ref",),
    ),
    "only the alignment differs": Mistake(
        "struct gnttab_set_version {",
        "struct __attribute__((aligned(16))) gnttab_set_version {",
        ("gnttab_set_version: align",),
        ("op set_version",),
    ),
    "a member is gone": Mistake(
        "    uint16_t pad;\n",
        "",
        ("gnttab_get_version.pad: offset",),
    ),
    "a struct is gone": Mistake(
        "struct gnttab_dump_table {",
        "struct gnttab_dump_table_gone {",
        ("gnttab_dump_table: size", "gnttab_dump_table.dom: offset"),
        ("op dump_table",),
    ),
    "a union is a struct": Mistake(
        "    union {\n        uint64_t dev_bus_addr;",
        "    struct {\n        uint64_t dev_bus_addr;",
        ("gnttab_cache_flush.a: kind", "gnttab_cache_flush.a.ref: offset"),
        ("op cache_flush",),
    ),
    "an array is longer": Mistake(
        "uint32_t __spacer[4];",
        "uint32_t __spacer[6];",
        ("grant_entry_v2.__spacer: count", "grant_entry_v2: size"),
    ),
    "a handle is of something else": Mistake(
        "XEN_GUEST_HANDLE(uint64_t) frame_list;",
        "XEN_GUEST_HANDLE(uint32) frame_list;",
        ("gnttab_get_status_frames.frame_list: pointee size",),
    ),
    "a handle is of something signed": Mistake(
        "XEN_GUEST_HANDLE(uint64_t) frame_list;",
        "XEN_GUEST_HANDLE(int) frame_list;",
        ("gnttab_get_status_frames.frame_list: pointee signed",),
    ),
    "a handle is an integer": Mistake(
        "XEN_GUEST_HANDLE(uint64_t) frame_list;",
        "uint64_t frame_list;",
        ("gnttab_get_status_frames.frame_list: kind",),
        ("op get_status_frames",),
    ),
    "the gate of the pointee is lost": Mistake(
        "    XEN_GUEST_HANDLE(xen_pfn_t) frame_list;",
        "    XEN_GUEST_HANDLE(uint) frame_list;",
        ("gnttab_setup_table.frame_list: pointee size",),
        abis=("x86_64", "arm64", "arm32", "riscv64", "ppc64"),
    ),
    "a frame number is a word on Arm": Mistake(
        "typedef uint64_t xen_pfn_t;",
        "typedef unsigned long xen_pfn_t;",
        (
            "xen_pfn_t: size",
            "gnttab_transfer.mfn: size",
            "gnttab_copy.source.u.gmfn: size",
            "gnttab_setup_table.frame_list: pointee size",
        ),
        ("gnttab_", "op "),
        abis=("arm32",),
        file="guest-handle-64.h",
    ),
    "a constant has another value": Mistake(
        "#define GNTST_eagain          (-12)",
        "#define GNTST_eagain          (-11)",
        ("GNTST_eagain: value",),
    ),
    "a constant is signed": Mistake(
        "#define GNTTAB_CACHE_SOURCE_GREF    (1u<<31)",
        "#define GNTTAB_CACHE_SOURCE_GREF    (1<<31)",
        ("GNTTAB_CACHE_SOURCE_GREF: value", "GNTTAB_CACHE_SOURCE_GREF: signed"),
    ),
    "a constant is wider": Mistake(
        "#define GTF_sub_page        (1U<<_GTF_sub_page)",
        "#define GTF_sub_page        (1ULL<<_GTF_sub_page)",
        ("GTF_sub_page: size",),
    ),
    "a constant is no number": Mistake(
        "#define GNTTABOP_copy                 5",
        '#define GNTTABOP_copy                 "5"',
        ("GNTTABOP_copy: value",),
        ("op copy",),
    ),
    "a message is another": Mistake(
        '"bad page",                ', '"bad pages",               ', ("GNTTABOP_error_msgs",)
    ),
    "a message is missing": Mistake(
        '    "out of space",                             \\\n', "", ("GNTTABOP_error_msgs",)
    ),
}


def edited(folder: Path, mistake: Mistake) -> Source:
    """Return our header with a mistake in it."""
    root = folder / "include"
    shutil.copytree(oracle.OURS, root)
    path = root / "xen" / mistake.file
    text = path.read_text()
    assert text.count(mistake.old) == 1, f"{mistake.old!r} is not there once: edit the test"
    path.write_text(text.replace(mistake.old, mistake.new))
    return replace(OUR_HEADER, name="the edited header", root=root, flags=(f"-I{root}",))


def findings(source: Source, kind: str, abi: str) -> list[str]:
    """Return what the comparison says of a header at newest."""
    layout = compute(header().at(abi))
    questions = oracle.probes(layout, source)
    answers = oracle.ask(oracle.compiler(kind, abi), source, layout.interface_version, questions)
    return oracle.differences(layout, questions, answers)


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_reported(name: str, tmp_path: Path) -> None:
    """Catches an oracle that agrees with everything, or that blames the wrong thing."""
    mistake = MISTAKES[name]
    source = edited(tmp_path, mistake)
    index = list(MISTAKES).index(name)
    # Each on one ABI and with one compiler: together they go through all.
    abi = mistake.abis[index % len(mistake.abis)]
    kind = KINDS[index // len(ABIS) % len(KINDS)]
    said = findings(source, kind, abi)
    for wanted in mistake.findings:
        assert any(line.startswith(wanted) for line in said), f"{abi}: {wanted} not in {said}"
    about = {wanted.split(":")[0].split(".")[0] for wanted in mistake.findings}
    others = [line for line in said if not line.startswith((*about, *mistake.also))]
    assert not others, f"{kind} {abi}"


def test_an_answer_names_field_and_both_values(tmp_path: Path) -> None:
    """Catches a report that says that something is wrong, but not what."""
    source = edited(tmp_path, MISTAKES["a member is wider"])
    assert findings(source, oracle.any_compiler("x86_64").kind, "x86_64")[:3] == [
        "gnttab_copy.len: size: the compiler says 4, the layout 2",
        "gnttab_copy.len: align: the compiler says 4, the layout 2",
        "gnttab_copy.flags: offset: the compiler says 36, the layout 34",
    ]


def test_a_wrong_layout_is_reported() -> None:
    """Catches an oracle that compares a header with itself instead of with the layout."""
    layout = compute(header().at("arm32"))
    struct = layout.structs["gnttab_setup_table"]
    fields = tuple(
        replace(one, offset=12, size=4, align=4) if one.name == "frame_list" else one
        for one in struct.fields
    )
    wrong = replace(
        layout,
        structs={
            **layout.structs,
            struct.tag: replace(struct, fields=fields, size=16, align=4),
        },
        messages=layout.messages[:-1],
    )
    questions = oracle.probes(wrong, OUR_HEADER)
    compiler = oracle.any_compiler("arm32")
    answers = oracle.ask(compiler, OUR_HEADER, wrong.interface_version, questions)
    said = {line.partition(": the ")[0] for line in oracle.differences(wrong, questions, answers)}
    assert said == {
        "gnttab_setup_table: size",
        "gnttab_setup_table: align",
        "gnttab_setup_table.frame_list: offset",
        "gnttab_setup_table.frame_list: size",
        "gnttab_setup_table.frame_list: align",
        "op setup_table: size",
        "GNTTABOP_error_msgs",
    }


def test_another_header_is_not_mistaken_for_ours(tmp_path: Path) -> None:
    """Catches a header that is read from elsewhere than the test means."""
    source = replace(OUR_HEADER, root=tmp_path)
    with pytest.raises(AssertionError, match="instead of what is in"):
        oracle.ask(oracle.any_compiler("x86_64"), source, 0, [])


def test_a_macro_that_is_not_defined_is_listed(tmp_path: Path) -> None:
    """Catches an absent constant that passes as one that agrees."""
    mistake = Mistake("#define GNTST_no_space ", "#define GNTST_no_space_left ", ())
    source = edited(tmp_path, mistake)
    layout = compute(header().at("x86_64"))
    questions = oracle.probes(layout, source)
    compiler = oracle.any_compiler("x86_64")
    answers = oracle.ask(compiler, source, layout.interface_version, questions)
    assert answers.absent == {"GNTST_no_space"}
    assert oracle.differences(layout, questions, answers) == []
    assert oracle.facts(layout, answers) == len(questions) - 3 + len(layout.messages)


def test_a_member_that_is_not_known_is_listed(tmp_path: Path) -> None:
    """Catches the other direction failing: a new member in what was a hole."""
    hole = "    uint16_t      flags;    /* => enum gnttab_copy_flag */\n"
    source = edited(tmp_path, Mistake(hole, f"{hole}    uint16_t extra;\n", ()))
    version = header().newest
    compiler = oracle.compiler("gcc", "x86_64")
    ours = oracle.declared(compiler, OUR_HEADER, version)
    theirs = oracle.declared(compiler, source, version)
    assert theirs["gnttab_copy"] - ours["gnttab_copy"] == {"extra"}


@pytest.mark.parametrize("required", ["0", "1"])
def test_what_is_needed(required: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches tests that are skipped silently where CI demands that all run."""
    monkeypatch.setenv("XENGNT_REQUIRE_ALL", required)
    assert oracle.need("cc", "a compiler", "apt install it") == "cc"
    outcome = pytest.fail.Exception if required == "1" else pytest.skip.Exception
    with pytest.raises(outcome, match="a compiler not installed: apt install it"):
        oracle.need(None, "a compiler", "apt install it")
