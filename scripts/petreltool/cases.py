# SPDX-License-Identifier: MIT
"""The report as a list of cases, which every other form of it is made from: one for each driver, program and the self-tests."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import EXIT_PASS
from .symbols import Frame, frame_text, own_frame
from .verdict import Verdict

SKIPPED, BROKEN = "skipped", "error"


@dataclass(frozen=True)
class Case:
    kind: str                           # driver, program, self-tests
    name: str
    verdict: str                        # one that is not known is a failure
    why: str
    path: str | None = None             # of the file on the host
    seconds: float | None = None
    details: str = ""                   # what broke, line by line
    place: Frame | None = None          # where in the driver

    @property
    def exit_status(self) -> int:
        return Verdict(self.verdict, self.why).exit_status

    @property
    def failed(self) -> bool:
        return self.exit_status != EXIT_PASS


def _place(driver: dict[str, Any]) -> Frame | None:
    """The innermost frame that is the driver's own."""
    broken = driver.get("bugcheck") or driver.get("trap") or next(iter(driver.get("hang") or []), None)
    return own_frame(broken.get("stack") or [], driver["file"]) if broken else None


def _details(driver: dict[str, Any]) -> str:
    lines = []
    bugcheck, trap = driver.get("bugcheck"), driver.get("trap")
    if bugcheck:
        lines.append(f"bug check {bugcheck['code']} {bugcheck['name'] or ''} ({', '.join(bugcheck['params'])})".replace("  ", " "))
    if trap:
        lines.append(f"import {trap['module']}!{trap['name']} ({trap['kind']})")
    for broken in (bugcheck, trap, *(driver.get("hang") or [])):
        if broken:
            lines += [f"#{number} {frame_text(frame)}" for number, frame in enumerate(broken.get("stack") or [])]
    missing = (driver.get("imports") or {}).get("missing") or []
    return "\n".join(lines + [f"missing: {name}" for name in missing])


def _drivers(report: dict[str, Any]) -> Iterator[Case]:
    times = report["run"].get("drivers", {})
    for driver in report["drivers"]:
        yield Case("driver", driver["file"], driver["verdict"], driver["why"], driver.get("path"), times.get(driver["file"]),
                   _details(driver), _place(driver))


def _self_tests(report: dict[str, Any]) -> Iterator[Case]:
    tests = report["boot"].get("self_tests")
    if tests:
        details = "\n".join(f"{failure['name']}: {failure['why'] or ''}".rstrip(": ") for failure in tests.get("failures", []))
        yield Case("self-tests", "self-tests", tests["verdict"], tests["why"], details=details)


def cases(report: dict[str, Any]) -> list[Case]:
    programs = [Case("program", item["command"], item["verdict"], item["why"]) for item in report["programs"]]
    return [*_self_tests(report), *_drivers(report), *programs]
