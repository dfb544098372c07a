# SPDX-License-Identifier: MIT
"""Interchange with tools not ours: what mkfs.fat and mtools wrote is read in the kernel, what the kernel wrote passes fsck.fat and is
read by mtools, byte for byte."""
from __future__ import annotations

import tempfile
from pathlib import Path

from . import volumework, workdisk, worktree
from .errors import MachineryError

_SMALL = {12: (1000, 48 << 20)}                # of FAT12's 4,084 clusters each file takes one
_LIMIT_FILE, _LIMIT_MEBIBYTE = 0.05, 1.5       # seconds, on a busy host


def _limit(files: int, kilobytes: int) -> float:
    return 120.0 + files * _LIMIT_FILE + kilobytes / 1024 * _LIMIT_MEBIBYTE


def _first(problems: list[str], count: int = 20) -> list[str]:
    return problems[:count] + ([f"... and {len(problems) - count} more"] if len(problems) > count else [])


def _compare_sums(found: volumework.Volume, seed: int, files: int, kilobytes: int) -> list[str]:
    problems, left = list(found.errors), dict(found.files)
    for file in worktree.tree(seed, files, kilobytes):
        got = left.pop(file.path, None)
        if got is None:
            problems.append(f"{file.path}: the kernel did not find it")
        elif (got.size, got.hash) != (file.size, worktree.fnv(file.content())):
            problems.append(f"{file.path}: {got.size} bytes, not {file.size}, or others")
        elif got.attributes & worktree.READ_ONLY_HIDDEN != file.attributes:
            problems.append(f"{file.path}: attributes {got.attributes:x}, not {file.attributes:x}")
    return problems + [f"{path}: nobody wrote it" for path in left]


def _compare_trees(folder: Path, seed: int, files: int, kilobytes: int) -> list[str]:
    problems = []
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for file in worktree.tree(seed, files, kilobytes):
        if file.path not in left:
            problems.append(f"{file.path}: mtools did not find it")
        elif (folder / file.path).read_bytes() != file.content():
            problems.append(f"{file.path}: other bytes")
        left.discard(file.path)
    return problems + [f"{path}: nobody wrote it" for path in left]


def _conclude(what: str, result: volumework.Result, problems: list[str]) -> bool:
    problems = ([result.why] if result.why else []) + problems
    print(f"{what}: {'equal' if not problems else 'NOT EQUAL'} ({result.record.seconds:.0f} s in the machine)", flush=True)
    for line in _first(problems):
        print(f"    {line}")
    if result.why:
        print(f"--- end of debug text (0xE9)\n{result.debug[-2000:]}")
    return not problems


def read_theirs(preset: str, bits: int, files: int, size: int, seed: int) -> bool:
    """An image by mkfs.fat and mtools, summed up in the kernel."""
    files, size = min(files, _SMALL.get(bits, (files, 0))[0]), min(size, _SMALL.get(bits, (0, size))[1])
    kilobytes = size >> 10
    with tempfile.TemporaryDirectory(prefix="petrel-interchange-") as name:
        disk, tree = Path(name) / "disk", Path(name) / "tree"
        workdisk.make(disk, workdisk.room_for(bits, files, size))
        worktree.write(tree, seed, files, kilobytes)
        workdisk.fill(disk, tree)
        workdisk.hide(disk, [file.path for file in worktree.tree(seed, files, kilobytes) if file.attributes])
        result = volumework.run(preset, "sum", [disk], _limit(files, kilobytes))
        problems = _compare_sums(result.volumes.get(1, volumework.Volume()), seed, files, kilobytes)
    return _conclude(f"FAT{bits}: {files} files, {size} bytes by mtools, read in the kernel", result, problems)


def write_ours(preset: str, bits: int, files: int, size: int, seed: int) -> bool:
    """A tree that the kernel wrote, by fsck.fat and mtools."""
    files, size = min(files, _SMALL.get(bits, (files, 0))[0]), min(size, _SMALL.get(bits, (0, size))[1])
    kilobytes = size >> 10
    with tempfile.TemporaryDirectory(prefix="petrel-interchange-") as name:
        disk, tree = Path(name) / "disk", Path(name) / "tree"
        shape = workdisk.room_for(bits, files, size)
        workdisk.make(disk, shape)
        result = volumework.run(preset, "fill", [disk], _limit(files, kilobytes), Seed=seed, Files=files, Kilobytes=kilobytes)
        problems = [f"fsck.fat: {line}" for line in workdisk.check(disk, shape)]
        try:
            workdisk.take(disk, tree)
            problems += _compare_trees(tree, seed, files, kilobytes)
        except MachineryError as error:
            problems.append(str(error))
    return _conclude(f"FAT{bits}: {files} files, {size} bytes by the kernel, fsck.fat and mtools", result, problems)


def prove(preset: str, files: int, size: int, seed: int) -> bool:
    passed = [proof(preset, bits, files, size, seed) for bits in workdisk.KINDS for proof in (read_theirs, write_ours)]
    return all(passed)
