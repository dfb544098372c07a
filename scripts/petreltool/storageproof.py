# SPDX-License-Identifier: MIT
"""`verify storage`: which proof, of how much, and from which seed."""
from __future__ import annotations

import argparse
import time

from . import crash, interchange, proof, report, traffic, volumefuzz
from .errors import EXIT_FAIL, EXIT_PASS, UsageError

_IMAGES = 1000
_SECONDS = 600                  # of traffic


def _check(arguments: argparse.Namespace) -> str:
    """Which proof."""
    wanted = [name for name in ("interchange", "crash", "traffic", "fuzz") if getattr(arguments, name) not in (None, False)]
    if len(wanted) != 1:
        raise UsageError("verify storage takes one of --interchange, --crash, --traffic and --fuzz")
    if arguments.files < 1 or arguments.bytes < 1024 * arguments.files or arguments.bytes >> 10 >= 1 << 32:
        raise UsageError("--files must be above 0, and --bytes at least 1024 for each")
    if any(number is not None and number < 1 for number in (arguments.images, arguments.fuzz, arguments.load)) or arguments.first < 0:
        raise UsageError("--images, --fuzz and --load must be above 0")
    if arguments.seconds is not None and arguments.seconds < 1:
        raise UsageError("--seconds must be above 0")
    if arguments.resume and arguments.seed is None:
        raise UsageError("--resume needs the --seed of the run that it goes on with")
    if arguments.seed is not None and not 0 <= arguments.seed < proof.SEEDS:
        raise UsageError(f"--seed must be from 0 to {proof.SEEDS - 1}")
    return wanted[0]


def _prove(what: str, arguments: argparse.Namespace, seed: int) -> bool:
    images = arguments.images or arguments.fuzz or _IMAGES
    if what == "interchange":
        return interchange.prove(arguments.preset, arguments.files, arguments.bytes, seed)
    if what == "crash":
        return crash.prove(arguments.preset, images, seed, arguments.load, arguments.without_flush, arguments.resume)
    if what == "traffic":
        return traffic.prove(arguments.preset, arguments.seconds if arguments.seconds is not None else _SECONDS, arguments.cpus, seed)
    return volumefuzz.prove(arguments.preset, images, seed, arguments.first)


def command(arguments: argparse.Namespace) -> int:
    what = _check(arguments)
    seed = proof.begin(arguments)
    print(f"storage {what}: seed {seed}, {arguments.preset}, commit {report.commit()}", flush=True)
    begin = time.monotonic()
    passed = _prove(what, arguments, seed)
    print(f"storage {what}: seed {seed}, {time.monotonic() - begin:.0f} s: {'passed' if passed else 'FAILED'}")
    return EXIT_PASS if passed else EXIT_FAIL
