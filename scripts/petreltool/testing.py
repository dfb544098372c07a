# SPDX-License-Identifier: MIT
"""`test`: builds everything, then lets ctest run the rings; its summary ends the output."""
from __future__ import annotations

import argparse
import os
import subprocess
import time

from . import image, process, report, setup
from .build import build, configure
from .errors import EXIT_FAIL, EXIT_PASS, PayloadError, UsageError
from .paths import PRESETS, Tree, program
from .terminal import say

RINGS = ("host", "boot", "drivers", "user")


def _selection(arguments: argparse.Namespace) -> list[str]:
    """ctest's options; the host ring is whatever carries no other ring's label, so that no native test is lost for want of one."""
    rings = {"all": [], "host": ["-LE", f"^({'|'.join(RINGS[1:])})$"]}
    return rings.get(arguments.ring, ["-L", f"^{arguments.ring}$"]) + (["-R", arguments.name] if arguments.name else [])


def _has_tests(build_folder: str, selection: list[str]) -> bool:
    listing = process.run_tool([program("ctest"), "--test-dir", build_folder, "-N", *selection])
    return "Total Tests: 0" not in listing


def _make_user_image() -> None:
    """Once, before the tests of the user ring want it all at once."""
    try:
        image.make_user_image("release", None, False)
    except PayloadError as error:
        say(f"the user ring will be skipped: {error}")


def _run(ctest: list[str], times: int) -> int:
    """So many rounds; the first that fails is the last."""
    for number in range(1, times + 1):
        begin = time.monotonic()
        done = subprocess.run(ctest, stdin=subprocess.DEVNULL, check=False)
        if times > 1:
            print(f"round {number} of {times}: {'passed' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - begin:.0f} s, "
                  f"commit {report.commit()}", flush=True)
        if done.returncode != 0:
            say("a test failed")
            return EXIT_FAIL
    return EXIT_PASS


def command(arguments: argparse.Namespace) -> int:
    if arguments.times < 1:
        raise UsageError("--times must be at least 1")
    setup.ensure()
    say("building what the tests need")
    if arguments.ring != "host":
        for preset in PRESETS:
            build(preset)
            image.make_image(preset)
    if arguments.ring in ("all", "user"):
        _make_user_image()
    configure("host")                   # the list of tests is made here: new rows of tables must be seen
    build("host")
    folder, selection = str(Tree("host").build), _selection(arguments)
    if not _has_tests(folder, selection):
        raise UsageError("no test matches" + (f" -k {arguments.name}" if arguments.name else f": the ring {arguments.ring} is empty"))
    jobs = arguments.jobs or os.cpu_count() or 1
    return _run([program("ctest"), "--test-dir", folder, "--output-on-failure", "-j", str(jobs), *selection], arguments.times)
