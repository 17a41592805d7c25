# SPDX-License-Identifier: MIT
"""What only the README has: where it begins, its commands and claims, a workflow.

What it says to paste is run by test_pages.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pages
import pytest
from edited import Edit, copy
from oracle import ROOT

from xengnt.cli import main

README = (ROOT / "README.md").read_text()
SHELL = [text.strip() for text in pages.texts("README.md", "sh")]
COMMANDS = re.findall(r"^\| `(xengnt (?:[^`])*)`", README, re.MULTILINE)
CLAIMS = re.findall(r"\| `((?:xengnt|pytest|python) [^`]*)` \|$", README, re.MULTILINE)


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
        pages.need_xen()
    if concrete.startswith("xengnt rig"):
        pages.need_a_rig()
    assert run(concrete, environment).returncode == 0


def test_the_workflow_runs_what_there_is(environment: dict[str, str], tmp_path: Path) -> None:
    """Would catch a workflow to paste with an option that is not there, or another file."""
    [workflow] = pages.texts("README.md", "yaml")
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


def test_ci_runs_the_command_of_the_readme() -> None:
    """Would catch a CI that tests in another way than users do."""
    assert """grep '^python3 .*pytest$' README.md""" in (ROOT / ".ci" / "run").read_text()
    matching = [line for line in README.splitlines() if re.fullmatch(r"python3 .*pytest", line)]
    assert matching == [SHELL[1]]


def test_the_wrong_copy_is_shown_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a picture in the README that the command does not print any more."""
    target = copy("ours", tmp_path)
    target.edit([Edit("domid_t  domid;  ", "uint32_t domid;  ", "struct gnttab_copy {")])
    folder = tmp_path / "xen"
    (folder / "grant_table.h").rename(folder / "theirs.h")
    monkeypatch.chdir(folder)
    assert main(["check", "theirs.h", "--abi", "x86_64", "--abi", "x86_32"]) == 1
    output = capsys.readouterr().out.replace(f"{folder}/", "")
    printed = iter([line.rstrip() for line in output.splitlines()])
    section = README.partition("## What a wrong copy looks like")[2]
    shown = section.split("```")[1].splitlines()[1:]
    assert len(shown) > 15
    for line in shown:
        if line.strip() not in ("…", ""):
            assert line.rstrip() in printed, line  # in this order
