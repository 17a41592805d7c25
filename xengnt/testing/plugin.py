# SPDX-License-Identifier: MIT
"""The pytest plugin, which is loaded wherever xengnt is installed.

So it imports nothing of xengnt before a fixture is asked for. ``-p no:xengnt`` turns it off.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xengnt.backends.base import Backend
    from xengnt.codec import Abi
    from xengnt.model import Domain, Hypervisor
    from xengnt.testing.golden import Golden

BLESS = "--xengnt-bless"
_BLESSED = "xengnt-blessed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("xengnt").addoption(
        BLESS,
        action="store_true",
        help="write the golden blobs of tests anew, instead of comparing with them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to write golden blobs where they are what is checked."""
    if config.getoption(BLESS) and os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise pytest.UsageError(f"{BLESS}: not where CI is set: there golden blobs are compared")


@pytest.fixture(scope="session")
def assert_same_layout() -> Callable[..., None]:
    """Return `xengnt.testing.assert_same_layout`."""
    from xengnt.testing.layouts import assert_same_layout as function

    return function


@pytest.fixture(scope="session")
def assert_same_blob() -> Callable[..., None]:
    """Return `xengnt.testing.assert_same_blob`."""
    from xengnt.testing.blobs import assert_same_blob as function

    return function


@pytest.fixture
def xengnt_abi(request: pytest.FixtureRequest) -> Abi:
    """Return an ABI: this machine's, or the one of an indirect parameter, by name or itself."""
    from xengnt.codec import Abi

    one = getattr(request, "param", None)
    return Abi.native() if one is None else Abi(one) if isinstance(one, str) else one


@pytest.fixture
def xengnt_hypervisor() -> Hypervisor:
    """Return a model hypervisor; `xengnt_dom0` and `xengnt_guest` are its domains."""
    from xengnt.model import Hypervisor

    return Hypervisor()


@pytest.fixture
def xengnt_dom0(xengnt_hypervisor: Hypervisor, xengnt_abi: Abi) -> Domain:
    """Return a privileged domain of the hypervisor, number 0."""
    return xengnt_hypervisor.create_domain(abi=xengnt_abi, privileged=True, domid=0)


@pytest.fixture
def xengnt_guest(xengnt_hypervisor: Hypervisor, xengnt_abi: Abi) -> Domain:
    """Return a domain of the hypervisor without privilege, number 1."""
    return xengnt_hypervisor.create_domain(abi=xengnt_abi, domid=1)


@pytest.fixture
def xengnt_recorder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Backend], Backend]]:
    """Return a function that gives, of a backend, one that writes down what is called.

    When the test fails, its report says how to play the calls again.
    """
    from xengnt.testing.recording import Recordings

    def tell(path: Path) -> None:
        request.node.add_report_section("call", "xengnt recording", f"xengnt run {path}")

    recordings = Recordings(tmp_path_factory.mktemp("xengnt"), tell)
    yield recordings
    recordings.close()


@pytest.fixture
def xengnt_golden(request: pytest.FixtureRequest, xengnt_abi: Abi) -> Golden:
    """Return a function that compares a blob with the one in a file beside the test."""
    from xengnt.testing.golden import Golden

    node = request.node

    def note(path: Path) -> None:
        node.user_properties.append((_BLESSED, str(path)))  # which xdist passes on

    parts = node.nodeid.split("::")[1:] or [node.name]
    test = ".".join(parts).replace("[", ".").removesuffix("]")
    bless = note if request.config.getoption(BLESS) else None
    command = f"pytest {shlex.quote(node.nodeid)} {BLESS}"
    return Golden(Path(node.path), test, command, xengnt_abi, bless)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the golden blobs that were written."""
    if not terminalreporter.config.getoption(BLESS):
        return
    reports = [report for some in terminalreporter.stats.values() for report in some]
    written = {
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == _BLESSED
    }
    terminalreporter.section("golden blobs")
    for path in sorted(written):
        terminalreporter.write_line(f"written: {path}")
    terminalreporter.write_line(f"{len(written)} written")
