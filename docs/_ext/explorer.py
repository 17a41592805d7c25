# SPDX-License-Identifier: MIT
"""The page that `xengnt emit html` makes, as a part of the site: explorer/index.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xengnt import Abi
from xengnt.abi.targets import TARGETS
from xengnt.emit import emit

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def _write(app: Sphinx, error: Exception | None) -> None:
    """Write the page beside the others."""
    if error is None:
        folder = app.outdir / "explorer"
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text(emit("html", [Abi(name) for name in TARGETS]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect that to the end of a build."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True}
