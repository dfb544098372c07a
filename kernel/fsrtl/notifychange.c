/* SPDX-License-Identifier: MIT
 * Notification of changes in directories: whom a change concerns, and how it is told. A watcher without a request that waits keeps
 * records in a buffer as large as its first request's; when that is full, or there is none, the watcher must look for itself
 * (STATUS_NOTIFY_ENUM_DIR).
 */
#include "fsrtlp.h"

#define FSRTL_RECORD_HEAD ((ULONG)FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName))

/* ---- Whom it concerns ---- */

/* Unicode, if what begins an ASCII path is one; the file system's names are either all so or none. */
static ULONG FsRtlCharacterSize(const STRING *Name) { return Name->Length >= sizeof(WCHAR) && Name->Buffer[1] == 0 ? sizeof(WCHAR) : 1; }

static BOOLEAN FsRtlBeginsWith(const STRING *Name, const STRING *Start)
{
    return Name->Length >= Start->Length && RtlEqualMemory(Name->Buffer, Start->Buffer, Start->Length);
}

static BOOLEAN FsRtlIsRoot(const STRING *Name, ULONG Character) { return Name->Length == Character; }

/* Whether a directory is the watched one or, if that is asked for, below it; Rest: where its part below begins. */
static BOOLEAN FsRtlIsBelow(const FSRTL_NOTIFY *Notify, const STRING *Parent, ULONG Character, PUSHORT Rest)
{
    const STRING *watched = Notify->Directory;

    if (!FsRtlBeginsWith(Parent, watched))
        return FALSE;
    *Rest = watched->Length;
    if (Parent->Length == watched->Length)
        return TRUE;
    if (!Notify->Tree)
        return FALSE;
    if (FsRtlIsRoot(watched, Character))
        return TRUE;
    *Rest += (USHORT)Character;
    return Parent->Buffer[watched->Length] == '\\' && (Character == 1 || Parent->Buffer[watched->Length + 1] == 0);
}

static const STRING *FsRtlMatchingParent(const FSRTL_NOTIFY *Notify, const FSRTL_CHANGE *Change, PUSHORT Rest)
{
    if (Change->Normalized.Buffer != NULL && FsRtlIsBelow(Notify, &Change->Normalized, Change->Character, Rest))
        return &Change->Normalized;
    return FsRtlIsBelow(Notify, &Change->Parent, Change->Character, Rest) ? &Change->Parent : NULL;
}

BOOLEAN FsRtlChangeConcerns(const FSRTL_NOTIFY *Notify, const FSRTL_CHANGE *Change)
{
    const STRING *parent = NULL;
    USHORT rest = 0;

    if (Notify->Removed || Notify->Deleted || !(Notify->Completion & Change->Match))
        return FALSE;
    if (Notify->Directory != NULL) {
        parent = FsRtlMatchingParent(Notify, Change, &rest);
        if (parent == NULL)
            return FALSE;
        if (parent->Length != Notify->Directory->Length && Notify->Traverse != NULL &&
            !NT_SUCCESS(Notify->Traverse(Notify->FsContext, Change->TargetContext, Notify->Subject)))
            return FALSE;
    }
    return Notify->Filter == NULL || Notify->Filter(Notify->FsContext, Change->FilterContext);
}

/* ---- How it is told ---- */

/* The text at Target as Unicode; returns its bytes. */
static ULONG FsRtlPutText(PUCHAR Target, const CHAR *Text, ULONG Length, ULONG Character)
{
    ULONG bytes = 0;

    if (Character == sizeof(WCHAR)) {
        RtlCopyMemory(Target, Text, Length);
        return Length;
    }
    RtlOemToUnicodeN((PWCH)Target, Length * sizeof(WCHAR), &bytes, (PCHAR)Text, Length);
    return bytes;
}

static ULONG FsRtlPutMark(PUCHAR Target, WCHAR Mark)
{
    RtlCopyMemory(Target, &Mark, sizeof(Mark));
    return sizeof(Mark);
}

/* The name below the watched directory: parent, name, stream. What it needs at most is in FsRtlNameRoom. */
static ULONG FsRtlPutName(PUCHAR Target, const STRING *Parent, USHORT Rest, const FSRTL_CHANGE *Change)
{
    ULONG used = 0;

    if (Parent != NULL && Parent->Length > Rest) {
        used += FsRtlPutText(Target, Parent->Buffer + Rest, Parent->Length - Rest, Change->Character);
        used += FsRtlPutMark(Target + used, L'\\');
    }
    used += FsRtlPutText(Target + used, Change->Name.Buffer, Change->Name.Length, Change->Character);
    if (Change->Stream.Buffer != NULL) {
        used += FsRtlPutMark(Target + used, L':');
        used += FsRtlPutText(Target + used, Change->Stream.Buffer, Change->Stream.Length, Change->Character);
    }
    return used;
}

static ULONG FsRtlNameRoom(const STRING *Parent, USHORT Rest, const FSRTL_CHANGE *Change)
{
    ULONG bytes = Change->Name.Length + Change->Stream.Length + (Parent != NULL && Parent->Length > Rest ? Parent->Length - Rest : 0u);
    return bytes * (ULONG)(sizeof(WCHAR) / Change->Character) + 2 * sizeof(WCHAR);
}

static VOID FsRtlForgetRecords(FSRTL_NOTIFY *Notify)
{
    if (Notify->Buffer != NULL)
        ExFreePoolWithTag(Notify->Buffer, FSRTL_TAG_NOTIFY);
    Notify->Buffer = NULL;
    Notify->Used = Notify->Last = 0;
}

/* Where a record of so much name can be put, chained to the one before; NULL: nowhere. */
static FILE_NOTIFY_INFORMATION *FsRtlNextRecord(FSRTL_NOTIFY *Notify, ULONG NameRoom)
{
    ULONG at = (Notify->Used + 3) & ~3u;

    if (Notify->NoBuffer || Notify->Size < FSRTL_RECORD_HEAD + NameRoom || at > Notify->Size - FSRTL_RECORD_HEAD - NameRoom)
        return NULL;
    if (Notify->Buffer == NULL)
        Notify->Buffer = ExAllocatePoolWithTag(NonPagedPoolNx, Notify->Size, FSRTL_TAG_NOTIFY);
    if (Notify->Buffer == NULL)
        return NULL;
    if (Notify->Used != 0)
        ((FILE_NOTIFY_INFORMATION *)(Notify->Buffer + Notify->Last))->NextEntryOffset = at - Notify->Last;
    RtlZeroMemory(Notify->Buffer + Notify->Used, at - Notify->Used);
    Notify->Last = at;
    return (FILE_NOTIFY_INFORMATION *)(Notify->Buffer + at);
}

VOID FsRtlRecordChange(FSRTL_NOTIFY *Notify, const FSRTL_CHANGE *Change)
{
    USHORT rest = 0;
    const STRING *parent = Notify->Directory != NULL ? FsRtlMatchingParent(Notify, Change, &rest) : NULL;
    FILE_NOTIFY_INFORMATION *record;

    if (Notify->Overflow)
        return;
    record = FsRtlNextRecord(Notify, FsRtlNameRoom(parent, rest, Change));
    if (record == NULL) {
        FsRtlForgetRecords(Notify);
        Notify->Overflow = TRUE;
        return;
    }
    record->NextEntryOffset = 0;
    record->Action = Change->Action;
    record->FileNameLength = FsRtlPutName((PUCHAR)record->FileName, parent, rest, Change);
    Notify->Used = Notify->Last + FSRTL_RECORD_HEAD + record->FileNameLength;
}

/* ---- Delivery ---- */

/* The buffer goes with a request that brought none of the system's; its completion copies and frees it. FALSE: it cannot have it. */
static BOOLEAN FsRtlGiveRecords(FSRTL_NOTIFY *Notify, PIRP Irp)
{
    PVOID target;

    if (Irp->MdlAddress == NULL && Irp->AssociatedIrp.SystemBuffer == NULL) {
        Irp->AssociatedIrp.SystemBuffer = Notify->Buffer;
        Irp->Flags |= IRP_BUFFERED_IO | IRP_INPUT_OPERATION | IRP_DEALLOCATE_BUFFER;
        Notify->Buffer = NULL;
        return TRUE;
    }
    target = Irp->MdlAddress != NULL ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : Irp->AssociatedIrp.SystemBuffer;
    if (target == NULL)
        return FALSE;
    RtlCopyMemory(target, Notify->Buffer, Notify->Used);
    return TRUE;
}

VOID FsRtlDeliverChanges(FSRTL_NOTIFY *Notify, PIRP Irp)
{
    ULONG used = Notify->Used, room = IoGetCurrentIrpStackLocation(Irp)->Parameters.NotifyDirectory.Length;
    BOOLEAN given = !Notify->Overflow && room >= used && FsRtlGiveRecords(Notify, Irp);

    Irp->IoStatus.Status = given ? STATUS_SUCCESS : STATUS_NOTIFY_ENUM_DIR;
    Irp->IoStatus.Information = given ? used : 0;
    Notify->Overflow = FALSE;
    FsRtlForgetRecords(Notify);
}

/* An old name waits for the new one that follows it, so that both come together. */
static VOID FsRtlTell(FSRTL_NOTIFY *Notify, const FSRTL_CHANGE *Change, PLIST_ENTRY Done)
{
    PIRP irp;

    FsRtlRecordChange(Notify, Change);
    if (Change->Action == FILE_ACTION_RENAMED_OLD_NAME)
        return;
    irp = FsRtlTakeNotifyIrp(Notify);
    if (irp == NULL)
        return;
    FsRtlDeliverChanges(Notify, irp);
    InsertTailList(Done, &irp->Tail.Overlay.ListEntry);
}

/* The name's parts. FALSE: the offset is not within the name. */
static BOOLEAN FsRtlDescribeChange(FSRTL_CHANGE *Change, const STRING *Target, USHORT Offset, const STRING *Stream, const STRING *Normalized)
{
    USHORT character, parent;

    if (Offset > Target->Length)
        return FALSE;
    Change->Character = FsRtlCharacterSize(Target);
    character = (USHORT)Change->Character;
    parent = Offset > character ? (USHORT)(Offset - character) : Offset;         /* "\": the root is its separator */
    Change->Parent = (STRING){ parent, parent, Target->Buffer };
    Change->Name = (STRING){ (USHORT)(Target->Length - Offset), (USHORT)(Target->Length - Offset), Target->Buffer + Offset };
    if (Stream != NULL)
        Change->Stream = *Stream;
    if (Normalized != NULL)
        Change->Normalized = *Normalized;
    return TRUE;
}

VOID NTAPI FsRtlNotifyFilterReportChange(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PSTRING FullTargetName, USHORT TargetNameOffset,
                                         PSTRING StreamName, PSTRING NormalizedParentName, ULONG FilterMatch, ULONG Action,
                                         PVOID TargetContext, PVOID FilterContext)
{
    FSRTL_CHANGE change = { .Match = FilterMatch, .Action = Action, .TargetContext = TargetContext, .FilterContext = FilterContext };
    PLIST_ENTRY entry;
    LIST_ENTRY done;

    if (!FsRtlDescribeChange(&change, FullTargetName, TargetNameOffset, StreamName, NormalizedParentName))
        return;
    InitializeListHead(&done);
    FsRtlEnterNotify(NotifySync);
    for (entry = NotifyList->Flink; entry != NotifyList; entry = entry->Flink) {
        FSRTL_NOTIFY *notify = CONTAINING_RECORD(entry, FSRTL_NOTIFY, Links);
        if (FsRtlChangeConcerns(notify, &change))
            FsRtlTell(notify, &change, &done);
    }
    FsRtlLeaveNotify(NotifySync, NotifyList);
    FsRtlCompleteList(&done);
}

VOID NTAPI FsRtlNotifyFullReportChange(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PSTRING FullTargetName, USHORT TargetNameOffset,
                                       PSTRING StreamName, PSTRING NormalizedParentName, ULONG FilterMatch, ULONG Action,
                                       PVOID TargetContext)
{
    FsRtlNotifyFilterReportChange(NotifySync, NotifyList, FullTargetName, TargetNameOffset, StreamName, NormalizedParentName, FilterMatch,
                                  Action, TargetContext, NULL);
}
