# SPDX-License-Identifier: MIT
"""Gets Xen from the distribution into a folder of our own.

The packages are downloaded and unpacked, not installed: the machine stays as it is.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from xengnt.errors import BackendError, Unavailable

PACKAGE = re.compile(r"xen-hypervisor-([0-9.]+)-amd64")


def cache_folder() -> Path:
    """Return the folder for what is fetched and compiled: ``$XENGNT_LIVE``, or in the cache."""
    if named := os.environ.get("XENGNT_LIVE"):
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "xengnt"


def hypervisor() -> Path:
    """Return Xen for x86_64, as a boot loader takes it.

    Raises:
        Unavailable: it was not fetched.
    """
    path = cache_folder() / "xen-x86_64"
    if not path.exists():
        raise Unavailable(f"{path}: no Xen there; `xengnt live setup` fetches it")
    return path


def fetch() -> Path:
    """Fetch the newest Xen of the distribution, and return where it is.

    Raises:
        Unavailable: there is no apt, or it has no Xen.
        BackendError: it cannot be downloaded or unpacked.
    """
    for program in ("apt-cache", "apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program}: not found; Xen is taken from Debian's packages")
    found = _run(["apt-cache", "search", "--names-only", PACKAGE.pattern])
    names = [line.split()[0] for line in found.splitlines() if PACKAGE.match(line)]
    if not names:
        raise Unavailable("apt knows no xen-hypervisor-*-amd64: is its list of packages there?")
    name = max(names, key=_version)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        _run(["apt-get", "download", "-qq", name], work)
        package = next(Path(work).glob("*.deb"))
        _run(["dpkg-deb", "-x", str(package), work])
        packed = next(Path(work).glob("boot/xen-*.gz"))
        path = Path(work) / "xen"
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        (folder / "xen-x86_64.package").write_text(package.name + "\n")
        return path.rename(folder / "xen-x86_64")


def package() -> str:
    """Return the name of the package that Xen came in, with its version."""
    path = cache_folder() / "xen-x86_64.package"
    return path.read_text().strip() if path.exists() else "unknown"


def _version(name: str) -> list[int]:
    found = PACKAGE.match(name)
    return [int(part) for part in found[1].split(".")] if found else []


def _run(command: list[str], folder: str | None = None) -> str:
    done = subprocess.run(  # noqa: S603 -- the distribution's own programs
        command, cwd=folder, check=False, capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BackendError(f"{command[0]}: {said[-1]}")
    return done.stdout
