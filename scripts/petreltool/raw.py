# SPDX-License-Identifier: MIT
"""`run --raw`: one machine with its channels on the screen as they come, for work on the kernel itself."""
from __future__ import annotations

import sys
from pathlib import Path

from . import lab
from .errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS
from .events import Event
from .machine import STATUS_PASS, Machine, MachineOptions
from .terminal import printable

_CHANNELS = (("console", "COM1"), ("debug", "0xE9"), ("events", "COM2"))


class _View:
    """Prints whole lines of each channel with the channel's name in front."""

    def __init__(self) -> None:
        self._offset = dict.fromkeys((channel for channel, _ in _CHANNELS), 0)
        self._rest = dict.fromkeys((channel for channel, _ in _CHANNELS), b"")

    def __call__(self, machine: Machine, _events: list[Event]) -> None:
        for channel, label in _CHANNELS:
            self._print(machine.path(channel), channel, label)
        sys.stdout.flush()

    def _print(self, path: Path, channel: str, label: str) -> None:
        try:
            with open(path, "rb") as handle:
                handle.seek(self._offset[channel])
                data = handle.read()
        except OSError:
            return
        self._offset[channel] += len(data)
        *lines, self._rest[channel] = (self._rest[channel] + data).split(b"\n")
        for line in lines:
            print(f"{label}| {printable(line.decode('utf-8', 'replace'))}")

    def finish(self) -> None:
        for channel, label in _CHANNELS:
            if self._rest[channel]:
                print(f"{label}| {printable(self._rest[channel].decode('utf-8', 'replace'))}")


def run_raw(options: MachineOptions, limits: lab.Limits, keep: Path | None) -> int:
    view = _View()
    record = lab.run(options, limits, view, keep)
    view.finish()
    if record.emulator:
        print(f"QEMU| {record.emulator.strip()}")
    how = "killed at its time limit" if record.exit_status is None else f"exit status {record.exit_status}"
    print(f"petrel: {how} after {record.seconds:.2f} s")
    if record.exit_status == STATUS_PASS:
        return EXIT_PASS
    return EXIT_MACHINERY if record.exit_status in (None, 0, 1) else EXIT_FAIL
