/* SPDX-License-Identifier: MIT
 * NVM Express: starting and stopping a controller (7.6).
 */
#include "nvme.h"

#define NVME_TRIES 100000u                       /* of 10 microseconds each */

DRIVER_INITIALIZE DriverEntry;

/* ---- The controller's state ---- */
static BOOLEAN NvmeAwait(NVME_DEVICE *Nvme, ULONG Mask, ULONG Wanted)
{
    ULONG i, status = 0;

    for (i = 0; i < NVME_TRIES; i++) {
        status = Nvme->Registers->Status;
        if ((status & Mask) == Wanted || status == MAXULONG)
            break;
        KeStallExecutionProcessor(10);
    }
    return (status & Mask) == Wanted && status != MAXULONG;
}

static VOID NvmeReset(STORAGE_DISK *Disk)
{
    NVME_DEVICE *nvme = NvmeDevice(Disk);

    nvme->Registers->Configuration = 0;
    NvmeAwait(nvme, NVME_READY, 0);
}

/* What is in its cache is written first. */
static VOID NvmeShutDown(NVME_DEVICE *Nvme)
{
    if (!(Nvme->Registers->Configuration & NVME_ENABLE))
        return;
    Nvme->Registers->Configuration |= NVME_SHUTDOWN;
    NvmeAwait(Nvme, 3u << 2, NVME_SHUT_DOWN);
}

static NTSTATUS NvmeEnable(NVME_DEVICE *Nvme)
{
    volatile NVME_REGISTERS *registers = Nvme->Registers;
    ULONG64 submission = (ULONG64)MmGetPhysicalAddress((PVOID)Nvme->Admin.Submission).QuadPart;
    ULONG64 completion = (ULONG64)MmGetPhysicalAddress((PVOID)Nvme->Admin.Completion).QuadPart;

    registers->AdminSizes = (NVME_ADMIN_QUEUE - 1) << 16 | (NVME_ADMIN_QUEUE - 1);
    registers->AdminSubmission[0] = (ULONG)submission;
    registers->AdminSubmission[1] = (ULONG)(submission >> 32);
    registers->AdminCompletion[0] = (ULONG)completion;
    registers->AdminCompletion[1] = (ULONG)(completion >> 32);
    registers->Configuration = NVME_CONFIGURATION;
    return NvmeAwait(Nvme, NVME_READY | NVME_FATAL, NVME_READY) ? STATUS_SUCCESS : STATUS_IO_DEVICE_ERROR;
}

/* ---- Memory ---- */

/* The registers are in the first memory range. */
static NTSTATUS NvmeMap(NVME_DEVICE *Nvme, PCM_RESOURCE_LIST Resources)
{
    PCM_PARTIAL_RESOURCE_LIST list = Resources != NULL && Resources->Count == 1 ? &Resources->List[0].PartialResourceList : NULL;
    ULONG i;

    for (i = 0; list != NULL && i < list->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR range = &list->PartialDescriptors[i];
        if (range->Type != CmResourceTypeMemory)
            continue;
        if (range->u.Memory.Length < NVME_DOORBELLS + PAGE_SIZE)
            break;
        Nvme->RegistersLength = range->u.Memory.Length;
        Nvme->Registers = MmMapIoSpace(range->u.Memory.Start, Nvme->RegistersLength, MmNonCached);
        return Nvme->Registers != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_DEVICE_CONFIGURATION_ERROR;
}

static NTSTATUS NvmeAllocate(NVME_DEVICE *Nvme, ULONG Entries)
{
    NTSTATUS status = NvmeCreatePair(&Nvme->Admin, 0, NVME_ADMIN_QUEUE);
    ULONG i;

    if (NT_SUCCESS(status))
        status = NvmeCreatePair(&Nvme->Io, 1, Entries);
    for (i = 0; i + 1 < Entries && NT_SUCCESS(status); i++) {
        Nvme->Lists[i] = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, STORAGE_TAG);        /* a page: it begins one */
        if (Nvme->Lists[i] == NULL)
            status = STATUS_INSUFFICIENT_RESOURCES;
        else
            Nvme->ListAddresses[i] = (ULONG64)MmGetPhysicalAddress(Nvme->Lists[i]).QuadPart;
    }
    return status;
}

/* What the controller can do must be enough: pages of 4 KiB, doorbells within its registers, more than one entry. */
static NTSTATUS NvmeCheckCapabilities(NVME_DEVICE *Nvme, PULONG Entries)
{
    ULONG low = Nvme->Registers->CapabilitiesLow, high = Nvme->Registers->CapabilitiesHigh;

    *Entries = min((low & 0xFFFF) + 1, NVME_QUEUE);
    Nvme->Stride = 4u << (high & 15);
    if ((high >> 16 & 15) != 0 || *Entries < 2 || NVME_DOORBELLS + 4 * Nvme->Stride > Nvme->RegistersLength)
        return STATUS_NOT_SUPPORTED;
    Nvme->Disk.SlotCount = *Entries - 1;
    return STATUS_SUCCESS;
}

/* ---- Start and stop ---- */
static VOID NvmeStop(STORAGE_DISK *Disk)
{
    NVME_DEVICE *nvme = NvmeDevice(Disk);
    ULONG i;

    NvmeShutDown(nvme);
    NvmeReset(Disk);
    StorageDisconnect(Disk);
    NvmeDeletePair(&nvme->Admin);
    NvmeDeletePair(&nvme->Io);
    for (i = 0; i < NVME_QUEUE; i++) {
        if (nvme->Lists[i] != NULL)
            ExFreePoolWithTag(nvme->Lists[i], STORAGE_TAG);
        nvme->Lists[i] = NULL;
    }
    MmUnmapIoSpace((PVOID)nvme->Registers, nvme->RegistersLength);
    nvme->Registers = NULL;
}

static NTSTATUS NvmePrepare(NVME_DEVICE *Nvme)
{
    ULONG entries;
    NTSTATUS status = NvmeCheckCapabilities(Nvme, &entries);

    if (!NT_SUCCESS(status))
        return status;
    NvmeReset(&Nvme->Disk);
    status = NvmeAllocate(Nvme, entries);
    if (NT_SUCCESS(status))
        status = NvmeEnable(Nvme);
    if (NT_SUCCESS(status))
        status = NvmeIdentify(Nvme);
    if (NT_SUCCESS(status))
        status = StorageConnect(&Nvme->Disk, NvmeDpc);
    return NT_SUCCESS(status) ? NvmeCreateQueues(Nvme) : status;
}

static NTSTATUS NvmeStart(STORAGE_DISK *Disk, PCM_RESOURCE_LIST Translated)
{
    NVME_DEVICE *nvme = NvmeDevice(Disk);
    NTSTATUS status = NvmeMap(nvme, Translated);

    if (!NT_SUCCESS(status))
        return status;
    status = NvmePrepare(nvme);
    if (!NT_SUCCESS(status))
        NvmeStop(Disk);
    return status;
}

static const STORAGE_OPERATIONS operations = {
    .ExtensionSize = sizeof(NVME_DEVICE), .BusType = BusTypeUnknown, .Product = "NVM Express", .Start = NvmeStart, .Stop = NvmeStop,
    .Submit = NvmeSubmit, .Kick = NvmeKick, .Reset = NvmeReset,
};

static NTSTATUS NTAPI NvmeAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo) { return StorageAddDevice(Driver, Pdo, &operations); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    StorageInitializeDriver(DriverObject, NvmeAddDevice);
    return STATUS_SUCCESS;
}
