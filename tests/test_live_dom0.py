# SPDX-License-Identifier: MIT
"""``tests/live`` in a Linux dom0 on the real Xen, by this very interpreter and this tree.

Xen and Linux come from apt, into the folder that ``XENGNT_LIVE`` names, to be found there
again, or into a temporary one.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from elftools.elf.elffile import ELFFile
from live import dom0
from oracle import ROOT, need

from xengnt.errors import XengntError

INNER = ROOT / "tests" / "live"

WITHOUT = ("cacheprovider", "doctest", "legacypath", "logging", "unittest")
"""Plugins of pytest that are not needed there; under emulation each costs time."""


@pytest.fixture(scope="session")
def boot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that a dom0 is booted from, or skip."""
    here = platform.system() == "Linux" and platform.machine() == "x86_64"
    need(here, "Linux on x86_64", "the dom0 runs this machine's own programs")
    need(shutil.which(dom0.QEMU), dom0.QEMU, "apt install qemu-system-x86")
    need(_library(), "libxencall.so.1", "apt install libxencall1")
    need(shutil.which("apt-get"), "apt", "Xen and Linux are the packages of Debian")
    folder = os.environ.get("XENGNT_LIVE") or tmp_path_factory.mktemp("live")
    why = ""
    found = None
    try:
        found = dom0.packages(Path(folder))
    except subprocess.CalledProcessError as error:
        why = f"{error}: {error.stderr}".strip()
    except (OSError, subprocess.SubprocessError, tarfile.TarError, XengntError) as error:
        why = str(error)
    return need(found, "Xen and Linux", f"apt-get download: {why}")


@pytest.fixture(scope="session")
def busybox() -> Path:
    """Return a busybox that needs no libraries, or skip."""
    path = Path(shutil.which("busybox") or "/nothing")
    static = False
    if path.exists():
        with path.open("rb") as stream:
            kinds = [segment["p_type"] for segment in ELFFile(stream).iter_segments()]
        static = "PT_INTERP" not in kinds
    return need(path if static else None, "a static busybox", "apt install busybox-static")


def _library() -> bool:
    try:
        ctypes.CDLL("libxencall.so.1")
    except OSError:
        return False
    return True


def test_xen_itself_takes_our_calls(
    boot: Path, busybox: Path, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """Would catch whatever a test of ``tests/live`` would; each is told of by its name."""
    command = [
        *(sys.executable, "-m", "pytest", f"--confcutdir={INNER}"),
        *("-o", "addopts=", *(f"-pno:{name}" for name in WITHOUT)),
        *("-q", "--color=no", "--junitxml=/dev/out/report.xml", str(INNER)),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/dev/shm",  # noqa: S108 -- the guest's own, of which nothing is left
        "TMPDIR": "/dev/shm",  # noqa: S108 -- as above
        "LANG": "C.UTF-8",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "XENGNT_LIVE_DOM0": "1",
    }
    ran = dom0.run(command, environment, boot, busybox, tmp_path)
    report = ran.folder / "report.xml"
    if ran.status not in (dom0.SUCCESS, dom0.FAILURE) or not report.exists():
        pytest.fail(f"QEMU exited with {ran.status}:\n{_tail(ran.log)}", pytrace=False)
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 -- our own
    wrong = 0
    for case in cases:
        with subtests.test(case.get("name")):
            for what in case:
                if what.tag in ("failure", "error", "skipped"):
                    wrong += 1
                    pytest.fail(f"{what.tag} in dom0: {what.text}", pytrace=False)
    assert len(cases) > 20
    if ran.status != (dom0.FAILURE if wrong else dom0.SUCCESS):
        pytest.fail(f"QEMU exited with {ran.status}:\n{_tail(ran.log)}", pytrace=False)


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-60:])
