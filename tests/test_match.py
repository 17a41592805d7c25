# SPDX-License-Identifier: MIT
"""Which names of theirs mean which of ours, and what the user says of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pages
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xengnt
from xengnt.abi.layout import Layout
from xengnt.baseline import load_expected
from xengnt.check import check
from xengnt.compare import compare
from xengnt.errors import SourceError
from xengnt.findings import ERROR, Finding
from xengnt.mapping import Mapping, load_mapping
from xengnt.match import MAP, NAME, PREFIX, SPELLING, Kinds, Names, rename

LAYOUT = xengnt.Abi("x86_64").layout
KINDS = Kinds(Names(LAYOUT.structs), Names(LAYOUT.typedefs), Names(LAYOUT.constants))


@pytest.mark.parametrize(
    ("theirs", "ours", "how"),
    [
        ("gnttab_copy", "gnttab_copy", NAME),
        ("gnttab_copy_t", "gnttab_copy", SPELLING),
        ("GnttabCopy", "gnttab_copy", SPELLING),
        ("GNTTAB_COPY_PTR", "gnttab_copy_ptr", SPELLING),
        ("GrantEntryV2", "grant_entry_v2", SPELLING),
        ("vki_xen_gnttab_copy", "gnttab_copy", PREFIX),
        ("XenGnttabCopyPtr", "gnttab_copy_ptr", PREFIX),
        ("_GNTTAB_COPY", "gnttab_copy", PREFIX),
        ("compat_gnttab_copy", "gnttab_copy", PREFIX),
        ("xgnttab_copy", None, None),  # no word begins there
        ("gnttab_copy_op", None, None),
        ("copy", None, None),
        ("_", None, None),
        ("", None, None),
    ],
)
def test_names_of_structs(theirs: str, ours: str | None, how: str | None) -> None:
    """Would catch a copy that is not found under another spelling, or one that is guessed."""
    match = KINDS.structs.match(theirs)
    assert (match and match.ours, match and match.how) == (ours, how)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("_GNTMAP_readonly", "_GNTMAP_readonly"),
        ("GNTMAP_READONLY", "GNTMAP_readonly"),
        ("XEN_GNTMAP_readonly", "GNTMAP_readonly"),
        ("XEN__GNTMAP_readonly", "_GNTMAP_readonly"),
        ("_GNTMAP_READONLY", "_GNTMAP_readonly"),
        ("__HYPERVISOR_grant_table_op", "__HYPERVISOR_grant_table_op"),
    ],
)
def test_the_number_of_a_bit_is_not_the_bit(theirs: str, ours: str) -> None:
    """Would catch a flag that is compared with the number of its bit."""
    match = KINDS.constants.match(theirs)
    assert match is not None
    assert match.ours == ours


@given(st.text(max_size=40))
def test_any_name_is_matched_or_not(name: str) -> None:
    """Would catch a name that matching stumbles over."""
    KINDS.wanted(name)


def under(names: dict[str, str]) -> Layout:
    """Return our layout with some structs under other names."""
    structs = {
        names.get(tag, tag): replace(struct, tag=names.get(tag, tag))
        for tag, struct in LAYOUT.structs.items()
        if tag in names
    }
    return replace(LAYOUT, structs=structs)


def test_the_usual_prefix_decides() -> None:
    """Would catch a stray struct that is taken for the one that belongs to the others."""
    layout = under({tag: f"xen_{tag}" for tag in LAYOUT.structs})
    stray = replace(layout.structs["xen_gnttab_copy"], tag="my_gnttab_copy", size=1)
    layout.structs["my_gnttab_copy"] = stray
    renamed = rename(layout, KINDS)
    assert renamed.structs.found["gnttab_copy"].theirs == "xen_gnttab_copy"
    assert not renamed.doubtful()


def test_two_that_could_be_meant_are_neither() -> None:
    """Would catch one of two candidates that is taken without a reason."""
    layout = under({"gnttab_copy": "a_gnttab_copy"})
    layout.structs["b_gnttab_copy"] = replace(layout.structs["a_gnttab_copy"], tag="b_gnttab_copy")
    renamed = rename(layout, KINDS)
    assert renamed.structs.found == {}
    assert renamed.doubtful() == {"gnttab_copy": ["a_gnttab_copy", "b_gnttab_copy"]}


def test_the_name_itself_goes_before_all_but_the_mapping() -> None:
    """Would catch another spelling, or a prefix, that displaces the very name."""
    layout = under({"gnttab_copy": "gnttab_copy"})
    other = replace(layout.structs["gnttab_copy"], tag="GnttabCopy", size=1)
    layout.structs["GnttabCopy"] = other
    assert rename(layout, KINDS).structs.found["gnttab_copy"].how == NAME
    said = Kinds(
        Names(LAYOUT.structs, {"GnttabCopy": "gnttab_copy"}), KINDS.typedefs, KINDS.constants
    )
    renamed = rename(layout, said)
    assert renamed.structs.found["gnttab_copy"].how == MAP
    assert renamed.layout.structs["gnttab_copy"].size == 1


def test_structs_of_32_bit_callers_stand_apart() -> None:
    """Would catch a compat struct that is held against the layout of a 64-bit caller."""
    layout = under({"gnttab_copy": "compat_gnttab_copy"})
    assert "gnttab_copy" not in rename(layout, KINDS).structs.found
    assert "gnttab_copy" in rename(layout, KINDS, compat=True).structs.found


HEADER = """\
#include <stdint.h>
struct mine {
    struct { uint32_t src_ref; uint32_t unused0; uint16_t src_dom; uint16_t src_off; } s;
    uint32_t pad;
    union { uint32_t ref; uint64_t gmfn; } dst;
    uint16_t dst_dom, dst_off;
    uint32_t pad2;
    uint16_t length, how;
    int16_t result;
};
#define MY_READONLY (1 << 2)
#define MY_OKAY (1)
"""

MAP_FILE = """\
[structs]
mine = "gnttab_copy"

[fields.mine]
"s" = "source"
"s.src_ref" = "source.u.ref"
"s.src_dom" = "source.domid"
"s.src_off" = "source.offset"
dst = "dest.u"
dst_dom = "dest.domid"
dst_off = "dest.offset"
length = "len"
how = "flags"
result = "status"

[constants]
MY_READONLY = "GNTMAP_readonly"
MY_OKAY = "GNTST_okay"
"""


def checked(folder: Path, header: str, said: str, **options: bool) -> list[Finding]:
    """Check a header with a mapping, and return what is found."""
    (folder / "mine.h").write_text(header)
    (folder / "map.toml").write_text(said)
    mapping = load_mapping(folder / "map.toml")
    return check(folder / "mine.h", abis=["x86_64"], mapping=mapping, **options).findings


def test_a_mapping_makes_strangers_comparable(tmp_path: Path) -> None:
    """Would catch fields of a mapped struct, flat or nested, that are not compared."""
    found = checked(tmp_path, HEADER, MAP_FILE)
    errors = {(f.code, f.where) for f in found if f.severity == ERROR}
    assert errors == {("constant-value", "GNTST_okay")}
    wrong = HEADER.replace("uint16_t dst_dom, dst_off;", "uint32_t dst_dom; uint16_t dst_off;")
    found = checked(tmp_path, wrong, MAP_FILE)
    [width] = [f for f in found if f.where == "gnttab_copy.dest.domid"]
    assert (width.severity, width.code) == (ERROR, "field-size")
    assert width.theirs == "mine.dst_dom"
    assert width.source.endswith("mine.h:6")


def test_what_is_ignored_is_said_and_not_compared(tmp_path: Path) -> None:
    """Would catch an ignored difference that counts, or that vanishes without a word."""
    said = MAP_FILE + '\n[ignore]\nGNTST_okay = "they count from one"\n'
    found = checked(tmp_path, HEADER, said)
    assert not [f for f in found if f.severity == ERROR]
    [note] = [f for f in found if f.code == "ignored"]
    assert "they count from one" in note.message


def test_everything_can_be_required(tmp_path: Path) -> None:
    """Would catch a stale list of constants that passes where none may be missing."""
    found = checked(tmp_path, HEADER, MAP_FILE, require_all=True)
    required = {f.where for f in found if f.severity == ERROR and f.code.endswith("-missing")}
    assert {"GNTST_no_space", "gnttab_transfer", "domid_t"} <= required


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[structs\n", "not TOML"),
        ("[struct]\na = 'b'\n", "unknown table [struct]"),
        ("structs = 1\n", "structs: expected a table"),
        ("[structs]\na = 1\n", "structs.a: expected a text"),
        ("[fields]\na = 'b'\n", "fields.a: expected a table"),
        ("fields = 3\n", "fields: expected a table for each struct"),
        ("[ignore]\ngnttab_copy = ''\n", "ignore.gnttab_copy: expected a text"),
        ("[structs]\nmine = 'gnttab_cpy'\n", "no struct gnttab_cpy"),
        ("[constants]\nA = 'GNTST_nothing'\n", "no constant GNTST_nothing"),
        ("[fields.gnttab_copy]\na = 'source.nothing'\n", "gnttab_copy has no field source.nothing"),
        ("[ignore]\ngnttab_cpy = 'why'\n", "nothing of the name gnttab_cpy"),
    ],
)
def test_a_bad_mapping_is_one_clear_line(tmp_path: Path, text: str, words: str) -> None:
    """Would catch a mapping whose mistake is ignored, or whose error does not say where."""
    with pytest.raises(SourceError) as caught:
        checked(tmp_path, "struct gnttab_copy { int a; };\n", text)
    assert words in str(caught.value)
    assert "map.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_files_in_the_documentation_are_right(tmp_path: Path) -> None:
    """Would catch an example of a mapping, or of known differences, that cannot be read."""
    mapping, known = pages.texts("docs/check.md", "toml")
    (tmp_path / "map.toml").write_text(mapping)
    (tmp_path / "known.toml").write_text(known)
    assert load_mapping(tmp_path / "map.toml").ignore
    assert load_expected(tmp_path / "known.toml")[0].got == "4"


def test_a_mapping_is_not_needed(tmp_path: Path) -> None:
    """Would catch a mapping that changes what is compared by name."""
    assert Mapping().ignored("gnttab_copy") is None
    assert compare(LAYOUT, rename(LAYOUT, KINDS).layout) == []
