/* SPDX-License-Identifier: MIT
 * Local time, timer resolution, UUIDs, processors that come.
 */
#include "../exp.h"
#include "hal.h"
#include "test.h"

static VOID LocalTime(VOID)
{
    LARGE_INTEGER system = { .QuadPart = 132000000000000000ll }, local, back;

    ExSystemTimeToLocalTime(&system, &local);
    ExLocalTimeToSystemTime(&local, &back);
    CHECK(back.QuadPart == system.QuadPart && local.QuadPart == system.QuadPart - *(volatile LONG64 *)&SharedUserData->TimeZoneBias);
}

static VOID Resolution(VOID)
{
    CHECK(ExSetTimerResolution(5000, TRUE) == HAL_CLOCK_INCREMENT && KeQueryTimeIncrement() >= ExSetTimerResolution(0, FALSE));
}

static VOID MakeUuids(PVOID Context, ULONG Index)
{
    UUID *uuids = (UUID *)Context + 100 * Index;
    ULONG i;
    for (i = 0; i < 100; i++)
        CHECK(ExUuidCreate(&uuids[i]) == RPC_NT_UUID_LOCAL_ONLY);
}

static VOID Uuids(VOID)
{
    UUID *uuids = ExAllocatePoolWithTag(PagedPool, 400 * sizeof(UUID), 'tseT');
    ULONG i, j, same = 0;

    if (!CHECK(uuids != NULL))
        return;
    TestRunThreads(4, MakeUuids, uuids);
    for (i = 0; i < 400; i++) {
        CHECK(uuids[i].Data3 >> 12 == 1 && (uuids[i].Data4[0] & 0xC0) == 0x80 && (uuids[i].Data4[2] & 1));
        for (j = 0; j < i; j++)
            same += RtlCompareMemory(&uuids[i], &uuids[j], sizeof(UUID)) == sizeof(UUID);
    }
    CHECK(same == 0);
    ExFreePoolWithTag(uuids, 'tseT');
}

static ULONG Started, Completed, Failed;

static VOID NTAPI OnProcessor(PVOID Context, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT Change, PNTSTATUS Status)
{
    Started += Change->State == KeProcessorAddStartNotify;
    Completed += Change->State == KeProcessorAddCompleteNotify;
    Failed += Change->State == KeProcessorAddFailureNotify;
    if (Context != NULL && Change->State == KeProcessorAddStartNotify)
        *Status = STATUS_UNSUCCESSFUL;
}

static VOID Processors(VOID)
{
    PVOID handle;

    Started = Completed = Failed = 0;
    handle = KeRegisterProcessorChangeCallback(OnProcessor, NULL, KE_PROCESSOR_CHANGE_ADD_EXISTING);
    CHECK(handle != NULL && Started == KeQueryActiveProcessorCount(NULL) && Completed == Started && Failed == 0);
    KeDeregisterProcessorChangeCallback(handle);
    CHECK(KeRegisterProcessorChangeCallback(OnProcessor, &handle, KE_PROCESSOR_CHANGE_ADD_EXISTING) == NULL && Failed == 1);
    handle = KeRegisterProcessorChangeCallback(OnProcessor, NULL, 0);
    CHECK(handle != NULL && Failed == 1);
    KeDeregisterProcessorChangeCallback(handle);
}

static const KE_TEST tests[] = {
    { "ex.time.local", LocalTime, 0 },  { "ex.time.resolution", Resolution, 0 },
    { "ex.uuid.unique", Uuids, 0 },     { "ex.processors.told", Processors, 0 },
};
const KE_TEST_GROUP ExTimeTests = { tests, RTL_NUMBER_OF(tests) };
