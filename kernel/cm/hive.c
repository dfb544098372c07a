/* SPDX-License-Identifier: MIT
 * Hives: what the regf core needs from the kernel, the master hive, mounting.
 */
#include "cmp.h"
#include "ke.h"

CMP_HIVE *CmpMasterHive;
static LIST_ENTRY CmpHiveList = { &CmpHiveList, &CmpHiveList };      /* CmpRegistryLock */

static void *CmpAllocate(size_t Bytes) { return ExAllocatePoolWithTag(PagedPool, Bytes, CMP_TAG); }
static void CmpFree(void *Memory) { ExFreePoolWithTag(Memory, CMP_TAG); }
static uint16_t CmpUpcase(uint16_t Unit) { return RtlUpcaseUnicodeChar(Unit); }
static uint64_t CmpNow(void)
{
    LARGE_INTEGER now;
    KeQuerySystemTime(&now);
    return (uint64_t)now.QuadPart;
}
const REGF_HOST CmpRegfHost = { CmpAllocate, CmpFree, CmpUpcase, CmpNow };

NTSTATUS CmpStatus(REGF_STATUS Status)
{
    static const NTSTATUS statuses[] = {
        [RegfOk] = STATUS_SUCCESS, [RegfNoMemory] = STATUS_INSUFFICIENT_RESOURCES, [RegfNotFound] = STATUS_OBJECT_NAME_NOT_FOUND,
        [RegfExists] = STATUS_OBJECT_NAME_COLLISION, [RegfHasChildren] = STATUS_CANNOT_DELETE, [RegfTooBig] = STATUS_INVALID_PARAMETER,
        [RegfNotHive] = STATUS_NOT_REGISTRY_FILE, [RegfCorrupt] = STATUS_REGISTRY_CORRUPT,
    };
    return statuses[Status];
}

static CMP_HIVE *CmpAllocateHive(VOID)
{
    CMP_HIVE *hive = ExAllocatePoolWithTag(PagedPool, sizeof(*hive), CMP_TAG);
    if (hive == NULL)
        return NULL;
    RtlZeroMemory(hive, sizeof(*hive));
    InitializeListHead(&hive->Links);
    hive->References = 1;
    hive->MountCell = REGF_NIL;
    hive->IsVolatile = TRUE;
    return hive;
}

VOID CmpDereferenceHive(CMP_HIVE *Hive)
{
    if (InterlockedDecrement(&Hive->References) != 0)
        return;
    if (Hive->Regf.Host != NULL)
        RegfClose(&Hive->Regf);
    ExFreePoolWithTag(Hive, CMP_TAG);
}

NTSTATUS CmpCreateMasterHive(VOID)
{
    NTSTATUS status = CmpOpenHive(NULL, &CmpMasterHive);

    if (NT_SUCCESS(status))
        InsertTailList(&CmpHiveList, &CmpMasterHive->Links);
    return status;
}

NTSTATUS CmpOpenHive(const REGF_FILE *Files, CMP_HIVE **Result)
{
    static const WCHAR root[] = L"ROOT";         /* nobody sees it: a hive goes by the name of its key */
    CMP_HIVE *hive = CmpAllocateHive();
    REGF_STATUS status;

    *Result = hive;
    if (hive == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Files == NULL)
        return CmpStatus(RegfCreate(&hive->Regf, &CmpRegfHost, (REGF_NAME){ root, 4 }, RegfVolatile));
    hive->IsVolatile = FALSE;
    status = RegfOpenLogged(&hive->Regf, &CmpRegfHost, Files);
    if (status == RegfOk && Files[RegfPrimary].Size >= sizeof(HBASE_BLOCK))
        hive->FileSum = ((const HBASE_BLOCK *)Files[RegfPrimary].Data)->CheckSum;
    return CmpStatus(status);
}

NTSTATUS CmpMountHiveLocked(ULONG Parent, PCUNICODE_STRING Name, CMP_HIVE *Hive)
{
    REGF_NAME none = { NULL, 0 };
    uint32_t cell;
    REGF_STATUS status = RegfCreateKey(&CmpMasterHive->Regf, Parent, CmpName(Name), none, RegfVolatile, &cell);

    if (status != RegfOk)
        return CmpStatus(status);
    RegfKey(&CmpMasterHive->Regf, cell)->Flags |= KEY_HIVE_EXIT | KEY_NO_DELETE;
    Hive->MountCell = cell;
    RtlCopyMemory(Hive->NameBuffer, Name->Buffer, Name->Length);
    Hive->Name = (UNICODE_STRING){ Name->Length, Name->Length, Hive->NameBuffer };
    InsertTailList(&CmpHiveList, &Hive->Links);
    return STATUS_SUCCESS;
}

VOID CmpUnmountHiveLocked(CMP_HIVE *Hive)
{
    RegfDeleteKey(&CmpMasterHive->Regf, Hive->MountCell);
    RemoveEntryList(&Hive->Links);
    InitializeListHead(&Hive->Links);
}

static CMP_HIVE *CmpNextFileHiveLocked(const CMP_HIVE *Hive)
{
    PLIST_ENTRY link = Hive == NULL || IsListEmpty(&Hive->Links) ? CmpHiveList.Flink : Hive->Links.Flink;

    for (; link != &CmpHiveList; link = link->Flink) {
        CMP_HIVE *next = CONTAINING_RECORD(link, CMP_HIVE, Links);
        if (!next->IsVolatile) {
            InterlockedIncrement(&next->References);
            return next;
        }
    }
    return NULL;
}

CMP_HIVE *CmpNextFileHive(CMP_HIVE *Hive)
{
    CMP_HIVE *next;

    ExLockShared(&CmpRegistryLock);
    next = CmpNextFileHiveLocked(Hive);
    ExUnlockShared(&CmpRegistryLock);
    if (Hive != NULL)
        CmpDereferenceHive(Hive);
    return next;
}

CMP_HIVE *CmpHiveMountedAt(ULONG MountCell)
{
    PLIST_ENTRY link;
    for (link = CmpHiveList.Flink; link != &CmpHiveList; link = link->Flink) {
        CMP_HIVE *hive = CONTAINING_RECORD(link, CMP_HIVE, Links);
        if (hive->MountCell == MountCell)
            return hive;
    }
    return NULL;
}

VOID CmpCrossMount(CMP_HIVE **Hive, PULONG Cell)
{
    if (!(RegfKey(&(*Hive)->Regf, *Cell)->Flags & KEY_HIVE_EXIT))
        return;
    *Hive = CmpHiveMountedAt(*Cell);
    *Cell = (*Hive)->Regf.RootCell;
}

ULONG CmpBootKey(CMP_HIVE *Hive, PCWSTR Path)
{
    REGF_NAME none = { NULL, 0 };
    uint32_t key = Hive->Regf.RootCell, below;

    while (*Path != L'\0') {
        REGF_NAME name = { Path, 0 };
        while (Path[name.Count] != L'\0' && Path[name.Count] != L'\\')
            name.Count++;
        below = RegfFindSubKey(&Hive->Regf, key, name);
        if (below == REGF_NIL && RegfCreateKey(&Hive->Regf, key, name, none, RegfVolatile, &below) != RegfOk)
            KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 1, (ULONG_PTR)Path, 0, 0);
        key = below;
        Path += name.Count;
        if (*Path == L'\\')
            Path++;
    }
    return key;
}

/* A value that is like that already is left alone, so that a boot alone does not change a file. */
VOID CmpBootValue(CMP_HIVE *Hive, ULONG Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes)
{
    const CM_KEY_VALUE *value;
    UNICODE_STRING name;
    ULONG index;

    RtlInitUnicodeString(&name, Name);
    index = RegfFindValue(&Hive->Regf, Key, CmpName(&name));
    if (index != REGF_NIL) {
        value = RegfValue(&Hive->Regf, RegfValueAt(&Hive->Regf, Key, index));
        if (value->Type == Type && RegfDataEquals(&Hive->Regf, value, Data, Bytes))
            return;
    }
    if (RegfSetValue(&Hive->Regf, Key, CmpName(&name), Type, Data, Bytes) != RegfOk)
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 2, (ULONG_PTR)Name, 0, 0);
}
