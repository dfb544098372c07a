#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Volumes made by mkfs.fat and mtools are read by the core, volumes changed by the core are checked by fsck.fat and read by mtools.

check_tools.py TOOL FOLDER: TOOL is fat-tool; images are made in FOLDER and stay there for the mutation tests.
"""
import pathlib
import random
import shutil
import subprocess
import sys
import zlib

KINDS = {  # name: KiB, options of mkfs.fat
    "fat12": (1440, ["-F", "12"]),
    "fat12small": (400, ["-F", "12", "-s", "1", "-r", "112"]),
    "fat16": (16 * 1024, ["-F", "16", "-s", "4"]),
    "fat16large": (9 * 1024, ["-F", "16", "-s", "1", "-S", "512"]),
    "fat32": (40 * 1024, ["-F", "32", "-s", "1"]),
    "fat32one": (70 * 1024, ["-F", "32", "-s", "2", "-f", "1"]),
    "sector4k": (40 * 1024, ["-F", "16", "-S", "4096", "-s", "1"]),
}
NAMES = ["a", "README.TXT", "lower.txt", "Mixed.Txt", "a name with spaces.text", "dots.in.the.middle.c", "UPPER.low", "x" * 200 + ".dat",
         "\u03b1\u03b2\u03b3 greek.txt", "plus+equals=.txt"]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, env={"MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8",
                          "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).stdout


def listing(folder: pathlib.Path) -> set[str]:
    lines = set()
    for path in folder.rglob("*"):
        name = "/" + path.relative_to(folder).as_posix()
        if path.is_dir():
            lines.add(name + "/")
        else:
            data = path.read_bytes()
            lines.add(f"{name} {len(data)} {zlib.adler32(data):08x}")
    return lines


def make_files(folder: pathlib.Path, rng: random.Random) -> None:
    folder.mkdir()
    for depth in range(4):
        for name in NAMES:
            (folder / name).write_bytes(rng.randbytes(rng.choice([0, 1, 511, 512, 513, 5000])))
        folder = folder / f"Deeper Directory {depth}"
        folder.mkdir()


def compare(what: str, one: set[str], two: set[str]) -> None:
    if one != two:
        raise SystemExit(f"{what}: only here {sorted(one - two)[:5]}, only there {sorted(two - one)[:5]}")


def read_back(image: pathlib.Path, folder: pathlib.Path) -> set[str]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if run("mdir", "-b", "-i", str(image), "::/").strip():
        run("mcopy", "-s", "-n", "-Q", "-i", str(image), "::/*", str(folder))
    return listing(folder)


def check(kind: str, tool: str, work: pathlib.Path) -> None:
    size, options = KINDS[kind]
    image, files = work / f"{kind}.img", work / f"{kind}.files"
    shutil.rmtree(files, ignore_errors=True)
    image.unlink(missing_ok=True)
    run("mkfs.fat", "-C", "-i", "1234abcd", "-n", "PETREL", *options, str(image), str(size))
    make_files(files, random.Random(kind))
    run("mcopy", "-s", "-Q", "-i", str(image), *[str(path) for path in sorted(files.iterdir())], "::/")
    compare(f"{kind}: made by mtools", listing(files), set(run(tool, "list", str(image)).splitlines()))
    changed = work / f"{kind}.changed.img"
    shutil.copy(image, changed)
    ours = set(run(tool, "fill", str(changed), "1", "600").splitlines())
    run("fsck.fat", "-n", str(changed))
    compare(f"{kind}: changed by the core", ours, read_back(changed, work / f"{kind}.back"))


def make_seeds(folder: pathlib.Path) -> None:
    """Volumes of 256 KiB, of which the fuzz target takes the beginning."""
    folder.mkdir(exist_ok=True)
    for name, options in (("12", ["-F", "12", "-s", "1"]), ("32", ["-F", "32", "-s", "1"])):
        image = folder / name
        image.unlink(missing_ok=True)
        run("mkfs.fat", "-C", *options, str(image), "256")
        for index in range(5 if name == "12" else 0):                  # mtools wants more clusters of FAT32
            run("mmd", "-i", str(image), f"::/a directory {index}")
        image.write_bytes(image.read_bytes()[:32768])


def main() -> None:
    tool, work = sys.argv[1], pathlib.Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        check(kind, tool, work)
        print(kind, "agrees")
    make_seeds(work / "seeds")


if __name__ == "__main__":
    main()
