# SPDX-License-Identifier: MIT
"""Pages that read well on a code host, as pages of the site.

- A comment of HTML that holds a directive is that directive: ``<!-- ```{toctree} … ``` -->``.
- A link out of docs/ leads to a page with that file of the tree, or with what is in that folder.
- A picture of ours is part of the page that it is in, so that it has the colours of the page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from docutils import nodes
from pygments.lexers import find_lexer_class_for_filename
from sphinx.util.logging import getLogger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

logger = getLogger(__name__)

DOCS = Path(__file__).resolve().parent.parent
ROOT = DOCS.parent

_HIDDEN = re.compile(r"^<!--\s*(`{3,}\{.*?^`{3,})\s*-->$", re.MULTILINE | re.DOTALL)
_OUTWARD = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)(?:#[^)\s]*)?\)")

LARGEST = 1 << 16
"""Files of more bytes are not coloured."""


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Bring out what is hidden in comments, and mark links that lead out of docs/."""
    folder = Path(app.env.doc2path(docname)).parent
    wanted = _wanted(app.env)[docname] = set()

    def outward(found: re.Match[str]) -> str:
        target = (folder / found[1]).resolve()
        if target.is_relative_to(DOCS):
            return found[0]
        if not target.exists():
            logger.warning("a link leads to %s, which is not there", found[1], location=docname)
            return "](#)"
        wanted.add(target)
        return f"](tree:{target.relative_to(ROOT)})"

    source[0] = _OUTWARD.sub(outward, _HIDDEN.sub(r"\1", source[0]))


def _resolve(app: Sphinx, tree: nodes.document, docname: str) -> None:
    """Have marked links lead to the pages of their files, and take pictures in."""
    for link in tree.findall(nodes.reference):
        scheme, _, path = link.get("refuri", "").partition(":")
        if scheme == "tree":
            link["refuri"] = app.builder.get_relative_uri(docname, f"tree/{path.rstrip('/')}")
            link["internal"] = True
    for image in list(tree.findall(nodes.image)):
        file = DOCS / image["uri"]
        if file.suffix == ".svg" and file.is_file():
            image.replace_self(picture(file.read_text()))


def picture(drawing: str) -> nodes.raw:
    """Return a drawing as a part of a page, light or dark as the reader has chosen.

    Its style is for itself alone, and what it has for dark surroundings goes by that choice.
    """
    svg = drawing[drawing.index("<svg") :]
    name = f"picture-{crc32(svg.encode()):08x}"

    def scoped(style: re.Match[str]) -> str:
        light, _, dark = style[1].partition("@media (prefers-color-scheme: dark) {")
        dark = dark.strip().removesuffix("}")
        asked = f':where(body[data-theme="auto"]) #{name} {{{dark}}}'
        return (
            f"<style>#{name} {{{light}}}\n"
            f':where(body[data-theme="dark"]) #{name} {{{dark}}}\n'
            f"@media (prefers-color-scheme: dark) {{ {asked} }}</style>"
        )

    svg = re.sub(r"<style>(.*?)</style>", scoped, svg, flags=re.DOTALL)
    width = re.search(r'width="(\d+)"', svg)
    size = f"--width: {width[1]}px" if width else ""
    div = f'<div class="picture" id="{name}" style="{size}">\n{svg}</div>'
    return nodes.raw("", div, format="html")


def _wanted(env: BuildEnvironment) -> dict[str, set[Path]]:
    """Return where links of each page lead, in the tree."""
    found: dict[str, set[Path]] = env.__dict__.setdefault("tree_links", {})
    return found


def _purge(_: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _wanted(env).pop(docname, None)


def _merge(
    _: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment
) -> None:
    """Take what another process has read."""
    _wanted(env).update({name: _wanted(other)[name] for name in docnames if name in _wanted(other)})


def _with_files(path: Path) -> Iterator[Path]:
    """Give a file; or a folder, and what is in it."""
    yield path
    if path.is_dir():
        yield from (one for one in path.iterdir() if one.is_file() and one.name[0] != ".")


def _collect(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Give a page for each file that a link leads to."""
    links = {path for paths in _wanted(app.env).values() for path in paths}
    for path in sorted({one for link in links for one in _with_files(link)}):
        name = str(path.relative_to(ROOT))
        body = _folder(path) if path.is_dir() else _file(app, path)
        yield f"tree/{name}", {"title": name, "body": f"<h1>{name}</h1>\n{body}"}, "page.html"


def _folder(path: Path) -> str:
    files = sorted(one.name for one in _with_files(path) if one != path)
    items = (f'<li><a href="{path.name}/{one}.html">{one}</a></li>' for one in files)
    return f"<ul>{''.join(items)}</ul>"


def _file(app: Sphinx, path: Path) -> str:
    text = path.read_text()
    lexer = find_lexer_class_for_filename(path.name) if len(text) < LARGEST else None
    name = lexer.aliases[0] if lexer else "text"
    shown: str = app.builder.highlighter.highlight_block(text, name)  # type: ignore[attr-defined]  # of HTML
    return shown


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all that to the build."""
    app.connect("source-read", _read)
    app.connect("env-purge-doc", _purge)
    app.connect("env-merge-info", _merge)
    app.connect("doctree-resolved", _resolve)
    app.connect("html-collect-pages", _collect)
    return {"parallel_read_safe": True}
