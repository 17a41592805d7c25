# SPDX-License-Identifier: MIT
"""The errors that xengnt raises.

Each kind is also the built-in error that a Python user would catch. All carry
where they arose and what was the matter, as attributes, so that a program can
act on them: ``struct``, ``field``, ``element``, ``offset``, ``expected``,
``got``. What does not apply is None.

This module imports nothing.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text on one line, with all that a terminal would act upon escaped."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


class XengntError(Exception):
    """The base of all errors of this package.

    Args:
        message: one line that says where and what; names in it may come from anywhere, so
            it is made `printable`.
        struct: the C tag of the struct concerned.
        field: the dotted path of the field concerned.
        element: the index of the array element concerned, from 0.
        offset: the offset of the byte concerned.
        expected: what would have been right.
        got: what was there.
    """

    def __init__(
        self,
        message: str,
        *,
        struct: str | None = None,
        field: str | None = None,
        element: int | None = None,
        offset: int | None = None,
        expected: object = None,
        got: object = None,
    ) -> None:
        super().__init__(printable(message))
        self.struct = struct
        self.field = field
        self.element = element
        self.offset = offset
        self.expected = expected
        self.got = got


class UnknownName(XengntError, LookupError):
    """A struct, field, constant, op or ABI that there is not."""


class InvalidValue(XengntError, ValueError):
    """A value of the right type that is not allowed."""


class SourceError(XengntError, ValueError):
    """Something that cannot be read: a header, a blob, a binary."""


class Refused(SourceError):
    """A header that stops with ``#error`` for this ABI or interface version."""


class Unavailable(XengntError, RuntimeError):
    """Something that this machine lacks: a compiler, an extra, the extension."""


class BackendError(XengntError, RuntimeError):
    """What executes the calls broke down: a machine that stopped, a guest that crashed."""


class InUse(XengntError, RuntimeError):
    """An entry that cannot be changed now, because the other side uses it."""


class TableFull(XengntError, RuntimeError):
    """A grant table without a free entry that does not grow either."""


class GrantError(XengntError, OSError):
    """A call, or an element of one, that failed.

    Its ``errno`` is that of the call, None where only an element failed.

    Attributes:
        op: the op.
        rc: the result of the call.
        status: that of the element, None where the whole call failed.
    """

    def __init__(
        self,
        message: str,
        *,
        op: str,
        rc: int,
        status: int | None = None,
        struct: str | None = None,
        field: str | None = None,
        element: int | None = None,
        offset: int | None = None,
        expected: object = None,
        got: object = None,
    ) -> None:
        super().__init__(
            message,
            struct=struct,
            field=field,
            element=element,
            offset=offset,
            expected=expected,
            got=got,
        )
        self.op = op
        self.rc = rc
        self.status = status
        self.errno = -rc if rc < 0 else None

    def __reduce__(self) -> tuple[object, ...]:
        return _grant_error, (type(self), str(self), self.op, self.rc), vars(self)


def _grant_error(kind: type[GrantError], message: str, op: str, rc: int) -> GrantError:
    """Make an error anew where it was sent to; its state follows."""
    return kind(message, op=op, rc=rc)
