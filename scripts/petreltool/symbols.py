# SPDX-License-Identifier: MIT
"""From {module, offset} to function, file and line, with llvm-symbolizer.

The symbolizer finds a PDB by the name inside the image, in the image's own folder. PDBs live elsewhere and under other names
(the kernel's is called ntkrnlmp.pdb inside), so image and PDB are staged side by side, as links, in a temporary folder.
A driver built by gcc carries DWARF in the image itself. Without a symbolizer, or without symbols, a frame stays as it is.
"""
from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import peheader
from .paths import ROOT, Tree, find_program

Frame = dict[str, Any]
_PROGRAMS = ("llvm-symbolizer-19", "llvm-symbolizer")


class Symbolizer:
    """Knows the images of one run by module name; asks for all frames of an image at once and remembers the answers."""

    def __init__(self, tree: Tree | None, images: Mapping[str, Path], folders: Iterable[Path] = ()) -> None:
        self._tree = tree
        self._images = {name.lower(): path for name, path in images.items()}
        self._folders = list(folders)
        self._known: dict[tuple[str, int], Frame] = {}
        self._program = next((found for name in _PROGRAMS if (found := find_program(name))), None)

    def resolve(self, stack: list[dict[str, Any]]) -> list[Frame]:
        """The frames of a stack, innermost first, as the report holds them."""
        return self._resolve(stack, [_lookup_offset(frame, number) for number, frame in enumerate(stack)])

    def resolve_places(self, places: list[dict[str, Any]]) -> list[Frame]:
        """The same of places that are no return addresses."""
        return self._resolve(places, [int(place["offset"], 16) for place in places])

    def _resolve(self, frames: list[dict[str, Any]], offsets: list[int]) -> list[Frame]:
        wanted: dict[str, set[int]] = {}
        for frame, offset in zip(frames, offsets):
            if frame["module"] is not None:
                wanted.setdefault(frame["module"].lower(), set()).add(offset)
        for module, unknown in wanted.items():
            self._ask(module, sorted(offset for offset in unknown if (module, offset) not in self._known))
        return [self._frame(frame, offset) for frame, offset in zip(frames, offsets)]

    def _frame(self, frame: dict[str, Any], offset: int) -> Frame:
        made: Frame = {"module": frame["module"], "offset": frame["offset"], "function": None, "file": None, "line": None}
        if frame["module"] is not None:
            made.update(self._known.get((frame["module"].lower(), offset), {}))
        return made

    def _ask(self, module: str, offsets: list[int]) -> None:
        image = self._find_image(module)
        if self._program is None or image is None or not offsets:
            return
        with tempfile.TemporaryDirectory(prefix="petrel-symbols-") as folder:
            staged = self._stage(image, module, Path(folder))
            command = [self._program, "--relative-address", "--output-style=JSON", "--no-inlines", f"--obj={staged}"]
            text = "".join(f"{offset:#x}\n" for offset in offsets)
            done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace", check=False)
        for offset, line in zip(offsets, done.stdout.splitlines()):
            self._known[(module, offset)] = _answer(line)

    def _find_image(self, module: str) -> Path | None:
        if module in self._images:
            return self._images[module]
        if self._tree is None:
            return None
        for folder in ("petrel", "petrel/drivers", "Windows/System32/drivers"):
            path = self._tree.volume / folder / module
            if path.exists():
                return path
        return None

    def _stage(self, image: Path, module: str, folder: Path) -> Path:
        staged = folder / module
        staged.symlink_to(image.resolve())
        try:
            inside = peheader.pdb_name(peheader.parse(image.read_bytes()))
        except (peheader.BadImage, OSError):
            inside = None
        pdb = self._find_pdb(image, module, inside) if inside else None
        if pdb is not None:
            (folder / str(inside)).symlink_to(pdb.resolve())
        return staged

    def _find_pdb(self, image: Path, module: str, inside: str) -> Path | None:
        stem = Path(module).stem
        names = (inside, f"{module}.pdb", f"{stem}.pdb")
        folders = [*self._folders, image.parent]
        if self._tree is not None:
            folders.append(self._tree.symbols)
            names = (f"{module}.pdb", *names) if module not in self._images else names
        for folder in folders:
            for name in names:
                if (folder / name).is_file():
                    return folder / name
        return None


def _lookup_offset(frame: dict[str, Any], number: int) -> int:
    """The first frame is the instruction itself, later ones are return addresses: look up the byte before."""
    offset = int(frame["offset"], 16)
    return offset if number == 0 else max(0, offset - 1)


def _answer(line: str) -> Frame:
    try:
        symbols = json.loads(line).get("Symbol") or [{}]
        symbol = symbols[0]
    except (ValueError, AttributeError, IndexError):
        return {}
    known = symbol.get("FunctionName") or None
    file = symbol.get("FileName") or None
    return {"function": known, "file": _relative(file), "line": symbol.get("Line") or None}


def _relative(file: str | None) -> str | None:
    """The compiler wrote paths relative to the repository; what is left of its root goes."""
    if not file:
        return None
    path = file.replace("\\", "/")
    for prefix in (f"{ROOT}/", "./"):
        path = path.removeprefix(prefix)
    return path


def own_frame(stack: list[Frame], module: str) -> Frame | None:
    """The innermost frame in that module."""
    return next((frame for frame in stack if (frame["module"] or "").lower() == module.lower()), None)


def frame_text(frame: Frame) -> str:
    """A frame for people: driver.sys+0x1234, then the function and the source line where they are known."""
    if frame["module"] is None:
        return f"{frame['offset']} (in no module)"
    text = f"{frame['module']}+{int(frame['offset'], 16):#x}"
    if frame["function"]:
        text += f"  {frame['function']}"
    if frame["file"] and frame["line"]:
        text += f"  {frame['file']}:{frame['line']}"
    return text
