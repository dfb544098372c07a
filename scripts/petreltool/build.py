# SPDX-License-Identifier: MIT
"""Builds a preset with cmake and ninja: incremental, silent unless it fails."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .errors import MachineryError
from .paths import ROOT, Tree, program
from .terminal import progress


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        raise MachineryError(f"{what} failed")


def configure(preset: str) -> None:
    with progress(f"configuring {preset}"):
        _run([program("cmake"), "--preset", preset], f"configuring the preset {preset}")


def build(preset: str, jobs: int | None = None) -> None:
    """Configures a fresh tree, then lets ninja do what is out of date."""
    tree = Tree(preset)
    with tree.lock():
        if not (tree.build / "build.ninja").exists():
            configure(preset)
        command = [program("ninja"), "-C", str(tree.build), "--quiet"]
        with progress(f"building {preset}"):
            _run(command + (["-j", str(jobs)] if jobs else []), f"building the preset {preset}")


def is_built(preset: str) -> bool:
    volume: Path = Tree(preset).volume
    return (volume / "petrel" / "ntoskrnl.exe").exists()
