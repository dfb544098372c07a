/* SPDX-License-Identifier: MIT
 * What drivers call to filter the registry: registering callbacks, contexts of key objects, identities of keys.
 */
#include "callbackp.h"
#include "rtl.h"

static LONG64 CmpNextCookie = 0x01D5C0CEull << 32;   /* CmpCallbackLock; no small number, so that a wrong one is seen */

/* An altitude is a decimal number of any length, with a fraction perhaps. */
static BOOLEAN CmpIsAltitude(PCUNICODE_STRING Text)
{
    ULONG i, points = 0;
    for (i = 0; i < Text->Length / sizeof(WCHAR); i++) {
        if (Text->Buffer[i] == L'.')
            points++;
        else if (Text->Buffer[i] < L'0' || Text->Buffer[i] > L'9')
            return FALSE;
    }
    return i > points && points <= 1;
}

/* ---- Registering ---- */
/* Enters the callback in its place. */
static NTSTATUS CmpEnterCallbackLocked(CMP_CALLBACK *New)
{
    PLIST_ENTRY link;

    if (CmpCallbackCount >= CMP_MAXIMUM_CALLBACKS)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (link = CmpCallbacks.Flink; link != &CmpCallbacks; link = link->Flink) {
        CMP_CALLBACK *there = CONTAINING_RECORD(link, CMP_CALLBACK, Links);
        LONG order;
        if (there->Altitude.Length == 0)
            continue;
        if (New->Altitude.Length == 0)
            break;
        order = RtlCompareAltitudes(&New->Altitude, &there->Altitude);
        if (order == 0)
            return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
        if (order > 0)
            break;
    }
    New->Cookie.QuadPart = ++CmpNextCookie;
    InsertTailList(link, &New->Links);           /* in front of link */
    CmpCallbackCount++;
    return STATUS_SUCCESS;
}

static NTSTATUS CmpRegister(PEX_CALLBACK_FUNCTION Function, PCUNICODE_STRING Altitude, PVOID Context, PLARGE_INTEGER Cookie)
{
    ULONG bytes = Altitude != NULL ? Altitude->Length : 0;
    CMP_CALLBACK *callback = ExAllocatePoolWithTag(PagedPool, sizeof(*callback) + bytes, CMP_TAG);
    NTSTATUS status;

    if (callback == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(callback, sizeof(*callback));
    InitializeListHead(&callback->Contexts);
    ExInitializeRundownProtection(&callback->Calls);
    ExInitializeRundownProtection(&callback->Cleanups);
    callback->Function = Function;
    callback->Context = Context;
    if (bytes != 0) {
        callback->Altitude.Buffer = (PWCHAR)(callback + 1);
        callback->Altitude.Length = callback->Altitude.MaximumLength = (USHORT)bytes;
        RtlCopyMemory(callback + 1, Altitude->Buffer, bytes);
    }
    ExLockExclusive(&CmpCallbackLock);
    status = CmpEnterCallbackLocked(callback);
    ExUnlockExclusive(&CmpCallbackLock);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(callback, CMP_TAG);
        return status;
    }
    *Cookie = callback->Cookie;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI CmRegisterCallback(PEX_CALLBACK_FUNCTION Function, PVOID Context, PLARGE_INTEGER Cookie)
{
    return CmpRegister(Function, NULL, Context, Cookie);
}

NTSTATUS NTAPI CmRegisterCallbackEx(PEX_CALLBACK_FUNCTION Function, PCUNICODE_STRING Altitude, PVOID Driver, PVOID Context,
                                    PLARGE_INTEGER Cookie, PVOID Reserved)
{
    if (Altitude == NULL || Altitude->Length == 0 || (Altitude->Length & 1) || !CmpIsAltitude(Altitude))
        return STATUS_INVALID_PARAMETER;
    return CmpRegister(Function, Altitude, Context, Cookie);
}

static CMP_CALLBACK *CmpFindCallbackLocked(LARGE_INTEGER Cookie)
{
    PLIST_ENTRY link;
    for (link = CmpCallbacks.Flink; link != &CmpCallbacks; link = link->Flink)
        if (CONTAINING_RECORD(link, CMP_CALLBACK, Links)->Cookie.QuadPart == Cookie.QuadPart)
            return CONTAINING_RECORD(link, CMP_CALLBACK, Links);
    return NULL;
}

/* ---- Contexts ---- */
static VOID CmpCleanContext(CMP_CONTEXT *Context)
{
    REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION information = { Context->Body, Context->Context, NULL };
    CMP_CALLBACK *callback = Context->Callback;

    callback->Function(callback->Context, (PVOID)(ULONG_PTR)RegNtCallbackObjectContextCleanup, &information);
    ExReleaseRundownProtection(&callback->Cleanups);
    ExFreePoolWithTag(Context, CMP_TAG);
}

/* Takes one context out of both lists, its callback protected; NULL: there are none. */
static CMP_CONTEXT *CmpTakeContext(PLIST_ENTRY List, ULONG LinkOffset)
{
    CMP_CONTEXT *context = NULL;

    ExLockExclusive(&CmpCallbackLock);
    if (!IsListEmpty(List)) {
        context = (CMP_CONTEXT *)((PUCHAR)List->Flink - LinkOffset);
        RemoveEntryList(&context->BodyLinks);
        RemoveEntryList(&context->CallbackLinks);
        ExAcquireRundownProtection(&context->Callback->Cleanups);    /* does not fail while a context is in a list */
    }
    ExUnlockExclusive(&CmpCallbackLock);
    return context;
}

VOID CmpEndContexts(PCM_KEY_BODY Body)
{
    CMP_CONTEXT *context;
    while (!IsListEmpty(&Body->ContextListHead) &&
           (context = CmpTakeContext(&Body->ContextListHead, FIELD_OFFSET(CMP_CONTEXT, BodyLinks))) != NULL)
        CmpCleanContext(context);
}

NTSTATUS NTAPI CmUnRegisterCallback(LARGE_INTEGER Cookie)
{
    CMP_CALLBACK *callback;
    CMP_CONTEXT *context;

    ExLockExclusive(&CmpCallbackLock);
    callback = CmpFindCallbackLocked(Cookie);
    if (callback != NULL) {
        RemoveEntryList(&callback->Links);       /* nobody new finds it */
        InitializeListHead(&callback->Links);
        CmpCallbackCount--;
    }
    ExUnlockExclusive(&CmpCallbackLock);
    if (callback == NULL)
        return STATUS_INVALID_PARAMETER;
    ExWaitForRundownProtectionRelease(&callback->Calls);
    while ((context = CmpTakeContext(&callback->Contexts, FIELD_OFFSET(CMP_CONTEXT, CallbackLinks))) != NULL)
        CmpCleanContext(context);
    ExWaitForRundownProtectionRelease(&callback->Cleanups);
    ExFreePoolWithTag(callback, CMP_TAG);
    return STATUS_SUCCESS;
}

static NTSTATUS CmpSetContextLocked(PCM_KEY_BODY Body, LARGE_INTEGER Cookie, PVOID NewContext, CMP_CONTEXT *New, PVOID *Old)
{
    CMP_CALLBACK *callback = CmpFindCallbackLocked(Cookie);
    CMP_CONTEXT *context;

    if (callback == NULL)
        return STATUS_INVALID_PARAMETER;
    context = CmpFindContextLocked(Body, callback);
    if (context != NULL) {
        *Old = context->Context;
        context->Context = NewContext;
        return STATUS_OBJECT_NAME_EXISTS;
    }
    *New = (CMP_CONTEXT){ .Callback = callback, .Body = Body, .Context = NewContext };
    InsertTailList(&Body->ContextListHead, &New->BodyLinks);
    InsertTailList(&callback->Contexts, &New->CallbackLinks);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI CmSetCallbackObjectContext(PVOID Object, PLARGE_INTEGER Cookie, PVOID NewContext, PVOID *OldContext)
{
    CMP_CONTEXT *new;
    PVOID old = NULL;
    NTSTATUS status;

    if (Object == NULL || ObGetObjectType(Object) != CmpKeyObjectType)
        return STATUS_INVALID_PARAMETER;
    new = ExAllocatePoolWithTag(PagedPool, sizeof(*new), CMP_TAG);
    if (new == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ExLockExclusive(&CmpCallbackLock);
    status = CmpSetContextLocked(Object, *Cookie, NewContext, new, &old);
    ExUnlockExclusive(&CmpCallbackLock);
    if (status != STATUS_SUCCESS)
        ExFreePoolWithTag(new, CMP_TAG);
    if (NT_SUCCESS(status) && OldContext != NULL)
        *OldContext = old;
    return NT_SUCCESS(status) ? STATUS_SUCCESS : status;
}

/* ---- Identity ---- */
static BOOLEAN CmpIsRegistered(LARGE_INTEGER Cookie)
{
    BOOLEAN found;
    ExLockShared(&CmpCallbackLock);
    found = CmpFindCallbackLocked(Cookie) != NULL;
    ExUnlockShared(&CmpCallbackLock);
    return found;
}

/* The path with its UNICODE_STRING in one pool block, or NULL. */
static PUNICODE_STRING CmpCopyPath(PCMP_KCB Kcb)
{
    UNICODE_STRING path = CmpPathOf(Kcb), *name;

    if (path.Buffer == NULL)
        return NULL;
    name = ExAllocatePoolWithTag(PagedPool, sizeof(*name) + path.MaximumLength, CMP_TAG);
    if (name != NULL) {
        name->Buffer = (PWCHAR)(name + 1);
        name->Length = path.Length;
        name->MaximumLength = path.MaximumLength;
        RtlCopyMemory(name + 1, path.Buffer, path.MaximumLength);
    }
    ExFreePoolWithTag(path.Buffer, CMP_TAG);
    return name;
}

NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER Cookie, PVOID Object, PULONG_PTR ObjectID, PCUNICODE_STRING *ObjectName,
                                          ULONG Flags)
{
    PCMP_KCB kcb;
    PUNICODE_STRING name;

    if (Flags != 0 || Object == NULL || ObGetObjectType(Object) != CmpKeyObjectType || !CmpIsRegistered(*Cookie))
        return STATUS_INVALID_PARAMETER;
    kcb = ((PCM_KEY_BODY)Object)->KeyControlBlock;
    if (ObjectName != NULL) {
        name = CmpCopyPath(kcb);
        if (name == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        *ObjectName = name;
    }
    if (ObjectID != NULL)
        *ObjectID = (ULONG_PTR)kcb->SequenceNumber;
    return STATUS_SUCCESS;
}

/* The name is the key's and goes with it. */
NTSTATUS NTAPI CmCallbackGetKeyObjectID(PLARGE_INTEGER Cookie, PVOID Object, PULONG_PTR ObjectID, PCUNICODE_STRING *ObjectName)
{
    PCUNICODE_STRING copy = NULL;
    PCMP_KCB kcb;
    NTSTATUS status = CmCallbackGetKeyObjectIDEx(Cookie, Object, ObjectID, ObjectName != NULL ? &copy : NULL, 0);

    if (!NT_SUCCESS(status) || ObjectName == NULL)
        return status;
    kcb = ((PCM_KEY_BODY)Object)->KeyControlBlock;
    ExLockExclusive(&CmpKcbLock);
    if (kcb->FullKCBName == NULL) {
        kcb->FullKCBName = (PUNICODE_STRING)copy;
        copy = NULL;
    }
    *ObjectName = kcb->FullKCBName;
    ExUnlockExclusive(&CmpKcbLock);
    if (copy != NULL)
        CmCallbackReleaseKeyObjectIDEx(copy);
    return STATUS_SUCCESS;
}

VOID NTAPI CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING ObjectName) { ExFreePoolWithTag((PVOID)ObjectName, CMP_TAG); }

/* Keys take no part in transactions here, so that none is ever bound. */
PVOID NTAPI CmGetBoundTransaction(PLARGE_INTEGER Cookie, PVOID Object) { return NULL; }

VOID NTAPI CmGetCallbackVersion(PULONG Major, PULONG Minor)
{
    if (Major != NULL)
        *Major = 1;
    if (Minor != NULL)
        *Minor = 0;
}
