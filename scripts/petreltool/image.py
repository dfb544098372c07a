# SPDX-License-Identifier: MIT
"""The disk image: a GPT disk with one EFI system partition, FAT32, made without root and the same from the same inputs.

    sector 0        protective MBR, GPT
    1 MiB           EFI system partition, FAT32 with 512-byte clusters
    last 1 MiB      the backup GPT

It boots from a USB stick on a PC as it does in QEMU. The user image is the same with user-mode files in \\Windows\\System32, room to
write, and clusters of 4 KiB.
"""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import userfiles
from .errors import MachineryError, UsageError
from .hive import make_hive
from .paths import ROOT, Tree, program
from .process import run_tool
from .terminal import progress

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import make_casing  # noqa: E402  (a script of its own, beside the package)

MEBIBYTE = 1 << 20
_SECTOR = 512
PARTITION_START = MEBIBYTE
_SMALLEST = 40 * MEBIBYTE                       # FAT32 needs 65,525 clusters: 33 MiB with clusters of 512 bytes
_SERIAL = "50455452"                            # "PETR"
_DISK_ID = "7E7C0A5E-0001-4000-8000-5045545245C1"
_PARTITION_ID = "7E7C0A5E-0002-4000-8000-5045545245C1"
_SYSTEM32 = Path("Windows/System32")
_FOLDERS = [_SYSTEM32 / "config", _SYSTEM32 / "drivers", Path("Windows/Temp")]     # there even when empty
_USER_FOLDERS = [Path("Program Files/Common Files"), Path("ProgramData"), Path("Users/Default"), Path("Users/Public")]
_USER_FREE = 448 * MEBIBYTE                     # to write to, the page file among it; a hole in the image's file
_LARGE, _LARGE_CLUSTER = 288 * MEBIBYTE, 8      # from that size on FAT32 can have clusters of 4 KiB
_EPOCH = 1577836800                             # 2020-01-01: every time stamp in the file system
_HIVES = {"SYSTEM": "HKEY_LOCAL_MACHINE\\SYSTEM", "SOFTWARE": "HKEY_LOCAL_MACHINE\\SOFTWARE", "DEFAULT": "HKEY_USERS\\.DEFAULT"}
_LEFT_OUT = {".lib", ".exp", ".pdb", ".map", ".ilk", ".obj"}    # what linkers leave beside an image
_ENVIRONMENT = {"SOURCE_DATE_EPOCH": str(_EPOCH), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1", "MTOOLSRC": os.devnull, "LC_ALL": "C.UTF-8"}


def boot_configuration(source: Path, volume: Path) -> str:
    """boot.cfg's text: the repository's, without comments and without lines whose file the build has not made."""
    lines = []
    for line in source.read_text(encoding="ascii").splitlines():
        text = line.split("#")[0].strip()
        value = text.partition("=")[2].strip()
        if text and (not value.startswith("\\") or (volume / value.lstrip("\\").replace("\\", "/")).exists()):
            lines.append(text)
    return "".join(line + "\n" for line in lines)


def _write_if_changed(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def _newer(output: Path, *inputs: Path) -> bool:
    return output.exists() and all(output.stat().st_mtime_ns >= source.stat().st_mtime_ns for source in inputs)


def _add_hive(hive: Path, registry: Path, prefix: str) -> None:
    """A hive and two empty logs: the loader wants to find them."""
    hive.parent.mkdir(parents=True, exist_ok=True)
    if not _newer(hive, registry, Path(__file__).with_name("hive.py")):
        hive.write_bytes(make_hive(registry, prefix, hive.name))
    for suffix in (".LOG1", ".LOG2"):
        _write_if_changed(hive.with_name(hive.name + suffix), b"")


def add_generated_files(volume: Path, root: Path = ROOT) -> None:
    """Puts casing.bin, the hives and boot.cfg beside what cmake has laid out."""
    petrel = volume / "petrel"
    casing, casing_script = petrel / "casing.bin", Path(make_casing.__file__)
    if not make_casing.UNICODE_DATA.exists():
        raise MachineryError(f"{make_casing.UNICODE_DATA} is missing (package unicode-data)")
    if not _newer(casing, casing_script, make_casing.UNICODE_DATA):
        casing.parent.mkdir(parents=True, exist_ok=True)
        casing.write_bytes(make_casing.make())
    for name, prefix in _HIVES.items():
        _add_hive(volume.joinpath("Windows", "System32", "config", name), root / "config" / f"{name.lower()}.reg", prefix)
    _write_if_changed(petrel / "boot.cfg", boot_configuration(root / "config" / "boot.cfg", volume).encode("ascii"))


@dataclass(frozen=True)
class Content:
    """What a volume holds: its files by their place, each with a file of the host that has the same name; and empty folders."""
    files: dict[Path, Path]
    folders: list[Path] = field(default_factory=lambda: list(_FOLDERS))
    free: int = 0


def volume_files(volume: Path) -> list[Path]:
    """The files of the boot volume, relative, sorted: the order they are written in."""
    found = []
    for folder, folders, names in os.walk(volume):
        folders.sort()
        found += [Path(folder, name).relative_to(volume) for name in names if Path(name).suffix.lower() not in _LEFT_OUT]
    return sorted(found)


def _fingerprint(content: Content) -> str:
    entries: list[object] = [hashlib.sha256(Path(__file__).read_bytes()).hexdigest(), [str(folder) for folder in content.folders]]
    for file, source in sorted(content.files.items()):
        status = source.stat()
        entries.append([str(file), str(source), status.st_size, status.st_mtime_ns])
    return json.dumps(entries)


def _partition_size(content: Content) -> int:
    stored = sum(source.stat().st_size + 2 * _SECTOR for source in content.files.values())
    wanted = max(_SMALLEST, stored + stored // 32 + 8 * MEBIBYTE) + content.free
    return (wanted + MEBIBYTE - 1) // MEBIBYTE * MEBIBYTE


def _make_file_system(disk: Path, content: Content, size: int) -> None:
    target = f"{disk}@@{PARTITION_START}"
    run_tool([program("mformat"), "-i", target, "-F", "-N", _SERIAL, "-v", "PETREL", "-c", str(_LARGE_CLUSTER if size >= _LARGE else 1),
              "-T", str(size // _SECTOR), "-h", "255", "-s", "63", "-H", str(PARTITION_START // _SECTOR), "::"],
             environment=_ENVIRONMENT)
    folders = sorted({parent for file in [*content.files, *content.folders] for parent in file.parents} | set(content.folders))
    folders.remove(Path("."))
    run_tool([program("mmd"), "-i", target, *(f"::/{folder.as_posix()}" for folder in folders)], environment=_ENVIRONMENT)
    for folder in [Path("."), *folders]:
        inside = [str(source) for file, source in sorted(content.files.items()) if file.parent == folder]
        if inside:
            run_tool([program("mcopy"), "-i", target, *inside, f"::/{folder.as_posix()}/"], environment=_ENVIRONMENT)


def write_disk(disk: Path, content: Content) -> None:
    """Writes the whole disk image; the old one, which a machine may have open, is replaced at once at the end."""
    size = _partition_size(content)
    fresh = disk.with_suffix(f".{os.getpid()}")
    try:
        with open(fresh, "wb") as handle:
            handle.truncate(PARTITION_START + size + MEBIBYTE)
        table = (f"label: gpt\nlabel-id: {_DISK_ID}\nstart={PARTITION_START // _SECTOR}, size={size // _SECTOR}, type=U, "
                 f'uuid={_PARTITION_ID}, name="Petrel"\n')
        run_tool([program("sfdisk"), "-q", "--no-reread", "--no-tell-kernel", str(fresh)], input_text=table)
        _make_file_system(fresh, content, size)
        fresh.replace(disk)
    finally:
        fresh.unlink(missing_ok=True)


def make_disk(disk: Path, volume: Path, files: list[Path]) -> None:
    """A disk image of these files of a folder."""
    write_disk(disk, Content({file: volume / file for file in files}))


def read_file(disk: Path, name: str, target: Path) -> None:
    """Copies a file out of a disk image's volume."""
    run_tool([program("mcopy"), "-n", "-i", f"{disk}@@{PARTITION_START}", f"::/{name}", str(target)], environment=_ENVIRONMENT)


def is_clean(disk: Path) -> bool:
    """Whether the volume says that it was shut down: bit 27 of the FAT's second entry."""
    with open(disk, "rb") as handle:
        handle.seek(PARTITION_START + 14)
        reserved = int.from_bytes(handle.read(2), "little")
        handle.seek(PARTITION_START + reserved * _SECTOR + 4)
        return bool(int.from_bytes(handle.read(4), "little") & 1 << 27)


def _make(tree: Tree, disk: Path, content: Content, what: str) -> Path:
    """The disk image of that content, made anew only when something in it has changed."""
    stamp = disk.with_name(disk.name + ".inputs")
    wanted = _fingerprint(content)
    if not (disk.exists() and stamp.exists() and stamp.read_text() == wanted):
        with progress(f"making the {what} of {tree.preset}"):
            write_disk(disk, content)
        stamp.write_text(wanted)
    return disk


def _boot_volume(tree: Tree) -> dict[Path, Path]:
    if not (tree.volume / "EFI" / "BOOT" / "BOOTX64.EFI").exists():
        raise MachineryError(f"the preset {tree.preset} has no loader yet: run `scripts/petrel build --preset {tree.preset}`")
    add_generated_files(tree.volume)
    return {file: tree.volume / file for file in volume_files(tree.volume)}


def make_image(preset: str) -> Path:
    """The preset's disk image, made anew only when one of its inputs has changed."""
    tree = Tree(preset)
    with tree.lock():
        return _make(tree, tree.disk, Content(_boot_volume(tree)), "disk image")


def make_user_image(preset: str, system32: Path | None = None, offline: bool = False, flavour: str = userfiles.DEFAULT) -> Path:
    """The same with user-mode files: those of a flavour's packages, or of a folder of the user's own."""
    chosen = userfiles.files(system32, offline, flavour)
    tree = Tree(preset)
    disk = tree.user_disk if flavour == userfiles.DEFAULT else tree.user_disk.with_stem(f"{tree.user_disk.stem}-{flavour}")
    with tree.lock():
        boot = _boot_volume(tree)
        own = {_SYSTEM32 / path.name: path for path in chosen.values()}
        return _make(tree, disk, Content({**own, **boot}, [*_FOLDERS, *_USER_FOLDERS], _USER_FREE), "user image")


def make_bench_image(preset: str, system32: list[Path]) -> Path:
    """The boot volume with these files in System32: the benchmarks' programs and the ntdll.dll of their own."""
    tree = Tree(preset)
    with tree.lock():
        own = {_SYSTEM32 / path.name: path for path in system32}
        return _make(tree, tree.bench_disk, Content({**_boot_volume(tree), **own}), "benchmarks' image")


def _add_to_boot_configuration(disk: Path, lines: list[str]) -> None:
    """boot.cfg on the image gets these lines, too."""
    where, name = ["-i", f"{disk}@@{PARTITION_START}"], "::/petrel/boot.cfg"
    with tempfile.TemporaryDirectory(prefix="petrel-boot-") as folder:
        text = Path(folder, "boot.cfg")
        run_tool([program("mcopy"), *where, name, str(text)], environment=_ENVIRONMENT)
        text.write_text(text.read_text(encoding="ascii") + "".join(line + "\n" for line in lines), encoding="ascii")
        run_tool([program("mcopy"), *where, "-o", str(text), name], environment=_ENVIRONMENT)


def check_options(lines: list[str]) -> None:
    for line in lines:
        if "=" not in line or not line.isascii() or not line.isprintable() or line.startswith("#"):
            raise UsageError(f"--option takes KEY=VALUE in printable ASCII, not {line!r}")


def copy_for_usb(disk: Path, output: Path, options: list[str]) -> str:
    """Copies the image, with these options for the kernel, and says how to put it on a stick."""
    if output.exists() and not output.is_file():
        raise UsageError(f"{output}: not a file; name a file, then write it to the stick yourself")
    try:
        shutil.copyfile(disk, output)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}") from error
    if options:
        _add_to_boot_configuration(output, options)
    return (f"{output} is a whole disk. Find the stick's name with lsblk, then (this erases the stick):\n"
            f"    sudo dd if={output} of=/dev/sdX bs=4M conv=fsync status=progress\n"
            "Boot it with Secure Boot off.")
