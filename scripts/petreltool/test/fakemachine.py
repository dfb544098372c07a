#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays QEMU for the tool's tests: takes QEMU's command line, writes events as the option `scenario` says, ends or does not."""
from __future__ import annotations

import json
import os
import re
import socket
import sys
import time

START = {"event": "start", "t": 1, "version": "0.1.0", "commit": "0", "build": "release", "cpus": 1, "memory_mib": 256,
         "abi": "10.0.19045", "loader_ns": 1000000, "entropy": "rdrand"}
STACK = [{"module": "one.sys", "offset": "0x0000000000001010"}, {"module": "ntoskrnl.exe", "offset": "0x0000000000002020"},
         {"module": None, "offset": "0xfffff80000001234"}]
FIRMWARE = "\x1b[2J\x1b[01;01HBdsDxe: starting Boot0001\r\n"


class Fake:
    def __init__(self, arguments: list[str]) -> None:
        text = "\n".join(arguments)
        self.paths = {name: found.group(1) for name in ("console", "events", "debug")
                      if (found := re.search(rf"id={name},path=([^\n]*)", text))}
        options = re.search(r"name=opt/petrel/options,file=([^\n]*)", text)
        with open(options.group(1), encoding="ascii") as handle:
            lines = handle.read().splitlines()
        self.drivers = [line.split(":", 1)[1] for line in lines if line.startswith("test=")]
        self.scenario = next(line.split("=", 1)[1] for line in lines if line.startswith("scenario="))
        self.monitor = socket.socket(fileno=int(re.search(r"id=monitor,fd=(\d+)", text).group(1)))
        self.stream = open(self.paths["events"], "a", encoding="utf-8")
        self.text(FIRMWARE)

    def text(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()

    def say(self, event: str, **fields: object) -> None:
        self.text(json.dumps({"event": event, "t": 5, **fields}) + "\n")

    def end(self, status: int) -> None:
        self.say("end", status=status)
        self.leave(status)

    def leave(self, status: int) -> None:
        self.stream.close()
        sys.exit(status)

    def begin(self, driver: str) -> None:
        self.say("driver", file=driver, step="begin")
        self.say("driver", file=driver, step="load", status="0x00000000", imports={"total": 3, "resolved": 2, "trapped": 1})

    def good(self, driver: str) -> None:
        self.begin(driver)
        self.say("device", file=driver, name="\\Device\\One", type=34, characteristics=256, flags=64)
        self.say("symlink", file=driver, name="\\??\\One", target="\\Device\\One")
        self.say("dispatch", file=driver, major="IRP_MJ_CREATE", frame=STACK[0])
        self.say("driver", file=driver, step="entry", status="0x00000000")
        self.say("request", file=driver, device="\\Device\\One", major="IRP_MJ_CREATE", status="0x00000000", information=0)
        self.say("driver", file=driver, step="unload", status="0xc0000010")
        self.say("verdict", file=driver, verdict="pass", why="")

    def wait_for_nmi(self) -> None:
        self.monitor.sendall(b'{"QMP": {}}\r\n')
        while b"inject-nmi" not in (data := self.monitor.recv(4096)):
            if not data:
                sys.exit(0)
            self.monitor.sendall(b'{"return": {}}\r\n')
        self.monitor.sendall(b'{"timestamp": {}, "event": "NMI"}\r\n{"return": {}}\r\n')


def passing(fake: Fake) -> None:
    fake.say("start", **{key: value for key, value in START.items() if key not in ("event", "t")})
    for driver in fake.drivers:
        fake.good(driver)
    fake.end(33)


def started(fake: Fake) -> None:
    fake.text(json.dumps(START) + "\n")


def tests(fake: Fake) -> None:
    started(fake)
    fake.say("test", name="ke.event.set", result="pass", why="")
    fake.say("tests", passed=1, failed=0, skipped=0)
    fake.end(33)


def tests_fail(fake: Fake) -> None:
    started(fake)
    fake.say("test", name="ke.event.set", result="fail", why="1 != 2")
    fake.say("tests", passed=0, failed=1, skipped=0)
    fake.end(35)


def entry_fails(fake: Fake) -> None:
    started(fake)
    fake.begin(fake.drivers[0])
    fake.say("driver", file=fake.drivers[0], step="entry", status="0xc0000001")
    fake.say("verdict", file=fake.drivers[0], verdict="fail", why="DriverEntry returned STATUS_UNSUCCESSFUL")
    fake.end(35)


def crash(fake: Fake) -> None:
    started(fake)
    fake.begin(fake.drivers[0])
    fake.say("bugcheck", file=fake.drivers[0], code="0x0000001e", name=None, cpu=0, irql=0, stack=STACK,
             params=["0xffffffffc0000005", "0xfffff80000201010", "0x0000000000000000", "0x0000000000000008"])
    fake.end(37)


def trap(fake: Fake) -> None:
    started(fake)
    fake.begin(fake.drivers[0])
    fake.say("trap", file=fake.drivers[0], module="ntoskrnl.exe", name="NoSuchThing", kind="call", cpu=0, irql=0, stack=STACK)
    fake.say("verdict", file=fake.drivers[0], verdict="trap", why="")
    fake.end(35)


def hang(fake: Fake) -> None:
    started(fake)
    fake.begin(fake.drivers[0])
    fake.wait_for_nmi()
    fake.say("hang", file=fake.drivers[0], cpu=0, irql=2, stack=STACK)
    fake.end(35)


def hang_deaf(fake: Fake) -> None:
    """Hangs and does not answer its monitor either."""
    started(fake)
    fake.begin(fake.drivers[0])
    time.sleep(600)


def never_starts(_fake: Fake) -> None:
    time.sleep(600)


def dies(fake: Fake) -> None:
    """A triple fault: QEMU ends with 0 because of -no-reboot, in the middle of a line."""
    started(fake)
    fake.begin(fake.drivers[0])
    fake.text('{"event":"devi')
    fake.leave(0)


def garbage(fake: Fake) -> None:
    """Everything that a hostile speaker might say, then a good end."""
    started(fake)
    fake.text("not json\n[1,2]\n{}\n{\"event\":7}\n{\"event\":\"verdict\"}\n{\"event\":\"nonsense\",\"t\":1}\n\x00\xff\n")
    fake.text('{"event":"bugcheck","file":null,"code":"zz","params":[],"stack":[{"module":5}]}\n')
    fake.text('{"event":"driver","file":"one.sys","step":"dance"}\n' + "[" * 100000 + "\n" + "x" * 200000 + "\n")
    fake.text('{"event":"hang","file":"one.sys","cpu":true,"stack":[]}\n{"event":"log","level":"info","text":"\\u001b[31mred"}\n')
    for driver in fake.drivers:
        fake.good(driver)
    fake.end(33)


def lies(fake: Fake) -> None:
    """Says pass, then breaks."""
    started(fake)
    fake.good(fake.drivers[0])
    fake.say("bugcheck", file=None, code="0x000000d1", name=None, cpu=0, irql=2, stack=STACK, params=["0x0"] * 4)
    fake.end(37)


def lies_status(fake: Fake) -> None:
    started(fake)
    fake.good(fake.drivers[0])
    fake.end(35)


def unknown_verdict(fake: Fake) -> None:
    started(fake)
    fake.begin(fake.drivers[0])
    fake.say("verdict", file=fake.drivers[0], verdict="splendid", why="")
    fake.end(33)


def early_bugcheck(fake: Fake) -> None:
    started(fake)
    fake.say("bugcheck", file=None, code="0x0000007e", name=None, cpu=0, irql=0, stack=[], params=["0x0"] * 4)
    fake.end(37)


def loader(fake: Fake) -> None:
    with open(fake.paths["console"], "a", encoding="ascii") as console:
        console.write("petrel: cannot boot: no kernel\r\n")
    fake.end(39)


def qemu_error(_fake: Fake) -> None:
    print("qemu: could not open the disk", file=sys.stderr)
    sys.exit(1)


def killed(fake: Fake) -> None:
    started(fake)
    fake.begin(fake.drivers[0])
    os.kill(os.getpid(), 11)


def mixed(fake: Fake) -> None:
    """Together: the first passes, the second crashes, the third is never reached."""
    started(fake)
    fake.good(fake.drivers[0])
    fake.begin(fake.drivers[1])
    fake.say("bugcheck", file=fake.drivers[1], code="0x00000050", name=None, cpu=0, irql=0, stack=STACK, params=["0x0"] * 4)
    fake.end(37)


def by_name(fake: Fake) -> None:
    """The scenario that the driver's file name asks for: crash.sys, hang.sys, ..."""
    name = fake.drivers[0].removesuffix(".sys") if fake.drivers else "tests"
    SCENARIOS.get(name, passing)(fake)


SCENARIOS = {name: value for name, value in list(globals().items()) if callable(value) and name not in ("Fake",)}

if __name__ == "__main__":
    machine = Fake(sys.argv[1:])
    SCENARIOS[machine.scenario](machine)
