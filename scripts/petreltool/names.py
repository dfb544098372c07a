# SPDX-License-Identifier: MIT
"""Names of NTSTATUS values and bug checks, from the DDK headers that the build uses anyway; without them, plain hex."""
from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HEADERS = Path("/usr/share/mingw-w64/include")
_STATUS = re.compile(r"#define\s+(STATUS_\w+)\s+\(\(NTSTATUS\)\s*(0x[0-9A-Fa-f]+)L?\)")
_BUGCHECK = re.compile(r"#define\s+([A-Z]\w+)\s+\(\(ULONG\)\s*(0x[0-9A-Fa-f]+)L?\)")

# Bug checks younger than the packaged header.
_NEWER_BUGCHECKS = {
    0x0A: "IRQL_NOT_LESS_OR_EQUAL", 0x19: "BAD_POOL_HEADER", 0x1E: "KMODE_EXCEPTION_NOT_HANDLED", 0x3B: "SYSTEM_SERVICE_EXCEPTION",
    0x50: "PAGE_FAULT_IN_NONPAGED_AREA", 0x7E: "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", 0x7F: "UNEXPECTED_KERNEL_MODE_TRAP",
    0xBE: "ATTEMPTED_WRITE_TO_READONLY_MEMORY", 0xC1: "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION", 0xC2: "BAD_POOL_CALLER",
    0xC4: "DRIVER_VERIFIER_DETECTED_VIOLATION", 0xC5: "DRIVER_CORRUPTED_EXPOOL", 0xC9: "DRIVER_VERIFIER_IOMANAGER_VIOLATION",
    0xCE: "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS", 0xD1: "DRIVER_IRQL_NOT_LESS_OR_EQUAL", 0xE2: "MANUALLY_INITIATED_CRASH",
    0xF7: "DRIVER_OVERRAN_STACK_BUFFER", 0xFC: "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY", 0x101: "CLOCK_WATCHDOG_TIMEOUT",
    0x109: "CRITICAL_STRUCTURE_CORRUPTION", 0x10D: "WDF_VIOLATION", 0x133: "DPC_WATCHDOG_VIOLATION",
    0x139: "KERNEL_SECURITY_CHECK_FAILURE", 0x13A: "KERNEL_MODE_HEAP_CORRUPTION", 0x1000007E: "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M",
}


def _parse(header: Path, pattern: re.Pattern[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    try:
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return found
    for name, value in pattern.findall(text):
        found.setdefault(int(value, 16), name)
    return found


@cache
def _statuses() -> dict[int, str]:
    return {0: "STATUS_SUCCESS"} | _parse(_HEADERS / "ntstatus.h", _STATUS)


@cache
def _bugchecks() -> dict[int, str]:
    return _parse(_HEADERS / "bugcodes.h", _BUGCHECK) | _NEWER_BUGCHECKS


def status_name(code: str) -> str | None:
    return _statuses().get(int(code, 16))


def bugcheck_name(code: str) -> str | None:
    return _bugchecks().get(int(code, 16))


def status(code: str) -> dict[str, str | None]:
    """A status as the report holds it."""
    return {"code": f"0x{int(code, 16):08x}", "name": status_name(code)}


def status_text(value: dict[str, str | None] | None) -> str:
    if value is None:
        return "-"
    return f"{value['name']} ({value['code']})" if value["name"] else str(value["code"])
