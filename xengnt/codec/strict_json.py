# SPDX-License-Identifier: MIT
"""JSON as batches and scenarios are written in it: no name twice in an object.

Imports ``xengnt.errors`` and the symbols.
"""

from __future__ import annotations

import json
from typing import Any

from xengnt.codec.symbols import shown
from xengnt.errors import SourceError


def loads(text: str) -> Any:
    """Return what a text says.

    Raises:
        SourceError: it is not JSON, or what nobody can have meant.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except SourceError:
        raise
    except ValueError as error:
        raise SourceError(f"not JSON: {error}") from None
    except RecursionError:
        raise SourceError("JSON nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SourceError(f"{shown(twice)} is given twice in one object", got=twice)
    return made


decoder = json.JSONDecoder(object_pairs_hook=_object)
"""What reads JSON; its errors are those of the module json, beside `SourceError`."""
