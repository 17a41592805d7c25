# SPDX-License-Identifier: MIT
"""The page of ``emit html``, in a browser: what it shows, how it is used, what it decodes.

With ``XENGNT_SCREENSHOTS=1`` the tests of pictures write those of ``docs/explorer.md``.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from blobs import abi_at, random_blob, seeded
from oracle import ABIS, need

from xengnt.abi.declarations import header
from xengnt.abi.layout import StructLayout
from xengnt.abi.targets import format_version
from xengnt.cli import main
from xengnt.errors import UnknownName

ROOT = Path(__file__).parents[1]
PICTURES_OF_DOCS = ROOT / "docs" / "pictures"
WRITE_PICTURES = os.environ.get("XENGNT_SCREENSHOTS") == "1"

GATES = header().gates
SETTINGS = [
    "undefined",
    *[format_version(one) for gate in GATES for one in (gate - 1, gate)][1:],
    format_version(header().newest),
]
"""The seven interface versions of the slider, on both sides of every gate."""

LARGEST = 1_000_000
"""Bytes of the page, at most."""

DESKTOP, PHONE = (1120, 720), (390, 844)

Open = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page, as the command writes it."""
    folder = tmp_path_factory.mktemp("explorer") / "to" / "be" / "made"
    assert main(["emit", "html", "-o", str(folder)]) == 0
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    return folder / "index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return Chromium without a window.

    It is gone before other modules' tests: while it is there, asyncio takes this thread for
    one that a loop runs in.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    started = need(sync_playwright, "playwright", "pip install 'xengnt[test]'")
    path = need(shutil.which("chromium"), "Chromium", "apt install chromium")
    with started() as playwright:
        made = playwright.chromium.launch(executable_path=path)
        yield made
        made.close()


@pytest.fixture(scope="module")
def windows(browser: Any, page_file: Path) -> Callable[..., tuple[Any, list[str]]]:
    """Return what gives a window with some settings, and what goes wrong in it.

    One that was asked for before is the same: to make one takes as long as to open the page.
    """
    made: dict[str, tuple[Any, list[str]]] = {}

    def get(**options: Any) -> tuple[Any, list[str]]:
        key = repr(sorted(options.items()))
        if key not in made:
            context = browser.new_context(viewport=None, reduced_motion="reduce", **options)
            context.set_default_timeout(20_000)
            page, wrong = context.new_page(), []

            def routed(route: Any) -> None:
                if route.request.url.partition("#")[0] == page_file.as_uri():
                    route.continue_()
                else:
                    wrong.append(f"request of {route.request.url[:100]}")
                    route.abort()

            page.route("**/*", routed)
            page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
            page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
            page.on("popup", lambda other: wrong.append(f"window: {other.url}"))
            made[key] = page, wrong
        return made[key]

    return get


@pytest.fixture
def opened(windows: Callable[..., tuple[Any, list[str]]], page_file: Path) -> Open:
    """Return what opens the page; when it is left, nothing may have gone wrong in it."""

    @contextmanager
    def open_(hash_: str = "", size: tuple[int, int] = DESKTOP, **options: Any) -> Iterator[Any]:
        page, wrong = windows(**options)
        page.goto("about:blank")
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(media="screen", color_scheme=options.get("color_scheme", "light"))
        wrong.clear()
        page.goto(page_file.as_uri() + hash_)
        yield page
        assert not wrong

    return open_


class Tags(HTMLParser):
    """What of a page can be seen without a browser."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))


# What is there


def test_the_page_is_one_file_and_asks_for_nothing(page_file: Path) -> None:
    """Would catch a page that grew, that fetches something, or that may run what is pasted."""
    data = page_file.read_bytes()
    assert len(data) < LARGEST
    tags = Tags(data.decode()).tags
    for name, attributes in tags:
        for one in ("src", "srcset", "action", "style", "onclick", "onload", "xlink:href"):
            assert one not in attributes, (name, attributes)
        if "href" in attributes:
            assert (attributes["href"] or "").startswith(("#", "data:")), attributes
    [policy] = [
        attributes["content"]
        for _, attributes in tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "made by: xengnt emit html --abi all --interface-version" in data[:400].decode()


def test_links_and_names_meet(page_file: Path) -> None:
    """Would catch a link to nothing, and two things of one name."""
    tags = Tags(page_file.read_text()).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {(a["href"] or "")[1:] for t, a in tags if t == "a" and "href" in a}
    assert links <= set(ids)


def test_every_op_struct_and_constant_is_there(opened: Open) -> None:
    """Would catch something of the header that the page leaves out, for some ABI."""
    with opened() as page:
        names = set(page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)"))
        for version in ("undefined", "newest"):
            for abi in ABIS:
                layout = abi_at(abi, version).layout
                arguments = {op.struct: name for name, op in layout.ops.items()}
                for tag, one in layout.structs.items():
                    name = arguments.get(tag, tag)
                    assert name in names
                    assert {f"{name}.{field.name}" for field in one.fields} <= names
                members = {
                    member
                    for enum in abi_at(abi, version).declarations.enums.values()
                    for member in enum.members
                }
                ops = {op.constant for op in layout.ops.values()}
                assert members - ops <= names
                assert layout.typedefs.keys() <= names
        text = page.inner_text("main")
        for message in abi_at("x86_64").layout.messages:
            assert message in text
        assert "Neither side may cross the end of its page" in text
        assert "first in Xen 3.0.3" in page.inner_text("#copy")
        frame = page.inner_text("[id='grant_entry_v1.frame']")
        assert frame.count("Written by") == 1
        assert "Meant if GNTCOPY_source_gref." in page.inner_text("[id='copy.source.u.ref']")
        for name in abi_at("x86_64").layout.ops:
            seen = page.eval_on_selector_all(
                f"#{name} .form:not([hidden]) figure", "all => all.map(one => one.dataset.abis)"
            )
            assert sorted(" ".join(seen).split()) == sorted(ABIS)


def test_it_reads_without_scripts(opened: Open) -> None:
    """Would catch a page that is empty where scripts are off."""
    with opened(java_script_enabled=False) as page:
        text = page.inner_text("main")
        assert "Scripts are off" in text
        for name, op in abi_at("x86_64").layout.ops.items():
            assert name in text
            assert op.constant in text
        assert "at interface version undefined" in text
        assert page.locator("#grant_entry .drawing").is_visible()


def test_drawings_have_the_numbers_of_the_layout(opened: Open) -> None:
    """Would catch a page that draws something else than ``emit svg``."""
    with opened() as page:
        seen = page.evaluate(
            """[...document.querySelectorAll('article .form:not([hidden]) figure[data-abis]')].map(
                one => [one.closest('article').id, one.dataset.abis,
                        [...one.querySelectorAll('g[data-size]')].map(
                            cell => [cell.dataset.name, +cell.dataset.offset, +cell.dataset.size])])
            """
        )
    checked = 0
    for name, whose, cells in seen:
        for abi in whose.split():
            try:
                found = abi_at(abi).struct(name)
            except UnknownName:
                continue  # is not there at the newest
            for path, offset, size in cells:
                if path:
                    field = found.field(path.partition("[")[0])
                    index = int(path.partition("[")[2].rstrip("]") or 0)
                    assert size == field.size // (field.count or 1)
                    assert offset == field.offset + index * size
                    checked += 1
    assert checked > 500


# Versions


def test_the_slider_shows_each_version(opened: Open) -> None:
    """Would catch a struct, a constant or a type that is shown at a version without it."""
    with opened() as page:
        slider = page.get_by_label("Interface version", exact=True)
        slider.focus()
        page.keyboard.press("Home")
        for number, version in enumerate(SETTINGS):
            if number:
                page.keyboard.press("ArrowRight")
            assert slider.get_attribute("aria-valuetext") == version
            assert page.inner_text("#version-name") == version
            abi = abi_at("x86_64", version)
            layout = abi.layout
            arguments = {op.struct: name for name, op in layout.ops.items()}
            there = {arguments.get(tag, tag) for tag in layout.structs}
            seen = page.evaluate(
                """[...document.querySelectorAll('article')].map(one => [one.id,
                    one.classList.contains('absent'),
                    [...one.querySelectorAll('.form')].filter(one => one.checkVisibility()).length,
                    one.querySelector('.absence').innerText])"""
            )
            enums = {
                name
                for name, enum in abi.declarations.enums.items()
                if enum.members[0] in layout.constants
            }
            for name, absent, forms, said in seen:
                assert absent == (name not in there | enums), (version, name)
                assert forms == (0 if absent else 1), (version, name)
                assert bool(said) == absent
            gone = set(page.eval_on_selector_all("tr[id].absent", "all => all.map(one => one.id)"))
            now = abi_at("x86_64").layout
            expected = now.constants.keys() - layout.constants.keys()
            expected |= now.typedefs.keys() - layout.typedefs.keys()
            assert gone == expected - {op.constant for op in now.ops.values()}
            kind = page.locator("#setup_table tr[data-entry='setup_table.frame_list']:visible")
            assert abi.struct("setup_table").field("frame_list").type in kind.inner_text()
            if absent := {one for one, gone, *_ in seen if gone}:
                said = page.inner_text("#changes")
                assert all(one in said for one in absent) or f"{len(absent)} absent" in said


def test_what_changes_at_a_gate_is_lit(opened: Open) -> None:
    """Would catch a gate that one can slide over without seeing it."""
    with opened("#setup_table?version=0x000402ff") as page:
        page.get_by_label("Interface version", exact=True).focus()
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#changes").startswith("At 0x00040300: changed: setup_table;")
        assert "changed" in (page.get_attribute("#setup_table", "class") or "").split()
        for _ in range(3):
            page.keyboard.press("ArrowLeft")
        assert page.inner_text("#version-name") == "0x00030209"
        assert "new: grant_entry" in page.inner_text("#changes")
        absence = page.inner_text("#cache_flush .absence")
        assert "Not there at interface version 0x00030209" in absence
        assert "from 0x0003020a" in absence
        old = page.inner_text("#setup_table .form:not([hidden])")
        assert "at the newest version: XEN_GUEST_HANDLE(xen_pfn_t)" in old
        assert "4 on x86_32, 4 on arm32" in old
        page.select_option("#decode-name", "cache_flush")
        said = page.inner_text("#decode-said")
        assert said == "There is no cache_flush at interface version 0x00030209."


def test_one_abi_can_be_had_alone(opened: Open) -> None:
    """Would catch drawings and columns of other ABIs that stay."""
    with opened() as page:
        page.get_by_label("ABI", exact=True).select_option("x86_32")
        figures = page.locator("#copy figure:visible")
        assert figures.count() == 1
        assert "24 bytes, aligned to 4" in figures.inner_text()
        heads = page.locator("#copy thead th:visible").all_inner_texts()
        assert [head.split()[0] for head in heads] == [
            *("Field", "Bytes", "Type", "Direction", "Meaning")
        ]
        assert page.url.endswith("#?abi=x86_32")


# Search and links


def found(page: Any, text: str) -> list[str]:
    """Return what a search finds."""
    page.fill("#search", text)
    names: list[str] = page.locator("#results a b").all_inner_texts()
    said = page.inner_text("#found")
    assert said == f"{said.split()[0]} found"
    assert int(said.split()[0]) >= len(names)
    return names


def test_search(opened: Open) -> None:
    """Would catch a value, a name or a word of the header that cannot be found."""
    constants = abi_at("x86_64").layout.constants
    ops = {op.constant for op in abi_at("x86_64").layout.ops.values()}
    with opened() as page:
        assert found(page, "-9") == ["GNTST_bad_page"]
        assert set(found(page, "0x10")) >= {"GTF_writing", "GNTMAP_contains_pte"}
        for name in found(page, "2147483648"):
            assert constants[name].value == 1 << 31
        assert found(page, "copy")[0] == "copy"
        assert found(page, "GNTTABOP_copy")[0] == "copy"
        assert found(page, "gnttab_copy")[0] == "copy"
        assert found(page, "readonly")[0] in ("GTF_readonly", "GNTMAP_readonly")
        assert set(found(page, "frame_list")) >= {
            *("setup_table.frame_list", "get_status_frames.frame_list")
        }
        assert "GNTST_no_device_space" in found(page, "i/o mmu")
        assert found(page, "BAD PAGE")[0] == "GNTST_bad_page"
        assert found(page, "gnttab_copy.len")[0] == "copy.len"
        for nothing in ("<script>alert(1)</script>", "no such thing", "99999999999999999999999"):
            assert found(page, nothing) == []
        assert "Nothing here has this name" in page.inner_text("#results")
        for value in {one.value for one in constants.values()}:
            names = {name for name, one in constants.items() if one.value == value}
            expected = {name for name in names if not name.startswith("_")} - ops
            assert expected <= set(found(page, str(value))), value


def test_search_by_keyboard(opened: Open) -> None:
    """Would catch results that need a mouse."""
    with opened() as page:
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "search"
        page.keyboard.type("grant_status")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        second = page.evaluate("document.activeElement.hash")
        page.keyboard.press("ArrowUp")
        assert page.evaluate("document.activeElement.hash") == "#grant_status"
        assert second != "#grant_status"
        page.keyboard.press("Enter")
        page.wait_for_url("**#grant_status")
        assert not page.is_visible("#results")
        assert page.evaluate("document.activeElement.id") == "grant_status"
        page.keyboard.press("/")
        page.keyboard.press("Escape")
        assert page.input_value("#search") == ""
        page.keyboard.type("-13")
        page.keyboard.press("Enter")
        page.wait_for_url("**#GNTST_no_space")


LINKS = {
    "#copy": "copy",
    "#copy.source.u.ref": "copy.source.u.ref",
    "#gnttab_copy": "copy",
    "#gnttab_copy_t": "copy",
    "#gnttab_copy.source.u": "copy.source.u",
    "#GNTTABOP_copy": "copy",
    "#GNTMAP_readonly": "GNTMAP_readonly",
    "#grant_status": "grant_status",
    "#domid_t": "domid_t",
    "#grant_entry_v2.transitive.gref": "grant_entry_v2.transitive.gref",
    "#grant_entry.frame?version=undefined": "grant_entry.frame",
    "#setup_table.frame_list?version=0x00030209": "setup_table.frame_list",
    "#cache_flush?version=undefined": "cache_flush",
    "#cache_flush.a.ref?version=undefined": "cache_flush",
    "#copy?abi=x86_32": "copy",
    "#gates": "gates",
    "#decode": "decode",
}


LOADED = ("#copy.source.u.ref", "#grant_entry.frame?version=undefined", "#copy?abi=x86_32")
"""Of these, those that the page is opened with; the others are followed in it."""


def test_a_link_leads_where_it_says(opened: Open) -> None:
    """Would catch a link that shows the top of the page, or another version."""
    for hash_ in LOADED:
        with opened(hash_) as page:
            check_link(page, hash_)
    with opened() as page:
        for hash_, name in LINKS.items():
            page.evaluate(
                """hash => { const $ = id => document.getElementById(id);
                    for (const [id, type, first] of
                         [['version', 'input', $('version').max], ['abi', 'change', '']]) {
                      if ($(id).value === first) continue;
                      $(id).value = first; $(id).dispatchEvent(new Event(type)); }
                    location.hash = ''; location.hash = hash; }""",
                hash_,
            )
            page.wait_for_function(
                "name => document.querySelector('.entry.target')?.dataset.entry === name",
                arg=name,
            )
            check_link(page, hash_)


def test_the_addresses_of_the_docs_are_some(opened: Open) -> None:
    """Would catch an address in the docs that leads nowhere."""
    text = (ROOT / "docs" / "explorer.md").read_text()
    rows = re.findall(r"^\| (`.*`) \| .* \|$", text, re.MULTILINE)
    written = [one.replace("…", "0000") for row in rows for one in re.findall("`(.*?)`", row)]
    assert len(written) > 8
    with opened() as page:
        for one in written:
            page.evaluate("hash => { location.hash = hash; }", f"#{one}")
            name = re.split(r"[.?]", one)[-1 if "." in one and "?" not in one else 0]
            page.wait_for_function(
                "name => document.querySelector('.entry.target')?.textContent.includes(name)",
                arg="Decode" if name == "decode" else name.removesuffix("_t"),
            )


def check_link(page: Any, hash_: str) -> None:
    """Check that what a link is about is shown."""
    target = page.locator(".entry.target")
    assert target.get_attribute("data-entry") == LINKS[hash_]
    assert target.is_visible()
    box, top = target.bounding_box(), page.locator("header.top").bounding_box()
    assert top["height"] - 1 <= box["y"] < DESKTOP[1] - 20, hash_
    asked = parse_qs(urlsplit(hash_[1:]).query)
    assert page.inner_text("#version-name") == asked.get("version", [SETTINGS[-1]])[0]
    assert page.input_value("#abi") == asked.get("abi", [""])[0]
    if LINKS[hash_].startswith("copy.source"):
        lit = page.locator("#copy .drawing .target")
        names = lit.evaluate_all("all => all.map(one => one.dataset.name)")
        assert {"source.u.ref"} <= set(names) <= {"source.u.ref", "source.u.gmfn"}


def test_a_wrong_link_does_no_harm(opened: Open) -> None:
    """Would catch an error in the page, or a select that shows nothing."""
    with opened("#%E0%A4%A") as page:
        for hash_ in (
            *("#nothing", "#decode?op=nothing&abi=vax&version=7&hex=zz", "#copy.?version=&abi="),
            *("#__proto__", "#constructor.name", "#']", "#decode?op=constructor&abi=__proto__"),
        ):
            page.evaluate("hash => { location.hash = hash; }", hash_)
            page.wait_for_timeout(20)
            assert page.inner_text("#version-name") == SETTINGS[-1]
            assert page.input_value("#decode-name") == "map_grant_ref"
            assert page.input_value("#decode-abi") == "x86_64"
            assert page.locator("#copy").is_visible()
            said = page.inner_text("#amiss")
            if hash_.startswith("#decode?op=nothing"):
                assert said == (
                    "There is no interface version 7: this is 0x00041300. "
                    "There is no ABI vax. There is no op or struct nothing."
                )
            assert said
        page.evaluate("location.hash = '#copy.nothere'")
        page.wait_for_selector("#copy.target")
        assert page.inner_text("#amiss") == "copy has no nothere: this is copy."
        page.evaluate("location.hash = '#theme'")
        page.wait_for_function("document.getElementById('search').value === 'theme'")
        assert page.inner_text("#amiss") == "Nothing here is called theme."
        page.evaluate("location.hash = '#decode?hex=' + '08'.repeat(900000)")
        page.wait_for_function(
            "document.getElementById('amiss').textContent.startsWith('1800000 characters: ')"
        )
        assert len(page.input_value("#decode-hex")) < 10
        page.evaluate("location.hash = '#decode?op=DOMID_T&abi=i386&hex=08+00'")
        page.wait_for_function("document.getElementById('amiss').textContent === ''")
        page.evaluate("location.hash = '#decode?op=GNTTABOP_COPY&abi=AMD64&hex=08+00'")
        page.wait_for_selector("#decode-said.wrong")
        assert page.input_value("#decode-name") == "copy"
        assert page.input_value("#decode-hex") == "08 00"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        *((version, version) for version in SETTINGS),
        *(("0x00040200", "0x0003020a"), ("0x00030200", "undefined"), ("0x0003020A", "0x0003020a")),
    ],
)
def test_a_version_between_two_is_the_one_below(opened: Open, asked: str, shown: str) -> None:
    """Would catch a version that is taken for the newest, as it is no setting."""
    with opened(f"#copy?version={asked}") as page:
        assert page.inner_text("#version-name") == shown
        assert page.inner_text("#amiss") == ""


def test_going_back_brings_back_what_was_seen(opened: Open) -> None:
    """Would catch a link that forgets the version, and a view that replaces one before it."""
    with opened("#copy?version=0x00030209&abi=x86_32") as page:
        page.click("nav a[href='#unmap_grant_ref']")
        page.wait_for_url("**#unmap_grant_ref?version=0x00030209&abi=x86_32")
        page.evaluate("location.hash = '#swap_grant_ref'")
        page.wait_for_function(
            "document.getElementById('version-name').textContent === '0x00041300'"
        )
        assert page.input_value("#abi") == ""
        page.fill("#decode-hex", "00 01")
        page.wait_for_url("**hex=0001")
        page.evaluate("history.back()")
        page.wait_for_url("**#swap_grant_ref")
        for name in ("unmap_grant_ref", "copy"):
            page.evaluate("history.back()")
            page.wait_for_url(f"**#{name}?version=0x00030209&abi=x86_32")
            page.wait_for_selector(f"#{name}.target")
            assert page.inner_text("#version-name") == "0x00030209"
            assert page.input_value("#abi") == "x86_32"


def test_the_page_stays_where_it_is(opened: Open) -> None:
    """Would catch a control of the header that scrolls, and a link that lands too low."""
    for size in (DESKTOP, (1090, 720), (1000, 720)):
        with opened("#cache_flush", size) as page:
            before = page.evaluate("scrollY")
            page.keyboard.press("/")
            for _ in range(3):
                page.keyboard.press("Tab")
            if size[0] > 1088:  # below, the header is at the top of the page only
                assert page.evaluate("scrollY") == before > 0
            for name in ("copy", "flags", "types", "grant_status"):
                page.evaluate("hash => { location.hash = hash; }", name)
                page.wait_for_function("name => location.hash === '#' + name", arg=name)
                page.wait_for_timeout(50)
                header = page.locator("header.top").bounding_box()
                top = page.locator(f"#{name}").bounding_box()["y"]
                assert -1 <= top - max(header["y"] + header["height"], 0) < 30, (size, name)


def test_rows_whose_places_differ_have_a_mark(opened: Open) -> None:
    """Would catch a struct within a struct that is elsewhere on some ABI, without a ≠."""
    with opened() as page:
        rows = page.evaluate(
            """[...document.querySelectorAll('table.fields tbody tr')].map(row => [row.dataset.entry
                ?? 'hole', [...row.querySelectorAll('td[data-abis]')].map(one =>
                [one.textContent.replace(' ≠', ''),
                 !!one.querySelector('.mark-differs')])])
                .filter(([, cells]) => cells.length > 1)"""
        )
    assert len(rows) > 30
    for name, cells in rows:
        if len({span for span, _ in cells}) > 1:
            assert all(lit for _, lit in cells), name
    assert all(lit for name, cells in rows if name == "copy.source" for _, lit in cells)
    assert "copy.source.u" in {name for name, cells in rows if cells[0][1]}


def test_forced_colours_and_small_windows(opened: Open) -> None:
    """Would catch what only a background tells, and a header that fills a small window."""
    with opened("#copy", (1120, 400), forced_colors="active") as page:
        assert page.evaluate("getComputedStyle(document.querySelector('header.top')).position") == (
            "static"
        )
        for one in ("#copy > h3", "nav a[aria-current]"):
            style = page.eval_on_selector(one, "one => getComputedStyle(one).outlineStyle")
            assert style == "solid", one
        assert page.eval_on_selector(".key", "one => getComputedStyle(one).forcedColorAdjust") == (
            "none"
        )


def test_an_address_brings_everything_back(opened: Open) -> None:
    """Would catch a view that is lost when its address is pasted elsewhere."""
    blob = abi_at("x86_32").encode("copy", [{"source.u.ref": 8, "flags": "source_gref"}] * 2)
    with opened() as page:
        page.get_by_label("Interface version", exact=True).focus()
        page.keyboard.press("ArrowLeft")
        page.get_by_label("ABI", exact=True).select_option("arm32")
        page.click("nav a[href='#copy']")
        page.wait_for_url("**#copy?*")
        view = page.url
        page.select_option("#decode-name", "copy")
        page.select_option("#decode-abi", "x86_32")
        page.fill("#decode-hex", blob.hex(" "))
        page.wait_for_selector("[data-element='1']")
        page.wait_for_url("**hex=**")
        decoded, rows = page.url, page.inner_text("#decoded")
        linked = page.get_attribute("#decode-link a", "href")
        assert decoded.endswith(linked)
    assert view.endswith("#copy?version=0x00040300&abi=arm32")
    with opened("#" + view.partition("#")[2]) as page:
        assert page.inner_text("#version-name") == "0x00040300"
        assert page.input_value("#abi") == "arm32"
        assert page.locator(".entry.target").get_attribute("id") == "copy"
    with opened("#" + decoded.partition("#")[2]) as page:
        assert page.inner_text("#decoded") == rows
        assert page.inner_text("#version-name") == "0x00040300"


# Keyboard, labels, contrast


def test_the_keyboard_reaches_everything_in_order(opened: Open) -> None:
    """Would catch a control that Tab skips, one out of order, and focus that cannot be seen."""
    with opened() as page:
        expected = page.evaluate(
            """[...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
                .filter(one => one.checkVisibility() && one.tabIndex >= 0)
                .map((one, at) => { one.dataset.order = at; return one.id || one.hash; })"""
        )
        assert expected[:5] == ["#main", "#top", "search", "version", "abi"]
        for number in range(len(expected)):
            page.keyboard.press("Tab")
            seen = page.evaluate(
                """(() => { const one = document.activeElement, box = one.getBoundingClientRect();
                    const style = getComputedStyle(one);
                    return [+one.dataset.order, style.outlineStyle, parseFloat(style.outlineWidth),
                            box.bottom > 0 && box.top < innerHeight && box.right > 0]; })()"""
            )
            assert seen[0] == number, (number, expected[number])
            assert seen[1] != "none", expected[number]
            assert seen[2] >= 2, expected[number]
            assert seen[3], f"{expected[number]} has the focus out of sight"


def test_the_skip_link_skips(opened: Open) -> None:
    """Would catch a link that leaves the focus among the controls."""
    with opened() as page:
        page.keyboard.press("Tab")
        assert page.locator(".skip").bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_every_control_has_a_name(opened: Open) -> None:
    """Would catch a field that a screen reader calls "edit text"."""
    with opened() as page:
        tree = page.locator("body").aria_snapshot()
        for line in (
            'searchbox "Search"',
            'slider "Interface version"',
            'combobox "ABI"',
            'combobox "Theme"',
            'combobox "Struct"',
            'combobox "ABI of the blob"',
            'textbox "Bytes in hexadecimal"',
            'navigation "Contents"',
            'table "Fields of gnttab_copy"',
            'img "Bytes of gnttab_copy on x86_32; the table below says the same"',
        ):
            assert line in tree, line
        assert re.search(r"- main", tree)
        assert not re.search(r"- (button|link|textbox|combobox|slider)(:|$)", tree, re.MULTILINE)


CONTRASTS = """() => {
  const number = text => { const all = text.match(/[\\d.]+/g).map(Number);
    return {rgb: all.slice(0, 3), alpha: all.length > 3 ? all[3] : 1}; };
  const light = rgb => { const [r, g, b] = rgb.map(one => { one /= 255;
      return one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (one, two) => { const [a, b] = [light(one), light(two)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05); };
  const ground = element => { for (let one = element; one; one = one.parentElement) {
      const own = number(getComputedStyle(one).backgroundColor);
      if (own.alpha === 1) return own.rgb; if (own.alpha) throw new Error('half clear'); }
    return number(getComputedStyle(document.documentElement).backgroundColor).rgb; };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, element = text.parentElement;
    if (!text.data.trim() || !element.checkVisibility()) continue;
    if (element.closest('script, style, title, noscript, datalist')) continue;
    const style = getComputedStyle(element);
    let front, back;
    if (element.namespaceURI.endsWith('svg')) {
      front = number(style.fill).rgb;
      const box = element.parentElement.querySelector(':scope > rect');
      const fill = box && getComputedStyle(box).fill;
      back = fill && fill !== 'none' ? number(fill).rgb : ground(element.closest('figure'));
    } else { front = number(style.color).rgb; back = ground(element); }
    found.push([ratio(front, back), text.data.trim().slice(0, 30), element.tagName]);
  }
  for (const element of document.querySelectorAll('input, select, button, textarea')) {
    const style = getComputedStyle(element), back = ground(element);
    found.push([ratio(number(style.color).rgb, back), element.id, 'control']);
    if (element.type === 'range') continue;
    const edge = ratio(number(style.borderTopColor).rgb, ground(element.parentElement));
    found.push([1.5 * edge, element.id, 'edge']);
  }
  return found;
}"""
"""Contrast of each text with what is behind it; of the edge of a control 3 is as good as 4.5."""

STATES = ["#decode?op=copy&abi=x86_32&hex=" + "0102" * 13, "#setup_table?version=0x00030209"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_its_ground(opened: Open, scheme: str) -> None:
    """Would catch a colour that is too pale: WCAG AA wants 4.5 to 1."""
    with opened(color_scheme=scheme) as page:
        for state in STATES:
            page.evaluate("hash => { location.hash = hash; }", state)
            page.wait_for_timeout(100)
            seen = page.evaluate(CONTRASTS)
            assert len(seen) > 1500
            poor = sorted({(round(one, 2), *what) for one, *what in seen if one < 4.5})
            assert not poor


def test_a_theme_can_be_chosen(opened: Open) -> None:
    """Would catch a choice that does nothing, in the page or in drawings."""
    with opened(color_scheme="light") as page:
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_label("Theme").select_option("dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
        text = "#copy .drawing text"
        dark = page.eval_on_selector(text, "one => getComputedStyle(one).fill")
        page.get_by_label("Theme").select_option("light")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light
        assert page.eval_on_selector(text, "one => getComputedStyle(one).fill") != dark


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["desktop", "phone"]
)
def test_axe_finds_nothing(opened: Open, scheme: str, size: tuple[int, int]) -> None:
    """Would catch what a checker of accessibility knows and we forgot."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        Axe = None  # noqa: N806 -- a class
    axe = need(Axe, "axe-playwright-python", "pip install 'xengnt[test]'")()
    with opened(STATES[0], size, color_scheme=scheme) as page:
        # The test above looks at contrast, all of it and much faster.
        options = {
            "resultTypes": ["violations"],
            "rules": {"color-contrast": {"enabled": False}},
        }
        whole = {"exclude": [[".drawing > g"]]}  # a drawing is one picture to it
        violations = axe.run(page, context=whole, options=options).response["violations"]
        assert not [
            (one["id"], one["help"], [node["html"][:120] for node in one["nodes"][:3]])
            for one in violations
        ]


# Phones, paper


SCROLLED = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_nothing_sticks_out_on_a_phone(opened: Open) -> None:
    """Would catch a page that scrolls sideways, and what is too small for a finger."""
    with opened(STATES[0], (320, 740), has_touch=True) as page:
        page.get_by_text("Contents", exact=True).click()
        for width in (320, 390, 768):
            page.set_viewport_size({"width": width, "height": 740})
            for hash_ in ("#top", "#grant_entry_v2", STATES[1]):
                page.evaluate("hash => { location.hash = hash; }", hash_)
                page.wait_for_timeout(30)
                assert page.evaluate(SCROLLED) == 0, (width, hash_)
            page.evaluate("document.getElementById('contents').open = true")
            assert page.evaluate(SCROLLED) == 0, width
            small = page.evaluate(
                """[...document.querySelectorAll('button, select, input, textarea, summary, nav a')]
                    .filter(one => one.checkVisibility())
                    .map(one => [one.id || one.textContent, one.getBoundingClientRect().height])
                    .filter(([, high]) => high < 44)"""
            )
            assert not small
            wide = page.evaluate(
                """[...document.querySelectorAll('.drawing')].filter(one => one.checkVisibility()
                    && one.getBoundingClientRect().right > innerWidth + 1).length"""
            )
            assert wide == 0, width


def test_it_prints(opened: Open) -> None:
    """Would catch dark paper, and controls on it."""
    with opened(color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.is_visible("header.top")
        assert not page.is_visible("nav")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert page.is_visible("#copy .drawing")


# Decoding

DECODE = """([jobs]) => jobs.map(([version, name, abi, hex]) => {
  const $ = id => document.getElementById(id);
  if ($('version').value != version) {
    $('version').value = version; $('version').dispatchEvent(new Event('input')); }
  $('decode-name').value = name; $('decode-abi').value = abi; $('decode-hex').value = hex;
  $('decode-abi').dispatchEvent(new Event('change'));
  const elements = [...document.querySelectorAll('#decoded [data-element]')];
  const rows = one => [...one.querySelectorAll('tbody tr')];
  return [$('decode-said').textContent, elements.map(one => rows(one).map(row => [
      row.dataset.field ?? null, row.dataset.values ?? '', row.dataset.scalar === 'true',
      row.dataset.symbol ?? '', +row.cells[1].textContent,
      [...row.querySelectorAll('.bytes span')].map(byte => byte.textContent).join(''),
      row.classList.contains('dirty'), row.cells[0].textContent]))];
})"""
"""Decodes in the page, by its own controls."""


def edges(struct: StructLayout) -> Iterator[bytes]:
    """Give structs with one byte that is set, with what selects members set and not.

    Those decide whether bits are above the member of a union that is meant.
    """
    unions = [leaf for leaf in struct.leaves if not leaf.scalar]
    inside = {at for leaf in unions for at in range(leaf.offset, leaf.end)} or {*range(struct.size)}
    for selectors in (b"\0\0", b"\1\0", b"\2\0", b"\3\0", b"\1\1", b"\xff\xff"):
        for byte in inside:
            data = bytearray(struct.size)
            if unions:
                data = bytearray(selectors[-1:] * struct.size)
                for at in inside:
                    data[at] = 0
            else:
                data[:2] = selectors
            data[byte] |= 1
            yield bytes(data)


def test_the_page_decodes_as_we_do(opened: Open) -> None:
    """Would catch a value, a name, a member of a union or a hole that the page sees otherwise."""
    jobs = []
    for at, version in enumerate(SETTINGS):
        for abi in ABIS if at in (0, 3, 6) else ("x86_32",):
            one = abi_at(abi, version)
            arguments = {op.struct: name for name, op in one.layout.ops.items()}
            for name in (*one.layout.structs, *one.layout.typedefs):
                blob = random_blob(one.struct(name), 3, seeded(abi, version, name))
                jobs.append((at, arguments.get(name, name), abi, blob.hex()))
    for abi in ("x86_64", "x86_32"):
        for name in ("copy", "cache_flush", "grant_entry_v2"):
            odd = sorted(set(edges(abi_at(abi).struct(name))))
            jobs += [
                (len(SETTINGS) - 1, name, abi, b"".join(odd[at : at + 40]).hex())
                for at in range(0, len(odd), 40)
            ]
    with opened() as page:
        seen = page.evaluate(DECODE, [jobs])
    assert len(seen) > 300
    for (at, name, abi, text), (said, elements) in zip(jobs, seen, strict=True):
        one = abi_at(abi, SETTINGS[at])
        blob = bytes.fromhex(text)
        assert said.startswith(f"{len(blob)} bytes: {len(elements)} element")
        assert len(blob) == len(elements) * one.struct(name).size
        rows = [
            {
                field: int(values) if scalar else [int(each) for each in values.split(",")]
                for field, values, scalar, *_ in lines
                if field
            }
            for lines in elements
        ]
        assert rows == one.decode(name, blob), (name, SETTINGS[at])
        lines = [
            (line.name, line.symbol or "", line.offset, line.data.hex())
            for line in one.dump(name, blob)
        ]
        assert lines == [
            (field, symbol, offset, data)
            for element in elements
            for field, _, _, symbol, offset, data, *_ in element
        ]
        for element in elements:
            for field, _, _, _, _, data, dirty, what in element:
                assert dirty == (not field and any(bytes.fromhex(data))), what


def decoded(page: Any, text: str) -> tuple[str, str]:
    """Return the bytes that the page makes of a text, and what it says."""
    [[said, elements]] = page.evaluate(DECODE, [[(len(SETTINGS) - 1, "domid_t", "x86_64", text)]])
    return "".join(row[5] for element in elements for row in element), said


DUMP = bytes(range(40)) + b"|x y: 12 34|\n"
HEX = DUMP.hex()


def xxd(data: bytes) -> str:
    """Return what xxd prints."""
    lines = []
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{at:08x}: {part.hex(' ', -2):<39}  {text}\n")
    return "".join(lines)


def hexdump(data: bytes) -> str:
    """Return what ``hexdump -C`` prints."""
    lines = []
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        halves = f"{part[:8].hex(' '):<23}  {part[8:].hex(' '):<23}"
        lines.append(f"{at:08x}  {halves}  |{text}|\n")
    return "".join([*lines, f"{len(data):08x}\n"])


SQUEEZED = (
    "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|\n"
    "*\n00000030  ff ff                                             |..|\n00000032\n"
)

FORMATS = {
    "plain": HEX,
    "spaces": DUMP.hex(" "),
    "lines": "\n".join(re.findall("..", HEX)),
    "upper case": DUMP.hex("\t").upper(),
    "0x before all": f"0x{HEX}",
    "as in C": "{ " + ", ".join(f"0x{byte:02x}" for byte in DUMP) + " };",
    "short as in C": ",".join(f"{byte:#x}" for byte in DUMP),
    "as in Python": "'" + "".join(f"\\x{byte:02x}" for byte in DUMP) + "'",
    "xxd": xxd(DUMP),
    "hexdump -C": hexdump(DUMP),
    "hexdump -C from the middle": hexdump(bytes(64) + DUMP).partition("\n")[2].split("\n", 3)[3],
    "Windows": DUMP.hex(" ").replace("0a", "0a\r\n"),
}


def test_it_takes_bytes_as_people_have_them(opened: Open) -> None:
    """Would catch an offset, or the text behind the bytes, that is taken for bytes."""
    with opened() as page:
        for how, text in FORMATS.items():
            seen, said = decoded(page, text)
            assert seen == HEX[: len(HEX) // 4 * 4], (how, said)
            assert said.startswith(f"{len(DUMP)} bytes: "), how


TOOLS = (
    *(["xxd"], ["xxd", "-p"], ["xxd", "-g1"], ["xxd", "-c7"], ["xxd", "-i"], ["hexdump", "-C"]),
    *(["od", "-An", "-v", "-tx1"], ["od", "-Ax", "-tx1"], ["od", "-Ax", "-tx1z"]),
)
REFUSED = (
    *(["xxd", "-g4"], ["xxd", "-e"], ["xxd", "-b"], ["hexdump"], ["hexdump", "-x"], ["od"]),
    *(["hexdump", "-b"], ["od", "-tx1"], ["od", "-x"], ["od", "-Ax", "-x"], ["od", "-Ax", "-tx4"]),
    *(["od", "-Ax", "-tx8"], ["od", "-Ax", "-b"], ["hexdump", "-d"], ["od", "-Ad", "-tx1"]),
)


def test_it_takes_what_tools_print(opened: Open, tmp_path: Path) -> None:
    """Would catch that we do not know what tools print; od is everywhere, others may be."""
    data = DUMP[:40] + bytes(100) + DUMP[40:]
    (tmp_path / "blob").write_bytes(data)
    tools = [command for command in TOOLS if shutil.which(command[0])]
    assert tools
    with opened() as page:
        for command in tools:
            text = subprocess.check_output([*command, str(tmp_path / "blob")], text=True)
            seen, said = decoded(page, text)
            assert said.startswith(f"{len(data)} bytes: "), (command, said)
            assert data.hex().startswith(seen), command
            if command == ["xxd"]:
                assert said.endswith("from 0x0, words of 2 bytes in the order in which they stand.")
            if command == ["hexdump", "-C"]:
                assert said.endswith(" Read as a dump from 0x0.")
        for command in REFUSED:
            if shutil.which(command[0]):
                text = subprocess.check_output([*command, str(tmp_path / "blob")], text=True)
                seen, said = decoded(page, text)
                assert (seen, "wrong" in said or "ine " in said) == ("", True), (command, said)


OTHERS = {
    "gdb": (
        "0x7fffffffe0a0:\t0x08\t0x00\t0x00\t0x00\t0x03\t0x00\t0x00\t0x00\n"
        "0x7fffffffe0a8:\t0xab\t0xcd\n"
    ),
    "gdb with a symbol": (
        "0x4040 <op>:\t0x08\t0x00\t0x00\t0x00\t0x03\t0x00\t0x00\t0x00\n0x4048 <op+8>:\t0xab\t0xcd\n"
    ),
    "lldb": "0x7ff7bfeff5a8: 08 00 00 00 03 00 00 00  ........\n0x7ff7bfeff5b0: ab cd   ab\n",
    "od -Ax": "000000 08 00 00 00 03 00 00 00\n000008 ab cd\n00000a\n",
    "Wireshark": "0000   08 00 00 00 03 00 00 00   ........\n0008   ab cd                     cd\n",
    "tcpdump -X": "\t0x0000:  0800 0000 0300 0000 abcd  ..........",
    "a kernel's": (
        "ffff888003a0fff8: 08 00 00 00 03 00 00 00  ........\n"
        "ffff888003a10000: ab cd                    ..\n"
    ),
    "two spaces": "08000000  03000000  abcd",
    "text like bytes": "00000000: 0800 0000 0300 0000  00000800\n00000008: abcd  ..\n",
    "one line of hexdump": "00000000  08 00 00 00 03 00 00 00  ab cd      |..........|",
    "colons": "0800:0000:0300:0000:abcd",
    "bytes of Python": "b'\\x08\\x00\\x00\\x00\\x03\\x00\\x00\\x00\\xab\\xcd'",
    "comments": "/* 12 */ 08, 00, 00, 00, // 34\n03, 00, 00, 00, /* 5\n6 */ ab, cd",
    "an array": "static unsigned char op_1[10] = {\n 0x8, 0, 0 };".replace(
        "0x8, 0, 0", "0x8, 0x0, 0x0, 0x0, 0x3, 0x0, 0x0, 0x0, 0xab, 0xcd"
    ),
}


def test_it_takes_what_debuggers_print(opened: Open) -> None:
    """Would catch an address or text that is taken for bytes, and bytes for text."""
    with opened() as page:
        for what, text in OTHERS.items():
            seen, said = decoded(page, text)
            assert seen == "0800000003000000abcd", (what, said)


def test_it_takes_our_own_arrays(opened: Open, tmp_path: Path) -> None:
    """Would catch a comment or a name in C that is taken for bytes."""
    blob = abi_at("x86_64").encode("copy", [{"source.u.ref": 8, "len": 0xABCD}] * 2)
    (tmp_path / "blob").write_bytes(blob)
    out = tmp_path / "blob.c"
    given = ["--abi", "x86_64", str(tmp_path / "blob"), "-o", str(out)]
    assert main(["emit", "c-array", "copy", *given]) == 0
    with opened() as page:
        seen, said = decoded(page, out.read_text())
        assert seen == blob.hex(), said
        seen, said = decoded(page, out.read_text() * 2)
        assert (seen, said) == ("", "Several arrays: give one of them.")


def test_repeated_lines_of_a_dump_count(opened: Open) -> None:
    """Would catch the star of hexdump, which stands for lines that are like the one before."""
    with opened() as page:
        seen, said = decoded(page, SQUEEZED)
        assert seen == bytes(range(16)).hex() * 3 + "ffff"
        assert said.startswith("50 bytes: 25 elements")


WRONG = {
    "08 0g": 'Line 1, column 5: "g" is no hexadecimal digit.',
    "08\n0": "Line 2, column 1: half a byte is missing, 1 digit.",
    "0 8": "Line 1, column 1: half a byte is missing, 1 digit.",
    "<script>alert(1)</script>": 'Line 1, column 1: "<" is no hexadecimal digit.',
    "0x": "One element",
    "00000000: 0011\n00000010: 22": "Line 2: offset 00000010 where 2 follows.",
    "00000000  00 11  |..|\n*\nffffffffffff  22  |.|": "Line 3: this is too much",
    "00000000: 0011\nand more": "Line 2: not a line of a dump like those before.",
    "0x00000008 0x00000003": "Line 1, column 1: a number of 4 bytes: give single bytes.",
    "0x4040:\t0x00000008\t0x3": "Line 1, column 9: a number of 4 bytes: give single bytes.",
    "'\\x08A1'": 'Line 1, column 6: "A1" stands among \\x: write all bytes so.',
    "'\\x8'": 'Line 1, column 2: "\\\\" is no hexadecimal digit.',
    "0000000 08 00\n0000002 00 00\n*\n0000010 00 00": "Line 2: octal offsets before a star?",
    "0000000 0008 0000 0003": "Line 1: an address and words, which may be swapped",
    "08 00\n00000002: 03": "Line 2: a line of a dump, other than those before.",
    "00000000: 6162 6364 6566 6768  ab cd": "Line 1: bytes or text behind the gap?",
    "00000000: 00 0g": 'Line 1, column 14: "0g" is no byte of a dump.',
    "00000000: 00\n*": "Line 1: lines are repeated, and no offset says how often.",
    "/* 00": "A comment has no end.",
    "é": 'Line 1, column 1: "é" is no hexadecimal digit.',
    "\u202e00": "Line 1, column 1: ",
    "": "One element of domid_t on x86_64 is 2 bytes.",
}


def test_wrong_bytes_are_told(opened: Open) -> None:
    """Would catch an error without its place, and half a result beside it."""
    with opened() as page:
        for text, expected in WRONG.items():
            seen, said = decoded(page, text)
            assert said.startswith(expected), said
            assert seen == ""
            assert page.locator("script").count() == 3
            wrong = not expected.startswith("One element")
            assert page.get_attribute("#decode-hex", "aria-invalid") == str(wrong).lower()


def test_the_wrong_abi_is_told(opened: Open) -> None:
    """Would catch a blob of another ABI that only seems too short."""
    with opened("#decode?op=copy&abi=x86_64&hex=" + "00" * 24) as page:
        assert page.inner_text("#decode-said") == (
            "24 bytes, too few for one element of 40; on x86_32 it is one element."
        )


def test_a_blob_outlives_a_version_without_its_struct(opened: Open) -> None:
    """Would catch a blob that is gone from the address, as its struct is not there."""
    with opened("#decode?version=0x00030209&op=cache_flush&abi=x86_64&hex=0102") as page:
        assert page.get_attribute("#decode-name", "aria-invalid") == "true"
        assert page.get_attribute("#decode-hex", "aria-invalid") == "false"
        page.get_by_label("Interface version", exact=True).focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**hex=0102")
        page.keyboard.press("End")
        page.wait_for_url("**hex=0102")
        assert page.get_attribute("#decode-name", "aria-invalid") == "false"


def test_a_part_of_an_element_is_told(opened: Open) -> None:
    """Would catch a blob that ends too early and looks whole."""
    with opened() as page:
        page.select_option("#decode-name", "copy")
        page.select_option("#decode-abi", "x86_32")
        page.fill("#decode-hex", "00" * 49)
        page.wait_for_selector("[data-element='1']")
        said = page.inner_text("#decode-said")
        assert said == (
            "49 bytes: 2 elements of 24 bytes and 1 too many: "
            "element 2 begins at 48 and lacks 23 bytes."
        )
        assert "wrong" in (page.get_attribute("#decode-said", "class") or "")


LARGE = {
    "hexadecimal": "00" * 100_000,
    "markup": "<script>" * 30_000,
    "brackets": "(" * 250_000,
    "a dump": "00000000: 0000\n" * 15_000,
    "comments": "/*" * 130_000,
    "lines of comments": "//" * 130_000,
    "equals": "= " * 130_000,
    "spaces": "00000000" + " " * 250_000 + "x",
    "trailing spaces": "00000000: 00" + " " * 250_000,
    "bars": "00000000  00" + " |" * 120_000,
    "angles": "00000000 <" + ">" * 250_000,
    "a long line": "00000000: " + "00  " * 60_000,
    "escapes": "\\x" * 130_000,
}


def test_megabytes_do_no_harm(opened: Open) -> None:
    """Would catch a page that hangs on a large paste, or shows all of it."""
    with opened("#decode") as page:
        page.fill("#decode-hex", "00 01")
        page.focus("#decode-hex")
        page.keyboard.insert_text("<b>00\n" * 500_000)
        page.wait_for_selector("#decode-said.wrong")
        said = page.inner_text("#decode-said")
        assert said.startswith("3000000 characters: this is too much for a page")
        assert page.input_value("#decode-hex") == "00 01"
        for what, text in LARGE.items():
            _, said = decoded(page, text)
            assert said, what
            assert page.locator("#decoded tr").count() < 1000
            assert len(page.url) < 10_000
        _, said = decoded(page, "00" * 2_000_000)
        assert said.startswith("This is too much for a page")
        page.click("#decode-clear")
        assert page.inner_text("#decode-said") == "One element of domid_t on x86_64 is 2 bytes."


EXAMPLES = """() => { const $ = id => document.getElementById(id);
  return [...$('decode-name').options].map(option => { $('decode-name').value = option.value;
    $('decode-example').click();
    return [option.value, $('decode-said').textContent, $('decode-hex').value]; }); }"""


def test_an_example_is_there_for_each(opened: Open) -> None:
    """Would catch an example that does not decode, or that says nothing."""
    with opened() as page:
        seen = page.evaluate(EXAMPLES)
    known = {*abi_at("x86_64").layout.ops, *abi_at("x86_64").layout.typedefs}
    assert known < {name for name, *_ in seen}
    for name, said, text in seen:
        if name == "grant_entry":
            assert "There is no grant_entry at interface version" in said
        else:
            assert "1 element of" in said
            assert any(bytes.fromhex(text)), name


# Pictures


def blob_of_docs() -> str:
    """Return what the picture of the decoder shows."""
    rows = [
        {"source.u.ref": 8, "source.domid": 3, "dest.u.gmfn": 0x1F40, "dest.domid": "DOMID_SELF"},
        {"source.u.ref": 9, "source.domid": 3, "dest.u.gmfn": 0x1F41, "dest.domid": "DOMID_SELF"},
    ]
    rest = {"len": 512, "flags": "source_gref"}
    blob = bytearray(abi_at("x86_32").encode("copy", [row | rest for row in rows]))
    copy = abi_at("x86_32").struct("copy")
    [(hole, _)] = copy.holes
    blob[hole] = 0xAA
    return bytes(blob).hex()


PICTURES = {
    "explorer-light": ("#copy", DESKTOP, "light"),
    "explorer-dark": ("#grant_entry_v2?version=0x0003020a", DESKTOP, "dark"),
    "explorer-phone": ("#unmap_grant_ref", PHONE, "light"),
    "explorer-decode": (f"#decode?op=copy&abi=x86_32&hex={blob_of_docs()}", DESKTOP, "light"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_of_the_docs(opened: Open, name: str, tmp_path: Path) -> None:
    """Would catch a picture in the docs that is missing, of another size, or too large.

    Fonts and browsers differ, so it is not compared byte for byte; it is written to the
    docs with ``XENGNT_SCREENSHOTS=1``.
    """
    hash_, size, scheme = PICTURES[name]
    path, kept = tmp_path / "now.png", PICTURES_OF_DOCS / f"{name}.png"
    with opened(hash_, size, color_scheme=scheme) as page:
        page.screenshot(path=path, animations="disabled")
    if WRITE_PICTURES:
        from PIL import Image

        Image.open(path).quantize(256, dither=Image.Dither.NONE).save(kept, optimize=True)
    for picture in (path, kept):
        data = picture.read_bytes()
        assert struct.unpack(">II", data[16:24]) == size
        assert len(data) > 10_000
    assert kept.stat().st_size < 150_000
    assert f"pictures/{name}.png" in (ROOT / "docs" / "explorer.md").read_text()


# The command


def test_a_directory_is_what_it_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a page in the place of something else, and a traceback."""
    (tmp_path / "file").write_text("")
    assert main(["emit", "html", "-o", str(tmp_path / "file")]) == 2
    assert "no directory to write to: File exists" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == ""
    assert main(["emit", "html", "-o", ""]) == 2
    assert "is no name of a file" in capsys.readouterr().err
    assert main(["emit", "html", "copy"]) == 2
    assert "emit html is about all structs, got gnttab_copy" in capsys.readouterr().err
    assert main(["emit", "html", "--interface-version", "0x00030203", "--abi", "x86_32"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("<!doctype html>")
    assert '"versions":["undefined","0x00030201","0x00030203","0x00030209",' in text
    assert '"abis":["x86_32"]' in text


def test_two_runs_give_the_same(page_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a date or an order of sets in the page."""
    assert main(["emit", "html"]) == 0
    assert capsys.readouterr().out == page_file.read_text()
