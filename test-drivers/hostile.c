/* SPDX-License-Identifier: MIT
 * Measures the kernel for tests/user/hostile.c, which does not trust itself: digests of tokens, handles and security descriptors, and
 * how much there is of memory. It has an event that nobody but SYSTEM may open.
 */
#include <ntifs.h>
#include "hostile.h"

#define TAG 'tsoH'
#define ROOM 0x100000u

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned);

typedef struct HANDLES {                         /* SYSTEM_HANDLE_INFORMATION_EX */
    ULONG_PTR Count, Reserved;
    struct {
        PVOID Object;
        ULONG_PTR Process, Value;
        ULONG Access;
        USHORT BackTrace, Type;
        ULONG Attributes, Reserved;
    } Handles[1];
} HANDLES;

static HANDLE Event;
static PVOID EventObject;

static VOID Digest(unsigned long long *To, const VOID *From, SIZE_T Bytes)
{
    const UCHAR *bytes = From;

    while (Bytes-- != 0)
        *To = (*To ^ *bytes++) * 0x100000001B3ull;
}

/* ---- Tokens ---- */
/* Without TokenStatistics, which has times and numbers of changes that nobody is promised. */
static unsigned long long DigestToken(PACCESS_TOKEN Token, PVOID Room, ULONG *Failures)
{
    static const TOKEN_INFORMATION_CLASS classes[] = { TokenUser, TokenGroups, TokenPrivileges, TokenOwner, TokenPrimaryGroup,
                                                       TokenDefaultDacl };
    unsigned long long digest = 0xCBF29CE484222325ull;
    HANDLE handle;
    ULONG i, length, *word;

    if (!NT_SUCCESS(ObOpenObjectByPointer(Token, OBJ_KERNEL_HANDLE, NULL, TOKEN_QUERY, *SeTokenObjectType, KernelMode, &handle))) {
        (*Failures)++;
        return 0;
    }
    for (i = 0; i < RTL_NUMBER_OF(classes); i++) {
        RtlZeroMemory(Room, PAGE_SIZE);
        if (!NT_SUCCESS(ZwQueryInformationToken(handle, classes[i], Room, PAGE_SIZE, &length))) {
            (*Failures)++;
            continue;
        }
        /* Pointers in it are into the buffer, which is the same each time of one measurement only. */
        for (word = Room; (PUCHAR)(word + 2) <= (PUCHAR)Room + length; word++)
            if (*(ULONG_PTR UNALIGNED *)word - (ULONG_PTR)Room < PAGE_SIZE)
                *(ULONG_PTR UNALIGNED *)word -= (ULONG_PTR)Room;
        Digest(&digest, Room, length);
    }
    ZwClose(handle);
    return digest;
}

/* ---- Handles ---- */
static VOID DigestHandles(HOSTILE_STATE *State, ULONG_PTR Caller, HANDLES *Room)
{
    ULONG_PTR i;
    ULONG length;

    if (!NT_SUCCESS(ZwQuerySystemInformation(64, Room, ROOM, &length))) {
        State->Failures++;
        return;
    }
    for (i = 0; i < Room->Count; i++) {
        BOOLEAN system = Room->Handles[i].Process == 4;
        unsigned long long *digest = system ? &State->SystemHandles : &State->CallersHandles, one = 0xCBF29CE484222325ull;
        if (!system && Room->Handles[i].Process != Caller)
            continue;
        Digest(&one, &Room->Handles[i].Value, sizeof(Room->Handles[i].Value));
        Digest(&one, &Room->Handles[i].Object, sizeof(Room->Handles[i].Object));
        Digest(&one, &Room->Handles[i].Access, sizeof(Room->Handles[i].Access));
        *digest += one;                          /* in any order */
        (*(system ? &State->SystemHandleCount : &State->CallersHandleCount))++;
    }
}

/* ---- Security ---- */
static VOID DigestSecurity(HOSTILE_STATE *State, HANDLE Handle, PVOID Room)
{
    ULONG length = 0;
    NTSTATUS status = ZwQuerySecurityObject(Handle, OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                            Room, PAGE_SIZE, &length);

    if (!NT_SUCCESS(status)) {
        State->Failures++;
        return;
    }
    Digest(&State->Security, Room, length);
    State->ProtectedObjects++;
}

static VOID DigestObjects(HOSTILE_STATE *State, PVOID Room)
{
    static const PCWSTR directories[] = { L"\\", L"\\Device", L"\\Security", L"\\ObjectTypes", L"\\Driver", L"\\BaseNamedObjects" };
    static const PCWSTR keys[] = { L"\\Registry\\Machine", L"\\Registry\\Machine\\SYSTEM", L"\\Registry\\Machine\\SOFTWARE" };
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE handle;
    LONG signalled;
    ULONG i;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    for (i = 0; i < RTL_NUMBER_OF(directories) + RTL_NUMBER_OF(keys); i++) {
        BOOLEAN directory = i < RTL_NUMBER_OF(directories);
        NTSTATUS status;
        RtlInitUnicodeString(&name, directory ? directories[i] : keys[i - RTL_NUMBER_OF(directories)]);
        status = directory ? ZwOpenDirectoryObject(&handle, READ_CONTROL, &attributes) : ZwOpenKey(&handle, READ_CONTROL, &attributes);
        if (!NT_SUCCESS(status))
            continue;                            /* not every system has each: the number of them is told */
        DigestSecurity(State, handle, Room);
        ZwClose(handle);
    }
    DigestSecurity(State, Event, Room);
    signalled = KeReadStateEvent(EventObject);
    Digest(&State->Security, &signalled, sizeof(signalled));
}

/* ---- Amounts ---- */
static VOID Count(HOSTILE_STATE *State, PULONG Room)
{
    ULONG length, at = 0, next;

    if (NT_SUCCESS(ZwQuerySystemInformation(5, Room, ROOM, &length)))
        do {
            next = *(PULONG)((PUCHAR)Room + at);
            at += next;
            State->Processes++;
        } while (next != 0);
    if (!NT_SUCCESS(ZwQuerySystemInformation(2, Room, 0x158, &length))) {        /* SYSTEM_PERFORMANCE_INFORMATION */
        State->Failures++;
        return;
    }
    State->AvailablePages = Room[11];
    State->CommittedPages = Room[12];
    State->PagedPages = Room[28];
    State->NonPagedPages = Room[29];
    State->PagedBlocks = Room[30] - Room[31];
    State->NonPagedBlocks = Room[32] - Room[33];
}

static NTSTATUS Measure(HOSTILE_STATE *State, ULONG Caller)
{
    PVOID room = ExAllocatePoolWithTag(PagedPool, ROOM, TAG);
    PACCESS_TOKEN token;

    if (room == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(State, sizeof(*State));
    token = PsReferencePrimaryToken(PsInitialSystemProcess);
    State->SystemToken = DigestToken(token, room, &State->Failures);
    PsDereferencePrimaryToken(token);
    token = PsReferencePrimaryToken(PsGetCurrentProcess());
    State->CallersToken = DigestToken(token, room, &State->Failures);
    PsDereferencePrimaryToken(token);
    DigestHandles(State, Caller, room);
    DigestObjects(State, room);
    Count(State, room);
    ExFreePoolWithTag(room, TAG);
    return STATUS_SUCCESS;
}

/* ---- Device ---- */
static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI DeviceControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS status;

    if (location->Parameters.DeviceIoControl.IoControlCode != HOSTILE_MEASURE)
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    if (location->Parameters.DeviceIoControl.InputBufferLength < sizeof(ULONG) ||
        location->Parameters.DeviceIoControl.OutputBufferLength < sizeof(HOSTILE_STATE))
        return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    status = Measure(Irp->AssociatedIrp.SystemBuffer, *(PULONG)Irp->AssociatedIrp.SystemBuffer);
    return Complete(Irp, status, NT_SUCCESS(status) ? sizeof(HOSTILE_STATE) : 0);
}

static NTSTATUS NTAPI CreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) { return Complete(Irp, STATUS_SUCCESS, 0); }

/* The event \PetrelProtected: all access for SYSTEM, none for anybody else. */
static NTSTATUS MakeEvent(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\PetrelProtected");
    static UCHAR acl[64];
    SECURITY_DESCRIPTOR descriptor;
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlCreateAcl((PACL)acl, sizeof(acl), ACL_REVISION);
    RtlAddAccessAllowedAce((PACL)acl, ACL_REVISION, EVENT_ALL_ACCESS, SeExports->SeLocalSystemSid);
    RtlSetOwnerSecurityDescriptor(&descriptor, SeExports->SeLocalSystemSid, FALSE);      /* owners may always change the list */
    RtlSetDaclSecurityDescriptor(&descriptor, TRUE, (PACL)acl, FALSE);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, &descriptor);
    status = ZwCreateEvent(&Event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE);
    if (!NT_SUCCESS(status))
        return status;
    return ObReferenceObjectByHandle(Event, 0, *ExEventObjectType, KernelMode, &EventObject, NULL);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\PetrelHostile");

    ObDereferenceObject(EventObject);
    ZwClose(Event);
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\PetrelHostile"), link = RTL_CONSTANT_STRING(L"\\DosDevices\\PetrelHostile");
    PDEVICE_OBJECT device;
    NTSTATUS status;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DeviceControl;
    DriverObject->DriverUnload = Unload;
    status = MakeEvent();
    if (!NT_SUCCESS(status))
        return status;
    status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (NT_SUCCESS(status)) {
        status = IoCreateSymbolicLink(&link, &name);
        if (!NT_SUCCESS(status))
            IoDeleteDevice(device);
    }
    if (!NT_SUCCESS(status)) {
        ObDereferenceObject(EventObject);
        ZwClose(Event);
    }
    return status;
}
