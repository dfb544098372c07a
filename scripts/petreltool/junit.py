# SPDX-License-Identifier: MIT
"""The report as JUnit's XML, which CI systems show: a suite for each kind of case."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from .cases import BROKEN, SKIPPED, Case, cases

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    """Characters that XML cannot hold come from drivers' names and words."""
    return _NOT_XML.sub("\ufffd", text)


def _add_case(suite: ET.Element, case: Case) -> None:
    element = ET.SubElement(suite, "testcase", {"classname": f"petrel.{case.kind}", "name": _clean(case.name)})
    if case.seconds is not None:
        element.set("time", f"{case.seconds:.3f}")
    if case.verdict == SKIPPED:
        ET.SubElement(element, "skipped", {"message": _clean(case.why)})
    elif case.failed:
        made = ET.SubElement(element, "error" if case.verdict == BROKEN else "failure",
                             {"type": _clean(case.verdict), "message": _clean(case.why)})
        made.text = _clean(case.details or case.why)


def _add_suite(root: ET.Element, kind: str, found: list[Case]) -> None:
    broken = sum(case.verdict == BROKEN for case in found)
    counts = {"tests": len(found), "errors": broken, "failures": sum(case.failed for case in found) - broken,
              "skipped": sum(case.verdict == SKIPPED for case in found)}
    suite = ET.SubElement(root, "testsuite", {"name": f"petrel {kind}", **{name: str(number) for name, number in counts.items()}})
    suite.set("time", f"{sum(case.seconds or 0 for case in found):.3f}")
    for case in found:
        _add_case(suite, case)


def make(report: dict[str, Any]) -> str:
    root = ET.Element("testsuites", {"name": "petrel", "time": f"{report['run'].get('seconds', 0):.3f}"})
    found = cases(report)
    for kind in dict.fromkeys(case.kind for case in found):
        _add_suite(root, kind, [case for case in found if case.kind == kind])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
