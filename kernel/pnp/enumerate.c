/* SPDX-License-Identifier: MIT
 * The children of a bus: reported ones get nodes, those that are not reported any more go, new ones get their drivers.
 */
#include "pnpp.h"
#include "pci.h"
#include "kd.h"

#define PNP_MAXIMUM_DEPTH 16u                    /* a bus driver whose devices are buses again, for ever */
#define PNP_MAXIMUM_CHILDREN 4096u               /* of a bus */

/* A reported device may be known already; Gone is what could not be used. */
static VOID PnpNoteChild(PNP_NODE *Parent, PDEVICE_OBJECT Pdo)
{
    PNP_NODE *node = IoDeviceExtension(Pdo)->DeviceNode;

    if (node == NULL)
        PnpCreateChild(Parent, Pdo);
    else if (node->Parent == Parent)
        node->Seen = TRUE;
}

static VOID PnpRemoveUnseen(PNP_NODE *Parent)
{
    PNP_NODE *child;
    PDEVICE_OBJECT pdo;

    while ((child = PnpFindChild(Parent, TRUE)) != NULL) {
        pdo = child->Pdo;
        PnpTakeDown(child, PnpSurprise);
        ObfDereferenceObject(pdo);
    }
}

VOID PnpEnumerate(PNP_NODE *Node, const PNP_TALE *Tale)
{
    PDEVICE_RELATIONS relations;
    NTSTATUS status = PnpQueryRelations(Node->Pdo, BusRelations, &relations);
    ULONG i;

    PnpTell(Tale, "IRP_MN_QUERY_DEVICE_RELATIONS", status, relations != NULL ? relations->Count : 0);
    if (relations == NULL)
        return;
    if (Node->Depth >= PNP_MAXIMUM_DEPTH || relations->Count > PNP_MAXIMUM_CHILDREN) {
        KdLogEvent("warning", "a bus driver reported more devices than there can be");
    } else {
        PnpForgetSeen(Node);
        for (i = 0; i < relations->Count; i++)
            PnpNoteChild(Node, relations->Objects[i]);
        PnpRemoveUnseen(Node);
    }
    PnpFreeRelations(relations);
}

/* ---- Drivers of new devices ---- */
/* STATUS_SUCCESS: there is a stack. PnpWaiting: nobody is there for the device. */
static NTSTATUS PnpAddNode(PNP_NODE *Node)
{
    PDRIVER_OBJECT driver;
    NTSTATUS status = PnpFindService(Node);

    InterlockedExchange(&Node->State, PnpWaiting);
    if (!NT_SUCCESS(status))
        return status;
    status = PnpReferenceDriver(&Node->Service, &driver);
    if (!NT_SUCCESS(status))
        return status;
    status = PnpAddDevice(driver, Node->Pdo);
    ObfDereferenceObject(driver);
    if (!NT_SUCCESS(status)) {
        InterlockedExchange(&Node->State, PnpFailed);
        KdLogEvent("warning", "a driver refused a device of its own (AddDevice)");
    }
    return status;
}

VOID PnpStartNewDevices(VOID)
{
    const PNP_TALE nobody = { NULL, NULL };
    PDEVICE_OBJECT pdo;
    PNP_NODE *node;

    while ((node = PnpFindNode(PnpNew)) != NULL) {
        pdo = node->Pdo;
        if (NT_SUCCESS(PnpAddNode(node)) && !NT_SUCCESS(PnpStartNode(node, &nobody))) {
            KdLogEvent("warning", "a device did not start");
            PnpTakeDown(node, PnpStackOnly);
            InterlockedExchange(&node->State, PnpFailed);
        }
        ObfDereferenceObject(pdo);
    }
}

VOID PnpStartBuses(VOID)
{
    const PNP_TALE nobody = { NULL, NULL };
    PDEVICE_OBJECT bus;

    PnpEnterEngine();
    bus = PciCreateBus();
    if (bus != NULL)
        PnpStartNode(PnpNode(bus), &nobody);
    PnpStartNewDevices();
    PnpLeaveEngine();
}

PDEVICE_OBJECT PnpWaitingDevice(PCUNICODE_STRING Service)
{
    PDEVICE_OBJECT found = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&PnpNodeLock);
    for (entry = PnpNodes.Flink; entry != &PnpNodes && found == NULL; entry = entry->Flink) {
        PNP_NODE *node = CONTAINING_RECORD(entry, PNP_NODE, Link);
        if (node->Parent != NULL && node->State == PnpWaiting && RtlEqualUnicodeString(&node->Service, Service, TRUE))
            found = node->Pdo;
    }
    ExUnlockShared(&PnpNodeLock);
    return found;
}
