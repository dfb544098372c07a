# SPDX-License-Identifier: MIT
"""The disk image, the hive and the casing tables: the same bytes each time, and readable by others' programs."""
import os
import shutil
import struct
import sys
import time
from pathlib import Path
from unittest import mock

import make_casing

from petreltool import hive, image, paths
from petreltool.errors import MachineryError, UsageError
from petreltool.paths import ROOT, program
from petreltool.process import run_tool

from .support import FolderCase


class Disk(FolderCase):
    def volume(self, name: str) -> Path:
        volume = self.folder / name
        for file, data in (("EFI/BOOT/BOOTX64.EFI", b"MZ loader"), ("petrel/ntoskrnl.exe", os.urandom(0) + b"MZ" * 5000),
                           ("petrel/drivers/a.sys", b"a"), ("petrel/drivers/b.sys", b""), ("petrel/drivers/b.lib", b"not wanted")):
            path = volume / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return volume

    def make(self, name: str) -> Path:
        volume, disk = self.volume(f"volume-{name}"), self.folder / f"{name}.img"
        image.add_generated_files(volume)
        image.make_disk(disk, volume, image.volume_files(volume))
        return disk

    def test_options_of_the_copy(self) -> None:
        disk, copy = self.make("disk"), self.folder / "copy.img"
        before = disk.read_bytes()
        image.copy_for_usb(disk, copy, ["shell=cmd", "end=halt"])
        self.assertEqual(disk.read_bytes(), before)
        text = run_tool([program("mtype"), "-i", f"{copy}@@{image.PARTITION_START}", "::/petrel/boot.cfg"])
        self.assertEqual(text.split()[-2:], ["shell=cmd", "end=halt"])
        self.assertIn("kernel=", text)
        for wrong in ("shell", "shell=é", "#a=b", "a=b\nc=d"):
            with self.assertRaises(UsageError):
                image.check_options([wrong])

    def test_twice_the_same_bytes(self) -> None:
        first = self.make("first")
        time.sleep(1.1)                                 # another second on the clock, other inode order
        self.assertEqual(first.read_bytes(), self.make("second").read_bytes())

    def test_others_can_read_it(self) -> None:
        disk = self.make("disk")
        table = run_tool([program("sfdisk"), "--dump", str(disk)])
        self.assertIn("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", table)
        run_tool([program("sfdisk"), "--verify", str(disk)])
        partition = self.folder / "partition"
        with open(disk, "rb") as handle, open(partition, "wb") as output:
            handle.seek(image.PARTITION_START)
            shutil.copyfileobj(handle, output)
            output.truncate(disk.stat().st_size - 2 * image.MEBIBYTE)
        report = run_tool([program("fsck.fat"), "-n", "-v", str(partition)])
        self.assertIn("FAT32" if "FAT32" in report else "32 bit", report)
        listing = run_tool([program("mdir"), "-b", "-/", "-i", f"{disk}@@{image.PARTITION_START}", "::"])
        self.assertIn("petrel/boot.cfg", listing)
        self.assertNotIn("b.lib", listing)
        self.assertLess(disk.stat().st_blocks * 512, 4 << 20)

    def test_boot_configuration_leaves_out_what_is_not_there(self) -> None:
        text = image.boot_configuration(ROOT / "config" / "boot.cfg", self.volume("volume"))
        self.assertIn("kernel=\\petrel\\ntoskrnl.exe\n", text)
        self.assertNotIn("hal.dll", text)

    def test_made_anew_only_when_inputs_change(self) -> None:
        root = self.folder / "root"
        shutil.copytree(ROOT / "config", root / "config")
        volume = self.volume("root/build/debug/image")
        with mock.patch.object(image, "Tree", lambda preset: paths.Tree(preset, root)):
            stamps = []
            for change in (None, None, volume / "petrel" / "drivers" / "a.sys"):
                if change:
                    change.write_bytes(b"changed")
                stamps.append(image.make_image("debug").stat().st_mtime_ns)
        self.assertEqual(stamps[0], stamps[1])
        self.assertNotEqual(stamps[1], stamps[2])

    def test_without_a_loader(self) -> None:
        with mock.patch.object(image, "Tree", lambda preset: paths.Tree(preset, self.folder)), self.assertRaises(MachineryError):
            image.make_image("debug")


class Hive(FolderCase):
    def test_same_bytes_and_readable(self) -> None:
        source = ROOT / "config" / "system.reg"
        first = hive.make_hive(source)
        time.sleep(1.1)
        self.assertEqual(first, hive.make_hive(source))
        self.assertEqual(first[:4], b"regf")
        path = self.write("SYSTEM", first)
        text = run_tool([program("hivexregedit"), "--export", str(path), "\\Select"])
        self.assertIn('"Current"=dword:00000001', text)
        self.assertIn("ControlSet001", run_tool([program("hivexregedit"), "--export", str(path), "\\"]))

    def test_checksum(self) -> None:
        words = struct.unpack("<128I", hive.empty_hive()[:512])
        value = 0
        for word in words[:127]:
            value ^= word
        self.assertEqual(value, words[127])


class Casing(FolderCase):
    def test_tables(self) -> None:
        data = make_casing.make()
        values = struct.unpack("<131072H", data)
        upper, lower = values[:0x10000], values[0x10000:]
        for small, large in (("a", "A"), ("z", "Z"), ("ä", "Ä"), ("ÿ", "Ÿ"), ("я", "Я"), ("ω", "Ω")):
            self.assertEqual((chr(upper[ord(small)]), chr(lower[ord(large)])), (large, small))
        for same in "0_ıſµ\u212a\ud800":               # dotless i, long s, micro, Kelvin, a surrogate
            self.assertEqual(upper[ord(same)], ord(same))
        self.assertEqual(lower[0x212A], 0x212A)
        self.assertEqual([code for code in range(128) if lower[code] > 127 or upper[code] > 127], [])
        self.assertTrue(all(upper[upper[code]] == upper[code] for code in range(0x10000)))

    def test_usage(self) -> None:
        with mock.patch.object(sys, "stderr"):
            self.assertEqual(make_casing.main([]), 2)
