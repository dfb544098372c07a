/* SPDX-License-Identifier: MIT
 * Duplicates of handles within a process, between processes, of what a callback leaves of their rights, and to one that ends.
 */
#include "../psp.h"
#include "test.h"

static PEPROCESS MakeProcess(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Test\\target.exe");
    PEPROCESS process = NULL;
    return CHECK(NT_SUCCESS(PsCreateProcess(PsInitialSystemProcess, &name, &process))) ? process : NULL;
}

static HANDLE OpenProcess(PEPROCESS Process, ULONG Attributes, ACCESS_MASK Access)
{
    HANDLE handle = NULL;
    CHECK(ObOpenObjectByPointer(Process, Attributes, NULL, Access, PspProcessType, KernelMode, &handle) == STATUS_SUCCESS);
    return handle;
}

/* What a handle of Process is to, and how. The object is not referenced. */
static PVOID Look(PEPROCESS Process, HANDLE Handle, POBJECT_HANDLE_INFORMATION Information)
{
    PVOID object = NULL;
    KAPC_STATE state;

    KeStackAttachProcess(&Process->Pcb, &state);
    if (NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &object, Information)))
        ObfDereferenceObject(object);
    KeUnstackDetachProcess(&state);
    return object;
}

static VOID Options(VOID)
{
    const ACCESS_MASK rights = PROCESS_TERMINATE | PROCESS_VM_OPERATION;
    HANDLE self = NtCurrentProcess(), source = OpenProcess(PsInitialSystemProcess, OBJ_INHERIT, rights), copy = NULL;
    OBJECT_HANDLE_INFORMATION has;

    CHECK(ZwDuplicateObject(self, source, self, &copy, PROCESS_TERMINATE, 0, 0) == STATUS_SUCCESS && copy != source);
    CHECK(Look(PsCurrentProcess(), copy, &has) == PsInitialSystemProcess);
    CHECK(has.GrantedAccess == PROCESS_TERMINATE && has.HandleAttributes == 0);
    ZwClose(copy);
    CHECK(ZwDuplicateObject(self, source, self, &copy, 0, OBJ_KERNEL_HANDLE, DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES) ==
          STATUS_SUCCESS && ObIsKernelHandle(copy));
    CHECK(Look(PsCurrentProcess(), copy, &has) == PsInitialSystemProcess);
    CHECK(has.GrantedAccess == rights && has.HandleAttributes == OBJ_INHERIT);
    ZwClose(copy);
    CHECK(ZwDuplicateObject(self, source, NULL, &copy, 0, 0, 0) == STATUS_INVALID_HANDLE);
    CHECK(ZwDuplicateObject(self, source, self, &copy, 0, 0x80000, 0) == STATUS_INVALID_PARAMETER);
    CHECK(ZwDuplicateObject(self, (HANDLE)0x7777774, self, &copy, 0, 0, 0) == STATUS_INVALID_HANDLE);
    CHECK(ZwDuplicateObject(NtCurrentThread(), source, self, &copy, 0, 0, 0) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ZwDuplicateObject(self, source, self, NULL, 0, 0, 0) == STATUS_SUCCESS);       /* nothing wanted */
    CHECK(ZwDuplicateObject(self, source, self, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE) == STATUS_SUCCESS);
    CHECK(Look(PsCurrentProcess(), copy, &has) == PsInitialSystemProcess && has.GrantedAccess == rights);
    CHECK(copy == source || Look(PsCurrentProcess(), source, &has) == NULL);
    CHECK(ZwDuplicateObject(self, copy, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE) == STATUS_SUCCESS);
    CHECK(ZwDuplicateObject(self, copy, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE) == STATUS_INVALID_HANDLE);
}

static VOID Protected(VOID)
{
    HANDLE self = NtCurrentProcess(), source = OpenProcess(PsInitialSystemProcess, 0, SYNCHRONIZE), copy = NULL;
    OBJECT_HANDLE_FLAG_INFORMATION flags = { FALSE, TRUE };

    CHECK(NT_SUCCESS(ZwSetInformationObject(source, ObjectHandleFlagInformation, &flags, sizeof(flags))));
    CHECK(ZwDuplicateObject(self, source, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE) == STATUS_HANDLE_NOT_CLOSABLE);
    CHECK(ZwDuplicateObject(self, source, self, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES) == STATUS_SUCCESS);
    CHECK(ZwClose(copy) == STATUS_HANDLE_NOT_CLOSABLE);
    flags.ProtectFromClose = FALSE;
    CHECK(NT_SUCCESS(ZwSetInformationObject(source, ObjectHandleFlagInformation, &flags, sizeof(flags))));
    CHECK(NT_SUCCESS(ZwSetInformationObject(copy, ObjectHandleFlagInformation, &flags, sizeof(flags))));
    CHECK(ZwClose(copy) == STATUS_SUCCESS && ZwClose(source) == STATUS_SUCCESS);
}

static VOID Processes(VOID)
{
    PEPROCESS process = MakeProcess();
    OBJECT_HANDLE_INFORMATION has;
    HANDLE there = NULL, back = NULL, target, self = NtCurrentProcess();
    ULONG before;

    if (process == NULL)
        return;
    before = ObHandleCount(process->ObjectTable);
    target = OpenProcess(process, OBJ_KERNEL_HANDLE, PROCESS_ALL_ACCESS);
    CHECK(ZwDuplicateObject(self, NtCurrentThread(), target, &there, SYNCHRONIZE, OBJ_INHERIT, 0) == STATUS_SUCCESS);
    CHECK(ObHandleCount(process->ObjectTable) == before + 1 && Look(process, there, &has) == PsCurrentThread());
    CHECK(has.GrantedAccess == SYNCHRONIZE && has.HandleAttributes == OBJ_INHERIT);
    CHECK(ZwDuplicateObject(target, self, self, &back, 0, 0, DUPLICATE_SAME_ACCESS) == STATUS_SUCCESS);  /* the source's "self" */
    CHECK(Look(PsCurrentProcess(), back, &has) == process);
    ZwClose(back);
    CHECK(ZwDuplicateObject(target, there, self, &back, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE) == STATUS_SUCCESS);
    CHECK(ObHandleCount(process->ObjectTable) == before && Look(PsCurrentProcess(), back, &has) == PsCurrentThread());
    CHECK(PsTerminateProcess(process, STATUS_SUCCESS) == STATUS_SUCCESS);
    CHECK(ZwDuplicateObject(self, back, target, &there, 0, 0, DUPLICATE_SAME_ACCESS) == STATUS_PROCESS_IS_TERMINATING);
    CHECK(ZwDuplicateObject(target, there, self, &there, 0, 0, DUPLICATE_SAME_ACCESS) == STATUS_PROCESS_IS_TERMINATING);
    ZwClose(back);
    ZwClose(target);
    ObfDereferenceObject(process);
}

/* A caller who is judged gets no more than the source has, or the object gives: this one, with an empty DACL, gives nobody anything. */
static VOID Judged(VOID)
{
    ULONG64 list[2];
    SECURITY_DESCRIPTOR descriptor;
    OBJECT_ATTRIBUTES attributes;
    HANDLE source = NULL, copy = NULL;
    PEPROCESS self = PsCurrentProcess();

    CHECK(NT_SUCCESS(RtlCreateAcl((PACL)list, sizeof(list), ACL_REVISION)));
    CHECK(NT_SUCCESS(RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION)));
    CHECK(NT_SUCCESS(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, (PACL)list, FALSE)));
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, &descriptor);
    if (!CHECK(NT_SUCCESS(ZwCreateDirectoryObject(&source, DIRECTORY_QUERY, &attributes))))
        return;
    CHECK(ObDuplicateObject(self, source, self, &copy, DIRECTORY_TRAVERSE, 0, 0, UserMode) == STATUS_ACCESS_DENIED && copy == NULL);
    CHECK(ObDuplicateObject(self, source, self, &copy, DIRECTORY_QUERY, OBJ_KERNEL_HANDLE, 0, UserMode) == STATUS_SUCCESS);
    CHECK(copy != NULL && !ObIsKernelHandle(copy));
    ZwClose(copy);
    CHECK(ObDuplicateObject(self, source, self, &copy, DIRECTORY_TRAVERSE, 0, 0, KernelMode) == STATUS_SUCCESS);
    ZwClose(copy);
    ZwClose(source);
}

/* ---- Callbacks ---- */
static PETHREAD Watcher;
static PVOID SeenSource, SeenTarget, SeenCurrent;
static ACCESS_MASK SeenGranted;
static volatile LONG Told;

static OB_PREOP_CALLBACK_STATUS NTAPI Before(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    POB_PRE_DUPLICATE_HANDLE_INFORMATION duplicate = &Information->Parameters->DuplicateHandleInformation;

    if (PsCurrentThread() != Watcher || Information->Operation != OB_OPERATION_HANDLE_DUPLICATE)
        return OB_PREOP_SUCCESS;
    SeenSource = duplicate->SourceProcess;
    SeenTarget = duplicate->TargetProcess;
    SeenCurrent = PsCurrentProcess();
    duplicate->DesiredAccess &= ~PROCESS_TERMINATE;
    InterlockedIncrement(&Told);
    return OB_PREOP_SUCCESS;
}

static VOID NTAPI After(PVOID Context, POB_POST_OPERATION_INFORMATION Information)
{
    if (PsCurrentThread() == Watcher && NT_SUCCESS(Information->ReturnStatus))
        SeenGranted = Information->Parameters->DuplicateHandleInformation.GrantedAccess;
}

static VOID Filtered(VOID)
{
    OB_OPERATION_REGISTRATION operation = { &PspProcessType, OB_OPERATION_HANDLE_DUPLICATE, Before, After };
    OB_CALLBACK_REGISTRATION registration = { OB_FLT_REGISTRATION_VERSION, 1, RTL_CONSTANT_STRING(L"321000"), NULL, &operation };
    BOOLEAN allowed = MmAllowUnsignedCallbacks;
    HANDLE self = NtCurrentProcess(), source, target, there;
    OBJECT_HANDLE_INFORMATION has;
    PEPROCESS process = MakeProcess();
    PVOID handle;

    if (process == NULL)
        return;
    Watcher = PsCurrentThread();
    Told = 0;
    MmAllowUnsignedCallbacks = TRUE;
    CHECK(ObRegisterCallbacks(&registration, &handle) == STATUS_SUCCESS);
    MmAllowUnsignedCallbacks = allowed;
    source = OpenProcess(PsInitialSystemProcess, 0, PROCESS_TERMINATE | PROCESS_VM_OPERATION);
    target = OpenProcess(process, 0, PROCESS_ALL_ACCESS);
    CHECK(Told == 0 && ZwDuplicateObject(self, source, target, &there, 0, 0, DUPLICATE_SAME_ACCESS) == STATUS_SUCCESS && Told == 1);
    CHECK(SeenSource == PsCurrentProcess() && SeenTarget == process && SeenCurrent == PsCurrentProcess());
    CHECK(SeenGranted == PROCESS_VM_OPERATION && Look(process, there, &has) == PsInitialSystemProcess);
    CHECK(has.GrantedAccess == PROCESS_VM_OPERATION);
    ObUnRegisterCallbacks(handle);
    ZwClose(source);
    CHECK(PsTerminateProcess(process, STATUS_SUCCESS) == STATUS_SUCCESS);
    ZwClose(target);
    ObfDereferenceObject(process);
}

/* ---- Several duplicate into a process while it ends ---- */
static PEPROCESS Ending;

static VOID EndCrew(PVOID Context, ULONG Index)
{
    HANDLE copy;
    NTSTATUS status = STATUS_SUCCESS;

    if (Index == 3) {
        CHECK(PsTerminateProcess(Ending, STATUS_SUCCESS) == STATUS_SUCCESS);
        return;
    }
    while (NT_SUCCESS(status))
        status = ObDuplicateObject(PsInitialSystemProcess, NtCurrentProcess(), Ending, &copy, SYNCHRONIZE, 0, 0, KernelMode);
    CHECK(status == STATUS_PROCESS_IS_TERMINATING);
}

static VOID Ends(VOID)
{
    ULONG i;

    for (i = 0; i < 20; i++) {
        Ending = MakeProcess();
        if (Ending == NULL)
            return;
        TestRunThreads(4, EndCrew, NULL);
        CHECK(ObHandleCount(Ending->ObjectTable) == 0);
        ObfDereferenceObject(Ending);
    }
}

static const KE_TEST PspDuplicateTable[] = {
    { "ps.duplicate.options", Options, 0 },     { "ps.duplicate.protected", Protected, 0 },
    { "ps.duplicate.processes", Processes, 0 }, { "ps.duplicate.judged", Judged, 0 },
    { "ps.duplicate.filtered", Filtered, 0 },   { "ps.duplicate.ends", Ends, 4 },
};
const KE_TEST_GROUP PspDuplicateTests = { PspDuplicateTable, RTL_NUMBER_OF(PspDuplicateTable) };
