# SPDX-License-Identifier: MIT
"""Hold the layout engine against the C compiler that built the extension.

The two are independent opinions of the same header: what the engine derives for
this machine's ABI, and what the compiler says. Every struct, field, scalar type,
constant and message is compared.

Imports ``xengnt.abi``, ``xengnt.sources`` and ``xengnt.compare``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from xengnt.abi.declarations import Constant, header
from xengnt.abi.layout import Layout, StructLayout, compute
from xengnt.abi.targets import native
from xengnt.compare import compare
from xengnt.extension import FFI, load
from xengnt.findings import ERROR, Finding
from xengnt.sources import cffi_types


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What the engine and the compiler say, and where they differ."""

    engine: Layout
    compiler: Layout
    findings: tuple[Finding, ...]


def selfcheck(extension: Path | None = None) -> SelfCheck:
    """Compare the engine's layouts with the compiler's, for this machine's ABI.

    Args:
        extension: another build of the extension to ask.

    Raises:
        Unavailable: the extension was not built.
        UnknownName: this machine has none of the six ABIs.
    """
    module = load(FFI, extension)
    engine = compute(header().at(native()))
    types = cffi_types.read(module.ffi, engine.structs.values(), engine.typedefs)
    _take_members(module, types.structs)
    compiler = types.layout(engine, *_constants(module))
    refused = [
        Finding(
            ERROR,
            "compiler-refuses",
            name,
            f"{name}: {message}",
            abi=engine.abi,
            interface_version=engine.interface_version,
        )
        for name, message in types.problems.items()
    ]
    differing = [
        replace(one, severity=ERROR)  # between two opinions of our own all is grave
        for one in compare(engine, compiler)
        if not (one.code.endswith("-missing") and one.where in types.problems)
    ]
    return SelfCheck(engine, compiler, (*refused, *differing))


def _take_members(module: ModuleType, structs: dict[str, StructLayout]) -> None:
    """Put the compiler's word on integers in place of cffi's, who trusts its declaration."""
    ffi = module.ffi
    members = {
        ffi.string(one.name).decode(): (one.size, bool(one.is_signed))
        for one in module.lib.xengnt_members
    }
    for tag, struct in structs.items():
        fields = []
        for field in struct.fields:
            path = f"{tag}.{field.name}"
            if path in members:
                field = replace(field, signed=members[path][1])  # noqa: PLW2901 -- the same, mended
            elif field.pointee and f"{path}*" in members:
                size, signed = members[f"{path}*"]
                pointee = replace(field.pointee, size=size, signed=signed)
                field = replace(field, pointee=pointee)  # noqa: PLW2901 -- the same, mended
            fields.append(field)
        structs[tag] = replace(struct, fields=tuple(fields))


def _constants(module: ModuleType) -> tuple[dict[str, Constant], tuple[str, ...]]:
    """Return the constants and messages as the compiler sees them."""
    ffi, lib = module.ffi, module.lib
    constants = {}
    for one in lib.xengnt_constants:
        signed = bool(one.is_signed)
        value = one.bits - (1 << 64 if signed and one.bits >> 63 else 0)
        constants[ffi.string(one.name).decode()] = Constant(value, one.size, signed)
    return constants, tuple(ffi.string(text).decode() for text in lib.xengnt_messages)
