/* SPDX-License-Identifier: MIT
 * A driver that protects its process and its thread, as security software does: callbacks for handles that take rights away, in an
 * image that is marked so that it may (FORCE_INTEGRITY).
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define RIGHT_TERMINATE 0x0001u                  /* of processes and threads */
#define RIGHT_VM_WRITE 0x0020u
#define RIGHT_SUSPEND 0x0002u
#define RIGHT_SYNCHRONIZE 0x00100000u

NTSYSAPI NTSTATUS NTAPI ZwOpenThread(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                     PCLIENT_ID ClientId);
NTSYSAPI NTSTATUS NTAPI ZwDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle,
                                          PHANDLE TargetHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options);

static PKTHREAD Watched;                         /* only what this thread does is looked at */
static ULONG Before, After, Duplicated, Wrong;
static ACCESS_MASK Granted;

static OB_PREOP_CALLBACK_STATUS NTAPI Protect(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    if (KeGetCurrentThread() != Watched)
        return OB_PREOP_SUCCESS;
    if (Context != &Before || KeGetCurrentIrql() != PASSIVE_LEVEL)
        Wrong++;
    Before++;
    if (Information->Operation == OB_OPERATION_HANDLE_DUPLICATE) {
        Duplicated++;
        Information->Parameters->DuplicateHandleInformation.DesiredAccess &= ~RIGHT_TERMINATE;
    } else {
        Information->Parameters->CreateHandleInformation.DesiredAccess &= ~RIGHT_TERMINATE;
    }
    Information->CallContext = Information->Object;
    return OB_PREOP_SUCCESS;
}

static VOID NTAPI Protected(PVOID Context, POB_POST_OPERATION_INFORMATION Information)
{
    if (KeGetCurrentThread() != Watched)
        return;
    if (Context != &Before || Information->CallContext != Information->Object || !NT_SUCCESS(Information->ReturnStatus))
        Wrong++;
    else
        Granted = Information->Parameters->CreateHandleInformation.GrantedAccess;
    After++;
}

static ACCESS_MASK AccessOf(HANDLE Handle)
{
    OBJECT_HANDLE_INFORMATION information = { 0, 0 };
    PVOID object;

    if (CheckStatus(ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &object, &information), STATUS_SUCCESS, "look at a handle"))
        ObDereferenceObject(object);
    return information.GrantedAccess;
}

static HANDLE OpenProcess(ACCESS_MASK Access)
{
    CLIENT_ID id = { PsGetCurrentProcessId(), NULL };
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle = NULL;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CheckStatus(ZwOpenProcess(&handle, Access, &attributes, &id), STATUS_SUCCESS, "open the process");
    return handle;
}

static HANDLE OpenThread(ACCESS_MASK Access)
{
    CLIENT_ID id = { PsGetCurrentProcessId(), PsGetCurrentThreadId() };
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle = NULL;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CheckStatus(ZwOpenThread(&handle, Access, &attributes, &id), STATUS_SUCCESS, "open the thread");
    return handle;
}

static VOID Opens(VOID)
{
    HANDLE process = OpenProcess(RIGHT_TERMINATE | RIGHT_VM_WRITE), thread = OpenThread(RIGHT_TERMINATE | RIGHT_SUSPEND), copy;

    Check(Before == 2 && After == 2 && Duplicated == 0 && Wrong == 0, "told of two handles");
    Check(AccessOf(process) == RIGHT_VM_WRITE, "the process cannot be ended");
    Check(AccessOf(thread) == RIGHT_SUSPEND && Granted == RIGHT_SUSPEND, "the thread cannot be ended");
    ZwClose(thread);
    CheckStatus(ZwDuplicateObject(NtCurrentProcess(), process, NtCurrentProcess(), &copy, RIGHT_TERMINATE | RIGHT_SYNCHRONIZE,
                                  OBJ_KERNEL_HANDLE, 0), STATUS_SUCCESS, "duplicate");
    Check(Duplicated == 1 && After == 3 && AccessOf(copy) == RIGHT_SYNCHRONIZE, "nor by a duplicate");
    ZwClose(copy);
    ZwClose(process);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    const OB_OPERATION both = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE;
    OB_OPERATION_REGISTRATION operations[2] = { { PsProcessType, both, Protect, Protected }, { PsThreadType, both, Protect, Protected } };
    OB_CALLBACK_REGISTRATION registration = { ObGetFilterVersion(), 2, { 0, 0, NULL }, &Before, operations };
    PVOID handle = NULL, second;
    HANDLE process;

    RtlInitUnicodeString(&registration.Altitude, L"321000.5");
    Watched = KeGetCurrentThread();
    if (!CheckStatus(ObRegisterCallbacks(&registration, &handle), STATUS_SUCCESS, "register"))
        return CheckResult();
    CheckStatus(ObRegisterCallbacks(&registration, &second), STATUS_FLT_INSTANCE_ALTITUDE_COLLISION, "register twice");
    Opens();
    ObUnRegisterCallbacks(handle);
    process = OpenProcess(RIGHT_TERMINATE);
    Check(Before == 3 && AccessOf(process) == RIGHT_TERMINATE, "not told any more");
    ZwClose(process);
    return CheckResult();
}
