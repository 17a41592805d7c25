# SPDX-License-Identifier: MIT
"""The commands as a user types them: output, formats, exit statuses, errors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from xengnt.abi.targets import TARGETS

ROOT = Path(__file__).parent.parent
HEADER = ROOT / "include" / "xen" / "grant_table.h"

LAYOUT_SCHEMA = {
    "type": "object",
    "required": ["abi", "interface_version", "structs", "constants", "ops", "messages"],
    "properties": {
        "structs": {
            "additionalProperties": {
                "type": "object",
                "required": ["kind", "size", "align", "fields", "holes"],
                "properties": {
                    "kind": {"enum": ["struct", "union"]},
                    "holes": {"items": {"type": "array", "minItems": 2, "maxItems": 2}},
                    "fields": {
                        "items": {
                            "type": "object",
                            "required": [
                                *("name", "offset", "size", "type", "kind", "signed", "count"),
                                *("direction", "enum", "pointee"),
                            ],
                            "properties": {
                                "direction": {"enum": ["IN", "OUT", "IN/OUT", "IN-pointer", None]},
                                "pointee": {
                                    "anyOf": [
                                        {"type": "null"},
                                        {"type": "object", "required": ["type", "size", "signed"]},
                                    ]
                                },
                            },
                        }
                    },
                },
            }
        },
        "constants": {
            "additionalProperties": {"type": "object", "required": ["value", "signed", "size"]}
        },
        "ops": {"additionalProperties": {"type": "object", "required": ["number", "struct"]}},
        "messages": {"type": "array", "items": {"type": "string"}},
    },
}

FINDINGS_SCHEMA = {
    "type": "object",
    "required": ["findings"],
    "properties": {
        "findings": {
            "items": {
                "type": "object",
                "required": [
                    *("severity", "code", "where", "source", "abi", "interface_version"),
                    *("element", "offset", "expected", "got", "message"),
                ],
                "properties": {"severity": {"enum": ["error", "warning", "note"]}},
            }
        }
    },
}


def xengnt(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "xengnt", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A copy of our headers in which one member is too wide and one value is another."""
    shutil.copytree(ROOT / "include", tmp_path / "include")
    path = tmp_path / "include" / "xen" / "grant_table.h"
    text = path.read_text()
    assert text.count("uint16_t      len;") == 1
    assert text.count("(-9)") == 1
    path.write_text(text.replace("uint16_t      len;", "uint32_t      len;").replace("(-9)", "-8"))
    return path


def test_help_has_examples() -> None:
    """Would catch a command whose help shows nobody how to use it."""
    for command in ("layout", "check", "explain", "selfcheck"):
        done = xengnt(command, "--help")
        assert done.returncode == 0
        assert f"xengnt {command}" in done.stdout.split("examples:")[1]
    assert all(name in xengnt("--help").stdout for name in ("layout", "check", "exit status"))


@pytest.mark.parametrize("abi", TARGETS)
def test_layout_json_has_the_promised_shape(abi: str) -> None:
    """Would catch a key of the layout format that is lost or renamed."""
    document = json.loads(xengnt("layout", "--abi", abi, "--format", "json").stdout)
    jsonschema.validate(document, LAYOUT_SCHEMA)
    assert document["abi"] == abi
    assert document["interface_version"] == "0x00041300"
    assert len(document["ops"]) == 13
    copy = document["structs"]["gnttab_copy"]
    names = [field["name"] for field in copy["fields"]]
    assert names[:4] == ["source", "source.u", "source.u.ref", "source.u.gmfn"]


def test_layout_of_one_struct_by_op_and_by_tag() -> None:
    """Would catch a name that is not understood, and a table without its holes."""
    by_op = xengnt("layout", "copy", "--abi", "x86_64").stdout
    assert by_op == xengnt("layout", "gnttab_copy", "--abi", "amd64").stdout
    assert "40 bytes" in by_op
    assert by_op.count("hole") == 3
    assert "GNTCOPY_source_gref ? ref : gmfn" in by_op
    document = json.loads(xengnt("layout", "copy", "--abi", "arm32", "--format", "json").stdout)
    assert list(document["structs"]) == ["gnttab_copy"]


def test_layout_of_several_abis_side_by_side() -> None:
    """Would catch columns of the wrong ABI."""
    out = xengnt("layout", "transfer", "--abi", "all").stdout
    head = next(line for line in out.splitlines() if "field" in line)
    assert head.split()[3:] == list(TARGETS)
    row = next(line for line in out.splitlines() if "status" in line)
    assert row.split()[3:] == ["16", "2", "12", "2", *["16", "2"] * 4]


def test_layout_below_the_gate_has_the_old_names() -> None:
    """Would catch an interface version that is ignored."""
    document = json.loads(
        xengnt("layout", "--interface-version", "undefined", "--format", "json").stdout
    )
    assert "grant_entry" in document["structs"]
    assert "grant_entry_v2" not in document["structs"]
    assert document["interface_version"] == "undefined"


def test_check_finds_what_is_wrong(wrong: Path) -> None:
    """Would catch a report that does not show both sides, or exits as if all were well."""
    done = xengnt("check", str(wrong), "--abi", "x86_64", "--abi", "x86_32")
    assert done.returncode == 1
    assert "gnttab_copy.len has a size of 4, not 2" in done.stdout
    assert "GNTST_bad_page is -8, not -9" in done.stdout
    assert f"{wrong}:" in done.stdout
    assert "≠" in done.stdout
    assert done.stderr == ""


def test_check_as_json(wrong: Path) -> None:
    """Would catch a key of the findings format that is lost, and a place that is not named."""
    done = xengnt("check", str(wrong), "--abi", "arm32", "--format", "json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    jsonschema.validate(document, FINDINGS_SCHEMA)
    found = {(f["code"], f["where"]): f for f in document["findings"]}
    size = found["field-size", "gnttab_copy.len"]
    assert (size["expected"], size["got"], size["abi"]) == (2, 4, "arm32")
    line = int(size["source"].removeprefix(f"{wrong}:"))
    assert "uint32_t      len;" in wrong.read_text().splitlines()[line - 1]
    assert found["constant-value", "GNTST_bad_page"]["got"] == -8
    assert document["compared"][0]["structs"] == 17


def test_check_of_our_own_header_is_clean() -> None:
    """Would catch a reader and a reference that disagree about the very same file."""
    done = xengnt("check", str(HEADER), "--abi", "all", "--interface-version", "all")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "0 errors, 0 warnings, 0 notes"


def test_check_of_several_headers_goes_on_after_one_that_cannot_be_read(wrong: Path) -> None:
    """Would catch a later header that is lost behind an unreadable one."""
    done = xengnt("check", "/nonexistent.h", str(wrong), "--abi", "x86_64")
    assert done.returncode == 2
    assert done.stderr == "xengnt: /nonexistent.h: No such file or directory\n"
    assert "gnttab_copy.len" in done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("-9", ["GNTST_bad_page", "status -9", "bad page", "Status.BAD_PAGE"]),
        ("GNTMAP_readonly", ["0x4", "gnttab_map_flag", "gnttab_map_grant_ref.flags"]),
        ("copy", ["GNTTABOP_copy", "command 5", "struct gnttab_copy", "dest.u"[:4], "Xen 3.0.3"]),
        ("swap_grant_ref", ["from interface version 0x0003020a", "Xen 4.2"]),
        ("grant_entry", ["before interface version 0x0003020a"]),
        ("setup_table", ["XEN_GUEST_HANDLE(ulong) before interface version 0x00040300"]),
        ("copy.source.u", ["GNTCOPY_source_gref ? ref : gmfn"]),
        ("gnttab_copy.len", ["offset 32, 2 bytes", "How many bytes."]),
        ("DOMID_SELF", ["0x7ff0"]),
        ("GTF_reading", ["written by", "Xen"]),
        ("grant_status", ["GNTST_no_space", "-13"]),
        ("grant_ref_t", ["4 bytes, unsigned"]),
        ("0", ["GNTST_okay", "GNTTABOP_map_grant_ref"]),
    ],
)
def test_explain_in_words(name: str, words: list[str]) -> None:
    """Would catch an answer without the number, the gate, the message or the use."""
    done = xengnt("explain", name, "--abi", "x86_64")
    assert done.returncode == 0, done.stderr
    for word in words:
        assert word in done.stdout


USAGE = [
    (["explain", "bogus"], "nothing in the grant-table interface is called 'bogus'"),
    (["explain", "GNTST_bad_pag"], "did you mean GNTST_bad_page?"),
    (["layout", "nothing"], "no struct or op 'nothing'"),
    (["layout", "set_version", "--interface-version", "0x00030201"], "0x00030201"),
    (["layout", "--abi", "vax"], "unknown ABI 'vax'"),
    (["layout", "--interface-version", "0x00050000"], "newest"),
    (["layout", "--interface-version", "latest"], "invalid interface version 'latest'"),
    (["check", str(HEADER), "--abi", "vax"], "unknown ABI 'vax'"),
    (["check", str(HEADER), "-D", "1x=2"], "-D 1x=2"),
    (["check", str(ROOT)], "Is a directory"),
]


@pytest.mark.parametrize(("arguments", "words"), USAGE, ids=[" ".join(a[:2]) for a, _ in USAGE])
def test_bad_usage_is_one_clear_line(arguments: list[str], words: str) -> None:
    """Would catch a traceback, a silent success, or an error that names nothing."""
    done = xengnt(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_nothing_to_compare_is_no_success(tmp_path: Path) -> None:
    """Would catch a header of something else that passes."""
    other = tmp_path / "other.h"
    other.write_text("struct other { int x; };\n#define OTHER 1\n")
    done = xengnt("check", str(other))
    assert done.returncode == 2
    assert "nothing to compare" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_refused_abi_alone_is_no_success(tmp_path: Path) -> None:
    """Would catch a header that compares nothing because it refuses, and passes."""
    path = tmp_path / "grant_table.h"
    path.write_text('#ifndef __x86_64__\n#error "no"\n#endif\n' + HEADER.read_text())
    without = shutil.ignore_patterns("grant_table.h")
    shutil.copytree(HEADER.parent, tmp_path, dirs_exist_ok=True, ignore=without)
    assert xengnt("check", str(path), "--abi", "x86_64").returncode == 0
    both = xengnt("check", str(path), "--abi", "x86_64", "--abi", "arm64")
    assert both.returncode == 0
    assert "not for this ABI" in both.stdout
    alone = xengnt("check", str(path), "--abi", "arm64")
    assert alone.returncode == 2
    assert "#error" in alone.stderr


def test_a_closed_pipe_ends_quietly() -> None:
    """Would catch a traceback when the reader has seen enough."""
    command = f"{sys.executable} -m xengnt layout --abi all --format json | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "[\n"
    assert done.stderr == ""


def test_colour_is_for_terminals_only() -> None:
    """Would catch escape sequences in a pipe."""
    assert "\x1b" not in xengnt("layout", "copy", TERM="xterm-256color").stdout


def test_on_a_terminal_there_is_colour_unless_asked_otherwise() -> None:
    """Would catch a terminal without colour, and NO_COLOR that is not heeded."""
    command = f"{sys.executable} -m xengnt layout copy --abi x86_64"
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        done = subprocess.run(
            ["script", "-qec", command, "/dev/null"],
            capture_output=True,
            check=True,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
        )
        assert (b"\x1b[36m" in done.stdout) is coloured


def test_options_stand_anywhere() -> None:
    """Would catch an argument that is not taken because an option comes before or between."""
    header = str(HEADER)
    for orders in (
        (
            ("layout", "copy", "transfer", "--abi", "x86_32"),
            ("layout", "--abi", "x86_32", "copy", "transfer"),
            ("layout", "copy", "--abi", "x86_32", "transfer"),
        ),
        (("explain", "-9", "--abi", "x86_32"), ("explain", "--abi", "x86_32", "-9")),
        (
            ("check", header, header, "--abi", "arm32", "--format", "json"),
            ("check", "--abi", "arm32", header, "--format=json", header),
            ("check", "--format", "json", "--abi", "arm32", "--", header, header),
        ),
        (("selfcheck", "--format", "json"),),
    ):
        first = xengnt(*orders[0])
        assert (first.returncode, first.stderr) == (0, "")
        for order in orders[1:]:
            done = xengnt(*order)
            assert (done.returncode, done.stdout, done.stderr) == (0, first.stdout, ""), order
