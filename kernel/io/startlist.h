/* SPDX-License-Identifier: MIT
 * The drivers below Services in the order in which they start (startlist.c), and their starting (systemdrivers.c).
 */
#pragma once
#include "service.h"

typedef enum IOP_START_STATE { IopNotStarted, IopStarting, IopStarted } IOP_START_STATE;

/* One service. Lists of strings end with an empty one; NULL: none. */
typedef struct IOP_START {
    UNICODE_STRING Name;                         /* in pool */
    ULONG Start;                                 /* SERVICE_BOOT_START ... SERVICE_DEMAND_START */
    PWSTR Group;                                 /* in pool; NULL: none */
    PWSTR NeededServices, NeededGroups;          /* in pool */
    ULONG GroupRank, TagRank, Index;             /* what it is sorted by, after Start */
    IOP_START_STATE State;
    NTSTATUS Status;                             /* once IopStarted */
} IOP_START;

typedef struct IOP_START_LIST {
    ULONG Count, Room;
    IOP_START *Services;                         /* in pool */
} IOP_START_LIST;

/* What the registry says now: boot before system before automatic before on demand, then by the place of the group in
 * Control\ServiceGroupOrder, then by the place of the tag in the group's own list. Services that are disabled or no drivers are left
 * out. PASSIVE_LEVEL. */
NTSTATUS IopListServices(IOP_START_LIST *List);
VOID IopFreeStartList(IOP_START_LIST *List);
