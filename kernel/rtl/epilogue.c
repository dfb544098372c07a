/* SPDX-License-Identifier: MIT
 * Epilogues have no unwind codes of their own in version 1: as documented ("Unwind procedure") the code stream at the control pc
 * is compared with the only forms an epilogue may have, and what is left of it is carried out.
 *
 *      add rsp, constant | lea rsp, [frame register + constant]     at most once, first
 *      pop register                                                any number
 *      ret | jmp to another function                               last
 *
 * Version 2 lists where the epilogues are; only there is anything compared.
 */
#include "unwind.h"

#define RSP 4u
#define REX_W 0x48u
#define REX_B 0x01u
#define POP_LIMIT 16u

typedef struct RTLP_EPILOGUE {
    const RTLP_UNWIND *Unwind;
    const RUNTIME_FUNCTION *Function;
    const RTLP_UNWIND_INFO *Info;
    ULONG Rva;                            /* of the next instruction */
    ULONG64 Rsp, Rip;
    ULONG PopCount;
    struct { ULONG Register; ULONG64 Address, Value; } Pops[POP_LIMIT];
} RTLP_EPILOGUE;

/* Byte Index of the code stream; 0xCC, which no epilogue has, outside of the image. */
static UCHAR RtlpCode(const RTLP_EPILOGUE *epilogue, ULONG index)
{
    const UCHAR *byte = RtlpImageBytes(epilogue->Unwind->Image, epilogue->Rva + index, 1);
    return byte != NULL ? *byte : 0xCC;
}

static LONG RtlpCode32(const RTLP_EPILOGUE *epilogue, ULONG index)
{
    return (LONG)(RtlpCode(epilogue, index) | (ULONG)RtlpCode(epilogue, index + 1) << 8 |
                  (ULONG)RtlpCode(epilogue, index + 2) << 16 | (ULONG)RtlpCode(epilogue, index + 3) << 24);
}

/* lea rsp, [frame register + displacement]: at Index stand ModRM, a SIB byte for rsp's number, and the displacement. */
static VOID RtlpReleaseByLea(RTLP_EPILOGUE *epilogue, UCHAR rex)
{
    UCHAR modrm = RtlpCode(epilogue, 2), mode = modrm >> 6;
    ULONG base = (modrm & 7) | (rex & REX_B ? 8u : 0u), at = 3;
    LONG displacement;

    if ((mode != 1 && mode != 2) || ((modrm >> 3) & 7) != RSP || base != epilogue->Info->FrameRegister || base == 0)
        return;
    if ((modrm & 7) == RSP && RtlpCode(epilogue, at++) != 0x24)
        return;
    displacement = mode == 1 ? (signed char)RtlpCode(epilogue, at) : RtlpCode32(epilogue, at);
    epilogue->Rsp = RtlpRegisters(epilogue->Unwind->Context)[base] + (ULONG64)(LONG64)displacement;
    epilogue->Rva += at + (mode == 1 ? 1 : 4);
}

static VOID RtlpRelease(RTLP_EPILOGUE *epilogue)
{
    UCHAR rex = RtlpCode(epilogue, 0), opcode = RtlpCode(epilogue, 1);

    if ((rex & ~REX_B) != REX_W)
        return;
    if (opcode == 0x8D) {
        RtlpReleaseByLea(epilogue, rex);
    } else if (rex == REX_W && opcode == 0x83 && RtlpCode(epilogue, 2) == 0xC4) {
        epilogue->Rsp += (ULONG64)(LONG64)(signed char)RtlpCode(epilogue, 3);
        epilogue->Rva += 4;
    } else if (rex == REX_W && opcode == 0x81 && RtlpCode(epilogue, 2) == 0xC4) {
        epilogue->Rsp += (ULONG64)(LONG64)RtlpCode32(epilogue, 3);
        epilogue->Rva += 7;
    }
}

/* FALSE when the stack cannot be read or there are more pops than registers. */
static BOOLEAN RtlpPops(RTLP_EPILOGUE *epilogue)
{
    for (;;) {
        ULONG rex = (RtlpCode(epilogue, 0) & 0xF0) == 0x40 ? 1 : 0;
        UCHAR prefix = rex ? RtlpCode(epilogue, 0) : 0, opcode = RtlpCode(epilogue, rex);

        if ((opcode & 0xF8) != 0x58)
            return TRUE;
        if (epilogue->PopCount == POP_LIMIT)
            return FALSE;
        if (!epilogue->Unwind->Read(epilogue->Rsp, &epilogue->Pops[epilogue->PopCount].Value, sizeof(ULONG64)))
            return FALSE;
        epilogue->Pops[epilogue->PopCount].Register = (opcode & 7u) | (prefix & REX_B ? 8u : 0u);
        epilogue->Pops[epilogue->PopCount].Address = epilogue->Rsp;
        epilogue->PopCount++;
        epilogue->Rsp += sizeof(ULONG64);
        epilogue->Rva += rex + 1;
    }
}

/* Where the first entry of a chain begins, which names the function. */
static ULONG RtlpPrimaryBegin(const RTLP_IMAGE *image, const RUNTIME_FUNCTION *function)
{
    RUNTIME_FUNCTION entry = *function;
    RTLP_UNWIND_INFO info;
    ULONG i;

    for (i = 0; i < RTLP_CHAIN_LIMIT; i++) {
        if (!RtlpResolveFunction(image, &entry) || !RtlpReadUnwindInfo(image, &entry, &info))
            break;
        if ((info.Flags & UNW_FLAG_CHAININFO) == 0 || !RtlpReadChainedFunction(image, &info, &entry))
            break;
    }
    return entry.BeginAddress;
}

/* A jump is a tail call when it leaves the function, all of whose chained parts count, or goes to its very start. */
static BOOLEAN RtlpIsTailJump(const RTLP_EPILOGUE *epilogue, ULONG target)
{
    const RTLP_IMAGE *image = epilogue->Unwind->Image;
    const RUNTIME_FUNCTION *other = RtlpFindFunction(image, target);
    ULONG begin;

    if (target >= epilogue->Function->BeginAddress && target < epilogue->Function->EndAddress && other == NULL)
        return FALSE;
    if (other == NULL)
        return TRUE;
    begin = RtlpPrimaryBegin(image, epilogue->Function);
    return RtlpPrimaryBegin(image, other) != begin || target == begin;
}

/* jmp through memory (ModRM mode 0); through a register only with the REX.W that marks an epilogue's jump. */
static BOOLEAN RtlpIsIndirectTailJump(const RTLP_EPILOGUE *epilogue)
{
    UCHAR rex = RtlpCode(epilogue, 0);
    ULONG at = (rex & 0xF0) == 0x40 ? 1 : 0;
    UCHAR modrm = RtlpCode(epilogue, at + 1), mode = modrm >> 6;

    if (RtlpCode(epilogue, at) != 0xFF || ((modrm >> 3) & 7) != 4)
        return FALSE;
    return mode == 0 || (mode == 3 && at == 1 && (rex & REX_W) == REX_W);
}

/* The last instruction; *Extra is what a ret takes off the stack besides its address. */
static BOOLEAN RtlpIsEnd(const RTLP_EPILOGUE *epilogue, ULONG *extra)
{
    *extra = 0;
    switch (RtlpCode(epilogue, 0)) {
    case 0xC3:
        return TRUE;
    case 0xC2:
        *extra = RtlpCode(epilogue, 1) | (ULONG)RtlpCode(epilogue, 2) << 8;
        return TRUE;
    case 0xF3:
        return RtlpCode(epilogue, 1) == 0xC3;
    case 0xE9:
        return RtlpIsTailJump(epilogue, epilogue->Rva + 5 + (ULONG)RtlpCode32(epilogue, 1));
    case 0xEB:
        return RtlpIsTailJump(epilogue, epilogue->Rva + 2 + (ULONG)(LONG)(signed char)RtlpCode(epilogue, 1));
    default:
        return RtlpIsIndirectTailJump(epilogue);
    }
}

/* Version 2: the first epilog code holds the epilogues' length and, in bit 0 of its info, whether one stands at the end; the
 * others how far before the end one starts (0: padding). Whether the length counts the ret is not documented: it may. */
static BOOLEAN RtlpIsListed(const RTLP_UNWIND_INFO *info, const RUNTIME_FUNCTION *function, ULONG rva)
{
    ULONG i, length = 0;
    RTLP_UNWIND_CODE code;

    for (i = 0; RtlpDecodeUnwindCode(info, i, &code) && code.Operation == UWOP_EPILOG; i++) {
        ULONG before = code.Offset | (ULONG)code.Info << 8, start;
        if (i == 0) {
            length = code.Offset;
            before = code.Info & 1 ? length : 0;
        }
        start = function->EndAddress - before;
        if (before != 0 && before <= function->EndAddress && rva >= start && rva - start <= length)
            return TRUE;
    }
    return FALSE;
}

static VOID RtlpCommitEpilogue(RTLP_UNWIND *unwind, const RTLP_EPILOGUE *epilogue)
{
    ULONG i;

    for (i = 0; i < epilogue->PopCount; i++) {
        RtlpRegisters(unwind->Context)[epilogue->Pops[i].Register] = epilogue->Pops[i].Value;
        if (unwind->Pointers != NULL)
            unwind->Pointers->IntegerContext[epilogue->Pops[i].Register] = (PULONG64)epilogue->Pops[i].Address;
    }
    unwind->Context->Rsp = epilogue->Rsp;
    unwind->Context->Rip = epilogue->Rip;
}

BOOLEAN RtlpUnwindEpilogue(RTLP_UNWIND *Unwind, ULONG ControlRva, const RUNTIME_FUNCTION *Function, const RTLP_UNWIND_INFO *Info)
{
    RTLP_EPILOGUE epilogue = { Unwind, Function, Info, ControlRva, Unwind->Context->Rsp };
    ULONG extra;

    if (Info->Version == 2 && !RtlpIsListed(Info, Function, ControlRva))
        return FALSE;
    RtlpRelease(&epilogue);
    if (!RtlpPops(&epilogue) || !RtlpIsEnd(&epilogue, &extra))
        return FALSE;
    if (!Unwind->Read(epilogue.Rsp, &epilogue.Rip, sizeof(epilogue.Rip)))
        return FALSE;
    epilogue.Rsp += sizeof(ULONG64) + extra;
    RtlpCommitEpilogue(Unwind, &epilogue);
    return TRUE;
}
