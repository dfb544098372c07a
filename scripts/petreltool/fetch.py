# SPDX-License-Identifier: MIT
"""Third-party payloads by package name, with npm's own client (Debian's: debian.py), into a cache outside the repository.

A payload is used only when its sha256 is the one in payloads.toml, freshly fetched or cached alike.
"""
from __future__ import annotations

import hashlib
import tarfile
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import debian, peheader
from .errors import EXIT_PASS, EXIT_PAYLOAD, MachineryError, PayloadError
from .paths import cache_folder, find_program
from .process import run_tool
from .terminal import progress, say

TABLE = Path(__file__).with_name("payloads.toml")


@dataclass(frozen=True)
class Payload:
    id: str
    package: str
    version: str
    path: str
    unpack: str
    save_as: str
    sha256: str
    resource: str = ""
    demonstrate: bool = False

    @property
    def cached(self) -> Path:
        return cache_folder() / "payloads" / self.id / self.save_as


def payloads(table: Path = TABLE) -> list[Payload]:
    with open(table, "rb") as handle:
        return [Payload(**entry) for entry in tomllib.load(handle)["payload"]]


def find(identifier: str) -> Payload:
    for payload in payloads():
        if payload.id == identifier:
            return payload
    raise MachineryError(f"payloads.toml has no payload {identifier}")


def get(payload: Payload, offline: bool = False) -> Path:
    """The payload's file, fetched when the cache has none that is right; raises PayloadError."""
    if debian.is_right(payload.cached, payload.sha256):
        return payload.cached
    what = f"{payload.id} ({'Debian' if payload.unpack == 'debian' else 'npm'} package {payload.package} {payload.version})"
    if offline:
        raise PayloadError(f"{what} is not in the cache, and --offline forbids to fetch it")
    data = _content(payload)
    if hashlib.sha256(data).hexdigest() != payload.sha256:
        raise PayloadError(f"{what} has not the sha256 that payloads.toml names")
    payload.cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=payload.cached.parent, delete=False) as fresh:
        fresh.write(data)
    Path(fresh.name).replace(payload.cached)
    return payload.cached


def _content(payload: Payload) -> bytes:
    if payload.unpack == "debian":
        return debian.content(debian.find(payload.package), payload.path)
    with progress(f"fetching {payload.package}@{payload.version}"):
        return _unpack(payload, _archive(payload))


def _archive(payload: Payload) -> bytes:
    """The package's tarball; kept in the cache, since several payloads come from one."""
    kept = cache_folder() / "packages" / f"{payload.package.replace('/', '-')}-{payload.version}.tgz"
    if kept.exists():
        return kept.read_bytes()
    npm = find_program("npm")
    if npm is None or find_program("node") is None:
        raise PayloadError(f"{payload.id} needs npm and node to be fetched, and they are not installed (packages nodejs and npm)")
    with tempfile.TemporaryDirectory(prefix="petrel-fetch-") as folder:
        try:
            run_tool([npm, "pack", "--loglevel=error", "--ignore-scripts", "--pack-destination", folder,
                      f"{payload.package}@{payload.version}"], cwd=Path(folder))
        except MachineryError as error:
            raise PayloadError(f"npm could not fetch {payload.package}@{payload.version}: {_first_line(str(error))}") from error
        archives = list(Path(folder).glob("*.tgz"))
        if len(archives) != 1:
            raise PayloadError(f"npm fetched no archive of {payload.package}@{payload.version}")
        data = archives[0].read_bytes()
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(data)
    return data


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no word from it")


def _unpack(payload: Payload, archive: bytes) -> bytes:
    with tempfile.TemporaryFile() as handle:
        handle.write(archive)
        handle.seek(0)
        try:
            with tarfile.open(fileobj=handle, mode="r:gz") as tar:
                member = tar.extractfile(payload.path)
                if member is None:
                    raise KeyError(payload.path)
                data = member.read()
        except (KeyError, tarfile.TarError, OSError) as error:
            raise PayloadError(f"{payload.package}@{payload.version} has no file {payload.path}") from error
    if payload.unpack == "file":
        return data
    return _resource(payload, data)


def _resource(payload: Payload, data: bytes) -> bytes:
    wanted = tuple(payload.resource.split("/"))
    try:
        found = peheader.resources(peheader.parse(data))
    except peheader.BadImage as error:
        raise PayloadError(f"{payload.path} is not the PE file that was expected: {error}") from error
    for path, content in found.items():
        if path[:len(wanted)] == wanted:
            return content
    raise PayloadError(f"{payload.path} has no resource {payload.resource}")


def fetch_all(require: bool, offline: bool) -> int:
    """`fetch`: every payload of the table; what fails is said, and is a failure only when required."""
    missing = 0
    wanted: list[tuple[str, Callable[[], Path]]] = [(payload.id, partial(get, payload, offline)) for payload in payloads()]
    wanted += [(package.package, partial(debian.get, package, offline)) for package in debian.packages()]
    for name, fetch in wanted:
        try:
            print(f"{name}: {fetch()}")
        except PayloadError as error:
            missing += 1
            say(f"skipped: payload: {error}")
    if missing:
        say(f"{missing} payloads skipped")
    return EXIT_PAYLOAD if missing and require else EXIT_PASS
