# SPDX-License-Identifier: MIT
"""What executes a batch. ``base`` says what a backend is; the others are one each."""

from xengnt.backends.base import Backend, Memory
from xengnt.backends.native import CFunction, Library, ProcessMemory
from xengnt.backends.recorder import Recorder

__all__ = ["Backend", "CFunction", "Library", "Memory", "ProcessMemory", "Recorder"]
