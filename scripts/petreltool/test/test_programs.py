# SPDX-License-Identifier: MIT
"""Programs in the machine: paths, events and verdicts, without a machine."""
from __future__ import annotations

import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from petreltool import programs, usertests
from petreltool.errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS, UsageError
from petreltool.events import Event
from petreltool.programs import Program


def event(name: str, **data: object) -> Event:
    return Event(name, {"event": name, **data})


class Paths(unittest.TestCase):
    def test_guest_paths(self) -> None:
        self.assertEqual(programs.guest_path("a.txt"), "a.txt")
        self.assertEqual(programs.guest_path(r"C:\Windows\Temp\a b.txt"), "Windows/Temp/a b.txt")
        for bad in (r"D:\a", r"..\a", "C:\\", ""):
            with self.subTest(bad), self.assertRaises(UsageError):
                programs.guest_path(bad)

    def test_transfers(self) -> None:
        self.assertEqual(programs.file_in(f"{__file__}=x/y.py"), programs.Transfer(Path(__file__), "x/y.py"))
        self.assertEqual(programs.file_in(__file__).guest, Path(__file__).name)
        self.assertEqual(programs.file_out(r"a\b.txt"), programs.Transfer(Path("b.txt"), "a/b.txt"))
        with self.assertRaises(UsageError):
            programs.file_in("/nowhere/at/all")

    def test_standard_input(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            typed = mock.Mock(buffer=io.BytesIO(b"typed"))
            with mock.patch("petreltool.programs.sys.stdin", typed):
                transfer = programs.file_for_input("-", Path(folder))
            self.assertEqual((transfer.host.read_bytes(), transfer.guest), (b"typed", "petrel/stdin"))
        with self.assertRaises(UsageError):
            programs.file_for_input("no-such-file")
        self.assertEqual(programs.input_option(), r"stdin=\??\C:\petrel\stdin")

    def test_commands(self) -> None:
        programs.check(["cmd /c ver"])
        for bad in ("", " ", "a\nb", "é", "x" * 3000):
            with self.subTest(bad), self.assertRaises(UsageError):
                programs.check([bad])


class Events(unittest.TestCase):
    def listen(self, items: list[Program], *events: Event) -> None:
        programs._Listener(items, quiet=True)(mock.Mock(), list(events))

    def test_one_after_the_other(self) -> None:
        items = [Program("one"), Program("two", expected=7)]
        self.listen(items, event("program", command="one", step="begin"), event("output", stream="stdout", hex="410d0a"),
                    event("program", command="one", step="end", status="0x00000000", exit=0),
                    event("program", command="two", step="begin"), event("output", stream="stderr", hex="42"),
                    event("program", command="two", step="end", status="0x00000000", exit=6))
        self.assertEqual([item.verdict for item in items], ["pass", "fail"])
        self.assertEqual((items[0].text("stdout"), items[1].text("stderr")), ("A\r\n", "B"))
        self.assertEqual([item.exit_status for item in items], [EXIT_PASS, EXIT_FAIL])
        self.assertIn("6, not with 7", items[1].why)

    def test_what_never_ends_and_what_never_begins(self) -> None:
        items = [Program("one"), Program("two")]
        self.listen(items, event("program", command="one", step="begin"))
        self.assertEqual([item.verdict for item in items], ["timeout", "error"])
        self.assertEqual(items[1].exit_status, EXIT_MACHINERY)

    def test_what_cannot_be_started(self) -> None:
        items = [Program("none")]
        self.listen(items, event("program", command="none", step="begin"),
                    event("program", command="none", step="end", status="0xc0000034", exit=0))
        self.assertEqual((items[0].verdict, items[0].exit_code), ("fail", None))


class Masks(unittest.TestCase):
    def test_what_differs_is_masked(self) -> None:
        text = "\x1b[2J01/02/2026  03:04 PM    x\r\n 1,234 bytes free  \r\n"
        self.assertEqual(usertests.masked(text), "<date>    x\n <free>\n")

    def test_the_table_names_files_that_are_there(self) -> None:
        for name, test in usertests.load().items():
            for file in [*test.sources, *test.files, *([test.typed] if test.typed else [])]:
                self.assertTrue((usertests.FOLDER / file).exists(), f"{name}: {file}")
            self.assertTrue((usertests.FOLDER / "expected" / f"{name}.txt").exists(), name)
