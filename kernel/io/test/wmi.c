/* SPDX-License-Identifier: MIT
 * WMI: a provider that answers for itself, queries of its data, its events.
 */
#include "../wmi.h"
#include "fixture.h"

static const GUID data = { 0x11, 1, 2, { 3 } }, late = { 0x22, 1, 2, { 3 } }, nobodys = { 0x33, 1, 2, { 3 } };
static KEVENT Asked;
static volatile LONG Questions, Updates, Tries;
static BOOLEAN Refuse;

static ULONG PutGuid(WMIREGINFOW *Info, const GUID *Guid, ULONG Flags)
{
    WMIREGGUIDW *entry = &Info->WmiRegGuid[Info->GuidCount++];

    RtlZeroMemory(entry, sizeof(*entry));
    entry->Guid = *Guid;
    entry->Flags = Flags;
    Info->BufferSize = sizeof(*Info) + Info->GuidCount * sizeof(*entry);
    return Info->BufferSize;
}

static NTSTATUS AnswerQuestion(PIRP Irp, PIO_STACK_LOCATION Location)
{
    WMIREGINFOW *info = Location->Parameters.WMI.Buffer;
    BOOLEAN update = (ULONG_PTR)Location->Parameters.WMI.DataPath == WMIUPDATE;
    ULONG size;

    if (Location->Parameters.WMI.BufferSize < 2 * PAGE_SIZE) {   /* one page is not enough for it */
        InterlockedIncrement(&Tries);
        *(PULONG)info = 2 * PAGE_SIZE;
        return TestComplete(Irp, STATUS_BUFFER_TOO_SMALL, sizeof(ULONG));
    }
    size = PutGuid(info, update ? &late : &data, 0);
    InterlockedIncrement(update ? &Updates : &Questions);
    return TestComplete(Irp, STATUS_SUCCESS, size);
}

static NTSTATUS AnswerQuery(PIRP Irp, PIO_STACK_LOCATION Location)
{
    struct { WNODE_ALL_DATA All; ULONG64 Value; } *node = Location->Parameters.WMI.Buffer;

    if (Refuse)
        return TestComplete(Irp, STATUS_WMI_GUID_NOT_FOUND, 0);
    CHECK(IsEqualGUID((GUID *)Location->Parameters.WMI.DataPath, &node->All.WnodeHeader.Guid));
    if (Location->Parameters.WMI.BufferSize < sizeof(*node)) {
        ((WNODE_TOO_SMALL *)node)->WnodeHeader.Flags |= WNODE_FLAG_TOO_SMALL;
        ((WNODE_TOO_SMALL *)node)->SizeNeeded = sizeof(*node);
        return TestComplete(Irp, STATUS_SUCCESS, sizeof(WNODE_TOO_SMALL));
    }
    node->All.WnodeHeader.BufferSize = sizeof(*node);
    node->All.InstanceCount = 1;
    node->Value = Location->Parameters.WMI.ProviderId;
    return TestComplete(Irp, STATUS_SUCCESS, sizeof(*node));
}

static NTSTATUS NTAPI SystemControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    if (location->Parameters.WMI.ProviderId != (ULONG_PTR)Device)
        return TestComplete(Irp, Irp->IoStatus.Status, 0);
    if (location->MinorFunction == IRP_MN_REGINFO_EX)
        return AnswerQuestion(Irp, location);
    if (location->MinorFunction == IRP_MN_QUERY_ALL_DATA)
        return AnswerQuery(Irp, location);
    return TestComplete(Irp, Irp->IoStatus.Status, 0);
}

/* A provider of Guid is found once its driver's answer is in. */
static VOID AwaitGuid(const GUID *Guid, PDEVICE_OBJECT Device)
{
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    WMI_PROVIDER *provider;
    BOOLEAN found = FALSE;

    while (!found) {
        provider = NULL;
        while ((provider = WmiNextProvider(Guid, provider)) != NULL)
            found = found || provider->Device == Device;
        if (!found)
            KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    }
}

static PDRIVER_OBJECT Setup(PDEVICE_OBJECT *First, PDEVICE_OBJECT *Second)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestWmi", NULL);

    if (driver == NULL)
        return NULL;
    driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = SystemControl;
    *First = TestMakeDevice(driver, NULL, 0);
    *Second = TestMakeDevice(driver, NULL, 0);
    Questions = Updates = Tries = 0;
    Refuse = FALSE;
    return driver;
}

static VOID Registration(VOID)
{
    PDEVICE_OBJECT first, second;
    PDRIVER_OBJECT driver = Setup(&first, &second);

    if (driver == NULL)
        return;
    CHECK(IoWMIRegistrationControl(first, 77) == STATUS_INVALID_PARAMETER);
    CHECK(IoWMIRegistrationControl(first, WMIREG_ACTION_DEREGISTER) == STATUS_INVALID_PARAMETER);
    CHECK(IoWMIRegistrationControl(first, WMIREG_ACTION_UPDATE_GUIDS) == STATUS_INVALID_PARAMETER);
    CHECK(IoWMIRegistrationControl(first, WMIREG_ACTION_REGISTER) == STATUS_SUCCESS);
    CHECK(!NT_SUCCESS(IoWMIRegistrationControl(first, WMIREG_ACTION_REGISTER)));
    AwaitGuid(&data, first);
    CHECK(Questions == 1 && Tries == 1 && ObHeader(first)->PointerCount == 2);
    CHECK(IoWMIRegistrationControl(first, WMIREG_ACTION_UPDATE_GUIDS) == STATUS_SUCCESS);
    AwaitGuid(&late, first);
    CHECK(Updates == 1);
    AwaitGuid(&data, first);                     /* an update leaves the others */
    CHECK(IoWMIRegistrationControl(first, WMIREG_ACTION_REREGISTER) == STATUS_SUCCESS);
    CHECK(IoWMIRegistrationControl(first, WMIREG_ACTION_DEREGISTER) == STATUS_SUCCESS);
    CHECK(Questions == 2 && WmiNextProvider(&data, NULL) == NULL && ObHeader(first)->PointerCount == 1);
    TestStopDriver(driver);
}

static VOID Query(VOID)
{
    UCHAR *buffer = ExAllocatePoolWithTag(NonPagedPoolNx, 1024, 'tseT');
    WNODE_ALL_DATA *node = (WNODE_ALL_DATA *)buffer;
    PDEVICE_OBJECT first, second;
    PDRIVER_OBJECT driver = Setup(&first, &second);
    PVOID block, other, deaf;
    ULONG size = 1024, needed;

    if (driver == NULL || !CHECK(buffer != NULL))
        return;
    CHECK(IoWMIOpenBlock((GUID *)&data, WMIGUID_QUERY, &block) == STATUS_SUCCESS);
    CHECK(IoWMIOpenBlock((GUID *)&nobodys, WMIGUID_QUERY, &other) == STATUS_SUCCESS);
    CHECK(IoWMIOpenBlock((GUID *)&data, WMIGUID_SET, &deaf) == STATUS_SUCCESS);
    IoWMIRegistrationControl(first, WMIREG_ACTION_REGISTER);
    IoWMIRegistrationControl(second, WMIREG_ACTION_REGISTER);
    AwaitGuid(&data, first);
    AwaitGuid(&data, second);
    CHECK(IoWMIQueryAllData(other, &size, buffer) == STATUS_WMI_GUID_NOT_FOUND);
    CHECK(IoWMIQueryAllData(deaf, &size, buffer) == STATUS_ACCESS_DENIED);
    CHECK(IoWMIQueryAllData(driver, &size, buffer) == STATUS_OBJECT_TYPE_MISMATCH);
    needed = 80;
    CHECK(IoWMIQueryAllData(block, &needed, buffer) == STATUS_BUFFER_TOO_SMALL && needed > 80 && needed <= 1024);
    CHECK(IoWMIQueryAllData(block, &needed, NULL) == STATUS_BUFFER_TOO_SMALL);
    CHECK(IoWMIQueryAllData(block, &size, buffer) == STATUS_SUCCESS && size <= needed + 64);
    CHECK(node->InstanceCount == 1 && node->WnodeHeader.Linkage != 0 && node->WnodeHeader.Linkage % 8 == 0);
    node = (WNODE_ALL_DATA *)(buffer + node->WnodeHeader.Linkage);
    CHECK(node->InstanceCount == 1 && node->WnodeHeader.Linkage == 0 && IsEqualGUID(&node->WnodeHeader.Guid, &data));
    Refuse = TRUE;
    CHECK(IoWMIQueryAllData(block, &size, buffer) == STATUS_WMI_GUID_NOT_FOUND);
    IoWMIRegistrationControl(first, WMIREG_ACTION_DEREGISTER);
    IoWMIRegistrationControl(second, WMIREG_ACTION_DEREGISTER);
    ObfDereferenceObject(block);
    ObfDereferenceObject(other);
    ObfDereferenceObject(deaf);
    ExFreePoolWithTag(buffer, 'tseT');
    TestStopDriver(driver);
}

static volatile LONG Heard;
static VOID NTAPI Hear(PVOID Wnode, PVOID Context)
{
    if (IsEqualGUID(&((WNODE_HEADER *)Wnode)->Guid, &data))
        InterlockedIncrement(&Heard);
    KeSetEvent(Context, 0, FALSE);
}

static VOID Events(VOID)
{
    WNODE_HEADER *node = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*node), 'tseT');
    PVOID block;

    if (!CHECK(node != NULL))
        return;
    RtlZeroMemory(node, sizeof(*node));
    node->BufferSize = sizeof(*node);
    node->Guid = data;
    Heard = 0;
    KeInitializeEvent(&Asked, SynchronizationEvent, FALSE);
    CHECK(IoWMIWriteEvent(node) == STATUS_UNSUCCESSFUL);         /* nobody listens: still ours */
    CHECK(IoWMIOpenBlock((GUID *)&data, WMIGUID_NOTIFICATION, &block) == STATUS_INVALID_PARAMETER);
    CHECK(IoWMIOpenBlock((GUID *)&data, WMIGUID_NOTIFICATION | SYNCHRONIZE, &block) == STATUS_SUCCESS);
    CHECK(IoWMISetNotificationCallback(block, Hear, &Asked) == STATUS_SUCCESS);
    node->BufferSize = 0x100000;
    CHECK(IoWMIWriteEvent(node) == STATUS_BUFFER_OVERFLOW);
    node->BufferSize = sizeof(*node);
    if (CHECK(IoWMIWriteEvent(node) == STATUS_SUCCESS))
        KeWaitForSingleObject(&Asked, Executive, KernelMode, FALSE, NULL);
    CHECK(Heard == 1);
    ObfDereferenceObject(block);
}

static const KE_TEST tests[] = {
    { "io.wmi.registration", Registration, 0 }, { "io.wmi.query", Query, 0 }, { "io.wmi.events", Events, 0 },
};
const KE_TEST_GROUP IoWmiTests = { tests, RTL_NUMBER_OF(tests) };
