# SPDX-License-Identifier: MIT
"""An assertion that somebody's structs are laid out as Xen's, or as somebody else's.

Imports ``xengnt.abi``, ``xengnt.check``, ``xengnt.findings``, ``xengnt.mapping``; the report
is the command's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xengnt.abi.targets import Target
from xengnt.check import check
from xengnt.codec import Abi
from xengnt.findings import ERROR, count
from xengnt.mapping import Mapping as Names
from xengnt.mapping import load_mapping


def assert_same_layout(
    source: object,
    reference: object = None,
    *,
    abi: str | Abi | Sequence[str] = (),
    interface_version: str | int | None = None,
    names: Mapping[str, str] | str | Path | None = None,
    only: str | Sequence[str] = (),
    require_all: bool = False,
    include: str | Path | Sequence[str | Path] = (),
    defines: str | Sequence[str] = (),
) -> None:
    """Fail if structs or constants are not as the ABI has them; see ``xengnt check``.

    Args:
        source: as text or path a file: a C header, an object, a vmlinux, layout JSON, or
            ``py:FILE``. Anything else is what is there in Python: a structure of ctypes, an
            ``ffi``, a module with such, a mapping of names to structures or numpy dtypes.
        reference: another source to hold it against, instead of the ABI.
        abi: for which one, or which; ``all`` for all six. By default the source's own or,
            where it states none, this machine's.
        interface_version: by default the newest that the source takes.
        names: which of their structs is which of ours; or a mapping file, which says more.
        only: patterns of what is to be compared; by default all that both have.
        require_all: whether what is missing is wrong.
        include: for a header, where to search for what it includes.
        defines: for a header, macros to define.

    Raises:
        AssertionError: something differs, with a picture of both layouts.
        XengntError: there is nothing to compare, or it cannot be read.
    """
    __tracebackhide__ = True
    abis: list[str | Target] = []
    versions = [] if interface_version is None else [interface_version]
    if isinstance(abi, Abi):
        abis, versions = [abi.target], versions or [abi.interface_version]
    else:
        abis += [abi] if isinstance(abi, str) else abi
    report = check(
        source,
        against=reference,
        abis=abis,
        versions=versions,
        include=[include] if isinstance(include, str | Path) else include,
        defines=[defines] if isinstance(defines, str) else defines,
        mapping=_mapping(names),
        require_all=require_all,
        only=[only] if isinstance(only, str) else only,
    )
    errors = count({(f.where, f.message): f for f in report.findings}.values())[ERROR]
    if errors:
        from xengnt.cli.render_report import wrong

        many = f"{errors} error{'s' * (errors != 1)}"
        raise AssertionError(
            f"{report.source} is not laid out as {report.reference}: {many}\n\n{wrong(report)}"
        )


def _mapping(names: Mapping[str, str] | str | Path | None) -> Names | None:
    if isinstance(names, str | Path):
        return load_mapping(names)
    return Names(structs=dict(names), path="names") if names else None
