# SPDX-License-Identifier: MIT
"""The Xen grant-table ABI, exact to the byte, from Python and from C.

Importing this loads next to nothing: each name below is fetched from its module,
and each module loaded, when it is first used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xengnt import guest, model, scenario
    from xengnt.abi.constants import (
        CacheFlag,
        CopyFlag,
        Domid,
        EntryFlag,
        EntryType,
        MapFlag,
        Op,
        Status,
        TransferFlag,
    )
    from xengnt.backends import CFunction, Library, Recorder, XenCall
    from xengnt.codec import Abi
    from xengnt.dispatch import Dispatcher
    from xengnt.errors import (
        BackendError,
        GrantError,
        InUse,
        InvalidValue,
        Refused,
        SourceError,
        TableFull,
        Unavailable,
        UnknownName,
        XengntError,
    )
    from xengnt.package import get_include

_HOMES = {
    "xengnt.abi.constants": (
        "CacheFlag CopyFlag Domid EntryFlag EntryType MapFlag Op Status TransferFlag"
    ),
    "xengnt.backends": "CFunction Library Recorder XenCall",
    "xengnt.codec": "Abi",
    "xengnt.dispatch": "Dispatcher",
    "xengnt.errors": (
        "BackendError GrantError InUse InvalidValue Refused SourceError TableFull Unavailable "
        "UnknownName XengntError"
    ),
    "xengnt.package": "get_include",
}

_MODULES = ("guest", "model", "scenario")
"""Modules that are there without being imported by name."""

__all__ = [
    "Abi",
    "BackendError",
    "CFunction",
    "CacheFlag",
    "CopyFlag",
    "Dispatcher",
    "Domid",
    "EntryFlag",
    "EntryType",
    "GrantError",
    "InUse",
    "InvalidValue",
    "Library",
    "MapFlag",
    "Op",
    "Recorder",
    "Refused",
    "SourceError",
    "Status",
    "TableFull",
    "TransferFlag",
    "Unavailable",
    "UnknownName",
    "XenCall",
    "XengntError",
    "get_include",
    "guest",
    "model",
    "scenario",
]


def __getattr__(name: str) -> object:
    """Fetch a name from the module that has it."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"xengnt.{name}")
    for module, names in _HOMES.items():
        if name in names.split():
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'xengnt' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
