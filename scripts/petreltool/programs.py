# SPDX-License-Identifier: MIT
"""`run --exec`: programs in the machine, files in and out, what they wrote and how they ended.

All programs of a run share one machine and its disk, which is a copy: files go in with mtools before the machine starts and come out
when it has ended.
"""
from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from . import lab, terminal
from .errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS, PetrelError, UsageError
from .events import Event
from .image import PARTITION_START
from .lab import Limits, Record
from .machine import Machine, MachineOptions
from .paths import program
from .process import run_tool
from .verdict import machine_failure

_ENCODING = "cp437"                             # what a console program writes to a file: the OEM code page
_LONGEST = 2000
_INPUT = "petrel/stdin"                         # on drive C


@dataclass(frozen=True)
class Transfer:
    host: Path
    guest: str                                  # with slashes, below the root of C:


@dataclass
class Program:
    """One command line, and what came of it."""
    command: str
    expected: int = 0
    exit_code: int | None = None
    output: dict[str, bytearray] = field(default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()})
    verdict: str = "error"
    why: str = "not run"

    @property
    def exit_status(self) -> int:
        return {"pass": EXIT_PASS, "error": EXIT_MACHINERY}.get(self.verdict, EXIT_FAIL)

    def describe(self) -> dict[str, Any]:
        return {"command": self.command, "exit_code": self.exit_code, "verdict": self.verdict, "why": self.why,
                "stdout": self.text("stdout"), "stderr": self.text("stderr")}

    def text(self, stream: str) -> str:
        return self.output[stream].decode(_ENCODING)


def guest_path(text: str) -> str:
    """A path of C: as mtools wants it; relative ones are below the root."""
    path = PureWindowsPath(text)
    if path.drive.upper() not in ("", "C:") or any(part == ".." for part in path.parts):
        raise UsageError(f"{text}: files of the machine are on C:")
    parts = [part for part in path.parts if part not in (path.anchor, path.drive)]
    if not parts:
        raise UsageError(f"{text}: not a file of the machine")
    return "/".join(parts)


def file_in(text: str) -> Transfer:
    host, _, guest = text.partition("=")
    if not Path(host).exists():
        raise UsageError(f"--file: {host} does not exist")
    return Transfer(Path(host), guest_path(guest or Path(host).name))


def file_out(text: str) -> Transfer:
    guest, _, host = text.partition("=")
    name = guest_path(guest)
    return Transfer(Path(host or name.rsplit("/", 1)[-1]), name)


def file_for_input(text: str, folder: Path | None = None) -> Transfer:
    """The file that `--stdin` names; of our own standard input, `-`, a copy in that folder."""
    if text != "-" or folder is None:
        if not Path(text).is_file():
            raise UsageError(f"--stdin: {text} is not a file")
        return Transfer(Path(text), _INPUT)
    copy = folder / "stdin"
    copy.write_bytes(sys.stdin.buffer.read())
    return Transfer(copy, _INPUT)


def input_option() -> str:
    return "stdin=\\??\\C:\\" + _INPUT.replace("/", "\\")


def check(commands: list[str]) -> None:
    for command in commands:
        if not command.strip() or len(command) > _LONGEST or not command.isascii() or not command.isprintable():
            raise UsageError(f"--exec takes a line of at most {_LONGEST} printable ASCII characters")


# ---- The disk ----
def _mtools(tool: str, disk: Path, *arguments: str) -> None:
    run_tool([program(tool), "-i", f"{disk}@@{PARTITION_START}", *arguments], environment={"MTOOLS_SKIP_CHECK": "1"})


def _is_there(disk: Path, name: str) -> bool:
    try:
        _mtools("mdir", disk, "-b", name)
    except PetrelError:
        return False
    return True


def _put(disk: Path, transfer: Transfer) -> None:
    folders = transfer.guest.split("/")[:-1]
    for depth in range(len(folders)):
        folder = "::/" + "/".join(folders[:depth + 1])
        if not _is_there(disk, folder):
            _mtools("mmd", disk, folder)
    _mtools("mcopy", disk, "-s", "-o", "-Q", str(transfer.host), f"::/{transfer.guest}")


def _get(disk: Path, transfer: Transfer) -> str | None:
    """None, or why it is not there."""
    try:
        _mtools("mcopy", disk, "-s", "-n", "-o", "-Q", f"::/{transfer.guest}", str(transfer.host))
    except PetrelError as error:
        return f"--out: {transfer.guest}: {error}"
    return None


def disk_with(base: Path, folder: Path, files: list[Transfer]) -> Path:
    """A copy of the disk in that folder, with the files on it."""
    disk = folder / "disk.img"
    shutil.copyfile(base, disk)
    for transfer in files:
        _put(disk, transfer)
    return disk


# ---- What the machine says ----
class _Listener:
    """Takes programs' events as they come; what they write appears at once."""

    def __init__(self, programs: list[Program], quiet: bool) -> None:
        self._waiting = list(programs)
        self._running: Program | None = None
        self._quiet = quiet

    def __call__(self, _machine: Machine, events: list[Event]) -> None:
        for event in events:
            if event.name == "program":
                self._step(event)
            elif event.name == "output" and self._running is not None:
                self._write(self._running, event)

    def _step(self, event: Event) -> None:
        if event.get("step") == "begin" and self._waiting:
            self._running = self._waiting.pop(0)
            self._running.verdict, self._running.why = "timeout", "it had not ended when the machine did"
        elif event.get("step") == "end" and self._running is not None:
            judge(self._running, event)
            self._running = None

    def _write(self, running: Program, event: Event) -> None:
        data = bytes.fromhex(event.get("hex"))
        running.output.setdefault(event.get("stream"), bytearray()).extend(data)
        if not self._quiet:
            terminal.clear()
            stream = sys.stderr if event.get("stream") == "stderr" else sys.stdout
            stream.write(data.decode(_ENCODING).replace("\r\n", "\n"))
            stream.flush()


def judge(ended: Program, event: Event) -> None:
    if event.get("status") != "0x00000000":
        ended.verdict, ended.why = "fail", f"it could not be started: {event.get('status')}"
        return
    ended.exit_code = int(event.get("exit"))
    if ended.exit_code == ended.expected:
        ended.verdict, ended.why = "pass", f"it ended with {ended.exit_code}"
    else:
        ended.verdict, ended.why = "fail", f"it ended with {ended.exit_code}, not with {ended.expected}"


# ---- A run ----
def run(base: MachineOptions, programs: list[Program], limits: Limits, files: list[Transfer] | None = None,
        out: list[Transfer] | None = None, keep: Path | None = None, quiet: bool = False) -> tuple[Record, list[str]]:
    """One machine with all programs; the record, and what could not be taken out of it."""
    with tempfile.TemporaryDirectory(prefix="petrel-disk-") as name:
        options = replace(base, options=base.options + [f"exec={item.command}" for item in programs])
        if files or out:
            options = replace(options, disk=disk_with(base.disk, Path(name), files or []), keeps_disk=True)
        record = lab.run(options, limits, _Listener(programs, quiet), keep)
        failure = machine_failure(record)
        for item in programs:
            if item.verdict == "error":
                item.why = failure or "the machine ended before it"
        return record, [problem for problem in (_get(options.disk, transfer) for transfer in out or []) if problem]
