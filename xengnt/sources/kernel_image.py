# SPDX-License-Identifier: MIT
"""Unpack kernel images as they are booted: ``vmlinuz`` in its several forms.

`unpack` takes off one layer: a boot header around a compressed kernel, or a
compression. What is left in the end is an ELF file or, on Arm and RISC-V, a `flat`
image, which is the kernel as it lies in memory.

Imports ``xengnt.errors``, ``xengnt.abi``.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from xengnt.abi.targets import TARGETS, Target
from xengnt.errors import SourceError, Unavailable

LIMIT = 1 << 30
"""What unpacks to more bytes than this is refused."""

_PIECE = 1 << 14  # what little can become a lot is taken in little pieces
_MEMORY = 1 << 28

_FLAT = {b"ARM\x64": "arm64", b"RSC\x05": "riscv64"}
_FLAT_AT = 0x38


def known(start: memoryview) -> bool:
    """Tell from how a file begins whether it is for this module."""
    return bool(_bzimage(start) or _zboot(start) or _method(start) or flat(start))


def flat(data: memoryview) -> Target | None:
    """Return the ABI of a kernel that lies here as it will in memory, None if there is none."""
    abi = _FLAT.get(bytes(data[_FLAT_AT : _FLAT_AT + 4]))
    return TARGETS[abi] if abi else None


def unpack(data: memoryview, name: str, limit: int = LIMIT) -> memoryview | None:
    """Return what is inside an image or a compressed file, None if this is neither.

    Args:
        data: the file.
        name: what errors call it.
        limit: how many bytes may come out.

    Raises:
        SourceError: it is damaged, compressed in an unknown way, or a bomb.
        Unavailable: it needs a decompressor that is not here.
    """
    payload = _payload(data, name)
    method = _method(data if payload is None else payload)
    if method is None:
        if payload is None:
            return None
        raise SourceError(f"{name}: a kernel image, compressed in a way that is not known here")
    return method(data if payload is None else payload, name, limit)


def _payload(data: memoryview, name: str) -> memoryview | None:
    """Return the compressed kernel in an image, None if this is no image."""
    if _bzimage(data):
        if _number(data, 0x206, 2) < 0x208:  # noqa: PLR2004 -- the boot protocol that has the payload
            raise SourceError(f"{name}: a kernel image from before Linux 2.6.26")
        sectors = data[0x1F1] or 4
        start = (sectors + 1) * 512 + _number(data, 0x248, 4)
        size = _number(data, 0x24C, 4)
    elif _zboot(data):
        start, size = _number(data, 8, 4), _number(data, 12, 4)
    else:
        return None
    if start + size > len(data):
        raise SourceError(f"{name}: a kernel image, cut off")
    return data[start : start + size]


def _bzimage(data: memoryview) -> bool:
    """Tell whether this is the image of an x86 kernel."""
    return bytes(data[0x1FE:0x200]) == b"\x55\xaa" and bytes(data[0x202:0x206]) == b"HdrS"


def _zboot(data: memoryview) -> bool:
    """Tell whether this is a kernel that EFI unpacks."""
    return bytes(data[:2]) == b"MZ" and bytes(data[4:8]) == b"zimg"


def _number(data: memoryview, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


_Method = Callable[[memoryview, str, int], memoryview]


def _method(data: memoryview) -> _Method | None:
    """Return what decompresses data that begins like this."""
    start = bytes(data[:6])
    for magic, method in _METHODS.items():
        if start.startswith(magic):
            return method
    return None


def _library(make: Callable[[], Any]) -> _Method:
    """Return a method that uses an incremental decompressor, as the standard library has them.

    What follows the compressed data is ignored: many images have its size there.
    """

    def method(data: memoryview, name: str, limit: int) -> memoryview:
        decompressor = make()
        out = bytearray()
        try:
            for start in range(0, len(data), _PIECE):
                piece = data[start : start + _PIECE]
                out += decompressor.decompress(piece, limit + 1 - len(out))
                if decompressor.eof or len(out) > limit:
                    break
        except Exception as error:  # noqa: BLE001 -- each library has an error of its own
            raise SourceError(f"{name}: cannot be decompressed: {error}") from None
        return _finished(out, name, limit, whole=decompressor.eof)

    return method


def _command(tool: str) -> _Method:
    """Return a method that uses a command.

    Commands complain of what follows the compressed data, such as its size.
    """

    def method(data: memoryview, name: str, limit: int) -> memoryview:
        command = shutil.which(tool)
        if command is None:
            raise Unavailable(f"{name}: decompressing it needs the command {tool}")
        out = bytearray()
        with tempfile.TemporaryFile() as source:
            source.write(data)
            source.seek(0)
            with subprocess.Popen(  # noqa: S603 -- a tool on the path, and nothing of the file
                [command, "-d", "-c"],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                while process.stdout and len(out) <= limit:
                    piece = process.stdout.read(_PIECE)
                    if not piece:
                        break
                    out += piece
                if len(out) > limit:
                    process.kill()
        size = int.from_bytes(data[-4:], "little")
        return _finished(out, name, limit, whole=process.returncode == 0 or len(out) == size)

    return method


def _finished(out: bytearray, name: str, limit: int, *, whole: bool) -> memoryview:
    if len(out) > limit:
        raise SourceError(f"{name}: more than {limit} bytes when decompressed")
    if not whole:
        raise SourceError(f"{name}: the compressed data is damaged or cut off")
    return memoryview(out)


def _zstd(data: memoryview, name: str, limit: int) -> memoryview:
    for module in ("compression.zstd", "backports.zstd"):  # of Python 3.14, and for those before
        with suppress(ImportError):
            make = importlib.import_module(module).ZstdDecompressor
            return _library(make)(data, name, limit)
    if shutil.which("zstd") is None:
        raise Unavailable(
            f"{name}: decompressing it needs pip install 'xengnt[zstd]', or the command zstd"
        )
    return _command("zstd")(data, name, limit)


_METHODS: dict[bytes, _Method] = {
    b"\x1f\x8b": _library(lambda: zlib.decompressobj(16 + zlib.MAX_WBITS)),
    b"\xfd7zXZ": _library(lambda: lzma.LZMADecompressor(memlimit=_MEMORY)),
    b"]\0\0": _library(lambda: lzma.LZMADecompressor(memlimit=_MEMORY)),
    b"BZh": _library(bz2.BZ2Decompressor),
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\x02\x21\x4c\x18": _command("lz4"),
    b"\x04\x22\x4d\x18": _command("lz4"),
    b"\x89LZO": _command("lzop"),
}
"""What decompresses, by how the compressed data begins."""
