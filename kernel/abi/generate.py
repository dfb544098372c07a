#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes ntprivate.h and ntoffsets.h from nt-layout.csv (what NT has) and nt-private.list (what Petrel implements).

Every chosen field lies at NT's offset with NT's size; the bytes between are reserved members; fields that NT overlays become a
tagged anonymous union (an untagged one would put LF_NESTTYPE into the PDB, which its readers refuse). Each size and offset is
asserted by the generated header itself, so a mistake here stops the build.
"""
import argparse
import collections
import csv
import re
import sys
from dataclasses import dataclass, field

BASE = {
    'unsigned char': ('UCHAR', 1), 'char': ('CHAR', 1), 'unsigned short': ('USHORT', 2), 'short': ('SHORT', 2),
    'wchar_t': ('WCHAR', 2), 'unsigned long': ('ULONG', 4), 'long': ('LONG', 4), 'unsigned int': ('ULONG', 4), 'int': ('LONG', 4),
    'unsigned __int64': ('ULONG64', 8), '__int64': ('LONG64', 8), 'float': ('ULONG', 4), 'double': ('ULONG64', 8),
}


@dataclass
class Field:
    name: str
    offset: int
    ctype: str          # C type without array part
    array: str          # "[4]" or ""
    size: int           # bytes of the whole member (storage unit for bits)
    bit: int = -1
    bits: int = 0
    note: str = ''

    @property
    def end(self):
        return self.offset + self.size


@dataclass
class Struct:
    name: str
    size: int
    keyword: str = 'struct'
    fields: list = field(default_factory=list)


def load_layout(path):
    table, sizes = collections.defaultdict(dict), {}
    for row in csv.DictReader(open(path)):
        sizes[row['structure']] = int(row['size'], 16)
        table[row['structure']].setdefault(row['field'], row)
    return table, sizes


def c_type(text, sizes):
    """(C type, array suffix, size in bytes) of a type as the table spells it."""
    m = re.fullmatch(r'(.*?)((?:\[\d+\])*)( volatile)?', text.strip())
    base, array, count = m.group(1).strip(), m.group(2), 1
    for n in re.findall(r'\[(\d+)\]', array):
        count *= int(n)
    volatile = 'volatile ' if base.startswith('volatile ') or m.group(3) else ''
    base = base.removeprefix('volatile ').removeprefix('const ')
    if base.endswith('*'):
        inner = base[:-1].rstrip('* ')
        stars = base.count('*')
        pointee = BASE[inner][0] if inner in BASE else inner
        if inner in ('void', 'function') or inner.startswith('enum'):
            return (f'PVOID {volatile}'.strip(), array, 8 * count)
        return (f'{pointee} {"*" * stars}{" " + volatile.strip() if volatile else ""}', array, 8 * count)
    if base in BASE:
        return (volatile + BASE[base][0], array, BASE[base][1] * count)
    if base.startswith('enum '):
        return (volatile + 'ULONG', array, 4 * count)
    tag = base.split()[-1]
    if tag not in sizes:
        raise SystemExit(f'generate.py: no size for type {text!r}')
    return (volatile + base, array, sizes[tag] * count)


def parse_list(path, table, sizes):
    structs, current = [], None
    for number, line in enumerate(open(path), 1):
        text = line.split('#')[0].rstrip()
        if not text:
            continue
        if not line[0].isspace():
            keyword, name = text.split()
            if name not in table:
                raise SystemExit(f'{path}:{number}: {name} is not in the layout table')
            current = Struct(name, sizes[name], keyword)
            structs.append(current)
            continue
        m = re.match(r'\s+(\S+)(?:\s*:\s*([^|]+?))?(?:\s*\|\s*(.*))?$', text)
        name, override, note = m.group(1), m.group(2), m.group(3) or ''
        row = table[current.name].get(name)
        if row is None:
            raise SystemExit(f'{path}:{number}: {current.name} has no field {name}')
        if override:
            size = c_type(row['type'], sizes)[2] if row['type'] not in ('struct', 'union') else 0
            ctype, array = override, ''
            m = re.fullmatch(r'(.*?)((?:\[\d+\])+)', override)
            if m:
                ctype, array = m.group(1), m.group(2)
        else:
            ctype, array, size = c_type(row['type'], sizes)
        bit = int(row['bit']) if row['bit'] else -1
        current.fields.append(Field(name, int(row['offset'], 16), ctype, array, size, bit, int(row['bits'] or 0), note))
    return structs


def units(fields):
    """Merges bit fields of one storage unit; returns [(offset, end, [fields])] sorted, still possibly overlapping."""
    by_unit, out = collections.OrderedDict(), []
    for f in sorted(fields, key=lambda f: (f.offset, f.bit)):
        if f.bit >= 0:
            by_unit.setdefault((f.offset, f.size), []).append(f)
        else:
            out.append((f.offset, f.end, [f]))
    out += [(o, o + s, fs) for (o, s), fs in by_unit.items()]
    return sorted(out, key=lambda u: (u[0], -u[1]))


def groups(all_units):
    """Runs of units that overlap one another: [(offset, end, [units])]."""
    out = []
    for u in all_units:
        if out and u[0] < out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], u[1]), out[-1][2] + [u])
        else:
            out.append((u[0], u[1], [u]))
    return out


def lanes(members):
    """Distributes overlapping units over as few non-overlapping sequences as possible."""
    out = []
    for u in members:
        lane = next((l for l in out if l[-1][1] <= u[0]), None)
        if lane is None:
            out.append([u])
        else:
            lane.append(u)
    return out


def emit_unit(unit, indent):
    offset, _, fields = unit
    lines, at = [], 0
    for f in fields:
        note = f' {f.note}' if f.note else ''
        if f.bit < 0:
            star = '' if f.ctype.endswith('*') else ' '
            lines.append(f'{indent}{f.ctype}{star}{f.name}{f.array};')
        else:
            if f.bit > at:
                lines.append(f'{indent}{f.ctype} : {f.bit - at};')
            lines.append(f'{indent}{f.ctype} {f.name} : {f.bits};')
            at = f.bit + f.bits
        lines[-1] = f'{lines[-1]:<64}/* 0x{offset:03x}{note} */'
    if fields[0].bit >= 0 and at < fields[0].size * 8:
        lines.append(f'{indent}{fields[0].ctype} : {fields[0].size * 8 - at};')
    return lines


def emit_sequence(seq, start, end, indent, tag):
    lines, at, pads = [], start, 0
    for lo, hi, body in seq:
        if lo > at:
            lines.append(f'{indent}UCHAR Reserved{tag}_{at:x}[0x{lo - at:x}];')
        lines += body
        at = hi
    if end is not None and end > at:
        lines.append(f'{indent}UCHAR Reserved{tag}_{at:x}[0x{end - at:x}];')
    return lines


def emit_union(name, lo, hi, members):
    lines = [f'    union {name}_AT_{lo:X} {{']
    for i, lane in enumerate(lanes(members)):
        if len(lane) == 1 and lane[0][0] == lo and len(lane[0][2]) == 1 and lane[0][2][0].bit < 0:
            lines += emit_unit(lane[0], ' ' * 8)
            continue
        seq = [(u[0], u[1], emit_unit(u, ' ' * 12)) for u in lane]
        lines.append(f'        struct {name}_AT_{lo:X}_{i} {{')
        lines += emit_sequence(seq, lo, None, ' ' * 12, f'_{i}')
        lines.append('        };')
    return lines + ['    };']


def emit_struct(s):
    body = []
    for lo, hi, members in groups(units(s.fields)):
        lines = emit_unit(members[0], ' ' * 4) if len(members) == 1 else emit_union(s.name, lo, hi, members)
        body.append((lo, hi, lines))
    packed = any(f.offset % min(8, max(1, f.size)) and f.size in (2, 4, 8) for f in s.fields)
    short = s.name.lstrip('_')
    out = ['#pragma pack(push, 1)'] if packed else []
    out += [f'typedef {s.keyword} {s.name} {{']
    if s.keyword == 'union':
        out += emit_union(s.name, 0, s.size, units(s.fields))[1:-1]
    else:
        out += emit_sequence(body, 0, s.size, ' ' * 4, '')
    out += [f'}} {short}, *P{short};']
    out += ['#pragma pack(pop)'] if packed else []
    out.append(f'_Static_assert(sizeof({s.keyword} {s.name}) == 0x{s.size:x}, "size");')
    out += [f'_Static_assert(__builtin_offsetof({s.keyword} {s.name}, {f.name}) == 0x{f.offset:x}, "{f.name}");' for f in s.fields if f.bit < 0]
    return '\n'.join(out) + '\n'


def emit_offsets(structs):
    out = []
    for s in structs:
        short = s.name.lstrip('_')
        out.append(f'#define {short}_SIZE 0x{s.size:x}')
        out += [f'#define {short}_{f.name} 0x{f.offset:x}' for f in s.fields if f.bit < 0]
    return '\n'.join(out) + '\n'


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('layout')
    p.add_argument('list')
    p.add_argument('header')
    p.add_argument('offsets')
    a = p.parse_args()
    table, sizes = load_layout(a.layout)
    structs = parse_list(a.list, table, sizes)
    head = '/* Generated by kernel/abi/generate.py from nt-private.list; do not edit. */\n#pragma once\n'
    forward = ''.join(f'{s.keyword} {s.name};\n' for s in structs)
    open(a.header, 'w').write(head + forward + '\n' + '\n'.join(emit_struct(s) for s in structs))
    open(a.offsets, 'w').write(head + emit_offsets(structs))


if __name__ == '__main__':
    sys.exit(main())
