# SPDX-License-Identifier: MIT
"""`report`: reports of several runs as one, shown and written as a run's own is."""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from . import outputs, report, show
from .cases import cases
from .errors import UsageError, worst

_OF_A_RUN = ("petrel", "machine", "options", "seed", "boot", "run")


def read(path: Path) -> dict[str, Any]:
    """A report of this schema; it may come from anywhere."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    except ValueError as error:
        raise UsageError(f"{path}: no JSON: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != report.SCHEMA:
        raise UsageError(f"{path}: no report of schema {report.SCHEMA}")
    for key, kind in (("drivers", list), ("programs", list), ("log", list), ("run", dict), ("boot", dict)):
        if not isinstance(found.get(key), kind):
            raise UsageError(f"{path}: a report without {key}")
    return found


def _self_tests(boots: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first that failed, else the first."""
    found = [boot["self_tests"] for boot in boots if boot.get("self_tests")]
    return next((tests for tests in found if tests.get("verdict") != "pass"), found[0] if found else None)


def merge(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Drivers, programs and words one after the other; what else each run said stands in `merged`."""
    first = parts[0]
    together = {key: [item for part in parts for item in part[key]] for key in ("drivers", "programs", "log")}
    times: dict[str, Any] = {}
    for part in parts:
        times.update(part["run"].get("drivers", {}))
    return {**first, **together, "boot": {**first["boot"], "self_tests": _self_tests([part["boot"] for part in parts])},
            "run": {"seconds": round(sum(part["run"].get("seconds", 0) for part in parts), 3), "drivers": times},
            "merged": [{key: part.get(key) for key in _OF_A_RUN} for part in parts]}


def command(arguments: argparse.Namespace) -> int:
    outputs.check(arguments)
    whole = merge([read(path) for path in arguments.files])
    if whole["boot"]["self_tests"]:
        show.self_tests(whole["boot"]["self_tests"])
    for driver in whole["drivers"]:
        show.driver(driver)
    show.summary(whole["drivers"], whole["run"]["seconds"])
    outputs.write(whole, arguments)
    return worst(case.exit_status for case in cases(whole))
