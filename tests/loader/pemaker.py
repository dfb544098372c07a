# SPDX-License-Identifier: MIT
"""Makes the smallest PE32+ files the loader's boot tests need, without a compiler."""
from __future__ import annotations

import struct

ALIGN = 0x1000
FILE_ALIGN = 0x200
TEXT_FLAGS = 0x60000020          # code, executable, readable
RDATA_FLAGS = 0xC0000040         # initialised data, readable, writable (it holds the import table)

# mov eax, 16; mov edx, 0xF4; out dx, eax; cli; hlt: leaves QEMU with status 33
EXIT_33 = bytes.fromhex("b810000000 baf4000000 ef fa f4 ebfd".replace(" ", ""))


def _import_data(rva: int, imports: list[tuple[str, str]]) -> tuple[bytes, int]:
    """Import descriptors, one module with one name each; returns the section's bytes and the directory's size."""
    table = 20 * (len(imports) + 1)
    descriptors, tail = b"", b""
    for module, name in imports:
        base = rva + table + len(tail)
        hint = base + 32
        module_at = hint + 2 + len(name) + 1
        thunks = struct.pack("<QQQQ", hint, 0, hint, 0)
        descriptors += struct.pack("<IIIII", base, 0, 0, module_at, base + 16)
        entry = thunks + b"\0\0" + name.encode() + b"\0" + module.encode() + b"\0"
        tail += entry + b"\0" * (-len(entry) % 8)
    return descriptors + b"\0" * 20 + tail, table


def make_pe(code: bytes = EXIT_33, imports: list[tuple[str, str]] | None = None, *, machine: int = 0x8664, subsystem: int = 1,
            text_flags: int = TEXT_FLAGS, alignment: int = ALIGN, entry: bool = True, dll: bool = False) -> bytes:
    """An image with .text and, when it imports anything, .rdata. It has no relocations and needs none."""
    sections = [(b".text", code, text_flags)]
    directory = (0, 0)
    if imports:
        data, size = _import_data(2 * ALIGN, imports)
        sections.append((b".rdata", data, RDATA_FLAGS))
        directory = (2 * ALIGN, size)
    headers = b"MZ" + b"\0" * 58 + struct.pack("<I", 64)
    headers += b"PE\0\0" + struct.pack("<HHIIIHH", machine, len(sections), 0, 0, 0, 240, 0x2022 if dll else 0x0022)
    headers += struct.pack("<HBBIIIII", 0x20B, 14, 0, FILE_ALIGN, 0, 0, ALIGN if entry else 0, ALIGN)
    headers += struct.pack("<QIIHHHHHHIIIIHH", 0x140000000, alignment, FILE_ALIGN, 10, 0, 0, 0, 10, 0, 0,
                           ALIGN * (1 + len(sections)), FILE_ALIGN * 2, 0, subsystem, 0x0160)
    headers += struct.pack("<QQQQII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    directories = [(0, 0)] * 16
    directories[1] = directory
    headers += b"".join(struct.pack("<II", *pair) for pair in directories)
    offset, body = FILE_ALIGN * 2, b""
    for index, (name, data, flags) in enumerate(sections):
        raw = data + b"\0" * (-len(data) % FILE_ALIGN)
        headers += name.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), ALIGN * (index + 1), len(raw), offset + len(body),
                                                      0, 0, 0, 0, flags)
        body += raw
    return headers.ljust(FILE_ALIGN * 2, b"\0") + body
