/* SPDX-License-Identifier: MIT
 * Unified properties: values under a key (a GUID and a number) and a language, of devices and of interfaces. They last as long as
 * the machine runs.
 */
#include "pnpp.h"

#define PNP_PROPERTY_LIMIT 0x100000u             /* bytes of one value */

typedef struct PNP_PROPERTY {
    LIST_ENTRY Link;                             /* PnpPropertyLock */
    DEVPROPKEY Key;
    LCID Lcid;
    DEVPROPTYPE Type;
    ULONG Size;
    UCHAR Data[];
} PNP_PROPERTY;

EX_PUSH_LOCK PnpPropertyLock;

static PNP_PROPERTY *PnpFindPropertyLocked(PLIST_ENTRY List, const DEVPROPKEY *Key, LCID Lcid)
{
    PLIST_ENTRY entry;

    for (entry = List->Flink; entry != List; entry = entry->Flink) {
        PNP_PROPERTY *property = CONTAINING_RECORD(entry, PNP_PROPERTY, Link);
        if (property->Lcid == Lcid && property->Key.pid == Key->pid && IsEqualGUID(&property->Key.fmtid, &Key->fmtid))
            return property;
    }
    return NULL;
}

static PNP_PROPERTY *PnpMakeProperty(const PNP_PROPERTY_REQUEST *Request)
{
    PNP_PROPERTY *property = ExAllocatePoolWithTag(PagedPool, sizeof(*property) + Request->Size, PNP_TAG);

    if (property == NULL)
        return NULL;
    property->Key = *Request->Key;
    property->Lcid = Request->Lcid;
    property->Type = Request->Type;
    property->Size = Request->Size;
    RtlCopyMemory(property->Data, Request->Data, Request->Size);
    return property;
}

/* The new value in place of the old one; DEVPROP_TYPE_EMPTY or no data: none. */
NTSTATUS PnpSetProperty(PLIST_ENTRY List, const PNP_PROPERTY_REQUEST *Request)
{
    BOOLEAN removes = Request->Data == NULL || Request->Type == DEVPROP_TYPE_EMPTY || Request->Type == DEVPROP_TYPE_NULL;
    PNP_PROPERTY *made = NULL, *old;

    if (Request->Key == NULL || Request->Size > PNP_PROPERTY_LIMIT)
        return STATUS_INVALID_PARAMETER;
    if (!removes && (made = PnpMakeProperty(Request)) == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ExLockExclusive(&PnpPropertyLock);
    old = PnpFindPropertyLocked(List, Request->Key, Request->Lcid);
    if (old != NULL)
        RemoveEntryList(&old->Link);
    if (made != NULL)
        InsertTailList(List, &made->Link);
    ExUnlockExclusive(&PnpPropertyLock);
    if (old != NULL)
        ExFreePoolWithTag(old, PNP_TAG);
    return removes && old == NULL ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
}

NTSTATUS PnpGetProperty(PLIST_ENTRY List, const PNP_PROPERTY_REQUEST *Request, PULONG RequiredSize, DEVPROPTYPE *Type)
{
    NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;
    PNP_PROPERTY *property;

    if (Request->Key == NULL || RequiredSize == NULL || Type == NULL)
        return STATUS_INVALID_PARAMETER;
    ExLockShared(&PnpPropertyLock);
    property = PnpFindPropertyLocked(List, Request->Key, Request->Lcid);
    if (property != NULL) {
        *RequiredSize = property->Size;
        *Type = property->Type;
        status = Request->Size < property->Size ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
        if (NT_SUCCESS(status) && Request->Data != NULL)
            RtlCopyMemory(Request->Data, property->Data, property->Size);
    }
    ExUnlockShared(&PnpPropertyLock);
    return status;
}

VOID PnpFreeProperties(PLIST_ENTRY List)
{
    ExLockExclusive(&PnpPropertyLock);
    while (!IsListEmpty(List))
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(List), PNP_PROPERTY, Link), PNP_TAG);
    ExUnlockExclusive(&PnpPropertyLock);
}

/* ---- Of devices ---- */
NTSTATUS NTAPI IoSetDevicePropertyData(PDEVICE_OBJECT Pdo, CONST DEVPROPKEY *PropertyKey, LCID Lcid, ULONG Flags, DEVPROPTYPE Type,
                                       ULONG Size, PVOID Data)
{
    PNP_PROPERTY_REQUEST request = { PropertyKey, Lcid, Type, Size, Data };
    PNP_NODE *node = PnpNode(Pdo);

    if (node == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Flags & ~PLUGPLAY_PROPERTY_PERSISTENT)
        return STATUS_INVALID_PARAMETER;
    return PnpSetProperty(&node->Properties, &request);
}

NTSTATUS NTAPI IoGetDevicePropertyData(PDEVICE_OBJECT Pdo, CONST DEVPROPKEY *PropertyKey, LCID Lcid, ULONG Flags, ULONG Size,
                                       PVOID Data, PULONG RequiredSize, DEVPROPTYPE *Type)
{
    PNP_PROPERTY_REQUEST request = { PropertyKey, Lcid, 0, Size, Data };
    PNP_NODE *node = PnpNode(Pdo);

    if (node == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Flags != 0)
        return STATUS_INVALID_PARAMETER;
    return PnpGetProperty(&node->Properties, &request, RequiredSize, Type);
}
