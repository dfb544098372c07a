#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the casing tables (LOADER_FILE_CASING_TABLE): 65,536 upcase values, then 65,536 downcase values, little-endian UTF-16.

The source is Unicode's UnicodeData.txt (package unicode-data): simple mappings, one code unit to one. A mapping counts only when
both sides lie in the Basic Multilingual Plane and the way back leads to where it came from: so no character outside ASCII equals
one inside it (dotless i and I, long s and S, the Kelvin sign and K), which names of objects and files rely on.
"""
from __future__ import annotations

import sys
from array import array
from pathlib import Path

UNICODE_DATA = Path("/usr/share/unicode/UnicodeData.txt")
_UPPER_FIELD, _LOWER_FIELD = 12, 13


def tables(text: str) -> tuple[array[int], array[int]]:
    up: dict[int, int] = {}
    down: dict[int, int] = {}
    for line in text.splitlines():
        fields = line.split(";")
        if len(fields) <= _LOWER_FIELD:
            continue
        code = int(fields[0], 16)
        for mapping, value in ((up, fields[_UPPER_FIELD]), (down, fields[_LOWER_FIELD])):
            if value and code < 0x10000 and int(value, 16) < 0x10000:
                mapping[code] = int(value, 16)
    return _table(up, down), _table(down, up)


def _table(there: dict[int, int], back: dict[int, int]) -> array[int]:
    return array("H", (there[code] if back.get(there.get(code, -1)) == code else code for code in range(0x10000)))


def make(source: Path = UNICODE_DATA) -> bytes:
    upper, lower = tables(source.read_text(encoding="ascii"))
    if sys.byteorder == "big":
        upper.byteswap()
        lower.byteswap()
    return upper.tobytes() + lower.tobytes()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: make_casing.py OUTPUT", file=sys.stderr)
        return 2
    Path(arguments[0]).write_bytes(make())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
