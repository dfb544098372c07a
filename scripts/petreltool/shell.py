# SPDX-License-Identifier: MIT
"""`shell`: a prompt in the machine. The terminal is the machine's console; Ctrl+] leaves at once, `exit` as programs do."""
from __future__ import annotations

import argparse
import sys

from . import programs, session
from .errors import UsageError
from .running import prepare_machine


def command(arguments: argparse.Namespace) -> int:
    """The exit code of the program when it is one that a Unix program can have, else 1."""
    programs.check([arguments.program])
    if arguments.timeout is not None and arguments.timeout <= 0:
        raise UsageError("--timeout must be above 0")
    options = prepare_machine(arguments, user=True)
    return session.run(options, arguments.program, sys.stdin.fileno(), arguments.timeout or session.FOREVER)[0]
