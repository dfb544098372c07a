# SPDX-License-Identifier: MIT
"""`inspect`, the status file and the PE reader behind it."""
from unittest import mock

from petreltool import exports, fetch, peheader
from petreltool.errors import MachineryError

from . import samples
from .support import CommandCase

STATUS = """# NAME | state | signature | test
DbgPrint | full | ULONG (PCSTR, ...) | rtl.print
ExFreePool | partial: no quota | VOID (PVOID) | ex.pool
IoCreateDevice | trap | NTSTATUS () |
hal!KeStallExecutionProcessor | full | VOID (ULONG) | hal.stall
"""


class Inspect(CommandCase):
    def setUp(self) -> None:
        super().setUp()
        self.status = self.write("ntoskrnl.status", STATUS.encode())
        patch = mock.patch.object(exports.load, "__defaults__", (self.status,))
        patch.start()
        self.addCleanup(patch.stop)

    def test_states(self) -> None:
        driver = self.write("a.sys", samples.driver({"ntoskrnl.exe": ["DbgPrint", "ExFreePool", "IoCreateDevice", "Nope"],
                                                     "HAL.dll": ["KeStallExecutionProcessor", "HalNope"], "ndis.sys": ["NdisX"]}))
        status, output, _ = self.petrel("inspect", driver)
        self.assertEqual(status, 1)
        for text in ("7 imports, 3 resolve, 1 of them in part, 4 trap", "ntoskrnl.exe!Nope: not exported", "ExFreePool: no quota",
                     "IoCreateDevice: not implemented", "HAL.dll!HalNope", "ndis.sys!NdisX: no ndis.sys in Petrel"):
            self.assertIn(text, output)

    def test_whole_driver_passes_and_bad_file_is_usage(self) -> None:
        good = self.write("b.sys", samples.driver({"ntoskrnl.exe": ["DbgPrint", "KeStallExecutionProcessor"]}))
        self.assertEqual(self.petrel("inspect", good)[0], 0)
        self.assertEqual(self.petrel("inspect", good, self.write("c.sys", b"text"))[0], 2)
        self.assertEqual(self.petrel("inspect")[0], 2)

    def test_no_imports_at_all(self) -> None:
        self.assertEqual(self.petrel("inspect", self.write("n.sys", samples.driver({})))[0], 0)

    def test_families(self) -> None:
        table = self.write("families.csv", b"family,source,class,imports\nF1,x,y,ntoskrnl:DbgPrint;hal:KeStallExecutionProcessor\n"
                           b"F2,x,y,ntoskrnl:DbgPrint ExFreePool;ndis:NdisX\nF3,x,y,ntoskrnl:Nope DbgPrint\nF4,x,y,ndis:NdisX\n")
        status, output, _ = self.petrel("inspect", "--families", table)
        self.assertEqual(status, 0)
        for text in ("3 families", "1 (33.3 %) resolve with whole", "2 (66.7 %) resolve with partial", "1 ntoskrnl!Nope"):
            self.assertIn(text, output)
        self.assertEqual(self.petrel("inspect", "--families", self.folder / "none.csv")[0], 2)

    def test_a_broken_status_file_is_said(self) -> None:
        for text in ("DbgPrint", "DbgPrint | splendid | |"):
            with self.subTest(text), self.assertRaises(MachineryError):
                exports.parse(text)


class Fetched(CommandCase):
    def test_table_is_whole(self) -> None:
        table = fetch.payloads()
        self.assertEqual(len({payload.id for payload in table}), len(table))
        self.assertTrue(all(len(payload.sha256) == 64 for payload in table))
        self.assertTrue(any(payload.demonstrate and payload.save_as == "keyboard.sys" for payload in table))

    def test_wrong_content_is_not_used(self) -> None:
        with mock.patch.dict("os.environ", {"XDG_CACHE_HOME": str(self.folder)}):
            payload = fetch.payloads()[0]
            payload.cached.parent.mkdir(parents=True)
            payload.cached.write_bytes(b"tampered")
            status, output, errors = self.petrel("fetch", "--offline")
            self.assertEqual((status, output), (0, ""))
            self.assertIn("skipped: payload", errors)
            self.assertEqual(self.petrel("fetch", "--offline", "--require-payloads")[0], 4)

    def test_without_npm(self) -> None:
        with (mock.patch.dict("os.environ", {"XDG_CACHE_HOME": str(self.folder)}),
              mock.patch("petreltool.fetch.find_program", return_value=None)):
            self.assertIn("needs npm and node", self.petrel("fetch")[2])

    def test_resources(self) -> None:
        with self.assertRaises(peheader.BadImage):
            peheader.parse(b"MZ" + b"\xff" * 200)
        self.assertEqual(peheader.resources(peheader.parse(samples.driver())), {})
