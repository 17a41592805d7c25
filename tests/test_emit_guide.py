# SPDX-License-Identifier: MIT
"""What docs/emit.md shows works as printed."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from oracle import ROOT

from xengnt import Abi
from xengnt.emit import KINDS, Options, emit
from xengnt.mapping import load_mapping

GUIDE = (ROOT / "docs" / "emit.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def run(command: str, folder: Path) -> str:
    """Run a command of the guide, and return what it writes."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PATH": path, "TMPDIR": str(folder)},
    )
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


@pytest.mark.parametrize("command", [text.strip() for kind, text in BLOCKS if kind == "sh"])
def test_commands_work(command: str, tmp_path: Path) -> None:
    """Would catch a command to paste that fails, or that writes nothing."""
    written = run(command, tmp_path)
    for kind, shown in BLOCKS:
        if kind == "c" and "c-array" in command:
            assert shown in written
    assert written or any(file.stat().st_size for file in tmp_path.iterdir())


def test_python_prints_what_it_says() -> None:
    """Would catch an example that fails, or prints something else than its comment."""
    (text,) = (text for kind, text in BLOCKS if kind == "python")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(text, "emit.md", "exec"), {})  # noqa: S102 -- our own documentation
    assert output.getvalue().splitlines() == re.findall(r"#\s+(.*)$", text, re.MULTILINE)


def test_the_mapping_is_one(tmp_path: Path) -> None:
    """Would catch a mapping to copy that is refused."""
    (text,) = (text for kind, text in BLOCKS if kind == "toml")
    (tmp_path / "names.toml").write_text(text)
    options = Options(mapping=load_mapping(tmp_path / "names.toml"), structs_only=True)
    made = emit("c-asserts", [Abi("x86_64")], ["copy"], options)
    assert "offsetof(struct my_copy, from.gref) == 0" in made
    assert "MY_OKAY == 0" in made
    assert "GNTST_eagain" not in made


def test_the_table_has_every_kind() -> None:
    """Would catch a kind that nobody is told of."""
    assert re.findall(r"^\| `([\w-]+)` \|", GUIDE, re.MULTILINE) == list(KINDS)


def test_links_lead_somewhere() -> None:
    """Would catch a file that has moved away."""
    for target in re.findall(r"\]\(([^)#]+)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
