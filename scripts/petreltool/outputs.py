# SPDX-License-Identifier: MIT
"""Every form of the report that was asked for."""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import github, junit, report, sarif
from .errors import UsageError


def _paths(arguments: argparse.Namespace) -> list[Path]:
    return [path for path in (arguments.json, arguments.junit, arguments.sarif) if path is not None]


def check(arguments: argparse.Namespace) -> None:
    """Before anything runs for minutes."""
    for path in _paths(arguments):
        if not path.absolute().parent.is_dir():
            raise UsageError(f"{path}: its folder does not exist")


def are_wanted(arguments: argparse.Namespace) -> bool:
    return bool(_paths(arguments)) or github.is_there()


def write(whole: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json is not None:
        report.write(whole, arguments.json)
    if arguments.junit is not None:
        report.save(junit.make(whole), arguments.junit)
    if arguments.sarif is not None:
        report.save(sarif.make(whole), arguments.sarif)
    if github.is_there():
        github.tell(whole)
