# SPDX-License-Identifier: MIT
"""`inspect`: what a driver's imports would get, without booting anything."""
from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import exports, peheader
from .errors import EXIT_FAIL, EXIT_PASS, EXIT_USAGE, UsageError, worst
from .exports import PARTIAL, RESOLVED, TRAP, Exports
from .terminal import paint, say


@dataclass(frozen=True)
class Import:
    module: str
    name: str
    answer: exports.Answer


def driver_imports(image: peheader.Image, known: Exports) -> list[Import]:
    return [Import(module, name, known.look_up(module, name)) for module, name in peheader.imports(image)]


def count(found: list[Import]) -> dict[str, int]:
    """As the report holds it: a partial import is resolved too."""
    states = Counter(item.answer.state for item in found)
    return {"total": len(found), "resolved": states[RESOLVED] + states[PARTIAL], "partial": states[PARTIAL],
            "trapped": states[TRAP]}


def _print_driver(path: Path, found: list[Import]) -> None:
    numbers = count(found)
    print(f"{paint(path.name, 'bold')}: {numbers['total']} imports, {numbers['resolved']} resolve, "
          f"{numbers['partial']} of them in part, {numbers['trapped']} trap")
    for state, colour in ((TRAP, "red"), (PARTIAL, "yellow")):
        for item in found:
            if item.answer.state == state:
                print(f"  {paint(state.ljust(8), colour)} {item.module}!{item.name}: {item.answer.why}")


def inspect_files(paths: list[Path]) -> int:
    """0 when every import of every driver resolves, 1 when one traps, 2 when a file is no driver."""
    known = exports.load()
    statuses = []
    for path in paths:
        try:
            found = driver_imports(peheader.read_driver(path), known)
        except peheader.BadImage as error:
            say(f"{path}: {error}")
            statuses.append(EXIT_USAGE)
            continue
        _print_driver(path, found)
        statuses.append(EXIT_FAIL if count(found)["trapped"] else EXIT_PASS)
    return worst(statuses)


def read_families(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Family to its imports; the column `imports` is "module:Name Name;module:Name"."""
    csv.field_size_limit(1 << 24)
    try:
        with open(path, newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    if not rows or not {"family", "imports"} <= set(rows[0]):
        raise UsageError(f"{path}: not a table with the columns family and imports")
    return {row["family"]: [(module, name) for part in (row["imports"] or "").split(";") if ":" in part
                            for module, names in (part.split(":", 1),) for name in names.split()] for row in rows}


def inspect_families(path: Path, wanted: int = 25) -> int:
    """How many families of real drivers would find all they import of the kernel and HAL, and what the others miss."""
    known = exports.load()
    whole = partly = 0
    missing: Counter[str] = Counter()
    families = {name: [item for item in imports if exports.is_kernel_module(item[0])]
                for name, imports in read_families(path).items()}
    families = {name: imports for name, imports in families.items() if imports}
    for imports in families.values():
        answers = {(module, name): known.look_up(module, name).state for module, name in imports}
        states = set(answers.values())
        whole += states == {RESOLVED}
        partly += TRAP not in states
        missing.update({f"{module}!{name}" for (module, name), state in answers.items() if state == TRAP})
    total = len(families) or 1
    print(f"{len(families)} families import from the kernel or HAL")
    print(f"  {whole:5} ({100 * whole / total:.1f} %) resolve with whole exports only")
    print(f"  {partly:5} ({100 * partly / total:.1f} %) resolve with partial ones too")
    if missing:
        print("most wanted of what is missing (families that import it):")
        for name, number in sorted(missing.items(), key=lambda item: (-item[1], item[0]))[:wanted]:
            print(f"  {number:5} {name}")
    return EXIT_PASS
