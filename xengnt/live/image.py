# SPDX-License-Identifier: MIT
"""Compiles the guest kernels, which are shipped as sources.

Imports ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xengnt.errors import Unavailable
from xengnt.live.packages import cache_folder

SOURCES = Path(__file__).parent / "kernel"

_FLAGS = [
    *("-O2", "-ffreestanding", "-nostdlib", "-static", "-fno-pic", "-no-pie", "-w"),
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-mgeneral-regs-only"),
    *("-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,-z,max-page-size=0x1000"),
]
_KINDS = {
    "pv": ["-m64", "-mcmodel=kernel", "-mno-red-zone", "-fcf-protection=none"],
    "pvh": ["-m32", "-fcf-protection=none", "-Wl,-m,elf_i386"],
    "arm": ["-mstrict-align"],
}
_PROCESSORS = {"pv": "x86_64", "pvh": "x86_64", "arm": "aarch64"}
_WIDE = 2

_PATIENCE = 60
"""How long a compiler may take, in seconds."""


@dataclass(frozen=True, slots=True)
class Image:
    """A kernel, as `places` says it is in memory.

    Attributes:
        elf: the file for a boot loader that knows ELF.
        flat: the file for one that does not.
        data: the bytes in memory, without those that are 0 at the end.
    """

    elf: Path
    flat: Path
    data: bytes


@cache
def image(kind: str) -> Image:
    """Return the kernel of a kind of guest, compiled if it was not yet.

    Args:
        kind: ``pv``, ``pvh`` or ``arm``.

    Raises:
        Unavailable: there is no C compiler, or it cannot do it.
    """
    sources = sorted(path for path in SOURCES.iterdir() if path.is_file())
    text = b"".join(path.read_bytes() for path in sources)
    digest = hashlib.sha256(text + repr((_FLAGS, _KINDS)).encode()).hexdigest()[:16]
    elf = cache_folder() / f"kernel-{kind}-{digest}.elf"
    flat = elf.with_suffix(".bin")
    if not (elf.exists() and flat.exists()):
        elf.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=elf.parent) as folder:
            made, loaded = Path(folder) / "elf", Path(folder) / "flat"
            _compile(kind, made)
            loaded.write_bytes(_loaded(made.read_bytes()))
            loaded.rename(flat)
            made.rename(elf)
    return Image(elf, flat, flat.read_bytes())


def _compile(kind: str, path: Path) -> None:
    compiler = _compiler(_PROCESSORS[kind])
    parts = [str(SOURCES / f"{kind}.S"), str(SOURCES / "kernel.c")]
    script = f"-Wl,-T,{SOURCES / f'{kind}.ld'}"
    try:
        done = subprocess.run(  # noqa: S603 -- the user's own compiler, on our sources
            [*compiler, *_FLAGS, *_KINDS[kind], script, "-o", str(path), *parts],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{compiler[0]}: {error}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise Unavailable(f"{compiler[0]} cannot compile the guest kernel: {said[0]}")
    if not path.is_file() or not path.read_bytes().startswith(b"\x7fELF"):
        raise Unavailable(f"{compiler[0]}: no guest kernel came of it")


def _compiler(processor: str) -> list[str]:
    """Return the command that compiles for a processor: ``$CC`` if it is the machine's own."""
    own = platform.machine() == processor
    command = (
        (os.environ.get("CC", "").split() or ["cc"]) if own else [f"{processor}-linux-gnu-gcc"]
    )
    if shutil.which(command[0]) is None:
        raise Unavailable(f"{command[0]}: no such C compiler, and the guest kernel needs one")
    return command


def _loaded(elf: bytes) -> bytes:
    """Return what an ELF file has of its first segment, which is all that is loaded."""
    if elf[4] == _WIDE:
        (at,) = struct.unpack_from("<Q", elf, 32)
        offset, size = struct.unpack_from("<8xQ16xQ", elf, at)
    else:
        (at,) = struct.unpack_from("<I", elf, 28)
        offset, size = struct.unpack_from("<4xI8xI", elf, at)
    return elf[offset : offset + size]
