# SPDX-License-Identifier: MIT
"""The proofs of storage: the log of writes, the images made of it, trees and loads from a seed, what the driver prints, what it means."""
import contextlib
import io
import random
import struct
import unittest
from argparse import Namespace
from typing import Any

from petreltool import crash, diskspeed, logwrites, storageproof, traffic, volumework, workdisk, workload, worktree
from petreltool.errors import MachineryError, UsageError
from petreltool.volumework import FoundFile, Part, Volume
from petreltool.workload import State

from .support import FolderCase


def _log(*entries: tuple[int, bytes, int], count: int | None = None, magic: int = 0x6A736677736872, size: int = 512) -> bytes:
    text = struct.pack("<QQQI", magic, 1, len(entries) if count is None else count, size).ljust(size, b"\0")
    for sector, data, flags in entries:
        length = 8 if flags & logwrites.DISCARD else len(data) // size
        text += struct.pack("<QQQQ", sector, length, flags, 0).ljust(size, b"\0") + data
    return text


class Log(FolderCase):
    def read(self, content: bytes) -> list[logwrites.Entry]:
        path = self.folder / "log"
        path.write_bytes(content)
        return logwrites.read(path)

    def test_writes_and_flushes_in_their_order(self) -> None:
        found = self.read(_log((5, b"a" * 1024, 0), (0, b"", logwrites.FLUSH), (9, b"b" * 512, logwrites.FUA)))
        self.assertEqual([(entry.sector, len(entry.data), entry.is_flush) for entry in found],
                         [(5, 1024, False), (0, 0, True), (9, 512, False)])

    def test_sectors_of_4096_bytes(self) -> None:
        self.assertEqual(self.read(_log((3, b"a" * 4096, 0), size=4096))[0].sector, 24)

    def test_a_discard_has_no_data_and_leaves_zeros(self) -> None:
        found = self.read(_log((2, b"", logwrites.DISCARD), (1, b"c" * 512, 0)))
        self.assertEqual((found[0].data, found[1].data), (bytes(4096), b"c" * 512))

    def test_entries_that_are_not_counted_do_not_count(self) -> None:
        self.assertEqual(len(self.read(_log((1, b"a" * 512, 0), (2, b"b" * 512, 0), count=1))), 1)

    def test_what_is_no_whole_log_is_refused(self) -> None:
        whole = _log((1, b"a" * 512, 0))
        for wrong in (b"", b"nothing", _log(magic=7), whole[:-1], _log((1, b"a" * 512, 0), count=2)):
            with self.subTest(length=len(wrong)), self.assertRaises(MachineryError):
                self.read(wrong)

    def test_without_flushes_everything_stays_in_its_place(self) -> None:
        found = logwrites.without_flushes(self.read(_log((5, b"a" * 512, 0), (0, b"", logwrites.FLUSH), (9, b"b" * 512, 0))))
        self.assertEqual([entry.sector for entry in found], [5, 0, 9])
        self.assertFalse(any(entry.is_flush for entry in found))

    def test_a_write_stays_on_the_disk(self) -> None:
        disk = bytearray(1024)
        logwrites.apply(disk, logwrites.Entry(1, b"x" * 1024, 0))
        self.assertEqual(bytes(disk), bytes(512) + b"x" * 512)


def _marker(sequence: int, operation: int, what: int) -> bytes:
    words = struct.pack("<4Q", 0x4B52414D4C525450, sequence, operation, what).ljust(504, b"\0")
    return words + struct.pack("<Q", worktree.fnv(words))


class Images(FolderCase):
    """A log of a write, a flush, its marker, and two writes."""

    def load(self) -> crash.Load:
        before = self.folder / "before"
        before.write_bytes(bytes(16 * 512))
        log = [logwrites.Entry(1, b"a" * 512, 0), logwrites.Entry(0, b"", logwrites.FLUSH),
               logwrites.Entry(15, _marker(0, 3, 0xFFFFFFFF), 0), logwrites.Entry(2, b"b" * 1024, 0), logwrites.Entry(4, b"c" * 512, 0)]
        return crash.Load(12, workdisk.Geometry(12, 14 * 512, 1, 512), before, log, [], workload.markers(log, 15 * 512))

    def test_what_was_flushed_is_on_every_image(self) -> None:
        load = self.load()
        crashes = sorted((crash.choose(load, 7, number) for number in range(60)), key=lambda found: found.base)
        images = [path.read_bytes() for path in crash.make_images(load, crashes, 7, self.folder)]
        self.assertTrue(all(image[512:1024] == b"a" * 512 for image in images))
        self.assertTrue(all(len(image) == 16 * 512 for image in images))
        self.assertGreater(len({image[1024:2560] for image in images}), 4)          # torn, whole and missing

    def test_what_comes_behind_the_cut_is_on_none(self) -> None:
        load = self.load()
        for number in range(40):
            found = crash.choose(load, 7, number)
            self.assertTrue(2 < found.cut <= 5 and found.base == 2)
            image = crash.make_images(load, [found], 7, self.folder)[0].read_bytes()
            if found.cut < 5:
                self.assertEqual(image[2048:2560], bytes(512))

    def test_without_flushes_nothing_is_sure(self) -> None:
        load = self.load()
        load.log = logwrites.without_flushes(load.log)
        self.assertEqual({crash.choose(load, 7, number).base for number in range(9)}, {0})

    def test_an_entry_of_fat12_in_two_sectors_can_be_torn(self) -> None:
        fat, before = workdisk.START + 512, bytearray(workdisk.START + 4 * 512)
        struct.pack_into("<H", before, workdisk.START + 14, 1)          # the FAT begins in the second sector and has three
        struct.pack_into("<H", before, workdisk.START + 22, 3)
        (self.folder / "before").write_bytes(before)
        log = [logwrites.Entry(fat // 512, b"\xAB" * 1536, 0)]
        load = crash.Load(12, workdisk.Geometry(12, 3 * 512, 1), self.folder / "before", log, [], [])
        image = self.folder / "image"
        for sectors, torn in ((0, False), (1, True), (2, True), (3, False)):
            disk = bytearray(before)
            disk[fat:fat + sectors * 512] = b"\xAB" * (sectors * 512)
            image.write_bytes(disk)
            self.assertEqual(crash._tore_an_entry(load, crash.Crash(0, 0, 1), image), torn)

    def test_a_damaged_marker_is_none(self) -> None:
        sector = bytearray(_marker(1, 2, 3))
        self.assertEqual(workload.markers([logwrites.Entry(9, bytes(sector), 0)], 0), [workload.Marker(0, 1, 2, 3)])
        sector[8] ^= 1
        self.assertEqual(workload.markers([logwrites.Entry(9, bytes(sector), 0)], 0), [])


class Tree(unittest.TestCase):
    def test_the_same_seed_is_the_same_tree(self) -> None:
        first, again = (list(worktree.tree(3, 100, 500)) for _ in range(2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, list(worktree.tree(4, 100, 500)))

    def test_it_is_what_it_promises(self) -> None:
        files = list(worktree.tree(1, 500, 5000))
        self.assertEqual(len({file.path.lower() for file in files}), 500)
        self.assertGreaterEqual(max(file.path.count("/") for file in files), 25)
        self.assertGreater(max(len(file.path.rpartition("/")[2]) for file in files), 200)
        self.assertTrue(any(ord(max(file.path)) > 0x4E00 for file in files))
        self.assertTrue(any(file.size == 0 for file in files))
        self.assertTrue(3000 << 10 < sum(file.size for file in files) < 7000 << 10)
        self.assertTrue(all(len(file.content()) == file.size for file in files))

    def test_the_hash_is_of_words(self) -> None:
        self.assertEqual(worktree.fnv(b""), 0xCBF29CE484222325)
        self.assertEqual(worktree.fnv(b"\x01"), (0xCBF29CE484222325 ^ 1) * 0x100000001B3 & (1 << 64) - 1)
        self.assertEqual(worktree.fnv(b"\x01"), worktree.fnv(b"\x01" + bytes(7)))


class Lines(unittest.TestCase):
    def test_a_volume(self) -> None:
        text = ("noise\nvolume 1 0x00000000\nenter a b\nsum 5 00000000000000ff 20 x y.bin\nenter c\nleave\nleave\n"
                "part 0 2 7 9 0\npart 2 1 bad\nsum 1536 1 20 load7.bin\nerror 0xC0000102 read\nunread z\nleave\ndone 1\n")
        volume = volumework.parse(text)[1]
        self.assertEqual(set(volume.files), {"a b/x y.bin", "load7.bin"})
        self.assertEqual(volume.files["a b/x y.bin"], FoundFile(5, 255, 32, []))
        self.assertEqual(volume.files["load7.bin"].parts, [Part(0, 2, 7, 9, 0), Part(2, 1)])
        self.assertEqual(volume.errors, ["0xC0000102 read", "unread: z"])
        self.assertTrue(volume.finished and volume.mounted)

    def test_a_refused_one_and_one_cut_off(self) -> None:
        found = volumework.parse("volume 1 0xc000014f\nerror 0xc000014f the root\ndone 1\nvolume 2 0x00000000\nenter x")
        self.assertTrue(found[1].finished and not found[1].mounted and not found[2].finished)

    def test_garbage_is_an_error_of_the_volume(self) -> None:
        self.assertEqual(len(volumework.parse("volume 3 0x00000000\nsum x y z w\n")[3].errors), 1)


def _volume(name: str, *parts: Part) -> Volume:
    return Volume(files={name: FoundFile(sum(part.count for part in parts) * 512, 0, 0, list(parts))})


class Promises(unittest.TestCase):
    def problems(self, volume: Volume, state: State, *later: str) -> list[str]:
        return workload.problems(volume, [workload.Promise(5, state, later)])

    def test_a_file_that_nothing_touched_is_as_it_was(self) -> None:
        state, name = State(True, False, (3, 3, 8)), workload.path(5, False)
        good = _volume(name, Part(0, 2, 5, 3, 0), Part(2, 1, 5, 8, 2))
        self.assertEqual(self.problems(good, state), [])
        for wrong in (Volume(), _volume(name, Part(0, 2, 5, 3, 0)), _volume(name, Part(0, 2, 5, 3, 0), Part(2, 1)),
                      _volume(name, Part(0, 3, 5, 3, 0)), _volume(name, Part(0, 2, 5, 3, 0), Part(2, 1, 6, 8, 2)),
                      _volume(name, Part(0, 2, 5, 3, 0), Part(2, 1, 5, 8, 3))):
            self.assertEqual(len(self.problems(wrong, state)), 1)

    def test_later_writes_may_be_there_or_not(self) -> None:
        state, name = State(True, False, (3, 3)), workload.path(5, False)
        self.assertEqual(self.problems(_volume(name, Part(0, 1, 5, 9, 0), Part(1, 2, 5, 3, 1)), state, "write"), [])
        self.assertEqual(len(self.problems(_volume(name, Part(0, 2, 5, 2, 0)), state, "write")), 1)
        self.assertEqual(len(self.problems(_volume(name, Part(0, 1, 5, 3, 0)), state, "write")), 1)

    def test_a_rename_loses_nothing(self) -> None:
        state = State(True, False, (3,))
        for renamed in (False, True):
            self.assertEqual(self.problems(_volume(workload.path(5, renamed), Part(0, 1, 5, 3, 0)), state, "rename"), [])
        self.assertEqual(len(self.problems(Volume(), state, "rename", "write")), 1)
        self.assertEqual(len(self.problems(_volume(workload.path(5, True), Part(0, 1, 5, 3, 0)), state)), 1)

    def test_what_was_deleted_stays_away(self) -> None:
        there = _volume(workload.path(5, False), Part(0, 1, 5, 3, 0))
        self.assertEqual(len(self.problems(there, State())), 1)
        self.assertEqual(self.problems(there, State(), "create"), [])
        self.assertEqual(self.problems(Volume(), State(True, False, (1,)), "delete"), [])

    def test_what_a_marker_covers(self) -> None:
        done = workload.operations(1, 400)
        seen = [workload.Marker(10, 0, 200, None), workload.Marker(20, 1, 300, None), workload.Marker(30, 2, 350, 5)]
        before = workload.promises(done, seen, 15)
        self.assertEqual(len(before), workload.FILES)
        touched = {operation.file for operation in done[200:301] if operation.kind}
        self.assertEqual({promise.file for promise in before if promise.later}, touched)
        self.assertEqual(workload.promises(done, seen, 5), [])
        self.assertEqual([promise for promise in workload.promises(done, seen, 40) if promise.file == 5][0].state,
                         next((operation.after for operation in reversed(done[:350]) if operation.file == 5), State()))


class Usage(unittest.TestCase):
    def test_wrong_usage(self) -> None:
        good: dict[str, Any] = {"interchange": False, "crash": False, "traffic": False, "fuzz": 7, "files": 1, "bytes": 1024, "images": None,
                                "load": 1, "first": 0, "resume": False, "seed": None, "seconds": None}
        self.assertEqual(storageproof._check(Namespace(**good)), "fuzz")
        for wrong in ({"crash": True}, {"traffic": True}, {"seconds": 0}, {"fuzz": None}, {"fuzz": 0}, {"files": 0}, {"bytes": 1023}, {"images": 0}, {"resume": True},
                      {"seed": -1}):
            with self.subTest(wrong=wrong), self.assertRaises(UsageError):
                storageproof._check(Namespace(**{**good, **wrong}))


class Speed(unittest.TestCase):
    def test_only_whole_lines_of_known_measures_count(self) -> None:
        self.assertEqual(diskspeed.parse("speed disk_read 12\nspeed disk_write x\nspeed other 5\nnospeed disk_read 1\nspeed file_read 3"),
                         {"disk_read": 12, "file_read": 3})


class Traffic(FolderCase):
    """Of disk 3, on which block 5 holds generation 2 and block 7 cannot be written."""
    seed = 9

    def disk(self, faults: traffic.Faults = traffic.Faults(), **blocks: bytes) -> traffic.Disk:
        path = self.folder / "disk"
        content = bytearray(traffic.BLOCK * traffic.BLOCKS)
        content[5 * traffic.BLOCK:6 * traffic.BLOCK] = blocks.get("fifth", traffic.content(self.seed, 3, 5, 2))
        path.write_bytes(content)
        return traffic.Disk("nvme", path, faults)

    def said(self, *more: str) -> dict[int, traffic.Said]:
        lines = ["disk 3 requests 10 failed 0 flushes 2 failed 0 peak 64 mean 30", "row 3 4 0:0 2:2 0:0 0:9", *more]
        lines += [f"row 3 {block} 0:0" for block in range(traffic.BLOCKS) if not 4 <= block < 8]
        return traffic.parse("\n".join(lines))

    def judge(self, disk: traffic.Disk, said: dict[int, traffic.Said]) -> bool:
        with contextlib.redirect_stdout(io.StringIO()):
            return traffic._judge_disk(disk, said, self.seed)

    def test_what_is_as_it_must_be(self) -> None:
        self.assertTrue(self.judge(self.disk(), self.said()))

    def test_lost_or_others_blocks_are_seen(self) -> None:
        other = traffic.content(self.seed, 3, 5, 2)
        for wrong in (traffic.content(self.seed, 3, 5, 1), traffic.content(self.seed, 3, 5, 3), traffic.content(self.seed, 2, 5, 2),
                      traffic.content(self.seed, 3, 6, 2), bytes(traffic.BLOCK), other[:-1] + b"?"):
            self.assertFalse(self.judge(self.disk(fifth=wrong), self.said()))

    def test_failures_must_have_a_reason_and_be_told(self) -> None:
        faults = traffic.Faults(reads=frozenset({6}), writes=frozenset({7}), flushes=1)
        failed = "disk 3 requests 10 failed 4 flushes 2 failed 1 peak 64 mean 30"
        self.assertTrue(self.judge(self.disk(faults), self.said(failed, "bad 3 read 6", "bad 3 write 7")))
        for words in (("bad 3 write 7",), ("bad 3 read 6",), ("bad 3 read 6", "bad 3 write 7", "bad 3 read 8")):
            self.assertFalse(self.judge(self.disk(faults), self.said(failed, *words)))
        self.assertFalse(self.judge(self.disk(faults), self.said("bad 3 read 6", "bad 3 write 7")))
        self.assertFalse(self.judge(self.disk(), self.said(failed)))

    def test_too_few_requests_and_what_the_driver_saw(self) -> None:
        self.assertFalse(self.judge(self.disk(), self.said("disk 3 requests 10 failed 0 flushes 2 failed 0 peak 63 mean 30")))
        self.assertFalse(self.judge(self.disk(), self.said("wrong 3 block 5: generation 1 of block 5, not 2 to 2")))

    def test_rules_for_the_emulator(self) -> None:
        numbers = random.Random(1)
        faults = traffic.choose_faults(numbers)
        rules = traffic._rules(faults, numbers)
        self.assertEqual(len(faults.reads | faults.writes | faults.reads_once | faults.writes_once) + faults.flushes, len(rules))
        self.assertEqual({rule["sector"] // 8 for rule in rules if rule["iotype"] == "read" and not rule["once"]}, faults.reads)


if __name__ == "__main__":
    unittest.main()
