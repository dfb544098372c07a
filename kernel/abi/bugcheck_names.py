#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns the DDK's bugcodes.h into rows { code, "NAME" }, for the kernel's own report."""
import re
import sys

seen = {}
for m in re.finditer(r'^#define\s+([A-Z][A-Z0-9_]+)\s+\(?\(?(?:ULONG\)?)?\s*(0x[0-9A-Fa-f]+)L?\)?\s*$', open(sys.argv[1]).read(), re.M):
    seen.setdefault(int(m.group(2), 16), m.group(1))
open(sys.argv[2], 'w').write(''.join(f'    {{ 0x{code:08X}, "{name}" }},\n' for code, name in sorted(seen.items())))
