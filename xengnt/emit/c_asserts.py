# SPDX-License-Identifier: MIT
"""A C header that stops the compiler, with a message, where somebody's structs differ.

For C++11 and C11 and newer, and for older C with a message only in the line that is shown.

Imports the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.abi.declarations import Constant
from xengnt.abi.targets import Target
from xengnt.emit.c import block, compiled_for, compiled_for_any, number, start
from xengnt.emit.facts import Fact, grouped
from xengnt.emit.selection import Selection

if TYPE_CHECKING:
    from xengnt.emit import Options

_NAMES = re.compile(r"[A-Za-z_:][\w:]*(\.\w+|\[\d+\])*", re.ASCII)
"""Of a struct, a type or a constant, also in C++; and the path of a field."""

_MACROS = """\
#if defined(__cplusplus) && defined(__GNUC__)
# pragma GCC diagnostic push
# pragma GCC diagnostic ignored "-Wold-style-cast"
# pragma GCC diagnostic ignored "-Wzero-as-null-pointer-constant"
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
# define XENGNT_ASSERT(holds, what) \\
    static_assert(holds, what " (Xen, " XENGNT_ABI ")")
#elif !defined(__cplusplus) && (defined(__GNUC__) || __STDC_VERSION__ >= 201112L)
# ifdef __GNUC__
#  define XENGNT_ASSERT(holds, what) \\
    __extension__ _Static_assert(holds, what " (Xen, " XENGNT_ABI ")")
# else
#  define XENGNT_ASSERT(holds, what) \\
    _Static_assert(holds, what " (Xen, " XENGNT_ABI ")")
# endif
#else
# define XENGNT_ASSERT(holds, what) extern char xengnt_assert[(holds) ? 1 : -1]
#endif

/* 1 is signed, 0 unsigned, 2 what is neither, such as an address, and 3 no whole number. */
#ifdef __cplusplus
# ifndef XENGNT_SIGN_OF
#  define XENGNT_SIGN_OF
extern "C++" {
@OVERLOADS@
char (&xengnt_sign_of(...))[3];
}
# endif
# define XENGNT_SIGN(of) (sizeof(xengnt_sign_of(of)) - 1)
#elif defined(__GNUC__) || __STDC_VERSION__ >= 201112L
# ifdef __GNUC__
#  define XENGNT_EXTENSION __extension__
# else
#  define XENGNT_EXTENSION
# endif
# define XENGNT_SIGN(of) (XENGNT_EXTENSION _Generic((of), \\
    @CASES@, default: 2))
#else
# define XENGNT_SIGN(of) 2
#endif
#define XENGNT_SIGNED(of, what) \\
    XENGNT_ASSERT(XENGNT_SIGN(of) == 1 || XENGNT_SIGN(of) == 2, what)
#define XENGNT_UNSIGNED(of, what) \\
    XENGNT_ASSERT(XENGNT_SIGN(of) == 0 || XENGNT_SIGN(of) == 2, what)
#define XENGNT_FIELD(type, field) ((type *)0)->field
"""

_END = """\
#if defined(__cplusplus) && defined(__GNUC__)
# pragma GCC diagnostic pop
#endif
"""

_SIGNS = {
    **dict.fromkeys(("signed char", "short", "int", "long", "long long"), "1"),
    **dict.fromkeys(("_Bool", "unsigned char", "unsigned short", "unsigned int"), "0"),
    **dict.fromkeys(("unsigned long", "unsigned long long"), "0"),
    "char": "(char)-1 < (char)0",
    **dict.fromkeys(("float", "double"), "3"),
}
"""The numbers of C, and whether each is signed."""

_DEFINED = dict.fromkeys(["ABI", *re.findall(r"define XENGNT_(\w+)", _MACROS)])
del _DEFINED["SIGN_OF"]  # says that the overloads are there, for the rest of the file


def text(selections: Sequence[Selection], command: str, options: Options) -> str:
    """Return the header."""
    return "".join(f"{line}\n" for line in _lines(selections, command, options))


def _lines(selections: Sequence[Selection], command: str, options: Options) -> Iterator[str]:
    groups = grouped(selections, options.mapping, _NAMES, structs_only=options.structs_only)
    targets = [one.target for one in selections]
    yield from start(selections, command)
    yield from block(
        "Include it behind your own types in one file that you compile: nothing of it is left in "
        "the object, and where a type is not as Xen's the compiler stops, and says in what.",
        "Not seen here are what is behind an address, and which struct goes with which command: "
        "xengnt check looks at those as well.",
    )
    yield from ("#include <stddef.h>", "", *_which(targets), "", *_macros())
    for group in groups:
        some = len(group.targets) < len(targets)
        if some:
            yield from ("", f"#if {compiled_for_any(group.targets)}")
        about = ""
        for fact in group.facts:
            if fact.theirs != about:
                about = fact.theirs
                yield ""
            yield _line(fact, typedefs=options.typedefs)
        yield from ("", "#endif") if some else ()
    yield from ("", *_END.splitlines())
    yield from (f"#undef XENGNT_{name}" for name in _DEFINED)


def _macros() -> list[str]:
    overloads = [
        f"{'__extension__ ' * ('long long' in name)}char (&xengnt_sign_of({name}))[1 + ({sign})];"
        for name, sign in _SIGNS.items()
    ]
    cases = ", \\\n    ".join(f"{name}: {sign}" for name, sign in _SIGNS.items())
    found = _MACROS.replace("@OVERLOADS@", "\n".join(overloads).replace("_Bool", "bool"))
    return found.replace("@CASES@", cases).splitlines()


def _which(targets: Sequence[Target]) -> Iterator[str]:
    """Give the lines that say which ABI it is: the only one, or that of the compiler."""
    if len(targets) == 1:
        yield f'#define XENGNT_ABI "{targets[0]}"'
        return
    word = "if"
    for target in targets:
        yield f"#{word} {compiled_for(target)}"
        yield f'# define XENGNT_ABI "{target}"'
        word = "elif"
    yield "#else"
    yield f'# error "not for this machine: asserts for {", ".join(map(str, targets))}"'
    yield "#endif"
    yield "#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__"
    yield '# error "not for this machine: Xen\'s grant tables are little-endian"'
    yield "#endif"


def _line(fact: Fact, *, typedefs: bool) -> str:
    of = fact.theirs
    if fact.of in ("struct", "union") and not typedefs:
        of = f"{fact.of} {of}"
    whole = f"XENGNT_FIELD({of}, {fact.field})" if fact.field else of
    match fact.what:
        case "sign":
            word = "SIGNED" if fact.expected else "UNSIGNED"
            if fact.of == "type":
                whole = f"({of})0"
            return f'XENGNT_{word}({whole}, "{fact.message}");'
        case "size":
            condition = f"sizeof({whole}) == {fact.expected}"
        case "offset":
            condition = f"offsetof({of}, {fact.field}) == {fact.expected}"
        case _:
            # In 32 bits without a sign it would also be equal to a negative number.
            wide = fact.expected.bit_length() >= 32  # noqa: PLR2004 -- bits
            expected = number(Constant(fact.expected, 8 if wide else 4, signed=not wide))
            condition = f"{of} == {expected}"
    return f'XENGNT_ASSERT({condition}, "{fact.message}");'
