# SPDX-License-Identifier: MIT
"""`verify hives`: the registry's files, written by the kernel and read by hivex, and the other way round, and fuzzed.

A machine boots from a copy of the image that keeps what is written to it. Its driver `hives` (test-drivers/hives*.c) does the
kernel's part; what it makes is computed here a second time.
"""
from __future__ import annotations

import argparse
import random
import re
import shutil
import struct
import tempfile
from pathlib import Path

from . import lab, show
from .build import build
from .errors import EXIT_FAIL, EXIT_PASS, UsageError
from .hive import make_hive, with_header_sum
from .image import is_clean, make_disk, make_image, read_file, volume_files
from .machine import MachineOptions
from .paths import ROOT, Tree, program
from .process import run_tool
from .running import for_drivers, read_subject
from .verdict import judge

_PRESET = "debug"
_DUMP = ROOT / "kernel" / "cm" / "test" / "host" / "hivexdump.pl"
_SYSTEM = "Windows/System32/config/SYSTEM"
_KEYS = 1000                            # as in test-drivers/hives_write.c
_WRITE, _FIND, _COPY = 1, 2, 4          # its Steps
_FOLDER = 100                           # fuzzed hives in one folder
_MOST = 100 * _FOLDER


# ---- What the driver writes -------------------------------------------------------------------------------------------------------
def _units(text: str) -> str:
    return text.encode("utf-16-be").hex()


def _name(number: int) -> str:
    prefix = "\u0416\u4e2d" if number % 7 == 0 else "\u00e9" if number % 11 == 0 else ""
    return f"{prefix}K{number:04}"


def expected_lines() -> list[str]:
    """What hivexdump.pl prints of the driver's keys, sorted."""
    root = "/" + _units("Hives")
    many = f"{root}/{_units('Many')}"
    target = "\\Registry\\Machine\\System\\Hives\\Many".encode("utf-16-le").hex()
    lines = [root, many, f"{root} - 1 " + "a text\0".encode("utf-16-le").hex(), f"{root}/{_units('Link')}",
             f"{root}/{_units('Link')} {_units('SymbolicLinkValue')} 6 {target}"]
    for number in range(_KEYS):
        if number % 3 == 2:
            continue
        key = f"{many}/{_units(_name(number))}"
        lines += [key, f"{key} {_units('n')} 4 " + struct.pack("<I", number * 2654435761 & 0xFFFFFFFF).hex()]
        if number % 10 == 0:
            data = bytes((position * 7 + number) & 0xFF for position in range(16340 + number * 7))
            lines.append(f"{key} {_units('big')} 3 {data.hex()}")
    return sorted(lines)


def _dump(hive: Path) -> list[str]:
    return sorted(run_tool([program("perl"), str(_DUMP), str(hive)]).splitlines())


def _driver_lines(hive: Path) -> list[str]:
    root = "/" + _units("Hives")
    return [line for line in _dump(hive) if line == root or line.startswith((root + "/", root + " "))]


# ---- Machines ---------------------------------------------------------------------------------------------------------------------
def _make_disk(folder: Path, files: dict[str, bytes]) -> Path:
    """A disk of its own: the preset's boot volume with more files."""
    make_image(_PRESET)
    volume = folder / "volume"
    shutil.copytree(Tree(_PRESET).volume, volume)
    for name, content in files.items():
        (volume / name).parent.mkdir(parents=True, exist_ok=True)
        (volume / name).write_bytes(content)
    disk = folder / "disk"
    make_disk(disk, volume, volume_files(volume))
    return disk


def _run(disk: Path, seconds: float, **parameters: int) -> tuple[bool, str]:
    """One machine with the driver; whether it passed, and what the driver printed."""
    subject = read_subject(Tree(_PRESET).test_drivers / "clang" / "hives.sys")
    values = [f"service-value=Parameters\\{name}=dword:{value}" for name, value in parameters.items()]
    base = MachineOptions(disk=disk, keeps_disk=True, cpus=4, options=values)
    record = lab.run(for_drivers(base, [subject]), lab.Limits(driver=seconds, whole=seconds + 60.0))
    verdict = judge(record, subject.name)
    if verdict.verdict != "pass":
        print(f"hives.sys with {parameters}: {verdict.verdict}: {verdict.why}")
        show.ends_of_channels(record)
    return verdict.verdict == "pass", record.debug


# ---- Both ways --------------------------------------------------------------------------------------------------------------------
def _hex(data: bytes) -> str:
    return ",".join(f"{byte:02x}" for byte in data)


def _given(folder: Path, keys: int, big: tuple[int, ...], seed: int) -> bytes:
    """A hive by hivex: many keys below one, values of many sizes."""
    dice = random.Random(seed)
    prefix = "HKEY_LOCAL_MACHINE\\GIVEN"
    lines = ["Windows Registry Editor Version 5.00", ""]
    for number in range(keys):
        lines += ["", f"[{prefix}\\Many\\{dice.choice(['Alpha', 'beta', 'Ga_ma', 'Z^t'])}{number * 61 % keys}]"]
        lines += [f'"{name}"=hex({kind:x}):{_hex(dice.randbytes(length))}'
                  for name, kind, length in (("Dword", 4, 4), ("Empty", 3, 0), ("Binary", 3, dice.randrange(1, 200)), ("Sz", 1, 20))]
    for length in big:
        lines += ["", f"[{prefix}\\Big\\Below\\{length}]", f'"Data"=hex(3):{_hex(dice.randbytes(length))}']
    source = folder / "given.reg"
    source.write_text("\n".join(lines) + "\n", encoding="ascii")
    return make_hive(source, prefix, "GIVEN")


def _same(what: str, wanted: list[str], found: list[str]) -> bool:
    if wanted == found:
        print(f"{what}: {len(found)} keys and values, all as they should be")
        return True
    different = sorted(set(wanted) ^ set(found))
    print(f"{what}: {len(different)} lines differ, first: {different[0][:200] if different else 'one is there twice'}")
    return False


def _both_ways(folder: Path) -> bool:
    given = folder / "given"
    given.write_bytes(_given(folder, 1200, (16343, 16344, 16345, 40000), 1))
    disk = _make_disk(folder, {"Windows/Temp/given": given.read_bytes()})
    written, _ = _run(disk, 120.0, Steps=_WRITE | _COPY)
    if not written:
        return False
    read_file(disk, _SYSTEM, folder / "SYSTEM")
    read_file(disk, "Windows/Temp/saved", folder / "saved")
    passed = _same("written by the kernel, read by hivex", expected_lines(), _driver_lines(folder / "SYSTEM"))
    passed &= _same("written by hivex, read and saved by the kernel", _dump(given), _dump(folder / "saved"))
    if not is_clean(disk):
        print("the boot volume is marked as not shut down")
        passed = False
    found, _ = _run(disk, 120.0, Steps=_FIND)
    print(f"after another boot: {'all found' if found else 'not all found'}")
    return passed and found


# ---- Fuzzing ----------------------------------------------------------------------------------------------------------------------
_WORDS = (0, 1, 2, 7, 8, 0x20, 0x1000, 0x7FFFFFF8, 0x80000000, 0x80000020, 0xFFFFFFF8, 0xFFFFFFFF)


def fuzzed(hive: bytes, dice: random.Random) -> bytes:
    """The hive with a few bytes, words or pieces changed; the base block's sum is right mostly, so that it gets further."""
    data = bytearray(hive)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 12))):
        where = dice.randrange(0x1000, len(data) - 4) if dice.random() < 0.95 else dice.randrange(0, 0x200)
        kind = dice.random()
        if kind < 0.4:
            data[where] ^= 1 << dice.randrange(8)
        elif kind < 0.7:
            struct.pack_into("<I", data, where & ~3, dice.choice(_WORDS))
        elif kind < 0.9:
            struct.pack_into("<I", data, where & ~3, dice.randrange(0, len(data), 8))
        else:
            length = min(dice.randrange(1, 64), len(data) - where)
            data[where:where + length] = data[dice.randrange(0x1000, len(data) - length):][:length]
    if dice.random() < 0.05:
        del data[dice.randrange(0, len(data)):]
    return with_header_sum(bytes(data)) if dice.random() < 0.95 and len(data) >= 0x1000 else bytes(data)


def _fuzz(folder: Path, count: int, seed: int) -> bool:
    dice = random.Random(seed)
    bases = [_given(folder, keys, big, keys) for keys, big in ((3, ()), (20, ()), (30, (17000,)))]
    files = {f"Windows/Temp/{number // _FOLDER:02}/{number % _FOLDER:02}": fuzzed(dice.choice(bases), dice) for number in range(count)}
    passed, words = _run(_make_disk(folder, files), 60.0 + count * 0.5, Fuzz=count)
    found = re.search(r"hives: (\d+) loaded, (\d+) refused, (\d+) keys", words)
    print(f"seed {seed}: " + (found.group(0) if found else "the driver did not say how many were loaded"))
    return passed and found is not None and int(found.group(1)) + int(found.group(2)) == count


def command(arguments: argparse.Namespace) -> int:
    if arguments.fuzz is not None and not 1 <= arguments.fuzz <= _MOST:
        raise UsageError(f"--fuzz takes 1 to {_MOST}")
    seed = 1 if arguments.seed is None else arguments.seed
    if not arguments.no_build:
        build(_PRESET)
    with tempfile.TemporaryDirectory(prefix="petrel-hives-") as folder:
        passed = _both_ways(Path(folder)) if arguments.fuzz is None else _fuzz(Path(folder), arguments.fuzz, seed)
    return EXIT_PASS if passed else EXIT_FAIL
