# SPDX-License-Identifier: MIT
"""The benchmarks that are programs (scripts/bench/user): built, put on a disk, run, and read.

Those of the machine `user` run on an ntdll of our own, which costs next to nothing, those of `wine` on the user image's.
"""
from __future__ import annotations

import os
from pathlib import Path

from . import image, lab, programs
from .errors import MachineryError
from .machine import MachineOptions
from .paths import ROOT, program
from .process import run_tool

SOURCES = ROOT / "scripts" / "bench" / "user"
_PROGRAMS = ROOT / "programs"
_SMSS = _PROGRAMS / "smss"                      # linked with our ntdll, as nobody resolves its imports
_BUILT = ROOT / "build" / "user" / "bench"
_CLANG = ["--target=x86_64-w64-windows-gnu", "-isystem", "/usr/share/mingw-w64/include", "-ffreestanding", "-fno-builtin",
          "-mno-stack-arg-probe", "-fno-stack-protector", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
NATIVE, WINE = "C:\\Windows\\System32\\native.exe", "C:\\wine.exe"


def _newest() -> float:
    return max(path.stat().st_mtime for path in [*SOURCES.iterdir(), *_PROGRAMS.rglob("*.[ch]"), Path(__file__)])


def _compile(source: Path) -> Path:
    made = _BUILT / (source.stem + ".o")
    run_tool([program("clang-19"), *_CLANG, "-c", str(source), "-o", str(made)])
    return made


def _link(name: str, objects: list[Path], *options: str) -> Path:
    made, fresh = _BUILT / name, _BUILT / f"{name}.{os.getpid()}"
    run_tool([program("lld-link-19"), "/nodefaultlib", "/noimplib", "/Brepro", *options, *map(str, objects), f"/out:{fresh}"])
    return fresh.replace(made)


def native_files() -> list[Path]:
    """System32 of the benchmarks' own disk."""
    made = [_BUILT / name for name in ("ntdll.dll", "native.exe", "exit.exe", "smss.exe")]
    if all(path.exists() and path.stat().st_mtime >= _newest() for path in made):
        return made
    _BUILT.mkdir(parents=True, exist_ok=True)
    ntdll = _compile(SOURCES / "ntdll.S")
    _link("ntdll.dll", [ntdll], "/dll", "/noentry")
    for name in ("native", "exit"):
        _link(f"{name}.exe", [_compile(SOURCES / f"{name}.c"), ntdll], "/subsystem:native", "/entry:Begin")
    _link("smss.exe", [*map(_compile, sorted(_SMSS.glob("*.c"))), ntdll], "/subsystem:native", "/entry:NtProcessStartup")
    return made


def wine_file() -> Path:
    made = _BUILT / "wine.exe"
    if not made.exists() or made.stat().st_mtime < _newest():
        _BUILT.mkdir(parents=True, exist_ok=True)
        run_tool([program("x86_64-w64-mingw32-gcc"), "-O1", "-Wall", "-Werror", "-o", str(made), str(SOURCES / "wine.c")])
    return made


def native_disk(preset: str) -> Path:
    return image.make_bench_image(preset, native_files())


def figures(text: str) -> dict[str, dict[str, int]]:
    """What the program wrote: lines `NAME MINIMUM MEDIAN`, and `begin NAME`."""
    lines = [line.split() for line in text.splitlines()]
    return {name: {"minimum": int(minimum), "median": int(median)} for name, minimum, median in (words for words in lines if len(words) == 3)}


def measure(options: MachineOptions, command: str, names: list[str], limits: lab.Limits, files: list[Path]) -> dict[str, dict[str, int]]:
    item = programs.Program(" ".join([command, *names]))
    transfers = [programs.Transfer(path, path.name) for path in files]
    record, _ = programs.run(options, [item], limits, transfers, quiet=True)
    if item.verdict != "pass":
        raise MachineryError(f"{item.command}: {item.verdict}: {item.why}\n{item.text('stdout')}{record.console[-2000:]}")
    return figures(item.text("stdout"))
