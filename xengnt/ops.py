# SPDX-License-Identifier: MIT
"""The ops as methods, and their results, one of each for each command of the header.

``ops.pyi`` beside this file shows them to type checkers and editors, with the
fields of each; ``build_ffi.py`` writes it.

Imports ``xengnt.abi.declarations`` and ``xengnt.batch`` only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from inspect import Parameter
from typing import Any

from xengnt.abi.declarations import header, result_class
from xengnt.batch import Batch


class Ops:
    """What has a method for each op, made of the general form `call`."""


BATCHES: dict[str, type[Batch]] = {}
"""The classes of the results, by op."""


def _method(op: str, doc: str, columns: Sequence[str]) -> Callable[..., Any]:
    def method(self: Any, rows: object = None, /, **columns: object) -> Any:
        return self.call(op, rows, **columns)

    method.__name__ = op
    method.__qualname__ = f"Ops.{op}"
    method.__doc__ = doc
    method.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # a function may have it
        [
            Parameter("self", Parameter.POSITIONAL_ONLY),
            Parameter("rows", Parameter.POSITIONAL_ONLY, default=None),
            *(Parameter(name, Parameter.KEYWORD_ONLY, default=...) for name in columns),
            Parameter("columns", Parameter.VAR_KEYWORD),
        ]
    )
    return method


def _add_ops() -> None:
    declared = header().at("x86_64")
    commands = declared.commands()
    for member in commands.members if commands else ():
        op = commands.short(member) if commands else ""
        struct = declared.aggregates[(commands and commands.struct(member)) or ""]
        columns = [one.name for one in struct.members if one.name and one.direction != "OUT"]
        setattr(Ops, op, _method(op, struct.doc, columns))
        name = result_class(op)
        globals()[name] = BATCHES[op] = type(name, (Batch,), {"__module__": __name__})


_add_ops()
