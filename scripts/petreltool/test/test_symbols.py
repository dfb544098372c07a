# SPDX-License-Identifier: MIT
"""Symbolising with real images: a PDB under another name than the image says, and DWARF by gcc."""
import subprocess
import unittest

from petreltool.paths import find_program
from petreltool.symbols import Symbolizer, frame_text

from .support import FolderCase

SOURCE = """int Inner(volatile int *p) { return *p; }
__attribute__((noinline)) int Outer(volatile int *p) { return Inner(p) + 1; }
int DriverEntry(volatile int *p) { return Outer(p) + 2; }
"""


@unittest.skipUnless(find_program("llvm-symbolizer-19"), "llvm-symbolizer-19 is not installed")
class Symbols(FolderCase):
    def build(self, *command: str) -> None:
        (self.folder / "a.c").write_text(SOURCE)
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def resolve(self, name: str, **more: object) -> list[str]:
        symbols = Symbolizer(None, {name: self.folder / name}, **more)                  # type: ignore[arg-type]
        offset = self.entry(name)
        frames = symbols.resolve([{"module": name.upper(), "offset": f"{offset:#x}"}, {"module": name, "offset": f"{offset + 1:#x}"},
                                  {"module": None, "offset": "0x7"}, {"module": "other.sys", "offset": "0x8"}])
        return [frame_text(frame) for frame in frames]

    def entry(self, name: str) -> int:
        from petreltool import peheader
        data = (self.folder / name).read_bytes()
        start = int.from_bytes(data[0x3C:0x40], "little")
        self.assertTrue(peheader.parse(data))
        return int.from_bytes(data[start + 40:start + 44], "little")

    def test_pdb_staged_under_the_name_inside(self) -> None:
        self.build("clang-19", "--target=x86_64-w64-windows-gnu", "-gcodeview", "-g", "-O1", "-c", "a.c", "-o", "a.o")
        (self.folder / "symbols").mkdir()
        self.build("lld-link-19", "/nodefaultlib", "/subsystem:native", "/entry:DriverEntry", "a.o", "/debug", "/out:a.sys",
                   "/pdb:symbols/a.sys.pdb", "/pdbaltpath:whatever.pdb")
        found = self.resolve("a.sys", folders=[self.folder / "symbols"])
        self.assertRegex(found[0], r"A\.SYS\+0x\w+  DriverEntry  .*a\.c:3")
        self.assertRegex(found[1], r"DriverEntry")
        self.assertEqual(found[2:], ["0x7 (in no module)", "other.sys+0x8"])

    @unittest.skipUnless(find_program("x86_64-w64-mingw32-gcc"), "mingw-w64's gcc is not installed")
    def test_dwarf(self) -> None:
        self.build("x86_64-w64-mingw32-gcc", "-g", "-O1", "-nostdlib", "-Wl,--subsystem,native", "-Wl,--entry,DriverEntry", "a.c",
                   "-o", "g.sys")
        self.assertRegex(self.resolve("g.sys")[0], r"G\.SYS\+0x\w+  DriverEntry  .*a\.c:3")

    def test_without_symbols(self) -> None:
        self.write("n.sys")
        symbols = Symbolizer(None, {"n.sys": self.folder / "n.sys"})
        self.assertEqual([frame_text(frame) for frame in symbols.resolve([{"module": "n.sys", "offset": "0x1234"}])], ["n.sys+0x1234"])
