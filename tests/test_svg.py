# SPDX-License-Identifier: MIT
"""Drawings of structs: what is drawn where is what the layouts say is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from blobs import ENTRIES, abi_at, combinations, names_of
from edited import Edit, copy
from oracle import ABIS

from xengnt.abi.declarations import header
from xengnt.abi.layout import Layout, StructLayout, compute
from xengnt.abi.targets import TARGETS
from xengnt.cli import main
from xengnt.emit import emit
from xengnt.emit.cells import FIELD, HOLE, ROW, Cell, drawings, panels
from xengnt.emit.meanings import meaning
from xengnt.errors import InvalidValue
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import read

SVG = "{http://www.w3.org/2000/svg}"
Drawn = dict[str, Any]


def drawn(text: str) -> Iterator[tuple[str, str, str, str, list[int]]]:
    """Give what is drawn: its ABIs, panel, kind, name, and the bytes that its boxes cover.

    Where bytes are is read off the picture: across by the numbers above, down by those on
    the left.
    """
    for part in ET.fromstring(text).iter(f"{SVG}g"):  # noqa: S314 -- our own
        if "data-abis" not in part.attrib:
            continue
        ruler = [one for one in part.findall(f"{SVG}text") if "middle" in one.get("class", "")]
        middle = [float(one.get("x", "")) for one in ruler]
        wide = middle[1] - middle[0]
        left = middle[0] - wide / 2
        assert [one.text for one in ruler] == [str(number) for number in range(len(ruler))]
        for panel in part.findall(f"{SVG}g"):
            rows = [
                (float(one.get("y", "")) - 24, int(one.text or ""))
                for one in panel.findall(f"{SVG}text")
            ]
            for cell in panel.findall(f"{SVG}g"):
                covered = []
                for box in cell.findall(f"{SVG}rect"):
                    x, y, width = (float(box.get(name, "")) for name in ("x", "y", "width"))
                    row = [first for top, first in rows if top <= y][-1]
                    start, size = round((x - left) / wide), round((width + 2) / wide)
                    assert 0 <= start < start + size <= ROW
                    covered += range(row + start, row + start + size)
                kind = cell.get("class", "")
                yield (
                    part.attrib["data-abis"],
                    panel.get("data-panel", ""),
                    kind,
                    cell.get("data-name", ""),
                    covered,
                )


def scalars(struct: StructLayout) -> dict[str, list[int]]:
    """Return the bytes of all that has a value, each element of an array for itself."""
    found = {}
    for field in struct.fields:
        if not field.scalar:
            continue
        if field.count is None:
            found[field.name] = list(range(field.offset, field.end))
        else:
            size = field.size // field.count
            for number in range(field.count):
                start = field.offset + number * size
                found[f"{field.name}[{number}]"] = list(range(start, start + size))
    return found


def all_drawings() -> list[tuple[str, str]]:
    """Return every struct at every interface version that has it."""
    found = {(version, name) for _, version, name in combinations()}
    found |= {("newest", tag) for tag in abi_at("x86_64").layout.structs}
    return sorted(found)


@pytest.mark.parametrize(("version", "name"), all_drawings())
def test_each_byte_is_drawn_where_it_is(version: str, name: str) -> None:
    """Would catch a field, an element or a hole that is drawn elsewhere, or not at all."""
    abis = [abi_at(abi, version) for abi in ABIS]
    text = emit("svg", abis, [name])
    left = set(ABIS)
    by_abi: dict[str, list[tuple[str, str, str, list[int]]]] = {}
    for whose, *row in drawn(text):
        for abi in whose.split():
            by_abi.setdefault(abi, []).append(tuple(row))  # type: ignore[arg-type]  # of four
    for abi in abis:
        left.remove(abi.name)
        struct = abi.struct(name)
        rows = by_abi[abi.name]
        assert {n: b for _, _, n, b in rows if n} == scalars(struct)
        holes = sorted({byte for _, kind, _, b in rows for byte in b if HOLE in kind.split()})
        assert holes == [at for start, size in struct.holes for at in range(start, start + size)]
        for panel in {one for one, *_ in rows}:
            seen = sorted({byte for one, _, _, b in rows for byte in b if one == panel})
            assert seen == list(range(struct.size)), panel
        for _, kind, path, _ in rows:
            if path:
                way = struct.field(path.partition("[")[0]).direction
                look = {"IN": "in", "OUT": "out", "IN/OUT": "inout", "IN-pointer": "pointer"}
                assert kind.split()[0] == look.get(way or "", "plain")
    assert not left


@pytest.mark.parametrize("name", names_of(abi_at("x86_64")))
def test_what_differs_between_abis_is_lit(name: str) -> None:
    """Would catch a field that lies elsewhere on one ABI and looks as if it did not."""
    structs = {abi: abi_at(abi).struct(name) for abi in ABIS}
    places = {
        path: {tuple(scalars(struct)[path]) for struct in structs.values()}
        for path in scalars(structs["x86_64"])
    }
    differ = {path for path, seen in places.items() if len(seen) > 1}
    seen = list(drawn(emit("svg", [abi_at(abi) for abi in ABIS], [name])))
    assert {n for _, _, kind, n, _ in seen if n and "lit" in kind.split()} == differ
    assert len({whose for whose, *_ in seen}) == (2 if differ else 1)
    alone = drawn(emit("svg", [abi_at("x86_32")], [name]))
    assert not any("lit" in kind.split() for _, _, kind, _, _ in alone)


def test_what_is_behind_an_address_differs_too() -> None:
    """Would catch the list of 32-bit Arm, half as wide as Xen writes it, looking like others."""
    made = emit("svg", [abi_at(abi, "undefined") for abi in ("x86_64", "arm32")], ["setup_table"])
    lit = {name for _, _, kind, name, _ in drawn(made) if "lit" in kind.split()}
    assert lit == {"frame_list"}
    assert re.findall(r">to (\d) bytes each<", made) == ["8", "4"]


def test_a_drawing_says_what_it_shows() -> None:
    """Would catch a drawing that tells nothing to those who cannot see it."""
    root = ET.fromstring(emit("svg", [abi_at("x86_64")], ["copy"]))  # noqa: S314 -- our own
    assert root.get("role") == "img"
    ids = (root.get("aria-labelledby") or "").split()
    texts = [one.text or "" for one in root if one.get("id") in ids]
    assert texts[0] == "The bytes of struct gnttab_copy"
    assert "source.domid at 8, 2 bytes, IN;" in texts[1]
    assert "hole at 12, 4 bytes" in texts[1]
    titles = [one.text or "" for one in root.iter(f"{SVG}title")]
    [union] = [one for one in titles if one.startswith("source.u.ref ")]
    assert "meant if GNTCOPY_source_gref: A grant reference in domid's table." in union


@pytest.mark.parametrize("name", ["copy", "grant_entry_v2", "setup_table"])
def test_nothing_is_fetched_or_run(name: str) -> None:
    """Would catch a font, a picture or a script in a drawing, and a colour without its word."""
    text = emit("svg", [abi_at(abi) for abi in ABIS], [name])
    for word in ("url(", "href", "<script", "@import", "var(", "light-dark"):
        assert word not in text
    assert "@media (prefers-color-scheme: dark)" in text


def of_header(path: Path, abi: str) -> Layout:
    """Return the layout of a header."""
    declared = read(Job(path, TARGETS[abi], header().newest)).declarations
    return compute(declared)


MUTATIONS = {
    "a wider member": (
        Edit("uint16_t      flags; ", "uint32_t      flags; ", "struct gnttab_copy {"),
        {"flags": (36, 4), "status": (40, 2)},
    ),
    "a member more": (
        Edit("uint16_t      len; ", "uint16_t more; uint16_t len; ", "struct gnttab_copy {"),
        {"more": (32, 2), "len": (34, 2), "flags": (36, 2), "status": (38, 2)},
    ),
    "a narrower frame": (
        Edit("xen_pfn_t   gmfn; ", "uint32_t   gmfn; ", "struct gnttab_copy {"),
        {"source.u.gmfn": (0, 4), "source.domid": (4, 2), "source.offset": (6, 2)},
    ),
}


@pytest.mark.parametrize("what", MUTATIONS)
def test_a_changed_header_is_drawn_so(what: str, tmp_path: Path) -> None:
    """Would catch a drawing that comes of anything but the layout: it changes where that does."""
    edit, expected = MUTATIONS[what]
    theirs = copy("ours", tmp_path)
    before = of_header(theirs.path, "x86_64").structs["gnttab_copy"]
    theirs.edit([edit])
    after = of_header(theirs.path, "x86_64").structs["gnttab_copy"]

    def cells(struct: StructLayout) -> dict[str, tuple[int, int]]:
        [panel] = panels(struct)
        return {one.name: (one.offset, one.size) for one in panel.cells if one.kind == FIELD}

    old, new = cells(before), cells(after)
    changed = {name: place for name, place in new.items() if old.get(name) != place}
    assert changed.items() >= expected.items()
    first = min(offset for offset, _ in expected.values())
    assert all(offset >= first for offset, _ in changed.values())
    holes = [(one.offset, one.size) for one in panels(after)[0].cells if one.kind == HOLE]
    assert holes == list(after.holes)


def test_what_shares_bytes_has_lanes_of_its_own(tmp_path: Path) -> None:
    """Would catch members of nested unions drawn one over the other, and bytes across lines."""
    path = tmp_path / "odd.h"
    path.write_text(
        "struct odd { unsigned char a; struct __attribute__((packed)) { unsigned char b;\n"
        "  unsigned long long c; } in; union { unsigned short d; struct { unsigned char e, f;\n"
        "  union { unsigned int g; unsigned short h[3]; } k; } m; unsigned char n[6]; } u; };\n"
    )
    struct = of_header(path, "x86_64").structs["odd"]
    [panel] = panels(struct)
    named = {one.name: one for one in panel.cells if one.kind == FIELD}
    assert named["in.c"].pieces == [(2, 6), (8, 2)]
    for one in panel.cells:
        for two in panel.cells:
            if one is not two and one.lane == two.lane:
                assert one.end <= two.offset or two.end <= one.offset, (one, two)
    assert {name: list(range(one.offset, one.end)) for name, one in named.items()} == scalars(
        struct
    )


def test_abis_that_are_alike_share_a_drawing() -> None:
    """Would catch a drawing for each of six ABIs where two do."""
    layouts = [abi_at(abi).layout for abi in ABIS]
    made = drawings(layouts, lambda layout: layout.structs["gnttab_copy"])
    assert [list(one.structs) for one in made] == [[a for a in ABIS if a != "x86_32"], ["x86_32"]]
    assert all(isinstance(cell, Cell) for one in made for cell in one.panels[0].cells)


def test_meanings_are_said_as_the_header_means_them() -> None:
    """Would catch a condition that is left out, or one said of values that exclude each other."""
    declared = abi_at("x86_64").declarations
    select = declared.aggregates["grant_entry_v2"].select
    assert {
        name: meaning(declared, select, name) for name in ("hdr", "transitive", "__spacer")
    } == {
        "hdr": "",
        "transitive": "if GTF_transitive",
        "__spacer": "otherwise",
    }
    assert meaning(declared, select, "full_page") == (
        "if GTF_permit_access without GTF_sub_page, or if GTF_accept_transfer"
    )
    chain = "GTF_readonly ? a : GTF_reading ? b : c"
    assert meaning(declared, chain, "b") == "if GTF_reading without GTF_readonly"


def test_one_struct_is_drawn_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a drawing of something that nobody asked for, and a traceback."""
    with pytest.raises(InvalidValue, match="emit svg draws one struct, got 2"):
        emit("svg", [abi_at("x86_64")], ["copy", "transfer"])
    assert main(["emit", "svg"]) == 2
    assert "got none: name an op or struct" in capsys.readouterr().err
    for name in ENTRIES[1:]:
        assert main(["emit", "svg", name]) == 0
        assert "<svg" in capsys.readouterr().out
