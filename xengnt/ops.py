# SPDX-License-Identifier: MIT
"""The ops as methods, and their results, one of each for each command of the header.

``ops.pyi`` beside this file shows them to type checkers and editors, with the
fields of each; ``build_ffi.py`` writes it.

Imports ``xengnt.abi.declarations`` and ``xengnt.batch`` only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xengnt.abi.declarations import header, result_class
from xengnt.batch import Batch


class Ops:
    """What has a method for each op, made of the general form `call`."""


BATCHES: dict[str, type[Batch]] = {}
"""The classes of the results, by op."""


def _method(op: str, doc: str) -> Callable[..., Any]:
    def method(self: Any, rows: object = None, /, **columns: object) -> Any:
        return self.call(op, rows, **columns)

    method.__name__ = op
    method.__qualname__ = f"Ops.{op}"
    method.__doc__ = doc
    return method


def _add_ops() -> None:
    declared = header().at("x86_64")
    commands = declared.commands()
    for member in commands.members if commands else ():
        op = commands.short(member) if commands else ""
        doc = declared.aggregates[(commands and commands.struct(member)) or ""].doc
        setattr(Ops, op, _method(op, doc))
        name = result_class(op)
        globals()[name] = BATCHES[op] = type(name, (Batch,), {"__module__": __name__})


_add_ops()
