# SPDX-License-Identifier: MIT
"""The soak: machines with the stress driver, one after another, each with a seed of its own, up to the first finding.

The driver takes its seed, and how many rounds it goes, from its service's key.
"""
from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

from . import lab, report, show
from .build import build
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError, UsageError
from .image import make_image
from .machine import MachineOptions
from .paths import Tree
from .report import Subject
from .running import for_drivers, read_subject
from .symbols import Symbolizer
from .verdict import judge

_LIMITS = lab.Limits(driver=60.0, whole=160.0)
_SEEDS = 1 << 31


def _options(seed: int, rounds: int | None) -> list[str]:
    values = {"Seed": seed} if rounds is None else {"Seed": seed, "Rounds": rounds}
    return [f"service-value=Parameters\\{name}=dword:{value}" for name, value in values.items()]


def _machine(driver: Path, base: MachineOptions) -> tuple[Subject, lab.Record]:
    subject = read_subject(driver)
    if subject.image is None:
        raise MachineryError(f"{driver}: {subject.verdict.why}")
    record = lab.run(for_drivers(base, [subject]), _LIMITS)
    subject.verdict, subject.seconds = judge(record, subject.name), record.seconds
    return subject, record


def _show_finding(preset: str, subject: Subject, record: lab.Record) -> None:
    show.driver(report.driver(subject, record, Symbolizer(Tree(preset), {subject.name: subject.path}), report.known_exports()))
    show.ends_of_channels(record)


def _soak(arguments: argparse.Namespace) -> tuple[int, bool]:
    """How many machines ran, and whether all passed."""
    seeds = random.Random(arguments.seed)
    disk, driver = make_image(arguments.preset), Tree(arguments.preset).test_drivers / arguments.toolchain / "stress.sys"
    deadline = time.monotonic() + arguments.minutes * 60.0
    number = 0
    while number == 0 or time.monotonic() < deadline:
        number += 1
        seed = seeds.randrange(1, _SEEDS)
        subject, record = _machine(driver, MachineOptions(disk=disk, cpus=arguments.cpus, options=_options(seed, arguments.rounds)))
        print(f"machine {number}: seed {seed}, {record.seconds:.1f} s: {subject.verdict.verdict} {subject.verdict.why}".rstrip(),
              flush=True)
        if subject.verdict.verdict != "pass":
            _show_finding(arguments.preset, subject, record)
            return number, False
    return number, True


def command(arguments: argparse.Namespace) -> int:
    if arguments.minutes < 0:
        raise UsageError("--minutes must not be below 0")
    if arguments.rounds is not None and arguments.rounds < 1:
        raise UsageError("--rounds must be above 0")
    build(arguments.preset)
    if arguments.seed is None:
        arguments.seed = random.SystemRandom().randrange(_SEEDS)
    print(f"stress: seed {arguments.seed}, {arguments.cpus} processors, {arguments.preset}, commit {report.commit()}", flush=True)
    begin = time.monotonic()
    machines, passed = _soak(arguments)
    minutes = (time.monotonic() - begin) / 60.0
    print(f"{machines} machines in {minutes:.1f} minutes at commit {report.commit()}: {'all passed' if passed else 'the last failed'}")
    return EXIT_PASS if passed else EXIT_FAIL
