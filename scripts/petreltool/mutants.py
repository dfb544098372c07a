# SPDX-License-Identifier: MIT
"""Mutated PE files for the kernel: many in one machine, mapped and unloaded without running them; it must refuse or survive each."""
from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import lab
from .errors import EXIT_FAIL, EXIT_PASS, MachineryError
from .image import boot_configuration, make_disk, make_image, volume_files
from .machine import STATUS_FAIL, STATUS_PASS, MachineOptions
from .paths import ROOT, Tree

_BATCH = 200                    # the loader takes 256 named files


def _mutator() -> Path:
    found = sorted((ROOT / "build" / "host").rglob("pe-mutate"))
    if not found:
        raise MachineryError("pe-mutate is not built: run `scripts/petrel build --preset host`")
    return found[0]


def _emit(folder: Path, seed: int, count: int) -> list[Path]:
    subprocess.run([str(_mutator()), "--seed", str(seed), "--emit", str(folder), str(count)], check=True,
                   stdout=subprocess.DEVNULL)
    return sorted(folder.iterdir())


def _volume(preset: str, mutants: list[Path], folder: Path) -> Path:
    """A boot volume whose boot.cfg names every mutant."""
    make_image(preset)
    volume = folder / "volume"
    shutil.copytree(Tree(preset).volume, volume)
    target = volume / "petrel" / "mutants"
    target.mkdir()
    lines = []
    for number, mutant in enumerate(mutants):
        shutil.copyfile(mutant, target / f"m{number}.sys")
        lines.append(f"test=\\petrel\\mutants\\m{number}.sys\n")
    configuration = boot_configuration(ROOT / "config" / "boot.cfg", volume)
    (volume / "petrel" / "boot.cfg").write_text(configuration + "".join(lines), encoding="ascii")
    return volume


def _judge(record: lab.Record, expected: int) -> str | None:
    if record.named("bugcheck") or record.named("trap") or record.named("hang"):
        return "the kernel did not survive"
    if record.exit_status not in (STATUS_PASS, STATUS_FAIL):
        return f"the machine ended with status {record.exit_status}"
    verdicts = record.named("verdict")
    return None if len(verdicts) == expected else f"{len(verdicts)} verdicts for {expected} files"


def command(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="petrel-mutants-") as name:
        folder = Path(name)
        (folder / "files").mkdir()
        mutants = _emit(folder / "files", arguments.seed, min(arguments.count, _BATCH))
        volume = _volume(arguments.preset, mutants, folder)
        disk = folder / "disk.img"
        make_disk(disk, volume, volume_files(volume))
        record = lab.run(MachineOptions(disk=disk, options=["load-only=1"]), lab.Limits(driver=30.0, whole=240.0))
    why = _judge(record, len(mutants))
    refused = sum(event.get("verdict") == "refused" for event in record.named("verdict"))
    print(f"{len(mutants)} mutants (seed {arguments.seed}): {len(mutants) - refused} loaded, {refused} refused"
          + (f"; {why}" if why else ""))
    if why:
        for event in record.named("bugcheck") + record.named("trap") + record.named("hang"):
            print(event.data)
        print(record.console[-2000:])
    return EXIT_FAIL if why else EXIT_PASS
