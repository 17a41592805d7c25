# SPDX-License-Identifier: MIT
"""What docs/live.md says to paste works as printed."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import live_xen
import pytest
from oracle import ROOT, need

GUIDE = (ROOT / "docs" / "live.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]


@pytest.fixture(autouse=True, scope="module")
def _there() -> None:
    """Skip where there is no real Xen."""
    with contextmanager(live_xen.machines)():
        """It can be had."""


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_work(command: str, tmp_path: Path) -> None:
    """Would catch a command to paste that fails, or whose output goes astray."""
    setup = command.startswith("xengnt live setup")
    scripts = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"XENGNT_LIVE": str(tmp_path)} if setup else {}
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    if setup and "apt-" in done.stderr:
        need(None, "the distribution's Xen", done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


def test_python_blocks_print_what_they_say() -> None:
    """Would catch an example that fails, or prints something else than its comment."""
    blocks = [text for kind, text in BLOCKS if kind == "python"]
    assert blocks
    for text in blocks:
        expected = re.findall(r"#\s+(.*)$", text, re.MULTILINE)
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(text, "live.md", "exec"), {})  # noqa: S102 -- our own documentation
        assert output.getvalue().splitlines() == expected


def test_links_lead_somewhere() -> None:
    """Would catch a file that has moved away."""
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
