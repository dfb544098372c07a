# SPDX-License-Identifier: MIT
"""The soak: what each machine is asked for, and where it stops; the machines are fake."""
import io
import unittest
from argparse import Namespace
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from petreltool import lab, stress
from petreltool.errors import EXIT_FAIL, EXIT_PASS, MachineryError, UsageError
from petreltool.machine import MachineOptions
from petreltool.report import Subject
from petreltool.verdict import Verdict

from .support import FolderCase


def _asked(**changes: Any) -> Namespace:
    return Namespace(**{"preset": "debug", "toolchain": "clang", "cpus": 2, "minutes": 0.0, "seed": 7, "rounds": None, **changes})


class Soak(unittest.TestCase):
    """Each machine takes a minute of a clock that stands still otherwise."""

    def soak(self, verdicts: list[str], **changes: Any) -> tuple[int, list[MachineOptions], str]:
        seen: list[MachineOptions] = []
        clock = [0.0]

        def machine(_driver: Path, base: MachineOptions) -> tuple[Subject, lab.Record]:
            seen.append(base)
            clock[0] += 60.0
            verdict = verdicts[min(len(seen), len(verdicts)) - 1]
            return Subject("stress.sys", Path("stress.sys"), None, None, Verdict(verdict, "")), lab.Record(seconds=60.0)

        with (mock.patch.multiple(stress, build=lambda _: None, make_image=lambda _: Path("disk"), _machine=machine,
                                  _show_finding=lambda *_: print("FINDING")),
              mock.patch("petreltool.stress.time.monotonic", lambda: clock[0]), redirect_stdout(io.StringIO()) as output):
            status = stress.command(_asked(**changes))
        return status, seen, output.getvalue()

    def test_no_minutes_are_one_machine(self) -> None:
        status, seen, output = self.soak(["pass"])
        self.assertEqual((status, len(seen)), (EXIT_PASS, 1))
        self.assertIn("1 machines in 1.0 minutes", output)
        self.assertIn("all passed", output)

    def test_machines_start_until_the_time_is_over(self) -> None:
        self.assertEqual(len(self.soak(["pass"], minutes=3.0)[1]), 3)

    def test_it_stops_at_the_first_finding(self) -> None:
        status, seen, output = self.soak(["pass", "crash"], minutes=9.0)
        self.assertEqual((status, len(seen)), (EXIT_FAIL, 2))
        self.assertIn("FINDING", output)
        self.assertIn("the last failed", output)

    def test_seeds_follow_from_the_first_and_differ(self) -> None:
        first, again = (self.soak(["pass"], minutes=3.0)[1] for _ in range(2))
        self.assertEqual([base.options for base in first], [base.options for base in again])
        self.assertEqual(len({base.options[0] for base in first}), 3)
        self.assertNotEqual(first[0].options, self.soak(["pass"], seed=8)[1][0].options)

    def test_a_seed_is_chosen_and_told(self) -> None:
        _, _, output = self.soak(["pass"], seed=None)
        self.assertRegex(output, r"stress: seed \d+, 2 processors")

    def test_the_driver_gets_them_by_its_key(self) -> None:
        _, seen, output = self.soak(["pass"], rounds=50, cpus=4)
        self.assertRegex(seen[0].options[0], r"^service-value=Parameters\\Seed=dword:[1-9]\d*$")
        self.assertEqual(seen[0].options[1:], ["service-value=Parameters\\Rounds=dword:50"])
        self.assertEqual(seen[0].cpus, 4)
        self.assertIn(f"machine 1: seed {seen[0].options[0].rpartition(':')[2]}, 60.0 s: pass\n", output)

    def test_without_rounds_the_driver_has_its_own(self) -> None:
        self.assertEqual(len(self.soak(["pass"])[1][0].options), 1)

    def test_wrong_usage(self) -> None:
        for wrong in ({"minutes": -1.0}, {"rounds": 0}):
            with self.assertRaises(UsageError):
                stress.command(_asked(**wrong))


class ADriverThatIsNone(FolderCase):
    def test_is_the_machinerys_failure(self) -> None:
        with self.assertRaises(MachineryError):
            stress._machine(self.write("stress.sys", b"no driver"), MachineOptions(disk=Path("disk")))
