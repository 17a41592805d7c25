# SPDX-License-Identifier: MIT
"""What docs/live.md shows of Python works as printed; its commands are in test_live.py."""

from __future__ import annotations

import contextlib
import io
import re

import live_xen
import pytest
from oracle import ROOT

GUIDE = (ROOT / "docs" / "live.md").read_text()


@pytest.fixture(scope="module")
def there() -> None:
    """Skip where there is no real Xen."""
    with contextlib.contextmanager(live_xen.machines)():
        """It can be had."""


@pytest.mark.usefixtures("there")
def test_python_blocks_print_what_they_say() -> None:
    """Would catch an example that fails, or prints something else than its comment."""
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert blocks
    for text in blocks:
        expected = re.findall(r"#\s+(.*)$", text, re.MULTILINE)
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(text, "live.md", "exec"), {})  # noqa: S102 -- our own documentation
        assert output.getvalue().splitlines() == expected


def test_links_lead_somewhere() -> None:
    """Would catch a file that has moved away."""
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
