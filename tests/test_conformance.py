# SPDX-License-Identifier: MIT
"""The recorded suite, what it covers, and how libraries of others are held against it."""

from __future__ import annotations

import errno
import faulthandler
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from oracle import DISTRIBUTION, OURS, need

from xengnt import Abi, Status
from xengnt.abi.constants import Op
from xengnt.cli import main
from xengnt.conformance.apart import apart
from xengnt.conformance.run import PASSED, VERDICTS, run
from xengnt.conformance.suite import SEAL, Suite, seal, shipped
from xengnt.errors import BackendError, InvalidValue, SourceError, XengntError
from xengnt.foreign.control import Control, declared
from xengnt.foreign.world import ForeignWorld
from xengnt.model import Hypervisor
from xengnt.model.world import ModelWorld
from xengnt.scenario import Scenario, play
from xengnt.scenario.call import Call

ROOT = Path(__file__).parent.parent
SUITE = shipped()
FILES = sorted(path.stem for path in SUITE.folder.glob("*.jsonl"))
GUIDE = (ROOT / "docs" / "conformance.md").read_text()

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

# No current Xen gives the first, and the second takes a machine with memory beyond 16 TiB.
NEVER_SEEN = {Status.NO_DEVICE_SPACE, Status.ADDRESS_TOO_BIG}


@pytest.fixture
def silent() -> Iterator[None]:
    """Have Python not print where a process was when it crashed."""
    enabled = faulthandler.is_enabled()
    faulthandler.disable()
    yield
    if enabled:
        faulthandler.enable(sys.__stderr__ or sys.stderr)


# The suite


@cache
def cases(file: str) -> list[Scenario]:
    """Return the cases of a file."""
    return [case for case in SUITE.cases(f"{file}/") if case.title.startswith(f"{file}/")]


@pytest.mark.parametrize("name", [*(f"{file}.jsonl" for file in FILES), "boot.log"])
def test_a_changed_byte_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a recording that somebody mended by hand, or a recording of the model."""
    folder = tmp_path / "suite"
    shutil.copytree(SUITE.folder, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    assert Suite(folder).recorded == SUITE.recorded
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert main(["conformance", "--suite", str(folder), "--only", "call/"]) == 2
    assert capsys.readouterr().err == f"xengnt: {folder / name}: is not what was recorded\n"


@pytest.mark.parametrize("name", ["copy.jsonl", "boot.log", "recorded.json"])
def test_a_missing_file_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a suite from which the cases that differ were taken out."""
    folder = tmp_path / "suite"
    shutil.copytree(SUITE.folder, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / name).unlink()
    assert main(["conformance", "--suite", str(folder), "--only", "call/"]) == 2
    error = capsys.readouterr().err
    assert str(folder / name) in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("file", FILES)
def test_the_model_passes(file: str, on_xen: Callable[[str, int, str], None]) -> None:
    """Would catch a model that does otherwise than Xen did."""
    found = [(one.case.title, one.why, one.findings) for one in _differing(file)]
    assert not found
    version = SUITE.recorded["xen_version"]
    on_xen("recorded cases in which the model does the same", len(cases(file)), version)


def _differing(file: str) -> Iterator[Any]:
    for verdict in run(cases(file), lambda case: ModelWorld(case.xen_version, **case.xen)):
        if verdict.verdict != PASSED:
            yield verdict


def test_every_case_has_a_name_of_its_own() -> None:
    """Would catch two cases that nobody can tell apart, and one in the file of another op."""
    names = Counter(case.title for file in FILES for case in cases(file))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) >= 400
    assert set(FILES) == {name.partition("/")[0] for name in names}
    for file in FILES:
        assert {case.title.partition("/")[0] for case in cases(file)} == {file}


def test_every_op_and_every_status_occurs() -> None:
    """Would catch an op that the suite forgets, and a status that nothing leads to."""
    ops, statuses = set(), set()
    for file in FILES:
        for case in cases(file):
            for call in case.calls:
                ops |= {call.op, *([Op(call.cmd).name.lower()] if call.cmd in set(Op) else [])}
                statuses |= {row["status"] for row in call.results if "status" in row}
    assert ops >= set(Abi("x86_64").layout.ops)
    assert statuses == {one.c_name for one in Status if one not in NEVER_SEEN}


def test_both_kinds_of_callers_and_both_versions_occur() -> None:
    """Would catch a suite of 64-bit callers, or of tables of version 1 only."""
    abis = Counter(case.abi.name for file in FILES for case in cases(file))
    assert min(abis["x86_64"], abis["x86_32"]) >= 400
    versions = Counter(
        row["version"]
        for file in FILES
        for case in cases(file)
        for call in case.calls
        if call.op == "set_version" and isinstance(call.args, list) and call.rc == 0
        for row in call.args
    )
    assert min(versions[1], versions[2]) >= 20


def test_a_build_carries_the_suite_and_the_header(tmp_path: Path) -> None:
    """Would catch a wheel without the vectors, the boot log or rig.h."""
    tree = tmp_path / "tree"
    for name in ("include", "native", "xengnt", "tests/conformance"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    for name in (
        "pyproject.toml",
        "MANIFEST.in",
        "README.md",
        "LICENSE",
        "build_ffi.py",
        "build_kernels.py",
    ):
        shutil.copy(ROOT / name, tree)
    command = [sys.executable, "-c", "import setuptools; setuptools.setup()"]
    subprocess.run(
        [*command, "-q", "build_py", "--build-lib", tmp_path / "lib"],
        cwd=tree, check=True, capture_output=True,
    )  # fmt: skip
    script = (
        "import xengnt, xengnt.conformance.suite as suite; "
        "print(xengnt.get_include(), suite.shipped().folder, suite.shipped().recorded['package'])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "lib")},
    )  # fmt: skip
    include, folder, package = done.stdout.split()
    assert Path(include, "xengnt", "rig.h").is_file()
    assert Path(include).is_relative_to(tmp_path)
    assert Path(folder).is_relative_to(tmp_path)
    assert package == SUITE.recorded["package"]
    assert not list(Path(folder).glob("*.py"))


# What is done apart


def test_what_is_done_apart_comes_back() -> None:
    """Would catch items or errors that are lost on their way."""

    def work() -> Iterator[int]:
        yield from (1, 2)
        raise InvalidValue("no more", got=3)

    found = apart(work)
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(InvalidValue, match="no more") as caught:
        next(found)
    assert caught.value.got == 3
    assert list(apart(lambda: "ab")) == ["a", "b"]


@pytest.mark.parametrize(
    ("last", "patience", "words"),
    [
        (lambda: os.kill(os.getpid(), 11), 60, "the process was ended by signal 11: Segm"),
        (lambda: os._exit(3), 60, "the process ended with exit status 3"),
        (lambda: os._exit(0), 60, "the process ended with exit status 0"),
        (lambda: time.sleep(60), 2, "no answer within 2 s"),
    ],
)
@pytest.mark.usefixtures("silent")
def test_the_end_of_the_other_process_is_told(
    last: Callable[[], None], patience: float, words: str
) -> None:
    """Would catch a command that dies, hangs or is content when a library ends the process."""

    def work() -> Iterator[int]:
        yield 1
        last()

    found = apart(work, patience)
    assert next(found) == 1
    with pytest.raises(BackendError, match=words):
        next(found)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # none is left


# The world on the control part: with the model behind it, everything passes


class ModelControl:
    """The functions of the control part on the model."""

    def __init__(self) -> None:
        self.ffi, names = declared()
        self.hypervisor: Hypervisor | None = None
        self.caller: Any = None
        self.rooms: dict[int, list[int]] = {}
        self.kept: list[Any] = []
        self.functions = SimpleNamespace(
            **{
                name: getattr(self, name.removeprefix("xengnt_rig_"))
                for name in names
                if name != "xengnt_rig_reason"
            }
        )

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the call that is tested."""
        result: int = self.caller.call(cmd, address, count)
        return result

    def reset(self) -> int:
        """Forget everything."""
        self.hypervisor = None
        return 0

    def create_domain(self, wanted: Any) -> int:
        """Make a domain."""
        assert wanted.size == self.ffi.sizeof("struct xengnt_rig_domain")
        numbers = ("max_grant_frames", "max_maptrack_frames", "max_version")
        flags = ("transitive", "transfer", "cache_flush")
        chosen = {key: getattr(wanted, key) for key in (*numbers, *flags)}
        if self.hypervisor is None:
            self.hypervisor = Hypervisor(
                self._text(wanted.xen_version) or "4.17",
                **{
                    key: bool(value) if key in flags else value
                    for key, value in chosen.items()
                    if value != -1
                },
            )
        domain = self.hypervisor.create_domain(
            wanted.pages,
            abi=self._text(wanted.abi) or "",
            kind=self._text(wanted.kind),
            privileged=wanted.privileged == 1,
            high=wanted.high == 1,
            max_pages=None if wanted.max_pages == -1 else wanted.max_pages,
            domid=None if wanted.domid == -1 else wanted.domid,
        )
        self.rooms[domain.domid] = []
        return domain.domid

    def destroy_domain(self, domid: int) -> int:
        """End a domain."""
        assert self.hypervisor
        self.hypervisor.destroy(self._domain(domid))
        return 0

    def set_caller(self, domid: int) -> int:
        """Say who calls."""
        self.caller = self._domain(domid)
        return 0

    def page(self, domid: int, index: int, page: Any) -> int:
        """Describe a page."""
        domain = self._domain(domid)
        try:
            page.bytes = self._pointer(domain.page(index))
        except InvalidValue:
            return -errno.ENOENT
        page.frame, page.address = domain.frame(index), domain.address(index)
        page.machine = domain.machine_address(index)
        return 0

    def room(self, domid: int, index: int, address: Any) -> int:
        """Give room."""
        rooms = self.rooms[domid]
        while len(rooms) <= index:
            rooms.append(self._domain(domid).reserve())
        address[0] = rooms[index]
        return 0

    def bytes(self, domid: int, address: int, writing: int) -> Any:
        """Return the bytes at an address."""
        domain = self._domain(domid)
        try:
            found = domain.space.read(address, 1)
            if writing:
                domain.space.write(address, found)
        except XengntError:
            return self.ffi.NULL
        return self._pointer(domain.space.pages[address >> 12].frame.data) + (address & 4095)

    def table(self, domid: int, index: int, status: int) -> Any:
        """Return a frame of a table."""
        table = self._domain(domid).table
        frames = table.status_frames if status else table.frames
        return self._pointer(memoryview(frames[index])) if index < len(frames) else self.ffi.NULL

    def _domain(self, domid: int) -> Any:
        assert self.hypervisor
        return self.hypervisor.find(domid)

    def _text(self, text: Any) -> str | None:
        return self.ffi.string(text).decode() if text else None

    def _pointer(self, data: memoryview) -> Any:
        self.kept.append(self.ffi.from_buffer(data))
        return self.kept[-1]


CONTROLLED: list[ModelControl] = []
"""All that were made: what they keep must not be collected as garbage."""


def controlled(case: Scenario) -> ForeignWorld:
    """Return the model, behind the control part."""
    CONTROLLED.append(ModelControl())
    mine = CONTROLLED[-1]
    return ForeignWorld(Control(mine.functions, mine.call), case.xen_version, **case.xen)


@pytest.mark.parametrize("file", FILES)
def test_the_model_passes_through_the_control_part(file: str) -> None:
    """Would catch a world on rig.h that asks a library for something else than a case says."""
    for verdict in run(cases(file)[::5], controlled):
        assert (verdict.verdict, verdict.why, verdict.findings) == (PASSED, "", [])


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples" / "scenarios").glob("*.jsonl")), ids=lambda path: path.stem
)
def test_the_examples_play_through_the_control_part(path: Path) -> None:
    """Would catch a step of scenarios that libraries cannot be asked."""
    case = Scenario.load(path)
    if "low_frames" in case.xen:  # it would have to count the pages of arguments
        with pytest.raises(SourceError, match="libraries cannot be asked for low_frames"):
            list(play(case, controlled(case)))
        return
    assert [found for _, step in play(case, controlled(case)) for found in step] == []


def test_a_full_table_grows_through_the_control_part() -> None:
    """Would catch a guest that does not ask for frames, or does not see them."""
    permit = {"grant": "permit_access", "by": "a", "domid": 0, "frame": "$a.frame[0]"}
    for version in (1, 2):
        lines: list[dict[str, Any]] = [
            {"scenario": 1, "abi": "x86_64"},
            {"domain": "a", "pages": 1},
            {"op": "set_version", "args": [{"version": version}]},
            *[permit] * 2000,
            {"op": "query_size", "args": [{"dom": "DOMID_SELF"}]},
        ]
        case = Scenario.parse([json.dumps(line) for line in lines])
        *_, (last, _) = play(case, controlled(case))
        assert isinstance(last, Call)
        [row] = case.abi.decode("query_size", last.out or b"")
        assert row["nr_frames"] == (4 if version == 1 else 8)


# Libraries of C


def compile_c(name: str, folder: Path, *options: str, headers: str = "ours") -> Path:
    """Compile a C source of the tests as a shared library, with our headers or the real ones."""
    compiler = need(shutil.which("cc"), "a C compiler", "apt install gcc")
    if headers == "theirs":
        need(
            (DISTRIBUTION / "xen" / "grant_table.h").is_file(),
            "libxen-dev",
            "apt install libxen-dev",
        )
    place = "-I" if headers == "ours" else "-idirafter"
    library = folder / f"{name}{len(list(folder.iterdir()))}.so"
    warnings = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden")
    subprocess.run(
        [compiler, *warnings, *options, "-shared", "-fPIC", place, OURS,
         ROOT / "tests" / "c" / f"{name}.c", "-o", library],
        check=True,
    )  # fmt: skip
    return library


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small implementation, on our headers."""
    return compile_c("small_xen", tmp_path_factory.mktemp("small"))


def judged(
    backend: str, only: str, capsys: pytest.CaptureFixture[str], exit_status: int
) -> dict[str, Any]:
    """Run the command on some cases, and return its JSON."""
    command = ["conformance", "--backend", backend, "--only", only, "--format", "json"]
    assert main(command) == exit_status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, SHAPE)
    return found


COUNTS = {
    "type": "object",
    "properties": {key: {"type": "integer"} for key in VERDICTS},
    "required": [*VERDICTS],
}
SHAPE = {
    **COUNTS,
    "properties": {
        **COUNTS["properties"],
        "ops": {
            "type": "object",
            "additionalProperties": {**COUNTS, "additionalProperties": False},
        },
        "xen_version": {"type": "string", "pattern": r"^4\.\d+\.\d+$"},
        "package": {"type": "string", "pattern": r"^xen-hypervisor-.*\.deb$"},
        "cases": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "case": {"type": "string"},
                    "verdict": {"enum": ["differs", "unsupported"]},
                    "findings": {"type": "array", "minItems": 1},
                    "why": {"type": "string", "minLength": 1},
                },
                "required": ["case", "verdict"],
                "additionalProperties": False,
            },
        },
    },
    "required": [*COUNTS["required"], "ops", "xen_version", "package", "cases"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("headers", ["ours", "theirs"])
def test_a_library_with_the_control_part(
    headers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a control part that does not work, on either tree of headers."""
    library = compile_c("small_xen", tmp_path, headers=headers)
    found = judged(f"lib:{library}", "query_size/", capsys, 1)
    assert found["passed"] >= 35
    assert found["unsupported"] >= 20
    assert found["ops"].keys() == {"query_size"}
    whys = {one["why"] for one in found["cases"] if one["verdict"] == "unsupported"}
    assert any(why.endswith("-EOPNOTSUPP for pvh of x86_32") for why in whys)
    assert "the library has no set_version" in whys


def test_what_a_library_lacks_is_not_passed(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch an op that is refused and counts as right, or as wrong."""
    found = judged(f"lib:{small}", "swap_grant_ref/v1-equal", capsys, 2)
    assert found["passed"] == found["differs"] == 0
    assert found["unsupported"] > 0


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ((), None),
        (("-DMISTAKE",), "call 0[0].status, copy: GNTST_okay, not 'GNTST_general_error'"),
    ],
    ids=["right", "mistaken"],
)
def test_a_mistake_is_told_in_words(
    mistake: tuple[str, ...],
    words: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Would catch a wrong answer that passes, or that is reported as something else."""
    library = compile_c("small_xen", tmp_path, *mistake)
    name = "copy/to-a-readonly-grant"
    found = judged(f"lib:{library}", f"{name}@pv64", capsys, int(words is not None))
    assert found["differs" if words else "passed"] == 1
    assert main(["conformance", "--backend", f"lib:{library}", "--only", name]) == bool(words)
    output = capsys.readouterr().out
    if words:
        assert words in output
        assert f"{name}@pv64" in output


@pytest.mark.usefixtures("silent")
def test_a_crash_is_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a command that dies with the library, and what was passed with it."""
    library = compile_c("small_xen", tmp_path, "-DCRASH")
    found = judged(f"lib:{library}", "query_size/", capsys, 1)
    assert found["differs"] > 5
    assert found["passed"] > 5
    [case] = [one for one in found["cases"] if one["case"] == "query_size/of-self@pv64"]
    [finding] = case["findings"]
    assert finding["code"] == "crash"
    assert re.search(
        r"^query_size\.jsonl:\d+: the process was ended by signal \d+", finding["message"]
    )


def test_a_reason_of_the_library_is_shown(
    tmp_path: Path, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a reason that is not asked for."""
    lines: list[dict[str, Any]] = [
        {"scenario": 1, "abi": "x86_64"},
        {"domain": "a"},
        {"op": "query_size", "args": [{"dom": 77}], "results": [{"status": "okay"}]},
    ]
    path = tmp_path / "scenario.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    assert main(["run", str(path), "--backend", f"lib:{small}"]) == 1
    assert "there is no such domain" in capsys.readouterr().out


def test_a_scenario_plays_on_a_library(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a library that only the suite can be played on."""
    path = ROOT / "examples" / "scenarios" / "block.jsonl"
    assert main(["run", str(path), "--backend", f"lib:{small}"]) == 0
    capsys.readouterr()


def test_a_bare_call_is_asked_what_needs_no_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a bare function that is asked for domains, or for nothing."""
    library = compile_c("bare_call", tmp_path, "-fvisibility=default")
    found = judged(f"lib:{library}:my_call", "query_size/", capsys, 1)
    assert found["passed"] >= 5
    whys = {one.get("why") for one in found["cases"]}
    assert "a bare function has no domains, tables or pages to be played with" in whys
    assert "a caller of x86_32, and this is a function of x86_64" in whys


@pytest.mark.parametrize(
    ("source", "symbol", "words"),
    [
        ("", "", "no symbol 'HYPERVISOR_grant_table_op'"),
        ("int f(void) {return 0;}", ":f", None),
        ("int HYPERVISOR_grant_table_op(void) {return 0;} int xengnt_rig_reset(void) {return 0;}",
         "", "no symbol 'xengnt_rig_create_domain', which the control part has"),
        ("#include <stdlib.h>\n__attribute__((constructor)) static void f(void) {abort();}",
         "", "when it was opened, the process was ended by signal 6"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("silent")
def test_what_cannot_be_opened_is_one_line(
    source: str,
    symbol: str,
    words: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Would catch a library that is no matter of cases, told once for each of them."""
    (tmp_path / "odd.c").write_text(source)
    compiler = need(shutil.which("cc"), "a C compiler", "apt install gcc")
    library = tmp_path / "odd.so"
    subprocess.run([compiler, "-shared", "-fPIC", tmp_path / "odd.c", "-o", library], check=True)
    status = main(["conformance", "--backend", f"lib:{library}{symbol}", "--only", "call/"])
    error = capsys.readouterr().err
    if words is None:
        assert status == 1  # everything gives 0
    else:
        assert status == 2
        assert words in error
        assert error.count("\n") == 1


def test_a_library_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch the same of a wrong path."""
    assert main(["conformance", "--backend", "lib:/nowhere.so"]) == 2
    assert capsys.readouterr().err == "xengnt: /nowhere.so: no such library\n"


# The header


@pytest.mark.parametrize("kind", ["gcc", "clang", "g++", "clang++"])
@pytest.mark.parametrize("before", ["", "#include <xen/xen.h>\n#include <xen/grant_table.h>\n"])
def test_the_header_is_plain(kind: str, before: str, tmp_path: Path) -> None:
    """Would catch a header that is no C99, or not to be had from C++, or beside the others."""
    compiler = need(shutil.which(kind), kind, f"apt install {kind.removesuffix('++')}")
    cplusplus = kind.endswith("++")
    source = tmp_path / f"one.{'cc' if cplusplus else 'c'}"
    twice = "#include <xengnt/rig.h>\n" * 2
    source.write_text(f"{twice}{before}int x = sizeof(struct xengnt_rig_domain);\n")
    standard = "c++11" if cplusplus else "c99"
    subprocess.run(
        [compiler, f"-std={standard}", "-pedantic-errors", "-Wall", "-Wextra", "-Werror",
         "-Wno-long-long", "-I", OURS, "-c", source, "-o", tmp_path / "one.o"],
        check=True,
    )  # fmt: skip


def test_cffi_and_the_compiler_agree_on_the_header(tmp_path: Path) -> None:
    """Would catch a struct that is passed in another shape than a library sees."""
    ffi, _ = declared()
    rows = [
        (f"{kind}.{name}", f"offsetof(struct {kind}, {name})", member.offset)
        for kind in ("xengnt_rig_domain", "xengnt_rig_page")
        for name, member in ffi.typeof(f"struct {kind}").fields
    ] + [
        (kind, f"sizeof(struct {kind})", ffi.sizeof(f"struct {kind}"))
        for kind in ("xengnt_rig_domain", "xengnt_rig_page")
    ]
    lines = [
        f"typedef char a{n}[{code} == {value} ? 1 : -1];" for n, (_, code, value) in enumerate(rows)
    ]
    source = tmp_path / "one.c"
    source.write_text("\n".join(["#include <xengnt/rig.h>", *lines, ""]))
    compiler = need(shutil.which("cc"), "a C compiler", "apt install gcc")
    subprocess.run([compiler, "-I", OURS, "-c", source, "-o", tmp_path / "one.o"], check=True)


# The guide


def test_the_suite_can_be_recorded() -> None:
    """Would catch a recorder, which nobody runs here, that cannot even be started."""
    command = [sys.executable, ROOT / "tests" / "cases" / "record.py", "--help"]
    assert "-o" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_guide_names_every_key() -> None:
    """Would catch a key of the vectors that nobody explains."""
    keys = set()
    for path in SUITE.folder.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            keys |= json.loads(line).keys()
    assert {key for key in keys if f"`{key}`" not in GUIDE} == set()


def test_the_guide_says_on_which_xen() -> None:
    """Would catch a guide that was not changed when the suite was recorded again."""
    assert SUITE.recorded["xen_version"] in GUIDE
    assert SUITE.recorded["package"] in GUIDE
    for status in NEVER_SEEN:
        assert status.c_name.removeprefix("GNTST_") in GUIDE


def test_the_seal_says_what_it_is() -> None:
    """Would catch a seal without a hash for each file of the suite."""
    seal = json.loads((SUITE.folder / "recorded.json").read_text())
    assert seal["sha256"].keys() == {*(f"{file}.jsonl" for file in FILES), "boot.log"}
    assert SUITE.recorded["xen_version"] in (SUITE.folder / "boot.log").read_text()
    with pytest.raises(SourceError):
        Suite(ROOT / "examples").recorded  # noqa: B018 -- it is a property that looks


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "expected an object"),
        ('{"sha256": []}', "expected an object"),
        ('{"sha256": {}}', "expected an object"),
        ('{"sha256": {}, "package": "", "xen_version": ""}', "no cases"),
        ("[" * 100_000, SEAL),
        ("\xff", SEAL),
    ],
)
def test_a_seal_of_another_shape_is_one_line(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a traceback about a suite that somebody else made."""
    (tmp_path / SEAL).write_bytes(text.encode("latin-1"))
    assert main(["conformance", "--suite", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_cases_that_do_not_begin_with_one_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch lines before the first case that nobody plays."""
    (tmp_path / "copy.jsonl").write_text('{"op": "copy"}\n{"scenario": 1, "abi": "x86_64"}\n')
    seal(tmp_path, "a package", "4.17.7")
    assert main(["conformance", "--suite", str(tmp_path)]) == 2
    assert "a case begins with a line" in capsys.readouterr().err
