/* SPDX-License-Identifier: MIT
 * Who may open a device that nobody has set a descriptor for. Administrators and the system may do everything; everybody else may read, write
 * and execute, as Microsoft's "Securing device objects" has it for most types, but not write to what holds others' files.
 */
#include "iop.h"
#include "se.h"

static BOOLEAN IopIsStorage(DEVICE_TYPE Type)
{
    switch (Type) {
    case FILE_DEVICE_CD_ROM:
    case FILE_DEVICE_CD_ROM_FILE_SYSTEM:
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_DISK_FILE_SYSTEM:
    case FILE_DEVICE_FILE_SYSTEM:
    case FILE_DEVICE_MASS_STORAGE:
    case FILE_DEVICE_TAPE:
    case FILE_DEVICE_TAPE_FILE_SYSTEM:
    case FILE_DEVICE_VIRTUAL_DISK:
        return TRUE;
    default:
        return FALSE;
    }
}

PSECURITY_DESCRIPTOR IopDefaultDescriptor(DEVICE_TYPE Type) { return IopIsStorage(Type) ? &SePublicDefaultSd : &SePublicOpenSd; }
