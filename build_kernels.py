# SPDX-License-Identifier: MIT
"""Write C that composes structs of columns, and that looks structs over.

``build_ffi.py`` asks for it. Each kernel is for a `Shape`, so ABIs whose structs look
alike share it. What it is for is written beside it, and that is how it is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xengnt.abi.declarations import Declarations
from xengnt.abi.layout import compute
from xengnt.codec.plan import Plan
from xengnt.codec.shape import Cell, Shape, scattered
from xengnt.codec.validate import Validator

ENTRY = "grant_entry"
"""What the tags of structs in shared memory begin with."""


def kernels(declared: Iterable[Declarations]) -> str:
    """Return the C of all kernels for the structs that are declared."""
    composed: dict[str, Shape] = {}
    screens: dict[str, None] = {}
    for one in declared:
        for op, plan in _plans(one):
            composed |= {shape.text: shape for shape in scattered(plan)}
            validator = Validator(plan, one, op)
            texts = (validator.screen(after=False), validator.screen(after=True))
            screens |= {text: None for text in texts if text}
    parts = [
        *(_compose(number, shape) for number, shape in enumerate(composed.values())),
        _table("xengnt_kernel", "xengnt_kernels", _SCATTER, composed, "compose", "dense", "wide"),
        _LOADS,
        *(_screen(number, text) for number, text in enumerate(screens)),
        _table("xengnt_screen", "xengnt_screens", _FIRST, screens, "first"),
        *(
            f"#define XENGNT_{name} {len(made)}u\n"
            for name, made in (("KERNELS", composed), ("SCREENS", screens))
        ),
    ]
    return "\n".join(parts)


def _plans(declared: Declarations) -> Iterator[tuple[str | None, Plan]]:
    """Give the plans of all arguments and entries, with the op that takes them."""
    layout = compute(declared)
    for op, one in layout.ops.items():
        yield op, Plan(layout.structs[one.struct], declared, op)
    for tag, struct in layout.structs.items():
        if tag.startswith(ENTRY):
            yield None, Plan(struct, declared, tag)


_SCATTER = """\
struct xengnt_kernel {
    const char *shape;
    void (*strided)(unsigned char *, uint64_t, const unsigned char *const *, const int64_t *);
    void (*dense)(unsigned char *, uint64_t, const unsigned char *const *, const int64_t *);
    void (*wide)(unsigned char *, uint64_t, const unsigned char *const *, const int64_t *);
};
"""

_FIRST = """\
struct xengnt_screen {
    const char *text;
    uint64_t (*first)(const unsigned char *, uint64_t, uint64_t);
};
"""

_LOADS = """\
#ifdef __clang__ /* all terms of a screen are looked at, without a jump */
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#endif
#define U1(at) get8(element + at)
#define U2(at) get16(element + at)
#define U4(at) get32(element + at)
#define U8(at) get64(element + at)
#define I1(at) ((uint64_t)(int8_t)U1(at))
#define I2(at) ((uint64_t)(int16_t)U2(at))
#define I4(at) ((uint64_t)(int32_t)U4(at))
#define I8(at) U8(at)
#define EITHER(when, then, otherwise) \\
    ((-(uint64_t)(when) & (then)) | (((uint64_t)(when) - 1) & (otherwise)))
"""
"""What the text of a screen is made of."""


def _table(kind: str, name: str, declared: str, texts: Iterable[str], *functions: str) -> str:
    rows = []
    for number, text in enumerate(texts):
        pointers = ", ".join(f"{function}_{number}" for function in functions)
        rows.append(f'    {{"{text}", {pointers}}},\n')
    return f"{declared}\nstatic const struct {kind} {name}[] = {{\n{''.join(rows)}}};\n"


def _words(size: int) -> Iterator[Cell]:
    """Give the words that a struct is written in: as few, and as wide, as there can be."""
    offset = 0
    while offset < size:
        width = next(width for width in (8, 4, 2, 1) if width <= size - offset)
        yield Cell(offset, width)
        offset += width


def _within(cell: Cell, word: Cell) -> bool:
    return cell.offset < word.offset + word.size and cell.offset + cell.size > word.offset


def _shifted(text: str, bits: int) -> str:
    return f"{text} << {bits}" if bits > 0 else f"{text} >> {-bits}" if bits else text


def _bits(cell: Cell) -> int:
    return 8 * cell.size


def _compose(number: int, shape: Shape) -> str:
    """Return the kernels that compose a struct of columns.

    One is for any strides, one for columns without gaps, one for columns without gaps that
    all have 64 bits.
    """
    indices = range(len(shape.cells))
    takes = "".join(
        f"    const unsigned char *c{i} = from[{i}];\n    const int64_t s{i} = by[{i}];\n"
        for i in indices
    )
    loads = "".join(
        f"        uint64_t v{i} = get{_bits(cell)}(c{i});\n" for i, cell in enumerate(shape.cells)
    )
    steps = " ".join(f"c{i} += s{i};" for i in indices)
    stores = []
    for word in _words(shape.size):
        held = [
            _shifted(f"v{i}", 8 * (cell.offset - word.offset))
            for i, cell in enumerate(shape.cells)
            if _within(cell, word)
        ]
        value = " | ".join(held) or "0"
        stores.append(f"        put{_bits(word)}(to + {word.offset}, {value});\n")
    dense = ", ".join(str(cell.size) for cell in shape.cells)
    wide = ", ".join("8" for _ in shape.cells)
    signature = (
        "unsigned char *restrict to, uint64_t count,\n"
        "    const unsigned char *const *from, const int64_t *by"
    )
    return (
        f"/* {shape.text} */\n"
        f"static inline __attribute__((always_inline)) void compose_words_{number}({signature})\n"
        f"{{\n{takes}\n    for (; count; count--, to += {shape.size}) {{\n{loads}{''.join(stores)}"
        f"        {steps}\n    }}\n}}\n\n"
        f"static void compose_{number}({signature})\n"
        f"{{\n    compose_words_{number}(to, count, from, by);\n}}\n\n"
        + "\n".join(
            f"static void {name}_{number}({signature})\n"
            f"{{\n    static const int64_t known[] = {{{strides}}};\n\n    (void)by;\n"
            f"    compose_words_{number}(to, count, from, known);\n}}\n"
            for name, strides in (("dense", dense), ("wide", wide))
        )
    )


def _screen(number: int, text: str) -> str:
    """Return the function that finds the first element of which a screen's text is not 0."""
    size, terms = text.split(": ", 1)
    lines = " |\n        ".join(terms.split(" | "))
    return (
        f"static inline __attribute__((always_inline)) uint64_t doubt_{number}("
        f"const unsigned char *element)\n{{\n    return {lines};\n}}\n\n"
        f"static uint64_t first_{number}(const unsigned char *bytes, uint64_t from,\n"
        "    uint64_t count)\n"
        "{\n    uint64_t end, index, found;\n\n"
        "    for (; from < count; from = end) {\n"
        "        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;\n"
        "        for (found = 0, index = from; index < end; index++)\n"
        f"            found |= doubt_{number}(bytes + index * {size});\n"
        "        for (index = from; found && index < end; index++)\n"
        f"            if (doubt_{number}(bytes + index * {size}))\n"
        "                return index;\n"
        "    }\n    return count;\n}\n"
    )
