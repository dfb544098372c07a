# SPDX-License-Identifier: MIT
"""What a machine's record means for each driver in it.

The machine's word is taken only as far as the evidence goes: a `pass` counts when nothing broke afterwards and QEMU's exit status
agrees; a machine that died while a driver ran is a crash; one that never reached the driver says nothing about it, an `error`.
"""
from __future__ import annotations

from dataclasses import dataclass

from .errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS
from .events import Event
from .lab import Record
from .machine import STATUS_BUGCHECK, STATUS_FAIL, STATUS_LOADER, STATUS_PASS
from .names import bugcheck_name

VERDICTS = ("pass", "fail", "trap", "crash", "timeout", "refused", "skipped", "error")
_FROM_MACHINE = ("pass", "fail", "trap", "crash", "timeout", "refused")
_EXIT = {"pass": EXIT_PASS, "skipped": EXIT_PASS, "error": EXIT_MACHINERY}
_KNOWN_STATUSES = (STATUS_PASS, STATUS_FAIL, STATUS_BUGCHECK, STATUS_LOADER)


@dataclass(frozen=True)
class Verdict:
    verdict: str
    why: str

    @property
    def exit_status(self) -> int:
        return _EXIT.get(self.verdict, EXIT_FAIL)


def _own(record: Record, name: str, file: str) -> list[Event]:
    return [event for event in record.named(name) if event.file == file]


def _describe_bugcheck(event: Event) -> str:
    code = f"0x{int(event.get('code'), 16):08X}"
    name = event.get("name") or bugcheck_name(code)
    return f"bug check {code} {name}" if name else f"bug check {code}"


def machine_failure(record: Record) -> str | None:
    """Why the machine itself did not work, whatever the drivers; None when it did."""
    status = record.exit_status
    if status == STATUS_LOADER:
        return "the loader gave up: " + (_last_line(record.console) or "no word on COM1")
    if status is None and not record.named("start"):
        return "the kernel did not start within the time limit"
    if status is not None and status not in (0, *_KNOWN_STATUSES):
        words = _last_line(record.emulator) or "no word from it"
        return f"QEMU was killed by signal {-status}" if status < 0 else f"QEMU ended with status {status}: {words}"
    if not record.named("start"):
        return "the kernel did not start: " + (_last_line(record.console) or "no word on COM1")
    return None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else ""


def judge(record: Record, file: str) -> Verdict:
    """The verdict on one driver of the machine."""
    begun = any(event.get("step") == "begin" for event in _own(record, "driver", file))
    emulator_failed = record.exit_status is not None and record.exit_status not in (0, *_KNOWN_STATUSES)
    if (emulator_failed or not begun) and (failure := machine_failure(record)):
        return Verdict("error", failure)
    if (broken := _broken(record, file, begun)) is not None:
        return broken
    said = _own(record, "verdict", file)
    if said:
        return _check_word(record, file, said[-1])
    if not begun:
        return _never_begun(record)
    return Verdict("crash", "the machine died without a word while the driver ran"
                   if not record.named("end") else "the machine ended without a verdict on the driver")


def _broken(record: Record, file: str, begun: bool) -> Verdict | None:
    """Traps, bug checks and time limits count more than what was said before them."""
    if traps := _own(record, "trap", file):
        trap = traps[0]
        return Verdict("trap", f"{trap.get('module')}!{trap.get('name')} is not there, and the driver used it")
    for event in record.named("bugcheck"):
        if event.file == file or (event.file is None and record_running(record) == file):
            return Verdict("crash", _describe_bugcheck(event))
        if event.file is None and not begun:
            return Verdict("error", f"the machine broke before the driver began: {_describe_bugcheck(event)}")
    if record.expired and record.running == file:
        return Verdict("timeout", "the driver did not come to an end within its time limit"
                       if record.expired == "driver" else "the machine did not come to an end within its time limit")
    return None


def record_running(record: Record) -> str | None:
    """The driver that was at work when the record ends: begun last and without a verdict."""
    running: str | None = None
    for event in record.events:
        if event.name == "driver" and event.get("step") == "begin":
            running = event.file
        elif event.name == "verdict" and event.file == running:
            running = None
    return running


def _check_word(record: Record, file: str, said: Event) -> Verdict:
    verdict, why = said.get("verdict"), str(said.get("why") or "")
    if verdict not in _FROM_MACHINE:
        return Verdict("fail", f"the machine gave a verdict that this tool does not know: {verdict}")
    if verdict == "pass" and (doubt := _doubt(record, file)):
        return Verdict("error", doubt)
    return Verdict(verdict, why)


def _doubt(record: Record, file: str) -> str | None:
    """Why a `pass` is not to be believed."""
    if bugchecks := record.named("bugcheck"):
        if record_running(record) is None:
            return f"the machine broke after the driver's verdict: {_describe_bugcheck(bugchecks[-1])}"
        return None                             # it broke under a later driver, whose verdict says so
    if record.exit_status == STATUS_PASS or record_running(record) is not None:
        return None
    others = [event for event in record.named("verdict") if event.file != file and event.get("verdict") != "pass"]
    tests = [event for event in record.named("tests") if event.get("failed")]
    if record.exit_status == STATUS_FAIL and (others or tests):
        return None
    if record.exit_status is None:
        return "the driver passed, but the machine did not end within its time limit"
    return f"the driver passed, but the machine ended with status {record.exit_status}"


def _never_begun(record: Record) -> Verdict:
    """Another driver in the same machine may be to blame; its own verdict says so."""
    if other := record_running(record):
        return Verdict("skipped", f"the machine ended with {other} before it reached this driver")
    if record.expired:
        return Verdict("error", "the machine did not reach the driver within its time limit")
    return Verdict("error", "the machine ended before it reached the driver")


def judge_self_tests(record: Record) -> str | None:
    """Why the self-tests of a machine did not pass; None when they did."""
    if failure := machine_failure(record):
        return failure
    if bugchecks := record.named("bugcheck"):
        return _describe_bugcheck(bugchecks[0])
    summaries = record.named("tests")
    if not summaries:
        last = record.named("test")
        after = f" after {last[-1].get('name')}" if last else ""
        return ("the self-tests did not end within the time limit" if record.expired else "the self-tests were cut short") + after
    failed = [str(event.get("name")) for event in record.named("test") if event.get("result") not in ("pass", "skip")]
    if summaries[-1].get("failed") or failed:
        return f"{summaries[-1].get('failed')} self-tests failed: {', '.join(failed)}"
    if not summaries[-1].get("passed"):
        return "no self-test ran"
    if record.exit_status != STATUS_PASS:
        return f"the self-tests passed, but the machine ended with status {record.exit_status}"
    return None
