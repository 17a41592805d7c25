# SPDX-License-Identifier: MIT
"""Options that several commands share."""

from __future__ import annotations

import argparse

from xengnt.abi.targets import TARGETS


def abi(parser: argparse.ArgumentParser, *, repeatable: bool) -> None:
    """Add ``--abi``."""
    known = ", ".join(TARGETS)
    if repeatable:
        parser.add_argument(
            "--abi",
            action="append",
            default=[],
            metavar="ABI",
            help=f"one of {known}, or all; repeatable (default: this machine's)",
        )
    else:
        parser.add_argument("--abi", metavar="ABI", help=f"{known} (default: this machine's)")


def format_(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add ``--format``, the first being the default."""
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help=f"(default: {formats[0]})"
    )
