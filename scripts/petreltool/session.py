# SPDX-License-Identifier: MIT
"""A program on the machine's console, with a person's terminal or a script at the other end of COM1."""
from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from . import lab, terminal
from .console import Terminal, raw_terminal
from .errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS
from .machine import MachineOptions
from .verdict import machine_failure

FOREVER = float(10 ** 9)
_END = b"\x1a\rexit\r"                 # of a script: for a program that reads it, and for the command interpreter


def run(base: MachineOptions, program: str, source: int, seconds: float = FOREVER) -> tuple[int, lab.Record]:
    """Runs the program, typed at from the descriptor and shown on standard output: its exit code when it is one that a Unix program
    can have, else 1, and what the machine said. A person who leaves with Ctrl+] gets 0."""
    options = replace(base, options=[*base.options, f"shell={program}"], interactive=True)
    shown = Terminal(source, sys.stdout.fileno(), _END)
    sys.stdout.flush()
    if os.isatty(source):
        terminal.say("petrel: Ctrl+] leaves")
    with raw_terminal(source):
        record = lab.run(options, lab.Limits(driver=FOREVER, whole=seconds), shown)
    return _status(program, record, shown.left), record


def _status(program: str, record: lab.Record, left: bool) -> int:
    ended = [event for event in record.named("program") if event.get("step") == "end"]
    if left:
        return EXIT_PASS
    if not ended:
        terminal.say(f"petrel: {machine_failure(record) or 'the time limit passed'}")
        return EXIT_MACHINERY if machine_failure(record) else EXIT_FAIL
    if ended[-1].get("status") != "0x00000000":
        terminal.say(f"petrel: {program} could not be started: {ended[-1].get('status')}")
        return EXIT_FAIL
    code = int(ended[-1].get("exit"))
    return code if 0 <= code <= 255 else EXIT_FAIL


def run_script(base: MachineOptions, script: Path, seconds: float) -> tuple[int, lab.Record]:
    """Types the file's lines at the command interpreter."""
    with open(script, "rb") as source:
        return run(base, "cmd", source.fileno(), seconds)
