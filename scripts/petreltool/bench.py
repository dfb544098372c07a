# SPDX-License-Identifier: MIT
"""`bench --boot`: what a person waits for, in wall-clock time of whole processes.

`run` of one driver from a shell's point of view, against the floor: an empty EFI application under the same firmware and options. And
`cmd /c ver` from the start of QEMU to its exit, against the same command by Wine in a new prefix, where Wine is installed. Interleaved,
so that a busy host slows all of them.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import fetch, image, lab, programs, setup
from .build import build
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError, UsageError
from .machine import STATUS_PASS, Machine, MachineOptions
from .paths import ROOT, find_program, program
from .process import run_tool
from .terminal import show

PAIRS = 11
LIMIT = 2.5
PROGRAM_LIMIT = 3.0                             # seconds of `cmd /c ver`
_PROGRAM = "cmd /c ver"
_WINES = ("wine", "wine64", "/usr/lib/wine/wine64")     # the last: Debian's, where only the package wine64 is installed
_SOURCE = ROOT / "scripts" / "bench" / "empty.c"


@dataclass
class Times:
    """Seconds, a turn each."""
    floor: list[float] = field(default_factory=list)
    run: list[float] = field(default_factory=list)
    program: list[float] = field(default_factory=list)
    wine: list[float] = field(default_factory=list)


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


def _time_program(options: MachineOptions) -> float:
    item = programs.Program(_PROGRAM)
    record, _ = programs.run(options, [item], lab.Limits(), quiet=True)
    if item.verdict != "pass":
        raise MachineryError(f"{_PROGRAM}: {item.verdict}: {item.why}")
    return record.seconds


def _time_wine(wine: str) -> float:
    """The same by Wine, from nothing to its end; what it leaves running is ended."""
    with tempfile.TemporaryDirectory(prefix="petrel-wine-") as folder:
        environment = {**os.environ, "WINEPREFIX": str(Path(folder) / "prefix"), "WINEDEBUG": "-all", "DISPLAY": ""}
        begin = time.monotonic()
        done = subprocess.run([wine, *_PROGRAM.split()], stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
        took = time.monotonic() - begin
        server = find_program("wineserver") or str(Path(wine).resolve().with_name("wineserver"))
        subprocess.run([server, "-k"], stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
        subprocess.run([server, "-w"], stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    if done.returncode != 0:
        raise MachineryError(f"{wine} ended with status {done.returncode}: {done.stderr.decode(errors='replace')}")
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
    user = replace(options, disk=image.make_user_image(arguments.preset))
    wine = next(filter(None, map(find_program, _WINES)), None)
    run_command = [sys.executable, str(ROOT / "scripts" / "petrel"), "run", "--preset", arguments.preset, str(_driver(arguments))]
    times = Times()
    with tempfile.TemporaryDirectory(prefix="petrel-bench-") as folder:
        empty = replace(options, disk=_empty_disk(Path(folder)))
        for pair in range(arguments.pairs):
            show(f"petrel: turn {pair + 1} of {arguments.pairs}")
            times.floor.append(_time_floor(empty))
            times.run.append(_time_run(run_command))
            times.program.append(_time_program(user))
            if wine is not None:
                times.wine.append(_time_wine(wine))
    show("")
    return _report(arguments, options, times)


def _report(arguments: argparse.Namespace, options: MachineOptions, times: Times) -> int:
    floor, run, ver = _figures(times.floor), _figures(times.run), _figures(times.program)
    wine = _figures(times.wine) if times.wine else None
    ratio = run["median"] / floor["median"]
    print(_line("empty EFI application", floor))
    print(_line("run of one driver", run))
    print(_line(_PROGRAM, ver))
    print(_line("the same by Wine, new prefix", wine) if wine else "the same by Wine, new prefix  not measured: Wine is not installed")
    print(f"ratio of the first two {ratio:.2f}, at most {LIMIT} wanted; {_PROGRAM} at most {PROGRAM_LIMIT} s and less than Wine; "
          f"{arguments.pairs} interleaved turns, {options.memory} MiB")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"schema": "petrel-bench/1", "machine": options.describe(), "preset": arguments.preset,
                                              "pairs": arguments.pairs, "empty": floor, "run": run, "ratio": round(ratio, 3),
                                              "limit": LIMIT, "program": ver, "program_limit": PROGRAM_LIMIT, "wine": wine,
                                              "unit": "s", "clock": "host"}, indent=2) + "\n", encoding="utf-8")
    good = ratio <= LIMIT and ver["median"] < PROGRAM_LIMIT and (wine is None or ver["median"] < wine["median"])
    return EXIT_PASS if good else EXIT_FAIL
