/* SPDX-License-Identifier: MIT
 * A driver says that something about its device has changed: a worker asks the stack what. At DISPATCH_LEVEL nothing may fail, so
 * the work item is the node's own and what to ask are bits.
 */
#include "pnpp.h"

static VOID PnpAskRelations(PNP_NODE *Node, DEVICE_RELATION_TYPE Type)
{
    PDEVICE_RELATIONS relations;

    PnpQueryRelations(Node->Pdo, Type, &relations);
    PnpFreeRelations(relations);
}

static VOID NTAPI PnpInvalidateWorker(PVOID Context)
{
    const PNP_TALE nobody = { NULL, NULL };
    PNP_NODE *node = Context;
    PDEVICE_OBJECT pdo = node->Pdo;
    LONG wanted = InterlockedExchange(&node->Wanted, 0);

    PnpEnterEngine();
    if (node->State == PnpStarted && (wanted & PNP_WANT_STATE))
        PnpSend(pdo, IRP_MN_QUERY_PNP_DEVICE_STATE, NULL, NULL);
    if (node->State == PnpStarted && (wanted & PNP_WANT_BUS_RELATIONS))
        PnpEnumerate(node, &nobody);
    if (node->State == PnpStarted && (wanted & PNP_WANT_OTHER_RELATIONS))
        PnpAskRelations(node, PowerRelations);
    PnpStartNewDevices();
    PnpLeaveEngine();
    ObfDereferenceObject(pdo);
}

/* The first bit queues the worker, which takes them all. */
static VOID PnpWant(PDEVICE_OBJECT Pdo, LONG What)
{
    PNP_NODE *node = PnpNode(Pdo);

    if (node == NULL || InterlockedOr(&node->Wanted, What) != 0)
        return;
    ObfReferenceObject(Pdo);
    ExInitializeWorkItem(&node->Work, PnpInvalidateWorker, node);
    ExQueueWorkItem(&node->Work, DelayedWorkQueue);
}

VOID NTAPI IoInvalidateDeviceState(PDEVICE_OBJECT PhysicalDeviceObject) { PnpWant(PhysicalDeviceObject, PNP_WANT_STATE); }

VOID NTAPI IoInvalidateDeviceRelations(PDEVICE_OBJECT DeviceObject, DEVICE_RELATION_TYPE Type)
{
    if (Type == BusRelations || Type == SingleBusRelations)
        PnpWant(DeviceObject, PNP_WANT_BUS_RELATIONS);
    else if (Type == PowerRelations)
        PnpWant(DeviceObject, PNP_WANT_OTHER_RELATIONS);
}
