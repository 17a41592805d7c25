# SPDX-License-Identifier: MIT
"""What is made when it is imported, as the stubs say it that type checkers read.

Signatures of the ops' methods and of errors, and the directive ``batches``.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

import xengnt.ops
from xengnt.errors import XengntError

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

STUB = Path(xengnt.ops.__file__).with_suffix(".pyi")

PRIVATE = {"_Column": "Column", "_Rows": "Rows"}
"""Names of the stub, as they are shown."""


@cache
def _classes() -> list[ast.ClassDef]:
    return [one for one in ast.parse(STUB.read_text()).body if isinstance(one, ast.ClassDef)]


@cache
def _methods() -> dict[str, tuple[str, str]]:
    """Return the parameters and the result of each op's method, by its name."""
    found = {}
    for method in _members(_classes()[0]):
        method.args.posonlyargs.pop(0)  # self
        arguments = ast.unparse(method.args)
        for private, shown in PRIVATE.items():
            arguments = arguments.replace(private, shown)
        found[method.name] = f"({arguments})", f"xengnt.ops.{_result(method)}"
    return found


def _members(one: ast.ClassDef) -> list[ast.FunctionDef]:
    return [member for member in one.body if isinstance(member, ast.FunctionDef)]


def _result(method: ast.FunctionDef) -> str:
    return ast.unparse(method.returns) if method.returns else "None"


class Batches(SphinxDirective):
    """The classes of results, each with the fields of its op."""

    def run(self) -> list[nodes.Node]:
        """Make a description of each."""
        lines = []
        for one in _classes()[1:]:
            lines += ["", f".. py:class:: xengnt.ops.{one.name}"]
            for member in _members(one):
                kind = _result(member).replace("Status", "xengnt.Status")
                lines += ["", f"   .. py:attribute:: {member.name}", f"      :type: {kind}"]
        return self.parse_text_to_nodes("\n".join(["```{eval-rst}", *lines, "```"]))


def _signature(
    _app: Sphinx, what: str, name: str, described: object, *_: object
) -> tuple[str, str | None] | None:
    """Return the signature in the stub, if there is one.

    Errors that are made as the one that they derive from have none.
    """
    if isinstance(described, type) and issubclass(described, XengntError):
        return None if "__init__" in vars(described) else ("", None)
    made = what == "method" and name.startswith("xengnt.Dispatcher.")
    return _methods().get(name.rpartition(".")[2]) if made else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect that to autodoc, and add the directive."""
    app.add_directive("batches", Batches)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True}
