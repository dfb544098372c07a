/* SPDX-License-Identifier: MIT
 * NtSetInformationThread: a table of what a class takes, the check of the caller's memory, then the change. A class that is not here
 * is STATUS_INVALID_INFO_CLASS.
 */
#include "psp.h"

#define PSP_LOWEST (-2)                          /* base priority increments, THREAD_BASE_PRIORITY_MIN, _MAX */
#define PSP_HIGHEST 2
#define PSP_SATURATED_LOWEST 15                  /* these and the next: as far as the class goes, THREAD_BASE_PRIORITY_LOWRT, -_IDLE */
#define PSP_SATURATED_HIGHEST 16
#define PSP_REALTIME_LOWEST (-7)                 /* increments in a real-time process */
#define PSP_REALTIME_HIGHEST 6

typedef union PSP_SETTING {
    LONG Number;
    ULONG Word;
    KAFFINITY Mask;
    HANDLE Handle;
    GROUP_AFFINITY Affinity;
    PROCESSOR_NUMBER Processor;
    UNICODE_STRING Name;
} PSP_SETTING;

typedef NTSTATUS PSP_SETTER(PETHREAD Thread, const PSP_SETTING *Setting);

static NTSTATUS PspSetPriority(PETHREAD Thread, const PSP_SETTING *Setting)
{
    if (Setting->Number <= LOW_PRIORITY || Setting->Number > HIGH_PRIORITY)
        return STATUS_INVALID_PARAMETER;
    if (Setting->Number >= LOW_REALTIME_PRIORITY &&
        !SeSinglePrivilegeCheck(SeExports->SeIncreaseBasePriorityPrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    KeSetPriorityThread(&Thread->Tcb, Setting->Number);
    return STATUS_SUCCESS;
}

static BOOLEAN PspSaturates(LONG Increment)
{
    LONG64 size = Increment < 0 ? -(LONG64)Increment : Increment;
    return size >= PSP_SATURATED_LOWEST && size <= PSP_SATURATED_HIGHEST;
}

static NTSTATUS PspSetBasePriority(PETHREAD Thread, const PSP_SETTING *Setting)
{
    BOOLEAN realTime = Thread->Tcb.Process->BasePriority >= LOW_REALTIME_PRIORITY;
    LONG increment = Setting->Number, lowest = realTime ? PSP_REALTIME_LOWEST : PSP_LOWEST;
    LONG highest = realTime ? PSP_REALTIME_HIGHEST : PSP_HIGHEST;

    if (!PspSaturates(increment) && (increment < lowest || increment > highest))
        return STATUS_INVALID_PARAMETER;
    KeSetBasePriorityThread(&Thread->Tcb, increment);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetAffinity(PETHREAD Thread, KAFFINITY Mask)
{
    if (Mask == 0 || (Mask & ~(Thread->Tcb.Process->Affinity.Bitmap[0] & KeQueryActiveProcessors())) != 0)
        return STATUS_INVALID_PARAMETER;
    KeSetAffinityThread(&Thread->Tcb, Mask);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetAffinityMask(PETHREAD Thread, const PSP_SETTING *Setting) { return PspSetAffinity(Thread, Setting->Mask); }

static NTSTATUS PspSetGroupAffinity(PETHREAD Thread, const PSP_SETTING *Setting)
{
    const GROUP_AFFINITY *affinity = &Setting->Affinity;

    if (affinity->Group != 0 || affinity->Reserved[0] != 0 || affinity->Reserved[1] != 0 || affinity->Reserved[2] != 0)
        return STATUS_INVALID_PARAMETER;
    return PspSetAffinity(Thread, affinity->Mask);
}

/* MAXIMUM_PROCESSORS is no processor's number: nothing changes, which is what it asks for. */
static NTSTATUS PspSetIdealProcessor(PETHREAD Thread, const PSP_SETTING *Setting)
{
    if (Setting->Word > MAXIMUM_PROCESSORS || (Setting->Word < MAXIMUM_PROCESSORS && Setting->Word >= (ULONG)KeNumberProcessors))
        return STATUS_INVALID_PARAMETER;
    KeSetIdealProcessor(&Thread->Tcb, Setting->Word);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetIdealProcessorEx(PETHREAD Thread, const PSP_SETTING *Setting)
{
    PROCESSOR_NUMBER number = Setting->Processor;
    ULONG index = KeGetProcessorIndexFromNumber(&number);

    if (index == INVALID_PROCESSOR_INDEX)
        return STATUS_INVALID_PARAMETER;
    KeSetIdealProcessor(&Thread->Tcb, index);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetPriorityBoost(PETHREAD Thread, const PSP_SETTING *Setting)
{
    KeSetDisableBoostThread(&Thread->Tcb, Setting->Word != 0);
    return STATUS_SUCCESS;
}

static VOID PspSetHint(PETHREAD Thread, ULONG Shift, ULONG Hint)
{
    ULONG old = __atomic_load_n(&Thread->CrossThreadFlags, __ATOMIC_RELAXED), new;
    do {
        new = (old & ~(PSP_THREAD_HINT_MASK << Shift)) | Hint << Shift;
    } while (!__atomic_compare_exchange_n(&Thread->CrossThreadFlags, &old, new, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

static NTSTATUS PspSetIoPriority(PETHREAD Thread, const PSP_SETTING *Setting)
{
    if (Setting->Word >= MaxIoPriorityTypes)
        return STATUS_INVALID_PARAMETER;
    if (Setting->Word > IoPriorityNormal &&
        !SeSinglePrivilegeCheck(SeExports->SeIncreaseBasePriorityPrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    PspSetHint(Thread, PSP_THREAD_IO_PRIORITY, Setting->Word);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetPagePriority(PETHREAD Thread, const PSP_SETTING *Setting)
{
    if (Setting->Word > PSP_HIGHEST_PAGE_PRIORITY)
        return STATUS_INVALID_PARAMETER;
    PspSetHint(Thread, PSP_THREAD_PAGE_PRIORITY, Setting->Word);
    return STATUS_SUCCESS;
}

static NTSTATUS PspHideFromDebugger(PETHREAD Thread, const PSP_SETTING *Setting)
{
    InterlockedOr((volatile LONG *)&Thread->CrossThreadFlags, PSP_THREAD_HIDDEN);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetImpersonation(PETHREAD Thread, const PSP_SETTING *Setting)
{
    return PsAssignImpersonationToken(Thread, Setting->Handle);
}

static NTSTATUS PspSetName(PETHREAD Thread, const PSP_SETTING *Setting) { return PspSetThreadName(Thread, &Setting->Name); }

static const struct PSP_CLASS {
    ULONG Class, Size;
    ACCESS_MASK Access;
    PSP_SETTER *Set;
} PspThreadClasses[] = {
    { ThreadPriority, sizeof(KPRIORITY), THREAD_SET_INFORMATION, PspSetPriority },
    { ThreadBasePriority, sizeof(LONG), THREAD_SET_INFORMATION, PspSetBasePriority },
    { ThreadAffinityMask, sizeof(KAFFINITY), THREAD_SET_INFORMATION, PspSetAffinityMask },
    { ThreadImpersonationToken, sizeof(HANDLE), PSP_THREAD_SET_TOKEN, PspSetImpersonation },
    { ThreadIdealProcessor, sizeof(ULONG), THREAD_SET_INFORMATION, PspSetIdealProcessor },
    { ThreadPriorityBoost, sizeof(ULONG), THREAD_SET_INFORMATION, PspSetPriorityBoost },
    { ThreadHideFromDebugger, 0, THREAD_SET_INFORMATION, PspHideFromDebugger },
    { ThreadIoPriority, sizeof(ULONG), THREAD_SET_LIMITED_INFORMATION, PspSetIoPriority },
    { ThreadPagePriority, sizeof(ULONG), THREAD_SET_LIMITED_INFORMATION, PspSetPagePriority },
    { ThreadGroupInformation, sizeof(GROUP_AFFINITY), THREAD_SET_INFORMATION, PspSetGroupAffinity },
    { ThreadIdealProcessorEx, sizeof(PROCESSOR_NUMBER), THREAD_SET_INFORMATION, PspSetIdealProcessorEx },
    { ThreadNameInformation, sizeof(UNICODE_STRING), THREAD_SET_LIMITED_INFORMATION, PspSetName },
};

static const struct PSP_CLASS *PspFindThreadClass(ULONG Class)
{
    ULONG i;
    for (i = 0; i < RTL_NUMBER_OF(PspThreadClasses); i++)
        if (PspThreadClasses[i].Class == Class)
            return &PspThreadClasses[i];
    return NULL;
}

static NTSTATUS PspCaptureSetting(const VOID *Information, ULONG Size, PSP_SETTING *Setting)
{
    RtlZeroMemory(Setting, sizeof(*Setting));
    __try {
        if (ObPreviousMode() != KernelMode)
            ProbeForRead((PVOID)Information, Size, 1);
        RtlCopyMemory(Setting, Information, Size);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                      ULONG ThreadInformationLength)
{
    const struct PSP_CLASS *class = PspFindThreadClass((ULONG)ThreadInformationClass);
    PSP_SETTING setting;
    NTSTATUS status;
    PVOID thread;

    if (class == NULL)
        return STATUS_INVALID_INFO_CLASS;
    if (ThreadInformationLength != class->Size)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = PspCaptureSetting(ThreadInformation, class->Size, &setting);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(ThreadHandle, class->Access, PspThreadType, ObPreviousMode(), &thread, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = class->Set(thread, &setting);
    ObfDereferenceObject(thread);
    return status;
}

NTSTATUS NTAPI ZwSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                      ULONG ThreadInformationLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtSetInformationThread(ThreadHandle, ThreadInformationClass, ThreadInformation,
                                                          ThreadInformationLength));
}
