# SPDX-License-Identifier: MIT
"""No machine outlives the tool, however the tool ends."""
import signal
import subprocess
import time
import unittest
from pathlib import Path

from .support import FAKE, FolderCase, start_tool

_CODE = f"""
from petreltool import running
from petreltool.machine import MachineOptions
def prepare(plan):
    return MachineOptions(disk=Path("/dev/null"), options=["scenario=by_name"], qemu={str(FAKE)!r})
running._prepare = prepare
running.settings.FILE = "no-such-file.toml"
from petreltool import firmware
firmware.arguments = lambda kind, folder: []
sys.exit(cli.main(sys.argv[1:]))
"""


def children(marker: str) -> list[int]:
    """Fake machines whose command line or options name this test's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                if marker.encode() in command and b"isa-debug-exit" in command:
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def wait_until(condition: object, seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():                                                             # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


class Signals(FolderCase):
    def end_with(self, number: int, jobs: str = "1") -> int:
        files = [self.write(f"{name}.sys") for name in ("hang_deaf", "never_starts")]
        tool = start_tool(_CODE, self.folder, "run", "-j", jobs, *files)
        try:
            self.assertTrue(wait_until(lambda: len(children(str(self.folder))) == int(jobs)), "the machines did not start")
            tool.send_signal(number)
            _, errors = self.end_of(tool)
        finally:
            tool.kill()
            tool.wait()
        self.assertTrue(wait_until(lambda: not children(str(self.folder))), "a machine was left behind")
        self.assertNotIn("Traceback", errors)
        return tool.returncode

    def end_of(self, tool: subprocess.Popen[str]) -> tuple[str, str]:
        try:
            return tool.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            tool.send_signal(signal.SIGABRT)                    # makes Python show where each thread is
            self.fail(f"the tool did not end:\n{tool.communicate()[1]}")

    def test_interrupt(self) -> None:
        self.assertEqual(self.end_with(signal.SIGINT), 130)

    def test_interrupt_with_several_machines(self) -> None:
        self.assertEqual(self.end_with(signal.SIGINT, jobs="2"), 130)

    def test_terminate(self) -> None:
        self.assertEqual(self.end_with(signal.SIGTERM), 130)

    def test_kill(self) -> None:
        """Not even the tool's own death without warning leaves one."""
        self.assertEqual(self.end_with(signal.SIGKILL), -signal.SIGKILL)

    def test_no_folder_is_left(self) -> None:
        self.end_with(signal.SIGINT)
        self.assertEqual(list(self.folder.glob("petrel-*")), [])


if __name__ == "__main__":
    unittest.main()
