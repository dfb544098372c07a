# SPDX-License-Identifier: MIT
"""What the proofs of `verify` begin with: a seed from which everything random follows, and a build."""
from __future__ import annotations

import argparse
import random

from . import setup
from .build import build

SEEDS = 1 << 30


def begin(arguments: argparse.Namespace) -> int:
    """The seed that was asked for, or a fresh one; builds, unless others do so beside this run."""
    seed: int = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(SEEDS)
    if not arguments.no_build:
        setup.ensure()
        build(arguments.preset)
    return seed
