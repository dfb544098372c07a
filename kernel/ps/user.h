/* SPDX-License-Identifier: MIT
 * Processes that run programs, and threads in user mode.
 */
#pragma once
#include "psp.h"
#include "section.h"
#include "../../pe/pe.h"

/* What RTL_USER_PROCESS_PARAMETERS says, in kernel memory. */
enum {
    PspDllPath, PspImagePathName, PspCommandLine, PspWindowTitle, PspDesktopInfo, PspShellInfo, PspRuntimeData, PspCurrentDirectory,
    PspParameterStrings
};
typedef struct PSP_PARAMETERS {
    RTL_USER_PROCESS_PARAMETERS Fixed;           /* its values; its pointers mean nothing */
    UNICODE_STRING Strings[PspParameterStrings];
    PVOID Environment;
    SIZE_T EnvironmentSize;
    PVOID Block;                                 /* pool that the strings and the environment lie in, or NULL */
} PSP_PARAMETERS;
/* Copies what a program prepared for its child. STATUS_ACCESS_VIOLATION, STATUS_INVALID_PARAMETER. */
NTSTATUS PspCaptureParameters(const VOID *User, PSP_PARAMETERS *Parameters);
VOID PspReleaseParameters(PSP_PARAMETERS *Parameters);
/* Into the process that the thread is attached to: a block of its own. */
NTSTATUS PspWriteParameters(const PSP_PARAMETERS *Parameters, PVOID *Address);

/* Guarded copies between the kernel and the address space that the thread is in. */
static inline NTSTATUS PspReadUser(PVOID To, const VOID *From, SIZE_T Bytes) { return MmReadCaller(UserMode, To, From, Bytes); }
static inline NTSTATUS PspWriteUser(PVOID To, const VOID *From, SIZE_T Bytes) { return MmWriteCaller(UserMode, To, From, Bytes); }

/* ---- ntdll.dll, the same in every process ---- */
typedef struct PSP_SYSTEM_DLL {
    PVOID Section;                               /* NULL: there is none, and no programs */
    PVOID ApiSet;                                /* section of apisetschema.dll, or NULL */
    ULONG ApiSetOffset;                          /* where the map is in it */
    PVOID Base;
    ULONG64 LoaderInitializeThunk, UserThreadStart;
} PSP_SYSTEM_DLL;
extern PSP_SYSTEM_DLL PspSystemDll;

/* ---- Flavours of ntdll (flavour.c) ---- */
VOID PspRecognizeFlavour(const PE_IMAGE *Ntdll);
BOOLEAN PspIsWine(VOID);
NTSTATUS PspPrepareFlavour(VOID);
/* What NtQueryVirtualMemory says of a module's Unix half. */
ULONG64 PspUnixHandleOf(PVOID Module);

/* ---- Threads ---- */
#define PSP_TEB_BYTES 0x4000u                    /* Wine's ntdll keeps its own data behind the TEB */
#define PSP_PEB_BYTES 0x4000u
typedef struct PSP_USER_THREAD {
    POBJECT_ATTRIBUTES Attributes;               /* of the object, or NULL */
    PEPROCESS Process;
    PVOID Start, Argument;
    SIZE_T StackReserve, StackCommit;            /* 0: what the image says */
    BOOLEAN Suspended;
} PSP_USER_THREAD;
/* Inserted and not started; the reference is the caller's, who calls PspStartUserThread or PspAbandonUserThread. */
NTSTATUS PspCreateUserThread(const PSP_USER_THREAD *New, PETHREAD *Thread);
NTSTATUS PspStartUserThread(PETHREAD Thread, BOOLEAN Suspended);
VOID PspAbandonUserThread(PETHREAD Thread);
/* The calling thread's TEB and stack, when it ends before its process. */
VOID PspFreeUserThread(PETHREAD Thread);

/* ---- PS_ATTRIBUTE_LIST (attributelist.c) ---- */
#define PSP_CREATE_SUSPENDED 0x1u                /* THREAD_CREATE_FLAGS_... */
#define PSP_MOST_ATTRIBUTES 16u                  /* of one call */
/* PS_ATTRIBUTE_NUM */
enum { PspAttributeParent = 0, PspAttributeToken = 2, PspAttributeClientId = 3, PspAttributeTeb = 4, PspAttributeImageName = 5, PspAttributeImageInformation = 6 };
typedef struct PSP_ATTRIBUTE {                   /* PS_ATTRIBUTE */
    ULONG64 Attribute;
    SIZE_T Size;
    PVOID Value;                                 /* the caller's memory, or the value itself */
    PSIZE_T ReturnLength;                        /* or NULL */
} PSP_ATTRIBUTE;
typedef struct PSP_ATTRIBUTES {
    PSP_ATTRIBUTE Attributes[PSP_MOST_ATTRIBUTES];
    ULONG Count;
} PSP_ATTRIBUTES;
/* The service's caller's list; NULL is an empty one. STATUS_INVALID_PARAMETER: its length makes no sense, or there are too many. */
NTSTATUS PspReadAttributes(const VOID *List, PSP_ATTRIBUTES *Attributes);
const PSP_ATTRIBUTE *PspFindAttribute(const PSP_ATTRIBUTES *Attributes, ULONG Number);
/* Tells the caller, if he asked by that attribute, as much as he has room for. */
NTSTATUS PspTellAttribute(const PSP_ATTRIBUTES *Attributes, ULONG Number, const VOID *Value, SIZE_T Size);
/* A new thread's ids and TEB. */
NTSTATUS PspTellOfThread(const PSP_ATTRIBUTES *Attributes, PETHREAD Thread);

/* ---- Processes ---- */
typedef struct PSP_NEW_PROCESS {
    PEPROCESS Parent;
    PACCESS_TOKEN Token;                         /* NULL: the parent's */
    PVOID Section;                               /* of the image */
    PCUNICODE_STRING ImageName;                  /* as NT's namespace has it */
    PFILE_OBJECT File;                           /* of the image, or NULL */
    PSP_PARAMETERS *Parameters;
    BOOLEAN InheritHandles, Breakaway;           /* Breakaway: outside of the parent's jobs */
} PSP_NEW_PROCESS;
/* Where the program begins, from its image's base. */
static inline ULONG64 PspEntryOffset(PVOID Section)
{
    const MM_SECTION *section = Section;
    return (ULONG64)MmSectionImage(section)->TransferAddress - MmImageBase(section);
}
/* A process with its image, ntdll and PEB, and no thread yet; the reference is the caller's. */
NTSTATUS PspCreateUserProcess(const PSP_NEW_PROCESS *New, PEPROCESS *Process);
