# SPDX-License-Identifier: MIT
"""For the tests of others: assertions, a pytest plugin, strategies for Hypothesis.

Under pytest none of it needs to be imported: `xengnt.testing.plugin` is loaded as a plugin,
and has fixtures. So this loads nothing before it is used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xengnt.testing import strategies
    from xengnt.testing.blobs import assert_same_blob
    from xengnt.testing.case import Case
    from xengnt.testing.layouts import assert_same_layout
    from xengnt.testing.samples import Sample
    from xengnt.testing.stage import Stage

_HOMES = {
    "Case": "case",
    "Sample": "samples",
    "Stage": "stage",
    "assert_same_blob": "blobs",
    "assert_same_layout": "layouts",
}

__all__ = [
    "Case",
    "Sample",
    "Stage",
    "assert_same_blob",
    "assert_same_layout",
    "strategies",
]


def __getattr__(name: str) -> object:
    """Fetch a name from the module that has it."""
    from importlib import import_module

    if name == "strategies":
        return import_module("xengnt.testing.strategies")
    if name in _HOMES:
        return getattr(import_module(f"xengnt.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'xengnt.testing' has no attribute {name!r}")
