# SPDX-License-Identifier: MIT
"""Hives that lived through power cuts: hivex must see the keys and value names in them that the core sees.

    check_recovered.py REGFLOG_TEST REGF_DUMP HIVEXDUMP_PL FOLDER      also leaves a corpus for the fuzzer of logs in FOLDER
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def _lines(*command: object) -> list[str]:
    text = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    return sorted(" ".join(line.split(" ")[:2]) for line in text.splitlines())


def main() -> int:
    test, dump, perl, folder = (Path(argument) for argument in sys.argv[1:5])
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    subprocess.run([str(test), "40", "11", str(folder)], check=True, capture_output=True)
    hives = sorted(folder.glob("*.hive"))
    for hive in hives:
        if _lines(dump, hive) != _lines("perl", perl, hive, "names"):
            print(f"{hive.name}: hivex sees other keys or values")
            return 1
    print(f"{len(hives)} recovered hives")
    return 0 if len(hives) == 40 else 1


if __name__ == "__main__":
    sys.exit(main())
