# SPDX-License-Identifier: MIT
"""Opens a library: one with the control part is a world, any other a backend.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.backends``, ``xengnt.scenario`` and the
modules beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xengnt.backends.native import Library
from xengnt.codec import Abi
from xengnt.errors import SourceError, UnknownName
from xengnt.foreign.control import OPTIONAL, Control, declared
from xengnt.foreign.domain import ARENA_PAGES, ForeignDomain
from xengnt.scenario.document import Scenario
from xengnt.scenario.steps import MakeDomain

SYMBOL = "HYPERVISOR_grant_table_op"
"""The name of the call, unless another is given."""

PAGES = 64
"""How many pages a domain has, if a scenario does not say."""

_NOT_GIVEN = -1


class Foreign:
    """A library, which is opened anew for each scenario.

    Args:
        path: where it is.
        symbol: the name of the function that is called.
    """

    def __init__(self, path: str, symbol: str = "") -> None:
        self.path = path
        self.symbol = symbol or SYMBOL
        declared()  # once, and not in each process that plays a case

    def __call__(self, scenario: Scenario) -> Library | ForeignWorld:
        """Return what to play a scenario on.

        Raises:
            SourceError: it cannot be loaded.
            UnknownName: it has no such symbol, or only some of the control part.
            InvalidValue: it does not begin.
        """
        library = Library(self.path, self.symbol, scenario.abi.interface_version)
        ffi, names = declared()
        missing = [name for name in names if not hasattr(library.library, name)]
        if len(missing) == len(names):
            return library
        for name in missing:
            if name not in OPTIONAL:
                raise UnknownName(
                    f"{self.path}: no symbol {name!r}, which the control part has", got=name
                )
        functions = ffi.dlopen(str(Path(self.path).absolute()), ffi.RTLD_NOW)
        control = Control(functions, library.call)
        return ForeignWorld(control, scenario.xen_version, **scenario.xen)


class ForeignWorld:
    """A library with the control part, in which one scenario makes its domains.

    Args:
        control: the library.
        xen_version: the Xen whose behaviour is expected; None for any.
        choices: what the administrator chose, as scenarios have it.
    """

    def __init__(self, control: Control, xen_version: str | None = None, **choices: Any) -> None:
        self._control = control
        self._choices = choices
        self._version = xen_version
        control.do("reset")

    def first(self, abi: Abi) -> ForeignDomain:
        """Make a control domain, for scenarios that make none."""
        return self._make(abi, {"privileged": True})

    def make(self, step: MakeDomain) -> ForeignDomain:
        """Make a domain.

        Raises:
            SourceError: the library has no such domains.
            InvalidValue: it does not make it.
        """
        return self._make(step.abi, step.options)

    def _make(self, abi: Abi, options: dict[str, Any]) -> ForeignDomain:
        ffi = self._control.ffi
        wanted = {"privileged": 0, "high": 0, **self._choices, **options}
        pages = wanted.pop("pages", PAGES)
        wanted["pages"] = pages + ARENA_PAGES
        if "max_pages" in wanted:
            wanted["max_pages"] += ARENA_PAGES
        wanted |= {"abi": abi.name, "xen_version": self._version}
        made = ffi.new("struct xengnt_rig_domain *")
        if strange := [key for key in wanted if not hasattr(made, key)]:
            raise SourceError(f"libraries cannot be asked for {', '.join(strange)}")
        made.size = ffi.sizeof(made[0])
        kept = []  # texts, as long as it points to them
        for key, member in ffi.typeof(made).item.fields[1:]:
            value = wanted.get(key)
            if member.type.kind == "primitive":
                setattr(made, key, _NOT_GIVEN if value is None else int(value))
            elif value is not None:
                kept.append(ffi.new("char[]", value.encode()))
                setattr(made, key, kept[-1])
        try:
            domid = self._control.do("create_domain", made)
        except SourceError as error:
            chosen = "".join(f", {key} {value}" for key, value in self._choices.items())
            raise SourceError(
                f"{error} for {options.get('kind', 'a domain')} of {abi.name}{chosen}"
            ) from None
        return ForeignDomain(self._control, domid, abi, pages)

    def destroy(self, actor: Any) -> None:
        """End a domain."""
        self._control.do("destroy_domain", actor.domid)
