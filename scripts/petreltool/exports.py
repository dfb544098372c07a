# SPDX-License-Identifier: MIT
"""Reads kernel/exports/ntoskrnl.status: what each export of Petrel is worth.

One export a line, `NAME | state | signature | test`, `#` comments; `state` is `full`, `partial: what is missing` or `trap`. A name
with `hal!` in front is forwarded by hal.dll: it resolves for imports from both.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import MachineryError
from .paths import ROOT

STATUS_FILE = ROOT / "kernel" / "exports" / "ntoskrnl.status"
_KERNEL_MODULES = {"ntoskrnl", "ntkrnlmp", "ntkrnlpa"}
RESOLVED, PARTIAL, TRAP = "resolved", "partial", "trap"


@dataclass(frozen=True)
class Answer:
    """What an import gets: its state and, unless it is whole, why."""
    state: str
    why: str = ""


@dataclass(frozen=True)
class Exports:
    kernel: dict[str, Answer]
    hal: dict[str, Answer]

    def look_up(self, module: str, name: str) -> Answer:
        stem = module.lower().rsplit(".", 1)[0]
        if stem in _KERNEL_MODULES:
            return self.kernel.get(name, Answer(TRAP, "not exported"))
        if stem == "hal":
            return self.hal.get(name, Answer(TRAP, "not exported"))
        return Answer(TRAP, f"no {module} in Petrel")


def is_kernel_module(module: str) -> bool:
    """Whether the status file speaks for this module's exports."""
    return module.lower().rsplit(".", 1)[0] in _KERNEL_MODULES | {"hal"}


def parse(text: str) -> Exports:
    exports = Exports({}, {})
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) < 2 or not fields[0]:
            raise MachineryError(f"ntoskrnl.status, line {number}: not `NAME | state | signature | test`")
        name, answer = fields[0], _answer(fields[1], number)
        if name.startswith("hal!"):
            name = name.removeprefix("hal!")
            exports.hal[name] = answer
        exports.kernel[name] = answer
    return exports


def _answer(state: str, number: int) -> Answer:
    word, _, why = state.partition(":")
    match word.strip():
        case "full":
            return Answer(RESOLVED)
        case "partial":
            return Answer(PARTIAL, why.strip())
        case "trap":
            return Answer(TRAP, why.strip() or "not implemented")
    raise MachineryError(f"ntoskrnl.status, line {number}: the state `{word.strip()}` is none of full, partial, trap")


def load(path: Path = STATUS_FILE) -> Exports:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MachineryError(f"{path.name} cannot be read: {error.strerror}") from error
