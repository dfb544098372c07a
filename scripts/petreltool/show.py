# SPDX-License-Identifier: MIT
"""The report for people, on the terminal."""
from __future__ import annotations

from typing import Any

from .lab import Record
from .names import status_text
from .symbols import frame_text, own_frame
from .terminal import paint, printable

_COLOURS = {"pass": "green", "skipped": "yellow"}
_LABEL = 13


def _row(label: str, text: str) -> None:
    print(f"  {label.ljust(_LABEL)}{printable(text)}")


def _rows(label: str, texts: list[str]) -> None:
    for number, text in enumerate(texts):
        _row(label if number == 0 else "", text)


def ends_of_channels(record: Record, characters: int = 3000) -> None:
    """What the machine said last, for a test that failed."""
    for title, text in (("console (COM1)", record.console), ("debug text (0xE9)", record.debug)):
        print(f"--- end of {title}\n{text[-characters:]}")


def _request_rows(requests: list[dict[str, Any]]) -> list[str]:
    """A line for each kind of request and answer: the device, or how many there were."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for request in requests:
        kind = (request.get("minor") or request["major"], status_text(request["status"]))
        kinds.setdefault(kind, []).append(request["device"] or "")
    return [f"{what.ljust(38)} {status}" + (f"  {devices[0]}" if len(devices) == 1 and devices[0] else
                                            f"  {len(devices)} times" if len(devices) > 1 else "")
            for (what, status), devices in kinds.items()]


def _dispatch_rows(entries: list[dict[str, Any]]) -> list[str]:
    """One row for each routine; a routine that serves several kinds of request is named once."""
    by_routine: dict[str, list[str]] = {}
    for entry in entries:
        by_routine.setdefault(frame_text(entry["frame"]), []).append(entry["major"].removeprefix("IRP_MJ_"))
    rows = []
    for routine, majors in by_routine.items():
        shown = ", ".join(majors[:4]) + (f" and {len(majors) - 4} more" if len(majors) > 4 else "")
        rows.append(f"{routine}  serves {shown}")
    return rows


def _stack(label: str, stack: list[dict[str, Any]]) -> None:
    _rows(label, [f"#{number} {frame_text(frame)}" for number, frame in enumerate(stack)])


def _loading(driver: dict[str, Any]) -> None:
    numbers = driver["imports"]
    if numbers and numbers["total"] is not None:
        _row("imports", f"{numbers['total']}: {numbers['resolved']} resolved, {numbers['partial'] or 0} of them in part, "
                        f"{numbers['trapped']} trapped")
        _rows("missing", numbers["missing"])
    if driver["load_status"]:
        _row("load", status_text(driver["load_status"]))
    if driver["entry_status"]:
        _row("DriverEntry", status_text(driver["entry_status"]))
    for step, name in (("add_device_status", "AddDevice"), ("start_status", "start"), ("remove_status", "remove")):
        if driver.get(step):
            _row(name, status_text(driver[step]))


def _behaviour(driver: dict[str, Any]) -> None:
    links: dict[str, list[str]] = {}
    for link in driver["symlinks"]:
        links.setdefault(link["target"], []).append(link["name"])
    if driver["devices"]:
        _rows("devices", [f"{device['name'] or '(no name)'}" + "".join(f"  <- {link}" for link in links.pop(device["name"], []))
                          for device in driver["devices"]])
    _rows("links", [f"{name} -> {target}" for target, found in links.items() for name in found])
    _rows("dispatch", _dispatch_rows(driver["dispatch"]))
    _rows("requests", _request_rows(driver["requests"]))
    _rows("error log", [f"{entry['code']} {status_text(entry['status'])} {' '.join(entry['strings'])}".rstrip()
                        for entry in driver.get("error_log", [])])
    if driver["calls"]:
        _rows("calls", [f"{call['count']:8} {call['module']}!{call['name']} (IRQL at most {call['max_irql']})"
                        for call in driver["calls"]])
    if driver["unload_status"]:
        _row("unload", status_text(driver["unload_status"]))


def _failure(driver: dict[str, Any]) -> None:
    broken = driver["bugcheck"] or driver["trap"]
    if driver["bugcheck"]:
        _row("bug check", f"{driver['bugcheck']['code']} {driver['bugcheck']['name'] or ''}".rstrip())
        _row("parameters", " ".join(driver["bugcheck"]["params"]))
    if driver["trap"]:
        _row("import", f"{driver['trap']['module']}!{driver['trap']['name']} ({driver['trap']['kind']})")
    if broken:
        inside = own_frame(broken["stack"], driver["file"])
        if inside:
            _row("at", frame_text(inside))
        if broken["irql"] is not None:
            _row("processor", f"{broken['cpu']} at IRQL {broken['irql']}")
        _stack("stack", broken["stack"])
    for report in driver["hang"]:
        _stack(f"processor {report['cpu']}", report["stack"])


def driver(found: dict[str, Any]) -> None:
    verdict = found["verdict"]
    print(f"{paint(found['file'], 'bold')}  {paint(verdict.upper(), _COLOURS.get(verdict, 'red'))}")
    if found["why"]:
        _row("why", found["why"])
    _loading(found)
    _behaviour(found)
    _failure(found)
    print()


def self_tests(tests: dict[str, Any]) -> None:
    verdict = tests["verdict"]
    print(f"{paint('self-tests', 'bold')}  {paint(verdict.upper(), _COLOURS.get(verdict, 'red'))}")
    if tests["why"]:
        _row("why", tests["why"])
    _row("results", f"{tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped")
    _rows("failed", [f"{failure['name']}: {failure['why'] or ''}" for failure in tests["failures"]])
    print()


def summary(drivers: list[dict[str, Any]], seconds: float) -> None:
    if not drivers:
        return
    counts: dict[str, int] = {}
    for found in drivers:
        counts[found["verdict"]] = counts.get(found["verdict"], 0) + 1
    words = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    print(f"{len(drivers)} driver{'s' if len(drivers) != 1 else ''}: {words} ({seconds:.1f} s)")
