/* SPDX-License-Identifier: MIT
 * Boot drivers: mapped and bound by the loader, started here in order. Their imports are bound again, so that what the loader
 * could not resolve becomes a trap and, with the trace on, the rest goes through thunks. Then, with the boot volume at hand, those that
 * the registry wants started.
 */
#include "initp.h"
#include "kd.h"
#include "vf.h"
#include "io.h"

static VOID InitServiceName(const MM_IMAGE *Image, PUNICODE_STRING Name)
{
    *Name = Image->Entry.BaseDllName;
    if (Name->Length > 4 * sizeof(WCHAR) && Name->Buffer[Name->Length / sizeof(WCHAR) - 4] == L'.')
        Name->Length -= 4 * sizeof(WCHAR);
}

static VOID InitReportFailure(PCSTR Name, NTSTATUS Status)
{
    KdBeginEvent("log");
    KdEventText("level", "error");
    KdEventText("text", "a driver did not start");
    KdEventText("driver", Name);
    KdEventCode("status", (ULONG)Status);
    KdEndEvent();
    KdPrintConsole("driver %s did not start: 0x%08lx\r\n", Name, (ULONG)Status);
}

static VOID InitStartBootDriver(MM_IMAGE *Image)
{
    UNICODE_STRING service;
    PDRIVER_OBJECT driver;
    NTSTATUS status = MmRebindImage(Image, VfBindImport, NULL);

    InitServiceName(Image, &service);
    if (NT_SUCCESS(status))
        status = IoCreateDriverForImage(Image, &service, &driver);
    if (NT_SUCCESS(status))
        status = IoInitializeDriver(driver);
    if (!NT_SUCCESS(status))
        InitReportFailure(Image->AnsiName, status);
}

VOID InitStartBootDrivers(const LOADER_BLOCK *Block)
{
    const LOADER_IMAGE *images = (const LOADER_IMAGE *)Block->ImageAddress;
    ULONG i;

    for (i = 0; i < Block->ImageCount; i++) {
        MM_IMAGE *image = MmImageOfAddress(images[i].BaseAddress);
        if ((images[i].Flags & LOADER_IMAGE_BOOT_DRIVER) && image != NULL)
            InitStartBootDriver(image);
    }
}

static VOID InitReportStarted(PCUNICODE_STRING Service, NTSTATUS Status)
{
    CHAR name[64];
    ANSI_STRING ansi = { 0, sizeof(name), name };

    if (NT_SUCCESS(Status))
        return;
    RtlZeroMemory(name, sizeof(name));
    RtlUnicodeStringToAnsiString(&ansi, (PUNICODE_STRING)Service, FALSE);
    InitReportFailure(name, Status);
}

VOID InitStartSystemDrivers(VOID) { IoStartSystemDrivers(InitReportStarted); }
