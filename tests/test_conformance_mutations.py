# SPDX-License-Identifier: MIT
"""The recorded cases against models that are wrong in one place: each has to be caught.

A model is made wrong by changing its source in a copy of the package, in which the cases
about that op are then played.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MUTATIONS: list[tuple[str, str, str, str]] = [
    # An order of checks
    (
        "mapping.py", "map_grant_ref/",
        ('    if not flags & _BOTH:\n        raise Failed(Status.BAD_GNTREF, f"flags {flags:#x}: '
        'neither device_map nor host_map")\n'),
        "",
    ),
    (
        "copying.py", "copy/",
        '    taker = _domain(caller, dest_domid, to_ref, "dest")\n',
        ('    if not from_ref and source_domid != SELF:\n'
        '        raise _foreign("source", source_domid)\n'
        '    taker = _domain(caller, dest_domid, to_ref, "dest")\n'),
    ),
    (
        "copying.py", "copy/",
        '    read = _claim(caller, giver, source, from_ref, "source", readonly=True)\n',
        ("    if source_at + length > PAGE_SIZE:\n"
        '        raise Failed(Status.BAD_COPY_ARG, "")\n'
        '    read = _claim(caller, giver, source, from_ref, "source", readonly=True)\n'),
    ),
    (
        "swapping.py", "swap_grant_ref/",
        "    if a == b:\n        return\n",
        "",
    ),
    (
        "swapping.py", "swap_grant_ref/",
        '    check_ref(table, a, "ref_a")\n',
        '    if a == b:\n        return\n    check_ref(table, a, "ref_a")\n',
    ),
    (
        "transfer.py", "transfer/",
        "    if not receiver.headroom:\n", "    if False:\n",
    ),
    (
        "flushing.py", "cache_flush/",
        "    if not length or not op:\n",
        "    if not length:\n",
    ),
    (
        "versions.py", "set_version/",
        "    if wanted == table.version:\n        return\n    busy =",
        "    busy =",
    ),
    # A status, or a number
    (
        "mapping.py", "map_grant_ref/",
        "Status.NO_SPACE if has else Status.GENERAL_ERROR",
        "Status.GENERAL_ERROR if has else Status.GENERAL_ERROR",
    ),
    (
        "mapping.py", "unmap_grant_ref/",
        "            Status.BAD_DEV_ADDR,\n", "            Status.BAD_VIRT_ADDR,\n",
    ),
    (
        "claims.py", "map_grant_ref/", "            Status.BAD_GNTREF,\n",
        "            Status.GENERAL_ERROR,\n",
    ),
    (
        "claims.py", "map_grant_ref/",
        "    if ref >= len(entries.frames)", "    if ref + 1 >= len(entries.frames)",
    ),
    (
        "claims.py", "map_grant_ref/",
        "    if pin.domid != user:\n", "    if False:\n",
    ),
    (
        "claims.py", "map_grant_ref/",
        "    if pin.full(more):\n", "    if False:\n",
    ),
    (
        "claims.py", "copy/",
        "    if domid == owner.domid:\n", "    if False:\n",
    ),
    (
        "claims.py", "copy/",
        "owner.domid, readonly=readonly, transitive=False)",
        "owner.domid, readonly=readonly, transitive=True)",
    ),
    (
        "claims.py", "copy/",
        "owner.domid, readonly=readonly, transitive=False)",
        "user, readonly=readonly, transitive=False)",
    ),
    (
        "copying.py", "copy/",
        "    if source_end > PAGE_SIZE or dest_end > PAGE_SIZE:",
        "    if source_end >= PAGE_SIZE or dest_end > PAGE_SIZE:",
    ),
    (
        "copying.py", "copy/", "    if dest_at < written.start or", "    if",
    ),
    (
        "swapping.py", "swap_grant_ref/", "Status.EAGAIN", "Status.GENERAL_ERROR",
    ),
    (
        "tables.py", "setup_table/", "    if count > table.max_frames:",
        "    if count >= table.max_frames:",
    ),
    (
        "tables.py", "setup_table/", "Status.BAD_VIRT_ADDR", "Status.GENERAL_ERROR",
    ),
    (
        "tables.py", "query_size/", "    if count != 1:\n", "    if count > 1:\n",
    ),
    (
        "tables.py", "get_status_frames/", "    if count > len(status):",
        "    if count > len(status) + 1:",
    ),
    (
        "versions.py", "get_version/", "errno.ESRCH", "errno.EPERM",
    ),
    (
        "versions.py", "set_version/", "ref >= RESERVED_ENTRIES]", "ref > RESERVED_ENTRIES]",
    ),
    (
        "versions.py", "set_version/", 'errno.ENOSYS, f"version', 'errno.EINVAL, f"version',
    ),
    (
        "versions.py", "set_version/", "        if kind == TRANSITIVE:", "        if False:",
    ),
    (
        "versions.py", "set_version/", 'errno.ERANGE, f"entry {ref}: frame',
        'errno.EBUSY, f"entry {ref}: frame',
    ),
    (
        "call.py", "and-bit", "    if rest and not flushes:", "    if rest:",
    ),
    (
        "call.py", "null-count", "    if count & _NEGATIVE:", "    if False:",
    ),
    (
        "call.py", "address-of-xen", "    if how.array:", "    if False:",
    ),
    (
        "call.py", "pvh32", "    Op.UNMAP_GRANT_REF, Op.SWAP_GRANT_REF,",
        "    Op.UNMAP_GRANT_REF, Op.SWAP_GRANT_REF, Op.GET_STATUS_FRAMES,",
    ),
    (
        "flushing.py", "cache_flush/", "op & ~(CLEAN | INVAL)", "op & ~(CLEAN | INVAL | 4)",
    ),
    (
        "flushing.py", "cache_flush/",
        "    if frame.owner is not caller and not _may_write(",
        "    if frame.owner is not caller and _may_write(",
    ),
    (
        "space.py", "map_grant_ref/",
        "        if not self.domain.places.pages <= address < self.domain.places.end:",
        "        if not address < self.domain.places.end:",
    ),
    # What is written back, or is done
    (
        "versions.py", "set_version/",
        "    finally:  # the version in force is told also when the call fails\n",
        "    except ValueError:\n        raise\n    else:\n",
    ),
    (
        "mapping.py", "map_grant_ref/",
        '    form.put(element, "dev_bus_addr", frame.address)\n', "",
    ),
    (
        "elements.py", "unmap_grant_ref/",
        '    shape.put(element, "status", status)',
        '    if status:\n        shape.put(element, "status", status)',
    ),
    (
        "elements.py", "map_grant_ref/",
        "                judged(caller, index, one, shape, element)\n",
        ("                judged(caller, index, one, shape, element)\n"
        "                element[-1] = 0\n"),
    ),
    (
        "tables.py", "query_size/",
        'return _only(caller, "query_size", address, count, _query, "")',
        'return _only(caller, "query_size", address, count, _query, "status")',
    ),
    (
        "claims.py", "map_grant_ref/", "READING if readonly else IN_USE)", "READING)",
    ),
    (
        "mapping.py", "unmap_grant_ref/",
        "    if not mapping.flags & _BOTH:\n", "    if True:\n",
    ),
    (
        "mapping.py", "unmap_and_replace/",
        "    _unmap(caller, handle, host, new_addr=new)", "    _unmap(caller, handle, host)",
    ),
    (
        "copying.py", "copy/",
        "            if to_ref:\n                release_copy(taker", ("            if False:\n"
        "                release_copy(taker"),
    ),
    (
        "transfer.py", "transfer/",
        "    table.entries.complete(ref)\n", "",
    ),
    (
        "transfer.py", "transfer/",
        "    except Failed:\n        caller.machine.discard(frame)\n        raise",
        ("    except Failed:\n        caller.machine.give(frame, caller)\n"
        "        caller.adopt(frame)\n        raise"),
    ),
]  # fmt: skip
"""The module, which cases are about it, and what is changed into what."""


def _played(folder: Path, only: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xengnt", "conformance", "--format", "json", "-x", "--only", only],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package, and of the cases beside it."""
    folder = tmp_path_factory.mktemp("mutated")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "xengnt", folder / "xengnt", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "conformance", folder / "tests" / "conformance")
    shutil.copytree(ROOT / "include", folder / "include")
    return folder


def test_the_copy_is_played(copied: Path) -> None:
    """Would catch mutations that are in vain because another package is played."""
    found = _played(copied, "swap_grant_ref/")
    assert found.returncode == 0, found.stderr
    path = copied / "xengnt" / "model" / "swapping.py"
    text = path.read_text()
    path.write_text("raise ImportError('the copy')\n")
    try:
        assert "the copy" in _played(copied, "swap_grant_ref/").stderr
    finally:
        path.write_text(text)


@pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=[f"{at}-{one[0]}" for at, one in enumerate(MUTATIONS)]
)
def test_a_wrong_model_is_caught(
    copied: Path,
    mutation: tuple[str, str, str, str],
    on_xen: Callable[[str, int, str], None],
) -> None:
    """Would catch a check, a status or a write-back that no recorded case depends on."""
    module, only, old, new = mutation
    path = copied / "xengnt" / "model" / module
    text = path.read_text()
    assert text.count(old) == 1, f"{module} has this {text.count(old)} times: {old}"
    path.write_text(text.replace(old, new))
    try:
        found = _played(copied, only)
    finally:
        path.write_text(text)
    assert found.returncode == 1, found.stdout + found.stderr
    report = json.loads(found.stdout)
    assert report["differs"]
    on_xen("wrong models that its recorded cases catch", 1, report["xen_version"])
