/* SPDX-License-Identifier: MIT
 * NtQueryInformationThread: the classes that drivers and programs ask for. A class that is not here is STATUS_INVALID_INFO_CLASS.
 */
#include "psp.h"

/* What a class answers, of a fixed size; the thread's name is apart. */
typedef union PSP_THREAD_ANSWER {
    PS_TIMES Times;
    PS_THREAD_BASIC Basic;
    GROUP_AFFINITY Affinity;
    PROCESSOR_NUMBER Processor;
    ULONG64 Long;
    ULONG Word;
    BOOLEAN Truth;
} PSP_THREAD_ANSWER;

static ULONG PspThreadBasic(PETHREAD Thread, PS_THREAD_BASIC *Basic)
{
    Basic->ExitStatus = Thread->ExitStatus;
    Basic->TebBaseAddress = Thread->Tcb.Teb;
    Basic->ClientId = Thread->Cid;
    Basic->AffinityMask = Thread->Tcb.UserAffinity.Mask & KeQueryActiveProcessors();
    Basic->Priority = Thread->Tcb.Priority;
    Basic->BasePriority = Thread->Tcb.BasePriority - Thread->Tcb.Process->BasePriority;
    return sizeof(*Basic);
}

static ULONG PspThreadTimes(PETHREAD Thread, PS_TIMES *Times)
{
    Times->CreateTime = Thread->CreateTime;
    Times->ExitTime = Thread->ExitTime;
    Times->KernelTime.QuadPart = (LONG64)Thread->Tcb.KernelTime * PS_TICK;
    Times->UserTime.QuadPart = (LONG64)Thread->Tcb.UserTime * PS_TICK;
    return sizeof(*Times);
}

/* Where and how urgently the thread runs: the answer's size, or 0. */
static ULONG PspAnswerScheduling(PETHREAD Thread, THREADINFOCLASS Class, PSP_THREAD_ANSWER *Answer)
{
    switch ((ULONG)Class) {
    case ThreadPriorityBoost:                    /* 1: waits do not raise the priority */
        Answer->Word = Thread->Tcb.DisableBoost;
        return sizeof(ULONG);
    case ThreadActualBasePriority:
        Answer->Word = (ULONG)Thread->Tcb.BasePriority;
        return sizeof(ULONG);
    case ThreadIoPriority:
        Answer->Word = Thread->CrossThreadFlags >> PSP_THREAD_IO_PRIORITY & PSP_THREAD_HINT_MASK;
        return sizeof(ULONG);
    case ThreadPagePriority:
        Answer->Word = Thread->CrossThreadFlags >> PSP_THREAD_PAGE_PRIORITY & PSP_THREAD_HINT_MASK;
        return sizeof(ULONG);
    case ThreadGroupInformation:
        Answer->Affinity.Mask = Thread->Tcb.UserAffinity.Mask & KeQueryActiveProcessors();
        return sizeof(Answer->Affinity);
    case ThreadIdealProcessorEx:
        Answer->Processor.Number = (UCHAR)Thread->Tcb.IdealProcessor;
        return sizeof(Answer->Processor);
    default:
        return 0;
    }
}

/* The answer's size, or 0 for a class that has none. */
static ULONG PspAnswerThread(PETHREAD Thread, THREADINFOCLASS Class, PSP_THREAD_ANSWER *Answer)
{
    RtlZeroMemory(Answer, sizeof(*Answer));
    switch (Class) {
    case ThreadBasicInformation:
        return PspThreadBasic(Thread, &Answer->Basic);
    case ThreadTimes:
        return PspThreadTimes(Thread, &Answer->Times);
    case ThreadQuerySetWin32StartAddress:
        Answer->Long = (ULONG64)Thread->Win32StartAddress;
        return sizeof(ULONG64);
    case ThreadAmILastThread:
        Answer->Word = ((PEPROCESS)Thread->Tcb.Process)->ActiveThreads == 1;
        return sizeof(ULONG);
    case ThreadIsTerminated:
        Answer->Word = PsIsThreadTerminating(Thread);
        return sizeof(ULONG);
    case ThreadHideFromDebugger:
        Answer->Truth = (Thread->CrossThreadFlags & PSP_THREAD_HIDDEN) != 0;
        return sizeof(BOOLEAN);
    default:
        return PspAnswerScheduling(Thread, Class, Answer);
    }
}

NTSTATUS NTAPI NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                        ULONG ThreadInformationLength, PULONG ReturnLength)
{
    PSP_THREAD_ANSWER answer;
    PVOID object;
    ULONG size;
    NTSTATUS status = ObReferenceObjectByHandle(ThreadHandle, THREAD_QUERY_LIMITED_INFORMATION, PspThreadType, ObPreviousMode(),
                                                &object, NULL);

    if (!NT_SUCCESS(status))
        return status;
    if ((ULONG)ThreadInformationClass == ThreadNameInformation) {
        status = PspReturnThreadName(object, ThreadInformation, ThreadInformationLength, ReturnLength);
    } else {
        size = PspAnswerThread(object, ThreadInformationClass, &answer);
        status = PspReturn(ThreadInformation, ThreadInformationLength, ReturnLength, &answer, size);
    }
    ObfDereferenceObject(object);
    return status;
}

NTSTATUS NTAPI ZwQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                        ULONG ThreadInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryInformationThread(ThreadHandle, ThreadInformationClass, ThreadInformation,
                                                            ThreadInformationLength, ReturnLength));
}
