# SPDX-License-Identifier: MIT
"""`_profile NAME`: where a benchmark's instructions go, function by function or line by line.

While the benchmark runs, QEMU is told for a moment to translate one instruction at a time and to log each; the log is counted by
function (or source line). Counts are exact for the slice that was seen, which begins and ends anywhere in an operation.
"""
from __future__ import annotations

import argparse
import bisect
import re
import tempfile
import time
from collections import Counter
from pathlib import Path

from . import lab, userbench
from .build import build
from .errors import EXIT_PASS, MachineryError, UsageError
from .events import Event
from .figures import COUNTING, targets
from .image import make_image
from .machine import Machine, MachineOptions
from .paths import Tree
from .symbols import Frame, Symbolizer

_PRESET = "release"
_LIMITS = lab.Limits(whole=120.0)
_INSTRUCTION = re.compile(rb"/([0-9a-f]{16})/")


def _begins(event: Event) -> bool:
    """The kernel tells of its own benchmarks; a program writes a line."""
    return event.name == "bench_begins" or event.name == "output" and event.get("hex").startswith(b"begin ".hex())


class _Slice:
    """Lets the benchmark begin, logs for a while, and ends the machine."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.taken = False

    def __call__(self, machine: Machine, events: list[Event]) -> None:
        if self.taken or not any(_begins(event) for event in events):
            return
        self.taken = machine.tell_monitor("singlestep on") and machine.tell_monitor("log exec,nochain")
        time.sleep(self._seconds)
        machine.tell_monitor("log none")
        machine.kill()


def _count(log: Path) -> Counter[int]:
    counts: Counter[int] = Counter()
    with open(log, "rb") as handle:
        for line in handle:
            found = _INSTRUCTION.search(line)
            if found:
                counts[int(found.group(1), 16)] += 1
    return counts


def _place(frame: Frame, by_line: bool) -> str:
    place = f"{frame['module']}!{frame['function'] or '?'}"
    return f"{place} {Path(frame['file'] or '?').name}:{frame['line']}" if by_line else place


def _by_place(counts: Counter[int], modules: list[Event], by_line: bool) -> Counter[str]:
    """Addresses in no module are of the firmware or of nobody."""
    bases = sorted((int(str(event.get("base")), 16), int(event.data["size"]), str(event.get("name"))) for event in modules)
    starts = [base for base, _, _ in bases]
    frames = []
    for address in counts:
        at = bisect.bisect_right(starts, address) - 1
        inside = at >= 0 and address - starts[at] < bases[at][1]
        frames.append({"module": bases[at][2], "offset": hex(address - starts[at])} if inside else {"module": None, "offset": hex(address)})
    places: Counter[str] = Counter()
    for address, frame in zip(counts, Symbolizer(Tree(_PRESET), {}).resolve_places(frames)):
        places[_place(frame, by_line)] += counts[address]
    return places


def _machine(name: str, more: list[str]) -> MachineOptions:
    target = targets().get(name)
    if target is None or target.machine == "wine":
        raise UsageError(f"_profile: there is no benchmark {name} with functions of ours alone")
    if target.machine == "user":
        return MachineOptions(disk=userbench.native_disk(_PRESET), options=[f"exec={userbench.NATIVE} {name}"], extra=[*COUNTING, *more])
    return MachineOptions(disk=make_image(_PRESET), options=[f"bench={name}"], extra=[*COUNTING, *more])


def command(arguments: argparse.Namespace) -> int:
    build(_PRESET)
    slice_of_run = _Slice(arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="petrel-profile-") as folder:
        log = Path(folder) / "log"
        options = _machine(arguments.name, ["-D", str(log)])
        record = lab.run(options, _LIMITS, slice_of_run)
        if not slice_of_run.taken or not log.exists():
            raise MachineryError(f"no benchmark {arguments.name} was seen to run:\n{record.console[-1000:]}")
        counts = _count(log)
    places = _by_place(counts, record.named("module"), arguments.by == "line")
    total = sum(places.values())
    print(f"{total} instructions of {arguments.name}")
    for name, count in places.most_common(arguments.lines):
        print(f"{count:>9} {100 * count / total:5.1f} %  {name}")
    return EXIT_PASS
