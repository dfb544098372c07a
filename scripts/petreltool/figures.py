# SPDX-License-Identifier: MIT
"""`bench`: what the kernel's operations cost, in guest instructions.

With QEMU's instruction counter (`-icount shift=0`) the time-stamp counter counts instructions, one a tick, whatever the host does:
two runs must say the same, and are compared. The figures to beat were measured in the same way (docs/performance.md).
"""
from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

from . import image, lab, setup
from .build import build
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError
from .machine import MachineOptions
from .paths import ROOT
from .terminal import show

# One virtual nanosecond an instruction, a fixed clock, one processor.
COUNTING = ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01T00:00:00,clock=vm", "-seed", "1"]
_TARGETS = ROOT / "scripts" / "bench" / "targets.csv"
_LIMITS = lab.Limits(whole=300.0)


@dataclass(frozen=True)
class Target:
    """What Linux takes for the same, and how many times of its stock figure is allowed (None: no bound)."""
    lean: int | None
    stock: int | None
    limit: float | None
    what: str

    def met(self, minimum: int) -> bool | None:
        return None if self.limit is None or self.stock is None else minimum <= self.limit * self.stock


def targets() -> dict[str, Target]:
    def number(text: str) -> int | None:
        return int(text) if text else None
    with open(_TARGETS, newline="", encoding="utf-8") as handle:
        return {row["name"]: Target(number(row["linux_lean"]), number(row["linux_stock"]),
                                    float(row["limit"]) if row["limit"] else None, row["what"])
                for row in csv.DictReader(handle)}


def _measure(disk: Path, names: str) -> dict[str, dict[str, int]]:
    record = lab.run(MachineOptions(disk=disk, extra=COUNTING, options=[f"bench={names}"]), _LIMITS)
    figures = {str(event.get("name")): {"minimum": int(event.data["minimum"]), "median": int(event.data["median"])}
               for event in record.named("bench")}
    if record.exit_status != 33 or not figures:
        raise MachineryError(f"the benchmarks' machine ended with status {record.exit_status}:\n{record.console[-2000:]}")
    return figures


def _line(name: str, figures: dict[str, int], target: Target | None) -> str:
    text = f"{name.ljust(26)} {figures['minimum']:>7} {figures['median']:>8}"
    if target is None or target.stock is None:
        return text
    text += f" {target.lean or 0:>8} {target.stock:>8} {figures['minimum'] / target.stock:>7.2f}"
    verdict = target.met(figures["minimum"])
    return text if verdict is None else f"{text}  {'ok' if verdict else 'TOO SLOW'} (at most {target.limit})"


def command(arguments: argparse.Namespace) -> int:
    setup.ensure()
    build(arguments.preset)
    disk = image.make_image(arguments.preset)
    names = ",".join(arguments.names) or "all"
    show("petrel: benchmarks: first run")
    first = _measure(disk, names)
    show("petrel: benchmarks: second run, which must say the same")
    second = _measure(disk, names)
    show("")
    known = targets()
    print(f"{'guest instructions'.ljust(26)} {'minimum':>7} {'median':>8} {'lean':>8} {'stock':>8} {'ratio':>7}   (Linux 6.1)")
    for name, figures in first.items():
        print(_line(name, figures, known.get(name)))
    differing = [name for name in first if first[name] != second.get(name)]
    for name in differing:
        print(f"{name}: the second run differs: {second.get(name)}")
    if not differing:
        print("two runs are identical")
    slow = [name for name, figures in first.items() if (target := known.get(name)) and target.met(figures["minimum"]) is False]
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"schema": "petrel-bench/1", "preset": arguments.preset, "unit": "guest instructions",
                                              "clock": "icount", "figures": first, "identical": not differing, "too_slow": slow},
                                             indent=2) + "\n", encoding="utf-8")
    return EXIT_PASS if not differing and not slow else EXIT_FAIL
