# SPDX-License-Identifier: MIT
"""Events are read as a hostile speaker's."""
import json
import unittest

from petreltool.events import EventTail, parse_line

from .support import FolderCase


class Lines(unittest.TestCase):
    def test_good(self) -> None:
        event = parse_line('{"event":"verdict","t":9,"file":"a.sys","verdict":"pass","why":""}')
        self.assertEqual((event.name, event.file) if event else None, ("verdict", "a.sys"))

    def test_wrong_kinds(self) -> None:
        for line in ("", "null", "[]", "7", '{"event":null}', '{"event":"end"}', '{"event":"end","status":"33"}',
                     '{"event":"end","status":true}', '{"event":"end","status":33,"t":"x"}', '{"event":"request","file":"a","major":"b",'
                     '"status":"0xzz"}', '{"event":"device","file":"a","name":5,"type":1}', '{"event":"dispatch","file":"a",'
                     '"major":"b","frame":{"offset":"0x1"}}', "{" * 70000, "[" * 60000):
            with self.subTest(line[:40]):
                self.assertIsNone(parse_line(line))


class Tail(FolderCase):
    def test_a_line_in_pieces(self) -> None:
        path = self.folder / "events"
        tail = EventTail(path)
        self.assertEqual(tail.read(), [])
        text = json.dumps({"event": "end", "t": 1, "status": 33}) + "\n"
        path.write_text(text[:9])
        self.assertEqual(tail.read(), [])
        path.write_text(text)
        self.assertEqual([event.get("status") for event in tail.read()], [33])
        self.assertEqual((tail.read(final=True), tail.garbage), ([], []))

    def test_a_line_without_an_end_does_not_grow_for_ever(self) -> None:
        path = self.write("events", b"z" * 300000)
        tail = EventTail(path)
        tail.read()
        path.write_bytes(b"z" * 300000 + b'\n{"event":"end","t":1,"status":33}\n')
        self.assertEqual(len(tail.read()), 1)
        self.assertLessEqual(max(map(len, tail.garbage)), 64 * 1024)

    def test_firmware_text_in_front(self) -> None:
        tail = EventTail(self.write("events", b'\x1b[2JBdsDxe: starting Boot0001\r\n\x1b[0m {"event":"end","t":1,"status":33}\n'))
        self.assertEqual(len(tail.read()), 1)
        self.assertEqual(tail.garbage, [])
