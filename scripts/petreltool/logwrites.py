# SPDX-License-Identifier: MIT
"""The log of a disk's writes as QEMU's blklogwrites makes it: the format of Linux's dm-log-writes (Documentation/admin-guide/
device-mapper/log-writes.rst; the structures are in drivers/md/dm-log-writes.c's head).

    sector 0    magic, version, number of entries (64 bits each), size of a sector (32)
    then        an entry in a sector of its own: first sector, sectors, flags, length of more data (64 bits each); its data follow,
                unless it is a discard
"""
from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import MachineryError

_MAGIC = 0x6A736677736872
_VERSION = 1
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


@dataclass(frozen=True)
class Entry:
    sector: int                 # of 512 bytes
    data: bytes                 # empty for a flush
    flags: int

    @property
    def is_flush(self) -> bool:
        return bool(self.flags & FLUSH)


def read(log: Path) -> list[Entry]:
    with open(log, "rb") as handle:
        head = handle.read(_SUPER.size)
        if len(head) != _SUPER.size:
            raise MachineryError(f"{log.name}: no log of writes")
        magic, version, count, size = _SUPER.unpack(head)
        if magic != _MAGIC or version != _VERSION or size < 512 or size & (size - 1):
            raise MachineryError(f"{log.name}: no log of writes that this tool knows")
        handle.seek(size)
        return list(_entries(handle.read(), count, size, log.name))


def _entries(data: bytes, count: int, size: int, name: str) -> Iterator[Entry]:
    at = 0
    for number in range(count):
        if at + size > len(data):
            raise MachineryError(f"{name}: ends before entry {number} of {count}")
        sector, sectors, flags, more = _ENTRY.unpack_from(data, at)
        at += size
        length = 0 if flags & DISCARD else sectors * size
        if more or at + length > len(data):
            raise MachineryError(f"{name}: entry {number} is not whole")
        if flags & DISCARD:
            yield Entry(sector * size // 512, bytes(sectors * size), flags)
        else:
            yield Entry(sector * size // 512, data[at:at + length], flags)
        at += length


def without_flushes(entries: Iterable[Entry]) -> list[Entry]:
    """As if the driver had never sent a flush, each entry in its place: what is proved with this log must fail."""
    return [Entry(entry.sector, entry.data, entry.flags & ~FLUSH) for entry in entries]


def apply(disk: bytearray, entry: Entry) -> None:
    start = entry.sector * 512
    disk[start:start + len(entry.data)] = entry.data[:max(0, len(disk) - start)]
