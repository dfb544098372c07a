# SPDX-License-Identifier: MIT
"""The tables of the drivers ring, petrel.toml, names and the layer check."""
from pathlib import Path
from unittest import mock

import check_layers

from petreltool import drivertests, names, settings, setup
from petreltool.errors import MachineryError, UsageError
from petreltool.paths import ROOT

from .support import CommandCase, FolderCase

FRAME = {"module": "a.sys", "offset": "0x1", "function": "DriverEntry", "file": "a.c", "line": 3}
FOUND = {"verdict": "crash", "why": "bug check 0x0000001E", "bugcheck": {"code": "0x0000001e", "stack": [FRAME]}, "trap": None,
         "hang": [], "entry_status": None, "unload_status": None, "start_status": None, "remove_status": None, "error_log": [],
         "devices": [], "symlinks": [], "imports": {"trapped": 0},
         "requests": [{"major": "IRP_MJ_CREATE", "status": {"code": "0x00000000", "name": None}}]}


class DriverTable(FolderCase):
    def load(self, text: str) -> dict[str, tuple[drivertests.Expected, str]]:
        return drivertests.load((self.write("expected.toml", text.encode()),))

    def test_rows_become_tests(self) -> None:
        tests = self.load('[[driver]]\nfile="a"\nverdict="pass"\n[[driver]]\nfile="b"\ntoolchains=["gcc"]\nverdict="crash"\n'
                          '[[driver]]\npayload="x/Y"\nverdict="pass"\n')
        self.assertEqual(list(tests), ["a.clang", "a.gcc", "b.gcc", "payload.x.Y"])

    def test_wrong_rows(self) -> None:
        for row in ('verdict="pass"', 'file="a"\nverdict="nice"', 'file="a"\nverdict="pass"\ncolour=1', 'file="a"',
                    'file="a"\nverdict="pass"\ntoolchains=["msvc"]'):
            with self.subTest(row), self.assertRaises(MachineryError):
                self.load(f"[[driver]]\n{row}\n")

    def test_the_repository_s_tables(self) -> None:
        self.assertIn("payload.interception.KBDNT61A64", drivertests.load())

    def test_differences(self) -> None:
        right = drivertests.Expected(verdict="crash", file="a", code="0x1E", module="A.sys", function="DriverEntry", devices=0, trapped=0,
                                     why="0x0000001E", requests=["IRP_MJ_CREATE"])
        self.assertEqual(drivertests.differences(right, FOUND), [])
        wrong = drivertests.Expected(verdict="pass", file="a", code="0x50", module="b.sys", devices=1, trap="x!y", why="no",
                                     requests=["IRP_MJ_CLOSE"])
        self.assertEqual(len(drivertests.differences(wrong, FOUND)), 7)


class Settings(CommandCase):
    def load(self, text: str) -> dict[str, object]:
        return settings.load(self.write("petrel.toml", text.encode()))

    def test_good(self) -> None:
        self.assertEqual(self.load('[run]\ncpus = 2\ntimeout = 1.5\nsymbols = ["s"]\n'), {"cpus": 2, "timeout": 1.5, "symbols": ["s"]})
        self.assertEqual(settings.load(self.folder / "none.toml"), {})

    def test_bad(self) -> None:
        for text in ("x", "[walk]", "[run]\nbogus = 1", '[run]\ncpus = "2"', "[run]\ncpus = true", '[run]\naccel = "fast"'):
            with self.subTest(text), self.assertRaises(UsageError):
                self.load(text)

    def test_the_command_line_wins(self) -> None:
        arguments = mock.Mock(cpus=4, timeout=None, symbols=[])
        settings.apply(arguments, {"cpus": 2, "timeout": 7, "symbols": ["s"]}, Path("/x"))
        self.assertEqual((arguments.cpus, arguments.timeout, arguments.symbols), (4, 7, [Path("/x/s")]))


class Names(FolderCase):
    def test_status(self) -> None:
        self.assertEqual(names.status_text(names.status("0x0")), "STATUS_SUCCESS (0x00000000)")
        self.assertEqual(names.status_name("0xC0000005"), "STATUS_ACCESS_VIOLATION")
        self.assertEqual(names.status_text(names.status("0xdeadbeef")), "0xdeadbeef")
        self.assertEqual(names.bugcheck_name("0x0000001E"), "KMODE_EXCEPTION_NOT_HANDLED")
        self.assertEqual(names.bugcheck_name("0x139"), "KERNEL_SECURITY_CHECK_FAILURE")


class Setup(CommandCase):
    def test_without_root_it_prints_the_line(self) -> None:
        with mock.patch.object(setup, "missing_packages", return_value=["mtools"]), mock.patch("os.geteuid", return_value=1000):
            status, output, errors = self.petrel("setup")
        self.assertEqual(status, 3)
        self.assertEqual(output, "sudo apt-get install -y --no-install-recommends mtools\n")
        self.assertIn("not root", errors)


class LayerCheck(FolderCase):
    def check(self, files: dict[str, str]) -> list[str]:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        layers = check_layers.read_layers(self.folder, ROOT / "scripts" / "layers.txt")
        return [problem for name in files for problem in check_layers.check_file(layers, layers.root / name)]

    def test_rules(self) -> None:
        headers = {"kernel/include/ke.h": "", "kernel/include/io.h": "", "kernel/include/nt.h": "", "kernel/ke/ki.h": "",
                   "kernel/ke/test/help.h": ""}
        for file, include, right in (("kernel/io/a.c", "ke.h", True), ("kernel/ke/a.c", "io.h", False), ("kernel/ke/a.c", "ki.h", True),
                                     ("kernel/ke/a.c", "nt.h", True), ("kernel/io/a.c", "../ke/ki.h", False),
                                     ("kernel/ke/test/a.c", "../ki.h", True), ("kernel/ke/test/a.c", "io.h", True),
                                     ("kernel/new/a.c", "nt.h", False), ("drivers/a.c", "ke.h", False), ("kernel/include/ke.h", "io.h", False)):
            with self.subTest(file=file, include=include):
                problems = self.check({**headers, file: f'#include "{include}"\n'})
                self.assertEqual(not problems, right, problems)
