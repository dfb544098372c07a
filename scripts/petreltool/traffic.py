# SPDX-License-Identifier: MIT
"""Many requests under way to disks of each kind, half of which QEMU lets fail: the driver `traffic` looks at every block that it reads,
and here every block of the disks' files is compared with what the driver says it wrote."""
from __future__ import annotations

import json
import random
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import lab, workdisk
from .errors import MachineryError
from .image import make_image
from .machine import MachineOptions, STATUS_PASS
from .paths import Tree
from .running import for_drivers, read_subject
from .verdict import judge

BLOCK, BLOCKS, STREAMS = 4096, 8192, 64
KINDS = ("virtio-blk", "nvme", "ahci")
_BAD, _ONCE, _FLUSHES = 12, 40, 5               # blocks for each direction that fail always, and once; flushes that fail
_WORDS = BLOCK // 8
_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_SLACK = 120.0                                  # seconds


# ---- What blocks hold, as test-drivers/traffic_blocks.c has it ----
def _start(seed: int, disk: int, block: int, generation: int) -> int:
    x = ((seed + 1) * _STEP ^ (disk + 1) * 0xBF58476D1CE4E5B9 ^ (block + 1) * 0x94D049BB133111EB ^ generation * 0xD6E8FEB86659FD93) & _MASK
    return x ^ x >> 31


def content(seed: int, disk: int, block: int, generation: int) -> bytes:
    if generation == 0:
        return bytes(BLOCK)
    begin = _start(seed, disk, block, generation)
    words = [(begin + index * _STEP) & _MASK for index in range(_WORDS)]
    words[1] = generation << 32 | block
    return struct.pack(f"<{_WORDS}Q", *words)


# ---- Disks ----
@dataclass(frozen=True)
class Faults:
    """Blocks that cannot be read or written, always or once."""
    reads: frozenset[int] = frozenset()
    writes: frozenset[int] = frozenset()
    reads_once: frozenset[int] = frozenset()
    writes_once: frozenset[int] = frozenset()
    flushes: int = 0


def choose_faults(numbers: random.Random) -> Faults:
    blocks = numbers.sample(range(BLOCKS), 2 * (_BAD + _ONCE))
    return Faults(frozenset(blocks[:_BAD]), frozenset(blocks[_BAD:2 * _BAD]), frozenset(blocks[2 * _BAD:2 * _BAD + _ONCE]),
                  frozenset(blocks[2 * _BAD + _ONCE:]), _FLUSHES)


def _rules(faults: Faults, numbers: random.Random) -> list[dict[str, object]]:
    def rule(iotype: str, once: bool, block: int | None) -> dict[str, object]:
        made: dict[str, object] = {"event": "none", "iotype": iotype, "errno": 5, "once": once}
        if block is not None:
            made["sector"] = block * (BLOCK // 512) + numbers.randrange(BLOCK // 512)
        return made
    parts = (("read", False, faults.reads), ("write", False, faults.writes), ("read", True, faults.reads_once), ("write", True, faults.writes_once))
    return [rule(iotype, once, block) for iotype, once, blocks in parts for block in sorted(blocks)] + \
           [rule("flush", True, None) for _ in range(faults.flushes)]


@dataclass
class Disk:
    kind: str
    path: Path
    faults: Faults = Faults()


def _attach(disks: list[Disk], numbers: random.Random) -> list[str]:
    arguments = []
    for index, disk in enumerate(disks):
        file: dict[str, object] = {"driver": "file", "filename": str(disk.path)}
        rules = _rules(disk.faults, numbers)
        node = {"driver": "blkdebug", "image": file, "inject-error": rules} if rules else {"driver": "raw", "file": file}
        arguments += ["-blockdev", json.dumps({"node-name": f"traffic{index}", **node})]
        drive = f"drive=traffic{index}"
        if disk.kind == "virtio-blk":
            arguments += ["-device", f"virtio-blk-pci,{drive},werror=report,rerror=report"]
        elif disk.kind == "nvme":
            arguments += ["-device", f"nvme,{drive},serial=traffic{index}"]
        else:
            arguments += ["-device", f"ahci,id=ahci{index}", "-device", f"ide-hd,bus=ahci{index}.0,{drive},werror=report,rerror=report"]
    return arguments


# ---- What the driver said ----
@dataclass
class Said:
    """Of one disk, by its number in the machine."""
    requests: int = 0
    failed: int = 0
    flushes: int = 0
    failed_flushes: int = 0
    peak: int = 0
    mean: int = 0
    reads: set[int] = field(default_factory=set)            # blocks that failed alone
    writes: set[int] = field(default_factory=set)
    blocks: dict[int, tuple[int, int]] = field(default_factory=dict)   # generations: for sure, and perhaps up to
    wrong: list[str] = field(default_factory=list)


def parse(text: str) -> dict[int, Said]:
    found: dict[int, Said] = {}
    for line in text.split("\n"):
        words = line.split(" ")
        if len(words) < 3 or words[0] not in ("disk", "bad", "row", "wrong") or not words[1].isdigit():
            continue
        said = found.setdefault(int(words[1]), Said())
        if words[0] == "disk":
            said.requests, said.failed, said.flushes, said.failed_flushes, said.peak, said.mean = (int(words[at]) for at in (3, 5, 7, 9, 11, 13))
        elif words[0] == "bad":
            (said.reads if words[2] == "read" else said.writes).add(int(words[3]))
        elif words[0] == "row":
            for index, pair in enumerate(words[3:]):
                sure, _, perhaps = pair.partition(":")
                said.blocks[int(words[2]) + index] = int(sure), int(perhaps)
        else:
            said.wrong.append(line)
    return found


# ---- The comparison ----
def _number_of(disk: Disk, seed: int, numbers: list[int]) -> int | None:
    """Which number the machine gave it: blocks that were written say so."""
    with open(disk.path, "rb") as handle:
        for block in range(BLOCKS):
            first, second = struct.unpack("<2Q", handle.read(BLOCK)[:16])
            if second >> 32:
                return next((number for number in numbers if _start(seed, number, block, second >> 32) == first), None)
    return None


def _compare_blocks(disk: Disk, number: int, said: Said, seed: int) -> list[str]:
    problems = []
    with open(disk.path, "rb") as handle:
        for block in range(BLOCKS):
            data = handle.read(BLOCK)
            sure, perhaps = said.blocks.get(block, (1, 0))
            generation = struct.unpack("<Q", data[8:16])[0] >> 32
            if not sure <= generation <= perhaps or data != content(seed, number, block, generation):
                problems.append(f"block {block} holds generation {generation}, not {sure} to {perhaps}, or other bytes")
    return problems


def _compare_failures(faults: Faults, said: Said) -> list[str]:
    """Every block was read in the end; not every one was written."""
    tried = {block for block in faults.writes if said.blocks.get(block, (0, 0))[1] != 0}
    problems = [f"block {block} cannot be read, and nobody was told" for block in sorted(faults.reads - said.reads)]
    problems += [f"block {block} cannot be written, and nobody was told" for block in sorted(tried - said.writes)]
    problems += [f"block {block}: it could not be read, without a reason" for block in sorted(said.reads - faults.reads - faults.reads_once)]
    problems += [f"block {block}: it could not be written, without a reason" for block in sorted(said.writes - faults.writes - faults.writes_once)]
    if said.failed_flushes != faults.flushes:
        problems.append(f"{said.failed_flushes} flushes failed, not {faults.flushes}")
    if not faults.reads and said.failed:
        problems.append(f"{said.failed} requests failed without a reason")
    return problems


def _judge_disk(disk: Disk, said: dict[int, Said], seed: int) -> bool:
    number = _number_of(disk, seed, sorted(said))
    if number is None:
        print(f"{disk.kind}: the driver wrote nothing that can be known again")
        return False
    mine = said[number]
    problems = mine.wrong + _compare_blocks(disk, number, mine, seed) + _compare_failures(disk.faults, mine)
    if mine.peak != STREAMS:
        problems.append(f"at most {mine.peak} requests were under way at once, not {STREAMS}")
    print(f"{disk.kind}{' with failures' if disk.faults.reads else ''}: {mine.requests} requests ({mine.failed} failed), {mine.flushes} flushes "
          f"({mine.failed_flushes} failed), {mine.mean} under way on average: {'as it must be' if not problems else 'NOT AS IT MUST BE'}")
    for line in problems[:20]:
        print(f"    {line}")
    return not problems


def prove(preset: str, seconds: int, cpus: int, seed: int) -> bool:
    numbers = random.Random(seed)
    subject = read_subject(Tree(preset).test_drivers / "clang" / "traffic.sys")
    if subject.image is None:
        raise MachineryError(f"{subject.path}: {subject.verdict.why}")
    with tempfile.TemporaryDirectory(prefix="petrel-traffic-") as name:
        folder = Path(name)
        disks = [Disk(kind, folder / f"{kind}{index}", faults) for kind in KINDS for index, faults in enumerate((Faults(), choose_faults(numbers)))]
        for disk in disks:
            workdisk.blank(disk.path, BLOCK * BLOCKS)
        values = {"Seed": seed, "Count": len(disks), "Blocks": BLOCKS, "Seconds": seconds}
        base = MachineOptions(disk=make_image(preset), cpus=cpus, extra=_attach(disks, numbers),
                              options=[f"service-value=Parameters\\{key}=dword:{value}" for key, value in values.items()])
        record = lab.run(for_drivers(base, [subject]), lab.Limits(driver=seconds + _SLACK, whole=seconds + 2 * _SLACK), keep=folder / "kept")
        debug = (folder / "kept" / "debug.txt").read_text(encoding="utf-8", errors="replace")
        verdict = judge(record, subject.name)
        passed = verdict.verdict == "pass" and record.exit_status == STATUS_PASS
        if not passed:
            print(f"the driver: {verdict.verdict}: {verdict.why}\n--- end of debug text (0xE9)\n{debug[-2000:]}")
        said = parse(debug)
        return all([_judge_disk(disk, said, seed) for disk in disks]) and passed
