# SPDX-License-Identifier: MIT
"""What `verify programs` compares, without a machine."""
from __future__ import annotations

import unittest

from petreltool import programproof


class Trees(unittest.TestCase):
    def test_follow_from_their_seed(self) -> None:
        self.assertEqual(programproof.make_tree(100, 7), programproof.make_tree(100, 7))
        self.assertNotEqual(programproof.make_tree(100, 7), programproof.make_tree(100, 8))
        self.assertEqual(len(programproof.make_tree(100, 7)), 100)

    def test_have_empty_files_and_folders_of_folders(self) -> None:
        tree = programproof.make_tree(100, 7)
        self.assertIn(b"", tree.values())
        self.assertTrue(any(name.count("/") == 3 for name in tree))

    def test_a_project_imports_only_what_it_has(self) -> None:
        project = programproof.make_project(3)
        self.assertIn("src/main.ts", project)
        self.assertEqual(project, programproof.make_project(3))


class Differences(unittest.TestCase):
    def test_none(self) -> None:
        self.assertEqual(programproof.differences({"a": b"1"}, {"a": b"1"}), [])

    def test_each_kind_is_named(self) -> None:
        found = programproof.differences({"a": b"1", "b": b"2"}, {"b": b"3", "c": b"4"})
        self.assertEqual([line.split()[0] for line in found], ["a", "c", "b"])


if __name__ == "__main__":
    unittest.main()
