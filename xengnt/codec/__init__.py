# SPDX-License-Identifier: MIT
"""Rows and columns to bytes and back.

``abi`` has the object that is asked, ``codec`` what it has for each struct, ``plan``
how that is packed; ``rows`` and ``columns`` go in, by way of ``values`` and ``packer``,
``decode`` comes out, ``buffers`` is where bytes are taken from. ``symbols`` has the names
of values, ``validate`` and ``rules`` what a blob means, ``dump`` each byte with its field,
``view`` a blob in place, ``interop`` the same for ctypes and numpy, ``lists`` where ops
are to fill them, ``strict_json`` batches as text.
"""

from xengnt.codec.abi import Abi
from xengnt.codec.codec import Codec

__all__ = ["Abi", "Codec"]
