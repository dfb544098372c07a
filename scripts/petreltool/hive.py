# SPDX-License-Identifier: MIT
"""Makes a regf hive from a .reg text: an empty hive of ours, filled by hivexregedit, with all times set to one value.

The layout of an empty hive (4 KiB header, then one 4 KiB bin):

    0000 "regf" sequence x2, time, version 1.5, root cell 0x20, size of bins; checksum at 01FC
    1000 "hbin" offset 0, size 0x1000
    1020 cell: nk, the root key     10A0 cell: sk, its security     ...  one free cell to the end
"""
from __future__ import annotations

import struct
import tempfile
from pathlib import Path

from .paths import program
from .process import run_tool

TIME = 132223104000000000               # 2020-01-01 in 100 ns units since 1601: hives must not differ from build to build
_NONE = 0xFFFFFFFF
_ROOT_OFFSET, _SECURITY_OFFSET = 0x20, 0xA0
_BIN_SIZE = 0x1000
_TIME_IN_HEADER, _TIME_IN_KEY, _CHECKSUM = 0x0C, 0x04, 0x1FC


def _security_descriptor() -> bytes:
    """Owner and group Administrators and SYSTEM, who may do everything; everybody else reads."""
    system = bytes([1, 1, 0, 0, 0, 0, 0, 5]) + struct.pack("<I", 18)
    administrators = bytes([1, 2, 0, 0, 0, 0, 0, 5]) + struct.pack("<II", 32, 544)
    everyone = bytes([1, 1, 0, 0, 0, 0, 0, 1]) + struct.pack("<I", 0)
    entries = b"".join(struct.pack("<BBHI", 0, 2, 8 + len(sid), mask) + sid
                       for sid, mask in ((system, 0xF003F), (administrators, 0xF003F), (everyone, 0x20019)))
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(entries), 3, 0) + entries
    owner = 20 + len(acl)
    return struct.pack("<BBHIIII", 1, 0, 0x8004, owner, owner + len(administrators), 0, 20) + acl + administrators + system


def _cell(content: bytes, size: int) -> bytes:
    return struct.pack("<i", -size) + content.ljust(size - 4, b"\0")


def empty_hive(name: str = "SYSTEM") -> bytes:
    label = name.encode("ascii")
    # signature, flags (hive root, not deletable, ASCII name), time, access, parent, keys, volatile, lists, values, security, class
    key = struct.pack("<2sHQIIIIIIIIII", b"nk", 0x2C, TIME, 0, 0, 0, 0, _NONE, _NONE, 0, _NONE, _SECURITY_OFFSET, _NONE)
    key += struct.pack("<IIIIIHH", 0, 0, 0, 0, 0, len(label), 0) + label
    security = _security_descriptor()
    descriptor = struct.pack("<2sHIIII", b"sk", 0, _SECURITY_OFFSET, _SECURITY_OFFSET, 1, len(security)) + security
    security_size = (4 + len(descriptor) + 7) & ~7
    cells = _cell(key, _SECURITY_OFFSET - _ROOT_OFFSET) + _cell(descriptor, security_size)
    free = _BIN_SIZE - _ROOT_OFFSET - len(cells)
    cells += struct.pack("<i", free).ljust(free, b"\0")
    bin_header = struct.pack("<4sIIQQI", b"hbin", 0, _BIN_SIZE, 0, TIME, 0)
    header = struct.pack("<4sIIQIIIIIII", b"regf", 1, 1, TIME, 1, 5, 0, 1, _ROOT_OFFSET, _BIN_SIZE, 1)
    header += name.encode("utf-16-le").ljust(64, b"\0")
    return _with_checksum(bytearray(header.ljust(0x1000, b"\0"))) + bin_header + cells


def _with_checksum(header: bytearray) -> bytes:
    value = 0
    for (word,) in struct.iter_unpack("<I", header[:_CHECKSUM]):
        value ^= word
    value = {0: 1, _NONE: _NONE - 1}.get(value, value)
    struct.pack_into("<I", header, _CHECKSUM, value)
    return bytes(header)


def with_header_sum(hive: bytes) -> bytes:
    return _with_checksum(bytearray(hive[:0x1000])) + hive[0x1000:]


def _cells(hive: bytes) -> list[int]:
    """File offsets of the content of every cell."""
    found = []
    position = 0x1000
    while position + 32 <= len(hive) and hive[position:position + 4] == b"hbin":
        end = position + struct.unpack_from("<I", hive, position + 8)[0]
        cell = position + 32
        while cell < end:
            size = abs(struct.unpack_from("<i", hive, cell)[0])
            if size == 0:
                break
            found.append(cell + 4)
            cell += size
        position = end
    return found


def fix_times(hive: bytes) -> bytes:
    """The same hive with every time stamp set to TIME, so that equal inputs give equal bytes."""
    data = bytearray(hive)
    struct.pack_into("<Q", data, _TIME_IN_HEADER, TIME)
    for cell in _cells(hive):
        if data[cell:cell + 2] == b"nk":
            struct.pack_into("<Q", data, cell + _TIME_IN_KEY, TIME)
    return _with_checksum(data[:0x1000]) + bytes(data[0x1000:])


def with_parents(text: str, prefix: str) -> str:
    """The same .reg text with a header for every key on the way to a named one: hivexregedit makes no parents itself."""
    seen = {prefix.lower()}
    lines = []
    for line in text.splitlines():
        if line.startswith("["):
            parts = line.strip().strip("[]").split("\\")
            for depth in range(1, len(parts)):
                parent = "\\".join(parts[:depth])
                if len(parent) > len(prefix) and parent.lower() not in seen:
                    seen.add(parent.lower())
                    lines += [f"[{parent}]", ""]
            seen.add("\\".join(parts).lower())
        lines.append(line)
    return "\n".join(lines) + "\n"


def make_hive(source: Path, prefix: str = "HKEY_LOCAL_MACHINE\\SYSTEM", name: str = "SYSTEM") -> bytes:
    with tempfile.TemporaryDirectory(prefix="petrel-hive-") as folder:
        hive, registry = Path(folder) / "hive", Path(folder) / "hive.reg"
        hive.write_bytes(empty_hive(name))
        registry.write_text(with_parents(source.read_text(encoding="ascii"), prefix), encoding="ascii")
        run_tool([program("hivexregedit"), "--merge", "--prefix", prefix, "--encoding", "ASCII", str(hive), str(registry)])
        return fix_times(hive.read_bytes())
