# SPDX-License-Identifier: MIT
"""The tree is clean for ruff and for mypy in strict mode, and what is derived is current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

CHECKS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "build_ffi": ["-W", "error", "build_ffi.py", "--check"],
}


@pytest.mark.parametrize("arguments", CHECKS.values(), ids=CHECKS)
def test_the_tree_is_clean(arguments: list[str]) -> None:
    """Would catch an untyped function, an unformatted line, or a derived file left behind."""
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_exception_to_the_rules_has_a_reason() -> None:
    """Would catch an ignored rule that nobody can judge any more."""
    files = [path for folder in ("xengnt", "tests") for path in (ROOT / folder).rglob("*.py")]
    for path in [*files, ROOT / "build_ffi.py", ROOT / "build_kernels.py"]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for marker in ("# noqa", "# type: ignore", "# fmt: skip"):
                if marker in line and path.name != "test_style.py":
                    _, _, rest = line.partition(marker)
                    reasoned = " -- " in rest or "  # " in rest or marker == "# fmt: skip"
                    assert reasoned, f"{path}:{number}: {line.strip()}"
