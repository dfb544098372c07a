/* SPDX-License-Identifier: MIT
 * What version queries answer.
 */
#include "rtlp.h"

#define CONDITION_BITS 3u                 /* of each field in a condition mask, in the order of the VER_ flags */
#define CONDITION_MASK 7u
#define NTDDI_BUILD_BASE 0x0A000000u
#define NTDDI_VERSION_19041 0x0A000008u   /* NTDDI_WIN10_VB: 19041 to 19045 */

#define FREE_BUILD 0xF0000000u

RTL_VERSION RtlVersion = { 10, 0, 19045 };
ULONG NtBuildNumber = FREE_BUILD | 19045;

VOID RtlSetVersion(const RTL_VERSION *Version)
{
    RtlVersion = *Version;
    NtBuildNumber = FREE_BUILD | Version->Build;
}

/* Fills the extended fields too when dwOSVersionInfoSize says that they are there. */
NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation)
{
    PRTL_OSVERSIONINFOEXW extended = (PRTL_OSVERSIONINFOEXW)lpVersionInformation;

    lpVersionInformation->dwMajorVersion = RtlVersion.Major;
    lpVersionInformation->dwMinorVersion = RtlVersion.Minor;
    lpVersionInformation->dwBuildNumber = RtlVersion.Build;
    lpVersionInformation->dwPlatformId = VER_PLATFORM_WIN32_NT;
    memset(lpVersionInformation->szCSDVersion, 0, sizeof(lpVersionInformation->szCSDVersion));
    if (lpVersionInformation->dwOSVersionInfoSize == sizeof(*extended)) {
        extended->wServicePackMajor = 0;
        extended->wServicePackMinor = 0;
        extended->wSuiteMask = VER_SUITE_SINGLEUSERTS;
        extended->wProductType = VER_NT_WORKSTATION;
        extended->wReserved = 0;
    }
    return STATUS_SUCCESS;
}

/* Condition for each field of TypeMask, the lowest flag's first; a TypeMask of 0 changes nothing. */
ULONGLONG NTAPI VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition)
{
    ULONG field = TypeMask == 0 ? 0 : 31u - (ULONG)__builtin_clz(TypeMask);

    if (TypeMask == 0 || field > 7)
        return ConditionMask;
    return ConditionMask | (ULONGLONG)(Condition & CONDITION_MASK) << (field * CONDITION_BITS);
}

static ULONG RtlpCondition(ULONGLONG conditions, ULONG type)
{
    return (ULONG)(conditions >> ((ULONG)__builtin_ctz(type) * CONDITION_BITS)) & CONDITION_MASK;
}

static BOOLEAN RtlpHolds(ULONG condition, ULONG current, ULONG wanted)
{
    switch (condition) {
    case VER_EQUAL:
        return current == wanted;
    case VER_GREATER:
        return current > wanted;
    case VER_GREATER_EQUAL:
        return current >= wanted;
    case VER_LESS:
        return current < wanted;
    case VER_LESS_EQUAL:
        return current <= wanted;
    default:
        return FALSE;
    }
}

static BOOLEAN RtlpSuiteHolds(ULONG condition, ULONG current, ULONG wanted)
{
    return condition == VER_AND ? (current & wanted) == wanted : condition == VER_OR ? (current & wanted) != 0 : FALSE;
}

typedef struct RTLP_FIELD {
    ULONG Type, Current, Wanted;
} RTLP_FIELD;

/* Major, minor and service pack are one number: a field counts only where those before it are equal, and the condition of the
 * first field asked for rules them all, as documented for VerifyVersionInfo. */
static BOOLEAN RtlpVersionHolds(const RTLP_FIELD *fields, ULONG count, ULONG types, ULONGLONG conditions)
{
    ULONG i, condition = 0, current = 0, wanted = 0;

    for (i = 0; i < count; i++) {
        if ((types & fields[i].Type) == 0)
            continue;
        if (condition == 0)
            condition = RtlpCondition(conditions, fields[i].Type);
        current = fields[i].Current;
        wanted = fields[i].Wanted;
        if (current != wanted)
            break;
    }
    return condition == 0 ? (types & (VER_MAJORVERSION | VER_MINORVERSION | VER_SERVICEPACKMAJOR | VER_SERVICEPACKMINOR)) == 0
                          : RtlpHolds(condition, current, wanted);
}

/* STATUS_REVISION_MISMATCH: a condition does not hold. */
NTSTATUS NTAPI RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask, ULONGLONG ConditionMask)
{
    RTL_OSVERSIONINFOEXW now = { .dwOSVersionInfoSize = sizeof(now) };
    BOOLEAN holds;

    if (TypeMask == 0 || ConditionMask == 0)
        return STATUS_INVALID_PARAMETER;
    RtlGetVersion((PRTL_OSVERSIONINFOW)&now);
    {
        const RTLP_FIELD version[] = {
            { VER_MAJORVERSION, now.dwMajorVersion, VersionInfo->dwMajorVersion },
            { VER_MINORVERSION, now.dwMinorVersion, VersionInfo->dwMinorVersion },
            { VER_SERVICEPACKMAJOR, now.wServicePackMajor, VersionInfo->wServicePackMajor },
            { VER_SERVICEPACKMINOR, now.wServicePackMinor, VersionInfo->wServicePackMinor },
        };
        holds = RtlpVersionHolds(version, RTL_NUMBER_OF(version), TypeMask, ConditionMask);
    }
    if ((TypeMask & VER_BUILDNUMBER) != 0)
        holds &= RtlpHolds(RtlpCondition(ConditionMask, VER_BUILDNUMBER), now.dwBuildNumber, VersionInfo->dwBuildNumber);
    if ((TypeMask & VER_PLATFORMID) != 0)
        holds &= RtlpHolds(RtlpCondition(ConditionMask, VER_PLATFORMID), now.dwPlatformId, VersionInfo->dwPlatformId);
    if ((TypeMask & VER_PRODUCT_TYPE) != 0)
        holds &= RtlpHolds(RtlpCondition(ConditionMask, VER_PRODUCT_TYPE), now.wProductType, VersionInfo->wProductType);
    if ((TypeMask & VER_SUITENAME) != 0)
        holds &= RtlpSuiteHolds(RtlpCondition(ConditionMask, VER_SUITENAME), now.wSuiteMask, VersionInfo->wSuiteMask);
    return holds ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
}

static ULONG RtlpCurrentNtddi(VOID)
{
    if (RtlVersion.Major == 10)
        return RtlVersion.Build >= 19041 ? NTDDI_VERSION_19041 : NTDDI_BUILD_BASE;
    return RtlVersion.Major << 24 | RtlVersion.Minor << 16;
}

#undef RtlIsNtDdiVersionAvailable              /* the DDK maps them to its library's */
#undef RtlIsServicePackVersionInstalled
BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG Version);
BOOLEAN NTAPI RtlIsServicePackVersionInstalled(ULONG Version);

/* Version is one of the NTDDI_ constants without a service pack. */
BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG Version)
{
    return Version <= RtlpCurrentNtddi();
}

/* Whether this is the Version's release, with its service pack or a later one. */
BOOLEAN NTAPI RtlIsServicePackVersionInstalled(ULONG Version)
{
    return (Version & 0xFFFF0000) == (RtlpCurrentNtddi() & 0xFFFF0000) && Version <= RtlpCurrentNtddi();
}
