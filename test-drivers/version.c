/* SPDX-License-Identifier: MIT
 * Every version query answers what the machine was told to be: 6.3.9600 (expected.toml).
 */
#include "check.h"

#define MAJOR 6u
#define MINOR 3u
#define BUILD 9600u

extern __declspec(dllimport) ULONG NtBuildNumber;

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static RTL_OSVERSIONINFOW version = { .dwOSVersionInfoSize = sizeof(version) };
    ULONG major = 0, minor = 0, build = 0;

    RtlGetVersion(&version);
    Check(version.dwMajorVersion == MAJOR && version.dwMinorVersion == MINOR && version.dwBuildNumber == BUILD, "RtlGetVersion");
    Check(!PsGetVersion(&major, &minor, &build, NULL), "no checked build");
    Check(major == MAJOR && minor == MINOR && build == BUILD, "PsGetVersion");
    Check(NtBuildNumber == (0xF0000000u | BUILD), "NtBuildNumber");
    Check(SharedUserData->NtMajorVersion == MAJOR && SharedUserData->NtMinorVersion == MINOR, "the shared page");
    return CheckResult();
}
