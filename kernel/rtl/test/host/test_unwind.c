/* SPDX-License-Identifier: MIT
 * One frame's unwind: functions whose code and unwind data are written by hand, at every instruction of theirs; then data that
 * mean harm. The image lies in memory of exactly its size, so that ASan sees each read outside of it.
 */
#include "host.h"
#include "unwind.h"

#define IMAGE_SIZE 0x400u
#define CODE 0x100u
#define INFO 0x200u
#define TABLE 0x300u
#define STACK_WORDS 256u
#define RETURN_ADDRESS 0x1122334455667788u
#define JUNK 0xBAD0BAD0BAD0BAD0u

static UCHAR *Image;
static ULONG64 Stack[STACK_WORDS] __attribute__((aligned(16)));
static ULONG FunctionCount;
static ULONG StackReads;

static BOOLEAN FindImage(ULONG64 address, PULONG64 base, PULONG size, const VOID **table, PULONG count)
{
    if (address - (ULONG64)Image >= IMAGE_SIZE)
        return FALSE;
    *base = (ULONG64)Image;
    *size = IMAGE_SIZE;
    *table = Image + TABLE;
    *count = FunctionCount;
    return TRUE;
}

static BOOLEAN IsOnStack(ULONG64 address, ULONG length)
{
    ULONG64 offset = address - (ULONG64)Stack;
    StackReads++;
    return offset < sizeof(Stack) && length <= sizeof(Stack) - offset;
}

static int setup(void **state)
{
    Image = aligned_alloc(64, IMAGE_SIZE);
    memset(Image, 0xCC, IMAGE_SIZE);
    memset(Stack, 0x5A, sizeof(Stack));
    FunctionCount = 0;
    RtlUpcalls.FindImage = FindImage;
    RtlUpcalls.IsOnStack = IsOnStack;
    return 0;
}

static int teardown(void **state)
{
    free(Image);
    return 0;
}

static void AddFunction(ULONG begin, ULONG end, ULONG info)
{
    RUNTIME_FUNCTION function = { begin, end, info };
    memcpy(Image + TABLE + FunctionCount++ * sizeof(function), &function, sizeof(function));
}

/* ---- A function with pushes, an allocation, a saved vector, an epilogue ---- */
typedef struct POINT {
    ULONG Offset;                         /* of the instruction about to run */
    ULONG Depth;                          /* bytes of stack in use, without the return address */
    BOOLEAN RbpSpoilt, RbxSpoilt, XmmSpoilt;
} POINT;

static const UCHAR PlainCode[] = {
    0x55,                                 /* 0  push rbp */
    0x53,                                 /* 1  push rbx */
    0x48, 0x83, 0xEC, 0x28,               /* 2  sub rsp, 28h */
    0x0F, 0x29, 0x74, 0x24, 0x10,         /* 6  movaps [rsp+10h], xmm6 */
    0x90,                                 /* 11 nop */
    0x0F, 0x28, 0x74, 0x24, 0x10,         /* 12 movaps xmm6, [rsp+10h] */
    0x48, 0x83, 0xC4, 0x28,               /* 17 add rsp, 28h */
    0x5B,                                 /* 21 pop rbx */
    0x5D,                                 /* 22 pop rbp */
    0xC3,                                 /* 23 ret */
};
static const UCHAR PlainInfo[] = {
    0x19, 11, 5, 0,                       /* version 1, EHANDLER | UHANDLER */
    11, 0x68, 1, 0,                       /* SAVE_XMM128 xmm6, 10h */
    6, 0x42,                              /* ALLOC_SMALL 28h */
    2, 0x30,                              /* PUSH_NONVOL rbx */
    1, 0x50,                              /* PUSH_NONVOL rbp */
    0, 0,                                 /* to an even count */
    0x80, 0x01, 0, 0,                     /* handler at 180h */
    0x78, 0x56, 0x34, 0x12,               /* its data */
};
static const POINT PlainPoints[] = {
    { 0, 0, FALSE, FALSE, FALSE }, { 1, 8, TRUE, FALSE, FALSE }, { 2, 16, TRUE, TRUE, FALSE }, { 6, 56, TRUE, TRUE, FALSE },
    { 11, 56, TRUE, TRUE, TRUE }, { 12, 56, TRUE, TRUE, TRUE }, { 17, 56, TRUE, TRUE, FALSE }, { 21, 16, TRUE, TRUE, FALSE },
    { 22, 8, TRUE, FALSE, FALSE }, { 23, 0, FALSE, FALSE, FALSE },
};

static void PlaceStack(ULONG64 *entry)    /* what the function leaves below its return address */
{
    entry[0] = RETURN_ADDRESS;
    entry[-1] = 0xB1;                     /* rbp */
    entry[-2] = 0xB2;                     /* rbx */
    entry[-5] = 0x66;                     /* xmm6 at entry - 38h + 10h */
    entry[-4] = 0x67;
}

static void test_each_instruction(void **state)
{
    ULONG64 *entry = &Stack[100], i;
    DISPATCHER_CONTEXT frame;

    memcpy(Image + CODE, PlainCode, sizeof(PlainCode));
    memcpy(Image + INFO, PlainInfo, sizeof(PlainInfo));
    AddFunction(CODE, CODE + sizeof(PlainCode), INFO);
    PlaceStack(entry);
    for (i = 0; i < RTL_NUMBER_OF(PlainPoints); i++) {
        const POINT *point = &PlainPoints[i];
        CONTEXT context = { .Rip = (ULONG64)Image + CODE + point->Offset, .Rsp = (ULONG64)entry - point->Depth };

        context.Rbp = point->RbpSpoilt ? JUNK : 0xB1;
        context.Rbx = point->RbxSpoilt ? JUNK : 0xB2;
        context.Xmm6 = point->XmmSpoilt ? (M128A){ JUNK, 1 } : (M128A){ 0x66, 0x67 };
        assert_true(RtlpUnwindForDispatch(&context, UNW_FLAG_EHANDLER, &frame));
        assert_true(context.Rip == RETURN_ADDRESS && context.Rsp == (ULONG64)(entry + 1));
        assert_true(context.Rbp == 0xB1 && context.Rbx == 0xB2);
        assert_true(context.Xmm6.Low == 0x66 && context.Xmm6.High == 0x67);
        /* no handler in the prologue and in the epilogue, whose first instruction is the add */
        assert_int_equal(frame.LanguageHandler != NULL, point->Offset >= 11 && point->Offset < 17);
        if (frame.LanguageHandler != NULL) {
            assert_true((ULONG64)frame.LanguageHandler == (ULONG64)Image + 0x180);
            assert_int_equal(*(ULONG *)frame.HandlerData, 0x12345678);
            assert_true(frame.EstablisherFrame == (ULONG64)entry - 56);
        }
    }
}

static void test_virtual_unwind(void **state)
{
    ULONG64 *entry = &Stack[100], base = 0, establisher = 0;
    CONTEXT context = { .Rip = (ULONG64)Image + CODE + 12, .Rsp = (ULONG64)entry - 56 };
    KNONVOLATILE_CONTEXT_POINTERS pointers = { 0 };
    PRUNTIME_FUNCTION function;
    PVOID data = NULL;

    memcpy(Image + CODE, PlainCode, sizeof(PlainCode));
    memcpy(Image + INFO, PlainInfo, sizeof(PlainInfo));
    AddFunction(CODE, CODE + sizeof(PlainCode), INFO);
    PlaceStack(entry);
    function = RtlLookupFunctionEntry(context.Rip, &base, NULL);
    assert_ptr_equal(function, Image + TABLE);
    assert_true(base == (ULONG64)Image);
    assert_null(RtlLookupFunctionEntry((ULONG64)Image + CODE + sizeof(PlainCode), &base, NULL));
    assert_non_null(RtlVirtualUnwind(UNW_FLAG_UHANDLER, base, context.Rip, function, &context, &data, &establisher, &pointers));
    assert_true(context.Rip == RETURN_ADDRESS && establisher == (ULONG64)entry - 56);
    assert_ptr_equal(pointers.IntegerContext[5], &entry[-1]);
    assert_ptr_equal(pointers.IntegerContext[3], &entry[-2]);
    assert_ptr_equal(pointers.FloatingContext[6], &entry[-5]);
    context = (CONTEXT){ .Rsp = (ULONG64)entry };             /* a leaf */
    assert_null(RtlVirtualUnwind(UNW_FLAG_EHANDLER, base, base + 1, NULL, &context, &data, &establisher, NULL));
    assert_true(context.Rip == RETURN_ADDRESS && context.Rsp == (ULONG64)(entry + 1));
}

/* ---- A frame register, far saves, a large allocation ---- */
static const UCHAR FrameInfo[] = {
    0x01, 40, 16, 0x25,                   /* rbp = rsp + 20h after the prologue */
    40, 0x79, 0x00, 0x01, 0x00, 0x00,     /* SAVE_XMM128_FAR xmm7, 100h */
    32, 0xC5, 0x18, 0x01, 0x00, 0x00,     /* SAVE_NONVOL_FAR r12, 118h */
    24, 0x64, 0x25, 0x00,                 /* SAVE_NONVOL rsi, 128h */
    16, 0x03,                             /* SET_FPREG */
    11, 0x11, 0x00, 0x02, 0x00, 0x00,     /* ALLOC_LARGE 200h, unscaled */
    4, 0x01, 0x20, 0x00,                  /* ALLOC_LARGE 100h, scaled */
    1, 0x50, 0, 0, 0, 0,                  /* PUSH_NONVOL rbp */
};

static void test_frame_register(void **state)
{
    ULONG64 *entry = &Stack[200], *base = entry - 1 - 0x300 / 8;
    CONTEXT context = { .Rip = (ULONG64)Image + CODE + 50 };

    memcpy(Image + INFO, FrameInfo, sizeof(FrameInfo));
    Image[INFO + 2] = 15;
    AddFunction(CODE, CODE + 0x60, INFO);
    entry[0] = RETURN_ADDRESS;
    entry[-1] = 0xB1;
    base[0x100 / 8] = 0x70;
    base[0x108 / 8] = 0x71;
    base[0x118 / 8] = 0xC;
    base[0x128 / 8] = 0x51;
    context.Rbp = (ULONG64)base + 0x20;
    context.Rsp = (ULONG64)&Stack[3];                         /* anywhere: alloca */
    assert_true(RtlUnwindOneFrame(&context));
    assert_true(context.Rip == RETURN_ADDRESS && context.Rsp == (ULONG64)(entry + 1) && context.Rbp == 0xB1);
    assert_true(context.R12 == 0xC && context.Rsi == 0x51 && context.Xmm7.Low == 0x70 && context.Xmm7.High == 0x71);

    context = (CONTEXT){ .Rip = (ULONG64)Image + CODE + 12, .Rsp = (ULONG64)base, .Rbp = JUNK };      /* before SET_FPREG */
    assert_true(RtlUnwindOneFrame(&context));
    assert_true(context.Rip == RETURN_ADDRESS && context.Rbp == 0xB1);
}

static void test_frame_epilogue(void **state)
{
    static const UCHAR code[] = {
        0x48, 0x8D, 0x65, 0xE0 + 0x10, 0x41, 0x5C, 0x5D, 0xF3, 0xC3
    }; /* lea rsp,[rbp-10h] pop r12 pop rbp */
    static const UCHAR info[] = { 0x01, 8, 1, 0x05, 8, 0x03 };
    ULONG64 *frame = &Stack[100];
    CONTEXT context = { .Rip = (ULONG64)Image + CODE + 16, .Rsp = (ULONG64)&Stack[9], .Rbp = (ULONG64)frame };

    memcpy(Image + CODE + 16, code, sizeof(code));
    memcpy(Image + INFO, info, sizeof(info));
    AddFunction(CODE, CODE + 64, INFO);
    frame[-2] = 0x12;
    frame[-1] = 0xB1;
    frame[0] = RETURN_ADDRESS;
    assert_true(RtlUnwindOneFrame(&context));
    assert_true(context.Rip == RETURN_ADDRESS && context.R12 == 0x12 && context.Rbp == 0xB1 && context.Rsp == (ULONG64)&frame[1]);
}

static void test_machine_frame(void **state)
{
    static const UCHAR info[] = { 0x01, 8, 2, 0, 8, 0x12, 0, 0x1A };        /* ALLOC_SMALL 10h, PUSH_MACHFRAME with code */
    CONTEXT context = { .Rip = (ULONG64)Image + CODE + 16, .Rsp = (ULONG64)&Stack[10] };

    memcpy(Image + INFO, info, sizeof(info));
    AddFunction(CODE, CODE + 64, INFO);
    Stack[13] = RETURN_ADDRESS;                               /* after the error code */
    Stack[16] = 0x4444;
    assert_true(RtlUnwindOneFrame(&context));
    assert_true(context.Rip == RETURN_ADDRESS && context.Rsp == 0x4444);
    Image[INFO + 7] = 0x0A;
    Stack[12] = 0x5555;
    context = (CONTEXT){ .Rip = (ULONG64)Image + CODE + 16, .Rsp = (ULONG64)&Stack[10] };
    Stack[15] = 0x6666;
    assert_true(RtlUnwindOneFrame(&context));
    assert_true(context.Rip == 0x5555 && context.Rsp == 0x6666);
}

/* ---- Chains and indirect entries ---- */
static void test_chain(void **state)
{
    static const UCHAR part[] = { 0x21, 0, 2, 0, 0, 0x64, 2, 0 };           /* CHAININFO: SAVE_NONVOL rsi, 10h */
    static const UCHAR primary[] = {
        0x09, 5, 2, 0, 5, 0x32, 1, 0x30, 0x80, 1, 0, 0
    }; /* ALLOC_SMALL 20h, PUSH rbx, handler 180h */
    RUNTIME_FUNCTION parent = { CODE, CODE + 0x20, INFO };
    CONTEXT context = { .Rip = (ULONG64)Image + CODE + 0x48, .Rsp = (ULONG64)&Stack[10] };
    DISPATCHER_CONTEXT frame;

    memcpy(Image + INFO, primary, sizeof(primary));
    memcpy(Image + INFO + 0x40, part, sizeof(part));
    memcpy(Image + INFO + 0x48, &parent, sizeof(parent));
    memcpy(Image + INFO + 0x80, &(RUNTIME_FUNCTION){ CODE + 0x40, CODE + 0x60, INFO + 0x40 }, sizeof(RUNTIME_FUNCTION));
    AddFunction(CODE, CODE + 0x20, INFO);
    AddFunction(CODE + 0x40, CODE + 0x60, (INFO + 0x80) | 1); /* indirect */
    Stack[12] = 0x51;
    Stack[14] = 0x31;
    Stack[15] = RETURN_ADDRESS;
    assert_true(RtlpUnwindForDispatch(&context, UNW_FLAG_EHANDLER, &frame));
    assert_true(context.Rip == RETURN_ADDRESS && context.Rsi == 0x51 && context.Rbx == 0x31 &&
                context.Rsp == (ULONG64)&Stack[16]);
    assert_true((ULONG64)frame.LanguageHandler == (ULONG64)Image + 0x180);
    Image[CODE + 0x48] = 0xEB;                                /* a jump back to the main part is no epilogue */
    Image[CODE + 0x49] = (UCHAR)(0x10 - 0x4A);
    context = (CONTEXT){ .Rip = (ULONG64)Image + CODE + 0x48, .Rsp = (ULONG64)&Stack[10] };
    assert_true(RtlUnwindOneFrame(&context) && context.Rip == RETURN_ADDRESS);
    Image[CODE + 0x49] = (UCHAR)(0x80 - 0x4A);                /* one to elsewhere is: the stack is as the caller left it */
    Stack[10] = 0x7777;
    context = (CONTEXT){ .Rip = (ULONG64)Image + CODE + 0x48, .Rsp = (ULONG64)&Stack[10] };
    assert_true(RtlUnwindOneFrame(&context) && context.Rip == 0x7777);
}

static void test_version_two(void **state)
{
    static const UCHAR info[] = {
        0x02, 1, 3, 0, 2, 0x16, 0x20, 0x06, 1, 0x30
    }; /* epilogues of 2 bytes: at the end, 20h before it */
    CONTEXT context = { .Rip = (ULONG64)Image + CODE + 0x10, .Rsp = (ULONG64)&Stack[10] };

    memcpy(Image + INFO, info, sizeof(info));
    AddFunction(CODE, CODE + 0x40, INFO);
    Image[CODE + 0x10] = 0xC3;                                /* looks like an epilogue and is none */
    Image[CODE + 0x21] = 0xC3;
    Stack[10] = 0x31;
    Stack[11] = RETURN_ADDRESS;
    assert_true(RtlUnwindOneFrame(&context) && context.Rip == RETURN_ADDRESS && context.Rbx == 0x31);
    context = (CONTEXT){ .Rip = (ULONG64)Image + CODE + 0x21, .Rsp = (ULONG64)&Stack[11] };
    assert_true(RtlUnwindOneFrame(&context) && context.Rip == RETURN_ADDRESS && context.Rsp == (ULONG64)&Stack[12]);
}

/* ---- Data that mean harm ---- */
static void test_refusals(void **state)
{
    static const UCHAR self[] = { 0x21, 0, 0, 0 };
    RUNTIME_FUNCTION entry = { CODE, CODE + 0x40, INFO };
    CONTEXT context = { .Rip = (ULONG64)Image + CODE + 8, .Rsp = (ULONG64)&Stack[10] }, before = context;

    memcpy(Image + INFO, self, sizeof(self));                 /* a chain that leads to itself */
    memcpy(Image + INFO + 4, &entry, sizeof(entry));
    AddFunction(CODE, CODE + 0x40, INFO);
    assert_false(RtlUnwindOneFrame(&context));
    assert_memory_equal(&context, &before, sizeof(context));
    Image[INFO] = 0x03;                                       /* version 3 */
    assert_false(RtlUnwindOneFrame(&context));
    Image[INFO] = 0x01;
    context.Rsp = (ULONG64)&Stack[STACK_WORDS];               /* the end of the stack */
    assert_false(RtlUnwindOneFrame(&context));
    context.Rsp = 0;
    assert_false(RtlUnwindOneFrame(&context));
    context.Rip = 0;
    assert_false(RtlUnwindOneFrame(&context));
    context = (CONTEXT){ .Rip = 0x10, .Rsp = (ULONG64)&Stack[10] }; /* a call of a bad pointer, from the image and from nowhere */
    Stack[10] = (ULONG64)Image + 8;
    assert_true(RtlUnwindOneFrame(&context) && context.Rip == (ULONG64)Image + 8);
    Stack[10] = 0x20;
    context = (CONTEXT){ .Rip = 0x10, .Rsp = (ULONG64)&Stack[10] };
    assert_false(RtlUnwindOneFrame(&context));
}

static void test_random_data(void **state)
{
    uint32_t seed = 12345;
    ULONG round, i;

    for (round = 0; round < 200000; round++) {
        CONTEXT context = { .Rip = (ULONG64)Image + HostRandom(&seed) % IMAGE_SIZE,
                            .Rsp = (ULONG64)&Stack[HostRandom(&seed) % 256] };
        ULONG frames;

        for (i = 0; i < 24; i++)
            Image[HostRandom(&seed) % IMAGE_SIZE] = (UCHAR)HostRandom(&seed);
        FunctionCount = HostRandom(&seed) % 16;
        for (i = 0; i < FunctionCount; i++) {
            ULONG begin = i * 64, info = HostRandom(&seed) % (IMAGE_SIZE + 32);
            memcpy(Image + TABLE + i * 12, &(RUNTIME_FUNCTION){ begin, begin + 64, info }, 12);
            if (info < IMAGE_SIZE)
                Image[info] = (UCHAR)((HostRandom(&seed) & 7) << 3 | 1 | (HostRandom(&seed) & 1));
        }
        context.Rbp = (ULONG64)Stack + 8 * (HostRandom(&seed) % 300);
        StackReads = 0;
        for (frames = 0; frames < 100 && RtlUnwindOneFrame(&context); frames++)
            ;
        assert_true(StackReads < 100 * 32 * 260);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_instruction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_virtual_unwind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frame_register, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frame_epilogue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_machine_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version_two, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_data, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
