# SPDX-License-Identifier: MIT
"""The user ring: programs in the machine, by the table tests/user/programs.toml, and what they write against expected files."""
from __future__ import annotations

import argparse
import difflib
import functools
import os
import re
import tempfile
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import fetch, lab, programs, running, servicenumbers, userfiles
from .console import Terminal
from .dialogue import ESCAPES, ScreenDialogue, Steps, WireDialogue
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError, PayloadError
from .image import make_user_image
from .machine import MachineOptions
from .paths import ROOT, Tree, program
from .process import run_tool
from .report import Subject

EXIT_SKIPPED = 77                               # as ctest knows it
FOLDER = ROOT / "tests" / "user"
# What differs from run to run: dates, times, numbers of bytes free, process ids and memory.
_MASKS = ((re.compile(r"\d\d/\d\d/\d{4}  \d\d:\d\d [AP]M"), "<date>"), (re.compile(r"[\d,]+ bytes free"), "<free>"), (re.compile(r"\d+ bytes \(\d+ KiB\)"), "<size>"),
          (re.compile(r"(Done in|Size =|Archive size:|Physical Size =|Headers Size =|Compressed:) *[\d.]+ *m?s?"), r"\1 <number>"),
          (re.compile(r"\b\d+\t\d+\t(\S+\.exe)"), r"<process> \1"),
          (re.compile(r"^(\S+\.exe +)\d+ Services .*$", re.MULTILINE), r"\1<task>"))


@dataclass(frozen=True)
class Test:
    sources: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    payloads: list[str] = field(default_factory=list)
    drivers: list[str] = field(default_factory=list)
    stdin: str = ""
    typed: str = ""
    dialogue: Steps = field(default_factory=list)
    screen: bool = False
    shell: list[str] = field(default_factory=lambda: ["cmd"])
    exits: list[int] = field(default_factory=list)
    exit: int = 0
    cpus: int = 1
    memory: int = 256
    flavour: str = userfiles.DEFAULT
    suite: bool = True                          # False: by command only
    seconds: float = 240.0                      # that the machine may take
    crashes: bool = False                       # its programs start some that end by an exception


def load(path: Path = FOLDER / "programs.toml") -> dict[str, Test]:
    with open(path, "rb") as handle:
        return {name: Test(**row) for name, row in tomllib.load(handle).items()}


def masked(text: str) -> str:
    """Without escapes, carriage returns, blanks at the ends of lines and what differs from run to run."""
    text = ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"


def build(source: str) -> Path:
    """The program of a source file, made anew when the source or a header of the folder is newer."""
    made = ROOT / "build" / "user" / (Path(source).stem + ".exe")
    newest = max(path.stat().st_mtime for path in [FOLDER / source, *FOLDER.glob("*.h")])
    if not made.exists() or made.stat().st_mtime < newest:
        made.parent.mkdir(parents=True, exist_ok=True)
        fresh = made.with_suffix(f".{os.getpid()}")
        run_tool([program("x86_64-w64-mingw32-gcc"), "-O1", "-Wall", "-Werror", "-o", str(fresh), str(FOLDER / source)])
        fresh.replace(made)
    return made


def files_of(test: Test) -> list[programs.Transfer]:
    files = [programs.Transfer(build(source), Path(source).stem + ".exe") for source in test.sources]
    files += [programs.Transfer(_with_line_ends(name), name) for name in test.files]
    for name in test.payloads:
        payload = fetch.find(f"program/{name}")
        files.append(programs.Transfer(fetch.get(payload), payload.save_as))
    return files


def _failures(test: Test, record: lab.Record) -> list[str]:
    names = ("bugcheck", "hang", "thread") + (() if test.crashes else ("exception",))
    return [str(event.data) for name in names for event in record.named(name)]


def _run_commands(test: Test, options: MachineOptions) -> tuple[str, list[str]]:
    items = [programs.Program(command, test.exit) for command in test.commands]
    files = files_of(test)
    if test.stdin:
        files.append(programs.file_for_input(str(_with_line_ends(test.stdin))))
        options.options.append(programs.input_option())
    record, _ = programs.run(options, items, lab.Limits(driver=test.seconds, whole=test.seconds), files, quiet=True)
    text = "".join(item.text("stdout") + "".join(f"2> {line}\n" for line in item.text("stderr").splitlines() if line.strip())
                   for item in items)
    wrong = [f"{item.command}: {item.verdict}: {item.why}" for item in items if item.verdict != "pass"]
    return text, wrong + _failures(test, record)


def _with_line_ends(name: str) -> Path:
    """A batch file as Windows has it: the repository keeps line feeds."""
    made = ROOT / "build" / "user" / name
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_bytes((FOLDER / name).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return made


def _run_typed(test: Test, options: MachineOptions) -> tuple[str, list[str]]:
    options.options.append("shell=cmd")
    options.interactive = True
    with tempfile.TemporaryFile() as shown, open(FOLDER / test.typed, "rb") as typed:
        record = lab.run(options, lab.Limits(driver=test.seconds, whole=test.seconds), Terminal(typed.fileno(), shown.fileno()))
        shown.seek(0)
        text = shown.read().decode("utf-8", "replace")
    return _after_greeting(text), _ended(record, test)


def _ended(record: lab.Record, test: Test) -> list[str]:
    codes = [event.get("exit") for event in record.named("program") if event.get("step") == "end"]
    wanted = test.exits or [test.exit]
    return [] if codes == wanted else [f"what ran on the console ended with {codes}, not with {wanted}"]


def _after_greeting(text: str) -> str:
    """What the console showed, without the kernel's own first line and the firmware's."""
    return text[text.find("\n", text.find("processor(s)")) + 1:]


def _run_dialogue(test: Test, options: MachineOptions) -> tuple[str, list[str]]:
    options = replace(options, options=[*options.options, *(f"shell={line}" for line in test.shell)], interactive=True, screen=test.screen, keeps_disk=True)
    watcher = ScreenDialogue(test.dialogue) if test.screen else WireDialogue(test.dialogue)
    with tempfile.TemporaryDirectory(prefix="petrel-disk-") as folder:
        disk = programs.disk_with(options.disk, Path(folder), files_of(test))
        record = lab.run(replace(options, disk=disk), lab.Limits(driver=test.seconds, whole=test.seconds), watcher)
    wrong = _ended(record, test) + _failures(test, record)
    if watcher.waits_for is not None:
        wrong.append(f"nothing shown ends with {watcher.waits_for!r}")
    return watcher.text if test.screen else _after_greeting(watcher.text), wrong


def with_drivers(options: MachineOptions, test: Test, preset: str) -> MachineOptions:
    folder = Tree(preset).build / "test-drivers" / "clang"
    return running.for_drivers(options, [Subject(name, folder / f"{name}.sys") for name in test.drivers]) if test.drivers else options


def _with_other_numbers(disk: Path, flavour: str, seed: int, folder: Path) -> Path:
    """A copy of the disk whose ntdll.dll and win32u.dll have the numbers of their services dealt anew."""
    transfers = []
    for name, path in userfiles.files(flavour=flavour).items():
        if name in ("ntdll.dll", "win32u.dll"):
            changed = folder / name
            changed.write_bytes(servicenumbers.permute(path.read_bytes(), seed))
            transfers.append(programs.Transfer(changed, f"Windows/System32/{path.name}"))
    return programs.disk_with(disk, folder, transfers)


def run_one(name: str, test: Test, disk: Path, preset: str, write: bool) -> int:
    options = with_drivers(MachineOptions(disk=disk, cpus=test.cpus, memory=test.memory), test, preset)
    text, wrong = (_run_dialogue if test.dialogue else _run_typed if test.typed else _run_commands)(test, options)
    expected = FOLDER / "expected" / f"{name}.txt"
    if write:
        expected.write_text(masked(text), encoding="utf-8")
    known = expected.read_text(encoding="utf-8") if expected.exists() else ""
    wrong += [line.rstrip("\n") for line in difflib.unified_diff(known.splitlines(), masked(text).splitlines(), "expected", "written", lineterm="")]
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"{name}: {'FAIL' if wrong else 'PASS'}")
    return EXIT_FAIL if wrong else EXIT_PASS


def command(arguments: argparse.Namespace) -> int:
    tests = load()
    if arguments.list:
        print("\n".join(f"{name} {test.cpus}" for name, test in tests.items() if test.suite))
        return EXIT_PASS
    if unknown := [name for name in arguments.names if name not in tests]:
        raise MachineryError(f"the table has no test {unknown[0]}")
    results = [_run_named(name, tests[name], arguments) for name in arguments.names or tests]
    return max((result for result in results if result != EXIT_SKIPPED), default=EXIT_SKIPPED if results else EXIT_PASS)


@functools.cache
def _disk(preset: str, flavour: str) -> Path:
    """Made sure of once for all tests of a command: every file of it is read for that."""
    return make_user_image(preset, flavour=flavour)


def _run_named(name: str, test: Test, arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="petrel-numbers-") as folder:
        try:
            disk = _disk(arguments.preset, test.flavour)
            if arguments.permute is not None:
                disk = _with_other_numbers(disk, test.flavour, arguments.permute, Path(folder))
            return run_one(name, test, disk, arguments.preset, arguments.write)
        except PayloadError as error:
            print(f"skipped: payload: {error}")
            return EXIT_SKIPPED
