# SPDX-License-Identifier: MIT
"""What xengnt says of every layout and constant, against what C compilers say.

Six ABIs, seven interface versions, two compilers, three headers: ours, the real one as
libxen-dev installs it, and Linux's own copy. Nothing of theirs is in this tree.
"""

from __future__ import annotations

import oracle
import pytest
from oracle import ABIS, KINDS, OUR_HEADER, VERSIONS, Coverage, HeaderError, Source

from xengnt.abi.declarations import header
from xengnt.abi.layout import Layout, compute

THEIRS = ("x86_64", "x86_32", "arm64", "arm32")
"""The ABIs that every real header has; newer ones may have more."""

each_kind = pytest.mark.parametrize("kind", KINDS)
each_abi = pytest.mark.parametrize("abi", ABIS)
each_version = pytest.mark.parametrize("version", VERSIONS)

pytestmark = pytest.mark.usefixtures("scratch")


def layout_at(abi: str, version: int | str) -> Layout:
    """Return our layout at an ABI and interface version."""
    return compute(header().at(abi, version))


def number(compiler: oracle.Compiler, source: Source, version: str) -> int:
    """Return an interface version as a number, the newest being the source's own."""
    newest = header().newest
    if version == "newest" and source is not OUR_HEADER:
        return min(newest, oracle.latest(compiler, source))
    return header().version(version)


@each_version
@each_abi
@each_kind
def test_our_header(kind: str, abi: str, version: str, coverage: Coverage) -> None:
    """Catches a layout engine or a reader that sees our header otherwise than compilers do."""
    coverage(OUR_HEADER.name, kind)
    compiler = oracle.compiler(kind, abi)
    at = number(compiler, OUR_HEADER, version)
    layout = layout_at(abi, at)
    questions = oracle.probes(layout, OUR_HEADER)
    answers = oracle.ask(compiler, OUR_HEADER, at, questions)
    wrong = oracle.differences(layout, questions, answers)
    wrong += [f"{name}: is not defined" for name in sorted(answers.absent)]
    if answers.messages is None:
        wrong.append("GNTTABOP_error_msgs: is not defined")
    if wrong:
        oracle.fail(wrong, f"{compiler.command[0]} disagrees with the layout, {abi} {version}:")
    coverage(OUR_HEADER.name, kind, oracle.facts(layout, answers))


@each_version
@each_abi
@each_kind
def test_real_header(
    kind: str, abi: str, version: str, distribution: Source, coverage: Coverage
) -> None:
    """Catches any layout or constant of ours that is not that of the real header."""
    coverage(distribution.name, kind)
    compiler = oracle.compiler(kind, abi)
    at = number(compiler, distribution, version)
    layout = layout_at(abi, at)
    questions = oracle.probes(layout, distribution)
    try:
        answers = oracle.ask(compiler, distribution, at, questions)
    except HeaderError as error:
        if abi in THEIRS:
            raise
        reason = error.first.partition("error: ")[2].removeprefix("#error ").strip('"')
        pytest.skip(f"{abi} is refused by {distribution.name}: {reason}")
    wrong = oracle.differences(layout, questions, answers)
    if answers.messages is None:
        wrong.append("GNTTABOP_error_msgs: is not defined")
    if wrong:
        oracle.fail(wrong, f"{compiler.command[0]} disagrees with the layout, {abi} {version}:")
    coverage(distribution.name, kind, oracle.facts(layout, answers), answers.absent)


@pytest.mark.parametrize(("abi", "flags"), [("x86_64", ()), ("x86_32", ("-DCONFIG_X86_32",))])
@each_kind
def test_linux(kind: str, abi: str, flags: tuple[str, ...], coverage: Coverage) -> None:
    """Catches any layout or constant of ours that is not that of Linux, which has one version."""
    source = oracle.linux()
    coverage(source.name, kind)
    compiler = oracle.compiler(kind, abi)
    layout = layout_at(abi, "newest")
    questions = oracle.probes(layout, source)
    answers = oracle.ask(compiler, source, 0, questions, *flags)
    wrong = oracle.differences(layout, questions, answers)
    if wrong:
        oracle.fail(wrong, f"{compiler.command[0]} disagrees with the layout, {abi}:")
    coverage(source.name, kind, oracle.facts(layout, answers), answers.absent)


# The other way round: whether there is anything that xengnt does not know of.

at_gates = pytest.mark.parametrize("version", ["0x00030203", "0x0003020a", "newest"])
"""On each side of the one gate at which names come and go, and at the end."""


@at_gates
@pytest.mark.parametrize("abi", oracle.READABLE)
def test_nothing_in_our_header_is_overlooked(abi: str, version: str) -> None:
    """Catches names of our header that the layout lacks, or has at other versions than it."""
    compiler = oracle.compiler("gcc", abi)
    layout = layout_at(abi, version)
    at = layout.interface_version
    found = oracle.declared(compiler, OUR_HEADER, at)
    assert found == {tag: {f.name for f in one.fields} for tag, one in layout.structs.items()}
    macros = oracle.macros(compiler, OUR_HEADER, at)
    other = {"__XEN_PUBLIC_GRANT_TABLE_H__", "GNTTABOP_error_msgs"}
    if at < 0x0003020A:
        other |= {"grant_entry_v1", "grant_entry_v1_t"}  # what they are called instead
    assert macros.keys() - layout.constants.keys() == other


@at_gates
@pytest.mark.parametrize("abi", THEIRS)
def test_nothing_of_the_real_header_is_missing(
    abi: str, version: str, distribution: Source
) -> None:
    """Catches a struct, field or macro of the real header that ours has not at this version."""
    compiler = oracle.compiler("gcc", abi)
    at = number(compiler, distribution, version)
    theirs = oracle.declared(compiler, distribution, at)
    layout = layout_at(abi, at)
    ours = {tag: {field.name for field in one.fields} for tag, one in layout.structs.items()}
    missing = {tag: fields - ours.get(tag, set()) for tag, fields in theirs.items()}
    assert not {tag: fields for tag, fields in missing.items() if fields or tag not in ours}
    assert not ours.keys() - theirs.keys(), "structs that the real header has not at this version"
    lacking = oracle.macros(compiler, distribution, at).keys() - (
        oracle.macros(compiler, OUR_HEADER, at).keys()
    )
    assert not lacking


@pytest.mark.parametrize("abi", ABIS)
def test_undefined_is_the_oldest(abi: str) -> None:
    """Catches a header that takes an undefined interface version for anything but version 0."""
    compiler = oracle.any_compiler(abi)
    flag = "-D__XEN_INTERFACE_VERSION__=0"
    undefined, zero = (
        compiler.run(OUR_HEADER.prelude, "-E", "-P", *OUR_HEADER.flags, *flags).stdout
        for flags in ((), (flag,))
    )
    assert "struct grant_entry {" in undefined
    assert undefined == zero


@pytest.mark.parametrize("abi", ABIS)
def test_newest_is_the_last(abi: str) -> None:
    """Catches another newest version than the header's, or one beyond it that is accepted."""
    compiler = oracle.any_compiler(abi)
    assert oracle.latest(compiler, OUR_HEADER) == header().newest
    beyond = oracle.version_flags(header().newest + 1)
    done = compiler.run(OUR_HEADER.prelude, "-fsyntax-only", *OUR_HEADER.flags, *beyond)
    assert done.returncode != 0
    assert "__XEN_INTERFACE_VERSION__" in done.stderr
