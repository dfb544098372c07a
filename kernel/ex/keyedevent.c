/* SPDX-License-Identifier: MIT
 * Keyed events: a thread that waits with a key meets a thread of its process that releases the same key, whichever comes first. Who comes
 * first stands in a bucket, with its entry on its own stack; who comes second takes it out and lets it go. Nothing is stored in the
 * object: it only keeps those that use different objects apart.
 */
#include "exp.h"

#define EXP_KEYED_WAIT 0x0001u
#define EXP_KEYED_WAKE 0x0002u
#define EXP_KEYED_ALL (STANDARD_RIGHTS_REQUIRED | EXP_KEYED_WAIT | EXP_KEYED_WAKE)
#define EXP_KEYED_BUCKETS 64u

typedef struct EXP_KEYED {
    LIST_ENTRY Link;                             /* ExpKeyedLock; empty: somebody has met it */
    PVOID Object, Key;                           /* I */
    PEPROCESS Process;                           /* I */
    BOOLEAN Releases;                            /* I */
    KEVENT Met;
} EXP_KEYED;

static KE_LOCK ExpKeyedLock = KE_LOCK_OF_RANK(KeRankKeyedEvent);
static LIST_ENTRY ExpKeyedBuckets[EXP_KEYED_BUCKETS];        /* ExpKeyedLock */
static POBJECT_TYPE ExpKeyedEventObjectType;
static PVOID ExpGlobalKeyedEvent;                            /* I \KernelObjects\CritSecOutOfMemoryEvent */

VOID ExpInitializeKeyedEvents(VOID)
{
    static const OB_TYPE_TEMPLATE keyed = {
        .Name = L"KeyedEvent", .ValidAccess = EXP_KEYED_ALL, .PoolType = PagedPool, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { STANDARD_RIGHTS_READ | EXP_KEYED_WAIT, STANDARD_RIGHTS_WRITE | EXP_KEYED_WAKE, STANDARD_RIGHTS_EXECUTE,
                     EXP_KEYED_ALL },
    };
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\KernelObjects\\CritSecOutOfMemoryEvent");
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_PERMANENT | OBJ_KERNEL_HANDLE, NULL, NULL };
    HANDLE handle;
    NTSTATUS status;
    ULONG i;

    for (i = 0; i < EXP_KEYED_BUCKETS; i++)
        InitializeListHead(&ExpKeyedBuckets[i]);
    ExpKeyedEventObjectType = ObCreateSystemType(&keyed);
    status = NtCreateKeyedEvent(&handle, EXP_KEYED_ALL, &attributes, 0);
    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(handle, 0, ExpKeyedEventObjectType, KernelMode, &ExpGlobalKeyedEvent, NULL);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(PHASE1_INITIALIZATION_FAILED, (ULONG_PTR)status, 0, 0, 0);
    ZwClose(handle);
}

NTSTATUS NTAPI NtCreateKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG Flags)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID object;
    NTSTATUS status;

    if (Flags != 0)
        return STATUS_INVALID_PARAMETER_4;
    status = ObCreateObject(mode, ExpKeyedEventObjectType, ObjectAttributes, mode, NULL, sizeof(ULONG64), 0, 0, &object);
    return NT_SUCCESS(status) ? ObInsertAndReturn(object, DesiredAccess, KeyedEventHandle) : status;
}

NTSTATUS NTAPI NtOpenKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, ExpKeyedEventObjectType, DesiredAccess, KeyedEventHandle);
}

static PLIST_ENTRY ExpKeyedBucket(const EXP_KEYED *This)
{
    return &ExpKeyedBuckets[((ULONG_PTR)This->Key >> 4 ^ (ULONG_PTR)This->Key >> 12 ^ (ULONG_PTR)This->Process >> 6) % EXP_KEYED_BUCKETS];
}

/* Who waits for This, taken out of the bucket; else This stands there now, and NULL. */
static EXP_KEYED *ExpMeetOrStand(EXP_KEYED *This)
{
    PLIST_ENTRY bucket = ExpKeyedBucket(This), entry;
    KIRQL irql = KeLockAcquire(&ExpKeyedLock);
    EXP_KEYED *found = NULL;

    for (entry = bucket->Flink; entry != bucket && found == NULL; entry = entry->Flink) {
        EXP_KEYED *other = CONTAINING_RECORD(entry, EXP_KEYED, Link);
        if (other->Key == This->Key && other->Process == This->Process && other->Object == This->Object &&
            other->Releases != This->Releases)
            found = other;
    }
    if (found != NULL) {
        RemoveEntryList(&found->Link);
        InitializeListHead(&found->Link);
    } else {
        InsertTailList(bucket, &This->Link);
    }
    KeLockRelease(&ExpKeyedLock, irql);
    return found;
}

/* Nobody is to meet This any more. FALSE: somebody has. */
static BOOLEAN ExpStandNoLonger(EXP_KEYED *This)
{
    KIRQL irql = KeLockAcquire(&ExpKeyedLock);
    BOOLEAN stood = !IsListEmpty(&This->Link);

    RemoveEntryList(&This->Link);
    InitializeListHead(&This->Link);
    KeLockRelease(&ExpKeyedLock, irql);
    return stood;
}

static NTSTATUS ExpMeet(EXP_KEYED *This, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    EXP_KEYED *other;
    NTSTATUS status;

    KeInitializeEvent(&This->Met, NotificationEvent, FALSE);
    other = ExpMeetOrStand(This);
    if (other != NULL) {
        KeSetEvent(&other->Met, EVENT_INCREMENT, FALSE);
        return STATUS_SUCCESS;
    }
    status = KeWaitForSingleObject(&This->Met, WrKeyedEvent, ObPreviousMode(), Alertable, Timeout);
    if (status == STATUS_SUCCESS || ExpStandNoLonger(This))
        return status;
    KeWaitForSingleObject(&This->Met, WrKeyedEvent, KernelMode, FALSE, NULL);        /* who has met it says so at once */
    return STATUS_SUCCESS;
}

static NTSTATUS ExpUseKeyedEvent(HANDLE Handle, PVOID Key, BOOLEAN Releases, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    EXP_KEYED this = { .Key = Key, .Process = PsCurrentProcess(), .Releases = Releases };
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER timeout;
    NTSTATUS status = STATUS_SUCCESS;

    if ((ULONG_PTR)Key & 1)
        return STATUS_INVALID_PARAMETER_1;
    if (Timeout != NULL)
        status = MmReadCaller(mode, &timeout, Timeout, sizeof(timeout));
    if (!NT_SUCCESS(status))
        return status;
    if (Handle == NULL) {
        this.Object = ExpGlobalKeyedEvent;
        return ExpMeet(&this, Alertable, Timeout != NULL ? &timeout : NULL);
    }
    status = ObReferenceObjectByHandle(Handle, Releases ? EXP_KEYED_WAKE : EXP_KEYED_WAIT, ExpKeyedEventObjectType, mode, &this.Object,
                                       NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ExpMeet(&this, Alertable, Timeout != NULL ? &timeout : NULL);
    ObfDereferenceObject(this.Object);
    return status;
}

NTSTATUS NTAPI NtWaitForKeyedEvent(HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    return ExpUseKeyedEvent(KeyedEventHandle, KeyValue, FALSE, Alertable, Timeout);
}

NTSTATUS NTAPI NtReleaseKeyedEvent(HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    return ExpUseKeyedEvent(KeyedEventHandle, KeyValue, TRUE, Alertable, Timeout);
}
