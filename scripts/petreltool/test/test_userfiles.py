# SPDX-License-Identifier: MIT
"""The user image: packages of Debian, API sets, the closure of what programs import, a folder of the user's own, the image."""
import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from unittest import mock

from petreltool import apisets, debian, fetch, hive, image, paths, peheader, userfiles
from petreltool.errors import EXIT_PAYLOAD, PayloadError, UsageError
from petreltool.paths import ROOT, program
from petreltool.process import run_tool

from .samples import api_set_schema, program as sample
from .support import CommandCase, FolderCase

_SETS = {"api-ms-win-core-synch-l1-2-0": "kernelbase.dll", "ext-ms-win-nobody-l1-1-0": ""}
_FILES = {"ntdll.dll": sample(), "kernelbase.dll": sample("ntdll.dll"), "KERNEL32.dll": sample("KERNELBASE.dll", "ntdll.dll"),
          "apisetschema.dll": api_set_schema(_SETS), "l_intl.nls": b"nls", "loop.dll": sample("tool.exe"),
          "tool.exe": sample("kernel32.dll", "loop.dll", "api-ms-win-core-synch-l1-2-1.dll", "ext-ms-win-nobody-l1-1-0.dll"),
          "idle.dll": sample(), "readme.txt": b"not wanted"}


class PackageCase(FolderCase):
    """A test with a cache of its own, and a package of the files above which apt would deliver."""

    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.folder / "cache")})
        patch.start()
        self.addCleanup(patch.stop)
        self.archive = self.build(_FILES)
        self.package = debian.Package("fake", "trixie", "1:2.0", "all", hashlib.sha256(self.archive.read_bytes()).hexdigest(), ("usr/fake",))
        self.lists = userfiles.Table((self.package,), ("ntdll.dll", "apisetschema.dll"), ("tool.exe",), ("l_intl.nls",))

    def build(self, files: dict[str, bytes]) -> Path:
        """A Debian package with files in usr/fake, and one in a folder below that nobody asks for."""
        tree = self.folder / "tree"
        for name, data in {**files, "deeper/cmd.exe": b"no"}.items():
            path = tree / "usr" / "fake" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (tree / "DEBIAN").mkdir(exist_ok=True)
        (tree / "DEBIAN" / "control").write_text("Package: fake\nVersion: 1:2.0\nArchitecture: all\nMaintainer: a <a@b>\nDescription: fake\n")
        archive = self.folder / "fake.deb"
        run_tool([program("dpkg-deb"), "--root-owner-group", "-Znone", "--build", str(tree), str(archive)])
        return archive

    def downloads(self) -> mock.Mock:
        """What stands for apt; counts its calls."""
        patch = mock.patch.object(debian, "_download", return_value=self.archive)
        self.addCleanup(patch.stop)
        return patch.start()


class Packages(PackageCase):
    def test_fetched_once_and_checked(self) -> None:
        download = self.downloads()
        self.assertEqual(debian.get(self.package), debian.get(self.package, offline=True))
        self.assertEqual(download.call_count, 1)
        self.assertEqual(self.package.cached.name, "fake_1%3a2.0_all.deb")
        self.package.cached.write_bytes(b"broken")
        debian.get(self.package)
        self.assertEqual(download.call_count, 2)

    def test_refusals_say_what_to_do(self) -> None:
        with self.assertRaisesRegex(PayloadError, "scripts/petrel fetch.*fake_1%3a2.0_all.deb"):
            debian.get(self.package, offline=True)
        self.downloads()
        with self.assertRaisesRegex(PayloadError, "sha256"):
            debian.get(replace(self.package, sha256="0" * 64))
        self.assertFalse(self.package.cached.exists())

    def test_apt_is_asked_by_name_in_a_configuration_of_its_own(self) -> None:
        commands: list[list[str]] = []

        def run(command: list[str], **_: object) -> str:
            commands.append(command)
            if "indextargets" in command:
                return "|main|mirror:/other\nDebian|main|mirror:/ours\nDebian|contrib|mirror:/no\n"
            if "download" in command:
                sources = next(part for part in command if "sourceparts" in part).partition("=")[2]
                self.assertIn("URIs: mirror:/ours\nSuites: trixie\n", Path(sources, "suite.sources").read_text())
            return ""

        with mock.patch.object(debian, "run_tool", run), mock.patch.object(debian, "_KEYRING", self.archive):
            found = debian._download(self.package, self.folder / "apt")
        self.assertEqual(found.name, self.package.file_name)
        self.assertEqual(commands[2][-2:], ["download", "fake=1:2.0"])
        self.assertEqual(len(commands), 3)

    def test_broken_archive(self) -> None:
        with self.assertRaises(PayloadError):
            debian.extract(self.write("x.deb", b"!<arch>\nno"), ("usr/fake",), self.folder, lambda _: True)

    def test_fetch_counts_them(self) -> None:
        with (mock.patch.object(fetch, "payloads", return_value=[]), mock.patch.object(debian, "packages", return_value=[self.package])):
            self.assertEqual(fetch.fetch_all(require=True, offline=True), EXIT_PAYLOAD)


class ApiSets(FolderCase):
    def test_hosts(self) -> None:
        table = apisets.read(peheader.parse(api_set_schema(_SETS)))
        self.assertEqual(apisets.host(table, "API-MS-Win-Core-Synch-L1-2-9.dll"), "kernelbase.dll")
        self.assertEqual(apisets.host(table, "ext-ms-win-nobody-l1-1-0"), "")
        self.assertEqual(apisets.host(table, "api-ms-win-core-synch-l1-3-0.dll"), "")

    def test_broken(self) -> None:
        for data in (api_set_schema(_SETS, version=4), sample()):
            with self.assertRaises(peheader.BadImage):
                apisets.read(peheader.parse(data))


class Closure(PackageCase):
    def test_what_lies_in_the_folder(self) -> None:
        self.downloads()
        names = ["apisetschema.dll", "kernel32.dll", "kernelbase.dll", "l_intl.nls", "loop.dll", "ntdll.dll", "tool.exe"]
        found = userfiles.from_packages(self.lists)
        self.assertEqual(sorted(found), names)
        self.assertEqual(found["tool.exe"].read_bytes(), _FILES["tool.exe"])

    def test_extracted_once_and_again_when_damaged(self) -> None:
        download = self.downloads()
        with mock.patch.object(debian, "extract", wraps=debian.extract) as extract:
            for damage in ("", "", "tool.exe"):
                found = userfiles.from_packages(self.lists)
                self.assertEqual(found["tool.exe"].read_bytes(), _FILES["tool.exe"])
                if damage:
                    found[damage].write_bytes(b"MZ")
            userfiles.from_packages(self.lists)
        self.assertEqual((download.call_count, extract.call_count), (1, 2))

    def test_a_missing_file_is_named(self) -> None:
        found = {name.lower(): self.write(name, data) for name, data in _FILES.items()}
        del found["kernelbase.dll"]
        with self.assertRaisesRegex(UsageError, "kernelbase.dll is missing, which kernel32.dll needs"):
            userfiles.closure(["kernel32.dll"], found)
        with self.assertRaisesRegex(UsageError, "zlib1.dll is missing, which payloads.toml needs"):
            userfiles.closure(["zlib1.dll"], found)
        with self.assertRaisesRegex(UsageError, "none.nls"):
            userfiles.choose(replace(self.lists, nls=("none.nls",)), found, own=False)
        found["kernelbase.dll"] = self.write("kernelbase.dll", b"MZ")
        with self.assertRaisesRegex(UsageError, "kernelbase.dll"):
            userfiles.closure(["kernel32.dll"], found)

    def test_a_folder_of_the_user_s_own(self) -> None:
        folder = self.folder / "tree" / "usr" / "fake"
        lists = replace(self.lists, programs=("tool.exe", "wine-only.exe"), nls=("l_intl.nls", "none.nls"))
        with mock.patch.object(userfiles, "table", return_value=lists):
            self.assertEqual(userfiles.files(folder)["kernel32.dll"].name, "KERNEL32.dll")
            (folder / "ntdll.dll").unlink()
            with self.assertRaisesRegex(UsageError, "--system32 .*: ntdll.dll is missing"):
                userfiles.files(folder)
            with self.assertRaisesRegex(UsageError, "no such folder"):
                userfiles.files(self.folder / "nowhere")

    def test_the_repository_s_table(self) -> None:
        lists = userfiles.table()
        self.assertIn("cmd.exe", lists.essential)
        self.assertEqual([package.package for package in lists.packages], ["libwine", "libz-mingw-w64"])
        text = (ROOT / "config" / "system.reg").read_text()
        self.assertEqual([name for name in lists.nls if name.startswith("c_") and f'"{name}"' not in text], [])


class UserImage(PackageCase, CommandCase):
    def test_image(self) -> None:
        self.downloads()
        volume = self.folder / "root" / "build" / "debug" / "image"
        (volume / "EFI" / "BOOT").mkdir(parents=True)
        (volume / "EFI" / "BOOT" / "BOOTX64.EFI").write_bytes(b"MZ")
        with (mock.patch.object(image, "Tree", lambda preset: paths.Tree(preset, self.folder / "root")),
              mock.patch.object(userfiles, "table", return_value=self.lists), mock.patch("petreltool.build.build")):
            plain = image.make_image("debug")
            status, output, _ = self.petrel("image", "--user", "--preset", "debug")
            first = Path(output.strip()).stat().st_mtime_ns
            self.petrel("image", "--user", "--preset", "debug", "--offline")
        disk = Path(output.strip())
        self.assertEqual((status, disk.name, disk.stat().st_mtime_ns), (0, "petrel-user.img", first))
        self.assertNotIn("tool.exe", self.names(plain))
        names = self.names(disk)
        for name in ("Windows/System32/tool.exe", "Windows/System32/config/SYSTEM", "Windows/Temp", "Users/Public", "EFI/BOOT/BOOTX64.EFI"):
            self.assertIn(f"::/{name}", names)
        image.read_file(disk, "Windows/System32/tool.exe", self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), _FILES["tool.exe"])

    def names(self, disk: Path) -> str:
        return run_tool([program("mdir"), "-b", "-/", "-i", f"{disk}@@{image.PARTITION_START}", "::"])

    def test_offline_without_the_package(self) -> None:
        with mock.patch.object(userfiles, "table", return_value=self.lists), mock.patch("petreltool.build.build"):
            status, _, errors = self.petrel("image", "--user", "--offline")
        self.assertEqual(status, EXIT_PAYLOAD)
        self.assertIn("scripts/petrel fetch", errors)


class Registry(FolderCase):
    def test_a_user_s_registry(self) -> None:
        """What user-mode code looks for is there, with the types that it wants."""
        for name, prefix, key, line in (
                ("system", "HKEY_LOCAL_MACHINE\\SYSTEM", "\\ControlSet001\\Control\\Session Manager\\Environment",
                 '"ComSpec"=str(2):"%SystemRoot%\\system32\\cmd.exe"'),
                ("system", "HKEY_LOCAL_MACHINE\\SYSTEM", "\\ControlSet001\\Control\\Nls\\CodePage", '"ACP"=str(1):"1252"'),
                ("system", "HKEY_LOCAL_MACHINE\\SYSTEM", "\\ControlSet001\\Control\\TimeZoneInformation", '"Bias"=dword:00000000'),
                ("software", "HKEY_LOCAL_MACHINE\\SOFTWARE", "\\Microsoft\\Windows NT\\CurrentVersion\\Time Zones\\UTC",
                 '"TZI"=hex(3):' + ",".join(["00"] * 44)),
                ("default", "HKEY_USERS\\.DEFAULT", "\\Control Panel\\International", '"LocaleName"=str(1):"en-US"')):
            with self.subTest(key):
                made = self.write("hive", hive.make_hive(ROOT / "config" / f"{name}.reg", prefix, name.upper()))
                exported = subprocess.run([program("hivexregedit"), "--export", "--unsafe-printable-strings", str(made), key],
                                          capture_output=True, text=True, check=True).stdout
                self.assertIn(line, exported)
