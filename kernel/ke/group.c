/* SPDX-License-Identifier: MIT
 * Processor groups and nodes, of which there is one each: group 0 with every processor, node 0 with all of it.
 */
#include "ki.h"

static KAFFINITY KiActive(VOID) { return KeQueryActiveProcessors(); }

NTSTATUS NTAPI KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber)
{
    if (ProcIndex >= (ULONG)KeNumberProcessors)
        return STATUS_INVALID_PARAMETER;
    *ProcNumber = (PROCESSOR_NUMBER){ .Group = 0, .Number = (UCHAR)ProcIndex };
    return STATUS_SUCCESS;
}

ULONG NTAPI KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber)
{
    BOOLEAN valid = ProcNumber->Group == 0 && ProcNumber->Reserved == 0 && ProcNumber->Number < (ULONG)KeNumberProcessors;
    return valid ? ProcNumber->Number : INVALID_PROCESSOR_INDEX;
}

ULONG NTAPI KeQueryMaximumProcessorCount(VOID) { return KeQueryMaximumProcessorCountEx(0); }

ULONG NTAPI KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
    return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? HalProcessorCount() : 0;
}

USHORT NTAPI KeQueryActiveGroupCount(VOID) { return 1; }
USHORT NTAPI KeQueryMaximumGroupCount(VOID) { return 1; }
KAFFINITY NTAPI KeQueryGroupAffinity(USHORT GroupNumber) { return GroupNumber == 0 ? KiActive() : 0; }

USHORT NTAPI KeQueryHighestNodeNumber(VOID) { return 0; }
USHORT NTAPI KeGetCurrentNodeNumber(VOID) { return 0; }
USHORT NTAPI KeQueryNodeMaximumProcessorCount(USHORT NodeNumber) { return NodeNumber == 0 ? (USHORT)HalProcessorCount() : 0; }

VOID NTAPI KeQueryNodeActiveAffinity(USHORT NodeNumber, PGROUP_AFFINITY Affinity, PUSHORT Count)
{
    KAFFINITY mask = NodeNumber == 0 ? KiActive() : 0;

    if (Affinity != NULL)
        *Affinity = (GROUP_AFFINITY){ .Mask = mask, .Group = 0 };
    if (Count != NULL)
        *Count = (USHORT)__builtin_popcountll(mask);
}

/* ---- Affinity by group ---- */
VOID NTAPI KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY PreviousAffinity)
{
    KAFFINITY old = Affinity->Group == 0 ? KeSetSystemAffinityThreadEx(Affinity->Mask) : 0;

    if (PreviousAffinity != NULL)                /* a mask of 0: there was no system affinity, and reverting ends it */
        *PreviousAffinity = (GROUP_AFFINITY){ .Mask = old, .Group = 0 };
}

VOID NTAPI KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity)
{
    if (PreviousAffinity->Group == 0)
        KeRevertToUserAffinityThreadEx(PreviousAffinity->Mask);
}

NTSTATUS NTAPI KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber)
{
    if (KeGetProcessorIndexFromNumber(ProcNumber) == INVALID_PROCESSOR_INDEX)
        return STATUS_INVALID_PARAMETER;
    KeSetTargetProcessorDpc(Dpc, (CCHAR)ProcNumber->Number);
    return STATUS_SUCCESS;
}
