# SPDX-License-Identifier: MIT
"""Check whether headers, binaries and code have the grant-table interface as Xen has it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xengnt.cli import options

if TYPE_CHECKING:
    from xengnt.check import Report

HELP = "check somebody's header, binary or code against the ABI"
EPILOG = """\
A source is a C header, an ELF file with DWARF, BTF in any form (an object, a kernel
module, /sys/kernel/btf/vmlinux, a vmlinuz), Python code, or the JSON of xengnt layout.
Which of them a file is, is told from its contents; KIND:FILE says it, with KIND one of
header, elf, btf, json, and py, which runs the code.

Structs, fields, constants, pointed-to types and, where a header states it, which
struct goes with which command are compared, at the newest interface version that
both know. No cross compiler is needed. What the source lacks is a note; what it
has differently is an error, and the exit status is then 1.

examples:
  xengnt check /usr/include/xen/grant_table.h --abi all
  xengnt check mine.h -I include -D CONFIG_XEN
  xengnt check mine.h --abi arm32 --interface-version all
  xengnt check mine.h --map names.toml --require-all
  xengnt check build/grant.o /boot/vmlinuz /sys/kernel/btf/vmlinux
  xengnt check py:mine.py --abi x86_64
  xengnt check theirs/blkif.h --against /usr/include/xen/io/blkif.h
  xengnt check vmlinuz-new --against vmlinuz-old --only 'xen*'
  xengnt check mine.h --format json | jq '.findings[] | select(.severity == "error")'
  xengnt check mine.h --format expect > known.toml    # give reasons, then:
  xengnt check mine.h --expect known.toml --format sarif
"""

FORMATS = ("text", "json", "sarif", "junit", "expect")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="a file, or KIND:FILE")
    options.abi(parser, repeatable=True)
    parser.add_argument(
        "--interface-version",
        action="append",
        default=[],
        metavar="VERSION",
        help="0x0003020a, newest, undefined, or all for each side of every gate; "
        "repeatable (default: the newest that the header takes)",
    )
    parser.add_argument(
        "--against",
        metavar="SOURCE",
        help="hold it against this, whatever its structs, instead of against the ABI",
    )
    parser.add_argument(
        "-I",
        dest="include",
        action="append",
        default=[],
        metavar="DIR",
        help="search this directory for what a header includes; repeatable",
    )
    parser.add_argument(
        "-D",
        dest="define",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="define this macro; repeatable",
    )
    parser.add_argument(
        "--btf-base",
        metavar="KERNEL",
        help="of a kernel module with BTF, the kernel: vmlinux, vmlinuz or raw BTF",
    )
    parser.add_argument(
        "--map", metavar="FILE", help="which of their names mean what, and what to ignore (TOML)"
    )
    parser.add_argument(
        "--expect", metavar="FILE", help="the known differences, each with its reason (TOML)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="compare only what has this name in the reference, in which * stands for anything; "
        "repeatable",
    )
    parser.add_argument(
        "--require-all",
        action="store_true",
        help="count structs, types and constants that are not there as errors",
    )
    options.format_(parser, *FORMATS)


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.baseline import load_expected
    from xengnt.check import check, expect
    from xengnt.cli import render
    from xengnt.errors import XengntError
    from xengnt.findings import ERROR
    from xengnt.mapping import load_mapping

    mapping = load_mapping(wanted.map) if wanted.map else None
    expected = load_expected(wanted.expect) if wanted.expect else None
    reports: list[Report] = []
    unreadable = False
    for source in wanted.source:
        try:
            with render.progress(f"reading {Path(source).name}") as progress:
                report = check(
                    source,
                    against=wanted.against,
                    abis=wanted.abi,
                    versions=wanted.interface_version,
                    include=wanted.include,
                    defines=wanted.define,
                    mapping=mapping,
                    require_all=wanted.require_all,
                    only=wanted.only,
                    btf_base=wanted.btf_base,
                    progress=progress,
                )
            reports.append(report)
        except XengntError as error:
            print(f"xengnt: {error}", file=sys.stderr)
            unreadable = True
    if expected is not None:
        expect(reports, expected)
    if reports:
        _print(reports, wanted.format)
    if unreadable:
        return 2
    return int(any(f.severity == ERROR for report in reports for f in report.findings))


def _print(reports: Sequence[Report], form: str) -> None:
    from xengnt.baseline import skeleton
    from xengnt.cli import render_report, report_formats

    match form:
        case "text":
            render_report.text(reports)
        case "json":
            report_formats.as_json(reports)
        case "sarif":
            report_formats.sarif(reports)
        case "junit":
            report_formats.junit(reports)
        case _:
            print(skeleton(f for report in reports for f in report.findings), end="")
