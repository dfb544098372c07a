/* SPDX-License-Identifier: MIT
 * Processes and threads for the other components. What the DDK declares is not repeated here.
 */
#pragma once
#include "nt.h"
#include "mm.h"

/* The System process, the table of ids, and the two threads that reap threads and delete objects; the idle threads stay in a
 * process of their own with id 0. From here threads can be created. */
VOID PsInitialize(VOID);

/* ---- Upward calls: "ps cancel I/O" of the design ---- */
typedef struct PS_UPCALLS {
    /* io: cancels every request of the calling thread, which is about to end, and waits for it. PASSIVE_LEVEL. */
    VOID (*CancelThreadIo)(PETHREAD Thread);
    /* ex: takes the calling thread, which is about to end, off its timers. PASSIVE_LEVEL. */
    VOID (*RundownTimers)(PETHREAD Thread);
    /* io: IoSetIoCompletion, and the type of completion ports. */
    NTSTATUS (NTAPI *PostToPort)(PVOID Port, PVOID Key, PVOID Context, NTSTATUS Status, ULONG_PTR Information, BOOLEAN Quota);
    POBJECT_TYPE *PortType;
} PS_UPCALLS;
extern PS_UPCALLS PsUpcalls;

extern POBJECT_TYPE PspProcessType, PspThreadType;
extern LIST_ENTRY PsActiveProcessHead;
extern PHANDLE_TABLE PspCidTable;

static inline PETHREAD PsCurrentThread(VOID) { return (PETHREAD)__readgsqword(0x188); }
static inline PEPROCESS PsCurrentProcess(VOID) { return (PEPROCESS)PsCurrentThread()->Tcb.ApcState.Process; }

/* ---- Processes ---- */
/* A process with an empty address space and no thread, referenced for the caller; ImageName is what it is called. A routine told of
 * it may refuse it with a status of its own. PASSIVE_LEVEL. */
NTSTATUS PsCreateProcess(PEPROCESS Parent, PCUNICODE_STRING ImageName, PEPROCESS *Process);
/* Lets no new thread in; the process ends with its last one, at once when it has none. STATUS_ACCESS_DENIED: System and Idle. */
NTSTATUS PsTerminateProcess(PEPROCESS Process, NTSTATUS Status);
NTSTATUS NTAPI NtOpenProcess(PHANDLE ProcessHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             PCLIENT_ID ClientId);
NTSTATUS NTAPI NtOpenThread(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PCLIENT_ID ClientId);
NTSTATUS NTAPI NtTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus);
/* Ends an alertable wait of the thread in the caller's mode, the one it is in or the next. Needs THREAD_ALERT. */
NTSTATUS NTAPI NtAlertThread(HANDLE ThreadHandle);
NTSTATUS NTAPI ZwAlertThread(HANDLE ThreadHandle);
/* STATUS_ALERTED: an alert was pending for the caller's mode, and is not any more. */
NTSTATUS NTAPI NtTestAlert(VOID);
/* Lets another thread that is ready run. STATUS_NO_YIELD_PERFORMED: there is none. */
NTSTATUS NTAPI NtYieldExecution(VOID);
NTSTATUS NTAPI ZwYieldExecution(VOID);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN Alertable, PLARGE_INTEGER DelayInterval);
/* Waits until a thread of the process alerts the caller by its id, which it may have done before: STATUS_ALERTED or STATUS_TIMEOUT.
 * Address is for who looks at the thread. */
NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID Address, PLARGE_INTEGER Timeout);
/* STATUS_INVALID_CID: no thread has the id; STATUS_ACCESS_DENIED: another process's. */
NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE ThreadId);
/* Alerts each of them; the first failure ends it. */
NTSTATUS NTAPI NtAlertMultipleThreadByThreadId(PHANDLE ThreadIds, ULONG Count, PVOID Boost, ULONG BoostCount);
NTSTATUS NTAPI NtFlushInstructionCache(HANDLE ProcessHandle, PVOID BaseAddress, SIZE_T Length);
NTSTATUS NTAPI NtFlushProcessWriteBuffers(VOID);
extern PEPROCESS PsIdleProcess;

/* ---- Programs ---- */
/* What the ntdll.dll in use takes for granted, beyond or below what Windows grants (ps/flavour.c). */
typedef struct PS_FLAVOUR {
    PCSTR Name;
    ACCESS_MASK ImageFileAccess;     /* that a program needs of a file for a section of the image in it */
    ACCESS_MASK FreeFileRights;     /* rights to a file that asking and telling about it do not need */
    BOOLEAN NullDelayIsEndless;      /* NtDelayExecution without an interval */
    BOOLEAN ApcInRegisters;          /* KiUserApcDispatcher(CONTEXT *, three arguments, .., routine) */
    BOOLEAN ListsTebs;               /* the loader's list of TEBs loses only those of threads that end themselves */
    BOOLEAN LoosePipes;         /* FILE_OVERWRITE_IF makes a named pipe, as FILE_OPEN_IF does, and its timeout may be 0 */
    SIZE_T LeastStackReserve, LeastStackCommit;  /* of each thread */
} PS_FLAVOUR;
extern const PS_FLAVOUR *PsFlavour;
/* Finds ntdll.dll on the system's volume and maps it into the calling System process, where it stays. Its Base is everybody's. The
 * status of opening it, or STATUS_INVALID_IMAGE_FORMAT, STATUS_ENTRYPOINT_NOT_FOUND. PASSIVE_LEVEL, once. */
NTSTATUS PsOpenSystemDll(PVOID *Base, PSIZE_T Size);
/* Runs a program: Image as the namespace has it, CommandLine, CurrentDirectory and Environment (a block) as the program sees them.
 * The handles are the caller's, who is the parent. *Process is referenced. */
typedef struct PS_PROGRAM {
    UNICODE_STRING Image, ImagePath, CommandLine, CurrentDirectory;
    PVOID Environment;
    SIZE_T EnvironmentSize;
    HANDLE Console, Input, Output, Error;
} PS_PROGRAM;
NTSTATUS PsStartProgram(const PS_PROGRAM *Program, PEPROCESS *Process);

/* Services of user mode only: pointers are user memory, guarded. */
NTSTATUS NTAPI NtCreateUserProcess(PHANDLE ProcessHandle, PHANDLE ThreadHandle, ACCESS_MASK ProcessDesiredAccess,
                                   ACCESS_MASK ThreadDesiredAccess, POBJECT_ATTRIBUTES ProcessObjectAttributes,
                                   POBJECT_ATTRIBUTES ThreadObjectAttributes, ULONG ProcessFlags, ULONG ThreadFlags,
                                   PVOID ProcessParameters, PVOID CreateInfo, PVOID AttributeList);
NTSTATUS NTAPI NtCreateThreadEx(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
                                PVOID StartRoutine, PVOID Argument, ULONG CreateFlags, SIZE_T ZeroBits, SIZE_T StackSize,
                                SIZE_T MaximumStackSize, PVOID AttributeList);
NTSTATUS NTAPI NtInitializeNlsFiles(PVOID *BaseAddress, PULONG DefaultLocaleId, PLARGE_INTEGER DefaultCasingTableSize);
/* Types 9 to 12: sort, case map, code page (SectionData is its number), normalization (its form). */
NTSTATUS NTAPI NtGetNlsSectionPtr(ULONG SectionType, ULONG SectionData, PVOID ContextData, PVOID *SectionPointer, PULONG SectionSize);
/* A thread of another program's process, from kernel mode: the handle is the kernel's. STATUS_PROCESS_IS_TERMINATING: it is no program, or
 * ends. PASSIVE_LEVEL. */
NTSTATUS NTAPI RtlCreateUserThread(HANDLE ProcessHandle, PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN CreateSuspended, ULONG ZeroBits,
                                   SIZE_T StackReserve, SIZE_T StackCommit, PVOID StartAddress, PVOID Parameter, PHANDLE ThreadHandle,
                                   PCLIENT_ID ClientId);
NTSTATUS NTAPI NtGetNextThread(HANDLE ProcessHandle, HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Flags,
                               PHANDLE NewThreadHandle);
NTSTATUS NTAPI NtGetNextProcess(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Flags,
                                PHANDLE NewProcessHandle);
NTSTATUS NTAPI NtQueueApcThread(HANDLE ThreadHandle, PVOID ApcRoutine, PVOID Argument1, PVOID Argument2, PVOID Argument3);
NTSTATUS NTAPI NtSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,
                                       ULONG ProcessInformationLength);
NTSTATUS NTAPI NtContinue(PCONTEXT Context, BOOLEAN TestAlert);
NTSTATUS NTAPI NtRaiseException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context, BOOLEAN FirstChance);
NTSTATUS NTAPI NtGetContextThread(HANDLE ThreadHandle, PCONTEXT ThreadContext);
NTSTATUS NTAPI NtSetContextThread(HANDLE ThreadHandle, PCONTEXT ThreadContext);
NTSTATUS NTAPI NtReadVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size, PSIZE_T Copied);
NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size, PSIZE_T Copied);
/* The thread ends on its way to user mode; system threads cannot be ended: STATUS_INVALID_PARAMETER. */
NTSTATUS NTAPI NtTerminateThread(HANDLE ThreadHandle, NTSTATUS ExitStatus);
NTSTATUS NTAPI NtSuspendThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount);
NTSTATUS NTAPI NtResumeThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount);

/* ---- Looking at processes ---- */
#define PS_TICK 10000                            /* 100 ns units in a clock tick */
typedef struct _SYSTEM_THREAD_INFORMATION {
    LARGE_INTEGER KernelTime, UserTime, CreateTime;
    ULONG WaitTime;
    PVOID StartAddress;
    CLIENT_ID ClientId;
    KPRIORITY Priority;
    LONG BasePriority;
    ULONG ContextSwitches, ThreadState, WaitReason;
} SYSTEM_THREAD_INFORMATION, *PSYSTEM_THREAD_INFORMATION;
C_ASSERT(sizeof(SYSTEM_THREAD_INFORMATION) == 0x50);
typedef struct PS_TIMES { LARGE_INTEGER CreateTime, ExitTime, KernelTime, UserTime; } PS_TIMES;      /* KERNEL_USER_TIMES */
typedef struct PS_THREAD_BASIC {                 /* THREAD_BASIC_INFORMATION */
    NTSTATUS ExitStatus;
    PVOID TebBaseAddress;
    CLIENT_ID ClientId;
    KAFFINITY AffinityMask;
    KPRIORITY Priority, BasePriority;
} PS_THREAD_BASIC;
C_ASSERT(sizeof(PS_THREAD_BASIC) == 0x30);
/* The process after Process, or the first for NULL, referenced; gives Process's reference back. NULL: that was the last. */
PEPROCESS PsGetNextProcess(PEPROCESS Process);
/* What the process's threads are, at most Maximum of them; Facts is nonpaged. */
ULONG PsDescribeThreads(PEPROCESS Process, PSYSTEM_THREAD_INFORMATION Facts, ULONG Maximum);
NTSTATUS NTAPI NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,
                                         ULONG ProcessInformationLength, PULONG ReturnLength);
NTSTATUS NTAPI NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                        ULONG ThreadInformationLength, PULONG ReturnLength);
/* Classes that the DDK of this version does not name. */
#define ThreadNameInformation 38u                /* THREAD_NAME_INFORMATION: a UNICODE_STRING, and behind it its characters */
/* Needs THREAD_SET_INFORMATION, for the name and the I/O and page priorities THREAD_SET_LIMITED_INFORMATION. STATUS_INVALID_PARAMETER:
 * out of range; STATUS_PRIVILEGE_NOT_HELD: user mode and real time. PASSIVE_LEVEL. */
NTSTATUS NTAPI NtSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                      ULONG ThreadInformationLength);
NTSTATUS NTAPI ZwQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass, PVOID ThreadInformation,
                                        ULONG ThreadInformationLength, PULONG ReturnLength);

PVOID NTAPI PsGetProcessSectionBaseAddress(PEPROCESS Process);
PVOID NTAPI PsGetProcessWow64Process(PEPROCESS Process);
PVOID NTAPI PsGetCurrentProcessWow64Process(VOID);
PVOID NTAPI PsGetProcessDebugPort(PEPROCESS Process);
BOOLEAN NTAPI PsIsProcessBeingDebugged(PEPROCESS Process);
PVOID NTAPI PsGetProcessWin32Process(PEPROCESS Process);
PVOID NTAPI PsGetProcessJob(PEPROCESS Process);
PVOID NTAPI PsGetThreadTeb(PETHREAD Thread);
PVOID NTAPI PsGetThreadWin32Thread(PETHREAD Thread);
PVOID NTAPI PsGetCurrentThreadTeb(VOID);
NTSTATUS NTAPI PsGetThreadExitStatus(PETHREAD Thread);
BOOLEAN NTAPI PsGetProcessExitProcessCalled(PEPROCESS Process);
/* Whether a process is protected, or protected as a light one; PS_PROTECTION as a byte. */
BOOLEAN NTAPI PsIsProtectedProcess(PEPROCESS Process);
BOOLEAN NTAPI PsIsProtectedProcessLight(PEPROCESS Process);
UCHAR NTAPI PsGetProcessProtection(PEPROCESS Process);
ULONG NTAPI PsGetProcessSessionId(PEPROCESS Process);
ULONG NTAPI PsGetCurrentProcessSessionId(VOID);
ULONG NTAPI PsGetThreadSessionId(PETHREAD Thread);
NTSTATUS NTAPI PsReferenceProcessFilePointer(PEPROCESS Process, PFILE_OBJECT *FileObject);
NTSTATUS NTAPI PsAcquireProcessExitSynchronization(PEPROCESS Process);
VOID NTAPI PsReleaseProcessExitSynchronization(PEPROCESS Process);

/* ---- Jobs (jobservice.c) ---- */
NTSTATUS NTAPI NtCreateJobObject(PHANDLE JobHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtOpenJobObject(PHANDLE JobHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtAssignProcessToJobObject(HANDLE JobHandle, HANDLE ProcessHandle);
NTSTATUS NTAPI NtTerminateJobObject(HANDLE JobHandle, NTSTATUS ExitStatus);
NTSTATUS NTAPI NtIsProcessInJob(HANDLE ProcessHandle, HANDLE JobHandle);
NTSTATUS NTAPI NtQueryInformationJobObject(HANDLE JobHandle, ULONG JobObjectInformationClass, PVOID JobObjectInformation,
                                           ULONG JobObjectInformationLength, PULONG ReturnLength);
NTSTATUS NTAPI NtSetInformationJobObject(HANDLE JobHandle, ULONG JobObjectInformationClass, PVOID JobObjectInformation,
                                         ULONG JobObjectInformationLength);
VOID PsInitializeJobs(VOID);                    /* the type Job */

/* ---- Sections and memory ---- */
extern POBJECT_TYPE MmpSectionObjectType;
/* The type Section and \Device\PhysicalMemory. */
VOID PsInitializeSections(VOID);
typedef enum _MEMORY_INFORMATION_CLASS {
    MemoryBasicInformation, MemoryWineUnixFuncs = 1000, MemoryWineUnixWow64Funcs
} MEMORY_INFORMATION_CLASS;
typedef enum _SECTION_INFORMATION_CLASS { SectionBasicInformation, SectionImageInformation } SECTION_INFORMATION_CLASS;
typedef struct _SECTION_BASIC_INFORMATION {
    PVOID BaseAddress;
    ULONG AllocationAttributes;
    LARGE_INTEGER MaximumSize;
} SECTION_BASIC_INFORMATION, *PSECTION_BASIC_INFORMATION;
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect,
                                      PULONG OldProtect);
NTSTATUS NTAPI ZwProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect,
                                      PULONG OldProtect);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, MEMORY_INFORMATION_CLASS MemoryInformationClass,
                                    PVOID MemoryInformation, SIZE_T MemoryInformationLength, PSIZE_T ReturnLength);
NTSTATUS NTAPI ZwQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, MEMORY_INFORMATION_CLASS MemoryInformationClass,
                                    PVOID MemoryInformation, SIZE_T MemoryInformationLength, PSIZE_T ReturnLength);
NTSTATUS NTAPI NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS SectionInformationClass, PVOID SectionInformation,
                              SIZE_T SectionInformationLength, PSIZE_T ReturnLength);
NTSTATUS NTAPI ZwQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS SectionInformationClass, PVOID SectionInformation,
                              SIZE_T SectionInformationLength, PSIZE_T ReturnLength);
NTSTATUS NTAPI MmCreateSection(PVOID *SectionObject, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                               PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle,
                               PFILE_OBJECT FileObject);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                                  SIZE_T CommitSize, PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
                                  SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Win32Protect);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress);
/* Writes what was changed through a view of a file. */
NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, PIO_STATUS_BLOCK IoStatus);
NTSTATUS NTAPI ZwFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, PIO_STATUS_BLOCK IoStatus);
NTSTATUS NTAPI MmMapViewOfSection(PVOID SectionObject, PEPROCESS Process, PVOID *BaseAddress, ULONG_PTR ZeroBits, SIZE_T CommitSize,
                                  PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize, SECTION_INHERIT InheritDisposition,
                                  ULONG AllocationType, ULONG Win32Protect);
NTSTATUS NTAPI MmUnmapViewOfSection(PEPROCESS Process, PVOID BaseAddress);
NTSTATUS NTAPI MmMapViewInSystemSpaceEx(PVOID Section, PVOID *MappedBase, PSIZE_T ViewSize, PLARGE_INTEGER SectionOffset,
                                        ULONG_PTR Flags);

/* ---- Notification ---- */
/* Tells of a system image that was mapped and has not run yet. PASSIVE_LEVEL. */
VOID PsNotifySystemImage(MM_IMAGE *Image);

/* ---- Exported, but not declared by the DDK ---- */
typedef enum _PSCREATEPROCESSNOTIFYTYPE { PsCreateProcessNotifySubsystems = 0 } PSCREATEPROCESSNOTIFYTYPE;
typedef enum _PSCREATETHREADNOTIFYTYPE {
    PsCreateThreadNotifyNonSystem = 0, PsCreateThreadNotifySubsystems = 1
} PSCREATETHREADNOTIFYTYPE;
#define PS_IMAGE_NOTIFY_CONFLICTING_ARCHITECTURE 0x1
NTSTATUS NTAPI PsSetCreateProcessNotifyRoutineEx2(PSCREATEPROCESSNOTIFYTYPE NotifyType, PVOID NotifyInformation, BOOLEAN Remove);
NTSTATUS NTAPI PsSetCreateThreadNotifyRoutineEx(PSCREATETHREADNOTIFYTYPE NotifyType, PVOID NotifyInformation);
NTSTATUS NTAPI PsSetLoadImageNotifyRoutineEx(PLOAD_IMAGE_NOTIFY_ROUTINE NotifyRoutine, ULONG_PTR Flags);
PUCHAR NTAPI PsGetProcessImageFileName(PEPROCESS Process);
HANDLE NTAPI PsGetProcessInheritedFromUniqueProcessId(PEPROCESS Process);
NTSTATUS NTAPI PsGetProcessExitStatus(PEPROCESS Process);
PPEB NTAPI PsGetProcessPeb(PEPROCESS Process);
PEPROCESS NTAPI PsGetThreadProcess(PETHREAD Thread);
BOOLEAN NTAPI PsIsThreadImpersonating(PETHREAD Thread);
/* STATUS_NO_TOKEN: the thread impersonates nobody; STATUS_CANT_OPEN_ANONYMOUS: it does, but may not see whom. */
NTSTATUS NTAPI NtOpenProcessToken(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, PHANDLE TokenHandle);
NTSTATUS NTAPI NtOpenProcessTokenEx(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, PHANDLE TokenHandle);
NTSTATUS NTAPI NtOpenThreadToken(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, PHANDLE TokenHandle);
/* The server thread acts for the client from now on, as far as the quality of service says. */
NTSTATUS NTAPI NtImpersonateThread(HANDLE ServerThreadHandle, HANDLE ClientThreadHandle, PSECURITY_QUALITY_OF_SERVICE SecurityQos);
/* Region of MEM_WRITE_WATCH in one allocation. */
NTSTATUS NTAPI NtGetWriteWatch(HANDLE ProcessHandle, ULONG Flags, PVOID BaseAddress, SIZE_T RegionSize, PVOID *UserAddressArray,
                               PULONG_PTR EntriesInUserAddressArray, PULONG Granularity);
NTSTATUS NTAPI NtResetWriteWatch(HANDLE ProcessHandle, PVOID BaseAddress, SIZE_T RegionSize);
NTSTATUS NTAPI NtOpenThreadTokenEx(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, ULONG HandleAttributes,
                                   PHANDLE TokenHandle);

extern const struct KE_TEST_GROUP PsTests;
