/* SPDX-License-Identifier: MIT
 * Blocks of WMI data: an object for a GUID, through which a driver asks every provider of it, or is told of its events.
 */
#include "wmi.h"

#define WMI_EVENT_LIMIT 0x10000u                 /* bytes of an event item */

typedef struct WMI_BLOCK {
    GUID Guid;                                   /* I */
    ACCESS_MASK Access;                          /* I */
    LIST_ENTRY Link;                             /* WmiBlockLock */
    WMI_NOTIFICATION_CALLBACK Callback;          /* WmiBlockLock */
    PVOID Context;                               /* WmiBlockLock */
} WMI_BLOCK;

static POBJECT_TYPE WmiBlockType;
static EX_PUSH_LOCK WmiBlockLock;
static LIST_ENTRY WmiBlocks = { &WmiBlocks, &WmiBlocks };

static VOID WmiDeleteBlock(PVOID Object)
{
    WMI_BLOCK *block = Object;

    ExLockExclusive(&WmiBlockLock);
    if (block->Link.Flink != NULL)
        RemoveEntryList(&block->Link);
    ExUnlockExclusive(&WmiBlockLock);
}

VOID WmiInitialize(VOID)
{
    static const OB_TYPE_TEMPLATE block = {
        .Name = L"WmiGuid", .ValidAccess = STANDARD_RIGHTS_ALL | SYNCHRONIZE | 0xFFFF, .PoolType = NonPagedPoolNx,
        .DefaultOffset = OB_NOT_WAITABLE, .Flags = OB_TYPE_USE_DEFAULT_OBJECT | OB_TYPE_UNNAMED_ONLY, .Delete = WmiDeleteBlock,
    };
    WmiBlockType = ObCreateSystemType(&block);
}

NTSTATUS NTAPI IoWMIOpenBlock(GUID *DataBlockGuid, ULONG DesiredAccess, PVOID *DataBlockObject)
{
    WMI_BLOCK *block;
    PVOID object;
    NTSTATUS status;

    if ((DesiredAccess & WMIGUID_NOTIFICATION) && !(DesiredAccess & SYNCHRONIZE))
        return STATUS_INVALID_PARAMETER;
    status = ObCreateObject(KernelMode, WmiBlockType, NULL, KernelMode, NULL, sizeof(*block), 0, 0, &object);
    if (!NT_SUCCESS(status))
        return status;
    block = object;
    block->Guid = *DataBlockGuid;
    block->Access = DesiredAccess;
    ExLockExclusive(&WmiBlockLock);
    InsertTailList(&WmiBlocks, &block->Link);
    ExUnlockExclusive(&WmiBlockLock);
    *DataBlockObject = block;
    return STATUS_SUCCESS;
}

static NTSTATUS WmiCheckBlock(PVOID Object, ACCESS_MASK Access)
{
    if (ObGetObjectType(Object) != WmiBlockType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    return (((WMI_BLOCK *)Object)->Access & Access) == Access ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/* ---- Queries ---- */
typedef struct WMI_QUERY {
    GUID Guid;
    PUCHAR Buffer;                               /* ours, Size bytes */
    ULONG Size, Used, Needed;
    WNODE_HEADER *Last;                          /* the node before, to be linked */
    BOOLEAN Short;                               /* something did not fit */
} WMI_QUERY;

/* The node at the end of the buffer as a provider finds it. */
static WNODE_HEADER *WmiPrepareNode(WMI_QUERY *Query, ULONG Room)
{
    WNODE_HEADER *node = (WNODE_HEADER *)(Query->Buffer + Query->Used);

    RtlZeroMemory(node, Room);
    node->BufferSize = Room;
    node->Guid = Query->Guid;
    node->Flags = WNODE_FLAG_ALL_DATA;
    return node;
}

static NTSTATUS WmiQueryProvider(WMI_QUERY *Query, WMI_PROVIDER *Provider)
{
    ULONG room = Query->Size - Query->Used, returned;
    WNODE_HEADER *node;
    NTSTATUS status;

    if (room < sizeof(WNODE_ALL_DATA)) {
        Query->Short = TRUE;
        Query->Needed += sizeof(WNODE_ALL_DATA);
        return STATUS_SUCCESS;
    }
    node = WmiPrepareNode(Query, room);
    status = WmiSend(Provider, IRP_MN_QUERY_ALL_DATA, &Query->Guid, node, room, &returned);
    if (!NT_SUCCESS(status))
        return status;
    if (returned >= sizeof(WNODE_TOO_SMALL) && (node->Flags & WNODE_FLAG_TOO_SMALL)) {
        Query->Short = TRUE;
        Query->Needed += (((WNODE_TOO_SMALL *)node)->SizeNeeded + 7) & ~7u;
        return STATUS_SUCCESS;
    }
    if (returned < sizeof(WNODE_HEADER) || node->BufferSize < sizeof(WNODE_HEADER) || node->BufferSize > returned)
        return STATUS_INVALID_DEVICE_STATE;      /* no answer */
    if (Query->Last != NULL)
        Query->Last->Linkage = (ULONG)((PUCHAR)node - (PUCHAR)Query->Last);
    node->Linkage = 0;
    Query->Last = node;
    Query->Used += min((node->BufferSize + 7) & ~7u, room);
    Query->Needed += (node->BufferSize + 7) & ~7u;
    return STATUS_SUCCESS;
}

/* Every provider; one that fails is left out. STATUS_WMI_GUID_NOT_FOUND: none has anything. */
static NTSTATUS WmiQueryProviders(WMI_QUERY *Query)
{
    WMI_PROVIDER *provider = NULL;

    while ((provider = WmiNextProvider(&Query->Guid, provider)) != NULL)
        WmiQueryProvider(Query, provider);
    if (Query->Short)
        return STATUS_BUFFER_TOO_SMALL;
    return Query->Last != NULL ? STATUS_SUCCESS : STATUS_WMI_GUID_NOT_FOUND;
}

NTSTATUS NTAPI IoWMIQueryAllData(PVOID DataBlockObject, ULONG *InOutBufferSize, PVOID OutBuffer)
{
    WMI_QUERY query = { .Size = OutBuffer != NULL ? *InOutBufferSize : 0 };
    NTSTATUS status = WmiCheckBlock(DataBlockObject, WMIGUID_QUERY);

    if (!NT_SUCCESS(status))
        return status;
    query.Guid = ((WMI_BLOCK *)DataBlockObject)->Guid;
    query.Size = max(query.Size, sizeof(WNODE_ALL_DATA));        /* enough to hear how much is needed */
    query.Buffer = ExAllocatePoolWithTag(NonPagedPoolNx, query.Size, WMI_TAG);
    if (query.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = WmiQueryProviders(&query);
    if (NT_SUCCESS(status) && (OutBuffer == NULL || query.Used > *InOutBufferSize))
        status = STATUS_BUFFER_TOO_SMALL;
    if (NT_SUCCESS(status))
        RtlCopyMemory(OutBuffer, query.Buffer, query.Used);
    if (NT_SUCCESS(status) || status == STATUS_BUFFER_TOO_SMALL)
        *InOutBufferSize = NT_SUCCESS(status) ? query.Used : query.Needed;
    ExFreePoolWithTag(query.Buffer, WMI_TAG);
    return status;
}

/* ---- Events ---- */
NTSTATUS NTAPI IoWMISetNotificationCallback(PVOID Object, WMI_NOTIFICATION_CALLBACK Callback, PVOID Context)
{
    WMI_BLOCK *block = Object;
    NTSTATUS status = WmiCheckBlock(Object, WMIGUID_NOTIFICATION);

    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&WmiBlockLock);
    block->Callback = Callback;
    block->Context = Context;
    ExUnlockExclusive(&WmiBlockLock);
    return STATUS_SUCCESS;
}

/* The next block after Previous, referenced, that wants events of Guid; Previous is dereferenced. */
static WMI_BLOCK *WmiNextListener(const GUID *Guid, WMI_BLOCK *Previous, WMI_NOTIFICATION_CALLBACK *Callback, PVOID *Context)
{
    WMI_BLOCK *found = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&WmiBlockLock);
    for (entry = Previous != NULL ? Previous->Link.Flink : WmiBlocks.Flink; entry != &WmiBlocks && found == NULL;
         entry = entry->Flink) {
        WMI_BLOCK *block = CONTAINING_RECORD(entry, WMI_BLOCK, Link);
        if (block->Callback != NULL && IsEqualGUID(&block->Guid, Guid) && ObReferenceObjectSafe(block)) {
            found = block;
            *Callback = block->Callback;
            *Context = block->Context;
        }
    }
    ExUnlockShared(&WmiBlockLock);
    if (Previous != NULL)
        ObfDereferenceObject(Previous);
    return found;
}

typedef struct WMI_EVENT {
    WORK_QUEUE_ITEM Work;
    WNODE_HEADER *Node;                          /* the driver's pool, ours to free */
} WMI_EVENT;

static VOID NTAPI WmiDeliverEvent(PVOID Context)
{
    WMI_EVENT *event = Context;
    WMI_NOTIFICATION_CALLBACK callback;
    WMI_BLOCK *block = NULL;
    PVOID context;

    while ((block = WmiNextListener(&event->Node->Guid, block, &callback, &context)) != NULL)
        callback(event->Node, context);
    ExFreePool(event->Node);
    ExFreePoolWithTag(event, WMI_TAG);
}

NTSTATUS NTAPI IoWMIWriteEvent(PVOID WnodeEventItem)
{
    WNODE_HEADER *node = WnodeEventItem;
    WMI_NOTIFICATION_CALLBACK callback;
    WMI_BLOCK *listener;
    WMI_EVENT *event;
    PVOID context;

    if (node->BufferSize > WMI_EVENT_LIMIT)
        return STATUS_BUFFER_OVERFLOW;
    if (node->Flags & WNODE_FLAG_TRACED_GUID)    /* any IRQL; for a trace session, and there is none */
        return STATUS_UNSUCCESSFUL;
    listener = WmiNextListener(&node->Guid, NULL, &callback, &context);
    if (listener == NULL)                        /* nobody but kernel drivers could listen */
        return STATUS_UNSUCCESSFUL;
    ObfDereferenceObject(listener);
    event = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*event), WMI_TAG);
    if (event == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    event->Node = node;
    ExInitializeWorkItem(&event->Work, WmiDeliverEvent, event);
    ExQueueWorkItem(&event->Work, DelayedWorkQueue);
    return STATUS_SUCCESS;
}
