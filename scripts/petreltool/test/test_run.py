# SPDX-License-Identifier: MIT
"""`run` from the command line to its exit status and report, with the fake machine."""
import json
from unittest import mock

from petreltool.errors import EXIT_MACHINERY, PayloadError, worst
from petreltool.paths import ROOT

from . import samples, schemacheck
from .support import CommandCase

SCHEMA = json.loads((ROOT / "scripts" / "schema" / "petrel-report-1.schema.json").read_text(encoding="utf-8"))


class Runs(CommandCase):
    def verdicts(self, *names: str) -> tuple[int, list[str]]:
        status, report = self.report(*(self.write(f"{name}.sys") for name in names), "--timeout", "1")
        self.assertEqual(schemacheck.problems(report, SCHEMA), [])
        return status, [driver["verdict"] for driver in report["drivers"]]

    def test_good(self) -> None:
        self.assertEqual(self.verdicts("passing"), (0, ["pass"]))

    def test_failures_then_a_good_one(self) -> None:
        self.assertEqual(self.verdicts("crash", "hang", "entry_fails", "trap", "passing"),
                         (1, ["crash", "timeout", "fail", "trap", "pass"]))

    def test_garbage_and_machinery(self) -> None:
        self.assertEqual(self.verdicts("garbage", "loader", "crash"), (3, ["pass", "error", "crash"]))

    def test_several_at_once_keep_their_order(self) -> None:
        names = ["crash", "passing", "trap", "garbage"]
        status, report = self.report(*(self.write(f"{name}.sys") for name in names), "-j", "4")
        self.assertEqual([driver["file"] for driver in report["drivers"]], [f"{name}.sys" for name in names])
        self.assertEqual(status, 1)

    def test_crash_shows_code_parameters_place_and_stack(self) -> None:
        status, output, _ = self.petrel("run", self.write("crash.sys"))
        self.assertEqual(status, 1)
        for text in ("CRASH", "0x0000001e KMODE_EXCEPTION_NOT_HANDLED", "0xfffff80000201010", "one.sys+0x1010", "#1 ntoskrnl.exe+0x2020"):
            self.assertIn(text, output)
        self.assertNotIn("\x1b", output)

    def test_pass_lists_what_the_driver_made(self) -> None:
        _, output, _ = self.petrel("run", self.write("passing.sys"))
        for text in ("PASS", "STATUS_SUCCESS", "\\Device\\One  <- \\??\\One", "IRP_MJ_CREATE", "3: 2 resolved"):
            self.assertIn(text, output)

    def test_together_wants_different_names(self) -> None:
        (self.folder / "sub").mkdir()
        files = [self.write("one.sys"), self.write("sub/one.sys")]
        self.assertEqual(self.petrel("run", "--together", *files)[0], 2)


class BadInput(CommandCase):
    def bad_files(self) -> dict[str, str]:
        (self.folder / "folder.sys").mkdir()
        good = samples.driver()
        self.write("text.sys", b"hello, I am a text file\n")
        self.write("empty.sys", b"")
        self.write("short.sys", good[:0x480])
        self.write("stub.sys", good[:0x50])
        self.write("x86.sys", samples.driver(machine=samples.I386))
        self.write("arm64.sys", samples.driver(machine=samples.ARM64))
        self.write("program.exe", samples.driver(subsystem=samples.CONSOLE))
        self.write("library.sys", samples.driver(subsystem=samples.CONSOLE, characteristics=0x2022))
        return {"folder.sys": "directory", "text.sys": "MZ", "empty.sys": "empty", "short.sys": "truncated", "stub.sys": "truncated",
                "x86.sys": "32-bit", "arm64.sys": "ARM64", "program.exe": "console program", "library.sys": "user-mode DLL",
                "missing.sys": "no such file"}

    def test_each_is_refused_in_one_sentence(self) -> None:
        for name, words in self.bad_files().items():
            with self.subTest(name):
                status, _, errors = self.petrel("run", self.folder / name)
                self.assertEqual((status, len(errors.strip().splitlines())), (2, 1))
                self.assertIn(words, errors)

    def test_the_others_still_run(self) -> None:
        files = [self.folder / name for name in self.bad_files()]
        status, report = self.report(*files, self.write("passing.sys"))
        self.assertEqual(status, 2)
        self.assertEqual([driver["verdict"] for driver in report["drivers"]], ["pass"] + ["refused"] * len(files))
        self.assertEqual(schemacheck.problems(report, SCHEMA), [])

    def test_every_truncation_and_every_flipped_byte_is_survived(self) -> None:
        good = samples.driver({"ntoskrnl.exe": ["DbgPrint", "ExFreePool"], "HAL.dll": ["KeStallExecutionProcessor"]})
        from petreltool import peheader
        for end in range(0, len(good), 7):
            try:
                peheader.imports(peheader.parse(good[:end]))
            except peheader.BadImage:
                pass
        for position in range(0x600):
            image = bytearray(good)
            image[position] ^= 0xFF
            try:
                parsed = peheader.parse(bytes(image))
                peheader.check_driver(parsed)
                peheader.imports(parsed)
            except peheader.BadImage:
                pass

    def test_usage(self) -> None:
        good = self.write("passing.sys")
        for wrong in (["--bogus"], ["--cpus"], ["--timeout", "-1"], ["-j", "0"], ["--option", "x"], ["--service-value", "x=1"],
                      ["--service-value", "x=dword:-1"], ["--json", "/no/such/folder/x"], ["--html", "x"], ["--junit", "/no/such/folder/x"], ["--sarif", "/no/such/folder/x"], ["--qemu-arg", "x"],
                      ["--stdin", str(good)], ["--script", "no-such-file"], ["--script", str(good), "--exec", "cmd"]):
            with self.subTest(wrong):
                self.assertEqual(self.petrel("run", good, *wrong)[0], 2)
        self.assertEqual(self.petrel("frobnicate")[0], 2)
        self.assertEqual(self.petrel()[0], 2)


    def test_a_mistake_in_the_tool_is_no_verdict(self) -> None:
        for error in (RuntimeError("a mistake"), OSError(28, "No space left on device")):
            with mock.patch("petreltool.lab.run", side_effect=error):
                self.assertEqual(self.petrel("run", self.write("passing.sys"))[0], EXIT_MACHINERY)


class Demonstration(CommandCase):
    def setUp(self) -> None:
        """The prompt at the end is a machine with programs."""
        super().setUp()
        patch = mock.patch("petreltool.running._end_at_prompt", return_value=0)
        self.prompt = patch.start()
        self.addCleanup(patch.stop)

    def test_a_payload_that_cannot_be_fetched(self) -> None:
        with mock.patch("petreltool.fetch.get", side_effect=PayloadError("no network")):
            status, report = self.report()
            self.assertEqual((status, [driver["verdict"] for driver in report["drivers"]]), (0, ["skipped"] * 6))
            self.assertEqual(report["boot"]["self_tests"]["passed"], 1)
            self.assertEqual(schemacheck.problems(report, SCHEMA), [])
            self.assertEqual(self.report("--require-payloads")[0], 4)

    def test_self_tests_and_driver(self) -> None:
        with mock.patch("petreltool.fetch.get", return_value=self.write("passing.sys")):
            status, output, _ = self.petrel("run")
            self.assertEqual(status, 0)
            self.assertIn("1 passed, 0 failed", output)
            self.assertIn("passing.sys  PASS", output)
        self.prompt.assert_called_once()


class Precedence(CommandCase):
    def test_table(self) -> None:
        self.assertEqual([worst(statuses) for statuses in ([], [0, 1], [1, 2], [1, 2, 4], [4, 2, 3, 1, 0])], [0, 1, 2, 4, EXIT_MACHINERY])
