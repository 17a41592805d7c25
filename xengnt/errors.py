# SPDX-License-Identifier: MIT
"""The errors that xengnt raises.

Each kind is also the built-in error that a Python user would catch. All carry
where they arose and what was the matter, as attributes, so that a program can
act on them: ``struct``, ``field``, ``element``, ``offset``, ``expected``,
``got``. What does not apply is None.

This module imports nothing.
"""

from __future__ import annotations


class XengntError(Exception):
    """The base of all errors of this package.

    Args:
        message: one line that says where and what.
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
        super().__init__(message)
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


class GrantError(XengntError, OSError):
    """A call, or an element of one, that failed.

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
        expected: object = None,
        got: object = None,
    ) -> None:
        super().__init__(
            message, struct=struct, field=field, element=element, expected=expected, got=got
        )
        self.op = op
        self.rc = rc
        self.status = status
