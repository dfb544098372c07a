/* SPDX-License-Identifier: MIT
 * Volume parameter blocks: what is mounted on a device. Each file of the volume counts in ReferenceCount. IopVpbLock, which file
 * systems and filters take to look at one, guards their fields and DEVICE_OBJECT.Vpb.
 */
#include "filesystem.h"

#define IOP_VPB_TAG 'bpVI'

static KE_LOCK IopVpbLock = KE_LOCK_OF_RANK(KeRankVpb);

VOID NTAPI IoAcquireVpbSpinLock(PKIRQL Irql) UNCHECKED_LOCKS { *Irql = KeLockAcquire(&IopVpbLock); }
VOID NTAPI IoReleaseVpbSpinLock(KIRQL Irql) UNCHECKED_LOCKS { KeLockRelease(&IopVpbLock, Irql); }

NTSTATUS IopCreateVpb(PDEVICE_OBJECT Device)
{
    PVPB vpb = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*vpb), IOP_VPB_TAG);

    if (vpb == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(vpb, sizeof(*vpb));
    vpb->Type = IO_TYPE_VPB;
    vpb->Size = sizeof(*vpb);
    vpb->RealDevice = Device;
    Device->Vpb = vpb;
    return STATUS_SUCCESS;
}

VOID IopFreeVpb(PDEVICE_OBJECT Device)
{
    if (Device->Vpb != NULL)
        ExFreePoolWithTag(Device->Vpb, IOP_VPB_TAG);
}

VOID IopReferenceVpb(PVPB Vpb)
{
    KIRQL irql = KeLockAcquire(&IopVpbLock);
    Vpb->ReferenceCount++;
    KeLockRelease(&IopVpbLock, irql);
}

VOID IopReleaseVpb(PVPB Vpb)
{
    KIRQL irql = KeLockAcquire(&IopVpbLock);
    BOOLEAN last = --Vpb->ReferenceCount == 0 && Vpb->RealDevice->Vpb != Vpb && !(Vpb->Flags & VPB_PERSISTENT);
    KeLockRelease(&IopVpbLock, irql);
    if (last)
        ExFreePoolWithTag(Vpb, IOP_VPB_TAG);
}
