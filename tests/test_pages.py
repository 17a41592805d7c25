# SPDX-License-Identifier: MIT
"""What the README and the pages of docs/ say to type works, and does what they say."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pages
import pytest
from oracle import OURS, ROOT, need
from pages import NEEDS, PAGES, REASONS, RUN, SHOWN, Block

import xengnt
from xengnt.cli import parsers

PATHS = [page.relative_to(ROOT) for page in PAGES]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a folder like this tree, in which anything can be written."""
    folder = tmp_path / "tree"
    for name in ("examples", "include", "tests/c"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("tests/cases", "tests/conformance", "benchmarks", "docs"):
        (folder / name).symlink_to(ROOT / name)
    monkeypatch.chdir(folder)
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    with tempfile.TemporaryDirectory() as short:  # a socket's path has 108 bytes at the most
        monkeypatch.setenv("TMPDIR", short)
        yield folder


@pytest.mark.parametrize("page", PAGES, ids=map(str, PATHS))
@pytest.mark.usefixtures("tree")
def test_blocks_do_what_they_say(page: Path, subtests: pytest.Subtests) -> None:
    """Would catch a command or an example that fails, or prints something else than is shown."""
    names: dict[str, Any] = {}
    found = pages.blocks(page)
    for block, after in zip_longest(found, found[1:]):
        if block.runs:
            shown = after.text if after and after.kind == "output" else None
            with subtests.test(block.place):
                for what in filter(None, block.options.get("needs", "").split(",")):
                    NEEDS[what]()
                printed = _python(block, names) if block.kind == "python" else _shell(block)
                if shown is not None:
                    _compare(shown, printed)
                elif block.kind == "python":
                    comments = re.findall(r"^ *print\(.*\)  # (.*)$", block.text, re.MULTILINE)
                    assert printed.splitlines() == comments


def _python(block: Block, names: dict[str, Any]) -> str:
    """Run Python, with the names that blocks before it have left, and return what it prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(block.text, block.place, "exec"), names)  # noqa: S102 -- our own page
    return output.getvalue()


def _shell(block: Block) -> str:
    """Run commands, each of which is to succeed, and return what they print."""
    done = subprocess.run(
        ["sh", "-e", "-c", block.text],
        capture_output=True,
        text=True,
        errors="replace",  # a blob on standard output is no text
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == int(block.options.get("status", 0)), done.stdout + done.stderr
    if done.returncode == 2:  # a line that says why, and nothing else
        return done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def _compare(shown: str, printed: str) -> None:
    """Compare what a page shows with what is printed, apart from spaces at the end of lines."""

    def trimmed(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())

    pattern = re.escape(trimmed(shown)).replace(re.escape("…"), ".*?")
    if not re.fullmatch(pattern, trimmed(printed), re.DOTALL):
        assert trimmed(printed) == trimmed(shown)


@pytest.mark.parametrize("page", PAGES, ids=map(str, PATHS))
def test_every_block_is_of_a_known_kind(page: Path) -> None:
    """Would catch an example that nothing runs, and that does not say why."""
    before: Block | None = None
    for block in pages.blocks(page):
        assert block.kind in (*RUN, *SHOWN), block.place
        assert block.options.keys() <= {"status", "needs", "not-run"}, block.place
        assert set(filter(None, block.options.get("needs", "").split(","))) <= set(NEEDS)
        if block.kind == "console" or "not-run" in block.options:
            assert block.options["not-run"] in REASONS, block.place
        if block.kind == "output":
            assert before, block.place
            assert before.runs, block.place
        before = block
    for line in pages.FENCE.sub("", pages.prose(page)).splitlines():
        assert not line.startswith("    "), f"{page.name}: use a fence for {line.strip()!r}"


@pytest.mark.parametrize("page", PAGES, ids=map(str, PATHS))
def test_files_to_copy_can_be_read(page: Path) -> None:
    """Would catch a file to copy that is none of its kind; some are tested elsewhere as well."""
    for block in pages.blocks(page):
        match block.kind:
            case "json":
                lines = block.text.splitlines()
                for text in lines if len(lines) > 1 and lines[1][0] == "{" else [block.text]:
                    json.loads(text)
            case "toml":
                tomllib.loads(block.text)
            case "yaml":
                yaml = pytest.importorskip("yaml")
                assert yaml.safe_load(block.text)
            case "py":
                compile(block.text, block.place, "exec")


def c_of(page: Path) -> list[str]:
    """Return the statements of C that a page shows."""
    found = (one for one in pages.blocks(page, "c") if "not-run" not in one.options)
    return [one.text.replace("…", "") for one in found]


@pytest.mark.parametrize("page", [one for one in PAGES if c_of(one)], ids=lambda p: p.name)
def test_c_compiles(page: Path, tmp_path: Path) -> None:
    """Would catch C to copy that a compiler refuses, or that names what is not there."""
    compiler = need(shutil.which("cc"), "a C compiler", "apt install gcc")
    body = "".join(c_of(page))
    source = tmp_path / "page.c"
    includes = ("<stdint.h>", "<xen/grant_table.h>", "<xengnt/rig.h>")
    head = "".join(f"#include {name}\n" for name in includes)
    source.write_text(f"{head}void page(void);\nvoid page(void)\n{{\n{body}\n}}\n")
    done = subprocess.run(
        [compiler, "-fsyntax-only", "-I", OURS, source], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


SYNOPSIS = r"^(xengnt .*(?:\n +.*)*)"
TYPED = r"(?:^|[$:;|&] )(xengnt [a-z][^|;>&#\n]*)"


@pytest.mark.parametrize(("kinds", "form"), [(("text",), SYNOPSIS), (("console", "yaml"), TYPED)])
def test_what_is_not_run_is_a_command_all_the_same(kinds: tuple[str, ...], form: str) -> None:
    """Would catch a command, or an option, that a page promises and that there is not."""
    _, commands = parsers()
    seen = 0
    for page in PAGES:
        for block in pages.blocks(page, *kinds):
            for one in re.findall(form, block.text, re.MULTILINE):
                name = one.split()[1]
                assert name in commands, f"{block.place}: no command {name}"
                known = commands[name].format_help()
                for option in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", one):
                    assert option in known, f"{block.place}: {name} takes no {option}"
                    seen += 1
    assert seen > 5


def test_python_that_is_not_run_names_what_there_is() -> None:
    """Would catch a name of xengnt, or an op, that is no more, where there is nothing to call."""
    seen = 0
    for page in PAGES:
        for block in pages.blocks(page, "python"):
            if not block.runs:
                compile(block.text, block.place, "exec")
                for name in re.findall(r"\bxengnt\.(\w+)", block.text):
                    assert hasattr(xengnt, name), f"{block.place}: no xengnt.{name}"
                for name in re.findall(r"\bxen\.(\w+)\(", block.text):
                    assert hasattr(xengnt.Dispatcher, name), f"{block.place}: no op {name}"
                    seen += 1
    assert seen


@pytest.mark.parametrize("page", PAGES, ids=map(str, PATHS))
def test_links_lead_somewhere(page: Path) -> None:
    """Would catch a file, or a heading, that has moved away."""
    for link in pages.links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in pages.anchors(target), link
