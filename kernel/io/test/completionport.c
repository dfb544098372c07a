/* SPDX-License-Identifier: MIT
 * Completion ports: packets by hand, requests of a driver that answers at once or later, several threads at one port; cancelling by
 * status block and from another thread.
 */
#include "fixture.h"
#include "../completionport.h"

#define NAME L"\\Device\\TestPort"
#define IOCTL_NOW CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_LATER CTL_CODE(FILE_DEVICE_UNKNOWN, 0x901, METHOD_BUFFERED, FILE_ANY_ACCESS)

static PIRP volatile Held;
static LARGE_INTEGER None;

static VOID NTAPI CancelHeld(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    TestComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS NTAPI Control(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode == IOCTL_NOW)
        return TestComplete(Irp, STATUS_SUCCESS, 0);
    IoMarkIrpPending(Irp);
    (void)IoSetCancelRoutine(Irp, CancelHeld);
    InterlockedExchangePointer((PVOID volatile *)&Held, Irp);
    return STATUS_PENDING;
}

static PDRIVER_OBJECT Start(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestPort", NULL);

    if (driver == NULL)
        return NULL;
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = TestSucceed;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    TestMakeDevice(driver, NAME, 0);
    Held = NULL;
    return driver;
}

/* A program's port, file and memory. */
typedef struct PAGE {
    HANDLE Port, Reserve;
    PVOID Key, Apc;
    IO_STATUS_BLOCK Result, Iosb, Other;
    LARGE_INTEGER Time;
    ULONG Count, Depth;
    FILE_IO_COMPLETION_INFORMATION Facts[4];
} PAGE;

static VOID ByHand(VOID)
{
    PAGE *page = TestUserPage();
    HANDLE port;
    ULONG i;

    if (!CHECK(page != NULL))
        return;
    CHECK(AS_USER(NtCreateIoCompletion(&page->Port, 3, NULL, 0)) == STATUS_SUCCESS);
    port = page->Port;
    CHECK(AS_USER(NtRemoveIoCompletion(port, &page->Key, &page->Apc, &page->Result, &page->Time)) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtSetIoCompletion(port, (PVOID)1, (PVOID)2, STATUS_END_OF_FILE, 3)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtQueryIoCompletion(port, 0, &page->Depth, 4, NULL)) == STATUS_SUCCESS && page->Depth == 1);
    CHECK(AS_USER(NtRemoveIoCompletion(port, TEST_BAD_USER, &page->Apc, &page->Result, NULL)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtRemoveIoCompletion(port, &page->Key, &page->Apc, &page->Result, NULL)) == STATUS_SUCCESS);
    CHECK(page->Key == (PVOID)1 && page->Apc == (PVOID)2 && page->Result.Status == STATUS_END_OF_FILE && page->Result.Information == 3);
    for (i = 0; i < 3; i++)
        CHECK(AS_USER(NtSetIoCompletion(port, (PVOID)(ULONG_PTR)i, NULL, STATUS_SUCCESS, i)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtRemoveIoCompletionEx(port, page->Facts, 0, &page->Count, NULL, FALSE)) == STATUS_INVALID_PARAMETER);
    CHECK(AS_USER(NtRemoveIoCompletionEx(port, page->Facts, 2, &page->Count, NULL, TRUE)) == STATUS_SUCCESS && page->Count == 2);
    CHECK(page->Facts[0].KeyContext == NULL && page->Facts[1].KeyContext == (PVOID)1 && page->Facts[1].IoStatusBlock.Information == 1);
    CHECK(AS_USER(NtRemoveIoCompletionEx(port, page->Facts, 4, &page->Count, &page->Time, TRUE)) == STATUS_SUCCESS && page->Count == 1);
    CHECK(AS_USER(NtRemoveIoCompletionEx(port, page->Facts, 4, &page->Count, &page->Time, TRUE)) == STATUS_TIMEOUT && page->Count == 0);
    CHECK(AS_USER(NtAllocateReserveObject(&page->Reserve, NULL, 1)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtSetIoCompletionEx(port, page->Reserve, (PVOID)7, NULL, STATUS_SUCCESS, 0)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtSetIoCompletionEx(port, page->Reserve, (PVOID)7, NULL, STATUS_SUCCESS, 0)) == STATUS_INVALID_PARAMETER_2);
    CHECK(AS_USER(NtRemoveIoCompletion(port, &page->Key, &page->Apc, &page->Result, NULL)) == STATUS_SUCCESS && page->Key == (PVOID)7);
    CHECK(AS_USER(NtSetIoCompletionEx(port, page->Reserve, (PVOID)8, NULL, STATUS_SUCCESS, 0)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtClose(page->Reserve)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtSetIoCompletion(port, NULL, NULL, STATUS_SUCCESS, 0)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtClose(port)) == STATUS_SUCCESS);         /* with packets in it */
    TestFreeUserPage(page);
}

/* ---- Of files ---- */
static NTSTATUS Ask(HANDLE File, ULONG Code, PVOID Context, PIO_STATUS_BLOCK Iosb)
{
    return NtDeviceIoControlFile(File, NULL, NULL, Context, Iosb, Code, NULL, 0, NULL, 0);
}

static BOOLEAN Got(HANDLE Port, PVOID Key, PVOID Context, NTSTATUS Status)
{
    IO_STATUS_BLOCK result;
    PVOID key, context;

    return NtRemoveIoCompletion(Port, &key, &context, &result, NULL) == STATUS_SUCCESS && key == Key && context == Context &&
           result.Status == Status;
}

static BOOLEAN Empty(HANDLE Port)
{
    IO_STATUS_BLOCK result;
    PVOID key, context;
    return NtRemoveIoCompletion(Port, &key, &context, &result, &None) == STATUS_TIMEOUT;
}

static VOID NTAPI Ignore(PVOID Context, PIO_STATUS_BLOCK Iosb, ULONG Reserved) { }

static VOID Requests(HANDLE File, HANDLE Port)
{
    FILE_COMPLETION_INFORMATION information = { Port, (PVOID)0x77 };
    IO_STATUS_BLOCK iosb;
    ULONG modes = 1;

    CHECK(ZwSetInformationFile(File, &iosb, &information, sizeof(information), FileCompletionInformation) == STATUS_SUCCESS);
    CHECK(ZwSetInformationFile(File, &iosb, &information, sizeof(information), FileCompletionInformation) == STATUS_INVALID_PARAMETER);
    CHECK(NtDeviceIoControlFile(File, NULL, Ignore, NULL, &iosb, IOCTL_NOW, NULL, 0, NULL, 0) == STATUS_INVALID_PARAMETER);
    CHECK(Ask(File, IOCTL_NOW, (PVOID)1, &iosb) == STATUS_SUCCESS && Got(Port, (PVOID)0x77, (PVOID)1, STATUS_SUCCESS));
    CHECK(Ask(File, IOCTL_NOW, NULL, &iosb) == STATUS_SUCCESS && Empty(Port));
    CHECK(Ask(File, IOCTL_LATER, (PVOID)2, &iosb) == STATUS_PENDING && Empty(Port));
    TestComplete(Held, STATUS_UNSUCCESSFUL, 0);
    CHECK(Got(Port, (PVOID)0x77, (PVOID)2, STATUS_UNSUCCESSFUL) && iosb.Status == STATUS_UNSUCCESSFUL);
    CHECK(ZwSetInformationFile(File, &iosb, &modes, sizeof(modes), FileIoCompletionNotificationInformation) == STATUS_SUCCESS);
    modes = 0;
    CHECK(ZwQueryInformationFile(File, &iosb, &modes, sizeof(modes), FileIoCompletionNotificationInformation) == STATUS_SUCCESS &&
          modes == 1);
    CHECK(Ask(File, IOCTL_NOW, (PVOID)3, &iosb) == STATUS_SUCCESS && Empty(Port));
    CHECK(Ask(File, IOCTL_LATER, (PVOID)4, &iosb) == STATUS_PENDING);
    TestComplete(Held, STATUS_SUCCESS, 0);
    CHECK(Got(Port, (PVOID)0x77, (PVOID)4, STATUS_SUCCESS));
    CHECK(Ask(File, IOCTL_LATER, (PVOID)5, &iosb) == STATUS_PENDING);
    TestComplete(Held, STATUS_SUCCESS, 0);       /* and stays in the port */
    modes = 8;
    CHECK(ZwSetInformationFile(File, &iosb, &modes, sizeof(modes), FileIoCompletionNotificationInformation) == STATUS_INVALID_PARAMETER);
}

static VOID OfFiles(VOID)
{
    FILE_COMPLETION_INFORMATION information = { NULL, NULL };
    PDRIVER_OBJECT driver = Start();
    HANDLE file, port;
    IO_STATUS_BLOCK iosb;

    if (driver == NULL)
        return;
    CHECK(NtCreateIoCompletion(&port, 3, NULL, 1) == STATUS_SUCCESS);
    information.Port = port;
    CHECK(NT_SUCCESS(TestOpen(NAME, FILE_SYNCHRONOUS_IO_NONALERT, &file)));
    CHECK(ZwSetInformationFile(file, &iosb, &information, sizeof(information), FileCompletionInformation) == STATUS_INVALID_PARAMETER);
    ZwClose(file);
    CHECK(NT_SUCCESS(TestOpen(NAME, 0, &file)));
    Requests(file, port);
    ZwClose(file);
    ZwClose(port);
    TestStopDriver(driver);
}

/* ---- Cancelling ---- */
typedef struct WORK {
    HANDLE File, Thread;
    IO_STATUS_BLOCK Iosb;
    KEVENT Go;
} WORK;

static VOID AskAndWait(PVOID Context, ULONG Index)
{
    WORK *work = Context;
    IO_STATUS_BLOCK result;

    if (Index == 0) {
        CHECK(Ask(work->File, IOCTL_LATER, NULL, &work->Iosb) == STATUS_PENDING);
        CHECK(ZwWaitForSingleObject(work->File, FALSE, NULL) == STATUS_SUCCESS && work->Iosb.Status == STATUS_CANCELLED);
        return;
    }
    while (Held == NULL)
        KeYieldExecution();
    CHECK(NtCancelIoFileEx(work->File, &result, &result) == STATUS_NOT_FOUND);       /* not that one */
    CHECK(NtCancelIoFileEx(work->File, &work->Iosb, &result) == STATUS_SUCCESS && result.Status == STATUS_SUCCESS);
}

static VOID AskSynchronously(PVOID Context, ULONG Index)
{
    WORK *work = Context;
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes) };
    CLIENT_ID id = { NULL, NULL };
    IO_STATUS_BLOCK result;

    attributes.Attributes = OBJ_KERNEL_HANDLE;
    if (Index == 0) {
        id.UniqueThread = PsGetCurrentThreadId();
        CHECK(NT_SUCCESS(NtOpenThread(&work->Thread, THREAD_ALL_ACCESS, &attributes, &id)));
        CHECK(Ask(work->File, IOCTL_LATER, NULL, &work->Iosb) == STATUS_CANCELLED);
        return;
    }
    while (Held == NULL)
        KeYieldExecution();
    CHECK(NtCancelSynchronousIoFile(work->Thread, NULL, &result) == STATUS_SUCCESS);
    ZwClose(work->Thread);
}

static VOID Cancels(VOID)
{
    PDRIVER_OBJECT driver = Start();
    IO_STATUS_BLOCK result;
    WORK work;

    if (driver == NULL)
        return;
    CHECK(NT_SUCCESS(TestOpen(NAME, 0, &work.File)));
    CHECK(NtCancelIoFileEx(work.File, NULL, &result) == STATUS_NOT_FOUND && result.Status == STATUS_NOT_FOUND);
    CHECK(AS_USER(NtCancelIoFileEx(work.File, NULL, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    TestRunThreads(2, AskAndWait, &work);
    ZwClose(work.File);
    Held = NULL;
    CHECK(NT_SUCCESS(TestOpen(NAME, FILE_SYNCHRONOUS_IO_NONALERT, &work.File)));
    TestRunThreads(2, AskSynchronously, &work);
    ZwClose(work.File);
    TestStopDriver(driver);
}

/* ---- Many threads ---- */
#define PACKETS 400u

typedef struct CROWD {
    HANDLE Port;
    volatile LONG Taken;
} CROWD;

static VOID CrowdMember(PVOID Context, ULONG Index)
{
    CROWD *crowd = Context;
    FILE_IO_COMPLETION_INFORMATION facts[8];
    ULONG i, count;

    if (Index < 2) {
        for (i = 0; i < PACKETS; i++)
            CHECK(NtSetIoCompletion(crowd->Port, NULL, NULL, STATUS_SUCCESS, 0) == STATUS_SUCCESS);
        return;
    }
    while (crowd->Taken < (LONG)(2 * PACKETS)) {
        LARGE_INTEGER shortly = { .QuadPart = -10000 };
        if (NtRemoveIoCompletionEx(crowd->Port, facts, Index == 2 ? 1 : 8, &count, &shortly, FALSE) == STATUS_SUCCESS)
            InterlockedExchangeAdd(&crowd->Taken, (LONG)count);
    }
}

static VOID Crowd(VOID)
{
    CROWD crowd = { .Taken = 0 };

    CHECK(NtCreateIoCompletion(&crowd.Port, 3, NULL, 0) == STATUS_SUCCESS);
    TestRunThreads(5, CrowdMember, &crowd);
    CHECK(crowd.Taken == 2 * PACKETS && Empty(crowd.Port));
    ZwClose(crowd.Port);
}

static const KE_TEST tests[] = {
    { "io.port.packets", ByHand, 0 }, { "io.port.files", OfFiles, 0 }, { "io.port.cancel", Cancels, 0 }, { "io.port.crowd", Crowd, 4 },
};
const KE_TEST_GROUP IoPortTests = { tests, RTL_NUMBER_OF(tests) };
