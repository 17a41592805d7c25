# SPDX-License-Identifier: MIT
"""Rows and columns to bytes and back.

``abi`` has the object that is asked, ``codec`` what it has for each struct, ``plan``
how that is packed; ``rows`` and ``columns`` go in, by way of ``values`` and ``packer``,
``decode`` comes out, ``buffers`` is where bytes are taken from. Columns in ``memory`` are
bound to fields by ``binding`` for the ``kernels`` to run through, which are found by
``shape``; ``structured`` gives columns of arrays of structs, ``prepared`` keeps them bound,
``transcode`` has two ABIs. ``symbols`` has the names of values, ``validate`` and ``rules``
what a blob means, ``screen`` which elements need not be asked, ``dump`` each byte with its field,
``view`` a blob in place, ``interop`` the same for ctypes and numpy, ``lists`` where ops
are to fill them, ``strict_json`` batches as text.
"""

from xengnt.codec.abi import Abi
from xengnt.codec.codec import Codec

__all__ = ["Abi", "Codec"]
