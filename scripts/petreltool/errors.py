# SPDX-License-Identifier: MIT
"""Exit statuses and the exceptions that carry them."""
from collections.abc import Iterable

EXIT_PASS = 0          # every verdict passed
EXIT_FAIL = 1          # a verdict failed
EXIT_USAGE = 2         # wrong usage or an unreadable file
EXIT_MACHINERY = 3     # the machinery failed: no answer about the driver
EXIT_PAYLOAD = 4       # a payload could not be fetched and was required
EXIT_INTERRUPT = 130   # Ctrl-C

_PRECEDENCE = (EXIT_MACHINERY, EXIT_PAYLOAD, EXIT_USAGE, EXIT_FAIL)


class PetrelError(Exception):
    """An expected failure: its text is the one sentence that the user reads."""
    status = EXIT_MACHINERY


class UsageError(PetrelError):
    status = EXIT_USAGE


class MachineryError(PetrelError):
    status = EXIT_MACHINERY


class PayloadError(PetrelError):
    status = EXIT_PAYLOAD


def worst(statuses: Iterable[int]) -> int:
    """The exit status of several results: the first of 3, 4, 2, 1 that occurs, else 0."""
    seen = set(statuses)
    for status in _PRECEDENCE:
        if status in seen:
            return status
    return EXIT_PASS
