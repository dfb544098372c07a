# SPDX-License-Identifier: MIT
"""`bench --boot`: `run` of one driver against the floor, an empty EFI application under the same firmware and options.

Wall-clock time of whole processes, in interleaved pairs so that a busy host slows both: `scripts/petrel run one.sys` from a
shell's point of view, and QEMU alone for the floor.
"""
from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from . import fetch, image, lab, setup
from .build import build
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError, UsageError
from .machine import STATUS_PASS, Machine, MachineOptions
from .paths import ROOT, program
from .process import run_tool
from .terminal import show

PAIRS = 11
LIMIT = 2.5
_SOURCE = ROOT / "scripts" / "bench" / "empty.c"


def _empty_disk(folder: Path) -> Path:
    """A disk image that holds nothing but the empty EFI application."""
    volume = folder / "volume"
    target = volume / "EFI" / "BOOT" / "BOOTX64.EFI"
    target.parent.mkdir(parents=True)
    run_tool([program("clang-19"), "--target=x86_64-unknown-windows", "-ffreestanding", "-O2", "-Wall", "-Wextra", "-Werror",
              "-c", str(_SOURCE), "-o", str(folder / "empty.o")])
    run_tool([program("lld-link-19"), "/nodefaultlib", "/Brepro", "/subsystem:efi_application", "/entry:EfiMain",
              str(folder / "empty.o"), f"/out:{target}"])
    disk = folder / "empty.img"
    image.make_disk(disk, volume, image.volume_files(volume))
    return disk


def _time_floor(options: MachineOptions) -> float:
    begin = time.monotonic()
    with Machine(options) as machine:
        status = machine.wait(lab.Limits().whole)
        took = time.monotonic() - begin
    if status != STATUS_PASS:
        raise MachineryError(f"the empty EFI application ended with status {status}")
    return took


def _time_run(command: list[str]) -> float:
    begin = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    took = time.monotonic() - begin
    if done.returncode != 0:
        raise MachineryError(f"`run` ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return took


def _driver(arguments: argparse.Namespace) -> Path:
    """The driver to time: the one named, else the first real third-party one."""
    if arguments.driver:
        return Path(arguments.driver)
    return fetch.get(next(payload for payload in fetch.payloads() if payload.demonstrate))


def _figures(times: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(times), 3), "minimum": round(min(times), 3), "maximum": round(max(times), 3)}


def _line(name: str, figures: dict[str, float]) -> str:
    return f"{name.ljust(28)} median {figures['median']:.3f} s  ({figures['minimum']:.3f} to {figures['maximum']:.3f})"


def command(arguments: argparse.Namespace) -> int:
    if arguments.names:
        raise UsageError("bench --boot takes no names of benchmarks")
    if arguments.pairs < 1:
        raise UsageError("bench: --pairs must be at least 1")
    setup.ensure()
    build(arguments.preset)
    options = MachineOptions(disk=image.make_image(arguments.preset))
    run_command = [sys.executable, str(ROOT / "scripts" / "petrel"), "run", "--preset", arguments.preset, str(_driver(arguments))]
    floors, runs = [], []
    with tempfile.TemporaryDirectory(prefix="petrel-bench-") as folder:
        empty = replace(options, disk=_empty_disk(Path(folder)))
        for pair in range(arguments.pairs):
            show(f"petrel: pair {pair + 1} of {arguments.pairs}")
            floors.append(_time_floor(empty))
            runs.append(_time_run(run_command))
    show("")
    return _report(arguments, options, floors, runs)


def _report(arguments: argparse.Namespace, options: MachineOptions, floors: list[float], runs: list[float]) -> int:
    floor, run = _figures(floors), _figures(runs)
    ratio = run["median"] / floor["median"]
    print(_line("empty EFI application", floor))
    print(_line("run of one driver", run))
    print(f"ratio of the medians {ratio:.2f}, at most {LIMIT} wanted; {arguments.pairs} interleaved pairs, {options.memory} MiB")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"schema": "petrel-bench/1", "machine": options.describe(), "preset": arguments.preset,
                                              "pairs": arguments.pairs, "empty": floor, "run": run, "ratio": round(ratio, 3),
                                              "limit": LIMIT, "unit": "s", "clock": "host"}, indent=2) + "\n", encoding="utf-8")
    return EXIT_PASS if ratio <= LIMIT else EXIT_FAIL
