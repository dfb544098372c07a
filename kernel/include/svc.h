/* SPDX-License-Identifier: MIT
 * System services: what user mode calls by number. The numbers come from the ntdll.dll on the disk, the services from services.inc.
 */
#pragma once
#include "nt.h"
#include "ps.h"

/* Gives the services of this ntdll.dll, mapped somewhere, their numbers. STATUS_INVALID_IMAGE_FORMAT: it has no stubs. PASSIVE_LEVEL, once. */
NTSTATUS SvcInstall(const VOID *Ntdll, SIZE_T Size);
/* Each service that a program asked for in vain, as an event with its name. */
VOID SvcReportMissing(VOID);
