# SPDX-License-Identifier: MIT
"""One entry of the boot ring: the kernel's self-tests in one machine."""
from __future__ import annotations

import argparse

from . import lab, report, show
from .errors import EXIT_FAIL, EXIT_PASS
from .image import make_image
from .machine import SELF_TEST_HARDWARE, MachineOptions
from .verdict import judge_self_tests

_WHOLE_LIMIT = 240.0            # four emulated processors on a busy host


def command(arguments: argparse.Namespace) -> int:
    """Runs as many machines as asked for, up to the first that fails."""
    for number in range(1, arguments.repeat + 1):
        if _one_machine(arguments) != EXIT_PASS:
            print(f"machine {number} of {arguments.repeat} failed")
            return EXIT_FAIL
    if arguments.repeat > 1:
        print(f"{arguments.repeat} of {arguments.repeat} machines passed")
    return EXIT_PASS


def _one_machine(arguments: argparse.Namespace) -> int:
    """Passes only when tests ran, none failed, no bug check came and the machine's exit status agrees."""
    only = [f"selftest-only={arguments.only}"] if arguments.only else []
    options = MachineOptions(disk=make_image(arguments.preset), cpus=arguments.cpus, firmware=arguments.firmware,
                             trimmed=arguments.firmware == "fast", options=["selftest=1", *only],
                             hardware=SELF_TEST_HARDWARE)
    record = lab.run(options, lab.Limits(whole=arguments.limit or _WHOLE_LIMIT))
    why = judge_self_tests(record)
    show.self_tests(report.self_tests(record, why))
    if why is None:
        return EXIT_PASS
    show.ends_of_channels(record)
    for event in record.events[-8:]:
        print(f"event {event.data}")
    for event in record.named("bugcheck") + record.named("hang") + record.named("thread"):
        print(event.data)
    return EXIT_FAIL
