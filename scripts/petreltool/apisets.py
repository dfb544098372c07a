# SPDX-License-Identifier: MIT
"""The API sets of apisetschema.dll: which DLL stands behind a name such as api-ms-win-core-synch-l1-2-0.dll.

The section .apiset, version 6 (public in phnt's ntpebteb.h, API_SET_NAMESPACE):

    00 version, size, flags, count, offset of entries, offset of hashes, hash factor
    entry: flags, offset and length of name, length of what is compared, offset and count of values
    value: flags, offset and length of the importer's name, offset and length of the host's name
"""
from __future__ import annotations

import struct

from . import peheader

_VERSION = 6
_PREFIXES = ("api-", "ext-")


def is_api_set(name: str) -> bool:
    return name.lower().startswith(_PREFIXES)


def _compared(name: str) -> str:
    """What of a name counts: without .dll and without the last number."""
    return name.lower().removesuffix(".dll").rpartition("-")[0]


def read(image: peheader.Image) -> dict[str, str]:
    """What of an API set's name is compared, to the host's file name in lower case; empty: nobody is behind it."""
    section = next((section for section in image.sections if section.name == ".apiset"), None)
    if section is None:
        raise peheader.BadImage("it has no section .apiset")
    data = image.read(section.address, section.virtual_size)
    try:
        return _entries(data)
    except (struct.error, UnicodeDecodeError) as error:
        raise peheader.BadImage(f"its table of API sets is broken: {error}") from error


def _text(data: bytes, offset: int, length: int) -> str:
    if offset + length > len(data):
        raise struct.error("a name lies outside")
    return data[offset:offset + length].decode("utf-16-le").lower()


def _entries(data: bytes) -> dict[str, str]:
    version, _, _, count, entries = struct.unpack_from("<5I", data)
    if version != _VERSION:
        raise struct.error(f"version {version}")
    found = {}
    for number in range(count):
        _, name, length, _, values, hosts = struct.unpack_from("<6I", data, entries + 24 * number)
        host = ""
        if hosts:                       # the first is for everybody; more are for importers of their own
            _, _, _, offset, size = struct.unpack_from("<5I", data, values)
            host = _text(data, offset, size)
        found[_compared(_text(data, name, length))] = host
    return found


def host(table: dict[str, str], name: str) -> str:
    """The DLL behind an API set's name; empty when the table knows none."""
    return table.get(_compared(name), "")
