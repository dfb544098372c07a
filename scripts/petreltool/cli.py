# SPDX-License-Identifier: MIT
"""The command line: one function a command, its options beside it."""
from __future__ import annotations

import argparse
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from . import VERSION, process, terminal
from .errors import EXIT_INTERRUPT, EXIT_MACHINERY, EXIT_PASS, PetrelError, UsageError
from .paths import PRESETS, ROOT

Command = Callable[[argparse.Namespace], int]


def _setup(_: argparse.Namespace) -> int:
    from . import setup
    return setup.setup()


def _build(arguments: argparse.Namespace) -> int:
    from . import build
    for preset in arguments.preset or PRESETS:
        build.build(preset)
    return EXIT_PASS


def _image(arguments: argparse.Namespace) -> int:
    from . import build, image
    image.check_options(arguments.option)
    if arguments.option and not arguments.usb:
        raise UsageError("image: --option is for the copy that --usb makes")
    build.build(arguments.preset)
    user = arguments.user or arguments.system32 is not None
    disk = (image.make_user_image(arguments.preset, arguments.system32, arguments.offline, arguments.flavour) if user
            else image.make_image(arguments.preset))
    print(image.copy_for_usb(disk, arguments.usb, arguments.option) if arguments.usb else disk)
    return EXIT_PASS


def _run(arguments: argparse.Namespace) -> int:
    from . import running
    return running.command(arguments)


def _inspect(arguments: argparse.Namespace) -> int:
    from . import inspection
    if bool(arguments.files) == bool(arguments.families):
        raise UsageError("inspect takes either files or --families")
    return inspection.inspect_families(arguments.families) if arguments.families else inspection.inspect_files(arguments.files)


def _fetch(arguments: argparse.Namespace) -> int:
    from . import fetch
    return fetch.fetch_all(arguments.require_payloads, arguments.offline)


def _test(arguments: argparse.Namespace) -> int:
    from . import testing
    return testing.command(arguments)


def _report(arguments: argparse.Namespace) -> int:
    from . import merging
    return merging.command(arguments)


def _shell(arguments: argparse.Namespace) -> int:
    from . import shell
    return shell.command(arguments)


def _bench(arguments: argparse.Namespace) -> int:
    from . import bench, diskspeed, figures
    if arguments.disk and (arguments.boot or arguments.names):
        raise UsageError("bench --disk takes neither --boot nor names of benchmarks")
    return bench.command(arguments) if arguments.boot else diskspeed.command(arguments) if arguments.disk else figures.command(arguments)


def _clean(_: argparse.Namespace) -> int:
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    return EXIT_PASS


def _verify(arguments: argparse.Namespace) -> int:
    from . import hives, hostile, linemutants, programproof, storageproof
    commands = {"mutants": linemutants.command, "hives": hives.command, "storage": storageproof.command,
                "hostile": hostile.command, "programs": programproof.command}
    return commands[arguments.what](arguments)


def _boot_tests(arguments: argparse.Namespace) -> int:
    from . import boottests
    return boottests.command(arguments)


def _mutants(arguments: argparse.Namespace) -> int:
    from . import mutants
    return mutants.command(arguments)


def _driver_tests(arguments: argparse.Namespace) -> int:
    from . import drivertests
    return drivertests.command(arguments)


def _user_tests(arguments: argparse.Namespace) -> int:
    from . import usertests
    return usertests.command(arguments)


def _profile(arguments: argparse.Namespace) -> int:
    from . import profile
    return profile.command(arguments)


def _stress(arguments: argparse.Namespace) -> int:
    from . import stress
    return stress.command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="petrel", description="Petrel's tool: set up, build, boot, load drivers and report.",
                                     epilog="examples:\n  scripts/petrel run\n  scripts/petrel run my.sys\n  scripts/petrel test\n",
                                     formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"petrel {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, run: Command, text: str, *examples: str) -> argparse.ArgumentParser:
        shown = {"help": text} if text else {}                  # a command without a text is for ctest and not listed
        made = commands.add_parser(name, **shown, description=text, allow_abbrev=False,
                                   epilog="examples:\n" + "".join(f"  scripts/petrel {line}\n" for line in examples),
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
        made.set_defaults(function=run)
        return made

    from . import options
    add("setup", _setup, "install the packages that are missing (as root), or print the line that does", "setup")
    options.for_build(add("build", _build, "build the machine's images or the host tests", "build", "build --preset debug"))
    options.for_image(add("image", _image, "make the bootable disk image", "image", "image --usb stick.img",
                          "image --user", "image --system32 my-windows/System32", "image --user --usb disk.img --option shell=cmd"))
    options.for_run(add("run", _run, "boot, load drivers, report",
                        "run", "run my.sys", "run my.sys other.sys --json report.json", "run --raw --option selftest=1"))
    options.for_report(add("report", _report, "several reports as one", "report a.json b.json", "report *.json --junit all.xml"))
    options.for_shell(add("shell", _shell, "a prompt in the machine", "shell", "shell --cpus 4", "shell 'cmd /k dir'", "shell < script.txt"))
    options.for_inspect(add("inspect", _inspect, "say which imports resolve, without booting", "inspect my.sys",
                            "inspect --families families.csv"))
    options.for_test(add("test", _test, "build everything and run the tests", "test", "test --ring host", "test -k ke.event"))
    options.for_verify(add("verify", _verify, "prove that tests can fail, and that volumes, hives and services are safe", "verify mutants",
                           "verify mutants -k ex.resource", "verify hives", "verify hives --fuzz 2000 --seed 7",
                           "verify storage --interchange", "verify storage --crash --seed 7", "verify storage --fuzz 200",
                           "verify hostile", "verify hostile --seconds 20 --seed 1", "verify programs"))
    options.for_bench(add("bench", _bench, "measure", "bench", "bench thread_switch irp_null_ioctl", "bench --boot"))
    options.for_fetch(add("fetch", _fetch, "fetch the real third-party drivers into the cache", "fetch", "fetch --require-payloads"))
    add("clean", _clean, "remove everything that was built", "clean")
    options.for_boot_tests(add("_boot-tests", _boot_tests, "", "_boot-tests --preset debug --cpus 4"))
    options.for_mutants(add("_mutants", _mutants, "", "_mutants --count 200 --seed 7"))
    options.for_driver_tests(add("_driver-tests", _driver_tests, "", "_driver-tests --list", "_driver-tests null.clang"))
    options.for_user_tests(add("_user-tests", _user_tests, "", "_user-tests --list", "_user-tests commands --preset debug"))
    options.for_profile(add("_profile", _profile, "", "_profile object_open_close"))
    options.for_stress(add("_stress", _stress, "", "_stress --minutes 30", "_stress --minutes 0 --seed 7"))
    return parser


def main(arguments: Sequence[str]) -> int:
    process.allow_children()
    signal.signal(signal.SIGINT, process.interrupt)             # also where a script started us in the background
    signal.signal(signal.SIGTERM, process.interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:       # nohup's wish
        signal.signal(signal.SIGHUP, process.interrupt)
    try:
        parsed = _parser().parse_args(list(arguments))
        return int(parsed.function(parsed))
    except PetrelError as error:
        terminal.say(str(error))
        return error.status
    except KeyboardInterrupt:
        terminal.say("interrupted")
        return EXIT_INTERRUPT
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_PASS
    except OSError as error:                # a full disk, a folder without permission
        terminal.say(str(error))
        return EXIT_MACHINERY
    except Exception:                       # a mistake in the tool must not look like a verdict (Python's own status is 1)
        terminal.clear()
        traceback.print_exc()
        return EXIT_MACHINERY
    finally:
        process.kill_all()
