/* SPDX-License-Identifier: MIT
 * PsLoadedModuleResource: who holds it finds PsLoadedModuleList as it is. mm links and unlinks images with it held exclusively.
 */
#include "exp.h"

ERESOURCE PsLoadedModuleResource;

static VOID ExpLockLoadedModules(VOID)
{
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&PsLoadedModuleResource, TRUE);
}

static VOID ExpUnlockLoadedModules(VOID)
{
    ExReleaseResourceLite(&PsLoadedModuleResource);
    KeLeaveCriticalRegion();
}

VOID ExpInitializeLoadedModules(VOID)
{
    ExInitializeResourceLite(&PsLoadedModuleResource);
    KeUpcalls.LockLoadedModules = ExpLockLoadedModules;
    KeUpcalls.UnlockLoadedModules = ExpUnlockLoadedModules;
}
