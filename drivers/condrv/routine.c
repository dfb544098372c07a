/* SPDX-License-Identifier: MIT
 * What runs in a process when a control event comes: kernelbase!CtrlRoutine, or ntdll!__wine_ctrl_routine of older Wine. Found in the
 * process's own memory, which is hostile: every address is probed before it is read, every walk has an end.
 */
#include "condrv.h"

NTKERNELAPI PVOID NTAPI PsGetProcessPeb(PEPROCESS Process);
NTKERNELAPI NTSTATUS NTAPI PsAcquireProcessExitSynchronization(PEPROCESS Process);
NTKERNELAPI VOID NTAPI PsReleaseProcessExitSynchronization(PEPROCESS Process);

#define CD_MOST_MODULES 512u
#define CD_MOST_EXPORTS 0x4000u

/* Offsets of PEB, PEB_LDR_DATA, LDR_DATA_TABLE_ENTRY and of a PE32+ image; the loader's own. */
enum {
    CdPebLoader = 0x18, CdLoaderModules = 0x10, CdModuleBase = 0x30, CdModuleName = 0x58,
    CdImageHeaders = 0x3C, CdHeadersExports = 0x88, CdExportCount = 0x18, CdExportRoutines = 0x1C, CdExportNames = 0x20, CdExportOrdinals = 0x24
};

/* ---- Reading; these raise ---- */
static const volatile UCHAR *CdUser(ULONG64 Address, ULONG Length)
{
    ProbeForRead((PVOID)Address, Length, 1);
    return (const volatile UCHAR *)Address;
}

static ULONG64 CdUser64(ULONG64 Address) { return *(const volatile ULONG64 *)CdUser(Address, sizeof(ULONG64)); }
static ULONG CdUser32(ULONG64 Address) { return *(const volatile ULONG *)CdUser(Address, sizeof(ULONG)); }
static USHORT CdUser16(ULONG64 Address) { return *(const volatile USHORT *)CdUser(Address, sizeof(USHORT)); }

static BOOLEAN CdIsNamed(ULONG64 Entry, PCWSTR Name)
{
    ULONG length = CdUser16(Entry + CdModuleName), i;
    ULONG64 text = CdUser64(Entry + CdModuleName + 8);

    for (i = 0; i < length / sizeof(WCHAR) && Name[i] != L'\0'; i++)
        if (RtlDowncaseUnicodeChar(CdUser16(text + i * sizeof(WCHAR))) != Name[i])
            return FALSE;
    return i == length / sizeof(WCHAR) && Name[i] == L'\0';
}

/* The module's base; 0: it is not loaded. */
static ULONG64 CdFindModule(ULONG64 Peb, PCWSTR Name)
{
    ULONG64 loader = CdUser64(Peb + CdPebLoader), head = loader + CdLoaderModules, entry;
    ULONG count;

    if (loader == 0)
        return 0;
    entry = CdUser64(head);
    for (count = 0; entry != head && entry != 0 && count < CD_MOST_MODULES; count++) {
        if (CdIsNamed(entry, Name))
            return CdUser64(entry + CdModuleBase);
        entry = CdUser64(entry);
    }
    return 0;
}

static BOOLEAN CdIsText(ULONG64 Text, PCSTR Wanted)
{
    ULONG i;

    for (i = 0;; i++) {
        if (*CdUser(Text + i, 1) != (UCHAR)Wanted[i])
            return FALSE;
        if (Wanted[i] == '\0')
            return TRUE;
    }
}

/* An export by name; 0: there is none. */
static ULONG64 CdFindExport(ULONG64 Base, PCSTR Name)
{
    ULONG64 exports = Base + CdUser32(Base + CdUser32(Base + CdImageHeaders) + CdHeadersExports);
    ULONG count = CdUser32(exports + CdExportCount), i;
    ULONG64 names = Base + CdUser32(exports + CdExportNames), ordinals = Base + CdUser32(exports + CdExportOrdinals);

    if (exports == Base)
        return 0;
    for (i = 0; i < count && i < CD_MOST_EXPORTS; i++)
        if (CdIsText(Base + CdUser32(names + i * 4ull), Name))
            return Base + CdUser32(Base + CdUser32(exports + CdExportRoutines) + CdUser16(ordinals + i * 2ull) * 4ull);
    return 0;
}

/* ---- In the process ---- */
static ULONG64 CdSearch(ULONG64 Peb)
{
    static const struct { PCWSTR Module; PCSTR Routine; } places[] = { { L"kernelbase.dll", "CtrlRoutine" }, { L"ntdll.dll", "__wine_ctrl_routine" } };
    ULONG64 found = 0, base;
    ULONG i;

    __try {
        for (i = 0; i < RTL_NUMBER_OF(places) && found == 0; i++) {
            base = CdFindModule(Peb, places[i].Module);
            found = base != 0 ? CdFindExport(base, places[i].Routine) : 0;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        found = 0;
    }
    return found;
}

PVOID CondrvControlRoutine(PEPROCESS Process)
{
    PVOID peb = PsGetProcessPeb(Process);
    ULONG64 found;
    KAPC_STATE state;

    if (peb == NULL || !NT_SUCCESS(PsAcquireProcessExitSynchronization(Process)))
        return NULL;
    KeStackAttachProcess((PVOID)Process, &state);
    found = CdSearch((ULONG64)peb);
    KeUnstackDetachProcess(&state);
    PsReleaseProcessExitSynchronization(Process);
    return (PVOID)found;
}
