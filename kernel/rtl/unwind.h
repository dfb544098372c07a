/* SPDX-License-Identifier: MIT
 * Private to rtl/: x64 unwind data as documented ("x64 exception handling"), and what one frame's unwind is.
 *
 * Unwind data come from drivers. Nothing of an image is read outside of its bounds, nothing of a stack without the reader's
 * consent, and every loop over either has a limit.
 */
#pragma once
#include "rtlp.h"

/* ---- Public types that the DDK leaves out ---- */
typedef struct _RUNTIME_FUNCTION {
    ULONG BeginAddress, EndAddress;       /* relative to the image */
    ULONG UnwindData;                     /* bit 0: of another RUNTIME_FUNCTION that holds it */
} RUNTIME_FUNCTION, *PRUNTIME_FUNCTION;

typedef struct _UNWIND_HISTORY_TABLE UNWIND_HISTORY_TABLE, *PUNWIND_HISTORY_TABLE;      /* a cache of searches; we keep none */

typedef struct _DISPATCHER_CONTEXT {
    ULONG64 ControlPc, ImageBase;
    PRUNTIME_FUNCTION FunctionEntry;
    ULONG64 EstablisherFrame, TargetIp;
    PCONTEXT ContextRecord;
    PEXCEPTION_ROUTINE LanguageHandler;
    PVOID HandlerData;
    PUNWIND_HISTORY_TABLE HistoryTable;
    ULONG ScopeIndex, Fill0;
} DISPATCHER_CONTEXT, *PDISPATCHER_CONTEXT;

typedef struct _KNONVOLATILE_CONTEXT_POINTERS {
    PM128A FloatingContext[16];
    PULONG64 IntegerContext[16];
} KNONVOLATILE_CONTEXT_POINTERS, *PKNONVOLATILE_CONTEXT_POINTERS;

#define UNW_FLAG_NHANDLER 0x0
#define UNW_FLAG_EHANDLER 0x1
#define UNW_FLAG_UHANDLER 0x2
#define UNW_FLAG_CHAININFO 0x4

/* EXCEPTION_RECORD.ExceptionFlags */
#define EXCEPTION_UNWINDING 0x02
#define EXCEPTION_EXIT_UNWIND 0x04
#define EXCEPTION_STACK_INVALID 0x08
#define EXCEPTION_NESTED_CALL 0x10
#define EXCEPTION_TARGET_UNWIND 0x20
#define EXCEPTION_COLLIDED_UNWIND 0x40

PRUNTIME_FUNCTION NTAPI RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase, PUNWIND_HISTORY_TABLE HistoryTable);
PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID *BaseOfImage);
PEXCEPTION_ROUTINE NTAPI RtlVirtualUnwind(ULONG HandlerType, ULONG64 ImageBase, ULONG64 ControlPc,
                                          PRUNTIME_FUNCTION FunctionEntry, PCONTEXT ContextRecord, PVOID *HandlerData,
                                          PULONG64 EstablisherFrame, PKNONVOLATILE_CONTEXT_POINTERS ContextPointers);

/* ---- Images (functiontable.c) ---- */
typedef struct RTLP_IMAGE {
    ULONG64 Base;
    ULONG Size;
    const RUNTIME_FUNCTION *Functions;
    ULONG FunctionCount;
} RTLP_IMAGE;

BOOLEAN RtlpFindImage(ULONG64 Address, RTLP_IMAGE *Image);
/* Length bytes of the image, or NULL when they are not inside it. */
const UCHAR *RtlpImageBytes(const RTLP_IMAGE *Image, ULONG Rva, ULONG Length);
/* The entry whose range holds Rva, or NULL. */
const RUNTIME_FUNCTION *RtlpFindFunction(const RTLP_IMAGE *Image, ULONG Rva);
/* Replaces an indirect entry by the one it points at. FALSE when that makes no sense. */
BOOLEAN RtlpResolveFunction(const RTLP_IMAGE *Image, RUNTIME_FUNCTION *Function);

/* ---- Unwind information of one entry (unwindinfo.c) ---- */
typedef enum RTLP_UNWIND_OPERATION {
    UWOP_PUSH_NONVOL, UWOP_ALLOC_LARGE, UWOP_ALLOC_SMALL, UWOP_SET_FPREG, UWOP_SAVE_NONVOL, UWOP_SAVE_NONVOL_FAR, UWOP_EPILOG,
    UWOP_SPARE_CODE, UWOP_SAVE_XMM128, UWOP_SAVE_XMM128_FAR, UWOP_PUSH_MACHFRAME
} RTLP_UNWIND_OPERATION;

typedef struct RTLP_UNWIND_INFO {
    UCHAR Version, Flags, PrologSize, CodeCount;
    UCHAR FrameRegister;                  /* 0: none */
    ULONG FrameOffset;                    /* bytes */
    const UCHAR *Codes;                   /* two bytes each */
    ULONG TrailerRva;                     /* of handler or chained entry */
} RTLP_UNWIND_INFO;

typedef struct RTLP_UNWIND_CODE {
    UCHAR Offset, Operation, Info;
    ULONG Operand;                        /* bytes or offset, scaled */
    ULONG Slots;                          /* codes it takes up */
} RTLP_UNWIND_CODE;

#define RTLP_CHAIN_LIMIT 32               /* chained entries; compilers make two or three */

BOOLEAN RtlpReadUnwindInfo(const RTLP_IMAGE *Image, const RUNTIME_FUNCTION *Function, RTLP_UNWIND_INFO *Info);
/* The code at Index; FALSE when there is none such or it reaches past the end. */
BOOLEAN RtlpDecodeUnwindCode(const RTLP_UNWIND_INFO *Info, ULONG Index, RTLP_UNWIND_CODE *Code);
/* The entry that Function's information continues in (UNW_FLAG_CHAININFO). */
BOOLEAN RtlpReadChainedFunction(const RTLP_IMAGE *Image, const RTLP_UNWIND_INFO *Info, RUNTIME_FUNCTION *Function);

/* ---- One frame ---- */
/* Copies Length bytes of stack; FALSE when they may not be read. */
typedef BOOLEAN RTLP_STACK_READER(ULONG64 Address, PVOID Buffer, ULONG Length);

typedef struct RTLP_UNWIND {
    const RTLP_IMAGE *Image;
    RTLP_STACK_READER *Read;
    PCONTEXT Context;
    PKNONVOLATILE_CONTEXT_POINTERS Pointers;      /* or NULL */
} RTLP_UNWIND;

typedef struct RTLP_FRAME {
    ULONG64 EstablisherFrame;
    ULONG Handler, HandlerData;           /* relative to the image; Handler 0: none of the type asked for, or not entered yet */
} RTLP_FRAME;

/* Moves Unwind->Context from ControlPc in Function to the caller. FALSE, with the context in between, on data that make no
 * sense. */
BOOLEAN RtlpUnwindFunction(RTLP_UNWIND *Unwind, ULONG64 ControlPc, const RUNTIME_FUNCTION *Function, ULONG HandlerType,
                           RTLP_FRAME *Frame);
/* The same for a function without unwind data, which has only its return address on the stack. */
BOOLEAN RtlpUnwindLeaf(RTLP_UNWIND *Unwind);
/* Continues an epilogue that ControlPc lies in (epilogue.c). FALSE, with nothing changed, when it lies in none. */
BOOLEAN RtlpUnwindEpilogue(RTLP_UNWIND *Unwind, ULONG ControlRva, const RUNTIME_FUNCTION *Function, const RTLP_UNWIND_INFO *Info);
/* The 16 integer registers in their encoding's order. */
static inline PULONG64 RtlpRegisters(PCONTEXT Context) { return &Context->Rax; }

/* ---- Dispatching (dispatch.c, unwind.c) ---- */
#define RTLP_FRAME_LIMIT 4096u            /* no kernel stack has room for more */

/* Moves Context one frame up as RtlUnwindOneFrame does and fills what Dispatcher says about that frame: ControlPc, ImageBase,
 * FunctionEntry, EstablisherFrame, LanguageHandler (NULL: none), HandlerData. */
BOOLEAN RtlpUnwindForDispatch(PCONTEXT Context, ULONG HandlerType, PDISPATCHER_CONTEXT Dispatcher);
/* The frame may be handed to a handler: aligned and on the stack. */
BOOLEAN RtlpIsFrameValid(ULONG64 EstablisherFrame);
/* Raises Status because of what a handler did while Record was dispatched. */
VOID RtlpRaiseBecauseOf(NTSTATUS Status, PEXCEPTION_RECORD Record);

VOID NTAPI RtlUnwindEx(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue,
                       PCONTEXT ContextRecord, PUNWIND_HISTORY_TABLE HistoryTable);
VOID NTAPI _local_unwind(PVOID Frame, PVOID TargetIp);

/* context.S: call Dispatcher->LanguageHandler from frames whose own handlers tell a nested exception and a collided unwind. */
EXCEPTION_DISPOSITION RtlpCallExceptionHandler(PEXCEPTION_RECORD Record, PVOID EstablisherFrame, PCONTEXT Context,
                                               PDISPATCHER_CONTEXT Dispatcher);
EXCEPTION_DISPOSITION RtlpCallUnwindHandler(PEXCEPTION_RECORD Record, PVOID EstablisherFrame, PCONTEXT Context,
                                            PDISPATCHER_CONTEXT Dispatcher);
EXCEPTION_DISPOSITION RtlpNestedExceptionHandler(PEXCEPTION_RECORD Record, PVOID EstablisherFrame, PCONTEXT Context,
                                                 PDISPATCHER_CONTEXT Dispatcher);
EXCEPTION_DISPOSITION RtlpCollidedUnwindHandler(PEXCEPTION_RECORD Record, PVOID EstablisherFrame, PCONTEXT Context,
                                                PDISPATCHER_CONTEXT Dispatcher);
