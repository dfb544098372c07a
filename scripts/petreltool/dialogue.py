# SPDX-License-Identifier: MIT
"""A conversation with the machine's console: when what is shown ends with the one thing, the next is typed. Watchers of lab.run.

Nothing is timed: a step waits for what it waits for, and the machine's own time limit ends it when that never comes.
"""
from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from . import screen

if TYPE_CHECKING:
    from .events import Event
    from .machine import Machine

ESCAPES = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]")
_LOOK_SECONDS = 0.1                         # a picture of the screen is taken no more often: it costs the machine time
Steps = list[list[str]]


class WireDialogue:
    """On COM1: what has been shown since the last step counts."""

    def __init__(self, steps: Steps) -> None:
        self._steps = list(steps)
        self._begun = False
        self._shown = b""
        self._from = 0

    @property
    def text(self) -> str:
        return self._shown.decode("utf-8", "replace")

    @property
    def waits_for(self) -> str | None:
        return self._steps[0][0] if self._steps else None

    def __call__(self, machine: "Machine", events: list["Event"]) -> None:
        assert machine.console is not None
        self._shown += machine.console.poll()
        self._begun = self._begun or any(event.name == "program" for event in events)
        if not self._begun or not self._steps:
            return
        new = ESCAPES.sub("", self._shown[self._from:].decode("utf-8", "replace"))
        if new.rstrip().endswith(self._steps[0][0]):
            self._from = len(self._shown)
            machine.console.type(self._steps.pop(0)[1].encode())


class ScreenDialogue:
    """On the screen and the PS/2 keyboard: each key is pressed when the one before has changed the screen (if only the cursor's place),
    so none comes too fast; a lock alone changes nothing, and is not waited for. What COM1 shows meanwhile is taken, and not looked at.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = list(steps)
        self._keys: list[str] = []
        self._font = screen.load_font()
        self._begun = False
        self._looked = 0.0
        self._before = b""                      # the picture when the last key was pressed
        self.text = ""                          # what it shows; in the end, what it showed when the last step began

    @property
    def waits_for(self) -> str | None:
        return self._steps[0][0] if self._steps else None

    def __call__(self, machine: "Machine", events: list["Event"]) -> None:
        if machine.console is not None:
            machine.console.poll()
        self._begun = self._begun or any(event.name == "program" for event in events)
        if not self._begun or not (self._steps or self._keys) or time.monotonic() < self._looked + _LOOK_SECONDS:
            return
        picture = machine.take_picture()
        self._looked = time.monotonic()
        if picture != self._before and (text := self._read(picture)) is not None:
            self._go_on(machine, picture, text)

    def _go_on(self, machine: "Machine", picture: bytes, text: str) -> None:
        if self._steps:
            self.text = text
        if not self._keys and self._steps and text.endswith(self._steps[0][0]):
            self._keys = screen.key_names(self._steps.pop(0)[1])
        if self._keys:
            key = self._keys.pop(0)
            self._before = b"" if key.endswith("_lock") else picture
            machine.tell_monitor(f"sendkey {key} 10")

    def _read(self, picture: bytes) -> str | None:
        try:
            return screen.text_of(screen.Picture(picture), self._font)
        except ValueError:
            return None
