/* SPDX-License-Identifier: MIT
 * NtSaveKey, NtSaveKeyEx: a key and what is below it, as a hive in a file of the caller's. The standard format is that of Windows
 * 2000, without big data and with the short hints of its time.
 */
#include "cmp.h"
#include "se.h"

typedef struct CMP_SAVE {
    PVOID File;
    NTSTATUS Status;
} CMP_SAVE;

static bool CmpWriteSaved(void *Context, uint64_t Offset, const void *Data, size_t Bytes)
{
    CMP_SAVE *save = Context;
    save->Status = CmHiveStore.Write(save->File, Offset, Data, (ULONG)Bytes);
    return NT_SUCCESS(save->Status);
}

/* A hive of its own with a copy of the key, so that nothing is locked while it is written. */
static NTSTATUS CmpCopyKey(PCMP_KCB Kcb, ULONG Format, REGF_HIVE *Copy)
{
    const CMP_KCB *full = CmpFullKcb(Kcb);
    UNICODE_STRING name = { full->NameLength, full->NameLength, (PWSTR)full->Name };
    REGF_STATUS status = RegfCreate(Copy, &CmpRegfHost, CmpName(&name), RegfStable);

    if (status != RegfOk)
        return CmpStatus(status);
    if (Format == REG_STANDARD_FORMAT)
        Copy->Header->Minor = REGF_MINOR_STANDARD;
    ExLockShared(&CmpRegistryLock);
    status = Kcb->Discarded ? RegfNotFound : RegfCopyTree(CmpHiveOf(Kcb), Kcb->KeyCell, Copy, Copy->RootCell);
    ExUnlockShared(&CmpRegistryLock);
    if (status == RegfOk)
        return STATUS_SUCCESS;
    RegfClose(Copy);
    return status == RegfNotFound ? STATUS_KEY_DELETED : CmpStatus(status);
}

static NTSTATUS CmpSave(PCMP_KCB Kcb, ULONG Format, PVOID File)
{
    CMP_SAVE save = { File, STATUS_SUCCESS };
    REGF_HIVE copy;
    NTSTATUS status = CmpCopyKey(Kcb, Format, &copy);

    if (!NT_SUCCESS(status))
        return status;
    RegfSave(&copy, CmpWriteSaved, &save);
    RegfClose(&copy);
    return NT_SUCCESS(save.Status) ? CmHiveStore.Flush(File) : save.Status;
}

static NTSTATUS CmpMaySave(PCMP_KCB Kcb, ULONG Format)
{
    if (Kcb->KeyHive == CmpMasterHive)
        return STATUS_ACCESS_DENIED;
    if (Format == REG_NO_COMPRESSION && Kcb->KeyCell != Kcb->KeyHive->Regf.RootCell)
        return STATUS_INVALID_PARAMETER;         /* whole hives only */
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtSaveKeyEx(HANDLE KeyHandle, HANDLE FileHandle, ULONG Format)
{
    PCM_KEY_BODY body;
    PVOID file;
    NTSTATUS status;

    if (Format != REG_STANDARD_FORMAT && Format != REG_LATEST_FORMAT && Format != REG_NO_COMPRESSION)
        return STATUS_INVALID_PARAMETER;
    if (!SeSinglePrivilegeCheck(SeExports->SeBackupPrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    if (CmHiveStore.OpenHandle == NULL)
        return STATUS_REGISTRY_IO_FAILED;
    status = CmpReferenceHandle(KeyHandle, 0, &body);
    if (!NT_SUCCESS(status))
        return status;
    status = CmpMaySave(body->KeyControlBlock, Format);
    if (NT_SUCCESS(status))
        status = CmHiveStore.OpenHandle(FileHandle, &file);
    if (NT_SUCCESS(status)) {
        status = CmpSave(body->KeyControlBlock, Format, file);
        CmHiveStore.Close(file);
    }
    ObfDereferenceObject(body);
    return status;
}

NTSTATUS NTAPI NtSaveKey(HANDLE KeyHandle, HANDLE FileHandle) { return NtSaveKeyEx(KeyHandle, FileHandle, REG_STANDARD_FORMAT); }
