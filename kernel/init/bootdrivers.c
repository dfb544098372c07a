/* SPDX-License-Identifier: MIT
 * Boot drivers: mapped and bound by the loader, started here in order. Their imports are bound again, so that what the loader
 * could not resolve becomes a trap and, with the trace on, the rest goes through thunks.
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
    if (NT_SUCCESS(status))
        return;
    KdBeginEvent("log");
    KdEventText("level", "error");
    KdEventText("text", "a boot driver did not start");
    KdEventText("driver", Image->AnsiName);
    KdEventCode("status", (ULONG)status);
    KdEndEvent();
    KdPrintConsole("boot driver %s did not start: 0x%08lx\r\n", Image->AnsiName, (ULONG)status);
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
