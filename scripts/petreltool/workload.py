# SPDX-License-Identifier: MIT
"""The load of test-drivers/volumework_load.c as this side knows it: what each operation does to each file, the markers in the log,
and what must be on a volume whose last markers are known."""
from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .logwrites import Entry
from .volumework import FoundFile, Volume
from .worktree import Numbers, fnv

FILES, FOLDERS, SECTORS = 60, 4, 128
_FOLDER_NAMES = ("", "first/", "second/", "third/")
_MARK_MAGIC = 0x4B52414D4C525450
_WHOLE_VOLUME = 0xFFFFFFFF
_KEEPING = ("write", "rename")      # after these alone a file is there still


@dataclass(frozen=True)
class State:
    """A file, between operations."""
    exists: bool = False
    renamed: bool = False
    generations: tuple[int, ...] = ()       # of each sector


@dataclass(frozen=True)
class Operation:
    file: int | None                        # None: it changes nothing
    kind: str = ""
    after: State = State()


def path(file: int, renamed: bool) -> str:
    return _FOLDER_NAMES[(file + renamed) % FOLDERS] + (f"Renamed file number {file}.bin" if renamed else f"load{file}.bin")


def _written(state: State, first: int, count: int, generation: int) -> State:
    old = state.generations
    return replace(state, generations=old[:first] + (generation,) * count + old[first + count:])


def _change(state: State, action: int, first: int, second: int, generation: int) -> tuple[str, State]:
    sectors = len(state.generations)
    if action < 5:
        first %= sectors
        return "write", _written(state, first, 1 + second % (sectors - first), generation)
    if action < 8:
        if sectors == SECTORS:
            return "", state
        return "write", _written(state, sectors, 1 + min(first % 32, SECTORS - sectors - 1), generation)
    if action == 8:
        return "replace", replace(state, generations=(generation,) * (1 + first % 64))
    if action < 11:
        return "rename", replace(state, renamed=not state.renamed)
    return ("delete", State()) if action == 11 else ("", state)


def operations(seed: int, count: int) -> list[Operation]:
    numbers, states, found = Numbers(seed, 1), [State()] * FILES, []
    for index in range(count):
        file, action, first, second = numbers.below(FILES), numbers.below(16), numbers.below(SECTORS), numbers.below(SECTORS)
        kind, after = "", states[file]
        if action == 15:
            pass
        elif after.exists:
            kind, after = _change(after, action, first, second, index + 1)
        elif action < 12:
            kind, after = "create", State(True, False, (index + 1,) * (1 + first % 64))
        states[file] = after
        found.append(Operation(file if kind else None, kind, after))
    return found


# ---- Markers ----
@dataclass(frozen=True)
class Marker:
    position: int                           # in the log
    sequence: int
    operation: int                          # the flush it stands for
    file: int | None                        # None: the volume


def _read_marker(position: int, sector: bytes) -> Marker | None:
    magic, sequence, operation, what = struct.unpack_from("<4Q", sector)
    if magic != _MARK_MAGIC or fnv(sector[:504]) != struct.unpack_from("<Q", sector, 504)[0]:
        return None
    return Marker(position, sequence, operation, None if what == _WHOLE_VOLUME else what)


def markers(log: Iterable[Entry], start: int) -> list[Marker]:
    """Those in the log, in its order; `start` is the byte where their partition begins."""
    found = []
    for position, entry in enumerate(log):
        if entry.sector * 512 >= start and len(entry.data) == 512:
            marker = _read_marker(position, entry.data)
            if marker is not None:
                found.append(marker)
    return found


# ---- What must be there ----
@dataclass(frozen=True)
class Promise:
    """What a flush promised of a file, and what was done to it behind that flush, perhaps."""
    file: int
    state: State
    later: tuple[str, ...]


def promises(done: list[Operation], seen: list[Marker], position: int) -> list[Promise]:
    """For a disk that was cut off at a position of the log: what the markers up to there promise."""
    covered: dict[int, int] = {}
    for marker in seen:
        if marker.position <= position:
            covered.update({file: marker.operation for file in (range(FILES) if marker.file is None else (marker.file,))})
    end = next((marker.operation for marker in seen if marker.position > position), len(done) - 1)
    states, found = [State()] * FILES, []
    history: list[list[str]] = [[] for _ in range(FILES)]
    for index, operation in enumerate(done[:end + 1]):
        for file in [file for file, last in covered.items() if last == index]:
            found.append((file, states[file]))
            history[file] = []
        if operation.file is not None:
            states[operation.file] = operation.after
            history[operation.file].append(operation.kind)
    return [Promise(file, state, tuple(history[file])) for file, state in found]


def _sectors(found: FoundFile, file: int) -> list[int]:
    """The generation of each sector; -1 where it is not the file's own."""
    values = [-1] * (found.size // 512)
    for part in found.parts:
        for number in range(part.count):
            if part.file == file and part.first == part.index and part.index + number < len(values):
                values[part.index + number] = part.generation
    return values


def _one_problem(promise: Promise, volume: Volume) -> str | None:
    state, file = promise.state, promise.file
    there = {renamed: volume.files[path(file, renamed)] for renamed in (False, True) if path(file, renamed) in volume.files}
    if not state.exists:
        return f"{path(file, state.renamed)}: is back after it was deleted" if there and not promise.later else None
    if any(kind not in _KEEPING for kind in promise.later):
        return None
    places = (False, True) if "rename" in promise.later else (state.renamed,)
    values = next((_sectors(there[place], file) for place in places if place in there), None)
    name = path(file, state.renamed)
    if values is None:
        return f"{name}: is not there"
    if not promise.later:
        wrong = [index for index, (got, wanted) in enumerate(zip(values, state.generations)) if got != wanted]
        if len(values) != len(state.generations):
            return f"{name}: {len(values)} sectors, not {len(state.generations)}"
    else:
        wrong = [index for index, wanted in enumerate(state.generations) if index >= len(values) or values[index] < wanted]
    if not wrong:
        return None
    index = wrong[0]
    got = values[index] if index < len(values) else "none"
    return f"{name}: sector {index} is of generation {got}, not {state.generations[index]} (and {len(wrong) - 1} more)"


def problems(volume: Volume, promised: list[Promise]) -> list[str]:
    return [problem for promise in promised if (problem := _one_problem(promise, volume)) is not None]
