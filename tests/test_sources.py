# SPDX-License-Identifier: MIT
"""``xengnt check`` on each kind of source: told apart, named, refused, held against another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracle import DISTRIBUTION, OURS, any_compiler, compiler, distribution, linux, need

import xengnt
from xengnt.check import check
from xengnt.cli import main
from xengnt.errors import SourceError
from xengnt.findings import ERROR, NOTE, WARNING, Finding
from xengnt.sources.detect import BTF, ELF, HEADER, JSON, PY, Binary, open_source
from xengnt.sources.header import HeaderFile

pytestmark = pytest.mark.usefixtures("scratch")

USES = """\
#include <stdint.h>
#include <xen/grant_table.h>
struct gnttab_copy copy; struct gnttab_setup_table setup;
"""


def made(path: Path, text: str, *flags: str, abi: str = "x86_64", kind: str = "gcc") -> Path:
    """Write the object that a compiler makes of a text."""
    path.write_bytes(compiler(kind, abi).object(text, f"-I{OURS}", *flags))
    return path


def kind_of(source: str | Path) -> str:
    """Return which kind a source is taken for."""
    opened = open_source(source)
    return HEADER if isinstance(opened, HeaderFile) else opened.kind


def test_a_file_is_what_its_contents_say(tmp_path: Path) -> None:
    """Would catch a file that is told from its name, or for which the wrong reader is taken."""
    name = tmp_path / "source"
    assert kind_of(made(name, USES, "-g")) == ELF
    assert kind_of(made(name, USES, "-gbtf")) == BTF
    assert kind_of(made(name, USES)) == ELF  # which then says that it has neither
    name.write_bytes(b"\x9f\xeb\x01\x00")
    assert kind_of(name) == BTF
    name.write_bytes(b"\x1f\x8b\x08")
    assert kind_of(name) == BTF
    name.write_text(' \n{"abi": "x86_64"}')
    assert kind_of(name) == JSON
    name.write_text("struct a { int b; };")
    assert kind_of(name) == HEADER
    name.write_text("")
    assert kind_of(name) == HEADER
    assert kind_of(f"json:{name}") == JSON
    assert kind_of("py:os.path") == PY
    assert kind_of(f"btf:{name}") == BTF


def one_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Check something that cannot be, and return the one line that says so."""
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("xengnt: ")
    assert err.count("\n") == 1
    return err


def test_code_is_not_run_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch Python code that runs because of the name of its file."""
    ran = tmp_path / "ran"
    code = tmp_path / "theirs.py"
    code.write_text(f"from pathlib import Path\nPath({str(ran)!r}).touch()\n")
    assert f"say py:{code}" in one_line(capsys, str(code))
    assert not ran.exists()
    assert "nothing to compare" in one_line(capsys, f"py:{code}")
    assert ran.exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nothing.h", "No such file"),
        ("elf:nothing.o", "No such file"),
        ("btf:nothing", "No such file"),
        ("json:nothing", "No such file"),
        ("py:nothing.py", "nothing.py"),
        ("py:no_module_of_this_name", "no_module_of_this_name"),
        (".", "Is a directory"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    capsys: pytest.CaptureFixture[str], source: str, words: str
) -> None:
    """Would catch a traceback, or an error that does not name the source."""
    assert words in one_line(capsys, source)


def test_an_object_without_anything_to_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch an object without debugging information that passes."""
    path = made(tmp_path / "plain.o", USES)
    assert str(path) in one_line(capsys, str(path))


def test_an_object_is_for_the_abi_that_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch an object that is held against the layouts of another machine."""
    path = made(tmp_path / "arm.o", USES, "-g", abi="arm64")
    [comparison] = check(path).comparisons
    assert comparison.reference.abi == "arm64"
    assert "is for arm64, not for x86_64" in one_line(capsys, str(path), "--abi", "x86_64")
    report = check(path, abis=["all"])
    assert [one.reference.abi for one in report.comparisons] == ["arm64"]
    assert {(f.code, f.abi) for f in report.refusals} == {
        ("abi-refused", abi) for abi in ("x86_64", "x86_32", "arm32", "riscv64", "ppc64")
    }


def test_parts_of_a_binary_that_disagree(tmp_path: Path) -> None:
    """Would catch a struct that is right in one file of a program and wrong in another."""
    right = made(tmp_path / "right.o", USES, "-g")
    wrong = made(
        tmp_path / "wrong.o",
        "struct gnttab_copy { long long source[2], dest[2]; short len, flags, status; } wrong;",
        "-g",
    )
    both = tmp_path / "both.o"
    import subprocess

    subprocess.run(["ld", "-r", "-o", both, right, wrong], check=True)
    found = check(both).findings
    assert any(f.code == "definitions-differ" and f.severity == WARNING for f in found)
    assert any(f.severity == ERROR and f.where.startswith("gnttab_copy.") for f in found)


COMPAT = """\
#pragma pack(4)
typedef unsigned int compat_pfn_t;
typedef unsigned int grant_ref_t;
typedef unsigned short domid_t;
struct compat_gnttab_copy_ptr {
    union { grant_ref_t ref; compat_pfn_t gmfn; } u;
    domid_t domid;
    unsigned short offset;
};
struct compat_gnttab_copy {
    struct compat_gnttab_copy_ptr source, dest;
    unsigned short len;
    unsigned short flags;
    short status;
};
struct compat_gnttab_map_grant_ref {
    unsigned long long host_addr;
    unsigned int flags;
    grant_ref_t ref;
    domid_t dom;
    short status;
    unsigned int handle;
    unsigned long long dev_bus_addr;
};
#pragma pack()
"""


@pytest.mark.parametrize("compiled", [False, True], ids=["header", "object"])
def test_structs_of_32_bit_callers_are_held_against_their_abi(
    tmp_path: Path,
    compiled: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    """Would catch a compat struct held against x86_64, or one whose fault is not seen."""

    def found(text: str) -> list[Finding]:
        path = tmp_path / "compat.h"
        path.write_text(text)
        if compiled:
            uses = "struct compat_gnttab_copy a; struct compat_gnttab_map_grant_ref b;\n"
            path = made(tmp_path / "compat.o", text + uses, "-g")
        report = check(path)
        [held] = [c for c in report.comparisons if c.reference.abi == "x86_32"]
        assert held.counts()["structs"] == 3
        return [f for f in report.findings if f.severity in (ERROR, WARNING)]

    assert found(COMPAT) == []
    wrong = found(COMPAT.replace("short status;\n};", "int status;\n};"))
    assert {(f.abi, f.code, f.where, f.theirs) for f in wrong} >= {
        ("x86_32", "field-size", "gnttab_copy.status", "compat_gnttab_copy.status")
    }


def test_every_header_and_its_object_are_clean(tmp_path: Path) -> None:
    """Would catch a header of the distribution, or what is made of it, that is called wrong."""
    source = distribution(tmp_path)
    header = DISTRIBUTION / "xen" / "grant_table.h"
    tags = [tag for tag in xengnt.Abi("x86_64").layout.structs if "v2" not in tag]
    uses = "\n".join(f"struct {tag} *{tag}_;" for tag in tags)
    for abi in ("x86_64", "x86_32", "arm64", "arm32"):
        flags = (*source.flags, "-g", "-D__XEN_INTERFACE_VERSION__=0x00040e00")
        path = tmp_path / f"{abi}.o"
        path.write_bytes(any_compiler(abi).object(source.prelude + uses, *flags))
        for one in (header, path):
            report = check(one, abis=[abi])
            assert not [f for f in report.findings if f.severity != NOTE], one
            assert report.comparisons[0].counts()["structs"] >= 14


@pytest.mark.parametrize(
    ("abi", "defines"),
    [("x86_64", ()), ("x86_32", ("CONFIG_X86_32",)), ("arm64", ()), ("arm32", ())],
)
def test_linuxs_header_is_clean(abi: str, defines: tuple[str, ...]) -> None:
    """Would catch a copy without gates, whose package lacks headers, that is called wrong."""
    root = linux().root
    machines = ("x86",) if abi.startswith("x86") else ("arm", "arm64")
    include = [root / "include", *(root / "arch" / one / "include" for one in machines)]
    header = root / "include" / "xen" / "interface" / "grant_table.h"
    report = check(header, abis=[abi], include=include, defines=defines)
    assert not [f for f in report.findings if f.severity != NOTE]
    assert report.comparisons[0].counts()["structs"] == 17


def test_linux_rings_against_xens() -> None:
    """Would catch a comparison of two others that misses what really differs, or sees what not."""
    theirs = linux()
    header = next(Path(f[2:]) for f in theirs.flags if f.startswith("-I"))
    rings = header / "xen" / "interface" / "io"
    need(rings.is_dir() or None, "Linux's headers", "apt install linux-headers-amd64")
    xens = DISTRIBUTION / "xen" / "io"
    need(xens.is_dir() or None, "Xen's public headers", "apt install libxen-dev")
    include = [f[2:] for f in theirs.flags if f.startswith("-I")]
    report = check(rings / "netif.h", against=xens / "netif.h", abis=["x86_64"], include=include)
    wrong = {f.where.partition(".")[0] for f in report.findings if f.severity == ERROR}
    # Both declare a private part of the ring, and Linux calls it padding.
    assert wrong == {
        "netif_tx_sring", "netif_rx_sring", "xen_netif_ctrl_sring", "XEN_NETIF_EXTRA_TYPE_MAX"
    }  # fmt: skip
    [comparison] = report.comparisons
    assert comparison.names.structs.found["netif_tx_request"].theirs == "xen_netif_tx_request"
    same = check(xens / "blkif.h", against=xens / "blkif.h", abis=["all"])
    assert not [f for f in same.findings if not f.code.endswith("-refused")]


def test_a_binary_can_be_the_reference(tmp_path: Path) -> None:
    """Would catch a header that is held against the ABI instead of against an object."""
    text = "struct ring { int id; long at; } ring;"
    path = made(tmp_path / "ring.o", text, "-g")
    header = tmp_path / "ring.h"
    header.write_text(text)
    assert not [f for f in check(header, against=path).findings if f.severity == ERROR]
    header.write_text(text.replace("int id", "short id, more"))
    found = {(f.code, f.where) for f in check(header, against=path).findings}
    assert ("field-size", "ring.id") in found
    assert not [f for f in check(path, against=path).findings if f.severity == ERROR]


def test_machines_get_the_same_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a binary whose findings lack what those of a header have."""
    text = USES.replace("struct gnttab_copy copy;", "struct gnttab_transfer { short x; } t;")
    path = tmp_path / "wrong.o"
    text = "struct gnttab_dump_table { unsigned short dom; unsigned short status; } wrong;"
    made(path, text, "-g")
    assert main(["check", str(path), "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    [error] = [f for f in data["findings"] if f["severity"] == "error"]
    assert (error["code"], error["where"]) == ("field-sign", "gnttab_dump_table.status")
    assert error["source"].endswith(":1")
    assert error["abi"] == "x86_64"
    assert isinstance(open_source(path), Binary)
    with pytest.raises(SourceError, match="nothing to compare"):
        check(made(tmp_path / "other.o", "int x;", "-g"))
