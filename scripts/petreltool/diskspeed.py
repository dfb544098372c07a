# SPDX-License-Identifier: MIT
"""`bench --disk`: from one end of a disk to the other in requests of 64 KiB, raw and as a file of a FAT32 volume, in the machine's time."""
from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from . import setup, volumework, workdisk
from .build import build
from .errors import EXIT_PASS, MachineryError

_PRESET = "release"
_MEBIBYTES, _TURNS = 128, 5
_LIMIT = 240.0                  # seconds of a machine
_AGAINST = {"disk_write": None, "disk_read": None, "file_write": "disk_write", "file_read": "disk_read",
            "file_write_unbuffered": "disk_write", "file_read_unbuffered": "disk_read"}


def parse(text: str) -> dict[str, int]:
    """Microseconds."""
    lines = [line.split(" ") for line in text.split("\n") if line.startswith("speed ")]
    return {words[1]: int(words[2]) for words in lines if len(words) == 3 and words[1] in _AGAINST and words[2].isdigit()}


def _turn() -> dict[str, float]:
    """MiB a second."""
    with tempfile.TemporaryDirectory(prefix="petrel-speed-") as name:
        volume, raw = Path(name) / "volume", Path(name) / "raw"
        workdisk.make(volume, workdisk.room_for(32, 1, _MEBIBYTES << 20))
        workdisk.blank(raw, _MEBIBYTES << 20)
        result = volumework.run(_PRESET, "speed", [volume, raw], _LIMIT, cpus=1, Kilobytes=_MEBIBYTES << 10)
    times = parse(result.debug)
    if result.why or set(times) != set(_AGAINST):
        raise MachineryError(f"the disks were not measured: {result.why}\n{result.debug[-1000:]}")
    return {what: _MEBIBYTES * 1e6 / max(time, 1) for what, time in times.items()}


def command(arguments: argparse.Namespace) -> int:
    setup.ensure()
    build(_PRESET)
    turns = [_turn() for _ in range(_TURNS)]
    middle = {what: statistics.median(turn[what] for turn in turns) for what in _AGAINST}
    print(f"{_MEBIBYTES} MiB in requests of 64 KiB, virtio-blk, one processor, median of {_TURNS}")
    for what, against in _AGAINST.items():
        share = f"{middle[what] / middle[against]:6.2f} of {against}" if against else ""
        print(f"{what:<24}{middle[what]:9.0f} MiB/s {share}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"mebibytes": _MEBIBYTES, "turns": turns, "median": middle}, indent=2) + "\n", encoding="utf-8")
    return EXIT_PASS
