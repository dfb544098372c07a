/* SPDX-License-Identifier: MIT
 * Whose a bus-enumerated device is: the value Service of its key below Enum, else what Control\CriticalDeviceDatabase says for its
 * first identifier there; and the driver of that service. Filters are not there yet.
 */
#include "pnpp.h"

#define PNP_SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"

/* ---- The service ---- */
typedef struct PNP_INSTALLATION {
    UNICODE_STRING Service, Class;               /* in pool, or empty */
    UNICODE_STRING DriverKey;
} PNP_INSTALLATION;

static VOID PnpReadInstallation(HANDLE Key, PNP_INSTALLATION *Installation)
{
    if (!NT_SUCCESS(PnpGetString(Key, L"Service", &Installation->Service)))
        return;
    PnpGetString(Key, L"ClassGUID", &Installation->Class);
    PnpGetString(Key, L"Driver", &Installation->DriverKey);
}

/* The database writes # for the backslash of an identifier. */
static VOID PnpLookUp(const WCHAR *Id, PNP_INSTALLATION *Installation)
{
    UNICODE_STRING id, copy;
    HANDLE key;
    ULONG i;

    RtlInitUnicodeString(&id, Id);
    if (!NT_SUCCESS(PnpCopyString(&copy, id.Buffer, id.Length)))
        return;
    for (i = 0; i < copy.Length / sizeof(WCHAR); i++)
        if (copy.Buffer[i] == L'\\')
            copy.Buffer[i] = L'#';
    if (NT_SUCCESS(PnpOpenKey(L"Control\\CriticalDeviceDatabase\\", &copy, L"", KEY_QUERY_VALUE, FALSE, &key))) {
        PnpReadInstallation(key, Installation);
        ZwClose(key);
    }
    ExFreePoolWithTag(copy.Buffer, PNP_TAG);
}

static VOID PnpLookUpList(PCUNICODE_STRING List, PNP_INSTALLATION *Installation)
{
    ULONG i = 0, length = List->Length / sizeof(WCHAR);

    while (i < length && Installation->Service.Length == 0) {
        PnpLookUp(List->Buffer + i, Installation);
        i += (ULONG)wcslen(List->Buffer + i) + 1;
    }
}

static NTSTATUS PnpMakeDriverKey(PNP_INSTALLATION *Installation)
{
    static const WCHAR room[] = PNP_UNKNOWN_CLASS L"\\0000";
    NTSTATUS status;

    if (Installation->DriverKey.Length != 0)
        return STATUS_SUCCESS;
    status = PnpCopyString(&Installation->DriverKey, room, sizeof(room) - sizeof(WCHAR));
    if (!NT_SUCCESS(status))
        return status;
    if (Installation->Class.Length == 38 * sizeof(WCHAR))
        RtlCopyMemory(Installation->DriverKey.Buffer, Installation->Class.Buffer, Installation->Class.Length);
    Installation->DriverKey.Length -= 4 * sizeof(WCHAR);
    PnpAppendNumber(&Installation->DriverKey, PnpNextDriverNumber());
    return STATUS_SUCCESS;
}

static VOID PnpRecordInstallation(const PNP_NODE *Node, const PNP_INSTALLATION *Installation)
{
    UNICODE_STRING class = Installation->DriverKey;
    HANDLE key;

    class.Length = min(class.Length, (USHORT)(38 * sizeof(WCHAR)));
    if (NT_SUCCESS(PnpOpenKey(L"Enum\\", &Node->Instance, L"", KEY_SET_VALUE, TRUE, &key))) {
        PnpSetString(key, L"Service", &Installation->Service);
        PnpSetString(key, L"ClassGUID", &class);
        PnpSetString(key, L"Driver", &Installation->DriverKey);
        ZwClose(key);
    }
    if (NT_SUCCESS(PnpOpenKey(L"Control\\Class\\", &Installation->DriverKey, L"", KEY_SET_VALUE, TRUE, &key)))
        ZwClose(key);
}

NTSTATUS PnpFindService(PNP_NODE *Node)
{
    PNP_INSTALLATION found = { 0 };
    NTSTATUS status = STATUS_NO_SUCH_DEVICE;
    HANDLE key;

    if (Node->Service.Length != 0)
        return STATUS_SUCCESS;
    if (NT_SUCCESS(PnpOpenKey(L"Enum\\", &Node->Instance, L"", KEY_QUERY_VALUE, FALSE, &key))) {
        PnpReadInstallation(key, &found);
        ZwClose(key);
    }
    PnpLookUpList(&Node->Hardware, &found);
    PnpLookUpList(&Node->Compatible, &found);
    if (found.Service.Length != 0)
        status = PnpMakeDriverKey(&found);
    if (NT_SUCCESS(status)) {
        PnpRecordInstallation(Node, &found);
        ExLockExclusive(&PnpNodeLock);
        Node->Service = found.Service;
        Node->DriverKey = found.DriverKey;
        ExUnlockExclusive(&PnpNodeLock);
    } else if (found.Service.Buffer != NULL) {
        ExFreePoolWithTag(found.Service.Buffer, PNP_TAG);
    }
    if (found.Class.Buffer != NULL)
        ExFreePoolWithTag(found.Class.Buffer, PNP_TAG);
    return status;
}

/* ---- Its driver ---- */
/* Prefix and Service, in pool. */
static NTSTATUS PnpJoin(PCWSTR Prefix, PCUNICODE_STRING Service, PUNICODE_STRING Name)
{
    ULONG size = (ULONG)(wcslen(Prefix) + 1) * sizeof(WCHAR) + Service->Length;

    *Name = (UNICODE_STRING){ 0, (USHORT)size, ExAllocatePoolWithTag(PagedPool, size, PNP_TAG) };
    if (Name->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlAppendUnicodeToString(Name, Prefix);
    RtlAppendUnicodeStringToString(Name, Service);
    return STATUS_SUCCESS;
}

static NTSTATUS PnpLookUpDriver(PCUNICODE_STRING Service, PDRIVER_OBJECT *Driver)
{
    UNICODE_STRING name;
    NTSTATUS status = PnpJoin(L"\\Driver\\", Service, &name);

    if (!NT_SUCCESS(status))
        return status;
    status =
        ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0, IopDriverObjectType, KernelMode, NULL, (PVOID *)Driver);
    ExFreePoolWithTag(name.Buffer, PNP_TAG);
    return status;
}

NTSTATUS PnpReferenceDriver(PCUNICODE_STRING Service, PDRIVER_OBJECT *Driver)
{
    UNICODE_STRING path;
    NTSTATUS status = PnpLookUpDriver(Service, Driver);

    if (NT_SUCCESS(status))
        return status;
    status = PnpJoin(PNP_SERVICES, Service, &path);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwLoadDriver(&path);
    ExFreePoolWithTag(path.Buffer, PNP_TAG);
    return NT_SUCCESS(status) ? PnpLookUpDriver(Service, Driver) : status;
}
