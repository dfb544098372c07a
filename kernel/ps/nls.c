/* SPDX-License-Identifier: MIT
 * National language files: the kernel maps them, read-only, into the process that asks. They lie in \SystemRoot\System32 under names that
 * the kind and a number give.
 */
#include "user.h"

#define PSP_NLS_LONGEST_NAME 64u
#define PSP_NLS_ENGLISH 0x0409u                  /* the system's locale */

enum { PspNlsSort = 9, PspNlsCaseMap = 10, PspNlsCodePage = 11, PspNlsNormalization = 12 };

/* Forms of normalization, and the files with what they need. */
static const struct { ULONG Form; PCWSTR Name; } PspNormalizations[] = {
    { 1, L"normnfc" }, { 2, L"normnfd" }, { 5, L"normnfkc" }, { 6, L"normnfkd" }, { 13, L"normidna" },
};

static NTSTATUS PspNameCodePage(PUNICODE_STRING Name, ULONG Page)
{
    WCHAR buffer[12];
    UNICODE_STRING digits = { 0, sizeof(buffer), buffer };
    NTSTATUS status = RtlIntegerToUnicodeString(Page, 10, &digits);

    if (!NT_SUCCESS(status) || digits.Length > 5 * sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER_2;
    RtlAppendUnicodeToString(Name, digits.Length < 3 * sizeof(WCHAR) ? L"c_0" : L"c_");
    return RtlAppendUnicodeStringToString(Name, &digits);
}

static NTSTATUS PspNameNlsFile(PUNICODE_STRING Name, ULONG Kind, ULONG Number)
{
    ULONG i;

    switch (Kind) {
    case PspNlsSort: return RtlAppendUnicodeToString(Name, L"sortdefault");
    case PspNlsCaseMap: return RtlAppendUnicodeToString(Name, L"l_intl");
    case PspNlsCodePage: return PspNameCodePage(Name, Number);
    case PspNlsNormalization:
        for (i = 0; i < RTL_NUMBER_OF(PspNormalizations); i++)
            if (PspNormalizations[i].Form == Number)
                return RtlAppendUnicodeToString(Name, PspNormalizations[i].Name);
        return STATUS_INVALID_PARAMETER_2;
    default: return STATUS_INVALID_PARAMETER_1;
    }
}

/* A read-only view of the file, in the current process. */
static NTSTATUS PspMapFile(PUNICODE_STRING Name, MM_VIEW *View)
{
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL };
    PFILE_OBJECT object;
    IO_STATUS_BLOCK result;
    MM_SECTION section;
    HANDLE file;
    NTSTATUS status = ZwOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_DELETE,
                                 FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);

    if (!NT_SUCCESS(status))
        return status;
    status = PspReferenceKernelFile(file, &object);
    ZwClose(file);
    if (!NT_SUCCESS(status))
        return status;
    status = MmOpenSection(object, 0, PAGE_READONLY, SEC_COMMIT, &section);
    MmUpcalls.HoldFile(object, FALSE);
    if (!NT_SUCCESS(status))
        return status;
    *View = (MM_VIEW){ .Protect = PAGE_READONLY };
    status = MmMapView(&section, View);
    View->Size = NT_SUCCESS(status) ? section.Bytes : 0;
    MmCloseSection(&section);                    /* the view keeps what it needs */
    return status;
}

static NTSTATUS PspMapNlsFile(PCUNICODE_STRING Base, MM_VIEW *View)
{
    WCHAR buffer[PSP_NLS_LONGEST_NAME];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };

    RtlAppendUnicodeToString(&name, L"\\SystemRoot\\System32\\");
    RtlAppendUnicodeStringToString(&name, Base);
    RtlAppendUnicodeToString(&name, L".nls");
    return PspMapFile(&name, View);
}

static NTSTATUS PspReturnValue(PVOID To, const VOID *From, SIZE_T Bytes)
{
    return To != NULL ? PspWriteUser(To, From, Bytes) : STATUS_SUCCESS;
}

/* What cannot be told is unmapped again. */
static NTSTATUS PspReturnNlsView(const MM_VIEW *View, PVOID *Base, PVOID Size, ULONG SizeBytes)
{
    ULONG64 bytes = View->Size;
    NTSTATUS status = PspWriteUser(Base, &View->Base, sizeof(View->Base));

    if (NT_SUCCESS(status))
        status = PspReturnValue(Size, &bytes, SizeBytes);
    if (!NT_SUCCESS(status))
        MmUnmapView(View->Base);
    return status;
}

NTSTATUS NTAPI NtInitializeNlsFiles(PVOID *BaseAddress, PULONG DefaultLocaleId, PLARGE_INTEGER DefaultCasingTableSize)
{
    UNICODE_STRING base = RTL_CONSTANT_STRING(L"locale");
    ULONG locale = PSP_NLS_ENGLISH;
    MM_VIEW view;
    NTSTATUS status = PspMapNlsFile(&base, &view);

    if (NT_SUCCESS(status))
        status = PspReturnNlsView(&view, BaseAddress, DefaultCasingTableSize, sizeof(*DefaultCasingTableSize));
    return NT_SUCCESS(status) ? PspReturnValue(DefaultLocaleId, &locale, sizeof(locale)) : status;
}

NTSTATUS NTAPI NtGetNlsSectionPtr(ULONG SectionType, ULONG SectionData, PVOID ContextData, PVOID *SectionPointer, PULONG SectionSize)
{
    WCHAR buffer[16];
    UNICODE_STRING base = { 0, sizeof(buffer), buffer };
    MM_VIEW view;
    NTSTATUS status = PspNameNlsFile(&base, SectionType, SectionData);

    (void)ContextData;
    if (NT_SUCCESS(status))
        status = PspMapNlsFile(&base, &view);
    return NT_SUCCESS(status) ? PspReturnNlsView(&view, SectionPointer, SectionSize, sizeof(*SectionSize)) : status;
}
