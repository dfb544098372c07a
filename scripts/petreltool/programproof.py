# SPDX-License-Identifier: MIT
"""`verify programs`: what real programs make in the machine, compared with what the host makes of the same.

7za unpacks a tree of files, packs it, unpacks that and packs it as a zip file, which Python's zipfile reads; esbuild bundles a project, and so
does the same version of it for Linux.
"""
from __future__ import annotations

import argparse
import io
import random
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

from . import fetch, lab, programs, proof, report, usertests
from .errors import EXIT_FAIL, EXIT_PASS, PayloadError, UsageError
from .image import make_user_image
from .machine import MachineOptions
from .process import run_tool

Tree = dict[str, bytes]                         # names have slashes

_LIMIT = 1200.0
_MODULES = 40
_LONGEST = 8192
_ESBUILD = ["src/main.ts", "--bundle", "--minify", "--sourcemap", "--log-level=error", "--outfile=out.js"]
_BUNDLED = ["out.js", "out.js.map"]


# ---- What goes in ----
def make_tree(files: int, seed: int) -> Tree:
    """Files of all sizes up to a few clusters, empty ones among them, in folders of folders."""
    chance = random.Random(seed)
    tree: Tree = {}
    for number in range(files):
        folder = "/".join(f"folder {chance.randrange(4)}" for _ in range(chance.randrange(4)))
        name = f"{folder}/file number {number}.bin" if folder else f"file number {number}.bin"
        tree[name] = chance.randbytes(chance.randrange(_LONGEST) if number % 50 else 0)
    return tree


def make_project(seed: int) -> Tree:
    """Modules in two languages, each of which imports some of those before it."""
    chance = random.Random(seed)
    project: Tree = {}
    for number in range(_MODULES):
        used = sorted(chance.sample(range(number), min(number, 3)))
        lines = [f'import {{ value{other} }} from "./module{other}";' for other in used]
        kind, sort = ("ts", ": number") if number % 2 else ("js", "")
        total = " + ".join([str(chance.randrange(1000)), *(f"value{other}" for other in used)])
        lines.append(f"const text{number}{sort and ': string'} = `petrel \u00e4 ${{1 + {number}}}`;")
        lines.append(f"export const value{number}{sort} = {total} + text{number}.length;")
        project[f"src/module{number}.{kind}"] = ("\n".join(lines) + "\n").encode()
    last = _MODULES - 1
    project["src/main.ts"] = f'import {{ value{last} }} from "./module{last}";\nconsole.log(value{last} as number);\n'.encode()
    return project


def _archive(tree: Tree) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in tree.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def _commands() -> list[str]:
    return [r"C:\7za.exe x -bso0 -bsp0 -y C:\tree.tar -oC:\proof\one",
            r"C:\7za.exe a -bso0 -bsp0 C:\proof\packed.7z C:\proof\one\*",
            r"C:\7za.exe x -bso0 -bsp0 -y C:\proof\packed.7z -oC:\proof\two",
            r"C:\7za.exe a -bso0 -bsp0 -tzip C:\proof\back.zip C:\proof\two\*",
            r"C:\7za.exe x -bso0 -bsp0 -y C:\project.tar -oC:\proof\project",
            rf"cmd /c cd /d C:\proof\project && C:\esbuild.exe {' '.join(_ESBUILD)}"]


# ---- What comes out ----
def differences(expected: Tree, found: Tree) -> list[str]:
    """A line for each file that is not as it must be."""
    missing = [f"{name} is missing" for name in expected if name not in found]
    more = [f"{name} was not there before" for name in found if name not in expected]
    other = [f"{name} has {len(found[name])} other bytes, not its {len(data)}" for name, data in expected.items()
             if name in found and found[name] != data]
    return missing + more + other


def _unzip(path: Path) -> Tree:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def _bundle_here(project: Tree, folder: Path) -> Tree:
    esbuild = folder / "esbuild"
    esbuild.write_bytes(fetch.get(fetch.find("program/esbuild-linux")).read_bytes())
    esbuild.chmod(0o755)
    for name, data in project.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    run_tool([str(esbuild), *_ESBUILD], cwd=folder)
    return {name: (folder / name).read_bytes() for name in _BUNDLED}


def _files(folder: Path, archives: Tree) -> list[programs.Transfer]:
    for name, data in archives.items():
        (folder / name).write_bytes(data)
    wanted = [fetch.find(f"program/{name}") for name in ("7za", "esbuild")]
    return [programs.Transfer(folder / name, name) for name in archives] + \
           [programs.Transfer(fetch.get(payload), payload.save_as) for payload in wanted]


def _run(preset: str, files: int, seed: int, folder: Path) -> list[str]:
    tree, project = make_tree(files, seed), make_project(seed)
    (folder / "host").mkdir()
    bundled = _bundle_here(project, folder / "host")
    out = [programs.Transfer(folder / "back.zip", "proof/back.zip"),
           *(programs.Transfer(folder / name, f"proof/project/{name}") for name in _BUNDLED)]
    options = MachineOptions(disk=make_user_image(preset, None, False), cpus=4, memory=512)
    items = [programs.Program(command) for command in _commands()]
    _, lost = programs.run(options, items, lab.Limits(driver=_LIMIT, whole=_LIMIT),
                           _files(folder, {"tree.tar": _archive(tree), "project.tar": _archive(project)}), out)
    wrong = [f"{item.command}: {item.why}" for item in items if item.verdict != "pass"] + lost
    if wrong:
        return wrong
    return differences(tree, _unzip(folder / "back.zip")) + \
        differences(bundled, {name: (folder / name).read_bytes() for name in _BUNDLED})


def command(arguments: argparse.Namespace) -> int:
    if arguments.tree < 1:
        raise UsageError("--tree must be above 0")
    seed = proof.begin(arguments)
    print(f"programs: seed {seed}, {arguments.tree} files, {arguments.preset}, commit {report.commit()}", flush=True)
    begin = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="petrel-programs-") as folder:
            wrong = _run(arguments.preset, arguments.tree, seed, Path(folder))
    except PayloadError as error:
        print(f"skipped: payload: {error}")
        return usertests.EXIT_SKIPPED
    for line in wrong[:20]:
        print(f"WRONG: {line}")
    print(f"programs: seed {seed}, {time.monotonic() - begin:.0f} s: {'FAILED' if wrong else 'passed'}")
    return EXIT_FAIL if wrong else EXIT_PASS
