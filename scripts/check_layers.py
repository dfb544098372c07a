#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fails when a component includes a header of a higher layer or another folder's private header.

layers.txt gives each folder a number; the longest folder that holds a file owns it. Public are the headers in kernel/include (ke.h
is kernel/ke's, exsync.h kernel/ex/sync's, those that carry no component's name are layer 0), in kernel/abi, and pe/pe.h. Everything
else is private to its folder and the folder's tests. Drivers include nothing of the kernel's: they are built like anybody's.
"""
from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
_OWNED = ("kernel/", "hal/", "pe/", "efi-loader/")
_DRIVERS = ("drivers/", "test-drivers/")
_PUBLIC_FOLDERS = ("kernel/include", "kernel/abi")
_PUBLIC_FILES = ("pe/pe.h",)
_SEARCHED = ("", "kernel/include", "kernel/abi", "pe", "kernel", "hal")


@dataclass(frozen=True)
class Layers:
    root: Path
    number: dict[str, int]

    def owner(self, path: str) -> str | None:
        """The listed folder that a file belongs to; headers in kernel/include belong to the component of their name."""
        if path.startswith("kernel/include/"):
            return self._component(Path(path).stem)
        found = [folder for folder in self.number if path.startswith(folder + "/")]
        return max(found, key=len, default=None)

    def _component(self, stem: str) -> str:
        for folder in self.number:
            if stem == ("exsync" if folder == "kernel/ex/sync" else Path(folder).name):
                return folder
        return "kernel/abi"

    def resolve(self, file: Path, include: str) -> str | None:
        """The repository's file that an #include names, relative to the root; None for headers from elsewhere."""
        for folder in (file.parent, *(self.root / searched for searched in _SEARCHED)):
            target = (folder / include).resolve()
            if target.is_file() and target.is_relative_to(self.root):
                return target.relative_to(self.root).as_posix()
        return None


def read_layers(root: Path, table: Path) -> Layers:
    number: dict[str, int] = {}
    for line in table.read_text(encoding="ascii").splitlines():
        fields = line.split("#")[0].split()
        number.update({folder: int(fields[0]) for folder in fields[1:]})
    return Layers(root.resolve(), number)


def _is_public(path: str) -> bool:
    return path in _PUBLIC_FILES or str(Path(path).parent) in _PUBLIC_FOLDERS


def check_include(layers: Layers, path: str, target: str) -> str | None:
    """What is wrong with one include, or None."""
    if path.startswith(_DRIVERS):
        return f"includes {target}: drivers use DDK headers and their own only" if target.startswith(_OWNED) else None
    mine, theirs = layers.owner(path), layers.owner(target)
    if mine is None or theirs is None:
        return None
    if not _is_public(target) and mine != theirs:
        return f"includes {target}, a private header of {theirs}"
    is_test = "/test/" in path                  # a test may build on whatever it needs
    if not is_test and layers.number[theirs] > layers.number[mine]:
        return f"{mine} (layer {layers.number[mine]}) includes {target} of {theirs} (layer {layers.number[theirs]})"
    return None


def check_file(layers: Layers, file: Path) -> list[str]:
    path = file.relative_to(layers.root).as_posix()
    if not path.startswith(_OWNED + _DRIVERS):
        return []
    if path.startswith(_OWNED) and layers.owner(path) is None:
        return [f"{path}: its folder is not in the layer table"]
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if (match := _INCLUDE.match(line)) and (target := layers.resolve(file, match.group(1))):
            if problem := check_include(layers, path, target):
                found.append(f"{path}:{number}: {problem}")
    return found


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    layers = read_layers(root, Path(arguments[1]) if len(arguments) > 1 else Path(__file__).with_name("layers.txt"))
    files = sorted(file for folder in (*_OWNED, *_DRIVERS) for pattern in ("*.c", "*.h", "*.S")
                   for file in (layers.root / folder).rglob(pattern))
    problems = [problem for file in files for problem in check_file(layers, file)]
    print("\n".join(problems) or f"layers: {len(files)} files keep to them")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
