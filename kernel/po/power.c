/* SPDX-License-Identifier: MIT
 * Power requests. Since Windows Vista they travel like any other request, so two of the three routines have little to do; states
 * of devices are remembered in NT's PowerFlags.
 */
#include "po.h"
#include "io.h"

VOID PoInitialize(VOID) {}

NTSTATUS NTAPI PoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) { return IofCallDriver(DeviceObject, Irp); }

/* Documented to do nothing since Windows Vista: the power manager does not wait for it before the next request. */
VOID NTAPI PoStartNextPowerIrp(PIRP Irp) {}

POWER_STATE NTAPI PoSetPowerState(PDEVICE_OBJECT DeviceObject, POWER_STATE_TYPE Type, POWER_STATE State)
{
    IO_DEVOBJ_EXTENSION *extension = IoDeviceExtension(DeviceObject);
    ULONG shift = Type == DevicePowerState ? 4 : 0, flags, seen = extension->PowerFlags;
    POWER_STATE old;

    do {
        flags = seen;
        seen = (ULONG)InterlockedCompareExchange((volatile LONG *)&extension->PowerFlags,
                                                 (LONG)((flags & ~(0xFu << shift)) | ((ULONG)State.SystemState & 0xF) << shift),
                                                 (LONG)flags);
    } while (seen != flags);
    old.SystemState = (SYSTEM_POWER_STATE)(flags >> shift & 0xF);
    return old;
}
