/* SPDX-License-Identifier: MIT
 * Binding imports: one VF_DRIVER for each image with a record for each import, made when its first import is bound.
 *
 * VfpLock guards the list of drivers. A driver's records are filled by the thread that loads it; later additions
 * (MmGetSystemRoutineAddress) take a slot by an atomic increment.
 */
#include "vfp.h"
#include "io.h"

#define VF_SPARE_IMPORTS 64u

KE_LOCK VfpLock = KE_LOCK_OF_RANK(KeRankVerifier);
LIST_ENTRY VfpDrivers = { &VfpDrivers, &VfpDrivers };
BOOLEAN VfpTrace;

static const VF_SIGNATURE VfpSignatures[] = {
#include <generated/signatures.h>
};

static int VfpCompareNames(PCSTR A, PCSTR B)
{
    while (*A != '\0' && *A == *B)
        A++, B++;
    return (UCHAR)*A - (UCHAR)*B;
}

const VF_SIGNATURE *VfpFindSignature(PCSTR Name)
{
    ULONG low = 0, high = RTL_NUMBER_OF(VfpSignatures);
    while (low < high) {
        ULONG middle = (low + high) / 2;
        int order = VfpCompareNames(Name, VfpSignatures[middle].Name);
        if (order == 0)
            return &VfpSignatures[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

VF_DRIVER *VfpDriverOf(const MM_IMAGE *Image)
{
    KIRQL irql = KeLockAcquire(&VfpLock);
    VF_DRIVER *found = NULL;
    PLIST_ENTRY entry;

    for (entry = VfpDrivers.Flink; entry != &VfpDrivers && found == NULL; entry = entry->Flink) {
        VF_DRIVER *driver = CONTAINING_RECORD(entry, VF_DRIVER, Link);
        if (driver->Image == Image)
            found = driver;
    }
    KeLockRelease(&VfpLock, irql);
    return found;
}

static bool VfpCountImport(void *Context, const PE_IMPORT *Import)
{
    (void)Import;
    ++*(ULONG *)Context;
    return true;
}

static VF_DRIVER *VfpCreateDriver(const MM_IMAGE *Image)
{
    ULONG capacity = VF_SPARE_IMPORTS;
    VF_DRIVER *driver;
    KIRQL irql;

    PeEnumerateImports(&Image->Pe, VfpCountImport, &capacity);
    PeEnumerateDelayImports(&Image->Pe, VfpCountImport, &capacity);
    driver = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(VF_DRIVER) + capacity * sizeof(VF_IMPORT), 'fVmM');
    if (driver == NULL)
        return NULL;
    RtlZeroMemory(driver, sizeof(VF_DRIVER) + capacity * sizeof(VF_IMPORT));
    driver->Image = Image;
    driver->Capacity = capacity;
    if (VfpTrace)
        driver->Thunks = ExAllocatePoolWithTag(NonPagedPool, capacity * VF_THUNK_SIZE, 'fVmM');
    irql = KeLockAcquire(&VfpLock);
    InsertTailList(&VfpDrivers, &driver->Link);
    KeLockRelease(&VfpLock, irql);
    return driver;
}

static VOID VfpCopyName(PCHAR To, ULONG Size, PCSTR From)
{
    ULONG i;
    for (i = 0; i + 1 < Size && From[i] != '\0'; i++)
        To[i] = From[i];
    To[i] = '\0';
}

static VOID VfpNameOrdinal(PCHAR To, USHORT Ordinal)
{
    ULONG divisor = 10000;
    *To++ = '#';
    while (divisor > 1 && Ordinal / divisor == 0)
        divisor /= 10;
    for (; divisor != 0; divisor /= 10)
        *To++ = (CHAR)('0' + Ordinal / divisor % 10);
    *To = '\0';
}

static VF_IMPORT *VfpNewImport(VF_DRIVER *Driver, MM_IMAGE *Owner, PCSTR Module, PCSTR Name, USHORT Ordinal)
{
    LONG index = InterlockedIncrement(&Driver->Count) - 1;
    VF_IMPORT *import;

    if (index >= (LONG)Driver->Capacity) {
        InterlockedDecrement(&Driver->Count);
        return NULL;
    }
    import = &Driver->Imports[index];
    import->Owner = Owner;
    VfpCopyName(import->Module, sizeof(import->Module), Module);
    if (Name != NULL)
        VfpCopyName(import->Name, sizeof(import->Name), Name);
    else
        VfpNameOrdinal(import->Name, Ordinal);
    return import;
}

/* The module that an import names: a loaded image, and nothing else. */
static ULONG64 VfpResolve(const PE_IMPORT *Import)
{
    MM_IMAGE *image = MmFindImage(Import->Module);
    return image != NULL ? MmFindExport(image, Import->Name, Import->Ordinal) : 0;
}

BOOLEAN VfBindImport(PVOID Context, MM_IMAGE *Importer, const PE_IMPORT *Import, ULONG64 *Address)
{
    VF_DRIVER *driver = VfpDriverOf(Importer);
    VF_IMPORT *import;

    (void)Context;
    if (driver == NULL)
        driver = VfpCreateDriver(Importer);
    if (driver == NULL)
        return FALSE;
    import = VfpNewImport(driver, Importer, Import->Module, Import->Name, Import->Ordinal);
    if (import == NULL)
        return FALSE;
    import->Target = VfpResolve(Import);
    import->Signature = Import->Name != NULL ? VfpFindSignature(Import->Name) : NULL;
    *Address = import->Target != 0 ? VfpMakeThunk(driver, import) : VfpAllocateTrap(import);
    return *Address != 0;
}

VOID VfQueryImports(const MM_IMAGE *Image, VF_IMPORT_COUNTS *Counts)
{
    VF_DRIVER *driver = VfpDriverOf(Image);
    LONG i;

    RtlZeroMemory(Counts, sizeof(*Counts));
    for (i = 0; driver != NULL && i < driver->Count; i++) {
        const VF_IMPORT *import = &driver->Imports[i];
        Counts->Total++;
        Counts->Resolved += import->Target != 0;
        Counts->Trapped += import->Target == 0;
        Counts->Partial += import->Target != 0 && import->Signature != NULL && import->Signature->Partial;
    }
}

VOID VfForgetImage(const MM_IMAGE *Image)
{
    VF_DRIVER *driver = VfpDriverOf(Image);
    KIRQL irql;

    if (driver == NULL)
        return;
    irql = KeLockAcquire(&VfpLock);
    RemoveEntryList(&driver->Link);
    KeLockRelease(&VfpLock, irql);
    VfpReleaseTraps(driver);
    if (driver->Thunks != NULL)
        ExFreePoolWithTag(driver->Thunks, 'fVmM');
    ExFreePoolWithTag(driver, 'fVmM');
}

VOID VfInitialize(BOOLEAN Trace)
{
    VfpTrace = Trace;
    KeUpcalls.MissingImport = VfpMissingImport;
    IoUpcalls.BindImport = VfBindImport;
    IoUpcalls.ForgetImage = VfForgetImage;
}

/* ---- MmGetSystemRoutineAddress: here, because the answer is the caller's own thunk ---- */
static VF_IMPORT *VfpFindImport(VF_DRIVER *Driver, PCSTR Name)
{
    LONG i;
    for (i = 0; i < Driver->Count; i++)
        if (VfpCompareNames(Driver->Imports[i].Name, Name) == 0)
            return &Driver->Imports[i];
    return NULL;
}

static ULONG64 VfpThunkFor(MM_IMAGE *Caller, PCSTR Name, ULONG64 Target)
{
    VF_DRIVER *driver = Caller != NULL ? VfpDriverOf(Caller) : NULL;
    VF_IMPORT *import;

    if (driver == NULL || driver->Thunks == NULL)
        return Target;
    import = VfpFindImport(driver, Name);
    if (import == NULL) {
        import = VfpNewImport(driver, Caller, "ntoskrnl.exe", Name, 0);
        if (import == NULL)
            return Target;
        import->Target = Target;
        import->Signature = VfpFindSignature(Name);
    }
    return VfpMakeThunk(driver, import);
}

PVOID NTAPI MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    ULONG64 caller = (ULONG64)__builtin_return_address(0), target;
    MM_IMAGE *kernel = CONTAINING_RECORD(PsLoadedModuleList.Flink, MM_IMAGE, Entry.InLoadOrderLinks);
    CHAR name[96];
    ULONG i, length = SystemRoutineName->Length / sizeof(WCHAR);

    if (length == 0 || length >= sizeof(name))
        return NULL;
    for (i = 0; i < length; i++)
        name[i] = SystemRoutineName->Buffer[i] < 0x7F ? (CHAR)SystemRoutineName->Buffer[i] : '?';
    name[length] = '\0';
    target = MmFindExport(kernel, name, 0);
    return target != 0 ? (PVOID)VfpThunkFor(MmImageOfAddress(caller), name, target) : NULL;
}
