# SPDX-License-Identifier: MIT
"""Seeds for fuzzers: what they say of themselves, held against the model and C, and the folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import corpus_runs
import live_xen
import pytest
import rig_library
from oracle import ABIS, ROOT, VERSIONS, need

from benchmarks import corpus as benchmark
from xengnt import Abi, InvalidValue, SourceError, UnknownName
from xengnt.cli import main
from xengnt.live.world import LiveWorld
from xengnt.model.world import ModelWorld
from xengnt.scenario import Scenario, play
from xengnt.testing.corpus import dictionary, header
from xengnt.testing.corpus.draw import Draw
from xengnt.testing.corpus.numbers import CHOICES, of_stage
from xengnt.testing.corpus.seeds import labels, seeds
from xengnt.testing.corpus.ways import ways
from xengnt.testing.corpus.write import Wish, write
from xengnt.testing.stage import has_second, setting

MORE = 60
"""So many mixtures, beside one seed of each label."""

NOT_THERE = {
    "none of those for HVM": "the stage has PV guests, and those of Arm",
    "is a page table, which nobody": "the stage has no page tables: real Xen needs them to run",
    "the handle is of a page-table entry": "the same",
    "the page-table entry there is another": "the same",
    "a grant is mapped there": "only of HVM guests",
    "and now passes on another grant": "a guest has to change an entry in the middle of a call",
    "changes while it is looked at": "the same",
    "is paged out": "only of HVM guests",
    "has more than {bits} bits": "the machine has no such frames",
    "has more than 32 bits, and there is": "the same",
    "can be translated to 32 bits": "tables may have more frames than these only if that is chosen",
    "nr_frames {count}: {error}": "Xen has to be out of memory",
    "Stopped(errno.ENOMEM": "the same",
    "transfers are disabled": "only if that is chosen",
    "is dying": "a domain has to die while it is granted something",
    "status frame {number} is mapped": "no scenario maps the status frames of another domain",
    "Injected(": "what fails on request only",
    "Fault(*known": "a plan, and no refusal",
}
"""Refusals of the model that no seed meets, by a part of their source, and why."""


def every(name: str, version: str = "newest") -> tuple[list[str], Abi]:
    """Return all ops of an ABI, and the ABI."""
    abi = Abi(name, version)
    return list(abi.layout.ops), abi


def disagreements(name: str, more: int) -> list[str]:
    """Return what does not come of seeds on the model as they say."""
    ops, abi = every(name)
    model = corpus_runs.Model(abi)
    return [
        f"{name} {seed.label.op} {seed.label.label} {seed.way}: {words}"
        for seed in seeds(ops, abi, len(labels(ops, abi)) + more, 1)
        if (words := corpus_runs.difference(seed, *model.play(seed)))
    ]


def folder_digest(folder: Path) -> str:
    """Return a digest of all names and bytes in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


# What seeds say


def test_the_model_does_as_seeds_say_and_all_that_it_refuses_is_among_them() -> None:
    """Would catch a wrong result or status in a manifest, and a check that has no seed."""
    with corpus_runs.refusals() as seen:
        for name in ("x86_64", "x86_32", "arm64"):
            assert disagreements(name, MORE) == []
    places = corpus_runs.places_of_refusals()
    assert len(places) > 70
    unmet = [
        words
        for (file, first), (last, words) in places.items()
        if not any(at == file and first <= line <= last for at, line in seen)
    ]
    why = {words: [part for part in NOT_THERE if part in words] for words in unmet}
    assert {words for words, parts in why.items() if len(parts) != 1} == set()
    assert {part for parts in why.values() for part in parts} == NOT_THERE.keys()


@pytest.mark.parametrize("name", ["arm32"])
def test_so_does_it_on_other_abis(name: str) -> None:
    """Would catch expectations that are right only where pointers have eight bytes."""
    assert disagreements(name, 0) == []


def arrangements() -> dict[str, list[tuple[str, str]]]:
    """Return by ABI the versions and ops that are unlike those of newer versions."""
    found: dict[str, list[tuple[str, str]]] = {}
    seen = set()
    for version in ("newest", *reversed(VERSIONS)):
        for name in ("x86_64", "x86_32", "arm64", "arm32"):
            abi = Abi(name, version)
            for op in abi.layout.ops:
                fields = [
                    (one.name, one.offset, one.size, one.pointee and one.pointee.size)
                    for one in abi.struct(op).fields
                ]
                what = f"{name} {op} {fields} {has_second(abi)}"
                if what not in seen and version != "newest":  # which others play
                    found.setdefault(name, []).append((version, op))
                seen.add(what)
    return found


def test_seeds_of_each_layout_do_as_they_say() -> None:
    """Would catch what is right with the newest header only, such as the size of a frame number."""
    for name, rest in arrangements().items():
        for version in dict.fromkeys(version for version, _ in rest):
            abi = Abi(name, version)
            model = corpus_runs.Model(abi)
            ops = [op for at, op in rest if at == version]
            assert [
                f"{name} {version} {seed.label.op} {seed.label.label}: {words}"
                for seed in seeds(ops, abi)
                if (words := corpus_runs.difference(seed, *model.play(seed)))
            ] == []
    assert ("0x0003020a", "setup_table") in arrangements()["arm32"]


@pytest.mark.parametrize("version", VERSIONS)
def test_there_are_seeds_at_every_interface_version(version: str) -> None:
    """Would catch labels of one name, and ones that take what an old interface has not."""
    for name in ABIS:
        ops, abi = every(name, version)
        found = labels(ops, abi)
        assert max(Counter((one.op, one.label) for one in found).values()) == 1
        assert len(list(seeds(ops, abi))) == len(found)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Return for two ABIs a corpus, and the implementation in C on its stage."""
    base = tmp_path_factory.getbasetemp()
    work = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "corpora"
    work.mkdir(exist_ok=True)
    flags = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    found = {}
    for name in ("x86_64", "arm64"):
        found[name] = work / name, work / f"{name}-c" / "run"
        with rig_library.alone(work / name):
            if not found[name][1].exists():
                ops, abi = every(name)
                write(work / name, Wish(ops, abi, count=len(labels(ops, abi)) + 1000, seed=3))
                corpus_runs.build(work / f"{name}-c", name, *flags)
    return found


def test_c_does_as_the_manifest_says(corpora: dict[str, tuple[Path, Path]]) -> None:
    """Would catch a manifest that only our own model bears out, and mistakes of the C code."""
    for folder, program in corpora.values():
        head, lines = corpus_runs.manifest(folder)
        abi = Abi(head["abi"], head["interface_version"])
        files = [folder / line["file"] for line in lines]
        for line, file, got in zip(lines, files, corpus_runs.called(program, files), strict=True):
            expected = line["rc"], line["statuses"]
            before = file.read_bytes()[32:]
            words = corpus_runs.differing(abi, line["op"], before, expected, got)
            assert not words, (line["file"], words)


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        *(("x86_32", "newest", "is for x86_64 and arm64"), ("arm32", "newest", "is for x86_64")),
        ("x86_64", "0x00030209", "0x0003020a on"),
    ],
)
def test_c_is_not_built_for_what_it_does_not_do(
    tmp_path: Path, name: str, version: str, words: str
) -> None:
    """Would catch an example that compiles for an ABI, and takes its seeds for another's."""
    need(shutil.which("gcc"), "gcc", "apt install gcc")
    abi = Abi(name, version)
    (tmp_path / "seed.h").write_text(header.text(abi, of_stage(abi)))
    command = ["gcc", "-fsyntax-only", f"-I{tmp_path}", f"-I{ROOT / 'include'}"]
    done = subprocess.run(
        [*command, corpus_runs.SOURCES / "grant_table.c"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode
    assert words in done.stderr


def sides(corpora: dict[str, tuple[Path, Path]], without: str = "") -> dict[str, tuple[bool, bool]]:
    """Return which sides of the checks in C the seeds of all labels see, one label left out."""
    found: dict[str, tuple[bool, bool]] = {}
    for name, (folder, program) in corpora.items():
        _, lines = corpus_runs.manifest(folder)
        first = lines[: len(labels(*every(name)))]
        files = [folder / one["file"] for one in first if one["label"] != without]
        for check, seen in corpus_runs.checks(program, files).items():
            old = found.get(check, (False, False))
            found[check] = old[0] or seen[0], old[1] or seen[1]
    return found


def test_each_check_is_seen_on_both_sides(corpora: dict[str, tuple[Path, Path]]) -> None:
    """Would catch a check of Xen's that all seeds pass, or all of them fail."""
    found = sides(corpora)
    assert len(found) == 125, "docs/corpus.md says how many"
    assert [name for name, both in found.items() if both != (True, True)] == []


def test_a_label_that_is_missing_is_noticed(corpora: dict[str, tuple[Path, Path]]) -> None:
    """Would catch that the test above sees nothing: here one label after the other is left out."""
    for label, check in {
        "mfn/mapped": "transfer 1: it is mapped",
        "version/in use": "set_version 4: an entry is in use",
        "ref/too often": "map 6: entry is in use too often",
        "domid/full": "transfer 3: it has no headroom",
        "op/INVAL alone": "cache_flush 6: op is INVAL alone",
    }.items():
        found = sides(corpora, without=label)
        assert [name for name, both in found.items() if both != (True, True)] == [check]


def test_changed_checks_are_told_apart(
    tmp_path: Path, corpora: dict[str, tuple[Path, Path]]
) -> None:
    """Would catch seeds that see both sides of a check, and neither its edge nor its place."""
    files = {}
    for name, (folder, _) in corpora.items():
        _, lines = corpus_runs.manifest(folder)
        files[name] = [folder / one["file"] for one in lines[: len(labels(*every(name)))]]
    assert corpus_runs.unnoticed(tmp_path, files) == []


def test_seeds_reach_more_than_random_bytes_do(tmp_path: Path) -> None:
    """Would catch seeds that all end at the same check."""
    need(shutil.which("gcc"), "gcc", "apt install gcc")
    program = benchmark.build(tmp_path)
    like = benchmark.structured(None, 1)
    by_seeds = benchmark.reached(program, like)
    for other in (benchmark.noise, benchmark.registers):
        edges = benchmark.reached(program, other(like, 1))
        assert len(edges) == len(by_seeds) == len(like)
        for some in (30, 100, len(like)):
            assert by_seeds[some - 1] > edges[some - 1]
        assert by_seeds[-1] > 3 * edges[-1]


def test_libfuzzer_takes_the_folder_and_the_dictionary(
    tmp_path: Path, corpora: dict[str, tuple[Path, Path]]
) -> None:
    """Would catch a dictionary that libFuzzer does not read, and seeds that it leaves out."""
    folder, _ = corpora["x86_64"]
    empty = "int LLVMFuzzerTestOneInput(const char *b, long n) { (void)b; (void)n; return 0; }"
    clang = ["clang", "-fsanitize=fuzzer", "-x", "c", "-", "-o", str(tmp_path / "none")]
    there = (
        shutil.which("clang")
        and not subprocess.run(
            clang, input=empty, capture_output=True, text=True, check=False
        ).returncode
    )
    need(there, "libFuzzer", "apt install clang libclang-rt-dev")
    sources = [str(corpus_runs.SOURCES / name) for name in ("grant_table.c", "harness.c")]
    program = tmp_path / "harness"
    subprocess.run(
        ["clang", "-fsanitize=fuzzer", f"-I{folder}", f"-I{ROOT / 'include'}", *sources,
         "-o", program], check=True,
    )  # fmt: skip
    tokens = folder / "grant_table.dict"
    done = subprocess.run(
        [program, f"-dict={tokens}", "-runs=0", folder / "seeds"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    ops, abi = every("x86_64")
    count = len(dictionary.tokens(ops, abi, of_stage(abi)))
    assert f"Dictionary: {count} entries" in done.stderr
    assert f"{len(list((folder / 'seeds').iterdir()))} files found" in done.stderr


@pytest.mark.parametrize(
    "label",
    [
        *("ref/too often", "handle/none left"),
        *("handle/none left before ref", "dom before handle/none left"),
    ],
)
def test_xen_refuses_one_too_many(label: str, on_xen: Callable[[str, int, str], None]) -> None:
    """Would catch a limit that only the model has: pins of an entry, handles of a domain."""
    abi = Abi("x86_64")
    [way] = [one for one in ways("map_grant_ref", abi) if one.label == label]
    results = [{"status": int(case.status or 0)} for case, _ in way.elements]
    assert results[-2]["status"] == 0 != results[-1]["status"]
    rows = [row for _, row in way.elements]
    line = {"op": "map_grant_ref", "caller": "caller", "args": rows, "rc": 0, "results": results}
    lines = [json.dumps(one) for one in (*setting(abi, **CHOICES), line)]
    for machines in live_xen.machines():
        played = play(Scenario.parse(lines), LiveWorld(machines, **CHOICES))
        assert not [finding.message for _, findings in played for finding in findings]
        on_xen(f"mappings up to {label}", len(rows), machines.xen_version or "")


# The folder


def test_the_same_command_gives_the_same_bytes(tmp_path: Path) -> None:
    """Would catch a choice by the order of a set, by a hash, or by the time."""
    made = []
    for number, seed in enumerate(("5", "5", "6")):
        folder = tmp_path / str(number)
        command = ["corpus", "all", "-n", "600", "--seed", seed, "--abi", "x86_64"]
        subprocess.run(
            [sys.executable, "-m", "xengnt", *command, "-o", folder],
            check=True, capture_output=True, env={"PYTHONHASHSEED": str(number)}, cwd=ROOT,
        )  # fmt: skip
        made.append(folder_digest(folder))
    assert made[0] == made[1] != made[2]


def test_what_is_drawn_is_the_same_everywhere() -> None:
    """Would catch draws that depend on the version of Python, or on the machine."""
    draw = Draw(7)
    assert [draw.below(1000) for _ in range(6)] == [323, 150, 650, 72, 535, 365]
    assert draw.below(1 << 64) == 1069891323574046438
    assert [draw.number(range(5, 9)) for _ in range(4)] == [5, 5, 8, 5]


def test_the_manifest_says_what_is_there(tmp_path: Path) -> None:
    """Would catch a line without a file, a file without a line, and registers of another seed."""
    assert main(["corpus", "copy", "-n", "150", "--abi", "x86_32", "-o", str(tmp_path / "c")]) == 0
    head, lines = corpus_runs.manifest(tmp_path / "c")
    assert (head["abi"], head["seeds"], head["ops"]) == ("x86_32", 150, ["copy"])
    assert len(lines) == 150
    files = {str(path.relative_to(tmp_path / "c")) for path in (tmp_path / "c/seeds").iterdir()}
    assert {line["file"] for line in lines} == files
    size = Abi("x86_32").struct("copy").size
    for line in lines:
        data = (tmp_path / "c" / line["file"]).read_bytes()
        words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, 32, 8)]
        assert words == [
            line["cmd"], line["pointer"], line["count"], head["callers"].index(line["caller"])
        ]  # fmt: skip
        assert len(data) == 32 + size * len(line["elements"]) == 32 + size * len(line["statuses"])
        assert re.fullmatch(r"seeds/[0-9]+-copy-[A-Za-z0-9._-]{1,60}", line["file"])
        wrong = {line["elements"][index] for index in line["wrong"]}
        assert line["way"] or line["kind"] != "wrong" or line["label"] in wrong
    assert {line["label"] for line in lines} == {
        one.label for one in labels(["copy"], Abi("x86_32"))
    }


def test_blobs_are_the_arrays_alone(tmp_path: Path) -> None:
    """Would catch registers in a blob, or a seed that says something only by them."""
    write(tmp_path / "c", Wish(*every("arm64"), count=400, form="blob"))
    _, lines = corpus_runs.manifest(tmp_path / "c")
    assert len(lines) == 400
    for line in lines:
        data = (tmp_path / "c" / line["file"]).read_bytes()
        assert data
        assert len(Abi("arm64").decode(line["op"], data)) == len(line["elements"])
        assert not line["label"].startswith(("pointer/", "count/negative", "cmd/high"))


@pytest.mark.parametrize("name", ["x86_64", "x86_32", "arm64"])
def test_the_same_array_has_the_same_outcome(name: str) -> None:
    """Would catch a blob with two labels that contradict each other, as only registers tell."""
    ops, abi = every(name)
    found: dict[tuple[str, bytes], tuple[object, ...]] = {}
    for seed in seeds(ops, abi, 1200, registers=False):
        outcome = seed.rc, *seed.statuses
        assert found.setdefault((seed.label.op, seed.array), outcome) == outcome, seed.label


def test_blobs_are_told_apart_by_their_bytes() -> None:
    """Would catch mixtures of blobs that are counted as new for their registers."""
    made = list(seeds(["unmap_grant_ref"], Abi("x86_64"), 600, registers=False))
    assert len({one.array for one in made}) > 590


def test_the_stage_plays(tmp_path: Path) -> None:
    """Would catch a stage that is not the one whose numbers stand beside it."""
    write(tmp_path / "c", Wish(["swap_grant_ref"], Abi("x86_64")))
    stage = Scenario.load(tmp_path / "c" / "stage.jsonl")
    world = ModelWorld(**stage.xen)
    assert not [finding for _, findings in play(stage, world) for finding in findings]
    numbers = json.loads((tmp_path / "c" / "stage.json").read_text())
    guest = world.hypervisor.domains[numbers["guest"]["domid"]]
    assert [guest.frame(index) for index in range(64)] == numbers["guest"]["frame"]


def test_numbers_of_another_machine_are_taken(tmp_path: Path) -> None:
    """Would catch seeds that keep the model's numbers where a machine has others."""
    mine = tmp_path / "mine.json"
    frames = [0xABC00 + index for index in range(64)]
    mine.write_text(json.dumps({"guest": {"domid": 7, "frame": frames}}))
    command = ["corpus", "copy", "--abi", "x86_64", "--numbers", str(mine)]
    assert main([*command, "-o", str(tmp_path / "c")]) == 0
    _, lines = corpus_runs.manifest(tmp_path / "c")
    [line] = [one for one in lines if one["label"] == "source.u.gmfn/foreign"]
    [row] = Abi("x86_64").decode("copy", (tmp_path / "c" / line["file"]).read_bytes()[32:])
    assert row["source.u.gmfn"] == frames[9]
    assert row["dest.domid"] == 7
    assert "#define XENGNT_GUEST_DOMID 0x7\n" in (tmp_path / "c" / "seed.h").read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "numbers of a stage: expected an object"),
        ('{"nobody": 1}', "there is no nobody on the stage"),
        ('{"guest": {"domid": "7"}}', "guest.domid: expected a number, got '7'"),
        ('{"guest": {"domid": -7}}', "guest.domid: -7 is no number of 64 bits"),
        ('{"guest": {"frame": [1]}}', "guest.frame: expected 64 of them, got 1"),
        ("{", "not JSON"),
        ('{"guest": {"domid": 70000}}', "mine.json: guest.domid: 70000 is no domain's"),
        ('{"guest": {"domid": 32752}}', "mine.json: guest.domid: 32752 is no domain's"),
        ('{"guest": {"domid": 4661}}', "4661 is guest.domid, too"),
        (json.dumps({"guest": {"frame": [5] * 64}}), "guest.frame[1]: 5 is guest.frame[0], too"),
        (
            '{"m": [{"handle": 1},{"handle": 1},{},{},{},{},{}]}',
            "m[1].handle: 1 is m[0].handle, too",
        ),
        (json.dumps({"caller": {"address": [*range(64)]}}), "caller.address[1]: 0x1 is not at the"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(text: str, words: str) -> None:
    """Would catch a file of numbers that is taken in part, and a traceback."""
    with pytest.raises(SourceError, match=re.escape(words)):
        of_stage(Abi("x86_64")).changed(text, "mine.json")


def test_each_label_has_a_seed_or_it_is_said(tmp_path: Path) -> None:
    """Would catch a corpus that silently lacks labels, and a folder that is left behind."""
    with pytest.raises(InvalidValue, match=r"5 seeds are too few: there are [0-9]+ labels"):
        write(tmp_path / "c", Wish(["copy"], Abi("x86_64"), count=5))
    with pytest.raises(UnknownName, match="did you mean copy"):
        write(tmp_path / "c", Wish(["copi"], Abi("x86_64")))
    with pytest.raises(InvalidValue, match="too many"):
        write(tmp_path / "c", Wish(["copy"], Abi("x86_64"), count=10**9))
    for name in ("grant_entry_v1", "gnttab_copy_ptr", "grant_status_t"):
        with pytest.raises(UnknownName, match=f"{name} is"):
            write(tmp_path / "c", Wish([name], Abi("x86_64")))
        with pytest.raises(UnknownName, match=f"{name} is"):
            seeds([name], Abi("x86_64"))
    assert list(tmp_path.iterdir()) == []


def test_an_op_has_its_other_names(tmp_path: Path) -> None:
    """Would catch a traceback about the tag of a struct."""
    names = ("copy", "gnttab_copy", "gnttab_copy_t", "GNTTABOP_copy")
    made = [[seed.record for seed in seeds([name], Abi("x86_64"))] for name in names]
    assert made == [made[0]] * len(names)
    assert main(["corpus", "gnttab_copy", "--abi", "x86_64", "-o", str(tmp_path / "c")]) == 0
    assert {line["op"] for line in corpus_runs.manifest(tmp_path / "c")[1]} == {"copy"}


def test_a_folder_is_no_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a folder of the name -, and a number of a thousand digits told in full."""
    for command in (["corpus", "copy", "-o", "-"], ["rig", "new", "-"]):
        with pytest.raises(SystemExit):
            main(command)
        assert "standard output is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["corpus", "copy", "-o", "c", "-n", "9" * 5000])
    err = capsys.readouterr().err
    assert "expected a number" in err
    assert len(err) < 300


def test_what_is_in_a_folder_stays(tmp_path: Path) -> None:
    """Would catch a corpus over what a fuzzer found, and one that stops half way."""
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "found").write_text("by a fuzzer")
    with pytest.raises(InvalidValue, match="there is something already"):
        write(tmp_path / "c", Wish(["copy"], Abi("x86_64")))
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["found"]

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / name, Wish(["copy"], Abi("x86_64")), interrupt)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["c", "empty", "found"]
    before = (tmp_path / "empty").stat().st_ino
    write(tmp_path / "empty", Wish(["copy"], Abi("x86_64")))
    assert (tmp_path / "empty" / "seed.h").exists()
    assert (tmp_path / "empty").stat().st_ino != before  # it came there as a whole


def test_a_folder_that_has_to_stay_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a shell that is left in a folder that is gone, and a link that is replaced."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    write(Path(), Wish(["copy"], Abi("x86_64")))
    assert here.samefile(".")
    assert (here / "seed.h").exists()
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    write(tmp_path / "link", Wish(["copy"], Abi("x86_64")))
    assert (tmp_path / "there" / "seed.h").exists()


@pytest.mark.parametrize("name", ABIS)
def test_the_dictionary_has_what_the_abi_has(name: str) -> None:
    """Would catch a token that is cut, of another width, or that a fuzzer cannot read."""
    ops, abi = every(name)
    lines = dictionary.text(ops, abi, of_stage(abi)).splitlines()
    found = {}
    for line in lines[1:]:
        match = re.fullmatch(r'([A-Za-z0-9_]+)="((?:\\x[0-9a-f]{2}){2,64})"', line)
        assert match, line
        found[match[1]] = bytes.fromhex(match[2].replace("\\x", ""))
    assert len(found) == len(lines) - 1
    constants = abi.declarations.constants
    for name_, size in (("GNTTABOP_copy", 8), ("GNTST_bad_page", 2), ("DOMID_SELF", 2)):
        value = constants[name_].value & ((1 << 8 * size) - 1)
        assert value.to_bytes(size, "little") in found.values()
    flags = constants["GNTMAP_host_map"].value.to_bytes(4, "little")
    assert found["GNTMAP_host_map_32"] == flags
