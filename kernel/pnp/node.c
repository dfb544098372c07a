/* SPDX-License-Identifier: MIT
 * Devices' nodes: made for a physical device object, listed while the device is there, freed with the object. And the engine, which
 * keeps two threads from changing the tree of devices at once.
 */
#include "pnpp.h"

EX_PUSH_LOCK PnpNodeLock;
LIST_ENTRY PnpNodes = { &PnpNodes, &PnpNodes };
static volatile LONG PnpNextDriver;

/* ---- The engine ---- */
static KEVENT PnpEngineIsFree;                   /* synchronization */
static PKTHREAD PnpEngineOwner;                  /* a */
static ULONG PnpEngineDepth;                     /* its owner's */

VOID PnpEnterEngine(VOID)
{
    PKTHREAD me = (PKTHREAD)KeGetCurrentThread();

    if (PnpEngineOwner != me) {
        KeWaitForSingleObject(&PnpEngineIsFree, Executive, KernelMode, FALSE, NULL);
        PnpEngineOwner = me;
    }
    PnpEngineDepth++;
}

VOID PnpLeaveEngine(VOID)
{
    ASSERT(PnpEngineOwner == (PKTHREAD)KeGetCurrentThread());
    if (--PnpEngineDepth != 0)
        return;
    PnpEngineOwner = NULL;
    KeSetEvent(&PnpEngineIsFree, IO_NO_INCREMENT, FALSE);
}

/* ---- Names ---- */
NTSTATUS PnpCopyString(PUNICODE_STRING Copy, const WCHAR *Text, ULONG Length)
{
    PWCHAR copy;

    if (Length > 0xFF00)
        return STATUS_NAME_TOO_LONG;
    copy = ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), PNP_TAG);
    if (copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(copy, Text, Length);
    copy[Length / sizeof(WCHAR)] = L'\0';
    *Copy = (UNICODE_STRING){ (USHORT)Length, (USHORT)(Length + sizeof(WCHAR)), copy };
    return STATUS_SUCCESS;
}

VOID PnpAppendHex(PUNICODE_STRING Name, ULONG Value, ULONG Digits)
{
    WCHAR text[9] = { L'\0' };
    ULONG i;

    for (i = Digits; i-- != 0; Value >>= 4)
        text[i] = L"0123456789ABCDEF"[Value & 15];
    RtlAppendUnicodeToString(Name, text);
}

VOID PnpAppendNumber(PUNICODE_STRING Name, ULONG Number)
{
    WCHAR digits[5] = { L'\0' };
    ULONG i;

    for (i = 4; i-- != 0; Number /= 10)
        digits[i] = (WCHAR)(L'0' + Number % 10);
    RtlAppendUnicodeToString(Name, digits);
}

ULONG PnpNextDriverNumber(VOID)
{
    return (ULONG)InterlockedIncrement(&PnpNextDriver) - 1;
}

/* ---- Nodes ---- */
NTSTATUS PnpMakeNode(PDEVICE_OBJECT Pdo, PNP_NODE *Parent, PNP_NODE **Node)
{
    PNP_NODE *node = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*node), PNP_TAG);

    if (node == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(node, sizeof(*node));
    node->Pdo = Pdo;
    node->Parent = Parent;
    node->Depth = Parent != NULL ? Parent->Depth + 1 : 1;
    node->Address = node->UiNumber = ~0u;
    node->Gone = TRUE;                           /* until it is listed */
    InitializeListHead(&node->Properties);
    if (Parent != NULL)
        ObfReferenceObject(Parent->Pdo);
    IoDeviceExtension(Pdo)->DeviceNode = node;
    *Node = node;
    return STATUS_SUCCESS;
}

static VOID PnpFreeText(PUNICODE_STRING String)
{
    if (String->Buffer != NULL)
        ExFreePoolWithTag(String->Buffer, PNP_TAG);
}

/* IoUpcalls.DeleteDeviceNode: the device object goes. */
static VOID PnpDeleteNode(PVOID DeviceNode)
{
    PNP_NODE *node = DeviceNode;
    PUNICODE_STRING strings[] = { &node->Instance, &node->Service,  &node->DriverKey, &node->Description,
                                  &node->Location, &node->Hardware, &node->Compatible };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(strings); i++)
        PnpFreeText(strings[i]);
    if (node->Boot != NULL)
        ExFreePool(node->Boot);
    if (node->Requirements != NULL)
        ExFreePool(node->Requirements);
    if (node->Parent != NULL)
        ObfDereferenceObject(node->Parent->Pdo);
    ExFreePoolWithTag(node, PNP_TAG);
}

VOID PnpInitializeNodes(VOID)
{
    KeInitializeEvent(&PnpEngineIsFree, SynchronizationEvent, TRUE);
    IoUpcalls.DeleteDeviceNode = PnpDeleteNode;
}

/* ---- The list ---- */
static PNP_NODE *PnpNodeAt(PLIST_ENTRY Entry)
{
    return CONTAINING_RECORD(Entry, PNP_NODE, Link);
}

static BOOLEAN PnpIsListedLocked(PCUNICODE_STRING Instance)
{
    PLIST_ENTRY entry;

    for (entry = PnpNodes.Flink; entry != &PnpNodes; entry = entry->Flink)
        if (RtlEqualUnicodeString(&PnpNodeAt(entry)->Instance, Instance, TRUE))
            return TRUE;
    return FALSE;
}

VOID PnpListNodeLocked(PNP_NODE *Node)
{
    ObfReferenceObject(Node->Pdo);
    InsertTailList(&PnpNodes, &Node->Link);
    InterlockedExchange(&Node->Gone, FALSE);
}

NTSTATUS PnpListNode(PNP_NODE *Node)
{
    NTSTATUS status = STATUS_OBJECT_NAME_COLLISION;

    ExLockExclusive(&PnpNodeLock);
    if (!PnpIsListedLocked(&Node->Instance)) {
        PnpListNodeLocked(Node);
        status = STATUS_SUCCESS;
    }
    ExUnlockExclusive(&PnpNodeLock);
    return status;
}

VOID PnpUnlistNode(PNP_NODE *Node)
{
    InterlockedExchange(&Node->Gone, TRUE);
    ExLockExclusive(&PnpNodeLock);
    RemoveEntryList(&Node->Link);
    ExUnlockExclusive(&PnpNodeLock);
    PnpFreeProperties(&Node->Properties);
    ObfDereferenceObject(Node->Pdo);             /* its last use here */
}

PNP_NODE *PnpFindNode(PNP_STATE State)
{
    PNP_NODE *found = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&PnpNodeLock);
    for (entry = PnpNodes.Flink; entry != &PnpNodes && found == NULL; entry = entry->Flink)
        if (PnpNodeAt(entry)->Parent != NULL && PnpNodeAt(entry)->State == (LONG)State)
            found = PnpNodeAt(entry);
    if (found != NULL)
        ObfReferenceObject(found->Pdo);
    ExUnlockShared(&PnpNodeLock);
    return found;
}

PNP_NODE *PnpFindChild(PNP_NODE *Parent, BOOLEAN OnlyUnseen)
{
    PNP_NODE *found = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&PnpNodeLock);
    for (entry = PnpNodes.Flink; entry != &PnpNodes && found == NULL; entry = entry->Flink)
        if (PnpNodeAt(entry)->Parent == Parent && !(OnlyUnseen && PnpNodeAt(entry)->Seen))
            found = PnpNodeAt(entry);
    if (found != NULL)
        ObfReferenceObject(found->Pdo);
    ExUnlockShared(&PnpNodeLock);
    return found;
}

VOID PnpForgetSeen(PNP_NODE *Parent)
{
    PLIST_ENTRY entry;

    ExLockExclusive(&PnpNodeLock);
    for (entry = PnpNodes.Flink; entry != &PnpNodes; entry = entry->Flink)
        if (PnpNodeAt(entry)->Parent == Parent)
            PnpNodeAt(entry)->Seen = FALSE;
    ExUnlockExclusive(&PnpNodeLock);
}
