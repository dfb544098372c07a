# SPDX-License-Identifier: MIT
"""`verify mutants`: breaks one line of the kernel at a time and sees that a self-test notices (tests/mutants.toml).

All work is done in a copy of the sources below build/, which stays for the next time, so that only what changed is compiled.
"""
from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from . import setup
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError, UsageError
from .paths import ROOT, program
from .terminal import show

_TABLE = ROOT / "tests" / "mutants.toml"
_COPY = ROOT / "build" / "mutants"
_HOSTILE = "user.hostile"       # the one test that is a program
_LIMIT = "60"                   # seconds for a machine: a mutant that hangs is noticed then


@dataclass(frozen=True)
class Mutant:
    about: str
    file: str
    line: str
    broken: str
    test: str
    cpus: int = 1


def read_table(path: Path = _TABLE) -> list[Mutant]:
    """Every row, with its line found exactly once in its file; UsageError says which is not."""
    with open(path, "rb") as handle:
        mutants = [Mutant(**row) for row in tomllib.load(handle)["mutant"]]
    for mutant in mutants:
        found = (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.line)
        if found != 1:
            raise UsageError(f"{path.name}: `{mutant.line.strip()}` is {found} times in {mutant.file}, not once")
    return mutants


def _copy_sources() -> None:
    """Brings the copy up to date with what git knows and what is new here; files that did not change keep their times."""
    listed = subprocess.run([program("git"), "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        source, target = ROOT / name, _COPY / name
        if not source.is_file():
            continue
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def _petrel(*arguments: str) -> bool:
    done = subprocess.run([sys.executable, str(_COPY / "scripts" / "petrel"), *arguments], cwd=_COPY, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0


def _build() -> None:
    if not _petrel("build", "--preset", "debug"):
        raise MachineryError(f"the copy in {_COPY} does not build; `scripts/petrel build --preset debug` there says why")


def _passes(mutant: Mutant) -> bool:
    if mutant.test == _HOSTILE:
        return _petrel("verify", "hostile", "--seconds", "20", "--seed", "1", "--preset", "debug", "--no-build", "--cpus", str(mutant.cpus))
    return _petrel("_boot-tests", "--preset", "debug", "--cpus", str(mutant.cpus), "--only", mutant.test, "--limit", _LIMIT)


def _is_noticed(mutant: Mutant) -> bool:
    target = _COPY / mutant.file
    original = target.read_text(encoding="utf-8")
    try:
        target.write_text(original.replace(mutant.line, mutant.broken), encoding="utf-8")
        _build()
        return not _passes(mutant)
    finally:
        target.write_text(original, encoding="utf-8")


def command(arguments: argparse.Namespace) -> int:
    mutants = [mutant for mutant in read_table() if arguments.k is None or arguments.k in mutant.test]
    setup.ensure()
    show("petrel: building the copy")
    _copy_sources()
    _build()
    missed = 0
    for number, mutant in enumerate(mutants):
        show(f"petrel: mutant {number + 1} of {len(mutants)}: {mutant.test}")
        noticed = _is_noticed(mutant)
        missed += not noticed
        show("")
        print(f"{'noticed' if noticed else 'MISSED '}  {mutant.test.ljust(28)} {mutant.about}", flush=True)
    _build()
    for test, cpus in sorted({(mutant.test, mutant.cpus) for mutant in mutants}):
        if not _passes(Mutant("", "", "", "", test, cpus)):
            print(f"{test} fails without any change")
            missed += 1
    print(f"{len(mutants)} mutants, {missed} missed")
    return EXIT_FAIL if missed else EXIT_PASS
