/* SPDX-License-Identifier: MIT
 * Flushing: what changed is copied under the registry lock and written by the store without it, so that a store may use the registry
 * itself. When a write fails, what it was about counts as changed again.
 */
#include "cmp.h"

EX_PUSH_LOCK CmpFlushLock;

/* ---- The store, as the core sees it ---- */
typedef struct CMP_TRANSFER {
    CMP_HIVE *Hive;
    NTSTATUS Status;                             /* of the first that failed */
} CMP_TRANSFER;

static bool CmpWriteFile(void *Context, unsigned File, uint64_t Offset, const void *Data, size_t Bytes)
{
    CMP_TRANSFER *transfer = Context;
    transfer->Status = CmHiveStore.Write(transfer->Hive->Files[File], Offset, Data, (ULONG)Bytes);
    return NT_SUCCESS(transfer->Status);
}

static bool CmpFlushFile(void *Context, unsigned File)
{
    CMP_TRANSFER *transfer = Context;
    transfer->Status = CmHiveStore.Flush(transfer->Hive->Files[File]);
    return NT_SUCCESS(transfer->Status);
}

static const REGF_STORE CmpStore = { CmpWriteFile, CmpFlushFile };

/* ---- One hive ---- */
NTSTATUS CmpFlushHive(CMP_HIVE *Hive)
{
    CMP_TRANSFER transfer = { Hive, STATUS_SUCCESS };
    REGF_STATUS begun = RegfOk;
    REGF_FLUSH flush;
    BOOLEAN dirty;

    if (Hive->IsVolatile)
        return STATUS_SUCCESS;
    if (Hive->Files[RegfPrimary] == NULL)
        return STATUS_REGISTRY_IO_FAILED;        /* it has no file yet, or none was found */
    ExLockExclusive(&CmpRegistryLock);
    dirty = Hive->Regf.IsDirty;
    if (dirty)
        begun = RegfBeginFlush(&Hive->Regf, &flush);
    ExUnlockExclusive(&CmpRegistryLock);
    if (!dirty || begun != RegfOk)
        return CmpStatus(begun);
    RegfPerformFlush(&flush, &CmpStore, &transfer);
    ExLockExclusive(&CmpRegistryLock);
    RegfEndFlush(&Hive->Regf, &flush);
    ExUnlockExclusive(&CmpRegistryLock);
    return transfer.Status;
}

/* ---- The service ---- */
static NTSTATUS CmpPerformFlush(PVOID Arguments)
{
    PCMP_KCB kcb = Arguments;
    NTSTATUS status;

    if (kcb->Discarded)
        return STATUS_KEY_DELETED;
    ExLockExclusive(&CmpFlushLock);
    status = CmpFlushHive(kcb->KeyHive);
    ExUnlockExclusive(&CmpFlushLock);
    return status;
}

NTSTATUS NTAPI NtFlushKey(HANDLE KeyHandle)
{
    REG_FLUSH_KEY_INFORMATION information = { NULL, NULL, NULL, NULL };
    CMP_OPERATION operation = { RegNtPreFlushKey, RegNtPostFlushKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformFlush, NULL };
    PCM_KEY_BODY body;
    NTSTATUS status = CmpReferenceHandle(KeyHandle, 0, &body);

    if (!NT_SUCCESS(status))
        return status;
    information.Object = operation.Object = body;
    operation.Arguments = body->KeyControlBlock;
    status = CmpFilter(&operation);
    ObfDereferenceObject(body);
    return status;
}
