# SPDX-License-Identifier: MIT
"""The few words of QEMU's monitor protocol that the tool speaks, over a socket pair that QEMU inherits."""
from __future__ import annotations

import json
import socket


class Monitor:
    """Asks without insisting: a machine that does not answer is about to be killed anyway."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        self._ours.settimeout(2.0)
        self._greeted = False

    def started(self) -> None:
        """Call once QEMU has inherited its end."""
        self.theirs.close()

    def close(self) -> None:
        self._ours.close()
        self.theirs.close()

    def execute(self, command: str, **arguments: str) -> bool:
        """Sends a command and waits for its answer; False when there is none or it is an error."""
        try:
            if not self._greeted:
                self._greeted = True
                self._answer("QMP")
                self._send("qmp_capabilities")
                self._answer("return")
            self._send(command, arguments)
            return self._answer("return")
        except (OSError, ValueError):
            return False

    def _send(self, command: str, arguments: dict[str, str] | None = None) -> None:
        message = {"execute": command, "arguments": arguments} if arguments else {"execute": command}
        self._ours.sendall(json.dumps(message).encode() + b"\n")

    def _answer(self, key: str) -> bool:
        """Reads lines up to the one that answers (others are asynchronous events)."""
        while True:
            message = json.loads(self._line())
            if key in message:
                return True
            if "error" in message:
                return False

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            byte = self._ours.recv(1)
            if not byte:
                raise ValueError("monitor closed")
            line += byte
        return line
