# SPDX-License-Identifier: MIT
"""Calls to the Xen that one runs on, where there is none; ``tests/live`` has the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xengnt import Unavailable, XenCall
from xengnt.backends import xencall
from xengnt.cli import main


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where Xen's device is looked for, and is not."""
    device = tmp_path / "privcmd"
    monkeypatch.setattr(xencall, "DEVICE", str(device))
    return device


def test_where_there_is_no_xen_that_is_said(nothing: Path) -> None:
    """Would catch an error that is that of the library, or none."""
    with pytest.raises(Unavailable, match=r"^no Xen here: there is no .*/privcmd; .*modprobe"):
        XenCall()


def test_a_device_that_cannot_be_opened_is_named(nothing: Path) -> None:
    """Would catch an error of the system that comes through."""
    nothing.mkdir()
    with pytest.raises(Unavailable, match=r"/privcmd: Is a directory$"):
        XenCall()


def test_a_missing_library_is_named(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch an error that does not tell what to install."""
    nothing.touch()
    monkeypatch.setattr(xencall, "LIBRARY", "libxencall.so.0")
    with pytest.raises(Unavailable, match=r"^libxencall\.so\.0 .*: apt install libxencall1$"):
        XenCall()


def test_the_command_says_it_in_a_line(
    nothing: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Would catch a traceback, and what a library prints besides."""
    path = tmp_path / "scenario.jsonl"
    path.write_text(json.dumps({"scenario": 1, "abi": "x86_64"}))
    assert main(["run", str(path), "--backend", "xen"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("xengnt: no Xen here")


def test_unsafe_is_for_xen_only(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Would catch an option that is ignored."""
    path = tmp_path / "scenario.jsonl"
    path.write_text(json.dumps({"scenario": 1, "abi": "x86_64"}))
    assert main(["run", str(path), "--unsafe"]) == 2
    assert "--unsafe is for --backend xen" in capfd.readouterr().err
