# SPDX-License-Identifier: MIT
"""A folder with seeds, and what a fuzzer and its author need beside them.

Imports ``xengnt.abi``, ``xengnt.codec``, ``xengnt.errors``, ``xengnt.folder``, ``xengnt.scenario``
and the modules beside it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xengnt.abi.targets import format_version
from xengnt.codec import Abi
from xengnt.errors import InvalidValue
from xengnt.folder import check_free, new_folder
from xengnt.scenario import Scenario
from xengnt.testing.case import WRONG
from xengnt.testing.cases import op_named
from xengnt.testing.corpus import dictionary, header
from xengnt.testing.corpus.numbers import CHOICES, DOMAINS, Numbers, corpus_stage, of_stage
from xengnt.testing.corpus.seeds import Seed, labels, seeds
from xengnt.testing.stage import setting

CALL, BLOB = "call", "blob"
FORMS = (CALL, BLOB)
"""What a seed is: the registers with the array, or the array alone."""

SEEDS, MANIFEST, DICTIONARY = "seeds", "manifest.jsonl", "grant_table.dict"
STAGE, NUMBERS, HEADER = "stage.jsonl", "stage.json", "seed.h"

MAX = 1_000_000
"""So many seeds at the most."""

Line = dict[str, Any]
Show = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted.

    Attributes:
        ops: of which ops.
        abi: for which ABI.
        count: how many, None for one of each label.
        seed: decides on those beyond that.
        form: one of `FORMS`.
        numbers: what names stand for, by default on the stage of the model.
    """

    ops: Sequence[str]
    abi: Abi
    count: int | None = None
    seed: int = 0
    form: str = CALL
    numbers: Numbers | None = None


def write(folder: Path, wish: Wish, show: Show | None = None) -> int:
    """Write a corpus into a new folder, or an empty one, and return how many seeds it has.

    Args:
        folder: where.
        wish: what is wanted.
        show: is told how many seeds are done, and of how many.

    Raises:
        InvalidValue: they are too few or too many, or there is something already.
        UnknownName: the ABI has no such op.
        SourceError: the folder cannot be written.
    """
    check_free(folder)
    if (wish.count or 0) > MAX:
        raise InvalidValue(f"{wish.count} seeds are too many: {MAX} at the most", got=wish.count)
    ops = [op_named(op, wish.abi) for op in wish.ops]
    numbers = wish.numbers or of_stage(wish.abi)
    registers = wish.form == CALL
    every = labels(ops, wish.abi, registers=registers)
    total = len(every) if wish.count is None else wish.count
    made = seeds(ops, wish.abi, total, wish.seed, numbers, registers=registers)
    with new_folder(folder) as work:
        (work / SEEDS).mkdir()
        if wish.form == BLOB:
            for op in ops:
                (work / SEEDS / op).mkdir()
        with (work / MANIFEST).open("w", encoding="utf-8", newline="\n") as manifest:
            manifest.write(_json(_head(wish, ops, total)))
            for index, seed in enumerate(made):
                manifest.write(_json(_write(work, index, total, seed, wish.form)))
                if show and index % 100 == 0:
                    show(index, total)
        _text(work / DICTIONARY, dictionary.text(ops, wish.abi, numbers))
        _text(work / HEADER, header.text(wish.abi, numbers))
        _text(work / NUMBERS, _tree(numbers))
        lines = map(json.dumps, setting(wish.abi, **CHOICES))
        _text(work / STAGE, Scenario.parse(lines, STAGE).text())
    return total


def _write(work: Path, index: int, total: int, seed: Seed, form: str) -> Line:
    """Write a seed, and return what the manifest says of it."""
    words = f"{index:0{len(str(total))}}-{_slug(seed.label.label)}"
    if form == CALL:
        name, data = f"{SEEDS}/{words.replace('-', f'-{seed.label.op}-', 1)}", seed.record
    else:
        name, data = f"{SEEDS}/{seed.label.op}/{words}", seed.array
    with open(os.path.join(work, name), "wb") as file:  # noqa: PTH118, PTH123 -- a third of the time
        file.write(data)
    call, label = seed.call, seed.label
    return {
        "file": name,
        "op": label.op,
        "label": label.label,
        "kind": label.kind,
        "way": seed.way,
        "elements": [case.label for case, _ in call.elements],
        "wrong": [n for n, (case, _) in enumerate(call.elements) if case.kind == WRONG],
        "cmd": call.cmd,
        "pointer": call.pointer,
        "count": call.count,
        "caller": call.caller,
        "rc": seed.rc,
        "statuses": [None if one is None else int(one) for one in seed.statuses],
    }


def _slug(label: str) -> str:
    """Return a label as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", label).strip("-")


def _head(wish: Wish, ops: Sequence[str], total: int) -> Line:
    """Return the first line of the manifest."""
    [scenario, *_] = setting(wish.abi, **CHOICES)
    return {
        "corpus": 1,
        "abi": wish.abi.name,
        "interface_version": format_version(wish.abi.interface_version),
        "xen_version": scenario["xen_version"],
        "form": wish.form,
        "ops": list(ops),
        "seed": wish.seed,
        "seeds": total,
        "callers": [one for one in DOMAINS if one in corpus_stage(wish.abi).domains],
    }


def _json(line: Line) -> str:
    return f"{json.dumps(line)}\n"


def _text(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _tree(numbers: Numbers) -> str:
    """Return numbers as JSON, a line for each list."""
    parts = []
    for name, tree in numbers.tree.items():
        if isinstance(tree, dict):
            inner = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in tree.items())
            parts.append(f"  {json.dumps(name)}: {{\n{inner}\n  }}")
        else:
            parts.append(f"  {json.dumps(name)}: {json.dumps(tree)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
