# SPDX-License-Identifier: MIT
"""How ``xengnt run`` shows what happens: a line for each step, with reasons and verdicts."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.text import Text

from xengnt.cli import render
from xengnt.errors import printable
from xengnt.findings import ERROR
from xengnt.scenario import Call, Scenario
from xengnt.scenario.steps import STEPS

if TYPE_CHECKING:
    from rich.console import Console

    from xengnt.scenario.player import Played
    from xengnt.scenario.steps import Step

_TIMES = "\N{MULTIPLICATION SIGN}"

_SHOWN = 4
"""So many reasons of one call are listed."""

_LONG = 64
"""So many characters of a value are shown."""


def table(scenario: Scenario, played: Iterable[Played]) -> int:
    """Print each step as it is done, and return the exit status."""
    console = render.console()
    if scenario.title:
        console.print(Text(printable(scenario.title), style="bold"))
    steps = wrong = 0
    for asked, (step, findings) in zip(scenario.steps, played, strict=False):
        steps += 1
        wrong += len(findings)
        line = Text(" ✗ " if findings else " ✓ ", style="bold red" if findings else "green")
        said = step if isinstance(step, Call) else asked
        console.print(line.append_text(_shown(scenario, said)), soft_wrap=True)
        if isinstance(step, Call):
            _reasons(console, step)
        for finding in findings:
            console.print(Text("   ") + render.finding(finding), soft_wrap=True)
    calls = len(scenario.calls)
    words = f"{steps} steps, {calls} calls, {wrong} not as expected"
    console.print(Text(words, style="green" if not wrong else render.SEVERITIES[ERROR]))
    return int(wrong > 0)


def _shown(scenario: Scenario, step: Call | Step) -> Text:
    """Return a step on one line."""
    if isinstance(step, Call):
        made = Text(f"{step.caller or ''} ".lstrip(), style=render.DIM)
        made.append(step.op or f"command {step.cmd}", style="not bold default")
        made.append(f" {_TIMES} {step.count}", style="not bold default")
        if step.rc is not None:
            name = f" ({errno.errorcode[-step.rc]})" if -step.rc in errno.errorcode else ""
            made.append(f"  rc {step.rc}{name}", style="default" if step.rc >= 0 else "yellow")
        for word, number in _statuses(scenario, step):
            style = "green" if word == "okay" else "yellow"
            made.append(f"  {word}" + (f" {_TIMES} {number}" if number > 1 else ""), style=style)
        return made
    line = step.line
    key = next(verb for verb in STEPS if verb in line)
    words = [_value(line, name) for name in line if name != key]
    return Text("  ".join((_value(line, key), ", ".join(words))).rstrip(), style=render.DIM)


def _value(line: dict[str, Any], name: str) -> str:
    """Return a key and its value; of one that is true only the key."""
    if line[name] is True:
        return name
    text = printable(str(line[name]).lower() if line[name] is False else str(line[name]))
    return f"{name} {text if len(text) <= _LONG else f'{text[:_LONG]}…'}"


def _statuses(scenario: Scenario, call: Call) -> Iterator[tuple[str, int]]:
    """Give the statuses of a call and how often each occurs, in order of appearance.

    After a call that failed as a whole they are partly what was there before.
    """
    if call.op is None or not call.out or (call.rc or 0) < 0:
        return
    codec = scenario.abi_of(call).codec(call.op)
    if "status" not in codec.plan.slots:
        return
    view = codec.abi.view(call.op, codec.whole(call.out))
    symbols = codec.plan.slots["status"][1].symbols
    names = [(symbols.text(value) or str(value)) for value in view.column("status")]
    yield from Counter(name.removeprefix("GNTST_") for name in names).items()


def _reasons(console: Console, call: Call) -> None:
    for at, why in call.reasons[:_SHOWN]:
        where = "" if at is None else f"[{at}] "
        console.print(Text(f"     {where}{printable(why)}", style=render.DIM), soft_wrap=True)
    more = len(call.reasons) - _SHOWN
    if more > 0:
        console.print(Text(f"     and {more} more", style=render.DIM))
