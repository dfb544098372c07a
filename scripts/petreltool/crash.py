# SPDX-License-Identifier: MIT
"""Crashes: from the log of a disk's writes come images of what it may hold when the machine dies, and the kernel must find on each
what a flush had promised before.

An image is cut off at a position of the log. What came before the last flush there is on it; of what came behind, any sectors.
"""
from __future__ import annotations

import json
import random
import re
import shutil
import struct
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import logwrites, volumework, workdisk, workload
from .errors import MachineryError
from .paths import Tree

_LOAD_LIMIT, _CHECK_LIMIT = 900.0, 300.0
_DATA = 6 << 20                 # 60 files of at most 64 KiB, and room to spare
_FINDINGS = (("cross links", r"share clusters"), ("lost clusters", r"Reclaimed|Orphan|unused clusters"),
             ("dirty mark", r"Dirty bit|not properly unmounted"), ("size and chain differ", r"cluster chain length|chain length"),
             ("a chain into free clusters", r"Contains a free cluster"), ("FATs differ", r"FATs differ"),
             ("free count", r"[Ff]ree cluster summary"))


@dataclass
class Load:
    """A load that ran, and all that is known of it."""
    bits: int
    shape: workdisk.Geometry
    before: Path                # the disk before the load
    log: list[logwrites.Entry]
    done: list[workload.Operation]
    seen: list[workload.Marker]

    @property
    def flushes(self) -> list[int]:
        return [position for position, entry in enumerate(self.log) if entry.is_flush]


@dataclass(frozen=True)
class Crash:
    """Which image: `cut` is the first position of the log that never happened, `base` is behind the last flush before it."""
    number: int
    base: int
    cut: int


# ---- The load ----
def _run_load(preset: str, bits: int, seed: int, count: int, folder: Path) -> None:
    """Leaves the empty disk and the log of its writes in the folder."""
    shape = _shape(bits, count)
    disk, log = folder / "disk", folder / "log.part"
    workdisk.make(folder / "before", shape)
    shutil.copyfile(folder / "before", disk)
    log.touch()
    result = volumework.run(preset, "load", [disk], _LOAD_LIMIT, log, Seed=seed, Operations=count)
    disk.unlink()
    if result.why or f"operations {count} " not in result.debug:
        print(f"--- end of debug text (0xE9)\n{result.debug[-3000:]}")
        raise MachineryError(f"the load did not come to its end: {result.why or 'an operation failed'}")
    log.rename(folder / "log")


def _shape(bits: int, count: int) -> workdisk.Geometry:
    return workdisk.geometry(bits, _DATA, (count * 512 + workdisk.MEBIBYTE) // workdisk.MEBIBYTE * workdisk.MEBIBYTE)


def _load(preset: str, bits: int, seed: int, count: int, folder: Path, without_flush: bool) -> Load:
    """Runs the load unless its log is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "log").exists():
        _run_load(preset, bits, seed, count, folder)
    shape, entries = _shape(bits, count), logwrites.read(folder / "log")
    seen = workload.markers(entries, workdisk.START + shape.volume)
    found = Load(bits, shape, folder / "before", entries, workload.operations(seed, count), seen)
    print(f"FAT{bits}: {count} operations, {len(entries)} entries in the log, {len(found.flushes)} flushes, {len(seen)} markers",
          flush=True)
    if [marker.sequence for marker in seen] != list(range(len(seen))) or not seen:
        raise MachineryError("the log does not have the markers in their order")
    if without_flush:
        found.log = logwrites.without_flushes(entries)
    return found


# ---- Images ----
def choose(load: Load, seed: int, number: int) -> Crash:
    """Any place behind the first marker, since before that nothing was promised."""
    numbers = random.Random(f"{seed}/{load.bits}/{number}")
    cut = numbers.randrange(load.seen[0].position, len(load.log)) + 1
    base = next((position + 1 for position in range(cut - 1, -1, -1) if load.log[position].is_flush), 0)
    return Crash(number, base, cut)


def _survivors(load: Load, crash: Crash, seed: int) -> Iterator[logwrites.Entry]:
    """What of the writes behind the last flush reached the disk: whole ones, or single sectors of them."""
    numbers = random.Random(f"{seed}/{load.bits}/{crash.number}/sectors")
    share, torn = numbers.choice((0.0, 0.25, 0.5, 0.75, 1.0)), numbers.random() < 0.5
    for entry in load.log[crash.base:crash.cut]:
        if not torn:
            if numbers.random() < share:
                yield entry
            continue
        for at in range(0, len(entry.data), 512):
            if numbers.random() < share:
                yield logwrites.Entry(entry.sector + at // 512, entry.data[at:at + 512], 0)


def _write_image(path: Path, content: bytearray) -> None:
    with open(path, "wb") as handle:
        handle.truncate(len(content))
        for at in range(0, len(content), 1 << 16):
            part = content[at:at + (1 << 16)]
            if part.count(0) != len(part):
                handle.seek(at)
                handle.write(part)


def make_images(load: Load, crashes: list[Crash], seed: int, folder: Path) -> list[Path]:
    """In the order of `crashes`, which is the order of their bases."""
    disk, at, paths = bytearray(load.before.read_bytes()), 0, []
    for crash in crashes:
        for entry in load.log[at:crash.base]:
            logwrites.apply(disk, entry)
        at = crash.base
        image = bytearray(disk)
        for entry in _survivors(load, crash, seed):
            logwrites.apply(image, entry)
        paths.append(folder / f"image{crash.number}")
        _write_image(paths[-1], image)
    return paths


# ---- Judging ----
def _classify(lines: list[str]) -> list[str]:
    found = sorted({name for name, pattern in _FINDINGS if any(re.search(pattern, line) for line in lines)})
    return found or (["others"] if lines else [])


def _number(path: str) -> str:
    """Of a file of the load, under either name."""
    found = re.fullmatch(r"(?:load|renamed file number )([0-9]+)\.bin", path.strip().rpartition("/")[2].lower())
    return found[1] if found else path.strip()


def _cross_links(lines: list[str]) -> list[str]:
    """Pairs that share clusters, but for the two names of a file that was being renamed."""
    pairs = [(first.rstrip().removesuffix("and").strip(), second.strip())
             for first, second, third in zip(lines, lines[1:], lines[2:]) if "share clusters" in third]
    return [f"fsck.fat: {first} and {second} share clusters" for first, second in pairs if _number(first) != _number(second)]


def _halves(disk: bytes | bytearray) -> list[bytes]:
    """The entries of the first FAT12 that begin in one sector and end in the next."""
    reserved, length = struct.unpack_from("<H", disk, workdisk.START + 14)[0], struct.unpack_from("<H", disk, workdisk.START + 22)[0]
    fat = workdisk.START + reserved * workdisk.SECTOR
    ends = range(workdisk.SECTOR - 1, (length - 1) * workdisk.SECTOR, workdisk.SECTOR)
    return [bytes(disk[fat + end:fat + end + 2]) for end in ends if end % 3 != 2]       # 3 bytes for 2 entries: at 0 and 1


def _tore_an_entry(load: Load, crash: Crash, image: Path) -> bool:
    """Whether an entry of FAT12 is half of before and half of after, as nobody ever wrote it: two sectors are two writes to a disk."""
    disk = bytearray(load.before.read_bytes())
    for entry in load.log[:crash.base]:
        logwrites.apply(disk, entry)
    written = [{half} for half in _halves(disk)]
    for entry in load.log[crash.base:crash.cut]:
        logwrites.apply(disk, entry)
        for known, half in zip(written, _halves(disk)):
            known.add(half)
    return any(half not in known for half, known in zip(_halves(image.read_bytes()), written))


def _judge(load: Load, crash: Crash, image: Path, volume: volumework.Volume | None, fsck: list[str]) -> list[str]:
    if volume is None or not volume.finished:
        return ["the kernel did not come to the end of this volume"]
    if not volume.mounted:
        return [f"it was not mounted: 0x{volume.status:08X}"]
    links = _cross_links(fsck)
    if links and load.bits == 12 and _tore_an_entry(load, crash, image):
        links = []
    return workload.problems(volume, workload.promises(load.done, load.seen, crash.cut - 1)) + links


def _batch(preset: str, load: Load, crashes: list[Crash], seed: int, keep: Path) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory(prefix="petrel-crash-") as name:
        images = make_images(load, crashes, seed, Path(name))
        fsck = [workdisk.check(image, load.shape) for image in images]
        result = volumework.run(preset, "check", images, _CHECK_LIMIT)
        rows: list[dict[str, object]] = []
        for number, (crash, words) in enumerate(zip(crashes, fsck)):
            problems = _judge(load, crash, images[number], result.volumes.get(number + 1), words)
            if problems:
                shutil.copyfile(images[number], keep / f"FAT{load.bits}-{crash.number}.img")
            rows.append({"bits": load.bits, "image": crash.number, "base": crash.base, "cut": crash.cut, "fsck": _classify(words),
                         "problems": problems})
    if result.why:
        rows[-1]["problems"] = [f"the machine: {result.why}", *rows[-1]["problems"]]     # type: ignore[misc]
        print(f"--- end of debug text (0xE9)\n{result.debug[-3000:]}")
    return rows


# ---- The proof ----
def work_folder(preset: str, seed: int, load: int, without_flush: bool) -> Path:
    return Tree(preset).build / "storage" / f"crash-{seed}-{load}{'-without-flush' if without_flush else ''}"


def _finished(results: Path) -> set[tuple[int, int]]:
    if not results.exists():
        return set()
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return {(row["bits"], row["image"]) for row in rows}


def _prove_one(preset: str, load: Load, count: int, seed: int, folder: Path) -> None:
    results, done = folder / "results.jsonl", _finished(folder / "results.jsonl")
    crashes = sorted((choose(load, seed, number) for number in range(count) if (load.bits, number) not in done),
                     key=lambda crash: (crash.base, crash.number))
    for at in range(0, len(crashes), volumework.PER_MACHINE):
        rows = _batch(preset, load, crashes[at:at + volumework.PER_MACHINE], seed, folder)
        with open(results, "a", encoding="utf-8") as handle:
            handle.writelines(json.dumps(row) + "\n" for row in rows)
        bad = sum(bool(row["problems"]) for row in rows)
        print(f"FAT{load.bits}: {min(at + volumework.PER_MACHINE, len(crashes))} of {len(crashes)} images"
              + (f", {bad} of the last {len(rows)} failed" if bad else ""), flush=True)


def _summary(results: Path) -> bool:
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    findings = Counter(name for row in rows for name in row["fsck"])
    bad = [row for row in rows if row["problems"]]
    print(f"{len(rows)} images, {len(bad)} failed; fsck.fat found: "
          + (", ".join(f"{name} in {count}" for name, count in sorted(findings.items())) or "nothing"))
    for row in bad[:10]:
        print(f"FAT{row['bits']} image {row['image']} (cut at {row['cut']}, all before {row['base']}):")
        for problem in row["problems"][:4]:
            print(f"    {problem}")
    return not bad


def prove(preset: str, images: int, seed: int, operations: int, without_flush: bool, resume: bool) -> bool:
    """A third of the images of each kind of FAT; the folder keeps the logs, the results, and images that failed."""
    folder = work_folder(preset, seed, operations, without_flush)
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    print(f"results: {folder}")
    for number, bits in enumerate(workdisk.KINDS):
        share = (images + len(workdisk.KINDS) - 1 - number) // len(workdisk.KINDS)
        if share:
            load = _load(preset, bits, seed + number, operations, folder / f"FAT{bits}", without_flush)
            _prove_one(preset, load, share, seed, folder)
    return _summary(folder / "results.jsonl")
