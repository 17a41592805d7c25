# SPDX-License-Identifier: MIT
"""The shape of the package: which module may import which, and what an import costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "xengnt"

# Each layer may import itself and those that its row names, all the way down.
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "extension": {"errors"},
    "folder": {"errors"},
    "package": {"errors"},
    "findings": {"abi"},
    "abi": {"errors"},
    "codec": {"abi", "errors", "extension", "findings"},
    "batch": {"abi", "codec", "errors", "extension"},
    "ops": {"abi", "batch"},
    "scenario": {"abi", "codec", "errors", "findings", "backends"},
    "backends": {"abi", "codec", "errors", "extension", "scenario"},
    "dispatch": {"backends", "batch", "codec", "errors", "ops"},
    "guest": {"abi", "codec", "errors", "extension", "findings"},
    "model": {"abi", "backends", "codec", "errors", "extension", "guest", "scenario"},
    "conformance": {"abi", "backends", "codec", "errors", "findings", "scenario"},
    "foreign": {"abi", "backends", "codec", "dispatch", "errors", "guest", "package", "scenario"},
    "rig": {
        *("abi", "codec", "errors", "extension", "folder", "foreign", "model", "package"),
        "scenario",
    },
    "live": {"abi", "backends", "codec", "dispatch", "errors", "guest", "scenario"},
    "sources": {"abi", "errors"},
    "streams": {"abi", "codec", "errors", "findings"},
    "baseline": {"errors", "findings", "mapping"},
    "mapping": {"errors"},
    "match": {"abi"},
    "shift": {"abi"},
    "compare": {"abi", "findings", "match", "shift"},
    "emit": {"abi", "codec", "errors", "mapping", "match", "scenario"},
    "explain": {"abi", "errors"},
    "check": {"abi", "baseline", "compare", "errors", "findings", "mapping", "match", "sources"},
    "testing": {
        *("abi", "backends", "check", "cli", "codec", "dispatch", "errors", "findings", "folder"),
        *("mapping", "model", "rig", "scenario"),
    },
    "selfcheck": {"abi", "sources", "compare", "findings", "errors", "extension"},
}
ON_TOP = {"cli", "__init__", "__main__"}
"""These may import anything."""

LAZY = ("xengnt", "xengnt.testing")
"""The packages that fetch each name from its module when it is used."""

HEAVY = {
    "numpy",
    "pycparser",
    "typing",
    "dataclasses",
    "rich",
    "cffi",
    "elftools",
    "enum",
    "pyarrow",
    "distributed",
}


def _layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    """Return the full names of the modules of the package that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "xengnt"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_point_one_way(path: Path) -> None:
    """Would catch a lower layer that reaches up, and a new module that is in no layer."""
    layer = _layer(path)
    if layer in ON_TOP:
        return
    assert layer in LAYERS, f"{layer} is in no layer: name what it may import"
    used = {name.split(".")[1] for name in _imports(path) if name.count(".")}
    assert used <= LAYERS[layer] | {layer}


def test_rich_is_for_the_command_only() -> None:
    """Would catch a library module that drags the terminal in."""
    users = {
        str(path.relative_to(PACKAGE).parent)
        for path in PACKAGE.rglob("*.py")
        if "from rich" in path.read_text() or "import rich" in path.read_text()
    }
    assert users == {"cli"}


def _loaded(statement: str) -> set[str]:
    """Return the modules that a statement loads on top of a bare interpreter."""
    script = (
        f"import sys; sys.path[:0] = {[str(ROOT), *sys.path]!r}; before = set(sys.modules); "
        f"{statement}; after = set(sys.modules) - before; "
        "import json; print(json.dumps(sorted(after)))"
    )
    output = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(json.loads(output))


def test_importing_the_package_loads_next_to_nothing() -> None:
    """Would catch an import at the top level that every user then pays for."""
    loaded = _loaded("import xengnt")
    assert "xengnt" in loaded
    assert not {name.split(".")[0] for name in loaded} & HEAVY
    assert {name for name in loaded if name.startswith("xengnt")} == {"xengnt"}


def test_the_layouts_need_no_parser_and_no_terminal() -> None:
    """Would catch a way from the layouts to pycparser, rich or numpy."""
    loaded = _loaded("import xengnt; xengnt.Abi('x86_32').struct('copy')")
    assert not loaded & {"numpy", "pycparser", "rich", "cffi"}


@pytest.mark.parametrize("name", LAZY)
def test_every_public_name_is_there(name: str) -> None:
    """Would catch a name in the lazy table that its module does not have."""
    package = import_module(name)
    for one in package.__all__:
        assert getattr(package, one) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(package, "nothing")  # noqa: B009 -- type checkers know that it is not there


@pytest.mark.parametrize("name", LAZY)
def test_type_checkers_see_the_same_names(name: str) -> None:
    """Would catch a name that is there for one of Python and type checkers, and not for both.

    Where they are strict, they believe only what ``__all__`` says in plain words.
    """
    package = import_module(name)
    tree = ast.parse(Path(package.__file__ or "").read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {a.name for n in guarded.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert seen == set(package.__all__)
    [listed] = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert listed == package.__all__


def test_every_package_is_shipped() -> None:
    """Would catch a folder of modules that a wheel leaves out."""
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")
    }
    assert set(shipped) - {"xengnt.include", "xengnt.conformance.vectors"} == folders


def test_every_file_names_its_licence() -> None:
    """Would catch a source file without an SPDX line."""
    files = [
        path
        for folder in ("xengnt", "include", "native", "tests", "examples", "benchmarks")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".pyi", ".h", ".c", ".sh") and path.name != "ffi.c"
    ]
    assert files
    for path in [*files, ROOT / "build_ffi.py", ROOT / "build_kernels.py"]:
        first_lines = path.read_text().splitlines()[:2]
        assert any("SPDX-License-Identifier: MIT" in line for line in first_lines), path
