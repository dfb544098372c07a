# SPDX-License-Identifier: MIT
"""In GitHub Actions: what failed as annotations, and a table in the step's summary."""
from __future__ import annotations

import os
from typing import Any

from .cases import Case, cases
from .errors import UsageError


def is_there() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _escape(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def annotation(case: Case) -> str:
    place = case.place if case.place and case.place["file"] else None
    values = {"title": f"{case.name}: {case.verdict}"}
    if place:
        values["file"] = str(place["file"])
        if place["line"]:
            values["line"] = str(place["line"])
    properties = ",".join(f"{name}={_escape(value, ':,')}" for name, value in values.items())
    return f"::error {properties}::{_escape(case.why + (chr(10) + case.details if case.details else ''))}"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def summary(report: dict[str, Any]) -> str:
    lines = ["## Petrel", "", "| | | verdict | why |", "|---|---|---|---|"]
    lines += [f"| {case.kind} | {_cell(case.name)} | {'**' + case.verdict + '**' if case.failed else case.verdict} | {_cell(case.why)} |"
              for case in cases(report)]
    return "\n".join(lines) + "\n"


def tell(report: dict[str, Any]) -> None:
    for case in cases(report):
        if case.failed:
            print(annotation(case))
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8") as handle:
            handle.write(summary(report))
    except OSError as error:
        raise UsageError(f"GITHUB_STEP_SUMMARY: {path}: {error.strerror}") from error
