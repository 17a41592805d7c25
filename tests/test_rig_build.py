# SPDX-License-Identifier: MIT
"""Building the rig, beginning a project with it, and C programs that use it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import rig_library
from oracle import ROOT, need

from xengnt.cli import main
from xengnt.errors import InvalidValue, Unavailable
from xengnt.rig import build, project

HEADER = ROOT / "include" / "xengnt" / "rig.h"

USE = """\
#include <xengnt/rig.h>
struct xengnt_rig_domain domain = XENGNT_RIG_DOMAIN;
struct xengnt_rig_hypervisor hypervisor = XENGNT_RIG_HYPERVISOR;
int main(void) { return domain.cache_flush + 1 || hypervisor.cache_flush + 1; }
"""


def run(*command: str | Path, folder: Path | None = None, **extra: str) -> str:
    """Run a command that succeeds, and return what it prints."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | extra,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# The header


@pytest.mark.parametrize("compiler", ["gcc", "g++", "clang"])
def test_the_header_needs_nothing_else(tmp_path: Path, compiler: str) -> None:
    """Would catch a header that is no plain C99, is no C++, or whose initialisers miss a member."""
    need(shutil.which(compiler), compiler, f"apt install {compiler}")
    plus = compiler == "g++"
    source = tmp_path / ("use.cc" if plus else "use.c")
    source.write_text(USE)
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wmissing-field-initializers"]
    run(compiler, "-std=c++11" if plus else "-std=c99", *flags, f"-I{ROOT}/include", source,
        "-o", tmp_path / "use")  # fmt: skip
    run(tmp_path / "use")
    source.write_text("#define XENGNT_RIG_CONTROL_ONLY\n" + USE)
    with pytest.raises(AssertionError, match="xengnt_rig_hypervisor"):
        run(compiler, "-fsyntax-only", f"-I{ROOT}/include", source)


def test_the_library_has_what_the_header_declares_and_no_more(rig: Path) -> None:
    """Would catch a function that is declared and not there, or one that gets out unasked."""
    ffi, lib = rig_library.opened(rig)
    del ffi
    declared = {name for name in dir(lib) if name.startswith(("xengnt_", "HYPERVISOR_"))}
    need(shutil.which("nm"), "nm", "apt install binutils")
    lines = run("nm", "-D", "--defined-only", rig / "lib" / build.LIBRARY).splitlines()
    exported = {line.split()[-1] for line in lines if line.split()[1] == "T"}
    assert len(declared) > 15
    assert exported - {"PyInit__xengnt_rig", "_init", "_fini"} == declared


# Building


def test_build_makes_three_files(rig: Path, tmp_path: Path) -> None:
    """Would catch a folder that pkg-config and a compiler cannot use as it is."""
    assert (rig / "include" / "xengnt" / "rig.h").read_text() == HEADER.read_text()
    need(shutil.which("pkg-config"), "pkg-config", "apt install pkg-config")
    place = {"PKG_CONFIG_PATH": str(rig / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "xengnt-rig", **place).split()
    xen = run("pkg-config", "--variable=xen_includedir", "xengnt-rig", **place).strip()
    assert (Path(xen) / "xen" / "grant_table.h").is_file()
    source = tmp_path / "use.c"
    source.write_text(
        '#include <xengnt/rig.h>\n#include <stdio.h>\n'
        'int main(void) { printf("%d\\n", xengnt_rig_create_domain(NULL)); return 0; }\n'
    )  # fmt: skip
    run(*build.compiler(), source, "-o", tmp_path / "use", *flags)
    assert run(tmp_path / "use") == "0\n"


def test_what_is_missing_is_named_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a build that fails half-way, with a compiler's words or half of the files."""
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _: "")
    folder = tmp_path / "out"
    for command in (["rig", "build", "-o", str(folder)], ["rig", "new", str(folder)]):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        for what in ("no-such-compiler", "Python.h", "shared library"):
            assert what in said
        assert not folder.exists()


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rig: Path
) -> None:
    """Would catch a traceback, or an old library that is lost."""
    del rig  # so that one can be built
    (tmp_path / "file").write_text("kept")
    assert main(["rig", "build", "-o", str(tmp_path / "file")]) == 2
    assert main(["rig", "new", str(tmp_path)]) == 2
    assert main(["rig", "new", str(tmp_path / "file" / "below")]) == 2
    for words in (["rig", "build"], ["rig", "new"], ["rig", "build", "x", "-o", "y"]):
        assert main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 6
    assert "Traceback" not in said
    assert (tmp_path / "file").read_text() == "kept"
    with pytest.raises(InvalidValue, match="something already"):
        project.new(tmp_path)


def test_a_compiler_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a failure of the compiler that is told without its words, or leaves files."""
    need(not build.missing(), "what a rig is built with", "; ".join(build.missing()))
    bad = tmp_path / "bad-cc"
    bad.write_text("#!/bin/sh\necho 'rig.c:1: error: I do not like it' >&2\nexit 1\n")
    bad.chmod(0o755)
    monkeypatch.setenv("CC", str(bad))
    with pytest.raises(Unavailable, match="I do not like it"):
        build.build(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_rig_without_its_python_says_so(
    rig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch success, or a crash, where xengnt was taken away after the rig was built."""
    folder = tmp_path / "rig"
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "executable", getattr(sys, "_base_executable", sys.executable))
    build.build(folder)
    monkeypatch.undo()
    source = tmp_path / "use.c"
    source.write_text(
        "#include <xengnt/rig.h>\n#include <stdio.h>\n"
        "int main(void) {\n"
        '    printf("%d ", HYPERVISOR_grant_table_op(5, NULL, 1));\n'
        '    printf("%d ", xengnt_rig_create_domain(NULL));\n'
        '    printf("%p ", xengnt_rig_table(0, 0, 0));\n'
        "    puts(xengnt_rig_reason(NULL));\n}\n"
    )
    program = rig_library.compiled(folder, tmp_path / "use", source)
    del rig
    said = run(program)
    if said.startswith("-3"):
        pytest.skip("the system's own Python has xengnt as well")
    assert said.startswith("-5 -5 (nil) ")
    assert "No module named" in said or "Python does not start" in said


# A project


def test_a_new_project_passes_its_test(rig: Path, tmp_path: Path) -> None:
    """Would catch a template that does not build, or does not pass, as it is or sanitized."""
    need(shutil.which("make"), "make", "apt install make")
    folder = tmp_path / "demo"
    assert main(["rig", "new", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        ".gitignore", "CMakeLists.txt", "Makefile", "driver.c", "driver.h", "lsan.supp", "test.c",
    ]  # fmt: skip
    assert "@" not in (folder / "Makefile").read_text().replace("$@", "")
    recording = folder / "seen.jsonl"
    said = run("make", "test", folder=folder, RECORD=str(recording))  # it builds a rig of its own
    assert said.endswith("all is well\n")
    assert main(["run", str(recording)]) == 0
    run("make", "test", "SANITIZE=address,undefined", f"RIG={rig}", folder=folder)
    run("make", "clean", folder=folder)
    assert not (folder / "rig").exists()


def test_a_new_project_has_a_test_that_can_fail(rig: Path, tmp_path: Path) -> None:
    """Would catch a test in the template that passes whatever the driver does."""
    need(shutil.which("make"), "make", "apt install make")
    folder = tmp_path / "demo"
    project.new(folder)
    driver = folder / "driver.c"
    text = driver.read_text()
    for right, wrong in [
        ("map.status == GNTST_eagain && --tries", "0"),
        ("GNTMAP_host_map | GNTMAP_readonly", "GNTMAP_host_map"),
        ("if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1))", "if (0)"),
    ]:
        assert right in text
        driver.write_text(text.replace(right, wrong))
        with pytest.raises(AssertionError, match=r"test\.c"):
            run("make", "test", f"RIG={rig}", folder=folder)


def test_a_new_project_builds_with_cmake(rig: Path, tmp_path: Path) -> None:
    """Would catch a CMake file that does not build, or whose test does not run."""
    del rig  # it builds its own; this says that it can
    need(shutil.which("cmake"), "cmake", "apt install cmake")
    folder = tmp_path / "demo"
    project.new(folder)
    run("cmake", "-B", "build", folder=folder)
    run("cmake", "--build", "build", folder=folder)
    assert "100% tests passed" in run("ctest", "--test-dir", "build", folder=folder)


# Programs


@pytest.mark.parametrize("version", ["1", "2"])
def test_entries_change_while_calls_are_made(rig: Path, tmp_path: Path, version: str) -> None:
    """Would catch a call that uses an entry which another thread has taken back at that moment."""
    source = ROOT / "tests" / "c" / "rig_threads.c"
    program = rig_library.compiled(rig, tmp_path / "threads", source, flags=("-O1",))
    run(program, version)


@pytest.mark.parametrize(
    ("what", "signal_"),
    [("written", signal.SIGSEGV), ("gone", signal.SIGSEGV), ("right", None)],
)
def test_a_driver_that_breaks_the_rules_faults(
    rig: Path, tmp_path: Path, what: str, signal_: signal.Signals | None
) -> None:
    """Would catch a read-only mapping that can be written, or one that outlives its unmap."""
    source = ROOT / "tests" / "c" / "rig_fault.c"
    program = rig_library.compiled(rig, tmp_path / "fault", source)
    done = subprocess.run([program, what], check=False)
    assert done.returncode == (-signal_ if signal_ else 0)
