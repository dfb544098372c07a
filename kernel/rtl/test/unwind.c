/* SPDX-License-Identifier: MIT
 * Unwinding by name: registers kept over frames, RtlUnwind to a frame of assembly, RtlVirtualUnwind, contexts and back traces.
 */
#include "../unwind.h"
#include "test.h"

#define NOINLINE __attribute__((noinline))
#define BAD_ADDRESS ((volatile LONG *)0x10)

/* ---- Non-volatile registers ---- */
typedef struct REGISTERS {
    M128A Xmm[10];                        /* 6 to 15 */
    ULONG64 Integers[7];                  /* rbx rsi rdi r12 r13 r14 r15 */
} REGISTERS;
#define KEPT_BYTES (FIELD_OFFSET(REGISTERS, Integers) + 7 * sizeof(ULONG64))

#define SPOIL_REGISTERS() \
    __asm__ volatile("pcmpeqd %%xmm6, %%xmm6\n movaps %%xmm6, %%xmm7\n movaps %%xmm6, %%xmm8\n movaps %%xmm6, %%xmm9\n" \
                     "movaps %%xmm6, %%xmm10\n movaps %%xmm6, %%xmm11\n movaps %%xmm6, %%xmm12\n movaps %%xmm6, %%xmm13\n" \
                     "movaps %%xmm6, %%xmm14\n movaps %%xmm6, %%xmm15\n xorl %%ebx, %%ebx\n xorl %%esi, %%esi\n" \
                     "xorl %%edi, %%edi\n xorl %%r12d, %%r12d\n xorl %%r13d, %%r13d\n xorl %%r14d, %%r14d\n xorl %%r15d, %%r15d" \
                     : : : "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "rbx", "rsi", \
                       "rdi", "r12", "r13", "r14", "r15", "memory")

static volatile LONG Deep;

static NOINLINE VOID Innermost(VOID)
{
    SPOIL_REGISTERS();
    Deep = *BAD_ADDRESS;
    SPOIL_REGISTERS();
}

static NOINLINE VOID WithLargeFrame(VOID)
{
    volatile UCHAR room[5000];            /* a large allocation code */

    room[4096 + (Deep & 63)] = 1;
    SPOIL_REGISTERS();
    Innermost();
    Deep = room[4096 + (Deep & 63)];
    SPOIL_REGISTERS();
}

static NOINLINE VOID WithFramePointer(VOID)
{
    volatile PUCHAR room = __builtin_alloca((SIZE_T)(Deep & 63) + 16);        /* rsp moves: the frame needs a register */

    room[0] = 1;
    SPOIL_REGISTERS();
    WithLargeFrame();
    Deep = room[0];
}

static NOINLINE VOID CatchInMiddle(VOID)
{
    __try {
        WithFramePointer();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Deep = 1;
    }
}

/* Loads every non-volatile register from In, calls CatchInMiddle and stores them to Out. */
static NOINLINE VOID CallWithRegisters(const REGISTERS *in, REGISTERS *out)
{
    VOID (*routine)(VOID) = CatchInMiddle;

    __asm__ volatile(
        "pushq %%rbp\n movq %%rsp, %%rbp\n andq $-16, %%rsp\n subq $0x30, %%rsp\n movq %1, 0x28(%%rsp)\n"
        "movups (%0), %%xmm6\n movups 16(%0), %%xmm7\n movups 32(%0), %%xmm8\n movups 48(%0), %%xmm9\n"
        "movups 64(%0), %%xmm10\n movups 80(%0), %%xmm11\n movups 96(%0), %%xmm12\n movups 112(%0), %%xmm13\n"
        "movups 128(%0), %%xmm14\n movups 144(%0), %%xmm15\n movq 160(%0), %%rbx\n movq 168(%0), %%rsi\n"
        "movq 176(%0), %%rdi\n movq 184(%0), %%r12\n movq 192(%0), %%r13\n movq 200(%0), %%r14\n movq 208(%0), %%r15\n"
        "callq *%2\n movq 0x28(%%rsp), %%rax\n"
        "movups %%xmm6, (%%rax)\n movups %%xmm7, 16(%%rax)\n movups %%xmm8, 32(%%rax)\n movups %%xmm9, 48(%%rax)\n"
        "movups %%xmm10, 64(%%rax)\n movups %%xmm11, 80(%%rax)\n movups %%xmm12, 96(%%rax)\n movups %%xmm13, 112(%%rax)\n"
        "movups %%xmm14, 128(%%rax)\n movups %%xmm15, 144(%%rax)\n movq %%rbx, 160(%%rax)\n movq %%rsi, 168(%%rax)\n"
        "movq %%rdi, 176(%%rax)\n movq %%r12, 184(%%rax)\n movq %%r13, 192(%%rax)\n movq %%r14, 200(%%rax)\n"
        "movq %%r15, 208(%%rax)\n movq %%rbp, %%rsp\n popq %%rbp"
        : "+c"(in), "+d"(out), "+a"(routine)
        :
        : "r8", "r9", "r10", "r11", "rbx", "rsi", "rdi", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
          "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
}

static VOID KeepRegisters(VOID)
{
    REGISTERS in, out;
    PUCHAR bytes = (PUCHAR)&in;
    ULONG i;

    for (i = 0; i < sizeof(in); i++)
        bytes[i] = (UCHAR)(i * 7 + 3);
    RtlZeroMemory(&out, sizeof(out));
    CallWithRegisters(&in, &out);
    CHECK(RtlCompareMemory(&in, &out, KEPT_BYTES) == KEPT_BYTES);
    CHECK(Deep == 1);
}

/* ---- RtlUnwind to a frame that is not C: its establisher frame is rsp, its end the target ---- */
typedef VOID LEAVE(PVOID Frame, PVOID TargetIp);
ULONG64 RtlpTestFrame(LEAVE *Leave);
__asm__(".globl RtlpTestFrame\n"
        "RtlpTestFrame:\n .seh_proc RtlpTestFrame\n subq $0x28, %rsp\n .seh_stackalloc 0x28\n .seh_endprologue\n"
        "movq %rcx, %rax\n movq %rsp, %rcx\n leaq 1f(%rip), %rdx\n callq *%rax\n movl $99, %eax\n"
        "1: addq $0x28, %rsp\n retq\n .seh_endproc\n");

static volatile LONG Terminated;

static NOINLINE VOID UnwindThroughFinally(PVOID frame, PVOID target, PEXCEPTION_RECORD record)
{
    __try {
        RtlUnwind(frame, target, record, (PVOID)42);
    } __finally {
        Terminated++;
    }
}

static VOID LeaveByUnwind(PVOID frame, PVOID target) { UnwindThroughFinally(frame, target, NULL); }

static VOID UnwindToFrame(VOID)
{
    Terminated = 0;
    CHECK(RtlpTestFrame(LeaveByUnwind) == 42);
    CHECK(Terminated == 1);
}

static NOINLINE VOID LeaveLocally(PVOID frame, PVOID target)
{
    __try {
        _local_unwind(frame, target);
    } __finally {
        Terminated += 10;
    }
}

static VOID LocalUnwind(VOID)
{
    Terminated = 0;
    CHECK(RtlpTestFrame(LeaveLocally) == 0);
    CHECK(Terminated == 10);
}

/* ---- Consolidation: the routine says where to go on ---- */
static ULONG64 Consolidate(PEXCEPTION_RECORD record)
{
    PVOID frames[32];

    Terminated += 100;
    CHECK(RtlWalkFrameChain(frames, 32, 0) > 2);              /* the stack below is whole */
    return record->ExceptionInformation[1];
}

static VOID LeaveByConsolidation(PVOID frame, PVOID target)
{
    EXCEPTION_RECORD record = { STATUS_UNWIND_CONSOLIDATE };

    record.NumberParameters = 2;
    record.ExceptionInformation[0] = (ULONG_PTR)Consolidate;
    record.ExceptionInformation[1] = (ULONG_PTR)target;
    UnwindThroughFinally(frame, NULL, &record);
}

static VOID ConsolidatedUnwind(VOID)
{
    Terminated = 0;
    CHECK(RtlpTestFrame(LeaveByConsolidation) == 42);
    CHECK(Terminated == 101);
}

static VOID UnwindToNowhere(VOID)
{
    volatile NTSTATUS caught = 0;

    __try {
        RtlUnwind((PVOID)8, NULL, NULL, NULL);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_BAD_STACK);
}

/* ---- Contexts ---- */
static VOID CaptureAndRestore(VOID)
{
    volatile LONG passes = 0;
    CONTEXT context;

    RtlCaptureContext(&context);
    passes++;
    if (passes < 3)
        RtlRestoreContext(&context, NULL);
    CHECK(passes == 3);
    CHECK(context.Rip - (ULONG64)CaptureAndRestore < 256);
}

static NOINLINE VOID CompareUnwinds(VOID)
{
    CONTEXT checked, plain;
    PVOID data;
    ULONG64 base = 0, frame = 0;
    PRUNTIME_FUNCTION function;

    RtlCaptureContext(&checked);
    plain = checked;
    function = RtlLookupFunctionEntry(plain.Rip, &base, NULL);
    CHECK(function != NULL && base + function->BeginAddress == (ULONG64)CompareUnwinds);
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, plain.Rip, function, &plain, &data, &frame, NULL);
    CHECK(RtlUnwindOneFrame(&checked));
    CHECK(plain.Rip == checked.Rip && plain.Rsp == checked.Rsp && plain.Rbx == checked.Rbx && plain.Rbp == checked.Rbp);
    CHECK(plain.Rip == (ULONG64)__builtin_return_address(0));
    CHECK(RtlLookupFunctionEntry(0x10, &base, NULL) == NULL);
}

static VOID VirtualUnwind(VOID)
{
    CompareUnwinds();
    Deep = 2;                             /* no tail call */
}

static NOINLINE VOID CompareTraces(VOID)
{
    PVOID all[32], skipped[32], chain[32], base = NULL;
    ULONG hash = 0, sum = 0, count = RtlCaptureStackBackTrace(0, 32, all, &hash), i;

    CHECK(count > 2 && RtlCaptureStackBackTrace(1, 32, skipped, NULL) == count - 1);
    CHECK(RtlCompareMemory(&all[1], skipped, (count - 1) * sizeof(PVOID)) == (count - 1) * sizeof(PVOID));
    for (i = 0; i < count; i++)
        sum += (ULONG)(ULONG_PTR)all[i];
    CHECK(hash == sum);
    CHECK(RtlWalkFrameChain(chain, 32, 0) == count && chain[1] == all[1]);
    CHECK(RtlWalkFrameChain(chain, 32, 1) == 0);
    CHECK((ULONG_PTR)all[0] - (ULONG_PTR)CompareTraces < 1024 && all[1] == __builtin_return_address(0));
    CHECK(RtlPcToFileHeader(all[0], &base) == base && base != NULL && *(PUSHORT)base == 0x5A4D);
    CHECK(RtlPcToFileHeader((PVOID)0x10, &base) == NULL && base == NULL);
}

static VOID BackTrace(VOID)
{
    CompareTraces();
    Deep = 3;
}

static const KE_TEST Tests[] = {
    { "rtl.unwind.registers", KeepRegisters },
    { "rtl.unwind.frame", UnwindToFrame },
    { "rtl.unwind.local", LocalUnwind },
    { "rtl.unwind.consolidate", ConsolidatedUnwind },
    { "rtl.unwind.nowhere", UnwindToNowhere },
    { "rtl.unwind.context", CaptureAndRestore },
    { "rtl.unwind.virtual", VirtualUnwind },
    { "rtl.unwind.backtrace", BackTrace },
};
const KE_TEST_GROUP RtlUnwindTests = { Tests, RTL_NUMBER_OF(Tests) };
