# SPDX-License-Identifier: MIT
"""Packages of Debian by name, with apt's own client in a configuration of its own: nothing is installed, and root is not needed.

The archive is the one that the machine's apt knows; only the suite is ours, so that Debian 12 gets a package of Debian 13. A package
is used only when its sha256 is the one in payloads.toml, freshly fetched or cached alike.
"""
from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .errors import MachineryError, PayloadError
from .paths import cache_folder, find_program, program
from .process import run_tool
from .terminal import progress

TABLE = Path(__file__).with_name("payloads.toml")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_NETWORK_SECONDS = "30"


@dataclass(frozen=True)
class Package:
    package: str
    suite: str
    version: str
    architecture: str
    sha256: str
    folders: tuple[str, ...]            # inside the package: whose files are wanted
    flavours: tuple[str, ...] = ()      # of System32 whose files these are

    @property
    def file_name(self) -> str:
        """As the archive names it and apt saves it."""
        return f"{self.package}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"

    @property
    def cached(self) -> Path:
        return cache_folder() / "packages" / self.file_name


def packages(table: Path = TABLE) -> list[Package]:
    with open(table, "rb") as handle:
        return [Package(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})
                for entry in tomllib.load(handle)["debian"]]


def is_right(path: Path, sha256: str) -> bool:
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == sha256
    except OSError:
        return False


def get(package: Package, offline: bool = False) -> Path:
    """The package's file, fetched when the cache has none that is right; raises PayloadError."""
    if is_right(package.cached, package.sha256):
        return package.cached
    what = f"Debian's package {package.package} {package.version}"
    if offline:
        raise PayloadError(f"{what} is not in the cache, and --offline forbids to fetch it: run `scripts/petrel fetch` where there is a "
                           f"network, or put {package.file_name} into {package.cached.parent}")
    with progress(f"fetching {package.package} {package.version}"), tempfile.TemporaryDirectory(prefix="petrel-apt-") as folder:
        fresh = _download(package, Path(folder))
        if not is_right(fresh, package.sha256):
            raise PayloadError(f"{what} has not the sha256 that payloads.toml names")
        package.cached.parent.mkdir(parents=True, exist_ok=True)
        partial = package.cached.with_suffix(".partial")
        partial.write_bytes(fresh.read_bytes())
        partial.replace(package.cached)
    return package.cached


def _archives() -> list[str]:
    """The archives that the machine's apt reads a component `main` from: Debian's own first."""
    text = run_tool([program("apt-get"), "indextargets", "--format", "$(ORIGIN)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages"])
    rows = [line.split("|") for line in text.splitlines() if line.count("|") == 2]
    found = [uri for origin, component, uri in sorted(rows, key=lambda row: row[0] != "Debian") if component == "main"]
    return list(dict.fromkeys(found))


def _download(package: Package, folder: Path) -> Path:
    if find_program("apt-get") is None or not _KEYRING.exists():
        raise PayloadError(f"{package.package} needs apt-get and the package debian-archive-keyring to be fetched; or put "
                           f"{package.file_name} into {package.cached.parent} yourself")
    why = "this machine's apt knows no archive"
    for number, archive in enumerate(_archives()):
        try:
            return _download_from(archive, package, folder / str(number))
        except MachineryError as error:
            why = _last_line(str(error))
    raise PayloadError(f"apt-get could not fetch {package.package} {package.version} of Debian's suite {package.suite}: {why}; you may put "
                       f"{package.file_name} into {package.cached.parent} yourself")


def _download_from(archive: str, package: Package, folder: Path) -> Path:
    for part in ("lists/partial", "cache/archives/partial", "sources"):
        (folder / part).mkdir(parents=True)
    (folder / "sources" / "suite.sources").write_text(
        f"Types: deb\nURIs: {archive}\nSuites: {package.suite}\nComponents: main\nArchitectures: amd64\nSigned-By: {_KEYRING}\n",
        encoding="ascii")
    settings = {"Dir::State": folder, "Dir::State::status": "/dev/null", "Dir::State::lists": folder / "lists", "Dir::Cache": folder / "cache",
                "Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": folder / "sources", "Dir::Etc::preferencesparts": "/dev/null",
                "APT::Architecture": "amd64", "APT::Architectures": "amd64", "APT::Update::Error-Mode": "any", "Acquire::Languages": "none",
                "APT::Sandbox::User": "", "Acquire::Retries": "2", "Acquire::http::Timeout": _NETWORK_SECONDS}
    apt = [program("apt-get"), "-q", *(f"-o{name}={value}" for name, value in settings.items())]
    run_tool([*apt, "update"], cwd=folder)
    run_tool([*apt, "download", f"{package.package}={package.version}"], cwd=folder)
    return folder / package.file_name


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no word from it")


def find(name: str) -> Package:
    for package in packages():
        if package.package == name:
            return package
    raise MachineryError(f"payloads.toml has no Debian package {name}")


def content(package: Package, path: str, offline: bool = False) -> bytes:
    """One file of a package."""
    inside = PurePosixPath(path)
    archive = get(package, offline)
    with tempfile.TemporaryDirectory(prefix="petrel-deb-") as folder:
        extract(archive, (str(inside.parent),), Path(folder), lambda name: name == inside.name)
        try:
            return (Path(folder) / inside.name).read_bytes()
        except OSError as error:
            raise PayloadError(f"Debian's package {package.package} {package.version} has no file {path}") from error


def extract(archive: Path, folders: tuple[str, ...], target: Path, wanted: Callable[[str], bool]) -> None:
    """Writes the plain files that stand right in those folders of a package and whose names are wanted."""
    with subprocess.Popen([program("dpkg-deb"), "--fsys-tarfile", str(archive)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as unpacker:
        try:
            with tarfile.open(fileobj=unpacker.stdout, mode="r|") as tar:
                for member in tar:
                    path = PurePosixPath(member.name)
                    content = tar.extractfile(member) if member.isfile() and str(path.parent) in folders and wanted(path.name) else None
                    if content is not None:
                        (target / path.name).write_bytes(content.read())
        except tarfile.TarError as error:
            raise PayloadError(f"{archive} is not a package that dpkg-deb can read: {error}") from error
        finally:
            unpacker.stdout.close() if unpacker.stdout else None
    if unpacker.returncode != 0:
        raise PayloadError(f"{archive}: dpkg-deb ended with status {unpacker.returncode}")
