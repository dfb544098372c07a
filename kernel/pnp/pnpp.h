/* SPDX-License-Identifier: MIT
 * Private to pnp/. Push locks, in the order in which they are taken; none is held over a request, a callback or the registry:
 *   PnpInterfaceLock   device interfaces, what is enabled and to whom it belongs
 *   PnpNotifyLock      registrations for notification, events on their way
 *   PnpPropertyLock    lists of properties
 *   PnpNodeLock        the list of devices, what is found out about one after it was made; nothing inside it
 * Before them comes the engine (node.c), which one thread at a time holds while it adds, starts, enumerates or removes devices, over
 * requests and drivers' routines.
 */
#pragma once
#include "pnp.h"
#include "io.h"
#include "ob.h"
#include "ex.h"
#include "exsync.h"
#include "ke.h"

#define PNP_TAG 'pnPP'
#define PNP_MAXIMUM_INSTANCES 10000u              /* of a service: four digits */
#define PNP_SYSTEM_KEY L"\\Registry\\Machine\\System\\CurrentControlSet\\"

#define PNP_MAXIMUM_MESSAGES 16u                  /* of a device: vectors are the machine's */

/* PnpWaiting: nobody's, no driver was found. PnpRemoved: the device is gone, or on its way. */
typedef enum PNP_STATE { PnpNew, PnpWaiting, PnpAdded, PnpStarting, PnpStarted, PnpFailed, PnpRemoved } PNP_STATE;

typedef struct PNP_MESSAGE {
    ULONG Vector;
    ULONG Processor;
} PNP_MESSAGE;

/* What a device was given; one block of pool with both lists behind it. */
typedef struct PNP_ASSIGNMENT {
    PCM_RESOURCE_LIST Raw, Translated;
    ULONG Size;                                  /* of each list */
    ULONG MessageCount;
    PNP_MESSAGE Messages[PNP_MAXIMUM_MESSAGES];
} PNP_ASSIGNMENT;

/* A device's node. It lasts as long as its physical device object; Pdo is referenced while the node is listed. Strings are NUL-terminated
 * pool of the node's own, or empty; lists of strings have a NUL in between. */
typedef struct PNP_NODE {
    PDEVICE_OBJECT Pdo;                          /* I */
    struct PNP_NODE *Parent;                     /* I its Pdo referenced; NULL: on the root bus */
    ULONG Depth;                                 /* I */
    UNICODE_STRING Instance;                     /* I Enumerator\Device\Instance */
    USHORT DeviceLength;                         /* I bytes of Instance before its last part */
    UNICODE_STRING Service;                      /* PnpNodeLock */
    UNICODE_STRING DriverKey;                    /* PnpNodeLock {class}\nnnn */
    UNICODE_STRING Description, Location;        /* I */
    UNICODE_STRING Hardware, Compatible;         /* I, Compatible of a reported device: written before anybody knows of it */
    PNP_BUS_INFORMATION Bus;                     /* I */
    ULONG Address, UiNumber;                     /* I or ~0 */
    PCM_RESOURCE_LIST Boot;                      /* I in pool, or NULL */
    PIO_RESOURCE_REQUIREMENTS_LIST Requirements; /* I in pool, or NULL */
    PNP_ASSIGNMENT *Assignment;                  /* PnpNodeLock NULL: none */
    PVOID Messages;                              /* a the connected table of messages (messageinterrupt.c) */
    ULONG Number;                                /* I on the root bus: nnnn */
    BOOLEAN Seen;                                /* engine: the bus still reports it */
    LIST_ENTRY Link;                             /* PnpNodeLock */
    volatile LONG Reported;                      /* a by its driver (IoReportDetectedDevice) */
    volatile LONG State;                         /* a PNP_STATE */
    volatile LONG Gone;                          /* a unlisted: no driver may ask about it any more */
    volatile LONG Wanted;                        /* a PNP_WANT_...: what the worker shall ask the stack */
    WORK_QUEUE_ITEM Work;                        /* queued while Wanted is not zero; references Pdo */
    LIST_ENTRY Properties;                       /* PnpPropertyLock */
} PNP_NODE;
#define PNP_WANT_STATE 0x1
#define PNP_WANT_BUS_RELATIONS 0x2
#define PNP_WANT_OTHER_RELATIONS 0x4

extern PDRIVER_OBJECT PnpRootDriver;
extern EX_PUSH_LOCK PnpNodeLock;
extern LIST_ENTRY PnpNodes;                      /* PnpNodeLock */

/* NULL: not a physical device that plug and play knows. */
static inline PNP_NODE *PnpNode(PDEVICE_OBJECT Pdo)
{
    PNP_NODE *node = Pdo != NULL ? IoDeviceExtension(Pdo)->DeviceNode : NULL;
    return node != NULL && !node->Gone ? node : NULL;
}

/* What one operation's requests are told to. */
typedef struct PNP_TALE {
    PNP_REPORT *Report;                          /* or NULL */
    PVOID Context;
} PNP_TALE;

/* ---- Nodes (node.c) ---- */
VOID PnpInitializeNodes(VOID);
/* The engine; the owner may enter it again. PASSIVE_LEVEL. */
VOID PnpEnterEngine(VOID);
VOID PnpLeaveEngine(VOID);
/* A node for the device, not listed; the device's from now on, whose end it does not outlive. Parent may be NULL. */
NTSTATUS PnpMakeNode(PDEVICE_OBJECT Pdo, PNP_NODE *Parent, PNP_NODE **Node);
/* STATUS_OBJECT_NAME_COLLISION: another one has its instance's name. */
NTSTATUS PnpListNode(PNP_NODE *Node);
/* The same with PnpNodeLock held, of a node whose instance no other has. */
VOID PnpListNodeLocked(PNP_NODE *Node);
/* The device goes: nothing of plug and play knows it any more, and its reference is given back. */
VOID PnpUnlistNode(PNP_NODE *Node);
/* A copy of Length bytes with a NUL behind. */
NTSTATUS PnpCopyString(PUNICODE_STRING Copy, const WCHAR *Text, ULONG Length);
/* A bus-enumerated device in that state, or a child of Parent; its Pdo is referenced. NULL: none. */
PNP_NODE *PnpFindNode(PNP_STATE State);
PNP_NODE *PnpFindChild(PNP_NODE *Parent, BOOLEAN OnlyUnseen);
VOID PnpForgetSeen(PNP_NODE *Parent);            /* of all its children */
/* Hexadecimal or four decimal digits at the end of a name that has room. */
VOID PnpAppendHex(PUNICODE_STRING Name, ULONG Value, ULONG Digits);
VOID PnpAppendNumber(PUNICODE_STRING Name, ULONG Number);
/* The number for the next {class}\nnnn. */
ULONG PnpNextDriverNumber(VOID);
#define PNP_UNKNOWN_CLASS L"{4d36e97e-e325-11ce-bfc1-08002be10318}"

/* ---- The tree (enumerate.c, child.c, service.c) ---- */
/* Asks the device's stack for its children: new ones get nodes, those it does not report any more are removed. Engine. */
VOID PnpEnumerate(PNP_NODE *Node, const PNP_TALE *Tale);
/* A node for a physical device that a bus driver reported; the device is listed. Engine. */
NTSTATUS PnpCreateChild(PNP_NODE *Parent, PDEVICE_OBJECT Pdo);
/* Adds and starts the drivers of every new device, their children included. Engine. */
VOID PnpStartNewDevices(VOID);
/* The service of a bus-enumerated device, from the registry; its DriverKey with it. */
NTSTATUS PnpFindService(PNP_NODE *Node);
/* The service's driver object, referenced; loaded when it was not. */
NTSTATUS PnpReferenceDriver(PCUNICODE_STRING Service, PDRIVER_OBJECT *Driver);
/* Takes the stacks of a device and of all its children down, without a question. The children's nodes go. Engine.
 * PnpStackOnly: the device stays, nobody's. PnpDiscard: its bus goes. PnpSurprise: it is not there any more, its drivers are told so. */
typedef enum PNP_END { PnpStackOnly, PnpDiscard, PnpSurprise } PNP_END;
VOID PnpTakeDown(PNP_NODE *Node, PNP_END End);
/* One device; its new children are not started. Engine. */
NTSTATUS PnpStartNode(PNP_NODE *Node, const PNP_TALE *Tale);
NTSTATUS PnpTell(const PNP_TALE *Tale, PCSTR Minor, NTSTATUS Status, ULONG_PTR Information);

/* ---- Resources (resource.c) ---- */
ULONG PnpSizeOfList(const CM_RESOURCE_LIST *List);           /* 0: it is not well-formed */
BOOLEAN PnpIsRequirements(const IO_RESOURCE_REQUIREMENTS_LIST *Requirements);        /* well-formed */
/* What the device has from the firmware, and messages as the requirements want them. *Assignment may become NULL: nothing. */
NTSTATUS PnpAssignResources(const PNP_NODE *Node, const IO_RESOURCE_REQUIREMENTS_LIST *Requirements, PNP_ASSIGNMENT **Assignment);
VOID PnpSetAssignment(PNP_NODE *Node, PNP_ASSIGNMENT *Assignment);       /* in place of what it has, which is freed */

/* ---- Requests (start.c) ---- */
/* IRP_MJ_PNP to the top of the stack, starting as STATUS_NOT_SUPPORTED with *Information, which may be NULL as Parameters may. */
NTSTATUS PnpSend(PDEVICE_OBJECT Pdo, UCHAR Minor, const IO_STACK_LOCATION *Parameters, ULONG_PTR *Information);
/* The devices of IRP_MN_QUERY_DEVICE_RELATIONS: *Relations is in pool, its devices referenced, or NULL. */
NTSTATUS PnpQueryRelations(PDEVICE_OBJECT Device, DEVICE_RELATION_TYPE Type, PDEVICE_RELATIONS *Relations);
VOID PnpFreeRelations(PDEVICE_RELATIONS Relations);
DRIVER_DISPATCH PnpRootDispatchPnp, PnpRootDispatchPower, PnpRootDispatchOther;
/* How physical devices answer: they complete the request. PnpAnswer with NULL: there was no memory. */
NTSTATUS PnpFinish(PIRP Irp, NTSTATUS Status);
NTSTATUS PnpAnswer(PIRP Irp, PVOID Answer);
NTSTATUS PnpAnswerTarget(PDEVICE_OBJECT Pdo, PIRP Irp);
NTSTATUS PnpAnswerBus(PIRP Irp, const PNP_BUS_INFORMATION *Bus);
NTSTATUS PnpAnswerCapabilities(PIRP Irp, ULONG Address);
PWCHAR PnpCopyText(const WCHAR *Text, ULONG Length, ULONG Nuls);        /* with Nuls of NUL behind, in pool */

/* ---- Registry (key.c) ---- */
/* Opens, or with Create makes with every key above it, the key PNP_SYSTEM_KEY + First + Second (NULL: nothing). */
NTSTATUS PnpOpenKey(PCWSTR First, PCUNICODE_STRING Second, PCWSTR Third, ACCESS_MASK Access, BOOLEAN Create, PHANDLE Key);
/* Enum\Instance, to be filled, with its key Device Parameters made. */
NTSTATUS PnpCreateInstanceKey(const PNP_NODE *Node, PHANDLE Key);
VOID PnpSetString(HANDLE Key, PCWSTR Name, PCUNICODE_STRING Value);
VOID PnpSetNumber(HANDLE Key, PCWSTR Name, ULONG Value);
VOID PnpSetList(HANDLE Key, PCWSTR Name, PCUNICODE_STRING List);         /* REG_MULTI_SZ */
/* A REG_SZ that is not empty; *Value is the caller's to free with RtlFreeUnicodeString's pool, PNP_TAG. */
NTSTATUS PnpGetString(HANDLE Key, PCWSTR Name, PUNICODE_STRING Value);

/* ---- Properties (property.c) ---- */
typedef struct PNP_PROPERTY_REQUEST {
    const DEVPROPKEY *Key;
    LCID Lcid;
    DEVPROPTYPE Type;
    ULONG Size;
    PVOID Data;
} PNP_PROPERTY_REQUEST;
extern EX_PUSH_LOCK PnpPropertyLock;
NTSTATUS PnpSetProperty(PLIST_ENTRY List, const PNP_PROPERTY_REQUEST *Request);
NTSTATUS PnpGetProperty(PLIST_ENTRY List, const PNP_PROPERTY_REQUEST *Request, PULONG RequiredSize, DEVPROPTYPE *Type);
VOID PnpFreeProperties(PLIST_ENTRY List);

/* ---- Interfaces (interface.c) ---- */
typedef struct PNP_INTERFACE {
    LIST_ENTRY Link;                             /* PnpInterfaceLock; never leaves the list */
    GUID Class;                                  /* I */
    UNICODE_STRING Name;                         /* I \??\ROOT#...#{class}[\reference], with a NUL behind */
    USHORT LinkLength;                           /* I bytes of Name without the reference */
    PDEVICE_OBJECT Pdo;                          /* PnpInterfaceLock NULL: its device is gone */
    BOOLEAN Enabled;                             /* PnpInterfaceLock */
    BOOLEAN Announced;                           /* PnpInterfaceLock its arrival was told */
    LONG64 AnnouncedAt;                          /* PnpInterfaceLock PnpRegistrations when it was announced or ceased to be */
    LIST_ENTRY Properties;                       /* PnpPropertyLock */
} PNP_INTERFACE;
extern EX_PUSH_LOCK PnpInterfaceLock;
extern LIST_ENTRY PnpInterfaces;                 /* PnpInterfaceLock */
static inline PNP_INTERFACE *PnpInterfaceAt(PLIST_ENTRY Entry) { return CONTAINING_RECORD(Entry, PNP_INTERFACE, Link); }
/* NULL: none of that name. Interfaces are never freed. */
PNP_INTERFACE *PnpFindInterface(PCUNICODE_STRING Name);
/* The device has started: arrivals that waited for it are told. */
VOID PnpAnnounceInterfaces(PDEVICE_OBJECT Pdo);
/* The device goes: its interfaces are disabled and belong to nobody. */
VOID PnpDisableInterfaces(PDEVICE_OBJECT Pdo);
/* The interface of a class after Previous (NULL: the first) that was announced before that registration, or NULL. */
PNP_INTERFACE *PnpNextInterface(const GUID *Class, PNP_INTERFACE *Previous, LONG64 Registration);

/* ---- Notification (notify.c) ---- */
/* How many registrations there have been. A registration hears of what is announced after it; of what was announced before it is told
 * when it asks for existing interfaces: of each change exactly once. */
extern volatile LONG64 PnpRegistrations;
/* Tells those who had registered when the change was announced (PNP_INTERFACE.AnnouncedAt then). */
VOID PnpNotifyInterface(PNP_INTERFACE *Interface, BOOLEAN Arrival, LONG64 AnnouncedAt);
VOID PnpInitializeNotification(VOID);
/* Tells everybody who asked for this device, now. With Veto the first refusal ends it, those told before are told Cancelled. */
NTSTATUS PnpNotifyTarget(PDEVICE_OBJECT Pdo, const GUID *Event, BOOLEAN Veto);

extern const GUID PnpGuidInternalBus;
extern const GUID PnpGuidArrival, PnpGuidRemoval, PnpGuidQueryRemove, PnpGuidRemoveCancelled, PnpGuidRemoveComplete;
