# SPDX-License-Identifier: MIT
"""What blobs are read from, and the pieces of whole structs that it is cut into.

A piece can be read wherever the file can: by another process, or by another machine
that has it under the same path. That of a pipe has its bytes with it.

Imports ``xengnt.errors`` and the codec.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import TextIOBase
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO, TypeAlias, Union, cast

from xengnt.codec import Codec
from xengnt.errors import InvalidValue, SourceError, printable

PIECE = 1 << 20
"""About as many bytes are a piece: what it becomes takes some dozen times that."""

MANY = 500
"""As many small pieces are one task at the most."""


@dataclass(frozen=True, slots=True)
class Source:
    """Something to read.

    Attributes:
        name: what it is called where it is shown.
        path: of a file, absolute.
        size: of a regular file; None for what has no size, as a pipe.
        stream: what is open already, None for a file.
        error: why it cannot be read, where that is known before.
    """

    name: str
    path: str = ""
    size: int | None = None
    stream: BinaryIO | None = field(default=None, compare=False)
    error: SourceError | None = None


Given: TypeAlias = Union[str, "os.PathLike[str]", BinaryIO, Source]
"""What is read: the path of a file or a folder, an open file, or what `sources` made of them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole structs of a source, which can be read alone.

    Attributes:
        source: the name of the source.
        first: the number of the first struct, counted through the source.
        start: the offset of its first byte in the source.
        size: its bytes.
        last: whether the source ends behind it.
        path: where it can be read.
        data: its bytes, if it cannot be read again.
        error: why there is nothing to read.
    """

    source: str
    first: int = 0
    start: int = 0
    size: int = 0
    last: bool = True
    path: str = ""
    data: bytes | None = field(default=None, repr=False)
    error: SourceError | None = None

    def read(self) -> bytes:
        """Return its bytes.

        Raises:
            SourceError: they cannot be read, or are not there any more.
        """
        if self.error is not None:
            raise self.error
        if self.data is not None:
            return self.data
        try:
            with Path(self.path).open("rb", buffering=0) as file:
                file.seek(self.start)
                data = read(file, self.size)
                end = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise _unreadable(self.source, error) from None
        if len(data) < self.size:
            raise SourceError(
                f"{self.source}: ends at byte {end}, and was longer before",
                offset=end,
                expected=self.start + self.size,
                got=end,
            )
        return data


def sources(given: Iterable[Given]) -> Iterator[Source]:
    """Give what there is to read, a folder being all files in it and below.

    They come in the order of their names, without those that begin with a dot. A file that
    cannot be read is a source with an error.

    Raises:
        InvalidValue: something that is none of these: a path as bytes, a stream of text.
    """
    if isinstance(given, str | os.PathLike | Source) or hasattr(given, "read"):
        given = [given]  # type: ignore[list-item]  # one alone, which somebody forgot to put in a list
    for one in given:
        if isinstance(one, Source):
            yield one
        elif isinstance(one, str | os.PathLike):
            yield from _files(os.fspath(one))
        elif isinstance(cast("object", one), TextIOBase) or not hasattr(one, "read"):
            kind = type(one).__name__
            raise InvalidValue(f"{kind} is neither a path nor a file of bytes", got=kind)
        else:
            yield Source(printable(str(getattr(one, "name", "a stream"))), stream=one)


def _files(path: str) -> Iterator[Source]:
    name = printable(path)
    try:
        if not path:
            yield Source(name, error=SourceError("'' is no name of a file"))
            return
        found = os.stat(path)  # noqa: PTH116 -- a Path takes as long as the rest for many files
    except (OSError, ValueError) as error:  # a name may also have a null byte
        yield Source(name, error=_unreadable(name, error))
        return
    if not S_ISDIR(found.st_mode):
        yield _file(name, path, found)
        return
    empty = True
    for source in _inside(path):
        empty = False
        yield source
    if empty:
        yield Source(name, error=SourceError(f"{name}: a folder without files"))


def _file(name: str, path: str, found: os.stat_result) -> Source:
    """Return a file; what says that it is empty, as some of the kernel's do, is read to its end."""
    size = found.st_size if S_ISREG(found.st_mode) else 0
    return Source(name, os.path.abspath(path), size or None)  # noqa: PTH100 -- a Path takes long


def _inside(folder: str) -> Iterator[Source]:
    """Give the files in a folder and below; no link to a folder is followed."""
    folders = [_listed(folder)]
    while folders:
        entry = next(folders[-1], None)
        if entry is None:
            folders.pop()
        elif isinstance(entry, Source):
            yield entry
        elif not entry.name.startswith("."):
            if entry.is_dir(follow_symlinks=False):
                folders.append(_listed(entry.path))
            else:
                yield from _entry(entry)


def _entry(entry: os.DirEntry[str]) -> Iterator[Source]:
    """Give a file that a folder has."""
    name = printable(entry.path)
    try:
        found = entry.stat()
    except OSError as error:
        yield Source(name, error=_unreadable(name, error))
        return
    if S_ISREG(found.st_mode):
        yield _file(name, entry.path, found)
    elif not S_ISDIR(found.st_mode):
        yield Source(name, error=SourceError(f"{name}: a pipe or a device: name it by itself"))


def _listed(folder: str) -> Iterator[os.DirEntry[str] | Source]:
    """Give what is in a folder by name, or that it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return iter(sorted(found, key=lambda entry: entry.name))
    except OSError as error:
        name = printable(folder)
        return iter([Source(name, error=_unreadable(name, error))])


def whole(codec: Codec, source: Source) -> SourceError | None:
    """Return why a source is known not to be whole structs, without reading it."""
    if source.error is None and source.size is not None:
        try:
            codec.decoder.whole(source.size)
        except InvalidValue as error:
            return _cut(source.name, error)
    return source.error


def pieces(codec: Codec, source: Source, size: int = PIECE) -> Iterator[Piece]:
    """Cut a source into pieces of about a size, at least one.

    What cannot be read, or is not a whole number of structs, has a last piece with the error.
    """
    step = max(size // codec.plan.struct.size, 1) * codec.plan.struct.size
    if error := whole(codec, source):
        yield Piece(source.name, error=error)
    elif source.size is None:
        yield from _streamed(codec, source, step)
    else:
        for start in range(0, source.size or 1, step):
            end = min(start + step, source.size)
            yield Piece(
                source.name,
                start // codec.plan.struct.size,
                start,
                end - start,
                end == source.size,
                source.path,
            )


def _streamed(codec: Codec, source: Source, step: int) -> Iterator[Piece]:
    """Read what has no size."""
    start = 0
    with ExitStack() as stack:
        try:
            stream = source.stream or stack.enter_context(Path(source.path).open("rb"))
            while True:
                data = read(stream, step)
                first = codec.decoder.whole(start + len(data)) - len(data) // codec.decoder.size
                last = len(data) < step
                yield Piece(source.name, first, start, len(data), last, data=data)
                if last:
                    return
                start += len(data)
        except (OSError, ValueError) as error:
            known = isinstance(error, InvalidValue)
            wrong = _cut(source.name, error) if known else _unreadable(source.name, error)
            yield Piece(source.name, start // codec.plan.struct.size, start, error=wrong)


def tasks(found: Iterable[Piece], size: int = PIECE) -> Iterator[tuple[Piece, ...]]:
    """Give small pieces together, so that each task is worth being sent somewhere."""
    task: list[Piece] = []
    room = size
    for piece in found:
        task.append(piece)
        room -= piece.size
        if room <= 0 or len(task) == MANY:
            yield tuple(task)
            task, room = [], size
    if task:
        yield tuple(task)


def read(file: BinaryIO, size: int) -> bytes:
    """Read as much as there is, however small the parts are that it comes in.

    Raises:
        SourceError: it does not wait for what is still to come.
    """
    parts = []
    while size and (data := file.read(size)) != b"":
        if data is None:
            raise SourceError("nothing is there yet to be read, and it does not wait for it")
        parts.append(data)
        size -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unreadable(name: str, error: Exception) -> SourceError:
    return SourceError(f"{name}: {getattr(error, 'strerror', None) or error}")


def _cut(name: str, error: Exception) -> SourceError:
    made = SourceError(f"{name}: {error}")
    made.__dict__.update(error.__dict__)  # where, expected and got
    return made
