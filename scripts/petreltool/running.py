# SPDX-License-Identifier: MIT
"""`run`: from the command line to machines, verdicts and reports."""
from __future__ import annotations

import argparse
from pathlib import Path

from . import lab, raw, setup
from .build import build
from .errors import UsageError
from .image import make_image
from .machine import MachineOptions, resolve_accelerator


def machine_options(arguments: argparse.Namespace) -> MachineOptions:
    preset = arguments.preset or "release"
    setup.ensure()
    build(preset)
    return MachineOptions(disk=make_image(preset), cpus=arguments.cpus or 1, memory=arguments.memory or 256,
                          accelerator=resolve_accelerator(arguments.accel or "tcg"), firmware=arguments.firmware or "fast",
                          options=list(arguments.option), extra=list(arguments.qemu_arg))


def command(arguments: argparse.Namespace) -> int:
    if not arguments.raw:
        raise UsageError("only --raw works yet")
    options = machine_options(arguments)
    for number, file in enumerate(arguments.files):
        options.files.append(Path(file))
        options.options.append(f"test={number}:{file.name}")
    return raw.run_raw(options, lab.Limits(driver=arguments.timeout or 20.0), arguments.keep)
