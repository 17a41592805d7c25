# SPDX-License-Identifier: MIT
"""Preprocess headers with pcpp from PyPI, where there is no C compiler.

What comes out is what ``cc -E -dD`` prints, as far as the reader looks at it: line
markers, the text, ``#pragma`` lines, and a ``#define`` for each macro that is
defined at the end, where it was defined.

The only module that imports pcpp; besides it ``xengnt.errors``, the module that
calls it, and ``missing``.
"""

from __future__ import annotations

import copy
import io
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xengnt.errors import SourceError, Unavailable, XengntError
from xengnt.sources.cheader import preprocess as settings
from xengnt.sources.cheader.missing import StandIns

try:
    from pcpp import Preprocessor
except ImportError:
    raise Unavailable(
        "no C preprocessor: install a C compiler, or pcpp (pip install 'xengnt[pcpp]')"
    ) from None

MAX_INCLUDES = 100
"""Headers that include each other deeper than this are refused."""

MAX_EXPANSION = 1 << 20
"""A piece of text that expands to more tokens than this is refused."""

_IMPORT = re.compile(r"^([ \t]*#[ \t]*)import\b", re.MULTILINE)
"""What compilers take as ``#include`` of what was not included before."""

_OPERATORS = frozenset({"__has_attribute", "__has_builtin"})
"""What compilers offer to expressions, and is answered with yes here."""


def preprocess(job: settings.Job, stand_ins: StandIns, after: str) -> str:
    """Return what a header expands to; see `xengnt.sources.cheader.preprocess`.

    Raises:
        Refused: the header stops with ``#error``.
        SourceError: it cannot be preprocessed.
    """
    preprocessor = _Preprocessor(job, stand_ins)
    try:
        return preprocessor.run(after)
    except XengntError:
        raise
    except RecursionError:
        raise SourceError(f"{job.path}: macros or #include nested too deeply") from None
    except Exception:  # noqa: BLE001 -- it raises anything, given directives that are broken
        at = preprocessor.lastdirective
        where = f"{at.source}:{at.lineno}" if at and at.source else str(job.path)
        raise SourceError(f"{where}: a directive that pcpp cannot make sense of") from None


class _Preprocessor(Preprocessor):  # type: ignore[misc]  # pcpp has no types
    """pcpp, made to behave as a compiler does."""

    def __init__(self, job: settings.Job, stand_ins: StandIns) -> None:
        super().__init__()
        self.job = job
        self.stand_ins = stand_ins
        self.rewrite_paths: list[Any] = []  # which would shorten the names of files
        self.auto_pragma_once_enabled = False  # which forgets that guards can be undefined
        self.behind = False  # whether the text behind the header is being expanded
        self.expanding = 0  # how many expansions there are inside each other
        self.deadline = time.monotonic() + settings.TIMEOUT
        self.undef("__PCPP__")
        evaluate: Any = self.evaluator
        self.evaluator: Any = lambda tokens, **names: evaluate(_with_suffixes(tokens), **names)
        standing_in = [stand_ins.directory] if stand_ins.directory else []
        for directory in (*job.include, str(settings.OWN_INCLUDE), *standing_in):
            self.add_path(directory)
        for name, value in job.macros().items():
            self.define(f"{name} {value}")

    def run(self, after: str) -> str:
        """Return what the header and a text behind it expand to."""
        self.parse(f'#include "{self.job.path.absolute()}"\n{after}')
        out = _Output(self.job)
        while token := self.token():
            out.add(token)
        out.line("<end>", 0)
        for macro in self.macros.values():
            if getattr(macro, "source", ""):
                brackets = "" if macro.arglist is None else f"({','.join(macro.arglist)})"
                value = "".join(token.value for token in macro.value)
                out.directive(macro.source, macro.lineno, f"#define {macro.name}{brackets} {value}")
        return out.text()

    # What follows are pcpp's hooks, and methods of it that are changed.

    def on_error(self, file: str, line: int, msg: str) -> None:
        """Raise, where pcpp would print."""
        if file == "unknown":
            file, line = self.lastdirective.source, self.lastdirective.lineno
        if self.behind:
            file = "<stdin>"
        raise settings.complaint(file, line, " ".join(msg.split()))

    def on_include_not_found(
        self, is_malformed: bool, is_system_include: bool, curdir: str, includepath: str
    ) -> str:
        """Return where else to look: among the stand-ins."""
        at = self.lastdirective
        where = f"{at.source or self.job.path}:{at.lineno}"
        if is_malformed:
            raise SourceError(f"{where}: {includepath}: malformed #include")
        there = includepath in self.stand_ins.missing
        if not there and not self.stand_ins.add(includepath, where):
            raise SourceError(settings.not_there(includepath, where))
        return self.stand_ins.directory or ""

    def on_file_open(self, is_system_include: bool, includepath: str) -> io.StringIO:
        """Read a file as compilers do, whatever its encoding and its ends of lines."""
        if self.include_depth > MAX_INCLUDES:
            at = self.lastdirective
            raise SourceError(f"{at.source}:{at.lineno}: #include nested too deeply")
        text = Path(includepath).read_bytes().decode("utf-8-sig", errors="replace")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _IMPORT.sub(r"\1include", text)
        return io.StringIO(re.sub("[\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text))

    def on_directive_unknown(
        self, directive: Any, toks: list[Any], ifpassthru: bool, precedingtoks: list[Any]
    ) -> bool | None:
        """Stop at ``#error``, keep ``#pragma``, and drop what has no effect here."""
        words = "".join(token.value for token in toks).strip()
        if directive.value == "pragma":
            return None
        if directive.value in ("warning", "ident", "sccs", "line"):
            return True
        raise settings.complaint(
            directive.source, directive.lineno, f"#{directive.value} {words}".rstrip()
        )

    def on_unknown_macro_in_defined_expr(self, tok: Any) -> bool:
        """Tell whether something is defined that is not a macro."""
        return tok.value in _OPERATORS

    def on_unknown_macro_in_expr(self, ident: str) -> int:
        """Return what something is worth in ``#if`` that is not a macro."""
        return self.include_depth - 2 if ident == "__INCLUDE_LEVEL__" else 0

    def on_unknown_macro_function_in_expr(self, ident: str) -> Any:
        """Return what something does in ``#if`` that looks like a function."""
        return lambda _: int(ident in _OPERATORS)

    def define(self, tokens: Any) -> None:
        """Define a macro, the last one to be defined being the last in order."""
        if not isinstance(tokens, str):
            if not tokens or not re.fullmatch(r"[^\W\d]\w*", tokens[0].value):
                at = self.lastdirective
                self.on_error(at.source, at.lineno, "macro names must be identifiers")
            self.macros.pop(tokens[0].value, None)
        super().define(tokens)

    def include(self, tokens: Any, original_line: Any) -> Iterator[Any]:
        """Include a file, looking beside the including one only, and not all around that."""
        outer: list[str] = self.temp_path
        self.temp_path: list[str] = [str(Path(self.source).parent)] if self.source else [os.curdir]
        if not tokens:
            self.on_include_not_found(True, False, "", "")
        yield from super().include(tokens, original_line)
        self.temp_path = outer

    def collect_args(
        self,
        tokenlist: Any,
        ignore_errors: bool = False,  # noqa: FBT002 -- pcpp's signature
    ) -> Any:
        """Take the arguments of a macro apart; without an end to them, pcpp would go on."""
        found = super().collect_args(tokenlist, ignore_errors)
        if found[0] == 0:
            at = tokenlist[0]
            self.on_error(at.source, at.lineno, "unterminated argument list of a macro")
        return found

    def expand_macros(self, tokens: Any, expanding_from: Any = ()) -> Any:
        """Expand macros, unless it takes too long or gets too much."""
        if time.monotonic() > self.deadline:
            raise SourceError(
                f"{self.job.path}: the preprocessor did not finish in {settings.TIMEOUT} seconds"
            )
        if self.expanding == 0:
            self.behind = bool(tokens) and not tokens[0].source
        self.expanding += 1
        expanded = super().expand_macros(tokens, list(expanding_from))
        self.expanding -= 1
        if len(expanded) > MAX_EXPANSION:
            raise SourceError(f"{self.job.path}: macros expand to more than {MAX_EXPANSION} tokens")
        return expanded


def _with_suffixes(tokens: list[Any]) -> list[Any]:
    """Return the tokens of an expression with suffixes like ``ULL`` as pcpp knows them."""
    found: list[Any] = []
    for token in tokens:
        if found and found[-1].type == "CPP_INTEGER" and re.fullmatch("[uUlL]+", token.value):
            number = copy.copy(found.pop())
            suffix = number.value.lstrip("0123456789abcdefABCDEFxX") + token.value
            number.value = number.value.rstrip("uUlL") + ("UL" if "u" in suffix.lower() else "L")
            found.append(number)
        else:
            found.append(token)
    return found


class _Output:
    """Text with line markers, as it is written."""

    def __init__(self, job: settings.Job) -> None:
        self.job = job
        self._pieces: list[str] = []
        self._at = ("", 0)
        self._size = 0
        self._apart = True  # whether there is space before the next token
        self._origin: list[str] = []  # the macros that the last token came from
        self._previous = ""
        self._operator: list[str] = []  # the tokens of a ``_Pragma`` so far

    def text(self) -> str:
        """Return what was written."""
        return "".join(self._pieces) + "\n"

    def _write(self, text: str) -> None:
        self._pieces.append(text)
        self._size += len(text)
        if self._size > settings.MAX_OUTPUT:
            limit = f"{settings.MAX_OUTPUT >> 20} MiB"
            raise SourceError(f"{self.job.path}: the preprocessor printed more than {limit}")

    def line(self, file: str, number: int) -> None:
        """Begin a line of a file, unless that is where the text is."""
        if (file, number) == self._at:
            return
        if file == self._at[0] and 0 < number - self._at[1] < 8:  # noqa: PLR2004 -- as compilers
            self._write("\n" * (number - self._at[1]))
        else:
            escaped = file.replace("\\", "\\\\").replace('"', '\\"')
            self._write(f'\n# {number} "{escaped}"\n')
        self._at = file, number

    def directive(self, file: str, number: int, text: str) -> None:
        """Write a directive as a line of its own."""
        self.line(file, number)
        self._write(" ".join(text.split()))
        self._at = ("", 0)

    def add(self, token: Any) -> None:
        """Write a token of pcpp's, on the line where it belongs."""
        if token.value.isspace() or not token.value:
            self._apart = True
            return
        here = token.source or "<stdin>", token.lineno
        origin = getattr(token, "expanded_from", [])
        apart = self._apart or here != self._at or origin != self._origin
        if token.value == "*" and self._previous == "/" and not apart:
            raise SourceError(f"{here[0]}:{here[1]}: unterminated comment")
        self._apart, self._origin, self._previous = False, origin, token.value
        if token.value == "_Pragma" or self._operator:
            self._operator.append(token.value)
            if token.value == ")":
                text = "".join(self._operator[2:-1])[1:-1]
                self._operator = []
                self.directive(*here, "#pragma " + re.sub(r"\\(.)", r"\1", text))
            return
        self.line(*here)
        self._write(f" {token.value}" if apart else token.value)
