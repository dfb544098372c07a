/* SPDX-License-Identifier: MIT
 * IRP_MJ_QUERY_INFORMATION. Each class fills what is at Buffer and takes that many bytes off Length.
 */
#include "fastfat.h"

typedef struct FAT_ANSWER {
    PUCHAR Buffer;
    ULONG Length;                                /* that are left */
} FAT_ANSWER;

/* The next bytes, zeroed; NULL: too few are left. */
static PVOID FatReserveAnswer(FAT_ANSWER *Answer, ULONG Bytes)
{
    PVOID place = Answer->Buffer;

    if (Answer->Length < Bytes)
        return NULL;
    RtlZeroMemory(place, Bytes);
    Answer->Buffer += Bytes;
    Answer->Length -= Bytes;
    return place;
}

VOID FatQueryBasic(FAT_FCB *Fcb, PFILE_BASIC_INFORMATION Information)
{
    Information->CreationTime = FatToSystemTime(Fcb->Record.Created);
    Information->LastAccessTime = FatToSystemTime(Fcb->Record.Accessed);
    Information->LastWriteTime = Information->ChangeTime = FatToSystemTime(Fcb->Record.Written);
    Information->FileAttributes = FatAttributesOf(&Fcb->Record);
}

VOID FatQueryStandard(FAT_FCB *Fcb, PFILE_STANDARD_INFORMATION Information)
{
    BOOLEAN folder = FatIsFolder(Fcb);

    if (!folder) {
        Information->AllocationSize = Fcb->Header.AllocationSize;
        Information->EndOfFile = Fcb->Header.FileSize;
    }
    Information->NumberOfLinks = Fcb->DeletePending ? 0 : 1;
    Information->DeletePending = Fcb->DeletePending;
    Information->Directory = folder;
}

VOID FatQueryNetworkOpen(FAT_FCB *Fcb, PFILE_NETWORK_OPEN_INFORMATION Information)
{
    FILE_BASIC_INFORMATION basic;

    FatQueryBasic(Fcb, &basic);
    Information->CreationTime = basic.CreationTime;
    Information->LastAccessTime = basic.LastAccessTime;
    Information->LastWriteTime = Information->ChangeTime = basic.LastWriteTime;
    Information->FileAttributes = basic.FileAttributes;
    if (!FatIsFolder(Fcb)) {
        Information->AllocationSize = Fcb->Header.AllocationSize;
        Information->EndOfFile = Fcb->Header.FileSize;
    }
}

/* Where the entry lies on the disk: another file never has the same while this one is there. The root has 0. */
static LARGE_INTEGER FatFileNumber(FAT_FCB *Fcb)
{
    LARGE_INTEGER number = { .QuadPart = 0 };

    if (Fcb->Parent != NULL)
        number.QuadPart = (LONG64)((ULONG64)FatFirstCluster(&Fcb->Parent->Runs) << 32 | (Fcb->Offset + 1));
    return number;
}

/* As much of the name as there is room for. */
static NTSTATUS FatAnswerName(FAT_ANSWER *Answer, PCUNICODE_STRING Name)
{
    PFILE_NAME_INFORMATION information = FatReserveAnswer(Answer, FIELD_OFFSET(FILE_NAME_INFORMATION, FileName));
    ULONG bytes;

    if (information == NULL)
        return STATUS_INFO_LENGTH_MISMATCH;
    information->FileNameLength = Name->Length;
    bytes = min(Name->Length, Answer->Length);
    RtlCopyMemory(information->FileName, Name->Buffer, bytes);
    Answer->Length -= bytes;
    return bytes < Name->Length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS FatAnswerPath(FAT_ANSWER *Answer, FAT_FCB *Fcb)
{
    UNICODE_STRING path;
    NTSTATUS status = FatGetPath(Fcb, &path);

    if (!NT_SUCCESS(status))
        return status;
    status = FatAnswerName(Answer, &path);
    ExFreePoolWithTag(path.Buffer, FAT_TAG);
    return status;
}

/* The I/O manager fills what it knows itself: access, mode, alignment. */
static NTSTATUS FatAnswerAll(FAT_ANSWER *Answer, FAT_FCB *Fcb, PFILE_OBJECT File)
{
    PFILE_ALL_INFORMATION all = FatReserveAnswer(Answer, FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation));

    if (all == NULL)
        return STATUS_INFO_LENGTH_MISMATCH;
    FatQueryBasic(Fcb, &all->BasicInformation);
    FatQueryStandard(Fcb, &all->StandardInformation);
    all->InternalInformation.IndexNumber = FatFileNumber(Fcb);
    all->PositionInformation.CurrentByteOffset = File->CurrentByteOffset;
    return FatAnswerPath(Answer, Fcb);
}

static NTSTATUS FatAnswerFixed(FAT_ANSWER *Answer, FAT_FCB *Fcb, PFILE_OBJECT File, FILE_INFORMATION_CLASS Class)
{
    static const UCHAR sizes[FileMaximumInformation] = {
        [FileBasicInformation] = sizeof(FILE_BASIC_INFORMATION),
        [FileStandardInformation] = sizeof(FILE_STANDARD_INFORMATION),
        [FileInternalInformation] = sizeof(FILE_INTERNAL_INFORMATION),
        [FileEaInformation] = sizeof(FILE_EA_INFORMATION),
        [FilePositionInformation] = sizeof(FILE_POSITION_INFORMATION),
        [FileNetworkOpenInformation] = sizeof(FILE_NETWORK_OPEN_INFORMATION),
        [FileAttributeTagInformation] = sizeof(FILE_ATTRIBUTE_TAG_INFORMATION),
    };
    PVOID place;

    if ((ULONG)Class >= FileMaximumInformation || sizes[Class] == 0)
        return STATUS_INVALID_PARAMETER;
    place = FatReserveAnswer(Answer, sizes[Class]);
    if (place == NULL)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (Class == FileBasicInformation)
        FatQueryBasic(Fcb, place);
    else if (Class == FileStandardInformation)
        FatQueryStandard(Fcb, place);
    else if (Class == FileInternalInformation)
        ((PFILE_INTERNAL_INFORMATION)place)->IndexNumber = FatFileNumber(Fcb);
    else if (Class == FilePositionInformation)
        ((PFILE_POSITION_INFORMATION)place)->CurrentByteOffset = File->CurrentByteOffset;
    else if (Class == FileNetworkOpenInformation)
        FatQueryNetworkOpen(Fcb, place);
    else if (Class == FileAttributeTagInformation)
        ((PFILE_ATTRIBUTE_TAG_INFORMATION)place)->FileAttributes = FatAttributesOf(&Fcb->Record);
    return STATUS_SUCCESS;                       /* FileEaInformation: there are none */
}

NTSTATUS FatQueryInformation(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FILE_INFORMATION_CLASS class = Location->Parameters.QueryFile.FileInformationClass;
    FAT_ANSWER answer = { Irp->AssociatedIrp.SystemBuffer, Location->Parameters.QueryFile.Length };
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status;

    if (ccb == NULL || ccb->Fcb == NULL)
        return STATUS_INVALID_PARAMETER;
    ExAcquireResourceSharedLite(&Vcb->Resource, TRUE);
    ExAcquireResourceSharedLite(&ccb->Fcb->Resource, TRUE);
    if (Vcb->Dismounted)
        status = STATUS_VOLUME_DISMOUNTED;
    else if (class == FileAllInformation)
        status = FatAnswerAll(&answer, ccb->Fcb, Location->FileObject);
    else if (class == FileNameInformation)
        status = FatAnswerPath(&answer, ccb->Fcb);
    else if (class == FileAlternateNameInformation)
        status = ccb->Fcb->Parent == NULL ? STATUS_OBJECT_NAME_NOT_FOUND : FatAnswerName(&answer, &ccb->Fcb->ShortName);
    else
        status = FatAnswerFixed(&answer, ccb->Fcb, Location->FileObject, class);
    ExReleaseResourceLite(&ccb->Fcb->Resource);
    ExReleaseResourceLite(&Vcb->Resource);
    if (NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW)
        Irp->IoStatus.Information = Location->Parameters.QueryFile.Length - answer.Length;
    return status;
}

/* FAT has no extended attributes. */
NTSTATUS FatQueryEa(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    return STATUS_EAS_NOT_SUPPORTED;
}
