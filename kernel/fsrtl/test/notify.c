/* SPDX-License-Identifier: MIT
 * Watching directories: what is told to whom, in what form, and how watching ends.
 */
#include "../fsrtlp.h"
#include "test.h"

#define NAMES (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME)

typedef struct VOLUME {
    PNOTIFY_SYNC Sync;
    LIST_ENTRY List;
    FILE_OBJECT File;
    STRING Directory;                            /* of watchers that outlive their threads */
    UCHAR Buffer[256];                           /* where requests want their records */
} VOLUME;

static volatile LONG Completions;
static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completions);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* A request that gives a buffer of the system's own. */
static PIRP MakeIrp(VOLUME *Volume, ULONG Length)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    PIO_STACK_LOCATION location;

    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    location = IoGetCurrentIrpStackLocation(irp);
    location->MajorFunction = IRP_MJ_DIRECTORY_CONTROL;
    location->MinorFunction = IRP_MN_NOTIFY_CHANGE_DIRECTORY;
    location->FileObject = &Volume->File;
    location->Parameters.NotifyDirectory.Length = Length;
    irp->AssociatedIrp.SystemBuffer = Volume->Buffer;
    return irp;
}

static VOLUME *MakeVolume(VOID)
{
    VOLUME *volume = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*volume), 'tseT');

    if (!CHECK(volume != NULL))
        return NULL;
    RtlZeroMemory(volume, sizeof(*volume));
    InitializeListHead(&volume->List);
    FsRtlNotifyInitializeSync(&volume->Sync);
    CHECK(volume->Sync != NULL);
    Completions = 0;
    return volume;
}

static VOID DropVolume(VOLUME *Volume)
{
    FsRtlNotifyCleanupAll(Volume->Sync, &Volume->List);
    CHECK(IsListEmpty(&Volume->List));
    FsRtlNotifyUninitializeSync(&Volume->Sync);
    CHECK(Volume->Sync == NULL);
    ExFreePoolWithTag(Volume, 'tseT');
}

static STRING Wide(PCWSTR Text)
{
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, Text);
    return (STRING){ text.Length, text.Length, (PCHAR)text.Buffer };
}

static VOID Report(VOLUME *Volume, PCWSTR Path, ULONG Match, ULONG Action)
{
    STRING target = Wide(Path);
    FsRtlNotifyFullReportChange(Volume->Sync, &Volume->List, &target, (USHORT)((wcsrchr(Path, L'\\') + 1 - Path) * sizeof(WCHAR)), NULL,
                                NULL, Match, Action, NULL);
}

/* The record at Offset; returns where the next is, 0: it is the last. */
static ULONG CheckRecord(VOLUME *Volume, ULONG Offset, ULONG Action, PCWSTR Name)
{
    FILE_NOTIFY_INFORMATION *record = (FILE_NOTIFY_INFORMATION *)(Volume->Buffer + Offset);

    CHECK(record->Action == Action && record->FileNameLength == wcslen(Name) * sizeof(WCHAR));
    CHECK(RtlEqualMemory(record->FileName, Name, record->FileNameLength));
    return record->NextEntryOffset != 0 ? Offset + record->NextEntryOffset : 0;
}

static VOID Watch(VOLUME *Volume, PVOID Context, PSTRING Directory, BOOLEAN Tree, PIRP Irp)
{
    FsRtlNotifyFullChangeDirectory(Volume->Sync, &Volume->List, Context, Directory, Tree, FALSE, NAMES, Irp, NULL, NULL);
}

static VOID Records(VOID)
{
    VOLUME *volume = MakeVolume();
    STRING directory = Wide(L"\\dir");
    ULONG next;
    PIRP a, b;

    if (volume == NULL)
        return;
    a = MakeIrp(volume, 100);
    b = MakeIrp(volume, 100);
    Watch(volume, volume, &directory, FALSE, a);
    CHECK(Completions == 0 && a->CancelRoutine != NULL);
    Report(volume, L"\\dirt\\x", NAMES, FILE_ACTION_ADDED);                /* elsewhere, deeper, or of no interest */
    Report(volume, L"\\dir\\sub\\x", NAMES, FILE_ACTION_ADDED);
    Report(volume, L"\\dir\\x", FILE_NOTIFY_CHANGE_SIZE, FILE_ACTION_MODIFIED);
    CHECK(Completions == 0);
    Report(volume, L"\\dir\\x1", NAMES, FILE_ACTION_ADDED);
    CHECK(Completions == 1 && a->IoStatus.Status == STATUS_SUCCESS && a->IoStatus.Information == 12 + 4);
    CHECK(CheckRecord(volume, 0, FILE_ACTION_ADDED, L"x1") == 0);
    Report(volume, L"\\dir\\odd", NAMES, FILE_ACTION_REMOVED);             /* nobody waits: recorded */
    Report(volume, L"\\dir\\old", NAMES, FILE_ACTION_RENAMED_OLD_NAME);
    Report(volume, L"\\dir\\new", NAMES, FILE_ACTION_RENAMED_NEW_NAME);
    Watch(volume, volume, &directory, FALSE, b);
    CHECK(Completions == 2 && b->IoStatus.Status == STATUS_SUCCESS && b->IoStatus.Information == 20 + 20 + 18);
    next = CheckRecord(volume, 0, FILE_ACTION_REMOVED, L"odd");
    next = CheckRecord(volume, next, FILE_ACTION_RENAMED_OLD_NAME, L"old");
    CHECK(next == 40 && CheckRecord(volume, next, FILE_ACTION_RENAMED_NEW_NAME, L"new") == 0);
    IoFreeIrp(a);
    IoFreeIrp(b);
    DropVolume(volume);
}

static VOID Tree(VOID)
{
    VOLUME *volume = MakeVolume();
    STRING directory = Wide(L"\\"), bytes = { 7, 7, (PCHAR)"\\a\\file" }, top = { 1, 1, (PCHAR)"\\" }, stream = { 1, 1, (PCHAR)"s" };
    PIRP irp;

    if (volume == NULL)
        return;
    irp = MakeIrp(volume, 100);
    Watch(volume, volume, &directory, TRUE, irp);
    Report(volume, L"\\a\\b\\c", NAMES, FILE_ACTION_RENAMED_OLD_NAME);
    CHECK(Completions == 0);
    Report(volume, L"\\d", NAMES, FILE_ACTION_RENAMED_NEW_NAME);           /* both come together */
    CHECK(Completions == 1 && CheckRecord(volume, CheckRecord(volume, 0, FILE_ACTION_RENAMED_OLD_NAME, L"a\\b\\c"),
                                          FILE_ACTION_RENAMED_NEW_NAME, L"d") == 0);
    IoFreeIrp(irp);
    FsRtlNotifyCleanup(volume->Sync, &volume->List, volume);
    irp = MakeIrp(volume, 100);
    Watch(volume, &bytes, &top, TRUE, irp);                                /* names in bytes, and a stream */
    FsRtlNotifyFullReportChange(volume->Sync, &volume->List, &bytes, 3, &stream, NULL, NAMES, FILE_ACTION_ADDED_STREAM, NULL);
    CHECK(Completions == 2 && CheckRecord(volume, 0, FILE_ACTION_ADDED_STREAM, L"a\\file:s") == 0);
    IoFreeIrp(irp);
    DropVolume(volume);
}

static VOID Overflow(VOID)
{
    VOLUME *volume = MakeVolume();
    STRING directory = Wide(L"\\dir");
    PIRP irp;

    if (volume == NULL)
        return;
    irp = MakeIrp(volume, 20);
    Watch(volume, volume, &directory, FALSE, irp);
    Report(volume, L"\\dir\\far too long", NAMES, FILE_ACTION_ADDED);
    CHECK(Completions == 1 && irp->IoStatus.Status == STATUS_NOTIFY_ENUM_DIR && irp->IoStatus.Information == 0);
    IoFreeIrp(irp);
    Report(volume, L"\\dir\\a", NAMES, FILE_ACTION_ADDED);
    Report(volume, L"\\dir\\b", NAMES, FILE_ACTION_ADDED);                 /* the second does not fit */
    irp = MakeIrp(volume, 20);
    Watch(volume, volume, &directory, FALSE, irp);
    CHECK(Completions == 2 && irp->IoStatus.Status == STATUS_NOTIFY_ENUM_DIR);
    IoFreeIrp(irp);
    irp = MakeIrp(volume, 20);
    Watch(volume, volume, &directory, FALSE, irp);                         /* and then it starts anew */
    CHECK(Completions == 2);
    Report(volume, L"\\dir\\a", NAMES, FILE_ACTION_ADDED);
    CHECK(Completions == 3 && CheckRecord(volume, 0, FILE_ACTION_ADDED, L"a") == 0);
    IoFreeIrp(irp);
    DropVolume(volume);
}

/* ---- Callbacks ---- */
static NTSTATUS TraverseAnswer;
static BOOLEAN FilterAnswer;
static NTSTATUS NTAPI Traverse(PVOID Context, PVOID Target, PSECURITY_SUBJECT_CONTEXT Subject)
{
    CHECK(Target == &TraverseAnswer && Subject != NULL);
    return TraverseAnswer;
}
static BOOLEAN NTAPI Filter(PVOID Context, PVOID FilterContext)
{
    CHECK(FilterContext == &FilterAnswer);
    return FilterAnswer;
}

static VOID ReportFiltered(VOLUME *Volume, PSTRING Path, USHORT Offset)
{
    FsRtlNotifyFilterReportChange(Volume->Sync, &Volume->List, Path, Offset, NULL, NULL, NAMES, FILE_ACTION_ADDED, &TraverseAnswer,
                                  &FilterAnswer);
}

static VOID Asks(VOID)
{
    PSECURITY_SUBJECT_CONTEXT subject = ExAllocatePoolWithTag(PagedPool, sizeof(*subject), 'tseT');
    STRING directory = Wide(L"\\d"), deep = Wide(L"\\d\\e\\f"), near = Wide(L"\\d\\f");
    VOLUME *volume = MakeVolume();
    PIRP irp;

    if (volume == NULL || !CHECK(subject != NULL))
        return;
    SeCaptureSubjectContext(subject);
    irp = MakeIrp(volume, 100);
    FsRtlNotifyFilterChangeDirectory(volume->Sync, &volume->List, volume, &directory, TRUE, FALSE, NAMES, irp,
                                     (PCHECK_FOR_TRAVERSE_ACCESS)(PVOID)Traverse, subject, Filter);
    TraverseAnswer = STATUS_ACCESS_DENIED;
    FilterAnswer = TRUE;
    ReportFiltered(volume, &deep, 5 * sizeof(WCHAR));
    CHECK(Completions == 0);
    FilterAnswer = FALSE;
    ReportFiltered(volume, &near, 3 * sizeof(WCHAR));
    CHECK(Completions == 0);
    TraverseAnswer = STATUS_SUCCESS;
    FilterAnswer = TRUE;
    ReportFiltered(volume, &deep, 5 * sizeof(WCHAR));
    CHECK(Completions == 1 && CheckRecord(volume, 0, FILE_ACTION_ADDED, L"e\\f") == 0);
    IoFreeIrp(irp);
    DropVolume(volume);
}

static VOID Ends(VOID)
{
    STRING directory = Wide(L"\\d");
    VOLUME *volume = MakeVolume();
    PIRP irps[6];
    ULONG i;

    if (volume == NULL)
        return;
    for (i = 0; i < RTL_NUMBER_OF(irps); i++)
        irps[i] = MakeIrp(volume, 100);
    volume->File.FsContext = &directory;
    for (i = 0; i < 3; i++)
        Watch(volume, &irps[i], &directory, FALSE, irps[i]);
    CHECK(IoCancelIrp(irps[0]) && Completions == 1 && irps[0]->IoStatus.Status == STATUS_CANCELLED);
    FsRtlNotifyCleanup(volume->Sync, &volume->List, &irps[1]);
    CHECK(Completions == 2 && irps[1]->IoStatus.Status == STATUS_NOTIFY_CLEANUP);
    FsRtlNotifyFullChangeDirectory(volume->Sync, &volume->List, &directory, NULL, FALSE, FALSE, 0, NULL, NULL, NULL);    /* deleted */
    CHECK(Completions == 3 && irps[2]->IoStatus.Status == STATUS_DELETE_PENDING);
    Watch(volume, &irps[2], &directory, FALSE, irps[3]);
    CHECK(Completions == 4 && irps[3]->IoStatus.Status == STATUS_DELETE_PENDING);
    Watch(volume, &irps[4], &directory, FALSE, irps[4]);
    FsRtlNotifyCleanupAll(volume->Sync, &volume->List);
    CHECK(Completions == 5 && irps[4]->IoStatus.Status == STATUS_NOTIFY_CLEANUP && IsListEmpty(&volume->List));
    volume->File.Flags = FO_CLEANUP_COMPLETE;
    Watch(volume, &irps[5], &directory, FALSE, irps[5]);
    CHECK(Completions == 6 && irps[5]->IoStatus.Status == STATUS_NOTIFY_CLEANUP && IsListEmpty(&volume->List));
    for (i = 0; i < RTL_NUMBER_OF(irps); i++)
        IoFreeIrp(irps[i]);
    DropVolume(volume);
}

/* Reports, cancellations and cleanups of the same watchers at once: every request ends once. */
#define ROUNDS 200u
static NTSTATUS NTAPI Signal(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completions);
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID Race(PVOID Context, ULONG Index)
{
    VOLUME *volume = Context;
    PVOID watcher = &volume->Buffer[Index];
    KEVENT done;
    ULONG i;

    KeInitializeEvent(&done, SynchronizationEvent, FALSE);
    for (i = 0; i < ROUNDS; i++) {
        PIRP irp = MakeIrp(volume, 4);           /* no record fits: nothing is copied */
        IoGetCurrentIrpStackLocation(irp)->CompletionRoutine = Signal;
        IoGetCurrentIrpStackLocation(irp)->Context = &done;
        Watch(volume, watcher, &volume->Directory, FALSE, irp);
        Report(volume, L"\\d\\x", NAMES, FILE_ACTION_ADDED);
        IoCancelIrp(irp);
        if (i % 5 == Index % 5)
            FsRtlNotifyCleanup(volume->Sync, &volume->List, watcher);
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        IoFreeIrp(irp);
    }
}

static VOID Contention(VOID)
{
    VOLUME *volume = MakeVolume();

    if (volume == NULL)
        return;
    volume->Directory = Wide(L"\\d");
    TestRunThreads(4, Race, volume);
    CHECK(Completions == 4 * ROUNDS);
    DropVolume(volume);
}

static const KE_TEST tests[] = {
    { "fsrtl.notify.records", Records, 0 }, { "fsrtl.notify.tree", Tree, 0 }, { "fsrtl.notify.overflow", Overflow, 0 },
    { "fsrtl.notify.asks", Asks, 0 },       { "fsrtl.notify.ends", Ends, 0 }, { "fsrtl.notify.contention", Contention, 0 },
};
const KE_TEST_GROUP FsRtlNotifyTests = { tests, RTL_NUMBER_OF(tests) };
