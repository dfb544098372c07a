/* SPDX-License-Identifier: MIT
 * Fast I/O: what the cache answers without a request, and the locks that others take on the file system's behalf.
 */
#include "fastfat.h"

UCHAR FatFastIoState(FAT_FCB *Fcb)
{
    if (FatIsFolder(Fcb) || Fcb->Vcb->Dismounted || !FsRtlOplockIsFastIoPossible(&Fcb->Oplock))
        return FastIoIsNotPossible;
    return Fcb->Vcb->WriteProtected || FsRtlAreThereCurrentFileLocks(&Fcb->Lock) ? FastIoIsQuestionable : FastIoIsPossible;
}

/* NULL: the volume, or a stream of ours. */
static FAT_FCB *FatFileOf(PFILE_OBJECT File)
{
    FAT_CCB *ccb = File->FsContext2;
    return ccb == NULL ? NULL : ccb->Fcb;
}

static BOOLEAN NTAPI FatCheckIfPossible(PFILE_OBJECT File, PLARGE_INTEGER Offset, ULONG Length, BOOLEAN Wait, ULONG Key,
                                        BOOLEAN CheckForRead, PIO_STATUS_BLOCK Result, PDEVICE_OBJECT Device)
{
    LARGE_INTEGER length = { .QuadPart = Length };
    FAT_FCB *fcb = FatFileOf(File);

    if (fcb == NULL || FatIsFolder(fcb))
        return FALSE;
    if (CheckForRead)
        return FsRtlFastCheckLockForRead(&fcb->Lock, Offset, &length, Key, File, PsGetCurrentProcess());
    return !fcb->Vcb->WriteProtected && FsRtlFastCheckLockForWrite(&fcb->Lock, Offset, &length, Key, File, PsGetCurrentProcess());
}

/* A query under the file's lock; FALSE: a request must do it. */
static BOOLEAN FatBeginFast(PFILE_OBJECT File, BOOLEAN Wait, FAT_FCB **Fcb)
{
    *Fcb = FatFileOf(File);
    if (*Fcb == NULL || (*Fcb)->Vcb->Dismounted)
        return FALSE;
    FsRtlEnterFileSystem();
    if (ExAcquireResourceSharedLite(&(*Fcb)->Resource, Wait))
        return TRUE;
    FsRtlExitFileSystem();
    return FALSE;
}

static BOOLEAN FatEndFast(FAT_FCB *Fcb, ULONG Bytes, PIO_STATUS_BLOCK Result)
{
    ExReleaseResourceLite(&Fcb->Resource);
    FsRtlExitFileSystem();
    Result->Status = STATUS_SUCCESS;
    Result->Information = Bytes;
    return TRUE;
}

static BOOLEAN NTAPI FatFastBasic(PFILE_OBJECT File, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer, PIO_STATUS_BLOCK Result,
                                  PDEVICE_OBJECT Device)
{
    FAT_FCB *fcb;

    if (!FatBeginFast(File, Wait, &fcb))
        return FALSE;
    RtlZeroMemory(Buffer, sizeof(*Buffer));
    FatQueryBasic(fcb, Buffer);
    return FatEndFast(fcb, sizeof(*Buffer), Result);
}

static BOOLEAN NTAPI FatFastStandard(PFILE_OBJECT File, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer, PIO_STATUS_BLOCK Result,
                                     PDEVICE_OBJECT Device)
{
    FAT_FCB *fcb;

    if (!FatBeginFast(File, Wait, &fcb))
        return FALSE;
    RtlZeroMemory(Buffer, sizeof(*Buffer));
    FatQueryStandard(fcb, Buffer);
    return FatEndFast(fcb, sizeof(*Buffer), Result);
}

static BOOLEAN NTAPI FatFastNetworkOpen(PFILE_OBJECT File, BOOLEAN Wait, PFILE_NETWORK_OPEN_INFORMATION Buffer,
                                        PIO_STATUS_BLOCK Result, PDEVICE_OBJECT Device)
{
    FAT_FCB *fcb;

    if (!FatBeginFast(File, Wait, &fcb))
        return FALSE;
    RtlZeroMemory(Buffer, sizeof(*Buffer));
    FatQueryNetworkOpen(fcb, Buffer);
    return FatEndFast(fcb, sizeof(*Buffer), Result);
}

/* ---- Locks for memory management and the cache ---- */
/* For a section that is made: what mm asks of the file meanwhile (its size, more of it) takes the volume's lock before the file's. */
static VOID NTAPI FatAcquireFile(PFILE_OBJECT File)
{
    FAT_FCB *fcb = FatFileOf(File);

    if (fcb == NULL)
        return;
    ExAcquireResourceExclusiveLite(&fcb->Vcb->Resource, TRUE);
    ExAcquireResourceExclusiveLite(&fcb->Resource, TRUE);
}

static VOID NTAPI FatReleaseFile(PFILE_OBJECT File)
{
    FAT_FCB *fcb = FatFileOf(File);

    if (fcb == NULL)
        return;
    ExReleaseResourceLite(&fcb->Resource);
    ExReleaseResourceLite(&fcb->Vcb->Resource);
}

static NTSTATUS NTAPI FatAcquireForModWrite(PFILE_OBJECT File, PLARGE_INTEGER EndingOffset, PERESOURCE *Resource,
                                            PDEVICE_OBJECT Device)
{
    FAT_FCB *fcb = FatFileOf(File);

    *Resource = NULL;
    if (fcb == NULL)
        return STATUS_SUCCESS;
    if (!ExAcquireResourceSharedLite(&fcb->PagingIo, FALSE))
        return STATUS_CANT_WAIT;
    *Resource = &fcb->PagingIo;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI FatReleaseForModWrite(PFILE_OBJECT File, PERESOURCE Resource, PDEVICE_OBJECT Device)
{
    if (Resource != NULL)
        ExReleaseResourceLite(Resource);
    return STATUS_SUCCESS;
}

FAST_IO_DISPATCH FatFastIo = {
    .SizeOfFastIoDispatch = sizeof(FatFastIo),
    .FastIoCheckIfPossible = FatCheckIfPossible,
    .FastIoRead = FsRtlCopyRead,
    .FastIoWrite = FsRtlCopyWrite,
    .FastIoQueryBasicInfo = FatFastBasic,
    .FastIoQueryStandardInfo = FatFastStandard,
    .FastIoQueryNetworkOpenInfo = FatFastNetworkOpen,
    .AcquireFileForNtCreateSection = FatAcquireFile,
    .ReleaseFileForNtCreateSection = FatReleaseFile,
    .AcquireForModWrite = FatAcquireForModWrite,
    .ReleaseForModWrite = FatReleaseForModWrite,
    .MdlRead = FsRtlMdlReadDev,
    .MdlReadComplete = FsRtlMdlReadCompleteDev,
    .PrepareMdlWrite = FsRtlPrepareMdlWriteDev,
    .MdlWriteComplete = FsRtlMdlWriteCompleteDev,
};
