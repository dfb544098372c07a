# SPDX-License-Identifier: MIT
"""The options of each command."""
from __future__ import annotations

import argparse
from pathlib import Path

from . import userfiles
from .firmware import KINDS
from .machine import ACCELERATORS
from .paths import PRESETS


def for_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", action="append", choices=(*PRESETS, "host"), help="which tree (default: debug and release)")


def for_image(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="release", help="which tree (default: release)")
    parser.add_argument("--usb", type=Path, metavar="OUT", help="copy the image to OUT and say how to write it to a stick")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE",
                        help="with --usb: an option for the kernel, such as shell=cmd (docs/protocol.md)")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    _for_user_files(parser)


def _for_user_files(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument("--user", action="store_true", help=r"the user image: with user-mode files in \Windows\System32")
    parser.add_argument("--system32", type=Path, metavar="DIR", help="the user image, with files of your own Windows instead of Wine's")
    parser.add_argument("--flavour", choices=userfiles.FLAVOURS, default=userfiles.DEFAULT, help="whose packages the user image's files come from (default: wine10)")


def for_machine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the machine")
    group.add_argument("--preset", choices=PRESETS, help="which build (default: release)")
    group.add_argument("--cpus", type=int, metavar="N", help="processors, 1 to 8 (default: 1)")
    group.add_argument("--memory", type=int, metavar="MiB", help="memory (default: 256)")
    group.add_argument("--accel", choices=ACCELERATORS, help="default: tcg, which repeats itself; auto takes KVM where it can")
    group.add_argument("--firmware", choices=KINDS, help="fast: padded ROM (default); pflash: as elsewhere, 2.5 s slower")
    group.add_argument("--screen", action="store_true", help="a graphics card and a PS/2 keyboard, in QEMU's window (default: no screen)")
    group.add_argument("--timeout", type=float, metavar="S", help="seconds for one driver, from its start (default: 20)")
    group.add_argument("--seed", type=int, metavar="N", help="for everything random in the machine")
    _for_user_files(group)
    group.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="an option for the kernel (docs/protocol.md)")
    group.add_argument("--service-value", action="append", default=[], metavar="NAME=TYPE:DATA",
                       help=r"a value of the driver's service key, such as Parameters\Limit=dword:32 or Text=sz:hello")


def _for_outputs(group: argparse._ActionsContainer) -> None:
    group.add_argument("--json", type=Path, metavar="F", help="write the report (scripts/schema/petrel-report-1.schema.json)")
    group.add_argument("--junit", type=Path, metavar="F", help="write the report as JUnit's XML")
    group.add_argument("--sarif", type=Path, metavar="F", help="write what failed as SARIF 2.1.0")


def for_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="REPORT.json", help="reports that `run --json` wrote")
    _for_outputs(parser)


def for_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.sys", help="drivers; none: the demonstration")
    for_machine(parser)
    group = parser.add_argument_group("the run")
    group.add_argument("--together", action="store_true", help="all drivers in one machine, in the order given")
    group.add_argument("-j", "--jobs", type=int, metavar="N", help="machines at once (default: 1)")
    group.add_argument("--trace", action="store_true", help="count the calls that a driver makes")
    group.add_argument("--allow-unsigned-callbacks", action="store_true",
                       help="process callbacks also from images without FORCE_INTEGRITY")
    group.add_argument("--symbols", type=Path, action="append", default=[], metavar="DIR", help="where PDB files are")
    group.add_argument("--require-payloads", action="store_true", help="a payload that cannot be fetched is a failure (exit 4)")
    group.add_argument("--offline", action="store_true", help="fetch nothing")
    group = parser.add_argument_group("programs (on the user image; all in one machine, with the drivers in it)")
    group.add_argument("--exec", action="append", default=[], metavar="CMDLINE", dest="commands",
                       help="run a program, and wait for it; what it writes is written here")
    group.add_argument("--file", action="append", default=[], metavar="HOST[=GUEST]", help="a file or folder for the machine's drive C")
    group.add_argument("--out", action="append", default=[], metavar="GUEST[=HOST]", help="a file or folder to take from drive C afterwards")
    group.add_argument("--stdin", metavar="FILE", help="what the programs read from their standard input; -: from this command's (default: nothing)")
    group.add_argument("--script", type=Path, metavar="F", help="type this file at a prompt in the machine; its drivers are loaded first")
    group.add_argument("--expect-exit", type=int, default=0, metavar="N", help="the exit code that is a pass (default: 0)")
    group = parser.add_argument_group("results")
    _for_outputs(group)
    group.add_argument("--keep", type=Path, metavar="DIR", help="keep what each machine wrote on its channels")
    group.add_argument("--raw", action="store_true", help="one machine, its channels on the screen, no report")
    group.add_argument("--qemu-arg", action="append", default=[], metavar="ARG", help="with --raw: one more argument for QEMU")


def for_shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("program", nargs="?", default="cmd", metavar="CMDLINE", help="what runs on the console (default: cmd)")
    for_machine(parser)
    parser.add_argument("--offline", action="store_true", help="fetch nothing")


def for_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.sys")
    parser.add_argument("--families", type=Path, metavar="CSV", help="a table of driver families and their imports")


def for_fetch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--require-payloads", action="store_true", help="exit 4 when one cannot be fetched")
    parser.add_argument("--offline", action="store_true", help="say only what the cache has")


def for_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ring", choices=("host", "boot", "drivers", "user", "all"), default="all", help="default: all")
    parser.add_argument("-k", dest="name", metavar="NAME", help="only tests whose name matches this regular expression")
    parser.add_argument("-j", "--jobs", type=int, metavar="N", help="processors to use (default: all)")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="again and again, until one round fails (default: 1)")


def for_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run (default: all); docs/performance.md lists them")
    parser.add_argument("--boot", action="store_true", help="time `run` of one driver against an empty EFI application, and `cmd /c ver` against Wine")
    parser.add_argument("--disk", action="store_true", help="time a disk from one end to the other, raw and as a file")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures")
    parser.add_argument("--pairs", type=int, default=11, metavar="N", help="boot: interleaved turns (default: 11)")
    parser.add_argument("--preset", choices=PRESETS, default="release", help="default: release")
    parser.add_argument("--driver", type=Path, metavar="FILE.sys", help="the driver to run (default: keyboard.sys of Interception)")


def for_boot_tests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="debug")
    parser.add_argument("--cpus", type=int, default=1, metavar="N")
    parser.add_argument("--firmware", choices=KINDS, default="fast")
    parser.add_argument("--only", metavar="PREFIX", help="only the self-tests with this prefix")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="so many machines in a row; stops at the first that fails")
    parser.add_argument("--limit", type=float, metavar="S", help="seconds for a machine")


def for_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("mutants", "hives", "storage", "hostile", "programs"),
                        help="mutants: break the kernel line by line, and see that tests notice; hives: the registry's files by hivex; "
                             "storage: FAT volumes, in machines; hostile: system services with arguments that nobody means; "
                             "programs: what real ones make, compared with the host's")
    parser.add_argument("-k", metavar="NAME", help="only the mutants whose test's name contains this")
    parser.add_argument("--fuzz", type=int, nargs="?", const=2000, metavar="N",
                        help="hives, storage: so many broken ones instead, for the kernel (default: 2000)")
    parser.add_argument("--seed", type=int, metavar="S",
                        help="everything random follows from it (default: a fresh one, printed; hives: 1)")
    group = parser.add_argument_group("storage")
    group.add_argument("--interchange", action="store_true", help="volumes read and written by mkfs.fat, mtools and fsck.fat, too")
    group.add_argument("--crash", action="store_true", help="what a flush promised is there whenever the machine dies")
    group.add_argument("--traffic", action="store_true",
                       help="64 requests under way to disks of each kind, of which half fail now and then, for --seconds on --cpus processors")
    group.add_argument("--preset", choices=PRESETS, default="release", help="which build (default: release)")
    group.add_argument("--files", type=int, default=10000, metavar="N", help="interchange: files of a tree (default: 10000)")
    group.add_argument("--bytes", type=int, default=1 << 30, metavar="N", help="interchange: about so many in all (default: 1 GiB)")
    group.add_argument("--images", type=int, metavar="N", help="crash: so many (default: 1000); fuzz: the same as --fuzz N")
    group.add_argument("--load", type=int, default=1500, metavar="L", help="crash: operations of each load (default: 1500)")
    group.add_argument("--without-flush", action="store_true",
                       help="crash: as if the driver sent no flush; the proof must fail then")
    group.add_argument("--resume", action="store_true", help="crash: go on with the load and the results that are there")
    group.add_argument("--first", type=int, default=0, metavar="N", help="fuzz: the first image (default: 0)")
    group = parser.add_argument_group("hostile")
    group.add_argument("--seconds", type=int, metavar="N", help="how long services are called (default: 1800; traffic: 600)")
    group.add_argument("--cpus", type=int, default=4, metavar="N", help="processors, for traffic, too (default: 4)")
    group.add_argument("--threads", type=int, default=4, metavar="N", help="that call, in each program (default: 4)")
    group = parser.add_argument_group("programs")
    group.add_argument("--tree", type=int, default=1000, metavar="N", help="files that 7za packs and unpacks (default: 1000)")
    parser.add_argument("--no-build", action="store_true", help=argparse.SUPPRESS)      # ctest's machines run beside each other


def for_mutants(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="debug")
    parser.add_argument("--count", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")


def for_driver_tests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="print the names, with the processors of their machines, and end")


def for_user_tests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="print the names, with the processors of their machines, and end")
    parser.add_argument("--preset", choices=PRESETS, default="release", help="which build (default: release)")
    parser.add_argument("--write", action="store_true", help="what is written becomes what is expected")
    parser.add_argument("--permute", type=int, metavar="SEED", help="with an ntdll.dll and a win32u.dll whose services have other numbers")


def for_profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the benchmark")
    parser.add_argument("--seconds", type=float, default=0.5, metavar="S", help="how long instructions are looked at (default: 0.5)")
    parser.add_argument("--lines", type=int, default=50, metavar="N", help="how many are shown (default: 50)")
    parser.add_argument("--by", choices=["function", "line"], default="function", help="what is counted (default: function)")


def for_stress(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="debug")
    parser.add_argument("--toolchain", choices=("clang", "gcc"), default="clang")
    parser.add_argument("--cpus", type=int, default=4, metavar="N")
    parser.add_argument("--minutes", type=float, default=1.0, metavar="N", help="no machine starts after that")
    parser.add_argument("--seed", type=int, metavar="N", help="the machines' seeds follow from it (default: a fresh one, printed)")
    parser.add_argument("--rounds", type=int, metavar="N", help="actions of each thread (default: the driver's)")
