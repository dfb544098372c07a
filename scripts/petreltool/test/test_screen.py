# SPDX-License-Identifier: MIT
"""What is to be read in a picture of the screen, and what is typed when."""
from __future__ import annotations

import unittest

from ..dialogue import ScreenDialogue, WireDialogue
from ..events import Event
from ..screen import UNKNOWN, Picture, key_names, load_font, text_of

FONT = load_font()
GLYPHS = {character: glyph for glyph, character in FONT.items()}
GRAY, BLACK, BLUE = b"\xc0\xc0\xc0", b"\0\0\0", b"\0\0\x80"


def draw(text: str, width: int = 1300, height: int = 810, ink: bytes = GRAY, paper: bytes = BLACK, cursor: int = -1) -> bytes:
    """A picture with that text in its first rows; `cursor`: of which cell of the first row."""
    scale = min(width // 640, height // 400)
    left, top = (width - 640 * scale) // 2, (height - 400 * scale) // 2
    lines = [bytearray(BLACK * width) for _ in range(height)]
    for y, row in enumerate(text.split("\n")):
        for x, character in enumerate(row.ljust(80)):
            for line, points in enumerate(GLYPHS.get(character, (0xAA,) * 16)):
                if (x, y) == (cursor, 0) and line >= 12:
                    points ^= 0xFF
                pixels = b"".join((ink if points >> bit & 1 else paper) * scale for bit in range(7, -1, -1))
                for repeat in range(scale):
                    at = (left + x * 8 * scale) * 3
                    lines[top + (y * 16 + line) * scale + repeat][at:at + len(pixels)] = pixels
    return b"P6\n%d %d\n255\n" % (width, height) + b"".join(lines)


def read(data: bytes) -> str:
    return text_of(Picture(data), FONT)


class Reading(unittest.TestCase):
    def test_font(self) -> None:
        for character in [*map(chr, range(0x20, 0x7F)), "é", "─", "█"]:
            self.assertIn(character, GLYPHS)

    def test_text(self) -> None:
        text = "C:\\>dir é\n\n ├─┤  <gjpqy>"
        for width, height in ((640, 400), (800, 600), (1280, 800), (1300, 810)):
            self.assertEqual(read(draw(text, width, height)), text)

    def test_colours(self) -> None:
        self.assertEqual(read(draw("yellow on blue", 640, 400, b"\xff\xff\0", BLUE)), "yellow on blue")

    def test_cursor(self) -> None:
        self.assertEqual(read(draw("C:\\>", cursor=4)), "C:\\>")
        self.assertEqual(read(draw("C:\\>", cursor=0)), "C:\\>")

    def test_unknown(self) -> None:
        self.assertEqual(read(draw("a\1b")), f"a{UNKNOWN}b")

    def test_no_picture(self) -> None:
        for data in (b"", b"P6\n640 400\n255\n", draw("a", 640, 400)[:-1], draw("a", 640, 400) + b"x"):
            with self.assertRaises(ValueError):
                Picture(data)
        with self.assertRaises(ValueError):
            read(b"P6\n100 100\n255\n" + bytes(30000))


class Keys(unittest.TestCase):
    def test_names(self) -> None:
        self.assertEqual(key_names('aB1!:\\"\r'), ["a", "shift-b", "1", "shift-1", "shift-semicolon", "backslash", "shift-apostrophe",
                                                  "ret"])
        self.assertEqual(key_names("x <ctrl-c><caps_lock>"), ["x", "spc", "ctrl-c", "caps_lock"])


class FakeConsole:
    def __init__(self) -> None:
        self.shown, self.typed = b"", b""

    def poll(self) -> bytes:
        shown, self.shown = self.shown, b""
        return shown

    def type(self, data: bytes) -> None:
        self.typed += data


class FakeMachine:
    def __init__(self) -> None:
        self.console, self.pressed, self.picture = FakeConsole(), [], draw("firmware", 640, 400)

    def tell_monitor(self, line: str) -> bool:
        self.pressed.append(line)
        return True

    def take_picture(self) -> bytes:
        return self.picture


BEGIN = [Event("program", {"step": "begin"})]


class Dialogues(unittest.TestCase):
    def test_wire(self) -> None:
        machine, dialogue = FakeMachine(), WireDialogue([["C:\\>", "dir\r"], ["C:\\>", "exit\r"]])
        machine.console.shown = b"C:\\>"
        dialogue(machine, [])                   # no program has begun: it was somebody else
        self.assertEqual(machine.console.typed, b"")
        dialogue(machine, BEGIN)
        self.assertEqual(machine.console.typed, b"dir\r")
        dialogue(machine, [])                   # the same prompt does not count again
        machine.console.shown = b"dir\r\nfiles\r\n\x1b[0mC:\\"
        dialogue(machine, [])
        self.assertEqual(machine.console.typed, b"dir\r")
        machine.console.shown = b">"
        dialogue(machine, [])
        self.assertEqual(machine.console.typed, b"dir\rexit\r")
        self.assertIsNone(dialogue.waits_for)

    def test_screen(self) -> None:
        machine, dialogue = FakeMachine(), ScreenDialogue([["C:\\>", "ab"], ["ab", "c"]])

        def see(text: str) -> list[str]:
            machine.picture = draw(text, 640, 400)
            dialogue._looked = 0.0
            dialogue(machine, BEGIN)
            pressed, machine.pressed = machine.pressed, []
            return pressed

        self.assertEqual(see("booting"), [])
        self.assertEqual(see("C:\\>"), ["sendkey a 10"])
        self.assertEqual(see("C:\\>"), [])      # it has not been heard yet
        self.assertEqual(see("C:\\>a"), ["sendkey b 10"])
        self.assertEqual(see("C:\\>ab"), ["sendkey c 10"])
        self.assertIsNone(dialogue.waits_for)
        see("C:\\>abc")
        self.assertEqual(dialogue.text, "C:\\>ab")


if __name__ == "__main__":
    unittest.main()
