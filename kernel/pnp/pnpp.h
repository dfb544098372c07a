/* SPDX-License-Identifier: MIT
 * Private to pnp/. Push locks, in the order in which they are taken; none is held over a request, a callback or the registry:
 *   PnpInterfaceLock   device interfaces, what is enabled and to whom it belongs
 *   PnpNotifyLock      registrations for notification, events on their way
 *   PnpPropertyLock    lists of properties
 *   PnpNodeLock        the list of devices; nothing inside it
 */
#pragma once
#include "pnp.h"
#include "io.h"
#include "ob.h"
#include "ex.h"
#include "exsync.h"
#include "ke.h"

#define PNP_TAG 'pnPP'
#define PNP_INSTANCE_CHARACTERS 96u
#define PNP_MAXIMUM_INSTANCES 10000u              /* of a service: four digits */
#define PNP_SYSTEM_KEY L"\\Registry\\Machine\\System\\CurrentControlSet\\"

typedef enum PNP_STATE { PnpNew, PnpAdded, PnpStarting, PnpStarted, PnpFailed, PnpRemoved } PNP_STATE;

/* A device's node: the extension of its physical device. */
typedef struct PNP_NODE {
    PDEVICE_OBJECT Pdo;                          /* I */
    UNICODE_STRING Instance;                     /* I ROOT\Service\nnnn */
    UNICODE_STRING Service;                      /* I its middle */
    UNICODE_STRING DriverKey;                    /* I {class}\nnnn */
    UNICODE_STRING Compatible;                   /* I of a reported device, else empty: identifiers with a NUL in between */
    ULONG Number;                                /* I nnnn */
    WCHAR InstanceBuffer[PNP_INSTANCE_CHARACTERS];
    WCHAR DriverKeyBuffer[48];
    WCHAR CompatibleBuffer[2 * PNP_INSTANCE_CHARACTERS + 48];
    LIST_ENTRY Link;                             /* PnpNodeLock */
    volatile LONG Reported;                      /* a by its driver (IoReportDetectedDevice) */
    volatile LONG State;                         /* a PNP_STATE */
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
/* The device goes; PnpCreateRootDevice listed it. */
VOID PnpUnlistNode(PNP_NODE *Node);

/* NULL: not a physical device that plug and play knows. */
static inline PNP_NODE *PnpNode(PDEVICE_OBJECT Pdo) { return Pdo != NULL ? IoDeviceExtension(Pdo)->DeviceNode : NULL; }

/* ---- Requests (start.c) ---- */
/* IRP_MJ_PNP to the top of the stack, starting as STATUS_NOT_SUPPORTED. Parameters may be NULL. */
NTSTATUS PnpSend(PDEVICE_OBJECT Pdo, UCHAR Minor, const IO_STACK_LOCATION *Parameters, ULONG_PTR *Information);
/* The devices of IRP_MN_QUERY_DEVICE_RELATIONS: *Relations is in pool, its devices referenced, or NULL. */
NTSTATUS PnpQueryRelations(PDEVICE_OBJECT Device, DEVICE_RELATION_TYPE Type, PDEVICE_RELATIONS *Relations);
VOID PnpFreeRelations(PDEVICE_RELATIONS Relations);
DRIVER_DISPATCH PnpRootDispatchPnp, PnpRootDispatchPower, PnpRootDispatchOther;

/* ---- Registry (key.c) ---- */
/* Opens, or with Create makes with every key above it, the key PNP_SYSTEM_KEY + First + Second (NULL: nothing). */
NTSTATUS PnpOpenKey(PCWSTR First, PCUNICODE_STRING Second, PCWSTR Third, ACCESS_MASK Access, BOOLEAN Create, PHANDLE Key);
VOID PnpSetString(HANDLE Key, PCWSTR Name, PCUNICODE_STRING Value);
VOID PnpSetNumber(HANDLE Key, PCWSTR Name, ULONG Value);

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
/* Tells everybody who asked for this device, now. With Veto the first refusal ends it, those told before are told Cancelled. */
NTSTATUS PnpNotifyTarget(PDEVICE_OBJECT Pdo, const GUID *Event, BOOLEAN Veto);

extern const GUID PnpGuidArrival, PnpGuidRemoval, PnpGuidQueryRemove, PnpGuidRemoveCancelled, PnpGuidRemoveComplete;
