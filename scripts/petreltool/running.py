# SPDX-License-Identifier: MIT
"""`run`: from the command line to machines, verdicts and the report."""
from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import exports, fetch, lab, outputs, peheader, pool, programs, raw, report, session, settings, setup, show, terminal
from .build import build
from .errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS, EXIT_PAYLOAD, EXIT_USAGE, PayloadError, UsageError, worst
from .events import Event
from .image import make_image, make_user_image
from .lab import Limits, Record
from .machine import SELF_TEST_HARDWARE, Machine, MachineOptions, resolve_accelerator
from .paths import ROOT, Tree
from .report import Subject
from .symbols import Symbolizer
from .verdict import Verdict, judge, judge_self_tests, machine_failure

_WHOLE_LIMIT = 60.0
_DRIVER_LIMIT = 20.0
_MAXIMUM_JOBS = 64
_SCRIPT = ROOT / "scripts" / "demonstration.txt"
_SERVICE_VALUE = re.compile(r"[^=\n]+=(dword:(0x[0-9A-Fa-f]{1,8}|[0-9]{1,10})|sz:[^\n]*)")
_UNUSUAL = re.compile(r"[^A-Za-z0-9._ -]")


@dataclass
class Plan:
    """What one `run` was asked for, after petrel.toml and the checks of its options."""
    arguments: argparse.Namespace
    preset: str
    limits: Limits
    jobs: int
    tree: Tree
    subjects: list[Subject] = field(default_factory=list)
    known: exports.Exports | None = None
    base: MachineOptions | None = None
    parts: list[dict[str, Any]] = field(default_factory=list)       # drivers of the report, in the order asked for
    words: list[dict[str, Any]] = field(default_factory=list)
    boot: dict[str, Any] | None = None
    tests: dict[str, Any] | None = None
    programs: list[programs.Program] = field(default_factory=list)

    @property
    def good(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.image is not None]


def guest_name(path: Path) -> str:
    """The name a driver has in the machine: its file name, in the characters that the protocol carries."""
    return _UNUSUAL.sub("_", path.name) or "driver.sys"


def read_subject(path: Path) -> Subject:
    """Reads a driver's headers; one that is no driver gets its verdict here, without a machine."""
    subject = Subject(guest_name(path), path)
    try:
        subject.image = peheader.read_driver(path)
    except peheader.BadImage as error:
        terminal.say(f"{path}: {error}")
        subject.verdict, subject.exit_status = Verdict("refused", str(error)), EXIT_USAGE
    return subject


def _plan(arguments: argparse.Namespace) -> Plan:
    settings.apply(arguments, settings.load())
    timeout = arguments.timeout or _DRIVER_LIMIT
    if timeout <= 0 or (arguments.jobs is not None and not 1 <= arguments.jobs <= _MAXIMUM_JOBS):
        raise UsageError(f"--timeout must be above 0, and -j from 1 to {_MAXIMUM_JOBS}")
    if any("=" not in option or "\n" in option for option in arguments.option):
        raise UsageError("--option takes KEY=VALUE")
    if not all(_SERVICE_VALUE.fullmatch(value) for value in arguments.service_value):
        raise UsageError("--service-value takes NAME=dword:NUMBER or NAME=sz:TEXT")
    outputs.check(arguments)
    if arguments.qemu_arg and not arguments.raw:
        raise UsageError("--qemu-arg goes with --raw only")
    programs.check(arguments.commands)
    if not arguments.commands and (arguments.file or arguments.out or arguments.stdin is not None):
        raise UsageError("--file, --out and --stdin go with --exec")
    if arguments.script is not None and (arguments.commands or not arguments.script.is_file()):
        raise UsageError("--script takes a file, and does not go with --exec")
    preset = arguments.preset or "release"
    whole = max(_WHOLE_LIMIT, timeout + 40.0) + (timeout * len(arguments.files) if arguments.together else 0.0)
    return Plan(arguments, preset, Limits(driver=timeout, whole=whole), arguments.jobs or 1, Tree(preset))


def prepare_machine(arguments: argparse.Namespace, user: bool) -> MachineOptions:
    """Sets up, builds and makes the image as far as each is out of date; `user`: the one with programs."""
    preset = arguments.preset or "release"
    options = MachineOptions(disk=Tree(preset).disk, cpus=arguments.cpus or 1, memory=arguments.memory or 256,
                             accelerator=resolve_accelerator(arguments.accel or "tcg"),
                             firmware=arguments.firmware or "fast", screen=arguments.screen, window=arguments.screen)
    options.check()
    setup.ensure()
    build(preset)
    if user or arguments.user or arguments.system32 is not None:
        options.disk = make_user_image(preset, arguments.system32, arguments.offline, arguments.flavour)
    else:
        options.disk = make_image(preset)
    options.options = arguments.option + [f"service-value={value}" for value in arguments.service_value]
    if arguments.seed is not None:
        options.options.append(f"seed={arguments.seed}")
    return options


def _prepare(plan: Plan) -> MachineOptions:
    arguments = plan.arguments
    options = prepare_machine(arguments, user=bool(arguments.commands) or arguments.script is not None)
    options.extra = list(arguments.qemu_arg)
    if arguments.trace:
        options.options.append("trace=1")
    if arguments.allow_unsigned_callbacks:
        options.options.append("allow-unsigned-callbacks=1")
    plan.known = report.known_exports()
    return options


def for_drivers(base: MachineOptions, subjects: list[Subject], selftest: bool = False) -> MachineOptions:
    """The machine that loads these drivers, in this order."""
    lines = [f"selftest={int(selftest)}"] + [f"test={number}:{subject.name}" for number, subject in enumerate(subjects)]
    return replace(base, options=lines + base.options, files=[subject.path for subject in subjects],
                   hardware=SELF_TEST_HARDWARE if selftest else base.hardware)


def _watcher(name: str) -> lab.Watcher:
    def watch(_machine: Machine, events: list[Event]) -> None:
        for event in events:
            if event.name in ("driver", "test"):
                terminal.show(f"petrel: {name}: {event.get('step') or event.get('name')}")
    return watch


def _run_group(plan: Plan, group: list[Subject], number: int) -> Record:
    """One machine, and the verdicts of the drivers in it."""
    assert plan.base is not None
    name = group[0].name if len(group) == 1 else f"{len(group)} drivers"
    keep = plan.arguments.keep / f"{number:03}-{group[0].name}" if plan.arguments.keep else None
    terminal.show(f"petrel: {name}: booting")
    record = lab.run(for_drivers(plan.base, group), plan.limits, _watcher(name), keep)
    _judge(group, record)
    return record


def _describe(plan: Plan, group: list[Subject], record: Record) -> None:
    """Adds a machine's drivers to the report and shows them."""
    symbols = Symbolizer(plan.tree, {subject.name: subject.path for subject in group}, plan.arguments.symbols)
    terminal.clear()
    for subject in group:
        part = report.driver(subject, record, symbols, plan.known)
        plan.parts.append(part)
        show.driver(part)
        plan.words += report.log(record, subject.name)
        if subject.verdict.verdict == "error" and machine_failure(record):
            _show_last_words(record)
    if plan.boot is None and record.named("start"):
        plan.boot = report.boot(record, None)


def _show_last_words(record: Record) -> None:
    for channel, text in (("COM1", record.console), ("QEMU", record.emulator)):
        lines = dict.fromkeys(terminal.printable(line).strip() for line in text.splitlines())     # the loader says it twice
        for line in [line for line in lines if line][-8:]:
            terminal.say(f"{channel}| {line}")


def _groups(plan: Plan) -> list[list[Subject]]:
    if not plan.arguments.together:
        return [[subject] for subject in plan.good]
    names = [subject.name.lower() for subject in plan.good]
    if len(set(names)) != len(names):
        raise UsageError("--together: two of the drivers have the same file name")
    return [plan.good] if plan.good else []


def _run_all(plan: Plan) -> None:
    """Every machine, `jobs` at once; results appear in the order asked for."""
    groups = _groups(plan)
    records = pool.in_order(lambda numbered: _run_group(plan, *numbered), [(group, number) for number, group in enumerate(groups)],
                            plan.jobs)
    for group, record in zip(groups, records):
        _describe(plan, group, record)


def _run_programs(plan: Plan) -> Iterator[int]:
    """One machine with the drivers, if any, and the programs."""
    assert plan.base is not None
    arguments = plan.arguments
    plan.programs = [programs.Program(command, arguments.expect_exit) for command in arguments.commands]
    files, out = [programs.file_in(text) for text in arguments.file], [programs.file_out(text) for text in arguments.out]
    limits = replace(plan.limits, whole=plan.limits.whole + plan.limits.driver * len(plan.programs))
    keep = arguments.keep / "programs" if arguments.keep else None
    terminal.show("petrel: booting")
    options = for_drivers(plan.base, plan.good)
    with tempfile.TemporaryDirectory(prefix="petrel-input-") as folder:
        if arguments.stdin is not None:
            files.append(programs.file_for_input(arguments.stdin, Path(folder)))
            options.options.append(programs.input_option())
        record, problems = programs.run(options, plan.programs, limits, files, out, keep)
    _judge(plan.good, record)
    _describe(plan, plan.good, record)
    terminal.clear()
    for problem in problems:
        terminal.say(problem)
        yield EXIT_FAIL
    for item in plan.programs:
        if item.verdict != "pass":
            terminal.say(f"petrel: {item.command}: {item.verdict}: {item.why}")
        yield item.exit_status
    if any(item.verdict == "error" for item in plan.programs) and machine_failure(record):
        _show_last_words(record)


def _run_script(plan: Plan) -> int:
    """One machine with the drivers, if any, and a prompt that a file is typed at."""
    assert plan.base is not None
    code, record = session.run_script(for_drivers(plan.base, plan.good), plan.arguments.script, plan.limits.whole)
    _judge(plan.good, record)
    _describe(plan, plan.good, record)
    return EXIT_PASS if code == plan.arguments.expect_exit else EXIT_FAIL


def _judge(subjects: list[Subject], record: Record) -> None:
    for subject in subjects:
        subject.seconds, subject.verdict = record.seconds, judge(record, subject.name)


def _add_unreadable(plan: Plan) -> None:
    """Files that no machine saw belong in the report too."""
    nothing = Record()
    symbols = Symbolizer(None, {})
    for subject in plan.subjects:
        if subject.image is None:
            part = report.driver(subject, nothing, symbols, None)
            plan.parts.append(part)
            show.driver(part)


def _demonstrate(plan: Plan) -> Iterator[int]:
    """What `run` without arguments does before its drivers: the self-tests, and fetching the drivers."""
    assert plan.base is not None
    keep = plan.arguments.keep / "self-tests" if plan.arguments.keep else None
    terminal.show("petrel: self-tests: booting")
    record = lab.run(for_drivers(plan.base, [], selftest=True), plan.limits, _watcher("self-tests"), keep)
    why = judge_self_tests(record)
    plan.tests = report.self_tests(record, why)
    plan.boot = report.boot(record, plan.tests)
    plan.words += report.log(record, None)
    terminal.clear()
    show.self_tests(plan.tests)
    if why and machine_failure(record):
        _show_last_words(record)
        yield EXIT_MACHINERY
    elif why:
        yield EXIT_FAIL
    for payload in fetch.payloads():
        if payload.demonstrate:
            yield from _add_payload(plan, payload)


def _end_at_prompt(plan: Plan) -> int:
    """The demonstration's end: a prompt for a person, a short script where there is none."""
    try:
        base = prepare_machine(plan.arguments, user=True)
    except PayloadError as error:
        terminal.say(f"skipped: payload: {error}")
        return EXIT_PAYLOAD if plan.arguments.require_payloads else EXIT_PASS
    if terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stdout):
        session.run(base, "cmd", sys.stdin.fileno())            # what a person's last command returned is no verdict
        return EXIT_PASS
    return EXIT_PASS if session.run_script(base, _SCRIPT, plan.limits.whole)[0] == 0 else EXIT_FAIL


def _add_payload(plan: Plan, payload: fetch.Payload) -> Iterator[int]:
    try:
        plan.subjects.append(read_subject(fetch.get(payload, plan.arguments.offline)))
    except PayloadError as error:
        terminal.say(f"skipped: payload: {error}")
        plan.subjects.append(Subject(payload.save_as, Path(payload.save_as), None, None, Verdict("skipped", f"payload: {error}")))
        if plan.arguments.require_payloads:
            yield EXIT_PAYLOAD


def _whole_report(plan: Plan, seconds: float) -> dict[str, Any]:
    arguments = plan.arguments
    asked = {"together": arguments.together, "trace": arguments.trace, "timeout": plan.limits.driver, "preset": plan.preset,
             "option": arguments.option, "service_value": arguments.service_value}
    run = {"seconds": round(seconds, 3), "drivers": {subject.name: round(subject.seconds, 3) for subject in plan.subjects
                                                     if subject.seconds is not None}}
    return report.assemble(machine=plan.base.describe() if plan.base else {}, options=asked, seed=arguments.seed,
                           boot_part=plan.boot or {"self_tests": None, "times": {}}, drivers=plan.parts, run=run,
                           programs=[item.describe() for item in plan.programs],
                           words=plan.words)


def command(arguments: argparse.Namespace) -> int:
    begin = time.monotonic()
    plan = _plan(arguments)
    plan.subjects = [read_subject(Path(file)) for file in arguments.files]
    if arguments.raw:
        return _raw(plan)
    statuses: list[int] = []
    demonstration = not (arguments.files or arguments.commands or arguments.script)
    if plan.good or not arguments.files or arguments.commands or arguments.script:
        plan.base = _prepare(plan)
    if demonstration:
        statuses += _demonstrate(plan)
    if arguments.commands:
        statuses += _run_programs(plan)
    elif arguments.script is not None:
        statuses.append(_run_script(plan))
    else:
        _run_all(plan)
    _add_unreadable(plan)
    seconds = time.monotonic() - begin
    if plan.parts:
        show.summary(plan.parts, seconds)
    if outputs.are_wanted(arguments):
        outputs.write(_whole_report(plan, seconds), arguments)
    if demonstration:
        statuses.append(_end_at_prompt(plan))
    return worst(statuses + [subject.verdict.exit_status if subject.exit_status is None else subject.exit_status
                             for subject in plan.subjects])


def _raw(plan: Plan) -> int:
    if len(plan.good) != len(plan.subjects):
        return EXIT_USAGE
    options = for_drivers(_prepare(plan), plan.subjects)
    return raw.run_raw(options, plan.limits, plan.arguments.keep)
