# SPDX-License-Identifier: MIT
"""Petrel's host tool: one idea a module, standard library only."""

VERSION = "0.1.0"
