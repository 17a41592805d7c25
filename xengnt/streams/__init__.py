# SPDX-License-Identifier: MIT
"""Blobs that are larger than memory, and many of them: in pieces, on as many cores as there are.

``pieces`` has the files and what they are cut into, ``work`` whoever executes the work
on the pieces, with the results in order. ``decoding`` and ``judging`` say what is done:
as ``text`` or as ``tables``, or as findings. ``encoding`` goes the other way, with the help
of ``incremental``, which reads JSON as it comes.
"""

from xengnt.streams.decoding import Decoded, decode
from xengnt.streams.encoding import encode
from xengnt.streams.judging import Judged, validate
from xengnt.streams.pieces import Piece, Source, sources
from xengnt.streams.work import cluster, in_order, processes

__all__ = [
    "Decoded",
    "Judged",
    "Piece",
    "Source",
    "cluster",
    "decode",
    "encode",
    "in_order",
    "processes",
    "sources",
    "validate",
]
