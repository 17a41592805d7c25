# SPDX-License-Identifier: MIT
"""What all tests share: a directory for the session, and the summary of the oracles.

Tests that hold xengnt against a C compiler note what they covered with the fixture
`coverage`; the summary adds it up, also over the workers of pytest-xdist.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import oracle
import pytest
import rig_library

ASKED = "xengnt-oracle-asked"
COVERED = "xengnt-oracle-covered"
LIVE, OUTCOMES = "xengnt-live", "xengnt-outcomes"


def pytest_configure() -> None:
    """Let commands that tests run heed interrupts, also where a shell has us in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory for the whole session, where compilers write as well."""
    folder = tmp_path_factory.mktemp("xengnt")
    oracle.work_in(folder)
    return folder


@pytest.fixture(scope="session")
def distribution(scratch: Path) -> oracle.Source:
    """Return libxen-dev's header, or skip."""
    return oracle.distribution(scratch)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a rig that has been built, or skip."""
    return rig_library.shared(tmp_path_factory)


@pytest.fixture
def coverage(record_property: Callable[[str, object], None]) -> oracle.Coverage:
    """Return a function that notes, for the summary, what a test asks and then covers."""

    def note(source: str, kind: str, facts: int | None = None, absent: Iterable[str] = ()) -> None:
        if facts is None:
            record_property(ASKED, [source, kind])
        else:
            record_property(COVERED, [source, kind, facts, sorted(absent)])

    return note


@pytest.fixture
def on_xen(record_property: Callable[[str, object], None]) -> Callable[[str, int, str], None]:
    """Return a function that notes, for the summary, how much of what real Xen confirmed."""

    def note(what: str, number: int, version: str) -> None:
        record_property(LIVE, [what, number, version])

    return note


@pytest.fixture(autouse=True)
def rest(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a machine that a test had stand still while others are tested."""
    found = request.getfixturevalue("machines") if "machines" in request.fixturenames else None
    yield
    if found:
        found.rest()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each oracle covered."""
    _live_summary(terminalreporter)
    asked: dict[tuple[str, str], int] = {}
    covered: dict[tuple[str, str], list[int]] = {}
    absent: dict[str, set[str]] = {}
    for name, value in _noted(terminalreporter):
        source, kind, *rest = value
        if name == ASKED:
            asked[source, kind] = asked.get((source, kind), 0) + 1
        elif name == COVERED:
            facts, missing = rest
            covered.setdefault((source, kind), []).append(facts)
            absent.setdefault(source, set()).update(missing)
    if not asked:
        return
    terminalreporter.section("what compilers confirm")
    order = sorted(asked, key=lambda key: -sum(covered.get(key, [])))
    for kind in sorted({kind for _, kind in asked}):
        parts = []
        for source, other in order:
            if other == kind:
                rows = covered.get((source, kind), [])
                total = asked[source, kind]
                parts.append(f"{source} {len(rows)}/{total} combinations, {sum(rows):,} facts")
        terminalreporter.write_line(f"{kind}: {'; '.join(parts)}")
    for source, names in sorted(absent.items()):
        if names:
            terminalreporter.write_line(f"not in {source}: {', '.join(sorted(names))}")


def _live_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what real Xen confirmed."""
    found: dict[tuple[str, str], int] = {}
    for name, value in _noted(terminalreporter):
        if name == LIVE:
            what, number, version = value
            found[what, version] = found.get((what, version), 0) + number
    if found:
        terminalreporter.section("what real Xen confirms")
    for (what, version), number in sorted(found.items()):
        terminalreporter.write_line(f"Xen {version}: {number:,} {what}")
    for name, value in _noted(terminalreporter):
        if name == OUTCOMES:
            terminalreporter.write_line(f"random calls, {value[0]}: {value[1]}")


def _noted(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, list[Any]]]:
    """Give what tests noted for the summary, those that were skipped or failed included."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, value in report.user_properties:
                    if name in (ASKED, COVERED, LIVE, OUTCOMES):
                        yield name, value
