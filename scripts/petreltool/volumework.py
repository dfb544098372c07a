# SPDX-License-Identifier: MIT
"""Machines with the driver `volumework`: which disks they get, and what the driver prints of each volume."""
from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import lab
from .errors import MachineryError
from .image import make_image
from .machine import MachineOptions, STATUS_PASS
from .paths import Tree
from .running import for_drivers, read_subject
from .verdict import judge

PER_MACHINE = 20                # disks
_READING = ("sum", "check")


@dataclass(frozen=True)
class Part:
    """Sectors of a file, one after the other, that the load wrote at once; `file` is None where there is no such sector."""
    index: int
    count: int
    file: int | None = None
    generation: int = 0
    first: int = 0


@dataclass
class FoundFile:
    size: int
    hash: int
    attributes: int
    parts: list[Part] = field(default_factory=list)


@dataclass
class Volume:
    """What the driver said of one volume."""
    status: int = 0                             # of opening its root
    files: dict[str, FoundFile] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    finished: bool = False

    @property
    def mounted(self) -> bool:
        return self.status < 0x80000000


@dataclass
class Result:
    volumes: dict[int, Volume]                  # by the number of the disk
    why: str                                    # why the machine is not to be believed; empty: it passed
    record: lab.Record
    debug: str


class _Reader:
    """Follows the lines of one machine."""

    def __init__(self) -> None:
        self.volumes: dict[int, Volume] = {}
        self._now = Volume()
        self._folders: list[str] = []
        self._parts: list[Part] = []

    def read(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        method = getattr(self, f"_see_{word}", None)
        if method is not None:
            try:
                method(rest)
            except ValueError:
                self._now.errors.append(f"unreadable: {line}")

    def _see_volume(self, rest: str) -> None:
        number, status = rest.split(" ")
        self._now = self.volumes[int(number)] = Volume(int(status, 16))
        self._folders, self._parts = [], []

    def _see_enter(self, rest: str) -> None:
        self._folders.append(rest)

    def _see_leave(self, _rest: str) -> None:
        if self._folders:
            self._folders.pop()

    def _see_part(self, rest: str) -> None:
        words = rest.split(" ")
        if words[2] == "bad":
            self._parts.append(Part(int(words[0]), int(words[1])))
        else:
            self._parts.append(Part(*(int(word) for word in words)))

    def _see_sum(self, rest: str) -> None:
        size, value, attributes, name = rest.split(" ", 3)
        self._now.files["/".join([*self._folders, name])] = FoundFile(int(size), int(value, 16), int(attributes, 16), self._parts)
        self._parts = []

    def _see_error(self, rest: str) -> None:
        self._now.errors.append(rest)

    def _see_unread(self, rest: str) -> None:
        self._now.errors.append("unread: " + "/".join([*self._folders, rest]))
        self._parts = []

    def _see_unopened(self, rest: str) -> None:
        self._now.errors.append("unopened: " + "/".join([*self._folders, rest]))

    def _see_done(self, _rest: str) -> None:
        self._now.finished = True


def parse(text: str) -> dict[int, Volume]:
    reader = _Reader()
    for line in text.split("\n"):
        reader.read(line)
    return reader.volumes


def _attach(disks: list[Path], log: Path | None, kept: bool) -> list[str]:
    arguments = []
    for number, disk in enumerate(disks):
        file = str(disk).replace(",", ",,")
        if log is None:
            arguments += ["-drive", f"if=none,id=work{number},format=raw,snapshot={'off' if kept else 'on'},file={file}"]
        else:
            arguments += ["-blockdev", f"driver=blklogwrites,node-name=work{number},file.driver=file,file.filename={file},"
                                       f"log.driver=file,log.filename={log}"]
        arguments += ["-device", f"virtio-blk-pci,drive=work{number}"]
    return arguments


def run(preset: str, mode: str, disks: list[Path], limit: float, log: Path | None = None, cpus: int = 2, **values: int) -> Result:
    """One machine that has the mode done on each disk; `log` takes the writes of a single disk. Only filling and loading a disk change
    its file."""
    subject = read_subject(Tree(preset).test_drivers / "clang" / "volumework.sys")
    if subject.image is None:
        raise MachineryError(f"{subject.path}: {subject.verdict.why}")
    lines = [f"service-value=Parameters\\Mode=sz:{mode}", f"service-value=Parameters\\Count=dword:{len(disks)}"]
    lines += [f"service-value=Parameters\\{name}=dword:{value}" for name, value in values.items()]
    base = MachineOptions(disk=make_image(preset), cpus=cpus, options=lines,
                          extra=_attach(disks, log, mode not in _READING))
    with tempfile.TemporaryDirectory(prefix="petrel-work-") as name:
        record = lab.run(for_drivers(base, [subject]), lab.Limits(driver=limit, whole=limit + 90.0), keep=Path(name))
        debug = (Path(name) / "debug.txt").read_text(encoding="utf-8", errors="replace")
    verdict = judge(record, subject.name)
    why = "" if verdict.verdict == "pass" else f"{verdict.verdict}: {verdict.why}"
    if not why and record.exit_status != STATUS_PASS:
        why = f"the machine ended with status {record.exit_status}"
    return Result(parse(debug), why, record, debug)
