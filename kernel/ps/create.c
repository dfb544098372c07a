/* SPDX-License-Identifier: MIT
 * Making processes with an address space and a handle table of their own. What a program needs besides is in userprocess.c.
 */
#include "psp.h"
#include "se.h"

#define PSP_NORMAL_PRIORITY 8

/* The full name for those who ask, and its last part, in 14 ASCII characters, where NT has it. */
static NTSTATUS PspNameProcess(PEPROCESS Process, PCUNICODE_STRING ImageName)
{
    POBJECT_NAME_INFORMATION name = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*name) + ImageName->Length + sizeof(WCHAR),
                                                          TAG_IMAGE_NAME);
    ULONG characters = ImageName->Length / sizeof(WCHAR), base = 0, i;

    if (name == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    name->Name = (UNICODE_STRING){ ImageName->Length, (USHORT)(ImageName->Length + sizeof(WCHAR)), (PWCHAR)(name + 1) };
    RtlCopyMemory(name->Name.Buffer, ImageName->Buffer, ImageName->Length);
    name->Name.Buffer[characters] = L'\0';
    for (i = 0; i < characters; i++)
        if (ImageName->Buffer[i] == L'\\')
            base = i + 1;
    for (i = 0; base + i < characters && i < sizeof(Process->ImageFileName) - 1; i++)
        Process->ImageFileName[i] = ImageName->Buffer[base + i] < 0x7F ? (UCHAR)ImageName->Buffer[base + i] : '?';
    Process->SeAuditProcessCreationInfo = name;
    return STATUS_SUCCESS;
}

/* A copy of the given token, or of the parent's. */
static NTSTATUS PspAssignToken(PEPROCESS Process, PEPROCESS Parent, PACCESS_TOKEN Token)
{
    PACCESS_TOKEN from = Token;
    NTSTATUS status;

    if (Token == NULL)
        from = SeReferenceProcessToken(Parent);
    status = SeAssignProcessToken(Process, from);
    if (Token == NULL)
        ObfDereferenceObject(from);
    return status;
}

/* What the process owns; what is there when this fails goes with the object. */
static NTSTATUS PspFillProcess(PEPROCESS Process, PEPROCESS Parent, PACCESS_TOKEN Token, PCUNICODE_STRING ImageName)
{
    ULONG64 directoryTable;
    NTSTATUS status = MmCreateAddressSpace(&directoryTable);

    if (!NT_SUCCESS(status))
        return status;
    KeInitProcess(&Process->Pcb, PSP_NORMAL_PRIORITY, directoryTable);
    InitializeListHead(&Process->ThreadListHead);
    Process->ExitStatus = STATUS_PENDING;
    Process->InheritedFromUniqueProcessId = Parent->UniqueProcessId;
    KeQuerySystemTime(&Process->CreateTime);
    Process->ObjectTable = ObCreateHandleTable(Process, FALSE);
    if (Process->ObjectTable == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = PspAssignToken(Process, Parent, Token);
    if (NT_SUCCESS(status))
        status = PspNameProcess(Process, ImageName);
    if (NT_SUCCESS(status))
        status = MmInitializeAddressSpace(Process);
    return status;
}

static VOID PspLinkProcess(PEPROCESS Process)
{
    KIRQL irql = KeLockAcquire(&PspListLock);
    InsertTailList(&PsActiveProcessHead, &Process->ActiveProcessLinks);
    KeLockRelease(&PspListLock, irql);
}

NTSTATUS PspMakeProcess(PEPROCESS Parent, PACCESS_TOKEN Token, PCUNICODE_STRING ImageName, PEPROCESS *Process)
{
    PEPROCESS process;
    PVOID object;
    NTSTATUS status = ObCreateObject(KernelMode, PspProcessType, NULL, KernelMode, NULL, sizeof(EPROCESS), 0, 0, &object);

    if (!NT_SUCCESS(status))
        return status;
    process = object;
    status = PspFillProcess(process, Parent, Token, ImageName);
    if (NT_SUCCESS(status)) {
        process->UniqueProcessId = ObAllocateHandle(PspCidTable, process, 0, 0);
        status = process->UniqueProcessId != NULL ? ObInsertObject(process, NULL, 0, 0, NULL, NULL) : STATUS_INSUFFICIENT_RESOURCES;
        if (!NT_SUCCESS(status) && process->UniqueProcessId != NULL)
            return status;                       /* ObInsertObject took the reference */
    }
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(process);
        return status;
    }
    PspLinkProcess(process);
    *Process = process;
    return STATUS_SUCCESS;
}

NTSTATUS PsCreateProcess(PEPROCESS Parent, PCUNICODE_STRING ImageName, PEPROCESS *Process)
{
    PEPROCESS process;
    NTSTATUS status = PspMakeProcess(Parent, NULL, ImageName, &process);

    if (!NT_SUCCESS(status))
        return status;
    status = PspNotifyProcessCreate(process, ImageName, NULL, NULL);
    if (!NT_SUCCESS(status)) {
        PsTerminateProcess(process, status);
        ObfDereferenceObject(process);
        return status;
    }
    *Process = process;
    return STATUS_SUCCESS;
}

VOID PspDeleteProcess(PVOID Object)
{
    PEPROCESS process = Object;
    KIRQL irql;

    if (process->ActiveProcessLinks.Flink != NULL) {
        irql = KeLockAcquire(&PspListLock);
        RemoveEntryList(&process->ActiveProcessLinks);
        KeLockRelease(&PspListLock, irql);
    }
    PspFreeId(process->UniqueProcessId);
    if (process->ObjectTable != NULL) {
        ObCloseProcessHandles(process);
        ObDestroyHandleTable(process->ObjectTable);
    }
    MmDeleteAddressSpace(process);
    if (process->SectionObject != NULL)
        ObfDereferenceObject(process->SectionObject);
    if (process->ImageFilePointer != NULL)
        MmUpcalls.HoldFile(process->ImageFilePointer, FALSE);
    if (process->Job != NULL)
        ObfDereferenceObject(process->Job);
    SeReleaseProcessToken(process);
    if (process->SeAuditProcessCreationInfo != NULL)
        ExFreePoolWithTag(process->SeAuditProcessCreationInfo, TAG_IMAGE_NAME);
}
