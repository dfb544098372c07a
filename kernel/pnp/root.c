/* SPDX-License-Identifier: MIT
 * The root bus: devices that nobody found, made for drivers that wait for one. \Driver\PnpManager is their bus driver; it lives in
 * the kernel.
 */
#include "pnpp.h"

#define PNP_INSTANCE_CHARACTERS 200u             /* what the documentation allows an instance's name */

PDRIVER_OBJECT PnpRootDriver;

static NTSTATUS NTAPI PnpRootEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    Driver->MajorFunction[IRP_MJ_PNP] = PnpRootDispatchPnp;
    Driver->MajorFunction[IRP_MJ_POWER] = PnpRootDispatchPower;
    Driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = PnpRootDispatchOther;
    return STATUS_SUCCESS;
}

VOID PnpInitialize(VOID)
{
    static MM_IMAGE image;                       /* no file: the kernel's own */
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"PnpManager");
    NTSTATUS status;

    PnpInitializeNodes();
    PnpInitializeNotification();
    image.Entry.EntryPoint = PnpRootEntry;
    status = IoCreateDriverForImage(&image, &name, &PnpRootDriver);
    if (NT_SUCCESS(status))
        status = IoInitializeDriver(PnpRootDriver);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(PHASE1_INITIALIZATION_FAILED, (ULONG_PTR)status, 0, 0, 0);
}

/* All of its names but the instance's number. */
static NTSTATUS PnpNameRoot(PNP_NODE *Node, PCUNICODE_STRING Service)
{
    static const WCHAR bus[] = L"ROOT\\", class[] = PNP_UNKNOWN_CLASS L"\\0000";
    ULONG size = sizeof(bus) + Service->Length + 5 * sizeof(WCHAR), i;
    NTSTATUS status;

    if (size > PNP_INSTANCE_CHARACTERS * sizeof(WCHAR))
        return STATUS_OBJECT_NAME_INVALID;
    Node->Instance = (UNICODE_STRING){ 0, (USHORT)size, ExAllocatePoolWithTag(PagedPool, size, PNP_TAG) };
    if (Node->Instance.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlAppendUnicodeToString(&Node->Instance, bus);
    RtlAppendUnicodeStringToString(&Node->Instance, Service);
    for (i = 0; i < Node->Instance.Length / sizeof(WCHAR); i++)
        Node->Instance.Buffer[i] = RtlUpcaseUnicodeChar(Node->Instance.Buffer[i]);
    Node->DeviceLength = Node->Instance.Length;
    status = PnpCopyString(&Node->Hardware, Node->Instance.Buffer, Node->DeviceLength);
    RtlAppendUnicodeToString(&Node->Instance, L"\\");
    if (NT_SUCCESS(status))
        status = PnpCopyString(&Node->Service, Service->Buffer, Service->Length);
    if (NT_SUCCESS(status))
        status = PnpCopyString(&Node->Description, Service->Buffer, Service->Length);
    if (NT_SUCCESS(status))
        status = PnpCopyString(&Node->DriverKey, class, sizeof(class) - sizeof(WCHAR));
    if (!NT_SUCCESS(status))
        return status;
    Node->DriverKey.Length -= 4 * sizeof(WCHAR);
    PnpAppendNumber(&Node->DriverKey, PnpNextDriverNumber());
    return STATUS_SUCCESS;
}

/* The number behind the highest that a device of the service has now. */
static ULONG PnpNextInstanceLocked(const PNP_NODE *Node)
{
    ULONG next = 0;
    PLIST_ENTRY entry;

    for (entry = PnpNodes.Flink; entry != &PnpNodes; entry = entry->Flink) {
        PNP_NODE *other = CONTAINING_RECORD(entry, PNP_NODE, Link);
        if (other->Parent == NULL && RtlEqualUnicodeString(&other->Service, &Node->Service, TRUE))
            next = max(next, other->Number + 1);
    }
    return next;
}

static NTSTATUS PnpListRoot(PNP_NODE *Node)
{
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    ExLockExclusive(&PnpNodeLock);
    Node->Number = PnpNextInstanceLocked(Node);
    if (Node->Number < PNP_MAXIMUM_INSTANCES) {
        PnpAppendNumber(&Node->Instance, Node->Number);
        ObfReferenceObject(Node->Pdo);
        InsertTailList(&PnpNodes, &Node->Link);
        InterlockedExchange(&Node->Gone, FALSE);
        status = STATUS_SUCCESS;
    }
    ExUnlockExclusive(&PnpNodeLock);
    return status;
}

/* The device's and the driver's keys, as an installation would have left them. */
static NTSTATUS PnpRegisterNode(PNP_NODE *Node, PCUNICODE_STRING Service)
{
    UNICODE_STRING class = RTL_CONSTANT_STRING(PNP_UNKNOWN_CLASS);
    NTSTATUS status;
    HANDLE key;

    status = PnpOpenKey(L"Enum\\", &Node->Instance, L"\\Device Parameters", KEY_SET_VALUE, TRUE, &key);
    if (!NT_SUCCESS(status))
        return status;
    ZwClose(key);
    status = PnpOpenKey(L"Enum\\", &Node->Instance, L"", KEY_SET_VALUE, TRUE, &key);
    if (!NT_SUCCESS(status))
        return status;
    PnpSetString(key, L"Service", Service);
    PnpSetString(key, L"DeviceDesc", Service);
    PnpSetString(key, L"ClassGUID", &class);
    PnpSetString(key, L"Driver", &Node->DriverKey);
    ZwClose(key);
    status = PnpOpenKey(L"Control\\Class\\", &Node->DriverKey, L"", KEY_SET_VALUE, TRUE, &key);
    if (!NT_SUCCESS(status))
        return status;
    PnpSetString(key, L"DriverDesc", Service);
    ZwClose(key);
    return STATUS_SUCCESS;
}

NTSTATUS PnpCreateRootDevice(PCUNICODE_STRING Service, PDEVICE_OBJECT *Pdo)
{
    PDEVICE_OBJECT device;
    PNP_NODE *node;
    NTSTATUS status = IoCreateDevice(PnpRootDriver, 0, NULL, FILE_DEVICE_CONTROLLER, FILE_AUTOGENERATED_DEVICE_NAME, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    status = PnpMakeNode(device, NULL, &node);
    if (NT_SUCCESS(status))
        status = PnpNameRoot(node, Service);
    if (NT_SUCCESS(status))
        status = PnpListRoot(node);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    node->Bus = (PNP_BUS_INFORMATION){ PnpGuidInternalBus, Internal, 0 };
    status = PnpRegisterNode(node, Service);
    if (!NT_SUCCESS(status)) {
        PnpUnlistNode(node);
        IoDeleteDevice(device);
        return status;
    }
    device->Flags |= DO_BUS_ENUMERATED_DEVICE;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    *Pdo = device;
    return STATUS_SUCCESS;
}
