/* SPDX-License-Identifier: MIT
 * Registering callbacks for handles, and taking them back: a registration stands in the lists of its types until the last call of it
 * is done, so that who is calling it finds the next one.
 */
#include "obp.h"
#include "mm.h"
#include "rtl.h"

#define OBP_TAG_CALLBACKS 'bCbO'

static LIST_ENTRY ObpRegistrations = { &ObpRegistrations, &ObpRegistrations };       /* ObpCallbackLock */

USHORT NTAPI ObGetFilterVersion(VOID) { return OB_FLT_REGISTRATION_VERSION; }

static NTSTATUS ObpCheckRegistration(const OB_CALLBACK_REGISTRATION *Registration)
{
    const UNICODE_STRING *altitude = &Registration->Altitude;

    if (Registration->Version != OB_FLT_REGISTRATION_VERSION || Registration->OperationRegistrationCount == 0 ||
        Registration->OperationRegistration == NULL)
        return STATUS_INVALID_PARAMETER;
    if (altitude->Length == 0 || (altitude->Length & 1) || altitude->Buffer == NULL)
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

static NTSTATUS ObpCheckItem(const OBP_CALLBACK_ITEM *Item)
{
    const OB_OPERATION all = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE;

    if (!ObpIsType(Item->ObjectType) || !Item->ObjectType->TypeInfo.SupportsObjectCallbacks)
        return STATUS_INVALID_PARAMETER;
    if (Item->Operations == 0 || (Item->Operations & ~all) || (Item->PreOperation == NULL && Item->PostOperation == NULL))
        return STATUS_INVALID_PARAMETER;
    if ((Item->PreOperation != NULL && !MmVerifyCallbackFunction(Item->PreOperation)) ||
        (Item->PostOperation != NULL && !MmVerifyCallbackFunction(Item->PostOperation)))
        return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}

/* The driver's array, copied before it is looked at. */
static NTSTATUS ObpCaptureItems(OBP_CALLBACKS *Callbacks, const OB_OPERATION_REGISTRATION *Operations)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    for (i = 0; i < Callbacks->Count && NT_SUCCESS(status); i++) {
        OB_OPERATION_REGISTRATION operation = Operations[i];
        Callbacks->Items[i] = (OBP_CALLBACK_ITEM){ .Operations = operation.Operations, .Callbacks = Callbacks,
                                                   .PreOperation = operation.PreOperation,
                                                   .PostOperation = operation.PostOperation };
        if (operation.ObjectType != NULL)
            Callbacks->Items[i].ObjectType = *operation.ObjectType;
        status = ObpCheckItem(&Callbacks->Items[i]);
    }
    return status;
}

static NTSTATUS ObpCapture(const OB_CALLBACK_REGISTRATION *Registration, OBP_CALLBACKS **Callbacks)
{
    SIZE_T items = Registration->OperationRegistrationCount * sizeof(OBP_CALLBACK_ITEM);
    USHORT altitude = Registration->Altitude.Length;
    OBP_CALLBACKS *callbacks = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*callbacks) + items + altitude, OBP_TAG_CALLBACKS);
    NTSTATUS status;

    if (callbacks == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(callbacks, sizeof(*callbacks));
    ExInitializeRundownProtection(&callbacks->Calls);
    callbacks->Context = Registration->RegistrationContext;
    callbacks->Count = Registration->OperationRegistrationCount;
    callbacks->Altitude = (UNICODE_STRING){ altitude, altitude, (PWCHAR)((PUCHAR)callbacks->Items + items) };
    RtlCopyMemory(callbacks->Altitude.Buffer, Registration->Altitude.Buffer, altitude);
    status = ObpCaptureItems(callbacks, Registration->OperationRegistration);
    if (NT_SUCCESS(status))
        *Callbacks = callbacks;
    else
        ExFreePoolWithTag(callbacks, OBP_TAG_CALLBACKS);
    return status;
}

/* Behind all of the same or a higher altitude. */
static VOID ObpEnterItemLocked(OBP_CALLBACK_ITEM *Item)
{
    PLIST_ENTRY head = &Item->ObjectType->CallbackList, link = head->Flink;

    while (link != head && RtlCompareAltitudes(&Item->Callbacks->Altitude,
                                               &CONTAINING_RECORD(link, OBP_CALLBACK_ITEM, Links)->Callbacks->Altitude) <= 0)
        link = link->Flink;
    InsertTailList(link, &Item->Links);          /* in front of link */
}

static NTSTATUS ObpEnterLocked(OBP_CALLBACKS *Callbacks)
{
    PLIST_ENTRY link;
    ULONG i;

    for (link = ObpRegistrations.Flink; link != &ObpRegistrations; link = link->Flink)
        if (RtlCompareAltitudes(&CONTAINING_RECORD(link, OBP_CALLBACKS, Links)->Altitude, &Callbacks->Altitude) == 0)
            return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
    InsertTailList(&ObpRegistrations, &Callbacks->Links);
    for (i = 0; i < Callbacks->Count; i++)
        ObpEnterItemLocked(&Callbacks->Items[i]);
    return STATUS_SUCCESS;
}

/* Both callbacks of each operation lie in images that were signed for it. What is registered is a copy. IRQL <= APC_LEVEL.
 * STATUS_INVALID_PARAMETER, STATUS_ACCESS_DENIED, STATUS_FLT_INSTANCE_ALTITUDE_COLLISION (of another registration, whatever its
 * types), STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS NTAPI ObRegisterCallbacks(POB_CALLBACK_REGISTRATION CallbackRegistration, PVOID *RegistrationHandle)
{
    OB_CALLBACK_REGISTRATION registration = *CallbackRegistration;
    OBP_CALLBACKS *callbacks;
    NTSTATUS status = ObpCheckRegistration(&registration);

    if (NT_SUCCESS(status))
        status = ObpCapture(&registration, &callbacks);
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&ObpCallbackLock);
    status = ObpEnterLocked(callbacks);
    ExUnlockExclusive(&ObpCallbackLock);
    if (NT_SUCCESS(status))
        *RegistrationHandle = callbacks;
    else
        ExFreePoolWithTag(callbacks, OBP_TAG_CALLBACKS);
    return status;
}

/* ---- Taking back ---- */
/* From here no call of it begins, and nobody else takes it back. FALSE: there is no such registration (any more). */
static BOOLEAN ObpBeginLeaving(const OBP_CALLBACKS *Callbacks)
{
    BOOLEAN begun = FALSE;
    PLIST_ENTRY link;

    ExLockExclusive(&ObpCallbackLock);
    for (link = ObpRegistrations.Flink; link != &ObpRegistrations; link = link->Flink) {
        OBP_CALLBACKS *there = CONTAINING_RECORD(link, OBP_CALLBACKS, Links);
        if (there != Callbacks || there->Leaving)
            continue;
        there->Leaving = begun = TRUE;
    }
    ExUnlockExclusive(&ObpCallbackLock);
    return begun;
}

/* Returns when no call is under way, not even between an operation's two callbacks. Not from a callback. IRQL <= APC_LEVEL. */
VOID NTAPI ObUnRegisterCallbacks(PVOID RegistrationHandle)
{
    OBP_CALLBACKS *callbacks = RegistrationHandle;
    ULONG i;

    if (!ObpBeginLeaving(callbacks))
        return;                                  /* a driver's mistake, which must not become the kernel's */
    ExWaitForRundownProtectionRelease(&callbacks->Calls);
    ExLockExclusive(&ObpCallbackLock);
    for (i = 0; i < callbacks->Count; i++)
        RemoveEntryList(&callbacks->Items[i].Links);
    RemoveEntryList(&callbacks->Links);
    ExUnlockExclusive(&ObpCallbackLock);
    ExFreePoolWithTag(callbacks, OBP_TAG_CALLBACKS);
}
