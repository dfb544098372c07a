#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the built loader from broken volumes: each must end in one sentence and QEMU's exit status 39.

usage: boot_errors.py IMAGE_TREE [-k NAME] [-v]
exit status: 0 all passed, 1 some failed, 77 skipped because a program or the loader is missing

Only EFI/BOOT/BOOTX64.EFI is taken from the image tree; kernels, drivers and volumes are made here.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from fatdisk import MEBIBYTE, Volume, make_disk
from pemaker import EXIT_33, make_pe

STATUS_GOOD, STATUS_LOADER_ERROR, STATUS_SKIPPED = 33, 39, 77
LOADER = "EFI/BOOT/BOOTX64.EFI"
TIME_LIMIT = 60
MACHINE = "q35,i8042=off,smm=off,hpet=off,sata=off,smbus=off,usb=off,vmport=off"      # without what only the firmware looks at
CASING = bytes(0x40000)
KERNEL, CONFIG, DRIVER = "petrel/ntoskrnl.exe", "petrel/boot.cfg", "petrel/a.sys"
FIRMWARE = [Path("/usr/share/ovmf/OVMF.fd"), Path("/usr/share/qemu/OVMF.fd"), Path("/usr/share/OVMF/OVMF.fd")]


@dataclass
class Case:
    name: str
    sentence: str | None                                     # a regular expression; None: the boot must succeed
    files: dict[str, bytes | None] = field(default_factory=dict)   # added to or replacing those of the good tree
    without: tuple[str, ...] = ()
    damage: Callable[[Volume], None] | None = None
    memory: int = 256
    arguments: tuple[str, ...] = ()
    serial: bool = True


def config(text: str) -> dict[str, bytes | None]:
    return {CONFIG: text.encode("latin-1")}


def kernel(data: bytes) -> dict[str, bytes | None]:
    return {KERNEL: data}


def cut_chain(volume: Volume) -> None:
    """The kernel's chain of clusters ends after its first: fewer bytes than its size says."""
    volume.set_next(volume.first_cluster(volume.entry(b"PETREL     ", b"NTOSKRNLEXE")), 0x0FFFFFFF)


def free_cluster(volume: Volume) -> None:
    volume.set_next(volume.first_cluster(volume.entry(b"PETREL     ", b"NTOSKRNLEXE")), 0)


def claim_size(volume: Volume) -> None:
    volume.set_size(volume.entry(b"PETREL     ", b"NTOSKRNLEXE"), 0xF0000000)


def cut_disk(volume: Volume) -> None:
    """The disk ends within the kernel, as after an interrupted copy."""
    first = volume.first_cluster(volume.entry(b"PETREL     ", b"NTOSKRNLEXE"))
    del volume.data[volume.offset(first) + 512:]


BIG_KERNEL = make_pe(EXIT_33 + bytes(0x8000 - len(EXIT_33)))
SIZE_OF_IMAGE = 64 + 24 + 56             # its offset in make_pe's files
HUGE_KERNEL = make_pe()[:SIZE_OF_IMAGE] + b"\0\0\0\x7f" + make_pe()[SIZE_OF_IMAGE + 4:]

CASES = [
    Case("good", None),
    Case("good-missing-import", None,
         {DRIVER: make_pe(imports=[("nobody.sys", "Nothing")])} | config("driver=\\petrel\\a.sys\n")),
    Case("good-foreign-writable-code", None,
         {"foreign/a.sys": make_pe(text_flags=0xE0000020)} | config("driver=\\foreign\\a.sys\n")),
    Case("good-empty-file", None, {"petrel/empty": b""} | config("file=\\petrel\\empty\nhive=\\petrel\\empty\n")),
    Case("good-missing-log", None, {"petrel/empty": b""} | config("hive=\\petrel\\empty\nhivelog=\\petrel\\none\n")),
    Case("good-many-files", None, {"petrel/x": b"x" * 5000} | config("file=\\petrel\\x\n" * 256)),
    Case("config-missing", r"\\petrel\\boot\.cfg is missing from the boot volume", without=(CONFIG,)),
    Case("config-nonsense", r"line 2 of \\petrel\\boot\.cfg has no '='", config("# fine\nnonsense\n")),
    Case("config-bytes", r"line 1 of \\petrel\\boot\.cfg holds a byte", config("a=\xff\n")),
    Case("config-large", r"boot\.cfg has 65537 bytes", config("#" * 65537)),
    Case("config-relative-path", r"line 1 .* does not start with a backslash", config("driver=a.sys\n")),
    Case("kernel-missing", r"\\petrel\\ntoskrnl\.exe is missing from the boot volume", without=(KERNEL,)),
    Case("kernel-elsewhere", r"\\boot\\kernel\.exe is missing", config("kernel=\\boot\\kernel.exe\n")),
    Case("kernel-empty", r"ntoskrnl\.exe cannot be loaded: .*empty", kernel(b"")),
    Case("kernel-text", r"ntoskrnl\.exe cannot be loaded: .*not a PE", kernel(b"hello\n")),
    Case("kernel-truncated-headers", r"ntoskrnl\.exe cannot be loaded: ", kernel(make_pe()[:200])),
    Case("kernel-truncated", r"ntoskrnl\.exe cannot be loaded: ", kernel(BIG_KERNEL[:0x1000])),
    Case("kernel-32-bit", r"ntoskrnl\.exe is for another processor \(32-bit x86", kernel(make_pe(machine=0x14C))),
    Case("kernel-arm", r"ntoskrnl\.exe is for another processor \(ARM64", kernel(make_pe(machine=0xAA64))),
    Case("kernel-console-program", r"ntoskrnl\.exe cannot be loaded: .*subsystem", kernel(make_pe(subsystem=3))),
    Case("kernel-writable-code", r"ntoskrnl\.exe has a section that is both writable and executable: \.text",
         kernel(make_pe(text_flags=0xE0000020))),
    Case("kernel-no-entry", r"ntoskrnl\.exe has no entry point", kernel(make_pe(entry=False))),
    Case("kernel-huge", r"not enough memory for \\petrel\\ntoskrnl\.exe", kernel(HUGE_KERNEL)),
    Case("kernel-imports", r"ntoskrnl\.exe imports Nothing from nobody\.dll",
         kernel(make_pe(imports=[("nobody.dll", "Nothing")]))),
    Case("kernel-folder", r"ntoskrnl\.exe is a folder", {KERNEL: None}),
    Case("driver-missing", r"\\petrel\\a\.sys is missing", config("driver=\\petrel\\a.sys\n")),
    Case("driver-truncated", r"\\petrel\\a\.sys cannot be loaded",
         {DRIVER: BIG_KERNEL[:0x1000]} | config("driver=\\petrel\\a.sys\n")),
    Case("driver-writable-code", r"\\petrel\\a\.sys has a section that is both",
         {DRIVER: make_pe(text_flags=0xE0000020)} | config("driver=\\petrel\\a.sys\n")),
    Case("driver-twice", r"names two images of one module name",
         {DRIVER: make_pe()} | config("driver=\\petrel\\a.sys\n" * 2)),
    Case("hal-missing", r"\\petrel\\hal\.dll is missing", without=("petrel/hal.dll",)),
    Case("hal-imports", r"hal\.dll imports Nothing from ntoskrnl\.exe",
         {"petrel/hal.dll": make_pe(imports=[("ntoskrnl.exe", "Nothing")], dll=True)}),
    Case("casing-size", r"casing\.bin has 3 bytes", {"petrel/casing.bin": b"abc"}),
    Case("hive-missing", r"\\petrel\\system is missing", config("hive=\\petrel\\system\n")),
    Case("memory-48", r"there is too little memory: \d+ MiB are free and Petrel needs 64 MiB", memory=48),
    Case("memory-64", r"there is too little memory: \d+ MiB are free and Petrel needs 64 MiB", memory=64),
    Case("no-execute-off", r"no no-execute page protection", arguments=("-cpu", "qemu64,nx=off")),
    Case("file-larger-than-memory", r"not enough memory for \\petrel\\ntoskrnl\.exe", kernel(BIG_KERNEL), damage=claim_size),
    Case("chain-cut", r"ntoskrnl\.exe (cannot be (read|opened|examined)|is cut short)", kernel(BIG_KERNEL), damage=cut_chain),
    Case("chain-to-free-cluster", r"ntoskrnl\.exe (cannot be (read|opened|examined)|is cut short)", kernel(BIG_KERNEL),
         damage=free_cluster),
    Case("disk-cut", r"ntoskrnl\.exe (cannot be (read|opened|examined)|is cut short)", kernel(BIG_KERNEL), damage=cut_disk),
    Case("no-serial-ports", "", without=(KERNEL,), serial=False),
]


class Bench:
    """One folder with the firmware and the files of the case under test."""

    def __init__(self, loader: bytes, folder: Path) -> None:
        self._loader, self._folder = loader, folder
        data = next(path for path in FIRMWARE if path.exists()).read_bytes()
        # Padded in front so that the firmware does not wait for a TPM.
        (folder / "firmware").write_bytes(b"\xff" * (20 * MEBIBYTE - len(data)) + data)

    def run(self, case: Case) -> str | None:
        """Returns what is wrong, or None."""
        self._write_disk(case)
        try:
            status = subprocess.run(self._command(case), timeout=TIME_LIMIT, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        except subprocess.TimeoutExpired:
            return f"no exit within {TIME_LIMIT} s; COM1: {self.console()[-300:]!r}"
        expected = STATUS_GOOD if case.sentence is None else STATUS_LOADER_ERROR
        if status != expected:
            return f"exit status {status}, expected {expected}; COM1: {self.console()[-300:]!r}"
        return self._check_words(case) if case.sentence and case.serial else None

    def _write_disk(self, case: Case) -> None:
        good = {LOADER: self._loader, CONFIG: b"", "petrel/hal.dll": make_pe(dll=True, entry=False),
                "petrel/casing.bin": CASING, KERNEL: make_pe()}
        tree = {name: data for name, data in (good | case.files).items() if name not in case.without}
        if KERNEL in tree:                                   # last on the disk, so that cutting the disk cuts it
            tree[KERNEL] = tree.pop(KERNEL)
        make_disk(self._folder / "disk", tree, self._folder / "scratch")
        if case.damage:
            volume = Volume(self._folder / "disk")
            case.damage(volume)
            volume.save()

    def _command(self, case: Case) -> list[str]:
        serial = [f"file:{self._folder}/com1", f"file:{self._folder}/com2"] if case.serial else ["none"]
        command = ["qemu-system-x86_64", "-machine", MACHINE, "-accel", "tcg", "-m", str(case.memory),
                   "-bios", f"{self._folder}/firmware", "-drive", f"if=none,id=d,format=raw,file={self._folder}/disk",
                   "-device", "virtio-blk-pci,drive=d", "-net", "none", "-display", "none", "-vga", "none", "-monitor", "none", "-no-reboot",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *case.arguments]
        for target in serial:
            command += ["-serial", target]
        return command

    def console(self) -> str:
        path = self._folder / "com1"
        return path.read_text("latin-1") if path.exists() else ""

    def _check_words(self, case: Case) -> str | None:
        # The firmware's console goes to COM1 as well, with escape sequences; the loader's own line is the last.
        lines = re.findall(r"petrel: cannot boot: [^\r\n]*", self.console())
        if not lines or not re.search(f"^petrel: cannot boot: .*(?:{case.sentence})", lines[-1]) or not lines[-1].endswith("."):
            return f"COM1 says {lines[-1:]}, expected {case.sentence!r}"
        events = []
        for line in (self._folder / "com2").read_text("latin-1").splitlines():
            if line.startswith('{"event"'):
                events.append(json.loads(line))
        expected = [{"event": "log", "t": 0, "level": "error", "text": lines[-1]}, {"event": "end", "t": 0, "status": 39}]
        return None if events == expected else f"COM2 says {events}"


def main() -> int:
    parser = argparse.ArgumentParser(description="boots the loader from broken volumes")
    parser.add_argument("tree", type=Path, help="the built image tree")
    parser.add_argument("-k", metavar="NAME", default="", help="only cases whose name contains NAME")
    parser.add_argument("-j", dest="jobs", type=int, metavar="N", default=os.cpu_count() or 1, help="machines at once")
    parser.add_argument("-v", action="store_true", help="print what each case said")
    options = parser.parse_args()
    missing = find_missing(options.tree / LOADER)
    if missing:
        print(f"skipped: {missing}")
        return STATUS_SKIPPED
    return run_cases((options.tree / LOADER).read_bytes(), options)


def find_missing(loader: Path) -> str | None:
    for program in ("qemu-system-x86_64", "mformat", "mcopy", "mmd"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if not any(path.exists() for path in FIRMWARE):
        return "no OVMF.fd found; install the package ovmf"
    return None if loader.exists() else f"{loader} is not built"


def run_cases(loader: bytes, options: argparse.Namespace) -> int:
    def run(case: Case) -> tuple[Case, str | None, str]:
        with tempfile.TemporaryDirectory(prefix="petrel-loader-") as folder:
            bench = Bench(loader, Path(folder))
            return case, bench.run(case), bench.console()

    passed = failed = 0
    with ThreadPoolExecutor(options.jobs) as executor:
        for case, wrong, console in executor.map(run, (case for case in CASES if options.k in case.name)):
            passed, failed = passed + (wrong is None), failed + (wrong is not None)
            print(f"{'pass' if wrong is None else 'FAIL'} {case.name}{'' if wrong is None else ': ' + wrong}", flush=True)
            if options.v and case.sentence:
                print("     " + "".join(re.findall(r"petrel: cannot boot: [^\r\n]*", console)[-1:]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
