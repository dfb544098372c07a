/* SPDX-License-Identifier: MIT
 * System images: from the bytes of a file to a mapped, relocated, bound and protected driver in PsLoadedModuleList.
 *
 * The list changes under PsLoadedModuleResource, ex's, for walkers that may wait, and inside it under MiModuleLock (rank
 * LoadedModules), for those that may not. Readers at any IRQL (stack walks, exception dispatch) walk it without: an
 * entry is complete before it is linked by one store, and stays mapped until nothing runs in it (unload happens on one thread).
 */
#include "image.h"
#include "rtl.h"
#include "kd.h"

LIST_ENTRY PsLoadedModuleList = { &PsLoadedModuleList, &PsLoadedModuleList };
static KE_LOCK MiModuleLock = KE_LOCK_OF_RANK(KeRankLoadedModules);
static MI_REGION MiImageRegion = { .Lock = KE_LOCK_OF_RANK(KeRankSystemPtes) };

static MM_IMAGE *MiImageOfEntry(PLIST_ENTRY Entry) { return CONTAINING_RECORD(Entry, MM_IMAGE, Entry.InLoadOrderLinks); }

/* ---- The list ---- */
static VOID MiChangeList(MM_IMAGE *Image, BOOLEAN Link)
{
    KIRQL irql;

    if (KeUpcalls.LockLoadedModules != NULL)
        KeUpcalls.LockLoadedModules();
    irql = KeLockAcquire(&MiModuleLock);
    if (Link)
        InsertTailList(&PsLoadedModuleList, &Image->Entry.InLoadOrderLinks);
    else
        RemoveEntryList(&Image->Entry.InLoadOrderLinks);
    KeLockRelease(&MiModuleLock, irql);
    if (KeUpcalls.UnlockLoadedModules != NULL)
        KeUpcalls.UnlockLoadedModules();
}

ULONG MmCountModules(VOID)
{
    KIRQL irql = KeLockAcquire(&MiModuleLock);
    PLIST_ENTRY entry;
    ULONG count = 0;

    for (entry = PsLoadedModuleList.Flink; entry != &PsLoadedModuleList; entry = entry->Flink)
        count++;
    KeLockRelease(&MiModuleLock, irql);
    return count;
}

ULONG MmDescribeModules(MM_MODULE *Modules, ULONG Maximum)
{
    KIRQL irql = KeLockAcquire(&MiModuleLock);
    PLIST_ENTRY entry;
    ULONG count = 0;

    for (entry = PsLoadedModuleList.Flink; entry != &PsLoadedModuleList && count < Maximum; entry = entry->Flink) {
        const MM_IMAGE *image = MiImageOfEntry(entry);
        MM_MODULE *module = &Modules[count++];
        module->Base = image->Entry.DllBase;
        module->Size = image->Entry.SizeOfImage;
        module->Flags = image->Entry.Flags;
        module->LoadCount = image->Entry.LoadCount;
        RtlCopyMemory(module->Path, image->FullName, sizeof(module->Path));
    }
    KeLockRelease(&MiModuleLock, irql);
    return count;
}

MM_IMAGE *MmImageOfAddress(ULONG64 Address)
{
    PLIST_ENTRY entry;
    for (entry = PsLoadedModuleList.Flink; entry != &PsLoadedModuleList; entry = entry->Flink) {
        MM_IMAGE *image = MiImageOfEntry(entry);
        if (Address - (ULONG64)image->Entry.DllBase < image->Entry.SizeOfImage)
            return image;
    }
    return NULL;
}

/* "foo", "foo.sys" and "FOO.SYS" are equal. */
static BOOLEAN MiNameMatches(PCSTR Have, PCSTR Want)
{
    for (; *Have != '\0' && *Have != '.'; Have++, Want++) {
        CHAR a = *Have, b = *Want;
        a = a >= 'A' && a <= 'Z' ? (CHAR)(a + 32) : a;
        b = b >= 'A' && b <= 'Z' ? (CHAR)(b + 32) : b;
        if (a != b)
            return FALSE;
    }
    return *Want == '\0' || *Want == '.';
}

MM_IMAGE *MmFindImage(PCSTR Name)
{
    PLIST_ENTRY entry;
    for (entry = PsLoadedModuleList.Flink; entry != &PsLoadedModuleList; entry = entry->Flink)
        if (MiNameMatches(MiImageOfEntry(entry)->AnsiName, Name))
            return MiImageOfEntry(entry);
    return NULL;
}

/* ---- Hooks of lower layers ---- */
static BOOLEAN MiFindModule(ULONG64 Address, KD_MODULE *Module)
{
    MM_IMAGE *image = MmImageOfAddress(Address);
    if (image == NULL)
        return FALSE;
    RtlCopyMemory(Module->Name, image->AnsiName, sizeof(Module->Name));
    Module->Base = (ULONG64)image->Entry.DllBase;
    Module->Size = image->Entry.SizeOfImage;
    return TRUE;
}

static BOOLEAN MiFindFunctionTable(ULONG64 Address, PULONG64 Base, PULONG Size, const VOID **Table, PULONG Count)
{
    MM_IMAGE *image = MmImageOfAddress(Address);
    if (image == NULL)
        return FALSE;
    *Base = (ULONG64)image->Entry.DllBase;
    *Size = image->Entry.SizeOfImage;
    *Table = image->Entry.ExceptionTable;
    *Count = image->Entry.ExceptionTableSize / (ULONG)sizeof(PE_RUNTIME_FUNCTION);
    return TRUE;
}

/* ---- Making entries ---- */
static VOID MiNameImage(MM_IMAGE *Image, PCWSTR FullName, ULONG Characters)
{
    ULONG base = 0, i;

    Characters = min(Characters, RTL_NUMBER_OF(Image->FullName) - 1);
    RtlCopyMemory(Image->FullName, FullName, Characters * sizeof(WCHAR));
    for (i = 0; i < Characters; i++)
        if (FullName[i] == L'\\')
            base = i + 1;
    Image->Entry.FullDllName = (UNICODE_STRING){ (USHORT)(Characters * 2), (USHORT)(Characters * 2 + 2), Image->FullName };
    Image->Entry.BaseDllName = (UNICODE_STRING){ (USHORT)((Characters - base) * 2), (USHORT)((Characters - base) * 2 + 2),
                                                 Image->FullName + base };
    for (i = 0; base + i < Characters && i < sizeof(Image->AnsiName) - 1; i++)
        Image->AnsiName[i] = Image->FullName[base + i] < 0x7F ? (CHAR)Image->FullName[base + i] : '?';
}

static VOID MiFillEntry(MM_IMAGE *Image, ULONG64 Base)
{
    const PE_IMAGE *pe = &Image->Pe;
    PE_RANGE exception = pe->Directories[PE_DIR_EXCEPTION];

    Image->Entry.DllBase = (PVOID)Base;
    Image->Entry.EntryPoint = pe->EntryRva != 0 ? (PVOID)(Base + pe->EntryRva) : NULL;
    Image->Entry.SizeOfImage = pe->SizeOfImage;
    Image->Entry.SizeOfImageNotRounded = pe->SizeOfImage;
    Image->Entry.CheckSum = pe->CheckSum;
    Image->Entry.TimeDateStamp = pe->TimeDateStamp;
    Image->Entry.LoadCount = 1;
    if (exception.Size != 0 && PeAtRva(pe, exception.Rva, exception.Size) != NULL) {
        Image->Entry.ExceptionTable = (PVOID)(Base + exception.Rva);
        Image->Entry.ExceptionTableSize = exception.Size;
    }
}

static VOID MiReportImage(const MM_IMAGE *Image)
{
    KdBeginEvent("module");
    KdEventText("name", Image->AnsiName);
    KdEventAddress("base", (ULONG64)Image->Entry.DllBase);
    KdEventNumber("size", Image->Entry.SizeOfImage);
    KdEventCode("timestamp", Image->Entry.TimeDateStamp);
    KdEventBoolean("driver_under_test", Image->UnderTest);
    KdEndEvent();
}

static NTSTATUS MiAdoptImage(const LOADER_IMAGE *Loaded)
{
    MM_IMAGE *image = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(MM_IMAGE), 'dLmM');
    PCSTR path = (PCSTR)Loaded->PathAddress;
    WCHAR name[128];
    ULONG i;

    if (image == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(image, sizeof(*image));
    for (i = 0; path[i] != '\0' && i < 127; i++)
        name[i] = (UCHAR)path[i];
    MiNameImage(image, name, i);
    if (PeParse((PVOID)Loaded->BaseAddress, Loaded->ImageSize, PE_LAYOUT_MAPPED, &(PE_OPTIONS){ 0 }, &image->Pe) != PE_OK)
        return STATUS_INVALID_IMAGE_FORMAT;
    MiFillEntry(image, Loaded->BaseAddress);
    image->MappedSize = Loaded->ImageSize;
    image->LoadedByLoader = TRUE;
    image->References = 1;
    MiChangeList(image, TRUE);
    MiReportImage(image);
    return STATUS_SUCCESS;
}

NTSTATUS MmAdoptLoaderImages(LOADER_BLOCK *Block)
{
    const LOADER_IMAGE *images = (const LOADER_IMAGE *)Block->ImageAddress;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    for (i = 0; i < Block->ImageCount && NT_SUCCESS(status); i++)
        status = MiAdoptImage(&images[i]);
    if (!NT_SUCCESS(status))
        return status;
    MiInitializeRegion(&MiImageRegion, Block->ImageRegionNextAddress, LOADER_IMAGE_REGION_END - Block->ImageRegionNextAddress);
    KdFindModule = MiFindModule;
    RtlUpcalls.FindImage = MiFindFunctionTable;
    return STATUS_SUCCESS;
}

/* ---- Loading ---- */
NTSTATUS MiStatusOfPe(PE_STATUS Status)
{
    switch (Status) {
    case PE_OK: return STATUS_SUCCESS;
    case PE_NOT_DOS: return STATUS_INVALID_IMAGE_NOT_MZ;
    case PE_WRONG_MACHINE: return STATUS_INVALID_IMAGE_WIN_32;
    default: return STATUS_INVALID_IMAGE_FORMAT;
    }
}

typedef struct MI_BINDING {
    MM_BIND *Bind;
    PVOID Context;
    MM_IMAGE *Image;
} MI_BINDING;

static bool MiResolve(void *Context, const PE_IMPORT *Import, uint64_t *Address)
{
    MI_BINDING *binding = Context;
    return binding->Bind(binding->Context, binding->Image, Import, (PULONG64)Address);
}

NTSTATUS MmRebindImage(MM_IMAGE *Image, MM_BIND *Bind, PVOID Context)
{
    MI_BINDING binding = { Bind, Context, Image };
    PE_STATUS status;

    MiProtectRange((ULONG64)Image->Entry.DllBase, Image->Entry.SizeOfImage >> PAGE_SHIFT, MI_KERNEL_CODE_DATA);
    status = PeBindImports(&Image->Pe, MiResolve, &binding, NULL);
    MiProtectImage(Image);
    return status == PE_OK ? STATUS_SUCCESS : STATUS_DRIVER_ENTRYPOINT_NOT_FOUND;
}

/* Everything that writes into the image happens before its sections are protected. */
static PE_STATUS MiPrepareImage(MM_IMAGE *Image, const PE_IMAGE *File, ULONG64 Base, const MI_BINDING *Binding)
{
    PE_STATUS status = PeMap(File, (PVOID)Base, Image->MappedSize, &Image->Pe);
    if (status == PE_OK)
        status = PeRelocate(&Image->Pe, Base);
    if (status == PE_OK)
        status = PeBindImports(&Image->Pe, MiResolve, (PVOID)Binding, NULL);
    if (status == PE_OK)
        status = PeSeedSecurityCookie(&Image->Pe, KiReadTsc() * 0x9E3779B97F4A7C15ull);
    return status == PE_NOT_FOUND ? PE_OK : status;
}

static NTSTATUS MiMapImage(MM_IMAGE *Image, const PE_IMAGE *File, MM_BIND *Bind, PVOID BindContext, PE_STATUS *PeStatus)
{
    ULONG pages = File->SizeOfImage >> PAGE_SHIFT;
    ULONG64 base = MiReserveAddresses(&MiImageRegion, pages);
    MI_BINDING binding = { Bind, BindContext, Image };

    if (base == 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    Image->MappedSize = File->SizeOfImage;
    if (!MiMapFreshPages(base, pages, MI_KERNEL_DATA)) {
        MiReleaseAddresses(&MiImageRegion, base, pages);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *PeStatus = MiPrepareImage(Image, File, base, &binding);
    if (*PeStatus != PE_OK) {
        MiUnmapAndFree(base, pages);
        MiReleaseAddresses(&MiImageRegion, base, pages);
        return MiStatusOfPe(*PeStatus);
    }
    MiFillEntry(Image, base);
    MiProtectImage(Image);
    return STATUS_SUCCESS;
}

NTSTATUS MmLoadSystemImage(PCUNICODE_STRING FullName, const VOID *File, SIZE_T FileSize, BOOLEAN UnderTest, MM_BIND *Bind,
                           PVOID BindContext, MM_IMAGE **Image, PE_STATUS *PeStatus)
{
    static const PE_OPTIONS options = { .Subsystem = PE_SUBSYSTEM_NATIVE, .RequireExecutable = true };
    PE_IMAGE *file = ExAllocatePoolWithTag(PagedPool, sizeof(PE_IMAGE), 'dLmM');
    MM_IMAGE *image = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(MM_IMAGE), 'dLmM');
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    *PeStatus = PE_OK;
    if (file == NULL || image == NULL)
        goto Cleanup;
    *PeStatus = PeParse(File, FileSize, PE_LAYOUT_FILE, &options, file);
    status = MiStatusOfPe(*PeStatus);
    if (!NT_SUCCESS(status))
        goto Cleanup;
    RtlZeroMemory(image, sizeof(*image));
    MiNameImage(image, FullName->Buffer, FullName->Length / sizeof(WCHAR));
    image->UnderTest = UnderTest;
    image->References = 1;
    status = MiMapImage(image, file, Bind, BindContext, PeStatus);
    if (NT_SUCCESS(status)) {
        MiChangeList(image, TRUE);
        MiReferenceImports(image);
        MiReportImage(image);
        *Image = image;
        image = NULL;
    }
Cleanup:
    if (file != NULL)
        ExFreePoolWithTag(file, 'dLmM');
    if (image != NULL)
        ExFreePoolWithTag(image, 'dLmM');
    return status;
}

/* The entry's own memory stays, with its links: exceptions and stack walks go through the list at any IRQL and without its lock,
 * and one of them may stand on the entry. */
VOID MmUnloadSystemImage(MM_IMAGE *Image)
{
    ULONG pages = (ULONG)(Image->MappedSize >> PAGE_SHIFT);

    if (InterlockedDecrement(&Image->References) != 0 || Image->LoadedByLoader)
        return;
    MiUnloadDll(Image);
    MiChangeList(Image, FALSE);
    MiReleaseImports(Image);
    KdBeginEvent("unmodule");
    KdEventText("name", Image->AnsiName);
    KdEndEvent();
    MiUnmapAndFree((ULONG64)Image->Entry.DllBase, pages);
    MiReleaseAddresses(&MiImageRegion, (ULONG64)Image->Entry.DllBase, pages);
}

/* ---- Exports ---- */
static ULONG64 MiFollowExport(const MM_IMAGE *Image, PCSTR Name, ULONG Ordinal, ULONG Depth)
{
    PE_EXPORT export;
    CHAR module[64];
    const char *next;
    uint32_t nextOrdinal;
    PE_STATUS status = Name != NULL ? PeFindExportByName(&Image->Pe, Name, &export)
                                    : PeFindExportByOrdinal(&Image->Pe, Ordinal, &export);

    if (status != PE_OK)
        return 0;
    if (export.Forwarder == NULL)
        return (ULONG64)Image->Entry.DllBase + export.Rva;
    if (Depth == 0 || PeSplitForwarder(export.Forwarder, module, sizeof(module), &next, &nextOrdinal) != PE_OK)
        return 0;
    Image = MmFindImage(module);
    return Image != NULL ? MiFollowExport(Image, next, nextOrdinal, Depth - 1) : 0;
}

ULONG64 MmFindExport(const MM_IMAGE *Image, PCSTR Name, ULONG Ordinal)
{
    return MiFollowExport(Image, Name, Ordinal, 8);
}
