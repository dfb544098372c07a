/* SPDX-License-Identifier: MIT
 * From a key down a path, across mount points, to a key that is there or is made. The registry lock is held over the whole walk:
 * shared to open, exclusive to create.
 *
 * Separators may be doubled and may stand at the end, as registry paths are written. What is missing is STATUS_OBJECT_NAME_NOT_FOUND
 * wherever in the path it is missing.
 */
#include "cmp.h"

/* Cuts the next component off; an empty one is the end of the path. */
static UNICODE_STRING CmpNextName(PUNICODE_STRING Rest)
{
    ULONG count = Rest->Length / sizeof(WCHAR), start = 0, end;
    UNICODE_STRING name;

    while (start < count && Rest->Buffer[start] == L'\\')
        start++;
    for (end = start; end < count && Rest->Buffer[end] != L'\\';)
        end++;
    name.Buffer = Rest->Buffer + start;
    name.Length = name.MaximumLength = (USHORT)((end - start) * sizeof(WCHAR));
    Rest->Buffer += end;
    Rest->Length = Rest->MaximumLength = (USHORT)((count - end) * sizeof(WCHAR));
    return name;
}

static BOOLEAN CmpIsEnd(PCUNICODE_STRING Rest)
{
    ULONG i;
    for (i = 0; i < Rest->Length / sizeof(WCHAR); i++)
        if (Rest->Buffer[i] != L'\\')
            return FALSE;
    return TRUE;
}

/* The link's target with what is left of the path behind it. */
static NTSTATUS CmpReadLinkLocked(PCMP_KCB Kcb, PCUNICODE_STRING Rest, PUNICODE_STRING Target)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(CMP_LINK_VALUE);
    REGF_HIVE *hive = CmpHiveOf(Kcb);
    ULONG index = RegfFindValue(hive, Kcb->KeyCell, CmpName(&name)), bytes;
    const CM_KEY_VALUE *value;

    if (index == REGF_NIL)
        return STATUS_OBJECT_NAME_NOT_FOUND;     /* a link that leads nowhere yet */
    value = RegfValue(hive, RegfValueAt(hive, Kcb->KeyCell, index));
    bytes = RegfDataLength(value);
    if (value->Type != REG_LINK || bytes % sizeof(WCHAR) != 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (bytes + Rest->Length > MAXUSHORT - 2 * sizeof(WCHAR))
        return STATUS_NAME_TOO_LONG;
    Target->Buffer = ExAllocatePoolWithTag(PagedPool, bytes + Rest->Length + sizeof(WCHAR), CMP_TAG);
    if (Target->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RegfReadData(hive, value, Target->Buffer, bytes);
    RtlCopyMemory((PUCHAR)Target->Buffer + bytes, Rest->Buffer, Rest->Length);
    Target->Length = Target->MaximumLength = (USHORT)(bytes + Rest->Length);
    return STATUS_REPARSE;
}

/* ---- Making the last component ---- */
static NTSTATUS CmpMayCreateLocked(PCMP_KCB Parent, const CMP_PARSE_CONTEXT *Create)
{
    const CM_KEY_NODE *parent = CmpNodeOf(Parent);

    if ((Parent->KeyHive == CmpMasterHive) != (Create->Hive != NULL))
        return STATUS_INVALID_PARAMETER;         /* only hives stand there, and only there */
    if (Parent->TotalLevels >= REGF_MAXIMUM_DEPTH)
        return STATUS_INVALID_PARAMETER;
    if (parent->Flags & KEY_SYM_LINK)
        return STATUS_ACCESS_DENIED;
    if (Create->Hive == NULL && RegfSpaceOf(Parent->KeyCell) == RegfVolatile && !(Create->Options & REG_OPTION_VOLATILE) &&
        (!Parent->KeyHive->IsVolatile || Parent->KeyHive->RefusesStable))
        return STATUS_CHILD_MUST_BE_VOLATILE;    /* a SOFTWARE without a file takes stable keys too, and forgets them */
    return STATUS_SUCCESS;
}

/* The hive's root becomes the key of that name. */
static NTSTATUS CmpMountLocked(CMP_WALK *Walk, PCMP_KCB Parent, PCUNICODE_STRING Name)
{
    CMP_HIVE *hive = Walk->Create->Hive;
    NTSTATUS status = CmpMountHiveLocked(Parent->KeyCell, Name, hive);

    if (!NT_SUCCESS(status))
        return status;
    Walk->Found = CmpReferenceKey(Parent, hive, hive->Regf.RootCell, Name);
    if (Walk->Found != NULL)
        return STATUS_SUCCESS;
    CmpUnmountHiveLocked(hive);
    return STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS CmpMakeLocked(CMP_WALK *Walk, PCMP_KCB Parent, PCUNICODE_STRING Name)
{
    const CMP_PARSE_CONTEXT *create = Walk->Create;
    REGF_HIVE *hive = CmpHiveOf(Parent);
    unsigned space = create->Options & REG_OPTION_VOLATILE ? RegfVolatile : RegfSpaceOf(Parent->KeyCell);
    uint32_t cell;
    NTSTATUS status = CmpStatus(RegfCreateKey(hive, Parent->KeyCell, CmpName(Name), CmpName(&create->Class), space, &cell));

    if (!NT_SUCCESS(status))
        return status;
    if (create->Options & REG_OPTION_CREATE_LINK)
        RegfKey(hive, cell)->Flags |= KEY_SYM_LINK;
    CmpNoteChangeLocked(Parent->KeyHive);
    Walk->Found = CmpReferenceKey(Parent, Parent->KeyHive, cell, Name);
    if (Walk->Found != NULL)
        return STATUS_SUCCESS;
    RegfDeleteKey(hive, cell);
    return STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS CmpCreateLocked(CMP_WALK *Walk, PCMP_KCB Parent, PCUNICODE_STRING Name)
{
    NTSTATUS status = CmpMayCreateLocked(Parent, Walk->Create);

    if (NT_SUCCESS(status))
        status = Walk->Create->Hive != NULL ? CmpMountLocked(Walk, Parent, Name) : CmpMakeLocked(Walk, Parent, Name);
    if (!NT_SUCCESS(status))
        return status;
    CmpReferenceKcb(Parent);
    Walk->ChangedParent = Parent;
    Walk->Create->Disposition = REG_CREATED_NEW_KEY;
    return STATUS_SUCCESS;
}

/* ---- The walk ---- */
/* One step down. STATUS_SUCCESS: *Kcb is now the key below, the reference to the one above is given back. */
static NTSTATUS CmpStepLocked(PCMP_KCB *Kcb, PCUNICODE_STRING Name)
{
    CMP_HIVE *hive = (*Kcb)->KeyHive;
    ULONG cell = RegfFindSubKey(&hive->Regf, (*Kcb)->KeyCell, CmpName(Name)), count;
    WCHAR text[REGF_MAXIMUM_KEY_NAME];
    UNICODE_STRING stored = { 0, sizeof(text), text };
    PCMP_KCB below;

    if (cell == REGF_NIL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    count = RegfExpandKeyName(&hive->Regf, cell, text).Count;
    stored.Length = (USHORT)(count * sizeof(WCHAR));
    CmpCrossMount(&hive, &cell);
    below = CmpReferenceKey(*Kcb, hive, cell, &stored);
    if (below == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    CmpDereferenceKcb(*Kcb);
    *Kcb = below;
    return STATUS_SUCCESS;
}

/* The path ends here. */
static NTSTATUS CmpArriveLocked(CMP_WALK *Walk, PCMP_KCB Kcb)
{
    if (Walk->Create != NULL) {
        if (Walk->Create->Hive != NULL || (Walk->Create->Options & REG_OPTION_CREATE_LINK))
            return STATUS_OBJECT_NAME_COLLISION;
        Walk->Create->Disposition = REG_OPENED_EXISTING_KEY;
    }
    CmpReferenceKcb(Kcb);
    Walk->Found = Kcb;
    return STATUS_SUCCESS;
}

static NTSTATUS CmpWalkLocked(CMP_WALK *Walk, PCMP_KCB *Kcb)
{
    for (;;) {
        UNICODE_STRING name;
        BOOLEAN isEnd = CmpIsEnd(&Walk->Rest), isLink;
        NTSTATUS status;

        if ((*Kcb)->Discarded)
            return STATUS_KEY_DELETED;
        isLink = (CmpNodeOf(*Kcb)->Flags & KEY_SYM_LINK) != 0 && *Kcb != Walk->Start;
        if (isLink && !(isEnd && (Walk->OpenLink || (Walk->Create != NULL && Walk->Create->Options & REG_OPTION_CREATE_LINK))))
            return CmpReadLinkLocked(*Kcb, &Walk->Rest, &Walk->Target);
        if (isEnd)
            return CmpArriveLocked(Walk, *Kcb);
        name = CmpNextName(&Walk->Rest);
        if (name.Length > REGF_MAXIMUM_KEY_NAME * sizeof(WCHAR))
            return STATUS_INVALID_PARAMETER;
        status = CmpStepLocked(Kcb, &name);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND && Walk->Create != NULL && CmpIsEnd(&Walk->Rest))
            return CmpCreateLocked(Walk, *Kcb, &name);
        if (!NT_SUCCESS(status))
            return status;
    }
}

NTSTATUS CmpWalkPath(CMP_WALK *Walk)
{
    PCMP_KCB kcb = Walk->Start;
    NTSTATUS status;

    CmpReferenceKcb(kcb);
    if (Walk->Create != NULL)
        ExLockExclusive(&CmpRegistryLock);
    else
        ExLockShared(&CmpRegistryLock);
    status = CmpWalkLocked(Walk, &kcb);
    if (Walk->Create != NULL)
        ExUnlockExclusive(&CmpRegistryLock);
    else
        ExUnlockShared(&CmpRegistryLock);
    CmpDereferenceKcb(kcb);
    return status;
}
