# SPDX-License-Identifier: MIT
"""What a person sees: colours on a terminal only, and one line of progress that erases itself."""
from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_COLOURS = {"green": "32", "red": "31", "yellow": "33", "bold": "1", "dim": "2"}
_ESCAPE = re.compile("\x1b\\[[0-9;=?]*[A-Za-z]")
_lock = threading.Lock()


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    if not is_terminal(stream or sys.stdout):
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def printable(text: str) -> str:
    """Foreign text without anything that would steer the terminal (the firmware clears the screen on every serial port)."""
    return "".join(character for character in _ESCAPE.sub("", text) if character.isprintable() or character == "\t")


def show(text: str) -> None:
    """Sets the progress line; on anything but a terminal progress is not shown at all."""
    if not is_terminal(sys.stderr):
        return
    with _lock:
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


def clear() -> None:
    show("")


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Shows what is going on, with the seconds once it takes longer than one."""
    done = threading.Event()
    begin = time.monotonic()

    def tick() -> None:
        while not done.wait(1.0):
            show(f"petrel: {what} ({time.monotonic() - begin:.0f} s)")

    show(f"petrel: {what}")
    ticker = threading.Thread(target=tick, daemon=True)
    if is_terminal(sys.stderr):
        ticker.start()
    try:
        yield
    finally:
        done.set()
        if ticker.is_alive():
            ticker.join()
        clear()


def say(text: str) -> None:
    """A line for the person, apart from the results: standard error."""
    clear()
    print(f"petrel: {text}", file=sys.stderr, flush=True)
