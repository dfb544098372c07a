# SPDX-License-Identifier: MIT
"""Looks at the built test drivers and Petrel's own drivers: what they import is in the DDK's import libraries, both toolchains'
builds import and export the same names, symbols are there, no path of this computer is inside, and each has its row.

    check_images.py ROOT BUILD
"""
from __future__ import annotations

import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

LIBRARIES = {"ntoskrnl.exe": "libntoskrnl.a", "hal.dll": "libhal.a"}
LIBRARY_FOLDER = Path("/usr/x86_64-w64-mingw32/lib")
FOREIGN = {                                 # imports from elsewhere, on purpose
    "missing_call": {("ntoskrnl.exe", "PetrelNoSuchRoutine")},
    "missing_unused": {("ntoskrnl.exe", "PetrelNoSuchRoutine")},
    "missing_data": {("ntoskrnl.exe", "PetrelNoSuchVariable")},
    "export_client": {("export_driver.sys", name) for name in ("ExportedAdd", "ExportedCounter", "ExportedWasInitialized")},
}
# traffic and volumework are `verify storage`'s, hostile the user ring's.
WITHOUT_ROW = {"export_driver", "export_client", "leak", "traffic", "volumework", "hostile"}
BY_CLANG_ONLY = {"meeting": {("ntoskrnl.exe", "__C_specific_handler")}}      # what __try needs


def library_names() -> set[tuple[str, str]]:
    names = set()
    for module, library in LIBRARIES.items():
        done = subprocess.run(["llvm-nm-19", "--just-symbol-name", LIBRARY_FOLDER / library],
                              capture_output=True, text=True, check=True)
        names |= {(module, line.removeprefix("__imp_")) for line in done.stdout.split() if line.startswith("__imp_")}
    return names


def exports(image: peheader.Image) -> set[str]:
    address, size = image.directory(0)
    if not size:
        return set()
    count, table = struct.unpack("<24xI4xI4x", image.read(address, 40))
    return {image.text(struct.unpack("<I", image.read(table + 4 * number, 4))[0]) for number in range(count)}


class Checker:
    def __init__(self, root: Path, build: Path) -> None:
        self.root, self.build = root, build
        self.problems: list[str] = []
        self.library = library_names()

    def imports(self, path: Path) -> set[tuple[str, str]]:
        found = {(module.lower(), name) for module, name in peheader.imports(peheader.read_driver(path))}
        for module, name in sorted(found - self.library - FOREIGN.get(path.stem, set())):
            self.problems.append(f"{path.name}: imports {module}!{name}, which is in none of the DDK's libraries")
        for module, name in sorted(FOREIGN.get(path.stem, set()) - found):
            self.problems.append(f"{path.name}: does not import {module}!{name}")
        return found

    def paths(self, path: Path) -> None:
        data = path.read_bytes()
        if str(self.root).encode() in data or str(Path.home()).encode() + b"/" in data:
            self.problems.append(f"{path}: holds a path of this computer")

    def symbols(self, path: Path) -> None:
        """DriverEntry is found by its address."""
        entry = struct.unpack_from("<I", path.read_bytes(), struct.unpack_from("<I", path.read_bytes(), 0x3C)[0] + 40)[0]
        done = subprocess.run(["llvm-symbolizer-19", "--relative-address", "--no-inlines", f"--obj={path}", hex(entry)],
                              capture_output=True, text=True, check=True)
        function, place = (done.stdout.splitlines() + ["", ""])[:2]
        if function != "DriverEntry" or not re.search(r"test-drivers[\\/]\w+\.c:\d+", place):
            self.problems.append(f"{path}: the entry point is {function} at {place}, not DriverEntry in a source of ours")

    def pair(self, name: str) -> None:
        clang, gcc = (self.build / "test-drivers" / toolchain / f"{name}.sys" for toolchain in ("clang", "gcc"))
        for path in (clang, gcc):
            if not path.exists():
                self.problems.append(f"{path} is not built")
                return
        for path in (clang, gcc):
            self.paths(path)
            self.symbols(path)
        self.paths(clang.with_suffix(".pdb"))
        if difference := (self.imports(clang) ^ self.imports(gcc)) - BY_CLANG_ONLY.get(name, set()):
            self.problems.append(f"{name}: one toolchain's build imports {sorted(difference)}, the other's does not")
        if difference := exports(peheader.read_driver(clang)) ^ exports(peheader.read_driver(gcc)):
            self.problems.append(f"{name}: one toolchain's build exports {sorted(difference)}, the other's does not")

    def rows(self, names: set[str]) -> None:
        with open(self.root / "test-drivers" / "expected.toml", "rb") as handle:
            rows = {row["file"] for row in tomllib.load(handle)["driver"]}
        self.problems += [f"{name}: no row in expected.toml" for name in sorted(names - rows - WITHOUT_ROW)]
        self.problems += [f"{name}: a row in expected.toml, and no driver" for name in sorted(rows - names)]

    def all(self) -> int:
        """How many drivers were looked at."""
        names = {path.stem for toolchain in ("clang", "gcc") for path in self.build.glob(f"test-drivers/{toolchain}/*.sys")}
        for name in sorted(names):
            self.pair(name)
        self.rows(names)
        own = sorted(self.build.glob("image/petrel/drivers/*.sys"))
        for path in own:
            self.imports(path)
            self.paths(path)
        if not own:
            self.problems.append("none of Petrel's own drivers is built")
        return len(names) + len(own)


def main() -> int:
    checker = Checker(Path(sys.argv[1]), Path(sys.argv[2]))
    count = checker.all()
    print("\n".join([*checker.problems, f"{count} drivers, {len(checker.problems)} problems"]))
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(sys.argv[1]) / "scripts"))
    from petreltool import peheader
    sys.exit(main())
