# SPDX-License-Identifier: MIT
"""The Debian packages that the tool, the build and the tests need."""
from __future__ import annotations

import os
import subprocess

from .errors import EXIT_MACHINERY, EXIT_PASS, MachineryError
from .paths import find_program
from .terminal import say

PACKAGES = (
    "clang-19", "lld-19", "llvm-19", "libclang-rt-19-dev", "clang-tidy-19", "clang-format-19", "clang-tools-19",
    "libfuzzer-19-dev", "cmake", "ninja-build", "gnu-efi", "mingw-w64", "qemu-system-x86", "ovmf", "mtools", "fdisk",
    "dosfstools", "libhivex-bin", "libwin-hivex-perl", "libcmocka-dev", "cppcheck", "python3", "unicode-data",
    "debian-archive-keyring",
)
# Only to fetch payloads: any node with npm will do, so they are looked for as programs.
PAYLOAD_PROGRAMS = {"node": "nodejs", "npm": "npm"}


def missing_packages() -> list[str]:
    """What dpkg does not know as installed, in the table's order."""
    if find_program("dpkg-query") is None:
        raise MachineryError("this is not Debian (no dpkg-query): install the packages that docs/tool.md lists by hand")
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *PACKAGES],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    installed = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    missing = [package for package in PACKAGES if package not in installed]
    return missing + [package for name, package in PAYLOAD_PROGRAMS.items() if find_program(name) is None]


def apt_line(packages: list[str]) -> str:
    return "apt-get install -y --no-install-recommends " + " ".join(packages)


def setup() -> int:
    """Installs what is missing as root; otherwise says the one line that would."""
    missing = missing_packages()
    if not missing:
        say("every package is installed")
        return EXIT_PASS
    if os.geteuid() != 0:
        print("sudo " + apt_line(missing))
        say(f"{len(missing)} packages are missing and this is not root: run the line above, then this again")
        return EXIT_MACHINERY
    say(f"installing {len(missing)} packages: {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-qq", "update"], apt_line(missing).split()):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", env=environment, check=False)
        if done.returncode != 0:
            raise MachineryError(f"`{' '.join(command)}` failed:\n{done.stdout.strip()}")
    if still := missing_packages():
        raise MachineryError(f"still missing after the installation: {' '.join(still)}")
    return EXIT_PASS


def ensure() -> None:
    """For commands that build: sets up first when something is missing."""
    if missing_packages() and setup() != EXIT_PASS:
        raise MachineryError("packages are missing")
