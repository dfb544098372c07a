# SPDX-License-Identifier: MIT
"""The report as SARIF 2.1.0, which code hosts show beside the source: a result for each driver that did not pass."""
from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from . import VERSION
from .cases import Case, cases

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {"fail": "A step failed that must succeed", "trap": "The driver called an import that Petrel does not have",
          "crash": "The driver brought the kernel down", "timeout": "The driver did not come back",
          "refused": "The image was not loaded", "error": "There is no answer about the driver"}


def _uri(path: str) -> str:
    return PurePath(path.replace("\\", "/")).as_posix()


def _location(case: Case) -> dict[str, Any]:
    """The source line where it is known, else the driver's file."""
    if case.place and case.place["file"]:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(case.place["file"])}}
        if case.place["line"]:
            physical["region"] = {"startLine": max(1, case.place["line"])}
        return {"physicalLocation": physical}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(case.path or case.name)}}}


def _result(case: Case) -> dict[str, Any]:
    text = f"{case.name}: {case.why}" + (f"\n{case.details}" if case.details else "")
    return {"ruleId": f"petrel/{case.verdict}", "level": "error", "message": {"text": text}, "locations": [_location(case)]}


def _rule(verdict: str) -> dict[str, Any]:
    return {"id": f"petrel/{verdict}", "shortDescription": {"text": _RULES.get(verdict, f"The verdict is {verdict}")}}


def make(report: dict[str, Any]) -> str:
    failed = [case for case in cases(report) if case.failed]
    driver = {"name": "Petrel", "version": VERSION, "rules": [_rule(verdict) for verdict in sorted({case.verdict for case in failed})]}
    run = {"tool": {"driver": driver}, "results": [_result(case) for case in failed]}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"
