# SPDX-License-Identifier: MIT
"""The backends that commands play on, by the words for them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xengnt.backends.base import Backend
    from xengnt.scenario import Scenario, World

HELP = """\
  model              the model of Xen that is part of this package
  lib:PATH[:SYMBOL]  a C function int f(unsigned cmd, void *uop, unsigned count) in a
                     shared library, HYPERVISOR_grant_table_op by default; it has domains
                     if the library has the control part of <xengnt/rig.h>
  qemu-xen           real Xen, booted under QEMU; `xengnt live setup` fetches it
  xen                the Xen that this machine runs on, through libxencall; only query_size
                     and get_version, unless `xengnt run` is given --unsafe
"""

Play = Callable[["Scenario"], "Backend | World"]
"""Gives what a scenario is played on."""


def argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which."""
    parser.add_argument("--backend", default="model", metavar="BACKEND", help="(default: model)")


@contextmanager
def opened(wanted: str, *, unsafe: bool = False) -> Iterator[Play]:
    """Give what scenarios are played on, one after the other.

    Args:
        wanted: the words for it.
        unsafe: whether the Xen that this machine runs on takes every op.

    Raises:
        InvalidValue: there is no such backend.
        Unavailable: it is not to be had here.
    """
    from xengnt.errors import InvalidValue

    if unsafe and wanted != "xen":
        raise InvalidValue("--unsafe is for --backend xen")
    kind, _, rest = wanted.partition(":")
    if kind == "lib" and rest:
        from xengnt.foreign.world import Foreign

        path, _, symbol = rest.partition(":")
        yield Foreign(path, symbol)
    elif wanted == "model":
        from xengnt.model.world import ModelWorld

        yield lambda case: ModelWorld(case.xen_version, **case.xen)
    elif wanted == "qemu-xen":
        from xengnt.live.world import LiveWorld, Machines

        with closing(Machines()) as machines:
            yield lambda case: LiveWorld(machines, **case.xen)
    elif wanted == "xen":
        from xengnt.backends.xencall import XenCall

        yield lambda case: XenCall(unsafe=unsafe, interface_version=case.abi.interface_version)
    else:
        known = "model, lib:PATH[:SYMBOL], qemu-xen or xen"
        raise InvalidValue(f"--backend: expected {known}, got {wanted!r}")
