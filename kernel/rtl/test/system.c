/* SPDX-License-Identifier: MIT
 * Time, version, SIDs, image headers, random numbers.
 */
#include "rtl.h"
#include "test.h"
#include <ntimage.h>

#undef RtlIsNtDdiVersionAvailable              /* the DDK maps them to its library's */
#undef RtlIsServicePackVersionInstalled
BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG Version);
BOOLEAN NTAPI RtlIsServicePackVersionInstalled(ULONG Version);
PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base);
NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size, PIMAGE_NT_HEADERS *OutHeaders);
PVOID NTAPI RtlImageDirectoryEntryToData(PVOID Base, BOOLEAN MappedAsImage, USHORT DirectoryEntry, PULONG Size);
PVOID NTAPI RtlFindExportedRoutineByName(PVOID ImageBase, PCSTR RoutineName);
PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID *BaseOfImage);

static VOID Time(VOID)
{
    LARGE_INTEGER time = { .QuadPart = 132223104000000000 }, back;        /* 2020-01-01 */
    TIME_FIELDS fields;
    ULONG seconds = 0;

    RtlTimeToTimeFields(&time, &fields);
    CHECK(fields.Year == 2020 && fields.Month == 1 && fields.Day == 1 && fields.Weekday == 3 && fields.Hour == 0);
    CHECK(RtlTimeFieldsToTime(&fields, &back) && back.QuadPart == time.QuadPart);
    CHECK(RtlTimeToSecondsSince1970(&time, &seconds) && seconds == 1577836800);
    CHECK(RtlTimeToSecondsSince1980(&time, &seconds) && seconds == 1577836800 - 315532800);
    RtlSecondsSince1980ToTime(seconds, &back);
    CHECK(back.QuadPart == time.QuadPart);
    RtlSecondsSince1970ToTime(1577836800, &back);
    CHECK(back.QuadPart == time.QuadPart);
}

static VOID Version(VOID)
{
    RTL_OSVERSIONINFOEXW version = { .dwOSVersionInfoSize = sizeof(version) };
    ULONGLONG mask =
        VerSetConditionMask(VerSetConditionMask(0, VER_MAJORVERSION, VER_GREATER_EQUAL), VER_MINORVERSION, VER_GREATER_EQUAL);

    CHECK(RtlGetVersion((PRTL_OSVERSIONINFOW)&version) == STATUS_SUCCESS && version.dwMajorVersion == RtlVersion.Major);
    CHECK(version.dwBuildNumber == RtlVersion.Build && version.wProductType == VER_NT_WORKSTATION);
    version.dwMajorVersion = 6;
    version.dwMinorVersion = 3;
    CHECK(RtlVerifyVersionInfo(&version, VER_MAJORVERSION | VER_MINORVERSION, mask) == STATUS_SUCCESS);
    version.dwMajorVersion = RtlVersion.Major + 1;
    CHECK(RtlVerifyVersionInfo(&version, VER_MAJORVERSION | VER_MINORVERSION, mask) == STATUS_REVISION_MISMATCH);
    CHECK(RtlIsNtDdiVersionAvailable(0x06010000) && !RtlIsNtDdiVersionAvailable(0x0B000000));
    CHECK(RtlIsServicePackVersionInstalled(0x0A000000) && !RtlIsServicePackVersionInstalled(0x06010100));
}

static VOID Sid(VOID)
{
    SID_IDENTIFIER_AUTHORITY nt = SECURITY_NT_AUTHORITY;
    UCHAR room[68], twin[68];
    UNICODE_STRING text = { 0 }, expected = RTL_CONSTANT_STRING(L"S-1-5-32-544");

    CHECK(RtlInitializeSid(room, &nt, 2) == STATUS_SUCCESS && RtlValidSid(room));
    *RtlSubAuthoritySid(room, 0) = SECURITY_BUILTIN_DOMAIN_RID;
    *RtlSubAuthoritySid(room, 1) = DOMAIN_ALIAS_RID_ADMINS;
    CHECK(RtlLengthSid(room) == 16 && RtlLengthRequiredSid(2) == 16 && *RtlSubAuthorityCountSid(room) == 2);
    CHECK(RtlIdentifierAuthoritySid(room)->Value[5] == 5);
    CHECK(RtlCopySid(15, twin, room) == STATUS_BUFFER_TOO_SMALL && RtlCopySid(sizeof(twin), twin, room) == STATUS_SUCCESS);
    CHECK(RtlEqualSid(room, twin) && RtlConvertSidToUnicodeString(&text, room, TRUE) == STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(&text, &expected, FALSE));
    RtlFreeUnicodeString(&text);
    *RtlSubAuthoritySid(twin, 1) = 1;
    CHECK(!RtlEqualSid(room, twin) && RtlEqualPrefixSid(room, twin));
    room[0] = 2;
    CHECK(!RtlValidSid(room));
}

static VOID Image(VOID)
{
    PVOID base = NULL;
    PIMAGE_NT_HEADERS headers, checked = NULL;
    ULONG size = 0;

    CHECK(RtlPcToFileHeader((PVOID)Image, &base) != NULL);
    headers = RtlImageNtHeader(base);
    CHECK(headers != NULL && headers->Signature == IMAGE_NT_SIGNATURE && RtlImageNtHeader(&size) == NULL);
    CHECK(RtlImageNtHeaderEx(0, base, headers->OptionalHeader.SizeOfImage, &checked) == STATUS_SUCCESS && checked == headers);
    CHECK(RtlImageNtHeaderEx(0, base, 64, &checked) == STATUS_INVALID_IMAGE_FORMAT);
    CHECK(RtlImageDirectoryEntryToData(base, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &size) != NULL && size != 0);
    CHECK(RtlFindExportedRoutineByName(base, "RtlGetVersion") == (PVOID)RtlGetVersion);
    CHECK(RtlFindExportedRoutineByName(base, "RtlNoSuchName") == NULL);
}

static VOID Random(VOID)
{
    ULONG seed = 1, again = 1, first = RtlRandomEx(&seed), second = RtlRandomEx(&seed);

    CHECK(first != second && seed != 1 && RtlRandomEx(&again) == first && first < MAXLONG);
    CHECK(RtlRandom(&seed) == seed && RtlRandom(&seed) != again);
}

static VOID Features(VOID)
{
    CHECK((RtlGetEnabledExtendedFeatures(3) & ~3ull) == 0 && RtlGetEnabledExtendedFeatures(0) == 0);
    CHECK(RtlGetEnabledExtendedFeatures(~0ull) == SharedUserData->XState.EnabledFeatures);
}

static const KE_TEST Tests[] = {
    { "rtl.system.time", Time },
    { "rtl.system.version", Version },
    { "rtl.system.sid", Sid },
    { "rtl.system.image", Image },
    { "rtl.system.random", Random },
    { "rtl.system.features", Features },
};
const KE_TEST_GROUP RtlSystemTests = { Tests, RTL_NUMBER_OF(Tests) };
