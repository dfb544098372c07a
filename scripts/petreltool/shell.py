# SPDX-License-Identifier: MIT
"""`shell`: a program in the machine with a person's terminal, or a file, as its console."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import lab, programs, setup, terminal
from .build import build
from .console import Terminal, raw_terminal
from .errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS
from .events import Event
from .image import make_user_image
from .machine import Machine, MachineOptions, resolve_accelerator
from .verdict import machine_failure


_END = b"\x1a\rexit\r"                 # of a script: for a program that reads it, and for the command interpreter
_GREETING = b"Petrel "                   # how the kernel's first line begins; before it there is the firmware's


class _Shell:
    """Connects the console from the program's beginning on, and shows what the kernel said before."""

    def __init__(self, program: programs.Program) -> None:
        self.terminal = Terminal(sys.stdin.fileno(), sys.stdout.fileno(), _END)
        self._program = program
        self._before = b""
        self._runs = False

    def __call__(self, machine: Machine, events: list[Event]) -> None:
        assert machine.console is not None
        if not self._runs:
            self._before += machine.console.poll()
        for event in events:
            if event.name == "program" and event.get("step") == "begin":
                self._runs = True
                self.terminal.show(self._before[max(self._before.rfind(_GREETING), 0):])
            elif event.name == "program" and event.get("step") == "end":
                programs.judge(self._program, event)
        if self._runs:
            self.terminal(machine, [])


def command(arguments: argparse.Namespace) -> int:
    program = programs.Program(arguments.line, 0)
    programs.check([arguments.line])
    if not arguments.no_build:
        setup.ensure()
        build(arguments.preset)
    disk: Path = make_user_image(arguments.preset, arguments.system32, arguments.offline)
    options = MachineOptions(disk=disk, cpus=arguments.cpus, memory=arguments.memory, accelerator=resolve_accelerator(arguments.accel),
                             options=["selftest=0", f"shell={arguments.line}", *arguments.option], interactive=True)
    shell = _Shell(program)
    with raw_terminal(sys.stdin.fileno()):
        record = lab.run(options, lab.Limits(whole=arguments.timeout), shell)
    if shell.terminal.left:
        return EXIT_PASS
    if program.verdict not in ("pass", "fail"):
        terminal.say(machine_failure(record) or "the machine ended before the program")
        return EXIT_MACHINERY
    return EXIT_PASS if program.verdict == "pass" else program.exit_code or EXIT_FAIL
