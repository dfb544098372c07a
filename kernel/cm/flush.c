/* SPDX-License-Identifier: MIT
 * Flushing: what changed is copied under the registry lock and written by the store without it, so that a store may use the registry
 * itself. When a write fails, all blocks count as changed again.
 */
#include "cmp.h"

typedef struct CMP_PIECE {
    LIST_ENTRY Links;
    ULONG64 Offset;
    ULONG Bytes;
    UCHAR Data[];
} CMP_PIECE;

static EX_PUSH_LOCK CmpFlushLock;

static bool CmpCollect(void *Context, uint64_t Offset, const void *Data, size_t Bytes)
{
    CMP_PIECE *piece = ExAllocatePoolWithTag(PagedPool, sizeof(*piece) + Bytes, CMP_TAG);

    if (piece == NULL)
        return false;
    piece->Offset = Offset;
    piece->Bytes = (ULONG)Bytes;
    RtlCopyMemory(piece->Data, Data, Bytes);
    InsertTailList((PLIST_ENTRY)Context, &piece->Links);
    return true;
}

static NTSTATUS CmpWritePieces(PCUNICODE_STRING Hive, PLIST_ENTRY Pieces)
{
    NTSTATUS status, ended;
    PLIST_ENTRY link;
    PVOID file;

    status = CmHiveStore.Begin(Hive, &file);
    if (!NT_SUCCESS(status))
        return status;
    for (link = Pieces->Flink; link != Pieces && NT_SUCCESS(status); link = link->Flink) {
        CMP_PIECE *piece = CONTAINING_RECORD(link, CMP_PIECE, Links);
        status = CmHiveStore.Write(file, piece->Offset, piece->Data, piece->Bytes);
    }
    ended = CmHiveStore.End(file, NT_SUCCESS(status));
    return NT_SUCCESS(status) ? ended : status;
}

static VOID CmpMarkAllDirty(REGF_HIVE *Hive)
{
    REGF_SPACE *space = &Hive->Spaces[RegfStable];
    ExLockExclusive(&CmpRegistryLock);
    RtlFillMemory(space->Dirty, space->BlockCount, 1);
    Hive->IsDirty = true;
    ExUnlockExclusive(&CmpRegistryLock);
}

static NTSTATUS CmpFlushHive(CMP_HIVE *Hive)
{
    LIST_ENTRY pieces;
    BOOLEAN dirty, saved = TRUE;
    NTSTATUS status = STATUS_SUCCESS;

    if (Hive->IsVolatile)
        return STATUS_SUCCESS;
    if (CmHiveStore.Begin == NULL)
        return STATUS_NOT_IMPLEMENTED;           /* nobody can write files yet */
    InitializeListHead(&pieces);
    ExLockExclusive(&CmpRegistryLock);
    dirty = Hive->Regf.IsDirty;
    if (dirty)
        saved = RegfSave(&Hive->Regf, true, CmpCollect, &pieces);
    ExUnlockExclusive(&CmpRegistryLock);
    if (dirty)
        status = saved ? CmpWritePieces(&Hive->Name, &pieces) : STATUS_INSUFFICIENT_RESOURCES;
    if (!NT_SUCCESS(status))
        CmpMarkAllDirty(&Hive->Regf);
    while (!IsListEmpty(&pieces))
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&pieces), CMP_PIECE, Links), CMP_TAG);
    return status;
}

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
