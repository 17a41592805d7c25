# SPDX-License-Identifier: MIT
"""Somebody else's implementation, in a shared library, as what scenarios are played on.

``control`` is the functions of ``<xengnt/rig.h>``, ``domain`` and ``memory`` a domain made by
them, ``world`` what opens a library.
"""
