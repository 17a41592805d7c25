# SPDX-License-Identifier: MIT
"""Record the cases from real Xen, which is booted under QEMU.

    python tests/cases/record.py [-o FOLDER]

Writes a file for each op, what Xen printed while it booted, and whose work that was: the
package of Xen and the hash of each file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import calls
import copying
import mapping
import tables

from xengnt.conformance.record import record
from xengnt.conformance.suite import seal
from xengnt.live.packages import package
from xengnt.live.world import LiveWorld, Machines
from xengnt.scenario import Scenario

if TYPE_CHECKING:
    from cases import Case

SUITE = Path(__file__).parent.parent / "conformance"
KINDS = (mapping, tables, copying, calls)


def cases() -> Iterator[tuple[str, Case]]:
    """Give all cases by name."""
    for module in KINDS:
        for family in module.ALL:
            yield from family()


def scenario(name: str, case: Case, xen_version: str | None = None) -> Scenario:
    """Return a case as a scenario that nothing is expected of."""
    head = {"scenario": 1, "abi": case.steps[0]["abi"], "title": name}
    head |= {"xen_version": xen_version} if xen_version else {}
    head |= {"xen": case.choices} if case.choices else {}
    return Scenario.parse([json.dumps(line) for line in (head, *case.steps)], name)


def main() -> None:
    """Record all cases."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-o", "--output", type=Path, default=SUITE, metavar="FOLDER")
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[str]] = {}
    count = 0
    with closing(Machines()) as machines:
        for name, case in cases():
            played = scenario(name, case)
            lines = list(record(played, LiveWorld(machines, **played.xen)))
            head = scenario(name, case, machines.release).text().splitlines()[0]
            files.setdefault(name.split("/")[0], []).extend(
                [head, *(json.dumps(line) for line in lines)]
            )
            count += 1
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{count} {name:70}")
        for old in folder.glob("*.jsonl"):
            old.unlink()
        for op, text in files.items():
            (folder / f"{op}.jsonl").write_text("\n".join(text) + "\n")
        (folder / "boot.log").write_text(machines.log or "")
        seal(folder, package(), machines.xen_version or "")
    sys.stdout.write(f"{count} cases recorded on Xen {machines.xen_version}, {package()}\n")


if __name__ == "__main__":
    main()
