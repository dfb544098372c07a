/* SPDX-License-Identifier: MIT
 * Counting references, and deleting what has none left: at once where the caller may wait, else on the deferred list, which any
 * IRQL up to DISPATCH_LEVEL may push to and one thread empties.
 */
#include "obp.h"
#include "ke.h"

static POBJECT_HEADER volatile ObpRemoveObjectList;      /* a chain by NextToFree */
static KEVENT ObpRemoveObjectEvent;
static volatile LONG64 ObpDeferred, ObpDeferredDone;     /* a */

VOID ObpInitializeDeferredDeletes(VOID) { KeInitializeEvent(&ObpRemoveObjectEvent, SynchronizationEvent, FALSE); }

VOID ObpDeferDelete(POBJECT_HEADER Header)
{
    POBJECT_HEADER first;

    InterlockedIncrement64(&ObpDeferred);
    do {
        first = ObpRemoveObjectList;
        Header->NextToFree = first;
    } while (InterlockedCompareExchangePointer((PVOID volatile *)&ObpRemoveObjectList, Header, first) != first);
    if (first == NULL)
        KeSetEvent(&ObpRemoveObjectEvent, 0, FALSE);
}

static BOOLEAN ObpDeleteChain(VOID)
{
    POBJECT_HEADER header = InterlockedExchangePointer((PVOID volatile *)&ObpRemoveObjectList, NULL), next;

    if (header == NULL)
        return FALSE;
    for (; header != NULL; header = next) {
        next = header->NextToFree;
        header->NextToFree = NULL;
        ObpDeleteObject(header);
        InterlockedIncrement64(&ObpDeferredDone);
    }
    return TRUE;
}

VOID ObDeleteDeferredObjects(PVOID Context)
{
    for (;;) {
        while (ObpDeleteChain())
            continue;
        KeWaitForSingleObject(&ObpRemoveObjectEvent, Executive, KernelMode, FALSE, NULL);
    }
}

VOID ObWaitForDeferredDeletes(VOID)
{
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    LONG64 goal = ObpDeferred;
    while (ObpDeferredDone < goal)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
}

static VOID ObpNoReferenceLeft(POBJECT_HEADER Header, BOOLEAN Defer)
{
    if (Defer || KeIrql() > PASSIVE_LEVEL || KeAreAllApcsDisabled())
        ObpDeferDelete(Header);
    else
        ObpDeleteObject(Header);
}

static LONG_PTR ObpDereference(PVOID Object, LONG64 Count, BOOLEAN Defer)
{
    POBJECT_HEADER header = ObHeader(Object);
    LONG64 left = InterlockedAdd64(&header->PointerCount, -Count);

    ASSERT(KeIrql() <= DISPATCH_LEVEL);
    if (left < 0)                                /* more dereferences than references */
        KeBugCheckEx(REFERENCE_BY_POINTER, (ULONG_PTR)ObpTypeOf(header), (ULONG_PTR)Object, 2, (ULONG_PTR)left);
    if (left == 0) {
        if (!(header->Flags & OB_FLAG_NEW_OBJECT) && header->HandleCount != 0)   /* a handle's reference was taken away */
            KeBugCheckEx(REFERENCE_BY_POINTER, (ULONG_PTR)ObpTypeOf(header), (ULONG_PTR)Object, 1, (ULONG_PTR)header->HandleCount);
        ObpNoReferenceLeft(header, Defer);
    }
    return (LONG_PTR)left;
}

LONG_PTR FASTCALL ObfReferenceObject(PVOID Object)
{
    LONG64 now = InterlockedIncrement64(&ObHeader(Object)->PointerCount);
    if (now <= 1)                                /* was being deleted already */
        KeBugCheckEx(REFERENCE_BY_POINTER, (ULONG_PTR)ObpTypeOf(ObHeader(Object)), (ULONG_PTR)Object, 0x10, (ULONG_PTR)now);
    return (LONG_PTR)now;
}

BOOLEAN NTAPI ObReferenceObjectSafe(PVOID Object)
{
    POBJECT_HEADER header = ObHeader(Object);
    LONG64 count = header->PointerCount, seen;

    for (; count != 0; count = seen) {
        seen = InterlockedCompareExchange64(&header->PointerCount, count + 1, count);
        if (seen == count)
            return TRUE;
    }
    return FALSE;
}

LONG_PTR FASTCALL ObfReferenceObjectWithTag(PVOID Object, ULONG Tag) { return ObfReferenceObject(Object); }
LONG_PTR FASTCALL ObfDereferenceObject(PVOID Object) { return ObpDereference(Object, 1, FALSE); }
LONG_PTR FASTCALL ObfDereferenceObjectWithTag(PVOID Object, ULONG Tag) { return ObpDereference(Object, 1, FALSE); }
VOID NTAPI ObDereferenceObjectDeferDelete(PVOID Object) { ObpDereference(Object, 1, TRUE); }
VOID NTAPI ObDereferenceObjectDeferDeleteWithTag(PVOID Object, ULONG Tag) { ObpDereference(Object, 1, TRUE); }

/* The caller's pointer is good already; kernel mode may leave the type open. */
NTSTATUS NTAPI ObReferenceObjectByPointer(PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                          KPROCESSOR_MODE AccessMode)
{
    if (ObjectType == NULL ? AccessMode != KernelMode : ObpTypeOf(ObHeader(Object)) != ObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    ObfReferenceObject(Object);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ObReferenceObjectByPointerWithTag(PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                                 KPROCESSOR_MODE AccessMode, ULONG Tag)
{
    return ObReferenceObjectByPointer(Object, DesiredAccess, ObjectType, AccessMode);
}

ULONG NTAPI ObGetObjectPointerCount(PVOID Object) { return (ULONG)ObHeader(Object)->PointerCount; }
ULONG NTAPI ObGetObjectHandleCount(PVOID Object) { return (ULONG)ObHeader(Object)->HandleCount; }
