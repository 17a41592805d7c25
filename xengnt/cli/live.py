# SPDX-License-Identifier: MIT
"""Real Xen under QEMU: fetch it, and look whether it boots."""

from __future__ import annotations

import argparse

HELP = "set up real Xen under QEMU"
EPILOG = """\
setup fetches the distribution's Xen into the folder in $XENGNT_LIVE, or into
~/.cache/xengnt; nothing is installed. It compiles our guest kernel with the C compiler in
$CC, and boots once. QEMU itself has to be installed: on Debian, qemu-system-x86 (and
qemu-system-arm for arm64).

examples:
  xengnt live setup
  xengnt live setup --architecture arm64
  xengnt run examples/scenarios/block.jsonl --backend qemu-xen
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("action", choices=["setup"], help="what to do")
    parser.add_argument(
        "--architecture", choices=["x86_64", "arm64"], default="x86_64", help="(default: x86_64)"
    )


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    import time

    from xengnt.live import packages
    from xengnt.live.machine import Boot, Machine

    path = packages.fetch(wanted.architecture)
    print(f"{packages.package(wanted.architecture)}: {path}")
    start = time.monotonic()
    machine = Machine(Boot("pv" if wanted.architecture == "x86_64" else "arm"))
    try:
        print(f"Xen {machine.xen_version} boots in {time.monotonic() - start:.1f} s")
    finally:
        machine.close()
    return 0
