# SPDX-License-Identifier: MIT
"""The enumerations: derived from the header, named as Python and C name them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from enum import IntEnum, IntFlag
from pathlib import Path

import pytest

import xengnt
from xengnt.abi import constants
from xengnt.abi.declarations import PYTHON_NAMES, header

DECLARED = header().at("x86_64")


@pytest.mark.parametrize(("tag", "name"), PYTHON_NAMES.items())
def test_members_are_those_of_the_header(tag: str, name: str) -> None:
    """Would catch a member that is lost, renamed or has another value."""
    enum = DECLARED.enums[tag]
    made = getattr(constants, name)
    assert issubclass(made, IntFlag if enum.bits else IntEnum)
    assert {m.c_name: int(m) for m in made.__members__.values()} == {
        name: DECLARED.constants[name].value for name in enum.members
    }
    assert all(m.doc or tag == "grant_table_op" for m in made.__members__.values())


def test_names_and_messages() -> None:
    """Would catch a wrong prefix, and a message of a neighbouring status."""
    assert xengnt.Op.COPY.c_name == "GNTTABOP_copy"
    assert xengnt.Status(-9) is xengnt.Status.BAD_PAGE
    assert xengnt.Status.BAD_PAGE.message == "bad page"
    assert xengnt.Status.OKAY.message == "okay"
    assert xengnt.Status.NO_SPACE.message == "out of space"
    assert xengnt.TransferFlag.COMMITTED.c_name == "GTF_transfer_committed"


def test_flags_together_name_all_of_them() -> None:
    """Would catch a combination that loses a flag, or bits that have no name."""
    flags = xengnt.MapFlag.HOST_MAP | xengnt.MapFlag.READONLY
    assert flags.c_name == "GNTMAP_host_map|GNTMAP_readonly"
    assert xengnt.MapFlag(0).c_name == "0"
    assert xengnt.MapFlag(0x20).c_name == "0x20"
    assert xengnt.MapFlag(0x10001).c_name == "GNTMAP_device_map|0x10000"
    assert xengnt.MapFlag(0xFFFF0000) is xengnt.MapFlag.GUEST_AVAIL_MASK


def test_an_unknown_status_is_no_member() -> None:
    """Would catch an enumeration that makes members up."""
    with pytest.raises(ValueError, match="-99"):
        xengnt.Status(-99)


def test_members_can_be_pickled() -> None:
    """Would catch a class that cannot be found by its name."""
    for member in (xengnt.Op.COPY, xengnt.MapFlag.READONLY, xengnt.Status.EAGAIN):
        assert pickle.loads(pickle.dumps(member)) is member  # noqa: S301 -- our own bytes


def test_stubs_say_what_is_there() -> None:
    """Would catch stubs that drift from the classes made at run time."""
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy.stubtest", "xengnt.abi.constants"),
            *("--ignore-disjoint-bases", "--mypy-config-file", "pyproject.toml"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert done.returncode == 0, done.stdout + done.stderr
