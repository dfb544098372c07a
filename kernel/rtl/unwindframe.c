/* SPDX-License-Identifier: MIT
 * What the unwind of one frame does, for every user of it: the effects of an epilogue carried on, or those of a whole or partial
 * prologue and of all chained entries taken back; then the return address or the machine frame.
 */
#include "unwind.h"

#define WHOLE_PROLOGUE 0xFFFFFFFFu

static BOOLEAN RtlpPop(RTLP_UNWIND *unwind, PULONG64 value)
{
    if (!unwind->Read(unwind->Context->Rsp, value, sizeof(*value)))
        return FALSE;
    unwind->Context->Rsp += sizeof(*value);
    return TRUE;
}

static BOOLEAN RtlpRestoreInteger(RTLP_UNWIND *unwind, ULONG number, ULONG64 address)
{
    if (!unwind->Read(address, &RtlpRegisters(unwind->Context)[number], sizeof(ULONG64)))
        return FALSE;
    if (unwind->Pointers != NULL)
        unwind->Pointers->IntegerContext[number] = (PULONG64)address;
    return TRUE;
}

static BOOLEAN RtlpRestoreVector(RTLP_UNWIND *unwind, ULONG number, ULONG64 address)
{
    if (!unwind->Read(address, &unwind->Context->Xmm0 + number, sizeof(M128A)))
        return FALSE;
    if (unwind->Pointers != NULL)
        unwind->Pointers->FloatingContext[number] = (PM128A)address;
    return TRUE;
}

/* RIP CS RFLAGS RSP SS at Rsp, behind an error code or not. */
static BOOLEAN RtlpPopMachineFrame(RTLP_UNWIND *unwind, BOOLEAN hasErrorCode)
{
    ULONG64 frame[5];

    if (!unwind->Read(unwind->Context->Rsp + (hasErrorCode ? sizeof(ULONG64) : 0), frame, sizeof(frame)))
        return FALSE;
    unwind->Context->Rip = frame[0];
    unwind->Context->Rsp = frame[3];
    return TRUE;
}

static BOOLEAN RtlpUndo(RTLP_UNWIND *unwind, const RTLP_UNWIND_INFO *info, const RTLP_UNWIND_CODE *code, ULONG64 frame)
{
    PCONTEXT context = unwind->Context;

    switch (code->Operation) {
    case UWOP_PUSH_NONVOL:
        context->Rsp += sizeof(ULONG64);
        return RtlpRestoreInteger(unwind, code->Info, context->Rsp - sizeof(ULONG64));
    case UWOP_ALLOC_SMALL:
    case UWOP_ALLOC_LARGE:
        context->Rsp += code->Operand;
        return TRUE;
    case UWOP_SET_FPREG:
        context->Rsp = RtlpRegisters(context)[info->FrameRegister] - info->FrameOffset;
        return info->FrameRegister != 0;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_NONVOL_FAR:
        return RtlpRestoreInteger(unwind, code->Info, frame + code->Operand);
    case UWOP_SAVE_XMM128:
    case UWOP_SAVE_XMM128_FAR:
        return RtlpRestoreVector(unwind, code->Info, frame + code->Operand);
    case UWOP_PUSH_MACHFRAME:
        return RtlpPopMachineFrame(unwind, code->Info != 0);
    default:
        return TRUE;                                          /* UWOP_EPILOG */
    }
}

/* Takes back the codes that were carried out when the first Executed bytes of the function had run. */
static BOOLEAN RtlpUndoPrologue(RTLP_UNWIND *unwind, const RTLP_UNWIND_INFO *info, ULONG executed, ULONG64 frame,
                                BOOLEAN *machine)
{
    RTLP_UNWIND_CODE code;
    ULONG i;

    for (i = 0; i < info->CodeCount; i += code.Slots) {
        if (!RtlpDecodeUnwindCode(info, i, &code))
            return FALSE;
        if (code.Operation == UWOP_EPILOG || code.Offset > executed)
            continue;
        if (!RtlpUndo(unwind, info, &code, frame))
            return FALSE;
        if (code.Operation == UWOP_PUSH_MACHFRAME)
            *machine = TRUE;
    }
    return TRUE;
}

/* The base of the fixed allocation, which saves are relative to and handlers know the frame by. */
static ULONG64 RtlpFrameBase(const RTLP_UNWIND *unwind, const RTLP_UNWIND_INFO *info, ULONG executed)
{
    BOOLEAN isSet = executed >= info->PrologSize;
    RTLP_UNWIND_CODE code;
    ULONG i;

    if (info->FrameRegister == 0)
        return unwind->Context->Rsp;
    for (i = 0; !isSet && RtlpDecodeUnwindCode(info, i, &code); i += code.Slots)
        isSet = code.Operation == UWOP_SET_FPREG && code.Offset <= executed;
    return isSet ? RtlpRegisters(unwind->Context)[info->FrameRegister] - info->FrameOffset : unwind->Context->Rsp;
}

static VOID RtlpReadHandler(const RTLP_IMAGE *image, const RTLP_UNWIND_INFO *info, ULONG handlerType, RTLP_FRAME *frame)
{
    const UCHAR *trailer;

    if ((info->Flags & UNW_FLAG_CHAININFO) != 0 || (info->Flags & handlerType) == 0)
        return;
    trailer = RtlpImageBytes(image, info->TrailerRva, sizeof(ULONG));
    if (trailer == NULL)
        return;
    memcpy(&frame->Handler, trailer, sizeof(ULONG));
    frame->HandlerData = info->TrailerRva + (ULONG)sizeof(ULONG);
    if (RtlpImageBytes(image, frame->Handler, 1) == NULL)
        frame->Handler = 0;
}

/* The chain from its first entry on, which Executed is about; the others' prologues have all run. Info ends as the primary's. */
static BOOLEAN RtlpUndoChain(RTLP_UNWIND *unwind, RTLP_UNWIND_INFO *info, ULONG executed, ULONG64 frame, BOOLEAN *machine)
{
    RUNTIME_FUNCTION function;
    ULONG i;

    for (i = 0; i < RTLP_CHAIN_LIMIT; i++) {
        if (!RtlpUndoPrologue(unwind, info, executed, frame, machine))
            return FALSE;
        if ((info->Flags & UNW_FLAG_CHAININFO) == 0)
            return TRUE;
        if (!RtlpReadChainedFunction(unwind->Image, info, &function) || !RtlpReadUnwindInfo(unwind->Image, &function, info))
            return FALSE;
        executed = WHOLE_PROLOGUE;
        frame = RtlpFrameBase(unwind, info, executed);
    }
    return FALSE;
}

BOOLEAN RtlpUnwindFunction(RTLP_UNWIND *Unwind, ULONG64 ControlPc, const RUNTIME_FUNCTION *Function, ULONG HandlerType,
                           RTLP_FRAME *Frame)
{
    ULONG rva = (ULONG)(ControlPc - Unwind->Image->Base), executed;
    RUNTIME_FUNCTION function = *Function;
    RTLP_UNWIND_INFO info;
    BOOLEAN machine = FALSE, isInProlog;

    *Frame = (RTLP_FRAME){ Unwind->Context->Rsp };
    if (!RtlpResolveFunction(Unwind->Image, &function) || !RtlpReadUnwindInfo(Unwind->Image, &function, &info))
        return FALSE;
    executed = rva - function.BeginAddress;
    isInProlog = executed < info.PrologSize;
    Frame->EstablisherFrame = RtlpFrameBase(Unwind, &info, executed);
    if (!isInProlog && RtlpUnwindEpilogue(Unwind, rva, &function, &info))
        return TRUE;
    if (!RtlpUndoChain(Unwind, &info, executed, Frame->EstablisherFrame, &machine))
        return FALSE;
    if (!isInProlog)
        RtlpReadHandler(Unwind->Image, &info, HandlerType, Frame);
    return machine || RtlpPop(Unwind, &Unwind->Context->Rip);
}

BOOLEAN RtlpUnwindLeaf(RTLP_UNWIND *Unwind)
{
    return RtlpPop(Unwind, &Unwind->Context->Rip);
}
