# SPDX-License-Identifier: MIT
"""The drivers ring: a table of drivers and what the lab must say of each (docs/how-to-add-a-test.md).

Each row becomes one test for each toolchain, named `<file>.<toolchain>`, or one named `payload.<id>`.
"""
from __future__ import annotations

import argparse
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import fetch, lab, report, show
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError, PayloadError
from .events import Event
from .image import make_image
from .machine import Machine, MachineOptions
from .paths import ROOT, Tree
from .report import Subject
from .running import for_drivers, read_subject
from .symbols import Symbolizer
from .verdict import VERDICTS, judge

TABLES = (ROOT / "test-drivers" / "expected.toml", ROOT / "tests" / "payloads.toml")
EXIT_SKIPPED = 77               # ctest's SKIP_RETURN_CODE in tests/CMakeLists.txt
_TOOLCHAINS = ("clang", "gcc")


@dataclass(frozen=True)
class Expected:
    """One row of the table; everything but `verdict` is optional and checked only when it is there."""
    verdict: str
    file: str = ""
    payload: str = ""
    toolchains: list[str] = field(default_factory=lambda: list(_TOOLCHAINS))
    companions: list[str] = field(default_factory=list)     # loaded before it in the same machine, same toolchain
    code: str = ""                                          # bug check
    module: str = ""                                        # a frame of the stack lies in this module ...
    function: str = ""                                      # ... and in this function
    trap: str = ""                                          # module!name
    why: str = ""                                           # part of the reason
    entry_status: str = ""
    unload_status: str = ""
    start_status: str = ""
    remove_status: str = ""
    error_code: str = ""                                    # an error log entry has this code
    devices: int = -1
    symlinks: int = -1
    trapped: int = -1                                       # imports
    requests: list[str] = field(default_factory=list)       # IRP_MJ_... that must have succeeded
    options: list[str] = field(default_factory=list)        # for the kernel
    hardware: list[str] = field(default_factory=list)       # of the machine, as QEMU's -device takes them
    disks: list[int] = field(default_factory=list)          # MiB of each more drive, disk0, disk1, ... for hardware
    typed: str = ""                                         # on the console, from the driver's beginning on
    typed_lines: int = 0                                    # then so many: "line 0", "line 1", ...
    preset: str = "debug"
    cpus: int = 1
    timeout: float = 20.0

    def names(self) -> list[str]:
        if self.payload:
            return [f"payload.{self.payload.replace('/', '.')}"]
        return [f"{self.file}.{toolchain}" for toolchain in self.toolchains]


def load(tables: tuple[Path, ...] = TABLES) -> dict[str, tuple[Expected, str]]:
    """Test name to its row and toolchain."""
    tests: dict[str, tuple[Expected, str]] = {}
    for table in tables:
        if not table.exists():
            continue
        with open(table, "rb") as handle:
            rows = tomllib.load(handle).get("driver", [])
        for number, row in enumerate(rows, 1):
            expected = _row(row, f"{table.name}, driver {number}")
            for position, name in enumerate(expected.names()):
                if name in tests:
                    raise MachineryError(f"{table.name}: {name} is there twice")
                tests[name] = expected, "" if expected.payload else expected.toolchains[position]
    return tests


def _row(row: dict[str, Any], where: str) -> Expected:
    try:
        expected = Expected(**row)
    except TypeError as error:
        raise MachineryError(f"{where}: {str(error).split(') ')[-1]}") from error
    if bool(expected.file) == bool(expected.payload):
        raise MachineryError(f"{where}: needs either file or payload")
    if expected.verdict not in VERDICTS or not set(expected.toolchains) <= set(_TOOLCHAINS):
        raise MachineryError(f"{where}: unknown verdict or toolchain")
    return expected


def _subjects(expected: Expected, toolchain: str) -> list[Subject]:
    if expected.payload:
        return [read_subject(fetch.get(fetch.find(expected.payload)))]
    folder = Tree(expected.preset).test_drivers / toolchain
    subjects = [read_subject(folder / f"{name}.sys") for name in [*expected.companions, expected.file]]
    if any(subject.image is None for subject in subjects):
        raise MachineryError(f"{expected.file}: not built for {toolchain}")
    return subjects


def differences(expected: Expected, found: dict[str, Any]) -> list[str]:
    """What the report says otherwise than the table."""
    pairs = [("verdict", expected.verdict, found["verdict"]),
             ("code", expected.code, (found["bugcheck"] or {}).get("code")),
             ("trap", expected.trap, "{module}!{name}".format(**found["trap"]) if found["trap"] else None),
             ("entry_status", expected.entry_status, (found["entry_status"] or {}).get("code")),
             ("unload_status", expected.unload_status, (found["unload_status"] or {}).get("code")),
             ("start_status", expected.start_status, (found["start_status"] or {}).get("code")),
             ("remove_status", expected.remove_status, (found["remove_status"] or {}).get("code")),
             ("error_code", expected.error_code, next((entry["code"] for entry in found["error_log"]), None)),
             ("devices", expected.devices, len(found["devices"])), ("symlinks", expected.symlinks, len(found["symlinks"])),
             ("trapped", expected.trapped, (found["imports"] or {}).get("trapped"))]
    wrong = [f"{name} is {got}, not {wanted}" for name, wanted, got in pairs
             if wanted not in ("", -1) and not _equal(wanted, got)]
    if expected.why and expected.why not in found["why"]:
        wrong.append(f"why is `{found['why']}`, without `{expected.why}`")
    if (expected.module or expected.function) and not _has_frame(expected, found):
        wrong.append(f"no stack has a frame in {expected.module or 'any module'}, function {expected.function or 'any'}")
    succeeded = {request["major"] for request in found["requests"] if int(request["status"]["code"], 16) < 0x80000000}
    return wrong + [f"no {major} succeeded" for major in expected.requests if major not in succeeded]


def _equal(wanted: object, got: object) -> bool:
    if isinstance(wanted, str) and isinstance(got, str):
        if wanted.startswith("0x") and got.startswith("0x"):
            return int(wanted, 16) == int(got, 16)
        return wanted.lower() == got.lower()
    return wanted == got


def _has_frame(expected: Expected, found: dict[str, Any]) -> bool:
    stacks = [part["stack"] for part in (found["bugcheck"], found["trap"], *found["hang"]) if part]
    return any((not expected.module or (frame["module"] or "").lower() == expected.module.lower())
               and (not expected.function or frame["function"] == expected.function)
               for stack in stacks for frame in stack)


class _Typist:
    """Types at the machine's console from the driver's beginning on."""

    def __init__(self, text: str, driver: str) -> None:
        self._text, self._driver = text, driver

    def __call__(self, machine: Machine, events: list[Event]) -> None:
        assert machine.console is not None
        machine.console.poll()
        if any(event.name == "driver" and event.get("step") == "begin" and event.file == self._driver for event in events):
            machine.console.type(self._text.encode())


def run_one(expected: Expected, toolchain: str) -> int:
    try:
        subjects = _subjects(expected, toolchain)
    except PayloadError as error:
        print(f"skipped: payload: {error}")
        return EXIT_SKIPPED
    base = MachineOptions(disk=make_image(expected.preset), cpus=expected.cpus, options=list(expected.options),
                          hardware=list(expected.hardware), disks=list(expected.disks))
    text = expected.typed + "".join(f"line {number}\r" for number in range(expected.typed_lines))
    typist = _Typist(text, subjects[-1].name) if text else None
    base.interactive = typist is not None
    limits = replace(lab.Limits(), driver=expected.timeout, whole=expected.timeout + 100.0)
    record = lab.run(for_drivers(base, subjects), limits, typist)
    subject = subjects[-1]
    subject.verdict = judge(record, subject.name)
    symbols = Symbolizer(Tree(expected.preset), {item.name: item.path for item in subjects})
    found = report.driver(subject, record, symbols, report.known_exports())
    show.driver(found)
    wrong = differences(expected, found)
    for line in wrong:
        print(f"WRONG: {line}")
    if wrong:
        print(f"--- end of console (COM1)\n{record.console[-2000:]}\n--- end of debug text (0xE9)\n{record.debug[-2000:]}")
    return EXIT_FAIL if wrong else EXIT_PASS


def command(arguments: argparse.Namespace) -> int:
    tests = load()
    if arguments.list:
        print("\n".join(f"{name} {expected.cpus}" for name, (expected, _) in tests.items()))
        return EXIT_PASS
    if unknown := [name for name in arguments.names if name not in tests]:
        raise MachineryError(f"the tables have no test {unknown[0]}")
    results = [run_one(*tests[name]) for name in arguments.names or tests]
    return max((result for result in results if result != EXIT_SKIPPED), default=EXIT_SKIPPED if results else EXIT_PASS)
