/* SPDX-License-Identifier: MIT
 * Hives: what the regf core needs from the kernel, the master hive, mounting.
 */
#include "cmp.h"
#include "ke.h"

CMP_HIVE *CmpMasterHive;
static LIST_ENTRY CmpHiveList = { &CmpHiveList, &CmpHiveList };      /* I after boot */

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

static CMP_HIVE *CmpAllocateHive(PCWSTR Name)
{
    CMP_HIVE *hive = ExAllocatePoolWithTag(PagedPool, sizeof(*hive), CMP_TAG);
    if (hive == NULL)
        return NULL;
    RtlZeroMemory(hive, sizeof(*hive));
    RtlInitUnicodeString(&hive->Name, Name);
    hive->MountCell = REGF_NIL;
    hive->IsVolatile = TRUE;
    return hive;
}

NTSTATUS CmpCreateMasterHive(VOID)
{
    REGF_STATUS status;

    CmpMasterHive = CmpAllocateHive(L"REGISTRY");
    if (CmpMasterHive == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = RegfCreate(&CmpMasterHive->Regf, &CmpRegfHost, CmpName(&CmpMasterHive->Name), RegfVolatile);
    if (status == RegfOk)
        InsertTailList(&CmpHiveList, &CmpMasterHive->Links);
    return CmpStatus(status);
}

NTSTATUS CmpMountHive(ULONG Parent, PCWSTR Name, const VOID *Image, SIZE_T Size, CMP_HIVE **Result)
{
    CMP_HIVE *hive = CmpAllocateHive(Name);
    REGF_NAME none = { NULL, 0 };
    uint32_t cell;
    REGF_STATUS status;

    if (hive == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    hive->IsVolatile = Image == NULL;
    if (Image != NULL)
        status = RegfOpen(&hive->Regf, &CmpRegfHost, Image, Size);
    else
        status = RegfCreate(&hive->Regf, &CmpRegfHost, CmpName(&hive->Name), RegfVolatile);
    if (status == RegfOk) {
        status = RegfCreateKey(&CmpMasterHive->Regf, Parent, CmpName(&hive->Name), none, RegfVolatile, &cell);
        if (status != RegfOk)
            RegfClose(&hive->Regf);
    }
    *Result = hive;                              /* with the flaw of a refused image; such a hive is never freed: boot only */
    if (status != RegfOk)
        return CmpStatus(status);
    RegfKey(&CmpMasterHive->Regf, cell)->Flags |= KEY_HIVE_EXIT | KEY_NO_DELETE;
    hive->MountCell = cell;
    InsertTailList(&CmpHiveList, &hive->Links);
    return STATUS_SUCCESS;
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

VOID CmpBootValue(CMP_HIVE *Hive, ULONG Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    if (RegfSetValue(&Hive->Regf, Key, CmpName(&name), Type, Data, Bytes) != RegfOk)
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 2, (ULONG_PTR)Name, 0, 0);
}
