# SPDX-License-Identifier: MIT
"""A Linux dom0 on real Xen under QEMU, which runs a command of this machine in this tree.

Xen and Linux are the distribution's packages, downloaded and not installed. The dom0 sees the
whole file system of the host, read-only, so that it runs the very interpreter and package that
run here; what the command writes to ``/dev/out`` is in a folder afterwards.
"""

from __future__ import annotations

import gzip
import re
import shlex
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xengnt.sources.kernel_image import unpack

HERE = Path(__file__).parent
QEMU = "qemu-system-x86_64"
SUCCESS, FAILURE = 33, 35
"""How QEMU exits if the command succeeded or failed. It exits with 1 if it cannot start."""

TIMEOUT = 240
"""Seconds for all of it, since a crashed guest may hang. A machine with a lot to do takes 100."""

_WANTED = re.compile(
    r"/boot/(?:(xen)-[^/]*\.gz|(vmlinuz)-[^/]*)$"
    r"|/(?:virtio|xen|9p|netfs|fscache)/([^/]*\.ko)(?:\.\w+)?$"
)
"""What is needed of the packages: the path, and what it is called then."""

_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "xen-privcmd", "xen-gntalloc")


# Packages


def packages(folder: Path) -> Path:
    """Return a folder with what a dom0 is booted from; download it if it is not there yet.

    Raises:
        OSError, subprocess.SubprocessError, tarfile.TarError, XengntError: it cannot be had.
    """
    ready = folder / "dom0"
    if ready.exists():
        return ready
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        new = Path(name) / "new"
        new.mkdir()
        for package in (_hypervisor(), _linux()):
            _output("apt-get", "download", "-qq", package, cwd=Path(name))
            (archive,) = Path(name).glob(f"{package}_*.deb")
            _unpack(archive, new)
        return new.rename(ready)


def _hypervisor() -> str:
    lines = _output("apt-cache", "search", "--names-only", "^xen-hypervisor-[0-9.]+-amd64$")
    names = [line.split()[0] for line in lines.splitlines()]
    if not names:
        raise FileNotFoundError("apt knows no package xen-hypervisor-*-amd64")
    return max(names, key=lambda name: [int(one) for one in re.findall(r"\d+", name)])


def _linux() -> str:
    lines = _output("apt-cache", "depends", "linux-image-amd64")
    found = re.search(r"Depends: (linux-image-\S+)", lines)
    if not found:
        raise FileNotFoundError("apt knows no package linux-image-amd64")
    return found[1]


def _output(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, check=True, capture_output=True, text=True, timeout=TIMEOUT
    )
    return done.stdout


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack and decompress what is needed, without its folders: all of the modules are many."""
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as tar,
    ):
        for member in tar:
            found = _WANTED.search(member.name)
            stream = tar.extractfile(member) if found else None
            if found and stream:
                data = memoryview(stream.read())
                name = next(one for one in found.groups() if one)
                (folder / name).write_bytes(unpack(data, member.name) or data)


# Booting


@dataclass(frozen=True)
class Ran:
    """How a command went.

    Attributes:
        status: that of QEMU: `SUCCESS`, `FAILURE`, or the machine broke down.
        log: what QEMU, Xen, Linux and the command printed.
        folder: what the command left in ``/dev/out``.
    """

    status: int | None
    log: str
    folder: Path


def run(
    command: Sequence[str], environment: Mapping[str, str], boot: Path, busybox: Path, work: Path
) -> Ran:
    """Boot a dom0, and run a command in it.

    Args:
        command: the command, with absolute paths.
        environment: all variables that it gets.
        boot: what `packages` returned.
        busybox: a statically linked one.
        work: an empty folder to work in.
    """
    out = work / "out"
    out.mkdir()
    for name in ("xen", "vmlinuz"):
        (work / name).symlink_to(boot / name)
    script = shlex.join(
        ["exec", "env", "-i", *(f"{k}={v}" for k, v in environment.items()), *command]
    )
    (work / "initrd").write_bytes(gzip.compress(_initrd(script, boot, busybox), 1))
    try:
        done = subprocess.run(
            ["setpriv", "--pdeathsig", "KILL", *_qemu()],  # nor does it outlive this process
            cwd=work,
            check=False,
            capture_output=True,
            timeout=TIMEOUT,
        )
        status, said = done.returncode, done.stderr
    except subprocess.TimeoutExpired as error:
        status, said = None, (error.stderr or b"") + f"killed after {TIMEOUT} s\n".encode()
    logs = [path.read_bytes() for path in (work / "serial", out / "output") if path.exists()]
    return Ran(status, b"".join([said, *logs]).decode(errors="replace"), out)


def _qemu() -> list[str]:
    """Return the command line. Names are relative: in some of them a comma would separate."""
    shares = [("host", "path=/,readonly=on,multidevs=remap"), ("out", "path=out")]
    return [
        *(QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none"),
        *("-accel", "tcg,thread=multi", "-cpu", "qemu64", "-smp", "1", "-m", "768M", "-no-reboot"),
        *("-serial", "file:serial", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"),
        *(
            word
            for tag, what in shares
            for word in (
                *("-fsdev", f"local,id={tag},security_model=none,{what}"),
                *("-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"),
            )
        ),
        *("-kernel", "xen", "-initrd", "vmlinuz console=hvc0 quiet mitigations=off,initrd"),
        "-append",
        "console=com1 com1=115200,8n1 bootscrub=no dom0_mem=512M,max:512M dom0_max_vcpus=1",
    ]


# The initial file system


def _initrd(script: str, boot: Path, busybox: Path) -> bytes:
    files = {
        "init": (HERE / "init.sh").read_bytes(),
        "run": f"{script}\n".encode(),
        "busybox": busybox.read_bytes(),
    }
    known = {path.stem: path.read_bytes() for path in boot.glob("*.ko")}
    for at, (name, data) in enumerate(_ordered(known)):
        files[f"modules/{at:02}-{name}.ko"] = data
    return b"".join(_cpio(files))


def _ordered(known: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Give modules, each behind those that it depends on; one that is not known is built in."""
    done: dict[str, bytes] = {}

    def take(name: str) -> None:
        if name in done or name not in known:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", known[name])
        for other in found[1].decode().split(",") if found else ():
            take(other)
        done[name] = known[name]

    for name in _MODULES:
        take(name)
    yield from done.items()


def _cpio(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """Give a cpio archive, in the format that Linux takes, of files that all can be run."""
    folders = {name.rpartition("/")[0]: b"" for name in files if "/" in name}
    entries = [(name, 0o040755, b"") for name in folders]
    entries += [(name, 0o100755, data) for name, data in files.items()]
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        numbers = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % one for one in numbers) + name.encode() + b"\0"
        yield head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
