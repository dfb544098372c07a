/* SPDX-License-Identifier: MIT
 * Key objects: what a handle to a key stands for.
 */
#include "cmp.h"
#include "ps.h"

POBJECT_TYPE CmpKeyObjectType;

NTSTATUS CmpCreateKeyBody(PCMP_KCB Kcb, PVOID *Object)
{
    PCM_KEY_BODY body;
    PVOID object;
    NTSTATUS status = ObCreateObject(KernelMode, CmpKeyObjectType, NULL, KernelMode, NULL, sizeof(CM_KEY_BODY), 0, 0, &object);

    if (!NT_SUCCESS(status)) {
        CmpDereferenceKcb(Kcb);
        return status;
    }
    body = object;
    RtlZeroMemory(body, sizeof(*body));
    body->Type = CMP_KEY_BODY_TYPE;
    body->KeyControlBlock = Kcb;
    body->ProcessID = PsGetCurrentProcessId();
    InitializeListHead(&body->ContextListHead);
    ExLockExclusive(&CmpKcbLock);
    InsertTailList(&Kcb->KeyBodyListHead, &body->KeyBodyList);
    ExUnlockExclusive(&CmpKcbLock);
    *Object = object;
    return STATUS_SUCCESS;
}

static VOID CmpDeleteKeyBody(PVOID Object)
{
    PCM_KEY_BODY body = Object;

    if (body->KeyControlBlock == NULL)           /* never got that far */
        return;
    CmpEndContexts(body);
    ExLockExclusive(&CmpKcbLock);
    RemoveEntryList(&body->KeyBodyList);
    ExUnlockExclusive(&CmpKcbLock);
    CmpDereferenceKcb(body->KeyControlBlock);
}

static NTSTATUS CmpPerformClose(PVOID Arguments)
{
    CmpEndNotifications(Arguments);
    return STATUS_SUCCESS;
}

static VOID CmpCloseKeyBody(PEPROCESS Process, PVOID Object, ULONG_PTR ProcessHandleCount, ULONG_PTR SystemHandleCount)
{
    REG_KEY_HANDLE_CLOSE_INFORMATION information = { .Object = Object };
    CMP_OPERATION operation = { RegNtPreKeyHandleClose, RegNtPostKeyHandleClose, Object, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformClose, Object };

    if (SystemHandleCount != 1)
        return;
    CmpFilter(&operation);
    CmpEndNotifications(Object);                 /* a callback cannot keep it from closing */
    CmpEndContexts(Object);
}

static NTSTATUS CmpQueryName(PVOID Object, BOOLEAN HasName, POBJECT_NAME_INFORMATION Name, ULONG Length, PULONG ReturnLength,
                             KPROCESSOR_MODE Mode)
{
    PCM_KEY_BODY body = Object;
    UNICODE_STRING path;
    ULONG needed;

    if (body->KeyControlBlock->Discarded)
        return STATUS_KEY_DELETED;
    path = CmpPathOf(body->KeyControlBlock);
    if (path.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    needed = (ULONG)sizeof(*Name) + path.MaximumLength;
    *ReturnLength = needed;
    if (Length >= needed) {
        Name->Name.Buffer = (PWCHAR)(Name + 1);
        Name->Name.Length = path.Length;
        Name->Name.MaximumLength = path.MaximumLength;
        RtlCopyMemory(Name + 1, path.Buffer, path.MaximumLength);
    }
    ExFreePoolWithTag(path.Buffer, CMP_TAG);
    return Length >= needed ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

VOID CmpCreateKeyType(VOID)
{
    static const OB_TYPE_TEMPLATE template = {
        .Name = L"Key", .ValidAccess = KEY_ALL_ACCESS | SYNCHRONIZE, .PoolType = PagedPool, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { KEY_READ, KEY_WRITE, KEY_EXECUTE, KEY_ALL_ACCESS },
        .Flags = OB_TYPE_CASE_INSENSITIVE | OB_TYPE_USE_DEFAULT_OBJECT, .Close = CmpCloseKeyBody, .Delete = CmpDeleteKeyBody,
        .Parse = CmpParseKey, .QueryName = CmpQueryName, .Security = CmpSecurityMethod,
    };
    CmpKeyObjectType = ObCreateSystemType(&template);
    CmpKeyObjectType->TypeInfo.InvalidAttributes = OBJ_EXCLUSIVE;
}
