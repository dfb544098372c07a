/* SPDX-License-Identifier: MIT
 * What NtQuerySystemInformation answers, in NT's layouts.
 */
#pragma once
#include "exp.h"
#include "ps.h"
#include "ob.h"
#include "ke.h"

typedef struct EXP_BASIC_INFORMATION {           /* SYSTEM_BASIC_INFORMATION */
    ULONG Reserved, TimerResolution, PageSize, NumberOfPhysicalPages, LowestPhysicalPageNumber, HighestPhysicalPageNumber,
        AllocationGranularity;
    ULONG_PTR MinimumUserModeAddress, MaximumUserModeAddress;
    KAFFINITY ActiveProcessorsAffinityMask;
    CCHAR NumberOfProcessors;
} EXP_BASIC_INFORMATION;
C_ASSERT(sizeof(EXP_BASIC_INFORMATION) == 0x40);

typedef struct EXP_TIME_INFORMATION {            /* SYSTEM_TIMEOFDAY_INFORMATION */
    LARGE_INTEGER BootTime, CurrentTime, TimeZoneBias;
    ULONG TimeZoneId, Reserved;
    ULONG64 BootTimeBias, SleepTimeBias;
} EXP_TIME_INFORMATION;
C_ASSERT(sizeof(EXP_TIME_INFORMATION) == 0x30);

typedef struct EXP_PROCESS_INFORMATION {         /* SYSTEM_PROCESS_INFORMATION; its threads follow */
    ULONG NextEntryOffset, NumberOfThreads;
    LARGE_INTEGER WorkingSetPrivateSize;
    ULONG HardFaultCount, NumberOfThreadsHighWatermark;
    ULONG64 CycleTime;
    LARGE_INTEGER CreateTime, UserTime, KernelTime;
    UNICODE_STRING ImageName;
    KPRIORITY BasePriority;
    HANDLE UniqueProcessId, InheritedFromUniqueProcessId;
    ULONG HandleCount, SessionId;
    ULONG_PTR UniqueProcessKey;
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize, QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage, QuotaPeakNonPagedPoolUsage,
        QuotaNonPagedPoolUsage, PagefileUsage, PeakPagefileUsage, PrivatePageCount;
    LARGE_INTEGER Counts[6];
} EXP_PROCESS_INFORMATION;
C_ASSERT(sizeof(EXP_PROCESS_INFORMATION) == 0x100);

typedef struct EXP_MODULE_INFORMATION {          /* RTL_PROCESS_MODULE_INFORMATION */
    HANDLE Section;
    PVOID MappedBase, ImageBase;
    ULONG ImageSize, Flags;
    USHORT LoadOrderIndex, InitOrderIndex, LoadCount, OffsetToFileName;
    UCHAR FullPathName[256];
} EXP_MODULE_INFORMATION;
C_ASSERT(sizeof(EXP_MODULE_INFORMATION) == 0x128);

typedef struct EXP_MODULES {                     /* RTL_PROCESS_MODULES */
    ULONG NumberOfModules;
    EXP_MODULE_INFORMATION Modules[];
} EXP_MODULES;

/* Lists: they say how many bytes they need, and fill the buffer, which is kernel memory, as far as whole entries fit. */
NTSTATUS ExpQueryProcesses(const MM_ANSWER *Answer, PULONG Needed);
NTSTATUS ExpQueryPageFiles(const MM_ANSWER *Answer, PULONG Needed);
NTSTATUS ExpQueryModules(PVOID Buffer, ULONG Length, PULONG Needed);
/* Answers of one or more equal elements (systemclasses.c); STATUS_INVALID_INFO_CLASS: not one of those. */
NTSTATUS ExpQueryArray(ULONG Class, PVOID Buffer, ULONG Length, PULONG Needed);
NTSTATUS ExpQueryHandles(BOOLEAN Extended, PVOID Buffer, ULONG Length, PULONG Needed);

typedef struct EXP_TIME_ZONE {                   /* RTL_DYNAMIC_TIME_ZONE_INFORMATION */
    LONG Bias;
    WCHAR StandardName[32];
    UCHAR StandardStart[16];                     /* TIME_FIELDS */
    LONG StandardBias;
    WCHAR DaylightName[32];
    UCHAR DaylightStart[16];
    LONG DaylightBias;
    WCHAR KeyName[128];
    UCHAR DynamicDaylightTimeDisabled;
} EXP_TIME_ZONE;
C_ASSERT(FIELD_OFFSET(EXP_TIME_ZONE, KeyName) == 172 && sizeof(EXP_TIME_ZONE) == 432);
VOID ExpReadTimeZone(EXP_TIME_ZONE *Zone);

/* PASSIVE_LEVEL. */
VOID ExpRandomBytes(PVOID Buffer, ULONG Bytes);
/* For tests. */
VOID ExpChaChaBlock(const ULONG Key[8], ULONG Counter, const ULONG Nonce[3], ULONG Block[16]);
