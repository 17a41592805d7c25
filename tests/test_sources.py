# SPDX-License-Identifier: MIT
"""``xengnt check`` on each kind of source: told apart, named, refused, held against another."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from oracle import DISTRIBUTION, OURS, any_compiler, compiler, distribution, linux, need

import xengnt
from xengnt.check import check
from xengnt.cli import main
from xengnt.errors import SourceError
from xengnt.findings import ERROR, NOTE, WARNING, Finding
from xengnt.mapping import Mapping, load_mapping
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


@pytest.mark.parametrize("abi", ["x86_64", "x86_32"])
def test_an_object_of_linuxs_header_is_clean(abi: str, tmp_path: Path) -> None:
    """Would catch what a compiler makes of Linux's copy that is called wrong."""
    source = linux()
    tags = [tag for tag in xengnt.Abi(abi).layout.structs if "grant_entry" not in tag]
    uses = "\n".join(f"struct {tag} *{tag}_;" for tag in tags)
    defines = ("-DCONFIG_X86_32",) if abi == "x86_32" else ()
    path = tmp_path / "linux.o"
    path.write_bytes(any_compiler(abi).object(source.prelude + uses, *source.flags, "-g", *defines))
    report = check(path)
    assert not [f for f in report.findings if f.severity != NOTE]
    assert report.comparisons[0].reference.abi == abi
    assert report.comparisons[0].counts()["structs"] >= 14


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


VERSION = "struct {}gnttab_set_version {{ unsigned {} version; }};\n"


@pytest.mark.parametrize("name", ["vki_", "a_b_"])
def test_what_else_could_be_meant_is_not_forgotten(tmp_path: Path, name: str) -> None:
    """Would catch a wrong struct that hides behind a right one of the same name."""
    path = tmp_path / "two.h"
    path.write_text(VERSION.format("", "int") + VERSION.format(name, "long"))
    [found] = [f for f in check(path).findings if f.severity == WARNING]
    assert found.code == "also-there"
    assert f"{name}gnttab_set_version" in found.message
    path.write_text(VERSION.format("", "int") + VERSION.format(name, "int"))
    assert not [f for f in check(path).findings if f.severity == WARNING]


def test_a_name_in_doubt_is_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch one of two candidates that is taken, or a source that seems to be empty."""
    path = tmp_path / "two.h"
    path.write_text(VERSION.format("a_", "int") + VERSION.format("b_", "long"))
    assert "a_gnttab_set_version, b_gnttab_set_version" in one_line(capsys, str(path))


def test_an_abi_without_anything_is_no_success(tmp_path: Path) -> None:
    """Would catch an ABI for which a header declares nothing, and that agrees."""
    path = tmp_path / "one.h"
    path.write_text(f"#ifdef __x86_64__\n{VERSION.format('', 'int')}#endif\n")
    found = [f for f in check(path, abis=["all"]).findings if f.code == "nothing-compared"]
    assert {f.abi for f in found} == {"x86_32", "arm64", "arm32", "riscv64", "ppc64"}
    assert all(f.severity == WARNING for f in found)


def test_native_structs_beside_those_of_32_bit_callers(tmp_path: Path) -> None:
    """Would catch a native struct that is held against the layout of a 32-bit caller."""
    path = tmp_path / "both.h"
    native = "#include <xen/grant_table.h>\n"
    path.write_text(
        f"#include <stdint.h>\n{native}{COMPAT.replace('typedef', '// typedef')}".replace(
            "compat_pfn_t gmfn", "uint32_t gmfn"
        )
    )
    report = check(path, include=[OURS])
    assert not [f for f in report.findings if f.severity in (ERROR, WARNING)]
    assert {one.reference.abi for one in report.comparisons} == {"x86_64", "x86_32"}


def test_a_mapping_counts_for_all_definitions(tmp_path: Path) -> None:
    """Would catch a second definition that is compared by other names than the first."""
    text = "struct gnttab_swap_grant_ref {{ unsigned {}; short status; }} {};"
    right = made(tmp_path / "right.o", text.format("b, a", "x"), "-g")
    wrong = made(tmp_path / "wrong.o", text.format("a, b", "y"), "-g")
    both = tmp_path / "both.o"
    subprocess.run(["ld", "-r", "-o", both, right, wrong], check=True)
    names = {"gnttab_swap_grant_ref": {"a": "ref_b", "b": "ref_a"}}
    found = check(both, mapping=Mapping(fields=names)).findings
    assert {f.where for f in found if f.severity == ERROR} == {
        "gnttab_swap_grant_ref.ref_a", "gnttab_swap_grant_ref.ref_b"
    }  # fmt: skip


def test_what_the_reference_cannot_show_is_said(tmp_path: Path) -> None:
    """Would catch a struct that is in neither side's way because one side is unreadable."""
    good, bad = "struct good { int a; };", "struct bad { NOTHING a; };"
    whole = tmp_path / "whole.o"
    made(whole, f"typedef int NOTHING; {good} {bad} struct good x; struct bad y;", "-g")
    header = tmp_path / "half.h"
    header.write_text(f"{good}\n{bad}\n")
    found = check(header, against=whole).findings
    assert any(f.code == "unreadable" and f.severity == ERROR for f in found)
    found = check(whole, against=header).findings
    assert any(f.code == "reference-unreadable" for f in found)
    header.write_text(good)
    found = check(header, against=whole, require_all=True).findings
    assert ("struct-missing", "bad", ERROR) in {(f.code, f.where, f.severity) for f in found}


def test_alignment_that_one_side_does_not_state(tmp_path: Path) -> None:
    """Would catch a warning about an alignment that nobody knows."""
    path = made(tmp_path / "one.o", "struct one { int a; } x;", "-g")
    header = tmp_path / "one.h"
    header.write_text("struct one { int a; };")
    assert check(header, against=path).findings == []


def test_what_is_asked_for_by_name(tmp_path: Path) -> None:
    """Would catch a choice of names that leaves out too much, or too little."""
    header = OURS / "xen" / "grant_table.h"
    report = check(header, only=["gnttab_c*", "GNTST_okay"])
    assert set(report.comparisons[0].reference.structs) == {
        "gnttab_copy", "gnttab_copy_ptr", "gnttab_cache_flush"
    }  # fmt: skip
    assert set(report.comparisons[0].reference.constants) == {"GNTST_okay"}
    assert report.findings == []


def test_a_definition_that_differs_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch the right definition shown in the place of the wrong one."""
    right = made(
        tmp_path / "right.o", VERSION.format("", "int") + "struct gnttab_set_version x;", "-g"
    )
    wrong = made(
        tmp_path / "wrong.o", VERSION.format("", "long") + "struct gnttab_set_version y;", "-g"
    )
    both = tmp_path / "both.o"
    subprocess.run(["ld", "-r", "-o", both, right, wrong], check=True)
    assert main(["check", str(both)]) == 1
    out = capsys.readouterr().out
    assert "unsigned long" in out.replace("long unsigned int", "unsigned long")
    assert "≠" in out


def test_names_that_are_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a file name that a format for machines cannot write, or a terminal acts on."""
    path = tmp_path / "q\udcff\x1b[31m.h"
    path.write_text("struct gnttab_set_version { int version; };")
    for form in ("json", "sarif", "junit", "expect", "text"):
        assert main(["check", str(path), "--format", form]) == 1
        assert "\x1b" not in capsys.readouterr().out


def test_mappings_that_mean_nothing(tmp_path: Path) -> None:
    """Would catch a misspelled name in a mapping that switches a check off without a word."""
    path = tmp_path / "one.h"
    path.write_text(VERSION.format("", "int"))
    said = Mapping(
        structs={"nosuch": "gnttab_copy"},
        fields={"gnttab_set_version": {"nosuch": "version"}},
        constants={"FOO": "GNTST_okay"},
        ignore={"gnttab_set_version.nosuch": "why"},
    )
    found = [f for f in check(path, mapping=said).findings if f.code == "map-unused"]
    assert len(found) == 4
    assert all(f.severity == WARNING for f in found)
    two = Mapping(fields={"gnttab_dump_table": {"status": "dom"}})
    path.write_text("struct gnttab_dump_table { unsigned short dom; short status; };")
    with pytest.raises(SourceError, match="two of gnttab_dump_table mean the same"):
        check(path, mapping=two)
    with pytest.raises(SourceError, match="not a regular file"):
        load_mapping("/dev/zero")


@pytest.mark.parametrize("flags", [("-g",), ("-gbtf",)], ids=["DWARF", "BTF"])
def test_bits_of_binaries_have_places(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Would catch bit-fields of a binary of which only the width is compared."""
    text = "struct bits { unsigned a:1, b:1, c:6; } x;"
    header = tmp_path / "bits.h"
    header.write_text(text)
    assert not check(made(tmp_path / "right.o", text, *flags), against=header).findings
    swapped = text.replace("a:1, b:1", "b:1, a:1")
    found = check(made(tmp_path / "wrong.o", swapped, *flags), against=header).findings
    assert {f.where for f in found if f.severity == ERROR} == {"bits.a", "bits.b"}
