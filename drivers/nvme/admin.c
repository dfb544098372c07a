/* SPDX-License-Identifier: MIT
 * Commands for administration, one at a time, waited for: what the disk is, and queues for transfers.
 */
#include "nvme.h"

#define NVME_ADMIN_TRIES 5000u                   /* of a millisecond each */

typedef struct NVME_CONTROLLER {                 /* 5.15.2.2: the parts that count */
    UCHAR Head[77], MaximumTransfer, Middle[525 - 78], WriteCache, Rest[4096 - 526];
} NVME_CONTROLLER;
typedef struct NVME_NAMESPACE {                  /* 5.15.2.1 */
    ULONG64 Blocks;
    UCHAR Head[26 - 8], Format, Middle[99 - 27], Attributes, More[128 - 100];
    ULONG Formats[16];                           /* bits 0-15: metadata, 16-23: size of a block as a power of two */
    UCHAR Rest[4096 - 192];
} NVME_NAMESPACE;
C_ASSERT(sizeof(NVME_CONTROLLER) == 4096 && FIELD_OFFSET(NVME_CONTROLLER, WriteCache) == 525);
C_ASSERT(sizeof(NVME_NAMESPACE) == 4096 && FIELD_OFFSET(NVME_NAMESPACE, Attributes) == 99 && FIELD_OFFSET(NVME_NAMESPACE, Formats) == 128);

static NTSTATUS NvmeAdminister(NVME_DEVICE *Nvme, NVME_COMMAND *Command)
{
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    NVME_COMPLETION completion;
    ULONG i;

    Command->Id = (USHORT)Nvme->Admin.Tail;
    NvmePut(&Nvme->Admin, Command);
    NvmeRing(Nvme, &Nvme->Admin);
    for (i = 0; i < NVME_ADMIN_TRIES; i++) {
        if (NvmeTake(&Nvme->Admin, &completion)) {
            NvmeRingCompletion(Nvme, &Nvme->Admin);
            return completion.Id == Command->Id && completion.Status >> 1 == 0 ? STATUS_SUCCESS : STATUS_DEVICE_CONFIGURATION_ERROR;
        }
        if (Nvme->Registers->Status & NVME_FATAL)
            return STATUS_IO_DEVICE_ERROR;
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    }
    return STATUS_IO_TIMEOUT;
}

static NTSTATUS NvmeAsk(NVME_DEVICE *Nvme, ULONG What, ULONG Namespace, PVOID Page)
{
    NVME_COMMAND command = { .Opcode = NVME_ADMIN_IDENTIFY, .Namespace = Namespace,
                             .Page1 = (ULONG64)MmGetPhysicalAddress(Page).QuadPart, .Words = { What } };
    return NvmeAdminister(Nvme, &command);
}

static NTSTATUS NvmeUseNamespace(STORAGE_DISK *Disk, const NVME_NAMESPACE *Namespace)
{
    ULONG format = Namespace->Formats[Namespace->Format & 15], shift = format >> 16 & 0xFF;

    if (shift < 9 || shift > PAGE_SHIFT || (format & 0xFFFF) != 0 || Namespace->Blocks > (ULONG64)MAXLONGLONG >> shift)
        return STATUS_NOT_SUPPORTED;
    Disk->BlockSize = Disk->PhysicalBlockSize = 1u << shift;
    Disk->Length = Namespace->Blocks << shift;
    Disk->ReadOnly = (Namespace->Attributes & 1) != 0;
    return STATUS_SUCCESS;
}

/* A page less than a command may name: the first may be a part of one. */
static VOID NvmeUseController(STORAGE_DISK *Disk, const NVME_CONTROLLER *Controller)
{
    ULONG pages = NVME_PAGES - 1;

    if (Controller->MaximumTransfer != 0 && Controller->MaximumTransfer < 8)
        pages = min(pages, 1u << Controller->MaximumTransfer);
    Disk->MaximumTransfer = pages * PAGE_SIZE;
    Disk->MaximumSegments = NVME_PAGES;
    Disk->HasCache = (Controller->WriteCache & 1) != 0;
    Disk->AlignmentMask = 3;
}

NTSTATUS NvmeIdentify(NVME_DEVICE *Nvme)
{
    PVOID page = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, STORAGE_TAG);
    NTSTATUS status;

    if (page == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(page, PAGE_SIZE);
    status = NvmeAsk(Nvme, NVME_IDENTIFY_CONTROLLER, 0, page);
    if (NT_SUCCESS(status)) {
        NvmeUseController(&Nvme->Disk, page);
        status = NvmeAsk(Nvme, NVME_IDENTIFY_ACTIVE, 0, page);
    }
    if (NT_SUCCESS(status)) {
        Nvme->Namespace = *(volatile ULONG *)page;
        status = Nvme->Namespace != 0 ? NvmeAsk(Nvme, NVME_IDENTIFY_NAMESPACE, Nvme->Namespace, page) : STATUS_NO_MEDIA_IN_DEVICE;
    }
    if (NT_SUCCESS(status))
        status = NvmeUseNamespace(&Nvme->Disk, page);
    if (status == STATUS_IO_TIMEOUT)
        Nvme->Disk.Operations->Reset(&Nvme->Disk);           /* it may still be writing there */
    ExFreePoolWithTag(page, STORAGE_TAG);
    return status;
}

NTSTATUS NvmeCreateQueues(NVME_DEVICE *Nvme)
{
    const NVME_PAIR *pair = &Nvme->Io;
    ULONG size = (pair->Entries - 1) << 16 | pair->Number;
    NVME_COMMAND completion = { .Opcode = NVME_ADMIN_CREATE_COMPLETION,
                                .Page1 = (ULONG64)MmGetPhysicalAddress((PVOID)pair->Completion).QuadPart,
                                .Words = { size, 3 } };      /* contiguous, with interrupts, of message 0 */
    NVME_COMMAND submission = { .Opcode = NVME_ADMIN_CREATE_SUBMISSION,
                                .Page1 = (ULONG64)MmGetPhysicalAddress((PVOID)pair->Submission).QuadPart,
                                .Words = { size, pair->Number << 16 | 1 } };
    NTSTATUS status = NvmeAdminister(Nvme, &completion);

    return NT_SUCCESS(status) ? NvmeAdminister(Nvme, &submission) : status;
}
