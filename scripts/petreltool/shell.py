# SPDX-License-Identifier: MIT
"""`shell`: a prompt in the machine. The terminal is the machine's console; Ctrl+] leaves at once, `exit` as programs do."""
from __future__ import annotations

import argparse
import sys

from . import lab, programs, terminal
from .console import Terminal, raw_terminal
from .errors import EXIT_PASS, UsageError
from .events import Event
from .machine import Machine
from .running import prepare_machine
from .verdict import machine_failure

_FOREVER = float(10 ** 9)
_END = b"\x1a\rexit\r"                 # of a script: for a program that reads it, and for the command interpreter
_GREETING = b"Petrel "                  # how the kernel's first line begins; before it there is the firmware's


class _Shell:
    """Connects the console from the program's beginning on, and shows what the kernel said before; the firmware would eat a script."""

    def __init__(self, shown: Terminal) -> None:
        self._shown = shown
        self._before = b""
        self._begun = False

    def __call__(self, machine: Machine, events: list[Event]) -> None:
        assert machine.console is not None
        if not self._begun:
            self._before += machine.console.poll()
            self._begun = any(event.name == "program" for event in events)
            if not self._begun:
                return
            self._shown.show(self._before[max(self._before.rfind(_GREETING), 0):])
        self._shown(machine, events)



def command(arguments: argparse.Namespace) -> int:
    """The exit code of the program when it is one that a Unix program can have, else 1."""
    programs.check([arguments.program])
    if arguments.timeout is not None and arguments.timeout <= 0:
        raise UsageError("--timeout must be above 0")
    options = prepare_machine(arguments, user=True)
    options.options.append(f"shell={arguments.program}")
    options.interactive = True
    shown = Terminal(sys.stdin.fileno(), sys.stdout.fileno(), _END)
    if terminal.is_terminal(sys.stdin):
        terminal.say("petrel: Ctrl+] leaves")
    with raw_terminal(sys.stdin.fileno()):
        record = lab.run(options, lab.Limits(driver=_FOREVER, whole=arguments.timeout or _FOREVER), _Shell(shown))
    ended = [event for event in record.named("program") if event.get("step") == "end"]
    if shown.left:
        return EXIT_PASS
    if not ended:
        terminal.say(f"petrel: {machine_failure(record) or 'the time limit passed'}")
        return 1
    code = int(ended[-1].get("exit"))
    return code if 0 <= code <= 255 else 1
