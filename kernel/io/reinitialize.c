/* SPDX-License-Identifier: MIT
 * Routines that a driver wants to be called once its DriverEntry has succeeded. One of them may register again for the next round;
 * a driver that never stops is stopped after a number of rounds, as it would hold up the machine.
 */
#include "iop.h"
#include "kd.h"

#define IOP_TAG_AGAIN 'gAoI'
#define IOP_ROUNDS 64u

typedef struct IOP_AGAIN {
    struct IOP_AGAIN *Next;                      /* IopDatabaseLock */
    PDRIVER_OBJECT Driver;                       /* I referenced */
    PDRIVER_REINITIALIZE Routine;                /* I */
    PVOID Context;                               /* I */
} IOP_AGAIN;

static IOP_AGAIN *IopAgain;                      /* IopDatabaseLock, last registered first */

VOID NTAPI IoRegisterDriverReinitialization(PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE DriverReinitializationRoutine,
                                            PVOID Context)
{
    IOP_AGAIN *entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry), IOP_TAG_AGAIN);
    KIRQL irql;

    if (entry == NULL)
        return;
    ObfReferenceObject(DriverObject);
    entry->Driver = DriverObject;
    entry->Routine = DriverReinitializationRoutine;
    entry->Context = Context;
    irql = KeLockAcquire(&IopDatabaseLock);
    DriverObject->Flags |= DRVO_REINIT_REGISTERED;
    entry->Next = IopAgain;
    IopAgain = entry;
    KeLockRelease(&IopDatabaseLock, irql);
}

VOID NTAPI IoRegisterBootDriverReinitialization(PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE DriverReinitializationRoutine,
                                                PVOID Context)
{
    IoRegisterDriverReinitialization(DriverObject, DriverReinitializationRoutine, Context);
}

/* The oldest entry of the driver, taken out, or NULL. */
static IOP_AGAIN *IopTakeAgain(PDRIVER_OBJECT Driver)
{
    IOP_AGAIN **link, **found = NULL, *entry = NULL;
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);

    for (link = &IopAgain; *link != NULL; link = &(*link)->Next)
        if ((*link)->Driver == Driver)
            found = link;
    if (found != NULL) {
        entry = *found;
        *found = entry->Next;
    }
    KeLockRelease(&IopDatabaseLock, irql);
    return entry;
}

VOID IopReinitializeDriver(PDRIVER_OBJECT Driver, BOOLEAN Call)
{
    IOP_AGAIN *entry;
    ULONG round;

    for (round = 0; (entry = IopTakeAgain(Driver)) != NULL; round++) {
        if (Call && round < IOP_ROUNDS)
            entry->Routine(Driver, entry->Context, ++Driver->DriverExtension->Count);
        ObfDereferenceObject(Driver);
        ExFreePoolWithTag(entry, IOP_TAG_AGAIN);
    }
    if (round > IOP_ROUNDS)
        KdLogEvent("warning", "a driver registers for reinitialization over and over");
}
