# SPDX-License-Identifier: MIT
"""The numbers of system services in the stubs of ntdll.dll and win32u.dll, and the same files with other numbers: the kernel must take
every number from the file, so that programs do not notice."""
from __future__ import annotations

import random
import struct

from . import peheader

_STUB = bytes.fromhex("4c8bd1b8")               # mov r10, rcx; mov eax, NUMBER
_TABLE = 0x1000                                 # numbers below are ntdll's, from there on win32k's


def _exports(image: peheader.Image) -> dict[str, int]:
    """Addresses of the exports by name."""
    address, size = image.directory(0)
    if size == 0:
        return {}
    count, functions, names, ordinals = struct.unpack_from("<4I", image.read(address, 40), 24)
    name_table, ordinal_table = image.read(names, 4 * count), image.read(ordinals, 2 * count)
    found = {}
    for index in range(count):
        (name,), (ordinal,) = struct.unpack_from("<I", name_table, 4 * index), struct.unpack_from("<H", ordinal_table, 2 * index)
        found[image.text(name)] = struct.unpack("<I", image.read(functions + 4 * ordinal, 4))[0]
    return found


def _file_offset(image: peheader.Image, address: int) -> int:
    for section in image.sections:
        if section.address <= address < section.address + section.raw_size:
            return section.raw_offset + address - section.address
    raise peheader.BadImage(f"address {address:#x} is not in the file")


def stubs(data: bytes) -> dict[int, int]:
    """Where in the file each stub's number stands, and the number."""
    image = peheader.parse(data)
    found = {}
    for name, address in _exports(image).items():
        if name.startswith(("Nt", "Zw")) and image.read(address, len(_STUB)) == _STUB:
            at = _file_offset(image, address) + len(_STUB)
            found[at] = struct.unpack_from("<I", data, at)[0]
    return found


def permute(data: bytes, seed: int) -> bytes:
    """The file with the numbers of its services dealt anew."""
    places = stubs(data)
    if not places:
        raise peheader.BadImage("it has no stubs of system services")
    numbers = sorted(set(places.values()))
    dealt = list(numbers)
    random.Random(f"{seed}/{numbers[0] // _TABLE}").shuffle(dealt)
    instead = dict(zip(numbers, dealt))
    changed = bytearray(data)
    for at, number in places.items():
        struct.pack_into("<I", changed, at, instead[number])
    return bytes(changed)
