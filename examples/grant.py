# SPDX-License-Identifier: MIT
"""The interface as somebody might type it with ctypes: xengnt check py:examples/grant.py."""

import ctypes


class GnttabSwapGrantRef(ctypes.Structure):
    """The argument of GNTTABOP_swap_grant_ref."""

    _fields_ = [
        ("ref_a", ctypes.c_uint32),
        ("ref_b", ctypes.c_uint32),
        ("status", ctypes.c_int16),
    ]


GNTST_OKAY = 0
GNTST_GENERAL_ERROR = -1
