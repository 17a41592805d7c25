# SPDX-License-Identifier: MIT
"""The self-check: it agrees on the tree, and it fails when fed a wrong header."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from xengnt.abi.declarations import header
from xengnt.abi.layout import compute
from xengnt.abi.targets import native
from xengnt.cli import main
from xengnt.errors import Unavailable
from xengnt.selfcheck import selfcheck

ROOT = Path(__file__).parent.parent


def test_engine_and_compiler_agree_on_every_type() -> None:
    """Would catch a layout of the engine that the compiler does not share, in any struct."""
    result = selfcheck()
    assert result.findings == ()
    layout = compute(header().at(native()))
    assert result.compiler.structs.keys() == layout.structs.keys()
    assert result.compiler.constants == layout.constants
    assert result.compiler.messages == layout.messages
    for tag, struct in layout.structs.items():
        walked = [field.name for field in result.compiler.structs[tag].fields]
        assert walked == [field.name for field in struct.fields]


def build(folder: Path, edits: dict[str, tuple[str, str]]) -> Path:
    """Build the extension against a copy of the headers with edits, by file name."""
    include = folder / "include"
    shutil.copytree(ROOT / "include", include)
    for name, (old, new) in edits.items():
        path = include / "xen" / name
        text = path.read_text()
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new))
    out = folder / "_ffi.abi3.so"
    python = sysconfig.get_paths()["include"]
    flags = [f"-I{include}", f"-I{ROOT / 'native'}", f"-I{python}", "-w"]
    subprocess.run(
        ["cc", "-shared", "-fPIC", *flags, str(ROOT / "native" / "ffi.c"), "-o", str(out)],
        check=True,
    )
    return out


HOST_ADDR = "    uint64_t host_addr;     /* Where to map it for CPUs. */\n"
FLAGS = "    uint32_t flags;         /* => enum gnttab_map_flag */\n"

WRONG = {
    "a wider flags": (
        "uint16_t      flags;    /* => enum gnttab_copy_flag */",
        "uint32_t      flags;    /* => enum gnttab_copy_flag */",
        "gnttab_copy",
    ),
    "an order changed": (
        HOST_ADDR + FLAGS,
        FLAGS + HOST_ADDR,
        "gnttab_map_grant_ref",
    ),
    "an unsigned status": (
        "    int16_t  status;        /* => enum grant_status */\n    grant_handle_t handle;",
        "    uint16_t  status;        /* => enum grant_status */\n    grant_handle_t handle;",
        "gnttab_map_grant_ref",
    ),
    "another value": ("#define GNTST_bad_page         (-9)", "#define GNTST_bad_page (-10)",
                      "GNTST_bad_page"),
    "another signedness": ("(1U<<_GTF_readonly)", "(1<<_GTF_readonly)", "GTF_readonly"),
    "a wider constant": ("GNTTABOP_copy                 5", "GNTTABOP_copy 5L", "GNTTABOP_copy"),
    "a wider reference": ("typedef uint32_t grant_ref_t;", "typedef uint64_t grant_ref_t;",
                          "grant_ref_t"),
    "another message": ('"bad page",        ', '"good page",        ', "GNTTABOP_error_msgs[9]"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where"), WRONG.values(), ids=WRONG)
def test_a_wrong_header_is_seen(tmp_path: Path, old: str, new: str, where: str) -> None:
    """Would catch a self-check that cannot fail: the compiler is fed another header."""
    extension = build(tmp_path, {"grant_table.h": (old, new)})
    findings = selfcheck(extension).findings
    assert where in {finding.where.split(".")[0] for finding in findings}
    assert main(["selfcheck", "--extension", str(extension)]) == 1


def test_the_same_header_built_again_is_fine(tmp_path: Path) -> None:
    """Would catch a build in the tests that differs by more than the edit."""
    assert selfcheck(build(tmp_path, {})).findings == ()


def test_without_an_extension(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a traceback where the extension is missing or is none."""
    wrong = tmp_path / "x.so"
    wrong.write_bytes(b"not an extension")
    with pytest.raises(Unavailable, match="cannot be loaded"):
        selfcheck(wrong)
    assert main(["selfcheck", "--extension", str(wrong)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
