# SPDX-License-Identifier: MIT
"""What ``xengnt check`` says for people and for machines, and what it is told to expect."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from oracle import OURS, need

from xengnt.baseline import Expected, load_expected
from xengnt.check import check, expect
from xengnt.cli import main
from xengnt.errors import SourceError
from xengnt.findings import ERROR, NOTE

HEADER = OURS / "xen" / "grant_table.h"
INCLUDE = ("-I", str(OURS / "xen"))


@pytest.fixture
def widened(tmp_path: Path) -> str:
    """Return a copy of our header in which the domid of a copy has 32 bits."""
    text = HEADER.read_text()
    changed = re.sub(
        r"domid_t  domid;         /\* Whose grant", "uint32_t domid; /* Whose grant", text
    )
    assert changed != text
    path = tmp_path / "theirs.h"
    path.write_text(changed)
    return str(path)


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run ``xengnt check``, and return its exit status and what it prints."""
    status = main(["check", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    return status, out


def test_the_cause_and_the_consequence_are_named(
    capsys: pytest.CaptureFixture[str], widened: str
) -> None:
    """Would catch a report that lists what moved and does not say why, or what Xen then reads."""
    status, out = output(capsys, widened, *INCLUDE, "--abi", "x86_64", "--abi", "x86_32")
    assert status == 1
    assert "they part at byte 10" in out
    assert "domid takes 4 bytes, not 2; at 10 Xen reads bytes 2 to 3 of their domid" in out
    assert "✗ 12 ≠ 8" in out  # gnttab_copy_ptr on x86_32
    assert re.search(r"gnttab_map_grant_ref +✓ 32 +✓ 32", out)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            ("uint32_t      ref;", "uint64_t      ref;"),
            "ref takes 8 bytes, not 4",
        ),
        (("int16_t       status;", ""), "status before it is not there"),
        (
            ("xen_pfn_t     mfn;", "uint64_t more; xen_pfn_t mfn;"),
            "more before it is not in the reference",
        ),
    ],
)
def test_what_moved_a_field(tmp_path: Path, edit: tuple[str, str], words: str) -> None:
    """Would catch a cause that is not the first thing that differs."""
    text = """\
        #include <stdint.h>
        typedef uint64_t xen_pfn_t; typedef uint16_t domid_t;
        struct gnttab_transfer {
            xen_pfn_t     mfn;
            domid_t       domid;
            uint32_t      ref;
            int16_t       status;
        };
        struct gnttab_query_size {
            domid_t  dom;
            uint32_t nr_frames;
            uint32_t max_nr_frames;
            int16_t       status;
            uint16_t   more2;
        };
        """
    path = tmp_path / "theirs.h"
    path.write_text(text.replace(*edit))
    moved = [f for f in check(path, abis=["x86_64"]).findings if f.code == "field-offset"]
    because = {f.because.partition(";")[0] for f in moved if f.because}
    assert because <= {words}
    assert because or "status" in words


def test_packing_is_named_as_the_cause(tmp_path: Path) -> None:
    """Would catch a packed struct in which each field seems to have moved by itself."""
    path = tmp_path / "theirs.h"
    path.write_text(
        "#include <stdint.h>\nstruct gnttab_setup_table { uint16_t dom; uint32_t nr_frames;"
        " int16_t status; uint64_t *frame_list; } __attribute__((packed));\n"
    )
    moved = [f for f in check(path, abis=["x86_64"]).findings if f.code == "field-offset"]
    assert [f.where for f in moved] == [
        f"gnttab_setup_table.{name}" for name in ("nr_frames", "status", "frame_list")
    ]
    assert "2 bytes of padding before it are not there" in str(moved[0].because)
    assert str(moved[2].because).endswith("at 16 Xen reads what is behind their struct")


def schema() -> Any:
    """Return the schema of SARIF, or skip."""
    name = os.environ.get("XENGNT_SARIF_SCHEMA")
    found = Path(name) if name and Path(name).is_file() else None
    path = need(
        found,
        "the JSON schema of SARIF 2.1.0",
        "set XENGNT_SARIF_SCHEMA to sarif-schema-2.1.0.json, which .ci/run takes from PyPI",
    )
    return json.loads(path.read_text())


def test_sarif_is_valid(capsys: pytest.CaptureFixture[str], widened: str) -> None:
    """Would catch a log that a code host refuses."""
    import jsonschema

    status, out = output(capsys, widened, *INCLUDE, "--abi", "all", "--format", "sarif")
    assert status == 1
    jsonschema.validate(json.loads(out), schema())


def test_sarif_locates_each_result(capsys: pytest.CaptureFixture[str], widened: str) -> None:
    """Would catch a result without its file, line, rule or level."""
    _, out = output(capsys, widened, *INCLUDE, "--abi", "x86_64", "--format", "sarif")
    [run] = json.loads(out)["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    result = next(r for r in run["results"] if r["ruleId"] == "field-size")
    assert rules[result["ruleIndex"]] == "field-size"
    assert result["level"] == "error"
    [location] = result["locations"]
    assert location["logicalLocations"] == [{"fullyQualifiedName": "gnttab_copy_ptr.domid"}]
    place = location["physicalLocation"]
    assert place["artifactLocation"]["uri"] == Path(widened).as_uri()
    line = Path(widened).read_text().splitlines()[place["region"]["startLine"] - 1]
    assert "uint32_t domid;" in line


def test_junit_has_a_case_for_each_struct(
    capsys: pytest.CaptureFixture[str], widened: str, tmp_path: Path
) -> None:
    """Would catch a failure that is counted for the wrong struct, or not at all."""
    status, out = output(capsys, widened, *INCLUDE, "--abi", "x86_64", "--format", "junit")
    assert status == 1
    [suite] = ET.fromstring(out).findall("testsuite")  # noqa: S314 -- our own
    cases = {case.get("name"): case for case in suite}
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    assert failed == {"gnttab_copy_ptr", "gnttab_copy"}
    assert suite.get("failures") == "2"
    assert "gnttab_map_grant_ref" in cases
    odd = tmp_path / "odd\x07.h"
    odd.write_text("struct gnttab_dump_table { int x; };\n")
    _, out = output(capsys, str(odd), "--abi", "x86_64", "--format", "junit")
    ET.fromstring(out)  # noqa: S314 -- the same


def test_what_is_expected_is_no_error(
    capsys: pytest.CaptureFixture[str], widened: str, tmp_path: Path
) -> None:
    """Would catch a baseline that lets a new difference pass, or keeps one that is gone."""
    known = tmp_path / "known.toml"
    status, out = output(capsys, widened, *INCLUDE, "--abi", "all", "--format", "expect")
    assert status == 1
    known.write_text(out)
    with pytest.raises(SourceError, match="reason is missing"):
        load_expected(known)
    known.write_text(out.replace('reason = ""', 'reason = "next release"'))
    arguments = (*INCLUDE, "--abi", "all", "--expect", str(known))
    status, out = output(capsys, widened, *arguments)
    assert status == 0
    assert "expected: next release" in out
    status, out = output(capsys, str(HEADER), *arguments)
    assert status == 1
    assert "is gone: next release" in out
    text = re.sub(r"uint16_t( +len;)", r"uint32_t\1", Path(widened).read_text())
    assert text != Path(widened).read_text()
    Path(widened).write_text(text)
    status, out = output(capsys, widened, *arguments)
    assert status == 1


def test_another_value_is_another_difference(widened: str) -> None:
    """Would catch a known width of four bytes that excuses one of eight."""
    expected = [Expected("gnttab_copy_ptr.domid", "field-size", "why", got="8")]
    report = check(widened, abis=["x86_64"], include=[OURS / "xen"])
    expect([report], expected)
    codes = {f.code for f in report.findings if f.severity == ERROR}
    assert {"field-size", "expected-gone"} <= codes
    report = check(widened, abis=["x86_64"], include=[OURS / "xen"])
    expect([report], [Expected("gnttab_copy_ptr.domid", "field-size", "why", got="4")])
    [known] = [f for f in report.findings if f.where == "gnttab_copy_ptr.domid"]
    assert known.severity == NOTE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[expect]\n", "not TOML"),
        ("[expect]\n", "expected [[expect]] tables"),
        ("a = 1\n", "expected [[expect]] tables"),
        ("[[expect]]\nwhere = 'a'\ncode = 'b'\n", "expect 1: reason is missing"),
        ("[[expect]]\nwhere = 'a'\ncode = 'b'\nreason = ' '\n", "expect 1: reason is missing"),
        ("[[expect]]\nwher = 'a'\n", "unknown key 'wher'"),
    ],
)
def test_a_bad_baseline_is_one_clear_line(tmp_path: Path, text: str, words: str) -> None:
    """Would catch a baseline whose mistake is ignored."""
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        load_expected(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_two_others_can_be_compared(tmp_path: Path) -> None:
    """Would catch a comparison with somebody else's source that falls back on the ABI."""
    ours, theirs = tmp_path / "ours.h", tmp_path / "theirs.h"
    ours.write_text("struct ring { unsigned id; unsigned long long at; };\n#define RING_SIZE 8\n")
    theirs.write_text("struct ring { unsigned id; unsigned long at; };\n#define RING_SIZE 9\n")
    report = check(theirs, against=ours, abis=["x86_64", "x86_32"])
    found = {(f.abi, f.code, f.where) for f in report.findings if f.severity == ERROR}
    assert found == {
        ("x86_64", "constant-value", "RING_SIZE"),
        ("x86_32", "constant-value", "RING_SIZE"),
        ("x86_32", "field-size", "ring.at"),
        ("x86_32", "struct-size", "ring"),
    }
    assert check(ours, against=ours).findings == []


def test_a_layout_is_a_reference_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch layout JSON that is not read back as what it was written from."""
    assert main(["layout", "--abi", "arm32", "--format", "json"]) == 0
    text = capsys.readouterr().out
    path = tmp_path / "arm32.json"
    path.write_text(text)
    assert check(HEADER, against=path, abis=["arm32"]).findings == []
    assert check(path).findings == []
    data = json.loads(text)
    some = data if isinstance(data, dict) else data[0]
    status = some["structs"]["gnttab_copy"]["fields"][-1]
    assert status["name"] == "status"
    status["signed"] = False
    path.write_text(json.dumps(some))
    [found] = [f for f in check(path).findings if f.severity == ERROR]
    assert (found.code, found.where) == ("field-sign", "gnttab_copy.status")


def test_of_very_many_fields_those_that_differ_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a table of thousands of rows in which the difference drowns, or is left out."""
    fields = " ".join(f"unsigned f{number};" for number in range(300))
    ours, theirs = tmp_path / "ours.h", tmp_path / "theirs.h"
    ours.write_text(f"struct big {{ {fields} }};")
    theirs.write_text(f"struct big {{ {fields.replace('unsigned f200;', 'int f200;')} }};")
    status, out = output(capsys, str(theirs), "--against", str(ours))
    assert status == 1
    rows = [
        line for line in out.splitlines() if re.search(r"\bf\d+\b", line) and "error" not in line
    ]
    assert [re.findall(r"\bf\d+\b", row)[0] for row in rows] == [f"f{n}" for n in range(198, 203)]
    assert sum("≠" in row for row in rows) == 1
