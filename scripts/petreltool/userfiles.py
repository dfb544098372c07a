# SPDX-License-Identifier: MIT
"""What lies in \\Windows\\System32 of the user image: programs, the DLLs they need, and the NLS files.

Without --system32 they come from the Debian packages that payloads.toml names; with it from a folder of the user's own. The files of
the packages are kept beside the cache's payloads, in a folder whose name follows from the table, so that another table makes another.
"""
from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import apisets, debian, peheader
from .errors import PayloadError, UsageError
from .paths import cache_folder
from .terminal import progress

FLAVOURS = ("wine10", "wine8")
DEFAULT = FLAVOURS[0]
_SCHEMA = "apisetschema.dll"
_SUFFIXES = {".exe", ".dll", ".com", ".nls", ".drv", ".ocx", ".cpl"}


@dataclass(frozen=True)
class Table:
    """What payloads.toml says about the user image."""
    packages: tuple[debian.Package, ...]
    essential: tuple[str, ...]              # without these nothing runs
    programs: tuple[str, ...]               # from a user's own folder only what of these is there
    nls: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the folder in the cache."""
        content = [[package.sha256 for package in self.packages], self.essential, self.programs, self.nls]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def table(flavour: str = DEFAULT, path: Path = debian.TABLE) -> Table:
    with open(path, "rb") as handle:
        lists = tomllib.load(handle)["system32"]
    packages = [package for package in debian.packages(path) if flavour in package.flavours]
    there = [name for name in lists["programs"] if name not in lists["lacks"][flavour]]
    return Table(tuple(packages), tuple(lists["essential"]), tuple(there), tuple(lists["nls"]))


def listing(folder: Path) -> dict[str, Path]:
    """The files of a folder by their names in lower case."""
    return {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_file()}


def _imports(path: Path) -> list[str]:
    try:
        found = peheader.imports(peheader.parse(path.read_bytes()))
    except peheader.BadImage as error:
        raise UsageError(f"{path}: {error}") from error
    return list(dict.fromkeys(module.lower() for module, _ in found))


def _api_sets(found: dict[str, Path]) -> dict[str, str]:
    if _SCHEMA not in found:
        return {}
    try:
        return apisets.read(peheader.parse(found[_SCHEMA].read_bytes()))
    except peheader.BadImage as error:
        raise UsageError(f"{found[_SCHEMA]}: {error}") from error


def closure(roots: Iterable[str], found: dict[str, Path]) -> dict[str, Path]:
    """The roots and every DLL that the loader needs for them; one that is missing is an error which names it and who imports it."""
    sets = _api_sets(found)
    chosen: dict[str, Path] = {}
    wanted = [(root, "payloads.toml") for root in reversed(list(roots))]
    while wanted:
        name, whose = wanted.pop()
        if apisets.is_api_set(name) and name not in found:
            name = apisets.host(sets, name)
        if not name or name in chosen:          # an API set that nobody is behind is resolved to nothing in Windows, too
            continue
        if name not in found:
            raise UsageError(f"{name} is missing, which {whose} needs")
        chosen[name] = found[name]
        wanted += [(module, name) for module in reversed(_imports(found[name]))]
    return dict(sorted(chosen.items()))


def choose(lists: Table, found: dict[str, Path], own: bool) -> dict[str, Path]:
    """System32's files from those of a folder; in one of the user's own, programs and NLS files may be missing."""
    roots = [*lists.essential, *(name for name in lists.programs if not own or name in found)]
    nls = [name for name in lists.nls if not own or name in found]
    for name in nls:
        if name not in found:
            raise UsageError(f"{name} is missing, which payloads.toml names")
    return {**closure(roots, found), **{name: found[name] for name in nls}}


def _sums(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in listing(folder).items()}


def _is_whole(folder: Path, record: Path) -> bool:
    try:
        return bool(json.loads(record.read_text(encoding="ascii")) == _sums(folder))
    except (OSError, ValueError):
        return False


def from_packages(lists: Table, offline: bool = False) -> dict[str, Path]:
    """The files of the Debian packages, extracted once; raises PayloadError when a package cannot be had."""
    folder = cache_folder() / "system32" / lists.name
    record = folder.with_suffix(".json")
    if not _is_whole(folder, record):
        archives = [debian.get(package, offline) for package in lists.packages]
        with progress("extracting the user-mode files"):
            folder.parent.mkdir(parents=True, exist_ok=True)
            _extract(lists, archives, folder)
            record.write_text(json.dumps(_sums(folder)), encoding="ascii")
    return listing(folder)


def _extract(lists: Table, archives: list[Path], folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="extracting-") as name:
        everything, fresh = Path(name) / "all", Path(name) / "chosen"
        everything.mkdir()
        fresh.mkdir()
        for package, archive in zip(lists.packages, archives):
            debian.extract(archive, package.folders, everything, lambda file: Path(file).suffix.lower() in _SUFFIXES)
        try:
            chosen = choose(lists, listing(everything), own=False)
        except UsageError as error:
            raise PayloadError(f"the Debian packages are not what payloads.toml expects: {error}") from error
        for file, path in chosen.items():
            path.replace(fresh / file)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)


def files(system32: Path | None = None, offline: bool = False, flavour: str = DEFAULT) -> dict[str, Path]:
    """System32's files by name: the packages' of a flavour, or those of the user's own folder."""
    lists = table(flavour)
    if system32 is None:
        return from_packages(lists, offline)
    if not system32.is_dir():
        raise UsageError(f"--system32 {system32}: no such folder")
    try:
        return choose(lists, listing(system32), own=True)
    except UsageError as error:
        raise UsageError(f"--system32 {system32}: {error}") from error
