# SPDX-License-Identifier: MIT
"""Find the lines of a Python file where names are defined: classes, assignments, fields.

Imports nothing of the package.
"""

from __future__ import annotations

import ast
import sys
import warnings
from pathlib import Path


class Places:
    """The places of definitions, in whatever files they are."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, str]] = {}

    def of(self, file: str, path: str) -> dict[str, str]:
        """Return the places of a name and of what is listed below it, by path from the name.

        Args:
            file: the file that defines it.
            path: the name there, ``Class.name`` where it is in a class.
        """
        if file not in self._files:
            self._files[file] = _places(file)
        found = self._files[file]
        start = f"{path}."
        below = {key.removeprefix(start): at for key, at in found.items() if key.startswith(start)}
        return {"": found[path], **below} if path in found else {}

    def of_class(self, cls: type) -> dict[str, str]:
        """Return the places of a class and its fields."""
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        return self.of(file, cls.__qualname__) if isinstance(file, str) else {}


def _places(file: str) -> dict[str, str]:
    """Return ``file:line`` by path, nothing for what is no Python source, or too deep."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(Path(file).read_bytes())
        lines: dict[str, int] = {}
        _block(tree.body, "", lines)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return {path: f"{file}:{line}" for path, line in lines.items()}


def _block(body: list[ast.stmt], start: str, lines: dict[str, int]) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            lines.setdefault(f"{start}{node.name}", node.lineno)
            _block(node.body, f"{start}{node.name}.", lines)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                _assignment(target, node.value, start, lines)
        else:  # what is defined in an if, a try or a with
            for part in ("body", "orelse", "finalbody"):
                inner = getattr(node, part, None)
                if isinstance(inner, list) and not isinstance(
                    node, ast.FunctionDef | ast.AsyncFunctionDef
                ):
                    _block(inner, start, lines)
            for handler in getattr(node, "handlers", ()):
                _block(handler.body, start, lines)


def _assignment(target: ast.expr, value: ast.expr, start: str, lines: dict[str, int]) -> None:
    match target:
        case ast.Name("_fields_"):
            _fields(value, start, lines)
        case ast.Attribute(ast.Name(cls), "_fields_"):
            _fields(value, f"{start}{cls}.", lines)
        case ast.Name(name):
            lines.setdefault(f"{start}{name}", target.lineno)
            _fields(value, f"{start}{name}.", lines)


def _fields(node: ast.AST, start: str, lines: dict[str, int]) -> None:
    """Take in the tuples that begin with a name: fields, of fields if they are nested."""
    match node:
        case ast.Tuple(elts=[ast.Constant(value=str() as name), *rest]):
            lines.setdefault(f"{start}{name}", node.lineno)
            for below in rest:
                _fields(below, f"{start}{name}.", lines)
        case _:
            for child in ast.iter_child_nodes(node):
                _fields(child, start, lines)
