/* SPDX-License-Identifier: MIT
 * The threads for threaded DPCs, one of each processor, unless the registry's ThreadDpcEnable is 0.
 */
#include "initp.h"
#include "kd.h"

static BOOLEAN InitThreadedDpcsAreEnabled(VOID)
{
    ULONG enable = 1;
    RTL_QUERY_REGISTRY_TABLE table[2] = { { NULL, RTL_QUERY_REGISTRY_DIRECT, L"ThreadDpcEnable", &enable, REG_NONE, NULL, 0 } };
    NTSTATUS status = RtlQueryRegistryValues(RTL_REGISTRY_CONTROL, L"Session Manager\\Kernel", table, NULL, NULL);

    return !NT_SUCCESS(status) || enable != 0;
}

VOID InitStartDpcThreads(VOID)
{
    ULONG number;

    if (!InitThreadedDpcsAreEnabled())
        return;
    for (number = 0; number < KeQueryActiveProcessorCount(NULL); number++)
        if (!NT_SUCCESS(InitStartThread(KeRunThreadedDpcs, (PVOID)(ULONG_PTR)number)))
            KdLogEvent("warning", "a processor has no thread for threaded DPCs");
}
