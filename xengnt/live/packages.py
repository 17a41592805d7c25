# SPDX-License-Identifier: MIT
"""Gets Xen from the distribution into a folder of our own.

The packages are downloaded and unpacked, not installed: the machine stays as it is. For
another architecture than the machine's, apt gets lists of packages of its own for that time.

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

DEBIAN = {"x86_64": "amd64", "arm64": "arm64"}
"""The architectures that Xen can be had for, with Debian's names for them."""

_PATIENCE = 300.0
"""How long a program of apt's may take, in seconds. Most take less than ten."""


def cache_folder() -> Path:
    """Return the folder for what is fetched and compiled: ``$XENGNT_LIVE``, or in the cache."""
    if named := os.environ.get("XENGNT_LIVE"):
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "xengnt"


def hypervisor(architecture: str = "x86_64") -> Path:
    """Return Xen for an architecture, as QEMU takes it.

    Raises:
        Unavailable: it was not fetched.
    """
    path = cache_folder() / f"xen-{architecture}"
    if not path.exists():
        raise Unavailable(f"{path}: no Xen there; `xengnt live setup` fetches it")
    return path


def fetch(architecture: str = "x86_64") -> Path:
    """Fetch the newest Xen of the distribution, and return where it is.

    Raises:
        Unavailable: there is no apt, or it has no Xen.
        BackendError: it cannot be downloaded or unpacked.
    """
    for program in ("apt-cache", "apt-get", "dpkg", "dpkg-deb"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program}: not found; Xen is taken from Debian's packages")
    debian = DEBIAN[architecture]
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        own = _run(["dpkg", "--print-architecture"]).strip() == debian
        options = [] if own else _private(Path(work), debian)
        name, version = _newest(options, debian)
        _run(["apt-get", *options, "download", "-qq", name], work)
        package = next(Path(work).glob("*.deb"))
        _run(["dpkg-deb", "-x", str(package), work])
        plain = Path(work) / "boot" / f"xen-{version}-{debian}"
        packed = plain.with_name(f"{plain.name}.gz")
        path = Path(work) / "xen"
        path.write_bytes(
            gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()
        )
        (folder / f"xen-{architecture}.package").write_text(package.name + "\n")
        return path.rename(folder / f"xen-{architecture}")


def package(architecture: str = "x86_64") -> str:
    """Return the name of the package that Xen came in, with its version."""
    path = cache_folder() / f"xen-{architecture}.package"
    return path.read_text().strip() if path.exists() else "unknown"


def _private(folder: Path, debian: str) -> list[str]:
    """Have apt get the lists of another architecture, and return the options to use them."""
    state, cache = folder / "state", folder / "cache"
    (state / "lists" / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    (state / "status").touch()
    settings = {
        "Dir::State": state,
        "Dir::State::status": state / "status",
        "Dir::Cache": cache,
        "APT::Architecture": debian,
        "APT::Architectures::": debian,
        "Acquire::Languages": "none",
    }
    options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    _run(["apt-get", *options, "update", "-qq"])
    if not any((state / "lists").glob("*_Packages*")):
        raise BackendError(f"apt-get update: no list of packages for {debian} can be fetched")
    return options


def _newest(options: list[str], debian: str) -> tuple[str, str]:
    """Return the name of the package with the newest Xen, and its version."""
    pattern = re.compile(rf"xen-hypervisor-([0-9.]+)-{debian}")
    found = _run(["apt-cache", *options, "search", "--names-only", pattern.pattern])
    names = [pattern.fullmatch(line.split()[0]) for line in found.splitlines()]
    known = {name[0]: name[1] for name in names if name}
    if not known:
        raise Unavailable(f"apt knows no xen-hypervisor-*-{debian}: is its list of packages there?")
    return max(known.items(), key=lambda one: [int(part) for part in one[1].split(".")])


def _run(command: list[str], folder: str | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- the distribution's own programs
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise BackendError(f"{command[0]}: not done within {_PATIENCE:g} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BackendError(f"{command[0]}: {said[-1]}")
    return done.stdout
