# SPDX-License-Identifier: MIT
"""The pytest plugin, in projects of others: as many pytest runs, each with its own folder.

A test with `pytester` uses nothing of xengnt here: what it is the first to import is gone after
it, and others would have half of it twice.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from xengnt import Abi
from xengnt.testing import assert_same_blob

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent

WRONG = """
import ctypes

class gnttab_swap_grant_ref(ctypes.Structure):
    _fields_ = [
        ("ref_a", ctypes.c_uint32),
        ("ref_b", ctypes.c_uint64),
        ("status", ctypes.c_int16),
    ]
"""


ALONE = ("-p", "no:xdist", "-p", "no:hypothesispytest")


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the tests of a project, with no other plugin that takes its time.

    Not in this process, for the same reason.
    """
    return pytester.runpytest_subprocess(*ALONE, *options)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs that do not see how this one was started."""
    for name in ("CI", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_three_lines_of_the_readme_fail_with_a_picture(pytester: pytest.Pytester) -> None:
    """Would catch a section to copy that does not work, or shows less than both layouts."""
    readme = (ROOT / "README.md").read_text()
    [text] = re.findall(r"^```py\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert len([line for line in text.splitlines() if line]) == 3
    pytester.makepyfile(test_it=text, grant=WRONG)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "E       AssertionError: grant is not laid out as the ABI: 4 errors",
        "E       struct gnttab_swap_grant_ref * they part at byte 4",
        "E*offset*size*reference*type*offset*size*theirs*type*",
        "E*4*4*ref_b*grant_ref_t*≠*8*8*ref_b*uint64_t",
        "E*error: gnttab_swap_grant_ref.ref_b is at offset 8, not 4*grant.py:*",
        "test_it.py:*: AssertionError",
    ])  # fmt: skip
    assert "note:" not in result.stdout.str()
    assert "\x1b[" not in result.stdout.str()
    fixed = WRONG.replace('("ref_b", ctypes.c_uint64)', '("ref_b", ctypes.c_uint32)')
    pytester.makepyfile(grant=fixed)
    run(pytester).assert_outcomes(passed=1)


def test_what_the_documentation_shows_works(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch an example that fails."""
    text = (ROOT / "docs" / "testing.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    header = "#include <xen/grant_table.h>\n"
    (pytester.path / "grant.h").write_text(header)
    (pytester.path / "include").symlink_to(ROOT / "include")
    right = WRONG.replace("c_uint64", "c_uint32")
    (pytester.path / "grant.py").write_text(
        f"import xengnt\n{right}\ngnttab_copy = xengnt.Abi.native().ctype('copy')\n"
    )
    shown = "\n".join(blocks)
    assert "deadline=None" in shown
    pytester.makepyfile(test_grant=shown.replace("deadline=None", "deadline=None, max_examples=9"))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.runpytest_subprocess("--xengnt-bless").assert_outcomes(passed=8)
    assert (pytester.path / "golden" / "test_grant" / "test_golden.x86_64.copy.bin").is_file()


def test_the_documentation_shows_a_failure_as_it_is() -> None:
    """Would catch a picture of a failure that nobody gets to see."""
    text = (ROOT / "docs" / "testing.md").read_text()
    [picture] = re.findall(r"^```\n(swap_grant_ref: .*?)^```$", text, re.MULTILINE | re.DOTALL)
    got, expected = [{"ref_a": 8}], [{"ref_a": 8, "ref_b": 9}]
    with pytest.raises(AssertionError) as caught:
        assert_same_blob("swap_grant_ref", Abi("arm64").encode("swap_grant_ref", got), expected)
    assert str(caught.value).strip() == picture.strip()


def test_fixtures(pytester: pytest.Pytester) -> None:
    """Would catch a fixture that does not do what its name says, or that needs an import."""
    pytester.makepyfile(
        """
        import pytest
        import xengnt

        def test_abi(xengnt_abi):
            assert xengnt_abi == xengnt.Abi.native()

        @pytest.mark.parametrize(
            "xengnt_abi", ["x86_32", xengnt.Abi("arm64", "0x00040300")], indirect=True
        )
        def test_two(xengnt_abi, xengnt_hypervisor, xengnt_dom0, xengnt_guest):
            assert xengnt_guest.abi == xengnt_dom0.abi == xengnt_abi
            assert xengnt_dom0.privileged and not xengnt_guest.privileged
            assert list(xengnt_hypervisor.domains.values()) == [xengnt_dom0, xengnt_guest]
            ref = xengnt_guest.grants.permit_access(xengnt_dom0.domid, xengnt_guest.frame(1))
            batch = xengnt.Dispatcher(xengnt_dom0).map_grant_ref(
                host_addr=xengnt_dom0.reserve(), flags="host_map", ref=ref, dom=xengnt_guest.domid
            )
            assert batch.status == [0]

        def test_blob(assert_same_blob):
            assert_same_blob("copy", bytes(24), [{}], abi="x86_32")
            assert_same_blob("swap_grant_ref", bytes(24), [{}, {"ref_b": 7}], abi="x86_64")
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines([
        "E*swap_grant_ref: element 1: ref_b at offset 4: expected 0x7, got 0x0",
        "E*offset*expected*got*",
        "E*4*07 00 00 00*ref_b  0x7*≠*00 00 00 00*ref_b  0x0",
    ])  # fmt: skip


GOLDEN = """
import pytest

@pytest.mark.parametrize("xengnt_abi", ["x86_64", "x86_32"], indirect=True)
def test_a(xengnt_golden, xengnt_abi):
    xengnt_golden("copy", xengnt_abi.encode("copy", [{"len": 5}]))

class TestB:
    @pytest.mark.parametrize("what", ["a/../../b", "a-..-..-b"])
    def test_b(self, xengnt_golden, what, xengnt_abi):
        xengnt_golden("swap_grant_ref", xengnt_abi.encode("swap_grant_ref", [{"ref_a": len(what)}]))
        xengnt_golden("swap_grant_ref", bytes(12), name="../same")
"""


def test_golden_blobs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a golden blob that is not compared, is written unasked, or in another place."""
    pytester.makepyfile(test_g=GOLDEN)
    before = set(pytester.path.parent.rglob("*.bin"))
    missing = run(pytester)
    missing.assert_outcomes(failed=4)
    missing.stdout.fnmatch_lines(
        ["E*there is no such blob yet: pytest 'test_g.py::test_a*x86_64*' --xengnt-bless"]
    )
    assert not (pytester.path / "golden").exists()
    monkeypatch.setenv("CI", "true")
    refused = run(pytester, "--xengnt-bless")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["ERROR: --xengnt-bless: not where CI is set*"])
    monkeypatch.delenv("CI")
    blessed = pytester.runpytest_subprocess("--xengnt-bless", "-n", "2")
    blessed.assert_outcomes(passed=4)
    folder = pytester.path / "golden" / "test_g"
    blessed.stdout.fnmatch_lines([f"written: {folder}/test_a.x86_32.copy.bin", "6 written"])
    files = set(pytester.path.parent.rglob("*.bin")) - before
    assert len(files) == 6
    assert {path.parent for path in files} == {folder}
    assert (folder / "test_a.x86_32.copy.bin").read_bytes()[16:18] == b"\5\0"
    assert all(path.stat().st_mode & 0o044 for path in files)
    run(pytester).assert_outcomes(passed=4)
    pytester.makepyfile(test_g=GOLDEN.replace('"len": 5', '"len": 6'))
    other = run(pytester)
    other.assert_outcomes(passed=2, failed=2)
    other.stdout.fnmatch_lines([
        "E*copy: element 0: len at offset 32: expected 0x5, got 0x6",
        "E*expected is *test_a.x86_64.copy.bin; if it is to be so: pytest * --xengnt-bless",
    ])  # fmt: skip
    again = run(pytester, "--xengnt-bless")
    again.stdout.fnmatch_lines(["2 written"])


def test_golden_blobs_that_cannot_be(pytester: pytest.Pytester) -> None:
    """Would catch two blobs of a test in one file, and a file of bytes that are no blob."""
    pytester.makepyfile(
        """
        def test_twice(xengnt_golden):
            xengnt_golden("swap_grant_ref", bytes(12))
            xengnt_golden("swap_grant_ref", bytes(24))

        def test_no_blob(xengnt_golden):
            xengnt_golden("swap_grant_ref", bytes(13))
        """
    )
    result = run(pytester, "--xengnt-bless")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines([
        "E*InvalidValue*: a second blob of this test: give each a name=",
        "E*InvalidValue*13 bytes are not a multiple of the struct's 12*",
    ])  # fmt: skip
    assert len(list(pytester.path.rglob("*.bin"))) == 1


def test_a_recording_of_a_failing_test_plays(pytester: pytest.Pytester) -> None:
    """Would catch a recording that is not whole, that nobody is told of, or that does not play."""
    pytester.makepyfile(
        """
        import xengnt

        def test_it(xengnt_recorder, xengnt_hypervisor, xengnt_dom0, xengnt_guest):
            xen = xengnt.Dispatcher(xengnt_recorder(xengnt_dom0))
            own = xengnt.Dispatcher(xengnt_recorder(xengnt_guest))
            frame = xengnt_guest.frame(5)
            ref = xengnt_guest.grants.permit_access(0, frame, readonly=True)
            xengnt_guest.page(5)[:5] = b"hello"
            one = {"flags": "host_map", "ref": ref, "dom": 1}
            assert xen.map_grant_ref(host_addr=xengnt_dom0.reserve(), **one).status == [-1]
            own.query_size(dom="DOMID_SELF")
            late = xengnt_hypervisor.create_domain(domid=7, max_pages=99)
            xen.query_size(dom=7)
            xengnt_hypervisor.destroy(late)
            assert xen.query_size(dom=7).status == [0]

        def test_fine(xengnt_recorder, xengnt_dom0):
            xengnt.Dispatcher(xengnt_recorder(xengnt_dom0)).query_size(dom="DOMID_SELF")

        def test_other(xengnt_recorder):
            recorded = xengnt_recorder(xengnt.Recorder(None, "x86_64"))
            xengnt.Dispatcher(recorded).query_size(dom=3)
            assert False
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=2)
    found = re.findall(r"^xengnt run (.*)$", result.stdout.str(), re.MULTILINE)
    assert len(found) == 2
    done = subprocess.run(
        [sys.executable, "-m", "xengnt", "run", found[0]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 calls, 0 not as expected" in done.stdout
    assert "bad_domain" in done.stdout
    assert "entry 8, with flags 0x5, is read-only" in done.stdout
    assert '"op": "query_size"' in Path(found[1]).read_text()


def test_the_plugin_costs_next_to_nothing() -> None:
    """Would catch an import that every pytest run on a machine with xengnt would pay for."""
    script = (
        "import sys, pytest; before = set(sys.modules); import xengnt.testing.plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["xengnt", "xengnt.testing", "xengnt.testing.plugin"]


def test_a_run_without_a_fixture_of_ours_loads_nothing_more(pytester: pytest.Pytester) -> None:
    """Would catch a hook that loads more in each run, and fixtures that get into the way."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.split(".")[0] == "xengnt"}
            assert ours == {"xengnt", "xengnt.testing", "xengnt.testing.plugin"}
            assert not {"numpy", "rich", "cffi", "hypothesis"} & set(sys.modules)
        """
    )
    options = (*ALONE, "-W", "error")
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=1)
    off = pytester.runpytest_subprocess("-p", "no:xengnt", *options)
    off.stdout.fnmatch_lines(["E*assert set() == *"])
