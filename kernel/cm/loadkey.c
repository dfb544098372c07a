/* SPDX-License-Identifier: MIT
 * Hives that come and go while the system runs: NtLoadKey, NtUnloadKey, NtQueryOpenSubKeys.
 */
#include "cmp.h"
#include "se.h"

/* The kernel opens the files. It takes the caller's name for them, and of user mode nothing else: neither his handles nor his
 * attributes mean to the kernel what they mean to him. */
static NTSTATUS CmpOpenCallersFiles(POBJECT_ATTRIBUTES SourceFile, PVOID Files[RegfFiles])
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    NTSTATUS status;

    if (mode == KernelMode)
        return CmpOpenFiles(SourceFile, Files);
    status = MmReadCaller(mode, &attributes, SourceFile, sizeof(attributes));
    if (!NT_SUCCESS(status))
        return status;
    if (attributes.Length != sizeof(attributes) || attributes.ObjectName == NULL)
        return STATUS_INVALID_PARAMETER;
    if (attributes.RootDirectory != NULL)
        return STATUS_NOT_SUPPORTED;
    status = MmReadCallerString(mode, attributes.ObjectName, &name);
    if (!NT_SUCCESS(status))
        return status;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = CmpOpenFiles(&attributes, Files);
    MmFreeCallerBlock(name.Buffer);
    return status;
}

NTSTATUS NTAPI NtLoadKey(POBJECT_ATTRIBUTES TargetKey, POBJECT_ATTRIBUTES SourceFile)
{
    CMP_PARSE_CONTEXT context = { .Create = TRUE };
    PVOID files[RegfFiles];
    HANDLE key;
    NTSTATUS status;

    if (!SeSinglePrivilegeCheck(SeExports->SeRestorePrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    status = CmpOpenCallersFiles(SourceFile, files);
    if (NT_SUCCESS(status))
        status = CmpLoadHive(files, &context.Hive);
    if (!NT_SUCCESS(status))
        return status;
    context.Hive->MayUnload = TRUE;
    status = CmpOpenByName(&key, KEY_QUERY_VALUE, TargetKey, &context);
    if (NT_SUCCESS(status))
        NtClose(key);
    if (context.Disposition == REG_CREATED_NEW_KEY)
        return STATUS_SUCCESS;                   /* it is there, whatever became of the handle */
    CmpCloseFiles(context.Hive->Files);
    CmpDereferenceHive(context.Hive);
    return NT_SUCCESS(status) ? STATUS_OBJECT_NAME_COLLISION : status;
}

/* ---- The root of a hive by its name ---- */
static NTSTATUS CmpOpenRoot(POBJECT_ATTRIBUTES TargetKey, PHANDLE Handle, PCM_KEY_BODY *Body)
{
    CMP_PARSE_CONTEXT context = { .Create = FALSE };
    NTSTATUS status = CmpOpenByName(Handle, KEY_QUERY_VALUE, TargetKey, &context);

    if (!NT_SUCCESS(status))
        return status;
    status = CmpReferenceHandle(*Handle, 0, Body);
    if (NT_SUCCESS(status) && (*Body)->KeyControlBlock->KeyCell == (*Body)->KeyControlBlock->KeyHive->Regf.RootCell)
        return STATUS_SUCCESS;
    if (NT_SUCCESS(status))
        ObfDereferenceObject(*Body);
    NtClose(*Handle);
    return NT_SUCCESS(status) ? STATUS_INVALID_PARAMETER : status;
}

/* ---- Unloading ---- */
/* STATUS_PENDING: the hive changed since it was flushed. */
static NTSTATUS CmpUnmountIdleLocked(PCMP_KCB Root)
{
    if (Root->Discarded)
        return STATUS_KEY_DELETED;
    if (!CmpIsOnlyUser(Root))
        return STATUS_CANNOT_DELETE;
    if (Root->KeyHive->Regf.IsDirty)
        return STATUS_PENDING;
    CmpUnmountHiveLocked(Root->KeyHive);
    CmpDiscardKcb(Root);
    return STATUS_SUCCESS;
}

/* CmpFlushLock is held. */
static NTSTATUS CmpUnload(PCMP_KCB Root)
{
    CMP_HIVE *hive = Root->KeyHive;
    NTSTATUS status;

    if (!hive->MayUnload)
        return STATUS_CANNOT_DELETE;
    do {
        status = CmpFlushHive(hive);
        if (!NT_SUCCESS(status))
            return status;
        ExLockExclusive(&CmpRegistryLock);
        status = CmpUnmountIdleLocked(Root);
        ExUnlockExclusive(&CmpRegistryLock);
    } while (status == STATUS_PENDING);
    if (!NT_SUCCESS(status))
        return status;
    CmpCloseFiles(hive->Files);
    CmpDereferenceHive(hive);                    /* it goes with the last reference to its root */
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtUnloadKey(POBJECT_ATTRIBUTES TargetKey)
{
    PCM_KEY_BODY body;
    HANDLE key;
    NTSTATUS status;

    if (!SeSinglePrivilegeCheck(SeExports->SeRestorePrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    status = CmpOpenRoot(TargetKey, &key, &body);
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&CmpFlushLock);
    status = CmpUnload(body->KeyControlBlock);
    ExUnlockExclusive(&CmpFlushLock);
    if (NT_SUCCESS(status) && body->KeyControlBlock->ParentKcb != NULL)
        CmpPostChange(body->KeyControlBlock->ParentKcb, REG_NOTIFY_CHANGE_NAME);
    ObfDereferenceObject(body);
    NtClose(key);
    return status;
}

NTSTATUS NTAPI NtQueryOpenSubKeys(POBJECT_ATTRIBUTES TargetKey, PULONG HandleCount)
{
    PCM_KEY_BODY body;
    HANDLE key;
    ULONG count;
    NTSTATUS status = CmpOpenRoot(TargetKey, &key, &body);

    if (!NT_SUCCESS(status))
        return status;
    count = CmpCountOpenKeys(body->KeyControlBlock->KeyHive);
    ObfDereferenceObject(body);
    NtClose(key);
    return MmWriteCaller(ObPreviousMode(), HandleCount, &count, sizeof(count));
}

/* ---- With flags ---- */
NTSTATUS NTAPI NtLoadKey2(POBJECT_ATTRIBUTES TargetKey, POBJECT_ATTRIBUTES SourceFile, ULONG Flags)
{
    return Flags == 0 ? NtLoadKey(TargetKey, SourceFile) : STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI NtLoadKeyEx(POBJECT_ATTRIBUTES TargetKey, POBJECT_ATTRIBUTES SourceFile, ULONG Flags, HANDLE TrustClassKey, HANDLE Event,
                           ACCESS_MASK DesiredAccess, PHANDLE RootHandle, PIO_STATUS_BLOCK IoStatus)
{
    if (TrustClassKey != NULL || Event != NULL || RootHandle != NULL)
        return STATUS_NOT_SUPPORTED;
    return NtLoadKey2(TargetKey, SourceFile, Flags);
}

NTSTATUS NTAPI NtUnloadKey2(POBJECT_ATTRIBUTES TargetKey, ULONG Flags)
{
    return Flags == 0 ? NtUnloadKey(TargetKey) : STATUS_NOT_SUPPORTED;
}
