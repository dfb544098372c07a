# SPDX-License-Identifier: MIT
"""Small PE images for the tests, written byte by byte."""
from __future__ import annotations

import struct

AMD64, I386, ARM64 = 0x8664, 0x14C, 0xAA64
NATIVE, CONSOLE = 1, 3
_BASE, _HEADERS, _SECTION = 0x140000000, 0x400, 0x1000


def driver(imports: dict[str, list[str]] | None = None, machine: int = AMD64, subsystem: int = NATIVE,
           characteristics: int = 0x22) -> bytes:
    """A PE32+ image with one section that holds its import table."""
    section = _import_section(imports if imports is not None else {"ntoskrnl.exe": ["DbgPrint"]})
    directory = (_SECTION, len(section)) if imports is None or imports else (0, 0)
    return _image(b".rdata", section, directory, machine, subsystem, characteristics)


def _image(name: bytes, section: bytes, imports: tuple[int, int], machine: int, subsystem: int, characteristics: int) -> bytes:
    raw_size = (len(section) + 0x1FF) & ~0x1FF
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    file_header = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, 240, characteristics)
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, raw_size, 0, 0, _SECTION, _SECTION)
    optional += struct.pack("<QIIHHHHHHIIIIHH", _BASE, 0x1000, 0x200, 10, 0, 0, 0, 10, 0, 0, 0x2000, _HEADERS, 0, subsystem, 0)
    optional += struct.pack("<QQQQII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    directories = [(0, 0), imports, *[(0, 0)] * 14]
    optional += b"".join(struct.pack("<II", *entry) for entry in directories)
    table = struct.pack("<8sIIIIIIHHI", name, len(section), _SECTION, raw_size, _HEADERS, 0, 0, 0, 0, 0x40000040)
    return (dos + file_header + optional + table).ljust(_HEADERS, b"\0") + section.ljust(raw_size, b"\0")


def program(*modules: str) -> bytes:
    """A console program or DLL that imports one name of each module."""
    return driver({module: ["Name"] for module in modules}, subsystem=CONSOLE)


def api_set_schema(hosts: dict[str, str], version: int = 6) -> bytes:
    """apisetschema.dll: API sets and the DLLs behind them; an empty one is nobody."""
    entries, values, text = b"", b"", b""
    begin_values = 28 + 24 * len(hosts)
    begin_text = begin_values + 20 * len(hosts)
    for number, (name, host) in enumerate(hosts.items()):
        encoded, target = name.encode("utf-16-le"), host.encode("utf-16-le")
        entries += struct.pack("<6I", 0, begin_text + len(text), len(encoded), len(name.rpartition("-")[0]) * 2,
                               begin_values + 20 * number, 1 if host else 0)
        text += encoded
        values += struct.pack("<5I", 0, 0, 0, begin_text + len(text), len(target))
        text += target
    header = struct.pack("<7I", version, begin_text + len(text), 0, len(hosts), 28, 0, 31)
    return _image(b".apiset", header + entries + values + text, (0, 0), AMD64, CONSOLE, 0x2022)


def _import_section(imports: dict[str, list[str]]) -> bytes:
    """Descriptors, then for each module its table, its name and its hints and names."""
    descriptors, rest = b"", b""
    start = _SECTION + 20 * (len(imports) + 1)
    for module, names in imports.items():
        table = start + len(rest)
        strings = table + 8 * (len(names) + 1)
        entries, text = b"", b""
        for name in names:
            entries += struct.pack("<Q", strings + len(text))
            text += struct.pack("<H", 0) + name.encode() + b"\0"
        module_name = strings + len(text)
        rest += entries + bytes(8) + text + module.encode() + b"\0"
        descriptors += struct.pack("<IIIII", table, 0, 0, module_name, table)
    return descriptors + bytes(20) + rest
