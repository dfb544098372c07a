#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what the native build of rtl cannot take from the kernel's headers.

names.h: every function that crt.h and printf.h declare gets a name of its own, so that it can stand beside the host's C library.
api.h: prototypes of the exported routines, which the DDK declares elsewhere, from their definitions.
"""
import re
import sys

crt, printf, names, api, *sources = sys.argv[1:]
text = re.sub(r'/\*.*?\*/', '', open(crt).read() + open(printf).read(), flags=re.S)
found = re.findall(r'^[\w *]*?\b(\w+)\((?!\*)[^;{]*\);', text, re.M)
found = [name for name in found if not name.startswith('Rtlp') and name != 'CRT_COMPARE']
open(names, 'w').write('#pragma once\n' + ''.join(f'#define {name} nt_{name}\n' for name in found))

prototypes = []
for source in sources:
    text = open(source).read()
    if '"unwind.h"' not in text:            # unwind.h declares its own
        prototypes += re.findall(r'^(\w[\w *]*NTAPI \w+\([^{;]*\))\n\{', text, re.M)
open(api, 'w').write('#pragma once\n' + ''.join(f'{prototype};\n' for prototype in prototypes))
