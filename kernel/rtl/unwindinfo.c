/* SPDX-License-Identifier: MIT
 * Decoding UNWIND_INFO.
 *
 *      byte 0   version (3 bits), flags (5)          byte 2   count of codes
 *      byte 1   size of the prologue                 byte 3   frame register (4), its offset in 16 bytes (4)
 *      codes    offset in the prologue, operation (4), info (4); the operand in the codes that follow
 *      trailer  at the next even code: the handler and its data, or the chained entry
 */
#include "unwind.h"

#define HEADER_SIZE 4u
#define CODE_SIZE 2u

BOOLEAN RtlpReadUnwindInfo(const RTLP_IMAGE *Image, const RUNTIME_FUNCTION *Function, RTLP_UNWIND_INFO *Info)
{
    const UCHAR *header = RtlpImageBytes(Image, Function->UnwindData, HEADER_SIZE);
    ULONG codes;

    if (header == NULL)
        return FALSE;
    Info->Version = header[0] & 7;
    Info->Flags = header[0] >> 3;
    Info->PrologSize = header[1];
    Info->CodeCount = header[2];
    Info->FrameRegister = header[3] & 15;
    Info->FrameOffset = (ULONG)(header[3] >> 4) * 16;
    codes = Function->UnwindData + HEADER_SIZE;
    Info->Codes = RtlpImageBytes(Image, codes, Info->CodeCount * CODE_SIZE);
    Info->TrailerRva = codes + ((Info->CodeCount + 1u) & ~1u) * CODE_SIZE;
    return (Info->Version == 1 || Info->Version == 2) && (Info->Codes != NULL || Info->CodeCount == 0);
}

static ULONG RtlpSlots(const RTLP_UNWIND_INFO *info, UCHAR operation, UCHAR operand)
{
    switch (operation) {
    case UWOP_PUSH_NONVOL:
    case UWOP_ALLOC_SMALL:
    case UWOP_SET_FPREG:
        return 1;
    case UWOP_PUSH_MACHFRAME:
        return operand <= 1 ? 1 : 0;
    case UWOP_ALLOC_LARGE:
        return operand <= 1 ? 2u + operand : 0;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_XMM128:
        return 2;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR:
        return 3;
    case UWOP_EPILOG:
        return info->Version == 2 ? 1 : 0;
    default:
        return 0;
    }
}

static ULONG RtlpOperand16(const UCHAR *code) { return code[2] | (ULONG)code[3] << 8; }
static ULONG RtlpOperand32(const UCHAR *code) { return RtlpOperand16(code) | (ULONG)code[4] << 16 | (ULONG)code[5] << 24; }

static ULONG RtlpOperand(const UCHAR *code, const RTLP_UNWIND_CODE *decoded)
{
    switch (decoded->Operation) {
    case UWOP_ALLOC_SMALL:
        return decoded->Info * 8u + 8;
    case UWOP_ALLOC_LARGE:
        return decoded->Info == 0 ? RtlpOperand16(code) * 8 : RtlpOperand32(code);
    case UWOP_SAVE_NONVOL:
        return RtlpOperand16(code) * 8;
    case UWOP_SAVE_XMM128:
        return RtlpOperand16(code) * 16;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR:
        return RtlpOperand32(code);
    default:
        return 0;
    }
}

BOOLEAN RtlpDecodeUnwindCode(const RTLP_UNWIND_INFO *Info, ULONG Index, RTLP_UNWIND_CODE *Code)
{
    const UCHAR *code;

    if (Index >= Info->CodeCount)
        return FALSE;
    code = Info->Codes + Index * CODE_SIZE;
    Code->Offset = code[0];
    Code->Operation = code[1] & 15;
    Code->Info = code[1] >> 4;
    Code->Slots = RtlpSlots(Info, Code->Operation, Code->Info);
    if (Code->Slots == 0 || Code->Slots > Info->CodeCount - Index)
        return FALSE;
    Code->Operand = RtlpOperand(code, Code);
    return TRUE;
}

BOOLEAN RtlpReadChainedFunction(const RTLP_IMAGE *Image, const RTLP_UNWIND_INFO *Info, RUNTIME_FUNCTION *Function)
{
    const UCHAR *entry = RtlpImageBytes(Image, Info->TrailerRva, sizeof(*Function));

    if (entry == NULL)
        return FALSE;
    memcpy(Function, entry, sizeof(*Function));
    return RtlpResolveFunction(Image, Function);
}
