# SPDX-License-Identifier: MIT
"""The events that the machine writes to COM2 (docs/protocol.md), read as a hostile speaker's.

A line becomes an Event only when it is a JSON object with a known name and every field of the right kind; anything else is
kept as text. An event with an unknown name is kept too, as text, so that an older tool survives a newer kernel.
"""
from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAXIMUM_LINE = 64 * 1024
_FIRMWARE = re.compile("\x1b|BdsDxe:")       # the firmware uses every serial port as its console, until the first event

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _code(value: Any) -> bool:
    """A hex string such as "0xc0000005"."""
    if not isinstance(value, str) or not value.startswith("0x"):
        return False
    try:
        return 0 <= int(value[2:], 16) < 1 << 64
    except ValueError:
        return False


def _frame(value: Any) -> bool:
    return isinstance(value, dict) and _text_or_null(value.get("module", 0)) and _code(value.get("offset"))


def _stack(value: Any) -> bool:
    return isinstance(value, list) and all(_frame(frame) for frame in value)


def _codes(value: Any) -> bool:
    return isinstance(value, list) and all(_code(item) for item in value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(_text(item) for item in value)


FIELDS: dict[str, dict[str, Check]] = {
    "start": {"version": _text, "build": _text, "cpus": _integer, "memory_mib": _integer, "abi": _text},
    "module": {"name": _text, "base": _code, "size": _integer},
    "unmodule": {"name": _text},
    "test": {"name": _text, "result": _text},
    "tests": {"passed": _integer, "failed": _integer, "skipped": _integer},
    "driver": {"file": _text, "step": _text},
    "device": {"file": _text, "name": _text_or_null, "type": _integer},
    "symlink": {"file": _text, "name": _text, "target": _text},
    "dispatch": {"file": _text, "major": _text, "frame": _frame},
    "request": {"file": _text, "major": _text, "status": _code},
    "call": {"file": _text, "module": _text, "name": _text, "count": _integer},
    "trap": {"file": _text_or_null, "module": _text, "name": _text, "stack": _stack},
    "bugcheck": {"file": _text_or_null, "code": _code, "params": _codes, "stack": _stack},
    "thread": {"process": _text_or_null, "thread": _text, "state": _integer, "reason": _integer, "stack": _stack},
    "service": {"name": _text, "missed": _integer},
    "exception": {"process": _text, "code": _code, "address": _code},
    "program": {"command": _text, "step": _text},
    "output": {"stream": _text, "hex": _text},
    "hang": {"file": _text_or_null, "cpu": _integer, "stack": _stack},
    "verdict": {"file": _text, "verdict": _text},
    "bench_begins": {"name": _text},
    "bench": {"name": _text, "minimum": _integer, "median": _integer, "unit": _text},
    "errorlog": {"file": _text_or_null, "driver": _text, "code": _code, "status": _code, "dump": _codes, "strings": _texts},
    "log": {"level": _text, "text": _text},
    "end": {"status": _integer},
}

# Fields of a `driver` event by its step.
STEP_FIELDS: dict[str, dict[str, Check]] = {
    "begin": {},
    "load": {"status": _code},
    "entry": {"status": _code},
    "adddevice": {"status": _code},
    "start": {"status": _code},
    "remove": {"status": _code},
    "unload": {"status": _code},
}


@dataclass(frozen=True)
class Event:
    name: str
    data: dict[str, Any]

    def get(self, key: str, default: Any = None) -> Any:
        return self.data.get(key, default)

    @property
    def file(self) -> str | None:
        return self.data.get("file")


def _valid(data: dict[str, Any]) -> bool:
    name = data.get("event")
    wanted = FIELDS.get(name) if isinstance(name, str) else None
    if wanted is None or ("t" in data and not _integer(data["t"])):
        return False
    if name == "driver":
        step = STEP_FIELDS.get(data["step"]) if isinstance(data.get("step"), str) else None
        if step is None:
            return False
        wanted = {**wanted, **step}
    return all(key in data and check(data[key]) for key, check in wanted.items())


def parse_line(line: str) -> Event | None:
    """The event that a line holds, or None when it is anything else."""
    if len(line) > MAXIMUM_LINE:
        return None
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return Event(data["event"], data) if isinstance(data, dict) and _valid(data) else None


@dataclass
class EventTail:
    """Reads the file behind COM2 as it grows; a line may arrive in pieces."""
    path: Path
    garbage: list[str] = field(default_factory=list)
    _spoken: bool = False
    _offset: int = 0
    _rest: bytes = b""

    def read(self, final: bool = False) -> list[Event]:
        """Every event that has become complete since the last call; `final` ends the last line by force."""
        try:
            with open(self.path, "rb") as handle:
                handle.seek(self._offset)
                data = handle.read()
        except OSError:
            data = b""
        self._offset += len(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = b"" if final else lines.pop()
        if len(self._rest) > MAXIMUM_LINE:          # no line may be so long: give up on finding its end
            lines.append(self._rest)
            self._rest = b""
        return [event for line in lines if (event := self._decode(line)) is not None]

    def _decode(self, line: bytes) -> Event | None:
        text = line.decode("utf-8", errors="replace").strip("\r\0 ")
        event = parse_line(text)
        if event is None and '{"event"' in text:            # firmware text without a line end in front of it
            event = parse_line(text[text.rindex('{"event"'):])
        self._spoken = self._spoken or event is not None
        if event is None and text and (self._spoken or not _FIRMWARE.match(text)):
            self.garbage.append(text[:MAXIMUM_LINE])
        return event


def read_text(path: Path, limit: int = 1 << 20) -> str:
    """The last `limit` bytes of a channel's file as text; an absent file is empty."""
    try:
        with open(path, "rb") as handle:
            size = os.fstat(handle.fileno()).st_size
            handle.seek(max(0, size - limit))
            return handle.read(limit).decode("utf-8", errors="replace")
    except OSError:
        return ""
