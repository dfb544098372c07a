/* SPDX-License-Identifier: MIT
 * The registry as it stands after boot.
 */
#include "cmp.h"
#include "rtl.h"
#include "kd.h"
#include "ke.h"
#include "ps.h"

CM_HIVE_STORE CmHiveStore;

static const LOADER_FILE *CmpBootHiveFile(const LOADER_BLOCK *Block)
{
    const LOADER_FILE *files = (const LOADER_FILE *)Block->FileAddress;
    ULONG i;
    for (i = 0; i < Block->FileCount; i++)
        if (files[i].Kind == LOADER_FILE_SYSTEM_HIVE)
            return &files[i];
    return NULL;
}

/* CurrentControlSet is made at every boot, volatile, for the set that Select\Current names. */
static VOID CmpLinkControlSet(CMP_HIVE *System)
{
    WCHAR target[] = L"\\Registry\\Machine\\System\\ControlSet001";
    UNICODE_STRING current = RTL_CONSTANT_STRING(L"Current");
    ULONG select = CmpBootKey(System, L"Select"), number = 1, index, link;
    REGF_HIVE *hive = &System->Regf;

    index = RegfFindValue(hive, select, CmpName(&current));
    if (index != REGF_NIL)
        RegfReadData(hive, RegfValue(hive, RegfValueAt(hive, select, index)), &number, sizeof(number));
    if (number > 999)
        number = 1;
    target[RTL_NUMBER_OF(target) - 4] = (WCHAR)(L'0' + number / 100);
    target[RTL_NUMBER_OF(target) - 3] = (WCHAR)(L'0' + number / 10 % 10);
    target[RTL_NUMBER_OF(target) - 2] = (WCHAR)(L'0' + number % 10);
    CmpBootKey(System, target + 25);             /* a hive of ours has it; an empty one gets it */
    CmpBootKey(System, L"Select");
    link = CmpBootKey(System, L"CurrentControlSet");
    RegfKey(hive, link)->Flags |= KEY_SYM_LINK;
    CmpBootValue(System, link, CMP_LINK_VALUE, REG_LINK, target, sizeof(target) - sizeof(WCHAR));
}

static VOID CmpMountSystem(ULONG Machine, const LOADER_BLOCK *Block)
{
    const LOADER_FILE *file = CmpBootHiveFile(Block);
    CMP_HIVE *hive = NULL;
    NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;

    if (file != NULL)
        status = CmpMountHive(Machine, L"SYSTEM", (const VOID *)file->DataAddress, file->Size, &hive);
    if (!NT_SUCCESS(status)) {
        KdBeginEvent("warning");
        KdEventText("what", "the SYSTEM hive is missing or not usable; an empty one takes its place");
        KdEventNumber("status", (ULONG)status);
        KdEventNumber("flaw", hive != NULL ? hive->Regf.Flaw : 0);
        KdEventNumber("cell", hive != NULL ? hive->Regf.FlawCell : 0);
        KdEndEvent();
        status = CmpMountHive(Machine, L"SYSTEM", NULL, 0, &hive);
        if (!NT_SUCCESS(status))
            KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 3, (ULONG_PTR)status, 0, 0);
    }
    CmpLinkControlSet(hive);
}

static CMP_HIVE *CmpMountVolatile(ULONG Parent, PCWSTR Name)
{
    CMP_HIVE *hive = NULL;
    NTSTATUS status = CmpMountHive(Parent, Name, NULL, 0, &hive);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 4, (ULONG_PTR)status, 0, 0);
    return hive;
}

static VOID CmpFillHardware(CMP_HIVE *Hardware)
{
    Hardware->RefusesStable = TRUE;
    CmpBootKey(Hardware, L"DESCRIPTION\\System");
    CmpBootKey(Hardware, L"DEVICEMAP");
    CmpBootKey(Hardware, L"RESOURCEMAP");
}

/* What version queries answer, as far as it is known. */
static VOID CmpFillSoftware(CMP_HIVE *Software)
{
    static const WCHAR root[] = L"C:\\Windows";
    ULONG key = CmpBootKey(Software, L"Microsoft\\Windows NT\\CurrentVersion");
    WCHAR digits[12];
    UNICODE_STRING build = { 0, sizeof(digits), digits };

    RtlIntegerToUnicodeString(RtlVersion.Build, 10, &build);
    digits[build.Length / sizeof(WCHAR)] = L'\0';
    CmpBootValue(Software, key, L"CurrentBuild", REG_SZ, digits, build.Length + sizeof(WCHAR));
    CmpBootValue(Software, key, L"CurrentBuildNumber", REG_SZ, digits, build.Length + sizeof(WCHAR));
    CmpBootValue(Software, key, L"CurrentMajorVersionNumber", REG_DWORD, &RtlVersion.Major, sizeof(ULONG));
    CmpBootValue(Software, key, L"CurrentMinorVersionNumber", REG_DWORD, &RtlVersion.Minor, sizeof(ULONG));
    CmpBootValue(Software, key, L"SystemRoot", REG_SZ, root, sizeof(root));
}

/* \REGISTRY: a permanent object of the root directory. */
static VOID CmpPublishRoot(VOID)
{
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\REGISTRY"), name = RTL_CONSTANT_STRING(L"REGISTRY");
    OBJECT_ATTRIBUTES attributes;
    PCM_KEY_BODY body;
    PVOID object;
    HANDLE handle;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, &path, OBJ_PERMANENT | OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = ObCreateObject(KernelMode, CmpKeyObjectType, &attributes, KernelMode, NULL, sizeof(CM_KEY_BODY), 0, 0, &object);
    if (NT_SUCCESS(status)) {
        body = object;
        RtlZeroMemory(body, sizeof(*body));
        body->Type = CMP_KEY_BODY_TYPE;
        InitializeListHead(&body->ContextListHead);
        body->KeyControlBlock = CmpReferenceKey(NULL, CmpMasterHive, CmpMasterHive->Regf.RootCell, &name);
        InsertTailList(&body->KeyControlBlock->KeyBodyListHead, &body->KeyBodyList);
        status = ObInsertObject(object, NULL, KEY_ALL_ACCESS, 0, NULL, &handle);
    }
    if (!NT_SUCCESS(status))
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 5, (ULONG_PTR)status, 0, 0);
    ZwClose(handle);
}

VOID CmInitialize(LOADER_BLOCK *Block)
{
    ULONG machine, user;
    NTSTATUS status;

    CmpCreateKeyType();
    status = CmpCreateMasterHive();
    if (!NT_SUCCESS(status))
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 6, (ULONG_PTR)status, 0, 0);
    machine = CmpBootKey(CmpMasterHive, L"MACHINE");
    user = CmpBootKey(CmpMasterHive, L"USER");
    CmpMountSystem(machine, Block);
    CmpFillHardware(CmpMountVolatile(machine, L"HARDWARE"));
    CmpFillSoftware(CmpMountVolatile(machine, L"SOFTWARE"));
    CmpMountVolatile(user, L".DEFAULT");
    CmpPublishRoot();
}
