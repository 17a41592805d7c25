# SPDX-License-Identifier: MIT
"""``xengnt run``: scenarios on the model and on libraries, and scenarios that are wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pages
import pytest
from live_xen import machines
from oracle import ROOT, need

from xengnt import Abi
from xengnt.abi.constants import Status
from xengnt.abi.targets import TARGETS
from xengnt.backends.native import Library
from xengnt.cli import main
from xengnt.errors import SourceError
from xengnt.live.world import LiveWorld
from xengnt.model.world import ModelWorld
from xengnt.scenario import Call, Scenario, play
from xengnt.scenario.document import CHOICES
from xengnt.scenario.steps import KINDS
from xengnt.scenario.world import World

EXAMPLES = sorted((ROOT / "examples" / "scenarios").glob("*.jsonl"))
HEAD = {"scenario": 1, "abi": "x86_64"}
GUEST = {"domain": "guest", "pages": 4}
MAP = {
    "op": "map_grant_ref",
    "args": [{"host_addr": "$guest.room[0]", "flags": "host_map", "ref": 8, "dom": 3}],
}
GRANT = {"grant": "permit_access", "by": "guest", "domid": 3, "frame": "$guest.frame[0]"}
END = {"grant": "end_access", "by": "guest", "ref": 8}
SETUP = {"op": "setup_table", "args": [{"dom": "$guest.domid", "nr_frames": 2}]}
ASK = {"op": "get_version", "args": [{"dom": "DOMID_SELF"}]}
SIZE = {"op": "query_size", "args": [{"dom": "DOMID_SELF"}]}
OWN_LIST = {
    "op": "setup_table",
    "args": [{"dom": "DOMID_SELF", "nr_frames": 1, "frame_list": "$guest.address[0]"}],
}
VERSION = {"op": "set_version", "args": [{"version": 2}]}
OWN = {**GRANT, "domid": "$guest.domid", "ref": 8}
MAP_OWN = {
    "op": "map_grant_ref",
    "args": [{**MAP["args"][0], "dom": "$guest.domid"}],  # type: ignore[index]  # a list
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
    return unexpected(scenario, ModelWorld(scenario.xen_version, **scenario.xen))


def unexpected(scenario: Scenario, world: World) -> list[str]:
    """Play a scenario, and return what was not as expected."""
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
        ([{"domain": "g", "kind": "vm"}], "kind: expected pv, hvm, pvh, arm, got 'vm'"),
        ([{"domain": "\u00e9"}], "is no name"),
        ([GUEST, GUEST], "there is a domain guest already"),
        ([GUEST, {**MAP, "as": "guest"}], "as: guest is a domain"),
        ([{"domain": "g", "pages": "x"}], "pages: expected an integer"),
        ([{"domain": "g", "abi": "z80"}], "unknown ABI 'z80'"),
        ([{"domain": "g", "size": 3}], "unknown 'size'"),
        ([{"grant": "give", "by": "guest"}], "grant: expected permit_access"),
        ([GUEST, {"grant": "end_access", "by": "guest", "ref": "x"}], "ref: expected an integer"),
        ([{"grant": "end_access", "ref": 8}], "by: expected a text"),
        ([GUEST, {"grant": "end_access", "by": "guest"}], "end_access needs ref"),
        ([GUEST, {"grant": "permit_access", "by": "guest"}], "needs domid, frame"),
        ([GUEST, {**GRANT, "domid": ["$guest.domid"]}], "domid: expected an integer"),
        ([GUEST, {**GRANT, "domid": {"a": "$guest.domid"}}], "domid: expected an integer"),
        ([GUEST, {**GRANT, "frame": "$guest.frame"}], "is no number: it has parts"),
        ([GUEST, {**MAP, "as": "m"}, {**GRANT, "frame": "$m"}], "is no number: it has parts"),
        ([GUEST, {**MAP, "as": "m"}, {**GRANT, "frame": "$m[0].status"}], "got -2"),
        ([GUEST, {**GRANT, "ref": 8}, {**END, "as": "x"}, {**GRANT, "ref": "$x"}], "nothing came"),
        ([GUEST, {"read": 1, "in": "guest", "address": ["$guest.domid"]}], "address: expected"),
        ([GUEST, {"read": 1, "in": "guest", "address": "$"}], "expected an integer or a name"),
        ([GUEST, {"read": 4097, "in": "guest", "page": 0}], "a page has 4096"),
        ([GUEST, {"write": "0", "in": "guest", "page": 0}], "expected hexadecimal bytes"),
        ([GUEST, {"write": "00", "in": "guest"}], "expected one of page, address"),
        ([GUEST, {"read": -1, "in": "guest", "page": 0}], "read: expected 0 to"),
        ([GUEST, {**MAP, "caller": "other"}], "there is no domain 'other' at this point"),
        ([GUEST, {"op": "copy", "args": "$guest"}], "args: expected rows or columns"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest"}]}], "is no number: it has parts"),
        ([GUEST, {**MAP, "results": [{}, {}]}], "results: 2 for 1 elements"),
        ([GUEST, {**MAP, "results": [{"status": "well"}]}], "results: map_grant_ref row 0: status"),
        ([GUEST, {**MAP, "lists": {"ref": [8]}}], "lists: 'ref' is no list of this call"),
        ([GUEST, {**MAP, "filled": {"ref": ["00"]}}], "filled: 'ref' is no list of this call"),
        ([GUEST, {**MAP, "reasons": [[]]}], "reasons: expected an array of objects"),
        ([GUEST, {**SETUP, "lists": {"frame_list": [4]}}], "expected [16] bytes or 0, got [4]"),
        ([GUEST, {**SETUP, "args": [{"dom": 0, "nr_frames": 1 << 24}]}], "more than 1048576"),
        ([GUEST, {**MAP, "results": [{"nothing": 1}]}], "no field 'nothing'"),
        ([GUEST, {**MAP, "results": {}}], "results: expected an array"),
        ([GUEST, {**MAP, "as": "1"}], "as: '1' is no name"),
        ([GUEST, {"op": "copy", "args": [{"len": "$x"}]}], "nothing has the name x yet"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.size"}]}], "there is no such thing"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.domid[0]"}]}], "there is no such thing"),
        ([GUEST, {"op": "copy", "args": [{"len": "$"}]}], "expected a name such as"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.frame[99]"}]}], "has no page 99"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.machine[99]"}]}], "has no page 99"),
        ([GUEST, {**ASK, "poison": 256}], "poison: expected 0 to 255, got 256"),
        ([GUEST, {"op": "copy", "in": "", "poison": 1}], "poison needs args beside it"),
        ([GUEST, {**ASK, "untouched": 1}], "untouched: expected true or false, got 1"),
        ([GUEST, {"cmd": 77, "untouched": True}], "untouched needs op beside it"),
        ([GUEST, {"cmd": 77, "lists": {}}], "lists needs op beside it"),
        ([GUEST, {**ASK, "address": "here"}], "address: expected an integer or a name"),
        ([GUEST, {**ASK, "address": "$here"}], "nothing has the name here yet"),
        ([GUEST, {**ASK, "address": "unknown"}], "args takes no in or unknown address beside it"),
        ([GUEST, {**ASK, "offset": 8}], "offset needs address beside it"),
        ([GUEST, {"cmd": 6, "address": "unknown", "offset": 8}], "offset takes no unknown address"),
        (
            [GUEST, {**ASK, "address": (1 << 64) - 1, "offset": 1}],
            "expected 0 to 18446744073709551615",
        ),
        ([{**GUEST, "abi": "x86_32"}, {**ASK, "address": 1 << 32}], "expected 0 to 4294967295"),
        ([GUEST, {**SETUP, "filled": {"frame_list": ["0."]}}], "frame_list: expected hexadecimal"),
        ([GUEST, {"read": 1, "in": "guest", "table": -1}], "table: expected 0 to"),
        ([GUEST, {"read": 1, "in": "guest", "table": 0, "page": 0}], "expected one of page, addr"),
        ([GUEST, {"read": 2, "in": "guest", "table": 4095}], "a page has 4096"),
        ([GUEST, {"read": 2, "in": "guest", "status": "$none"}], "nothing has the name none yet"),
        ([GUEST, {"op": "copy", "args": [{"len": "$guest.room[0]"}]}], "does not fit"),
        ([GUEST, {"destroy": "guest"}, {"destroy": "guest"}], "no domain 'guest' at this point"),
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


@pytest.mark.parametrize("key", ["args", "results", "domid", "xen", "reasons", "title"])
def test_deep_nesting_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    """Would catch a scenario that ends the program by how deep it is nested."""
    deep = "[" * 900 + "]" * 900
    lines = [json.dumps(HEAD), json.dumps(GUEST)]
    if key in ("xen", "title"):
        lines = [f'{{"scenario": 1, "abi": "x86_64", "{key}": {deep}}}']
    elif key == "domid":
        lines.append(json.dumps(GRANT).replace('"domid": 3', f'"domid": {deep}'))
    else:
        value = f'[{{"len": {deep}}}]' if key == "results" else deep
        lines.append(f'{{"op": "copy", "count": 1, "in": "{"00" * 40}", "{key}": {value}}}')
        if key == "args":
            lines[-1] = f'{{"op": "copy", "args": {deep}}}'
    path = tmp_path / "deep.jsonl"
    path.write_text("\n".join(lines))
    assert main(["run", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"xengnt: {path}:{len(lines)}: ")
    assert err.count("\n") == 1


def test_a_line_ends_only_where_it_ends() -> None:
    """Would catch a title in which another separator of lines than a newline ends the line."""
    for separator in "\u2028\u0085\x1c":
        text = json.dumps({**HEAD, "title": f"a{separator}b"}, ensure_ascii=False)
        if separator != "\x1c":  # which JSON escapes in any case
            assert separator in text
        assert Scenario.parse(text.split("\n")).title == f"a{separator}b"


def test_a_file_is_read_as_utf_8_and_by_newlines(tmp_path: Path) -> None:
    """Would catch a scenario that depends on the locale, or on other ends of lines."""
    path = tmp_path / "scenario.jsonl"
    head = json.dumps({**HEAD, "title": "\u00e9\u2028"}, ensure_ascii=False)
    path.write_bytes(f"{head}\r\n{json.dumps(GUEST)}\r\n".encode())
    assert Scenario.load(path).title == "\u00e9\u2028"
    assert main(["run", str(path)]) == 0


def test_the_first_domain_is_the_first_that_is_there() -> None:
    """Would catch arguments in the ABI of a domain that is dead by now."""
    small = {"domain": "small", "abi": "x86_32", "pages": 4}
    own = {"source.domid": "DOMID_SELF", "dest.domid": "DOMID_SELF", "len": 1}
    frames = {"source.u.gmfn": 0x1005, "dest.u.gmfn": 0x1005}
    copy = {"op": "copy", "args": [{**own, **frames}], "results": [{"status": "okay"}]}
    lines = [HEAD, GUEST, small, {"destroy": "guest"}, copy]
    scenario = Scenario.parse(map(json.dumps, lines))
    assert failures(scenario) == []
    [call] = scenario.calls
    assert len(call.data) == 24
    assert scenario.abi_of(call).name == "x86_32"


def test_a_name_may_be_used_again_after_a_death() -> None:
    """Would catch a domain that can only be made once, or keeps the ABI of its namesake."""
    query = {"op": "query_size", "args": [{"dom": "DOMID_SELF"}], "results": [{"status": "okay"}]}
    again = {**GUEST, "abi": "x86_32"}
    assert found(GUEST, query, {"destroy": "guest"}, again, query) == []


def test_a_null_list_beside_names() -> None:
    """Would catch lists that cannot be said where the arguments have names in them."""
    null = {**SETUP, "lists": {"frame_list": [0]}}
    assert found(GUEST, {**null, "results": [{"status": "bad_virt_addr"}]}) == []
    many = {**SETUP, "args": [{"dom": "$guest.domid", "nr_frames": 0xFFFFFFFF}]}
    with pytest.raises(SourceError, match="more than 1048576"):
        found(GUEST, many)
    nothing = {**many, "lists": {"frame_list": [0]}, "results": [{"status": "general_error"}]}
    assert found(GUEST, nothing) == []


def seen(*lines: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Play a scenario, and return the recording."""
    main(["run", written(folder, *lines), "--format", "jsonl"])
    return capsys.readouterr().out


def test_a_recording_is_what_was_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a recording of a run with surprises that does not play again as it did."""
    read = {"read": 2, "in": "guest", "page": 0}
    lines = (
        GUEST,
        {**GRANT, "as": "r"},
        {**GRANT, "ref": 600},  # fails
        {**GRANT, "fails": True, "as": "other"},  # succeeds
        {"grant": "end_access", "by": "guest", "ref": "$other"},
        read,
        {**read, "bytes": "ffff"},  # 0000
        {**read, "page": 9, "bytes": "0000"},  # fails
        {"write": "01", "in": "guest", "page": 0, "fails": True},  # succeeds
        {**MAP, "rc": -38, "results": [{"status": "okay", "ref": 8}]},  # 0, and bad_domain
        {**MAP, "out": "00"},
    )
    assert len(found(*lines)) == 8
    recording = seen(*lines, folder=tmp_path, capsys=capsys)
    again = tmp_path / "seen.jsonl"
    again.write_text(recording)
    assert main(["run", str(again), "--format", "jsonl"]) == 0
    assert capsys.readouterr() == (recording, "")
    rows = [json.loads(line) for line in recording.splitlines()]
    assert [row["bytes"] for row in rows if "read" in row and "bytes" in row] == ["0000", "0000"]
    assert [number for number, row in enumerate(rows) if "fails" in row] == [3, 8]
    assert rows[10]["results"] == [{"status": "GNTST_bad_domain", "ref": 8}]
    for row in rows:
        validator().validate(row)


MEETINGS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any], str]] = {
    "poison": (
        [],
        {**SIZE, "poison": 0xA5, "out": "f07fa5a501000000400000000000a5a5"},
        {**SIZE, "poison": 0xA6, "out": "f07fa5a501000000400000000000a5a5"},
        "out is f07fa6a60100000040000000",
    ),
    "untouched": (
        [],
        {**ASK, "poison": 0xA5, "untouched": True, "results": [{"version": 1}]},
        {**ASK, "poison": 0xA5, "untouched": True},
        "untouched bytes are f07f000001000000, not f07f0000a5a5a5a5: element 0, version",
    ),
    "any": (
        [OWN],
        {**MAP_OWN, "results": [{"handle": "any", "status": "okay"}]},
        {**MAP_OWN, "results": [{"handle": "any", "status": "bad_page"}]},
        "[0].status, map_grant_ref: GNTST_okay, not 'bad_page'",
    ),
    "any-byte": (
        [],
        {**SETUP, "filled": {"frame_list": ["............0000" * 2]}},
        {**SETUP, "filled": {"frame_list": ["............FFFF" * 2]}},
        "filled frame_list is ",
    ),
    "address": (
        [{**ASK, "address": "$guest.address[1]", "offset": 16, "untouched": False}],
        {"read": 8, "in": "guest", "page": 1, "offset": 16, "bytes": "f07f000001000000"},
        {"read": 8, "in": "guest", "page": 1, "bytes": "f07f000001000000"},
        "guest reads 0000000000000000, not f07f000001000000",
    ),
    "nowhere": (
        [],
        {**ASK, "address": "$guest.room[0]", "untouched": True, "rc": -14, "out": ""},
        {**ASK, "address": "$guest.room[0]", "results": [{"version": 1}]},
        "results are of 0 elements, not 1",
    ),
    "in-part": (
        [],
        {**ASK, "address": "$guest.address[3]", "offset": 4092, "rc": -14, "out": "f07f0000"},
        {**ASK, "address": "$guest.address[3]", "offset": 4092, "rc": 0},
        "rc is -14, not 0",
    ),
    "table": (
        [OWN, {"write": "0d00", "in": "guest", "table": 32, "offset": 32}],
        {"read": 2, "in": "guest", "table": 64, "bytes": "0d00"},
        {"read": 2, "in": "guest", "table": 64, "bytes": "0100"},
        "guest reads 0d00, not 0100",
    ),
    "table-end": (
        [],
        {"read": 1, "in": "guest", "table": 4096, "fails": True},
        {"read": 1, "in": "guest", "table": 4096, "bytes": "00"},
        "read: table 4096: nothing is there",
    ),
    "status": (
        [VERSION, OWN, MAP_OWN],
        {"read": 2, "in": "guest", "status": 16, "bytes": "1800"},
        {"read": 2, "in": "guest", "status": 16, "bytes": "0000"},
        "guest reads 1800, not 0000",
    ),
    "no-status": (
        [],
        {"write": "00", "in": "guest", "status": 16, "fails": True},
        {"write": "00", "in": "guest", "status": 16},
        "write: status 16: nothing is there",
    ),
    "machine": (
        [OWN],
        {**MAP_OWN, "results": [{"dev_bus_addr": "$guest.machine[0]"}]},
        {**MAP_OWN, "results": [{"dev_bus_addr": "$guest.machine[1]"}]},
        "not '$guest.machine[1]'",
    ),
    "own-list": (
        [],
        {**OWN_LIST, "poison": 0xA5, "results": [{"status": "okay"}], "untouched": True},
        {**OWN_LIST, "poison": 0xA5, "results": [{}], "untouched": True},
        "element 0, status",
    ),
}
"""By what they are about: what comes before a step, the step, the step wrong, and the words."""


@pytest.fixture(scope="module", params=["model", "qemu-xen"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return each backend that makes domains, or skip."""
    if request.param == "qemu-xen":
        with contextmanager(machines)():
            """It can be had."""
    return str(request.param)


@pytest.fixture(scope="module")
def world(backend: str) -> Iterator[Callable[[], World]]:
    """Return what makes a world of each backend that has some."""
    if backend == "model":
        yield ModelWorld
    else:
        with contextmanager(machines)() as opened:
            yield lambda: LiveWorld(opened)


@pytest.mark.parametrize("about", MEETINGS)
def test_each_key_is_met_and_missed(world: Callable[[], World], about: str) -> None:
    """Would catch a key that is ignored, or is not the same on the model and on real Xen."""
    before, right, wrong, words = MEETINGS[about]
    for step, expected in ((right, []), (wrong, [words])):
        lines = [HEAD, GUEST, *before, step]
        for line in lines:
            validator().validate(line)
        messages = unexpected(Scenario.parse(map(json.dumps, lines)), world())
        assert len(messages) == len(expected), messages
        assert all(one in got for one, got in zip(expected, messages, strict=True)), messages


def test_a_recording_is_one_of_itself(
    backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a key that is lost or wrong in a recording, or that fails when it is played."""
    lines = [GUEST]
    for number, (before, right, wrong, _) in enumerate(MEETINGS.values()):
        name = f"guest{number}"
        lines += [
            json.loads(
                json.dumps(line).replace("guest", name).replace('"op"', f'"caller": "{name}", "op"')
            )
            for line in (GUEST, *before, right, wrong, {"destroy": "guest"})
        ]
    path = written(tmp_path, *lines)
    assert main(["run", path, "--backend", backend, "--format", "jsonl"]) == 1
    recording, complaints = capsys.readouterr()
    assert complaints.count("\n") == len(MEETINGS)
    rows = [json.loads(line) for line in recording.splitlines()]
    for row in rows:
        validator().validate(row)
    for key in ("poison", "untouched", "address", "offset", "table", "status", "fails"):
        assert any(key in row for row in rows), key
    assert any("any" in one.values() for row in rows for one in row.get("results", []))
    if backend == "model":  # on another machine, numbers would be others
        again = tmp_path / "seen.jsonl"
        again.write_text(recording)
        assert main(["run", str(again), "--format", "jsonl"]) == 0
        assert capsys.readouterr() == (recording, "")


def test_a_recording_says_which_xen_it_is_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a recording of one version of Xen that is played on another."""
    empty = {"op": "copy", "args": [{"source.domid": 77, "dest.domid": "DOMID_SELF"}]}
    path = written(tmp_path, GUEST, empty)
    assert main(["run", path, "--xen-version", "4.19", "--format", "jsonl"]) == 0
    again = tmp_path / "seen.jsonl"
    again.write_text(capsys.readouterr().out)
    assert main(["run", str(again)]) == 0


def test_how_steps_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a step of several lines, statuses that were not written, and keys as verbs."""
    page = "00" * 4096
    lines = (
        {"pages": 4, "domain": "guest"},
        {"in": "guest", "page": 0, "write": f"{page[:-2]}\n00"},
        {"read": 4096, "in": "guest", "page": 0, "bytes": f"{page[:-4]}0102"},
        {"op": "query_size", "args": [{}, {}]},
        {"cmd": 77, "rc": -38},
    )
    assert main(["run", written(tmp_path, *lines)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == " ✓ domain guest  pages 4"
    assert out[1] == f" ✓ write {'0' * 64}…  in guest, page 0"
    assert out[3] == "   error: guest reads 0000, not 0102, at byte 4094"
    assert out[4] == f" ✓ query_size {TIMES} 2  rc -22 (EINVAL)"
    assert out[6] == f" ✓ command 77 {TIMES} 0  rc -38 (ENOSYS)"


def test_what_differs_is_located() -> None:
    """Would catch two rows of hexadecimal digits that nobody can compare."""
    rows = [{"source.domid": 77, "dest.domid": 78, "flags": 1} for _ in range(3)]
    copy = {"op": "copy", "args": rows, "out": "00" * 120}
    [message] = found(GUEST, copy)
    assert message == (
        "call 0, copy: out is 4d00000000000000, not 0000000000000000, at byte 8: element 0, "
        "source.domid"
    )
    assert found(GUEST, {**copy, "out": "00"}) == ["call 0, copy: out is 120 bytes, not 1"]


def test_unknown_backends_and_versions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a backend that is guessed, or a traceback about one."""
    path = written(tmp_path, GUEST)
    for option, words in (
        (["--backend", "kvm"], "expected model, lib:PATH[:SYMBOL], qemu-xen or xen, got 'kvm'"),
        (["--backend", "lib:"], "expected model, lib:"),
        (["--unsafe"], "--unsafe is for --backend xen"),
        (["--backend", "qemu-xen", "--xen-version", "4.17"], "it is for the model"),
        (["--backend", "lib:./nothing.so"], "nothing.so"),
        (["--xen-version", "new"], "xen_version"),
        (["--backend", "lib:./nothing.so", "--xen-version", "4.17"], "it is for the model"),
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
    old = tmp_path / "old.jsonl"
    head = {**HEAD, "interface_version": "0x00030202"}
    old.write_text("\n".join(map(json.dumps, (head, good))))
    assert main(["run", str(old), *backend]) == 0
    capsys.readouterr()
    scenario = Scenario.parse([json.dumps(one) for one in (HEAD, {"cmd": 9, "rc": -38})])
    [(call, findings)] = play(scenario, Library(str(library), "f"))
    assert isinstance(call, Call)
    assert findings == []


@cache
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


def documented() -> list[str]:
    """Return the lines that the documentation shows."""
    return [line for text in pages.texts("docs/scenarios.md", "json") for line in text.splitlines()]


def test_the_documentation_is_a_scenario(world: Callable[[], World]) -> None:
    """Would catch an example in the documentation that does not do what it says."""
    lines = documented()
    assert len(lines) >= 20
    for line in lines:
        validator().validate(json.loads(line))
    assert unexpected(Scenario.parse(lines), world()) == []


def test_the_conformance_vectors_fit_the_schema() -> None:
    """Would catch what is recorded from real Xen, and no editor takes."""
    shapes: dict[str, dict[str, Any]] = {}
    for path in sorted((ROOT / "tests" / "conformance").glob("*.jsonl")):
        for text in path.read_text().splitlines():
            shapes[re.sub(r'"[^"]*"(?!:)|[0-9]+', "", text)] = json.loads(text)
    assert len(shapes) > 100
    for line in shapes.values():
        validator().validate(line)


TIMES = "\N{MULTIPLICATION SIGN}"
NONSENSE = (
    *(None, True, -1, 1.5, 1 << 70, 255, 256, "", "$", "$x", "\u00e9", [], {"a": 1}, ["$x"]),
    *("unknown", "any", "..", "0.", {"frame_list": ["00.."]}, {"frame_list": ["0..0"]}),
)
MORE: tuple[dict[str, Any], ...] = (
    *({"address": 5}, {"address": "$guest.address[0]"}, {"address": "unknown"}, {"offset": 8}),
    *({"address": 5, "offset": 8}, {"address": "unknown", "offset": 8}, {"table": 0}),
    *({"poison": 165}, {"untouched": True}, {"status": "$x"}, {"fails": True}, {"lists": {}}),
    *({"filled": {}}, {"results": []}, {"bytes": ".."}),
)
"""What is put into lines that may not take it."""

NOT_FOR_A_SCHEMA = re.compile(
    "at this point|already|is a domain|for . elements|are no whole structs|"
    "row .|no field|columns|a mapping of|has none of|elements of|lists: frame_list"
)
"""What needs the lines before, or what the codec knows of arguments."""


def test_the_schema_and_the_parser_agree() -> None:
    """Would catch what one of the two takes and the other does not, by any one change of a line."""
    judge, lines, checked = validator(), list(map(json.loads, documented())), 0
    setup = {**SETUP, "lists": {"frame_list": [16]}, "filled": {"frame_list": ["00"]}}
    seen = {"op": "copy", "in": "", "out": "", "reasons": [{"element": 0, "reason": "so"}]}
    part = {**GRANT, "grant": "permit_sub_page", "offset": 0, "length": 1, "readonly": True}
    passed_on = {**END, "grant": "permit_transitive", "domid": 1, "trans_domid": 1, "gref": 8}
    lines += [setup, seen, part, passed_on, {"cmd": 9, "address": "unknown", "in": "00"}]
    head = {**lines[0], "xen": {"max_grant_frames": 4, "transitive": False}}
    guests = [json.dumps(line) for line in lines if "domain" in line]
    for line in {tuple(sorted(line)): line for line in lines}.values():
        before = [] if "scenario" in line else [json.dumps(HEAD)]
        before += [] if before == [] or "domain" in line else guests
        changes = [
            *({**line, key: value} for key in (*line, "zz") for value in NONSENSE),
            *({**line, **more} for more in MORE),
            *({k: v for k, v in line.items() if k != key} for key in line),
            *({**line, "in": "00", key: []} for key in ("args", "cmd", "address")),
        ]
        if not before:
            choices = ("zz", *head["xen"])
            changes += [{**head, "xen": {**head["xen"], k: v}} for k in choices for v in NONSENSE]
        for changed in changes:
            try:
                Scenario.parse([*before, json.dumps(changed)])
                problem = ""
            except SourceError as error:
                problem = str(error)
            valid = judge.is_valid(changed)
            assert valid or problem, changed
            assert not valid or not problem or NOT_FOR_A_SCHEMA.search(problem), (changed, problem)
            checked += 1
    assert checked > 2000


def test_the_schema_knows_every_op_and_abi() -> None:
    """Would catch a schema that lists fewer ops, ABIs, kinds or choices than there are."""
    defs = json.loads((ROOT / "docs" / "scenario.schema.json").read_text())["$defs"]
    names = {name for one in TARGETS.values() for name in (one.name, *one.aliases)}
    assert set(defs["abi"]["enum"]) == names
    ops = Abi("x86_64").layout.ops
    assert defs["call"]["properties"]["op"]["pattern"] == f"^(GNTTABOP_)?({'|'.join(ops)})$"
    assert defs["domain"]["properties"]["kind"]["enum"] == list(KINDS)
    assert set(defs["head"]["properties"]["xen"]["properties"]) == set(CHOICES)


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
