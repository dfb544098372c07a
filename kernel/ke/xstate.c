/* SPDX-License-Identifier: MIT
 * Extended processor state. The kernel itself uses SSE registers only, as the calling convention has them, so a switch between
 * threads need not save the upper halves of the AVX registers. A driver that uses them says so (KeSaveExtendedProcessorState): what
 * they held is put away, and until they are restored a switch away from the thread saves its registers in the same record.
 */
#include "ki.h"

#define CR4_OSXSAVE 0x40000ull
#define KI_XSAVE_ALIGNMENT 64u
#define KI_XSTATE_LEGACY 3ull                    /* x87 and SSE */
#define KI_XSTATE_AVX 4ull

static ULONG64 KiXStateMask;                     /* I features that XCR0 enables; 0: the processor has no XSAVE */
static ULONG KiXStateSize;                       /* I bytes of an area with all of them */

/* On each processor. */
VOID KiEnableExtendedState(VOID)
{
    ULONG64 supported;

    if (!(KiCpuid(1, 0).Ecx & (1u << 26)))
        return;
    KiWriteCr4(KiReadCr4() | CR4_OSXSAVE);
    supported = KiCpuid(0xD, 0).Eax & (KI_XSTATE_LEGACY | KI_XSTATE_AVX);
    __asm__ volatile("xsetbv" : : "a"((ULONG)supported), "d"(0), "c"(0));
    KiXStateMask = supported;
    KiXStateSize = KiCpuid(0xD, 0).Ebx;
}

/* Once KUSER_SHARED_DATA is there. */
VOID KiPublishExtendedState(VOID)
{
    SharedUserData->XState.EnabledFeatures = KiXStateMask;
    SharedUserData->XState.Size = KiXStateSize;
}

static VOID KiSaveState(PVOID Area, ULONG64 Mask)
{
    __asm__ volatile("xsave64 (%0)" : : "r"(Area), "a"((ULONG)Mask), "d"((ULONG)(Mask >> 32)) : "memory");
}

static VOID KiRestoreState(PVOID Area, ULONG64 Mask)
{
    __asm__ volatile("xrstor64 (%0)" : : "r"(Area), "a"((ULONG)Mask), "d"((ULONG)(Mask >> 32)) : "memory");
}

/* Behind the area with what was saved lies one for switches. */
static PVOID KiSwitchArea(const XSTATE_SAVE *Save) { return (PCHAR)Save->XStateContext.Area + Save->XStateContext.Length; }

VOID KiSaveSwitchState(const XSTATE_SAVE *Save) { KiSaveState(KiSwitchArea(Save), Save->XStateContext.Mask); }
VOID KiRestoreSwitchState(const XSTATE_SAVE *Save) { KiRestoreState(KiSwitchArea(Save), Save->XStateContext.Mask); }

/* ---- User threads ----
 * The XMM registers are not part of it: the kernel uses them and saves them in its frames. Where there is no XSAVE, they go along. */
#define KI_USER_STATE 5ull                       /* x87 and AVX */
#define KI_FXSAVE_BYTES 512u
#define KI_INITIAL_CONTROL_WORD 0x27F

VOID KiSaveUserState(PVOID Area)
{
    if (KiXStateMask != 0)
        KiSaveState(Area, KI_USER_STATE & KiXStateMask);
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(Area) : "memory");
}

VOID KiRestoreUserState(PVOID Area)
{
    if (KiXStateMask != 0)
        KiRestoreState(Area, KI_USER_STATE & KiXStateMask);
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(Area) : "memory");
}

/* The address that the pool gave stands in front of the aligned area. */
PVOID KiAllocateUserState(VOID)
{
    SIZE_T bytes = max(KiXStateSize, KI_FXSAVE_BYTES) + KI_XSAVE_ALIGNMENT;
    PVOID buffer = KeUpcalls.AllocatePool(bytes, 'SxeK');
    XMM_SAVE_AREA32 *area = (PVOID)(((ULONG_PTR)buffer + KI_XSAVE_ALIGNMENT) & ~(ULONG_PTR)(KI_XSAVE_ALIGNMENT - 1));

    if (buffer == NULL)
        return NULL;
    RtlZeroMemory(buffer, bytes);
    ((PVOID *)area)[-1] = buffer;
    area->ControlWord = KI_INITIAL_CONTROL_WORD;
    area->MxCsr = 0x1F80;
    if (KiXStateMask != 0)                       /* XSTATE_BV: x87 is not in its initial state, the rest is */
        *(ULONG64 *)((PCHAR)area + KI_FXSAVE_BYTES) = 1;
    return area;
}

VOID KiFreeUserState(PVOID Area) { KeUpcalls.FreePool(((PVOID *)Area)[-1], 'SxeK'); }

/* ---- The documented interface ---- */
static BOOLEAN KiAllocateState(PXSTATE_SAVE Save)
{
    ULONG length = (KiXStateSize + KI_XSAVE_ALIGNMENT - 1) & ~(KI_XSAVE_ALIGNMENT - 1);
    SIZE_T bytes = 2 * length + KI_XSAVE_ALIGNMENT;
    PVOID buffer = KeUpcalls.AllocatePool(bytes, 'SxeK');

    if (buffer == NULL)
        return FALSE;
    RtlZeroMemory(buffer, bytes);
    Save->XStateContext.Buffer = buffer;
    Save->XStateContext.Length = length;
    Save->XStateContext.Area = (PXSAVE_AREA)(((ULONG_PTR)buffer + KI_XSAVE_ALIGNMENT - 1) & ~(ULONG_PTR)(KI_XSAVE_ALIGNMENT - 1));
    return TRUE;
}

NTSTATUS NTAPI KeSaveExtendedProcessorState(ULONG64 Mask, PXSTATE_SAVE XStateSave)
{
    PKTHREAD thread = KeCurrentThread();

    ASSERT(KeIrql() <= DISPATCH_LEVEL);
    RtlZeroMemory(XStateSave, sizeof(*XStateSave));
    XStateSave->XStateContext.Mask = Mask & KiXStateMask;
    if (XStateSave->XStateContext.Mask == 0)     /* nothing that was asked for can be used */
        return STATUS_SUCCESS;
    if (!KiAllocateState(XStateSave))
        return STATUS_INSUFFICIENT_RESOURCES;
    XStateSave->Thread = (struct _KTHREAD *)thread;
    XStateSave->Level = KeIrql();
    KiSaveState(XStateSave->XStateContext.Area, XStateSave->XStateContext.Mask);
    if (XStateSave->Level < DISPATCH_LEVEL) {    /* nobody switches away from DISPATCH_LEVEL */
        XStateSave->Prev = thread->XStateSave;
        __atomic_store_n(&thread->XStateSave, XStateSave, __ATOMIC_RELEASE);
    }
    return STATUS_SUCCESS;
}

VOID NTAPI KeRestoreExtendedProcessorState(PXSTATE_SAVE XStateSave)
{
    if (XStateSave->XStateContext.Mask == 0)
        return;
    if (XStateSave->Level < DISPATCH_LEVEL)
        __atomic_store_n(&KeCurrentThread()->XStateSave, XStateSave->Prev, __ATOMIC_RELEASE);
    KiRestoreState(XStateSave->XStateContext.Area, XStateSave->XStateContext.Mask);
    KeUpcalls.FreePool(XStateSave->XStateContext.Buffer, 'SxeK');
    XStateSave->XStateContext.Mask = 0;
}

/* x64 drivers may use the x87 and SSE registers as the calling convention has them: nothing needs saving. */
#undef KeSaveFloatingPointState
#undef KeRestoreFloatingPointState
NTSTATUS NTAPI KeSaveFloatingPointState(PKFLOATING_SAVE FloatSave);
NTSTATUS NTAPI KeRestoreFloatingPointState(PKFLOATING_SAVE FloatSave);
NTSTATUS NTAPI KeSaveFloatingPointState(PKFLOATING_SAVE FloatSave)
{
    *(PULONG)FloatSave = 0;
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI KeRestoreFloatingPointState(PKFLOATING_SAVE FloatSave) { return STATUS_SUCCESS; }
