# SPDX-License-Identifier: MIT
"""COM1 as a console: QEMU's serial port at the other end of a socket, and a person's terminal or a script on this side.

The machine is followed by polling (lab.py): whoever watches it polls the console, too, at least that often, since a machine whose
output nobody takes waits.
"""
from __future__ import annotations

import os
import select
import socket
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .events import Event
    from .machine import Machine

ESCAPE = b"\x1d"                            # Ctrl-]: the person leaves
_CHUNK = 65536


class Console:
    """Both ends of the wire; QEMU inherits `theirs`."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._waiting = b""

    def started(self) -> None:
        """Call once QEMU has inherited its end."""
        self.theirs.close()

    def close(self) -> None:
        self._ours.close()
        self.theirs.close()

    def type(self, data: bytes) -> None:
        """Never waits: what the machine does not take yet goes with a later poll."""
        self._waiting += data
        self._send()

    def poll(self) -> bytes:
        """What the machine has shown since the last time."""
        self._send()
        shown = b""
        try:
            while data := self._ours.recv(_CHUNK):
                shown += data
        except (BlockingIOError, ConnectionError):
            pass
        return shown

    def _send(self) -> None:
        try:
            while self._waiting:
                self._waiting = self._waiting[self._ours.send(self._waiting):]
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionError):
            self._waiting = b""             # the machine has ended


class Terminal:
    """A watcher of lab.run: shows what the machine shows on one descriptor and types what comes from another, once a program has
    begun: before, the firmware would take it.

    At the end of a file that is typed, `end` follows: Ctrl+Z and Return, which is how a Windows console says so.
    """

    def __init__(self, source: int, target: int, end: bytes = b"\x1a\r") -> None:
        self._end = end
        self._source: int | None = source
        self._target = target
        self._begun = False
        self.left = False                   # the person pressed ESCAPE

    def __call__(self, machine: "Machine", events: list["Event"]) -> None:
        console = machine.console
        assert console is not None
        if shown := console.poll():
            self.show(shown)
        self._begun = self._begun or any(event.name == "program" for event in events)
        if self._begun and self._source is not None and select.select([self._source], [], [], 0)[0]:
            self._type(console, os.read(self._source, _CHUNK))
        if self.left:
            machine.kill()

    def show(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._target, data):]

    def _type(self, console: Console, data: bytes) -> None:
        if not data:
            self._source = None
            console.type(self._end)
            return
        keys, escape, _ = data.partition(ESCAPE) if os.isatty(self._source or 0) else (data, b"", b"")
        console.type(keys)
        self.left = bool(escape)


@contextmanager
def raw_terminal(descriptor: int) -> Iterator[None]:
    """Each key goes to the machine, Ctrl-C too; a descriptor that is no terminal stays as it is."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
