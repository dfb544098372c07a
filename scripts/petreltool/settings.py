# SPDX-License-Identifier: MIT
"""petrel.toml in the current folder: defaults for `run`, below what the command line says.

    [run]
    cpus = 2
    timeout = 30
    symbols = ["symbols"]
"""
from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

from .errors import UsageError
from .firmware import KINDS
from .machine import ACCELERATORS
from .paths import PRESETS

FILE = "petrel.toml"
_KINDS: dict[str, tuple[type, ...]] = {
    "cpus": (int,), "memory": (int,), "accel": (str,), "firmware": (str,), "preset": (str,), "timeout": (int, float),
    "jobs": (int,), "seed": (int,), "trace": (bool,), "symbols": (list,), "option": (list,),
}
_CHOICES = {"accel": ACCELERATORS, "firmware": KINDS, "preset": PRESETS}


def load(path: Path | None = None) -> dict[str, Any]:
    path = path or Path(FILE)
    if not path.is_file():
        return {}
    try:
        with open(path, "rb") as handle:
            table = tomllib.load(handle)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    for name in table:
        if name != "run":
            raise UsageError(f"{path}: no table [{name}] is known, only [run]")
    return _checked(table.get("run", {}), path)


def _checked(values: Any, path: Path) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise UsageError(f"{path}: run must be a table")
    for name, value in values.items():
        kinds = _KINDS.get(name)
        if kinds is None:
            raise UsageError(f"{path}: `{name}` is not known in [run]; known are {', '.join(sorted(_KINDS))}")
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise UsageError(f"{path}: `{name}` must be of type {kinds[-1].__name__}")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise UsageError(f"{path}: `{name}` must be one of {', '.join(_CHOICES[name])}")
    return values


def apply(arguments: argparse.Namespace, values: dict[str, Any], folder: Path = Path()) -> None:
    """Fills in what the command line left open."""
    for name, value in values.items():
        if name == "symbols":
            arguments.symbols = arguments.symbols or [folder / str(item) for item in value]
        elif not getattr(arguments, name):
            setattr(arguments, name, [str(item) for item in value] if isinstance(value, list) else value)
