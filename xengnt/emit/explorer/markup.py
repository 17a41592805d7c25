# SPDX-License-Identifier: MIT
"""Elements of HTML, with all that is text escaped.

Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias

Markup: TypeAlias = str
"""HTML, as `element` takes and gives it; of a text, `escape` makes it."""


def element(name: str, *inside: Markup, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: its tag.
        inside: what is in it.
        attributes: their names with ``_`` for ``-``, and one more at the end of those that
            Python has as words; those that are None are left out.
    """
    words = [name]
    for key, value in attributes.items():
        if value is not None:
            words.append(f'{key.rstrip("_").replace("_", "-")}="{escape(str(value))}"')
    return f"<{' '.join(words)}>{''.join(inside)}</{name}>"


def code(text: object) -> Markup:
    """Return a text of C."""
    return element("code", escape(str(text)))


def link(name: str, text: str = "") -> Markup:
    """Return a link to something on the page, called as it is or otherwise."""
    return element("a", escape(text or name), href=f"#{name}")


def here(name: str) -> Markup:
    """Return a link of something to itself."""
    return element("a", "#", class_="here", href=f"#{name}", aria_label=f"Link to {name}")


def cell(label: str, *inside: Markup, **attributes: object) -> Markup:
    """Return a cell of a table, which says in which column it is where columns are not seen."""
    return element("td", *inside, data_label=label, **attributes)


def table(title: str, heads: Sequence[Markup], rows: Iterable[Markup], look: str) -> Markup:
    """Return a table; a heading that is a whole element stays as it is."""
    columns = "".join(
        head if head.startswith("<th") else element("th", head, scope="col") for head in heads
    )
    inside = (
        element("caption", escape(title)),
        element("thead", element("tr", columns)),
        element("tbody", *rows),
    )
    return element("div", element("table", *inside, class_=look), class_="scroll")


def paragraphs(texts: Iterable[str]) -> Markup:
    """Return texts as paragraphs."""
    return "".join(element("p", escape(text)) for text in texts if text)


def figure(inside: Markup, width: int, height: int, label: str) -> Markup:
    """Return a drawing of SVG."""
    size = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    return element("svg", inside, class_="drawing", role="img", aria_label=label, **size)
