# SPDX-License-Identifier: MIT
"""Where things are: the repository, its build trees, the cache outside it, and host programs."""
from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import MachineryError

ROOT = Path(__file__).resolve().parent.parent.parent
PRESETS = ("debug", "release")
_EXTRA_FOLDERS = "/usr/sbin:/sbin"      # sfdisk lives there, and users' PATH leaves them out


@dataclass(frozen=True)
class Tree:
    """One build tree of the machine's images."""
    preset: str
    root: Path = ROOT

    @property
    def build(self) -> Path:
        return self.root / "build" / self.preset

    @property
    def volume(self) -> Path:
        """What cmake and the tool lay out as the boot volume will hold it."""
        return self.build / "image"

    @property
    def disk(self) -> Path:
        return self.build / "petrel.img"

    @property
    def user_disk(self) -> Path:
        """The same with user-mode files."""
        return self.build / "petrel-user.img"

    @property
    def bench_disk(self) -> Path:
        """The same with the benchmarks' programs."""
        return self.build / "petrel-bench.img"

    @property
    def symbols(self) -> Path:
        return self.build / "symbols"

    @property
    def test_drivers(self) -> Path:
        return self.build / "test-drivers"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds off other runs of the tool that would build the same tree at the same time."""
        self.build.mkdir(parents=True, exist_ok=True)
        with open(self.build / ".petrel-lock", "w", encoding="ascii") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "petrel"


def find_program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":" + _EXTRA_FOLDERS)


def program(name: str) -> str:
    found = find_program(name)
    if found is None:
        raise MachineryError(f"{name} is not installed; `scripts/petrel setup` says what to install")
    return found
