/* SPDX-License-Identifier: MIT
 * The registry as it stands after boot.
 */
#include "cmp.h"
#include "rtl.h"
#include "kd.h"
#include "ke.h"
#include "ps.h"

CM_HIVE_STORE CmHiveStore;

/* The SYSTEM hive and its logs, as the loader read them. FALSE: there is none. */
static BOOLEAN CmpFindBootHive(const LOADER_BLOCK *Block, REGF_FILE Files[RegfFiles])
{
    const LOADER_FILE *files = (const LOADER_FILE *)Block->FileAddress;
    ULONG log = RegfLog1, i;

    for (i = 0; i < Block->FileCount; i++) {
        REGF_FILE file = { (const uint8_t *)files[i].DataAddress, (size_t)files[i].Size };
        if (files[i].Kind == LOADER_FILE_SYSTEM_HIVE)
            Files[RegfPrimary] = file;
        else if (files[i].Kind == LOADER_FILE_SYSTEM_LOG && log < RegfFiles)
            Files[log++] = file;
    }
    return Files[RegfPrimary].Data != NULL;
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

static CMP_HIVE *CmpMountBootHive(ULONG Parent, PCWSTR Name, CMP_HIVE *Hive)
{
    UNICODE_STRING name;
    NTSTATUS status = STATUS_SUCCESS;

    RtlInitUnicodeString(&name, Name);
    if (Hive == NULL)
        status = CmpOpenHive(NULL, &Hive);
    if (NT_SUCCESS(status))
        status = CmpMountHiveLocked(Parent, &name, Hive);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 4, (ULONG_PTR)status, 0, 0);
    return Hive;
}

static VOID CmpMountSystem(ULONG Machine, const LOADER_BLOCK *Block)
{
    REGF_FILE files[RegfFiles] = { { NULL, 0 } };
    CMP_HIVE *hive = NULL;
    NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;

    if (CmpFindBootHive(Block, files))
        status = CmpOpenHive(files, &hive);
    if (!NT_SUCCESS(status)) {
        KdBeginEvent("log");
        KdEventText("level", "warning");
        KdEventText("text", "the SYSTEM hive is missing or not usable; an empty one takes its place");
        KdEventCode("status", (ULONG)status);
        KdEventNumber("flaw", hive != NULL ? hive->Regf.Flaw : 0);
        KdEventNumber("cell", hive != NULL ? hive->Regf.FlawCell : 0);
        KdEndEvent();
        if (hive != NULL)
            CmpDereferenceHive(hive);
        hive = NULL;
    }
    CmpLinkControlSet(CmpMountBootHive(Machine, L"SYSTEM", hive));
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
    ULONG machine;
    NTSTATUS status;

    CmpCreateKeyType();
    status = CmpCreateMasterHive();
    if (!NT_SUCCESS(status))
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 6, (ULONG_PTR)status, 0, 0);
    machine = CmpBootKey(CmpMasterHive, L"MACHINE");
    CmpBootKey(CmpMasterHive, L"USER");
    CmpMountSystem(machine, Block);
    CmpFillHardware(CmpMountBootHive(machine, L"HARDWARE", NULL));
    CmpPublishRoot();
}

/* ---- Files ---- */
static NTSTATUS CmpOpenConfiguration(PCWSTR Path, PVOID Files[RegfFiles])
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING path;

    RtlInitUnicodeString(&path, Path);
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return CmpOpenFiles(&attributes, Files);
}

static VOID CmpTellUnattached(PCSTR Hive, NTSTATUS Status)
{
    KdBeginEvent("log");
    KdEventText("level", "info");
    KdEventText("text", "a hive of the registry has no file on the boot volume");
    KdEventText("hive", Hive);
    KdEventCode("status", (ULONG)Status);
    KdEndEvent();
}

/* The loader read it; the file has to be the same still. */
static VOID CmpAttachSystem(VOID)
{
    ULONG machine = CmpBootKey(CmpMasterHive, L"MACHINE");
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"SYSTEM");
    CMP_HIVE *hive = CmpHiveMountedAt(RegfFindSubKey(&CmpMasterHive->Regf, machine, CmpName(&name)));
    PVOID files[RegfFiles];
    HBASE_BLOCK *header;
    NTSTATUS status = hive->IsVolatile ? STATUS_OBJECT_NAME_NOT_FOUND
                                       : CmpOpenConfiguration(L"\\SystemRoot\\System32\\config\\SYSTEM", files);

    if (!NT_SUCCESS(status)) {
        CmpTellUnattached("SYSTEM", status);
        return;
    }
    header = ExAllocatePoolWithTag(PagedPool, sizeof(*header), CMP_TAG);
    status = header == NULL ? STATUS_INSUFFICIENT_RESOURCES : CmHiveStore.Read(files[RegfPrimary], 0, header, sizeof(*header));
    if (NT_SUCCESS(status) && header->CheckSum != hive->FileSum)
        status = STATUS_REVISION_MISMATCH;
    if (header != NULL)
        ExFreePoolWithTag(header, CMP_TAG);
    if (!NT_SUCCESS(status)) {
        CmpCloseFiles(files);
        CmpTellUnattached("SYSTEM", status);
        return;
    }
    RtlCopyMemory(hive->Files, files, sizeof(files));
    CmpNoteChangeLocked(hive);
}

static CMP_HIVE *CmpAttachHive(PCWSTR Root, PCWSTR Name, PCWSTR Path, PCSTR Shown)
{
    PVOID files[RegfFiles];
    CMP_HIVE *hive = NULL;
    NTSTATUS status = CmpOpenConfiguration(Path, files);

    if (NT_SUCCESS(status))
        status = CmpLoadHive(files, &hive);
    if (!NT_SUCCESS(status))
        CmpTellUnattached(Shown, status);
    ExLockExclusive(&CmpRegistryLock);
    hive = CmpMountBootHive(CmpBootKey(CmpMasterHive, Root), Name, NT_SUCCESS(status) ? hive : NULL);
    ExUnlockExclusive(&CmpRegistryLock);
    return hive;
}

/* USER\S-1-5-18, the system's own, is the default user's. */
static VOID CmpLinkSystemUser(VOID)
{
    static const WCHAR target[] = L"\\Registry\\User\\.DEFAULT";
    ULONG link = CmpBootKey(CmpMasterHive, L"USER\\S-1-5-18");

    RegfKey(&CmpMasterHive->Regf, link)->Flags |= KEY_SYM_LINK;
    CmpBootValue(CmpMasterHive, link, CMP_LINK_VALUE, REG_LINK, target, sizeof(target) - sizeof(WCHAR));
}

VOID CmAttachHives(VOID)
{
    CMP_HIVE *software;

    CmpAttachSystem();
    software = CmpAttachHive(L"MACHINE", L"SOFTWARE", L"\\SystemRoot\\System32\\config\\SOFTWARE", "SOFTWARE");
    CmpAttachHive(L"USER", L".DEFAULT", L"\\SystemRoot\\System32\\config\\DEFAULT", "DEFAULT");
    ExLockExclusive(&CmpRegistryLock);
    CmpFillSoftware(software);
    CmpNoteChangeLocked(software);
    CmpLinkSystemUser();
    ExUnlockExclusive(&CmpRegistryLock);
}
