# SPDX-License-Identifier: MIT
"""A machine under QEMU on which Xen runs, with our kernel as its first domain.

Imports ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xengnt.errors import BackendError, Unavailable
from xengnt.live.image import image
from xengnt.live.mailbox import PAGE_TABLE, SIGNATURE, Mailbox
from xengnt.live.packages import hypervisor
from xengnt.live.ram import Ram

MEGABYTE = 1 << 20
_READY = "xengnt: ready"
_BOOT = 60.0
"""How long Xen may take to boot, in seconds. It takes one or two."""


@dataclass(frozen=True, slots=True)
class Boot:
    """How a machine is booted.

    Attributes:
        first: the kind of the first domain, ``pv`` (64-bit), ``pvh`` (32-bit) or ``arm``.
        options: of Xen's command line, besides our own.
        memory: the machine's, in MiB.
        first_memory: that of the first domain, in MiB.
    """

    first: str = "pv"
    options: str = ""
    memory: int = 192
    first_memory: int = 64


class Machine:
    """A machine that is running.

    Args:
        boot: how to boot it.

    Attributes:
        ram: its memory.
        mailbox: that of the first domain.
        page_table: the frame of the first domain's top-level page table, 0 if it has none.
        frame: the frame of that mailbox.

    Raises:
        Unavailable: QEMU, Xen or a C compiler is missing.
        BackendError: it does not boot.
    """

    def __init__(self, boot: Boot | None = None) -> None:
        self.boot = boot or Boot()
        board = _ARM if self.boot.first == "arm" else _X86
        program = shutil.which(board.program)
        if program is None:
            raise Unavailable(f"{board.program}: not found; install {board.package}")
        board_options = board.options(self.boot, hypervisor(board.architecture))
        self._resting = False
        self.ram = Ram(self.boot.memory * MEGABYTE, board.ram)
        self._folder = tempfile.TemporaryDirectory(prefix="xengnt-live-")
        self._log = Path(self._folder.name) / "serial.log"
        self._errors = Path(self._folder.name) / "qemu.log"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 -- a program of the user's own
                [*_bound(), program, *_common(self.boot, self._log, self.ram.fd), *board_options],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=[self.ram.fd],
            )
        try:
            self._wait()
            self.frame = self._find()
        except BaseException:
            self.close()
            raise
        self.page_table = self.ram.word(self.frame, PAGE_TABLE)
        self.mailbox = self.mailbox_at(self.frame, 0)

    def _wait(self) -> None:
        """Wait until our kernel says that it is there."""
        end = time.monotonic() + _BOOT
        trouble_now = self.watch(0)
        while _READY not in self.log():
            if trouble := trouble_now():
                raise BackendError(f"Xen does not boot: {trouble}")
            if time.monotonic() > end:
                raise BackendError(f"Xen did not boot within {_BOOT:g} s")
            time.sleep(0.01)

    def _find(self) -> int:
        found = self.ram.find(SIGNATURE)
        if len(found) != 1:
            raise BackendError(f"{len(found)} mailboxes in the machine's memory, and not one")
        return found[0]

    def log(self) -> str:
        """Return what Xen printed."""
        with contextlib.suppress(FileNotFoundError):
            return self._log.read_text(errors="replace")
        return ""

    @property
    def xen_version(self) -> str:
        """The version that Xen says it has, as ``4.17.7``."""
        found = re.search(r"Xen version (\S+)", self.log())
        return found[1] if found else "unknown"

    @property
    def boot_log(self) -> str:
        """What Xen printed while it booted."""
        return self.log().partition(_READY)[0]

    def mailbox_at(self, frame: int, domid: int) -> Mailbox:
        """Return the mailbox of a domain."""
        return Mailbox(self.ram, frame, self.watch(domid), self.wake)

    def rest(self) -> None:
        """Let the machine stand still until the next call: its guests never do by themselves."""
        self._process.send_signal(signal.SIGSTOP)
        self._resting = True

    def wake(self) -> None:
        """Let it go on, if it stands still."""
        if self._resting:
            self._process.send_signal(signal.SIGCONT)
            self._resting = False

    def watch(self, domid: int) -> Callable[[], str | None]:
        """Return what tells whether a domain, or the machine, has broken down from now on."""
        before = len(self.log())
        crash = re.compile(rf"Domain {domid} \(vcpu#\d+\) crashed.*|Panic on CPU.*")

        def trouble() -> str | None:
            log = self.log()
            found = crash.search(log, before)
            if found:
                lines = log[before : found.end()].splitlines()[-5:]
                return "; ".join(line.removeprefix("(XEN)").strip() for line in lines)
            return self.ended()

        return trouble

    def ended(self) -> str | None:
        """Return why QEMU is not running any more, None if it is."""
        if self._process.poll() is None:
            return None
        said = self._errors.read_text(errors="replace").strip().splitlines()
        return f"QEMU ended: {said[-1] if said else f'exit status {self._process.returncode}'}"

    def close(self) -> None:
        """Switch it off."""
        self._process.kill()
        self._process.wait()
        self.ram.close()
        self._folder.cleanup()


def _bound() -> list[str]:
    """Return what makes a program end with this process, even if this one is killed."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "KILL", "--"] if found else []


def _common(boot: Boot, log: Path, ram: int) -> list[str]:
    """Return what of QEMU's command line is for any machine."""
    memory = f"memory-backend-file,id=ram,size={boot.memory}M,mem-path=/proc/self/fd/{ram},share=on"
    return [
        *("-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-no-reboot"),
        *("-accel", "tcg,thread=multi", "-smp", "1", "-m", f"{boot.memory}M", "-object", memory),
        *("-serial", f"file:{log}"),
    ]


def _x86(boot: Boot, xen: Path) -> list[str]:
    own = "console=com1 com1=115200,8n1 dom0-iommu=none"
    if boot.first == "pvh":
        own += " dom0=pvh"
    return [
        *("-machine", "pc,memory-backend=ram", "-cpu", "qemu64,+svm,+npt", "-kernel", str(xen)),
        *("-initrd", str(image(boot.first).elf), "-append", _xen_options(boot, own)),
    ]


def _arm(boot: Boot, xen: Path) -> list[str]:
    kernel = str(image(boot.first).flat).replace(",", ",,")
    place = _ARM.ram + (boot.memory - 16) * MEGABYTE
    machine = "virt,virtualization=on,gic-version=2,memory-backend=ram"
    return [
        *("-machine", machine, "-cpu", "cortex-a57", "-kernel", str(xen)),
        *("-device", f"guest-loader,addr={place:#x},kernel={kernel},bootargs=xengnt"),
        *("-append", _xen_options(boot, "console=dtuart xsm=dummy bootscrub=off")),
    ]


def _xen_options(boot: Boot, own: str) -> str:
    """Return Xen's command line."""
    options = "loglvl=all guest_loglvl=all noreboot dom0_max_vcpus=1"
    return f"{own} {options} dom0_mem={boot.first_memory}M {boot.options}".strip()


@dataclass(frozen=True, slots=True)
class _Board:
    """A machine that QEMU can be.

    Attributes:
        program: QEMU.
        package: what it is installed with.
        architecture: which Xen runs on it.
        ram: where its memory begins.
        options: what of the command line is for it.
    """

    program: str
    package: str
    architecture: str
    ram: int
    options: Callable[[Boot, Path], list[str]]


_X86 = _Board("qemu-system-x86_64", "qemu-system-x86", "x86_64", 0, _x86)
_ARM = _Board("qemu-system-aarch64", "qemu-system-arm", "arm64", 0x4000_0000, _arm)
