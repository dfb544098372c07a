# SPDX-License-Identifier: MIT
"""Reads hives made by hivex with the core, and one made by the core with hivex: both must see the same keys, values and bytes.

    check_hivex.py ROOT REGF_DUMP HIVEXDUMP_PL SYSTEM_REG FOLDER      leaves the hives in FOLDER for the mutants
"""
from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

_PREFIX = "HKEY_LOCAL_MACHINE\\SYSTEM"


def _hex(data: bytes) -> str:
    return ",".join(f"{byte:02x}" for byte in data)


def make_source() -> tuple[str, dict[tuple[str, str], tuple[int, bytes]]]:
    """A .reg text with many keys and values, and what is in it."""
    dice = random.Random(1)
    lines = ["Windows Registry Editor Version 5.00", ""]
    expected: dict[tuple[str, str], tuple[int, bytes]] = {}
    for number in range(550):
        key = f"{dice.choice(['Alpha', 'beta', 'Ga_ma', 'Z^t'])}{number * 61 % 550}"
        lines += ["", f"[{_PREFIX}\\Many\\{key}]"]
        for name, kind, length in (("Dword", 4, 4), ("Empty", 3, 0), ("Binary", 3, dice.randrange(1, 3000)), ("Sz", 1, 20)):
            data = dice.randbytes(length)
            lines.append(f'"{name}"=hex({kind:x}):{_hex(data)}')
            expected[f"/Many/{key}", name] = (kind, data)
    for length in (16343, 16344, 16345, 40000):
        data = dice.randbytes(length)
        lines += ["", f"[{_PREFIX}\\Big]", f'"{length}"=hex(3):{_hex(data)}']
        expected["/Big", str(length)] = (3, data)
    return "\n".join(lines) + "\n", expected


def _text(units: str) -> str:
    return "" if units == "-" else bytes.fromhex(units).decode("utf-16-be")


def read_lines(lines: list[str]) -> dict[tuple[str, str], tuple[int, bytes]]:
    """The values of a dump."""
    found = {}
    for line in lines:
        parts = line.split(" ")
        if len(parts) == 4:
            path = "".join("/" + _text(part) for part in parts[0].split("/")[1:])
            found[path, _text(parts[1])] = (int(parts[2]), bytes.fromhex(parts[3]))
    return found


def run(*command: object) -> list[str]:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout.splitlines()


def main() -> int:
    root, dump, perl, system = (Path(argument) for argument in sys.argv[1:5])
    folder = Path(sys.argv[5])
    sys.path.insert(0, str(root / "scripts"))
    from petreltool.hive import empty_hive, make_hive

    folder.mkdir(parents=True, exist_ok=True)
    text, expected = make_source()
    (folder / "many.reg").write_text(text, encoding="ascii")
    (folder / "many.hive").write_bytes(make_hive(folder / "many.reg"))
    (folder / "system.hive").write_bytes(make_hive(system))
    (folder / "empty.hive").write_bytes(empty_hive())
    (folder / "corpus").mkdir(exist_ok=True)
    (folder / "corpus" / "system").write_bytes((folder / "system.hive").read_bytes())
    run(dump, "--write", folder / "ours.hive")
    for name in ("empty", "system", "many", "ours"):
        ours, theirs = run(dump, folder / f"{name}.hive"), run("perl", perl, folder / f"{name}.hive")
        if sorted(ours) != sorted(theirs):
            different = sorted(set(ours) ^ set(theirs))
            print(f"{name}.hive: {len(different)} lines differ, first: {different[0][:200]}")
            return 1
        print(f"{name}.hive: {len(ours)} keys and values")
    if read_lines(run(dump, folder / "many.hive")) != expected:
        print("many.hive: not what was put into it")
        return 1
    longest = max(len(data) for _, data in read_lines(run(dump, folder / "ours.hive")).values())
    if longest != 100000:
        print(f"ours.hive: the longest value has {longest} bytes")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
