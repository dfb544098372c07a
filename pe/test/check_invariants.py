#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that INVARIANTS.md, rules.h, rules.c and the tests speak of the same rules.

usage: check_invariants.py PE_DIRECTORY RULES_TEST ODDITIES_TEST
"""
import pathlib
import re
import subprocess
import sys


def listed(program: str) -> list[str]:
    """The names of a test program's tests."""
    return subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()


def compare(what: str, left: set, right: set) -> list[str]:
    """One line for each member that only one side has."""
    return [f"{what}: {item} is on one side only" for item in sorted(left ^ right, key=str)]


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    document = (folder / "INVARIANTS.md").read_text()
    header = (folder / "rules.h").read_text()
    source = (folder / "rules.c").read_text()
    numbers = {name: int(number) for name, number in re.findall(r"(PE_RULE_\w+) = (\d+),", header)}
    statuses = dict(re.findall(r"\[(PE_RULE_\w+)\] = \{ (PE_\w+),", source))
    rows = {int(number): status for number, status in re.findall(r"^\| (\d+) \|.*?\| `(PE_\w+)` \|", document, re.M)}
    enum = {(number, statuses.get(name)) for name, number in numbers.items() if number}
    problems = compare("rule and status", set(rows.items()), enum)
    problems += compare("rule numbers", set(rows), set(range(1, len(rows) + 1)))
    tests = listed(sys.argv[2]) + listed(sys.argv[3])
    problems += compare("test", set(re.findall(r"`((?:rule_\d+|oddity)_\w+)`", document)), set(tests))
    expected = {f"rule_{number:02d}_{end}" for number in rows for end in ("kept", "broken")}
    problems += compare("rule without a pair of tests", expected, {test for test in tests if test.startswith("rule_")})
    print("\n".join(problems) or f"{len(rows)} rules, {len(tests)} tests")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
