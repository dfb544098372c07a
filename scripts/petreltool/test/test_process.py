# SPDX-License-Identifier: MIT
"""Child processes: none escapes `kill_all`, wherever it was in its start."""
import subprocess
import threading
import unittest
from unittest import mock

from petreltool import process
from petreltool.errors import MachineryError

from .support import FolderCase


class Children(FolderCase):
    def setUp(self) -> None:
        super().setUp()
        process.allow_children()
        self.addCleanup(process.allow_children)

    def test_a_child_that_is_just_starting_is_killed(self) -> None:
        """The tool ends while a thread is between starting its machine and listing it."""
        between = threading.Event()
        started: list[subprocess.Popen[bytes]] = []
        real = subprocess.Popen

        def slow(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
            started.append(real(*arguments, **options))                             # type: ignore[call-overload]
            between.set()
            process._stopping.wait()
            return started[0]

        with mock.patch("petreltool.process.subprocess.Popen", slow):
            thread = threading.Thread(target=lambda: process.Child(["sleep", "600"], self.folder / "output"))
            thread.start()
            between.wait()
            process.kill_all()
            thread.join()
        ended = started[0].poll() is not None
        started[0].kill()
        started[0].wait()
        self.assertTrue(ended, "the child outlived kill_all")

    def test_no_child_starts_on_the_way_out(self) -> None:
        process.kill_all()
        with self.assertRaises(MachineryError):
            process.Child(["sleep", "600"], self.folder / "output")


if __name__ == "__main__":
    unittest.main()
