# SPDX-License-Identifier: MIT
"""OVMF in the two forms that the tool boots.

`fast`: the whole firmware as one read-only ROM, padded in front with 0xFF to 20 MiB. Such a ROM covers the address where the
firmware looks for a TPM; it reads all ones there, which means "none", and does not wait 1.5 s for an answer.
`pflash`: code and variables in two flash chips, as users have it elsewhere: the compatibility check.
"""
from __future__ import annotations

import os
from pathlib import Path

from .errors import MachineryError
from .paths import ROOT

KINDS = ("fast", "pflash")
WHOLE = Path("/usr/share/ovmf/OVMF.fd")
CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
_PADDED_SIZE = 20 << 20


def padded_rom(source: Path = WHOLE, folder: Path = ROOT / "build") -> Path:
    """The padded ROM, made anew when the packaged firmware is newer."""
    rom = folder / "firmware-padded.rom"
    try:
        if rom.exists() and rom.stat().st_size == _PADDED_SIZE and rom.stat().st_mtime >= source.stat().st_mtime:
            return rom
        image = source.read_bytes()
    except OSError as error:
        raise MachineryError(f"the firmware {source} cannot be read (package ovmf): {error.strerror}") from error
    if len(image) >= _PADDED_SIZE:
        raise MachineryError(f"the firmware {source} is larger than expected")
    folder.mkdir(parents=True, exist_ok=True)
    fresh = rom.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(b"\xff" * (_PADDED_SIZE - len(image)) + image)
    fresh.replace(rom)
    return rom


def arguments(kind: str, folder: Path) -> list[str]:
    """QEMU's options for that form; `folder` is the run's own, for the writable copy of the variables."""
    if kind == "fast":
        return ["-bios", str(padded_rom())]
    if not CODE.exists() or not VARIABLES.exists():
        raise MachineryError("OVMF's 4 MiB flash images are missing (package ovmf)")
    variables = folder / "variables.fd"
    variables.write_bytes(VARIABLES.read_bytes())
    return ["-drive", f"if=pflash,format=raw,readonly=on,file={CODE}",
            "-drive", f"if=pflash,format=raw,file={variables}"]
