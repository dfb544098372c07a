/* SPDX-License-Identifier: MIT
 * Between the parts of WMI: providers (wmi.c) and the blocks of data that drivers ask them for (wmiblock.c).
 */
#pragma once
#include "iop.h"
#include "exsync.h"
#include <wmistr.h>

#define WMI_TAG 'pimW'

/* A device that registered. */
typedef struct WMI_PROVIDER {
    LIST_ENTRY Link;                             /* WmiLock */
    PDEVICE_OBJECT Device;                       /* I referenced */
    EX_RUNDOWN_REF Requests;                     /* requests to the device under way; run down once it deregisters */
    WORK_QUEUE_ITEM Work;                        /* one at a time: Asking */
    BOOLEAN Asking;                              /* WmiLock a question is queued or under way, and holds Requests */
    BOOLEAN AskAgain;                            /* WmiLock */
    BOOLEAN Update;                              /* WmiLock the next question is an update */
    ULONG GuidCount;                             /* WmiLock */
    WMIREGGUIDW *Guids;                          /* WmiLock in pool, or NULL */
} WMI_PROVIDER;

/* IRP_MJ_SYSTEM_CONTROL to the top of the device's stack; the caller holds Provider->Requests. Information: bytes returned. */
NTSTATUS WmiSend(WMI_PROVIDER *Provider, UCHAR Minor, PVOID DataPath, PVOID Buffer, ULONG Size, PULONG Information);
/* The next provider of Guid after Previous (NULL: the first), with Requests held; Previous's is given back. Providers that come or
 * go meanwhile are seen or not. */
WMI_PROVIDER *WmiNextProvider(const GUID *Guid, WMI_PROVIDER *Previous);
VOID WmiInitialize(VOID);
