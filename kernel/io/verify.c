/* SPDX-License-Identifier: MIT
 * The device whose medium a thread's request found changed or missing: a lower driver leaves it in the thread, the file system takes
 * it from there.
 */
#include "iop.h"

VOID NTAPI IoSetDeviceToVerify(PETHREAD Thread, PDEVICE_OBJECT DeviceObject) { Thread->DeviceToVerify = DeviceObject; }
PDEVICE_OBJECT NTAPI IoGetDeviceToVerify(PETHREAD Thread) { return Thread->DeviceToVerify; }

VOID NTAPI IoSetHardErrorOrVerifyDevice(PIRP Irp, PDEVICE_OBJECT DeviceObject)
{
    if (Irp->Tail.Overlay.Thread != NULL)
        Irp->Tail.Overlay.Thread->DeviceToVerify = DeviceObject;
}
