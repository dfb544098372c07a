# SPDX-License-Identifier: MIT
"""COM1 as a console: what is typed arrives, what is shown arrives, nothing waits."""
from __future__ import annotations

import os
import pty
import tempfile
import termios
import tty
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from petreltool import console, machine


BEGUN = SimpleNamespace(name="program")


class ConsoleCase(unittest.TestCase):
    def setUp(self) -> None:
        self.wire = console.Console()
        self.machine = self.wire.theirs.dup()
        self.machine.setblocking(False)
        self.wire.started()
        self.addCleanup(self.wire.close)
        self.addCleanup(self.machine.close)

    def typed(self) -> bytes:
        data = b""
        try:
            while part := self.machine.recv(1 << 20):
                data += part
        except BlockingIOError:
            pass
        return data

    def test_both_ways(self) -> None:
        self.wire.type(b"dir\r")
        self.assertEqual(self.typed(), b"dir\r")
        self.assertEqual(self.wire.poll(), b"")
        self.machine.send(b"C:\\>")
        self.assertEqual(self.wire.poll(), b"C:\\>")

    def test_a_machine_that_takes_nothing(self) -> None:
        text = os.urandom(1 << 20)
        self.wire.type(text)
        taken = b""
        while len(taken) < len(text):
            taken += self.typed()
            self.wire.poll()
        self.assertEqual(taken, text)

    def test_a_machine_that_has_ended(self) -> None:
        self.machine.send(b"bye")
        self.machine.close()
        self.assertEqual(self.wire.poll(), b"bye")
        self.wire.type(b"x" * 100)
        self.assertEqual(self.wire.poll(), b"")

    def test_a_file_that_is_typed(self) -> None:
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
            source.write(b"ver\r\n")
            source.seek(0)
            watch = console.Terminal(source.fileno(), target.fileno())
            self.machine.send(b"shown")
            watch(SimpleNamespace(console=self.wire), [])
            self.assertEqual(self.typed(), b"")             # the firmware would take it
            for _ in range(3):
                watch(SimpleNamespace(console=self.wire), [BEGUN])
            self.assertEqual(self.typed(), b"ver\r\n\x1a\r")
            target.seek(0)
            self.assertEqual(target.read(), b"shown")

    def test_a_person_leaves(self) -> None:
        theirs, ours = pty.openpty()
        self.addCleanup(os.close, theirs)
        self.addCleanup(os.close, ours)
        killed: list[bool] = []
        before = termios.tcgetattr(ours)
        with console.raw_terminal(ours):
            self.assertNotEqual(termios.tcgetattr(ours)[tty.LFLAG], before[tty.LFLAG])
            watch = console.Terminal(ours, ours)
            os.write(theirs, b"\x03a\x1db")
            watch(SimpleNamespace(console=self.wire, kill=lambda: killed.append(True)), [BEGUN])
        self.assertEqual(self.typed(), b"\x03a")
        self.assertEqual((watch.left, killed), (True, [True]))
        self.assertEqual(termios.tcgetattr(ours), before)


class CommandLineCase(unittest.TestCase):
    def test_com1(self) -> None:
        options = machine.MachineOptions(disk=Path("/d"), qemu="/q", firmware="pflash")
        with mock.patch("petreltool.firmware.arguments", return_value=[]):
            self.assertIn("file,id=console,path=/f/console", machine.command_line(options, Path("/f"), 5))
            self.assertIn("socket,id=console,fd=6,logfile=/f/console", machine.command_line(options, Path("/f"), 5, 6))


if __name__ == "__main__":
    unittest.main()
