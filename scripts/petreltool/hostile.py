# SPDX-License-Identifier: MIT
"""`verify hostile`: every system service with random and boundary arguments (tests/user/hostile.c), on a kernel that poisons its memory."""
from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import replace

from . import lab, programs, proof, report, usertests
from .errors import EXIT_FAIL, EXIT_PASS, PayloadError, UsageError
from .image import make_user_image
from .machine import MachineOptions
from .paths import Tree

_SECONDS = 1800                # unless others are asked for
_SLACK = 180.0                  # seconds for booting, the last child and the report


def _run(arguments: argparse.Namespace, seed: int) -> bool:
    test = usertests.Test(sources=["hostile.c"], drivers=["hostile"])
    options = usertests.with_drivers(MachineOptions(disk=make_user_image(arguments.preset, None, False), cpus=arguments.cpus, memory=512),
                                     test, arguments.preset)
    options = replace(options, options=[*options.options, "poison=1"])
    item = programs.Program(rf"C:\hostile.exe {seed} {arguments.seconds} {arguments.threads}")
    limit = arguments.seconds + _SLACK
    keep = Tree(arguments.preset).build / "hostile" / str(seed)
    record, _ = programs.run(options, [item], lab.Limits(driver=limit, whole=limit), usertests.files_of(test), keep=keep)
    wrong = [] if item.verdict == "pass" else [item.why]         # children end by exceptions as often as not
    wrong += [str(event.data) for name in ("bugcheck", "hang") for event in record.named(name)]
    for line in wrong:
        print(f"WRONG: {line}")
    if wrong:
        print(f"what the machine said: {keep}")
    else:
        shutil.rmtree(keep)
    return not wrong


def command(arguments: argparse.Namespace) -> int:
    if arguments.seconds is None:
        arguments.seconds = _SECONDS
    if min(arguments.seconds, arguments.cpus) < 1 or not 1 <= arguments.threads <= 16:
        raise UsageError("--seconds and --cpus must be above 0, --threads from 1 to 16")
    seed = proof.begin(arguments)
    print(f"hostile: seed {seed}, {arguments.seconds} s, {arguments.cpus} processors, {arguments.threads} threads, {arguments.preset}, "
          f"commit {report.commit()}", flush=True)
    begin = time.monotonic()
    try:
        passed = _run(arguments, seed)
    except PayloadError as error:
        print(f"skipped: payload: {error}")
        return usertests.EXIT_SKIPPED
    print(f"hostile: seed {seed}, {time.monotonic() - begin:.0f} s: {'passed' if passed else 'FAILED'}")
    return EXIT_PASS if passed else EXIT_FAIL
