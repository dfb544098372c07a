/* SPDX-License-Identifier: MIT
 * Import thunks: a few instructions for each import of each driver that load the import's record and jump to the wrapper for its
 * number of stack arguments (wrapper.S). The wrapper has unwind data and calls the target itself, so return addresses are what
 * they seem and exceptions pass through.
 *
 *      48 B8 imm64     mov rax, record
 *      49 BB imm64     mov r11, wrapper
 *      41 FF E3        jmp r11
 */
#include "vfp.h"
#include "kd.h"

extern VOID VfpWrapTail(VOID), VfpWrap0(VOID), VfpWrap2(VOID), VfpWrap4(VOID), VfpWrap6(VOID), VfpWrap8(VOID), VfpWrap12(VOID);

#define REGISTER_ARGUMENTS 4u

static ULONG64 VfpWrapperFor(const VF_SIGNATURE *Signature)
{
    ULONG stack;

    if (Signature == NULL || Signature->Wrap == VfTail)
        return (ULONG64)VfpWrapTail;
    stack = Signature->ArgumentCount > REGISTER_ARGUMENTS ? Signature->ArgumentCount - REGISTER_ARGUMENTS : 0;
    if (stack == 0)
        return (ULONG64)VfpWrap0;
    if (stack <= 2)
        return (ULONG64)VfpWrap2;
    if (stack <= 4)
        return (ULONG64)VfpWrap4;
    if (stack <= 6)
        return (ULONG64)VfpWrap6;
    return stack <= 8 ? (ULONG64)VfpWrap8 : stack <= 12 ? (ULONG64)VfpWrap12 : (ULONG64)VfpWrapTail;
}

static VOID VfpWriteThunk(PUCHAR Code, ULONG64 Record, ULONG64 Wrapper)
{
    Code[0] = 0x48;
    Code[1] = 0xB8;
    RtlCopyMemory(Code + 2, &Record, 8);
    Code[10] = 0x49;
    Code[11] = 0xBB;
    RtlCopyMemory(Code + 12, &Wrapper, 8);
    Code[20] = 0x41;
    Code[21] = 0xFF;
    Code[22] = 0xE3;
}

ULONG64 VfpMakeThunk(VF_DRIVER *Driver, VF_IMPORT *Import)
{
    PUCHAR code;

    if (Driver->Thunks == NULL || (Import->Signature != NULL && Import->Signature->Wrap == VfDirect))
        return Import->Target;
    if (Import->Signature == NULL && MmImageOfAddress(Import->Target) != CONTAINING_RECORD(PsLoadedModuleList.Flink, MM_IMAGE,
                                                                                          Entry.InLoadOrderLinks))
        return Import->Target;                   /* another driver's export: code or data, nobody says which */
    code = Driver->Thunks + (Import - Driver->Imports) * VF_THUNK_SIZE;
    VfpWriteThunk(code, (ULONG64)Import, VfpWrapperFor(Import->Signature));
    return (ULONG64)code;
}

VOID VfpEnterCall(VF_IMPORT *Import, const ULONG64 *Arguments)
{
    LONG irql = KeIrql(), seen = Import->MaxIrql;

    (void)Arguments;
    InterlockedIncrement64(&Import->Count);
    while (irql > seen) {
        LONG found = InterlockedCompareExchange(&Import->MaxIrql, irql, seen);
        if (found == seen)
            break;
        seen = found;
    }
}

VOID VfpLeaveCall(VF_IMPORT *Import, ULONG64 Result)
{
    (void)Import, (void)Result;
}

VOID VfReportCalls(const MM_IMAGE *Image, PCSTR File)
{
    VF_DRIVER *driver = VfpTrace ? VfpDriverOf(Image) : NULL;
    LONG i;

    for (i = 0; driver != NULL && i < driver->Count; i++) {
        const VF_IMPORT *import = &driver->Imports[i];
        if (import->Count == 0)
            continue;
        KdBeginEvent("call");
        KdEventText("file", File);
        KdEventText("module", import->Module);
        KdEventText("name", import->Name);
        KdEventNumber("count", import->Count);
        KdEventNumber("max_irql", import->MaxIrql);
        KdEndEvent();
    }
}
