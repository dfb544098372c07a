# SPDX-License-Identifier: MIT
"""Several pieces of work at once, their results in order, and a signal that always gets through.

Python runs a signal's handler in the main thread, between two steps of it. A main thread that waits for a lock without a limit may
never take that next step: the signal may have come to another thread, or just before the wait. So this one waits in short turns, on
a queue that a handler's exception cannot leave locked.
"""
from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

_TURN_SECONDS = 0.1
_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(function: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    """Calls `function` for every item, `jobs` at once, and gives the results in the items' order; raises what the function raised.
    Items not begun when the caller stops asking are never begun; the others end by themselves."""
    todo: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, Result | BaseException, bool]] = SimpleQueue()
    for number in range(len(items)):
        todo.put(number)

    def work(mask: set[signal.Signals]) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)        # children inherit it
        while (number := _next(todo)) is not None:
            try:
                done.put((number, function(items[number]), True))
            except BaseException as error:                      # pylint: disable=broad-exception-caught
                done.put((number, error, False))

    try:
        _start(work, min(jobs, len(items)))
        arrived: dict[int, tuple[Result | BaseException, bool]] = {}
        for number in range(len(items)):
            while number not in arrived:
                _take(done, arrived)
            value, good = arrived.pop(number)
            if not good:
                raise value                                     # type: ignore[misc]
            yield value                                         # type: ignore[misc]
    finally:
        while _next(todo) is not None:
            pass


def _start(work: Callable[[set[signal.Signals]], None], count: int) -> None:
    """Starts threads; no handler may run inside Thread.start, which holds a lock that the new thread needs."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        for _ in range(count):
            threading.Thread(target=work, args=(mask,)).start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _next(todo: "SimpleQueue[int]") -> int | None:
    try:
        return todo.get_nowait()
    except Empty:
        return None


def _take(done: "SimpleQueue[tuple[int, Result | BaseException, bool]]",
          arrived: dict[int, tuple[Result | BaseException, bool]]) -> None:
    try:
        number, value, good = done.get(timeout=_TURN_SECONDS)
        arrived[number] = (value, good)
    except Empty:
        pass
