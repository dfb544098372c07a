/* SPDX-License-Identifier: MIT
 * NtQuerySystemInformation: sizes, and lists that hold what must be in them.
 */
#include "../systeminformation.h"
#include "test.h"

static PVOID Ask(ULONG Class, PULONG Bytes)
{
    ULONG needed = 0;
    PVOID buffer;

    CHECK(ZwQuerySystemInformation(Class, NULL, 0, &needed) == STATUS_INFO_LENGTH_MISMATCH && needed != 0);
    *Bytes = needed + 4096;
    buffer = ExAllocatePoolWithTag(PagedPool, *Bytes, 'tseT');
    return CHECK(buffer != NULL && NT_SUCCESS(ZwQuerySystemInformation(Class, buffer, *Bytes, &needed))) ? buffer : NULL;
}

static VOID Facts(VOID)
{
    EXP_BASIC_INFORMATION basic;
    EXP_TIME_INFORMATION time;
    LARGE_INTEGER now;
    MM_STATISTICS memory;
    UCHAR two[2] = { 9, 9 };
    PVOID pointer = NULL;
    ULONG bytes = 0;

    MmQueryStatistics(&memory);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(0, &basic, sizeof(basic), &bytes)) && bytes == sizeof(basic));
    CHECK(basic.NumberOfPhysicalPages == memory.TotalPages && basic.PageSize == PAGE_SIZE);
    CHECK((ULONG)basic.NumberOfProcessors == KeQueryActiveProcessorCount(NULL));
    CHECK(basic.MaximumUserModeAddress == (ULONG_PTR)MmHighestUserAddress);
    CHECK(ZwQuerySystemInformation(0, &basic, sizeof(basic) - 1, &bytes) == STATUS_INFO_LENGTH_MISMATCH && bytes == sizeof(basic));
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(3, &time, 32, &bytes)) && bytes == 32);
    KeQuerySystemTime(&now);
    CHECK(time.CurrentTime.QuadPart <= now.QuadPart && time.BootTime.QuadPart < time.CurrentTime.QuadPart);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(35, two, 2, NULL)) && two[0] == 0 && two[1] == 1);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(50, &pointer, 8, NULL)) && pointer == MmSystemRangeStart);
    CHECK(ZwQuerySystemInformation(0x4000, two, 2, NULL) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwQuerySystemInformation(4, two, 2, NULL) == STATUS_NOT_IMPLEMENTED);
}

/* What the loader says of the frame buffer. */
static VOID BootGraphics(VOID)
{
    struct { LARGE_INTEGER FrameBuffer; ULONG Width, Height, PixelStride, Flags, Format, DisplayRotation; } graphics;
    const LOADER_FRAMEBUFFER *loader = &KeLoaderBlock->Framebuffer;
    ULONG bytes = 0;

    CHECK(ZwQuerySystemInformation(126, &graphics, sizeof(graphics) - 1, &bytes) == STATUS_INFO_LENGTH_MISMATCH && bytes == 32);
    if (!CHECK(NT_SUCCESS(ZwQuerySystemInformation(126, &graphics, sizeof(graphics), &bytes)) && bytes == 32))
        return;
    CHECK(graphics.FrameBuffer.QuadPart == (LONG64)loader->BasePhysical && graphics.Width == loader->Width);
    CHECK(graphics.Height == loader->Height && graphics.PixelStride == loader->PixelsPerScanLine);
    CHECK(graphics.Format == (loader->BasePhysical == 0 ? 0 : loader->Format == 0 ? 2u : 4u));
}

static VOID Processes(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Test\\listed.exe"), shown = RTL_CONSTANT_STRING(L"listed.exe");
    PEPROCESS process;
    PUCHAR buffer, at;
    ULONG bytes, i;
    BOOLEAN seen = FALSE, thread = FALSE;

    if (!CHECK(NT_SUCCESS(PsCreateProcess(PsInitialSystemProcess, &name, &process))))
        return;
    buffer = Ask(5, &bytes);
    for (at = buffer; at != NULL;) {
        EXP_PROCESS_INFORMATION *entry = (EXP_PROCESS_INFORMATION *)at;
        PSYSTEM_THREAD_INFORMATION threads = (PSYSTEM_THREAD_INFORMATION)(entry + 1);
        if (entry->UniqueProcessId == process->UniqueProcessId)
            seen = RtlEqualUnicodeString(&entry->ImageName, &shown, FALSE) && entry->InheritedFromUniqueProcessId == (HANDLE)4;
        for (i = 0; entry->UniqueProcessId == (HANDLE)4 && i < entry->NumberOfThreads; i++)
            thread = thread || (threads[i].ClientId.UniqueThread == PsGetCurrentThreadId() && threads[i].ThreadState == Running);
        at = entry->NextEntryOffset != 0 ? at + entry->NextEntryOffset : NULL;
    }
    CHECK(seen && thread);
    ExFreePoolWithTag(buffer, 'tseT');
    PsTerminateProcess(process, STATUS_SUCCESS);
    ObfDereferenceObject(process);
}

static VOID Modules(VOID)
{
    ULONG bytes;
    EXP_MODULES *modules = Ask(11, &bytes);
    MM_IMAGE *kernel = MmFindImage("ntoskrnl.exe");

    if (modules == NULL)
        return;
    CHECK(modules->NumberOfModules >= 2 && modules->NumberOfModules == MmCountModules());
    CHECK(modules->Modules[0].ImageBase == kernel->Entry.DllBase && modules->Modules[0].ImageSize == kernel->Entry.SizeOfImage);
    CHECK(_stricmp((PCHAR)modules->Modules[0].FullPathName + modules->Modules[0].OffsetToFileName, "ntoskrnl.exe") == 0);
    ExFreePoolWithTag(modules, 'tseT');
}

/* RFC 8439, 2.3.2. */
static VOID Entropy(VOID)
{
    static const ULONG nonce[3] = { 0x09000000, 0x4A000000, 0 }, first[4] = { 0xE4E7F110, 0x15593BD1, 0x1FDD0F50, 0xC47120A3 };
    ULONG64 one[12], two[12];
    ULONG key[8], block[16], i;
    ULONG bytes = 0;

    for (i = 0; i < 8; i++)
        key[i] = 0x03020100 + i * 0x04040404;
    ExpChaChaBlock(key, 1, nonce, block);
    CHECK(RtlCompareMemory(block, first, sizeof(first)) == sizeof(first));
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(23, one, 24, &bytes)) && bytes == 24);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(23, two, 24, &bytes)));
    for (i = 0; i < 3; i++)
        CHECK(one[i] != two[i] && one[i] != 0);
    CHECK(ZwQuerySystemInformation(23, one, 23, &bytes) == STATUS_INFO_LENGTH_MISMATCH && bytes == 24 * (ULONG)KeNumberProcessors);
}

static VOID Arrays(VOID)
{
    EXP_TIME_ZONE zone;
    ULONG64 *buffer;
    ULONG bytes = 0;

    buffer = Ask(8, &bytes);
    CHECK(buffer != NULL && buffer[1] != 0);     /* some time in the kernel */
    if (buffer != NULL)
        ExFreePoolWithTag(buffer, 'tseT');
    buffer = Ask(2, &bytes);
    CHECK(buffer != NULL && ((ULONG *)buffer)[11] != 0 && ((ULONG *)buffer)[13] > ((ULONG *)buffer)[11]);
    if (buffer != NULL)
        ExFreePoolWithTag(buffer, 'tseT');
    buffer = Ask(73, &bytes);
    CHECK(buffer != NULL && buffer[0] == KeQueryActiveProcessors() && (ULONG)buffer[1] == RelationProcessorPackage && buffer[4] == 1);
    if (buffer != NULL)
        ExFreePoolWithTag(buffer, 'tseT');
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(102, &zone, sizeof(zone), &bytes)) && bytes == 432 && zone.KeyName[0] != 0);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(44, &zone, 172, &bytes)) && bytes == 172);
}

/* What the next calls leave alone of their stack is known. */
DECLSPEC_NOINLINE static VOID DirtyStack(VOID)
{
    volatile UCHAR stack[4096];
    ULONG i;

    for (i = 0; i < sizeof(stack); i++)
        stack[i] = 0xB5;
}

static BOOLEAN Listed(ULONG Class, HANDLE Handle, PVOID Object)
{
    ULONG bytes;
    PUCHAR buffer;
    BOOLEAN extended = Class == 64, found = FALSE;
    ULONG64 i;

    DirtyStack();
    buffer = Ask(Class, &bytes);
    for (i = 0; buffer != NULL && i < *(PULONG64)buffer; i++) {
        PUCHAR entry = buffer + (extended ? 16 + i * 0x28 : 8 + i * 0x18);
        if (*(PULONG)(entry + (extended ? 0x24 : 0x14)) != 0)
            return CHECK(FALSE);                 /* the stack is seen between the fields */
        if (extended)
            found = found || (*(PVOID *)entry == Object && *(PULONG64)(entry + 8) == 4 && *(HANDLE *)(entry + 16) == Handle);
        else
            found = found || (*(PVOID *)(entry + 8) == Object && *(PUSHORT)entry == 4 && *(PUSHORT)(entry + 6) == (USHORT)(ULONG_PTR)Handle);
    }
    if (buffer != NULL)
        ExFreePoolWithTag(buffer, 'tseT');
    return found;
}

static VOID Handles(VOID)
{
    HANDLE handle;
    PVOID event;

    CHECK(NT_SUCCESS(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE)));
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &event, NULL)));
    CHECK(Listed(16, handle, event) && Listed(64, handle, event));
    ObfDereferenceObject(event);
    ZwClose(handle);
    CHECK(!Listed(64, handle, event));
}

static const KE_TEST ExpSystemTable[] = {
    { "ex.system.facts", Facts, 0 }, { "ex.system.processes", Processes, 0 }, { "ex.system.modules", Modules, 0 },
    { "ex.system.entropy", Entropy, 0 }, { "ex.system.graphics", BootGraphics, 0 },
    { "ex.system.arrays", Arrays, 0 },
    { "ex.system.handles", Handles, 0 },
};
const KE_TEST_GROUP ExSystemTests = { ExpSystemTable, RTL_NUMBER_OF(ExpSystemTable) };
