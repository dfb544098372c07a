# SPDX-License-Identifier: MIT
"""`bench`: what the kernel's operations cost, in guest instructions.

With QEMU's instruction counter (`-icount shift=0`) the time-stamp counter counts instructions, one a tick, whatever the host does:
two runs must say the same, and are compared. The figures to beat were measured in the same way (docs/performance.md). The table says
on which machine a benchmark runs: `kernel`, or as a program with an ntdll of our own (`user`) or the user image's (`wine`).
"""
from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

from . import image, lab, setup, userbench
from .build import build
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError, PayloadError, UsageError
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
    machine: str = "kernel"

    def met(self, minimum: int) -> bool | None:
        return None if self.limit is None or self.stock is None else minimum <= self.limit * self.stock


def targets() -> dict[str, Target]:
    def number(text: str) -> int | None:
        return int(text) if text else None
    with open(_TARGETS, newline="", encoding="utf-8") as handle:
        return {row["name"]: Target(number(row["linux_lean"]), number(row["linux_stock"]),
                                    float(row["limit"]) if row["limit"] else None, row["what"], row["machine"])
                for row in csv.DictReader(handle)}


def _measure_kernel(disk: Path, names: list[str]) -> dict[str, dict[str, int]]:
    record = lab.run(MachineOptions(disk=disk, extra=COUNTING, options=[f"bench={','.join(names)}"]), _LIMITS)
    figures = {str(event.get("name")): {"minimum": int(event.data["minimum"]), "median": int(event.data["median"])}
               for event in record.named("bench")}
    if record.exit_status != 33 or not figures:
        raise MachineryError(f"the benchmarks' machine ended with status {record.exit_status}:\n{record.console[-2000:]}")
    return figures


def _disks(preset: str, machines: set[str]) -> dict[str, Path]:
    """The disk of each machine that is needed; without the packages' files there is none for `wine`, which has no bounds."""
    make = {"kernel": image.make_image, "user": userbench.native_disk, "wine": image.make_user_image}
    disks = {}
    for machine in make:
        if machine not in machines:
            continue
        try:
            disks[machine] = make[machine](preset)
        except PayloadError as error:
            print(f"no figures of programs on the user image: {error}")
    return disks


def _measure(disks: dict[str, Path], chosen: dict[str, list[str]]) -> dict[str, dict[str, int]]:
    found = {}
    for machine, disk in disks.items():
        options = MachineOptions(disk=disk, extra=COUNTING)
        if machine == "kernel":
            found.update(_measure_kernel(disk, chosen[machine]))
        elif machine == "user":
            found.update(userbench.measure(options, userbench.NATIVE, chosen[machine], _LIMITS, []))
        else:
            found.update(userbench.measure(options, userbench.WINE, chosen[machine], _LIMITS, [userbench.wine_file()]))
    return found


def _choose(names: list[str], known: dict[str, Target]) -> dict[str, list[str]]:
    """The benchmarks of each machine."""
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"bench: there is no benchmark {unknown[0]}")
    chosen: dict[str, list[str]] = {}
    for name in names or known:
        chosen.setdefault(known[name].machine, []).append(name)
    return chosen


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
    known = targets()
    chosen = _choose(arguments.names, known)
    disks = _disks(arguments.preset, set(chosen))
    show("petrel: benchmarks: first run")
    first = _measure(disks, chosen)
    show("petrel: benchmarks: second run, which must say the same")
    second = _measure(disks, chosen)
    show("")
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
