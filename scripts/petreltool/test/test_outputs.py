# SPDX-License-Identifier: MIT
"""The other forms of the report: JUnit, SARIF, GitHub's annotations and summary; and several reports as one."""
import json
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from unittest import mock

from petreltool import cases, github, junit, merging, sarif
from petreltool.errors import EXIT_FAIL, EXIT_MACHINERY, EXIT_PASS, EXIT_USAGE, UsageError

from . import schemacheck
from .support import CommandCase

_SCHEMA = Path(__file__).resolve().parents[2] / "schema" / "petrel-report-1.schema.json"
_FRAME = {"module": "bad.sys", "offset": "0x1010", "function": "Oops", "file": "src/bad.c", "line": 12}


def _driver(name: str, verdict: str, why: str = "", **more: Any) -> dict[str, Any]:
    return {"file": name, "path": f"in/{name}", "verdict": verdict, "why": why, "bugcheck": None, "trap": None, "hang": [],
            "imports": None, **more}


def _report(*drivers: dict[str, Any], tests: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"drivers": list(drivers), "programs": [{"command": "cmd /c ver", "exit_code": 0, "verdict": "pass", "why": ""}],
            "boot": {"self_tests": tests, "times": {}}, "run": {"seconds": 4.5, "drivers": {"good.sys": 1.25}}, "log": []}


def _crash(why: str = "bug check 0x0000001E") -> dict[str, Any]:
    stack = [{**_FRAME, "module": "ntoskrnl.exe", "file": None, "line": None}, _FRAME]
    return _driver("bad.sys", "crash", why, bugcheck={"code": "0x0000001e", "name": "KMODE_EXCEPTION_NOT_HANDLED",
                                                      "params": ["0xc0000005"], "stack": stack})


class Cases(unittest.TestCase):
    def test_what_counts_as_failure(self) -> None:
        for verdict, status in (("pass", EXIT_PASS), ("skipped", EXIT_PASS), ("crash", EXIT_FAIL), ("error", EXIT_MACHINERY),
                                ("nobody knows", EXIT_FAIL)):
            self.assertEqual(cases.cases(_report(_driver("a.sys", verdict)))[0].exit_status, status)

    def test_the_place_is_the_drivers_own_innermost_frame(self) -> None:
        case = cases.cases(_report(_crash()))[0]
        self.assertEqual(case.place, _FRAME)
        self.assertIn("KMODE_EXCEPTION_NOT_HANDLED", case.details)
        self.assertIn("src/bad.c:12", case.details)


class JUnit(unittest.TestCase):
    def make(self, *drivers: dict[str, Any], tests: dict[str, Any] | None = None) -> ET.Element:
        return ET.fromstring(junit.make(_report(*drivers, tests=tests)).encode())

    def test_counts_times_and_texts(self) -> None:
        root = self.make(_driver("good.sys", "pass"), _crash(), _driver("odd.sys", "error", "no answer"), _driver("not.sys", "skipped", "payload"))
        suite = root.find("testsuite[@name='petrel driver']")
        assert suite is not None
        self.assertEqual([suite.get(key) for key in ("tests", "failures", "errors", "skipped")], ["4", "1", "1", "1"])
        found = {case.get("name"): case for case in suite}
        self.assertEqual((found["good.sys"].get("time"), len(found["good.sys"])), ("1.250", 0))
        self.assertEqual([found[name][0].tag for name in ("bad.sys", "odd.sys", "not.sys")], ["failure", "error", "skipped"])
        self.assertIn("Oops", found["bad.sys"][0].text or "")

    def test_self_tests_and_programs_have_suites(self) -> None:
        root = self.make(tests={"verdict": "fail", "why": "1 failed", "failures": [{"name": "ke.x", "why": "no"}]})
        self.assertEqual([suite.get("name") for suite in root], ["petrel self-tests", "petrel program"])
        self.assertEqual(root[0][0][0].text, "ke.x: no")

    def test_any_name_and_word_is_still_xml(self) -> None:
        root = self.make(_driver('<&"\x00\x1b\udc80.sys', "fail", "why\x07"))
        self.assertEqual(root[0][0].get("name"), '<&"\ufffd\ufffd\ufffd.sys')


class Sarif(unittest.TestCase):
    def test_only_failures_with_their_line_or_file(self) -> None:
        run = json.loads(sarif.make(_report(_driver("good.sys", "pass"), _crash(), _driver("odd.sys", "timeout", "no end"))))["runs"][0]
        places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
        self.assertEqual(places, [{"artifactLocation": {"uri": "src/bad.c"}, "region": {"startLine": 12}},
                                  {"artifactLocation": {"uri": "in/odd.sys"}}])
        self.assertEqual([rule["id"] for rule in run["tool"]["driver"]["rules"]], ["petrel/crash", "petrel/timeout"])


class GitHub(unittest.TestCase):
    def test_annotations_name_the_line_and_escape(self) -> None:
        case = cases.cases(_report(_crash("100 %\nbroken: a, b")))[0]
        text = github.annotation(case)
        self.assertTrue(text.startswith("::error title=bad.sys%3A crash,file=src/bad.c,line=12::100 %25%0Abroken: a, b"))
        self.assertNotIn("\n", text)

    def test_the_summary_is_a_table_that_names_cannot_break(self) -> None:
        text = github.summary(_report(_driver("a|b<c>.sys", "fail", "one\ntwo")))
        self.assertIn("| driver | a\\|b&lt;c>.sys | **fail** | one two |", text)


class Written(CommandCase):
    def test_run_writes_all_forms_and_tells_github(self) -> None:
        summary = self.folder / "summary.md"
        with mock.patch.dict("os.environ", {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}):
            status, output, _ = self.petrel("run", self.write("passing.sys"), self.write("crash.sys"), "--junit", self.folder / "a.xml",
                                            "--sarif", self.folder / "a.sarif", "--json", self.folder / "a.json")
        self.assertEqual(status, EXIT_FAIL)
        self.assertEqual(len(ET.parse(self.folder / "a.xml").findall(".//failure")), 1)
        self.assertEqual(len(json.loads((self.folder / "a.sarif").read_text())["runs"][0]["results"]), 1)
        self.assertIn("::error title=crash.sys%3A crash", output)
        self.assertIn("| driver | passing.sys | pass |", summary.read_text(encoding="utf-8"))

    def test_reports_are_merged(self) -> None:
        first, second, both = (self.folder / name for name in ("1.json", "2.json", "12.json"))
        self.petrel("run", self.write("passing.sys"), "--json", first)
        self.petrel("run", self.write("crash.sys"), "--json", second)
        status, output, _ = self.petrel("report", first, second, "--json", both, "--junit", self.folder / "12.xml")
        whole = json.loads(both.read_text(encoding="utf-8"))
        self.assertEqual(schemacheck.problems(whole, json.loads(_SCHEMA.read_text(encoding="utf-8"))), [])
        self.assertEqual(([driver["file"] for driver in whole["drivers"]], status), (["passing.sys", "crash.sys"], EXIT_FAIL))
        self.assertEqual(len(whole["merged"]), 2)
        self.assertIn("2 drivers: 1 pass, 1 crash", output)
        self.assertEqual(self.petrel("report", first)[0], EXIT_PASS)

    def test_what_is_no_report_is_refused_in_a_sentence(self) -> None:
        for text in ("", "[]", "{}", '{"schema": "petrel-report/2"}', '{"schema": "petrel-report/1"}', "\udc80".encode("utf-8", "surrogateescape").decode("latin-1")):
            path = self.folder / "bad.json"
            path.write_text(text, encoding="utf-8")
            with self.assertRaises(UsageError):
                merging.read(path)
            self.assertEqual(self.petrel("report", path)[0], EXIT_USAGE)
        self.assertEqual(self.petrel("report", self.folder / "missing.json")[0], EXIT_USAGE)

    def test_a_failed_self_test_is_not_lost(self) -> None:
        good, bad = {"verdict": "pass", "why": "", "failures": []}, {"verdict": "fail", "why": "1 failed", "failures": []}
        self.assertEqual(merging.merge([_report(tests=good), _report(tests=bad), _report()])["boot"]["self_tests"], bad)


if __name__ == "__main__":
    unittest.main()
