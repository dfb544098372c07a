# SPDX-License-Identifier: MIT
"""One machine and what it means: every way it can end, played by the fake machine."""
import unittest

from petreltool.lab import Limits
from petreltool.verdict import judge, judge_self_tests

from .support import fake_run

FILE = "one.sys"


class Verdicts(unittest.TestCase):
    def verdict(self, scenario: str, limits: Limits = Limits(driver=1.0, whole=4.0, hang=1.0)) -> tuple[str, str]:
        found = judge(fake_run(scenario, limits=limits), FILE)
        return found.verdict, found.why

    def test_pass(self) -> None:
        self.assertEqual(self.verdict("passing"), ("pass", ""))

    def test_driver_entry_fails(self) -> None:
        self.assertEqual(self.verdict("entry_fails"), ("fail", "DriverEntry returned STATUS_UNSUCCESSFUL"))

    def test_crash(self) -> None:
        self.assertEqual(self.verdict("crash"), ("crash", "bug check 0x0000001E KMODE_EXCEPTION_NOT_HANDLED"))

    def test_trap(self) -> None:
        verdict, why = self.verdict("trap")
        self.assertEqual(verdict, "trap")
        self.assertIn("ntoskrnl.exe!NoSuchThing", why)

    def test_hang_reports_after_nmi(self) -> None:
        record = fake_run("hang")
        self.assertEqual(judge(record, FILE).verdict, "timeout")
        self.assertEqual([event.get("cpu") for event in record.named("hang")], [0])
        self.assertEqual((record.expired, record.running), ("driver", FILE))

    def test_hang_without_answer_is_killed(self) -> None:
        record = fake_run("hang_deaf", limits=Limits(driver=0.5, whole=4.0, hang=0.3))
        self.assertEqual(judge(record, FILE).verdict, "timeout")
        self.assertLess(record.seconds, 10)

    def test_never_starts_is_an_error(self) -> None:
        self.assertEqual(self.verdict("never_starts", Limits(driver=0.5, whole=0.5, hang=0.2)),
                         ("error", "the kernel did not start within the time limit"))

    def test_death_without_a_word_is_a_crash(self) -> None:
        self.assertEqual(self.verdict("dies"), ("crash", "the machine died without a word while the driver ran"))

    def test_garbage_is_kept_and_harmless(self) -> None:
        record = fake_run("garbage")
        self.assertEqual(judge(record, FILE).verdict, "pass")
        self.assertIn("not json", record.garbage)
        self.assertEqual(len(record.named("bugcheck")) + len(record.named("hang")), 0)
        self.assertTrue(all("BdsDxe" not in line for line in record.garbage))

    def test_pass_is_not_believed_when_the_machine_breaks_later(self) -> None:
        verdict, why = self.verdict("lies")
        self.assertEqual(verdict, "error")
        self.assertIn("0x000000D1", why)

    def test_pass_is_not_believed_against_the_exit_status(self) -> None:
        self.assertEqual(self.verdict("lies_status"), ("error", "the driver passed, but the machine ended with status 35"))

    def test_unknown_verdict_counts_as_failure(self) -> None:
        self.assertEqual(self.verdict("unknown_verdict")[0], "fail")

    def test_machine_breaks_before_the_driver(self) -> None:
        self.assertEqual(self.verdict("early_bugcheck")[0], "error")

    def test_loader_error(self) -> None:
        verdict, why = self.verdict("loader")
        self.assertEqual(verdict, "error")
        self.assertIn("cannot boot: no kernel", why)

    def test_qemu_error(self) -> None:
        self.assertEqual(self.verdict("qemu_error"), ("error", "QEMU ended with status 1: qemu: could not open the disk"))

    def test_qemu_killed_is_an_error_not_a_crash(self) -> None:
        self.assertEqual(self.verdict("killed"), ("error", "QEMU was killed by signal 11"))

    def test_together(self) -> None:
        record = fake_run("mixed", ("a.sys", "b.sys", "c.sys"))
        self.assertEqual([judge(record, name).verdict for name in ("a.sys", "b.sys", "c.sys")], ["pass", "crash", "skipped"])


class SelfTests(unittest.TestCase):
    def test_pass(self) -> None:
        self.assertIsNone(judge_self_tests(fake_run("tests", ())))

    def test_failure_names_the_test(self) -> None:
        self.assertIn("ke.event.set", str(judge_self_tests(fake_run("tests_fail", ()))))

    def test_none_ran_is_no_pass(self) -> None:
        self.assertIsNotNone(judge_self_tests(fake_run("passing", ())))

    def test_bug_check(self) -> None:
        self.assertIn("bug check 0x0000007E", str(judge_self_tests(fake_run("early_bugcheck", ()))))


if __name__ == "__main__":
    unittest.main()
