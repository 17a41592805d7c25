# SPDX-License-Identifier: MIT
"""The site that is made of docs/: built once, and looked at."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, reduce
from html import unescape
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from oracle import ABIS, ROOT
from rig_library import alone

import xengnt
from xengnt import Abi
from xengnt.abi.declarations import PYTHON_NAMES, header
from xengnt.abi.targets import format_version
from xengnt.cli import COMMANDS, main

DOCS = ROOT / "docs"
PICTURES = sorted((DOCS / "pictures").glob("*.svg"))

DOCUMENTED = ("model", "guest", "scenario", "streams", "testing", "check")
"""The modules of which every public name is in the reference."""


@dataclass(frozen=True)
class Site:
    """What came of a build."""

    folder: Path
    status: int
    said: str

    def pages(self) -> list[Path]:
        """Return all pages."""
        return sorted(self.folder.rglob("*.html"))

    def text(self, name: str) -> str:
        """Return the text of a page."""
        return (self.folder / f"{name}.html").read_text()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Build the site once, for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    log = folder.with_suffix(".log")
    with alone(folder):
        if not log.exists():
            command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q"]
            done = subprocess.run(
                [*command, "-d", folder.with_suffix(".trees"), DOCS, folder],
                capture_output=True, text=True, check=False,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )  # fmt: skip
            log.write_text(f"{done.returncode}\n{done.stdout}{done.stderr}")
    status, _, said = log.read_text().partition("\n")
    return Site(folder, int(status), said)


class _Page(HTMLParser):
    """The anchors of a page, what it links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what is there."""
        found = {name: value for name, value in attrs if value}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag in ("link", "script", "img", "iframe"):
            self.loads += [found[name] for name in ("src", "href") if name in found]


@cache
def _page(path: Path) -> _Page:
    return _Page(path.read_text())


# The build


def test_it_builds_without_a_warning(site: Site) -> None:
    """Would catch a page in no list of pages, a name that is not there, a bad directive."""
    assert (site.status, site.said) == (0, "")


def test_every_page_is_reached_from_the_first(site: Site) -> None:
    """Would catch a page that nobody finds."""
    shown = {unquote(link).partition("#")[0] for link in _page(site.folder / "index.html").links}
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix(".html")
        assert str(name) in shown | {"index.html"}, name


def test_links_lead_to_places_that_are_there(site: Site) -> None:
    """Would catch a link to a page, a file or an anchor that is not there."""
    for path in site.pages():
        for link in _page(path).links:
            target, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            found = (path.parent / target).resolve() if target else path
            assert found.is_relative_to(site.folder.resolve()), f"{path}: {link}"
            assert found.is_file(), f"{path}: {link}"
            if anchor and found.suffix == ".html":
                assert anchor in _page(found).anchors, f"{path}: {link}"


def test_pages_ask_nobody_for_anything(site: Site) -> None:
    """Would catch a script, a font or a picture that is loaded from somewhere else."""
    for path in site.pages():
        for load in _page(path).loads:
            assert not re.match(r"([a-z]+:)?//", load), f"{path}: {load}"


def test_no_page_names_a_folder_of_this_machine(site: Site) -> None:
    """Would catch a default value, or a recorded output, with a path of whoever built it."""
    known = {str(ROOT), str(Path.home()), sys.prefix, str(site.folder)} - {"/", "/usr"}
    for path in site.pages():
        text = path.read_text()
        assert [name for name in known if name in text] == [], path


# The reference


@cache
def _described(folder: Path) -> set[str]:
    """Return the names of Python that are described."""
    _, _, _, _, data = (folder / "objects.inv").read_bytes().split(b"\n", 4)
    rows = [line.split(" ", 2) for line in zlib.decompress(data).decode().splitlines()]
    return {name for name, kind, _ in rows if kind.startswith("py:")}


def _objects(names: set[str]) -> Iterator[object]:
    """Give what goes by these names."""
    for name in names:
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            try:
                module = import_module(".".join(parts[:length]))
            except ImportError:
                continue
            with suppress(AttributeError):  # of objects, not of their class
                yield reduce(getattr, parts[length:], module)
            break


def test_every_public_name_is_described(site: Site) -> None:
    """Would catch a name that the package offers, and the reference lacks."""
    described = _described(site.folder)
    objects = list(_objects(described))
    modules = [xengnt, *(import_module(f"xengnt.{name}") for name in DOCUMENTED)]
    for module in modules:
        for name in module.__all__:
            one = getattr(module, name)
            if getattr(one, "__name__", "").startswith("xengnt."):  # a module
                assert any(other.startswith(f"{one.__name__}.") for other in described), one
            else:
                full = f"{module.__name__}.{name}"
                assert full in described or any(one is other for other in objects), full


def test_the_stubs_are_described(site: Site) -> None:
    """Would catch an op's method, or the fields of its results, without their types."""
    described = _described(site.folder)
    tree = ast.parse((ROOT / "xengnt" / "ops.pyi").read_text())
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            owner = "xengnt.Dispatcher" if one.name == "Ops" else f"xengnt.ops.{one.name}"
            for member in one.body:
                if isinstance(member, ast.FunctionDef):
                    assert f"{owner}.{member.name}" in described
    calls = re.sub(r"<[^>]+>|\s", "", unescape(site.text("reference/calls")))
    assert "host_addr:Column=..." in calls
    assert "→MapGrantRefBatch" in calls
    assert "status:list[Status|int]" in calls


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("reference/ops", list(Abi("x86_64").layout.ops)),
        ("reference/constants", list(PYTHON_NAMES.values())),
        ("reference/commands", [f"xengnt-{name}" for name in COMMANDS]),
        ("reference/entries", ["grant_entry_v1", "grant_entry_v2"]),
    ],
)
def test_nothing_is_left_out(site: Site, page: str, names: list[str]) -> None:
    """Would catch an op, an enumeration or a command that a reference page lacks."""
    anchors = _page(site.folder / f"{page}.html").anchors
    assert {name.lower().replace("_", "-") for name in names} <= anchors


def test_every_constant_has_a_row(site: Site) -> None:
    """Would catch a constant that is a member of nothing, and so is not shown."""
    text = (site.folder / "reference" / "constants.html").read_text()
    for name in Abi("x86_64").layout.constants:
        assert f">{name}<" in text, name


def test_fields_lead_to_their_values(site: Site) -> None:
    """Would catch a field of flags whose reader is not told where the flags are."""
    text = (site.folder / "reference" / "ops.html").read_text()
    for name in ("MapFlag", "CopyFlag", "CacheFlag", "Status", "Domid"):
        assert f'href="constants.html#{name.lower()}"' in text, name


# What is said of the ABI


def test_the_ops_are_all_sorted() -> None:
    """Would catch an op that the explanation of the ABI leaves out."""
    text = (DOCS / "abi.md").read_text()
    table = text[text.index("## Thirteen ops") : text.index("A call is a *batch*")]
    ops = Abi("x86_64").layout.ops
    assert sorted(re.findall(r"`(\w+)`", table)) == sorted(ops)
    assert len(ops) == 13


def test_the_structs_that_differ_are_those() -> None:
    """Would catch a struct that differs on another ABI too, or is not said to."""
    text = (DOCS / "abi.md").read_text()
    [said] = re.findall(r"So five structs differ: (.*?)\. In the others", text, re.DOTALL)

    def places(abi: str) -> dict[str, list[tuple[str, int, int]]]:
        structs = Abi(abi).layout.structs
        return {t: [(f.name, f.offset, f.size) for f in s.fields] for t, s in structs.items()}

    usual = places("x86_64")
    for abi in ABIS:
        different = {tag for tag, fields in places(abi).items() if fields != usual[tag]}
        named = {f"gnttab_{name.removeprefix('gnttab_')}" for name in re.findall(r"`(\w+)`", said)}
        assert different == (named if abi == "x86_32" else set())
        assert len(named) == 5


def test_every_gate_is_told() -> None:
    """Would catch a gate that came, and that the explanation does not know."""
    text = (DOCS / "abi.md").read_text()
    gates = {format_version(gate) for gate in header().gates}
    assert set(re.findall(r"^\| (0x[0-9a-f]+) \|", text, re.MULTILINE)) <= gates
    for gate in header().gates:
        before, after = (Abi("arm32", version).layout for version in (gate - 1, gate))
        if (before.structs, before.ops) != (after.structs, after.ops):
            assert f"| {format_version(gate)} |" in text


# Pictures


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_pictures_say_what_they_are(path: Path) -> None:
    """Would catch a picture that is none, has no words for who cannot see it, or is light only."""
    root = ET.fromstring(path.read_text())  # noqa: S314 -- our own
    name = "{http://www.w3.org/2000/svg}"
    title, description = root.find(f"{name}title"), root.find(f"{name}desc")
    assert title is not None
    assert title.text
    assert description is not None
    assert description.text
    assert "prefers-color-scheme: dark" in path.read_text()
    assert "SPDX-License-Identifier: MIT" in "".join(path.read_text().splitlines()[:2])


@pytest.mark.parametrize(
    "path", [one for one in PICTURES if "made by: " in one.read_text()], ids=lambda path: path.name
)
def test_pictures_are_what_their_command_makes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a picture of a layout that is not so any more."""
    text = path.read_text()
    command = text.splitlines()[0].partition("made by: ")[2].removesuffix("?>")
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == text
