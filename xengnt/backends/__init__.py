# SPDX-License-Identifier: MIT
"""What executes a batch. ``base`` says what a backend is, ``memory`` has memory for them."""

from xengnt.backends.base import Backend, Memory
from xengnt.backends.memory import OwnMemory, ProcessMemory
from xengnt.backends.native import CFunction, Library
from xengnt.backends.recorder import Recorder
from xengnt.backends.xencall import XenCall

__all__ = [
    "Backend",
    "CFunction",
    "Library",
    "Memory",
    "OwnMemory",
    "ProcessMemory",
    "Recorder",
    "XenCall",
]
