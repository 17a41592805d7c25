# SPDX-License-Identifier: MIT
"""``xengnt run``: scenarios on the model and on libraries, and scenarios that are wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from oracle import ROOT, need

from xengnt.abi.constants import Status
from xengnt.backends.native import Library
from xengnt.cli import main
from xengnt.errors import SourceError
from xengnt.model.world import ModelWorld
from xengnt.scenario import Call, Scenario, play

EXAMPLES = sorted((ROOT / "examples" / "scenarios").glob("*.jsonl"))
HEAD = {"scenario": 1, "abi": "x86_64"}
GUEST = {"domain": "guest", "pages": 4}
MAP = {
    "op": "map_grant_ref",
    "args": [{"host_addr": "$guest.room[0]", "flags": "host_map", "ref": 8, "dom": 3}],
}


def written(folder: Path, *lines: dict[str, Any]) -> str:
    """Write a scenario."""
    path = folder / "scenario.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (HEAD, *lines)))
    return str(path)


def found(*lines: dict[str, Any]) -> list[str]:
    """Play a scenario on the model, and return what was not as expected."""
    scenario = Scenario.parse([json.dumps(line) for line in (HEAD, *lines)])
    return failures(scenario)


def failures(scenario: Scenario) -> list[str]:
    """Play a scenario on the model, and return what was not as expected."""
    world = ModelWorld(scenario.xen_version, **scenario.xen)
    return [one.message for _, several in play(scenario, world) for one in several]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_play(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch an example that the model does not play as it says."""
    assert main(["run", str(path)]) == 0
    out, err = capsys.readouterr()
    assert ", 0 not as expected" in out
    assert err == ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_was_seen_plays_again(
    path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Would catch a recording that is not a scenario, or does not say what was seen."""
    assert main(["run", str(path), "--format", "jsonl"]) == 0
    seen = tmp_path / "seen.jsonl"
    seen.write_text(capsys.readouterr().out)
    calls = Scenario.load(seen).calls
    assert calls
    assert all(call.rc is not None and call.out is not None for call in calls)
    assert main(["run", str(seen)]) == 0


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_expectation_counts(path: Path) -> None:
    """Would catch an expectation that is read and not compared."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for number, line in enumerate(lines):
        wrong = dict(line)
        if "results" in line:
            wrong["results"] = [
                {**line["results"][0], "status": "no_device_space"},
                *line["results"][1:],
            ]
            if "status" not in line["results"][0]:
                wrong["results"] = [{"version": 7}]
        elif "bytes" in line:
            wrong["bytes"] = "ff" * (len(line["bytes"]) // 2)
        elif "fails" in line:
            del wrong["fails"]
        else:
            continue
        changed = [*lines[:number], wrong, *lines[number + 1 :]]
        assert failures(Scenario.parse(map(json.dumps, changed))), line


def test_every_status_is_in_an_example() -> None:
    """Would catch a status that no scenario reaches; nothing gives no_device_space any more."""
    scenario = Scenario.load(EXAMPLES[0].with_name("statuses.jsonl"))
    seen: set[int] = set()
    for step, _ in play(scenario, ModelWorld(**scenario.xen)):
        if isinstance(step, Call) and step.op and step.out:
            seen.update(scenario.abi.view(step.op, step.out).column("status"))
    assert seen == {status.value for status in Status if status is not Status.NO_DEVICE_SPACE}


@pytest.mark.parametrize(
    ("xen", "words"),
    [
        ({"frames": 3}, "unknown 'frames'"),
        ({"max_version": True}, "xen.max_version: expected an integer"),
        ({"transitive": 1}, "xen.transitive: expected true or false"),
        ([], "xen: expected an object"),
        ({"max_version": 3}, "max_version"),
    ],
)
def test_choices_that_there_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], xen: object, words: str
) -> None:
    """Would catch a choice of Xen's administrator that is ignored."""
    path = tmp_path / "scenario.jsonl"
    path.write_text(json.dumps({**HEAD, "xen": xen}))
    assert main(["run", str(path)]) == 2
    assert words in capsys.readouterr().err


def test_a_failure_has_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a report that says what differs, and not why."""
    path = written(tmp_path, GUEST, {**MAP, "results": [{"status": "okay"}]})
    assert main(["run", path]) == 1
    out = capsys.readouterr().out
    assert "✗ map_grant_ref" in out
    assert "bad_domain" in out
    assert "[0] there is no domain 0x3" in out
    assert main(["run", path, "--format", "jsonl"]) == 1
    out, err = capsys.readouterr()
    line = json.loads(out.splitlines()[-1])
    assert line["reasons"][0]["element"] == 0
    assert "status" in err


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{"domain": "g-1"}], "'g-1' is no name"),
        ([{"domain": "g", "kind": "vm"}], "is no 'vm'"),
        ([{"domain": "g", "pages": "x"}], "pages: expected an integer"),
        ([{"domain": "g", "abi": "z80"}], "unknown ABI 'z80'"),
        ([{"domain": "g", "size": 3}], "unknown 'size'"),
        ([{"grant": "give", "by": "guest"}], "grant: expected permit_access"),
        ([GUEST, {"grant": "end_access", "by": "guest", "ref": "x"}], "ref: expected an integer"),
        ([{"grant": "end_access", "ref": 8}], "by: expected a text"),
        ([GUEST, {"write": "0", "in": "guest", "page": 0}], "expected hexadecimal bytes"),
        ([GUEST, {"write": "00", "in": "guest"}], "either page or address"),
        ([GUEST, {"read": -1, "in": "guest", "page": 0}], "read: expected 0 to"),
        ([GUEST, {**MAP, "caller": "other"}], "there is no domain 'other' yet"),
        ([GUEST, {**MAP, "results": [{"nothing": 1}]}], "no field 'nothing'"),
        ([GUEST, {**MAP, "results": {}}], "results: expected an array"),
        ([GUEST, {**MAP, "as": "1"}], "as: '1' is no name"),
        ([GUEST, {"op": "copy", "args": [{"len": "$x"}]}], "nothing has the name x yet"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.size"}]}], "there is no such thing"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.domid[0]"}]}], "there is no such thing"),
        ([GUEST, {"op": "copy", "args": [{"len": "$"}]}], "expected a name such as"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.frame[99]"}]}], "has no page 99"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.room[0]"}]}], "does not fit"),
        ([GUEST, {"destroy": "guest"}, {"destroy": "guest"}], "no domain guest at this point"),
    ],
)
def test_what_cannot_be_played_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[dict[str, Any]], words: str
) -> None:
    """Would catch a traceback, or an error that names neither the line nor what is wrong."""
    path = written(tmp_path, *lines)
    assert main(["run", path]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert words in err
    assert f"{path}:{len(lines) + 1}: " in err


def test_unknown_backends_and_versions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a backend that is guessed, or a traceback about one."""
    path = written(tmp_path, GUEST)
    for option, words in (
        (["--backend", "xen"], "expected model or lib:"),
        (["--backend", "lib:"], "expected model or lib:"),
        (["--backend", "lib:./nothing.so"], "nothing.so"),
        (["--xen-version", "new"], "xen_version"),
    ):
        assert main(["run", path, *option]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert words in err


def test_a_dead_domain_makes_no_calls() -> None:
    """Would catch a step that is done by somebody else than the scenario says."""
    with pytest.raises(SourceError, match="nobody is there"):
        found(GUEST, {"destroy": "guest"}, {"op": "query_size", "args": [{"dom": "DOMID_SELF"}]})
    later = {"op": "query_size", "args": [{"dom": "DOMID_SELF"}], "results": [{"status": "okay"}]}
    assert found(GUEST, {"domain": "other"}, {"destroy": "guest"}, later) == []


def test_the_version_of_xen_is_the_scenarios_choice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a scenario about one Xen that plays on another without a word."""
    empty = {"op": "copy", "args": [{"source.domid": 77, "dest.domid": "DOMID_SELF"}]}
    path = tmp_path / "versions.jsonl"
    head = {**HEAD, "xen_version": "4.19"}
    rows = [head, GUEST, {**empty, "results": [{"status": "okay"}]}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert main(["run", str(path)]) == 0
    assert main(["run", str(path), "--xen-version", "4.17"]) == 1
    capsys.readouterr()


FUNCTION = r"""
#include <stdint.h>
int f(unsigned int cmd, void *uop, unsigned int count)
{
    struct { uint16_t dom, pad; uint32_t now, most; int16_t status; } *op = uop;
    if (cmd != 6 || count != 1)
        return -38;
    op->now = 4;
    op->most = 64;
    op->status = 0;
    return 0;
}
"""


def test_a_library_plays_calls_and_no_domains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a library that is called otherwise than the model, or asked for domains."""
    source, library = tmp_path / "f.c", tmp_path / "f.so"
    source.write_text(FUNCTION)
    compiler = need(shutil.which("cc"), "a C compiler", "apt install gcc")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    query = {"op": "query_size", "args": [{"dom": "DOMID_SELF"}], "rc": 0}
    good = {**query, "results": [{"nr_frames": 4, "max_nr_frames": 64}]}
    backend = ["--backend", f"lib:{library}:f"]
    assert main(["run", written(tmp_path, good), *backend]) == 0
    bad = {**query, "results": [{"nr_frames": 5}]}
    assert main(["run", written(tmp_path, bad), *backend]) == 1
    assert "4, not 5" in capsys.readouterr().out
    assert main(["run", written(tmp_path, GUEST), *backend]) == 2
    assert "makes no domains" in capsys.readouterr().err
    scenario = Scenario.parse([json.dumps(one) for one in (HEAD, {"cmd": 9, "rc": -38})])
    [(call, findings)] = play(scenario, Library(str(library), "f"))
    assert isinstance(call, Call)
    assert findings == []


def validator() -> Any:
    """Return what judges a line by the schema in the documentation."""
    import jsonschema

    schema = json.loads((ROOT / "docs" / "scenario.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_fit_the_schema(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a schema that an example, or what is seen when it is played, does not fit."""
    assert main(["run", str(path), "--format", "jsonl"]) == 0
    for text in (*path.read_text().splitlines(), *capsys.readouterr().out.splitlines()):
        validator().validate(json.loads(text))


def test_the_documentation_fits_the_schema_and_the_parser() -> None:
    """Would catch an example in the documentation that is not a line of a scenario."""
    text = (ROOT / "docs" / "scenarios.md").read_text()
    blocks = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 8
    for line in lines:
        validator().validate(json.loads(line))
    guests = ['{"domain": "dom0"}', *(line for line in lines[1:] if "dom0" not in line[:12])]
    Scenario.parse([lines[0], *guests])


@pytest.mark.parametrize(
    "line",
    [
        {"domain": "g-1"},
        {"grant": "give", "by": "g"},
        {"write": "0", "in": "g", "page": 0},
        {"write": "00", "in": "g"},
        {"read": -1, "in": "g", "page": 0},
        {"op": "copy", "as": "1"},
        {"op": "copy", "nothing": 1},
        {},
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(line: dict[str, Any]) -> None:
    """Would catch a schema that lets an editor accept what cannot be played."""
    assert not validator().is_valid(line)
    with pytest.raises(SourceError):
        Scenario.parse([json.dumps(HEAD), json.dumps(line)])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("block", ["data out", "data in", "in use by domain 0", "504 free"]),
        ("transfer", ["True packet", "has no page 3"]),
        ("version2", ["OKAY part", "GENERAL_ERROR", "OKAY through b"]),
        ("compat", ["24 bytes, where 64 bits take 40", "to 32 bits"]),
    ],
)
def test_the_programs_do_what_the_scenarios_do(name: str, words: list[str]) -> None:
    """Would catch an example program that fails, or prints something else."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{name}.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    for word in words:
        assert word in done.stdout
