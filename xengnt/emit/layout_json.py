# SPDX-License-Identifier: MIT
"""Layout JSON: what ``xengnt layout --format json`` writes, and ``xengnt check`` reads.

Imports the modules beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xengnt.emit.selection import Selection

if TYPE_CHECKING:
    from xengnt.emit import Options


def text(selections: Sequence[Selection], _command: str, _: Options) -> str:
    """Return the layout of one ABI, or an array of several."""
    documents = [_document(selection) for selection in selections]
    return json.dumps(documents[0] if len(documents) == 1 else documents, indent=2) + "\n"


def _document(selection: Selection) -> dict[str, object]:
    """Return all that is known of an ABI, with the structs alone that were asked for."""
    document = selection.abi.layout.as_json()
    structs = document["structs"]
    if selection.asked and isinstance(structs, dict):
        document["structs"] = {tag: structs[tag] for tag in selection.asked if tag in structs}
    return document
