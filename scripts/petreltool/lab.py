# SPDX-License-Identifier: MIT
"""One machine, watched from start to end: reads its events as they come and enforces the time limits.

When a limit passes, an NMI asks every processor for its stack; after a short grace the machine is killed. What comes back is a
record of what was seen; verdict.py says what it means.
"""
from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .events import Event, EventTail, read_text
from .machine import Machine, MachineOptions

POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Limits:
    driver: float = 20.0        # from a driver's `begin` to its verdict
    whole: float = 60.0         # the machine, from its start
    hang: float = 3.0           # for the hang reports, after the NMI


@dataclass
class Record:
    """Everything one machine said and how it ended."""
    events: list[Event] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)
    console: str = ""
    debug: str = ""
    emulator: str = ""
    exit_status: int | None = None          # None: the tool had to kill it
    expired: str | None = None              # "driver" or "whole": which limit passed
    running: str | None = None              # the driver that ran when it did
    seconds: float = 0.0

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]


class _Clock:
    """The deadlines; a driver's starts at its `begin` and is lifted by its verdict."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.begin = time.monotonic()
        self.driver: str | None = None
        self._driver_deadline = float("inf")

    def see(self, event: Event) -> None:
        if event.name == "driver" and event.get("step") == "begin":
            self.driver = event.file
            self._driver_deadline = time.monotonic() + self.limits.driver
        elif event.name == "verdict" and event.file == self.driver:
            self.driver = None
            self._driver_deadline = float("inf")

    def expired(self) -> str | None:
        now = time.monotonic()
        if now >= self._driver_deadline:
            return "driver"
        return "whole" if now >= self.begin + self.limits.whole else None



Watcher = Callable[[Machine, list[Event]], None]


def run(options: MachineOptions, limits: Limits = Limits(), watcher: Watcher | None = None,
        keep: Path | None = None) -> Record:
    """Runs one machine; `watcher` sees new events as they come; `keep` is a folder for the raw channels."""
    record = Record()
    with Machine(options) as machine:
        tail = EventTail(machine.path("events"), record.garbage)
        clock = _Clock(limits)
        record.exit_status = _follow(machine, tail, clock, record, watcher)
        if record.exit_status is None:
            record.expired, record.running = clock.expired() or "whole", clock.driver
            _collect_hang_reports(machine, tail, record, limits, watcher)
        _take(tail.read(final=True), clock, record, machine, watcher)
        record.console = read_text(machine.path("console"))
        record.debug = read_text(machine.path("debug"))
        record.emulator = read_text(machine.path("qemu"))
        record.seconds = time.monotonic() - clock.begin
        if keep is not None:
            _keep(machine, keep)
    return record


def _take(events: list[Event], clock: _Clock, record: Record, machine: Machine, watcher: Watcher | None) -> None:
    for event in events:
        clock.see(event)
    record.events += events
    if watcher is not None:
        watcher(machine, events)


def _follow(machine: Machine, tail: EventTail, clock: _Clock, record: Record, watcher: Watcher | None) -> int | None:
    """Until the machine ends (its status) or a limit passes (None)."""
    while True:
        status = machine.wait(POLL_SECONDS)
        _take(tail.read(), clock, record, machine, watcher)
        if status is not None:
            return status
        if clock.expired() is not None:
            return None


def _collect_hang_reports(machine: Machine, tail: EventTail, record: Record, limits: Limits, watcher: Watcher | None) -> None:
    machine.inject_nmi()
    deadline = time.monotonic() + limits.hang
    while time.monotonic() < deadline and machine.wait(POLL_SECONDS) is None:
        events = tail.read()
        record.events += events
        if watcher is not None:
            watcher(machine, events)
    machine.kill()


def _keep(machine: Machine, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for channel in ("console", "events", "debug", "qemu", "options"):
        if machine.path(channel).exists():
            shutil.copyfile(machine.path(channel), folder / f"{channel}.txt")
