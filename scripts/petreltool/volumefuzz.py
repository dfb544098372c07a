# SPDX-License-Identifier: MIT
"""Damaged volumes: small FAT images of mkfs.fat and mtools, mutated from a seed, which the kernel mounts or refuses, and reads as far
as they go. Whatever they say, it neither stops nor hangs."""
from __future__ import annotations

import random
import shutil
import struct
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import volumework, workdisk, worktree
from .paths import Tree

_FILES, _KILOBYTES = 40, 400
_LIMIT = 400.0                  # seconds for a machine's volumes
_ENTRIES, _SIZE = 300, 1 << 20  # of a volume, of a file
_NUMBERS = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFF0, 0xFFF7, 0xFFF8, 0xFFFF, 0x0FFFFFF7, 0x0FFFFFFF, 0x7FFFFFFF, 0x80000000,
            0xFFFFFFFF)
_FIELDS = ((11, 2), (13, 1), (14, 2), (16, 1), (17, 2), (19, 2), (21, 1), (22, 2), (28, 4), (32, 4), (36, 4), (40, 2), (42, 2), (44, 4),
           (48, 2), (50, 2), (510, 2))         # of the boot sector: the BIOS parameter block, FAT32's part of it, the signature


@dataclass(frozen=True)
class Original:
    """An undamaged disk, without the zeros at its end, and where its parts lie."""
    bits: int
    size: int
    content: bytes
    table: range                # of bytes: the FATs
    folders: tuple[int, ...]    # sectors of directories, in bytes


def _find_folders(content: bytes, first: int) -> tuple[int, ...]:
    """The first sector with entries, and every one that begins with an entry for itself."""
    return (first, *(at for at in range(first, len(content) - 511, 512) if content[at:at + 11] == b".          "))


def _original(bits: int, seed: int, folder: Path) -> Original:
    disk, tree = folder / f"original{bits}", folder / f"tree{bits}"
    workdisk.make(disk, workdisk.room_for(bits, _FILES, _KILOBYTES << 10))
    worktree.write(tree, seed, _FILES, _KILOBYTES)
    workdisk.fill(disk, tree)
    whole = disk.read_bytes()
    boot = whole[workdisk.START:workdisk.START + 512]
    reserved, fats, short = struct.unpack_from("<HB", boot, 14) + struct.unpack_from("<H", boot, 22)
    length = (short or struct.unpack_from("<I", boot, 36)[0]) * 512
    table = workdisk.START + reserved * 512
    content = whole.rstrip(b"\0")
    return Original(bits, len(whole), content, range(table, table + length), _find_folders(content, table + fats * length))


# ---- Mutations ----
def _damage_boot(image: bytearray, _original: Original, numbers: random.Random) -> None:
    at, size = numbers.choice(_FIELDS)
    value = numbers.choice(_NUMBERS) if numbers.random() < 0.7 else numbers.getrandbits(32)
    image[workdisk.START + at:workdisk.START + at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _damage_table(image: bytearray, original: Original, numbers: random.Random) -> None:
    """Mostly where clusters are in use: near the table's beginning."""
    span = min(len(original.table), 2048)
    at = original.table.start + numbers.randrange(span)
    size = numbers.choice((1, 2, 4))
    value = numbers.choice(_NUMBERS) if numbers.random() < 0.5 else numbers.randrange(2, 900)
    image[at:at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _damage_folder(image: bytearray, original: Original, numbers: random.Random) -> None:
    """A byte or a field of an entry: name, attributes, first cluster, size; or the entry of another place."""
    entry = numbers.choice(original.folders) + 32 * numbers.randrange(16)
    kind = numbers.randrange(4)
    if kind == 0:
        image[entry + numbers.randrange(32)] = numbers.getrandbits(8)
    elif kind == 1:
        image[entry + 11] = numbers.choice((0x00, 0x08, 0x0F, 0x10, 0x18, 0x20, 0x3F, 0xFF))
    elif kind == 2:
        at, size = numbers.choice(((20, 2), (26, 2), (28, 4)))
        image[entry + at:entry + at + size] = (numbers.choice(_NUMBERS) & (1 << 8 * size) - 1).to_bytes(size, "little")
    else:
        other = numbers.choice(original.folders) + 32 * numbers.randrange(16)
        image[entry:entry + 32] = image[other:other + 32]


def _damage_anything(image: bytearray, original: Original, numbers: random.Random) -> None:
    at = numbers.randrange(workdisk.START, len(original.content))
    for index in range(at, min(at + numbers.choice((1, 4, 64)), len(original.content))):
        image[index] = numbers.getrandbits(8)


_DAMAGES = (_damage_boot, _damage_table, _damage_folder, _damage_anything)


def mutate(original: Original, seed: int, number: int) -> bytes:
    numbers = random.Random(f"{seed}/{number}")
    image = bytearray(original.content)
    image.extend(bytes(max(0, original.folders[-1] + 1024 - len(image))))
    damages = _DAMAGES if numbers.random() < 0.3 else (numbers.choice(_DAMAGES),)
    for _ in range(numbers.choice((1, 1, 2, 4, 16, 64))):
        numbers.choice(damages)(image, original, numbers)
    return bytes(image)


# ---- The proof ----
def _make(original: Original, seed: int, number: int, folder: Path) -> Path:
    path = folder / f"image{number}"
    with open(path, "wb") as handle:
        handle.truncate(original.size)
        handle.write(mutate(original, seed, number))
    return path


def _batch(preset: str, disks: list[Path], counts: Counter[str]) -> tuple[volumework.Result, Path | None]:
    """Also the volume that the machine did not come to the end of."""
    result = volumework.run(preset, "check", disks, _LIMIT, EntryLimit=_ENTRIES, SizeLimit=_SIZE)
    culprit = None
    for number, disk in enumerate(disks, 1):
        volume = result.volumes.get(number)
        if volume is None or not volume.finished:
            culprit = culprit or disk
            continue
        counts["mounted" if volume.mounted else "refused"] += 1
        counts["with errors"] += volume.mounted and bool(volume.errors)
        counts["files"] += len(volume.files)
    return result, culprit


def _tell_failure(result: volumework.Result, culprit: Path | None, preset: str, seed: int) -> None:
    print(f"FAILED: {result.why or 'the driver did not come to its end'}")
    for event in result.record.named("bugcheck") + result.record.named("hang"):
        print(event.data)
    if culprit is not None:
        kept = Tree(preset).build / "storage" / f"fuzz-{seed}-{culprit.name}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(culprit, kept)
        print(f"the volume at work: {kept}")
    print(f"--- end of debug text (0xE9)\n{result.debug[-3000:]}")


def prove(preset: str, images: int, seed: int, first: int) -> bool:
    """Stops at the first machine that fails; `first` goes on from an image."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="petrel-fuzz-") as name:
        originals = [_original(bits, seed, Path(name)) for bits in workdisk.KINDS]
        for at in range(first, images, volumework.PER_MACHINE):
            disks = [_make(originals[number % len(originals)], seed, number, Path(name))
                     for number in range(at, min(at + volumework.PER_MACHINE, images))]
            result, culprit = _batch(preset, disks, counts)
            if result.why or culprit is not None:
                _tell_failure(result, culprit, preset, seed)
                return False
            for disk in disks:
                disk.unlink()
            print(f"{at + len(disks)} of {images} images: {counts['mounted']} mounted ({counts['with errors']} gave errors), "
                  f"{counts['refused']} refused, {counts['files']} files read; {result.record.seconds:.0f} s", flush=True)
    return True
