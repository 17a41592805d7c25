# SPDX-License-Identifier: MIT
"""Compiles the guest kernels, which are shipped as sources.

Imports ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
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
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fcf-protection=none"),
    *("-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,-z,max-page-size=0x1000"),
]
_KINDS = {
    "pv": ["-m64", "-mcmodel=kernel", "-mno-red-zone", "-mgeneral-regs-only"],
    "pvh": ["-m32", "-mgeneral-regs-only", "-Wl,-m,elf_i386"],
}


@dataclass(frozen=True, slots=True)
class Image:
    """A kernel, as `places` says it is in memory.

    Attributes:
        elf: the file for a boot loader.
        data: its bytes, without those that are 0 at the end.
    """

    elf: Path
    data: bytes


@cache
def image(kind: str) -> Image:
    """Return the kernel of a kind of guest, ``pv`` or ``pvh``, compiled if it was not yet.

    Raises:
        Unavailable: there is no C compiler, or it cannot do it.
    """
    sources = sorted(path for path in SOURCES.iterdir() if path.is_file())
    text = b"".join(path.read_bytes() for path in sources)
    digest = hashlib.sha256(text + repr((_FLAGS, _KINDS)).encode()).hexdigest()[:16]
    elf = cache_folder() / f"kernel-{kind}-{digest}.elf"
    flat = elf.with_suffix(".bin")
    if not elf.exists():
        _compile(kind, flat, "-Wl,--oformat=binary")
        _compile(kind, elf)
    return Image(elf, flat.read_bytes())


def _compile(kind: str, path: Path, *options: str) -> None:
    compiler = os.environ.get("CC", "cc").split()
    if shutil.which(compiler[0]) is None:
        raise Unavailable(f"{compiler[0]}: no such C compiler, and the guest kernel needs one")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / "kernel"
        parts = [str(SOURCES / f"{kind}.S"), str(SOURCES / "kernel.c")]
        script = f"-Wl,-T,{SOURCES / f'{kind}.ld'}"
        command = [*compiler, *_FLAGS, *_KINDS[kind], script, *options, "-o", str(made), *parts]
        done = subprocess.run(  # noqa: S603 -- the user's own compiler, on our sources
            command, check=False, capture_output=True, text=True
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise Unavailable(f"{compiler[0]} cannot compile the guest kernel: {said[0]}")
        made.rename(path)
