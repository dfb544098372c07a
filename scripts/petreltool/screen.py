# SPDX-License-Identifier: MIT
"""What is to be read on the machine's screen: QEMU's picture of it, turned back into text with the console's own font.

The picture is laid out as drivers/condrv/core/display.c does it: 80 by 25 cells in the largest whole scale, in the middle.
"""
from __future__ import annotations

import re
from pathlib import Path

from .paths import ROOT

FONT = ROOT / "drivers" / "condrv" / "core" / "font.c"
COLUMNS, ROWS = 80, 25
_WIDTH, _HEIGHT = 8, 16
_CURSOR = 4                                     # lines of a glyph that the cursor turns: a blank looks like this block then
_LIKE_CURSOR = 0x2582
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

Glyph = tuple[int, ...]


def load_font(path: Path = FONT) -> dict[Glyph, str]:
    """From a glyph's lines to its character, the first of those that look alike."""
    font: dict[Glyph, str] = {}
    for code, lines in re.findall(r"\{ 0x([0-9A-F]{4}), \{ ([0-9A-Fx, ]+) \} \}", path.read_text(encoding="ascii")):
        if int(code, 16) != _LIKE_CURSOR:
            font.setdefault(tuple(int(line, 16) for line in lines.split(",")), chr(int(code, 16)))
    return font


class Picture:
    """A PPM file of 24 bits a pixel (P6); ValueError when it is none, or not whole yet."""

    def __init__(self, data: bytes) -> None:
        header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        if header is None:
            raise ValueError("no picture")
        self.width, self.height = int(header[1]), int(header[2])
        self.pixels = data[header.end():]
        if len(self.pixels) != self.width * self.height * 3:
            raise ValueError("a picture that is not whole")

    def line(self, x: int, y: int, count: int, step: int) -> tuple[bytes, bytes, bytes]:
        """Red, green and blue of every step-th pixel."""
        at = (y * self.width + x) * 3
        run = self.pixels[at:at + count * step * 3]
        return run[0::3 * step], run[1::3 * step], run[2::3 * step]


def _points(lines: list[list[tuple[int, int, int]]], ink: tuple[int, int, int]) -> Glyph:
    return tuple(sum(0x80 >> i for i, pixel in enumerate(line) if pixel == ink) for line in lines)


def _character(lines: list[list[tuple[int, int, int]]], font: dict[Glyph, str]) -> str:
    """Either of the two colours may be the ink; the cursor may have turned the lowest lines."""
    pixels = [pixel for line in lines for pixel in line]
    colors = sorted(set(pixels), key=pixels.count)
    if len(colors) == 1:
        return " "
    if len(colors) > 2:
        return UNKNOWN
    tries = [_points(lines, ink) for ink in colors]
    tries += [points[:-_CURSOR] + tuple(line ^ 0xFF for line in points[-_CURSOR:]) for points in tries]
    return next((font[points] for points in tries if points in font), UNKNOWN)


def _row(picture: Picture, left: int, top: int, scale: int, font: dict[Glyph, str]) -> str:
    lines = [picture.line(left, top + line * scale, COLUMNS * _WIDTH, scale) for line in range(_HEIGHT)]
    text = ""
    for column in range(COLUMNS):
        cut = slice(column * _WIDTH, (column + 1) * _WIDTH)
        if all(channel[cut] == channels[0][cut][:1] * _WIDTH for channels in zip(*lines) for channel in channels):
            text += " "
        else:
            text += _character([list(zip(red[cut], green[cut], blue[cut])) for red, green, blue in lines], font)
    return text.rstrip()


def text_of(picture: Picture, font: dict[Glyph, str]) -> str:
    """The rows, without blanks at their ends and blank rows at the end."""
    scale = min(picture.width // (COLUMNS * _WIDTH), picture.height // (ROWS * _HEIGHT))
    if scale == 0:
        raise ValueError("a picture that is too small")
    left, top = (picture.width - COLUMNS * _WIDTH * scale) // 2, (picture.height - ROWS * _HEIGHT * scale) // 2
    rows = [_row(picture, left, top + row * _HEIGHT * scale, scale, font) for row in range(ROWS)]
    return "\n".join(rows).rstrip()


# ---- Keys ----
_KEYS = {" ": "spc", "\r": "ret", "\t": "tab", "\\": "backslash", "/": "slash", ".": "dot", ",": "comma", "-": "minus", "=": "equal",
         ";": "semicolon", "'": "apostrophe", "[": "bracket_left", "]": "bracket_right", "`": "grave_accent"}
_SHIFTED = dict(zip('!@#$%^&*()_+{}|:"<>?~', "1234567890-=[]\\;',./`"))


def key_names(typed: str) -> list[str]:
    """As QEMU's monitor names them: `shift-a`; what stands as <ctrl-c> or <up> is such a name already."""
    names = []
    for name, character in re.findall(r"<([a-z0-9_-]+)>|(.)", typed, re.DOTALL):
        if name:
            names.append(name)
        elif character in _SHIFTED or character.isupper():
            plain = _SHIFTED.get(character, character.lower())
            names.append("shift-" + _KEYS.get(plain, plain))
        else:
            names.append(_KEYS.get(character, character))
    return names
