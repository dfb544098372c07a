# SPDX-License-Identifier: MIT
"""The tree of files that a seed stands for, as test-drivers/volumework_fill.c makes it: the same names, sizes and bytes."""
from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CHAIN = 30
_BLOCK = 4096
_HIDDEN_EVERY = 11
_ALPHABETS = ((ord("a"), 26), (0x3B1, 17), (0x430, 32), (0x4E00, 5000))
_MASK = (1 << 64) - 1
_PRIME = 0x100000001B3
READ_ONLY_HIDDEN = 3            # FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN


class Numbers:
    """xorshift64*, one row of numbers for each seed and index."""

    def __init__(self, seed: int, index: int) -> None:
        self.state = (((seed + 1) * 0x9E3779B97F4A7C15 ^ (index + 1) * 0xBF58476D1CE4E5B9) & _MASK) | 1

    def next(self) -> int:
        x = self.state
        x ^= x >> 12
        x = (x ^ x << 25) & _MASK
        x ^= x >> 27
        self.state = x
        return x * 0x2545F4914F6CDD1D & _MASK

    def below(self, limit: int) -> int:
        return (self.next() >> 33) % limit


@dataclass(frozen=True)
class WorkFile:
    path: str                   # from the root, with slashes
    size: int
    attributes: int
    block: bytes

    def content(self) -> bytes:
        """The same block again and again, its first word with the block's number in it."""
        first, = struct.unpack_from("<Q", self.block)
        count = (self.size + _BLOCK - 1) // _BLOCK
        return b"".join(struct.pack("<Q", first ^ number) + self.block[8:] for number in range(count))[:self.size]


def fnv(data: bytes) -> int:
    """64-bit FNV-1a over words of 8 bytes, the last filled up with zeros."""
    value = 0xCBF29CE484222325
    for word in memoryview(data + b"\0" * (-len(data) % 8)).cast("Q"):
        value = (value ^ word) * _PRIME & _MASK
    return value


def _run(numbers: Numbers, alphabet: int, length: int) -> str:
    first, count = _ALPHABETS[alphabet]
    return "".join(chr(first + numbers.below(count)) for _ in range(length))


def _folders(seed: int, files: int) -> list[str]:
    """Paths that end with a slash; the root's is empty."""
    numbers, paths = Numbers(seed, 0), [""]
    for index in range(1, _CHAIN + 1 + files // 50):
        if index <= _CHAIN:
            paths.append(f"{paths[index - 1]}Level {index}/")
            continue
        parent = paths[numbers.below(index)]
        alphabet = numbers.below(len(_ALPHABETS))
        paths.append(f"{parent}{_run(numbers, alphabet, 1 + numbers.below(8))} folder {index}/")
    return paths


def _name(numbers: Numbers, index: int) -> str:
    style = numbers.below(8)
    if style == 0:
        return f"F{index}.DAT"
    if style == 1:
        return f"f{index}.txt"
    if style == 2:
        return f"{_run(numbers, 0, 200)} {index}.long"
    alphabet = numbers.below(len(_ALPHABETS))
    return f"{_run(numbers, alphabet, 1 + numbers.below(40))} {index}.bin"


def _size(numbers: Numbers, average: int) -> int:
    kind = numbers.below(16)
    if kind == 0:
        return 0
    if kind == 1:
        return numbers.below(64)
    if kind == 2:
        return _BLOCK * (1 + numbers.below(average // _BLOCK + 1))
    return numbers.below((8 if kind == 3 else 2) * average + 1)


def folders(seed: int, files: int) -> list[str]:
    return [path.rstrip("/") for path in _folders(seed, files)[1:]]


def tree(seed: int, files: int, kilobytes: int) -> Iterator[WorkFile]:
    paths = _folders(seed, files)
    average = kilobytes * 1024 // files
    for index in range(1, files + 1):
        numbers = Numbers(seed, index)
        folder = paths[numbers.below(len(paths))]
        name = _name(numbers, index)
        size = _size(numbers, average)
        attributes = READ_ONLY_HIDDEN if index % _HIDDEN_EVERY == 0 else 0
        block = struct.pack(f"<{_BLOCK // 8}Q", *(numbers.next() for _ in range(_BLOCK // 8)))
        yield WorkFile(folder + name, size, attributes, block)


def write(folder: Path, seed: int, files: int, kilobytes: int) -> None:
    """The whole tree below a folder of the host."""
    folder.mkdir()
    for path in folders(seed, files):
        (folder / path).mkdir()
    for file in tree(seed, files, kilobytes):
        (folder / file.path).write_bytes(file.content())
