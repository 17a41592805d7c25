# SPDX-License-Identifier: MIT
"""The directive ``commands``: what each command takes, from its parser."""

from __future__ import annotations

import argparse
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from xengnt.cli import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx


class Commands(SphinxDirective):
    """A section for each command."""

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        return [self._section(name, parser) for name, parser in parsers()[1].items()]

    def _section(self, name: str, parser: argparse.ArgumentParser) -> nodes.section:
        section = nodes.section(ids=[f"xengnt-{name}"], names=[f"xengnt-{name}"])
        section += nodes.title("", "", nodes.literal("", f"xengnt {name}"))
        said = dedent(parser.description or "").strip()
        for paragraph in said.split("\n\n"):
            section += nodes.paragraph("", *self.parse_inline(paragraph.replace("\n", " "))[0])
        section += _literal(parser.format_usage().removeprefix("usage: "))
        section += _options(parser)
        told, _, examples = (parser.epilog or "").partition("examples:\n")
        for paragraph in filter(None, told.strip().split("\n\n")):
            if paragraph.startswith("  ") or "\n  " in paragraph:
                section += _literal(paragraph)
            else:
                section += nodes.paragraph("", paragraph.replace("\n", " "))
        if examples:
            section += _literal(dedent(examples))
        return section


def _literal(text: str) -> nodes.literal_block:
    return nodes.literal_block(text, text.rstrip(), language="text")


def _options(parser: argparse.ArgumentParser) -> nodes.Node:
    """Return a list of all that a parser takes."""
    listed = nodes.definition_list(classes=["options"])
    for names, said in _arguments(parser):
        term = nodes.term("", "", nodes.literal("", names))
        listed += nodes.definition_list_item(
            "", term, nodes.definition("", nodes.paragraph("", said))
        )
    return listed


def _arguments(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for one in parser._actions:  # noqa: SLF001 -- argparse has no other way to list them
        if isinstance(one, argparse._SubParsersAction):  # noqa: SLF001 -- the same
            for name, inner in one.choices.items():
                for names, said in _arguments(inner):
                    yield f"{name} {names}", said
        elif one.dest != "help":
            yield _name(one), (one.help or "").replace("%%", "%")


def _name(one: argparse.Action) -> str:
    choices = f"{{{','.join(map(str, one.choices))}}}" if one.choices else ""
    value = choices or one.metavar or one.dest.upper()
    if not one.option_strings:
        return str(value)
    shown = "" if one.nargs == 0 else f" {value}"
    return ", ".join(f"{name}{shown}" for name in one.option_strings)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
