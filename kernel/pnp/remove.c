/* SPDX-License-Identifier: MIT
 * The end of a device: asked for with all its children, or because it is not there any more.
 */
#include "pnpp.h"
#include "kd.h"

/* ---- Asking ---- */
static NTSTATUS PnpAskOne(PNP_NODE *Node, const PNP_TALE *Tale)
{
    NTSTATUS status = PnpNotifyTarget(Node->Pdo, &PnpGuidQueryRemove, TRUE);

    if (!NT_SUCCESS(status))
        return STATUS_PLUGPLAY_QUERY_VETOED;
    status = PnpSend(Node->Pdo, IRP_MN_QUERY_REMOVE_DEVICE, NULL, NULL);
    PnpTell(Tale, "IRP_MN_QUERY_REMOVE_DEVICE", status, 0);
    if (NT_SUCCESS(status))
        return STATUS_SUCCESS;
    PnpTell(Tale, "IRP_MN_CANCEL_REMOVE_DEVICE", PnpSend(Node->Pdo, IRP_MN_CANCEL_REMOVE_DEVICE, NULL, NULL), 0);
    PnpNotifyTarget(Node->Pdo, &PnpGuidRemoveCancelled, FALSE);
    return STATUS_PLUGPLAY_QUERY_VETOED;
}

static VOID PnpCancelOne(PNP_NODE *Node)
{
    PnpSend(Node->Pdo, IRP_MN_CANCEL_REMOVE_DEVICE, NULL, NULL);
    PnpNotifyTarget(Node->Pdo, &PnpGuidRemoveCancelled, FALSE);
}

/* The children one after the other, then the device. A refusal is told to those that agreed before. Seen marks who was asked. */
static NTSTATUS PnpAskTree(PNP_NODE *Node, const PNP_TALE *Tale)
{
    const PNP_TALE nobody = { NULL, NULL };
    NTSTATUS status = STATUS_SUCCESS;
    PDEVICE_OBJECT pdo;
    PNP_NODE *child;

    PnpForgetSeen(Node);
    while (NT_SUCCESS(status) && (child = PnpFindChild(Node, TRUE)) != NULL) {
        pdo = child->Pdo;
        child->Seen = TRUE;
        status = PnpAskTree(child, &nobody);
        ObfDereferenceObject(pdo);
    }
    if (NT_SUCCESS(status) && Node->State == PnpStarted)
        status = PnpAskOne(Node, Tale);
    return status;
}

/* A device that was not asked may be told, too (documented for IRP_MN_CANCEL_REMOVE_DEVICE). */
static VOID PnpCancelChildren(PNP_NODE *Node)
{
    PDEVICE_OBJECT pdo;
    PNP_NODE *child;

    PnpForgetSeen(Node);
    while ((child = PnpFindChild(Node, TRUE)) != NULL) {
        pdo = child->Pdo;
        child->Seen = TRUE;
        PnpCancelChildren(child);
        if (child->State == PnpStarted)
            PnpCancelOne(child);
        ObfDereferenceObject(pdo);
    }
}

/* ---- Removing ---- */
static BOOLEAN PnpHasStack(const PNP_NODE *Node)
{
    return Node->State != PnpNew && Node->State != PnpWaiting && Node->State != PnpRemoved;
}

/* Whoever built a stack takes it down; a bus driver hears of its device's end in any case. */
static VOID PnpRemoveStack(PNP_NODE *Node, BOOLEAN Always, const PNP_TALE *Tale)
{
    if (PnpHasStack(Node) || Always)
        PnpTell(Tale, "IRP_MN_REMOVE_DEVICE", PnpSend(Node->Pdo, IRP_MN_REMOVE_DEVICE, NULL, NULL), 0);
    PnpDisableInterfaces(Node->Pdo);
    PnpNotifyTarget(Node->Pdo, &PnpGuidRemoveComplete, FALSE);
    PnpSetAssignment(Node, NULL);
    if (Node->Pdo->AttachedDevice != NULL)
        KdLogEvent("warning", "a driver left its device attached to a device that was removed");
}

static VOID PnpTakeChildrenDown(PNP_NODE *Node, PNP_END End)
{
    PDEVICE_OBJECT pdo;
    PNP_NODE *child;

    while ((child = PnpFindChild(Node, FALSE)) != NULL) {
        pdo = child->Pdo;
        PnpTakeDown(child, End);
        ObfDereferenceObject(pdo);
    }
}

VOID PnpTakeDown(PNP_NODE *Node, PNP_END End)
{
    const PNP_TALE nobody = { NULL, NULL };

    if (End == PnpSurprise && PnpHasStack(Node))
        PnpSend(Node->Pdo, IRP_MN_SURPRISE_REMOVAL, NULL, NULL);
    PnpTakeChildrenDown(Node, End == PnpSurprise ? PnpSurprise : PnpDiscard);
    PnpRemoveStack(Node, End != PnpStackOnly, &nobody);
    InterlockedExchange(&Node->State, End == PnpStackOnly ? PnpWaiting : PnpRemoved);
    if (End != PnpStackOnly)
        PnpUnlistNode(Node);
}

/* A root-enumerated device: nobody but us keeps it. */
static NTSTATUS PnpRemoveRoot(PNP_NODE *Node, const PNP_TALE *Tale)
{
    PDEVICE_OBJECT pdo = Node->Pdo;

    PnpTakeChildrenDown(Node, PnpDiscard);
    PnpRemoveStack(Node, Node->State == PnpRemoved, Tale);
    InterlockedExchange(&Node->State, PnpRemoved);
    if (pdo->AttachedDevice != NULL)
        return STATUS_DEVICE_BUSY;
    PnpUnlistNode(Node);
    IoDeleteDevice(pdo);
    return STATUS_SUCCESS;
}

static NTSTATUS PnpRemoveBusDevice(PNP_NODE *Node, const PNP_TALE *Tale)
{
    PnpTakeChildrenDown(Node, PnpDiscard);
    PnpRemoveStack(Node, FALSE, Tale);
    InterlockedExchange(&Node->State, PnpWaiting);
    return Node->Pdo->AttachedDevice != NULL ? STATUS_DEVICE_BUSY : STATUS_SUCCESS;
}

NTSTATUS PnpRemoveDevice(PDEVICE_OBJECT Pdo, PNP_REPORT *Report, PVOID Context)
{
    PNP_TALE tale = { Report, Context };
    PNP_NODE *node = PnpNode(Pdo);
    NTSTATUS status;

    PnpEnterEngine();
    status = node->State == PnpStarted ? PnpAskTree(node, &tale) : STATUS_SUCCESS;
    if (!NT_SUCCESS(status))
        PnpCancelChildren(node);
    else
        status = node->Parent == NULL ? PnpRemoveRoot(node, &tale) : PnpRemoveBusDevice(node, &tale);
    PnpLeaveEngine();
    return status;
}
