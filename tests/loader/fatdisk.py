# SPDX-License-Identifier: MIT
"""FAT32 images by mtools, and the ways to damage them."""
from __future__ import annotations

import struct
import subprocess
from pathlib import Path

MEBIBYTE = 1 << 20
_DISK_BYTES = 40 * MEBIBYTE


def make_disk(image: Path, tree: dict[str, bytes | None], scratch: Path) -> None:
    """Writes a volume with the files of tree, in its order; None makes a folder."""
    with image.open("wb") as handle:
        handle.truncate(_DISK_BYTES)
    _run("mformat", "-i", str(image), "-F", "-c", "1", "::")
    folders: set[str] = set()
    for name, data in tree.items():
        _make_folders(image, name if data is None else name.rpartition("/")[0], folders)
        if data is not None:
            scratch.write_bytes(data)
            _run("mcopy", "-i", str(image), str(scratch), f"::/{name}")


def _make_folders(image: Path, folder: str, known: set[str]) -> None:
    path = ""
    for part in folder.split("/"):
        path = f"{path}/{part}"
        if part and path not in known:
            _run("mmd", "-i", str(image), f"::{path}")
            known.add(path)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Volume:
    """A FAT32 image opened for damage (Microsoft FAT specification 1.03)."""

    def __init__(self, image: Path) -> None:
        self._image = image
        self.data = bytearray(image.read_bytes())
        sector, self._per_cluster, reserved, self._fats = struct.unpack_from("<HBHB", self.data, 11)
        self._fat_bytes = struct.unpack_from("<I", self.data, 36)[0] * sector
        self._root = struct.unpack_from("<I", self.data, 44)[0]
        self._fat = reserved * sector
        self._cluster_bytes = self._per_cluster * sector
        self._heap = self._fat + self._fats * self._fat_bytes

    def chain(self, cluster: int) -> list[int]:
        clusters = []
        while 2 <= cluster < 0x0FFFFFF8:
            clusters.append(cluster)
            cluster = struct.unpack_from("<I", self.data, self._fat + 4 * cluster)[0] & 0x0FFFFFFF
        return clusters

    def offset(self, cluster: int) -> int:
        return self._heap + (cluster - 2) * self._cluster_bytes

    def entry(self, *path: bytes) -> int:
        """The offset of a directory entry; each name as its 11 bytes on the disk."""
        cluster, found = self._root, -1
        for name in path:
            found = self._find(cluster, name)
            high, low = struct.unpack_from("<H4xH", self.data, found + 20)
            cluster = high << 16 | low
        return found

    def _find(self, cluster: int, name: bytes) -> int:
        for part in self.chain(cluster):
            start = self.offset(part)
            for at in range(start, start + self._cluster_bytes, 32):
                if self.data[at:at + 11] == name:
                    return at
        raise KeyError(name)

    def first_cluster(self, entry: int) -> int:
        high, low = struct.unpack_from("<H4xH", self.data, entry + 20)
        return high << 16 | low

    def set_size(self, entry: int, size: int) -> None:
        struct.pack_into("<I", self.data, entry + 28, size)

    def set_next(self, cluster: int, following: int) -> None:
        for copy in range(self._fats):
            struct.pack_into("<I", self.data, self._fat + copy * self._fat_bytes + 4 * cluster, following)

    def save(self) -> None:
        self._image.write_bytes(self.data)
