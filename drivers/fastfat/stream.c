/* SPDX-License-Identifier: MIT
 * Metadata through the cache: the core maps and pins pages of stream files. What Cc raises when it cannot read becomes "nothing there".
 */
#include "fastfat.h"

#define FAT_PIN_WRITE 1u                         /* in the lowest bit of a pin */

static BOOLEAN NTAPI FatAcquireStream(PVOID Context, BOOLEAN Wait)
{
    return TRUE;
}
static VOID NTAPI FatReleaseStream(PVOID Context)
{
}

/* Its pages never move on the disk while they are cached, so their writers need no lock. */
static CACHE_MANAGER_CALLBACKS StreamCallbacks = { FatAcquireStream, FatReleaseStream, FatAcquireStream, FatReleaseStream };

static void *FatAllocate(size_t Bytes)
{
    return ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, FAT_TAG);
}
static void FatFreeBlock(void *Block)
{
    ExFreePoolWithTag(Block, FAT_TAG);
}

static uint8_t *FatMap(void *Stream, uint64_t Offset, uint32_t Length, bool Write, void **Pin)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Offset };
    PVOID bcb = NULL, bytes = NULL;
    BOOLEAN mapped = FALSE;

    __try {
        mapped = Write ? CcPinRead(Stream, &offset, Length, PIN_WAIT, &bcb, &bytes)
                       : CcMapData(Stream, &offset, Length, MAP_WAIT, &bcb, &bytes);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        mapped = FALSE;
    }
    *Pin = (PVOID)((ULONG_PTR)bcb | (Write ? FAT_PIN_WRITE : 0));
    return mapped ? bytes : NULL;
}

static void FatUnmap(void *Pin)
{
    PVOID bcb = (PVOID)((ULONG_PTR)Pin & ~(ULONG_PTR)FAT_PIN_WRITE);

    if ((ULONG_PTR)Pin & FAT_PIN_WRITE)
        CcSetDirtyPinnedData(bcb, NULL);
    CcUnpinData(bcb);
}

static uint16_t FatUpcase(uint16_t Character)
{
    if (Character < 0x80)
        return Character >= 'a' && Character <= 'z' ? (uint16_t)(Character - 32) : Character;
    return RtlUpcaseUnicodeChar(Character);
}

/* A character that the code page lacks becomes its default there, which does not come back. */
static uint8_t FatToOem(uint16_t Character)
{
    WCHAR wide = Character, back = 0;
    CHAR bytes[2];
    ULONG length = 0;

    if (Character < 0x80)
        return (uint8_t)Character;
    if (!NT_SUCCESS(RtlUnicodeToOemN(bytes, sizeof(bytes), &length, &wide, sizeof(wide))) || length != 1 ||
        !NT_SUCCESS(RtlOemToUnicodeN(&back, sizeof(back), &length, bytes, 1)) || back != wide)
        return 0;
    return (uint8_t)bytes[0];
}

static uint16_t FatFromOem(uint8_t Character)
{
    CHAR byte = (CHAR)Character;
    WCHAR wide = L'_';
    ULONG length;

    if (Character < 0x80)
        return Character;
    RtlOemToUnicodeN(&wide, sizeof(wide), &length, &byte, 1);
    return wide;
}

const FAT_HOST FatHost = { FatAllocate, FatFreeBlock, FatMap, FatUnmap, FatUpcase, FatToOem, FatFromOem };

NTSTATUS FatOpenStream(FAT_VCB *Vcb, PVOID Context, PFSRTL_ADVANCED_FCB_HEADER Header, FAT_STREAM *Stream)
{
    CC_FILE_SIZES sizes = { Header->AllocationSize, Header->FileSize, Header->ValidDataLength };
    NTSTATUS status = STATUS_SUCCESS;

    __try {
        Stream->File = IoCreateStreamFileObjectLite(NULL, Vcb->Vpb->RealDevice);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Stream->File = NULL;
    }
    if (Stream->File == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Stream->File->FsContext = Context;
    Stream->File->FsContext2 = NULL;
    Stream->File->SectionObjectPointer = &Stream->Section;
    Stream->File->ReadAccess = Stream->File->WriteAccess = Stream->File->DeleteAccess = TRUE;
    __try {
        CcInitializeCacheMap(Stream->File, &sizes, TRUE, &StreamCallbacks, Context);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!NT_SUCCESS(status)) {
        ObDereferenceObject(Stream->File);
        Stream->File = NULL;
    }
    return status;
}

/* What is dirty was flushed or belongs to nothing any more. */
VOID FatCloseStream(FAT_STREAM *Stream)
{
    LARGE_INTEGER nothing = { .QuadPart = 0 };
    CACHE_UNINITIALIZE_EVENT gone;

    if (Stream->File == NULL)
        return;
    KeInitializeEvent(&gone.Event, NotificationEvent, FALSE);
    CcUninitializeCacheMap(Stream->File, &nothing, &gone);
    KeWaitForSingleObject(&gone.Event, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Stream->File);
    Stream->File = NULL;
}

NTSTATUS FatFlushSection(PSECTION_OBJECT_POINTERS Section, PLARGE_INTEGER Offset, ULONG Length)
{
    IO_STATUS_BLOCK result = { { STATUS_SUCCESS }, 0 };

    if (Section->DataSectionObject == NULL)
        return STATUS_SUCCESS;
    CcFlushCache(Section, Offset, Length, &result);
    return result.Status;
}

NTSTATUS FatFlushStream(FAT_STREAM *Stream)
{
    return Stream->File == NULL ? STATUS_SUCCESS : FatFlushSection(&Stream->Section, NULL, 0);
}
