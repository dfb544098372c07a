# SPDX-License-Identifier: MIT
"""`bench` and `verify mutants`: their tables, and what they make of a machine's answers."""
import io
import unittest
from contextlib import redirect_stdout
from unittest import mock

from petreltool import cli, figures, linemutants, userbench
from petreltool.errors import UsageError

from .support import FolderCase


def answers(*pairs: tuple[str, int]) -> dict[str, dict[str, int]]:
    return {name: {"minimum": value, "median": value} for name, value in pairs}


class Figures(unittest.TestCase):
    def bench(self, first: dict[str, dict[str, int]], second: dict[str, dict[str, int]]) -> tuple[int, str]:
        output = io.StringIO()
        with (mock.patch("petreltool.figures.setup.ensure"), mock.patch("petreltool.figures.build"),
              mock.patch("petreltool.figures._disks"), mock.patch("petreltool.figures._measure", side_effect=[first, second]),
              redirect_stdout(output)):
            return cli.main(["bench"]), output.getvalue()

    def test_targets_are_numbers(self) -> None:
        known = figures.targets()
        self.assertEqual((known["thread_switch"].stock, known["thread_switch"].limit), (939, 1.0))
        self.assertTrue(known["irp_null_ioctl"].met(951))
        self.assertFalse(known["irp_null_ioctl"].met(952))
        self.assertIsNone(known["pool_alloc_free_64"].met(10 ** 9))

    def test_good_figures(self) -> None:
        status, output = self.bench(answers(("thread_switch", 247)), answers(("thread_switch", 247)))
        self.assertEqual(status, 0)
        self.assertIn("two runs are identical", output)

    def test_a_slow_figure_fails(self) -> None:
        status, output = self.bench(answers(("thread_switch", 2000)), answers(("thread_switch", 2000)))
        self.assertEqual(status, 1)
        self.assertIn("TOO SLOW", output)

    def test_runs_that_differ_fail(self) -> None:
        status, output = self.bench(answers(("thread_switch", 247)), answers(("thread_switch", 248)))
        self.assertEqual(status, 1)
        self.assertIn("the second run differs", output)

    def test_a_name_that_is_none_is_said(self) -> None:
        with mock.patch("petreltool.figures.setup.ensure"), mock.patch("petreltool.figures.build"):
            self.assertEqual(cli.main(["bench", "no_such"]), 2)

    def test_a_program_tells_its_figures(self) -> None:
        self.assertEqual(userbench.figures("begin a\na 12 13\n"), {"a": {"minimum": 12, "median": 13}})

    def test_names_do_not_go_with_boot(self) -> None:
        self.assertEqual(cli.main(["bench", "--boot", "thread_switch"]), 2)


class LineMutants(FolderCase):
    def test_every_line_is_there_once(self) -> None:
        self.assertGreater(len(linemutants.read_table()), 10)

    def test_a_line_that_is_gone_is_said(self) -> None:
        table = self.folder / "mutants.toml"
        table.write_text('[[mutant]]\nabout = "x"\nfile = "kernel/ke/wait.c"\nline = "no such line"\nbroken = "y"\ntest = "ke"\n')
        with self.assertRaises(UsageError):
            linemutants.read_table(table)


if __name__ == "__main__":
    unittest.main()
