/* SPDX-License-Identifier: MIT
 * Key control blocks: one for each key that is open or on the way to one that is.
 */
#include "cmp.h"

#define CMP_BUCKETS 256u

EX_PUSH_LOCK CmpRegistryLock, CmpKcbLock;
static LIST_ENTRY CmpKcbTable[CMP_BUCKETS];      /* CmpKcbLock */
static ULONG64 CmpNextSequence;                  /* CmpKcbLock */

static PLIST_ENTRY CmpBucket(const CMP_HIVE *Hive, ULONG Cell)
{
    PLIST_ENTRY bucket = &CmpKcbTable[((ULONG64)Hive / 64 + Cell / 8 * 31u) % CMP_BUCKETS];
    if (bucket->Flink == NULL)
        InitializeListHead(bucket);
    return bucket;
}

static PCMP_KCB CmpFindKcbLocked(const CMP_HIVE *Hive, ULONG Cell)
{
    PLIST_ENTRY bucket = CmpBucket(Hive, Cell), link;

    for (link = bucket->Flink; link != bucket; link = link->Flink) {
        CMP_KCB *kcb = CONTAINING_RECORD(link, CMP_KCB, HashLinks);
        if (kcb->Kcb.KeyHive == Hive && kcb->Kcb.KeyCell == Cell)
            return &kcb->Kcb;
    }
    return NULL;
}

static PCMP_KCB CmpMakeKcbLocked(PCMP_KCB Parent, CMP_HIVE *Hive, ULONG Cell, PCUNICODE_STRING Name)
{
    CMP_KCB *kcb = ExAllocatePoolWithTag(PagedPool, sizeof(*kcb) + Name->Length, CMP_TAG);

    if (kcb == NULL)
        return NULL;
    RtlZeroMemory(kcb, sizeof(*kcb));
    kcb->Kcb.RefCount = 1;
    kcb->Kcb.KeyHive = Hive;
    kcb->Kcb.KeyCell = Cell;
    kcb->Kcb.ParentKcb = Parent;
    kcb->Kcb.TotalLevels = Parent != NULL ? Parent->TotalLevels + 1 : 1;
    kcb->Kcb.SequenceNumber = ++CmpNextSequence;
    InitializeListHead(&kcb->Kcb.KeyBodyListHead);
    kcb->NameLength = Name->Length;
    RtlCopyMemory(kcb->Name, Name->Buffer, Name->Length);
    if (Parent != NULL)
        Parent->RefCount++;
    InterlockedIncrement(&Hive->References);
    Hive->KcbCount++;
    InsertHeadList(CmpBucket(Hive, Cell), &kcb->HashLinks);
    return &kcb->Kcb;
}

PCMP_KCB CmpReferenceKey(PCMP_KCB Parent, CMP_HIVE *Hive, ULONG Cell, PCUNICODE_STRING Name)
{
    PCMP_KCB kcb;

    ExLockExclusive(&CmpKcbLock);
    kcb = CmpFindKcbLocked(Hive, Cell);
    if (kcb != NULL)
        kcb->RefCount++;
    else
        kcb = CmpMakeKcbLocked(Parent, Hive, Cell, Name);
    ExUnlockExclusive(&CmpKcbLock);
    return kcb;
}

VOID CmpReferenceKcb(PCMP_KCB Kcb)
{
    ExLockExclusive(&CmpKcbLock);
    Kcb->RefCount++;
    ExUnlockExclusive(&CmpKcbLock);
}

VOID CmpDereferenceKcb(PCMP_KCB Kcb)
{
    ExLockExclusive(&CmpKcbLock);
    while (Kcb != NULL && --Kcb->RefCount == 0) {
        PCMP_KCB parent = Kcb->ParentKcb;
        RemoveEntryList(&CmpFullKcb(Kcb)->HashLinks);
        Kcb->KeyHive->KcbCount--;
        CmpDereferenceHive(Kcb->KeyHive);
        if (Kcb->FullKCBName != NULL)
            ExFreePoolWithTag(Kcb->FullKCBName, CMP_TAG);
        ExFreePoolWithTag(CmpFullKcb(Kcb), CMP_TAG);
        Kcb = parent;
    }
    ExUnlockExclusive(&CmpKcbLock);
}

VOID CmpDiscardKcb(PCMP_KCB Kcb)
{
    ExLockExclusive(&CmpKcbLock);
    Kcb->Discarded = TRUE;
    RemoveEntryList(&CmpFullKcb(Kcb)->HashLinks);
    InitializeListHead(&CmpFullKcb(Kcb)->HashLinks);
    ExUnlockExclusive(&CmpKcbLock);
}

UNICODE_STRING CmpPathOf(PCMP_KCB Kcb)
{
    UNICODE_STRING path = { 0, 0, NULL };
    ULONG bytes = 0;
    PCMP_KCB key;
    PUCHAR end;

    for (key = Kcb; key != NULL; key = key->ParentKcb)
        bytes += CmpFullKcb(key)->NameLength + (ULONG)sizeof(WCHAR);
    if (bytes > MAXUSHORT - 1 - sizeof(WCHAR))
        return path;                             /* 512 levels of 255 characters do not fit a UNICODE_STRING */
    path.Buffer = ExAllocatePoolWithTag(PagedPool, bytes + sizeof(WCHAR), CMP_TAG);
    if (path.Buffer == NULL)
        return path;
    path.Length = (USHORT)bytes;
    path.MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
    end = (PUCHAR)path.Buffer + bytes;
    *(PWCHAR)end = L'\0';
    for (key = Kcb; key != NULL; key = key->ParentKcb) {
        end -= CmpFullKcb(key)->NameLength;
        RtlCopyMemory(end, CmpFullKcb(key)->Name, CmpFullKcb(key)->NameLength);
        end -= sizeof(WCHAR);
        *(PWCHAR)end = L'\\';
    }
    return path;
}

BOOLEAN CmpIsBelow(PCMP_KCB Kcb, PCMP_KCB Above)
{
    for (; Kcb != NULL; Kcb = Kcb->ParentKcb)
        if (Kcb == Above)
            return TRUE;
    return FALSE;
}

ULONG CmpCountOpenKeys(const CMP_HIVE *Hive)
{
    ULONG count = 0, i;
    PLIST_ENTRY link;

    ExLockShared(&CmpKcbLock);
    for (i = 0; i < CMP_BUCKETS; i++)
        for (link = CmpKcbTable[i].Flink; link != NULL && link != &CmpKcbTable[i]; link = link->Flink) {
            const CM_KEY_CONTROL_BLOCK *kcb = &CONTAINING_RECORD(link, CMP_KCB, HashLinks)->Kcb;
            if (kcb->KeyHive == Hive && kcb->KeyCell != Hive->Regf.RootCell && !IsListEmpty(&kcb->KeyBodyListHead))
                count++;
        }
    ExUnlockShared(&CmpKcbLock);
    return count;
}

BOOLEAN CmpIsOnlyUser(PCMP_KCB Root)
{
    BOOLEAN result;

    ExLockShared(&CmpKcbLock);
    result = Root->KeyHive->KcbCount == 1 && Root->RefCount == 1;
    ExUnlockShared(&CmpKcbLock);
    return result;
}
