# SPDX-License-Identifier: MIT
"""What the ABI is: pure data and arithmetic.

``targets`` has the six ABIs, ``declarations`` what the header declares,
``layout`` where each byte is, ``constants`` the enumerations. ``_generated`` is
written by ``build_ffi.py`` from ``include/xen``.
"""
