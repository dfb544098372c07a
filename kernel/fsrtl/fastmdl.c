/* SPDX-License-Identifier: MIT
 * Fast I/O on the cache's own pages, and the counters of the performance of cached reads.
 */
#include "fastio.h"

VOID FsRtlCount(FSRTL_COUNT Which, BOOLEAN Mdl)
{
    PKPRCB prcb = KeGetCurrentPrcb();
    volatile ULONG *const plain[] = { &prcb->CcFastReadNoWait, &prcb->CcFastReadWait, &prcb->CcFastReadNotPossible,
                                      &prcb->CcFastReadResourceMiss };
    volatile ULONG *const mdl[] = { &prcb->CcFastMdlReadNoWait, &prcb->CcFastMdlReadWait, &prcb->CcFastMdlReadNotPossible,
                                    &prcb->CcFastMdlReadResourceMiss };

    InterlockedIncrement((volatile LONG *)(Mdl ? mdl : plain)[Which]);
}

VOID NTAPI FsRtlIncrementCcFastReadNoWait(VOID) { FsRtlCount(FsRtlCountNoWait, FALSE); }
VOID NTAPI FsRtlIncrementCcFastReadWait(VOID) { FsRtlCount(FsRtlCountWait, FALSE); }
VOID NTAPI FsRtlIncrementCcFastReadNotPossible(VOID) { FsRtlCount(FsRtlCountNotPossible, FALSE); }
VOID NTAPI FsRtlIncrementCcFastReadResourceMiss(VOID) { FsRtlCount(FsRtlCountResourceMiss, FALSE); }

/* ---- Reading ---- */
static BOOLEAN FsRtlDescribeForRead(const FSRTL_FAST *Fast, PVOID Target, PIO_STATUS_BLOCK Result)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Fast->Offset };
    CcMdlRead(Fast->File, &offset, Fast->Length, Target, Result);
    return NT_SUCCESS(Result->Status);
}

BOOLEAN NTAPI FsRtlMdlReadDev(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                              PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    FSRTL_FAST fast = { FileObject, (ULONG64)FileOffset->QuadPart, Length, LockKey, DeviceObject, TRUE, FALSE, TRUE };
    return FsRtlTryFast(&fast, FsRtlDescribeForRead, MdlChain, IoStatus);
}

BOOLEAN NTAPI FsRtlMdlReadCompleteDev(PFILE_OBJECT FileObject, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    CcMdlReadComplete(FileObject, MdlChain);
    return TRUE;
}

/* ---- Writing ---- */
static BOOLEAN FsRtlDescribeForWrite(const FSRTL_FAST *Fast, PVOID Target, PIO_STATUS_BLOCK Result)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Fast->Offset };
    CcPrepareMdlWrite(Fast->File, &offset, Fast->Length, Target, Result);
    return NT_SUCCESS(Result->Status);
}

BOOLEAN NTAPI FsRtlPrepareMdlWriteDev(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                                      PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    FSRTL_FAST fast = { FileObject, (ULONG64)FileOffset->QuadPart, Length, LockKey, DeviceObject, TRUE, TRUE, TRUE };
    return !(FileObject->Flags & FO_WRITE_THROUGH) && FsRtlTryFast(&fast, FsRtlDescribeForWrite, MdlChain, IoStatus);
}

/* What goes through to the disk at once is a request's work. */
BOOLEAN NTAPI FsRtlMdlWriteCompleteDev(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    if (FileObject->Flags & FO_WRITE_THROUGH)
        return FALSE;
    CcMdlWriteComplete(FileObject, FileOffset, MdlChain);
    return TRUE;
}

/* ---- As the file system of the file does it ---- */
static PFAST_IO_DISPATCH FsRtlFastDispatchOf(PFILE_OBJECT File, PDEVICE_OBJECT *Device)
{
    *Device = IoGetRelatedDeviceObject(File);
    return (*Device)->DriverObject->FastIoDispatch;
}

/* Its table has no such routine if it is shorter than that. */
#define FSRTL_HAS(Dispatch, Field) \
    ((Dispatch) != NULL && (Dispatch)->SizeOfFastIoDispatch > FIELD_OFFSET(FAST_IO_DISPATCH, Field) && (Dispatch)->Field != NULL)

BOOLEAN NTAPI FsRtlMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                           PIO_STATUS_BLOCK IoStatus)
{
    PDEVICE_OBJECT device;
    PFAST_IO_DISPATCH dispatch = FsRtlFastDispatchOf(FileObject, &device);

    return FSRTL_HAS(dispatch, MdlRead) && dispatch->MdlRead(FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus, device);
}

BOOLEAN NTAPI FsRtlMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain)
{
    PDEVICE_OBJECT device;
    PFAST_IO_DISPATCH dispatch = FsRtlFastDispatchOf(FileObject, &device);

    return FSRTL_HAS(dispatch, MdlReadComplete) && dispatch->MdlReadComplete(FileObject, MdlChain, device);
}

BOOLEAN NTAPI FsRtlPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                                   PIO_STATUS_BLOCK IoStatus)
{
    PDEVICE_OBJECT device;
    PFAST_IO_DISPATCH dispatch = FsRtlFastDispatchOf(FileObject, &device);

    return FSRTL_HAS(dispatch, PrepareMdlWrite) &&
           dispatch->PrepareMdlWrite(FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus, device);
}

BOOLEAN NTAPI FsRtlMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain)
{
    PDEVICE_OBJECT device;
    PFAST_IO_DISPATCH dispatch = FsRtlFastDispatchOf(FileObject, &device);

    return FSRTL_HAS(dispatch, MdlWriteComplete) && dispatch->MdlWriteComplete(FileObject, FileOffset, MdlChain, device);
}
