# SPDX-License-Identifier: MIT
"""Rows and columns to bytes and back.

``abi`` has the object that is asked, ``plan`` how a struct is packed, ``rows`` and
``decode`` the two directions, ``symbols`` the names of values, ``validate`` what a
blob means, ``dump`` each byte with its field, ``view`` a blob in place, ``interop``
the same for ctypes and numpy.
"""

from xengnt.codec.abi import Abi, Codec

__all__ = ["Abi", "Codec"]
