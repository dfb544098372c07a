/* SPDX-License-Identifier: MIT
 * Import binding: look-ups by name, signatures, and calls through thunks with every number of arguments.
 */
#include "test.h"
#include "../vfp.h"

static VOID TestRoutineAddress(VOID)
{
    UNICODE_STRING known = RTL_CONSTANT_STRING(L"KeSetEvent"), unknown = RTL_CONSTANT_STRING(L"PoFxRegisterDevice_NotThere");
    UNICODE_STRING empty = { 0, 0, NULL };

    CHECK(MmGetSystemRoutineAddress(&known) == (PVOID)KeSetEvent);
    CHECK(MmGetSystemRoutineAddress(&unknown) == NULL);
    CHECK(MmGetSystemRoutineAddress(&empty) == NULL);
}

static VOID TestSignatures(VOID)
{
    const VF_SIGNATURE *wait = VfpFindSignature("KeWaitForMultipleObjects"), *print = VfpFindSignature("DbgPrint");

    CHECK(VfpFindSignature("NoSuchName") == NULL);
    if (CHECK(wait != NULL && print != NULL)) {
        CHECK(wait->ArgumentCount == 8 && wait->Wrap == VfCall);
        CHECK(print->Wrap == VfTail);
    }
}

/* Each returns a number that every argument changes. */
static ULONG64 TestTake4(ULONG64 A, ULONG64 B, ULONG64 C, ULONG64 D) { return A + 10 * B + 100 * C + 1000 * D; }
static ULONG64 TestTake6(ULONG64 A, ULONG64 B, ULONG64 C, ULONG64 D, ULONG64 E, ULONG64 F)
{
    return TestTake4(A, B, C, D) + 10000 * E + 100000 * F;
}
static ULONG64 TestTake9(ULONG64 A, ULONG64 B, ULONG64 C, ULONG64 D, ULONG64 E, ULONG64 F, ULONG64 G, ULONG64 H, ULONG64 I)
{
    return TestTake6(A, B, C, D, E, F) + 1000000 * G + 10000000 * H + 100000000 * I;
}

#define TEST_IMPORTS 4u

/* A driver record with room for a few imports, as VfpCreateDriver makes them; NULL is a failed check. */
static VF_DRIVER *TestCreateDriver(VOID)
{
    VF_DRIVER *driver = ExAllocatePoolWithTag(NonPagedPool, sizeof(VF_DRIVER) + TEST_IMPORTS * sizeof(VF_IMPORT), 'tseT');
    if (!CHECK(driver != NULL))
        return NULL;
    RtlZeroMemory(driver, sizeof(VF_DRIVER) + TEST_IMPORTS * sizeof(VF_IMPORT));
    driver->Thunks = ExAllocatePoolWithTag(NonPagedPool, TEST_IMPORTS * VF_THUNK_SIZE, 'tseT');
    return driver;
}

static VOID TestDeleteDriver(VF_DRIVER *Driver)
{
    ExFreePoolWithTag(Driver->Thunks, 'tseT');
    ExFreePoolWithTag(Driver, 'tseT');
}

static ULONG64 TestThunk(VF_DRIVER *Driver, ULONG Index, PVOID Target, const VF_SIGNATURE *Signature)
{
    VF_IMPORT *import = &Driver->Imports[Index];
    import->Target = (ULONG64)Target;
    import->Signature = Signature;
    return VfpMakeThunk(Driver, import);
}

static VOID TestThunkArguments(VOID)
{
    static const VF_SIGNATURE four = { "four", VfCall, 4, FALSE, "8", "8888" }, six = { "six", VfCall, 6, FALSE, "8", "888888" },
                              nine = { "nine", VfCall, 9, FALSE, "8", "888888888" }, tail = { "tail", VfTail, 1, FALSE, "8", "8" };
    VF_DRIVER *thunks = TestCreateDriver();
    KIRQL irql;

    if (thunks == NULL)
        return;
    CHECK(((ULONG64(*)(ULONG64, ULONG64, ULONG64, ULONG64))TestThunk(thunks, 0, TestTake4, &four))(1, 2, 3, 4) == 4321);
    CHECK(((ULONG64(*)(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64))TestThunk(thunks, 1, TestTake6, &six))(
              1, 2, 3, 4, 5, 6) == 654321);
    CHECK(((ULONG64(*)(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64))TestThunk(
              thunks, 2, TestTake9, &nine))(1, 2, 3, 4, 5, 6, 7, 8, 9) == 987654321);
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    CHECK(((ULONG64(*)(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64))TestThunk(thunks, 3, TestTake6, &tail))(
              6, 5, 4, 3, 2, 1) == 123456);
    KeLowerIrql(irql);
    CHECK(thunks->Imports[0].Count == 1 && thunks->Imports[2].Count == 1);
    CHECK(thunks->Imports[3].MaxIrql == DISPATCH_LEVEL && thunks->Imports[0].MaxIrql == PASSIVE_LEVEL);
    TestDeleteDriver(thunks);
}

/* An exception passes through a wrapper to the caller's handler. */
static ULONG64 TestRaise(ULONG64 Status) { ExRaiseStatus((NTSTATUS)Status); }

static VOID TestThunkException(VOID)
{
    static const VF_SIGNATURE one = { "one", VfCall, 1, FALSE, "8", "8" };
    VF_DRIVER *thunks = TestCreateDriver();
    NTSTATUS status = STATUS_SUCCESS;

    if (thunks == NULL)
        return;
    __try {
        ((ULONG64(*)(ULONG64))TestThunk(thunks, 0, TestRaise, &one))((ULONG64)STATUS_DISK_FULL);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    CHECK(status == STATUS_DISK_FULL);
    TestDeleteDriver(thunks);
}

static const KE_TEST VfBindTable[] = {
    { "vf.routine_address", TestRoutineAddress, 0 },
    { "vf.signatures", TestSignatures, 0 },
    { "vf.thunk.arguments", TestThunkArguments, 0 },
    { "vf.thunk.exception", TestThunkException, 0 },
};
const KE_TEST_GROUP VfBindTests = { VfBindTable, RTL_NUMBER_OF(VfBindTable) };
