# SPDX-License-Identifier: MIT
"""Child processes that never outlive the tool.

Each long-lived child has a process group of its own, so that a terminal's Ctrl-C reaches only the tool, which then ends its
children in order. Three nets: `kill_all` on every way out, the parent-death signal for a tool that is killed outright, and
`communicate`-free pipes, so that no child blocks on a reader that has gone.
"""
from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from .errors import MachineryError
from .paths import find_program

_live: set["Child"] = set()
_live_lock = threading.Lock()
_stopping = threading.Event()       # set on the way out: no thread may start another child
_interrupted = threading.Event()    # a signal has asked the tool to end


class Child:
    """A program in its own process group, ended with the tool."""

    def __init__(self, command: Sequence[str], stderr: Path, pass_fds: Sequence[int] = ()) -> None:
        setpriv = find_program("setpriv")       # util-linux; sets PR_SET_PDEATHSIG without code between fork and exec
        guard = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        with open(stderr, "wb") as output, _live_lock:      # held until the child is listed: `kill_all` sees it or forbids it
            if _stopping.is_set():
                raise MachineryError("the tool is ending")
            try:
                self.process = subprocess.Popen([*guard, *command], stdin=subprocess.DEVNULL, stdout=output,
                                                stderr=output, start_new_session=True, pass_fds=tuple(pass_fds))
            except OSError as error:
                raise MachineryError(f"cannot start {command[0]}: {error.strerror}") from error
            self._pidfd = os.pidfd_open(self.process.pid)
            self._poll = select.poll()
            self._poll.register(self._pidfd, select.POLLIN)
            _live.add(self)

    def wait(self, seconds: float) -> int | None:
        """The exit status, or None when the program still runs after that time; negative for a signal. KeyboardInterrupt: the tool
        was asked to end."""
        if _interrupted.is_set():
            raise KeyboardInterrupt
        self._poll.poll(max(0, int(seconds * 1000)))
        status = self.process.poll()
        if status is not None:
            self._forget()
        return status

    def kill(self) -> int:
        """Ends the whole process group and reaps the program."""
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self.process.kill()
        status = self.process.wait()
        self._forget()
        return status

    def _forget(self) -> None:
        with _live_lock:
            if self in _live:
                _live.discard(self)
                os.close(self._pidfd)


def allow_children() -> None:
    """For the start of a command: takes back what `kill_all` forbade."""
    _stopping.clear()
    _interrupted.clear()


def interrupt(_signal: int, _frame: object) -> None:
    """A signal's handler. Python swallows what a handler raises inside some callbacks; whoever waits for a child raises it again."""
    _interrupted.set()
    raise KeyboardInterrupt


def kill_all() -> None:
    """Ends every child that still runs, and lets no thread start another: for the way out."""
    _stopping.set()
    with _live_lock:
        children = list(_live)
    for child in children:
        child.kill()


def run_tool(command: Sequence[str], *, input_text: str | None = None, cwd: Path | None = None,
             environment: dict[str, str] | None = None) -> str:
    """Runs a short host program to its end and returns its output; a failure is a MachineryError with its words."""
    try:
        done = subprocess.run(list(command), input=input_text, stdin=None if input_text is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", cwd=cwd, check=False,
                              env={**os.environ, **environment} if environment else None)
    except OSError as error:
        raise MachineryError(f"cannot start {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise MachineryError(f"{Path(command[0]).name} failed with status {done.returncode}: {words}")
    return done.stdout
