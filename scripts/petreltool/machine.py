# SPDX-License-Identifier: MIT
"""The emulated machine: its description, QEMU's command line, and one run of it.

Everything that the machine says goes to files in the run's folder, so that they are evidence after a hang or crash:
`console` (COM1), `events` (COM2), `debug` (port 0xE9), `qemu` (QEMU's own words).
"""
from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import firmware
from .console import Console
from .errors import MachineryError, UsageError
from .paths import find_program, program
from .process import Child
from .qmp import Monitor

# The emulated processor, named here and nowhere else: what Windows 10 22H2 demands of a processor, and what TCG of QEMU 7.2 has.
CPU_MODEL = "qemu64,+smep,+smap,+xsave,+xsaveopt,+avx,+rdrand,+fsgsbase,+nx"
# Devices that the firmware would spend time on and that no driver under test asks for.
TRIMMED = "i8042=off,smm=off,hpet=off,sata=off,smbus=off,usb=off,vmport=off"
WITH_KEYBOARD = TRIMMED.replace("i8042=off,", "")
FULL = "smm=off"
# What the kernel's self-tests of PCI look at: a device of QEMU's for teaching, behind a bridge.
SELF_TEST_HARDWARE = ["pcie-pci-bridge,id=bridge", "edu,bus=bridge,addr=3"]
MAXIMUM_CPUS = 8
MINIMUM_MEMORY = 64
ACCELERATORS = ("auto", "tcg", "kvm")

STATUS_PASS, STATUS_FAIL, STATUS_BUGCHECK, STATUS_LOADER = 33, 35, 37, 39


def resolve_accelerator(wanted: str) -> str:
    """`auto` takes KVM where it can be opened; the default everywhere is tcg, which repeats itself."""
    usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
    if wanted == "kvm" and not usable:
        raise UsageError("--accel kvm: /dev/kvm cannot be opened here")
    if wanted == "auto":
        return "kvm" if usable else "tcg"
    return wanted


@dataclass
class MachineOptions:
    disk: Path
    keeps_disk: bool = False                               # what is written to the disk stays; else it is forgotten
    cpus: int = 1
    memory: int = 256
    accelerator: str = "tcg"
    firmware: str = "fast"
    trimmed: bool = True
    options: list[str] = field(default_factory=list)       # lines of opt/petrel/options
    files: list[Path] = field(default_factory=list)        # opt/petrel/file0, file1, ...
    hardware: list[str] = field(default_factory=list)      # more devices, each as QEMU's -device takes it
    disks: list[int] = field(default_factory=list)         # of so many MiB, empty: the drives disk0, disk1, ... for hardware
    screen: bool = False                                   # a graphics card and a PS/2 keyboard
    window: bool = False                                   # the screen is shown in a window; else only in pictures
    interactive: bool = False                              # COM1 is a console to type at (console.py); else what it says is only kept
    extra: list[str] = field(default_factory=list)         # more of QEMU's own arguments, for debugging the kernel
    qemu: str = "qemu-system-x86_64"                       # tests put a fake machine here

    def check(self) -> None:
        if not 1 <= self.cpus <= MAXIMUM_CPUS:
            raise UsageError(f"--cpus must be 1 to {MAXIMUM_CPUS}")
        if self.memory < MINIMUM_MEMORY:
            raise UsageError(f"--memory must be at least {MINIMUM_MEMORY} MiB")

    def describe(self) -> dict[str, object]:
        """For the report: what the driver ran on."""
        return {"emulator": Path(self.qemu).name, "accelerator": self.accelerator, "cpu_model": CPU_MODEL,
                "cpus": self.cpus, "memory_mib": self.memory, "firmware": self.firmware}


def _escape(path: Path) -> str:
    """QEMU's option parser ends a value at a comma unless it is doubled."""
    return str(path).replace(",", ",,")


def _console(folder: Path, console_fd: int | None) -> str:
    """COM1's other end: a file, or a socket whose text is kept in that file, too."""
    file = _escape(folder / "console")
    return f"file,id=console,path={file}" if console_fd is None else f"socket,id=console,fd={console_fd},logfile={file}"


def command_line(options: MachineOptions, folder: Path, monitor_fd: int, console_fd: int | None = None) -> list[str]:
    qemu = options.qemu if "/" in options.qemu else program(options.qemu)
    command = [
        qemu, "-nodefaults", "-no-user-config", "-name", "petrel",
        "-machine", "q35," + (FULL if not options.trimmed else WITH_KEYBOARD if options.screen else TRIMMED),
        "-accel", options.accelerator, "-cpu", CPU_MODEL, "-smp", str(options.cpus), "-m", str(options.memory),
        *firmware.arguments(options.firmware, folder),
        "-net", "none", *([] if options.window else ["-display", "none"]), "-vga", "std" if options.screen else "none",
        "-no-reboot", "-boot", "menu=off",
        "-drive", f"if=none,id=disk,format=raw,snapshot={'off' if options.keeps_disk else 'on'},file={_escape(options.disk)}",
        "-device", "virtio-blk-pci,drive=disk,bootindex=0",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        "-chardev", _console(folder, console_fd), "-serial", "chardev:console",
        "-chardev", f"file,id=events,path={_escape(folder / 'events')}", "-serial", "chardev:events",
        "-serial", "null",
        "-chardev", f"file,id=debug,path={_escape(folder / 'debug')}", "-device", "isa-debugcon,iobase=0xe9,chardev=debug",
        "-chardev", f"socket,id=monitor,fd={monitor_fd}", "-mon", "chardev=monitor,mode=control",
    ]
    for number, size in enumerate(options.disks):
        file = folder / f"disk{number}"
        with open(file, "wb") as handle:
            handle.truncate(size << 20)
        command += ["-drive", f"if=none,id=disk{number},format=raw,file={_escape(file)}"]
    for device in options.hardware:
        command += ["-device", device]
    for number, file in enumerate(options.files):
        command += ["-fw_cfg", f"name=opt/petrel/file{number},file={_escape(file)}"]
    if options.options:
        text = folder / "options"
        text.write_text("".join(line + "\n" for line in options.options), encoding="ascii", errors="replace")
        command += ["-fw_cfg", f"name=opt/petrel/options,file={_escape(text)}"]
    return command + options.extra


class Machine:
    """One QEMU from start to end; a context manager that always ends it and removes its folder."""

    def __init__(self, options: MachineOptions) -> None:
        options.check()
        self.options = options
        self._folder = tempfile.TemporaryDirectory(prefix="petrel-")
        self.folder = Path(self._folder.name)
        self._monitor = Monitor()
        self.console = Console() if options.interactive else None
        self._child: Child | None = None

    def __enter__(self) -> "Machine":
        inherited = [self._monitor.theirs.fileno()] + ([self.console.theirs.fileno()] if self.console else [])
        try:
            command = command_line(self.options, self.folder, *inherited)
            self._child = Child(command, self.folder / "qemu", pass_fds=inherited)
        except BaseException:
            self._close()
            raise
        self._monitor.started()
        if self.console is not None:
            self.console.started()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        try:
            if self._child is not None:
                self._child.kill()
            self._monitor.close()
            if self.console is not None:
                self.console.close()
        finally:
            self._folder.cleanup()

    def wait(self, seconds: float) -> int | None:
        """QEMU's exit status, or None while it still runs after that time."""
        assert self._child is not None
        return self._child.wait(seconds)

    def inject_nmi(self) -> bool:
        return self._monitor.execute("inject-nmi")

    def tell_monitor(self, line: str) -> bool:
        """A line as a person would type it at QEMU's monitor."""
        return self._monitor.execute("human-monitor-command", **{"command-line": line})

    def take_picture(self) -> bytes:
        """The screen as a PPM file; nothing when QEMU does not answer."""
        picture = self.folder / "picture"
        taken = self._monitor.execute("screendump", filename=str(picture))
        return picture.read_bytes() if taken and picture.exists() else b""

    def kill(self) -> None:
        assert self._child is not None
        self._child.kill()

    def path(self, channel: str) -> Path:
        return self.folder / channel


def require_qemu() -> None:
    if find_program("qemu-system-x86_64") is None:
        raise MachineryError("QEMU is not installed (package qemu-system-x86); `scripts/petrel setup` installs it")
