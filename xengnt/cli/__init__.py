# SPDX-License-Identifier: MIT
"""The command ``xengnt``: thin. Each module parses, calls the library and renders.

A module of a command has `NAME`, `HELP`, `EPILOG`, `arguments` and `run`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from xengnt import __version__
from xengnt.errors import XengntError, printable

COMMANDS = (
    *("layout", "encode", "decode", "validate", "entries"),
    *("check", "emit", "run", "conformance", "live", "rig", "corpus", "explain", "selfcheck"),
)
"""The commands, in the order of the help; each has a module of its name here."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and exit."""
        self.exit(2, f"{self.prog}: {printable(message)}; see {self.prog} --help\n")


_BEHIND = "\0"
"""What stands, for the parser, before an argument behind ``--``; no argument has it itself."""


class _Command(_Parser):
    """A parser whose options may stand before, between and behind the other arguments."""

    _inner = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Take the options first, wherever they are, and then the rest."""
        if self._inner:  # one of the two passes
            return super().parse_known_args(args, namespace)
        given = list(args)
        if "--" in given:
            at = given.index("--")
            given[at:] = [_BEHIND + one for one in given[at + 1 :]]
        self._inner = True
        try:
            found, rest = self.parse_known_intermixed_args(given, namespace)
        finally:
            self._inner = False
        for name, value in vars(found).items():
            setattr(found, name, _as_given(value))
        return found, _as_given(rest)


def _as_given(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_given(one) for one in value]
    return value.removeprefix(_BEHIND) if isinstance(value, str) else value


def parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Return the parser of the command line, and that of each command by its name."""
    from importlib import import_module

    parser = _Parser(
        prog="xengnt",
        description="The Xen grant-table ABI, exact to the byte.",
        epilog="exit status: 0 fine; 1 findings of severity error; "
        "2 bad usage, unreadable input, or nothing comparable in it",
    )
    parser.add_argument("--version", action="version", version=f"xengnt {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Command
    )
    made: dict[str, argparse.ArgumentParser] = {}
    for name in COMMANDS:
        module = import_module(f"xengnt.cli.{name}")
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(command)
        command.set_defaults(run=module.run)
        made[name] = command
    return parser, made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status.

    Args:
        arguments: those of the command line by default.
    """
    if sys.stdin is None or sys.stdout is None:  # closed by whoever started us
        which = "input" if sys.stdin is None else "output"
        return _fail(f"standard {which} is closed")
    if arguments is None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, _terminate)
    try:
        options = parsers()[0].parse_args(arguments)
        status: int = options.run(options)
        sys.stdout.flush()
    except XengntError as error:
        return _fail(str(error))
    except BrokenPipeError:
        _discard_output()
        return 141
    except OSError as error:
        _discard_output()
        where = "standard output" if error.filename is None else error.filename
        return _fail(f"{where}: {error.strerror or error}")
    except MemoryError:
        return _fail("out of memory")
    except _Terminated as ended:
        return 128 + ended.number
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return status


class _Terminated(KeyboardInterrupt):
    """Raised where the process is told to end: nothing is left behind then either.

    Args:
        number: of the signal that said so.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _terminate(number: int, _: object) -> NoReturn:
    raise _Terminated(number)


def _fail(message: str) -> int:
    print("xengnt:", printable(message), file=sys.stderr)
    return 2


def _discard_output() -> None:
    """Leave nothing for the interpreter to flush when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
