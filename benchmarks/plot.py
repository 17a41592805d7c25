# SPDX-License-Identifier: MIT
"""What was measured, as a picture: nanoseconds an element over the number of elements."""

from __future__ import annotations

from html import escape
from math import log10
from typing import Any

WIDTH, HEIGHT = 470, 380
LEFT, TOP, RIGHT, BOTTOM = 52, 62, 138, 44

Line = tuple[str, str, str, str]
"""A work, a peer, its label and its colour."""

PANELS: tuple[tuple[str, tuple[Line, ...]], ...] = (
    (
        "to bytes",
        (
            ("columns to bytes", "memcpy", "memcpy", "#8a8f98"),
            ("columns to bytes", "xengnt, prepared", "xengnt, prepared", "#c2410c"),
            ("columns to bytes", "xengnt, encode_into", "xengnt, columns", "#f08a4b"),
            ("tuples to bytes", "xengnt", "xengnt, tuples", "#7c2d12"),
            ("columns to bytes", "numpy", "numpy, columns", "#2563eb"),
            ("tuples to bytes", "numpy", "numpy, tuples", "#7aa2f7"),
            ("tuples to bytes", "struct, by hand", "struct, tuples", "#15803d"),
            ("dicts to bytes", "cffi", "cffi, dicts", "#a16207"),
            ("dicts to bytes", "ctypes", "ctypes, dicts", "#7e22ce"),
            ("dicts to bytes", "construct", "construct, dicts", "#be185d"),
            ("dicts to bytes", "dissect.cstruct", "dissect, dicts", "#0f766e"),
        ),
    ),
    (
        "from bytes",
        (
            ("bytes to columns", "memcpy", "memcpy", "#8a8f98"),
            ("bytes to columns", "xengnt, prepared", "xengnt, prepared", "#c2410c"),
            ("bytes to columns", "xengnt, decode_columns", "xengnt, columns", "#f08a4b"),
            ("bytes to columns", "numpy", "numpy, columns", "#2563eb"),
            ("bytes to tuples", "struct, by hand", "struct, tuples", "#15803d"),
            ("bytes to dicts", "xengnt", "xengnt, dicts", "#7c2d12"),
            ("bytes to dicts", "struct, by hand", "literals, dicts", "#86a36b"),
            ("validate", "xengnt", "xengnt, validate", "#db2777"),
            ("validate", "struct", "struct, validate", "#7e22ce"),
        ),
    ),
)


def plot(results: dict[str, Any], about: dict[str, str]) -> str:
    """Return a picture of maps on x86_64."""
    found = results["map_grant_ref x86_64"]
    panels = [
        _panel(number * WIDTH, title, found, lines) for number, (title, lines) in enumerate(PANELS)
    ]
    width = WIDTH * len(PANELS)
    words = (
        f"gnttab_map_grant_ref on x86_64, fastest of many rounds in one process; {about['when']}, "
        f"{about['python']}, numpy {about['numpy']}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" '
        f'viewBox="0 0 {width} {HEIGHT}" font-family="system-ui, sans-serif" font-size="11">\n'
        f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>\n'
        '<text x="12" y="20" font-size="14" font-weight="600" fill="#1f2328">Nanoseconds an '
        "element, by elements in a call</text>\n"
        f'<text x="12" y="37" fill="#59636e">{escape(words)}</text>\n{"".join(panels)}</svg>\n'
    )


def _panel(at: int, title: str, found: dict[str, Any], lines: tuple[Line, ...]) -> str:
    series = []
    for work, peer, label, colour in lines:
        points = [
            (int(count), one[peer])
            for count, one in found.get(work, {}).items()
            if peer in one and one[peer] > 0
        ]
        if points:
            series.append((label, colour, points))
    counts = sorted({count for _, _, points in series for count, _ in points})
    values = [value for _, _, points in series for _, value in points]
    low, high = _whole(min(values), up=False), _whole(max(values), up=True)
    last = max(1, log10(counts[-1]))

    def x(count: float) -> float:
        return at + LEFT + (WIDTH - LEFT - RIGHT) * log10(count) / last

    def y(value: float) -> float:
        return TOP + 8 + (HEIGHT - TOP - BOTTOM - 8) * (high - log10(value)) / (high - low)

    parts = [
        f'<text x="{at + LEFT}" y="{TOP - 4}" font-weight="600" fill="#1f2328">{title}</text>\n'
    ]
    for power in range(low, high + 1):
        level = y(10.0**power)
        parts.append(
            f'<path d="M{x(1):.1f} {level:.1f}H{x(counts[-1]):.1f}" stroke="#e4e7eb"/>'
            f'<text x="{at + LEFT - 6}" y="{level + 4:.1f}" text-anchor="end" fill="#59636e">'
            f"{10.0**power:,g}</text>\n"
        )
    for count in counts:
        shown = f"{count // 1000:,}k" if count >= 1000 else str(count)  # noqa: PLR2004 -- a thousand
        shown = "1M" if shown == "1,000k" else shown
        parts.append(
            f'<text x="{x(count):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" '
            f'fill="#59636e">{shown}</text>\n'
        )
    ends = sorted((y(points[-1][1]), number) for number, (_, _, points) in enumerate(series))
    labels = _spread([end for end, _ in ends])
    for (end, number), level in zip(ends, labels, strict=True):
        label, colour, points = series[number]
        path = "L".join(f"{x(count):.1f} {y(value):.1f}" for count, value in points)
        right = x(points[-1][0])
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" '
            'stroke-linejoin="round"/>'
            + "".join(
                f'<circle cx="{x(count):.1f}" cy="{y(value):.1f}" r="2.4" fill="{colour}"/>'
                for count, value in points
            )
            + f'<path d="M{right + 4:.1f} {end:.1f}L{x(counts[-1]) + 14:.1f} {level:.1f}" '
            f'fill="none" stroke="{colour}" stroke-opacity=".35"/>'
            f'<text x="{x(counts[-1]) + 17:.1f}" y="{level + 4:.1f}" fill="{colour}">'
            f"{escape(label)}</text>\n"
        )
    return "".join(parts)


def _whole(value: float, *, up: bool) -> int:
    """Return the power of ten below or above."""
    power = log10(value)
    return int(-(-power // 1)) if up else int(power // 1)


def _spread(levels: list[float]) -> list[float]:
    """Move labels apart, from the top down and then from the bottom up."""
    gap, floor = 14, HEIGHT - BOTTOM
    for index in range(1, len(levels)):
        levels[index] = max(levels[index], levels[index - 1] + gap)
    for index in reversed(range(len(levels))):
        floor_here = floor - gap * (len(levels) - 1 - index)
        levels[index] = min(levels[index], floor_here)
    return levels
