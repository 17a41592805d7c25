# SPDX-License-Identifier: MIT
"""What tests on real Xen need: a machine, or the reason why there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing

from oracle import need

from xengnt.errors import Unavailable, XengntError
from xengnt.live import packages
from xengnt.live.image import image
from xengnt.live.world import Machines

X86 = ("qemu-system-x86_64", "qemu-system-x86", "x86_64", ("pv", "pvh"))
ARM = ("qemu-system-aarch64", "qemu-system-arm", "arm64", ("arm",))


def machines(board: tuple[str, str, str, tuple[str, ...]] = X86) -> Iterator[Machines]:
    """Give what boots Xen, and switch it off in the end; skip if that cannot be."""
    program, package, architecture, kernels = board
    need(shutil.which(program), program, f"apt install {package}")
    why, found = "", None
    try:
        for kernel in kernels:
            image(kernel)
        try:
            found = packages.hypervisor(architecture)
        except Unavailable:
            found = packages.fetch(architecture)
    except XengntError as error:
        why = str(error)
    need(found, f"Xen for {architecture}, or a compiler for its guests", why)
    with closing(Machines()) as opened:
        yield opened
