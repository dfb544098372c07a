# SPDX-License-Identifier: MIT
"""A small reader of PE headers for the host side: what a file is, what it imports, its resources and its PDB.

Independent of pe/ on purpose: the tool must be able to say what is wrong with a file before any machine boots, and a mistake in
one reader should not hide in the other. Every offset is checked; a file that does not hold what its headers promise raises
BadImage with the one sentence that the user reads.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

MACHINES = {0x8664: "x64", 0x14C: "32-bit x86", 0xAA64: "ARM64", 0x1C4: "32-bit ARM", 0x200: "Itanium", 0x5064: "RISC-V"}
SUBSYSTEMS = {1: "native", 2: "a Windows program", 3: "a console program", 9: "a Windows CE program", 10: "an EFI application",
              11: "an EFI boot driver", 12: "an EFI run-time driver", 16: "a boot application"}
_AMD64, _PE32_PLUS, _NATIVE = 0x8664, 0x20B, 1
_CHARACTERISTIC_EXECUTABLE, _CHARACTERISTIC_DLL = 0x0002, 0x2000
_IMPORT, _RESOURCE, _SECURITY, _DEBUG, _DELAY_IMPORT = 1, 2, 4, 6, 13
_ORDINAL = 1 << 63
_MAXIMUM_IMPORTS = 65536


class BadImage(Exception):
    """Why a file is not a driver that Petrel can load."""


@dataclass(frozen=True)
class Section:
    name: str
    address: int
    virtual_size: int
    raw_offset: int
    raw_size: int


@dataclass(frozen=True)
class Image:
    data: bytes
    machine: int
    magic: int
    subsystem: int
    characteristics: int
    image_size: int
    sections: tuple[Section, ...]
    directories: tuple[tuple[int, int], ...]

    def directory(self, number: int) -> tuple[int, int]:
        return self.directories[number] if number < len(self.directories) else (0, 0)

    def read(self, address: int, size: int) -> bytes:
        """Bytes at an address relative to the image's base."""
        for section in self.sections:
            if section.address <= address < section.address + max(section.virtual_size, section.raw_size):
                start = section.raw_offset + address - section.address
                stored = max(0, section.raw_size - (address - section.address))
                data = self.data[start:start + min(size, stored)]
                return data.ljust(size, b"\0")
        if address + size <= (self.sections[0].address if self.sections else len(self.data)) and address + size <= len(self.data):
            return self.data[address:address + size]
        raise BadImage(f"its tables point outside the image (address {address:#x})")

    def text(self, address: int, limit: int = 512) -> str:
        for section in self.sections:
            if section.address <= address < section.address + max(section.virtual_size, section.raw_size):
                limit = min(limit, section.address + max(section.virtual_size, section.raw_size) - address)
        raw = self.read(address, limit)
        if b"\0" not in raw:
            raise BadImage("a name in its import table does not end")
        return raw.split(b"\0")[0].decode("ascii", errors="replace")

    @property
    def has_signature(self) -> bool:
        return self.directory(_SECURITY)[1] != 0


def _unpack(layout: str, data: bytes, offset: int, what: str) -> tuple[int, ...]:
    if offset < 0 or offset + struct.calcsize(layout) > len(data):
        raise BadImage(f"the file is truncated: {what} lies past its end")
    return struct.unpack_from(layout, data, offset)


def parse(data: bytes) -> Image:
    """Reads the headers of any PE image."""
    if not data:
        raise BadImage("the file is empty")
    if data[:2] != b"MZ":
        raise BadImage("not a PE image: it does not begin with MZ")
    (start,) = _unpack("<I", data, 0x3C, "the offset of its PE header")
    signature = data[start:start + 4]
    if len(signature) < 4:
        raise BadImage("the file is truncated: its PE header lies past its end")
    if signature != b"PE\0\0":
        raise BadImage("not a PE image: it has no PE header (an MS-DOS program?)")
    machine, sections, _, _, _, optional_size, characteristics = _unpack("<HHIIIHH", data, start + 4, "its file header")
    optional = start + 24
    (magic,) = _unpack("<H", data, optional, "its optional header")
    wide = magic == _PE32_PLUS
    (image_size,) = _unpack("<I", data, optional + 56, "its optional header")
    (subsystem,) = _unpack("<H", data, optional + 68, "its optional header")
    (count,) = _unpack("<I", data, optional + (108 if wide else 92), "its optional header")
    table = optional + (112 if wide else 96)
    directories = tuple((pair[0], pair[1]) for pair in
                        (_unpack("<II", data, table + 8 * number, "its data directories") for number in range(min(count, 16))))
    found = tuple(_section(data, optional + optional_size + 40 * number) for number in range(sections))
    return Image(data, machine, magic, subsystem, characteristics, image_size, found, directories)


def _section(data: bytes, offset: int) -> Section:
    name, size, address, raw_size, raw_offset = _unpack("<8sIIII", data, offset, "its section table")
    assert isinstance(name, bytes)
    section = Section(name.rstrip(b"\0").decode("ascii", errors="replace"), address, size, raw_offset, raw_size)
    if raw_size and raw_offset + raw_size > len(data):
        raise BadImage(f"the file is truncated: its section {section.name} ends past its end")
    return section


def check_driver(image: Image) -> None:
    """Raises BadImage unless it is an x64 kernel driver by its headers."""
    if image.machine != _AMD64:
        kind = MACHINES.get(image.machine, f"machine type {image.machine:#06x}")
        raise BadImage(f"built for {kind}; Petrel runs x64 drivers only")
    if image.magic != _PE32_PLUS:
        raise BadImage("its optional header is not that of a 64-bit image (PE32+)")
    if not image.characteristics & _CHARACTERISTIC_EXECUTABLE:
        raise BadImage("its linker has marked it as not executable (an object file or a failed link)")
    if image.subsystem != _NATIVE:
        kind = SUBSYSTEMS.get(image.subsystem, f"of subsystem {image.subsystem}")
        if image.characteristics & _CHARACTERISTIC_DLL:
            kind = "a user-mode DLL"
        raise BadImage(f"not a kernel driver: it is {kind} (drivers have the subsystem native)")


def read_driver(path: Path) -> Image:
    """Reads and checks a driver's file; every problem, the file system's too, is a BadImage."""
    try:
        if path.is_dir():
            raise BadImage("is a directory, not a driver file")
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadImage("no such file") from None
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror}") from error
    image = parse(data)
    check_driver(image)
    imports(image)
    return image


def imports(image: Image) -> list[tuple[str, str]]:
    """(module, name) of each import in order; an ordinal is "#12"."""
    found: list[tuple[str, str]] = []
    address, size = image.directory(_IMPORT)
    if not address or not size:
        return found
    while True:
        names, _, _, module, addresses = struct.unpack("<IIIII", image.read(address, 20))
        if not module:
            return found
        _one_module(image, image.text(module), names or addresses, found)
        address += 20


def _one_module(image: Image, module: str, table: int, found: list[tuple[str, str]]) -> None:
    while True:
        (entry,) = struct.unpack("<Q", image.read(table, 8))
        if not entry:
            return
        found.append((module, f"#{entry & 0xFFFF}" if entry & _ORDINAL else image.text((entry & 0x7FFFFFFF) + 2)))
        if len(found) > _MAXIMUM_IMPORTS:
            raise BadImage("its import table does not end")
        table += 8


def pdb_name(image: Image) -> str | None:
    """The file name of the PDB that the image names, without folders."""
    address, size = image.directory(_DEBUG)
    for entry in range(0, min(size, 28 * 64), 28):
        _, _, _, _, kind, length, _, offset = struct.unpack("<IIHHIIII", image.read(address + entry, 28))
        record = image.data[offset:offset + length]
        if kind == 2 and record[:4] == b"RSDS":
            text = record[24:].split(b"\0")[0].decode("utf-8", errors="replace")
            return text.replace("\\", "/").rsplit("/", 1)[-1] or None
    return None


def resources(image: Image) -> dict[tuple[str, ...], bytes]:
    """Every resource by its path of type, name and language; numbers are "#5"."""
    base, size = image.directory(_RESOURCE)
    found: dict[tuple[str, ...], bytes] = {}
    if base and size:
        _resource_folder(image, base, 0, (), found)
    return found


def _resource_folder(image: Image, base: int, offset: int, path: tuple[str, ...], found: dict[tuple[str, ...], bytes]) -> None:
    named, numbered = struct.unpack("<12xHH", image.read(base + offset, 16))
    for number in range(named + numbered):
        label, target = struct.unpack("<II", image.read(base + offset + 16 + 8 * number, 8))
        if label & 0x80000000:
            (length,) = struct.unpack("<H", image.read(base + (label & 0x7FFFFFFF), 2))
            name = image.read(base + (label & 0x7FFFFFFF) + 2, 2 * length).decode("utf-16-le", errors="replace")
        else:
            name = f"#{label}"
        if target & 0x80000000 and len(path) < 3:
            _resource_folder(image, base, target & 0x7FFFFFFF, (*path, name), found)
        elif not target & 0x80000000:
            address, length, _, _ = struct.unpack("<IIII", image.read(base + target, 16))
            found[(*path, name)] = image.read(address, length)
