/* SPDX-License-Identifier: MIT
 * What a device gets to work with: memory and ports where the firmware put them (nothing is moved), and message-signalled
 * interrupts, as many as its requirements want and there are vectors for.
 */
#include "pnpp.h"
#include "hal.h"

#define PNP_LIST_LIMIT 0x10000u                  /* bytes of a list of resources or requirements */

/* ---- Forms ---- */
ULONG PnpSizeOfList(const CM_RESOURCE_LIST *List)
{
    ULONG size = FIELD_OFFSET(CM_RESOURCE_LIST, List[0].PartialResourceList.PartialDescriptors);
    ULONG count;

    if (List->Count != 1)                        /* a device is on one bus */
        return 0;
    count = List->List[0].PartialResourceList.Count;
    return count <= (PNP_LIST_LIMIT - size) / sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR)
               ? size + count * (ULONG)sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR)
               : 0;
}

BOOLEAN PnpIsRequirements(const IO_RESOURCE_REQUIREMENTS_LIST *Requirements)
{
    ULONG head = FIELD_OFFSET(IO_RESOURCE_REQUIREMENTS_LIST, List[0].Descriptors);

    return Requirements->ListSize >= head && Requirements->ListSize <= PNP_LIST_LIMIT && Requirements->AlternativeLists != 0 &&
           Requirements->List[0].Count <= (Requirements->ListSize - head) / sizeof(IO_RESOURCE_DESCRIPTOR);
}

/* ---- Messages ---- */
static BOOLEAN PnpIsMessage(const IO_RESOURCE_DESCRIPTOR *Descriptor)
{
    return Descriptor->Type == CmResourceTypeInterrupt && (Descriptor->Flags & CM_RESOURCE_INTERRUPT_MESSAGE) &&
           Descriptor->u.Interrupt.MaximumVector == CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN &&
           Descriptor->u.Interrupt.MinimumVector <= Descriptor->u.Interrupt.MaximumVector;
}

/* One message for MSI-X's descriptor, a power of two for MSI's; 0: there are none left. */
static ULONG PnpAllocateBlock(PNP_ASSIGNMENT *Assignment, ULONG Wanted)
{
    static volatile LONG next;
    ULONG room = PNP_MAXIMUM_MESSAGES - Assignment->MessageCount, count = 1, first = 0, i, processor;

    while (count * 2 <= min(Wanted, room))
        count *= 2;
    while (room != 0 && count != 0 && (first = HalAllocateMessageVectors(count)) == 0)
        count /= 2;
    if (first == 0)
        return 0;
    processor = (ULONG)InterlockedIncrement(&next) % KeQueryActiveProcessorCount(NULL);
    for (i = 0; i < count; i++)
        Assignment->Messages[Assignment->MessageCount++] = (PNP_MESSAGE){ first + i, processor };
    return count;
}

static VOID PnpAppendMessages(PNP_ASSIGNMENT *Assignment, ULONG Count)
{
    const PNP_MESSAGE *first = &Assignment->Messages[Assignment->MessageCount - Count];
    PCM_PARTIAL_RESOURCE_LIST raw = &Assignment->Raw->List[0].PartialResourceList;
    PCM_PARTIAL_RESOURCE_LIST translated = &Assignment->Translated->List[0].PartialResourceList;
    CM_PARTIAL_RESOURCE_DESCRIPTOR descriptor = { .Type = CmResourceTypeInterrupt,
                                                  .ShareDisposition = CmResourceShareDeviceExclusive,
                                                  .Flags = CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE };

    descriptor.u.MessageInterrupt.Raw.MessageCount = (USHORT)Count;
    descriptor.u.MessageInterrupt.Raw.Vector = first->Vector;
    descriptor.u.MessageInterrupt.Raw.Affinity = (KAFFINITY)1 << first->Processor;
    raw->PartialDescriptors[raw->Count++] = descriptor;
    descriptor.u.MessageInterrupt.Translated.Level = first->Vector >> 4;
    descriptor.u.MessageInterrupt.Translated.Vector = first->Vector;
    descriptor.u.MessageInterrupt.Translated.Affinity = (KAFFINITY)1 << first->Processor;
    translated->PartialDescriptors[translated->Count++] = descriptor;
}

/* ---- Both ---- */
static PNP_ASSIGNMENT *PnpMakeAssignment(const PNP_NODE *Node, ULONG Messages)
{
    ULONG head = FIELD_OFFSET(CM_RESOURCE_LIST, List[0].PartialResourceList.PartialDescriptors);
    ULONG boot = Node->Boot != NULL ? PnpSizeOfList(Node->Boot) : head;
    ULONG size = boot + Messages * (ULONG)sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR), room = (size + 7) & ~7u;
    PNP_ASSIGNMENT *made = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*made) + 2 * room, PNP_TAG);

    if (made == NULL)
        return NULL;
    RtlZeroMemory(made, sizeof(*made) + 2 * room);
    made->Raw = (PCM_RESOURCE_LIST)(made + 1);
    made->Translated = (PCM_RESOURCE_LIST)((PUCHAR)made->Raw + room);
    if (Node->Boot != NULL) {
        RtlCopyMemory(made->Raw, Node->Boot, boot);
    } else {
        made->Raw->Count = 1;
        made->Raw->List[0].InterfaceType = Node->Bus.LegacyBusType;
        made->Raw->List[0].BusNumber = Node->Bus.BusNumber;
        made->Raw->List[0].PartialResourceList.Version = made->Raw->List[0].PartialResourceList.Revision = 1;
    }
    RtlCopyMemory(made->Translated, made->Raw, boot);
    return made;
}

NTSTATUS PnpAssignResources(const PNP_NODE *Node, const IO_RESOURCE_REQUIREMENTS_LIST *Requirements, PNP_ASSIGNMENT **Assignment)
{
    const IO_RESOURCE_LIST *list = Requirements != NULL ? &Requirements->List[0] : NULL;
    PNP_ASSIGNMENT *made;
    ULONG i, count;

    *Assignment = NULL;
    if (Node->Boot == NULL && Requirements == NULL)
        return STATUS_SUCCESS;
    made = PnpMakeAssignment(Node, PNP_MAXIMUM_MESSAGES);
    if (made == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (i = 0; list != NULL && i < list->Count; i++) {
        const IO_RESOURCE_DESCRIPTOR *descriptor = &list->Descriptors[i];
        if (!PnpIsMessage(descriptor))
            continue;
        count = PnpAllocateBlock(made, descriptor->u.Interrupt.MaximumVector - descriptor->u.Interrupt.MinimumVector + 1);
        if (count != 0)
            PnpAppendMessages(made, count);
    }
    made->Size = PnpSizeOfList(made->Raw);
    *Assignment = made;
    return STATUS_SUCCESS;
}

/* A vector that a driver forgot to disconnect stays its own for good. */
static VOID PnpFreeAssignment(PNP_ASSIGNMENT *Assignment)
{
    ULONG i;

    for (i = 0; i < Assignment->MessageCount; i++)
        if (!KeIsVectorConnected(Assignment->Messages[i].Vector))
            HalFreeMessageVector(Assignment->Messages[i].Vector);
    ExFreePoolWithTag(Assignment, PNP_TAG);
}

VOID PnpSetAssignment(PNP_NODE *Node, PNP_ASSIGNMENT *Assignment)
{
    PNP_ASSIGNMENT *old;

    ExLockExclusive(&PnpNodeLock);
    old = Node->Assignment;
    Node->Assignment = Assignment;
    ExUnlockExclusive(&PnpNodeLock);
    if (old != NULL)
        PnpFreeAssignment(old);
}
