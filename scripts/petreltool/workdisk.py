# SPDX-License-Identifier: MIT
"""Disks for the proofs of storage: a partition table, a FAT volume by mkfs.fat in the first partition, perhaps a second for markers."""
from __future__ import annotations

import os
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import MachineryError
from .paths import program
from .process import run_tool

SECTOR = 512
MEBIBYTE = 1 << 20
START = MEBIBYTE                # of the first partition
KINDS = (12, 16, 32)            # bits of a FAT's entry
ENVIRONMENT = {"SOURCE_DATE_EPOCH": "1577836800", "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1", "MTOOLSRC": os.devnull, "LC_ALL": "C.UTF-8"}
_CLUSTERS = {12: (1, 4000), 16: (4200, 65000), 32: (66000, 1 << 27)}        # well inside what each kind may have


@dataclass(frozen=True)
class Geometry:
    bits: int
    volume: int                 # bytes of the FAT volume
    cluster: int                # sectors
    markers: int = 0            # bytes of the second partition

    @property
    def size(self) -> int:
        return START + self.volume + self.markers


def geometry(bits: int, wanted: int, markers: int = 0) -> Geometry:
    """A volume of this kind with room for so many bytes, of the smallest clusters that it may have: of two sectors at least, since
    mtools makes a directory longer by one cluster at a time, and the longest names take more than a sector."""
    least, most = _CLUSTERS[bits]
    cluster = 2
    while wanted // (cluster * SECTOR) > most:
        cluster *= 2
    if cluster > 64:
        raise MachineryError(f"{wanted} bytes are too many for FAT{bits}")
    volume = max(wanted, least * cluster * SECTOR)
    return Geometry(bits, (volume + MEBIBYTE - 1) // MEBIBYTE * MEBIBYTE, cluster, markers)


def room_for(bits: int, files: int, size: int) -> Geometry:
    """With room for a tree whose files each waste a part of a cluster."""
    wanted = size * 5 // 4 + 2 * MEBIBYTE
    shape = geometry(bits, wanted)
    while shape.volume < wanted + files * shape.cluster * SECTOR:
        shape = geometry(bits, shape.volume + shape.volume // 4)
    return shape


def _entry(kind: int, start: int, size: int) -> bytes:
    return struct.pack("<B3sB3sII", 0, b"\xFE\xFF\xFF", kind, b"\xFE\xFF\xFF", start // SECTOR, size // SECTOR) if size else bytes(16)


def _table(shape: Geometry) -> bytes:
    kind = {12: 0x01, 16: 0x0E, 32: 0x0C}[shape.bits]
    entries = _entry(kind, START, shape.volume) + _entry(0xDA, START + shape.volume, shape.markers)
    return struct.pack("<I2x", 0x5052544C).rjust(446, b"\0") + entries.ljust(64, b"\0") + b"\x55\xAA"


def blank(disk: Path, size: int) -> None:
    """A disk of so many bytes with nothing on it."""
    with open(disk, "wb") as handle:
        handle.truncate(size)


def make(disk: Path, shape: Geometry) -> None:
    """A fresh disk with an empty volume."""
    with open(disk, "wb") as handle:
        handle.truncate(shape.size)
        handle.write(_table(shape))
    run_tool([program("mkfs.fat"), "-F", str(shape.bits), "-s", str(shape.cluster), "-i", "50455452", "-n", "PROOF",
              "--offset", str(START // SECTOR), str(disk), str(shape.volume // 1024)], environment=ENVIRONMENT)


def mtools(disk: Path) -> list[str]:
    return ["-i", f"{disk}@@{START}"]


def _batches(items: list[str], size: int = 100) -> list[list[str]]:
    return [items[at:at + size] for at in range(0, len(items), size)]


def fill(disk: Path, source: Path) -> None:
    """Everything below a folder of the host goes to the volume's root."""
    inside = sorted(str(path) for path in source.iterdir())
    for batch in _batches(inside):
        run_tool([program("mcopy"), "-s", "-Q", *mtools(disk), *batch, "::/"], environment=ENVIRONMENT)


def hide(disk: Path, paths: list[str]) -> None:
    for batch in _batches([f"::/{path}" for path in paths]):
        run_tool([program("mattrib"), "+r", "+h", *mtools(disk), *batch], environment=ENVIRONMENT)


def take(disk: Path, target: Path) -> None:
    """Everything of the volume goes to a new folder of the host."""
    target.mkdir()
    run_tool([program("mcopy"), "-s", "-n", "-Q", *mtools(disk), "::*", str(target)], environment=ENVIRONMENT)


def extract(disk: Path, volume: Path, shape: Geometry) -> None:
    """The first partition as a file of its own, with holes where it is empty."""
    with open(disk, "rb") as source, open(volume, "wb") as target:
        source.seek(START)
        target.truncate(shape.volume)
        for at in range(0, shape.volume, MEBIBYTE):
            part = source.read(min(MEBIBYTE, shape.volume - at))
            if part.strip(b"\0"):
                target.seek(at)
                target.write(part)


def check(disk: Path, shape: Geometry) -> list[str]:
    """What `fsck.fat -n` finds, a line each; nothing: the volume is clean."""
    volume = disk.with_suffix(".volume")
    try:
        extract(disk, volume, shape)
        done = subprocess.run([program("fsck.fat"), "-n", str(volume)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False, env={**os.environ, **ENVIRONMENT})
    finally:
        volume.unlink(missing_ok=True)
    if done.returncode not in (0, 1):
        raise MachineryError(f"fsck.fat ended with status {done.returncode}: {done.stdout[-300:]}")
    lines = [line for line in done.stdout.splitlines() if line.strip() and not re.match(r"fsck\.fat \d|.*: \d+ files, ", line)]
    return lines if done.returncode else []
