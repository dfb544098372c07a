# SPDX-License-Identifier: MIT
"""The report: one JSON object (schema/petrel-report-1.schema.json), built from what machines said and what the host knows."""
from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import VERSION, inspection, names, peheader
from .errors import PetrelError, UsageError
from .events import Event
from .exports import TRAP, Exports
from .lab import Record
from .names import status
from .paths import ROOT
from .symbols import Symbolizer
from .verdict import Verdict, machine_failure

SCHEMA = "petrel-report/1"


@dataclass
class Subject:
    """A driver that was asked for: its name in the machine, its file, and its image when the headers could be read."""
    name: str
    path: Path
    image: peheader.Image | None = None
    seconds: float | None = None
    verdict: Verdict = field(default_factory=lambda: Verdict("error", "not run"))
    exit_status: int | None = None          # when the verdict alone does not decide it


def commit() -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _own(record: Record, name: str, file: str) -> list[Event]:
    return [event for event in record.named(name) if event.file == file]


def _step(record: Record, file: str, step: str) -> Event | None:
    found = [event for event in _own(record, "driver", file) if event.get("step") == step]
    return found[-1] if found else None


def _step_status(record: Record, file: str, step: str) -> dict[str, Any] | None:
    event = _step(record, file, step)
    return status(event.get("status")) if event else None


def _pick(event: Event, *keys: str) -> dict[str, Any]:
    return {key: event.get(key) for key in keys}


def _imports(subject: Subject, record: Record, known: Exports | None) -> dict[str, Any] | None:
    """The machine's own count; which names are partial or missing is in the kernel's status file."""
    if subject.image is None:
        return None
    event = _step(record, subject.name, "load")
    said = event.get("imports") if event else None
    try:
        found = inspection.driver_imports(subject.image, known) if known else []
    except peheader.BadImage:
        found = []
    numbers: dict[str, Any] = inspection.count(found) if known else dict.fromkeys(("total", "resolved", "partial", "trapped"))
    if isinstance(said, dict):
        numbers.update({key: said[key] for key in ("total", "resolved", "trapped") if isinstance(said.get(key), int)})
    numbers["missing"] = [f"{item.module}!{item.name}" for item in found if item.answer.state == TRAP]
    return numbers


def _trap(event: Event, symbols: Symbolizer) -> dict[str, Any]:
    return _pick(event, "module", "name", "kind", "cpu", "irql") | {"stack": symbols.resolve(event.get("stack"))}


def _bugcheck(event: Event, symbols: Symbolizer) -> dict[str, Any]:
    code = f"0x{int(event.get('code'), 16):08x}"
    return {"code": code, "name": event.get("name") or names.bugcheck_name(code), "params": event.get("params"),
            "cpu": event.get("cpu"), "irql": event.get("irql"), "stack": symbols.resolve(event.get("stack"))}


def _calls(record: Record, file: str) -> list[dict[str, Any]] | None:
    calls = _own(record, "call", file)
    return [_pick(event, "module", "name", "count", "max_irql") for event in calls] if calls else None


def driver(subject: Subject, record: Record, symbols: Symbolizer, known: Exports | None) -> dict[str, Any]:
    """One driver of the report."""
    file, data = subject.name, subject.image.data if subject.image else None
    traps = _own(record, "trap", file)
    bugchecks = [event for event in record.named("bugcheck") if event.file in (file, None)] \
        if subject.verdict.verdict == "crash" else []
    return {
        "file": file, "path": str(subject.path),
        "sha256": hashlib.sha256(data).hexdigest() if data is not None else None,
        "signature": {"embedded": subject.image.has_signature, "verified": None} if subject.image else None,
        "imports": _imports(subject, record, known),
        "load_status": _step_status(record, file, "load"), "entry_status": _step_status(record, file, "entry"),
        "add_device_status": _step_status(record, file, "adddevice"), "start_status": _step_status(record, file, "start"),
        "remove_status": _step_status(record, file, "remove"),
        "devices": [_pick(event, "name", "type", "characteristics", "flags") for event in _own(record, "device", file)],
        "symlinks": [_pick(event, "name", "target") for event in _own(record, "symlink", file)],
        "dispatch": [{"major": event.get("major"), "frame": symbols.resolve([event.get("frame")])[0]}
                     for event in _own(record, "dispatch", file)],
        "requests": [_pick(event, "device", "major", "minor", "information") | {"status": status(event.get("status"))}
                     for event in _own(record, "request", file)],
        "calls": _calls(record, file),
        "error_log": [_pick(event, "driver", "code", "unique", "major", "control", "retries", "sequence", "dump", "strings")
                      | {"status": status(event.get("status"))} for event in _own(record, "errorlog", file)],
        "trap": _trap(traps[0], symbols) if traps else None,
        "bugcheck": _bugcheck(bugchecks[-1], symbols) if bugchecks else None,
        "hang": [_pick(event, "cpu", "irql") | {"stack": symbols.resolve(event.get("stack"))}
                 for event in record.named("hang")] if subject.verdict.verdict == "timeout" else [],
        "leaks": None, "findings": None,            # not looked for yet; null says so, [] would say "none"
        "unload_status": _step_status(record, file, "unload"),
        "verdict": subject.verdict.verdict, "why": subject.verdict.why,
    }


def log(record: Record, file: str | None) -> list[dict[str, Any]]:
    """What the machine said in words, and what could not be read as an event."""
    spoken = [{"file": file, "level": event.get("level"), "text": event.get("text")} for event in record.named("log")]
    return spoken + [{"file": file, "level": "unreadable", "text": line} for line in record.garbage[:200]]


def self_tests(record: Record, why: str | None) -> dict[str, Any]:
    results = record.named("test")
    summary = (record.named("tests") or [Event("tests", {})])[-1]
    counted = {kind: sum(event.get("result") == kind for event in results) for kind in ("pass", "fail", "skip")}
    return {"passed": summary.get("passed", counted["pass"]), "failed": summary.get("failed", counted["fail"]),
            "skipped": summary.get("skipped", counted["skip"]), "why": why or "",
            "verdict": "pass" if why is None else "error" if machine_failure(record) else "fail",
            "failures": [_pick(event, "name", "why") for event in results if event.get("result") not in ("pass", "skip")]}


def boot(record: Record, tests: dict[str, Any] | None) -> dict[str, Any]:
    start = (record.named("start") or [Event("start", {})])[-1]
    loader = start.get("loader_ns")
    return {"self_tests": tests, "times": {"loader": {"ns": loader, "clock": "guest"}} if isinstance(loader, int) else {},
            **_pick(start, "version", "commit", "build", "abi", "entropy")}


def assemble(*, machine: dict[str, Any], options: dict[str, Any], seed: int | None, boot_part: dict[str, Any], programs: list[dict[str, Any]],
             drivers: list[dict[str, Any]], run: dict[str, Any], words: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schema": SCHEMA, "petrel": {"version": VERSION, "commit": commit()}, "machine": machine, "options": options,
            "seed": seed, "boot": boot_part, "drivers": drivers, "programs": programs, "log": words, "run": run}


def write(report: dict[str, Any], path: Path) -> None:
    save(json.dumps(report, indent=2, ensure_ascii=False) + "\n", path)


def save(text: str, path: Path) -> None:
    """One form of the report."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: the report cannot be written: {error.strerror}") from error


def known_exports() -> Exports | None:
    """The kernel's status file, or None in a tree that has none yet."""
    from . import exports
    try:
        return exports.load()
    except PetrelError:
        return None
