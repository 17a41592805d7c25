# SPDX-License-Identifier: MIT
"""What the README says to paste works as printed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from oracle import need

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [text.strip() for kind, text in BLOCKS if kind == "sh"]
PASTED = [text for text in SHELL if "venv" not in text]
COMMANDS = re.findall(r"^\| `(xengnt (?:[^`])*)`", README, re.MULTILINE)
CLAIMS = re.findall(r"\| `((?:xengnt|pytest|python) [^`]*)` \|$", README, re.MULTILINE)
QEMU = "qemu-system-x86_64"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The environment with the commands of this virtual environment first."""
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}


def run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a shell command in the root of the tree."""
    return subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        errors="replace",  # a blob on standard output is no text
        check=False,
        cwd=ROOT,
        env=environment,
    )


def test_the_two_commands_come_first() -> None:
    """Would catch a README that begins with anything else to type."""
    assert "examples/tour.sh" in SHELL[0]
    assert SHELL[1].endswith("/pytest")
    assert all(text.startswith("python3 -m venv .venv && ") for text in SHELL[:2])


@pytest.mark.parametrize("command", PASTED)
def test_shell_blocks_work(command: str, environment: dict[str, str]) -> None:
    """Would catch a command to paste that fails."""
    if command.startswith("rustc"):
        need(shutil.which("rustc"), "rustc", "apt install rustc")
    if "xengnt rig" in command:
        need_a_rig()
    done = run(command, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


def test_python_blocks_work_and_print_what_they_say() -> None:
    """Would catch an example that fails, or prints something else than its comment."""
    blocks = [text for kind, text in BLOCKS if kind == "python"]
    assert blocks
    for text in blocks:
        expected = re.findall(r"#\s+(.*)$", text, re.MULTILINE)
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(text, "README.md", "exec"), {})  # noqa: S102 -- our own README
        assert output.getvalue().splitlines() == expected


def test_the_tour_works(environment: dict[str, str]) -> None:
    """Would catch a first command that fails after the set-up."""
    done = run("sh examples/tour.sh", environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no difference" in done.stdout
    assert "skipped" in done.stdout or "/usr/include/xen/grant_table.h" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_table_exist(command: str, environment: dict[str, str]) -> None:
    """Would catch a command that the table promises and that is not there."""
    concrete = command.replace("SOURCE", "include/xen/grant_table.h").replace("\\|", "|")
    concrete = concrete.replace("copies.bin", "/dev/null")
    if concrete.startswith("xengnt live"):
        need(shutil.which(QEMU), QEMU, "apt install qemu-system-x86")
        need(shutil.which("apt-get"), "apt-get", "Xen is taken from Debian's packages")
    if concrete.startswith("xengnt rig"):
        need_a_rig()
    assert run(concrete, environment).returncode == 0


def need_a_rig() -> None:
    """Skip where none can be built."""
    lacks = build.missing() + ([] if shutil.which("make") else ["make"])
    need(not lacks, "what a rig is built with", "; ".join(lacks))


def test_the_workflow_runs_what_there_is(environment: dict[str, str], tmp_path: Path) -> None:
    """Would catch a workflow to paste with an option that is not there, or another file."""
    [workflow] = [text for kind, text in BLOCKS if kind == "yaml"]
    [command] = re.findall(r"- run: (xengnt check .*)", workflow)
    concrete = command.replace("include/grant.h build/driver.o", "include/xen/grant_table.h")
    log = tmp_path / "xengnt.sarif"
    assert run(concrete.replace("> xengnt.sarif", f"> {log}"), environment).returncode == 0
    assert json.loads(log.read_text())["version"] == "2.1.0"
    assert "sarif_file: xengnt.sarif" in workflow


def test_each_claim_names_a_command_that_is_there() -> None:
    """Would catch a claim whose tests have moved away."""
    assert len(CLAIMS) >= 6
    for claim in CLAIMS:
        for word in claim.split():
            assert not word.endswith(".py") or (ROOT / word).is_file(), claim


def test_linked_documents_are_there() -> None:
    """Would catch a link that leads nowhere."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_ci_runs_the_command_of_the_readme() -> None:
    """Would catch a CI that tests in another way than users do."""
    assert """grep '^python3 .*pytest$' README.md""" in (ROOT / ".ci" / "run").read_text()
    matching = [line for line in README.splitlines() if re.fullmatch(r"python3 .*pytest", line)]
    assert matching == [SHELL[1]]
