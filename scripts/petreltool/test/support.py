# SPDX-License-Identifier: MIT
"""What several tests need: machines that are the fake one, and the command line in a process of its own."""
from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from petreltool import cli, lab, process, running
from petreltool.machine import MachineOptions

from . import samples

FAKE = Path(__file__).with_name("fakemachine.py")
SCRIPTS = Path(__file__).resolve().parent.parent.parent
SHORT = lab.Limits(driver=1.0, whole=4.0, hang=1.0)


def fake_options(scenario: str, drivers: tuple[str, ...] = ("one.sys",)) -> MachineOptions:
    lines = [f"test={number}:{name}" for number, name in enumerate(drivers)]
    return MachineOptions(disk=Path("/dev/null"), options=[f"scenario={scenario}", *lines], qemu=str(FAKE))


def fake_run(scenario: str, drivers: tuple[str, ...] = ("one.sys",), limits: lab.Limits = SHORT) -> lab.Record:
    process.allow_children()                    # a command that ran before in this process has ended
    with mock.patch("petreltool.firmware.arguments", return_value=[]):
        return lab.run(fake_options(scenario, drivers), limits)


class FolderCase(unittest.TestCase):
    """A test with an empty folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="petrel-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name: str, data: bytes | None = None) -> Path:
        path = self.folder / name
        path.write_bytes(samples.driver() if data is None else data)
        return path


class CommandCase(FolderCase):
    """Runs the command line in this process, with the fake machine behind `run`."""

    scenario = "by_name"

    def petrel(self, *arguments: str | Path) -> tuple[int, str, str]:
        output, errors = io.StringIO(), io.StringIO()

        def prepare(plan: running.Plan) -> MachineOptions:
            return MachineOptions(disk=Path("/dev/null"), options=[f"scenario={self.scenario}"], qemu=str(FAKE))

        with (mock.patch("petreltool.running._prepare", prepare), mock.patch("petreltool.firmware.arguments", return_value=[]),
              mock.patch("petreltool.running.settings.FILE", "no-such-file.toml"), redirect_stdout(output), redirect_stderr(errors)):
            try:
                status = cli.main([str(argument) for argument in arguments])
            except SystemExit as ended:             # argparse
                status = int(ended.code or 0)
        return status, output.getvalue(), errors.getvalue()

    def report(self, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
        target = self.folder / "report.json"
        status, _, _ = self.petrel("run", *arguments, "--json", target)
        return status, json.loads(target.read_text(encoding="utf-8"))


def start_tool(code: str, temporary: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """The tool in a process of its own, for signals; `code` runs its main; `temporary` takes its temporary folders."""
    program = f"import sys\nfrom pathlib import Path\nfrom unittest import mock\nfrom petreltool import cli\n{code}\n"
    return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env={**os.environ, "PYTHONPATH": str(SCRIPTS), "PYTHONFAULTHANDLER": "1",
                                       "TMPDIR": str(temporary)})
