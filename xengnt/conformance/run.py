# SPDX-License-Identifier: MIT
"""Plays recorded cases, and tells which came out as recorded.

Imports ``xengnt.errors``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from xengnt.backends.base import Backend
from xengnt.conformance.apart import apart
from xengnt.errors import BackendError, Unavailable, XengntError
from xengnt.findings import ERROR, Finding
from xengnt.scenario import Call, Scenario, World, play
from xengnt.scenario.names import has_names
from xengnt.scenario.steps import MakeDomain

PASSED, DIFFERS, UNSUPPORTED = "passed", "differs", "unsupported"
VERDICTS = (PASSED, DIFFERS, UNSUPPORTED)

On = Callable[[Scenario], Backend | World]
"""Gives what a case is played on; it raises if that does not have what the case asks for."""

_LACKS = (-errno.ENOSYS, -errno.EOPNOTSUPP)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case.

    Attributes:
        case: the case.
        verdict: one of `VERDICTS`.
        findings: what differs.
        why: why it could not be played.
    """

    case: Scenario
    verdict: str
    findings: list[Finding] = field(default_factory=list)
    why: str = ""

    @property
    def op(self) -> str:
        """What it is about: an op, or ``call`` for what is none."""
        return self.case.title.partition("/")[0]


def run(cases: Sequence[Scenario], on: On, *, foreign: bool = False) -> Iterator[Verdict]:
    """Play cases, and give what came of each.

    Args:
        cases: the cases.
        on: what each is played on.
        foreign: whether that is somebody else's code, which is called in this process: then
            each case is played in a fork of it, and what is refused with ``-ENOSYS`` or
            ``-EOPNOTSUPP`` is not supported.

    Raises:
        XengntError: the foreign code cannot be opened.
    """
    if foreign:
        _try(cases, on)
    for case in cases:
        yield _foreign(case, on) if foreign else _own(case, on)


def _own(case: Scenario, on: On) -> Verdict:
    try:
        findings = [found for _, step in _steps(case, on) for found in step]
    except BackendError as error:
        return Verdict(case, DIFFERS, [Finding(ERROR, "crash", case.title, str(error))])
    except XengntError as error:
        return Verdict(case, UNSUPPORTED, why=str(error))
    return Verdict(case, DIFFERS if findings else PASSED, findings)


def _try(cases: Sequence[Scenario], on: On) -> None:
    """Raise if foreign code cannot be opened at all, which is no matter of a case."""
    try:
        list(apart(lambda: [on(case) is None for case in cases[:1]]))
    except BackendError as error:
        raise BackendError(f"when it was opened, {error}") from None


def _foreign(case: Scenario, on: On) -> Verdict:
    findings: list[Finding] = []
    where = case.title
    try:
        for where, step in apart(lambda: _steps(case, on)):  # noqa: B007 -- for when it ends
            findings += step
    except BackendError as error:
        findings.append(Finding(ERROR, "crash", where, f"{where}: {error}"))
        return Verdict(case, DIFFERS, findings)
    except XengntError as error:
        return Verdict(case, UNSUPPORTED, why=str(error))
    lacking = _lacking(case, findings[0]) if findings else None
    if lacking:  # what differs before it, differs
        return Verdict(case, UNSUPPORTED, why=lacking)
    return Verdict(case, DIFFERS if findings else PASSED, findings)


def _lacking(case: Scenario, found: Finding) -> str | None:
    """Say what it is that foreign code says not to have: an op, and not just any number."""
    if found.code != "expectation-rc" or found.element is None or found.got not in _LACKS:
        return None
    call = case.calls[found.element]
    codec = case.abi_of(call).codec_of(call.cmd)
    return f"the library has no {codec.name}" if codec else None


def _steps(case: Scenario, on: On) -> Iterator[tuple[str, list[Finding]]]:
    """Play a case, and give which step is next, and what was found until then."""
    world = on(case)
    if not isinstance(world, World):
        case = _without_domains(case, world)
    places = iter([*case.places, "at the end"])
    yield next(places), []
    for _, found in play(case, world):
        yield next(places), found


def _without_domains(case: Scenario, backend: Backend) -> Scenario:
    """Return a case for a bare function, which has no domains that it could be asked of.

    Raises:
        Unavailable: it needs domains.
    """
    domains = [step for step in case.steps if isinstance(step, MakeDomain)]
    rest = [
        (step, place)
        for step, place in zip(case.steps, case.places, strict=True)
        if not isinstance(step, MakeDomain)
    ]
    if domains and domains[0].abi != backend.abi:
        raise Unavailable(
            f"a caller of {domains[0].abi.name}, and this is a function of {backend.abi.name}"
        )
    if (
        case.xen
        or any(step.options.get("privileged") for step in domains)
        or not all(isinstance(step, Call) and _plain(step, domains) for step, _ in rest)
    ):
        raise Unavailable("a bare function has no domains, tables or pages to be played with")
    alone = Scenario(case.abi, title=case.title, xen_version=case.xen_version)
    for step, place in rest:
        if isinstance(step, Call):
            alone.add(replace(step, caller=None), place)
    return alone


def _plain(call: Call, domains: list[MakeDomain]) -> bool:
    """Tell whether a call is the first domain's, with nothing in it that only shows later."""
    first = domains[0].name if domains else None
    free = call.address is None and not has_names([call.args, call.results])
    return free and call.caller in (None, first)
